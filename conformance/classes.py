"""Judging objects instead of calls: modules, optimizers, schedulers.

A case of these kinds names its `runner`: the class below that takes the place of `judge.Run` and is what the checks of
that kind get. Both parties construct their own object after the same seed; weights travel by `load_state_dict`.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from .cases import Case, leaves, tree_map
from .judge import Run, _filled, coarsest
from .samples.classes import Make
from .subjects.adapter import Adapter
from .verdicts import Mismatch, Missing, Skip, Verdict, describe

STEPS = 100
IMPLEMENTATION = {
    "foreach",
    "fused",
    "capturable",
    "differentiable",
}  # switches of PyTorch's kernels, not of the method


@dataclass
class ClassCase(Case):
    make: Make | None = None
    training: bool = True
    options: dict = field(default_factory=dict)
    runner: Any = None

    def short(self) -> str:
        inner = super().short() if self.args or self.kwargs else ""
        return f"{self.make!r}{inner}"


class Objects(Run):
    """Two objects of one description."""

    def guarded(self, party: Adapter, work: Callable, what: str) -> Any:
        """Do the subject's part of the work: what it lacks is missing, what it raises is a mismatch."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return work()
        except Verdict:
            raise
        except Exception as error:
            if party is self.oracle:
                raise Skip("PyTorch refuses this") from None
            if party.is_absence(error):
                raise Missing(str(error)) from None
            raise Mismatch(f"{what} raised {describe(error)}") from None

    def seeded(self, party: Adapter) -> None:
        with contextlib.suppress(Missing):
            party.seed(self.case.seed)

    def build(self, party: Adapter, *front: Any) -> Any:
        self.seeded(party)
        return self.guarded(party, lambda: self.case.make.build(party, *front), "the constructor")


class ModuleRun(Objects):
    @cached_property
    def theirs(self) -> Any:
        return self.module(self.oracle)

    @cached_property
    def mine(self) -> Any:
        self.theirs  # noqa: B018
        return self.module(self.subject)

    def module(self, party: Adapter) -> Any:
        made = self.build(party)
        if self.case.dtype != "float32":
            made = self.guarded(party, lambda: made.to(party.dtype(getattr(torch, self.case.dtype))), "to(dtype)")
        if ".Lazy" in self.case.op:  # its weights come with the first call
            args = party.convert(self.case.args, {})
            self.guarded(party, lambda: made(*args), "the first call")
        return self.guarded(party, lambda: made.train(self.case.training), "train()")

    def state(self, party: Adapter, module: Any) -> dict[str, torch.Tensor]:
        found = self.guarded(party, lambda: dict(module.state_dict()), "state_dict()")
        return {key: party.export(value) for key, value in found.items() if party.is_tensor(value)}

    def give_weights(self, module: Any) -> None:
        """PyTorch's weights into the subject's module."""
        weights = {key: value.clone() for key, value in self.state(self.oracle, self.theirs).items()}
        converted = self.subject.convert(weights, {})
        self.guarded(self.subject, lambda: module.load_state_dict(converted), "load_state_dict()")

    def forward(self, party: Adapter, module: Any, grad: bool = False) -> Any:
        case = self.case
        args, kwargs = party.convert((case.args, case.kwargs), {}, grad)
        self.seeded(party)
        result = self.guarded(party, lambda: module(*args, **kwargs), "forward")
        return self.answer(party, result, args, kwargs)

    def gradients(self, party: Adapter, module: Any, reference: Any = None) -> tuple[list, Any]:
        """Gradients of a random combination of the outputs with respect to inputs and parameters."""
        answer = self.forward(party, module, grad=True)
        reference = reference or answer
        chosen = [i for i, t in enumerate(reference.raw) if t.requires_grad]
        if not chosen:
            raise Skip("PyTorch's result has no gradient")
        source = torch.Generator().manual_seed(self.case.seed)
        draw = lambda like: self.random(like, source, coarsest([like.dtype]), False)
        cotangents = party.convert([draw(reference.raw[i]) for i in chosen], {})
        inputs = [t for t in answer.inputs(party) if party.requires_grad(t)]
        weights = [p for _, p in module.named_parameters() if party.requires_grad(p)]
        work = lambda: party.grad([answer.raw[i] for i in chosen], inputs + weights, cotangents)
        found = self.guarded(party, work, "the gradient")
        return _filled(party, found, [party.export(t) for t in inputs + weights]), answer


