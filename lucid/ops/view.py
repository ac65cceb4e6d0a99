"""Views: results that share memory with their input.

A view is a tensor over the same memory with other sizes and strides; `core.view` makes it and ties it to its base, so
that the version counter and in-place writes reach both. What a view's rule needs is at most the input's shape, so a
view keeps nothing. Operations whose pieces do not fit a shape have one adjoint in common, `_scatter_strided`.
"""

from __future__ import annotations

import operator
import warnings

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import strided, view_of, wrap
from lucid.autograd.op import DECLARED, Supplied, check_recordable, op, past_of, torch_name
from lucid.dtypes import as_dtype
from lucid.formats import contiguous_format
from lucid.ops._doc import like
from lucid.ops._frame import (
    broadcast_shapes,
    cast,
    copied,
    dims_argument,
    elements,
    memory_order,
    move,
    ordered_empty,
    shape_argument,
    tensor_argument,
)
from lucid.tensor import Tensor, check_dim, storage_of


def variadic(function, argument: str):
    """The method of an operation on one more argument, which takes that also item by item or by its name."""
    name, others = function.op.name, function.op.parameters[2:]

    def method(self, *values, **named):
        if not values:
            if argument not in named:
                raise TypeError(f'{name}() missing 1 required positional arguments: "{argument}"')
            return function(self, **named)
        for other in named:
            if other not in others:
                raise TypeError(f"{name}() got an unexpected keyword argument '{other}'")
        return function(self, values if len(values) > 1 else numbers(values), **named)

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__doc__ = function.__doc__
    return method


def numbers(sizes) -> tuple:
    """Sizes as methods take them: `x.view(2, 3)` or `x.view((2, 3))`."""
    if len(sizes) == 1 and type(sizes[0]) is not int and not hasattr(sizes[0], "__index__"):
        return sizes[0]
    if len(sizes) == 1 and isinstance(sizes[0], Tensor) and sizes[0].array.ndim:
        return sizes[0].tolist()
    return sizes


def steps_of(array) -> tuple[int, ...]:
    """The strides of an array in elements."""
    return elements(array.strides, array.itemsize)


