"""Pooling: maxima and means over windows, fixed or adaptive, in one to three dimensions.

The kernels see (planes, *size) with planes = batch times channels. A maximum remembers where it stood: its gradient goes
there, and the gradient of that gradient is picked up from there.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lucid._kernels import core, pool
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOAT32, INT64, cast, contiguous, formatted, tensor_argument
from lucid.ops.convolution import ntuple
from lucid.ops.random import rand
from lucid.ops.reduction import mean
from lucid.ops.view import in_format
from lucid.tensor import Tensor


def _table(name: str) -> dict:
    function = getattr(pool, name)
    return {dtype: function[c] for dtype, c in C_NAMES.items() if c in function.__signatures__ and dtype != np.dtype(bool)}


MAX, MAX_BACKWARD, ADAPTIVE_MAX = map(_table, ("max_pool", "max_pool_backward", "adaptive_max_pool"))
MAX_AT = _table("max_pool_at")
AVG, AVG_BACKWARD = map(_table, ("avg_pool", "avg_pool_backward"))
ADAPTIVE_AVG, ADAPTIVE_AVG_BACKWARD = map(_table, ("adaptive_avg_pool", "adaptive_avg_pool_backward"))


class Windows(NamedTuple):
    """Fixed windows over (planes, *size), whose results are (planes, *out_size); below, what kernels take: three of each."""

    planes: int
    size: tuple[int, ...]
    out_size: tuple[int, ...]
    sizes: tuple[int, int, int]
    kernel: tuple[int, int, int]
    stride: tuple[int, int, int]
    padding: tuple[int, int, int]
    dilation: tuple[int, int, int]
    out_sizes: tuple[int, int, int]
    last: bool  # whether channels lie beside each other, in results and gradients as in the input


def _three(values: tuple, fill: int) -> tuple:
    return (fill,) * (3 - len(values)) + tuple(values)


def _computed(name: str, array: np.ndarray, table: dict) -> np.ndarray:
    """The array in a dtype that the kernel has."""
    if array.dtype in table:
        return contiguous(array)
    if array.dtype.itemsize == 2 and array.dtype.kind in "fV":
        return contiguous(cast(array, FLOAT32))
    from lucid.dtypes import from_numpy_dtype

    raise RuntimeError(f'"{name}" not implemented for \'{torch_name(from_numpy_dtype(array.dtype))}\'')


def _check_shape(name: str, shape: tuple, n: int, whole: int | None = None) -> None:
    """RuntimeError for a shape without the dimensions that are wanted, or where one of the last `whole` (n + 1) is empty."""
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D (batch mode) tensor, but got input with sizes "
                           f"{list(shape)}")  # fmt: skip
    if 0 in shape[len(shape) - (n + 1 if whole is None else whole) :]:
        raise RuntimeError(f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got sizes "
                           f"{list(shape)}")  # fmt: skip


def _check_input(name: str, input_: Tensor, n: int) -> np.ndarray:
    array = tensor_argument(name, input_).array
    _check_shape(name, array.shape, n)
    return array


def _windows(name, input_, n, kernel_size, stride, padding, dilation, ceil_mode) -> Windows:
    array = _check_input(name, input_, n)
    kernel = ntuple(name, "kernel_size", kernel_size, n)
    stride = kernel if stride is None or stride == () or stride == [] else ntuple(name, "stride", stride, n)
    padding, dilation = ntuple(name, "padding", padding, n), ntuple(name, "dilation", dilation, n)
    last = core.channels_last(array) and array.ndim == n + 2 and name != "avg_pool3d"  # PyTorch has no such loop for that
    return _planned(name, array.shape, kernel, stride, padding, dilation, bool(ceil_mode), last)


@lru_cache(256)
def _planned(name, shape, kernel, stride, padding, dilation, ceil_mode, last) -> Windows:
    """The windows of those sizes, checked: remembered, since a network asks for the same ones every time."""
    if name != "max_pool1d" and any(one >= 1 << 31 for one in (*kernel, *stride, *padding, *dilation)):
        raise RuntimeError("value cannot be converted to type int without overflow")
    if any(k <= 0 for k in kernel):
        raise RuntimeError(f"{name}: kernel size should be greater than zero, but got {list(kernel)}")
    if any(s <= 0 for s in stride):
        raise RuntimeError(f"{name}: stride should not be zero")
    if any(d <= 0 for d in dilation):
        raise RuntimeError(f"{name}: dilation should be greater than zero, but got {list(dilation)}")
    for p, k, d in zip(padding, kernel, dilation):
        if p < 0:
            raise RuntimeError(f"{name}: pad must be non-negative, but got pad: {p}")
        if p > ((k - 1) * d + 1) // 2:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
    size = shape[-len(kernel) :]
    out = []
    for i, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        room = i + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= i + p:  # the last window must begin inside
            count -= 1
        if count <= 0:
            raise RuntimeError(
                f"{name}(): Given input size: {list(shape)}. Calculated output size is too small: {count}"
            )
        out.append(count)
    planes, size_out = math.prod(shape[: -len(kernel)]), tuple(out)
    return Windows(
        planes, size, size_out, _three(size, 1), _three(kernel, 1), _three(stride, 1), _three(padding, 0), _three(dilation, 1),
        _three(size_out, 1), last,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ maxima


@op("_max_pool")
def _max_pool(x: Tensor, windows: Windows, indexed: bool):
    array = _computed("max_pool", x.array, MAX)
    shape = (*x.array.shape[: -len(windows.size)], *windows.out_size)
    out, indices = empty(shape, array.dtype), empty(shape, INT64) if indexed else None
    if out.size:
        MAX[array.dtype](
            flat(array), flat(out), flat(indices) if indexed else None, windows.planes, windows.sizes, windows.kernel, windows.stride,
            windows.padding, windows.dilation, windows.out_sizes,
        )  # fmt: skip
    out = cast(out, x.array.dtype)
    if windows.last:
        out, indices = formatted(out, True), formatted(indices, True) if indexed else None
    return wrap(out), wrap(indices) if indexed else None


@op("_adaptive_max_pool")
def _adaptive_max_pool(x: Tensor, out_size: tuple):
    n = len(out_size)
    array = _computed("adaptive_max_pool", x.array, ADAPTIVE_MAX)
    shape = (*x.array.shape[:-n], *out_size)
    out, indices = empty(shape, array.dtype), empty(shape, INT64)
    if out.size:
        ADAPTIVE_MAX[array.dtype](
            flat(array), flat(out), flat(indices), math.prod(shape[:-n]), _three(array.shape[-n:], 1), _three(out_size, 1)
        )
    last = n == 2 and core.channels_last(x.array)
    return wrap(formatted(cast(out, x.array.dtype), last)), wrap(formatted(indices, last))


@op("_max_unpool")
def _max_unpool(g: Tensor, indices: Tensor, size: tuple) -> Tensor:
    """Each element added at its place in a plane of `size`; the result lies in memory as the indices do."""
    n = len(size)
    array = _computed("max_unpool", g.array, MAX_BACKWARD)
    out = empty((*g.array.shape[:-n], *size), array.dtype)
    if out.size:
        if array.size:
            MAX_BACKWARD[array.dtype](
                flat(array), flat(contiguous(indices.array)), flat(out), math.prod(g.array.shape[:-n]), _three(size, 1),
                _three(g.array.shape[-n:], 1),
            )  # fmt: skip
        else:
            out.fill(0)
    return wrap(formatted(cast(out, g.array.dtype), out.ndim == n + 2 and core.channels_last(indices.array)))


@op("_picked")
def _picked(x: Tensor, indices: Tensor, n: int) -> Tensor:
    """The elements of each plane at `indices`."""
    found = np.take_along_axis(_planes(x.array, n), _planes(indices.array, n), -1)
    return wrap(contiguous(found.reshape(indices.array.shape)))


def _planes(array: np.ndarray, n: int) -> np.ndarray:
    """The last n dimensions as one."""
    return array.reshape(*array.shape[:-n], math.prod(array.shape[-n:]))


_max_unpool.vjp(g=lambda g, indices, size: _picked(g, indices, len(size)))
_picked.vjp(x=lambda g, x, indices, n: _max_unpool(g, indices, x.array.shape[-n:]))
_max_pool.vjp(x=lambda g, windows, indices: _max_unpool(g[0], indices, tuple(windows.size)))
_adaptive_max_pool.vjp(x=lambda g, x_shape, out_size, indices: _max_unpool(g[0], indices, x_shape[-len(out_size) :]))

_IMAGES = "Tensor: Of shape (n, c, \\*size), or (c, \\*size)."
_WINDOWS = {
    "input_": _IMAGES,
    "kernel_size": "int or tuple of int: Size of a window.",
    "stride": "int or tuple of int, optional: Steps between windows. Default: `kernel_size`.",
    "padding": "int or tuple of int, optional: How far windows reach beyond both sides, at most half of one. Default: 0.",
    "dilation": "int or tuple of int, optional: Steps between the elements of a window. Default: 1.",
    "ceil_mode": "bool, optional: Count windows that begin inside but do not end there. Default: False.",
    "return_indices": "bool, optional: Return also where in the flattened plane each maximum stands. Default: False.",
    "raises": "RuntimeError: the windows do not fit the input",
}
_MAX = _WINDOWS | {
    "formula": "out(q) = \\max_k x(stride \\cdot q + dilation \\cdot k - padding)",
    "gradient": "g \\text{ at the first maximum of each window}",
    "gives": "Tensor or tuple of (Tensor, Tensor)",
    "returns": "Maxima, of shape (n, c, \\*out_size); with `return_indices` a pair of them and of int64 indices.",
}
_PAIR = {"gives": "tuple of (Tensor, Tensor)", "returns": "Maxima, and int64 indices of the same shape."}
_AVG = _WINDOWS | {
    "formula": "out(q) = \\tfrac{1}{count} \\sum_k x(stride \\cdot q + k - padding)",
    "gradient": "g / count \\text{ at each element of a window}",
    "returns": "Means, of shape (n, c, \\*out_size).",
    "padding": "int or tuple of int, optional: Zeros added on both sides, at most half of a window. Default: 0.",
    "count_include_pad": "bool, optional: Whether these count among the elements of a window. Default: True.",
    "divisor_override": "int, optional: What sums are divided by instead of the count.",
}
_ADAPTIVE = {
    "input_": _IMAGES,
    "output_size": "int or tuple of (int or None): Size of the result; None keeps the input's.",
    "return_indices": _WINDOWS["return_indices"],
    "raises": "RuntimeError: the input has another number of dimensions, or an empty one",
}
_ADAPTIVE_MAX = _ADAPTIVE | {
    "formula": "out(q) = \\max_{\\lfloor q\\, size / out \\rfloor \\le p < \\lceil (q + 1) size / out \\rceil} x(p)",
    "gradient": "g \\text{ at the first maximum of each window}",
    "gives": "Tensor or tuple of (Tensor, Tensor)",
    "returns": "Maxima, of shape (n, c, \\*output_size); with `return_indices` a pair of them and of int64 indices.",
}
_ADAPTIVE_AVG = _ADAPTIVE | {
    "formula": "out(q) = \\mathrm{mean}_{\\lfloor q\\, size / out \\rfloor \\le p < \\lceil (q + 1) size / out \\rceil} x(p)",
    "gradient": "g / count \\text{ at each element of a window}",
    "returns": "Means, of shape (n, c, \\*output_size).",
}
_UNPOOL = {
    "formula": "out(indices(q)) = x(q),\\quad 0 \\text{ elsewhere}",
    "gradient": "g(indices(q))",
    "input_": "Tensor: Maxima, as `max_pool` returned them.",
    "indices": "Tensor: Their indices, as it returned them.",
    "kernel_size": "int or tuple of int: Size of its windows.",
    "stride": "int or tuple of int, optional: Their steps. Default: `kernel_size`.",
    "padding": "int or tuple of int, optional: Their padding. Default: 0.",
    "output_size": "sequence of int, optional: Size of the result where the windows leave it open.",
    "returns": "Of the size that was pooled.",
    "raises": "RuntimeError: an index is beyond the plane\nValueError: the windows do not lead to `output_size`",
}
_LP = _WINDOWS | {
    "formula": "out(q) = \\left( \\textstyle\\sum_k x(stride \\cdot q + k)^p \\right)^{1 / p}",
    "gradient": "g \\cdot (x / out)^{p - 1} \\text{ at each element of a window}",
    "norm_type": "float: The exponent p.",
    "returns": "Of shape (n, c, \\*out_size).",
}


def _example(call: str, n: int, input_: str, values: str) -> str:
    """A doctest of a function in n dimensions: the planes are one row, seen with sizes of 1 before it."""
    ones = ", ".join(["1"] * (n + 1))
    called = call.format(input=f"lucid.tensor({input_}).reshape({ones}, -1)")
    return f"\n\n    >>> F.{called}\n    Tensor({'[' * (n + 1)}{values}{']' * (n + 1)})\n    "


def _row(n: int, size: int) -> str:
    """A window of one row."""
    return str((1,) * (n - 1) + (size,)) if n > 1 else str(size)


def _max_pool_nd(name, n, input_, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    indexed = bool(return_indices or core.recording((input_,)))
    found = _max_pool(input_, _windows(name, input_, n, kernel_size, stride, padding, dilation, ceil_mode), indexed)
    return found if return_indices else found[0]


@op("nn.functional.max_pool1d", composite=True)
@doc(**_MAX)
def max_pool1d(
    input_,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    dilation: int | tuple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
):
    """Maximum over windows in 1 dimension.

    >>> F.max_pool1d(lucid.tensor([1.0, 2.0, 5.0, 7.0]).reshape(1, 1, 4), 2)
    Tensor([[[2.0, 7.0]]])
    """
    return _max_pool_nd("max_pool1d", 1, input_, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@op("nn.functional.max_pool2d", composite=True)
@doc(**_MAX)
def max_pool2d(
    input_,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    dilation: int | tuple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
):
    """Maximum over windows in 2 dimensions.

    >>> F.max_pool2d(lucid.tensor([1.0, 2.0, 5.0, 7.0]).reshape(1, 1, 1, 4), (1, 2))
    Tensor([[[[2.0, 7.0]]]])
    """
    return _max_pool_nd("max_pool2d", 2, input_, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@op("nn.functional.max_pool3d", composite=True)
@doc(**_MAX)
def max_pool3d(
    input_,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    dilation: int | tuple = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
):
    """Maximum over windows in 3 dimensions.

    >>> F.max_pool3d(lucid.tensor([1.0, 2.0, 5.0, 7.0]).reshape(1, 1, 1, 1, 4), (1, 1, 2))
    Tensor([[[[[2.0, 7.0]]]]])
    """
    return _max_pool_nd("max_pool3d", 3, input_, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _with_indices(n: int):
    plain = (max_pool1d, max_pool2d, max_pool3d)[n - 1]

    def pool_(
        input_,
        kernel_size: int | tuple,
        stride: int | tuple | None = None,
        padding: int | tuple = 0,
        dilation: int | tuple = 1,
        ceil_mode: bool = False,
        return_indices=False,
    ):
        return plain(input_, kernel_size, stride, padding, dilation, ceil_mode, True)

    pool_.__name__ = pool_.__qualname__ = f"max_pool{n}d_with_indices"
    pool_.__doc__ = f"`max_pool{n}d` that always returns the indices too." + _example(
        f"max_pool{n}d_with_indices({{input}}, {_row(n, 2)})[1]", n, "[1.0, 2.0, 7.0, 5.0]", "[1, 2]"
    )
    return op(f"nn.functional.max_pool{n}d_with_indices", composite=True)(doc(**_MAX | _PAIR)(pool_))


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = map(_with_indices, (1, 2, 3))


def _adaptive_size(name: str, input_: Tensor, output_size, n: int) -> tuple:
    """The size wanted; None keeps the input's."""
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else output_size
    return _adaptive_planned(name, tensor_argument(name, input_).array.shape, given, n)


