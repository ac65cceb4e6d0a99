"""Special functions: gamma, error and Bessel functions and their kin.

`lgamma` and `ndtr` have kernels. The others are computed in double precision with NumPy, by the series or
recurrences that each function's helper names; float32 results are rounded once.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels.core import binary, unary, wrap
from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import FLOATING
from lucid.ops._frame import unary as general_unary
from lucid.ops._pointwise import binary_kernel, double, numpy_kernel, unary_kernel
from lucid.ops.comparison import eq, le, logical_and
from lucid.ops.elementwise import (
    ERFC,
    abs,
    add,
    div,
    exp,
    log,
    mul,
    rsub,
    sign,
    square,
    sub,
    where,
)
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ gamma functions

LGAMMA = unary_kernel("lgamma", FLOATING)


@op("lgamma", aliases=("special.gammaln",))
@doc("out = \\ln |\\Gamma(x)|", "g \\cdot \\psi(x)")
def lgamma(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of the absolute value of the gamma function.

    >>> lucid.lgamma(lucid.tensor([1.0, 2.0]))
    Tensor([0.0, 0.0])
    """
    return unary(LGAMMA, input_)


lgamma.vjp(input_=lambda g, input_: mul(g, digamma(input_)))


def _digamma(x: np.ndarray) -> np.ndarray:
    """Reflection below 0, recurrence up to 10, then the asymptotic series."""
    whole = x == np.floor(x)
    reflected = x < 0
    turn = math.pi * (x - np.trunc(x))
    y = np.where(reflected, 1 - x, x)
    shifted = np.zeros_like(y)
    for _ in range(10):
        low = y < 10
        shifted -= np.where(low, 1 / np.where(y == 0, 1, y), 0)
        y = np.where(low, y + 1, y)
    z = 1 / (y * y)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12))))))
    value = shifted + np.log(y) - 0.5 / y - np.where(np.isinf(y), 0, series)
    value = np.where(reflected, value - math.pi / np.tan(turn), value)
    value = np.where(whole & reflected, np.nan, value)
    return np.where(x == 0, np.copysign(np.inf, -x), value)


DIGAMMA = numpy_kernel("digamma", FLOATING, double(_digamma))


@op("digamma", aliases=("special.digamma", "special.psi"))
@doc("out = \\psi(x) = \\tfrac{d}{dx} \\ln \\Gamma(x)", "g \\cdot \\psi^{(1)}(x)")
def digamma(input_: Tensor, *, out=None) -> Tensor:
    """Logarithmic derivative of the gamma function; infinite at 0, NaN at negative whole numbers.

    >>> lucid.digamma(lucid.tensor([0.0]))
    Tensor([-inf])
    """
    return general_unary(DIGAMMA, input_)


digamma.vjp(input_=lambda g, input_: mul(g, polygamma(1, input_)))

# B(2k) / (2k)!, of Euler and Maclaurin's formula
_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)


def _hurwitz(s: int, x: np.ndarray) -> np.ndarray:
    """The Hurwitz zeta function of x > 0: terms up to 12, then Euler and Maclaurin's formula."""
    total = np.zeros_like(x)
    for _ in range(12):
        low = x < 12
        total += np.where(low, np.where(x == 0, 1, x) ** -float(s), 0)
        x = np.where(low, x + 1, x)
    total += x ** (1.0 - s) / (s - 1) + 0.5 * x ** -float(s)
    factor, power = float(s), x ** -(s + 1.0)
    for k, b in enumerate(_BERNOULLI):
        total += b * factor * power
        factor *= (s + 2 * k + 1) * (s + 2 * k + 2)
        power = power / (x * x)
    return total


