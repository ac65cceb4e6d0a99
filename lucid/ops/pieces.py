"""Pieces of a tensor as views: rows, ranges, diagonals, windows, any strides; and a tensor cut into several.

What a piece's rule needs is the input's shape: the gradient is zeros with the piece in its place. Operations whose
pieces do not fit a shape have one adjoint in common, `scatter_strided`.
"""

from __future__ import annotations

import itertools
import operator

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import strided, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import DECLARED, op
from lucid.autograd.writes import WRITABLE
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import copied, dense_steps, overlapping, shape_argument, steps_of, tensor_argument
from lucid.ops.view import contiguous
from lucid.tensor import Tensor, check_dim, storage_of

# ------------------------------------------------------------------------------------------------ pieces


@op("Tensor._index_basic", view=True)
def index_basic(input_: Tensor, index) -> Tensor:
    """`input_[index]` for ints, slices, None and an Ellipsis; None where anything else is among them."""
    return core.indexed(input_, index)


index_basic.vjp(input_=lambda g, input_shape, index: place_basic(g, input_shape, index))


@op("Tensor._place_basic")
def place_basic(input_: Tensor, shape, index) -> Tensor:
    """Zeros of `shape` with the input at `index`."""
    out = core.empty(shape, input_.array.dtype)
    out.fill(0)
    out[index] = input_.array
    return wrap(out)


place_basic.vjp(input_=lambda g, index: index_basic(g, index))


@op("select", view=True)
@doc()
def select(input_: Tensor, dim: int, index: int) -> Tensor:
    """The slice at `index` of dimension `dim`, without that dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    index : int or Tensor
        Where.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Raises
    ------
    IndexError
        If the index is out of range.

    Examples
    --------
    >>> lucid.select(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, 0)
    Tensor([1.0, 3.0])
    """
    found = core.selected(input_, dim, index)
    if found is not None:
        return found
    shape = tensor_argument("select", input_).array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = check_dim("select", dim, len(shape))
    raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim}")


select.vjp(
    input_=lambda g, input_shape, dim, index: place_basic(
        g, input_shape, (*[slice(None)] * (dim % len(input_shape)), operator.index(index))
    )
)


