"""NVIDIA's processors: not built for. Its switches of attention are those of `nn.attention.sdpa_kernel`, which hold on CPUs too."""

from __future__ import annotations

from types import SimpleNamespace

from lucid.backends.mps import is_available
from lucid.ops.attention import allowed

__all__ = [
    "allow_fp16_bf16_reduction_math_sdp", "cudnn_sdp_enabled", "enable_cudnn_sdp", "enable_flash_sdp", "enable_math_sdp",
    "enable_mem_efficient_sdp", "flash_sdp_enabled", "fp16_bf16_reduction_math_sdp_allowed", "is_built",
    "is_flash_attention_available", "math_sdp_enabled", "matmul", "mem_efficient_sdp_enabled",
]  # fmt: skip

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)
is_built = is_flash_attention_available = is_available
_reduced = False


def _switch(kernel: str):
    def enable(enabled: bool) -> None:
        allowed.kernels = allowed.kernels | {kernel} if enabled else allowed.kernels - {kernel}

    def is_enabled() -> bool:
        return kernel in allowed.kernels

    enable.__doc__ = f"Say whether attention may use the kernel {kernel!r}."
    is_enabled.__doc__ = f"Whether attention may use the kernel {kernel!r}."
    return enable, is_enabled


enable_math_sdp, math_sdp_enabled = _switch("math")
enable_flash_sdp, flash_sdp_enabled = _switch("flash")
enable_mem_efficient_sdp, mem_efficient_sdp_enabled = _switch("mem_efficient")
enable_cudnn_sdp, cudnn_sdp_enabled = _switch("cudnn")


def allow_fp16_bf16_reduction_math_sdp(enabled: bool) -> None:
    """Remember whether sums of half precision may be less exact, of which no use is made."""
    global _reduced
    _reduced = bool(enabled)


def fp16_bf16_reduction_math_sdp_allowed() -> bool:
    """What `allow_fp16_bf16_reduction_math_sdp` set."""
    return _reduced
