"""Orthogonal factorisations and spectra: singular values, eigenvalues, QR.

Gradients are made of operations; what depends on the arbitrary signs (phases) of singular vectors and eigenvectors has
none, and for complex phases that is an error, as in PyTorch.
"""

from __future__ import annotations

import numpy as np

from lucid import return_types
from lucid._kernels.core import recording, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.ops._blas import few_threads
from lucid.ops._doc import doc
from lucid.ops._frame import COMPLEX64, COMPLEX128, FLOAT32, FLOAT64, cast, tensor_argument
from lucid.ops.factors import solve_triangular
from lucid.ops.inverses import LAPACK, LinAlgError, called, factored, lapack, matrix, solve, square
from lucid.ops.joining import cat
from lucid.ops.linalg import adjoint
from lucid.ops.linalg import matmul as mul
from lucid.ops.shape import triu
from lucid.tensor import Tensor

UNCONVERGED, NO_SVD = "Eigenvalues did not converge", "SVD did not converge"


def _with_vectors(name: str, which: str, public, array: np.ndarray, failure: str):
    """A factorisation computed in double precision, as gradients of vectors divide by what may be small: differences of values."""
    found = factored(name, which, public, cast(array, COMPLEX128 if array.dtype.kind == "c" else FLOAT64), failure)
    if array.dtype in (FLOAT32, COMPLEX64):
        return tuple(cast(one, COMPLEX64 if one.dtype.kind == "c" else FLOAT32) for one in found)
    return found


@op("linalg.svd")
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out=None):
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
        If an element is not finite, or the iteration does not converge.

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
    return return_types.linalg_svd(*map(wrap, svd_arrays("linalg.svd", matrix("linalg.svd", A), full_matrices)))


def svd_arrays(name: str, array: np.ndarray, full_matrices: bool):
    """U, S and Vh."""
    if not np.isfinite(array).all():  # LAPACK's iteration may never end
        raise LinAlgError(f"{name}: The algorithm failed to converge because the input matrix contained non-finite values.")
    return _with_vectors(name, "svd_f" if full_matrices else "svd_s", lambda a: np.linalg.svd(a, full_matrices), array, NO_SVD)


@op("linalg.svdvals", composite=True, out="same")
@doc()
def svdvals(A: Tensor, *, driver=None, out=None) -> Tensor:
    r"""Singular values of matrices.

    Parameters
    ----------
    A : Tensor
        Of shape (..., m, n), floating or complex.
    driver : optional
        Has no effect: LAPACK's divide and conquer computes them.

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
    array = matrix("linalg.svdvals", A)
    if recording((A,)):
        return svd(A, False)[1]
    return wrap(factored("linalg.svdvals", "svd", lambda a: np.linalg.svd(a, compute_uv=False), array, NO_SVD))


def _svd_backward(g, full_matrices, out):
    gu, gs, gvh = g
    u, s, vh = out
    k = s.array.shape[-1]
    if full_matrices:  # beyond the first min(m, n) singular vectors there is no gradient
        gu, u = gu if gu is None else gu.narrow(-1, 0, k), u.narrow(-1, 0, k)
        gvh, vh = gvh if gvh is None else gvh.narrow(-2, 0, k), vh.narrow(-2, 0, k)
    if gu is None and gvh is None:
        return mul(u * gs.unsqueeze(-2).to(u.dtype), vh)
    complex_ = u.dtype.is_complex
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
    if complex_:
        turning = Supplied.zeros((), u.dtype) if gu is None else mul(adjoint(u), gu)
        _check_phase("linalg.svd", "singular vectors", turning if gvh is None else turning + mul(vh, adjoint(gvh)))
    if complex_ and gu is not None:
        phase = mul(adjoint(u), gu).diagonal(0, -2, -1).imag / s
        inner = inner + (phase * 1j).diag_embed()
    if gs is not None:
        inner = inner + gs.to(inner.dtype).diag_embed()
    result = mul(mul(u, inner), vh)
    m, n = u.array.shape[-2], vh.array.shape[-1]
    if m > k and gu is not None:
        rest = gu / s.unsqueeze(-2)
        result = result + mul(rest - mul(u, mul(adjoint(u), rest)), vh)
    if n > k and gvh is not None:
        rest = gvh / s.unsqueeze(-1)
        result = result + mul(u, rest - mul(mul(rest, adjoint(vh)), vh))
    return result


svd.vjp(A=_svd_backward)


# ------------------------------------------------------------------------------------------------ eigenvalues


def _check_phase(name: str, vectors: str, product: Tensor) -> None:
    """Raise RuntimeError where a loss, by its gradient's product with the vectors, depends on their complex phases."""
    turning = product.array.diagonal(0, -2, -1).imag
    if not (abs(turning) <= 1e-2).all():
        raise RuntimeError(
            f"{name}_backward: The {vectors} in the complex case are specified up to multiplication by e^{{i phi}}. The "
            f"specified loss function depends on this quantity, so it is ill-defined."
        )


