"""Saving and loading, in PyTorch's own file format: `torch.load` reads what `save` wrote, `load` what `torch.save` wrote.

A file is a zip archive. `data.pkl` says how dictionaries, lists, numbers and tensors are nested; each storage is a record
of its own, `data/0` and so on, so that tensors which share memory share it again. `data.pkl` is a pickle, but Python's
unpickler never sees it: `Reader` follows the few instructions that build values, and refuses all others. Files from before
PyTorch 1.6 are pickles and storages one behind the other; `_Older` reads them in the same way.
"""

from __future__ import annotations

import _compat_pickle
import contextlib
import copyreg
import enum
import functools
import importlib
import math
import os
import pickle
import struct
import sys
import types
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable

import numpy as np

from lucid import dtypes, formats
from lucid._kernels import core
from lucid.dtypes import BY_NUM
from lucid.tensor import Size, Tensor, check_device, device, on_meta, root_of
from lucid.utils._pytree import tree_map

__all__ = ["from_file", "load", "save"]

DEFAULT_PROTOCOL = 2  # of the pickle in a file, if the caller asks for no other
MAP_LOCATION = Callable | device | str | dict | None  # what `load` takes for `map_location`

# PyTorch's name for a storage of each dtype that has one; the others are saved as bytes, and the tensor names its dtype.
STORAGES = {
    "BoolStorage": dtypes.bool_, "ByteStorage": dtypes.uint8, "CharStorage": dtypes.int8, "ShortStorage": dtypes.int16,
    "IntStorage": dtypes.int32, "LongStorage": dtypes.int64, "HalfStorage": dtypes.float16,
    "BFloat16Storage": dtypes.bfloat16, "FloatStorage": dtypes.float32, "DoubleStorage": dtypes.float64,
    "ComplexFloatStorage": dtypes.complex64, "ComplexDoubleStorage": dtypes.complex128,
}  # fmt: skip
STORAGE_NAMES = {dtype: name for name, dtype in STORAGES.items()}
UNTYPED = ("torch.storage", "UntypedStorage")
ROOT = "archive"
CORE = "numpy._core"  # where NumPy says that what rebuilds its arrays is; before its version 2, `numpy.core`
_default = {"order": "little"}  # of the bytes of numbers in files that do not say it


# -- saving ------------------------------------------------------------------------------------------------------------


def save(
    obj, f, pickle_module=pickle, pickle_protocol: int = DEFAULT_PROTOCOL, _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:  # fmt: skip
    """Write tensors and what holds them to a file: dictionaries, lists, numbers, arrays of NumPy's, and objects that can be pickled.

    Parameters
    ----------
    obj : object
        A `state_dict`, say. Objects of classes, modules too, are written as they pickle themselves, and `load` reads those whose classes
        `serialization.add_safe_globals` names. Tensors that share memory share it again when they are loaded; a view brings all of the
        memory that it is a view of.
    f : str, path or binary file
        Where it goes. A file of that name is replaced only once the new one is complete.
    pickle_module, pickle_protocol : optional
        Accepted for PyTorch's sake: there is one format.

    Raises
    ------
    TypeError
        Naming what cannot be saved and where it stands; a `pickle.PicklingError` for a function or a class that is not found where its
        name says, such as one within a function.

    Examples
    --------
    >>> import io
    >>> import lucid
    >>> file = io.BytesIO()
    >>> lucid.save({"weight": lucid.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> lucid.load(file)
    {'weight': Tensor([1.0, 1.0])}
    """
    writer = Writer()
    store(f, {**writer.written(obj, "obj"), "version": "3\n"})


def store(f, files: dict) -> None:
    """Write an archive of files, by their names, to a path or into a binary file."""
    if hasattr(f, "write"):
        _archive(f, files)
        return
    import tempfile

    path = os.path.abspath(os.fspath(f))
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=os.path.basename(path))
    try:
        with os.fdopen(handle, "wb") as file:
            _archive(file, files)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _archive(file, files: dict) -> None:
    import zipfile

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {**files, "byteorder": sys.byteorder}.items():
            archive.writestr(f"{ROOT}/{name}", memoryview(data.view(np.uint8)) if isinstance(data, np.ndarray) else data)


