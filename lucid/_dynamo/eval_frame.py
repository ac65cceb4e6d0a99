"""Where packages look for `OptimizedModule`."""

from lucid._dynamo import OptimizedModule

__all__ = ["OptimizedModule"]
