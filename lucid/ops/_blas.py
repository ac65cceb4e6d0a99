"""The threads of the OpenBLAS that NumPy brings, which factorises matrices, and multiplies complex ones, for Lucid."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from functools import cache

import numpy as np

from lucid._kernels.threads import get_num_threads


def few_threads(shape: tuple):
    """`FewerThreads`, where matrices of a shape are large enough for more than one."""
    return FewerThreads(shape) if max(shape[-2:]) > 16 and openblas() else nullcontext()


class FewerThreads:
    """While it works on matrices of a shape, the threads of NumPy's OpenBLAS: not more than Lucid's, one up to 512.

    They wait by spinning. Where another process wants a processor, eigh of 32 x 32 takes 44 ms by two threads, 0.4 by one;
    alone, two take 0.85 to 1.0 of the time of one at 256, and 0.7 in an inverse of 512 x 512.
    """

    lock, users, before = threading.Lock(), 0, 1

    def __init__(self, shape):
        self.wanted = get_num_threads() if max(shape[-2:]) >= 512 else 1

    def __enter__(self):
        get, set_ = openblas()
        with self.lock:
            if not FewerThreads.users:
                FewerThreads.before = get()
            FewerThreads.users += 1
            if self.wanted < FewerThreads.before:
                set_(self.wanted)

    def __exit__(self, *_):
        with self.lock:
            FewerThreads.users -= 1
            if not FewerThreads.users:
                openblas()[1](FewerThreads.before)


@cache
def openblas() -> tuple | None:
    """What tells and sets the number of threads of the OpenBLAS that NumPy's LAPACK is of; None if it is of another library."""
    import ctypes

    try:
        library = ctypes.PyDLL(np.linalg._umath_linalg.__file__)
    except (AttributeError, OSError):
        return None
    for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"):
        found = [getattr(library, name.format(which), None) for which in ("get", "set")]
        if None not in found:
            return tuple(found)
    return None
