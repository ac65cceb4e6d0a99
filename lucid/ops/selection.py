"""Slices and elements chosen by one list of indices: index_select and its kin along a dimension, take and put by the
position in the flat tensor, repeat_interleave by how often each is wanted.
"""

from __future__ import annotations

import operator

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import element, torch_name
from lucid.formats import contiguous_format
from lucid.ops._doc import doc
from lucid.ops._frame import (
    FLOAT32,
    INT64,
    broadcast_shapes,
    cast,
    contiguous,
    copied,
    is_half,
    made_of,
    move,
    native,
    rounded,
    tensor_argument,
)
from lucid.ops._indices import INDEX_DTYPES, index_argument, out_of_bounds, picked, placed, same_dtype
from lucid.ops.arithmetic import mul
from lucid.ops.scatter import gather, scatter_reduce
from lucid.ops.storage import fill_array
from lucid.ops.view import atleast_1d, clone, empty_as, expand, reshape, unsqueeze
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ whole slices


def _vector(name: str, index, accepted=INDEX_DTYPES, kind=RuntimeError) -> np.ndarray:
    """A 1-d index; a 0-d one counts as one element."""
    at = index_argument(name, index, accepted, kind)
    if at.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {at.ndim}")
    return at.reshape(-1)


@op("index_select", out="apart")
@doc()
def index_select(input_: Tensor, dim: int, index: Tensor, *, out=None) -> Tensor:
    """The slices of dimension `dim` that `index` names, in its order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        Which dimension.
    index : Tensor
        1-d, int64 or int32.

    Returns
    -------
    Tensor
        A copy of the input's dtype, as long as `index` along `dim`.

    Raises
    ------
    IndexError
        If an index is out of range.

    Examples
    --------
    >>> lucid.index_select(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, lucid.tensor([1, 1]))
    Tensor([[3.0, 4.0],
            [3.0, 4.0]])
    """
    array = tensor_argument("index_select", input_).array
    dim = check_dim("index_select", dim, array.ndim)
    at = _vector("index_select", index)
    if at.size and array.ndim and not array.shape[dim]:
        raise RuntimeError(f"index_select(): self indexing axis dim should be positive, got size 0 in dimension {dim}")
    if not array.ndim and at.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {at.size} value(s)")
    return wrap(in_self(picked(array, dim, at, False), at, array.shape[dim] if array.ndim else 1))


def in_self(found, at, size: int):
    """What was picked; IndexError where that is nothing, as the index is outside."""
    if found is None:
        wrong = at.reshape(-1)[kernels.check_index(flat(at), size)]
        raise IndexError(f"index out of range in self: {wrong} in a dimension of size {size}")
    return found


index_select.vjp(
    input_=lambda g, input_shape, dim, index: index_add(Supplied.no_memory(input_shape, g.dtype), dim, index, g)
)


@op("index_add", out="same rest apart")
@doc()
def index_add(input_: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1, out=None) -> Tensor:
    """A copy to whose slices of dimension `dim`, which `index` names, those of the source are added.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Which dimension.
    index : Tensor
        1-d, int64 or int32; may name a slice several times.
    source : Tensor
        Of the input's dtype and shape, but of the index' size along `dim`.
    alpha : number, optional
        What the source is multiplied by.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.index_add(lucid.zeros(3), 0, lucid.tensor([0, 0]), lucid.tensor([1.0, 2.0]))
    Tensor([3.0, 0.0, 0.0])
    """
    array, added = tensor_argument("index_add", input_).array, tensor_argument("index_add", source, 4, "source").array
    dim = check_dim("index_add", dim, array.ndim)
    at = _vector("index_add_", index)
    if input_.dtype is not source.dtype:
        raise RuntimeError(
            f"index_add_(): self ({torch_name(input_.dtype)}) and source ({torch_name(source.dtype)}) must have the "
            "same scalar type"
        )
    if at.size != (added.shape[dim] if added.ndim else 1):
        raise RuntimeError(
            f"index_add_(): Number of indices ({at.size}) should be equal to source.size(dim): "
            f"({added.shape[dim] if added.ndim else 1}), for dim: {dim}"
        )
    own, other = list(array.shape), list(added.shape)
    if own and other:
        del own[dim], other[dim]
    if own != other:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(array.shape)} source.shape = {list(added.shape)}"
        )
    if alpha != 1:
        half = is_half(input_.dtype)  # its products are rounded with the sums, in float32
        alpha, added = rounded(element(alpha, input_.dtype), input_.dtype), cast(added, FLOAT32) if half else added
        with np.errstate(all="ignore"):
            added = cast(added * alpha, added.dtype)
    out = copied(array)
    if placed(out, dim, at, added.reshape(at.shape) if not array.ndim else added, False, "sum"):
        out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim)
    return wrap(out)


