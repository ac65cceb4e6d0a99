"""Tensors, dtypes, devices and sizes as Python objects: conversion, protocols, copies, exchange of memory."""

from __future__ import annotations

import copy
import io
import math
import pickle
import random
import warnings

import numpy as np

from . import program, raised, table


@program("tensor", "Tensor.dtype", "Tensor.shape")
def what_a_literal_becomes(lib):
    for value in (1, True, 1.5, 2j, [1, 2], [1, 2.5], [True, False], [[1, 2], [3, 4]], [], [[]], [1, 1j], np.float32(1.5),
                  np.arange(3), np.int16(4), (1, 2), range(3), [np.float64(1.0)], [lib.tensor(1), lib.tensor(2)]):  # fmt: skip
        made = lib.tensor(value)
        yield made, made.dtype, tuple(made.shape), made.requires_grad
    yield raised(lib.tensor, [[1, 2], [3]]), raised(lib.tensor, "text"), raised(lib.tensor, None), raised(lib.tensor, [1, "a"])
    yield raised(lib.tensor, 2**63), raised(lib.tensor, [300], dtype=lib.uint8), raised(lib.tensor, {})
    yield lib.tensor([1.9, -1.9], dtype=lib.int32), lib.tensor([0, 2], dtype=lib.bool)


@program("Tensor.item", "Tensor.tolist", "Tensor.__float__", "Tensor.__int__", "Tensor.__bool__", "Tensor.__complex__",
         "Tensor.__index__", "Tensor.__contains__", "Tensor.__len__", "Tensor.__iter__", "Tensor.__format__")  # fmt: skip
def numbers_out_of_tensors(lib):
    x = lib.tensor(2.5)
    yield x.item(), float(x), int(x), bool(x), complex(x), f"{x:.2f}", x.tolist(), math.floor(x)
    n = lib.tensor([3])
    yield n.item(), int(n), list(range(5))[n], bool(lib.tensor([0])), type(n.item()).__name__
    m = lib.tensor([[1, 2], [3, 4]])
    yield m.tolist(), len(m), 3 in m, 9 in m, [row.tolist() for row in m]
    yield raised(m.item), raised(bool, m), raised(float, m), raised(len, x), raised(iter, x), raised(int, lib.tensor([]))
    yield raised(lambda: [0, 1][x]), raised(int, lib.tensor(math.nan)), raised(bool, lib.tensor([]))
    yield lib.tensor(True).item(), lib.tensor(1 + 2j).item(), lib.tensor(1.0, requires_grad=True).item()
    tracked, same = lib.tensor(3.5, requires_grad=True), "{}".format
    yield f"{tracked}", f"{tracked * 2:.2f}", f"{lib.tensor(1 / 3)}", f"{n[0]:>4}", same(lib.tensor(True)), same(lib.tensor(1 + 2j)), same(lib.tensor(0.1, dtype=lib.bfloat16))
    yield raised(format, n, ".2f"), raised(format, m, ">9"), raised(format, x, "d"), raised(format, lib.nn.Parameter(x), ".2f"), same(m) == str(m)


@program("Tensor.numpy", "Tensor.__array__", "from_numpy", "as_tensor", "asarray", "frombuffer")
def memory_is_shared_with_numpy(lib):
    x = lib.tensor([1.0, 2.0, 3.0])
    a = x.numpy()
    a[0] = 9
    yield x, str(a.dtype), np.asarray(x).sum(), np.shares_memory(a, x.numpy())
    b = np.arange(6, dtype=np.int32).reshape(2, 3)
    y = lib.from_numpy(b.T)
    b[0, 1] = 50
    yield y, tuple(y.stride()), y.dtype
    yield raised(lib.ones(2, requires_grad=True).numpy), lib.ones(2, requires_grad=True).detach().numpy().tolist()
    with lib.no_grad():
        yield lib.ones(2, requires_grad=True).numpy().tolist()
    yield raised(lib.from_numpy, [1, 2]), raised(lib.from_numpy, np.array(["a"])), raised(lib.from_numpy, b[:, ::-1])
    z = lib.as_tensor(b)
    b[1, 1] = 7
    yield z, lib.as_tensor(z) is z, lib.as_tensor([1, 2]), lib.asarray(b, dtype=lib.float32)
    yield lib.frombuffer(bytearray(b"\x01\x00\x02\x00"), dtype=lib.int16)
    yield raised(lib.frombuffer, bytearray(b"abc"), dtype=lib.int16)


@program("from_dlpack", "Tensor.__dlpack__", "Tensor.__dlpack_device__")
def memory_is_exchanged_by_dlpack(lib):
    x = lib.arange(6.0).reshape(2, 3)
    a = np.from_dlpack(x)
    y = lib.from_dlpack(np.arange(4.0))
    z = lib.from_dlpack(x.t())
    z[0, 1] = 50.0
    yield a.tolist(), y, z, tuple(z.stride()), x, tuple(int(part) for part in x.__dlpack_device__())
    yield raised(lib.ones(1, requires_grad=True).__dlpack__)


