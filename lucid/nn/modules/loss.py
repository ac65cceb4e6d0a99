"""Losses as modules: each keeps the settings of a function of `nn.functional` and calls it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

from lucid import dtypes
from lucid.nn import functional as F
from lucid.nn.modules.activation import settings_of
from lucid.nn.modules.linear import Linear
from lucid.nn.modules.module import Module
from lucid.nn.modules.simple import PairwiseDistance
from lucid.ops._doc import doc, like
from lucid.ops.loss import reduction_of

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "LinearCrossEntropyLoss", "LinearCrossEntropyOptions",
    "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d",
    "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _Loss(Module):
    """Base of losses: `reduction` is one of "mean", "sum", "none"; `size_average` and `reduce` said so before."""

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__()
        self.reduction = reduction
        if size_average is not None or reduce is not None:
            self.reduction = reduction_of(type(self).__name__, reduction, size_average, reduce)


class _WeightedLoss(_Loss):
    """Base of losses with a weight, which is a buffer."""

    def __init__(self, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class _FunctionLoss(_Loss):
    """A loss function with its settings, which are attributes of their names; `weight` tensors are buffers."""

    function: str

    def __init__(self, reduction: str = "mean", size_average=None, reduce=None, buffers=None, **settings):
        super().__init__(size_average, reduce, reduction)
        for name, tensor in (buffers or {}).items():
            self.register_buffer(name, tensor)
        self._settings = (*(buffers or {}), *settings)
        for name, value in settings.items():
            setattr(self, name, value)

    def __setstate__(self, state: dict):
        super().__setstate__(state)
        if "_settings" not in state:  # PyTorch's
            self._settings = settings_of(self, ("reduction", "size_average", "reduce"))

    def forward(self, *inputs):
        settings = {name: getattr(self, name) for name in self._settings}
        return getattr(F, self.function)(*inputs, **settings, reduction=self.reduction)


@like(F.l1_loss)
class L1Loss(_FunctionLoss):
    """Mean absolute difference: `nn.functional.l1_loss`.

    Examples
    --------
    >>> nn.L1Loss()(lucid.tensor([0.5, 1.0]), lucid.tensor([1.0, 3.0])).item()
    1.25
    """

    function = "l1_loss"

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce)


@like(F.mse_loss)
class MSELoss(_FunctionLoss):
    """Mean squared difference: `nn.functional.mse_loss`.

    Examples
    --------
    >>> nn.MSELoss()(lucid.tensor([0.5, 1.0]), lucid.tensor([1.0, 3.0])).item()
    2.125
    """

    function = "mse_loss"

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce)


@like(F.smooth_l1_loss)
class SmoothL1Loss(_FunctionLoss):
    """Squared differences where these are small, absolute ones elsewhere: `nn.functional.smooth_l1_loss`.

    Examples
    --------
    >>> nn.SmoothL1Loss()(lucid.tensor([0.5, 1.0]), lucid.tensor([1.0, 3.0])).item()
    0.8125
    """

    function = "smooth_l1_loss"

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean", beta: float = 1.0):
        super().__init__(reduction, size_average, reduce, beta=beta)


@like(F.huber_loss)
class HuberLoss(_FunctionLoss):
    """Half squared differences where these are small, linear growth beyond: `nn.functional.huber_loss`.

    Examples
    --------
    >>> nn.HuberLoss()(lucid.tensor([0.5, 1.0]), lucid.tensor([1.0, 3.0])).item()
    0.8125
    """

    function = "huber_loss"

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__(reduction, delta=delta)


@like(F.nll_loss)
class NLLLoss(_FunctionLoss):
    """Negative log likelihood: `nn.functional.nll_loss`.

    Examples
    --------
    >>> nn.NLLLoss()(lucid.tensor([[-0.25, -1.5]]), lucid.tensor([1])).item()
    1.5
    """

    function = "nll_loss"

    def __init__(self, weight=None, size_average=None, ignore_index: int = -100, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce, {"weight": weight}, ignore_index=ignore_index)


@like(NLLLoss)
class NLLLoss2d(NLLLoss):
    """`NLLLoss` by its older name; warns.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore")
    >>> nn.NLLLoss2d()(lucid.tensor([[-0.25, -1.5]]), lucid.tensor([1])).item()
    1.5
    """

    def __init__(self, weight=None, size_average=None, ignore_index: int = -100, reduce=None, reduction: str = "mean"):
        warnings.warn("NLLLoss2d has been deprecated. Please use NLLLoss instead.", FutureWarning, stacklevel=2)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


@doc()
class CrossEntropyLoss(_FunctionLoss):
    """Cross entropy of logits: `nn.functional.cross_entropy`.

    Parameters
    ----------
    weight : Tensor, optional
        A weight for each class.
    ignore_index : int, optional
        A label that does not count (default -100).
    reduction : {"mean", "sum", "none"}, optional
        What becomes of the losses.
    label_smoothing : float, optional
        How much of a label is spread over all classes (default 0).

    Examples
    --------
    >>> nn.CrossEntropyLoss()(lucid.zeros(1, 4), lucid.tensor([2])).item()
    1.3862943649291992
    """

    function = "cross_entropy"

    def __init__(
        self, weight=None, size_average=None, ignore_index: int = -100, reduce=None, reduction: str = "mean",
        label_smoothing: float = 0.0,
    ):  # fmt: skip
        super().__init__(
            reduction, size_average, reduce, {"weight": weight}, ignore_index=ignore_index, label_smoothing=label_smoothing
        )


@dataclass(frozen=True)
class LinearCrossEntropyOptions:
    """How `nn.functional.linear_cross_entropy` of PyTorch cuts its rows into pieces. Here that is without effect: what may be
    set is checked, results are the same.

    Parameters
    ----------
    allow_retain_graph : bool, optional
        Whether a graph may be walked twice (default False; here it always may with `retain_graph`).
    batch_chunk_size : int, optional
        Rows of a piece.
    chunking_method : {"auto", "aspect_ratio", "aspect_ratio:N"}, optional
        How the number of rows is found; None for `batch_chunk_size`.
    acc_policy : {"auto", "accurate", "balanced", "compact"}, optional
        What is kept in `acc_dtype`.
    acc_dtype : dtype, optional
        A floating one.

    Raises
    ------
    ValueError
        For a value that is none of these.

    Examples
    --------
    >>> nn.LinearCrossEntropyOptions(batch_chunk_size=2).acc_policy
    'auto'
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: dtypes.dtype | None = None

    def __post_init__(self):
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method not in (None, "auto"):
            name, colon, factor = self.chunking_method.partition(":")
            if name != "aspect_ratio" or colon and not (factor.isdigit() and int(factor)):
                raise ValueError(f"invalid chunking_method: {self.chunking_method!r}")
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype is not None and not getattr(self.acc_dtype, "is_floating_point", False):
            raise ValueError(f"acc_dtype must be a floating dtype or None, got {self.acc_dtype!r}")


