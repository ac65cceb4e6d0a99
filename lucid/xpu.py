"""What programs ask about Intel's graphics processors: there is none."""

from lucid.cuda import device_count, empty_cache, is_available, manual_seed

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed"]
