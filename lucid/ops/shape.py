"""Copies: results that lay the elements of their inputs out anew.

What can be said with views is (`tile`, `pixel_shuffle`, `rot90`): an expanded or permuted view and one copy of it,
which the recorded views differentiate. The rest writes pieces into a new array; the rule reads the pieces again.
"""

from __future__ import annotations

import operator

import numpy as np

from lucid import dtypes
from lucid._kernels import copy as copies
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import flat, strided, wrap
from lucid.autograd.op import DECLARED, Supplied, inplace, op, overlaps_itself, torch_name
from lucid.formats import contiguous_format
from lucid.ops._doc import like
from lucid.ops._frame import (
    C_NAMES,
    MOVED_NAMES,
    cast,
    contiguous,
    copied,
    dims_argument,
    move,
    native,
    shape_argument,
    tensor_argument,
)
from lucid.ops.view import (
    _diagonal,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    check_strided,
    clone,
    diagonal,
    empty_as,
    expand,
    index_basic,
    permute,
    piece,
    replace_piece,
    reshape,
    scatter_strided,
    select,
    steps_of,
    to_dtype,
    transpose,
    unsqueeze,
    variadic,
)
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
    """Write an array of any dtype to `out[index]`."""
    array = cast(array, out.dtype)
    target = out[index]
    if array.size >= 4096:
        move(array, target)
    else:
        target[...] = array


@op("cat", aliases=("concat", "concatenate"), out="apart cast")
def cat(tensors, dim: int = 0, *, out=None) -> Tensor:
    """Tensors one after the other along a dimension that they have.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of one shape but for dimension `dim`; their dtypes are promoted. Empty 1-d tensors are left out.
    dim : int, optional
        Along which dimension.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

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
        check_dim("cat", dim, 1)
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
    out, start, lead = core.empty(tuple(shape), dtype), 0, (slice(None),) * dim
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


@op("stack")
def stack(tensors, dim: int = 0, *, out=None) -> Tensor:
    """Tensors of one shape along a new dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of one shape; their dtypes are promoted.
    dim : int, optional
        Where the new dimension is put in.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

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
    out = core.empty((*shape[:dim], len(tensors), *shape[dim:]), dtypes.result_dtype(tensors).numpy)
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


@op("hstack", composite=True)
def hstack(tensors, *, out=None) -> Tensor:
    """Tensors side by side: along the second dimension, 1-d tensors along the first.

    Parameters
    ----------
    tensors : sequence of Tensor
        What is joined.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.hstack([lucid.tensor([1, 2]), lucid.tensor([3])])
    Tensor([1, 2, 3])
    """
    return _joined("hstack", tensors, atleast_1d, None)


@op("vstack", composite=True, aliases=("row_stack",))
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


@op("dstack", composite=True)
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


@op("column_stack", composite=True)
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
        What is joined.

    Returns
    -------
    Tensor
        A copy.

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
    return _block_diag([atleast_2d(one) for one in tensors], dtypes.result_dtype(tensors))


@op("Tensor._block_diag")
def _block_diag(tensors, dtype) -> Tensor:
    """Matrices along the diagonal of a matrix of zeros."""
    shapes = [one.array.shape for one in tensors]
    shape = tuple(map(sum, zip(*shapes)))
    out = Supplied.zeros(shape, dtype)
    for one, index in zip(tensors, _blocks(shapes)):
        put(out.array, index, one.array)
    return out


def _blocks(shapes):
    row = column = 0
    for rows, columns in shapes:
        yield slice(row, row + rows), slice(column, column + columns)
        row, column = row + rows, column + columns


_block_diag.vjp(tensors=lambda g, tensors_shape: [index_basic(g, index) for index in _blocks(tensors_shape)])


# ------------------------------------------------------------------------------------------------ reversing


@op("flip")
def flip(input_: Tensor, dims) -> Tensor:
    """The order of the elements along some dimensions reversed.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dims : int or sequence of int
        Which dimensions.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.flip(lucid.tensor([1, 2, 3]), (0,))
    Tensor([3, 2, 1])
    """
    array = tensor_argument("flip", input_).array
    dims = dims_argument("flip", dims, array.ndim, all_when_empty=False)
    out = empty_as(array, array.dtype)
    move(np.flip(array, dims), out)
    return wrap(out)


