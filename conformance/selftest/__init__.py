"""Can the suite fail? Faults are planted in the subject, one at a time, and the suite has to see each.

Design: (a) a mutant (mutants.py, a table) replaces one function of the subject by one that is wrong in one way. The
cases of that function are judged until the check that is meant to see the fault has failed; a fault that only another
check saw counts as not seen. (b) Mutants that kill, hang or swell their process, and those that are wrong at one SIMD
level only, go through the worker pool, as in a run. (c) Every mutant is judged in a process that may be killed, so that
a fault which does more harm than it was meant to costs its own verdict and no other.
"""

from __future__ import annotations

import json
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from .. import results
from ..results import BAD, Selftest
from ..verdicts import Missing, describe
from .mutants import MUTANTS, Mutant

PATIENCE = 180.0  # seconds for one mutant


def mutants() -> list[Mutant]:
    return MUTANTS


def named(name: str) -> Mutant:
    return next(item for item in MUTANTS if item.name == name)


def judge_mutant(name: str, subject: str) -> results.Mutant:
    """Plant it, judge until its check fails or the cases are exhausted."""
    mutant, started = named(name), time.monotonic()
    caught: dict[str, int] = {}
    reason = mutant.reason
    try:
        for check in _in_pool(mutant, subject) if mutant.pool else _here(mutant, subject):
            caught[check] = caught.get(check, 0) + 1
            if check == mutant.expected:
                break
    except Missing as missing:
        reason = f"cannot be planted: {subject} has no {missing}"
    return _record(mutant, caught, "" if mutant.expected in caught else reason, started)


def _record(mutant: Mutant, caught, reason: str, started: float) -> results.Mutant:
    return results.Mutant(
        mutant.name, mutant.op, mutant.family, mutant.fault, mutant.expected, mutant.expected in caught, sorted(caught),
        reason, round(time.monotonic() - started, 2),
    )  # fmt: skip


def _here(mutant: Mutant, subject_name: str) -> Iterator[str]:
    """The checks that fail, one after the other."""
    import torch

    from .. import judging, subjects

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    subject, oracle = subjects.make(subject_name), subjects.make("torch")
    with suppress(Missing):
        subject.set_threads(1)
    mutant.plant(subject)
    plan = judging.Plan(quick=True, dtypes=mutant.dtypes)
    checks = plan.selected()
    for task in _tasks(mutant):
        for case in judging.cases_of(task, plan):
            for outcome in judging.judge(case, subject, oracle, checks).outcomes:
                if outcome.status in BAD:
                    yield outcome.check


def _in_pool(mutant: Mutant, subject: str) -> Iterator[str]:
    from .. import judging
    from ..workers import Limits, Pool

    plan = judging.Plan(quick=True, dtypes=mutant.dtypes)
    environments = {mutant.level: {"CONFORMANCE_SELFTEST_LEVEL": mutant.level}} if mutant.level else {}
    pool = Pool(subject, plan, 1, Limits(8.0, 2.0), environments, (mutant,))
    running = pool.run([task for task in _tasks(mutant) if task.source == "own"])
    try:
        for _, found in running:
            for outcome in (o for result in found for o in result.outcomes if o.status in BAD):
                yield outcome.check if outcome.status == "failed" else outcome.status
    finally:
        running.close()


def _tasks(mutant: Mutant) -> list:
    from .. import judging

    return [judging.Task(mutant.op, source, mutant.level) for source in judging.catalogue()[mutant.op][1]]


# -- many of them ------------------------------------------------------------------------------------------------------


def _serve(pipe: Connection, subject: str) -> None:
    from .. import judging

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    judging.catalogue()
    pipe.send(None)  # ready
    while (name := pipe.recv()) is not None:
        started = time.monotonic()
        try:
            pipe.send(judge_mutant(name, subject))
        except Exception as error:  # a fault of the self-test is no catch
            pipe.send(_record(named(name), {}, f"the self-test raised {describe(error)}", started))


