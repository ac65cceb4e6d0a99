"""Powers, exponentials and logarithms, and what is made of them: sigmoid and tanh, the error function, logaddexp, xlogy."""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes, return_types
from lucid._kernels import core, pointwise
from lucid._kernels.core import binary, contiguous, unary, unary_param, wrap
from lucid.autograd.op import op
from lucid.dtypes import element
from lucid.ops._doc import doc
from lucid.ops._frame import (
    COMPLEX,
    EXCEPTIONS,
    FLOAT32,
    FLOATING,
    INTEGER,
    NUMBER,
    cast,
    elementwise,
    is_half,
    kernel,
    number_argument,
    number_first,
    rounded,
    tensor_argument,
    unrounded,
)
from lucid.ops._pointwise import MATH, binary_kernel, numpy_binary, param_kernel, refuse, unary_kernel, with_complex
from lucid.ops.arithmetic import (
    BROADCAST,
    PROMOTED,
    RECIPROCAL,
    SECOND,
    add,
    conjugate,
    div,
    is_bool,
    is_complex,
    mul,
    neg,
    nothing,
    rsub,
    sub,
)
from lucid.ops.comparison import eq, ge, le, logical_and
from lucid.ops.complex import conj, real
from lucid.ops.magnitude import where
from lucid.ops.view import to_dtype
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ powers

POW = number_first(binary_kernel("pow", INTEGER + MATH))
SQUARE, CUBE = unary_kernel("square", NUMBER), unary_kernel("cube", NUMBER)
SQRT = unary_kernel("sqrt", MATH)
RSQRT = with_complex(unary_kernel("rsqrt", FLOATING), lambda z: 1 / np.sqrt(z))
POWERS = {2: SQUARE, 3: CUBE, 0.5: SQRT, -0.5: RSQRT, -1: RECIPROCAL}
EXCEPTIONS[SQUARE] = lambda x: unary(SQUARE, to_dtype(x, dtypes.int64)) if is_bool(x) else None


@op("pow")
@doc("out = x^y", "g \\cdot \\overline{y \\cdot x^{y - 1}},\\quad g \\cdot \\overline{out \\cdot \\ln x}",
     returns=PROMOTED, input_="Tensor or number: The base.",
     exponent="Tensor or number: Broadcasts with `input_`.",
     raises="RuntimeError: integers are raised to a negative integer\nTypeError: neither is a tensor")  # fmt: skip
def pow(input_: Tensor, exponent, *, out=None) -> Tensor:
    """Each element to a power.

    >>> lucid.pow(lucid.tensor([1.0, 2.0, 3.0]), 2)
    Tensor([1.0, 4.0, 9.0])
    """
    if not isinstance(exponent, Tensor):
        exponent = number_argument("pow", exponent, 2, "exponent")
        tensor_argument("pow", input_)
        if input_.array.dtype.kind == "f":
            if exponent in POWERS:
                return unary(POWERS[exponent], input_)
        elif input_.dtype.is_complex and exponent == 2:
            return unary(SQUARE, input_)
        elif is_bool(input_) and is_bool(exponent):
            return wrap(np.asarray(input_.array | (not exponent)))
        elif input_.array.dtype.kind in "iub" and not isinstance(exponent, (float, complex)) and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        if input_.dtype in dtypes.UNSIGNED and exponent in (0, 1) and not isinstance(exponent, (float, complex)):
            return mul(input_, 1) if exponent else to_dtype(eq(input_, input_), input_.dtype)
        dtype = dtypes.result_dtype((input_, exponent))
        if dtype.kind == 1 or is_half(dtype):
            exponent = element(exponent, dtype)
    elif not isinstance(input_, Tensor):
        exponent = wrap(contiguous(exponent.array))
    return binary(POW, input_, exponent)


