"""Windows for signals: weights that fall off towards both ends.

Each is computed at evenly spaced points; `sym` (`periodic` the other way round) says whether the last point is the mirror
image of the first, or lies one step before it.
"""

from __future__ import annotations

import math

from lucid import dtypes
from lucid.autograd.op import op
from lucid.ops._doc import doc, like
from lucid.ops.arithmetic import mul
from lucid.ops.circular import cos, sin
from lucid.ops.creation import linspace, ones, wanted
from lucid.ops.exponentials import exp, sqrt
from lucid.ops.magnitude import abs
from lucid.ops.special import i0
from lucid.tensor import Tensor


def _points(name: str, m: int, start: float, step: float, dtype, layout, device) -> Tensor | None:
    """`m` evenly spaced points; None where there are too few for a step."""
    if m < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={m}")
    dtype = wanted(dtype, layout, device)
    if dtype.name not in ("float32", "float64"):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return ones((int(m),), dtype=dtype) if m <= 1 else linspace(start, start + (m - 1) * step, m, dtype=dtype)


def _steps(m: int, sym: bool) -> int:
    """How many steps a whole period has."""
    return max(m - 1 if sym else m, 1)


def _cosines(name: str, m: int, weights, sym: bool, dtype, layout, device) -> Tensor:
    k = _points(name, m, 0.0, 2 * math.pi / _steps(m, sym), dtype, layout, device)
    if m <= 1:
        return k
    total = weights[0] * ones((m,), dtype=k.dtype)
    for i, weight in enumerate(weights[1:], 1):
        total = total + (-1) ** i * weight * cos(mul(k, i))
    return total


def _done(window: Tensor, requires_grad: bool) -> Tensor:
    return window.requires_grad_() if requires_grad else window


def _of_cosines(name: str, weights: tuple, sentence: str):
    """A window that is a sum of cosines with fixed weights."""

    def function(
        M: int | float, *, sym=True, dtype=None, layout=None, device=None, requires_grad: bool | None = False
    ) -> Tensor:
        return _done(_cosines(name, M, weights, sym, dtype, layout, device), requires_grad)

    terms = " ".join(f"{'-+'[i % 2 == 0] if i else ''} {w} \\cos({2 * i} \\pi n / N)" if i else str(w) for i, w in enumerate(weights))
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{sentence}\n\n    >>> import lucid\n    >>> lucid.signal.windows.{name}(1)\n    Tensor([1.0])\n    "
    describe = doc(
        f"w_n = {terms}", M="int: The number of points, at least 0.",
        sym="bool, optional: Whether the window is symmetric, or one period of a periodic one. Default: True.",
        dtype="dtype, optional: float32 or float64; the default dtype.", returns="Of shape (M,).",
        raises="ValueError: for a negative `M`, or another dtype",
    )  # fmt: skip
    return op(f"signal.windows.{name}", gradient=False)(describe(function))


blackman = _of_cosines("blackman", (0.42, 0.5, 0.08), "Blackman's window.")
nuttall = _of_cosines(
    "nuttall", (0.3635819, 0.4891775, 0.1365995, 0.0106411), "Nuttall's window with the least side lobes of four terms."
)
hann = _of_cosines("hann", (0.5, 0.5), "Hann's window.")


@op("signal.windows.general_cosine", gradient=False)
@like(hann, a="sequence of float: The weights, the constant one first; the signs alternate.")
def general_cosine(
    M: int | float, *, a, sym=True, dtype=None, layout=None, device=None, requires_grad: bool | None = False
) -> Tensor:
    """A sum of cosines with given weights.

    Notes
    -----
    .. math:: w_n = \\sum_i (-1)^i a_i \\cos(2 \\pi i n / N)

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.general_cosine(3, a=[0.5, 0.5])
    Tensor([0.0, 1.0, 0.0])
    """
    if not hasattr(a, "__len__"):
        raise TypeError("general_cosine: Coefficients must be a list/tuple")
    if not a:
        raise ValueError("general_cosine: Coefficients cannot be empty")
    return _done(_cosines("general_cosine", M, a, sym, dtype, layout, device), requires_grad)


@op("signal.windows.general_hamming", gradient=False)
@like(hann, alpha="float, optional: The constant; the cosine's weight is `1 - alpha`. Default: 0.54.")
def general_hamming(
    M: int | float,
    *,
    alpha: float = 0.54,
    sym=True,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
) -> Tensor:
    """Hamming's window with a weight of one's own.

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.general_hamming(3, alpha=0.5)
    Tensor([0.0, 1.0, 0.0])
    """
    return _done(_cosines("general_hamming", M, (alpha, 1 - alpha), sym, dtype, layout, device), requires_grad)