flip.vjp(input_=lambda g, dims: flip(g, dims))


@op("fliplr", composite=True)
def fliplr(input_: Tensor) -> Tensor:
    """The order of the columns reversed.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.fliplr(lucid.tensor([[1, 2], [3, 4]]))
    Tensor([[2, 1],
            [4, 3]])
    """
    if tensor_argument("fliplr", input_).array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input_, 1)


@op("flipud", composite=True)
@like(fliplr)
def flipud(input_: Tensor) -> Tensor:
    """The order of the rows reversed.

    Examples
    --------
    >>> lucid.flipud(lucid.tensor([[1, 2], [3, 4]]))
    Tensor([[3, 4],
            [1, 2]])
    """
    if tensor_argument("flipud", input_).array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input_, 0)


@op("roll")
def roll(input_: Tensor, shifts, dims=None) -> Tensor:
    """The elements moved along dimensions; those that leave at the end come in again at the beginning.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    shifts : int or sequence of int
        How far, for each of `dims`.
    dims : int or sequence of int, optional
        Along which dimensions; by default along the flattened tensor.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.roll(lucid.tensor([1, 2, 3]), 1)
    Tensor([3, 1, 2])
    """
    array = tensor_argument("roll", input_).array
    shifts, dims = _pairs(shifts), _pairs(dims)
    if not dims and len(shifts) == 1:
        return wrap(np.roll(array, shifts[0]))
    if len(shifts) != len(dims) or not shifts:
        if not shifts:
            raise RuntimeError("`shifts` required")
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if not array.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    return wrap(np.roll(array, shifts, [check_dim("roll", dim, array.ndim) for dim in dims]))


def _pairs(value) -> tuple:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (operator.index(value),)


roll.vjp(input_=lambda g, shifts, dims: roll(g, tuple(-shift for shift in _pairs(shifts)), dims))


@op("rot90", composite=True)
def rot90(input_: Tensor, k: int = 1, dims=(0, 1)) -> Tensor:
    """Turned `k` times by 90 degrees in the plane of two dimensions, from the first towards the second.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    k : int, optional
        Which, counted from 1.
    dims : int or sequence of int, optional
        The dimensions.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.rot90(lucid.tensor([[1, 2], [3, 4]]))
    Tensor([[2, 4],
            [1, 3]])
    """
    ndim = tensor_argument("rot90", input_).array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = (check_dim("rot90", dim, ndim) for dim in dims)
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    k %= 4
    if k == 0:
        return clone(input_, memory_format=contiguous_format)
    if k == 2:
        return flip(input_, (first, second))
    return transpose(flip(input_, second if k == 1 else first), first, second)


# ------------------------------------------------------------------------------------------------ repeating


@op("Tensor.repeat", composite=True)
def repeat(input_: Tensor, repeats) -> Tensor:
    """The whole tensor side by side, `repeats` times along each dimension; more dimensions go in front.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    repeats : int or sequence of int
        How often, along each dimension.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.tensor([1, 2]).repeat(2)
    Tensor([1, 2, 1, 2])
    """
    repeats = shape_argument("repeat", (repeats,))
    shape = input_.array.shape
    lead = len(repeats) - len(shape)
    if lead < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    result = [n * size for n, size in zip(repeats, (1,) * lead + shape)]
    if any(n < 0 for n in repeats):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(result)}: {result}")
    inner, outer = [], []
    for n, size in zip(repeats, (1,) * lead + shape):
        inner += [1, size]
        outer += [n, size]
    copy = clone(expand(reshape(input_, tuple(inner)), outer), memory_format=contiguous_format)
    return reshape(copy, tuple(result))


@op("tile", composite=True)
def tile(input_: Tensor, dims) -> Tensor:
    """`repeat`, which repeats the last dimensions where `dims` are fewer than the tensor's.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dims : int or sequence of int
        The dimensions.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.tile(lucid.tensor([1, 2]), (2,))
    Tensor([1, 2, 1, 2])
    """
    dims = shape_argument("tile", (dims,))
    return repeat(input_, (1,) * (input_.array.ndim - len(dims)) + dims)


