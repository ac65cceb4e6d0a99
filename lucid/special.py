"""Special functions. The functions of `torch.special`."""

from lucid.ops import published

globals().update(published("special"))
__all__ = sorted(published("special"))
