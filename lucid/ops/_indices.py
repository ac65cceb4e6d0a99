"""What every family that reads indices stands on: their checks, and the kernels along one dimension.

Indices are checked here, before anything is read: no index leaves its dimension. `picked` and `placed` run the kernels:
what gather and scatter, index_select and index_add, take and put, and embeddings read and write.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import flat
from lucid.dtypes import torch_name
from lucid.ops._frame import C_NAMES, INT64, MOVED_NAMES, cast, contiguous, copied, native, tensor_argument
from lucid.tensor import Tensor

INDEX_DTYPES = (dtypes.int64, dtypes.int32)


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
        wrong = index.reshape(-1)[np.argmax((index >= size) | (index < (-size if negative else 0)))]
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
    if len(shape) == 2:  # the commonest
        return (1, *shape) if dim == 0 else (*shape, 1)
    return math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])


def _cropped(shape: tuple, dim: int, wanted: tuple):
    """The index of the part of `shape` that an index of shape `wanted` along `dim` speaks of; None for the whole."""
    if wanted == shape or wanted[:dim] == shape[:dim] and wanted[dim + 1 :] == shape[dim + 1 :]:
        return None
    return tuple(slice(None) if k == dim else slice(0, size) for k, size in enumerate(wanted))


def picked(array, dim: int, at, full: bool):
    """What an index picks along a dimension: `at[o, k, i]` if `full`, else the slices `at[k]`; None if it is outside."""
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
    if not out.size or not axis:
        return None if outside(at, axis) else out
    array = contiguous(native(array))
    return None if moved(kernels.gather, out)(
        flat(array, True), flat(at), flat(out, True), outer, axis, inner, m, full
    ) else out


def outside(at, size: int) -> bool:
    """Whether an index is not in [0, size)."""
    return at.size > 0 and kernels.check_index(flat(at), size) >= 0


JOINS = {"sum": "add", "prod": "mul", "mean": "add", "amax": "amax", "amin": "amin"}


def placed(out, dim: int, at, src, full: bool, join: str | None = None) -> bool:
    """Write a source into a contiguous array at what an index picks along a dimension, or `join` it there.

    Whether the index is outside, in which case what was written is of no use.
    """
    if not at.size or not out.size:
        return outside(at, _sizes(out.shape, dim)[1])
    if full:
        part = _cropped(out.shape, dim, at.shape)
        if part is not None:
            piece = copied(out[part])
            found = placed(piece, dim, at, src, True, join)
            out[part] = piece
            return found
        if src.ndim and src.shape != at.shape:
            src = src[tuple(slice(0, size) for size in at.shape)]
        m = at.shape[dim] if at.ndim else 1
    else:
        m = at.size
    outer, axis, inner = _sizes(out.shape, dim)
    scalar = not src.ndim and (out.ndim > 0 or at.size > 1)
    if join is None:
        row = flat(contiguous(native(src)), True)
        return moved(kernels.scatter, out)(flat(out, True), flat(at), row, outer, axis, inner, m, full, scalar)
    code, computed = JOINS[join], out.dtype
    if computed.kind == "b":  # sums of bool are "or", products "and"
        code = {"add": "amax", "mul": "amin"}.get(code, code)
    elif computed.kind == "u" and computed not in C_NAMES and join == "prod":
        signed = np.dtype(f"i{computed.itemsize}")
        return placed(out.view(signed), dim, at, src.view(signed), full, join)
    elif computed.kind == "u" and computed not in C_NAMES:
        raise NotImplementedError(f"\"{join}\" at an index is not implemented for {computed}")
    elif computed not in C_NAMES:
        wide = out.astype(np.complex64 if computed.kind == "W" else np.float32)
        found = placed(wide, dim, at, src.astype(wide.dtype), full, join)
        out[...] = wide
        return found
    if scalar:
        src = np.broadcast_to(src, at.shape if full else (*out.shape[:dim], m, *out.shape[dim + 1 :]))
    return kernels.scatter_reduce[C_NAMES[computed]](
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


def same_dtype(name: str, input_: Tensor, src: Tensor) -> None:
    if input_.dtype is not src.dtype:
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got {torch_name(input_.dtype)} and "
            f"{torch_name(src.dtype)}"
        )


core.set_join(kernels.joiner)
