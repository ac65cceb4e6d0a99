"""Images in another size or sampled at the points of a grid.

All of it is weighted taps (`_taps`): a table says for each result along an axis which elements it is made of and how
much of each. Interpolation goes through one axis after the other, with one table for all rows; a grid has a table for
each image, whose weights depend on the grid and carry its gradient. The taps are linear in the input and in the
weights, and their gradients are closed: `_taps_input` and `_taps_weight`.
"""

from __future__ import annotations

import functools
import math
import warnings
from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import resample as kernels
from lucid._kernels.core import empty, flat, row, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops import pooling
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOAT32, FLOAT64, FLOATING, INT64, contiguous, tensor_argument
from lucid.ops.arithmetic import add, mul, rsub, sub
from lucid.ops.joining import stack
from lucid.ops.magnitude import where
from lucid.ops.selection import index_select
from lucid.ops.view import in_format, to_dtype
from lucid.tensor import Tensor

TAPS, TAPS_INPUT, TAPS_WEIGHT, POINTS, SAMPLE = (
    {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}
    for name in ("taps", "taps_input", "taps_weight", "points", "sample")
)


# ------------------------------------------------------------------------------------------------ taps


class Sizes(NamedTuple):
    """What a table is for: x (tables * planes, axis, inner), results (tables * planes, m, inner)."""

    tables: int
    planes: int
    axis: int
    inner: int
    m: int
    taps: int


def _run(table, first, second, index, shape, sizes: Sizes) -> Tensor:
    dtype = first.array.dtype
    out = empty(shape, dtype)
    if out.size:
        if first.array.size and index.size:
            rows = [flat(contiguous(one)) for one in (first.array, second.array)]
            places = flat(index)
            order = (rows[0], rows[1], places) if table is TAPS_WEIGHT else (rows[0], places, rows[1])
            table[dtype](*order, flat(out), tuple(sizes))
        else:
            out.fill(0)
    return wrap(out)


@op("_taps")
def _taps(x: Tensor, weight: Tensor, index: np.ndarray, sizes: Sizes) -> Tensor:
    return _run(TAPS, x, weight, index, (sizes.tables * sizes.planes, sizes.m, sizes.inner), sizes)


@op("_taps_input")
def _taps_input(g: Tensor, weight: Tensor, index: np.ndarray, sizes: Sizes) -> Tensor:
    return _run(TAPS_INPUT, g, weight, index, (sizes.tables * sizes.planes, sizes.axis, sizes.inner), sizes)


@op("_taps_weight")
def _taps_weight(g: Tensor, x: Tensor, index: np.ndarray, sizes: Sizes) -> Tensor:
    return _run(TAPS_WEIGHT, g, x, index, (sizes.tables, sizes.m, sizes.taps), sizes)


_taps.vjp(
    x=lambda g, weight, index, sizes: _taps_input(g, weight, index, sizes),
    weight=lambda g, x, index, sizes: _taps_weight(g, x, index, sizes),
)
_taps_input.vjp(
    g=lambda gradient, weight, index, sizes: _taps(gradient, weight, index, sizes),
    weight=lambda gradient, g, index, sizes: _taps_weight(g, gradient, index, sizes),
)
_taps_weight.vjp(
    g=lambda gradient, x, index, sizes: _taps(x, gradient, index, sizes),
    x=lambda gradient, g, index, sizes: _taps_input(g, gradient, index, sizes),
)


# ------------------------------------------------------------------------------------------------ tables


