"""The kernels that reduce, scan and pool, called directly and held against NumPy."""

import numpy as np
import pytest
from kernel_arrays import FLOATS, FOLDED, INTEGERS, REAL, close, flat, make

from lucid._kernels import pool, reduce


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


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
def test_argreduce_looks_through_long_columns(dtype):
    x = np.random.default_rng(0).integers(0, 3, (2, 300, 130)).astype(dtype)
    x[:, :140, 5] = 1
    x[0, 128, 5] = x[1, 127, 5] = 2
    if dtype.startswith("float"):
        x[0, 127, 7] = x[0, 290, 7] = x[1, 299, 129] = np.nan
    values, found = np.empty(260, dtype), np.empty(260, np.int64)
    for op, wanted in (("argmax", x.argmax(1)), ("argmin", x.argmin(1))):
        reduce.argreduce(flat(x), values, found, *x.shape, reduce.codes[op])
        assert np.array_equal(found.reshape(2, 130), wanted)


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
