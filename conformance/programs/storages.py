"""A tensor's memory as an object: storages of bytes and of elements, of files and in files."""

from __future__ import annotations

import copy
import io
import os
import pickle
import sys
import tempfile

from . import program, raised, table


@program("UntypedStorage.__getitem__", "UntypedStorage.__setitem__", "UntypedStorage.fill_", "UntypedStorage.copy_", "UntypedStorage.clone",
         "UntypedStorage.tolist", "UntypedStorage.nbytes", "UntypedStorage.size", "UntypedStorage.element_size", "UntypedStorage.resize_",
         "UntypedStorage.byteswap", "UntypedStorage.from_buffer", "UntypedStorage.untyped", "UntypedStorage.new", "Tensor.untyped_storage")  # fmt: skip
def the_bytes_of_a_tensor(lib):
    x = lib.arange(6, dtype=lib.int16).view(2, 3)
    for view in (x, x[1], x.t(), x[:, 1:], x[1, 2]):
        found = view.untyped_storage()
        yield found.tolist(), len(found), found.size(), found.nbytes(), found.element_size(), found.data_ptr() == x.data_ptr()
    bytes_ = x.untyped_storage()
    bytes_[0], bytes_[11], bytes_[2:4] = 7, 300, 1
    yield x, bytes_[0], bytes_[-1], list(bytes_), bytes_[2:6].tolist(), bytes_[4:].data_ptr() - bytes_.data_ptr(), bytes_[20:].tolist()
    for wrong in (lambda: bytes_[12], lambda: bytes_[-13], lambda: bytes_[::2], lambda: bytes_[None], lambda: bytes_[1.5],
                  lambda: bytes_.__setitem__(12, 1), lambda: bytes_.__setitem__(-1, 1), lambda: bytes_.__setitem__(0, 1.5), lambda: bytes_.copy_(bytes_[1:]),
                  lambda: bytes_.copy_(x), lambda: lib.UntypedStorage(-1), lambda: lib.UntypedStorage([1.5]), lambda: lib.UntypedStorage(x),
                  bytes_.pin_memory):  # fmt: skip
        yield raised(wrong)
    own = bytes_.clone()
    bytes_.fill_(1)
    yield x, own.tolist(), own == bytes_, bytes_ == x.t().untyped_storage(), bytes_.new().tolist(), bytes_.untyped() is bytes_
    yield bytes_.copy_(own) is bytes_, x, copy.deepcopy(own).tolist(), copy.copy(own).tolist(), own.cpu() is own, own.to(device="cpu") is own
    own.byteswap(lib.int32)
    yield own.tolist(), str(own).partition("\n")[0], own.is_cuda, own.is_pinned(), own.is_shared(), own.is_sparse, str(own.device)
    made = lib.UntypedStorage([1, 2, 300])
    yield made.tolist(), made.resizable(), made.resize_(5).tolist()[:3], made.resize_(2).tolist(), lib.UntypedStorage().tolist(), len(lib.UntypedStorage(4))
    read = lib.UntypedStorage.from_buffer
    yield read(b"abcd", byte_order="native", dtype=lib.int32).tolist(), read(b"abcd", "big", dtype=lib.int16).tolist()
    yield read(b"abcd", "little", 1, 2, dtype=lib.int16).tolist(), raised(read, b"abc", "little", dtype=lib.int16), raised(read, b"abcd", "little", 5, dtype=lib.int8)
    frozen = lib.from_numpy(__import__("numpy").arange(4.0)).untyped_storage()
    yield frozen.resizable(), raised(frozen.resize_, 64), len(frozen)


@program("TypedStorage.__getitem__", "TypedStorage.__setitem__", "TypedStorage.fill_", "TypedStorage.copy_", "TypedStorage.clone", "TypedStorage.tolist",
         "TypedStorage.resize_", "TypedStorage.float", "TypedStorage.double", "TypedStorage.long", "TypedStorage.bool", "TypedStorage.half",
         "TypedStorage.type", "TypedStorage.pickle_storage_type", "TypedStorage.from_buffer", "FloatStorage", "LongStorage", "BoolStorage",
         "is_storage", "Tensor.storage", "Tensor.storage_type", "Tensor.set_",
         "TypedStorage", "TypedStorage.bfloat16", "TypedStorage.byte", "TypedStorage.char", "TypedStorage.complex_double",
         "TypedStorage.complex_float", "TypedStorage.int", "TypedStorage.short", "TypedStorage.__len__", "TypedStorage.nbytes",
         "TypedStorage.element_size", "TypedStorage.data_ptr", "TypedStorage.untyped", "TypedStorage.__deepcopy__", "TypedStorage.device")  # fmt: skip