@lru_cache(256)
def _adaptive_planned(name: str, shape: tuple, given, n: int) -> tuple:
    many = isinstance(given, tuple)
    if n > 1 and many and len(shape) <= len(given):
        raise ValueError(f"Input dimension should be at least {len(given) + 1}")
    _check_shape(name, shape, n, n if "avg" in name and n < 3 else len(shape) - 1)
    given = given if many else (given,) * n
    if len(given) != n:
        raise RuntimeError(f"{name}(): internal error: output_size must have {n} elements, got {len(given)}")
    size = tuple(own if one is None else int(one) for one, own in zip(given, shape[-n:]))
    if any(one < 0 for one in size):
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 but received {list(size)}")
    return size


def _adaptive_max(n: int):
    def pool_(input_, output_size: int | tuple, return_indices: bool = False):
        found = _adaptive_max_pool(input_, _adaptive_size(pool_.__name__, input_, output_size, n))
        return found if return_indices else found[0]

    pool_.__name__ = pool_.__qualname__ = f"adaptive_max_pool{n}d"
    pool_.__doc__ = f"Maximum over windows that together give a result of `output_size`, in {n} dimension(s)." + _example(
        f"adaptive_max_pool{n}d({{input}}, {_row(n, 2)})", n, "[1.0, 2.0, 7.0, 5.0]", "[2.0, 7.0]"
    )
    return op(f"nn.functional.adaptive_max_pool{n}d", composite=True)(doc(**_ADAPTIVE_MAX)(pool_))


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = map(_adaptive_max, (1, 2, 3))


