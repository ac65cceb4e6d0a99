"""Tensors from nothing: of one value, the identity, ranges.

Each function reads its size (`sizes`), then its keywords (`wanted`), fills one new array, and hands it on (`finished`).
"""

from __future__ import annotations

import math
import operator

import numpy as np

from lucid import dtypes
from lucid._kernels.core import empty as new_array
from lucid._kernels.core import ramp, wrap
from lucid._kernels.core import strided as strided_array
from lucid.autograd.node import Supplied
from lucid.autograd.op import Stated, op
from lucid.autograd.writes import check_out, write_out
from lucid.dtypes import as_dtype, element, torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import INT64, fill, number_argument, ordered_empty, shape_argument, tensor_argument
from lucid.ops.storage import Uninitialised, fill_array
from lucid.ops.view import empty_as, to_dtype
from lucid.tensor import Tensor, check_device


def filled(shape: tuple, value, dtype: dtypes.dtype) -> Tensor:
    """A tensor of one value."""
    array = new_array(shape, dtype.numpy)
    fill(array, value)
    return wrap(array)


Supplied.zeros = lambda shape, dtype: filled(shape, 0, dtype)
Supplied.no_memory = lambda shape, dtype: wrap(strided_array(filled((), 0, dtype).array, shape, (0,) * len(shape)))
Supplied.identity = lambda n, dtype: eye(n, dtype=dtype)
Supplied.ones = lambda shape, dtype: filled(shape, 1, dtype)


# ------------------------------------------------------------------------------------------------ arguments


def sizes(name: str, size: tuple, keywords: dict, argument: str = "size") -> tuple[int, ...]:
    """A size given as ints, as one sequence, or by keyword. RuntimeError where it is negative."""
    plain = size[0] if len(size) == 1 and type(size[0]) in (tuple, list) else size
    if size and not keywords:
        for one in plain:
            if type(one) is not int or one < 0:
                break
        else:
            return tuple(plain)
    if not size:
        if argument not in keywords:
            raise TypeError(f'{name}() missing 1 required positional arguments: "{argument}"')
        size = (keywords.pop(argument),)
    for other in keywords:
        raise TypeError(f"{name}() got an unexpected keyword argument '{other}'")
    found = shape_argument(name, size, argument)
    if any(n < 0 for n in found):
        raise RuntimeError(f"{name}: Dimension size must be non-negative, got {list(found)}")
    return found


def implied(value) -> dtypes.dtype:
    """The dtype that a Python number implies."""
    if isinstance(value, Tensor):
        return value.dtype
    return dtypes.result_dtype((value,))


def wanted(dtype, layout=None, device=None, default=None) -> dtypes.dtype:
    """The dtype asked for; what else is asked for is checked."""
    if dtype is None and layout is None and device is None:
        return default or dtypes.get_default_dtype()
    if device is not None:
        check_device(device)
    if layout is not None and getattr(layout, "name", str(layout)) not in ("strided", "lucid.strided"):
        raise RuntimeError(f"lucid has one layout, 'strided'; got {layout}")
    return (default or dtypes.get_default_dtype()) if dtype is None else as_dtype(dtype)


ROWS = ("arange", "range", "linspace", "logspace")  # an `out` of as many elements keeps its shape


def finished(name: str, result: Tensor, requires_grad=False, out=None, dtype=None) -> Tensor:
    """The result, with what is left of the keywords done."""
    if Uninitialised.filled and name.startswith("empty"):
        Uninitialised.seen(result.array)
    if out is None and not requires_grad:
        return result
    if out is not None:
        check_out(name, out)
        if dtype is not None and as_dtype(dtype) is not out.dtype:
            raise RuntimeError(
                f"dtype {torch_name(as_dtype(dtype))} does not match dtype of out parameter ({torch_name(out.dtype)})"
            )
        if name in ROWS and out.array.size == result.array.size:
            result = wrap(result.array.reshape(out.array.shape))
        write_out(name, out, to_dtype(result, out.dtype) if dtype is None else result)
        result = out
    if requires_grad and requires_grad is not True:
        raise TypeError(f"{name}(): argument 'requires_grad' must be bool, not {type(requires_grad).__name__}")
    return result.requires_grad_() if requires_grad else result