def _with_diagonal(matrix: Tensor, diagonal: Tensor | None) -> Tensor:
    """The matrix with another diagonal; None stands for zeros."""
    n = matrix.array.shape[-1]
    matrix = matrix * wrap(1 - np.eye(n, dtype=matrix.array.real.dtype))
    return matrix if diagonal is None else matrix + diagonal.to(matrix.dtype).diag_embed()


def _gaps(values: Tensor) -> Tensor:
    """Differences of all pairs, the column's value first; 1 where it would be of one with itself."""
    eye = np.eye(values.array.shape[-1], dtype=values.array.real.dtype)
    return values.unsqueeze(-2) - values.unsqueeze(-1) + wrap(eye)


def _hermitian(A: Tensor, UPLO: str) -> tuple[np.ndarray, str]:
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    if not tensor_argument("linalg.eigh", A, argument="A").array.size and A.dtype.kind < 2:
        return A.array, "lo"  # PyTorch looks at the dtype when there is something to compute
    return square("linalg.eigh", A, NotImplementedError), "lo" if UPLO in "Ll" else "up"


def _of_kind(found: np.ndarray, array: np.ndarray) -> Tensor:
    """What was found for an array; of no elements of integers, integers."""
    return wrap(cast(found, array.dtype) if array.dtype.kind in "biu" else found)


@op("linalg.eigh")
@doc("A = V\\, \\mathrm{diag}(L)\\, V^H",
     "V \\left( \\mathrm{diag}(g_L) + \\frac{\\mathrm{skew}(V^H g_V)}{E} \\right) V^H, \\quad E_{ij} = L_j - L_i",
     gives="return_types.linalg_eigh", returns="`eigenvalues`, real and ascending, of shape (..., n), and `eigenvectors` in columns, unitary.",
     A="Tensor: Symmetric (Hermitian) matrices, of shape (..., n, n).",
     UPLO="str, optional: Which triangle is read: 'L' (default) or 'U'.",
     out="tuple of two Tensors, optional: Where the results are written.",
     raises="RuntimeError: the matrices are not square\nLinAlgError: the iteration does not converge")  # fmt: skip
def eigh(A: Tensor, UPLO: str = "L", *, out=None):
    """Eigenvalues and eigenvectors of symmetric (Hermitian) matrices.

    The gradient exists as far as the eigenvalues differ and nothing depends on the arbitrary signs (phases) of the
    eigenvectors.

    >>> lucid.linalg.eigh(lucid.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Tensor([1.0, 2.0])
    """
    array, triangle = _hermitian(A, UPLO)
    return return_types.linalg_eigh(*(_of_kind(one, array) for one in eigh_arrays("linalg.eigh", array, triangle)))


def eigh_arrays(name: str, array: np.ndarray, triangle: str = "lo"):
    """Eigenvalues and eigenvectors, by the lower or the upper (up) triangle."""
    return _with_vectors(name, f"eigh_{triangle}", lambda a: np.linalg.eigh(a, triangle[0]), array, UNCONVERGED)