def _cubic(x, a: float):
    """The cubic convolution kernel at distances x >= 0."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0)).astype(x.dtype)


def _lanczos(x):
    inside = x < 3
    return np.where(inside, np.sinc(x) * np.sinc(x / 3), 0).astype(x.dtype)


# Of the modes that blur when they shrink: the radius and the filter.
FILTERS = {
    "bilinear": (1, lambda x: np.maximum(1 - x, 0)),
    "bicubic": (2, lambda x: _cubic(x, -0.5)),
    "lanczos": (3, _lanczos),
}


def _step(size: int, out_size: int, factor, align_corners: bool, dtype):
    """How far apart results are, in elements of the input."""
    if align_corners:
        return dtype.type((size - 1) / (out_size - 1) if out_size > 1 else 0)
    return dtype.type(1 / factor if factor is not None and factor > 0 else dtype.type(size) / dtype.type(out_size))


def _nearest(size: int, out_size: int, factor, exact: bool) -> np.ndarray:
    """The element nearest to each result; in float32, as PyTorch decides it."""
    at = np.arange(out_size, dtype=np.float32)
    step = _step(size, out_size, factor, False, FLOAT32)
    if exact:
        at = (at + np.float32(0.5)) * step
    elif out_size == size or out_size == 2 * size:
        at = at * np.float32(size / out_size)
    else:
        at = at * step
    return np.minimum(np.floor(at), size - 1).astype(INT64)


@functools.lru_cache(64)
def _table(mode: str, size: int, out_size: int, factor, align_corners: bool, antialias: bool, dtype):
    """Places and weights (out_size, taps) of one axis, which nobody writes to."""
    step = _step(size, out_size, factor, align_corners, dtype)
    k, half = np.arange(out_size, dtype=dtype), dtype.type(0.5)
    if antialias:
        return _filtered(mode, size, k, step)
    at = step * k if align_corners else step * (k + half) - half
    if mode == "bicubic":
        first = np.minimum(np.floor(at), size - 1)
        t = np.clip(at - first, 0, 1)
        index = np.clip(first.astype(INT64)[:, None] + np.arange(-1, 3), 0, size - 1)
        return index, np.stack([_cubic(t + 1, -0.75), _cubic(t, -0.75), _cubic(1 - t, -0.75), _cubic(2 - t, -0.75)], 1)
    if size == out_size:
        at = k
    at = np.maximum(at, 0)
    first = np.minimum(np.floor(at), size - 1)
    t = np.clip(at - first, 0, 1)
    first = first.astype(INT64)
    return np.stack([first, first + (first < size - 1)], 1), np.stack([1 - t, t], 1)


def _filtered(mode: str, size: int, k, step):
    """The table of a filter that is as wide as results are apart."""
    radius, filter_ = FILTERS[mode]
    half = k.dtype.type(0.5)
    reach = radius * max(step, k.dtype.type(1))
    center = step * (k + half)
    first = np.maximum((center - reach + half).astype(INT64), 0)
    count = np.minimum((center + reach + half).astype(INT64), size) - first
    most = int(math.ceil(reach)) * 2 + 1
    count = np.clip(count, 0, most)
    tap = np.arange(count.max())
    index = first[:, None] + tap
    distance = np.abs((index - center[:, None] + half) / max(step, k.dtype.type(1)))
    weight = np.where(tap < count[:, None], filter_(distance.astype(k.dtype)), 0)
    total = weight.sum(1, keepdims=True)
    weight = np.where(total != 0, weight / np.where(total == 0, 1, total), weight)
    return np.where(tap < count[:, None], index, -1), weight.astype(k.dtype)


def _along(x: Tensor, dim: int, index: np.ndarray, weight: np.ndarray) -> Tensor:
    shape = x.array.shape
    sizes = Sizes(1, math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :]), *index.shape)
    rows = x.reshape(sizes.planes, sizes.axis, sizes.inner)
    out = _taps(rows, wrap(contiguous(weight)), contiguous(index), sizes)
    return out.reshape(*shape[:dim], index.shape[0], *shape[dim + 1 :])


def _bytes_along(array: np.ndarray, dim: int, index: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The same of uint8, in fixed point: weights are 16-bit integers, results are rounded after each axis.

    Taps that were moved in from beyond the edge are joined with those that stand there before weights are rounded.
    """
    joined = np.zeros_like(weight)
    slot = np.arange(index.shape[1])
    first = np.argmax(index[:, :, None] == index[:, None, :], 2)
    np.add.at(joined, (np.arange(len(index))[:, None], first), weight)
    weight = np.where(first == slot, joined, 0)
    bits, most = 0, weight.max()
    while bits < 22 and int(0.5 + most * (1 << (bits + 1))) < 1 << 15:
        bits += 1
    fixed = np.trunc(weight * (1 << bits) + np.where(weight < 0, -0.5, 0.5))
    total = _along(wrap(array.astype(FLOAT64)), dim, index, fixed).array
    return np.clip(np.floor((total + (1 << (bits - 1))) / (1 << bits)), 0, 255)


# ------------------------------------------------------------------------------------------------ interpolate

LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}
SPATIAL = {**LINEAR, "bicubic": 2, "lanczos": 2}