@op("signal.windows.hamming", gradient=False)
@like(hann)
def hamming(
    M: int | float, *, sym=True, dtype=None, layout=None, device=None, requires_grad: bool | None = False
) -> Tensor:
    """Hamming's window: `general_hamming` with 0.54.

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.hamming(1)
    Tensor([1.0])
    """
    return _done(_cosines("hamming", M, (0.54, 0.46), sym, dtype, layout, device), requires_grad)


@op("signal.windows.cosine", gradient=False)
@like(hann)
def cosine(M: int, *, sym=True, dtype=None, layout=None, device=None, requires_grad: bool | None = False) -> Tensor:
    """Half a wave of the sine.

    Notes
    -----
    .. math:: w_n = \\sin(\\pi (n + 1/2) / M)

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.cosine(1)
    Tensor([1.0])
    """
    step = math.pi / (M if sym else M + 1) if M > 0 else 0.0
    k = _points("cosine", M, 0.5 * step, step, dtype, layout, device)
    return _done(k if M <= 1 else sin(k), requires_grad)


@op("signal.windows.bartlett", gradient=False)
@like(hann)
def bartlett(
    M: int | float, *, sym=True, dtype=None, layout=None, device=None, requires_grad: bool | None = False
) -> Tensor:
    """Bartlett's window, a triangle.

    Notes
    -----
    .. math:: w_n = 1 - |2 n / N - 1|

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.bartlett(3)
    Tensor([0.0, 1.0, 0.0])
    """
    k = _points("bartlett", M, -1.0, 2.0 / _steps(M, sym), dtype, layout, device)
    return _done(k if M <= 1 else 1 - abs(k), requires_grad)