@op("repeat_interleave", composite=True)
def repeat_interleave(input_: Tensor, repeats=None, dim=None, *, output_size=None) -> Tensor:
    """Each element repeated, next to itself.

    Parameters
    ----------
    input_ : Tensor
        Of any shape; or, if it is the only argument, how often each index is repeated.
    repeats : int or Tensor
        How often; a 1-d tensor of integers says it for each slice of `dim`.
    dim : int, optional
        Along which dimension; by default along the flattened tensor.
    output_size : int, optional
        The size of the result along `dim`.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.repeat_interleave(lucid.tensor([1, 2]), 2)
    Tensor([1, 1, 2, 2])
    """
    tensor_argument("repeat_interleave", input_)
    if repeats is None:
        return wrap(_repeated_indices(input_, None, output_size))
    if not isinstance(repeats, Tensor) and not hasattr(repeats, "__index__"):
        raise TypeError(
            "repeat_interleave(): argument 'repeats' (position 2) must be Tensor or int, not "
            f"{type(repeats).__name__}"
        )
    if dim is None:
        input_, dim = reshape(input_, (-1,)), 0
    dim = check_dim("repeat_interleave", dim, input_.array.ndim)
    input_ = atleast_1d(input_)
    shape = input_.array.shape
    if not isinstance(repeats, Tensor):
        n = operator.index(repeats)
        if n < 0:
            raise RuntimeError("Repeats must be non-negative")
        if output_size is not None and output_size != n * shape[dim]:
            raise RuntimeError(
                f"repeat_interleave: Invalid output_size, expected {n * shape[dim]} but got {output_size}"
            )
        many = expand(unsqueeze(input_, dim + 1), (*shape[: dim + 1], n, *shape[dim + 1 :]))
        many = clone(many, memory_format=contiguous_format)
        return reshape(many, (*shape[:dim], n * shape[dim], *shape[dim + 1 :]))
    indices = wrap(_repeated_indices(repeats, shape[dim], output_size))
    return DECLARED["index_select"].function(input_, dim, indices)


def _repeated_indices(repeats: Tensor, size, output_size):
    times = repeats.array
    if times.ndim == 0 and size is not None:
        times = times.reshape(1)
    if repeats.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"\"repeat_interleave_cpu\" not implemented for '{torch_name(repeats.dtype)}'")
    if times.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if size is not None and times.shape[0] == 1:
        times = np.broadcast_to(times, (size,))
    if size is not None and times.shape[0] != size:
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {times.shape[0]} and "
            f"input.size(0) = {size}"
        )
    if times.size and times.min() < 0:
        raise RuntimeError("repeats can not be negative")
    total = int(times.sum())
    if output_size is not None and output_size != total:
        raise RuntimeError("allocated size does not match required size")
    return np.repeat(np.arange(times.shape[0]), times)


# ------------------------------------------------------------------------------------------------ triangles, diagonals


def _triangle(name: str, input_, diagonal: int, upper: bool) -> Tensor:
    array = tensor_argument(name, input_).array
    if array.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    out = core.empty(array.shape, array.dtype)
    if out.size:
        rows, columns = array.shape[-2:]
        kernels.triangle[MOVED_NAMES[array.itemsize]](
            flat(contiguous(native(array)), True), flat(out, True), out.size // (rows * columns), rows, columns,
            max(min(diagonal, columns), -rows), upper,
        )  # fmt: skip
    return wrap(out)


@op("tril", out="same")
def tril(input_: Tensor, diagonal: int = 0, *, out=None) -> Tensor:
    """The matrices' lower triangles: zero above the diagonal that lies `diagonal` above the main one.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    diagonal : int, optional
        Which diagonal: 0 the main one, above it positive.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.tril(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1.0, 0.0],
            [3.0, 4.0]])
    """
    return _triangle("tril", input_, diagonal, False)


@op("triu", out="same")
@like(tril)
def triu(input_: Tensor, diagonal: int = 0, *, out=None) -> Tensor:
    """The matrices' upper triangles: zero below the diagonal that lies `diagonal` above the main one.

    Examples
    --------
    >>> lucid.triu(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1.0, 2.0],
            [0.0, 4.0]])
    """
    return _triangle("triu", input_, diagonal, True)


tril.vjp(input_=lambda g, diagonal: tril(g, diagonal))
triu.vjp(input_=lambda g, diagonal: triu(g, diagonal))


