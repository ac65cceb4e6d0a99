"""Sorting and selection along a dimension. NaN is greater than any number; equal values keep their order.

The kernels see rows; a dimension that is not the last is moved there and back. What is found is found by position, so that
every gradient is the same: each value's gradient goes where the value came from (`_to_places`).
Below stands what uses an order: places in sorted values (searchsorted), and each value once (unique).
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes, return_types
from lucid._kernels import core, index
from lucid._kernels import sort as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    INT64,
    cast,
    contiguous,
    copied,
    is_half,
    native,
    tensor_argument,
)
from lucid.ops._indices import picked
from lucid.ops.extremes import share_of_all
from lucid.ops.view import laid_as
from lucid.tensor import Tensor, check_dim, to_array


def _signed(array: np.ndarray) -> np.ndarray:
    """The larger unsigned integers as signed ones in the same order, by the first bit inverted; others as they are."""
    if array.dtype.kind != "u" or array.itemsize == 1:
        return array
    return (array ^ array.dtype.type(1 << 8 * array.itemsize - 1)).view(f"i{array.itemsize}")


def _unsigned(array: np.ndarray, dtype) -> np.ndarray:
    """The way back from `_signed` of that dtype."""
    return array.view(dtype) ^ dtype.type(1 << 8 * dtype.itemsize - 1) if dtype.kind == "u" and dtype.itemsize > 1 else array


def _table(name: str) -> dict:
    function = getattr(kernels, name)
    return {dtype: function[c] for dtype, c in C_NAMES.items() if c in function.__signatures__}


SORT, TOPK, SELECT, SEARCH, RUNS = map(_table, ("sort", "topk", "select", "searchsorted", "runs"))


def _rows(name: str, input_: Tensor, dim: int):
    """The input as contiguous rows along a dimension, that dimension, and the shape with it last."""
    dtype = tensor_argument(name, input_).dtype
    array = input_.array
    at = check_dim(name, dim, array.ndim)
    if dtype.is_complex:
        raise RuntimeError(f'"{name}" not implemented for \'{torch_name(dtype)}\'')
    array = cast(array, FLOAT32) if is_half(dtype) else _signed(array)
    if not array.ndim:
        array = array.reshape(1)
    moved = array.swapaxes(at, -1)
    return contiguous(moved), at, moved.shape


def _back(kind: type, values: np.ndarray, index: np.ndarray, at: int, input_: Tensor, keep: bool = True, like=None) -> return_types.Result:
    """Results of a kind, along rows, in the input's order of dimensions and dtype; not to `keep` the dimension, of size 1, is to drop it.

    They lie in memory as `like`, or contiguously.
    """
    if not input_.array.ndim:
        values, index = values.reshape(()), index.reshape(())
    else:
        values, index = values.swapaxes(at, -1), index.swapaxes(at, -1)
        if not keep:
            values, index = values.squeeze(at), index.squeeze(at)
        if like is not None:
            values, index = laid_as(values, like), laid_as(index, like)
        else:
            values, index = contiguous(values), contiguous(index)
    return kind(wrap(cast(_unsigned(values, input_.array.dtype), input_.array.dtype)), wrap(index))


def _to_places(g, input_shape, dim, indices):
    """The gradient of the values, put where they came from."""
    from lucid.ops.scatter import scatter_add

    if not input_shape:
        return g[0]
    index, own = indices, g[0]
    if index.array.ndim < len(input_shape):
        index, own = index.unsqueeze(dim), own.unsqueeze(dim)
    return scatter_add(Supplied.no_memory(input_shape, own.dtype), dim, index, own)


@op("_sort")
def _sort(input_: Tensor, dim: int, descending: bool):
    rows, at, shape = _rows("sort", input_, dim)
    values, index = empty(shape, rows.dtype), empty(shape, INT64)
    if rows.size:
        n = shape[-1]
        SORT[rows.dtype](flat(rows), flat(values), flat(index), rows.size // n, n, descending)
    like = None if input_.array.flags.c_contiguous else input_.array
    return _back(return_types.sort, values, index, at, input_, like=like)


_sort.vjp(input_=_to_places)


@op("sort", composite=True)
@doc(out="tuple of Tensor, optional: Where the results are written.")
def sort(input_: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = False, *, out=None):
    """Sort along a dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and real dtype.
    dim : int, optional
        The dimension (default the last).
    descending : bool, optional
        Greatest first (default False).
    stable : bool, optional
        Equal values keep their order; they always do.

    Returns
    -------
    named tuple of Tensor
        `values`, and the `indices` where they stood (int64). Gradients go where values came from.

    Examples
    --------
    >>> lucid.sort(lucid.tensor([3, 1, 2])).indices
    Tensor([1, 2, 0])
    """
    return _sort(input_, dim, bool(descending))


@op("argsort", composite=True, out="same read")
@like(sort, gives="Tensor", returns="Of int64, of the input's shape.", out="Tensor, optional: Where the result is written.")
def argsort(input_: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, out=None) -> Tensor:
    """The positions that sort along a dimension, int64.

    Examples
    --------
    >>> lucid.argsort(lucid.tensor([3, 1, 2]))
    Tensor([1, 2, 0])
    """
    return _sort(input_.detach(), dim, bool(descending)).indices


@op("msort", composite=True, out="same")
@doc()
def msort(input_: Tensor, *, out=None) -> Tensor:
    """The values sorted along the first dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        Of the shape of the input.

    Examples
    --------
    >>> lucid.msort(lucid.tensor([3, 1, 2]))
    Tensor([1, 2, 3])
    """
    return _sort(input_, 0, False).values


@op("_topk")
def _topk(input_: Tensor, dim: int, k: int, largest: bool, ordered: bool):
    rows, at, shape = _rows("topk", input_, dim)
    n = shape[-1]
    if not 0 <= k <= n:
        raise RuntimeError(f"topk(): selected index k out of range: k is {k}, dimension {at} has size {n}")
    values, index = empty((*shape[:-1], k), rows.dtype), empty((*shape[:-1], k), INT64)
    if values.size:
        TOPK[rows.dtype](flat(rows), flat(values), flat(index), rows.size // n, n, k, largest, ordered)
    return _back(return_types.topk, values, index, at, input_)


_topk.vjp(input_=_to_places)


@op("topk", composite=True)
@doc(out="tuple of Tensor, optional: Where the results are written.")
def topk(input_: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out=None):
    """The `k` greatest (or least) elements along a dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and real dtype.
    k : int
        How many.
    dim : int, optional
        The dimension (default the last).
    largest : bool, optional
        The greatest (default) or the least.
    sorted : bool, optional
        In order (default).

    Returns
    -------
    named tuple of Tensor
        `values`, and the `indices` where they stood (int64).

    Examples
    --------
    >>> lucid.topk(lucid.tensor([3, 1, 2]), 2).values
    Tensor([3, 2])
    """
    k = 1 if k == 0 and not tensor_argument("topk", input_).ndim else int(k)  # a number is all there is of it
    return _topk(input_, dim, k, bool(largest), bool(sorted))


@op("_select_along")
def _select_along(input_: Tensor, dim: int, name: str, k: int):
    at = check_dim(name, dim, input_.array.ndim)
    if input_.array.ndim and not input_.array.shape[at]:
        raise IndexError(f"{name}(): Expected reduction dim {at} to have non-zero size.")
    rows, at, shape = _rows(name, input_, dim)
    n = shape[-1]
    values, index = empty((*shape[:-1], 1), rows.dtype), empty((*shape[:-1], 1), INT64)
    if values.size:
        SELECT[rows.dtype](flat(rows), flat(values), flat(index), rows.size // n, n, kernels.codes[name], k)
    return _back(getattr(return_types, name), values, index, at, input_, keep=False)


_select_along.vjp(input_=_to_places)


def _selected(name: str, input_: Tensor, dim: int, keepdim: bool, k: int = 1) -> return_types.Result:
    found = _select_along(input_, dim, name, k)
    if keepdim and input_.array.ndim:
        return type(found)(found.values.unsqueeze(dim), found.indices.unsqueeze(dim))
    return found


@op("kthvalue", composite=True, out="apart")
@doc(out="tuple of Tensor, optional: Where the results are written.")
def kthvalue(input_: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out=None):
    """The `k`-th least element along a dimension, counted from 1, and where it stands: a named tuple.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    k : int
        Which, counted from 1.

    Returns
    -------
    named tuple of Tensor
        `values`, and the `indices` where they stand (int64).

    Examples
    --------
    >>> lucid.kthvalue(lucid.tensor([3, 1, 2]), 2).values
    Tensor(2)
    """
    n = tensor_argument("kthvalue", input_).array.shape[check_dim("kthvalue", dim, input_.array.ndim)] if (
        input_.array.ndim
    ) else 1
    if n and not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: k is {k}, size is {n}")
    return _selected("kthvalue", input_, dim, keepdim, int(k))


def _median(name: str, input_: Tensor, dim, keepdim: bool):
    if dim is None and not tensor_argument(name, input_).numel():
        return _middle(name, input_)
    if tensor_argument(name, input_).dtype is dtypes.bool_:
        check_dim(name, dim or 0, input_.array.ndim)
        raise NotImplementedError(f"{name}(): \"median_cpu\" not implemented for 'Bool'")
    if dim is not None:
        return _selected(name, input_, dim, keepdim)
    return _middle(name, input_)


@op("_middle")
def _middle(name: str, input_: Tensor) -> Tensor:
    array = contiguous(input_.array)
    if not array.size:
        return (Supplied.zeros((), dtypes.float32) + float("nan")).to(input_.dtype)
    if array.dtype not in FLOATING:
        return _selected(name, input_.reshape((-1,)), 0, False).values
    value = empty((), array.dtype)
    SELECT[array.dtype](flat(array), flat(value), flat(empty((), INT64)), 1, array.size, kernels.codes[name], 1)
    return wrap(value)


_middle.vjp(input_=share_of_all)


@op("median", composite=True)
@doc(out="Tensor or tuple of Tensor, optional: Where the result is written, or each of them.")
def median(input_: Tensor, dim: int | None = None, keepdim: bool = False, *, out=None):
    """The median, the lower of two; NaN if there is one. With `dim`, a named tuple with its position.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor or named tuple of Tensor
        The median; with `dim`, the `values` and the `indices` where they stand (int64).

    Examples
    --------
    >>> lucid.median(lucid.tensor([3, 1, 2]))
    Tensor(2)
    """
    return _median("median", input_, dim, keepdim)


@op("nanmedian", composite=True)
@like(median)
def nanmedian(input_: Tensor, dim: int | None = None, keepdim: bool = False, *, out=None):
    """The median of what is not NaN, the lower of two. With `dim`, a named tuple with its position.

    Examples
    --------
    >>> lucid.nanmedian(lucid.tensor([3.0, 1.0, float("nan")]))
    Tensor(1.0)
    """
    return _median("nanmedian", input_, dim, keepdim)


@op("mode", composite=True)
@doc(out="tuple of Tensor, optional: Where the results are written.")
def mode(input_: Tensor, dim: int = -1, keepdim: bool = False, *, out=None):
    """The most frequent element along a dimension, the least of several, and where it last stands: a named tuple.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    named tuple of Tensor
        `values`, and the `indices` where they stand (int64).

    Examples
    --------
    >>> lucid.mode(lucid.tensor([1, 2, 2])).values
    Tensor(2)
    """
    return _selected("mode", input_, dim, keepdim)


# ------------------------------------------------------------------------------------------------ sorted values


def _comparable(array):
    """An array in a dtype in which kernels compare: half precision as float32, bool as uint8, see `_signed`."""
    if array.dtype.kind == "b":
        return array.view(np.uint8)
    array = _signed(array)
    return array if array.dtype in C_NAMES else array.astype(np.float32)


@op("searchsorted", gradient=False, out="same read")
@doc()
def searchsorted(
    sorted_sequence: Tensor,
    input_,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter=None,
    out=None,
) -> Tensor:
    """Where values belong in rows of ascending numbers.

    Parameters
    ----------
    sorted_sequence : Tensor
        Ascending along the last dimension; 1-d, or of the values' shape but for the last dimension.
    input_ : Tensor or number
        The values.
    out_int32 : bool, optional
        Give int32 instead of int64.
    right : bool, optional
        Behind equal numbers, rather than before them.
    side : {"left", "right"}, optional
        The same in NumPy's words.
    sorter : Tensor, optional
        int64, of the shape of the sequence: what sorts it, where it is not sorted itself.

    Returns
    -------
    Tensor
        Of the values' shape: before which number of its row each belongs.

    Examples
    --------
    >>> lucid.searchsorted(lucid.tensor([1.0, 3.0, 5.0]), lucid.tensor([2.0, 5.0]))
    Tensor([1, 2])
    """
    edges = tensor_argument("searchsorted", sorted_sequence, 1, "sorted_sequence").array
    name = "torch.searchsorted()"
    if not isinstance(input_, Tensor):
        if edges.ndim != 1:
            raise RuntimeError(
                f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
                f"tensor dim({edges.ndim}) and input value's dim(0) numel(1)"
            )
        input_ = wrap(to_array(input_, None))
    values = input_.array
    if side not in (None, "left", "right"):
        raise RuntimeError(f"{name}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(f"{name}: side and right can't be set to opposites, got side of left while right was True")
    if not edges.ndim:
        raise RuntimeError(f"{name}: boundaries tensor should have positive dimension, but got 0 dimension")
    if edges.ndim != 1 and edges.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(edges.shape)} and input value tensor "
            f"{list(values.shape)}"
        )
    common = dtypes.promote_types(sorted_sequence.dtype, input_.dtype).numpy
    if common.kind in "bc":
        raise NotImplementedError(f"\"searchsorted_out_cpu\" not implemented for '{torch_name(sorted_sequence.dtype)}'")
    order = None
    if sorter is not None:
        order = tensor_argument("searchsorted", sorter, 6, "sorter").array
        if order.shape != edges.shape:
            raise RuntimeError(
                f"{name}: boundary and sorter must have the same size, but got boundary tensor {list(edges.shape)}and "
                f"got sorter tensor {list(order.shape)}"
            )
        if sorter.dtype is not dtypes.int64:
            raise RuntimeError(f"{name}: sorter must be a tensor of long dtype but got dtype {torch_name(sorter.dtype)}")
        if order.size and index.check_index(flat(contiguous(native(order))), edges.shape[-1]) >= 0:
            raise RuntimeError(f"{name}: sorter index out of range")
    found = core.empty(values.shape, INT64)
    if found.size and edges.size:
        n, edge_rows = edges.shape[-1], edges.size // edges.shape[-1]
        rows = edge_rows if edges.ndim > 1 else 1
        edges, values = (contiguous(native(_comparable(cast(one, common)))) for one in (edges, values))
        SEARCH[edges.dtype](
            flat(edges), flat(values), flat(found), edge_rows, n, rows, values.size // rows, bool(right or side == "right"),
            None if order is None else flat(contiguous(native(order))),
        )  # fmt: skip
    elif found.size:
        found.fill(0)
    return wrap(cast(found, dtypes.int32.numpy) if out_int32 else found)


@op("bucketize", gradient=False, out="same read")
@doc()
def bucketize(input_, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out=None) -> Tensor:
    """Between which of ascending 1-d `boundaries` each value lies: the number of boundaries below it.

    Parameters
    ----------
    input_ : Tensor or number
        The values.
    boundaries : Tensor
        1-d, ascending.
    out_int32 : bool, optional
        Give int32 instead of int64.
    right : bool, optional
        Whether a value that equals a boundary lies above it.

    Returns
    -------
    Tensor
        Of the input's shape, int64 or int32.

    Examples
    --------
    >>> lucid.bucketize(lucid.tensor([2.0, 5.0]), lucid.tensor([1.0, 3.0, 5.0]))
    Tensor([1, 2])
    """
    edges = tensor_argument("bucketize", boundaries, 2, "boundaries").array
    if edges.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({edges.ndim})")
    return searchsorted(boundaries, input_, out_int32=out_int32, right=right)


def _runs(array, order=None, alone: bool = False):
    """The runs of equal elements of a 1-d array, how long they are, and of which run each element is; or the first `alone`."""
    n = array.size
    values = core.empty((n,), array.dtype)
    counts, inverse = (None, None) if alone and n else (core.empty((n,), INT64), core.empty((n,), INT64))
    found = 0
    if alone and n:
        found = RUNS[array.dtype](flat(array), flat(values))
    elif n:
        found = RUNS[array.dtype](
            flat(array), flat(values), flat(counts), flat(inverse), None if order is None else flat(order)
        )
    return values if found == n else values[:found].copy(), None if counts is None else counts[:found].copy(), inverse


def _rows_equal(rows):
    """For rows of a 2-d array, whether each differs from the one before it."""
    return np.ones(len(rows), bool) if len(rows) < 2 else np.r_[True, (rows[1:] != rows[:-1]).any(1)]


def _counted(row, inverse: bool):
    """What `_unique_values` does, by counting: for integers that lie closely. None for others."""
    low, high = int(row.min()), int(row.max())
    if high - low > 2 * row.size + 1024:
        return None
    at = cast(row, INT64)
    at = at - low if low else at
    table = core.empty((high - low + 1,), INT64)
    index.bincount(flat(at), flat(table))
    present = np.flatnonzero(table)
    if inverse:
        at = picked(np.cumsum(table != 0) - 1, 0, at, False)
    return (present + low).astype(row.dtype), table[present], at


def _unique_values(array, sort: bool, inverse: bool = True, counts: bool = True):
    """Unique elements (or runs of them) of a flattened array, with inverse and counts as far as they are asked for."""
    row, dtype = contiguous(array).reshape(-1), array.dtype
    row = contiguous(native(_comparable(row)))
    order = found = None
    if sort and row.size and row.dtype.kind in "iu" and (row.size >= 1024 or not inverse):
        found = _counted(row, inverse)
    if sort and row.size and found is None:
        values, order = core.empty(row.shape, row.dtype), core.empty(row.shape, INT64)
        SORT[row.dtype](flat(row), flat(values), flat(order), 1, row.size)
        row = values
    values, counts, inverse = found or _runs(row, order, not (inverse or counts))
    return _unsigned(values, dtype).astype(dtype, copy=False), inverse, counts


def _unique_slices(x: Tensor, dim: int, sort: bool):
    """Unique slices (or runs of them) along a dimension, with inverse and counts."""
    array = x.array
    dim = check_dim("unique", dim, array.ndim)
    n = array.shape[dim] if array.ndim else 1
    if array.size == 0:
        if n and sort:
            raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
        if not n:
            return copied(array), np.zeros(0, np.int64), np.zeros(0, np.int64)
    slices = np.moveaxis(np.atleast_1d(array), dim, 0)
    rows = slices.reshape(n, -1)
    order = np.lexsort(rows.T[::-1]) if sort else np.arange(n)
    new = _rows_equal(rows[order])
    first = np.flatnonzero(new)
    inverse = np.empty(n, np.int64)
    inverse[order] = np.cumsum(new) - 1
    counts = np.diff(np.r_[first, n]).astype(np.int64)
    found = picked(slices, 0, order[first].astype(np.int64), False)  # in PyTorch too they lie beside each other
    return np.moveaxis(found, 0, dim), inverse, counts


def _flags(name: str, **flags) -> None:
    for argument, value in flags.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name}(): argument '{argument}' must be bool, not {type(value).__name__}")


def _ordered(x) -> np.ndarray:
    """The array of a tensor whose elements have an order. NotImplementedError for complex numbers."""
    array = tensor_argument("unique", x).array
    if x.dtype.is_complex:
        raise NotImplementedError(f"\"unique\" not implemented for '{torch_name(x.dtype)}'")
    return array


def _asked(found, shape, return_inverse: bool, return_counts: bool):
    values, inverse, counts = found
    result = (wrap(values),)
    if return_inverse:
        result += (wrap(inverse.reshape(shape)),)
    if return_counts:
        result += (wrap(counts),)
    return result if len(result) > 1 else result[0]


@op("unique", gradient=NotImplementedError)
def unique(
    input_: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
):
    """The different elements of a tensor, or its different slices along a dimension, in ascending order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    sorted : bool, optional
        Accepted; the result is always sorted.
    return_inverse : bool, optional
        Also give, for each element, which one it is.
    return_counts : bool, optional
        Also give how often each occurs.
    dim : int, optional
        Compare the slices along it.

    Returns
    -------
    Tensor or tuple of Tensor
        The elements, and what else was asked for (int64).

    Examples
    --------
    >>> lucid.unique(lucid.tensor([3, 1, 3]))
    Tensor([1, 3])
    """
    array = _ordered(input_)
    _flags("_unique2", sorted=sorted, return_inverse=return_inverse, return_counts=return_counts)
    if dim is not None:
        return _asked(_unique_slices(input_, dim, True), (-1,), return_inverse, return_counts)
    return _asked(_unique_values(array, True, return_inverse, return_counts), array.shape, return_inverse, return_counts)


@op("unique_consecutive", gradient=NotImplementedError)
@doc()
def unique_consecutive(
    input_: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
):
    """The first of each run of equal elements (or slices along `dim`); the parameters are those of `unique`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    return_inverse : bool, optional
        Give also where each element went.
    return_counts : bool, optional
        Give also how often each occurs.

    Returns
    -------
    Tensor or tuple of Tensor
        The elements, and what else was asked for (int64).

    Examples
    --------
    >>> lucid.unique_consecutive(lucid.tensor([1, 1, 2, 1]))
    Tensor([1, 2, 1])
    """
    array = _ordered(input_)
    _flags("unique_consecutive", return_inverse=return_inverse, return_counts=return_counts)
    if dim is not None:
        return _asked(_unique_slices(input_, dim, False), (-1,), return_inverse, return_counts)
    return _asked(_unique_values(array, False, return_inverse, return_counts), array.shape, return_inverse, return_counts)
