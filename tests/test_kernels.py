"""The kernels that copy, reduce, normalise, sort, index and judge, called directly and held against NumPy.

References are written in float64 and as plainly as NumPy allows. Sizes cross the kernels' own seams (vector lanes,
tiles, blocks, the grain of a thread). What a caller may get wrong must raise, not read elsewhere.
"""

import platform

import ml_dtypes  # noqa: F401  (makes bfloat16 known to NumPy)
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lucid._kernels import core, index, loss, norm, optim, pool, reduce, sort, threads

FLOATS = ["float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
REAL = INTEGERS + FLOATS
ELEMENT = {1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64, 16: np.complex128}
FOLDED = [(1, 1, 1), (1, 16, 1), (3, 100, 1), (70, 9, 1), (1, 200_000, 1), (2, 300, 3), (1, 1000, 17), (2, 5, 1100)]
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


def flat(array):
    return np.ascontiguousarray(array).reshape(-1)


def moved(array):
    """A flat array as elements that only move."""
    return flat(array).view(ELEMENT[array.dtype.itemsize])


def make(shape, dtype, seed=0, special=False):
    rng = np.random.default_rng(seed)
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return rng.integers(max(info.min, -50), 50, shape).astype(dtype)
    x = rng.standard_normal(shape).astype(dtype)
    if special:
        x = np.round(x)
        for value in (np.nan, -np.nan, np.inf, -np.inf, -0.0):
            x[rng.random(shape) < 0.02] = value
    return x


def close(found, wanted, dtype, factor=1.0):
    np.testing.assert_allclose(
        found, flat(wanted), rtol=factor * TOLERANCE[dtype], atol=factor * TOLERANCE[dtype]
    )


# ---------------------------------------------------------------------------------------------------- copy


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


# ---------------------------------------------------------------------------------------------------- reduce


def norms(p):
    with np.errstate(all="ignore"):
        return lambda x: (np.abs(x) ** p).sum(1) ** (1 / p)


def logsumexp(x):
    top = x.max(1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(all="ignore"):
        return (np.log(np.exp(x - top).sum(1, keepdims=True)) + top)[:, 0]


REDUCTIONS = {
    "sum": lambda x: x.sum(1),
    "mean": lambda x: x.mean(1),
    "nansum": lambda x: np.nansum(x, 1),
    "prod": lambda x: x.prod(1),
    "amax": lambda x: x.max(1),
    "amin": lambda x: x.min(1),
    "logsumexp": logsumexp,
    "norm_0": lambda x: (x != 0).sum(1),
    "norm_1": norms(1),
    "norm_2": norms(2),
    "norm_inf": lambda x: np.abs(x).max(1),
    "norm_minus_inf": lambda x: np.abs(x).min(1),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", FOLDED)
@pytest.mark.parametrize("op", REDUCTIONS)
def test_reduce(op, shape, dtype, special):
    x = make(shape, dtype, special=special)
    if op == "prod":
        x = np.sign(x) * (1 + x / 1000 if not special else 1)
        x = x.astype(dtype)
    out = np.empty(shape[0] * shape[2], dtype)
    reduce.reduce(flat(x), out, *shape, reduce.codes[op])
    wanted = REDUCTIONS[op](x.astype(np.float64))
    scale = np.sqrt(shape[1]) if op in ("sum", "nansum", "prod") else 1
    close(out, wanted, dtype, 2 * scale)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [3.0, 0.5, -1.5])
def test_reduce_norm_of_any_order(p, dtype):
    x = make((3, 77, 5), dtype)
    out = np.empty(15, dtype)
    reduce.reduce(flat(x), out, 3, 77, 5, reduce.codes["norm_p"], p)
    close(out, norms(p)(x.astype(np.float64)), dtype, 10)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("shape", FOLDED)
def test_reduce_integers(shape, dtype):
    x = make(shape, dtype)
    out, long = np.empty(shape[0] * shape[2], dtype), np.empty(shape[0] * shape[2], np.int64)
    for op, wanted in (("amax", x.max(1)), ("amin", x.min(1))):
        reduce.reduce(flat(x), out, *shape, reduce.codes[op])
        assert np.array_equal(out, flat(wanted))
    for op, wanted in (
        ("sum", x.sum(1, dtype=np.int64)),
        ("prod", x.prod(1, dtype=np.int64)),
        ("count_nonzero", np.count_nonzero(x, 1)),
    ):
        reduce.reduce_long(flat(x), long, *shape, reduce.codes[op])
        assert np.array_equal(long, flat(wanted))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape", FOLDED)
def test_any_all(shape, dtype):
    x = make(shape, dtype) * (np.random.default_rng(1).random(shape) < 0.5)
    x = x.astype(dtype)
    x[0] = 0
    x[-1, :, -1] = 5
    out = np.empty(shape[0] * shape[2], np.uint8)
    for op, wanted in (("any", (x != 0).any(1)), ("all", (x != 0).all(1))):
        reduce.reduce_bool(flat(x), out, *shape, reduce.codes[op])
        assert np.array_equal(out, flat(wanted))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape", FOLDED)
def test_argreduce_takes_the_first_extreme_or_nan(shape, dtype):
    x = make(shape, dtype, special=True)
    values, found = np.empty(shape[0] * shape[2], dtype), np.empty(shape[0] * shape[2], np.int64)
    for op, wanted in (("argmax", x.argmax(1)), ("argmin", x.argmin(1))):  # NumPy's rule is the same
        reduce.argreduce(flat(x), values, found, *shape, reduce.codes[op])
        assert np.array_equal(found, flat(wanted))
        assert np.array_equal(values, flat(np.take_along_axis(x, wanted[:, None], 1)), equal_nan=dtype in FLOATS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", FOLDED)
@pytest.mark.parametrize(("correction", "root"), [(1, False), (0, True), (2.5, False)])
def test_var_mean(shape, correction, root, dtype):
    x = make(shape, dtype) + 100
    x = x.astype(dtype)
    var, mean = np.empty(shape[0] * shape[2], dtype), np.empty(shape[0] * shape[2], dtype)
    reduce.var_mean(flat(x), var, mean, *shape, correction, root)
    exact = x.astype(np.float64)
    wanted = ((exact - exact.mean(1, keepdims=True)) ** 2).sum(1) / max(shape[1] - correction, 0)
    close(var, np.sqrt(wanted) if root else wanted, dtype)
    close(mean, exact.mean(1), dtype)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", FOLDED)
def test_scan(shape, dtype):
    x = make(shape, dtype)
    out = np.empty(x.size, dtype)
    for op, wanted in (("cumsum", np.cumsum), ("cumprod", np.cumprod)):
        reduce.scan(flat(x), out, *shape, reduce.codes[op])
        # float32 is carried in float64, as PyTorch does
        assert np.array_equal(out, flat(wanted(x.astype(np.float64), 1).astype(dtype)))
    reduce.scan(flat(x), out, *shape, reduce.codes["logcumsumexp"])
    close(out, np.logaddexp.accumulate(x.astype(np.float64), 1), dtype, 5)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_scan_of_integers_is_int64(dtype):
    x = make((3, 40, 5), dtype)
    out = np.empty(x.size, np.int64)
    for op, wanted in (("cumsum", np.cumsum), ("cumprod", np.cumprod)):
        reduce.scan_long(flat(x), out, 3, 40, 5, reduce.codes[op])
        assert np.array_equal(out, flat(wanted(x, 1, dtype=np.int64)))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape", FOLDED)
def test_running_extremes_take_the_last_of_equals(shape, dtype):
    x = make(shape, dtype, special=True)
    values, found = np.empty(x.size, dtype), np.empty(x.size, np.int64)
    for op, extreme in (("cummax", np.maximum), ("cummin", np.minimum)):
        reduce.scan_index(flat(x), values, found, *shape, reduce.codes[op])
        wanted = extreme.accumulate(x, 1)
        assert np.array_equal(values, flat(wanted), equal_nan=dtype in FLOATS)
        position = found.reshape(shape)
        here = np.arange(shape[1])[None, :, None]
        hit = (x == wanted) | (x != x)
        assert np.array_equal(position, np.maximum.accumulate(np.where(hit, here, 0), 1))


@pytest.mark.parametrize("dtype", [*REAL, "complex64", "complex128"])
@pytest.mark.parametrize("n", [1, 31, 300, 200_001])
def test_dot(n, dtype):
    x, y = (make(n, "int8", seed) for seed in (1, 2))
    x, y = (v.astype(dtype) * (1 + 1j if dtype[0] == "c" else 1) for v in (x, y))
    x, y = x.astype(dtype), y.astype(dtype)
    out = np.empty(1, dtype)
    reduce.dot(x, y, out)
    assert out[0] == (x.astype(np.complex128) * y).sum() if dtype[0] == "c" else out[0] == (x * y).sum(dtype=dtype)


def test_sum_is_pairwise():
    x = np.full(1 << 22, 0.1, np.float32)
    out = np.empty(1, np.float32)
    reduce.reduce(x, out, 1, x.size, 1, reduce.codes["sum"])
    exact = x.astype(np.float64).sum()
    assert abs(out[0] - exact) <= 4 * np.spacing(np.float32(exact))
    columns = np.empty(2, np.float32)
    reduce.reduce(x, columns, 1, x.size // 2, 2, reduce.codes["sum"])
    assert np.abs(columns - exact / 2).max() <= 8 * np.spacing(np.float32(exact / 2))


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 101, 1), (2, 50, 2), (2**40, 2**40, 1), (-1, -1, 1), (2, 1, 1)])
def test_reduce_refuses_sizes_beyond_its_buffers(shape):
    with pytest.raises(ValueError, match="does not fit"):
        reduce.reduce(np.zeros(100), np.zeros(1), *shape, reduce.codes["sum"])


def test_reduce_refuses_ops_a_type_does_not_have():
    x = np.zeros(4, np.int32)
    with pytest.raises(ValueError, match="integers"):
        reduce.reduce(x, x.copy(), 1, 4, 1, reduce.codes["norm_2"])
    with pytest.raises(ValueError, match="no such op"):
        reduce.reduce_long(np.zeros(4), np.zeros(1, np.int64), 1, 4, 1, reduce.codes["sum"])
    with pytest.raises(ValueError, match="no such op"):
        reduce.reduce(np.zeros(4), np.zeros(4), 1, 4, 1, reduce.codes["argmax"])


# ---------------------------------------------------------------------------------------------------- norm


def softmax(x):
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)


