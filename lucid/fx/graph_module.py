"""Modules whose `forward` is the code of a graph."""

from __future__ import annotations

import copy
import itertools
import linecache
import os
import pickle
from pathlib import Path

import lucid
from lucid.fx.graph import Graph, PythonCode, _PyTreeCodeGen
from lucid.nn import Module, Parameter

__all__ = ["GraphModule"]

_numbers = itertools.count()
_USER_PRESERVED_ATTRIBUTES_KEY = "_user_preserved_attributes"  # of `meta`: attributes that packages keep when they copy


def _forward_of(source: str, scope: dict):
    """The function of some source, whose lines tracebacks find."""
    name = f"<eval_with_key>.{next(_numbers)}"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    scope = dict(scope)
    exec(compile(source, name, "exec"), scope)
    return scope["forward"]


def _copy_attr(source: Module, target: Module, path: str) -> None:
    *prefix, name = path.split(".")
    for part in prefix:
        source = getattr(source, part)
        if not hasattr(target, part):
            setattr(target, part, Module())
        target = getattr(target, part)
        if source is target:
            return
    _put(target, name, getattr(source, name))


def _put(module: Module, name: str, value) -> None:
    if isinstance(value, lucid.Tensor) and not isinstance(value, Parameter):
        module.register_buffer(name, value)
    else:
        setattr(module, name, value)


class _CodeOnlyModule(Module):
    """What has the members of a dict; packages copy their graph modules by it."""

    def __init__(self, body: dict):
        super().__init__()
        self.__dict__ = body