# ------------------------------------------------------------------------------------------------ of one value


def _constant(name: str, value: int):
    def make(size, named, out, dtype, layout, device, requires_grad):
        shape = sizes(name, size, named)
        dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else None)
        return finished(name, filled(shape, value, dtype_), requires_grad, out, dtype)

    return make


_ZEROS, _ONES = _constant("zeros", 0), _constant("ones", 1)


@op("zeros", gradient=False, own=("out",))
@doc()
def zeros(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad: bool | None = False, **named
) -> Tensor:
    """A tensor of zeros.

    Parameters
    ----------
    *size : int or sequence of int
        The shape.
    dtype : dtype, optional
        The dtype of the result; the default floating dtype.

    Returns
    -------
    Tensor
        Of shape `size`.

    Examples
    --------
    >>> lucid.zeros(2, 3)
    Tensor([[0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0]])
    """
    return _ZEROS(size, named, out, dtype, layout, device, requires_grad)


@op("ones", gradient=False, own=("out",))
@like(zeros)
def ones(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad: bool | None = False, **named
) -> Tensor:
    """A tensor of ones.

    Examples
    --------
    >>> lucid.ones(2, 3)
    Tensor([[1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0]])
    """
    return _ONES(size, named, out, dtype, layout, device, requires_grad)


@op("empty", gradient=False, own=("out",))
@like(zeros, memory_format="memory_format, optional: How the result lies in memory; contiguous by default.")
def empty(
    *size,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
    memory_format=None,
    **named,
) -> Tensor:
    """An uninitialised tensor.

    Examples
    --------
    >>> lucid.empty(2, 3).shape
    lucid.Size([2, 3])
    """
    shape = sizes("empty", size, named)
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else None)
    if out is not None and out.array.shape == shape:
        return finished("empty", wrap(out.array), requires_grad, out, dtype)  # what is in it stays
    array = new_array(shape, dtype_.numpy)
    if memory_format is not None:
        array = empty_as(array, dtype_.numpy, memory_format)
    return finished("empty", wrap(array), requires_grad, out, dtype)


@op("full", gradient=False, own=("out",))
@doc()
def full(
    size: tuple,
    fill_value: float,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
) -> Tensor:
    """A tensor of one value.

    Parameters
    ----------
    size : sequence of int
        The shape.
    fill_value : number or 0-d Tensor
        The value.
    dtype : dtype, optional
        The dtype of the result; by default that of the value.

    Returns
    -------
    Tensor
        Of shape `size`.

    Examples
    --------
    >>> lucid.full((2, 2), 7.0)
    Tensor([[7.0, 7.0],
            [7.0, 7.0]])
    """
    if isinstance(size, int):
        raise TypeError("full(): argument 'size' (position 1) must be tuple of ints, not int")
    if isinstance(fill_value, Tensor) and fill_value.array.ndim:
        raise TypeError("full(): argument 'fill_value' (position 2) must be Number, not Tensor")
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else implied(value))
    array = new_array(sizes("full", (size,), {}), dtype_.numpy)
    fill_array(array, value)
    return finished("full", wrap(array), requires_grad, out, dtype)


