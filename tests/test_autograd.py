"""The engine: accumulation, hooks, modes, graphs, in-place history, Function, anomalies, long chains."""

import gc
import threading
import weakref

import numpy as np
import pytest

import lucid
from lucid import Tensor
from lucid.autograd import Function, grad
from lucid.nn import functional as F


def leaf(*values):
    return lucid.tensor(values, dtype=lucid.float64, requires_grad=True)


def values(tensor):
    return tensor.detach().numpy().tolist()


def test_the_seeds_page():
    import lucid.nn.functional as F

    input_ = Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    out = F.leaky_relu(input_, negative_slope=0.1)
    assert str(out) == "Tensor([-0.1, 0.0, 2.0], grad=None)"
    out.backward()
    assert str(input_.grad) == "[0.1, 0.1, 1.0]"
    assert repr(input_.grad) == "Tensor([0.1, 0.1, 1.0])"


def test_gradients_accumulate_and_are_not_shared():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x + y).backward()
    assert x.grad is not y.grad
    x.grad.zero_()
    assert values(y.grad) == [1, 1]
    (x * y).sum().backward()
    assert values(x.grad) == [3, 4]
    assert values(y.grad) == [2, 3]


def test_a_tensor_used_twice_gets_both_gradients():
    x = leaf(2.0, 3.0)
    y = x * x
    (y + y * x).sum().backward()
    assert values(x.grad) == [2 * 2 + 3 * 4, 2 * 3 + 3 * 9]


def test_broadcast_gradients_are_summed_to_the_inputs_shape():
    x = lucid.tensor([[1.0], [2.0]], requires_grad=True)
    y = lucid.tensor([1.0, 2.0, 3.0], requires_grad=True)
    z = lucid.tensor(2.0, requires_grad=True)
    (x * y * z).sum().backward()
    assert x.grad.shape == (2, 1) and values(x.grad) == [[12], [12]]
    assert y.grad.shape == (3,) and values(y.grad) == [6, 6, 6]
    assert z.grad.shape == () and z.grad.item() == 18


