"""PyTorch's own module behind `compiler`; packages take these names from it."""

from __future__ import annotations

from lucid.compiler import allow_in_graph, assume_constant_result, disable, is_compiling, reset

__all__ = ["OptimizedModule", "allow_in_graph", "assume_constant_result", "disable", "is_compiling", "mark_dynamic", "mark_static",
           "mark_static_address", "reset"]


class OptimizedModule:
    """A compiled module: `compile` gives modules back as they are, so that none is one."""


def mark_dynamic(t, index=None, **bounds) -> None:
    """Say that a size changes between calls: nothing is compiled."""


mark_static = mark_static_address = mark_dynamic

from lucid._dynamo import eval_frame  # noqa: E402, F401
