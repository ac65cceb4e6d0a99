"""Forward mode agrees with the derivative along a direction that two reverse passes give, and follows what is written."""

import threading

import pytest
from test_gradcheck import CASES, RNG

import lucid
import lucid.nn.functional as F
from lucid.autograd import forward_ad, functional


def duals(inputs):
    return [forward_ad.make_dual(x, lucid.tensor(RNG.standard_normal(x.shape), dtype=x.dtype)) for x in inputs]


def tangent(x):
    return forward_ad.unpack_dual(x).tangent


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_tangents_are_derivatives_along_a_direction(name, recorded):
    function, make = CASES[name]
    inputs = make()
    inputs = inputs if recorded else tuple(x.detach() for x in inputs)
    vectors = tuple(lucid.tensor(RNG.standard_normal(x.shape), dtype=x.dtype) for x in inputs)
    expected, directions = functional.jvp(function, tuple(inputs), vectors)
    with forward_ad.dual_level():
        result = function(*[forward_ad.make_dual(x, v) for x, v in zip(inputs, vectors)])
        for one, value, direction in zip(
            *(part if isinstance(part, tuple) else (part,) for part in (result, expected, directions))
        ):
            found = forward_ad.unpack_dual(one)
            assert lucid.equal(found.primal, value)
            assert lucid.allclose(found.tangent, direction, rtol=1e-9, atol=1e-12)
            assert found.tangent.shape == value.shape and one.requires_grad == recorded


def test_second_derivatives_mix_the_modes():
    x, v = lucid.tensor([0.5, 2.0], requires_grad=True), lucid.tensor([1.0, -1.0])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, v)
        out = (dual.exp() * dual[0]).sum()
        (gradient,) = lucid.autograd.grad(out, dual, create_graph=True)
        forward_over_reverse = tangent(gradient)
        (reverse_over_forward,) = lucid.autograd.grad(tangent(out), x)
    expected = functional.hvp(lambda x: (x.exp() * x[0]).sum(), x, v)[1]
    assert lucid.allclose(forward_over_reverse, expected) and lucid.allclose(reverse_over_forward, expected)


def test_a_tangent_is_its_tensors_alone():
    x, v = lucid.ones(3), lucid.tensor([1.0, 2.0, 3.0])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, v)
        copy = dual.clone()
        copy.zero_()
        assert tangent(copy).tolist() == [0, 0, 0] and tangent(dual).tolist() == [1, 2, 3] and v.tolist() == [1, 2, 3]
        assert tangent(x) is tangent(dual.detach()) is tangent(dual.data) is tangent(dual > 0) is None


def test_writes_reach_tangents_through_views():
    with forward_ad.dual_level():
        (dual,) = duals([lucid.rand(4)])
        whole = lucid.zeros(2, 4)
        row, column = whole[1], whole[:, 0]
        row.copy_(dual * 2)
        assert lucid.equal(tangent(whole)[1], 2 * tangent(dual)) and not tangent(whole)[0].any()
        assert lucid.equal(tangent(column), tangent(whole)[:, 0])
        whole[:, 0] = 5.0
        assert tangent(row)[0] == 0 and lucid.equal(tangent(row)[1:], 2 * tangent(dual)[1:])
        whole.t()[1:3] *= dual[:2, None]
        assert lucid.allclose(tangent(row)[1], 2 * (tangent(dual)[1] * dual[0] + dual[1] * tangent(dual)[0]))
        row.normal_()
        assert not tangent(row).any()


def test_random_results_have_the_tangent_of_their_own_draw():
    x = lucid.ones(1000)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, x)
        for out in (F.dropout(dual, 0.5), F.dropout(dual.clone(), 0.5, inplace=True)):
            assert lucid.equal(forward_ad.unpack_dual(out).primal, tangent(out)) and 0 < (out == 0).sum() < 1000


