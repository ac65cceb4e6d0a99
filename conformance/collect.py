"""Results of cases into a report: counting, the few failures that are kept in full, accuracy, the baseline."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import psutil

from . import results
from .checks import load
from .judging import Measured, Result
from .results import Accuracy, Baseline, Counts, Errors, Failure, Op

KEPT = 3  # failures kept in full per op, check, source and dtype
SAMPLES = 12  # arguments shown per op
PACKAGES = ("torch", "numpy", "lucid-tensor", "hypothesis", "python-flint", "mpmath", "ml_dtypes", "psutil")


class Collector:
    def __init__(self) -> None:
        self.ops: dict[str, Op] = {}
        self.counts: dict[tuple, Counts] = {}
        self.failures: dict[tuple, list[Failure]] = {}
        self.failed: list[str] = []  # 'case#check', all of them
        self.judged: set[str] = set()  # 'case#check' that ended in any other way than skipped
        self.measured: dict[tuple[str, str], list[Measured]] = {}
        self.cases = 0

    def expect(self, op: str, family: str, kind: str) -> None:
        """An op of the catalogue; it stays in the count even when nothing is judged."""
        self.ops.setdefault(op, Op(op, kind, family, "unjudged"))

    def add(self, found: list[Result]) -> None:
        for result in found:
            op = self.ops.setdefault(result.op, Op(result.op, result.kind, result.family, "unjudged"))
            op.cases += 1
            op.seconds = round(op.seconds + result.seconds, 4)
            self.cases += 1
            if len(op.samples) < SAMPLES and result.short not in op.samples:
                op.samples.append(result.short)
            for outcome in result.outcomes:
                key = (result.op, outcome.check, result.source, result.dtype)
                if key not in self.counts:
                    self.counts[key] = Counts(*key[1:])
                    op.counts.append(self.counts[key])
                self.counts[key].add(outcome.status, outcome.message)
                name = f"{result.case}#{outcome.check}"
                if outcome.status != "skipped":
                    self.judged.add(name)
                if outcome.status in results.BAD:
                    self.failed.append(name)
                    kept = self.failures.setdefault(key, [])
                    if len(kept) < KEPT:
                        kept.append(Failure(result.case, *key, outcome.status, outcome.message, result.short,
                                            outcome.repro, details=outcome.details))  # fmt: skip
            for item in result.measured:
                self.measured.setdefault((result.op, item.dtype), []).append(item)

    def lacking(self) -> list[str]:
        """'op/missing#check' for what the subject has not; one entry when it has nothing of the op."""
        found = []
        for name, op in self.ops.items():
            if op.verdict()[0] == "missing":
                found.append(f"{name}/missing#all")
            else:
                found += dict.fromkeys(f"{name}/missing#{count.check}" for count in op.counts if count.missing)
        return found

    def against(self, accepted: dict[str, str], path: str = "", everything: bool = True) -> Baseline:
        """Compare with the accepted failures. `everything`: all cases were judged; else a form that some case lacks
        cannot be said to be there now."""
        bad = {*self.failed, *self.lacking()}
        there = {name for name, op in self.ops.items() if op.verdict()[0] not in ("missing", "unjudged")}

        def passes(name: str) -> bool:
            case, _, check = name.rpartition("#")
            op, _, rest = case.partition("/")
            if rest == "missing":
                return op in there and (check == "all" or everything)
            return name in self.judged

        fixed = sorted(name for name in accepted if name not in bad and passes(name))
        known = sorted(bad & accepted.keys())
        return Baseline(path, sorted(bad - accepted.keys()), known, fixed, len(accepted) - len(known) - len(fixed))

    def report(self, subject, run, baseline: Baseline) -> results.Report:
        known = set(baseline.known)
        failures = [failure for kept in self.failures.values() for failure in kept]
        for failure in failures:
            failure.known = f"{failure.case}#{failure.check}" in known
        for name, op in self.ops.items():
            op.status, op.reason = op.verdict()
            op.accuracy = [merge(items) for (owner, _), items in sorted(self.measured.items()) if owner == name]
        run.cases = self.cases
        return results.Report(
            environment(), subject, run, [check.info() for check in load().values()],
            sorted(self.ops.values(), key=lambda op: op.name), sorted(failures, key=lambda f: (f.op, f.case, f.check)),
            baseline,
        )  # fmt: skip


def merge(items: list[Measured]) -> Accuracy:
    """Errors of many cases as one. Cases judged by ball arithmetic go before those judged in double precision."""
    oracle = "arb" if any(item.oracle == "arb" for item in items) else items[0].oracle
    items = [item for item in items if item.oracle == oracle]
    total = sum(item.elements for item in items)

    def one(pick) -> Errors:
        parts = [pick(item) for item in items]
        mean = sum(p.mean * item.elements for p, item in zip(parts, items)) / total
        return Errors(max(p.worst for p in parts), mean, [sum(column) for column in zip(*(p.histogram for p in parts))])

    subject, torch = one(lambda item: item.subject), one(lambda item: item.torch)
    near = abs(subject.mean - torch.mean) <= max(0.001, 0.01 * torch.mean)
    better = "equal" if near else "subject" if subject.mean < torch.mean else "torch"
    worst = max(items, key=lambda item: item.subject.worst).worst
    return Accuracy(items[0].dtype, oracle, total, subject, torch, better, *worst)


def environment() -> results.Environment:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return results.Environment(
        platform.python_version(),
        f"{platform.system()}-{platform.machine()}",
        _cpu(),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        round(psutil.virtual_memory().total / 2**30, 1),
        versions,
        1,
    )


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# -- the baseline ------------------------------------------------------------------------------------------------------


def read_baseline(path: Path | None) -> dict[str, str]:
    """'case#check' -> reason. In the file they are grouped by reason and op."""
    if path is None or not path.exists():
        return {}
    data = json.loads(path.read_text())
    return {
        f"{op}/{rest}": group["reason"]
        for group in data["accepted"]
        for op, cases in group["failures"].items()
        for rest in cases
    }


def accept(path: Path, found: Baseline, reason: str, seed: int) -> None:
    """Accept what is new and strike what passes now. What the run did not reach stays as it is, reasons too."""
    before = read_baseline(path)
    groups: dict[str, dict[str, list[str]]] = {}
    for name in sorted({*before, *found.new} - set(found.fixed)):
        op, rest = name.split("/", 1)
        groups.setdefault(before.get(name, reason), {}).setdefault(op, []).append(rest)
    data = {
        "about": "Accepted failures of `python -m conformance run`. Strict: a failure that is not listed fails the run, "
                 "and so does one that is listed and passes. op/missing#check: the subject does not have it. Ids are "
                 "those of the seed below.",
        "seed": seed,
        "accepted": [{"reason": reason, "failures": ops} for reason, ops in sorted(groups.items())],
    }  # fmt: skip
    path.write_text(json.dumps(data, indent=1) + "\n")
