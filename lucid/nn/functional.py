"""The functions of `torch.nn.functional`."""

from lucid.ops import published

globals().update(published("nn.functional"))
__all__ = sorted(published("nn.functional"))