def _pow_base_gradient(g, input_, exponent):
    if not isinstance(exponent, Tensor):
        if exponent == 0:
            return nothing(g)
        power = input_ if exponent == 2 and not isinstance(exponent, complex) else pow(input_, exponent - 1)
        return mul(g, conjugate(mul(power, exponent)))
    return where(eq(exponent, 0), 0.0, mul(g, conjugate(mul(exponent, pow(input_, sub(exponent, 1))))))


def _pow_exponent_gradient(g, input_, exponent, exponent_dtype, out):
    out = unrounded(out, exponent, exponent_dtype, lambda: pow(input_, exponent))
    # 0 ** y is 0 for every y >= 0: the logarithm's infinity must not meet that 0.
    positive = ge(real(exponent) if is_complex(exponent) else exponent, 0)
    if not isinstance(input_, Tensor):
        log_base = math.nan if input_ == 0 else np.log(complex(input_) if isinstance(input_, complex) or input_ < 0
                                                        else input_).item()  # fmt: skip
        if isinstance(log_base, complex) and not is_complex(out):
            log_base = math.nan
        if input_ == 0:
            return mul(g, where(positive, 0.0, mul(conjugate(out), -math.inf)))
        return mul(g, conjugate(mul(out, log_base)))
    base = input_ if not is_complex(out) or is_complex(input_) else to_dtype(input_, out.dtype)  # below 0 has a logarithm then
    return mul(g, conjugate(where(logical_and(eq(input_, 0), positive), 0.0, mul(out, log(base)))))


pow.vjp(input_=_pow_base_gradient, exponent=_pow_exponent_gradient)


@op("float_power", composite=True, out="same")
@doc("out = x^y", returns="Of the broadcast shape; float64, or complex128 if one of the two is complex.",
     input_="Tensor or number: The base.", exponent="Tensor or number: Broadcasts with `input_`.")  # fmt: skip
def float_power(input_: Tensor, exponent, *, out=None) -> Tensor:
    """Each element to a power, in double precision.

    >>> lucid.float_power(lucid.tensor([2, 3]), -1).dtype
    lucid.float64
    """
    input_, exponent = number_argument("float_power", input_), number_argument("float_power", exponent, 2, "exponent")
    dtype = dtypes.complex128 if is_complex(input_) or is_complex(exponent) else dtypes.float64
    return pow(*(to_dtype(one, dtype) if isinstance(one, Tensor) else
                 complex(one) if dtype.is_complex else float(one) for one in (input_, exponent)))  # fmt: skip


@op("square")
@doc("out = x^2", "2 g \\cdot \\bar{x}", returns="Of the input's shape and dtype; bools become int64.")
def square(input_: Tensor, *, out=None) -> Tensor:
    """Square of each element.

    >>> lucid.square(lucid.tensor([-3.0, 2.0]))
    Tensor([9.0, 4.0])
    """
    return unary(SQUARE, input_)


square.vjp(input_=lambda g, input_: mul(g, conjugate(mul(input_, 2))))


@op("sqrt")
@doc("out = \\sqrt{x}", "g / (2\\, \\overline{out})")
def sqrt(input_: Tensor, *, out=None) -> Tensor:
    """Square root of each element; NaN of negative ones.

    >>> lucid.sqrt(lucid.tensor([4.0, 9.0]))
    Tensor([2.0, 3.0])
    """
    return unary(SQRT, input_)


sqrt.vjp(input_=lambda g, out: div(g, conjugate(mul(out, 2))))


@op("rsqrt")
@doc("out = 1 / \\sqrt{x}", "-\\tfrac{1}{2} g \\cdot \\overline{out^3}")
def rsqrt(input_: Tensor, *, out=None) -> Tensor:
    """One over the square root of each element.

    >>> lucid.rsqrt(lucid.tensor([4.0, 0.25]))
    Tensor([0.5, 2.0])
    """
    return unary(RSQRT, input_)


rsqrt.vjp(input_=lambda g, out: mul(mul(g, -0.5), conjugate(mul(out, mul(out, out)))))


