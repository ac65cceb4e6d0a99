"""Apple's graphics processors: not built for."""

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """Whether there is such a device: False."""
    return False


is_built = is_available
