"""What packages ask PyTorch's compiled part: nothing is traced, nothing is counted."""

from __future__ import annotations

__all__ = ["_are_functorch_transforms_active", "_disabled_torch_function_impl", "_get_tracing_state", "_log_api_usage_once"]


def _get_tracing_state() -> None:
    """What is traced: nothing."""


def _log_api_usage_once(name: str) -> None:
    """Count the use of a function: it is not counted."""


def _are_functorch_transforms_active() -> bool:
    """Whether a tensor stands for a batch of them: `func` calls functions with tensors as they are."""
    return False


def _disabled_torch_function_impl(cls, function, types, args=(), kwargs=None):
    """The `__torch_function__` of classes that want plain tensors as results."""
    return function(*args, **(kwargs or {}))
