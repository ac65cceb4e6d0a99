"""What is private in PyTorch, but packages use: tensors laid one after the other in one vector, and taken out again; sizes of dtypes."""

from __future__ import annotations

from lucid.ops.joining import cat

__all__ = ["_element_size", "_flatten_dense_tensors", "_unflatten_dense_tensors"]


def _flatten_dense_tensors(tensors):
    """The elements of tensors as one vector."""
    return cat([one.reshape(-1) for one in tensors])


def _unflatten_dense_tensors(flat, tensors) -> tuple:
    """Pieces of a vector in the shapes of tensors."""
    pieces = flat.split([one.numel() for one in tensors])
    return tuple(piece.view(one.shape) for piece, one in zip(pieces, tensors, strict=True))


def _element_size(dtype) -> int:
    """The size of an element in bytes."""
    return dtype.itemsize
