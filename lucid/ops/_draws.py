"""How an array is filled with random numbers: in which order, in which dtype, from which distribution.

One row of memory goes to a kernel of `lucid._kernels.random`; what the kernel draws, in which order, is PyTorch's stream.
`draw_into` is where the order of elements is decided: a tensor is filled as it lies in memory, not by index. Half
precision is drawn in float32, integers as int64.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import random as kernels
from lucid._kernels.core import empty, flat, strided, wrap
from lucid.autograd.history import rewrite
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.autograd.writes import check_out, check_recordable, check_writable, overlaps_itself
from lucid.dtypes import as_dtype, torch_name
from lucid.ops._frame import (
    FLOAT32,
    FLOAT64,
    FLOATING,
    INT64,
    UINT8,
    cast,
    contiguous,
    elements,
    kernel,
    memory_order,
    ordered_empty,
    part,
    shape_argument,
    spread,
    tensor_argument,
)
from lucid.ops.view import empty_as
from lucid.random import Streams, engine_of
from lucid.tensor import Tensor, check_device

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
PIECE = 2**18  # integers of a smaller dtype that are drawn at a time, as int64
DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}  # of the significand: integers up to 2**digits

UNIFORM, NORMAL, LOG_NORMAL, EXPONENTIAL, CAUCHY, GEOMETRIC, BERNOULLI_EACH, MASK_SCALE, RRELU_NOISE, MULTINOMIAL = (
    kernel(getattr(kernels, name), name, FLOATING).table
    for name in (
        "uniform", "normal", "log_normal", "exponential", "cauchy", "geometric", "bernoulli_each", "mask_scale",
        "rrelu_noise", "multinomial",
    )
)  # fmt: skip
POISSON, BINOMIAL = (kernel(getattr(kernels, name), name, FLOATING).table for name in ("poisson", "binomial"))


# ------------------------------------------------------------------------------------------------ filling


def order_of(array: np.ndarray) -> list[int]:
    """The dimensions of an array from the outermost in memory to the innermost."""
    return memory_order(array.shape, [elements(array.strides, array.itemsize)])


def draw_into(array: np.ndarray, dtype: np.dtype, draw) -> None:
    """Let `draw` fill one row of `dtype`, and lay it into the array as its elements lie in memory."""
    if not array.size:
        return
    target = array if array.flags.c_contiguous else array.transpose(order_of(array))
    if array.dtype == dtype and target.flags.c_contiguous:
        draw(flat(target))
        return
    row = empty(target.shape, dtype)
    draw(flat(row))
    if dtype.kind == "f":
        row = cast(row, array.dtype)
    elif array.itemsize == 2 and array.dtype.kind != "i":  # a half is rounded from float32
        row = cast(cast(row, FLOAT32), array.dtype)
    target[...] = row


def filler(table, engine, parameters: tuple, general):
    """What fills an array by a floating kernel: at once if it can be, else as `general` does."""

    def fill(array):
        num = array.dtype.num
        if (num == FLOAT32.num or num == FLOAT64.num) and array.flags.c_contiguous:
            if array.size:
                table[num](engine, flat(array), *parameters)
        else:
            general(array)

    return fill


def real_parts(array: np.ndarray) -> np.ndarray:
    """A complex array seen as pairs of its parts."""
    real = part(array, "real")
    return np.lib.stride_tricks.as_strided(real, (*real.shape, 2), (*real.strides, real.itemsize))


def computed_in(name: str, array: np.ndarray) -> np.dtype:
    """float32 or float64, in which a floating array is drawn. NotImplementedError for another dtype."""
    dtype = dtypes.from_numpy_dtype(array.dtype)
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")
    return FLOAT64 if dtype.itemsize == 8 else FLOAT32


def drawn_as_it_is(name: str, array: np.ndarray) -> np.dtype:
    """The dtype of an array that is drawn in it. NotImplementedError unless it is float32 or float64."""
    if array.dtype != computed_in(name, array):
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtypes.from_numpy_dtype(array.dtype))}'")
    return array.dtype


def number(name: str, argument: str, value) -> float:
    """A float argument."""
    if type(value) is float:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, np.number) and not isinstance(value, complex) or isinstance(value, Tensor) and not value.array.ndim:
        return float(value)
    raise TypeError(f"{name}(): argument '{argument}' must be float, not {type(value).__name__}")


def integer(name: str, argument: str, value) -> int:
    """An int64 argument."""
    if type(value) is int and INT64_MIN <= value <= INT64_MAX:
        return value
    if isinstance(value, (bool, float)) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}(): argument '{argument}' must be int, not {type(value).__name__}")
    value = value.__index__()
    if not INT64_MIN <= value <= INT64_MAX:
        raise ValueError(f"{name}(): argument '{argument}' must fit int64, got {value}")
    return value


def dense_like(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A new dense array with the shape and the order in memory of another."""
    if array.flags.c_contiguous:
        return empty(array.shape, dtype)
    return ordered_empty(array.shape, order_of(array), dtype)