@doc()
class LinearCrossEntropyLoss(_FunctionLoss):
    """A linear layer and the cross entropy of the logits that it makes: `nn.functional.linear_cross_entropy`.

    Parameters
    ----------
    in_features : int
        Size of the last dimension of the input.
    num_classes : int
        Number of classes.
    out_features : tuple of int, optional
        The shape of the losses of a row (default (): one).
    bias : bool, optional
        Whether the layer has a bias (default False).
    reduction : {"mean", "sum", "none"}, optional
        What becomes of the losses.
    weight : Tensor, optional
        A weight for each class.
    ignore_index : int, optional
        A label that does not count (default -100).
    label_smoothing : float, optional
        How much of a label is spread over all classes (default 0).
    options : LinearCrossEntropyOptions, optional
        Without effect.

    Attributes
    ----------
    linear : Linear
        Of ``num_classes * prod(out_features)`` outputs.

    Examples
    --------
    >>> loss = nn.LinearCrossEntropyLoss(3, 10, out_features=(4,))
    >>> loss(lucid.ones(2, 3), lucid.zeros(2, 4, dtype=lucid.int64)).shape
    lucid.Size([])
    """

    function = "linear_cross_entropy"

    def __init__(
        self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (), bias: bool = False, device=None,
        dtype=None, reduction: str = "mean", weight=None, ignore_index: int | None = None, label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ):  # fmt: skip
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(
            reduction, buffers={"weight": weight}, ignore_index=ignore_index, label_smoothing=label_smoothing, options=options
        )
        self.num_classes, self.out_features = num_classes, out_features
        self.linear = Linear(in_features, math.prod(out_features, start=num_classes), bias, device, dtype)

    def forward(self, input, target):
        shape, layer = (self.num_classes, *self.out_features), self.linear
        settings = {name: getattr(self, name) for name in self._settings}
        bias = None if layer.bias is None else layer.bias.reshape(shape)
        weight = layer.weight.reshape(*shape, layer.in_features)
        return F.linear_cross_entropy(input, weight, target, linear_bias=bias, reduction=self.reduction, **settings)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


