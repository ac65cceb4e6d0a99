"""Can the suite fail? Faults are planted in the subject, one at a time, and the suite has to see each.

Design: a mutant (mutants.py, a table) replaces one function of the subject by one that is wrong in one way. The cases
of that function are judged until the check that is meant to see the fault has failed. Mutants that kill, hang or
swell their process, and those that are wrong at one SIMD level only, go through the worker pool, as in a run.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from .. import results
from ..results import BAD, Selftest
from .mutants import MUTANTS, Mutant


def mutants() -> list[Mutant]:
    return MUTANTS


def judge_mutant(name: str, subject_name: str) -> results.Mutant:
    """Plant it, judge until its check fails or the cases are exhausted."""
    import warnings

    import torch

    from .. import judging, subjects

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    mutant = next(item for item in MUTANTS if item.name == name)
    started = time.monotonic()
    caught: dict[str, int] = {}
    plan = judging.Plan(quick=True, dtypes=mutant.dtypes)
    catalogue = judging.catalogue()
    tasks = [judging.Task(mutant.op, source, mutant.level) for source in catalogue[mutant.op][1]]
    if mutant.pool:
        from ..workers import Limits, Pool

        environments = {mutant.level: {"CONFORMANCE_SELFTEST_LEVEL": mutant.level}} if mutant.level else {}
        pool = Pool(subject_name, plan, 1, Limits(8.0, 2.0), environments, (mutant,))
        running = pool.run([task for task in tasks if task.source == "own"] or tasks)
        for _, found in running:
            for outcome in (o for result in found for o in result.outcomes if o.status in BAD):
                label = outcome.check if outcome.status == "failed" else outcome.status
                caught[label] = caught.get(label, 0) + 1
        running.close()
    else:
        subject, oracle = subjects.make(subject_name), subjects.make("torch")
        mutant.plant(subject)
        checks = plan.selected()
        for task in tasks:
            for case in judging.cases_of(task, plan):
                for outcome in judging.judge(case, subject, oracle, checks).outcomes:
                    if outcome.status in BAD:
                        caught[outcome.check] = caught.get(outcome.check, 0) + 1
                if mutant.expected in caught:
                    break
            if mutant.expected in caught:
                break
    return results.Mutant(
        mutant.name, mutant.op, mutant.family, mutant.fault, mutant.expected, bool(caught), sorted(caught),
        mutant.reason if not caught else "", round(time.monotonic() - started, 2),
    )  # fmt: skip


def judge_all(names: list[str], subject: str, jobs: int, tell: Any = None) -> Selftest:
    from ..workers import CONTEXT

    started = time.monotonic()
    found = []
    with ProcessPoolExecutor(jobs, CONTEXT) as executor:
        for item in executor.map(judge_mutant, names, [subject] * len(names)):
            found.append(item)
            if tell is not None:
                tell(item)
    return Selftest(subject, round(time.monotonic() - started, 1), found)


def quick_choice() -> list[str]:
    """One mutant for each pair of family and check."""
    chosen: dict[tuple[str, str], str] = {}
    for item in MUTANTS:
        if not item.pool:
            chosen.setdefault((item.family, item.expected), item.name)
    return list(chosen.values())


def run(names: list[str], subject: str, quick: bool, jobs: int, output: Path, console: Any) -> int:
    """The command: prints each mutant, writes selftest.json, adds itself to report.json. 0 when all are caught."""
    known = [item.name for item in MUTANTS]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no mutant {unknown[0]!r}; see `python -m conformance list mutants`")
    names = names or (quick_choice() if quick else known)

    def tell(item: results.Mutant) -> None:
        seen = item.expected in item.caught_by
        mark = "[green]caught[/]" if seen else "[yellow]caught elsewhere[/]" if item.caught else "[red]survived[/]"
        console.print(f"{mark:<24} {item.name:<34} [dim]{item.family:<10} {', '.join(item.caught_by)} {item.reason}[/]")

    record = judge_all(names, subject, jobs, tell)
    output.mkdir(parents=True, exist_ok=True)
    plain = results._plain(record)
    (output / "selftest.json").write_text(json.dumps(plain, indent=1) + "\n")
    path = output / "report.json"
    if path.exists():
        report = results.load(path)
        report.selftest = record
        report.save(path)
    survivors = [item for item in record.mutants if not item.caught]
    total = len(record.mutants)
    console.print(f"{record.caught} of {total} caught ({100 * record.caught / total:.0f} %) in {record.seconds:.0f} s")
    return 1 if any(not item.reason for item in survivors) else 0
