"""Timers of statements."""

from __future__ import annotations

import enum
import textwrap
import timeit
from collections.abc import Callable
from typing import Any

import lucid
from lucid.utils.benchmark.utils.common import Measurement, TaskSpec, set_torch_threads

__all__ = ["Timer", "timer"]


def timer() -> float:
    """Seconds, of which differences mean something.

    Returns
    -------
    float
        The time by the finest clock.

    Examples
    --------
    >>> from lucid.utils.benchmark import timer
    >>> before = timer()
    >>> timer() >= before
    True
    """
    return timeit.default_timer()


class Language(enum.Enum):
    """What a statement is written in."""

    PYTHON = 0
    CPP = 1


def _dedented(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n").rstrip()


class Timer:
    """Measures how long a statement takes, after it ran a few times and with a given number of threads.

    Parameters
    ----------
    stmt : str, optional
        What is measured. `torch` and `lucid` in it are Lucid.
    setup : str, optional
        What runs once before.
    global_setup : str, optional
        Of C++ alone: ValueError.
    timer : callable, optional
        Returns the time in seconds.
    globals : dict, optional
        The variables that `stmt` sees.
    label, sub_label, description, env : str, optional
        Names by which `Compare` and a printed `Measurement` tell statements apart.
    num_threads : int, optional
        The number of threads.
    language : Language or str, optional
        Python; C++ raises NotImplementedError.

    Examples
    --------
    >>> from lucid.utils.benchmark import Timer
    >>> found = Timer("x + 1", globals={"x": lucid.ones(4)}).timeit(100)
    >>> found.number_per_run, found.median > 0
    (100, True)
    """

    _timer_cls = timeit.Timer

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Language | str = Language.PYTHON,
    ):
        if not isinstance(stmt, str):
            raise ValueError(f"Timer: stmt must be a text, got {type(stmt).__name__}")
        if language in (Language.CPP, "cpp", "c++"):
            raise NotImplementedError("Timer: Lucid compiles no C++; language must be Language.PYTHON")
        if language not in (Language.PYTHON, "py", "python"):
            raise ValueError(f"Timer: unknown language {language!r}")
        if global_setup:
            raise ValueError(f"Timer: global_setup is for C++; in Python it belongs into setup, got {global_setup!r}")
        stmt, setup = _dedented(stmt), _dedented(setup)
        self._timer = self._timer_cls(stmt=stmt, setup=setup, timer=timer, globals={"torch": lucid, "lucid": lucid, **(globals or {})})
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)

    def _time(self, number: int) -> float:
        return max(self._timer.timeit(number), 1e-9)  # of which one can be a part

    def _measurement(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, times, self._task_spec)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Measure `number` runs as one, after a hundredth as many that do not count.

        Parameters
        ----------
        number : int, optional
            How often the statement runs.

        Returns
        -------
        Measurement
            One time.
        """
        with set_torch_threads(self._task_spec.num_threads):
            self._time(max(int(number // 100), 2))
            return self._measurement(number, [self._time(number)])

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """NotImplementedError: `blocked_autorange` repeats."""
        raise NotImplementedError("Timer.repeat(): use blocked_autorange()")

    def autorange(self, callback: Callable[[int, float], Any] | None = None) -> None:
        """NotImplementedError: `blocked_autorange` finds the number of runs."""
        raise NotImplementedError("Timer.autorange(): use blocked_autorange()")

    def _runs_of_a_block(self, least: float) -> int:
        """As many that the clock's own time is below a ten-thousandth of theirs."""
        with set_torch_threads(self._task_spec.num_threads):
            empty = lucid.tensor([self._time(0) for _ in range(5)], dtype=lucid.float32).median().item()
            number = 1
            while number * 10 < 2**31:
                taken = self._time(number)
                if taken > least or (empty / taken <= 1e-4 and taken >= least / 1000):
                    break
                number *= 10
        return number

    def _blocks(self, number: int, enough: Callable[[list[float]], bool], least: float, most: float | None, callback) -> Measurement:
        times: list[float] = []
        total = 0.0
        with set_torch_threads(self._task_spec.num_threads):
            while True:
                times.append(self._time(number))
                total += times[-1]
                if callback:
                    callback(number, times[-1])
                if (enough(times) and total >= least) or (most and total > most):
                    return self._measurement(number, times)

    def blocked_autorange(self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2) -> Measurement:
        """Measure blocks of runs until `min_run_time` is over; a block is so large that the clock's own time does not count.

        Parameters
        ----------
        callback : callable, optional
            Called with the number of runs and the seconds of each block.
        min_run_time : float, optional
            Seconds.

        Returns
        -------
        Measurement
            The times of the blocks.
        """
        return self._blocks(self._runs_of_a_block(min_run_time), lambda times: True, min_run_time, None, callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Measure blocks of runs, at least four, until their times vary by less than a part of the median.

        Parameters
        ----------
        threshold : float, optional
            The part.
        min_run_time, max_run_time : float, optional
            Seconds that have to be over first, and after which it ends in any case.
        callback : callable, optional
            Called with the number of runs and the seconds of each block.

        Returns
        -------
        Measurement
            The times of the blocks.
        """
        number = self._runs_of_a_block(0.05)

        def enough(times: list[float]) -> bool:
            return len(times) > 3 and self._measurement(number, times).meets_confidence(threshold)

        return self._blocks(number, enough, min_run_time, max_run_time, callback)

    def collect_callgrind(self, number: int = 100, *, repeats: int | None = None, collect_baseline: bool = True, retain_out_file: bool = False):
        """NotImplementedError: instructions are not counted."""
        raise NotImplementedError("Timer.collect_callgrind(): Lucid counts no instructions; measure times with blocked_autorange()")