def _polygamma(x: np.ndarray, n: int) -> np.ndarray:
    value = (-1.0) ** (n + 1) * math.factorial(n) * _hurwitz(n + 1, np.where(x > 0, x, 1))
    if n == 1:  # reflection
        turn = math.pi * (x - np.trunc(x))
        value = np.where(x > 0, value, (math.pi / np.sin(turn)) ** 2 - _hurwitz(2, np.where(x > 0, 1, 1 - x)))
    else:  # recurrence, from below 0
        y, extra = x.copy(), np.zeros_like(x)
        for _ in range(1000):
            low = y < 0
            if not low.any():
                break
            extra += np.where(low, np.where(y == 0, 1, y) ** -(n + 1.0), 0)
            y = np.where(low, y + 1, y)
        below = (-1.0) ** (n + 1) * math.factorial(n) * (_hurwitz(n + 1, np.where(y > 0, y, 1)) + extra)
        value = np.where(x > 0, value, below)
    pole = (x <= 0) & (x == np.floor(x))
    return np.where(np.isnan(x), x, np.where(pole, np.inf if n == 1 else (-1.0) ** (n + 1) * np.inf, value))


POLYGAMMA = numpy_kernel("polygamma", FLOATING, double(_polygamma))


@op("polygamma", composite=True, aliases=("special.polygamma",))
@doc("out = \\psi^{(n)}(x)", "g \\cdot \\psi^{(n + 1)}(x)", n="int: Which derivative of `digamma`.",
     raises="RuntimeError: `n` is negative")  # fmt: skip
def polygamma(n: int, input_: Tensor, *, out=None) -> Tensor:
    """Derivatives of the digamma function.

    >>> lucid.polygamma(1, lucid.tensor([0.0]))
    Tensor([inf])
    """
    if isinstance(n, Tensor):  # the method: x.polygamma(n)
        n, input_ = input_, n
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return digamma(input_) if n == 0 else _derivative(input_, n)


