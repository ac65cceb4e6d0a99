"""Utilities around training."""

from lucid.utils import checkpoint, data  # noqa: F401
