"""Elementwise kernels by name, and what they do with dtypes that they do not compute in.

    exp    floating and complex; integers and bools become the default floating dtype
    floor  floating; integers are copied
    relu   floating; anything else is refused

`unary_kernel("exp", MATH)` is the first; `copy_integers`, `refuse` and `override` say the rest, in the kernel's
own table, so that an operation stays one line. An operation whose general case is something else altogether (the
absolute value of complex numbers, the division of integers) enters it in `_frame.EXCEPTIONS`.
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels import core, pointwise
from lucid._kernels.core import Kernel, wrap
from lucid.dtypes import HELD, element, from_numpy_dtype, torch_name
from lucid.ops._frame import (
    BOOL,
    COMPLEX,
    EXCEPTIONS,
    FLOATING,
    INTEGER,
    NUMBER,
    UNSIGNED,
    Refusal,
    as_array,
    check_shapes,
    elementwise,
    is_half,
    kernel,
    opmath_dtype,
    with_twins,
)
from lucid.tensor import Tensor

MATH = FLOATING + COMPLEX
ALL = (BOOL, *NUMBER)
BITS = (*ALL, *UNSIGNED)  # of kernels that take the larger unsigned integers as signed ones
WHERE = kernel(pointwise.where, "where", BITS)


def unary_kernel(name: str, dtypes_, code: str = "") -> Kernel:
    """A function of one number."""
    return kernel(pointwise.unary, name, dtypes_, pointwise.codes[code or name])


def param_kernel(name: str, dtypes_=FLOATING, code: str = "") -> Kernel:
    """A function of one number and up to two parameters."""
    return kernel(pointwise.unary_param, name, dtypes_, pointwise.codes[code or name])


def backward_kernel(name: str, dtypes_=FLOATING) -> Kernel:
    """The gradient of an activation."""
    return kernel(pointwise.backward, f"{name}_backward", dtypes_, pointwise.codes[name])


def predicate_kernel(name: str, dtypes_=ALL) -> Kernel:
    """A question about one number."""
    return kernel(pointwise.predicate, name, dtypes_, pointwise.codes[name], BOOL)


def binary_kernel(name: str, dtypes_) -> Kernel:
    """A function of two numbers."""
    return kernel(pointwise.binary, name, dtypes_, pointwise.codes[name])


def compare_kernel(name: str, dtypes_) -> Kernel:
    """A question about two numbers."""
    return kernel(pointwise.compare, name, dtypes_, pointwise.codes[name], BOOL)


def ternary_kernel(name: str, dtypes_) -> Kernel:
    """A function of three numbers and a parameter."""
    return kernel(pointwise.ternary, name, dtypes_, pointwise.codes[name])


def override(kernel_: Kernel, entries: dict) -> Kernel:
    """Replace what the kernel does for some dtypes."""
    table = list(kernel_.table)
    for dtype, function in entries.items():
        table[dtype.num] = function
        kernel_.forget(dtype.num)
    kernel_.table = with_twins(table)
    return kernel_


def _copy(x, out, *_):
    np.asarray(out)[...] = np.asarray(x)


def copy_integers(kernel_: Kernel) -> Kernel:
    """Integers stay what they are; bools are refused."""
    return refuse(override(kernel_, dict.fromkeys(INTEGER + UNSIGNED, _copy)), (BOOL,))


def refuse(kernel_: Kernel, dtypes_=(BOOL, *INTEGER), error=NotImplementedError, message: str = "") -> Kernel:
    """These dtypes raise an error."""

    def refusal(dtype):
        named = torch_name(from_numpy_dtype(dtype))
        return Refusal(error, message or f"\"{kernel_.name}\" not implemented for '{named}'")

    return override(kernel_, {dtype: refusal(dtype) for dtype in dtypes_})


def refuse_half(kernel_: Kernel) -> Kernel:
    """Half precision raises, as in PyTorch, where computing in float32 would be just as well."""

    def check(x):
        if is_half(x.dtype):
            raise NotImplementedError(f"\"{kernel_.name}\" not implemented for '{torch_name(x.dtype)}'")

    EXCEPTIONS[kernel_] = check
    kernel_.halves = False
    return kernel_


def numpy_kernel(name: str, dtypes_, function, result=None) -> Kernel:
    """A function of one number that no kernel has yet, computed with NumPy: `function(array, *parameters)`."""

    def run(x, out, code, *parameters):
        with np.errstate(all="ignore"):
            np.asarray(out)[...] = function(np.asarray(x), *parameters)

    return override(Kernel(name, (None,) * 24, None, result), dict.fromkeys(dtypes_, run))


def double(function):
    """The function computed in double precision, for float32 and float64 alike."""
    return lambda x, *parameters: function(x.astype(np.float64), *parameters)


def numpy_binary(name: str, x, y, function, dtypes_) -> Tensor:
    """A function of two numbers that no kernel has yet, computed with NumPy in one of `dtypes_`."""
    check_shapes((x, y))
    dtype = dtypes.result_dtype((x, y))
    computed = dtype.numpy
    if is_half(dtype):
        computed = FLOATING[0]
    elif dtype.kind < 2 and INTEGER[0] not in dtypes_:
        computed = dtypes.get_default_dtype().numpy
    if computed not in dtypes_:
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")
    with np.errstate(all="ignore"):
        made = np.asarray(function(as_array(x, computed), as_array(y, computed)))
        return wrap(made.astype(dtype.numpy if dtype.kind >= 2 else computed, copy=False))


def ternary(kernel_: Kernel, x, y, z, value=0, dtype=None) -> Tensor:
    """A kernel over triples of elements, promoted and broadcast."""
    if isinstance(x, Tensor) and (dtype is None or dtype is x.dtype) and type(value) in (float, int):
        plain = -HELD <= value <= HELD if x.dtype.kind == 2 else value in (0, 1)  # no dtype of that kind refuses it
        found = core.ternary(kernel_, x, y, z, value) if plain else None
        if found is not None:
            return found
    dtype = dtypes.result_dtype((x, y, z)) if dtype is None else dtype
    return elementwise(kernel_, (x, y, z), dtype, element(value, opmath_dtype(dtype)))


def with_complex(kernel_, function):
    """Add complex numbers to a kernel of real ones, computed with NumPy in double precision."""

    def run(x, out, code, *_):
        with np.errstate(all="ignore"):
            np.asarray(out)[...] = function(np.asarray(x).astype(np.complex128))

    return override(kernel_, dict.fromkeys(COMPLEX, run))
