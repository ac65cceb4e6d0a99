"""Tensor: an n-dimensional array that may take part in a graph. It knows no op.

The data is a NumPy array (`array`), whose shape and strides are the tensor's own; views share its memory and
its version counter. What operations a tensor has is the table in `lucid/ops/methods.py`.
"""

from __future__ import annotations

import copyreg
import math
import operator
import sys

import numpy as np

from lucid import dtypes, formats, printing
from lucid._kernels import core
from lucid._kernels.core import check_dim  # noqa: F401
from lucid.dtypes import as_dtype, check_int64, element, from_numpy_dtype

__all__ = ["Size", "Tensor"]


class Size(tuple):
    """The shape of a tensor: a tuple of ints. TypeError for anything else."""

    __slots__ = ()

    def __new__(cls, sizes=()):
        return tuple.__new__(cls, [operator.index(size) for size in sizes])

    def numel(self) -> int:
        """The number of elements of a tensor of this size."""
        n = 1
        for size in self:
            n *= size
        return n

    def __getitem__(self, index):
        found = tuple.__getitem__(self, index)
        return size_of(found) if isinstance(index, slice) else found

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other):
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times):
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"lucid.Size({list(self)})"

    def __reduce__(self):
        return Size, (tuple(self),)


DEVICES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy", "vulkan", "mps",
    "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


class device:
    """Where a tensor lies: on the CPU, or on `meta`, where tensors have shapes and no elements. Others have names, so that programs
    can compare them.

    RuntimeError for a name that PyTorch does not know.
    """

    __slots__ = ("index", "type")

    def __init__(self, type="cpu", index=None):
        name, colon, number = str(type).partition(":")
        if name not in DEVICES:
            raise RuntimeError(f"Expected one of {', '.join(DEVICES)} device type at start of device string: {name}")
        if colon:
            if not number.isdecimal() or (number[0] == "0" and number != "0"):
                raise RuntimeError(f"Invalid device string: {str(type)!r}")
            index = int(number)
        elif index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        self.type, self.index = name, index

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + ("" if self.index is None else f", index={self.index}") + ")"

    def __reduce__(self):
        return device, (self.type, self.index)

    def __enter__(self):
        """Make new tensors there. RuntimeError for a device that is not there."""
        if on_meta(self):
            from lucid import meta

            meta.enter()
        else:
            check_device(self)
        return self

    def __exit__(self, *error):
        if on_meta(self):
            from lucid import meta

            meta.leave()


def size_of(shape: tuple) -> Size:
    """The Size of a shape that is known to be of ints."""
    return tuple.__new__(Size, shape)


CPU, META = device("cpu"), device("meta")

DLPACK_OPTIONS = np.lib.NumpyVersion(np.__version__) >= "2.1.0"  # whether NumPy knows the protocol's later arguments


NO_GRADIENT = "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed: use a clone()."


