"""Losses.

Fused are the two of classification by class indices, and those of pairs of elements (`_pair_loss`): one pass makes
the losses, one the gradient. Where the gradient is itself recorded it is made of operations instead: of `SLOPES`, or of
the constant matrix of target weights (`_targets`). All other losses are composed of operations, and so are these where
a gradient of the target is wanted.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import loss as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import check_cast, op, torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    INT64,
    broadcast_shapes,
    cast,
    contiguous,
    same_dtype,
    tensor_argument,
)
from lucid.ops.activation import logsigmoid
from lucid.ops.arithmetic import add, div, mul, neg, rsub, sub
from lucid.ops.comparison import eq, le, lt, ne
from lucid.ops.creation import ones_like
from lucid.ops.distance import at_least, pairwise_distance
from lucid.ops.exponentials import exp, log, log1p, sigmoid, sqrt, xlogy
from lucid.ops.linalg import linear
from lucid.ops.magnitude import abs, clamp_min, minimum, sign, where
from lucid.ops.normalization import log_softmax, softmax
from lucid.ops.view import to_dtype
from lucid.tensor import Tensor

NLL, NLL_BACKWARD, CROSS_ENTROPY, CROSS_ENTROPY_BACKWARD = (
    {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}
    for name in ("nll_loss", "nll_loss_backward", "cross_entropy", "cross_entropy_backward")
)


# ------------------------------------------------------------------------------------------------ reductions


def reduction_of(name: str, reduction: str, size_average=None, reduce=None) -> str:
    """The reduction wanted, also where it is given in the two older parameters. ValueError for an unknown one."""
    if size_average is not None or reduce is not None:
        if reduce is not None and not reduce:
            return "none"
        return "mean" if size_average is None or size_average else "sum"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """What becomes of the losses of all elements."""
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def _same_size(name: str, input_: Tensor, target: Tensor) -> None:
    tensor_argument(name, input_)
    tensor_argument(name, target, 2, "target")
    if input_.array.shape != target.array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input_.shape}). This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.", stacklevel=4,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------ classification


def _classes(name: str, input_: Tensor, target: Tensor, weight, ignore_index: int):
    """Sizes (n, classes, length) of input and target, both checked, and the shape of the losses."""
    x, t = input_.array, target.array
    if not input_.dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}_out_frame\" not implemented for '{torch_name(input_.dtype)}'")
    if t.dtype != INT64 and t.dtype != np.dtype("uint8"):
        raise RuntimeError(f"{name}: expected scalar type Long but found {torch_name(target.dtype)}")
    if not x.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if x.ndim == 1:
        if t.ndim != 0 and not (t.ndim == 1 and t.shape[0] == 1):
            raise RuntimeError(f"{name}: a vector of scores needs one target, got targets of shape {list(t.shape)}")
        n, classes, length, shape = 1, x.shape[0], 1, t.shape
    else:
        shape = (x.shape[0], *x.shape[2:])
        if t.ndim != x.ndim - 1 or t.shape[0] != x.shape[0]:
            if t.ndim == x.ndim - 1:
                raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({t.shape[0]}).")
            raise RuntimeError(f"Expected target size {list(shape)}, got {list(t.shape)}")
        if t.shape != shape:
            raise RuntimeError(f"Expected target size {list(shape)}, got {list(t.shape)}")
        n, classes, length = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    if weight is not None:
        if weight.array.ndim != 1 or weight.array.size != classes:
            raise RuntimeError(
                "weight tensor should be defined either for all "
                f"{classes} classes or no classes but got weight tensor of shape: {list(weight.shape)}"
            )
        if weight.array.dtype != x.dtype:
            raise RuntimeError(f"expected scalar type {torch_name(input_.dtype)} but found {torch_name(weight.dtype)}")
    rows = contiguous(cast(t, INT64))
    if rows.size:
        wrong = kernels.check_target(flat(rows), classes, ignore_index)
        if wrong >= 0:
            raise IndexError(f"{name}: Target {rows.reshape(-1)[wrong]} is out of bounds, there are {classes} classes.")
    return (n, classes, length), shape, rows


def _row(tensor, computed):
    return None if tensor is None else flat(contiguous(cast(tensor.array, computed)))


def _targets(x: Tensor, rows: np.ndarray, sizes, weight, ignore_index: int, smoothing: float) -> Tensor:
    """How much each logarithm of a probability counts, in the input's shape: the losses are minus their weighted sum."""
    n, classes, length = sizes
    w = np.ones(classes) if weight is None else weight.array.astype(np.float64)
    t = rows.reshape(n, length)
    counted = t != ignore_index
    safe = np.where(counted, t, 0)
    q = np.zeros((n, classes, length))
    np.put_along_axis(q, safe[:, None, :], ((1 - smoothing) * w[safe])[:, None, :], 1)
    q += (smoothing / classes) * w[None, :, None]
    q *= counted[:, None, :]
    return wrap(np.ascontiguousarray(q.reshape(x.array.shape), x.array.dtype))


def _finish(out: np.ndarray, total: float, shape, reduction: str, dtype) -> Tensor:
    """Reduce the losses of all targets; `total` is the sum of the weights that count."""
    if reduction == "none":
        return wrap(cast(out.reshape(shape), dtype))
    result = np.asarray(out.sum(dtype=np.float64 if out.dtype == FLOAT32 else None))
    if reduction == "mean":
        with np.errstate(all="ignore"):
            result = np.asarray(result / total if total else result * math.nan)
    return wrap(result.astype(dtype))


def _classified(x, rows, sizes, weight, ignore_index, smoothing, reduction, stats, logits: bool):
    """Losses of class indices by a kernel; the sum of weights is left in `stats`."""
    computed = x.array.dtype if x.array.dtype in NLL else FLOAT32
    out = empty(rows.shape, computed)
    total = 0.0
    if out.size:
        common = _row(x, computed), flat(rows), _row(weight, computed), flat(out)
        if logits:
            total = CROSS_ENTROPY[computed](*common, flat(stats[0].array), *sizes, ignore_index, smoothing)
        else:
            total = NLL[computed](*common, *sizes, ignore_index)
    stats[1].array[...] = total
    return out


@op("_cross_entropy")
def _cross_entropy(x: Tensor, rows, sizes, shape, weight, ignore_index, smoothing, reduction, stats) -> Tensor:
    out = _classified(x, rows, sizes, weight, ignore_index, smoothing, reduction, stats, True)
    return _finish(out, float(stats[1].array), shape, reduction, x.array.dtype)


@op("_nll_loss")
def _nll_loss(x: Tensor, rows, sizes, shape, weight, ignore_index, reduction, stats) -> Tensor:
    out = _classified(x, rows, sizes, weight, ignore_index, 0.0, reduction, stats, False)
    return _finish(out, float(stats[1].array), shape, reduction, x.array.dtype)


def _beside(g: Tensor, x: Tensor, reduction: str, scale: float) -> Tensor:
    """The gradient of the losses, seen beside the input."""
    if reduction == "none":
        return (g if x.array.ndim == 1 else g.unsqueeze(1)) * scale
    return g * scale


def _cross_entropy_backward(g, x, rows, sizes, weight, ignore_index, smoothing, reduction, stats):
    lse, total = stats[0], float(stats[1].array)
    scale = (1 / total if total else math.nan) if reduction == "mean" else 1.0
    if core.is_grad_enabled() or not x.array.size:
        q = _targets(x, rows, sizes, weight, ignore_index, smoothing)
        dim = 0 if x.array.ndim == 1 else 1
        return _beside(g, x, reduction, scale) * (softmax(x, dim) * q.sum(dim, True) - q)
    computed = lse.array.dtype
    result = empty(x.array.shape, computed)
    CROSS_ENTROPY_BACKWARD[computed](
        _row(g, computed), _row(x, computed), flat(rows), _row(weight, computed), flat(lse.array), flat(result), *sizes,
        ignore_index, smoothing, scale,
    )  # fmt: skip
    return wrap(cast(result, x.array.dtype))


