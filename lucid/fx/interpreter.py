"""Running a graph node by node, and making a graph of another by doing so."""

from __future__ import annotations

from lucid.fx._symbolic_trace import Tracer
from lucid.fx.graph import Graph
from lucid.fx.graph_module import GraphModule
from lucid.fx.node import Node, map_aggregate, map_arg
from lucid.fx.proxy import Proxy

__all__ = ["Interpreter", "Transformer"]


class Interpreter:
    """Runs a graph node by node, each by the method of its kind, which subclasses replace.

    Parameters
    ----------
    module : GraphModule
        Whose graph is run.
    garbage_collect_values : bool, optional
        Forget results after their last use.
    graph : Graph, optional
        Another graph than the module's own.

    Examples
    --------
    >>> from lucid import fx
    >>> class Counts(fx.Interpreter):
    ...     calls = 0
    ...     def call_function(self, target, args, kwargs):
    ...         self.calls += 1
    ...         return super().call_function(target, args, kwargs)
    >>> counts = Counts(fx.symbolic_trace(lambda x: lucid.exp(x) + 1))
    >>> counts.run(lucid.zeros(1)), counts.calls
    (Tensor([2.0]), 2)
    """

    def __init__(self, module, garbage_collect_values: bool = True, graph: Graph | None = None):
        self.module, self.garbage_collect_values = module, garbage_collect_values
        self.graph = module.graph if graph is None else graph
        self.submodules = dict(module.named_modules())
        self.env: dict[Node, object] = {}
        self.name = "Interpreter"
        self.extra_traceback = True
        last: dict[Node, Node] = {}
        for node in reversed(self.graph.nodes):
            for one in node.all_input_nodes:
                last.setdefault(one, node)
        self.user_to_last_uses: dict[Node, list[Node]] = {}
        for one, user in last.items():
            self.user_to_last_uses.setdefault(user, []).append(one)

    def run(self, *args, initial_env: dict | None = None, enable_io_processing: bool = True):
        """What the graph gives for some arguments.

        `initial_env` holds results of nodes that are not run; without `enable_io_processing` arguments and result are those of
        the placeholders and the output, whatever the graph's code makes of them.
        """
        self.env = {} if initial_env is None else initial_env
        if enable_io_processing:
            args = self.graph.process_inputs(*args)
        self.args_iter = iter(args)
        for node in self.graph.nodes:
            if node in self.env:
                continue
            self.env[node] = self.run_node(node)
            if self.garbage_collect_values:
                for one in self.user_to_last_uses.get(node, ()):
                    del self.env[one]
            if node.op == "output":
                found = self.env[node]
                return self.graph.process_outputs(found) if enable_io_processing else found
        return None

    def boxed_run(self, args_list: list):
        """`run` of a list of all arguments, which is emptied. RuntimeError where some are missing."""
        args = tuple(args_list)
        if len(args) != (wanted := len(self.graph.find_nodes(op="placeholder"))):
            raise RuntimeError(f"Interpreter.boxed_run expected {wanted} arguments for placeholders but received {len(args)}")
        args_list.clear()
        return self.run(*args, enable_io_processing=False)

    def run_node(self, n: Node):
        """The result of a node."""
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        return getattr(self, n.op)(n.target, args, kwargs)

    def placeholder(self, target: str, args: tuple, kwargs: dict):
        """The next argument, or its default. RuntimeError where there is neither."""
        if target.startswith("*"):
            return list(self.args_iter)
        for one in self.args_iter:
            return one
        if args:
            return args[0]
        raise RuntimeError(f"Expected positional argument for parameter {target}, but one was not passed in!")

    def get_attr(self, target: str, args: tuple, kwargs: dict):
        """An attribute of the module."""
        return self.fetch_attr(target)

    def call_function(self, target, args: tuple, kwargs: dict):
        """The result of a function."""
        return target(*args, **kwargs)

    def call_method(self, target: str, args: tuple, kwargs: dict):
        """The result of a method."""
        return getattr(args[0], target)(*args[1:], **kwargs)

    def call_module(self, target: str, args: tuple, kwargs: dict):
        """The result of a module."""
        return self.fetch_attr(target)(*args, **kwargs)

    def output(self, target: str, args: tuple, kwargs: dict):
        """What the graph returns."""
        return args[0]

    def fetch_attr(self, target: str):
        """What a qualified name means in the module. RuntimeError where it means nothing."""
        found = self.module
        for i, part in enumerate(parts := target.split(".")):
            if not hasattr(found, part):
                raise RuntimeError(f"Node referenced nonexistent target {'.'.join(parts[: i + 1])}")
            found = getattr(found, part)
        return found

    def fetch_args_kwargs_from_env(self, n: Node) -> tuple[tuple, dict]:
        """The arguments of a node, with results in place of nodes."""
        return self.map_nodes_to_values(n.args, n), self.map_nodes_to_values(dict(n.kwargs), n)

    def map_nodes_to_values(self, args, n: Node):
        """An argument with results in place of nodes."""

        def value(node):
            if node not in self.env:
                raise RuntimeError(f"Node {n} referenced nonexistent value {node}! Run Graph.lint() to diagnose such issues")
            return self.env[node]

        return map_arg(args, value)


class _TransformerTracer(Tracer):
    def __init__(self, graph: Graph, root):
        super().__init__()
        self.graph, self.root, self._constants = graph, root, {}

    def is_leaf_module(self, m, module_qualified_name: str) -> bool:
        return True


class Transformer(Interpreter):
    """Makes a new graph by running one on proxies: what the methods return takes the place of each node.

    Parameters
    ----------
    module : GraphModule
        Whose graph is run.

    Examples
    --------
    >>> from lucid import fx
    >>> class Negates(fx.Transformer):
    ...     def call_function(self, target, args, kwargs):
    ...         return super().call_function(lucid.neg if target is lucid.exp else target, args, kwargs)
    >>> Negates(fx.symbolic_trace(lambda x: lucid.exp(x))).transform()(lucid.ones(1))
    Tensor([-1.0])
    """

    def __init__(self, module: GraphModule):
        super().__init__(module)
        self.new_graph = Graph()
        self.new_graph.set_codegen(module.graph._codegen)
        self.tracer = _TransformerTracer(self.new_graph, module)
        self.tracer.root = module

    def placeholder(self, target: str, args: tuple, kwargs: dict) -> Proxy:
        """A placeholder of the new graph."""
        default = {"default_value": args[0]} if args else {}
        return Proxy(self.new_graph.placeholder(target, **default), self.tracer)

    def get_attr(self, target: str, args: tuple, kwargs: dict) -> Proxy:
        """An attribute of the module, in the new graph."""
        return self.tracer.create_proxy("get_attr", target, args, kwargs)

    def call_module(self, target: str, args: tuple, kwargs: dict):
        """A call of a module, in the new graph."""
        return self.tracer.call_module(self.fetch_attr(target), self.fetch_attr(target).forward, args, kwargs)

    def call_function(self, target, args: tuple, kwargs: dict):
        """A call of a function, in the new graph."""
        return self.tracer.create_proxy("call_function", target, args, kwargs)

    def transform(self) -> GraphModule:
        """The module with the new graph."""
        result = super().run(enable_io_processing=False)
        if result is not None:

            def node(value):
                return value.node if isinstance(value, Proxy) else value

            old = self.graph.output_node()
            made = self.new_graph.output(map_aggregate(result, node), type_expr=old.type)
            made.meta.update(old.meta)
        return GraphModule(self.module, self.new_graph, type(self.module).__name__)