def test_mixed_dtypes_give_gradients_of_the_inputs_dtype():
    x = lucid.tensor([1.0, 2.0], dtype=lucid.float32, requires_grad=True)
    y = lucid.tensor([3.0, 4.0], dtype=lucid.float64, requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.dtype is lucid.float32 and y.grad.dtype is lucid.float64


HALF_STEPS = {
    "vector_norm": lambda x, y: lucid.linalg.vector_norm(x, 3.0, 1),
    "logsumexp": lambda x, y: lucid.logsumexp(x, 1),
    "normalize": lambda x, y: lucid.nn.functional.normalize(x, 0.5),
    "cosine_similarity": lucid.cosine_similarity,
    "gaussian_nll_loss": lambda x, y: lucid.nn.functional.gaussian_nll_loss(x, y, y),
}


@pytest.mark.parametrize("dtype", [lucid.float16, lucid.bfloat16])
@pytest.mark.parametrize("name", HALF_STEPS)
def test_gradients_of_several_steps_are_rounded_once_in_half_precision(name, dtype):
    x = lucid.tensor(np.linspace(-1, 2, 24).reshape(4, 6)).to(dtype)
    y = x.flip(1) + 3

    def first_and_second(x, y):
        x.requires_grad_()
        (first,) = grad(HALF_STEPS[name](x, y).sum(), x, create_graph=True)
        return first, grad(first.pow(2).sum(), x)[0]

    found, expected = first_and_second(x.clone(), y), first_and_second(x.float(), y.float())
    eps = lucid.finfo(dtype).eps
    assert all(one.dtype is dtype for one in found)
    assert lucid.allclose(found[0].float(), expected[0], rtol=0.51 * eps, atol=1e-7)
    assert lucid.allclose(found[1].float(), expected[1], rtol=8 * eps, atol=8 * eps)


def test_a_leaf_takes_over_a_gradient_that_nobody_else_holds():
    x, y, weight = leaf(*range(100)), leaf(*range(100)), lucid.ones(4, 4, requires_grad=True)
    seen = []
    for one in (x, y, weight):
        one.register_hook(lambda g: seen.append(g.data_ptr()))
    (x.exp() + weight.mm(weight)[0, 0]).sum().backward()
    assert {x.grad.data_ptr(), weight.grad.data_ptr()} == set(seen)
    x.grad = None
    g = lucid.ones(100)
    (x + y).backward(g)
    assert len({x.grad.data_ptr(), y.grad.data_ptr(), g.data_ptr()}) == 3
    kept = []
    x.grad = None
    x.register_hook(lambda g: kept.append(g.numpy()))
    x.exp().backward(g)
    assert x.grad.data_ptr() != kept[0].ctypes.data


def test_a_graph_is_freed_after_backward():
    x = leaf(1.0)
    y = x.exp()
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    y = x.exp()
    y.backward(retain_graph=True)
    y.backward()


def test_backward_needs_a_graph():
    with pytest.raises(RuntimeError, match="does not require grad"):
        lucid.tensor([1.0]).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (leaf(1.0, 2.0) * 2).backward(lucid.tensor([1.0], dtype=lucid.float64))


def test_backward_of_several_elements_starts_from_ones():
    x = leaf(1.0, 2.0, 3.0)
    (x * x).backward()
    assert values(x.grad) == [2, 4, 6]


def test_gradients_beyond_the_roots_are_left_over():
    x = lucid.tensor([1.0, 2.0], requires_grad=True)
    lucid.autograd.backward([(x * 3).sum()], [lucid.ones(()), None])
    assert x.grad.tolist() == [3.0, 3.0] == lucid.autograd.grad((x * 3).sum(), x, [lucid.ones(()), lucid.ones(5)])[0].tolist()
    with pytest.raises(RuntimeError, match="1 tensors and 0 gradients"):
        lucid.autograd.backward([x.sum()], [])


def test_grad_returns_and_does_not_accumulate():
    x, y = leaf(2.0), leaf(3.0)
    gx, gy = grad(x * x * y, (x, y))
    assert (gx.item(), gy.item()) == (12, 4)
    assert x.grad is None and y.grad is None
    with pytest.raises(RuntimeError, match="not have been used"):
        grad(x * 2, (y,))
    assert grad(x * 2, (y,), allow_unused=True) == (None,)
    assert grad(x * 2, (y,), materialize_grads=True)[0].item() == 0


def test_grad_with_respect_to_an_inner_tensor():
    x = leaf(2.0)
    y = x * x
    z = y.exp() + y
    (gy,) = grad(z, y)
    np.testing.assert_allclose(gy.item(), np.exp(4) + 1)


def test_inputs_of_backward_limit_where_gradients_go():
    x, y = leaf(2.0), leaf(3.0)
    (x * y).backward(inputs=[x])
    assert x.grad.item() == 3 and y.grad is None


def test_higher_orders():
    x = leaf(0.7)
    expected = [np.sin(0.7), np.cos(0.7), -np.sin(0.7), -np.cos(0.7), np.sin(0.7)]
    current = x.sin()
    for order in range(1, 5):
        (current,) = grad(current, x, create_graph=True)
        np.testing.assert_allclose(current.item(), expected[order], rtol=1e-12)


def test_grads_of_a_batch_of_gradients():
    x = leaf(1.0, 2.0)
    y = x * x
    (rows,) = grad(y, x, lucid.eye(2, dtype=lucid.float64), is_grads_batched=True)
    assert values(rows) == [[2, 0], [0, 4]]


def test_overwritten_saved_tensors_are_refused():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*ExpBackward0.*version 1; expected version 0"):
        y.sum().backward()


def test_in_place_on_leaves_is_refused():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable"):
        x[0:1].add_(1)
    with lucid.no_grad():
        x.add_(1)
    assert values(x) == [2, 3] and x._version == 1


def test_in_place_goes_on_with_the_history():
    x = leaf(1.0, 2.0)
    y = x * 3
    y.mul_(x)
    y.sum().backward()
    assert values(x.grad) == [6, 12]


def test_writing_to_a_view_rebases_the_history():
    x, w = leaf(1.0, 2.0, 3.0), leaf(10.0)
    y = x * 2
    y[0:1] = w
    (y * y).sum().backward()
    assert values(x.grad) == [0, 16, 24]
    assert values(w.grad) == [20]


def test_a_view_taken_before_the_write_sees_the_new_history():
    x, w = leaf(1.0, 2.0), leaf(5.0, 6.0)
    y = x * 2
    view = y[1:]
    y.mul_(w)
    view.sum().backward()
    assert values(x.grad) == [0, 12] and values(w.grad) == [0, 4]


def test_writing_with_gradient_makes_a_plain_tensor_require_it():
    base, w = lucid.zeros(3, dtype=lucid.float64), leaf(2.0)
    row = base[1:2]
    row.add_(w)
    assert base.requires_grad and row.requires_grad
    (base * 3).sum().backward()
    assert values(w.grad) == [3]


def test_long_chains_do_not_recurse():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


def test_saved_results_make_no_cycles():
    gc.collect()
    gc.disable()
    try:
        y = leaf(1.0).exp()
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_tensor_hooks_see_and_change_gradients():
    x = leaf(1.0, 2.0)
    seen = []
    y = x * 2
    y.register_hook(lambda g: seen.append(values(g)))
    handle = x.register_hook(lambda g: g * 10)
    (y * 3).sum().backward()
    assert seen == [[3, 3]] and values(x.grad) == [60, 60]
    handle.remove()
    x.grad = None
    (x * 1).sum().backward()
    assert values(x.grad) == [1, 1]


@pytest.mark.parametrize("given", [(), (1, 2), [1], 3, (3,), "a", (lucid.ones(3),), (lucid.ones(2).double(),)])
def test_a_node_refuses_what_is_no_gradient_from_a_hook(given):
    for name in ("register_prehook", "register_hook"):
        x = lucid.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        for node in (y.grad_fn, y.grad_fn.next_functions[0][0]):
            if name == "register_prehook" or node is y.grad_fn:
                handle = getattr(node, name)(lambda *g: given)
                with pytest.raises((RuntimeError, TypeError), match="a hook"):
                    y.sum().backward(retain_graph=True)
                handle.remove()
        assert x.grad is None
        y.sum().backward()
        assert x.grad is not None


def test_a_hook_takes_a_gradient_away():
    x = lucid.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    y.grad_fn.register_prehook(lambda g: (None,))
    (y.sum() + x.sum()).backward()
    assert values(x.grad) == [1.0, 1.0]


def test_retain_grad_and_post_accumulate_hooks():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    called = []
    x.register_post_accumulate_grad_hook(lambda t: called.append(values(t.grad)))
    (y * y).sum().backward()
    assert values(y.grad) == [4, 8] and called == [[8, 16]]
    assert y.retains_grad and not x.retains_grad


def test_modes_nest_and_decorate():
    x = leaf(1.0)
    with lucid.no_grad():
        assert not (x * 2).requires_grad
        with lucid.enable_grad():
            assert (x * 2).requires_grad
        assert not lucid.is_grad_enabled()
    assert lucid.is_grad_enabled()

    @lucid.no_grad()
    def plain():
        return x * 2

    assert not plain().requires_grad
    with lucid.set_grad_enabled(False):
        assert not lucid.is_grad_enabled()
    assert lucid.is_grad_enabled()
    with pytest.raises(ValueError), lucid.no_grad():
        raise ValueError
    assert lucid.is_grad_enabled()


def test_no_grad_holds_while_a_generator_runs_only():
    @lucid.no_grad()
    def numbers():
        yield lucid.is_grad_enabled()
        yield lucid.is_grad_enabled()

    found = []
    for inside in numbers():
        found.append((inside, lucid.is_grad_enabled()))
    assert found == [(False, True), (False, True)]


def test_modes_count_for_their_thread():
    found = []
    with lucid.no_grad():
        thread = threading.Thread(target=lambda: found.append(lucid.is_grad_enabled()))
        thread.start()
        thread.join()
    assert found == [True]


def test_inference_tensors_stay_out_of_graphs():
    x = leaf(1.0)
    with lucid.inference_mode():
        y = x * 2
        assert lucid.is_inference_mode_enabled()
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="[Ii]nference"):
        y.requires_grad_()
        (y * 2).backward()