_cross_entropy.vjp(x=_cross_entropy_backward)


def _nll_loss_backward(g, x, rows, sizes, weight, ignore_index, reduction, stats):
    total = float(stats[1].array)
    scale = (1 / total if total else math.nan) if reduction == "mean" else 1.0
    if core.is_grad_enabled() or not x.array.size:
        return -_beside(g, x, reduction, scale) * _targets(x, rows, sizes, weight, ignore_index, 0.0)
    computed = x.array.dtype if x.array.dtype in NLL else FLOAT32
    result = empty(x.array.shape, computed)
    NLL_BACKWARD[computed](
        _row(g, computed), flat(rows), _row(weight, computed), flat(result), *sizes, ignore_index, scale
    )
    return wrap(cast(result, x.array.dtype))


_nll_loss.vjp(x=_nll_loss_backward)


def _stats(x: Tensor, sizes) -> tuple[Tensor, Tensor]:
    """Buffers that forward fills for backward: the logarithms of the sums of exponentials, the sum of the weights."""
    computed = x.array.dtype if x.array.dtype in NLL else FLOAT32
    return wrap(empty((sizes[0], sizes[2]), computed)), wrap(empty((), np.dtype(np.float64)))


@op("nn.functional.nll_loss", composite=True)
@doc("out = -weight_y \\cdot x_y", "-g \\cdot weight_y \\text{ at } y",
     returns="Of the target's shape, or reduced.",
     input_="Tensor: Logarithms of probabilities, of shape (n, classes, ...), or (classes,).",
     target="Tensor: Class indices y, int64, of shape (n, ...), or ().", weight="Tensor, optional: A weight for each class.",
     ignore_index="int, optional: A class index that does not count. Default: -100.",
     reduction="{'none', 'mean', 'sum'}, optional: What is returned: each target's loss, their sum, or that over the sum of "
               "the weights that count. Default: 'mean'.",
     raises="IndexError: a target is no class\nRuntimeError: a shape or dtype does not fit")  # fmt: skip
def nll_loss(
    input_: Tensor, target: Tensor, weight=None, size_average=None, ignore_index: int = -100, reduce=None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Negative log likelihood: minus the input's entry at each target.

    >>> F.nll_loss(lucid.tensor([[-1.0, -3.0]]), lucid.tensor([1]))
    Tensor(3.0)
    """
    reduction = reduction_of("nll_loss", reduction, size_average, reduce)
    tensor_argument("nll_loss", input_)
    tensor_argument("nll_loss", target, 2, "target")
    sizes, shape, rows = _classes("nll_loss", input_, target, weight, ignore_index)
    return _nll_loss(input_, rows, sizes, shape, weight, ignore_index, reduction, _stats(input_, sizes))


@op("nn.functional.cross_entropy", composite=True)
@doc("out = weight_y \\cdot (\\ln \\textstyle\\sum_j e^{x_j} - x_y)",
     "g \\cdot weight_y \\cdot (e^{x} / \\textstyle\\sum_j e^{x_j} - [\\text{at } y])",
     returns="Of the target's shape (without classes), or reduced.",
     input_="Tensor: Logits, of shape (n, classes, ...), or (classes,).",
     target="Tensor: Class indices y, int64, of shape (n, ...), or (); or probabilities, of the input's shape.", weight="Tensor, optional: A weight for each class.",
     ignore_index="int, optional: A class index that does not count. Default: -100.",
     reduction="{'none', 'mean', 'sum'}, optional: What is returned: each target's loss, their sum, or that over the sum of "
               "the weights that count; with probabilities, over their number. Default: 'mean'.",
     label_smoothing="float, optional: How much of each target is spread over all classes. Default: 0.",
     raises="IndexError: a target is no class\nRuntimeError: a shape or dtype does not fit")  # fmt: skip
def cross_entropy(
    input_: Tensor, target: Tensor, weight=None, size_average=None, ignore_index: int = -100, reduce=None,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Cross entropy of logits and targets: `nll_loss` of `log_softmax`, in one pass.

    >>> F.cross_entropy(lucid.tensor([[0.0, 0.0]]), lucid.tensor([1]))
    Tensor(0.6931472)
    """
    reduction = reduction_of("cross_entropy", reduction, size_average, reduce)
    tensor_argument("cross_entropy", input_)
    tensor_argument("cross_entropy", target, 2, "target")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.array.shape == input_.array.shape:
        if not target.dtype.is_floating_point:
            raise RuntimeError(
                "Expected floating point type for target with class probabilities, got " + torch_name(target.dtype)
            )
        return _by_probabilities(input_, target, weight, reduction, label_smoothing)
    sizes, shape, rows = _classes("cross_entropy", input_, target, weight, ignore_index)
    stats = _stats(input_, sizes)
    return _cross_entropy(input_, rows, sizes, shape, weight, ignore_index, float(label_smoothing), reduction, stats)


@op("nn.functional.linear_cross_entropy", composite=True)
@doc("out = \\mathrm{cross\\_entropy}(x\\, linear\\_weight^T + linear\\_bias)",
     "(h\\, linear\\_weight); \\quad (h^T x); \\quad \\textstyle\\sum_n h_n, \\quad h = g\\, "
     "\\partial\\, \\mathrm{cross\\_entropy}",
     returns="Of the target's shape (without classes), or reduced.",
     input_="Tensor: Of shape (n, features), or (features,).",
     linear_weight="Tensor: Of shape (classes, features), or (classes, ..., features) for several losses a row.",
     target="Tensor: Class indices, int64, of shape (n, ...), or (); or probabilities, of the logits' shape.",
     linear_bias="Tensor, optional: Of the shape of `linear_weight` without features.",
     weight="Tensor, optional: A weight for each class.",
     ignore_index="int, optional: A class index that does not count. Default: -100; None with probabilities.",
     label_smoothing="float, optional: How much of each target is spread over all classes. Default: 0.",
     options="nn.LinearCrossEntropyOptions, optional: How PyTorch cuts the rows into pieces to save memory. Without effect: "
             "the result is the same, and all logits are made at once.",
     raises="RuntimeError: a shape does not fit, or `ignore_index` is given with probabilities\n"
            "IndexError: a target is no class")  # fmt: skip
def linear_cross_entropy(
    input_: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None,
    weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0,
    options=None,
) -> Tensor:  # fmt: skip
    """Cross entropy of the logits that a linear layer makes.

    >>> F.linear_cross_entropy(lucid.ones(1, 3), lucid.zeros(2, 3), lucid.tensor([1]))
    Tensor(0.6931472)
    """
    if input_.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input_.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    *rows, features = input_.array.shape
    *outputs, width = linear_weight.array.shape
    if features != width:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {features} and {width}, respectively"
        )
    if linear_bias is not None and linear_bias.array.shape != tuple(outputs):
        raise RuntimeError(f"expected linear_bias shape {tuple(outputs)}, got {tuple(linear_bias.shape)}")
    if len(outputs) > 1 and not rows:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {features}), got unbatched input with shape {tuple(input_.shape)}"
        )
    shape = (*rows, *outputs)
    if target.array.shape == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if len(outputs) > 1:
        linear_weight = linear_weight.reshape(math.prod(outputs), features)
        linear_bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input_, linear_weight, linear_bias).reshape(shape)
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        logits, target, weight, ignore_index=ignored, reduction=reduction, label_smoothing=label_smoothing
    )


