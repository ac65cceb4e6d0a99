"""The result's shape and structure."""

from ..judge import Run
from ..verdicts import Mismatch
from . import check


@check("shape", "shape")
def shape(run: Run) -> None:
    """Every tensor of the result has PyTorch's shape, and the result its structure: one tensor, a list, a tuple, a
    tuple with named fields."""
    found, wanted = run.actual, run.expected
    if found.form != wanted.form:
        raise Mismatch(f"structure {found.form}, expected {wanted.form}")
    shapes = [tuple(t.shape) for t in found.tensors]
    expected = [tuple(t.shape) for t in wanted.tensors]
    if shapes != expected:
        raise Mismatch(f"shape {shapes}, expected {expected}")
