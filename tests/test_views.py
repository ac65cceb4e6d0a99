"""Views share memory and strides with their base, and writes through them reach the base's history."""

import numpy as np
import pytest

import lucid
from lucid import Tensor
from lucid._kernels import core

RNG = np.random.default_rng(0)


def leaf(*shape):
    return lucid.from_numpy(RNG.standard_normal(shape)).requires_grad_()


def data(x):
    return np.array(x.detach().tolist())


X = np.arange(24.0).reshape(2, 3, 4)

VIEWS = {
    "transpose": (lambda x: x.transpose(0, 2), lambda a: a.transpose(2, 1, 0)),
    "permute": (lambda x: x.permute(2, 0, 1), lambda a: a.transpose(2, 0, 1)),
    "movedim": (lambda x: x.movedim((0, 1), (2, 0)), lambda a: np.moveaxis(a, (0, 1), (2, 0))),
    "view": (lambda x: x.view(6, -1), lambda a: a.reshape(6, 4)),
    "reshape of a transpose in one piece": (lambda x: x.transpose(0, 1)[0].reshape(2, 2, 2), lambda a: a[:, 0].reshape(2, 2, 2)),
    "reshape with a step": (lambda x: x[..., ::2].reshape(6, 2), lambda a: a[..., ::2].reshape(6, 2)),
    "flatten": (lambda x: x.flatten(1), lambda a: a.reshape(2, 12)),
    "unflatten": (lambda x: x.unflatten(2, (2, -1)), lambda a: a.reshape(2, 3, 2, 2)),
    "unsqueeze, squeeze": (lambda x: x.unsqueeze(1).squeeze(1), lambda a: a),
    "squeeze of several": (lambda x: x[:1, :1].squeeze((0, 1)), lambda a: a[0, 0]),
    "select": (lambda x: x.select(1, -1), lambda a: a[:, -1]),
    "narrow": (lambda x: x.narrow(2, -3, 2), lambda a: a[:, :, 1:3]),
    "diagonal": (lambda x: x.diagonal(1, 1, 2), lambda a: a.diagonal(1, 1, 2)),
    "unfold": (lambda x: x.unfold(2, 2, 1), lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, 2)),
    "split": (lambda x: x.split((1, 3), 2)[1], lambda a: a[:, :, 1:]),
    "chunk": (lambda x: x.chunk(2, 1)[1], lambda a: a[:, 2:]),
    "tensor_split": (lambda x: x.tensor_split((1,), 2)[1], lambda a: a[:, :, 1:]),
    "unbind": (lambda x: x.unbind(1)[2], lambda a: a[:, 2]),
    "index": (lambda x: x[1, ..., None, 1::2], lambda a: a[1, ..., None, 1::2]),
    "as_strided": (lambda x: x.as_strided((2, 2), (4, 1), 5), lambda a: np.array([[5.0, 6], [9, 10]])),
    "expand": (lambda x: x[:, :1].expand(-1, 3, 4), lambda a: np.broadcast_to(a[:, :1], (2, 3, 4))),
    "mT": (lambda x: x.mT, lambda a: a.swapaxes(1, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_views_share_memory_and_have_gradients(name):
    view, expected = VIEWS[name]
    x = lucid.from_numpy(X.copy())
    found = view(x)
    np.testing.assert_array_equal(data(found), expected(X))
    assert np.shares_memory(found.numpy(), x.numpy())
    if name != "expand":
        found.detach().fill_(-1.0)
        assert (data(x) == -1).sum() == np.unique(expected(X)).size
    # the gradient of sum(w * view(x)) is the sum of the w that each element is seen with
    places = expected(X).astype(int)
    x = lucid.from_numpy(X.copy()).requires_grad_()
    w = RNG.standard_normal(places.shape)
    (view(x) * lucid.from_numpy(w)).sum().backward()
    wanted = np.zeros(24)
    np.add.at(wanted, places.reshape(-1), w.reshape(-1))
    np.testing.assert_allclose(data(x.grad).reshape(-1), wanted)


def test_strides_are_those_of_the_memory():
    x = lucid.zeros(2, 3, 4)
    assert x.permute(2, 0, 1).stride() == (1, 12, 4)
    assert x[:, ::2].stride() == (12, 8, 1)
    assert x[1, 1:].storage_offset() == 16
    assert x[0].t().stride() == (1, 4)
    assert x.unsqueeze(1).stride() == (12, 12, 4, 1)
    assert x[:1, :1].expand(5, 3, 4).stride() == (0, 0, 1)
    assert not x.transpose(0, 1).is_contiguous()


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda x: x.view(5), RuntimeError, "invalid for input of size 6"),
        (lambda x: x.t().view(6), RuntimeError, "view size is not compatible"),
        (lambda x: x.transpose(0, 2), IndexError, "Dimension out of range"),
        (lambda x: x.permute(0, 0), RuntimeError, "duplicate dims"),
        (lambda x: x.select(0, 2), IndexError, "index 2 out of range"),
        (lambda x: x.narrow(0, 1, 5), RuntimeError, "exceeds dimension size"),
        (lambda x: x.narrow(0, 0, -1), RuntimeError, "non-negative"),
        (lambda x: x.unfold(1, 4, 1), RuntimeError, "maximum size"),
        (lambda x: x.expand(4, 3), RuntimeError, "must match the existing size"),
        (lambda x: x.split([1, 2]), RuntimeError, "sum exactly"),
        (lambda x: x.chunk(0), RuntimeError, "greater than 0"),
        (lambda x: x.as_strided((4, 4), (3, 1)), RuntimeError, "out of bounds for storage"),
        (lambda x: x.as_strided((2,), (-1,)), RuntimeError, "Negative strides"),
        (lambda x: x.squeeze(2), IndexError, "Dimension out of range"),
        (lambda x: x.unflatten(1, (2, 2)), RuntimeError, "multiply up"),
        (lambda x: x.view(lucid.float64), RuntimeError, "divisible by 2"),
    ],
)
def test_wrong_arguments_are_refused(call, error, said):
    x = lucid.arange(6.0).reshape(2, 3)
    with pytest.raises(error, match=said):
        call(x)
    assert data(x).tolist() == [[0, 1, 2], [3, 4, 5]]


