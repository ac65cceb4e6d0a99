"""Signs and sizes, and which of several values: abs, sign, maximum, clamp, where.

A gradient goes to the value that was taken, and is shared where two are equal.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels import core, pointwise
from lucid._kernels.core import binary, unary, unary_param, wrap
from lucid.autograd.op import op
from lucid.dtypes import HELD, element, largest
from lucid.ops._doc import SAME, doc
from lucid.ops._frame import (
    BOOL,
    COMPLEX,
    COMPLEX64,
    EXCEPTIONS,
    FLOATING,
    REAL,
    as_array,
    broadcast_shapes,
    cast,
    contiguous,
    copied,
    empty,
    flat,
    is_half,
    layout,
    native,
    number_argument,
    opmath_dtype,
    ordered_empty,
    tensor_argument,
    unrounded,
)
from lucid.ops._pointwise import (
    WHERE,
    _copy,
    binary_kernel,
    override,
    param_kernel,
    refuse,
    ternary,
    ternary_kernel,
    unary_kernel,
)
from lucid.ops.arithmetic import BROADCAST, PROMOTED, SECOND, div, is_complex, mul, nothing, sub
from lucid.ops.comparison import eq, ge, gt, isinf, isnan, le, logical_and, logical_or, lt
from lucid.ops.complex import conj, real
from lucid.ops.view import to_dtype
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ sign, size


ABS = refuse(unary_kernel("abs", REAL), (BOOL,))
SIGN = override(unary_kernel("sign", REAL), {BOOL: _copy})
SGN = override(unary_kernel("sign", REAL), {
    BOOL: _copy,
    **{one: lambda x, out, code, *_, f=pointwise.unary[name]: f(x, out, pointwise.codes["sgn"])
       for one, name in zip(COMPLEX, ("float complex", "double complex"))},
})  # fmt: skip


def complex_to_real(name: str, x: Tensor) -> Tensor:
    """The absolute value or angle of complex numbers."""
    array = contiguous(native(x.array if x.dtype is not dtypes.complex32 else cast(x.array, COMPLEX64)))
    out = empty(array.shape, FLOATING[array.dtype != COMPLEX64])
    if out.size:
        pointwise.complex_to_real["float" if array.dtype == COMPLEX64 else "double"](
            flat(array.reshape(-1).view(out.dtype)), flat(out), pointwise.codes[name]
        )
    return wrap(cast(out, x.dtype.to_real().numpy))


EXCEPTIONS[ABS] = lambda x: complex_to_real("abs", x) if x.dtype.is_complex else None


@op("abs", aliases=("absolute",), out="same modulus")
@doc("out = |x|", "g \\cdot \\mathrm{sgn}(x)", returns="Of the input's shape; real.")
def abs(input_: Tensor, *, out=None) -> Tensor:
    """Absolute value of each element.

    >>> lucid.abs(lucid.tensor([-1.5, 2.0]))
    Tensor([1.5, 2.0])
    """
    return unary(ABS, input_)


abs.vjp(input_=lambda g, input_: mul(g, sgn(input_)))


@op("sign", out="same")
@doc("out = [x > 0] - [x < 0]", "0", returns=SAME, raises="NotImplementedError: the tensor is complex: use `sgn`")
def sign(input_: Tensor, *, out=None) -> Tensor:
    """Sign of each element: -1, 0 or 1.

    >>> lucid.sign(lucid.tensor([-1.5, 0.0, 2.0]))
    Tensor([-1.0, 0.0, 1.0])
    """
    return unary(SIGN, input_)


sign.vjp(input_=lambda g: nothing(g))


@op("sgn", out="same")
@doc("out = x / |x|,\\quad 0 \\text{ at } 0",
     "(g - out \\cdot \\mathrm{Re}(\\overline{out} \\cdot g)) / |x|,\\quad \\text{0 for real numbers}", returns=SAME)  # fmt: skip
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


def _copysign_gradient(g, input_, input_dtype, out):
    out = unrounded(out, input_, input_dtype, lambda: copysign(input_, out.detach()))
    return mul(g, where(eq(input_, 0), 0.0, div(out, input_)))


copysign.vjp(
    input_=_copysign_gradient,
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
NEXTAFTER.halves = False
nextafter.vjp(input_=lambda g, input_, other: where(eq(input_, other), 0.0, g), other=lambda g: nothing(g))


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
     gives="Tensor or tuple of Tensor", returns=f"{PROMOTED} Without `input_` and `other`, the indices of the true elements, a tensor a dimension.",
     condition="Tensor: Bool or uint8.", input_="Tensor or number, optional: Chosen where the condition holds.",
     other="Tensor or number, optional: Chosen elsewhere.", raises="RuntimeError: the condition is not bool")  # fmt: skip
def where(condition: Tensor, input_=None, other=None, *, out=None) -> Tensor:
    """Elements of one tensor where a condition holds, of another elsewhere.

    >>> lucid.where(lucid.tensor([True, False]), lucid.tensor([1.0, 2.0]), 0.0)
    Tensor([1.0, 0.0])
    """
    tensor_argument("where", condition, 1, "condition")
    if input_ is None and other is None:
        return tuple(wrap(one.astype(np.int64)) for one in np.nonzero(np.atleast_1d(condition.array)))
    found = core.where(WHERE, condition, input_, other)
    if found is not None:
        return found
    x, y = number_argument("where", input_, 2), number_argument("where", other, 3, "other")
    mask = condition.array
    if mask.dtype.itemsize != 1 or mask.dtype.kind == "i":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype.name}"
        )
    dtype = dtypes.result_dtype((x, y))
    if not is_half(dtype):  # a number beyond half precision becomes an infinity
        x, y = [one if isinstance(one, Tensor) else element(one, dtype) for one in (x, y)]
    dtype = moved = dtype.numpy
    arrays = [native(mask), as_array(x, dtype), as_array(y, dtype)]
    if dtype.num >= 24 or dtype.itemsize == 2:  # half precision is only moved
        moved = np.dtype(f"i{dtype.itemsize}")
        arrays[1:] = [one.view(moved) for one in arrays[1:]]
    shape, walk, order = layout(arrays)
    result = ordered_empty(shape, order, moved)
    if result.size:
        WHERE.table[moved.num](*map(flat, arrays), flat(result), walk)
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


def _held(bound) -> bool:
    """Whether there is no bound, or one that every floating dtype holds."""
    return bound is None or (type(bound) in (float, int) and -HELD <= bound <= HELD)


def _clamp_numbers(x: Tensor, low, high) -> Tensor:
    """`x` between numbers or None, in the dtype that they are promoted to."""
    if x.dtype.kind == 2 and not low is high is None and _held(low) and _held(high):  # the commonest, at half of the time
        return unary_param(CLAMP, x, -math.inf if low is None else low, math.inf if high is None else high)
    if x.dtype is dtypes.int64 and type(low) is type(high) is int and -(1 << 62) < low < 1 << 62 > high > -(1 << 62):
        return ternary(CLAMP_TENSOR, x, low, high)
    given = [number_argument("clamp", one, 2, "min") for one in (low, high) if one is not None]
    if not given:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if is_complex(x):
        raise NotImplementedError("clamp is not supported for complex types")
    dtype = x.dtype if x.dtype.is_floating_point else dtypes.result_dtype((x, *given))
    if dtype.kind == 0:
        raise NotImplementedError("\"clamp\" not implemented for 'Bool'")
    low, high = [one if one is None else element(one, dtype) for one in (low, high)]
    if low != low or high != high:
        return wrap(np.full(x.array.shape, np.nan, dtype.numpy))
    if dtype.kind == 1:
        info = dtypes.iinfo(dtype)
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


@op("clamp_min", out="cast bound")
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


@op("clamp_max", out="cast bound")
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


NAN_TO_NUM = ternary_kernel("nan_to_num", FLOATING)


@op("nan_to_num", out="same")
@doc(None, "g \\text{ where } x \\text{ is finite, else } 0", returns=SAME, nan="float, optional: What NaN becomes. Default: 0.",
     posinf="float, optional: What infinity becomes. Default: the largest number of the dtype.",
     neginf="float, optional: What negative infinity becomes. Default: the smallest number of the dtype.")  # fmt: skip
def nan_to_num(
    input_: Tensor, nan: float | None = None, posinf: float | None = None, neginf: float | None = None, *, out=None
) -> Tensor:
    """NaN and infinities replaced by numbers.

    >>> lucid.nan_to_num(lucid.tensor([float("nan"), float("inf"), 1.0]), posinf=9.0)
    Tensor([0.0, 9.0, 1.0])
    """
    array, dtype = tensor_argument("nan_to_num", input_).array, input_.dtype
    for which, value in (("nan", nan), ("posinf", posinf), ("neginf", neginf)):
        if isinstance(value, complex):
            raise TypeError(f"nan_to_num(): argument '{which}' must be float, not complex")
    if dtype is dtypes.complex32:
        raise NotImplementedError("\"nan_to_num\" not implemented for 'ComplexHalf'")
    if dtype.kind < 2:
        return wrap(array.copy())
    if dtype.is_complex:
        parts = nan_to_num(wrap(copied(array).reshape(-1).view(dtype.to_real().numpy)), nan, posinf, neginf)
        return wrap(parts.array.view(array.dtype).reshape(array.shape))
    most = largest(dtype)
    high = most if posinf is None else _replacement(posinf, dtype)
    low = -most if neginf is None else _replacement(neginf, dtype)
    return ternary(NAN_TO_NUM, input_, high, low, 0.0 if nan is None else _replacement(nan, dtype))


def _replacement(number, dtype: dtypes.dtype) -> float:
    """A number as what computes in a floating dtype holds it."""
    number = float(number)
    return number if -HELD <= number <= HELD else as_array(number, opmath_dtype(dtype).numpy).item()


nan_to_num.vjp(input_=lambda g, input_: where(logical_or(isinf(input_), isnan(input_)), 0.0, g))


TENSOR_METHODS = {"where": lambda x, condition, other: where(condition, x, other)}