def _by_probabilities(input_, target, weight, reduction, smoothing) -> Tensor:
    dim = 0 if input_.array.ndim == 1 else 1
    classes = input_.array.shape[dim]
    if smoothing:
        target = target * (1 - smoothing) + smoothing / classes
    terms = log_softmax(input_, dim) * target
    if weight is not None:
        terms = terms * weight.reshape([-1 if i == dim else 1 for i in range(input_.array.ndim)])
    losses = -terms.sum(dim)
    if reduction == "mean":
        count = losses.array.size
        return losses.sum() / count if count else losses.sum() * math.nan
    return reduced(losses, reduction)


# ------------------------------------------------------------------------------------------------ alignments

CTC, CTC_BACKWARD = ({dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}
                     for name in ("ctc_loss", "ctc_loss_backward"))  # fmt: skip


class _Paths(NamedTuple):
    """The labels of a batch with blanks between them, and the lengths: what the kernels read."""

    labels: np.ndarray
    input_lengths: np.ndarray
    target_lengths: np.ndarray
    sizes: tuple[int, int, int]  # steps, batch, classes


@op("_ctc_loss")
def _ctc_loss(log_probs: Tensor, paths: _Paths, alpha: Tensor, zero_infinity: bool) -> Tensor:
    """Minus the logarithm of each target's probability."""
    x = contiguous(log_probs.array)
    losses = empty((paths.sizes[1],), x.dtype)
    CTC[x.dtype](flat(x), *map(flat, paths[:3]), flat(alpha.array), flat(losses), *paths.sizes)
    return wrap(losses)


@op("_ctc_loss_backward")
def _ctc_loss_backward(g, log_probs, paths, alpha, losses, zero_infinity) -> Tensor:
    x = contiguous(log_probs.array)
    result, scratch = empty(x.shape, x.dtype), empty((3, *paths.labels.shape), x.dtype)
    CTC_BACKWARD[x.dtype](
        flat(contiguous(g.array)), flat(x), *map(flat, paths[:3]), flat(alpha.array), flat(losses.array), flat(scratch),
        flat(result), *paths.sizes, zero_infinity,
    )  # fmt: skip
    return wrap(result)


_ctc_loss.vjp(log_probs=lambda g, log_probs, paths, alpha, zero_infinity, out: _ctc_loss_backward(
    g, log_probs, paths, alpha, out, zero_infinity))  # fmt: skip


def _no_second_gradient(g):
    raise RuntimeError("ctc_loss has no second gradient")


_ctc_loss_backward.vjp(g=_no_second_gradient, log_probs=_no_second_gradient)


def _lengths(name: str, given) -> np.ndarray:
    """Lengths from a tensor or a sequence of integers."""
    lengths = given.array.reshape(-1) if isinstance(given, Tensor) else np.array([int(one) for one in given], np.int64)
    if lengths.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral")
    return lengths.astype(np.int64)


def _check_lengths(name: str, lengths: np.ndarray, batch: int, most: float = math.inf) -> None:
    if len(lengths) != batch:
        raise RuntimeError(f"{name} must be of size batch_size")
    for bound, wrong in (("least 0", lengths < 0), (f"most {most}", lengths > most)):
        if wrong.any():
            raise RuntimeError(f"Expected {name} to have value at {bound}, but got value {lengths[wrong][0]}")


def _paths(x: np.ndarray, given: np.ndarray, inputs: np.ndarray, lengths: np.ndarray, blank: int) -> _Paths:
    """What the kernels read of the given targets; x is (steps, batch, classes)."""
    steps, batch, classes = x.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    _check_lengths("input_lengths", inputs, batch, steps)
    _check_lengths("target_lengths", lengths, batch)
    longest = int(lengths.max())
    if given.ndim not in (1, 2):
        raise RuntimeError(f"Expected 1 to 2 dimensions, but got {given.ndim}-dimensional tensor for 'targets'")
    if given.ndim == 1 and given.size != lengths.sum():
        raise RuntimeError(f"Expected tensor to have size {lengths.sum()} at dimension 0, but got size {given.size} for 'targets'")
    if given.ndim == 2 and (given.shape[0] != batch or given.shape[1] < longest):
        raise RuntimeError(f"Expected tensor to have size at least ({batch}, {longest}), but got {given.shape} for 'targets'")
    counted = np.arange(longest) < lengths[:, None]
    padded = np.full((batch, longest), blank)
    padded[counted] = given if given.ndim == 1 else given[:, :longest][counted]
    labels = np.full((batch, 2 * longest + 5), blank)
    labels[:, 3:-2:2] = padded
    wrong = kernels.check_target(flat(labels), classes, blank)
    if wrong >= 0:
        raise IndexError(f"ctc_loss: target {labels.reshape(-1)[wrong]} is out of bounds, there are {classes} classes.")
    return _Paths(labels, inputs, lengths, (steps, batch, classes))


