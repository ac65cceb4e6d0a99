"""The names by which programs mark what they profile. There is no profiler here: Python's `cProfile` and `perf` see all there is."""

from __future__ import annotations

import contextlib
import enum

__all__ = ["EventList", "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "tensorboard_trace_handler"]


class ProfilerActivity(enum.Enum):
    """What would be looked at."""

    CPU, XPU, MTIA, CUDA, HPU = range(5)


class ProfilerAction(enum.Enum):
    """What a schedule says of a step."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = range(4)


class EventList(list):
    """What was seen: nothing."""


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


emit_itt = emit_nvtx = schedule = tensorboard_trace_handler = profile


def kineto_available() -> bool:
    """Whether PyTorch's own recorder is there: False."""
    return False
