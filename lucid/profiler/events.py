"""What a profile holds: events, their sums by name, and the forms they are written in."""

from __future__ import annotations

import gzip
import json
import math
import os
from pathlib import Path

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "Interval"]

UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}


def _time(us: float, unit: str | None = None) -> str:
    unit = unit or next((name for name, size in UNITS.items() if us >= size), "us")
    return f"{us / UNITS[unit]:.3f}{unit}"


def _memory(nbytes: int) -> str:
    for name, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if abs(nbytes) >= size:
            return f"{nbytes / size:.2f} {name}"
    return f"{nbytes} B"


class Interval:
    """A span of time, in microseconds."""

    def __init__(self, start: float, end: float):
        self.start, self.end = start, end

    def elapsed_us(self) -> float:
        """How long it is."""
        return self.end - self.start


class _Times:
    """What events and their sums have in common: names of PyTorch for devices that are not there, and times as text."""

    device_time_total = self_device_time_total = cuda_time_total = self_cuda_time_total = 0
    device_memory_usage = self_device_memory_usage = 0
    use_device = None
    is_async = is_remote = is_legacy = False
    node_id = -1
    overload_name = ""

    @property
    def cpu_time(self) -> float:
        """The time of a call, in microseconds: the mean of them."""
        return self.cpu_time_total / self.count if self.count else 0.0

    device_time = cuda_time = 0.0
    cpu_time_str = property(lambda self: _time(self.cpu_time))
    cpu_time_total_str = property(lambda self: _time(self.cpu_time_total))
    self_cpu_time_total_str = property(lambda self: _time(self.self_cpu_time_total))


