"""The older names of `amp`'s classes for the CPU; they say that they are old."""

from __future__ import annotations

from lucid import amp, dtypes
from lucid.cuda.amp import old

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """As `amp.autocast("cpu")`.

    Parameters
    ----------
    enabled, dtype, cache_enabled : optional
        As of `amp.autocast`.
    """

    def __init__(self, enabled: bool = True, dtype=dtypes.bfloat16, cache_enabled: bool = True):
        old("cpu", "autocast")
        super().__init__("cpu", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """As `amp.GradScaler("cpu")`.

    Parameters
    ----------
    init_scale, growth_factor, backoff_factor, growth_interval, enabled : optional
        As of `amp.GradScaler`.
    """

    def __init__(
        self, init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ):  # fmt: skip
        old("cpu", "GradScaler")
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
