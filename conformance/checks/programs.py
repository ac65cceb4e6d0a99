"""Programs of a few lines, run in both libraries."""

from __future__ import annotations

import torch

from ..cases import leaves
from ..compare import close, nonfinite_alike
from ..sources.programs import Raised
from ..verdicts import Mismatch
from . import check


@check("behaviour", "behaviour", kind="program")
def behaviour(run) -> None:
    """A program of a few lines comes to its end in PyTorch and sees the same in both libraries: the same values, tensors of
    the same dtype within the tolerance, and the same exceptions."""
    wanted, found = run.theirs, run.mine
    if not wanted or isinstance(wanted[-1], Raised):  # what comes after would be judged by nothing
        raise Mismatch(f"the program does not come to its end in PyTorch: {wanted[-1:]}")
    for i, (theirs, mine) in enumerate(zip(wanted, found)):
        _same(run, list(leaves(mine)), list(leaves(theirs)), f"what it sees ({i})")
    if len(found) != len(wanted):
        raise Mismatch(f"sees {len(found)} things, expected {len(wanted)}; last: {found[-1:]}, expected {wanted[-1:]}")


def _same(run, found: list, wanted: list, what: str) -> None:
    if len(found) != len(wanted):
        raise Mismatch(f"{what}: {found}, expected {wanted}")
    for mine, theirs in zip(found, wanted):
        if isinstance(mine, torch.Tensor) and isinstance(theirs, torch.Tensor):
            if mine.dtype != theirs.dtype:
                raise Mismatch(f"{what}: {mine.dtype}, expected {theirs.dtype}")
            close(mine, theirs, run.tolerance(theirs.dtype, "grad"), what)
            nonfinite_alike(mine, theirs, what)
        elif getattr(mine, "kind", mine) != getattr(theirs, "kind", theirs):
            raise Mismatch(f"{what}: {mine!r}, expected {theirs!r}")