TILED = [(100, 10, 1), (17, 32, 1), (130, 16, 1), (77, 17, 1), (300, 33, 1), (64, 64, 1), (200, 65, 1)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [*FOLDED[:4], (1, 5000, 1), *TILED, *FOLDED[5:]])
def test_softmax(shape, dtype):
    x = (make(shape, dtype) * 5).astype(dtype)
    x[0, 0] = -np.inf
    x[0, -1] = 3
    out, back = np.empty(x.size, dtype), np.empty(x.size, dtype)
    g = make(shape, dtype, 1)
    exact, g64 = softmax(x.astype(np.float64)), g.astype(np.float64)
    norm.softmax(flat(x), out, *shape)
    close(out, exact, dtype)
    norm.softmax_backward(flat(g), flat(exact.astype(dtype)), back, *shape)
    close(back, exact * (g64 - (g64 * exact).sum(1, keepdims=True)), dtype)
    norm.softmax(flat(x), out, *shape, True)
    with np.errstate(divide="ignore"):
        logs = np.log(exact)
    close(out, logs, dtype, 3)
    norm.softmax_backward(flat(g), flat(logs.astype(dtype)), back, *shape, True)
    close(back, g64 - exact * g64.sum(1, keepdims=True), dtype, 30)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(1, 100, 1), (20, 5, 1), (2, 5, 7)])
def test_softmax_of_nan_and_infinity_is_nan(shape, value):
    x = make(shape, "float32")
    x[0, 2, 0] = value
    out = np.empty(x.size, np.float32)
    norm.softmax(flat(x), out, *shape)
    out = out.reshape(shape)
    assert np.isnan(out[0, 2, 0])
    if shape[0] > 1:
        assert np.isfinite(out[1:]).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (3, 15), (200, 64), (5, 1000), (40, 1025), (2, 70_001)])
@pytest.mark.parametrize("kind", ["plain", "offset", "outliers first", "constant"])
def test_layer_norm(rows, cols, dtype, kind):
    x = make((rows, cols), dtype)
    if kind == "offset":
        x += 100
    elif kind == "outliers first":  # what the first elements say of the mean is far from true
        x[:, :16] += 1000
    elif kind == "constant":
        x[:] = 0.1
    weight, bias = make(cols, dtype, 1), make(cols, dtype, 2)
    exact = x.astype(np.float64)
    mean, var = exact.mean(1), exact.var(1)
    out, means, rstd = np.empty(x.size, dtype), np.empty(rows, dtype), np.empty(rows, dtype)
    factor = {"plain": 3, "offset": 300, "outliers first": 3000, "constant": 300}[kind]
    for w, b in ((weight, bias), (weight, None), (None, bias), (None, None)):
        norm.layer_norm(flat(x), out, means, rstd, w, b, rows, cols, 1e-5)
        y = (exact - mean[:, None]) / np.sqrt(var + 1e-5)[:, None]
        close(out, y * (1 if w is None else w) + (0 if b is None else b), dtype, factor)
    close(means, mean, dtype, 3)
    norm.layer_norm(flat(x), out, None, rstd, weight, None, rows, cols, 1e-5)
    close(out, exact / np.sqrt((exact**2).mean(1) + 1e-5)[:, None] * weight, dtype, 5)