def _adaptive_with_indices(n: int):
    plain = (adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d)[n - 1]

    def pool_(input_, output_size: int | tuple, return_indices: bool = False):
        return plain(input_, output_size, True)

    pool_.__name__ = pool_.__qualname__ = f"adaptive_max_pool{n}d_with_indices"
    pool_.__doc__ = f"`adaptive_max_pool{n}d` that always returns the indices too." + _example(
        f"adaptive_max_pool{n}d_with_indices({{input}}, {_row(n, 2)})[1]", n, "[1.0, 2.0, 7.0, 5.0]", "[1, 2]"
    )
    return op(f"nn.functional.adaptive_max_pool{n}d_with_indices", composite=True)(doc(**_ADAPTIVE_MAX | _PAIR)(pool_))


adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices, adaptive_max_pool3d_with_indices = map(
    _adaptive_with_indices, (1, 2, 3)
)


def _unpool(n: int):
    def unpool(input_, indices, kernel_size, stride=None, padding=0, output_size=None):
        name = unpool.__name__
        array = _check_input(name, input_, n)
        kernel = ntuple(name, "kernel_size", kernel_size, n)
        read = (kernel_size if stride is None else stride, padding)
        stride = kernel if stride is None else ntuple(name, "stride", stride, n)
        padding = ntuple(name, "padding", padding, n)
        if not input_.dtype.is_floating_point:
            raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(input_.dtype)}'")
        if indices.array.dtype != INT64:
            raise RuntimeError(f"elements in indices should be type int64 but got: {torch_name(indices.dtype)}")
        if indices.array.shape != array.shape:
            raise RuntimeError(
                f"Expected shape of indices to be same as that of the input tensor ({list(array.shape)}) but got indices "
                f"tensor with shape: {list(indices.shape)}"
            )
        size = tuple((i - 1) * s - 2 * p + k for i, s, p, k in zip(array.shape[-n:], stride, padding, kernel))
        if output_size is not None:
            wanted = tuple(output_size)[-n:]
            for one, own, step in zip(wanted, size, stride):
                if not own - step < one < own + step:
                    raise ValueError(f"invalid output_size {list(wanted)} (dim must be between {own - step} and {own + step})")
            size = wanted
        plane = math.prod(size)
        if indices.array.size and not (indices.array.min() >= 0 and indices.array.max() < plane):
            wrong = indices.array[(indices.array < 0) | (indices.array >= plane)][0]
            raise RuntimeError(f"{name}(): found an invalid max index: {wrong} (output volumes are of size {size})")
        if n == 3 and any(isinstance(given[0] if isinstance(given, (tuple, list)) else given, (bool, float)) for given in read):
            raise TypeError(f"{name}(): arguments 'stride' and 'padding' must be tuples of ints")
        return _max_scatter(input_, indices, size)

    unpool.__name__ = unpool.__qualname__ = f"max_unpool{n}d"
    unpool.__doc__ = f"Each element put at its index in a plane of zeros: a partial inverse of `max_pool{n}d`." + _example(
        f"max_unpool{n}d({{input}}, lucid.tensor([1, 2]).reshape({', '.join(['1'] * (n + 1))}, -1), {_row(n, 2)})", n,
        "[2.0, 7.0]", "[0.0, 2.0, 7.0, 0.0]",
    )  # fmt: skip
    return op(f"nn.functional.max_unpool{n}d", composite=True)(doc(**_UNPOOL)(unpool))


