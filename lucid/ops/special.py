"""Special functions: gamma, error and Bessel functions and their kin.

`polygamma` beyond the first is computed in double precision with NumPy, by the series that its helpers name; the others have kernels.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels import special as rare
from lucid._kernels.core import binary, unary
from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import FLOATING, number_first, tensor_argument
from lucid.ops._frame import unary as general_unary
from lucid.ops._pointwise import binary_kernel, double, numpy_kernel, refuse, refuse_half, unary_kernel
from lucid.ops.arithmetic import add, div, mul, neg, reciprocal, rsub, sub
from lucid.ops.bessel import rare_kernel, special_kernel
from lucid.ops.comparison import gt, lt
from lucid.ops.exponentials import exp, log, square, times_log
from lucid.ops.magnitude import abs, clamp_max, clamp_min, sign, where
from lucid.ops.polynomials import rare_binary_kernel
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ gamma functions

LGAMMA = unary_kernel("lgamma", FLOATING)


@op("lgamma", aliases=("special.gammaln",))
@doc("out = \\ln |\\Gamma(x)|", "g \\cdot \\psi(x)")
def lgamma(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of the absolute value of the gamma function.

    >>> lucid.lgamma(lucid.tensor([3.0, 4.0]))
    Tensor([0.6931472, 1.7917595])
    """
    return unary(LGAMMA, input_)


lgamma.vjp(input_=lambda g, input_: mul(g, digamma(input_)))


DIGAMMA = unary_kernel("digamma", FLOATING)


@op("digamma", aliases=("special.digamma", "special.psi"))
@doc("out = \\psi(x) = \\tfrac{d}{dx} \\ln \\Gamma(x)", "g \\cdot \\psi^{(1)}(x)")
def digamma(input_: Tensor, *, out=None) -> Tensor:
    """Logarithmic derivative of the gamma function; infinite at 0, NaN at negative whole numbers.

    >>> lucid.digamma(lucid.tensor([0.0]))
    Tensor([-inf])
    """
    return unary(DIGAMMA, input_)


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


def _factorial(n: int) -> float:
    return float(math.factorial(n)) if n <= 170 else math.inf


def _polygamma(x: np.ndarray, n: int) -> np.ndarray:
    """For n > 1, by recurrence from below 0."""
    y, extra = x.copy(), np.zeros_like(x)
    for _ in range(1000):
        low = y < 0
        if not low.any():
            break
        extra += np.where(low, np.where(y == 0, 1, y) ** -(n + 1.0), 0)
        y = np.where(low, y + 1, y)
    value = (-1.0) ** (n + 1) * _factorial(n) * (_hurwitz(n + 1, np.where(y > 0, y, 1)) + extra)
    pole = (x <= 0) & (x == np.floor(x))
    return np.where(np.isnan(x), x, np.where(pole, (-1.0) ** (n + 1) * np.inf, value))


TRIGAMMA = special_kernel(rare.unary_rare, "polygamma", "trigamma")
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
    return unary(TRIGAMMA, input_) if n == 1 else general_unary(POLYGAMMA, input_, n)


_derivative.vjp(input_=lambda g, input_, n: mul(g, _derivative(input_, n + 1)))


@op("mvlgamma", composite=True, aliases=("special.multigammaln",), out="cast read")
@doc("out = \\tfrac{p (p - 1)}{4} \\ln \\pi + \\sum_{j=0}^{p-1} \\ln |\\Gamma(x - j / 2)|",
     "g \\cdot \\sum_j \\psi(x - j / 2)", p="int: The dimension.", raises="RuntimeError: `p` is less than 1, or above 2**20")  # fmt: skip
def mvlgamma(input_: Tensor, p: int, *, out=None) -> Tensor:
    """Logarithm of the multivariate gamma function.

    >>> lucid.mvlgamma(lucid.tensor([1.0]), 1)
    Tensor([0.0])
    """
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if p > 1 << 20:
        raise RuntimeError(f"mvlgamma: p={p} is more terms than can be added up; it may be 2**20 at most")
    input_ = input_.contiguous()
    total = lgamma(add(input_, 0.0))
    for j in range(1, p):
        total = add(total, lgamma(sub(input_, j / 2)))
    return add(total, p * (p - 1) / 4 * math.log(math.pi))


# ------------------------------------------------------------------------------------------------ error functions

NDTR = unary_kernel("ndtr", FLOATING)


ERFINV = unary_kernel("erfinv", FLOATING)


@op("erfinv", aliases=("special.erfinv",))
@doc("out = \\mathrm{erf}^{-1}(x)", "\\tfrac{\\sqrt{\\pi}}{2} g \\cdot e^{out^2}")
def erfinv(input_: Tensor, *, out=None) -> Tensor:
    """Inverse of the error function; infinite at -1 and 1, NaN beyond.

    >>> lucid.erfinv(lucid.tensor([0.0, 1.0]))
    Tensor([0.0, inf])
    """
    return unary(ERFINV, input_)


erfinv.vjp(input_=lambda g, out: mul(g, mul(exp(square(out)), math.sqrt(math.pi) / 2)))


