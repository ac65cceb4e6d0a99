"""Masks: what is written or read where a tensor of bools is true, and where it is true (nonzero).

The counterpart of `torch.masked`, whose reductions leave masked elements out, is the file masked.py.
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import flat, wrap
from lucid.autograd.op import op
from lucid.autograd.writes import check_out, write_out
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import (
    INT64,
    broadcast_shapes,
    contiguous,
    copied,
    dense_steps,
    is_half,
    native,
    shape_argument,
    spread,
    tensor_argument,
)
from lucid.ops._indices import moved
from lucid.ops._pointwise import WHERE
from lucid.ops.comparison import logical_not
from lucid.ops.indexing import _index_put, _pick, nonzero_rows
from lucid.ops.pieces import index_basic
from lucid.ops.storage import fill_array
from lucid.ops.view import broadcast_to, reshape
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ by mask


def mask_argument(name: str, mask, said: str = "masked_fill_ only supports boolean masks, but got mask with dtype {}"):
    """The array of a boolean mask."""
    tensor_argument(name, mask, 2, "mask")
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(said.format(torch_name(mask.dtype)))
    return mask.array


@op("masked_fill", out="cast share")
def masked_fill(input_: Tensor, mask: Tensor, value) -> Tensor:
    """A copy with one value where a mask is true.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    mask : Tensor
        bool; broadcast against the input.
    value : number or 0-d Tensor
        Converted to the input's dtype.

    Returns
    -------
    Tensor
        Of the shape that input and mask broadcast to.

    Examples
    --------
    >>> lucid.masked_fill(lucid.tensor([1.0, 2.0]), lucid.tensor([True, False]), 0.0)
    Tensor([0.0, 2.0])
    """
    array, where = tensor_argument("masked_fill", input_).array, mask_argument("masked_fill", mask)
    if isinstance(value, Tensor) and value.array.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.array.ndim} "
            "dimension(s)."
        )
    found = None if is_half(input_.dtype) else core.where(WHERE, mask, value, input_)
    if found is not None:
        return found if found.array.flags.c_contiguous else wrap(copied(found.array))  # as PyTorch lays it
    held = core.empty((), array.dtype)
    fill_array(held, value.item() if isinstance(value, Tensor) else value)
    shape = broadcast_shapes(array.shape, where.shape)
    out = copied(spread(array, shape))
    if out.size:
        where = contiguous(native(spread(where, shape)))
        moved(kernels.masked_fill, out)(flat(out, True), flat(where), flat(held, True))
    return wrap(out)


masked_fill.vjp(
    input_=lambda g, mask: masked_fill(g, mask, 0),
    value=lambda g, mask: masked_fill(g, logical_not(mask), 0),
)


@op("masked_select", composite=True, out="apart")
@doc()
def masked_select(input_: Tensor, mask: Tensor, *, out=None) -> Tensor:
    """The elements where a mask is true, in one dimension; input and mask are broadcast against each other.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    mask : Tensor
        bool; broadcast against the input.

    Returns
    -------
    Tensor
        A copy: 1-d, as long as there are true elements, of the input's dtype.

    Examples
    --------
    >>> lucid.masked_select(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([[True, False], [False, True]]))
    Tensor([1.0, 4.0])
    """
    tensor_argument("masked_select", input_)
    where = mask_argument("masked_select", mask, "masked_select: expected BoolTensor for mask")
    shape = broadcast_shapes(input_.array.shape, where.shape)
    mask = mask if where.shape == shape else broadcast_to(mask, shape)
    return _pick(input_ if input_.array.shape == shape else broadcast_to(input_, shape), mask)


@op("masked_scatter", composite=True, out="cast overlap")
def masked_scatter(input_: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy with the source's elements, one after the other, where a mask is true.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    mask : Tensor
        bool; broadcast against the input.
    source : Tensor
        Of the input's dtype, with at least as many elements as the mask is true.

    Returns
    -------
    Tensor
        Of the shape that input and mask broadcast to.

    Examples
    --------
    >>> lucid.masked_scatter(lucid.zeros(3), lucid.tensor([True, False, True]), lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 0.0, 2.0])
    """
    tensor_argument("masked_scatter", input_), tensor_argument("masked_scatter", source, 3, "source")
    where = mask_argument(
        "masked_scatter", mask, "masked_scatter_ only supports boolean masks, but got mask with dtype {}"
    )
    if input_.dtype is not source.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {torch_name(input_.dtype)} and "
            f"{torch_name(source.dtype)}"
        )
    shape = broadcast_shapes(input_.array.shape, where.shape)
    if not core.recording((input_, source)):
        out = copied(spread(input_.array, shape))
        rows = [contiguous(native(one)) for one in (spread(where, shape), source.array)]
        try:
            if out.size:
                moved(kernels.masked_scatter, out)(flat(out, True), flat(rows[0]), flat(rows[1], True))
        except ValueError:
            raise RuntimeError("Number of elements of source < number of ones in mask") from None
        return wrap(out)
    found = tuple(nonzero_rows(spread(where, shape).reshape(shape or (1,))))
    if len(found[0]) > source.array.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    values = index_basic(reshape(source, (-1,)), slice(0, len(found[0])))
    result = _index_put(reshape(broadcast_to(input_, shape), shape or (1,)), found, values, False)
    return result if shape else reshape(result, ())


