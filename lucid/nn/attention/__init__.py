"""Which implementation computes attention: there is one, which takes whatever is asked for."""

from __future__ import annotations

import contextlib
import enum

from lucid.ops.attention import allowed

__all__ = ["WARN_FOR_UNFUSED_KERNELS", "SDPBackend", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(enum.IntEnum):
    """The implementations that PyTorch has, by name."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


_KERNELS = {
    SDPBackend.MATH: "math", SDPBackend.FLASH_ATTENTION: "flash", SDPBackend.EFFICIENT_ATTENTION: "mem_efficient",
    SDPBackend.CUDNN_ATTENTION: "cudnn",
}  # fmt: skip


@contextlib.contextmanager
def sdpa_kernel(backends, set_priority: bool = False):
    """Within the block, say which implementations of attention may be used; the one that there is takes any.

    Parameters
    ----------
    backends : SDPBackend or list of SDPBackend
        Those that may be used.
    set_priority : bool, optional
        Whether their order says which is preferred.

    Returns
    -------
    context manager

    Raises
    ------
    AssertionError
        If `backends` is something else.
    RuntimeError
        In `scaled_dot_product_attention`, if neither MATH nor FLASH_ATTENTION is among them, which are what PyTorch has on CPUs.

    Examples
    --------
    >>> from lucid.nn.attention import SDPBackend, sdpa_kernel
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     F.scaled_dot_product_attention(lucid.ones(1, 2), lucid.ones(1, 2), lucid.ones(1, 2))
    Tensor([[1.0, 1.0]])
    """
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(f"Backend must be an instance of SDPBackend or a list of SDPBackend instances, got {type(backends).__name__}")
    named = [backends] if isinstance(backends, SDPBackend) else backends
    before = allowed.kernels
    allowed.kernels = frozenset(_KERNELS.get(one) for one in named)
    try:
        yield {}
    finally:
        allowed.kernels = before