def _eigh_backward(g, out):
    g_values, g_vectors = g
    values, v = out
    if g_vectors is None:
        return mul(v * g_values.unsqueeze(-2).to(v.dtype), adjoint(v))
    product = mul(adjoint(v), g_vectors)
    if v.dtype.is_complex:
        _check_phase("linalg.eigh", "eigenvectors", product)
    skew = (product - adjoint(product)) * 0.5
    inner = _with_diagonal(skew / _gaps(values).to(skew.dtype), g_values)
    return mul(v, mul(inner, adjoint(v)))


eigh.vjp(A=_eigh_backward)


@op("linalg.eigvalsh", composite=True, out="same")
@doc("A = V\\, \\mathrm{diag}(out)\\, V^H", "V\\, \\mathrm{diag}(g)\\, V^H", returns="Of shape (..., n); real, ascending.",
     A="Tensor: Symmetric (Hermitian) matrices, of shape (..., n, n).",
     UPLO="str, optional: Which triangle is read: 'L' (default) or 'U'.",
     raises="RuntimeError: the matrices are not square\nLinAlgError: the iteration does not converge")  # fmt: skip
def eigvalsh(A: Tensor, UPLO: str = "L", *, out=None) -> Tensor:
    """Eigenvalues of symmetric (Hermitian) matrices.

    >>> lucid.linalg.eigvalsh(lucid.tensor([[2.0, 0.0], [0.0, 1.0]]))
    Tensor([1.0, 2.0])
    """
    array, triangle = _hermitian(A, UPLO)
    if recording((A,)):
        return eigh(A, UPLO)[0]
    found = factored("linalg.eigvalsh", f"eigvalsh_{triangle}", lambda a: np.linalg.eigvalsh(a, triangle[0]), array, UNCONVERGED)
    return _of_kind(found, array)


def _finite(name: str, A: Tensor) -> np.ndarray:
    array = square(name, A)
    if not np.isfinite(array).all():
        raise LinAlgError(f"{name}: Array must not contain infs or NaNs")
    return array


def _as_complex(array: np.ndarray, like: np.ndarray) -> Tensor:
    return wrap(cast(array, COMPLEX64 if like.dtype in (FLOAT32, COMPLEX64) else COMPLEX128))


@op("linalg.eig", out="cast all")
@doc("A V = V\\, \\mathrm{diag}(L)",
     "V^{-H} \\left( \\mathrm{diag}(g_L) + \\frac{V^H g_V - V^H V\\, \\mathrm{diag}(\\Re(V^H g_V))}{\\bar E} \\right) V^H, "
     "\\quad E_{ij} = L_j - L_i",
     gives="return_types.linalg_eig", returns="`eigenvalues` of shape (..., n), in no order, and `eigenvectors` in columns, of length 1. "
                                              "Both complex.",
     A="Tensor: Square matrices, of shape (..., n, n).", out="tuple of two Tensors, optional: Where the results are written.",
     raises="RuntimeError: the matrices are not square\nLinAlgError: an element is not finite, or the iteration does not converge")  # fmt: skip
def eig(A: Tensor, *, out=None):
    """Eigenvalues and eigenvectors of square matrices.

    The gradient exists as far as the eigenvalues differ and nothing depends on the arbitrary phases of the eigenvectors.

    >>> lucid.linalg.eig(lucid.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Tensor([2.0+0.0j, 1.0+0.0j])
    """
    array = _finite("linalg.eig", A)
    found = _with_vectors("linalg.eig", "eig", np.linalg.eig, array, UNCONVERGED)
    return return_types.linalg_eig(*(_as_complex(one, array) for one in found))


