"""Margins around a tensor: of one value, of its own elements reflected, replicated or taken from the other side."""

from __future__ import annotations

from functools import lru_cache

from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.op import op
from lucid.ops._frame import FLOAT32, cast, copied, fill, formatted, formatted_empty, shape_argument, tensor_argument
from lucid.ops.storage import fill_array
from lucid.ops.view import empty_as
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ padding


@op("constant_pad_nd")
def constant_pad_nd(input_: Tensor, pad: tuple, value=0) -> Tensor:
    """`value` around the tensor, from the last dimension on: `pad` is (before, after) of each; negative crops.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    pad : sequence of int
        (before, after) of the last dimension, then of the one before it.
    value : number or 0-d Tensor, optional
        The value.

    Returns
    -------
    Tensor
        A copy of the input's dtype; each size grows by what is put before and after.

    Examples
    --------
    >>> lucid.constant_pad_nd(lucid.tensor([1, 2]), (1, 1), 9)
    Tensor([9, 1, 2, 9])
    """
    array = tensor_argument("constant_pad_nd", input_).array
    shape, into, from_, margins = _framed(array.shape, shape_argument("pad", (pad,)))
    out = formatted_empty(shape, array.dtype, core.channels_last(array)) if any(pad) else empty_as(array, array.dtype)
    held = core.empty((), array.dtype)
    fill_array(held, value)
    if out.size > array.size and shape[-1] < 64 and out.nbytes < 1 << 19:  # in the caches: 76 us where margins take 95
        fill(out, held)
    else:
        for margin in margins:
            core.move_piece(held, (), out, margin)
    core.move_piece(array, from_, out, into)
    return wrap(out)


@lru_cache(256)
def _framed(shape: tuple, pad: tuple) -> tuple:
    """The shape of the result, where in it what comes from which part of the input, and the margins, each as long as what lies
    within those before it; remembered, as a pooling's windows are."""
    ndim = len(shape)
    if len(pad) % 2:
        raise RuntimeError("Length of pad must be even but instead it equals " + str(len(pad)))
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)} while the input has {ndim} dimensions."
        )
    shape = list(shape)
    into, from_ = [slice(0, size) for size in shape], [slice(None)] * ndim
    for k in range(len(pad) // 2):
        dim, (before, after) = ndim - 1 - k, pad[2 * k : 2 * k + 2]
        size = shape[dim]
        shape[dim] = size + before + after
        if shape[dim] < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {before} and {after} resulted in a negative output "
                f"size, which is invalid. Check dimension {dim} of your input."
            )
        low, high = max(-before, 0), min(size, size + after)
        from_[dim] = slice(low, max(high, low))
        into[dim] = slice(max(before, 0), max(before, 0) + max(high - low, 0))
    margins, inside = [], [slice(None)] * ndim
    for dim, own in enumerate(into):
        for margin in (slice(0, own.start), slice(own.stop, shape[dim])):
            if margin.start < margin.stop:
                inside[dim] = margin
                margins.append(tuple(inside))
        inside[dim] = own
    return tuple(shape), tuple(into), tuple(from_), margins


constant_pad_nd.vjp(input_=lambda g, pad: constant_pad_nd(g, tuple(-one for one in pad)))


@op("nn.functional.pad", composite=True)
def pad(input_: Tensor, pad: tuple, mode: str = "constant", value: float | None = None) -> Tensor:
    """Elements put around a tensor, from its last dimension on.

    Parameters
    ----------
    input_ : Tensor
        Of any shape for "constant"; for the other modes with one or two dimensions more than are padded.
    pad : sequence of int
        (before, after) of the last dimension, then of the one before it, and so on; negative numbers crop.
    mode : {"constant", "reflect", "replicate", "circular"}, optional
        `value`; the elements mirrored at the edge; the edge itself; the elements from the other end.
    value : float, optional
        The constant; default 0.

    Returns
    -------
    Tensor
        A copy of the input's dtype; each size grows by what is put before and after.

    Examples
    --------
    >>> lucid.nn.functional.pad(lucid.tensor([1, 2]), (1, 2))
    Tensor([0, 1, 2, 0, 0])
    """
    shape = tensor_argument("pad", input_).array.shape
    pad = shape_argument("pad", (pad,))
    if not isinstance(mode, str):
        raise TypeError(f"pad(): argument 'mode' (position 3) must be str, not {type(mode).__name__}")
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(shape)}"
        )
    if mode == "constant":
        if isinstance(value, complex):
            raise TypeError("pad(): argument 'value' must be float, not complex")
        return constant_pad_nd(input_, pad, 0.0 if value is None else float(value))
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    crop, margins = _margins(shape, pad, mode)
    if mode == "circular" and crop:  # what is left is wrapped around
        input_ = constant_pad_nd(input_, crop)
    last = mode != "circular" and core.channels_last(input_.array)
    result = _edged(input_, margins, mode, last)
    return constant_pad_nd(result, crop) if mode != "circular" and crop else result


