"""Normalisation layers."""

from __future__ import annotations

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops._doc import doc, like

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "CrossMapLRN2d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d",
    "InstanceNorm3d", "LayerNorm", "LocalResponseNorm", "RMSNorm", "SyncBatchNorm",
]  # fmt: skip


def _affine(module: Module, shape: tuple, affine: bool, bias: bool, device, dtype) -> None:
    """Register what is learnt: a weight and, where it is wanted, a bias."""
    for name, wanted in (("weight", affine), ("bias", affine and bias)):
        module.register_parameter(name, Parameter(lucid.empty(shape, device=device, dtype=dtype)) if wanted else None)


def _reset(module: Module) -> None:
    """Weight 1, bias 0, where there are such."""
    if module.weight is not None:
        init.ones_(module.weight)
    if getattr(module, "bias", None) is not None:
        init.zeros_(module.bias)


class _NormBase(Module):
    """What batch and instance normalisation have: weight and bias, running statistics, a counter of batches."""

    ranks: tuple[int, ...]

    def __init__(self, num_features, eps, momentum, affine, track_running_stats, device, dtype, bias):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        size = (num_features,)
        _affine(self, size, affine, bias, device, dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", lucid.zeros(size, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", lucid.ones(size, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", lucid.tensor(0, dtype=lucid.int64, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Running mean 0, running variance 1, no batches."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, statistics as at first."""
        self.reset_running_stats()
        _reset(self)

    def _check_input(self, input) -> None:
        if input.dim() not in self.ranks:
            wanted = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    _version = 2  # since when there is num_batches_tracked

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        if (local_metadata.get("version") or 1) < 2 and self.track_running_stats:
            own = self.num_batches_tracked
            state_dict.setdefault(f"{prefix}num_batches_tracked", lucid.tensor(0) if own is None or own.is_meta else own)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    """Normalises each channel by the batch's statistics in training, by the running ones otherwise.

    Parameters
    ----------
    num_features : int
        Channels.
    eps : float, optional
        Added to the variance (default 1e-5).
    momentum : float or None, optional
        How far running statistics move (default 0.1); None averages over all batches.
    affine : bool, optional
        Whether weight and bias are learned (default True).
    track_running_stats : bool, optional
        Whether there are running statistics (default True); without, the batch's are always used.
    bias : bool, optional
        Whether a bias is learned where a weight is (default True).
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device=None, dtype=None, *, bias: bool = True,
    ):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input):
        self._check_input(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        own = self.training or self.running_mean is None
        tracked = not self.training or self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if tracked else (None, None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, own, momentum, self.eps)


@like(_BatchNorm)
class BatchNorm1d(_BatchNorm):
    """Normalises each channel of (n, c) or (n, c, l) by the batch's statistics in training, by the running ones otherwise.

    Examples
    --------
    >>> nn.BatchNorm1d(1, eps=0.0, affine=False)(lucid.tensor([1.0, 3.0]).reshape(2, 1, 1)).flatten()
    Tensor([-1.0, 1.0])
    """

    ranks = (2, 3)


@like(_BatchNorm)
class BatchNorm2d(_BatchNorm):
    """Normalises each channel of (n, c, h, w) by the batch's statistics in training, by the running ones otherwise.

    Examples
    --------
    >>> nn.BatchNorm2d(1, eps=0.0, affine=False)(lucid.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)).flatten()
    Tensor([-1.0, 1.0])
    """

    ranks = (4,)


@like(_BatchNorm)
class BatchNorm3d(_BatchNorm):
    """Normalises each channel of (n, c, d, h, w) by the batch's statistics in training, by the running ones otherwise.

    Examples
    --------
    >>> nn.BatchNorm3d(1, eps=0.0, affine=False)(lucid.tensor([1.0, 3.0]).reshape(2, 1, 1, 1, 1)).flatten()
    Tensor([-1.0, 1.0])
    """

    ranks = (5,)


@like(_BatchNorm)
class SyncBatchNorm(_BatchNorm):
    """Batch norm over several processes, of which there is one: as `BatchNorm1d`, 2d and 3d, for inputs of any dimensions.

    Parameters
    ----------
    process_group : optional
        Without effect.

    Examples
    --------
    >>> nn.SyncBatchNorm(3)(lucid.zeros(2, 3)).shape
    lucid.Size([2, 3])
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, process_group=None, device=None, dtype=None, *, bias: bool = True,
    ):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input(self, input) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """The module with each batch norm in it replaced by one of these, which has its parameters and statistics."""
        made = module
        if isinstance(module, _BatchNorm):
            made = cls(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats, process_group)
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked", "training"):
                setattr(made, name, getattr(module, name))
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


class _InstanceNorm(_NormBase):
    """Normalises each channel of each sample.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats
        As for `BatchNorm1d`, but `affine` and `track_running_stats` default to False.
    bias : bool, optional
        Whether a bias is learned where a weight is (default True).
    """

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
        track_running_stats: bool = False, device=None, dtype=None, *, bias: bool = True,
    ):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input):
        self._check_input(input)
        batched = input.dim() == max(self.ranks)
        x = input if batched else input.unsqueeze(0)
        if x.shape[1] != self.num_features and self.affine:
            raise ValueError(f"expected input's size at dim=1 to match num_features ({self.num_features}), but got: {x.shape[1]}.")
        own = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        out = F.instance_norm(x, self.running_mean, self.running_var, self.weight, self.bias, own, momentum, self.eps)
        return out if batched else out.squeeze(0)


@like(_InstanceNorm)
class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sample of (n, c, l).

    Examples
    --------
    >>> nn.InstanceNorm1d(1, eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(1, 1, 2)).flatten()
    Tensor([-1.0, 1.0])
    """

    ranks = (2, 3)


@like(_InstanceNorm)
class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each sample of (n, c, h, w).

    Examples
    --------
    >>> nn.InstanceNorm2d(1, eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)).flatten()
    Tensor([-1.0, 1.0])
    """

    ranks = (3, 4)


@like(_InstanceNorm)
class InstanceNorm3d(_InstanceNorm):
    """Normalises each channel of each sample of (n, c, d, h, w).

    Examples
    --------
    >>> nn.InstanceNorm3d(1, eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(1, 1, 1, 1, 2)).flatten()
    Tensor([-1.0, 1.0])
    """

    ranks = (4, 5)


@doc()
class GroupNorm(Module):
    """Normalises over groups of channels of each sample.

    Parameters
    ----------
    num_groups, num_channels : int
        Groups, and channels, which they divide.
    eps : float, optional
        Added to the variance (default 1e-5).
    affine : bool, optional
        Whether weight and bias are learned, one a channel (default True).
    bias : bool, optional
        Whether a bias is learned where a weight is (default True).

    Examples
    --------
    >>> nn.GroupNorm(1, 2, eps=0.0, affine=False)(lucid.tensor([[1.0, 3.0]]))
    Tensor([[-1.0, 1.0]])
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device=None, dtype=None, *,
        bias: bool = True,
    ):  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        _affine(self, (num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _reset(self)

    def forward(self, input):
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


@doc()
class LayerNorm(Module):
    """Normalises over the last dimensions.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The last dimensions.
    eps : float, optional
        Added to the variance (default 1e-5).
    elementwise_affine : bool, optional
        Whether weight and bias are learned, one an element (default True).

    Examples
    --------
    >>> nn.LayerNorm(2, eps=0.0, elementwise_affine=False)(lucid.tensor([[1.0, 3.0]]))
    Tensor([[-1.0, 1.0]])
    """

    def __init__(
        self, normalized_shape, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True, device=None,
        dtype=None,
    ):  # fmt: skip
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        _affine(self, self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _reset(self)

    def forward(self, input):
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


@doc()
class RMSNorm(Module):
    """Divides by the root of the mean square over the last dimensions.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The last dimensions.
    eps : float, optional
        Default: the smallest step of the input's dtype at 1.
    elementwise_affine : bool, optional
        Whether a weight is learned, one an element (default True).

    Examples
    --------
    >>> nn.RMSNorm(2, elementwise_affine=False)(lucid.tensor([[3.0, 3.0]]))
    Tensor([[1.0, 1.0]])
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine: bool = True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        weight = Parameter(lucid.empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1."""
        _reset(self)

    def forward(self, input):
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


@like(F.local_response_norm)
class LocalResponseNorm(Module):
    """Divides by a power of the mean square over neighbouring channels; see `nn.functional.local_response_norm`.

    Examples
    --------
    >>> nn.LocalResponseNorm(2)(lucid.ones(1, 2, 2)).shape
    lucid.Size([1, 2, 2])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input):
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


@like(
    F.local_response_norm,
    size="int: How many channels count: that many if it is odd, else one less.",
)
class CrossMapLRN2d(LocalResponseNorm):
    """Divides images, (n, c, h, w), by a power of the sum of squares over neighbouring channels times alpha / size.

    As PyTorch has it: the first channel counts for all that come after its neighbours, too.

    Examples
    --------
    >>> nn.CrossMapLRN2d(3, alpha=3.0, beta=0.5, k=0.0)(lucid.full((1, 1, 1, 1), 2.0))
    Tensor([[[[1.0]]]])
    """

    def forward(self, input):
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        reach = (self.size - 1) // 2  # to either side
        squares = input * input
        padded = F.pad(squares.unsqueeze(1), (0, 0, 0, 0, reach, reach))
        near = F.avg_pool3d(padded, (2 * reach + 1, 1, 1), 1, divisor_override=1).squeeze(1)
        if squares.shape[1] > reach + 1:
            near = lucid.cat([near[:, : reach + 1], near[:, reach + 1 :] + squares[:, :1]], 1)
        return input * (near * (self.alpha / self.size) + self.k).pow(-self.beta)
