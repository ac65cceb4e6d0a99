"""The names by which programs prepare for PyTorch's tracer of functions: nothing is traced, so no proxy and no graph is ever met."""

from __future__ import annotations

__all__ = ["GraphModule", "Proxy", "SymBool", "SymFloat", "SymInt", "wrap"]


class _Untraced:
    def __init__(self, *args, **kwargs):
        raise NotImplementedError(f"fx.{type(self).__name__}: Lucid does not trace functions")


class Proxy(_Untraced):
    """What stands for a tensor while a function is traced; there is none."""


class GraphModule(_Untraced):
    """A module made of a traced function; there is none."""


class SymInt(_Untraced):
    """An int that is not known while a function is traced; there is none."""


class SymFloat(_Untraced):
    """A float that is not known while a function is traced; there is none."""


class SymBool(_Untraced):
    """A bool that is not known while a function is traced; there is none."""


def wrap(fn_or_name):
    """The function itself, or its name: it would be a leaf where functions are traced."""
    return fn_or_name