@program("save", "load", "Tensor.__reduce_ex__", "Tensor.__deepcopy__", "Tensor.__setstate__")
def copies_and_files(lib):
    x = lib.arange(6.0).reshape(2, 3).t().requires_grad_()
    for again in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        yield again, tuple(again.stride()), again.requires_grad, again.is_leaf
    yield raised(copy.deepcopy, x * 2)
    a = lib.zeros(3)
    b, c = copy.deepcopy([a, a[1:]])
    b[1] = 5.0
    yield c
    file = io.BytesIO()
    lib.save({"x": x.detach(), "more": [1, "two", None, 3.5], "view": a[1:]}, file)
    file.seek(0)
    found = lib.load(file)
    yield found["x"], found["more"], found["view"], sorted(found)
    shallow = copy.copy(a)
    shallow[0] = 3.0
    yield a


@program("Tensor.to", "Tensor.type", "Tensor.float", "Tensor.double", "Tensor.half", "Tensor.bfloat16", "Tensor.int",
         "Tensor.long", "Tensor.short", "Tensor.bool", "Tensor.cpu")  # fmt: skip
def conversions(lib):
    x = lib.tensor([-1.5, 0.0, 2.7])
    for name in ("float", "double", "half", "bfloat16", "int", "long", "short", "bool"):
        made = getattr(x, name)()
        yield name, made, made.dtype, made is x
    yield x.to(lib.int8), x.to("cpu") is x, x.to(lib.float32) is x, x.to(lib.float32, copy=True) is x, x.cpu() is x
    yield x.to(lib.ones(1, dtype=lib.float64)).dtype, x.to("cpu", lib.int16).dtype, x.to(device="cpu", dtype=lib.half).dtype
    yield x.type(lib.float64).dtype, raised(x.to, "nowhere")
    y = x.clone().requires_grad_()
    y.double().sum().backward()
    yield y.grad


@program("Tensor.device", "Tensor.ndim", "Tensor.nbytes", "Tensor.itemsize", "Tensor.is_meta",
         "Tensor.ndimension", "Tensor.dim", "Tensor.numel", "Tensor.nelement", "Tensor.element_size", "Tensor.is_signed",
         "Tensor.is_complex", "Tensor.is_floating_point", "Tensor.size", "Tensor.is_conj", "Tensor.is_neg",
         "Tensor.real", "Tensor.imag", "Tensor.is_cpu", "Tensor.layout", "Tensor.get_device", "Tensor.output_nr",
         "Tensor.is_pinned", "Tensor.name")  # fmt: skip
def what_a_tensor_says_of_itself(lib):
    for x in (lib.zeros(2, 3), lib.tensor(1), lib.zeros(0, 4, dtype=lib.int8), lib.ones(2, dtype=lib.complex64)):
        yield x.ndim, x.dim(), x.ndimension(), x.numel(), x.nelement(), x.element_size(), x.nbytes, x.itemsize
        yield str(x.device), x.is_signed(), x.is_complex(), x.is_floating_point(), tuple(x.size()), x.is_meta, x.is_cuda
        yield x.is_conj(), x.is_neg(), x.is_cpu, x.get_device(), x.output_nr, x.is_pinned(), x.name is None
        yield str(x.layout).rpartition(".")[2]
    c = lib.tensor([1.0 + 2.0j])
    c.imag[0] = 5.0
    c.real = lib.tensor([3.0])
    yield c, c.real, c.imag, raised(lambda: lib.ones(1).imag), lib.ones(1).real
    yield lib.zeros(2, 3).size(1), raised(lib.zeros(2, 3).size, 2), lib.zeros(2, 3).stride(0), lib.zeros(2, 3).stride()


@program("is_tensor", "is_floating_point", "is_complex", "is_signed", "is_nonzero", "is_same_size", "numel", "is_conj",
         "is_neg", "is_inference", "Tensor.is_nonzero", "Tensor.is_same_size")  # fmt: skip
def questions_as_functions(lib):
    x = lib.ones(2, 3)
    yield lib.is_tensor(x), lib.is_tensor(1.0), lib.is_floating_point(x), lib.is_complex(x), lib.numel(x)
    yield lib.is_same_size(x, lib.zeros(2, 3)), lib.is_same_size(x, lib.zeros(3)), lib.is_conj(x), lib.is_neg(x)
    yield lib.is_nonzero(lib.tensor([2.0])), lib.tensor(0).is_nonzero(), raised(lib.is_nonzero, x), lib.is_inference(x)
    yield lib.is_signed(x), x.is_same_size(x)


@program("pi", "e", "inf", "nan", "newaxis")
def constants(lib):
    yield lib.pi, lib.e, lib.inf, math.isnan(lib.nan), lib.newaxis is None


@program("finfo", "finfo.max", "finfo.min", "finfo.eps", "finfo.tiny", "finfo.bits", "finfo.resolution",
         "finfo.smallest_normal", "finfo.dtype", "iinfo", "iinfo.max", "iinfo.min", "iinfo.bits", "iinfo.dtype")  # fmt: skip
