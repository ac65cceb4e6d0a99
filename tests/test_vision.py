"""torchvision's operators against what they are by definition, one element after the other."""

import math

import numpy as np
import pytest

import lucid
from lucid._kernels import sort as kernels


@pytest.fixture(scope="module")
def operators():
    lucid.ops.load_library("/anywhere/torchvision/_C.so")
    return lucid.ops.torchvision


def overlap(a, b) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inner = max(width, 0.0) * max(height, 0.0)
    union = sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - inner
    return inner / union if union else math.nan


@pytest.mark.parametrize("count", [0, 1, 64, 65, 200])
def test_nms_keeps_what_no_better_box_overlaps(operators, count):
    rng = np.random.default_rng(count)
    corners = rng.integers(0, 20, (count, 2))
    boxes = np.concatenate([corners, corners + rng.integers(0, 8, (count, 2))], 1).astype(float)
    scores = rng.integers(0, 6, count) / 4  # ties: the first counts more
    for threshold in (-1.0, 0.0, 1 / 3, 0.5):
        kept = []
        for i in sorted(range(count), key=lambda i: -scores[i]):
            if not any(overlap(boxes[i], boxes[j]) > threshold for j in kept):
                kept.append(i)
        for dtype in (lucid.float32, lucid.float64):
            # What a third is hangs on the dtype; equal or not, it is compared in double precision.
            if threshold != 1 / 3 or dtype is lucid.float64:
                found = operators.nms(lucid.tensor(boxes, dtype=dtype).reshape(count, 4), lucid.tensor(scores, dtype=dtype), threshold)
                assert found.tolist() == kept and found.dtype is lucid.int64
    third = lucid.tensor([[0.0, 0, 2, 1], [1, 0, 3, 1]]), lucid.tensor([2.0, 1.0])
    assert operators.nms(*third, 1 / 3).tolist() == [0] and operators.nms(*third, float(np.float32(1 / 3))).tolist() == [0, 1]


def test_nms_of_boxes_without_a_size_or_place(operators):
    boxes = lucid.tensor([[0.0, 0, math.nan, 1], [0, 0, 1, 1], [5, 5, 5, 5], [5, 5, 0, 0], [0, 0, math.inf, 1], [0, 0, 1, 1]])
    assert operators.nms(boxes, lucid.tensor([1.0, math.nan, 2, 3, 4, 5]), 0.5).tolist() == [1, 4, 3, 2, 0]
    with pytest.raises(ValueError, match="nms"):
        kernels.nms(np.zeros(8), np.zeros(2, np.int64), 0.5, np.zeros(11), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="no box 2"):
        kernels.nms(np.zeros(8), np.full(2, 2), 0.5, np.zeros(12), np.zeros(2, np.int64))


def between(image, y: float, x: float) -> float:
    height, width = image.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    top, left = min(int(y), height - 1), min(int(x), width - 1)
    rows, columns = (top, min(top + 1, height - 1)), (left, min(left + 1, width - 1))
    return sum(
        image[r, c] * (1 - abs(y - top - i)) * (1 - abs(x - left - j)) for i, r in enumerate(rows) for j, c in enumerate(columns)
    )


ROIS = np.array([[0, 1.0, 2.0, 5.5, 6.25], [1, 0, 0, 6, 7], [0, -4.5, -2.5, 12, 9], [1, 3, 3, 3, 3], [0, 20, 20, 30, 30], [1, 4, 4, 2, 1.5]])


def grid(low: float, high: float, bins: int, samples: int, aligned: bool):
    """The samples of each bin on an axis."""
    low, high = (low - 0.5, high - 0.5) if aligned else (low, max(high, low + 1))
    step = (high - low) / bins
    n = samples if samples > 0 else max(math.ceil(step), 0)
    return [[low + b * step + (i + 0.5) * step / n for i in range(n)] for b in range(bins)]


