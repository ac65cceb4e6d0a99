"""The one room that broadcasts, casts, makes contiguous and folds shapes before a kernel.

An operation hands tensors in; a kernel gets flat rows of memory out. Half precision is computed in float32.
What `lucid._kernels.core` can do in C (dense operands of one dtype) never comes here.
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels import copy as copies
from lucid._kernels import core, pointwise
from lucid._kernels.core import (  # noqa: F401
    Kernel,
    cast,
    contiguous,
    copied,
    empty,
    fill,
    flat,
    layout,
    memory_order,
    move,
    native,
    ordered_empty,
    tensor_argument,
    view_of,
    wrap,
)
from lucid.autograd.node import Supplied
from lucid.dtypes import check_64_bits, element, torch_name
from lucid.tensor import Tensor, check_dim

BOOL, UINT8, INT8, INT16, INT32, INT64 = map(np.dtype, ("bool", "uint8", "int8", "int16", "int32", "int64"))
UINT16, UINT32, UINT64 = UNSIGNED = tuple(map(np.dtype, ("uint16", "uint32", "uint64")))
FLOAT32, FLOAT64, COMPLEX64, COMPLEX128 = map(np.dtype, ("float32", "float64", "complex64", "complex128"))

FLOATING = (FLOAT32, FLOAT64)
COMPLEX = (COMPLEX64, COMPLEX128)
INTEGER = (UINT8, INT8, INT16, INT32, INT64)
NUMBER = INTEGER + FLOATING + COMPLEX
REAL = INTEGER + FLOATING

C_NAMES = {
    BOOL: "uint8_t", UINT8: "uint8_t", INT8: "int8_t", INT16: "int16_t", INT32: "int32_t", INT64: "int64_t",
    FLOAT32: "float", FLOAT64: "double", COMPLEX64: "float complex", COMPLEX128: "double complex",
}  # fmt: skip
# Of kernels for which signs make no difference: they take the larger unsigned integers as signed ones.
BITS_NAMES = C_NAMES | {UINT16: "int16_t", UINT32: "int32_t", UINT64: "int64_t"}
MOVED_NAMES = {1: "uint8_t", 2: "int16_t", 4: "int32_t", 8: "int64_t", 16: "double complex"}


# Bound by memory rather than by arithmetic.
CHEAP = frozenset((
    "abs", "add", "clamp", "div", "leaky_relu", "maximum", "minimum", "mul", "neg", "relu", "sign", "square", "sub", "threshold", "where",
))  # fmt: skip


def kernel(function, name: str, dtypes_, code=None, result=None, of=pointwise, grain: int | None = None) -> Kernel:
    """A kernel by dtype: `function`'s specialisations for `dtypes_`.

    `code` picks the op among those it has, `of` is its module, and a thread takes `grain` elements at a time.
    """
    table, tasks = [None] * 24, {}
    addresses = of.tasks.get(function.__name__, {})
    for dtype in dtypes_:
        table[dtype.num] = function[BITS_NAMES[dtype]]
        if BITS_NAMES[dtype] in addresses:
            tasks[dtype.num] = addresses[BITS_NAMES[dtype]]
    return Kernel(name, with_twins(table), code, result, tasks, grain or core.grains[name not in CHEAP])


def with_twins(table: list) -> tuple:
    """A table by type number, with the numbers that C's `long long` has beside `long`."""
    for dtype, twin in ((INT64, "longlong"), (UINT64, "ulonglong")):
        table[np.dtype(twin).num] = table[dtype.num]
    return tuple(table)


# ------------------------------------------------------------------------------------------------ arguments


def same_dtype(name: str, *tensors: Tensor | None) -> None:
    """RuntimeError unless the tensors that are given, the first of which always is, have one dtype."""
    dtype = tensors[0].array.dtype
    for tensor in tensors:
        if tensor is not None and tensor.array.dtype is not dtype and tensor.array.dtype != dtype:
            names = ", ".join(torch_name(one.dtype) for one in tensors if one is not None)
            raise RuntimeError(f"{name}(): expected all tensors to have the same dtype, but got {names}")