@op("special.ndtr", out="cast read")
@doc("out = \\tfrac{1}{2} \\mathrm{erfc}(-x / \\sqrt{2})", "g \\cdot e^{-x^2 / 2} / \\sqrt{2 \\pi}")
def ndtr(input_: Tensor, *, out=None) -> Tensor:
    """Distribution function of the standard normal distribution.

    >>> lucid.special.ndtr(lucid.tensor([0.0]))
    Tensor([0.5])
    """
    return unary(NDTR, input_)


ndtr.vjp(input_=lambda g, input_: mul(g, mul(exp(mul(square(input_), -0.5)), 1 / math.sqrt(2 * math.pi))))


ERFCX = refuse_half(unary_kernel("erfcx", FLOATING))


@op("special.erfcx")
@doc("out = e^{x^2} \\mathrm{erfc}(x)", "g \\cdot (2 x \\cdot out - 2 / \\sqrt{\\pi})")
def erfcx(input_: Tensor, *, out=None) -> Tensor:
    """Complementary error function, scaled so that it does not vanish.

    >>> lucid.special.erfcx(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(ERFCX, input_)


erfcx.vjp(input_=lambda g, input_, out: mul(g, _erfcx_slope(input_, out)))


@op("_erfcx_slope")
def _erfcx_slope(input_, result):
    """The derivative of `erfcx`; far above 0, where the difference cancels, the head of its series."""
    z = reciprocal(square(input_))
    far = mul(mul(z, rsub(mul(z, rsub(mul(z, 3.75), 1.5)), 1)), -1 / math.sqrt(math.pi))
    return where(gt(input_, 100), far, sub(mul(mul(input_, 2), result), 2 / math.sqrt(math.pi)))


_erfcx_slope.vjp(input_=lambda g, input_, result, out: mul(g, mul(add(result, mul(input_, out)), 2)))

LOG_NDTR = refuse_half(unary_kernel("log_ndtr", FLOATING))


@op("special.log_ndtr")
@doc("out = \\ln \\Phi(x)", "g \\cdot \\sqrt{2 / \\pi} / \\mathrm{erfcx}(-x / \\sqrt{2})")
def log_ndtr(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of the distribution function of the standard normal distribution.

    >>> lucid.special.log_ndtr(lucid.tensor([100.0]))
    Tensor([-0.0])
    """
    return unary(LOG_NDTR, input_)


log_ndtr.vjp(input_=lambda g, input_, out: mul(g, _log_ndtr_slope(input_, out)))


@op("_log_ndtr_slope")
def _log_ndtr_slope(input_, result):
    """The derivative of `log_ndtr`: the density over the distribution function."""
    below = erfcx(mul(clamp_max(input_, 0), -math.sqrt(0.5)))
    above = exp(neg(add(mul(square(clamp_min(input_, 0)), 0.5), result)))
    return where(lt(input_, 0), div(math.sqrt(2 / math.pi), below), mul(above, 1 / math.sqrt(2 * math.pi)))


def _log_ndtr_bend(x, slope):
    """The negative second derivative; far below 0, where x + slope cancels, the head of its series."""
    return where(lt(x, -100), rsub(div(1, square(x)), 1), mul(slope, add(x, slope)))


_log_ndtr_slope.vjp(input_=lambda g, input_, out: neg(mul(g, _log_ndtr_bend(input_, out))))


# ------------------------------------------------------------------------------------------------ entropy

XLOG1PY = number_first(binary_kernel("xlog1py", FLOATING))


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
    input_=lambda g, input_, other: times_log(xlog1py, g, input_, other, -1),
    other=lambda g, input_, other: div(mul(g, input_), add(other, 1)),
)


ENTR = unary_kernel("entr", FLOATING)


@op("special.entr")
@doc("out = -x \\ln x", "-g \\cdot (1 + \\ln x)")
def entr(input_: Tensor, *, out=None) -> Tensor:
    """Entropy of each element: 0 at 0, negative infinity below.

    >>> lucid.special.entr(lucid.tensor([0.0, -1.0]))
    Tensor([0.0, -inf])
    """
    return unary(ENTR, input_)


entr.vjp(input_=lambda g, input_: mul(g, rsub(log(input_), -1)))


# ------------------------------------------------------------------------------------------------ Bessel functions


I0, I0E, I1, I1E = (unary_kernel(name, FLOATING) for name in ("i0", "i0e", "i1", "i1e"))


