"""The kernels that copy and convert, held against NumPy."""

import platform

import ml_dtypes  # noqa: F401  (makes bfloat16 known to NumPy)
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_arrays import REAL, make

from lucid._kernels import core


@st.composite
def views(draw):
    """A view of a buffer, a fresh buffer, and a view of the same shape of that; of so many elements that the kernel copies."""
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.int32, np.int64, np.complex128]))
    shape = draw(st.lists(st.integers(1, 40), max_size=3) | st.lists(st.integers(1, 4), max_size=6))
    steps = [draw(st.sampled_from([1, 1, 2, -1])) for _ in shape]
    shape.append(-(-1024 // int(np.prod([-(-size // abs(step)) for size, step in zip(shape, steps)], dtype=int))))
    steps.append(1)
    rank = len(shape)
    buffer = (np.arange(int(np.prod(shape)) + 3) % 251).astype(dtype)
    source = buffer[draw(st.integers(0, 3)) :][: int(np.prod(shape))].reshape(shape)
    source = source[tuple(slice(None, None, step) for step in steps)].transpose(draw(st.permutations(range(rank))))
    if draw(st.booleans()):
        source = np.broadcast_to(source, (draw(st.integers(1, 3)), *source.shape))
    order = draw(st.permutations(range(source.ndim)))
    padded = [source.shape[axis] + draw(st.integers(0, 1)) for axis in order]
    fresh = np.zeros(int(np.prod(padded)), dtype)
    target = fresh.reshape(padded)[tuple(slice(0, source.shape[axis]) for axis in order)].transpose(np.argsort(order))
    if draw(st.booleans()):
        target = target[::-1]
    return source, fresh, target


@settings(deadline=None, max_examples=200)
@given(views())
def test_copy_of_any_strides(case):
    source, fresh, target = case
    target[...] = 1
    untouched = fresh == 0
    core.move(source, target)
    assert np.array_equal(target, source)
    assert not fresh[untouched].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.complex128])
@pytest.mark.parametrize("shape", [(1024, 300), (650, 1), (7, 130), (3, 65, 67)])
def test_copy_transposes_in_tiles(shape, dtype):
    x = np.arange(np.prod(shape)).astype(dtype).reshape(shape)
    turned = x.swapaxes(-1, -2)
    out = np.empty(turned.shape, dtype)
    core.move(turned, out)
    assert np.array_equal(out, turned)