def dense_steps(shape) -> list[int]:
    """The strides, in elements, of a contiguous tensor of this shape."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= max(size, 1)
    return steps[::-1]


def overlapping(shape, steps) -> bool:
    """Whether two indices may mean one element."""
    reach = 0
    for step, size in sorted((step, size) for step, size in zip(steps, shape) if size != 1):
        if step <= reach:
            return True
        reach += step * (size - 1)
    return False


# ------------------------------------------------------------------------------------------------ other sizes


@op("Tensor.expand", view=True)
def expand(input_: Tensor, size, *, implicit: bool = False) -> Tensor:
    """Dimensions of size 1 seen as larger, without a copy; -1 keeps a size.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : sequence of int
        The sizes wanted; more than the tensor has go in front.
    implicit : bool, optional
        For PyTorch's programs; has no effect.

    Returns
    -------
    Tensor
        A view of shape `size`.

    Raises
    ------
    RuntimeError
        If a dimension whose size is not 1 would change.

    Examples
    --------
    >>> lucid.tensor([[1], [2]]).expand(2, 2)
    Tensor([[1, 1],
            [2, 2]])
    """
    found = core.expanded(input_, size) if type(size) is tuple else None
    if found is not None:
        return found
    array = input_.array
    size = shape_argument("expand", (size,))
    lead = len(size) - array.ndim
    if lead < 0:
        raise RuntimeError(
            f"expand({list(array.shape)}, size={list(size)}): the number of sizes provided ({len(size)}) must be "
            f"greater or equal to the number of dimensions in the tensor ({array.ndim})"
        )
    itemsize = array.itemsize
    shape, steps = list(size), []
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
    first = array.shape[0] * array.strides[0] // itemsize if array.ndim else 1
    for i in range(lead - 1, -1, -1):  # a new dimension of size 1 gets the stride that PyTorch gives it
        steps.insert(0, 0 if size[i] != 1 else first)
    return core.view(input_, shape, steps)


expand.vjp(input_=lambda g: g)


@op("Tensor.expand_as", composite=True, view=True)
def expand_as(input_: Tensor, other: Tensor) -> Tensor:
    """The tensor expanded to the shape of another.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    other : Tensor
        The second operand.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.tensor([1, 2]).expand_as(lucid.ones(2, 2))
    Tensor([[1, 2],
            [1, 2]])
    """
    return expand(input_, tensor_argument("expand_as", other, 2, "other").array.shape)


@op("broadcast_to", composite=True, view=True)
def broadcast_to(input_: Tensor, size) -> Tensor:
    """The tensor expanded to `size`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : int or sequence of int
        The shape.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.broadcast_to(lucid.tensor([1, 2]), (2, 2))
    Tensor([[1, 2],
            [1, 2]])
    """
    return expand(input_, size)


@op("broadcast_tensors", composite=True, view=True)
def broadcast_tensors(*tensors: Tensor) -> tuple:
    """The tensors, each expanded to the shape that they broadcast to.

    Parameters
    ----------
    *tensors : sequence of Tensor
        What is joined.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.broadcast_tensors(lucid.tensor([1, 2]), lucid.tensor([[3], [4]]))[1]
    Tensor([[3, 3],
            [4, 4]])
    """
    tensors = unpacked(tensors)
    shape = broadcast_shapes(*[one.array.shape for one in tensors]) if tensors else ()
    return tuple(expand(one, shape) for one in tensors)


@op("broadcast_shapes", gradient=False)
def broadcast_shapes_(*shapes):
    """The Size that shapes broadcast to; an int counts as a shape of one dimension.

    Parameters
    ----------
    *shapes : sequence of int, or int
        The shapes.

    Returns
    -------
    Size
        The shape.

    Examples
    --------
    >>> lucid.broadcast_shapes((2, 1), (3,))
    lucid.Size([2, 3])
    """
    shapes = [(one,) if isinstance(one, int) else tuple(one) for one in shapes]
    if any(size < 0 for shape in shapes for size in shape):
        raise RuntimeError("Trying to create tensor with negative dimension")
    return Tensor.size(wrap(core.empty((), dtypes.float32.numpy))) + (broadcast_shapes(*shapes) if shapes else ())


def unpacked(tensors) -> tuple:
    """Tensors given one by one or as one sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tuple(tensors[0])
    return tensors


