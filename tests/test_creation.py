"""Tensors from nothing, from Python, from others' memory; conversions copy only where something changes."""

import array as arrays

import numpy as np
import pytest

import lucid
from lucid._kernels import core

DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_constants(dtype):
    dtype = getattr(lucid, dtype)
    for x, value in ((lucid.zeros(2, 3, dtype=dtype), 0), (lucid.ones((2, 3), dtype=dtype), 1),
                     (lucid.full((2, 3), 1, dtype=dtype), 1), (lucid.zeros_like(lucid.ones(2, 3), dtype=dtype), 0),
                     (lucid.ones(1).new_ones(2, 3, dtype=dtype), 1)):  # fmt: skip
        assert x.dtype is dtype
        assert x.shape == (2, 3)
        assert (x.numpy() == value).all()
    assert lucid.eye(2, 3, dtype=dtype).numpy().tolist() == np.eye(2, 3).astype(dtype.name).tolist()


def test_sizes_and_keywords():
    assert lucid.zeros(()).shape == ()
    assert lucid.zeros(size=(2, 0)).shape == (2, 0)
    assert lucid.zeros(lucid.tensor(2), 3).shape == (2, 3)
    assert lucid.zeros(2, requires_grad=True).requires_grad
    out = lucid.ones(2)
    assert lucid.zeros(2, out=out) is out
    assert out.tolist() == [0, 0]
    assert lucid.full((2,), 3).dtype is lucid.int64
    assert lucid.full((2,), True).dtype is lucid.bool
    assert lucid.full((2,), 2j).dtype is lucid.complex64
    assert lucid.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert lucid.empty_permuted((2, 3, 4), (0, 2, 1)).stride() == (12, 1, 3)
    assert lucid.zeros_like(lucid.ones(2, 3).t()).stride() == (1, 3)
    assert lucid.ones(2, 3).new_zeros(4).dtype is lucid.float32
    assert lucid.tensor([1.5]).new_tensor([1, 2]).dtype is lucid.float32


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: lucid.zeros(), TypeError),
        (lambda: lucid.zeros(-1), RuntimeError),
        (lambda: lucid.zeros(2.0), TypeError),
        (lambda: lucid.zeros(True), TypeError),
        (lambda: lucid.zeros(2, foo=1), TypeError),
        (lambda: lucid.zeros(2, dtype=lucid.int64, requires_grad=True), RuntimeError),
        (lambda: lucid.zeros(2, device="cuda"), RuntimeError),
        (lambda: lucid.zeros(2**62, 2**62), (RuntimeError, MemoryError)),
        (lambda: lucid.full((2,), 300, dtype=lucid.uint8), RuntimeError),
        (lambda: lucid.full(2, 1), TypeError),
        (lambda: lucid.eye(-1), RuntimeError),
        (lambda: lucid.arange(0, 1, 0), RuntimeError),
        (lambda: lucid.arange(0, 1, -1), RuntimeError),
        (lambda: lucid.arange(float("nan")), RuntimeError),
        (lambda: lucid.linspace(0, 1, -1), RuntimeError),
        (lambda: lucid.empty_strided((2,), (-1,)), RuntimeError),
        (lambda: lucid.empty_permuted((2, 2), (0, 0)), RuntimeError),
        (lambda: lucid.from_numpy(np.ones(3)[::-1]), ValueError),
        (lambda: lucid.from_numpy(np.ones(3, ">f4")), ValueError),
        (lambda: lucid.from_numpy([1]), TypeError),
        (lambda: lucid.from_numpy(np.array(["a"])), TypeError),
        (lambda: lucid.frombuffer(bytearray(7), dtype=lucid.float32), ValueError),
        (lambda: lucid.frombuffer(bytearray(8), dtype=lucid.float32, count=3), ValueError),
        (lambda: lucid.frombuffer(bytearray(8), dtype=lucid.float32, offset=9), ValueError),
        (lambda: lucid.asarray([1, 2], copy=False), ValueError),
        (lambda: lucid.meshgrid(lucid.ones(2, 2)), RuntimeError),
        (lambda: lucid.vander(lucid.ones(2, 2)), RuntimeError),
        (lambda: lucid.ones(1).to("nowhere"), RuntimeError),
    ],
)
def test_wrong_arguments_are_refused(call, error):
    with pytest.raises(error):
        call()


