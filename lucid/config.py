"""What this build and process are made of."""

from __future__ import annotations

import numpy as np

from lucid import _kernels
from lucid._kernels import core, linalg, threads

__all__ = ["show_config"]


def show_config(mode: str = "print"):
    """Print version, SIMD level, threads, matrix products and allocator; or return them.

    Parameters
    ----------
    mode : {"print", "dict"}, optional
        "dict" returns a dictionary instead (default "print").
    """
    import platform

    import lucid

    stats = core.memory_stats()
    config = {
        "version": lucid.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "simd": _kernels.simd,
        "simd_available": list(_kernels.simd_available),
        "threads": threads.get_num_threads(),
        "blas": linalg.blas_info(),
        "allocator": (
            f"64-byte aligned blocks from 4 KiB, cache of at most {stats['cache_limit_bytes'] >> 20} MiB "
            f"({stats['cached_bytes'] >> 20} MiB in it)"
        ),
    }
    if mode == "dict":
        return config
    if mode != "print":
        raise ValueError(f'show_config: mode must be "print" or "dict", got {mode!r}')
    width = max(map(len, config))
    for name, value in config.items():
        print(f"{name:{width}}  {', '.join(value) if isinstance(value, list) else value}")
    return None
