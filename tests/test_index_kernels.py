"""The kernels that sort, search and index, called directly and held against NumPy."""

import numpy as np
import pytest
from kernel_arrays import FLOATS, INTEGERS, REAL, close, flat, make, moved

import lucid
from lucid._kernels import core, index, sort


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


def test_index_arrays_and_their_one_index():
    rows, columns = lucid.tensor([[0, -1], [1, 2]]), lucid.tensor([[3, 0], [-4, 1]])
    arrays, owners = core.index_arrays((slice(None), rows, columns), 3)
    assert arrays[0] is None and arrays[1] is rows.array and owners == (rows, columns)
    assert core.index_arrays(rows, 1) == ((rows.array,), (rows,))
    for other in (0, slice(None), (rows, 0), (rows, slice(1, None)), (rows, None), rows.int(), rows > 0, lucid.tensor(1), (rows,) * 4):
        assert core.index_arrays(other, 3) is None
    x = np.empty((2, 3, 4, 5))
    at, shape, *sizes = core.joined_index(x, arrays, False)
    assert np.array_equal(at, [[3, 8], [4, 9]]) and shape == (2, 2, 2, 5) and sizes == [2, 12, 5]
    at, shape, *sizes = core.joined_index(x, (rows.array,), True)
    assert at is rows.array and shape == (2, 2, 3, 4, 5) and sizes == [1, 2, 60]
    assert core.joined_index(x, (rows.array,), False) is None  # 2 is beyond
    for other in ((rows.array, None, columns.array), (rows.array, columns.array[0]), (rows.array.T,), (None,)):
        assert core.joined_index(x, other, True) is None


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
