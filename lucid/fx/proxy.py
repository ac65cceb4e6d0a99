"""What stands for values while a function is traced: everything done to a `Proxy` becomes a node."""

from __future__ import annotations

import dis
import enum
import inspect
import operator

import lucid
from lucid import overrides
from lucid.fx.graph import INPLACE, OPERATORS, Graph
from lucid.fx.node import Node, map_aggregate

__all__ = ["Attribute", "GraphAppendingTracer", "ParameterProxy", "Proxy", "TraceError", "TracerBase"]

BASE = (str, int, float, bool, complex, lucid.dtype, lucid.Tensor, lucid.device, lucid.layout, lucid.memory_format, type(None), type(...))


class TraceError(ValueError):
    """A function asks of a value what only running it can tell."""


class TracerBase:
    """What makes nodes of calls, and proxies of nodes; see `Tracer`."""

    graph: Graph
    record_stack_traces = False
    check_mutable_operations = False
    trace_asserts = False
    proxy_buffer_attributes = False
    traced_func_name = "forward"

    def create_node(self, kind: str, target, args, kwargs, name: str | None = None, type_expr=None) -> Node:
        """A new node of the graph."""
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> Proxy:
        """What stands for the result of a node."""
        return Proxy(node, self)

    def create_proxy(self, kind: str, target, args, kwargs, name: str | None = None, type_expr=None, proxy_factory_fn=None) -> Proxy:
        """A new node, and what stands for its result."""
        args, kwargs = self.create_arg(args), self.create_arg(kwargs)
        node = self.create_node(kind, target, args, kwargs, name, type_expr)
        if self.record_stack_traces:
            import traceback

            node.stack_trace = "".join(traceback.format_stack()[:-2])
        return proxy_factory_fn(node) if proxy_factory_fn else self.proxy(node)

    def create_arg(self, a):
        """A value as an argument of a node. NotImplementedError for what cannot be one."""
        if isinstance(a, Proxy):
            return a.node
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            return self.create_node("call_function", type(a), tuple(map(self.create_arg, a)), {})
        if isinstance(a, tuple):
            return type(a)([self.create_arg(one) for one in a])
        if isinstance(a, list):
            return [self.create_arg(one) for one in a]
        if isinstance(a, dict):
            if any(isinstance(one, (Node, Proxy)) for one in a):
                raise RuntimeError("Keys for dictionaries used as an argument cannot contain a Node")
            return {key: self.create_arg(one) for key, one in a.items()}
        if isinstance(a, slice):
            return slice(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, range):
            return range(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, (*BASE, Node, enum.Enum)):
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    def to_bool(self, obj: Proxy) -> bool:
        """Called where a proxy is asked whether it is true. TraceError."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy):
        """Called where a proxy is gone through. TraceError."""
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or **kwargs "
            "function argument: its length is not known while the function is traced."
        )

    def keys(self, obj: Proxy):
        """Called where a proxy is given as `**kwargs`."""
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    """A tracer that appends to a graph."""

    def __init__(self, graph: Graph):
        self.graph = graph


class Proxy:
    """What stands for a value while a function is traced.

    Parameters
    ----------
    node : Node
        The node whose result it stands for.
    tracer : TracerBase, optional
        What makes nodes of what is done to it; default: appends to the node's graph.

    Examples
    --------
    >>> from lucid import fx
    >>> graph = fx.Graph()
    >>> x = fx.Proxy(graph.placeholder("x"))
    >>> (x + 1).relu(), [node.name for node in graph.nodes]
    (Proxy(relu), ['x', 'add', 'relu'])
    """

    def __init__(self, node: Node, tracer: TracerBase | None = None):
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, name: str) -> Attribute:
        if name in ("__fx_create_arg__", "__deepcopy__", "__array__", "__array_interface__", "__array_struct__"):
            raise AttributeError(name)
        return Attribute(self, name)

    def __call__(self, *args, **kwargs) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self):
        frame = inspect.currentframe().f_back
        for step in dis.get_instructions(frame.f_code):
            if step.offset == frame.f_lasti and step.opname == "UNPACK_SEQUENCE":  # `a, b = proxy` says how many there are
                return (self[i] for i in range(step.argval))
        return self.tracer.iter(self)

    def __abs__(self):
        return self.tracer.create_proxy("call_function", operator.abs, (self,), {})

    def __bool__(self) -> bool:
        return self.tracer.to_bool(self)

    def __index__(self):
        raise TypeError(f"'{type(self).__name__}' object cannot be interpreted as an integer")

    def __len__(self):
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call fx.wrap('len') at module scope"
        )

    def keys(self):
        """The keys, where the value is a dict."""
        return self.tracer.keys(self)

    @classmethod
    def __torch_function__(cls, orig_method, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        found = []
        map_aggregate((args, kwargs), lambda one: found.append(one.tracer) if isinstance(one, Proxy) else one)
        if overrides.is_tensor_method_or_property(orig_method):
            return found[0].create_proxy("call_method", orig_method.__name__, args, kwargs)
        return found[0].create_proxy("call_function", orig_method, args, kwargs)


class Attribute(Proxy):
    """An attribute of a value: a node if its value is used, and none if it is called as a method."""

    def __init__(self, root: Proxy, attr: str):
        self.root, self.attr, self.tracer, self._node = root, attr, root.tracer, None

    @property
    def node(self) -> Node:
        """The node that takes the attribute, made when it is asked for."""
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args, **kwargs) -> Proxy:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """What stands for a parameter whose shape is known while tracing (`param_shapes_constant`)."""

    def __init__(self, tracer: TracerBase, node: Node, name: str, param):
        super().__init__(node, tracer)
        self.param, self.name = param, name

    def __repr__(self) -> str:
        return f"ParameterProxy({self.name})"

    @property
    def shape(self):
        """The shape."""
        return self.param.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.param.ndim

    def size(self, dim=None):
        """The shape, or the size of a dimension."""
        return self.param.size(dim)

    def dim(self) -> int:
        """The number of dimensions."""
        return self.param.dim()

    def numel(self) -> int:
        """The number of elements."""
        return self.param.numel()

    def nelement(self) -> int:
        """The number of elements."""
        return self.param.numel()


def _operator(name: str, reflected: bool):
    target = getattr(operator, name)

    def method(self, *others):
        args = (*others, self) if reflected else (self, *others)
        return self.tracer.create_proxy("call_function", target, args, {})

    method.__name__ = f"__{'r' if reflected else ''}{name.strip('_')}__"
    return method


for name in OPERATORS:
    if name != "div":
        setattr(Proxy, f"__{name.strip('_')}__", _operator(name, False))
for name in INPLACE:
    plain = name[1:] + "_" * (name[1:] in ("and", "or"))
    setattr(Proxy, f"__r{name[1:]}__", _operator(plain, True))
Proxy.__hash__ = object.__hash__
