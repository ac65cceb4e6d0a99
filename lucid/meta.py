"""The device `meta`: tensors that have a shape, strides and a dtype, and no elements.

Models are made there whose weights come from a file (`load_state_dict(..., assign=True)`, `Module.to_empty`): that takes no time and no
memory. A meta tensor is of a class of its own, so that plain ones pay nothing for it; what is called with one comes here. Its array is
memory that cannot be written to, one for all of them, whose pages of zeros the system has not made: operations run on it for the shapes
of their results.
"""

from __future__ import annotations

import functools
import math
import mmap

import numpy as np

from lucid import overrides
from lucid._kernels import core
from lucid.autograd.op import DECLARED
from lucid.nn.parameter import Parameter
from lucid.ops.creation import sizes, wanted
from lucid.storage import UntypedStorage
from lucid.tensor import META, Tensor, on_meta

__all__ = ["MetaParameter", "MetaTensor"]

NO_DATA = "Cannot copy out of meta tensor; no data!"
# In place, and yet of shapes and of the graph rather than of elements.
SHAPING = {
    "as_strided_", "detach_", "rename_", "requires_grad_", "resize_", "resize_as_", "squeeze_", "swapaxes_", "swapdims_", "t_", "transpose_",
    "unsqueeze_",
}  # fmt: skip
IN_PLACE = {
    "__iadd__", "__iand__", "__ifloordiv__", "__ilshift__", "__imatmul__", "__imod__", "__imul__", "__ior__", "__ipow__", "__irshift__",
    "__isub__", "__itruediv__", "__ixor__", "__setitem__",
}  # fmt: skip
READING = {"cpu", "item", "numpy", "tolist"}
WRITING = {"batch_norm", "instance_norm"}  # to arguments that are no parameters, besides giving a result
# What they give depends on elements: its values, or how many there are.
UNDECIDED = {"allclose", "argwhere", "equal", "is_nonzero", "is_set_to", "masked_select", "nonzero", "unique", "unique_consecutive"}
# What makes a tensor of no other, on the device that is the default.
CONSTRUCTORS = {
    "arange", "as_tensor", "asarray", "bartlett_window", "blackman_window", "empty", "empty_permuted", "empty_strided", "eye", "fftfreq",
    "full", "hamming_window", "hann_window", "kaiser_window", "linspace", "logspace", "normal", "ones", "rand", "randint", "randn", "randperm",
    "range", "rfftfreq", "scalar_tensor", "tensor", "tril_indices", "triu_indices", "zeros",
}  # fmt: skip
SIZED = {"empty", "ones", "rand", "randn", "zeros"}  # of which the size is all that counts here
ALIKE = {f"{name}_like" for name in SIZED}

_zeros = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ) if hasattr(mmap, "PROT_READ") else bytes(4096)


def _memory(nbytes: int):
    """Zeros that cannot be written to, at least so many; pages that nobody reads take no memory."""
    global _zeros
    if len(_zeros) < nbytes:
        try:
            _zeros = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
        except AttributeError:  # a system without mappings
            _zeros = bytes(nbytes)
        except (OSError, OverflowError, ValueError):
            raise core.OutOfMemoryError(f"a tensor of {nbytes} bytes is more than there are addresses for, on the device meta too") from None
    return _zeros


def _array(shape: tuple, dtype: np.dtype, strides: tuple | None) -> np.ndarray:
    if 0 in shape:
        return np.ndarray(shape, dtype, bytes(0))
    if strides is None:
        return np.ndarray(shape, dtype, _memory(math.prod(shape) * dtype.itemsize))
    extent = sum((size - 1) * step for size, step in zip(shape, strides)) + dtype.itemsize
    return np.ndarray(shape, dtype, _memory(extent), 0, strides)


