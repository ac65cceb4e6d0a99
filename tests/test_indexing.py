"""Indexing against NumPy; gradients against the adjoint, counted out; every index out of range is refused."""

import math

import numpy as np
import pytest

import lucid
import lucid.nn.functional as F

RNG = np.random.default_rng(0)
X = np.arange(60.0).reshape(3, 4, 5)
I = lucid.tensor  # noqa: E741


def data(x):
    return np.array(x.detach().tolist())


def adjoint(places, w, n):
    """The gradient of what reads the elements `places` with weights `w`."""
    found = np.zeros(n)
    np.add.at(found, np.asarray(places, int).reshape(-1), np.asarray(w).reshape(-1))
    return found


INDICES = [
    0, -1, (1, 2), (slice(1, None), slice(None, None, 2)), (..., 3), (None, 1, ..., None), (slice(5, 2),),
    [0, 2], ([0, 2], [1, 1]), (slice(None), [0, 0, 3]), ([[0], [1]], slice(None), [1, 4]), ([0, 1], None, [2, 3]),
    X > 20, (slice(None), np.array([True, False, True, True])), (0, slice(None), [1, 1]), True, False, (np.int64(1), 0),
    ([0, 1], ..., [2, 3]), ([], slice(None)), (slice(0, 2), np.array([-1, 0])), (X[..., 0] > 20, 2),
]  # fmt: skip


def expected(array, index):
    """NumPy's answer with PyTorch's one difference: an int is taken before index arrays are placed."""
    if isinstance(index, tuple) and type(index[0]) is int and isinstance(index[-1], list):
        return array[index[0]][index[1:]]
    if isinstance(index, tuple) and isinstance(index[0], list) and not index[0]:
        return array[np.zeros(0, int)]
    return array[index]


@pytest.mark.parametrize("k", range(len(INDICES)))
def test_getitem(k):
    x = lucid.from_numpy(X.copy()).requires_grad_()
    found, wanted = x[INDICES[k]], expected(X, INDICES[k])
    np.testing.assert_array_equal(data(found).reshape(wanted.shape), wanted)
    assert tuple(found.shape) == wanted.shape
    w = RNG.standard_normal(wanted.shape)
    (found * lucid.from_numpy(w)).sum().backward()
    np.testing.assert_allclose(data(x.grad).reshape(-1), adjoint(wanted, w, 60))


@pytest.mark.parametrize("k", range(len(INDICES)))
@pytest.mark.parametrize("recorded", [False, True])
def test_setitem(k, recorded):
    a = lucid.from_numpy(X.copy()).requires_grad_(recorded)
    shape = expected(X, INDICES[k]).shape
    # equal elements that are named twice get equal values, whichever is written last
    values = expected(X, INDICES[k]) * 10
    x = a * 1 if recorded else a
    x[INDICES[k]] = lucid.from_numpy(np.ascontiguousarray(values))
    wanted = X.copy()
    places = expected(X, INDICES[k]).astype(int)
    wanted.reshape(-1)[places.reshape(-1)] = values.reshape(-1)
    np.testing.assert_array_equal(data(x), wanted)
    if recorded:
        x.sum().backward()
        kept = np.ones(60)
        kept[places.reshape(-1)] = 0
        np.testing.assert_array_equal(data(a.grad).reshape(-1), kept)
    x = lucid.from_numpy(X.copy())
    x[INDICES[k]] = 7
    assert (data(x) == 7).sum() == len(np.unique(places)) + (7 not in places)
    assert shape == values.shape