# ------------------------------------------------------------------------------------------------ in place
# Each writes through views; `pure` is the same computation without views or writes.


def eye_mask(rows, columns, *where):
    mask = np.zeros((rows, columns))
    mask[where] = 1.0
    return lucid.from_numpy(mask)


def column(a, b):
    x = a * 2
    x[:, 0] = b[:, 1] * b[:, 1]
    return x * x


def column_pure(a, b):
    first = eye_mask(3, 4, slice(None), 0)
    x = a * 2 * (1 - first) + (b * b)[:, 1:2] * first
    return x * x


def transposed(a, b):
    x = a.clone()
    x.t().mul_(2)
    x.t()[1:].mul_(b.t()[1:])
    return x * x


def transposed_pure(a, b):
    rest = eye_mask(3, 4, slice(None), slice(1, None))
    x = a * 2 * (1 - rest) + a * 2 * b * rest
    return x * x


def chain(a, b):
    x = a * b
    v = x[1:]
    w = v.t()
    w[2].mul_(3)
    v.mul_(2)
    return w * w.detach().clone() + w * w


def chain_pure(a, b):
    factor = np.full((3, 4), 2.0)
    factor[:, 2] = 6
    w = (a * b * lucid.from_numpy(factor))[1:].t()
    return w * w.detach() + w * w


def dense_base_in_another_order(a, b):
    x = (a * b).t() * 1
    v = x[1:, 1:]
    v.exp_()
    return x * x


def dense_base_in_another_order_pure(a, b):
    piece = eye_mask(4, 3, slice(1, None), slice(1, None))
    x = (a * b).t()
    x = x * (1 - piece) + x.exp() * piece
    return x * x


def constant_base(a, b):
    x = lucid.zeros(3, 4, dtype=lucid.float64)
    x[0] = a[0]
    x[1:, 2] = b[1:, 0] * 3
    return x * x


def constant_base_pure(a, b):
    first, other = eye_mask(3, 4, 0), eye_mask(3, 4, slice(1, None), 2)
    x = a * first + b[:, :1] * 3 * other
    return x * x


def base_written_after_the_view(a, b):
    y = a * 2
    v = y[:1].expand(3, 4)
    y.mul_(b)
    return v * v


def base_written_after_the_view_pure(a, b):
    v = (a * 2 * b)[:1].expand(3, 4)
    return v * v


def zeroed(a, b):
    x = a * b
    x[0].zero_()
    x[:, 1].fill_(b[0, 0])
    return x * x


def zeroed_pure(a, b):
    kept = eye_mask(3, 4, slice(1, None)) * (1 - eye_mask(3, 4, slice(None), 1))
    x = a * b * kept + b[0, 0] * eye_mask(3, 4, slice(None), 1)
    return x * x


def advanced(a, b):
    x = a * 2
    x[1:][:, [0, 2]] = b[1:, [1, 3]] * b[1:, [1, 3]]
    return x * x


