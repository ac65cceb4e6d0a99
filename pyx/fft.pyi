"""Discrete Fourier transforms along one axis, of float32 and float64 (`wide`). All buffers are contiguous."""
from numpy.typing import NDArray

def transform(
    x: NDArray, out: NDArray, kind: int, wide: bool, inverse: bool, full: int, rows: int, n: int, mid: int, inner: int,
    width: int, scale: float, /,
) -> None:
    """Transform along an axis of n between `rows` and what lies within it, and multiply by `scale`.

    Of `kind` 0 complex numbers to as many, of shape (rows, n, mid, width), of the last of which `inner` are used; `out` may
    be x. Of kind 1 real numbers (rows, n, inner) to the first n // 2 + 1 of their spectrum, forward; with `full` there is room
    in `out` for n, and 2 also fills it where inner is 1. Of kind 2 back from n // 2 + 1 to n real numbers, inverse.

    Raises
    ------
    ValueError
        If a buffer is not as long as the sizes say.
    """

def mirror(out: NDArray, wide: bool, shape: tuple[int, ...], dims: tuple[int, ...], /) -> None:
    """Fill the spectrum over `dims` (ascending) of real numbers, of which the first half along the last of them is there."""
