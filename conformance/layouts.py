"""The same numbers in other memory: ways to lay out a tensor, as a table."""

from __future__ import annotations

from collections.abc import Callable

import torch


def strided(t: torch.Tensor) -> torch.Tensor:
    """Every second element of a wider memory."""
    if t.dim() == 0:
        return offset(t)
    wide = torch.zeros((*t.shape[:-1], t.shape[-1] * 2), dtype=t.dtype)
    wide[..., ::2] = t
    return wide[..., ::2]


def transposed(t: torch.Tensor) -> torch.Tensor:
    """Dimensions in reversed order in memory."""
    order = list(range(t.dim()))[::-1]
    return t.permute(order).contiguous().permute(order)


def offset(t: torch.Tensor) -> torch.Tensor:
    """Starts three elements into its storage."""
    memory = torch.zeros(t.numel() + 5, dtype=t.dtype)
    place = memory[3 : 3 + t.numel()].view(t.shape)
    place.copy_(t)
    return place


def expanded(t: torch.Tensor) -> torch.Tensor:
    """Stride 0: the first row stands for all (the values change, so the oracle is asked again)."""
    return t[:1].expand(t.shape) if t.dim() and t.shape[0] else t


def loose(t: torch.Tensor) -> torch.Tensor:
    """Strides of dimensions of size 1, which mean nothing, as no dense tensor has them."""
    dense = t.clone(memory_format=torch.contiguous_format)
    return dense.as_strided(t.shape, [step + 5 if size == 1 else step for size, step in zip(t.shape, dense.stride())])


LAYOUTS: dict[str, Callable] = {
    "strided": strided, "transposed": transposed, "offset": offset, "expanded": expanded, "loose": loose,
}  # fmt: skip


def relay(t: torch.Tensor, layout: str) -> torch.Tensor:
    """`t` in another layout, with the same wish for a gradient."""
    made = LAYOUTS[layout](t.detach().resolve_conj().resolve_neg())
    return made.requires_grad_(t.requires_grad) if made.is_floating_point() or made.is_complex() else made
