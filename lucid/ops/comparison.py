"""Comparisons, questions about numbers, logic and bits. Their results are constant or discrete: nothing is recorded."""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels.core import binary, unary, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import (
    BOOL,
    COMPLEX,
    FLOAT32,
    INTEGER,
    REAL,
    UNSIGNED,
    cast,
    is_half,
    number_first,
    part,
    rounded,
    tensor_argument,
)
from lucid.ops._pointwise import (
    ALL,
    BITS,
    binary_kernel,
    compare_kernel,
    override,
    predicate_kernel,
    refuse,
    unary_kernel,
)
from lucid.tensor import Tensor

BROADCAST = "Bool, of the broadcast shape."
QUESTION = "Bool, of the input's shape."
SAME = "Of the broadcast shape and the promoted dtype."
ORDERED = "NotImplementedError: the promoted dtype is complex"

# ------------------------------------------------------------------------------------------------ comparisons

EQ, NE = (compare_kernel(name, BITS) for name in ("eq", "ne"))
LT, LE, GT, GE = (compare_kernel(name, (BOOL, *REAL)) for name in ("lt", "le", "gt", "ge"))
for _kernel in (EQ, NE, LT, LE, GT, GE):
    _kernel.mixes = 2


@op("eq", gradient=False)
@doc("out = [x = y]", returns=BROADCAST)
def eq(input_: Tensor, other, *, out=None) -> Tensor:
    """Whether elements are equal; NaN equals nothing.

    >>> lucid.eq(lucid.tensor([1, 2]), lucid.tensor([1, 3]))
    Tensor([True, False])
    """
    return binary(EQ, input_, other)


@op("ne", gradient=False, aliases=("not_equal",))
@doc("out = [x \\ne y]", returns=BROADCAST)
def ne(input_: Tensor, other, *, out=None) -> Tensor:
    """Whether elements differ.

    >>> lucid.ne(lucid.tensor([1, 2]), 1)
    Tensor([False, True])
    """
    return binary(NE, input_, other)


@op("lt", gradient=False, aliases=("less",))
@doc("out = [x < y]", returns=BROADCAST, raises=ORDERED)
def lt(input_: Tensor, other, *, out=None) -> Tensor:
    """Whether elements are less than others.

    >>> lucid.lt(lucid.tensor([1, 2]), 2)
    Tensor([True, False])
    """
    return binary(LT, input_, other)


@op("le", gradient=False, aliases=("less_equal",))
@doc("out = [x \\le y]", returns=BROADCAST, raises=ORDERED)
def le(input_: Tensor, other, *, out=None) -> Tensor:
    """Whether elements are at most others.

    >>> lucid.le(lucid.tensor([1, 2]), 1)
    Tensor([True, False])
    """
    return binary(LE, input_, other)


@op("gt", gradient=False, aliases=("greater",))
@doc("out = [x > y]", returns=BROADCAST, raises=ORDERED)
def gt(input_: Tensor, other, *, out=None) -> Tensor:
    """Whether elements are greater than others.

    >>> lucid.gt(lucid.tensor([1, 2]), 1)
    Tensor([False, True])
    """
    return binary(GT, input_, other)


@op("ge", gradient=False, aliases=("greater_equal",))
@doc("out = [x \\ge y]", returns=BROADCAST, raises=ORDERED)
def ge(input_: Tensor, other, *, out=None) -> Tensor:
    """Whether elements are at least others.

    >>> lucid.ge(lucid.tensor([1, 2]), 2)
    Tensor([False, True])
    """
    return binary(GE, input_, other)


