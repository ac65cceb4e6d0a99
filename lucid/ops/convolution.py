"""Convolutions of one, two and three dimensions, and their transposes.

Three operations are closed under differentiation: `_conv(x, w)`, its gradient for the input `_conv_input(g, w)` and for
the weight `_conv_weight(g, x)`; each is linear in both operands and the gradients of one are the other two. A transposed
convolution is `_conv_input`. What they share is a `Geometry`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lucid._kernels import conv as kernels
from lucid._kernels import core
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import op
from lucid.dtypes import complex64, float32, torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOAT32, FLOAT64, FLOATING, cast, contiguous, formatted, tensor_argument
from lucid.ops.linalg import product
from lucid.ops.reduction import sum as sum_
from lucid.tensor import Tensor

CONV, CONV_INPUT, CONV_WEIGHT = (
    {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}
    for name in ("conv", "conv_backward_input", "conv_backward_weight")
)


class Geometry(NamedTuple):
    """The sizes of a convolution from (n, c_in, *size) to (n, c_out, *out_size)."""

    n: int
    groups: int
    c_in: int
    c_out: int
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    out_size: tuple[int, ...]
    last: bool  # whether channels lie beside each other, in the result and the gradients
    arguments: tuple


def _geometry(n, groups, c_in, c_out, size, kernel, stride, padding, dilation, out_size, last) -> Geometry:
    """With the arguments that kernels take: always three dimensions."""
    missing = 3 - len(size)
    ones, zeros = (1,) * missing, (0,) * missing
    return Geometry(
        n, groups, c_in, c_out, size, kernel, stride, padding, dilation, out_size, last,
        (n, groups, c_in, c_out, ones + size, ones + kernel, ones + stride, zeros + padding, ones + dilation, ones + out_size),
    )  # fmt: skip


def _factors(x, w, geometry: Geometry):
    """Matrices whose product a convolution without padding is, where it is a vector's: a third of the kernel's time."""
    if geometry.size == geometry.kernel:  # one pixel, which sees the whole image
        return x.reshape(len(x), -1), w.reshape(len(w), -1).T
    if w.size == geometry.c_in and max(geometry.stride) == 1:  # every pixel sees one, and gives one number
        return np.broadcast_to(w.reshape(1, -1), (len(x), 1, w.size)), x.reshape(len(x), geometry.c_in, -1)
    return None


def _run(table, a, b, bias, shape, geometry: Geometry, with_bias: bool) -> Tensor:
    """A kernel of the three on arrays of any floating dtype."""
    dtype = a.dtype
    # Half precision is computed in float32; integers in float64, which is exact to 2**53.
    computed = dtype if dtype in table else FLOAT64 if dtype.kind in "iu" else FLOAT32
    out = empty(shape, computed)
    if not out.size:
        return wrap(cast(out, dtype))
    if dtype.kind == "b":
        raise NotImplementedError("\"convolution\" not implemented for 'Bool'")
    if not a.size or not b.size:
        out[...] = 0
        if bias is not None:
            out += bias.reshape(-1, *(1,) * len(geometry.size))
        return wrap(formatted(cast(out, dtype), geometry.last))
    a, b = contiguous(cast(a, computed)), contiguous(cast(b, computed))
    factors = _factors(a, b, geometry) if table is CONV and geometry.groups == 1 and not any(geometry.padding) else None
    if factors is not None:
        if bias is not None:
            out[...] = bias.reshape(-1, *(1,) * len(geometry.size))
        left, right = factors
        product(left, right, out.reshape(*left.shape[:-2], -1, right.shape[-1]), 1, bias is not None)
        return wrap(formatted(cast(out, dtype), geometry.last))
    rows = [flat(a), flat(b)]
    if with_bias:
        rows.append(None if bias is None else flat(contiguous(cast(bias, computed))))
    table[computed](*rows, flat(out), *geometry.arguments)
    return wrap(formatted(cast(out, dtype), geometry.last))


@op("_conv")
def _conv(x: Tensor, w: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    shape = (geometry.n, geometry.c_out, *geometry.out_size)
    return _run(CONV, x.array, w.array, None if bias is None else bias.array, shape, geometry, True)


@op("_conv_input")
def _conv_input(g: Tensor, w: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    shape = (geometry.n, geometry.c_in, *geometry.size)
    return _run(CONV_INPUT, g.array, w.array, None if bias is None else bias.array, shape, geometry, True)


@op("_conv_weight")
def _conv_weight(g: Tensor, x: Tensor, geometry: Geometry) -> Tensor:
    shape = (geometry.c_out, geometry.c_in // geometry.groups, *geometry.kernel)
    return _run(CONV_WEIGHT, g.array, x.array, None, shape, geometry, False)


def _bias_gradient(g: Tensor) -> Tensor:
    return sum_(g, (0, *range(2, g.array.ndim)))


_conv.vjp(
    x=lambda g, w, geometry: _conv_input(g, w, None, geometry),
    w=lambda g, x, geometry: _conv_weight(g, x, geometry),
    bias=lambda g: _bias_gradient(g),
)
_conv_input.vjp(
    g=lambda g, w, geometry: _conv(g, w, None, geometry),
    w=lambda gradient, g, geometry: _conv_weight(g, gradient, geometry),
    bias=lambda g: _bias_gradient(g),
)
_conv_weight.vjp(
    g=lambda gradient, x, geometry: _conv(x, gradient, None, geometry),
    x=lambda gradient, g, geometry: _conv_input(g, gradient, None, geometry),
)


# ------------------------------------------------------------------------------------------------ arguments


def ntuple(name: str, argument: str, value, n: int) -> tuple[int, ...]:
    """A number for all dimensions, or one for each."""
    if type(value) is int:
        return (value,) * n
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            value = tuple(value) * n
        if len(value) != n:
            raise RuntimeError(f"{name}(): expected {argument} to be a single integer value or a list of {n} values "
                               f"to match the convolution dimensions, but got {argument}={list(value)}")  # fmt: skip
    for one in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(one, str):
            raise TypeError(f"{name}(): argument '{argument}' must be int, not str")
    if isinstance(value, (tuple, list)):
        return tuple(map(int, value))
    return (int(value),) * n


def _checked(name: str, input_, weight, bias, n: int, groups: int):
    """The input as a batch, whether it was one, and that dtypes and ranks fit."""
    tensor_argument(name, input_)
    tensor_argument(name, weight, 2, "weight")
    x, w = input_.array, weight.array
    if x.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: {list(x.shape)}"
        )
    if w.ndim != n + 2:
        raise RuntimeError(f"{name}(): expected {n + 2}-dimensional weight, but got weight of size {list(w.shape)}")
    for other, which in ((weight, "weight"), (bias, "bias")):
        if other is not None and other.array.dtype != x.dtype:
            raise RuntimeError(
                f"Input type ({torch_name(input_.dtype)}) and {which} type ({torch_name(other.dtype)}) should be the same"
            )
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    batched = x.ndim == n + 2
    return (input_ if batched else input_.unsqueeze(0)), batched


def _positive(**values) -> None:
    for argument, value in values.items():
        if argument == "padding":
            if min(value) < 0:
                raise RuntimeError("negative padding is not supported")
        elif min(value) <= 0:
            raise RuntimeError(f"non-positive {argument} is not supported")


def _convolve(name, input_, weight, bias, stride, padding, dilation, groups, n) -> Tensor:
    x, batched = _checked(name, input_, weight, bias, n, groups)
    stride, dilation = ntuple(name, "stride", stride, n), ntuple(name, "dilation", dilation, n)
    padding = padding if isinstance(padding, str) else ntuple(name, "padding", padding, n)
    shapes = x.array.shape, weight.array.shape, None if bias is None else bias.array.shape
    last = (core.channels_last(x.array) or core.channels_last(weight.array)) and _keeps(x)
    geometry = _planned(*shapes, stride, padding, dilation, groups, last)
    out = _complex(_conv, x, weight, bias, geometry) if x.dtype.is_complex else _conv(x, weight, bias, geometry)
    return out if batched else out.squeeze(0)


def _keeps(x: Tensor) -> bool:
    """Whether results and gradients have their channels beside each other where those of the input or the weight are.

    Of volumes those of half precision do, and batches of float32: PyTorch has a loop of its own for others, whose results are contiguous.
    """
    return x.array.ndim == 4 or x.dtype.itemsize == 2 or (x.dtype in (float32, complex64) and len(x.array) > 1)


@lru_cache(256)
def _planned(x, weight, bias, stride, padding, dilation, groups, last) -> Geometry:
    """The geometry of a convolution of those shapes, checked: remembered, since a network asks for the same ones every time."""
    size, kernel, c_in, c_out = x[2:], weight[2:], x[1], weight[0]
    behind = None
    if padding == "same":
        if set(stride) != {1}:
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = tuple(d * (k - 1) for d, k in zip(dilation, kernel))
        padding, behind = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    elif padding == "valid":
        padding = (0,) * len(size)
    elif isinstance(padding, str):
        raise RuntimeError("Invalid padding string: '" + padding + "': must be 'same' or 'valid'")
    _positive(stride=stride, padding=padding, dilation=dilation)
    behind = padding if behind is None else behind
    if c_out % groups or c_out < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, and divisible by it, but got "
            f"weight of size {list(weight)} instead"
        )
    if weight[1] * groups != c_in:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight)}, expected input{list(x)} to have "
            f"{weight[1] * groups} channels, but got {c_in} channels instead"
        )
    _check_bias(bias, weight, c_out)
    padded = [s + a + b for s, a, b in zip(size, padding, behind)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    out_size = tuple([(p - r) // s + 1 for p, r, s in zip(padded, reach, stride)])
    if min(out_size) < 1:
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
            f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size"
        )
    return _geometry(x[0], groups, c_in, c_out, size, kernel, stride, padding, dilation, out_size, last)


def _check_bias(bias, weight, c_out: int) -> None:
    if bias is not None and bias != (c_out,):
        raise RuntimeError(
            f"Given weight of size {list(weight)}, expected bias to be 1-dimensional with {c_out} elements, but got "
            f"bias of size {list(bias)} instead"
        )


def _transpose(name, input_, weight, bias, stride, padding, output_padding, groups, dilation, n) -> Tensor:
    x, batched = _checked(name, input_, weight, bias, n, groups)
    stride, dilation = ntuple(name, "stride", stride, n), ntuple(name, "dilation", dilation, n)
    padding, extra = ntuple(name, "padding", padding, n), ntuple(name, "output_padding", output_padding, n)
    shapes = x.array.shape, weight.array.shape, None if bias is None else bias.array.shape
    last = (core.channels_last(x.array) or core.channels_last(weight.array)) and _keeps(x)
    geometry = _planned_transpose(*shapes, stride, padding, extra, groups, dilation, last)
    if x.dtype.is_complex:
        out = _complex(_conv_input, x, weight, bias, geometry)
    else:
        out = _conv_input(x, weight, bias, geometry)
    return out if batched else out.squeeze(0)


@lru_cache(256)
def _planned_transpose(x, weight, bias, stride, padding, extra, groups, dilation, last) -> Geometry:
    """`_planned` of a transposed convolution."""
    _positive(stride=stride, padding=padding, dilation=dilation)
    own, kernel, channels, c_out = x[2:], weight[2:], x[1], weight[1] * groups
    if weight[0] != channels or channels % groups:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(weight)}, expected input{list(x)} to have "
            f"{weight[0]} channels, but got {channels} channels instead"
        )
    _check_bias(bias, weight, c_out)
    if any(e < 0 or e >= max(s, d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {list(extra)}, "
            f"stride: {list(stride)}, dilation: {list(dilation)}"
        )
    size = tuple(
        (i - 1) * s - 2 * p + d * (k - 1) + e + 1
        for i, s, p, d, k, e in zip(own, stride, padding, dilation, kernel, extra)
    )
    if any(s <= 0 for s in size):
        raise RuntimeError(
            f"Given input size per channel: {list(own)}. Calculated output size per channel: {list(size)}. Output size is "
            "too small"
        )
    return _geometry(x[0], groups, c_out, channels, size, kernel, stride, padding, dilation, own, last)


def _complex(function, x, w, bias, geometry) -> Tensor:
    """A convolution of complex numbers, of four of their parts."""
    from lucid.ops.complex import complex as complex_

    a, b, c, d = x.real, x.imag, w.real, w.imag
    real = function(a, c, None, geometry) - function(b, d, None, geometry)
    imag = function(a, d, None, geometry) + function(b, c, None, geometry)
    out = complex_(real, imag)
    return out if bias is None else out + bias.reshape((-1, *(1,) * len(geometry.size)))


# ------------------------------------------------------------------------------------------------ the functions

_SHARED = {
    "input_": "Tensor: Of shape (n, c_in, \\*size), or (c_in, \\*size).",
    "bias": "Tensor, optional: Of shape (c_out,).",
    "groups": "int, optional: The channels fall into so many groups that do not see each other. Default: 1.",
    "raises": "RuntimeError: channels, sizes or dtypes do not fit",
}
_CONV = _SHARED | {
    "formula": "out_{n, o}(q) = bias_o + \\sum_{i, k} weight_{o, i}(k) \\cdot x_{n, i}(stride \\cdot q + dilation \\cdot k - padding)",
    "gradient": "\\begin{gathered} \\text{the transposed convolution of } g \\text{ with } weight \\\\ \\text{the products of } g "
                "\\text{ with what each tap sees} \\\\ \\textstyle\\sum_{n, q} g \\end{gathered}",
    "weight": "Tensor: Of shape (c_out, c_in // groups, \\*kernel).",
    "stride": "int or tuple of int, optional: Steps between positions. Default: 1.",
    "padding": "int, tuple of int, 'valid' or 'same', optional: Zeros added on both sides; 'same' keeps the size. Default: 0.",
    "dilation": "int or tuple of int, optional: Steps between the kernel's elements. Default: 1.",
    "returns": "Of shape (n, c_out, \\*out_size), with "
               "``out_size = (size + 2 padding - dilation (kernel - 1) - 1) // stride + 1``.",
}  # fmt: skip
_TRANSPOSE = _SHARED | {
    "formula": "out_{n, o}(stride \\cdot q + dilation \\cdot k - padding) \\mathrel{+}= weight_{i, o}(k) \\cdot x_{n, i}(q)",
    "gradient": "\\begin{gathered} \\text{the convolution of } g \\text{ with } weight \\\\ \\text{the products of } x "
                "\\text{ with what each tap sees of } g \\\\ \\textstyle\\sum_{n, q} g \\end{gathered}",
    "weight": "Tensor: Of shape (c_in, c_out // groups, \\*kernel).",
    "stride": "int or tuple of int, optional: That of the convolution. Default: 1.",
    "padding": "int or tuple of int, optional: That of the convolution. Default: 0.",
    "output_padding": "int or tuple of int, optional: What is added to one side of the result. Default: 0.",
    "dilation": "int or tuple of int, optional: That of the convolution. Default: 1.",
    "returns": "Of shape (n, c_out, \\*out_size), with "
               "``out_size = (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.",
}  # fmt: skip


@op("nn.functional.conv1d", composite=True, aliases=("conv1d",))
@doc(**_CONV)
def conv1d(
    input_: Tensor,
    weight: Tensor,
    bias=None,
    stride: int | tuple = 1,
    padding: int | str | tuple = 0,
    dilation: int | tuple = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) in one dimension.

    >>> F.conv1d(lucid.ones(1, 1, 4), lucid.ones(1, 1, 2))
    Tensor([[[2.0, 2.0, 2.0]]])
    """
    return _convolve("conv1d", input_, weight, bias, stride, padding, dilation, groups, 1)


