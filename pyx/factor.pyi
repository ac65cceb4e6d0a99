"""LU and LDL factorisations, Cholesky's, and triangular systems, of float32, float64, complex64 and complex128.

All buffers are flat and hold a batch of matrices row by row; they are overwritten.
"""
from numpy.typing import NDArray

def lu(a: NDArray, pivots: NDArray, info: NDArray, batch: int, m: int, n: int, lo: int, hi: int, /) -> None:
    """Factor the columns `lo` to `hi` of (batch, m, n) matrices, exchanging whole rows, and divide what stands beside
    the block by its unit lower triangle. What lies below both is the caller's to update.

    `pivots` (batch, min(m, n)) counts from 1; `info` (batch), zeros at first, gets the first column without a pivot.
    """

def triangular(a: NDArray, x: NDArray, batch: int, n: int, k: int, lo: int, hi: int, upper: bool, unit: bool, /) -> None:
    """Solve for the rows `lo` to `hi` of x, (batch, n, k), by the block of a, (batch, n, n), on those rows and columns."""

def cholesky(a: NDArray, info: NDArray, batch: int, n: int, /) -> None:
    """The lower factors over the lower triangles; `info` gets the first pivot, from 1, that is not positive, or 0."""

def ldl(a: NDArray, pivots: NDArray, info: NDArray, work: NDArray, batch: int, n: int, hermitian: bool, /) -> None:
    """Bunch and Kaufman's factorisation over the lower triangles; `work` holds 2 n elements."""

def ldl_solve(a: NDArray, pivots: NDArray, x: NDArray, batch: int, n: int, k: int, hermitian: bool, /) -> None:
    """Solve by such factors, x (batch, n, k) in place. ValueError where a pivot is none."""
