"""Tensors from data and from other tensors: `tensor`, arrays and buffers shared, `to` and the casts, `x.new_zeros(...)`."""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels.core import wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import as_dtype, torch_name
from lucid.formats import format_name
from lucid.ops._doc import doc
from lucid.ops._frame import tensor_argument
from lucid.ops.creation import empty, empty_strided, finished, full, ones, sizes, wanted, zeros
from lucid.ops.view import clone, to_dtype
from lucid.tensor import DLPACK_OPTIONS, Size, Tensor, check_device, on_meta, to_array

# ------------------------------------------------------------------------------------------------ from elsewhere


@op("tensor", gradient=False)
@doc()
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
    if isinstance(data, Tensor):
        import warnings

        warnings.warn("tensor() of a tensor: use x.detach().clone(), with .requires_grad_() where a gradient is wanted", stacklevel=2)
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
        Of the array's shape and dtype; writes to either reach both.

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
@doc()
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
        1-d, of `dtype`; writes to either reach both.

    Examples
    --------
    >>> lucid.frombuffer(bytearray([1, 2, 3]), dtype=lucid.uint8)
    Tensor([1, 2, 3], dtype=lucid.uint8)
    """
    dtype = as_dtype(dtype)
    try:
        memory = memoryview(buffer).cast("B")
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
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


class _Capsule:
    """What DLPack's older protocol hands on, as an object of the newer one."""

    def __init__(self, capsule):
        self.capsule = capsule

    def __dlpack__(self, **options):
        return self.capsule

    def __dlpack_device__(self) -> tuple:
        return 1, 0


def _writeable(array: np.ndarray) -> np.ndarray:
    """The array, also where NumPy has it read-only: an older capsule does not say whether it may be written to."""
    if array.flags.writeable or not array.size:
        return array
    import ctypes

    extent = array.itemsize + sum((n - 1) * step for n, step in zip(array.shape, array.strides))
    memory = (ctypes.c_char * extent).from_address(array.ctypes.data)
    memory.owner = array
    return np.ndarray(array.shape, array.dtype, memory, 0, array.strides)


@op("from_dlpack", gradient=False)
@doc()
def from_dlpack(ext_tensor, *, device=None, copy=None) -> Tensor:
    """A tensor over the memory of an object with the DLPack protocol (`__dlpack__`), on the CPU.

    Parameters
    ----------
    ext_tensor : object
        What exports its memory by DLPack.
    copy : bool, optional
        Whether to copy: never, always, or where needed (None).

    Returns
    -------
    Tensor
        Of the object's shape and dtype; writes to either reach both, unless it was copied.

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
    if str(getattr(ext_tensor, "dtype", "")).endswith("bfloat16") and hasattr(ext_tensor, "__dlpack__"):
        ext_tensor = ext_tensor.__dlpack__()
    if type(ext_tensor).__name__ == "PyCapsule":
        from lucid.utils.dlpack import BFLOAT, UINT, renamed

        words = renamed(ext_tensor, BFLOAT, UINT)
        array = _writeable(np.from_dlpack(_Capsule(ext_tensor)))
        array = array.view(dtypes.bfloat16.numpy) if words else array
        return wrap(array.copy() if copy else array)
    if not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack needs an object with __dlpack__, got {type(ext_tensor).__name__}")
    if DLPACK_OPTIONS:
        return wrap(np.from_dlpack(ext_tensor, copy=copy))
    array = _writeable(np.from_dlpack(ext_tensor))
    return wrap(array.copy() if copy else array)


@op("asarray", composite=True)
@doc()
def asarray(obj, *, dtype=None, device=None, copy: bool | None = None, requires_grad: bool | None = None) -> Tensor:
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
        Of the shape of `obj`; of `dtype`, or else of the dtype that `obj` has or its values imply.

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
        if copy is False and isinstance(obj, np.generic):
            raise RuntimeError("can't alias NumPy scalars. Either remove copy=False or transform it in a ndarray.")
        found = from_numpy(np.asarray(obj))
    elif hasattr(obj, "__dlpack__") or type(obj).__name__ == "PyCapsule":
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
@doc()
def as_tensor(data, dtype=None, device=None) -> Tensor:
    """`data` itself if it is a tensor of that dtype; over its memory if it is such an array; else a new tensor.

    Parameters
    ----------
    data : nested sequence, number, array or Tensor
        The values.

    Returns
    -------
    Tensor
        Of the shape of `data`; of `dtype`, or else of the dtype that `data` has or its values imply.

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


# ------------------------------------------------------------------------------------------------ conversions


def convert(x: Tensor, dtype: dtypes.dtype, copy: bool = False, memory_format=None) -> Tensor:
    """The tensor itself if it is of the dtype and lies as wanted; a copy otherwise."""
    if dtype is not x.dtype:
        return to_dtype(x, dtype) if memory_format is None else clone(to_dtype(x, dtype), memory_format=memory_format)
    if not copy and (memory_format is None or format_name(memory_format) in ("preserve_format", _nearest(x))):
        return x
    return clone(x, memory_format=memory_format)


