"""Operators that packages define: functions with a name, `namespace::name`, under which `ops.namespace.name` finds them.

What PyTorch's compiler wants to know of them is taken and not used, and so are kernels for other devices.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import operator
import re
import threading
import types
import typing
import weakref
from collections.abc import Sequence
from types import SimpleNamespace

from lucid.amp.autocast_mode import is_autocast_enabled
from lucid.autograd.function import Function
from lucid.dtypes import dtype
from lucid.tensor import Tensor, device

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "impl", "impl_abstract", "infer_schema", "register_autograd", "register_fake",
    "register_kernel", "register_vmap",
]  # fmt: skip

NAMESPACES: dict = {}


class CustomOpDef:
    """An operator: calls its function, and where `register_autograd` gave it a backward pass takes gradients from that."""

    def __init__(self, name: str, fn, signature: inspect.Signature | None = None):
        namespace, separator, short = name.partition("::")
        if not separator or not short:
            raise ValueError(f"custom_op(): the name of an operator is 'namespace::name', got {name!r}")
        self._name, self._fn, self._backward, self._setup, self._vmap, self._autocast = name, fn, None, None, None, None
        self._order = inspect.signature(fn) if signature is None else signature
        self._kind = ""  # of the kernel that `impl` gave
        self.default = self
        setattr(NAMESPACES.setdefault(namespace, SimpleNamespace()), short, self)

    def __call__(self, *args, **kwargs):
        if self._autocast is not None and is_autocast_enabled("cpu"):
            return self._autocast(*args, **kwargs)
        if self._backward is None and self._vmap is None and not self._kind:
            return self._fn(*args, **kwargs)
        try:
            bound = self._order.bind(*args, **kwargs)
        except TypeError as error:
            raise RuntimeError(f"{self._name}(): {error}") from None
        bound.apply_defaults()
        if self._backward is None and self._vmap is None:
            return self._fn(*bound.args, **bound.kwargs)
        return _Recorded.apply(self, *bound.args, *bound.kwargs.values())

    def register_fake(self, fn, /):
        """Take a function of tensors without values, of which there are none; returns it."""
        return fn

    def register_autograd(self, backward, /, *, setup_context=None) -> None:
        """Take gradients from `backward(ctx, *gradients)`; `setup_context(ctx, inputs, output)` saves what it needs."""
        self._backward, self._setup = backward, setup_context

    def register_kernel(self, device_types, fn=None, /):
        """Take a function that computes it on some devices, the CPU or None for all; returns it, or a decorator that does."""
        if fn is None:
            return lambda fn: self.register_kernel(device_types, fn)
        if device_types is None or "cpu" in ([device_types] if isinstance(device_types, str) else device_types):
            self._fn = fn
        return fn

    def register_vmap(self, func=None, /):
        """Take `func(info, in_dims, *args)`, what computes a batch inside of `func.vmap`: the results, and where they have it."""
        if func is None:
            return self.register_vmap
        self._vmap = func
        return func

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._name})>"


class _Recorded(Function):
    @staticmethod
    def forward(operator, *inputs):
        parameters = operator._order.parameters.values()
        named = {one.name: value for one, value in zip(parameters, inputs) if one.kind is one.KEYWORD_ONLY}
        return operator._fn(*inputs[: len(inputs) - len(named)], **named)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.operator, *rest = inputs
        if ctx.operator._setup is not None:
            ctx.operator._setup(ctx, tuple(rest), output)

    @staticmethod
    def vmap(info, in_dims, operator, *inputs):
        if operator._vmap is None:
            return Function.vmap(info, in_dims, operator, *inputs)
        return operator._vmap(info, in_dims[1:], *inputs)

    @staticmethod
    def backward(ctx, *gradients):
        if ctx.operator._backward is None:
            raise RuntimeError(f"{ctx.operator._name}(): no gradients, as library.register_autograd did not say them")
        found = ctx.operator._backward(ctx, *gradients)
        return (None, *found) if isinstance(found, tuple) else (None, found)


class Aten:
    """PyTorch's own operators, `ops.aten.add.Tensor`: each calls the function that an exported program's operator is here."""

    namespace = "aten"

    def __init__(self, name: str = "", packet: Aten | None = None):
        self._name, self._functions, self.overloadpacket = name, [], packet
        self.__name__, self._overloadname = name, name.partition(".")[2]

    @property
    def _schema(self):
        return SimpleNamespace(name=f"aten::{self._name.partition('.')[0]}", overload_name=self._overloadname.replace("default", ""))

    def name(self) -> str:
        """`aten::add.Tensor`."""
        return f"aten::{self._name}".removesuffix(".default")

    @contextlib.contextmanager
    def standing_for(self, function):
        """A block in which a call of the operator is one of this function, whose arguments may be others."""
        self._functions.append((threading.get_ident(), function))
        try:
            yield
        finally:
            self._functions.remove((threading.get_ident(), function))

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        found = Aten(f"{self._name}.{name}", self) if self._name else Aten(name)
        setattr(self, name, found)
        return found

    def __call__(self, *args, **kwargs):
        for thread, function in reversed(self._functions):
            if thread == threading.get_ident():
                return function(*args, **kwargs)
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


impl_abstract = register_fake


def register_autograd(op, backward, /, *, setup_context=None, lib=None) -> None:
    """Take an operator's gradients from `backward(ctx, *gradients)`. RuntimeError where there is no such operator."""
    _operator(op).register_autograd(backward, setup_context=setup_context)


