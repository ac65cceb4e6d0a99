"""Operators that packages define: functions with a name, `namespace::name`, under which `ops.namespace.name` finds them.

What PyTorch's compiler wants to know of them is taken and not used.
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace

from lucid.autograd.function import Function

__all__ = ["CustomOpDef", "custom_op", "register_autograd", "register_fake"]

NAMESPACES: dict = {}


class CustomOpDef:
    """An operator: calls its function, and where `register_autograd` gave it a backward pass takes gradients from that."""

    def __init__(self, name: str, fn):
        namespace, separator, short = name.partition("::")
        if not separator or not short:
            raise ValueError(f"custom_op(): the name of an operator is 'namespace::name', got {name!r}")
        self._name, self._fn, self._backward, self._setup = name, fn, None, None
        self._order = inspect.signature(fn)
        setattr(NAMESPACES.setdefault(namespace, SimpleNamespace()), short, self)

    def __call__(self, *args, **kwargs):
        if self._backward is None:
            return self._fn(*args, **kwargs)
        bound = self._order.bind(*args, **kwargs)
        bound.apply_defaults()
        return _Recorded.apply(self, *bound.args)

    def register_fake(self, fn, /):
        """Take a function of tensors without values, of which there are none; returns it."""
        return fn

    def register_autograd(self, backward, /, *, setup_context=None) -> None:
        """Take gradients from `backward(ctx, *gradients)`; `setup_context(ctx, inputs, output)` saves what it needs."""
        self._backward, self._setup = backward, setup_context


class _Recorded(Function):
    @staticmethod
    def forward(ctx, operator, *inputs):
        ctx.operator = operator
        output = operator._fn(*inputs)
        if operator._setup is not None:
            operator._setup(ctx, inputs, output)
        return output

    @staticmethod
    def backward(ctx, *gradients):
        found = ctx.operator._backward(ctx, *gradients)
        return (None, *found) if isinstance(found, tuple) else (None, found)


class Aten:
    """PyTorch's own operators, `ops.aten.add.Tensor`: each calls the function that an exported program's operator is here."""

    def __init__(self, name: str = ""):
        self._name = name

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        found = Aten(f"{self._name}.{name}" if self._name else name)
        setattr(self, name, found)
        return found

    def __call__(self, *args, **kwargs):
        from lucid.export.aten import function_of

        return function_of(f"torch.ops.aten.{self._name}")(*args, **kwargs)

    def __repr__(self) -> str:
        return f"aten.{self._name}"


NAMESPACES["aten"] = Aten()


def custom_op(name: str, fn=None, /, *, mutates_args=(), device_types=None, schema: str | None = None, tags=None):
    """Make an operator of a function.

    Parameters
    ----------
    name : str
        `namespace::name`.
    fn : callable, optional
        What it computes; without it, a decorator is returned.
    mutates_args, device_types, schema, tags : optional
        No effect.

    Returns
    -------
    callable
        The operator, or the decorator.

    Raises
    ------
    ValueError
        If the name has another form.

    Examples
    --------
    >>> @lucid.library.custom_op("mine::cube", mutates_args=())
    ... def cube(x: lucid.Tensor) -> lucid.Tensor:
    ...     return x**3
    >>> lucid.ops.mine.cube(lucid.tensor([2.0]))
    Tensor([8.0])
    """
    return CustomOpDef(name, fn) if fn is not None else lambda fn: CustomOpDef(name, fn)


def _operator(op) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    namespace, _, name = op.partition("::")
    found = getattr(NAMESPACES.get(namespace), name, None)
    if found is None:
        raise RuntimeError(f"there is no operator {op!r}: make it by library.custom_op")
    return found


def register_fake(op, func=None, /, **options):
    """Take a function of tensors without values, of which there are none; returns it, or a decorator that does."""
    return func if func is not None else lambda func: func


def register_autograd(op, backward, /, *, setup_context=None, lib=None) -> None:
    """Take an operator's gradients from `backward(ctx, *gradients)`. RuntimeError where there is no such operator."""
    _operator(op).register_autograd(backward, setup_context=setup_context)
