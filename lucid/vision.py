"""torchvision's compiled operators, which `ops.load_library` loads in the place of its library, as `ops.torchvision.nms` and so on.

Pooling of regions is a product of matrices: `_align` and `_average` say for each bin of a region what it takes of the rows
of a window and what of its columns. The sampled columns of a deformed convolution are made of operations, as are its gradients.
"""

from __future__ import annotations

import numpy as np

import lucid
from lucid._kernels import sort as kernels
from lucid.library import CustomOpDef
from lucid.tensor import Tensor

FLOATS = (lucid.float16, lucid.float32, lucid.float64)


# -- boxes -------------------------------------------------------------------------------------------------------------


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The boxes that no box of a higher score overlaps, which is itself among them; of equal scores the first one's counts more."""
    if dets.ndim != 2 or scores.ndim != 1:
        what, ndim, is_ = ("boxes", "2d", dets.ndim) if dets.ndim != 2 else ("scores", "1d", scores.ndim)
        raise RuntimeError(f"nms(): {what} should be a {ndim} tensor, got {is_}D")
    if dets.shape[1] != 4:
        raise RuntimeError(f"nms(): boxes should have 4 elements in dimension 1, got {dets.shape[1]}")
    if len(dets) != len(scores):
        raise RuntimeError(f"nms(): boxes and scores should have same number of elements in dimension 0, got {len(dets)} and {len(scores)}")
    if dets.dtype != scores.dtype:
        raise RuntimeError("nms(): dets should have the same type as scores")
    if dets.dtype not in (lucid.float32, lucid.float64):
        raise NotImplementedError(f"nms(): not implemented for {dets.dtype}, only for float32 and float64")
    if not len(dets):
        return lucid.empty(0, dtype=lucid.int64)
    boxes = dets.detach().contiguous().numpy().reshape(-1)
    order = lucid.argsort(scores.detach(), descending=True, stable=True).numpy()
    kept = np.empty_like(order)
    return lucid.from_numpy(kept[: kernels.nms(boxes, order, iou_threshold, np.empty(6 * len(order), boxes.dtype), kept)])


# -- regions of images -------------------------------------------------------------------------------------------------


def _checked(name: str, rois: Tensor, other: Tensor) -> None:
    if rois.ndim != 2 or rois.shape[1] != 5 or other.ndim != 4:
        raise RuntimeError(
            f"{name}(): rois must have shape as Tensor[K, 5] and input four dimensions, got {tuple(rois.shape)} and "
            f"{tuple(other.shape)}"
        )
    if rois.dtype != other.dtype:
        raise RuntimeError(f"{name}(): expected the input to have the same type as rois, got {other.dtype} and {rois.dtype}")
    if other.dtype not in FLOATS:
        raise NotImplementedError(f"{name}(): not implemented for {other.dtype}")


def _channels(name: str, channels: int, bins: tuple) -> int:
    if channels % (bins[0] * bins[1]):
        raise RuntimeError(f"{name}(): input channels must be a multiple of pooling height * pooling width, got {channels} for {bins}")
    return channels // (bins[0] * bins[1])


def _away(x: np.ndarray) -> np.ndarray:
    """Rounded to integers, halves away from zero."""
    whole = np.trunc(x)
    return (whole + np.where(np.abs(x - whole) >= 0.5, np.copysign(1, x), 0)).astype(np.int64)


def _hats(positions: np.ndarray, size: int) -> tuple[int, np.ndarray]:
    """Of an axis with this many pixels what bins take that interpolate between two at each of their positions: the first pixel
    and a matrix, bins times pixels."""
    inside = (positions >= -1) & (positions <= size)
    places = np.clip(positions, 0, size - 1).astype(positions.dtype if positions.itemsize > 2 else np.float32)
    seen = places[inside]
    first, last = (int(seen.min()), int(np.ceil(seen.max()))) if seen.size else (0, -1)
    weights = 1 - np.abs(places[..., None] - np.arange(first, last + 1, dtype=places.dtype))
    return first, (np.maximum(weights, 0) * inside[..., None]).sum(1)


