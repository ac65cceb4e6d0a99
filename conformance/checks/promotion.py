"""Which dtype two dtypes make."""

from ..judge import Refusal, Run, unwritten
from ..verdicts import Mismatch, Skip, describe
from . import check
from .dtype import dtype
from .value import compare


@check("promotion", "promotion", tags=("promotion",))
def promotion(run: Run) -> None:
    """For every pair of dtypes, as tensors with dimensions, 0-d tensors and Python numbers: PyTorch's result dtype and
    values, or a refusal where PyTorch refuses."""
    wanted, found = run.oracle_says, run.subject_says
    if isinstance(wanted, Refusal):
        if unwritten(wanted, run.case):
            raise Skip("PyTorch does not implement this dtype")
        if not isinstance(found, Refusal) and not isinstance(found, Exception):
            raise Mismatch(f"answers {found.tensors[0].dtype} where PyTorch raises {describe(wanted.error)}")
        return
    if isinstance(found, Refusal):
        raise Mismatch(f"raised {describe(found.error)}")
    dtype(run)
    compare(run, run.actual, wanted)
