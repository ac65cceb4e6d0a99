"""The other ways to call the same thing: method, operator, in-place, out=."""

from __future__ import annotations

import contextlib
import operator
from typing import Any

import torch

from ..cases import dtype_name
from ..judge import Answer, Refusal, Run
from ..subjects.adapter import Adapter
from ..verdicts import Mismatch, Skip
from . import check
from .grad import judge as judge_gradient
from .value import compare

OPERATORS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow,
    "true_divide": operator.truediv, "floor_divide": operator.floordiv, "remainder": operator.mod,
    "matmul": operator.matmul, "neg": operator.neg, "abs": operator.abs, "bitwise_not": operator.invert,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "eq": operator.eq,
    "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "bitwise_left_shift": operator.lshift, "bitwise_right_shift": operator.rshift,
}  # fmt: skip


class Operator:
    """A Python operator as a target."""

    def __init__(self, name: str):
        self.name = name

    def bind_to(self, party: Adapter):
        return party.overrides.get(f"operator.{self.name}", OPERATORS[self.name])


class CloneThenInplace:
    """`x.clone().op_(...)`: an in-place op where gradients may flow."""

    def __init__(self, path: str):
        self.path = path

    def bind_to(self, party: Adapter):
        clone, write = party.resolve("Tensor.clone"), party.resolve(self.path)
        return lambda first, *args, **kwargs: write(clone(first), *args, **kwargs)


def bare_name(run: Run) -> str:
    """The bare name of an op called by its path with a tensor first."""
    run.expected  # noqa: B018
    if not isinstance(run.case.target, str) or run.case.op.startswith("Tensor."):
        raise Skip("has no other form")
    return run.case.op.rpartition(".")[2]


def _both(run: Run, target: Any, kwargs: dict | None = None) -> tuple[Answer, Answer]:
    wanted = run.call(run.oracle, target, kwargs=kwargs)
    if isinstance(wanted, Refusal):
        raise Skip("PyTorch has no such variant of this call")
    got = run.call(run.subject, target, kwargs=kwargs)
    run.actual  # noqa: B018  a call that fails in every form is reported once
    return run.insist(got, "it"), wanted


@check("method", "method")
def method(run: Run) -> None:
    """`x.op(...)`, where PyTorch has it, gives PyTorch's result."""
    name = bare_name(run)
    if not (run.case.args and isinstance(run.case.args[0], torch.Tensor) and hasattr(torch.Tensor, name)):
        raise Skip("PyTorch has no method of that name")
    compare(run, *_both(run, f"Tensor.{name}"), finite_only=False)


@check("operator", "operator")
def operator_(run: Run) -> None:
    """The Python operator, also with a Python number on the left, gives PyTorch's result."""
    name = bare_name(run)
    if name not in OPERATORS or run.case.op != name:
        raise Skip("no Python operator")
    if run.case.kwargs:
        raise Skip("operators take no keywords")
    target = Operator(name)
    compare(run, *_both(run, target), finite_only=False)
    if len(run.case.args) == 2 and not isinstance(run.case.args[1], torch.Tensor):
        swapped = run.case.args[::-1]
        wanted = run.call(run.oracle, target, args=swapped)
        if isinstance(wanted, Answer):
            got = run.insist(run.call(run.subject, target, args=swapped), "with the number on the left it")
            compare(run, got, wanted, finite_only=False)


@check("inplace", "in-place")
def inplace(run: Run) -> None:
    """`x.op_(...)` returns x, which holds PyTorch's result, and gradients flow through it."""
    name = f"Tensor.{bare_name(run)}_"
    first = run.case.args[0] if run.case.args else None
    if not isinstance(first, torch.Tensor) or not hasattr(torch.Tensor, name.partition(".")[2]):
        raise Skip("PyTorch has no in-place variant")
    found, wanted = _both(run, name)
    if not wanted.raw or wanted.raw[0] is not wanted.args[0]:
        raise Skip("PyTorch has no in-place variant")
    if not found.raw or found.raw[0] is not found.args[0]:
        raise Mismatch("the in-place variant does not return its tensor")
    compare(run, found, wanted, finite_only=False)
    if dtype_name(found.tensors[0].dtype) != dtype_name(wanted.tensors[0].dtype):
        raise Mismatch(f"the tensor became {found.tensors[0].dtype}")
    if first.requires_grad and run.case.wrapper is None and "large" not in run.case.tags:
        with contextlib.suppress(Skip):
            judge_gradient(run, 1, "grad", CloneThenInplace(name))


def unprocessed(run: Run) -> Answer:
    """PyTorch's whole answer, of which the case may take what is unique."""
    return run.expected if run.case.process is None else run.call(run.oracle, process=False)


def no_out(run: Run) -> str:
    """Why this call is not one to be tried with an `out=`; empty if it is."""
    if "out" in run.case.kwargs:
        return "the case has its own out="
    like = unprocessed(run)
    if not like.tensors or like.plain or run.case.op.startswith("nn.functional.dropout"):
        return "PyTorch takes no out= here"
    return ""


def beyond_out(run: Run) -> bool:
    """Whether PyTorch writes beyond an `out=` whose dimensions lie in another order, which may end the process."""
    return run.case.op in ("tril", "triu", "linalg.lu", "lu_unpack") and run.case.args[0].dim() > 3


@check("out", "out=")
def out(run: Run) -> None:
    """`out=` is filled and returned: a tensor of the right shape, a non-contiguous one, and an empty one that grows."""
    bare_name(run)
    if why := no_out(run):
        raise Skip(why)
    like = unprocessed(run)
    shapes = (
        lambda t: torch.zeros(t.shape, dtype=t.dtype),
        lambda t: torch.zeros(t.shape[::-1], dtype=t.dtype).permute(tuple(range(t.dim()))[::-1]),
        lambda t: torch.zeros(0, dtype=t.dtype),
    )
    for i, shape in enumerate(shapes):
        outs = tuple(shape(t) for t in like.tensors)
        given = outs[0] if like.form == "T" else outs
        kwargs = {**run.case.kwargs, "out": given}
        wanted = like if i == 1 and beyond_out(run) else run.call(run.oracle, kwargs=kwargs, process=False)
        if isinstance(wanted, Refusal):
            if i == 0:
                raise Skip("PyTorch takes no out= here")
            continue
        got = run.call(run.subject, kwargs=kwargs, process=False)
        run.actual  # noqa: B018
        got = run.insist(got, "with out= it")
        mine = got.kwargs["out"] if isinstance(got.kwargs["out"], tuple) else (got.kwargs["out"],)
        if any(returned is not filled for returned, filled in zip(got.raw, mine)):
            raise Mismatch("the tensor given as out= is not the one returned")
        got = _unique(run, run.subject, got)
        try:
            compare(run, got, _unique(run, run.oracle, wanted), finite_only=False)
        except Mismatch:  # some functions of PyTorch fill one that is not contiguous wrongly
            compare(run, got, run.expected, finite_only=False)


def _unique(run: Run, party: Adapter, answer: Answer) -> Answer:
    """What the case takes of an answer."""
    if run.case.process is None:
        return answer
    return run.answer(party, run.bind(party, run.case.process)(answer.result), answer.args, answer.kwargs)