@pytest.mark.parametrize("samples", [-1, 2])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align_is_the_mean_of_samples(operators, samples, aligned):
    images = np.random.default_rng(0).normal(size=(2, 12, 7, 6))
    found = operators.roi_align(lucid.tensor(images), lucid.tensor(ROIS * [1, 2, 2, 2, 2]), 0.5, 3, 2, samples, aligned)
    apart, where = operators.ps_roi_align(lucid.tensor(images), lucid.tensor(ROIS[:3]), 1.0, 3, 2, samples)
    for k, (image, x1, y1, x2, y2) in enumerate(ROIS):
        rows, columns = grid(y1, y2, 3, samples, aligned), grid(x1, x2, 2, samples, aligned)
        for i, j in np.ndindex(3, 2):
            for c in range(12):
                values = [between(images[int(image), c], y, x) for y in rows[i] for x in columns[j]]
                assert found[k, c, i, j].item() == pytest.approx(sum(values) / max(len(values), 1), abs=1e-12)
                if k < 3 and aligned and c % 6 == i * 2 + j:
                    assert apart[k, c // 6, i, j].item() == pytest.approx(sum(values) / len(values), abs=1e-12)
                    assert where[k, c // 6, i, j].item() == c


def test_roi_pool_is_the_largest_pixel_and_ps_roi_pool_the_mean(operators):
    images = np.random.default_rng(0).integers(0, 4, (2, 6, 9, 9)).astype(float)  # ties
    most, where = operators.roi_pool(lucid.tensor(images), lucid.tensor(ROIS), 1.0, 3, 2)
    means, _ = operators.ps_roi_pool(lucid.tensor(images), lucid.tensor(ROIS), 1.0, 3, 2)
    for k, roi in enumerate(ROIS):
        x1, y1, x2, y2 = (int(math.floor(abs(v) + 0.5) * np.sign(v)) for v in roi[1:])
        for i, j in np.ndindex(3, 2):
            for extra, limit in ((1, 9), (0, 8)):  # the mean leaves out the last row and column
                height, width = max(y2 - y1 + extra, 1) / 3, max(x2 - x1 + extra, 1) / 2
                rows = range(max(math.floor(i * height) + y1, 0), min(math.ceil((i + 1) * height) + y1, limit))
                columns = range(max(math.floor(j * width) + x1, 0), min(math.ceil((j + 1) * width) + x1, limit))
                pixels = [(r, c) for r in rows for c in columns]
                for c in range(6):
                    plane = images[int(roi[0]), c]
                    if extra:
                        best = max(pixels, key=lambda at: plane[at], default=None)  # noqa: B023
                        assert most[k, c, i, j].item() == (plane[best] if best else 0)
                        assert where[k, c, i, j].item() == (best[0] * 9 + best[1] if best else -1)
                    elif c == i * 2 + j:
                        expected = np.mean([plane[at] for at in pixels]) if pixels else 0
                        assert means[k, 0, i, j].item() == pytest.approx(expected, abs=1e-12)


def test_a_convolution_that_is_not_deformed_is_one_and_moved_it_is_of_a_moved_image(operators):
    lucid.manual_seed(0)
    x, weight, bias = lucid.randn(2, 4, 7, 6), lucid.randn(6, 2, 3, 2), lucid.randn(6)
    numbers = (2, 1, 1, 2, 1, 2, 2, 2, False)  # stride, padding, dilation, groups
    offset = lucid.zeros(2, 2 * 2 * 6, 4, 8)
    plain = lucid.nn.functional.conv2d(x, weight, bias, (2, 1), (1, 2), (1, 2), 2)
    unmasked = lucid.zeros(2, 1)
    lucid.testing.assert_close(operators.deform_conv2d(x, weight, offset, unmasked, bias, *numbers), plain)
    offset[:, ::2] += 1  # a row below, and of every second row that is the half between
    moved = lucid.nn.functional.pad(x[:, :, 1:], (0, 0, 0, 1))
    expected = lucid.nn.functional.conv2d(lucid.nn.functional.pad(x, (2, 2, 0, 2)), weight, bias, (2, 1), 0, (1, 2), 2)
    lucid.testing.assert_close(operators.deform_conv2d(x, weight, offset, unmasked, bias, *numbers), expected)
    inner = operators.deform_conv2d(x, weight, offset / 2, lucid.full((2, 12, 4, 8), 2.0), bias, *numbers[:-1], True)
    mean = lucid.nn.functional.conv2d((x + moved) * 1.0, weight, bias, (2, 1), (1, 2), (1, 2), 2)
    lucid.testing.assert_close(inner[:, :, 1:], mean[:, :, 1:])


def test_gradients(operators):
    lucid.manual_seed(0)
    x, rois = lucid.randn(2, 6, 7, 6, dtype=lucid.float64, requires_grad=True), lucid.tensor(ROIS)
    inner = rois.new_tensor([[0, 1, 1, 4, 4.4]])
    for samples in (-1, 2):
        assert lucid.autograd.gradcheck(lambda x: operators.roi_align(x, rois, 0.5, 3, 2, samples, True), [x])  # noqa: B023
        assert lucid.autograd.gradcheck(lambda x: operators.ps_roi_align(x, rois[:3], 1.0, 3, 2, samples)[0], [x])  # noqa: B023
    assert lucid.autograd.gradcheck(lambda x: operators.roi_pool(x, rois, 1.0, 3, 2)[0], [x])
    assert lucid.autograd.gradcheck(lambda x: operators.ps_roi_pool(x, inner, 1.0, 3, 2)[0], [x])  # nothing of it is left out
    tensors = [lucid.randn(size, dtype=lucid.float64, requires_grad=True) for size in ((1, 4, 4, 3), (2, 2, 2, 2), (1, 16, 3, 2), (1, 8, 3, 2), (2,))]
    assert lucid.autograd.gradcheck(lambda *tensors: operators.deform_conv2d(*tensors, 1, 1, 0, 0, 1, 1, 2, 2, True), tensors)
    found = operators.roi_align(x, rois, 1.0, 2, 2, 2, True)
    with pytest.raises(RuntimeError, match="twice"):
        lucid.autograd.grad(lucid.autograd.grad(found.square().sum(), x, create_graph=True)[0].sum(), x)


def test_what_does_not_fit_is_refused(operators):
    x, rois, boxes = lucid.randn(1, 6, 4, 4), lucid.zeros(1, 5), lucid.zeros(3, 4)
    for function, arguments, error in (
        (operators.nms, (boxes[0], lucid.zeros(3), 0.5), "2d"), (operators.nms, (boxes, lucid.zeros(3, 1), 0.5), "1d"),
        (operators.nms, (lucid.zeros(3, 5), lucid.zeros(3), 0.5), "4 elements"), (operators.nms, (boxes, lucid.zeros(2), 0.5), "same number"),
        (operators.nms, (boxes, lucid.zeros(3).double(), 0.5), "same type"), (operators.roi_align, (x, rois[:, 1:], 1.0, 2, 2, 2, True), "5"),
        (operators.roi_align, (x, rois.double(), 1.0, 2, 2, 2, True), "same type"), (operators.ps_roi_pool, (x, rois, 1.0, 2, 2), "multiple"),
        (operators.deform_conv2d, (x, lucid.ones(2, 6, 2, 2), lucid.ones(1, 7, 3, 3), lucid.ones(1, 1), lucid.ones(2), 1, 1, 0, 0, 1, 1, 1, 1, False), "offset"),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=error):
            function(*arguments)
    with pytest.raises(NotImplementedError):
        operators.nms(boxes.half(), lucid.zeros(3).half(), 0.5)
    assert operators.roi_align(x, rois, 1.0, 0, 2, 2, True).shape == (1, 6, 0, 2)
    for path in ("/anywhere/torchvision/image.so", "/anywhere/other/_C.so"):
        with pytest.raises(OSError, match="compiled for PyTorch"):
            lucid.ops.load_library(path)


def test_autocast_computes_them_in_float32_where_the_package_says_so(operators):
    from lucid._C import DispatchKey, DispatchKeySet, _ExcludeDispatchKeyGuard

    def wide(x, rois, *rest):
        with _ExcludeDispatchKeyGuard(DispatchKeySet(DispatchKey.AutocastCPU) | DispatchKeySet(DispatchKey.AutocastCUDA)):
            return operators.roi_align(x.float(), rois.float(), *rest).to(x.dtype)

    x, rois = lucid.randn(1, 6, 4, 4), lucid.tensor([[0.0, 1, 1, 3, 2]])
    lucid.library.Library("torchvision", "IMPL").impl("roi_align", wide, "AutocastCPU")
    try:
        with lucid.autocast("cpu"):
            found = operators.roi_align(x.bfloat16(), rois, 1.0, 2, 2, 2, True)
        assert found.dtype is lucid.bfloat16
        with pytest.raises(RuntimeError, match="same type"):
            operators.roi_align(x.bfloat16(), rois, 1.0, 2, 2, 2, True)
    finally:
        operators.roi_align._autocast = None
