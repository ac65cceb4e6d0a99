"""Arguments after the call."""

from functools import partial

from ..compare import close, same_bits
from ..judge import Run, Sensitivity
from ..verdicts import Mismatch, Skip
from . import check


@check("unmodified", "arguments kept")
def unmodified(run: Run) -> None:
    """Arguments that PyTorch leaves alone are bit for bit as before; those it writes hold what PyTorch wrote."""
    found, wanted = run.actual.inputs(run.subject), run.expected.inputs(run.oracle)
    if not wanted:
        raise Skip("no tensor among the arguments")
    for i, (mine, theirs) in enumerate(zip(found, wanted)):
        after, expected = run.subject.export(mine), run.oracle.export(theirs)
        if same_bits(after, expected):
            continue
        if after.shape != expected.shape or after.dtype != expected.dtype:
            raise Mismatch(f"argument {i} is {after.dtype} {tuple(after.shape)} after the call")
        if "uninitialised" not in run.case.tags:
            close(after, expected, run.tolerance(expected.dtype), f"argument {i} after the call",
                  lambda i=i: next(iter(_written(run)[i:]), None), moved=partial(Sensitivity(run, _written).of, i))  # fmt: skip


def _written(run: Run) -> list:
    """What the arguments hold after the call in double precision, when that can be had."""
    return run.truth.inputs(run.oracle) if run.truth else []
