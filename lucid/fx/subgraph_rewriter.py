"""Replacing what looks like one function in a graph by another."""

from __future__ import annotations

from typing import NamedTuple

from lucid.fx._symbolic_trace import symbolic_trace
from lucid.fx.graph import Graph
from lucid.fx.graph_module import GraphModule
from lucid.fx.node import Node

__all__ = ["Match", "replace_pattern"]


class Match(NamedTuple):
    """A place where a pattern was found: the node of the pattern's result, and for each node of the pattern the one of the graph."""

    anchor: Node
    nodes_map: dict


def _same(a, b, table: dict) -> bool:
    """Whether a value of the pattern matches one of the graph; what nodes stand for goes into the table."""
    if isinstance(a, Node):
        if not isinstance(b, Node):
            if a.op == "placeholder" and a not in table:
                table[a] = b
                return True
            return a in table and table[a] is b
        if a in table:
            return table[a] is b
        if a.op == "placeholder":
            table[a] = b
            return True
        if a.op != b.op or a.target != b.target or len(a.args) != len(b.args) or a.kwargs.keys() != b.kwargs.keys():
            return False
        table[a] = b
        return _same(a.args, b.args, table) and all(_same(one, b.kwargs[key], table) for key, one in a.kwargs.items())
    if isinstance(a, (tuple, list)):
        return isinstance(b, (tuple, list)) and len(a) == len(b) and all(_same(one, other, table) for one, other in zip(a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(one, b[key], table) for key, one in a.items())
    return type(a) is type(b) and a == b


def _matches(graph: Graph, pattern: Graph) -> list[Match]:
    """The places where a pattern is found, none of which share a node, or are used in between."""
    results = pattern.output_node().args[0]
    results = results if isinstance(results, (tuple, list)) else (results,)
    anchor, found, taken = results[-1], [], set()
    for node in graph.nodes:
        table: dict = {}
        if not _same(anchor, node, table) or not all(one in table for one in results):
            continue
        inner = {one: other for one, other in table.items() if one.op not in ("placeholder", "get_attr")}
        own = set(inner.values())
        private = all(own.issuperset(other.users) for one, other in inner.items() if one not in results)
        if private and not own & taken:
            taken |= own
            found.append(Match(anchor, table))
    return found


def replace_pattern(gm: GraphModule, pattern, replacement) -> list[Match]:
    """Replace every part of a graph that does what one function does by what another does.

    Parameters
    ----------
    gm : GraphModule
        Whose graph is changed.
    pattern, replacement : callable or GraphModule
        Functions of the same parameters; they are traced.

    Returns
    -------
    list of Match
        The places that were found. None of them share a node, and results that the pattern does not return are used nowhere else.

    Examples
    --------
    >>> from lucid import fx
    >>> traced = fx.symbolic_trace(lambda x, y: lucid.relu(x + y) * 2)
    >>> len(fx.replace_pattern(traced, lambda a, b: lucid.relu(a + b), lambda a, b: lucid.exp(a - b)))
    1
    >>> print(traced.code.strip())
    def forward(self, x, y):
        sub = x - y;  x = y = None
        exp = torch.exp(sub);  sub = None
        mul = exp * 2;  exp = None
        return mul
    """
    wanted, new = (one.graph if isinstance(one, GraphModule) else symbolic_trace(one).graph for one in (pattern, replacement))
    results = wanted.output_node().args[0]
    results = results if isinstance(results, (tuple, list)) else (results,)
    found = _matches(gm.graph, wanted)
    replaced: dict[Node, object] = {}  # what stands for results of matches before
    for match in found:
        table = match.nodes_map
        inputs = [table[one] for one in wanted.nodes if one.op == "placeholder"]
        inputs = [replaced.get(one, one) if isinstance(one, Node) else one for one in inputs]
        places = [one for one in new.nodes if one.op == "placeholder"]
        if len(places) != len(inputs):
            raise AssertionError("the pattern and the replacement have to have the same parameters")
        users = {user for one in results for user in table[one].users}
        first = next((one for one in gm.graph.nodes if one in users), table[results[-1]].next)
        with gm.graph.inserting_before(first):
            made = gm.graph.graph_copy(new, dict(zip(places, inputs)))
        made = made if isinstance(made, (tuple, list)) else (made,)
        if len(made) != len(results):
            raise AssertionError("the pattern and the replacement have to return as many values")
        for one, value in zip(results, made):
            table[one].replace_all_uses_with(value)
            replaced[table[one]] = value
        inner = [other for one, other in table.items() if one.op not in ("placeholder", "output") and isinstance(other, Node)]
        for node in reversed([one for one in gm.graph.nodes if one in inner]):
            if not node.users:
                gm.graph.erase_node(node)
    gm.recompile()
    return found
