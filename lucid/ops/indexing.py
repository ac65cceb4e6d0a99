"""Indexing: elements and pieces picked, placed and added by indices and masks.

`x[...]` is split in two: what ints, slices, None and Ellipsis say is a view (`index_basic`), and the tensors left pick
from that view (`_index`). Indices are checked here, before anything is read: no index leaves its dimension.
`picked` and `placed` run the kernels along one dimension: what gather and scatter, index_select and index_add, take and
put, and embeddings read and write.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels import sort as sorting
from lucid._kernels.core import flat, wrap
from lucid.autograd.op import DECLARED, Supplied, check_out, check_writable, inplace, op, torch_name, write_out
from lucid.ops._frame import (
    C_NAMES,
    INT64,
    MOVED_NAMES,
    broadcast_shapes,
    cast,
    contiguous,
    copied,
    native,
    shape_argument,
    tensor_argument,
)
from lucid.ops._pointwise import WHERE
from lucid.ops.shape import copy_, fill_array
from lucid.ops.view import broadcast_to, dense_steps, expand, index_basic, reshape, unbind
from lucid.tensor import Tensor, check_dim, to_array

INDEX_DTYPES = (dtypes.int64, dtypes.int32)


def function(name: str):
    """A declared operation of another family."""
    return DECLARED[name].function


# ------------------------------------------------------------------------------------------------ checking


def out_of_bounds(index, size: int, dim: int, negative: bool = False, kind=RuntimeError) -> None:
    """Raise where an index of an array is out of range: below 0 (or, if `negative`, below -size), or from `size` on."""
    if not index.size:
        return
    if not negative and index.flags.c_contiguous and index.dtype == INT64:
        at = kernels.check_index(flat(index), size)
        if at < 0:
            return
        raise kind(f"index {index.reshape(-1)[at]} is out of bounds for dimension {dim} with size {size}")
    low, high = int(index.min()), int(index.max())
    if high >= size or low < (-size if negative else 0):
        wrong = high if high >= size else low
        raise kind(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def index_argument(name: str, index, accepted=INDEX_DTYPES, kind=RuntimeError) -> np.ndarray:
    """The array of an index tensor, contiguous int64."""
    tensor_argument(name, index, 3, "index")
    if index.dtype not in accepted:
        if not index.array.size:  # PyTorch takes an empty index of any dtype
            return core.empty(index.array.shape, INT64)
        said = "/".join(one.name for one in reversed(accepted))
        raise kind(f"{name}(): Expected dtype {said} for index, but got {torch_name(index.dtype)}")
    return contiguous(native(cast(index.array, INT64)))


# ------------------------------------------------------------------------------------------------ kernels


def moved(kernel, array):
    """A kernel's specialisation for elements of this size, which it only moves."""
    return kernel[MOVED_NAMES[array.itemsize]]


def _sizes(shape: tuple, dim: int) -> tuple[int, int, int]:
    """(outer, axis, inner) around a dimension; a 0-d shape is one of size 1."""
    if not shape:
        return 1, 1, 1
    return math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])


def _cropped(shape: tuple, dim: int, wanted: tuple):
    """The index of the part of `shape` that an index of shape `wanted` along `dim` speaks of; None for the whole."""
    if wanted[:dim] == shape[:dim] and wanted[dim + 1 :] == shape[dim + 1 :]:
        return None
    return tuple(slice(None) if k == dim else slice(0, size) for k, size in enumerate(wanted))


def picked(array, dim: int, at, full: bool):
    """What an index in range picks along a dimension: `at[o, k, i]` if `full`, else the slices `at[k]`."""
    shape = array.shape
    if full:
        part = _cropped(shape, dim, at.shape)
        if part is not None:
            array = array[part]
            shape = array.shape
    outer, axis, inner = _sizes(shape, dim)
    if full:
        out = core.empty(at.shape, array.dtype)
        m = at.shape[dim] if at.ndim else 1
    else:
        m = at.size
        out = core.empty((*shape[:dim], m, *shape[dim + 1 :]) if shape else (), array.dtype)
    if out.size:
        array = contiguous(native(array))
        moved(kernels.gather, out)(flat(array, True), flat(at), flat(out, True), outer, axis, inner, m, full)
    return out


JOINS = {"sum": "add", "prod": "mul", "mean": "add", "amax": "amax", "amin": "amin"}


def placed(out, dim: int, at, src, full: bool, join: str | None = None) -> None:
    """Write a source into a contiguous array at what an index in range picks along a dimension, or `join` it there."""
    if not at.size or not out.size:
        return
    if full:
        part = _cropped(out.shape, dim, at.shape)
        if part is not None:
            piece = copied(out[part])
            placed(piece, dim, at, src, True, join)
            out[part] = piece
            return
        if src.ndim and src.shape != at.shape:
            src = src[tuple(slice(0, size) for size in at.shape)]
        m = at.shape[dim] if at.ndim else 1
    else:
        m = at.size
    outer, axis, inner = _sizes(out.shape, dim)
    scalar = not src.ndim and out.ndim > 0
    if join is None:
        row = flat(contiguous(native(src)), True)
        moved(kernels.scatter, out)(flat(out, True), flat(at), row, outer, axis, inner, m, full, scalar)
        return
    code, computed = JOINS[join], out.dtype
    if computed.kind == "b":  # sums of bool are "or", products "and"
        code = {"add": "amax", "mul": "amin"}.get(code, code)
    elif computed not in C_NAMES:
        wide = out.astype(np.float32)
        placed(wide, dim, at, src.astype(np.float32), full, join)
        out[...] = wide
        return
    if scalar:
        src = np.broadcast_to(src, at.shape if full else (*out.shape[:dim], m, *out.shape[dim + 1 :]))
    kernels.scatter_reduce[C_NAMES[computed]](
        flat(out), flat(at), flat(contiguous(native(src))), outer, axis, inner, m, kernels.codes[code], full
    )


def add_at(target: np.ndarray, where, values) -> None:
    """`target[where] += values`, each as often as it occurs; half precision is summed in float32."""
    if target.dtype.kind == "b":
        np.logical_or.at(target, where, values)
    elif target.dtype.itemsize == 2 and target.dtype.kind in "fV":
        wide = target.astype(np.float32)
        np.add.at(wide, where, values.astype(np.float32))
        target[...] = wide
    else:
        np.add.at(target, where, values)


# ------------------------------------------------------------------------------------------------ x[...]


def _as_index(item):
    """One item of an index: an int, a slice, None, Ellipsis, or a tensor."""
    kind = type(item)
    if kind is int or kind is slice or item is None or item is Ellipsis or kind is bool:
        return item
    if isinstance(item, Tensor):
        if item.array.ndim == 0 and item.dtype.kind < 2:
            value = item.item()
            return bool(value) if item.dtype in (dtypes.bool_, dtypes.uint8) else value
        return item
    if isinstance(item, (np.bool_, bool)):
        return bool(item)
    if isinstance(item, np.ndarray):
        return _as_index(wrap(item if item.dtype.num in dtypes.BY_NUM else np.ascontiguousarray(item)))
    if hasattr(item, "__index__"):
        return operator.index(item)
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(item, (list, tuple, range)):
        if not len(item):
            return wrap(np.empty(0, np.int64))
        array = to_array(list(item), None)
        return wrap(array)
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
        f"{kind.__name__})"
    )


def _items(index) -> tuple:
    """An index as a tuple of items; a list that holds anything but numbers is read as a tuple, as PyTorch does."""
    if type(index) is tuple:
        return index
    if isinstance(index, list) and len(index) < 32:
        for one in index:
            if one is None or one is Ellipsis or isinstance(one, (slice, list, tuple, Tensor, np.ndarray)):
                return tuple(index)
    return (index,)