@op("diag_embed")
def diag_embed(input_: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices, in dimensions `dim1` and `dim2` of the result, whose diagonal is the input's last dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    offset : int, optional
        Which diagonal: 0 the main one, above it positive.
    dim1 : int, optional
        The first of the two dimensions.
    dim2 : int, optional
        The second of the two dimensions.

    Returns
    -------
    Tensor
        Zero elsewhere; of one dimension more than the input.

    Examples
    --------
    >>> lucid.diag_embed(lucid.tensor([1, 2]))
    Tensor([[1, 0],
            [0, 2]])
    """
    array = tensor_argument("diag_embed", input_).array
    ndim = array.ndim + 1
    n = (array.shape[-1] if array.ndim else 1) + abs(offset)
    first, second = check_dim("diag_embed", dim1, ndim), check_dim("diag_embed", dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rest = iter(array.shape[:-1])
    shape = [n if i in (first, second) else next(rest) for i in range(ndim)]
    out = core.empty(tuple(shape), array.dtype)
    out.fill(0)
    strided(out, *_diagonal(out.shape, steps_of(out), offset, first, second))[...] = array
    return wrap(out)


diag_embed.vjp(input_=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2))


@op("diag", composite=True, out="same")
@like(tril)
def diag(input_: Tensor, diagonal: int = 0, *, out=None) -> Tensor:
    """The matrix with this diagonal, or a copy of the diagonal of a matrix.

    Examples
    --------
    >>> lucid.diag(lucid.tensor([1, 2]))
    Tensor([[1, 0],
            [0, 2]])
    """
    ndim = tensor_argument("diag", input_).array.ndim
    if ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {ndim}D")
    return diag_embed(input_, diagonal) if ndim == 1 else clone(_diagonal_view(input_, diagonal))


def _diagonal_view(x, offset):
    return diagonal(x, offset, 0, 1)


@op("diagflat", composite=True)
def diagflat(input_: Tensor, offset: int = 0) -> Tensor:
    """The matrix whose diagonal are all elements of the input.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    offset : int, optional
        Which diagonal: 0 the main one, above it positive.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.diagflat(lucid.tensor([1, 2]))
    Tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(reshape(tensor_argument("diagflat", input_), (-1,)), offset)


@op("as_strided_scatter", composite=True)
def as_strided_scatter(input_: Tensor, src: Tensor, size, stride, storage_offset=None) -> Tensor:
    """A copy of the input in which `as_strided(size, stride, storage_offset)` of it is replaced by `src`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    src : Tensor
        What is written, of the shape of the piece.
    size : int or sequence of int
        The shape.
    stride : sequence of int
        The strides, in elements.
    storage_offset : int, optional
        Where it starts in the memory.

    Returns
    -------
    Tensor
        Of the input's shape, contiguous.

    Examples
    --------
    >>> lucid.as_strided_scatter(lucid.zeros(4), lucid.ones(2), (2,), (2,))
    Tensor([1.0, 0.0, 1.0, 0.0])
    """
    size, stride = shape_argument("as_strided", (size,)), shape_argument("as_strided", (stride,))
    start = check_strided(input_.array, size, stride, storage_offset)
    _check_src(src, size)
    if overlaps_itself(input_.array):  # where elements share memory, the strides are those of a contiguous copy
        input_ = clone(input_, memory_format=contiguous_format)
    own = input_.array.shape, steps_of(input_.array)
    low = min(start, 0)  # the piece may begin before the input does, and end after it
    reach = max(
        at - low + sum(max(n - 1, 0) * step for n, step in zip(sizes, steps)) + 1
        for at, sizes, steps in ((0, *own), (start, size, stride))
    )
    row = scatter_strided(input_, (reach,), *own, -low)
    row = replace_piece(row, to_dtype(src, input_.dtype), size, stride, start - low)
    return clone(piece(row, *own, -low), memory_format=contiguous_format)


def _check_src(src: Tensor, size) -> None:
    if tuple(src.array.shape) != tuple(size):
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.array.shape)}, slice size = "
            f"{list(size)}"
        )


@op("Tensor._basic_scatter")
def _basic_scatter(input_: Tensor, src: Tensor, index) -> Tensor:
    """A copy of the input with `src` at a basic index."""
    out = empty_as(input_.array, input_.array.dtype)
    move(input_.array, out)
    out[index] = cast(src.array, out.dtype)
    return wrap(out)