def limits_of_dtypes(lib):
    for name in ("float16", "bfloat16", "float32", "float64", "complex64"):
        info = lib.finfo(getattr(lib, name))
        yield info.max, info.min, info.eps, info.tiny, info.bits, info.resolution, info.smallest_normal, info.dtype
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        info = lib.iinfo(getattr(lib, name))
        yield info.max, info.min, info.bits, info.dtype
    yield lib.finfo().max, raised(lib.finfo, lib.int32), raised(lib.iinfo, lib.float32), raised(lib.iinfo, lib.bool)
    yield lib.finfo(lib.float32) == lib.finfo(lib.float32), lib.finfo(lib.float32) == lib.finfo(lib.float64)


@program("dtype", "dtype.itemsize", "dtype.is_floating_point", "dtype.is_complex", "dtype.is_signed", "dtype.to_real",
         "dtype.to_complex", "promote_types", "result_type", "can_cast", "get_default_dtype", "set_default_dtype",
         "dtype.abbr")  # fmt: skip
def dtypes_and_their_promotion(lib):
    names = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
             "float64", "complex32", "complex64", "complex128")  # fmt: skip
    for a in names:
        d = getattr(lib, a)
        yield d.itemsize, d.is_floating_point, d.is_complex, d.is_signed, str(d).rpartition(".")[2], d.abbr
        for b in names:
            yield raised(lib.promote_types, d, getattr(lib, b)) or lib.promote_types(d, getattr(lib, b))
            yield lib.can_cast(d, getattr(lib, b))
    yield lib.complex128.to_real(), lib.float64.to_complex()
    yield lib.result_type(lib.ones(2, dtype=lib.int8), 2.5), lib.result_type(lib.ones(2), lib.ones((), dtype=lib.float64))
    before = lib.get_default_dtype()
    lib.set_default_dtype(lib.float64)
    yield lib.get_default_dtype(), lib.tensor(1.5).dtype, (lib.tensor([1]) / 2).dtype, lib.tensor(1j).dtype
    whole = lib.tensor([3, 4])
    for dtype in (lib.float16, lib.bfloat16):  # which integers become, though no kernel computes in it
        lib.set_default_dtype(dtype)
        yield whole.exp(), lib.lgamma(whole), whole / 2, lib.atan2(whole, whole[:1]), lib.softmax(whole.float(), 0)
    lib.set_default_dtype(before)
    yield raised(lib.set_default_dtype, lib.int32), pickle.loads(pickle.dumps(lib.float32)) is lib.float32
    yield lib.float is lib.float32, lib.double is lib.float64, lib.long is lib.int64, lib.half is lib.float16


@program("Size", "Size.numel", "Size.__add__", "Size.__getitem__", "Size.__mul__", "Size.__radd__", "Size.__rmul__",
         "Size.__reduce__", "Size.__repr__", "Size.__new__")  # fmt: skip
def sizes_are_tuples(lib):
    s = lib.zeros(2, 3).shape
    yield s == (2, 3), s.numel(), tuple(s + (4,)), tuple((1,) + s), tuple(s[1:]), tuple(s * 2), tuple(2 * s), s[0], s[-1]
    yield type(s[1:]) is lib.Size, type(s + (4,)) is lib.Size, type(s * 2) is lib.Size, repr(s).partition(".")[2]
    yield pickle.loads(pickle.dumps(s)) == s, tuple(lib.Size([1, 2])), raised(lib.Size, [1.5]), hash(s) == hash((2, 3))


@program("device", "device.type", "device.index", "device.__eq__", "device.__repr__", "device.__str__", "device.__reduce__",
         "device.__ne__", "device.__new__")  # fmt: skip
def devices(lib):
    d = lib.device("cpu")
    yield d.type, d.index, str(d), repr(d), d == lib.device("cpu"), d != lib.device("cpu", 0), hash(d) == hash(lib.device("cpu"))
    yield lib.device("cpu:0").index, str(lib.device("cpu", 0)), pickle.loads(pickle.dumps(d)) == d, raised(lib.device, "nowhere")
    yield lib.zeros(1, device=d).device == d, lib.zeros(1, device="cpu").device.type


@program("Tensor.__getitem__")
def indexing_of_every_kind(lib):
    x = lib.arange(24.0).reshape(2, 3, 4)
    t, b = lib.tensor, lib.tensor([[True, False, True], [False, True, False]])
    keys = [
        0, -1, (0, 1), (0, 1, 2), ..., None, (None, 0), (..., None), slice(None), slice(1, None), (slice(None), slice(None, None, 2)),
        (..., 0), (0, ..., 1), t([1, 0]), (t([0, 1]), t([2, 0])), (slice(None), t([0, 0, 2])), (t([0]), slice(None), t([1])),
        (slice(None), t([1]), t([3])), b, (b, 0), (0, t([True, False, True])), (t([[0, 1]]), 1), t(1), (t(0), t([1, 2])), [0, 1],
        (slice(None), [0, 2]), True, False, (True, 0), (slice(5, 9),), (slice(-2, None), -1), np.array([1, 0]), (np.int64(1), 0),
        (t([0, 1]), None, t([1, 2])), (slice(None), None, t([0, 2])), t([], dtype=lib.int64), (0, slice(0, 0)), (Ellipsis, t([1, 3])),
        (t([0, 1])[:, None], t([0, 2])), (None, t([1]), None), (slice(None), slice(None), b[0, :1].expand(4)),
    ]  # fmt: skip
    for key in keys:
        found = x[key]
        yield found, tuple(found.shape), found._base is not None
    bad = [2, (0, 3), (0, 0, 0, 0), t([5]), t([-3]), t([0.5]), t([True, False, True]), "a", 1.5, (..., ...), slice(None, None, -1),
           (t([0, 1]), t([0, 1, 2])), (slice(0.5, 1),)]  # fmt: skip
    for key in bad:
        yield raised(lambda key=key: x[key])
    yield raised(lambda: lib.tensor(1.0)[0]), lib.tensor(1.0)[...], lib.tensor(1.0)[None], raised(lambda: x.__delitem__(0))


