"""Signals: windows. The package `torch.signal`."""

from lucid.signal import windows  # noqa: F401
