"""What programs ask of a device, answered for the CPU: there is one, whose work is done when a call returns."""

from __future__ import annotations

import contextlib

from lucid.cpu import amp  # noqa: F401

__all__ = [
    "Event", "Stream", "StreamContext", "current_device", "current_stream", "device_count", "is_available", "is_initialized",
    "set_device", "stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a CPU: True."""
    return True


is_initialized = is_available


def device_count() -> int:
    """How many there are: 1."""
    return 1


def current_device() -> str:
    """The device: "cpu"."""
    return "cpu"


def set_device(device) -> None:
    """Nothing: there is one."""


def synchronize(device=None) -> None:
    """Nothing: there is nothing to wait for."""


class Stream:
    """A queue of work; what is given to it is done at once."""

    def __init__(self, priority: int = -1):
        pass

    def wait_stream(self, stream) -> None:
        """Nothing: its work is done."""

    def wait_event(self, event) -> None:
        """Nothing: it has passed."""

    def record_event(self) -> None:
        """Nothing."""


class Event:
    """A point in such a queue; it has passed."""

    def query(self) -> bool:
        """Whether it has passed: True."""
        return True

    def record(self, stream=None) -> None:
        """Nothing."""

    def synchronize(self) -> None:
        """Nothing: it has passed."""

    wait = record


_current = Stream()


def current_stream(device=None) -> Stream:
    """The queue that a block chose, or else the one that there is."""
    return _current


class StreamContext(contextlib.AbstractContextManager):
    """A block whose queue is `stream`."""

    def __init__(self, stream: Stream | None):
        self.stream = stream

    def __enter__(self) -> None:
        global _current
        self.before = _current
        _current = self.stream or _current

    def __exit__(self, *error) -> None:
        global _current
        _current = self.before


def stream(stream: Stream | None) -> StreamContext:
    """A block whose queue is `stream`."""
    return StreamContext(stream)
