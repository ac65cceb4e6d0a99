"""Elementwise arithmetic and mathematics.

Each operation is its declaration, one kernel call, and below it the rule of each input. `unary` and `binary` are
the frame: they promote, broadcast and find the specialisation; the rules know nothing of that. What a kernel does
with the dtypes that it does not compute in stands beside the kernel (`_pointwise.py`); what an operation does with
operands that no kernel takes as they are, in `EXCEPTIONS`.

Gradients of holomorphic functions are conjugated, as PyTorch's are; `conjugate` costs nothing for real numbers.
"""

from __future__ import annotations

import builtins
import math
from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import core, pointwise
from lucid._kernels.core import backward, binary, unary, unary_param, wrap
from lucid.autograd.op import Supplied, op
from lucid.ops._doc import doc
from lucid.ops._frame import (
    BOOL,
    COMPLEX,
    COMPLEX64,
    EXCEPTIONS,
    FLOATING,
    INTEGER,
    NUMBER,
    REAL,
    as_array,
    broadcast_shapes,
    cast,
    contiguous,
    elementwise,
    empty,
    flat,
    kernel,
    layout,
    native,
    number_argument,
    number_first,
    ordered_empty,
    row,
    tensor_argument,
)
from lucid.ops._frame import unary as general_unary
from lucid.ops._pointwise import (
    MATH,
    WHERE,
    _copy,
    binary_kernel,
    copy_integers,
    double,
    numpy_binary,
    numpy_kernel,
    override,
    param_kernel,
    refuse,
    ternary,
    ternary_kernel,
    unary_kernel,
)
from lucid.ops.comparison import LOGICAL_OR, eq, ge, gt, isinf, isnan, le, logical_and, logical_or, lt
from lucid.ops.complex import complex as make_complex
from lucid.ops.complex import conj, real, real_pair
from lucid.ops.view import to_dtype
from lucid.tensor import Tensor

