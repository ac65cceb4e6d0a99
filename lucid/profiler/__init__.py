"""What a program spends its time on: `profile` records its operations, by steps if it likes, for tables and trace viewers."""

from __future__ import annotations

import enum
import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from lucid.profiler import recording
from lucid.profiler.recording import EventList, kineto_available, record_function

__all__ = [
    "EventList", "ProfilerAction", "ProfilerActivity", "kineto_available", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What is looked at: there is a CPU."""

    CPU, XPU, MTIA, CUDA, HPU = range(5)


class ProfilerAction(enum.Enum):
    """What a schedule says of a step."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = range(4)


def supported_activities() -> set[ProfilerActivity]:
    """What can be looked at: the CPU."""
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """A schedule for `profile`: cycles of steps that are waited for, warmed up in, and recorded.

    Parameters
    ----------
    wait, warmup, active : int
        How many steps of a cycle are not recorded, are recorded and forgotten, and are recorded.
    repeat : int, optional
        How many cycles there are; 0 for no end.
    skip_first : int, optional
        How many steps come before the first cycle.
    skip_first_wait : int, optional
        If not 0, the first cycle does not wait.

    Returns
    -------
    callable
        Gives the `ProfilerAction` of a step's number.

    Examples
    --------
    >>> plan = lucid.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if wait < 0 or warmup < 0 or active <= 0 or repeat < 0 or skip_first < 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
            f"active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results", stacklevel=2)
    cycle = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step += (wait if skip_first_wait else 0) - skip_first
        place = step % cycle
        if 0 < repeat <= step / cycle or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if place < cycle - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False, use_python_export: bool = False
) -> Callable[[profile], None]:
    """What `on_trace_ready` of `profile` can be: writes each trace into a folder that TensorBoard's plugin reads.

    Parameters
    ----------
    dir_name : str
        The folder, which is made if it is not there.
    worker_name : str, optional
        How files begin. Default: the machine's name and the process's number.
    use_gzip : bool, optional
        Compress them.
    use_python_export : bool, optional
        Accepted; there is one way to write.

    Returns
    -------
    callable
        The handler.
    """

    def write(record: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        name = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        record.export_chrome_trace(os.path.join(dir_name, f"{name}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")))

    return write


class profile:
    """A block whose operations are recorded, all of it or the steps that a schedule names.

    The thread's own operations are seen, those within them, its backward passes, the steps of its optimizers and the batches of its
    data loaders; blocks of `record_function` have the name that they are given.

    Parameters
    ----------
    activities : iterable of ProfilerActivity, optional
        What is looked at; the CPU always is.
    schedule : callable, optional
        Gives the `ProfilerAction` of each step; `step()` says that the next one begins. Default: all is recorded.
    on_trace_ready : callable, optional
        Called with this object when a cycle has been recorded, and at the end.
    record_shapes, profile_memory, with_stack, with_flops : bool, optional
        What is kept of an event besides its time; see `recording.profile`.
    with_modules, experimental_config, execution_trace_observer, use_cuda, custom_trace_id_callback, post_processing_timeout_s : optional
        Accepted; they concern PyTorch's own recorder.
    acc_events : bool, optional
        Keep the events of all cycles, rather than of the last.

    Attributes
    ----------
    step_num : int
        The number of the step.

    Examples
    --------
    >>> from lucid.profiler import profile, record_function
    >>> x = lucid.ones(2, 2, requires_grad=True)
    >>> with profile(record_shapes=True) as record:
    ...     with record_function("model"):
    ...         y = (x @ x).sum()
    ...     y.backward()
    >>> for event in record.key_averages():
    ...     print(event.key, event.count)
    model 1
    aten::matmul 1
    aten::sum 1
    SumBackward0 1
    MmBackward0 1
    >>> text = record.key_averages().table(sort_by="self_cpu_time_total", row_limit=5)
    """

    def __init__(self, *, activities: Iterable[ProfilerActivity] | None = None, schedule: Callable[[int], ProfilerAction] | None = None,
                 on_trace_ready: Callable[[profile], Any] | None = None, record_shapes: bool = False, profile_memory: bool = False,
                 with_stack: bool = False, with_flops: bool = False, with_modules: bool = False, experimental_config=None,
                 execution_trace_observer=None, acc_events: bool = False, use_cuda: bool | None = None, custom_trace_id_callback=None,
                 post_processing_timeout_s: float | None = None):  # fmt: skip
        if activities is not None and not set(activities):
            raise AssertionError("No valid profiler activities found")
        if use_cuda is not None:
            warnings.warn("`use_cuda` is deprecated, use `activities` argument instead", FutureWarning, stacklevel=2)
        self.activities = supported_activities()
        self.record_shapes, self.profile_memory, self.with_stack = record_shapes, profile_memory, with_stack
        self.with_flops, self.with_modules, self.acc_events = with_flops, with_modules, acc_events
        self.schedule, self.record_steps = schedule or (lambda step: ProfilerAction.RECORD), schedule is not None
        self.on_trace_ready, self.step_num, self.current_action = on_trace_ready, 0, self.schedule(0)
        self.profiler: recording.profile | None = None
        self._kept, self._metadata, self._step = [], {}, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def start(self) -> None:
        """Begin with the first step, as the block does."""
        self._go(ProfilerAction.NONE, self.current_action)
        self._begin_step()

    def stop(self) -> None:
        """End, as the block does; a cycle that was being recorded is ready."""
        self._end_step()
        self._go(self.current_action, None)

    def step(self) -> None:
        """The next step begins."""
        self._end_step()
        before, self.step_num = self.current_action, self.step_num + 1
        self.current_action = self.schedule(self.step_num)
        self._go(before, self.current_action)
        self._begin_step()

    def _begin_step(self) -> None:
        if self.record_steps:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def _go(self, before: ProfilerAction, after: ProfilerAction | None) -> None:
        """Start and stop recording between two steps. (In steps that warm up nothing is recorded: there is nothing to warm.)"""
        recorded = ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE
        ready = before is ProfilerAction.RECORD_AND_SAVE or before is ProfilerAction.RECORD and after is None
        if before in recorded and (ready or after not in recorded):
            if not ready:
                warnings.warn(f"Incorrect schedule: RECORD followed by {after.name}", stacklevel=3)
            self.profiler.__exit__(None, None, None)
            if self.acc_events:
                self._kept += self.profiler.function_events
            if ready and self.on_trace_ready is not None:
                self.on_trace_ready(self)
        elif before is ProfilerAction.WARMUP and after is ProfilerAction.NONE:
            warnings.warn("Incorrect schedule: WARMUP followed by NONE", stacklevel=3)
        if after in recorded and (before not in recorded or ready):
            self.profiler = recording.profile(
                record_shapes=self.record_shapes, profile_memory=self.profile_memory, with_stack=self.with_stack, with_flops=self.with_flops
            )
            self.profiler.__enter__()

    def events(self) -> EventList:
        """What was recorded: the last cycle, or all of them with `acc_events`. AssertionError if nothing ever was."""
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before accessing events")
        if not self.acc_events:
            return self.profiler.function_events
        return EventList(self._kept, profile_memory=self.profile_memory, with_flops=self.with_flops)

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, group_by_overload_name: bool = False) -> EventList:
        """The events of each name summed up; see `EventList.key_averages`."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n, group_by_overload_name)

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """Write the last cycle as `chrome://tracing` and Perfetto read it; compressed if the file's name ends in `.gz`."""
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before exporting chrome trace")
        self.profiler.function_events.export_chrome_trace(path, self._metadata)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write what flame graphs are drawn from; see `EventList.export_stacks`."""
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before exporting stacks")
        self.profiler.export_stacks(path, metric)

    def add_metadata(self, key: str, value: str) -> None:
        """Add an entry to the files of `export_chrome_trace`."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """The same with a value that is written as JSON."""
        self._metadata[key] = json.loads(value)

    preset_metadata_json = add_metadata_json
