"""Lazy modules: the number of input features or channels is that of the first input.

Until then a lazy module holds parameters without a shape. The first call gives them shapes and initial values, and turns
the module into one of the plain class.
"""

from __future__ import annotations

import itertools

import lucid
from lucid.autograd.modes import no_grad
from lucid.nn.modules.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from lucid.nn.modules.linear import Linear
from lucid.nn.modules.module import Module
from lucid.nn.modules.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    _BatchNorm,
    _InstanceNorm,
)  # fmt: skip
from lucid.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from lucid.ops._doc import doc, like

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
    "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip


class LazyModuleMixin:
    """What makes a module lazy: `initialize_parameters`, which gets the first call's arguments."""

    cls_to_become: type[Module] | None = None

    def initialize_parameters(self, *args, **kwargs) -> None:
        """Give the parameters shapes and initial values."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of the module itself has no shape yet."""
        return any(is_lazy(one) for one in itertools.chain(self._parameters.values(), self._buffers.values()))

    def __call__(self, *args, **kwargs):
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        if self.cls_to_become is None:
            return super().__call__(*args, **kwargs)
        self.__class__ = self.cls_to_become
        return self(*args, **kwargs)

    def _lay_out(self, names: tuple[str, ...], kind, device, dtype) -> None:
        """Set attributes to parameters or buffers without a shape."""
        for name in names:
            setattr(self, name, kind(device=device, dtype=dtype))


@doc()
class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` whose `in_features` is the last size of its first input.

    Parameters
    ----------
    out_features : int
        Size of the last dimension of the output.

    Examples
    --------
    >>> layer = nn.LazyLinear(2)
    >>> layer.weight
    <UninitializedParameter>
    >>> layer(lucid.ones(5, 3)).shape
    lucid.Size([5, 2])
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device=None, dtype=None):
        super().__init__(0, 0, False)
        self.out_features = out_features
        self._lay_out(("weight", "bias")[: 1 + bool(bias)], UninitializedParameter, device, dtype)

    def reset_parameters(self) -> None:
        """Draw new initial values, where there are shapes already."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    @no_grad
    def initialize_parameters(self, input) -> None:
        """Take `in_features` from the input."""
        width = input.shape[-1]
        if self.has_uninitialized_params():
            self.in_features = width
            self.weight.materialize((self.out_features, width))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        elif self.in_features == 0:  # the weight was loaded
            if width != self.weight.shape[-1]:
                raise AssertionError(f"The in_features inferred from input: {width} is not equal to in_features from "
                                     f"self.weight: {self.weight.shape[-1]}")  # fmt: skip
            self.in_features = width


class _LazyConvolution(LazyModuleMixin):
    """What all lazy convolutions have."""

    def _begin(self, out_channels: int, bias: bool, device, dtype) -> None:
        self.out_channels = out_channels
        self._lay_out(("weight", "bias")[: 1 + bool(bias)], UninitializedParameter, device, dtype)

    def reset_parameters(self) -> None:
        """Draw new initial values, where there are shapes already."""
        if not self.has_uninitialized_params() and self.in_channels:
            super().reset_parameters()

    def initialize_parameters(self, input, *args, **kwargs) -> None:
        """Take `in_channels` from the input."""
        if not self.has_uninitialized_params():
            return
        plain = self.dims + 1
        if input.dim() not in (plain, plain + 1):
            raise RuntimeError(
                f"Expected {plain}D (unbatched) or {plain + 1}D (batched) input to {type(self).__name__}, but got input of "
                f"size: {input.shape}"
            )
        self.in_channels = input.shape[-plain]
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        self.weight.materialize((first, second // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


@like(Conv1d, out_channels="int: Channels of the output.")
class _LazyConv(_LazyConvolution):
    """A lazy convolution."""

    def __init__(
        self, out_channels: int, kernel_size, stride=1, padding=0, dilation=1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", device=None, dtype=None,
    ):  # fmt: skip
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype)
        self._begin(out_channels, bias, device, dtype)


@like(_LazyConv)
class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` whose `in_channels` are those of its first input.

    Examples
    --------
    >>> nn.LazyConv1d(4, 3, padding=1)(lucid.ones(1, 3, 8)).shape
    lucid.Size([1, 4, 8])
    """

    cls_to_become = Conv1d


@like(_LazyConv)
class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` whose `in_channels` are those of its first input.

    Examples
    --------
    >>> nn.LazyConv2d(4, 3, padding=1)(lucid.ones(1, 3, 8, 8)).shape
    lucid.Size([1, 4, 8, 8])
    """

    cls_to_become = Conv2d


