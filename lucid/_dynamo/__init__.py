"""PyTorch's own module behind `compiler`; packages take these names from it."""

from __future__ import annotations

from lucid._dynamo import config
from lucid.compiler import allow_in_graph, assume_constant_result, disable, is_compiling, reset
from lucid.nn import Module

__all__ = ["OptimizedModule", "allow_in_graph", "assume_constant_result", "config", "disable", "is_compiling", "mark_dynamic",
           "mark_static", "mark_static_address", "reset"]


class OptimizedModule(Module):
    """What `compile` makes of a module: the module runs as it is, and the names in a `state_dict` are PyTorch's, `_orig_mod.weight`.

    Attributes are the module's.
    """

    def __init__(self, mod: Module, dynamo_ctx=None):
        super().__init__()
        self._modules["_orig_mod"] = mod
        self.__dict__["training"] = mod.training

    def forward(self, *args, **kwargs):
        return self._modules["_orig_mod"](*args, **kwargs)

    def __getattr__(self, name: str):
        inner = self.__dict__.get("_modules")  # not there yet while a copy is made
        if not inner:
            raise AttributeError(name)
        return inner[name] if name == "_orig_mod" else getattr(inner["_orig_mod"], name)

    def __setattr__(self, name: str, value) -> None:
        if name in self.__dict__:
            self.__dict__[name] = value
        else:
            setattr(self._orig_mod, name, value)


def mark_dynamic(t, index=None, **bounds) -> None:
    """Say that a size changes between calls: nothing is compiled."""


mark_static = mark_static_address = mark_dynamic

from lucid._dynamo import eval_frame  # noqa: E402, F401