def parse(shape: tuple, index) -> tuple:
    """An index as (basic index, arrays): of the view that the first makes, the arrays pick by dimension.

    `arrays` has None for a dimension that is taken whole. IndexError where the index does not fit the shape.
    """
    items = [_as_index(item) for item in _items(index)]
    used = 0
    for item in items:
        if isinstance(item, Tensor):
            used += item.array.ndim if item.dtype in (dtypes.bool_, dtypes.uint8) else 1
        elif item is not None and item is not Ellipsis and type(item) is not bool:
            used += 1
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic, arrays, at, rest = [], [], 0, len(shape) - used
    for item in items:
        if item is Ellipsis:
            basic.extend([slice(None)] * rest)
            arrays.extend([None] * rest)
            at, rest = at + rest, 0
        elif item is None:
            basic.append(None)
            arrays.append(None)
        elif type(item) is bool:
            basic.append(None)
            arrays.append(np.zeros(int(item), np.int64))
        elif isinstance(item, Tensor):
            if item.dtype in (dtypes.bool_, dtypes.uint8):
                mask = item.array
                for k, size in enumerate(mask.shape):
                    if size != shape[at + k]:
                        raise IndexError(
                            f"The shape of the mask {list(mask.shape)} at index {k} does not match the shape of the "
                            f"indexed tensor {list(shape)} at index {at + k}"
                        )
                found = tuple(nonzero_rows(mask))
            elif item.dtype in INDEX_DTYPES:
                found = (cast(item.array, INT64),)
            else:
                raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
            basic.extend([slice(None)] * len(found))
            arrays.extend(found)
            at += len(found)
        else:
            basic.append(item)
            if type(item) is slice:
                arrays.append(None)
            at += 1
    return tuple(basic), tuple(arrays)


def check_arrays(shape: tuple, arrays: tuple) -> None:
    """IndexError where arrays that index a tensor of this shape reach beyond it or do not broadcast."""
    try:
        np.broadcast_shapes(*[one.shape for one in arrays if one is not None])
    except ValueError:
        shapes = ", ".join(str(list(one.shape)) for one in arrays if one is not None)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    for dim, one in enumerate(arrays):
        if one is not None:
            out_of_bounds(one, shape[dim], dim, True, IndexError)


def _whole(arrays: tuple) -> tuple:
    """The index that NumPy understands."""
    return tuple(slice(None) if one is None else one for one in arrays)


def nonzero_rows(array) -> np.ndarray:
    """The indices of what is not zero, (ndim, count)."""
    if array.dtype.kind not in "biuf" or array.dtype not in C_NAMES:
        array = array != 0
    found = core.empty((array.ndim, np.count_nonzero(array)), INT64)
    if found.size:
        kernels.nonzero[C_NAMES[array.dtype]](flat(contiguous(native(array))), flat(found), array.shape)
    return found


def _joined(shape: tuple, arrays: tuple):
    """Arrays that pick neighbouring dimensions as one index of them seen as one, the first of them and the one after
    the last; None where they are no neighbours. IndexError where they reach beyond the shape."""
    first, stop, held = 0, 1, arrays
    if len(arrays) > 1:
        chosen = [k for k, one in enumerate(arrays) if one is not None]
        first, stop = chosen[0], chosen[-1] + 1
        held = arrays[first:stop]
        if len(held) > len(chosen):
            return None
    if len(held) > 1 and any(one.shape != held[0].shape for one in held):
        try:
            held = np.broadcast_arrays(*held)
        except ValueError:
            check_arrays(shape, arrays)  # says so
    at = core.empty(held[0].shape, INT64)
    if at.size:
        for k, one in enumerate(held):
            wrong = kernels.join_index(flat(contiguous(native(one))), flat(at), shape[first + k], k > 0)
            if wrong >= 0:
                raise IndexError(
                    f"index {one.reshape(-1)[wrong]} is out of bounds for dimension {first + k} with size "
                    f"{shape[first + k]}"
                )
    return at, first, stop


def _three(shape: tuple, first: int, stop: int) -> tuple[int, int, int]:
    """The sizes before, within and after the dimensions that an index picks."""
    outer = math.prod(shape[:first]) if first else 1
    return outer, shape[first] if stop - first == 1 else math.prod(shape[first:stop]), math.prod(shape[stop:])


@op("Tensor._index")
def _index(input_: Tensor, arrays) -> Tensor:
    """The elements that arrays pick, one for each leading dimension (None: whole)."""
    array = input_.array
    shape = array.shape
    if array.flags.c_contiguous:
        plan = _joined(shape, arrays)
        if plan is not None:
            at, first, stop = plan
            out = core.empty((*shape[:first], *at.shape, *shape[stop:]), array.dtype)
            if out.size:
                outer, axis, inner = _three(shape, first, stop)
                moved(kernels.gather, out)(
                    flat(native(array), True), flat(at), flat(out, True), outer, axis, inner, at.size, False
                )
            return wrap(out)
    check_arrays(shape, arrays)
    return wrap(contiguous(array[_whole(arrays)]))


@op("Tensor._index_add_into_zeros")
def _place(input_: Tensor, shape, arrays) -> Tensor:
    """Zeros of `shape` to which the elements are added where arrays say."""
    out = core.empty(shape, input_.array.dtype)
    out.fill(0)
    _put_array(out, arrays, input_.array, True)
    return wrap(out)


_index.vjp(input_=lambda g, input_shape, arrays: _place(g, input_shape, arrays))
_place.vjp(input_=lambda g, arrays: _index(g, arrays))


@op("Tensor._pick")
def _pick(input_: Tensor, mask) -> Tensor:
    """The elements where a mask of the input's shape is true, one after the other."""
    array, where = input_.array, mask.array
    out = core.empty((np.count_nonzero(where),), array.dtype)
    if out.size:
        moved(kernels.masked_select, out)(
            flat(contiguous(native(array)), True), flat(contiguous(native(where))), flat(out, True)
        )
    return wrap(out)


@op("Tensor._unpick")
def _unpick(input_: Tensor, mask) -> Tensor:
    """Zeros of a mask's shape with the elements, one after the other, where it is true."""
    array, where = contiguous(native(input_.array)), mask.array
    out = core.empty(where.shape, array.dtype)
    out.fill(0)
    if array.size:
        moved(kernels.masked_scatter, out)(flat(out, True), flat(contiguous(native(where))), flat(array, True))
    return wrap(out)


_pick.vjp(input_=lambda g, mask: _unpick(g, mask))
_unpick.vjp(input_=lambda g, mask: _pick(g, mask))


def getitem(self, index) -> Tensor:
    """`x[index]`: a view for ints, slices, None and Ellipsis; a copy of what index tensors and masks pick."""
    found = index_basic(self, index)
    if found is not None:
        return found
    if isinstance(index, Tensor) and index.array.ndim and self.array.ndim:  # the commonest, without what others need
        if index.dtype is dtypes.int64:
            return _index(self, (index.array,))
        if index.dtype is dtypes.bool_ and index.array.shape == self.array.shape:
            return _pick(self, index)
    basic, arrays = parse(self.array.shape, index)
    view = index_basic(self, basic)
    return _index(view, arrays) if any(one is not None for one in arrays) else view