@op("empty_strided", gradient=False)
@doc()
def empty_strided(
    size: tuple,
    stride: tuple,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
) -> Tensor:
    """An uninitialised tensor of these sizes and strides (in elements).

    Parameters
    ----------
    size : int or sequence of int
        The shape.
    stride : sequence of int
        The strides, in elements.
    dtype : dtype, optional
        The dtype of the result; the default floating dtype.

    Returns
    -------
    Tensor
        Of shape `size` and strides `stride`; of `dtype`, or else the default floating dtype.

    Examples
    --------
    >>> lucid.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    dtype = wanted(dtype, layout, device)
    size, stride = sizes("empty_strided", (size,), {}), shape_argument("empty_strided", (stride,))
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})"
        )
    span = 0 if 0 in size else 1 + sum((n - 1) * step for n, step in zip(size, stride))
    if any(step < 0 for step in stride) or span * dtype.itemsize >= 1 << 63:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    result = wrap(strided_array(new_array((span,), dtype.numpy), size, stride))
    return finished("empty_strided", result, requires_grad)


@op("empty_permuted", gradient=False)
@like(empty_strided, physical_layout="sequence of int: The dimensions, from the outermost in memory to the innermost.")
def empty_permuted(
    size: tuple,
    physical_layout: tuple,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
) -> Tensor:
    """An uninitialised dense tensor whose dimensions lie in memory in the order `physical_layout`.

    Examples
    --------
    >>> lucid.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    dtype = wanted(dtype, layout, device)
    size = sizes("empty_permuted", (size,), {})
    order = [operator.index(dim) for dim in physical_layout]
    if len(order) != len(size):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
            f"{len(size)} is not equal to len(physical_layout) = {len(order)}"
        )
    for dim in order:
        if not 0 <= dim < len(size):
            raise RuntimeError(f"Dimension out of range (expected to be between 0 and {len(size) - 1}, but got {dim})")
    if len(set(order)) != len(order):
        raise RuntimeError("Duplicate dim not allowed")
    return finished("empty_permuted", wrap(ordered_empty(size, order, dtype.numpy)), requires_grad)


def _like(name: str, x, dtype, layout, device, memory_format):
    """An uninitialised array like a tensor."""
    array = tensor_argument(name, x).array
    return empty_as(array, wanted(dtype, layout, device, x.dtype).numpy, memory_format)


