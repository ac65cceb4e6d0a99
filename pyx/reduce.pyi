"""Reductions and scans of x, seen as (outer, axis, inner), over the middle axis; `codes` maps a name to its op.

Results are (outer, inner), scans keep x's shape. All sizes are at least 1. Complex sums, means and cumulative sums are
those of the real view with twice the `inner`.
"""
from typing import Any

codes: dict[str, int]

def reduce(x: Any, out: Any, outer: int, axis: int, inner: int, op: int, p: float = 2, /) -> None:
    """To x's own type: amax, amin of any type; for floats also sum, mean, nansum, prod, logsumexp and the norms.

    norm_0, norm_1, norm_2, norm_inf, norm_minus_inf, and norm_p for any other `p`.
    """

def reduce_long(x: Any, out: Any, outer: int, axis: int, inner: int, op: int, /) -> None:
    """To int64: sum and prod of integers (wrapping), count_nonzero of any type."""

def reduce_bool(x: Any, out: Any, outer: int, axis: int, inner: int, op: int, /) -> None:
    """To uint8 holding 0 and 1: any, all. NaN is true."""

def var_mean(
    x: Any, var: Any, mean: Any, outer: int, axis: int, inner: int, correction: float = 1, sqrt: bool = False, /) -> None:
    """Variance with divisor max(axis - correction, 0), or its square root, and mean."""

def argreduce(x: Any, values: Any, index: Any, outer: int, axis: int, inner: int, op: int, /) -> None:
    """argmax, argmin: the extreme and the int64 position of its first occurrence; the first NaN, if there is one."""

def scan(x: Any, out: Any, outer: int, axis: int, inner: int, op: int, /) -> None:
    """cumsum, cumprod, logcumsumexp of floats."""

def scan_long(x: Any, out: Any, outer: int, axis: int, inner: int, op: int, /) -> None:
    """cumsum, cumprod of integers, to int64."""

def scan_index(x: Any, values: Any, index: Any, outer: int, axis: int, inner: int, op: int, /) -> None:
    """cummax, cummin: running extreme and the int64 position of its last occurrence."""

def dot(x: Any, y: Any, out: Any, /) -> None:
    """``out[0] = sum(x * y)``, unconjugated, for any element type."""