# -------------------------------------------------------------------------------- exponentials and logarithms

EXP = unary_kernel("exp", MATH)


@op("exp")
@doc("out = e^x", "g \\cdot \\overline{out}")
def exp(input_: Tensor, *, out=None) -> Tensor:
    """Exponential of each element.

    >>> lucid.exp(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(EXP, input_)


exp.vjp(input_=lambda g, out: mul(g, conjugate(out)))

EXP2 = with_complex(unary_kernel("exp2", FLOATING), lambda z: np.exp((z.view(z.real.dtype) * math.log(2)).view(z.dtype)))


@op("exp2", aliases=("special.exp2",))
@doc("out = 2^x", "g \\cdot \\overline{out} \\cdot \\ln 2")
def exp2(input_: Tensor, *, out=None) -> Tensor:
    """Two to the power of each element.

    >>> lucid.exp2(lucid.tensor([3.0]))
    Tensor([8.0])
    """
    return unary(EXP2, input_)


exp2.vjp(input_=lambda g, out: mul(g, conjugate(mul(out, math.log(2)))))

EXPM1 = with_complex(unary_kernel("expm1", FLOATING), np.expm1)


@op("expm1", aliases=("special.expm1",))
@doc("out = e^x - 1", "g \\cdot (\\overline{out} + 1)")
def expm1(input_: Tensor, *, out=None) -> Tensor:
    """Exponential minus one, exact near 0.

    >>> lucid.expm1(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(EXPM1, input_)


expm1.vjp(input_=lambda g, out: mul(g, conjugate(add(out, 1))))

LOG = unary_kernel("log", MATH)


@op("log")
@doc("out = \\ln x", "g / \\bar{x}")
def log(input_: Tensor, *, out=None) -> Tensor:
    """Natural logarithm of each element; NaN of negative ones.

    >>> lucid.log(lucid.tensor([1.0]))
    Tensor([0.0])
    """
    return unary(LOG, input_)


log.vjp(input_=lambda g, input_: div(g, conjugate(input_)))

LOG2 = unary_kernel("log2", MATH)


@op("log2")
@doc("out = \\log_2 x", "g / (\\bar{x} \\ln 2)")
def log2(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm to base 2 of each element.

    >>> lucid.log2(lucid.tensor([8.0]))
    Tensor([3.0])
    """
    return unary(LOG2, input_)


log2.vjp(input_=lambda g, input_: div(g, conjugate(mul(input_, math.log(2)))))

LOG10 = unary_kernel("log10", MATH)


@op("log10")
@doc("out = \\log_{10} x", "g / (\\bar{x} \\ln 10)")
def log10(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm to base 10 of each element.

    >>> lucid.log10(lucid.tensor([100.0]))
    Tensor([2.0])
    """
    return unary(LOG10, input_)


log10.vjp(input_=lambda g, input_: div(g, conjugate(mul(input_, math.log(10)))))



def _log1p_complex(z: np.ndarray) -> np.ndarray:
    """Of small numbers by the square of |1 + z| less one; NumPy's loses what is small in the real part."""
    out, x, y = np.empty_like(z), z.real, z.imag
    square = x * (2 + x) + y * y
    small = np.where(square == 0, x, 0.5 * np.log1p(square))
    out.real = np.where(np.hypot(x, y) < 0.5, small, np.log(np.hypot(1 + x, y)))
    out.imag = np.arctan2(y, 1 + x)
    return out


LOG1P = with_complex(unary_kernel("log1p", FLOATING), _log1p_complex)


@op("log1p", aliases=("special.log1p",))
@doc("out = \\ln (1 + x)", "g / (1 + \\bar{x})")
def log1p(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of one plus each element, exact near 0.

    >>> lucid.log1p(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(LOG1P, input_)


log1p.vjp(input_=lambda g, input_: div(g, conjugate(add(input_, 1))))


# ------------------------------------------------------------------------------------------------ other functions

ERF = unary_kernel("erf", FLOATING)


@op("erf", aliases=("special.erf",))
@doc("out = \\tfrac{2}{\\sqrt{\\pi}} \\int_0^x e^{-t^2} dt", "\\tfrac{2}{\\sqrt{\\pi}}\\, g \\cdot e^{-x^2}")
def erf(input_: Tensor, *, out=None) -> Tensor:
    """Error function of each element.

    >>> lucid.erf(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(ERF, input_)


erf.vjp(input_=lambda g, input_: mul(g, mul(exp(neg(square(input_))), 2 / math.sqrt(math.pi))))

ERFC = unary_kernel("erfc", FLOATING)


@op("erfc", aliases=("special.erfc",))
@doc("out = 1 - \\mathrm{erf}(x)", "-\\tfrac{2}{\\sqrt{\\pi}}\\, g \\cdot e^{-x^2}")
def erfc(input_: Tensor, *, out=None) -> Tensor:
    """Complement of the error function, exact where it is small.

    >>> lucid.erfc(lucid.tensor([0.0]))
    Tensor([1.0])
    """
    return unary(ERFC, input_)


erfc.vjp(input_=lambda g, input_: mul(g, mul(exp(neg(square(input_))), -2 / math.sqrt(math.pi))))


TANH = unary_kernel("tanh", MATH)
SIGMOID = unary_kernel("sigmoid", MATH)
TANH_BACKWARD = kernel(pointwise.backward, "tanh_backward", FLOATING, pointwise.codes["tanh"])
SIGMOID_BACKWARD = kernel(pointwise.backward, "sigmoid_backward", FLOATING, pointwise.codes["sigmoid"])


@op("tanh", aliases=("nn.functional.tanh",))
@doc("out = \\tanh x", "g \\cdot (1 - \\overline{out^2})")
def tanh(input_: Tensor, *, out=None) -> Tensor:
    """Hyperbolic tangent of each element.

    >>> lucid.tanh(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(TANH, input_)


tanh.vjp(input_=lambda g, out: _tanh_backward(g, out))


@op("_tanh_backward")
def _tanh_backward(grad, output):
    """The gradient of `tanh`: `grad * (1 - output**2)`."""
    if is_complex(output) or is_complex(grad):
        return mul(grad, conj(rsub(mul(output, output), 1)))
    return core.backward(TANH_BACKWARD, grad, output)


_tanh_backward.vjp(
    grad=lambda g, output: conjugate(_tanh_backward(conjugate(g), output)),
    output=lambda g, grad, output: mul(mul(mul(conjugate(g), grad), conjugate(output)), -2),
)


@op("sigmoid", aliases=("special.expit", "nn.functional.sigmoid"))
@doc("out = 1 / (1 + e^{-x})", "g \\cdot \\overline{(1 - out) \\cdot out}")
def sigmoid(input_: Tensor, *, out=None) -> Tensor:
    """Logistic function of each element.

    >>> lucid.sigmoid(lucid.tensor([0.0]))
    Tensor([0.5])
    """
    return unary(SIGMOID, input_)


sigmoid.vjp(input_=lambda g, out: _sigmoid_backward(g, out))


@op("_sigmoid_backward")
def _sigmoid_backward(grad, output):
    """The gradient of `sigmoid`: `grad * (1 - output) * output`."""
    if is_complex(output) or is_complex(grad):
        return mul(grad, conj(mul(rsub(output, 1), output)))
    return core.backward(SIGMOID_BACKWARD, grad, output)


_sigmoid_backward.vjp(
    grad=lambda g, output: conjugate(_sigmoid_backward(conjugate(g), output)),
    output=lambda g, grad, output: mul(mul(conjugate(g), grad), rsub(mul(conjugate(output), 2), 1)),
)

LOGIT = unary_kernel("logit", FLOATING)
LOGIT_EPS = param_kernel("logit", code="logit_eps")


@op("logit", aliases=("special.logit",), wide=True)
@doc("out = \\ln (x / (1 - x))", "g / (x (1 - x))\\quad \\text{(0 where } x \\text{ was clamped)}",
     eps="float, optional: Clamp `input_` between `eps` and `1 - eps` first.")  # fmt: skip
def logit(input_: Tensor, eps: float | None = None, *, out=None) -> Tensor:
    """Inverse of the logistic function; NaN outside of [0, 1].

    >>> lucid.logit(lucid.tensor([0.5]))
    Tensor([0.0])
    """
    dtype = tensor_argument("logit", input_).dtype
    if eps is None or dtype.is_complex:
        return unary(LOGIT, input_)
    eps = float(eps)
    return unary_param(LOGIT_EPS, input_, element(eps, dtype) if dtype.kind == 2 else eps)


def _logit_gradient(g, input_, input_dtype, eps):
    slope = div(g, mul(input_, rsub(input_, 1)))
    low, outside = (0.0, math.nan) if eps is None or eps < 0 else (eps, 0.0)
    low, high = (rounded(one, input_dtype) for one in (low, 1.0 - low))
    return where(logical_and(ge(input_, low), le(input_, high)), slope, outside)


logit.vjp(input_=_logit_gradient)


# ------------------------------------------------------------------------------------------------ of two numbers

LOGADDEXP, LOGADDEXP2 = (refuse(binary_kernel(name, FLOATING)) for name in ("logaddexp", "logaddexp2"))
XLOGY = number_first(binary_kernel("xlogy", FLOATING))


def _complex_logaddexp(x, y):
    if not (is_complex(x) or is_complex(y)):
        return None

    def function(x, y):
        x, y = np.broadcast_arrays(x, y)
        larger = x.real >= y.real
        top, low = np.where(larger, x, y), np.where(larger, y, x)
        infinite = np.isinf(top.real) & (top.real < 0)
        return np.where(infinite, top, top + np.log1p(np.exp(np.where(infinite, 0, low - top))))

    return numpy_binary("logaddexp", x, y, function, COMPLEX)


EXCEPTIONS[LOGADDEXP] = _complex_logaddexp


@op("logaddexp")
@doc("out = \\ln (e^x + e^y)", "g / (1 + e^{y - x}),\\quad g / (1 + e^{x - y})", returns=BROADCAST,
     other=SECOND)  # fmt: skip
def logaddexp(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Logarithm of the sum of exponentials, without overflow on the way.

    >>> lucid.logaddexp(lucid.tensor([1000.0]), lucid.tensor([0.0]))
    Tensor([1000.0])
    """
    return binary(LOGADDEXP, input_, tensor_argument("logaddexp", other, 2, "other"))


logaddexp.vjp(
    input_=lambda g, input_, other: div(g, conjugate(add(exp(sub(other, input_)), 1))),
    other=lambda g, input_, other: div(g, conjugate(add(exp(sub(input_, other)), 1))),
)


@op("logaddexp2")
@doc("out = \\log_2 (2^x + 2^y)", "g / (1 + 2^{y - x}),\\quad g / (1 + 2^{x - y})", returns=BROADCAST,
     other=SECOND)  # fmt: skip
def logaddexp2(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Logarithm to base 2 of the sum of powers of 2, without overflow on the way.

    >>> lucid.logaddexp2(lucid.tensor([3.0]), lucid.tensor([3.0]))
    Tensor([4.0])
    """
    return binary(LOGADDEXP2, input_, tensor_argument("logaddexp2", other, 2, "other"))


logaddexp2.vjp(
    input_=lambda g, input_, other: div(g, add(exp2(sub(other, input_)), 1)),
    other=lambda g, input_, other: div(g, add(exp2(sub(input_, other)), 1)),
)


@op("xlogy", aliases=("special.xlogy",))
@doc("out = x \\ln y", "g \\cdot \\ln y\\; (0 \\text{ where } x = 0 \\ge y),\\quad g \\cdot x / y",
     returns="Of the broadcast shape, floating.", input_="Tensor or number: The factor.")  # fmt: skip
def xlogy(input_: Tensor, other, *, out=None) -> Tensor:
    """A number times the logarithm of another; 0 where the factor is 0.

    >>> lucid.xlogy(lucid.tensor([0.0, 2.0]), lucid.tensor([0.0, 1.0]))
    Tensor([0.0, 0.0])
    """
    return binary(XLOGY, input_, other)


def times_log(log_of, g, factor, x, pole: float) -> Tensor:
    """The gradient of the factor of a logarithm, `log_of(g, x)`, but 0 where the factor is 0 and there is no logarithm."""
    outside = le(x, pole) if isinstance(x, Tensor) else wrap(np.asarray(x <= pole))
    return where(logical_and(eq(factor, 0), outside), 0.0, log_of(g, x))


xlogy.vjp(
    input_=lambda g, input_, other: times_log(xlogy, g, input_, other, 0),
    other=lambda g, input_, other: div(mul(g, input_), other),
)


LDEXP = binary_kernel("ldexp", FLOATING)


@op("ldexp", out="cast overlap")
@doc("out = x \\cdot 2^y", "g \\cdot 2^{\\bar{y}},\\quad g \\cdot \\overline{out} \\cdot \\ln 2", returns="Of the broadcast "
     "shape, floating or complex.", other="Tensor: The exponents.",
     raises="NotImplementedError: the exponents are bools and `input_` is floating")  # fmt: skip
def ldexp(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Each element times a power of two; exact for whole exponents.

    >>> lucid.ldexp(lucid.tensor([1.0, 3.0]), lucid.tensor([2]))
    Tensor([4.0, 12.0])
    """
    tensor_argument("ldexp", input_)
    tensor_argument("ldexp", other, 2, "other")
    if input_.dtype.is_floating_point and other.dtype is dtypes.bool:
        raise NotImplementedError("\"ldexp\" not implemented for 'Bool'")
    if input_.dtype.is_floating_point and other.dtype.kind == 1:
        return elementwise(LDEXP, (input_, other), input_.dtype)
    dtype = dtypes.to_floating(dtypes.result_dtype((input_, other)))
    return mul(input_, pow(2.0, to_dtype(other, dtype)))


ldexp.vjp(
    input_=lambda g, other: mul(g, conjugate(exp2(other))),
    other=lambda g, out: mul(g, conjugate(mul(out, math.log(2)))),
)


@op("frexp")
def frexp(input_: Tensor, *, out=None) -> return_types.frexp:
    """Mantissa and exponent of each element: `input_ = mantissa * 2**exponent`.

    Parameters
    ----------
    input_ : Tensor
        Floating, of any shape.
    out : tuple of two Tensors, optional
        Where the results are written.

    Returns
    -------
    mantissa : Tensor
        Between 0.5 and 1 in absolute value, or 0.
    exponent : Tensor
        int32.

    Raises
    ------
    RuntimeError
        If the tensor is not floating.

    Notes
    -----
    .. math:: x = mantissa \\cdot 2^{exponent}

    Gradient, from that of the mantissa :math:`g`:

    .. math:: g / 2^{exponent}

    Examples
    --------
    >>> lucid.frexp(lucid.tensor([6.0])).exponent
    Tensor([3], dtype=lucid.int32)
    """
    tensor_argument("frexp", input_)
    if not input_.dtype.is_floating_point:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    wide = input_.array if input_.array.itemsize > 2 else cast(input_.array, FLOAT32)
    mantissa, exponent = np.frexp(wide)
    exponent = np.where(np.isfinite(wide), exponent, 0).astype(np.int32)
    return return_types.frexp(wrap(np.asarray(mantissa).astype(input_.array.dtype, copy=False)), wrap(np.asarray(exponent)))


frexp.vjp(input_=lambda g, indices: None if g[0] is None else div(g[0], exp2(indices)))
