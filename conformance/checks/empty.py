"""Tensors without elements and without dimensions."""

from ..cases import tensors
from ..judge import Run
from ..verdicts import Skip
from . import check
from .dtype import dtype
from .shape import shape
from .value import value


@check("empty", "empty, 0-d")
def empty(run: Run) -> None:
    """Value, dtype and shape once more for the cases in which an argument has no elements or no dimensions, as a
    column of their own."""
    if not any(t.numel() == 0 or t.dim() == 0 for t in tensors(run.case.args, run.case.kwargs)):
        raise Skip("no empty or 0-d argument")
    for judge in (shape, dtype, value):
        judge(run)
