"""Reductions and normalisations of what a mask leaves. The functions of `torch.masked`."""

from lucid.ops import published

globals().update(published("masked"))
__all__ = sorted(published("masked"))