def setitem(self, index, value) -> None:
    """`x[index] = value`: a number, or a tensor that broadcasts to what the index picks."""
    if type(value) in (float, int, bool) and not core.recording((self,)) and _set_number(self, index, value):
        return
    if not isinstance(value, Tensor):
        if not isinstance(value, (bool, int, float, complex, np.number, np.bool_)):
            raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")
        held = core.empty((), self.array.dtype)
        fill_array(held, value.item() if isinstance(value, np.generic) else value)
        value = wrap(held)
    if (
        isinstance(index, Tensor) and index.dtype is dtypes.int64 and index.array.ndim and self.array.ndim
        and 0 < value.array.ndim < index.array.ndim + self.array.ndim and value.dtype is self.dtype
        and not core.recording((self, value))
    ):  # fmt: skip  # the commonest, without what others need
        check_writable("index_put", self)
        _put_array(self.array, (index.array,), value.array, False)
        core.bump(self)
        return
    view = index_basic(self, index)
    arrays = ()
    if view is None:
        basic, arrays = parse(self.array.shape, index)
        view = index_basic(self, basic)
    if not any(one is not None for one in arrays):
        if view.array.size == 0 and value.array.size == 1:
            return
        array = value.array
        if array.ndim > view.array.ndim and any(size != 1 for size in array.shape[: array.ndim - view.array.ndim]):
            raise RuntimeError(
                f"expand({list(array.shape)}, size={list(view.array.shape)}): the number of sizes provided "
                f"({view.array.ndim}) must be greater or equal to the number of dimensions in the tensor ({array.ndim})"
            )
        copy_(view, value)
        return
    array = value.array
    if value.dtype is not self.dtype:
        if array.ndim or not (len(_items(index)) == 1 and _is_mask(_items(index)[0])):
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{torch_name(self.dtype)} for the destination and {torch_name(value.dtype)} for the source."
            )
        value = function("Tensor._to_dtype")(value, self.dtype)
    while value.array.ndim and value.array.shape[0] == 1:
        value = reshape(value, value.array.shape[1:])
    _index_put_inplace(view, arrays, value, False)


def _set_number(self, index, value) -> bool:
    """`x[index] = number` outside any graph, where the index is basic or a mask of the tensor's shape."""
    view = index_basic(self, index)
    if view is not None:
        if view.array.size:
            check_writable("copy_", view)
            fill_array(view.array, value)
            core.bump(view)
        return True
    array = self.array
    mask = isinstance(index, Tensor) and index.dtype is dtypes.bool_ and index.array.shape == array.shape
    if not (mask and array.size and core.overwritable(self)):
        return False
    held = core.empty((), array.dtype)
    fill_array(held, value)
    moved(kernels.masked_fill, array)(flat(array, True), flat(contiguous(native(index.array))), flat(held, True))
    core.bump(self)
    return True


def _is_mask(item) -> bool:
    return isinstance(item, Tensor) and item.dtype in (dtypes.bool_, dtypes.uint8)


@op("Tensor._index_put")
def _index_put(input_: Tensor, arrays, values: Tensor, accumulate: bool) -> Tensor:
    """A copy with values put (or added) where arrays say."""
    out = copied(input_.array)
    _put_into(out, arrays, values, accumulate)
    return wrap(out)


def _put_into(target, arrays, values: Tensor, accumulate: bool) -> None:
    _put_array(target, arrays, values.array, accumulate)


def _put_array(target, arrays, values, accumulate: bool) -> None:
    """Put values (or add them) where arrays say."""
    shape = target.shape
    plan = _joined(shape, arrays) if target.flags.c_contiguous and target.flags.aligned else None
    if plan is None:
        check_arrays(shape, arrays)
        where = _whole(arrays)
        wanted = target[where].shape
    else:
        at, first, stop = plan
        wanted = (*shape[:first], *at.shape, *shape[stop:])
    if values.ndim:
        try:
            values = values if values.shape == wanted else np.broadcast_to(values, wanted)
        except ValueError:
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result "
                f"of shape {list(wanted)}"
            ) from None
    if plan is None:
        if accumulate:
            add_at(target, where, values)
        else:
            target[where] = values
        return
    if not math.prod(wanted):
        return
    if np.may_share_memory(target, values):
        values = values.copy()
    outer, axis, inner = _three(shape, first, stop)
    if not accumulate:
        moved(kernels.scatter, target)(
            flat(target, True), flat(at), flat(contiguous(native(values)), True), outer, axis, inner, at.size, False,
            not values.ndim,
        )  # fmt: skip
        return
    if values.ndim:
        values = values.reshape(outer, at.size, inner)
    placed(target.reshape(outer, axis, inner), 1, at.reshape(-1), values, False, "sum")


def _index_put_input(g, arrays, values_dtype, accumulate):
    if accumulate:
        return g
    return _index_put(g, arrays, Supplied.zeros((), values_dtype), False)


_index_put.vjp(input_=_index_put_input, values=lambda g, arrays: _index(g, arrays))
_index_put_recorded = inplace(_index_put, "index_put_")


def _index_put_inplace(target: Tensor, arrays, values: Tensor, accumulate: bool) -> Tensor:
    if core.recording((target, values)):
        return _index_put_recorded(target, arrays, values, accumulate)
    check_writable("index_put", target)
    _put_into(target.array, arrays, values, accumulate)
    core.bump(target)
    return target


def _put_arguments(input_: Tensor, indices, values: Tensor) -> tuple:
    """The arrays of `index_put`'s indices, and its values."""
    tensor_argument("index_put", input_), tensor_argument("index_put", values, 3, "values")
    for i, one in enumerate(indices):
        if not isinstance(one, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(one).__name__}")
    if values.dtype is not input_.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {torch_name(input_.dtype)} for the "
            f"destination and {torch_name(values.dtype)} for the source."
        )
    # 0-d tensors stay index tensors here: they would be read as ints in x[...]
    held = tuple(
        reshape(one, (1,)) if not one.array.ndim and not _is_mask(one) else one for one in indices
    )
    basic, arrays = parse(input_.array.shape, held)
    if any(one is None for one in basic):
        raise IndexError("index_put: masks need at least one dimension")
    return tuple(
        array.reshape(()) if i < len(indices) and not indices[i].array.ndim else array
        for i, array in enumerate(arrays)
    ), values