_basic_scatter.vjp(
    input_=lambda g, src_shape, index: _basic_scatter(g, Supplied.zeros(src_shape, g.dtype), index),
    src=lambda g, index: index_basic(g, index),
)


@op("select_scatter", composite=True)
def select_scatter(input_: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of the input in which `select(dim, index)` of it is replaced by `src`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    src : Tensor
        What is written, of the shape of the piece.
    dim : int
        The dimension; negative numbers count from the last.
    index : int or Tensor
        Where.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.select_scatter(lucid.zeros(2, 2), lucid.ones(2), 0, 1)
    Tensor([[0.0, 0.0],
            [1.0, 1.0]])
    """
    _check_src(src, select(input_, dim, index).array.shape)
    return _basic_scatter(input_, src, (*[slice(None)] * (dim % input_.array.ndim), index, ...))


@op("slice_scatter", composite=True, out="same")
def slice_scatter(input_: Tensor, src: Tensor, dim: int = 0, start=None, end=None, step: int = 1, *, out=None) -> Tensor:
    """A copy of the input in which the slice `start:end:step` of dimension `dim` is replaced by `src`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    src : Tensor
        What is written, of the shape of the piece.
    dim : int, optional
        The dimension; negative numbers count from the last.
    start : number, optional
        The first.
    end : number, optional
        The last.
    step : int, optional
        The distance.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.slice_scatter(lucid.zeros(4), lucid.ones(2), 0, 1, 3)
    Tensor([0.0, 1.0, 1.0, 0.0])
    """
    shape = tensor_argument("slice_scatter", input_).array.shape
    if not shape:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    dim = check_dim("slice_scatter", dim, len(shape))
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    index = (*[slice(None)] * dim, slice(start, end, step))
    _check_src(src, input_.array[index].shape)
    return _basic_scatter(input_, src, index)


@op("diagonal_scatter")
def diagonal_scatter(input_: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of the input in which `diagonal(offset, dim1, dim2)` of it is replaced by `src`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    src : Tensor
        What is written, of the shape of the piece.
    offset : int, optional
        Which diagonal: 0 the main one, above it positive.
    dim1 : int, optional
        The first of the two dimensions.
    dim2 : int, optional
        The second of the two dimensions.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.diagonal_scatter(lucid.zeros(2, 2), lucid.ones(2))
    Tensor([[1.0, 0.0],
            [0.0, 1.0]])
    """
    array = tensor_argument("diagonal_scatter", input_).array
    out = empty_as(array, array.dtype)
    move(array, out)
    size, steps, start = _diagonal(out.shape, steps_of(out), offset, dim1, dim2)
    _check_src(src, size)
    strided(out, size, steps, start)[...] = cast(src.array, out.dtype)
    return wrap(out)


diagonal_scatter.vjp(
    input_=lambda g, src_shape, offset, dim1, dim2: diagonal_scatter(
        g, Supplied.zeros(src_shape, g.dtype), offset, dim1, dim2
    ),
    src=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
)


# ------------------------------------------------------------------------------------------------ padding


@op("constant_pad_nd")
def constant_pad_nd(input_: Tensor, pad, value=0) -> Tensor:
    """`value` around the tensor, from the last dimension on: `pad` is (before, after) of each; negative crops.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    pad : sequence of int
        (before, after) of the last dimension, then of the one before it.
    value : number or 0-d Tensor, optional
        The value.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.constant_pad_nd(lucid.tensor([1, 2]), (1, 1), 9)
    Tensor([9, 1, 2, 9])
    """
    array = tensor_argument("constant_pad_nd", input_).array
    pad = shape_argument("pad", (pad,))
    if len(pad) % 2:
        raise RuntimeError("Length of pad must be even but instead it equals " + str(len(pad)))
    if len(pad) > 2 * array.ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)} while the input has {array.ndim} dimensions."
        )
    shape = list(array.shape)
    into, from_ = [slice(None)] * array.ndim, [slice(None)] * array.ndim
    for k in range(len(pad) // 2):
        dim, (before, after) = array.ndim - 1 - k, pad[2 * k : 2 * k + 2]
        size = shape[dim]
        shape[dim] = size + before + after
        if shape[dim] < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {before} and {after} resulted in a negative output "
                f"size, which is invalid. Check dimension {dim} of your input."
            )
        low, high = max(-before, 0), min(size, size + after)
        from_[dim] = slice(low, max(high, low))
        into[dim] = slice(max(before, 0), max(before, 0) + max(high - low, 0))
    out = core.empty(tuple(shape), array.dtype)
    if value:
        fill_array(out, value)
    else:
        out.fill(0)
    out[tuple(into)] = array[tuple(from_)]
    return wrap(out)