@pytest.mark.parametrize(
    ("index", "error", "said"),
    [
        (3, IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
        (10**30, IndexError, "out of bounds"),
        ((0, -5), IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
        ((0, 0, 0, 0), IndexError, "too many indices"),
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
        ([3], IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
        ((slice(None), [-5]), IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
        ((I([0, 1]), I([3, -5])), IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
        ((I([[0], [1]]), I([3, 4])), IndexError, "index 4 is out of bounds for dimension 1 with size 4"),
        ((I([0, -7, 9]), slice(None), I([0])), IndexError, "index -7 is out of bounds for dimension 0 with size 3"),
        (([0, 1], [0, 1, 2]), IndexError, "could not be broadcast"),
        (np.array([True, False]), IndexError, "shape of the mask"),
        (1.0, IndexError, "valid indices"),
        ("a", TypeError, "str"),
        (np.array([0.5]), IndexError, "long, int, byte or bool"),
    ],
)
def test_wrong_indices_are_refused(index, error, said):
    x = lucid.from_numpy(X.copy())
    with pytest.raises(error, match=said):
        x[index]
    with pytest.raises(error):
        x[index] = 1.0
    np.testing.assert_array_equal(data(x), X)


def test_wrong_values_are_refused():
    x = lucid.zeros(2, 3)
    for index, value, error in (
        (0, lucid.ones(2), RuntimeError), (0, lucid.ones(2, 3), RuntimeError), (I([0]), lucid.ones(2), RuntimeError),
        (I([0]), lucid.ones(3, dtype=lucid.float64), RuntimeError), (0, "a", TypeError), (0, 2j, RuntimeError),
    ):  # fmt: skip
        with pytest.raises(error):
            x[index] = value
    assert data(x).any() == np.False_
    x[0] = lucid.ones(3, dtype=lucid.float64)  # a basic index casts
    assert x.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_iteration_and_membership():
    x = lucid.arange(6.0).reshape(2, 3)
    assert [row.tolist() for row in x] == [[0, 1, 2], [3, 4, 5]]
    assert 4.0 in x
    assert 9 not in x
    with pytest.raises(TypeError, match="0-d"):
        iter(lucid.tensor(1.0))
    with pytest.raises(RuntimeError, match="scalar"):
        "a" in x  # noqa: B015


# ------------------------------------------------------------------------------------------------ gather and its kin


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_gather_and_scatter(dim):
    shape = [2, 3, 4]
    shape[dim] = 6
    index = RNG.integers(0, X.shape[dim], shape)
    cropped = X[tuple(slice(None) if k == dim else slice(0, n) for k, n in enumerate(shape))]
    places = np.take_along_axis(cropped, index, dim)
    at = lucid.from_numpy(index)
    x = lucid.from_numpy(X.copy()).requires_grad_()
    found = x.gather(dim, at)
    np.testing.assert_array_equal(data(found), places)
    w = RNG.standard_normal(shape)
    (found * lucid.from_numpy(w)).sum().backward()
    np.testing.assert_allclose(data(x.grad).reshape(-1), adjoint(places, w, 60))

    zeros = lucid.zeros(X.shape, dtype=lucid.float64)
    added = zeros.scatter_add(dim, at, lucid.from_numpy(w))
    np.testing.assert_allclose(data(added).reshape(-1), adjoint(places, w, 60))
    largest = np.full(60, -np.inf)
    np.maximum.at(largest, places.astype(int).reshape(-1), w.reshape(-1))
    found = zeros.scatter_reduce(dim, at, lucid.from_numpy(w), "amax", include_self=False)
    np.testing.assert_array_equal(data(found).reshape(-1), np.where(largest == -np.inf, 0, largest))
    written = zeros.scatter(dim, at, 5.0)
    assert (data(written) == 5).sum() == len(np.unique(places))


OUT_OF_RANGE = {
    "gather": lambda x, i: x.gather(0, i.reshape(-1, 1)),
    "scatter": lambda x, i: x.scatter(0, i.reshape(-1, 1), 1.0),
    "scatter_add": lambda x, i: x.scatter_add(0, i.reshape(-1, 1), lucid.ones(1, 1)),
    "scatter_reduce": lambda x, i: x.scatter_reduce(0, i.reshape(-1, 1), lucid.ones(1, 1), "prod"),
    "index_select": lambda x, i: x.index_select(0, i),
    "index_add": lambda x, i: x.index_add(0, i, lucid.ones(1, 2)),
    "index_copy": lambda x, i: x.index_copy(0, i, lucid.ones(1, 2)),
    "index_fill": lambda x, i: x.index_fill(0, i * 9, 1.0),
    "index_put": lambda x, i: x.index_put((i * 9,), lucid.tensor(1.0)),
    "index_reduce": lambda x, i: x.index_reduce(0, i, lucid.ones(1, 2), "amax"),
    "take": lambda x, i: x.take(i * 9),
    "put": lambda x, i: x.put(i * 9, lucid.ones(1)),
    "take_along_dim": lambda x, i: x.take_along_dim((i * 9).reshape(1, 1), 0),
    "embedding": lambda x, i: F.embedding(i, x),
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
@pytest.mark.parametrize("index", [-1, 3, 2**62, -(2**62)])
def test_indices_out_of_range_are_refused(name, index):
    x = lucid.zeros(3, 2)
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        OUT_OF_RANGE[name](x, lucid.tensor([index]))
    with pytest.raises((IndexError, RuntimeError)):
        OUT_OF_RANGE[name](x, lucid.tensor([0.0]))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float16", "float32", "complex64"])
def test_whole_slices_of_every_dtype(dtype):
    array, source = RNG.standard_normal((4, 3)) * 3, RNG.standard_normal((3, 3)) * 3
    if dtype == "uint8":  # of which C does not say what negative numbers become
        array, source = abs(array), abs(source)
    array, source = array.astype(dtype), source.astype(dtype)
    x, i = lucid.from_numpy(array.copy()), np.array([3, 0, 3])
    at = lucid.from_numpy(i)
    np.testing.assert_array_equal(x.index_select(0, at).numpy(), array[i])
    added = array.copy()
    for k, row in zip(i, source):
        added[k] = added[k] | row if dtype == "bool" else added[k] + row
    np.testing.assert_allclose(x.index_add(0, at, lucid.from_numpy(source)).numpy(), added, rtol=1e-3)
    copied = array.copy()
    copied[i] = source
    np.testing.assert_array_equal(x.index_copy(0, at, lucid.from_numpy(source)).numpy(), copied)
    copied = array.copy()
    copied[i] = 1
    np.testing.assert_array_equal(x.index_fill(0, at, 1).numpy(), copied)


def test_gradients_of_second_order():
    x, source = (lucid.from_numpy(RNG.standard_normal(shape)).requires_grad_() for shape in ((3, 4), (2, 4)))
    at, grid = lucid.tensor([2, 0]), lucid.tensor([[0, 1, 2, 0], [1, 1, 0, 2]])
    once = lucid.tensor([[0, 1, 2, 0], [1, 2, 0, 2]])  # what scatter writes twice is either
    mask = lucid.tensor([[True, False, True, False]] * 3)
    for call in (
        lambda a, b: a.gather(0, grid), lambda a, b: a.scatter(0, once, b), lambda a, b: a.scatter_add(0, grid, b),
        lambda a, b: a.scatter_reduce(0, grid, b, "prod"), lambda a, b: a.scatter_reduce(0, grid, b, "mean"),
        lambda a, b: a.scatter_reduce(0, grid, b, "amax"), lambda a, b: a.index_select(0, at) * b,
        lambda a, b: a.index_add(0, at, b, alpha=3), lambda a, b: a.index_copy(0, at, b),
        lambda a, b: a.index_fill(0, at, 2.0) * b[0], lambda a, b: a.index_put((at,), b, accumulate=True),
        lambda a, b: a.take(grid) * b, lambda a, b: a.put(at, b[0, :2]), lambda a, b: a.masked_fill(mask, b[0, 0]),
        lambda a, b: a.masked_select(mask), lambda a, b: a.masked_scatter(mask, b), lambda a, b: a[at][:, at] * b[:, :2],
        lambda a, b: F.embedding(grid, a),
    ):  # fmt: skip
        assert lucid.autograd.gradcheck(lambda a, b, call=call: call(a, b) * 1.0 + b.sum() * 0, (x, source))
        assert lucid.autograd.gradgradcheck(lambda a, b, call=call: (call(a, b) ** 2) + b.sum() * 0, (x, source))


# ------------------------------------------------------------------------------------------------ masks, counts, order


def test_masks():
    mask = X > 30
    x, m = lucid.from_numpy(X.copy()), lucid.from_numpy(mask)
    np.testing.assert_array_equal(x.masked_select(m).numpy(), X[mask])
    np.testing.assert_array_equal(x.masked_fill(m, -1).numpy(), np.where(mask, -1, X))
    np.testing.assert_array_equal(x.nonzero().numpy(), np.argwhere(X))
    np.testing.assert_array_equal(np.stack([one.numpy() for one in m.nonzero(as_tuple=True)]), np.nonzero(mask))
    filled = x.masked_scatter(m, lucid.arange(100.0, dtype=lucid.float64))
    np.testing.assert_array_equal(filled.numpy()[mask], np.arange(mask.sum()))
    with pytest.raises(RuntimeError, match="boolean masks"):
        x.masked_fill(m.long(), 1)
    with pytest.raises(RuntimeError, match="Number of elements of source"):
        x.masked_scatter(m, lucid.zeros(2, dtype=lucid.float64))


def test_histograms_count_by_their_edges():
    x = lucid.linspace(-1.25, 1.25, 70001)
    edges = lucid.linspace(-1, 1, 22)
    x[::100] = edges[3]  # on an edge, which the computed place may miss
    x[5], weight = float("nan"), lucid.linspace(0, 1, 70001)
    counts, found = lucid.histogram(x, 21, range=(-1.0, 1.0))
    assert found.tolist() == edges.tolist()
    inside = [(x >= low) & ((x < high) if high < 1 else (x <= high)) for low, high in zip(edges.tolist(), edges.tolist()[1:])]
    assert counts.tolist() == [one.sum().item() for one in inside]
    weighed = lucid.histogram(x, 21, range=(-1.0, 1.0), weight=weight).hist
    assert weighed.tolist() == pytest.approx([weight[one].double().sum().item() for one in inside], rel=1e-6)
    assert lucid.histc(x, 21, -1, 1).sum().item() == counts.sum().item()


def test_counting():
    assert lucid.bincount(I([1, 1, 3])).tolist() == [0, 2, 0, 1]
    assert lucid.bincount(I([1, 2, 1]), I([0.5, 1.0, 2.0]), 5).tolist() == [0, 2.5, 1, 0, 0]
    assert lucid.histc(I([0.0, 1, 2, 2, 5]), 4, 0, 4).tolist() == [1, 1, 2, 0]
    assert F.one_hot(I([[0], [2]])).tolist() == [[[1, 0, 0]], [[0, 0, 1]]]
    for call in (
        lambda: lucid.bincount(I([-1])), lambda: lucid.bincount(I([[1]])), lambda: lucid.histc(I([1.0]), 0),
        lambda: F.one_hot(I([-1])), lambda: F.one_hot(I([2]), 2),
    ):  # fmt: skip
        with pytest.raises(RuntimeError):
            call()
    for limits, reason in (((0, 0, 3), "bins must be"), ((4, -1, 3), "without overflow"), ((4, 0, 3), "not implemented for 'Byte'")):
        with pytest.raises(RuntimeError, match=reason):
            lucid.histc(I([1], dtype=lucid.uint8), *limits)


def test_reductions_look_at_shapes_before_dtypes():
    some, none = I([[1j, 2, 3]]), lucid.zeros(0, 3, dtype=lucid.complex64)
    assert lucid.amax(none, 1).shape == lucid.amin(none, 1).shape == (0,)
    for reduction in (lucid.amax, lucid.amin, lucid.max, lucid.min, lucid.median, lucid.nansum):
        with pytest.raises(IndexError, match="out of range"):
            reduction(some, 2)
        with pytest.raises(RuntimeError, match="complex|Complex"):
            reduction(some, 1)
    for reduction in (lucid.amax, lucid.max, lucid.median, lucid.mode):
        with pytest.raises(IndexError, match="non-zero size"):
            reduction(none, 0)
    with pytest.raises(IndexError, match="non-zero size"):
        lucid.kthvalue(none.real, 1, 0)
    with pytest.raises(RuntimeError, match="does not support complex"):
        lucid.argmax(some, 2)


def test_moments_of_complex_numbers_are_summed_in_double():
    x = lucid.randn(4, 5000, dtype=lucid.complex64, generator=lucid.Generator().manual_seed(0)) + (1000 - 300j)
    var, mean = lucid.var_mean(x, 1)
    wide = x.to(lucid.complex128)
    assert mean.tolist() == wide.mean(1).to(lucid.complex64).tolist()
    assert lucid.allclose(var.double(), wide.real.var(1) + wide.imag.var(1), rtol=1e-7, atol=0)
    assert lucid.std(x, 1).tolist() == var.sqrt().tolist()
    with pytest.warns(UserWarning, match="degrees of freedom"):
        assert lucid.var_mean(x[:, :0], 1)[1].isnan().all() and lucid.var(x[:0], 1).shape == (0,)


def test_order():
    x = RNG.integers(0, 9, 50)
    found = lucid.unique(lucid.from_numpy(x), return_inverse=True, return_counts=True)
    for one, wanted in zip(found, np.unique(x, return_inverse=True, return_counts=True)):
        np.testing.assert_array_equal(one.numpy(), wanted)
    rows = np.array([[1, 2], [0, 5], [1, 2]])
    assert lucid.unique(lucid.from_numpy(rows), dim=0).tolist() == [[0, 5], [1, 2]]
    assert lucid.unique_consecutive(I([1, 1, 2, 1])).tolist() == [1, 2, 1]
    edges, values = np.sort(RNG.standard_normal((3, 7))), RNG.standard_normal((3, 4))
    for right in (False, True):
        wanted = [np.searchsorted(e, v, "right" if right else "left") for e, v in zip(edges, values)]
        found = lucid.searchsorted(lucid.from_numpy(edges), lucid.from_numpy(values), right=right)
        np.testing.assert_array_equal(found.numpy(), wanted)
    assert lucid.bucketize(2.0, I([1.0, 2.0, 3.0])).item() == 1
    with pytest.raises(RuntimeError, match="sorter index out of range"):
        lucid.searchsorted(I([1.0, 2.0]), I([1.0]), sorter=I([0, 5]))


def test_embedding_scales_long_rows_down_and_leaves_out_the_padding():
    weight = lucid.tensor([[3.0, 4.0], [0.1, 0.1], [1.0, 1.0]], requires_grad=True)
    with lucid.no_grad():
        F.embedding(I([0, 1]), weight, max_norm=1.0)
    np.testing.assert_allclose(data(weight), [[0.6, 0.8], [0.1, 0.1], [1, 1]], rtol=1e-6)
    F.embedding(I([0, 2, 2, 2]), weight, padding_idx=0, scale_grad_by_freq=True).sum().backward()
    np.testing.assert_allclose(data(weight.grad), [[0, 0], [0, 0], [1, 1]], rtol=1e-6)


def test_bags_of_embeddings():
    table = np.arange(12.0).reshape(4, 3)
    weight = I(table, dtype=lucid.float32)
    at, starts = I([0, 3, 3, 2, 1]), I([0, 2, 2])
    assert F.embedding_bag(at, weight, starts, mode="sum").tolist() == [[9, 11, 13], [0, 0, 0], [18, 21, 24]]
    assert F.embedding_bag(at, weight, starts, mode="sum", include_last_offset=True).tolist() == [[9, 11, 13], [0, 0, 0]]
    assert F.embedding_bag(at, weight, starts, padding_idx=-1).tolist() == [[0, 1, 2], [0, 0, 0], [4.5, 5.5, 6.5]]
    assert F.embedding_bag(at, weight.half(), starts, mode="max", padding_idx=3).tolist() == [[0, 1, 2], [0, 0, 0], [6, 7, 8]]
    weight.requires_grad_()
    F.embedding_bag(at, weight, starts, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert weight.grad.tolist() == [[1, 1, 1]] * 4
    half = weight.detach().half().requires_grad_()
    F.embedding_bag(at, half, starts, mode="max").sum().backward()
    assert half.grad.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [2, 2, 2]]
    with pytest.raises(RuntimeError, match="found idx to be 4"):
        F.embedding_bag(I([[4]]), weight)
    with pytest.raises(RuntimeError, match="must not decrease"):
        F.embedding_bag(at, weight, I([0, 3, 2]))


def test_out_of_the_wrong_dtype_or_over_an_input_is_refused():
    x, at = lucid.arange(6.0), lucid.tensor([0, 2])
    with pytest.raises(RuntimeError, match="to have dtype float32"):
        lucid.index_select(x, 0, at, out=lucid.empty(2, dtype=lucid.float64))
    with pytest.raises(RuntimeError, match="single memory location"):
        lucid.index_select(x, 0, lucid.arange(6), out=x)
    with pytest.raises(RuntimeError, match="single memory location"):
        lucid.add(x[1:], 1, out=x[:-1])
    values, indices = lucid.ones(2), lucid.empty(2, dtype=lucid.int32)
    with pytest.raises(RuntimeError, match="to have dtype int64"):
        lucid.topk(x, 2, out=(values, indices))
    assert values.tolist() == [1.0, 1.0]  # nothing is written where one of several is refused
    assert lucid.add(x, 1, out=x) is x and x.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.complex64, bool])
def test_masks_and_index_tensors_read_and_write_as_numpy(dtype):
    source = np.random.default_rng(0)
    kept = (source.integers(-3, 4, (4, 5, 6))).astype(dtype)
    at, other, mask = np.array([0, -1, 2]), np.array([[1], [4]]), source.random((4, 5, 6)) < 0.4
    colon = slice(None)
    for index in (at, mask, mask[..., 0], (at, at), (colon, at), (at, colon, at), (colon, at, other), (0, other),
                  (slice(1, 3), at), (..., other, at), (colon, colon, mask[0, 0]), at[:0]):  # fmt: skip
        own = tuple(lucid.from_numpy(i) if isinstance(i, np.ndarray) else i for i in index) if isinstance(
            index, tuple) else lucid.from_numpy(index)  # fmt: skip
        for order in ("C", "F"):
            x = lucid.from_numpy(np.array(kept, order=order))
            np.testing.assert_array_equal(x[own].numpy(), kept[index])
            for value in (1, kept[index][::-1].copy()):
                expected = kept.copy()
                expected[index] = value
                y = lucid.from_numpy(np.array(kept, order=order))
                y[own] = lucid.from_numpy(value) if isinstance(value, np.ndarray) else value
                np.testing.assert_array_equal(y.numpy(), expected)


def test_histograms_of_spans_beyond_and_below_their_dtype():
    ones, largest = lucid.ones(3), lucid.tensor([-3e38, 3e38, 0.0, 1e38, 2.9e38])
    assert lucid.histogram(ones, 4, range=(1.0, 1.0 + 1e-12))[0].sum() == 3 and lucid.histc(ones, 4, 1.0, 1.0 + 1e-12).sum() == 3
    assert lucid.histogram(largest, 4)[0].tolist() == lucid.histc(largest, 4).tolist() == [1, 0, 2, 2]
    assert lucid.histogram(lucid.tensor([0.0, 1e38, 3e38]), 4)[0].tolist() == [1, 1, 0, 1]
    wide = lucid.tensor([-1.7e308, 1.7e308, 0.0, math.nan], dtype=lucid.float64)
    assert lucid.histc(wide[:3], 4).tolist() == [1, 0, 1, 1] and lucid.histc(wide, 2, -1e308, 1e308).tolist() == [0, 1]


@pytest.mark.parametrize("shape", [(1, 5), (3, 7), (2, 4, 9), (40, 3)])
@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float64, lucid.float16])
def test_rows_of_logcumsumexp_are_those_of_each_alone(shape, dtype):
    x = lucid.randn(shape, generator=lucid.Generator().manual_seed(5)).to(dtype)
    found = lucid.logcumsumexp(x, -1).reshape(-1, shape[-1])
    for row, one in zip(x.reshape(-1, shape[-1]), found):
        assert lucid.allclose(one, lucid.logcumsumexp(row, 0), rtol=1e-6)


@pytest.mark.parametrize("channels", [3, 4, 9])
def test_the_nearest_elements_of_channels_are_those_of_each_alone(channels):
    rng = lucid.Generator().manual_seed(6)
    x, grid = lucid.randn(2, channels, 5, 6, generator=rng), lucid.rand(2, 3, 7, 2, generator=rng) * 3 - 1.5
    found = F.grid_sample(x, grid, mode="nearest", align_corners=False)
    for c in range(channels):
        assert lucid.equal(found[:, c : c + 1], F.grid_sample(x[:, c : c + 1], grid, mode="nearest", align_corners=False))
    i, j = (((grid[..., k] + 1) * size / 2 - 0.5).round() for k, size in ((1, 5), (0, 6)))
    inside = (i >= 0) & (i < 5) & (j >= 0) & (j < 6)
    there = x[lucid.arange(2)[:, None, None], :, i.clamp(0, 4).long(), j.clamp(0, 5).long()].permute(0, 3, 1, 2)
    assert lucid.equal(found, there * inside[:, None])


@pytest.mark.parametrize(
    "size, kernel, options",
    [((6, 4), 2, {"stride": 2}), ((6, 4), (3, 2), {"stride": (3, 2)}), ((4, 4), 4, {"stride": 4, "padding": 1}), ((7, 4), 2, {"stride": 2}),
     ((4, 6), 3, {}), ((8, 8), 2, {"stride": 2, "dilation": 2}), ((4, 4), 2, {"stride": 2, "padding": 1})],
)  # fmt: skip
def test_fold_adds_what_unfold_took(size, kernel, options):
    x = lucid.arange(2.0 * 3 * size[0] * size[1]).reshape(2, 3, *size)
    times = F.fold(F.unfold(lucid.ones_like(x), kernel, **options), size, kernel, **options)
    assert lucid.equal(F.fold(F.unfold(x, kernel, **options), size, kernel, **options), x * times)
    window = lucid.ones(1, 1, *(kernel if type(kernel) is tuple else (kernel, kernel)))
    blocks = lucid.ones_like(F.conv2d(lucid.ones(1, 1, *size), window, **options))
    wanted = F.conv_transpose2d(blocks, window, **options)[0, 0]
    assert lucid.equal(times[0, 0, : len(wanted), : len(wanted[0])], wanted)


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("size", [(5, 7), (3, 4, 5)])
def test_points_of_a_grid_are_sampled_alike_with_and_without_a_gradient(mode, padding, size):
    """In blocks that make their own table; by a table of all points; and, for the grid's gradient, by operations."""
    rng = lucid.Generator().manual_seed(7)
    n = len(size)
    x = lucid.randn(2, 6, *size, generator=rng).double()
    grid = lucid.rand(2, 20, 31, *(1,) * (n - 2), n, generator=rng).double() * 3.4 - 1.7
    grid.view(-1)[:40:5] = lucid.tensor([math.nan, math.inf, -math.inf, 1e20, -1e30, 1.0, -1.0, 0.0]).double()
    found = F.grid_sample(x, grid, mode, padding, False)
    by_table = F.grid_sample(x.clone().requires_grad_(), grid, mode, padding, False)
    by_steps = F.grid_sample(x, grid.clone().requires_grad_(), mode, padding, False)
    assert lucid.equal(found.nan_to_num(77), by_table.detach().nan_to_num(77))
    assert lucid.allclose(found, by_steps.detach(), rtol=1e-12, atol=1e-12, equal_nan=True)


def test_floats_in_a_list_lose_their_digits_and_text_is_no_index():
    x = lucid.tensor(X)
    assert x[[0.5, 1.7]].tolist() == X[[0, 1]].tolist() and x[0, [1.0, True]].tolist() == X[0, [1, 1]].tolist()
    assert lucid.zeros(2**24 + 2)[[2.0**24 + 1]].shape == (1,)
    for index in (["x", 1], [1, "x"], "x"):
        with pytest.raises(TypeError):
            x[index]


def test_a_number_is_written_to_by_any_count_of_indices():
    x = I(2.0)
    assert x.index_fill(0, I([0, 0, 0]), 5.0).item() == 5.0 == x.scatter(0, I([0, 0]), 5.0).item()
    assert [one.tolist() for one in lucid.topk(x, 0)] == [2.0, 0] == [one.tolist() for one in lucid.topk(x, 1)]


def test_what_has_no_elements():
    nothing = lucid.zeros(0, dtype=lucid.int64)
    assert nothing.median().item() == lucid.iinfo(lucid.int64).min == nothing.nanmedian().item()
    assert nothing.byte().median().item() == 0 and math.isnan(nothing.float().median().item())
    assert lucid.trapezoid(lucid.ones(2, 0), lucid.ones(2, 0)).tolist() == [0.0, 0.0]
    assert lucid.cumulative_trapezoid(lucid.ones(0), lucid.ones(0)).shape == (0,) == lucid.fft.fftfreq(0).shape
    assert math.isnan(lucid.fft.rfftfreq(0).item())
    assert lucid.signal.windows.exponential(1, center=1.0, tau=2.0, sym=False).item() == pytest.approx(math.exp(-0.5))


def test_what_is_not_given_has_pytorchs_defaults():
    assert [one.tolist() for one in lucid.where(lucid.tensor(True))] == [[0]] and lucid.where(lucid.tensor(0.0))[0].shape == (0,)
    assert lucid.histogram(lucid.ones(3)).hist.shape == (100,)
    assert lucid.repeat_interleave(lucid.tensor([1, 2], dtype=lucid.int32)).dtype is lucid.int32
    assert lucid.is_same_size(lucid.ones(2), other=lucid.zeros(2))