def normalised_gradient(g, x, mean, rstd, axes):
    """The gradient through (x - mean) * rstd where both depend on x."""
    y = (x - mean) * rstd
    return rstd * (g - g.mean(axes, keepdims=True) - y * (g * y).mean(axes, keepdims=True))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("rows", "cols"), [(3, 15), (200, 64), (1000, 600)])
def test_layer_norm_backward(rows, cols, dtype):
    x, g, weight = make((rows, cols), dtype), make((rows, cols), dtype, 1), make(cols, dtype, 2)
    x64, g64 = x.astype(np.float64), g.astype(np.float64)
    mean, rstd = x64.mean(1, keepdims=True), 1 / np.sqrt(x64.var(1, keepdims=True) + 1e-5)
    back, grad_weight, grad_bias = np.empty(x.size, dtype), np.empty(cols, dtype), np.empty(cols, dtype)
    for w in (weight, None):
        norm.layer_norm_backward(flat(g), flat(x), flat(mean.astype(dtype)), flat(rstd.astype(dtype)), w, back, rows, cols)
        close(back, normalised_gradient(g64 * (1 if w is None else w), x64, mean, rstd, 1), dtype, 5)
    norm.layer_norm_backward_parameters(
        flat(g), flat(x), flat(mean.astype(dtype)), flat(rstd.astype(dtype)), grad_weight, grad_bias, rows, cols)
    close(grad_weight, (g64 * (x64 - mean) * rstd).sum(0), dtype, np.sqrt(rows))
    close(grad_bias, g64.sum(0), dtype, np.sqrt(rows))
    rms = 1 / np.sqrt((x64**2).mean(1, keepdims=True) + 1e-5)
    norm.layer_norm_backward(flat(g), flat(x), None, flat(rms.astype(dtype)), weight, back, rows, cols)
    h, y = g64 * weight, x64 * rms
    close(back, rms * (h - y * (h * y).mean(1, keepdims=True)), dtype, 5)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(20, 5, 1), (40, 1100, 1), (4, 3, 50), (2, 8, 700)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm(shape, dtype, affine):
    n, channels, length = shape
    x, g = make(shape, dtype) + 3, make(shape, dtype, 1)
    x = x.astype(dtype)
    weight, bias = (make(channels, dtype, 2), make(channels, dtype, 3)) if affine else (None, None)
    running_mean, running_var = np.zeros(channels, dtype), np.ones(channels, dtype)
    mean, rstd, out = np.empty(channels, dtype), np.empty(channels, dtype), np.empty(x.size, dtype)
    x64, g64 = x.astype(np.float64), g.astype(np.float64)
    m, v = x64.mean((0, 2), keepdims=True), x64.var((0, 2), keepdims=True)
    s = 1 / np.sqrt(v + 1e-5)
    w = (weight if affine else np.ones(channels))[:, None]
    b = (bias if affine else np.zeros(channels))[:, None]
    norm.batch_norm_statistics(flat(x), mean, rstd, running_mean, running_var, *shape, 1e-5, 0.1)
    close(mean, m, dtype)
    close(rstd, s, dtype)
    close(running_mean, 0.1 * m, dtype)
    close(running_var, 0.9 + 0.1 * v * (n * length / (n * length - 1)), dtype)
    norm.batch_norm(flat(x), out, mean, rstd, weight, bias, *shape)
    close(out, (x64 - m) * s * w + b, dtype, 10)
    grad_weight, grad_bias = np.empty(channels, dtype), np.empty(channels, dtype)
    for train in (True, False):
        norm.batch_norm_backward(flat(g), flat(x), mean, rstd, weight, out, grad_weight, grad_bias, *shape, train)
        wanted = normalised_gradient(g64 * w, x64, m, s, (0, 2)) if train else g64 * w * s
        close(out, wanted, dtype, 10)
        close(grad_weight, (g64 * (x64 - m) * s).sum((0, 2)), dtype, 10)
        close(grad_bias, g64.sum((0, 2)), dtype, 10)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("shape", "groups"), [((3, 6, 11), 2), ((2, 8, 300), 8), ((4, 4, 1), 1)])
def test_group_norm(shape, groups, dtype):
    n, channels, length = shape
    x, g, weight, bias = make(shape, dtype), make(shape, dtype, 1), make(channels, dtype, 2), make(channels, dtype, 3)
    grouped = x.astype(np.float64).reshape(n, groups, -1)
    m, s = grouped.mean(2, keepdims=True), 1 / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
    y = ((grouped - m) * s).reshape(shape)
    mean, rstd, out = np.empty(n * groups, dtype), np.empty(n * groups, dtype), np.empty(x.size, dtype)
    norm.group_norm(flat(x), out, mean, rstd, weight, bias, *shape, groups, 1e-5)
    close(out, y * weight[:, None] + bias[:, None], dtype, 10)
    grad_weight, grad_bias = np.empty(channels, dtype), np.empty(channels, dtype)
    norm.group_norm_backward(flat(g), flat(x), mean, rstd, weight, out, grad_weight, grad_bias, *shape, groups)
    h = (g.astype(np.float64) * weight[:, None]).reshape(n, groups, -1)
    close(out, normalised_gradient(h, grouped, m, s, 2), dtype, 10)
    close(grad_weight, (g * y).sum((0, 2)), dtype, 20)
    close(grad_bias, g.astype(np.float64).sum((0, 2)), dtype, 20)


def test_norm_refuses():
    x = np.zeros(12)
    with pytest.raises(ValueError, match="does not fit"):
        norm.softmax(x, x.copy(), 2, 7, 1)
    with pytest.raises(ValueError, match="queries"):
        norm.softmax(x, x.copy(), 2, 2, 1, 2, -1)
    with pytest.raises(ValueError, match="3 weights for 4 columns"):
        norm.layer_norm(x, x.copy(), x.copy(), x.copy(), np.zeros(3), None, 3, 4, 1e-5)
    with pytest.raises(ValueError, match="4 channels in 3 groups"):
        norm.group_norm(x, x.copy(), x.copy(), x.copy(), None, None, 1, 4, 3, 3, 1e-5)


