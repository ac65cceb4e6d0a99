"""Discrete Fourier transforms.

Three operations do the work, each over any number of dimensions: real or complex numbers to as many complex ones, real to
the half of their spectrum, and back; each is linear, and its gradient is another of the three. The public functions bring
their input to the size and dtype asked for and call one of them. The kernel transforms one dimension at a time.

`norm` says where the factor 1/n stands, in NumPy's and PyTorch's words: "backward" at the inverse transform, "forward" at
the forward one, "ortho" as its square root at both. The adjoint of a transform runs the other way under the other norm.
"""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import fft as kernels
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import tensor_argument
from lucid.ops.arithmetic import mul
from lucid.ops.complex import conj, real
from lucid.ops.creation import arange, zeros
from lucid.ops.joining import cat
from lucid.ops.pieces import narrow
from lucid.ops.shape import roll
from lucid.tensor import Tensor, check_dim

FLIPPED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


# ------------------------------------------------------------------------------------------------ the transforms


def _scale(shape: tuple, dims: tuple, forward: bool, norm: str) -> float:
    if norm == ("backward" if forward else "forward"):
        return 1.0
    n = prod([shape[dim] for dim in dims])
    return 1 / sqrt(n) if norm == "ortho" else 1 / n


def _along(x, out: np.ndarray, dims: tuple, wide: bool, forward: bool, scale: float) -> None:
    """Complex to complex: x to `out`, then within it; `scale` is of the last dimension."""
    to = core.flat(out)
    for dim in dims:
        outer, n, inner = core.fold_dim(out, dim)
        kernels.transform(x, to, 0, wide, not forward, 0, outer, n, 1, inner, inner, scale if dim == dims[-1] else 1.0)
        x = to


