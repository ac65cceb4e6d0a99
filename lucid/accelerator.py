"""What programs ask about whatever computes beside the CPU: there is nothing, and what needs it raises RuntimeError."""

from __future__ import annotations

from lucid.cuda import device_count, is_available, refusing

_NEEDS_ONE = (
    "Graph", "current_device_idx", "current_device_index", "current_stream", "device_index", "empty_cache", "empty_host_cache",
    "get_device_capability",
    "get_memory_info", "max_memory_allocated", "max_memory_reserved", "memory_allocated", "memory_reserved", "memory_stats",
    "reset_accumulated_memory_stats", "reset_peak_memory_stats", "set_device_idx", "set_device_index", "set_stream", "synchronize",
)  # fmt: skip
__all__ = ["current_accelerator", "device_count", "is_available", *_NEEDS_ONE]


def current_accelerator(check_available: bool = False) -> None:
    """What computes beside the CPU: None."""


def _absent(name: str):
    error = RuntimeError(f"accelerator.{name}(): there is no accelerator; ask accelerator.is_available() first")
    return refusing(name, error, "an accelerator")


globals().update({name: _absent(name) for name in _NEEDS_ONE})