def strided_like(array: np.ndarray) -> np.ndarray:
    """A new array with the shape, order in memory and dtype of another, and its strides, though none of them backwards."""
    steps = [abs(step) for step in elements(array.strides, array.itemsize)]
    span = 1 + sum((n - 1) * step for n, step in zip(array.shape, steps)) if array.size else 0
    return strided(empty((span,), array.dtype), array.shape, steps)


def zeros_laid_out(tensor: Tensor) -> Tensor:
    """Zeros that lie in memory as a tensor does, each element in a place of its own."""
    array = tensor.array
    out = empty(array.shape, array.dtype) if overlaps_itself(array) else strided_like(array)
    out.fill(0)
    return wrap(out)


Supplied.zeros_laid_out = zeros_laid_out


@op("Tensor._replaced")
def replaced(input_: Tensor, by: Tensor) -> Tensor:
    """`by`, in the place of a tensor that it does not depend on."""
    return by


replaced.vjp(input_=lambda g: Supplied.zeros(g.array.shape, g.dtype), by=lambda g: g)
Supplied.replaced = replaced


def refill(name: str, target: Tensor, fill) -> Tensor:
    """Let `fill` overwrite a tensor's array: what the in-place methods do."""
    if core.in_dual_level():
        from lucid.autograd.forward_ad import write_tangent

        write_tangent(target, None)
    if core.recording((target,)):
        check_recordable(target)
        check_writable(name, target)
        drawn = strided_like(target.array)
        fill(drawn)
        return rewrite(target, replaced.op, [target, wrap(drawn)])
    check_writable(name, target)
    fill(target.array)
    core.bump(target)
    return target


