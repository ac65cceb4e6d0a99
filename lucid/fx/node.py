"""Nodes of a graph: what is called, with which arguments, and who uses the result."""

from __future__ import annotations

import builtins
import operator
import re
from collections.abc import Callable
from typing import Any

import lucid
from lucid._kernels.core import OpBase
from lucid.fx.immutable_collections import immutable_dict, immutable_list

__all__ = ["Node", "has_side_effect", "map_aggregate", "map_arg"]

Target = Callable[..., Any] | str  # for annotations: what a node calls
Argument = Any

_impure = {lucid._assert, lucid._assert_async, operator.setitem}
_impure.update(getattr(lucid, name) for name in ("bernoulli", "multinomial", "normal", "poisson", "rand", "rand_like", "randint", "randint_like",
                                                 "randn", "randn_like", "randperm"))  # fmt: skip


def has_side_effect(fn):
    """Keep calls of a function in graphs though nobody uses their results.

    Parameters
    ----------
    fn : callable
        The function.

    Returns
    -------
    callable
        The function.

    Examples
    --------
    >>> lucid.fx.has_side_effect(print) is print
    True
    """
    _impure.add(fn)
    return fn


def map_aggregate(a, fn):
    """An argument with a function applied to everything that is not a tuple, list, dict or slice."""
    if isinstance(a, tuple):
        parts = [map_aggregate(one, fn) for one in a]
        return type(a)(*parts) if hasattr(a, "_fields") else tuple(parts) if type(a) is tuple else type(a)(parts)
    if isinstance(a, list):
        return immutable_list([map_aggregate(one, fn) for one in a])
    if isinstance(a, dict):
        return immutable_dict((key, map_aggregate(one, fn)) for key, one in a.items())
    if isinstance(a, slice):
        return slice(*(map_aggregate(one, fn) for one in (a.start, a.stop, a.step)))
    return fn(a)


def map_arg(a, fn):
    """An argument with a function applied to the nodes in it.

    Parameters
    ----------
    a : object
        The argument: a node, a value, or tuples, lists, dicts and slices of them.
    fn : callable
        The function.

    Returns
    -------
    object
        The argument with `fn(node)` in place of each node; its lists and dicts cannot be changed.

    Examples
    --------
    >>> node = lucid.fx.Graph().placeholder("x")
    >>> lucid.fx.map_arg((node, 2), lambda one: one.name)
    ('x', 2)
    """
    return map_aggregate(a, lambda one: fn(one) if isinstance(one, Node) else one)


def qualified_name(function) -> str:
    """The name of a function in code, as PyTorch has it."""
    from lucid import overrides

    name = function.__name__
    if getattr(builtins, name, None) is function:
        return name
    if isinstance(getattr(function, "op", None), OpBase):
        path = overrides.resolve_name(function)
        if path is not None:
            space, _, name = path.removeprefix("torch.").rpartition(".")
            if space in ("linalg", "fft", "special"):
                return f"torch._C._{space}.{space}_{name}"
            if space == "nn.functional" and name in overrides.NOT_PYTHON.split():
                if getattr(lucid, name, None) is function:
                    return f"torch.{name}"
                return f"torch._C._nn.{'log_sigmoid' if name == 'logsigmoid' else name}"
            return path
    module = function.__module__
    if is_ours(function):
        return f"torch.{name}" if getattr(lucid, name, None) is function else f"torch{module.removeprefix('lucid')}.{function.__qualname__}"
    return f"{module}.{name}"


def is_ours(value) -> bool:
    """Whether something is Lucid's own, which code names by `torch`."""
    return str(getattr(value, "__module__", "")).partition(".")[0] == "lucid"