class GraphModule(Module):
    """A module that runs a graph, and has what the graph names of a module or dict.

    Parameters
    ----------
    root : nn.Module or dict
        What the graph's modules and attributes are taken from; of a dict, by their qualified names.
    graph : Graph
        What is run.
    class_name : str, optional
        The name of its class, which is its own.

    Examples
    --------
    >>> traced = lucid.fx.symbolic_trace(lucid.nn.Sequential(lucid.nn.ReLU()))
    >>> print(traced.code.strip())
    def forward(self, input):
        input_1 = input
        _0 = getattr(self, "0")(input_1);  input_1 = None
        return _0
    """

    def __new__(cls, *args, **kwargs):
        base = next(one for one in cls.__mro__ if "_forward_is_of" not in vars(one))
        return super().__new__(type(base.__name__, (base,), {"_forward_is_of": None, "__module__": base.__module__}))

    def __init__(self, root, graph: Graph, class_name: str = "GraphModule"):
        super().__init__()
        type(self).__name__ = type(self).__qualname__ = class_name
        targets = [node.target for node in graph.nodes if node.op in ("get_attr", "call_module")]
        if isinstance(root, Module):
            if hasattr(root, "training"):
                self.training = root.training
            for target in targets:
                _copy_attr(root, self, target)
        elif isinstance(root, dict):
            for target in sorted(targets, key=lambda path: path.count(".")):
                if target not in root:
                    raise RuntimeError(f"Node referenced target {target} but that target was not provided in ``root``!")
                *prefix, name = target.split(".")
                owner = self
                for part in prefix:
                    if not hasattr(owner, part):
                        setattr(owner, part, Module())
                    owner = getattr(owner, part)
                _put(owner, name, root[target])
        else:
            raise RuntimeError("Unsupported type " + str(root) + " passed for root!")
        self.graph = graph
        self._tracer_cls = graph._tracer_cls
        self.meta: dict = {}

    @property
    def graph(self) -> Graph:
        """The graph. What is assigned is compiled; call `recompile` after changes in it."""
        return self._graph

    @graph.setter
    def graph(self, graph: Graph):
        if not isinstance(graph, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(graph)}")
        self.__dict__["_graph"] = graph
        graph.owning_module = self
        self.recompile()

    def recompile(self) -> PythonCode:
        """Make `forward` anew of the graph; returns the code."""
        codegen = self._graph._codegen
        if isinstance(codegen, _PyTreeCodeGen):
            self._in_spec, self._out_spec = codegen.in_spec, codegen.out_spec
        made = self._graph.python_code("self")
        self.__dict__["_code"] = made.src
        type(self).forward = _forward_of(made.src, made.globals)
        return made

    @property
    def code(self) -> str:
        """The source of `forward`."""
        if "_code" not in self.__dict__:
            raise RuntimeError("Code has not been generated! Please report a bug to PyTorch")
        return self._code

    def print_readable(self, print_output: bool = True, **shown) -> str:
        """The code as that of a class; printed too, unless told not to."""
        lines = self.code.lstrip("\n").splitlines()
        text = f"class {type(self).__name__}(torch.nn.Module):\n" + "\n".join("    " + line for line in lines)
        if print_output:
            print(text)
        return text

    def add_submodule(self, target: str, m: Module) -> bool:
        """Install a module under a qualified name; returns whether there was room for it."""
        *prefix, name = target.split(".")
        owner = self
        for part in prefix:
            found = getattr(owner, part, None)
            if found is None:
                found = Module()
                setattr(owner, part, found)
            if not isinstance(found, Module):
                return False
            owner = found
        owner.add_module(name, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Take out the module of a qualified name; returns whether there was one."""
        *prefix, name = target.split(".")
        owner = self
        for part in prefix:
            owner = getattr(owner, part, None)
            if not isinstance(owner, Module):
                return False
        if not isinstance(getattr(owner, name, None), Module):
            return False
        delattr(owner, name)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Take out the modules that no node calls or takes from."""
        taken = [f"{node.target}." for node in self._graph.nodes if node.op in ("call_module", "get_attr")]
        called = tuple(f"{node.target}." for node in self._graph.nodes if node.op == "call_module")
        for name, _ in list(self.named_modules()):
            path = f"{name}."
            if name and not path.startswith(called) and not any(one.startswith(path) for one in taken):
                self.delete_submodule(name)

    def to_folder(self, folder, module_name: str = "FxModule") -> None:
        """Write the module into a folder: a package with a function of that name, which gives it back."""
        folder = Path(folder)
        os.makedirs(folder, exist_ok=True)
        (folder / "module.pkl").write_bytes(pickle.dumps(self))
        (folder / "__init__.py").write_text(
            f"import pickle\nfrom pathlib import Path\n\n\ndef {module_name}():\n"
            "    return pickle.loads((Path(__file__).parent / 'module.pkl').read_bytes())\n"
        )

    def __deepcopy__(self, memo):
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        Module.__init__(made)
        own = {name: value for name, value in self.__dict__.items() if name not in ("_graph", "_code")}
        made.__dict__.update({name: copy.deepcopy(value, memo) for name, value in own.items()})
        made.graph = copy.deepcopy(self._graph)
        return made

    def __copy__(self):
        return GraphModule(self, copy.copy(self.graph), type(self).__name__)

    def __reduce__(self):
        state = self.__dict__.copy()
        del state["_graph"]
        made = self._graph.python_code("self")
        scope = {name: value for name, value in made.globals.items() if value is not lucid}
        return _rebuilt, (state, made.src, scope, type(self).__name__)

    __reduce_ex__ = None

    def __str__(self) -> str:
        reminder = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__repr__(), self._code, reminder])


def _reduce_ex(self, protocol):
    return self.__reduce__()


GraphModule.__reduce_ex__ = _reduce_ex


def _rebuilt(state: dict, source: str, scope: dict, name: str) -> GraphModule:
    """A pickled GraphModule again: its code is traced."""
    from lucid.fx._symbolic_trace import Tracer

    class Whole(Tracer):
        def is_leaf_module(self, m, module_qualified_name):
            return True

    root = type(name, (Module,), {"forward": _forward_of(source, {**scope, "torch": lucid})})()
    root.__dict__.update(state)
    made = GraphModule(root, Whole().trace(root), name)
    for key, value in state.items():
        made.__dict__.setdefault(key, value)
    return made
