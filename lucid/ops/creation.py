"""Tensors from nothing, from Python, from others' memory, and in another dtype.

Each function reads its size, then its keywords (`Made`: dtype, device, requires_grad, out), and fills one new array.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from lucid import dtypes
from lucid._kernels.core import empty as new_array
from lucid._kernels.core import strided as strided_array
from lucid._kernels.core import wrap
from lucid.autograd.op import DECLARED, Supplied, check_out, op, torch_name, write_out
from lucid.dtypes import as_dtype
from lucid.ops._doc import like
from lucid.ops._frame import ordered_empty, shape_argument, tensor_argument
from lucid.ops.shape import cat, fill_array, stack
from lucid.ops.view import clone, empty_as, expand, flatten, reshape, to_dtype, unpacked
from lucid.tensor import Size, Tensor, check_device, to_array


def filled(shape: tuple, value, dtype: dtypes.dtype) -> Tensor:
    """A tensor of one value."""
    array = new_array(shape, dtype.numpy)
    array.fill(value)
    return wrap(array)


Supplied.zeros = lambda shape, dtype: filled(shape, 0, dtype)
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
    for one in size if len(size) > 1 or not isinstance(size[0], (tuple, list)) else size[0]:
        if isinstance(one, bool):
            raise TypeError(f"{name}(): argument '{argument}' (position 1) must be tuple of ints, not bool")
    found = shape_argument(name, size)
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


def finished(name: str, result: Tensor, requires_grad=False, out=None, dtype=None) -> Tensor:
    """The result, with what is left of the keywords done."""
    if out is None and not requires_grad:
        return result
    if out is not None:
        check_out(name, out)
        if dtype is not None and as_dtype(dtype) is not out.dtype:
            raise RuntimeError(
                f"dtype {torch_name(as_dtype(dtype))} does not match dtype of out parameter ({torch_name(out.dtype)})"
            )
        write_out(name, out, to_dtype(result, out.dtype) if dtype is None else result)
        result = out
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
def zeros(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, **named
) -> Tensor:
    """A tensor of zeros.

    Parameters
    ----------
    *size : int or sequence of int
        The shape.
    out : Tensor, optional
        Where the result is written.
    dtype : dtype, optional
        Default: the default floating dtype.
    layout, device, pin_memory : optional
        Accepted; there is one layout and one device.
    requires_grad : bool, optional
        Whether operations on the result are recorded.

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
def ones(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, **named
) -> Tensor:
    """A tensor of ones; the parameters are those of `zeros`.

    Parameters
    ----------
    *size : int or sequence of int
        The shape.
    out : Tensor, optional
        Where the result is written.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.ones(2, 3)
    Tensor([[1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0]])
    """
    return _ONES(size, named, out, dtype, layout, device, requires_grad)


@op("empty", gradient=False, own=("out",))
def empty(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, memory_format=None,
    **named,
) -> Tensor:  # fmt: skip
    """An uninitialised tensor; the parameters are those of `zeros`, and `memory_format` says how it lies in memory.

    Parameters
    ----------
    *size : int or sequence of int
        The shape.
    out : Tensor, optional
        Where the result is written.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.
    memory_format : memory_format, optional
        How the result lies in memory; as the input by default.

    Returns
    -------
    tuple of Tensor
        Of the shape and dtype that are asked for.

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
def full(
    size, fill_value, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
) -> Tensor:
    """A tensor of one value.

    Parameters
    ----------
    size : sequence of int
        The shape.
    fill_value : number or 0-d Tensor
        The value.
    out, dtype, layout, device, pin_memory, requires_grad
        As for `zeros`; the dtype is by default that of the value.

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
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else implied(fill_value))
    array = new_array(sizes("full", (size,), {}), dtype_.numpy)
    fill_array(array, fill_value.item() if isinstance(fill_value, Tensor) else fill_value)
    return finished("full", wrap(array), requires_grad, out, dtype)