@op("equal", gradient=False)
def equal(input_: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements.

    Parameters
    ----------
    input_, other : Tensor
        Of any shapes.

    Returns
    -------
    bool
        NaN equals nothing.

    Notes
    -----
    .. math:: out = \\bigwedge_i [x_i = y_i]

    Examples
    --------
    >>> lucid.equal(lucid.tensor([1, 2]), lucid.tensor([1, 2]))
    True
    """
    tensor_argument("equal", input_)
    tensor_argument("equal", other, 2, "other")
    return input_.array.shape == other.array.shape and bool(eq(input_, other).array.all())


@op("isclose", gradient=False)
@doc("out = |x - y| \\le atol + rtol \\cdot |y|", returns=BROADCAST, other="Tensor: Of the same dtype.",
     rtol="float, optional: Tolerance relative to `other`.", atol="float, optional: Absolute tolerance.",
     equal_nan="bool, optional: Whether two NaN are close.",
     raises="RuntimeError: the dtypes differ\nRuntimeError: a tolerance is negative")  # fmt: skip
def isclose(input_: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether elements are close to others. Infinities are close to themselves alone.

    >>> lucid.isclose(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0 + 1e-6, 2.1]))
    Tensor([True, False])
    """
    tensor_argument("isclose", input_)
    tensor_argument("isclose", other, 2, "other")
    if input_.dtype is not other.dtype:
        raise RuntimeError(f"{torch_name(input_.dtype)} did not match {torch_name(other.dtype)}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"isclose: {name} must be greater than or equal to zero, but got {value}")
    close = eq(input_, other).array
    inexact = input_.dtype.kind >= 2
    if equal_nan and inexact:
        close = close | ((input_.array != input_.array) & (other.array != other.array))
    if rtol or atol:
        computed = dtypes.to_floating(input_.dtype).numpy
        half = is_half(input_.dtype)
        held = lambda array: cast(cast(array, computed), FLOAT32) if half else array  # each step is rounded
        with np.errstate(all="ignore"):
            x, y = (cast(one.array, FLOAT32 if half else computed) for one in (input_, other))
            difference = held(np.abs(x - y))
            allowed = held(rounded(atol, input_.dtype) + held(np.abs(y * rtol)))
            close = close | (np.isfinite(difference) & (difference <= allowed))
    return wrap(np.asarray(close))


@op("allclose", gradient=False)
def allclose(input_: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close to others; see `isclose`.

    Parameters
    ----------
    input_, other : Tensor
        Of shapes that broadcast, and of one dtype.
    rtol, atol : float, optional
        Relative and absolute tolerance.
    equal_nan : bool, optional
        Whether two NaN are close.

    Returns
    -------
    bool
        True for empty tensors.

    Raises
    ------
    RuntimeError
        If the dtypes differ, or a tolerance is negative.

    Notes
    -----
    .. math:: out = \\bigwedge_i [|x_i - y_i| \\le atol + rtol \\cdot |y_i|]

    Examples
    --------
    >>> lucid.allclose(lucid.tensor([1.0]), lucid.tensor([1.0 + 1e-6]))
    True
    """
    return bool(isclose(input_, other, rtol, atol, equal_nan).array.all())


# ------------------------------------------------------------------------------------------------ questions

LOGICAL_NOT = predicate_kernel("logical_not")
ISNAN, ISFINITE, ISINF = (predicate_kernel(name, BITS) for name in ("isnan", "isfinite", "isinf"))
ISPOSINF, ISNEGINF, SIGNBIT = (
    override(refuse(predicate_kernel(name, (BOOL, *REAL)), COMPLEX, RuntimeError,
                    f"{name} does not support complex inputs."),
             dict.fromkeys(UNSIGNED, lambda x, out, *_: np.asarray(out).fill(False)))
    for name in ("isposinf", "isneginf", "signbit")
)  # fmt: skip


@op("isnan", gradient=False)
@doc("out = [x \\ne x]", returns=QUESTION)
def isnan(input_: Tensor) -> Tensor:
    """Whether elements are not numbers; a complex one is not if one of its parts is not.

    >>> lucid.isnan(lucid.tensor([1.0, float("nan")]))
    Tensor([False, True])
    """
    return unary(ISNAN, input_)


@op("isinf", gradient=False)
@doc("out = [|x| = \\infty]", returns=QUESTION)
def isinf(input_: Tensor) -> Tensor:
    """Whether elements are infinite; a complex one is if one of its parts is.

    >>> lucid.isinf(lucid.tensor([1.0, float("-inf")]))
    Tensor([False, True])
    """
    return unary(ISINF, input_)


@op("isfinite", gradient=False)
@doc("out = [|x| < \\infty]", returns=QUESTION)
def isfinite(input_: Tensor) -> Tensor:
    """Whether elements are neither infinite nor NaN.

    >>> lucid.isfinite(lucid.tensor([1.0, float("inf"), float("nan")]))
    Tensor([True, False, False])
    """
    return unary(ISFINITE, input_)


@op("isposinf", gradient=False, out="same")
@doc("out = [x = \\infty]", returns=QUESTION, raises="RuntimeError: the tensor is complex")
def isposinf(input_: Tensor, *, out=None) -> Tensor:
    """Whether elements are positive infinity.

    >>> lucid.isposinf(lucid.tensor([float("-inf"), float("inf")]))
    Tensor([False, True])
    """
    return unary(ISPOSINF, input_)


@op("isneginf", gradient=False, out="same")
@doc("out = [x = -\\infty]", returns=QUESTION, raises="RuntimeError: the tensor is complex")
def isneginf(input_: Tensor, *, out=None) -> Tensor:
    """Whether elements are negative infinity.

    >>> lucid.isneginf(lucid.tensor([float("-inf"), float("inf")]))
    Tensor([True, False])
    """
    return unary(ISNEGINF, input_)


@op("isreal", gradient=False)
@doc("out = [\\mathrm{Im}(x) = 0]", returns=QUESTION)
def isreal(input_: Tensor) -> Tensor:
    """Whether elements have no imaginary part.

    >>> lucid.isreal(lucid.tensor([1 + 0j, 1j]))
    Tensor([True, False])
    """
    array = tensor_argument("isreal", input_).array
    return wrap(np.asarray(part(array, "imag") == 0) if input_.dtype.is_complex else np.ones(array.shape, bool))


@op("signbit", gradient=False, out="same")
@doc("out = [x < 0 \\text{ or } x = -0]", returns=QUESTION, raises="RuntimeError: the tensor is complex")
def signbit(input_: Tensor, *, out=None) -> Tensor:
    """Whether the sign of elements is negative; zeros have one too.

    >>> lucid.signbit(lucid.tensor([-0.0, 0.0, -1.0]))
    Tensor([True, False, True])
    """
    return unary(SIGNBIT, input_)


# ------------------------------------------------------------------------------------------------ logic

LOGICAL_AND, LOGICAL_OR, LOGICAL_XOR = (
    compare_kernel(name, ALL) for name in ("logical_and", "logical_or", "logical_xor")
)


@op("logical_not", gradient=False)
@doc("out = \\lnot x", returns=QUESTION)
def logical_not(input_: Tensor, *, out=None) -> Tensor:
    """Whether elements are zero.

    >>> lucid.logical_not(lucid.tensor([0, 7]))
    Tensor([True, False])
    """
    return unary(LOGICAL_NOT, input_)


@op("logical_and", gradient=False)
@doc("out = x \\land y", returns=BROADCAST, other="Tensor: Broadcasts with `input_`.")
def logical_and(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Whether both elements are not zero.

    >>> lucid.logical_and(lucid.tensor([0, 7]), lucid.tensor([1, 1]))
    Tensor([False, True])
    """
    return binary(LOGICAL_AND, input_, tensor_argument("logical_and", other, 2, "other"))


@op("logical_or", gradient=False)
@doc("out = x \\lor y", returns=BROADCAST, other="Tensor: Broadcasts with `input_`.")
def logical_or(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Whether one of two elements is not zero.

    >>> lucid.logical_or(lucid.tensor([0, 7]), lucid.tensor([0, 0]))
    Tensor([False, True])
    """
    return binary(LOGICAL_OR, input_, tensor_argument("logical_or", other, 2, "other"))


@op("logical_xor", gradient=False)
@doc("out = x \\oplus y", returns=BROADCAST, other="Tensor: Broadcasts with `input_`.")
def logical_xor(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Whether just one of two elements is not zero.

    >>> lucid.logical_xor(lucid.tensor([0, 7]), lucid.tensor([1, 1]))
    Tensor([True, False])
    """
    return binary(LOGICAL_XOR, input_, tensor_argument("logical_xor", other, 2, "other"))


# ------------------------------------------------------------------------------------------------ bits


BITWISE_NOT = unary_kernel("bitwise_not", INTEGER)
BITWISE_AND, BITWISE_OR, BITWISE_XOR = (
    number_first(binary_kernel(name, (BOOL, *INTEGER, *UNSIGNED))) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
)
SHIFT_LEFT, SHIFT_RIGHT = (number_first(binary_kernel(name, INTEGER)) for name in ("left_shift", "right_shift"))
GCD, LCM = (refuse(binary_kernel(name, INTEGER), (BOOL,)) for name in ("gcd", "lcm"))
DISCRETE = "NotImplementedError: the promoted dtype is neither an integer one nor bool"
INTEGRAL = "NotImplementedError: the promoted dtype is not an integer one"


@op("bitwise_not", gradient=False, out="same")
@doc("out = \\mathord{\\sim} x", returns="Of the input's shape and dtype.", raises="NotImplementedError: the tensor is neither integer nor bool")
def bitwise_not(input_: Tensor, *, out=None) -> Tensor:
    """All bits of integers inverted; of bools, the logical negation.

    >>> lucid.bitwise_not(lucid.tensor([0, 5]))
    Tensor([-1, -6])
    """
    if tensor_argument("bitwise_not", input_).array.dtype == BOOL:
        return unary(LOGICAL_NOT, input_)
    return unary(BITWISE_NOT, input_)


@op("bitwise_and", gradient=False)
@doc("out = x \\mathbin{\\&} y", returns=SAME, raises=DISCRETE)
def bitwise_and(input_: Tensor, other, *, out=None) -> Tensor:
    """The bits that both elements have.

    >>> lucid.bitwise_and(lucid.tensor([6, 5]), 3)
    Tensor([2, 1])
    """
    return binary(BITWISE_AND, input_, other)


@op("bitwise_or", gradient=False)
@doc("out = x \\mathbin{|} y", returns=SAME, raises=DISCRETE)
def bitwise_or(input_: Tensor, other, *, out=None) -> Tensor:
    """The bits that one of two elements has.

    >>> lucid.bitwise_or(lucid.tensor([6, 5]), 3)
    Tensor([7, 7])
    """
    return binary(BITWISE_OR, input_, other)


@op("bitwise_xor", gradient=False)
@doc("out = x \\oplus y", returns=SAME, raises=DISCRETE)
def bitwise_xor(input_: Tensor, other, *, out=None) -> Tensor:
    """The bits that just one of two elements has.

    >>> lucid.bitwise_xor(lucid.tensor([6, 5]), 3)
    Tensor([5, 6])
    """
    return binary(BITWISE_XOR, input_, other)


@op("bitwise_left_shift", gradient=False)
@doc("out = x \\cdot 2^y", returns=SAME, raises=INTEGRAL)
def bitwise_left_shift(input_: Tensor, other, *, out=None) -> Tensor:
    """Bits moved up; a shift by the width or more leaves nothing.

    >>> lucid.bitwise_left_shift(lucid.tensor([1, 3]), 2)
    Tensor([4, 12])
    """
    return binary(SHIFT_LEFT, input_, other)


@op("bitwise_right_shift", gradient=False)
@doc("out = \\lfloor x / 2^y \\rfloor", returns=SAME, raises=INTEGRAL)
def bitwise_right_shift(input_: Tensor, other, *, out=None) -> Tensor:
    """Bits moved down; the sign stays.

    >>> lucid.bitwise_right_shift(lucid.tensor([8, -8]), 2)
    Tensor([2, -2])
    """
    return binary(SHIFT_RIGHT, input_, other)


@op("gcd", gradient=False)
@doc("out = \\gcd(|x|, |y|)", returns=SAME, other="Tensor: Broadcasts with `input_`.", raises=INTEGRAL)
def gcd(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Greatest common divisor.

    >>> lucid.gcd(lucid.tensor([12, -9]), lucid.tensor([18, 6]))
    Tensor([6, 3])
    """
    return binary(GCD, input_, tensor_argument("gcd", other, 2, "other"))


@op("lcm", gradient=False)
@doc("out = \\mathrm{lcm}(|x|, |y|)", returns=SAME, other="Tensor: Broadcasts with `input_`.", raises=INTEGRAL)
def lcm(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Least common multiple; 0 with a 0.

    >>> lucid.lcm(lucid.tensor([4, 0]), lucid.tensor([6, 5]))
    Tensor([12, 0])
    """
    return binary(LCM, input_, tensor_argument("lcm", other, 2, "other"))


HEAVISIDE = refuse(
    binary_kernel("heaviside", (BOOL, *REAL)), COMPLEX, RuntimeError, "heaviside is not implemented for complex tensors."
)


@op("heaviside", gradient=RuntimeError, out="same")
@doc("out = [x > 0] + y \\cdot [x = 0]", returns="Of the broadcast shape.",
     values="Tensor: The result where `input_` is 0.",
     raises="RuntimeError: the dtypes differ, or are complex")  # fmt: skip
def heaviside(input_: Tensor, values: Tensor, *, out=None) -> Tensor:
    """Step function: 0 below zero, 1 above it.

    >>> lucid.heaviside(lucid.tensor([-1.5, 0.0, 2.0]), lucid.tensor([0.5]))
    Tensor([0.0, 0.5, 1.0])
    """
    tensor_argument("heaviside", values, 2, "values")
    if tensor_argument("heaviside", input_).dtype is not values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return binary(HEAVISIDE, input_, values)


def invert(x: Tensor) -> Tensor:
    """The operator `~`; see `bitwise_not`."""
    if x.dtype.kind > 1:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(x)


TENSOR_METHODS = {"__invert__": invert}