class Tensor(core.TensorBase):
    """A multi-dimensional array of one dtype that records operations for automatic differentiation.

    Parameters
    ----------
    data : nested sequence, number, array or Tensor
        The values; copied. Ints, one after the other, and a Size are a size instead: the tensor is not initialised. Of a
        Tensor alone it is a view, of its dtype and in its graph.
    requires_grad : bool, optional
        Whether operations on it are recorded, so that `backward` gives it a gradient.
    dtype : dtype, optional
        The dtype of the elements. Default: the default floating dtype, whatever the values
        (`lucid.tensor` infers it from them instead).

    Examples
    --------
    >>> from lucid import Tensor
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).backward()
    >>> print(x.grad)
    [2.0, 4.0]
    """

    __module__ = "lucid"

    def __new__(cls, data=(), *sizes, requires_grad=False, dtype=None, device=None):
        self = core.TensorBase.__new__(cls)
        if device is not None:
            check_device(device)
        if isinstance(data, Tensor) and dtype is None and not requires_grad:
            return data.as_subclass(cls)
        dtype = dtypes.get_default_dtype() if dtype is None else as_dtype(dtype)
        if type(data) in (int, Size):
            from lucid.ops.storage import Uninitialised

            self.array = Uninitialised.seen(core.empty((data, *sizes) if type(data) is int else tuple(data), dtype.numpy))
        elif sizes:
            raise TypeError(f"Tensor() takes one sequence of values, or a size of ints, not {type(data).__name__} and more")
        else:
            if hasattr(data, "untyped"):  # a storage
                self.array = core.empty((0,), dtype.numpy)
                self.set_(data)
            else:
                self.array = to_array(data, dtype)
        if requires_grad:
            self.requires_grad_()
        return self

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__torch_function__ is not core.disabled_torch_function:
            from lucid import overrides

            overrides.attach()

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        """What a call is with an instance of a subclass among its arguments: the same, and the result is of the subclass."""
        from lucid import overrides

        return overrides.default(cls, func, types, args, kwargs)

    @staticmethod
    def _make_subclass(cls, data, require_grad: bool = False):
        """A leaf of a subclass over a tensor's memory; how packages make tensors of their own class."""
        return data.detach().as_subclass(cls).requires_grad_(require_grad)

    # ------------------------------------------------------------------------------------------ the data

    @property
    def device(self) -> device:
        """Where the tensor lies: always `device('cpu')`."""
        return CPU

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.array.nbytes

    def element_size(self) -> int:
        """Bytes an element."""
        return self.array.itemsize

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    ndimension = dim

    def size(self, dim=None):
        """The shape, or the size of dimension `dim`."""
        if dim is None:
            return size_of(self.array.shape)
        return self.array.shape[check_dim("size", dim, self.array.ndim)]

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    nelement = numel

    def stride(self, dim=None):
        """The step between neighbours along each dimension (or along `dim`), in elements."""
        array = self.array
        if array.size or any(array.strides):
            strides = tuple(step // array.itemsize for step in array.strides)
        else:  # NumPy's own arrays without elements have none
            strides = tuple(math.prod(max(size, 1) for size in array.shape[i + 1 :]) for i in range(array.ndim))
        return strides if dim is None else strides[check_dim("stride", dim, self.array.ndim)]

    def storage_offset(self) -> int:
        """Where the first element lies in the storage, in elements."""
        return (self.array.ctypes.data - storage_of(self.array)[0]) // self.array.itemsize

    def untyped_storage(self):
        """The memory that the tensor shares with its views, an `UntypedStorage`."""
        from lucid.storage import UntypedStorage

        return UntypedStorage._of(self.array)

    def storage(self):
        """The same in elements, a `TypedStorage`."""
        from lucid.storage import TypedStorage

        return TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype)

    def storage_type(self) -> type:
        """The class of that by its dtype, `FloatStorage` say."""
        from lucid import storage

        return getattr(storage, self.storage().pickle_storage_type())

    def to_dense(self, dtype=None, *, masked_grad=None) -> Tensor:
        """The tensor itself, or as another dtype: it is dense."""
        return self if dtype is None else self.to(dtype)

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self.array.ctypes.data if self.array.size else 0

    def is_contiguous(self, memory_format=None) -> bool:
        """Whether the elements lie in memory in the order of their indices, or of another format, without gaps."""
        ndim = {"channels_last": 4, "channels_last_3d": 5}.get(formats.format_name(memory_format))
        if ndim is None:
            return self.array.flags.c_contiguous
        return self.array.ndim == ndim and self.array.transpose(0, *range(2, ndim), 1).flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Whether the dtype is a real floating one."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether the dtype holds negative numbers."""
        return self.dtype.is_signed

    is_cpu = True
    is_cuda = is_ipu = is_maia = is_mps = is_mtia = is_vulkan = is_xla = is_xpu = False
    is_sparse = is_sparse_csr = is_quantized = is_meta = is_mkldnn = is_nested = False
    layout = formats.strided
    name = None

    def get_device(self) -> int:
        """The number of the device, -1 for the CPU."""
        return -1

    def is_pinned(self, device=None) -> bool:
        """Whether the memory is pinned for an accelerator: never."""
        return False

    def pin_memory(self, device=None) -> Tensor:
        """Memory that an accelerator reads faster: RuntimeError, as there is none."""
        raise RuntimeError("Tensor.pin_memory(): cannot access an accelerator, as there is none")

    def is_shared(self) -> bool:
        """Whether other processes may see the memory."""
        return is_shared(self.array)

    def share_memory_(self) -> Tensor:
        """Move the memory, with all tensors in it, where other processes may see it; returns the tensor itself.

        Once such a tensor goes through a queue of `lucid.multiprocessing`, or to a process as an argument, both have the same memory.
        An array that `numpy` gave before stays in the old one.

        Examples
        --------
        >>> x = lucid.zeros(2, 3)
        >>> row = x[0]
        >>> x.share_memory_().is_shared(), row.is_shared(), x.clone().is_shared()
        (True, True, False)
        """
        from lucid.multiprocessing.reductions import share

        share(self)
        return self

    def is_nonzero(self) -> bool:
        """Whether the one element is not zero; RuntimeError where there is another number of elements."""
        return bool(self)

    def is_same_size(self, other: Tensor) -> bool:
        """Whether another tensor has the same shape."""
        return self.array.shape == other.array.shape

    # ------------------------------------------------------------------------------------------ the graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor."""
        return core.requires_grad(self)

    @requires_grad.setter
    def requires_grad(self, value: bool):
        if value and self.dtype.kind < 2:
            raise RuntimeError(
                f"only Tensors of floating point and complex dtype can require gradients, this one is {self.dtype}"
            )
        if value and self._inference and not core.is_inference():
            raise RuntimeError(NO_GRADIENT)
        if not value and self._node is not None:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. "
                "If you want a tensor that takes no part in the graph, use detach()"
            )
        self._requires_grad = value

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no operation of the graph made this tensor."""
        return self.grad_fn is None

    @property
    def output_nr(self) -> int:
        """Which of the outputs of `grad_fn` this tensor is."""
        return self._slot

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` accumulated here; None before."""
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            import warnings

            warnings.warn("this tensor is not a leaf: backward() accumulates no gradient here, unless retain_grad() was called before", stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None):
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value.shape != self.shape:
                raise RuntimeError(f"assigned grad has data of a different size: {value.shape}, expected {self.shape}")
            wanted = self.dtype if self._extra is None else self._extra.get("grad_dtype", self.dtype)
            if wanted is not None and value.dtype is not wanted:
                raise RuntimeError(f"assigned grad has data of a different type: {value.dtype}, expected {wanted}")
        self._grad = value

    @grad.deleter
    def grad(self):
        self._grad = None

    @property
    def data(self) -> Tensor:
        """A tensor with the same memory, outside the graph; writes to it are not tracked."""
        return core.wrap(self.array.view() if core.in_dual_level() else self.array)  # apart from its tangent

    @data.setter
    def data(self, value: Tensor):
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.requires_grad and value.dtype.kind < 2:
            raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
        if value.is_meta:
            raise RuntimeError("data set to a tensor on the meta device, which has no elements")
        self.array = value.array

    def _is_view(self) -> bool:
        """Whether the tensor is a view of another one, its `_base`."""
        return self._base is not None

    def is_inference(self) -> bool:
        """Whether the tensor was made in inference mode: it can take no part in a graph."""
        return self._inference

    @property
    def _version(self) -> int:
        """How often the memory was written to, through this tensor or any view of it. RuntimeError where it is not counted."""
        if self._inference:
            raise RuntimeError("Inference tensors do not track version counter.")
        return core.version(self)

    # ------------------------------------------------------------------------------------------ to Python

    def item(self):
        """The value of a tensor of one element, as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
        return self.tolist_scalar()

    def tolist_scalar(self):
        value = self.array.reshape(())[()]
        return value.item() if self.dtype.name not in dtypes.FOREIGN else complex(value) if self.dtype.is_complex else float(value)

    def tolist(self):
        """The values as nested lists of Python numbers; of a 0-d tensor, the number."""
        return dtypes.native(self.array).tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The data as a NumPy array, sharing memory.

        Raises RuntimeError for a tensor that requires grad while gradients are recorded, unless `force`.
        """
        if self.requires_grad and not force and core.is_grad_enabled():
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array.view()

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and np.dtype(dtype) != array.dtype:
            if copy is False:
                raise ValueError(f"a tensor of {self.dtype} becomes an array of {np.dtype(dtype)} only by a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    __array_priority__ = 1000

    def __array_wrap__(self, array, context=None, return_scalar: bool = False) -> Tensor:
        """What NumPy's functions return of a tensor: a tensor too, of uint8 where NumPy has bool."""
        return core.wrap(array.astype(np.uint8) if array.dtype == bool else np.asarray(array))

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        bfloat = self.dtype.name == "bfloat16"
        array = self.array.view(np.uint16) if bfloat else self.array
        if DLPACK_OPTIONS:
            capsule = array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)
        elif dl_device in (None, self.__dlpack_device__()):
            capsule = (array.copy() if copy else array).__dlpack__(stream=stream)
        else:
            raise BufferError(f"a tensor on the CPU cannot be exported to the device {dl_device}")
        if bfloat:
            from lucid.utils.dlpack import BFLOAT, UINT, renamed

            renamed(capsule, UINT, BFLOAT)
        return capsule

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __bool__(self) -> bool:
        if self.array.size != 1:
            if self.array.size == 0:
                raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.array.reshape(())[()])

    __nonzero__ = __bool__

    def _scalar(self):
        if self.array.size != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, this one has {self.array.size}")
        return self.item()

    def _real(self, wanted: type):
        value = self._scalar()
        if type(value) is complex:
            if value.imag:
                raise RuntimeError(f"value cannot be converted to type {wanted.__name__} without overflow: {value} is complex")
            value = value.real
        return wanted(value)

    def __int__(self) -> int:
        return self._real(int)

    __long__ = __int__

    def __float__(self) -> float:
        return self._real(float)

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def __index__(self) -> int:
        if self.array.size != 1 or self.dtype.kind > 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self.array)

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, spec: str) -> str:
        if self.array.ndim == 0 and type(self) is Tensor:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __delitem__(self, index):
        raise TypeError("Tensor does not support deleting items")

    __str__ = printing.to_str
    __repr__ = printing.to_repr

    def __contains__(self, element) -> bool:
        return bool((self.array == (element.array if isinstance(element, Tensor) else element)).any())

    # ------------------------------------------------------------------------------------------ copies

    def __deepcopy__(self, memo):
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol"
            )
        if id(self) in memo:
            return memo[id(self)]
        twin = core.TensorBase.__new__(type(self))
        twin.array = storage_copy(self.array, memo)
        twin._requires_grad = self._requires_grad
        memo[id(self)] = twin
        if self._grad is not None:
            twin._grad = self._grad.__deepcopy__(memo)
        for name, value in self.__dict__.items():
            import copy

            twin.__dict__[name] = copy.deepcopy(value, memo)
        return twin

    def __reduce_ex__(self, protocol):
        array = self.array
        if self.dtype.name in dtypes.FOREIGN:
            array = array.view(f"u{array.itemsize}")
        return _rebuild, (type(self), array, self.dtype, self.requires_grad, self.__dict__ or None)


