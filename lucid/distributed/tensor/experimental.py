"""Tensors of several processes beside plain ones."""

import contextlib

__all__ = ["implicit_replication"]


@contextlib.contextmanager
def implicit_replication():
    """Take plain tensors for ones that every process holds: in one process, what they are."""
    yield
