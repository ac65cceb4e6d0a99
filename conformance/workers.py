"""Cases run in worker processes, so that a crash, a hang or memory without bound is a result, and the rest goes on.

Design: (a) A worker takes one task (an op from one source) at a time, judges its cases in order and sends the results
in small batches. (b) Before every check it writes the case's number and the check's name into memory shared with the
parent, which therefore knows what was going on when a worker dies, falls silent or grows. (c) The parent then records
that, starts a new worker and gives it the same task again, past the case that was fatal. (d) SIMD levels are workers
with another environment. (e) Every finished task is appended to a journal, from which an interrupted run goes on.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import psutil

from .judging import Outcome, Plan, Result, Task

CONTEXT = multiprocessing.get_context("spawn")
BATCH_SECONDS = 0.3


@dataclass
class Limits:
    seconds: float = 30.0  # for one check of one case
    memory_gb: float = 4.0  # of a worker


# -- in the worker -----------------------------------------------------------------------------------------------------


def worker(*arguments: Any) -> None:
    """Judge tasks until told to stop, or until nobody listens any more."""
    with contextlib.suppress(BrokenPipeError, EOFError):
        _work(*arguments)


def _work(pipe: Connection, board: Any, subject_name: str, plan: Plan, faults: tuple = ()) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    import warnings

    import torch

    from . import judging, subjects
    from .subjects.adapter import Adapter

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    subject: Adapter = subjects.make(subject_name)
    oracle = subjects.make("torch")
    with contextlib.suppress(Exception):
        subject.set_threads(1)
    for fault in faults:
        fault.plant(subject)
    pipe.send(("ready", None))
    while True:
        order = pipe.recv()
        if order is None:
            return
        task, start, fatal = order
        checks = plan.selected(task.level)
        batch: list = []
        sent = time.monotonic()
        try:
            for number, case in enumerate(judging.cases_of(task, plan)):
                if number < start:
                    continue
                _write(board, number, "arguments")
                if number in fatal:
                    batch.append((number, _fatal(case, *fatal[number], subject)))
                else:
                    before = lambda name, number=number: _write(board, number, name)
                    batch.append((number, judging.judge(case, subject, oracle, checks, before)))
                _write(board, number + 1, "next")
                if time.monotonic() - sent > BATCH_SECONDS:
                    pipe.send(("results", batch))
                    batch, sent = [], time.monotonic()
        except Exception as error:  # a source that cannot make its cases
            pipe.send(("results", batch))
            pipe.send(("broken", f"{type(error).__name__}: {error}"))
            continue
        pipe.send(("results", batch))
        pipe.send(("done", None))


def _write(board: Any, number: int, check: str) -> None:
    board.number, board.time = number, time.monotonic()
    board.check = check.encode()[:31]


def _fatal(case: Any, status: str, message: str, check: str, subject: Any) -> Result:
    from .repro import program

    made = Result(case.id, case.op, case.source, case.dtype, case.family, case.kind, case.short(), [])
    made.outcomes = [Outcome(check, status, message, repro=program(case, subject.package, [check]))]
    return made


# -- in the parent -----------------------------------------------------------------------------------------------------


class Board(ctypes.Structure):
    """Memory shared with a worker: what it is doing right now."""

    _fields_ = [("number", ctypes.c_int64), ("time", ctypes.c_double), ("check", ctypes.c_char * 32)]


@dataclass
class _Worker:
    level: str
    environment: dict[str, str]
    process: Any = None
    pipe: Connection | None = None
    board: Any = None
    task: Task | None = None
    received: int = 0  # number of the first case not yet received
    fatal: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    ready: bool = False
    silent: bool = False  # its pipe has ended
    deaths: int = 0
    stamp: float = 0.0  # of the board, when it was last seen to change
    since: float = 0.0  # when that was, by the pool's clock

    def start(self, subject: str, plan: Plan, faults: tuple) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.board = CONTEXT.RawValue(Board)
        self.board.time = time.monotonic()
        self.process = CONTEXT.Process(target=worker, args=(theirs, self.board, subject, plan, faults), daemon=True)
        saved = {key: os.environ.get(key) for key in self.environment}
        os.environ.update(self.environment)
        try:
            self.process.start()
        finally:
            for key, value in saved.items():
                os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)
        theirs.close()
        self.ready = self.silent = False

    def give(self, task: Task) -> None:
        self.task, self.received, self.fatal, self.results, self.deaths = task, 0, {}, [], 0
        self.resend()

    def resend(self) -> None:
        self.board.time = time.monotonic()
        self.pipe.send((self.task, self.received, self.fatal))

    def stop(self) -> None:
        if self.process is not None and self.process.is_alive():
            self.process.kill()
            self.process.join()


class Pool:
    """Workers, and the loop that feeds and watches them."""

    def __init__(
        self,
        subject: str,
        plan: Plan,
        jobs: int = 2,
        limits: Limits | None = None,
        environments: dict[str, dict[str, str]] | None = None,
        faults: tuple = (),
    ):
        self.subject, self.plan, self.jobs, self.faults = subject, plan, jobs, faults
        self.limits = limits or Limits()
        self.environments = environments or {}
        self.clock, self.turned = 0.0, time.monotonic()  # seconds, without those in which nothing could run

    def run(self, tasks: list[Task]) -> Iterator[tuple[Task, list[Result]]]:
        """Yield each task with its results, as they finish. Closing the generator stops the workers."""
        queues: dict[str, list[Task]] = {}
        for task in tasks:
            queues.setdefault(task.level, []).append(task)
        workers: list[_Worker] = []
        try:
            for level, queue in queues.items():  # one level after the other: they share the processors
                environment = self.environments.get(level, {})
                workers = [_Worker(level, environment) for _ in range(min(self.jobs, len(queue)))]
                queue.reverse()
                for item in workers:
                    item.start(self.subject, self.plan, self.faults)
                while queue or any(item.task for item in workers):
                    yield from self._turn(workers, queue)
                for item in workers:
                    item.pipe.send(None)
                    item.process.join(5)
                    item.stop()
        finally:
            for item in workers:
                item.stop()

    def _turn(self, workers: list[_Worker], queue: list[Task]) -> Iterator[tuple[Task, list[Result]]]:
        pipes = {item.pipe: item for item in workers if not item.silent}
        ready = wait(list(pipes), timeout=0.2)
        now = time.monotonic()
        self.clock += min(now - self.turned, 1.0)  # more than a second between two turns: this process stood still too
        self.turned = now
        for pipe in ready:
            item = pipes[pipe]
            try:
                kind, content = pipe.recv()
            except (EOFError, OSError, pickle.UnpicklingError):
                item.silent = True  # it died; seen below
                continue
            if kind == "ready":
                item.ready = True
                if item.task is not None:
                    item.resend()
            elif kind == "results":
                item.results += [result for _, result in content]
                item.received = content[-1][0] + 1 if content else item.received
            else:
                if kind == "broken":
                    item.results.append(_note(item.task, "failed", f"its cases could not be made: {content}"))
                yield item.task, item.results
                item.task = None
        for item in workers:
            verdict = self._trouble(item)
            if verdict is not None:
                self._bury(item, *verdict)
                if item.deaths > 20:
                    item.results.append(
                        _note(item.task, "crash", "more than twenty fatal cases; the rest was not judged")
                    )
                    yield item.task, item.results
                    item.task = None
            if item.ready and item.task is None and queue:
                item.give(queue.pop())

    def _trouble(self, item: _Worker) -> tuple[str, str] | None:
        """(status, message) when a worker has come to grief."""
        if not item.process.is_alive():
            if not item.silent and item.pipe.poll():
                return None  # its last words first
            if item.task is None and item.ready:
                return None
            code = item.process.exitcode
            if not item.ready:
                raise RuntimeError(f"a worker ended before it began (exit code {code}); see the message above")
            name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
            return "crash", f"the process died: {name}"
        if item.task is None:
            return None
        if item.stamp != item.board.time:
            item.stamp, item.since = item.board.time, self.clock
        if item.ready and self.clock - item.since > self.limits.seconds:
            return "hang", f"no answer within {self.limits.seconds:g} s"
        with contextlib.suppress(psutil.Error):
            if psutil.Process(item.process.pid).memory_info().rss > self.limits.memory_gb * 2**30:
                return "memory", f"the process grew past {self.limits.memory_gb:g} GiB"
        return None

    def _bury(self, item: _Worker, status: str, message: str) -> None:
        item.stop()
        with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while item.pipe.poll():
                kind, content = item.pipe.recv()
                if kind == "results" and content:
                    item.results += [result for _, result in content]
                    item.received = content[-1][0] + 1
        number, check = item.board.number, item.board.check.decode()
        if check == "oracle":
            status, message = "skipped", f"PyTorch itself: {status}"
        item.fatal[number] = status, message, check if check not in ("oracle", "arguments", "next") else "value"
        item.deaths += 1
        item.start(self.subject, self.plan, self.faults)


def _note(task: Task, status: str, message: str) -> Result:
    """A result for a task as a whole."""
    made = Result(f"{task.op}/{task.source}/all/0", task.op, task.source, "all", "other", "function", "", [])
    made.outcomes = [Outcome("value", status, message)]
    return made


# -- the journal -------------------------------------------------------------------------------------------------------


class Journal:
    """Finished tasks on disk. A journal of another run (another seed, subject, selection) is not continued."""

    def __init__(self, path: Path, key: dict, resume: bool):
        self.path, self.done = path, []
        if resume and path.exists():
            self.done = list(self._read(key))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("wb")
        pickle.dump(key, self.file)
        for item in self.done:
            pickle.dump(item, self.file)
        self.file.flush()

    def _read(self, key: dict) -> Iterator[tuple[Task, list[Result]]]:
        with self.path.open("rb") as file:
            found = pickle.load(file)
            if found != key:
                changed = [name for name in key if key[name] != found.get(name)]
                raise SystemExit(f"cannot resume: the interrupted run differs in {', '.join(changed)}")
            with contextlib.suppress(EOFError, pickle.UnpicklingError):
                while True:
                    yield pickle.load(file)

    def add(self, task: Task, results: list[Result]) -> None:
        pickle.dump((task, results), self.file)
        self.file.flush()

    def close(self, finished: bool) -> None:
        self.file.close()
        if finished:
            self.path.unlink(missing_ok=True)