# ---------------------------------------------------------------------------------------------------- sort


def ordered(x, descending):
    """Stable order of each row: NaN above all, the zeros equal."""
    if x.dtype.kind == "f":
        x = x + 0
        keys = (np.isnan(x), np.where(np.isnan(x), 0, x))
    else:
        keys = (np.zeros(x.shape), x.astype(np.int64))
    order = np.empty(x.shape, np.int64)
    for row in range(x.shape[0]):
        tag, key = keys[0][row], keys[1][row]
        # Descending and stable: the reverse of ascending with ties reversed.
        position = np.arange(x.shape[1])
        order[row] = np.lexsort((-position, key, tag))[::-1] if descending else np.lexsort((position, key, tag))
    return order


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("n", [1, 2, 40, 41, 257, 9000])
def test_sort_is_stable(n, dtype, descending):
    x = make((3, n), dtype, special=True)
    if dtype in INTEGERS:
        x[1] = np.random.default_rng(0).integers(np.iinfo(dtype).min, np.iinfo(dtype).max, n, dtype, endpoint=True)
    values, found = np.empty(x.size, dtype), np.empty(x.size, np.int64)
    sort.sort(flat(x), values, found, 3, n, descending)
    order = ordered(x, descending)
    assert np.array_equal(found.reshape(3, n), order)
    assert values.tobytes() == np.take_along_axis(x, order, 1).tobytes()  # the sign of zero and NaN too


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (50, 7), (50, 50), (500, 33), (500, 300)])
def test_topk(n, k, dtype, largest):
    x = make((3, n), dtype, special=True)
    values, found = np.empty(3 * k, dtype), np.empty(3 * k, np.int64)
    wanted = np.take_along_axis(x, ordered(x, largest), 1)[:, :k]
    for in_order in (True, False):
        sort.topk(flat(x), values, found, 3, n, k, largest, in_order)
        rows, positions = values.reshape(3, k), found.reshape(3, k)
        assert np.array_equal(rows, np.take_along_axis(x, positions, 1), equal_nan=dtype in FLOATS)
        assert all(len(set(row)) == k for row in positions.tolist())
        if not in_order:
            rows = np.take_along_axis(rows, ordered(rows, largest), 1)
        assert np.array_equal(rows, wanted, equal_nan=dtype in FLOATS)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("n", [1, 2, 39, 200, 1001])
