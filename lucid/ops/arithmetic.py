"""Sums, products, quotients, rounding.

Each operation of the elementwise families is its declaration, one kernel call, and below it the rule of each input.
`unary` and `binary` are the frame: they promote, broadcast and find the specialisation; the rules know nothing of that.
What a kernel does with the dtypes that it does not compute in stands beside the kernel (`_pointwise.py`); what an
operation does with operands that no kernel takes as they are, in `EXCEPTIONS`.

Gradients of holomorphic functions are conjugated, as PyTorch's are; `conjugate` costs nothing for real numbers.
"""

from __future__ import annotations

import builtins

import numpy as np

from lucid import dtypes
from lucid._kernels import core, pointwise
from lucid._kernels.core import backward, binary, unary, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import HELD, element
from lucid.ops._doc import SAME, doc
from lucid.ops._frame import (
    BOOL,
    EXCEPTIONS,
    FLOATING,
    INTEGER,
    NUMBER,
    as_array,
    cast,
    elementwise,
    is_half,
    kernel,
    number_argument,
    number_first,
    opmath_dtype,
    rounded,
    tensor_argument,
)
from lucid.ops._frame import unary as general_unary
from lucid.ops._pointwise import (
    BITS,
    MATH,
    binary_kernel,
    copy_integers,
    numpy_kernel,
    override,
    refuse,
    ternary,
    ternary_kernel,
    unary_kernel,
)
from lucid.ops.comparison import EQ, GT, LOGICAL_OR
from lucid.ops.complex import conj
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


def conjugate(x):
    """The conjugate, for rules: real tensors and numbers are returned as they are."""
    if isinstance(x, Tensor):
        return conj(x) if x.dtype.is_complex else x
    return x.conjugate() if isinstance(x, complex) else x


def nothing(g: Tensor) -> Tensor:
    """The gradient of what is constant almost everywhere."""
    return Supplied.zeros(g.array.shape, g.dtype)


def is_complex(x) -> bool:
    """Whether a tensor or number is complex."""
    return x.dtype.is_complex if isinstance(x, Tensor) else isinstance(x, complex)


# ------------------------------------------------------------------------------------------------ sums, products

ADD = number_first(override(binary_kernel("add", NUMBER), {
    BOOL: lambda x, y, out, code, walk=None: LOGICAL_OR.table[BOOL.num](x, y, out, LOGICAL_OR.code, walk)
}), both=True)  # fmt: skip
SUB = number_first(refuse(
    binary_kernel("sub", NUMBER), (BOOL,), RuntimeError,
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator "
    "instead.",
), both=True)  # fmt: skip
MUL = number_first(binary_kernel("mul", BITS), both=True)
MUL.exact = 1
ADDCMUL = ternary_kernel("addcmul", NUMBER)
SCALED = {name: kernel(pointwise.backward, name, FLOATING, pointwise.codes["add_scaled"]) for name in ("add", "sub")}
ONE = 1
ADD.mixes = MUL.mixes = 2
SUB.mixes = 1


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
        if a.dtype is b.dtype and a.shape == b.shape:
            if a.dtype in FLOATING and -HELD <= alpha <= HELD:
                return backward(SCALED[name], x, y, alpha)
            if x.dtype.kind == 2:
                return backward(SCALED[name], x, y, rounded(element(alpha, x.dtype), x.dtype))
    x, y = number_argument(name, x), number_argument(name, y, 2, "other")
    alpha = alpha.item() if isinstance(alpha, (Tensor, np.generic)) else alpha
    dtype = dtypes.result_dtype((x, y))
    if isinstance(alpha, bool) and dtype is not dtypes.bool:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and dtype.kind < 2:
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if isinstance(alpha, complex) and not dtype.is_complex:
        raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")
    alpha = element(alpha, dtype)
    if isinstance(alpha, complex) or dtype is dtypes.bool:
        return binary(ADD, x, binary(MUL, y, alpha))
    return ternary(ADDCMUL, x, 1, y, rounded(alpha, dtype), dtype)  # alpha * 1 is exact; y joins in the fused step


@op("add")
@doc("out = x + alpha \\cdot y", "g,\\quad alpha \\cdot g", returns=PROMOTED,
     alpha=FACTOR)  # fmt: skip
def add(input_: Tensor, other, *, alpha: float = 1, out=None) -> Tensor:
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
def sub(input_: Tensor, other, *, alpha: float = 1, out=None) -> Tensor:
    """Difference of two tensors, or of a tensor and a number.

    >>> lucid.sub(lucid.tensor([3, 4]), 1)
    Tensor([2, 3])
    """
    if alpha is ONE:
        return binary(SUB, input_, other)
    _check_subtraction(input_, other)
    if is_bool(input_):
        return binary(SUB, input_, other)
    alpha = number_argument("sub", alpha, 3, "alpha")
    return _add_scaled("sub", input_, other, alpha if isinstance(alpha, bool) else -alpha)