@dataclass
class _Server:
    subject: str
    name: str = ""
    since: float = 0.0
    ready: bool = False
    pipe: Any = None
    process: Any = None

    def give(self, name: str) -> None:
        from ..workers import CONTEXT

        if self.process is None:
            self.pipe, theirs = CONTEXT.Pipe()
            self.process = CONTEXT.Process(target=_serve, args=(theirs, self.subject))  # no daemon: it has workers
            self.process.start()
            theirs.close()
            self.ready = False
        self.name, self.since = name, time.monotonic()
        self.pipe.send(name)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
        self.process = None

    def answer(self, patience: float) -> results.Mutant | None:
        """What became of its mutant, None while nobody knows."""
        with suppress(EOFError, OSError):
            if self.pipe.poll():
                found = self.pipe.recv()
                if found is not None:
                    return found
                self.ready, self.since = True, time.monotonic()
        dead = not self.process.is_alive()
        if not dead and (not self.ready or time.monotonic() - self.since < patience):
            return None
        self.stop()
        return _record(named(self.name), {"crash" if dead else "hang": 1}, "", self.since)


def judge_all(
    names: list[str], subject: str, jobs: int, tell: Any = lambda item: None, patience: float = PATIENCE
) -> Selftest:
    """Judge them side by side. Those that need workers of their own take longest and go first."""
    started = time.monotonic()
    found: dict[str, results.Mutant] = {}
    queue = sorted(names, key=lambda name: named(name).pool)  # taken from the end
    servers = [_Server(subject) for _ in range(min(jobs, len(names)))]
    try:
        while queue or any(server.name for server in servers):
            for server in servers:
                if server.name and (item := server.answer(patience)) is not None:
                    found[server.name], server.name = item, ""
                    tell(item)
                if not server.name and queue:
                    server.give(queue.pop())
            wait([server.pipe for server in servers if server.name], timeout=0.5)
    finally:
        for server in servers:
            server.stop()
    return Selftest(subject, round(time.monotonic() - started, 1), [found[name] for name in names])


def quick_choice() -> list[str]:
    """One mutant for each pair of family and check."""
    chosen: dict[tuple[str, str], str] = {}
    for item in MUTANTS:
        if not item.pool:
            chosen.setdefault((item.family, item.expected), item.name)
    return list(chosen.values())


def run(names: list[str], subject: str, quick: bool, jobs: int, output: Path, console: Any) -> int:
    """The command: prints each mutant, writes selftest.json. 0 when every fault was seen by the check meant to see it, or
    has the reason why not."""
    from .. import subjects

    subjects.make(subject)  # says so when there is none
    known = [item.name for item in MUTANTS]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no mutant {unknown[0]!r}; see `python -m conformance list mutants`")
    names = names or (quick_choice() if quick else known)

    def tell(item: results.Mutant) -> None:
        mark = "[green]caught[/]" if item.caught else "[yellow]not seen[/]" if item.reason else "[red]not seen[/]"
        others = [name for name in item.caught_by if name != item.expected]
        about = item.reason or (f"only by {', '.join(others)}" if others and not item.caught else "")
        console.print(f"{mark} {item.name:<32} [dim]{item.expected:<11} {item.seconds:5.1f} s  {about}[/]", highlight=False)

    record = judge_all(names, subject, jobs, tell)
    output.mkdir(parents=True, exist_ok=True)
    (output / "selftest.json").write_text(json.dumps(results._plain(record), indent=1) + "\n")
    lost = [item for item in record.mutants if not item.caught]
    total = len(record.mutants)
    console.print(f"{record.caught} of {total} faults in {subject} seen by the check meant to see them "
                  f"({100 * record.caught / total:.0f} %) in {record.seconds:.0f} s")  # fmt: skip
    for item in lost:
        console.print(f"  not seen: {item.name}: {item.reason or 'no reason'}", highlight=False)
    return 1 if any(not item.reason for item in lost) else 0