def test_select(n, dtype):
    x = make((4, n), dtype)
    values, found = np.empty(4, dtype), np.empty(4, np.int64)
    order = np.sort(x, 1)
    for k in {1, n, (n + 1) // 2}:
        sort.select(flat(x), values, found, 4, n, sort.codes["kthvalue"], k)
        assert np.array_equal(values, order[:, k - 1])
        assert np.array_equal(values, x[np.arange(4), found])
    sort.select(flat(x), values, found, 4, n, sort.codes["median"])
    assert np.array_equal(values, order[:, (n - 1) // 2])
    sort.select(flat(x), values, found, 4, n, sort.codes["mode"])
    for row in range(4):
        unique, counts = np.unique(x[row], return_counts=True)
        assert values[row] == unique[counts.argmax()]
        assert found[row] == np.flatnonzero(x[row] == values[row])[-1]


def test_medians_of_nan():
    x = np.array([[3, np.nan, 1, np.nan], [2, 1, 4, 3], [np.nan] * 4])
    values, found = np.empty(3), np.empty(3, np.int64)
    sort.select(flat(x), values, found, 3, 4, sort.codes["median"])
    assert np.array_equal(values, [np.nan, 2, np.nan], equal_nan=True)
    assert found.tolist() == [1, 0, 0]
    sort.select(flat(x), values, found, 3, 4, sort.codes["nanmedian"])
    assert np.array_equal(values, [1, 2, np.nan], equal_nan=True)
    assert found.tolist() == [2, 0, 0]


@pytest.mark.parametrize("dtype", REAL)
def test_searchsorted(dtype):
    edges, x = np.sort(make((3, 30), dtype), 1), make((3, 40), dtype, 1)
    shuffled = make((3, 30), dtype)
    sorter = np.argsort(shuffled, 1, kind="stable")
    out = np.empty(120, np.int64)
    for right in (False, True):
        side = "right" if right else "left"
        wanted = np.stack([np.searchsorted(e, v, side) for e, v in zip(edges, x, strict=True)])
        sort.searchsorted(flat(edges), flat(x), out, 3, 30, 3, 40, right)
        assert np.array_equal(out, flat(wanted))
        sort.searchsorted(flat(shuffled), flat(x), out, 3, 30, 3, 40, right, flat(sorter))
        assert np.array_equal(out, flat(wanted))
        sort.searchsorted(edges[0], flat(x), out, 1, 30, 3, 40, right)
        assert np.array_equal(out, np.searchsorted(edges[0], flat(x), side))
    with pytest.raises(ValueError, match="sorter index 30 out of range"):
        sort.searchsorted(edges[0], flat(x), out, 1, 30, 3, 40, False, np.arange(1, 31))


def test_runs():
    x = make(1000, "int8")
    order = np.argsort(x, kind="stable")
    values, counts, inverse = np.empty(1000, np.int8), np.empty(1000, np.int64), np.empty(1000, np.int64)
    n = sort.runs(x[order], values, counts, inverse, order)
    wanted = np.unique(x, return_inverse=True, return_counts=True)
    for found, exact in zip((values[:n], inverse, counts[:n]), wanted, strict=True):
        assert np.array_equal(found, exact)
    n = sort.runs(np.array([1, 1, 2, 1], np.int8), values, counts, inverse)
    assert (values[:n].tolist(), counts[:n].tolist(), inverse[:4].tolist()) == ([1, 2, 1], [2, 1, 1], [0, 0, 1, 2])


def test_sort_refuses():
    x, found = np.zeros(12), np.zeros(12, np.int64)
    with pytest.raises(ValueError, match="does not fit"):
        sort.sort(x, x.copy(), found, 2, 7)
    with pytest.raises(ValueError, match="5 of 4"):
        sort.topk(x, x.copy(), found, 3, 4, 5)
    with pytest.raises(ValueError, match="0 of 4"):
        sort.select(x, x.copy(), found, 3, 4, sort.codes["kthvalue"], 0)


# ---------------------------------------------------------------------------------------------------- index


MOVED = ["uint8", "int16", "float32", "int64", "complex128"]
INDEXED = [(1, 10, 1, 5), (3, 7, 4, 20), (2, 50, 600, 9), (40, 30, 1, 100)]


@pytest.mark.parametrize("dtype", MOVED)
@pytest.mark.parametrize(("outer", "axis", "inner", "m"), INDEXED)
def test_gather_scatter(outer, axis, inner, m, dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 200, (outer, axis, inner)).astype(dtype)
    src = rng.integers(0, 200, (outer, m, inner)).astype(dtype)
    full, rows = rng.integers(0, axis, (outer, m, inner)), rng.integers(0, axis, m)
    out = np.empty_like(src)
    index.gather(moved(x), flat(full), moved(out), outer, axis, inner, m)
    assert np.array_equal(out, np.take_along_axis(x, full, 1))
    index.gather(moved(x), rows, moved(out), outer, axis, inner, m, False)
    assert np.array_equal(out, x[:, rows])

    wanted, by_row = x.copy(), x.copy()
    for k in range(m):  # the last of equal indices stays
        np.put_along_axis(wanted, full[:, k : k + 1], src[:, k : k + 1], 1)
        by_row[:, rows[k]] = src[:, k]
    out = x.copy()
    index.scatter(moved(out), flat(full), moved(src), outer, axis, inner, m)
    assert np.array_equal(out, wanted)
    out = x.copy()
    index.scatter(moved(out), rows, moved(src), outer, axis, inner, m, False)
    assert np.array_equal(out, by_row)
    seven = np.array([7], dtype)
    out, wanted = x.copy(), x.copy()
    np.put_along_axis(wanted, full, seven[0], 1)
    index.scatter(moved(out), flat(full), moved(seven), outer, axis, inner, m, True, True)
    assert np.array_equal(out, wanted)
    out, wanted = x.copy(), x.copy()
    wanted[:, rows] = 7
    index.scatter(moved(out), rows, moved(seven), outer, axis, inner, m, False, True)
    assert np.array_equal(out, wanted)


@pytest.mark.parametrize("dtype", [*REAL, "complex64", "complex128"])
@pytest.mark.parametrize(("outer", "axis", "inner", "m"), INDEXED)
def test_scatter_reduce(outer, axis, inner, m, dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(1, 3, (outer, axis, inner)).astype(dtype)
    src = rng.integers(1, 3, (outer, m, inner)).astype(dtype)
    full, rows = rng.integers(0, axis, (outer, m, inner)), rng.integers(0, axis, m)
    ops = {"add": np.add, "mul": np.multiply}
    if dtype[0] != "c":
        ops |= {"amax": np.maximum, "amin": np.minimum}
    o, i = np.arange(outer)[:, None, None], np.arange(inner)[None, None]
    for op, ufunc in ops.items():
        out, wanted = x.copy(), x.copy()
        ufunc.at(wanted, (o, full, i), src)
        index.scatter_reduce(flat(out), flat(full), flat(src), outer, axis, inner, m, index.codes[op])
        assert np.array_equal(out, wanted)
        out, wanted = x.copy(), x.copy()
        ufunc.at(wanted, (slice(None), rows), src)
        index.scatter_reduce(flat(out), rows, flat(src), outer, axis, inner, m, index.codes[op], False)
        assert np.array_equal(out, wanted)


def test_scatter_reduce_of_nan():
    out = np.zeros(3)
    index.scatter_reduce(out, np.array([0, 1, 1]), np.array([np.nan, 5.0, 2.0]), 1, 3, 1, 3, index.codes["amax"])
    assert np.array_equal(out, [np.nan, 5, 0], equal_nan=True)


def test_an_index_out_of_range_is_found_and_passed_over():
    bad = np.zeros(1000, np.int64)
    for value in (-1, 10, 2**62, -(2**62)):
        bad[700] = value
        assert index.check_index(bad, 10) == 700
    assert index.check_index(np.arange(10), 10) == -1

    x, far = np.arange(10, dtype=np.int32), np.array([100, -1, 3, 2**62])
    for inner in (1, 2):
        for full in (True, False):
            at = np.repeat(far, inner if full else 1)
            axis, out = 10 // inner, np.full(4 * inner, -5, np.int32)
            assert index.gather(x, at, out, 1, axis, inner, 4, full)
            y = x.copy()
            assert index.scatter(y, at, out, 1, axis, inner, 4, full)
            assert np.array_equal(np.delete(y, np.s_[3 * inner : 4 * inner]), np.delete(x, np.s_[3 * inner : 4 * inner]))
            y, out = x.copy(), np.full(4 * inner, 3, np.int32)
            assert index.scatter_reduce(y, at, out, 1, axis, inner, 4, index.codes["add"], full)
            y[3 * inner : 4 * inner] -= 3
            assert np.array_equal(y, x)
            at[:] = 3
            assert not index.gather(x, at, out, 1, axis, inner, 4, full)
            assert not index.scatter(y, at, out, 1, axis, inner, 4, full)
            assert not index.scatter_reduce(y, at, out, 1, axis, inner, 4, index.codes["add"], full)
    bag = np.ones(1, np.float32)
    index.embedding_bag(bag, far[:2], np.array([0, 2]), None, bag.copy(), None, 1, 1, -1, False)


@pytest.mark.parametrize("dtype", MOVED)
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 1])
def test_masks(share, dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 200, 40_000).astype(dtype)
    mask = rng.random(40_000) < share
    out = np.empty(mask.sum(), dtype)
    assert index.masked_select(moved(x), mask.view(np.uint8), moved(out)) == out.size
    assert np.array_equal(out, x[mask])
    y, wanted = x.copy(), x.copy()
    wanted[mask] = 7
    index.masked_fill(moved(y), mask.view(np.uint8), moved(np.array([7], dtype)))
    assert np.array_equal(y, wanted)
    src = rng.integers(0, 200, max(1, out.size)).astype(dtype)
    y, wanted = x.copy(), x.copy()
    wanted[mask] = src[: out.size]
    assert index.masked_scatter(moved(y), mask.view(np.uint8), moved(src)) == out.size
    assert np.array_equal(y, wanted)
    if share:
        with pytest.raises(ValueError, match="fewer than the mask selects"):
            index.masked_scatter(moved(y), mask.view(np.uint8), moved(src[:-1]))


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("shape", [(1000,), (30, 40), (3, 1, 50), (2, 3, 4, 5)])
def test_nonzero(shape, dtype):
    x = make(shape, dtype) * (np.random.default_rng(0).random(shape) < 0.3)
    x = x.astype(dtype)
    wanted = np.argwhere(x != 0)
    out = np.empty(wanted.size, np.int64)
    assert index.nonzero(flat(x), out, shape) == len(wanted)
    assert np.array_equal(out, flat(wanted.T))
    short = np.full(len(shape) + 1, -1)
    assert index.nonzero(flat(x), short[:-1], shape) == len(wanted)  # no more are written than there is room for
    assert np.array_equal(short, [*wanted[0], -1])


def test_join_index():
    out = np.empty(3, np.int64)
    assert index.join_index(np.array([-1, 0, 2]), out, 3, False) == -1
    assert index.join_index(np.array([1, -5, 4]), out, 5, True) == -1
    assert np.array_equal(out, [11, 0, 14])
    for outside in (5, -6, 2**62, -(2**62)):
        assert index.join_index(np.array([1, outside, 4]), out, 5, True) == 1
    with pytest.raises(ValueError, match="into 3"):
        index.join_index(np.zeros(4, np.int64), out, 5, False)


@pytest.mark.parametrize("dtype", MOVED)
@pytest.mark.parametrize("diagonal", [0, 1, -2, 100, -100, 2**62, -(2**62)])
def test_triangles(diagonal, dtype):
    x = (1 + np.arange(2 * 5 * 7)).astype(dtype).reshape(2, 5, 7)
    near = max(-50, min(50, diagonal))
    for upper, function, indices in ((False, np.tril, np.tril_indices), (True, np.triu, np.triu_indices)):
        out = np.empty_like(x)
        index.triangle(moved(x), moved(out), 2, 5, 7, diagonal, upper)
        assert np.array_equal(out, function(x, near))
        wanted = np.stack(indices(5, near, 7))
        found = np.empty(wanted.size, np.int64)
        assert index.triangle_indices(found, 5, 7, diagonal, upper) == wanted.shape[1]
        assert np.array_equal(found, flat(wanted))


@pytest.mark.parametrize("dtype", FLOATS)
def test_embedding_bag(dtype):
    rng = np.random.default_rng(0)
    table, at, weight = make((9, 37), dtype), rng.integers(0, 9, 50), make(50, dtype)
    offsets = np.array([0, 7, 7, 20, 48])
    out, which = np.empty((4, 37), dtype), np.empty((4, 37), np.int64)
    bags = [[i for i in range(*offsets[k : k + 2]) if at[i] != 3] for k in range(4)]
    index.embedding_bag(flat(table), at, offsets, weight, flat(out), None, 9, 37, 3, False)
    close(flat(out), np.stack([(table[at[i]].astype(np.float64) * weight[i, None]).sum(0) for i in bags]), dtype, 20)
    index.embedding_bag(flat(table), at, offsets, None, flat(out), None, 9, 37, 3, True)
    close(flat(out), np.stack([table[at[i]].astype(np.float64).sum(0) / max(1, len(i)) for i in bags]), dtype, 20)
    index.embedding_bag(flat(table), at, offsets, None, flat(out), flat(which), 9, 37, 3, False)
    for i, found, rows in zip(bags, out, which):
        if i:
            assert np.array_equal(found, table[at[i]].max(0)) and np.array_equal(found, table[rows, np.arange(37)])
        else:
            assert not found.any() and (rows == -1).all()
    for wrong in (np.array([0, 3, 2]), np.array([0, 51]), np.array([-1, 4]), np.array([0])):
        with pytest.raises(ValueError, match="embedding_bag"):
            index.embedding_bag(flat(table), at, wrong, None, flat(out), None, 9, 37, 3, False)


def test_counting():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, 500)
    out = np.empty(9, np.int64)
    index.bincount(x, out)
    assert np.array_equal(out, np.bincount(x, minlength=9))
    hot = np.empty(4500, np.int64)
    index.one_hot(x, hot, 9)
    assert np.array_equal(hot.reshape(500, 9), np.eye(9, dtype=int)[x])


def test_index_refuses():
    x, where = np.zeros(12, np.int32), np.zeros(5, np.int64)
    with pytest.raises(ValueError, match="do not fit"):
        index.gather(x, where, x.copy(), 1, 13, 1, 5)
    with pytest.raises(ValueError, match="do not fit"):
        index.scatter(x, where, x.copy(), 1, 12, 1, 6)
    with pytest.raises(ValueError, match="do not fit"):
        index.scatter_reduce(x, where, x.copy(), 2**40, 2**40, 1, 5, index.codes["add"], False)
    with pytest.raises(ValueError, match="no op"):
        index.scatter_reduce(x.astype("complex64"), where, x.astype("complex64"), 1, 12, 1, 5, index.codes["amax"])
    with pytest.raises(ValueError, match="not the shape"):
        index.nonzero(x, where, (2**40, 2**40))


# ---------------------------------------------------------------------------------------------------- loss


def elementwise_losses(x, y, a):
    z = np.abs(x - y)
    with np.errstate(all="ignore"):
        return {
            "mse": (z**2, 2 * (x - y)),
            "l1": (z, np.sign(x - y)),
            "smooth_l1": (np.where(z < a, z * z / 2 / a, z - a / 2), np.clip((x - y) / a, -1, 1)),
            "huber": (np.where(z < a, z * z / 2, a * (z - a / 2)), np.clip(x - y, -a, a)),
            "bce_with_logits": (np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))), 1 / (1 + np.exp(-x)) - y),
            "kl_div_log": (np.exp(y) * (y - x), -np.exp(y)),
        }


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 100, 20_001])
@pytest.mark.parametrize("a", [0.5, 1.0, 2.0])
def test_pointwise_losses(n, a, dtype):
    x, y, g = make(n, dtype), make(n, dtype, 1), make(n, dtype, 2)
    y[::5] = x[::5]  # the kink
    x64, y64, g64 = (v.astype(np.float64) for v in (x, y, g))
    out = np.empty(n, dtype)
    for op, (value, slope) in elementwise_losses(x64, y64, a).items():
        loss.pointwise_loss(x, y, out, loss.codes[op], a)
        close(out, value, dtype)
        loss.pointwise_loss(x, y, out[:1], loss.codes[op], a, None, loss.reductions["sum"])
        close(out[0], value.sum(), dtype)
        loss.pointwise_loss(x, y, out[:1], loss.codes[op], a, None, loss.reductions["mean"])
        close(out[0], value.mean(), dtype)
        loss.pointwise_loss_backward(g, x, y, out, loss.codes[op], a)
        close(out, slope * g64, dtype)
        loss.pointwise_loss_backward(g[:1], x, y, out, loss.codes[op], a)
        close(out, slope * g64[0], dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_losses_of_probabilities(dtype):
    x = np.array([0, 1, 0, 1, 0.3, 0.5], dtype)
    y = np.array([0, 0, 1, 1, 0.6, 0], dtype)
    out = np.empty(6, dtype)
    loss.pointwise_loss(x, y, out, loss.codes["bce"])
    close(out, [0, 100, 100, 0, -0.6 * np.log(0.3) - 0.4 * np.log(0.7), np.log(2)], dtype)
    loss.pointwise_loss_backward(np.ones(1, dtype), x, y, out, loss.codes["bce"])
    bound = float(np.float32(1e-12))  # in either type, as in PyTorch
    close(out, [0, 1 / bound, -1 / bound, 0, -0.3 / 0.21, 2], dtype)
    loss.pointwise_loss(x, y, out, loss.codes["kl_div"])
    close(out, [0, 0, 0, -1, 0.6 * np.log(0.6) - 0.18, 0], dtype)
    weight = np.full(6, 3, dtype)
    loss.pointwise_loss(x, y, out, loss.codes["bce_with_logits"], 1, weight)
    x64, y64 = x.astype(np.float64), y.astype(np.float64)
    close(out, 3 * y64 * np.log1p(np.exp(-x64)) + (1 - y64) * (x64 + np.log1p(np.exp(-x64))), dtype)
    loss.pointwise_loss_backward(np.ones(1, dtype), x, y, out, loss.codes["bce_with_logits"], 1, weight)
    s = 1 / (1 + np.exp(-x64))
    close(out, (3 * y64 + 1 - y64) * s - 3 * y64, dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("n", "classes", "length"), [(1, 1, 1), (64, 10, 1), (100, 33, 1), (5, 700, 1), (2, 7, 600)])
@pytest.mark.parametrize("smoothing", [0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(n, classes, length, smoothing, weighted, dtype):
    rng = np.random.default_rng(0)
    x, g = make((n, classes, length), dtype) * 3, make((n, length), dtype, 1)
    x = x.astype(dtype)
    target = rng.integers(0, classes, (n, length))
    target[rng.random((n, length)) < 0.2] = -100
    weight = rng.random(classes).astype(dtype) if weighted else None
    w = np.ones(classes) if weight is None else weight.astype(np.float64)
    logs, counted = np.log(softmax(x.astype(np.float64))), target != -100
    hot = (np.arange(classes)[:, None] == target[:, None]) * 1.0
    pull = ((1 - smoothing) * hot + smoothing / classes) * w[:, None] * counted[:, None]
    out, lse, back = np.empty(n * length, dtype), np.empty(n * length, dtype), np.empty(x.size, dtype)
    total, whole = loss.cross_entropy(flat(x), flat(target), weight, out, lse, n, classes, length, -100, smoothing)
    np.testing.assert_allclose(whole, out.sum(dtype=np.float64), 1e-6)
    close(out, -(pull * logs).sum(1), dtype, 10)
    np.testing.assert_allclose(total, w[target[counted]].sum())
    loss.cross_entropy_backward(flat(g), flat(x), flat(target), weight, lse, back, n, classes, length, -100, smoothing, 2)
    close(back, 2 * g[:, None] * (np.exp(logs) * pull.sum(1, keepdims=True) - pull), dtype, 10)

    out2 = np.empty(n * length, dtype)
    totals = loss.nll_loss(flat(logs.astype(dtype)), flat(target), weight, out2, n, classes, length, -100)
    np.testing.assert_allclose(totals, (total, out2.sum(dtype=np.float64)), 1e-6)
    close(out2, -(hot * w[:, None] * logs).sum(1), dtype, 3)
    loss.nll_loss_backward(flat(g), flat(target), weight, back, n, classes, length, -100)
    close(back, -hot * w[:, None] * g[:, None], dtype)


def test_targets_are_checked():
    target = np.array([0, 3, -100, 2])
    assert loss.check_target(target, 4, -100) == -1
    assert loss.check_target(target, 3, -100) == 1
    assert loss.check_target(target, 4, 0) == 2
    x, out = np.zeros(12), np.ones(4)
    loss.nll_loss(x, target, None, out, 4, 3, 1, 1)  # 3 and -100 are no classes of three: they count as ignored
    assert not out.any()
    with pytest.raises(ValueError, match="does not fit"):
        loss.nll_loss(x, target, None, out, 5, 3, 1, -100)
    with pytest.raises(ValueError, match="2 weights for 3 classes"):
        loss.nll_loss(x, target, np.zeros(2), out, 4, 3, 1, -100)
    with pytest.raises(ValueError, match="shorter than"):
        loss.pointwise_loss(x, out, x.copy(), loss.codes["mse"])


def test_alignments_are_checked():
    x, alpha, losses = np.zeros(6), np.zeros(14), np.zeros(1)
    labels, one, two = np.array([0, 0, 0, 1, 0, 0, 0]), np.array([1]), np.array([2])
    loss.ctc_loss(x, labels, two, one, alpha, losses, 2, 1, 3)
    for wrong in ((x, labels, two, two), (x, labels, two + 1, one), (x, labels, -one, one), (x, labels + 2, two, one), (x[:5], labels, two, one)):
        with pytest.raises(ValueError, match="ctc_loss"):
            loss.ctc_loss(*wrong, alpha, losses, 2, 1, 3)
    with pytest.raises(ValueError, match="too short"):
        loss.ctc_loss(x, labels, two, one, alpha[:13], losses, 2, 1, 3)
    with pytest.raises(ValueError, match="too short"):
        loss.ctc_loss_backward(losses, x, labels, two, one, alpha, losses, alpha, x.copy(), 2, 1, 3, False)


# ---------------------------------------------------------------------------------------------------- optim


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("decay", [0, 0.1])
def test_optimizers(decay, maximize, dtype):
    """Five steps of each, against the published formulas in float64."""
    steps = [make(40, dtype, seed) for seed in range(1, 6)]
    start = make(40, dtype)

    def run(step, wanted):
        param, state, exact, exact_state = start.copy(), {}, start.astype(np.float64), {}
        for t, grad in enumerate(steps, 1):
            kept = lambda name, state=state: state.setdefault(name, np.zeros(40, dtype))
            truly = lambda name, state=exact_state: state.setdefault(name, np.zeros(40))
            step(param, grad, t, kept)
            g = (-1 if maximize else 1) * grad.astype(np.float64) + decay * exact
            exact -= wanted(g, t, truly)
        close(param, exact, dtype, 20)

    def mean(slot, value, beta):
        slot *= beta
        slot += (1 - beta) * value
        return slot

    def adagrad(g, t, s):
        s("a")[:] += g * g
        return 0.1 / (1 + (t - 1) * 0.01) * g / (np.sqrt(s("a")) + 1e-10)

    run(lambda p, g, t, s: optim.adagrad(p, g, s("a"), t, 0.1, 0.01, 1e-10, decay, maximize), adagrad)

    for centered in (False, True):
        for momentum in (0, 0.9):

            def rmsprop(g, t, s, centered=centered, momentum=momentum):
                square = mean(s("a"), g * g, 0.99).copy()
                if centered:
                    square -= mean(s("b"), g, 0.99) ** 2
                s("c")[:] = s("c") * momentum + g / (np.sqrt(square) + 1e-8)
                return 0.01 * s("c")

            run(lambda p, g, t, s, centered=centered, momentum=momentum: optim.rmsprop(
                p, g, s("a"), s("b") if centered else None, s("c") if momentum else None, 0.01, 0.99, 1e-8, decay,
                momentum, maximize), rmsprop)

    def adadelta(g, t, s):
        delta = np.sqrt(s("b") + 1e-6) / np.sqrt(mean(s("a"), g * g, 0.9) + 1e-6) * g
        mean(s("b"), delta * delta, 0.9)
        return delta

    run(lambda p, g, t, s: optim.adadelta(p, g, s("a"), s("b"), 1.0, 0.9, 1e-6, decay, maximize), adadelta)

    def adamax(g, t, s):
        mean(s("a"), g, 0.9)
        s("b")[:] = np.maximum(s("b") * 0.999, np.abs(g) + 1e-8)
        return 2e-3 / (1 - 0.9**t) * s("a") / s("b")

    run(lambda p, g, t, s: optim.adamax(p, g, s("a"), s("b"), t, 2e-3, 0.9, 0.999, 1e-8, decay, maximize), adamax)

    def radam(g, t, s):
        first, second = mean(s("a"), g, 0.9) / (1 - 0.9**t), mean(s("b"), g * g, 0.9)
        longest, shortest = 2 / (1 - 0.9) - 1, 1 - 0.9**t
        length = longest - 2 * t * 0.9**t / shortest
        if length <= 5:
            return 1e-2 * first
        rectifier = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        return 1e-2 * first * np.sqrt(shortest * rectifier) / (np.sqrt(second) + 1e-8)

    run(lambda p, g, t, s: optim.radam(p, g, s("a"), s("b"), t, 1e-2, 0.9, 0.9, 1e-8, decay, False, maximize), radam)


def test_optimizers_refuse_a_short_state():
    x = np.zeros(4)
    with pytest.raises(ValueError, match="shorter than the parameter"):
        optim.adagrad(x, x.copy(), np.zeros(3), 1, 0.1, 0, 1e-10, 0, False)


# ---------------------------------------------------------------------------------------------------- threads


def test_results_do_not_depend_on_the_number_of_threads():
    x, g = make((512, 700), "float32"), make((512, 700), "float32", 1)
    target, where = np.arange(512) % 700, np.random.default_rng(0).integers(0, 512, 512)

    def everything():
        one, columns, rows, full = (np.zeros(n, np.float32) for n in (1, 700, 512, x.size))
        other, position = np.empty(700, np.float32), np.empty(x.size, np.int64)
        reduce.reduce(flat(x), one, 1, x.size, 1, reduce.codes["sum"])
        yield one.tobytes()
        reduce.reduce(flat(x), columns, 1, 512, 700, reduce.codes["sum"])
        yield columns.tobytes()
        reduce.var_mean(flat(x), columns, other, 1, 512, 700)
        yield columns.tobytes() + other.tobytes()
        reduce.dot(flat(x), flat(g), one)
        yield one.tobytes()
        norm.softmax(flat(x), full, 512, 700, 1)
        yield full.tobytes()
        norm.layer_norm_backward_parameters(flat(g), flat(x), rows, rows + 1, columns, other, 512, 700)
        yield columns.tobytes() + other.tobytes()
        norm.batch_norm_statistics(flat(x), columns, other, None, None, 512, 700, 1, 1e-5, 0.1)
        yield columns.tobytes() + other.tobytes()
        sort.sort(flat(x), full, position, 512, 700)
        yield full.tobytes() + position.tobytes()
        full[:] = 0
        index.scatter_reduce(full, where, flat(x), 1, 512, 700, 512, index.codes["add"], False)
        yield full.tobytes()
        loss.cross_entropy(flat(x), target, None, rows, rows.copy(), 512, 700, 1, -100)
        yield rows.tobytes()

    before = threads.get_num_threads()
    try:
        results = []
        for n in (1, 2, 5):
            threads.set_num_threads(n)
            results.append(list(everything()))
    finally:
        threads.set_num_threads(before)
    assert results[0] == results[1] == results[2]


# ---------------------------------------------------------------------------------------------------- pooling


@pytest.mark.parametrize("dtype", FLOATS)
def test_maxima_of_windows_of_each_plane(dtype):
    rng = np.random.default_rng(0)
    x, out, at = make((3, 4, 6, 21), dtype), np.empty((3, 2, 3, 5), dtype), np.empty((3, 2, 3, 5), np.int64)
    starts = np.concatenate([rng.integers(0, 4 - 2 + 1, (3, 2)), rng.integers(0, 6 - 1 + 1, (3, 3)), rng.integers(0, 21 - 9 + 1, (3, 5))], 1)
    pool.max_pool_at(flat(x), flat(out), flat(at), flat(starts), 3, (4, 6, 21), (2, 1, 9), (2, 3, 5))
    for p, z, y, k in np.ndindex(out.shape):
        a, b, c = starts[p, z], starts[p, 2 + y], starts[p, 5 + k]
        assert out[p, z, y, k] == x[p, a : a + 2, b, c : c + 9].max() == x[p].ravel()[at[p, z, y, k]]
    for wrong in (starts - 4, starts + 21, starts[:2]):
        with pytest.raises(ValueError):
            pool.max_pool_at(flat(x), flat(out), flat(at), flat(wrong), 3, (4, 6, 21), (2, 1, 9), (2, 3, 5))
    with pytest.raises(ValueError, match="larger than the plane"):
        pool.max_pool_at(flat(x), flat(out), flat(at), flat(starts), 3, (4, 6, 21), (5, 1, 9), (2, 3, 5))