@op("empty_strided", gradient=False)
def empty_strided(
    size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
) -> Tensor:
    """An uninitialised tensor of these sizes and strides (in elements).

    Parameters
    ----------
    size : int or sequence of int
        The shape.
    stride : sequence of int
        The strides, in elements.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.

    Returns
    -------
    tuple of Tensor
        Of the shape and dtype that are asked for.

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
    if any(step < 0 for step in stride):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    span = 0 if 0 in size else 1 + sum((n - 1) * step for n, step in zip(size, stride))
    result = wrap(strided_array(new_array((span,), dtype.numpy), size, stride))
    return finished("empty_strided", result, requires_grad)


@op("empty_permuted", gradient=False)
def empty_permuted(
    size, physical_layout, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
) -> Tensor:
    """An uninitialised dense tensor whose dimensions lie in memory in the order `physical_layout`.

    Parameters
    ----------
    size : int or sequence of int
        The shape.
    physical_layout : sequence of int
        The dimensions, from the outermost in memory to the innermost.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.

    Returns
    -------
    tuple of Tensor
        Of the shape and dtype that are asked for.

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
def empty_like(
    input_, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, memory_format=None
) -> Tensor:
    """An uninitialised tensor of another's shape, dtype and order in memory.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.
    memory_format : memory_format, optional
        How the result lies in memory; as the input by default.

    Returns
    -------
    tuple of Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.empty_like(lucid.ones(2, 3)).shape
    lucid.Size([2, 3])
    """
    array = _like("empty_like", input_, dtype, layout, device, memory_format)
    return finished("empty_like", wrap(array), requires_grad)


@op("zeros_like", gradient=False)
def zeros_like(
    input_, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, memory_format=None
) -> Tensor:
    """Zeros of another's shape, dtype and order in memory.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.
    memory_format : memory_format, optional
        How the result lies in memory; as the input by default.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.zeros_like(lucid.tensor([1.0, 2.0]))
    Tensor([0.0, 0.0])
    """
    array = _like("zeros_like", input_, dtype, layout, device, memory_format)
    array.fill(0)
    return finished("zeros_like", wrap(array), requires_grad)


@op("ones_like", gradient=False)
@like(zeros_like)
def ones_like(
    input_, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, memory_format=None
) -> Tensor:
    """Ones of another's shape, dtype and order in memory.

    Examples
    --------
    >>> lucid.ones_like(lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 1.0])
    """
    array = _like("ones_like", input_, dtype, layout, device, memory_format)
    array.fill(1)
    return finished("ones_like", wrap(array), requires_grad)


@op("full_like", gradient=False)
def full_like(
    input_, fill_value, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False,
    memory_format=None,
) -> Tensor:  # fmt: skip
    """One value in another's shape, dtype and order in memory.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    fill_value : number
        The value.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.
    memory_format : memory_format, optional
        How the result lies in memory; as the input by default.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.full_like(lucid.tensor([1.0, 2.0]), 3.0)
    Tensor([3.0, 3.0])
    """
    array = _like("full_like", input_, dtype, layout, device, memory_format)
    fill_array(array, fill_value.item() if isinstance(fill_value, Tensor) else fill_value)
    return finished("full_like", wrap(array), requires_grad)


@op("scalar_tensor", gradient=False)
def scalar_tensor(s, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False) -> Tensor:
    """A 0-d tensor of a number, of the default floating dtype.

    Parameters
    ----------
    s : number
        The value.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.scalar_tensor(2.5)
    Tensor(2.5)
    """
    return full((), s, dtype=wanted(dtype, layout, device), requires_grad=requires_grad)


