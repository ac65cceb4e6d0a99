"""`lobpcg`: a few of a matrix's eigenvalues, the largest or the smallest."""

from __future__ import annotations

from lucid.ops.decompositions import eigh
from lucid.ops.factors import cholesky, solve_triangular
from lucid.tensor import Tensor

__all__ = ["lobpcg"]


def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None, n: int | None = None,
    iK: Tensor | None = None, niter: int | None = None, tol: float | None = None, largest: bool | None = None,
    method: str | None = None, tracker=None, ortho_iparams=None, ortho_fparams=None, ortho_bparams=None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    r"""The `k` largest or smallest eigenvalues of a symmetric matrix, and their vectors.

    They are taken from the whole decomposition, which is exact: there is no iteration that could be steered.

    Parameters
    ----------
    A : Tensor
        Of shape (\*batch, m, m), symmetric, floating.
    k : int, optional
        How many; by default as many as `X` has columns, or 1. At most a third of m.
    B : Tensor, optional
        Positive definite, of the shape of A: eigenvalues of :math:`A x = \lambda B x`.
    X : Tensor, optional
        Where PyTorch's iteration would begin: of shape (\*batch, m, at least k).
    n, iK, niter, tol, method, tracker, ortho_iparams, ortho_fparams, ortho_bparams : optional
        What steers it; not used.
    largest : bool, optional
        Whether the largest are meant (default) or the smallest.

    Returns
    -------
    tuple of Tensor
        The eigenvalues, of shape (\*batch, k), from the largest or the smallest on; and the vectors as columns.

    Raises
    ------
    AssertionError
        If a shape does not fit.
    ValueError
        If k is more than a third of m.

    Examples
    --------
    >>> values, vectors = lucid.lobpcg(lucid.diag(lucid.tensor([1.0, 5.0, 2.0, 4.0, 3.0, 6.0])), 2)
    >>> values
    Tensor([6.0, 5.0])
    """
    m = A.shape[-2]
    if A.shape[-1] != m:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    if k is None:
        k = 1 if X is None else X.shape[-1]
    if m < 3 * k:
        raise ValueError(f"LPBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than 3 x the number of "
                         f"requested eigenpairs (={k})")  # fmt: skip
    if X is not None and (len(X.shape) != len(A.shape) or X.shape[-2] != m):
        raise AssertionError(f"X shape mismatch: got {X.shape}, expected {(*A.shape[:-1], k)}")
    if B is not None:
        root = cholesky(B)
        A = solve_triangular(root, solve_triangular(root, A, upper=False).mT, upper=False).mT
    values, vectors = eigh(A)
    chosen = slice(None, k) if largest is False else slice(m - k, None)
    values, vectors = values[..., chosen], vectors[..., chosen]
    if largest is not False:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values, vectors if B is None else solve_triangular(root.mT, vectors, upper=True)