@like(_LazyConv)
class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` whose `in_channels` are those of its first input.

    Examples
    --------
    >>> nn.LazyConv3d(4, 3, padding=1)(lucid.ones(1, 3, 8, 8, 8)).shape
    lucid.Size([1, 4, 8, 8, 8])
    """

    cls_to_become = Conv3d


@like(ConvTranspose1d, out_channels="int: Channels of the output.")
class _LazyConvTranspose(_LazyConvolution):
    """A lazy transposed convolution."""

    def __init__(
        self, out_channels: int, kernel_size, stride=1, padding=0, output_padding=0, groups: int = 1, bias: bool = True,
        dilation=1, padding_mode: str = "zeros", device=None, dtype=None,
    ):  # fmt: skip
        super().__init__(
            0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode, device, dtype
        )
        self._begin(out_channels, bias, device, dtype)


@like(_LazyConvTranspose)
class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` whose `in_channels` are those of its first input.

    Examples
    --------
    >>> nn.LazyConvTranspose1d(4, 2, stride=2)(lucid.ones(1, 3, 8)).shape
    lucid.Size([1, 4, 16])
    """

    cls_to_become = ConvTranspose1d


@like(_LazyConvTranspose)
class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` whose `in_channels` are those of its first input.

    Examples
    --------
    >>> nn.LazyConvTranspose2d(4, 2, stride=2)(lucid.ones(1, 3, 8, 8)).shape
    lucid.Size([1, 4, 16, 16])
    """

    cls_to_become = ConvTranspose2d


@like(_LazyConvTranspose)
class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` whose `in_channels` are those of its first input.

    Examples
    --------
    >>> nn.LazyConvTranspose3d(4, 2, stride=2)(lucid.ones(1, 3, 8, 8, 8)).shape
    lucid.Size([1, 4, 16, 16, 16])
    """

    cls_to_become = ConvTranspose3d


class _LazyNorm(LazyModuleMixin):
    """A lazy batch or instance normalisation.

    Parameters
    ----------
    eps : float, optional
        Added to the variance (default 1e-5).
    momentum : float or None, optional
        How far running statistics move (default 0.1); None averages over all batches.
    affine : bool, optional
        Whether weight and bias are learned (default True).
    track_running_stats : bool, optional
        Whether there are running statistics (default True).
    bias : bool, optional
        Whether a bias is learned where a weight is (default True).
    """

    def __init__(
        self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True,
        device=None, dtype=None, *, bias: bool = True,
    ):  # fmt: skip
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self._lay_out(("weight", "bias")[: 1 + bool(bias)], UninitializedParameter, device, dtype)
        if track_running_stats:
            self._lay_out(("running_mean", "running_var"), UninitializedBuffer, device, dtype)
            self.num_batches_tracked = lucid.tensor(0, dtype=lucid.int64)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, statistics as at first, where there are shapes already."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def initialize_parameters(self, input) -> None:
        """Take `num_features` from the input."""
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for one in (self.weight, self.bias, self.running_mean, self.running_var):
            if one is not None:
                one.materialize((self.num_features,))
        self.reset_parameters()


@like(_LazyNorm)
class LazyBatchNorm1d(_LazyNorm, _BatchNorm):
    """A `BatchNorm1d` whose `num_features` are those of its first input.

    Examples
    --------
    >>> nn.LazyBatchNorm1d(eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(2, 1, 1)).detach().flatten()
    Tensor([-1.0, 1.0])
    """

    cls_to_become, ranks = BatchNorm1d, BatchNorm1d.ranks


@like(_LazyNorm)
class LazyBatchNorm2d(_LazyNorm, _BatchNorm):
    """A `BatchNorm2d` whose `num_features` are those of its first input.

    Examples
    --------
    >>> nn.LazyBatchNorm2d(eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)).detach().flatten()
    Tensor([-1.0, 1.0])
    """

    cls_to_become, ranks = BatchNorm2d, BatchNorm2d.ranks


@like(_LazyNorm)
class LazyBatchNorm3d(_LazyNorm, _BatchNorm):
    """A `BatchNorm3d` whose `num_features` are those of its first input.

    Examples
    --------
    >>> nn.LazyBatchNorm3d(eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(2, 1, 1, 1, 1)).detach().flatten()
    Tensor([-1.0, 1.0])
    """

    cls_to_become, ranks = BatchNorm3d, BatchNorm3d.ranks


@like(_LazyNorm)
class LazyInstanceNorm1d(_LazyNorm, _InstanceNorm):
    """An `InstanceNorm1d` whose `num_features` are the second size of its first input.

    Examples
    --------
    >>> nn.LazyInstanceNorm1d(eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(1, 1, 2)).detach().flatten()
    Tensor([-1.0, 1.0])
    """

    cls_to_become, ranks = InstanceNorm1d, InstanceNorm1d.ranks


@like(_LazyNorm)
class LazyInstanceNorm2d(_LazyNorm, _InstanceNorm):
    """An `InstanceNorm2d` whose `num_features` are the second size of its first input.

    Examples
    --------
    >>> nn.LazyInstanceNorm2d(eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)).detach().flatten()
    Tensor([-1.0, 1.0])
    """

    cls_to_become, ranks = InstanceNorm2d, InstanceNorm2d.ranks


@like(_LazyNorm)
class LazyInstanceNorm3d(_LazyNorm, _InstanceNorm):
    """An `InstanceNorm3d` whose `num_features` are the second size of its first input.

    Examples
    --------
    >>> nn.LazyInstanceNorm3d(eps=0.0)(lucid.tensor([1.0, 3.0]).reshape(1, 1, 1, 1, 2)).detach().flatten()
    Tensor([-1.0, 1.0])
    """

    cls_to_become, ranks = InstanceNorm3d, InstanceNorm3d.ranks