class Writer:
    """Writes the pickle: protocol 2, with the names that PyTorch's reader expects."""

    STORAGES = STORAGE_NAMES  # of what is saved with its dtype

    def __init__(self):
        self.out = bytearray()
        self.storages: list[np.ndarray] = []
        self.numbers: dict = {}  # address and dtype of a storage -> its number
        self.memo: dict = {}  # id of an object -> (its number in the pickle, itself)

    def written(self, obj, where: str) -> dict:
        """The files of an object: its pickle, and the storages of its tensors."""
        import pickle

        self.op = pickle
        self.out += pickle.PROTO + b"\x02"
        self.put(obj, where)
        self.out += pickle.STOP
        return {"data.pkl": bytes(self.out), **{f"data/{number}": row for number, row in enumerate(self.storages)}}

    def put(self, obj, where: str) -> None:
        kind = type(obj)
        if obj is None or kind is bool:
            self.out += self.op.NONE if obj is None else self.op.NEWTRUE if obj else self.op.NEWFALSE
        elif kind is int:
            size = obj.bit_length() // 8 + 1
            data = obj.to_bytes(4 if size <= 4 else max(size, 8), "little", signed=True)
            if len(data) > 255:
                raise TypeError(f"save: {where} is an int of {len(data)} bytes, a file holds those of up to 255")
            self.out += (self.op.BININT if len(data) == 4 else self.op.LONG1 + bytes([len(data)])) + data
        elif kind is float:
            self.out += self.op.BINFLOAT + np.array(obj, ">f8").tobytes()
        elif kind is str:
            data = obj.encode("utf-8", "surrogatepass")
            self.out += self.op.BINUNICODE + len(data).to_bytes(4, "little") + data
        elif kind is bytes:
            self.called("_codecs", "encode", (obj.decode("latin1"), "latin1"), where)
        elif kind is complex:
            self.called("builtins", "complex", (obj.real, obj.imag), where)
        elif kind is dtypes.dtype:
            self.named("torch", obj.name)
        elif kind is device:
            self.called("torch", "device", (obj.type,), where)
        elif kind is Size:
            self.called("torch", "Size", (tuple(obj),), where)
        elif kind is tuple:
            self.tuple(obj, where)
        elif id(obj) in self.memo:
            self.recall(obj)
        elif isinstance(obj, Tensor):
            self.tensor(obj, where)
            self.remember(obj)
        elif kind is list:
            self.out += self.op.EMPTY_LIST
            self.remember(obj)
            self.out += self.op.MARK
            for i, one in enumerate(obj):
                self.put(one, f"{where}[{i}]")
            self.out += self.op.APPENDS
        elif kind is dict or kind is OrderedDict:
            if kind is dict:
                self.out += self.op.EMPTY_DICT
            else:
                self.called("collections", "OrderedDict", (), where)
            self.remember(obj)
            self.out += self.op.MARK
            for key, value in obj.items():
                self.put(key, f"a key of {where}")
                self.put(value, f"{where}[{key!r}]")
            self.out += self.op.SETITEMS
        elif kind is Counter:
            self.called("collections", "Counter", (dict(obj),), where)
        elif kind is set:
            self.called("builtins", "set", (sorted(obj, key=repr),), where)
        elif kind is np.ndarray or isinstance(obj, (np.generic, np.dtype)):
            self.numpys(obj, where)
        elif isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType, core.Published)):
            self.by_name(obj, obj.__qualname__, where)
        elif isinstance(obj, _storages()):
            self.memory(obj, where)
        else:
            self.reduced(obj, where)

    def by_name(self, obj, name: str, where: str) -> None:
        """A class or function, as where it is found."""
        module = pickle.whichmodule(obj, name)
        if isinstance(obj, core.Published) and hasattr(obj, "op"):
            space, _, name = obj.op.path.rpartition(".")
            self.named(f"torch.{space}".rstrip("."), name)
            return
        if module.partition(".")[0] == "lucid":
            home = next((home for home, found in _homes(module, name) if found is obj), module)
            module = "torch" + home.removeprefix("lucid")
        elif module == "builtins":
            module = "__builtin__"  # as protocol 2 names it
        found = sys.modules.get(obj.__module__)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not obj:
            raise pickle.PicklingError(f"save: {where} is {obj!r}, which is not found under its name, so that a file cannot hold it")
        outer, _, last = name.rpartition(".")
        if outer:
            self.called("__builtin__", "getattr", (functools.reduce(getattr, outer.split("."), sys.modules[obj.__module__]), last), where)
        else:
            self.named(module, name)
        self.remember(obj)

    def reduced(self, obj, where: str) -> None:
        """Any other object, as it says itself that it is pickled."""
        try:
            reduce = copyreg.dispatch_table.get(type(obj))
            found = obj.__reduce_ex__(2) if reduce is None else reduce(obj)
        except TypeError as error:
            raise TypeError(f"save: {where} is a {type(obj).__name__}, which a file cannot hold: {error}") from None
        if isinstance(found, str):
            self.by_name(obj, found, where)
            return
        function, arguments, state, items, pairs, setter = (*found, *(None,) * (6 - len(found)))
        if getattr(function, "__name__", "") == "__newobj__":
            self.put(arguments[0], where)
            self.tuple(arguments[1:], where)
            self.out += self.op.NEWOBJ
        else:
            self.put(function, where)
            self.tuple(arguments, where)
            self.out += self.op.REDUCE
        if id(obj) in self.memo:  # it was put while its own arguments were
            self.out += self.op.POP
            self.recall(obj)
            return
        self.remember(obj)
        if items is not None:
            self.out += self.op.MARK
            for i, one in enumerate(items):
                self.put(one, f"{where}[{i}]")
            self.out += self.op.APPENDS
        if pairs is not None:
            self.out += self.op.MARK
            for key, value in pairs:
                self.put(key, f"a key of {where}")
                self.put(value, f"{where}[{key!r}]")
            self.out += self.op.SETITEMS
        if setter is not None:
            self.put(setter, where)
            self.recall(obj)
            self.put(state, where)
            self.out += self.op.TUPLE2 + self.op.REDUCE + self.op.POP
        elif state is not None:
            self.put(state, f"the state of {where}")
            self.out += self.op.BUILD

    def numpys(self, obj, where: str) -> None:
        """An array, a scalar or a dtype of NumPy's, as NumPy itself has them pickled."""
        kind = obj if isinstance(obj, np.dtype) else obj.dtype
        if kind.str[1:] not in _numbers():
            raise TypeError(f"save: {where} is of NumPy's dtype {kind}: a file holds NumPy's numbers and bool alone")
        if obj is kind:
            self.called("numpy", "dtype", (kind.str[1:], False, True), where)
            self.put((3, kind.str[0], None, None, None, -1, -1, 0), where)
        elif isinstance(obj, np.generic):
            self.called(f"{CORE}.multiarray", "scalar", (kind, obj.tobytes()), where)
            return
        else:
            self.named(f"{CORE}.multiarray", "_reconstruct")
            self.out += self.op.MARK
            self.named("numpy", "ndarray")
            for part in ((0,), b"b"):
                self.put(part, where)
            self.out += self.op.TUPLE + self.op.REDUCE
            self.remember(obj)
            across = obj.flags.fnc
            self.put((1, obj.shape, kind, across, obj.tobytes("F" if across else "C")), where)
        self.out += self.op.BUILD

    def remember(self, obj) -> None:
        number = len(self.memo)
        self.memo[id(obj)] = number, obj
        self.out += self.op.LONG_BINPUT + number.to_bytes(4, "little")

    def recall(self, obj) -> None:
        self.out += self.op.LONG_BINGET + self.memo[id(obj)][0].to_bytes(4, "little")

    def named(self, module: str, name: str) -> None:
        self.out += self.op.GLOBAL + f"{module}\n{name}\n".encode()

    def tuple(self, items: tuple, where: str) -> None:
        self.out += self.op.MARK
        for i, one in enumerate(items):
            self.put(one, f"{where}[{i}]")
        self.out += self.op.TUPLE

    def called(self, module: str, name: str, arguments: tuple, where: str) -> None:
        self.named(module, name)
        self.tuple(arguments, where)
        self.out += self.op.REDUCE

    def tensor(self, tensor: Tensor, where: str) -> None:
        parameter = self.is_parameter(tensor)
        if parameter:
            self.named("torch._utils", "_rebuild_parameter")
            self.out += self.op.MARK
        needs = tensor.requires_grad
        if tensor.is_meta:
            about = tensor.dtype, tuple(tensor.shape), tensor.stride(), needs and not parameter
            self.called("torch._utils", "_rebuild_meta_tensor_no_storage", about, where)
        else:
            self.elements(tensor, needs and not parameter, where)
        if parameter:
            self.put(needs, where)
            self.called("collections", "OrderedDict", (), where)
            self.out += self.op.TUPLE + self.op.REDUCE

    def elements(self, tensor: Tensor, needs: bool, where: str) -> None:
        """A tensor as a view of its storage."""
        number, offset, array = self.storage(tensor.array)
        typed = tensor.dtype in self.STORAGES
        self.named("torch._utils", f"_rebuild_tensor_v{2 if typed else 3}")
        self.out += self.op.MARK
        self.row(number, typed, where)
        strides = tuple(step // array.itemsize for step in array.strides) if array.size else tensor.stride()
        for part in (offset, array.shape, strides, needs):
            self.put(part, where)
        self.called("collections", "OrderedDict", (), where)  # hooks: there are none
        if not typed:
            self.put(tensor.dtype, where)
        self.out += self.op.TUPLE + self.op.REDUCE

    def memory(self, storage, where: str) -> None:
        """A storage that is no tensor's, or stands beside it."""
        row, typed = storage._row(), isinstance(storage, _storages()[0]) and storage.dtype in self.STORAGES
        if row.size != _whole(row).size:
            row = row.copy()  # a part
        self.row(self.storage(row)[0], typed, where)

    def row(self, number: int, typed: bool, where: str) -> None:
        """A storage, of its dtype or of bytes."""
        row = self.storages[number]
        if id(row) in self.memo:
            self.recall(row)
            return
        self.out += self.op.MARK
        self.put("storage", where)
        self.named(*("torch", self.STORAGES[BY_NUM[row.dtype.num]]) if typed else UNTYPED)
        for part in (str(number), "cpu", row.size if typed else row.nbytes):
            self.put(part, where)
        self.out += self.op.TUPLE + self.op.BINPERSID
        self.remember(row)  # PyTorch's compiler knows storages that are shared by this alone

    def is_parameter(self, tensor: Tensor) -> bool:
        """Whether a tensor is saved as a parameter."""
        return type(tensor).__name__ in ("Parameter", "MetaParameter")

    def storage(self, array: np.ndarray) -> tuple[int, int, np.ndarray]:
        """The number of an array's storage, where in it the array begins, and the array as it lies there."""
        row = _whole(array)
        offset, rest = divmod(array.ctypes.data - row.ctypes.data, array.itemsize) if array.size else (0, 0)
        if rest or not 0 <= offset <= row.size:
            array = row = array.copy()
            row, offset = row.reshape(-1), 0
        key = row.ctypes.data, array.dtype
        if not array.size or key not in self.numbers:
            self.numbers[key] = len(self.storages)
            self.storages.append(row)
        return self.numbers[key], offset, array


def _homes(module: str, name: str):
    """Where an object of a module of Lucid's has its name: in the packages around it, the outermost first, and in itself."""
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        home = ".".join(parts[:n])
        try:
            found = getattr(importlib.import_module(home), name, None)
        except ImportError:  # PyTorch has more modules
            return
        if found is not None:
            yield home, found


# The classes of which objects, and those of classes that inherit them, are read that were saved whole, from files that the program trusts.
KEPT_WHOLE = {
    "lucid.nn.modules.module.Module", "lucid.optim.optimizer.Optimizer", "lucid.optim.lr_scheduler.scheduler.LRScheduler",
    "lucid.distributions.distribution.Distribution", "lucid.distributions.transforms.Transform", "lucid.distributions.constraints.Constraint",
    "lucid.utils.data.dataset.Dataset", "lucid.utils.data.sampler.Sampler", "lucid.nn.utils.rnn.PackedSequence", "lucid.Generator",
    "lucid.quasirandom.SobolEngine", "lucid.return_types.Result",
}  # fmt: skip


def _kept_whole(one) -> bool:
    """Whether something is a class of those; their modules are imported by whoever found it, and by nobody else."""
    return isinstance(one, type) and any(f"{base.__module__}.{base.__qualname__}" in KEPT_WHOLE for base in one.__mro__)


def _storages() -> tuple:
    from lucid.storage import TypedStorage, UntypedStorage

    return TypedStorage, UntypedStorage


def _numbers() -> set[str]:
    """NumPy's dtypes of which files hold arrays and scalars, as a pickle names them."""
    return {np.dtype(one).str[1:] for one in "?bhilqBHILQefdgFDG"}


def _whole(array: np.ndarray) -> np.ndarray:
    """All of the memory that an array is a view of, as one row of its dtype."""
    root = root_of(array)
    if not root.flags.forc or root.nbytes % array.itemsize or not array.size:
        root = array.copy()
    return root.ravel(order="K").view(array.dtype)


# -- loading -----------------------------------------------------------------------------------------------------------


def load(f, map_location=None, pickle_module=None, *, weights_only: bool | None = None, mmap: bool | None = None, **pickle_load_args):
    """Read what `save`, or PyTorch's `torch.save`, wrote. Nothing in the file is executed.

    Parameters
    ----------
    f : str, path or binary file
        Where it is.
    weights_only : bool, optional
        With False, NumPy's arrays and scalars, and Lucid's own modules, optimizers, schedules, distributions and data sets that were saved
        whole, are read even where `serialization.add_safe_globals` does not name what they mention. What is neither known nor named is
        refused either way, and never called.
    map_location : device or str, optional
        `meta` for tensors of the shapes and dtypes that were saved, without their elements. Others are accepted: there is one device.
    pickle_module, mmap, **pickle_load_args : optional
        Accepted for PyTorch's sake: there is no other way to read than this one.

    Returns
    -------
    object
        What was saved: tensors, and what holds them.

    Raises
    ------
    ValueError
        If the file is damaged, of another format, or holds objects other than tensors, numbers, what holds them, and what is named. It is
        a `pickle.UnpicklingError` too.

    Examples
    --------
    >>> import io
    >>> import lucid
    >>> file = io.BytesIO()
    >>> lucid.save(lucid.arange(3), file)
    >>> _ = file.seek(0)
    >>> lucid.load(file)
    Tensor([0, 1, 2])
    """
    if on_meta(map_location):
        from lucid import meta

        return tree_map(lambda one: meta.of(one) if isinstance(one, Tensor) else one, load(f, weights_only=weights_only))
    with _older(f) as file:
        if file is not None:
            with _Older(file) as reader:
                reader.trusted = weights_only is False
                return reader.read_all()
    with opened(f) as archive:
        root = folder_of(archive)
        with Reader(archive, root) as reader:
            reader.trusted = weights_only is False
            return reader.read(archive.read(f"{root}data.pkl"))


@contextlib.contextmanager
def _older(f):
    """A file, where it begins as a pickle rather than as an archive; None otherwise."""
    with open(f, "rb") if isinstance(f, (str, bytes, os.PathLike)) else contextlib.nullcontext(f) as file:
        at = file.tell()
        begin = file.read(1)
        file.seek(at)
        with _damaged():
            yield file if begin == b"\x80" else None


def folder_of(archive) -> str:
    """The folder of an archive in which everything is."""
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise ValueError("load: an archive, but not one that save wrote: it has no data.pkl")
    return names[0].removesuffix("data.pkl")


@contextlib.contextmanager
def opened(f):
    """A file's archive; whatever goes wrong while it is read is said to be a damaged file."""
    import zipfile

    with _damaged():
        try:
            with zipfile.ZipFile(f) as archive:
                yield archive
        except zipfile.BadZipFile as error:
            raise ValueError(f"load: not a file that save wrote, or a damaged one ({error})") from None


DAMAGE = (LookupError, EOFError, TypeError, ArithmeticError, MemoryError, RuntimeError, AttributeError, NameError, UnicodeError)


@contextlib.contextmanager
def _damaged():
    import zlib

    try:
        yield
    except UnpicklingError:
        raise
    except (*DAMAGE, zlib.error, struct.error) as error:
        raise UnpicklingError(f"load: a damaged file: {type(error).__name__}: {error}") from None
    except ValueError as error:
        raise UnpicklingError(*error.args) from None


# Instructions of a pickle that put their argument on the stack, and those that put something new there.
LITERALS = frozenset(
    ["BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING",
     "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"]
)
CONSTANTS = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_LIST": list, "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple, "EMPTY_SET": set,
}  # fmt: skip


