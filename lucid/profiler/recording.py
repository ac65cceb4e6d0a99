"""The recorder of a profile: which operations, nodes of backward passes and named blocks a thread runs, and when."""

from __future__ import annotations

import contextlib
import sys
import threading
import time

from lucid._kernels import core
from lucid.observers import Observer, block
from lucid.profiler.events import EventList, FunctionEvent, FunctionEventAvg, Interval
from lucid.tensor import Tensor

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "Interval", "emit_itt", "emit_nvtx", "kineto_available", "profile", "record_function"]

FUNCTION, BACKWARD, USER = 0, 1, 7  # the scopes of events, as PyTorch numbers them


class _Recorder(Observer):
    def __init__(self, shapes: bool, memory: bool, stack: bool, flops: bool):
        self.shapes, self.memory, self.stack, self.flops = shapes, memory, stack, flops
        self.events: list[FunctionEvent] = []
        self.open: list[FunctionEvent] = []
        self.thread, self.started = threading.get_native_id(), time.perf_counter_ns()

    def begin(self, name: str, scope: int, shapes=()):
        """An event, which lasts until what is returned is called."""
        event = FunctionEvent(len(self.events) + 1, name, self.thread, 0, 0, shapes, self.lines() if self.stack else None,
                              scope, is_user_annotation=scope == USER)  # fmt: skip
        self.events.append(event)
        if self.open:
            event.cpu_parent = self.open[-1]
            event.cpu_parent.cpu_children.append(event)
        self.open.append(event)
        if self.memory:
            event.cpu_memory_usage = -core.memory_stats()["allocated_bytes"]
        event.time_range.start = self.now()

        def end(result=None):
            if event in self.open:  # else it was ended with what it ran within, or with the profile
                while self.end_last() is not event:
                    pass

        return end

    def end_last(self) -> FunctionEvent:
        event = self.open.pop()
        event.time_range.end = self.now()
        if self.memory:
            event.cpu_memory_usage += core.memory_stats()["allocated_bytes"]
        return event

    def now(self) -> float:
        return (time.perf_counter_ns() - self.started) / 1000

    def call(self, func, args, kwargs):
        shapes = ()
        if self.shapes:
            shapes = [list(one.shape) if isinstance(one, Tensor) else [] for one in (*args, *kwargs.values())]
        end = self.begin(f"aten::{func.__name__}", FUNCTION, shapes)
        if not self.flops:
            return end
        from lucid.utils.flop_counter import flops_of

        event = self.open[-1]

        def end_counted(result):
            end()
            if result is not None and not any(one.flops for one in event.cpu_children):
                event.flops = flops_of(func, args, kwargs, result)

        return end_counted

    def node(self, node):
        return self.begin(node.name(), BACKWARD)

    def named(self, name):
        return self.begin(name, USER)

    @staticmethod
    def lines() -> list[str]:
        """The lines of the program that led here, the innermost first, without Lucid's own."""
        frame, found, own = sys._getframe(2), [], __name__.partition(".")[0] + "."
        while frame is not None:
            if not frame.f_globals.get("__name__", "").startswith(own):
                found.append(f"{frame.f_code.co_filename}({frame.f_lineno}): {frame.f_code.co_name}")
            frame = frame.f_back
        return found


