"""Variants of an accepted call that PyTorch may refuse: in place, and `out=` of other dtypes."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..cases import dtype_name, tensors
from ..compare import same_bits
from ..judge import Answer, Refusal, Run, unwritten
from ..verdicts import Mismatch, Skip
from . import check
from .exceptions import compare_refusals
from .value import compare
from .variants import bare_name, no_out, unprocessed

OTHERS = {
    torch.float32: (torch.float64, torch.int64, torch.complex64), torch.float64: (torch.float32, torch.int64, torch.complex128),
    torch.int64: (torch.int32, torch.float32, torch.complex64), torch.bool: (torch.uint8, torch.float32, torch.complex64),
    torch.complex64: (torch.complex128, torch.float32, torch.int64), torch.complex128: (torch.complex64, torch.float64, torch.int64),
}  # fmt: skip


def _as_computed(run: Run, answer: Answer) -> Answer:
    """An answer in `out=` of a wider dtype in that of the operation, which says how exact it is."""
    kept = [one if one.dtype.itemsize <= like.dtype.itemsize else one.to(like.dtype)
            for one, like in zip(answer.tensors, run.expected.tensors)]  # fmt: skip
    return replace(answer, tensors=kept)


def _cast(answer: Answer, plain: Answer) -> bool:
    """Whether an answer in `out=` is the plain one, each element cast."""
    return all(same_bits(one, two.to(one.dtype)) for one, two in zip(answer.tensors, plain.tensors))


@check("refusals", "refusals")
def refusals(run: Run) -> None:
    """Where PyTorch refuses to work in place or to fill an `out=` of another dtype, so does the subject, with its type of
    exception and every argument as before; where it does fill one, the result is PyTorch's."""
    judged = _in_place(run)
    for kwargs in _outs(run):
        _out(run, kwargs)
        judged = True
    if not judged:
        raise Skip("PyTorch refuses no variant of this")


def _in_place(run: Run) -> bool:
    """Whether an in-place form that PyTorch refuses was judged."""
    name = f"{bare_name(run)}_"
    if not (run.case.args and isinstance(run.case.args[0], torch.Tensor) and hasattr(torch.Tensor, name)):
        return False
    wanted = run.call(run.oracle, f"Tensor.{name}")
    if not isinstance(wanted, Refusal) or unwritten(wanted, run.case):
        return False
    run.actual  # noqa: B018
    compare_refusals(run, run.call(run.subject, f"Tensor.{name}"), wanted, tensors(run.case.args, run.case.kwargs))
    return True


def _outs(run: Run) -> list[dict]:
    """The keywords with `out=` of other dtypes, where PyTorch takes one of the result's own."""
    if no_out(run) or run.case.op == "range":  # which divides by zero where the step is less than an int: SIGFPE
        return []

    like = unprocessed(run)

    def with_out(dtypes) -> dict:
        outs = tuple(torch.zeros(t.shape, dtype=dtype) for t, dtype in zip(like.tensors, dtypes))
        return {**run.case.kwargs, "out": outs[0] if like.form == "T" else outs}

    own = [t.dtype for t in like.tensors]
    if isinstance(run.call(run.oracle, kwargs=with_out(own)), Refusal):
        return []
    others = [with_out(dtypes) for dtypes in zip(*(OTHERS.get(dtype, (torch.float32, torch.int64, torch.complex64)) for dtype in own))]
    if any(t.is_complex() for t in tensors(run.case.args)) and not any(dtype.is_complex for dtype in own):
        others.append(with_out([torch.complex128] * len(own)))
    return others


def _out(run: Run, kwargs: dict) -> None:
    """Judge a call with that `out=`."""
    wanted = run.call(run.oracle, kwargs=kwargs)
    if isinstance(wanted, Refusal) and unwritten(wanted, run.case):
        return
    run.actual  # noqa: B018
    found = run.call(run.subject, kwargs=kwargs)
    names = ", ".join(dtype_name(one.dtype) for one in tensors((), {"out": kwargs["out"]}))
    try:
        if isinstance(wanted, Refusal):
            compare_refusals(run, found, wanted, tensors(run.case.args, kwargs))
        elif not (_cast(wanted, run.expected) and _cast(run.insist(found, "it"), run.actual)):
            compare(run, _as_computed(run, run.insist(found, "it")), _as_computed(run, wanted), finite_only=False)
    except Mismatch as mismatch:
        raise Mismatch(f"with out= of {names}: {mismatch}") from None