class Call:
    """A function that a pickle may call; nothing else can be done with it."""

    __slots__ = ("function",)

    def __init__(self, function):
        self.function = function


# What a file that the program trusts may mention besides, as optimizers and samplers do.
PLAIN = {
    "collections.defaultdict": Call(lambda kind: defaultdict(_only(type, kind))), "builtins.range": Call(range),
    "builtins.dict": dict, "builtins.list": list, "builtins.int": int, "builtins.float": float,
}  # fmt: skip


def _instructions(data):
    """The instructions of a pickle: bytes, or a file that is read up to its end."""
    import pickletools

    try:
        yield from pickletools.genops(data)
    except (ValueError, DeprecationWarning) as error:  # of a name with a backslash Python only warns
        raise ValueError(f"load: a damaged file: {error}") from None


def _only(kind: type, value):
    if not isinstance(value, kind):
        raise ValueError(f"load: a damaged file: expected a {kind.__name__}, found a {type(value).__name__}")
    return value


class Records:
    """The storages of an archive, and the tensors in them.

    Attributes
    ----------
    order : str
        Of the bytes of a number, `little` or `big`.
    """

    FOLDER = "data"  # where the storages are

    def __init__(self, archive, root: str):
        self.archive, self.root, self.storages = archive, root, {}
        order = f"{root}byteorder"
        self.order = archive.read(order).decode().strip() if order in archive.namelist() else _default["order"]
        if self.order not in ("little", "big"):
            raise ValueError(f"load: unknown byte order {self.order!r}")

    def row(self, name: str, dtype, elements: int | None = None) -> np.ndarray:
        """One storage as a row of elements: as many as the archive has, unless it should be told from what is expected."""
        if name not in self.storages:
            record = self.archive.getinfo(f"{self.root}{self.FOLDER}/{name}")
            if record.file_size % dtype.itemsize or elements is not None and record.file_size != elements * dtype.itemsize:
                raise ValueError(
                    f"load: a damaged file: storage {name} has {record.file_size} bytes, not {elements or 'whole'} elements of {dtype}"
                )
            data = self.archive.read(record)
            row = core.empty((record.file_size // dtype.itemsize,), dtype.numpy)
            source = np.frombuffer(data, np.uint8)
            if self.order == "big":
                word = dtype.itemsize // (2 if dtype.is_complex else 1)
                source = source.reshape(-1, word)[:, ::-1].reshape(-1)
            row.view(np.uint8)[...] = source
            self.storages[name] = row
        found = self.storages[name]
        if BY_NUM[found.dtype.num] is not dtype:
            raise ValueError(f"load: a damaged file: storage {name} is of {BY_NUM[found.dtype.num]} and of {dtype}")
        return found

    def tensor(self, row: np.ndarray, offset, size, stride, requires_grad) -> Tensor:
        """A view of a storage's row, which has to lie within it."""
        size, stride = tuple(Size(size)), tuple(Size(stride))
        inside = len(size) == len(stride) and min((*size, *stride, offset), default=0) >= 0
        reach = sum((n - 1) * step for n, step in zip(size, stride)) if inside and math.prod(size) else -1
        if not inside or reach >= 0 and offset + reach >= row.size:
            raise ValueError(f"load: a damaged file: a tensor of size {size}, stride {stride} does not fit its storage")
        if reach < 0:
            made = core.wrap(core.empty(size, row.dtype))
        else:
            made = core.wrap(core.strided(row, size, stride, offset))
        return made.requires_grad_() if requires_grad else made

    def meta(self, dtype, size, stride, requires_grad) -> Tensor:
        """A tensor of the device `meta`."""
        from lucid import meta

        size, stride = tuple(Size(size)), tuple(Size(stride))
        if type(dtype) is not dtypes.dtype or len(size) != len(stride) or min((*size, *stride), default=0) < 0:
            raise ValueError(f"load: a damaged file: a tensor of the meta device with size {size}, stride {stride} and dtype {dtype}")
        strides = tuple([step * dtype.itemsize for step in stride])
        if sum((n - 1) * step for n, step in zip(size, strides) if n) >= 2**62:
            raise ValueError(f"load: a damaged file: size {size}, stride {stride} is more than there can be")
        return meta.rebuilt(False, size, dtype.numpy, strides, bool(requires_grad))

    def parameter(self, data: Tensor, requires_grad: bool, hooks=None) -> Tensor:
        from lucid.nn.parameter import Parameter

        return Parameter(data, requires_grad)



def _check_elements(shape: tuple, kind: np.dtype, data) -> None:
    """ValueError unless the bytes are those of an array of NumPy's."""
    fits = all(type(n) is int and n >= 0 for n in _only(tuple, shape)) and type(data) in (bytes, bytearray)
    size = _only(np.dtype, kind).itemsize
    if not fits or len(data) != math.prod(shape) * size or math.prod(n or 1 for n in shape) * size >= 2**63:
        raise ValueError(f"load: a damaged file: an array of NumPy's of shape {shape} and dtype {kind} does not have that many bytes")


def _filled(shape: tuple, kind: np.dtype, order: str, data) -> np.ndarray:
    _check_elements(shape, kind, data)
    made = np.frombuffer(bytearray(data), kind) if data else np.empty(0, kind)
    return made.reshape(shape, order="F" if order == "F" else "C")


class UnpicklingError(pickle.UnpicklingError, ValueError):
    """A file is not one that can be read."""


class Reader(Records):
    """An archive, and the stack machine that reads its pickle.

    What a pickle can ask for is this: numbers, strings, containers, and calls of the functions in `known`, whose
    results are new objects. Nothing is imported, and no attribute of anything is set. NumPy's arrays are filled once.
    """

    trusted = False  # whether arrays and scalars of NumPy's are read though nobody named them

    def __init__(self, archive, root: str):
        super().__init__(archive, root)
        self.prepare()

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.known = self.numpy = {}  # methods of this reader: it kept the storages until the collector came by

    def prepare(self) -> None:
        self.granted = {}  # what the file may hold because the program says so, by id
        self.known = {
            **{(module, "getattr"): self.member for module in ("builtins", "__builtin__")},
            ("collections", "OrderedDict"): OrderedDict,
            ("collections", "Counter"): Counter,
            **{(module, one.__name__): one for module in ("builtins", "__builtin__") for one in (set, complex)},
            ("torch", "Size"): Size,
            **{(module, "bytes"): lambda: b"" for module in ("builtins", "__builtin__")},
            ("_codecs", "encode"): lambda text, code: _only(str, text).encode(code if code == "latin1" else "utf-8"),
            ("torch", "device"): lambda *_: device("cpu"),
            ("torch.serialization", "_get_layout"): lambda name: self.values["torch", _only(str, name).removeprefix("torch.")],
            ("torch._utils", "_rebuild_tensor"): self.view,
            ("torch._utils", "_rebuild_tensor_v2"): self.view,
            ("torch._utils", "_rebuild_tensor_v3"): self.untyped,
            ("torch._utils", "_rebuild_parameter"): self.parameter,
            ("torch._utils", "_rebuild_meta_tensor_no_storage"): self.meta,
        }
        self.arrays = {}  # NumPy's, by id, and whether their elements have come
        self.numpy = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): Call(self.dtype)}
        for module in (CORE, "numpy.core"):
            self.numpy[f"{module}.multiarray", "_reconstruct"] = Call(self.array)
            self.numpy[f"{module}.multiarray", "scalar"] = Call(lambda kind, data: _filled((), kind, "C", data)[()])
            self.numpy[f"{module}.numeric", "_frombuffer"] = Call(self.buffered)
        self.values = {
            **{("torch", name): dtype for name, dtype in STORAGES.items()},
            **{("torch", dtype.name): dtype for dtype in dtypes.ALL},
            **{("torch", name): getattr(formats, name) for name in formats.__all__ if name not in ("layout", "memory_format")},
            UNTYPED: dtypes.uint8,
        }

    def read(self, data):
        """The object that a pickle describes."""
        stack, marks, memo = [], [], {}

        def from_mark() -> list:
            at = marks.pop()
            items = stack[at:]
            del stack[at:]
            return items

        for opcode, argument, _ in _instructions(data):
            name = opcode.name
            if name in LITERALS:
                stack.append(argument)
            elif name in CONSTANTS:
                stack.append(CONSTANTS[name]())
            elif name == "MARK":
                marks.append(len(stack))
            elif name in ("BINPUT", "LONG_BINPUT"):
                memo[argument] = stack[-1]
            elif name == "MEMOIZE":
                memo[len(memo)] = stack[-1]
            elif name in ("BINGET", "LONG_BINGET"):
                stack.append(memo[argument])
            elif name == "GLOBAL":
                stack.append(self.named(*argument.split(" ")))
            elif name == "STACK_GLOBAL":
                last = stack.pop()
                stack.append(self.named(stack.pop(), last))
            elif name == "TUPLE":
                stack.append(tuple(from_mark()))
            elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
                n = int(name[-1])
                stack[-n:] = [tuple(stack[-n:])]
            elif name == "APPEND":
                item = stack.pop()
                _only(list, stack[-1]).append(item)
            elif name == "APPENDS":
                items = from_mark()
                _only(list, stack[-1]).extend(items)
            elif name == "ADDITEMS":
                items = from_mark()
                _only(set, stack[-1]).update(items)
            elif name in ("SETITEM", "SETITEMS"):
                items = from_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
                _only(dict, stack[-1]).update(zip(items[::2], items[1::2], strict=True))
            elif name == "BINPERSID":
                stack.append(self.storage(*stack.pop()))
            elif name == "REDUCE":
                arguments, function = stack.pop(), stack.pop()
                if not self.granted or id(function) not in self.granted:
                    function = _only(Call, function).function
                stack.append(self.called(function, arguments))
            elif name == "POP":
                stack.pop()
            elif name == "BUILD":
                state = stack.pop()
                self.built(stack[-1], state)
            elif name == "NEWOBJ":
                arguments, kind = _only(tuple, stack.pop()), stack.pop()
                stack.append(kind.__new__(kind, *arguments) if isinstance(kind, type) and id(kind) in self.granted else self.new(kind))
            elif name == "STOP":
                return stack.pop()
            elif name not in ("PROTO", "FRAME"):
                raise ValueError(f"load: the file asks for {name}, which is more than to build values")
        raise ValueError("load: a damaged file: it ends too early")

    def called(self, function, arguments):
        """What a function gives."""
        return function(*_only(tuple, arguments))

    def built(self, made, state) -> None:
        """What becomes of an object's state: PyTorch notes versions of modules at a state_dict, which nothing asks for."""
        if isinstance(made, np.dtype):
            self.allow(f"numpy.dtypes.{type(made).__name__}")
            if state != (3, order := state[1], None, None, None, -1, -1, 0) or order not in ("<", ">", "|", "="):
                raise ValueError("load: a damaged file: a dtype of NumPy's with a state that numbers do not have")
            made.__setstate__(state)
        elif isinstance(made, np.ndarray):
            if self.arrays.get(id(made), (None, True))[1]:
                raise ValueError("load: a damaged file: elements for what is no array of NumPy's, or has some")
            _, shape, kind, across, data = state
            _check_elements(shape, kind, data)
            made.__setstate__((1, shape, kind, across is True, bytes(data)))
            self.arrays[id(made)] = made, True
        elif id(type(made)) in self.granted:
            if hasattr(made, "__setstate__"):
                made.__setstate__(state)
                return
            state, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
            if state:
                vars(made).update(state)
            for name, value in (slots or {}).items():
                setattr(made, name, value)
        else:
            _only(OrderedDict, made)

    def array(self, kind, shape, code) -> np.ndarray:
        """An array of NumPy's, whose elements come later."""
        made = np.ndarray((0,), np.int8)
        self.arrays[id(made)] = made, False
        return made

    def dtype(self, text: str, align=False, copy=True) -> np.dtype:
        """A dtype of NumPy's; a copy, since the order of its bytes may come later."""
        if text not in _numbers():
            raise ValueError(f"load: the file holds NumPy's dtype {text!r}: numbers and bool alone are read, no Python objects")
        return np.dtype(text, False, True)

    def buffered(self, data, kind: np.dtype, shape: tuple, order: str) -> np.ndarray:
        """An array of NumPy's with its elements."""
        made = _filled(shape, kind, _only(str, order), data)
        self.arrays[id(made)] = made, True
        return made

    def allow(self, name: str) -> None:
        """ValueError for a name of NumPy's that neither the caller of `load` nor `add_safe_globals` lets a file mention."""
        if not self.trusted and name not in _allowed():
            raise ValueError(
                f"load: the file holds a {name}, as arrays and scalars of NumPy's do: they are read with weights_only=False, or where "
                "serialization.add_safe_globals names what they mention"
            )

    def new(self, kind):
        """An instance of a class that has none of the functions in `known`; there is no such class among values."""
        raise ValueError("load: the file asks for NEWOBJ, which is more than to build values")

    def named(self, module: str, name: str):
        """What a pickle may mention by name."""
        if (module, name) in self.values:
            return self.values[module, name]
        if (module, name) in self.known:
            return Call(self.known[module, name])
        if (module, name) in self.numpy:
            self.allow(f"{module}.{name}")
            return self.numpy[module, name]
        if module.partition(".")[0] == "__torch__":
            raise ValueError("load: the file is a TorchScript program, which jit.load reads")
        if (granted := self.grant(module, name)) is not None:
            return granted
        raise ValueError(
            f"load: the file holds a {module}.{name}; tensors, numbers, strings, and lists and dictionaries of them are read, and classes and "
            "functions that serialization.add_safe_globals names. Save a state_dict() instead, or name it if you trust the file."
        )

    def grant(self, module: str, name: str):
        """A class or function that the program lets files hold, and what is kept whole of Lucid's where it trusts this one; None for others."""
        module, name = _compat_pickle.NAME_MAPPING.get((module, name), (_compat_pickle.IMPORT_MAPPING.get(module, module), name))
        found = _safe_objects().get(f"{module}.{name}")
        if found is None and self.trusted and f"{module}.{name}" in PLAIN:
            return PLAIN[f"{module}.{name}"]
        if found is None and self.trusted and module.partition(".")[0] == "torch":
            here = "lucid.nn.functional" if module == "torch._C._nn" else "lucid" + module.removeprefix("torch")
            homes = dict(_homes(here, name))
            found = next(filter(_kept_whole, homes.values()), None)
            if found is None and hasattr(homes.get(here), "op"):
                return homes[here]  # an operation, as a module's attribute: not to be called here
        if found is not None:
            self.granted[id(found)] = found
        return found

    def member(self, of, name: str):
        """A class within a class, or a member of an enumeration, where the program lets files hold it."""
        if isinstance(of, enum.EnumMeta) and id(of) in self.granted:
            return of[name]
        found = _safe_objects().get(f"{of.__module__}.{of.__qualname__}.{name}") if isinstance(of, type) else None
        if found is None:
            raise ValueError(f"load: the file asks for the attribute {name!r} of {of!r}, which serialization.add_safe_globals does not name")
        self.granted[id(found)] = found
        return found

    def storage(self, kind: str, dtype, key: str, location: str, elements: int):
        """One storage, a `TypedStorage`."""
        if kind != "storage" or type(dtype) is not dtypes.dtype or not isinstance(key, str):
            raise ValueError("load: a damaged file: a storage is not described as one")
        typed, untyped = _storages()
        return typed(wrap_storage=untyped._of(self.row(key, dtype, elements)), dtype=dtype)

    def view(self, storage, offset, size, stride, requires_grad=False, hooks=None, metadata=None) -> Tensor:
        """A view of a storage."""
        return self.tensor(_row_of(storage), offset, size, stride, requires_grad)

    def untyped(self, storage, offset, size, stride, requires_grad, hooks, dtype, metadata=None) -> Tensor:
        """A view of a storage of bytes."""
        if type(dtype) is not dtypes.dtype or self.order != "little":
            raise ValueError(f"load: a storage without a dtype is read as one of the system's byte order, not as {dtype}")
        return self.tensor(_row_of(storage, dtype), offset, size, stride, requires_grad)


