"""Modules: initial weights, state, forward, gradient, training and evaluation."""

from __future__ import annotations

from ..classes import ModuleRun
from ..compare import close, nonfinite_alike
from ..verdicts import Mismatch, Missing, Skip
from . import check
from .value import compare


@check("init", "initial weights", kind="module")
def init(run: ModuleRun) -> None:
    """After the same seed, parameters and buffers hold PyTorch's numbers."""
    if not run.subject.stream:
        raise Skip("the subject does not claim PyTorch's random stream")
    wanted, found = (run.state(party, run.module(party)) for party in (run.oracle, run.subject))  # not yet touched
    if not wanted:
        raise Skip("no state")
    for name, expected in wanted.items():
        if name in found:
            close(found[name], expected, run.tolerance(expected.dtype), name)


@check("state_dict", "state_dict", kind="module")
def state_dict(run: ModuleRun) -> None:
    """`state_dict()`, `named_parameters()` and `named_buffers()` give PyTorch's names in PyTorch's order, with its shapes
    and dtypes, and PyTorch's weights load."""
    wanted, found = run.state(run.oracle, run.theirs), run.state(run.subject, run.mine)
    about = lambda state: [f"{name}: {tuple(t.shape)} {t.dtype}" for name, t in state.items()]
    if about(found) != about(wanted):
        raise Mismatch(f"state {about(found)}, expected {about(wanted)}")
    for what in ("named_parameters", "named_buffers"):
        theirs = [name for name, _ in getattr(run.theirs, what)()]
        mine = run.guarded(run.subject, lambda what=what: [name for name, _ in getattr(run.mine, what)()], what)
        if mine != theirs:
            raise Mismatch(f"{what}: {mine}, expected {theirs}")
    run.give_weights(run.mine)


@check("forward", "forward", kind="module")
def forward(run: ModuleRun) -> None:
    """With PyTorch's weights, in training and in evaluation mode, the output is PyTorch's."""
    for training in (True, False):
        theirs, mine = run.theirs.train(training), run.mine
        run.guarded(run.subject, lambda mine=mine, training=training: mine.train(training), "train()")
        run.give_weights(mine)
        wanted, found = run.forward(run.oracle, theirs), run.forward(run.subject, mine)
        if found.form != wanted.form:
            raise Mismatch(f"structure {found.form}, expected {wanted.form}")
        if run.case.tags & {"random"} and not run.subject.stream and training:
            continue
        compare(run, found, wanted)
        for i, (actual, expected) in enumerate(zip(found.tensors, wanted.tensors)):
            nonfinite_alike(actual, expected, f"result {i}")


@check("module_grad", "gradients", kind="module")
def module_grad(run: ModuleRun) -> None:
    """The gradient of every input and parameter along a random cotangent is PyTorch's."""
    if not run.subject.differentiable:
        raise Missing("gradients")
    if run.case.tags & {"random"} and not run.subject.stream:
        raise Skip("the subject does not claim PyTorch's random stream")
    run.give_weights(run.mine)
    wanted, answer = run.gradients(run.oracle, run.theirs)
    found, _ = run.gradients(run.subject, run.mine, answer)
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} gradients, expected {len(wanted)}")
    for i, (actual, expected) in enumerate(zip(found, wanted)):
        close(actual, expected, run.tolerance(expected.dtype, "module_grad"), f"gradient {i}")


@check("train_eval", "train, eval", kind="module")
def train_eval(run: ModuleRun) -> None:
    """`train()` and `eval()` reach every submodule; a training step changes the buffers as PyTorch's does, an
    evaluation leaves them."""
    theirs, mine = run.theirs, run.mine
    for mode in ("eval", "train"):
        getattr(theirs, mode)()
        run.guarded(run.subject, lambda mode=mode: getattr(mine, mode)(), f"{mode}()")
        flags = run.guarded(run.subject, lambda: [m.training for m in mine.modules()], "modules()")
        if flags != [m.training for m in theirs.modules()]:
            raise Mismatch(f"after {mode}(): training is {flags}")
    for training in (True, False):
        theirs.train(training)
        mine.train(training)
        run.give_weights(mine)
        run.forward(run.oracle, theirs)
        run.forward(run.subject, mine)
        after = run.state(run.subject, mine)
        for name, expected in run.state(run.oracle, theirs).items():
            close(
                after[name], expected, run.tolerance(expected.dtype), f"{name} after {'train' if training else 'eval'}"
            )
