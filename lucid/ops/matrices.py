"""Functions of matrices that stand on their factorisations: pseudoinverse, rank, condition, least squares, exponential,
and approximations of low rank.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes, return_types
from lucid._kernels.core import wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._blas import few_threads
from lucid.ops._doc import doc
from lucid.ops._frame import (
    COMPLEX128,
    FLOAT64,
    broadcast_shapes,
    cast,
    is_coarse,
    is_half,
    same_dtype,
    tensor_argument,
)
from lucid.ops.creation import zeros
from lucid.ops.decompositions import eigh_arrays, eigvalsh, qr, qr_arrays, svd, svd_arrays, svdvals
from lucid.ops.factors import inv_ex, triangular
from lucid.ops.inverses import called, matrix, square_shape
from lucid.ops.joining import cat
from lucid.ops.linalg import adjoint, matmul
from lucid.ops.magnitude import where
from lucid.ops.norms import matrix_norm, vector_norm
from lucid.ops.random import randn
from lucid.tensor import Tensor, check_dim

MATRIX = "Tensor: Of shape (..., m, n), floating or complex."
ATOL = "float or Tensor, optional: What counts as zero. Default: 0."
RTOL = "float or Tensor, optional: What counts as zero relative to the largest singular value. Default: epsilon times max(m, n), or 0 with `atol`."
HERMITIAN = "bool, optional: The matrices are symmetric (Hermitian); the lower triangle is read. Default: False."


def _tolerance(name: str, largest: np.ndarray, shape: tuple, atol, rtol) -> np.ndarray:
    """What singular values count as zero, given the largest of each matrix."""
    for which, one in (("atol", atol), ("rtol", rtol)):
        if isinstance(one, Tensor) and one.dtype.is_complex:
            raise RuntimeError(f"{name}: {which} tensor of complex type is not supported. Got {torch_name(one.dtype)}")
    absolute = atol.array if isinstance(atol, Tensor) else np.asarray(atol or 0.0, largest.dtype)
    if rtol is None:
        rtol = np.finfo(largest.dtype).eps * max(shape[-2:])
        relative = np.where(absolute > 0, 0.0, rtol).astype(largest.dtype)
    else:
        relative = rtol.array if isinstance(rtol, Tensor) else np.asarray(rtol, largest.dtype)
    return np.maximum(absolute, relative * largest)


# ------------------------------------------------------------------------------------------------ pseudoinverse


@op("linalg.pinv")
@doc("A\\, out\\, A = A, \\quad out\\, A\\, out = out",
     "-P^H g P^H + (1 - A P) g^H P P^H + P^H P g^H (1 - P A), \\quad P = out", returns="Of shape (..., n, m).", A=MATRIX,
     rcond="float or Tensor, optional: `rtol` by its older name.", hermitian=HERMITIAN, atol=ATOL, rtol=RTOL,
     raises="RuntimeError: `A` has less than two dimensions")  # fmt: skip
def pinv(
    A: Tensor,
    rcond: float | Tensor | None = None,
    hermitian: bool = False,
    *,
    atol: float | Tensor | None = None,
    rtol: float | Tensor | None = None,
    out=None,
) -> Tensor:
    """Pseudoinverse of Moore and Penrose. The gradient exists where the rank does not change.

    >>> lucid.linalg.pinv(lucid.tensor([[2.0, 0.0], [0.0, 0.0]]))
    Tensor([[0.5, 0.0],
            [0.0, 0.0]])
    """
    array = matrix("linalg.pinv", A, RuntimeError)
    rtol = rcond if rtol is None else rtol
    *batch, m, n = array.shape
    if not array.size:
        if hermitian:
            square_shape("linalg.eigh", A)
        return matmul(zeros(*batch, n, min(m, n), dtype=A.dtype), zeros(*batch, min(m, n), m, dtype=A.dtype))
    if hermitian:
        square_shape("linalg.eigh", A)
        values, v = eigh_arrays("linalg.pinv", array)
        u, sizes = v, abs(values)
        largest = sizes.max(-1, initial=0, keepdims=True)[..., 0]
    else:
        u, values, vh = svd_arrays("linalg.pinv", array, False)
        v, sizes, largest = vh.swapaxes(-1, -2).conj(), values, values[..., 0]
    kept = sizes > _tolerance("torch.linalg.pinv", largest, array.shape, atol, rtol)[..., None]
    with np.errstate(all="ignore"):
        inverse = np.where(kept, 1 / values, 0).astype(array.dtype)
        return matmul(wrap(v * inverse[..., None, :]), wrap(u.swapaxes(-1, -2).conj()))  # which autocast casts


def _pinv_backward(g, A, out):
    """The gradient of a pseudoinverse, from that and the matrix."""
    g, out = g.to(A.dtype), out.to(A.dtype)  # autocast's are in half precision
    h, gh = adjoint(out), adjoint(g)
    k = matmul(h, out)  # P^H P
    first = matmul(gh, matmul(out, h))
    second = matmul(k, gh)
    return -matmul(h, matmul(g, h)) + first - matmul(A, matmul(out, first)) + second - matmul(matmul(second, out), A)


pinv.vjp(A=lambda g, A, out: _pinv_backward(g, A, out))


@op("pinverse", composite=True)
@doc("A\\, out\\, A = A, \\quad out\\, A\\, out = out", returns="Of shape (..., n, m).", input_=MATRIX,
     rcond="float, optional: What counts as zero relative to the largest singular value. Default: 1e-15.")  # fmt: skip
def pinverse(input_: Tensor, rcond: float = 1e-15) -> Tensor:
    """Pseudoinverse of Moore and Penrose; `linalg.pinv` with another default.

    >>> lucid.pinverse(lucid.tensor([[2.0, 0.0]]))
    Tensor([[0.5],
            [0.0]])
    """
    return pinv(input_, rcond)


# ------------------------------------------------------------------------------------------------ rank and condition


@op("linalg.matrix_rank", gradient=False)
@doc("out = \\#\\{i : \\sigma_i > \\max(atol, rtol\\, \\sigma_1)\\}", returns="Of shape (...), int64.", A=MATRIX,
     tol="float or Tensor, optional: `atol` by its older name; `rtol` is then 0.", hermitian=HERMITIAN, atol=ATOL, rtol=RTOL,
     raises="RuntimeError: `A` has less than two dimensions")  # fmt: skip
def matrix_rank(
    A: Tensor,
    tol: float | Tensor | None = None,
    hermitian: bool = False,
    *,
    atol: float | Tensor | None = None,
    rtol: float | Tensor | None = None,
    out=None,
) -> Tensor:
    """Numerical rank of matrices: how many singular values are not zero.

    >>> lucid.linalg.matrix_rank(lucid.tensor([[1.0, 2.0], [2.0, 4.0]]))
    Tensor(1)
    """
    name = "torch.linalg.matrix_rank"
    array = tensor_argument("linalg.matrix_rank", A, argument="A").array
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor input must have at least 2 dimensions.")
    if A.dtype.kind < 2 or is_coarse(A.dtype):
        raise RuntimeError("This function doesn't handle types other than float and double")
    if tol is not None:
        atol, rtol = tol, 0.0
    if hermitian and array.size:
        values = abs(eigvalsh.op.forward(A).array)
    else:
        values = svdvals.op.forward(A).array if array.size else np.zeros((*array.shape[:-2], 0), array.real.dtype)
    largest = values.max(-1, initial=0)
    limit = _tolerance(name, largest, array.shape, atol, rtol)
    if not array.size:
        return wrap(np.zeros(largest.shape, np.int64))
    return wrap(np.asarray((values > limit[..., None]).sum(-1), np.int64))


@op("linalg.cond", composite=True)
@doc("out = \\|A\\|_p\\, \\|A^{-1}\\|_p", returns="Of shape (...), real.",
     A="Tensor: Of shape (..., m, n); square ones for norms other than 2 and -2.",
     p="number or str, optional: Which norm: 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2. Default: 2, the ratio of the singular values.",
     raises="RuntimeError: `A` has less than two dimensions, or there is no such norm")  # fmt: skip
def cond(A: Tensor, p=None, *, out=None) -> Tensor:
    """Condition numbers of matrices; infinite for singular ones.

    >>> lucid.linalg.cond(lucid.tensor([[2.0, 0.0], [0.0, 1.0]]))
    Tensor(2.0)
    """
    array = tensor_argument("linalg.cond", A, argument="A").array
    p = int(p) if isinstance(p, bool) else p
    if array.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p not in (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if not array.size:
        return zeros(array.shape[:-2], dtype=A.dtype.to_real() if A.dtype.is_complex else A.dtype)
    if p in (None, 2, -2):
        values = svdvals(A)
        first, last = values.narrow(-1, 0, 1).squeeze(-1), values.narrow(-1, values.shape[-1] - 1, 1).squeeze(-1)
        return last / first if p == -2 else first / last
    square_shape(f"linalg.cond(ord={p})", A)
    if p == "nuc":
        values = svdvals(A)
        return values.sum(-1) * values.reciprocal().sum(-1)
    inverse, info = inv_ex(A)
    result = matrix_norm(A, p) * matrix_norm(inverse, p)
    return result.masked_fill(wrap(np.asarray(info.array != 0)), math.inf) if info.array.any() else result


# ------------------------------------------------------------------------------------------------ least squares


DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@op("linalg.lstsq", composite=True, out="cast all")
@doc("out = \\arg\\min_X \\|A X - B\\|_F",
     "g_B = A^{+H} g, \\quad g_A \\text{ as that of } A^+ \\text{, from } g B^H", gives="return_types.linalg_lstsq",
     returns="`solution` (..., n, k), of least norm where there are many; `residuals` (..., k), the squared norms of A X - B, empty unless m > n "
     "and every rank is n; `rank` (...), except of 'gels'; `singular_values` (..., min(m, n)) of 'gelsd' and 'gelss'.", A=MATRIX,
     B="Tensor: Of shape (..., m, k), or (..., m).", rcond="float, optional: What counts as zero relative to the largest singular value. "
     "Default: epsilon times max(m, n).",
     driver="{'gelsy', 'gels', 'gelsd', 'gelss'}, optional: 'gels' takes A to be of full rank and uses QR, the others singular values.",
     out="tuple of four Tensors, optional: Where the results are written.",
     raises="RuntimeError: the shapes do not fit, or there is no such driver")  # fmt: skip
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None, out=None):
    """Least squares solutions of linear systems.

    >>> lucid.linalg.lstsq(lucid.tensor([[2.0], [0.0]]), lucid.tensor([[4.0], [1.0]])).solution
    Tensor([[2.0]])
    """
    name = "torch.linalg.lstsq"
    a, b = tensor_argument(name, A, argument="input").array, tensor_argument(name, B, 2, "other").array
    if a.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if b.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if A.dtype is not B.dtype:
        raise RuntimeError(f"{name}: Expected input and other to have the same dtype, but got input's dtype {torch_name(A.dtype)} and "
                           f"other's dtype {torch_name(B.dtype)}")  # fmt: skip
    vector = b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])
    if (b.shape[-1] if vector else b.shape[-2]) != a.shape[-2]:
        raise RuntimeError(f"{name}: input.size(-2) should match other.size(-{1 if vector else 2})")
    if driver not in (None, *DRIVERS):
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    if A.dtype.kind < 2 or is_coarse(A.dtype):
        raise RuntimeError("This function doesn't handle types other than float and double")
    driver = driver or "gelsy"
    columns = B.unsqueeze(-1) if vector else B
    *batch, m, n = a.shape
    empty = not (a.size and b.size)  # nothing is computed, and all there is to say is 0
    if driver == "gelsd" and rcond is not None and not 0 < rcond < 1:  # which LAPACK takes for the precision
        rcond = np.finfo(a.dtype).eps / 2
    factors = None if empty or driver not in ("gels", "gelsy") else _full_rank(a, rcond, driver == "gels")
    with few_threads(a.shape):
        x = _least(A, columns, rcond, factors)
    real = dtypes.from_numpy_dtype(a.real.dtype)
    rank, values = wrap(np.empty(0, np.int64)), wrap(np.empty(0, a.real.dtype))
    if driver == "gelsy" and factors:
        rank = wrap(np.full(batch, min(m, n)))
    elif driver != "gels":
        found = svdvals.op.forward(A).array if not empty else np.zeros((*batch, min(m, n)), a.real.dtype)
        limit = (np.finfo(found.dtype).eps * max(m, n) if rcond is None else rcond) * found.max(-1, initial=0, keepdims=True)
        rank = wrap(np.ascontiguousarray((found > limit).sum(-1), np.int64).reshape(batch))
        values = wrap(np.ascontiguousarray(found)) if driver != "gelsy" else values
    whole = m > n and driver != "gelsy" and (driver == "gels" or empty or bool((rank.array == n).all()))
    if whole:
        short = matmul(A, x) - columns
        residuals = (short * short.conj()).real.sum(-2) if A.dtype.is_complex else (short * short).sum(-2)
    else:
        residuals = x.reshape(-1).narrow(0, 0, 0)  # empty; it requires a gradient as the solution does
        residuals = residuals.real.to(real) if A.dtype.is_complex else residuals
    return return_types.linalg_lstsq(x.squeeze(-1) if vector else x, residuals, rank, values)


def _full_rank(a: np.ndarray, rcond, known: bool):
    """Q and R of matrices, or of their adjoints where they are wide; None unless their rank is full beyond doubt."""
    m, n = a.shape[-2:]
    q, r = qr_arrays("linalg.lstsq", a if m >= n else a.swapaxes(-1, -2).conj())
    if known:
        return q, r
    with np.errstate(all="ignore"):
        inverse = triangular(r, np.eye(min(m, n), dtype=a.dtype), True)
        # The norms are at least the largest singular value, and one over the smallest.
        condition = _norms(r) * _norms(inverse)
    limit = np.finfo(a.dtype).eps * max(m, n) if rcond is None else rcond
    return (q, r) if (condition * limit < 1).all() else None


def _norms(a: np.ndarray) -> np.ndarray:
    """Frobenius' norms of matrices: what NumPy's function takes half as long again for."""
    return np.sqrt(np.square(abs(a)).sum((-2, -1)))


@op("_least")
def _least(A: Tensor, B: Tensor, rcond, factors) -> Tensor:
    """Least squares solutions of least norm: by `factors` where there are any, else by the pseudoinverse."""
    a, b = A.array, B.array
    *_, m, n = a.shape
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if not a.size or not b.size:
        return wrap(np.zeros((*batch, n, b.shape[-1]), a.dtype))
    if factors is None:
        return wrap(np.matmul(pinv.op.forward(A, rcond).array, b))
    q, r = factors
    if m >= n:
        return wrap(triangular(r, np.matmul(q.swapaxes(-1, -2).conj(), b), True))
    return wrap(np.matmul(q, triangular(r.swapaxes(-1, -2).conj(), b, False)))


@_least.vjp_joint("A", "B")
def _least_backward(g, needs, A, B):
    inverse = pinv(A)
    ga = _pinv_backward(matmul(g, adjoint(B)), A, inverse) if needs[0] else None
    return ga, matmul(adjoint(inverse), g) if needs[1] else None


# ------------------------------------------------------------------------------------------------ exponential

# Numerator of Pade's approximation of degree 13, and up to which norm it has the precision of float64.
PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800,
    33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
PADE_NORM = 5.371920351148152


@op("linalg.matrix_exp", aliases=("matrix_exp",))
@doc("out = \\sum_{k \\ge 0} A^k / k!",
     "\\text{the upper right block of } \\exp \\begin{pmatrix} A^H & g \\\\ 0 & A^H \\end{pmatrix}", returns="Of the input's shape and dtype.",
     A="Tensor: Square matrices, of shape (..., n, n), floating or complex.", raises="RuntimeError: the matrices are not square")  # fmt: skip
def matrix_exp(A: Tensor) -> Tensor:
    """Exponential of square matrices, computed in double precision by scaling, Pade's approximation and squaring.

    References
    ----------
    N. J. Higham, The scaling and squaring method for the matrix exponential revisited, 2005.

    >>> lucid.linalg.matrix_exp(lucid.tensor([[0.0, 1.0], [0.0, 0.0]]))
    Tensor([[1.0, 1.0],
            [0.0, 1.0]])
    """
    array = square_shape("linalg.matrix_exp", A)
    if A.dtype.kind < 2:
        raise RuntimeError(f"linalg.matrix_exp: Expected a floating point or complex tensor as input. Got {torch_name(A.dtype)}")
    if not array.size:
        return A.clone()
    wide = cast(array, COMPLEX128 if array.dtype.kind in "cW" else FLOAT64)
    return wrap(cast(called("linalg.matrix_exp", _exponential, wide), array.dtype))


def _exponential(a: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        norm = abs(a).sum(-2).max(-1)[..., None, None]
        finite = np.isfinite(norm)
        times = np.where(finite, np.ceil(np.log2(np.maximum(norm / PADE_NORM, 1))), 0)
        a = np.where(finite, a, 0) * np.exp2(-times)
        one = np.eye(a.shape[-1])
        a2 = a @ a
        a4 = a2 @ a2
        a6 = a2 @ a4
        p = PADE
        odd = a @ (a6 @ (p[13] * a6 + p[11] * a4 + p[9] * a2) + p[7] * a6 + p[5] * a4 + p[3] * a2 + p[1] * one)
        even = a6 @ (p[12] * a6 + p[10] * a4 + p[8] * a2) + p[6] * a6 + p[4] * a4 + p[2] * a2 + p[0] * one
        result = np.linalg.solve(even - odd, even + odd)
        for done in range(int(times.max())):
            result = np.where(times > done, result @ result, result)
        return np.where(finite, result, np.nan)


def _matrix_exp_backward(g, A):
    n = A.array.shape[-1]
    h = adjoint(A)
    block = cat([cat([h, g], -1), cat([Supplied.zeros(A.array.shape, A.dtype), h], -1)], -2)
    return matrix_exp(block).narrow(-2, 0, n).narrow(-1, n, n)


matrix_exp.vjp(A=_matrix_exp_backward)


# ------------------------------------------------------------------------------------------------ low rank


def _basis(A: Tensor, q: int, niter: int) -> Tensor:
    """Orthonormal columns whose span nearly holds that of A: random combinations, improved by powers of A A^H."""
    basis = qr(matmul(A, randn(A.shape[-1], q, dtype=A.dtype)))[0]
    for _ in range(niter):
        basis = qr(matmul(A, qr(matmul(adjoint(A), basis))[0]))[0]
    return basis


LOW_RANK = "`U` (..., m, q), `S` (..., q) and `V` (..., n, q)."
NITER = "int, optional: How many times the subspace is improved. Default: 2."


@op("svd_lowrank", composite=True)
@doc("A - M \\approx U\\, \\mathrm{diag}(S)\\, V^H", gives="tuple", returns=LOW_RANK, A=MATRIX,
     q="int, optional: The rank, rather more than less. Default: 6.", niter=NITER,
     M="Tensor, optional: What is subtracted from A, such as its mean; broadcast to its shape.")  # fmt: skip
def svd_lowrank(A: Tensor, q: bool | int | None = 6, niter: bool | int | None = 2, M: Tensor | None = None):
    """Singular value decomposition of matrices that are nearly of low rank, by random projections.

    References
    ----------
    N. Halko, P. G. Martinsson, J. A. Tropp, Finding structure with randomness, 2009; algorithms 4.4 and 5.1.

    >>> [one.shape for one in lucid.svd_lowrank(lucid.ones(5, 4), q=2)]
    [lucid.Size([5, 2]), lucid.Size([2]), lucid.Size([4, 2])]
    """
    if tensor_argument("svd_lowrank", A, argument="A").dtype.kind < 2:
        raise RuntimeError(f"svd_lowrank: Expected a floating point or complex tensor as input. Got {torch_name(A.dtype)}")
    if M is not None:
        same_dtype("svd_lowrank", A, M)
        A = A - M.broadcast_to(A.shape)
    wide = A.shape[-2] < A.shape[-1]
    A = adjoint(A) if wide else A
    basis = _basis(A, 6 if q is None else q, 2 if niter is None else niter)
    u, s, vh = svd(matmul(adjoint(basis), A), False)
    u, v = matmul(basis, u), adjoint(vh).contiguous()
    return (v, s, u) if wide else (u, s, v)


@op("pca_lowrank", composite=True)
@doc("A - \\bar A \\approx U\\, \\mathrm{diag}(S)\\, V^H", gives="tuple", returns=LOW_RANK + " V's columns are the principal directions.",
     A="Tensor: Of shape (..., m, n): m samples of n features.", q="int, optional: How many directions. Default: min(6, m, n).",
     center="bool, optional: Subtract the samples' mean first. Default: True.", niter=NITER,
     raises="ValueError: `q` is negative or more than min(m, n), or `niter` is negative")  # fmt: skip
def pca_lowrank(A: Tensor, q: bool | int | None = None, center=True, niter: bool | int = 2):
    """Principal component analysis by `svd_lowrank`.

    >>> [one.shape for one in lucid.pca_lowrank(lucid.ones(5, 4), q=2)]
    [lucid.Size([5, 2]), lucid.Size([2]), lucid.Size([4, 2])]
    """
    if tensor_argument("pca_lowrank", A, argument="A").ndim < 2:
        raise ValueError(f"pca_lowrank: A must have at least 2 dimensions, but it has {A.ndim}")
    fewest = min(A.shape[-2:])
    q = min(6, fewest) if q is None else q
    if not 0 <= q <= fewest:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={fewest}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, True) if center else A, q, niter)


# ------------------------------------------------------------------------------------------------ slices of bounded norm


@op("renorm", composite=True, out="same step")
@doc("out_i = x_i \\min(1, maxnorm / \\|x_i\\|_p)", input_="Tensor: Of at least two dimensions, floating or complex.",
     p="number: Which norm; positive.", dim="int: The dimension along which the slices stand.",
     maxnorm="number: The largest norm that is left as it is.",
     returns="Of the input's shape and dtype.", raises="RuntimeError: `p` is not positive, `maxnorm` negative, or there are too few "
                                                       "dimensions")  # fmt: skip
def renorm(input_: Tensor, p, dim: int, maxnorm, *, out=None) -> Tensor:
    """Slices scaled down to a norm where theirs is greater.

    >>> lucid.renorm(lucid.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 5.0)
    Tensor([[3.0, 4.0],
            [0.3, 0.4]])
    """
    tensor_argument("renorm", input_)
    for which, value in (("p", p), ("maxnorm", maxnorm)):
        if isinstance(value, complex):
            raise RuntimeError(f"renorm: {which} must be real-valued")
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input_.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input_.ndim} dimensions")
    dim = check_dim("renorm", dim, input_.ndim)
    others = tuple(i for i in range(input_.ndim) if i != dim)
    half = is_half(input_.dtype)
    norm = vector_norm(input_, p, others, True, dtype=dtypes.float32 if half else None)
    factor = where(norm > maxnorm, maxnorm / (norm + 1e-7), 1.0)
    result = input_.contiguous() * factor  # as PyTorch lays the result
    return result.to(input_.dtype) if half else result