def _rebuild(cls, array, dtype, requires_grad, attributes):
    """Make a pickled tensor again."""
    if dtype.name in dtypes.FOREIGN:
        array = array.view(dtype.numpy)
    elif array.dtype.num not in dtypes.BY_NUM or not array.dtype.isnative:
        array = array.astype(dtype.numpy)
    tensor = core.TensorBase.__new__(cls)
    tensor.array = array
    tensor._requires_grad = requires_grad
    if attributes:
        tensor.__dict__.update(attributes)
    return tensor


copyreg.pickle(dtypes.dtype, dtypes.dtype.__reduce__)
core.set_tensor_type(Tensor, Size, dtypes.BY_NUM)


# ---------------------------------------------------------------------------------------------- what ops need


def on_meta(value) -> bool:
    """Whether a device, or its name, is `meta`."""
    return value is not CPU and (value.type if isinstance(value, device) else value) in ("meta", "meta:0")


def elsewhere(function, args: tuple, kwargs: dict):
    """What a function makes that is asked for a tensor on another device than the CPU; NotImplemented where it sees to that itself."""
    if not on_meta(kwargs["device"]):
        return NotImplemented
    from lucid import meta

    return meta.created(function, args, kwargs)


core.set_elsewhere(elsewhere, CPU)


def check_device(value) -> None:
    """Raise RuntimeError for a device that is not the CPU, TypeError for what names none."""
    if isinstance(value, (bool, float)):
        raise TypeError(f"argument 'device' must be torch.device, not {type(value).__name__}")
    if value is not CPU and (value if isinstance(value, device) else device(value)).type != "cpu":
        raise RuntimeError(f"lucid has one device, 'cpu'; got {str(value)!r}")


