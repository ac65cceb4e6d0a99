"""`TorchDispatchMode`: a block in which every operation is shown to a program, for counting and logging what runs.

PyTorch shows the operators that its own functions come down to. Here an operation is what Lucid records: `linear` and `matmul` are one
each, where PyTorch has `t`, `addmm` and `mm`; what is made of others is shown as these. Backward passes are no calls of operations
here, and are not shown: a mode that is on in one warns of it, once.
"""

from __future__ import annotations

import contextlib
import threading
import warnings

from lucid import overrides
from lucid._kernels import core
from lucid.library import NAMESPACES, Aten
from lucid.observers import Observer
from lucid.tensor import Tensor

__all__ = ["TorchDispatchMode", "is_in_torch_dispatch_mode", "is_traceable_wrapper_subclass"]

OVERLOADED = {"add", "sub", "mul", "div", "pow", "remainder", "floor_divide", "eq", "ne", "lt", "le", "gt", "ge"}  # with tensors or numbers
PRODUCTS = {(1, 1): "dot", (2, 1): "mv", (2, 2): "mm", (3, 3): "bmm"}  # of operands with so many dimensions
# Methods of tensors that are not declared as operations, and what they are shown as.
METHODS = {
    "__getitem__": "index.Tensor", "__setitem__": "index_put_.default", "to": "to.dtype", "type": "to.dtype",
    "bfloat16": "to.dtype", "bool": "to.dtype", "byte": "to.dtype", "cdouble": "to.dtype", "cfloat": "to.dtype", "char": "to.dtype",
    "double": "to.dtype", "float": "to.dtype", "half": "to.dtype", "int": "to.dtype", "long": "to.dtype", "short": "to.dtype",
    "copy_": "copy_.default", "expand": "expand.default", "expand_as": "expand_as.default", "permute": "permute.default",
    "repeat": "repeat.default", "reshape": "reshape.default", "reshape_as": "reshape_as.default", "resize_": "resize_.default",
    "set_": "set_.default", "view": "view.default", "view_as": "view_as.default",
}  # fmt: skip


class _Backward(Observer):
    """Warns of a backward pass."""

    def node(self, node):
        if not _thread.warned:
            _thread.warned = True
            warnings.warn(
                "TorchDispatchMode: the operations of a backward pass are not shown to it; autograd.graph.Node.register_hook, "
                "lucid.profiler and utils.flop_counter see its nodes",
                stacklevel=2,
            )


class _Thread(threading.local):
    def __init__(self):
        self.modes, self.warned, self.backward = [], False, _Backward()


_thread = _Thread()


class TorchDispatchMode(overrides.TorchFunctionMode):
    """A block in which every operation of the thread is shown to `__torch_dispatch__(func, types, args, kwargs)`.

    `func` is an operator, `lucid.ops.aten.exp.default`: its text is ``aten.exp.default``, `func._schema.name` ``aten::exp``, and
    `func(*args, **kwargs)` computes. Operations are Lucid's own, `linear` say, rather than those that PyTorch makes of them, and those
    of backward passes are not shown.

    Examples
    --------
    >>> from lucid.utils._python_dispatch import TorchDispatchMode
    >>> class Names(TorchDispatchMode):
    ...     def __torch_dispatch__(self, func, types, args=(), kwargs=None):
    ...         print(func)
    ...         return func(*args, **(kwargs or {}))
    >>> x = lucid.zeros(2)
    >>> with Names():
    ...     y = nn.functional.relu(x.exp() + 1)
    aten.exp.default
    aten.add.Tensor
    aten.relu.default
    """

    def __init__(self, _dispatch_key=None):
        super().__init__()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError("a TorchDispatchMode needs a __torch_dispatch__(func, types, args, kwargs)")

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

    def __enter__(self):
        _thread.modes.append(self)
        _thread.backward.attach()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        _thread.backward.detach()
        _thread.modes.remove(self)

    def _own(self, func, args: tuple, kwargs: dict):
        op = getattr(func, "op", None)
        if op is not None and op.kind == "composite" and not op.view and not any(core.overrides(one) for one in (*args, *kwargs.values())):
            core.let_through(True)  # what it is made of is shown
            try:
                return func(*args, **kwargs)
            finally:
                core.let_through(False)
        with overrides._without_mode():
            if op is None and (func.__name__ not in METHODS or getattr(Tensor, func.__name__) is not func):
                return func(*args, **kwargs)  # a question, say
            operator = _operator(func, op, args)
            with operator.standing_for(func):
                return self.__torch_dispatch__(operator, (), args, kwargs)


def _operator(func, op, args: tuple) -> Aten:
    """The operator that a call of an operation is shown as."""
    name = func.__name__
    if op is None:
        name, _, overload = METHODS[name].partition(".")
        return getattr(getattr(NAMESPACES["aten"], name), overload)
    if op.name == "matmul" and len(args) == 2:
        return getattr(NAMESPACES["aten"], PRODUCTS.get((args[0].ndim, args[1].ndim), "matmul")).default
    space = op.path.partition(".")[0]
    written = name.endswith("_") and not name.endswith("__") or name.startswith("__i") and name not in ("__invert__", "__index__")
    name = (f"{space}_" if space in ("linalg", "fft", "special") else "") + op.name.rstrip("_") + ("_" if written else "")
    return getattr(getattr(NAMESPACES["aten"], name), "Tensor" if op.name in OVERLOADED else "default")


BaseTorchDispatchMode = TorchDispatchMode


def is_in_torch_dispatch_mode(include_infra_modes: bool = True) -> bool:
    """Whether a mode is on in this thread."""
    return bool(_thread.modes)


def _get_current_dispatch_mode():
    """The newest mode that is on, or None."""
    return _thread.modes[-1] if _thread.modes else None


def _get_current_dispatch_mode_stack() -> list:
    """The modes that are on, the newest last."""
    return list(_thread.modes)


@contextlib.contextmanager
def _disable_current_modes():
    """A block in which nothing is shown to the modes that are on."""
    before = core.set_overrides_off(2)
    try:
        yield _get_current_dispatch_mode_stack()
    finally:
        core.set_overrides_off(before)


def is_traceable_wrapper_subclass(t) -> bool:
    """Whether a tensor is made of others, which `__tensor_flatten__` gives and `__tensor_unflatten__` takes."""
    return is_traceable_wrapper_subclass_type(type(t))


def is_traceable_wrapper_subclass_type(t: type) -> bool:
    """The same of a class."""
    return issubclass(t, Tensor) and t is not Tensor and hasattr(t, "__tensor_flatten__") and hasattr(t, "__tensor_unflatten__")


def return_and_correct_aliasing(func, args, kwargs, out):
    """The result of an operator that a `__torch_dispatch__` computed: as it is, for operations see to views and writes themselves."""
    return out