def _align(rois: np.ndarray, scale: float, bins: tuple, sizes: tuple, samples: int, offset: float, least: float | None, counted: int):
    """For each region the image, the first row and what bins take of rows, the same of columns, and how many samples a bin has."""
    kind = rois.dtype.type
    corners = rois[:, 1:] * kind(scale) - kind(offset)
    spans = corners[:, 2:] - corners[:, :2]
    if least is not None:
        spans = np.maximum(spans, kind(least))
    for image, start, span in zip(rois[:, 0].astype(int), corners[:, 1::-1], spans[:, ::-1]):
        found, count = [], 1
        for axis in range(2):
            n = samples if samples > 0 else int(np.ceil(span[axis] / kind(bins[axis])))
            step, count = span[axis] / kind(bins[axis]), count * n
            inner = (np.arange(max(n, 0)) + 0.5).astype(kind) * step / kind(n)
            places = start[axis] + np.arange(bins[axis]).astype(kind)[:, None] * step + inner
            found += _hats(places, sizes[axis])
        yield image, *found, max(count, counted) if counted else count


def _average(rois: np.ndarray, scale: float, bins: tuple, sizes: tuple):
    """The same for bins that are pixels each, of images with so many rows and columns, and how many pixels these are."""
    kind = rois.dtype.type
    corners = _away(rois[:, 1:] * kind(scale))
    for image, start, end in zip(rois[:, 0].astype(int), corners[:, 1::-1], corners[:, :1:-1]):
        found, counts = [], []
        for axis in range(2):
            step = kind(max(end[axis] - start[axis], 1)) / kind(bins[axis])
            low, high = _edges(step, start[axis], bins[axis], sizes[axis], inside=True)
            first, last = int(low.min(initial=0)), int(high.max(initial=0))
            pixels = np.arange(first, last)
            taken = ((pixels >= low[:, None]) & (pixels < high[:, None])).astype(np.result_type(kind, np.float32))
            found += [first, taken]
            counts.append(taken.sum(1))
        yield image, *found, np.maximum(np.multiply.outer(*counts), 1)