index_add.vjp(
    input_=lambda g: g,
    source=lambda g, dim, index, source_shape, alpha: _scaled(_slices(g, dim, index, source_shape), alpha),
)


def _slices(g, dim, index, shape):
    return expand(g, shape) if not g.array.ndim else index_select(g, dim, index)


def _scaled(g, alpha):
    return g if alpha == 1 else mul(g, alpha)


def _slice_sizes(name: str, array, dim: int, source, n: int) -> None:
    """IndexError or RuntimeError where a source of `n` slices does not fit into an array."""
    if source.ndim and array.ndim and source.ndim != array.ndim:
        raise IndexError(
            f"{name}(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({source.ndim}), destination dimensionality ({array.ndim})"
        )
    if n != (source.shape[dim] if source.ndim else 1):
        raise IndexError(
            f"{name}(): Number of indices ({n}) should be equal to source.size(dim) "
            f"({source.shape[dim] if source.ndim else 1})"
        )
    own, other = list(array.shape), list(source.shape)
    if own:
        del own[dim]
    if other:
        del other[dim]
    if own != other:
        raise RuntimeError(
            f"{name}(): Source/destination tensor must have same slice shapes. Destination slice shape: {own} at "
            f"dimension {dim} and source slice shape: {other} at dimension 0."
        )


@op("index_copy", out="same rest apart")
@doc()
def index_copy(input_: Tensor, dim: int, index: Tensor, source: Tensor, *, out=None) -> Tensor:
    """A copy whose slices of dimension `dim`, which `index` names, are those of the source.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension along which slices lie.
    index : Tensor
        int64, of one dimension: where each slice goes.
    source : Tensor
        The slices, of the input's dtype.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.index_copy(lucid.zeros(3), 0, lucid.tensor([2]), lucid.tensor([5.0]))
    Tensor([0.0, 0.0, 5.0])
    """
    array = tensor_argument("index_copy", input_).array
    put = tensor_argument("index_copy", source, 4, "source").array
    dim = check_dim("index_copy", dim, array.ndim)
    if input_.dtype is not source.dtype:
        raise RuntimeError(
            f"index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{torch_name(input_.dtype)} and (source) {torch_name(source.dtype)}"
        )
    at = _vector("index_copy_", index, (dtypes.int64,))
    _slice_sizes("index_copy_", array, dim, put, at.size)
    out = copied(array)
    if placed(out, dim, at, put.reshape(at.shape) if not array.ndim or not put.ndim else put, False):
        out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim, kind=IndexError)
    return wrap(out)


index_copy.vjp(
    input_=lambda g, dim, index: index_fill(g, dim, index, 0),
    source=lambda g, dim, index, source_shape: _slices(g, dim, index, source_shape),
)


@op("index_fill", out="cast share rest apart")
@doc()
def index_fill(input_: Tensor, dim: int, index: Tensor, value) -> Tensor:
    """A copy whose slices of dimension `dim`, which `index` names, hold one value (a number or a 0-d tensor).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    index : int or Tensor
        Where.
    value : number or 0-d Tensor
        The value.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.index_fill(lucid.zeros(3), 0, lucid.tensor([0, 2]), 1.0)
    Tensor([1.0, 0.0, 1.0])
    """
    array = tensor_argument("index_fill", input_).array
    dim = check_dim("index_fill", dim, array.ndim)
    at = index_argument("index_fill_", index, (dtypes.int64,), IndexError)
    if at.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    if isinstance(value, Tensor) and value.array.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.array.ndim} "
            "dimension(s)."
        )
    rows = _wrapped(at.reshape(-1), array.shape[dim] if array.ndim else 1)
    if rows is None:
        out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim, True, IndexError)
    held = core.empty((), array.dtype)
    value = value.item() if isinstance(value, Tensor) else value
    if isinstance(value, complex) and not input_.dtype.is_complex:
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    fill_array(held, value)
    out = copied(array)
    placed(out, dim, rows, held, False)
    if not array.flags.c_contiguous:
        out, filled = empty_as(array, array.dtype), out
        move(filled, out)
    return wrap(out)