@program("Tensor.__eq__", "Tensor.__hash__", "Tensor.__dir__", "Tensor.__reversed__", "Tensor.__pos__", "Tensor.__rfloordiv__",
         "Tensor.__rlshift__", "Tensor.__rrshift__", "Tensor.__rmod__", "Tensor.__rpow__", "Tensor.__rsub__",
         "Tensor.__rtruediv__", "Tensor.__rmatmul__", "Tensor.__invert__")  # fmt: skip
def operators_with_numbers_on_the_left(lib):
    x, n = lib.tensor([1.0, 2.0, 4.0]), lib.tensor([1, 2, 4])
    yield 8 // x, 7 % x, 2**x, 8 - x, 8 / x, +x, -x, abs(-x), reversed(x), ~n, 1 << n, 64 >> n, 5 & n, 8 | n, 3 ^ n
    yield x == 2, x != x, x < 2.5, (x == "a") is False, (x != None) is True, len({x, x, n})  # noqa: E711
    yield np.float64(2) * x, divmod(8, 3) == (2, 2), raised(lambda: x @ 2)
    yield raised(lambda: x + "a"), raised(lambda: x + [1]), raised(lambda: x < "a"), raised(lambda: x & x), "sin" in dir(x)


@program("Tensor.__radd__")
def arrays_beside_tensors(lib):
    yield raised(lambda: np.array([1.0, 2.0, 3.0]) + lib.tensor([1.0, 2.0, 4.0]))


@program("Tensor.__radd__", "Tensor.__add__")
def numbers_and_arrays_are_added(lib):
    x = lib.tensor([1.0, 2.0, 4.0])
    yield 1 + x, True + x, x + np.array([1.0, 2.0, 3.0]), np.float32(2) + x, raised(lambda: "a" + x), raised(lambda: x + "a"), raised(lambda: None + x)


@program("Generator", "Generator.manual_seed", "Generator.get_state", "Generator.set_state", "Generator.initial_seed",
         "Generator.seed", "Generator.device", "Generator.clone_state", "manual_seed", "initial_seed", "get_rng_state",
         "set_rng_state", "seed", "random.fork_rng", "default_generator", "random.manual_seed", "random.initial_seed",
         "random.get_rng_state", "random.set_rng_state", "random.seed")  # fmt: skip
def streams_of_random_numbers(lib):
    g = lib.Generator()
    yield g.manual_seed(7) is g, g.initial_seed(), str(g.device), lib.rand(3, generator=g), lib.randint(0, 100, (4,), generator=g)
    state = g.get_state()
    first = lib.randn(5, generator=g)
    yield g.set_state(state) is g, raised(g.graphsafe_get_state), raised(g.graphsafe_set_state, g)
    yield first, lib.randn(5, generator=g), state.dtype, g.clone_state().initial_seed()
    lib.manual_seed(3)
    yield lib.initial_seed(), lib.rand(2), lib.randperm(5)
    kept = lib.get_rng_state()
    a = lib.rand(2)
    lib.set_rng_state(kept)
    yield a, lib.rand(2), isinstance(lib.seed(), int)
    lib.manual_seed(5)
    with lib.random.fork_rng():
        lib.rand(100)
    yield lib.rand(2), raised(lib.set_rng_state, lib.zeros(3)), raised(lib.manual_seed, "a")
    lib.manual_seed(-1)
    yield lib.initial_seed(), lib.rand(1)


@program("get_num_threads", "set_num_threads")
def threads_are_counted(lib):
    before = lib.get_num_threads()
    lib.set_num_threads(1)
    yield lib.get_num_threads(), raised(lib.set_num_threads, 0), raised(lib.set_num_threads, "a")
    lib.set_num_threads(before)


@program("Tensor.new_zeros", "Tensor.new_ones", "Tensor.new_full", "Tensor.new_empty", "Tensor.new_tensor", "Tensor.new")
def tensors_like_another(lib):
    x = lib.ones(2, dtype=lib.float64)
    yield x.new_zeros(2, 3), x.new_ones((2,)), x.new_full((2,), 7), x.new_tensor([1, 2]), x.new_empty(2, 3).dtype
    yield x.new_zeros(2, dtype=lib.int32), x.new_tensor(x) is x, x.new(3).shape == (3,), x.new([1, 2])