@op("i0", aliases=("special.i0",))
@doc("out = I_0(x)", "g \\cdot I_1(x)")
def i0(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of the first kind, of order 0.

    >>> lucid.i0(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(I0, input_)


i0.vjp(input_=lambda g, input_: mul(g, i1(input_)))


@op("special.i0e")
@doc("out = e^{-|x|} I_0(x)", "g \\cdot (e^{-|x|} I_1(x) - \\mathrm{sign}(x) \\cdot out)")
def i0e(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of order 0, scaled so that it does not overflow.

    >>> lucid.special.i0e(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(I0E, input_)


i0e.vjp(input_=lambda g, input_, out: mul(g, sub(i1e(input_), mul(sign(input_), out))))


@op("special.i1")
@doc("out = I_1(x)", "g \\cdot (I_0(x) - out / x)\\quad (g / 2 \\text{ at } 0)")
def i1(input_: Tensor, *, out=None) -> Tensor:
    """Modified Bessel function of the first kind, of order 1.

    >>> lucid.special.i1(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(I1, input_)


def _away(x: Tensor) -> tuple[Tensor, Tensor]:
    """Where `x` is not next to 0, and `x` there, 1 elsewhere."""
    away = gt(abs(x), dtypes.finfo(x.dtype).eps)
    return away, where(away, x, 1.0)


def _i1_gradient(g, input_, out):
    away, safe = _away(input_)
    return mul(g, where(away, sub(i0(input_), div(out, safe)), 0.5))


i1.vjp(input_=_i1_gradient)


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
    return unary(I1E, input_)


def _i1e_gradient(g, input_, out):
    away, safe = _away(input_)
    return mul(g, where(away, sub(i0e(input_), mul(out, add(sign(safe), div(1, safe)))), 0.5))


i1e.vjp(input_=_i1e_gradient)


# ------------------------------------------------------------------------------------------------ distributions

NDTRI = rare_kernel("ndtri")


@op("special.ndtri")
@doc("out = \\Phi^{-1}(x)", "g \\cdot \\sqrt{2 \\pi}\\, e^{out^2 / 2}")
def ndtri(input_: Tensor, *, out=None) -> Tensor:
    """Inverse of the distribution function of the standard normal distribution; infinite at 0 and 1, NaN beyond.

    >>> lucid.special.ndtri(lucid.tensor([0.5, 1.0]))
    Tensor([0.0, inf])
    """
    return unary(NDTRI, input_)


ndtri.vjp(input_=lambda g, out: mul(g, mul(exp(mul(square(out), 0.5)), math.sqrt(2 * math.pi))))

ZETA = rare_binary_kernel("zeta")


def _no_rule(name: str):
    """A rule that says that there is none."""

    def rule(g):
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return rule


@op("special.zeta")
@doc("out = \\sum_{k=0}^\\infty (k + y)^{-x}", "\\text{none},\\quad -g \\cdot x\\, \\zeta(x + 1, y)",
     returns="Of the broadcast shape, floating.", input_="Tensor or number: The exponent; NaN below 1.")  # fmt: skip
def zeta(input_: Tensor, other, *, out=None) -> Tensor:
    """Hurwitz's zeta function; at 1 Riemann's.

    >>> lucid.special.zeta(lucid.tensor([1.0]), 1)
    Tensor([inf])
    """
    return binary(ZETA, input_, other)


zeta.vjp(
    input_=_no_rule("zeta"),
    other=lambda g, input_, other: neg(mul(g, mul(input_, zeta(add(input_, 1), other)))),
)

IGAMMA, IGAMMAC = (refuse(special_kernel(rare.binary_rare, name)) for name in ("igamma", "igammac"))


def _gamma_density(a, x):
    """The derivative of `igamma` by its second argument."""
    return exp(sub(sub(mul(sub(a, 1), log(x)), x), lgamma(a)))


_TWO = {"input_": "Tensor: The shape a; NaN below 0.", "other": "Tensor: The limit x; broadcasts with `input_`.",
        "returns": "Of the broadcast shape, floating.", "raises": "NotImplementedError: the tensors are of integers"}  # fmt: skip


@op("igamma", aliases=("special.gammainc",))
@doc("out = \\tfrac{1}{\\Gamma(a)} \\int_0^x t^{a - 1} e^{-t} dt", "\\text{none},\\quad g \\cdot x^{a - 1} e^{-x} / \\Gamma(a)", **_TWO)
def igamma(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Lower incomplete gamma function, as a part of the whole.

    >>> lucid.igamma(lucid.tensor([1.0]), lucid.tensor([0.0]))
    Tensor([0.0])
    """
    tensor_argument("igamma", other, 2, "other")
    return binary(IGAMMA, input_, other)


igamma.vjp(
    input_=_no_rule("igamma: input"), other=lambda g, input_, other: mul(g, _gamma_density(input_, other))
)


@op("igammac", aliases=("special.gammaincc",))
@doc("out = \\tfrac{1}{\\Gamma(a)} \\int_x^\\infty t^{a - 1} e^{-t} dt", "\\text{none},\\quad -g \\cdot x^{a - 1} e^{-x} / \\Gamma(a)", **_TWO)
def igammac(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Upper incomplete gamma function, as a part of the whole.

    >>> lucid.igammac(lucid.tensor([1.0]), lucid.tensor([0.0]))
    Tensor([1.0])
    """
    tensor_argument("igammac", other, 2, "other")
    return binary(IGAMMAC, input_, other)


igammac.vjp(
    input_=_no_rule("igammac: input"), other=lambda g, input_, other: neg(mul(g, _gamma_density(input_, other)))
)
