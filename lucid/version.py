"""Which version this is, and what it was built for: CPUs."""

from lucid import __version__

__all__ = ["__version__", "cuda", "debug", "git_version", "hip", "rocm", "xpu"]

debug = False
cuda = git_version = hip = rocm = xpu = None
