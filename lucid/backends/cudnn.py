"""NVIDIA's library of layers: not there. Its switches are remembered and change nothing."""

from __future__ import annotations

import contextlib

__all__ = ["flags", "is_available", "version"]

enabled = allow_tf32 = True
benchmark = deterministic = False


def is_available() -> bool:
    """Whether the library is there: False."""
    return False


def version() -> None:
    """Its version: None."""
    return


@contextlib.contextmanager
def switched(module: dict, **new):
    """In a block, the switches of a module set so; `module` is its namespace."""
    old = {name: module[name] for name in new}
    module.update(new)
    try:
        yield
    finally:
        module.update(old)


def flags(enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True, fp32_precision="none"):
    """In a block, the switches set so."""
    return switched(globals(), enabled=enabled, benchmark=benchmark, deterministic=deterministic, allow_tf32=allow_tf32)