def view_strides(array, shape: tuple) -> list | None:
    """The strides, in elements, with which an array's memory is seen in another shape; None if only a copy can be.

    Each run of the old dimensions that is contiguous in itself can be divided anew.
    """
    itemsize = array.itemsize
    if array.size == 0 or array.flags.c_contiguous:
        return list(steps_of(array)) if array.shape == shape else dense_steps(shape)
    old = [(size, step // itemsize) for size, step in zip(array.shape, array.strides) if size != 1]
    steps = [1] * len(shape)
    at, i = len(shape) - 1, len(old) - 1
    step = 1
    while i >= 0:
        size, step = old[i]
        while i > 0 and old[i - 1][1] == old[i][0] * old[i][1]:
            i -= 1
            size *= old[i][0]
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
        steps[at] = step
        at -= 1
    return steps


def infer_shape(shape: tuple, total: int) -> tuple:
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

    Examples
    --------
    >>> lucid.reshape(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), (4,))
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    found = core.reshaped(input_, shape) if type(shape) is tuple and isinstance(input_, Tensor) else None
    if found is not None:
        return found
    array = tensor_argument("reshape", input_).array
    shape = infer_shape(shape_argument("reshape", (shape,)), array.size)
    steps = view_strides(array, shape)
    if steps is None:
        return wrap(copied(array).reshape(shape))
    return core.view(input_, shape, steps)


reshape.vjp(input_=lambda g, input_shape: reshape(g, input_shape))


@op("Tensor.view", view=True)
def view(input_: Tensor, size) -> Tensor:
    """The same memory in another shape.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : sequence of int
        The sizes wanted; one may be -1 and is inferred. As a method also one after the other, or a dtype, as which
        the memory is seen.

    Returns
    -------
    Tensor
        A view of shape `size`.

    Raises
    ------
    RuntimeError
        If the sizes do not make the number of elements, or the layout allows no view.

    Examples
    --------
    >>> lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).view(4)
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    found = core.reshaped(input_, size) if type(size) is tuple else None
    if found is not None:
        return found
    array = input_.array
    shape = infer_shape(shape_argument("view", (size,)), array.size)
    steps = view_strides(array, shape)
    if steps is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return core.view(input_, shape, steps)


view.vjp(input_=lambda g, input_shape: reshape(g, input_shape))


@op("Tensor._view_dtype", gradient=False, view=True)
def view_dtype(input_: Tensor, dtype) -> Tensor:
    """The same memory seen as another dtype; the last dimension grows or shrinks where the item sizes differ."""
    array, dtype = input_.array, as_dtype(dtype)
    old, new = array.itemsize, dtype.itemsize
    if old != new:
        said = f"to view {torch_name(input_.dtype)} as {torch_name(dtype)} (different element sizes)"
        if not array.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {said}")
        if array.strides[-1] != old:
            raise RuntimeError(f"self.stride(-1) must be 1 {said}, but got {array.strides[-1] // old}")
        if new > old:
            ratio = new // old
            if array.shape[-1] % ratio:
                raise RuntimeError(
                    f"self.size(-1) must be divisible by {ratio} {said}, but got {array.shape[-1]}"
                )
            if any(step // old % ratio for step in array.strides[:-1]):
                raise RuntimeError(f"self.stride() must be divisible by {ratio} {said}, but got {input_.stride()}")
            if array.ctypes.data % new:
                raise RuntimeError(f"self.storage_offset() must be divisible by {ratio} {said}")
    return view_of(input_, array.view(dtype.numpy))


_view_sizes = variadic(view, "size")


def _view(self, *size, dtype=None, **named):
    if dtype is not None or (len(size) == 1 and type(size[0]) is dtypes.dtype):
        return view_dtype(self, size[0] if dtype is None else dtype)
    return _view_sizes(self, *size, **named)


@op("Tensor.view_as", composite=True, view=True)
@like(expand_as)
def view_as(input_: Tensor, other: Tensor) -> Tensor:
    """The tensor viewed in the shape of another.

    Examples
    --------
    >>> lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).view_as(lucid.ones(4))
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    return view(input_, tensor_argument("view_as", other, 2, "other").array.shape)