class MetaTensor(Tensor):
    """A tensor on the device `meta`.

    Parameters
    ----------
    data : Tensor
        Whose shape, strides and dtype it has; of a plain tensor it makes a Parameter, as packages do that put
        `type(old)(new, requires_grad)` in the place of an old one.
    requires_grad : bool, optional
        Default False.
    """

    __torch_function__ = core.disabled_torch_function  # until the class is there: attributes of plain tensors stay as fast as they are
    device, is_meta, is_cpu = META, True, False

    def __new__(cls, data: Tensor, requires_grad: bool = False, **more):
        if not on_meta(data.device):
            return Parameter(data, requires_grad)
        return _made(cls, data.array, requires_grad)

    @property
    def data(self) -> Tensor:
        """The same outside the graph."""
        return _made(MetaTensor, self.array)

    @data.setter
    def data(self, value: Tensor):
        if not on_meta(value.device):
            raise RuntimeError(
                "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have incompatible tensor type: one is on the meta device"
            )
        self.array = value.array

    def _elements(self, *args, **kwargs):
        raise NotImplementedError(NO_DATA)

    def _item(self, *args):
        raise RuntimeError("Tensor.item() cannot be called on meta tensors")

    def _numpy(self, *args, **kwargs):
        raise TypeError("can't convert meta device type tensor to numpy: it has no elements")

    def share_memory_(self):
        raise RuntimeError("Tensor.share_memory_(): a meta tensor has no memory to share")

    tolist = cpu = _elements
    item = __bool__ = __int__ = __float__ = __complex__ = __index__ = __contains__ = _item
    numpy = __array__ = _numpy

    def __dlpack__(self, *args, **kwargs):
        raise BufferError("Cannot pack tensors on meta")

    def data_ptr(self) -> int:
        """0: there is no memory."""
        return 0

    def untyped_storage(self):
        """Its size is that of the elements that the tensor does not have."""
        return _NoStorage._of(self.array)

    def type(self, dtype=None, non_blocking: bool = False):
        """As of other tensors; the name of the type says where it is."""
        name = Tensor.type(self, dtype, non_blocking)
        return name.replace("lucid.", "lucid.meta.") if dtype is None else of(name)

    def __setitem__(self, index, value):
        pass

    def __iter__(self):
        return iter(self.unbind(0))

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), _made(type(self), self.array, self.requires_grad))

    def __reduce_ex__(self, protocol):
        return rebuilt, (isinstance(self, Parameter), tuple(self.shape), self.array.dtype, self.array.strides, self.requires_grad)

    def __repr__(self, *args, **kwargs) -> str:
        dtype = "" if self.dtype.name in ("float32", "int64", "bool") else f", dtype={self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad and self.is_leaf else ""
        return f"Tensor(..., device='meta', size={tuple(self.shape)}{dtype}{grad})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return str(self)


class MetaParameter(MetaTensor, Parameter):
    """A parameter on the device `meta`."""

    def __new__(cls, data: Tensor, requires_grad: bool = True, **more):
        return MetaTensor.__new__(cls, data, requires_grad)

    def __repr__(self, *args, **kwargs) -> str:
        return "Parameter containing:\n" + super().__repr__()


def _made(kind: type, array: np.ndarray, requires_grad: bool = False) -> Tensor:
    """A meta tensor of an array's shape, strides and dtype."""
    return rebuilt(issubclass(kind, Parameter), array.shape, array.dtype, array.strides, requires_grad)


def rebuilt(parameter: bool, shape: tuple, dtype: np.dtype, strides: tuple | None, requires_grad: bool) -> Tensor:
    """A meta tensor, as files and pickles describe it; contiguous if `strides`, in bytes, are None."""
    made = core.TensorBase.__new__(MetaParameter if parameter else MetaTensor)
    made.array = _array(shape, dtype, strides)
    made._requires_grad = requires_grad
    return made


def of(x: Tensor) -> Tensor:
    """A tensor as one on the device `meta`; what is recorded stays so."""
    if isinstance(x, MetaTensor):
        return x
    if x.requires_grad and not x.is_leaf:
        return Tensor.as_subclass(x, MetaTensor)
    return _made(MetaParameter if isinstance(x, Parameter) else MetaTensor, x.array, x.requires_grad)


