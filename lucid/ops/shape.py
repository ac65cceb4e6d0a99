"""Copies: results that lay the elements of their inputs out anew.

What can be said with views is (`tile`, `pixel_shuffle`, `rot90`): an expanded or permuted view and one copy of it,
which the recorded views differentiate. The rest writes pieces into a new array; the rule reads the pieces again.
"""

from __future__ import annotations

import itertools
import operator

from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import flat, strided, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.autograd.writes import overlaps_itself
from lucid.formats import contiguous_format
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    MOVED_NAMES,
    cast,
    contiguous,
    copied,
    dims_argument,
    formatted_empty,
    move,
    native,
    shape_argument,
    steps_of,
    tensor_argument,
)
from lucid.ops.permutation import transpose
from lucid.ops.pieces import (
    _diagonal,
    check_strided,
    diagonal,
    index_basic,
    piece,
    replace_piece,
    scatter_strided,
    select,
)
from lucid.ops.view import clone, empty_as, expand, reshape, to_dtype, variadic
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ reversing


@op("flip")
def flip(input_: Tensor, dims: tuple) -> Tensor:
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
        A copy of the input's shape and dtype.

    Examples
    --------
    >>> lucid.flip(lucid.tensor([1, 2, 3]), (0,))
    Tensor([3, 2, 1])
    """
    array = tensor_argument("flip", input_).array
    dims = dims_argument("flip", dims, array.ndim, all_when_empty=False)
    out = empty_as(array, array.dtype)
    backwards = slice(None, None, -1)
    move(array[tuple([backwards if at in dims else slice(None) for at in range(array.ndim)])], out)
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
        A copy of the input's shape and dtype.

    Examples
    --------
    >>> lucid.fliplr(lucid.tensor([[1, 2], [3, 4]]))
    Tensor([[2, 1],
            [4, 3]])
    """
    if tensor_argument("fliplr", input_).array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input_, (1,))


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
    return flip(input_, (0,))


@op("roll")
def roll(input_: Tensor, shifts: int | tuple, dims: int | tuple | None = None) -> Tensor:
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
        A copy of the input's shape and dtype.

    Examples
    --------
    >>> lucid.roll(lucid.tensor([1, 2, 3]), 1)
    Tensor([3, 1, 2])
    """
    array = tensor_argument("roll", input_).array
    shifts, dims = _pairs(shifts), _pairs(dims)
    if not dims and len(shifts) == 1:
        return wrap(_rolled(contiguous(array).reshape(-1), {0: shifts[0]}).reshape(array.shape))
    if len(shifts) != len(dims) or not shifts:
        if not shifts:
            raise RuntimeError("`shifts` required")
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if not array.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    by = {}
    for dim, shift in zip(dims, shifts):
        dim = check_dim("roll", dim, array.ndim)
        by[dim] = by.get(dim, 0) + shift
    return wrap(_rolled(array, by))


def _rolled(array, shifts: dict):
    """A copy with the elements moved along dimensions by so much."""
    out = formatted_empty(array.shape, array.dtype, core.channels_last(array) and not array.flags.c_contiguous)
    if out.size:
        cuts = [_cuts(size, shifts.get(dim, 0)) for dim, size in enumerate(array.shape)]
        for one in itertools.product(*cuts):
            sources, targets = zip(*one)
            core.move_piece(array, sources, out, targets)
    return out


def _cuts(size: int, shift: int) -> list:
    """(source, target) of the pieces into which a dimension is cut when its elements are moved along it."""
    shift %= size
    if not shift:
        return [(slice(None), slice(None))]
    return [(slice(size - shift, None), slice(0, shift)), (slice(0, size - shift), slice(shift, None))]


def _pairs(value) -> tuple:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (operator.index(value),)


roll.vjp(input_=lambda g, shifts, dims: roll(g, tuple(-shift for shift in _pairs(shifts)), dims))


@op("rot90", composite=True)
def rot90(input_: Tensor, k: int = 1, dims: tuple = (0, 1)) -> Tensor:
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
        A copy of the input's dtype; for an odd `k` the two dimensions have each other's size.

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
    return transpose(flip(input_, (second if k == 1 else first,)), first, second)


# ------------------------------------------------------------------------------------------------ repeating


@op("Tensor.repeat", composite=True)
def repeat(input_: Tensor, repeats: int | tuple) -> Tensor:
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
        A copy of the input's dtype; each size times its number of repeats.

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
def tile(input_: Tensor, dims: tuple) -> Tensor:
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
        A copy of the input's dtype; each size times its number of repeats.

    Examples
    --------
    >>> lucid.tile(lucid.tensor([1, 2]), (2,))
    Tensor([1, 2, 1, 2])
    """
    dims = shape_argument("tile", (dims,))
    return repeat(input_, (1,) * (input_.array.ndim - len(dims)) + dims)


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
@doc()
def tril(input_: Tensor, diagonal: int = 0, *, out=None) -> Tensor:
    """The matrices' lower triangles: zero above the diagonal that lies `diagonal` above the main one.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    diagonal : int, optional
        Which diagonal: 0 the main one, above it positive.

    Returns
    -------
    Tensor
        A copy of the input's shape and dtype.

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
@like(tril, input_="Tensor: A vector or a matrix.", returns="A matrix, or the diagonal as a vector; a copy of the input's dtype.",
      diagonal="int, optional: Which one: 0 the main one, above it positive.")  # fmt: skip
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
    if ndim == 1:
        return diag_embed(input_, diagonal)
    if core.recording((input_,)):
        return clone(_diagonal_view(input_, diagonal))
    return wrap(copied(input_.array.diagonal(diagonal)))


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
        A square matrix of the input's dtype, of size n + abs(offset).

    Examples
    --------
    >>> lucid.diagflat(lucid.tensor([1, 2]))
    Tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(reshape(tensor_argument("diagflat", input_), (-1,)), offset)


@op("as_strided_scatter", composite=True)
def as_strided_scatter(
    input_: Tensor, src: Tensor, size: tuple, stride: tuple, storage_offset: int | None = None
) -> Tensor:
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
@doc()
def select_scatter(input_: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of the input in which `select(dim, index)` of it is replaced by `src`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    src : Tensor
        What is written, of the shape of the piece.
    index : int or Tensor
        Where.

    Returns
    -------
    Tensor
        A copy of the input's shape and dtype.

    Examples
    --------
    >>> lucid.select_scatter(lucid.zeros(2, 2), lucid.ones(2), 0, 1)
    Tensor([[0.0, 0.0],
            [1.0, 1.0]])
    """
    _check_src(src, select(input_, dim, index).array.shape)
    return _basic_scatter(input_, src, (*[slice(None)] * (dim % input_.array.ndim), index, ...))


@op("slice_scatter", composite=True, out="same")
@doc()
def slice_scatter(
    input_: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
    *,
    out=None,
) -> Tensor:
    """A copy of the input in which the slice `start:end:step` of dimension `dim` is replaced by `src`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    src : Tensor
        What is written, of the shape of the piece.
    start : number, optional
        The first.
    end : number, optional
        The last.
    step : int, optional
        The distance.

    Returns
    -------
    Tensor
        A copy of the input's shape and dtype.

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
        A copy of the input's shape and dtype.

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


def _reversed(self):
    """The first dimension flipped; a 0-d tensor as it is."""
    return flip(self, (0,)) if self.ndim else self


TENSOR_METHODS = {
    "__reversed__": _reversed,
    "flip": variadic(flip, "dims"), "repeat": variadic(repeat, "repeats"), "tile": variadic(tile, "dims"),
}  # fmt: skip
