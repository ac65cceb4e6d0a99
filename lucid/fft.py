"""Discrete Fourier transforms. The functions of `torch.fft`."""

from lucid.ops import published

globals().update(published("fft"))
__all__ = sorted(published("fft"))
