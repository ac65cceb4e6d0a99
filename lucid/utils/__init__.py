"""Utilities around training."""

from lucid.utils import data  # noqa: F401
