"""Tensor: construction, conversion, sharing memory with others, copies, printing, errors."""

import copy
import pickle

import numpy as np
import pytest

import lucid
from lucid import Tensor


def test_the_constructor_makes_floats_and_copies():
    assert Tensor([1, 2]).dtype is lucid.float32
    assert Tensor([1, 2], dtype=lucid.int64).dtype is lucid.int64
    array = np.ones(3)
    t = Tensor(array)
    array[0] = 5
    assert t.tolist() == [1, 1, 1] and t.dtype is lucid.float32
    assert Tensor(3.5).shape == ()
    assert Tensor([[1.0], [2.0]]).shape == (2, 1)


@pytest.mark.parametrize("data, error", [
    ([[1, 2], [3]], ValueError), ([1, [2]], (TypeError, ValueError)), (["a"], ValueError), ([None], TypeError),
])  # fmt: skip
def test_what_is_no_tensor_is_refused(data, error):
    with pytest.raises(error):
        Tensor(data)


def test_tensor_infers_dtypes():
    assert lucid.tensor([1, 2]).dtype is lucid.int64
    assert lucid.tensor([1, 2.5]).dtype is lucid.float32
    assert lucid.tensor([True]).dtype is lucid.bool
    assert lucid.tensor([1j]).dtype is lucid.complex64
    assert lucid.tensor(np.float64(1)).dtype is lucid.float64


def test_conversion_to_python():
    t = lucid.tensor([[1.5, 2.0]])
    assert t.tolist() == [[1.5, 2.0]] and len(t) == 1 and [row.tolist() for row in t] == [[1.5, 2.0]]
    one = lucid.tensor(2.5)
    assert (one.item(), float(one), int(one), bool(one), f"{one:.1f}") == (2.5, 2.5, 2, True, "2.5")
    assert list(range(5))[lucid.tensor(3)] == 3
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(t)
    with pytest.raises(RuntimeError, match="cannot be converted to Scalar"):
        t.item()
    with pytest.raises(TypeError, match="0-d"):
        len(one)
    with pytest.raises(TypeError):
        [1][lucid.tensor(0.0)]


def test_numpy_shares_memory_both_ways():
    array = np.arange(6.0).reshape(2, 3)
    t = lucid.from_numpy(array)
    t[0, 0] = 7
    assert array[0, 0] == 7
    t.numpy()[1, 1] = 9
    assert t[1, 1].item() == 9
    assert np.asarray(t).base is not None
    with pytest.raises(RuntimeError, match="requires grad"):
        lucid.ones(2).requires_grad_().numpy()
    assert np.add(lucid.ones(2).numpy(), 1).tolist() == [2, 2]


def test_dlpack_of_bfloat16():
    x = lucid.tensor([[1.5, 2.0], [3.0, -0.25]], dtype=lucid.bfloat16)

    class Other:
        """Of another library."""

        dtype = "other.bfloat16"

        def __dlpack__(self):
            return x.__dlpack__(max_version=(1, 0))

    for hand in (lambda: lucid.utils.dlpack.to_dlpack(x.t()), lambda: x.t().__dlpack__(max_version=(1, 0))):
        found = lucid.from_dlpack(hand())
        assert found.dtype is lucid.bfloat16 and found.tolist() == [[1.5, 3.0], [2.0, -0.25]] and found.stride() == (1, 2)
        found[0, 0] += 1
        assert x[0, 0] == found[0, 0]
        x[0, 0] = 1.5
    assert lucid.from_dlpack(Other()).tolist() == x.tolist() and lucid.from_dlpack(Other()).data_ptr() == x.data_ptr()
    assert lucid.from_dlpack(Other(), copy=True).data_ptr() != x.data_ptr()


def test_dlpack_both_ways():
    t = lucid.arange(4.0)
    array = np.from_dlpack(t)
    array_view = lucid.from_dlpack(np.arange(4.0))
    assert array.tolist() == [0, 1, 2, 3] and array_view.tolist() == [0, 1, 2, 3]
    t[0] = 9
    assert array[0] == 9
    with pytest.raises(BufferError):
        np.from_dlpack(lucid.ones(2).requires_grad_())