def _edges(step, start: int, bins: int, size: int, inside: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where bins of an axis begin and end, in pixels; `inside`: the start is added before they are rounded."""
    at = np.arange(bins + 1).astype(step.dtype) * step + (step.dtype.type(start) if inside else 0)
    low, high = np.floor(at[:-1]).astype(int), np.ceil(at[1:]).astype(int)
    return tuple(np.clip(edge + (0 if inside else start), 0, size) for edge in (low, high))


def _wide(tensor: Tensor) -> np.ndarray:
    array = tensor.detach().numpy()
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _pooled(x: Tensor, regions, count: int, bins: tuple) -> Tensor:
    """Each region's mean over each of its bins."""
    pixels = np.ascontiguousarray(_wide(x).transpose(0, 2, 3, 1))  # channels last: products of matrices with long rows
    out = np.empty((count, *bins, x.shape[1]), pixels.dtype)
    with np.errstate(all="ignore"):
        for k, (image, top, rows, left, columns, samples) in enumerate(regions if out.size else ()):
            window = pixels[image, top : top + rows.shape[1], left : left + columns.shape[1]]
            partly = np.matmul(columns, window).reshape(len(window), bins[1] * x.shape[1])
            out[k] = np.matmul(rows, partly).reshape(*bins, x.shape[1]) / samples
    return _made(out.transpose(0, 3, 1, 2), x)


def _unpooled(g: Tensor, regions, shape: tuple) -> Tensor:
    """The gradient of `_pooled` by the images, which have this shape."""
    batch, channels, height, width = shape
    pooled = np.ascontiguousarray(_wide(g).transpose(0, 2, 3, 1))
    out = np.zeros((batch, height, width, channels), pooled.dtype)
    for one, (image, top, rows, left, columns, samples) in zip(pooled, regions):
        if rows.size and columns.size:
            partly = np.matmul(rows.T, (one / samples).reshape(len(one), -1)).reshape(-1, *one.shape[1:])
            out[image, top : top + rows.shape[1], left : left + columns.shape[1]] += np.matmul(columns.T, partly)
    return _made(out.transpose(0, 3, 1, 2), g)


def _pooled_apart(x: Tensor, regions, count: int, bins: tuple, name: str) -> tuple[Tensor, Tensor]:
    """The same where each bin has channels of its own, and these channels."""
    channels = _channels(name, x.shape[1], bins)
    images = _wide(x).reshape(len(x), channels, *bins, *x.shape[2:])
    out = np.empty((count, channels, *bins), images.dtype)
    with np.errstate(all="ignore"):
        for k, (image, top, rows, left, columns, samples) in enumerate(regions if out.size else ()):
            window = images[image, ..., top : top + rows.shape[1], left : left + columns.shape[1]]
            out[k] = (np.matmul(window, columns[..., None])[..., 0] * rows[:, None]).sum(-1) / samples
    mapping = np.broadcast_to(np.arange(x.shape[1], dtype=np.int32).reshape(channels, *bins), out.shape)
    return _made(out, x), lucid.from_numpy(mapping.copy())


def _unpooled_apart(g: Tensor, regions, shape: tuple, bins: tuple) -> Tensor:
    batch, channels, height, width = shape
    pooled = _wide(g)
    out = np.zeros((batch, channels // (bins[0] * bins[1]), *bins, height, width), pooled.dtype)
    with np.errstate(all="ignore"):
        for one, (image, top, rows, left, columns, samples) in zip(pooled, regions):
            window = out[image, ..., top : top + rows.shape[1], left : left + columns.shape[1]]
            window += (one / samples)[..., None, None] * (rows[:, None, :, None] * columns[:, None])
    return _made(out.reshape(shape), g)


def _made(array: np.ndarray, like: Tensor) -> Tensor:
    return lucid.from_numpy(np.ascontiguousarray(array, like.detach().numpy().dtype))


def _aligned(rois: Tensor, scale: float, bins: tuple, sizes, samples: int, aligned: bool):
    return _align(rois.detach().numpy(), scale, bins, sizes, samples, 0.5 if aligned else 0.0, None if aligned else 1.0, 1)


def roi_align(input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int, sampling_ratio: int, aligned: bool) -> Tensor:
    """Means over bins of regions (image, x1, y1, x2, y2), of samples between pixels."""
    _checked("roi_align", rois, input)
    bins = pooled_height, pooled_width
    return _pooled(input, _aligned(rois, spatial_scale, bins, input.shape[2:], sampling_ratio, aligned), len(rois), bins)


def _roi_align_backward(g, rois, spatial_scale, pooled_height, pooled_width, batch_size, channels, height, width, sampling_ratio, aligned) -> Tensor:
    _checked("_roi_align_backward", rois, g)
    bins, sizes = (pooled_height, pooled_width), (height, width)
    return _unpooled(g, _aligned(rois, spatial_scale, bins, sizes, sampling_ratio, aligned), (batch_size, channels, *sizes))


def ps_roi_align(input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int,
                 sampling_ratio: int) -> tuple[Tensor, Tensor]:
    """`roi_align` where each bin has channels of its own; the second result is which."""
    _checked("ps_roi_align", rois, input)
    bins = pooled_height, pooled_width
    regions = _align(rois.detach().numpy(), spatial_scale, bins, input.shape[2:], sampling_ratio, 0.5, None, 0)
    return _pooled_apart(input, regions, len(rois), bins, "ps_roi_align")


def _ps_roi_align_backward(g, rois, mapping, spatial_scale, pooled_height, pooled_width, sampling_ratio, batch_size, channels, height,
                           width) -> Tensor:
    _checked("_ps_roi_align_backward", rois, g)
    bins, sizes = (pooled_height, pooled_width), (height, width)
    regions = _align(rois.detach().numpy(), spatial_scale, bins, sizes, sampling_ratio, 0.5, None, 0)
    return _unpooled_apart(g, regions, (batch_size, channels, *sizes), bins)


def ps_roi_pool(input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int) -> tuple[Tensor, Tensor]:
    """Means over the pixels of bins, each of which has channels of its own; the second result is which. As torchvision's, it
    leaves out the last row and column of an image, and its gradient does not."""
    _checked("ps_roi_pool", rois, input)
    bins = pooled_height, pooled_width
    return _pooled_apart(input, _average(rois.detach().numpy(), spatial_scale, bins, [size - 1 for size in input.shape[2:]]), len(rois),
                         bins, "ps_roi_pool")


def _ps_roi_pool_backward(g, rois, mapping, spatial_scale, pooled_height, pooled_width, batch_size, channels, height, width) -> Tensor:
    _checked("_ps_roi_pool_backward", rois, g)
    bins, sizes = (pooled_height, pooled_width), (height, width)
    return _unpooled_apart(g, _average(rois.detach().numpy(), spatial_scale, bins, sizes), (batch_size, channels, *sizes), bins)


def roi_pool(input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int) -> tuple[Tensor, Tensor]:
    """The largest pixels in bins of regions, and where these are in their channel: -1 for none."""
    _checked("roi_pool", rois, input)
    images, kind = input.detach().numpy(), rois.detach().numpy().dtype.type
    bins, sizes, channels = (pooled_height, pooled_width), input.shape[2:], input.shape[1]
    out = np.zeros((len(rois), channels, *bins), images.dtype)
    where = np.full(out.shape, -1, np.int32)
    regions = rois.detach().numpy()
    corners = _away(regions[:, 1:] * kind(spatial_scale))
    least = np.finfo(kind).min
    each = zip(regions[:, 0].astype(int), corners[:, 1::-1], corners[:, :1:-1])
    for k, (image, start, end) in enumerate(each if out.size else ()):
        taken, empty = [], np.zeros(bins, bool)
        for axis in range(2):
            step = kind(max(end[axis] - start[axis] + 1, 1)) / kind(bins[axis])
            low, high = _edges(step, start[axis], bins[axis], sizes[axis], inside=False)
            none = high <= low
            empty |= none[:, None] if axis == 0 else none
            # The last pixel of a shorter bin stands for those that it lacks, and the first of all counts.
            pixels = low[:, None] + np.arange(max((high - low).max(initial=0), 1))
            taken.append(np.clip(np.minimum(pixels, high[:, None] - 1), 0, sizes[axis] - 1))
        rows, columns = taken
        window = images[image][:, rows[:, None, :, None], columns[None, :, None, :]].reshape(channels, *bins, -1)
        window = np.where(window > least, window, least)
        at = window.argmax(-1)[..., None]
        places = np.broadcast_to((rows[:, None, :, None] * sizes[1] + columns[None, :, None, :]).reshape(*bins, -1), window.shape)
        most = np.take_along_axis(window, at, -1)[..., 0]
        out[k] = np.where(empty, 0, most)
        where[k] = np.where(empty | (most == least), -1, np.take_along_axis(places, at, -1)[..., 0])
    return lucid.from_numpy(out), lucid.from_numpy(where)


def _roi_pool_backward(g, rois, argmax, spatial_scale, pooled_height, pooled_width, batch_size, channels, height, width) -> Tensor:
    _checked("_roi_pool_backward", rois, g)
    where, image = argmax.numpy(), rois.detach().numpy()[:, 0].astype(int)
    plane = (image[:, None] * channels + np.arange(channels))[..., None, None]
    some = where >= 0
    flat = np.bincount((plane * (height * width) + where)[some], _wide(g)[some], batch_size * channels * height * width)
    return _made(flat.reshape(batch_size, channels, height, width), g)


# -- deformed convolution ----------------------------------------------------------------------------------------------


def _columns(x: Tensor, offset: Tensor, mask: Tensor | None, kernel: tuple, stride, padding, dilation, groups: int) -> Tensor:
    """What the weights are multiplied by: images * outputs, elements of the kernel, channels."""
    batch, channels, height, width = x.shape
    elements, rows, columns = kernel[0] * kernel[1], *offset.shape[2:]
    # A frame of zeros, channels last, a row for each pixel and group: what is taken is whole rows.
    pixels = lucid.nn.functional.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1).reshape(-1, channels // groups)
    moved = offset.reshape(batch, groups, elements, 2, rows, columns).permute(3, 0, 4, 5, 2, 1)
    y, x = np.ogrid[: kernel[0], : kernel[1]]
    places = []
    for move, element, size, along in ((moved[0], y, rows, (rows, 1, 1, 1)), (moved[1], x, columns, (columns, 1, 1))):
        axis = len(places)
        start = (np.arange(size) * stride[axis] - padding[axis]).reshape(along)
        inner = np.broadcast_to(element * dilation[axis], kernel).reshape(elements, 1)
        places.append(move + lucid.from_numpy((start + inner).astype(np.float64)).to(move.dtype))
    sizes, taken = (height, width), 0
    images = lucid.arange(batch).reshape(batch, 1, 1, 1, 1)
    for shift in (0, 1), (0, 0), (1, 0), (1, 1):
        at, weight = [], 1
        for axis in range(2):
            low = places[axis].detach().floor()
            part = places[axis] - low
            weight = weight * (part if shift[axis] else 1 - part)
            at.append((low + (1 + shift[axis])).nan_to_num(0.0).clamp(0, sizes[axis] + 1).long())
        index = ((images * (height + 2) + at[0]) * (width + 2) + at[1]) * groups + lucid.arange(groups)
        taken = taken + pixels.index_select(0, index.reshape(-1)) * weight.reshape(-1, 1)
    if mask is not None:
        taken = taken * mask.reshape(batch, groups, elements, rows, columns).permute(0, 3, 4, 2, 1).reshape(-1, 1)
    return taken.reshape(batch * rows * columns, elements, channels)


def deform_conv2d(
    input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    dilation_h: int, dilation_w: int, groups: int, offset_groups: int, use_mask: bool,
) -> Tensor:  # fmt: skip
    """A convolution each of whose pixels is taken from somewhere else, by `offset`, and counts as much as `mask` says."""
    tensors = {"input": input, "weight": weight, "offset": offset} | ({"mask": mask} if use_mask else {})
    for name, tensor in tensors.items():
        if tensor.ndim != 4:
            raise RuntimeError(f"deform_conv2d(): {name} has four dimensions, got the shape {tuple(tensor.shape)}")
        if tensor.dtype != input.dtype:
            raise RuntimeError(f"deform_conv2d(): expected {name} to be {input.dtype} as the input, got {tensor.dtype}")
    if input.dtype not in FLOATS:
        raise NotImplementedError(f"deform_conv2d(): not implemented for {input.dtype}")
    stride, padding, dilation = (stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w)
    if min(stride) < 1 or min(padding) < 0 or min(dilation) < 1:
        raise RuntimeError(f"deform_conv2d(): stride and dilation are positive, padding not negative, got {stride}, {dilation}, {padding}")
    out_channels, in_channels, *kernel = weight.shape
    batch, channels, *sizes = input.shape
    if in_channels * groups != channels or out_channels % groups or channels % offset_groups:
        raise RuntimeError(
            f"deform_conv2d(): {channels} channels, weights of the shape {tuple(weight.shape)}, {groups} groups and {offset_groups} "
            f"groups of offsets do not fit"
        )
    out = [(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, p, d, k, s in zip(sizes, padding, dilation, kernel, stride)]
    for name, number in (("offset", 2), *((("mask", 1),) if use_mask else ())):
        expected = (batch, number * offset_groups * kernel[0] * kernel[1], *out)
        if tuple(tensors[name].shape) != expected:
            raise RuntimeError(f"deform_conv2d(): {name} has the shape {expected}, got {tuple(tensors[name].shape)}")
    taken = _columns(input, offset, mask if use_mask else None, tuple(kernel), stride, padding, dilation, offset_groups)
    elements = kernel[0] * kernel[1]
    taken = taken.reshape(-1, elements, groups, in_channels).permute(2, 0, 1, 3).reshape(groups, -1, elements * in_channels)
    matrix = weight.reshape(groups, out_channels // groups, in_channels, elements).permute(0, 3, 2, 1).reshape(groups, elements * in_channels, -1)
    found = (taken @ matrix).permute(1, 0, 2).reshape(batch, *out, out_channels).permute(0, 3, 1, 2)
    return found.contiguous() + bias.reshape(1, out_channels, 1, 1)


def _deform_conv2d_backward(g, input, weight, offset, mask, bias, *numbers) -> tuple:
    tensors = [tensor.detach().requires_grad_() for tensor in (input, weight, offset, mask, bias)]
    with lucid.enable_grad():
        found = lucid.autograd.grad(deform_conv2d(*tensors, *numbers), tensors, g.detach(), allow_unused=True)
    return tuple(lucid.zeros_like(tensor) if one is None else one for one, tensor in zip(found, tensors))


# -- as operators ------------------------------------------------------------------------------------------------------


def _keep(ctx, inputs: tuple, output) -> None:
    ctx.save_for_backward(*(value for value in inputs if isinstance(value, Tensor)), *output[1:] if isinstance(output, tuple) else ())
    ctx.shape, ctx.numbers = inputs[0].shape, [value for value in inputs if not isinstance(value, Tensor)]


def _by_input(name: str, before: int):
    """The rule of a pooling: its gradient takes the shape of the images after so many numbers of those that it was called with."""

    def backward(ctx, g, *unused):
        _, *kept = ctx.saved_tensors
        found = _operators[f"_{name}_backward"](g, *kept, *ctx.numbers[:before], *ctx.shape, *ctx.numbers[before:])
        return found, None, *[None] * len(ctx.numbers)

    return backward


def _by_all(ctx, g):
    return *_operators["_deform_conv2d_backward"](g, *ctx.saved_tensors, *ctx.numbers), *[None] * len(ctx.numbers)


def _once(ctx, *gradients):
    raise RuntimeError("torchvision's operators are not differentiated twice")


def _quantized(*args):
    raise NotImplementedError("there are no quantized tensors")


# What torchvision says itself since 0.28: the gradients, and which operators are not differentiated twice.
_RULES = {
    "roi_align": _by_input("roi_align", 3), "ps_roi_align": _by_input("ps_roi_align", 4), "roi_pool": _by_input("roi_pool", 3),
    "ps_roi_pool": _by_input("ps_roi_pool", 3), "deform_conv2d": _by_all,
}  # fmt: skip
_operators = {"_cuda_version": lambda: -1, "qnms": _quantized, "qroi_align": _quantized, "nms": nms}
for _function in (
    roi_align, ps_roi_align, roi_pool, ps_roi_pool, deform_conv2d,
    _roi_align_backward, _ps_roi_align_backward, _roi_pool_backward, _ps_roi_pool_backward, _deform_conv2d_backward,
):  # fmt: skip
    _operators[_function.__name__] = _function
for _name, _function in _operators.items():
    _operators[_name] = CustomOpDef(f"torchvision::{_name}", _function)
    if _name in _RULES or _name.endswith("_backward"):
        _operators[_name].register_autograd(_RULES.get(_name, _once), setup_context=_keep if _name in _RULES else None)
