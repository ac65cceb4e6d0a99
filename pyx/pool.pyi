"""Pooling in up to three dimensions: maximum and average, fixed and adaptive windows, and the gradients.

`x` and an input gradient's `out` are (planes, *size), results, `indices` and `g` (planes, *out_size), flat,
contiguous and of one dtype; planes are batch times channels. `size`, `kernel`, `stride`, `padding`, `dilation` and
`out_size` are tuples of three; lower dimensions come with leading sizes, kernels and strides of 1 and paddings of 0.
Ceil mode is in `out_size`. Maxima exist for every real dtype, averages for float32, float64 and (forward, fixed
windows) int64, dividing towards zero.
"""
from numpy.typing import NDArray

Triple = tuple[int, int, int]

def max_pool(
    x: NDArray, out: NDArray, indices: NDArray | None, planes: int,
    size: Triple, kernel: Triple, stride: Triple, padding: Triple, dilation: Triple, out_size: Triple,
    /,
) -> None:
    """Maximum of each window; `indices` (int64), if given, is its place in the plane.

    Of several maxima the first is taken, of several NaN the last.
    """

def max_pool_backward(
    g: NDArray, indices: NDArray, out: NDArray, planes: int, size: Triple, out_size: Triple, /) -> None:
    """out = g added up at `indices`; of fixed and adaptive windows alike. Indices outside the plane are ignored."""

def adaptive_max_pool(
    x: NDArray, out: NDArray, indices: NDArray | None, planes: int, size: Triple, out_size: Triple, /) -> None: ...
def avg_pool(
    x: NDArray, out: NDArray, planes: int,
    size: Triple, kernel: Triple, stride: Triple, padding: Triple, out_size: Triple,
    count_include_pad: bool = True, divisor_override: int = 0,
    /,
) -> None:
    """Mean of each window; a `divisor_override` other than 0 divides instead of the number of elements."""

def avg_pool_backward(
    g: NDArray, out: NDArray, planes: int,
    size: Triple, kernel: Triple, stride: Triple, padding: Triple, out_size: Triple,
    count_include_pad: bool = True, divisor_override: int = 0,
    /,
) -> None: ...
def adaptive_avg_pool(x: NDArray, out: NDArray, planes: int, size: Triple, out_size: Triple, /) -> None: ...
def adaptive_avg_pool_backward(g: NDArray, out: NDArray, planes: int, size: Triple, out_size: Triple, /) -> None: ...

def max_pool_at(
    x: NDArray, out: NDArray, indices: NDArray, starts: NDArray, planes: int, size: Triple, kernel: Triple, out_size: Triple, /) -> None:
    """Maximum of windows that each plane has its own of, of float32 and float64.

    `starts` (int64) holds for each plane where its windows start, `out_size[0]` places in the first dimension, then
    those in the second and third.
    """