def register_kernel(op, device_types, func=None, /, *, lib=None):
    """Take a function that computes an operator on some devices; the CPU's counts. Returns it, or a decorator that does."""
    return _operator(op).register_kernel(device_types, func)


def register_vmap(op, func=None, /, *, lib=None):
    """Take `func(info, in_dims, *args)`, what computes a batch of an operator inside of `func.vmap`; returns it, or a decorator."""
    return _operator(op).register_vmap(func)


def _parsed(schema: str) -> inspect.Signature:
    """The parameters of a schema, `(Tensor x, int n=3, *, float? z=None) -> Tensor`."""
    found = re.fullmatch(r"\s*\((.*)\)\s*->.*", schema, re.S)
    if found is None:
        raise RuntimeError(f"expected a schema such as '(Tensor x) -> Tensor', got {schema!r}")
    parameters, kind = [], inspect.Parameter.POSITIONAL_OR_KEYWORD
    for text in filter(None, map(str.strip, re.split(r",(?![^\[(]*[\])])", found[1]))):
        if text == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
            continue
        head, equals, default = text.partition("=")
        try:
            value = ast.literal_eval(default.strip()) if equals else inspect.Parameter.empty
        except (ValueError, SyntaxError):
            value = {"true": True, "false": False}.get(default.strip(), default.strip())
        parameters.append(inspect.Parameter(head.split()[-1], kind, default=value))
    return inspect.Signature(parameters)


def _missing(*args, **kwargs):
    raise NotImplementedError("the operator has no kernel for the CPU: library.impl gives one")


_KEPT: list = []  # the libraries of `define`, which nothing else holds


def _forget(namespace: str, names: list) -> None:
    for name in names:
        delattr(NAMESPACES[namespace], name)