def _is_integer(value) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool) and not (isinstance(value, Tensor) and value.dtype.kind > 1)


def _sizes(x: Tensor, size, scale_factor, mode: str, recompute):
    """The size of the result and, where these say how far apart results are, the factors."""
    shape = x.array.shape
    n = len(shape) - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given, many = (size, "output size of") if scale_factor is None else (scale_factor, "scale_factor of shape")
    if isinstance(given, (list, tuple)):
        if len(given) != n:
            raise ValueError(
                f"Input and {'output' if scale_factor is None else 'scale_factor'} must have the same number of spatial "
                f"dimensions, but got input with spatial dimensions of {list(shape[2:])} and {many} {given}. Please provide "
                "input tensor in (N, C, d1, d2, ...,dK) format and one value for each of d1, d2, ...,dK."
            )
    else:
        if isinstance(given, str):
            raise (ValueError if recompute or mode == "area" else TypeError)(f"interpolate(): size and scale_factor are numbers, not {given!r}")
        given = (given,) * n
    if scale_factor is None:
        if not all(map(_is_integer, given)):
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size "
                f"with types {[type(one) for one in given]}"
            )
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return tuple(int(one) for one in given), (None,) * n
    factors = tuple(float(one) for one in given)
    if not all(abs(own * factor) < 2**63 for own, factor in zip(shape[2:], factors)):
        raise RuntimeError(f"interpolate: a scale_factor of {factors} gives no size that can be held")
    wanted = tuple(int(own * factor) for own, factor in zip(shape[2:], factors))
    return wanted, (None,) * n if recompute or mode == "area" else factors


def _refused(x: Tensor, mode: str) -> None:
    """Raise where PyTorch does: a mode of another number of dimensions, a dtype, an empty size."""
    n = x.array.ndim - 2
    if not 1 <= n <= 3 or (SPATIAL.get(mode, n) != n and mode not in LINEAR) or (
        mode not in SPATIAL and mode not in ("nearest", "nearest-exact", "area")
    ):  # fmt: skip
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {n + 2}D) for the modes: nearest | linear | "
            f"bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    if SPATIAL.get(mode, n) != n:
        raise NotImplementedError(f"Got {n + 2}D input, but {mode} mode needs {SPATIAL[mode] + 2}D input")


def _check_sizes(x: Tensor, mode: str, out_size: tuple, antialias: bool) -> None:
    shape, n = x.array.shape, len(out_size)
    if min(*shape[2:], *out_size) <= 0:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(shape[2:])} and output {list(out_size)}"
        )
    if math.prod(shape[1:]) == 0:
        raise RuntimeError(f"Non-empty {n + 2}D data tensor expected but got a tensor with sizes {list(shape)}")
    taken = x.dtype.is_floating_point or (
        x.dtype is dtypes.uint8 and (mode.startswith("nearest") or mode in ("bilinear", "bicubic", "lanczos"))
    )
    if not taken or (antialias and x.dtype.itemsize == 2):
        raise NotImplementedError(f"\"interpolate\" with mode {mode!r} not implemented for '{torch_name(x.dtype)}'")


def _picked(x: Tensor, places: list) -> Tensor:
    """Elements along each dimension of size, the last first."""
    for i in range(len(places))[::-1]:
        x = index_select(x, i + 2, places[i])
    return x


@op("nn.functional.interpolate", composite=True)
@doc("out(q) = \\sum_p w_{q p}\\, x(p)", "\\sum_q w_{q p}\\, g(q)",
     input_="Tensor: Of shape (n, c, \\*size) with one to three dimensions of size.",
     size="int or sequence of int, optional: Size of the result.",
     scale_factor="float or sequence of float, optional: Size of the result, in sizes of the input; one of the two is given.",
     mode="{'nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', 'trilinear', 'lanczos', 'area'}, optional: What "
          "the weights w are: the nearest element, a polynomial of the distance in one, two or three dimensions, a "
          "windowed sinc, or the mean of all in between. Default: 'nearest'.",
     align_corners="bool, optional: Let the centers of the corner elements lie on each other, rather than the corners.",
     recompute_scale_factor="bool, optional: Use the ratio of the sizes rather than `scale_factor` itself.",
     antialias="bool, optional: Make the filter as wide as results are apart; of the modes with two dimensions.",
     returns="Of shape (n, c, \\*size).",
     raises="ValueError: parameters contradict each other\nNotImplementedError: the mode is for another number of "
            "dimensions, or not for the dtype\nRuntimeError: a size is not positive")  # fmt: skip