@op("nn.functional.conv2d", composite=True, aliases=("conv2d",))
@doc(**_CONV)
def conv2d(
    input_: Tensor,
    weight: Tensor,
    bias=None,
    stride: int | tuple = 1,
    padding: int | str | tuple = 0,
    dilation: int | tuple = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) in two dimensions.

    >>> F.conv2d(lucid.ones(1, 1, 1, 4), lucid.ones(1, 1, 1, 2))
    Tensor([[[[2.0, 2.0, 2.0]]]])
    """
    return _convolve("conv2d", input_, weight, bias, stride, padding, dilation, groups, 2)


@op("nn.functional.conv3d", composite=True, aliases=("conv3d",))
@doc(**_CONV)
def conv3d(
    input_: Tensor,
    weight: Tensor,
    bias=None,
    stride: int | tuple = 1,
    padding: int | str | tuple = 0,
    dilation: int | tuple = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) in three dimensions.

    >>> F.conv3d(lucid.ones(1, 1, 1, 1, 4), lucid.ones(1, 1, 1, 1, 2))
    Tensor([[[[[2.0, 2.0, 2.0]]]]])
    """
    return _convolve("conv3d", input_, weight, bias, stride, padding, dilation, groups, 3)


@op("nn.functional.conv_transpose1d", composite=True, aliases=("conv_transpose1d",))
@doc(**_TRANSPOSE)
def conv_transpose1d(
    input_: Tensor,
    weight: Tensor,
    bias=None,
    stride: int | tuple = 1,
    padding: int | tuple = 0,
    output_padding: int | tuple = 0,
    groups: int = 1,
    dilation: int | tuple = 1,
) -> Tensor:
    """Transposed convolution in one dimension: the gradient of a convolution by its input.

    >>> F.conv_transpose1d(lucid.ones(1, 1, 4), lucid.ones(1, 1, 2))
    Tensor([[[1.0, 2.0, 2.0, 2.0, 1.0]]])
    """
    return _transpose("conv_transpose1d", input_, weight, bias, stride, padding, output_padding, groups, dilation, 1)


