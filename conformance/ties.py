"""Positions of equal elements: where PyTorch promises none of them, what counts is the value found there.

`settled` replaces the positions in an answer by the values that they pick, once they are known to be good positions;
`arranged` lays a gradient out so that it no longer says which of several equal elements it went to.
"""

from __future__ import annotations

import torch

from .judge import Answer
from .verdicts import Mismatch

# Where `dim` stands among the arguments, and its default (None: without it there are no positions).
DIM = {
    "sort": (1, -1), "argsort": (1, -1), "topk": (2, -1), "kthvalue": (2, -1), "median": (1, None),
    "nanmedian": (1, None), "mode": (1, -1), "msort": (1, 0),
}  # fmt: skip


def undecided(case, args, kwargs) -> int | None:
    """The dimension along which the case asks for positions of which none is promised, if it does."""
    if case.op not in DIM or kwargs.get("stable") or not (args and isinstance(args[0], torch.Tensor)):
        return None
    place, default = DIM[case.op]
    return args[place] if len(args) > place else kwargs.get("dim", default)


def settled(case, answer: Answer, args, kwargs, what: str) -> list[torch.Tensor]:
    """The answer's tensors, positions replaced by what they pick from the first argument."""
    dim = undecided(case, args, kwargs)
    if dim is None or case.op == "msort" or not answer.tensors or answer.tensors[-1].dtype is not torch.int64:
        return answer.tensors
    return [*answer.tensors[:-1], _picked(args[0].detach(), answer.tensors[-1], dim, what)]


def _picked(source: torch.Tensor, index: torch.Tensor, dim: int, what: str) -> torch.Tensor:
    size = source.shape[dim] if source.dim() else 1
    if index.numel() and not (int(index.min()) >= 0 and int(index.max()) < size):
        raise Mismatch(f"{what}: a position is out of range for dimension {dim} of size {size}")
    if not source.dim():
        return source.expand(index.shape)
    whole = index if index.dim() == source.dim() else index.unsqueeze(dim)
    ordered = whole.sort(dim).values
    if (ordered.diff(dim=dim) == 0).any():
        raise Mismatch(f"{what}: a position occurs twice along dimension {dim}")
    return _signed(source).gather(dim, whole).to(source.dtype).reshape(index.shape)


def _signed(source: torch.Tensor) -> torch.Tensor:
    """Elements that are equal where those of the source are, in a dtype that PyTorch gathers and subtracts."""
    return source.long() if source.dtype in (torch.uint16, torch.uint32, torch.uint64) else source


def tied(case) -> bool:
    """Whether the first argument has equal elements along a dimension in which none of them is promised."""
    dim = undecided(case, case.args, case.kwargs)
    if dim is None or not case.args[0].dim() or case.args[0].is_complex():  # complex numbers are not sorted
        return False
    return bool((_signed(case.args[0].detach()).sort(dim).values.diff(dim=dim) == 0).any())


def arranged(case, position: int, gradient: torch.Tensor) -> torch.Tensor:
    """The first argument's gradient, in order among elements that are equal along the dimension."""
    dim = undecided(case, case.args, case.kwargs)
    if dim is None or position or not gradient.dim() or gradient.numel() == 0:
        return gradient
    source = case.args[0].detach()
    by_gradient = gradient.argsort(dim=dim, stable=True)
    by_value = source.gather(dim, by_gradient).argsort(dim=dim, stable=True)
    order = by_gradient.gather(dim, by_value)
    places = source.argsort(dim=dim, stable=True)
    return torch.empty_like(gradient).scatter_(dim, places, gradient.gather(dim, order))