constant_pad_nd.vjp(input_=lambda g, pad: constant_pad_nd(g, tuple(-one for one in pad)))


def fill_array(array, value) -> None:
    """Fill an array with a Python number, converted as PyTorch does. RuntimeError where it does not fit."""
    kind = array.dtype.kind
    if kind == "f" and array.itemsize > 2 and type(value) is not complex and -1e38 < value < 1e38:
        array.fill(value)
        return
    if isinstance(value, complex):
        if kind != "c" and value.imag:
            raise RuntimeError(f"value cannot be converted to type {array.dtype.name} without overflow")
        value = value if kind == "c" else value.real
    if kind in "iu":
        info = np.iinfo(array.dtype)
        if value != value or value in (float("inf"), float("-inf")):
            raise RuntimeError(f"value cannot be converted to type {array.dtype.name} without overflow")
        value = int(value)
        low = -info.max if kind == "u" else info.min
        if not low <= value <= info.max:
            raise RuntimeError(f"value cannot be converted to type {array.dtype.name} without overflow")
        value = value % (info.max + 1) if kind == "u" else value
    elif kind == "b":
        value = bool(value)
    with np.errstate(all="ignore"):
        array.fill(value)


@op("nn.functional.pad", composite=True)
def pad(input_: Tensor, pad, mode: str = "constant", value=None) -> Tensor:
    """Elements put around a tensor, from its last dimension on.

    Parameters
    ----------
    input_ : Tensor
        Of any shape for "constant"; for the other modes with one or two dimensions more than are padded.
    pad : sequence of int
        (before, after) of the last dimension, then of the one before it, and so on; negative numbers crop.
    mode : {"constant", "reflect", "replicate", "circular"}, optional
        `value`; the elements mirrored at the edge; the edge itself; the elements from the other end.
    value : float, optional
        The constant; default 0.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.nn.functional.pad(lucid.tensor([1, 2]), (1, 2))
    Tensor([0, 1, 2, 0, 0])
    """
    shape = tensor_argument("pad", input_).array.shape
    pad = shape_argument("pad", (pad,))
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(shape)}"
        )
    if mode == "constant":
        return constant_pad_nd(input_, pad, 0.0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    k, ndim = len(pad) // 2, len(shape)
    if not (1 <= k <= 3 and ndim in (k + 1, k + 2)):
        raise NotImplementedError(f"Padding size {len(pad)} is not supported for {ndim}D input tensor.")
    if any(n == 0 for n in shape[1 if ndim == k + 2 else 0 :]):
        raise RuntimeError(
            f"Expected {k + 1}D or {k + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    result = input_
    for i in range(k):
        dim, before, after = ndim - 1 - i, pad[2 * i], pad[2 * i + 1]
        size = shape[dim]
        if mode == "reflect" and (before >= size or after >= size):
            raise RuntimeError(
                "Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {dim} of input {list(shape)}"
            )
        if mode == "circular" and (before > size or after > size):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if size + before + after < (0 if mode == "circular" else 1):
            raise RuntimeError(
                f"{mode} padding: input of size {size} at dimension {dim}, padded by {before} and {after}, is too small"
            )
        at = np.arange(-before, size + after)
        if mode == "circular":  # negative padding crops; what is left is wrapped around
            first, left = max(-before, 0), size + min(before, 0) + min(after, 0)
            at = first + (at - first) % left if left > 0 else at[:0]
        elif mode == "replicate":
            at = at.clip(0, size - 1)
        else:
            at = np.abs(at)
            at = np.where(at >= size, 2 * (size - 1) - at, at)
        if before or after:
            result = DECLARED["index_select"].function(result, dim, wrap(at.astype(np.int64)))
    return clone(result, memory_format=contiguous_format) if result is input_ else result


# ------------------------------------------------------------------------------------------------ pixels, channels


@op("nn.functional.pixel_shuffle", composite=True, aliases=("pixel_shuffle",))
def pixel_shuffle(input_: Tensor, upscale_factor: int) -> Tensor:
    """Channels laid out as pixels: (..., C r r, H, W) becomes (..., C, H r, W r).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    upscale_factor : int
        How many times higher and wider.

    Returns
    -------
    tuple of Tensor
        A copy.

    Examples
    --------
    >>> lucid.nn.functional.pixel_shuffle(lucid.ones(1, 4, 2, 2), 2).shape
    lucid.Size([1, 1, 4, 4])
    """
    shape, r = tensor_argument("pixel_shuffle", input_).array.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *batch, c, h, w = shape
    if c % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={c} is not divisible by {r * r}"
        )
    n = len(batch)
    parts = reshape(input_, (*batch, c // (r * r), r, r, h, w))
    parts = permute(parts, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(clone(parts, memory_format=contiguous_format), (*batch, c // (r * r), h * r, w * r))


@op("nn.functional.pixel_unshuffle", composite=True, aliases=("pixel_unshuffle",))
def pixel_unshuffle(input_: Tensor, downscale_factor: int) -> Tensor:
    """Pixels laid out as channels: (..., C, H r, W r) becomes (..., C r r, H, W).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    downscale_factor : int
        How many times lower and narrower.

    Returns
    -------
    tuple of Tensor
        A copy.

    Examples
    --------
    >>> lucid.nn.functional.pixel_unshuffle(lucid.ones(1, 1, 4, 4), 2).shape
    lucid.Size([1, 4, 2, 2])
    """
    shape, r = tensor_argument("pixel_unshuffle", input_).array.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *batch, c, h, w = shape
    for name, at, size in (("height", -2, h), ("width", -1, w)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({at})={size} is "
                f"not divisible by {r}"
            )
    n = len(batch)
    parts = reshape(input_, (*batch, c, h // r, r, w // r, r))
    parts = permute(parts, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(clone(parts, memory_format=contiguous_format), (*batch, c * r * r, h // r, w // r))


@op("nn.functional.channel_shuffle", composite=True, aliases=("channel_shuffle",))
def channel_shuffle(input_: Tensor, groups: int) -> Tensor:
    """The channels, in `groups` groups, dealt out one from each group in turn.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    groups : int
        How many groups.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.nn.functional.channel_shuffle(lucid.arange(4).reshape(1, 4, 1, 1), 2).flatten()
    Tensor([0, 2, 1, 3])
    """
    shape = tensor_argument("channel_shuffle", input_).array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    n, c, *rest = shape
    if c % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {c} channels and {groups} groups.")
    parts = transpose(reshape(input_, (n, groups, c // groups, *rest)), 1, 2)
    return reshape(clone(parts, memory_format=contiguous_format), shape)


# ------------------------------------------------------------------------------------------------ overwriting


@op("Tensor._copy")
def _copy(input_: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """The source in the input's shape and dtype."""
    target, array = input_.array, src.array
    array = cast(array, target.dtype)
    if array.shape != target.shape:
        shape = array.shape
        while len(shape) > target.ndim and shape[0] == 1:
            shape = shape[1:]
        try:
            array = np.broadcast_to(array.reshape(shape), target.shape)
        except ValueError:
            raise _misfit(target.shape, src.array.shape) from None
    return wrap(array)


def _misfit(target: tuple, source: tuple) -> RuntimeError:
    """The error of a source that does not broadcast to a target."""
    for i in range(1, min(len(target), len(source)) + 1):
        if target[-i] != source[-i] and source[-i] != 1:
            return RuntimeError(
                f"The size of tensor a ({target[-i]}) must match the size of tensor b ({source[-i]}) at non-singleton "
                f"dimension {max(len(target), len(source)) - i}"
            )
    return RuntimeError(f"output with shape {list(target)} doesn't match the broadcast shape {list(source)}")


_copy.vjp(
    input_=lambda g: Supplied.zeros(g.array.shape, g.dtype),
    src=lambda g, src_shape: reshape(g, (1,) * (len(src_shape) - g.array.ndim) + g.array.shape),
)
_copy_inplace = inplace(_copy, "copy_")


def copy_(self, src, non_blocking: bool = False) -> Tensor:
    """Overwrite the tensor with another, broadcast to its shape and cast to its dtype."""
    if not isinstance(src, Tensor):
        src = wrap(np.array(src))
    if src.array is self.array or core.overwritten(self, src):
        return self
    return _copy_inplace(self, src, non_blocking)


@op("fill")
def fill(input_: Tensor, value) -> Tensor:
    """A tensor like the input, all of whose elements are `value` (a number or a 0-d tensor).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    value : number or 0-d Tensor
        The value.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.fill(lucid.zeros(2), 3.0)
    Tensor([3.0, 3.0])
    """
    array = tensor_argument("fill", input_).array
    out = empty_as(array, array.dtype)
    if isinstance(value, Tensor):
        if value.array.ndim:
            raise RuntimeError(
                f"fill only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
            )
        out[...] = cast(value.array, out.dtype)
    else:
        fill_array(out, value)
    return wrap(out)


fill.vjp(
    input_=lambda g: Supplied.zeros(g.array.shape, g.dtype),
    value=lambda g: g,  # summed by the engine
)


@op("Tensor._zero", gradient=False)
def _zero(input_: Tensor) -> Tensor:
    """Zeros like the input."""
    out = empty_as(input_.array, input_.array.dtype)
    out.fill(0)
    return wrap(out)


_zero_inplace, _fill_inplace = inplace(_zero, "zero_"), inplace(fill, "fill_")


@op("zero_", composite=True)
def zero_(input_: Tensor) -> Tensor:
    """Set all elements to zero, in place.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.zero_(lucid.ones(2))
    Tensor([0.0, 0.0])
    """
    if not core.overwritable(input_):
        return _zero_inplace(input_)
    _fill_row(input_.array, 0)
    core.bump(input_)
    return input_


@op("fill_", composite=True)
def fill_(input_: Tensor, value) -> Tensor:
    """Set all elements to `value` (a number or a 0-d tensor), in place.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    value : number or 0-d Tensor
        The value.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.fill_(lucid.ones(2), 3.0)
    Tensor([3.0, 3.0])
    """
    if isinstance(value, Tensor) or not core.overwritable(input_):
        return _fill_inplace(input_, value)
    array = input_.array
    if not (type(value) is float and array.dtype.kind == "f" and array.itemsize > 2 and -1e38 < value < 1e38):
        held = core.empty((), array.dtype)
        fill_array(held, value)
        value = held[()]
    _fill_row(array, value)
    core.bump(input_)
    return input_


def _fill_row(array, value) -> None:
    if array.size < 16384 or array.dtype not in C_NAMES:
        array.fill(value)
    else:
        copies.fill(flat(array), value)


@op("Tensor._fill_diagonal")
def _fill_diagonal(input_: Tensor, fill_value, wrap: bool = False) -> Tensor:
    """A copy with `fill_value` on the main diagonal."""
    array = input_.array
    if array.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if array.ndim > 2 and len(set(array.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    out = copied(array)
    value = core.empty((), out.dtype)
    fill_array(value, fill_value)
    _diagonal_of(out, wrap)[...] = value
    return core.wrap(out)


def _diagonal_of(array, wrapped: bool):
    """The main diagonal of a contiguous array; `wrapped`, it goes on below a tall matrix."""
    step = sum(steps_of(array))
    n = min(array.shape)
    if wrapped and array.ndim == 2 and array.shape[0] > array.shape[1]:
        n = -(-array.size // step) if array.size else 0
    return strided(array, (n,), (step,))


_fill_diagonal.vjp(input_=lambda g, wrap: _fill_diagonal(g, 0, wrap))


def _reversed(self):
    """All dimensions flipped; a 0-d tensor as it is."""
    return flip(self, tuple(range(self.ndim))) if self.ndim else self


TENSOR_METHODS = {
    "__reversed__": _reversed,
    "flip": variadic(flip, "dims"), "repeat": variadic(repeat, "repeats"), "tile": variadic(tile, "dims"),
    "copy_": copy_,
    "zero_": zero_, "fill_": fill_,
    "fill_diagonal_": inplace(_fill_diagonal, "fill_diagonal_"),
}  # fmt: skip