@program("contiguous_format", "channels_last", "preserve_format", "strided", "Tensor.contiguous", "Tensor.is_contiguous")
def memory_formats(lib):
    x = lib.arange(24.0).reshape(1, 2, 3, 4)
    y = x.to(memory_format=lib.channels_last)
    yield tuple(y.stride()), y.is_contiguous(), y.is_contiguous(memory_format=lib.channels_last), y
    yield tuple(x.contiguous(memory_format=lib.channels_last).stride()), tuple(y.clone().stride())
    yield tuple(y.clone(memory_format=lib.contiguous_format).stride()), tuple(lib.zeros_like(y).stride())
    yield tuple(lib.empty(1, 2, 3, 4, memory_format=lib.channels_last).stride()), tuple((y + 1).stride())
    yield tuple(lib.empty_like(y, memory_format=lib.preserve_format).stride()), lib.zeros(1, layout=lib.strided)


@program("Tensor.to", "zeros", "tensor", "sum", "set_default_dtype")
def dtypes_that_are_types_of_python(lib):
    for kind in (bool, int, float, complex):
        yield lib.zeros(2, dtype=kind), lib.tensor([1], dtype=kind), lib.ones(2).to(kind), lib.ones(2).sum(dtype=kind)
    before = lib.get_default_dtype()
    lib.set_default_dtype(lib.float64)
    yield lib.zeros(1, dtype=float), lib.zeros(1).dtype
    lib.set_default_dtype(before)
    yield raised(lib.set_default_dtype, float), raised(lib.zeros, 2, dtype=str)


MATRIX = [[2.0, 1.0], [1.0, 3.0]]
NAMED_RESULTS = {
    **{name: lambda lib, name=name: getattr(lib, name)(lib.tensor([3.0, 1.0, 2.0]), 0)
       for name in ("max", "min", "cummax", "cummin", "median", "nanmedian", "mode", "sort")},
    "kthvalue": lambda lib: lib.tensor([3.0, 1.0]).kthvalue(2), "topk": lambda lib: lib.tensor([3.0, 1.0]).topk(2),
    "histogram": lambda lib: lib.histogram(lib.tensor([3.0, 1.0]), 2), "histogramdd": lambda lib: lib.histogramdd(lib.tensor(MATRIX), 2),
    **{name: lambda lib, name=name: getattr(lib, name)(lib.tensor(MATRIX)) for name in ("aminmax", "frexp", "geqrf", "qr", "svd")},
    **{f"linalg_{name}": lambda lib, name=name: getattr(lib.linalg, name)(lib.tensor(MATRIX)) for name in (
        "eig", "eigh", "svd", "qr", "cholesky_ex", "inv_ex", "ldl_factor", "ldl_factor_ex", "lu", "lu_factor", "lu_factor_ex", "slogdet")},
    **{f"linalg_{name}": lambda lib, name=name: getattr(lib.linalg, name)(lib.tensor(MATRIX), lib.tensor(MATRIX)) for name in ("solve_ex", "lstsq")},
    "lu_unpack": lambda lib: lib.lu_unpack(*lib.linalg.lu_factor(lib.tensor(MATRIX))),
    "triangular_solve": lambda lib: lib.triangular_solve(lib.tensor(MATRIX), lib.tensor(MATRIX)),
}  # fmt: skip


@table("return_types", [(name,) for name in NAMED_RESULTS])
def a_result_whose_parts_have_names(lib, name):
    kind, found = getattr(lib.return_types, name), NAMED_RESULTS[name](lib)
    yield type(found) is kind, kind.__name__, kind.__qualname__, kind.__module__.rpartition(".")[2], kind.__match_args__, isinstance(found, tuple)
    yield kind.n_fields, kind.n_sequence_fields, kind.n_unnamed_fields, kind in lib.return_types.all_return_types
    yield [getattr(found, field) is part for field, part in zip(kind.__match_args__, found, strict=True)], type(found[:1]).__name__, type(found + ()).__name__
    parts = tuple(range(len(found)))
    yield kind(parts) == parts, kind(list(parts)) == kind(parts, {}), hash(kind(parts)) == hash(parts), repr(kind(parts)).partition("return_types.")[2]
    for again in (copy.copy(kind(parts)), copy.deepcopy(kind(parts)), pickle.loads(pickle.dumps(kind(parts))), lib.utils._pytree.tree_map(lambda x: x + 1, kind(parts))):
        yield type(again) is kind, tuple(again)
    yield kind(parts).__reduce__()[0] is kind, kind(parts).__reduce__()[1]
    yield raised(kind), raised(kind, ()), raised(kind, parts + parts), raised(kind, 1, 2, 3, 4, 5, 6), raised(setattr, found, kind.__match_args__[0], 1), raised(setattr, found, "other", 1)


@program("return_types", "return_types.max", "return_types.max.__new__", "return_types.max.__reduce__", "return_types.max.__repr__",
         "return_types.max.__match_args__", "return_types.max.values", "return_types.max.indices", "return_types.slogdet")  # fmt: skip
