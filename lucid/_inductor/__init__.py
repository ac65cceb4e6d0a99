"""Where programs look for the settings of what PyTorch's compiler generates."""

from lucid._inductor import config

__all__ = ["config"]