def _eig_backward(g, out):
    g_values, g_vectors = g
    values, v = out
    h = adjoint(v)
    if g_vectors is None:
        return solve(h, g_values.unsqueeze(-1) * h)
    product = mul(h, g_vectors)
    _check_phase("linalg.eig", "eigenvectors", product)
    lengths = product.diagonal(0, -2, -1).real.unsqueeze(-2)
    inner = product - mul(h, v * lengths.to(v.dtype))
    return solve(h, mul(_with_diagonal(inner / _gaps(values).conj(), g_values), h))


eig.vjp(A=_eig_backward)


@op("linalg.eigvals", composite=True)
@doc("A V = V\\, \\mathrm{diag}(out)", "V^{-H}\\, \\mathrm{diag}(g)\\, V^H", returns="Of shape (..., n); complex, in no order.",
     A="Tensor: Square matrices, of shape (..., n, n).",
     raises="RuntimeError: the matrices are not square\nLinAlgError: an element is not finite, or the iteration does not converge")  # fmt: skip
def eigvals(A: Tensor, *, out=None) -> Tensor:
    """Eigenvalues of square matrices.

    >>> lucid.linalg.eigvals(lucid.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    Tensor([0.0+1.0j, 0.0-1.0j])
    """
    array = _finite("linalg.eigvals", A)
    if recording((A,)):
        return eig(A)[0]
    return _as_complex(factored("linalg.eigvals", "eigvals", np.linalg.eigvals, array, UNCONVERGED), array)


# ------------------------------------------------------------------------------------------------ QR


@op("linalg.qr")
@doc("A = Q R", "\\left( g_Q + Q\\, \\mathrm{herm}(R\\, g_R^H - g_Q^H Q) \\right) R^{-H}", gives="return_types.linalg_qr",
     returns="`Q`, with orthonormal columns, and `R`, upper triangular: (..., m, k) and (..., k, n) of k = min(m, n), "
     "or (..., m, m) and (..., m, n).", A="Tensor: Of shape (..., m, n), floating or complex.",
     mode="str, optional: 'reduced' (default), 'complete', or 'r', which leaves Q empty.",
     out="tuple of two Tensors, optional: Where the factors are written.",
     raises="RuntimeError: `A` has less than two dimensions, or the mode is another")  # fmt: skip
