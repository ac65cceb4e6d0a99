"""Circular and hyperbolic functions, their inverses, and angles."""

from __future__ import annotations

import math

import numpy as np

from lucid._kernels.core import binary, unary
from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import EXCEPTIONS, FLOATING, tensor_argument, unrounded
from lucid.ops._frame import unary as general_unary
from lucid.ops._pointwise import MATH, binary_kernel, double, numpy_kernel, refuse, unary_kernel, with_complex
from lucid.ops.arithmetic import (
    BROADCAST,
    SECOND,
    add,
    conjugate,
    div,
    is_complex,
    mul,
    neg,
    nothing,
    reciprocal,
    rsub,
    sub,
)
from lucid.ops.comparison import eq
from lucid.ops.complex import complex as make_complex
from lucid.ops.complex import conj, real, real_pair
from lucid.ops.exponentials import rsqrt, square
from lucid.ops.magnitude import abs, complex_to_real, sgn, where
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ functions and inverses

SIN = unary_kernel("sin", MATH)


@op("sin")
@doc("out = \\sin x", "g \\cdot \\overline{\\cos x}")
def sin(input_: Tensor, *, out=None) -> Tensor:
    """Sine of each element, in radians.

    >>> lucid.sin(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(SIN, input_)


sin.vjp(input_=lambda g, input_: mul(g, conjugate(cos(input_))))

COS = unary_kernel("cos", MATH)


@op("cos")
@doc("out = \\cos x", "-g \\cdot \\overline{\\sin x}")
def cos(input_: Tensor, *, out=None) -> Tensor:
    """Cosine of each element, in radians.

    >>> lucid.cos(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(COS, input_)


cos.vjp(input_=lambda g, input_: neg(mul(g, conjugate(sin(input_)))))

TAN = unary_kernel("tan", MATH)


@op("tan")
@doc("out = \\tan x", "g \\cdot (1 + \\overline{out^2})")
def tan(input_: Tensor, *, out=None) -> Tensor:
    """Tangent of each element, in radians.

    >>> lucid.tan(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(TAN, input_)


tan.vjp(input_=lambda g, out: mul(g, conjugate(add(mul(out, out), 1))))

ASIN = unary_kernel("asin", MATH)


@op("asin", aliases=("arcsin",))
@doc("out = \\arcsin x", "g / \\sqrt{1 - \\bar{x}^2}")
def asin(input_: Tensor, *, out=None) -> Tensor:
    """Inverse sine of each element, in radians.

    >>> lucid.asin(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(ASIN, input_)


asin.vjp(input_=lambda g, input_: mul(g, conjugate(rsqrt(rsub(mul(input_, input_), 1)))))

ACOS = unary_kernel("acos", MATH)


@op("acos", aliases=("arccos",))
@doc("out = \\arccos x", "-g / \\sqrt{1 - \\bar{x}^2}")
def acos(input_: Tensor, *, out=None) -> Tensor:
    """Inverse cosine of each element, in radians.

    >>> lucid.acos(lucid.tensor([1.0]))
    Tensor([0.0])
    """
    return unary(ACOS, input_)


acos.vjp(input_=lambda g, input_: neg(mul(g, conjugate(rsqrt(rsub(mul(input_, input_), 1))))))

ATAN = unary_kernel("atan", MATH)


@op("atan", aliases=("arctan",))
@doc("out = \\arctan x", "g / (1 + \\bar{x}^2)")
def atan(input_: Tensor, *, out=None) -> Tensor:
    """Inverse tangent of each element, in radians.

    >>> lucid.atan(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(ATAN, input_)


atan.vjp(input_=lambda g, input_: div(g, conjugate(add(mul(input_, input_), 1))))

SINH = unary_kernel("sinh", MATH)


@op("sinh")
@doc("out = \\sinh x", "g \\cdot \\overline{\\cosh x}")
def sinh(input_: Tensor, *, out=None) -> Tensor:
    """Hyperbolic sine of each element.

    >>> lucid.sinh(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(SINH, input_)


sinh.vjp(input_=lambda g, input_: mul(g, conjugate(cosh(input_))))

COSH = unary_kernel("cosh", MATH)


@op("cosh")
@doc("out = \\cosh x", "g \\cdot \\overline{\\sinh x}")
def cosh(input_: Tensor, *, out=None) -> Tensor:
    """Hyperbolic cosine of each element.

    >>> lucid.cosh(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(COSH, input_)


cosh.vjp(input_=lambda g, input_: mul(g, conjugate(sinh(input_))))

ASINH = unary_kernel("asinh", MATH)


@op("asinh", aliases=("arcsinh",))
@doc("out = \\mathrm{arsinh}\\, x", "g / \\sqrt{\\bar{x}^2 + 1}")
def asinh(input_: Tensor, *, out=None) -> Tensor:
    """Inverse hyperbolic sine of each element.

    >>> lucid.asinh(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(ASINH, input_)


asinh.vjp(input_=lambda g, input_: mul(g, conjugate(rsqrt(add(square(input_), 1)))))

ACOSH = unary_kernel("acosh", MATH)


@op("acosh", aliases=("arccosh",))
@doc("out = \\mathrm{arcosh}\\, x", "g / \\sqrt{\\bar{x}^2 - 1}")
def acosh(input_: Tensor, *, out=None) -> Tensor:
    """Inverse hyperbolic cosine of each element; NaN below 1.

    >>> lucid.acosh(lucid.tensor([1.0]))
    Tensor([0.0])
    """
    return unary(ACOSH, input_)


acosh.vjp(input_=lambda g, input_: mul(g, conjugate(_acosh_slope(input_))))

ATANH = unary_kernel("atanh", MATH)


@op("atanh", aliases=("arctanh",))
@doc("out = \\mathrm{artanh}\\, x", "g / (1 - \\bar{x}^2)")
def atanh(input_: Tensor, *, out=None) -> Tensor:
    """Inverse hyperbolic tangent of each element.

    >>> lucid.atanh(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(ATANH, input_)


atanh.vjp(input_=lambda g, input_: div(g, conjugate(rsub(square(input_), 1))))


# ------------------------------------------------------------------------------------------------ angles

DEG2RAD = unary_kernel("deg2rad", FLOATING)


@op("deg2rad")
@doc("out = x \\cdot \\pi / 180", "g \\cdot \\pi / 180")
def deg2rad(input_: Tensor, *, out=None) -> Tensor:
    """Degrees in radians.

    >>> lucid.deg2rad(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(DEG2RAD, input_)


deg2rad.vjp(input_=lambda g: mul(g, math.pi / 180))

RAD2DEG = unary_kernel("rad2deg", FLOATING)


@op("rad2deg")
@doc("out = x \\cdot 180 / \\pi", "g \\cdot 180 / \\pi")
def rad2deg(input_: Tensor, *, out=None) -> Tensor:
    """Radians in degrees.

    >>> lucid.rad2deg(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(RAD2DEG, input_)


rad2deg.vjp(input_=lambda g: mul(g, 180 / math.pi))


def _acosh_slope(x):
    """1 / sqrt(x**2 - 1); on the right branch for complex numbers."""
    if is_complex(x):
        return mul(rsqrt(add(x, 1)), rsqrt(sub(x, 1)))
    return rsqrt(sub(mul(x, x), 1))


SINC = with_complex(unary_kernel("sinc", FLOATING), np.sinc)


@op("sinc", aliases=("special.sinc",))
@doc("out = \\sin(\\pi x) / (\\pi x)", "g \\cdot (\\cos(\\pi x) - out) / x \\quad (0 \\text{ at } 0)")
def sinc(input_: Tensor, *, out=None) -> Tensor:
    """Normalised cardinal sine of each element; 1 at 0.

    >>> lucid.sinc(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(SINC, input_)


sinc.vjp(input_=lambda g, input_: mul(g, conjugate(_sinc_slope(input_))))


def _slope(x: np.ndarray) -> np.ndarray:
    """(cos(t) - sin(t) / t) / x of t = pi x; where that cancels, by its power series."""
    t = math.pi * x
    z = t * t
    far = np.abs(t) > 1
    series = np.zeros_like(z)
    for k in range(9, 0, -1):
        series = (-1) ** k * 2 * k / math.factorial(2 * k + 1) + z * series
    safe = np.where(far, t, 1)
    return math.pi * np.where(far, (np.cos(safe) - np.sin(safe) / safe) / safe, t * series)


SINC_SLOPE = with_complex(numpy_kernel("sinc", FLOATING, double(_slope)), _slope)


@op("_sinc_slope")
def _sinc_slope(input_):
    """The derivative of `sinc`."""
    return general_unary(SINC_SLOPE, input_)


def _sinc_bend(x, slope):
    bend = add(mul(sinc(x), math.pi**2), div(mul(slope, 2), x))
    return where(eq(x, 0), -(math.pi**2) / 3, neg(bend))


_sinc_slope.vjp(input_=lambda g, input_, out: mul(g, conjugate(_sinc_bend(input_, out))))


def _real_angle(x):
    return np.where(np.isnan(x), x, np.where(x < 0, np.asarray(np.pi, x.dtype), np.asarray(0, x.dtype)))


ANGLE = numpy_kernel("angle", FLOATING, _real_angle)
EXCEPTIONS[ANGLE] = lambda x: complex_to_real("angle", x) if x.dtype.is_complex else None


@op("angle")
@doc("out = \\mathrm{atan2}(\\mathrm{Im}(x), \\mathrm{Re}(x))",
     "i\\, g \\cdot x / |x|^2,\\quad \\text{0 for real numbers}",
     returns="Of the input's shape; real.")  # fmt: skip
def angle(input_: Tensor, *, out=None) -> Tensor:
    """Angle of each element in the complex plane, in radians; 0 or pi of real ones.

    >>> lucid.angle(lucid.tensor([1.0, 0.0]))
    Tensor([0.0, 0.0])
    """
    return general_unary(ANGLE, input_)


def _angle_gradient(g, input_):
    if not is_complex(input_):
        return nothing(g)
    return where(eq(input_, 0), 0.0, mul(div(mul(g, input_), square(abs(input_))), 1j))


angle.vjp(input_=_angle_gradient)


@op("polar", out="same")
@doc("out = abs \\cdot e^{i \\cdot angle}", "\\mathrm{Re}(g \\cdot \\overline{\\mathrm{sgn}(out)}),\\quad "
     "\\mathrm{Re}(g \\cdot \\overline{i \\cdot out})", returns="Complex, of the broadcast shape.",
     abs="Tensor: The absolute values, float32 or float64.", angle="Tensor: The angles in radians, of the same dtype.",
     raises="RuntimeError: the dtypes differ, or are not floating")  # fmt: skip
def polar(abs: Tensor, angle: Tensor, *, out=None) -> Tensor:
    """Complex numbers of their absolute values and angles.

    >>> lucid.polar(lucid.tensor([2.0]), lucid.tensor([0.0]))
    Tensor([2.0+0.0j])
    """
    if real_pair("polar", abs, angle)[0].itemsize == 2:
        raise NotImplementedError("\"polar\" not implemented for 'Half'")
    return make_complex(mul(abs, cos(angle)), mul(abs, sin(angle)))


polar.vjp(
    abs=lambda g, out: real(mul(g, conj(sgn(out)))),
    angle=lambda g, out: real(mul(g, conj(mul(out, 1j)))),
)


ATAN2 = binary_kernel("atan2", FLOATING)
HYPOT = refuse(binary_kernel("hypot", FLOATING))


@op("atan2", aliases=("arctan2",))
@doc("out = \\arg(y + i x)", "g \\cdot y / (x^2 + y^2),\\quad -g \\cdot x / (x^2 + y^2)",
     returns="Of the broadcast shape, floating.", other="Tensor: The abscissa.",
     input_="Tensor: The ordinate.")  # fmt: skip
def atan2(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Angle of the points (`other`, `input_`) in the plane, in radians, between -pi and pi.

    >>> lucid.atan2(lucid.tensor([0.0]), lucid.tensor([1.0]))
    Tensor([0.0])
    """
    return binary(ATAN2, input_, tensor_argument("atan2", other, 2, "other"))


def _over_distance(x, input_, other):
    """`x` over the squared distance from the origin, 0 there."""
    distance = add(mul(input_, input_), mul(other, other))
    return mul(x, where(eq(distance, 0), 0.0, reciprocal(distance)))


atan2.vjp(
    input_=lambda g, input_, other: mul(g, _over_distance(other, input_, other)),
    other=lambda g, input_, other: neg(mul(g, _over_distance(input_, input_, other))),
)


@op("hypot")
@doc("out = \\sqrt{x^2 + y^2}", "g \\cdot x / out,\\quad g \\cdot y / out", returns=BROADCAST,
     other=SECOND)  # fmt: skip
def hypot(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Length of the hypotenuse, without overflow on the way.

    >>> lucid.hypot(lucid.tensor([3.0]), lucid.tensor([4.0]))
    Tensor([5.0])
    """
    return binary(HYPOT, input_, tensor_argument("hypot", other, 2, "other"))


def _hypot_gradient(g, x, y, dtype, out):
    return div(mul(g, x), unrounded(out, x, dtype, lambda: hypot(x, y)))


hypot.vjp(
    input_=lambda g, input_, input_dtype, other, out: _hypot_gradient(g, input_, other, input_dtype, out),
    other=lambda g, other, other_dtype, input_, out: _hypot_gradient(g, other, input_, other_dtype, out),
)
