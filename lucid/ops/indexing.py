"""Subscripts: `x[...]`, read and written.

It is split in two: what ints, slices, None and Ellipsis say is a view (`index_basic`), and the tensors left pick from
that view (`_index`), or one mask does (`_pick`). Writing goes the same way: into the view, at the indices left.
"""

from __future__ import annotations

import math
import operator
import warnings

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import inplace, op
from lucid.autograd.writes import check_apart, check_writable
from lucid.dtypes import check_int64, torch_name
from lucid.ops._frame import C_NAMES, INT64, cast, contiguous, copied, native, spread, tensor_argument
from lucid.ops._indices import INDEX_DTYPES, add_at, moved, out_of_bounds, placed
from lucid.ops.pieces import index_basic, unbind
from lucid.ops.storage import copy_, fill_array
from lucid.ops.view import clone, reshape, to_dtype
from lucid.tensor import Tensor, to_array

WHOLE = slice(None)


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
    if isinstance(item, (list, tuple, range)):
        if not len(item):
            return wrap(np.empty(0, np.int64))
        if not isinstance(item[0], str):
            array = to_array(list(item), None)
            return wrap(array if array.dtype.kind != "f" else to_array(list(item), dtypes.int64))
        item = item[0]
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
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


BYTE_MASK = "indexing with dtype uint8 is now deprecated, please use a dtype bool instead."


def parse(shape: tuple, index) -> tuple:
    """An index as (basic index, arrays): of the view that the first makes, the arrays pick by dimension.

    `arrays` has None for a dimension that is taken whole. IndexError where the index does not fit the shape.
    """
    found = core.index_arrays(index, len(shape))
    if found is not None:
        return (), found[0]
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
                if item.dtype is dtypes.uint8:
                    warnings.warn(BYTE_MASK, UserWarning, stacklevel=5)
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


def _joined(array, arrays: tuple, raw: bool = False):
    """`core.joined_index` for any arrays; None where they pick no neighbouring dimensions. IndexError where they reach beyond."""
    found = core.joined_index(array, arrays, raw)
    if found is None:
        check_arrays(array.shape, arrays)
        spread_ = iter(np.broadcast_arrays(*[one for one in arrays if one is not None]))
        arrays = tuple(None if one is None else contiguous(native(next(spread_))) for one in arrays)
        found = core.joined_index(array, arrays, raw)
    return found


@op("Tensor._index")
def _index(input_: Tensor, arrays, owners=()) -> Tensor:
    """The elements that arrays pick, one for each leading dimension (None: whole); `owners` are the tensors that they are of."""
    array = input_.array
    if array.flags.c_contiguous:
        plan = _joined(array, arrays, array.size > 0)
        if plan is not None:
            at, shape, *sizes = plan
            out = core.empty(shape, array.dtype)
            if out.size:
                row, kernel = flat(native(array), True), moved(kernels.gather, out)
                if kernel(row, flat(at), flat(out, True), *sizes, at.size, False):
                    at = _joined(array, arrays)[0]  # some are counted from the end, or outside
                    kernel(row, flat(at), flat(out, True), *sizes, at.size, False)
            return wrap(out)
    check_arrays(array.shape, arrays)
    return wrap(contiguous(array[_whole(arrays)]))


@op("Tensor._index_add_into_zeros")
def _place(input_: Tensor, shape, arrays, owners) -> Tensor:
    """Zeros of `shape` to which the elements are added where arrays say."""
    out = core.empty(shape, input_.array.dtype)
    out.fill(0)
    _put_array(out, arrays, input_.array, True)
    return wrap(out)


_index.vjp(input_=lambda g, input_shape, arrays, owners: _place(g, input_shape, arrays, owners))
_place.vjp(input_=lambda g, arrays, owners: _index(g, arrays, owners))


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
    found = core.index_arrays(index, self.array.ndim)
    if found is not None:
        return _index(self, *found)
    if isinstance(index, Tensor) and index.dtype is dtypes.bool_ and index.array.ndim and index.array.shape == self.array.shape:
        return _pick(self, index)
    basic, arrays = parse(self.array.shape, index)
    view = index_basic(self, basic) if basic else self
    return _index(view, arrays, _owners(index)) if any(one is not None for one in arrays) else view


def _owners(index) -> tuple:
    """The tensors of an index."""
    return tuple(one for one in _items(index) if isinstance(one, Tensor))


def setitem(self, index, value) -> None:
    """`x[index] = value`: a number, or a tensor that broadcasts to what the index picks."""
    plain = not core.recording((self, value))
    if plain and type(value) in (float, int, bool) and _set_number(self, index, value):
        return
    if not isinstance(value, Tensor):
        if not isinstance(value, (bool, int, float, complex, np.number, np.bool_)):
            raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")
        held = core.empty((), self.array.dtype)
        _fill(held, value.item() if isinstance(value, np.generic) else value)
        value = wrap(held)
    if (
        plain and isinstance(index, Tensor) and index.dtype is dtypes.int64 and index.array.ndim and self.array.ndim
        and 0 < value.array.ndim < index.array.ndim + self.array.ndim and value.dtype is self.dtype
    ):  # fmt: skip  # the commonest, without what others need
        check_writable("index_put", self, overlapping=True)
        check_apart("index_put_", self, (index, value), True)
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
        if array.ndim or core.recording((view, value)):
            copy_(view, value)
        else:  # a piece of what is written to, too: it is read first
            copy_(view, wrap(array.copy()))
        return
    array = value.array
    if value.dtype is not self.dtype:
        if array.ndim or not (len(_items(index)) == 1 and _is_mask(_items(index)[0])):
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{torch_name(self.dtype)} for the destination and {torch_name(value.dtype)} for the source."
            )
        value = to_dtype(value, self.dtype)
    while value.array.ndim and value.array.shape[0] == 1:
        value = reshape(value, value.array.shape[1:])
    _index_put_inplace(view, arrays, value, False, _owners(index))


