"""Embeddings: rows of a table looked up by index, and bags of them, added up (or their mean or maximum taken) in one pass.

A gradient goes to the rows through the operations that move by index, so second gradients come with them.
"""

from __future__ import annotations

import warnings
from math import inf, nan
from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    INT64,
    cast,
    check_dim,
    contiguous,
    made_of,
    native,
    tensor_argument,
)
from lucid.ops._indices import INDEX_DTYPES, index_argument, outside, picked
from lucid.ops.arithmetic import add, div, mul, sub
from lucid.ops.comparison import eq, logical_or, ne
from lucid.ops.creation import full
from lucid.ops.joining import cat
from lucid.ops.magnitude import maximum, minimum, where
from lucid.ops.masks import masked_fill
from lucid.ops.scatter import gather, scatter_add, scatter_reduce
from lucid.ops.selection import in_self, index_add, index_select
from lucid.ops.view import reshape, to_dtype
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ single rows


@op("Tensor._embedding")
def _embedding(weight: Tensor, index: Tensor, padding_idx, scale_grad_by_freq) -> Tensor:
    """The rows of `weight` that `index` names."""
    table, at = weight.array, index.array
    row = at.reshape(-1)
    return wrap(in_self(picked(table, 0, row, False), row, len(table)).reshape(*at.shape, table.shape[1]))


def _embedding_rule(g, weight_shape, index, padding_idx, scale_grad_by_freq):
    at = index.array.reshape(-1)
    g = reshape(g, (at.size, weight_shape[1]))
    if scale_grad_by_freq and at.size:
        times = np.bincount(at, minlength=weight_shape[0])[at].astype(g.array.dtype)
        g = div(g, wrap(times[:, None]))
    if padding_idx is not None and padding_idx >= 0:
        kept = np.flatnonzero(at != padding_idx)
        if len(kept) < len(at):
            g, at = index_select(g, 0, wrap(kept)), at[kept]
    return index_add(Supplied.no_memory(weight_shape, g.dtype), 0, wrap(at), g)


_embedding.vjp(weight=_embedding_rule)


@op("nn.functional.embedding", composite=True)
def embedding(
    input_: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of a table, looked up by index.

    Parameters
    ----------
    input_ : Tensor
        The indices: int64 or int32, of any shape.
    weight : Tensor
        The table: rows are embeddings.
    padding_idx : int, optional
        A row that gets no gradient; negative counts from the end.
    max_norm : float, optional
        Rows that are looked up and have a larger norm are scaled down to it first, in the table itself.
    norm_type : float, optional
        Which norm.
    scale_grad_by_freq : bool, optional
        Divide each row's gradient by how often the row was looked up.
    sparse : bool, optional
        Accepted; gradients are dense.

    Returns
    -------
    Tensor
        Of the input's shape and one more dimension, the row.

    Raises
    ------
    IndexError
        If an index is not a row of the table.

    Examples
    --------
    >>> lucid.nn.functional.embedding(lucid.tensor([1, 0]), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[3.0, 4.0],
            [1.0, 2.0]])
    """
    tensor_argument("embedding", input_), tensor_argument("embedding", weight, 2, "weight")
    if weight.array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    n = weight.array.shape[0]
    if padding_idx is not None:
        if not -n <= padding_idx < n:
            raise AssertionError("padding_idx must be within num_embeddings")
        padding_idx += n if padding_idx < 0 else 0
    if input_.dtype not in INDEX_DTYPES:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input_.type()} instead (while checking arguments for embedding)"
        )
    index = made_of(input_, index_argument("embedding", input_))
    if max_norm is not None:
        _renorm(weight, index.array, max_norm, norm_type)
    return _embedding(weight, index, padding_idx, scale_grad_by_freq)


def _renorm(weight: Tensor, at, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up down to a norm of at most `max_norm`, in place and out of the graph."""
    table = weight.array
    if not table.flags.writeable:
        raise RuntimeError("embedding(): max_norm writes to the weight, whose memory is read-only")
    if weight.dtype.kind < 2 and at.size:
        raise RuntimeError(
            f"norm(): input dtype should be either floating point or complex. Got {torch_name(weight.dtype)} instead."
        )
    in_self(None if outside(at, len(table)) else at, at, len(table))
    rows = np.unique(at)
    looked_up = table[rows]
    wide = np.abs(cast(looked_up, np.dtype(np.complex128))) if weight.dtype.is_complex else looked_up.astype(np.float64)
    if isinstance(norm_type, str):
        raise TypeError("embedding_renorm_(): argument 'norm_type' must be float, not str")
    norms = np.linalg.norm(wide, norm_type, axis=1) if wide.size else np.zeros(len(rows))
    large = norms > max_norm
    if large.any():
        scale = (max_norm / (norms[large] + 1e-7)).astype(table.dtype)
        table[rows[large]] = looked_up[large] * scale[:, None]
        core.bump(weight)


