"""Losses.

The two of classification by class indices are fused kernels; their gradient, where it is itself recorded, is made of operations
and of the constant matrix of target weights (`_targets`). All others are composed of operations.
"""

from __future__ import annotations

import math

import numpy as np

from lucid._kernels import core
from lucid._kernels import loss as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import op, torch_name
from lucid.ops._frame import C_NAMES, FLOAT32, FLOATING, INT64, cast, contiguous, tensor_argument
from lucid.ops.normalization import log_softmax, softmax
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
        import warnings

        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input_.shape}). This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.", stacklevel=4,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------ classification


def _classes(name: str, input_: Tensor, target: Tensor, weight, ignore_index: int):
    """Sizes (n, classes, length) of input and target, both checked, and the shape of the losses."""
    x, t = input_.array, target.array
    if not input_.dtype.is_floating_point:
        raise RuntimeError(f'"{name}_out_frame" not implemented for \'{torch_name(input_.dtype)}\'')
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
                raise ValueError(
                    f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({t.shape[0]})."
                )
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
            raise RuntimeError(
                f"expected scalar type {torch_name(input_.dtype)} but found {torch_name(weight.dtype)}"
            )
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
def nll_loss(
    input_: Tensor, target: Tensor, weight=None, size_average=None, ignore_index: int = -100, reduce=None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    r"""Negative log likelihood: minus the input's entry at each target, by the target's weight.

    Parameters
    ----------
    input_ : Tensor
        Logarithms of probabilities, of shape (n, classes, ...), or (classes,).
    target : Tensor
        Class indices, int64, of shape (n, ...), or ().
    weight : Tensor, optional
        A weight for each class.
    ignore_index : int, optional
        A target that does not count (default -100).
    reduction : {"mean", "sum", "none"}, optional
        "mean" divides by the sum of the weights that count.

    Raises
    ------
    IndexError
        If a target is no class.
    """
    reduction = reduction_of("nll_loss", reduction, size_average, reduce)
    tensor_argument("nll_loss", input_)
    tensor_argument("nll_loss", target, 2, "target")
    sizes, shape, rows = _classes("nll_loss", input_, target, weight, ignore_index)
    return _nll_loss(input_, rows, sizes, shape, weight, ignore_index, reduction, _stats(input_, sizes))


@op("nn.functional.cross_entropy", composite=True)
def cross_entropy(
    input_: Tensor, target: Tensor, weight=None, size_average=None, ignore_index: int = -100, reduce=None,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    r"""Cross entropy of logits and targets: `nll_loss` of `log_softmax`, in one pass.

    Parameters
    ----------
    input_ : Tensor
        Logits, of shape (n, classes, ...), or (classes,).
    target : Tensor
        Class indices, int64, of shape (n, ...), or (); or probabilities, of the input's shape.
    weight : Tensor, optional
        A weight for each class.
    ignore_index : int, optional
        A class index that does not count (default -100).
    reduction : {"mean", "sum", "none"}, optional
        "mean" divides by the sum of the weights that count; with probabilities, by n.
    label_smoothing : float, optional
        How much of each target is spread over all classes (default 0).

    Returns
    -------
    Tensor
        The gradient for one target is ``softmax(x) - onehot(target)``, by its weight.

    Raises
    ------
    IndexError
        If a target is no class.

    Examples
    --------
    >>> import lucid
    >>> import lucid.nn.functional as F
    >>> print(F.cross_entropy(lucid.tensor([[0.0, 0.0]]), lucid.tensor([1])))
    0.6931472
    """
    reduction = reduction_of("cross_entropy", reduction, size_average, reduce)
    tensor_argument("cross_entropy", input_)
    tensor_argument("cross_entropy", target, 2, "target")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.array.shape == input_.array.shape and target.dtype.is_floating_point:
        return _by_probabilities(input_, target, weight, reduction, label_smoothing)
    sizes, shape, rows = _classes("cross_entropy", input_, target, weight, ignore_index)
    stats = _stats(input_, sizes)
    return _cross_entropy(
        input_, rows, sizes, shape, weight, ignore_index, float(label_smoothing), reduction, stats
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


# ------------------------------------------------------------------------------------------------ differences

_PAIR = """

    Parameters
    ----------
    input_, target : Tensor
        Of one shape, or broadcast.
    reduction : {"mean", "sum", "none"}, optional
        What becomes of the losses.
    """


def _documented(function):
    function.__doc__ = function.__doc__.rstrip() + _PAIR
    return function


def _weighted(losses: Tensor, weight) -> Tensor:
    return losses if weight is None else losses * weight


@op("nn.functional.mse_loss", composite=True)
@_documented
def mse_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", weight=None
) -> Tensor:
    """Squared differences."""
    _same_size("mse_loss", input_, target)
    difference = input_ - target
    losses = _weighted(difference * difference, weight)
    reduction = reduction_of("mse_loss", reduction, size_average, reduce)
    if weight is not None and reduction == "mean":
        return losses.sum() / weight.expand_as(losses).sum()
    return reduced(losses, reduction)


@op("nn.functional.l1_loss", composite=True)
@_documented
def l1_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", weight=None
) -> Tensor:
    """Absolute differences."""
    _same_size("l1_loss", input_, target)
    losses = _weighted((input_ - target).abs(), weight)
    reduction = reduction_of("l1_loss", reduction, size_average, reduce)
    if weight is not None and reduction == "mean":
        return losses.sum() / weight.expand_as(losses).sum()
    return reduced(losses, reduction)


@op("nn.functional.smooth_l1_loss", composite=True)
@_documented
def smooth_l1_loss(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """Squared differences over 2 beta where they are below `beta`, absolute ones less beta / 2 elsewhere."""
    _same_size("smooth_l1_loss", input_, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    size = (input_ - target).abs()
    losses = size if beta == 0 else (size * size * (0.5 / beta)).where(size < beta, size - 0.5 * beta)
    return reduced(losses, reduction_of("smooth_l1_loss", reduction, size_average, reduce))


@op("nn.functional.huber_loss", composite=True)
@_documented
def huber_loss(
    input_: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight=None
) -> Tensor:
    """Half squared differences up to `delta`, growing linearly beyond."""
    _same_size("huber_loss", input_, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    size = (input_ - target).abs()
    losses = _weighted((size * size * 0.5).where(size <= delta, (size - 0.5 * delta) * delta), weight)
    if weight is not None and reduction == "mean":
        return losses.sum() / weight.expand_as(losses).sum()
    return reduced(losses, reduction_of("huber_loss", reduction))


# ------------------------------------------------------------------------------------------------ probabilities


@op("nn.functional.binary_cross_entropy", composite=True)
def binary_cross_entropy(
    input_: Tensor, target: Tensor, weight=None, size_average=None, reduce=None, reduction: str = "mean"
) -> Tensor:
    """``-(y log x + (1 - y) log(1 - x))`` of probabilities x and targets y; logarithms are at least -100.

    Parameters
    ----------
    input_ : Tensor
        Probabilities.
    target : Tensor
        Of the same shape, between 0 and 1.
    weight : Tensor, optional
        Factors of the losses.
    reduction : {"mean", "sum", "none"}, optional
        What becomes of the losses.

    Raises
    ------
    RuntimeError
        If the input is not between 0 and 1.
    ValueError
        If the shapes differ.
    """
    tensor_argument("binary_cross_entropy", input_)
    if input_.array.shape != tensor_argument("binary_cross_entropy", target, 2, "target").array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input_.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    x = input_.array
    if x.size and not ((x >= 0) & (x <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    losses = _bce(input_, target)
    return reduced(_weighted(losses, weight), reduction_of("binary_cross_entropy", reduction, size_average, reduce))


@op("_bce")
def _bce(x: Tensor, y: Tensor) -> Tensor:
    with np.errstate(all="ignore"):
        a, b = x.array, y.array
        if a.dtype.itemsize == 2:
            a, b = a.astype(FLOAT32), b.astype(FLOAT32)
        losses = (b - 1) * np.maximum(np.log1p(-a), -100) - b * np.maximum(np.log(a), -100)
    return wrap(np.asarray(losses).astype(x.array.dtype))


_bce.vjp(
    x=lambda g, x, y: g * (x - y) / ((1 - x) * x).clamp_min(1e-12),
    y=lambda g, x: g * ((-x).log1p().clamp_min(-100) - x.log().clamp_min(-100)),
)


@op("nn.functional.binary_cross_entropy_with_logits", composite=True)
def binary_cross_entropy_with_logits(
    input_: Tensor, target: Tensor, weight=None, size_average=None, reduce=None, reduction: str = "mean", pos_weight=None
) -> Tensor:
    """`binary_cross_entropy` of the sigmoid of the input, without overflow.

    Parameters
    ----------
    input_ : Tensor
        Logits.
    target : Tensor
        Of the same shape, between 0 and 1.
    weight : Tensor, optional
        Factors of the losses.
    reduction : {"mean", "sum", "none"}, optional
        What becomes of the losses.
    pos_weight : Tensor, optional
        Factors of the positive targets' part.
    """
    tensor_argument("binary_cross_entropy_with_logits", input_)
    if input_.array.shape != tensor_argument("binary_cross_entropy_with_logits", target, 2, "target").array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input_.shape})")
    from lucid.ops.activation import logsigmoid

    positive = logsigmoid(input_)
    if pos_weight is None:
        losses = (1 - target) * input_ - positive
    else:
        losses = (1 - target) * input_ - positive * ((pos_weight - 1) * target + 1)
    reduction = reduction_of("binary_cross_entropy_with_logits", reduction, size_average, reduce)
    return reduced(_weighted(losses, weight), reduction)


@op("nn.functional.kl_div", composite=True)
def kl_div(
    input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """Kullback-Leibler divergence ``y (log y - x)`` of logarithms of probabilities x and targets y.

    Parameters
    ----------
    input_ : Tensor
        Logarithms of probabilities.
    target : Tensor
        Probabilities, or their logarithms if `log_target`.
    reduction : {"mean", "sum", "none", "batchmean"}, optional
        "batchmean" divides the sum by the first dimension.
    """
    batch = reduction == "batchmean"
    reduction = reduction_of("kl_div", "sum" if batch else reduction, size_average, reduce)
    if log_target:
        losses = target.exp() * (target - input_)
    else:
        losses = target.xlogy(target) - target * input_
    result = reduced(losses, reduction)
    return result / input_.array.shape[0] if batch and input_.array.ndim else result
