"""One library training in a process of its own: `python -m benchmarks.worker LIBRARY PROGRAM`.

Prints a JSON object: mean seconds a step (after a warm-up), steps done, and the
process's peak memory, in all and above what it held before the first step.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import statistics
import time
from pathlib import Path

from .libraries import Library
from .programs import PROGRAMS

STATUS = Path("/proc/self/status")


def _reset_peak() -> None:
    """Forget the peak that the import had (Linux only; elsewhere the peak is the process's)."""
    with contextlib.suppress(OSError):  # not permitted, or not Linux: the growth then starts at the import's peak
        Path("/proc/self/clear_refs").write_text("5")


def kilobytes(key: str) -> int:
    if STATUS.exists():
        return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(key))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=1_000_000)
    options = parser.parse_args()

    library = Library(options.library)
    library.set_threads(options.threads)
    step = PROGRAMS[options.program](library)
    imported = kilobytes("VmHWM")  # getrusage tells the largest of the parent too, from before it ran this
    before = kilobytes("VmRSS")
    _reset_peak()
    times: list[float] = []
    end = time.perf_counter() + options.seconds
    while len(times) < options.steps + 5 and (time.perf_counter() < end or len(times) < 6):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    steady = times[5:]
    peak = kilobytes("VmHWM")
    record = {
        # The mean, not the median: a busy core shows in the steps that had to wait.
        "seconds": statistics.fmean(steady),
        "steps": len(steady),
        "peak_mb": max(peak, imported) / 1024,
        "growth_mb": max(peak - before, 0) / 1024,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
