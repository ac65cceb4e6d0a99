"""Depthwise convolution, which has kernels of its own, against one channel at a time, which the others convolve; and the zeros around
images, which rows share."""

import pytest

import lucid
import lucid.nn.functional as F
from lucid.autograd import gradcheck, gradgradcheck

SHAPES = [
    # n, channels, results of each, size, kernel, stride, padding, dilation
    (1, 4, 1, (9,), (3,), (1,), (1,), (1,)),
    (2, 3, 2, (20,), (4,), (3,), (5,), (2,)),
    (2, 5, 1, (7, 35), (3, 3), (1, 1), (1, 1), (1, 1)),
    (1, 6, 1, (18, 17), (5, 2), (2, 3), (2, 0), (1, 2)),
    (4, 1, 3, (6, 6), (3, 6), (1, 2), (0, 3), (2, 1)),
    (2, 4, 1, (5, 4, 6), (2, 3, 1), (1, 2, 4), (0, 1, 2), (3, 1, 1)),
]
NAMES = "n, channels, many, size, kernel, stride, padding, dilation"


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.float64])
@pytest.mark.parametrize(NAMES, SHAPES)
def test_planes_are_convolved_as_images_of_one_channel(n, channels, many, size, kernel, stride, padding, dilation, dtype):
    convolve = getattr(F, f"conv{len(size)}d")
    x = lucid.randn(n, channels, *size, dtype=dtype, requires_grad=True)
    weight = lucid.randn(channels * many, 1, *kernel, dtype=dtype, requires_grad=True)
    bias = lucid.randn(channels * many, dtype=dtype, requires_grad=True)
    out = convolve(x, weight, bias, stride, padding, dilation, channels)
    apart = lucid.stack([
        lucid.cat([
            convolve(image[c : c + 1], weight[c * many : (c + 1) * many], bias[c * many : (c + 1) * many], stride, padding, dilation)
            for c in range(channels)
        ])
        for image in x
    ])  # fmt: skip
    g = lucid.randn(out.shape, dtype=dtype)
    tolerance = 1e-4 if dtype is lucid.float32 else 1e-12
    assert lucid.allclose(out, apart, tolerance, tolerance)
    for one, other in zip(*(lucid.autograd.grad(made, (x, weight, bias), g) for made in (out, apart))):
        assert lucid.allclose(one, other, tolerance, 10 * tolerance)


@pytest.mark.parametrize(NAMES, SHAPES[1::2])
def test_its_gradients_are_those_of_differences(n, channels, many, size, kernel, stride, padding, dilation):
    x, weight = lucid.randn(n, channels, *size, dtype=lucid.float64), lucid.randn(channels * many, 1, *kernel, dtype=lucid.float64)
    inputs = [one.requires_grad_() for one in (x, weight)]

    def convolve(x, weight):
        return getattr(F, f"conv{len(size)}d")(x, weight, None, stride, padding, dilation, channels)

    assert gradcheck(convolve, inputs, fast_mode=True) and gradgradcheck(convolve, inputs, fast_mode=True)


def test_what_no_tap_sees_is_not_read_and_gets_no_gradient():
    x = lucid.randn(1, 4, 6, 6)
    x[..., 1::2, :] = x[..., 1::2] = float("nan")
    x.requires_grad_()
    out = F.conv2d(x, lucid.ones(4, 1, 1, 1), stride=2, groups=4)
    assert lucid.equal(out, x[..., ::2, ::2])
    out.sum().backward()
    assert float(x.grad.sum()) == 36 and not x.grad[..., 1::2, :].any()


def test_infinities_stay_where_they_are():
    x, weight = lucid.zeros(1, 4, 5, 7), lucid.ones(4, 1, 3, 3)
    x[0, :, 2, 6] = float("inf")
    weight.requires_grad_()
    out = F.conv2d(x, weight, padding=1, groups=4)
    assert int(lucid.isinf(out).sum()) == 4 * 6 and not lucid.isnan(out).any()
    out[..., :3].sum().backward()  # 0 * inf where a tap saw it from another pixel; the first column of taps never sees it
    assert lucid.equal(lucid.isnan(weight.grad).any(0)[0], lucid.tensor([[False, True, True]] * 3))


@pytest.mark.parametrize("size, kernel, padding, dilation", [
    ((5, 7), (3, 3), (1, 1), (1, 1)),
    ((5, 7), (3, 1), (1, 1), (1, 1)),      # a row of the result is longer than what rows of the image and zeros have
    ((28, 28), (3, 3), (1, 1), (1, 1)),
    ((4, 9), (3, 2), (2, 5), (1, 2)),
    ((2, 5, 6), (2, 3, 5), (1, 1, 2), (1, 1, 1)),
])  # fmt: skip
def test_padding_is_as_zeros_in_the_image(size, kernel, padding, dilation):
    convolve = getattr(F, f"conv{len(size)}d")
    x = lucid.randn(3, 4, *size, dtype=lucid.float64, requires_grad=True)
    weight = lucid.randn(9, 4, *kernel, dtype=lucid.float64, requires_grad=True)
    out = convolve(x, weight, padding=padding, dilation=dilation)
    wide = convolve(F.pad(x, [one for one in reversed(padding) for _ in "lr"]), weight, dilation=dilation)
    assert lucid.allclose(out, wide, 1e-12, 1e-12)
    for one, other in zip(*(lucid.autograd.grad(made, (x, weight), lucid.ones_like(made)) for made in (out, wide))):
        assert lucid.allclose(one, other, 1e-11, 1e-11)
