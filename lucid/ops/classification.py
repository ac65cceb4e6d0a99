"""Losses of classes: negative log likelihood, cross entropy, and CTC's sum over alignments.

Fused are the two by class indices: one pass makes the losses, one the gradient, and scores never become an array of
probabilities. Where the gradient is itself recorded it is made of operations, of the constant matrix of target weights
(`_targets`); targets that are probabilities are composed of operations.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lucid._kernels import core
from lucid._kernels import loss as kernels
from lucid._kernels.core import empty, flat, row, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOAT32, FLOATING, INT64, cast, contiguous, tensor_argument
from lucid.ops.arithmetic import div
from lucid.ops.comparison import eq
from lucid.ops.linalg import linear
from lucid.ops.loss import reduced, reduction_of
from lucid.ops.magnitude import where
from lucid.ops.softmax import log_softmax, softmax
from lucid.tensor import Tensor

NLL, NLL_BACKWARD, CROSS_ENTROPY, CROSS_ENTROPY_BACKWARD = (
    {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}
    for name in ("nll_loss", "nll_loss_backward", "cross_entropy", "cross_entropy_backward")
)


# ------------------------------------------------------------------------------------------------ classification


def _classes(name: str, input_: Tensor, target: Tensor, weight, ignore_index: int):
    """Sizes (n, classes, length) of input and target, both checked, and the shape of the losses."""
    x, t = input_.array, target.array
    if not input_.dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}_out_frame\" not implemented for '{torch_name(input_.dtype)}'")
    if not x.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if x.ndim > 1 and t.ndim and x.shape[0] != t.shape[0]:
        raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({t.shape[0]}).")
    if t.dtype != INT64 and t.dtype != np.dtype("uint8"):
        raise RuntimeError(f"{name}: expected scalar type Long but found {torch_name(target.dtype)}")
    if x.ndim == 1:
        if t.ndim != 0 and not (t.ndim == 1 and t.shape[0] == 1):
            raise RuntimeError(f"{name}: a vector of scores needs one target, got targets of shape {list(t.shape)}")
        n, classes, length, shape = 1, x.shape[0], 1, t.shape
    else:
        shape = (x.shape[0], *x.shape[2:])
        if x.ndim == 2 and t.ndim > 1:
            raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported: got {list(t.shape)}")
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


def _targets(x: Tensor, rows: np.ndarray, sizes, weight, ignore_index: int, smoothing: float) -> Tensor:
    """How much each logarithm of a probability counts, in the input's shape: the losses are minus their weighted sum."""
    n, classes, length = sizes
    if not classes:
        return wrap(np.zeros(x.array.shape, x.array.dtype))
    w = np.ones(classes) if weight is None else weight.array.astype(np.float64)
    t = rows.reshape(n, length)
    counted = t != ignore_index
    safe = np.where(counted, t, 0)
    q = np.zeros((n, classes, length))
    np.put_along_axis(q, safe[:, None, :], ((1 - smoothing) * w[safe])[:, None, :], 1)
    q += (smoothing / classes) * w[None, :, None]
    q *= counted[:, None, :]
    return wrap(np.ascontiguousarray(q.reshape(x.array.shape), x.array.dtype))


def _classified(x, rows, sizes, shape, weight, ignore_index, smoothing, reduction, stats, logits: bool) -> Tensor:
    """Losses of class indices by a kernel, reduced.

    Left in `stats` for backward are the sum of the weights that count and the logarithms of the sums of exponentials.
    """
    computed = x.array.dtype if x.array.dtype in NLL else FLOAT32
    out = empty(shape, computed)
    total = loss = 0.0
    if not sizes[1]:  # no classes: no target counts
        loss = math.nan if smoothing else 0.0
        out[...] = loss
    elif out.size:
        common = row(x, computed), flat(rows), row(weight, computed), flat(out)
        if logits:
            stats["lse"] = lse = empty((sizes[0], sizes[2]), computed)
            total, loss = CROSS_ENTROPY[computed](*common, flat(lse), *sizes, ignore_index, smoothing)
        else:
            total, loss = NLL[computed](*common, *sizes, ignore_index)
    stats["total"] = total
    if reduction != "none":
        out = empty((), computed)
        out[...] = loss if reduction == "sum" else loss / total if total else math.nan
    return wrap(cast(out, x.array.dtype))


