"""Handles of hooks: what `register_hook` and its kind return."""

from lucid.autograd.node import RemovableHandle

__all__ = ["RemovableHandle"]
