"""Every level of vector instructions."""

import contextlib

from ..judge import Run
from ..verdicts import Skip
from . import check
from .nonfinite import nonfinite
from .value import value


@check("simd", "SIMD levels", tags=("simd",))
def simd(run: Run) -> None:
    """Values and places of NaN and infinity within tolerance when the subject is forced to each other level of vector
    instructions, in a process of its own."""
    value(run)
    with contextlib.suppress(Skip):
        nonfinite(run)