class FunctionEvent(_Times):
    """A call of an operation, a node of a backward pass or a named block, and when it ran.

    Attributes
    ----------
    name : str
        `aten::add`, `AddBackward0`, or the block's name.
    time_range : Interval
        When it ran, in microseconds since the profile began.
    cpu_parent, cpu_children
        Within what it ran, and what ran within it.
    input_shapes : list of list of int
        The shapes of its arguments, empty for those that are no tensors; an empty list unless they were asked for.
    cpu_memory_usage : int
        By how many bytes the memory in use had grown at its end, if that was asked for.
    flops : int
        Its floating-point operations, if they were asked for and are known.
    stack : list of str
        The lines of the program that called it, the innermost first, if they were asked for.
    """

    count = 1

    def __init__(self, id: int, name: str, thread: int, start_us: float, end_us: float, input_shapes=None, stack=None,
                 scope: int = 0, cpu_memory_usage: int = 0, flops: int | None = None, is_user_annotation: bool = False):  # fmt: skip
        self.id, self.name, self.trace_name, self.thread, self.fwd_thread = id, name, name, thread, None
        self.time_range = Interval(start_us, end_us)
        self.input_shapes, self.stack, self.scope = input_shapes or [], stack or [], scope
        self.cpu_memory_usage, self.flops, self.is_user_annotation = cpu_memory_usage, flops or 0, is_user_annotation
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []
        self.kernels, self.sequence_nr = [], -1

    @property
    def key(self) -> str:
        """Under what it is summed up."""
        return self.name

    @property
    def cpu_time_total(self) -> float:
        """Its time, in microseconds."""
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self) -> float:
        """Its time without that of what ran within it."""
        return self.cpu_time_total - sum(one.cpu_time_total for one in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        """Its memory without that of what ran within it."""
        return self.cpu_memory_usage - sum(one.cpu_memory_usage for one in self.cpu_children)

    def __repr__(self):
        inner = [one.id for one in self.cpu_children]
        return (
            f"<FunctionEvent id={self.id} name={self.name} cpu_time={self.cpu_time_str} start_us={self.time_range.start:.3f} "
            f"end_us={self.time_range.end:.3f} cpu_children={inner} thread={self.thread} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage}>"
        )


class FunctionEventAvg(_Times):
    """The sum of the events of one name.

    Attributes
    ----------
    key : str
        The name.
    count : int
        How many there are.
    cpu_time_total, self_cpu_time_total : float
        Their times in microseconds, with and without what ran within them. An event within one of its own name counts in `self_cpu_time_total` alone.
    cpu_memory_usage, self_cpu_memory_usage, flops : int
        As of events.
    """

    SUMMED = ("cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage", "count", "flops")

    def __init__(self):
        self.key, self.input_shapes, self.stack, self.scope = None, "", [], 0
        self.cpu_parent, self.is_user_annotation = None, False
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = self.count = self.flops = 0

    def add(self, other: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Add an event, or the sum of others, of the same name."""
        if self.key is None:
            self.key, self.input_shapes, self.stack, self.scope = other.key, other.input_shapes, other.stack, other.scope
            self.cpu_parent, self.is_user_annotation = other.cpu_parent, other.is_user_annotation
        elif other.key != self.key:
            raise AssertionError(f"events of {other.key!r} are not added to those of {self.key!r}")
        for name in self.SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    def __repr__(self):
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} cpu_time={self.cpu_time_str} "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class EventList(list):
    """Events, or sums of them.

    Parameters
    ----------
    events : iterable
        The events.
    profile_memory, with_flops : bool
        Whether tables have columns of memory and of floating-point operations.
    """

    def __init__(self, *events, use_device=None, profile_memory: bool = False, with_flops: bool = False):
        super().__init__(*events)
        self._columns = {"profile_memory": profile_memory, "with_flops": with_flops}

    def __str__(self):
        return self.table()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, in microseconds."""
        return sum(one.self_cpu_time_total for one in self)

    def key_averages(self, group_by_input_shapes: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False):
        """The events of each name summed up.

        Parameters
        ----------
        group_by_input_shapes : bool, optional
            Apart by the shapes of the arguments.
        group_by_stack_n : int, optional
            Apart by so many of the lines that called them.
        group_by_overload_name : bool, optional
            Accepted; there are no overloads here.

        Returns
        -------
        EventList of FunctionEventAvg
            In the order in which the names came first.
        """
        sums: dict = {}
        for one in self:
            key = one.key, one.is_user_annotation, str(one.input_shapes) if group_by_input_shapes else "", *one.stack[:group_by_stack_n]
            sums.setdefault(key, FunctionEventAvg()).add(one)
        for one in sums.values():
            one.stack = one.stack[:group_by_stack_n]
            one.input_shapes = one.input_shapes if group_by_input_shapes else ""
        return EventList(sums.values(), **self._columns)

    def total_average(self) -> FunctionEventAvg:
        """All events summed up, under the name Total."""
        total = FunctionEventAvg()
        for one in self:
            total.key = one.key
            total.add(one)
        total.key = "Total"
        return total

    def table(self, sort_by: str | None = None, row_limit: int = 100, max_src_column_width: int | None = 75,
              max_name_column_width: int | None = 55, max_shapes_column_width: int | None = 80, header: str | None = None,
              top_level_events_only: bool = False, time_unit: str | None = None) -> str:  # fmt: skip
        """The events as a table of text.

        Parameters
        ----------
        sort_by : str, optional
            The attribute that they are sorted by, the largest first: `self_cpu_time_total`, `cpu_time_total`, `count`, ...
        row_limit : int, optional
            How many rows there are; -1 for all.
        max_src_column_width, max_name_column_width, max_shapes_column_width : int, optional
            How wide the columns of lines, names and shapes get; None for as wide as they are.
        header : str, optional
            A text above the table.
        top_level_events_only : bool, optional
            Leave out what ran within something else.
        time_unit : {"s", "ms", "us"}, optional
            The unit of all times. Default: as fits each.

        Returns
        -------
        str
            The table; empty if there are no events.
        """
        if not self:
            return ""
        events = sorted(self, key=lambda one: getattr(one, sort_by), reverse=True) if sort_by else list(self)
        total = self.self_cpu_time_total
        smallest = min((one.flops for one in self if one.flops > 0), default=0) if self._columns["with_flops"] else 0
        power = min(int(math.log10(smallest) / 3), 5) if smallest else 0

        def share(us):
            return f"{100 * us / total:.2f}%" if total else "NaN"

        def short(text, width):
            return text if width is None or len(text) < width - 3 else text[: width - 3] + "..."

        def tail(text):
            width = max_src_column_width
            return text if width is None or len(text) <= width else "..." + text[len(text) - width + 3 :]

        columns = {
            "Name": lambda one: short(one.key, max_name_column_width),
            "Self CPU %": lambda one: share(one.self_cpu_time_total),
            "Self CPU": lambda one: _time(one.self_cpu_time_total, time_unit),
            "CPU total %": lambda one: share(one.cpu_time_total),
            "CPU total": lambda one: _time(one.cpu_time_total, time_unit),
            "CPU time avg": lambda one: _time(one.cpu_time, time_unit),
        }
        if self._columns["profile_memory"]:
            columns["CPU Mem"] = lambda one: _memory(one.cpu_memory_usage)
            columns["Self CPU Mem"] = lambda one: _memory(one.self_cpu_memory_usage)
        columns["# of Calls"] = lambda one: str(one.count)
        if any(one.input_shapes for one in self):
            columns["Input Shapes"] = lambda one: str(one.input_shapes)[:max_shapes_column_width]
        if smallest:
            columns[f"Total {'KMGTP'[power - 1] if power else ''}FLOPs"] = lambda one: (
                f"{one.flops / 1000**power:.3f}" if one.flops > 0 else "--"
            )
        if any(one.stack for one in self):
            columns["Source Location"] = lambda one: tail(one.stack[0]) if one.stack else ""
        shown = [one for one in events if not (top_level_events_only and one.cpu_parent is not None)]
        shown = shown if row_limit < 0 else shown[:row_limit]
        rows = []
        for one in shown:
            rows.append([cell(one) for cell in columns.values()])
            if "Source Location" in columns:
                rows += [[""] * (len(columns) - 1) + [tail(line)] for line in one.stack[1:]]
                rows.append([""] * len(columns))
        widths = [max(12, *(len(row[i]) for row in [list(columns), *rows])) for i in range(len(columns))]
        left = "Source Location" in columns and len(columns) - 1
        rule = "  ".join("-" * width for width in widths)
        lines = [
            "  ".join(cell.ljust(width) if i and i == left else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths)))
            for row in [list(columns), *rows]
        ]
        above = ["=" * len(rule), header] if header is not None else []
        if top_level_events_only:
            above += ["=" * len(rule), "This report only display top-level ops statistics"]
        return "\n".join([*above, rule, lines[0], rule, *lines[1:], rule, f"Self CPU time total: {_time(total, time_unit)}", ""])

    def export_chrome_trace(self, path: str, metadata: dict | None = None) -> None:
        """Write the events as `chrome://tracing` and Perfetto read them.

        Parameters
        ----------
        path : str
            The file; compressed if its name ends in `.gz`.
        metadata : dict, optional
            More entries of the file.
        """
        process = os.getpid()
        events = [
            {
                "ph": "X", "cat": "user_annotation" if one.is_user_annotation else "cpu_op", "name": one.trace_name, "pid": process,
                "tid": one.thread, "ts": one.time_range.start, "dur": one.time_range.elapsed_us(),
                "args": {"External id": one.id} | ({"Input Dims": one.input_shapes} if one.input_shapes else {}),
            }
            for one in self
        ]  # fmt: skip
        text = json.dumps({"schemaVersion": 1, "displayTimeUnit": "ms", **(metadata or {}), "traceEvents": events})
        with gzip.open(path, "wt") if str(path).endswith(".gz") else Path(path).open("w", encoding="utf-8") as file:
            file.write(text)

    def supported_export_stacks_metrics(self) -> list[str]:
        """The attributes that `export_stacks` can write."""
        return ["self_cpu_time_total", "self_cuda_time_total", "self_xpu_time_total", "self_privateuse1_time_total"]

    def export_stacks(self, path: str, metric: str) -> None:
        """Write the lines that called each event and its time, as programs that draw flame graphs read them.

        Parameters
        ----------
        path : str
            The file.
        metric : str
            The attribute that is written: `self_cpu_time_total`.
        """
        if metric not in self.supported_export_stacks_metrics():
            raise ValueError(f"metric should be one of: {self.supported_export_stacks_metrics()}")
        plain = str.maketrans(" ;\t\n", "____")
        lines = []
        for one in self:
            if one.stack and metric == "self_cpu_time_total" and int(one.self_cpu_time_total) > 0:
                lines.append(";".join(line.translate(plain) for line in reversed(one.stack)) + f" {int(one.self_cpu_time_total)}\n")
        Path(path).write_text("".join(lines), encoding="utf-8")