def _row_of(storage, dtype=None) -> np.ndarray:
    """The elements of a `TypedStorage`, or its bytes as those of a dtype."""
    storage = _only(_storages()[0], storage)
    return storage.untyped()._row(dtype or storage.dtype)


class _Older(Reader):
    """A file of before PyTorch 1.6: four pickles, of which the last is the object, one of the storages' names, and the storages."""

    def __init__(self, file):
        self.file, self.storages, self.order = file, {}, "little"
        at = file.tell()
        self.bytes = file.seek(0, os.SEEK_END) - at
        file.seek(at)
        self.prepare()

    def read_all(self):
        """The object, once its storages are read."""
        magic, version, about = (self.read(self.file) for _ in range(3))
        if magic != 0x1950A86A20F9469CFC6C or version != 1001:
            raise ValueError("load: not a file that save wrote, or a damaged one: a pickle, but not of PyTorch's")
        if not _only(dict, about).get("little_endian"):
            raise ValueError("load: a file of before PyTorch 1.6 is read if it was written in this byte order only")
        found = self.read(self.file)
        names = _only(list, self.read(self.file))
        if set(names) != self.storages.keys():
            raise ValueError("load: a damaged file: the storages that it lists are not those that its tensors need")
        for name in names:
            row = self.storages[name]
            size, data = self.file.read(8), self.file.read(row.nbytes)
            if size != row.size.to_bytes(8, "little") or len(data) != row.nbytes:
                raise ValueError(f"load: a damaged file: storage {name} has not the {row.size} elements that it should")
            row.view(np.uint8)[...] = np.frombuffer(data, np.uint8)
        return found

    def storage(self, kind: str, dtype, key: str, location: str, elements: int, view=None) -> np.ndarray:
        """One storage as a row of elements, which are read later."""
        if view is not None or _only(int, elements) * _only(dtypes.dtype, dtype).itemsize > self.bytes:
            raise ValueError("load: a damaged file: a storage is not described as one")
        if key not in self.storages:
            self.storages[key] = core.empty((elements,), dtype.numpy)
        return super().storage(kind, dtype, key, location, elements)