class OptimizerRun(Objects):
    """A hundred steps on two parameters. Gradients are a fixed sequence, so that a rounding cannot grow through them;
    an optimizer that asks for a closure gets a least-squares loss."""

    @cached_property
    def start(self) -> list[torch.Tensor]:
        source = torch.Generator().manual_seed(self.case.seed)
        shapes = [(3, 4), (4, 2)] if self.case.op == "optim.Muon" else [(3, 4), (4,)]
        return [torch.randn(s, generator=source, dtype=torch.float64).to(self.dtype) for s in shapes]

    @property
    def dtype(self) -> torch.dtype:
        return getattr(torch, self.case.dtype)

    @cached_property
    def theirs(self) -> tuple:
        return self.steps(self.oracle)

    @cached_property
    def mine(self) -> tuple:
        self.theirs  # noqa: B018
        return self.steps(self.subject)

    def steps(self, party: Adapter) -> tuple[list, Any]:
        """(parameters, optimizer) after the steps."""
        start = [t.clone().requires_grad_(True) for t in self.start]
        parameters = party.convert(start, {}, grad=True)
        optimizer = self.build(party, parameters)
        source = torch.Generator().manual_seed(self.case.seed + 1)
        draw = lambda *shape: torch.randn(*shape, generator=source, dtype=torch.float64).to(self.dtype)
        data = party.convert([draw(5, 3), draw(5, 4)], {})

        def closure() -> Any:
            optimizer.zero_grad()
            x, y = data
            loss = ((x @ parameters[0] + parameters[1] - y) ** 2).mean()
            loss.backward()
            return loss

        def work() -> None:
            for _ in range(10 if self.case.options.get("closure") else STEPS):
                if self.case.options.get("closure"):
                    optimizer.step(closure)
                    continue
                gradients = party.convert([draw(*t.shape) + 0.3 * t.sign() for t in self.start], {})
                for parameter, gradient in zip(parameters, gradients):
                    parameter.grad = gradient
                optimizer.step()

        self.guarded(party, work, "step()")
        return parameters, optimizer

    def states(self, party: Adapter, optimizer: Any) -> dict:
        """state_dict() with tensors as PyTorch's."""
        found = self.guarded(party, optimizer.state_dict, "state_dict()")
        return tree_map(lambda value: party.export(value) if party.is_tensor(value) else value, found)


class SchedulerRun(Objects):
    """The rates of two parameter groups over forty epochs; half-way the state moves to a new scheduler."""

    EPOCHS = 40

    def optimizer(self, party: Adapter) -> Any:
        groups = [
            {"params": party.convert([torch.ones(2, requires_grad=True)], {}, grad=True), "lr": rate}
            for rate in (0.1, 0.02)
        ]
        return party.resolve("optim.SGD")(groups, lr=0.1, momentum=0.9)

    def rates(self, party: Adapter, resume: bool = False) -> list[list[float]]:
        def work() -> list[list[float]]:
            optimizer = self.optimizer(party)
            scheduler = self.case.make.build(party, optimizer)
            found = [[group["lr"] for group in optimizer.param_groups]]
            metrics = [1.0, 0.9, 0.9, 0.95, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6]
            for epoch in range(self.EPOCHS - 6):
                if resume and epoch == 10:
                    kept, groups = scheduler.state_dict(), optimizer.state_dict()
                    optimizer = self.optimizer(party)
                    scheduler = self.case.make.build(party, optimizer)
                    optimizer.load_state_dict(groups)
                    scheduler.load_state_dict(kept)
                optimizer.step()
                if self.case.op.endswith("ReduceLROnPlateau"):
                    scheduler.step(metrics[epoch % len(metrics)])
                else:
                    scheduler.step()
                found.append([group["lr"] for group in optimizer.param_groups])
                found[-1] += [group["momentum"] for group in optimizer.param_groups]
                found[-1] += scheduler.get_last_lr()
                if hasattr(scheduler, "last_epoch"):
                    found[-1] += [scheduler.last_epoch]
            return [[float(value) for value in leaves(row)] for row in found]

        return self.guarded(party, work, "the schedule")
