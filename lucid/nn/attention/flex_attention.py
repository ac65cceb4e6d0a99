"""Attention whose scores and mask are functions of positions.

PyTorch compiles such functions into its kernel and calls them for one score at a time; here they are called once, with
all scores and with positions that broadcast against them, and the scores are held in memory.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from lucid.ops.creation import arange
from lucid.tensor import Tensor

__all__ = ["AuxOutput", "AuxRequest", "BlockMask", "create_block_mask", "create_mask", "flex_attention"]

_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """What `flex_attention` is to return beside its result: the logarithms of the sums of exponentials, the greatest scores."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for by `AuxRequest`; None for what was not."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


class BlockMask:
    """A mask made by `create_block_mask`; it is kept whole.

    Parameters
    ----------
    mask_mod : callable
        The function that made it.
    dense : Tensor
        Its values, of shape (batch, heads, queries, keys), the first two 1 where it is the same for all.
    """

    def __init__(self, mask_mod, dense: Tensor):
        self.mask_mod, self.dense = mask_mod, dense
        self.seq_lengths = tuple(dense.shape[-2:])
        self.shape = dense.shape

    def __repr__(self) -> str:
        return f"BlockMask(shape={tuple(self.shape)})"


def _positions(shape) -> tuple:
    """Batch, head, query and key as tensors that broadcast against scores of a shape."""
    ones = [1, 1, 1, 1]
    return tuple(arange(n).reshape(ones[:i] + [n] + ones[i + 1 :]) for i, n in enumerate(shape))


def create_mask(mod_fn, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device=None) -> Tensor:
    """The values of a function of batch, head, query and key, for all of them.

    Parameters
    ----------
    mod_fn : callable
        Of the four positions: whether the query sees the key.
    B, H : int or None
        The sizes of batch and heads; None is 1.
    Q_LEN, KV_LEN : int
        The numbers of queries and keys.
    device : optional
        The CPU.

    Returns
    -------
    Tensor
        Of bools, of shape (B, H, Q_LEN, KV_LEN).

    Examples
    --------
    >>> from lucid.nn.attention.flex_attention import create_mask
    >>> create_mask(lambda b, h, q, kv: q >= kv, None, None, 2, 2).int().tolist()
    [[[[1, 0], [1, 1]]]]
    """
    shape = (B or 1, H or 1, Q_LEN, KV_LEN)
    return mod_fn(*_positions(shape)).expand(shape)


def create_block_mask(
    mask_mod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device=None, BLOCK_SIZE=_DEFAULT_SPARSE_BLOCK_SIZE, _compile=False,
    separate_full_blocks: bool = True, compute_dq_write_order: bool = False, dq_kv_order: bool = True,
) -> BlockMask:  # fmt: skip
    """A mask for `flex_attention`; the parameters are those of `create_mask`, the others have no effect."""
    return BlockMask(mask_mod, create_mask(mask_mod, B, H, Q_LEN, KV_LEN))


def flex_attention(
    query, key, value, score_mod=None, block_mask: BlockMask | None = None, scale: float | None = None, enable_gqa: bool = False,
    return_lse: bool = False, kernel_options=None, *, return_aux: AuxRequest | None = None,
):  # fmt: skip
    """Attention with scores that a function changes, where a mask lets queries see keys.

    Parameters
    ----------
    query, key, value : Tensor
        Of shape (batch, heads, length, features).
    score_mod : callable, optional
        Of the scores and the positions batch, head, query and key: other scores.
    block_mask : BlockMask, optional
        Which keys a query sees; by default all.
    scale : float, optional
        What the products are multiplied by; by default one over the square root of the features.
    enable_gqa : bool, optional
        Whether several heads of queries share one of keys.
    return_lse : bool, optional
        Whether the logarithm of the sum of the scores' exponentials is returned too.
    kernel_options : dict, optional
        No effect.
    return_aux : AuxRequest, optional
        What is returned beside the result.

    Returns
    -------
    Tensor, or a tuple of it and what was asked for beside it
        Zero for a query that sees no key.

    Raises
    ------
    ValueError
        If the heads of queries and keys differ, without `enable_gqa`.

    Examples
    --------
    >>> from lucid.nn.attention.flex_attention import flex_attention
    >>> x = lucid.ones(1, 1, 2, 4)
    >>> flex_attention(x, x, x, score_mod=lambda score, b, h, q, kv: score - (q - kv).abs()).shape
    lucid.Size([1, 1, 2, 4])
    """
    if query.shape[1] != key.shape[1]:
        if not enable_gqa:
            raise ValueError(f"flex_attention(): {query.shape[1]} heads of queries and {key.shape[1]} of keys need enable_gqa=True")
        key, value = (one.repeat_interleave(query.shape[1] // one.shape[1], 1) for one in (key, value))
    scores = query @ key.mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if score_mod is not None:
        scores = score_mod(scores, *_positions(scores.shape))
    if block_mask is not None:
        scores = scores.masked_fill(~block_mask.dense[..., : scores.shape[-2], : scores.shape[-1]], -math.inf)
    lse = scores.logsumexp(-1)
    weights = (scores - lse.masked_fill(lse == -math.inf, 0.0)[..., None]).exp()
    out = weights @ value
    if return_aux is not None:
        return out, AuxOutput(lse if return_aux.lse else None, scores.amax(-1) if return_aux.max_scores else None)
    return (out, lse) if return_lse else out
