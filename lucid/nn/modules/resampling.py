"""Layers that move images about: sliding blocks and back, other sizes. Each keeps the settings of a function and calls it."""

from __future__ import annotations

from lucid.nn import functional as F
from lucid.nn.modules.module import Module
from lucid.ops._doc import like

__all__ = ["Fold", "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


@like(F.unfold)
class Unfold(Module):
    """The sliding blocks of (n, c, h, w) as columns: see `nn.functional.unfold`.

    Examples
    --------
    >>> nn.Unfold((1, 2))(lucid.tensor([[[1.0, 2.0, 3.0]]]))
    Tensor([[1.0, 2.0],
            [2.0, 3.0]])
    """

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input):
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


@like(F.fold)
class Fold(Module):
    """Images as the sum of their sliding blocks: see `nn.functional.fold`.

    Examples
    --------
    >>> nn.Fold((1, 3), (1, 2))(lucid.tensor([[1.0, 2.0], [2.0, 3.0]]))
    Tensor([[[1.0, 4.0, 3.0]]])
    """

    def __init__(self, output_size, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input):
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )


@like(F.interpolate)
class Upsample(Module):
    """Images in another size: see `nn.functional.interpolate`.

    Examples
    --------
    >>> nn.Upsample(scale_factor=2)(lucid.tensor([[[0.0, 4.0]]]))
    Tensor([[[0.0, 0.0, 4.0, 4.0]]])
    """

    def __init__(self, size=None, scale_factor=None, mode: str = "nearest", align_corners=None, recompute_scale_factor=None):
        super().__init__()
        self.size = tuple(size) if isinstance(size, (tuple, list)) else size
        if isinstance(scale_factor, (tuple, list)):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode, self.align_corners, self.recompute_scale_factor = mode, align_corners, recompute_scale_factor

    def forward(self, input):
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


@like(F.interpolate)
class UpsamplingNearest2d(Upsample):
    """(n, c, h, w) in another size, of nearest elements: see `nn.functional.interpolate`.

    Examples
    --------
    >>> nn.UpsamplingNearest2d(scale_factor=2)(lucid.tensor([[[[0.0, 4.0]]]]))
    Tensor([[[[0.0, 0.0, 4.0, 4.0],
              [0.0, 0.0, 4.0, 4.0]]]])
    """

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, "nearest")


@like(F.interpolate)
class UpsamplingBilinear2d(Upsample):
    """(n, c, h, w) in another size, bilinear with the corners aligned: see `nn.functional.interpolate`.

    Examples
    --------
    >>> nn.UpsamplingBilinear2d(size=(1, 3))(lucid.tensor([[[[0.0, 4.0]]]]))
    Tensor([[[[0.0, 2.0, 4.0]]]])
    """

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, "bilinear", True)
