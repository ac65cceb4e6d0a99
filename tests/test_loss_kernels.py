"""The kernels of losses, called directly and held against NumPy."""

import numpy as np
import pytest
from kernel_arrays import FLOATS, close, flat, make, softmax

from lucid._kernels import loss


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