def _wrapped(at, size: int):
    """An index whose negative entries count from the end, all from the front; None if one is outside."""
    out = core.empty(at.shape, INT64)
    return None if at.size and kernels.join_index(flat(at), flat(out), size, False) >= 0 else out


index_fill.vjp(
    input_=lambda g, dim, index: index_fill(g, dim, index, 0),
    value=lambda g, dim, index: _once(g, dim, index),
)


def _once(g, dim, index):
    """The gradient of what was filled: each slice counts once, however often it was named."""
    size = g.array.shape[dim] if g.array.ndim else 1
    rows = np.unique(_wrapped(index_argument("index_fill_", index).reshape(-1), size))
    return index_select(g, dim, wrap(rows)) if len(rows) else Supplied.zeros((), g.dtype)


@op("index_reduce", composite=True, out="same rest apart")
@doc()
def index_reduce(
    input_: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True, out=None
) -> Tensor:
    """`scatter_reduce` of whole slices: those of the source are combined with the ones that `index` names.

    Parameters
    ----------
    dim : int
        The dimension along which slices are taken.
    index : Tensor
        int32 or int64, of one dimension: for each slice of the source the one of the input that it meets.
    source : Tensor
        The slices, of the input's dtype.
    reduce : {"prod", "mean", "amax", "amin"}
        How slices that meet are combined.
    include_self : bool, optional
        Whether the input's slice is one of those that are combined (default True).

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.index_reduce(lucid.ones(2), 0, lucid.tensor([0, 0]), lucid.tensor([2.0, 3.0]), "prod")
    Tensor([6.0, 1.0])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    array, put = tensor_argument("index_reduce", input_).array, tensor_argument("index_reduce", source, 4).array
    dim = check_dim("index_reduce", dim, array.ndim)
    at = _vector("index_reduce_", index)
    same_dtype("index_reduce", input_, source)
    _slice_sizes("index_reduce_", array, dim, put, at.size)
    if include_self and reduce != "mean" and array.ndim and put.ndim and not core.recording((input_, source)):
        out = copied(array)
        if placed(out, dim, at, put, False, reduce):
            out_of_bounds(at, array.shape[dim], dim)
        return wrap(out)
    whole = np.broadcast_to(at.reshape((-1,) + (1,) * (put.ndim - dim - 1)) if put.ndim else at.reshape(()), put.shape)
    return scatter_reduce(input_, dim, made_of(index, whole), source, reduce, include_self=include_self)


# ------------------------------------------------------------------------------------------------ by flat index


def _flat_index(name: str, index) -> np.ndarray:
    tensor_argument(name, index, 2, "index")
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {torch_name(index.dtype)}")
    return contiguous(native(index.array))


def _counted(at, n: int) -> np.ndarray:
    """Flat indices, none of them negative any more."""
    found = _wrapped(at, n)
    if found is None:
        wrong = at.max() if at.max() >= n else at.min()
        raise IndexError(f"out of range: tried to access index {wrong} on a tensor of {n} elements.")
    return found


@op("take", out="apart")
@doc()
def take(input_: Tensor, index: Tensor, *, out=None) -> Tensor:
    """The elements at places in the flattened tensor; negative ones count from the end.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    index : Tensor
        int64: places in the flattened input; negative ones count from the end.

    Returns
    -------
    Tensor
        Of the index' shape.

    Examples
    --------
    >>> lucid.take(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([0, 3]))
    Tensor([1.0, 4.0])
    """
    array = tensor_argument("take", input_).array
    if not array.size and getattr(index, "array", array).size:
        raise IndexError("take(): tried to take from an empty tensor")
    at, row = _flat_index("take", index), contiguous(array).reshape(-1)
    found = picked(row, 0, at.reshape(-1), False)
    if found is None:  # some are counted from the end
        found = picked(row, 0, _counted(at, array.size).reshape(-1), False)
    return wrap(found.reshape(at.shape))


take.vjp(input_=lambda g, input_shape, index: put(Supplied.no_memory(input_shape, g.dtype), index, g, True))


@op("put", out="rest apart")
def put(input_: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with the source's elements at places in the flattened tensor, or added there if `accumulate`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    index : Tensor
        int64: places in the flattened input; negative ones count from the end.
    source : Tensor
        As many elements as there are places, of the input's dtype.
    accumulate : bool, optional
        Add, as often as an index occurs.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.put(lucid.zeros(3), lucid.tensor([0, 2]), lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 0.0, 2.0])
    """
    array = tensor_argument("put", input_).array
    at = _counted(_flat_index("put_", index), array.size)
    if tensor_argument("put", source, 3, "source").dtype is not input_.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {torch_name(input_.dtype)} "
            f"and source.dtype = {torch_name(source.dtype)}"
        )
    if source.array.size != at.size:
        raise IndexError(
            f"put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.array.size}, index.numel() = {at.size}"
        )
    out = copied(array)
    placed(out.reshape(-1), 0, at.reshape(-1), source.array.reshape(-1), False, "sum" if accumulate else None)
    return wrap(out)


