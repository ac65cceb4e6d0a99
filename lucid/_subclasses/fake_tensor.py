"""Tensors without values, by which PyTorch's compiler follows a program; there are none."""

__all__ = ["is_fake"]


def is_fake(x) -> bool:
    """Whether a tensor has no values: False."""
    return False