@op("index_put", composite=True)
def index_put(input_: Tensor, indices, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy in which `values` are put at `indices`, or added if `accumulate`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    indices : sequence of Tensor
        One index tensor a dimension (int64), or masks; broadcast against each other.
    values : Tensor
        Of the input's dtype; broadcast to what the indices pick.
    accumulate : bool, optional
        Add, as often as an index occurs.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.index_put(lucid.zeros(3), (lucid.tensor([0, 2]),), lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 0.0, 2.0])
    """
    arrays, values = _put_arguments(input_, indices, values)
    return _index_put(input_, arrays, values, bool(accumulate))


def _index_put_method(self, indices, values, accumulate=False):
    """In-place form of `index_put`."""
    arrays, values = _put_arguments(self, indices, values)
    return _index_put_inplace(self, arrays, values, bool(accumulate))


def iterate(self):
    """Over the slices of the first dimension."""
    if not self.array.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(unbind(self, 0))


def contains(self, element) -> bool:
    """Whether an element (or one of a tensor that broadcasts) is among the values."""
    if not isinstance(element, (Tensor, bool, int, float, complex)):
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )
    return bool((self.array == (element.array if isinstance(element, Tensor) else element)).any())


# ------------------------------------------------------------------------------------------------ along a dimension


def _check_shapes(name: str, input_: Tensor, dim: int, index, src=None) -> int:
    """The checked dimension of gather and scatter, whose index fits the input and the source."""
    shape, own = index.shape, input_.array.shape
    dim = check_dim(name, dim, len(own))
    if index.size == 0:
        return dim
    if max(len(shape), 1) != max(len(own), 1):
        which = "input" if name == "gather" else "self"
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {which} tensor")
    if src is not None and max(src.ndim, 1) != max(len(shape), 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for k, size in enumerate(shape):
        if k != dim and own and size > own[k] or src is not None and src.ndim and size > src.shape[k]:
            more = "" if src is None else f" and to be no larger size than src {list(src.shape)}"
            raise RuntimeError(
                f"{name}: Expected index {list(shape)} to be no larger than self {list(own)} apart from dimension {dim}"
                + more
            )
    return dim


@op("gather", out="apart")
def gather(input_: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out=None) -> Tensor:
    """The elements whose place along `dim` is given by `index`, and along the others is the index' own.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32, of the input's number of dimensions, nowhere larger than it but along `dim`.
    sparse_grad : bool, optional
        Accepted; gradients are dense.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the index' shape.

    Raises
    ------
    RuntimeError
        If an index is out of range or the shapes do not fit.

    Examples
    --------
    >>> lucid.gather(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, lucid.tensor([[0], [1]]))
    Tensor([[1.0],
            [4.0]])
    """
    array = tensor_argument("gather", input_).array
    at = index_argument("gather", index)
    dim = _check_shapes("gather", input_, dim, at)
    if not at.size:
        return wrap(core.empty(at.shape, array.dtype))
    out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim)
    return wrap(picked(array, dim, at, True))


gather.vjp(
    input_=lambda g, input_shape, dim, index: scatter_add(Supplied.zeros(input_shape, g.dtype), dim, index, g)
)


@op("scatter_add", out="same")
def scatter_add(input_: Tensor, dim: int, index: Tensor, src: Tensor, *, out=None) -> Tensor:
    """A copy to which the source's elements are added, each at the place along `dim` that `index` gives.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32; nowhere larger than the source, nor than the input but along `dim`.
    src : Tensor
        Of the input's dtype.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.scatter_add(lucid.zeros(3), 0, lucid.tensor([0, 0, 2]), lucid.tensor([1.0, 2.0, 3.0]))
    Tensor([3.0, 0.0, 3.0])
    """
    at = index_argument("scatter", index)
    _same_dtype("scatter", input_, tensor_argument("scatter", src, 4, "src"))
    dim = _check_shapes("scatter_add", input_, dim, at, src.array)
    out_of_bounds(at, input_.array.shape[dim] if input_.array.ndim else 1, dim)
    out = copied(input_.array)
    placed(out, dim, at, src.array, True, "sum")
    return wrap(out)


def _picked(g, dim, index, src_shape):
    """The gradient of a scattered source: what the index picks, and zeros where the source was not read."""
    found = gather(g, dim, index)
    if found.array.shape == src_shape:
        return found
    if index.array.size == 0:
        return Supplied.zeros(src_shape, g.dtype)
    pad = []
    for size, own in zip(reversed(src_shape), reversed(found.array.shape)):
        pad += [0, size - own]
    return function("constant_pad_nd")(found, pad)


def _same_dtype(name: str, input_: Tensor, src: Tensor) -> None:
    if input_.dtype is not src.dtype:
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got {torch_name(input_.dtype)} and "
            f"{torch_name(src.dtype)}"
        )


scatter_add.vjp(input_=lambda g: g, src=lambda g, dim, index, src_shape: _picked(g, dim, index, src_shape))


@op("Tensor._scatter")
def _scatter(input_: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy in which the source's elements stand at the places along `dim` that `index` gives."""
    at = index_argument("scatter", index)
    dim = _check_shapes("scatter", input_, dim, at, src.array if src.array.ndim or not at.ndim else None)
    out_of_bounds(at, input_.array.shape[dim] if input_.array.ndim else 1, dim)
    out = copied(input_.array)
    placed(out, dim, at, src.array, True)
    return wrap(out)


_scatter.vjp(
    input_=lambda g, dim, index: _scatter(g, dim, index, Supplied.zeros((), g.dtype)),
    src=lambda g, dim, index, src_shape: _picked(g, dim, index, src_shape) if src_shape else gather(g, dim, index),
)


@op("scatter", composite=True, out="same")
def scatter(input_: Tensor, dim: int, index: Tensor, src=None, *, value=None, reduce=None, out=None) -> Tensor:
    """A copy in which a source's elements (or one number) stand at the places along `dim` that `index` gives.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32; nowhere larger than the source, nor than the input but along `dim`.
    src : Tensor or number
        Of the input's dtype.
    value : number, optional
        Another name for a source that is a number.
    reduce : {"add", "multiply"}, optional
        Combine with what is there; by default overwrite it.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.scatter(lucid.zeros(3), 0, lucid.tensor([2, 0]), lucid.tensor([1.0, 2.0]))
    Tensor([2.0, 0.0, 1.0])
    """
    src = value if src is None else src
    if src is None:
        raise TypeError("scatter() missing required argument: 'src' or 'value'")
    at = index_argument("scatter", index)
    if not isinstance(src, Tensor):
        held = core.empty((), input_.array.dtype)
        fill_array(held, src)
        src = wrap(held)
        if reduce is not None:
            src = wrap(np.broadcast_to(held, at.shape))
    else:
        _same_dtype("scatter", input_, src)
        if not src.array.ndim and at.ndim and at.size:
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if reduce is None:
        return _scatter(input_, dim, index, src)
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    return scatter_reduce(input_, dim, index, src, "sum" if reduce == "add" else "prod", include_self=True)


@op("scatter_reduce", out="same")
def scatter_reduce(
    input_: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True, out=None
) -> Tensor:
    """A copy in which the source's elements are combined, at the places along `dim` that `index` gives.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32; nowhere larger than the source, nor than the input but along `dim`.
    src : Tensor
        Of the input's dtype.
    reduce : {"sum", "prod", "mean", "amax", "amin"}
        How elements that meet are combined.
    include_self : bool, optional
        Whether the input's own element takes part.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.scatter_reduce(lucid.ones(2), 0, lucid.tensor([0, 0, 1]), lucid.tensor([2.0, 3.0, 4.0]), "prod")
    Tensor([6.0, 4.0])
    """
    if reduce not in JOINS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    at = index_argument("scatter", index)
    _same_dtype("scatter", input_, tensor_argument("scatter_reduce", src, 4, "src"))
    dim = _check_shapes("scatter_reduce", input_, dim, at, src.array)
    out_of_bounds(at, input_.array.shape[dim] if input_.array.ndim else 1, dim)
    if not at.size:
        return wrap(copied(input_.array))
    out = copied(input_.array)
    if not include_self:
        neutral = core.empty((), out.dtype)
        neutral[...] = _neutral(reduce, out.dtype)
        placed(out, dim, at, neutral, True)
    placed(out, dim, at, src.array, True, reduce)
    if reduce == "mean":
        count = core.empty(out.shape, INT64)
        count.fill(int(include_self))
        placed(count, dim, at, np.ones(at.shape, np.int64), True, "sum")
        np.maximum(count, 1, out=count)
        out[...] = np.floor_divide(out, count) if out.dtype.kind in "iu" else out / count
    return wrap(out)