def the_elements_of_a_tensors_memory(lib):
    x = lib.arange(6.0).view(2, 3)
    cells = x[1].storage()
    yield cells.tolist(), len(cells), cells.nbytes(), cells.element_size(), cells.dtype, cells[1], cells[-1], cells.data_ptr() == x.data_ptr()
    cells[0], cells[-1] = 7, 2.5
    yield x, raised(lambda: cells[6]), raised(lambda: cells[-7]), raised(lambda: cells[0:2]), raised(lambda: cells.__setitem__(6, 1))
    for name in ("byte", "char", "short", "int", "long", "half", "float", "double", "bool", "bfloat16", "complex_float", "complex_double"):
        found = getattr(cells, name)()
        yield name, found.tolist(), found.dtype, found.pickle_storage_type(), getattr(x.int().untyped_storage(), name)().tolist()[:5]
    yield cells.type().rpartition(".")[2], cells.float() is cells, x.storage_type() is lib.FloatStorage, cells.untyped() == x.untyped_storage()
    yield isinstance(cells, lib.FloatStorage), isinstance(cells, lib.DoubleStorage), isinstance(cells, lib.TypedStorage)
    yield lib.is_storage(cells), lib.is_storage(cells.untyped()), lib.is_storage(x), lib.is_storage([1])
    own = cells.clone()
    cells[:] = 4
    yield x, own.tolist(), cells.fill_(3).tolist(), cells.copy_(own).tolist(), x, raised(cells.copy_, own.double()), copy.deepcopy(own).tolist()
    made = lib.FloatStorage([1, 2, 3])
    yield made.tolist(), len(lib.FloatStorage(5)), lib.LongStorage([1.5]).tolist(), lib.BoolStorage([2, 0]).tolist(), len(lib.DoubleStorage())
    yield lib.TypedStorage([1, 2], dtype=lib.int8).tolist(), lib.TypedStorage([1.5]).dtype, lib.TypedStorage(wrap_storage=lib.UntypedStorage([0, 0, 128, 63, 9]), dtype=lib.float32).tolist()
    yield raised(lib.FloatStorage, x), raised(lib.FloatStorage, x.untyped_storage()), raised(lib.TypedStorage, wrap_storage=x.untyped_storage()), lib.FloatStorage.dtype
    yield made.resize_(4), made.tolist()[:3], len(made), lib.ShortStorage.from_buffer(b"abcd", byte_order="big").tolist()
    y = lib.empty(0).set_(made)
    y[1] = 9.0
    z = lib.empty(0, dtype=lib.int32).set_(made.untyped(), 1, (1, 2), (2, 1))
    yield y[:3], z, made.tolist()[:3], lib.FloatTensor(made)[:3], lib.tensor(lib.FloatStorage([1, 2])), z.storage_offset()


@table("", [(name,) for name in (
    "BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "ComplexDoubleStorage", "ComplexFloatStorage", "DoubleStorage", "FloatStorage",
    "HalfStorage", "IntStorage", "LongStorage", "ShortStorage")])  # fmt: skip
