"""Views are views, copies are copies."""

from ..judge import Answer, Run, memory_of
from ..subjects.adapter import Adapter
from ..verdicts import Blocked, Mismatch, Skip
from . import check


@check("alias", "view or copy")
def alias(run: Run) -> None:
    """A result shares memory with an argument exactly where PyTorch's does; a view starts at the same place and has
    the same strides, and what is contiguous in PyTorch, so that it can be viewed in any shape, is here too."""
    wanted, found = run.expected, run.actual
    if run.case.process is not None:
        wanted, found = run.call(run.oracle, process=False), run.call(run.subject, process=False)
    compare(run, found, wanted)


def compare(run: Run, found: Answer, wanted: Answer) -> None:
    if not wanted.tensors:
        raise Skip("no tensor in the result")
    if [t.shape for t in found.tensors] != [t.shape for t in wanted.tensors]:
        raise Blocked("another shape")
    theirs, mine = _relations(run.oracle, wanted), _relations(run.subject, found)
    for (i, j), expected in theirs.items():
        actual = mine.get((i, j))
        if actual == expected:
            continue
        if expected is None or actual is None:
            kinds = ["its own memory" if relation is None else "a view" for relation in (actual, expected)]
            raise Mismatch(f"result {i} with respect to argument {j}: {kinds[0]}, expected {kinds[1]}")
        raise Mismatch(f"result {i} views argument {j} at (bytes, strides) {actual}, expected {expected}")
    for i, (one, other) in enumerate(zip(found.tensors, wanted.tensors)):
        if other.is_contiguous() and not one.is_contiguous():
            raise Mismatch(f"result {i} has strides {tuple(one.stride())}, expected contiguous ones {tuple(other.stride())}")


def _relations(party: Adapter, answer: Answer) -> dict:
    """(result, argument) -> None for separate memory, else where the view starts and its strides."""
    inputs = [party.export(t) for t in answer.inputs(party)]
    relations = {}
    for i, out in enumerate(answer.tensors):
        for j, arg in enumerate(inputs):
            if out.numel() == 0 or arg.numel() == 0:
                continue
            (first, last), (start, end) = memory_of(out), memory_of(arg)
            if last < start or end < first:
                relations[i, j] = None
            else:
                # the stride of a dimension of one element is never used
                strides = tuple(s if n > 1 else 0 for n, s in zip(out.shape, out.stride()))
                relations[i, j] = first - start, strides
    return relations