def _neutral(reduce: str, dtype):
    """What a reduction of nothing is."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if dtype.kind in "fV":
        return -np.inf if reduce == "amax" else np.inf
    if dtype.kind == "b":
        return reduce == "amin"
    info = np.iinfo(dtype)
    return info.min if reduce == "amax" else info.max


@scatter_reduce.vjp_joint("input_", "src")
def _scatter_reduce_backward(g, needs, input_, dim, index, src, reduce, include_self, out):
    mul, div, eq, where = (function(name) for name in ("mul", "div", "eq", "where"))
    zeros = Supplied.zeros(input_.array.shape, g.dtype)
    shape = src.array.shape

    def spread(x):
        return _picked(x, dim, index, shape)

    if reduce == "sum":
        of_self, of_src = g, spread(g)
    elif reduce == "mean":
        ones = Supplied.ones(shape, g.dtype)
        count = scatter_add(Supplied.ones(input_.array.shape, g.dtype) if include_self else zeros, dim, index, ones)
        count.array[count.array == 0] = 1
        of_self = div(g, count)
        of_src = spread(of_self)
    elif reduce == "prod":
        self_zero, src_zero = eq(input_, 0), eq(src, 0)
        others = masked_fill(input_, self_zero, 1)
        of_self = div(mul(g, scatter_reduce(others, dim, index, src, "prod", include_self=include_self)), others)
        zeros_there = spread(scatter_add(zeros, dim, index, function("Tensor._to_dtype")(src_zero, g.dtype)))
        alone = function("logical_and")(src_zero, eq(zeros_there, 1))
        nonzero_src = masked_fill(src, alone, 1)
        without = scatter_reduce(input_, dim, index, nonzero_src, "prod", include_self=include_self)
        of_src = where(alone, spread(mul(g, without)), div(spread(mul(g, out)), masked_fill(src, src_zero, 1)))
    else:
        mine, theirs = eq(input_, out), eq(src, spread(out))
        mine, theirs = (function("Tensor._to_dtype")(one, g.dtype) for one in (mine, theirs))
        ties = Supplied.add(scatter_add(zeros, dim, index, theirs), mine)
        each = div(g, ties)
        of_self, of_src = mul(mine, each), mul(theirs, spread(each))
    if not include_self:
        of_self = _scatter(of_self, dim, index, Supplied.zeros((), g.dtype))
    return of_self, of_src


# ------------------------------------------------------------------------------------------------ whole slices


def _vector(name: str, index, accepted=INDEX_DTYPES, kind=RuntimeError) -> np.ndarray:
    """A 1-d index; a 0-d one counts as one element."""
    at = index_argument(name, index, accepted, kind)
    if at.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got dim: {at.ndim}")
    return at.reshape(-1)


@op("index_select", out="apart")
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
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

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
    if not array.ndim and at.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {at.size} value(s)")
    size = array.shape[dim] if array.ndim else 1
    _in_self(at, size)
    return wrap(picked(array, dim, at, False) if array.ndim else copied(array))


def _in_self(at, size: int) -> None:
    if at.size:
        wrong = kernels.check_index(flat(at), size)
        if wrong >= 0:
            raise IndexError(f"index out of range in self: {at.reshape(-1)[wrong]} in a dimension of size {size}")


index_select.vjp(
    input_=lambda g, input_shape, dim, index: index_add(Supplied.zeros(input_shape, g.dtype), dim, index, g)
)


@op("index_add", out="same")
def index_add(input_: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha=1, out=None) -> Tensor:
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
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the input's shape.

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
    out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim)
    if alpha != 1:
        with np.errstate(all="ignore"):
            added = cast(added * (alpha % 256 if added.dtype.kind == "u" else alpha), added.dtype)
    out = copied(array)
    placed(out, dim, at, added.reshape(at.shape) if not array.ndim else added, False, "sum")
    return wrap(out)


index_add.vjp(
    input_=lambda g: g,
    source=lambda g, dim, index, source_shape, alpha: _scaled(_slices(g, dim, index, source_shape), alpha),
)


def _slices(g, dim, index, shape):
    return expand(g, shape) if not g.array.ndim else index_select(g, dim, index)


def _scaled(g, alpha):
    return g if alpha == 1 else function("mul")(g, alpha)


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


@op("index_copy", out="same")
def index_copy(input_: Tensor, dim: int, index: Tensor, source: Tensor, *, out=None) -> Tensor:
    """A copy whose slices of dimension `dim`, which `index` names, are those of the source.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.
    index : int or Tensor
        Where.
    source : int or sequence of int
        Where the dimensions are.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the input's shape.

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
    out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim, kind=IndexError)
    out = copied(array)
    placed(out, dim, at, put.reshape(at.shape) if not array.ndim or not put.ndim else put, False)
    return wrap(out)


index_copy.vjp(
    input_=lambda g, dim, index: index_fill(g, dim, index, 0),
    source=lambda g, dim, index, source_shape: _slices(g, dim, index, source_shape),
)


@op("index_fill")
def index_fill(input_: Tensor, dim: int, index: Tensor, value) -> Tensor:
    """A copy whose slices of dimension `dim`, which `index` names, hold one value (a number or a 0-d tensor).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.
    index : int or Tensor
        Where.
    value : number or 0-d Tensor
        The value.

    Returns
    -------
    Tensor
        Of the input's shape.

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
    out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim, True, IndexError)
    held = core.empty((), array.dtype)
    value = value.item() if isinstance(value, Tensor) else value
    if isinstance(value, complex) and array.dtype.kind != "c":
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    fill_array(held, value)
    out = copied(array)
    placed(out, dim, _wrapped(at.reshape(-1), array.shape[dim] if array.ndim else 1), held, False)
    return wrap(out)


def _wrapped(at, size: int):
    """An index in range whose negative entries count from the end, all from the front."""
    out = core.empty(at.shape, INT64)
    if at.size:
        kernels.wrap_index(flat(at), flat(out), size)
    return out


index_fill.vjp(
    input_=lambda g, dim, index: index_fill(g, dim, index, 0),
    value=lambda g, dim, index: _once(g, dim, index),
)


def _once(g, dim, index):
    """The gradient of what was filled: each slice counts once, however often it was named."""
    size = g.array.shape[dim] if g.array.ndim else 1
    rows = np.unique(_wrapped(index_argument("index_fill_", index).reshape(-1), size))
    return index_select(g, dim, wrap(rows)) if len(rows) else Supplied.zeros((), g.dtype)


@op("index_reduce", composite=True, out="same")
def index_reduce(
    input_: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True, out=None
) -> Tensor:
    """`scatter_reduce` of whole slices: those of the source are combined with the ones that `index` names.

    Parameters
    ----------
    reduce : {"prod", "mean", "amax", "amin"}
        How slices that meet are combined.

    Returns
    -------
    Tensor
        Of the input's shape.

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
    _same_dtype("index_reduce", input_, source)
    _slice_sizes("index_reduce_", array, dim, put, at.size)
    whole = np.broadcast_to(at.reshape((-1,) + (1,) * (put.ndim - dim - 1)) if put.ndim else at.reshape(()), put.shape)
    return scatter_reduce(input_, dim, wrap(whole), source, reduce, include_self=include_self)


# ------------------------------------------------------------------------------------------------ by flat index


def _flat_index(name: str, index, n: int) -> np.ndarray:
    tensor_argument(name, index, 2, "index")
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {torch_name(index.dtype)}")
    at = index.array
    if at.size:
        wrong = at.max() if at.max() >= n else at.min()
        if not -n <= wrong < n:
            raise IndexError(f"out of range: tried to access index {wrong} on a tensor of {n} elements.")
    return _wrapped(contiguous(native(at)), n)


