"""Values that are there later: set by the program, as nothing here runs beside it."""

from __future__ import annotations

import threading

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """A value that `set_result` gives, or an exception that `set_exception` does; other threads may wait for it."""

    def __init__(self, *, devices=None):
        self._there, self._lock = threading.Event(), threading.Lock()
        self._value, self._error, self._callbacks = None, None, []

    def __class_getitem__(cls, kind):
        return cls

    def done(self) -> bool:
        """Whether it is there."""
        return self._there.is_set()

    def wait(self):
        """The value, when it is there; raises the exception."""
        self._there.wait()
        return self.value()

    def value(self):
        """The value. RuntimeError if it is not there; raises the exception."""
        if not self.done():
            raise RuntimeError("Future.value(): the value is not there yet")
        if self._error is not None:
            raise self._error
        return self._value

    def _settle(self, value, error) -> None:
        with self._lock:
            if self.done():
                raise RuntimeError("Future can only be marked completed once")
            self._value, self._error = value, error
            self._there.set()
        for callback in self._callbacks:
            callback(self)

    def set_result(self, result) -> None:
        """Give the value. RuntimeError if it was given."""
        self._settle(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Give an exception instead. RuntimeError if the value was given."""
        self._settle(None, result)

    def add_done_callback(self, callback) -> None:
        """Have a function of the future called when its value is there."""
        with self._lock:
            if not self.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback) -> Future:
        """The result of a function of the future, when its value is there."""
        made = Future()

        def run(future):
            try:
                made.set_result(callback(future))
            except Exception as error:
                made.set_exception(error)

        self.add_done_callback(run)
        return made


def collect_all(futures: list) -> Future:
    """The list of futures, when the values of all are there."""
    made, left = Future(), [len(futures)]
    lock = threading.Lock()

    def count(_) -> None:
        with lock:
            left[0] -= 1
        if not left[0]:
            made.set_result(futures)

    for one in futures:
        one.add_done_callback(count)
    if not futures:
        made.set_result(futures)
    return made


def wait_all(futures: list) -> list:
    """The values of some futures, when they are there."""
    return [one.wait() for one in futures]