def storages_of_a_kind(lib, name):
    kind = getattr(lib, name)
    made = kind([0, 1, 2])
    yield made.tolist(), list(made), len(made), made.size(), len(kind(3)), len(kind()), kind.dtype is made.dtype, made.type().rpartition(".")[2]
    yield repr(made).partition("device=")[2], repr(made).partition("[")[0], str(made) == repr(made), type(made).__name__
    yield made.element_size(), made.nbytes(), str(made.device), made.is_shared(), made.resizable(), made.get_device(), made.is_pinned(), made.filename
    yield isinstance(made, kind), issubclass(kind, lib.TypedStorage), isinstance(made, lib.TypedStorage), sys.getsizeof(made) > made.nbytes()
    for method in ("bfloat16", "bool", "byte", "char", "complex_double", "complex_float", "double", "float", "half", "int", "long", "short", "clone", "cpu"):
        found = getattr(made, method)()
        yield found.tolist(), found.dtype, found is made, found.data_ptr() == made.data_ptr()
    yield made.untyped().tolist(), made.to(device="cpu") is made, made == made, made == kind([0, 1, 2]), isinstance(hash(made), int), 1 in made
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), in_a_file(lib, made)):
        yield type(again).__name__, again.dtype, again.tolist(), again.data_ptr() == made.data_ptr()
    yield raised(kind, lib.ones(3)), raised(kind, 1, 2), raised(kind, "ab"), raised(kind, -1), raised(kind, wrap_storage=lib.ones(3))
    yield raised(lambda: made[0:2]), raised(lambda: made[5]), raised(lambda: made[1.0]), made[-1], raised(made.pin_memory)
    made[0], made[1:] = 1, 0
    yield made.tolist(), made.fill_(1).tolist(), made.copy_(kind([1, 0, 1])).tolist(), kind(wrap_storage=made.untyped()).tolist()
    made.resize_(5)
    yield len(made), made.tolist()[:3], kind.from_buffer(bytes(range(32)), "big").tolist(), kind.from_buffer(bytes(range(32)), "native", 1, 16).tolist()
    tensor = lib.tensor([], dtype=kind.dtype).set_(kind([0, 1, 0, 1]), 1, (2,), (1,))
    yield tensor, tensor.untyped_storage().nbytes(), len(in_a_file(lib, {"a": tensor, "b": tensor.storage()})["b"])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "numbers")
        with open(path, "wb") as file:
            file.write(bytes([0, 1] * 32))
        found = kind.from_file(path, False, 2)
        yield found.tolist(), found.dtype, len(found), raised(kind.from_file, path, False, 500), raised(kind.from_file, path + "x", False, 5)


def in_a_file(lib, obj):
    """An object that was saved and loaded."""
    file = io.BytesIO()
    lib.save(obj, file)
    file.seek(0)
    return lib.load(file)


@program("TypedStorage.__init__", "TypedStorage.__new__", "UntypedStorage.from_file", "UntypedStorage", "UntypedStorage.__iter__", "UntypedStorage.__len__",
         "UntypedStorage.__copy__", "UntypedStorage.__deepcopy__", "UntypedStorage.bfloat16", "UntypedStorage.bool", "UntypedStorage.byte",
         "UntypedStorage.char", "UntypedStorage.complex_double", "UntypedStorage.complex_float", "UntypedStorage.double", "UntypedStorage.float",
         "UntypedStorage.half", "UntypedStorage.int", "UntypedStorage.long", "UntypedStorage.short", "UntypedStorage.cpu", "UntypedStorage.to",
         "UntypedStorage.device", "UntypedStorage.get_device", "UntypedStorage.is_pinned", "UntypedStorage.pin_memory", "UntypedStorage.resizable",
         "UntypedStorage.type", "UntypedStorage.data_ptr")  # fmt: skip
def storages_of_bytes(lib):
    made = lib.UntypedStorage([1, 2, 3, 4, 5, 6, 7, 8])
    yield made.tolist(), list(made), len(made), str(made.device), made.get_device(), made.is_pinned(), made.resizable(), made.data_ptr() != 0
    for method in ("bfloat16", "bool", "byte", "char", "complex_double", "complex_float", "double", "float", "half", "int", "long", "short"):
        found = getattr(made, method)()
        yield type(found).__name__, found.dtype, found.tolist()
    yield made.cpu() is made, made.to(device="cpu") is made, made.type().rpartition(".")[2], raised(made.pin_memory), raised(lambda: made.to("cpu"))
    for again in (copy.copy(made), copy.deepcopy(made), in_a_file(lib, made), in_a_file(lib, [made, made])[1]):
        yield type(again).__name__, again.tolist()
    words = lib.TypedStorage(wrap_storage=made, dtype=lib.int16)
    made[0] = 9
    yield words.tolist(), words[0], raised(lib.TypedStorage, 3, wrap_storage=made, dtype=lib.int16), raised(lib.TypedStorage, wrap_storage=made)
    yield raised(lib.TypedStorage, wrap_storage=lib.ones(3), dtype=lib.int8), lib.TypedStorage([1], dtype=lib.int8, device="cpu").tolist(), len(lib.TypedStorage())
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bytes")
        shared = lib.UntypedStorage.from_file(path, True, 4)
        shared.fill_(7)
        with open(path, "rb") as file:
            yield file.read(), shared.is_shared()
        own = lib.UntypedStorage.from_file(path, False, 4)
        own[0] = 1
        with open(path, "rb") as file:
            yield file.read(), own.tolist(), raised(lib.UntypedStorage.from_file, path, False, 400), raised(lib.UntypedStorage.from_file, path + "x", False, 4)
