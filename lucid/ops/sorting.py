"""Sorting and selection along a dimension. NaN is greater than any number; equal values keep their order.

The kernels see rows; a dimension that is not the last is moved there and back. What is found is found by position, so that
every gradient is the same: each value's gradient goes where the value came from (`_to_places`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import sort as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import Supplied, op, torch_name
from lucid.ops._doc import like
from lucid.ops._frame import C_NAMES, FLOAT32, INT64, cast, contiguous, tensor_argument
from lucid.tensor import Tensor, check_dim


def _table(name: str) -> dict:
    function = getattr(kernels, name)
    return {dtype: function[c] for dtype, c in C_NAMES.items() if c in function.__signatures__}


SORT, TOPK, SELECT = map(_table, ("sort", "topk", "select"))


class Found(NamedTuple):
    """Values along a dimension, and where they stand in it."""

    values: Tensor
    indices: Tensor


def _rows(name: str, input_: Tensor, dim: int):
    """The input as contiguous rows along a dimension, that dimension, and the shape with it last."""
    dtype = tensor_argument(name, input_).dtype
    if dtype.is_complex:
        raise RuntimeError(f'"{name}" not implemented for \'{torch_name(dtype)}\'')
    array = input_.array
    at = check_dim(name, dim, array.ndim)
    array = cast(array, FLOAT32) if dtype.is_floating_point and dtype.itemsize == 2 else array
    if not array.ndim:
        array = array.reshape(1)
    moved = np.moveaxis(array, at, -1)
    return contiguous(moved), at, moved.shape


def _back(values: np.ndarray, index: np.ndarray, at: int, input_: Tensor, keep: bool = True) -> Found:
    """Results with the dimension last, in the input's order of dimensions and dtype."""
    if not input_.array.ndim:
        values, index = values.reshape(()), index.reshape(())
    elif keep:
        values, index = contiguous(np.moveaxis(values, -1, at)), contiguous(np.moveaxis(index, -1, at))
    return Found(wrap(cast(values, input_.array.dtype)), wrap(index))


def _to_places(g, input_, dim, out):
    """The gradient of the values, put where they came from."""
    from lucid.ops.indexing import scatter_add

    if not input_.array.ndim:
        return g[0]
    index, own = out[1], g[0]
    if index.array.ndim < input_.array.ndim:
        index, own = index.unsqueeze(dim), own.unsqueeze(dim)
    return scatter_add(Supplied.zeros(input_.array.shape, input_.dtype), dim, index, own)


