"""Pooling layers: each keeps the settings of a function of `nn.functional` and calls it."""

from __future__ import annotations

from lucid.nn import functional as F
from lucid.nn.modules.module import Module

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d", "MaxPool2d",
    "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _MaxPool(Module):
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


class MaxPool1d(_MaxPool):
    """Maximum over windows of (n, c, l): see `nn.functional.max_pool1d`."""

    function = "max_pool1d"


class MaxPool2d(_MaxPool):
    """Maximum over windows of (n, c, h, w): see `nn.functional.max_pool2d`."""

    function = "max_pool2d"


class MaxPool3d(_MaxPool):
    """Maximum over windows of (n, c, d, h, w): see `nn.functional.max_pool3d`."""

    function = "max_pool3d"


class _MaxUnpool(Module):
    """Puts maxima back where they stood: see `nn.functional.max_unpool2d`."""

    function: str

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding

    def forward(self, input, indices, output_size=None):
        return getattr(F, self.function)(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Puts maxima back where they stood: see `nn.functional.max_unpool1d`."""

    function = "max_unpool1d"


class MaxUnpool2d(_MaxUnpool):
    """Puts maxima back where they stood: see `nn.functional.max_unpool2d`."""

    function = "max_unpool2d"


class MaxUnpool3d(_MaxUnpool):
    """Puts maxima back where they stood: see `nn.functional.max_unpool3d`."""

    function = "max_unpool3d"


class AvgPool1d(Module):
    """Mean over windows of (n, c, l): see `nn.functional.avg_pool1d`."""

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True):
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, input):
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(AvgPool1d):
    """Mean over windows of (n, c, h, w): see `nn.functional.avg_pool2d`."""

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


class AvgPool3d(AvgPool2d):
    """Mean over windows of (n, c, d, h, w): see `nn.functional.avg_pool3d`."""

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


class AdaptiveAvgPool1d(_Adaptive):
    """Mean over windows: see `nn.functional.adaptive_avg_pool1d`."""

    function = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_Adaptive):
    """Mean over windows: see `nn.functional.adaptive_avg_pool2d`."""

    function = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_Adaptive):
    """Mean over windows: see `nn.functional.adaptive_avg_pool3d`."""

    function = "adaptive_avg_pool3d"


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size, return_indices: bool = False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return getattr(F, self.function)(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Maximum over windows: see `nn.functional.adaptive_max_pool1d`."""

    function = "adaptive_max_pool1d"


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Maximum over windows: see `nn.functional.adaptive_max_pool2d`."""

    function = "adaptive_max_pool2d"


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Maximum over windows: see `nn.functional.adaptive_max_pool3d`."""

    function = "adaptive_max_pool3d"


class _LPPool(Module):
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


class LPPool1d(_LPPool):
    """Root of the sum of powers over windows: see `nn.functional.lp_pool1d`."""

    function = "lp_pool1d"


class LPPool2d(_LPPool):
    """Root of the sum of powers over windows: see `nn.functional.lp_pool2d`."""

    function = "lp_pool2d"


class LPPool3d(_LPPool):
    """Root of the sum of powers over windows: see `nn.functional.lp_pool3d`."""

    function = "lp_pool3d"