@op("_max_scatter")
def _max_scatter(x: Tensor, indices: Tensor, size: tuple) -> Tensor:
    """Each element put at its place in a plane; of several the last stays."""
    n = len(size)
    out = np.zeros((*x.array.shape[:-n], math.prod(size)), x.array.dtype)
    np.put_along_axis(out, _planes(indices.array, n), _planes(x.array, n), -1)
    return wrap(formatted(out.reshape(*x.array.shape[:-n], *size), n == 2 and core.channels_last(x.array)))


_max_scatter.vjp(x=lambda g, indices, size: _picked(g, indices, len(size)))

max_unpool1d, max_unpool2d, max_unpool3d = map(_unpool, (1, 2, 3))


# ------------------------------------------------------------------------------------------------ fractional maxima


def _starts(samples: np.ndarray, dtype: np.dtype, size: int, kernel: int, out_size: int) -> np.ndarray:
    """Where the windows of each plane start in one dimension: steps of two lengths, in an order that a sample picks.

    Each step of the arithmetic is rounded to the samples' dtype.
    """
    rounded = lambda values: cast(cast(values, dtype), samples.dtype)
    places = np.full((len(samples), out_size), size - kernel, INT64)
    if out_size > 1:
        step = rounded(np.asarray(size - kernel, samples.dtype) / np.asarray(out_size - 1, samples.dtype))
        first = np.trunc(rounded(samples * step))
        at = rounded(rounded(samples[:, None] + np.arange(out_size - 1, dtype=samples.dtype)) * step)
        found = np.trunc(at) - first[:, None]
        places[:, :-1] = np.clip(np.nan_to_num(found), 0, size - kernel)
    return places