def root_of(array: np.ndarray) -> np.ndarray:
    """The array that an array is a view of, at the last."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def is_shared(array: np.ndarray) -> bool:
    """Whether an array lies in memory that other processes may see."""
    sharing = sys.modules.get("lucid.multiprocessing.reductions")
    if sharing is not None and sharing.memory_of(array) is not None:
        return True
    return getattr(root_of(array), "mode", None) == "r+"  # a file's


def storage_of(array: np.ndarray) -> tuple[int, int]:
    """The address and the size in bytes of the memory that an array is a view of."""
    array = root_of(array)
    if array.base is None or array.flags.owndata or array.base.__class__.__name__ == "Block":
        return array.ctypes.data, array.nbytes
    low, high = np.lib.array_utils.byte_bounds(array)
    return low, high - low


def storage_copy(array: np.ndarray, memo: dict) -> np.ndarray:
    """A copy with the same strides; arrays that share memory share it in the copy too (by `memo`)."""
    root = root_of(array)
    if id(root) not in memo:
        memo[id(root)] = np.array(root, order="K", copy=True)
        memo.setdefault("lucid.roots", []).append(root)  # keeps ids unique while the copy is made
    copy = memo[id(root)]
    if root is array or (copy.strides != root.strides):
        return copy if root is array else np.array(array, order="K", copy=True)
    offset = array.ctypes.data - root.ctypes.data
    if root.strides and min(root.strides) < 0 or not 0 <= offset <= root.nbytes:
        return np.array(array, order="K", copy=True)
    row = core.strided(copy, (copy.size,), (1,)).view(np.uint8)  # a view may be of another dtype
    return np.ndarray(array.shape, array.dtype, row, offset, array.strides)


def to_array(data, dtype: dtypes.dtype | None) -> np.ndarray:
    """A new array of `data`, of `dtype` or of the dtype that its values imply.

    Raises ValueError for ragged sequences and TypeError for what is not numeric.
    """
    if isinstance(data, Tensor):
        array = data.array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    elif dtype is not None and hasattr(data, "over"):  # an UntypedStorage: bytes of such numbers
        array = data.over(dtype).array
    elif hasattr(data, "__array__") or hasattr(data, "__dlpack__"):
        array = np.asarray(data) if hasattr(data, "__array__") else np.from_dlpack(data)
    else:
        if type(data) is list:
            wanted = dtypes.get_default_dtype() if dtype is None else _read_as(dtype)
            found = core.from_numbers(data, wanted.numpy, dtype is not None)
            if found is not None and (dtype is None or dtype is wanted):
                return found
            if found is not None and (dtype.kind == 2 or _holds(dtype, found)):
                return _copied(found, dtype.numpy)
        return _from_sequence(data, dtype)
    return _copied(array, (from_numpy_dtype(array.dtype) if dtype is None else dtype).numpy)


def _read_as(dtype: dtypes.dtype) -> dtypes.dtype:
    """The dtype in which numbers are read that become a dtype: halves are rounded from float32, as in PyTorch."""
    return dtypes.int64 if dtype.kind == 1 else dtypes.float32 if dtype.kind == 2 and dtype.itemsize == 2 else dtype


def _holds(dtype: dtypes.dtype, array: np.ndarray) -> bool:
    """Whether an integer dtype holds the ints of an array."""
    limits = np.iinfo(dtype.numpy)
    return not array.size or bool(array.min() >= limits.min and array.max() <= limits.max)


def _copied(array: np.ndarray, target: np.dtype) -> np.ndarray:
    out = core.empty(array.shape, target)
    with np.errstate(all="ignore"):
        out[...] = array
    return out


def _is_sequence(value) -> bool:
    """Whether it has elements by number. A tensor counts as a number, as it does in PyTorch."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, (Tensor, str, bytes, dict))


