"""Images as columns of sliding blocks, and back; pixels as channels, and back.

`_unfold` copies a strided view of the padded image; `_fold` adds the columns up, one slice for each element of a
block. Each is the gradient of the other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lucid._kernels.core import empty, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.formats import contiguous_format
from lucid.ops._doc import doc, like
from lucid.ops._frame import contiguous, copied, tensor_argument
from lucid.ops.permutation import permute, transpose
from lucid.ops.view import clone, in_format, reshape
from lucid.tensor import Tensor


class Blocks(NamedTuple):
    """The blocks of an image of (h, w): how large, how far apart, and how many each way."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int]
    stride: tuple[int, int]
    count: tuple[int, int]


def _padded(shape: tuple, blocks: Blocks, dtype) -> np.ndarray:
    image = empty((*shape[:-2], *(s + 2 * p for s, p in zip(blocks.size, blocks.padding))), dtype)
    image.fill(0)
    return image


def _inside(image: np.ndarray, blocks: Blocks) -> np.ndarray:
    """The image without its padding."""
    (h, w), (top, left) = blocks.size, blocks.padding
    return image[..., top : top + h, left : left + w]


@op("_unfold")
def _unfold(x: Tensor, blocks: Blocks) -> Tensor:
    """(n, c, h, w) to (n, c * kernel, count)."""
    image = contiguous(x.array)
    if any(blocks.padding):
        image = _padded(image.shape, blocks, image.dtype)
        _inside(image, blocks)[...] = x.array
    n, c = image.shape[:2]
    down, right = image.strides[-2:]
    (dy, dx), (sy, sx) = blocks.dilation, blocks.stride
    view = np.lib.stride_tricks.as_strided(
        image, (n, c, *blocks.kernel, *blocks.count),
        (*image.strides[:2], dy * down, dx * right, sy * down, sx * right), writeable=False,
    )  # fmt: skip
    return wrap(copied(view).reshape(n, c * math.prod(blocks.kernel), math.prod(blocks.count)))


@op("_fold")
def _fold(columns: Tensor, blocks: Blocks) -> Tensor:
    """(n, c * kernel, count) to (n, c, h, w)."""
    array = columns.array
    n, c = array.shape[0], array.shape[1] // math.prod(blocks.kernel)
    taken = array.reshape(n, c, *blocks.kernel, *blocks.count)
    if blocks.stride == blocks.kernel and blocks.dilation == (1, 1) and array.size == n * c * math.prod(blocks.size) and not any(blocks.padding):
        return wrap(copied(taken.transpose(0, 1, 4, 2, 5, 3)).reshape(n, c, *blocks.size))  # every element lies in one block
    image = _padded((n, c, *blocks.size), blocks, array.dtype)
    (dy, dx), (sy, sx), (rows, cols) = blocks.dilation, blocks.stride, blocks.count
    for i in range(blocks.kernel[0]):
        for j in range(blocks.kernel[1]):
            y, x = i * dy, j * dx
            image[..., y : y + sy * rows : sy, x : x + sx * cols : sx] += taken[:, :, i, j]
    return wrap(contiguous(_inside(image, blocks)))


_unfold.vjp(x=lambda g, blocks: _fold(g, blocks))
_fold.vjp(columns=lambda g, blocks: _unfold(g, blocks))


def _pair(name: str, value) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(value)}")
    return int(value[0]), int(value[1])


def _blocks(size, kernel_size, dilation, padding, stride) -> Blocks:
    kernel, dilation = _pair("kernel_size", kernel_size), _pair("dilation", dilation)
    padding, stride = _pair("padding", padding), _pair("stride", stride)
    for what, short, pair, least in (
        ("kernel size", "kernel", kernel, 1), ("stride", "stride", stride, 1), ("padding", "pad", padding, 0),
        ("dilation", "dilation", dilation, 1),
    ):  # fmt: skip
        if min(pair) < least:
            raise RuntimeError(
                f"{what} should be {'greater than zero' if least else 'non-negative'}, but got {short}_height: {pair[0]} "
                f"{short}_width: {pair[1]}"
            )
    count = tuple(
        (s + 2 * p - d * (k - 1) - 1) // step + 1 for s, k, d, p, step in zip(size, kernel, dilation, padding, stride)
    )
    return Blocks(size, kernel, dilation, padding, stride, count)


def _batched(function, x: Tensor, blocks: Blocks, ndim: int) -> Tensor:
    if x.dtype.kind == 1:
        raise NotImplementedError(f"\"{function.op.name}\" not implemented for '{torch_name(x.dtype)}'")
    return function(x, blocks) if x.array.ndim == ndim else function(x.unsqueeze(0), blocks).squeeze(0)


_BLOCKS = {
    "kernel_size": "int or tuple of int: Height and width of a block.",
    "dilation": "int or tuple of int, optional: Steps between the elements of a block. Default: 1.",
    "padding": "int or tuple of int, optional: Zeros around the image. Default: 0.",
    "stride": "int or tuple of int, optional: Steps between blocks. Default: 1.",
}


@op("nn.functional.unfold", composite=True)
@doc("out_{c k, q} = x_c(stride \\cdot q + dilation \\cdot k - padding)", "\\mathrm{fold}(g)",
     input_="Tensor: Of shape (n, c, h, w), or (c, h, w).",
     returns="Of shape (n, c * kernel height * kernel width, number of blocks), or without n.",
     raises="RuntimeError: no block fits the image, or its shape or a parameter is out of range", **_BLOCKS)  # fmt: skip