@op("narrow", view=True)
def narrow(input_: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` elements of dimension `dim` from `start` on.

    Parameters
    ----------
    input_ : Tensor
        With at least one dimension.
    dim : int
        Which dimension.
    start : int or Tensor
        The first index; negative counts from the end. A 0-d integer tensor is read as a number.
    length : int
        How many.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.narrow(lucid.tensor([1, 2, 3]), 0, 1, 2)
    Tensor([2, 3])
    """
    if type(start) is int:
        found = core.narrowed(input_, dim, start, length)
        if found is not None:
            return found
    shape = tensor_argument("narrow", input_).array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start.array.ndim or start.dtype.kind != 1):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    start, length = operator.index(start), operator.index(length)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    dim = check_dim("narrow", dim, len(shape))
    size = shape[dim]
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return core.narrowed(input_, dim, start, length)


def _narrow_backward(g, input_shape, dim, start, length):
    dim %= len(input_shape)
    start = operator.index(start) % (input_shape[dim] + 1 if start >= 0 else input_shape[dim])
    return place_basic(g, input_shape, (*[slice(None)] * dim, slice(start, start + length)))


narrow.vjp(input_=_narrow_backward)


@op("diagonal", view=True)
def diagonal(input_: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of the matrices that dimensions `dim1` and `dim2` span, as the last dimension.

    Parameters
    ----------
    input_ : Tensor
        With at least two dimensions.
    offset : int, optional
        How far above (or, negative, below) the main diagonal.
    dim1, dim2 : int, optional
        The rows and the columns.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.diagonal(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1.0, 4.0])
    """
    array = tensor_argument("diagonal", input_).array
    return core.view(input_, *_diagonal(array.shape, steps_of(array), offset, dim1, dim2))


def _diagonal(shape, steps, offset, dim1, dim2) -> tuple:
    """Sizes, strides and offset of a diagonal."""
    first, second = check_dim("diagonal", dim1, len(shape)), check_dim("diagonal", dim2, len(shape))
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rows, columns = shape[first] - max(-offset, 0), shape[second] - max(offset, 0)
    n = max(min(rows, columns), 0)
    start = (offset * steps[second] if offset >= 0 else -offset * steps[first]) if n else 0
    kept = [i for i in range(len(shape)) if i not in (first, second)]
    return [*(shape[i] for i in kept), n], [*(steps[i] for i in kept), steps[first] + steps[second]], start


diagonal.vjp(
    input_=lambda g, input_shape, offset, dim1, dim2: scatter_strided(
        g, input_shape, *_diagonal(input_shape, dense_steps(input_shape), offset, dim1, dim2)
    )
)


@op("linalg.diagonal", composite=True, view=True)
def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:  # noqa: N803
    """The diagonals of a batch of matrices: `diagonal` of the last two dimensions.

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.
    offset : int, optional
        Which diagonal: 0 the main one, above it positive.
    dim1 : int, optional
        The first of the two dimensions.
    dim2 : int, optional
        The second of the two dimensions.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.linalg.diagonal(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1.0, 4.0])
    """
    return diagonal(A, offset, dim1, dim2)


@op("Tensor.unfold", view=True)
def unfold(input_: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All slices of `size` elements of a dimension, `step` apart, as a new last dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dimension : int
        Which dimension is sliced.
    size, step : int
        How long a slice is and how far the next one is from it.

    Returns
    -------
    Tensor
        A view, whose dimension `dimension` counts the slices.

    Examples
    --------
    >>> lucid.tensor([1, 2, 3]).unfold(0, 2, 1)
    Tensor([[1, 2],
            [2, 3]])
    """
    array = tensor_argument("unfold", input_).array
    return core.view(input_, *_unfolded(array.shape, steps_of(array), dimension, size, step))


def _unfolded(shape, steps, dimension, size, step) -> tuple:
    dim = check_dim("unfold", dimension, len(shape))
    longest = shape[dim] if shape else 1
    if size > longest:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {longest} but size is {size}")
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return [size], [1]
    sizes, strides = [*shape, size], [*steps, steps[dim]]
    sizes[dim], strides[dim] = (shape[dim] - size) // step + 1, step * steps[dim]
    return sizes, strides


unfold.vjp(
    input_=lambda g, input_shape, dimension, size, step: scatter_strided(
        g, input_shape, *_unfolded(input_shape, dense_steps(input_shape), dimension, size, step), 0
    )
)


@op("as_strided", view=True)
def as_strided(input_: Tensor, size: tuple, stride: tuple, storage_offset: int | None = None) -> Tensor:
    """A view of the tensor's storage with any sizes, strides and offset.

    Parameters
    ----------
    input_ : Tensor
        Whose storage is looked at.
    size, stride : sequence of int
        Sizes, and steps between neighbours in elements (not negative).
    storage_offset : int, optional
        Where the first element lies in the storage; by default where the tensor's own does.

    Returns
    -------
    Tensor
        A view of shape `size`.

    Raises
    ------
    RuntimeError
        If the view would leave the storage.

    Examples
    --------
    >>> lucid.as_strided(lucid.arange(6), (2, 2), (3, 1))
    Tensor([[0, 1],
            [3, 4]])
    """
    array = tensor_argument("as_strided", input_).array
    size, stride = shape_argument("as_strided", (size,)), shape_argument("as_strided", (stride,))
    start = check_strided(array, size, stride, storage_offset)
    return core.view(input_, size, stride, start)


def check_strided(array, size, stride, storage_offset) -> int:
    """Where a view of an array's storage begins, counted from the array's own first element.

    RuntimeError where it would leave the storage.
    """
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(n < 0 for n in size):
        raise RuntimeError(f"as_strided: Negative sizes are not supported, got {list(size)}")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    itemsize = array.itemsize
    address, nbytes = storage_of(array)
    own = (array.ctypes.data - address) // itemsize
    start = own if storage_offset is None else operator.index(storage_offset)
    if start < 0:
        raise RuntimeError(f"as_strided: storage_offset must be non-negative, got {start}")
    last = start + sum((n - 1) * step for n, step in zip(size, stride))
    if 0 not in size and (last + 1) * itemsize > nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {start}, and itemsize {itemsize} "
            f"requiring a storage size of {(last + 1) * itemsize} are out of bounds for storage of size {nbytes}"
        )
    return start - own if 0 not in size else 0


def extent(start: int, size: tuple, stride: tuple) -> tuple[int, int]:
    """Where the first and the last element of a layout lie in memory: an array of NumPy's may run backwards."""
    steps = [(n - 1) * step for n, step in zip(size, stride) if n]
    return start + sum(step for step in steps if step < 0), start + sum(step for step in steps if step > 0)


def _as_strided_backward(g, input_layout, size, stride, storage_offset):
    """Each element of the gradient goes back to its place in the storage; the input's elements are read from there.

    An element of the storage that the input shows several times divides its gradient among them.
    """
    shape, steps, own = input_layout
    size, stride = tuple(size), tuple(stride)
    offset = own if storage_offset is None else storage_offset
    ends = [extent(*one) for one in ((own, shape, steps), (offset, size, stride))]
    low = min(first for first, _ in ends)
    reach = max(last for _, last in ends) - low + 1
    row = scatter_strided(g, (reach,), size, stride, offset - low)
    if overlapping(shape, steps):
        times = scatter_strided(Supplied.ones(shape, g.dtype), (reach,), shape, steps, own - low)
        times.array[times.array == 0] = 1
        row = DECLARED["div"].function(row, times)
    return piece(row, shape, steps, own - low)


as_strided.vjp(input_=_as_strided_backward)


@op("Tensor._scatter_strided")
def scatter_strided(input_: Tensor, shape, size, stride, offset) -> Tensor:
    """Zeros of `shape`, to which each element is added where `as_strided(size, stride, offset)` of them looks."""
    array = input_.array
    out = core.empty(shape, array.dtype)
    out.fill(0)
    if array.size:
        first, last = extent(offset, size, stride)
        if first < 0 or last >= out.size:
            raise RuntimeError("as_strided: the gradient of a view beyond its input is not defined")
        if 0 in stride:
            array = array.sum(tuple(k for k, step in enumerate(stride) if not step), keepdims=True)
        view = strided(out, array.shape, stride, offset)
        groups = list(itertools.product(*_apart(array.shape, stride)))
        if len(groups) == 1:
            view[...] = array
        else:
            for group in groups:
                view[group] += array[group]
    return wrap(out)


def _apart(size, stride) -> list:
    """Slices of each axis, as few as there can be, any combination of which names no element twice."""
    found, reach = [[slice(None)]] * len(size), 0
    for step, n, axis in sorted((abs(step), n, axis) for axis, (step, n) in enumerate(zip(stride, size))):
        if n > 1:
            every = min(n, reach // step + 1)
            found[axis] = [slice(first, None, every) for first in range(every)]
            reach += step * (n - 1)
    return found


@op("Tensor._piece", view=True)
def piece(input_: Tensor, size, stride, offset) -> Tensor:
    """A view of a contiguous tensor; the offset counts from its own first element."""
    return core.view(input_, size, stride, offset)


@op("Tensor._replace_piece")
def replace_piece(input_: Tensor, src: Tensor, size, stride, offset) -> Tensor:
    """A copy of a contiguous tensor in which `piece(size, stride, offset)` is replaced by `src`."""
    out = copied(input_.array)
    strided(out, size, stride, offset)[...] = src.array
    return wrap(out)


scatter_strided.vjp(input_=lambda g, size, stride, offset: piece(contiguous(g), size, stride, offset))
piece.vjp(input_=lambda g, input_shape, size, stride, offset: scatter_strided(g, input_shape, size, stride, offset))
replace_piece.vjp(
    input_=lambda g, src_shape, size, stride, offset: replace_piece(
        contiguous(g), Supplied.zeros(src_shape, g.dtype), size, stride, offset
    ),
    src=lambda g, size, stride, offset: piece(contiguous(g), size, stride, offset),
)


# ------------------------------------------------------------------------------------------------ several pieces


@op("split_with_sizes", view=True)
@doc()
def split_with_sizes(input_: Tensor, split_sizes: tuple, dim: int = 0) -> tuple:
    """The tensor divided along `dim` into pieces of these sizes, as views.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    split_sizes : sequence of int
        How long each piece is.

    Returns
    -------
    tuple of Tensor
        Views: they share memory with the input.

    Examples
    --------
    >>> lucid.split_with_sizes(lucid.tensor([1, 2, 3]), (1, 2))
    (Tensor([1]), Tensor([2, 3]))
    """
    shape = tensor_argument("split_with_sizes", input_).array.shape
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = check_dim("split_with_sizes", dim, len(shape))
    sizes = shape_argument("split_with_sizes", (split_sizes,))
    if min(sizes, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(sizes)}"
        )
    if sum(sizes) != shape[dim]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {shape[dim]} (input tensor's size at dimension "
            f"{dim}), but got split_sizes={list(sizes)}"
        )
    return core.sections(input_, dim, sizes)


def _together(gradients, shape, dim, lengths, dtype):
    """The gradient of what was divided: those of the pieces side by side, zeros where there is none."""
    dim %= len(shape)
    gradients = gradients if isinstance(gradients, (list, tuple)) else [gradients]
    whole = [
        Supplied.zeros((*shape[:dim], n, *shape[dim + 1 :]), dtype) if g is None else g
        for g, n in zip(gradients, lengths)
    ]
    return DECLARED["cat"].function(whole, dim)


split_with_sizes.vjp(
    input_=lambda g, input_shape, input_dtype, split_sizes, dim: _together(
        g, input_shape, dim, split_sizes, input_dtype
    )
)


@op("split", composite=True, view=True)
def split(tensor: Tensor, split_size_or_sections: int | tuple, dim: int = 0) -> tuple:
    """The tensor divided along `dim` into pieces.

    Parameters
    ----------
    tensor : Tensor
        With at least one dimension.
    split_size_or_sections : int or sequence of int
        The size of each piece (the last may be smaller), or all sizes.
    dim : int, optional
        The dimension that is divided.

    Returns
    -------
    tuple of Tensor
        Views.

    Examples
    --------
    >>> lucid.split(lucid.tensor([1, 2, 3]), 2)
    (Tensor([1, 2]), Tensor([3]))
    """
    if not hasattr(split_size_or_sections, "__index__"):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    shape = tensor_argument("split", tensor, 1, "tensor").array.shape
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim, size = check_dim("split", dim, len(shape)), operator.index(split_size_or_sections)
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    total = shape[dim]
    if size == 0 and total:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {total}"
        )
    count = max(-(-total // size), 1) if size else 1
    return split_with_sizes(tensor, [min(size, total - i * size) for i in range(count)], dim)


@op("chunk", composite=True, view=True)
@doc()
def chunk(input_: Tensor, chunks: int, dim: int = 0) -> tuple:
    """The tensor divided along `dim` into at most `chunks` pieces of one size; the last may be smaller.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    chunks : int
        How many pieces.

    Returns
    -------
    tuple of Tensor
        Views.

    Examples
    --------
    >>> lucid.chunk(lucid.tensor([1, 2, 3]), 2)
    (Tensor([1, 2]), Tensor([3]))
    """
    shape = tensor_argument("chunk", input_).array.shape
    if not shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = check_dim("chunk", dim, len(shape))
    total = shape[dim]
    if not total:
        return split_with_sizes(input_, [0] * chunks, dim)
    size = -(-total // chunks)
    return split_with_sizes(input_, [size] * (total // size) + [total % size] * (total % size > 0), dim)


@op("unsafe_split", composite=True)
@doc()
def unsafe_split(input_: Tensor, split_size: int, dim: int = 0) -> tuple:
    """`split`, whose pieces may be written to in a graph.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    split_size : int
        How long each piece is; the last may be shorter.

    Returns
    -------
    tuple of Tensor
        Views: they share memory with the input.

    Examples
    --------
    >>> lucid.unsafe_split(lucid.tensor([1, 2, 3]), 2)
    (Tensor([1, 2]), Tensor([3]))
    """
    return tuple(map(_alone, split(input_, split_size, dim)))


@op("unsafe_chunk", composite=True)
@doc()
def unsafe_chunk(input_: Tensor, chunks: int, dim: int = 0) -> tuple:
    """`chunk`, whose pieces may be written to in a graph.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    chunks : int
        How many pieces.

    Returns
    -------
    tuple of Tensor
        Views: they share memory with the input.

    Examples
    --------
    >>> lucid.unsafe_chunk(lucid.tensor([1, 2, 3]), 2)
    (Tensor([1, 2]), Tensor([3]))
    """
    return tuple(map(_alone, chunk(input_, chunks, dim)))


def _alone(piece: Tensor) -> Tensor:
    piece._base, piece._base_node, piece._view, piece._counter = None, None, WRITABLE, None
    return piece


def _sections(name: str, size: int, indices_or_sections) -> list[int]:
    """The sizes of the pieces that `tensor_split` makes of a dimension."""
    if isinstance(indices_or_sections, Tensor):
        given = indices_or_sections
        if given.array.ndim > 1:
            raise RuntimeError(f"{name} expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, "
                               f"but got a tensor with {given.array.ndim} dims")  # fmt: skip
        if given.dtype is not dtypes.int64:
            raise RuntimeError(f"{name} expected tensor_indices_or_sections to have dtype of long, but got {torch_name(given.dtype)}")
        indices_or_sections = given.tolist()
    if hasattr(indices_or_sections, "__index__"):
        n = operator.index(indices_or_sections)
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        return [size // n + 1] * (size % n) + [size // n] * (n - size % n)  # too many end here, as a MemoryError
    edges, lengths = [0, *shape_argument(name, (indices_or_sections,)), size], []
    for i, (low, high) in enumerate(zip(edges, edges[1:])):
        low, high, _ = slice(low if i else 0, high).indices(size)
        lengths.append((low, max(low, high)))
    return lengths


@op("tensor_split", composite=True, view=True)
def tensor_split(input_: Tensor, indices_or_sections: int | tuple, dim: int = 0) -> tuple:
    """The tensor divided along `dim` into sections of nearly equal size, or at the given indices.

    Parameters
    ----------
    input_ : Tensor
        With at least one dimension.
    indices_or_sections : int, sequence of int or Tensor
        The number of sections, or the indices at which a new one begins.
    dim : int, optional
        The dimension that is divided.

    Returns
    -------
    tuple of Tensor
        Views.

    Examples
    --------
    >>> lucid.tensor_split(lucid.tensor([1, 2, 3]), 2)
    (Tensor([1, 2]), Tensor([3]))
    """
    shape = tensor_argument("tensor_split", input_).array.shape
    if not shape:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = check_dim("tensor_split", dim, len(shape))
    found, start, lead = [], 0, [slice(None)] * dim
    for n in _sections("tensor_split", shape[dim], indices_or_sections):
        low, high = n if type(n) is tuple else (start, start + n)
        found.append(index_basic(input_, (*lead, slice(low, high))))
        start = high
    return tuple(found)


def _split_at(name: str, input_: Tensor, indices_or_sections, dim: int, least: int) -> tuple:
    shape = tensor_argument(name, input_).array.shape
    if len(shape) < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {len(shape)} "
            "dimensions!"
        )
    if hasattr(indices_or_sections, "__index__"):
        n = operator.index(indices_or_sections)
        if n == 0 or shape[dim] % n:
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {shape[dim]} is "
                f"not divisible by the split_size {n}!"
            )
    return tensor_split(input_, indices_or_sections, dim)


@op("hsplit", composite=True, view=True)
def hsplit(input_: Tensor, indices_or_sections: int | tuple) -> tuple:
    """The tensor divided along its second dimension (its only one, if 1-d) into equal sections or at indices.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    indices_or_sections : int or sequence of int
        How many pieces, or where to cut.

    Returns
    -------
    tuple of Tensor
        Views: they share memory with the input.

    Examples
    --------
    >>> lucid.hsplit(lucid.tensor([1, 2, 3, 4]), 2)
    (Tensor([1, 2]), Tensor([3, 4]))
    """
    return _split_at("hsplit", input_, indices_or_sections, 1 if input_.array.ndim > 1 else 0, 1)


@op("vsplit", composite=True, view=True)
@like(hsplit)
def vsplit(input_: Tensor, indices_or_sections: int | tuple) -> tuple:
    """The tensor divided along its first dimension into equal sections or at indices.

    Examples
    --------
    >>> lucid.vsplit(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 2)
    (Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]))
    """
    return _split_at("vsplit", input_, indices_or_sections, 0, 2)


@op("dsplit", composite=True, view=True)
@like(hsplit)
def dsplit(input_: Tensor, indices_or_sections: int | tuple) -> tuple:
    """The tensor divided along its third dimension into equal sections or at indices.

    Examples
    --------
    >>> lucid.dsplit(lucid.ones(1, 1, 2), 2)
    (Tensor([[[1.0]]]), Tensor([[[1.0]]]))
    """
    return _split_at("dsplit", input_, indices_or_sections, 2, 3)


@op("unbind", view=True)
@doc()
def unbind(input_: Tensor, dim: int = 0) -> tuple:
    """The slices of dimension `dim`, each without it, as views.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    tuple of Tensor
        Views: they share memory with the input.

    Examples
    --------
    >>> lucid.unbind(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    (Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
    """
    shape = tensor_argument("unbind", input_).array.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return core.slices(input_, check_dim("unbind", dim, len(shape)))


def _unbind_backward(gradients, input_shape, input_dtype, dim):
    dim %= len(input_shape)
    shape = (*input_shape[:dim], *input_shape[dim + 1 :])
    gradients = gradients if isinstance(gradients, (list, tuple)) else [gradients]
    return Supplied.stack([Supplied.zeros(shape, input_dtype) if g is None else g for g in gradients], dim)


unbind.vjp(input_=_unbind_backward)


Supplied.piece = piece
Supplied.replace_piece = replace_piece
Supplied.scatter_strided = scatter_strided