@op("signal.windows.exponential", gradient=False)
@like(
    hann, center="float, optional: Where it is 1; only with `sym=False`. Default: the middle.",
    tau="float, optional: The distance over which it falls to 1 / e. Default: 1.",
)  # fmt: skip
def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym=True, dtype=None, layout=None, device=None,
    requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """Falls off exponentially on both sides of a centre.

    Raises
    ------
    ValueError
        For a `tau` that is not positive, or a `center` of a symmetric window.

    Notes
    -----
    .. math:: w_n = e^{-|n - center| / \\tau}

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.exponential(1)
    Tensor([1.0])
    """
    if tau <= 0:
        raise ValueError(f"exponential: Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("exponential: Center must be None for symmetric windows")
    if center is None:
        center = (M if not sym and M > 1 else M - 1) / 2.0
    k = _points("exponential", M, -center / tau, 1 / tau, dtype, layout, device)
    return _done(exp(-abs(k if M > 1 else k * (center / tau))), requires_grad)


@op("signal.windows.gaussian", gradient=False)
@like(hann, std="float, optional: The standard deviation, in points. Default: 1.")
def gaussian(
    M: int, *, std=1.0, sym=True, dtype=None, layout=None, device=None, requires_grad: bool | None = False
) -> Tensor:
    """The bell curve.

    Raises
    ------
    ValueError
        For a `std` that is not positive.

    Notes
    -----
    .. math:: w_n = e^{-((n - N / 2) / std)^2 / 2}

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.gaussian(1)
    Tensor([1.0])
    """
    if std <= 0:
        raise ValueError(f"gaussian: Standard deviation must be positive, got: {std} instead.")
    step = 1 / (std * math.sqrt(2))
    k = _points("gaussian", M, -(M if not sym and M > 1 else M - 1) / 2.0 * step, step, dtype, layout, device)
    return _done(k if M <= 1 else exp(-(k * k)), requires_grad)


@op("signal.windows.kaiser", gradient=False)
@like(hann, beta="float, optional: How narrow it is, not negative. Default: 12.")
def kaiser(
    M: int | float,
    *,
    beta: float = 12.0,
    sym=True,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
) -> Tensor:
    """Kaiser's window.

    Raises
    ------
    ValueError
        For a negative `beta`.

    Notes
    -----
    .. math:: w_n = I_0(\\beta \\sqrt{1 - (2 n / N - 1)^2}) / I_0(\\beta)

    Examples
    --------
    >>> import lucid
    >>> lucid.signal.windows.kaiser(1)
    Tensor([1.0])
    """
    if beta < 0:
        raise ValueError(f"kaiser: beta must be non-negative, got: {beta} instead.")
    step = 2.0 * beta / _steps(M, sym)
    k = _points("kaiser", M, -beta, step, dtype, layout, device)
    if M <= 1:
        return _done(k, requires_grad)
    whole = ones((), dtype=k.dtype) * beta
    return _done(i0(sqrt((whole * whole - k * k).clamp(min=0))) / i0(whole), requires_grad)


# ------------------------------------------------------------------------------------------------ the older names


@op("hann_window", gradient=False)
@doc()
def hann_window(
    window_length: int, periodic: bool = True, *, dtype=None, layout=None, device=None, pin_memory: bool = False,
    requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """Hann's window; by default one period of a periodic one.

    Parameters
    ----------
    window_length : int
        The number of points, at least 0.
    periodic : bool, optional
        Whether it is one period of a periodic window, or symmetric. Default: True.
    dtype : dtype, optional
        A floating one; the default dtype.

    Returns
    -------
    Tensor
        Of shape (window_length,).

    Raises
    ------
    RuntimeError
        For a negative length, or a dtype that is not floating.

    Examples
    --------
    >>> import lucid
    >>> lucid.hann_window(2)
    Tensor([0.0, 1.0])
    """
    return _window("hann", window_length, periodic, (0.5, 0.5), dtype, layout, device, requires_grad)


def _window(name: str, m: int, periodic: bool, weights, dtype, layout, device, requires_grad) -> Tensor:
    dtype, computed = _checked(name, m, wanted(dtype, layout, device))
    return _done(_cosines(name, m, weights, not periodic, computed, layout, device).to(dtype), requires_grad)


def _checked(name: str, m: int, dtype: dtypes.dtype) -> tuple[dtypes.dtype, dtypes.dtype]:
    """The dtype, and that in which the window is computed: half precision in float32."""
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name}_window expects floating point dtypes, got: {dtype}")
    if m < 0:
        raise RuntimeError(f"{name}_window requires non-negative window_length, got window_length={m}")
    return dtype, dtypes.float32 if dtype.itemsize == 2 else dtype


@op("hamming_window", gradient=False)
@like(
    hann_window,
    alpha="float, optional: The constant. Default: 0.54.",
    beta="float, optional: The cosine's weight. Default: 0.46.",
)
def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype=None, layout=None,
    device=None, pin_memory: bool = False, requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """Hamming's window, `alpha - beta cos(2 pi n / N)`.

    Examples
    --------
    >>> import lucid
    >>> lucid.hamming_window(1)
    Tensor([1.0])
    """
    return _window("hamming", window_length, periodic, (alpha, beta), dtype, layout, device, requires_grad)


@op("blackman_window", gradient=False)
@like(hann_window)
def blackman_window(
    window_length: int, periodic: bool = True, *, dtype=None, layout=None, device=None, pin_memory: bool = False,
    requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """Blackman's window; by default one period of a periodic one.

    Examples
    --------
    >>> import lucid
    >>> lucid.blackman_window(1)
    Tensor([1.0])
    """
    return _window("blackman", window_length, periodic, (0.42, 0.5, 0.08), dtype, layout, device, requires_grad)


@op("bartlett_window", gradient=False)
@like(hann_window)
def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype=None, layout=None, device=None, pin_memory: bool = False,
    requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """Bartlett's window, a triangle.

    Examples
    --------
    >>> import lucid
    >>> lucid.bartlett_window(2)
    Tensor([0.0, 1.0])
    """
    dtype, computed = _checked("bartlett", window_length, wanted(dtype, layout, device))
    return _done(bartlett(window_length, sym=not periodic, dtype=computed).to(dtype), requires_grad)


@op("kaiser_window", gradient=False)
@like(hann_window, beta="float, optional: How narrow it is. Default: 12.")
def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype=None, layout=None, device=None,
    pin_memory: bool = False, requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """Kaiser's window; `beta` says how narrow it is.

    Examples
    --------
    >>> import lucid
    >>> lucid.kaiser_window(1)
    Tensor([1.0])
    """
    dtype, computed = _checked("kaiser", window_length, wanted(dtype, layout, device))
    return _done(kaiser(window_length, beta=beta, sym=not periodic, dtype=computed).to(dtype), requires_grad)