def _visit(value, depth: int, shape: list[int], leaves: list) -> None:
    if isinstance(value, (list, tuple)) or _is_sequence(value):
        n = len(value)
        if depth == len(shape):
            if leaves:
                raise TypeError(f"expected sequence of the same depth everywhere (at dim {depth})")
            shape.append(n)
        elif shape[depth] != n:
            raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {n})")
        for part in value:
            _visit(part, depth + 1, shape, leaves)
        return
    if depth != len(shape):
        raise TypeError(f"expected sequence of length {shape[depth]} at dim {depth}, not a sequence")
    if isinstance(value, Tensor) and value.array.size != 1:
        raise ValueError(f"only one element tensors can be converted to Python scalars, this one has {value.array.size}")
    leaves.append(value)


def _from_sequence(data, dtype: dtypes.dtype | None) -> np.ndarray:
    shape, leaves = [], []
    _visit(data, 0, shape, leaves)
    numbers = [leaf.item() if isinstance(leaf, (Tensor, np.ndarray, np.generic)) else leaf for leaf in leaves]
    for number in numbers:
        if not isinstance(number, (bool, int, float, complex)):
            if dtype is None and not isinstance(number, (str, bytes)):
                raise RuntimeError(f"Could not infer dtype of {type(number).__name__}: data must be numbers")
            if shape and isinstance(leaves[0], str):  # to PyTorch text that comes first is one more dimension
                raise ValueError(f"too many dimensions 'str': data must be numbers, got {leaves[0]!r}")
            raise TypeError(f"new(): data must be numbers, got {type(number).__name__}: {number!r}")
        if dtype is dtypes.uint64:
            if not isinstance(number, int):
                raise TypeError(f"an integer is required for uint64, got {type(number).__name__}: {number!r}")
            if not 0 <= number < 2**64:
                raise OverflowError(f"can't convert {number} to uint64")
    given, dtype = dtype, dtype or _implied(leaves)
    if dtype.kind == 1 and numbers:
        for number in numbers:
            if isinstance(number, complex):
                raise TypeError(f"'complex' object cannot be interpreted as an integer of {dtype}")
            if type(number) is int and given is not dtypes.uint64:
                check_int64(number)
        numbers = [element(number, dtype) for number in numbers]
    elif dtype.kind == 2 and any(isinstance(number, complex) for number in numbers):
        raise TypeError("must be real number, not complex: the imaginary part would be lost")
    elif dtype.kind == 0:
        numbers = [bool(number) for number in numbers]
    out = core.empty(tuple(shape), dtype.numpy)
    with np.errstate(all="ignore"):
        read = dtype if dtype.kind == 1 else _read_as(dtype)
        out[...] = np.array(numbers, dtypes.FOREIGN.get(read.name, read.numpy)).reshape(out.shape)
    return out


def _implied(leaves) -> dtypes.dtype:
    """The dtype that values imply: int64, the default floating dtype, its complex twin, or bool."""
    found = None
    for leaf in leaves:
        if isinstance(leaf, Tensor):
            one = leaf.dtype
        elif isinstance(leaf, (np.ndarray, np.generic)):
            one = from_numpy_dtype(leaf.dtype)
        else:
            one = dtypes.result_dtype((leaf,))
        found = one if found is None else dtypes.promote_types(found, one)
    return found or dtypes.get_default_dtype()