def made(name: str, shape: tuple, fill, *, out=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """A new tensor, or `out` in a new shape, that `fill` fills."""
    for size in shape:
        if size < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {list(shape)}")
    if device is not None:
        check_device(device)
    if out is not None:
        check_out(name, out)
        if dtype is not None and as_dtype(dtype) is not out.dtype:
            raise RuntimeError(
                f"dtype {torch_name(as_dtype(dtype))} does not match dtype of out parameter ({torch_name(out.dtype)})"
            )
        if out.array.shape == shape:
            return refill(name, out, fill)
        array = empty(shape, out.array.dtype)
        fill(array)
        out.array = array  # not before it is filled: a fill may refuse the dtype
        core.bump(out)
        return out
    array = empty(shape, (dtypes.get_default_dtype() if dtype is None else as_dtype(dtype)).numpy)
    tensor = wrap(array)
    if requires_grad:
        tensor.requires_grad_()
    fill(array)
    return tensor


def made_like(name: str, input_: Tensor, fill, dtype, device, requires_grad, memory_format) -> Tensor:
    """A new tensor of another's shape, by default in its order in memory, that `fill` fills."""
    array = tensor_argument(name, input_).array
    if device is not None:
        check_device(device)
    target = array.dtype if dtype is None else as_dtype(dtype).numpy
    array = empty_as(array, target, memory_format)
    tensor = wrap(array)
    if requires_grad:
        tensor.requires_grad_()
    fill(array)
    return tensor


def sizes(name: str, size: tuple, keywords: dict) -> tuple[int, ...]:
    """A shape given as ints, as one sequence, or as the keyword `size`."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    elif not size:
        if "size" not in keywords:
            raise TypeError(f"{name}() missing required argument: 'size'")
        size = keywords.pop("size")
    for one in keywords:
        raise TypeError(f"{name}() got an unexpected keyword argument '{one}'")
    for one in size:
        if type(one) is not int:
            return shape_argument(name, size)
    return tuple(size)


# ------------------------------------------------------------------------------------------------ distributions
# Each `fill_*` checks the parameters of a distribution and returns what fills an array with it.


def fill_uniform(low, high, generator):
    low, high = number("uniform_", "from", low), number("uniform_", "to", high)
    engine = engine_of("uniform_", generator)

    def general(array):
        if array.dtype.kind in "cW":
            array = real_parts(array)
        compute = computed_in("check_uniform_bounds", array)
        dtype = dtypes.from_numpy_dtype(array.dtype)
        most = dtypes.finfo(dtype).max
        for argument, bound in (("from", low), ("to", high)):
            if not abs(bound) <= most:
                raise RuntimeError(f"{argument} is out of bounds for {dtype.name}: {bound:g}")
        if low > high:
            raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
        if high - low > most:
            raise RuntimeError(
                f"uniform_ expects to-from to be at most the largest {dtype.name}, but found to={high:g} and "
                f"from={low:g}"
            )
        draw_into(array, compute, lambda row: UNIFORM[compute.num](engine, row, low, high))
        if dtype.itemsize == 2:  # rounding may reach the bound that is excluded
            bounds = np.array([low, high], FLOAT32).astype(array.dtype)
            array[array == bounds[1]] = bounds[0]

    if -1e38 < low <= high < 1e38:  # within any dtype that has a kernel
        return filler(UNIFORM, engine, (low, high), general)
    return general


def fill_normal(mean, std, generator):
    mean, std, engine = number("normal_", "mean", mean), number("normal_", "std", std), engine_of("normal_", generator)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")

    def general(array):
        if not array.size:
            return
        scale = std
        if array.dtype.kind in "cW":
            array, scale = real_parts(array), std / math.sqrt(2)
        compute = computed_in("normal_kernel_cpu", array)
        one_by_one, half = not array.flags.c_contiguous, array.itemsize == 2
        draw_into(array, compute, lambda row: NORMAL[compute.num](engine, row, mean, scale, one_by_one, half))

    return filler(NORMAL, engine, (mean, std), general)


def fill_log_normal(mean, std, generator):
    mean, std = number("log_normal_", "mean", mean), number("log_normal_", "std", std)
    engine = engine_of("log_normal_", generator)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")

    def general(array):
        if not array.size:
            return
        compute = computed_in("log_normal_cpu", array)
        draw_into(array, compute, lambda row: LOG_NORMAL[compute.num](engine, row, mean, std))

    return filler(LOG_NORMAL, engine, (mean, std), general)


def fill_exponential(rate, generator):
    rate, engine = number("exponential_", "lambd", rate), engine_of("exponential_", generator)
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")

    def general(array):
        if not array.size:
            return
        compute = continuous("Exponential", array)
        draw_into(array, compute, lambda row: EXPONENTIAL[compute.num](engine, row, rate))

    return filler(EXPONENTIAL, engine, (rate,), general)


def fill_cauchy(median, sigma, generator):
    median, sigma = number("cauchy_", "median", median), number("cauchy_", "sigma", sigma)
    engine = engine_of("cauchy_", generator)
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")

    def general(array):
        compute = continuous("Cauchy", array)
        draw_into(array, compute, lambda row: CAUCHY[compute.num](engine, row, median, sigma))

    return filler(CAUCHY, engine, (median, sigma), general)


def continuous(distribution: str, array: np.ndarray) -> np.dtype:
    """The dtype in which to draw a continuous distribution. RuntimeError if the array is not floating."""
    dtype = dtypes.from_numpy_dtype(array.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. dtype must be a floating point but "
            f"you specified {torch_name(dtype)}"
        )
    return computed_in(distribution, array)


def fill_geometric(p, generator):
    p, engine = number("geometric_", "p", p), engine_of("geometric_", generator)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")

    def general(array):
        if not array.size:
            return
        if array.dtype.kind in "iu":  # truncated to int64, then to the dtype
            target = array.transpose(order_of(array))
            draws = empty(target.shape, FLOAT64)
            draw_into(draws, FLOAT64, lambda row: GEOMETRIC[FLOAT64.num](engine, row, p))
            target[...] = cast(cast(draws, INT64), array.dtype)
            return
        compute = computed_in("geometric_cpu", array)
        draw_into(array, compute, lambda row: GEOMETRIC[compute.num](engine, row, p))

    return filler(GEOMETRIC, engine, (p,), general)


def _no_complex(kernel: str, array: np.ndarray) -> None:
    if array.size and array.dtype.kind in "cW":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{torch_name(dtypes.from_numpy_dtype(array.dtype))}'")


def fill_bernoulli(p, generator, name="bernoulli_"):
    """Of one probability."""
    p, engine = number(name, "p", p), engine_of(name, generator)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")

    def fill(array):
        _no_complex("bernoulli_scalar_cpu_", array)
        if array.dtype == np.bool_:
            array = array.view(UINT8)
        draw_into(array, UINT8, lambda row: kernels.bernoulli(engine, row, p))

    return fill


def fill_bernoulli_each(p: Tensor, generator, name="bernoulli_"):
    """Of a probability for each element."""
    engine, source = engine_of(name, generator), tensor_argument(name, p).array
    if source.size and source.dtype.kind not in "biuc" and not bool(((source >= 0) & (source <= 1)).all()):
        raise RuntimeError(f"{name}: Expected all probabilities to be in [0, 1]")

    def fill(array):
        if not array.size:
            return
        _no_complex("bernoulli_tensor_cpu_self_", array)
        compute = computed_in("bernoulli_tensor_cpu_p_", source)
        if array.dtype == np.bool_:
            array = array.view(UINT8)
        try:
            expanded = spread(source, array.shape)
        except ValueError:
            raise RuntimeError(
                f"{name}: probabilities of shape {list(source.shape)} do not expand to shape {list(array.shape)}"
            ) from None
        each = contiguous(cast(expanded.transpose(order_of(array)), compute))
        draw_into(array, UINT8, lambda row: BERNOULLI_EACH[compute.num](engine, flat(each), row))

    return fill


def fill_random(low, high, generator, name="random_"):
    """Integers in [low, high); high None: up to the largest of the dtype; both None: the dtype's own range from 0."""
    engine = engine_of(name, generator)
    low = None if low is None else integer(name, "from", low)
    high = None if high is None else integer(name, "to", high)

    def fill(array):
        dtype = dtypes.from_numpy_dtype(array.dtype)
        if not array.size and low is None:
            return
        start, count, wide = integer_range(name, dtype, low, high)
        if array.dtype == np.bool_:
            array = array.view(UINT8)
        pieces = (array,)
        if array.size > PIECE and array.dtype != INT64 and array.flags.c_contiguous:
            row = array.reshape(-1)
            pieces = (row[at : at + PIECE] for at in range(0, len(row), PIECE))
        for piece in pieces:
            draw_into(piece, INT64, lambda row: kernels.randint(engine, row, count, start, wide))

    return fill


def integer_range(name: str, dtype: dtypes.dtype, low, high) -> tuple[int, int, bool]:
    """The first integer, how many there are (0: 2**64), and whether they take 64 bits."""
    if dtype is dtypes.int64 and high is not None and low < high:
        return low, high - low, high - low >= 2**28
    if low is None and high is None:
        if dtype.is_complex or dtype in dtypes.UNSIGNED:
            raise NotImplementedError(f"\"random_kernel_cpu\" not implemented for '{torch_name(dtype)}'")
        if dtype.is_floating_point:
            return 0, 2 ** DIGITS[dtype.name] + 1, dtype is dtypes.float64
        return 0, 2 if dtype is dtypes.bool else dtypes.iinfo(dtype).max + 1, dtype is dtypes.int64
    if high is None and low == INT64_MIN:
        if dtype not in (dtypes.int64, dtypes.float64, dtypes.float32, dtypes.bfloat16):
            raise RuntimeError(
                f"{name}: the whole range of int64 is drawn for int64, float64, float32 and bfloat16 alone, not "
                f"for {dtype.name}"
            )
        return 0, 0, True
    if dtype.is_complex:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    if high is None:
        last = 2 ** DIGITS[dtype.name] if dtype.is_floating_point else 1 if dtype.kind == 0 else dtypes.iinfo(dtype).max
        if dtype.is_floating_point:
            low = representable(low, dtype, +1)
    else:
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        if dtype.is_floating_point:
            low, high = representable(low, dtype, +1), representable(high, dtype, -1)
        last = high - 1
    if low > last:
        raise RuntimeError(
            f"random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from={low} >= "
            f"to={last + 1}"
        )
    check_within(name, dtype, low, last)
    count = last - low + 1
    return low, count % 2**64, count >= 2**28


def representable(bound: int, dtype: dtypes.dtype, inward: int) -> int:
    """A bound of a half-open range, moved inward where the dtype would round a number next to it across it."""
    nearest = int(float(np.array(float(bound + inward)).astype(dtype.numpy)))
    crossed = nearest < bound if inward > 0 else nearest >= bound
    if not crossed:
        return bound
    exponent = abs(bound + inward).bit_length() - 1
    return nearest + inward * 2 ** (exponent - DIGITS[dtype.name] + 1)


def check_within(name: str, dtype: dtypes.dtype, low: int, last: int) -> None:
    """RuntimeError for a range beyond the dtype; a warning where it is wider than the dtype's exact integers."""
    if dtype.is_floating_point:
        most = dtypes.finfo(dtype).max
        least, exact = -most, 2 ** DIGITS[dtype.name]
    elif dtype.kind == 0:
        least, most, exact = 0, 1, None
    else:
        least, most, exact = dtypes.iinfo(dtype).min, dtypes.iinfo(dtype).max, None
    for argument, bound in (("from", low), ("to - 1", last)):
        if not least <= bound <= most:
            raise RuntimeError(f"{argument} is out of bounds for {dtype.name}: {bound}")
        if exact is not None and abs(bound) > exact:
            warnings.warn(
                f"{argument} is out of bounds [-(2^{DIGITS[dtype.name]}), 2^{DIGITS[dtype.name]}]: {dtype.name} does "
                f"not hold every integer of this range, got {bound}", UserWarning, stacklevel=6,
            )  # fmt: skip


STANDARD_UNIFORM, STANDARD_NORMAL = fill_uniform(0.0, 1.0, None), fill_normal(0.0, 1.0, None)


def fill_standard_uniform(generator):
    """As `fill_uniform(0.0, 1.0, generator)`, made once for the default generator."""
    return STANDARD_UNIFORM if generator is None and not Streams.used else fill_uniform(0.0, 1.0, generator)


def fill_standard_normal(generator):
    return STANDARD_NORMAL if generator is None and not Streams.used else fill_normal(0.0, 1.0, generator)
