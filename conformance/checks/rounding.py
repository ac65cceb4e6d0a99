"""Whether half precision is rounded where PyTorch rounds it."""

from ..compare import close
from ..judge import Run
from . import check


@check("rounding", "rounding", tags=("once",))
def rounding(run: Run) -> None:
    """In half precision, where both libraries compute in float32 and round once, all elements are equal: a number beside a
    tensor is rounded first, or is not, as PyTorch does it."""
    for found, wanted in zip(run.actual.tensors, run.expected.tensors):
        close(found, wanted, (0.0, 0.0), "result")