@op("nn.functional.ctc_loss", composite=True)
@doc("out = -\\ln \\textstyle\\sum_a \\prod_t e^{x_t(a_t)}, \\text{ over all } a \\text{ that are the target with labels "
     "repeated and blanks put between}",
     "g \\cdot (e^{x} - P(a_t = \\cdot \\mid target)) \\text{, the gradient of the logits that } x \\text{ is the log\\_softmax of}",
     returns="A loss for each sample, of shape (n,) or (), or reduced; infinite where the target cannot be aligned.",
     log_probs="Tensor: Logarithms of probabilities x, of shape (steps, n, classes), or (steps, classes).",
     targets="Tensor: Class indices other than the blank: (n, longest target), or all targets one after the other.",
     input_lengths="Tensor or sequence of int: How many steps of each sample count.",
     target_lengths="Tensor or sequence of int: How many labels of each sample count.",
     blank="int, optional: The class that stands for no label. Default: 0.",
     reduction="{'none', 'mean', 'sum'}, optional: What is returned: each sample's loss, the mean of each over the length of "
               "its target, or their sum. Default: 'mean'.",
     zero_infinity="bool, optional: Let infinite losses and their gradients be 0. Default: False.",
     raises="IndexError: a target is no class\nRuntimeError: a shape or length does not fit; a second gradient is asked for")  # fmt: skip
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths, target_lengths, blank: int = 0, reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Connectionist temporal classification: how unlikely sequences of labels are that no step of the input is assigned to.

    >>> F.ctc_loss(lucid.tensor([[[-0.5, -1.5]], [[-0.25, -2.0]]]), lucid.tensor([[1]]), [1], [1])
    Tensor(1.5)
    """
    reduction = reduction_of("ctc_loss", reduction)
    tensor_argument("ctc_loss", log_probs)
    tensor_argument("ctc_loss", targets, 2, "targets")
    if isinstance(input_lengths, Tensor) != isinstance(target_lengths, Tensor):
        raise TypeError("ctc_loss(): input_lengths and target_lengths must both be Tensor, or both tuple of ints")
    lengths = _lengths("input_lengths", input_lengths), _lengths("target_lengths", target_lengths)
    batched = log_probs.array.ndim != 2
    x = log_probs if batched else log_probs.unsqueeze(1)
    if x.array.dtype not in CTC:
        raise NotImplementedError(f"\"ctc_loss\" not implemented for '{torch_name(x.dtype)}'")
    if not x.array.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if x.array.ndim != 3:
        raise RuntimeError(f"Expected 3-dimensional tensor, but got {x.array.ndim}-dimensional tensor for 'log_probs'")
    paths = _paths(x.array, targets.array, *lengths, blank)
    alpha = wrap(empty((paths.sizes[1], paths.sizes[0], paths.labels.shape[1]), x.array.dtype))
    losses = _ctc_loss(x, paths, alpha, bool(zero_infinity))
    if zero_infinity:
        losses = where(eq(losses, math.inf), 0.0, losses)
    if not batched:
        losses = losses.squeeze(0)
    if reduction == "mean":
        losses = div(losses, wrap(np.maximum(paths.target_lengths, 1).astype(x.array.dtype)))
    return reduced(losses, reduction)


# ------------------------------------------------------------------------------------------------ pairs of elements

PAIR, PAIR_BACKWARD = (
    {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}
    for name in ("pointwise_loss", "pointwise_loss_backward")
)

# The derivative of each loss by its first argument, of operations; `a` is the kernel's parameter.
SLOPES = {
    "mse": lambda x, y, a, pos_weight: mul(sub(x, y), 2),
    "l1": lambda x, y, a, pos_weight: sign(sub(x, y)),
    "smooth_l1": lambda x, y, a, pos_weight: _smooth(sub(x, y), a),
    "huber": lambda x, y, a, pos_weight: mul(_smooth(sub(x, y), a), a),
    "bce": lambda x, y, a, pos_weight: _bce_slope(x, y),
    "bce_with_logits": lambda x, y, a, pos_weight: _logits_slope(x, y, pos_weight),
    "kl_div": lambda x, y, a, pos_weight: neg(y),
    "kl_div_log": lambda x, y, a, pos_weight: neg(exp(y)),
}


def _smooth(difference: Tensor, bound: float) -> Tensor:
    """A difference over `bound`, between -1 and 1."""
    return where(lt(abs(difference), bound), div(difference, bound), sign(difference))


@op("_bce_slope")
def _bce_slope(x: Tensor, y: Tensor) -> Tensor:
    """The derivative of binary cross entropy by the probability; bounded, as the loss is, where that is 0 or 1."""
    return div(sub(x, y), clamp_min(mul(rsub(x, 1), x), 1e-12))


def _bce_curve(g, x, y):
    product = mul(add(x, 1e-12), add(rsub(x, 1), 1e-12))
    return mul(g, div(div(add(sub(mul(x, x), mul(mul(x, y), 2)), y), product), product))


_bce_slope.vjp(x=_bce_curve, y=lambda g, x: neg(div(g, clamp_min(mul(rsub(x, 1), x), 1e-12))))


def _logits_slope(x: Tensor, y: Tensor, pos_weight) -> Tensor:
    if pos_weight is None:
        return sub(sigmoid(x), y)
    positive = mul(pos_weight, y)
    return sub(mul(add(sub(positive, y), 1), sigmoid(x)), positive)


@op("_pair_loss")
def _pair_loss(x: Tensor, y: Tensor, kind: str, a: float, pos_weight, reduction: str) -> Tensor:
    """The loss of each pair of elements, reduced."""
    rows, shape, computed = _rows(x, y, pos_weight)
    out = empty(shape, computed)
    if out.size:
        PAIR[computed](*rows[:2], flat(out), kernels.codes[kind], a, rows[2])
    dtype = dtypes.promote_types(x.dtype, y.dtype).numpy
    if reduction == "none":
        return wrap(cast(out, dtype))
    made = wrap(out).sum() if reduction == "sum" else wrap(out).mean()
    return wrap(cast(made.array, dtype))


def _rows(x: Tensor, y: Tensor, pos_weight) -> tuple:
    """The operands as rows of one length, their shape, and the dtype to compute in."""
    tensors = (x, y) if pos_weight is None else (x, y, pos_weight)
    shape = broadcast_shapes(*[one.array.shape for one in tensors])
    dtype = dtypes.promote_types(x.dtype, y.dtype)
    computed = dtype.numpy if dtype.itemsize > 2 else FLOAT32
    rows = [flat(contiguous(np.broadcast_to(cast(one.array, computed), shape))) for one in tensors]
    return (*rows, None)[:3], shape, computed


def _pair_gradient(g, x, y, kind, a, pos_weight, reduction):
    if core.is_grad_enabled():
        slope = SLOPES[kind](x, y, a, pos_weight)
        return mul(div(g, slope.array.size) if reduction == "mean" else g, slope)
    rows, shape, computed = _rows(x, y, pos_weight)
    result = empty(shape, computed)
    if not result.size:
        return wrap(cast(result, x.array.dtype))
    g = cast(g.array, computed)
    g = flat(contiguous(g)) if reduction == "none" else flat(np.asarray(g / result.size if reduction == "mean" else g))
    PAIR_BACKWARD[computed](g, *rows[:2], flat(result), kernels.codes[kind], a, rows[2])
    return wrap(cast(result, x.array.dtype))


_pair_loss.vjp(x=_pair_gradient)


def _pairs(x: Tensor, y: Tensor, kind: str, composed, reduction: str, a: float = 1.0, weight=None, pos_weight=None):
    """A loss of pairs of elements: fused, or by `composed(x, y)` where a gradient of more than `x` is wanted."""
    dtype = dtypes.promote_types(x.dtype, y.dtype)
    others = (y,) if pos_weight is None else (y, pos_weight)
    if dtype.kind != 2 or core.recording(others):
        losses = composed(x, y)
    elif weight is None:
        return _pair_loss(x, y, kind, a, pos_weight, reduction)
    else:
        losses = _pair_loss(x, y, kind, a, pos_weight, "none")
    return reduced(losses if weight is None else _as(mul(losses, weight), losses.dtype), reduction)


def _as(losses: Tensor, dtype: dtypes.dtype) -> Tensor:
    """Losses as what they are written into has them."""
    check_cast(losses.dtype, dtype)
    return to_dtype(losses, dtype)


def _weighted_mean(losses: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """Losses by their weights; their mean is over the weights."""
    if reduction == "mean":
        return div(mul(losses, weight).sum(), weight.expand_as(losses).sum())
    return reduced(mul(losses, weight), reduction)


@op("nn.functional.mse_loss", composite=True)
@doc("out = (x - y)^2", "2 g (x - y),\\quad -2 g (x - y)", returns="Of the broadcast shape, or reduced.")
def mse_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", weight=None
) -> Tensor:
    """Squared differences.

    >>> F.mse_loss(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0, 4.0]))
    Tensor(2.0)
    """
    _same_size("mse_loss", input_, target)
    _refuse_bools(input_, target)
    reduction = reduction_of("mse_loss", reduction, size_average, reduce)
    if weight is not None:
        return _weighted_mean(_pairs(input_, target, "mse", _squared, "none"), weight, reduction)
    return _pairs(input_, target, "mse", _squared, reduction)


def _refuse_bools(x: Tensor, y: Tensor) -> None:
    if x.dtype is dtypes.bool or y.dtype is dtypes.bool:
        sub(x, y)  # raises


def _squared(x, y):
    difference = sub(x, y)
    return mul(difference, difference)


@op("nn.functional.l1_loss", composite=True)
@doc("out = |x - y|", "g \\cdot \\mathrm{sign}(x - y),\\quad -g \\cdot \\mathrm{sign}(x - y)",
     returns="Of the broadcast shape, or reduced.")  # fmt: skip
def l1_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", weight=None
) -> Tensor:
    """Absolute differences.

    >>> F.l1_loss(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0, 4.0]))
    Tensor(1.0)
    """
    _same_size("l1_loss", input_, target)
    _refuse_bools(input_, target)
    reduction = reduction_of("l1_loss", reduction, size_average, reduce)
    composed = lambda x, y: abs(sub(x, y))
    if weight is not None:
        return _weighted_mean(_pairs(input_, target, "l1", composed, "none"), weight, reduction)
    return _pairs(input_, target, "l1", composed, reduction)


@op("nn.functional.smooth_l1_loss", composite=True)
@doc("out = \\tfrac{(x - y)^2}{2\\, beta} \\text{ if } |x - y| < beta \\text{ else } |x - y| - \\tfrac{beta}{2}",
     "g \\cdot \\min(\\max(\\tfrac{x - y}{beta}, -1), 1),\\quad \\text{the negative of it}",
     returns="Of the broadcast shape, or reduced.", beta="float, optional: Where the loss becomes linear. Default: 1.",
     raises="RuntimeError: `beta` is negative")  # fmt: skip
def smooth_l1_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """Squared differences where these are small, absolute ones elsewhere.

    >>> F.smooth_l1_loss(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0, 4.5]))
    Tensor(1.0)
    """
    _same_size("smooth_l1_loss", input_, target)
    if input_.dtype.is_complex or target.dtype.is_complex:
        raise NotImplementedError("\"smooth_l1_loss\" not implemented for complex tensors")
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    reduction = reduction_of("smooth_l1_loss", reduction, size_average, reduce)
    if beta == 0:
        return l1_loss(input_, target, reduction=reduction)

    def composed(x, y):
        difference = sub(x, y)
        size = abs(difference)
        return where(lt(size, beta), mul(mul(difference, difference), 0.5 / beta), sub(size, 0.5 * beta))

    return _pairs(input_, target, "smooth_l1", composed, reduction, beta)


@op("nn.functional.huber_loss", composite=True)
@doc("out = \\tfrac{1}{2} (x - y)^2 \\text{ if } |x - y| < delta \\text{ else } delta (|x - y| - \\tfrac{delta}{2})",
     "g \\cdot \\min(\\max(x - y, -delta), delta),\\quad \\text{the negative of it}",
     returns="Of the broadcast shape, or reduced.", delta="float, optional: Where the loss becomes linear. Default: 1.",
     raises="RuntimeError: `delta` is not positive")  # fmt: skip
def huber_loss(input_: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight=None) -> Tensor:
    """Half squared differences where these are small, linear growth beyond.

    >>> F.huber_loss(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0, 4.5]))
    Tensor(1.0)
    """
    _same_size("huber_loss", input_, target)
    if input_.dtype.is_complex:
        raise NotImplementedError(f"\"huber\" not implemented for '{torch_name(input_.dtype)}'")
    check_cast(dtypes.result_dtype((input_, target)), input_.dtype)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    reduction = reduction_of("huber_loss", reduction)

    def composed(x, y):
        difference = sub(x, y)
        size = abs(difference)
        return where(lt(size, delta), mul(mul(difference, difference), 0.5), mul(sub(size, 0.5 * delta), delta))

    losses = _pairs(input_, target, "huber", composed, reduction if weight is None else "none", delta)
    losses = to_dtype(losses, input_.dtype)
    return losses if weight is None else reduced(mul(losses, weight), reduction)


# ------------------------------------------------------------------------------------------------ probabilities


@op("nn.functional.binary_cross_entropy", composite=True)
@doc("out = -weight \\cdot (y \\ln x + (1 - y) \\ln (1 - x))",
     "g \\cdot weight \\cdot (x - y) / (x (1 - x)),\\quad g \\cdot weight \\cdot (\\ln (1 - x) - \\ln x)",
     returns="Of the input's shape, or reduced.", input_="Tensor: Probabilities.",
     target="Tensor: Probabilities, of the same shape.",
     raises="RuntimeError: an element of the input is not between 0 and 1\nValueError: the shapes differ")  # fmt: skip
def binary_cross_entropy(
    input_: Tensor, target: Tensor, weight=None, size_average=None, reduce=None, reduction: str = "mean"
) -> Tensor:
    """Cross entropy of probabilities; the logarithms are at least -100.

    >>> F.binary_cross_entropy(lucid.tensor([1.0, 0.0]), lucid.tensor([1.0, 1.0]))
    Tensor(50.0)
    """
    tensor_argument("binary_cross_entropy", input_)
    if input_.array.shape != tensor_argument("binary_cross_entropy", target, 2, "target").array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input_.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if input_.dtype.kind != 2:
        raise NotImplementedError(f"\"binary_cross_entropy\" not implemented for '{torch_name(input_.dtype)}'")
    x = input_.array
    if x.size and not ((x >= 0) & (x <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    same_dtype("binary_cross_entropy", input_, target)
    reduction = reduction_of("binary_cross_entropy", reduction, size_average, reduce)

    def composed(x, y):
        return sub(mul(sub(y, 1), clamp_min(log1p(neg(x)), -100)), mul(y, clamp_min(log(x), -100)))

    return _pairs(input_, target, "bce", composed, reduction, weight=weight)


@op("nn.functional.binary_cross_entropy_with_logits", composite=True)
@doc("out = -weight \\cdot (pos\\_weight \\cdot y \\ln \\sigma(x) + (1 - y) \\ln (1 - \\sigma(x)))",
     "g \\cdot weight \\cdot (\\sigma(x) - y)\\quad \\text{without } pos\\_weight",
     returns="Of the input's shape, or reduced.", input_="Tensor: Logits.",
     target="Tensor: Probabilities, of the same shape.",
     pos_weight="Tensor, optional: Factors of the positive targets' part; broadcast.",
     raises="ValueError: the shapes differ")  # fmt: skip
def binary_cross_entropy_with_logits(
    input_: Tensor, target: Tensor, weight=None, size_average=None, reduce=None, reduction: str = "mean",
    pos_weight=None,
) -> Tensor:  # fmt: skip
    """Cross entropy of the probabilities that logits stand for, without overflow on the way.

    >>> F.binary_cross_entropy_with_logits(lucid.tensor([1000.0, 0.0]), lucid.tensor([0.0, 1.0]), reduction="none")[0]
    Tensor(1000.0)
    """
    name = "binary_cross_entropy_with_logits"
    tensor_argument(name, input_)
    if input_.array.shape != tensor_argument(name, target, 2, "target").array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input_.shape})")
    return _with_logits(input_, target, weight, reduction_of(name, reduction, size_average, reduce), pos_weight)


def _with_logits(input_: Tensor, target: Tensor, weight, reduction: str, pos_weight) -> Tensor:
    if input_.dtype.kind < 2:
        raise NotImplementedError(f"\"binary_cross_entropy_with_logits\" not implemented for '{torch_name(input_.dtype)}'")
    check_cast(dtypes.result_dtype((input_, target)), target.dtype)
    shape = broadcast_shapes(input_.array.shape, target.array.shape)
    if shape != target.array.shape:
        raise RuntimeError(f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(shape)}")

    def composed(x, y):
        positive = logsigmoid(x)
        if pos_weight is not None:
            positive = mul(positive, add(mul(sub(pos_weight, 1), y), 1))
        return sub(mul(rsub(y, 1), x), positive)

    losses = _pairs(input_, target, "bce_with_logits", composed, reduction, weight=weight, pos_weight=pos_weight)
    return to_dtype(losses, target.dtype)


@op("nn.functional.kl_div", composite=True)
@doc("out = y \\cdot (\\ln y - x)", "-g \\cdot y,\\quad g \\cdot (\\ln y + 1 - x)",
     returns="Of the broadcast shape, or reduced.", input_="Tensor: Logarithms of probabilities.",
     target="Tensor: Probabilities, or their logarithms.",
     reduction="{'none', 'mean', 'sum', 'batchmean'}, optional: As elsewhere; 'batchmean' divides the sum by the size of "
               "the first dimension, which is the divergence.",
     log_target="bool, optional: Whether `target` holds logarithms. Default: False.")  # fmt: skip
def kl_div(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """Kullback-Leibler divergence.

    >>> F.kl_div(lucid.tensor([0.0]), lucid.tensor([1.0]), reduction="sum")
    Tensor(0.0)
    """
    tensor_argument("kl_div", input_)
    tensor_argument("kl_div", target, 2, "target")
    if input_.dtype.kind < 2 or target.dtype.kind < 2:
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if input_.dtype.is_complex or target.dtype.is_complex:
        raise RuntimeError("kl_div: Complex inputs not supported.")
    batch = reduction == "batchmean"
    reduction = reduction_of("kl_div", "sum" if batch else reduction, size_average, reduce)
    if log_target:
        result = _pairs(input_, target, "kl_div_log", lambda x, y: mul(exp(y), sub(y, x)), reduction)
    else:
        result = _pairs(input_, target, "kl_div", lambda x, y: sub(xlogy(y, y), mul(y, x)), reduction)
    return div(result, input_.array.shape[0]) if batch and input_.array.ndim else result


@op("nn.functional.gaussian_nll_loss", composite=True)
@doc("out = \\tfrac{1}{2} (\\ln v + (x - y)^2 / v) \\;[+ \\tfrac{1}{2} \\ln 2 \\pi],\\quad v = \\max(var, eps)",
     returns="Of the broadcast shape, or reduced.", input_="Tensor: Means.", target="Tensor: Samples.",
     var="Tensor or float: Variances: of the input's shape, or with one dimension of size 1 or without the last.",
     full="bool, optional: Add the constant term. Default: False.", eps="float, optional: The least variance.",
     raises="ValueError: a variance is negative, or their shape does not fit")  # fmt: skip
def gaussian_nll_loss(
    input_: Tensor, target: Tensor, var, full: bool = False, eps: float = 1e-06, reduction: str = "mean"
) -> Tensor:
    """Negative log likelihood of normal distributions.

    >>> F.gaussian_nll_loss(lucid.tensor([1.0]), lucid.tensor([3.0]), lucid.tensor([1.0]))
    Tensor(2.0)
    """
    tensor_argument("gaussian_nll_loss", input_)
    if not isinstance(var, Tensor):
        var = mul(ones_like(input_), float(var))
    if (var.array < 0).any():
        raise ValueError("var has negative entry/entries")
    x, v = input_.array.shape, var.array.shape
    if v != x:
        if x[:-1] == v:
            var = var.unsqueeze(-1)
        elif len(x) != len(v) or sum(b for a, b in zip(x, v) if a != b) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    if var.dtype.kind < 2:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {torch_name(var.dtype)}")
    var = at_least(var, eps)
    difference = sub(input_, target)
    losses = mul(add(log(var), div(mul(difference, difference), var)), 0.5)
    return reduced(add(losses, 0.5 * math.log(2 * math.pi)) if full else losses, reduction)


@op("nn.functional.poisson_nll_loss", composite=True)
@doc("out = e^x - y x \\text{, or } x - y \\ln (x + eps) \\text{ of rates } x \\;[+ y \\ln y - y + \\tfrac{1}{2} "
     "\\ln 2 \\pi y \\text{ where } y > 1]", returns="Of the broadcast shape, or reduced.",
     input_="Tensor: Rates, or their logarithms.", target="Tensor: Counts.",
     log_input="bool, optional: Whether the input holds logarithms. Default: True.",
     full="bool, optional: Add Stirling's approximation of the target's factorial. Default: False.",
     eps="float, optional: Added to rates before their logarithm is taken.")  # fmt: skip
def poisson_nll_loss(
    input_: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average=None, eps: float = 1e-08,
    reduce=None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Negative log likelihood of Poisson distributions.

    >>> F.poisson_nll_loss(lucid.tensor([0.0]), lucid.tensor([2.0]))
    Tensor(1.0)
    """
    reduction = reduction_of("poisson_nll_loss", reduction, size_average, reduce)
    if log_input:
        losses = sub(exp(input_), mul(target, input_))
    else:
        losses = sub(input_, mul(target, log(add(input_, eps))))
    if full:
        stirling = add(sub(mul(target, log(target)), target), mul(log(mul(target, 2 * math.pi)), 0.5))
        losses = add(losses, where(le(target, 1), 0.0, stirling))
    return reduced(losses, reduction)