def interpolate(
    input_: Tensor, size=None, scale_factor=None, mode: str = "nearest", align_corners=None, recompute_scale_factor=None,
    antialias=False,
) -> Tensor:  # fmt: skip
    """Images in another size.

    >>> F.interpolate(lucid.tensor([[[0.0, 4.0]]]), size=4, mode="linear")
    Tensor([[[0.0, 1.0, 3.0, 4.0]]])
    """
    tensor_argument("interpolate", input_)
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    out_size, factors = _sizes(input_, size, scale_factor, mode, recompute_scale_factor)
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and input_.array.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    _refused(input_, mode)
    if mode == "lanczos":
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
    if align_corners is not None and not isinstance(align_corners, bool):
        raise TypeError(f"interpolate(): argument 'align_corners' must be bool, not {type(align_corners).__name__}")
    n = len(out_size)
    if mode == "area":
        if not input_.dtype.is_floating_point:
            raise NotImplementedError(f"\"adaptive_avg_pool{n}d\" not implemented for '{torch_name(input_.dtype)}'")
        return getattr(pooling, f"adaptive_avg_pool{n}d")(input_, out_size)
    _check_sizes(input_, mode, out_size, antialias)
    if mode.startswith("nearest"):
        sizes = input_.array.shape[2:]
        places = [wrap(_nearest(sizes[i], out_size[i], factors[i], mode == "nearest-exact")) for i in range(n)]
        out = core.in_float32(_picked, (input_, places))  # so that the gradient is rounded once
        return in_format(out, input_) if core.channels_last(input_.array) else out.contiguous()
    dtype = input_.array.dtype
    computed = dtype if dtype in TAPS else FLOAT64 if dtype.kind == "u" else FLOAT32
    tables = [
        _table(mode, input_.array.shape[i + 2], out_size[i], factors[i], bool(align_corners), antialias, computed)
        for i in range(n)
    ]
    if dtype.kind == "u":
        array = input_.array
        for i in range(n)[::-1]:
            array = _bytes_along(array, i + 2, *tables[i])
        return in_format(wrap(array.astype(dtype)), input_)
    x = input_ if computed == dtype else to_dtype(input_, dtypes.float32)
    for i in range(n)[::-1]:
        x = _along(x, i + 2, *tables[i])
    return in_format(x if computed == dtype else to_dtype(x, input_.dtype), input_)


_OLDER = {
    "input_": "Tensor: Of shape (n, c, \\*size).",
    "size": "int or sequence of int, optional: Size of the result.",
    "scale_factor": "float or sequence of float, optional: Size of the result, in sizes of the input.",
    "mode": "str, optional: As of `interpolate`. Default: 'nearest'.",
    "align_corners": "bool, optional: As of `interpolate`.",
    "returns": "Of shape (n, c, \\*size).",
}


@op("nn.functional.upsample", composite=True)
@doc(**_OLDER)
def upsample(
    input_: Tensor,
    size: int | tuple | None = None,
    scale_factor=None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """An older name of `interpolate`.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     F.upsample(lucid.tensor([[[0.0, 4.0]]]), size=4)
    Tensor([[[0.0, 0.0, 4.0, 4.0]]])
    """
    return _older("upsample", input_, size, scale_factor, mode, align_corners)


@op("nn.functional.upsample_nearest", composite=True)
@doc(**_OLDER)
def upsample_nearest(input_: Tensor, size: int | tuple | None = None, scale_factor=None) -> Tensor:
    """An older name of `interpolate` with the nearest element.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     F.upsample_nearest(lucid.tensor([[[0.0, 4.0]]]), scale_factor=2)
    Tensor([[[0.0, 0.0, 4.0, 4.0]]])
    """
    return _older("upsample_nearest", input_, size, scale_factor, "nearest", None)


@op("nn.functional.upsample_bilinear", composite=True)
@doc(**_OLDER)
def upsample_bilinear(input_: Tensor, size: int | tuple | None = None, scale_factor=None) -> Tensor:
    """An older name of bilinear `interpolate` with the corners aligned.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     F.upsample_bilinear(lucid.tensor([[[[0.0, 4.0]]]]), size=(1, 3))
    Tensor([[[[0.0, 2.0, 4.0]]]])
    """
    return _older("upsample_bilinear", input_, size, scale_factor, "bilinear", True)


def _older(name: str, *arguments) -> Tensor:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=4)
    return interpolate(*arguments)


