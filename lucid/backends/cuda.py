"""NVIDIA's processors: not built for. The choice among kernels of attention is `nn.attention.sdpa_kernel`'s."""

from types import SimpleNamespace

__all__ = ["is_built", "matmul"]

matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)


def is_built() -> bool:
    """Whether this was built for such devices: False."""
    return False
