"""Threads within an operation: there are."""

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether operations run on several threads: True."""
    return True