@pytest.mark.parametrize("dtype", [
    lucid.bool, lucid.uint8, lucid.uint16, lucid.uint32, lucid.uint64, lucid.int8, lucid.int16, lucid.int32, lucid.int64,
    lucid.float16, lucid.bfloat16, lucid.float32, lucid.float64, lucid.complex32, lucid.complex64, lucid.complex128,
])  # fmt: skip
def test_pickle_deepcopy_and_files_keep_everything(dtype, tmp_path):
    t = lucid.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype).t()
    lucid.save({"a": [t, t]}, tmp_path / "file")
    loaded = lucid.load(tmp_path / "file")["a"]
    assert loaded[0].data_ptr() == loaded[1].data_ptr()
    for twin in (pickle.loads(pickle.dumps(t)), copy.deepcopy(t), loaded[0]):
        assert twin.dtype is dtype and twin.shape == t.shape and twin.tolist() == t.tolist()
        assert twin.data_ptr() != t.data_ptr()
    assert pickle.loads(pickle.dumps(dtype)) is dtype


@pytest.mark.parametrize("name", ["uint16", "uint32", "uint64"])
def test_larger_unsigned_integers(name):
    dtype, most = getattr(lucid, name), 2 ** int(name[4:]) - 1
    x = lucid.tensor([3, most, 0, most // 2 + 1], dtype=dtype)
    assert x.tolist() == [3, most, 0, most // 2 + 1] and str(x) == str(x.tolist()) and x[1].item() == lucid.iinfo(dtype).max == most
    assert x.numpy().dtype == name and lucid.from_numpy(x.numpy()).dtype is dtype and np.from_dlpack(x).dtype == name
    assert x.sort().values.tolist() == sorted(x.tolist()) and x.sort(descending=True).indices.tolist() == [1, 3, 0, 2]
    assert lucid.cat([x, x]).unique().tolist() == sorted(x.tolist())
    assert lucid.tensor([most] * 2000, dtype=dtype).unique().tolist() == [most]
    assert (x == x.clone()).all() and (x == most).tolist() == [False, True, False, False]
    assert (x ^ most).tolist() == [most - one for one in x.tolist()] and (x * 2)[3] == 0
    assert x.sum().dtype is lucid.int64 and x.any() and not x.all() and not x.signbit().any()
    assert (x / 2).dtype is lucid.float32 and (x / 2)[1] == float(most) / 2 and (x + 0.5).dtype is lucid.float32
    assert lucid.promote_types(dtype, lucid.float16) is lucid.float16
    for other in (lucid.int64, lucid.uint8, lucid.bool, lucid.complex64):
        with pytest.raises(RuntimeError, match="[Pp]romotion"):
            lucid.promote_types(dtype, other)
    for refused in (lambda: x + 1, lambda: x - x, lambda: x < x, lambda: ~x, lambda: x // 2, lambda: x.max(), lambda: x.argmin(),
                    lambda: x.cummax(0), lambda: lucid.rand(2, dtype=dtype), lambda: lucid.hash_tensor(x)):  # fmt: skip
        with pytest.raises(NotImplementedError, match="UInt"):
            refused()
    with pytest.raises(OverflowError if name == "uint64" else RuntimeError):
        lucid.tensor([most + 1], dtype=dtype)


def test_complex32_is_computed_in_complex64():
    x = lucid.tensor([[1 + 2j, -0.5j], [3, 70000]], dtype=lucid.chalf)
    assert x.dtype is lucid.complex32 and x.tolist() == [[1 + 2j, -0.5j], [3, float("inf")]] and str(x[0]) == "[1.0+2.0j, -0.0-0.5j]"
    x = x[:, 0]
    assert (x.real.dtype, x.imag.tolist()) == (lucid.float16, [2, 0]) and x.real.data_ptr() == x.data_ptr()
    assert lucid.view_as_real(x).tolist() == [[1, 2], [3, 0]] and lucid.view_as_complex(lucid.view_as_real(x)).data_ptr() == x.data_ptr()
    x.imag[1] = 4
    assert x.tolist() == [1 + 2j, 3 + 4j] and x.conj().tolist() == [1 - 2j, 3 - 4j]
    for found, wanted in ((x + x, [2 + 4j, 6 + 8j]), (x * 1j, [-2 + 1j, -4 + 3j]), (-x, [-1 - 2j, -3 - 4j]), (x - 1, [2j, 2 + 4j]),
                          (lucid.where(x == x[0], 5, x), [5, 3 + 4j]), (lucid.cat([x, x[:1]])[1:], [3 + 4j, 1 + 2j]),
                          (lucid.complex(x.real, x.imag), [1 + 2j, 3 + 4j]), (lucid.ones(2).half() + 1j, [1 + 1j] * 2)):  # fmt: skip
        assert found.dtype is lucid.complex32 and found.tolist() == wanted
    assert x.abs().dtype is lucid.float16 and x.abs()[1] == 5 and x.to(lucid.complex64).dtype is lucid.complex64
    assert lucid.finfo(lucid.complex32).max == 65504 and lucid.float16.to_complex() is lucid.complex32
    assert lucid.promote_types(lucid.complex32, lucid.float32) is lucid.complex64
    y = lucid.ones(2, dtype=lucid.complex32, requires_grad=True)
    (y * x).real.sum().backward()
    assert y.grad.dtype is lucid.complex32 and y.grad.tolist() == x.conj().tolist()


def test_hash_tensor_is_the_exclusive_or_of_all_bits():
    x = lucid.tensor([[1.5, -2.25], [3.0, 1.5]])
    bits = x.numpy().astype(np.float64).view(np.uint64)
    assert lucid.hash_tensor(x).item() == bits[0, 1] ^ bits[1, 0] and lucid.hash_tensor(x).dtype is lucid.uint64
    assert lucid.hash_tensor(x, 1, keepdim=True).tolist() == (bits[:, :1] ^ bits[:, 1:]).tolist()
    assert lucid.hash_tensor(x.half()).item() == lucid.hash_tensor(x).item()
    assert lucid.hash_tensor(lucid.tensor([-1, 2], dtype=lucid.int8)).item() == 2**64 - 3
    with pytest.raises(RuntimeError, match="mode"):
        lucid.hash_tensor(x, mode=1)
    with pytest.raises(NotImplementedError, match="Complex"):
        lucid.hash_tensor(x + 1j)


def test_views_share_memory_and_versions():
    x = lucid.arange(6.0).reshape(2, 3)
    view = x.t()
    view[0, 1] = 50
    assert x[1, 0].item() == 50 and x._version == view._version == 1
    assert x[1].storage_offset() == 3 and x.t().stride() == (1, 3) and not x.t().is_contiguous()
    assert x.data_ptr() == view.data_ptr()


def test_printing():
    assert str(lucid.tensor([0.1, 1.0])) == "[0.1, 1.0]"
    assert repr(lucid.tensor([0.1, 1.0])) == "Tensor([0.1, 1.0])"
    assert repr(lucid.tensor([1], dtype=lucid.int32)) == "Tensor([1], dtype=lucid.int32)"
    assert repr(lucid.zeros(0, 3)) == "Tensor([], size=(0, 3))"
    assert str(lucid.zeros(2**40, 0)) == "[]"
    assert str(lucid.tensor([[1, 2], [3, 4]])) == "[[1, 2],\n [3, 4]]"
    assert "..." in str(lucid.zeros(2000)) and len(str(lucid.zeros(2000))) < 100
    assert str(lucid.tensor([float("nan"), float("inf"), -0.0])) == "[nan, inf, -0.0]"
    x = lucid.ones(1).requires_grad_()
    assert str(x * 1) == "Tensor([1.0], grad=None)" and "grad_fn=<MulBackward0>" in repr(x * 1)
    lucid.set_printoptions(precision=2)
    try:
        assert str(lucid.tensor([1 / 3])) == "[0.33]"
    finally:
        lucid.set_printoptions(profile="default")


def test_sizes_that_no_memory_holds_are_refused():
    for shape in ((2**62,), (2**31, 2**31), (2**40, 2**10)):
        with pytest.raises((RuntimeError, MemoryError)):
            lucid.empty(shape)
    with pytest.raises(RuntimeError, match="negative"):
        lucid.zeros(-1)


def test_read_only_arrays_are_read_and_never_written():
    array = np.ones(3)
    array.flags.writeable = False
    t = lucid.from_numpy(array.copy())
    frozen = lucid._kernels.core.wrap(array)
    assert (frozen + t).tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="read-only"):
        frozen.add_(1)
    assert array.tolist() == [1, 1, 1]


def test_expanded_tensors_are_not_written():
    with pytest.raises(RuntimeError, match="single memory location"):
        lucid.zeros(1).expand(3).add_(1)


def test_memory_is_counted_and_reused():
    lucid.empty_cache()
    x = lucid.zeros(1 << 16)
    before = lucid.memory_stats()
    assert before["allocated_bytes"] >= x.nbytes and x.data_ptr() % 64 == 0
    del x
    assert lucid.memory_stats()["cached_bytes"] > 0
    y = lucid.zeros(1 << 16)
    assert lucid.memory_stats()["cache_hits"] > before["cache_hits"]
    del y
    lucid.empty_cache()
    assert lucid.memory_stats()["cached_bytes"] == 0


def test_show_config(capsys):
    lucid.show_config()
    printed = capsys.readouterr().out
    for word in ("version", "simd", "threads", "blas", "allocator"):
        assert word in printed


def test_the_buffer_protocol_shares_memory():
    x = lucid.arange(6.0).reshape(2, 3).t()
    view = memoryview(x)
    assert view.shape == (3, 2) and view.strides == (4, 12) and view.format == "f" and not view.readonly
    view[1, 1] = 40.0
    assert x[1, 1].item() == 40 and bytes(memoryview(lucid.tensor([1, 2], dtype=lucid.uint8))) == b"\x01\x02"
    del x
    assert view[2, 1] == 5
    with pytest.raises(BufferError, match="detach"):
        memoryview(lucid.ones(1, requires_grad=True))


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16, lucid.float64])
def test_integers_become_the_default_dtype(dtype):
    whole = lucid.tensor([3, 4])
    try:
        lucid.set_default_dtype(dtype)
        for found in (whole.exp(), whole.lgamma(), whole / 2, lucid.atan2(whole, whole[0])):
            assert found.dtype == dtype and bool(found.isfinite().all())
    finally:
        lucid.set_default_dtype(lucid.float32)


