"""Distance from the truth: the second oracle."""

import math

import numpy as np
import torch

from ..cases import dtype_name
from ..judge import HALVES, Run
from ..oracles import truth
from ..tolerances import NEAREST, ONCE, ULP
from ..verdicts import Mismatch, Skip
from . import check

ELEMENTWISE = ("unary", "binary")


@check("accuracy", "accuracy")
def accuracy(run: Run) -> None:
    """Errors of subject and PyTorch against the true value, in ULP, are recorded. An elementwise function whose truth
    is known by ball arithmetic may not be further off than the bound of the tolerance table, or twice PyTorch's worst
    error on the same case. In half precision it may not be further off than PyTorch, and any other function whose results
    PyTorch rounds to the nearest rounds once, too."""
    wanted, found = run.expected, run.actual
    first = next((t for t in wanted.tensors if t.dtype in truth.MANTISSA), None)
    if first is None or not first.numel():
        raise Skip("no floating-point result")
    ambiguous = run.case.process is not None or run.case.kwargs.get("sorted") is False
    if run.case.tags & {"random", "uninitialised", "large"} or ambiguous:
        raise Skip("no truth for random, large or ambiguous results")
    place = next(i for i, t in enumerate(wanted.tensors) if t is first)
    if (
        len(found.tensors) <= place
        or found.tensors[place].shape != first.shape
        or found.tensors[place].dtype != first.dtype
    ):
        raise Mismatch("no result of the same shape and dtype")
    mine = found.tensors[place]
    args = run.case.args
    same = {first.dtype, *(t.dtype for t in args if isinstance(t, torch.Tensor))} == {first.dtype}
    balls = truth.exact(run.case.op, args, run.case.kwargs) if truth.known(run.case.op) and same else None
    if balls is not None and balls[0].shape == tuple(first.shape):
        name, (high, low) = "arb", balls
    else:
        if first.dtype is torch.float64:
            raise Skip("no truth beyond double precision")
        if run.truth is None or len(run.truth.tensors) <= place or run.truth.tensors[place].shape != first.shape:
            raise Skip("no answer in double precision")
        name, high, low = "float64", run.truth.tensors[place].detach().double().numpy(), 0.0
    ours, theirs = truth.ulps(mine, high, low), truth.ulps(first, high, low)
    both = np.isfinite(ours) & np.isfinite(theirs)
    if not both.any():
        raise Skip("no finite result")
    index = tuple(int(i) for i in np.unravel_index(np.argmax(np.where(both, ours, -1)), ours.shape))
    show = lambda t: f"{t[index].item():.9g}"
    arguments = [a for a in args if isinstance(a, torch.Tensor)]
    worst = (
        "" if any(a.shape != first.shape for a in arguments) else ", ".join(f"{a[index].item():.9g}" for a in arguments)
    )
    run.accuracy.append((dtype_name(first.dtype), name, ours[both], theirs[both], worst, show(mine), show(first),
                         f"{high[index]:.17g}"))  # fmt: skip
    bound = _bound(first.dtype in HALVES, name == "arb" and run.case.family in ELEMENTWISE, float(theirs[both].max()))
    if float(ours[both].max()) > bound:
        raise Mismatch(
            f"{ours[index]:.4g} ULP from the truth at ({worst}): true {high[index]:.9g}, found {show(mine)}, "
            f"PyTorch {show(first)}",
            bound=f"{bound:.4g} ULP",
        )


def _bound(half: bool, elementwise: bool, theirs: float) -> float:
    """How far from the truth a result may be, in ULP, where PyTorch's worst is `theirs`."""
    if half:
        return max(NEAREST, theirs) if elementwise else ONCE if theirs <= NEAREST else math.inf
    return max(ULP, 2 * theirs) if elementwise else math.inf
