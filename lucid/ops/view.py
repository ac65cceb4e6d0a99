"""Views: results that share memory with their input.

A view is a tensor over the same memory with other sizes and strides; `core.view` makes it and ties it to its base, so
that the version counter and in-place writes reach both. What a view's rule needs is at most the input's shape, so a
view keeps nothing. Operations whose pieces do not fit a shape have one adjoint in common, `_scatter_strided`.
"""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import view_of, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import Stated, op
from lucid.dtypes import as_dtype, torch_name
from lucid.formats import channels_last, channels_last_3d, contiguous_format, format_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    broadcast_shapes,
    cast,
    copied,
    dense_steps,
    dims_argument,
    formatted_empty,
    memory_order,
    move,
    ordered_empty,
    overlapping,
    shape_argument,
    steps_of,
    tensor_argument,
)
from lucid.tensor import Tensor, check_dim


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
    method.__wrapped__ = Stated(text=f"(self, *{argument})")
    method.__doc__ = function.__doc__
    return method


def numbers(sizes) -> tuple:
    """Sizes as methods take them: `x.view(2, 3)` or `x.view((2, 3))`."""
    if len(sizes) != 1 or type(sizes[0]) is int:
        return sizes
    if not hasattr(sizes[0], "__index__"):
        return sizes[0]
    return sizes[0].tolist() if isinstance(sizes[0], Tensor) and sizes[0].array.ndim else sizes


# ------------------------------------------------------------------------------------------------ other sizes


@op("Tensor.expand", view=True)
def expand(input_: Tensor, size: int | tuple, *, implicit: bool = False) -> Tensor:
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
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.tensor([1, 2]).expand_as(lucid.ones(2, 2))
    Tensor([[1, 2],
            [1, 2]])
    """
    return expand(input_, tensor_argument("expand_as", other, 2, "other").array.shape)


@op("broadcast_to", composite=True, view=True)
def broadcast_to(input_: Tensor, size: tuple) -> Tensor:
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
        A view: it shares memory with the input.

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
        Of shapes that broadcast to one.

    Returns
    -------
    tuple of Tensor
        Views of the common shape: they share memory with the inputs.

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
    shapes = [(one,) if isinstance(one, int) else one for one in shapes]
    for one in shapes:
        if isinstance(one, (str, float)):
            error = TypeError if isinstance(one, str) else RuntimeError
            raise error(f"Input shapes should be ints or sequences of ints, got {one!r}")
    shape = broadcast_shapes(*shapes) if shapes else ()
    if any(size < 0 for size in shape):
        raise ValueError(f"broadcast_shapes(): a size is negative: {shape}")
    return Tensor.size(wrap(core.empty((), dtypes.float32.numpy))) + shape


def unpacked(tensors) -> tuple:
    """Tensors given one by one or as one sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tuple(tensors[0])
    return tensors


def _seen(name: str, input_: Tensor, shape, copying: bool = False) -> Tensor | None:
    """A tensor in another shape: `core.reshaped`, for sizes given in any way, and of tensors without elements too."""
    found = core.reshaped(input_, shape, copying) if isinstance(shape, (tuple, list)) else None
    if found is not None:
        return found
    array = input_.array
    shape = infer_shape(shape_argument(name, (shape,)), array.size)
    if array.size:
        return core.reshaped(input_, shape, copying)
    return core.view(input_, shape, steps_of(array) if array.shape == shape else dense_steps(shape))


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
def reshape(input_: Tensor, shape: tuple) -> Tensor:
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
    return _seen("reshape", tensor_argument("reshape", input_), shape, True)


reshape.vjp(input_=lambda g, input_shape: reshape(g, input_shape))


