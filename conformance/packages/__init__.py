"""Packages written for PyTorch, run as they are on both libraries: `python -m conformance packages`.

Each program of programs/ runs twice in processes of its own, with PyTorch and under `python -m lucid`, and writes what
it sees to a file; here the files are compared. Nothing is installed: a package that is not there is left out.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RUN = Path(__file__).with_name("run.py")
# How far two tensors may be apart, in parts of the larger one's largest element: steps of training add up what float32 rounds.
TOLERANCE = 1e-3


@dataclass
class Outcome:
    """How a package's program ended on the subject, beside PyTorch."""

    package: str
    version: str
    what: str
    differences: dict[str, float] = field(default_factory=dict)  # the largest, by what it is of
    failure: str = ""

    @property
    def verdict(self) -> str:
        if self.failure:
            return self.failure
        return "runs" if max(self.differences.values(), default=0.0) <= TOLERANCE else "differs"

    @property
    def largest(self) -> float:
        return max(self.differences.values(), default=0.0)


def installed(program) -> bool:
    """Whether the packages of a program are there, but for torchvision, for which it has a stand-in."""
    names = {program.__name__, *program.also} - {"torchvision"}
    return all(importlib.util.find_spec(name) for name in names)


def version_of(package: str) -> str:
    names = importlib.metadata.packages_distributions().get(package, ())
    return importlib.metadata.version(names[0]) if names else ""


def run(name: str, output: Path, launcher: tuple[str, ...] = (), programs: Path = RUN, timeout: float = 600) -> str:
    """Run a program; '' or the last line of what went wrong."""
    command = [sys.executable, "-W", "ignore", *launcher, str(programs), name, str(output)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"no end after {timeout:g} s"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def difference(theirs: np.ndarray, mine: np.ndarray) -> float:
    """The largest distance in parts of the largest element; infinite where shapes, kinds or the places of NaN differ."""
    if theirs.shape != mine.shape or theirs.dtype != mine.dtype:
        return np.inf
    if theirs.dtype.kind not in "fc":
        return 0.0 if np.array_equal(theirs, mine) else np.inf
    finite = np.isfinite(theirs)
    if not np.array_equal(theirs[~finite], mine[~finite], equal_nan=True):
        return np.inf
    theirs, mine = theirs[finite], mine[finite]
    scale = np.abs(theirs).max(initial=0.0)
    return float(np.abs(theirs - mine).max(initial=0.0) / (scale or 1.0))


def compared(name: str, what: str, version: str = "", programs: Path = RUN, launcher: tuple[str, ...] = ("-m", "lucid")) -> Outcome:
    """Run a program on both libraries and compare what it saw."""
    found = Outcome(name, version, what)
    with tempfile.TemporaryDirectory() as folder:
        theirs, mine = Path(folder, "theirs.npz"), Path(folder, "mine.npz")
        if said := run(name, theirs, (), programs):
            found.failure = f"PyTorch: {said}"
        elif said := run(name, mine, launcher, programs):
            found.failure = said
        else:
            with np.load(theirs) as first, np.load(mine) as second:
                if first.files != second.files:
                    found.failure = f"sees {len(second.files)} things where PyTorch sees {len(first.files)}"
                for key in first.files if not found.failure else ():
                    what = key.partition(" ")[2]
                    found.differences[what] = max(found.differences.get(what, 0.0), difference(first[key], second[key]))
    return found


def outcomes(names: list[str]) -> Iterator[Outcome]:
    """Of the programs with these names, or of all, those whose packages are installed."""
    from .programs import PROGRAMS as known

    for name, program in known.items():
        if (not names or name in names) and installed(program):
            yield compared(name, program.what, version_of(name))
