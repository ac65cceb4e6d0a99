"""Losses with a margin: of scores, pairs, triplets and several labels."""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import loss as kernels
from lucid._kernels.core import empty, flat, row, wrap
from lucid.autograd.op import op
from lucid.autograd.writes import check_cast
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOATING, INT64, broadcast_shapes, contiguous, made_of, tensor_argument
from lucid.ops._indices import outside
from lucid.ops.activation import logsigmoid
from lucid.ops.arithmetic import add, div, mul, neg, rsub, sub
from lucid.ops.comparison import eq, gt, ne
from lucid.ops.distance import pairwise_distance
from lucid.ops.exponentials import exp, log1p, sqrt
from lucid.ops.loss import in_dtype, reduced, reduction_of
from lucid.ops.magnitude import clamp_min, minimum, where
from lucid.ops.scatter import gather, scatter
from lucid.tensor import Tensor

MULTI_MARGIN, MULTI_MARGIN_BACKWARD = (
    {dtype: function[C_NAMES[dtype]] for dtype in FLOATING}
    for function in (kernels.multi_margin_loss, kernels.multi_margin_loss_backward)
)

# ------------------------------------------------------------------------------------------------ margins


@op("nn.functional.soft_margin_loss", composite=True)
@doc("out = \\ln (1 + e^{-y x})", "-g \\cdot y / (1 + e^{y x})", returns="Of the input's shape, or reduced.",
     target="Tensor: 1 or -1, broadcast to the input.", raises="RuntimeError: the target does not fit the input")  # fmt: skip
def soft_margin_loss(input_: Tensor, target: Tensor, size_average=None, reduce=None, reduction: str = "mean") -> Tensor:
    """Logistic loss of scores and signs.

    >>> F.soft_margin_loss(lucid.tensor([200.0]), lucid.tensor([1.0]))
    Tensor(0.0)
    """
    reduction = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    if broadcast_shapes(input_.array.shape, target.array.shape) != input_.array.shape:
        raise RuntimeError(f"soft_margin_loss: a target of shape {list(target.shape)} does not fit an input of shape {list(input_.shape)}")
    negative = neg(input_)  # refuses bools, as PyTorch's formula does
    check_cast(dtypes.to_floating(dtypes.result_dtype((input_, target))), input_.dtype)
    losses = log1p(exp(mul(negative, target))) if input_.dtype.is_complex else neg(logsigmoid(mul(target, input_)))
    return reduced(in_dtype(losses, input_.dtype), reduction)


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
    margin = dtypes.element(float(margin), input_.dtype)  # integers stay integers, and wrap, as PyTorch's
    far = clamp_min(rsub(input_, margin), 0)
    return reduced(add(where(ne(target, 1), far, 0), where(ne(target, -1), input_, 0)), reduction)


@op("nn.functional.cosine_embedding_loss", composite=True, wide=True)
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
    return reduced(add(near, where(eq(target, -1), clamp_min(sub(cosine, float(margin)), 0), 0.0)), reduction)


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
    anchor: Tensor, positive: Tensor, negative: Tensor, *, distance_function=None, margin=1.0,
    swap=False, reduction: str = "mean",
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
    input_: Tensor, target: Tensor, p=1, margin: float = 1.0, weight=None, size_average=None, reduce=None,
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
    rows = contiguous(rows)
    if outside(rows, classes):
        raise RuntimeError(f"multi_margin_loss: target out of range: there are {classes} classes")
    return _multi_margin_loss(input_, rows, weight, p == 2, float(margin), reduction, target)


@op("_multi_margin_loss")
def _multi_margin_loss(x: Tensor, rows, weight, squared, margin: float, reduction: str, target) -> Tensor:
    dtype, n = x.array.dtype, rows.size
    out, total = empty((n,) if x.array.ndim == 2 else (), dtype), 0.0
    if n:
        total = MULTI_MARGIN[dtype](row(x), flat(rows), row(weight, dtype), flat(out), n, x.array.size // n, squared, margin)
    if reduction != "none":
        out = empty((), dtype)
        out[...] = total if reduction == "sum" else total / n if n else math.nan
    return wrap(out)


def _multi_margin_backward(g, x, rows, weight, squared, margin, reduction, target):
    dtype, n = x.array.dtype, rows.size
    scale = 1 / n if reduction == "mean" and n else 1.0
    if core.is_grad_enabled() or not n:
        right = made_of(target, rows.reshape(-1, 1))
        scores = x if x.array.ndim == 2 else x.reshape(1, -1)
        hinges = sub(scores, sub(gather(scores, 1, right), margin))
        slopes = where(gt(hinges, 0), mul(hinges, 2) if squared else 1.0, 0.0)
        slopes = scatter(slopes, 1, right, 0.0)
        scale /= scores.array.shape[1]
        factors = wrap(np.full((n, 1), scale, dtype) if weight is None else (weight.array[rows] * scale).reshape(n, 1))
        slopes = mul(scatter(slopes, 1, right, neg(slopes.sum(1, True))), factors)
        return mul(slopes, g.reshape(-1, 1)).reshape(x.shape)
    result = empty(x.array.shape, dtype)
    MULTI_MARGIN_BACKWARD[dtype](
        row(g, dtype), row(x), flat(rows), row(weight, dtype), flat(result), n, x.array.size // n, squared, margin, scale
    )
    return wrap(result)


_multi_margin_loss.vjp(x=_multi_margin_backward)


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