@op("_polygamma")
def _derivative(input_: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma`, for n > 0."""
    return general_unary(POLYGAMMA, input_, n)


_derivative.vjp(input_=lambda g, input_, n: mul(g, _derivative(input_, n + 1)))


@op("mvlgamma", composite=True, aliases=("special.multigammaln",))
@doc("out = \\tfrac{p (p - 1)}{4} \\ln \\pi + \\sum_{j=0}^{p-1} \\ln |\\Gamma(x - j / 2)|",
     "g \\cdot \\sum_j \\psi(x - j / 2)", p="int: The dimension.", raises="RuntimeError: `p` is less than 1")  # fmt: skip
def mvlgamma(input_: Tensor, p: int, *, out=None) -> Tensor:
    """Logarithm of the multivariate gamma function.

    >>> lucid.mvlgamma(lucid.tensor([1.0]), 1)
    Tensor([0.0])
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    total = lgamma(input_)
    for j in range(1, p):
        total = add(total, lgamma(sub(input_, j / 2)))
    return add(total, p * (p - 1) / 4 * math.log(math.pi))


# ------------------------------------------------------------------------------------------------ error functions

NDTR = unary_kernel("ndtr", FLOATING)


def _erfc(x: np.ndarray) -> np.ndarray:
    return unary(ERFC, wrap(np.ascontiguousarray(x))).array


def _erfinv(y: np.ndarray) -> np.ndarray:
    """Winitzki's approximation, then steps of Halley's method on erfc, which keeps its digits near 1."""
    p = np.abs(y)
    log_rest = np.log1p(-p * p)
    t = 2 / (math.pi * 0.147) + log_rest / 2
    x = np.sqrt(np.sqrt(t * t - log_rest / 0.147) - t)
    x = np.where(p < 1, x, 0)
    for _ in range(3):
        step = ((1 - p) - _erfc(x)) / (2 / math.sqrt(math.pi) * np.exp(-x * x))
        x = x - step / (1 + x * step)
    x = np.where(p < 1e-8, p * (math.sqrt(math.pi) / 2), x)
    x = np.where(p == 1, np.inf, np.where(p <= 1, x, np.nan))
    return np.copysign(x, y)


ERFINV = numpy_kernel("erfinv", FLOATING, double(_erfinv))


@op("erfinv", aliases=("special.erfinv",))
@doc("out = \\mathrm{erf}^{-1}(x)", "\\tfrac{\\sqrt{\\pi}}{2} g \\cdot e^{out^2}")
def erfinv(input_: Tensor, *, out=None) -> Tensor:
    """Inverse of the error function; infinite at -1 and 1, NaN beyond.

    >>> lucid.erfinv(lucid.tensor([0.0, 1.0]))
    Tensor([0.0, inf])
    """
    return general_unary(ERFINV, input_)


erfinv.vjp(input_=lambda g, out: mul(g, mul(exp(square(out)), math.sqrt(math.pi) / 2)))


@op("special.ndtr")
@doc("out = \\tfrac{1}{2} \\mathrm{erfc}(-x / \\sqrt{2})", "g \\cdot e^{-x^2 / 2} / \\sqrt{2 \\pi}")
def ndtr(input_: Tensor, *, out=None) -> Tensor:
    """Distribution function of the standard normal distribution.

    >>> lucid.special.ndtr(lucid.tensor([0.0]))
    Tensor([0.5])
    """
    return unary(NDTR, input_)


ndtr.vjp(input_=lambda g, input_: mul(g, mul(exp(mul(square(input_), -0.5)), 1 / math.sqrt(2 * math.pi))))


def _erfcx(x: np.ndarray) -> np.ndarray:
    z = 1 / np.where(x > 25, x, 25) ** 2 / 2
    far = 1 / (np.where(x > 25, x, 25) * math.sqrt(math.pi)) * (1 - z * (1 - 3 * z * (1 - 5 * z * (1 - 7 * z))))
    near = np.where(x > 25, 0, x)
    return np.where(x > 25, far, np.exp(near * near) * _erfc(near))


ERFCX = numpy_kernel("erfcx", FLOATING, double(_erfcx))


@op("special.erfcx")
@doc("out = e^{x^2} \\mathrm{erfc}(x)", "g \\cdot (2 x \\cdot out - 2 / \\sqrt{\\pi})")
def erfcx(input_: Tensor, *, out=None) -> Tensor:
    """Complementary error function, scaled so that it does not vanish.

    >>> lucid.special.erfcx(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return general_unary(ERFCX, input_)


erfcx.vjp(input_=lambda g, input_, out: mul(g, sub(mul(mul(input_, out), 2), 2 / math.sqrt(math.pi))))


def _log_ndtr(x: np.ndarray) -> np.ndarray:
    t = x * math.sqrt(0.5)
    below = x < -1
    return np.where(
        below, np.log(_erfcx(np.where(below, -t, 0)) / 2) - t * t, np.log1p(-_erfc(np.where(below, 0, t)) / 2)
    )


LOG_NDTR = numpy_kernel("log_ndtr", FLOATING, double(_log_ndtr))


@op("special.log_ndtr")
@doc("out = \\ln \\Phi(x)", "g \\cdot \\sqrt{2 / \\pi} / \\mathrm{erfcx}(-x / \\sqrt{2})")
def log_ndtr(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of the distribution function of the standard normal distribution.

    >>> lucid.special.log_ndtr(lucid.tensor([100.0]))
    Tensor([-0.0])
    """
    return general_unary(LOG_NDTR, input_)


log_ndtr.vjp(input_=lambda g, input_: mul(div(g, erfcx(mul(input_, -math.sqrt(0.5)))), math.sqrt(2 / math.pi)))


# ------------------------------------------------------------------------------------------------ entropy

XLOG1PY = binary_kernel("xlog1py", FLOATING)


@op("special.xlog1py")
@doc("out = x \\ln (1 + y)", "g \\cdot \\ln (1 + y)\\; (0 \\text{ where } x = 0 \\text{ and } y \\le -1),\\quad "
     "g \\cdot x / (1 + y)", returns="Of the broadcast shape, floating.", input_="Tensor or number: The factor.")  # fmt: skip
def xlog1py(input_: Tensor, other, *, out=None) -> Tensor:
    """A number times the logarithm of one plus another; 0 where the factor is 0.

    >>> lucid.special.xlog1py(lucid.tensor([0.0, 2.0]), lucid.tensor([-1.0, 0.0]))
    Tensor([0.0, 0.0])
    """
    return binary(XLOG1PY, input_, other)


xlog1py.vjp(
    input_=lambda g, input_, other: where(logical_and(eq(input_, 0), le(other, -1)), 0.0, xlog1py(g, other)),
    other=lambda g, input_, other: div(mul(g, input_), add(other, 1)),
)


def _entr(x: np.ndarray) -> np.ndarray:
    inside = -x * np.log(np.where(x > 0, x, 1))
    return np.where(np.isnan(x), x, np.where(x > 0, inside, np.where(x == 0, 0, -np.inf)))


ENTR = numpy_kernel("entr", FLOATING, double(_entr))


@op("special.entr")
@doc("out = -x \\ln x", "-g \\cdot (1 + \\ln x)")
def entr(input_: Tensor, *, out=None) -> Tensor:
    """Entropy of each element: 0 at 0, negative infinity below.

    >>> lucid.special.entr(lucid.tensor([0.0, -1.0]))
    Tensor([0.0, -inf])
    """
    return general_unary(ENTR, input_)


entr.vjp(input_=lambda g, input_: mul(g, rsub(log(input_), -1)))


# ------------------------------------------------------------------------------------------------ Bessel functions


def _bessel_i(order: int, scaled: bool):
    """The modified Bessel function of order 0 or 1: its power series up to 25, beyond that the asymptotic one."""

    def function(x: np.ndarray) -> np.ndarray:
        size = np.abs(x)
        near = np.minimum(size, 25)
        quarter = near * near / 4
        term = np.ones_like(near) if order == 0 else near / 2
        small = term.copy()
        for k in range(1, 60):
            term = term * quarter / (k * (k + order))
            small += term
        far = np.maximum(size, 25)
        term = np.ones_like(far)
        large = term.copy()
        for k in range(1, 30):
            term = term * -(4 * order - (2 * k - 1) ** 2) / (8 * k * far)
            large += term
        large = large / np.sqrt(2 * math.pi * far)
        value = np.where(
            size < 25, small * np.exp(-near) if scaled else small, large if scaled else large * np.exp(far)
        )
        value = np.where(np.isinf(size), 0.0 if scaled else np.inf, value)
        value = np.where(np.isnan(x), x, value)
        return value if order == 0 else np.copysign(value, x)

    return double(function)


I0, I0E, I1, I1E = (
    numpy_kernel(name, FLOATING, _bessel_i(order, scaled))
    for name, order, scaled in (("i0", 0, False), ("i0e", 0, True), ("i1", 1, False), ("i1e", 1, True))
)


@op("i0", aliases=("special.i0",))
@doc("out = I_0(x)", "g \\cdot I_1(x)")
def i0(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of the first kind, of order 0.

    >>> lucid.i0(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return general_unary(I0, input_)


i0.vjp(input_=lambda g, input_: mul(g, i1(input_)))


@op("special.i0e")
@doc("out = e^{-|x|} I_0(x)", "g \\cdot (e^{-|x|} I_1(x) - \\mathrm{sign}(x) \\cdot out)")
def i0e(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of order 0, scaled so that it does not overflow.

    >>> lucid.special.i0e(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return general_unary(I0E, input_)


i0e.vjp(input_=lambda g, input_, out: mul(g, sub(i1e(input_), mul(sign(input_), out))))


@op("special.i1")
@doc("out = I_1(x)", "g \\cdot (I_0(x) - out / x)\\quad (g / 2 \\text{ at } 0)")
def i1(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of the first kind, of order 1.

    >>> lucid.special.i1(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return general_unary(I1, input_)


def _tiny(x: Tensor) -> Tensor:
    return le(abs(x), dtypes.finfo(x.dtype).eps)


i1.vjp(
    input_=lambda g, input_, out: mul(
        g, where(_tiny(input_), 0.5, sub(i0(input_), div(out, where(_tiny(input_), 1.0, input_))))
    )
)


@op("special.i1e")
@doc(
    "out = e^{-|x|} I_1(x)",
    "g \\cdot (e^{-|x|} I_0(x) - out \\cdot (\\mathrm{sign}(x) + 1 / x))\\; (g / 2 \\text{ at } 0)",
)
def i1e(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of order 1, scaled so that it does not overflow.

    >>> lucid.special.i1e(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return general_unary(I1E, input_)


def _i1e_gradient(g, input_, out):
    safe = where(_tiny(input_), 1.0, input_)
    return mul(g, where(_tiny(input_), 0.5, sub(i0e(input_), mul(out, add(sign(safe), div(1, safe))))))


i1e.vjp(input_=_i1e_gradient)