def test_a_tensor_that_nobody_filled_is_empty():
    bare = lucid.Tensor.__new__(lucid.Tensor)
    assert (bare.shape, bare.ndim, bare.dtype) == ((0,), 1, lucid.float32) and lucid.exp(bare).tolist() == []


def test_a_storage_keeps_its_size_while_something_lies_over_it():
    """Memory is that of NumPy arrays, which do not follow it when it moves."""
    for hand_out in (lambda one: lucid.empty(0, dtype=lucid.uint8).set_(one), np.asarray, lambda one: one[1:], lambda one: lucid.ByteTensor(one)):
        storage = lucid.UntypedStorage([1, 2, 3])
        storage.resize_(4)
        kept = hand_out(storage)
        assert not storage.resizable() and kept is not None
        with pytest.raises(RuntimeError, match="not resizable"):
            storage.resize_(0)
    with pytest.raises(RuntimeError, match="not resizable"):
        lucid.ones(3).untyped_storage().resize_(0)


def test_a_storage_is_all_of_the_memory_that_strange_views_share():
    base = np.arange(12, dtype=np.int32).reshape(3, 4)
    for array in (base, base.T, base[::2], base[:, 1:3], np.asfortranarray(base), base[1, 1:2].reshape(())):
        tensor = lucid.from_numpy(array)
        cells = tensor.storage()
        assert sorted(cells.tolist()) == list(range(12)) and cells.nbytes() == 48
        assert cells[tensor.storage_offset()] == tensor.flatten()[0]
    assert lucid.zeros(0, 3).storage().tolist() == lucid.zeros(0, 3).untyped_storage()[:4].tolist() == []


def test_limits_of_pythons_types():
    assert lucid.finfo(float) == lucid.finfo(lucid.float64) and lucid.finfo(complex).bits == 64 and lucid.iinfo(int) == lucid.iinfo(lucid.int64)
    for limits, kind in ((lucid.finfo, int), (lucid.iinfo, float), (lucid.iinfo, bool), (lucid.finfo, str)):
        with pytest.raises(TypeError):
            limits(kind)


def test_limits_show_as_pytorch_shows_them_and_have_no_hash():
    assert str(lucid.iinfo(lucid.int64)) == "iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)"
    assert repr(lucid.iinfo(lucid.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
    with pytest.raises(TypeError):
        hash(lucid.finfo(lucid.float32))