@op("_cross_entropy")
def _cross_entropy(x: Tensor, rows, sizes, shape, weight, ignore_index, smoothing, reduction, stats, target) -> Tensor:
    return _classified(x, rows, sizes, shape, weight, ignore_index, smoothing, reduction, stats, True)


@op("_nll_loss")
def _nll_loss(x: Tensor, rows, sizes, shape, weight, ignore_index, reduction, stats, target) -> Tensor:
    return _classified(x, rows, sizes, shape, weight, ignore_index, 0.0, reduction, stats, False)


def _beside(g: Tensor, x: Tensor, reduction: str, scale: float) -> Tensor:
    """The gradient of the losses, seen beside the input."""
    if reduction == "none":
        return (g if x.array.ndim == 1 else g.unsqueeze(1)) * scale
    return g * scale


def _cross_entropy_backward(g, x, rows, sizes, weight, ignore_index, smoothing, reduction, stats, target):
    total = stats["total"]
    scale = (1 / total if total else math.nan) if reduction == "mean" else 1.0
    if core.is_grad_enabled() or not x.array.size:
        q = _targets(x, rows, sizes, weight, ignore_index, smoothing)
        dim = 0 if x.array.ndim == 1 else 1
        return _beside(g, x, reduction, scale) * (softmax(x, dim) * q.sum(dim, True) - q)
    lse = stats["lse"]
    computed = lse.dtype
    result = empty(x.array.shape, computed)
    CROSS_ENTROPY_BACKWARD[computed](
        row(g, computed), row(x, computed), flat(rows), row(weight, computed), flat(lse), flat(result), *sizes,
        ignore_index, smoothing, scale,
    )  # fmt: skip
    return wrap(cast(result, x.array.dtype))


_cross_entropy.vjp(x=_cross_entropy_backward)


def _nll_loss_backward(g, x, rows, sizes, weight, ignore_index, reduction, stats, target):
    total = stats["total"]
    scale = (1 / total if total else math.nan) if reduction == "mean" else 1.0
    if core.is_grad_enabled() or not x.array.size:
        return -_beside(g, x, reduction, scale) * _targets(x, rows, sizes, weight, ignore_index, 0.0)
    computed = x.array.dtype if x.array.dtype in NLL else FLOAT32
    result = empty(x.array.shape, computed)
    NLL_BACKWARD[computed](
        row(g, computed), flat(rows), row(weight, computed), flat(result), *sizes, ignore_index, scale
    )
    return wrap(cast(result, x.array.dtype))


_nll_loss.vjp(x=_nll_loss_backward)


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
    return _nll_loss(input_, rows, sizes, shape, weight, ignore_index, reduction, {}, target)


@op("nn.functional.cross_entropy", composite=True)
@doc("out = weight_y \\cdot (\\ln \\textstyle\\sum_j e^{x_j} - x_y)",
     "g \\cdot weight_y \\cdot (e^{x} / \\textstyle\\sum_j e^{x_j} - [\\text{at } y])",
     returns="Of the target's shape (without classes), or reduced.",
     input_="Tensor: Logits, of shape (n, classes, ...), or (classes,).",
     target="Tensor: Class indices y, int64, of shape (n, ...), or (); or probabilities, of the input's shape.",
     weight="Tensor, optional: A weight for each class.",
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
        return core.in_float32(_by_probabilities, (input_, target, weight, reduction, label_smoothing))
    sizes, shape, rows = _classes("cross_entropy", input_, target, weight, ignore_index)
    return _cross_entropy(input_, rows, sizes, shape, weight, ignore_index, float(label_smoothing), reduction, {}, target)


@op("nn.functional.linear_cross_entropy", composite=True, wide=True)
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
@doc("\\begin{gathered} out = -\\ln \\textstyle\\sum_a \\prod_t e^{x_t(a_t)}, \\\\ \\text{over all } a \\text{ that are the target with "
     "labels repeated and blanks put between} \\end{gathered}",
     "\\begin{gathered} g \\cdot (e^{x} - P(a_t = \\cdot \\mid target)), \\\\ \\text{the gradient of the logits whose log-softmax is } x "
     "\\end{gathered}",
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
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: tuple,
    target_lengths: tuple,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
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
