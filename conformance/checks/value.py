"""The first question: the same numbers."""

from ..compare import close
from ..judge import Refusal, Run
from ..ties import settled
from ..tolerances import pooled
from ..verdicts import Mismatch, describe
from . import check


@check("value", "value")
def value(run: Run) -> None:
    """Every finite element equals PyTorch's in the same dtype within the tolerance table; integers, bool and results
    that are no tensors equal exactly. A call that raises where PyTorch answers fails here."""
    expected = run.expected
    says = run.subject_says
    if isinstance(says, Refusal):
        raise Mismatch(f"raised {describe(says.error)}")
    compare(run, run.actual, expected)


def compare(run: Run, actual, expected, name: str = "value", finite_only: bool = True) -> None:
    """An answer against another, tensor by tensor and leaf by leaf."""
    if len(actual.tensors) != len(expected.tensors):
        raise Mismatch(f"{len(actual.tensors)} tensors in the result, expected {len(expected.tensors)}")
    if actual.plain != expected.plain and not all(map(_equal, actual.plain, expected.plain)):
        raise Mismatch(f"found {actual.plain!r}, expected {expected.plain!r}")
    if "uninitialised" in run.case.tags:
        return
    founds, wanteds = (settled(run.case, one, expected.args, expected.kwargs, "result") for one in (actual, expected))
    for i, (found, wanted) in enumerate(zip(founds, wanteds)):
        what = "result" if len(expected.tensors) == 1 else f"result {i}"
        tolerance = run.tolerance(wanted.dtype, name)
        if wanted is expected.tensors[i]:
            close(found, wanted, tolerance, what, run.truth_of(i), finite_only, run.others_of(i), pooled(run.case.op),
                  lambda i=i: run.moves.of(i))
        else:
            close(found, wanted, tolerance, what, finite_only=finite_only)


def _equal(found, wanted) -> bool:
    if isinstance(wanted, float) and isinstance(found, float):
        return found == wanted or (found != found and wanted != wanted) or abs(found - wanted) <= 1e-6 * abs(wanted)
    return found == wanted
