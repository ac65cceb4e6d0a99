"""Pooling layers: each keeps the settings of a function of `nn.functional` and calls it."""

from __future__ import annotations

from lucid.nn import functional as F
from lucid.nn.modules.module import Module
from lucid.ops._doc import like

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "FractionalMaxPool2d",
    "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d",
    "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


def _each(value, dimensions: int) -> tuple:
    """A size for each dimension."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * dimensions


class _MaxPoolNd(Module):
    """Maximum over windows: see `nn.functional.max_pool2d`."""

    function: str

    def __init__(
        self, kernel_size, stride=None, padding=0, dilation=1, return_indices: bool = False, ceil_mode: bool = False
    ):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.return_indices, self.ceil_mode = padding, dilation, return_indices, ceil_mode

    def forward(self, input):
        pool = getattr(F, self.function)
        return pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


@like(F.max_pool1d)
class MaxPool1d(_MaxPoolNd):
    """Maximum over windows of (n, c, l): see `nn.functional.max_pool1d`.

    Examples
    --------
    >>> nn.MaxPool1d(2)(lucid.arange(4.0).reshape(1, 1, 4))
    Tensor([[[1.0, 3.0]]])
    """

    function = "max_pool1d"


@like(F.max_pool2d)
class MaxPool2d(_MaxPoolNd):
    """Maximum over windows of (n, c, h, w): see `nn.functional.max_pool2d`.

    Examples
    --------
    >>> nn.MaxPool2d(2)(lucid.arange(8.0).reshape(1, 1, 2, 4))
    Tensor([[[[5.0, 7.0]]]])
    """

    function = "max_pool2d"


@like(F.max_pool3d)
class MaxPool3d(_MaxPoolNd):
    """Maximum over windows of (n, c, d, h, w): see `nn.functional.max_pool3d`.

    Examples
    --------
    >>> nn.MaxPool3d(2)(lucid.arange(16.0).reshape(1, 1, 2, 2, 4))
    Tensor([[[[[13.0, 15.0]]]]])
    """

    function = "max_pool3d"


class _FractionalMaxPool(Module):
    """Maximum over windows strewn by chance: see `nn.functional.fractional_max_pool2d`."""

    function: str
    dimensions: int

    def __init__(
        self, kernel_size, output_size=None, output_ratio=None, return_indices: bool = False, _random_samples=None
    ):
        super().__init__()
        each = lambda value: _each(value, self.dimensions)
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if output_ratio is not None and not all(0 < one < 1 for one in each(output_ratio)):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")
        self.kernel_size, self.return_indices = each(kernel_size), return_indices
        self.output_size = None if output_size is None else each(output_size)
        self.output_ratio = None if output_ratio is None else each(output_ratio)
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input):
        pool = getattr(F, self.function)
        return pool(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


@like(F.fractional_max_pool2d)
class FractionalMaxPool2d(_FractionalMaxPool):
    """Maximum over windows strewn by chance over (n, c, h, w): see `nn.functional.fractional_max_pool2d`.

    Examples
    --------
    >>> nn.FractionalMaxPool2d(2, output_ratio=0.5)(lucid.ones(1, 1, 8, 6)).shape
    lucid.Size([1, 1, 4, 3])
    """

    function, dimensions = "fractional_max_pool2d", 2


@like(F.fractional_max_pool3d)
class FractionalMaxPool3d(_FractionalMaxPool):
    """Maximum over windows strewn by chance over (n, c, d, h, w): see `nn.functional.fractional_max_pool3d`.

    Examples
    --------
    >>> nn.FractionalMaxPool3d(2, (4, 3, 2))(lucid.ones(1, 1, 8, 6, 4)).shape
    lucid.Size([1, 1, 4, 3, 2])
    """

    function, dimensions = "fractional_max_pool3d", 3


class _MaxUnpoolNd(Module):
    """Puts maxima back where they stood: see `nn.functional.max_unpool2d`."""

    function: str

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        sizes = kernel_size, kernel_size if stride is None else stride, padding
        self.kernel_size, self.stride, self.padding = (_each(one, int(self.function[-2])) for one in sizes)

    def forward(self, input, indices, output_size=None):
        return getattr(F, self.function)(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@like(F.max_unpool1d)
class MaxUnpool1d(_MaxUnpoolNd):
    """Puts maxima back where they stood: see `nn.functional.max_unpool1d`.

    Examples
    --------
    >>> out, places = nn.MaxPool1d(2, return_indices=True)(lucid.arange(4.0).reshape(1, 1, 4))
    >>> nn.MaxUnpool1d(2)(out, places)
    Tensor([[[0.0, 1.0, 0.0, 3.0]]])
    """

    function = "max_unpool1d"


@like(F.max_unpool2d)
class MaxUnpool2d(_MaxUnpoolNd):
    """Puts maxima back where they stood: see `nn.functional.max_unpool2d`.

    Examples
    --------
    >>> out, places = nn.MaxPool2d(2, return_indices=True)(lucid.arange(8.0).reshape(1, 1, 2, 4))
    >>> nn.MaxUnpool2d(2)(out, places)
    Tensor([[[[0.0, 0.0, 0.0, 0.0],
              [0.0, 5.0, 0.0, 7.0]]]])
    """

    function = "max_unpool2d"


@like(F.max_unpool3d)
class MaxUnpool3d(_MaxUnpoolNd):
    """Puts maxima back where they stood: see `nn.functional.max_unpool3d`.

    Examples
    --------
    >>> out, places = nn.MaxPool3d(2, return_indices=True)(lucid.arange(16.0).reshape(1, 1, 2, 2, 4))
    >>> nn.MaxUnpool3d(2)(out, places).flatten()[12:]
    Tensor([0.0, 13.0, 0.0, 15.0])
    """

    function = "max_unpool3d"


@like(F.avg_pool1d)
class AvgPool1d(Module):
    """Mean over windows of (n, c, l): see `nn.functional.avg_pool1d`.

    Examples
    --------
    >>> nn.AvgPool1d(2)(lucid.arange(4.0).reshape(1, 1, 4))
    Tensor([[[0.5, 2.5]]])
    """

    function = "avg_pool1d"

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True):
        super().__init__()
        sizes = kernel_size, kernel_size if stride is None else stride, padding
        self.kernel_size, self.stride, self.padding = (_each(one, 1) for one in sizes) if type(self).function == "avg_pool1d" else sizes
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input):
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@like(F.avg_pool2d)
class AvgPool2d(AvgPool1d):
    """Mean over windows of (n, c, h, w): see `nn.functional.avg_pool2d`.

    Examples
    --------
    >>> nn.AvgPool2d(2)(lucid.arange(8.0).reshape(1, 1, 2, 4))
    Tensor([[[[2.5, 4.5]]]])
    """

    function = "avg_pool2d"

    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True,
        divisor_override=None,
    ):  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input):
        pool = getattr(F, self.function)
        return pool(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip


@like(F.avg_pool3d)
class AvgPool3d(AvgPool2d):
    """Mean over windows of (n, c, d, h, w): see `nn.functional.avg_pool3d`.

    Examples
    --------
    >>> nn.AvgPool3d(2)(lucid.arange(16.0).reshape(1, 1, 2, 2, 4))
    Tensor([[[[[6.5, 8.5]]]]])
    """

    function = "avg_pool3d"


class _Adaptive(Module):
    """Windows that give a result of `output_size`."""

    function: str

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return getattr(F, self.function)(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


@like(F.adaptive_avg_pool1d)
class AdaptiveAvgPool1d(_Adaptive):
    """Mean over windows: see `nn.functional.adaptive_avg_pool1d`.

    Examples
    --------
    >>> nn.AdaptiveAvgPool1d(1)(lucid.arange(4.0).reshape(1, 1, 4))
    Tensor([[[1.5]]])
    """

    function = "adaptive_avg_pool1d"


@like(F.adaptive_avg_pool2d)
class AdaptiveAvgPool2d(_Adaptive):
    """Mean over windows: see `nn.functional.adaptive_avg_pool2d`.

    Examples
    --------
    >>> nn.AdaptiveAvgPool2d(1)(lucid.arange(8.0).reshape(1, 1, 2, 4))
    Tensor([[[[3.5]]]])
    """

    function = "adaptive_avg_pool2d"


@like(F.adaptive_avg_pool3d)
class AdaptiveAvgPool3d(_Adaptive):
    """Mean over windows: see `nn.functional.adaptive_avg_pool3d`.

    Examples
    --------
    >>> nn.AdaptiveAvgPool3d(1)(lucid.arange(16.0).reshape(1, 1, 2, 2, 4))
    Tensor([[[[[7.5]]]]])
    """

    function = "adaptive_avg_pool3d"


class _AdaptiveMaxPoolNd(_Adaptive):
    def __init__(self, output_size, return_indices: bool = False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return getattr(F, self.function)(input, self.output_size, self.return_indices)


@like(F.adaptive_max_pool1d)
class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Maximum over windows: see `nn.functional.adaptive_max_pool1d`.

    Examples
    --------
    >>> nn.AdaptiveMaxPool1d(1)(lucid.arange(4.0).reshape(1, 1, 4))
    Tensor([[[3.0]]])
    """

    function = "adaptive_max_pool1d"


