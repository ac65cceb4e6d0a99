"""Functions of functions, Jacobians, hooks on what is saved, and computing again in backward."""

import gc
import threading
import weakref

import numpy as np
import pytest

import lucid
from lucid import func, nn
from lucid.autograd import functional, graph
from lucid.utils.checkpoint import CheckpointError, checkpoint

X = lucid.tensor([1.0, 2.0, 3.0])


def test_derivatives_agree_with_each_other():
    def f(x):
        return (x.sin() * x).cumsum(0)

    expected = functional.jacobian(f, X)
    v = lucid.tensor([1.0, -1.0, 2.0])
    for found in (func.jacrev(f)(X), func.jacfwd(f)(X)):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-6)
    np.testing.assert_allclose(func.jvp(f, (X,), (v,))[1].numpy(), (expected @ v).numpy(), rtol=1e-5)
    np.testing.assert_allclose(func.vjp(f, X)[1](v)[0].numpy(), (v @ expected).numpy(), rtol=1e-5)
    np.testing.assert_allclose(functional.jvp(f, X, v)[1].numpy(), (expected @ v).numpy(), rtol=1e-5)


def test_a_gradient_leaves_the_graph_unless_the_caller_is_in_it():
    assert not func.grad(lambda x: (x**3).sum())(X).requires_grad
    outer = X.clone().requires_grad_()
    found = func.grad(lambda x: (x**3).sum())(outer)
    found.sum().backward()
    assert outer.grad.tolist() == [6.0, 12.0, 18.0]
    assert func.grad(func.grad(lambda x: x**3))(lucid.tensor(2.0)).item() == 12.0


def test_gradients_of_each_example():
    lucid.manual_seed(0)
    layer, batch = nn.Linear(3, 1), lucid.randn(4, 3)
    parameters = {name: one.detach() for name, one in layer.named_parameters()}

    def loss(parameters, x):
        return func.functional_call(layer, parameters, (x,)).pow(2).sum()

    found = func.vmap(func.grad(loss), in_dims=(None, 0))(parameters, batch)
    assert found["weight"].shape == (4, 1, 3)
    for i, x in enumerate(batch):
        one = func.grad(loss)(parameters, x)
        assert found["weight"][i].tolist() == one["weight"].tolist()


def test_a_failed_functional_call_leaves_the_module_alone():
    layer = nn.Linear(3, 1)
    weight = layer.weight
    with pytest.raises(RuntimeError):
        func.functional_call(layer, {"weight": lucid.ones(1, 2)}, (lucid.ones(5),))
    assert layer.weight is weight


def test_what_hooks_pack_is_let_go():
    x = lucid.ones(100, requires_grad=True)

    def unpack(data):
        return lucid.frombuffer(bytearray(data), dtype=lucid.float32)

    with graph.saved_tensors_hooks(lambda tensor: tensor.detach().numpy().tobytes(), unpack):
        y = x.exp()
        kept = weakref.ref(y)
        z = y.sin().sum()
    del y
    gc.collect()
    assert kept() is None
    z.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full(100, np.cos(np.e) * np.e), rtol=1e-5)


def test_hooks_are_of_one_thread():
    import threading

    seen = []
    x = lucid.ones(2, requires_grad=True)
    with graph.saved_tensors_hooks(lambda tensor: seen.append(1) or tensor, lambda tensor: tensor):
        other = threading.Thread(target=lambda: (x * x).sum().backward())
        other.start()
        other.join()
    assert not seen and x.grad.tolist() == [2.0, 2.0]


def test_a_checkpoint_saves_memory_and_changes_nothing():
    lucid.manual_seed(0)
    model = nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Dropout(0.3)) for _ in range(3)])
    x = lucid.randn(5, 8)
    found = []
    for wrapped in (False, True):
        lucid.manual_seed(1)
        model.zero_grad()
        y = x
        for part in model:
            y = checkpoint(part, y, use_reentrant=False) if wrapped else part(y)
        y.sum().backward()
        found.append([one.grad.tolist() for one in model.parameters()])
    assert found[0] == found[1]


def test_a_checkpoint_notices_another_shape():
    calls = []

    def changing(x):
        calls.append(1)
        return x[: 4 - len(calls)].exp()

    with pytest.raises(CheckpointError, match="different metadata"):
        checkpoint(changing, lucid.ones(3, requires_grad=True), use_reentrant=False).sum().backward()


def test_hooks_are_not_left_more_often_than_entered():
    hooks = lucid.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x)
    with pytest.raises(RuntimeError, match="more often"):
        hooks.__exit__()


def test_one_pullback_in_two_threads_leaves_each_its_mode():
    inside, outside, modes = threading.Event(), threading.Event(), {}

    class Waiting(lucid.autograd.Function):
        @staticmethod
        def forward(ctx, y):
            return y * 2

        @staticmethod
        def backward(ctx, g):
            if threading.current_thread() is first:  # the second thread comes in, and stays until this one has left
                inside.set()
                outside.wait(10)
            else:
                outside.set()
                first.join(10)
            return g * 2

    _, pullback = lucid.func.vjp(Waiting.apply, lucid.ones(3))

    def without():
        with lucid.no_grad():
            pullback(lucid.ones(3))
            modes["first"] = lucid.is_grad_enabled()

    def within():
        inside.wait(10)
        pullback(lucid.ones(3))
        modes["second"] = lucid.is_grad_enabled()

    first, second = threading.Thread(target=without), threading.Thread(target=within)
    first.start()
    second.start()
    second.join()
    assert modes == {"first": False, "second": True}


def test_a_pullback_records_where_it_is_called():
    x = lucid.ones(3, requires_grad=True)
    _, pullback = lucid.func.vjp(lambda y: (y * x).sin(), lucid.ones(3))
    with lucid.no_grad():
        assert not pullback(lucid.ones(3))[0].requires_grad
    assert pullback(lucid.ones(3))[0].requires_grad
