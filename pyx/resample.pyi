"""Weighted taps along an axis, of float32 and float64, and their gradients.

`sizes` is (tables, planes, axis, inner, m, taps): x (tables * planes, axis, inner), `out` and `g`
(tables * planes, m, inner), `index` (int64) and `weight` (tables, m, taps), all flat and contiguous. A place outside
[0, axis) counts as nothing.
"""
from numpy.typing import NDArray

Sizes = tuple[int, int, int, int, int, int]

def taps(x: NDArray, index: NDArray, weight: NDArray, out: NDArray, sizes: Sizes, /) -> None:
    """``out[o, k, i] = sum over t of weight[o // planes, k, t] * x[o, index[o // planes, k, t], i]``."""

def taps_input(g: NDArray, index: NDArray, weight: NDArray, out: NDArray, sizes: Sizes, /) -> None:
    """out = the gradient of x."""

def taps_weight(g: NDArray, x: NDArray, index: NDArray, out: NDArray, sizes: Sizes, /) -> None:
    """out = the gradient of the weights."""

paddings: dict[str, int]

def points(
    grid: NDArray, index: NDArray, weight: NDArray, size: tuple[int, ...], padding: int, nearest: bool, align: bool, /) -> None:
    """The places and weights, (points, 2**n) or with `nearest` (points, 1), of a grid's points in images of a size.

    Weights are those of linear interpolation. A tap beyond the image is at -1, unless the point is NaN.
    """

def sample(
    x: NDArray, grid: NDArray, out: NDArray, sizes: Sizes, size: tuple[int, ...], padding: int, nearest: bool, align: bool, /
) -> None:
    """`taps` by the table that `points` makes of a grid; `inner` is 1."""
