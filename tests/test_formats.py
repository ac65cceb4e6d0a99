"""Memory formats: what is made of images whose channels lie last has its channels last too."""

import pytest

import lucid
import lucid.nn.functional as F

IMAGES, VOLUMES = (2, 3, 6, 4), (2, 3, 4, 6, 4)
LAST = {4: lucid.channels_last, 5: lucid.channels_last_3d}


def laid(shape, last=True):
    lucid.manual_seed(0)
    x = lucid.randn(shape)
    return (x.contiguous(memory_format=LAST[len(shape)]) if last else x).requires_grad_()


def is_last(x):
    return x.is_contiguous(memory_format=LAST[x.ndim]) and not x.is_contiguous()


def weight(x, last=False):
    return laid((5, 3, *(2,) * (x.ndim - 2)), last)


# Both the result and the gradient keep the format; of images alone; the result alone does, and the gradient is contiguous.
BOTH = {
    "max_pool": lambda x: getattr(F, f"max_pool{x.ndim - 2}d")(x, 2),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "batch_norm in use": lambda x: F.batch_norm(x, lucid.arange(3.0), lucid.arange(1.0, 4), lucid.arange(3.0) - 1, lucid.arange(3.0)),
    "group_norm": lambda x: F.group_norm(x, 3),
    "replicate": lambda x: F.pad(x, (1, 2) * (x.ndim - 2), "replicate"),
    "conv": lambda x: getattr(F, f"conv{x.ndim - 2}d")(x, weight(x)),
    "conv_transpose": lambda x: getattr(F, f"conv_transpose{x.ndim - 2}d")(x, weight(x).transpose(0, 1)),
}
IMAGES_ONLY = {
    "avg_pool": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool": lambda x: F.adaptive_avg_pool2d(x, 2),
    "adaptive_max_pool": lambda x: F.adaptive_max_pool2d(x, 2),
}
RESULTS = {
    "interpolate": lambda x: F.interpolate(x, scale_factor=2),
    "linear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear" if x.ndim == 4 else "trilinear"),
    "pad": lambda x: F.pad(x, (1, 2, 3, 1)),
    "cat": lambda x: lucid.cat([x, x], 1),
    "sort": lambda x: x.sort(1)[0],
    "loss": lambda x: F.mse_loss(x, x * 2, reduction="none"),
}


@pytest.mark.parametrize("shape", [IMAGES, VOLUMES])
@pytest.mark.parametrize("name", [*BOTH, *RESULTS])
def test_results_and_gradients_keep_channels_last(name, shape):
    made = (BOTH | RESULTS)[name]
    x, plain = laid(shape), laid(shape, False)
    out, same = made(x), made(plain)
    alike = rounded if name == "batch_norm" else lucid.equal
    assert is_last(out) and same.is_contiguous() and alike(out, same)
    g = lucid.ones(out.shape)
    (found,), (wanted,) = lucid.autograd.grad(out, x, g), lucid.autograd.grad(same, plain, g)
    assert is_last(found) is (name in BOTH) and alike(found, wanted)


def rounded(a, b):
    """Statistics are summed in the order of the memory."""
    return lucid.allclose(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n, channels, size", [(3, 5, 7), (2, 16, 9), (2, 600, 3), (4, 3, 1)])
@pytest.mark.parametrize("training", [True, False])
def test_normalising_by_batch_is_the_same_in_both_formats(n, channels, size, training):
    """Rows are taken four at a time, and channels 512."""
    found = []
    for last in (False, True):
        x = laid((n, channels, size, size + 1), last)
        w, b = (lucid.linspace(low, 2, channels, dtype=x.dtype).requires_grad_() for low in (0.5, -1))
        running = lucid.zeros(channels), lucid.ones(channels)
        out = F.batch_norm(x, *running, w, b, training)
        g = lucid.sin(lucid.arange(x.numel()).float()).reshape(x.shape)
        found.append([out, *running, *lucid.autograd.grad(out, (x, w, b), g)])
    for one, other in zip(*found, strict=True):
        assert lucid.allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", IMAGES_ONLY)
def test_pools_of_images_alone(name):
    x = laid(IMAGES)
    out = IMAGES_ONLY[name](x)
    (g,) = lucid.autograd.grad(out, x, lucid.ones(out.shape))
    assert is_last(out) and is_last(g)


def test_a_weight_that_is_channels_last_makes_the_result_so():
    x = laid(IMAGES, False)
    w = weight(x, True)
    out = F.conv2d(x, w)
    gradients = lucid.autograd.grad(out.sum(), (x, w))
    assert is_last(out) and all(map(is_last, gradients))


def test_one_pixel_says_that_it_is_channels_last():
    assert F.adaptive_avg_pool2d(laid(IMAGES), 1).stride() == (3, 1, 3, 3)
    assert F.adaptive_avg_pool2d(laid(IMAGES, False), 1).stride() == (3, 1, 1, 1)


def test_one_channel_is_contiguous():
    x = lucid.randn(2, 1, 6, 4).contiguous(memory_format=lucid.channels_last)
    assert F.max_pool2d(x, 2).stride() == (6, 6, 2, 1)


@pytest.mark.parametrize("shape", [IMAGES, VOLUMES])
def test_a_leaf_keeps_gradients_in_its_own_layout(shape):
    x = laid(shape)
    (x * lucid.randn(shape)).sum().backward()
    assert is_last(x.grad)
    x.sum().backward()
    assert is_last(x.grad)
    sliced = lucid.randn(4, 6)[:, ::2].detach().requires_grad_()
    sliced.backward(lucid.randn(3, 4).t())
    assert sliced.grad.is_contiguous()
    turned = lucid.randn(3, 4).t().requires_grad_()
    turned.backward(lucid.randn(4, 3))
    assert turned.grad.stride() == turned.stride()


def test_small_gradients_keep_their_layout():
    x = laid(IMAGES)
    g = lucid.ones(IMAGES).contiguous(memory_format=lucid.channels_last)
    (found,) = lucid.autograd.grad(F.gelu(x), x, g)
    assert is_last(found)


def test_strides_of_one_element_say_where_a_dimension_lies():
    x = lucid.randn(2, 2, 6, 4).contiguous(memory_format=lucid.channels_last)[:, :1]
    assert (x + 1).stride() == (24, 1, 4, 1)