def unfold(
    input_: Tensor,
    kernel_size: int | tuple,
    dilation: int | tuple = 1,
    padding: int | tuple = 0,
    stride: int | tuple = 1,
) -> Tensor:
    """The sliding blocks of images, each as a column.

    >>> F.unfold(lucid.tensor([[[1.0, 2.0, 3.0]]]), (1, 2))
    Tensor([[1.0, 2.0],
            [2.0, 3.0]])
    """
    shape = tensor_argument("unfold", input_).array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        if len(shape) < 3:
            raise IndexError(f"unfold(): expected an image of 3 dimensions, or a batch of 4, but got shape {list(shape)}")
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {list(shape)}"
        )
    blocks = _blocks(shape[-2:], kernel_size, dilation, padding, stride)
    if min(blocks.count) < 1:
        raise RuntimeError(
            f"Given input with spatial size {shape[-2:]}, kernel_size={blocks.kernel}, dilation={blocks.dilation}, "
            f"padding={blocks.padding}, calculated shape of the array of sliding blocks as {blocks.count}, but its "
            "components must be at least one."
        )
    return _batched(_unfold, input_, blocks, 4)


@op("nn.functional.fold", composite=True)
@doc("out_c(p) = \\sum_{k, q:\\ stride \\cdot q + dilation \\cdot k - padding = p} x_{c k, q}", "\\mathrm{unfold}(g)",
     input_="Tensor: Of shape (n, c * kernel height * kernel width, number of blocks), or without n.",
     output_size="int or tuple of int: Height and width of the images.",
     returns="Of shape (n, c, \\*output_size), or without n.",
     raises="RuntimeError: the number of blocks is another, or a parameter is out of range", **_BLOCKS)  # fmt: skip
def fold(
    input_: Tensor,
    output_size: int | tuple,
    kernel_size: int | tuple,
    dilation: int | tuple = 1,
    padding: int | tuple = 0,
    stride: int | tuple = 1,
) -> Tensor:
    """Images as the sum of their sliding blocks, which are columns as of `unfold`.

    >>> F.fold(lucid.tensor([[1.0, 2.0], [2.0, 3.0]]), (1, 3), (1, 2))
    Tensor([[[1.0, 4.0, 3.0]]])
    """
    shape = tensor_argument("fold", input_).array.shape
    size = _pair("output_size", output_size)
    blocks = _blocks(size, kernel_size, dilation, padding, stride)
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(shape)}"
        )
    if shape[-2] % math.prod(blocks.kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={shape[-2]} and kernel_size={blocks.kernel}."
        )
    if min(blocks.count) < 1 or shape[-1] != math.prod(blocks.count):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={blocks.kernel}, dilation={blocks.dilation}, "
            f"padding={blocks.padding}, stride={blocks.stride}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {blocks.count[0]} * {blocks.count[1]} = {math.prod(blocks.count)}, but "
            f"got input.size(2)={shape[-1]}."
        )
    return _batched(_fold, input_, blocks, 3)


# ------------------------------------------------------------------------------------------------ pixels, channels


@op("nn.functional.pixel_shuffle", composite=True, aliases=("pixel_shuffle",))
def pixel_shuffle(input_: Tensor, upscale_factor: int) -> Tensor:
    """Channels laid out as pixels: (..., C r r, H, W) becomes (..., C, H r, W r).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    upscale_factor : int
        How many times higher and wider.

    Returns
    -------
    Tensor
        A copy of the input's dtype, (..., C, H r, W r).

    Examples
    --------
    >>> lucid.nn.functional.pixel_shuffle(lucid.ones(1, 4, 2, 2), 2).shape
    lucid.Size([1, 1, 4, 4])
    """
    shape, r = tensor_argument("pixel_shuffle", input_).array.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *batch, c, h, w = shape
    if c % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={c} is not divisible by {r * r}"
        )
    n = len(batch)
    parts = reshape(input_, (*batch, c // (r * r), r, r, h, w))
    parts = permute(parts, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return in_format(reshape(clone(parts, memory_format=contiguous_format), (*batch, c // (r * r), h * r, w * r)), input_)


@op("nn.functional.pixel_unshuffle", composite=True, aliases=("pixel_unshuffle",))
@like(pixel_shuffle, downscale_factor="int: How many times lower and narrower.")
def pixel_unshuffle(input_: Tensor, downscale_factor: int) -> Tensor:
    """Pixels laid out as channels: (..., C, H r, W r) becomes (..., C r r, H, W).

    Examples
    --------
    >>> lucid.nn.functional.pixel_unshuffle(lucid.ones(1, 1, 4, 4), 2).shape
    lucid.Size([1, 4, 2, 2])
    """
    shape, r = tensor_argument("pixel_unshuffle", input_).array.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *batch, c, h, w = shape
    for name, at, size in (("height", -2, h), ("width", -1, w)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({at})={size} is "
                f"not divisible by {r}"
            )
    n = len(batch)
    parts = reshape(input_, (*batch, c, h // r, r, w // r, r))
    parts = permute(parts, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return in_format(reshape(clone(parts, memory_format=contiguous_format), (*batch, c * r * r, h // r, w // r)), input_)


@op("nn.functional.channel_shuffle", composite=True, aliases=("channel_shuffle",))
def channel_shuffle(input_: Tensor, groups: int) -> Tensor:
    """The channels, in `groups` groups, dealt out one from each group in turn.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    groups : int
        How many groups.

    Returns
    -------
    Tensor
        A copy of the input's shape and dtype.

    Examples
    --------
    >>> lucid.nn.functional.channel_shuffle(lucid.arange(4).reshape(1, 4, 1, 1), 2).flatten()
    Tensor([0, 2, 1, 3])
    """
    shape = tensor_argument("channel_shuffle", input_).array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    n, c, *rest = shape
    if c % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {c} channels and {groups} groups.")
    parts = transpose(reshape(input_, (n, groups, c // groups, *rest)), 1, 2)
    return in_format(reshape(clone(parts, memory_format=contiguous_format), shape), input_)
