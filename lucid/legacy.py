"""Types of tensors by the names that they had before dtypes: `FloatTensor(2, 3)`, `isinstance(x, LongTensor)`."""

from __future__ import annotations

from lucid import dtypes
from lucid.dtypes import torch_name
from lucid.ops.conversion import tensor
from lucid.ops.creation import empty
from lucid.tensor import Size, Tensor, check_device


class TensorType(type):
    """The class of these types: no tensor is made of them, but every dense tensor of their dtype is an instance."""

    def __instancecheck__(cls, one) -> bool:
        return isinstance(one, Tensor) and one.dtype is cls.dtype

    def __call__(cls, *data, device=None):
        """An uninitialised tensor of a size, given as ints or as a Size; one of the values in a sequence or an array; or a
        tensor itself, over the same memory. TypeError for numbers and for a tensor of another dtype."""
        if device is not None:
            check_device(device)
        return made(cls.__name__, data, cls.dtype)


def made(name: str, data: tuple, dtype) -> Tensor:
    """The tensor that such a constructor makes."""
    first = data[0] if len(data) == 1 else None
    if isinstance(first, Tensor):
        if first.dtype is not dtype:
            raise TypeError(f"{name}() takes a tensor of {dtype}, not of {first.dtype}: use its method to()")
        return first.as_subclass(Tensor)
    if hasattr(first, "untyped"):
        return empty(0, dtype=dtype).set_(first)
    if first is None or isinstance(first, (int, Size)):
        return empty(first or data or (0,), dtype=dtype)
    if not hasattr(first, "__len__"):
        raise TypeError(f"{name}() takes a size or a sequence of values, not {type(first).__name__}")
    return tensor(first, dtype=dtype)


def set_default_tensor_type(t) -> None:
    """Set the default dtype by the type of such tensors, or its name. TypeError for other types, and types of integers."""
    if isinstance(t, str):
        t = globals().get(t.rpartition(".")[2], t)
    if not isinstance(t, TensorType):
        raise TypeError(f"set_default_tensor_type(): invalid type object: {t}")
    dtypes.set_default_dtype(t.dtype)


__all__ = ["set_default_tensor_type"]
for _dtype in dtypes.ALL:
    if _dtype not in (dtypes.complex32, dtypes.complex64, dtypes.complex128, *dtypes.UNSIGNED):
        _name = f"{torch_name(_dtype)}Tensor"
        globals()[_name] = TensorType(_name, (), {"dtype": _dtype, "is_cuda": False, "is_sparse": False, "__module__": "lucid",
                                                  "__doc__": f"Tensors of {_dtype.name}; called, it makes one: of a size, of values, or "
                                                             f"of a tensor."})
        __all__.append(_name)
