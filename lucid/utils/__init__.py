"""Utilities around training."""

from lucid.utils import _pytree, checkpoint, data, dlpack, hooks  # noqa: F401
