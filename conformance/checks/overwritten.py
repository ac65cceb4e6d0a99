"""Tensors that are written to between a call and the gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..cases import leaves
from ..compare import same_bits
from ..judge import Run
from ..subjects.adapter import Adapter
from ..verdicts import Mismatch, Skip, describe
from . import check


@dataclass(frozen=True)
class Overwriting:
    """A call after which one of its tensors, results first, is filled with zeros, unseen by the graph."""

    run: Run = field(compare=False)
    place: int

    def bind_to(self, party: Adapter) -> Callable:
        return partial(self.call, party, self.run.bind(party, self.run.case.target))

    def call(self, party: Adapter, function: Callable, *args, **kwargs) -> Any:
        result = function(*args, **kwargs)
        party.resolve("Tensor.zero_")(party.resolve("Tensor.detach")(_tensors(party, result, args, kwargs)[self.place]))
        return result


def _tensors(party: Adapter, *trees) -> list:
    return [leaf for leaf in leaves(trees) if party.is_tensor(leaf)]


def _alike(found: list, plain: list) -> bool:
    return all(same_bits(one, other) for one, other in zip(found, plain))


@check("overwritten", "overwritten")
def overwritten(run: Run) -> None:
    """A result or an argument (which one, the case's seed decides) is written to after the call: the gradient is bit for bit what it
    is otherwise, or refused, since what it is made of is gone. In float32 and complex64, as the same is kept in other dtypes."""
    what, target, plain = _written(run)
    try:
        found = run.gradients(run.subject, target=target)
    except Exception:  # whether it may, the next check says
        return
    if not _alike(found, plain):
        raise Mismatch(f"the gradient is another one after a write to {what}")


@check("kept", "gradient after a write")
def kept(run: Run) -> None:
    """After such a write there is a gradient where PyTorch has one, and not a wrong one: nothing is kept for it that PyTorch does not
    keep, as programs that work in place rely on."""
    what, target, _ = _written(run)
    try:
        run.gradients(run.subject, target=target)
    except Exception as error:
        try:
            if not _alike(run.gradients(run.oracle, target=target), run.gradients(run.oracle)):
                return
        except Exception:
            return
        raise Mismatch(f"no gradient after a write to {what}, where PyTorch gives one: {describe(error)}") from None


def _written(run: Run) -> tuple[str, Overwriting, list]:
    """What is written to, the call that does it, and the gradients where nothing is."""
    if run.case.dtype not in ("float32", "complex64") or "large" in run.case.tags:
        raise Skip("the same is kept in every dtype and size")
    if run.case.process is not None:
        raise Skip("what is judged is made of the results")
    run.differentiable()
    answer = run.actual
    try:
        plain = run.gradients(run.subject)
    except Exception:
        raise Skip("there is no gradient to begin with") from None
    place = run.case.seed % len(_tensors(run.subject, answer.result, answer.args, answer.kwargs))
    target = Overwriting(run, place)
    run.questions[target, False] = run.questions[None, False]
    what = f"result {place}" if place < len(answer.raw) else f"argument {place - len(answer.raw)}"
    return what, target, plain