def advanced_pure(a, b):
    square = b * b
    moved = lucid.stack([square[:, 1], square[:, 0], square[:, 3], square[:, 0]], 1)
    where = eye_mask(3, 4, slice(1, None), slice(None, None, 2))
    x = a * 2 * (1 - where) + moved * where
    return x * x


PAIRS = [
    (column, column_pure), (transposed, transposed_pure), (chain, chain_pure), (constant_base, constant_base_pure),
    (dense_base_in_another_order, dense_base_in_another_order_pure), (zeroed, zeroed_pure), (advanced, advanced_pure),
    (base_written_after_the_view, base_written_after_the_view_pure),
]  # fmt: skip


@pytest.mark.parametrize(("inplace", "pure"), PAIRS, ids=[one.__name__ for one, _ in PAIRS])
def test_writes_through_views_have_the_gradients_of_the_pure_computation(inplace, pure):
    a, b = RNG.standard_normal((2, 3, 4))
    w = None
    found = []
    for function in (inplace, pure):
        inputs = [lucid.from_numpy(one.copy()).requires_grad_() for one in (a, b)]
        out = function(*inputs)
        w = RNG.standard_normal(tuple(out.shape)) if w is None else w
        first = lucid.autograd.grad((out * lucid.from_numpy(w)).sum(), inputs, create_graph=True, materialize_grads=True)
        second = lucid.autograd.grad(
            sum((one * one).sum() for one in first), inputs, allow_unused=True, materialize_grads=True
        )
        found.append([data(one) for one in (out, *first, *second)])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_leaves_and_their_views_refuse_writes():
    x = leaf(3)
    for write in (lambda: x.mul_(2), lambda: x[0].mul_(2), lambda: x[1:].zero_(), lambda: x.__setitem__(0, 1.0)):
        before = data(x)
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            write()
        np.testing.assert_array_equal(data(x), before)
    with lucid.no_grad():
        x[0] = 5.0
    assert x[0].item() == 5.0


def test_a_view_made_without_recording_is_not_written_to_with_it():
    x = leaf(3) * 2
    with lucid.no_grad():
        v = x[:2]
    with pytest.raises(RuntimeError, match="no_grad mode"):
        v.mul_(2)
    with lucid.no_grad():
        v.mul_(2)


def test_one_of_several_views_is_not_written_to():
    x = leaf(4) * 2
    for piece in (x.unbind()[0], x.split(2)[1], x.chunk(2)[0], x.split(2)[0][:1]):
        with pytest.raises(RuntimeError, match="multiple views"):
            piece.mul_(2)
    x.tensor_split(2)[0].mul_(3)


def test_an_overwritten_value_is_refused_but_a_shape_is_not():
    x = leaf(3)
    y = x * 2
    square = y * y
    shaped = (y[0], y.reshape(3, 1), y.sum(), y.mean(), y.flip(0))
    y.mul_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        square.sum().backward()
    sum(one.sum() for one in shaped).backward()
    # the index and the reshape are views of what y is now, the others are of what it was
    np.testing.assert_allclose(data(x.grad), [6 + 6 + 2 + 2 / 3 + 2, 6 + 2 + 2 / 3 + 2, 6 + 2 + 2 / 3 + 2])


def test_expanded_memory_is_not_written_to():
    with pytest.raises(RuntimeError, match="single memory location"):
        lucid.zeros(1, 3).expand(2, 3).add_(1)


def test_reshaping_in_place():
    x = leaf(2, 3) * 1
    version = x._version
    x.unsqueeze_(0).transpose_(1, 2)
    assert x.shape == (1, 3, 2)
    assert x._version > version
    x.squeeze_(0).t_()
    assert x.shape == (2, 3)
    with pytest.raises(RuntimeError, match="leaf"):
        leaf(2, 3).t_()


def test_tensors_keep_the_memory_that_they_look_at_alive():
    view = lucid.arange(100000.0)[50000:].reshape(100, 500).t()[3]
    assert view[:2].tolist() == [50003.0, 50503.0]


def test_resize_and_set():
    x = lucid.arange(6.0)
    x.resize_(2, 2)
    assert x._version == x.resize_(2, 2)._version == 1
    assert x.tolist() == [[0, 1], [2, 3]]
    x.resize_(3, 4)
    assert x.flatten()[:6].tolist() == [0, 1, 2, 3, 4, 5]
    y = lucid.zeros(0)
    y.set_(x, 1, (2,), (2,))
    assert y.tolist() == [1, 3]
    with pytest.raises(RuntimeError, match="out of bounds"):
        y.set_(x, 0, (100,), (1,))
    with pytest.raises(RuntimeError, match="cannot resize variables"):
        leaf(2).resize_(4)