@op("_fractional_max_pool")
def _fractional_max_pool(x: Tensor, samples: Tensor, kernel: tuple, out_size: tuple):
    n = len(out_size)
    array = _computed("fractional_max_pool", x.array, MAX_AT)
    lead, size = x.array.shape[:-n], array.shape[-n:]
    out, indices = empty((*lead, *out_size), array.dtype), empty((*lead, *out_size), INT64)
    if out.size:
        rows = cast(samples.array, array.dtype)[: 1 if len(lead) == 1 else lead[0]].reshape(-1, n)
        picked = rows.T[::-1] if n == 2 else rows.T  # PyTorch's first sample is that of the width in 2 dimensions alone
        starts = [_starts(*one) for one in zip(picked, [x.array.dtype] * n, size, kernel, out_size)]
        starts = [np.zeros((len(rows), 1), INT64)] * (3 - n) + starts
        MAX_AT[array.dtype](
            flat(array), flat(out), flat(indices), flat(np.ascontiguousarray(np.concatenate(starts, 1))), len(rows),
            _three(size, 1), _three(kernel, 1), _three(out_size, 1),
        )  # fmt: skip
    return wrap(cast(out, x.array.dtype)), wrap(indices)


_fractional_max_pool.vjp(x=lambda g, x_shape, out_size, indices: _max_unpool(g[0], indices, x_shape[-len(out_size) :]))