@op("Tensor.reshape_as", composite=True, view=True)
@like(expand_as)
def reshape_as(input_: Tensor, other: Tensor) -> Tensor:
    """The tensor reshaped to the shape of another.

    Examples
    --------
    >>> lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape_as(lucid.ones(4))
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    return reshape(input_, tensor_argument("reshape_as", other, 2, "other").array.shape)


@op("ravel", composite=True, view=True)
def ravel(input_: Tensor) -> Tensor:
    """All elements in one dimension; a view where the tensor is contiguous.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.ravel(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    return reshape(contiguous(input_), (input_.array.size,))


@op("flatten", composite=True, view=True)
def flatten(input_: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` as one; a view where the layout allows it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    start_dim : int, optional
        The first dimension that is flattened.
    end_dim : int, optional
        The last one.

    Returns
    -------
    Tensor
        Of the same elements in the same order; a 0-d input becomes a 1-d tensor.

    Examples
    --------
    >>> lucid.flatten(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    if start_dim == 0 and end_dim == -1 and input_.array.ndim > 1 and input_.array.size:
        return reshape(input_, (-1,))
    shape = tensor_argument("flatten", input_).array.shape
    first, last = check_dim("flatten", start_dim, len(shape)), check_dim("flatten", end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input_, (1,))
    if first == last:
        return input_
    n = 1
    for size in shape[first : last + 1]:
        n *= size
    return reshape(input_, (*shape[:first], n, *shape[last + 1 :]))


@op("unflatten", composite=True, view=True)
def unflatten(input_: Tensor, dim: int, sizes) -> Tensor:
    """Dimension `dim` divided into several of sizes `sizes`, one of which may be -1.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.
    sizes : sequence of int
        The sizes.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.unflatten(lucid.arange(4), 0, (2, 2))
    Tensor([[0, 1],
            [2, 3]])
    """
    shape = tensor_argument("unflatten", input_).array.shape
    dim = check_dim("unflatten", dim, len(shape))
    sizes = shape_argument("unflatten", (sizes,))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        inner = infer_shape(sizes, shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in the "
            "input tensor"
        ) from None
    return view(input_, (*shape[:dim], *inner, *shape[dim + 1 :]))


@op("squeeze", view=True)
def squeeze(input_: Tensor, dim=None) -> Tensor:
    """Without its dimensions of size 1, or without those among `dim`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or sequence of int, optional
        Which dimensions to leave out if their size is 1; all by default.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> lucid.squeeze(lucid.ones(1, 2, 1)).shape
    lucid.Size([2])
    """
    if dim is None or type(dim) is int:
        found = core.squeezed(input_, dim)
        if found is not None:
            return found
    array = tensor_argument("squeeze", input_).array
    dims = dims_argument("squeeze", dim, array.ndim, all_when_empty=False)
    itemsize = array.itemsize
    kept = [
        (n, step // itemsize) for i, (n, step) in enumerate(zip(array.shape, array.strides)) if n != 1 or i not in dims
    ]
    return core.view(input_, [n for n, _ in kept], [step for _, step in kept])


squeeze.vjp(input_=lambda g, input_shape: reshape(g, input_shape))


@op("unsqueeze", view=True)
def unsqueeze(input_: Tensor, dim: int) -> Tensor:
    """With a dimension of size 1 put in at `dim`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> lucid.unsqueeze(lucid.tensor([1, 2]), 0)
    Tensor([[1, 2]])
    """
    found = core.unsqueezed(input_, dim)
    if found is None:
        check_dim("unsqueeze", dim, input_.array.ndim + 1)
        raise RuntimeError("a tensor has at most 64 dimensions")
    return found


unsqueeze.vjp(input_=lambda g, input_shape: reshape(g, input_shape))


@op("atleast_1d", composite=True, view=True)
@like(broadcast_tensors)
def atleast_1d(*tensors):
    """Each tensor with at least one dimension; a tuple where several are given.

    Examples
    --------
    >>> lucid.atleast_1d(lucid.tensor(1.0))
    Tensor([1.0])
    """
    return _each(tensors, lambda x: x if x.array.ndim else reshape(x, (1,)))


@op("atleast_2d", composite=True, view=True)
@like(broadcast_tensors)
def atleast_2d(*tensors):
    """Each tensor with at least two dimensions; a tuple where several are given.

    Examples
    --------
    >>> lucid.atleast_2d(lucid.tensor(1.0))
    Tensor([[1.0]])
    """
    return _each(
        tensors,
        lambda x: x if x.array.ndim > 1 else unsqueeze(x, 0) if x.array.ndim else reshape(x, (1, 1)),
    )


@op("atleast_3d", composite=True, view=True)
@like(broadcast_tensors)
def atleast_3d(*tensors):
    """Each tensor with at least three dimensions; a tuple where several are given.

    Examples
    --------
    >>> lucid.atleast_3d(lucid.tensor(1.0))
    Tensor([[[1.0]]])
    """

    def grow(x):
        ndim = x.array.ndim
        if ndim == 0:
            return reshape(x, (1, 1, 1))
        if ndim == 1:
            return unsqueeze(unsqueeze(x, 0), -1)
        return unsqueeze(x, -1) if ndim == 2 else x

    return _each(tensors, grow)


def _each(tensors, change):
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return change(tensors[0])
    return tuple(change(one) for one in unpacked(tensors))


# ------------------------------------------------------------------------------------------------ order of dimensions


@op("transpose", view=True)
def transpose(input_: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim0 : int
        The first dimension.
    dim1 : int
        The first of the two dimensions.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexError
        If there is no such dimension.

    Examples
    --------
    >>> lucid.transpose(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    found = core.transposed(input_, dim0, dim1)
    if found is None:
        ndim = input_.array.ndim
        check_dim("transpose", dim0, ndim), check_dim("transpose", dim1, ndim)
        return core.view_of(input_, input_.array)
    return found


transpose.vjp(input_=lambda g, dim0, dim1: transpose(g, dim0, dim1))


@op("swapaxes", composite=True, view=True)
def swapaxes(input_: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose` under NumPy's name.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    axis0 : int
        The first dimension.
    axis1 : int
        The second dimension.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.swapaxes(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    return transpose(input_, axis0, axis1)


@op("swapdims", composite=True, view=True)
def swapdims(input_: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` under another name.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim0 : int
        The first dimension.
    dim1 : int
        The first of the two dimensions.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.swapdims(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    return transpose(input_, dim0, dim1)


@op("t", composite=True, view=True)
@like(ravel)
def t(input_: Tensor) -> Tensor:
    """The transpose of a matrix; a tensor of fewer dimensions as it is.

    Examples
    --------
    >>> lucid.t(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    ndim = tensor_argument("t", input_).array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return transpose(input_, 0, 1 if ndim == 2 else 0)


@op("permute", view=True)
def permute(input_: Tensor, dims) -> Tensor:
    """The dimensions in another order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dims : sequence of int
        For each dimension of the result, which one of the input it is.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> lucid.permute(lucid.ones(2, 3, 4), (2, 0, 1)).shape
    lucid.Size([4, 2, 3])
    """
    found = core.permuted(input_, dims) if type(dims) is tuple else None
    if found is not None:
        return found
    array = tensor_argument("permute", input_).array
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    ndim = array.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    order = [check_dim("permute", dim, ndim) for dim in dims]
    if len(set(order)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return view_of(input_, array.transpose(order))


def _inverse(dims) -> list[int]:
    n = len(dims)
    found = [0] * n
    for i, dim in enumerate(dims):
        found[dim % n] = i
    return found


permute.vjp(input_=lambda g, dims: permute(g, _inverse((dims,) if isinstance(dims, int) else dims)))


@op("movedim", composite=True, view=True)
def movedim(input_: Tensor, source, destination) -> Tensor:
    """The dimensions `source` moved to `destination`; the others keep their order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    source, destination : int or sequence of int
        Where the dimensions are, and where they go.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> lucid.movedim(lucid.ones(2, 3, 4), 0, -1).shape
    lucid.Size([3, 4, 2])
    """
    ndim = tensor_argument("movedim", input_).array.ndim
    source, destination = (((one,) if isinstance(one, int) else tuple(one)) for one in (source, destination))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should contain the same number "
            f"of dims as destination ({list(destination)} dims)"
        )
    pairs = []
    for name, dims in (("source", source), ("destination", destination)):
        found = [check_dim("movedim", dim, ndim) for dim in dims]
        if len(set(found)) != len(found):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
        pairs.append(found)
    if not ndim:
        return view_of(input_, input_.array) if not input_.requires_grad else Supplied.view_alias(input_)
    rest = iter([i for i in range(ndim) if i not in pairs[0]])
    into = dict(zip(pairs[1], pairs[0]))
    return permute(input_, [into[i] if i in into else next(rest) for i in range(ndim)])


@op("moveaxis", composite=True, view=True)
def moveaxis(input_: Tensor, source, destination) -> Tensor:
    """`movedim` under NumPy's name.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    source : int or sequence of int
        Where the dimensions are.
    destination : int or sequence of int
        Where they go.

    Returns
    -------
    tuple of Tensor
        Views: they share memory with the input.

    Examples
    --------
    >>> lucid.moveaxis(lucid.ones(2, 3, 4), 0, -1).shape
    lucid.Size([3, 4, 2])
    """
    return movedim(input_, source, destination)


@op("adjoint", composite=True, view=True)
@like(ravel)
def adjoint(input_: Tensor) -> Tensor:
    """The last two dimensions exchanged, and complex numbers conjugated.

    Examples
    --------
    >>> lucid.adjoint(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    return _adjoint("tensor.adjoint() is only supported on matrices or batches of matrices.", input_)


def _adjoint(refusal: str, x: Tensor) -> Tensor:
    if x.array.ndim == 1:
        raise RuntimeError(f"{refusal} Got 1-D tensor.")
    x = transpose(x, -2, -1) if x.array.ndim else x
    return DECLARED["conj"].function(x) if x.array.dtype.kind == "c" else x


def _numpy_t(self):
    """The dimensions in reverse order."""
    if self.array.ndim == 2:
        return transpose(self, 0, 1)
    if self.array.ndim != 2 and self.array.ndim:
        warnings.warn(
            "x.T of a tensor that is not a matrix is deprecated in PyTorch: use x.mT for batches of matrices, or "
            "x.permute(*range(x.ndim)[::-1])", stacklevel=2,
        )  # fmt: skip
    return permute(self, tuple(range(self.array.ndim))[::-1])


def _matrix_t(self):
    """The last two dimensions exchanged."""
    if self.array.ndim == 1:
        raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return transpose(self, -2, -1) if self.array.ndim else self


def _matrix_h(self):
    """`adjoint()`."""
    return _adjoint("tensor.mH is only supported on matrices or batches of matrices.", self)


def _h(self):
    """The conjugate transpose of a matrix."""
    if self.array.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.array.ndim}-D tensor.")
    return _adjoint("", self)


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
def select(input_: Tensor, dim: int, index: int) -> Tensor:
    """The slice at `index` of dimension `dim`, without that dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.
    index : int or Tensor
        Where.

    Returns
    -------
    Tensor
        A view.

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
def narrow(input_: Tensor, dim: int, start, length: int) -> Tensor:
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
        A view.

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
        A view.

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
        A view where that can be: it shares memory with the input.

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
    import numpy as np

    array = input_.array
    out = core.empty(shape, array.dtype)
    out.fill(0)
    if array.size:
        first, last = extent(offset, size, stride)
        if first < 0 or last >= out.size:
            raise RuntimeError("as_strided: the gradient of a view beyond its input is not defined")
        if overlapping(size, stride):
            positions = np.full((), offset, np.intp)
            for n, step in zip(size, stride):
                positions = positions[..., None] + np.arange(n) * step
            np.add.at(out.reshape(-1), positions, array)
        else:
            strided(out, size, stride, offset)[...] = array
    return wrap(out)


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
def split_with_sizes(input_: Tensor, split_sizes, dim: int = 0) -> tuple:
    """The tensor divided along `dim` into pieces of these sizes, as views.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    split_sizes : sequence of int
        How long each piece is.
    dim : int, optional
        The dimension; negative numbers count from the last.

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
    if any(n < 0 for n in sizes):
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
def split(tensor: Tensor, split_size_or_sections, dim: int = 0) -> tuple:
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
def chunk(input_: Tensor, chunks: int, dim: int = 0) -> tuple:
    """The tensor divided along `dim` into at most `chunks` pieces of one size; the last may be smaller.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    chunks : int
        How many pieces.
    dim : int, optional
        The dimension; negative numbers count from the last.

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
    if not shape[dim]:
        return split_with_sizes(input_, [0] * chunks, dim)
    return split(input_, -(-shape[dim] // chunks), dim)


@op("unsafe_split", composite=True)
def unsafe_split(input_: Tensor, split_size: int, dim: int = 0) -> tuple:
    """`split`, whose pieces may be written to in a graph.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    split_size : int
        How long each piece is; the last may be shorter.
    dim : int, optional
        The dimension; negative numbers count from the last.

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
def unsafe_chunk(input_: Tensor, chunks: int, dim: int = 0) -> tuple:
    """`chunk`, whose pieces may be written to in a graph.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    chunks : int
        How many pieces.
    dim : int, optional
        The dimension; negative numbers count from the last.

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
    piece._base, piece._base_node, piece._view = None, None, 0
    return piece


def _sections(name: str, size: int, indices_or_sections) -> list[int]:
    """The sizes of the pieces that `tensor_split` makes of a dimension."""
    if isinstance(indices_or_sections, Tensor):
        given = indices_or_sections
        if given.array.ndim > 1 or given.dtype is not dtypes.int64:
            raise RuntimeError(
                f"{name} expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor of "
                f"int64, but got a tensor with {given.array.ndim} dims of {given.dtype}"
            )
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
def tensor_split(input_: Tensor, indices_or_sections, dim: int = 0) -> tuple:
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
def hsplit(input_: Tensor, indices_or_sections) -> tuple:
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
def vsplit(input_: Tensor, indices_or_sections) -> tuple:
    """The tensor divided along its first dimension into equal sections or at indices.

    Examples
    --------
    >>> lucid.vsplit(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 2)
    (Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]))
    """
    return _split_at("vsplit", input_, indices_or_sections, 0, 2)


@op("dsplit", composite=True, view=True)
@like(hsplit)
def dsplit(input_: Tensor, indices_or_sections) -> tuple:
    """The tensor divided along its third dimension into equal sections or at indices.

    Examples
    --------
    >>> lucid.dsplit(lucid.ones(1, 1, 2), 2)
    (Tensor([[[1.0]]]), Tensor([[[1.0]]]))
    """
    return _split_at("dsplit", input_, indices_or_sections, 2, 3)


@op("unbind", view=True)
def unbind(input_: Tensor, dim: int = 0) -> tuple:
    """The slices of dimension `dim`, each without it, as views.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int, optional
        The dimension; negative numbers count from the last.

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


# ------------------------------------------------------------------------------------------------ copies of the whole


@op("clone")
def clone(input_: Tensor, *, memory_format=None) -> Tensor:
    """A copy with memory of its own, that stays in the graph.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    memory_format : memory_format, optional
        How the copy lies in memory. By default dense inputs keep their order of dimensions, others are contiguous.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.clone(lucid.tensor([1, 2]))
    Tensor([1, 2])
    """
    array = tensor_argument("clone", input_).array
    out = empty_as(array, array.dtype, memory_format)
    move(array, out)
    return wrap(out)


clone.vjp(input_=lambda g: g)


def empty_as(array, dtype, memory_format=None):
    """An uninitialised array of an array's shape that lies in memory as it does, or as the memory format says."""
    name = getattr(memory_format, "name", "preserve_format")
    if name == "channels_last" or name == "channels_last_3d":
        if array.ndim != (4 if name == "channels_last" else 5):
            raise RuntimeError(f"required rank {4 if name == 'channels_last' else 5} tensor to use {name} format")
        return ordered_empty(array.shape, [0, *range(2, array.ndim), 1], dtype)
    if name == "contiguous_format" or array.flags.c_contiguous:
        return core.empty(array.shape, dtype)
    steps = steps_of(array)
    if 0 in array.shape:
        return core.empty(array.shape, dtype)
    if not overlapping(array.shape, steps) and core.extent_of(array)[1] == array.size:
        order = sorted(range(array.ndim), key=lambda i: -steps[i])  # dense: the very strides
    else:
        order = memory_order(array.shape, [list(steps)])
    return ordered_empty(array.shape, order, dtype)


@op("Tensor.contiguous", composite=True)
def contiguous(input_: Tensor, memory_format=None) -> Tensor:
    """The tensor itself if its elements lie in memory in the order of their indices; a copy that does, otherwise.

    With `memory_format=channels_last` the order of a batch of images: pixels, then channels.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    memory_format : memory_format, optional
        How the result lies in memory; as the input by default.

    Returns
    -------
    Tensor
        A view where that can be: it shares memory with the input.

    Examples
    --------
    >>> lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).t().contiguous().is_contiguous()
    True
    """
    name = getattr(memory_format, "name", "contiguous_format")
    if input_.is_contiguous(memory_format) if name.startswith("channels") else input_.array.flags.c_contiguous:
        return input_
    return clone(input_, memory_format=contiguous_format if name == "contiguous_format" else memory_format)


@op("detach", gradient=False, view=True)
@like(ravel)
def detach(input_: Tensor) -> Tensor:
    """A tensor over the same memory, outside the graph; writes to either reach both, and are counted.

    Examples
    --------
    >>> lucid.detach(lucid.ones(2, requires_grad=True))
    Tensor([1.0, 1.0])
    """
    out = wrap(tensor_argument("detach", input_).array)
    out._counter = core.version_of(input_)
    return out


@op("Tensor._to_dtype")
def to_dtype(input_: Tensor, dtype) -> Tensor:
    """A copy in another dtype; it lies in memory as the input does."""
    array = input_.array
    found = cast(array, as_dtype(dtype).numpy)
    return wrap(found if found is not array else copied(array))


to_dtype.vjp(input_=lambda g, input_dtype: to_dtype(g, input_dtype))


@op("Tensor._alias", view=True)
def alias(input_: Tensor) -> Tensor:
    """A view of the whole."""
    return view_of(input_, input_.array)


alias.vjp(input_=lambda g: g)


def _fit_dtype(gradient: Tensor, dtype) -> Tensor:
    return to_dtype(gradient, dtypes.from_numpy_dtype(dtype))


Supplied.piece = piece
Supplied.replace_piece = replace_piece
Supplied.scatter_strided = scatter_strided
Supplied.clone = lambda gradient: wrap(copied(gradient.array))
Supplied.contiguous = contiguous
Supplied.view_alias = alias
Supplied.cast = _fit_dtype


# ------------------------------------------------------------------------------------------------ in place


def _reshaping(name: str, function):
    """The in-place form of a view: the tensor itself gets the view's sizes and strides."""

    def method(self, *args, **kwargs):
        if core.recording((self,)):
            check_recordable(function.op, self)
            past = past_of(self)
        else:
            past = self
        found = function(past, *args, **kwargs)
        self.array = found.array
        core.bump(self)
        if found.requires_grad:
            self._node, self._slot, self._requires_grad = found._node, found._slot, True
            self._base_node = None if self._base is None else self._base._node
        return self

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__doc__ = f"In-place form of `{function.op.path}`: the tensor itself takes the view's shape."
    return method


def _detach_(self):
    """Take the tensor itself out of the graph: it becomes a leaf that does not require grad."""
    if self._base is not None or self._view:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
            "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
            "detach_() cannot be called on these gradients."
        )
    self._node, self._slot, self._requires_grad = None, 0, False
    return self


def _resize_(self, *size, memory_format=None):
    """Give the tensor another size in place; elements beyond its old storage are uninitialised."""
    size = shape_argument("resize_", size)
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if any(n < 0 for n in size):
        raise RuntimeError(f"resize_: sizes must not be negative, got {list(size)}")
    if size != self.array.shape:
        address, nbytes = storage_of(self.array)
        n = self.array.itemsize
        for one in size:
            n *= one
        if n > nbytes - (self.array.ctypes.data - address):
            new = core.empty(size, self.array.dtype)
            old = strided(self.array, *_row_of(self.array, address, nbytes))
            new.reshape(-1)[: old.size] = old[: new.size]
            self.array = new
        else:
            self.array = strided(self.array, size, dense_steps(size))
    return self


def _row_of(array, address, nbytes) -> tuple:
    """Sizes and strides of what an array's storage holds from its first element on."""
    return ((nbytes - (array.ctypes.data - address)) // array.itemsize,), (1,)


@op("resize_as_", gradient=False)
def resize_as_(input_: Tensor, the_template: Tensor, *, memory_format=None) -> Tensor:
    """Give the tensor the size of another in place.

    Parameters
    ----------
    input_ : Tensor
        What gets another size; elements beyond its memory are uninitialised.
    the_template : Tensor
        What has the size.
    memory_format : optional
        Without effect.

    Returns
    -------
    Tensor
        The tensor itself.

    Examples
    --------
    >>> lucid.resize_as_(lucid.arange(6), lucid.zeros(2, 2))
    Tensor([[0, 1],
            [2, 3]])
    """
    return _resize_(input_, the_template.array.shape)


def _set_(self, source=None, storage_offset=0, size=None, stride=None):
    """Have the tensor look at another tensor's memory, from now on."""
    if source is None:
        self.array = core.empty((0,), self.array.dtype)
        return self
    tensor_argument("set_", source, 1, "source")
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}: the dtypes must agree"
        )
    if size is None:
        self.array = source.array
    else:
        size = tuple(size)
        steps = dense_steps(size) if stride is None else tuple(stride)
        start = check_strided(source.array, size, steps, storage_offset)
        self.array = strided(source.array, size, steps, start)
    self._counter = core.version_of(source)
    core.bump(self)
    return self


TENSOR_METHODS = {
    "expand": variadic(expand, "size"), "reshape": variadic(reshape, "shape"), "view": _view,
    "permute": variadic(permute, "dims"), "T": property(_numpy_t),
    "mT": property(_matrix_t), "mH": property(_matrix_h), "H": property(_h), "detach_": _detach_,
    "resize_": _resize_, "resize_as_": resize_as_, "set_": _set_,
    **{
        f"{function.op.name}_": _reshaping(f"{function.op.name}_", function)
        for function in (squeeze, unsqueeze, t, transpose, swapaxes, swapdims)
    },
    "unsqueeze_": _reshaping("unsqueeze_", unsqueeze),
    "as_strided_": _reshaping("as_strided_", as_strided),
}  # fmt: skip