class Library:
    """What defines operators of a namespace, and gives their kernels. What it defined goes with it.

    Parameters
    ----------
    ns : str
        The namespace.
    kind : {"DEF", "FRAGMENT", "IMPL"}
        No effect.
    dispatch_key : str, optional
        For what kernels are that `impl` says nothing about. Default: "", all.

    Examples
    --------
    >>> library = lucid.library.Library("drawn", "FRAGMENT")
    >>> library.define("scaled(Tensor x, float factor=2.0) -> Tensor")
    'scaled'
    >>> library.impl("scaled", lambda x, factor: x * factor, "CPU")
    >>> lucid.ops.drawn.scaled(lucid.ones(2))
    Tensor([2.0, 2.0])
    """

    def __init__(self, ns: str, kind: str, dispatch_key: str = ""):
        if kind not in ("DEF", "FRAGMENT", "IMPL"):
            raise ValueError(f"Unsupported kind: {kind}")
        if ns in ("prim", "aten"):
            raise ValueError(f"{ns} is a reserved namespace. Please try creating a library with another name.")
        self.ns, self.kind, self.dispatch_key, self._names = ns, kind, dispatch_key, []
        weakref.finalize(self, _forget, ns, self._names).atexit = False

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags=()) -> str:
        """Define an operator.

        Parameters
        ----------
        schema : str
            Its name and parameters, as in `scaled(Tensor x, float factor=2.0) -> Tensor`.
        alias_analysis, tags : optional
            No effect.

        Returns
        -------
        str
            The name.

        Raises
        ------
        RuntimeError
            If it is defined already, or the schema is none.
        """
        name, bracket, rest = schema.partition("(")
        name = name.strip()
        signature = _parsed(bracket + rest)
        if hasattr(NAMESPACES.get(self.ns), name):
            raise RuntimeError(f"there is an operator {self.ns}::{name} already")
        CustomOpDef(f"{self.ns}::{name}", _missing, signature)._kind = "defined"
        self._names.append(name)
        return name

    def impl(self, op_name, fn, dispatch_key: str = "", *, with_keyset: bool = False, allow_override: bool = False) -> None:
        """Give an operator its function.

        Parameters
        ----------
        op_name : str or CustomOpDef
            The operator.
        fn : callable
            What computes it.
        dispatch_key : str, optional
            For what: "CPU" counts before "CompositeExplicitAutograd", "CompositeImplicitAutograd" and ""; "AutocastCPU" is what
            is called instead while autocast is on; others but "Autograd" have no effect.
        with_keyset, allow_override : optional
            No effect.

        Raises
        ------
        NotImplementedError
            For "Autograd" and its like: `register_autograd` is what there is.
        RuntimeError
            If there is no such operator.
        """
        key = dispatch_key or self.dispatch_key
        if key.startswith("Autograd"):
            raise NotImplementedError("Library.impl(): gradients are given by library.register_autograd")
        operator = _operator(op_name if isinstance(op_name, CustomOpDef) else f"{self.ns}::{op_name.rpartition('::')[2]}")
        if key == "AutocastCPU":
            operator._autocast = fn
        elif key == "CPU" or (key in ("", "CompositeExplicitAutograd", "CompositeImplicitAutograd") and operator._kind != "CPU"):
            operator._fn, operator._kind = fn, key or "all"


def define(qualname: str, schema: str, *, lib=None, tags=()) -> None:
    """Define an operator, `namespace::name`, with parameters such as `(Tensor x) -> Tensor`. ValueError for another form of name or
    schema, RuntimeError if there is one."""
    namespace, separator, name = qualname.partition("::")
    if not separator:
        raise ValueError(f'Expected `qualname` to be of the form "namespace::name", but got {qualname}')
    if not schema.lstrip().startswith("("):
        raise ValueError(f'define(qualname, schema, ...): expected schema to look like e.g. "(Tensor x) -> Tensor" but got "{schema}"')
    if lib is None:
        _KEPT.append(lib := Library(namespace, "FRAGMENT"))
    lib.define(name + schema)


def impl(qualname: str, types, func=None, *, lib=None):
    """Give an operator its function for devices, or dispatch keys, of which "cpu" and "default" count; without a function, a decorator."""
    if func is None:
        return lambda func: impl(qualname, types, func)
    for kind in [types] if isinstance(types, str) else types:
        key = {"cpu": "CPU", "default": ""}.get(kind, kind if kind[:1].isupper() else device(kind).type)
        Library(qualname.partition("::")[0], "IMPL").impl(qualname, func, key)
    return func