@op("Tensor.view", view=True)
def view(input_: Tensor, size: int | tuple) -> Tensor:
    """The same memory in another shape.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : sequence of int, or dtype
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
    found = _seen("view", input_, size)
    if found is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return found


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
            if array.ctypes.data % new:
                raise RuntimeError(f"self.storage_offset() must be divisible by {ratio} {said}")
            for dim, step in enumerate(array.strides[:-1]):
                if step // old % ratio:
                    raise RuntimeError(f"self.stride({dim}) must be divisible by {ratio} {said}, but got {step // old}")
    return view_of(input_, array.view(dtype.numpy))


_view_sizes = variadic(view, "size")


def _view(self, *size, dtype=None, **named):
    if dtype is not None or (len(size) == 1 and type(size[0]) is dtypes.dtype):
        return view_dtype(self, size[0] if dtype is None else dtype)
    return _view_sizes(self, *size, **named) if named or len(size) < 2 else view(self, size)


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
@like(expand_as, returns="A view where the strides allow it, or else a copy.")
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
@doc()
def unflatten(input_: Tensor, dim: int, sizes: tuple) -> Tensor:
    """Dimension `dim` divided into several of sizes `sizes`, one of which may be -1.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    sizes : sequence of int
        The sizes.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

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
def squeeze(input_: Tensor, dim: int | tuple | None = None) -> Tensor:
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
        A view: it shares memory with the input.

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
@doc()
def unsqueeze(input_: Tensor, dim: int) -> Tensor:
    """With a dimension of size 1 put in at `dim`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

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
@like(broadcast_tensors, gives="Tensor or tuple of Tensor", returns="Views: they share memory with the inputs.")
def atleast_1d(*tensors):
    """Each tensor with at least one dimension; a tuple where several are given.

    Examples
    --------
    >>> lucid.atleast_1d(lucid.tensor(1.0))
    Tensor([1.0])
    """
    return _each(tensors, lambda x: x if x.array.ndim else reshape(x, (1,)))


@op("atleast_2d", composite=True, view=True)
@like(broadcast_tensors, gives="Tensor or tuple of Tensor", returns="Views: they share memory with the inputs.")
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
@like(broadcast_tensors, gives="Tensor or tuple of Tensor", returns="Views: they share memory with the inputs.")
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
    name = format_name(memory_format)
    if name == "channels_last" or name == "channels_last_3d":
        if array.ndim != (4 if name == "channels_last" else 5):
            raise RuntimeError(f"required rank {4 if name == 'channels_last' else 5} tensor to use {name} format")
        return formatted_empty(array.shape, dtype, True)
    if name == "contiguous_format" or not array.size or array.flags.c_contiguous and 1 not in array.shape:
        return core.empty(array.shape, dtype)
    if array.ndim == 2 and array.flags.f_contiguous and 1 not in array.shape:
        return core.empty(array.shape, dtype, "F")
    found = core.empty_like(array, dtype)
    return ordered_empty(array.shape, memory_order(array.shape, [steps_of(array)]), dtype) if found is None else found


def _dense_order(array):
    """The order in memory of an array's dimensions, if its elements lie there without gaps; else None."""
    steps, shape = steps_of(array), array.shape
    if overlapping(shape, steps) or core.extent_of(array)[1] != array.size:
        return None
    return sorted(range(array.ndim), key=lambda i: (-steps[i], -shape[i]))


def _kept(gradient: Tensor, leaf: Tensor) -> Tensor:
    """A copy of a gradient for its leaf to keep: it lies as the leaf does if that is dense, or else contiguous."""
    dense = not leaf.array.flags.c_contiguous and _dense_order(leaf.array)
    return wrap(laid_as(gradient.array, leaf.array) if dense else copied(gradient.array))


def laid_as(array, like):
    """A copy of an array that lies in memory as another of its shape does."""
    out = empty_as(like, array.dtype)
    move(array, out)
    return out


def in_format(out: Tensor, like: Tensor) -> Tensor:
    """A result of operations, copied into the memory format of `like` where that is channels last."""
    if not core.channels_last(like.array):
        return out
    return clone(out, memory_format=channels_last if out.array.ndim == 4 else channels_last_3d)


@op("Tensor.contiguous", composite=True)
@doc()
def contiguous(input_: Tensor, memory_format=None) -> Tensor:
    """The tensor itself if its elements lie in memory in the order of their indices; a copy that does, otherwise.

    With `memory_format=channels_last` the order of a batch of images: pixels, then channels.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        The input itself, or a copy.

    Examples
    --------
    >>> lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).t().contiguous().is_contiguous()
    True
    """
    name = format_name(memory_format, "contiguous_format")
    if input_.is_contiguous(memory_format) if name.startswith("channels") else input_.array.flags.c_contiguous:
        return input_
    return clone(input_, memory_format=contiguous_format if name == "contiguous_format" else memory_format)


@op("detach", gradient=False, view=True)
@like(ravel, returns="A view: it shares memory with the input.")
def detach(input_: Tensor) -> Tensor:
    """A tensor over the same memory, outside the graph; writes to either reach both, and are counted.

    Examples
    --------
    >>> lucid.detach(lucid.ones(2, requires_grad=True))
    Tensor([1.0, 1.0])
    """
    out = wrap(tensor_argument("detach", input_).array)
    out._counter, out._inference = core.version_of(input_), input_._inference
    return out


@op("Tensor._to_dtype")
def to_dtype(input_: Tensor, dtype) -> Tensor:
    """A copy in another dtype; it lies in memory as the input does."""
    array, target = input_.array, as_dtype(dtype).numpy
    if array.flags.c_contiguous or not array.size:
        found = cast(array, target)
        found = found if found is not array else copied(array)
        if 1 in array.shape and (steps := steps_of(array)) != steps_of(found):
            found = core.strided(found, array.shape, steps, 0)
    else:
        found = empty_as(array, target)
        Supplied.overwrite(found, array)
    return wrap(found)


to_dtype.vjp(input_=lambda g, input_dtype: to_dtype(g, input_dtype))


@op("Tensor._alias", view=True)
def alias(input_: Tensor) -> Tensor:
    """A view of the whole."""
    return view_of(input_, input_.array)


alias.vjp(input_=lambda g: g)


def _fit_dtype(gradient: Tensor, dtype) -> Tensor:
    return to_dtype(gradient, dtypes.from_numpy_dtype(dtype))


Supplied.clone = lambda gradient: wrap(copied(gradient.array))
Supplied.contiguous = contiguous
Supplied.kept = _kept
Supplied.view_alias = alias
Supplied.cast = _fit_dtype


TENSOR_METHODS = {"expand": variadic(expand, "size"), "reshape": variadic(reshape, "shape"), "view": _view}