# ------------------------------------------------------------------------------------------------ grids

MODES, PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _bounds(size: int, align_corners: bool) -> tuple[float, float]:
    """Where coordinates are reflected: at the centers of the outermost elements, or at their outer edges."""
    return (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)


def _reflected(at: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Factor and summand that bring each coordinate between the bounds, as if there were mirrors at both."""
    span = high - low
    if span <= 0:
        return np.zeros_like(at), np.zeros_like(at)
    with np.errstate(all="ignore"):
        sign = np.where(at < low, -1, 1).astype(at.dtype)
        flips = np.floor(np.abs(at - low) / span)
        even = flips % 2 == 0
        near = np.where(even, low - flips * span, low + (flips + 1) * span)
        factor = np.where(even, sign, -sign)
    return factor.astype(at.dtype), (near - factor * low).astype(at.dtype)


def _inside(at: Tensor, size: int, padding: str, align_corners: bool) -> Tensor:
    """Coordinates, those beyond the image as `padding` has it; on the border they have no gradient."""
    if padding == "zeros":
        return at
    if padding == "reflection":
        factor, summand = _reflected(at.array, *_bounds(size, align_corners))
        at = add(mul(at, wrap(factor)), wrap(summand))
    array = at.array
    within = (array > 0) & (array < size - 1)
    return where(wrap(within), at, wrap(np.clip(np.nan_to_num(array, nan=0.0), 0, size - 1).astype(array.dtype)))


def _places(at: np.ndarray, size: int) -> np.ndarray:
    """Whole coordinates as indices; -1 beyond the image."""
    inside = (at >= 0) & (at < size)
    return np.where(inside, np.where(inside, at, 0).astype(INT64), -1)


def _axis_taps(at: Tensor, size: int, mode: str, padding: str, align_corners: bool):
    """Indices and weights of the taps of one axis."""
    dtype = at.array.dtype
    if mode != "bicubic":
        at = _inside(at, size, padding, align_corners)
    array = at.array
    if mode == "nearest":
        # The weight does not depend on the grid, whose gradient is zero.
        return [_places(np.rint(array), size)], [where(wrap(np.zeros(array.shape, bool)), at, 1.0)]
    first = np.floor(array)
    t = sub(at, wrap(first))
    if mode == "bilinear":
        return [_places(first, size), _places(first + 1, size)], [rsub(t, 1), t]
    places = []
    for i in range(-1, 3):
        beside = wrap((first + i).astype(dtype))
        places.append(_places(_inside(beside, size, padding, align_corners).array, size))
    return places, [_cubic_of(add(t, 1), False), _cubic_of(t, True), _cubic_of(rsub(t, 1), True), _cubic_of(rsub(t, 2), False)]


def _cubic_of(x: Tensor, near: bool) -> Tensor:
    """`_cubic` of one of its two pieces, of operations."""
    a = -0.75
    if near:
        return add(mul(mul(sub(mul(x, a + 2), a + 3), x), x), 1)
    return sub(mul(add(mul(sub(mul(x, a), 5 * a), x), 8 * a), x), 4 * a)


def _sample(input_: Tensor, grid: Tensor, mode: str, padding: str, align_corners: bool) -> Tensor:
    x, places = input_.array, grid.array
    n = x.ndim - 2
    if x.ndim != places.ndim or x.ndim not in (4, 5):
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{list(x.shape)} and grid with sizes {list(places.shape)}"
        )
    if x.shape[0] != places.shape[0]:
        raise RuntimeError(
            f"grid_sampler(): expected grid and input to have same batch size, but got input with sizes {list(x.shape)} and "
            f"grid with sizes {list(places.shape)}"
        )
    if places.shape[-1] != n:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {n} in last dimension, but got grid with sizes {list(places.shape)}"
        )
    if 0 in x.shape[2:]:
        raise RuntimeError(
            f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {list(x.shape)}"
        )
    if mode == "bicubic" and n == 3:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if not input_.dtype.is_floating_point:
        raise NotImplementedError(f"\"grid_sampler_{n}d\" not implemented for '{torch_name(input_.dtype)}'")
    if input_.dtype is not grid.dtype:
        raise RuntimeError(f"expected scalar type {torch_name(input_.dtype)} but found {torch_name(grid.dtype)}")
    if input_.dtype.itemsize == 2:
        wide = [to_dtype(one, dtypes.float32) for one in (input_, grid)]
        return to_dtype(_sample(*wide, mode, padding, align_corners), input_.dtype)
    batch, channels, *size = x.shape
    points = math.prod(places.shape[1:-1])
    shape = (batch, channels, *places.shape[1:-1])
    sizes = Sizes(batch, channels, math.prod(size), 1, points, 1 if mode == "nearest" else 1 << n)
    known = tuple(size), kernels.paddings[padding], mode == "nearest", align_corners
    if mode != "bicubic" and not core.recording((input_, grid)):
        out = empty(shape, x.dtype)
        if out.size:
            SAMPLE[x.dtype](row(input_), row(grid), flat(out), tuple(sizes), *known)
        return wrap(out)
    rows = input_.reshape(batch * channels, math.prod(size), 1)
    if mode != "bicubic" and not core.recording((grid,)):
        places, table = empty((batch, points, sizes.taps), INT64), empty((batch, points, sizes.taps), x.dtype)
        if places.size:
            POINTS[x.dtype](row(grid), flat(places), flat(table), *known)
        return _taps(rows, wrap(table), places, sizes).reshape(*shape)
    flat_grid = grid.reshape(batch, points, n)
    index, weight = [0], [None]
    for i, own in enumerate(size):  # the grid's last coordinate is that of the first dimension
        at = flat_grid[..., n - 1 - i]
        scale = (own - 1) / 2 if align_corners else own / 2
        at = mul(add(at, 1), scale) if align_corners else sub(mul(add(at, 1), scale), 0.5)
        beside, by = _axis_taps(at, own, mode, padding, align_corners)
        index = [np.where((a < 0) | (b < 0), -1, a * own + b) if i else b for a in index for b in beside]
        weight = [b if a is None else mul(a, b) for a in weight for b in by]
    table = stack(weight, -1)
    where_ = np.stack(index, -1)
    where_ = np.where(np.isnan(table.array), 0, where_)  # a point that is nowhere gives NaN
    sizes = Sizes(batch, channels, math.prod(size), 1, points, len(index))
    return _taps(rows, table, contiguous(where_.astype(INT64, copy=False)), sizes).reshape(*shape)


def _corners(align_corners) -> bool:
    if align_corners is None:
        warnings.warn(
            "grid_sample and affine_grid align no corners by default. Please say align_corners=True where they should.",
            stacklevel=4,
        )
    return bool(align_corners)


@op("nn.functional.grid_sample", composite=True)
@doc("out(q) = \\sum_p w(grid(q), p)\\, x(p)",
     "\\sum_q w(grid(q), p)\\, g(q),\\quad g(q) \\sum_p w'(grid(q), p)\\, x(p)",
     input_="Tensor: Images, of shape (n, c, h, w) or (n, c, d, h, w).",
     grid="Tensor: Points, of shape (n, \\*size, 2) as (x, y) or (n, \\*size, 3) as (x, y, z); -1 and 1 are the image's "
          "borders.",
     mode="{'bilinear', 'nearest', 'bicubic'}, optional: What the weights w are: polynomials of the distance, or the "
          "nearest element. Default: 'bilinear'.",
     padding_mode="{'zeros', 'border', 'reflection'}, optional: What is beyond the image: nothing, its nearest element or "
                  "its reflection. Default: 'zeros'.",
     align_corners="bool, optional: Let -1 and 1 mean the centers of the outermost elements rather than their outer edges. "
                   "Default: False.",
     returns="Of shape (n, c, \\*size).",
     raises="ValueError: an unknown mode\nRuntimeError: shapes or dtypes do not go together")  # fmt: skip
def grid_sample(
    input_: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """Images at the points of a grid.

    >>> F.grid_sample(lucid.tensor([[[[0.0, 4.0]]]]), lucid.tensor([[[[-0.5, 0.0], [0.0, 0.0]]]]), align_corners=True)
    Tensor([[[[1.0, 2.0]]]])
    """
    tensor_argument("grid_sample", input_)
    tensor_argument("grid_sample", grid, 2, "grid")
    if mode not in MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    return _sample(input_, grid, mode, padding_mode, _corners(align_corners))


def _sampler(n: int):
    def sampler(input_: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
        for argument, value, names in (
            ("interpolation_mode", interpolation_mode, MODES), ("padding_mode", padding_mode, PADDINGS)
        ):  # fmt: skip
            if not 0 <= value < 3:
                raise RuntimeError(f"grid_sampler_{n}d(): {argument} is the place of a name in {names}, not {value}")
        if tensor_argument(f"grid_sampler_{n}d", input_).array.ndim != n + 2:
            raise RuntimeError(f"grid_sampler_{n}d(): expected {n + 2}D input, but got sizes {list(input_.shape)}")
        return _sample(input_, grid, MODES[interpolation_mode], PADDINGS[padding_mode], align_corners)

    ones, grid = "[" * (n - 2), f'lucid.zeros({", ".join("1" * (n + 1))}, {n})'
    sampler.__name__ = sampler.__qualname__ = f"grid_sampler_{n}d"
    sampler.__doc__ = f"""`nn.functional.grid_sample` in {n} dimensions, its modes given by number.

    >>> lucid.grid_sampler_{n}d(lucid.tensor({ones}[[[[0.0, 4.0]]]]{ones.replace('[', ']')}), {grid}, 0, 0, True)
    Tensor({ones}[[[[2.0]]]]{ones.replace('[', ']')})
    """
    about = {
        "input_": "Tensor: Images, of shape (n, c, \\*size).",
        "grid": f"Tensor: Points, of shape (n, \\*out_size, {n}).",
        "interpolation_mode": "int: 0 bilinear, 1 nearest, 2 bicubic.",
        "padding_mode": "int: 0 zeros, 1 border, 2 reflection.",
        "align_corners": "bool: Let -1 and 1 mean the centers of the outermost elements.",
        "returns": "Of shape (n, c, \\*out_size).",
        "raises": "RuntimeError: shapes or dtypes do not go together",
    }
    return op(f"grid_sampler_{n}d", composite=True)(doc(**about)(sampler))


grid_sampler_2d, grid_sampler_3d = _sampler(2), _sampler(3)


@op("nn.functional.affine_grid", composite=True)
@doc("out(q) = \\theta\\, (q, 1)", "\\sum_q g(q)\\, (q, 1)^T",
     theta="Tensor: Affine maps, of shape (n, 2, 3) or (n, 3, 4).",
     size="sequence of int: Of the images to be made, (n, c, h, w) or (n, c, d, h, w).",
     align_corners="bool, optional: Let -1 and 1 mean the centers of the outermost elements rather than their outer edges. "
                   "Default: False.",
     returns="Of shape (n, h, w, 2) or (n, d, h, w, 3): the grid for `grid_sample`.",
     raises="ValueError: the maps are not as `size` wants them\nNotImplementedError: a size of other than 4 or 5 numbers")  # fmt: skip
def affine_grid(theta: Tensor, size: str | tuple, align_corners: bool | None = None) -> Tensor:
    """The points that images look at through an affine map.

    >>> F.affine_grid(lucid.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]), [1, 1, 1, 2], False)
    Tensor([[[[0.0, 0.0],
              [2.0, 0.0]]]])
    """
    align_corners = _corners(align_corners)
    tensor_argument("affine_grid", theta, 1, "theta")
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    return affine_points(theta, size, align_corners)


def affine_points(theta: Tensor, size, align_corners: bool) -> Tensor:
    """The grid itself, of complex maps too."""
    size, shape = tuple(int(one) for one in size), theta.array.shape
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{list(size)}."
        )
    n = len(size) - 2
    if len(shape) != 3 or shape[1:] != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {list(size)}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {list(size)}")
    if shape[0] != size[0]:
        raise RuntimeError(f"affine_grid(): expected {size[0]} affine maps, got {shape[0]}")
    base = np.ones((*size[2:], n + 1), FLOAT64)
    for i, own in enumerate(size[2:]):
        at = np.linspace(-1, 1, own) if own > 1 else np.zeros(1)
        at = at if align_corners else at * (own - 1) / own
        base[..., n - 1 - i] = at.reshape(-1, *(1,) * (n - 1 - i))
    points = to_dtype(wrap(base.reshape(-1, n + 1)), theta.dtype)
    return (points @ theta.transpose(1, 2)).reshape(size[0], *size[2:], n)
