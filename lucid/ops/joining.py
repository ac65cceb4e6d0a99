"""Tensors joined into one: along a dimension they have, a new one, or as the blocks of a diagonal.

Each input is written into its part of a new array; the rule reads the parts again.
"""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.ops._doc import doc, like
from lucid.ops._frame import cast, formatted_empty
from lucid.ops.pieces import index_basic
from lucid.ops.view import atleast_1d, atleast_2d, atleast_3d, reshape
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ joining


def tensor_list(name: str, tensors) -> list:
    """A sequence of tensors. TypeError for anything else."""
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for i, one in enumerate(tensors):
        if not isinstance(one, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(one).__name__}")
    return tensors


def put(out, index, array) -> None:
    """Write an array of any dtype, broadcast to its shape, to `out[index]`, which lies apart from it."""
    core.move_piece(cast(array, out.dtype), (), out, index)


@op("cat", aliases=("concat", "concatenate"), out="apart cast TypeError")
@doc()
def cat(tensors, dim: int = 0, *, out=None) -> Tensor:
    """Tensors one after the other along a dimension that they have.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of one shape but for dimension `dim`; their dtypes are promoted. Empty 1-d tensors are left out.
    dim : int, optional
        Along which dimension.

    Returns
    -------
    Tensor
        A copy of the promoted dtype, of the sum of the sizes along `dim`.

    Raises
    ------
    RuntimeError
        If the shapes do not fit.

    Examples
    --------
    >>> lucid.cat([lucid.tensor([1, 2]), lucid.tensor([3])])
    Tensor([1, 2, 3])
    """
    found = core.joined(tensors, dim, False) if type(dim) is int else None
    if found is not None:
        return found
    tensors = tensor_list("cat", tensors)
    if not tensors:
        raise ValueError("cat(): expected a non-empty list of Tensors")
    for i, one in enumerate(tensors):
        if not one.array.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    joined = [(i, one.array) for i, one in enumerate(tensors) if one.array.shape != (0,)]
    dtype = dtypes.result_dtype(tensors).numpy
    if not joined:
        return wrap(core.empty((0,), dtype))
    shape = list(joined[0][1].shape)
    dim = check_dim("cat", dim, len(shape))
    shape[dim] = 0
    for i, array in joined:
        if array.ndim != len(shape):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(shape)} and {array.ndim}")
        for k, (size, own) in enumerate(zip(shape, array.shape)):
            if k != dim and size != own:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {size} but got size {own} "
                    f"for tensor number {i} in the list."
                )
        shape[dim] += array.shape[dim]
    last = all(core.channels_last(one.array) for one in tensors)
    out, start, lead = formatted_empty(tuple(shape), dtype, last), 0, (slice(None),) * dim
    for _, array in joined:
        stop = start + array.shape[dim]
        put(out, (*lead, slice(start, stop)), array)
        start = stop
    return wrap(out)


def _cat_backward(g, tensors_shape, dim):
    dim, lead, start, found = dim % g.array.ndim, None, 0, []
    lead = (slice(None),) * dim
    for shape in tensors_shape:
        if shape == (0,):
            found.append(Supplied.zeros(shape, g.dtype))
        else:
            found.append(index_basic(g, (*lead, slice(start, start + shape[dim]))))
            start += shape[dim]
    return found


cat.vjp(tensors=_cat_backward)


@op("stack", out="cast TypeError")
@doc()
def stack(tensors, dim: int = 0, *, out=None) -> Tensor:
    """Tensors of one shape along a new dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of one shape; their dtypes are promoted.
    dim : int, optional
        Where the new dimension is put in.

    Returns
    -------
    Tensor
        A copy of the promoted dtype, of one dimension more: their number, at `dim`.

    Examples
    --------
    >>> lucid.stack([lucid.tensor([1, 2]), lucid.tensor([3, 4])])
    Tensor([[1, 2],
            [3, 4]])
    """
    found = core.joined(tensors, dim, True) if type(dim) is int else None
    if found is not None:
        return found
    tensors = tensor_list("stack", tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = tensors[0].array.shape
    dim = check_dim("stack", dim, len(shape) + 1)
    for i, one in enumerate(tensors):
        if one.array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(one.array.shape)} at entry {i}"
            )
    dtype = dtypes.result_dtype(tensors).numpy
    last = dim < len(shape) and all(core.channels_last(one.array) for one in tensors)  # as `cat` along it lays them, then
    whole = (*shape[:dim], len(tensors) * shape[dim], *shape[dim + 1 :]) if last else ()
    out = formatted_empty(whole, dtype, True) if last else core.empty((*shape[:dim], len(tensors), *shape[dim:]), dtype)
    out = out.reshape(*shape[:dim], len(tensors), *shape[dim:])
    if dim == len(shape) and len(tensors) == 2 and core.zipped(tensors[0].array, tensors[1].array, out):
        return wrap(out)
    lead = (slice(None),) * dim
    for i, one in enumerate(tensors):
        put(out, (*lead, i, ...), one.array)
    return wrap(out)


