"""The names by which programs mark what they profile. There is no profiler here: Python's `cProfile` and `perf` see all there is."""

from __future__ import annotations

import contextlib
import enum

__all__ = ["ProfilerActivity", "profile", "record_function"]


class ProfilerActivity(enum.Enum):
    """What would be looked at."""

    CPU, XPU, MTIA, CUDA, HPU = range(5)


class record_function(contextlib.ContextDecorator):
    """A name for a block or a function in a profile: it runs as any other.

    Parameters
    ----------
    name : str
        The name.
    args : str, optional
        More about it.
    """

    def __init__(self, name: str, args: str | None = None):
        self.name, self.args = name, args

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


def profile(*args, **kwargs):
    """Raises NotImplementedError: there is no profiler."""
    raise NotImplementedError("profiler.profile(): Lucid has no profiler of its own; use cProfile, or perf for the kernels")
