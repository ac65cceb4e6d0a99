"""The same call gives the same bits: again, and at any number of threads."""

import contextlib

from ..compare import same_bits
from ..judge import Run
from ..verdicts import Mismatch, Missing, Skip
from . import check


@check("repeat", "same twice")
def repeat(run: Run) -> None:
    """The same call with the same seed gives the same bits again."""
    first = run.actual
    run.expected  # noqa: B018
    if "uninitialised" in run.case.tags:
        raise Skip("the result is uninitialised memory")
    try:
        _alike(first, run.insist(run.call(run.subject), "the second time it"), "the second time")
    except Mismatch:
        for _ in range(20):  # its LAPACK's bits depend on where the allocator puts the matrices
            again = run.call(run.oracle)
            if not all(same_bits(a, b) for a, b in zip(run.expected.tensors, again.tensors)):
                raise Skip("PyTorch does not repeat itself here either") from None
        raise


@check("threads", "thread count")
def threads(run: Run) -> None:
    """The result is the same bit for bit with one, two and three threads (cases large enough to be divided)."""
    if "large" not in run.case.tags:
        raise Skip("too small to be divided among threads")
    if not run.subject.thread_invariant:
        raise Skip("the subject does not claim it")
    before = run.actual
    try:
        for count in (2, 3):
            run.subject.set_threads(count)
            _alike(before, run.insist(run.call(run.subject), f"with {count} threads it"), f"with {count} threads")
    except Missing:
        raise Skip("the subject has no number of threads to set") from None
    finally:
        with contextlib.suppress(Missing):
            run.subject.set_threads(1)


def _alike(first, second, when: str) -> None:
    if first.plain != second.plain and first.plain == first.plain:
        raise Mismatch(f"{when} it gives {second.plain}, not {first.plain}")
    for i, (one, other) in enumerate(zip(first.tensors, second.tensors)):
        if not same_bits(one, other):
            raise Mismatch(f"result {i} has other bits {when}")