def _stack_backward(g, tensors_shape, dim):
    lead = (slice(None),) * (dim % g.array.ndim)
    return [index_basic(g, (*lead, i)) for i in range(len(tensors_shape))]


stack.vjp(tensors=_stack_backward)
Supplied.stack = stack


def _joined(name: str, tensors, grow, dim):
    tensors = tensor_list(name, tensors)
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    tensors = [grow(one) for one in tensors]
    return cat(tensors, dim if dim is not None else 0 if tensors[0].array.ndim == 1 else 1)


@op("hstack", composite=True, out="cast TypeError")
@doc()
def hstack(tensors, *, out=None) -> Tensor:
    """Tensors side by side: along the second dimension, 1-d tensors along the first.

    Parameters
    ----------
    tensors : sequence of Tensor
        What is joined: of the same shape but along one dimension.

    Returns
    -------
    Tensor
        A copy of the promoted dtype.

    Examples
    --------
    >>> lucid.hstack([lucid.tensor([1, 2]), lucid.tensor([3])])
    Tensor([1, 2, 3])
    """
    return _joined("hstack", tensors, atleast_1d, None)


@op("vstack", composite=True, aliases=("row_stack",), out="cast TypeError")
@like(hstack)
def vstack(tensors, *, out=None) -> Tensor:
    """Tensors below each other: along the first dimension, 1-d tensors as rows.

    Examples
    --------
    >>> lucid.vstack([lucid.tensor([1, 2]), lucid.tensor([3, 4])])
    Tensor([[1, 2],
            [3, 4]])
    """
    return _joined("vstack", tensors, atleast_2d, 0)


@op("dstack", composite=True, out="cast TypeError")
@like(hstack)
def dstack(tensors, *, out=None) -> Tensor:
    """Tensors behind each other: along the third dimension.

    Examples
    --------
    >>> lucid.dstack([lucid.tensor([1, 2]), lucid.tensor([3, 4])])
    Tensor([[[1, 3],
             [2, 4]]])
    """
    return _joined("dstack", tensors, atleast_3d, 2)


@op("column_stack", composite=True, out="cast TypeError")
@like(hstack)
def column_stack(tensors, *, out=None) -> Tensor:
    """Tensors side by side, where 1-d tensors are columns.

    Examples
    --------
    >>> lucid.column_stack([lucid.tensor([1, 2]), lucid.tensor([3, 4])])
    Tensor([[1, 3],
            [2, 4]])
    """
    return _joined(
        "column_stack", tensors, lambda x: x if x.array.ndim > 1 else reshape(x, (x.array.size, 1)), 1
    )


@op("block_diag", composite=True)
def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along the diagonal of one that is zero elsewhere; 1-d tensors are rows, 0-d ones 1 by 1.

    Parameters
    ----------
    *tensors : sequence of Tensor
        Of at most two dimensions.

    Returns
    -------
    Tensor
        A matrix of the promoted dtype, of the sums of the rows and of the columns.

    Examples
    --------
    >>> lucid.block_diag(lucid.tensor([[1, 2]]), lucid.tensor([[3]]))
    Tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    tensors = list(tensors)
    tensor_list("block_diag", tensors)
    for i, one in enumerate(tensors):
        if one.array.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {one.array.ndim} "
                "dimensions"
            )
    if not tensors:
        return Supplied.zeros((1, 0), dtypes.get_default_dtype())
    return _block_diag([one if one.array.ndim == 2 else atleast_2d(one) for one in tensors], dtypes.result_dtype(tensors))


@op("Tensor._block_diag")
def _block_diag(tensors, dtype) -> Tensor:
    """Matrices along the diagonal of a matrix of zeros."""
    shapes = [one.array.shape for one in tensors]
    shape = tuple(map(sum, zip(*shapes)))
    out = core.empty(shape, dtype.numpy)
    core.fill(out, 0)
    for one, index in zip(tensors, _blocks(shapes)):
        put(out, index, one.array)
    return wrap(out)


def _blocks(shapes):
    row = column = 0
    for rows, columns in shapes:
        yield slice(row, row + rows), slice(column, column + columns)
        row, column = row + rows, column + columns


_block_diag.vjp(tensors=lambda g, tensors_shape: [index_basic(g, index) for index in _blocks(tensors_shape)])