EVERY = ["bool", *REAL, "float16", "bfloat16", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("source", EVERY)
@pytest.mark.parametrize("target", EVERY)
def test_cast(source, target):
    values = [0, 1, 3.7, 100, 127, 0.3] if "u" in source[0] + target[0] else [0, 1, -1, 3.7, -2.5, 100, -100, 127, 0.3]
    x = np.array(values * 120).astype(source).reshape(-1, 6, order="F")
    for one in (x, x.T, x[::2, 1:]):
        out = core.cast(one, np.dtype(target))
        assert out.dtype == target and np.array_equal(out, one.astype(target))
        assert (out.strides[0] < out.strides[1]) == (one.strides[0] < one.strides[1])


def test_cast_of_floats_out_of_range_goes_through_int32():
    x = np.array([300, -1.7, 70000], np.float32)  # beyond int32 the result is the processor's
    for target, wanted in (("uint8", [44, 255, 112]), ("int16", [300, -1, 4464])):
        assert core.cast(x, np.dtype(target)).tolist() == wanted
    assert core.cast(np.array([300, -1.7, np.nan, np.inf, 3e9, 70000], np.float32), np.dtype(bool)).all()


def test_cast_of_large_unsigned_integers():
    most = {dtype: np.iinfo(dtype).max for dtype in ("uint16", "uint32", "uint64")}
    for source, last in most.items():
        x = np.array([last, last // 2 + 1, 7] * 300, source)
        for target in ("float32", "float64", "int64", "int8", "bool", "bfloat16", *most):
            found = core.cast(x, np.dtype(target))
            assert found.dtype == target and np.array_equal(found, x.astype(target)), (source, target)


def test_cast_of_floats_to_unsigned_integers_wraps():
    nan = 0 if platform.machine() in ("aarch64", "arm64") else 2**63  # as the processor has it
    for wide in ("float32", "float64"):
        x = np.array([1.5, -1.5, 70000, -(2.0**33), 2.0**63, 1.5 * 2.0**63, np.nan] * 100, wide)
        for target, wanted in {
            "uint16": [1, 65535, 4464],
            "uint32": [1, 2**32 - 1, 70000, 0],
            "uint64": [1, 2**64 - 1, 70000, 2**64 - 2**33, 2**63, 3 * 2**62, nan],
        }.items():
            found = core.cast(x, np.dtype(target)).reshape(-1, 7)
            assert (found == found[0]).all() and found[0].tolist()[: len(wanted)] == wanted, target


def test_cast_of_doubles_to_half_precision_goes_through_float32():
    x = np.array([1 + 2.0**-11 + 2.0**-40])
    assert core.cast(x, np.dtype("float16")) == 1 != x.astype("float16")


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_cast_of_half_precision_has_the_right_bits(half):
    every = np.arange(1 << 16, dtype=np.uint16).view(half)
    wide = core.cast(every, np.dtype("float32"))
    there, nan = wide.view(np.uint32), (every.view(np.uint16) & 0x7FFF) > (0x7C00 if half == "float16" else 0x7F80)
    with np.errstate(invalid="ignore"):  # of signalling NaN
        wanted = every.astype("float32").view(np.uint32)
    assert np.array_equal(there[~nan], wanted[~nan])
    assert np.array_equal(nan, np.isnan(wide)) and np.array_equal(every.view(np.int16) < 0, np.signbit(wide))
    back = core.cast(wide, np.dtype(half))
    assert np.array_equal(back.view(np.uint16)[~nan], every.view(np.uint16)[~nan]) and np.isnan(back[nan].tolist()).all()
    # what lies between two neighbours, and halfway
    between = there[:, None] + np.array([1, 0x7FF, 0xFFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0x8001], np.uint32)
    x = between[~nan].view(np.float32)
    with np.errstate(all="ignore"):
        wanted = x.astype(half)
    found, nan = core.cast(x, np.dtype(half)), np.isnan(x)
    assert np.array_equal(found.view(np.uint16)[~nan], wanted.view(np.uint16)[~nan]) and np.isnan(found[nan].tolist()).all()


@pytest.mark.parametrize("dtype", ["bool", "float16", "bfloat16", "int32", "float64", "complex128"])
@pytest.mark.parametrize("shape", [(7, 9), (40, 50), (3, 1, 70, 65), (2, 2000)])
def test_move_and_fill_between_arrays_of_any_strides(shape, dtype):
    whole = make([2 * n for n in shape], "float32").astype(dtype)
    at = [tuple(one(n) for n in shape) for one in (lambda n: slice(n), lambda n: slice(None, None, -2), lambda n: slice(None, None, 2))]
    first, back, _ = pieces = [whole[one] for one in at]
    one = np.broadcast_to(first[(0,) * len(shape)], shape)
    for source in (*pieces, one, first.T.copy().T, first[:1], back[-1]):
        for place in at:
            out, wanted = whole.copy(), whole.copy()
            wanted[place] = source
            core.move(source, out[place])
            assert out.tobytes() == wanted.tobytes()
        assert core.copied(source).flags.c_contiguous and core.copied(source).tobytes() == source.tobytes()
    for place in at:
        out, wanted = whole.copy(), whole.copy()
        wanted[place] = 3
        core.fill(out[place], 3)
        assert out.tobytes() == wanted.tobytes()
    out = whole.copy()
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        core.move(whole, out)
    with pytest.raises(ValueError, match="read-only"):
        core.fill(out, 3)


@pytest.mark.parametrize("dtype", ["bool", "float16", "int32", "complex128"])
@pytest.mark.parametrize("shape", [(2, 3), (7, 9), (40, 50), (3, 1, 70, 65)])
def test_move_piece_is_move_between_what_indices_pick(shape, dtype):
    whole = make([2 * n for n in shape], "float32").astype(dtype)
    pieces = [tuple(one(n) for n in shape) for one in (lambda n: slice(n), lambda n: slice(-1, -n - 1, -1), lambda n: slice(1, None, 2))]
    rows, row, number = pieces[0][:-1], (slice(0, 1), *pieces[0][1:]), (0,) * len(shape)
    none = (slice(3, 3), *pieces[0][1:])
    for from_ in (*pieces, row, number, (0, *pieces[0][1:])):
        for into in pieces:
            out, wanted = whole.copy(), whole.copy()
            wanted[into] = whole[from_]
            core.move_piece(whole, from_, out, into)
            assert out.tobytes() == wanted.tobytes()
    for from_, into in ((rows, rows), (none, none), (number, ()), ((), ())):
        out, wanted = np.zeros_like(whole), np.zeros_like(whole)
        wanted[into] = whole[from_]
        core.move_piece(whole, from_, out, into)
        assert out.tobytes() == wanted.tobytes()
    with pytest.raises(ValueError, match="broadcast"):
        core.move_piece(whole, pieces[0], whole.copy(), ())
    with pytest.raises(IndexError):
        core.move_piece(whole, (slice(None),) * (len(shape) + 1), whole.copy(), ())
    whole.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        core.move_piece(whole, (), whole, ())


@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "int64", "complex128"])
@pytest.mark.parametrize("shape", [(), (5,), (3, 0), (2000, 3), (17, 31), (3, 4, 5000)])
def test_zipped(shape, dtype):
    x, y = (make(shape, "float32", seed).astype(dtype) for seed in (1, 2))
    for a, b in ((x, y), (y, x), (x.T, y.T), (x[::2], y[::2]) if shape else (x, y), (x, x), (np.broadcast_to(x[..., None], (*shape, 3)),) * 2):
        out = np.zeros((*a.shape, 2), dtype)
        assert core.zipped(a, b, out)
        assert np.array_equal(out, np.stack([a, b], -1))
        back = np.zeros((2, *a.shape), dtype)
        assert core.zipped(a, b, np.moveaxis(back, 0, -1)) and np.array_equal(back, [a, b])
    out = np.zeros((*shape, 2), dtype)
    others = [(x, y, np.zeros((*shape, 3), dtype)), (x, np.zeros(shape, "int16"), out), (x, y, np.zeros((*shape, 2), "int16"))]
    if x.ndim > 1 and x.size:
        others += [(x, np.asfortranarray(y), out), (x, y[:1], out), (x[:1], y[:1], out)]
    for a, b, target in others:
        assert not core.zipped(a, b, target) and not target.any()