@op("eye", gradient=False, own=("out",))
def eye(n, m=None, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False) -> Tensor:
    """The matrix of `n` rows and `m` (default `n`) columns with ones on its diagonal.

    Parameters
    ----------
    n : int
        How many.
    m : int, optional
        How many columns; as many as rows by default.
    out : Tensor, optional
        Where the result is written.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

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
    return value.item() if isinstance(value, np.generic) else value


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
    return _arange(*_range_arguments(range_, keywords), **keywords)


@op("range", gradient=False)
def range_(start=0, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """The numbers from `start` to `end`, which is included, `step` apart.

    Parameters
    ----------
    start : number, optional
        The first; default 0.
    end : number
        Where it ends; part of the result if a whole number of steps away.
    step : number, optional
        Default 1.
    out, dtype, layout, device, requires_grad
        As for `zeros`; the dtype is the default one.

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
    tensors = [one.dtype for one in (start, end, step) if isinstance(one, Tensor)]
    start, end, step = (_scalar("arange", one) for one in (start, end, step))
    whole = all(isinstance(one, int) for one in (start, end, step))
    default = dtypes.int64 if whole else dtypes.get_default_dtype()
    if not whole and tensors and any(one.kind == 2 for one in tensors):
        default = next(one for one in tensors if one.kind == 2)
    dtype_ = wanted(dtype, layout, device, out.dtype if out is not None else default)
    if dtype_.kind in (0, 3):
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{torch_name(dtype_)}'")
    if dtype_.kind == 1:
        for one in (start, end, step):
            if isinstance(one, float) and not math.isfinite(one):
                raise RuntimeError(f"unsupported range: {start} -> {end}")
        exact = not whole
        count = None if whole or dtype_ is dtypes.int64 else (end - start, step)
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise (ValueError if exact else RuntimeError)("step must be nonzero")
        if count is None:
            count = (end - start, step)
    else:
        if step == 0:
            raise RuntimeError("step must be nonzero")
        if not (math.isfinite(start) and math.isfinite(end)):
            raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
        count = (end - start, step)
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    n = -(-count[0] // count[1]) if isinstance(count[0], int) else math.ceil(count[0] / count[1])
    array = new_array((max(int(n), 0),), dtype_.numpy)
    if dtype_.kind == 1:
        if array.size:
            array[...] = np.arange(array.size, dtype=np.int64) * step + start
    else:
        array[...] = np.arange(array.size, dtype=np.float64) * step + start
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
    return start, end, steps, dtype_


def _spaced(start, end, steps: int, integer: bool):
    """`steps` numbers from `start` to `end`, each half counted from its own end."""
    computed = np.complex128 if isinstance(start, complex) or isinstance(end, complex) else np.float64
    if steps == 1:
        return np.array([start], computed)
    i = np.arange(steps)
    half = steps // 2
    if integer:  # truncated afterwards: rounded once, as a fused multiply-add does, so the step comes in two exact parts
        start, end = int(start), int(end)
        step = np.float64(end - start) / (steps - 1)
        high = np.float64(np.float32(step))
        low = step - high
        return np.where(i < half, start + high * i + low * i, end - high * (steps - 1 - i) - low * (steps - 1 - i))
    step = (end - start) / (steps - 1) if steps else 0
    return np.where(i < half, start + step * i, end - step * (steps - 1 - i)).astype(computed)


@op("linspace", gradient=False, own=("out",))
def linspace(
    start, end, steps, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, equally far apart.

    Parameters
    ----------
    start, end : number or 0-d Tensor
        The first and the last.
    steps : int
        How many.
    out, dtype, layout, device, pin_memory, requires_grad
        As for `zeros`.

    Returns
    -------
    Tensor
        1-d.

    Examples
    --------
    >>> lucid.linspace(0, 1, 5)
    Tensor([0.0, 0.25, 0.5, 0.75, 1.0])
    """
    start, end, steps, dtype_ = _ends("linspace", start, end, steps, dtype, layout, device, out)
    array = new_array((steps,), dtype_.numpy)
    array[...] = _spaced(start, end, steps, dtype_.kind == 1)
    return finished("linspace", wrap(array), requires_grad, out, dtype)


@op("logspace", gradient=False, own=("out",))
def logspace(
    start, end, steps, base=10.0, *, out=None, dtype=None, layout=None, device=None, pin_memory=False,
    requires_grad=False,
) -> Tensor:  # fmt: skip
    """`base` to the power of `steps` numbers from `start` to `end`; the parameters are those of `linspace`.

    Parameters
    ----------
    start : number
        The first.
    end : number
        The last.
    steps : int
        How many.
    base : number, optional
        What is raised to those powers (10 by default).
    out : Tensor, optional
        Where the result is written.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.
    requires_grad : bool, optional
        Whether gradients are to be recorded for the result.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

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


# ------------------------------------------------------------------------------------------------ from elsewhere


@op("tensor", gradient=False)
def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A tensor of the values of a nested sequence, number or array, copied; the dtype is inferred from them.

    Parameters
    ----------
    data : nested sequence, number, array or Tensor
        The values.
    dtype : dtype, optional
        Default: what the values imply (int64, the default floating dtype, its complex twin, bool).
    device, pin_memory : optional
        Accepted; there is one device.
    requires_grad : bool, optional
        Whether operations on the result are recorded.

    Returns
    -------
    Tensor
        A leaf with memory of its own.

    Examples
    --------
    >>> lucid.tensor([[1, 2], [3, 4]])
    Tensor([[1, 2],
            [3, 4]])
    """
    if device is not None:
        check_device(device)
    result = wrap(to_array(data, None if dtype is None else as_dtype(dtype)))
    return result.requires_grad_() if requires_grad else result


@op("from_numpy", gradient=False)
def from_numpy(ndarray) -> Tensor:
    """A tensor over a NumPy array's memory.

    Raises
    ------
    TypeError
        For anything but an array, and for dtypes without a counterpart.
    ValueError
        For negative strides, strides that are not whole elements, and foreign byte order.

    Parameters
    ----------
    ndarray : array
        A NumPy array, or what has the array interface; its memory is shared.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.from_numpy(__import__("numpy").arange(3.0))
    Tensor([0.0, 1.0, 2.0], dtype=lucid.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    array = ndarray if type(ndarray) is np.ndarray else ndarray.view(np.ndarray)
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    dtypes.from_numpy_dtype(array.dtype)
    if any(step < 0 for step in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array with array.copy().)"
        )
    if any(step % array.itemsize for step in array.strides) or not array.flags.aligned:
        raise ValueError("given numpy array strides not a multiple of the element byte size. Copy the numpy array.")
    return wrap(array)


@op("frombuffer", gradient=False)
def frombuffer(buffer, *, dtype, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A 1-d tensor over the memory of an object with the buffer protocol.

    Parameters
    ----------
    buffer : object
        `bytes`, `bytearray`, `array`, `memoryview`...; the memory of one that is read-only must not be written to.
    dtype : dtype
        As which the memory is seen.
    count : int, optional
        How many elements; by default as many as there are.
    offset : int, optional
        How many bytes to leave out at the beginning.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.frombuffer(bytearray([1, 2, 3]), dtype=lucid.uint8)
    Tensor([1, 2, 3], dtype=lucid.uint8)
    """
    dtype = as_dtype(dtype)
    memory = memoryview(buffer).cast("B")
    n, size = memory.nbytes, dtype.itemsize
    if n == 0 or count == 0:
        raise ValueError(f"both buffer length ({n}) and count ({count}) must not be 0")
    if not 0 <= offset < n:
        raise ValueError(f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({n} bytes) "
                         "minus 1")  # fmt: skip
    if count < 0:
        if (n - offset) % size:
            raise ValueError(
                f"buffer length ({n - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
                f"({size})"
            )
        count = (n - offset) // size
    elif count * size > n - offset:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be greater than "
            f"actual buffer length ({n} bytes)"
        )
    array = np.frombuffer(memory, dtype.numpy, count, offset)
    return finished("frombuffer", wrap(array if array.flags.aligned else array.copy()), requires_grad)


@op("from_dlpack", gradient=False)
def from_dlpack(ext_tensor, *, device=None, copy=None) -> Tensor:
    """A tensor over the memory of an object with the DLPack protocol (`__dlpack__`), on the CPU.

    Parameters
    ----------
    ext_tensor : object
        What exports its memory by DLPack.
    device : device, optional
        The CPU alone.
    copy : bool, optional
        Whether to copy: never, always, or where needed (None).

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.from_dlpack(lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 2.0])
    """
    if device is not None:
        check_device(device)
    if isinstance(ext_tensor, Tensor):
        array = ext_tensor.detach().array
        return wrap(array.copy() if copy else array)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack needs an object with __dlpack__, got {type(ext_tensor).__name__}")
    return wrap(np.from_dlpack(ext_tensor, copy=copy))


@op("asarray", gradient=False)
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad: bool | None = None) -> Tensor:
    """A tensor of `obj`, which shares its memory where that is possible and `copy` is not True.

    Parameters
    ----------
    obj : Tensor, array, object with DLPack or the buffer protocol, sequence or number
        The values.
    dtype : dtype, optional
        Default: that of `obj`.
    copy : bool, optional
        True: always copy; False: never (ValueError where a copy is needed); by default only where needed.
    requires_grad : bool, optional
        Whether operations on the result are recorded; default: as of `obj`, whose history it then continues. False
        detaches a tensor.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.asarray([1.0, 2.0])
    Tensor([1.0, 2.0])
    """
    if device is not None:
        check_device(device)
    dtype = None if dtype is None else as_dtype(dtype)
    if isinstance(obj, Tensor):
        found = obj.detach() if requires_grad is False and obj.requires_grad else obj
    elif isinstance(obj, (np.ndarray, np.generic)):
        found = from_numpy(np.asarray(obj))
    elif hasattr(obj, "__dlpack__"):
        found = from_dlpack(obj)
    elif isinstance(obj, (bytes, bytearray, memoryview)):
        found = frombuffer(obj, dtype=dtype or dtypes.get_default_dtype())
    else:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return tensor(obj, dtype=dtype, requires_grad=bool(requires_grad))
    if dtype is not None and dtype is not found.dtype:
        if copy is False:
            raise ValueError(
                f"can't alias tensor with dtype '{torch_name(found.dtype)}' into dtype '{torch_name(dtype)}'."
            )
        found = to_dtype(found, dtype)
    elif copy:
        found = clone(found)
    return found.requires_grad_() if requires_grad and not found.requires_grad else found


@op("as_tensor", composite=True)
def as_tensor(data, dtype=None, device=None) -> Tensor:
    """`data` itself if it is a tensor of that dtype; over its memory if it is such an array; else a new tensor.

    Parameters
    ----------
    data : nested sequence, array or Tensor
        The values.
    dtype : dtype, optional
        The dtype of the result.
    device : device, optional
        The CPU alone.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.as_tensor([1.0, 2.0])
    Tensor([1.0, 2.0])
    """
    if device is not None:
        check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else convert(data, as_dtype(dtype))
    if isinstance(data, np.ndarray):
        found = from_numpy(data)
        return found if dtype is None else convert(found, as_dtype(dtype))
    return tensor(data, dtype=dtype)


# ------------------------------------------------------------------------------------------------ grids


@op("meshgrid", composite=True)
def meshgrid(*tensors: Tensor, indexing=None) -> tuple:
    """Coordinate grids: each 1-d tensor along a dimension of its own, expanded over those of the others.

    Parameters
    ----------
    *tensors : Tensor
        1-d or 0-d, of one dtype.
    indexing : {"ij", "xy"}, optional
        "xy" exchanges the first two dimensions.

    Returns
    -------
    tuple of Tensor
        Views, all of one shape.

    Examples
    --------
    >>> lucid.meshgrid(lucid.tensor([1, 2]), lucid.tensor([3, 4]), indexing="ij")[0]
    Tensor([[1, 1],
            [2, 2]])
    """
    tensors = unpacked(tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for one in tensors:
        if one.array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: " + str(list(one.array.shape))
            )
        if one.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    order = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        order[:2] = 1, 0
    n = len(tensors)
    shape = [1] * n
    for at, one in zip(order, tensors):
        shape[at] = one.array.size
    return tuple(
        expand(reshape(one, tuple(-1 if i == at else 1 for i in range(n))), shape) for at, one in zip(order, tensors)
    )


@op("cartesian_prod", composite=True)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element of each 1-d tensor, as rows.

    Parameters
    ----------
    *tensors : sequence of Tensor
        What is joined.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.cartesian_prod(lucid.tensor([1, 2]), lucid.tensor([3, 4]))
    Tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    tensors = unpacked(tensors)
    for one in tensors:
        if one.array.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(one.array.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([flatten(one) for one in meshgrid(*tensors, indexing="ij")], 1)


@op("combinations", composite=True)
def combinations(input_: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of `r` elements of a 1-d tensor, as rows, in the order of their indices.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    r : int, optional
        How many are combined.
    with_replacement : bool, optional
        Whether an element may occur again.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.combinations(lucid.tensor([1, 2, 3]))
    Tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    import itertools

    if tensor_argument("combinations", input_).array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input_.array.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(new_array((0,), input_.array.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input_.array.size), r)), np.int64).reshape(-1, r)
    return reshape(DECLARED["index_select"].function(input_, 0, wrap(rows.reshape(-1))), rows.shape)


def _triangle_indices(name: str, row, col, offset, dtype, layout, device, pick):
    for which, n in (("row", row), ("col", col)):
        if n < 0:
            raise RuntimeError(f"{which} must be non-negative, got{n}")
    dtype = wanted(dtype, layout, device, dtypes.int64)
    if dtype not in (dtypes.int64, dtypes.int32):
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")
    i, j = pick(row, offset, col)
    array = new_array((2, len(i)), dtype.numpy)
    array[0], array[1] = i, j
    return wrap(array)


@op("tril_indices", gradient=False)
def tril_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=False) -> Tensor:
    """The indices of the lower triangle of a `row` by `col` matrix: a row of row and one of column numbers.

    Parameters
    ----------
    row : int
        How many rows.
    col : int
        How many columns.
    offset : int, optional
        Which diagonal: 0 the main one, above it positive.
    dtype : dtype, optional
        The dtype of the result.
    layout : layout, optional
        Strided alone.
    device : device, optional
        The CPU alone.
    pin_memory : bool, optional
        Accepted, and of no effect on a CPU.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.tril_indices(2, 2)
    Tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices("tril_indices", row, col, offset, dtype, layout, device, np.tril_indices)


@op("triu_indices", gradient=False)
@like(tril_indices)
def triu_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=False) -> Tensor:
    """The indices of the upper triangle of a `row` by `col` matrix: a row of row and one of column numbers.

    Examples
    --------
    >>> lucid.triu_indices(2, 2)
    Tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle_indices("triu_indices", row, col, offset, dtype, layout, device, np.triu_indices)


def _powers(x: Tensor, n: int) -> Tensor:
    """`x ** 0, x ** 1, ...` along a new last dimension, by repeated multiplication."""
    one = ones_like(x)
    if n < 2:
        return stack([one][:n], -1) if n else wrap(new_array((*x.array.shape, 0), x.array.dtype))
    rest = expand(reshape(x, (*x.array.shape, 1)), (*x.array.shape, n - 1))
    rest = DECLARED["cumprod"].function(rest, -1)
    return cat([reshape(one, (*x.array.shape, 1)), rest], -1)


@op("vander", composite=True)
def vander(x: Tensor, N=None, increasing: bool = False) -> Tensor:  # noqa: N803
    """The Vandermonde matrix of a 1-d tensor: its powers as columns, falling unless `increasing`.

    `N` is the number of columns, by default that of the elements.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    N : int, optional
        How many columns.
    increasing : bool, optional
        Powers from 0 upwards.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.vander(lucid.tensor([1, 2, 3]))
    Tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    if tensor_argument("vander", x, 1, "x").array.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x.array.size if N is None else N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    if x.dtype.kind < 2:
        x = to_dtype(x, dtypes.int64)
    powers = _powers(x, n)
    return powers if increasing or n < 2 else DECLARED["flip"].function(powers, (1,))


@op("linalg.vander", composite=True)
def linalg_vander(x: Tensor, *, N=None) -> Tensor:  # noqa: N803
    """Vandermonde matrices of the last dimension of a tensor: its powers 0, 1, ..., N - 1.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    N : int, optional
        How many columns.

    Returns
    -------
    Tensor
        Of the shape and dtype that are asked for.

    Examples
    --------
    >>> lucid.linalg.vander(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor([[1.0, 1.0, 1.0],
            [1.0, 2.0, 4.0],
            [1.0, 3.0, 9.0]])
    """
    array = tensor_argument("linalg.vander", x, 1, "x").array
    if x.dtype.kind == 0:
        raise RuntimeError("linalg.vander supports floating point, complex, and integer tensors, but got Bool")
    n = (array.shape[-1] if array.ndim else 1) if N is None else N
    if n <= 1:
        raise RuntimeError("N must be greater than 1.")
    x = x if array.ndim else reshape(x, (1,))
    return _powers(to_dtype(x, dtypes.int64) if x.dtype.kind == 1 else x, n)


# ------------------------------------------------------------------------------------------------ conversions


def convert(x: Tensor, dtype: dtypes.dtype, copy: bool = False, memory_format=None) -> Tensor:
    """The tensor itself if it is of the dtype and lies as wanted; a copy otherwise."""
    if dtype is not x.dtype:
        return to_dtype(x, dtype) if memory_format is None else clone(to_dtype(x, dtype), memory_format=memory_format)
    name = getattr(memory_format, "name", "preserve_format")
    if not copy and (name == "preserve_format" or x.is_contiguous(memory_format)):
        return x
    return clone(x, memory_format=memory_format)


def to(self, *args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None) -> Tensor:
    """The tensor in another dtype: `x.to(dtype)`, `x.to(device, dtype)`, `x.to(other)`.

    The tensor itself where nothing changes, unless `copy`.
    """
    args = list(args)
    if args and (isinstance(args[0], Tensor) or other is not None):
        other = args.pop(0)
        dtype = other.dtype
    elif other is not None:
        dtype = other.dtype
    elif args and not isinstance(args[0], bool) and (args[0] is None or not _is_dtype(args[0])):
        device = args.pop(0)
    if args and _is_dtype(args[0]):
        dtype = args.pop(0)
    if len(args) > 2:
        raise TypeError(f"to() received too many arguments: {args}")
    copy = args[1] if len(args) == 2 else copy
    if device is not None:
        check_device(device)
    return convert(self, self.dtype if dtype is None else as_dtype(dtype), copy, memory_format)


def _is_dtype(value) -> bool:
    return isinstance(value, (dtypes.dtype, np.dtype)) or (
        isinstance(value, type) and (value in dtypes.BY_PYTHON or issubclass(value, np.generic))
    )


def _conversion(name: str, dtype: dtypes.dtype):
    def method(self, memory_format=None):
        return convert(self, dtype, memory_format=memory_format)

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__doc__ = f"The tensor as {dtype.name}; itself if it is that already."
    return method


def type_(self, dtype=None, non_blocking=False):
    """The name of the tensor's type, such as "lucid.FloatTensor"; or the tensor in another dtype."""
    if dtype is None:
        return f"lucid.{torch_name(self.dtype)}Tensor"
    if isinstance(dtype, str):
        name = dtype.rpartition(".")[2].removesuffix("Tensor")
        found = next((one for one in dtypes.ALL if torch_name(one) == name), None)
        if found is None:
            raise ValueError(f"invalid type: {dtype!r}")
        dtype = found
    return convert(self, as_dtype(dtype))


def type_as(self, other):
    """The tensor in the dtype of another."""
    return convert(self, tensor_argument("type_as", other, 1, "other").dtype)


def cpu(self, memory_format=None):
    """The tensor itself: there is no other device."""
    return convert(self, self.dtype, memory_format=memory_format)


# ------------------------------------------------------------------------------------------------ new_*


def new_empty(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **named):
    """An uninitialised tensor of this tensor's dtype."""
    return empty(sizes("new_empty", size, named), dtype=wanted(dtype, layout, device, self.dtype),
                 requires_grad=requires_grad)  # fmt: skip


def new_zeros(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **named):
    """Zeros of this tensor's dtype."""
    return zeros(sizes("new_zeros", size, named), dtype=wanted(dtype, layout, device, self.dtype),
                 requires_grad=requires_grad)  # fmt: skip


def new_ones(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **named):
    """Ones of this tensor's dtype."""
    return ones(sizes("new_ones", size, named), dtype=wanted(dtype, layout, device, self.dtype),
                requires_grad=requires_grad)  # fmt: skip


def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """One value in this tensor's dtype."""
    return full(size, fill_value, dtype=wanted(dtype, layout, device, self.dtype), requires_grad=requires_grad)


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """The values of a nested sequence, copied, in this tensor's dtype."""
    return tensor(data, dtype=wanted(dtype, layout, device, self.dtype), requires_grad=requires_grad)


def new_empty_strided(
    self, size, stride, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False
):
    """An uninitialised tensor of these sizes and strides, of this tensor's dtype."""
    return empty_strided(size, stride, dtype=wanted(dtype, layout, device, self.dtype), requires_grad=requires_grad)


CONVERSIONS = {
    "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "bfloat16": dtypes.bfloat16,
    "int": dtypes.int32, "long": dtypes.int64, "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8,
    "bool": dtypes.bool_, "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
}  # fmt: skip

def new(self, *args, device=None):
    """Of the tensor's dtype: with the given values, or uninitialised of the given size; `new_tensor` and `new_empty` say
    which is meant."""
    if len(args) == 1 and not isinstance(args[0], (int, Size)):
        return new_tensor(self, args[0], device=device)
    return new_empty(self, *args, device=device)


TENSOR_METHODS = {
    "new": new, "to": to, "type": type_, "type_as": type_as, "cpu": cpu, "new_empty": new_empty, "new_zeros": new_zeros,
    "new_ones": new_ones, "new_full": new_full, "new_tensor": new_tensor, "new_empty_strided": new_empty_strided,
    **{name: _conversion(name, dtype) for name, dtype in CONVERSIONS.items()},
}  # fmt: skip