sub.vjp(input_=lambda g: g, other=lambda g, alpha: neg(g) if alpha is ONE else mul(g, conjugate(-alpha)))


@op("rsub")
@doc("out = y - alpha \\cdot x", "-alpha \\cdot g,\\quad g", returns=PROMOTED,
     alpha="number, optional: Factor of `input_`. Default: 1.", raises="RuntimeError: a tensor is bool")  # fmt: skip
def rsub(input_: Tensor, other, *, alpha: float = 1) -> Tensor:
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
def addcmul(input_: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1, out=None) -> Tensor:
    """Sum of a tensor and the product of two others.

    >>> lucid.addcmul(lucid.tensor([1.0]), lucid.tensor([2.0]), lucid.tensor([3.0]), value=10)
    Tensor([61.0])
    """
    for at, one in enumerate((input_, tensor1, tensor2), 1):
        tensor_argument("addcmul", one, at, ("input", "tensor1", "tensor2")[at - 1])
    if isinstance(value, complex) and (is_complex(input_) or is_complex(tensor1) or is_complex(tensor2)):
        tensor1, value = mul(tensor1, value), 1
    return ternary(ADDCMUL, input_, tensor1, tensor2, value)


addcmul.vjp(
    input_=lambda g: g,
    tensor1=lambda g, tensor2, value: mul(g, conjugate(mul(tensor2, value))),
    tensor2=lambda g, tensor1, value: mul(g, conjugate(mul(tensor1, value))),
)


LERP = ternary_kernel("lerp", MATH)
LERP.exact = 2


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
        if isinstance(one, Tensor) and one.dtype is not input_.dtype and (one is end or one.ndim):
            raise RuntimeError(f"expected dtype {input_.dtype.name} for `{name}` but got dtype {one.dtype.name}")
    if isinstance(weight, Tensor) and weight.dtype is not input_.dtype:
        weight = rounded(weight.item(), input_.dtype)
    if input_.dtype.kind < 2:
        raise NotImplementedError(f"\"lerp_kernel_scalar\" not implemented for '{input_.dtype.name}'")
    if not isinstance(weight, Tensor):
        weight = element(weight, opmath_dtype(input_.dtype))
    return ternary(LERP, input_, end, weight, 0, input_.dtype)


lerp.vjp(
    input_=lambda g, weight: mul(g, conjugate(rsub(weight, 1) if isinstance(weight, Tensor) else 1 - weight)),
    end=lambda g, weight: mul(g, conjugate(weight)),
    weight=lambda g, input_, end: mul(g, conjugate(sub(end, input_))),
)


# ------------------------------------------------------------------------------------------------ division

DIV = number_first(binary_kernel("div", MATH), both=True)
DIV.exact, DIV.mixes = 1, 2
ADDCDIV = ternary_kernel("addcdiv", MATH)


def _division(name: str, in_halves=None):
    """A division with remainder: integers are refused where the divisor is zero, bools altogether."""
    floating, integers = binary_kernel(name, FLOATING), binary_kernel(name, INTEGER)

    def divide(x, y):
        if type(y) is int and y & 0xFF and isinstance(x, Tensor) and x.dtype.kind == 1:  # no zero in any dtype
            return binary(integers, x, y)
        dtype = dtypes.result_dtype((x, y))
        if is_half(dtype) and not floating.halves and isinstance(y, Tensor) and y.array.size != 1:
            return in_halves(*(wrap(cast(one.array, dtype.numpy)) if isinstance(one, Tensor) else one for one in (x, y)))
        if dtype.kind != 1:
            return elementwise(integers if dtype.kind == 0 else floating, (x, y), dtype)
        divisor = as_array(y, dtype.numpy)
        if not divisor.all() and (not isinstance(x, Tensor) or x.array.size):
            raise RuntimeError("ZeroDivisionError")
        return elementwise(integers, (x, y), dtype)

    EXCEPTIONS[floating] = divide
    if in_halves is not None:
        floating.halves, floating.exact = False, 1
    return floating


def _trunc_halves(x, y):
    """By more than one number PyTorch divides halves in half precision, and rounds twice."""
    return unary(TRUNC, elementwise(DIV, (x, y)))


def _floor_halves(x, y):
    """Likewise: what remains is subtracted first, and each step is rounded."""
    from lucid.ops.magnitude import COPYSIGN, SIGN, where

    plain, rest = elementwise(DIV, (x, y)), elementwise(FMOD, (x, y))
    quotient = elementwise(DIV, (elementwise(SUB, (x, rest)), y))
    quotient = elementwise(SUB, (quotient, elementwise(EQ, (unary(SIGN, y), unary(NEG, unary(SIGN, rest))))))
    down = unary(FLOOR, quotient)
    down = elementwise(ADD, (down, elementwise(GT, (elementwise(SUB, (quotient, down)), 0.5))))
    return where(elementwise(EQ, (y, 0)), plain, elementwise(COPYSIGN, (down, plain)))


