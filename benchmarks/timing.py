"""Timing in one process: blocks in turns, each after a pause, ratios by pair.

(a) A pair is a block of the subject and a block of the reference right after each other; the order
    changes from pair to pair, and the figure is the median of the pairs' ratios. What slows the
    whole machine down slows both and cancels.
(b) A block begins when this process uses no processor time any more: idle threads of a library spin
    for up to 0.2 s, and would take a processor from the other library. Then comes a warm-up
    that wakes this library's own threads, then enough calls to fill the block.
(c) A round during which other processes used the processors is thrown away and repeated, up to
    twice as many rounds as wanted. After that it counts; a row with mostly such rounds is shown, but
    is no measurement: PyTorch's threads spin, and beside a busy process its loops take milliseconds.
(d) Every round makes its tensors anew, with gaps of random size between them: where two buffers lie
    relative to each other changes a memory-bound loop by up to 1.8 times (seen with PyTorch against
    itself at 1 Mi elements), and must be neither library's luck.
(e) The garbage collector stays on: a library that makes cycles pays for them.
"""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import numpy as np

from . import machine
from .cases import Alternating, Case, Row
from .libraries import Input, Library
from .programs import PROGRAMS


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    pairs: int = 11
    block: float = 0.01  # seconds of a block, at least one call


def settle(limit: float = 1.0) -> None:
    """Sleep until no thread of this process is running any more."""
    end = time.perf_counter() + limit
    while time.perf_counter() < end:
        cpu, start = time.process_time(), time.perf_counter()
        time.sleep(0.004)
        if time.process_time() - cpu < 0.1 * (time.perf_counter() - start):
            return


def arrays(inputs: dict[str, Input]) -> dict[str, np.ndarray]:
    """The values of a case's inputs, the same for every library."""
    rng = np.random.default_rng(0)
    return {name: wanted.array(rng) for name, wanted in inputs.items()}


def namespace(library: Library, case: Row, values: dict[str, np.ndarray], gaps: Random | None = None) -> dict[str, Any]:
    """The names a case's code sees, on fresh tensors."""
    names = dict(library.names)
    for name, array in values.items():
        if gaps:
            names[f"_gap_{name}"] = np.empty(gaps.randrange(1 << 16), np.uint8)
        names[name] = library.tensor(array, case.inputs[name].leaf)
    if getattr(case, "program", None) and library.name != "numpy":
        names["step"] = PROGRAMS[case.program](library)
    return names


class Block:
    """One line of code for one library, and how many calls fill a block."""

    def __init__(self, code: str, make_names: Callable[[], dict[str, Any]], seconds: float):
        self.code, self.make_names = code, make_names
        timer = self._timer()
        timer.timeit(1)
        self.calls = 1
        settle()
        while (taken := timer.timeit(self.calls)) < seconds / 2:
            self.calls = max(self.calls * 2, int(self.calls * seconds / max(taken, 1e-7) / 2))

    def _timer(self) -> timeit.Timer:
        return timeit.Timer(self.code, setup="import gc; gc.enable()", globals=self.make_names())

    def __call__(self) -> float:
        """Seconds a call."""
        timer = self._timer()
        timer.timeit(1)
        settle()
        timer.timeit(max(1, self.calls // 4))
        return timer.timeit(self.calls) / self.calls


def rounds(blocks: Sequence[Callable[[], float]], count: int) -> tuple[list[list[float]], int]:
    """Each block's time in each of `count` rounds, and how many of them were disturbed.

    The order of the blocks is turned by one from round to round.
    """
    quiet: list[list[float]] = []
    disturbed: list[list[float]] = []
    for turn in range(3 * count):
        watch = machine.Watch()
        times = [0.0] * len(blocks)
        for i in range(len(blocks)):
            which = (turn + i) % len(blocks)
            times[which] = blocks[which]()
        (disturbed if watch.others() > 0.2 else quiet).append(times)
        if len(quiet) == count:
            break
    counted = quiet + disturbed[: count - len(quiet)]
    return [list(times) for times in zip(*counted)], count - len(quiet)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and the quartiles around it."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": middle, "low": low, "high": high}


def compare(case: Case, libraries: Sequence[Library], values: dict[str, np.ndarray]) -> float:
    """Largest difference of the libraries' results, relative to the size of the reference's values."""
    results = []
    for library in libraries:
        names = namespace(library, case, values)
        if case.check is None:
            value = eval(case.code, names)
        else:
            exec(case.code, names)
            value = eval(case.check, names)
        results.append(library.to_numpy(value).astype(np.float64))
    mine, reference = results
    if mine.shape != reference.shape:
        raise ValueError(f"{libraries[0].name} gives shape {mine.shape}, {libraries[1].name} {reference.shape}")
    scale = max(float(np.abs(reference).max()), 1e-30)
    return float(np.abs(mine - reference).max()) / scale


def time_case(case: Case, subject: Library, reference: Library, numpy: Library | None, plan: Plan) -> dict[str, Any]:
    """The ratio of a case, with each library's seconds a call."""
    values, gaps = arrays(case.inputs), Random(0)
    difference = compare(case, [subject, reference], values)
    if not difference < 1e-4:
        raise ValueError(f"results differ by {difference:.1e} of the largest value: not the same work")
    sides = [(subject, case.code), (reference, case.code)]
    if numpy is not None and case.numpy:
        sides.append((numpy, case.numpy))
    blocks = [Block(code, partial(namespace, library, case, values, gaps), plan.block) for library, code in sides]
    (mine, theirs, *third), disturbed = rounds(blocks, plan.pairs)
    ratios = [a / b for a, b in zip(mine, theirs)]
    result = {
        "value": statistics.median(ratios),
        "spread": summary(ratios),
        "seconds": {"subject": summary(mine), "reference": summary(theirs)},
        "difference": difference,
        "pairs": plan.pairs,
        "disturbed": disturbed,
    }
    if third:
        result["seconds"]["numpy"] = summary(third[0])
        result["to_numpy"] = statistics.median(a / b for a, b in zip(mine, third[0]))
    return result


def time_alternating(case: Alternating, library: Library, plan: Plan) -> dict[str, Any]:
    """Two lines in turns against the sum of each alone, within one library."""
    make_names = partial(namespace, library, case, arrays(case.inputs), Random(0))
    codes = [case.first, case.second, f"{case.first}; {case.second}"]
    (first, second, both), disturbed = rounds([Block(code, make_names, plan.block * 2) for code in codes], plan.pairs)
    ratios = [c / (a + b) for a, b, c in zip(first, second, both)]
    return {
        "value": statistics.median(ratios),
        "spread": summary(ratios),
        "seconds": {"first": summary(first), "second": summary(second), "both": summary(both)},
        "pairs": plan.pairs,
        "disturbed": disturbed,
    }
