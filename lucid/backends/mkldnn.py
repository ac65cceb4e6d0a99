"""oneDNN: not used. Its switches are remembered and change nothing."""

from lucid.backends.cudnn import switched
from lucid.backends.mps import is_available

__all__ = ["flags", "is_available"]

enabled = deterministic = allow_tf32 = False


def flags(enabled=False, deterministic=False, allow_tf32=True, fp32_precision="none"):
    """In a block, the switches set so."""
    return switched(globals(), enabled=enabled, deterministic=deterministic, allow_tf32=allow_tf32)
