"""What has to be measured in processes of its own: a busy core, imports, memory, the wheel."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .cases import BusyCore, PeakMemory
from .timing import summary

BURN = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"


def train(library: str, program: str, threads: int, **limits: float) -> dict[str, Any]:
    """Run `benchmarks.worker` and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.worker", library, program, "--threads", str(threads)]
    for name, value in limits.items():
        command += [f"--{name}", str(value)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else f"exit status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def busy_process(seconds: float):
    """Keep one core busy meanwhile; the process ends by itself if this one does not get to end it."""
    process = subprocess.Popen([sys.executable, "-c", BURN.format(seconds=seconds)])
    try:
        time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def busy_core(case: BusyCore, libraries: list[str], threads: int, repeats: int = 3) -> dict[str, Any]:
    """Of each library: mean step on all threads beside a busy process / on 1 thread without one."""
    ratios: dict[str, list[float]] = {name: [] for name in libraries}
    seconds: dict[str, dict[str, list[float]]] = {name: {"alone": [], "beside": []} for name in libraries}
    for _ in range(repeats):
        for name in libraries:
            alone = train(name, case.program, threads=1, seconds=0.7)["seconds"]
            with busy_process(60):
                beside = train(name, case.program, threads, seconds=1.5)["seconds"]
            ratios[name].append(beside / alone)
            seconds[name]["alone"].append(alone)
            seconds[name]["beside"].append(beside)
    subject, *others = libraries
    return {
        "value": statistics.median(ratios[subject]),
        "spread": summary(ratios[subject]),
        "reference": statistics.median(ratios[others[0]]) if others else None,
        "seconds": {name: {k: summary(v) for k, v in times.items()} for name, times in seconds.items()},
        "pairs": repeats,
    }


def peak_memory(case: PeakMemory, subject: str, reference: str, threads: int, repeats: int = 3) -> dict[str, Any]:
    """Peak memory of processes that train for 30 steps, subject / reference, medians."""
    key = "growth_mb" if case.growth else "peak_mb"
    mine, theirs = (
        statistics.median(train(name, case.program, threads, steps=30, seconds=20)[key] for _ in range(repeats))
        for name in (subject, reference)
    )
    return {"value": mine / theirs if theirs else float("inf"), "megabytes": {"subject": mine, "reference": theirs}}


def import_time(subject: str, reference: str, repeats: int = 11) -> dict[str, Any]:
    """Milliseconds that fresh processes take to import, in turns."""
    def run(module: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True, capture_output=True)
        return (time.perf_counter() - start) * 1e3

    modules = [subject, "numpy"]
    for module in modules:
        run(module)  # fills the file cache and writes the bytecode
    mine, numpy = map(list, zip(*[[run(module) for module in modules] for _ in range(repeats)]))
    theirs = [run(reference) for _ in range(3)]
    extra = [a - b for a, b in zip(mine, numpy)]
    return {
        "value": statistics.median(extra),
        "spread": summary(extra),
        "reference": statistics.median(theirs) - statistics.median(numpy),
        "milliseconds": {"subject": summary(mine), "numpy": summary(numpy), "reference": summary(theirs)},
        "pairs": repeats,
    }


def wheel_size(wheel: Path | None) -> dict[str, Any]:
    """Megabytes (10^6 bytes) of a wheel."""
    found = [wheel] if wheel else sorted(Path("dist").glob("lucid_tensor-*.whl"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise FileNotFoundError("no wheel in dist/: `pip wheel --no-deps -w dist .` makes one")
    return {"value": found[-1].stat().st_size / 1e6, "wheel": found[-1].name}
