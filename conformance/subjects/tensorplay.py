"""tensorplay, a peer on PyPI with PyTorch's names (optional; install it into an environment of its own)."""

from .adapter import Adapter


class Subject(Adapter):
    package = "tensorplay"
    stream = False
    thread_invariant = False
    readonly = False
