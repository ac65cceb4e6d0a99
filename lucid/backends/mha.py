"""The fast path of PyTorch's attention in several heads: its switch is remembered and changes nothing."""

__all__ = ["get_fastpath_enabled", "set_fastpath_enabled"]

_enabled = True


def get_fastpath_enabled() -> bool:
    """What `set_fastpath_enabled` set; True at first."""
    return _enabled


def set_fastpath_enabled(value: bool) -> None:
    """Remember whether the fast path may be taken."""
    global _enabled
    _enabled = value