@op("take", out="apart")
def take(input_: Tensor, index: Tensor, *, out=None) -> Tensor:
    """The elements at places in the flattened tensor; negative ones count from the end.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    index : int or Tensor
        Where.
    out : Tensor, optional
        Where the result is written.

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
    at = _flat_index("take", index, array.size)
    return wrap(picked(array.reshape(-1), 0, at.reshape(-1), False).reshape(at.shape))


take.vjp(input_=lambda g, input_shape, index: put(Supplied.zeros(input_shape, g.dtype), index, g, True))


@op("put")
def put(input_: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with the source's elements at places in the flattened tensor, or added there if `accumulate`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    index : int or Tensor
        Where.
    source : int or sequence of int
        Where the dimensions are.
    accumulate : bool, optional
        Add, as often as an index occurs.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.put(lucid.zeros(3), lucid.tensor([0, 2]), lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 0.0, 2.0])
    """
    array = tensor_argument("put", input_).array
    at = _flat_index("put_", index, array.size)
    if source.dtype is not input_.dtype:
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
    input_=lambda g, index, source_dtype, accumulate: g
    if accumulate
    else put(g, index, Supplied.zeros(index.array.shape, source_dtype)),
    source=lambda g, index, source_shape: reshape(take(g, index), source_shape),
)


@op("take_along_dim", composite=True, out="apart")
def take_along_dim(input_: Tensor, indices: Tensor, dim=None, *, out=None) -> Tensor:
    """`gather` with input and indices broadcast against each other; without `dim`, `take` of the flattened tensor.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    indices : Tensor or int or sequence of int
        The indices, int64.
    dim : int, optional
        The dimension; negative numbers count from the last.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

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
    out_of_bounds(indices.array, size, dim, True)
    wanted = broadcast_shapes((*own[:dim], 1, *own[dim + 1 :]), (*other[:dim], 1, *other[dim + 1 :])) if own else ()
    indices = wrap(np.where(indices.array < 0, indices.array + size, indices.array))
    return gather(
        expand(input_, (*wanted[:dim], *own[dim : dim + 1], *wanted[dim + 1 :])), dim,
        expand(indices, (*wanted[:dim], *other[dim : dim + 1], *wanted[dim + 1 :])),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ by mask


def mask_argument(name: str, mask, said: str = "masked_fill_ only supports boolean masks, but got mask with dtype {}"):
    """The array of a boolean mask."""
    tensor_argument(name, mask, 2, "mask")
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(said.format(torch_name(mask.dtype)))
    return mask.array


@op("masked_fill")
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
    found = core.where(WHERE, mask, value, input_)
    if found is not None:
        return found
    held = core.empty((), array.dtype)
    fill_array(held, value.item() if isinstance(value, Tensor) else value)
    shape = broadcast_shapes(array.shape, where.shape)
    out = copied(array if array.shape == shape else np.broadcast_to(array, shape))
    if out.size:
        where = contiguous(native(where if where.shape == shape else np.broadcast_to(where, shape)))
        moved(kernels.masked_fill, out)(flat(out, True), flat(where), flat(held, True))
    return wrap(out)


masked_fill.vjp(
    input_=lambda g, mask: masked_fill(g, mask, 0),
    value=lambda g, mask: masked_fill(g, function("logical_not")(mask), 0),
)


@op("masked_select", composite=True, out="apart")
def masked_select(input_: Tensor, mask: Tensor, *, out=None) -> Tensor:
    """The elements where a mask is true, in one dimension; input and mask are broadcast against each other.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    mask : Tensor
        bool; broadcast against the input.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

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


@op("masked_scatter", composite=True)
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
    found = tuple(nonzero_rows(np.broadcast_to(where, shape).reshape(shape or (1,))))
    if len(found[0]) > source.array.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    values = index_basic(reshape(source, (-1,)), slice(0, len(found[0])))
    result = _index_put(reshape(broadcast_to(input_, shape), shape or (1,)), found, values, False)
    return result if shape else reshape(result, ())


# ------------------------------------------------------------------------------------------------ where


@op("nonzero", gradient=False, own=("out",), out="same")
def nonzero(input_: Tensor, *, out=None, as_tuple: bool = False):
    """The indices of the elements that are not zero.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    out : Tensor, optional
        Where the result is written.
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
        return tuple(wrap(one) for one in nonzero_rows(array if array.ndim else array.reshape(1)))
    if not array.ndim:
        result = wrap(core.empty((int(bool(array)), 0), INT64))
    else:  # laid out by dimension, as PyTorch's is
        result = wrap(nonzero_rows(array).T)
    if out is None:
        return result
    check_out("nonzero", out)
    write_out("nonzero", out, result)
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
        A copy.

    Examples
    --------
    >>> lucid.argwhere(lucid.tensor([0, 5, 0, 7]))
    Tensor([[1],
            [3]])
    """
    return nonzero(input_)


