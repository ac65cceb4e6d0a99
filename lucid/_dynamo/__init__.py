"""PyTorch's own module behind `compiler`; packages take these names from it."""

from __future__ import annotations

from lucid.compiler import allow_in_graph, assume_constant_result, disable, is_compiling, reset

__all__ = ["allow_in_graph", "assume_constant_result", "disable", "is_compiling", "mark_dynamic", "mark_static", "mark_static_address", "reset"]


def mark_dynamic(t, index=None, **bounds) -> None:
    """Say that a size changes between calls: nothing is compiled."""


mark_static = mark_static_address = mark_dynamic
