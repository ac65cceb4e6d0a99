"""The result's dtype."""

from ..cases import dtype_name
from ..judge import Run
from ..verdicts import Mismatch
from . import check


@check("dtype", "dtype")
def dtype(run: Run) -> None:
    """Every tensor of the result has PyTorch's dtype."""
    found = [dtype_name(t.dtype) for t in run.actual.tensors]
    wanted = [dtype_name(t.dtype) for t in run.expected.tensors]
    if found != wanted:
        raise Mismatch(f"dtype {', '.join(found)}; expected {', '.join(wanted)}")