def test_copies_own_their_memory():
    x = lucid.from_numpy(X.copy())
    for copy in (x.clone(), x.flip(0), x.repeat(1, 1, 1), x.permute(2, 0, 1).contiguous(), lucid.permute_copy(x, (2, 0, 1))):
        assert not np.shares_memory(copy.numpy(), x.numpy())
    assert x.contiguous() is x
    assert x.permute(2, 0, 1).clone().stride() == (1, 12, 4)


def test_tensor_type_of_views_is_tensor():
    assert type(lucid.zeros(2)[0]) is Tensor


@pytest.mark.parametrize("view", [lambda a: a[::-1], lambda a: a[:, ::-2], lambda a: a[::-1][2:], lambda a: a.T[::-1, 1:]])
def test_the_gradient_of_as_strided_of_memory_that_runs_backwards(view):
    array = view(np.arange(24.0).reshape(4, 6))
    x = core.wrap(array).requires_grad_()
    x.as_strided((2, 3), (6, 2), 1).backward(lucid.tensor([[1.0, 2, 3], [4, 5, 6]], dtype=lucid.float64))
    wanted = np.zeros(24)
    wanted[[1, 3, 5, 7, 9, 11]] = [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(x.grad.numpy(), wanted[array.astype(int)])


@pytest.mark.parametrize(("name", "arguments", "shape"), [
    ("t_copy", (), (2, 2)), ("view_copy", ((4,),), (4,)), ("permute_copy", ((1, 0),), (2, 2)), ("narrow_copy", (0, 0, 1), (1, 2)),
    ("view_as_complex_copy", (), (2,)), ("alias_copy", (), (2, 2)), ("unsqueeze_copy", (0,), (1, 2, 2)),
])  # fmt: skip
def test_copies_of_views_go_into_their_own_dtype(name, arguments, shape):
    function, x = getattr(lucid, name), lucid.ones(2, 2)
    assert function(x, *arguments, out=lucid.zeros(shape, dtype=function(x, *arguments).dtype)).shape == shape
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        function(x, *arguments, out=lucid.zeros(shape, dtype=lucid.complex128))


def test_a_tensor_in_the_format_that_its_strides_say_is_not_copied():
    wide = lucid.zeros(2, 3, 4, 10)
    for x in (wide[..., ::2], wide[0, 0].T, lucid.zeros(4, 3, 2, 5).permute(2, 1, 0, 3), lucid.zeros(1).expand(2, 3, 4, 5)):
        for call in (x.float, x.cpu, x.to):
            assert call(memory_format=lucid.contiguous_format) is x
    last = lucid.zeros(2, 8, 10, 3).permute(0, 3, 1, 2)[:, :, ::2]
    assert last.to(memory_format=lucid.channels_last) is last
    assert last.float(memory_format=lucid.contiguous_format).is_contiguous()
    assert lucid.zeros(2, 1, 4, 5).to(memory_format=lucid.channels_last).stride() == (20, 1, 5, 1)


def test_a_write_to_a_view_that_its_base_has_left_is_not_recorded():
    for leave in (lambda base: base.resize_(2), lambda base: setattr(base, "data", lucid.zeros(2)), lambda base: base.set_(lucid.zeros(2))):
        base = lucid.zeros(1 << 22)
        view, factor = base[1 << 21 :], leaf(1).sum()
        leave(base)
        with pytest.raises(RuntimeError, match="not inside of the base"):
            view.mul_(factor)
    base = lucid.zeros(1 << 22).resize_(2)
    with pytest.raises(RuntimeError, match="not inside of the base"):
        base.as_strided((1 << 22,), (1,)).mul_(factor)


@pytest.mark.parametrize("pieces", ["unbind", "split", "chunk", "split_with_sizes", "tensor_split", "__iter__"])
def test_views_made_without_recording_are_not_written_to_with_it(pieces):
    def first(x):
        given = {"split": (1,), "chunk": (2,), "split_with_sizes": ([1, 1],), "tensor_split": (2,)}.get(pieces, ())
        return next(iter(getattr(x, pieces)(*given)))

    x = leaf(2, 3) * 2
    with lucid.no_grad():
        view, part = first(x), first(x)[..., :1]
        first(x).mul_(2)
    for write in (lambda: view.mul_(2), lambda: part.zero_(), lambda: view.unsqueeze_(0), lambda: part.transpose_(0, -1)):
        with pytest.raises(RuntimeError, match="no_grad mode"):
            write()
    plain = lucid.ones(2, 3)
    with lucid.no_grad():
        view = first(plain)
    view.mul_(2)
    with pytest.raises(RuntimeError, match="no_grad mode"):
        view.add_(leaf(1))
    np.testing.assert_array_equal(data(plain)[1], 1)


def test_the_diagonal_of_an_expanded_tensor_in_a_graph_is_filled():
    x = leaf(4)
    z = (x * 1).view(4, 1)
    y = z[1:].expand(3, 2).fill_diagonal_(7.0)
    np.testing.assert_array_equal(data(y)[:2], 7)
    (grad,) = lucid.autograd.grad((z * lucid.tensor([[1.0], [2.0], [3.0], [4.0]])).sum(), x)
    np.testing.assert_array_equal(data(grad), [1, 0, 0, 4])


def test_views_of_any_layout_have_pytorchs_strides():
    x = lucid.arange(12)
    by_columns = x.view(3, 4).t()
    assert by_columns.view(2, 2, 3).stride() == (2, 1, 4)
    assert by_columns.view(4, 1, 3, 1, 1).stride() == (1, 12, 4, 4, 4)  # dimensions of size 1 go on from the run behind them
    assert x.view(6, 2)[:, ::2].view(6, 1, 1).stride() == (2, 2, 2)
    assert x[3].expand(1, 1).view(1).stride() == (0,)
    assert by_columns.reshape(12).stride() == (1,) and by_columns.reshape(12).data_ptr() != x.data_ptr()
    assert x[:0].view(0, 5).shape == (0, 5)
    with pytest.raises(RuntimeError, match="not compatible"):
        by_columns.view(12)
    with pytest.raises(RuntimeError, match="at most 64 dimensions"):
        x.view(*[1] * 64, 12)


def test_results_are_contiguous_where_they_are_seen_in_other_shapes():
    a, b, turned = lucid.rand(3, 4), lucid.rand(2, 3, 4), lucid.rand(4, 3).t()
    for result in (
        lucid.einsum("ij,kj->ki", a, a), lucid.einsum("i,j->ji", a[0], a[1]), lucid.einsum("bij->jb", b), lucid.einsum("bij,bkj->bki", b, b),
        lucid.addmm(turned, lucid.rand(3, 2), lucid.rand(2, 4)), lucid.mvlgamma(turned + 2, 2), lucid.pow(2, turned),
        lucid.nn.functional.rrelu(turned), lucid.hash_tensor(lucid.rand(4, 3, 2).permute(2, 1, 0), 2), lucid.svd(lucid.rand(3, 3)).V,
        lucid.quantile(a, 0.5, 1, interpolation="lower"),
        lucid.conv_tbc(lucid.rand(5, 2, 3), lucid.rand(2, 3, 4), lucid.rand(4)), lucid.linalg.matrix_power(lucid.rand(3, 3).t(), 0),
        lucid.nn.utils.rnn.pad_packed_sequence(
            lucid.nn.utils.rnn.pack_padded_sequence(b, [1, 3], batch_first=True, enforce_sorted=False), batch_first=True)[0],
    ):  # fmt: skip
        assert result.is_contiguous() and result.view(-1).shape == (result.numel(),)
    assert lucid.einsum("abd,dc->acb", b.transpose(1, 2), a).stride() == (16, 1, 4)
    assert lucid.unique(b, dim=1).stride() == (4, 8, 1)


def test_a_view_made_without_recording_is_not_written_to_once_its_base_requires_grad():
    x = lucid.ones(3)
    with lucid.no_grad():
        view = x[:2]
    view.mul_(2)
    x.requires_grad_()
    for write in (lambda: view.mul_(2), lambda: view.zero_(), lambda: lucid.exp(lucid.ones(2), out=view)):
        with pytest.raises(RuntimeError, match="no_grad mode"):
            write()
    with lucid.no_grad():
        view.mul_(2)
    assert x.tolist() == [4, 4, 1]


def test_what_is_picked_and_counted_is_contiguous():
    x = lucid.arange(60.0).reshape(1, 5, 2, 3, 2).half().permute(0, 4, 1, 2, 3).expand(2, 2, 5, 2, 3)
    assert lucid.nn.functional.interpolate(x, size=(5, 6, 7), mode="nearest").is_contiguous()
    a = lucid.arange(54.0).reshape(3, 3, 2, 3).transpose(0, 1)
    assert lucid.linalg.lstsq(a, a, driver="gelsd").rank.stride() == (3, 1)
