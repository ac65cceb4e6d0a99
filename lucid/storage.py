"""A tensor's memory as an object, for programs that ask where it is and how large: `tensor.untyped_storage()`."""

from __future__ import annotations

from lucid.tensor import CPU, Tensor, storage_of

__all__ = ["PyTorchFileReader", "TypedStorage", "UntypedStorage"]


class UntypedStorage:
    """The memory that a tensor and its views share, in bytes. Tensors make it: NotImplementedError for anything else."""

    device = CPU
    is_cuda = False

    def __init__(self, tensor=None):
        if not isinstance(tensor, Tensor):
            raise NotImplementedError(f"{type(self).__name__}: a tensor's memory is a NumPy array in Lucid, tensor.numpy()")
        self._tensor = tensor
        self._address, self._bytes = storage_of(tensor.array)

    @classmethod
    def from_file(cls, filename, shared: bool = False, nbytes: int = 0):
        """The bytes of a file, read as they are needed; writes go to the file if it is `shared`."""
        import numpy as np

        from lucid._kernels.core import wrap

        return cls(wrap(np.memmap(filename, np.uint8, "r+" if shared else "c", shape=(nbytes,)).view(np.ndarray)))

    def untyped(self) -> UntypedStorage:
        """The same in bytes."""
        return UntypedStorage(self._tensor)

    def __getitem__(self, index):
        return type(self)(self._flat()[index])

    def _flat(self):
        return self._tensor.reshape(-1)

    def __array__(self, dtype=None, copy=None):
        return self._flat().__array__(dtype, copy)

    def data_ptr(self) -> int:
        """The address."""
        return self._address if self._bytes else 0

    def nbytes(self) -> int:
        """The size in bytes."""
        return self._bytes

    def element_size(self) -> int:
        """Bytes an element: one, for elements of no dtype."""
        return 1

    def size(self) -> int:
        """The number of elements."""
        return self._bytes // self.element_size()

    __len__ = size

    def __eq__(self, other) -> bool:
        return isinstance(other, UntypedStorage) and (self._address, self._bytes) == (other._address, other._bytes)

    def __hash__(self):
        return hash((self._address, self._bytes))


class TypedStorage(UntypedStorage):
    """The memory that a tensor and its views share, in elements."""

    @property
    def dtype(self):
        """The dtype of the elements."""
        return self._tensor.dtype

    def element_size(self) -> int:
        """Bytes an element."""
        return self._tensor.element_size()


class PyTorchFileReader(UntypedStorage):
    """What reads PyTorch's files part by part; `load` reads them whole. NotImplementedError."""
