"""What packages ask before they have a function compiled."""

__all__ = ["is_compile_supported"]


def is_compile_supported(device_type: str) -> bool:
    """Whether `compile` takes functions for a device: it gives them back as they are."""
    return True
