"""Tracing: functions and modules as graphs of calls, which programs read and rewrite, and run again as Python code.

A function is run once on `Proxy` objects, which note by `__torch_function__` and Python's operators what is done to them. Graphs
print, and code reads, as PyTorch's do: `torch` in it is Lucid.
"""

from __future__ import annotations

from lucid.fx._symbolic_trace import PH, ProxyableClassMeta, Tracer, symbolic_trace, wrap  # noqa: F401
from lucid.fx.graph import CodeGen, Graph  # noqa: F401
from lucid.fx.graph_module import GraphModule  # noqa: F401
from lucid.fx.interpreter import Interpreter, Transformer  # noqa: F401
from lucid.fx.node import Node, has_side_effect, map_arg  # noqa: F401
from lucid.fx.proxy import Proxy  # noqa: F401
from lucid.fx.subgraph_rewriter import replace_pattern  # noqa: F401

__all__ = [
    "CodeGen", "Graph", "GraphModule", "Interpreter", "Node", "PH", "Proxy", "ProxyableClassMeta", "SymBool", "SymFloat", "SymInt",
    "Tracer", "Transformer", "has_side_effect", "map_arg", "replace_pattern", "symbolic_trace", "wrap",
]  # fmt: skip


class _Symbolic:
    def __init__(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__}: shapes are numbers in Lucid, also while functions are traced")


class SymInt(_Symbolic):
    """An int that is not known while a function is traced; there is none."""


class SymFloat(_Symbolic):
    """A float that is not known while a function is traced; there is none."""


class SymBool(_Symbolic):
    """A bool that is not known while a function is traced; there is none."""