@op("nn.functional.one_hot", gradient=False)
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A one in the place that each index names, zeros elsewhere, along a new last dimension.

    Parameters
    ----------
    tensor : Tensor
        int64, not negative.
    num_classes : int, optional
        The size of the new dimension; by default one more than the largest index.

    Returns
    -------
    Tensor
        int64.

    Examples
    --------
    >>> lucid.nn.functional.one_hot(lucid.tensor([0, 2]), 3)
    Tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    at = tensor_argument("one_hot", tensor, 1, "tensor").array
    if tensor.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not at.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    elif at.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    elif num_classes != -1 and at.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    n = int(at.max()) + 1 if num_classes == -1 else num_classes
    out = core.empty((*at.shape, n), INT64)
    if out.size:
        kernels.one_hot(flat(contiguous(native(at))), flat(out), n)
    return wrap(out)


# ------------------------------------------------------------------------------------------------ bags

BAG = {dtype: kernels.embedding_bag[C_NAMES[dtype]] for dtype in FLOATING}


class Bags(NamedTuple):
    """Which rows are in which bag."""

    index: np.ndarray
    offsets: np.ndarray  # one more than there are bags
    padding: int  # a row that does not count, or -1
    mode: str
    by_count: bool  # gradients are divided by how often their row is looked up

    def owners(self) -> np.ndarray:
        """The bag of each index."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def sizes(self) -> np.ndarray:
        """How many indices of each bag count."""
        return np.bincount(self.members()[1], minlength=len(self.offsets) - 1)

    def members(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions in the index that count, and the bag of each."""
        at = np.arange(self.offsets[0], self.offsets[-1])
        counted = self.index[at] != self.padding
        return at[counted], self.owners()[counted]


@op("_embedding_bag")
def _embedding_bag(weight: Tensor, scale, bags: Bags, which, owners) -> Tensor:
    table, index = weight.array, bags.index
    if table.dtype not in BAG:  # half precision: of the rows that are looked up, float32 copies
        table, index = cast(table[index], FLOAT32), np.where(index == bags.padding, -1, np.arange(len(index)))
        padding = -1
    else:
        padding = bags.padding
    out = empty((len(bags.offsets) - 1, table.shape[1]), table.dtype)
    if out.size and table.size:
        BAG[table.dtype](
            flat(contiguous(table)), flat(index), flat(bags.offsets),
            None if scale is None else flat(contiguous(cast(scale.array, table.dtype))), flat(out),
            None if which is None else flat(which.array), *table.shape, padding, bags.mode == "mean",
        )  # fmt: skip
    else:
        out.fill(0)
        if which is not None:
            which.array.fill(-1)
    if which is not None and table is not weight.array:
        which.array[...] = np.where(which.array < 0, -1, bags.index[which.array] if index.size else -1)
    return wrap(cast(out, weight.array.dtype))


def _to_rows(g, weight_shape, scale, bags, which, owners):
    rows, dim = weight_shape
    if which is not None:
        bag, column = np.nonzero(which.array >= 0)
        found = index_select(g.reshape(-1), 0, wrap(bag * dim + column))
        return index_add(Supplied.no_memory((rows * dim,), g.dtype), 0, wrap(which.array[bag, column] * dim + column), found).reshape(rows, dim)
    at, bag = bags.members()
    index = bags.index[at]
    counts = np.bincount(bag, minlength=len(bags.offsets) - 1) if bags.mode == "mean" else None
    if counts is not None and not bags.by_count:  # a row for each bag, rather than for each of its members
        g = _shared(g, np.maximum(counts, 1))
    g = index_select(g, 0, wrap(bag))
    if scale is not None:
        g = mul(g, index_select(scale, 0, wrap(at)).unsqueeze(1))
    if bags.by_count:
        often = np.bincount(bags.index, minlength=1)[index]
        g = _shared(g, often if counts is None else often * counts[bag])
    return index_add(Supplied.no_memory((rows, dim), g.dtype), 0, wrap(index), g)


def _shared(g: Tensor, counts: np.ndarray) -> Tensor:
    """Rows of a gradient, each divided by a count."""
    if (counts == 1).all():
        return g
    return div(g, wrap(counts[:, None].astype(np.float32 if g.array.dtype.itemsize == 2 else g.array.dtype)))


