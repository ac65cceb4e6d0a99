"""`python -m benchmarks`: time the cases, print the table, write JSON and the chart.

The SIMD level and BLAS's threads are read from the environment when a library is imported, so
the process starts itself anew with them set, before it imports anything that counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Lucid, PyTorch and NumPy side by side.")
    parser.add_argument("cases", nargs="*", help="names, groups or shell patterns of cases; all if none is given")
    parser.add_argument("--list", action="store_true", help="name the cases and their targets, and stop")
    parser.add_argument("--subject", default="lucid", help="module to judge (torch against itself must give 1)")
    parser.add_argument("--reference", default="torch", help="module to compare with")
    parser.add_argument("--threads", type=int, default=2, help="threads of each library (the targets are for 2)")
    parser.add_argument("--simd", choices=["base", "v3", "v4"], help="force Lucid's SIMD level")
    parser.add_argument("--pairs", type=int, default=11, help="pairs of blocks a case")
    parser.add_argument("--block", type=float, default=0.01, help="seconds a block, at least one call")
    parser.add_argument("--quick", action="store_true", help="5 pairs of short blocks: a first look, not a figure")
    parser.add_argument("--allow-busy", action="store_true", help="measure on a busy machine all the same, and say so")
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for a busy machine to calm down")
    parser.add_argument("--wheel", type=Path, help="wheel to weigh (default: the newest in dist/)")
    parser.add_argument("--output", type=Path, default=Path("out/benchmarks"), help="folder for JSON and chart")
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a target is missed or not measured")
    return parser.parse_args(arguments)


def prepared(options: argparse.Namespace) -> dict[str, str]:
    """The environment the libraries are to find when they are imported."""
    wanted = {"OPENBLAS_NUM_THREADS": str(options.threads)}
    if options.simd:
        wanted["LUCID_SIMD"] = options.simd
    return wanted


def measure(row, subject, reference, numpy, options, plan) -> dict:
    """The measurement that the row's kind asks for."""
    from . import cases, processes, timing

    match row:
        case cases.Case():
            return timing.time_case(row, subject, reference, numpy, plan)
        case cases.Alternating():
            result = timing.time_alternating(row, subject, plan)
            return result | {"reference": timing.time_alternating(row, reference, plan)["value"]}
        case cases.BusyCore():
            return processes.busy_core(row, [subject.name, reference.name], options.threads)
        case cases.PeakMemory():
            return processes.peak_memory(row, subject.name, reference.name, options.threads)
        case cases.ImportTime():
            return processes.import_time(subject.name, reference.name)
        case cases.WheelSize():
            return processes.wheel_size(options.wheel)
    raise TypeError(f"no measurement for a {type(row).__name__}")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    env = prepared(options)
    if any(os.environ.get(name) != value for name, value in env.items()):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *arguments], os.environ | env)

    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from . import cases, machine, report, timing
    from .libraries import Library

    console = Console(width=None if sys.stdout.isatty() else 132)
    rows = cases.select(options.cases)
    if options.list:
        for row in rows:
            console.print(f"{row.group:16} {row.name:40} {row.target:g} {row.unit}", highlight=False)
        return 0
    if not rows:
        console.print(f"no case matches {' '.join(options.cases)}; --list names them all")
        return 2

    load = machine.wait_until_quiet(options.threads, options.patience)
    if load.busy and not options.allow_busy:
        console.print(f"[red]This machine is busy:[/] {load}.")
        console.print("Figures would mean nothing; --allow-busy takes them all the same.")
        return 3

    subject, reference, numpy = Library(options.subject), Library(options.reference), Library("numpy")
    for library in (subject, reference):
        library.set_threads(options.threads)
    plan = timing.Plan(5, 0.004) if options.quick else timing.Plan(options.pairs, options.block)

    results = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(rows))
        for row in rows:
            progress.update(task, description=f"{row.name:40}")
            progress.refresh()
            progress.stop()  # its refreshing thread would be timed too
            result = {"name": row.name, "group": row.group, "kind": type(row).__name__, "target": row.target,
                      "unit": row.unit, "code": getattr(row, "code", None)}  # fmt: skip
            try:
                result |= measure(row, subject, reference, numpy, options, plan)
            except Exception as error:  # one case that the subject cannot run must not cost the others
                result["error"] = f"{type(error).__name__}: {error}"
            spread = result.get("spread")
            result["noisy"] = bool(spread and spread["high"] - spread["low"] > 0.25 * abs(spread["median"]))
            result["noisy"] |= result.get("disturbed", 0) > 0
            result["verdict"] = report.verdict(result)
            results.append(result)
            progress.start()
            progress.advance(task)

    after = machine.load(options.threads)
    record = {
        "schema": report.SCHEMA,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine.describe(),
        "load": {"before": load.record(), "after": after.record()},
        "threads": options.threads,
        "simd": options.simd or os.environ.get("LUCID_SIMD") or "chosen at import",
        "plan": asdict(plan),
        "subject": {"name": subject.name, "version": subject.version},
        "reference": {"name": reference.name, "version": reference.version},
        "numpy": numpy.version,
        "totals": report.totals(results),
        "rows": results,
    }
    options.output.mkdir(parents=True, exist_ok=True)
    report.print_table(record, console)
    for moment, seen in ("before", load), ("after", after):
        if seen.busy:
            console.print(f"[red]Busy {moment} the run, so these are no figures to quote:[/] {seen}")
    report.write_json(record, options.output / "benchmarks.json")
    written = [options.output / "benchmarks.json", *report.write_chart(record, options.output)]
    console.print("written: " + ", ".join(map(str, written)))
    complete = record["totals"]["met"] == len(results)
    return 0 if complete or not options.check else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
