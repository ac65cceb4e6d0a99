"""Places of NaN and infinities."""

from ..compare import nonfinite_alike
from ..judge import Run
from ..verdicts import Skip
from . import check


@check("nonfinite", "NaN, inf")
def nonfinite(run: Run) -> None:
    """NaN and infinities of either sign stand where PyTorch has them, and nowhere else."""
    found, wanted = run.actual, run.expected
    if not any(t.is_floating_point() or t.is_complex() for t in wanted.tensors):
        raise Skip("no floating-point result")
    if "uninitialised" in run.case.tags:
        raise Skip("the result is uninitialised memory")
    for i, (actual, expected) in enumerate(zip(found.tensors, wanted.tensors)):
        nonfinite_alike(actual, expected, f"result {i}", run.truth_of(i), run.others_of(i))