@like(F.binary_cross_entropy)
class BCELoss(_FunctionLoss):
    """Binary cross entropy of probabilities: `nn.functional.binary_cross_entropy`.

    Examples
    --------
    >>> nn.BCELoss()(lucid.tensor([0.5, 0.5]), lucid.tensor([0.0, 1.0])).item()
    0.6931471824645996
    """

    function = "binary_cross_entropy"

    def __init__(self, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce, {"weight": weight})


@like(F.binary_cross_entropy_with_logits)
class BCEWithLogitsLoss(_FunctionLoss):
    """Binary cross entropy of logits: `nn.functional.binary_cross_entropy_with_logits`.

    Examples
    --------
    >>> nn.BCEWithLogitsLoss()(lucid.zeros(2), lucid.tensor([0.0, 1.0])).item()
    0.6931471824645996
    """

    function = "binary_cross_entropy_with_logits"

    def __init__(self, weight=None, size_average=None, reduce=None, reduction: str = "mean", pos_weight=None):
        super().__init__(reduction, size_average, reduce, {"weight": weight, "pos_weight": pos_weight})


@like(F.ctc_loss)
class CTCLoss(_FunctionLoss):
    """Connectionist temporal classification: `nn.functional.ctc_loss`.

    Examples
    --------
    >>> nn.CTCLoss()(lucid.tensor([[-0.5, -1.5]]), lucid.tensor([1]), [1], [1]).item()
    1.5
    """

    function = "ctc_loss"

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False):
        super().__init__(reduction, blank=blank, zero_infinity=zero_infinity)


@like(F.kl_div)
class KLDivLoss(_FunctionLoss):
    """Kullback-Leibler divergence: `nn.functional.kl_div`.

    Examples
    --------
    >>> nn.KLDivLoss(reduction="batchmean")(lucid.zeros(1, 2), lucid.tensor([[1.0, 0.0]])).item()
    0.0
    """

    function = "kl_div"

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean", log_target: bool = False):
        super().__init__(reduction, size_average, reduce, log_target=log_target)


@like(F.poisson_nll_loss)
class PoissonNLLLoss(_FunctionLoss):
    """Negative log likelihood of Poisson distributions: `nn.functional.poisson_nll_loss`.

    Examples
    --------
    >>> nn.PoissonNLLLoss()(lucid.zeros(2), lucid.tensor([1.0, 2.0])).item()
    1.0
    """

    function = "poisson_nll_loss"

    def __init__(
        self, log_input: bool = True, full: bool = False, size_average=None, eps: float = 1e-8, reduce=None,
        reduction: str = "mean",
    ):  # fmt: skip
        super().__init__(reduction, size_average, reduce, log_input=log_input, full=full, eps=eps)


@like(F.gaussian_nll_loss)
class GaussianNLLLoss(_FunctionLoss):
    """Negative log likelihood of normal distributions: `nn.functional.gaussian_nll_loss`.

    Examples
    --------
    >>> nn.GaussianNLLLoss()(lucid.tensor([1.0]), lucid.tensor([3.0]), lucid.ones(1)).item()
    2.0
    """

    function = "gaussian_nll_loss"

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
        super().__init__(reduction, full=full, eps=eps)


@like(F.hinge_embedding_loss)
class HingeEmbeddingLoss(_FunctionLoss):
    """Distances that should be small, or larger than a margin: `nn.functional.hinge_embedding_loss`.

    Examples
    --------
    >>> nn.HingeEmbeddingLoss()(lucid.tensor([0.25, 0.5]), lucid.tensor([1, -1])).item()
    0.375
    """

    function = "hinge_embedding_loss"

    def __init__(self, margin: float = 1.0, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce, margin=margin)


@like(F.margin_ranking_loss)
class MarginRankingLoss(_FunctionLoss):
    """How far pairs of scores are from being ranked as they should: `nn.functional.margin_ranking_loss`.

    Examples
    --------
    >>> nn.MarginRankingLoss(0.5)(lucid.tensor([1.0]), lucid.tensor([2.0]), lucid.tensor([1])).item()
    1.5
    """

    function = "margin_ranking_loss"

    def __init__(self, margin: float = 0.0, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce, margin=margin)