def from_file(
    filename: str, shared: bool | None = None, size: int | None = 0, *, dtype=None, layout=None, device=None, pin_memory=False,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor whose memory is a file's.

    Parameters
    ----------
    filename : str
        The file.
    shared : bool, optional
        Whether what is written to the tensor goes to the file, which is made, or made longer, where needed. By default
        it does not.
    size : int, optional
        How many elements.
    dtype : dtype, optional
        Their dtype. Default: the default dtype.
    layout, device, pin_memory : optional
        There is one of each.
    requires_grad : bool, optional
        Whether gradients are recorded.

    Returns
    -------
    Tensor
        Of one dimension.

    Raises
    ------
    RuntimeError
        If the file cannot be opened, or is too short and not shared.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "numbers")
    >>> x = lucid.from_file(path, shared=True, size=3).fill_(2.0)
    >>> lucid.from_file(path, size=2)
    Tensor([2.0, 2.0])
    """
    if device is not None:
        check_device(device)
    kind = dtypes.as_dtype(dtypes.get_default_dtype() if dtype is None else dtype).numpy
    return core.wrap(mapped("from_file", filename, shared, size, kind)).requires_grad_(requires_grad)


def mapped(name: str, filename, shared: bool, size: int, kind: np.dtype) -> np.ndarray:
    """A file's memory as a row; RuntimeError, which names who asked, if there are fewer bytes and it may not be written to."""
    wanted = size * kind.itemsize
    if not size:
        return np.empty(0, kind)
    try:
        if shared:
            with open(filename, "ab") as file:
                if file.tell() < wanted:
                    file.truncate(wanted)
        return np.asarray(np.memmap(filename, kind, "r+" if shared else "c", shape=(size,)))
    except (OSError, ValueError) as error:
        raise RuntimeError(f"{name}(): unable to map {wanted} bytes of file <{filename}>: {error}") from None