@op("_sort")
def _sort(input_: Tensor, dim: int, descending: bool):
    rows, at, shape = _rows("sort", input_, dim)
    values, index = empty(shape, rows.dtype), empty(shape, INT64)
    if rows.size:
        n = shape[-1]
        SORT[rows.dtype](flat(rows), flat(values), flat(index), rows.size // n, n, descending)
    return _back(values, index, at, input_)


_sort.vjp(input_=_to_places)


@op("sort", composite=True)
def sort(input_: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, out=None):
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
    Found
        A named tuple of values, and of their positions (int64). Gradients go where values came from.

    Examples
    --------
    >>> lucid.sort(lucid.tensor([3, 1, 2])).indices
    Tensor([1, 2, 0])
    """
    return _sort(input_, dim, bool(descending))


@op("argsort", composite=True, out="same")
def argsort(input_: Tensor, dim: int = -1, descending: bool = False, stable: bool = False, *, out=None) -> Tensor:
    """The positions that sort along a dimension, int64. Parameters as for `sort`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int, optional
        The dimension; negative numbers count from the last.
    descending : bool, optional
        The greatest first.
    stable : bool, optional
        Equal values keep their order; they always do.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the shape of the input.

    Examples
    --------
    >>> lucid.argsort(lucid.tensor([3, 1, 2]))
    Tensor([1, 2, 0])
    """
    return _sort(input_.detach(), dim, bool(descending)).indices


@op("msort", composite=True, out="same")
def msort(input_: Tensor, *, out=None) -> Tensor:
    """The values sorted along the first dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    out : Tensor, optional
        Where the result is written.

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
    return _back(values, index, at, input_)


_topk.vjp(input_=_to_places)


@op("topk", composite=True)
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
    Found
        A named tuple of values, and of their positions (int64).

    Examples
    --------
    >>> lucid.topk(lucid.tensor([3, 1, 2]), 2).values
    Tensor([3, 2])
    """
    return _topk(input_, dim, int(k), bool(largest), bool(sorted))


@op("_select_along")
def _select_along(input_: Tensor, dim: int, name: str, k: int):
    rows, at, shape = _rows(name, input_, dim)
    n = shape[-1]
    if not n:
        raise IndexError(f"{name}(): Expected reduction dim {at} to have non-zero size.")
    values, index = empty(shape[:-1], rows.dtype), empty(shape[:-1], INT64)
    if values.size:
        SELECT[rows.dtype](flat(rows), flat(values), flat(index), rows.size // n, n, kernels.codes[name], k)
    return _back(values, index, at, input_, keep=False)


_select_along.vjp(input_=_to_places)


def _selected(name: str, input_: Tensor, dim: int, keepdim: bool, k: int = 1) -> Found:
    found = _select_along(input_, dim, name, k)
    if keepdim and input_.array.ndim:
        return Found(found.values.unsqueeze(dim), found.indices.unsqueeze(dim))
    return found


@op("kthvalue", composite=True, out="apart")
def kthvalue(input_: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out=None):
    """The `k`-th least element along a dimension, counted from 1, and where it stands: a named tuple.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    k : int
        Which, counted from 1.
    dim : int, optional
        The dimension; negative numbers count from the last.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        The values, and where they stand (int64).

    Examples
    --------
    >>> lucid.kthvalue(lucid.tensor([3, 1, 2]), 2).values
    Tensor(2)
    """
    n = tensor_argument("kthvalue", input_).array.shape[check_dim("kthvalue", dim, input_.array.ndim)] if (
        input_.array.ndim
    ) else 1
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: k is {k}, size is {n}")
    return _selected("kthvalue", input_, dim, keepdim, int(k))


def _median(name: str, input_: Tensor, dim, keepdim: bool):
    if tensor_argument(name, input_).dtype is dtypes.bool_:
        raise NotImplementedError(f"{name}(): \"median_cpu\" not implemented for 'Bool'")
    if dim is not None:
        return _selected(name, input_, dim, keepdim)
    if not input_.array.size:
        return Supplied.zeros((), input_.dtype) + (float("nan") if input_.dtype.kind > 1 else 0)
    return _selected(name, input_.reshape((-1,)), 0, False).values


@op("median", composite=True)
def median(input_: Tensor, dim=None, keepdim: bool = False, *, out=None):
    """The median, the lower of two; NaN if there is one. With `dim`, a named tuple with its position.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int, optional
        The dimension; negative numbers count from the last.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        With `dim`, a named tuple of values and positions.

    Examples
    --------
    >>> lucid.median(lucid.tensor([3, 1, 2]))
    Tensor(2)
    """
    return _median("median", input_, dim, keepdim)


@op("nanmedian", composite=True)
@like(median)
def nanmedian(input_: Tensor, dim=None, keepdim: bool = False, *, out=None):
    """The median of what is not NaN, the lower of two. With `dim`, a named tuple with its position.

    Examples
    --------
    >>> lucid.nanmedian(lucid.tensor([3.0, 1.0, float("nan")]))
    Tensor(1.0)
    """
    return _median("nanmedian", input_, dim, keepdim)


@op("mode", composite=True)
def mode(input_: Tensor, dim: int = -1, keepdim: bool = False, *, out=None):
    """The most frequent element along a dimension, the least of several, and where it last stands: a named tuple.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int, optional
        The dimension; negative numbers count from the last.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        The values, and where they stand (int64).

    Examples
    --------
    >>> lucid.mode(lucid.tensor([1, 2, 2])).values
    Tensor(2)
    """
    return _selected("mode", input_, dim, keepdim)


