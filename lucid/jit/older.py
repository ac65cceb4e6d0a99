"""What programs of older versions of PyTorch call: operators that meant something else, and operators that are written no more."""

from __future__ import annotations

import lucid
from lucid import Tensor
from lucid.nn import functional as F

__all__ = ["CHANGED_AT", "FORMER"]


def _is_float(value) -> bool:
    return value.is_floating_point() if isinstance(value, Tensor) else isinstance(value, float)


def _divided(function):
    """Division as it was up to version 3: of integers the quotient was one."""

    def divided(x, other, **named):
        if not named.keys() - {"out"} and not any(map(_is_float, (x, other, *named.values()))):
            named["rounding_mode"] = "trunc"
        return function(x, other, **named)

    return divided


def _full(size, fill_value, *, out=None, dtype=None):
    """A tensor full of a number, which up to version 4 was of the default dtype whatever the number."""
    if out is not None:
        return lucid.full(size, fill_value, out=out)
    return lucid.full(size, float(fill_value) if dtype is None else fill_value, dtype=dtype)


def _linspace(start, end, steps=None, **named):
    return lucid.linspace(start, end, 100 if steps is None else steps, **named)


def _logspace(start, end, steps=None, base=10.0, **named):
    return lucid.logspace(start, end, 100 if steps is None else steps, base, **named)


# Operators that mean something else from a version of files on: that version, and what they were before.
CHANGED_AT = {
    "div": (4, _divided(lucid.div)), "div_": (4, _divided(Tensor.div_)), "full": (5, _full), "linspace": (8, _linspace), "logspace": (9, _logspace),
}  # fmt: skip


def _interpolated(x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None):
    return F.interpolate(x, size, scale_factor, mode, align_corners, recompute_scale_factor)


def _resized(mode: str, align_corners: bool | None):
    return lambda x, size=None, scale_factor=None: F.interpolate(x, size, scale_factor, mode, align_corners)


def _convolved(function):
    """A convolution that is told the kernel's size too."""
    return lambda x, weight, kernel_size, bias=None, stride=1, padding=0: function(x, weight, bias, stride, padding)


# Operators that no present version writes.
FORMER = {
    "__interpolate": _interpolated, "__upsample": _interpolated, "__upsample_nearest": _resized("nearest", None),
    "__upsample_bilinear": _resized("bilinear", True), "thnn_conv2d": _convolved(F.conv2d), "slow_conv3d": _convolved(F.conv3d),
    "list_with_default": lambda sizes, defaults: sizes, "_dim_arange": lambda like, dim: lucid.arange(like.shape[dim]),
    "_unique": lambda x, sorted=True, return_inverse=False: lucid.unique(x, sorted, True),
}  # fmt: skip
