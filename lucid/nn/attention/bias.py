"""Causal masks of attention by name."""

from __future__ import annotations

import enum

import lucid
from lucid.tensor import Tensor

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(enum.IntEnum):
    """Where the triangle lies if there are not as many queries as keys: in which corner it ends."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(Tensor):
    """A mask by which no query sees a later key: a tensor of bools, for the `attn_mask` of attention.

    Parameters
    ----------
    variant : CausalVariant
        Where the triangle lies.
    seq_len_q, seq_len_kv : int
        The numbers of queries and keys.
    """

    __torch_function__ = lucid._C._disabled_torch_function_impl

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int):
        shift = seq_len_kv - seq_len_q if variant == CausalVariant.LOWER_RIGHT else 0
        return lucid.ones(seq_len_q, seq_len_kv, dtype=lucid.bool).tril(shift).as_subclass(cls)

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int):
        self.variant, self.seq_len_q, self.seq_len_kv = CausalVariant(variant), seq_len_q, seq_len_kv


def _causal(name: str, variant: CausalVariant, size: tuple) -> CausalBias:
    if len(size) != 2:
        raise AssertionError(f"{name} only supports 2D tensors")
    return CausalBias(variant, *size)


def causal_upper_left(*size: int) -> CausalBias:
    """The mask whose triangle begins with the first query and key, for numbers of queries and of keys."""
    return _causal("causal_upper_left", CausalVariant.UPPER_LEFT, size)


def causal_lower_right(*size: int) -> CausalBias:
    """The mask whose triangle ends with the last query and key, for numbers of queries and of keys."""
    return _causal("causal_lower_right", CausalVariant.LOWER_RIGHT, size)
