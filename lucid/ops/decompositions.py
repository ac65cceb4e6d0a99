"""Factorisations beyond solving: singular values.

A factorisation's gradient is `_svd_backward`, made of operations; what depends on the arbitrary signs (phases) of singular
vectors has no gradient, as in PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lucid._kernels.core import wrap
from lucid.autograd.op import op
from lucid.ops.linalg import adjoint, called, lapack
from lucid.ops.linalg import matmul as mul
from lucid.tensor import Tensor


class SvdResult(NamedTuple):
    """The factors of a matrix: ``A = U diag(S) Vh``."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _checked(name: str, A: Tensor) -> np.ndarray:
    array = lapack(name, A)
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    return array


@op("linalg.svd")
def svd(A: Tensor, full_matrices: bool = True, *, driver=None, out=None):
    r"""Singular value decomposition of matrices.

    Parameters
    ----------
    A : Tensor
        Of shape (..., m, n), floating or complex.
    full_matrices : bool, optional
        Square U and Vh (default), else their first k = min(m, n) columns and rows. The others have no gradient.
    driver : optional
        Has no effect: LAPACK's divide and conquer computes it.
    out : tuple of three Tensors, optional
        Where the factors are written.

    Returns
    -------
    U : Tensor
        Of shape (..., m, m), or (..., m, k); unitary.
    S : Tensor
        Of shape (..., k): the singular values, real, descending.
    Vh : Tensor
        Of shape (..., n, n), or (..., k, n); unitary.

    Raises
    ------
    RuntimeError
        If `A` has less than two dimensions.
    LinAlgError
        If the iteration does not converge.

    Notes
    -----
    .. math:: A = U\, \mathrm{diag}(S)\, V^H

    Gradient, from those of the factors; it exists as far as the singular values differ and nothing depends on the
    arbitrary signs (phases) of the singular vectors:

    .. math::
        U \left( \mathrm{diag}(g_S) + \frac{\mathrm{skew}(U^H g_U)}{E} S + S \frac{\mathrm{skew}(V^H g_V)}{E} \right) V^H,
        \quad E_{ij} = S_j^2 - S_i^2

    and for what lies outside of the spaces that U and V span, :math:`(1 - U U^H) g_U S^{-1} V^H` and its like for V.

    Examples
    --------
    >>> lucid.linalg.svd(lucid.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    Tensor([4.0, 3.0])
    """
    factors = called("linalg.svd", np.linalg.svd, _checked("linalg.svd", A), full_matrices)
    return SvdResult(*(wrap(np.ascontiguousarray(one)) for one in factors))


@op("linalg.svdvals", out="same")
def svdvals(A: Tensor, *, driver=None, out=None) -> Tensor:
    r"""Singular values of matrices.

    Parameters
    ----------
    A : Tensor
        Of shape (..., m, n), floating or complex.
    driver : optional
        Has no effect: LAPACK's divide and conquer computes them.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of shape (..., min(m, n)); real, descending.

    Raises
    ------
    RuntimeError
        If `A` has less than two dimensions.
    LinAlgError
        If the iteration does not converge.

    Notes
    -----
    .. math:: A = U\, \mathrm{diag}(out)\, V^H

    Gradient, from that of the result :math:`g`:

    .. math:: U\, \mathrm{diag}(g)\, V^H

    Examples
    --------
    >>> lucid.linalg.svdvals(lucid.tensor([[3.0, 0.0], [0.0, 4.0]]))
    Tensor([4.0, 3.0])
    """
    array = _checked("linalg.svdvals", A)
    return wrap(np.ascontiguousarray(called("linalg.svdvals", np.linalg.svd, array, compute_uv=False)))


def _svdvals_backward(g, A):
    u, _, vh = svd(A, False)
    return mul(u * g.unsqueeze(-2).to(u.dtype), vh)


svdvals.vjp(A=_svdvals_backward)


def _svd_backward(g, A, full_matrices, out):
    gu, gs, gvh = g
    u, s, vh = out
    k = s.array.shape[-1]
    if full_matrices:  # beyond the first min(m, n) singular vectors there is no gradient
        gu, u = gu if gu is None else gu.narrow(-1, 0, k), u.narrow(-1, 0, k)
        gvh, vh = gvh if gvh is None else gvh.narrow(-2, 0, k), vh.narrow(-2, 0, k)
    if gu is None and gvh is None:
        return mul(u * gs.unsqueeze(-2).to(u.dtype), vh)
    complex_ = A.dtype.is_complex
    squares = s * s
    gaps = squares.unsqueeze(-2) - squares.unsqueeze(-1)
    gaps = gaps + wrap(np.eye(k, dtype=gaps.array.dtype))
    inner = None
    if gu is not None:
        skew = mul(adjoint(u), gu)
        inner = (skew - adjoint(skew)) / gaps * s.unsqueeze(-2)
    if gvh is not None:
        skew = mul(vh, adjoint(gvh))
        part = s.unsqueeze(-1) * ((skew - adjoint(skew)) / gaps)
        inner = part if inner is None else inner + part
    if complex_ and gu is not None:
        phase = mul(adjoint(u), gu).diagonal(0, -2, -1).imag / s
        inner = inner + (phase * 1j).diag_embed()
    if gs is not None:
        inner = inner + gs.to(inner.dtype).diag_embed()
    result = mul(mul(u, inner), vh)
    m, n = A.array.shape[-2:]
    if m > k and gu is not None:
        rest = gu / s.unsqueeze(-2)
        result = result + mul(rest - mul(u, mul(adjoint(u), rest)), vh)
    if n > k and gvh is not None:
        rest = gvh / s.unsqueeze(-1)
        result = result + mul(u, rest - mul(mul(rest, adjoint(vh)), vh))
    return result


svd.vjp(A=_svd_backward)