@op("empty_like", gradient=False)
@doc()
def empty_like(
    input_,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:
    """An uninitialised tensor of another's shape, dtype and order in memory.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dtype : dtype, optional
        The dtype of the result; by default the input's.

    Returns
    -------
    Tensor
        Of the input's shape; of `dtype`, or else the input's.

    Examples
    --------
    >>> lucid.empty_like(lucid.ones(2, 3)).shape
    lucid.Size([2, 3])
    """
    array = _like("empty_like", input_, dtype, layout, device, memory_format)
    return finished("empty_like", wrap(array), requires_grad)


@op("zeros_like", gradient=False)
@like(empty_like)
def zeros_like(
    input_,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:
    """Zeros of another's shape, dtype and order in memory.

    Examples
    --------
    >>> lucid.zeros_like(lucid.tensor([1.0, 2.0]))
    Tensor([0.0, 0.0])
    """
    array = _like("zeros_like", input_, dtype, layout, device, memory_format)
    fill(array, 0)
    return finished("zeros_like", wrap(array), requires_grad)


@op("ones_like", gradient=False)
@like(empty_like)
def ones_like(
    input_,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:
    """Ones of another's shape, dtype and order in memory.

    Examples
    --------
    >>> lucid.ones_like(lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 1.0])
    """
    array = _like("ones_like", input_, dtype, layout, device, memory_format)
    fill(array, 1)
    return finished("ones_like", wrap(array), requires_grad)


@op("full_like", gradient=False)
@like(empty_like, fill_value="number: The value.")
def full_like(
    input_, fill_value: float, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:  # fmt: skip
    """One value in another's shape, dtype and order in memory.

    Examples
    --------
    >>> lucid.full_like(lucid.tensor([1.0, 2.0]), 3.0)
    Tensor([3.0, 3.0])
    """
    array = _like("full_like", input_, dtype, layout, device, memory_format)
    fill_array(array, fill_value.item() if isinstance(fill_value, Tensor) else fill_value)
    return finished("full_like", wrap(array), requires_grad)


@op("scalar_tensor", gradient=False)
@doc()
def scalar_tensor(
    s, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad: bool | None = False
) -> Tensor:
    """A 0-d tensor of a number, of the default floating dtype.

    Parameters
    ----------
    s : number
        The value.
    dtype : dtype, optional
        The dtype of the result; the default floating dtype.

    Returns
    -------
    Tensor
        0-d; of `dtype`, or else the default floating dtype.

    Examples
    --------
    >>> lucid.scalar_tensor(2.5)
    Tensor(2.5)
    """
    array = new_array((), wanted(dtype, layout, device).numpy)
    fill_array(array, number_argument("scalar_tensor", s), exact=False)
    return finished("scalar_tensor", wrap(array), requires_grad)


@op("eye", gradient=False, own=("out",))
@doc()
def eye(
    n: int,
    m: int | None = None,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
) -> Tensor:
    """The matrix of `n` rows and `m` (default `n`) columns with ones on its diagonal.

    Parameters
    ----------
    n : int
        How many rows.
    m : int, optional
        How many columns; as many as rows by default.
    dtype : dtype, optional
        The dtype of the result; the default floating dtype.

    Returns
    -------
    Tensor
        Of shape (n, m); of `dtype`, or else the default floating dtype.

    Examples
    --------
    >>> lucid.eye(2)
    Tensor([[1.0, 0.0],
            [0.0, 1.0]])
    """
    n, m = operator.index(n), operator.index(n if m is None else m)
    for name, size in (("n", n), ("m", m)):
        if size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else None)
    array = filled((n, m), 0, dtype_).array
    array.reshape(-1)[:: m + 1][: min(n, m)] = 1
    return finished("eye", wrap(array), requires_grad, out, dtype)


# ------------------------------------------------------------------------------------------------ ranges


def _scalar(name: str, value):
    """A number, also out of a 0-d tensor."""
    if isinstance(value, Tensor):
        if value.array.size != 1:
            raise RuntimeError(f"{name}: expected a number, got a tensor of shape {list(value.array.shape)}")
        return value.item()
    if not isinstance(value, (bool, int, float, complex, np.number)):
        raise TypeError(f"{name}(): arguments must be Number, not {type(value).__name__}")
    return number_argument(name, value)


@op("arange", gradient=False)
def arange(*range_, **keywords) -> Tensor:
    """The numbers from `start` to before `end`, `step` apart.

    Parameters
    ----------
    start : number, optional
        The first; default 0.
    end : number
        Where it ends; not part of the result.
    step : number, optional
        Default 1.
    out, dtype, layout, device, pin_memory, requires_grad
        As for `zeros`; the dtype is int64 where all numbers are integers.

    Returns
    -------
    Tensor
        1-d, of `ceil((end - start) / step)` elements.

    Examples
    --------
    >>> lucid.arange(1, 8, 2)
    Tensor([1, 3, 5, 7])
    """
    if not keywords and 0 < len(range_) < 4 and set(map(type, range_)) == {int} and range_[2:] != (0,):
        ints = range(*range_)  # the commonest calls, and a short way for them
        if -1 << 24 < ints.start <= ints.stop < 1 << 24 and 0 < ints.step < 1 << 24:
            return wrap(ramp(len(ints), INT64, ints.start, ints.step, 0, 0))
    return _arange(*_range_arguments(range_, keywords), **keywords)


arange.__wrapped__ = arange.op.forward.__wrapped__ = Stated(
    text="(start=0, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False)"
)


@op("range", gradient=False, own=("out",))
@doc()
def range_(
    start=0,
    end=None,
    step=1,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
) -> Tensor:
    """The numbers from `start` to `end`, which is included, `step` apart.

    Parameters
    ----------
    start : number, optional
        The first; default 0.
    end : number
        Where it ends; part of the result if a whole number of steps away.
    step : number, optional
        Default 1.
    dtype : dtype, optional
        The dtype of the result; the default floating dtype.

    Returns
    -------
    Tensor
        1-d, of `floor((end - start) / step) + 1` elements.

    Raises
    ------
    RuntimeError
        If `step` is 0 or leads away from `end`, or a number is not finite.

    Examples
    --------
    >>> lucid.range(1, 4)
    Tensor([1.0, 2.0, 3.0, 4.0])
    """
    if end is None:
        raise TypeError('range() missing 1 required positional arguments: "end"')
    start, end, step = (_scalar("range", one) for one in (start, end, step))
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else None)
    if dtype_.kind in (0, 3):
        raise NotImplementedError(f"\"range_cpu\" not implemented for '{torch_name(dtype_)}'")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    if dtype_.kind == 1:
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    array = new_array((math.floor((end - start) / step) + 1,), dtype_.numpy)
    array[...] = np.arange(array.size) * step + start
    return finished("range", wrap(array), requires_grad, out, dtype)


def _range_arguments(given: tuple, keywords: dict) -> tuple:
    """(start, end, step) of `arange(end)`, `arange(start, end)`, `arange(start, end, step)` with any by keyword."""
    if len(given) > 3:
        raise TypeError(f"arange() takes at most 3 positional arguments but {len(given)} were given")
    names = ("end",) if len(given) == 1 and "end" not in keywords else ("start", "end", "step")
    values = dict(zip(names, given))
    for name in ("start", "end", "step"):
        if name in keywords:
            if name in values:
                raise TypeError(f"arange() got multiple values for argument '{name}'")
            values[name] = keywords.pop(name)
    if "end" not in values:
        raise TypeError('arange() missing 1 required positional arguments: "end"')
    return values.get("start", 0), values["end"], values.get("step", 1)


def _arange(start, end, step, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    if any(isinstance(one, Tensor) and one.requires_grad for one in (start, end, step)):
        raise TypeError("arange(): arguments must be Number, not Tensor that requires a gradient")
    start, end, step = (_scalar("arange", one) for one in (start, end, step))
    whole = all(isinstance(one, int) for one in (start, end, step))
    default = dtypes.int64 if whole else dtypes.get_default_dtype()
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else default)
    if dtype_.kind in (0, 3):
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{torch_name(dtype_)}'")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype_.kind == 1:
        for one in (start, end, step):
            if isinstance(one, float) and not math.isfinite(one):
                raise RuntimeError(f"unsupported range: {start} -> {end}")
        exact = not whole
        count = None if whole or dtype_ is dtypes.int64 else (end - start, step)
        if step == 0 or (int(step) == 0 and dtype_ is dtypes.int64):
            raise (ValueError if exact else RuntimeError)("step must be nonzero")
        start, end, step = (element(one, dtypes.int64) for one in (start, end, step))
        if count is None:
            count = (end - start, step)
    else:
        if step == 0:
            raise RuntimeError("step must be nonzero")
        if not (math.isfinite(start) and math.isfinite(end)):
            raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
        count = (end - start, step)
    exact = isinstance(count[0], int) and isinstance(count[1], int)
    n = -(-count[0] // count[1]) if exact else math.ceil(count[0] / count[1])
    n = max(int(n), 0)
    if n >= 1 << 63:
        raise RuntimeError("invalid size, possible overflow?")
    array = None
    if dtype_.kind == 2 or max(abs(start), abs(end), abs(step)) < 1 << 53:
        array = ramp(n, dtype_.numpy, start, step, 0, n)
    if array is None:
        array = new_array((n,), dtype_.numpy)
        if n:
            array[...] = np.arange(n, dtype=np.int64 if dtype_.kind == 1 else np.float64) * step + start
    return finished("arange", wrap(array), requires_grad, out, dtype)


def _ends(name: str, start, end, steps, dtype, layout, device, out):
    """The checked arguments of `linspace` and `logspace`."""
    for which, value in (("start", start), ("end", end)):
        if isinstance(value, Tensor) and value.array.ndim:
            raise RuntimeError(
                f"{name} only supports 0-dimensional start and end tensors, but got {which} with {value.array.ndim} "
                "dimension(s)."
            )
    start, end = _scalar(name, start), _scalar(name, end)
    default = dtypes.default_complex() if isinstance(start, complex) or isinstance(end, complex) else None
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else default)
    steps = operator.index(steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    if dtype_.kind == 0:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for 'Bool'")
    if default is not None and dtype_.kind != 3:
        raise RuntimeError(
            f"{name}(): inferred dtype {default} can't be safely cast to passed dtype {dtype_}"
        )
    return element(start, dtype_), element(end, dtype_), steps, dtype_


def _spaced(start, end, steps: int, integer: bool):
    """`steps` numbers from `start` to `end`, each half counted from its own end."""
    computed = np.complex128 if isinstance(start, complex) or isinstance(end, complex) else np.float64
    if steps == 1:
        return np.array([start], computed)
    half = steps // 2
    if integer:  # truncated afterwards: rounded once, as a fused multiply-add does, so the step comes in two exact parts
        start, end, i = int(start), int(end), np.arange(steps)
        step = np.float64(end - start) / (steps - 1)
        high = np.float64(np.float32(step))
        low = step - high
        return np.where(i < half, start + high * i + low * i, end - high * (steps - 1 - i) - low * (steps - 1 - i))
    step = (end - start) / (steps - 1) if steps else 0
    out, i = new_array((steps,), np.dtype(computed)), np.arange(steps - half, dtype=np.float64)
    first, last = out[:half], out[half:][::-1]
    np.multiply(i[:half], step, out=first)
    np.add(first, start, out=first)
    np.multiply(i, step, out=last)
    np.subtract(end, last, out=last)
    return out


@op("linspace", gradient=False, own=("out",))
@doc()
def linspace(
    start,
    end,
    steps: int,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad: bool | None = False,
) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, equally far apart.

    Parameters
    ----------
    start, end : number or 0-d Tensor
        The first and the last.
    steps : int
        How many.
    dtype : dtype, optional
        The dtype of the result; the default floating dtype, or for complex ends the default complex one.

    Returns
    -------
    Tensor
        Of shape (steps,).

    Examples
    --------
    >>> lucid.linspace(0, 1, 5)
    Tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    """
    start, end, steps, dtype_ = _ends("linspace", start, end, steps, dtype, layout, device, out)
    array = None
    if dtype_.kind == 2 and steps > 1:
        array = ramp(steps, dtype_.numpy, start, (end - start) / (steps - 1), end, steps // 2)
    if array is None:
        array = new_array((steps,), dtype_.numpy)
        array[...] = _spaced(start, end, steps, dtype_.kind == 1)
    return finished("linspace", wrap(array), requires_grad, out, dtype)


@op("logspace", gradient=False, own=("out",))
@like(linspace, base="number, optional: What is raised to those powers. Default: 10.")
def logspace(
    start, end, steps: int, base: float = 10.0, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
    requires_grad: bool | None = False,
) -> Tensor:  # fmt: skip
    """`base` to the power of `steps` numbers from `start` to `end`, equally far apart.

    Notes
    -----
    .. math:: out_i = base^{start + i (end - start) / (steps - 1)}

    Examples
    --------
    >>> lucid.logspace(0, 2, 3)
    Tensor([1.0, 10.0, 100.0])
    """
    start, end, steps, dtype_ = _ends("logspace", start, end, steps, dtype, layout, device, out)
    array = new_array((steps,), dtype_.numpy)
    with np.errstate(all="ignore"):
        array[...] = np.power(_scalar("logspace", base), _spaced(start, end, steps, dtype_.kind == 1))
    return finished("logspace", wrap(array), requires_grad, out, dtype)
