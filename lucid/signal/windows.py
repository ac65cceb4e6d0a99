"""Windows. The functions of `torch.signal.windows`."""

from lucid.ops import published

globals().update(published("signal.windows"))
__all__ = sorted(published("signal.windows"))


def __getattr__(name: str):
    if name == "windows":  # PyTorch has the functions in a module of that name inside this one
        import sys

        return sys.modules[__name__]
    raise AttributeError(f"module 'lucid.signal.windows' has no attribute {name!r}")
