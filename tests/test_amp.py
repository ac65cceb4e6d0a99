"""Mixed precision: what autocast casts, that it ends, and how losses are scaled."""

import threading

import pytest

import lucid
from lucid import nn


def product():
    return lucid.ones(2, 2) @ lucid.ones(2, 2)


def test_products_are_cast_and_losses_are_not():
    layer = nn.Linear(2, 2)
    with lucid.autocast("cpu"):
        out = layer(lucid.ones(1, 2))
        loss = nn.functional.mse_loss(out, lucid.zeros(1, 2))
        assert out.dtype is lucid.bfloat16 and loss.dtype is lucid.float32
        assert (lucid.ones(2) + lucid.ones(2)).dtype is lucid.float32
        assert (lucid.ones(2, 2, dtype=lucid.float64) @ lucid.ones(2, 2, dtype=lucid.float64)).dtype is lucid.float64
    loss.backward()
    assert layer.weight.grad.dtype is lucid.float32 and layer.weight.grad.abs().sum() > 0


def test_the_block_ends_whatever_happens():
    with pytest.raises(KeyError), lucid.autocast("cpu"):
        raise KeyError
    assert product().dtype is lucid.float32
    with lucid.autocast("cpu"):
        with pytest.raises(RuntimeError):
            lucid.ones(2, 3) @ lucid.ones(2, 3)
        assert product().dtype is lucid.bfloat16
        with lucid.autocast("cpu", enabled=False):
            assert product().dtype is lucid.float32
    assert product().dtype is lucid.float32


def test_it_counts_for_its_own_thread():
    seen = []
    with lucid.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append(product().dtype))
        thread.start()
        thread.join()
        assert product().dtype is lucid.bfloat16
    assert seen == [lucid.float32]


def test_a_weight_is_cast_once():
    weight = lucid.ones(2, 2, requires_grad=True)
    with lucid.autocast("cpu"):
        first, second = weight @ weight, weight @ weight
        cast = {edge[0] for out in (first, second) for edge in out.grad_fn.next_functions}
    assert len(cast) == 1
    (first + second).sum().backward()
    assert weight.grad.dtype is lucid.float32 and weight.grad.tolist() == [[8.0, 8.0], [8.0, 8.0]]


def test_writes_in_place_are_left_alone():
    x = lucid.ones(2, 2)
    with lucid.autocast("cpu"):
        x.addmm_(lucid.ones(2, 2), lucid.ones(2, 2))
        assert x.dtype is lucid.float32 and lucid.mm(x, x, out=lucid.zeros(2, 2)).dtype is lucid.float32


def test_steps_without_finite_gradients_are_left_out():
    parameter = nn.Parameter(lucid.ones(1))
    optimizer = lucid.optim.SGD([parameter], lr=1.0)
    scaler = lucid.amp.GradScaler("cpu", init_scale=4.0)
    for factor, value, scale in ((float("inf"), 1.0, 2.0), (0.5, 0.5, 2.0)):
        optimizer.zero_grad()
        scaler.scale((parameter * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert parameter.item() == value and scaler.get_scale() == scale


def test_the_gradient_of_a_pseudoinverse_is_in_the_matrixs_precision():
    x = lucid.tensor([[2.0, 1.0], [0.0, 4.0]], requires_grad=True)
    with lucid.autocast("cpu"):
        out = lucid.linalg.pinv(x)
    out.sum().backward()
    assert out.dtype is lucid.bfloat16 and x.grad.dtype is lucid.float32
    (exact,) = lucid.autograd.grad(lucid.linalg.pinv(x).sum(), x)
    assert lucid.allclose(x.grad, exact, rtol=0.02, atol=0.01)
