"""Running results along a dimension: sums, products, extremes.

A scan has the shape of its input; the rule of a sum is the sum from the other end (`reverse_cumsum`).
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes, return_types
from lucid._kernels import core
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import as_dtype, torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import INT64, cast, contiguous, copied, fold, tensor_argument
from lucid.ops.extremes import _scatter_back, amax
from lucid.ops.reduction import CODES, SCAN, SCAN_INDEX, SCAN_LONG, computed, sum
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ along a dimension


def _scanned(name: str, input_: Tensor, dim: int, dtype) -> Tensor:
    tensor_argument(name, input_)
    at = check_dim(name, dim, input_.array.ndim)
    target = as_dtype(dtype) if dtype is not None else (dtypes.int64 if input_.dtype.kind < 2 else input_.dtype)
    array = computed(input_.array, target)
    if target is dtypes.bool and array.size and array.ndim:
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool'")
    if target.kind < 2:
        array = cast(array, INT64)
    out = empty(array.shape, array.dtype)
    if not array.size:
        return wrap(cast(out, target.numpy))
    if not array.ndim:
        out[...] = array
        return wrap(cast(out, target.numpy))
    rows, outer, axis, inner = fold(array, (at,))
    if target.is_complex:
        if name != "cumsum":
            with np.errstate(all="ignore"):
                accumulate = _complex_logcumsumexp if name == "logcumsumexp" else getattr(np, name)
                return wrap(cast(accumulate(array.astype(np.complex128, order="C"), axis=at), target.numpy))
        parts = np.dtype(f"f{array.itemsize // 2}")
        SCAN[parts](
            flat(rows.reshape(-1).view(parts)), flat(out.reshape(-1).view(parts)), outer, axis, inner * 2, CODES[name]
        )
        return wrap(cast(out, target.numpy))
    turned = name == "logcumsumexp" and inner == 1 < outer  # rows side by side need not wait for each other's exponentials
    if turned:
        rows, outer, inner, out = contiguous(rows.reshape(outer, axis).T), 1, outer, empty((axis, outer), array.dtype)
    (SCAN_LONG if target.kind < 2 else SCAN)[array.dtype](flat(rows), flat(out), outer, axis, inner, CODES[name])
    return wrap(cast(copied(out.T).reshape(array.shape) if turned else out, target.numpy))


def _complex_logcumsumexp(array: np.ndarray, axis: int) -> np.ndarray:
    out = np.empty_like(array)
    source, target = np.moveaxis(array, axis, 0), np.moveaxis(out, axis, 0)
    target[0] = source[0]
    for i in range(1, len(source)):
        x, y = target[i - 1], source[i]
        less = x.real < y.real
        low, high = np.where(less, x, y), np.where(less, y, x)
        alike = np.isinf(low.real) & (low.real == high.real)
        endless = np.where(low.real < 0, low, np.log(np.exp(low) + np.exp(high)))
        total = np.where(alike, endless, high + np.log1p(np.exp(low - high)))
        target[i] = np.where(np.isnan(x) | np.isnan(y), complex(np.nan, np.nan), total)
    return out


@op("cumsum", out="dtype")
@doc()
def cumsum(input_: Tensor, dim: int, *, dtype=None, out=None) -> Tensor:
    r"""Running sum along a dimension; integers as int64 by default. The gradient is the running sum from the end.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.

    Returns
    -------
    Tensor
        Of the shape of the input.

    Notes
    -----
    .. math:: out_i = \sum_{j \le i} x_j

    Gradient, from that of the result :math:`g`:

    .. math:: \sum_{j \ge i} g_j

    Examples
    --------
    >>> lucid.cumsum(lucid.tensor([1.0, 2.0, 3.0]), 0)
    Tensor([1.0, 3.0, 6.0])
    """
    return _scanned("cumsum", input_, dim, dtype)


def reverse_cumsum(g: Tensor, dim: int) -> Tensor:
    """Running sum from the end."""
    from lucid.ops.shape import flip

    return flip(cumsum(flip(g, (dim,)), dim), (dim,)) if g.array.ndim else g


cumsum.vjp(input_=lambda g, dim: reverse_cumsum(g, dim))


@op("cumprod", out="dtype")
@like(cumsum)
def cumprod(input_: Tensor, dim: int, *, dtype=None, out=None) -> Tensor:
    r"""Running product along a dimension; integers as int64 by default. The gradient is right where elements are zero.

    Notes
    -----
    .. math:: out_i = \prod_{j \le i} x_j

    Gradient, from that of the result :math:`g`:

    .. math:: \sum_{j \ge i} g_j\, out_j / x_i

    Examples
    --------
    >>> lucid.cumprod(lucid.tensor([1.0, 2.0, 3.0]), 0)
    Tensor([1.0, 2.0, 6.0])
    """
    return _scanned("cumprod", input_, dim, dtype)


def _cumprod_backward(g, input_, dim, out):
    from lucid.ops.joining import cat, stack

    if not input_.array.ndim or not input_.array.size:
        return g
    at = check_dim("cumprod", dim, input_.array.ndim)
    if input_.dtype.is_complex:
        g, input_, out = (g, input_.conj(), out.conj()) if out.dtype.is_complex else (g, input_.real, out)
    if not core.is_grad_enabled() or input_.dtype.is_complex and input_.array.all():
        return _cumprod_backward_once(g, input_, at, out)
    # The derivative of each later product with respect to element k is that product without it.
    size = input_.array.shape[at]
    one = Supplied.ones((*input_.array.shape[:at], 1, *input_.array.shape[at + 1 :]), input_.dtype)
    parts = []
    for k in range(size):
        before = input_.narrow(at, 0, k).prod(at, True) if k else one
        after = cat([one, cumprod(input_.narrow(at, k + 1, size - k - 1), at)], at) if k < size - 1 else one
        parts.append(before.squeeze(at) * (g.narrow(at, k, size - k) * after).sum(at))
    return stack(parts, at)


def _cumprod_backward_once(g, x, dim, out):
    """The gradient where it is not differentiated again (or complex and nowhere zero), in a few passes: beyond the first
    zero all products are zero."""
    from lucid.ops.joining import cat

    zero = x == 0
    if not zero.array.any():
        return reverse_cumsum(g * out, dim) / x
    zeros = cumsum(zero, dim)
    first = zero * (zeros == 1)
    ahead = reverse_cumsum((g * out).masked_fill(zeros > 0, 0), dim) / x
    between = cumprod(x.masked_fill(first | (zeros != 1), 1), dim)
    one = Supplied.ones((*x.array.shape[:dim], 1, *x.array.shape[dim + 1 :]), x.dtype)
    before = cat([one, out.narrow(dim, 0, x.array.shape[dim] - 1)], dim).masked_fill(~first, 0)
    at_zero = sum(between * g.masked_fill(zeros != 1, 0), dim, True) * sum(before, dim, True)
    return ahead.masked_fill(zeros > 0, 0).where(~first, at_zero)


cumprod.vjp(input_=_cumprod_backward)


@op("logcumsumexp", out="same")
@doc()
def logcumsumexp(input_: Tensor, dim: int, *, out=None) -> Tensor:
    r"""Running logarithm of the sum of exponentials along a dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        Of the shape of the input.

    Notes
    -----
    .. math:: out_i = \log \sum_{j \le i} e^{x_j}

    Gradient, from that of the result :math:`g`:

    .. math:: \sum_{j \ge i} g_j\, e^{x_i - out_j}

    Examples
    --------
    >>> lucid.logcumsumexp(lucid.tensor([0.0, 0.0]), 0)
    Tensor([0.0, 0.6931472])
    """
    check_dim("logcumsumexp", dim, tensor_argument("logcumsumexp", input_).array.ndim)
    if input_.dtype.kind < 2:
        raise NotImplementedError(f"\"logcumsumexp_out_cpu\" not implemented for '{torch_name(input_.dtype)}'")
    return _scanned("logcumsumexp", input_, dim, None)


def _logcumsumexp_backward(g, input_, dim):
    from lucid.ops.shape import flip

    if not input_.array.ndim or not input_.array.size:
        return g
    # Linear in g, which a second gradient needs. In double, where differences of sums lose nothing that float32 holds,
    # and exponents may be large.
    complex_ = input_.dtype.is_complex
    wide = dtypes.complex128 if complex_ else dtypes.float64
    g, input_ = g.to(wide), input_.to(wide).conj()
    out = logcumsumexp(input_, dim)
    size = out.detach().real if complex_ else out.detach()
    shift = amax(size, dim, True)
    if core.is_grad_enabled() or (shift.array - size.array).max() < 600:
        return (input_ - shift).exp() * reverse_cumsum(g * (shift - out).exp(), dim)
    minus = Supplied.zeros((), g.dtype) - math.inf

    def back(part):
        return (flip(logcumsumexp(flip(part, (dim,)), dim), (dim,)) + input_).exp()

    if complex_:
        return back(g.log().where(g != 0, minus) - out)
    positive = g.log().where(g > 0, minus) - out
    negative = (-g).log().where(g < 0, minus) - out

    return back(positive) - back(negative)


logcumsumexp.vjp(input_=_logcumsumexp_backward)


def _running(name: str, input_: Tensor, dim: int):
    tensor_argument(name, input_)
    at = check_dim(name, dim, input_.array.ndim)
    dtype = input_.dtype
    if dtype.is_complex and input_.array.ndim and input_.array.size:
        raise RuntimeError(f"\"{name}_cpu\" not implemented for '{torch_name(dtype)}'")
    array = computed(input_.array, dtype)
    values, index = empty(array.shape, array.dtype), empty(array.shape, INT64)
    if not array.ndim:
        values[...] = array
        index[...] = 0
    elif array.size:
        rows, outer, axis, inner = fold(array, (at,))
        SCAN_INDEX[array.dtype](flat(rows), flat(values), flat(index), outer, axis, inner, CODES[name])
    return getattr(return_types, name)(wrap(cast(values, dtype.numpy)), wrap(index))


@op("cummax", out="cast read")
@like(
    logcumsumexp, gives="named tuple of Tensor", returns="`values`, and the `indices` where they stand (int64), of the input's shape.",
    out="tuple of Tensor, optional: Where the results are written.",
)  # fmt: skip
def cummax(input_: Tensor, dim: int, *, out=None):
    """Running maximum along a dimension, and where it stands: a named tuple (values, indices).

    Examples
    --------
    >>> lucid.cummax(lucid.tensor([1.0, 3.0, 2.0]), 0).values
    Tensor([1.0, 3.0, 3.0])
    """
    return _running("cummax", input_, dim)


@op("cummin", out="cast read")
@like(cummax)
def cummin(input_: Tensor, dim: int, *, out=None):
    """Running minimum along a dimension, and where it stands: a named tuple (values, indices).

    Examples
    --------
    >>> lucid.cummin(lucid.tensor([3.0, 1.0, 2.0]), 0).indices
    Tensor([0, 1, 1])
    """
    return _running("cummin", input_, dim)


def _running_backward(g, input_shape, dim, indices):
    return _scatter_back(g, input_shape, dim, True, indices)


cummax.vjp(input_=_running_backward)
cummin.vjp(input_=_running_backward)
