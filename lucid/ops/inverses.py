"""Square matrices inverted, solved for and measured by their determinant.

Factorisations are LAPACK's, as NumPy has them: `lapack`, `square` and `called` are how every family comes to it.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import return_types
from lucid._kernels.core import empty, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._blas import few_threads
from lucid.ops._doc import doc
from lucid.ops._frame import broadcast_shapes, is_coarse, tensor_argument
from lucid.ops.linalg import adjoint
from lucid.tensor import Tensor


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or an iteration did not converge."""


# ------------------------------------------------------------------------------------------------ factorisations


def square(name: str, A: Tensor, refusal=RuntimeError, half=NotImplementedError) -> np.ndarray:
    """The array of a batch of square floating or complex matrices, in a dtype that LAPACK has; `refusal` of integers."""
    square_shape(name, A)
    return lapack(name, A, refusal, half)


def matrix(name: str, A: Tensor, half=NotImplementedError) -> np.ndarray:
    """The array of a batch of floating or complex matrices, in a dtype that LAPACK has."""
    lapack(name, tensor_argument(name, A, argument="A"), half=half)
    return matrix_shape(name, A)


def matrix_shape(name: str, A: Tensor) -> np.ndarray:
    """The array of a batch of matrices."""
    array = tensor_argument(name, A, argument="A").array
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    return array


def square_shape(name: str, A: Tensor) -> np.ndarray:
    """The array of a batch of square matrices."""
    array = matrix_shape(name, A)
    if array.shape[-1] != array.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {array.shape[-2]} by {array.shape[-1]} matrices"
        )
    return array


def lapack(name: str, A: Tensor, refusal=RuntimeError, half=NotImplementedError) -> np.ndarray:
    """The array of a tensor, checked to be of a dtype that LAPACK has."""
    if is_coarse(A.dtype):
        raise half(f"\"{name}_cpu\" not implemented for '{torch_name(A.dtype)}'")
    if A.dtype.kind < 2:
        raise refusal(f"{name}: Expected a floating point or complex tensor as input. Got {torch_name(A.dtype)}")
    return A.array


def check_same(name: str, a: Tensor, b: Tensor, first: str = "A") -> None:
    """Raise RuntimeError unless matrices and right side are of one dtype."""
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"{name}: Expected {first} and B to have the same dtype, but found {first} of type {torch_name(a.dtype)} and B of "
            f"type {torch_name(b.dtype)} instead"
        )


def check_fit(name: str, a: np.ndarray, b: np.ndarray, left: bool = True) -> None:
    """Raise RuntimeError unless matrices b fit square ones."""
    if b.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    if b.shape[-2 if left else -1] != a.shape[-1]:
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )


def called(name: str, function, *arrays, **options):
    """LAPACK's answer, its failure as ours."""
    try:
        with np.errstate(all="ignore"), few_threads(arrays[0].shape):
            return function(*arrays, **options)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name}: {error}") from None


LAPACK = getattr(np.linalg, "_umath_linalg", None)


def factored(name: str, which: str, public, array: np.ndarray, failure: str):
    """What LAPACK finds: by NumPy's own way to it, `which`, whose public functions take longer than small matrices do.

    If this NumPy has none of that name, by `public`, one of these functions. They compute in double precision.
    """
    direct = getattr(LAPACK, which, None)
    if direct is None:
        return called(name, public, array)

    def failed(*_):
        raise LinAlgError(f"{name}: {failure}")

    with np.errstate(all="ignore", invalid="call", call=failed), few_threads(array.shape):
        return direct(array)


@op("linalg.inv", aliases=("inverse",), out="same")
@doc()
def inv(A: Tensor, *, out=None) -> Tensor:
    """Inverse of square matrices.

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.

    Returns
    -------
    Tensor
        Of the same shape. The gradient is ``-inv.mH @ g @ inv.mH``.

    Raises
    ------
    LinAlgError
        If a matrix is singular.

    Examples
    --------
    >>> lucid.linalg.inv(lucid.tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5, 0.0],
            [0.0, 0.25]])
    """
    array = square("linalg.inv", A, half=RuntimeError)
    if not array.size:
        return wrap(empty(array.shape, array.dtype))
    return wrap(called("linalg.inv: the inversion could not be completed", np.linalg.inv, array))


def _inv_backward(g, out):
    h = adjoint(out)
    return -(h @ g @ h)


inv.vjp(A=_inv_backward)


@op("linalg.solve", out="same")
@doc()
def solve(A: Tensor, B: Tensor, *, left: bool = True, out=None) -> Tensor:
    """The solution X of ``A X = B``.

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.
    B : Tensor
        Of shape (..., n), taken as vectors where it has one dimension or A's batch dimensions, or (..., n, k).
    left : bool, optional
        False for ``X A = B``.

    Returns
    -------
    Tensor
        Of the shape of B, broadcast. The gradients are ``gB = solve(A.mH, g)`` and ``gA = -gB @ X.mH``.

    Raises
    ------
    LinAlgError
        If a matrix is singular.

    Examples
    --------
    >>> lucid.linalg.solve(lucid.tensor([[2.0, 0.0], [0.0, 4.0]]), lucid.tensor([2.0, 4.0]))
    Tensor([1.0, 1.0])
    """
    a = square("linalg.solve", A)
    tensor_argument("linalg.solve", B, 2, "B")
    check_same("linalg.solve", A, B)
    b = B.array
    vector = _is_vector(a.shape, b.shape)
    if vector and not left:
        raise RuntimeError("linalg.solve: Vector broadcasting of the left hand side is not supported for left=False")
    columns = b[..., None] if vector else b
    check_fit("linalg.solve", a, columns, left)
    batch = broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    shape = (*batch, *columns.shape[-2:])
    if not math.prod(shape):
        return wrap(empty(shape[:-1] if vector else shape, a.dtype))
    if left:
        x = called("linalg.solve: The solver failed because the input matrix is singular", np.linalg.solve, a, columns)
    else:
        x = called("linalg.solve: The solver failed because the input matrix is singular",
                    np.linalg.solve, a.swapaxes(-1, -2), columns.swapaxes(-1, -2)).swapaxes(-1, -2)  # fmt: skip
    return wrap(np.ascontiguousarray(x[..., 0] if vector else x))