def test_ranges():
    assert lucid.arange(3).tolist() == [0, 1, 2]
    assert lucid.arange(3).dtype is lucid.int64
    assert lucid.arange(1, 2.5, 0.5).tolist() == [1, 1.5, 2]
    assert lucid.arange(10, 0, -3).tolist() == [10, 7, 4, 1]
    assert lucid.arange(start=1, end=3).tolist() == [1, 2]
    assert lucid.arange(2**53, 2**53 + 3).tolist() == [2**53, 2**53 + 1, 2**53 + 2]
    assert lucid.arange(-1.5, 3.5, 0.5, dtype=lucid.float64).tolist() == np.arange(-1.5, 3.5, 0.5).tolist()
    assert lucid.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert lucid.linspace(0, 10, 4, dtype=lucid.int64).tolist() == [0, 3, 6, 10]
    assert lucid.linspace(3, 5, 1).tolist() == [3]
    assert lucid.logspace(0, 2, 3).tolist() == [1, 10, 100]
    # 0.1 * 30 - 3 is 0 or the rounding of 0.1 * 30, where the processor fuses the two
    np.testing.assert_allclose(lucid.linspace(-3, 7, 101, dtype=lucid.float64).numpy(), np.linspace(-3, 7, 101), atol=1e-15)