@like(F.cosine_embedding_loss)
class CosineEmbeddingLoss(_FunctionLoss):
    """How far pairs of vectors are from being as similar as they should: `nn.functional.cosine_embedding_loss`.

    Examples
    --------
    >>> nn.CosineEmbeddingLoss()(lucid.tensor([[1.0, 0.0]]), lucid.tensor([[0.0, 1.0]]), lucid.tensor([1])).item()
    1.0
    """

    function = "cosine_embedding_loss"

    def __init__(self, margin: float = 0.0, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce, margin=margin)


@like(F.soft_margin_loss)
class SoftMarginLoss(_FunctionLoss):
    """Logistic loss of scores and signs: `nn.functional.soft_margin_loss`.

    Examples
    --------
    >>> nn.SoftMarginLoss()(lucid.zeros(2), lucid.tensor([1.0, -1.0])).item()
    0.6931471824645996
    """

    function = "soft_margin_loss"

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce)


@like(F.multilabel_margin_loss)
class MultiLabelMarginLoss(_FunctionLoss):
    """Hinge loss of classification with several classes a sample: `nn.functional.multilabel_margin_loss`.

    Examples
    --------
    >>> nn.MultiLabelMarginLoss()(lucid.tensor([[0.0, 0.5]]), lucid.tensor([[1, -1]])).item()
    0.25
    """

    function = "multilabel_margin_loss"

    def __init__(self, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce)


@like(F.multilabel_soft_margin_loss)
class MultiLabelSoftMarginLoss(_FunctionLoss):
    """Cross entropy of classification with several classes a sample: `nn.functional.multilabel_soft_margin_loss`.

    Examples
    --------
    >>> nn.MultiLabelSoftMarginLoss()(lucid.zeros(1, 2), lucid.tensor([[0.0, 1.0]])).item()
    0.6931471824645996
    """

    function = "multilabel_soft_margin_loss"

    def __init__(self, weight=None, size_average=None, reduce=None, reduction: str = "mean"):
        super().__init__(reduction, size_average, reduce, {"weight": weight})


@like(F.multi_margin_loss)
class MultiMarginLoss(_FunctionLoss):
    """Hinge loss of classification: `nn.functional.multi_margin_loss`.

    Examples
    --------
    >>> nn.MultiMarginLoss()(lucid.tensor([[0.0, 0.5]]), lucid.tensor([1])).item()
    0.25
    """

    function = "multi_margin_loss"

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight=None, size_average=None, reduce=None, reduction: str = "mean"
    ):
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        super().__init__(reduction, size_average, reduce, {"weight": weight}, p=p, margin=margin)


@like(F.triplet_margin_loss)
class TripletMarginLoss(_FunctionLoss):
    """How far triplets of vectors are from being placed as they should: `nn.functional.triplet_margin_loss`.

    Examples
    --------
    >>> nn.TripletMarginLoss()(lucid.zeros(1, 2), lucid.zeros(1, 2), lucid.tensor([[0.0, 0.5]])).item()
    0.5000024437904358
    """

    function = "triplet_margin_loss"

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, size_average=None, reduce=None,
        reduction: str = "mean",
    ):  # fmt: skip
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin}")
        super().__init__(reduction, size_average, reduce, margin=margin, p=p, eps=eps, swap=swap)


@like(F.triplet_margin_with_distance_loss)
class TripletMarginWithDistanceLoss(_FunctionLoss):
    """`TripletMarginLoss` for any distance: `nn.functional.triplet_margin_with_distance_loss`.

    Examples
    --------
    >>> loss = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: (x - y).abs())
    >>> loss(lucid.tensor([0.0]), lucid.tensor([2.0]), lucid.tensor([2.0]))
    Tensor(1.0)
    """

    function = "triplet_margin_with_distance_loss"

    def __init__(self, *, distance_function=None, margin: float = 1.0, swap: bool = False, reduction: str = "mean"):
        if margin <= 0:
            raise ValueError(f"margin must be greater than 0, got {margin}")
        super().__init__(reduction, distance_function=distance_function or PairwiseDistance(), margin=margin, swap=swap)
