"""Graphs: nodes in the order in which they run, and the code of the function that does what they do."""

from __future__ import annotations

import builtins
import copy
import enum
import inspect
import keyword
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, field

import lucid
from lucid.fx import _pytree as fx_pytree
from lucid.fx.node import Node, constant, is_ours, map_arg, name_of, qualified_name, type_repr
from lucid.utils import _pytree

__all__ = ["CodeGen", "Graph", "PythonCode"]

OPERATORS = {
    "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "gt": "{} > {}", "le": "{} <= {}", "ge": "{} >= {}", "pos": "+{}", "neg": "-{}",
    "invert": "~{}", "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "floordiv": "{} // {}", "truediv": "{} / {}",
    "div": "{} / {}", "mod": "{} % {}", "pow": "{} ** {}", "lshift": "{} << {}", "rshift": "{} >> {}", "and_": "{} & {}",
    "or_": "{} | {}", "xor": "{} ^ {}", "getitem": "{}[{}]", "matmul": "{} @ {}",
}  # fmt: skip
INPLACE = {
    "iadd": "+=", "iand": "&=", "ifloordiv": "//=", "ilshift": "<<=", "imod": "%=", "imul": "*=", "imatmul": "@=", "ior": "|=",
    "ipow": "**=", "irshift": ">>=", "isub": "-=", "itruediv": "/=", "ixor": "^=",
}  # fmt: skip


@dataclass
class PythonCode:
    """The source of a graph's function, and the globals that it needs."""

    src: str
    globals: dict = field(default_factory=dict)


# Names that mean something in generated code, and what.
KNOWN = {"inf": math.inf, "nan": math.nan, "NoneType": type(None), "torch": lucid, "device": lucid.device}