def _all_of(result):
    if isinstance(result, Tensor):
        return of(result)
    if isinstance(result, (tuple, list)):
        parts = [_all_of(one) for one in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def _run(func, args: tuple, kwargs: dict):
    with overrides._switched_off(2):
        return func(*args, **kwargs)


def created(func, args: tuple, kwargs: dict):
    """What a function makes that is asked for a tensor on the device `meta`."""
    kwargs = {name: value for name, value in kwargs.items() if name not in ("device", "generator", "pin_memory", "layout")}
    name = func.__name__
    if name in SIZED and kwargs.keys() <= {"size", "dtype", "requires_grad"}:
        dtype, requires_grad = wanted(kwargs.pop("dtype", None)).numpy, kwargs.pop("requires_grad", False)
        return rebuilt(False, sizes(name, args, kwargs), dtype, None, bool(requires_grad))
    if name in ALIKE:
        func = DECLARED["empty_like"].function
    return _all_of(_run(func, args, kwargs))


def answered(cls, func, types, args=(), kwargs=None):
    """What a call gives with a meta tensor among its arguments."""
    kwargs = kwargs or {}
    name = getattr(func, "__name__", "")
    first = args[0] if args else None
    if name == "to":
        return _moved(first, *args[1:], **kwargs)
    if name in READING:
        return getattr(first, name)(*args[1:], **kwargs)  # raises
    if name in UNDECIDED:
        raise NotImplementedError(f"{name}(): what it gives depends on elements, and a tensor on the meta device has none")
    if (name.endswith("_") and not name.endswith("__") or name in IN_PLACE) and name not in SHAPING:
        if not isinstance(first, MetaTensor):
            raise NotImplementedError(f"{name}(): {NO_DATA}")
        return None if name == "__setitem__" else first
    if kwargs.get("out") is not None:
        return _into(kwargs.pop("out"), (*args, *kwargs.values()))
    device = kwargs.pop("device", None)
    elsewhere = device is not None and not on_meta(device)
    if name in ALIKE and not elsewhere:
        return created(func, args, kwargs)
    if not elsewhere and name not in CONSTRUCTORS and not name.endswith("_like") and not name.startswith("new_"):
        for one in overrides._flattened((*args, *kwargs.values())):
            if type(one) in (Tensor, Parameter) and one.ndim and one.dtype.kind >= 2:
                raise RuntimeError(f"{name}(): Expected all tensors to be on the same device, but found at least two devices, meta and cpu!")
    if name in WRITING:
        args, kwargs = tuple(map(_written, args)), {key: _written(one) for key, one in kwargs.items()}
    result = _run(func, args, kwargs)
    return result if elsewhere else _all_of(result)


def _into(out, values: tuple):
    """`out`, in which nothing can be written: it is as it was. RuntimeError if it, or all other tensors, are on the CPU."""
    given = [one for one in overrides._flattened(values) if isinstance(one, Tensor)]
    for one in overrides._flattened((out,)):
        if isinstance(one, Tensor) and not isinstance(one, MetaTensor):
            raise RuntimeError("Attempting to copy from device meta to device cpu, but cross-device copies are not allowed: there are no elements")
        if given and not any(isinstance(one, MetaTensor) for one in given):
            raise RuntimeError("Attempting to copy from device cpu to device meta, but cross-device copies are not allowed: out has no elements")
    return out


def _written(value):
    """A tensor that is written to, as one with elements."""
    if isinstance(value, MetaTensor) and not isinstance(value, Parameter) and value.ndim == 1:
        return core.wrap(np.zeros(value.shape, value.dtype.numpy))
    return value


def _moved(x: Tensor, *args, **kwargs) -> Tensor:
    """`Tensor.to` of a meta tensor, or to one."""
    from lucid.ops.conversion import parse_to

    other = next((one for one in (*args[:1], kwargs.get("other")) if isinstance(one, Tensor)), None)
    dtype, device, _, copy, memory_format = parse_to(args, **kwargs)
    device = other.device if other is not None else device
    if device is not None and not on_meta(device):
        if isinstance(x, MetaTensor):
            raise NotImplementedError(NO_DATA)
        return _run(Tensor.to, (x, dtype or x.dtype), {"copy": copy, "memory_format": memory_format})
    same = dtype is None or dtype is x.dtype
    if isinstance(x, MetaTensor) and same and not copy and memory_format is None:
        return x
    return of(_run(Tensor.to, (x, dtype or x.dtype), {"copy": copy, "memory_format": memory_format}))


class _NoStorage(UntypedStorage):
    """The memory that a meta tensor would have."""

    device = META

    def data_ptr(self) -> int:
        """0: there is none."""
        return 0


def _method(name: str, function):
    @functools.wraps(function)
    def method(self, *args, **kwargs):
        return answered(MetaTensor, function, (MetaTensor,), (self, *args), kwargs)

    return method


# Methods that are no operations, and so come here by themselves only where some other class has made them overridable.
for _name in dir(Tensor):
    _value = getattr(Tensor, _name)
    if _name not in vars(MetaTensor) and _name[0] != "_" and hasattr(_value, "__code__") and not hasattr(_value, "op"):
        setattr(MetaTensor, _name, _method(_name, _value))
MetaTensor.__torch_function__ = MetaParameter.__torch_function__ = classmethod(answered)


class _Default(overrides.TorchFunctionMode):
    """Within it, new tensors are on the device `meta`."""

    def _own(self, func, args: tuple, kwargs: dict):
        with overrides._without_mode():
            made = getattr(func, "__name__", "") in CONSTRUCTORS and kwargs.get("device") is None
            if made and not any(isinstance(one, Tensor) for one in args[:1]):
                return created(func, args, kwargs)
            return func(*args, **kwargs)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

    def __enter__(self):
        overrides.push(self)

    def __exit__(self, *error):
        overrides.drop(self)


def enter() -> None:
    """Make new tensors on the device `meta`, until `leave`."""
    _Default().__enter__()


def entered() -> bool:
    """Whether new tensors of this thread are made on the device `meta`."""
    return any(isinstance(mode, _Default) for mode in overrides._thread.modes)


def leave() -> None:
    """The end of what `enter` began."""
    next(mode for mode in reversed(overrides._thread.modes) if isinstance(mode, _Default)).__exit__()