# ------------------------------------------------------------------------------------------------ where


@op("nonzero", gradient=False, own=("out",), out="same")
@doc()
def nonzero(input_: Tensor, *, out=None, as_tuple: bool = False):
    """The indices of the elements that are not zero.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    as_tuple : bool, optional
        Give a 1-d tensor for each dimension instead, as an index is.

    Returns
    -------
    Tensor or tuple of Tensor
        int64; a row for each such element.

    Examples
    --------
    >>> lucid.nonzero(lucid.tensor([0, 5, 0, 7]))
    Tensor([[1],
            [3]])
    """
    array = tensor_argument("nonzero", input_).array
    if as_tuple:
        if out is not None:
            raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
        return tuple(wrap(one) for one in nonzero_rows(array if array.ndim else array.reshape(1)))
    if not array.ndim:
        result = wrap(core.empty((int(bool(array)), 0), INT64))
    else:  # laid out by dimension, as PyTorch's is
        result = wrap(nonzero_rows(array).T)
    if out is None:
        return result
    check_out("nonzero", out, (input_,), (True, True))
    write_out("nonzero", out, result, "same")
    return out


@op("argwhere", gradient=False)
def argwhere(input_: Tensor) -> Tensor:
    """The indices of the elements that are not zero, a row for each.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        Of shape (number of them, dimensions), int64.

    Examples
    --------
    >>> lucid.argwhere(lucid.tensor([0, 5, 0, 7]))
    Tensor([[1],
            [3]])
    """
    return nonzero(input_)


@op("nonzero_static", gradient=False, out="same apart")
@doc()
def nonzero_static(input_: Tensor, *, size: int, fill_value: int = -1, out=None) -> Tensor:
    """The first `size` rows of `nonzero`, filled up with `fill_value`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : int
        How many rows.
    fill_value : int, optional
        What the rows behind those are filled with. Default: -1.

    Returns
    -------
    Tensor
        Of shape (size, dimensions), int64.

    Examples
    --------
    >>> lucid.nonzero_static(lucid.tensor([0, 5]), size=2)
    Tensor([[1],
            [-1]])
    """
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = nonzero(input_).array
    rows = core.empty((size, found.shape[1]), INT64)
    rows.fill(fill_value)
    n = min(size, len(found))
    rows[:n] = found[:n]
    return wrap(rows)


@op("unravel_index", gradient=False)
def unravel_index(indices: Tensor, shape) -> tuple:
    """Flat indices as a tuple of indices, one tensor for each dimension of `shape`.

    Parameters
    ----------
    indices : Tensor
        Integers of any shape: places in the flattened tensor.
    shape : int or sequence of int
        That of the tensor.

    Returns
    -------
    tuple of Tensor
        Each of the shape of `indices`, int64.

    Examples
    --------
    >>> lucid.unravel_index(lucid.tensor([5]), (2, 3))
    (Tensor([1]), Tensor([2]))
    """
    tensor_argument("unravel_index", indices, 1, "indices")
    if indices.dtype.kind != 1:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    shape = (shape,) if isinstance(shape, int) else shape_argument("unravel_index", ([+one for one in shape],))
    if any(n < 0 for n in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    found = []
    for step, size in zip(dense_steps(shape), shape):
        one = indices.array // step % size if size else indices.array * 0
        found.append(wrap(np.asarray(one, np.int64)))
    return tuple(found)
