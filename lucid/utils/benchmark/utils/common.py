"""What was measured: a task, the times that it took, and what they say."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import lucid

__all__ = ["Measurement", "TaskSpec", "ordered_unique", "select_unit", "set_torch_threads", "trim_sigfig", "unit_to_english"]

UNITS = {"s": ("second", 1), "ms": ("millisecond", 1e-3), "us": ("microsecond", 1e-6), "ns": ("nanosecond", 1e-9)}


def log10(value: float) -> float:
    """In float32: what lies on a power of ten must come to the same side as in PyTorch."""
    return lucid.tensor(value, dtype=lucid.float32).log10().item()


def _block(heading: str, text: str) -> str:
    return f"{heading}\n{textwrap.indent(text, '  ')}"


@dataclass(frozen=True, repr=False)
class TaskSpec:
    """What a `Timer` runs and how it is called in tables.

    Parameters
    ----------
    stmt, setup : str
        What is measured, and what runs before it.
    global_setup : str, optional
        What C++ would begin with.
    label, sub_label, description, env : str, optional
        Names of the table, the row, the column, and the surroundings.
    num_threads : int, optional
        The number of threads.

    Examples
    --------
    >>> from lucid.utils.benchmark import TaskSpec
    >>> TaskSpec("x + 1", "pass", sub_label="float").title
    'x + 1: float'
    """

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or else the statement, with the `sub_label`."""
        if self.label is None and "\n" in self.stmt:
            return _block(f"stmt: ({self.sub_label})" if self.sub_label else "stmt:", self.stmt)
        name = self.stmt if self.label is None else self.label
        return f"{name}: {self.sub_label}" if self.sub_label else name

    def setup_str(self) -> str:
        """The setup as a measurement prints it: nothing if there is none."""
        if self.setup in ("", "pass"):
            return ""
        return _block("setup:", self.setup) if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup, those that there are."""
        parts = filter(None, (self.title, self.description, self.setup_str()))
        return "\n".join(part + "\n" * ("\n" in part) for part in parts)


class _Statistics(NamedTuple):
    median: float = -1.0
    mean: float = -1.0
    lower: float = -1.0
    upper: float = -1.0


@dataclass(repr=False)
class Measurement:
    """The times that a statement took, and their statistics; fields of its `TaskSpec` are found here too.

    Parameters
    ----------
    number_per_run : int
        How often the statement ran for each of the times.
    raw_times : list of float
        Seconds.
    task_spec : TaskSpec
        What ran.
    metadata : dict, optional
        Whatever the caller wants to keep.

    Examples
    --------
    >>> from lucid.utils.benchmark import Measurement, TaskSpec
    >>> found = Measurement(10, [3e-5, 2e-5, 4e-5], TaskSpec("x + 1", "pass"))
    >>> found.median, found.stmt
    (3e-06, 'x + 1')
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str):
        if name in _TASK:
            return getattr(self.task_spec, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def times(self) -> list[float]:
        """Seconds of one run, for each of the times."""
        return [time / self.number_per_run for time in self.raw_times]

    @cached_property
    def _statistics(self) -> _Statistics:
        if not self.raw_times:
            return _Statistics()
        times = lucid.tensor(sorted(self.times), dtype=lucid.float64)
        lower, median, upper = times.quantile(lucid.tensor([0.25, 0.5, 0.75], dtype=lucid.float64)).tolist()
        return _Statistics(median, times.mean().item(), lower, upper)

    @property
    def median(self) -> float:
        """Half of the runs took no longer."""
        return self._statistics.median

    @property
    def mean(self) -> float:
        """The mean of a run."""
        return self._statistics.mean

    @property
    def iqr(self) -> float:
        """How far apart the quarters of the shortest and of the longest times are."""
        return self._statistics.upper - self._statistics.lower

    @property
    def significant_figures(self) -> int:
        """How many digits of the median mean something, one to four: as many as an interval of 90 %, estimated by the middle
        half of the times and at least 25 ns wide, leaves."""
        n = len(self.raw_times)
        middle = lucid.tensor(sorted(self.times)[n // 4 : -(-3 * n // 4)], dtype=lucid.float32)
        interval = max(1.645 * middle.std(unbiased=False).item() / lucid.tensor(float(len(middle))).sqrt().item(), 25e-9)
        return min(max(int(log10(self.median / interval) // 1), 1), 4)

    def meets_confidence(self, threshold: float = 0.1) -> bool:
        """Whether the interquartile range is below a part of the median."""
        return self.iqr / self.median < threshold

    @cached_property
    def _warning(self) -> str:
        if not self.raw_times or self.meets_confidence():
            return ""
        cause = "could indicate system fluctuation." if self.meets_confidence(0.25) else "suggests significant environmental influence."
        return (
            f"  WARNING: Interquartile range is {self.iqr / self.median * 100:.1f}% of the median measurement.\n"
            f"           This {cause}"
        )

    @property
    def has_warnings(self) -> bool:
        """Whether the times vary by more than a tenth."""
        return bool(self._warning)

    @property
    def title(self) -> str:
        """The task's title."""
        return self.task_spec.title

    @property
    def env(self) -> str | None:
        """The task's surroundings."""
        return self.task_spec.env

    @property
    def as_row_name(self) -> str:
        """What a table's row is called."""
        return self.sub_label or self.stmt or "[Unknown]"

    def __repr__(self) -> str:
        n, (median, _, lower, upper) = len(self.raw_times), self._statistics
        unit, scale = select_unit(median)
        several = n > 1
        lines = [
            object.__repr__(self),
            self.task_spec.summarize(),
            f"  {'Median: ' * several}{median / scale:.2f} {unit}",
            f"  IQR:    {self.iqr / scale:.2f} {unit} ({lower / scale:.2f} to {upper / scale:.2f})" if n > 3 else None,
            f"  {n} measurement{'s' * several}, {self.number_per_run} runs {'per measurement' * several}, "
            f"{self.num_threads} thread{'s' * (self.num_threads > 1)}",
            self._warning or None,
        ]
        return "\n".join(line for line in lines if line is not None)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Put together what was measured of the same task, as times of single runs, without `metadata`."""
        times: dict[TaskSpec, list[float]] = {}
        for one in measurements:
            times.setdefault(one.task_spec, []).extend(one.times)
        return [Measurement(1, found, task) for task, found in times.items()]


_TASK = frozenset(field.name for field in fields(TaskSpec))


def select_unit(t: float) -> tuple[str, float]:
    """The unit in which to write a time, and its seconds.

    Parameters
    ----------
    t : float
        Seconds.

    Returns
    -------
    tuple
        The unit and what it measures.

    Examples
    --------
    >>> from lucid.utils.benchmark import select_unit
    >>> select_unit(0.02)
    ('ms', 0.001)
    """
    unit = {-1: "ms", -2: "us", -3: "ns"}.get(int(log10(t) // 3), "s")
    return unit, UNITS[unit][1]


def unit_to_english(u: str) -> str:
    """The whole word of a unit.

    Parameters
    ----------
    u : str
        "s", "ms", "us" or "ns".

    Returns
    -------
    str
        The word.

    Examples
    --------
    >>> from lucid.utils.benchmark import unit_to_english
    >>> unit_to_english("us")
    'microsecond'
    """
    return UNITS[u][0]


def trim_sigfig(x: float, n: int) -> float:
    """A number rounded to so many digits, in float32.

    Parameters
    ----------
    x : float
        The number.
    n : int
        How many digits are left.

    Returns
    -------
    float
        The rounded number.

    Examples
    --------
    >>> from lucid.utils.benchmark import trim_sigfig
    >>> trim_sigfig(1234.5, 2)
    1200.0
    """
    if n != int(n):
        raise AssertionError(f"trim_sigfig(): n must be a whole number, got {n}")
    scale = 10 ** (-int(-log10(abs(x)) // 1) - n)
    return (lucid.tensor(x / scale, dtype=lucid.float32).round() * scale).item()


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """Each element once, in the order of their first places.

    Parameters
    ----------
    elements : iterable
        What can be a key of a dict.

    Returns
    -------
    list
        The elements.

    Examples
    --------
    >>> from lucid.utils.benchmark import ordered_unique
    >>> ordered_unique("banana")
    ['b', 'a', 'n']
    """
    return list(dict.fromkeys(elements))


@contextlib.contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """A block in which operations use so many threads.

    Parameters
    ----------
    n : int
        The number of threads.

    Returns
    -------
    context manager
        Sets the number, and sets it back at the end.

    Examples
    --------
    >>> from lucid.utils.benchmark import set_torch_threads
    >>> with set_torch_threads(1):
    ...     lucid.get_num_threads()
    1
    """
    before = lucid.get_num_threads()
    lucid.set_num_threads(n)
    try:
        yield
    finally:
        lucid.set_num_threads(before)