_FRACTIONAL = {
    "formula": "out(q) = \\max_k x(start(q) + k),\\quad start(q) = \\lfloor (q + u) \\alpha \\rfloor - \\lfloor u \\alpha \\rfloor,"
               "\\quad \\alpha = (size - kernel) / (out - 1)",
    "gradient": "g \\text{ at the first maximum of each window}",
    "input_": _IMAGES,
    "kernel_size": _WINDOWS["kernel_size"],
    "output_size": "int or tuple of int, optional: Size of the result.",
    "output_ratio": "tuple of float, optional: Or that of the input times this.",
    "return_indices": _WINDOWS["return_indices"],
    "_random_samples": "Tensor, optional: The numbers u, of shape (n, c, number of dimensions); uniform if not given.",
    "gives": "Tensor or tuple of (Tensor, Tensor)",
    "returns": "Maxima, of shape (n, c, \\*output_size); with `return_indices` a pair of them and of int64 indices.",
    "raises": "RuntimeError: the windows do not fit the input\nValueError: neither a size nor a ratio is given",
}  # fmt: skip


def _fractional(name, n, input_, kernel_size, output_size, output_ratio, samples):
    shape = tensor_argument(name, input_).array.shape
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if len(shape) < n + 1:
        raise IndexError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got {len(shape)}D")
    if output_size is None:
        if n == 2 and len(output_ratio) > 2:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        ratio = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
        output_size = [int(size * ratio[i]) for i, size in enumerate(shape[-n:])]
    if samples is None:
        if not input_.dtype.is_floating_point and not input_.dtype.is_complex:
            raise NotImplementedError(f"\"check_uniform_bounds\" not implemented for '{torch_name(input_.dtype)}'")
        samples = rand(1 if len(shape) == n + 1 else shape[0], shape[-n - 1], n, dtype=input_.dtype)
    kernel, out_size = ntuple(name, "kernel_size", kernel_size, n), ntuple(name, "output_size", output_size, n)
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got: {list(shape)}")
    if 0 in shape[-n - 1 :]:
        raise RuntimeError(f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got {list(shape)}")
    for size, k, count in zip(shape[-n:], kernel, out_size):
        if k < 1 or count < 0 or k + count - 1 > size:
            raise RuntimeError(f"{name}(): {count} windows of {k} do not fit a size of {size}")
    if samples.dtype is not input_.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    drawn, planes = samples.array.shape, (1 if len(shape) == n + 1 else shape[0], shape[-n - 1])
    if len(drawn) != 3 or drawn[0] < planes[0] or drawn[1:] != (planes[1], n):
        raise RuntimeError(f"Expect _random_samples of shape {[*planes, n]}, got {list(drawn)}")
    if input_.dtype.is_complex and not input_.array.size:
        empty_ = input_.reshape(*shape[:-n], *out_size)
        return empty_, wrap(empty(empty_.array.shape, INT64))
    if not input_.dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(input_.dtype)}'")
    return _fractional_max_pool(input_, samples, tuple(kernel), tuple(out_size))


