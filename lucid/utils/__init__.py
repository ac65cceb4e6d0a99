"""Utilities around training."""

from lucid.utils import checkpoint, data, dlpack  # noqa: F401