def _is_vector(a_shape, b_shape) -> bool:
    return len(b_shape) == 1 or (len(a_shape) - 1 == len(b_shape) and b_shape == a_shape[:-1])


def solve_gradients(solve, g, needs, A, B_shape, left, out):
    """The gradients of a solution, themselves solutions by `solve(A, B, left=)`."""
    vector = _is_vector(A.array.shape, B_shape)
    if vector:
        g, out = g.unsqueeze(-1), out.unsqueeze(-1)
    gb = solve(adjoint(A), g, left=left)
    ga = None
    if needs[0]:
        ga = -(gb @ adjoint(out)) if left else -(adjoint(out) @ gb)
    return ga, gb.squeeze(-1) if vector else gb


@solve.vjp_joint("A", "B")
def _solve_backward(g, needs, A, B_shape, left, out):
    return solve_gradients(solve, g, needs, A, B_shape, left, out)


@op("linalg.det", aliases=("det",), out="same")
@doc()
def det(A: Tensor, *, out=None) -> Tensor:
    """Determinant of square matrices.

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.

    Returns
    -------
    Tensor
        Of shape (...). The gradient is ``g * det * inv(A).mH``, computed by the cofactors where A is singular.

    Examples
    --------
    >>> lucid.linalg.det(lucid.tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor(8.0)
    """
    array = square("linalg.det", A)
    return wrap(np.asarray(called("linalg.det", np.linalg.det, array), array.dtype))


def _det_backward(g, A, out):
    n = A.array.shape[-1]
    if A.array.size == 0:
        return Supplied.zeros(A.array.shape, A.dtype)
    conjugate = A.dtype.is_complex
    if (out.array == 0).any() or not np.isfinite(called("linalg.det", np.linalg.cond, A.array)).all():
        return cofactors(A).conj() * g.unsqueeze(-1).unsqueeze(-1) if conjugate else cofactors(A) * g.unsqueeze(-1).unsqueeze(-1)
    scale = g * (out.conj() if conjugate else out)
    eye = wrap(np.broadcast_to(np.eye(n, dtype=A.array.dtype), A.array.shape).copy())
    return solve(adjoint(A), eye * scale.unsqueeze(-1).unsqueeze(-1))


def cofactors(A: Tensor) -> Tensor:
    """The matrix of cofactors, made of determinants of minors: right for singular matrices too."""
    from lucid.ops.joining import stack

    n = A.array.shape[-1]
    if n == 1:
        return Supplied.ones(A.array.shape, A.dtype)
    rows = []
    for i in range(n):
        kept_rows = [k for k in range(n) if k != i]
        row = []
        for j in range(n):
            kept_columns = [k for k in range(n) if k != j]
            minor = A[..., kept_rows, :][..., kept_columns]
            row.append(det(minor) * (-1) ** (i + j))
        rows.append(stack(row, -1))
    return stack(rows, -2)


det.vjp(A=_det_backward)


@op("linalg.slogdet", aliases=("slogdet",))
@doc(out="tuple of Tensor, optional: Where the results are written.")
def slogdet(A: Tensor, *, out=None):
    r"""Sign, and logarithm of the absolute value, of the determinant of square matrices: a named tuple.

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.

    Returns
    -------
    named tuple of Tensor
        `sign`, of absolute value 1 or 0 and of the operand's dtype, and `logabsdet`, real.

    Notes
    -----
    .. math:: sign = \det A / |\det A|, \quad logabsdet = \log |\det A|

    Gradient, from that of the result :math:`g`:

    .. math:: g_{logabsdet}\, A^{-H}

    Examples
    --------
    >>> lucid.linalg.slogdet(lucid.tensor([[1.0, 0.0], [0.0, -1.0]])).sign
    Tensor(-1.0)
    """
    array = square("linalg.slogdet", A)
    sign, logabs = called("linalg.slogdet", np.linalg.slogdet, array)
    return return_types.linalg_slogdet(wrap(np.asarray(sign, array.dtype)), wrap(np.asarray(logabs, array.real.dtype)))


def _slogdet_backward(g, A, first):
    total = None
    n = A.array.shape[-1]
    singular = first.array == 0
    if singular.any():  # no gradient exists there; those of the other matrices of the batch do
        undefined = wrap(np.broadcast_to(singular[..., None, None], A.array.shape))
        eye = wrap(np.broadcast_to(np.eye(n, dtype=A.array.dtype), A.array.shape))
        inverse = inv(adjoint(eye.where(undefined, A))).masked_fill(undefined, math.nan)
    else:
        inverse = inv(adjoint(A))
    g_sign, g_log = g
    if g_log is not None:
        total = inverse * g_log.unsqueeze(-1).unsqueeze(-1)
    if g_sign is not None and A.dtype.is_complex:
        angle = (g_sign.conj() * first).imag
        part = inverse * (angle * -1j).unsqueeze(-1).unsqueeze(-1)
        total = part if total is None else total + part
    return total


slogdet.vjp(A=_slogdet_backward)