def _fractional_nd(n: int):
    base = f"fractional_max_pool{n}d"

    def with_indices(
        input_,
        kernel_size: int | tuple,
        output_size: int | tuple | None = None,
        output_ratio=None,
        return_indices: bool = False,
        _random_samples=None,
    ):
        return _fractional(base, n, input_, kernel_size, output_size, output_ratio, _random_samples)

    def plain(
        input_,
        kernel_size: int | tuple,
        output_size: int | tuple | None = None,
        output_ratio=None,
        return_indices: bool = False,
        _random_samples=None,
    ):
        found = _fractional(base, n, input_, kernel_size, output_size, output_ratio, _random_samples)
        return found if return_indices else found[0]

    made = []
    for function, name, sentence, shown, values in (
        (plain, base, f"Maximum over windows of a size, strewn by chance so that the result has `output_size`, in {n} dimensions.",
         "", "[2.0, 7.0]"),
        (with_indices, f"{base}_with_indices", f"`{base}` that always returns the indices too.", "[1]", "[1, 2]"),
    ):  # fmt: skip
        function.__name__ = function.__qualname__ = name
        call = f"{name}({{input}}, {_row(n, 1)}, {_row(n, 2)}, _random_samples=lucid.zeros(1, 1, {n})){shown}"
        function.__doc__ = sentence + _example(call, n, "[2.0, 7.0]", values.replace("[1, 2]", "[0, 1]"))
        described = doc(**_FRACTIONAL | (_PAIR if shown else {}))(function)
        made.append(op(f"nn.functional.{name}", composite=True)(described))
    return made


fractional_max_pool2d, fractional_max_pool2d_with_indices = _fractional_nd(2)
fractional_max_pool3d, fractional_max_pool3d_with_indices = _fractional_nd(3)


# ------------------------------------------------------------------------------------------------ means


def _average(table, a: Tensor, shape: tuple, windows: Windows, include: bool, divisor: int, name: str) -> Tensor:
    array = _computed(name, a.array, table)
    out = empty(shape, array.dtype)
    if out.size:
        table[array.dtype](
            flat(array), flat(out), windows.planes, windows.sizes, windows.kernel, windows.stride, windows.padding,
            windows.out_sizes, include, divisor,
        )  # fmt: skip
    out = cast(out, a.array.dtype)
    return wrap(formatted(out, True) if windows.last else out)


@op("_avg_pool")
def _avg_pool(x: Tensor, windows: Windows, include: bool, divisor: int) -> Tensor:
    shape = (*x.array.shape[: -len(windows.size)], *windows.out_size)
    return _average(AVG, x, shape, windows, include, divisor, "avg_pool")


@op("_avg_pool_backward")
def _avg_pool_backward(g: Tensor, windows: Windows, include: bool, divisor: int) -> Tensor:
    shape = (*g.array.shape[: -len(windows.size)], *windows.size)
    return _average(AVG_BACKWARD, g, shape, windows, include, divisor, "avg_pool_backward")


_avg_pool.vjp(x=lambda g, windows, include, divisor: _avg_pool_backward(g, windows, include, divisor))
_avg_pool_backward.vjp(g=lambda g, windows, include, divisor: _avg_pool(g, windows, include, divisor))


def _avg_pool_nd(name, n, input_, kernel_size, stride, padding, ceil_mode, include, divisor):
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    windows = _windows(name, input_, n, kernel_size, stride, padding, 1, ceil_mode)
    return _avg_pool(input_, windows, bool(include), divisor or 0)


