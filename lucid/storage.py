"""A tensor's memory as an object, `tensor.untyped_storage()`: its bytes, or its elements in a row, which share memory with the tensor.

All is read and written through one NumPy array that lies over the memory, so that nothing leaves it.
"""

from __future__ import annotations

import operator
import sys

import numpy as np

from lucid import dtypes
from lucid._kernels.core import empty, strided, wrap
from lucid.dtypes import as_dtype
from lucid.serialization import STORAGES, mapped
from lucid.tensor import CPU, Tensor, check_device, is_shared, root_of, storage_of

__all__ = ["PyTorchFileReader", "TypedStorage", "UntypedStorage", "is_storage", *STORAGES]


def bytes_of(array: np.ndarray, nbytes: int) -> np.ndarray:
    """The whole memory that an array is a view of, as a row of bytes."""
    array = root_of(array)
    if array.ndim:
        array = array[tuple(slice(None, None, -1 if step < 0 else 1) for step in array.strides)]
    return strided(array, (nbytes // array.itemsize,), (1,)).view(np.uint8)


class _Storage:
    """What storages of bytes and of elements have in common; `_row()` are the elements, a NumPy array over the memory."""

    device = CPU
    is_cuda = is_hpu = is_sparse = False
    filename = None

    def __array__(self, dtype=None, copy=None):
        self.untyped()._shared = True
        return np.array(self._row(), dtype, copy=copy)

    def over(self, dtype=None) -> Tensor:
        """A tensor over the memory; of bytes it is one of `dtype`."""
        self.untyped()._shared = True
        return wrap(self._row())

    def tolist(self) -> list:
        """The elements as a list."""
        return wrap(self._row()).tolist()

    def size(self) -> int:
        """The number of elements."""
        return self.nbytes() // self.element_size()

    __len__ = size

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int):
        n, at = len(self), operator.index(index)
        if not -n <= at < n:
            raise IndexError(f"index {at} out of range for storage of size {n}")
        return wrap(self._row())[at].item()

    def fill_(self, value):
        """Write a value to every element."""
        self[:] = value
        return self

    def copy_(self, source, non_blocking: bool = False):
        """Write the bytes of another storage over these; RuntimeError if it is of another size, TypeError if it is none."""
        if not isinstance(source, _Storage):
            raise TypeError(f"copy_(): argument 'src' (position 1) must be a storage, not {type(source).__name__}")
        if source.nbytes() != self.nbytes():
            raise RuntimeError(f"size does not match, self was {self.nbytes()} bytes but src was {source.nbytes()} bytes")
        self.untyped()._row()[:] = source.untyped()._row()
        return self

    def clone(self):
        """A copy, with memory of its own."""
        return self.new(len(self)).copy_(self)

    __copy__ = clone

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self.clone())

    def cpu(self):
        """Itself."""
        return self

    def to(self, *, device, non_blocking: bool = False):
        """As `cpu`; RuntimeError for another device."""
        check_device(device)
        return self.cpu()

    def get_device(self) -> None:
        """The number of its accelerator: None."""

    def is_pinned(self, device="cuda") -> bool:
        """Whether the memory is pinned for an accelerator: never."""
        return False

    def pin_memory(self, device="cuda"):
        """RuntimeError: there is no accelerator to pin memory for."""
        raise RuntimeError("pin_memory(): cannot access an accelerator, as there is none")

    def is_shared(self) -> bool:
        """Whether other processes may see the memory."""
        return is_shared(self.untyped()._array)

    def share_memory_(self):
        """Move the memory, with all tensors over it, where other processes may see it; returns the storage itself."""
        from lucid.multiprocessing.reductions import share

        share(self.untyped())
        return self

    def __repr__(self) -> str:
        return " " + "\n ".join(map(str, self.tolist())) + f"\n[{self._says()}device={self.device}) of size {len(self)}]"


