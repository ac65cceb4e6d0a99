"""The tracer: runs a function on proxies, with modules, their parameters and wrapped functions patched to say what is done to them."""

from __future__ import annotations

import builtins
import functools
import inspect
import math
import types
from itertools import count

import lucid
from lucid.fx.graph import Graph, _PyTreeCodeGen, _wrapped
from lucid.fx.graph_module import GraphModule
from lucid.fx.proxy import ParameterProxy, Proxy, TracerBase
from lucid.nn import Module, Parameter, Sequential
from lucid.utils import _pytree

__all__ = ["PH", "ProxyableClassMeta", "Tracer", "symbolic_trace", "wrap"]

_to_patch: dict[tuple[int, str], dict] = {}  # the namespaces that hold functions which `wrap` made leaves, by id and name


class PHBase:
    """In `concrete_args`: what is traced all the same."""

    def __repr__(self) -> str:
        return "PH"


PH = PHBase()


def wrap(fn_or_name):
    """Have calls of a function of the module recorded as they are, instead of what the function does.

    Parameters
    ----------
    fn_or_name : callable or str
        The function, or its name: called at the top of the module that has it, or as a decorator there.

    Returns
    -------
    callable or str
        What was given.

    Raises
    ------
    RuntimeError
        For anything else.
    NotImplementedError
        Elsewhere than at the top of a module.

    Examples
    --------
    >>> from lucid.fx._symbolic_trace import wrap
    >>> wrap("len")
    'len'
    >>> print(lucid.fx.symbolic_trace(eval("lambda x: len(x)")).graph)
    graph():
        %x : [num_users=1] = placeholder[target=x]
        %len_1 : [num_users=1] = call_function[target=builtins.len](args = (%x,), kwargs = {})
        return len_1
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    frame = inspect.currentframe().f_back
    if frame.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    _to_patch[id(frame.f_globals), name] = frame.f_globals
    found = fn_or_name if callable(fn_or_name) else frame.f_globals.get(name, getattr(builtins, name, None))
    if found is not None:
        _wrapped[id(found)] = found
    return fn_or_name


class ProxyableClassMeta(type):
    """The metaclass of classes whose construction is recorded when an argument is a proxy.

    Examples
    --------
    >>> class Pair(metaclass=lucid.fx.ProxyableClassMeta):
    ...     def __init__(self, left, right):
    ...         self.left, self.right = left, right
    >>> print(lucid.fx.symbolic_trace(lambda x: Pair(x, 1).left).graph.output_node().format_node())
    return getattr_1
    """

    def __call__(cls, *args, **kwargs):
        instance = cls.__new__(cls)
        proxy = _first_proxy((args, kwargs))
        if proxy is not None:
            return proxy.tracer.create_proxy("call_function", cls, args, kwargs)
        instance.__init__(*args, **kwargs)
        return instance


def _first_proxy(value):
    if isinstance(value, Proxy):
        return value
    if isinstance(value, (tuple, list)):
        return next((found for one in value if (found := _first_proxy(one)) is not None), None)
    return _first_proxy(list(value.values())) if isinstance(value, dict) else None


def _leaf(function):
    """A function that records its call when an argument is a proxy."""

    @functools.wraps(function)
    def recorded(*args, **kwargs):
        proxy = _first_proxy((args, kwargs))
        if proxy is None:
            return function(*args, **kwargs)
        _wrapped[id(function)] = function
        return proxy.tracer.create_proxy("call_function", function, args, kwargs)

    return recorded


class _Patches:
    """Attributes and entries that are replaced in a block."""

    def __init__(self):
        self.undo = []

    def attribute(self, owner, name: str, value) -> None:
        self.undo.append((setattr, owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def entry(self, room: dict, name: str, value) -> None:
        had = name in room
        self.undo.append((dict.__setitem__ if had else lambda d, key, _: d.pop(key), room, name, room.get(name)))
        room[name] = value

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for function, *args in reversed(self.undo):
            function(*args)


class Tracer(TracerBase):
    """Makes a `Graph` of a module or function. Subclasses say what is a leaf.

    Parameters
    ----------
    autowrap_modules : tuple of module, optional
        Modules of Python whose functions are leaves where the traced function's module has imported them.
    autowrap_functions : tuple of callable, optional
        Functions that are leaves.
    param_shapes_constant : bool, optional
        Let the shapes of parameters be numbers.

    Examples
    --------
    >>> from lucid import fx, nn
    >>> class Whole(fx.Tracer):
    ...     def is_leaf_module(self, m, module_qualified_name):
    ...         return True
    >>> print(Whole().trace(nn.Sequential(nn.ReLU())))
    graph():
        %input_1 : [num_users=1] = placeholder[target=input]
        %_0 : [num_users=1] = call_module[target=0](args = (%input_1,), kwargs = {})
        return _0
    """

    def __init__(self, autowrap_modules: tuple = (math,), autowrap_functions: tuple = (), param_shapes_constant: bool = False):
        self._autowrapped = {id(one) for module in autowrap_modules for one in vars(module).values() if callable(one)}
        self._autowrapped |= set(map(id, autowrap_functions))
        self._autowrap_search = list(autowrap_modules)
        self.param_shapes_constant = param_shapes_constant
        self.submodule_paths = None
        self.module_stack = {}

    def get_fresh_qualname(self, prefix: str) -> str:
        """A name that the module does not have yet."""
        return next(name for i in count() if not hasattr(self.root, name := f"{prefix}{i}"))

    def create_arg(self, a):
        """A value as an argument of a node: tensors and modules by their names in the module."""
        if isinstance(a, Parameter):
            for name, one in self.root.named_parameters():
                if a is one:
                    return self.create_node("get_attr", name, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, lucid.Tensor):
            for name, one in self.root.named_buffers():
                if a is one:
                    return self.create_node("get_attr", name, (), {})
            name = self._constants.get(id(a))
            if name is None:
                name = next((key for key, one in vars(self.root).items() if one is a), None) or self.get_fresh_qualname("_tensor_constant")
                setattr(self.root, name, a)
                self._constants[id(a)] = name
            return self.create_node("get_attr", name, (), {})
        if isinstance(a, Module):
            for name, one in self.root.named_modules():
                if a is one:
                    return self.create_node("get_attr", name, (), {})
        if type(type(a)) is ProxyableClassMeta:
            name = self.get_fresh_qualname(f"_{type(a).__name__}_constant_")
            setattr(self.root, name, a)
            return self.create_node("get_attr", name, (), {})
        return super().create_arg(a)

    def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
        """Whether a call of a module is recorded as it is: those of `nn` but `Sequential`."""
        return m.__module__.startswith("lucid.nn") and not isinstance(m, Sequential)

    def path_of_module(self, mod: Module) -> str:
        """The name of a module in the one that is traced. NameError if it has none."""
        for name, one in self.root.named_modules():
            if one is mod:
                return name
        raise NameError("module is not installed as a submodule")

    def call_module(self, m: Module, forward, args: tuple, kwargs: dict):
        """A call of a module: recorded if it is a leaf, gone into if not."""
        path = self.path_of_module(m)
        if not self.is_leaf_module(m, path):
            return forward(*args, **kwargs)
        return self.create_proxy("call_module", path, args, kwargs)

    def getattr(self, attr: str, attr_val, parameter_proxy_cache: dict):
        """What a module's attribute is while tracing: of parameters, what stands for them."""
        named = ()
        if isinstance(attr_val, Parameter):
            named = self.root.named_parameters()
        elif self.proxy_buffer_attributes and isinstance(attr_val, lucid.Tensor):
            named = self.root.named_buffers()
        for name, one in named:
            if one is attr_val:
                if name not in parameter_proxy_cache:
                    extra = {}
                    if self.param_shapes_constant:
                        extra["proxy_factory_fn"] = lambda node, name=name: ParameterProxy(self, node, name, attr_val)
                    parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {}, **extra)
                return parameter_proxy_cache[name]
        return attr_val

    def create_args_for_root(self, root_fn, is_module: bool, concrete_args=None):
        """The function and what it is called with: a placeholder for each parameter, or its value in `concrete_args`."""
        function = inspect.unwrap(root_fn)
        code = function.__code__
        total = code.co_argcount + code.co_kwonlyargcount
        names = list(code.co_varnames[:total])
        parameters = inspect.signature(function).parameters
        kinds = getattr(function, "__annotations__", {})
        args = []
        if is_module:
            if not names:
                raise RuntimeError("``self`` argument cannot be part of *args expansion!")
            args.append(self.root)
            names = names[1:]
        if isinstance(concrete_args, tuple):
            if len(concrete_args) != len(names):
                raise RuntimeError(f"Tracing expected {len(names)} arguments but got {len(concrete_args)} concrete arguments")
            concrete_args = dict(zip(names, concrete_args))
        def placeholder(name: str):
            if name[0] == "*":
                return self.create_proxy("placeholder", name, (), {})
            empty = parameters[name].default is inspect.Parameter.empty
            default = () if empty else (parameters[name].default,)
            value = concrete_args.get(name, PH) if concrete_args else PH
            if value is PH:
                return self.create_proxy("placeholder", name, default, {}, type_expr=kinds.get(name))
            numbers = count(1)
            return _pytree.tree_map(lambda one: self._concrete(name, f"{name}_{next(numbers)}", one, default), value)

        args.extend(placeholder(name) for name in names)
        if code.co_kwonlyargcount or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
            at = total
            if code.co_flags & inspect.CO_VARARGS:
                args.append(placeholder("*" + code.co_varnames[at]))
                at += 1
            if code.co_flags & inspect.CO_VARKEYWORDS:
                args.append(placeholder("**" + code.co_varnames[at]))
            root_fn = _positional(function, len(args))
        if concrete_args and any(isinstance(one, (tuple, list, dict)) for one in concrete_args.values()):
            return self._taken_apart(root_fn, args, ["self"] * is_module + names)
        return root_fn, args

    def _taken_apart(self, root_fn, args: list, names: list[str]):
        """The function of the leaves of its arguments, which gives the leaves of its result."""
        leaves, in_spec = _pytree.tree_flatten(args)
        codegen = self.graph._codegen = _PyTreeCodeGen(names, in_spec)

        def function(*leaves):
            found, codegen.out_spec = _pytree.tree_flatten(root_fn(*_pytree.tree_unflatten(leaves, in_spec)))
            return found

        return function, leaves

    def _concrete(self, name: str, place: str, value, default: tuple):
        """An argument, or what is in one, that has a value: the placeholder stays, and the code asserts that it has that value."""
        out = self.create_proxy("placeholder", place, default, {})
        if value is PH:
            return out
        said = f"{name} has been specialized to have value {value} but got another value"
        if isinstance(value, (int, float, str)) and not isinstance(value, lucid.Tensor):
            lucid._assert(out == value, said)
        elif value is None:
            self.create_proxy("call_function", _assert_is_none, (out, said), {})
        return value

    def trace(self, root, concrete_args=None) -> Graph:
        """The graph of a module or function.

        `concrete_args` holds values of arguments that are not traced, by name.
        """
        if isinstance(root, Module):
            self.root, function = root, getattr(type(root), self.traced_func_name)
            self.root_module_name = type(root).__name__
        else:
            self.root, function = Module(), root
        self.graph = Graph(tracer_cls=type(self))
        self._constants: dict[int, str] = {}
        body, args = self.create_args_for_root(function, isinstance(root, Module), concrete_args)
        cache: dict[str, Proxy] = {}
        plain_getattr, plain_call = Module.__getattr__, Module.__call__

        def module_getattr(module, name):
            return self.getattr(name, plain_getattr(module, name), cache)

        def module_call(module, *args, **kwargs):
            self._patch_globals(patches, getattr(getattr(module, "forward", None), "__globals__", {}))
            return self.call_module(module, lambda *args, **kwargs: plain_call(module, *args, **kwargs), args, kwargs)

        with _Patches() as patches:
            patches.attribute(Module, "__getattr__", module_getattr)
            patches.attribute(Module, "__call__", module_call)
            for (_, name), room in list(_to_patch.items()):
                original = room.get(name, getattr(builtins, name, None))
                if original is not None:
                    patches.entry(room, name, _leaf(original))
            self._patched: set[int] = set()
            self._patch_globals(patches, getattr(function, "__globals__", {}))
            for module in self._autowrap_search:
                self._patch_globals(patches, vars(module))
            result = body(*args)
            kind = getattr(inspect.unwrap(function), "__annotations__", {}).get("return")
            self.create_node("output", "output", (self.create_arg(result),), {}, type_expr=kind)
        return self.graph

    def _patch_globals(self, patches: _Patches, room: dict) -> None:
        if id(room) in self._patched:
            return
        self._patched.add(id(room))
        for name, value in list(room.items()):
            if not name.startswith("_") and id(value) in self._autowrapped and callable(value):
                patches.entry(room, name, _leaf(value))