@op("nonzero_static", gradient=False)
def nonzero_static(input_: Tensor, *, size: int, fill_value: int = -1, out=None) -> Tensor:
    """The first `size` rows of `nonzero`, filled up with `fill_value`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    size : int or sequence of int
        The shape.
    fill_value : number, optional
        The value.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

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
    indices : Tensor or int or sequence of int
        The indices, int64.
    shape : sequence of int
        The shape.

    Returns
    -------
    tuple of Tensor
        A copy.

    Examples
    --------
    >>> lucid.unravel_index(lucid.tensor([5]), (2, 3))
    (Tensor([1]), Tensor([2]))
    """
    tensor_argument("unravel_index", indices, 1, "indices")
    if indices.dtype.kind != 1:
        raise ValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    shape = (shape,) if isinstance(shape, int) else shape_argument("unravel_index", (shape,))
    if any(n < 0 for n in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {shape}")
    found = []
    for step, size in zip(dense_steps(shape), shape):
        one = indices.array // step % size if size else indices.array * 0
        found.append(wrap(np.asarray(one, np.int64)))
    return tuple(found)


# ------------------------------------------------------------------------------------------------ embedding


@op("Tensor._embedding")
def _embedding(weight: Tensor, index: Tensor, padding_idx, scale_grad_by_freq) -> Tensor:
    """The rows of `weight` that `index` names."""
    table, at = weight.array, index.array
    _in_self(at, len(table))
    return wrap(picked(table, 0, at.reshape(-1), False).reshape(*at.shape, table.shape[1]))


def _embedding_rule(g, weight_shape, index, padding_idx, scale_grad_by_freq):
    at = index.array.reshape(-1)
    g = reshape(g, (at.size, weight_shape[1]))
    if scale_grad_by_freq and at.size:
        times = np.bincount(at, minlength=weight_shape[0])[at].astype(g.array.dtype)
        g = function("div")(g, wrap(times[:, None]))
    if padding_idx is not None and padding_idx >= 0:
        kept = np.flatnonzero(at != padding_idx)
        if len(kept) < len(at):
            g, at = index_select(g, 0, wrap(kept)), at[kept]
    return index_add(Supplied.zeros(weight_shape, g.dtype), 0, wrap(at), g)


_embedding.vjp(weight=_embedding_rule)


@op("nn.functional.embedding", composite=True)
def embedding(
    input_: Tensor, weight: Tensor, padding_idx=None, max_norm=None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of a table, looked up by index.

    Parameters
    ----------
    input_ : Tensor
        The indices: int64 or int32, of any shape.
    weight : Tensor
        The table: rows are embeddings.
    padding_idx : int, optional
        A row that gets no gradient; negative counts from the end.
    max_norm : float, optional
        Rows that are looked up and have a larger norm are scaled down to it first, in the table itself.
    norm_type : float, optional
        Which norm.
    scale_grad_by_freq : bool, optional
        Divide each row's gradient by how often the row was looked up.
    sparse : bool, optional
        Accepted; gradients are dense.

    Returns
    -------
    Tensor
        Of the input's shape and one more dimension, the row.

    Raises
    ------
    IndexError
        If an index is not a row of the table.

    Examples
    --------
    >>> lucid.nn.functional.embedding(lucid.tensor([1, 0]), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[3.0, 4.0],
            [1.0, 2.0]])
    """
    tensor_argument("embedding", input_), tensor_argument("embedding", weight, 2, "weight")
    if weight.array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    n = weight.array.shape[0]
    if padding_idx is not None:
        if not -n <= padding_idx < n:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx += n if padding_idx < 0 else 0
    if input_.dtype not in INDEX_DTYPES:
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input_.type()} instead (while checking arguments for embedding)"
        )
    index = wrap(index_argument("embedding", input_))
    if max_norm is not None:
        _renorm(weight, index.array, max_norm, norm_type)
    return _embedding(weight, index, padding_idx, scale_grad_by_freq)


def _renorm(weight: Tensor, at, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up down to a norm of at most `max_norm`, in place and out of the graph."""
    table = weight.array
    if not table.flags.writeable:
        raise RuntimeError("embedding(): max_norm writes to the weight, whose memory is read-only")
    if weight.dtype.kind < 2 and at.size:
        raise RuntimeError(
            f"norm(): input dtype should be either floating point or complex. Got {torch_name(weight.dtype)} instead."
        )
    _in_self(at, len(table))
    rows = np.unique(at)
    looked_up = table[rows]
    wide = np.abs(looked_up) if table.dtype.kind == "c" else looked_up.astype(np.float64)
    norms = np.linalg.norm(wide, norm_type, axis=1) if wide.size else np.zeros(len(rows))
    large = norms > max_norm
    if large.any():
        scale = (max_norm / (norms[large] + 1e-7)).astype(table.dtype)
        table[rows[large]] = looked_up[large] * scale[:, None]
        core.bump(weight)


@op("nn.functional.one_hot", gradient=False)
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A one in the place that each index names, zeros elsewhere, along a new last dimension.

    Parameters
    ----------
    tensor : Tensor
        int64, not negative.
    num_classes : int, optional
        The size of the new dimension; by default one more than the largest index.

    Returns
    -------
    Tensor
        int64.

    Examples
    --------
    >>> lucid.nn.functional.one_hot(lucid.tensor([0, 2]), 3)
    Tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    at = tensor_argument("one_hot", tensor, 1, "tensor").array
    if tensor.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not at.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    elif at.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    elif num_classes != -1 and at.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    n = int(at.max()) + 1 if num_classes == -1 else num_classes
    out = core.empty((*at.shape, n), INT64)
    if out.size:
        kernels.one_hot(flat(contiguous(native(at))), flat(out), n)
    return wrap(out)


# ------------------------------------------------------------------------------------------------ counting


@op("bincount", gradient=False)
def bincount(input_: Tensor, weights=None, minlength: int = 0) -> Tensor:
    """How often each number 0, 1, 2, ... occurs in a 1-d tensor of integers.

    Parameters
    ----------
    input_ : Tensor
        1-d, of integers that are not negative.
    weights : Tensor, optional
        Added up instead of ones.
    minlength : int, optional
        The least size of the result.

    Returns
    -------
    Tensor
        int64, or of the dtype of the weights (float64 unless they are float32).

    Examples
    --------
    >>> lucid.bincount(lucid.tensor([0, 1, 1, 3]))
    Tensor([1, 2, 0, 1])
    """
    array = tensor_argument("bincount", input_).array
    if weights is not None:
        tensor_argument("bincount", weights, 2, "weights")
    if input_.dtype.kind != 1:
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{torch_name(input_.dtype)}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    if not array.size or weights is None:
        return wrap(np.bincount(array.astype(np.int64), minlength=minlength).astype(np.int64))
    dtype = np.float32 if weights.dtype is dtypes.float32 else np.float64
    out = np.zeros(max(minlength, int(array.max()) + 1), dtype)
    np.add.at(out, array.astype(np.intp), weights.array.astype(dtype))
    return wrap(out)


@op("histc", gradient=False, out="same")
def histc(input_: Tensor, bins: int = 100, min=0, max=0, *, out=None) -> Tensor:
    """How many elements fall into each of `bins` equal intervals from `min` to `max`; others are not counted.

    Parameters
    ----------
    input_ : Tensor
        Floating, of any shape.
    bins : int, optional
        How many intervals; each but the last without its upper end.
    min, max : number, optional
        The range; where both are equal, that of the elements.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        1-d, of the input's dtype.

    Examples
    --------
    >>> lucid.histc(lucid.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    Tensor([0.0, 2.0, 1.0, 0.0])
    """
    array = tensor_argument("histc", input_).array.reshape(-1)
    if input_.dtype.kind != 2:
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{torch_name(input_.dtype)}'")
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    computed = np.float32 if array.dtype.itemsize < 8 else np.float64
    values = array.astype(computed)
    low, high = (one.item() if isinstance(one, Tensor) else one for one in (min, max))
    if low == high and values.size:
        low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    low, high = computed(low), computed(high)
    inside = values[(values >= low) & (values <= high)]
    at = ((inside - low) * computed(bins) / (high - low)).astype(np.int64)
    at[at == bins] = bins - 1
    out = core.empty((bins,), array.dtype)
    out[...] = np.bincount(at, minlength=bins)
    return wrap(out)


# ------------------------------------------------------------------------------------------------ sorted values


def _comparable(array):
    """An array in a dtype in which kernels compare: half precision as float32, bool as uint8."""
    if array.dtype.kind == "b":
        return array.view(np.uint8)
    return array if array.dtype in C_NAMES else array.astype(np.float32)


@op("searchsorted", gradient=False, out="same")
def searchsorted(
    sorted_sequence: Tensor, input_, *, out_int32: bool = False, right: bool = False, side=None, sorter=None, out=None
) -> Tensor:  # fmt: skip
    """Where values belong in rows of ascending numbers.

    Parameters
    ----------
    sorted_sequence : Tensor
        Ascending along the last dimension; 1-d, or of the values' shape but for the last dimension.
    input_ : Tensor or number
        The values.
    out_int32 : bool, optional
        Give int32 instead of int64.
    right : bool, optional
        Behind equal numbers, rather than before them.
    side : {"left", "right"}, optional
        The same in NumPy's words.
    sorter : Tensor, optional
        int64, of the shape of the sequence: what sorts it, where it is not sorted itself.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the values' shape: before which number of its row each belongs.

    Examples
    --------
    >>> lucid.searchsorted(lucid.tensor([1.0, 3.0, 5.0]), lucid.tensor([2.0, 5.0]))
    Tensor([1, 2])
    """
    edges = tensor_argument("searchsorted", sorted_sequence, 1, "sorted_sequence").array
    name = "torch.searchsorted()"
    if not isinstance(input_, Tensor):
        if edges.ndim != 1:
            raise RuntimeError(
                f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
                f"tensor dim({edges.ndim}) and input value's dim(0) numel(1)"
            )
        input_ = wrap(to_array(input_, None))
    values = input_.array
    if side not in (None, "left", "right"):
        raise RuntimeError(f"{name}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(f"{name}: side and right can't be set to opposites, got side of left while right was True")
    if not edges.ndim:
        raise RuntimeError(f"{name}: boundaries tensor should have positive dimension, but got 0 dimension")
    if edges.ndim != 1 and edges.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(edges.shape)} and input value tensor "
            f"{list(values.shape)}"
        )
    common = dtypes.promote_types(sorted_sequence.dtype, input_.dtype).numpy
    if common.kind in "bc":
        raise NotImplementedError(f"\"searchsorted_out_cpu\" not implemented for '{torch_name(sorted_sequence.dtype)}'")
    order = None
    if sorter is not None:
        order = tensor_argument("searchsorted", sorter, 6, "sorter").array
        if order.shape != edges.shape:
            raise RuntimeError(
                f"{name}: boundary and sorter must have the same size, but got boundary tensor {list(edges.shape)}and "
                f"got sorter tensor {list(order.shape)}"
            )
        if sorter.dtype is not dtypes.int64:
            raise RuntimeError(f"{name}: sorter must be a tensor of long dtype but got dtype {torch_name(sorter.dtype)}")
        if order.size and kernels.check_index(flat(contiguous(native(order))), edges.shape[-1]) >= 0:
            raise RuntimeError(f"{name}: sorter index out of range")
    found = core.empty(values.shape, INT64)
    if found.size and edges.size:
        n, edge_rows = edges.shape[-1], edges.size // edges.shape[-1]
        rows = edge_rows if edges.ndim > 1 else 1
        compared = [flat(contiguous(native(_comparable(cast(one, common))))) for one in (edges, values)]
        sorting.searchsorted(
            *compared, flat(found), edge_rows, n, rows, values.size // rows, bool(right or side == "right"),
            None if order is None else flat(contiguous(native(order))),
        )  # fmt: skip
    elif found.size:
        found.fill(0)
    return wrap(cast(found, dtypes.int32.numpy) if out_int32 else found)