def test_grids():
    x, y = lucid.meshgrid(lucid.arange(2), lucid.arange(3), indexing="xy")
    wanted = np.meshgrid(np.arange(2), np.arange(3))
    np.testing.assert_array_equal(x.numpy(), wanted[0])
    np.testing.assert_array_equal(y.numpy(), wanted[1])
    assert lucid.cartesian_prod(lucid.arange(2), lucid.arange(2)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert lucid.combinations(lucid.arange(3)).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert lucid.tril_indices(3, 2, -1).tolist() == [[1, 2, 2], [0, 0, 1]]
    assert lucid.triu_indices(10**12, 2).tolist() == [[0, 0, 1], [0, 1, 1]]  # of which nearly all rows are empty
    assert lucid.tril_indices(10**12, 2, 1 - 10**12).tolist() == [[10**12 - 1], [0]]
    assert lucid.vander(lucid.tensor([1, 2, 3])).tolist() == [[1, 1, 1], [4, 2, 1], [9, 3, 1]]


def test_memory_is_shared_both_ways():
    array = np.arange(6.0).reshape(2, 3)
    for x in (lucid.from_numpy(array), lucid.as_tensor(array), lucid.asarray(array), lucid.from_dlpack(array)):
        x[0, 0] += 1
    assert array[0, 0] == 4
    x = lucid.zeros(3)
    x.numpy()[1] = 5
    seen = np.from_dlpack(x)  # which NumPy 2.0 has read-only
    x[2] = 6
    assert x.tolist() == seen.tolist() == [0, 5, 6]
    buffer = arrays.array("f", [1, 2, 3])
    y = lucid.frombuffer(buffer, dtype=lucid.float32, offset=4)
    y[0] = 9
    assert buffer.tolist() == [1, 9, 3]
    z = lucid.tensor(array)
    z.fill_(0)
    assert array[1, 2] == 5
    with pytest.raises(RuntimeError, match="read-only"):
        lucid.frombuffer(b"12345678", dtype=lucid.int32).fill_(0)


def test_conversions_copy_only_where_something_changes():
    x = lucid.ones(2, 3)
    for same in (x.to(lucid.float32), x.float(), x.cpu(), x.to("cpu"), x.to(lucid.zeros(1)), x.type(lucid.float32),
                 x.type_as(x), lucid.as_tensor(x), lucid.asarray(x)):  # fmt: skip
        assert same is x
    assert x.to(lucid.float32, copy=True) is not x
    for name in ("double", "half", "int", "long", "short", "char", "byte", "bool", "cfloat", "cdouble"):
        y = getattr(x, name)()
        assert (y.numpy() == 1).all()
        assert y.dtype is not x.dtype
    assert x.t().double().stride() == (1, 3)
    assert x.type() == "lucid.FloatTensor"


def test_conversions_are_differentiable():
    x = lucid.ones(3, requires_grad=True)
    (x.double() * lucid.tensor([1.0, 2.0, 3.0], dtype=lucid.float64)).sum().backward()
    assert x.grad.dtype is lucid.float32
    assert x.grad.tolist() == [1, 2, 3]


def test_copies_lay_elements_out():
    array = np.arange(24.0).reshape(2, 3, 4)
    x = lucid.from_numpy(array)
    for found, wanted in (
        (lucid.cat([x, x[:1]]), np.concatenate([array, array[:1]])),
        (lucid.cat([x, lucid.zeros(0)], 1), array),
        (lucid.stack([x, x], -1), np.stack([array, array], -1)),
        (lucid.cat([x.t() if x.ndim == 2 else x.transpose(0, 1), x.transpose(0, 1)], 2),
         np.concatenate([array.swapaxes(0, 1)] * 2, 2)),
        (x.flip(0, 2), array[::-1, :, ::-1]), (x.roll(1, 2), np.roll(array, 1, 2)), (x.roll(5), np.roll(array, 5)),
        (x.rot90(1, (1, 2)), np.rot90(array, 1, (1, 2))), (x.repeat(2, 1, 1, 2), np.tile(array, (2, 1, 1, 2))),
        (x.tile(2), np.tile(array, 2)), (x.repeat_interleave(2, 1), np.repeat(array, 2, 1)),
        (x.repeat_interleave(lucid.tensor([1, 0, 2]), 1), np.repeat(array, [1, 0, 2], 1)),
        (x.tril(-1), np.tril(array, -1)), (x.triu(1), np.triu(array, 1)),
        (lucid.nn.functional.pad(x, (1, -1, 0, 2), value=7),
         np.pad(array, ((0, 0), (0, 2), (1, 0)), constant_values=7)[..., :-1]),
        (lucid.nn.functional.pad(x, (2, 1), mode="reflect"), np.pad(array, ((0, 0), (0, 0), (2, 1)), mode="reflect")),
        (lucid.nn.functional.pad(x, (2, 1), mode="replicate"), np.pad(array, ((0, 0), (0, 0), (2, 1)), mode="edge")),
        (lucid.nn.functional.pad(x, (2, 1), mode="circular"), np.pad(array, ((0, 0), (0, 0), (2, 1)), mode="wrap")),
        (lucid.block_diag(x[0], x[1]), np.block([[array[0], np.zeros((3, 4))], [np.zeros((3, 4)), array[1]]])),
        (x[0, 0].diag(1), np.diag(array[0, 0], 1)), (lucid.hstack([x, x]), np.hstack([array, array])),
        (lucid.vstack([x[0, 0], x[0, 1]]), np.vstack([array[0, 0], array[0, 1]])),
        (lucid.dstack([x, x]), np.dstack([array, array])),
        (lucid.nn.functional.pixel_unshuffle(lucid.nn.functional.pixel_shuffle(x.reshape(4, 3, 2), 2), 2),
         array.reshape(4, 3, 2)),
    ):  # fmt: skip
        np.testing.assert_array_equal(found.numpy(), wanted)
        assert not np.shares_memory(found.numpy(), array)


def test_gradients_of_copies():
    a, b = (lucid.from_numpy(np.random.default_rng(i).standard_normal((3, 4))).requires_grad_() for i in range(2))
    pad = lucid.nn.functional.pad
    for call in (
        lambda a, b: lucid.cat([a, b * b, a], 1), lambda a, b: lucid.stack([a, b * a], 1), lambda a, b: a.flip(0) * b,
        lambda a, b: a.roll((1, 2), (0, 1)) * b, lambda a, b: a.tril() @ b.t().triu(), lambda a, b: a.repeat(2, 2)[:3, :4] * b,
        lambda a, b: pad(a, (1, 1), mode="reflect")[:, :4] * b, lambda a, b: pad(a, (-1, 2, 1, 0))[1:, :4] * b,
        lambda a, b: lucid.block_diag(a, b) ** 2, lambda a, b: a.diagonal_scatter(b[:, 0] ** 2),
        lambda a, b: a.select_scatter(b[0] ** 2, 0, 1), lambda a, b: a.slice_scatter(b[:2] ** 2, 0, 1) * a,
        lambda a, b: lucid.diag_embed(a * b), lambda a, b: a.unfold(1, 2, 1) * b[:, :3, None],
        lambda a, b: a.as_strided((2, 3), (1, 2)) * b[:2, :3], lambda a, b: a.repeat_interleave(2, 0)[:3] * b,
    ):  # fmt: skip
        assert lucid.autograd.gradcheck(call, (a, b))
        assert lucid.autograd.gradgradcheck(call, (a, b))


def test_lists_of_numbers_go_a_short_way_to_the_same_tensors():
    mixed = ([1, 2.0], [0.5, 1, 2**62], [[1, 2], [3, 4.5]])
    for data in ([1.5, -0.0, float("nan"), 1e300], [[1, 2], [3, 4]], [[[1.0]], [[2.0]]], [2**63 - 1, -(2**63)], [[True], [False]], *mixed):
        short = core.from_numbers(data, np.dtype(np.float32), False)
        expected = lucid.tensor(tuple(data)).array  # a tuple takes the long way
        assert short.dtype == expected.dtype and short.shape == expected.shape and short.tobytes() == expected.tobytes()
    for data, dtype in (([1, 2], "float32"), ([1, 2.5], "float64"), ([[1], [2]], "int64"), ([True, False], "bool")):
        short = core.from_numbers(data, np.dtype(dtype), True)
        expected = lucid.tensor(tuple(data), dtype=getattr(lucid, dtype)).array
        assert short.dtype == expected.dtype == dtype and short.shape == expected.shape and short.tobytes() == expected.tobytes()
    assert lucid.tensor([-128, 127], dtype=lucid.int8).tolist() == [-128, 127]
    for other in ([], [[]], [1.0, True], [True, 1], [2**63], [2**63, 0.5], [[1.0], [1.0, 2.0]], [[1.0], 2.0], [1.0, [2.0]], ["1"], [1j]):
        assert core.from_numbers(other, np.dtype(np.float32), False) is None
        assert core.from_numbers(other, np.dtype(np.float32), True) is None
    assert core.from_numbers([1.0], np.dtype(np.float16), False) is None
    assert core.from_numbers([1.0], np.dtype(np.int64), True) is core.from_numbers([1], np.dtype(np.bool_), True) is None


def test_where_and_masked_fill_of_dense_operands_and_numbers():
    x, y = np.float32([1, 2, 3]), np.float32([4, 5, 6])
    mask = np.array([True, False, True])
    a, b, m = lucid.tensor(x), lucid.tensor(y), lucid.tensor(mask)
    for left, right in ((a, b), (a, 0.5), (2, b), (a, float("-inf")), (a, float("nan"))):
        plain = [np.float32(one) if isinstance(one, (int, float)) else one.numpy() for one in (left, right)]
        found = lucid.where(m, left, right)
        assert found.dtype is lucid.float32
        np.testing.assert_array_equal(found.numpy(), np.where(mask, *plain))
    np.testing.assert_array_equal(a.masked_fill(m, float("-inf")).numpy(), np.where(mask, np.float32("-inf"), x))
    with pytest.raises(RuntimeError, match="0-dimensional value"):
        a.masked_fill(m, b)


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16])
@pytest.mark.parametrize("value", [0.0, -0.0, 1, -0.7, 1e30, float("-inf"), float("nan")])
def test_half_precision_is_filled(dtype, value):
    wanted = lucid.tensor([value]).to(dtype).view(lucid.int16)
    if value != 1e30 or dtype is lucid.bfloat16:
        assert lucid.equal(lucid.full((3, 70), value, dtype=dtype).view(lucid.int16), wanted.expand(3, 70))
        x = lucid.zeros(4, 50, dtype=dtype)
        x[::2, 1::3] = value
        assert lucid.equal(x[::2, 1::3].contiguous().view(lucid.int16), wanted.expand(2, 17))
        assert not x[1::2].any() and not x[:, ::3].any()
    assert lucid.equal(lucid.ones_like(lucid.empty(5, 3, dtype=dtype)), lucid.ones(5, 3).to(dtype))


def test_memory_that_nobody_wrote_to_is_filled_where_results_have_to_be_deterministic():
    from lucid.utils import deterministic

    lucid.use_deterministic_algorithms(True)
    try:
        for x in (lucid.empty(3), lucid.empty_like(lucid.ones(2, 2)), lucid.ones(1).new_empty(2), lucid.empty_strided((2, 2), (1, 2))):
            assert x.isnan().all()
        assert lucid.empty(2, dtype=lucid.int16).tolist() == [32767, 32767] and lucid.empty(2, dtype=lucid.bool).all()
        assert lucid.ones(1).resize_(3).isnan().tolist() == [False, True, True]
        deterministic.fill_uninitialized_memory = False
        assert lucid.empty(2, out=lucid.ones(2)).tolist() == [1, 1]
    finally:
        lucid.use_deterministic_algorithms(False)
        deterministic.fill_uninitialized_memory = True
    assert lucid.empty(2, out=lucid.ones(2)).tolist() == [1, 1]