class Cube(Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * x * factor

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x * ctx.factor, None


def test_functions_of_users():
    x = leaf(2.0)
    (gx,) = grad(Cube.apply(x, 5), x, create_graph=True)
    assert gx.item() == 60
    assert grad(gx, x)[0].item() == 60


def test_a_function_must_return_a_gradient_for_each_argument():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match="incorrect number of gradients"):
        Wrong.apply(leaf(1.0), leaf(2.0)).backward()


def test_a_function_with_setup_context_and_an_output_without_gradient():
    class Split(Function):
        @staticmethod
        def forward(x):
            return x * 2, (x > 0).to(lucid.float64)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, g, _):
            return g * 2

    x = leaf(-1.0, 1.0)
    y, mask = Split.apply(x)
    assert y.requires_grad and not mask.requires_grad
    y.sum().backward()
    assert values(x.grad) == [2, 2]


def test_detect_anomaly_shows_the_forward_call():
    x = leaf(0.0)
    with lucid.autograd.detect_anomaly():
        y = (x * 0).sqrt()  # the gradient is infinite, times zero
        with pytest.raises(RuntimeError, match="returned nan values") as caught:
            y.backward()
    assert "test_detect_anomaly_shows_the_forward_call" in caught.value.__notes__[0]


def test_node_names_and_next_functions():
    x = leaf(1.0)
    y = (x * 2).exp()
    assert y.grad_fn.name() == type(y.grad_fn).__name__ == "ExpBackward0"  # torchviz asks for the latter
    ((mul, slot),) = y.grad_fn.next_functions
    assert mul.name() == "MulBackward0" and slot == 0
    ((end, _),) = mul.next_functions
    assert end.name() == type(end).__name__ == "AccumulateGrad" and end.variable is x
    assert end in {(x * 3).grad_fn.next_functions[0][0]} and end != leaf(1.0).exp().grad_fn.next_functions[0][0]
    assert x.is_leaf and x.grad_fn is None and not y.is_leaf