PROMOTED = "Of the broadcast shape and the promoted dtype."
BROADCAST = "Of the broadcast shape."
SECOND = "Tensor: Broadcasts with `input_`."
FACTOR = "number, optional: Factor of `other`. Default: 1."
BY_ZERO = "RuntimeError: an integer is divided by zero"
UNSIGNED_NEGATION = (
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` "
    "or `logical_not()` operator instead."
)


def with_complex(kernel_, function):
    """Add complex numbers to a kernel of real ones, computed with NumPy in double precision."""

    def run(x, out, code, *_):
        with np.errstate(all="ignore"):
            np.asarray(out)[...] = function(np.asarray(x).astype(np.complex128))

    return override(kernel_, dict.fromkeys(COMPLEX, run))


def conjugate(x):
    """The conjugate, for rules: real tensors and numbers are returned as they are."""
    if isinstance(x, Tensor):
        return conj(x) if x.array.dtype.kind == "c" else x
    return x.conjugate() if isinstance(x, complex) else x


def nothing(g: Tensor) -> Tensor:
    """The gradient of what is constant almost everywhere."""
    return Supplied.zeros(g.array.shape, g.dtype)


def is_complex(x) -> bool:
    """Whether a tensor or number is complex."""
    return x.array.dtype.kind == "c" if isinstance(x, Tensor) else isinstance(x, complex)


# ------------------------------------------------------------------------------------------------ sums, products

ADD = number_first(override(binary_kernel("add", NUMBER), {
    BOOL: lambda x, y, out, code, walk=None: LOGICAL_OR.table[BOOL.num](x, y, out, LOGICAL_OR.code, walk)
}), both=True)  # fmt: skip
SUB = number_first(refuse(
    binary_kernel("sub", NUMBER), (BOOL,), RuntimeError,
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator "
    "instead.",
), both=True)  # fmt: skip
MUL = number_first(binary_kernel("mul", (BOOL, *NUMBER)), both=True)
ADDCMUL = ternary_kernel("addcmul", NUMBER)
SCALED = {name: kernel(pointwise.backward, name, FLOATING, pointwise.codes["add_scaled"]) for name in ("add", "sub")}
ONE = 1


def _check_subtraction(x, y) -> None:
    if (is_bool(x)) != (is_bool(y)):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )


def is_bool(x) -> bool:
    """Whether a tensor holds bools, or a number is one."""
    return x.array.dtype == BOOL if isinstance(x, Tensor) else isinstance(x, bool)


EXCEPTIONS[SUB] = _check_subtraction


def _add_scaled(name: str, x, y, alpha) -> Tensor:
    """`x + alpha * y`, in one pass over the elements."""
    if isinstance(x, Tensor) and isinstance(y, Tensor) and type(alpha) in (float, int):
        a, b = x.array, y.array
        if a.dtype is b.dtype and a.dtype in FLOATING and a.shape == b.shape:
            return backward(SCALED[name], x, y, alpha)
    x, y = number_argument(name, x), number_argument(name, y, 2, "other")
    alpha = alpha.item() if isinstance(alpha, (Tensor, np.generic)) else alpha
    dtype = dtypes.result_dtype((x, y))
    if isinstance(alpha, bool) and dtype is not dtypes.bool:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and dtype.kind < 2:
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if isinstance(alpha, complex):
        if not dtype.is_complex:
            raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")
        return binary(ADD, x, binary(MUL, y, alpha))
    if dtype is dtypes.bool:
        return binary(ADD, x, binary(MUL, y, bool(alpha)))
    return ternary(ADDCMUL, x, 1, y, alpha, dtype)  # alpha * 1 is exact; y joins in the fused step


@op("add")
@doc("out = x + alpha \\cdot y", "g,\\quad alpha \\cdot g", returns=PROMOTED,
     alpha=FACTOR)  # fmt: skip
def add(input_: Tensor, other, *, alpha=1, out=None) -> Tensor:
    """Sum of two tensors, or of a tensor and a number.

    >>> lucid.add(lucid.tensor([1.0, 2.0]), lucid.tensor([10.0, 20.0]), alpha=2)
    Tensor([21.0, 42.0])
    """
    if alpha is ONE:
        return binary(ADD, input_, other)
    return _add_scaled("add", input_, other, alpha)


add.vjp(input_=lambda g: g, other=lambda g, alpha: g if alpha is ONE else mul(g, conjugate(alpha)))


@op("sub", aliases=("subtract",))
@doc("out = x - alpha \\cdot y", "g,\\quad -alpha \\cdot g", returns=PROMOTED,
     alpha=FACTOR, raises="RuntimeError: a tensor is bool")  # fmt: skip
def sub(input_: Tensor, other, *, alpha=1, out=None) -> Tensor:
    """Difference of two tensors, or of a tensor and a number.

    >>> lucid.sub(lucid.tensor([3, 4]), 1)
    Tensor([2, 3])
    """
    if alpha is ONE:
        return binary(SUB, input_, other)
    _check_subtraction(input_, other)
    if is_bool(input_):
        return binary(SUB, input_, other)
    return _add_scaled("sub", input_, other, -alpha)


sub.vjp(input_=lambda g: g, other=lambda g, alpha: neg(g) if alpha is ONE else mul(g, conjugate(-alpha)))


@op("rsub")
@doc("out = y - alpha \\cdot x", "-alpha \\cdot g,\\quad g", returns=PROMOTED,
     alpha="number, optional: Factor of `input_`. Default: 1.", raises="RuntimeError: a tensor is bool")  # fmt: skip
def rsub(input_: Tensor, other, *, alpha=1) -> Tensor:
    """Difference with its operands exchanged.

    >>> lucid.rsub(lucid.tensor([3, 4]), 1)
    Tensor([-2, -3])
    """
    tensor_argument("rsub", input_)
    if alpha is ONE:
        return binary(SUB, other, input_)
    return sub(other, input_, alpha=alpha)


rsub.vjp(input_=lambda g, alpha: neg(g) if alpha is ONE else mul(g, conjugate(-alpha)), other=lambda g: g)


@op("mul", aliases=("multiply",))
@doc("out = x \\cdot y", "g \\cdot \\bar{y},\\quad g \\cdot \\bar{x}",
     returns=PROMOTED)  # fmt: skip
def mul(input_: Tensor, other, *, out=None) -> Tensor:
    """Product of two tensors, or of a tensor and a number.

    >>> lucid.mul(lucid.tensor([1.0, 2.0]), 3)
    Tensor([3.0, 6.0])
    """
    return binary(MUL, input_, other)


mul.vjp(input_=lambda g, other: mul(g, conjugate(other)), other=lambda g, input_: mul(g, conjugate(input_)))


@op("addcmul")
@doc("out = x + value \\cdot y \\cdot z",
     "g,\\quad value \\cdot g \\cdot \\bar{z},\\quad value \\cdot g \\cdot \\bar{y}",
     returns=PROMOTED, value="number, optional: Factor of the product. Default: 1.",
     tensor1="Tensor: The first factor.", tensor2="Tensor: The second factor.")  # fmt: skip
def addcmul(input_: Tensor, tensor1: Tensor, tensor2: Tensor, *, value=1, out=None) -> Tensor:
    """Sum of a tensor and the product of two others.

    >>> lucid.addcmul(lucid.tensor([1.0]), lucid.tensor([2.0]), lucid.tensor([3.0]), value=10)
    Tensor([61.0])
    """
    for at, one in enumerate((input_, tensor1, tensor2), 1):
        tensor_argument("addcmul", one, at, ("input", "tensor1", "tensor2")[at - 1])
    if isinstance(value, complex):
        tensor1, value = mul(tensor1, value), 1
    return ternary(ADDCMUL, input_, tensor1, tensor2, value)


addcmul.vjp(
    input_=lambda g: g,
    tensor1=lambda g, tensor2, value: mul(g, conjugate(mul(tensor2, value))),
    tensor2=lambda g, tensor1, value: mul(g, conjugate(mul(tensor1, value))),
)


# ------------------------------------------------------------------------------------------------ division

DIV = number_first(binary_kernel("div", MATH), both=True)
ADDCDIV = ternary_kernel("addcdiv", MATH)


def _division(name: str):
    """A division with remainder: integers are refused where the divisor is zero, bools altogether."""
    floating, integers = binary_kernel(name, FLOATING), binary_kernel(name, INTEGER)

    def divide(x, y):
        dtype = dtypes.result_dtype((x, y))
        if dtype.itemsize == 2 and dtype.kind == 2 and name == "trunc_divide":
            return unary(TRUNC, binary(DIV, x, y))  # the quotient is rounded to half precision first, as PyTorch's
        if dtype.kind != 1:
            return elementwise(integers if dtype.kind == 0 else floating, (x, y), dtype)
        divisor = as_array(y, dtype.numpy)
        if not divisor.all() and (not isinstance(x, Tensor) or x.array.size):
            raise RuntimeError("ZeroDivisionError")
        return elementwise(integers, (x, y), dtype)

    EXCEPTIONS[floating] = divide
    return floating


FMOD, REMAINDER, TRUNC_DIVIDE, FLOOR_DIVIDE = map(_division, ("fmod", "remainder", "trunc_divide", "floor_divide"))
number_first(REMAINDER)
number_first(TRUNC_DIVIDE, both=True)
number_first(FLOOR_DIVIDE, both=True)


@op("div", aliases=("divide", "true_divide"))
@doc("out = x / y", "g / \\bar{y},\\quad -g \\cdot \\overline{out / y}\\quad \\text{(0 for a rounded quotient)}",
     returns="Of the broadcast shape; floating, unless integers are divided and rounded.",
     rounding_mode="{None, 'trunc', 'floor'}, optional: Towards what the quotient is rounded.",
     raises="RuntimeError: `rounding_mode` is none of these\n"
            "RuntimeError: an integer is divided by zero and rounded")  # fmt: skip
def div(input_: Tensor, other, *, rounding_mode=None, out=None) -> Tensor:
    """Quotient of two tensors, or of a tensor and a number.

    >>> lucid.div(lucid.tensor([7, -7]), 2)
    Tensor([3.5, -3.5])
    >>> lucid.div(lucid.tensor([7, -7]), 2, rounding_mode="floor")
    Tensor([3, -4])
    """
    if rounding_mode is None:
        return binary(DIV, input_, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return binary(TRUNC_DIVIDE if rounding_mode == "trunc" else FLOOR_DIVIDE, input_, other)


div.vjp(
    input_=lambda g, other, rounding_mode: nothing(g) if rounding_mode else div(g, conjugate(other)),
    other=lambda g, other, out, rounding_mode: nothing(g) if rounding_mode else neg(mul(g, conjugate(div(out, other)))),
)


@op("floor_divide", gradient=False)
@doc("out = \\lfloor x / y \\rfloor", returns=f"{PROMOTED} Outside the graph.",
     raises=BY_ZERO)  # fmt: skip
def floor_divide(input_: Tensor, other, *, out=None) -> Tensor:
    """Quotient rounded down.

    >>> lucid.floor_divide(lucid.tensor([7, -7]), 2)
    Tensor([3, -4])
    """
    return binary(FLOOR_DIVIDE, input_, other)


@op("fmod")
@doc("out = x - y \\cdot \\mathrm{trunc}(x / y)", "g,\\quad -g \\cdot \\mathrm{trunc}(x / y)",
     returns=PROMOTED, raises=BY_ZERO)  # fmt: skip
def fmod(input_: Tensor, other, *, out=None) -> Tensor:
    """Remainder of a division rounded towards zero: it has the sign of the dividend.

    >>> lucid.fmod(lucid.tensor([7.0, -7.0]), 3)
    Tensor([1.0, -1.0])
    """
    return binary(FMOD, input_, other)


fmod.vjp(
    input_=lambda g: g,
    other=lambda g, input_, other: neg(mul(g, div(input_, other, rounding_mode="trunc"))),
)


@op("remainder")
@doc("out = x - y \\cdot \\lfloor x / y \\rfloor", "g,\\quad -g \\cdot \\lfloor x / y \\rfloor",
     returns=PROMOTED, raises=BY_ZERO)  # fmt: skip
def remainder(input_: Tensor, other, *, out=None) -> Tensor:
    """Remainder of a division rounded down: it has the sign of the divisor, as Python's `%`.

    >>> lucid.remainder(lucid.tensor([7.0, -7.0]), 3)
    Tensor([1.0, 2.0])
    """
    return binary(REMAINDER, input_, other)


remainder.vjp(
    input_=lambda g: g,
    other=lambda g, input_, other: neg(mul(g, div(input_, other, rounding_mode="floor"))),
)


@op("addcdiv")
@doc("out = x + value \\cdot y / z",
     "g,\\quad value \\cdot g / \\bar{z},\\quad -value \\cdot g \\cdot \\overline{y / z^2}",
     returns=PROMOTED, value="number, optional: Factor of the quotient. Default: 1.",
     tensor1="Tensor: The dividend.", tensor2="Tensor: The divisor.",
     raises="RuntimeError: both `tensor1` and `tensor2` hold integers")  # fmt: skip
def addcdiv(input_: Tensor, tensor1: Tensor, tensor2: Tensor, *, value=1, out=None) -> Tensor:
    """Sum of a tensor and the quotient of two others.

    >>> lucid.addcdiv(lucid.tensor([1.0]), lucid.tensor([6.0]), lucid.tensor([3.0]), value=10)
    Tensor([21.0])
    """
    for at, one in enumerate((input_, tensor1, tensor2), 1):
        tensor_argument("addcdiv", one, at, ("input", "tensor1", "tensor2")[at - 1])
    if tensor1.dtype.kind < 2 and tensor2.dtype.kind < 2:
        raise RuntimeError(
            "Integer division with addcdiv is not supported: use input + value * torch.trunc(tensor1 / tensor2), or "
            "convert tensor1 and tensor2 to a floating dtype"
        )
    if isinstance(value, complex):
        tensor1, value = mul(tensor1, value), 1
    return ternary(ADDCDIV, input_, tensor1, tensor2, value)


addcdiv.vjp(
    input_=lambda g: g,
    tensor1=lambda g, tensor2, value: mul(g, conjugate(div(value, tensor2))),
    tensor2=lambda g, tensor1, tensor2, value: neg(mul(g, conjugate(div(mul(tensor1, value), mul(tensor2, tensor2))))),
)


@op("reciprocal")
@doc("out = 1 / x", "-g \\cdot \\overline{out^2}")
def reciprocal(input_: Tensor, *, out=None) -> Tensor:
    """One over each element.

    >>> lucid.reciprocal(lucid.tensor([2.0, 4.0]))
    Tensor([0.5, 0.25])
    """
    return unary(RECIPROCAL, input_)


RECIPROCAL = unary_kernel("reciprocal", MATH)
reciprocal.vjp(input_=lambda g, out: neg(mul(g, conjugate(mul(out, out)))))


# ------------------------------------------------------------------------------------------------ powers

POW = number_first(binary_kernel("pow", INTEGER + MATH))
SQUARE = unary_kernel("square", NUMBER)
SQRT = unary_kernel("sqrt", MATH)
RSQRT = with_complex(unary_kernel("rsqrt", FLOATING), lambda z: 1 / np.sqrt(z))
POWERS = {2: SQUARE, 0.5: SQRT, -0.5: RSQRT, -1: RECIPROCAL}
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
        elif is_bool(input_) and is_bool(exponent):
            return wrap(np.asarray(input_.array | (not exponent)))
        elif input_.array.dtype.kind in "iub" and not isinstance(exponent, (float, complex)) and exponent < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
    return binary(POW, input_, exponent)


def _pow_base_gradient(g, input_, exponent):
    if not isinstance(exponent, Tensor):
        if exponent == 0:
            return nothing(g)
        return mul(g, conjugate(mul(pow(input_, exponent - 1), exponent)))
    return where(eq(exponent, 0), 0.0, mul(g, conjugate(mul(exponent, pow(input_, sub(exponent, 1))))))


def _pow_exponent_gradient(g, input_, exponent, out):
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
    return mul(g, conjugate(where(logical_and(eq(input_, 0), positive), 0.0, mul(out, log(input_)))))


pow.vjp(input_=_pow_base_gradient, exponent=_pow_exponent_gradient)


@op("float_power", composite=True)
@doc("out = x^y", returns="Of the broadcast shape; float64, or complex128 if one of the two is complex.",
     input_="Tensor or number: The base.", exponent="Tensor or number: Broadcasts with `input_`.")  # fmt: skip
def float_power(input_: Tensor, exponent, *, out=None) -> Tensor:
    """Each element to a power, in double precision.

    >>> lucid.float_power(lucid.tensor([2, 3]), -1).dtype
    lucid.float64
    """
    dtype = dtypes.complex128 if is_complex(input_) or is_complex(exponent) else dtypes.float64
    return pow(*(to_dtype(one, dtype) if isinstance(one, Tensor) else
                 complex(one) if dtype.is_complex else float(one) for one in (input_, exponent)))  # fmt: skip


@op("square")
@doc("out = x^2", "2 g \\cdot \\bar{x}")
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


# ------------------------------------------------------------------------------------------------ sign, size

NEG = refuse(unary_kernel("neg", NUMBER), (BOOL,), RuntimeError, UNSIGNED_NEGATION)
ABS = refuse(unary_kernel("abs", REAL), (BOOL,))
SIGN = override(unary_kernel("sign", REAL), {BOOL: _copy})
SGN = override(unary_kernel("sign", REAL), {
    BOOL: _copy,
    **{one: lambda x, out, code, *_, f=pointwise.unary[name]: f(x, out, pointwise.codes["sgn"])
       for one, name in zip(COMPLEX, ("float complex", "double complex"))},
})  # fmt: skip


def complex_to_real(name: str, x: Tensor) -> Tensor:
    """The absolute value or angle of complex numbers."""
    array = contiguous(native(x.array))
    out = empty(array.shape, FLOATING[array.dtype != COMPLEX64])
    if out.size:
        pointwise.complex_to_real["float" if array.dtype == COMPLEX64 else "double"](
            flat(array.reshape(-1).view(out.dtype)), flat(out), pointwise.codes[name]
        )
    return wrap(out)


EXCEPTIONS[ABS] = lambda x: complex_to_real("abs", x) if x.array.dtype.kind == "c" else None


@op("neg", aliases=("negative",))
@doc("out = -x", "-g", raises="RuntimeError: the tensor is bool")
def neg(input_: Tensor, *, out=None) -> Tensor:
    """Each element with its sign reversed.

    >>> lucid.neg(lucid.tensor([1.0, -2.0]))
    Tensor([-1.0, 2.0])
    """
    return unary(NEG, input_)


neg.vjp(input_=lambda g: neg(g))


@op("positive", composite=True)
@doc("out = x", returns="The tensor itself.", raises="RuntimeError: the tensor is bool")
def positive(input_: Tensor) -> Tensor:
    """The tensor itself, as `+x`.

    >>> lucid.positive(lucid.tensor([1.0, -2.0]))
    Tensor([1.0, -2.0])
    """
    if is_bool(tensor_argument("positive", input_)):
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input_


@op("abs", aliases=("absolute",))
@doc("out = |x|", "g \\cdot \\mathrm{sgn}(x)", returns="Of the input's shape; real.")
def abs(input_: Tensor, *, out=None) -> Tensor:
    """Absolute value of each element.

    >>> lucid.abs(lucid.tensor([-1.5, 2.0]))
    Tensor([1.5, 2.0])
    """
    return unary(ABS, input_)


abs.vjp(input_=lambda g, input_: mul(g, sgn(input_)))


@op("sign")
@doc("out = [x > 0] - [x < 0]", "0", raises="NotImplementedError: the tensor is complex: use `sgn`")
def sign(input_: Tensor, *, out=None) -> Tensor:
    """Sign of each element: -1, 0 or 1.

    >>> lucid.sign(lucid.tensor([-1.5, 0.0, 2.0]))
    Tensor([-1.0, 0.0, 1.0])
    """
    return unary(SIGN, input_)


sign.vjp(input_=lambda g: nothing(g))


@op("sgn")
@doc("out = x / |x|", "(g - out \\cdot \\mathrm{Re}(\\overline{out} \\cdot g)) / |x|,\\quad \\text{0 for real numbers}")
def sgn(input_: Tensor, *, out=None) -> Tensor:
    """Direction of each element: of absolute value 1, or 0.

    >>> lucid.sgn(lucid.tensor([3 + 4j]))
    Tensor([0.6+0.8j])
    """
    return unary(SGN, input_)


def _sgn_gradient(g, input_, out):
    if not is_complex(input_):
        return nothing(g)
    along = mul(out, real(mul(conj(out), g)))
    return where(eq(input_, 0), 0.0, div(sub(g, along), abs(input_)))


sgn.vjp(input_=_sgn_gradient)

COPYSIGN = binary_kernel("copysign", FLOATING)


@op("copysign")
@doc("out = |x| \\cdot \\mathrm{sign}(y)", "g \\cdot out / x \\text{ (0 at 0)},\\quad 0", returns=BROADCAST)
def copysign(input_: Tensor, other, *, out=None) -> Tensor:
    """Magnitudes of one tensor with the signs of another; zeros have a sign too.

    >>> lucid.copysign(lucid.tensor([1.0, -2.0]), lucid.tensor([-0.0, 1.0]))
    Tensor([-1.0, 2.0])
    """
    return binary(COPYSIGN, input_, other)


copysign.vjp(
    input_=lambda g, input_, out: mul(g, where(eq(input_, 0), 0.0, div(out, input_))),
    other=lambda g: nothing(g),
)

NEXTAFTER = refuse(binary_kernel("nextafter", FLOATING))


@op("nextafter")
@doc(None, "g\\; (0 \\text{ where } x = y),\\quad 0", returns=BROADCAST, other="Tensor: In whose direction.")
def nextafter(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """The next number that the dtype can hold after each element, in the direction of another.

    >>> lucid.nextafter(lucid.tensor([1.0]), lucid.tensor([2.0])) > 1
    Tensor([True])
    """
    return binary(NEXTAFTER, input_, tensor_argument("nextafter", other, 2, "other"))


def _nextafter_half(x, y):
    """Half precision has neighbours of its own."""
    dtype = dtypes.result_dtype((x, y))
    if dtype.itemsize != 2 or not dtype.is_floating_point:
        return None
    broadcast_shapes(x.array.shape, y.array.shape)
    return wrap(np.asarray(np.nextafter(cast(x.array, dtype.numpy), cast(y.array, dtype.numpy))))


EXCEPTIONS[NEXTAFTER] = _nextafter_half
nextafter.vjp(input_=lambda g, input_, other: where(eq(input_, other), 0.0, g), other=lambda g: nothing(g))


# ------------------------------------------------------------------------------------------------ rounding

FLOOR, CEIL, ROUND, TRUNC = (
    copy_integers(unary_kernel(name, FLOATING)) for name in ("floor", "ceil", "round", "trunc")
)
FRAC = refuse(unary_kernel("frac", FLOATING))


def _round_decimals(x, decimals):
    scale = np.asarray(10.0 ** builtins.abs(decimals), x.dtype)
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


ROUND_DECIMALS = refuse(numpy_kernel("round", FLOATING, _round_decimals))


@op("floor")
@doc("out = \\lfloor x \\rfloor", "0")
def floor(input_: Tensor, *, out=None) -> Tensor:
    """Each element rounded down.

    >>> lucid.floor(lucid.tensor([1.5, -1.5]))
    Tensor([1.0, -2.0])
    """
    return unary(FLOOR, input_)


floor.vjp(input_=lambda g: nothing(g))


@op("ceil")
@doc("out = \\lceil x \\rceil", "0")
def ceil(input_: Tensor, *, out=None) -> Tensor:
    """Each element rounded up.

    >>> lucid.ceil(lucid.tensor([1.5, -1.5]))
    Tensor([2.0, -1.0])
    """
    return unary(CEIL, input_)


ceil.vjp(input_=lambda g: nothing(g))


@op("round", aliases=("special.round",))
@doc(None, "0", decimals="int, optional: How many decimals are kept; negative ones count before the point. Default: 0.")
def round(input_: Tensor, *, decimals: int = 0, out=None) -> Tensor:
    """Each element rounded to the nearest whole number, halves to the even one.

    >>> lucid.round(lucid.tensor([0.5, 1.5, 2.4]))
    Tensor([0.0, 2.0, 2.0])
    """
    return unary(ROUND, input_) if decimals == 0 else general_unary(ROUND_DECIMALS, input_, decimals)


round.vjp(input_=lambda g: nothing(g))


@op("trunc", aliases=("fix",))
@doc("out = \\mathrm{sign}(x) \\lfloor |x| \\rfloor", "0")
def trunc(input_: Tensor, *, out=None) -> Tensor:
    """Each element rounded towards zero.

    >>> lucid.trunc(lucid.tensor([1.5, -1.5]))
    Tensor([1.0, -1.0])
    """
    return unary(TRUNC, input_)


trunc.vjp(input_=lambda g: nothing(g))


@op("frac")
@doc("out = x - \\mathrm{trunc}(x)", "g")
def frac(input_: Tensor, *, out=None) -> Tensor:
    """What is left of each element after the point.

    >>> lucid.frac(lucid.tensor([1.5, -2.25]))
    Tensor([0.5, -0.25])
    """
    return unary(FRAC, input_)


frac.vjp(input_=lambda g: g)


# ------------------------------------------------------------------------------------------------ choice

MAXIMUM, MINIMUM, FMAX, FMIN = (binary_kernel(name, (BOOL, *REAL)) for name in ("maximum", "minimum", "fmax", "fmin"))
CLAMP = param_kernel("clamp")
CLAMP_TENSOR = ternary_kernel("clamp_tensor", REAL)


@op("maximum")
@doc("out = \\max(x, y)", "g \\cdot [x > y],\\quad g \\cdot [y > x],\\quad \\text{half of it each where equal}",
     returns=f"{PROMOTED} NaN where either is.", other=SECOND)  # fmt: skip
def maximum(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """The larger of two elements.

    >>> lucid.maximum(lucid.tensor([1.0, 5.0]), lucid.tensor([3.0]))
    Tensor([3.0, 5.0])
    """
    return binary(MAXIMUM, input_, tensor_argument("maximum", other, 2, "other"))


maximum.vjp(
    input_=lambda g, input_, other: where(eq(input_, other), mul(g, 0.5), where(lt(input_, other), 0.0, g)),
    other=lambda g, input_, other: where(eq(input_, other), mul(g, 0.5), where(gt(input_, other), 0.0, g)),
)


@op("minimum")
@doc("out = \\min(x, y)", "g \\cdot [x < y],\\quad g \\cdot [y < x],\\quad \\text{half of it each where equal}",
     returns=f"{PROMOTED} NaN where either is.", other=SECOND)  # fmt: skip
def minimum(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """The smaller of two elements.

    >>> lucid.minimum(lucid.tensor([1.0, 5.0]), lucid.tensor([3.0]))
    Tensor([1.0, 3.0])
    """
    return binary(MINIMUM, input_, tensor_argument("minimum", other, 2, "other"))


minimum.vjp(
    input_=lambda g, input_, other: where(eq(input_, other), mul(g, 0.5), where(gt(input_, other), 0.0, g)),
    other=lambda g, input_, other: where(eq(input_, other), mul(g, 0.5), where(lt(input_, other), 0.0, g)),
)


@op("fmax")
@doc("out = \\max(x, y)", "g \\cdot [x \\ge y \\text{ or } y \\text{ is NaN}],\\quad \\text{the rest of } g",
     returns=f"{PROMOTED} NaN only where both are.",
     other=SECOND)  # fmt: skip
def fmax(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """The larger of two elements; a number rather than NaN.

    >>> lucid.fmax(lucid.tensor([1.0, float("nan")]), lucid.tensor([3.0, 2.0]))
    Tensor([3.0, 2.0])
    """
    return binary(FMAX, input_, tensor_argument("fmax", other, 2, "other"))


fmax.vjp(
    input_=lambda g, input_, other: where(logical_or(ge(input_, other), isnan(other)), g, 0.0),
    other=lambda g, input_, other: where(logical_or(ge(input_, other), isnan(other)), 0.0, g),
)


@op("fmin")
@doc("out = \\min(x, y)", "g \\cdot [x \\le y \\text{ or } y \\text{ is NaN}],\\quad \\text{the rest of } g",
     returns=f"{PROMOTED} NaN only where both are.",
     other=SECOND)  # fmt: skip
def fmin(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """The smaller of two elements; a number rather than NaN.

    >>> lucid.fmin(lucid.tensor([1.0, float("nan")]), lucid.tensor([3.0, 2.0]))
    Tensor([1.0, 2.0])
    """
    return binary(FMIN, input_, tensor_argument("fmin", other, 2, "other"))


fmin.vjp(
    input_=lambda g, input_, other: where(logical_or(le(input_, other), isnan(other)), g, 0.0),
    other=lambda g, input_, other: where(logical_or(le(input_, other), isnan(other)), 0.0, g),
)


@op("where", out="same")
@doc("out = x \\text{ where } condition, \\text{ else } y", "g \\cdot [condition],\\quad g \\cdot [\\lnot condition]",
     returns=f"{PROMOTED} Without `input_` and `other`, the indices of the true elements, a tensor a dimension.",
     condition="Tensor: Bool or uint8.", input_="Tensor or number: Chosen where the condition holds.",
     other="Tensor or number: Chosen elsewhere.", raises="RuntimeError: the condition is not bool")  # fmt: skip
def where(condition: Tensor, input_=None, other=None, *, out=None) -> Tensor:
    """Elements of one tensor where a condition holds, of another elsewhere.

    >>> lucid.where(lucid.tensor([True, False]), lucid.tensor([1.0, 2.0]), 0.0)
    Tensor([1.0, 0.0])
    """
    tensor_argument("where", condition, 1, "condition")
    if input_ is None and other is None:
        return tuple(wrap(one.astype(np.int64)) for one in np.nonzero(condition.array))
    found = core.where(WHERE, condition, input_, other)
    if found is not None:
        return found
    x, y = number_argument("where", input_, 2), number_argument("where", other, 3, "other")
    mask = condition.array
    if mask.dtype.itemsize != 1 or mask.dtype.kind == "i":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype.name}"
        )
    dtype = moved = dtypes.result_dtype((x, y)).numpy
    arrays = [native(mask), as_array(x, dtype), as_array(y, dtype)]
    if dtype.itemsize == 2:  # half precision is only moved
        moved = np.dtype(np.int16)
        arrays[1:] = [one.view(moved) for one in arrays[1:]]
    shape, walk, order = layout(arrays)
    result = ordered_empty(shape, order, moved)
    if result.size:
        WHERE.table[moved.num](*[row(one) if walk is None else flat(one) for one in arrays], row(result), walk)
    return wrap(result.view(dtype))


where.vjp(input_=lambda g, condition: where(condition, g, 0.0), other=lambda g, condition: where(condition, 0.0, g))


@op("clamp", aliases=("clip",))
@doc("out = \\min(\\max(x, min), max)", "g \\cdot [min \\le x \\le max];\\quad \\text{to a bound, where it was taken}",
     returns=f"{PROMOTED} NaN where a bound is.",
     min="Tensor or number, optional: The lower bound.", max="Tensor or number, optional: The upper bound; it wins.",
     raises="RuntimeError: neither bound is given\nTypeError: one bound is a tensor, the other a number")  # fmt: skip
def clamp(input_: Tensor, min=None, max=None, *, out=None) -> Tensor:
    """Each element brought between two bounds.

    >>> lucid.clamp(lucid.tensor([-2.0, 0.5, 3.0]), 0, 1)
    Tensor([0.0, 0.5, 1.0])
    """
    tensor_argument("clamp", input_)
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        if min is None:
            return _bounded(MINIMUM, input_, max)
        if max is None:
            return _bounded(MAXIMUM, input_, min)
        tensor_argument("clamp", min, 2, "min")
        return ternary(CLAMP_TENSOR, input_, min, tensor_argument("clamp", max, 3, "max"))
    return _clamp_numbers(input_, min, max)


def _bounded(kernel_, x: Tensor, bound: Tensor) -> Tensor:
    if is_complex(x) or is_complex(bound):
        raise NotImplementedError("clamp is not supported for complex types")
    return binary(kernel_, x, bound)


def _clamp_numbers(x: Tensor, low, high) -> Tensor:
    """`x` between numbers or None, in the dtype that they are promoted to."""
    given = [number_argument("clamp", one, 2, "min") for one in (low, high) if one is not None]
    if not given:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if is_complex(x):
        raise NotImplementedError("clamp is not supported for complex types")
    if any(isinstance(one, complex) for one in given):
        raise RuntimeError("value cannot be converted to type double without overflow")
    dtype = dtypes.result_dtype((x, *given))
    if any(one != one for one in given):
        return wrap(np.full(x.array.shape, np.nan, dtype.numpy))
    if dtype.kind < 2:
        info = dtypes.iinfo(dtype)
        for one in given:
            if not info.min <= one <= info.max:
                raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
        return ternary(CLAMP_TENSOR, x, info.min if low is None else low, info.max if high is None else high, 0, dtype)
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    return unary_param(CLAMP, x if x.dtype is dtype else to_dtype(x, dtype), low, high)


def _inside(input_, min, max):
    """Where an element is within its bounds."""
    if min is None:
        return le(input_, max)
    return ge(input_, min) if max is None else logical_and(ge(input_, min), le(input_, max))


clamp.vjp(
    input_=lambda g, input_, min, max: where(_inside(input_, min, max), g, 0.0),
    min=lambda g, input_, min, max: where(
        lt(input_, min) if max is None else logical_and(lt(input_, min), lt(min, max)), g, 0.0
    ),
    max=lambda g, input_, min, max: where(
        gt(input_, max) if min is None else logical_or(gt(input_, max), lt(max, min)), g, 0.0
    ),
)


@op("clamp_min")
@doc("out = \\max(x, min)", "g \\cdot [x \\ge min],\\quad g \\cdot [x < min]", min="Tensor or number: The lower bound.",
     returns=PROMOTED)  # fmt: skip
def clamp_min(input_: Tensor, min, *, out=None) -> Tensor:
    """Each element, but at least a bound.

    >>> lucid.clamp_min(lucid.tensor([-2.0, 0.5]), 0)
    Tensor([0.0, 0.5])
    """
    tensor_argument("clamp_min", input_)
    return _bounded(MAXIMUM, input_, min) if isinstance(min, Tensor) else _clamp_numbers(input_, min, None)


clamp_min.vjp(
    input_=lambda g, input_, min: where(ge(input_, min), g, 0.0),
    min=lambda g, input_, min: where(lt(input_, min), g, 0.0),
)


@op("clamp_max")
@doc("out = \\min(x, max)", "g \\cdot [x \\le max],\\quad g \\cdot [x > max]", max="Tensor or number: The upper bound.",
     returns=PROMOTED)  # fmt: skip
def clamp_max(input_: Tensor, max, *, out=None) -> Tensor:
    """Each element, but at most a bound.

    >>> lucid.clamp_max(lucid.tensor([-2.0, 0.5]), 0)
    Tensor([-2.0, 0.0])
    """
    tensor_argument("clamp_max", input_)
    return _bounded(MINIMUM, input_, max) if isinstance(max, Tensor) else _clamp_numbers(input_, None, max)


clamp_max.vjp(
    input_=lambda g, input_, max: where(le(input_, max), g, 0.0),
    max=lambda g, input_, max: where(gt(input_, max), g, 0.0),
)

LERP = ternary_kernel("lerp", MATH)


@op("lerp")
@doc("out = x + weight \\cdot (y - x)",
     "g \\cdot (1 - weight),\\quad g \\cdot weight,\\quad g \\cdot (y - x)\\quad \\text{(conjugated)}",
     returns=BROADCAST, end="Tensor: Where weight 1 leads; of the same dtype.",
     weight="Tensor or number: How far to go.", raises="RuntimeError: the dtypes differ")  # fmt: skip
def lerp(input_: Tensor, end: Tensor, weight, *, out=None) -> Tensor:
    """Linear interpolation between two tensors.

    >>> lucid.lerp(lucid.tensor([0.0, 10.0]), lucid.tensor([1.0, 20.0]), 0.5)
    Tensor([0.5, 15.0])
    """
    tensor_argument("lerp", input_)
    tensor_argument("lerp", end, 2, "end")
    weight = number_argument("lerp", weight, 3, "weight")
    for name, one in (("end", end), ("weight", weight)):
        if isinstance(one, Tensor) and one.dtype is not input_.dtype:
            raise RuntimeError(f"expected dtype {input_.dtype.name} for `{name}` but got dtype {one.dtype.name}")
    if input_.dtype.kind < 2:
        raise NotImplementedError(f"\"lerp_kernel_scalar\" not implemented for '{input_.dtype.name}'")
    if isinstance(weight, complex) and not is_complex(input_):
        raise RuntimeError("value cannot be converted to type double without overflow")
    return ternary(LERP, input_, end, weight, 0, input_.dtype)


lerp.vjp(
    input_=lambda g, weight: mul(g, conjugate(rsub(weight, 1) if isinstance(weight, Tensor) else 1 - weight)),
    end=lambda g, weight: mul(g, conjugate(weight)),
    weight=lambda g, input_, end: mul(g, conjugate(sub(end, input_))),
)


def _replace(array, nan, posinf, neginf):
    if array.dtype.kind == "c":
        parts = [_replace(np.asarray(part), nan, posinf, neginf) for part in (array.real, array.imag)]
        made = np.empty(array.shape, array.dtype)
        made.real, made.imag = parts
        return made
    info = np.finfo(array.dtype) if array.dtype.kind == "f" else dtypes.finfo(dtypes.from_numpy_dtype(array.dtype))
    made = np.where(np.isnan(array), np.asarray(0.0 if nan is None else nan, array.dtype), array)
    made = np.where(made == np.inf, np.asarray(info.max if posinf is None else posinf, array.dtype), made)
    return np.where(made == -np.inf, np.asarray(info.min if neginf is None else neginf, array.dtype), made)


@op("nan_to_num", out="same")
@doc(None, "g \\text{ where } x \\text{ is finite, else } 0", nan="float, optional: What NaN becomes. Default: 0.",
     posinf="float, optional: What infinity becomes. Default: the largest number of the dtype.",
     neginf="float, optional: What negative infinity becomes. Default: the smallest number of the dtype.")  # fmt: skip
def nan_to_num(input_: Tensor, nan=None, posinf=None, neginf=None, *, out=None) -> Tensor:
    """NaN and infinities replaced by numbers.

    >>> lucid.nan_to_num(lucid.tensor([float("nan"), float("inf"), 1.0]), posinf=9.0)
    Tensor([0.0, 9.0, 1.0])
    """
    array = tensor_argument("nan_to_num", input_).array
    return wrap(_replace(array, nan, posinf, neginf) if input_.dtype.kind >= 2 else array.copy())


nan_to_num.vjp(input_=lambda g, input_: where(logical_or(isinf(input_), isnan(input_)), 0.0, g))


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

EXP2 = with_complex(unary_kernel("exp2", FLOATING), lambda z: np.exp(z * math.log(2)))


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

LOG1P = with_complex(unary_kernel("log1p", FLOATING), np.log1p)


@op("log1p", aliases=("special.log1p",))
@doc("out = \\ln (1 + x)", "g / (1 + \\bar{x})")
def log1p(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of one plus each element, exact near 0.

    >>> lucid.log1p(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(LOG1P, input_)


log1p.vjp(input_=lambda g, input_: div(g, conjugate(add(input_, 1))))


# -------------------------------------------------------------------------------- circular and hyperbolic functions

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


@op("logit", aliases=("special.logit",))
@doc("out = \\ln (x / (1 - x))", "g / (x (1 - x))\\quad \\text{(0 where } x \\text{ was clamped)}",
     eps="float, optional: Clamp `input_` between `eps` and `1 - eps` first.")  # fmt: skip
def logit(input_: Tensor, eps=None, *, out=None) -> Tensor:
    """Inverse of the logistic function; NaN outside of [0, 1].

    >>> lucid.logit(lucid.tensor([0.5]))
    Tensor([0.0])
    """
    return unary(LOGIT, input_) if eps is None else unary_param(LOGIT_EPS, input_, eps)


def _logit_gradient(g, input_, eps):
    slope = div(g, mul(input_, rsub(input_, 1)))
    low, outside = (0.0, math.nan) if eps is None or eps < 0 else (eps, 0.0)
    return where(logical_and(ge(input_, low), le(input_, 1.0 - low)), slope, outside)


logit.vjp(input_=_logit_gradient)


def _real_angle(x):
    return np.where(np.isnan(x), x, np.where(x < 0, np.asarray(np.pi, x.dtype), np.asarray(0, x.dtype)))


ANGLE = numpy_kernel("angle", FLOATING, _real_angle)
EXCEPTIONS[ANGLE] = lambda x: complex_to_real("angle", x) if x.array.dtype.kind == "c" else None


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
    real_pair("polar", abs, angle)
    return make_complex(mul(abs, cos(angle)), mul(abs, sin(angle)))


polar.vjp(
    abs=lambda g, out: real(mul(g, conj(sgn(out)))),
    angle=lambda g, out: real(mul(g, conj(mul(out, 1j)))),
)

# ------------------------------------------------------------------------------------------------ of two numbers

ATAN2 = binary_kernel("atan2", FLOATING)
HYPOT, LOGADDEXP2 = (refuse(binary_kernel(name, FLOATING)) for name in ("hypot", "logaddexp2"))
LOGADDEXP = refuse(binary_kernel("logaddexp", FLOATING))
XLOGY = number_first(binary_kernel("xlogy", FLOATING))


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


hypot.vjp(
    input_=lambda g, input_, out: div(mul(g, input_), out),
    other=lambda g, other, out: div(mul(g, other), out),
)


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


@op("ldexp")
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


class Frexp(NamedTuple):
    """What `frexp` returns."""

    mantissa: Tensor
    exponent: Tensor


@op("frexp")
def frexp(input_: Tensor, *, out=None) -> Frexp:
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
    wide = input_.array if input_.array.itemsize > 2 else input_.array.astype(np.float32)
    mantissa, exponent = np.frexp(wide)
    exponent = np.where(np.isfinite(wide), exponent, 0).astype(np.int32)
    return Frexp(wrap(np.asarray(mantissa).astype(input_.array.dtype, copy=False)), wrap(np.asarray(exponent)))


frexp.vjp(input_=lambda g, out: None if g[0] is None else div(g[0], exp2(out[1])))

Supplied.add = add


def _accumulate(target: Tensor, other: Tensor) -> None:
    if not core.accumulate(ADD, target, other):
        target.add_(other)


Supplied.add_ = _accumulate


TENSOR_METHODS = {"where": lambda x, condition, other: where(condition, x, other)}
