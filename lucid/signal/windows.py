"""Windows. The functions of `torch.signal.windows`."""

from lucid.ops import published

globals().update(published("signal.windows"))
__all__ = sorted(published("signal.windows"))
