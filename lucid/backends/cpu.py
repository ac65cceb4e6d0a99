"""The processor's vectors."""

from lucid import _kernels

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """The SIMD level in use, by PyTorch's names: "AVX512" (x86-64-v4), "AVX2" (x86-64-v3) or "DEFAULT"."""
    return {"v4": "AVX512", "v3": "AVX2"}.get(_kernels.simd, "DEFAULT")