def test_nodes_have_pytorchs_names():
    nn, x, w = lucid.nn.functional, lucid.ones(3, 4, requires_grad=True), lucid.ones(2, 4, requires_grad=True)
    image = lucid.ones(1, 1, 4, 4, requires_grad=True)
    made = {
        "MseLoss": nn.mse_loss(x, x + 1), "SmoothL1Loss": nn.smooth_l1_loss(x, x + 1), "Abs": nn.l1_loss(x, x + 1, reduction="none"),
        "NllLoss": nn.cross_entropy(x, lucid.tensor([0, 1, 2])), "Addmm": nn.linear(x, w, w[:, 0]), "Mm": x @ w.t(),
        "View": nn.linear(x[None], w, w[:, 0]), "UnsafeView": nn.linear(x[None], w), "Mv": x @ w[0], "Dot": x[0] @ w[0],
        "Bmm": x[None] @ w.t()[None], "Slice": x[1:], "Select": x[:, 0], "Unsqueeze": x[None], "Alias": x[...], "ToCopy": x.double(),
        "Convolution": nn.conv2d(image, image), "MaxPool2DWithIndices": nn.max_pool2d(image[0], 2), "AvgPool2D": nn.avg_pool2d(image, 2),
        "NativeLayerNorm": nn.layer_norm(x, (4,)), "LinalgInvEx": lucid.linalg.inv(x[:1, :1]), "SpecialErfcx": lucid.special.erfcx(x),
        "SqueezeBackward1": nn.max_pool1d(x, 2), "SumBackward0": x.sum(), "SumBackward1": x.sum(0), "PowBackward0": x**2, "PowBackward1": x**x,
    }  # fmt: skip
    for name, y in made.items():
        name += "" if "Backward" in name else "Backward0"
        assert y.grad_fn.name() == type(y.grad_fn).__name__ == name
    with lucid.autograd.graph.saved_tensors_hooks(lambda kept: kept, lambda kept: kept):
        assert type(x.exp().grad_fn).__name__ == "ExpBackward0"


def test_gradients_that_are_handed_out_may_be_written_to():
    x = lucid.ones(3, 4, requires_grad=True)
    (gradient,) = lucid.autograd.grad(x.mean(), x)
    assert gradient.mul_(12).equal(lucid.ones(3, 4))
    assert lucid.func.vmap(lucid.func.grad(lambda row: row.mean()))(lucid.ones(3, 4)).stride() == (4, 1)


def test_requires_grad_is_for_floating_leaves():
    with pytest.raises(RuntimeError, match="floating point and complex"):
        lucid.tensor([1]).requires_grad_()
    with pytest.raises(RuntimeError, match="leaf variables"):
        (leaf(1.0) * 2).requires_grad = False