def number_argument(name: str, value, position: int = 1, argument: str = "input"):
    """The value, if it is a tensor or a number; NumPy's scalars as Python's. TypeError otherwise, OverflowError beyond 64 bits."""
    if isinstance(value, (Tensor, bool, float, complex)):
        return value
    if isinstance(value, int):
        check_64_bits(value)
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return value.item()
    return tensor_argument(name, value, position, argument)


def made_of(tensor: Tensor, array: np.ndarray) -> Tensor:
    """An array that was made of a tensor, maybe its own memory: saved for backward, it answers for writes to the tensor."""
    made = wrap(array)
    made._counter = core.version_of(tensor)
    return made


def dims_argument(name: str, dim, ndim: int, all_when_empty: bool = True) -> tuple[int, ...]:
    """Dimensions counted from the front, each once; None (or an empty sequence) means all."""
    if type(dim) is int:  # the common case, and a short way for it
        at = check_dim(name, dim, ndim)
        return (at,) if ndim else ()
    if dim is None or (all_when_empty and isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    if not isinstance(dim, (tuple, list)):
        dim = (dim,)
    found = tuple(check_dim(name, one, ndim) for one in dim)
    if len(set(found)) != len(found):
        repeated = next(one for one in found if found.count(one) > 1)
        raise RuntimeError(f"{name}(): dim {repeated} appears multiple times in the list of dims")
    return found if ndim else ()


def shape_argument(name: str, shape, argument: str = "size") -> tuple[int, ...]:
    """A shape given as ints or as one sequence of ints; a bool is none where it comes first, which is where PyTorch looks."""
    if len(shape) == 1 and not hasattr(shape[0], "__index__"):
        shape = shape[0]
    elif len(shape) == 1 and isinstance(shape[0], Tensor) and shape[0].ndim:
        shape = shape[0].tolist()
    try:
        found = tuple([size.__index__() for size in shape])
    except (AttributeError, TypeError):
        raise TypeError(f"{name}(): argument '{argument}' must be tuple of ints, not {shape!r}") from None
    if found and isinstance(shape[0], bool):
        raise TypeError(f"{name}(): argument '{argument}' must be tuple of ints, but found element of type bool at pos 0")
    return found


# ------------------------------------------------------------------------------------------------ memory


def overwrite(target: np.ndarray, array: np.ndarray, apart: bool = False) -> None:
    """Write an array of any dtype, broadcast to its shape, over another. Unless they are `apart`, they may share memory."""
    array = cast(array, target.dtype)
    if not apart and np.may_share_memory(target, array):
        array = array.copy()  # NumPy itself does so only for more than one dimension
    move(array, target)


def spread(array: np.ndarray, shape: tuple) -> np.ndarray:
    """`np.broadcast_to`, which takes 2 us to find that there is nothing to do."""
    return array if array.shape == shape else np.broadcast_to(array, shape)


def formatted_empty(shape: tuple, dtype: np.dtype, last: bool) -> np.ndarray:
    """An uninitialised array; with `last`, with the channels of a pixel (dimension 1) beside each other."""
    return ordered_empty(shape, [0, *range(2, len(shape)), 1] if last else None, dtype)


def formatted(array: np.ndarray, last: bool) -> np.ndarray:
    """A result as a kernel filled it; with `last`, a copy with the channels of a pixel beside each other.

    `core.channels_last` says of an operand whether its are.
    """
    if last:
        array, dense = formatted_empty(array.shape, array.dtype, True), array
        move(dense, array)
    return array


HALVES = np.dtype([("real", np.float16), ("imag", np.float16)])


def part(array: np.ndarray, name: str) -> np.ndarray:
    """The real or the imaginary parts of complex numbers, as a view; complex32 is not NumPy's own."""
    return array.view(HALVES)[name] if array.dtype.kind == "W" else getattr(array, name)


def elements(strides, itemsize: int) -> tuple[int, ...]:
    """Strides in elements rather than bytes."""
    return tuple([step // itemsize for step in strides])


def _converted(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """What `cast` does for an array that is not of that very dtype."""
    if array.dtype == dtype:
        return array
    if "W" in (array.dtype.kind, dtype.kind):  # complex32: by complex64
        if array.dtype.kind == "W":
            return _converted(array.astype(COMPLEX64, order="K"), dtype)
        with np.errstate(all="ignore"):
            return _converted(array, COMPLEX64).astype(dtype, order="K")
    if array.dtype.kind == "c" and dtype.kind not in "cb":
        array = array.real
    if array.dtype.kind != "c" and dtype.kind != "c" and not array.flags.forc:
        order = memory_order(array.shape, (array.strides,))
        packed = ordered_empty(array.shape, order, array.dtype)
        move(array, packed)
        return cast(packed.transpose(order), dtype).transpose(np.argsort(order))
    with np.errstate(all="ignore"):
        return array.astype(dtype, order="K")


# ------------------------------------------------------------------------------------------------ broadcasting


def broadcast_shapes(*shapes) -> tuple[int, ...]:
    """The shape that all shapes broadcast to. RuntimeError where they do not."""
    if shapes and shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    ndim = max(map(len, shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for i, size in enumerate(shape, ndim - len(shape)):
            if size != 1:
                if result[i] not in (1, size):
                    raise RuntimeError(
                        f"The size of tensor a ({result[i]}) must match the size of tensor b ({size}) at non-singleton "
                        f"dimension {i}"
                    )
                result[i] = size
    return tuple(result)


# ------------------------------------------------------------------------------------------------ elementwise


def compute_dtype(kernel_: Kernel, dtype: dtypes.dtype) -> np.dtype:
    """The dtype in which a kernel computes operands of `dtype`: its own, float32 for half precision, or the default."""
    numpy = dtype.numpy
    found = kernel_.table[numpy.num] if numpy.num < 24 else None
    if found is not None:
        if type(found) is Refusal:
            found()
        return numpy
    if is_half(dtype) and kernel_.table[FLOAT32.num] is not None:
        return FLOAT32
    if dtype is dtypes.complex32 and kernel_.table[COMPLEX64.num] is not None:
        return compute_dtype(kernel_, dtypes.complex64)
    if dtype.kind < 2 and kernel_.table[INT64.num] is None and kernel_.table[FLOAT32.num] is not None:
        default = dtypes.get_default_dtype()
        return FLOAT32 if default.itemsize == 2 else default.numpy
    raise NotImplementedError(f"\"{kernel_.name}\" not implemented for '{torch_name(dtype)}'")


class Refusal:
    """What a kernel's table holds for a dtype that the operation refuses: it raises the error, also for empty tensors."""

    __slots__ = ("error", "message")

    def __init__(self, error, message: str):
        self.error, self.message = error, message

    def __call__(self, *_):
        raise self.error(self.message)


# What an operation does with operands that its kernel does not take as they are: `function(*operands)`, entered by the
# operation. None from it means: nothing special, go on. Where it is about half precision, the kernel's `halves` is False.
EXCEPTIONS: dict = {}


def result_numpy(kernel_: Kernel, dtype: dtypes.dtype, computed: np.dtype) -> np.dtype:
    """The dtype of a kernel's result."""
    if kernel_.result is not None:
        return kernel_.result
    if dtype.is_floating_point or dtype.is_complex:
        return dtype.numpy
    return dtypes.get_default_dtype().numpy if computed.kind == "f" else computed


def apply(kernel_: Kernel, tensors, arrays, dtype: dtypes.dtype, *extra) -> Tensor:
    """A kernel without a plan over operands of one shape: those that differ in layout are made contiguous."""
    shape = arrays[0].shape
    computed = compute_dtype(kernel_, dtype)
    first = arrays[0]
    order = layout([first])[2] or list(range(first.ndim))
    rows = [contiguous(cast(array, computed).transpose(order)) for array in arrays]
    result = ordered_empty(shape, order, kernel_.result or computed)
    if result.size:
        kernel_.table[computed.num](*[flat(one) for one in rows], flat(result.transpose(order)), kernel_.code, *extra)
    return wrap(cast(result, result_numpy(kernel_, dtype, computed)))


def unary(kernel_: Kernel, x, *parameters) -> Tensor:
    """A kernel over the elements of one tensor."""
    tensor_argument(kernel_.name, x)
    if kernel_ in EXCEPTIONS:
        found = EXCEPTIONS[kernel_](x)
        if found is not None:
            return found
    return apply(kernel_, (x,), [x.array], x.dtype, *parameters)


def unary_param(kernel_: Kernel, x, *numbers) -> Tensor:
    """A kernel over the elements of one tensor, with numbers of the dtype in which it computes."""
    tensor_argument(kernel_.name, x)
    computed = dtypes.from_numpy_dtype(compute_dtype(kernel_, x.dtype))
    return unary(kernel_, x, *[float(element(number, computed)) for number in numbers])


def backward(kernel_: Kernel, g, x, *parameters) -> Tensor:
    """The gradient kernel of an activation."""
    tensor_argument(kernel_.name, g)
    tensor_argument(kernel_.name, x, 2)
    if g.array.shape != x.array.shape:
        shape = broadcast_shapes(g.array.shape, x.array.shape)
        return apply(kernel_, (g, x), [spread(one.array, shape) for one in (g, x)], g.dtype, *parameters)
    return apply(kernel_, (g, x), [g.array, x.array], dtypes.promote_types(g.dtype, x.dtype), *parameters)


def number_first(kernel_: Kernel, both: bool = False) -> Kernel:
    """The kernel, which takes a number as its first operand too, as PyTorch has overloads for; or two numbers."""
    kernel_.numbers = 2 if both else 1
    return kernel_


def binary(kernel_: Kernel, x, y) -> Tensor:
    """A kernel over pairs of elements, of tensors or Python numbers, promoted and broadcast."""
    if not isinstance(x, Tensor) and kernel_.numbers < (1 if isinstance(y, Tensor) else 2):
        tensor_argument(kernel_.name, x)
    x, y = number_argument(kernel_.name, x), number_argument(kernel_.name, y, 2, "other")
    if kernel_ in EXCEPTIONS:
        try:
            found = EXCEPTIONS[kernel_](x, y)
        except NotImplementedError:
            check_shapes((x, y))
            raise
        if found is not None:
            return found
    return elementwise(kernel_, (x, y))


def elementwise(kernel_: Kernel, operands, dtype: dtypes.dtype | None = None, *parameters) -> Tensor:
    """A kernel with a plan over any number of operands of one dtype."""
    dtype = dtypes.result_dtype(operands) if dtype is None else dtype
    try:
        computed = compute_dtype(kernel_, dtype)
    except RuntimeError:
        check_shapes(operands)
        raise
    arrays = [as_array(operand, computed) for operand in operands]
    if is_half(dtype):
        for at, operand in enumerate(operands):
            if getattr(operand, "dtype", None) is not dtype and not (at == kernel_.exact and arrays[at].size == 1):
                arrays[at] = cast(cast(arrays[at], dtype.numpy), computed)
    shape, walk, order = layout(arrays)
    result = ordered_empty(shape, order, kernel_.result or computed)
    if result.size:
        rows = [flat(array) for array in arrays]
        kernel_.table[computed.num](*rows, flat(result), kernel_.code, *parameters, walk)
    return wrap(cast(result, result_numpy(kernel_, dtype, computed)))


def is_half(dtype: dtypes.dtype) -> bool:
    """Whether it is float16 or bfloat16."""
    return dtype.itemsize == 2 and dtype.is_floating_point


def is_coarse(dtype: dtypes.dtype) -> bool:
    """Whether it is half precision, real or complex, in which nobody factorises a matrix."""
    return is_half(dtype) or dtype is dtypes.complex32


def opmath_dtype(dtype: dtypes.dtype) -> dtypes.dtype:
    """The dtype in which operations on a dtype compute: float32 for half precision."""
    return dtypes.float32 if is_half(dtype) else dtype


def unrounded(out: Tensor, x: Tensor, dtype: dtypes.dtype, again) -> Tensor:
    """The result of an operation on `x` in a rule that names it: where the rule sees half precision, the dtype of the call, as
    float32, the result as it was before it was rounded."""
    return again() if is_half(dtype) and x.dtype is not dtype else out


def rounded(number, dtype: dtypes.dtype):
    """A number as a tensor of half precision holds it; as it is for other dtypes."""
    return cast(cast(as_array(number, FLOAT32), dtype.numpy), FLOAT64).item() if is_half(dtype) else number


def check_shapes(operands) -> None:
    """Raise where shapes do not broadcast: what PyTorch sees before a dtype that it refuses."""
    broadcast_shapes(*(operand.array.shape for operand in operands if isinstance(operand, Tensor)))


def as_array(operand, dtype: np.dtype) -> np.ndarray:
    """A tensor's array, or a number as a 0-d array, in `dtype`."""
    if isinstance(operand, Tensor):
        return native(cast(operand.array, dtype))
    out = empty((), dtype)
    with np.errstate(all="ignore"):
        try:
            out[...] = float(operand) if dtype.kind == "V" and isinstance(operand, int) else operand
        except OverflowError:  # an int beyond the dtype wraps, as PyTorch's does
            out[...] = np.array(int(operand) & 0xFFFFFFFFFFFFFFFF, np.uint64).astype(dtype)
    return out


# ------------------------------------------------------------------------------------------------ folding


def fold(array: np.ndarray, dims: tuple[int, ...]) -> tuple[np.ndarray, int, int, int]:
    """A contiguous array whose dimensions are (outer, axis, inner) around the given ones, and those three sizes."""
    if not dims:
        return contiguous(array), array.size, 1, 1
    if len(dims) == 1:
        return contiguous(array), *core.fold_dim(array, dims[0])
    if len(dims) == array.ndim:
        return contiguous(array), 1, array.size, 1
    dims = tuple(sorted(dims))
    first, last = dims[0], dims[-1]
    if last - first + 1 != len(dims):
        kept = [i for i in range(array.ndim) if i not in dims]
        array = array.transpose(*kept, *dims)
        first, last = len(kept), array.ndim - 1
    shape = array.shape
    return contiguous(array), _product(shape[:first]), _product(shape[first : last + 1]), _product(shape[last + 1 :])


def _product(sizes) -> int:
    n = 1
    for size in sizes:
        n *= size
    return n


def reduced_shape(shape: tuple, dims: tuple[int, ...], keepdim: bool) -> tuple[int, ...]:
    """The shape that is left after a reduction."""
    if len(dims) == 1:
        (at,) = dims
        return shape[:at] + ((1,) if keepdim else ()) + shape[at + 1 :]
    if len(dims) == len(shape) and not keepdim:
        return ()
    if keepdim:
        return tuple(1 if i in dims else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in dims)


def steps_of(array) -> tuple[int, ...]:
    """The strides of an array in elements."""
    return elements(array.strides, array.itemsize)


def dense_steps(shape) -> list[int]:
    """The strides, in elements, of a contiguous tensor of this shape."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= max(size, 1)
    return steps[::-1]


def overlapping(shape, steps) -> bool:
    """Whether two indices may mean one element."""
    reach = 0
    for step, size in sorted((step, size) for step, size in zip(steps, shape) if size != 1):
        if step <= reach:
            return True
        reach += step * (size - 1)
    return False


core.set_shapes(broadcast_shapes)
core.set_copies(_converted, copies.convert, copies.arrays)
core.set_halves(pointwise.halves)
Supplied.copied, Supplied.overwrite = copied, overwrite
core.set_general(unary, unary_param, binary, backward)

__all__ = [name for name in globals() if not name.startswith("_")]