put.vjp(
    input_=lambda g, index, accumulate: g if accumulate else put(g, index, Supplied.zeros(index.array.shape, g.dtype)),
    source=lambda g, index, source_shape: reshape(take(g, index), source_shape),
)


@op("take_along_dim", composite=True, out="first apart")
@doc()
def take_along_dim(input_: Tensor, indices: Tensor, dim: int | None = None, *, out=None) -> Tensor:
    """`gather` with input and indices broadcast against each other; without `dim`, `take` of the flattened tensor.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    indices : Tensor or int or sequence of int
        The indices, int64.

    Returns
    -------
    Tensor
        A copy of the input's dtype and the indices' shape.

    Examples
    --------
    >>> lucid.take_along_dim(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([[1], [0]]), dim=1)
    Tensor([[2.0],
            [3.0]])
    """
    tensor_argument("take_along_dim", input_), tensor_argument("take_along_dim", indices, 2, "indices")
    if indices.dtype is not dtypes.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {torch_name(indices.dtype)}"
        )
    if dim is None:
        return take(input_.view(-1), indices.view(-1))
    own, other = input_.array.shape, indices.array.shape
    if len(own) != len(other):
        raise RuntimeError(
            f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got {len(own)} "
            f"dimensions for input, and {len(other)} dimensions for indices"
        )
    dim = check_dim("take_along_dim", dim, len(own))
    size = own[dim] if own else 1
    wanted = broadcast_shapes((*own[:dim], 1, *own[dim + 1 :]), (*other[:dim], 1, *other[dim + 1 :])) if own else ()
    if own:
        input_ = expand(input_, (*wanted[:dim], own[dim], *wanted[dim + 1 :]))
    shape = (*wanted[:dim], *other[dim : dim + 1], *wanted[dim + 1 :])
    try:
        return gather(input_, dim, indices if shape == other else expand(indices, shape))
    except RuntimeError:  # some are counted from the end
        out_of_bounds(indices.array, size, dim, True)
    at = _wrapped(contiguous(native(indices.array)), size)
    return gather(input_, dim, expand(wrap(at), shape))


# ------------------------------------------------------------------------------------------------ each several times


@op("repeat_interleave", composite=True)
def repeat_interleave(
    input_: Tensor | None = None, repeats: int | None = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element repeated, next to itself.

    Parameters
    ----------
    input_ : Tensor, optional
        Of any shape. Of `repeats` alone, which may stand in its place, each index is repeated so often.
    repeats : int or Tensor, optional
        How often; a 1-d tensor of integers says it for each slice of `dim`.
    dim : int, optional
        Along which dimension; by default along the flattened tensor.
    output_size : int, optional
        The size of the result along `dim`.

    Returns
    -------
    Tensor
        A copy of the input's dtype, longer along `dim`, or 1-d without one; of `repeats` alone, the indices, of its dtype.

    Examples
    --------
    >>> lucid.repeat_interleave(lucid.tensor([1, 2]), 2)
    Tensor([1, 1, 2, 2])
    """
    if input_ is None:
        input_, repeats = repeats, None
    tensor_argument("repeat_interleave", input_)
    if repeats is None:
        return wrap(_repeated_indices(input_, None, output_size).astype(input_.array.dtype, copy=False))
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
    return index_select(input_, dim, indices)


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