def qr(A: Tensor, mode: str = "reduced", *, out=None):
    """QR factorisation of matrices.

    In the gradient herm takes the lower triangle of a matrix and mirrors it. It exists for `mode='reduced'` where the
    first min(m, n) columns are independent.

    >>> lucid.linalg.qr(lucid.tensor([[0.0, 2.0], [1.0, 0.0]])).R.abs()
    Tensor([[1.0, 0.0],
            [0.0, 2.0]])
    """
    array = matrix("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    q, r = qr_arrays("linalg.qr", array, mode)
    return return_types.linalg_qr(wrap(q), wrap(r))


def qr_arrays(name: str, array: np.ndarray, mode: str = "reduced"):
    """Q and R."""
    m, n = array.shape[-2:]
    complete = mode == "complete" and m > n
    if not hasattr(LAPACK, "qr_r_raw"):
        q, r = called(name, np.linalg.qr, array, "complete" if complete else "reduced")
    else:
        r = array.astype(COMPLEX128 if array.dtype.kind == "c" else FLOAT64, "C")  # which NumPy has alone
        with few_threads(array.shape):
            tau = LAPACK.qr_r_raw(r)
            q = None if mode == "r" else (LAPACK.qr_complete if complete else LAPACK.qr_reduced)(r, tau)
    r = triu.op.forward(wrap(cast(r if complete else r[..., :n, :], array.dtype))).array
    return np.empty(0, array.dtype) if mode == "r" else cast(q, array.dtype), r


def _qr_backward(g, mode, out):
    gq, gr = g
    q, r = out
    if mode == "r":
        raise RuntimeError("The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                           "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr.")  # fmt: skip
    m, n = q.array.shape[-2], r.array.shape[-1]
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    rest = None
    if n > m:  # the columns beyond the first m are Q R2: theirs is R2's gradient, and part of Q's
        r, r_rest = r.narrow(-1, 0, m), r.narrow(-1, m, n - m)
        rest = Supplied.zeros((*q.array.shape[:-1], n - m), q.dtype)
        if gr is not None:
            gr, gr_rest = gr.narrow(-1, 0, m), gr.narrow(-1, m, n - m)
            rest = mul(q, gr_rest)
            more = mul(mul(q, r_rest), adjoint(gr_rest))
            gq = more if gq is None else gq + more
    inner = None if gr is None else mul(gr, adjoint(r))
    if gq is not None:
        part = mul(adjoint(q), gq)
        inner = -part if inner is None else inner - part
    upper = inner.triu(1)
    diagonal = inner.diagonal(0, -2, -1)
    result = mul(q, upper + adjoint(upper) + (diagonal.real if diagonal.is_complex() else diagonal).diag_embed())
    result = solve_triangular(adjoint(r), result if gq is None else gq + result, upper=False, left=False)
    return result if rest is None else cat([result, rest], -1)


qr.vjp(A=_qr_backward)


@op("qr", composite=True)
@doc("A = Q R", gives="return_types.qr", returns="`Q`, with orthonormal columns, and `R`, upper triangular.",
     input_="Tensor: Of shape (..., m, n), floating or complex.",
     some="bool, optional: The first min(m, n) columns of Q alone (default), or all.",
     out="tuple of two Tensors, optional: Where the factors are written.")  # fmt: skip
def torch_qr(input_: Tensor, some: bool = True, *, out=None):
    """QR factorisation of matrices; `linalg.qr` says `mode` for what is `some` here.

    >>> lucid.qr(lucid.eye(2)).Q.shape
    lucid.Size([2, 2])
    """
    return return_types.qr(qr(input_, "reduced" if some else "complete"))


@op("svd", composite=True)
@doc("A = U\\, \\mathrm{diag}(S)\\, V^H", gives="return_types.svd", returns="`U`, `S` and `V`; `linalg.svd` gives the adjoint of V.",
     input_="Tensor: Of shape (..., m, n), floating or complex.",
     some="bool, optional: The first min(m, n) columns of U and V alone (default), or all.",
     compute_uv="bool, optional: False leaves U and V zero.",
     out="tuple of three Tensors, optional: Where the factors are written.")  # fmt: skip
def torch_svd(input_: Tensor, some: bool = True, compute_uv: bool = True, *, out=None):
    """Singular value decomposition of matrices.

    >>> lucid.svd(lucid.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    Tensor([4.0, 3.0])
    """
    array = matrix("linalg.svd", input_)
    if compute_uv:
        u, s, vh = svd(input_, not some)
        return return_types.svd(u, s, adjoint(vh).contiguous())
    *batch, m, n = array.shape
    return return_types.svd(Supplied.zeros((*batch, m, m), input_.dtype), svdvals(input_), Supplied.zeros((*batch, n, n), input_.dtype))


@op("geqrf", gradient=NotImplementedError, out="cast all")
@doc("A = Q R", gives="return_types.geqrf",
     returns="`a`, with R on and above the diagonal and the reflections' vectors below it, and `tau`, their factors.",
     input_="Tensor: Of shape (..., m, n), floating or complex.",
     out="tuple of two Tensors, optional: Where the results are written.")  # fmt: skip
def geqrf(input_: Tensor, *, out=None):
    """QR factorisation of matrices as LAPACK leaves it: Q as Householder reflections; see `linalg.householder_product`.

    >>> lucid.geqrf(lucid.tensor([[3.0], [4.0]])).a
    Tensor([[-5.0],
            [0.5]])
    """
    array = tensor_argument("geqrf", input_).array
    if array.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    lapack("geqrf", input_, NotImplementedError)
    h, tau = called("geqrf", np.linalg.qr, array, "raw")
    return return_types.geqrf(wrap(np.ascontiguousarray(h, array.dtype).swapaxes(-1, -2)), wrap(np.ascontiguousarray(tau, array.dtype)))


