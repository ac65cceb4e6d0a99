"""Elementwise kernels of rarer special functions, float32 and float64; `codes` maps a function's name to the code they take.

`plan` is as for the kernels of `pointwise`.
"""
from numpy.typing import NDArray

codes: dict[str, int]
tasks: dict[str, dict[str, int]]

def unary_rare(x: NDArray, out: NDArray, op: int, /) -> None: ...
def binary_rare(x: NDArray, y: NDArray, out: NDArray, op: int, plan: NDArray | None = None, /) -> None: ...
def dirichlet_grad(x: NDArray, alpha: NDArray, total: NDArray, out: NDArray, /) -> None: ...
