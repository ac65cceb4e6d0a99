"""The normalisations: by batch, layer, group, instance, root mean square, and to length 1.

Each normalisation is an operation with one fused gradient kernel. Its statistics are buffers (`stats`) that the forward
kernel fills and the rule names, so that they are saved and the result is not. Where a gradient is itself recorded, the
rule is `_composed` instead: the same formula, made of operations.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import empty, flat, row, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    cast,
    contiguous,
    copied,
    formatted,
    formatted_empty,
    is_half,
    tensor_argument,
)
from lucid.ops.arithmetic import mul
from lucid.ops.norms import vector_norm
from lucid.ops.reduction import mean as mean_
from lucid.ops.reduction import sum as sum_
from lucid.ops.reduction import var
from lucid.ops.softmax import _floating, _table
from lucid.ops.view import in_format
from lucid.tensor import Tensor

LAYER_NORM, LAYER_NORM_BACKWARD = _table("layer_norm"), _table("layer_norm_backward")
LAYER_NORM_PARAMETERS = _table("layer_norm_backward_parameters")
BATCH_STATISTICS, BATCH_NORM, BATCH_NORM_BACKWARD = map(
    _table, ("batch_norm_statistics", "batch_norm", "batch_norm_backward")
)
GROUP_NORM, GROUP_NORM_BACKWARD = _table("group_norm"), _table("group_norm_backward")


def _check_parameters(name: str, input_: Tensor, first, second, what: str = "weight and bias") -> None:
    """Refuse factors and summands (or running statistics) that are neither of the input's dtype nor, both, float32 beside a 2-byte input."""
    dtype = input_.dtype
    if (first is None or first.dtype is dtype) and (second is None or second.dtype is dtype):
        return
    given = {one.dtype for one in (first, second) if one is not None}
    half = is_half(dtype)
    if not (half and given == {dtypes.float32}):
        raise RuntimeError(
            f"{name}: mixed dtype: an input of {torch_name(dtype)} takes {what} of the same dtype"
            + (" or both of Float" if half else "") + f", not of {', '.join(sorted(map(torch_name, given)))}"
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------ the common gradient


def summed(x: Tensor, dims: tuple) -> Tensor:
    """The sum over dimensions; over none, the tensor itself."""
    return sum_(x, dims) if dims else x


def _composed(g, needs, x, weight, eps, dims, parameter_dims, shape, centred=True, groups=None):
    """Gradients of input, weight and bias, made of operations.

    The statistics are over `dims` of x (of x seen as (n, groups, -1) where `groups` is given), weight and bias have
    `shape` when seen beside x, and their gradients are summed over `parameter_dims`.
    """
    own = x.array.shape

    def seen(t):
        return t.reshape((own[0], groups, math.prod(own[1:]) // groups)) if groups else t

    def back(t):
        return t.reshape(own) if groups else t

    y = seen(x)
    if centred:
        y = y - mean_(y, dims, True)
    rstd = (mean_(y * y, dims, True) + eps).rsqrt()
    hat = y * rstd
    gx = gw = gb = None
    if needs[0]:
        gy = seen(g * weight.reshape(shape) if weight is not None else g)
        gx = gy - hat * mean_(gy * hat, dims, True)
        if centred:
            gx = gx - mean_(gy, dims, True)
        gx = back(gx * rstd)
    if needs[1]:
        gw = summed(g * back(hat), parameter_dims).reshape(weight.array.shape)
    if len(needs) > 2 and needs[2]:
        by_channel = len(shape) + len(parameter_dims) > len(own)
        gb = summed(g, parameter_dims).reshape((own[1],) if by_channel else shape)
    return gx, gw, gb


def _result(array: np.ndarray | None, dtype):
    return None if array is None or dtype is None else wrap(cast(array, dtype.numpy))


def _like(x: Tensor, array: np.ndarray) -> Tensor:
    """What a kernel made of `x`, or of its gradient, in its dtype and memory format."""
    return wrap(formatted(cast(array, x.array.dtype), core.channels_last(x.array)))


# ------------------------------------------------------------------------------------------------ layer_norm, rms_norm


_FORMULAS = (
    "out = \\frac{x - \\mu}{\\sqrt{var + eps}} \\cdot weight + bias",
    "\\tfrac{w}{\\sigma} (g - \\overline{g} - \\hat x\\, \\overline{g \\hat x}),\\quad \\textstyle\\sum g \\hat x,\\quad "
    "\\textstyle\\sum g \\quad\\text{with } \\hat x = (x - \\mu) / \\sigma, \\sigma = \\sqrt{var + eps}",
)


@op("nn.functional.layer_norm", composite=True)
@doc(*_FORMULAS,
     returns="Of the input's shape and dtype.", input_="Tensor: Of shape (..., \\*normalized_shape).",
     normalized_shape="sequence of int: The last dimensions, over which mean and (biased) variance are taken.",
     weight="Tensor, optional: Factors, of shape `normalized_shape`.", bias="Tensor, optional: Summands, of shape `normalized_shape`.",
     eps="float, optional: Added to the variance. Default: 1e-5.",
     raises="RuntimeError: a shape does not fit\nNotImplementedError: the dtype is not floating")  # fmt: skip
def layer_norm(input_: Tensor, normalized_shape: tuple, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """Normalise over the last dimensions (Ba, Kiros, Hinton, "Layer Normalization", 2016).

    >>> F.layer_norm(lucid.tensor([1.0, 3.0]), [2], eps=0.0)
    Tensor([-1.0, 1.0])
    """
    return _normalised("layer_norm", input_, normalized_shape, weight, bias, eps, True)[0]


@op("nn.functional.rms_norm", composite=True, aliases=("rms_norm",))
@doc("out = \\frac{x}{\\sqrt{mean(x^2) + eps}} \\cdot weight",
     "\\tfrac{w}{r} (g - \\hat x\\, \\overline{g \\hat x}),\\quad \\textstyle\\sum g \\hat x \\quad\\text{with } r = "
     "\\sqrt{mean(x^2) + eps}, \\hat x = x / r",
     returns="Of the input's shape and dtype.", input_="Tensor: Of shape (..., \\*normalized_shape).",
     normalized_shape="sequence of int: The last dimensions, over which the mean is taken.",
     weight="Tensor, optional: Factors, of shape `normalized_shape`.",
     eps="float, optional: Added to the mean. Default: the smallest step of the dtype at 1.",
     raises="RuntimeError: a shape does not fit")  # fmt: skip
def rms_norm(input_: Tensor, normalized_shape: tuple, weight=None, eps: float | None = None) -> Tensor:
    """Divide by the root of the mean square over the last dimensions (Zhang, Sennrich, "Root Mean Square Layer
    Normalization", 2019).

    >>> F.rms_norm(lucid.tensor([3.0, 3.0]), [2], eps=0.0)
    Tensor([1.0, 1.0])
    """
    if tensor_argument("rms_norm", input_).dtype.is_complex:
        return _complex_rms_norm(input_, normalized_shape, weight, eps)
    if eps is None:
        eps = np.finfo(_floating("rms_norm", input_)).eps
    return in_format(_normalised("rms_norm", input_, normalized_shape, weight, None, eps, False)[0], input_)


def _complex_rms_norm(x: Tensor, normalized_shape, weight, eps) -> Tensor:
    eps = dtypes.finfo(x.dtype.to_real()).eps if eps is None else eps
    dims = tuple(range(-len(normalized_shape), 0))
    out = x * ((x * x).mean(dims, True) + eps).rsqrt()
    return out if weight is None else (out * weight).to(x.dtype)


def _normalised(name, input_, normalized_shape, weight, bias, eps, centred) -> tuple[Tensor, tuple]:
    """What is normalised over the last dimensions, and the means and inverse deviations of it."""
    tensor_argument(name, input_)
    if centred:
        _check_parameters(name, input_, weight, bias)
    shape = tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    own = input_.array.shape
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
                           "but got normalized_shape = []")  # fmt: skip
    for parameter, which in ((weight, "weight"), (bias, "bias")):
        if parameter is not None and parameter.array.shape != shape:
            raise RuntimeError(
                f"Expected {which} to be of same shape as normalized_shape, but got {which} of shape "
                f"{list(parameter.shape)} and normalized_shape = {list(shape)}"
            )
    if own[len(own) - len(shape) :] != shape or len(own) < len(shape):
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but got "
            f"input of size{list(own)}"
        )
    computed = _floating(name, input_)
    rows = math.prod(own[: len(own) - len(shape)])
    stats = (wrap(empty((rows,), computed)) if centred else None, wrap(empty((rows,), computed)))
    return _layer_norm(input_, weight, bias, len(shape), eps, stats), stats


@op("_layer_norm")
def _layer_norm(x: Tensor, weight, bias, count: int, eps: float, stats) -> Tensor:
    mean, rstd = stats
    computed = rstd.array.dtype
    out = empty(x.array.shape, computed)
    if out.size:
        rows = rstd.array.size
        LAYER_NORM[computed](
            row(x, computed), flat(out), row(mean, computed), flat(rstd.array), row(weight, computed),
            row(bias, computed), rows, out.size // rows, eps,
        )  # fmt: skip
    return wrap(cast(out, x.array.dtype))


@_layer_norm.vjp_joint("x", "weight", "bias")
def _layer_norm_backward(g, needs, x, weight, bias_dtype, count, eps, stats):
    mean, rstd = stats
    computed = rstd.array.dtype
    ndim = x.array.ndim
    if core.is_grad_enabled() or not x.array.size:
        lead = ndim - count
        return _composed(
            g, needs, x, weight, eps, tuple(range(lead, ndim)), tuple(range(lead)),
            x.array.shape[lead:], mean is not None,
        )  # fmt: skip
    rows, cols = rstd.array.size, x.array.size // rstd.array.size
    g_row, x_row, mean_row, rstd_row = row(g, computed), row(x, computed), row(mean, computed), flat(rstd.array)
    gx = gw = gb = None
    if needs[0]:
        gx = empty(x.array.shape, computed)
        LAYER_NORM_BACKWARD[computed](g_row, x_row, mean_row, rstd_row, row(weight, computed), flat(gx), rows, cols)
    if needs[1] or needs[2]:
        shape = x.array.shape[ndim - count :]
        gw, gb = empty(shape, computed), empty(shape, computed)
        LAYER_NORM_PARAMETERS[computed](g_row, x_row, mean_row, rstd_row, flat(gw), flat(gb), rows, cols)
    return _result(gx, x.dtype), _result(gw, weight.dtype) if needs[1] else None, _result(gb, bias_dtype) if needs[2] else None


# ------------------------------------------------------------------------------------------------ batch_norm


@op("nn.functional.batch_norm", composite=True)
@doc(*_FORMULAS,
     returns="Of the input's shape and dtype.", input_="Tensor: Of shape (n, c, ...).",
     running_mean="Tensor or None: Of shape (c,): used unless `training`, then moved towards the batch's mean.",
     running_var="Tensor or None: Of shape (c,): likewise, for the variance.",
     training="bool, optional: Take mean and (biased) variance from the batch. Default: False.",
     momentum="float, optional: How far the running ones move. Default: 0.1.",
     weight="Tensor, optional: Factors, of shape (c,).", bias="Tensor, optional: Summands, of shape (c,).",
     eps="float, optional: Added to the variance. Default: 1e-5.",
     raises="RuntimeError: a shape does not fit\nValueError: there is one value per channel in training\nNotImplementedError: the dtype "
            "is not floating")  # fmt: skip
def batch_norm(
    input_: Tensor, running_mean, running_var, weight=None, bias=None, training: bool = False, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel (Ioffe, Szegedy, "Batch Normalization", 2015).

    >>> F.batch_norm(lucid.tensor([[1.0], [3.0]]), None, None, training=True, eps=0.0)
    Tensor([[-1.0],
            [1.0]])
    """
    shape = tensor_argument("batch_norm", input_).array.shape
    if training and shape and math.prod((shape[0], *shape[2:])) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input_.shape}")
    if len(shape) < 2 and not input_.array.size and input_.dtype.is_floating_point:
        return input_.clone()
    return _by_channel(input_, running_mean, running_var, weight, bias, training, momentum, eps)[0]


def _by_channel(input_, running_mean, running_var, weight, bias, training, momentum, eps) -> tuple[Tensor, tuple]:
    """What is normalised by channel, and the means and inverse deviations."""
    shape = tensor_argument("batch_norm", input_).array.shape
    computed = _floating("batch_norm", input_)
    if len(shape) < 2:
        raise IndexError(f"batch_norm(): Dimension out of range: expected an input of at least 2 dimensions, got {len(shape)}")
    channels = shape[1]
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    _check_sizes(channels, running_mean, running_var, weight, bias)
    _check_both(running_mean, running_var)
    _check_parameters("batch_norm", input_, weight, bias)
    _check_parameters("batch_norm", input_, running_mean, running_var, "running_mean and running_var")
    stats = (wrap(empty((channels,), computed)), wrap(empty((channels,), computed)))
    running = (running_mean, running_var)
    return _batch_norm(input_, weight, bias, running, training, momentum, eps, stats), stats


BY_CHANNEL = ("running_mean", "running_var", "weight", "bias")


def _check_both(running_mean, running_var) -> None:
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")


def _check_sizes(channels: int, *tensors) -> None:
    """RuntimeError unless the tensors that are given have one number for each channel."""
    for name, tensor in zip(BY_CHANNEL, tensors):
        if tensor is not None and tensor.array.shape != (channels,):
            raise RuntimeError(f"{name} should contain {channels} elements not {tensor.array.size}")


def _channels(array: np.ndarray, last: bool = False) -> tuple[int, int, int]:
    """The sizes of images as the kernels see them: samples, channels, and what lies between channels; `last`, a pixel is a sample."""
    n, channels, *rest = array.shape
    return (n * math.prod(rest), channels, 1) if last else (n, channels, math.prod(rest))


def _laid(array: np.ndarray, last: bool) -> np.ndarray:
    """Images as their memory format orders them; `last`, with channels behind."""
    return array.transpose(0, *range(2, array.ndim), 1) if last else array


@op("_batch_norm")
def _batch_norm(x: Tensor, weight, bias, running, training: bool, momentum: float, eps: float, stats) -> Tensor:
    mean, rstd = stats
    computed = mean.array.dtype
    last = core.channels_last(x.array)
    out = formatted_empty(x.array.shape, computed, last)
    if not out.size:
        return wrap(cast(out, x.array.dtype))
    x_row = row(_laid(x.array, last), computed)
    if training:
        moving = [None if one is None else contiguous(cast(one.array, computed)) for one in running]
        BATCH_STATISTICS[computed](
            x_row, flat(mean.array), flat(rstd.array), *(None if one is None else flat(one) for one in moving),
            *_channels(x.array, last), eps, momentum,
        )  # fmt: skip
        for one, array in zip(running, moving):
            if one is not None:
                if array is not one.array:
                    one.array[...] = array
                core.bump(one)
    else:
        mean.array[...] = running[0].array
        held = rstd.array
        held.fill(eps)  # NumPy takes 1.5 us for a number beside an array, 0.4 for two arrays
        np.add(cast(running[1].array, computed), held, out=held)
        np.reciprocal(np.sqrt(held, out=held), out=held)
    BATCH_NORM[computed](
        x_row, flat(_laid(out, last)), flat(mean.array), flat(rstd.array), row(weight, computed), row(bias, computed),
        *_channels(x.array, last),
    )  # fmt: skip
    return wrap(cast(out, x.array.dtype))


@_batch_norm.vjp_joint("x", "weight", "bias")
def _batch_norm_backward(g, needs, x, weight, bias_dtype, training, eps, stats):
    mean, rstd = stats
    computed = rstd.array.dtype
    ndim = x.array.ndim
    others = (0, *range(2, ndim))
    shape = (1, -1, *(1,) * (ndim - 2))
    if core.is_grad_enabled() or not x.array.size:
        if training:
            return _composed(g, needs, x, weight, eps, others, others, shape)
        scale = rstd.to(x.dtype).reshape(shape)
        hat = (x - mean.to(x.dtype).reshape(shape)) * scale
        return (
            (g * weight.reshape(shape) if weight is not None else g) * scale if needs[0] else None,
            sum_(g * hat, others) if needs[1] else None,
            sum_(g, others) if needs[2] else None,
        )
    last = core.channels_last(x.array)
    gx = formatted_empty(x.array.shape, computed, last)
    gw, gb = empty(mean.array.shape, computed), empty(mean.array.shape, computed)
    BATCH_NORM_BACKWARD[computed](
        row(_laid(g.array, last), computed), row(_laid(x.array, last), computed), flat(mean.array), flat(rstd.array),
        row(weight, computed), flat(_laid(gx, last)), flat(gw), flat(gb), *_channels(x.array, last), training,
    )  # fmt: skip
    return (
        _result(gx, x.dtype) if needs[0] else None,
        _result(gw, weight.dtype) if needs[1] else None,
        _result(gb, bias_dtype) if needs[2] else None,
    )


# ------------------------------------------------------------------------------------------------ group, instance


@op("nn.functional.group_norm", composite=True)
@doc(*_FORMULAS,
     returns="Of the input's shape and dtype.", input_="Tensor: Of shape (n, c, ...).",
     num_groups="int: Into how many groups the channels fall; divides c.",
     weight="Tensor, optional: Factors, of shape (c,).", bias="Tensor, optional: Summands, of shape (c,).",
     eps="float, optional: Added to the variance. Default: 1e-5.",
     raises="RuntimeError: a shape does not fit\nNotImplementedError: the dtype is not floating")  # fmt: skip
def group_norm(input_: Tensor, num_groups: int, weight=None, bias=None, eps: float = 1e-5) -> Tensor:
    """Normalise over groups of channels of each sample (Wu, He, "Group Normalization", 2018).

    >>> F.group_norm(lucid.tensor([[1.0, 3.0]]), 1, eps=0.0)
    Tensor([[-1.0, 1.0]])
    """
    shape = tensor_argument("group_norm", input_).array.shape
    if len(shape) > 1 and num_groups > 0 and shape[0] * shape[1] // num_groups * math.prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(shape)}")
    return _by_group(input_, num_groups, weight, bias, eps)[0]


def _check_groups(shape: tuple, channels: int, num_groups: int) -> None:
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
            f"num_groups={num_groups}"
        )


def _by_group(input_: Tensor, num_groups: int, weight, bias, eps: float) -> tuple[Tensor, tuple]:
    """What is normalised by groups of channels, and the means and inverse deviations."""
    shape = tensor_argument("group_norm", input_).array.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    _check_groups(shape, shape[1], num_groups)
    for tensor, which in ((weight, "weight"), (bias, "bias")):
        if tensor is not None and tensor.array.shape != (shape[1],):
            raise RuntimeError(
                f"Expected {which} to be a vector of size equal to the number of channels in input, but got {which} of "
                f"shape {list(tensor.shape)} and input of shape {list(shape)}"
            )
    _check_parameters("group_norm", input_, weight, bias)
    computed = _floating("group_norm", input_)
    stats = tuple(wrap(empty((shape[0] * num_groups,), computed)) for _ in range(2))
    return _group_norm(input_, weight, bias, num_groups, eps, stats), stats


@op("_group_norm")
def _group_norm(x: Tensor, weight, bias, groups: int, eps: float, stats) -> Tensor:
    mean, rstd = stats
    computed = rstd.array.dtype
    out = empty(x.array.shape, computed)
    if out.size:
        GROUP_NORM[computed](
            row(x, computed), flat(out), flat(mean.array), flat(rstd.array), row(weight, computed),
            row(bias, computed), *_channels(x.array), groups, eps,
        )  # fmt: skip
    return _like(x, out)


@_group_norm.vjp_joint("x", "weight", "bias")
def _group_norm_backward(g, needs, x, weight, bias_dtype, groups, eps, stats):
    mean, rstd = stats
    computed = rstd.array.dtype
    ndim = x.array.ndim
    if core.is_grad_enabled() or not x.array.size:
        others = (0, *range(2, ndim))
        return _composed(g, needs, x, weight, eps, (2,), others, (1, -1, *(1,) * (ndim - 2)), True, groups)
    channels = x.array.shape[1]
    gx, gw, gb = empty(x.array.shape, computed), empty((channels,), computed), empty((channels,), computed)
    GROUP_NORM_BACKWARD[computed](
        row(g, computed), row(x, computed), flat(mean.array), flat(rstd.array), row(weight, computed), flat(gx),
        flat(gw), flat(gb), *_channels(x.array), groups,
    )  # fmt: skip
    return (
        _like(x, gx) if needs[0] else None,
        _result(gw, weight.dtype) if needs[1] else None,
        _result(gb, bias_dtype) if needs[2] else None,
    )


@op("nn.functional.instance_norm", composite=True)
@doc(*_FORMULAS,
     returns="Of the input's shape and dtype.", input_="Tensor: Of shape (n, c, ...).",
     running_mean="Tensor, optional: Of shape (c,): used unless `use_input_stats`, then moved towards the samples' mean.",
     running_var="Tensor, optional: Of shape (c,): likewise, for the variance.",
     use_input_stats="bool, optional: Take mean and (biased) variance from the samples. Default: True.",
     momentum="float, optional: How far the running ones move. Default: 0.1.",
     weight="Tensor, optional: Factors, of shape (c,).", bias="Tensor, optional: Summands, of shape (c,).",
     eps="float, optional: Added to the variance. Default: 1e-5.",
     raises="ValueError: there is one value per channel, or no dimension beside n and c\nNotImplementedError: the dtype is not floating")  # fmt: skip
def instance_norm(
    input_: Tensor, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats: bool = True,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalise each channel of each sample. The result is contiguous, whatever the input's memory format.

    >>> F.instance_norm(lucid.tensor([[[1.0, 3.0]]]), eps=0.0)
    Tensor([[[-1.0, 1.0]]])
    """
    shape = input_.array.shape
    if len(shape) < 3:
        raise ValueError(f"instance_norm(): expected an input of at least 3 dimensions, got {len(shape)}")
    if not use_input_stats:
        return batch_norm(input_.contiguous(), running_mean, running_var, weight, bias, False, momentum, eps)
    if math.prod(shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input_.shape}")
    return _by_instance(input_, running_mean, running_var, weight, bias, momentum, eps)


def _by_instance(input_, running_mean, running_var, weight, bias, momentum, eps) -> Tensor:
    """What is normalised by channel and instance, with its own statistics."""
    shape, momentum = input_.array.shape, float(momentum)
    _check_sizes(shape[1], running_mean, running_var)
    _check_both(running_mean, running_var)
    out = group_norm(input_.contiguous(), shape[1], weight, bias, eps)  # raises before the running ones are moved
    if running_mean is not None:
        before = core.set_grad(False)
        try:
            dims = tuple(range(2, len(shape)))
            for running, moment in ((running_mean, mean_), (running_var, var)):
                move = lambda old, x, of=moment: mul(old, 1 - momentum).add(mean_(of(x, dims), 0), alpha=momentum)
                running.copy_(core.in_float32(move, (running, input_)))
        finally:
            core.set_grad(before)
    return out


@op("nn.functional.normalize", composite=True, wide=True, out="cast step")
@doc("out = x / \\max(\\|x\\|_p, eps)",
     "\\tfrac{1}{\\|x\\|} (g - out\\, (g \\cdot out)) \\text{ for } p = 2",
     p="float, optional: Which norm. Default: 2.", dim="int, optional: Along which dimension. Default: 1.",
     eps="float, optional: The least norm. Default: 1e-12.", returns="Of the input's shape and dtype.")  # fmt: skip
def normalize(input_: Tensor, p=2.0, dim: int | tuple | None = 1, eps=1e-12, out=None) -> Tensor:
    """Divide by the p-norm along a dimension.

    >>> F.normalize(lucid.tensor([[3.0, 4.0]]), p=1.0, dim=1) * 7
    Tensor([[3.0, 4.0]])
    """
    if isinstance(p, str):
        raise RuntimeError(f"normalize(): there is no norm of order {p!r}")
    size = vector_norm(input_, p, dim, True)
    return input_ / size.clamp_min(eps).expand_as(input_)


@op("nn.functional.local_response_norm", composite=True)
@doc("out_c = x_c \\left( k + \\tfrac{alpha}{size} \\textstyle\\sum_{i \\text{ near } c} x_i^2 \\right)^{-beta}",
     input_="Tensor: Of shape (n, c, ...).", size="int: How many neighbouring channels count.",
     alpha="float, optional: Factor of the mean square. Default: 1e-4.", beta="float, optional: The power. Default: 0.75.",
     k="float, optional: What is added. Default: 1.", raises="ValueError: there are fewer than 3 dimensions")  # fmt: skip
def local_response_norm(input_: Tensor, size: int, alpha=1e-4, beta=0.75, k=1.0) -> Tensor:
    """Divide by a power of the mean square of neighbouring channels (Krizhevsky, Sutskever, Hinton, "ImageNet
    Classification with Deep Convolutional Neural Networks", 2012).

    >>> F.local_response_norm(lucid.tensor([[[3.0]]]), 1, alpha=1.0, beta=0.5, k=0.0)
    Tensor([[[1.0]]])
    """
    from lucid.ops.padding import pad
    from lucid.ops.pooling import avg_pool2d, avg_pool3d

    own = input_.array.shape
    if len(own) < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {len(own)} dimensions)")
    if input_.array.size == 0:
        return input_
    # The channels are a dimension of an image here, over which a mean is taken.
    around = size // 2, (size - 1) // 2
    squares = (input_ * input_).unsqueeze(1)
    if len(own) == 3:
        means = avg_pool2d(pad(squares, (0, 0, *around)), (size, 1), 1)
    else:
        squares = squares.reshape((own[0], 1, own[1], own[2], math.prod(own[3:])))
        means = avg_pool3d(pad(squares, (0, 0, 0, 0, *around)), (size, 1, 1), 1)
    return input_ / (means.reshape(own) * alpha + k).pow(beta)


# ------------------------------------------------------------------------------------------------ with their statistics


_STATISTICS = {
    "notes": True,
    "gives": "tuple of Tensor",
    "returns": "The result; the mean and the inverse standard deviation that it was made with, constants.",
}


@op("group_norm", composite=True)
@like(group_norm, notes=True, cudnn_enabled="bool, optional: Accepted; there is no cuDNN.")
def torch_group_norm(
    input_: Tensor, num_groups: int, weight=None, bias=None, eps: float = 1e-5, cudnn_enabled: bool = True
) -> Tensor:
    """`nn.functional.group_norm`, under another name.

    Examples
    --------
    >>> lucid.group_norm(lucid.tensor([[1.0, 3.0]]), 1, eps=0.0)
    Tensor([[-1.0, 1.0]])
    """
    if tensor_argument("group_norm", input_).array.ndim < 2:
        raise IndexError(f"group_norm(): expected an input of at least 2 dimensions, got {input_.array.ndim}")
    return _by_group(input_, num_groups, weight, bias, eps)[0]


def _statistics(stats: tuple, shape: tuple, input_: Tensor, weight, bias) -> tuple[Tensor, Tensor]:
    """Means and inverse deviations in that shape, in the dtype of the parameters, or of the input."""
    dtype = next((one for one in (weight, bias) if one is not None), input_).array.dtype
    return tuple(wrap(copied(cast(one.array, dtype)).reshape(shape)) for one in stats)  # what the gradient needs is kept


def _unwritten(stats: tuple, input_: Tensor) -> None:
    """Give statistics of nothing their values, which no kernel has."""
    if not input_.array.size:
        for one, value in zip(stats, (0, math.nan)):
            one.array.fill(value)


@op("native_layer_norm", composite=True)
@like(layer_norm, **_STATISTICS)
def native_layer_norm(
    input_: Tensor, normalized_shape: tuple, weight, bias, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`nn.functional.layer_norm`, with its statistics.

    Examples
    --------
    >>> lucid.native_layer_norm(lucid.tensor([1.0, 3.0]), [2], None, None, 0.0)[1:]
    (Tensor([2.0]), Tensor([1.0]))
    """
    out, stats = _normalised("layer_norm", input_, normalized_shape, weight, bias, eps, True)
    _unwritten(stats, input_)
    own = input_.array.shape
    lead = len(own) - len(normalized_shape)
    return out, *_statistics(stats, own[:lead] + (1,) * len(normalized_shape), input_, weight, bias)


@op("native_batch_norm", composite=True)
@like(batch_norm, **_STATISTICS, out="tuple of Tensor, optional: Where the results are written.")
def native_batch_norm(
    input_: Tensor, weight, bias, running_mean, running_var, training: bool, momentum: float, eps: float, *, out=None
) -> tuple[Tensor, Tensor, Tensor]:
    """`nn.functional.batch_norm`, with its statistics, of which there are none unless in training.

    Examples
    --------
    >>> lucid.native_batch_norm(lucid.tensor([[1.0], [3.0]]), None, None, None, None, True, 0.1, 0.0)[1:]
    (Tensor([2.0]), Tensor([1.0]))
    """
    ndim = tensor_argument("native_batch_norm", input_).array.ndim
    if ndim < 2:
        raise IndexError(f"native_batch_norm(): expected an input of at least 2 dimensions, got {ndim}")
    _floating("native_batch_norm", input_)
    if training and not input_.array.size:
        raise RuntimeError(f"input tensor must have at least one element, but got input_sizes = {list(input_.shape)}")
    found, stats = _by_channel(input_, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        stats = tuple(wrap(empty((0,), one.array.dtype)) for one in stats)
    return found, *_statistics(stats, stats[0].array.shape, input_, weight, bias)


@op("native_group_norm", composite=True)
@like(group_norm, **_STATISTICS, N="int: How many samples there are.", C="int: How many channels.", HxW="int: How many elements in each.",
         group="int: Into how many groups the channels fall; divides C.")  # fmt: skip
def native_group_norm(
    input_: Tensor, weight, bias, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`nn.functional.group_norm` of the input seen as (N, C, HxW), with its statistics.

    Examples
    --------
    >>> lucid.native_group_norm(lucid.tensor([[1.0, 3.0]]), None, None, 1, 2, 1, 1, 0.0)[1:]
    (Tensor([[2.0]]), Tensor([[1.0]]))
    """
    _check_groups(tensor_argument("native_group_norm", input_).array.shape, C, group)
    _floating("native_group_norm", input_)
    if input_.array.size != N * C * HxW:
        raise RuntimeError(f"native_group_norm(): {N}, {C} and {HxW} do not make up an input of shape {list(input_.shape)}")
    out, stats = _by_group(input_.reshape(N, C, HxW), group, weight, bias, eps)
    _unwritten(stats, input_)
    out = in_format(out.reshape(input_.array.shape), input_)
    return out, *_statistics(stats, (N, group), input_, weight, bias)