def type_repr(kind) -> str:
    """A type in code and in prints."""
    if isinstance(kind, type) and not hasattr(kind, "__origin__"):
        if kind.__module__ == "builtins":
            return kind.__qualname__
        module = "torch" + kind.__module__.removeprefix("lucid") if is_ours(kind) else kind.__module__
        return f"{module}.{kind.__qualname__}"
    return "..." if kind is ... else kind.__name__ if callable(kind) and hasattr(kind, "__name__") and not hasattr(kind, "__origin__") else repr(kind)


def name_of(target) -> str:
    """What a node is called after its target."""
    name = target if isinstance(target, str) else qualified_name(target).rpartition(".")[2]
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def format_arg(arg) -> str:
    if isinstance(arg, list):
        return "[" + ", ".join(map(format_arg, arg)) + "]"
    if isinstance(arg, tuple):
        return "(" + ", ".join(map(format_arg, arg)) + (",)" if len(arg) == 1 else ")")
    if isinstance(arg, dict):
        return "{" + ", ".join(f"{key}: {format_arg(one)}" for key, one in arg.items()) + "}"
    if isinstance(arg, Node):
        return "%" + arg.name
    return constant(arg) or str(arg)


def constant(value) -> str:
    """PyTorch's name of a dtype, layout or memory format, "" for anything else."""
    return "torch." + str(value).rpartition(".")[2] if isinstance(value, (lucid.dtype, lucid.layout, lucid.memory_format)) else ""


