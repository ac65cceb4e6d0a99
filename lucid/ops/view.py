"""Views and copies: results that share memory with their input, or lay the same elements out anew.

A view is a NumPy array over the same memory; `view_of` ties it to its base, so that the version counter and in-place
writes reach both. The rules are views themselves wherever they can be.
"""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import strided, wrap
from lucid.autograd.op import Supplied, op
from lucid.dtypes import as_dtype
from lucid.ops._frame import (
    cast,
    copied,
    elements,
    memory_order,
    move,
    ordered_empty,
    shape_argument,
    tensor_argument,
    view_of,
)
from lucid.tensor import Tensor, storage_of

# ------------------------------------------------------------------------------------------------ shape


@op("Tensor.expand", view=True)
def expand(input_: Tensor, size) -> Tensor:
    """Dimensions of size 1 seen as larger, without a copy; -1 keeps a size.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : sequence of int
        The sizes wanted; more than the tensor has go in front.

    Returns
    -------
    Tensor
        A view of shape `size`.

    Raises
    ------
    RuntimeError
        If a dimension whose size is not 1 would change.
    """
    array = input_.array
    size = tuple(size)
    lead = len(size) - array.ndim
    if lead < 0:
        raise RuntimeError(
            f"expand({list(array.shape)}, size={list(size)}): the number of sizes provided ({len(size)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({array.ndim})"
        )
    itemsize = array.itemsize
    shape, steps = list(size), [0] * lead
    for i in range(lead):
        if size[i] < 0:
            raise RuntimeError(
                f"expand({list(array.shape)}, size={list(size)}): The expanded size of the tensor ({size[i]}) isn't "
                f"allowed in a leading, non-existing dimension {i}"
            )
    for i, (own, step) in enumerate(zip(array.shape, array.strides), lead):
        wanted = size[i]
        if wanted == -1 or wanted == own:
            shape[i] = own
            steps.append(step // itemsize)
        elif own == 1 and wanted >= 0:
            steps.append(0)
        else:
            raise RuntimeError(
                f"The expanded size of the tensor ({wanted}) must match the existing size ({own}) at non-singleton "
                f"dimension {i}.  Target sizes: {list(size)}.  Tensor sizes: {list(array.shape)}"
            )
    return view_of(input_, strided(array, shape, steps))


expand.vjp(input_=lambda g: g)


def view_strides(array, shape: tuple) -> list | None:
    """The strides, in elements, with which an array's memory is seen in another shape; None if only a copy can be.

    Source: each run of the old dimensions that is contiguous in itself can be divided anew.
    """
    itemsize = array.itemsize
    if array.size == 0 or array.flags.c_contiguous:
        steps, step = [], 1
        for size in reversed(shape):
            steps.append(step)
            step *= max(size, 1)
        return steps[::-1]
    old = [(size, step // itemsize) for size, step in zip(array.shape, array.strides) if size != 1]
    steps = [1] * len(shape)
    at = len(shape) - 1
    i = len(old) - 1
    while i >= 0:
        size, base = old[i]
        while i > 0 and old[i - 1][1] == size * base:
            i -= 1
            size *= old[i][0]
        step = base
        while at >= 0 and size > 1:
            if size % shape[at]:
                return None
            steps[at] = step
            step *= shape[at]
            size //= shape[at]
            at -= 1
        if size != 1:
            return None
        i -= 1
    while at >= 0:
        steps[at] = 1
        at -= 1
    return steps


def infer_shape(name: str, shape: tuple, total: int) -> tuple:
    """The shape with its -1 replaced. RuntimeError where the sizes do not make `total`."""
    known, hole = 1, None
    for i, size in enumerate(shape):
        if size == -1:
            if hole is not None:
                raise RuntimeError("only one dimension can be inferred")
            hole = i
        elif size < 0:
            raise RuntimeError(f"invalid shape dimension {size} at index {i} of shape {list(shape)}")
        else:
            known *= size
    if hole is None:
        if known != total:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {total}")
        return shape
    if known == 0:
        if total:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {total}")
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    if total % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {total}")
    return (*shape[:hole], total // known, *shape[hole + 1 :])


@op("reshape", view=True)
def reshape(input_: Tensor, shape) -> Tensor:
    """The same elements in another shape; a view where the layout allows it, else a copy.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    shape : sequence of int
        The sizes wanted; one may be -1 and is inferred.

    Returns
    -------
    Tensor
        Of shape `shape`.

    Raises
    ------
    RuntimeError
        If the sizes do not make the number of elements.
    """
    tensor_argument("reshape", input_)
    array = input_.array
    shape = infer_shape("reshape", shape_argument("reshape", (shape,)), array.size)
    steps = view_strides(array, shape)
    if steps is None:
        return wrap(copied(array).reshape(shape))
    return view_of(input_, strided(array, shape, steps))


reshape.vjp(input_=lambda g, input_: reshape(g, input_.array.shape))


@op("as_strided", view=True)
def as_strided(input_: Tensor, size, stride, storage_offset=None) -> Tensor:
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
    """
    array = tensor_argument("as_strided", input_).array
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(n < 0 for n in size):
        raise RuntimeError(f"as_strided: Negative sizes are not supported, got {list(size)}")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    itemsize = array.itemsize
    address, nbytes = storage_of(array)
    own = (array.ctypes.data - address) // itemsize
    start = own if storage_offset is None else storage_offset
    if start < 0:
        raise RuntimeError(f"as_strided: storage_offset must be non-negative, got {start}")
    last = start + sum((n - 1) * step for n, step in zip(size, stride))
    if 0 not in size and (last + 1) * itemsize > nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {start}, and itemsize {itemsize} "
            f"requiring a storage size of {(last + 1) * itemsize} are out of bounds for storage of size {nbytes}"
        )
    return view_of(input_, strided(array, size, stride, start - own))


def _as_strided_backward(g, input_, size, stride, storage_offset):
    if not input_.array.flags.c_contiguous:
        raise RuntimeError(
            "as_strided: the gradient for an input that is not contiguous is not defined here: use clone()"
        )
    own = input_.storage_offset()
    offset = (own if storage_offset is None else storage_offset) - own
    return _scatter_add_strided(g, tuple(input_.array.shape), tuple(size), tuple(stride), offset)


as_strided.vjp(input_=_as_strided_backward)


@op("_scatter_add_strided")
def _scatter_add_strided(input_: Tensor, shape, size, stride, offset) -> Tensor:
    """Zeros of `shape`, to which each element is added where `as_strided(size, stride, offset)` looks."""
    import numpy as np

    out = core.empty(shape, input_.array.dtype)
    out.fill(0)
    flat_ = out.reshape(-1)
    positions = np.full((), offset, np.intp)
    for n, step in zip(size, stride):
        positions = positions[..., None] + np.arange(n) * step
    if positions.size and not (positions.min() >= 0 and positions.max() < flat_.size):
        raise RuntimeError("as_strided: the gradient of a view beyond its input is not defined")
    np.add.at(flat_, positions, input_.array)
    return wrap(out)


_scatter_add_strided.vjp(input_=lambda g, size, stride, offset: as_strided(contiguous(g), size, stride, offset))


@op("as_strided_scatter")
def as_strided_scatter(input_: Tensor, src: Tensor, size, stride, storage_offset=None) -> Tensor:
    """A copy of the input in which `as_strided(size, stride, storage_offset)` of it is replaced by `src`.

    Returns
    -------
    Tensor
        Of the input's shape, contiguous.
    """
    out = copied(input_.array)
    piece = as_strided(wrap(out), size, stride, storage_offset or 0)
    piece.array[...] = src.array
    return wrap(out)


as_strided_scatter.vjp(
    input_=lambda g, src, size, stride, storage_offset: as_strided_scatter(
        contiguous(g), Supplied.zeros(src.array.shape, g.dtype), size, stride, storage_offset
    ),
    src=lambda g, size, stride, storage_offset: as_strided(contiguous(g), size, stride, storage_offset or 0),
)


# ------------------------------------------------------------------------------------------------ copies


@op("clone")
def clone(input_: Tensor, *, memory_format=None) -> Tensor:
    """A copy with memory of its own, that stays in the graph.

    Returns
    -------
    Tensor
        Of the input's shape and dtype; dense inputs keep their order of dimensions in memory.
    """
    array = tensor_argument("clone", input_).array
    if array.flags.c_contiguous or getattr(memory_format, "name", "") == "contiguous_format":
        return wrap(copied(array))
    out = ordered_empty(array.shape, memory_order(array.shape, [elements(array.strides, array.itemsize)]), array.dtype)
    move(array, out)
    return wrap(out)


clone.vjp(input_=lambda g: g)


@op("Tensor.contiguous", composite=True)
def contiguous(input_: Tensor, memory_format=None) -> Tensor:
    """The tensor itself if its elements lie in the order of their indices; a copy that does, otherwise."""
    if input_.array.flags.c_contiguous:
        return input_
    return clone(input_, memory_format=_CONTIGUOUS)


class _CONTIGUOUS:
    name = "contiguous_format"


@op("detach", gradient=False, view=True)
def detach(input_: Tensor) -> Tensor:
    """A tensor over the same memory, outside the graph; writes to either reach both, and are counted."""
    out = wrap(tensor_argument("detach", input_).array)
    out._version = core.version_of(input_)
    return out


@op("Tensor._to_dtype")
def to_dtype(input_: Tensor, dtype) -> Tensor:
    """A copy in another dtype."""
    return wrap(cast(input_.array, as_dtype(dtype).numpy))


to_dtype.vjp(input_=lambda g, input_: to_dtype(g, input_.dtype))


@op("Tensor._alias", view=True)
def alias(input_: Tensor) -> Tensor:
    """A view of the whole."""
    return view_of(input_, input_.array)


alias.vjp(input_=lambda g: g)


def _fit_dtype(gradient: Tensor, dtype) -> Tensor:
    return to_dtype(gradient, dtypes.from_numpy_dtype(dtype))


Supplied.as_strided = as_strided
Supplied.as_strided_scatter = as_strided_scatter
Supplied.clone = lambda gradient: wrap(copied(gradient.array))
Supplied.contiguous = contiguous
Supplied.view_alias = alias
Supplied.cast = _fit_dtype