def _fill(array, value) -> None:
    if type(value) is int:
        check_int64(value)
    fill_array(array, value, exact=False)


def _set_number(self, index, value) -> bool:
    """`x[index] = number` outside any graph, where the index is basic or a mask of the tensor's shape."""
    view = index_basic(self, index)
    if view is not None:
        if view.array.size:
            check_writable("copy_", view)
            _fill(view.array, value)
            core.bump(view)
        return True
    array = self.array
    mask = isinstance(index, Tensor) and index.dtype is dtypes.bool_ and index.array.shape == array.shape
    if not (mask and array.size and core.overwritable(self)):
        return False
    check_apart("masked_fill_", self, (index,))
    held = core.empty((), array.dtype)
    _fill(held, value)
    moved(kernels.masked_fill, array)(flat(array, True), flat(contiguous(native(index.array))), flat(held, True))
    core.bump(self)
    return True


def _is_mask(item) -> bool:
    return isinstance(item, Tensor) and item.dtype in (dtypes.bool_, dtypes.uint8)


@op("Tensor._index_put")
def _index_put(input_: Tensor, arrays, values: Tensor, accumulate: bool, owners=()) -> Tensor:
    """A copy with values put (or added) where arrays say."""
    out = copied(input_.array)
    _put_into(out, arrays, values, accumulate)
    return wrap(out)


def _put_into(target, arrays, values: Tensor, accumulate: bool) -> None:
    _put_array(target, arrays, values.array, accumulate)


def _put_array(target, arrays, values, accumulate: bool) -> None:
    """Put values (or add them) where arrays say."""
    plan = _joined(target, arrays) if target.flags.c_contiguous and target.flags.aligned else None
    if plan is None:
        check_arrays(target.shape, arrays)
        where = _whole(arrays)
        wanted = target[where].shape
    else:
        at, wanted, outer, axis, inner = plan
    if values.ndim:
        try:
            values = spread(values, wanted)
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
    if not accumulate:
        moved(kernels.scatter, target)(
            flat(target, True), flat(at), flat(contiguous(native(values)), True), outer, axis, inner, at.size, False,
            not values.ndim,
        )  # fmt: skip
        return
    if values.ndim:
        values = values.reshape(outer, at.size, inner)
    placed(target.reshape(outer, axis, inner), 1, at.reshape(-1), values, False, "sum")


def _index_put_input(g, arrays, accumulate, owners):
    if accumulate:
        return g
    return _index_put(g, arrays, Supplied.zeros((), g.dtype), False, owners)


_index_put.vjp(input_=_index_put_input, values=lambda g, arrays, owners: _index(g, arrays, owners))
_index_put_recorded = inplace(_index_put, "index_put_")


def _index_put_inplace(target: Tensor, arrays, values: Tensor, accumulate: bool, owners=()) -> Tensor:
    fills = values.array.size == 1 and not accumulate and len(owners) == 1 and owners[0].dtype is dtypes.bool_ and owners[0].array.ndim
    if fills and core.overlaps(target.array, (values,), True):
        values = clone(values)  # which is read first
    check_apart("index_put_", target, (*[one for one in owners if one.array.ndim], values), not fills)
    if core.recording((target, values)):
        return _index_put_recorded(target, arrays, values, accumulate, owners)
    check_writable("index_put", target, overlapping=True)
    _put_into(target.array, arrays, values, accumulate)
    core.bump(target)
    return target


def _put_arguments(input_: Tensor, indices, values: Tensor) -> tuple:
    """The arrays of `index_put`'s indices, and its values."""
    tensor_argument("index_put", input_), tensor_argument("index_put", values, 3, "values")
    if not len(indices):
        raise RuntimeError("index_put: at least one index is needed, got none")
    for i, one in enumerate(indices):
        if not isinstance(one, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(one).__name__}")
    if values.dtype is not input_.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {torch_name(input_.dtype)} for the "
            f"destination and {torch_name(values.dtype)} for the source."
        )
    found = core.index_arrays(tuple(indices), input_.array.ndim)
    if found is not None:
        return found[0], values
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
    return _index_put(input_, arrays, values, bool(accumulate), tuple(indices))


def _index_put_method(self, indices, values, accumulate=False):
    """In-place form of `index_put`."""
    arrays, values = _put_arguments(self, indices, values)
    return _index_put_inplace(self, arrays, values, bool(accumulate), tuple(indices))


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


# ------------------------------------------------------------------------------------------------ methods

TENSOR_METHODS = {
    "__getitem__": getitem, "__setitem__": setitem, "__iter__": iterate, "__contains__": contains,
    "index_put_": _index_put_method,
}  # fmt: skip
