"""Is a figure worth anything at this moment: who else uses the processors, and what machine this is.

Two signs are looked at. Other processes' processor time can be named, but only within this
container; whether all the threads asked for really run at once is measured with work of known size,
and sees the neighbours of a shared machine too.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import psutil


@dataclass
class Load:
    """`others`: processors that other processes use; `slowdown`: of work on all threads at once."""

    others: float
    slowdown: float
    names: list[str]

    @property
    def busy(self) -> bool:
        return self.others > 0.15 or self.slowdown > 1.3

    def __str__(self) -> str:
        who = f" ({', '.join(self.names)})" if self.names else ""
        return f"others use {self.others:.2f} processors{who}; all threads at once run {self.slowdown:.2f} x slower"

    def record(self) -> dict:
        return asdict(self) | {"busy": self.busy}


class Watch:
    """How many processors other processes have used since this was made."""

    def __init__(self):
        self.start = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        return time.perf_counter(), sum(times[:8]) - idle - time.process_time()

    def others(self) -> float:
        now, used = self._now()
        elapsed = now - self.start[0]
        # The system counts in hundredths of a second: below a few of them there is nothing to see.
        return max(0.0, used - self.start[1] - 0.01) / elapsed if elapsed > 0 else 0.0


def _hash(block: bytes) -> None:
    hashlib.sha256(block).digest()  # releases the interpreter lock


def _slowdown(threads: int, block: bytes = bytes(4 << 20)) -> float:
    """Best time of `threads` equal pieces of work at once / of one alone; 1 where each has a processor."""
    def timed(n: int) -> float:
        start = time.perf_counter()
        list(pool.map(_hash, [block] * n))
        return time.perf_counter() - start

    with ThreadPoolExecutor(threads) as pool:
        timed(threads)
        rounds = [(timed(threads), timed(1)) for _ in range(5)]
    return min(many for many, _ in rounds) / min(one for _, one in rounds)


def _times() -> dict[int, tuple[str, float]]:
    times = {}
    for process in psutil.process_iter(["pid", "name", "cpu_times"]):
        cpu = process.info["cpu_times"]
        if cpu is not None and process.pid != os.getpid():
            times[process.pid] = (process.info["name"], cpu.user + cpu.system)
    return times


def load(threads: int, seconds: float = 0.5) -> Load:
    """Watch the machine for a moment."""
    before, start = _times(), time.perf_counter()
    time.sleep(seconds)
    after, elapsed = _times(), time.perf_counter() - start
    used = {pid: (cpu - before[pid][1]) / elapsed for pid, (_, cpu) in after.items() if pid in before}
    names = [f"{after[pid][0]} {share:.2f}" for pid, share in sorted(used.items(), key=lambda x: -x[1]) if share > 0.05]
    return Load(sum(used.values()), _slowdown(threads), names[:5])


def wait_until_quiet(threads: int, patience: float) -> Load:
    """The load now, or as soon as it is low, or after `patience` seconds as it is."""
    end = time.monotonic() + patience
    while (now := load(threads)).busy and time.monotonic() < end:
        time.sleep(1)
    return now


def describe() -> dict[str, str | int | None]:
    """What a reader needs in order to judge a figure."""
    model = platform.processor()
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass  # no such file outside Linux; the platform's own answer stands
    return {
        "processor": model,
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