class _Namespace:
    """Names that were given, each once."""

    def __init__(self):
        self.objects: dict = {}
        self.used: set[str] = set()
        self.counts: dict[str, int] = {}

    def create_name(self, candidate: str, obj) -> str:
        """A name that was not there yet, like the candidate; the same for the same object."""
        if obj is not None and id(obj) in self.objects:
            return self.objects[id(obj)]
        candidate = re.sub(r"[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = f"_{candidate}"
        base, number = re.fullmatch(r"(.*?)(?:_(\d+))?", candidate).groups()
        if base == "" or (number is not None and number != "0" and number[0] == "0"):
            base, number = candidate, None
        if number is None or candidate in self.used:
            number = self.counts.get(base, 0)
            if self._taken(candidate, obj):
                number += 1
                candidate = f"{base}_{number}"
        number = int(number)
        while candidate in self.used:
            number += 1
            candidate = f"{base}_{number}"
        self.used.add(candidate)
        self.counts[base] = number
        if obj is not None:
            self.objects[id(obj)] = candidate
        return candidate

    @staticmethod
    def _taken(name: str, obj) -> bool:
        """Whether a name means something else in Python or in the code."""
        if keyword.iskeyword(name):
            return True
        for known in (vars(builtins), KNOWN):
            if name in known:
                return known[name] is not obj
        return False


def _format_target(base: str, target: str) -> str:
    for part in target.split("."):
        base = f"{base}.{part}" if part.isidentifier() else f'getattr({base}, "{part}")'
    return base


class CodeGen:
    """How a graph's function is written: its head, its return, and what goes in and out of `Interpreter`. For subclasses.

    Examples
    --------
    >>> class Noted(lucid.fx.CodeGen):
    ...     def gen_fn_def(self, free_vars, maybe_return_annotation):
    ...         return super().gen_fn_def(free_vars, maybe_return_annotation) + "  # made"
    >>> traced = lucid.fx.symbolic_trace(lambda x: x)
    >>> traced.graph.set_codegen(Noted())
    >>> print(traced.graph.python_code("self").src.strip())
    def forward(self, x):  # made
        return x
    """

    def __init__(self):
        self._body_transformer = None

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        """The line of `def`."""
        if not free_vars or free_vars[0] != "self":
            free_vars.insert(0, "self")
        return f"def forward({', '.join(free_vars)}){maybe_return_annotation}:"

    def generate_output(self, output_args, *, descs=None, repr_fn=repr) -> str:
        """The line of `return`."""
        return f"return {repr_fn(output_args)}"

    def process_inputs(self, *args):
        """What the graph's placeholders are given of the function's arguments."""
        return args

    def process_outputs(self, outputs):
        """What the function returns of the graph's output."""
        return outputs

    def additional_globals(self) -> list[tuple[str, object]]:
        """Names that the code needs besides those of its functions."""
        return []

    def _generate(self, nodes, root: str) -> PythonCode:
        found: dict = {}
        names = _Namespace()
        wrapped: dict[str, None] = {}
        free, body, returns = [], [], [""]

        def globally(hint: str, value) -> str:
            if is_ours(value) and value is not lucid.device:
                found.setdefault("torch", lucid)
                return qualified_name(value) if callable(value) and not isinstance(value, type) else type_repr(value)
            name = names.create_name(hint.replace(".", "_"), value)
            found.setdefault(name, value)
            return name

        for name, value in KNOWN.items():
            globally(name, value) if name != "torch" else found.setdefault("torch", lucid)
        for name, value in self.additional_globals():
            globally(name, value)

        def annotation(kind) -> str:
            text = type_repr(kind)
            if isinstance(kind, str):
                return globally(text, kind)
            if hasattr(kind, "__origin__"):
                return globally(re.sub(r"\W+", "_", text), kind)
            return globally(text, kind) if isinstance(kind, type) and kind.__module__ != "builtins" else text

        def text(value) -> str:
            if isinstance(value, Node):
                return value.name
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return f"{globally(type_repr(type(value)), type(value))}({', '.join(map(text, value))})"
            if type(value) is lucid.Size:
                return f"torch.Size([{', '.join(map(text, value))}])"
            if isinstance(value, tuple):
                return "(" + ", ".join(map(text, value)) + (",)" if len(value) == 1 else ")")
            if isinstance(value, list):
                return "[" + ", ".join(map(text, value)) + "]"
            if isinstance(value, dict):
                return "{" + ", ".join(f"{key!r}: {text(one)}" for key, one in value.items()) + "}"
            if isinstance(value, slice):
                return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"
            if isinstance(value, enum.Enum):
                return f"{globally(type(value).__name__, type(value))}.{value.name}"
            if isinstance(value, type) or inspect.isroutine(value):
                return globally(qualified_name(value), value)
            return constant(value) or repr(value)

        def arguments(args, kwargs) -> str:
            return ", ".join([*map(text, args), *(f"{name} = {text(one)}" for name, one in kwargs.items())])

        last_used: dict[Node, list[Node]] = {}
        seen: set[Node] = set()
        for node in reversed(nodes):
            for one in node.all_input_nodes:
                if one not in seen:
                    seen.add(one)
                    last_used.setdefault(node, []).append(one)

        def emit(node: Node) -> None:
            kind = "" if node.type is None else f" : {annotation(node.type)}"
            target = node.target
            if node.op == "placeholder":
                default = f" = {text(node.args[0])}" if node.args else ""
                free.append(f"{target}{kind}{default}")
                raw = target.replace("*", "")
                body.append(f"{node.name} = {raw}\n" if raw != node.name else "")
                return
            if node.op == "output":
                if node.type is not None:
                    returns[0] = f" -> {annotation(node.type)}"
                ours = type(self).generate_output.__module__ == __name__  # a program's own may know of one argument alone
                body.append(self.generate_output(node.args[0], repr_fn=text) if ours else self.generate_output(node.args[0]))
                return
            if node.op == "call_method":
                made = f"{_format_target(text(node.args[0]), target)}({arguments(node.args[1:], node.kwargs)})"
            elif node.op == "get_attr":
                made = _format_target(root, target)
            elif node.op == "call_module":
                made = f"{_format_target(root, target)}({arguments(node.args, node.kwargs)})"
            elif target.__module__ == "_operator" and target.__name__ in OPERATORS:
                made = OPERATORS[target.__name__].format(*map(text, node.args))
            elif target.__module__ == "_operator" and target.__name__ in INPLACE:
                body.append(f"{text(node.args[0])} {INPLACE[target.__name__]} {text(node.args[1])};  ")
                made = text(node.args[0])
            elif target is getattr and isinstance(node.args[1], str) and node.args[1].isidentifier() and len(node.args) == 2:
                made = _format_target(text(node.args[0]), node.args[1])
            else:
                name = globally(qualified_name(target), target)
                if id(target) in _wrapped:
                    wrapped[name] = None
                made = f"{name}({arguments(node.args, node.kwargs)})"
            body.append(f"{node.name}{kind} = {made}")

        for node in nodes:
            emit(node)
            if node.op not in ("placeholder", "output"):
                done = [*last_used.get(node, []), *([node] if not node.users else [])]
                body.append(f";  {' = '.join([one.name for one in done] + ['None'])}\n" if done else "\n")
        if not "".join(body).strip():
            body.append("pass\n")
        lines = "".join(body) + "\n"
        if self._body_transformer is not None:
            lines = "".join(self._body_transformer(body)) + "\n"
        statements = "\n".join(f'torch.fx._symbolic_trace.wrap("{name}")' for name in wrapped)
        head = self.gen_fn_def(free, returns[0])
        inner = "\n".join("    " + line for line in lines.split("\n"))
        return PythonCode(f"\n{statements}\n\n{head}\n{inner}", found)


class _PyTreeCodeGen(CodeGen):
    """Of a function that takes and returns containers, whose leaves the graph knows: `names` are its arguments."""

    def __init__(self, names: list[str], in_spec: _pytree.TreeSpec):
        super().__init__()
        self.names, self.in_spec, self.out_spec = names, in_spec, None

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        """The line of `def`, and the one that takes the arguments apart."""
        leaves = [re.split("[:=]", one)[0].strip() for one in free_vars]
        if self.names[:1] == ["self"]:
            leaves.insert(0, "self")
        apart = f"\n    {', '.join(leaves)}, = fx_pytree.tree_flatten_spec([{', '.join(self.names)}], self._in_spec)" if leaves else ""
        return super().gen_fn_def(list(self.names), maybe_return_annotation) + apart

    def generate_output(self, output_args, *, descs=None, repr_fn=repr) -> str:
        """The line of `return`."""
        return f"return pytree.tree_unflatten({repr_fn(output_args)}, self._out_spec)"

    def process_inputs(self, *args):
        """The leaves of the arguments."""
        return _pytree.tree_leaves(args)

    def process_outputs(self, outputs):
        """The leaves in their containers."""
        return _pytree.tree_unflatten(list(outputs), self.out_spec)

    def additional_globals(self) -> list[tuple[str, object]]:
        """What takes trees apart, and what puts them together."""
        return [("fx_pytree", fx_pytree), ("pytree", _pytree)]


_wrapped: dict[int, object] = {}  # the functions that `wrap` was given, by id


class _Nodes:
    """The nodes of a graph, in order."""

    def __init__(self, graph: Graph):
        self.graph = graph

    def __len__(self) -> int:
        return self.graph._len

    def __iter__(self):
        return self._along("_next")

    def __reversed__(self):
        return self._along("_prev")

    def _along(self, link: str):
        """The nodes from link to link; what is erased meanwhile is passed by."""
        root = self.graph._root
        node = getattr(root, link)
        while node is not root:
            if not node._erased:
                yield node
            node = getattr(node, link)


class Graph:
    """What a function does: a list of nodes, from placeholders to an output.

    Parameters
    ----------
    owning_module : GraphModule, optional
        The module whose graph it is.
    tracer_cls : type, optional
        The class of the tracer that made it.
    tracer_extras : dict, optional
        Arguments of that class.

    Examples
    --------
    >>> from lucid import fx
    >>> graph = fx.Graph()
    >>> x = graph.placeholder("x")
    >>> y = graph.call_function(lucid.add, (x, 1), {"alpha": 2})
    >>> _ = graph.output(y)
    >>> print(graph)
    graph():
        %x : [num_users=1] = placeholder[target=x]
        %add : [num_users=1] = call_function[target=torch.add](args = (%x, 1), kwargs = {alpha: 2})
        return add
    >>> fx.GraphModule(lucid.nn.Module(), graph)(lucid.ones(2))
    Tensor([3.0, 3.0])
    """

    def __init__(self, owning_module=None, tracer_cls=None, tracer_extras=None):
        self._root = Node(self, "", "root", "", (), {})
        self._insert = self._root.prepend
        self._namespace = _Namespace()
        self._len = 0
        self._codegen = CodeGen()
        self.owning_module = owning_module
        self._tracer_cls, self._tracer_extras = tracer_cls, tracer_extras

    @property
    def nodes(self) -> _Nodes:
        """The nodes in order; may be changed while they are gone through."""
        return _Nodes(self)

    def output_node(self) -> Node:
        """The output."""
        return next(node for node in reversed(self.nodes) if node.op == "output")

    def find_nodes(self, *, op: str, target=None, sort: bool = True) -> list[Node]:
        """The nodes of a kind, and of a target."""
        return [node for node in self.nodes if node.op == op and (target is None or node.target == target)]

    def create_node(self, op: str, target, args=None, kwargs=None, name: str | None = None, type_expr=None) -> Node:
        """A new node at the point of insertion, which is the end unless `inserting_before` says otherwise."""
        if op not in ("call_function", "call_method", "get_attr", "call_module", "placeholder", "output"):
            raise AssertionError(f"op must be one of a node's, got {op!r}")
        name = self._namespace.create_name(name if name is not None else name_of(target), None)
        node = Node(self, name, op, target, args or (), kwargs or {}, type_expr)
        self._insert(node)
        self._len += 1
        return node

    def placeholder(self, name: str, type_expr=None, default_value=inspect.Signature.empty) -> Node:
        """A parameter of the function."""
        args = () if default_value is inspect.Signature.empty else (default_value,)
        return self.create_node("placeholder", name, args=args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr=None) -> Node:
        """An attribute of the module."""
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(self, module_name: str, args=None, kwargs=None, type_expr=None) -> Node:
        """A call of a module."""
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(self, method_name: str, args=None, kwargs=None, type_expr=None) -> Node:
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(self, the_function, args=None, kwargs=None, type_expr=None, name: str | None = None) -> Node:
        """A call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, name=name, type_expr=type_expr)

    def output(self, result, type_expr=None) -> Node:
        """What the function returns."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def node_copy(self, node: Node, arg_transform=lambda node: node) -> Node:
        """A copy of a node, of another graph perhaps; `arg_transform` gives for each node that it uses the one to use instead."""
        args, kwargs = map_arg(node.args, arg_transform), map_arg(dict(node.kwargs), arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = copy.copy(node.meta)
        return made

    def graph_copy(self, g: Graph, val_map: dict, return_output_node: bool = False):
        """Copy the nodes of a graph, up to its output; returns what the output returns.

        `val_map` says what stands for nodes of `g`, and is given all others; with `return_output_node` the output comes along.
        """
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], val_map.__getitem__)
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, val_map.__getitem__)
        return None

    def erase_node(self, to_erase: Node) -> None:
        """Take a node out. RuntimeError where its result is used."""
        if to_erase.users:
            raise RuntimeError(f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in the graph: {to_erase.users}!")
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            return
        to_erase._unlink()
        to_erase._erased = True
        self._len -= 1
        to_erase._set((), {})

    @contextmanager
    def _at(self, insert):
        before, self._insert = self._insert, insert
        try:
            yield
        finally:
            self._insert = before

    def inserting_before(self, n: Node | None = None):
        """A block in which new nodes go before one, or to the front."""
        return self._at(self._root.append if n is None else n.prepend)

    def inserting_after(self, n: Node | None = None):
        """A block in which new nodes go right behind one, the last first, or to the end."""
        return self._at(self._root.prepend if n is None else n.append)

    def lint(self) -> None:
        """RuntimeError where a node comes before one that it uses, or names what the module does not have."""
        known: set[Node] = set()
        for node in self.nodes:
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this graph")
            for one in node.all_input_nodes:
                if one.graph is not self:
                    raise RuntimeError(f"Argument '{one}' of Node '{node}' does not belong to this Graph, but was used as an argument!")
                if one not in known:
                    raise RuntimeError(
                        f"Argument '{one}' of Node '{node}' was used before it has been defined! Please check that Nodes "
                        f"in the graph are topologically ordered\n{self}"
                    )
            if node.op in ("get_attr", "call_module") and self.owning_module is not None:
                found = self.owning_module
                for part in node.target.split("."):
                    if not hasattr(found, part):
                        raise RuntimeError(f"Node {node} target {node.target} references nonexistent attribute {part} of {type(found).__name__}")
                    found = getattr(found, part)
            known.add(node)

    def eliminate_dead_code(self, is_impure_node=None) -> bool:
        """Take out the nodes whose results nobody uses, of modules of graphs that it takes too; returns whether there were any."""
        self.lint()
        before = self._len
        for node in reversed(self.nodes):
            if not node.users and not (is_impure_node(node) if is_impure_node else node.is_impure()):
                self.erase_node(node)
        changed = self._len < before
        for name in {node.target for node in self.nodes if node.op == "get_attr"}:
            inner = getattr(self.owning_module, name, None)
            if hasattr(inner, "recompile"):
                changed |= inner.graph.eliminate_dead_code()
                inner.recompile()
        return changed

    def python_code(self, root_module: str, *, verbose: bool = False, **shown) -> PythonCode:
        """The function's source, in which the module is called `root_module`."""
        return self._codegen._generate(self.nodes, root_module)

    def set_codegen(self, codegen: CodeGen) -> None:
        """Say how code is written."""
        self._codegen = codegen

    def on_generate_code(self, make_transformer):
        """Have `make_transformer(before)(lines)` change the lines of code; returns a block in which it does, or none to care."""
        before = self._codegen._body_transformer
        self._codegen._body_transformer = make_transformer(before)

        @contextmanager
        def restored():
            try:
                yield
            finally:
                self._codegen._body_transformer = before

        return restored()

    def process_inputs(self, *args):
        """What placeholders are given of the function's arguments."""
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out):
        """What the function returns of the output."""
        return self._codegen.process_outputs(out)

    def print_tabular(self) -> None:
        """Print the nodes as a table."""
        rows = [("opcode", "name", "target", "args", "kwargs"), *((n.op, n.name, str(n.target), str(n.args), str(n.kwargs)) for n in self.nodes)]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        for i, row in enumerate(rows):
            print("  ".join(one.ljust(width) for one, width in zip(row, widths)).rstrip())
            if i == 0:
                print("  ".join("-" * width for width in widths))

    def __deepcopy__(self, memo=None) -> Graph:
        made = Graph(tracer_cls=self._tracer_cls, tracer_extras=self._tracer_extras)
        result = made.graph_copy(self, table := {}, return_output_node=True)
        if result is not None:
            output = made.output(result[0], type_expr=getattr(result[1], "type", None))
            output.meta = copy.copy(result[1].meta)
        for old, new in table.items():
            new.meta = copy.copy(old.meta)
        made._codegen = copy.deepcopy(self._codegen)
        return made

    def __str__(self) -> str:
        return "graph():" + "".join(f"\n    {node.format_node()}" for node in self.nodes)