_SCHEMA_TYPES = {
    Tensor: "Tensor", int: "SymInt", float: "float", bool: "bool", str: "str", dtype: "ScalarType", device: "Device",
}  # fmt: skip


def _schema_type(kind) -> str | None:
    """The name of an annotation in a schema; None where it has none."""
    if kind in _SCHEMA_TYPES:
        return _SCHEMA_TYPES[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if set(inner) == {int, float, bool}:
            return "Scalar"
        rest = [one for one in inner if one is not type(None)]
        name = _schema_type(functools.reduce(operator.or_, rest)) if len(rest) < len(inner) else None
        return name and f"{name}?"
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not tuple and len(inner) == 1:
        name = _schema_type(inner[0])
        return name and f"{name}[]"
    return None


def infer_schema(prototype_function, /, *, mutates_args, op_name: str | None = None, tags=()) -> str:
    """The schema of a function, from its annotations.

    Parameters
    ----------
    prototype_function : callable
        The function; every parameter and the result are annotated.
    mutates_args : sequence of str or "unknown"
        The names of parameters that it writes to; "unknown" is all tensors.
    op_name : str, optional
        What the schema begins with.
    tags : optional
        No effect.

    Returns
    -------
    str
        The schema.

    Raises
    ------
    ValueError
        If an annotation is missing, or of a type that schemas have not.

    Examples
    --------
    >>> def scaled(x: lucid.Tensor, factor: float = 2.0) -> lucid.Tensor:
    ...     return x * factor
    >>> lucid.library.infer_schema(scaled, mutates_args=())
    '(Tensor x, float factor=2.0) -> Tensor'
    """
    signature = inspect.signature(prototype_function, eval_str=True)

    def refused(text: str):
        return ValueError(f"infer_schema(func): {text} Got func with signature {signature}")

    parameters = signature.parameters
    every, written = mutates_args == "unknown", () if mutates_args == "unknown" else set(mutates_args)
    if unknown := set(written) - set(parameters):
        raise refused(f"{unknown} in mutates_args were not found in the signature.")
    parts, only_named = [], False
    for i, (name, one) in enumerate(parameters.items()):
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            raise refused("We do not support positional-only args, varargs, or varkwargs.")
        if one.kind is one.KEYWORD_ONLY and not only_named:
            parts.append("*")
            only_named = True
        if one.annotation is one.empty:
            raise refused(f"Parameter {name} must have a type annotation.")
        kind = _schema_type(one.annotation)
        if kind is None:
            raise refused(f"Parameter {name} has unsupported type {one.annotation}.")
        if name in written or (every and kind.startswith("Tensor")):
            if not kind.startswith("Tensor"):
                raise refused(f"Parameter {name} is in mutable_args but only Tensors or collections of Tensors can be mutated.")
            kind = kind.replace("Tensor", f"Tensor(a{i}!)")
        parts.append(f"{kind} {name}" + ("" if one.default is one.empty else f"={_default(one.default, name, refused)}"))
    if signature.return_annotation is signature.empty:
        raise refused("No return type annotation was provided. Please add one.")
    return f"{op_name or ''}({', '.join(parts)}) -> {_results(signature.return_annotation, refused)}"


def _default(value, name: str, refused) -> str:
    if isinstance(value, (str, device)):
        return f'"{value}"'
    if value is None or isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dtype):
        return value.name
    raise refused(f"Parameter {name} has an unsupported default value type {type(value)}.")


def _results(kind, refused) -> str:
    if kind is None or kind is type(None):
        return "()"
    parts = typing.get_args(kind) if typing.get_origin(kind) is tuple else (kind,)
    names = [_schema_type(part) for part in parts]
    if not all(names) or any(name.endswith("?") for name in names):
        raise refused(f"Return has unsupported type {kind}.")
    return names[0] if parts == (kind,) else f"({', '.join(names)})"
