"""PyTorch's tools of quantization, of which there is what networks that may be quantized are written with."""

from lucid.ao import quantization  # noqa: F401
