"""Convolution layers. Initial weights are PyTorch's for the same seed."""

from __future__ import annotations

import math

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.linear import reset_bias
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops._doc import doc, like
from lucid.ops.convolution import ntuple

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _ConvNd(Module):
    """What all convolutions have: sizes, a weight and a bias."""

    dims: int
    transposed = False

    def __init__(
        self, in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias,
        padding_mode, device, dtype,
    ):  # fmt: skip
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got "
                f"padding_mode='{padding_mode}'"
            )
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}")
        name = type(self).__name__
        self.in_channels, self.out_channels, self.groups, self.padding_mode = in_channels, out_channels, groups, padding_mode
        self.kernel_size = ntuple(name, "kernel_size", kernel_size, self.dims)
        self.stride = ntuple(name, "stride", stride, self.dims)
        self.padding = padding if isinstance(padding, str) else ntuple(name, "padding", padding, self.dims)
        self.dilation = ntuple(name, "dilation", dilation, self.dims)
        self.output_padding = ntuple(name, "output_padding", output_padding, self.dims)
        if self.padding == "same" and any(step != 1 for step in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(lucid.empty((first, second // groups, *self.kernel_size), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(lucid.empty((out_channels,), device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, uniform in ``±1 / sqrt(fan_in)``."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self.bias, self.weight)

    def _padded(self, input):
        """The input with what `padding_mode` adds, and the padding that is left for the convolution."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, tuple(self._around()), mode=self.padding_mode), 0

    def _around(self) -> list:
        """What is added before and behind each dimension, the last one first."""
        if self.padding == "valid":
            return [0] * (2 * self.dims)
        if self.padding != "same":
            return [size for size in self.padding[::-1] for _ in range(2)]
        totals = [dilation * (kernel - 1) for dilation, kernel in zip(self.dilation[::-1], self.kernel_size[::-1])]
        return [size for total in totals for size in (total // 2, total - total // 2)]

    def __getstate__(self) -> dict:
        return vars(self) | {"transposed": self.transposed, "_reversed_padding_repeated_twice": self._around()}  # as PyTorch's have them

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        plain = {"padding": 0, "dilation": 1, "output_padding": 0}
        for name, usual in plain.items():
            if getattr(self, name) != (usual,) * self.dims:
                text += f", {name}={getattr(self, name)}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


@doc()
class _Conv(_ConvNd):
    r"""Convolution: see `nn.functional.conv2d`.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of input and output.
    kernel_size : int or tuple of int
        How many taps along each dimension.
    stride : int or tuple of int, optional
        Steps between the places where the kernel is put. Default: 1.
    padding : int, tuple of int, "same" or "valid", optional
        What is added on both sides of each dimension; "same" keeps the sizes (at stride 1), "valid" adds none. Default: 0.
    dilation : int or tuple of int, optional
        Steps between the taps. Default: 1.
    groups : int, optional
        The channels fall into so many groups that do not see each other. Default: 1.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, optional
        What is added. Default: "zeros".

    Attributes
    ----------
    weight : Parameter
        Of shape (out_channels, in_channels // groups, \*kernel_size); uniform in ``±1 / sqrt(fan_in)`` at first.
    bias : Parameter or None
        Of shape (out_channels,); likewise.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, dilation=1, groups: int = 1,
        bias: bool = True, padding_mode: str = "zeros", device=None, dtype=None,
    ):  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode, device,
            dtype,
        )

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input, weight, bias):
        """The convolution with another weight and bias: subclasses written for PyTorch call it, and override it."""
        input, padding = self._padded(input)
        convolve = getattr(F, f"conv{self.dims}d")
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)


@like(_Conv)
class Conv1d(_Conv):
    """One-dimensional convolution: see `nn.functional.conv1d`.

    Examples
    --------
    >>> nn.Conv1d(3, 4, 3, padding=1)(lucid.ones(1, 3, 8)).shape
    lucid.Size([1, 4, 8])
    """

    dims = 1


@like(_Conv)
class Conv2d(_Conv):
    """Two-dimensional convolution: see `nn.functional.conv2d`.

    Examples
    --------
    >>> nn.Conv2d(3, 4, 3, padding=1)(lucid.ones(1, 3, 8, 8)).shape
    lucid.Size([1, 4, 8, 8])
    """

    dims = 2


@like(_Conv)
class Conv3d(_Conv):
    """Three-dimensional convolution: see `nn.functional.conv3d`.

    Examples
    --------
    >>> nn.Conv3d(3, 4, 3, padding=1)(lucid.ones(1, 3, 8, 8, 8)).shape
    lucid.Size([1, 4, 8, 8, 8])
    """

    dims = 3


@doc()
class _ConvTransposeNd(_ConvNd):
    r"""Transposed convolution: see `nn.functional.conv_transpose2d`.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of input and output.
    kernel_size : int or tuple of int
        How many taps along each dimension.
    stride, padding, dilation : int or tuple of int, optional
        Those of the convolution whose gradient by its input this is. Default: 1, 0 and 1.
    output_padding : int or tuple of int, optional
        What is added to one side of the result, where several sizes come to one by the convolution. Default: 0.
    groups : int, optional
        The channels fall into so many groups that do not see each other. Default: 1.
    padding_mode : {"zeros"}, optional
        No other is there.

    Attributes
    ----------
    weight : Parameter
        Of shape (in_channels, out_channels // groups, \*kernel_size); uniform in ``±1 / sqrt(fan_in)`` at first.
    bias : Parameter or None
        Of shape (out_channels,); likewise.
    """

    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, output_padding=0, groups: int = 1,
        bias: bool = True, dilation=1, padding_mode: str = "zeros", device=None, dtype=None,
    ):  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias, padding_mode,
            device, dtype,
        )  # fmt: skip

    def forward(self, input, output_size=None):
        extra = self.output_padding
        if output_size is not None:
            extra = self._output_padding(input, tuple(output_size))
        convolve = getattr(F, f"conv_transpose{self.dims}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _output_padding(self, input, wanted: tuple) -> tuple:
        """What has to be added to reach a size that several inputs may have come from."""
        own = input.shape[-self.dims :]
        wanted = wanted[-self.dims :]
        smallest = [
            (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
            for size, stride, padding, dilation, kernel in zip(
                own, self.stride, self.padding, self.dilation, self.kernel_size
            )
        ]
        for size, low, stride in zip(wanted, smallest, self.stride):
            if not low <= size <= low + stride - 1:
                raise ValueError(
                    f"requested an output size of {list(wanted)}, but valid sizes range from {smallest} to "
                    f"{[low + stride - 1 for low, stride in zip(smallest, self.stride)]} (for an input of {list(own)})"
                )
        return tuple(size - low for size, low in zip(wanted, smallest))


@like(_ConvTransposeNd)
class ConvTranspose1d(_ConvTransposeNd):
    """One-dimensional transposed convolution: see `nn.functional.conv_transpose1d`.

    Examples
    --------
    >>> nn.ConvTranspose1d(3, 4, 2, stride=2)(lucid.ones(1, 3, 8)).shape
    lucid.Size([1, 4, 16])
    """

    dims = 1


@like(_ConvTransposeNd)
class ConvTranspose2d(_ConvTransposeNd):
    """Two-dimensional transposed convolution: see `nn.functional.conv_transpose2d`.

    Examples
    --------
    >>> nn.ConvTranspose2d(3, 4, 2, stride=2)(lucid.ones(1, 3, 8, 8)).shape
    lucid.Size([1, 4, 16, 16])
    """

    dims = 2


@like(_ConvTransposeNd)
class ConvTranspose3d(_ConvTransposeNd):
    """Three-dimensional transposed convolution: see `nn.functional.conv_transpose3d`.

    Examples
    --------
    >>> nn.ConvTranspose3d(3, 4, 2, stride=2)(lucid.ones(1, 3, 8, 8, 8)).shape
    lucid.Size([1, 4, 16, 16, 16])
    """

    dims = 3