class profile:
    """A block whose operations are recorded: those that this thread calls, those within them, and its backward passes.

    What runs in other threads, such as a data loader's workers, is not seen. An operation takes some microseconds more meanwhile.

    Parameters
    ----------
    enabled : bool, optional
        Whether anything is recorded.
    use_cuda, use_device, use_kineto, use_cpu, with_modules, experimental_config, acc_events : optional
        Accepted; there is one processor, and one way to record.
    record_shapes : bool, optional
        Keep the shapes of arguments.
    with_flops : bool, optional
        Count the floating-point operations of products, convolutions and attention (`utils.flop_counter`).
    profile_memory : bool, optional
        Keep how the memory in use changes: of tensors of 4 KiB and more.
    with_stack : bool, optional
        Keep the lines of the program that called.

    Examples
    --------
    >>> with lucid.profiler.recording.profile() as record:
    ...     y = lucid.exp(lucid.zeros(2))
    >>> [event.name for event in record.function_events]
    ['aten::zeros', 'aten::exp']
    """

    def __init__(self, enabled: bool = True, *, use_cuda=False, use_device=None, record_shapes: bool = False, with_flops: bool = False,
                 profile_memory: bool = False, with_stack: bool = False, with_modules: bool = False, use_kineto=False, use_cpu=True,
                 experimental_config=None, acc_events: bool = False, **more):  # fmt: skip
        self.enabled, self.entered, self.recorder = enabled, False, None
        self.record_shapes, self.with_flops = record_shapes or with_flops, with_flops
        self.profile_memory, self.with_stack, self.with_modules = profile_memory, with_stack, with_modules
        self._events: EventList | None = None

    def __enter__(self):
        if not self.enabled:
            return self
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        self.recorder = _Recorder(self.record_shapes, self.profile_memory, self.with_stack, self.with_flops)
        self.recorder.attach()
        return self

    def __exit__(self, *error):
        if not self.enabled:
            return False
        recorder = self.recorder
        recorder.detach()
        while recorder.open:
            recorder.end_last()
        self._events = EventList(recorder.events, profile_memory=self.profile_memory, with_flops=self.with_flops)
        return False

    @property
    def function_events(self) -> EventList:
        """What was recorded. RuntimeError before the block has ended."""
        if self._events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self._events

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events, in microseconds."""
        return self.function_events.self_cpu_time_total

    def key_averages(self, *args, **kwargs) -> EventList:
        """The events of each name summed up; see `EventList.key_averages`."""
        return self.function_events.key_averages(*args, **kwargs)

    def total_average(self) -> FunctionEventAvg:
        """All events summed up."""
        return self.function_events.total_average()

    def table(self, *args, **kwargs) -> str:
        """The events as a table; see `EventList.table`."""
        return self.function_events.table(*args, **kwargs)

    def export_chrome_trace(self, path: str) -> None:
        """Write the events as `chrome://tracing` reads them; see `EventList.export_chrome_trace`."""
        self.function_events.export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write what flame graphs are drawn from; see `EventList.export_stacks`."""
        if not self.with_stack:
            raise AssertionError("export_stacks() requires with_stack=True")
        self.function_events.export_stacks(path, metric)

    def __str__(self):
        return "<unfinished profiler_legacy.profile>" if self._events is None else str(self._events)


class record_function(contextlib.ContextDecorator):
    """A name for a block or a function in a profile: it runs as any other.

    Parameters
    ----------
    name : str
        The name.
    args : str, optional
        More about it.

    Examples
    --------
    >>> with lucid.profiler.recording.profile() as record:
    ...     with lucid.profiler.recording.record_function("twice"):
    ...         y = lucid.zeros(2) * 2
    >>> [(event.name, event.cpu_parent and event.cpu_parent.name) for event in record.function_events]
    [('twice', None), ('aten::zeros', 'twice'), ('aten::mul', 'twice')]
    """

    def __init__(self, name: str, args: str | None = None):
        self.name, self.args = name, args

    def _recreate_cm(self):
        return type(self)(self.name, self.args)

    def __enter__(self):
        self._block = block(self.name)
        self._block.__enter__()
        return self

    def __exit__(self, *error):
        self._block.__exit__(None, None, None)


def emit_nvtx(*args, **kwargs):
    """Raises NotImplementedError: it writes for a recorder of graphics processors."""
    raise NotImplementedError("profiler.emit_nvtx(): there is no graphics processor; use profiler.profile()")


def emit_itt(*args, **kwargs):
    """Raises NotImplementedError: it writes for VTune."""
    raise NotImplementedError("profiler.emit_itt(): Lucid writes no marks for VTune; use profiler.profile()")


def kineto_available() -> bool:
    """Whether PyTorch's own recorder is there: False."""
    return False