@op("_fft_c2c")
def c2c(input_: Tensor, dims: tuple, forward: bool, norm: str) -> Tensor:
    """Numbers to as many complex numbers."""
    shape = input_.array.shape
    out = core.empty(shape, input_.dtype.to_complex().numpy)
    if not out.size:
        return core.wrap(out)
    wide, scale, x = out.itemsize == 16, _scale(shape, dims, forward, norm), core.row(input_)
    if input_.dtype.is_complex:
        _along(x, out, dims, wide, forward, scale)
        return core.wrap(out)
    # Of real numbers half the spectrum suffices. Theirs backwards is its conjugate.
    dims, flat = tuple(sorted(dims)) if len(dims) > 1 else dims, core.flat(out)
    last = dims[-1]
    outer, n, inner = core.fold_dim(out, last)
    alone = len(dims) == 1 and inner == 1
    kernels.transform(x, flat, 1, wide, False, 2 if alone else 1, outer, n, 1, inner, inner, scale)
    for dim in dims[:-1]:
        rows, mid, width = prod(shape[:dim]), prod(shape[dim + 1 : last]), n * inner
        kernels.transform(flat, flat, 0, wide, False, 0, rows, shape[dim], mid, (n // 2 + 1) * inner, width, 1.0)
    if not alone:
        kernels.mirror(flat, wide, shape, dims)
    if not forward:
        np.conjugate(out, out=out)
    return core.wrap(out)


@c2c.vjp_joint("input_")
def c2c_vjp(g, needs, input_dtype, dims, forward, norm):
    found = c2c(g, dims, not forward, FLIPPED[norm])
    return (found if input_dtype.is_complex else real(found),)


@op("_fft_r2c")
def r2c(input_: Tensor, dims: tuple, norm: str) -> Tensor:
    """Real numbers to the first half of their spectrum along the last of `dims`: the other half are their conjugates."""
    shape = input_.array.shape
    outer, n, inner = core.fold_dim(input_.array, dims[-1])
    half = (*shape[: dims[-1]], n // 2 + 1, *shape[dims[-1] + 1 :])
    out = core.empty(half, input_.dtype.to_complex().numpy)
    if out.size:
        wide, flat = out.itemsize == 16, core.flat(out)
        scale = _scale(shape, dims, True, norm)
        kernels.transform(core.row(input_), flat, 1, wide, False, 0, outer, n, 1, inner, inner, scale)
        if len(dims) > 1:
            _along(flat, out, dims[:-1], wide, True, 1.0)
    return core.wrap(out)


def _weights(n: int, dim: int, ndim: int, dtype, pair: float) -> Tensor:
    """`pair` for the numbers of half a spectrum that stand for themselves and their conjugate: not the first, nor the
    middle one of an even count."""
    weights = np.full(n // 2 + 1, pair, dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return core.wrap(weights.reshape([-1 if i == dim else 1 for i in range(ndim)]))


@r2c.vjp_joint("input_")
def r2c_vjp(g, needs, input_shape, dims, norm):
    n = input_shape[dims[-1]]
    return (c2r(mul(g, _weights(n, dims[-1], g.ndim, g.dtype.to_real().numpy, 0.5)), dims, n, FLIPPED[norm]),)


@op("_fft_c2r")
def c2r(input_: Tensor, dims: tuple, n: int, norm: str) -> Tensor:
    """Half a spectrum to the `n` real numbers along the last of `dims` that it is the spectrum of."""
    half = input_.array.shape
    outer, _, inner = core.fold_dim(input_.array, dims[-1])
    shape = (*half[: dims[-1]], n, *half[dims[-1] + 1 :])
    out = core.empty(shape, input_.dtype.to_real().numpy)
    if out.size:
        wide, x = out.itemsize == 8, core.row(input_)
        if len(dims) > 1:
            between = core.empty(half, input_.dtype.numpy)
            _along(x, between, dims[:-1], wide, False, 1.0)
            x = core.flat(between)
        kernels.transform(x, core.flat(out), 2, wide, True, 0, outer, n, 1, inner, inner, _scale(shape, dims, False, norm))
    return core.wrap(out)


@c2r.vjp_joint("input_")
def c2r_vjp(g, needs, dims, n, norm):
    return (mul(r2c(g, dims, FLIPPED[norm]), _weights(n, dims[-1], g.ndim, g.dtype.numpy, 2)),)


# ------------------------------------------------------------------------------------------------ arguments


def resized(x: Tensor, dim: int, n: int) -> Tensor:
    """Cut, or filled up with zeros, to size `n`."""
    size = x.array.shape[dim]
    if n == size:
        return x
    if n < size:
        return narrow(x, dim, 0, n)
    shape = list(x.array.shape)
    shape[dim] = n - size
    return cat([x, zeros(shape, dtype=x.dtype)], dim)


def _norm(norm) -> str:
    if norm is None:
        return "backward"
    if norm not in FLIPPED:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"; there are "backward", "forward" and "ortho"')
    return norm


def _floating(name: str, x: Tensor, kind: str) -> Tensor:
    """The input in a dtype that is transformed: real ones only for `kind` "real", complex ones for "complex"."""
    tensor_argument(name, x)
    dtype = x.dtype
    if kind == "real" and dtype.is_complex:
        raise RuntimeError(f"{name} expects a real input tensor, but got {torch_name(dtype)}")
    dtype = dtypes.to_floating(dtype)
    if dtype.to_real().itemsize == 2:
        raise RuntimeError(f"{name}: Unsupported dtype {torch_name(dtype)}; convert the input to float32")
    dtype = dtype.to_complex() if kind == "complex" else dtype
    return x if x.dtype is dtype else x.to(dtype)


def _size(name: str, n: int) -> int:
    if n < 1:
        raise RuntimeError(f"{name}: Invalid number of data points ({n}) specified")
    return n


def _dim(name: str, dim: int, ndim: int) -> int:
    if not ndim:
        raise IndexError(f"{name}: Dimension specified as {dim} but tensor has no dimensions")
    return check_dim(name, dim, ndim)


def _many(name: str, x: Tensor, s, dim) -> tuple[tuple, list]:
    """Dimensions, and the size of each."""
    shape = tensor_argument(name, x).array.shape
    ndim = len(shape)
    s = (s,) if isinstance(s, int) else s
    if dim is not None:
        dims = tuple(check_dim(name, one, ndim) for one in ((dim,) if isinstance(dim, int) else dim))
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"{name}: FFT dims must be unique, got {tuple(dim)}")
        if s is not None and len(s) != len(dims):
            raise RuntimeError(
                f"{name}: When given, dim and shape arguments must have the same length, got {len(dims)} and {len(s)}"
            )
    else:
        if s is not None and len(s) > ndim:
            raise RuntimeError(f"{name}: Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        dims = tuple(range(ndim))[-len(s) if s is not None else 0 :] if s is None or len(s) else ()
    sizes = [shape[one] for one in dims] if s is None else [shape[d] if n == -1 else n for d, n in zip(dims, s)]
    return dims, [_size(name, n) for n in sizes]


def _sized(x: Tensor, dims: tuple, sizes: list) -> Tensor:
    for dim, n in zip(dims, sizes):
        if x.array.shape[dim] != n:
            x = resized(x, dim, n)
    return x


def _one(name: str, x, n, dim) -> tuple[tuple, list]:
    """The same for one dimension."""
    dim = _dim(name, dim, tensor_argument(name, x).array.ndim)
    return (dim,), [_size(name, x.array.shape[dim] if n is None else n)]


def _full(name: str, x, dims: tuple, sizes: list, norm, forward: bool) -> Tensor:
    x, norm = _floating(name, x, "any"), _norm(norm)
    return c2c(_sized(x, dims, sizes), dims, forward, norm) if dims else x.to(x.dtype.to_complex(), copy=True)


def _half(name: str, x, dims: tuple, sizes: list, norm: str) -> Tensor:
    x = _floating(name, x, "real")
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    return r2c(_sized(x, dims, sizes), dims, norm)


def _whole(name: str, x, dims: tuple, sizes: list, n: int | None, norm: str, conjugate: bool = False) -> Tensor:
    """`n` counts the real numbers along the last dimension, by default twice the given ones less one; half of them and one
    are needed."""
    x = _floating(name, x, "complex")
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    n = 2 * (x.array.shape[dims[-1]] - 1) if n is None or n == -1 else n
    sizes[-1] = _size(name, n) // 2 + 1
    x = _sized(x, dims, sizes)
    return c2r(conj(x) if conjugate else x, dims, n, norm)


def _last(s) -> int | None:
    """The last size, where sizes are given."""
    return s if s is None or isinstance(s, int) else s[-1] if len(s) else None


# ------------------------------------------------------------------------------------------------ one dimension


@op("fft.fft", composite=True)
@doc()
def fft(input_: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None) -> Tensor:
    """Discrete Fourier transform along one dimension.

    Parameters
    ----------
    input_ : Tensor
        Real or complex, of any shape.
    n : int, optional
        The length to cut the input to or fill it up with zeros to. Default: its own.
    dim : int, optional
        The dimension. Default: the last.
    norm : {"backward", "forward", "ortho"}, optional
        A factor: none (default), 1/n, or its square root.

    Returns
    -------
    Tensor
        Complex, of size `n` along `dim`.

    Raises
    ------
    RuntimeError
        If `n` is below 1, or the dtype is half precision.
    IndexError
        If `dim` is out of range.

    Notes
    -----
    .. math:: out_k = \\sum_j x_j e^{-2 \\pi i j k / n}

    Gradient: the transform the other way, :math:`\\sum_k g_k e^{2 \\pi i j k / n}`.

    Examples
    --------
    >>> lucid.fft.fft(lucid.tensor([1.0, 0.0, 0.0, 0.0])).real
    Tensor([1.0, 1.0, 1.0, 1.0])
    """
    return _full("fft", input_, *_one("fft", input_, n, dim), norm, True)


@op("fft.ifft", composite=True, out="same real")
@like(fft, returns="Complex, of size `n` along `dim`.")
def ifft(input_: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None) -> Tensor:
    """Inverse of `fft`, with 1/n for the default norm.

    Examples
    --------
    >>> lucid.fft.ifft(lucid.fft.fft(lucid.tensor([1.0, 2.0]))).real
    Tensor([1.0, 2.0])
    """
    return _full("ifft", input_, *_one("ifft", input_, n, dim), norm, False)


@op("fft.rfft", composite=True)
@like(fft, returns="Complex, of size `n // 2 + 1` along `dim`.")
def rfft(input_: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None) -> Tensor:
    """Discrete Fourier transform of real numbers along one dimension: the first n // 2 + 1 of the results of `fft`, whose
    conjugates the others are.

    Examples
    --------
    >>> lucid.fft.rfft(lucid.tensor([1.0, 2.0, 3.0, 4.0])).real
    Tensor([10.0, -2.0, -2.0])
    """
    return _half("rfft", input_, *_one("rfft", input_, n, dim), _norm(norm))


@op("fft.irfft", composite=True, out="cast kind")
@like(fft, returns="Real, of size `n` along `dim`.",
      n="int, optional: The length of the result. Default: 2 (m - 1) for an input of m numbers.")  # fmt: skip
def irfft(input_: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None) -> Tensor:
    """Inverse of `rfft`: real numbers from half their spectrum.

    Examples
    --------
    >>> lucid.fft.irfft(lucid.fft.rfft(lucid.tensor([1.0, 2.0, 3.0])), n=3)
    Tensor([1.0, 2.0, 3.0])
    """
    return _whole("irfft", input_, *_one("irfft", input_, n, dim), n, _norm(norm))


@op("fft.hfft", composite=True, out="cast kind")
@like(irfft)
def hfft(input_: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None) -> Tensor:
    """Discrete Fourier transform of a signal that equals its reversed conjugate, given by its first half: a real result.

    Examples
    --------
    >>> lucid.fft.hfft(lucid.tensor([1.0, 0.0, 0.0]))
    Tensor([1.0, 1.0, 1.0, 1.0])
    """
    return _whole("hfft", input_, *_one("hfft", input_, n, dim), n, FLIPPED[_norm(norm)], True)


@op("fft.ihfft", composite=True, out="same")
@like(rfft)
def ihfft(input_: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out=None) -> Tensor:
    """Inverse of `hfft`.

    Examples
    --------
    >>> lucid.fft.ihfft(lucid.ones(4)).real
    Tensor([1.0, 0.0, 0.0])
    """
    return conj(_half("ihfft", input_, *_one("ihfft", input_, n, dim), FLIPPED[_norm(norm)])).resolve_conj()


# ------------------------------------------------------------------------------------------------ several dimensions


@op("fft.fftn", composite=True)
@doc()
def fftn(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple | None = None, norm: str | None = None, *, out=None
) -> Tensor:
    """Discrete Fourier transform over several dimensions.

    Parameters
    ----------
    input_ : Tensor
        Real or complex, of any shape.
    s : int or tuple of int, optional
        Sizes to cut the input to or fill it up with zeros to; -1 for its own. Default: its own.
    dim : int or tuple of int, optional
        The dimensions. Default: all, or the last `len(s)`.
    norm : {"backward", "forward", "ortho"}, optional
        A factor: none (default), 1 / product of the sizes, or its square root.

    Returns
    -------
    Tensor
        Complex.

    Raises
    ------
    RuntimeError
        If a size is below 1, dimensions repeat, or `s` and `dim` differ in length.
    IndexError
        If a dimension is out of range.

    Examples
    --------
    >>> lucid.fft.fftn(lucid.ones(2, 2)).real
    Tensor([[4.0, 0.0],
            [0.0, 0.0]])
    """
    return _full("fftn", input_, *_many("fftn", input_, s, dim), norm, True)


@op("fft.ifftn", composite=True)
@like(fftn)
def ifftn(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple | None = None, norm: str | None = None, *, out=None
) -> Tensor:
    """Inverse of `fftn`.

    Examples
    --------
    >>> lucid.fft.ifftn(lucid.fft.fftn(lucid.eye(2))).real
    Tensor([[1.0, 0.0],
            [0.0, 1.0]])
    """
    return _full("ifftn", input_, *_many("ifftn", input_, s, dim), norm, False)


@op("fft.rfftn", composite=True)
@like(fftn, returns="Complex, of size `n // 2 + 1` along the last of the dimensions.")
def rfftn(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple | None = None, norm: str | None = None, *, out=None
) -> Tensor:
    """`fftn` of real numbers: of the last dimension the first half and one.

    Examples
    --------
    >>> lucid.fft.rfftn(lucid.ones(2, 4)).shape
    lucid.Size([2, 3])
    """
    return _half("rfftn", input_, *_many("rfftn", input_, s, dim), _norm(norm))


@op("fft.irfftn", composite=True, out="cast kind")
@like(fftn, returns="Real, of the sizes `s`.",
      s="int or tuple of int, optional: Sizes of the result; the default of the last is 2 (m - 1) for m numbers.")  # fmt: skip
def irfftn(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple | None = None, norm: str | None = None, *, out=None
) -> Tensor:
    """Inverse of `rfftn`.

    Examples
    --------
    >>> lucid.fft.irfftn(lucid.fft.rfftn(lucid.ones(2, 4)))
    Tensor([[1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 1.0]])
    """
    return _whole("irfftn", input_, *_many("irfftn", input_, s, dim), _last(s), _norm(norm))


@op("fft.hfftn", composite=True, out="cast kind")
@like(irfftn)
def hfftn(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple | None = None, norm: str | None = None, *, out=None
) -> Tensor:
    """`hfft` over several dimensions, the last of which is given by its first half.

    Examples
    --------
    >>> lucid.fft.hfftn(lucid.ones(2, 3)).shape
    lucid.Size([2, 4])
    """
    return _whole("hfftn", input_, *_many("hfftn", input_, s, dim), _last(s), FLIPPED[_norm(norm)], True)


@op("fft.ihfftn", composite=True)
@like(rfftn)
def ihfftn(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple | None = None, norm: str | None = None, *, out=None
) -> Tensor:
    """Inverse of `hfftn`.

    Examples
    --------
    >>> lucid.fft.ihfftn(lucid.ones(2, 4)).shape
    lucid.Size([2, 3])
    """
    return conj(_half("ihfftn", input_, *_many("ihfftn", input_, s, dim), FLIPPED[_norm(norm)])).resolve_conj()


# ------------------------------------------------------------------------------------------------ two dimensions


@op("fft.fft2", composite=True)
@like(fftn, dim="int or tuple of int, optional: The dimensions. Default: the last two.")
def fft2(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple = (-2, -1), norm: str | None = None, *, out=None
) -> Tensor:
    """`fftn` over two dimensions, by default the last.

    Examples
    --------
    >>> lucid.fft.fft2(lucid.ones(3, 2, 2)).shape
    lucid.Size([3, 2, 2])
    """
    return _full("fft2", input_, *_many("fft2", input_, s, dim), norm, True)


@op("fft.ifft2", composite=True)
@like(fftn, dim="int or tuple of int, optional: The dimensions. Default: the last two.")
def ifft2(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple = (-2, -1), norm: str | None = None, *, out=None
) -> Tensor:
    """Inverse of `fft2`.

    Examples
    --------
    >>> lucid.fft.ifft2(lucid.fft.fft2(lucid.eye(2))).real
    Tensor([[1.0, 0.0],
            [0.0, 1.0]])
    """
    return _full("ifft2", input_, *_many("ifft2", input_, s, dim), norm, False)


@op("fft.rfft2", composite=True)
@like(rfftn, dim="int or tuple of int, optional: The dimensions. Default: the last two.")
def rfft2(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple = (-2, -1), norm: str | None = None, *, out=None
) -> Tensor:
    """`rfftn` over two dimensions, by default the last.

    Examples
    --------
    >>> lucid.fft.rfft2(lucid.ones(2, 4)).shape
    lucid.Size([2, 3])
    """
    return _half("rfft2", input_, *_many("rfft2", input_, s, dim), _norm(norm))


@op("fft.irfft2", composite=True, out="cast kind")
@like(irfftn, dim="int or tuple of int, optional: The dimensions. Default: the last two.")
def irfft2(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple = (-2, -1), norm: str | None = None, *, out=None
) -> Tensor:
    """Inverse of `rfft2`.

    Examples
    --------
    >>> lucid.fft.irfft2(lucid.fft.rfft2(lucid.ones(1, 2)))
    Tensor([[1.0, 1.0]])
    """
    return _whole("irfft2", input_, *_many("irfft2", input_, s, dim), _last(s), _norm(norm))


@op("fft.hfft2", composite=True, out="cast kind")
@like(hfftn, dim="int or tuple of int, optional: The dimensions. Default: the last two.")
def hfft2(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple = (-2, -1), norm: str | None = None, *, out=None
) -> Tensor:
    """`hfftn` over two dimensions, by default the last.

    Examples
    --------
    >>> lucid.fft.hfft2(lucid.ones(2, 3)).shape
    lucid.Size([2, 4])
    """
    return _whole("hfft2", input_, *_many("hfft2", input_, s, dim), _last(s), FLIPPED[_norm(norm)], True)


@op("fft.ihfft2", composite=True)
@like(ihfftn, dim="int or tuple of int, optional: The dimensions. Default: the last two.")
def ihfft2(
    input_: Tensor, s: int | tuple | None = None, dim: int | tuple = (-2, -1), norm: str | None = None, *, out=None
) -> Tensor:
    """Inverse of `hfft2`.

    Examples
    --------
    >>> lucid.fft.ihfft2(lucid.ones(2, 4)).shape
    lucid.Size([2, 3])
    """
    return conj(_half("ihfft2", input_, *_many("ihfft2", input_, s, dim), FLIPPED[_norm(norm)])).resolve_conj()


# ------------------------------------------------------------------------------------------------ frequencies


@op("fft.fftfreq", gradient=False, out="dtype")
def fftfreq(
    n: int, d: float = 1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad: bool | None = False
) -> Tensor:
    """The frequencies that the results of `fft` stand for.

    Parameters
    ----------
    n : int
        The length of the signal.
    d : float, optional
        The distance of its samples. Default: 1.
    out, dtype, layout, device, requires_grad : optional
        As for `zeros`.

    Returns
    -------
    Tensor
        0, 1, ..., then the negative ones up to -1, over `n d`.

    Examples
    --------
    >>> lucid.fft.fftfreq(4)
    Tensor([0.0, 0.25, -0.5, -0.25])
    """
    return _frequencies("fftfreq", [*range((n + 1) // 2), *range(-(n // 2), 0)], n, d, dtype, layout, device, requires_grad)


@op("fft.rfftfreq", gradient=False, out="dtype")
@like(fftfreq, returns="0, 1, ... up to n // 2, over `n d`.")
def rfftfreq(
    n: int, d: float = 1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad: bool | None = False
) -> Tensor:
    """The frequencies that the results of `rfft` stand for.

    Examples
    --------
    >>> lucid.fft.rfftfreq(4)
    Tensor([0.0, 0.25, 0.5])
    """
    return _frequencies("rfftfreq", range(n // 2 + 1), n, d, dtype, layout, device, requires_grad)


def _frequencies(name: str, steps, n, d, dtype, layout, device, requires_grad) -> Tensor:
    steps = list(steps)
    dtype = dtypes.as_dtype(dtype or dtypes.get_default_dtype())
    if dtype.kind < 2:
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    out = arange(len(steps), dtype=dtype, layout=layout, device=device)
    out.array[...] = steps
    out.mul_(1.0 / (n * d) if n * d else float("inf"))
    return out.requires_grad_() if requires_grad else out


@op("fft.fftshift", composite=True)
def fftshift(input_: Tensor, dim: int | tuple | None = None) -> Tensor:
    """The results of a transform with frequency 0 in the middle.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int or tuple of int, optional
        The dimensions. Default: all.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.fft.fftshift(lucid.fft.fftfreq(4))
    Tensor([-0.5, -0.25, 0.0, 0.25])
    """
    return _shifted("fftshift", input_, dim, 1)


@op("fft.ifftshift", composite=True)
@like(fftshift)
def ifftshift(input_: Tensor, dim: int | tuple | None = None) -> Tensor:
    """Inverse of `fftshift`.

    Examples
    --------
    >>> lucid.fft.ifftshift(lucid.tensor([-1.0, 0.0, 1.0]))
    Tensor([0.0, 1.0, -1.0])
    """
    return _shifted("ifftshift", input_, dim, -1)


def _shifted(name: str, x: Tensor, dim, sign: int) -> Tensor:
    shape = tensor_argument(name, x).array.shape
    dims = range(len(shape)) if dim is None else (dim,) if isinstance(dim, int) else dim
    dims = [check_dim(name, one, len(shape)) for one in dims]
    by = [shape[one] // 2 if sign > 0 else (shape[one] + 1) // 2 for one in dims]
    return roll(x, tuple(by), tuple(dims)) if dims else x
