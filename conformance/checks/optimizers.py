"""Optimizers and schedulers."""

from __future__ import annotations

import torch

from ..classes import IMPLEMENTATION, OptimizerRun, SchedulerRun
from ..compare import close
from ..verdicts import Mismatch
from . import check


@check("steps", "100 steps", kind="optimizer")
def steps(run: OptimizerRun) -> None:
    """After a hundred steps with the same gradients (ten with a closure) the parameters are PyTorch's."""
    (wanted, _), (found, _) = run.theirs, run.mine
    for i, (mine, theirs) in enumerate(zip(found, wanted)):
        expected = run.oracle.export(theirs)
        close(run.subject.export(mine), expected, run.tolerance(expected.dtype, "steps"), f"parameter {i}")


@check("state", "state", kind="optimizer")
def state(run: OptimizerRun) -> None:
    """`state_dict()` has PyTorch's keys, moments and hyperparameters (but for the switches of its own kernels), and
    loads into a new optimizer. One that asks for a closure goes on until gradients are rounding, and so are its moments:
    they are compared in float64 only, where that is below the tolerance."""
    wanted, found = run.states(run.oracle, run.theirs[1]), run.states(run.subject, run.mine[1])
    if list(found) != list(wanted):
        raise Mismatch(f"keys {list(found)}, expected {list(wanted)}")
    for mine, theirs in zip(found["param_groups"], wanted["param_groups"]):
        for key, expected in theirs.items():
            if key in IMPLEMENTATION:
                continue
            if key not in mine:
                raise Mismatch(f"param_groups lack {key!r}")
            _alike(run, mine[key], expected, f"param_groups[{key!r}]")
    if list(found["state"]) != list(wanted["state"]):
        raise Mismatch(f"state of {list(found['state'])}, expected {list(wanted['state'])}")
    for index, theirs in wanted["state"].items():
        mine = found["state"][index]
        if sorted(mine) != sorted(theirs):
            raise Mismatch(f"state keys {sorted(mine)}, expected {sorted(theirs)}")
        for key, expected in theirs.items() if run.case.dtype == "float64" or not run.case.options["closure"] else ():
            _alike(run, mine[key], expected, f"state[{index}][{key!r}]")
    again = run.build(
        run.subject, run.subject.convert([t.clone().requires_grad_(True) for t in run.start], {}, grad=True)
    )
    run.guarded(run.subject, lambda: again.load_state_dict(run.mine[1].state_dict()), "load_state_dict()")


def _alike(run: OptimizerRun, found, expected, what: str) -> None:
    if isinstance(expected, torch.Tensor) and isinstance(found, torch.Tensor):
        close(found, expected, run.tolerance(expected.dtype, "steps"), what)
    elif isinstance(expected, (list, tuple)) and expected and isinstance(expected[0], torch.Tensor):
        if len(found) != len(expected):
            raise Mismatch(f"{what} has {len(found)} entries, expected {len(expected)}")
        for i, (mine, theirs) in enumerate(zip(found, expected)):
            _alike(run, mine, theirs, f"{what}[{i}]")
    elif isinstance(expected, float):
        if abs(float(found) - expected) > 1e-9 + 1e-6 * abs(expected):
            raise Mismatch(f"{what} is {found}, expected {expected}")
    elif not isinstance(expected, torch.Tensor) and found != expected or isinstance(expected, torch.Tensor) and float(found) != float(expected):
        raise Mismatch(f"{what} is {found}, expected {expected}")


@check("rates", "rates", kind="scheduler")
def rates(run: SchedulerRun) -> None:
    """Learning rates (and momenta) of two parameter groups over 34 epochs, and what the scheduler says of them, are
    PyTorch's, also when the state moves to a new scheduler after ten."""
    for resume in (False, True):
        wanted, found = run.rates(run.oracle, resume), run.rates(run.subject, resume)
        for epoch, (mine, theirs) in enumerate(zip(found, wanted)):
            bad = len(mine) != len(theirs) or any(abs(a - b) > 1e-12 + 1e-9 * abs(b) for a, b in zip(mine, theirs))
            if bad:
                after = " after moving its state" if resume else ""
                raise Mismatch(f"epoch {epoch}{after}: {mine}, expected {theirs}")