def results_whose_parts_have_names(lib):
    found = lib.max(lib.tensor([[3.0, 1.0]]), 1)
    match found:
        case lib.return_types.max(values, indices):
            yield values, indices
    yield found.values, found.indices, repr(lib.return_types.max((1, 2))).partition(".")[2], lib.return_types.slogdet((1, 2)).logabsdet


@program("Tensor", "Tensor.__array_priority__", "OutOfMemoryError")
def the_class_of_tensors(lib):
    yield lib.Tensor([1.0, 2.5]), lib.Tensor([[1.0], [2.0]]), lib.Tensor([1.0]).dtype == lib.float32
    yield isinstance(lib.ones(1), lib.Tensor), lib.ones(1).__array_priority__, issubclass(lib.OutOfMemoryError, RuntimeError)


@program("layout", "memory_format", "channels_last_3d")
def orders_in_memory(lib):
    x = lib.arange(2.0 * 3 * 2 * 2 * 2).reshape(2, 3, 2, 2, 2)
    y = x.to(memory_format=lib.channels_last_3d)
    yield y, y.stride(), y.is_contiguous(memory_format=lib.channels_last_3d), y.is_contiguous()
    yield isinstance(x.layout, lib.layout), isinstance(lib.channels_last_3d, lib.memory_format), raised(lib.memory_format)
    yield raised(lib.layout), raised(x[0].to, memory_format=lib.channels_last_3d)
    for call in (x.to, x.contiguous, x.clone, x.is_contiguous, lib.empty, lib.zeros_like, lib.rand_like, x.resize_, x.resize_as_):
        for wrong in (3, "channels_last", lib.float32):
            args = (2,) if call in (lib.empty, x.resize_) else () if hasattr(call, "__self__") and call is not x.resize_as_ else (x,)
            yield raised(call, *args, memory_format=wrong)


@program("Tensor.resize_", "Tensor.resize_as_", "resize_as_")
def sizes_given_in_an_order_in_memory(lib):
    x = lib.arange(120.0).reshape(2, 3, 4, 5)
    last = x.contiguous(memory_format=lib.channels_last)
    for form in (lib.channels_last, lib.contiguous_format, lib.preserve_format, lib.channels_last_3d, None):
        for size in ((2, 3, 4, 5), (1, 3, 4, 5), (2, 3), (2, 3, 1, 1), (2, 3, 2, 2, 2), (3, 3, 4, 5)):
            for of in (x, last):
                y = of.clone()
                error = raised(y.resize_, size, memory_format=form)
                if not error:  # PyTorch has changed the size by the time it refuses the order
                    yield y.stride(), y.flatten()[:24] if y.numel() <= 120 else None
                y = lib.zeros(0)
                yield error, raised(y.resize_as_, of, memory_format=form), y.stride()


@program("Tensor.expand", "Tensor.detach", "Tensor.unbind")
def views_and_their_bases(lib):
    x = lib.arange(6.0).reshape(2, 3)
    for y in (x, x[0], x.t(), x.detach(), x.data, x + 0, x.expand(2, 2, 3), x.contiguous(), x.t().contiguous(), x.unbind()[0], x[0][None], x.view(6)):
        yield y._is_view(), y._base is not None, y._base is x


@program("Tensor.polygamma", "Tensor.polygamma_")
def derivatives_of_digamma(lib):
    x = lib.tensor([0.5, 1.0, 3.0])
    yield x.polygamma(0), x.polygamma(1), x.clone().polygamma_(2), raised(x.polygamma, -1), raised(x.polygamma)


@program("Tensor.stride", "Tensor.__getitem__")
def views_without_elements_have_strides(lib):
    x, y, z = lib.zeros(2, 3, 4, 5), lib.zeros(2, 0, 4), lib.zeros(3, 5)
    for one in (
        x[:, :, :, 1][:, 1:1], x[:, 2:2], x.narrow(1, 0, 0), y, y.transpose(0, 2), y[0], y[:, :, None], y.permute(1, 2, 0), y.expand(3, 2, 0, 4), y.unsqueeze(0),
        lib.zeros(2, 3, 0), lib.zeros(0, 3).t(), z[:, 5:], z[::2, 5:], lib.zeros(0, 5).diagonal(), x[:, :, :, :0].contiguous(), z.unfold(1, 2, 1)[:, 4:],
    ):  # fmt: skip
        yield one.stride(), one.is_contiguous()


@program("Tensor.view")
def memory_as_another_dtype(lib):
    x, byte = lib.zeros(4, 8), lib.arange(40).to(lib.uint8).reshape(4, 10)
    yield byte[:, 2:6].view(lib.int16), raised(byte[:, :4].view, lib.int32), raised(byte[:, 1:5].view, lib.int16), raised(byte[:, :3].view, lib.int16)
    yield x[:, 8:].view(lib.int16).stride(), x[2:2].view(lib.float64).stride(), raised(x[:, ::2].view, lib.int16)


@program("Tensor.__reversed__", "Tensor.new", "Tensor.type", "device")
def odd_and_old_ways_to_tensors(lib):
    x = lib.arange(6).reshape(2, 3)
    yield reversed(x), reversed(x[0]), reversed(lib.tensor(3)), reversed(x[None])
    yield x.new().shape, x.new(2, 3).shape, x.new([1, 2])
    yield x.type(lib.Tensor).dtype, lib.zeros(2, dtype=lib.float64).type(lib.Tensor).dtype, raised(x.type, float)
    yield [raised(lib.device, one) for one in ("cpu:", "cuda:", "cuda:1", "", "cpu::1")]


