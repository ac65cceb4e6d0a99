"""Attention whose scores and mask are functions of positions.

PyTorch compiles such functions into its kernel and calls them for one score at a time; here they are called once, with
all scores and with positions that broadcast against them, and the scores are held in memory.
"""

from __future__ import annotations

import inspect
import itertools
import math
from typing import NamedTuple

import lucid
from lucid.ops.creation import arange
from lucid.tensor import Tensor

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask", "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip

_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """What `flex_attention` is to return beside its result: the logarithms of the sums of exponentials, the greatest scores."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for by `AuxRequest`; None for what was not."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def _blocks_shown(dense: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Which blocks of a mask have a place that is shown, and which are shown whole; the last ones may be cut short."""
    rows, columns = (-(-n // block) * block - n for n, block in zip(dense.shape[-2:], size))
    padded = lucid.nn.functional.pad(dense, (0, columns, 0, rows))
    blocks = padded.unflatten(-1, (-1, size[1])).unflatten(-3, (-1, size[0])).transpose(-3, -2).flatten(-2)
    return blocks.any(-1), blocks.all(-1)


def _listed(blocks: Tensor | None) -> tuple:
    """How many blocks of each row there are, and where, those that are not there at the end."""
    if blocks is None:
        return None, None
    return blocks.sum(-1, dtype=lucid.int32), blocks.int().argsort(dim=-1, descending=True, stable=True).int()


class BlockMask:
    """A mask made by `create_block_mask` or `from_kv_blocks`; it is kept whole, and blocks are found when they are asked for.

    Parameters
    ----------
    mask_mod : callable
        The function that made it.
    dense : Tensor
        Its values, of shape (batch, heads, queries, keys), the first two 1 where it is the same for all.
    BLOCK_SIZE : tuple of int, optional
        Queries and keys of a block. Default: (128, 128).
    separate_full_blocks : bool, optional
        Whether blocks that are shown whole are listed apart. Default: True.
    """

    def __init__(
        self, mask_mod, dense: Tensor, BLOCK_SIZE: tuple[int, int] = (_DEFAULT_SPARSE_BLOCK_SIZE,) * 2, separate_full_blocks: bool = True
    ):
        self.mask_mod, self.dense, self.BLOCK_SIZE = mask_mod, dense, BLOCK_SIZE
        self.seq_lengths = tuple(dense.shape[-2:])
        shown, full = _blocks_shown(dense, BLOCK_SIZE)
        self._shown = shown
        full = full if separate_full_blocks else None
        part = shown if full is None else shown & ~full
        self.kv_num_blocks, self.kv_indices = _listed(part)
        self.full_kv_num_blocks, self.full_kv_indices = _listed(full)
        self.q_num_blocks, self.q_indices = _listed(part.mT)
        self.full_q_num_blocks, self.full_q_indices = _listed(None if full is None else full.mT)

    @classmethod
    def from_kv_blocks(
        cls, kv_num_blocks: Tensor, kv_indices: Tensor, full_kv_num_blocks: Tensor | None = None, full_kv_indices: Tensor | None = None,
        BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE, mask_mod=None, seq_lengths: tuple[int, int] | None = None,
        compute_q_blocks: bool = True, *, dq_write_order=None, dq_write_order_full=None, dq_kv_order=None,
    ):  # fmt: skip
        """A mask of lists of blocks: others are not seen, also without a compiler, where PyTorch looks at `mask_mod` alone.

        Parameters
        ----------
        kv_num_blocks, kv_indices : Tensor
            For each row of blocks, how many of them `mask_mod` decides about, and where these are, first in the row.
        full_kv_num_blocks, full_kv_indices : Tensor, optional
            Those that are shown whole.
        BLOCK_SIZE : int or tuple of int, optional
            Queries and keys of a block. Default: 128.
        mask_mod : callable, optional
            As for `create_block_mask`. Default: all are seen.
        seq_lengths : tuple of int, optional
            The numbers of queries and keys. Default: those of whole blocks.
        compute_q_blocks, dq_write_order, dq_write_order_full, dq_kv_order : optional
            No effect.

        Returns
        -------
        BlockMask
            The mask.
        """
        size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else tuple(BLOCK_SIZE)
        rows, columns = kv_indices.shape[-2:]
        lengths = seq_lengths or (rows * size[0], columns * size[1])

        def spread(count, indices):
            listed = arange(columns) < count[..., None]
            blocks = lucid.zeros(indices.shape, dtype=lucid.bool).scatter(-1, indices.long(), listed)
            return blocks.repeat_interleave(size[0], -2).repeat_interleave(size[1], -1)[..., : lengths[0], : lengths[1]]

        mask_mod = mask_mod or noop_mask
        dense = spread(kv_num_blocks, kv_indices)
        dense = dense & create_mask(mask_mod, *dense.shape)
        if full_kv_num_blocks is not None:
            dense = dense | spread(full_kv_num_blocks, full_kv_indices)
        return cls(mask_mod, dense, size, full_kv_num_blocks is not None)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the mask."""
        return tuple(self.dense.shape)

    def __getitem__(self, index) -> BlockMask:
        """The mask of one batch, or of one batch and head."""
        index = index if isinstance(index, tuple) else (index,)
        if len(index) > 2:
            raise IndexError("a BlockMask is indexed by batch and head")
        kept = tuple(slice(i, i + 1 or None) if isinstance(i, int) else i for i in index)
        return BlockMask(self.mask_mod, self.dense[kept], self.BLOCK_SIZE, self.full_kv_num_blocks is not None)

    def to(self, device) -> BlockMask:
        """Itself: there is one device."""
        return self

    def numel(self) -> int:
        """The number of places."""
        return math.prod(self.shape)

    def sparsity(self) -> float:
        """Per cent of the places that lie in blocks of which nothing is shown."""
        return 100 * (1 - int(self._shown.sum()) * math.prod(self.BLOCK_SIZE) / self.numel())

    def to_dense(self) -> Tensor:
        """Ones for blocks of which something is shown, of int32."""
        return self._shown.int()

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """The blocks as a picture.

        Parameters
        ----------
        grid_size : int or tuple of int, optional
            At most how many rows and columns; several blocks are then one sign. Default: (20, 20).
        limit : int, optional
            How many masks of batches and heads. Default: 4.

        Returns
        -------
        str
            Two signs for each block, or for several: black, shaded where some of them are shown, or a space.
        """
        blocks, pictures = self.to_dense(), []
        grid = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        down, right = (max(1, -(-n // most)) for n, most in zip(blocks.shape[-2:], grid))
        for at in itertools.product(*map(range, blocks.shape[:-2])):
            if len(pictures) == limit:
                pictures += ["...", "To print out more, set BlockMask.to_string(limit=N)",
                             "You can also index (BlockMask[batch, head]) to choose a specific batch or head"]  # fmt: skip
                break
            rows = [[float(part.float().mean()) for part in row.split(right, 1)] for row in blocks[at].split(down)]
            sign = lambda share: "█" if share == 1 else "░" if share else " "
            pictures.append(f"{at}\n" + "".join("".join(sign(share) * 2 for share in row) + "\n" for row in rows))
        return "\n".join(pictures)

    def __str__(self) -> str:
        return f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n{self.to_string().strip()}\n)"

    def __repr__(self) -> str:
        return f"BlockMask(shape={self.shape}, BLOCK_SIZE={self.BLOCK_SIZE}, sparsity={self.sparsity():.2f}%)"


def noop_mask(batch, head, token_q, token_kv) -> Tensor:
    """A function of positions by which each query sees every key."""
    return batch.new_ones((), dtype=lucid.bool)


def _joined(mask_mods: tuple, join, first: bool):
    if not all(map(callable, mask_mods)):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")

    def mask(b, h, q_idx, kv_idx) -> Tensor:
        result = b.new_full((), first, dtype=lucid.bool)
        for one in mask_mods:
            result = join(result, one(b, h, q_idx, kv_idx))
        return result

    return mask


def and_masks(*mask_mods):
    """A function of positions by which a query sees what it sees by all of some functions. RuntimeError if one is none."""
    return _joined(mask_mods, lucid.logical_and, True)


def or_masks(*mask_mods):
    """A function of positions by which a query sees what it sees by any of some functions. RuntimeError if one is none."""
    return _joined(mask_mods, lucid.logical_or, False)


def _positions(shape) -> tuple:
    """Batch, head, query and key as tensors that broadcast against scores of a shape."""
    ones = [1, 1, 1, 1]
    return tuple(arange(n).reshape(ones[:i] + [n] + ones[i + 1 :]) for i, n in enumerate(shape))


def create_mask(mod_fn, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device=None) -> Tensor:
    """The values of a function of batch, head, query and key, for all of them.

    Parameters
    ----------
    mod_fn : callable
        Of the four positions, whether the query sees the key; or of a score and them, the changed score, of which -inf is not seen.
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
    takes = sum(one.default is one.empty for one in inspect.signature(mod_fn).parameters.values())
    if takes not in (4, 5):
        raise AssertionError(f"create_mask: takes a function of four positions, or of a score and them, not of {takes} arguments")
    if takes == 4:
        return mod_fn(*_positions(shape)).expand(shape)
    return (mod_fn(lucid.zeros(shape), *_positions(shape)) != -lucid.inf).expand(shape)


def create_block_mask(
    mask_mod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device=None, BLOCK_SIZE=_DEFAULT_SPARSE_BLOCK_SIZE, _compile=False,
    separate_full_blocks: bool = True, compute_dq_write_order: bool = False, dq_kv_order: bool = True,
) -> BlockMask:  # fmt: skip
    """A mask for `flex_attention`; the parameters are those of `create_mask` and of BlockMask, the others have no effect."""
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else tuple(BLOCK_SIZE)
    return BlockMask(mask_mod, create_mask(mask_mod, B, H, Q_LEN, KV_LEN), size, separate_full_blocks)


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