_safe_globals: list = []


def _safe_objects() -> dict:
    """What `add_safe_globals` named, by `module.name`."""
    return {
        one[1] if isinstance(one, tuple) else f"{one.__module__}.{one.__qualname__}": one[0] if isinstance(one, tuple) else one
        for one in _safe_globals
    }


def _allowed() -> set[str]:
    return set(_safe_objects())


def add_safe_globals(safe_globals: list) -> None:
    """Name classes and functions that files may hold: `load` makes objects of these classes, and calls these functions.

    Parameters
    ----------
    safe_globals : list
        Classes and functions, or pairs of one and its name.
    """
    _safe_globals.extend(safe_globals)


def get_safe_globals() -> list:
    """The classes that were named."""
    return list(_safe_globals)


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` named."""
    _safe_globals.clear()


class safe_globals:
    """A block in which classes are named as by `add_safe_globals`.

    Parameters
    ----------
    safe_globals : list
        Classes and functions, or pairs of one and its name.
    """

    def __init__(self, safe_globals: list):
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        self.before = get_safe_globals()
        add_safe_globals(self.safe_globals)

    def __exit__(self, *error) -> None:
        _safe_globals[:] = self.before


def get_unsafe_globals_in_checkpoint(f) -> list[str]:
    """What a file mentions that `load` does not read, nor `add_safe_globals` named.

    Parameters
    ----------
    f : str, path or binary file
        Where it is.

    Returns
    -------
    list of str
        Classes and functions, as `module.name`.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    with opened(f) as archive:
        reader, texts, found = Reader(archive, folder_of(archive)), [], {}
        for opcode, argument, _ in _instructions(archive.read(f"{reader.root}data.pkl")):
            if opcode.name == "GLOBAL":
                found[tuple(argument.split(" "))] = None
            elif opcode.name == "STACK_GLOBAL":
                found[tuple(texts[-2:])] = None
            elif isinstance(argument, str):
                texts.append(argument)
        known = {".".join(one) for one in (*reader.known, *reader.values)} | _allowed()
        return [name for name in map(".".join, found) if name not in known]


class LoadEndianness(enum.Enum):
    """In which order the bytes of a number lie."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


def get_default_load_endianness() -> LoadEndianness | None:
    """What `set_default_load_endianness` set; None at first, which is LITTLE."""
    return _default.get("endianness")


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Say in which order bytes lie in files that do not say it themselves. TypeError for anything else."""
    import sys

    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _default["endianness"] = endianness
    orders = {None: "little", LoadEndianness.NATIVE: sys.byteorder, LoadEndianness.LITTLE: "little", LoadEndianness.BIG: "big"}
    _default["order"] = orders[endianness]