@like(F.adaptive_max_pool2d)
class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Maximum over windows: see `nn.functional.adaptive_max_pool2d`.

    Examples
    --------
    >>> nn.AdaptiveMaxPool2d(1)(lucid.arange(8.0).reshape(1, 1, 2, 4))
    Tensor([[[[7.0]]]])
    """

    function = "adaptive_max_pool2d"


@like(F.adaptive_max_pool3d)
class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Maximum over windows: see `nn.functional.adaptive_max_pool3d`.

    Examples
    --------
    >>> nn.AdaptiveMaxPool3d(1)(lucid.arange(16.0).reshape(1, 1, 2, 2, 4))
    Tensor([[[[[15.0]]]]])
    """

    function = "adaptive_max_pool3d"


class _LPPoolNd(Module):
    function: str

    def __init__(self, norm_type: float, kernel_size, stride=None, ceil_mode: bool = False):
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input):
        return getattr(F, self.function)(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


@like(F.lp_pool1d)
class LPPool1d(_LPPoolNd):
    """Root of the sum of powers over windows: see `nn.functional.lp_pool1d`.

    Examples
    --------
    >>> nn.LPPool1d(1, 2)(lucid.arange(4.0).reshape(1, 1, 4))
    Tensor([[[1.0, 5.0]]])
    """

    function = "lp_pool1d"


@like(F.lp_pool2d)
class LPPool2d(_LPPoolNd):
    """Root of the sum of powers over windows: see `nn.functional.lp_pool2d`.

    Examples
    --------
    >>> nn.LPPool2d(1, 2)(lucid.arange(8.0).reshape(1, 1, 2, 4))
    Tensor([[[[10.0, 18.0]]]])
    """

    function = "lp_pool2d"


@like(F.lp_pool3d)
class LPPool3d(_LPPoolNd):
    """Root of the sum of powers over windows: see `nn.functional.lp_pool3d`.

    Examples
    --------
    >>> nn.LPPool3d(1, 2)(lucid.arange(16.0).reshape(1, 1, 2, 2, 4))
    Tensor([[[[[52.0, 68.0]]]]])
    """

    function = "lp_pool3d"
