"""Losses of pairs of elements, input and target.

Most are fused (`_pair_loss`): one pass makes the losses, one the gradient. Where the gradient is itself recorded it is
made of operations instead, of `SLOPES`. The others are composed of operations, and so are these where a gradient of the
target is wanted.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import loss as kernels
from lucid._kernels.core import empty, flat, row, wrap
from lucid.autograd.op import op
from lucid.autograd.writes import check_cast
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    broadcast_shapes,
    cast,
    contiguous,
    layout,
    ordered_empty,
    same_dtype,
    spread,
    tensor_argument,
)
from lucid.ops.activation import logsigmoid
from lucid.ops.arithmetic import add, div, mul, neg, rsub, sub
from lucid.ops.comparison import le, lt
from lucid.ops.creation import ones_like
from lucid.ops.distance import at_least
from lucid.ops.exponentials import exp, log, log1p, sigmoid, xlogy
from lucid.ops.magnitude import abs, clamp_min, sign, where
from lucid.ops.view import to_dtype
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ reductions


def reduction_of(name: str, reduction: str, size_average=None, reduce=None) -> str:
    """The reduction wanted, also where it is given in the two older parameters. ValueError for an unknown one."""
    if size_average is not None or reduce is not None:
        warnings.warn("size_average and reduce are deprecated: give the reduction by its name", stacklevel=3)
        if reduce is not None and not reduce:
            return "none"
        return "mean" if size_average is None or size_average else "sum"
    if reduction not in ("none", "mean", "sum"):
        if not isinstance(reduction, str) and name in ("multilabel_soft_margin_loss", "poisson_nll_loss"):
            raise TypeError(f"{name}(): reduction must be str, not {type(reduction).__name__}")
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


OF_DIFFERENCES = ("mse", "l1", "smooth_l1", "huber")  # the derivative by the second is minus that by the first


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


@op("_bce")
def _bce(x: Tensor, y: Tensor) -> Tensor:
    """Binary cross entropy of each pair of elements, whose logarithms are bounded by 100."""
    return sub(mul(sub(y, 1), clamp_min(log1p(neg(x)), -100)), mul(y, clamp_min(log(x), -100)))


_bce.vjp(x=lambda g, x, y: mul(g, _bce_slope(x, y)), y=lambda g, x: mul(g, sub(log1p(neg(x)), log(x))))


def _logits_slope(x: Tensor, y: Tensor, pos_weight) -> Tensor:
    if pos_weight is None:
        return sub(sigmoid(x), y)
    positive = mul(pos_weight, y)
    return sub(mul(add(sub(positive, y), 1), sigmoid(x)), positive)


@op("_pair_loss")
def _pair_loss(x: Tensor, y: Tensor, kind: str, a: float, pos_weight, reduction: str) -> Tensor:
    """The loss of each pair of elements, reduced."""
    (x_row, y_row, weight_row), shape, computed, order = _rows(x, y, pos_weight, reduction == "none")
    out = ordered_empty(shape, order, computed) if reduction == "none" else empty((), computed)
    if 0 not in shape:
        PAIR[computed](
            x_row, y_row, flat(out), kernels.codes[kind], a, weight_row, kernels.reductions[reduction]
        )
    elif reduction != "none":
        out.fill(0 if reduction == "sum" else math.nan)
    return wrap(cast(out, dtypes.promote_types(x.dtype, y.dtype).numpy))


def _rows(x: Tensor, y: Tensor, pos_weight, as_laid: bool = False) -> tuple:
    """The operands as rows of one length, their shape, the dtype to compute in, and the order of their dimensions in the rows: None
    for that of indices, which may be another `as_laid`."""
    tensors = (x, y) if pos_weight is None else (x, y, pos_weight)
    shape = broadcast_shapes(*[one.array.shape for one in tensors])
    order = layout([one.array for one in tensors])[2] if as_laid else None
    dtype = dtypes.promote_types(x.dtype, y.dtype)
    computed = dtype.numpy if dtype.itemsize > 2 else FLOAT32
    arrays = [spread(one.array, shape) for one in tensors]
    rows = [row(array, computed) for array in (arrays if order is None else [one.transpose(order) for one in arrays])]
    return (*rows, None)[:3], shape, computed, order


@_pair_loss.vjp_joint("x", "y")
def _pair_gradients(g, needs, x, y, kind, a, pos_weight, reduction):
    gradient = _pair_gradient(g, x, y, kind, a, pos_weight, reduction)
    return gradient if needs[0] else None, neg(gradient) if needs[1] else None


def _pair_gradient(g, x, y, kind, a, pos_weight, reduction):
    if core.is_grad_enabled():
        slope = SLOPES[kind](x, y, a, pos_weight)
        return mul(div(g, slope.array.size or 1) if reduction == "mean" else g, slope)
    rows, shape, computed, _ = _rows(x, y, pos_weight)
    result = empty(shape, computed)
    if not result.size:
        return wrap(cast(result, x.array.dtype))
    g = cast(g.array, computed)
    g = flat(contiguous(g)) if reduction == "none" else flat(np.asarray(g / result.size if reduction == "mean" else g))
    PAIR_BACKWARD[computed](g, *rows[:2], flat(result), kernels.codes[kind], a, rows[2])
    return wrap(cast(result, x.array.dtype))


def _pairs(x: Tensor, y: Tensor, kind: str, composed, reduction: str, a: float = 1.0, weight=None, pos_weight=None):
    """A loss of pairs of elements: fused, or by `composed(x, y)` where it has no rule for a gradient that is wanted."""
    dtype = dtypes.promote_types(x.dtype, y.dtype)
    others = (y,) if pos_weight is None else (y, pos_weight)
    if dtype.kind != 2 or (kind not in OF_DIFFERENCES and core.recording(others)):
        losses = composed(x, y)
    elif weight is None:
        return _pair_loss(x, y, kind, a, pos_weight, reduction)
    else:
        losses = _pair_loss(x, y, kind, a, pos_weight, "none")
    return reduced(losses if weight is None else _as(mul(losses, weight), losses.dtype), reduction)


def _as(losses: Tensor, dtype: dtypes.dtype) -> Tensor:
    """Losses as what they are written into has them."""
    check_cast(losses.dtype, dtype)
    return in_dtype(losses, dtype)


def in_dtype(losses: Tensor, dtype: dtypes.dtype) -> Tensor:
    """Losses in a dtype; as they are if it is theirs."""
    return losses if losses.dtype is dtype else to_dtype(losses, dtype)


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
    if beta and (input_.dtype.is_complex or target.dtype.is_complex):
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
    if input_.dtype.kind != 2:
        raise NotImplementedError(f"\"huber\" not implemented for '{torch_name(input_.dtype)}'")
    check_cast(dtypes.result_dtype((input_, target)), input_.dtype)
    if not delta > 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    reduction = reduction_of("huber_loss", reduction)

    def composed(x, y):
        difference = sub(x, y)
        size = abs(difference)
        return where(lt(size, delta), mul(mul(difference, difference), 0.5), mul(sub(size, 0.5 * delta), delta))

    losses = _pairs(input_, target, "huber", composed, reduction if weight is None else "none", delta)
    losses = in_dtype(losses, input_.dtype)
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
    return _pairs(input_, target, "bce", _bce, reduction, weight=weight)


@op("nn.functional.binary_cross_entropy_with_logits", composite=True, wide=True)
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
    if not input_.dtype.is_floating_point:
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
    return in_dtype(losses, target.dtype)


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
    batch = reduction == "batchmean"
    if reduction == "mean":
        warnings.warn("kl_div: reduction='mean' divides by the number of elements; that of samples is what 'batchmean' divides by", stacklevel=2)
    result = divergence(input_, target, reduction_of("kl_div", "sum" if batch else reduction, size_average, reduce), log_target)
    return div(result, input_.array.shape[0]) if batch and input_.array.ndim else result


def divergence(input_: Tensor, target: Tensor, reduction: str, log_target: bool) -> Tensor:
    """`kl_div` with a known reduction."""
    tensor_argument("kl_div", input_)
    tensor_argument("kl_div", target, 2, "target")
    if input_.dtype.kind < 2 or target.dtype.kind < 2:
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if input_.dtype.is_complex or target.dtype.is_complex:
        raise RuntimeError("kl_div: Complex inputs not supported.")
    if log_target:
        return _pairs(input_, target, "kl_div_log", lambda x, y: mul(exp(y), sub(y, x)), reduction)
    return _pairs(input_, target, "kl_div", lambda x, y: sub(xlogy(y, y), mul(y, x)), reduction)


@op("nn.functional.gaussian_nll_loss", composite=True, wide=True)
@doc("out = \\tfrac{1}{2} (\\ln v + (x - y)^2 / v) \\;[+ \\tfrac{1}{2} \\ln 2 \\pi],\\quad v = \\max(var, eps)",
     returns="Of the broadcast shape, or reduced.", input_="Tensor: Means.", target="Tensor: Samples.",
     var="Tensor or float: Variances: of the input's shape, or with one dimension of size 1 or without the last.",
     full="bool, optional: Add the constant term. Default: False.", eps="float, optional: The least variance.",
     raises="ValueError: a variance is negative, or their shape does not fit")  # fmt: skip
def gaussian_nll_loss(
    input_: Tensor, target: Tensor, var, full=False, eps=1e-06, reduction: str = "mean"
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
        if not isinstance(reduction, str):
            raise TypeError(f"gaussian_nll_loss(): reduction must be str, not {type(reduction).__name__}")
        raise ValueError(f"{reduction} is not valid")
    if var.dtype.kind < 2:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {torch_name(var.dtype)}")
    var = at_least(var, eps)
    difference = sub(input_, target)
    losses = mul(add(log(var), div(mul(difference, difference), var)), 0.5)
    return reduced(add(losses, 0.5 * math.log(2 * math.pi)) if full else losses, reduction)


@op("nn.functional.poisson_nll_loss", composite=True, wide=True)
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