# ------------------------------------------------------------------------------------------------ margins


@op("nn.functional.soft_margin_loss", composite=True)
@doc("out = \\ln (1 + e^{-y x})", "-g \\cdot y / (1 + e^{y x})", returns="Of the broadcast shape, or reduced.",
     target="Tensor: 1 or -1.")  # fmt: skip
def soft_margin_loss(input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean") -> Tensor:
    """Logistic loss of scores and signs.

    >>> F.soft_margin_loss(lucid.tensor([200.0]), lucid.tensor([1.0]))
    Tensor(0.0)
    """
    reduction = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    negative = neg(input_)  # refuses bools, as PyTorch's formula does
    check_cast(dtypes.to_floating(dtypes.result_dtype((input_, target))), input_.dtype)
    losses = log1p(exp(mul(negative, target))) if input_.dtype.is_complex else neg(logsigmoid(mul(target, input_)))
    return reduced(to_dtype(losses, input_.dtype), reduction)


@op("nn.functional.margin_ranking_loss", composite=True)
@doc("out = \\max(0, margin - y (x_1 - x_2))", "-g \\cdot y,\\quad g \\cdot y \\text{ where the loss is not 0}",
     returns="Of the broadcast shape, or reduced.", input1="Tensor: Scores.", input2="Tensor: Scores.",
     target="Tensor: 1 where the first should be larger, -1 where the second should.",
     margin="float, optional: By how much. Default: 0.",
     raises="RuntimeError: the three differ in their number of dimensions")  # fmt: skip
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average=None, reduce=None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """How far pairs of scores are from being ranked as they should.

    >>> F.margin_ranking_loss(lucid.tensor([1.0]), lucid.tensor([3.0]), lucid.tensor([1.0]))
    Tensor(2.0)
    """
    reduction = reduction_of("margin_ranking_loss", reduction, size_average, reduce)
    if not input1.array.ndim == input2.array.ndim == target.array.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return _ranked(input1, input2, target, margin, reduction)


def _ranked(input1: Tensor, input2: Tensor, target: Tensor, margin: float, reduction: str) -> Tensor:
    """`margin_ranking_loss` of tensors that broadcast."""
    return reduced(clamp_min(add(mul(neg(target), sub(input1, input2)), float(margin)), 0), reduction)


@op("nn.functional.hinge_embedding_loss", composite=True)
@doc("out = x \\text{ if } y = 1,\\quad \\max(0, margin - x) \\text{ if } y = -1",
     "g \\text{ if } y = 1,\\quad -g \\text{ if } y = -1 \\text{ and } x < margin",
     returns="Of the broadcast shape, or reduced.", input_="Tensor: Distances.", target="Tensor: 1 or -1.",
     margin="float, optional: How large distances should be where the target is -1. Default: 1.")  # fmt: skip
def hinge_embedding_loss(
    input_: Tensor, target: Tensor, margin: float = 1.0, size_average=None, reduce=None, reduction: str = "mean"
) -> Tensor:
    """Distances that should be small, or larger than a margin.

    >>> F.hinge_embedding_loss(lucid.tensor([0.5, 0.5]), lucid.tensor([1.0, -1.0]), reduction="none")
    Tensor([0.5, 0.5])
    """
    reduction = reduction_of("hinge_embedding_loss", reduction, size_average, reduce)
    far = clamp_min(rsub(input_, margin), 0)
    if far.dtype is not input_.dtype:  # integers stay integers, as PyTorch's
        far = to_dtype(far, input_.dtype)
    return reduced(add(where(ne(target, 1), far, 0), where(ne(target, -1), input_, 0)), reduction)


@op("nn.functional.cosine_embedding_loss", composite=True)
@doc("out = 1 - \\cos(x_1, x_2) \\text{ if } y = 1,\\quad \\max(0, \\cos(x_1, x_2) - margin) \\text{ if } y = -1",
     returns="Of the target's shape, or reduced.", input1="Tensor: Vectors, of shape (n, d) or (d,).",
     input2="Tensor: Vectors, of the same shape.", target="Tensor: 1 or -1, of shape (n,) or ().",
     margin="float, optional: How similar vectors may be where the target is -1. Default: 0.",
     raises="RuntimeError: the shapes do not fit")  # fmt: skip
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average=None, reduce=None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """How far pairs of vectors are from being as similar as they should.

    >>> F.cosine_embedding_loss(lucid.tensor([[1.0, 0.0]]), lucid.tensor([[0.0, 1.0]]), lucid.tensor([1]))
    Tensor(1.0)
    """
    reduction = reduction_of("cosine_embedding_loss", reduction, size_average, reduce)
    dims = target.array.ndim
    if dims > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.array.ndim != dims + 1 or input2.array.ndim != dims + 1:
        raise RuntimeError(
            f"{dims}D target tensor expects {dims + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    tiny = 1e-12
    product = mul(input1, input2).sum(dims)
    sizes = mul(add(mul(input1, input1).sum(dims), tiny), add(mul(input2, input2).sum(dims), tiny))
    cosine = div(product, sqrt(sizes))
    near = where(eq(target, 1), rsub(cosine, 1), 0.0)
    return reduced(add(near, where(eq(target, -1), clamp_min(sub(cosine, margin), 0), 0.0)), reduction)


@op("nn.functional.triplet_margin_loss", composite=True)
@doc("out = \\max(0, \\|a - p\\| - \\|a - n\\| + margin)", returns="Without the last dimension, or reduced.",
     anchor="Tensor: Vectors, of shape (n, d) or (d,).", positive="Tensor: Vectors that should be near.",
     negative="Tensor: Vectors that should be farther.", margin="float, optional: By how much. Default: 1.",
     p="float, optional: Which norm. Default: 2.", eps="float, optional: Added to differences.",
     swap="bool, optional: Let the positive be the anchor where it is nearer to the negative. Default: False.",
     raises="RuntimeError: the three differ in their number of dimensions")  # fmt: skip
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-06,
    swap: bool = False, size_average=None, reduce=None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """How far triplets of vectors are from being placed as they should.

    >>> one, two = lucid.tensor([[0.0]]), lucid.tensor([[2.0]])
    >>> F.triplet_margin_loss(one, two, two)
    Tensor(1.0)
    """
    reduction = reduction_of("triplet_margin_loss", reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    return _triplets(anchor, positive, negative, lambda x, y: pairwise_distance(x, y, p, eps), margin, swap, reduction)


@op("nn.functional.triplet_margin_with_distance_loss", composite=True)
@doc("out = \\max(0, d(a, p) - d(a, n) + margin)", returns="As the distances, or reduced.",
     anchor="Tensor: What is compared.", positive="Tensor: What should be near.",
     negative="Tensor: What should be farther.",
     distance_function="callable, optional: The distance of two tensors. Default: `pairwise_distance`.",
     margin="float, optional: By how much. Default: 1.",
     swap="bool, optional: Let the positive be the anchor where it is nearer to the negative. Default: False.",
     raises="ValueError: the margin is not positive")  # fmt: skip
def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function=None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """`triplet_margin_loss` for any distance.

    >>> one, two = lucid.tensor([0.0]), lucid.tensor([2.0])
    >>> F.triplet_margin_with_distance_loss(one, two, two, distance_function=lambda x, y: (x - y).abs())
    Tensor(1.0)
    """
    reduction = reduction_of("triplet_margin_with_distance_loss", reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = distance_function or (lambda x, y: pairwise_distance(x, y, 2.0, 1e-6))
    return _triplets(anchor, positive, negative, distance, margin, swap, reduction)


def _triplets(anchor, positive, negative, distance, margin, swap, reduction) -> Tensor:
    if not anchor.array.ndim == positive.array.ndim == negative.array.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.array.ndim}D, positive {positive.array.ndim}D, and negative {negative.array.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(sub(add(near, margin), far), 0), reduction)


def _scores(name: str, input_: Tensor, target: Tensor, many: bool) -> tuple:
    """Scores and class indices as arrays of shape (n, classes) and (n,) or (n, classes); RuntimeError if they differ."""
    x, t = tensor_argument(name, input_).array, tensor_argument(name, target, 2, "target").array
    fits = t.shape == x.shape if many else t.ndim < 2 and t.size == (x.shape[0] if x.ndim == 2 else 1)
    if x.ndim > 2 or (x.ndim and not x.shape[-1]):
        raise RuntimeError(
            f"{name}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x.shape)}"
        )
    if not fits:
        raise RuntimeError(
            f"{name}: inconsistent target size, expected that of {list(x.shape)} but got {list(t.shape)}"
        )
    if t.dtype != INT64:
        raise RuntimeError(f"expected scalar type Long but found {torch_name(target.dtype)}")
    if input_.dtype.kind != 2 or input_.dtype.itemsize == 2:
        raise NotImplementedError(f"\"{name}_out_frame\" not implemented for '{torch_name(input_.dtype)}'")
    classes = x.shape[-1] if x.ndim else 1
    return t.reshape(-1, classes) if many else t.reshape(-1), classes


@op("nn.functional.multi_margin_loss", composite=True)
@doc("out = \\tfrac{1}{C} \\sum_{i \\ne y} weight_y \\max(0, margin - x_y + x_i)^p",
     returns="A loss for each sample, or reduced.", input_="Tensor: Scores, of shape (n, classes) or (classes,).",
     target="Tensor: Class indices, int64.", p="int, optional: 1 or 2. Default: 1.",
     margin="float, optional: By how much the right score should lead. Default: 1.",
     weight="Tensor, optional: A weight for each class.",
     raises="RuntimeError: a target is no class, or a shape does not fit\nValueError: `p` is neither 1 nor 2")  # fmt: skip
def multi_margin_loss(
    input_: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight=None, size_average=None, reduce=None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Hinge loss of classification.

    >>> F.multi_margin_loss(lucid.tensor([[0.0, 0.0]]), lucid.tensor([1]))
    Tensor(0.5)
    """
    reduction = reduction_of("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.array.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    rows, classes = _scores("multi_margin_loss", input_, target, False)
    if weight is not None and weight.array.size != classes:
        raise RuntimeError(f"multi_margin_loss: weight has {weight.array.size} elements for {classes} classes")
    if rows.size and not (rows.min() >= 0 and rows.max() < classes):
        raise RuntimeError(f"multi_margin_loss: target out of range: there are {classes} classes")
    right = np.zeros((rows.size, classes), bool)
    right[np.arange(rows.size), rows] = True
    x = input_.reshape(rows.size, classes)
    lead = where(wrap(right), x, 0.0).sum(1, True)
    losses = clamp_min(add(sub(x, lead), margin), 0)
    losses = mul(losses, losses) if p == 2 else losses
    if weight is not None:
        losses = mul(losses, wrap(np.asarray(weight.array[rows])).unsqueeze(1))
    losses = div(where(wrap(right), 0.0, losses).sum(1), classes)
    return reduced(losses if input_.array.ndim == 2 else losses.reshape(()), reduction)


@op("nn.functional.multilabel_margin_loss", composite=True)
@doc("out = \\tfrac{1}{C} \\sum_j \\sum_{i \\notin y} \\max(0, 1 - x_{y_j} + x_i)",
     returns="A loss for each sample, or reduced.", input_="Tensor: Scores, of shape (n, classes) or (classes,).",
     target="Tensor: Class indices, int64, of the same shape; those from the first -1 on do not count.",
     raises="RuntimeError: a target is no class, or the shapes differ")  # fmt: skip
def multilabel_margin_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean"
) -> Tensor:
    """Hinge loss of classification with several classes a sample.

    >>> F.multilabel_margin_loss(lucid.tensor([0.0, 0.0]), lucid.tensor([1, -1]))
    Tensor(0.5)
    """
    reduction = reduction_of("multilabel_margin_loss", reduction, size_average, reduce)
    rows, classes = _scores("multilabel_margin_loss", input_, target, True)
    if rows.size and not (rows.min() >= -1 and rows.max() < classes):
        raise RuntimeError(f"multilabel_margin_loss: target out of range: there are {classes} classes")
    counts = np.cumsum(rows < 0, 1) == 0
    wanted = np.zeros(rows.shape, bool)
    sample, at = np.nonzero(counts)
    wanted[sample, rows[sample, at]] = True
    x = input_.reshape(rows.shape[0], classes)
    # Each wanted class, in the order given and as often, against each class that is not wanted.
    lead = x.gather(1, wrap(np.where(counts, rows, 0))).unsqueeze(2)
    margins = clamp_min(add(sub(x.unsqueeze(1), lead), 1), 0)
    losses = div(where(wrap(counts[:, :, None] & ~wanted[:, None, :]), margins, 0.0).sum((1, 2)), classes)
    return reduced(losses if input_.array.ndim == 2 else losses.reshape(()), reduction)


@op("nn.functional.multilabel_soft_margin_loss", composite=True)
@doc("out = -\\tfrac{1}{C} \\sum_i weight_i (y_i \\ln \\sigma(x_i) + (1 - y_i) \\ln \\sigma(-x_i))",
     returns="A loss for each sample, or reduced.", input_="Tensor: Logits, of shape (..., classes).",
     target="Tensor: 0 or 1, of the same shape.", weight="Tensor, optional: A weight for each class.")  # fmt: skip
def multilabel_soft_margin_loss(
    input_: Tensor, target: Tensor, weight=None, size_average=None, reduce=None, reduction: str = "mean"
) -> Tensor:
    """Cross entropy of classification with several classes a sample.

    >>> F.multilabel_soft_margin_loss(lucid.tensor([1000.0]), lucid.tensor([0.0]))
    Tensor(1000.0)
    """
    reduction = reduction_of("multilabel_soft_margin_loss", reduction, size_average, reduce)
    losses = neg(add(mul(target, logsigmoid(input_)), mul(rsub(target, 1), logsigmoid(neg(input_)))))
    if weight is not None:
        losses = mul(losses, weight)
    dim = input_.array.ndim - 1
    return reduced(div(losses.sum(dim), input_.array.shape[dim]) if input_.array.ndim else losses, reduction)


# ------------------------------------------------------------------------------------------------ reductions by number
# The default is no reduction, whatever PyTorch's signatures say: its parser reads the word Mean as 0.


def _by_number(name: str, reduction: int) -> str:
    """The reduction that a number stands for."""
    if type(reduction) is not int:
        raise TypeError(f"{name}(): argument 'reduction' must be int, not {type(reduction).__name__}")
    return {1: "mean", 2: "sum"}.get(reduction, "none")


_NUMBER = {"notes": True, "reduction": "int, optional: 0 for each loss, 1 for their mean, 2 for their sum. Default: 0."}


@op("binary_cross_entropy_with_logits", composite=True)
@like(binary_cross_entropy_with_logits, **_NUMBER)
def binary_cross_entropy_with_logits_by_number(
    input_: Tensor, target: Tensor, weight=None, pos_weight=None, reduction: int = 0
) -> Tensor:
    """`nn.functional.binary_cross_entropy_with_logits`, with a number for the reduction; the input may be broadcast.

    Examples
    --------
    >>> lucid.binary_cross_entropy_with_logits(lucid.tensor([1000.0]), lucid.tensor([0.0]), reduction=2)
    Tensor(1000.0)
    """
    name = "binary_cross_entropy_with_logits"
    reduction = _by_number(name, reduction)
    tensor_argument(name, input_), tensor_argument(name, target, 2, "target")
    return _with_logits(input_, target, weight, reduction, pos_weight)


@op("kl_div", composite=True)
@like(kl_div, **_NUMBER)
def kl_div_by_number(input_: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """`nn.functional.kl_div`, with a number for the reduction.

    Examples
    --------
    >>> lucid.kl_div(lucid.tensor([0.0]), lucid.tensor([1.0]))
    Tensor([0.0])
    """
    return kl_div(input_, target, reduction=_by_number("kl_div", reduction), log_target=log_target)


@op("poisson_nll_loss", composite=True)
@like(poisson_nll_loss, **_NUMBER)
def poisson_nll_loss_by_number(
    input_: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """`nn.functional.poisson_nll_loss`, with a number for the reduction, and without defaults.

    Examples
    --------
    >>> lucid.poisson_nll_loss(lucid.tensor([0.0]), lucid.tensor([2.0]), True, False, 1e-8, 1)
    Tensor(1.0)
    """
    reduction = _by_number("poisson_nll_loss", reduction)
    return poisson_nll_loss(input_, target, log_input, full, eps=eps, reduction=reduction)


@op("margin_ranking_loss", composite=True)
@like(margin_ranking_loss, **_NUMBER)
def margin_ranking_loss_by_number(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: int = 0
) -> Tensor:
    """`nn.functional.margin_ranking_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.margin_ranking_loss(lucid.tensor([1.0]), lucid.tensor([3.0]), lucid.tensor([1.0]))
    Tensor([2.0])
    """
    return _ranked(input1, input2, target, margin, _by_number("margin_ranking_loss", reduction))


@op("hinge_embedding_loss", composite=True)
@like(hinge_embedding_loss, **_NUMBER)
def hinge_embedding_loss_by_number(input_: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """`nn.functional.hinge_embedding_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.hinge_embedding_loss(lucid.tensor([0.5, 0.5]), lucid.tensor([1.0, -1.0]), reduction=0)
    Tensor([0.5, 0.5])
    """
    return hinge_embedding_loss(input_, target, margin, reduction=_by_number("hinge_embedding_loss", reduction))


@op("cosine_embedding_loss", composite=True)
@like(cosine_embedding_loss, **_NUMBER)
def cosine_embedding_loss_by_number(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: int = 0
) -> Tensor:
    """`nn.functional.cosine_embedding_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.cosine_embedding_loss(lucid.tensor([[1.0, 0.0]]), lucid.tensor([[0.0, 1.0]]), lucid.tensor([1]))
    Tensor([1.0])
    """
    return cosine_embedding_loss(input1, input2, target, margin, reduction=_by_number("cosine_embedding_loss", reduction))


@op("triplet_margin_loss", composite=True)
@like(triplet_margin_loss, **_NUMBER)
def triplet_margin_loss_by_number(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-06,
    swap: bool = False, reduction: int = 0,
) -> Tensor:  # fmt: skip
    """`nn.functional.triplet_margin_loss`, with a number for the reduction, and any margin.

    Examples
    --------
    >>> one, two = lucid.tensor([[0.0]]), lucid.tensor([[2.0]])
    >>> lucid.triplet_margin_loss(one, one, two, 3.0, eps=0.0)
    Tensor([1.0])
    """
    reduction = _by_number("triplet_margin_loss", reduction)
    return _triplets(anchor, positive, negative, lambda x, y: pairwise_distance(x, y, p, eps), margin, swap, reduction)


@op("ctc_loss", composite=True)
@like(ctc_loss, **_NUMBER)
def ctc_loss_by_number(
    log_probs: Tensor, targets: Tensor, input_lengths, target_lengths, blank: int = 0, reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """`nn.functional.ctc_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.ctc_loss(lucid.tensor([[-0.5, -1.5]]), lucid.tensor([1]), [1], [1])
    Tensor(1.5)
    """
    reduction = _by_number("ctc_loss", reduction)
    return ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)