def _nearest(x: Tensor) -> str:
    """The format that the strides say, with gaps or without: channels last if from the channels outwards none is shorter than
    what lies inside it."""
    shape, steps, least = x.array.shape, x.stride(), 0
    if not x.array.size or x.array.ndim not in (4, 5) or not steps[1]:
        return "contiguous_format"
    for at in (1, *range(x.array.ndim - 1, 1, -1), 0):
        if steps[at] < least or not at and least == steps[1]:
            return "contiguous_format"
        least = steps[at] * shape[at]
    return "channels_last" if x.array.ndim == 4 else "channels_last_3d"


def parse_to(args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None) -> tuple:
    """What arguments of `Tensor.to` ask for: dtype (None: its own), device, whether to wait, to copy, memory format."""
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
    if args:
        non_blocking, copy = (*args, copy)[:2]
    if not (isinstance(non_blocking, bool) and isinstance(copy, bool)):
        argument, value = ("copy", copy) if isinstance(non_blocking, bool) else ("non_blocking", non_blocking)
        raise TypeError(f"to(): argument '{argument}' must be bool, not {type(value).__name__}")
    if device is not None and not on_meta(device):
        check_device(device)
    return None if dtype is None else as_dtype(dtype), device, non_blocking, copy, memory_format


def to(self, *args, dtype=None, device=None, other=None, non_blocking=False, copy=False, memory_format=None) -> Tensor:
    """The tensor in another dtype: `x.to(dtype)`, `x.to(device, dtype)`, `x.to(other)`.

    The tensor itself where nothing changes, unless `copy`.
    """
    dtype, device, _, copy, memory_format = parse_to(args, dtype, device, other, non_blocking, copy, memory_format)
    if device is not None and on_meta(device):
        from lucid import meta

        return meta.of(convert(self, self.dtype if dtype is None else dtype, copy, memory_format))
    return convert(self, self.dtype if dtype is None else dtype, copy, memory_format)


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
    if dtype is Tensor or dtype in ("torch.Tensor", "lucid.Tensor"):
        dtype = dtypes.get_default_dtype()
    if isinstance(dtype, str):
        name = dtype.rpartition(".")[2].removesuffix("Tensor")
        found = next((one for one in dtypes.ALL if torch_name(one) == name), None)
        if found is None:
            raise ValueError(f"invalid type: {dtype!r}")
        dtype = found
    if dtype in (bool, int, float, complex):
        raise ValueError(f"invalid type: {dtype!r}")
    return convert(self, as_dtype(getattr(dtype, "dtype", dtype)))  # of `FloatTensor` and the like, its dtype


def type_as(self, other):
    """The tensor in the dtype of another."""
    return convert(self, tensor_argument("type_as", other, 1, "other").dtype)


def cpu(self, memory_format=None):
    """The tensor itself: there is no other device."""
    return convert(self, self.dtype, memory_format=memory_format)


def _elsewhere(name: str):
    def move(self, device=None, non_blocking=False, memory_format=None):
        raise AssertionError(f"{name}(): Lucid computes on CPUs alone; ask {name}.is_available() first")

    move.__name__ = move.__qualname__ = name
    move.__doc__ = "Needs a graphics processor: raises AssertionError."
    return move


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
    "bool": dtypes.bool_, "chalf": dtypes.complex32, "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
}  # fmt: skip

def new(self, *args, size=None, device=None):
    """Of the tensor's dtype: with the given values, or uninitialised of the given size (`new_tensor` and `new_empty` say
    which is meant), or a view of a tensor or storage. TypeError for a tensor of another dtype."""
    if args and isinstance(args[0], Tensor):
        if args[0].dtype is not self.dtype:
            raise TypeError(f"new(): expected a tensor of {self.dtype}, got one of {args[0].dtype}; use its method to()")
        return Supplied.view_alias(args[0])
    if args and hasattr(args[0], "untyped"):
        return new_empty(self, 0).set_(args[0])
    if not args:
        return new_empty(self, 0 if size is None else size, device=device)
    if len(args) == 1 and not isinstance(args[0], (int, Size)):
        return new_tensor(self, args[0], device=device)
    return new_empty(self, *args, device=device)


TENSOR_METHODS = {
    "new": new, "to": to, "type": type_, "type_as": type_as, "cpu": cpu, "cuda": _elsewhere("cuda"), "xpu": _elsewhere("xpu"),
    "new_empty": new_empty, "new_zeros": new_zeros,
    "new_ones": new_ones, "new_full": new_full, "new_tensor": new_tensor, "new_empty_strided": new_empty_strided,
    **{name: _conversion(name, dtype) for name, dtype in CONVERSIONS.items()},
}  # fmt: skip