def _assert_is_none(value, msg: str) -> None:
    """AssertionError unless a value is None."""
    if value is not None:
        raise AssertionError(msg)


def _positional(function, n: int):
    """A function whose parameters, *args and **kwargs among them, are `n` plain ones."""
    flags = function.__code__.co_flags & ~(inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    code = function.__code__.replace(co_argcount=n, co_posonlyargcount=0, co_kwonlyargcount=0, co_flags=flags)
    return types.FunctionType(code, function.__globals__, function.__name__, None, function.__closure__)


def symbolic_trace(root, concrete_args=None) -> GraphModule:
    """A module that does what a module or function does, with the graph of it.

    Parameters
    ----------
    root : nn.Module or callable
        What is traced: run once on proxies, so that `if` and loops must not hang on values of tensors.
    concrete_args : dict, optional
        Values of arguments, by name, that are not traced.

    Returns
    -------
    GraphModule
        The module; it shares parameters with `root`.

    Raises
    ------
    ValueError
        `fx.proxy.TraceError`, where the function asks a traced value whether it is true, or goes through it.

    Examples
    --------
    >>> traced = lucid.fx.symbolic_trace(lambda x: lucid.relu(x) + 1)
    >>> print(traced.code.strip())
    def forward(self, x):
        relu = torch.relu(x);  x = None
        add = relu + 1;  relu = None
        return add
    >>> traced(lucid.tensor([-1.0, 2.0]))
    Tensor([1.0, 3.0])
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    return GraphModule(tracer.root, graph, type(root).__name__ if isinstance(root, Module) else root.__name__)