@program("UntypedStorage.from_buffer", "tensor")
def numbers_in_bytes(lib):
    data = bytearray([1, 2, 3, 4])
    read = lib.UntypedStorage.from_buffer
    yield list(read(data, dtype=lib.uint8)), list(read(data, "big", dtype=lib.int16)), raised(read, data, dtype=lib.int16), raised(read, data, "middle", dtype=lib.int16)
    x = lib.arange(4.0)
    yield lib.tensor(x.untyped_storage(), dtype=lib.float32), lib.tensor(x.to(lib.float16).untyped_storage(), dtype=lib.float16)
    sizes = [lib.zeros(n).untyped_storage().__sizeof__() for n in (0, 10, 100)]
    yield sizes[1] - sizes[0], sizes[2] - sizes[0]


@program("arange", "linspace", "logspace", "range")
def as_many_numbers_keep_the_shape_of_out(lib):
    for make in (lambda **k: lib.arange(0, 4, **k), lambda **k: lib.linspace(0, 3, 4, **k), lambda **k: lib.logspace(0, 3, 4, **k), lambda **k: lib.range(0, 3, **k)):
        x = lib.zeros(2, 3)
        piece = x[:, 1:]
        make(out=piece)
        yield x, piece.shape, piece.stride()


@program("Tensor.__setitem__", "index_put", "nonzero", "unravel_index", "tensor_split", "index_select")
def small_matters_of_indexing(lib):
    x = lib.arange(12.0).reshape(3, 4)
    x[1] = x[1][2]
    x[2] = x[2, 3]
    yield x
    x[:2] = x[0, 1].detach()
    yield x
    yield raised(lib.index_put, x, (), lib.tensor(1.0)), raised(x.index_put_, [], lib.tensor(1.0))
    out = lib.zeros(0, dtype=lib.int64)
    yield raised(lib.nonzero, x, as_tuple=True, out=out), raised(lib.nonzero, x, out=out), lib.nonzero(x, as_tuple=True, out=None)
    yield raised(lib.unravel_index, lib.tensor([1.0]), (3,)), raised(lib.tensor_split, x, lib.tensor([1.0])), raised(lib.tensor_split, x, lib.tensor([[1]]))
    empty = lib.zeros(0, 3)
    yield raised(lib.index_select, empty, 0, lib.tensor([0])), lib.index_select(empty, 0, lib.tensor([], dtype=lib.int64)).shape
    yield raised(lib._check_tensor_all, True), raised(lib._check_tensor_all, x), raised(lib._check_tensor_all, x > -1)


@program("Tensor.__getitem__")
def masks_of_bytes_warn(lib):
    x, mask = lib.arange(3.0), lib.tensor([1, 0, 1], dtype=lib.uint8)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield x[mask], x[mask.bool()]
    yield [one.category.__name__ for one in seen]


@program("sum", "mean", "softmax", "cumsum", "cat", "sort", "argmax")
def a_bool_is_no_dimension(lib):
    x = lib.ones(2, 3)
    for name in ("sum", "mean", "softmax", "cumsum", "argmax", "logsumexp", "prod", "any", "unbind", "flip", "size"):
        yield raised(getattr(x, name), True)
    yield raised(lib.cat, [x, x], True), raised(lib.stack, [x, x], True), raised(x.sum, [True, 0]), raised(x.topk, 1, True)
    yield x.sum([0, True]), x.permute(0, True).shape, x.reshape(6, True).shape


@program("tensor", "as_tensor", "asarray")
def what_counts_as_a_sequence(lib):
    one, two = lib.ones(1), lib.ones(2)

    class Row:
        def __len__(self):
            return 2

        def __getitem__(self, at):
            return (1.0, 2.0)[at]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a list of arrays is slow
        for data in ([one, one], [one, 2], [[one], [2]], [lib.ones(1, 1), 1], [np.array([1, 2]), np.array([3, 4])], [np.ones(2), [1, 2]], bytearray(b"ab"),
                     memoryview(bytearray(b"ab")), [bytearray(b"a")], [lib.tensor(2, dtype=lib.int8)], [lib.tensor([True]), 1]):  # fmt: skip
            made = lib.tensor(data)
            yield made, made.dtype
        yield lib.tensor(Row())
        for data in ([two, two], [lib.ones(0), 1], [two], [1, [2]], [[1], 2], [[1, 2], [3]], b"ab", "a", [None], {1}, {1: 2}):
            yield raised(lib.tensor, data)
    yield lib.asarray(lib.utils.dlpack.to_dlpack(two)), raised(lib.asarray, np.float64(0.5), copy=False), lib.asarray(np.float64(0.5)).dtype


