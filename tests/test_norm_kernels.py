"""The kernels of softmax and the normalisations, called directly and held against NumPy."""

import numpy as np
import pytest
from kernel_arrays import FLOATS, FOLDED, close, flat, make, softmax

from lucid._kernels import norm

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
