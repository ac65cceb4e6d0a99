"""Python's `multiprocessing`, whose processes share the memory of tensors: those that go through a queue, a pipe or a pool, or to a
process that is started, arrive as the same memory.

From the first import of this module on that also holds for queues that `multiprocessing` itself makes.
"""

import multiprocessing
from multiprocessing import *  # noqa: F403

from lucid.multiprocessing.reductions import init_reductions
from lucid.multiprocessing.spawn import (  # noqa: F401
    ProcessContext,
    ProcessException,
    ProcessExitedException,
    ProcessRaisedException,
    spawn,
    start_processes,
)

__all__ = ["get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", *multiprocessing.__all__]

_strategies = {"file_descriptor", "file_system"}
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set:
    """The names that `set_sharing_strategy` takes."""
    return _strategies


def get_sharing_strategy() -> str:
    """The name of how memory is shared, as it was set."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Say how memory is shared: AssertionError for a name that PyTorch does not know.

    The names are PyTorch's, and mean the same here: shared memory has no name in the file system, its descriptor travels. Nothing is
    left behind by a process that is killed, and where many descriptors are open their limit is raised as far as the system permits.

    Examples
    --------
    >>> lucid.multiprocessing.set_sharing_strategy("file_system")
    >>> lucid.multiprocessing.get_sharing_strategy()
    'file_system'
    >>> lucid.multiprocessing.set_sharing_strategy("file_descriptor")
    """
    global _strategy
    if new_strategy not in _strategies:
        raise AssertionError(f"invalid sharing strategy {new_strategy!r}, expected one of {sorted(_strategies)}")
    _strategy = new_strategy


init_reductions()