@lru_cache(256)
def _margins(shape: tuple, pad: tuple, mode: str) -> tuple:
    """What is cut off, None if nothing is, and what is put around, for a shape that it fits."""
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    k, ndim = len(pad) // 2, len(shape)
    if not (1 <= k <= 3 and ndim in (k + 1, k + 2)):
        raise NotImplementedError(f"Padding size {len(pad)} is not supported for {ndim}D input tensor.")
    if any(n == 0 for n in shape[1 if ndim == k + 2 else 0 :]):
        raise RuntimeError(
            f"Expected {k + 1}D or {k + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    for i in range(k):
        dim, before, after = ndim - 1 - i, pad[2 * i], pad[2 * i + 1]
        size = shape[dim]
        if mode == "reflect" and (before >= size or after >= size):
            raise RuntimeError(
                "Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {dim} of input {list(shape)}"
            )
        if mode == "circular" and (before > size or after > size):
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if size + before + after < (0 if mode == "circular" else 1):
            raise RuntimeError(
                f"{mode} padding: input of size {size} at dimension {dim}, padded by {before} and {after}, is too small"
            )
    margins = tuple(max(one, 0) for one in pad)
    return (None if margins == pad else tuple(min(one, 0) for one in pad)), margins


@lru_cache(256)
def _edges(shape, pad, mode: str) -> tuple:
    """The index of what was padded in an array of this shape, and (source, target) of each margin, as indices in the order in
    which they are to be copied: margins of margins come from the margins that are there."""
    found = []
    inside = _within(shape, pad)
    for i in range(len(pad) // 2):
        dim, before, after = len(shape) - 1 - i, pad[2 * i], pad[2 * i + 1]
        end = shape[dim] - after
        if mode == "reflect":
            sources = slice(2 * before, before, -1), slice(end - 2, end - 2 - after if end - 2 >= after else None, -1)
        elif mode == "replicate":
            sources = slice(before, before + 1), slice(end - 1, end)
        else:
            sources = slice(end - before, end), slice(before, before + after)
        first, rest = inside[:dim], (slice(None),) * i
        if before:
            found.append(((*first, sources[0], *rest), (*first, slice(0, before), *rest), dim))
        if after:
            found.append(((*first, sources[1], *rest), (*first, slice(end, None), *rest), dim))
    return inside, found


@lru_cache(256)
def _padded(shape: tuple, pad: tuple) -> tuple:
    """The shape with its margins."""
    shape = list(shape)
    for i in range(len(pad) // 2):
        shape[-1 - i] += pad[2 * i] + pad[2 * i + 1]
    return tuple(shape)


def _within(shape, pad):
    """The index of what was padded."""
    inside = [slice(None)] * len(shape)
    for i in range(len(pad) // 2):
        inside[-1 - i] = slice(pad[2 * i], shape[-1 - i] - pad[2 * i + 1])
    return tuple(inside)


@op("Tensor._edged")
def _edged(input_: Tensor, pad, mode: str, last: bool) -> Tensor:
    """`pad` in a mode that takes the margins from the elements; none is negative. With `last`, channels lie beside each other."""
    shape = _padded(input_.array.shape, pad)
    out = formatted_empty(shape, input_.array.dtype, last)
    if out.size:
        inside, margins = _edges(shape, pad, mode)
        core.move_piece(input_.array, (), out, inside)
        for source, target, _ in margins:
            core.move_piece(out, source, out, target)
    return wrap(out)


@op("Tensor._edged_input")
def _edged_input(g: Tensor, pad, mode: str, last: bool) -> Tensor:
    """The gradient of `_edged`: what came to the margins added to where they were taken from."""
    array = g.array
    sums = copied(array if array.itemsize != 2 else cast(array, FLOAT32))
    inside, margins = _edges(array.shape, pad, mode)
    for source, target, dim in reversed(margins):
        sums[source] += sums[target].sum(dim, keepdims=True) if mode == "replicate" else sums[target]
    return wrap(formatted(cast(copied(sums[inside]), array.dtype), last))


_edged.vjp(input_=lambda g, pad, mode, last: _edged_input(g, pad, mode, last))
_edged_input.vjp(g=lambda gradient, pad, mode, last: _edged(gradient, pad, mode, last))