@op("bucketize", gradient=False, out="same")
def bucketize(input_, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out=None) -> Tensor:
    """Between which of ascending 1-d `boundaries` each value lies: the number of boundaries below it.

    Parameters
    ----------
    input_ : Tensor or number
        The values.
    boundaries : Tensor
        1-d, ascending.
    out_int32 : bool, optional
        Give int32 instead of int64.
    right : bool, optional
        Whether a value that equals a boundary lies above it.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.bucketize(lucid.tensor([2.0, 5.0]), lucid.tensor([1.0, 3.0, 5.0]))
    Tensor([1, 2])
    """
    edges = tensor_argument("bucketize", boundaries, 2, "boundaries").array
    if edges.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({edges.ndim})")
    return searchsorted(boundaries, input_, out_int32=out_int32, right=right)


def _runs(array, order=None):
    """The runs of equal elements of a 1-d array, how long they are, and of which run each element is."""
    n = array.size
    values, counts, inverse = core.empty((n,), array.dtype), core.empty((n,), INT64), core.empty((n,), INT64)
    found = 0
    if n:
        found = sorting.runs(
            flat(array), flat(values), flat(counts), flat(inverse), None if order is None else flat(order)
        )
    return values[:found].copy(), counts[:found].copy(), inverse


def _rows_equal(rows):
    """For rows of a 2-d array, whether each differs from the one before it."""
    return np.ones(len(rows), bool) if len(rows) < 2 else np.r_[True, (rows[1:] != rows[:-1]).any(1)]


def _unique_values(array, sort: bool):
    """Unique elements (or runs of them) of a flattened array, with inverse and counts."""
    row, dtype = contiguous(array).reshape(-1), array.dtype
    row = contiguous(native(_comparable(row)))
    order = None
    if sort and row.size:
        values, order = core.empty(row.shape, row.dtype), core.empty(row.shape, INT64)
        sorting.sort(flat(row), flat(values), flat(order), 1, row.size)
        row = values
    values, counts, inverse = _runs(row, order)
    return values.view(dtype) if dtype.kind == "b" else values.astype(dtype, copy=False), inverse, counts


def _unique_slices(x: Tensor, dim: int, sort: bool):
    """Unique slices (or runs of them) along a dimension, with inverse and counts."""
    array = x.array
    dim = check_dim("unique", dim, array.ndim)
    n = array.shape[dim] if array.ndim else 1
    if array.size == 0:
        if n and sort:
            raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
        if not n:
            return copied(array), np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows = np.moveaxis(array, dim, 0).reshape(n, -1)
    order = np.lexsort(rows.T[::-1]) if sort else np.arange(n)
    new = _rows_equal(rows[order])
    first = np.flatnonzero(new)
    inverse = np.empty(n, np.int64)
    inverse[order] = np.cumsum(new) - 1
    counts = np.diff(np.r_[first, n]).astype(np.int64)
    return picked(array, dim, order[first].astype(np.int64), False), inverse, counts


def _flags(name: str, **flags) -> None:
    for argument, value in flags.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name}(): argument '{argument}' must be bool, not {type(value).__name__}")


def _ordered(x) -> np.ndarray:
    """The array of a tensor whose elements have an order. NotImplementedError for complex numbers."""
    array = tensor_argument("unique", x).array
    if array.dtype.kind == "c":
        raise NotImplementedError(f"\"unique\" not implemented for '{torch_name(x.dtype)}'")
    return array


def _asked(found, shape, return_inverse: bool, return_counts: bool):
    values, inverse, counts = found
    result = (wrap(values),)
    if return_inverse:
        result += (wrap(inverse.reshape(shape)),)
    if return_counts:
        result += (wrap(counts),)
    return result if len(result) > 1 else result[0]


@op("unique", gradient=False)
def unique(
    input_: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim=None
):
    """The different elements of a tensor, or its different slices along a dimension, in ascending order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    sorted : bool, optional
        Accepted; the result is always sorted.
    return_inverse : bool, optional
        Also give, for each element, which one it is.
    return_counts : bool, optional
        Also give how often each occurs.
    dim : int, optional
        Compare the slices along it.

    Returns
    -------
    Tensor or tuple of Tensor
        The elements, and what else was asked for (int64).

    Examples
    --------
    >>> lucid.unique(lucid.tensor([3, 1, 3]))
    Tensor([1, 3])
    """
    array = _ordered(input_)
    _flags("_unique2", sorted=sorted, return_inverse=return_inverse, return_counts=return_counts)
    if dim is not None:
        return _asked(_unique_slices(input_, dim, True), (-1,), return_inverse, return_counts)
    return _asked(_unique_values(array, True), array.shape, return_inverse, return_counts)


@op("unique_consecutive", gradient=False)
def unique_consecutive(input_: Tensor, return_inverse: bool = False, return_counts: bool = False, dim=None):
    """The first of each run of equal elements (or slices along `dim`); the parameters are those of `unique`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    return_inverse : bool, optional
        Give also where each element went.
    return_counts : bool, optional
        Give also how often each occurs.
    dim : int, optional
        The dimension; negative numbers count from the last.

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> lucid.unique_consecutive(lucid.tensor([1, 1, 2, 1]))
    Tensor([1, 2, 1])
    """
    array = _ordered(input_)
    _flags("unique_consecutive", return_inverse=return_inverse, return_counts=return_counts)
    if dim is not None:
        return _asked(_unique_slices(input_, dim, False), (-1,), return_inverse, return_counts)
    return _asked(_unique_values(array, False), array.shape, return_inverse, return_counts)


# ------------------------------------------------------------------------------------------------ methods

TENSOR_METHODS = {
    "__getitem__": getitem, "__setitem__": setitem, "__iter__": iterate, "__contains__": contains,
    "index_put_": _index_put_method,
}  # fmt: skip