FMOD, REMAINDER = _division("fmod"), _division("remainder")
TRUNC_DIVIDE, FLOOR_DIVIDE = _division("trunc_divide", _trunc_halves), _division("floor_divide", _floor_halves)
number_first(REMAINDER)
number_first(TRUNC_DIVIDE, both=True)
number_first(FLOOR_DIVIDE, both=True)


@op("div", aliases=("divide", "true_divide"))
@doc("out = x / y", "g / \\bar{y},\\quad -g \\cdot \\overline{out / y}\\quad \\text{(0 for a rounded quotient)}",
     returns="Of the broadcast shape; floating, unless integers are divided and rounded.",
     rounding_mode="{None, 'trunc', 'floor'}, optional: Towards what the quotient is rounded.",
     raises="RuntimeError: `rounding_mode` is none of these\n"
            "RuntimeError: an integer is divided by zero and rounded")  # fmt: skip
def div(input_: Tensor, other, *, rounding_mode: str | None = None, out=None) -> Tensor:
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
    other=lambda g, input_, other, rounding_mode: nothing(g) if rounding_mode else neg(mul(g, conjugate(div(div(input_, other), other)))),
)


@op("floor_divide", gradient=RuntimeError)
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
def addcdiv(input_: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1, out=None) -> Tensor:
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
    if isinstance(value, complex) and (is_complex(input_) or is_complex(tensor1) or is_complex(tensor2)):
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


NEG = refuse(unary_kernel("neg", NUMBER), (BOOL,), RuntimeError, UNSIGNED_NEGATION)


@op("neg", aliases=("negative",), out="same")
@doc("out = -x", "-g", returns=SAME, raises="RuntimeError: the tensor is bool")
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


# ------------------------------------------------------------------------------------------------ rounding

FLOOR, CEIL, ROUND, TRUNC = (
    copy_integers(unary_kernel(name, FLOATING)) for name in ("floor", "ceil", "round", "trunc")
)
FRAC = refuse(unary_kernel("frac", FLOATING))


def _round_decimals(x, decimals):
    scale = np.asarray(10.0 ** builtins.abs(decimals), x.dtype)
    return np.rint(x * scale) / scale if decimals > 0 else np.rint(x / scale) * scale


ROUND_DECIMALS = refuse(numpy_kernel("round", FLOATING, _round_decimals))


@op("floor", out="same")
@doc("out = \\lfloor x \\rfloor", "0", returns=SAME)
def floor(input_: Tensor, *, out=None) -> Tensor:
    """Each element rounded down.

    >>> lucid.floor(lucid.tensor([1.5, -1.5]))
    Tensor([1.0, -2.0])
    """
    return unary(FLOOR, input_)


floor.vjp(input_=lambda g: nothing(g))


@op("ceil", out="same")
@doc("out = \\lceil x \\rceil", "0", returns=SAME)
def ceil(input_: Tensor, *, out=None) -> Tensor:
    """Each element rounded up.

    >>> lucid.ceil(lucid.tensor([1.5, -1.5]))
    Tensor([2.0, -1.0])
    """
    return unary(CEIL, input_)


ceil.vjp(input_=lambda g: nothing(g))


@op("round", aliases=("special.round",), out="same")
@doc("out = \\mathrm{round}(10^{decimals} x) / 10^{decimals}", "0", returns=SAME,
     decimals="int, optional: How many decimals are kept; negative ones count before the point. Default: 0.")  # fmt: skip
def round(input_: Tensor, *, decimals: int = 0, out=None) -> Tensor:
    """Each element rounded to the nearest whole number, halves to the even one.

    >>> lucid.round(lucid.tensor([0.5, 1.5, 2.4]))
    Tensor([0.0, 2.0, 2.0])
    """
    return unary(ROUND, input_) if decimals == 0 else general_unary(ROUND_DECIMALS, input_, decimals)


round.vjp(input_=lambda g: nothing(g))


@op("trunc", aliases=("fix",), out="same")
@doc("out = \\mathrm{sign}(x) \\lfloor |x| \\rfloor", "0", returns=SAME)
def trunc(input_: Tensor, *, out=None) -> Tensor:
    """Each element rounded towards zero.

    >>> lucid.trunc(lucid.tensor([1.5, -1.5]))
    Tensor([1.0, -1.0])
    """
    return unary(TRUNC, input_)


trunc.vjp(input_=lambda g: nothing(g))


@op("frac", out="same")
@doc("out = x - \\mathrm{trunc}(x)", "g", returns=SAME, raises="NotImplementedError: the tensor is not floating")
def frac(input_: Tensor, *, out=None) -> Tensor:
    """What is left of each element after the point.

    >>> lucid.frac(lucid.tensor([1.5, -2.25]))
    Tensor([0.5, -0.25])
    """
    return unary(FRAC, input_)


frac.vjp(input_=lambda g: g)


Supplied.add = add


def _accumulate(target: Tensor, other: Tensor) -> None:
    if not core.accumulate(ADD, target, other):
        target.add_(other)


Supplied.add_ = _accumulate
