"""The compiled kernels, at the SIMD level of this processor.

Most kernel modules exist once per level, in the folder of that name; the chosen folder and those of the levels below it join
this package's path, so that `from lucid._kernels import pointwise` finds the right one. Those that gain nothing by a
level stand here. The level is the highest that the processor has and the build holds; `LUCID_SIMD=base|v3|v4` forces one.
"""

import os
from importlib.machinery import EXTENSION_SUFFIXES

from lucid._kernels import threads


def _built(level: str) -> bool:
    folder = os.path.join(__path__[0], level)
    return os.path.isdir(folder) and any(name.endswith(tuple(EXTENSION_SUFFIXES)) for name in os.listdir(folder))


def _choose() -> str:
    if not simd_available:
        raise ImportError(f"no kernels are built for this processor (levels {', '.join(threads.simd_levels())})")
    wanted = os.environ.get("LUCID_SIMD") or simd_available[-1]
    if wanted not in simd_available:
        raise ImportError(f"LUCID_SIMD={wanted} is not available here; available: {', '.join(simd_available)}")
    return wanted


#: The levels that can be used here, lowest first, and the one in use.
simd_available = [level for level in threads.simd_levels() if _built(level)]
simd = _choose()
__path__ += [os.path.join(__path__[0], level) for level in simd_available[simd_available.index(simd) :: -1]]