@program("arange", "full", "randperm", "cat", "frombuffer", "Tensor.__float__", "Tensor.__int__")
def dtypes_and_bounds_of_what_is_made(lib):
    double = lib.tensor(2.0, dtype=lib.float64)
    yield lib.arange(double).dtype, lib.arange(0, double).dtype, lib.arange(double.half()).dtype, lib.arange(double.int()).dtype
    for value in (double, double.to(lib.int16), double.to(lib.complex128), double.bool()):
        yield lib.full((1,), value).dtype
    for dtype, n in ((lib.uint8, 256), (lib.int8, 128), (lib.int16, 32768), (lib.float16, 2049)):
        yield sum(lib.randperm(n, dtype=dtype).tolist()) == n * (n - 1) // 2, raised(lib.randperm, n + 1, dtype=dtype)
    empty = lib.zeros(0)
    yield lib.cat([empty, empty], dim=1).shape, lib.cat([empty], dim=2).shape, raised(lib.cat, [empty, lib.ones(2, 3)], 2)
    yield [raised(of, lib.tensor(value)) for of in (float, int, complex) for value in (1.5j, 1 + 0j, 2.0)], float(lib.tensor(1 + 0j))
    yield raised(lib.frombuffer, [1], dtype=lib.int8)


@program("save", "load", "promote_types")
def inner_tensors_are_pickled_as_leaves(lib):
    x = lib.tensor([1.0, 2.0], requires_grad=True) * 2
    held = io.BytesIO()
    lib.save(x, held)
    held.seek(0)
    for made in (pickle.loads(pickle.dumps(x)), lib.load(held), copy.copy(x)):
        yield made, made.requires_grad, made.is_leaf
    yield raised(copy.deepcopy, x), raised(lib.promote_types, lib.float8_e5m2, lib.float32), lib.promote_types(lib.float8_e5m2, lib.float8_e5m2).itemsize


@table("", [
    ("masked_fill", "x.masked_fill(x > 0, 1.0)"), ("masked_fill", "x.masked_fill(lib.arange(x.shape[-1]) % 2 == 0, 1.0)"), ("masked_fill", "x.half().masked_fill(x > 0, 1.0)"),
    ("renorm", "x.renorm(2, 0, 0.5)"), ("renorm", "x.half().renorm(2, 1, 0.5)"), ("index_fill", "x.index_fill(0, lib.tensor([1]), 2.0)"),
    ("index_fill", "x.index_fill(-1, lib.tensor([0, 2]), 2.0)"), ("nn.functional.logsigmoid", "lib.nn.functional.logsigmoid(x)"),
    ("nn.functional.rms_norm", "lib.nn.functional.rms_norm(x, x.shape[-1:])"), ("nn.functional.rms_norm", "lib.nn.functional.rms_norm(x, x.shape[-2:], x[(0,) * (x.dim() - 2)])"),
])  # fmt: skip
def how_a_result_lies(lib, name, call):
    """Of operands that lie otherwise than their dimensions stand, without gaps or with some; and written to such memory."""
    last, volume = lib.randn(2, 3, 4, 5).to(memory_format=lib.channels_last), lib.randn(2, 3, 2, 4, 5).to(memory_format=lib.channels_last_3d)
    for x in (last, volume, lib.randn(4, 3).t(), lib.randn(2, 3, 4).permute(2, 0, 1), lib.randn(4, 6)[:, ::2], lib.randn(4, 6).t()[::2], last[:, :2], lib.randn(3, 1).expand(3, 4)):
        found = eval(call, {"x": x, "lib": lib})
        yield found, found.stride(), found.dtype
    for x in (last.clone(), lib.randn(4, 3).t()):
        if name in ("masked_fill", "renorm", "index_fill"):
            found = eval(call.replace(f".{name}(", f".{name}_(").replace(".half()", ""), {"x": x, "lib": lib})
            yield found is x, x, x.stride()


@program("clone", "zeros_like", "Tensor.to", "flip", "rand_like")
def copies_lie_as_what_they_are_of(lib):
    rng = random.Random(0)
    calls = (
        lambda x: x.clone(), lib.zeros_like, lib.rand_like, lambda x: lib.full_like(x, 2.0), lambda x: lib.empty_like(x, dtype=lib.int64),
        lambda x: x.to(lib.float64), lambda x: x.half(), lambda x: x.to(lib.float32, copy=True), lambda x: x.flip(0),
        lambda x: lib.bernoulli(x),
    )  # fmt: skip
    for number in range(400):
        dims = rng.randint(1, 4)
        shape = [rng.choice((1, 1, 2, 3)) for _ in range(dims)]
        order = rng.sample(range(dims), dims)
        x = lib.zeros([shape[at] for at in order]).permute([order.index(at) for at in range(dims)])
        at = rng.randrange(dims)
        if number % 5 == 1:
            x = lib.zeros([size + 2 for size in shape])[tuple(slice(1, 1 + size) for size in shape)]
        elif number % 5 == 2:
            x = x.narrow(at, 0, 1)
        elif number % 5 == 3:
            x = x.narrow(at, 0, 1).expand([2 if i == at else size for i, size in enumerate(shape)])
        elif number % 5 == 4 and dims == 4:
            x = x.contiguous(memory_format=lib.channels_last)
        yield x.stride(), [call(x).stride() for call in calls]