def _to_scale(g, weight, scale_shape, bags, owners):
    at, bag = bags.members()
    found = mul(index_select(weight, 0, wrap(bags.index[at])), index_select(g, 0, wrap(bag))).sum(1)
    return index_add(Supplied.no_memory(scale_shape, found.dtype), 0, wrap(at), found)


_embedding_bag.vjp(weight=_to_rows, scale=_to_scale)


def _check_offsets(offsets: np.ndarray, n: int, include_last_offset: bool) -> np.ndarray:
    """Where bags begin and the last one ends."""
    if include_last_offset and not len(offsets):
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if len(offsets) and offsets[0] != 0:
        raise RuntimeError(f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
                           f"However, got {offsets[0]}")  # fmt: skip
    if len(offsets) and offsets[-1] > n:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {n} but got offsets[-1] of {offsets[-1]}"
        )
    if (np.diff(offsets) < 0).any():
        raise RuntimeError("embedding_bag(): offsets must not decrease")
    return offsets if include_last_offset else np.append(offsets, n)


@op("nn.functional.embedding_bag", composite=True)
def embedding_bag(
    input_: Tensor,
    weight: Tensor,
    offsets=None,
    max_norm: float | None = None,
    norm_type=2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights=None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of bags of a table's rows, looked up by index.

    Parameters
    ----------
    input_ : Tensor
        The indices: int64 or int32; of shape (bags, n), or (n,) with `offsets`.
    weight : Tensor
        The table: rows are embeddings.
    offsets : Tensor, optional
        Where each bag begins in a 1-d input; the first at 0.
    max_norm : float, optional
        Rows that are looked up and have a larger norm are scaled down to it first, in the table itself.
    norm_type : float, optional
        Which norm.
    scale_grad_by_freq : bool, optional
        Divide each row's gradient by how often the row was looked up; not with "max".
    mode : {"mean", "sum", "max"}, optional
        What is made of the rows of a bag.
    sparse : bool, optional
        Accepted, but with "max"; gradients are dense.
    per_sample_weights : Tensor, optional
        A factor for each index, of the input's shape and the table's dtype; with "sum" alone.
    include_last_offset : bool, optional
        Whether the last of the offsets is where the last bag ends.
    padding_idx : int, optional
        A row that is in no bag; negative counts from the end.

    Returns
    -------
    Tensor
        Of shape (bags, size of a row); zeros for a bag without rows.

    Raises
    ------
    RuntimeError
        If an index is not a row of the table, or an offset or dtype does not fit.
    ValueError
        If the mode is another, or a shape does not fit.

    Examples
    --------
    >>> table = lucid.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> F.embedding_bag(lucid.tensor([[0, 2], [1, 1]]), table)
    Tensor([[3.0, 4.0],
            [3.0, 4.0]])
    >>> F.embedding_bag(lucid.tensor([0, 2, 1]), table, lucid.tensor([0, 2]), mode="sum")
    Tensor([[6.0, 8.0],
            [3.0, 4.0]])
    """
    tensor_argument("embedding_bag", input_), tensor_argument("embedding_bag", weight, 2, "weight")
    if weight.dtype is dtypes.int64 and input_.dtype.is_floating_point:
        warnings.warn("embedding_bag(): the indices come first, the table second", stacklevel=2)
        input_, weight = weight, input_
    if per_sample_weights is not None and per_sample_weights.array.shape != input_.array.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same "
            f"shape as the input ({input_.shape})"
        )
    if weight.array.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.array.ndim}")
    index = input_.array
    kind = input_.dtype
    if index.ndim == 2:
        if offsets is not None:
            raise ValueError(f"if input is 2D, then offsets has to be None: each row is a bag. However, found {type(offsets)}")
        bags, n = index.shape
        if not n:
            raise RuntimeError("embedding_bag(): bags of a 2D input need at least one index")
        starts, include_last_offset = np.arange(0, index.size, n), False
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif index.ndim == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.array.ndim != 1:
            raise ValueError("offsets has to be a 1D Tensor")
        starts, kind = offsets.array, dtypes.promote_types(kind, offsets.dtype)
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {index.ndim}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    index = contiguous(cast(index.reshape(-1), INT64))
    if max_norm is not None:
        _renorm(weight, index, max_norm, norm_type)
    return of_rows(
        weight, index, starts, kind, scale_grad_by_freq, mode, per_sample_weights, include_last_offset, padding_idx,
        (input_, offsets),
    )[0]


def of_rows(
    weight: Tensor, index: np.ndarray, starts: np.ndarray, kind, by_count: bool, mode: str, scale, include_last_offset: bool,
    padding, owners: tuple,
) -> tuple[Tensor, Bags, Tensor | None]:  # fmt: skip
    """What is made of bags, the bags, and for each maximum the row that it is from; `owners` are the tensors that say what they are."""
    if scale is not None and mode != "sum":
        raise NotImplementedError(f"embedding_bag: per_sample_weights is only supported for mode='sum' (got mode='{mode}')")
    for tensor_kind, known, what in (
        (kind, kind in INDEX_DTYPES, "indices"), (weight.dtype, weight.dtype.is_floating_point, "weight")
    ):  # fmt: skip
        if not known:
            raise RuntimeError(f"embedding_bag(): {what} of dtype {torch_name(tensor_kind)} cannot be taken")
    if scale is not None and scale.dtype is not weight.dtype:
        raise RuntimeError("embedding_bag(): expected per_sample_weights to have the same type as weight, "
                           f"{torch_name(weight.dtype)}, but got {torch_name(scale.dtype)}")  # fmt: skip
    rows = weight.array.shape[0]
    if padding is not None:
        if not -rows <= padding < rows:
            raise RuntimeError(
                f"padding_idx must be within the number of embeddings, -{rows} through {rows - 1}, but got {padding}"
            )
        padding += rows if padding < 0 else 0
    starts = contiguous(_check_offsets(cast(starts, INT64), len(index), include_last_offset))
    if mode != "sum" or padding is not None:  # the last bag has all that is left, whatever its end is said to be
        starts = np.append(starts[:-1], len(index))
    wrong = kernels.check_index(flat(index), rows) if index.size else -1
    if wrong >= 0:
        raise RuntimeError(f"embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {index[wrong]}")
    which = None
    if mode == "max":
        which = wrap(empty((len(starts) - 1, weight.array.shape[1]), INT64))
    found = Bags(index, starts, -1 if padding is None else padding, mode, bool(by_count))
    return _embedding_bag(weight, scale, found, which, owners), found, which


@op("segment_reduce")
def segment_reduce(
    data: Tensor, reduce: str, *, lengths=None, indices=None, offsets=None, axis: int = 0, unsafe: bool = False, initial=None
) -> Tensor:
    r"""The sum, mean, product, maximum or minimum of each of the segments that an axis is divided into.

    Parameters
    ----------
    data : Tensor
        Floating.
    reduce : {"sum", "mean", "prod", "max", "min"}
        What is made of a segment.
    lengths : Tensor, optional
        int32 or int64, of shape (\*data.shape[:axis], segments): how long they are.
    indices : None
        Not supported, as in PyTorch.
    offsets : Tensor, optional
        Instead of lengths: where the segments begin, and the last one ends.
    axis : int, optional
        The dimension that is divided.
    unsafe : bool, optional
        Whether lengths need not add up to the size of the axis; reaching beyond it is refused all the same.
    initial : float, optional
        What a segment starts from.

    Returns
    -------
    Tensor
        Of shape (\*data.shape[:axis], segments, \*data.shape[axis + 1:]). An empty segment gives `initial`, or else what a sum,
        product, maximum or minimum starts from, and NaN for a mean.

    Raises
    ------
    RuntimeError
        If neither lengths nor offsets are given, or they do not fit.
    NotImplementedError
        If a dtype is none of those.

    Examples
    --------
    >>> lucid.segment_reduce(lucid.tensor([1.0, 2.0, 5.0]), "mean", lengths=lucid.tensor([1, 2]))
    Tensor([1.0, 3.5])
    """
    axis = check_dim("segment_reduce", axis, data.array.ndim)
    if reduce not in SEGMENTS:
        raise RuntimeError(f"segment_reduce(): reduce must be one of {', '.join(SEGMENTS)}, got {reduce}")
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    if not data.dtype.is_floating_point:
        raise NotImplementedError(f"\"segment_reduce\" not implemented for '{torch_name(data.dtype)}'")
    at, count = _segments(data.array.shape, lengths, offsets, axis, unsafe)
    first, how = SEGMENTS[reduce]
    first = initial if initial is not None and how not in ("amax", "amin") else first
    out = _beyond(None, count, axis, data, first)
    if how == "mean":
        total = scatter_reduce(out, axis, at, data, "sum").narrow(axis, 0, count.array.shape[axis])
        return where(count > 0, total / count.clamp_min(1), nan if initial is None else initial)
    found = scatter_reduce(out, axis, at, data, how, include_self=how in ("sum", "prod")).narrow(axis, 0, count.array.shape[axis])
    if initial is None or how in ("sum", "prod"):
        return found.contiguous()
    return (maximum if how == "amax" else minimum)(found, full((), initial, dtype=data.dtype))


def _segments(shape: tuple, lengths, offsets, axis: int, unsafe: bool) -> tuple[Tensor, Tensor]:
    """The number of each element's segment, and how many elements each has. Those before the first and after the last belong
    to one more, which is dropped."""
    bounds = offsets if lengths is None else lengths
    if bounds.dtype not in INDEX_DTYPES:
        raise NotImplementedError(f"\"segment_reduce\" not implemented for '{torch_name(bounds.dtype)}'")
    if bounds.array.ndim != axis + 1 or bounds.array.shape[:-1] != shape[:axis]:
        raise RuntimeError(f"segment_reduce(): Expected axis to be the last dimension of lengths but got {axis}.")
    bounds = bounds.array.astype(np.int64)
    if lengths is not None:
        if (bounds < 0).any():
            raise RuntimeError("lengths contains negative value!")
        if not unsafe and (bounds.sum(-1) != shape[axis]).any():
            raise RuntimeError("segment_reduce(): Expected all rows of lengths along axis to sum to "
                               "data.size(lengths.dim()-1) when !unsafe.")  # fmt: skip
        bounds = np.concatenate((np.zeros_like(bounds[..., :1]), bounds.cumsum(-1)), -1)
    if bounds.size and (bounds[..., 0].min() < 0 or bounds[..., -1].max() > shape[axis] or (np.diff(bounds) < 0).any()):
        raise RuntimeError(f"segment_reduce(): segments must not decrease, nor leave the axis of size {shape[axis]}")
    segments, inner = bounds.shape[-1] - 1, [1] * (len(shape) - axis - 1)
    begins = np.zeros((*shape[:axis], shape[axis] + 1), np.int64)
    np.add.at(begins, (*np.indices(bounds.shape)[:-1, ..., :-1], bounds[..., :-1]), 1)
    at = begins[..., :-1].cumsum(-1) - 1
    at[(at < 0) | (np.arange(shape[axis]) >= bounds[..., -1:])] = segments
    count = np.diff(bounds).reshape(*bounds.shape[:-1], segments, *inner)
    return wrap(at).reshape(*at.shape, *inner).expand(shape), wrap(count)


def _beyond(x: Tensor | None, count: Tensor, axis: int, data: Tensor, number=0) -> Tensor:
    """Values of segments, or the number in their place, and one more for the elements of none."""
    shape = list(data.array.shape)
    shape[axis] = count.array.shape[axis] + 1 if x is None else 1
    more = full(tuple(shape), number, dtype=data.dtype if x is None else x.dtype)
    return more if x is None else cat((x, more), axis)


@segment_reduce.vjp_joint("data")
def _segment_reduce_backward(g, needs, data, reduce, lengths, offsets, axis, unsafe, initial, out):
    axis = axis % data.array.ndim
    at, count = _segments(data.array.shape, lengths, offsets, axis, unsafe)

    def spread(x):
        return gather(_beyond(x, count, axis, data), axis, at)

    def others(flags):
        """How many of an element's segment are set, without itself."""
        flags = to_dtype(flags, dtypes.float32)
        return sub(gather(scatter_add(_beyond(None, count, axis, flags), axis, at, flags), axis, at), flags)

    if reduce in ("sum", "mean"):
        return (spread(g if reduce == "sum" else div(g, count.clamp_min(1))),)
    unknown = ne(data, data)
    if reduce != "prod":  # NaN is the largest and the smallest of all
        mine = logical_or(eq(data, spread(out)), unknown)
        return (where(mine, div(spread(g), add(others(mine), 1)), 0),)
    zero = eq(data, 0)
    apart = logical_or(zero, unknown)
    known = masked_fill(data, apart, 1)
    start = _beyond(None, count, axis, data, 1 if initial is None else initial)
    without = gather(scatter_reduce(start, axis, at, known, "prod"), axis, at)
    without = mul(without, where(others(unknown) > 0, nan, where(others(zero) > 0, 0.0, 1.0)))
    return (where(apart, mul(spread(g), without), div(spread(mul(g, out)), known)),)


# What each starts from, and its name among the reductions of `scatter_reduce`.
SEGMENTS = {"sum": (0, "sum"), "mean": (0, "mean"), "prod": (1, "prod"), "max": (-inf, "amax"), "min": (inf, "amin")}
