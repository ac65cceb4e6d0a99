"""Random tensors, in-place fills, and the dropouts.

An operation checks its arguments, then hands one row of memory to a kernel of `lucid._kernels.random`; what the
kernel draws, in which order, is PyTorch's stream. `draw_into` is where the order of elements is decided: a tensor is
filled as it lies in memory, not by index. Half precision is drawn in float32, integers as int64.

Gradients: a sample does not depend on what it was drawn from, so `replaced` gives its inputs a gradient of zero.
A dropout is one linear operation with a mask, `masked`, which is its own gradient rule.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import random as kernels
from lucid._kernels.core import empty, flat, strided, wrap
from lucid.autograd.op import (
    Supplied,
    check_out,
    check_recordable,
    check_writable,
    inplace,
    op,
    rewrite,
    torch_name,
    write_out,
)
from lucid.dtypes import as_dtype
from lucid.ops._doc import like
from lucid.ops._frame import (
    FLOAT32,
    FLOAT64,
    FLOATING,
    INT64,
    UINT8,
    broadcast_shapes,
    cast,
    contiguous,
    elements,
    kernel,
    memory_order,
    ordered_empty,
    shape_argument,
    tensor_argument,
)
from lucid.ops.activation import leaky_relu
from lucid.ops.arithmetic import mul
from lucid.ops.view import clone, empty_as
from lucid.random import default_generator, engine_of
from lucid.tensor import Tensor, check_device

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
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
    part = array.real
    return np.lib.stride_tricks.as_strided(part, (*part.shape, 2), (*part.strides, part.itemsize))


def computed_in(name: str, array: np.ndarray) -> np.dtype:
    """float32 or float64, in which a floating array is drawn. NotImplementedError for another dtype."""
    dtype = dtypes.from_numpy_dtype(array.dtype)
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")
    return FLOAT64 if dtype.itemsize == 8 else FLOAT32


def number(name: str, argument: str, value) -> float:
    """A float argument."""
    if type(value) is float:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, (np.number, Tensor)) and not isinstance(value, complex):
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


@op("Tensor._replaced")
def replaced(input_: Tensor, by: Tensor) -> Tensor:
    """`by`, in the place of a tensor that it does not depend on."""
    return by


replaced.vjp(input_=lambda g: Supplied.zeros(g.array.shape, g.dtype), by=lambda g: g)
Supplied.replaced = replaced


def refill(name: str, target: Tensor, fill) -> Tensor:
    """Let `fill` overwrite a tensor's array: what the in-place methods do."""
    if core.recording((target,)):
        check_recordable(replaced.op, target)
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
    if memory_format is None or memory_format.name == "preserve_format":
        array = dense_like(array, target)
    else:
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
            if isinstance(one, bool):
                raise TypeError(f"{name}(): argument 'size' must be tuple of ints, not bool")
            return shape_argument(name, size)
    return tuple(size)


# ------------------------------------------------------------------------------------------------ distributions
# Each `fill_*` checks the parameters of a distribution and returns what fills an array with it.


def fill_uniform(low, high, generator):
    low, high = number("uniform_", "from", low), number("uniform_", "to", high)
    engine = engine_of("uniform_", generator)

    def general(array):
        if array.dtype.kind == "c":
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
        if array.dtype.kind == "c":
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


def fill_bernoulli(p, generator, name="bernoulli_"):
    """Of one probability."""
    p, engine = number(name, "p", p), engine_of(name, generator)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")

    def fill(array):
        if array.size and array.dtype.kind == "c":
            raise NotImplementedError(
                f"\"bernoulli_scalar_cpu_\" not implemented for '{torch_name(dtypes.from_numpy_dtype(array.dtype))}'"
            )
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
        compute = computed_in("bernoulli_tensor_cpu_p_", source)
        if array.dtype == np.bool_:
            array = array.view(UINT8)
        try:
            expanded = np.broadcast_to(source, array.shape)
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
        draw_into(array, INT64, lambda row: kernels.randint(engine, row, count, start, wide))

    return fill


def integer_range(name: str, dtype: dtypes.dtype, low, high) -> tuple[int, int, bool]:
    """The first integer, how many there are (0: 2**64), and whether they take 64 bits."""
    if dtype is dtypes.int64 and high is not None and low < high:
        return low, high - low, high - low >= 2**28
    if low is None and high is None:
        if dtype.is_complex:
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


# ------------------------------------------------------------------------------------------------ new tensors


