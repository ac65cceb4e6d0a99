"""Linear algebra. The functions of `torch.linalg`."""

from lucid.ops import published
from lucid.ops.inverses import LinAlgError  # noqa: F401

globals().update(published("linalg"))
__all__ = sorted(published("linalg"))
