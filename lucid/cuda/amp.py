"""The older names of `amp`'s classes, for a device that is not there: they do nothing, and say that they are old."""

from __future__ import annotations

import warnings

from lucid import amp, dtypes

__all__ = ["GradScaler", "autocast"]


def old(device: str, name: str) -> None:
    warnings.warn(f"{device}.amp.{name}(...) is deprecated: use amp.{name}('{device}', ...)", FutureWarning, stacklevel=3)


class autocast(amp.autocast):
    """As `amp.autocast("cuda")`, which warns and does nothing.

    Parameters
    ----------
    enabled, dtype, cache_enabled : optional
        As of `amp.autocast`.
    """

    def __init__(self, enabled: bool = True, dtype=dtypes.float16, cache_enabled: bool = True):
        old("cuda", "autocast")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """As `amp.GradScaler("cuda")`, which warns and does nothing.

    Parameters
    ----------
    init_scale, growth_factor, backoff_factor, growth_interval, enabled : optional
        As of `amp.GradScaler`.
    """

    def __init__(
        self, init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ):  # fmt: skip
        old("cuda", "GradScaler")
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
