"""Observers: shown every operation that a thread calls, those within others too, every node of its backward passes, and named blocks.

The profiler and the counter of operations are observers. Where there is none, nothing is paid for them.
"""

from __future__ import annotations

import contextlib
import threading

from lucid import overrides
from lucid._kernels import core
from lucid.optim import optimizer
from lucid.utils.data import dataloader

__all__ = ["Observer", "block"]


class _Here(threading.local):
    def __init__(self):
        self.observers: list[Observer] = []


_here = _Here()
_attached = 0  # observers of all threads
_counting = threading.Lock()


class Observer:
    """Sees what its thread runs, from `attach` to `detach`.

    Each method is called when something begins, and what it returns, if anything, when that ends.
    """

    def call(self, func, args: tuple, kwargs: dict):
        """An operation is called; the answer is called with its result, None if it raised."""

    def node(self, node):
        """A node is run; the answer is called without anything."""

    def named(self, name: str):
        """A block is entered; the answer is called without anything."""

    def attach(self) -> None:
        """Begin to observe this thread."""
        if not _here.observers:
            overrides.push(_MODE, at=0)  # modes that a program enters are asked before, and their calls are seen
        _here.observers.append(self)
        _count(1)

    def detach(self) -> None:
        """Observe no longer."""
        _here.observers.remove(self)
        if not _here.observers:
            overrides.drop(_MODE)
        _count(-1)


def _count(change: int) -> None:
    global _attached
    with _counting:
        _attached += change
        core.set_node_watcher(_node_begins if _attached else None)
        optimizer.observed = dataloader.observed = block if _attached else None


def _begun(kind: str, *what) -> list:
    answers = [getattr(one, kind)(*what) for one in _here.observers]
    return [one for one in answers if one is not None]


def _node_begins(node):
    if not _here.observers:
        return None
    ends = _begun("node", node)

    def end():
        for one in reversed(ends):
            one()

    return end


@contextlib.contextmanager
def block(name: str):
    """A block that this thread's observers see.

    Parameters
    ----------
    name : str
        Its name.
    """
    ends = _begun("named", name)
    try:
        yield
    finally:
        for one in reversed(ends):
            one()


class _Mode(overrides.TorchFunctionMode):
    """How observers come to see calls."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

    def _own(self, func, args: tuple, kwargs: dict):
        ends = _begun("call", func, args, kwargs) if hasattr(func, "op") else ()
        result = None
        try:
            if any(core.overrides(one) for one in (*args, *kwargs.values())):
                with overrides._without_mode():
                    result = func(*args, **kwargs)
            else:
                core.let_through(True)
                result = func(*args, **kwargs)
            return result
        finally:
            core.let_through(False)
            for one in reversed(ends):
                one(result)


_MODE = _Mode()
