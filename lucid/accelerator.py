"""What programs ask about whatever computes beside the CPU: there is nothing."""

from lucid.cuda import device_count, is_available

__all__ = ["current_accelerator", "device_count", "is_available"]


def current_accelerator(check_available: bool = False) -> None:
    """What computes beside the CPU: None."""
