"""Margins around a tensor: of one value, of its own elements reflected, replicated or taken from the other side."""

from __future__ import annotations

import numpy as np

from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.op import op
from lucid.formats import contiguous_format
from lucid.ops._frame import shape_argument, tensor_argument
from lucid.ops.selection import index_select
from lucid.ops.storage import fill_array
from lucid.ops.view import clone
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ padding


@op("constant_pad_nd")
def constant_pad_nd(input_: Tensor, pad, value=0) -> Tensor:
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
        A copy.

    Examples
    --------
    >>> lucid.constant_pad_nd(lucid.tensor([1, 2]), (1, 1), 9)
    Tensor([9, 1, 2, 9])
    """
    array = tensor_argument("constant_pad_nd", input_).array
    pad = shape_argument("pad", (pad,))
    if len(pad) % 2:
        raise RuntimeError("Length of pad must be even but instead it equals " + str(len(pad)))
    if len(pad) > 2 * array.ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(pad)} while the input has {array.ndim} dimensions."
        )
    shape = list(array.shape)
    into, from_ = [slice(None)] * array.ndim, [slice(None)] * array.ndim
    for k in range(len(pad) // 2):
        dim, (before, after) = array.ndim - 1 - k, pad[2 * k : 2 * k + 2]
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
    out = core.empty(tuple(shape), array.dtype)
    if value:
        fill_array(out, value)
    else:
        out.fill(0)
    out[tuple(into)] = array[tuple(from_)]
    return wrap(out)


constant_pad_nd.vjp(input_=lambda g, pad: constant_pad_nd(g, tuple(-one for one in pad)))


@op("nn.functional.pad", composite=True)
def pad(input_: Tensor, pad, mode: str = "constant", value=None) -> Tensor:
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
        A copy.

    Examples
    --------
    >>> lucid.nn.functional.pad(lucid.tensor([1, 2]), (1, 2))
    Tensor([0, 1, 2, 0, 0])
    """
    shape = tensor_argument("pad", input_).array.shape
    pad = shape_argument("pad", (pad,))
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(shape)}"
        )
    if mode == "constant":
        return constant_pad_nd(input_, pad, 0.0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
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
    result = input_
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
        at = np.arange(-before, size + after)
        if mode == "circular":  # negative padding crops; what is left is wrapped around
            first, left = max(-before, 0), size + min(before, 0) + min(after, 0)
            at = first + (at - first) % left if left > 0 else at[:0]
        elif mode == "replicate":
            at = at.clip(0, size - 1)
        else:
            at = np.abs(at)
            at = np.where(at >= size, 2 * (size - 1) - at, at)
        if before or after:
            result = index_select(result, dim, wrap(at.astype(np.int64)))
    return clone(result, memory_format=contiguous_format) if result is input_ else result
