"""Calls that write to memory which their other arguments read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from ..cases import tensors, tree_map
from ..judge import Answer, Refusal, Run, unwritten
from ..verdicts import Mismatch, Skip, describe
from . import check
from .exceptions import compare_refusals
from .variants import bare_name, beyond_out, no_out, unprocessed

REPEATED = "elements share memory"


@dataclass
class Variant:
    """A call that writes to `written`, which shares memory as `what` says."""

    what: str
    target: str | None  # None: that of the case
    args: tuple
    kwargs: dict


@check("overlap", "shared memory")
def overlap(run: Run) -> None:
    """What is written to, in place or as `out=`, lies where another argument does, meets it in part, is a piece of it, or has elements
    that share memory: where PyTorch refuses that, so does the subject, with its type of exception and every argument as before, and
    nowhere else (but an `out=` whose elements share memory, which hold what is written last). In a dtype of each kind."""
    if run.case.dtype not in ("float32", "int64", "complex64") or "large" in run.case.tags:
        raise Skip("the same is asked in every dtype and size")
    judged = False
    for variant in _variants(run):
        wanted = run.call(run.oracle, variant.target, variant.args, variant.kwargs)
        if isinstance(wanted, Refusal) and unwritten(wanted, run.case):
            continue
        run.actual  # noqa: B018
        found = run.call(run.subject, variant.target, variant.args, variant.kwargs)
        judged = True
        try:
            if isinstance(wanted, Refusal):
                compare_refusals(run, found, wanted, tensors(variant.args, variant.kwargs))
            elif isinstance(found, Refusal) and variant.what != f"out= {REPEATED}":
                raise Mismatch(f"raises {describe(found.error)}; PyTorch answers")
        except Mismatch as mismatch:
            raise Mismatch(f"{variant.what}: {mismatch}") from None
    if not judged:
        raise Skip("nothing is written to")


def _variants(run: Run) -> Iterator[Variant]:
    case, name = run.case, f"Tensor.{bare_name(run)}_"
    first = case.args[0] if case.args else None
    writes = isinstance(first, torch.Tensor) and hasattr(torch.Tensor, name.partition(".")[2])
    if writes and isinstance(run.call(run.oracle, name), Answer):
        yield from _shared(case, name, "in place", first, lambda change: tree_map(change, (case.args, case.kwargs)))
    if no_out(run) or beyond_out(run) or case.op == "range":
        return
    like = unprocessed(run)
    outs = tuple(torch.zeros(t.shape, dtype=t.dtype) for t in like.tensors)

    def with_out(change) -> tuple:
        args, kwargs, given = tree_map(change, (case.args, case.kwargs, outs))
        return args, {**kwargs, "out": given[0] if like.form == "T" else given}

    args, kwargs = with_out(_replacing({}))
    if isinstance(run.call(run.oracle, args=args, kwargs=kwargs), Refusal):
        return
    for out in outs:
        yield from _shared(case, None, "out=", out, with_out)
        for other in outs:
            if other is not out and other.dtype == out.dtype and other.shape == out.shape and out.numel():
                yield Variant("out= twice", None, *with_out(_replacing({id(other): out})))


def _replacing(others: dict):
    return lambda value: others.get(id(value), value)


def _shared(case, target: str | None, what: str, written: torch.Tensor, call) -> Iterator[Variant]:
    """The call where what is written shares memory with itself or with another argument."""

    def variant(text: str, replaced: dict) -> Variant:
        return Variant(f"{what} {text}", target, *call(_replacing(replaced)))

    size, shape = written.numel(), written.shape
    if not size:
        return
    if written.dim() and shape[0] > 1:
        yield variant(REPEATED, {id(written): written.detach()[:1].expand(shape)})
    for i, other in enumerate(tensors(case.args, case.kwargs)):
        if other is written or other.dtype != written.dtype or not other.numel():
            continue
        both, n = other.detach().clone(memory_format=torch.contiguous_format), other.numel()
        if other.shape == shape:
            yield variant(f"just where tensor {i} lies", {id(other): both, id(written): both})
            if other.dim() > 1 and shape[0] == shape[1]:
                yield variant(f"across tensor {i}", {id(other): both, id(written): both.transpose(0, 1)})
        memory = torch.cat([both.flatten(), both.flatten()[-1:].expand(size)])
        meeting = memory[n - 1 : n - 1 + size].view(shape)
        yield variant(f"meets tensor {i}", {id(other): memory[:n].view(other.shape), id(written): meeting})
        for text, row in (("a piece", both.flatten()), ("a piece with gaps", both.flatten()[::2])):
            if n > size and len(row) >= size:
                yield variant(f"{text} of tensor {i}", {id(other): both, id(written): row[:size].view(shape)})
