"""Matrix products of float32 and float64, of any strides, single and batched."""
from numpy.typing import NDArray

def bmm(
    a: NDArray, b: NDArray, c: NDArray,
    batch: int, m: int, n: int, k: int,
    a_batch: int, a_row: int, a_col: int,
    b_batch: int, b_row: int, b_col: int,
    c_batch: int, c_row: int,
    alpha: float = 1, beta: float = 0,
    a_offset: int = 0, b_offset: int = 0, c_offset: int = 0, apart: bool = False, pairs: bool = False,
    /,
) -> None:
    """C[i] = alpha A[i] B[i] + beta C[i] for i < batch, A[i] (m, k), B[i] (k, n), C[i] (m, n).

    The buffers are flat and of one dtype. Element (r, s) of A[i] is `a[a_offset + i*a_batch + r*a_row + s*a_col]`,
    and of B[i] alike: a transposed operand has its strides exchanged, a broadcast one has batch stride 0. C's columns
    are contiguous and its matrices do not overlap. Strides and offsets are counted in elements and are not negative.
    With beta 0 C is not read. With `apart` C holds the Euclidean distances of A's rows and B's columns instead, whose
    differences are taken, so that they are exact where these are nearly equal. With `pairs`, for float32 where the module's
    `pairs` is true, an element of A or B is a pair of bfloat16 numbers, of which k / 2 follow each other. The
    result does not depend on the number of threads.
    """

#: Whether the processor multiplies pairs of bfloat16 numbers.
pairs: bool

def pair_rows(x: NDArray, out: NDArray, n: int, /) -> None:
    """Rows 2i and 2i + 1 of x, n elements of 16 bits each, as row i of pairs in `out`, float32."""

def cross(x: NDArray, y: NDArray, out: NDArray, inner: int, /) -> None:
    """Vector products of (outer, 3, inner) elements of float32."""

def pdist(x: NDArray, out: NDArray, n: int, /) -> None:
    """Euclidean distances of n rows, each pair (i, j > i) once; float32 or float64."""

def pdist_backward(g: NDArray, x: NDArray, distances: NDArray, out: NDArray, n: int, /) -> None:
    """The gradient of x, of `g` by pair or one number for all; pairs that are not apart have none."""

def blas_info() -> str:
    """What computes matrix products, for `show_config`."""