class UntypedStorage(_Storage):
    """Bytes: the memory that a tensor and its views share, or memory of its own.

    Parameters
    ----------
    size : int or sequence of int, optional
        How many bytes, not set, or what they are. Default: 0.
    device : optional
        The CPU.

    Examples
    --------
    >>> x = lucid.zeros(2, dtype=lucid.int16)
    >>> storage = x.untyped_storage()
    >>> storage[2] = 7
    >>> storage.tolist(), x.tolist()
    ([0, 0, 7, 0], [0, 7])
    """

    is_sparse_csr = False

    def __init__(self, size=0, *, device=None):
        if isinstance(size, (list, tuple, range)):
            if not all(isinstance(one, int) for one in size):
                raise RuntimeError("UntypedStorage(): a sequence has to be one of ints")
            row = np.array([one % 256 for one in size], np.uint8)
        elif isinstance(size, int) and size >= 0:
            row = empty((size,), np.dtype(np.uint8))
        else:
            raise RuntimeError(f"UntypedStorage(): takes a number of bytes or a sequence of ints, got {type(size).__name__}; a "
                               "tensor's is tensor.untyped_storage()")  # fmt: skip
        self._over(row)
        self._shared = False

    def _over(self, array: np.ndarray) -> None:
        self._array, self._bytes, self._shared = array, None, True
        self._address, self._nbytes = storage_of(array)

    @classmethod
    def _of(cls, array: np.ndarray) -> UntypedStorage:
        """That of an array."""
        made = object.__new__(cls)
        made._over(array)
        return made

    def _lie(self, array: np.ndarray, row: np.ndarray) -> None:
        """Be over other memory from now on."""
        self._array, self._bytes, self._address = array, row, row.ctypes.data

    @classmethod
    def _new_shared(cls, size: int, *, device=None):
        """One that other processes may see."""
        return cls(size, device=device).share_memory_()

    @classmethod
    def from_file(cls, filename, shared: bool = False, nbytes: int = 0):
        """The bytes of a file, read as they are needed; writes go to the file if it is `shared`, which is made, or made longer, where needed."""
        return cls._of(mapped("UntypedStorage.from_file", filename, shared, nbytes, np.dtype(np.uint8)))

    @classmethod
    def from_buffer(cls, buffer, byte_order: str | None = None, count: int = -1, offset: int = 0, *, dtype):
        """A copy of numbers of a dtype that lie in a buffer, in the byte order "native", "little" or "big".

        Parameters
        ----------
        buffer : object
            What gives bytes.
        byte_order : {"native", "little", "big"}, optional
            In which they lie there; here they are in the native one. Numbers of one byte need none.
        count : int, optional
            How many numbers. Default: all that follow.
        offset : int, optional
            How many bytes are left out. Default: 0.
        dtype : dtype
            Of the numbers.

        Returns
        -------
        UntypedStorage
            The copy.

        Raises
        ------
        ValueError
            If the buffer has fewer numbers, or not whole ones, or there is no such order.
        RuntimeError
            If the order is missing.
        """
        if byte_order is None and as_dtype(dtype).itemsize > 1:
            raise RuntimeError(f"from_buffer: numbers of dtype {as_dtype(dtype)} need a byte_order")
        if byte_order not in (None, "native", "little", "big"):
            raise ValueError(f"invalid byte_order '{byte_order}' (expected 'big', 'little', or 'native')")
        made = cls._of(np.frombuffer(buffer, as_dtype(dtype).numpy, count, offset).copy())
        if byte_order not in (None, "native", sys.byteorder):
            made.byteswap(dtype)
        return made

    def byteswap(self, dtype) -> None:
        """Turn round the bytes of each number of a dtype."""
        dtype = as_dtype(dtype)
        size = dtype.itemsize // (2 if dtype.is_complex else 1)
        row = self._row()[: self._nbytes // size * size].reshape(-1, size)
        row[:] = row[:, ::-1].copy()

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    def new(self, size: int = 0) -> UntypedStorage:
        """Another one."""
        return UntypedStorage(size)

    def _row(self, dtype=None) -> np.ndarray:
        if self._bytes is None:
            self._bytes = bytes_of(self._array, self._nbytes)
        return self._bytes if dtype is None else self._bytes[: self._nbytes // dtype.itemsize * dtype.itemsize].view(dtype.numpy)

    def over(self, dtype=None) -> Tensor:
        self._shared = True
        return wrap(self._row(dtype))

    def __getitem__(self, index):
        if isinstance(index, slice):
            if index.step not in (None, 1):
                raise RuntimeError(f"Trying to slice with a step of {index.step}, but only a step of 1 is supported")
            self._shared = True
            part = UntypedStorage._of(self._array)
            part._bytes = self._row()[index]
            part._address, part._nbytes = part._bytes.ctypes.data, part._bytes.nbytes
            return part
        if not isinstance(index, int):
            raise TypeError(f"can't index an UntypedStorage with {type(index).__name__}")
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        if not isinstance(value, int):
            raise RuntimeError(f"can only set storage content with an int, but got {type(value).__name__} instead")
        if not isinstance(index, slice) and not 0 <= index < len(self):
            raise RuntimeError(f"index {index} is out of bounds of {len(self)} bytes")
        self._row()[index] = value % 256

    def data_ptr(self) -> int:
        """The address."""
        return self._address if self._nbytes else 0

    def nbytes(self) -> int:
        """The size in bytes."""
        return self._nbytes

    def element_size(self) -> int:
        """Bytes an element: one, for elements of no dtype."""
        return 1

    def resizable(self) -> bool:
        """Whether `resize_` may change the size: while no tensor, array or other storage lies over the memory."""
        return not self._shared

    def resize_(self, size: int):
        """Have another number of bytes, the first ones the same; RuntimeError if it is not `resizable`."""
        if size != self._nbytes:
            if self._shared:
                raise RuntimeError("Trying to resize storage that is not resizable: there are tensors or arrays over its memory")
            row, kept = UntypedStorage(size)._row(), min(size, self._nbytes)
            row[:kept] = self._row()[:kept]
            self._over(row)
            self._shared = False
        return self

    def type(self, dtype=None):
        """The name of its class; or, with a dtype, the bytes as numbers of it."""
        return "lucid.storage.UntypedStorage" if dtype is None else _converted(self, dtype)

    def __eq__(self, other) -> bool:
        return isinstance(other, UntypedStorage) and (self._address, self._nbytes) == (other._address, other._nbytes)

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self._nbytes

    def __hash__(self):
        return hash((self._address, self._nbytes))

    def __reduce__(self):
        return UntypedStorage, (self.tolist(),)

    def _says(self) -> str:
        return "lucid.storage.UntypedStorage("


class TypedStorage(_Storage):
    """Elements of a dtype: the memory that a tensor and its views share, or memory of its own.

    Parameters
    ----------
    *args : int or sequence, optional
        How many elements, not set, or what they are. Default: 0.
    wrap_storage : UntypedStorage, optional
        Whose memory it is instead.
    dtype : dtype, optional
        Of the elements. Default: the default dtype.
    device : optional
        The CPU.

    Examples
    --------
    >>> storage = lucid.arange(3.0).storage()
    >>> storage[0] = 5.0
    >>> storage.tolist(), storage.dtype, storage.nbytes()
    ([5.0, 1.0, 2.0], lucid.float32, 12)
    """

    dtype = None

    def __init__(self, *args, wrap_storage: UntypedStorage | None = None, dtype=None, device=None):
        wrong = args if wrap_storage is not None else args[1:] or isinstance(args and args[0], (Tensor, _Storage))
        if wrong or wrap_storage is not None and dtype is None:
            raise RuntimeError("TypedStorage(): takes a number of elements, a sequence of them, or wrap_storage and dtype")
        if not isinstance(wrap_storage, (UntypedStorage, type(None))):
            raise TypeError(f"TypedStorage(): wrap_storage has to be an UntypedStorage, not a {type(wrap_storage).__name__}")
        self.dtype = as_dtype(dtype or dtypes.get_default_dtype())
        if wrap_storage is None:
            data = args[0] if args else 0
            if isinstance(data, int):
                wrap_storage = UntypedStorage(data * self.dtype.itemsize)
            else:
                from lucid.ops.conversion import tensor

                wrap_storage = UntypedStorage._of(tensor(data).to(self.dtype).array)
                wrap_storage._shared = False
        self._untyped = wrap_storage

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    @classmethod
    def from_buffer(cls, *args, dtype=None, device=None, **kwargs) -> TypedStorage:
        """As `UntypedStorage.from_buffer`."""
        dtype = dtype or cls.dtype
        return TypedStorage(wrap_storage=UntypedStorage.from_buffer(*args, dtype=dtype, **kwargs), dtype=dtype)

    @classmethod
    def from_file(cls, filename, shared: bool, size: int, dtype=None) -> TypedStorage:
        """The elements of a file, as `UntypedStorage.from_file`."""
        dtype = as_dtype(dtype or cls.dtype or dtypes.get_default_dtype())
        return TypedStorage(wrap_storage=UntypedStorage.from_file(filename, shared, size * dtype.itemsize), dtype=dtype)

    def untyped(self) -> UntypedStorage:
        """The same memory in bytes."""
        return self._untyped

    def cpu(self) -> TypedStorage:
        """Another object over the same memory."""
        return _rebuilt(self._untyped, self.dtype)

    def new(self, size: int = 0) -> TypedStorage:
        """Another one, of the same dtype."""
        return TypedStorage(size, dtype=self.dtype)

    def _new_shared(self, size: int, *, device=None) -> TypedStorage:
        """Another one, which other processes may see."""
        return self.new(size).share_memory_()

    def _row(self) -> np.ndarray:
        return self._untyped._row(self.dtype)

    def __getitem__(self, index):
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a TypedStorage with {type(index).__name__}: it takes an int")
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        if not isinstance(index, slice) and not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of bounds for a storage of size {len(self)}")
        wrap(self._row())[index] = value

    def data_ptr(self) -> int:
        """The address."""
        return self._untyped.data_ptr()

    def nbytes(self) -> int:
        """The size in bytes."""
        return self._untyped.nbytes()

    def element_size(self) -> int:
        """Bytes an element."""
        return self.dtype.itemsize

    def resizable(self) -> bool:
        """As `UntypedStorage.resizable`."""
        return self._untyped.resizable()

    def resize_(self, size: int) -> None:
        """As `UntypedStorage.resize_`, in elements."""
        self._untyped.resize_(size * self.dtype.itemsize)

    def pickle_storage_type(self) -> str:
        """The name of its type: "FloatStorage"."""
        return _CLASSES[self.dtype].__name__

    def type(self, dtype=None):
        """The name of its type; or, with a dtype, the elements as numbers of it."""
        return f"lucid.{self.pickle_storage_type()}" if dtype is None else _converted(self, dtype)

    def __reduce__(self):
        return _rebuilt, (self.untyped(), self.dtype)

    def _says(self) -> str:
        return f"lucid.storage.TypedStorage(dtype={self.dtype}, "


def _rebuilt(storage: UntypedStorage, dtype) -> TypedStorage:
    return TypedStorage(wrap_storage=storage, dtype=dtype)


def _converted(storage: _Storage, dtype) -> TypedStorage:
    """The values of the elements as numbers of a dtype, in memory of their own."""
    dtype = as_dtype(getattr(dtype, "dtype", dtype))
    made = UntypedStorage._of(wrap(storage._row()).to(dtype, copy=True).array)
    made._shared = False
    return TypedStorage(wrap_storage=made, dtype=dtype)


def _conversion(dtype):
    def convert(self) -> TypedStorage:
        return _converted(self, dtype)

    convert.__doc__ = f"The values of the elements as {dtype.name}."
    return convert


class _Kind(type):
    """The class of `FloatStorage` and its like: every TypedStorage of their dtype is an instance, and calls make one."""

    def __instancecheck__(cls, one) -> bool:
        return isinstance(one, TypedStorage) and one.dtype is cls.dtype

    def __call__(cls, *args, wrap_storage: UntypedStorage | None = None) -> TypedStorage:
        if args and isinstance(args[0], (Tensor, _Storage)):
            raise TypeError(f"{cls.__name__}(): takes a number of elements, a sequence of them, or wrap_storage")
        return TypedStorage(*args, wrap_storage=wrap_storage, dtype=cls.dtype)


_CLASSES = {}
for _name, _dtype in STORAGES.items():
    _short = _name.removesuffix("Storage")
    _method = {"BFloat16": "bfloat16", "ComplexFloat": "complex_float", "ComplexDouble": "complex_double"}.get(_short, _short.lower())
    setattr(_Storage, _method, _conversion(_dtype))
    globals()[_name] = _CLASSES[_dtype] = _Kind(_name, (TypedStorage,), {
        "dtype": _dtype, "__module__": "lucid", "__doc__": f"Storages of {_dtype.name}; called, it makes one: of a size, or of values."
    })  # fmt: skip


def is_storage(obj) -> bool:
    """Whether an object is a storage."""
    return isinstance(obj, _Storage)


class PyTorchFileReader(UntypedStorage):
    """What reads PyTorch's files part by part; `load` reads them whole. NotImplementedError."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("PyTorchFileReader: lucid.load reads a file whole")