def test_other_threads_are_not_in_the_level():
    seen = []
    with forward_ad.dual_level():
        (dual,) = duals([lucid.ones(2)])
        thread = threading.Thread(target=lambda: seen.append(tangent(dual * 2)))
        thread.start()
        thread.join()
        assert tangent(dual * 2) is not None
    assert seen == [None]


def test_a_failed_block_leaves_the_level():
    with pytest.raises(ZeroDivisionError), forward_ad.dual_level():
        raise ZeroDivisionError
    with forward_ad.dual_level():
        pass


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16])
def test_tangents_of_half_precision_name_results_that_are_not_rounded(dtype):
    x, v = (lucid.tensor(RNG.standard_normal((4, 6)) * 3).to(dtype) for _ in range(2))
    for function in (lambda x: lucid.softmax(x, 1), lambda x: lucid.logsumexp(x, 1), lambda x: lucid.linalg.vector_norm(x, 3.0, 1)):
        found, expected = [], []
        for one, along, into in ((x, v, found), (x.float(), v.float(), expected)):
            with forward_ad.dual_level():
                into.append(tangent(function(forward_ad.make_dual(one, along))))
        assert found[0].dtype is dtype
        assert lucid.allclose(found[0].float(), expected[0], rtol=0.51 * lucid.finfo(dtype).eps, atol=1e-7)


def test_a_view_that_its_base_has_left_has_no_tangent():
    with forward_ad.dual_level():
        base = lucid.zeros(1 << 22).resize_(2)
        view = base.as_strided((1 << 22,), (1,))
        base.add_(forward_ad.make_dual(lucid.ones(2), lucid.ones(2)))
        assert tangent(base).tolist() == [1, 1] and tangent(view) is None


class Doubled(lucid.autograd.Function):
    """Twice its input, written over it; the tangent as `jvp` was told to make it."""

    @staticmethod
    def forward(ctx, x, make):
        ctx.make = make
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def jvp(ctx, along, _):
        return ctx.make(along)


def test_tangents_of_functions_of_users_have_the_shape_and_layout_of_their_results():
    x, v = lucid.zeros(1 << 20), lucid.ones(1 << 20)
    with forward_ad.dual_level():
        with pytest.raises(RuntimeError, match="tangent of shape"):
            Doubled.apply(forward_ad.make_dual(x, v), lambda along: along[:1])
        dual = forward_ad.make_dual(x, v)
        piece = dual[-3:]
        Doubled.apply(dual, lambda along: lucid.ones(1).expand(1 << 20) * 2)
        assert tangent(dual)[-3:].tolist() == [2, 2, 2] and piece.tolist() == [0, 0, 0]
        y = Doubled.apply(forward_ad.make_dual(x * 1, v), lambda along: lucid.ones(1).expand(1 << 20))
        assert tangent(y).stride() == (1,)
        y[-3:].mul_(5)
        assert tangent(y)[-4:].tolist() == [1, 5, 5, 5]


class Partly(lucid.autograd.Function):
    """Twice its first input, and a constant; `jvp` gives a tangent to both where it is told to."""

    seen: list = []

    @staticmethod
    def forward(ctx, x, count, both):
        ctx.both, constant = both, x + count
        ctx.mark_non_differentiable(constant)
        return x * 2, constant

    @staticmethod
    def jvp(ctx, along, count, _):
        Partly.seen.append(count)
        return along * 2, along if ctx.both else None


def test_what_is_not_differentiable_has_no_tangent():
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(lucid.ones(2), lucid.ones(2))
        first, second = Partly.apply(dual, lucid.ones(2, dtype=lucid.int64), False)
        assert tangent(first).tolist() == [2, 2] and tangent(second) is None and Partly.seen == [None]
        with pytest.raises(RuntimeError, match="not differentiable"):
            Partly.apply(dual, lucid.ones(2, dtype=lucid.int64), True)


def test_the_tangent_is_the_one_that_was_given():
    along = lucid.ones(2)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(lucid.zeros(2), along)
        assert tangent(dual) is along
        dual[:1].mul_(3)
        assert along.tolist() == [3, 1]
