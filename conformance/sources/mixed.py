"""What becomes of a call when one of its tensors is given another dtype: a result dtype, or a refusal.

Each op's own or OpInfo sample with the most tensors is taken in float32; each tensor in it in turn gets each other
dtype. (Elementwise operations of two tensors have every pair of dtypes among the generated cases.)
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache

import torch

from ..cases import Case, dtype_name, follow, tensors, tree_map
from ..samples import tables
from . import generated, opinfo, own, seed_of

DTYPES = (torch.float64, torch.float16, torch.int64, torch.int32, torch.bool, torch.complex64)


@lru_cache(None)
def ops() -> dict[str, str]:
    found = opinfo.ops() | {op: family for op, (family, _) in tables().items()}
    binary = {op for op, family in generated.ops().items() if family == "binary"}
    return {op: family for op, family in found.items() if op not in binary and not own.writes(op)}


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    if torch.float32 not in dtypes or op not in ops():
        return
    sample = _sample(op, seed)
    if sample is None:
        return
    given = tensors(sample.args, sample.kwargs)
    for at, tensor in enumerate(given):
        others = [dtype for dtype in DTYPES if dtype is not tensor.dtype]
        if quick:
            others = others[seed_of(op, at) % 3 :: 3]
        for dtype in others:
            args, kwargs = _with(sample, at, tensor.detach().to(dtype))
            yield Case(op, "mixed", dtype_name(dtype), f"argument{at}", sample.target, args, kwargs, sample.family,
                       tags=frozenset({"promotion"}))  # fmt: skip


def _sample(op: str, seed: int) -> Case | None:
    """The first accepted sample with the most tensors, of at least two."""
    best = None
    for source in (own, opinfo):
        for case in source.cases(op, [torch.float32], seed, True):
            count = len(tensors(case.args, case.kwargs))
            if count < 2 or case.tags & {"random", "error"} or (best and count <= len(tensors(best.args, best.kwargs))):
                continue
            if _accepted(case):
                best = case
        if best:
            return best
    return None


def _accepted(case: Case) -> bool:
    call = case.target if callable(case.target) else follow(torch, case.target)
    args, kwargs = tree_map(lambda leaf: leaf.detach().clone() if isinstance(leaf, torch.Tensor) else leaf,
                            (case.args, case.kwargs))  # fmt: skip
    try:
        call(*args, **kwargs)
    except Exception:
        return False
    return True


def _with(case: Case, at: int, tensor: torch.Tensor) -> tuple[tuple, dict]:
    """The arguments of a case, with another tensor in the place of one."""
    positions = itertools.count()

    def one(leaf):
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return tensor if next(positions) == at else leaf.detach()

    return tree_map(one, (case.args, case.kwargs))