class Node:
    """One step of a `Graph`. Made by the graph's own methods (`call_function` and its like).

    Parameters
    ----------
    graph : Graph
        The graph, which does not have the node yet.
    op : str
        "placeholder", "get_attr", "call_function", "call_method", "call_module" or "output".
    name : str
        Its name, of which the graph has only one.
    target : callable or str
        What is called or taken: a function, or the name of a method, module, attribute or parameter.
    args, kwargs : tuple, dict
        The arguments, with nodes where results of others are used. What is assigned replaces them.
    return_type : object, optional
        The annotation of the result, `type` later.

    Attributes
    ----------
    users : dict
        The nodes that use the result, as keys.
    meta : dict
        What passes over graphs note.

    Examples
    --------
    >>> graph = lucid.fx.symbolic_trace(lambda x: x.neg() + 1).graph
    >>> [(node.op, node.name, node.args) for node in graph.nodes]
    [('placeholder', 'x', ()), ('call_method', 'neg', (x,)), ('call_function', 'add', (neg, 1)), ('output', 'output', (add,))]
    """

    def __init__(self, graph, name, op, target, args, kwargs, return_type=None):
        if op == "call_function" and not callable(target):
            raise ValueError(f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a Callable is expected")
        if op != "call_function" and not isinstance(target, str):
            raise ValueError(f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a str is expected")
        self.graph, self.name, self.op, self.target, self.type = graph, name, op, target, return_type
        self.users: dict[Node, None] = {}
        self.meta: dict = {}
        self._input_nodes: dict[Node, None] = {}
        self._args, self._kwargs = (), immutable_dict()
        self._prev = self._next = self
        self._erased = False
        self._set(args, kwargs)

    def _set(self, args, kwargs) -> None:
        for old in self._input_nodes:
            old.users.pop(self, None)
        self._input_nodes = {}

        def used(node):
            self._input_nodes.setdefault(node)
            node.users.setdefault(self)
            return node

        self._args, self._kwargs = map_arg(tuple(args), used), map_arg(dict(kwargs), used)

    @property
    def args(self) -> tuple:
        """The arguments by position."""
        return self._args

    @args.setter
    def args(self, args):
        self._set(args, self._kwargs)

    @property
    def kwargs(self) -> dict:
        """The arguments by keyword."""
        return self._kwargs

    @kwargs.setter
    def kwargs(self, kwargs):
        self._set(self._args, kwargs)

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes whose results are used, each once."""
        return list(self._input_nodes)

    @property
    def next(self) -> Node:
        """The node that follows."""
        return self._next

    @property
    def prev(self) -> Node:
        """The node before."""
        return self._prev

    @property
    def stack_trace(self) -> str | None:
        """Where the node was made, if the tracer recorded it."""
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace):
        self.meta["stack_trace"] = trace

    def _unlink(self) -> None:
        self._prev._next, self._next._prev = self._next, self._prev

    def prepend(self, x: Node) -> None:
        """Put a node of the same graph before this one."""
        if x.graph is not self.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if x is self:
            return
        x._unlink()
        x._prev, x._next = self._prev, self
        self._prev._next = self._prev = x

    def append(self, x: Node) -> None:
        """Put a node of the same graph behind this one."""
        self._next.prepend(x)

    def update_arg(self, idx: int, arg) -> None:
        """Replace an argument by its position."""
        args = list(self.args)
        args[idx] = arg
        self.args = args

    def insert_arg(self, idx: int, arg) -> None:
        """Put an argument before the one at a position."""
        if not 0 <= idx <= len(self.args):
            raise AssertionError("insert_args index must be between 0 and len(self.args)")
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key: str, arg) -> None:
        """Set an argument by its name."""
        self.kwargs = {**self.kwargs, key: arg}

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Use the result of another node where that of one was used."""

        def changed(node):
            return new_input if node is old_input else node

        self._set(map_arg(self.args, changed), map_arg(dict(self.kwargs), changed))

    def replace_all_uses_with(self, replace_with: Node, delete_user_cb=lambda user: True, *, propagate_meta: bool = False) -> list[Node]:
        """Have the users of this node use another; returns those that now do.

        `delete_user_cb(user)` says which; `propagate_meta` hands on `meta`.
        """
        if propagate_meta:
            if replace_with.meta:
                raise AssertionError("Called node.replace_all_uses_with(replace_with, propagate_meta=True), but replace_with already has .meta keys")
            replace_with.meta.update(self.meta)
        changed = [user for user in list(self.users) if delete_user_cb is None or delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether the node does something besides its result."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            return self.target in _impure
        if self.op == "call_module":
            module = self.graph.owning_module
            return module is not None and getattr(module.get_submodule(self.target), "_is_impure", False)
        return False

    def _rename(self, candidate: str) -> None:
        if candidate != self.name:
            self.name = self.graph._namespace.create_name(candidate, None)

    @staticmethod
    def _pretty_print_target(target) -> str:
        if isinstance(target, str):
            return target
        module = getattr(target, "__module__", None)
        if module in ("builtins", "_operator"):
            return f"{module.lstrip('_')}.{target.__name__}"
        return qualified_name(target)

    def format_node(self, placeholder_names=None, maybe_return_typename=None) -> str:
        """The node as a line of `print(graph)`; a list of one string is given the annotation of an output."""
        kind = "" if self.type is None else f"{type_repr(self.type)} "
        line = f"%{self.name} : {kind}[num_users={len(self.users)}] = {self.op}[target={self._pretty_print_target(self.target)}]"
        if self.op == "placeholder":
            return line + (f"(default={self.args[0]})" if self.args else "")
        if self.op == "get_attr":
            return line
        if self.op == "output":
            if self.type and maybe_return_typename:
                maybe_return_typename[0] = f" -> {type_repr(self.type)}"
            return f"return {_shown(self.args[0])}"
        return f"{line}(args = {format_arg(self.args)}, kwargs = {format_arg(self.kwargs)})"

    def __repr__(self) -> str:
        return self.name

    def __lt__(self, other: Node) -> bool:
        return self._comes_before(other)

    def _comes_before(self, other: Node) -> bool:
        """Whether the node comes before another of its graph."""
        node = self._next
        while node.op != "root":
            if node is other:
                return True
            node = node._next
        return False


def _shown(value) -> str:
    """A value in the text of an output."""
    return repr(map_aggregate(value, lambda one: _Text(constant(one)) if constant(one) else one))


class _Text(str):
    def __repr__(self):
        return str(self)