@op("nn.functional.conv_transpose2d", composite=True, aliases=("conv_transpose2d",))
@doc(**_TRANSPOSE)
def conv_transpose2d(
    input_: Tensor,
    weight: Tensor,
    bias=None,
    stride: int | tuple = 1,
    padding: int | tuple = 0,
    output_padding: int | tuple = 0,
    groups: int = 1,
    dilation: int | tuple = 1,
) -> Tensor:
    """Transposed convolution in two dimensions: the gradient of a convolution by its input.

    >>> F.conv_transpose2d(lucid.ones(1, 1, 1, 4), lucid.ones(1, 1, 1, 2))
    Tensor([[[[1.0, 2.0, 2.0, 2.0, 1.0]]]])
    """
    return _transpose("conv_transpose2d", input_, weight, bias, stride, padding, output_padding, groups, dilation, 2)


@op("nn.functional.conv_transpose3d", composite=True, aliases=("conv_transpose3d",))
@doc(**_TRANSPOSE)
def conv_transpose3d(
    input_: Tensor,
    weight: Tensor,
    bias=None,
    stride: int | tuple = 1,
    padding: int | tuple = 0,
    output_padding: int | tuple = 0,
    groups: int = 1,
    dilation: int | tuple = 1,
) -> Tensor:
    """Transposed convolution in three dimensions: the gradient of a convolution by its input.

    >>> F.conv_transpose3d(lucid.ones(1, 1, 1, 1, 4), lucid.ones(1, 1, 1, 1, 2))
    Tensor([[[[[1.0, 2.0, 2.0, 2.0, 1.0]]]]])
    """
    return _transpose("conv_transpose3d", input_, weight, bias, stride, padding, output_padding, groups, dilation, 3)


@op("convolution", composite=True)
@doc(**_CONV | {"padding": "int or tuple of int: Zeros added on both sides.",
                "transposed": "bool: Whether it is the transposed convolution.",
                "output_padding": "int or tuple of int: What is added to one side of the result, if transposed."})  # fmt: skip
def convolution(
    input_,
    weight,
    bias,
    stride: tuple,
    padding: tuple,
    dilation: tuple,
    transposed: bool,
    output_padding: tuple,
    groups: int,
) -> Tensor:
    """Convolution of any number of dimensions, or its transpose: what `conv1d` to `conv_transpose3d` are.

    >>> lucid.convolution(lucid.ones(1, 1, 3), lucid.ones(1, 1, 2), None, [1], [0], [1], False, [0], 1)
    Tensor([[[2.0, 2.0]]])
    """
    n = weight.array.ndim - 2
    if transposed:
        return _transpose("convolution", input_, weight, bias, stride, padding, output_padding, groups, dilation, n)
    return _convolve("convolution", input_, weight, bias, stride, padding, dilation, groups, n)