def test_backward_in_several_threads_at_once():
    w = leaf(1.0, 2.0)

    def work(found):
        x = w.detach().clone().requires_grad_()
        for _ in range(200):
            (x * x).sum().backward()
        found.append(values(x.grad))

    found: list = []
    threads = [threading.Thread(target=work, args=(found,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[400, 800]] * 4


def test_inference_tensors_are_not_written_to_outside():
    with lucid.inference_mode():
        y = lucid.ones(2) * 3
        assert y.add_(1).tolist() == y.copy_(lucid.ones(2) * 4).tolist() == [4.0, 4.0]
    for write in (lambda: y.zero_(), lambda: y.fill_(2), lambda: y.copy_(lucid.ones(2)), lambda: y.add_(1), lambda: lucid.add(y, 1, out=y)):
        with pytest.raises(RuntimeError, match="outside InferenceMode"):
            write()
        assert y.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("call", [
    lambda x, at: F.embedding(at, x), lambda x, at: x[at], lambda x, at: x.index_put((at,), x[:1]), lambda x, at: F.embedding_bag(at, x, at * 0),
    lambda x, at: F.cross_entropy(x, lucid.cat([at, at])), lambda x, at: F.nll_loss(x[:2], at), lambda x, at: F.multi_margin_loss(x[:2], at),
    lambda x, at: x.index_reduce(0, at, x[:2], "mean"),
])  # fmt: skip
def test_indices_that_were_written_to_give_no_wrong_gradient(call):
    x, at = lucid.randn(4, 3, requires_grad=True), lucid.tensor([2, 1])
    wanted = lucid.autograd.grad(call(x, at).sum(), x)[0]
    out = call(x, at)
    at.zero_()
    try:
        found = lucid.autograd.grad(out.sum(), x)[0]
    except RuntimeError as error:
        assert "modified by an inplace operation" in str(error)
    else:
        assert lucid.equal(found, wanted)


def test_what_is_divided_may_be_written_to_as_a_result():
    x, y = lucid.randn(3, requires_grad=True), lucid.rand(3, requires_grad=True)
    out = x / y
    out *= 2  # the gradient of a quotient is made of its operands
    out.sum().backward()
    assert lucid.allclose(y.grad, -2 * x.detach() / y.detach() ** 2)


def test_all_elements_are_set_where_they_share_memory():
    x = lucid.ones(3).expand(2, 3)
    assert x.fill_(2).tolist() == [[2.0] * 3] * 2 and x.zero_().tolist() == [[0.0] * 3] * 2
    with pytest.raises(RuntimeError, match="single memory location"):
        x.add_(1)


@pytest.mark.parametrize(("call", "place"), [
    (lambda x: lucid.linalg.cholesky_ex(x), 1), (lambda x: lucid.linalg.inv_ex(x), 1), (lambda x: lucid.linalg.solve_ex(x, x + 1), 1),
    (lambda x: lucid.linalg.lu_factor_ex(x), 2), (lambda x: lucid.linalg.slogdet(x), 1), (lambda x: lucid.std_mean(x), 1),
    (lambda x: lucid.var_mean(x), 0), (lambda x: lucid.frexp(x), 0),
])  # fmt: skip
def test_results_that_a_gradient_does_not_need_may_be_written_to(call, place):
    x = lucid.tensor([[4.0, 1.0], [1.0, 3.0]], dtype=lucid.float64, requires_grad=True)
    weights = [lucid.randn(one.shape, dtype=lucid.float64) for one in call(x)]

    def gradients(write):
        out = call(x)
        if write:
            out[place].detach().zero_()
        total = sum((one * weight).sum() for one, weight in zip(out, weights) if one.requires_grad)
        (first,) = lucid.autograd.grad(total, x, create_graph=True)
        return [first, *(lucid.autograd.grad(first.square().sum(), x) if first.requires_grad else ())]

    for found, wanted in zip(gradients(True), gradients(False), strict=True):
        assert lucid.equal(found, wanted)


@pytest.mark.parametrize("call", [
    lambda x: lucid.linalg.svdvals(x), lambda x: lucid.linalg.eigvalsh(x), lambda x: lucid.linalg.matrix_norm(x, "nuc"), lambda x: lucid.linalg.cond(x),
    lambda x: lucid.linalg.solve(lucid.eye(2), x), lambda x: lucid.copysign(lucid.ones(2, 2, requires_grad=True), x),
])  # fmt: skip
def test_arguments_that_a_gradient_does_not_need_may_be_written_to(call):
    x = lucid.tensor([[4.0, 1.0], [1.0, 3.0]], requires_grad=True).clone()
    out = call(x)
    x.detach().zero_()
    out.sum().backward()


def test_a_mask_may_be_written_to_once_it_was_broadcast():
    x, mask = lucid.ones(2, 2, requires_grad=True), lucid.tensor([True, False])
    out = lucid.masked.sum(x, 0, mask=mask)
    mask.fill_(True)
    out.sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("call", [
    lambda x: lucid.unique(x), lambda x: lucid.unique_consecutive(x), lambda x: x.heaviside(lucid.ones(4)), lambda x: x // 2,
    lambda x: lucid.histogram(x, 2)[0], lambda x: lucid.geqrf(x.view(2, 2))[0], lambda x: lucid.bincount(lucid.arange(4), x),
    lambda x: lucid.linalg.ldl_factor(x.view(2, 2))[0], lambda x: lucid.binomial(x, lucid.ones(4) / 2),
    lambda x: x.scatter(0, lucid.tensor([0]), lucid.ones(1), reduce="add"),
])  # fmt: skip
def test_what_has_no_derivative_says_so_in_backward(call):
    x = lucid.tensor([1.5, 2.5, 0.5, 3.5], requires_grad=True)
    result = call(x)
    assert result.requires_grad
    with pytest.raises(RuntimeError, match="derivative for .* is not implemented"):
        result.sum().backward()
    assert x.grad is None and not call(x.detach()).requires_grad


def test_an_edge_of_several_elements_needs_a_gradient():
    x = lucid.ones(3, requires_grad=True)
    edge = lucid.autograd.graph.get_gradient_edge(x * 2)
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        lucid.autograd.backward(edge)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        lucid.autograd.grad(edge, x, lucid.ones(2))
    lucid.autograd.backward(edge, lucid.ones(3))
    assert x.grad.tolist() == [2, 2, 2]
    rows = lucid.ones(2, 1, requires_grad=True)
    lucid.autograd.backward(lucid.autograd.graph.get_gradient_edge(rows.unbind(0)[1]))
    assert rows.grad.tolist() == [[0], [1]]


def test_a_selective_checkpoint_computes_what_it_kept_once(monkeypatch):
    from functools import partial

    from lucid.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

    aten, asked = lucid.ops.aten, []
    layer, x, found = lucid.nn.Linear(3, 3), lucid.rand(2, 3, requires_grad=True), []

    def network(x):
        found.append((layer(x).relu() @ x.t()).exp())
        return found[-1].sum()

    def policy(context, operator, *args, **kwargs):
        asked.append((context.is_recompute, repr(operator)))
        return CheckpointPolicy.MUST_SAVE if operator in (aten.exp.default, aten.addmm.default) else CheckpointPolicy.PREFER_RECOMPUTE

    network(x).backward()
    wanted, x.grad, found[:] = x.grad, None, []
    checkpoint(
        network, x, use_reentrant=False, early_stop=False, context_fn=partial(create_selective_checkpoint_contexts, policy)
    ).backward()
    assert x.grad.allclose(wanted, atol=0, rtol=0)
    assert found[0].data_ptr() == found[1].data_ptr()  # the exponential was not computed again
    names = ["aten.addmm.default", "aten.relu.default", "aten.mm.default", "aten.exp.default", "aten.sum.default"]
    assert asked == [(again, name) for again in (False, True) for name in names]

    kept = partial(create_selective_checkpoint_contexts, [aten.mm.default])
    y = checkpoint(lambda x: (x @ x.t()).exp().sum(), x, use_reentrant=False, context_fn=kept)
    y.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="extra time"):
        y.backward()
    with pytest.raises(RuntimeError, match="mutated"):
        checkpoint(lambda x: (x @ x.t()).mul_(2).exp().sum(), x, use_reentrant=False, context_fn=kept).backward()
    with pytest.raises(ValueError, match="to be an operator"):
        create_selective_checkpoint_contexts([lucid.mm])