@op("rand", gradient=False)
def rand(
    *size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **kw
) -> Tensor:
    """Samples of the uniform distribution on [0, 1).

    Parameters
    ----------
    *size : int
        The shape, as arguments or one sequence (`size=` too).
    generator : Generator, optional
        What to draw from; by default `lucid.default_generator`.
    out : Tensor, optional
        What to fill instead of a new tensor; it takes the shape.
    dtype : dtype, optional
        A floating or complex one; by default the default dtype.
    requires_grad : bool, optional
        Whether the result requires a gradient.

    Returns
    -------
    Tensor
        Of shape `size`.

    Raises
    ------
    NotImplementedError
        For a dtype that is not floating.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.rand(2))
    [0.4962566, 0.7682218]
    """
    fill = STANDARD_UNIFORM if generator is None else fill_uniform(0.0, 1.0, generator)
    shape = sizes("rand", size, kw)
    return made("rand", shape, fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("randn", gradient=False)
def randn(
    *size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **kw
) -> Tensor:
    """Samples of the normal distribution of mean 0 and variance 1.

    Parameters
    ----------
    *size : int
        The shape, as arguments or one sequence (`size=` too).
    generator, out, dtype, requires_grad
        As for `rand`. The parts of a complex sample have variance 1/2 each.

    Returns
    -------
    Tensor
        Of shape `size`.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.randn(2))
    [1.5409961, -0.2934289]
    """
    fill = STANDARD_NORMAL if generator is None else fill_normal(0.0, 1.0, generator)
    shape = sizes("randn", size, kw)
    return made("randn", shape, fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("randint", gradient=False, own=("out",))
def randint(
    low=0, high=None, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False,
) -> Tensor:  # fmt: skip
    """Integers drawn evenly from [low, high).

    Parameters
    ----------
    low : int, optional
        The smallest one. `randint(high, size)` starts at 0.
    high : int
        One above the largest.
    size : sequence of int
        The shape.
    generator, out, requires_grad
        As for `rand`.
    dtype : dtype, optional
        By default int64.

    Returns
    -------
    Tensor
        Of shape `size`.

    Raises
    ------
    RuntimeError
        If the range is empty, or beyond the dtype.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> lucid.randint(3, 10, (4,)).tolist()
    [7, 6, 3, 5]
    """
    if high is None or (size is None and hasattr(high, "__len__")):
        low, high, size = 0, low, high if size is None else size
    if size is None:
        raise TypeError("randint() missing required argument: 'size'")
    if not hasattr(size, "__len__"):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    fill = fill_random(integer("randint", "low", low), integer("randint", "high", high), generator, "randint")
    dtype = dtypes.int64 if dtype is None and out is None else dtype
    shape = sizes("randint", (size,), {})
    return made("randint", shape, fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("randperm", gradient=False, own=("out",))
def randperm(
    n, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
) -> Tensor:
    """The integers 0 to n - 1 in random order.

    Parameters
    ----------
    n : int
        How many.
    generator, out, requires_grad
        As for `rand`.
    dtype : dtype, optional
        By default int64; it must hold n - 1 exactly.

    Returns
    -------
    Tensor
        Of shape (n,).

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> lucid.randperm(5).tolist()
    [4, 0, 1, 3, 2]
    """
    n, engine = integer("randperm", "n", n), engine_of("randperm", generator)

    def fill(array):
        dtype = dtypes.from_numpy_dtype(array.dtype)
        if dtype.kind in (0, 3):
            raise NotImplementedError(f"\"randperm\" not implemented for '{torch_name(dtype)}'")
        most = 2 ** DIGITS[dtype.name] + 1 if dtype.is_floating_point else dtypes.iinfo(dtype).max
        if n > most:
            raise RuntimeError(f"n cannot be greater than {most} for {torch_name(dtype)} type.")
        draw_into(array, INT64, lambda row: kernels.randperm(engine, row))

    dtype = dtypes.int64 if dtype is None and out is None else dtype
    return made("randperm", (n,), fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("rand_like", gradient=False)
def rand_like(
    input_, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None
) -> Tensor:
    """Uniform samples on [0, 1) in the shape of a tensor.

    Parameters
    ----------
    input_ : Tensor
        Whose shape, dtype and order in memory the result has.
    generator, dtype, requires_grad
        As for `rand`; the dtype is the input's where none is given.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.rand_like(lucid.ones(2, 3)).shape
    lucid.Size([2, 3])
    """
    fill = STANDARD_UNIFORM if generator is None else fill_uniform(0.0, 1.0, generator)
    return made_like("rand_like", input_, fill, dtype, device, requires_grad, memory_format)


@op("randn_like", gradient=False)
@like(rand_like)
def randn_like(
    input_, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None
) -> Tensor:
    """Standard normal samples in the shape of a tensor.

    Examples
    --------
    >>> lucid.randn_like(lucid.ones(2, 3)).shape
    lucid.Size([2, 3])
    """
    fill = STANDARD_NORMAL if generator is None else fill_normal(0.0, 1.0, generator)
    return made_like("randn_like", input_, fill, dtype, device, requires_grad, memory_format)


@op("randint_like", gradient=False)
def randint_like(
    input_, low=0, high=None, *, generator=None, dtype=None, layout=None, device=None, pin_memory=None,
    requires_grad=False, memory_format=None,
) -> Tensor:  # fmt: skip
    """Integers drawn evenly from [low, high) in the shape of a tensor.

    Parameters
    ----------
    input_ : Tensor
        Whose shape, dtype and order in memory the result has.
    low : int, optional
        The smallest one. `randint_like(x, high)` starts at 0.
    high : int
        One above the largest.
    generator, dtype, pin_memory, requires_grad
        As for `rand`; the dtype is the input's where none is given.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.randint_like(lucid.ones(2, 3), 5).shape
    lucid.Size([2, 3])
    """
    low, high = (0, low) if high is None else (low, high)
    fill = fill_random(integer("randint_like", "low", low), integer("randint_like", "high", high), generator)
    return made_like("randint_like", input_, fill, dtype, device, requires_grad, memory_format)


# ------------------------------------------------------------------------------------------------ samples of tensors


@op("bernoulli", composite=True, own=("out",))
def bernoulli(input_: Tensor, p=None, *, generator=None, out=None) -> Tensor:
    """1 with the probability that each element gives, else 0.

    Parameters
    ----------
    input_ : Tensor
        Probabilities, floating, in [0, 1].
    p : float, optional
        One probability for all; then only the input's shape and dtype count.
    generator : Generator, optional
        What to draw from.
    out : Tensor, optional
        What to fill instead of a new tensor.

    Returns
    -------
    Tensor
        Of the input's shape and dtype. Its gradient is zero.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.bernoulli(lucid.tensor([0.0, 0.5, 1.0])))
    [0.0, 0.0, 1.0]
    """
    array = tensor_argument("bernoulli", input_).array
    if p is None or isinstance(p, Tensor):
        fill = fill_bernoulli_each(input_ if p is None else p, generator, "bernoulli")
    else:
        fill = fill_bernoulli(p, generator, "bernoulli")
    if out is not None:
        check_out("bernoulli", out, (input_,))
    result = made("bernoulli", array.shape, fill, out=out, dtype=input_.dtype if out is None else None)
    return replaced(input_, result)


@op("normal", composite=True, own=("out",))
def normal(
    mean, std=1.0, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False,
    pin_memory=False,
) -> Tensor:  # fmt: skip
    """Normal samples of given means and standard deviations.

    Parameters
    ----------
    mean, std : float or Tensor
        Broadcast against each other.
    size : sequence of int, optional
        The shape; needed where neither is a tensor.
    generator, out, dtype, requires_grad
        As for `randn`; `dtype` counts only with `size`.

    Returns
    -------
    Tensor
        Of shape `size`, or the broadcast one; of the dtype of `mean`, else of `std`. Its gradient is zero.

    Raises
    ------
    RuntimeError
        If a standard deviation is negative.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.normal(10.0, 0.5, (2,)))
    [10.770498, 9.853286]
    """
    tensors = [one for one in (mean, std) if isinstance(one, Tensor)]
    if not tensors:
        if not hasattr(size, "__len__"):
            raise TypeError("normal(): argument 'size' must be tuple of ints when mean and std are numbers")
        return made(
            "normal", shape_argument("normal", (size,)), fill_normal(mean, std, generator), out=out, dtype=dtype,
            device=device, requires_grad=requires_grad,
        )  # fmt: skip
    if isinstance(std, Tensor):
        if std.is_complex():
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if std.array.size and not bool((std.array >= 0).all()):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        fill = fill_normal(0.0, 1.0, generator)
    else:
        fill = fill_normal(0.0, std, generator)
    if out is not None:
        check_out("normal", out, tensors)
    shape = broadcast_shapes(*[one.array.shape for one in tensors])
    result = made("normal", shape, fill, dtype=tensors[0].dtype if out is None else out.dtype)
    past = core.set_grad(False)
    try:
        if isinstance(std, Tensor):
            result = result.mul_(std)
        result = result.add_(mean)
    finally:
        core.set_grad(past)
    if out is not None:
        write_out("normal", out, result)
        return out
    for one in tensors:
        result = replaced(one, result)
    return result


@op("multinomial", gradient=False, own=("out",), out="same")
def multinomial(input_: Tensor, num_samples, replacement: bool = False, *, generator=None, out=None) -> Tensor:
    """Indices drawn with the probabilities that a row of weights gives.

    Parameters
    ----------
    input_ : Tensor
        Weights, of shape (categories,) or (rows, categories): floating, finite, not negative, no row all zero.
    num_samples : int
        How many to draw of each row.
    replacement : bool, optional
        Whether a category may be drawn again.
    generator, out
        As for `rand`; `out` is an int64 tensor.

    Returns
    -------
    Tensor
        Of shape (num_samples,) or (rows, num_samples), int64.

    Raises
    ------
    RuntimeError
        For weights that are none, or more samples than there are categories.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> lucid.multinomial(lucid.tensor([0.0, 1.0, 3.0]), 2).tolist()
    [2, 1]
    """
    array, engine = tensor_argument("multinomial", input_).array, engine_of("multinomial", generator)
    num_samples = integer("multinomial", "num_samples", num_samples)
    if array.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input_.is_floating_point():
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {torch_name(input_.dtype)}"
        )
    if out is not None:
        check_out("multinomial", out)
        if out.array.dtype != INT64:
            raise RuntimeError(f"multinomial expects Long tensor out, got: {torch_name(out.dtype)}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    categories = array.shape[-1]
    if not replacement and num_samples > categories:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if categories > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    compute = computed_in("multinomial", array)
    if array.size and not bool(((array >= 0) & (array < np.inf)).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if 0 not in array.shape[:-1] and not bool((array.astype(compute, copy=False).sum(-1) > 0).all()):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")

    def fill(result):
        if not result.size:
            return
        if replacement and num_samples > 1:
            weights = contiguous(cast(array, compute))
            rows = result.size // num_samples
            drawn = contiguous(result)
            MULTINOMIAL[compute.num](
                engine, flat(weights), flat(empty((categories,), compute)), flat(drawn), rows, categories, num_samples
            )
        else:  # the largest weights over exponential samples, also for one sample with replacement
            waits = dense_like(array, array.dtype)
            draw_into(waits, compute, lambda row: EXPONENTIAL[compute.num](engine, row, 1.0))
            with np.errstate(all="ignore"):
                drawn = np.argsort(-(array / waits), axis=-1, kind="stable")[..., :num_samples]
        if drawn is not result:
            result[...] = drawn

    return made("multinomial", (*array.shape[:-1], num_samples), fill, out=out, dtype=dtypes.int64)


@op("poisson", composite=True)
def poisson(input_: Tensor, generator=None) -> Tensor:
    """Samples of the Poisson distribution.

    Parameters
    ----------
    input_ : Tensor
        The rate of each sample, floating, not negative.
    generator : Generator, optional
        What to draw from.

    Returns
    -------
    Tensor
        Of the input's shape and dtype. Its gradient is zero.

    Raises
    ------
    RuntimeError
        If a rate is negative.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.poisson(lucid.tensor([2.0, 40.0])))
    [6.0, 37.0]
    """
    array, engine = tensor_argument("poisson", input_).array, engine_of("poisson", generator)
    compute = computed_in("poisson_cpu", array)
    if array.size and not bool((array >= 0).all()):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    result = empty(array.shape, compute)
    if array.size:
        POISSON[compute.num](engine, flat(contiguous(cast(array, compute))), flat(result))
    return replaced(input_, wrap(cast(result, array.dtype)))


@op("binomial", composite=True)
def binomial(count: Tensor, prob: Tensor, generator=None) -> Tensor:
    """Samples of the binomial distribution.

    Parameters
    ----------
    count, prob : Tensor
        Numbers of trials and probabilities of success, of one floating dtype, broadcast against each other.
    generator : Generator, optional
        What to draw from.

    Returns
    -------
    Tensor
        Of the broadcast shape. Its gradient is zero.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.binomial(lucid.tensor([10.0, 100.0]), lucid.tensor(0.5)))
    [7.0, 51.0]
    """
    a, b = tensor_argument("binomial", count).array, tensor_argument("binomial", prob, 2, "prob").array
    engine = engine_of("binomial", generator)
    for argument, one in (("count", count), ("prob", prob)):
        if not one.is_floating_point():
            raise ValueError(
                f"binomial only supports floating-point dtypes for {argument}, got: {torch_name(one.dtype)}"
            )
    compute = computed_in("binomial_cpu", a)
    if a.dtype != b.dtype:
        raise RuntimeError(f"Found dtype {torch_name(prob.dtype)} but expected {torch_name(count.dtype)}")
    shape = broadcast_shapes(a.shape, b.shape)
    result = empty(shape, compute)
    if result.size:
        rows = [flat(contiguous(cast(np.broadcast_to(one, shape), compute))) for one in (a, b)]
        BINOMIAL[compute.num](engine, *rows, flat(result))
    return replaced(prob, replaced(count, wrap(cast(result, a.dtype))))


# ------------------------------------------------------------------------------------------------ in place

FROM_ZERO = object()  # random_(to) and random_(from, None) differ


@op("Tensor.uniform_", composite=True)
def uniform_(input_: Tensor, from_=0, to=1, *, generator=None) -> Tensor:
    """Overwrite the tensor with uniform samples on [from, to). Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    from_ : number, optional
        The least, included.
    to : number, optional
        The greatest, excluded.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    tuple of Tensor
        The input itself.

    Examples
    --------
    >>> lucid.empty(2, 3).uniform_().shape
    lucid.Size([2, 3])
    """
    return refill("uniform_", input_, fill_uniform(from_, to, generator))


@op("Tensor.normal_", composite=True)
def normal_(input_: Tensor, mean=0, std=1, *, generator=None) -> Tensor:
    """Overwrite the tensor with normal samples of that mean and standard deviation. Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    mean : float, optional
        The mean.
    std : float, optional
        The standard deviation.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    tuple of Tensor
        The input itself.

    Examples
    --------
    >>> lucid.empty(2, 3).normal_().shape
    lucid.Size([2, 3])
    """
    return refill("normal_", input_, fill_normal(mean, std, generator))


@op("Tensor.random_", composite=True)
def random_(input_: Tensor, from_=None, to=FROM_ZERO, *, generator=None) -> Tensor:
    """Overwrite the tensor with integers drawn evenly from [from, to). Returns it.

    `random_(to)` starts at 0; `random_(from, None)` ends with the largest number of the dtype; `random_()` draws from
    the numbers that are not negative, of a floating dtype from those up to 2**digits of its significand.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    from_ : number, optional
        The least, included.
    to : number, optional
        The greatest, excluded.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> bool((lucid.empty(3).random_(5) < 5).all())
    True
    """
    if to is FROM_ZERO:
        from_, to = (None, None) if from_ is None else (0, from_)
    elif from_ is None:
        from_ = 0
    return refill("random_", input_, fill_random(from_, to, generator))


@op("Tensor.bernoulli_", composite=True)
def bernoulli_(input_: Tensor, p=0.5, *, generator=None) -> Tensor:
    """Overwrite the tensor with 1 with probability p (a number, or a tensor that expands), else with 0. Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    p : float, optional
        The probability.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.empty(2).bernoulli_(1.0)
    Tensor([1.0, 1.0])
    """
    fill = fill_bernoulli_each if isinstance(p, Tensor) else fill_bernoulli
    return refill("bernoulli_", input_, fill(p, generator))


@op("Tensor.exponential_", composite=True)
def exponential_(input_: Tensor, lambd=1, *, generator=None) -> Tensor:
    """Overwrite the tensor with exponential samples of rate `lambd`. Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    lambd : float, optional
        The rate.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> bool((lucid.empty(3).exponential_() > 0).all())
    True
    """
    return refill("exponential_", input_, fill_exponential(lambd, generator))


@op("Tensor.geometric_", composite=True)
def geometric_(input_: Tensor, p, *, generator=None) -> Tensor:
    """Overwrite the tensor with numbers of trials up to the first success of probability p. Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    p : float
        The probability.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> bool((lucid.empty(3).geometric_(0.5) >= 1).all())
    True
    """
    return refill("geometric_", input_, fill_geometric(p, generator))


@op("Tensor.cauchy_", composite=True)
def cauchy_(input_: Tensor, median=0, sigma=1, *, generator=None) -> Tensor:
    """Overwrite the tensor with Cauchy samples. Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    median : float, optional
        The median.
    sigma : float, optional
        The scale.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    tuple of Tensor
        The input itself.

    Examples
    --------
    >>> lucid.empty(2, 3).cauchy_().shape
    lucid.Size([2, 3])
    """
    return refill("cauchy_", input_, fill_cauchy(median, sigma, generator))


@op("Tensor.log_normal_", composite=True)
def log_normal_(input_: Tensor, mean=1, std=2, *, generator=None) -> Tensor:
    """Overwrite the tensor with exponentials of normal samples. Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    mean : float, optional
        The mean.
    std : float, optional
        The standard deviation.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> bool((lucid.empty(3).log_normal_() > 0).all())
    True
    """
    return refill("log_normal_", input_, fill_log_normal(mean, std, generator))


# ------------------------------------------------------------------------------------------------ dropout

ALPHA = 1.7580993408473766  # minus the limit of SELU: what alpha dropout sets dropped elements to


@op("Tensor._masked")
def masked(input_: Tensor, mask, scale: float, kept: float, dropped: float) -> Tensor:
    """input * scale + kept where the mask is 1, input * 0 + dropped elsewhere; the mask expands to the input."""
    array = input_.array
    compute = computed_in("dropout", array)
    if not array.size:
        return wrap(empty(array.shape, array.dtype))
    inner, dense = 1, array.flags.c_contiguous
    if dense and array.dtype == compute and mask.shape == array.shape and mask.flags.c_contiguous:
        result = empty(array.shape, compute)
        MASK_SCALE[compute.num](flat(array), flat(mask), flat(result), 1, scale, kept, dropped)
        return wrap(result)
    if mask.shape != array.shape:
        if dense:
            inner = array.size // mask.size
        else:
            mask = np.broadcast_to(mask, array.shape)
    order = order_of(array)
    row = contiguous(cast(array.transpose(order), compute))
    result = ordered_empty(array.shape, order, compute)
    flags = contiguous(mask.transpose(order) if inner == 1 else mask)
    whole = array.itemsize > 2  # half precision rounds the product before the sum
    terms = (kept, dropped) if whole else (-0.0, -0.0)
    MASK_SCALE[compute.num](flat(row), flat(flags), flat(result.transpose(order)), inner, scale, *terms)
    result = cast(result, array.dtype)
    if not whole and kept != dropped:
        each = mask if inner == 1 else np.broadcast_to(mask, array.shape)
        result = cast(cast(result, compute) + np.where(each, compute.type(kept), compute.type(dropped)), array.dtype)
    return wrap(result)


masked.vjp(input_=lambda g, mask, scale: masked(g, mask, scale, -0.0, -0.0))
masked_ = inplace(masked, "dropout_")
mul_ = inplace(mul, "mul_")


def drop(name: str, input_: Tensor, p, train: bool, *, channels=0, alpha=False, inplace=False) -> Tensor:
    """What all dropouts do. `channels`: the number of leading dimensions whose parts are dropped as a whole (0: single
    elements); `alpha`: keep mean and variance of a SELU network."""
    array, p = tensor_argument(name, input_).array, number(name, "p", p)
    if not 0 <= p <= 1:
        raise RuntimeError(f"{name}: dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or not array.size:
        return input_
    if p == 1:
        return (mul_ if inplace else mul)(input_, Supplied.zeros((), input_.dtype))
    if array.ndim < channels:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    check_droppable(input_.dtype)
    if channels:
        mask = empty(array.shape[:channels] + (1,) * (array.ndim - channels), UINT8)
    else:
        mask = dense_like(array, UINT8)
    draw_into(mask, UINT8, lambda row: kernels.bernoulli(default_generator.engine, row, 1 - p))
    one = computed_in(name, array).type
    rounded = array.dtype.type
    if alpha:
        a = 1.0 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
        kept = rounded(one(ALPHA * a * p))
        dropped = rounded(one(-rounded(one(ALPHA * a))) + one(ALPHA * a * p))
        parameters = float(rounded(one(a))), float(kept), float(dropped)
    else:
        parameters = float(rounded(one(1) / one(1 - p))), -0.0, -0.0
    return (masked_ if inplace else masked)(input_, mask, *parameters)


def check_droppable(dtype: dtypes.dtype) -> None:
    """Raise what PyTorch raises for a tensor that is not floating."""
    if dtype.is_complex:
        raise NotImplementedError(f"\"bernoulli_scalar_cpu_\" not implemented for '{torch_name(dtype)}'")
    if not dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {torch_name(dtype)}")


def probability(p) -> None:
    if isinstance(p, (int, float)) and (p < 0 or p > 1):
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


@op("nn.functional.dropout", composite=True, own=("inplace",))
def dropout(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    r"""Set elements to zero at random, and scale the others up to keep the mean.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, floating.
    p : float, optional
        The probability of an element to be dropped.
    training : bool, optional
        Nothing happens without it.
    inplace : bool, optional
        Whether to overwrite the input.

    Returns
    -------
    Tensor
        Of the input's shape: :math:`x \cdot m / (1 - p)` with the mask :math:`m` of samples 0 and 1. The gradient is
        :math:`g \cdot m / (1 - p)`. The input itself if `p` is 0 or without `training`.

    Raises
    ------
    ValueError
        If p is not in [0, 1].

    Source: G. Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors" (2012).

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.nn.functional.dropout(lucid.tensor([1.0, 2.0, 3.0, 4.0]), 0.5))
    [0.0, 0.0, 6.0, 0.0]
    """
    probability(p)
    return drop("dropout", input_, p, training, inplace=inplace)


@op("nn.functional.alpha_dropout", composite=True, own=("inplace",))
def alpha_dropout(input_: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    r"""Dropout that keeps mean and variance of a self-normalising network.

    Parameters
    ----------
    input_, p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape: :math:`a (x m - \alpha' (1 - m)) + b`, where dropped elements stand at the limit
        :math:`-\alpha'` of SELU. The gradient is :math:`g \cdot a m`.

    Source: G. Klambauer et al., "Self-Normalizing Neural Networks" (2017).

    Examples
    --------
    >>> lucid.nn.functional.alpha_dropout(lucid.ones(3), training=False)
    Tensor([1.0, 1.0, 1.0])
    """
    probability(p)
    return drop("alpha_dropout", input_, p, training, alpha=True, inplace=inplace)


@op("nn.functional.feature_alpha_dropout", composite=True, own=("inplace",))
def feature_alpha_dropout(input_: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, ...).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.nn.functional.feature_alpha_dropout(lucid.ones(1, 2), training=False)
    Tensor([[1.0, 1.0]])
    """
    probability(p)
    return drop("feature_alpha_dropout", input_, p, training, channels=2, alpha=True, inplace=inplace)


@op("nn.functional.dropout1d", composite=True, own=("inplace",))
def dropout1d(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of sequences.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, L) or (C, L).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape.

    Raises
    ------
    RuntimeError
        For another number of dimensions.

    Examples
    --------
    >>> lucid.nn.functional.dropout1d(lucid.ones(1, 2, 2), training=False).shape
    lucid.Size([1, 2, 2])
    """
    probability(p)
    ndim = tensor_argument("dropout1d", input_).array.ndim
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input: a channel dimension, one of the "
            "sequence, and an optional batch dimension"
        )
    return drop("dropout1d", input_, p, training, channels=ndim - 1, inplace=inplace)


@op("nn.functional.dropout2d", composite=True, own=("inplace",))
def dropout2d(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of images.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, H, W).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.nn.functional.dropout2d(lucid.ones(1, 2, 2, 2), training=False).shape
    lucid.Size([1, 2, 2, 2])
    """
    probability(p)
    ndim = tensor_argument("dropout2d", input_).array.ndim
    if ndim not in (3, 4):
        warnings.warn(f"dropout2d: expects (N, C, H, W), received a {ndim}-D input", UserWarning, stacklevel=3)
    if ndim == 3:
        warnings.warn(
            "dropout2d: a 3-D input is taken as (N, C, L); use dropout1d for it, or add a batch dimension to an image",
            UserWarning, stacklevel=3,
        )  # fmt: skip
    return drop("dropout2d", input_, p, training, channels=2, inplace=inplace)


@op("nn.functional.dropout3d", composite=True, own=("inplace",))
def dropout3d(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of volumes.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, D, H, W) or (C, D, H, W).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape.

    Examples
    --------
    >>> lucid.nn.functional.dropout3d(lucid.ones(1, 2, 2, 2, 2), training=False).shape
    lucid.Size([1, 2, 2, 2, 2])
    """
    probability(p)
    ndim = tensor_argument("dropout3d", input_).array.ndim
    if ndim not in (4, 5):
        warnings.warn(f"dropout3d: expects (N, C, D, H, W), received a {ndim}-D input", UserWarning, stacklevel=3)
    return drop("dropout3d", input_, p, training, channels=2 if ndim == 5 else 1, inplace=inplace)


def declare_short(name: str, **which) -> None:
    """`lucid.dropout(input, p, train)` and its in-place twin: the functions without defaults."""

    def function(input_: Tensor, p: float, train: bool) -> Tensor:
        return drop(name, input_, p, train, **which)

    def in_place(input_: Tensor, p: float, train: bool) -> Tensor:
        return drop(name, input_, p, train, inplace=True, **which)

    for made_, suffix, what in ((function, "", "Return"), (in_place, "_", "Overwrite the input with")):
        made_.__name__, made_.__qualname__ = name + suffix, f"short_{name}{suffix}"
        made_.__doc__ = (
            f"{what} the result of `nn.functional.{name}`, with `train` for its `training`.\n\n"
            f"    Examples\n    --------\n    >>> lucid.{name}{suffix}(lucid.ones(1, 2), 0.5, False)\n    Tensor([[1.0, 1.0]])"
        )
        like(
            dropout, p="float: The probability of an element to be dropped.", train="bool: Without it nothing is dropped."
        )(made_)
        globals()["short_" + name + suffix] = op(name + suffix, composite=True)(made_)


declare_short("dropout")
declare_short("alpha_dropout", alpha=True)
declare_short("feature_dropout", channels=2)
declare_short("feature_alpha_dropout", channels=2, alpha=True)


@op("native_dropout", composite=True)
def native_dropout(input_: Tensor, p: float, train: bool | None = True) -> tuple[Tensor, Tensor]:
    """Dropout that returns its mask too.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, floating.
    p : float
        The probability of an element to be dropped.
    train : bool, optional
        Without it the input is returned, with a mask of True.

    Returns
    -------
    tuple of Tensor
        The result, and the mask (bool) of the elements kept.

    Examples
    --------
    >>> lucid.native_dropout(lucid.ones(2), 0.5, False)[0]
    Tensor([1.0, 1.0])
    """
    array = tensor_argument("native_dropout", input_).array
    if not 0 <= p <= 1:
        raise RuntimeError(f"native_dropout: bernoulli_ expects p to be in [0, 1], but got p={p}")
    mask = dense_like(array, UINT8)
    if not array.size or train is False:
        mask.fill(1)
        return clone(input_), wrap(mask.view(np.bool_))
    check_droppable(input_.dtype)
    draw_into(mask, UINT8, lambda row: kernels.bernoulli(default_generator.engine, row, 1 - p))
    scale = 0.0 if p == 1 else float(computed_in("dropout", array).type(1.0 / (1.0 - p)))
    return masked(input_, mask, scale, -0.0, -0.0), wrap(mask.view(np.bool_))


# ------------------------------------------------------------------------------------------------ rrelu


def randomly_leaky(name: str, input_: Tensor, lower, upper, training: bool, inplace: bool, generator=None) -> Tensor:
    """What `nn.functional.rrelu` and `lucid.rrelu` do."""
    array = tensor_argument(name, input_).array
    lower, upper, engine = number(name, "lower", lower), number(name, "upper", upper), engine_of(name, generator)
    for which, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {which} bound must be finite, got {bound:g}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return (inplace_leaky_relu if inplace else leaky_relu)(input_, (lower + upper) / 2)
    compute = computed_in("rrelu_with_noise_out_cpu", array)
    noise = empty(array.shape, compute)
    if noise.size:
        RRELU_NOISE[compute.num](engine, flat(contiguous(cast(array, compute))), flat(noise), lower, upper)
    slopes = wrap(cast(noise, array.dtype))
    return mul_(input_, slopes) if inplace else mul(slopes, input_)


inplace_leaky_relu = inplace(leaky_relu, "leaky_relu_")


@op("nn.functional.rrelu", composite=True, own=("inplace",))
def rrelu(
    input_: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """The randomised leaky rectifier.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, floating.
    lower, upper : float, optional
        Between which the slope of each element is drawn.
    training : bool, optional
        Without it the slope is the mean of both.
    inplace : bool, optional
        Whether to overwrite the input.

    Returns
    -------
    Tensor
        Of the input's shape: :math:`x` where it is positive, :math:`r x` elsewhere, with a slope :math:`r` drawn
        for each. The gradient is :math:`g` and :math:`r g`.

    Source: B. Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network" (2015).

    Examples
    --------
    >>> lucid.nn.functional.rrelu(lucid.tensor([1.0, -1.0]), 0.5, 0.5)
    Tensor([1.0, -0.5])
    """
    return randomly_leaky("rrelu", input_, lower, upper, training, inplace)


@op("rrelu", composite=True)
def short_rrelu(
    input_: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator=None
) -> Tensor:
    """`nn.functional.rrelu` with a generator.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    lower : float, optional
        The least slope of the negative side.
    upper : float, optional
        The greatest slope of the negative side.
    training : bool, optional
        Whether elements are dropped at all.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        Of the shape and dtype of the input.

    Examples
    --------
    >>> lucid.rrelu(lucid.tensor([1.0, -1.0]), 0.5, 0.5)
    Tensor([1.0, -0.5])
    """
    return randomly_leaky("rrelu", input_, lower, upper, training, False, generator)


@op("rrelu_", composite=True, aliases=("nn.functional.rrelu_",))
def rrelu_(
    input_: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator=None
) -> Tensor:
    """`rrelu` that overwrites its input.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    lower : float, optional
        The least slope of the negative side.
    upper : float, optional
        The greatest slope of the negative side.
    training : bool, optional
        Whether elements are dropped at all.
    generator : Generator, optional
        Where the random numbers come from; the default generator otherwise.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.rrelu_(lucid.tensor([1.0, -1.0]), 0.5, 0.5)
    Tensor([1.0, -0.5])
    """
    return randomly_leaky("rrelu_", input_, lower, upper, training, True, generator)


TENSOR_METHODS = {
    "uniform_": uniform_, "normal_": normal_, "random_": random_, "bernoulli_": bernoulli_,
    "exponential_": exponential_, "geometric_": geometric_, "cauchy_": cauchy_, "log_normal_": log_normal_,
}  # fmt: skip
