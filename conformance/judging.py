"""From an op to its results: enumerate the cases of a task, put each check to each case, record how it ended."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from . import sources
from .cases import Case
from .checks import Check, load
from .deviations import deviation
from .judge import Refusal, Run, unimplemented
from .oracles.truth import summarise
from .repro import program
from .results import Errors
from .scope import out_of_scope
from .subjects.adapter import Adapter
from .verdicts import Verdict, describe

DTYPES = {name: getattr(torch, name) for name in (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex32", "complex64",
    "complex128")}  # fmt: skip
HALVES = ("float16", "bfloat16")
DEFAULT_DTYPES = ("float32", "float64", "int64", "bool", *HALVES)  # one of the two for each op
# Where random numbers need not be PyTorch's, these are still PyTorch's to say.
WITHOUT_STREAM = {"stream", "dtype", "shape", "alias", "exceptions"}


@dataclass(frozen=True)
class Task:
    """What one worker does at a time: one op from one source, at one SIMD level ('' is the subject's own choice)."""

    op: str
    source: str
    level: str = ""


@dataclass
class Plan:
    """What a run judges; the same in every process."""

    seed: int = 0
    quick: bool = False
    dtypes: tuple[str, ...] = DEFAULT_DTYPES
    checks: tuple[str, ...] = ()  # empty: all

    def selected(self, level: str = "") -> dict[str, Check]:
        every = load()
        if level:
            return {"simd": every["simd"]}
        return {
            name: check for name, check in every.items() if name != "simd" and (not self.checks or name in self.checks)
        }


@dataclass
class Outcome:
    check: str
    status: str
    message: str = ""
    details: dict[str, str] = field(default_factory=dict)
    repro: str = ""


@dataclass
class Measured:
    """Errors of one case against the truth, for one dtype."""

    dtype: str
    oracle: str
    elements: int
    subject: Errors
    torch: Errors
    worst: tuple[str, str, str, str]  # input, subject, torch, truth


@dataclass
class Result:
    """A judged case, as it travels from worker to parent."""

    case: str
    op: str
    source: str
    dtype: str
    family: str
    kind: str
    short: str
    outcomes: list[Outcome]
    measured: list[Measured] = field(default_factory=list)
    seconds: float = 0.0  # of processor time


def catalogue(names: tuple[str, ...] = ()) -> dict[str, tuple[str, list[str]]]:
    """Torch path -> (family, sources that have cases for it), for everything in scope."""
    found: dict[str, tuple[str, list[str]]] = {}
    for name, source in sources.load().items():
        if names and name not in names:
            continue
        for op, family in source.ops().items():
            if not out_of_scope(op):
                found.setdefault(op, (family, []))[1].append(name)
    return found


def cases_of(task: Task, plan: Plan) -> Iterator[Case]:
    """The cases of a task, always in the same order."""
    names = list(plan.dtypes)
    if set(HALVES) <= set(names) and (plan.quick or plan.dtypes == DEFAULT_DTYPES):
        names.remove(HALVES[sources.seed_of(task.op) % 2])
    dtypes = [DTYPES[name] for name in names]
    if task.level:
        dtypes = [dtype for dtype in dtypes if dtype.is_floating_point]
    for case in sources.load()[task.source].cases(task.op, dtypes, plan.seed, plan.quick):
        if task.level:
            if case.kind != "function" or case.tags & {"error", "promotion", "large", "uninitialised"}:
                continue
            case = replace(case, tags=case.tags | {"simd"}, label=f"{case.label}@{task.level}")
        yield case


def judge(case: Case, subject: Adapter, oracle: Adapter, checks: dict[str, Check], before=lambda check: None) -> Result:
    """Put every check that applies to one case. `before` is told which check comes next."""
    started = time.process_time()
    result = Result(case.id, case.op, case.source, case.dtype, case.family, case.kind, case.short(), [])
    if case.kind == "function":
        before("oracle")
        run = Run(case, subject, oracle)
        case = _as_refused(case, run)
    else:
        run = case.runner(case, subject, oracle)
    for name, check in checks.items():
        if not check.applies(case):
            continue
        if case.kind == "function" and "random" in case.tags and not subject.stream and name not in WITHOUT_STREAM:
            continue
        before(name)
        outcome = _ask(check, run, case, subject)
        if outcome is not None:
            result.outcomes.append(outcome)
    result.measured = [_measure(*item) for item in run.accuracy]
    for outcome in result.outcomes:
        if outcome.status == "failed":
            outcome.repro = program(case, subject.package, [outcome.check], outcome.message)
    result.seconds = time.process_time() - started
    return result


def _as_refused(case: Case, run: Run) -> Case:
    """A case that PyTorch turns out to refuse becomes a question of exceptions."""
    if case.tags & {"error", "promotion"} or not isinstance(run.oracle_says, Refusal):
        return case
    if unimplemented(run.oracle_says.error):
        return case
    run.case = replace(case, tags=case.tags | {"error"})
    return run.case


def _ask(check: Check, run: Any, case: Case, subject: Adapter) -> Outcome | None:
    try:
        check.judge(run)
    except Verdict as verdict:
        if verdict.status == "failed":
            reason = deviation(type(subject).__module__.rpartition(".")[2], case, check.name, verdict.message)
            if reason:
                return Outcome(check.name, "deviates", reason)
        return Outcome(check.name, verdict.status, verdict.message, verdict.details)
    except Exception as error:  # a fault of the suite is shown as a failure, never swallowed
        if subject.is_absence(error):
            return Outcome(check.name, "missing", str(error))
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(check.name, "failed", f"the check itself raised {describe(error)} ({where.name}:{where.lineno})")
    return Outcome(check.name, "passed")


def _measure(dtype, oracle, ours, theirs, *worst) -> Measured:
    return Measured(dtype, oracle, len(ours), summarise(ours), summarise(theirs), worst)


def find(case_id: str, plan: Plan) -> Case:
    """The case of that id; LookupError when no source has it."""
    parts = case_id.partition("#")[0].split("/")
    if len(parts) < 4:
        raise LookupError(f"{case_id!r} is no case id; they look like nn.functional.leaky_relu/own/float32/3")
    op, source, dtype, label = parts[0], parts[1], parts[2], "/".join(parts[3:])
    level = label.partition("@")[2]
    known = set(DTYPES)
    names = [name for name in dtype.split("+") if name in known]
    wide = replace(plan, dtypes=tuple(dict.fromkeys([*(names[:1] or ["float32"])])))
    if source not in sources.load():
        raise LookupError(f"no source {source!r}; there are: {', '.join(sources.load())}")
    for case in cases_of(Task(op, source, level), wide):
        if case.id == case_id.partition("#")[0]:
            return case
    raise LookupError(f"no case {case_id!r} with seed {plan.seed}")


__all__ = ["Measured", "Outcome", "Plan", "Result", "Task", "cases_of", "catalogue", "find", "judge"]