@op("nn.functional.avg_pool1d", composite=True)
@doc(**_AVG)
def avg_pool1d(
    input_,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Mean over windows in 1 dimension.

    >>> F.avg_pool1d(lucid.tensor([1.0, 2.0, 5.0, 7.0]).reshape(1, 1, 4), 2)
    Tensor([[[1.5, 6.0]]])
    """
    return _avg_pool_nd("avg_pool1d", 1, input_, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@op("nn.functional.avg_pool2d", composite=True, out="same")
@doc(**_AVG)
def avg_pool2d(
    input_,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out=None,
) -> Tensor:
    """Mean over windows in 2 dimensions.

    >>> F.avg_pool2d(lucid.tensor([1.0, 2.0, 5.0, 7.0]).reshape(1, 1, 1, 4), (1, 2))
    Tensor([[[[1.5, 6.0]]]])
    """
    return _avg_pool_nd(
        "avg_pool2d", 2, input_, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@op("nn.functional.avg_pool3d", composite=True, out="same")
@doc(**_AVG)
def avg_pool3d(
    input_,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out=None,
) -> Tensor:
    """Mean over windows in 3 dimensions.

    >>> F.avg_pool3d(lucid.tensor([1.0, 2.0, 5.0, 7.0]).reshape(1, 1, 1, 1, 4), (1, 1, 2))
    Tensor([[[[[1.5, 6.0]]]]])
    """
    return _avg_pool_nd(
        "avg_pool3d", 3, input_, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _adaptive_average(table, a: Tensor, shape: tuple, size: tuple, out_size: tuple, last: bool, name: str) -> Tensor:
    array = _computed(name, a.array, table)
    out = empty(shape, array.dtype)
    if out.size:
        if array.size:
            planes = math.prod(shape[: -len(size)])
            table[array.dtype](flat(array), flat(out), planes, _three(size, 1), _three(out_size, 1))
        else:
            out.fill(0)
    return wrap(formatted(cast(out, a.array.dtype), last))


@op("_adaptive_avg_pool")
def _adaptive_avg_pool(x: Tensor, size: tuple, out_size: tuple, last: bool) -> Tensor:
    shape = (*x.array.shape[: -len(size)], *out_size)
    return _adaptive_average(ADAPTIVE_AVG, x, shape, size, out_size, last, "adaptive_avg_pool")


@op("_adaptive_avg_pool_backward")
def _adaptive_avg_pool_backward(g: Tensor, size: tuple, out_size: tuple, last: bool) -> Tensor:
    shape = (*g.array.shape[: -len(size)], *size)
    return _adaptive_average(ADAPTIVE_AVG_BACKWARD, g, shape, size, out_size, last, "adaptive_avg_pool_backward")


_adaptive_avg_pool.vjp(x=lambda g, size, out_size, last: _adaptive_avg_pool_backward(g, size, out_size, last))
_adaptive_avg_pool_backward.vjp(g=lambda g, size, out_size, last: _adaptive_avg_pool(g, size, out_size, last))


def _adaptive_avg(n: int):
    def pool_(input_, output_size: int | tuple):
        size = _adaptive_size(pool_.__name__, input_, output_size, n)
        if size == (1,) * n and input_.dtype.kind > 1 and input_.array.size:
            out = mean(input_, -1 if n == 1 else tuple(range(-n, 0)), True)
            return in_format(out, input_) if input_.array.ndim == n + 2 else out
        last = n == 2 and core.channels_last(input_.array)
        return _adaptive_avg_pool(input_, tuple(input_.array.shape[-n:]), size, last)

    pool_.__name__ = pool_.__qualname__ = f"adaptive_avg_pool{n}d"
    pool_.__doc__ = f"Mean over windows that together give a result of `output_size`, in {n} dimension(s)." + _example(
        f"adaptive_avg_pool{n}d({{input}}, {_row(n, 2)})", n, "[1.0, 2.0, 7.0, 5.0]", "[1.5, 6.0]"
    )
    return op(f"nn.functional.adaptive_avg_pool{n}d", composite=True)(doc(**_ADAPTIVE_AVG)(pool_))


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = map(_adaptive_avg, (1, 2, 3))


def _lp(n: int):
    def pool_(
        input_, norm_type, kernel_size: int | str | tuple, stride: int | tuple | None = None, ceil_mode: bool = False
    ):
        average, maximum = ((avg_pool1d, max_pool1d), (avg_pool2d, max_pool2d), (avg_pool3d, max_pool3d))[n - 1]
        if n > 1 and isinstance(kernel_size, str):
            raise ValueError(f"{pool_.__name__}(): kernel_size is an int or {n} of them, got {kernel_size!r}")
        kernel = ntuple(pool_.__name__, "kernel_size", kernel_size, n)
        if isinstance(norm_type, float) and math.isinf(norm_type):  # the root of which is that of the greatest, or of the least
            sign = 1 if norm_type > 0 else -1
            return maximum(input_.abs() * sign, kernel, stride, 0, 1, ceil_mode) * sign
        powered = input_.pow(norm_type)
        total = average(powered, kernel, stride, 0, ceil_mode)
        return (total.sign() * total.abs().relu() * math.prod(kernel)).pow(1.0 / norm_type)

    pool_.__name__ = pool_.__qualname__ = f"lp_pool{n}d"
    pool_.__doc__ = f"The `norm_type`-th root of the sum of powers over windows, in {n} dimension(s)." + _example(
        f"lp_pool{n}d({{input}}, 1.0, {_row(n, 2)})", n, "[1.0, 2.0, 7.0, 5.0]", "[3.0, 12.0]"
    )
    return op(f"nn.functional.lp_pool{n}d", composite=True, wide=True)(doc(**_LP)(pool_))


lp_pool1d, lp_pool2d, lp_pool3d = map(_lp, (1, 2, 3))
