"""LU, LDL and triangular systems, reflections, and the forms of solving that report failure rather than raise.

The kernels take blocks of `BLOCK` rows or columns; what lies between the blocks is a product of matrices.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import formats, return_types
from lucid._kernels import factor as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import (
    C_NAMES,
    COMPLEX,
    FLOATING,
    broadcast_shapes,
    cast,
    contiguous,
    copied,
    spread,
    tensor_argument,
)
from lucid.ops.creation import eye
from lucid.ops.inverses import (
    LinAlgError,
    check_fit,
    check_same,
    factored,
    inv,
    lapack,
    solve,
    solve_gradients,
    square,
    square_shape,
)
from lucid.ops.joining import cat
from lucid.ops.linalg import BMM, adjoint, matmul, product
from lucid.ops.scatter import gather
from lucid.tensor import Tensor

BLOCK = 64
LU, TRIANGULAR, CHOLESKY, LDL, LDL_SOLVE = (
    {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING + COMPLEX}
    for name in ("lu", "triangular", "cholesky", "ldl", "ldl_solve")
)  # fmt: skip
INT32 = np.dtype("int32")

SQUARE = "Tensor: Square matrices, of shape (..., n, n)."
RIGHT = "Tensor: The right side, of shape (..., n, k), or (..., k, n) with `left=False`."
LEFT = "bool, optional: False for X A = B. Default: True."
CHECK = "bool, optional: Raise where `info` is not 0. Default: False."
DEFINITE = "Tensor: Symmetric (Hermitian) positive definite matrices, of shape (..., n, n)."
UPPER = "bool, optional: The adjoint of L, of the upper triangle. Default: False."
CHOLESKY_GRADIENT = "L^{-H}\\, \\tfrac{1}{2} (\\Phi + \\Phi^H - \\mathrm{diag}\\, \\Phi)\\, L^{-1}, \\quad \\Phi = \\mathrm{tril}(L^H g)"
PAIR = "tuple of Tensors, optional: Where the results are written."


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return product(a, b) if a.dtype in BMM else np.matmul(a, b)


def _failed(name: str, info: np.ndarray, what: str, error=LinAlgError) -> None:
    """Raise where an `info` is not zero; `what` says it, with the number in place of `{}`."""
    if info.any():
        first = int(np.flatnonzero(info)[0])
        element = f"(Batch element {first}): " if info.ndim else ""
        raise error(f"{name}: {element}{what.format(info.reshape(-1)[first])}")


SINGULAR = "The diagonal element {} is zero, the inversion could not be completed because the input matrix is singular."
INDEFINITE = (
    "The factorization could not be completed because the input is not positive-definite (the leading minor of order {} is "
    "not positive-definite)."
)
UNUSABLE = (
    "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still want to perform the "
    "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
)

# ------------------------------------------------------------------------------------------------ triangular systems


def triangular(a: np.ndarray, b: np.ndarray, upper: bool, left: bool = True, unit: bool = False) -> np.ndarray:
    """The solution of triangular systems; of `a` no more than the triangle is read."""
    if not left:
        return triangular(a.swapaxes(-1, -2), b.swapaxes(-1, -2), not upper, True, unit).swapaxes(-1, -2)
    n, k = b.shape[-2:]
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = copied(spread(b, (*batch, n, k)))
    if not x.size:
        return x
    a = contiguous(spread(a, (*batch, n, n)))
    starts = range(0, n, BLOCK)
    for lo in reversed(starts) if upper else starts:
        hi = min(lo + BLOCK, n)
        done = slice(hi, n) if upper else slice(0, lo)
        if done.start < done.stop:
            x[..., lo:hi, :] -= _times(a[..., lo:hi, done], x[..., done, :])
        TRIANGULAR[a.dtype](flat(a), flat(x), math.prod(batch), n, k, lo, hi, upper, unit)
    return x


@op("linalg.solve_triangular", out="same rest step")
@doc("A X = B", "g_B = A^{-H} g, \\quad g_A = -\\mathrm{tri}(g_B X^H)", returns="X, of the broadcast shape of B.",
     A="Tensor: Triangular matrices, of shape (..., n, n); the other triangle is not read.", B=RIGHT[:-1] + "; of A's dtype, or cast to it.",
     upper="bool: Which triangle it is.", left=LEFT,
     unitriangular="bool, optional: The diagonal is not read but taken to be of ones. Default: False.",
     raises="RuntimeError: the shapes do not fit")  # fmt: skip
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, out=None) -> Tensor:
    """The solution of triangular systems. A zero on the diagonal is divided by.

    >>> lucid.linalg.solve_triangular(lucid.tensor([[2.0, 0.0], [1.0, 1.0]]), lucid.tensor([[2.0], [3.0]]), upper=False)
    Tensor([[1.0],
            [2.0]])
    """
    name = "linalg.solve_triangular"
    tensor_argument(name, A, argument="A")
    tensor_argument(name, B, 2, "B")
    a = square_shape(name, A)
    check_fit(name, a, B.array, left)
    lapack(name, A, NotImplementedError)
    return wrap(contiguous(triangular(a, cast(B.array, a.dtype), upper, left, unitriangular)))


@solve_triangular.vjp_joint("A", "B")
def _solve_triangular_backward(g, needs, A, upper, left, unitriangular, out):
    gb = solve_triangular(adjoint(A), g, upper=not upper, left=left, unitriangular=unitriangular)
    if not needs[0]:
        return None, gb
    ga = -matmul(gb, adjoint(out)) if left else -matmul(adjoint(out), gb)
    return ga.triu(int(unitriangular)) if upper else ga.tril(-int(unitriangular)), gb


@op("triangular_solve", composite=True)
@doc("A X = B", gives="return_types.triangular_solve", returns="`solution`, and `cloned_coefficient`, a copy of A.",
     input_="Tensor: The right side, of shape (..., n, k).", A=SQUARE, upper="bool, optional: Which triangle is read. Default: True.",
     transpose="bool, optional: Solve with the transposed triangle. Default: False.",
     unitriangular="bool, optional: The diagonal is taken to be of ones. Default: False.", out=PAIR,
     raises="RuntimeError: the shapes do not fit")  # fmt: skip
def triangular_solve(input_: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False, *, out=None):
    """The solution of triangular systems; `linalg.solve_triangular` with the right side first.

    >>> lucid.triangular_solve(lucid.tensor([[2.0]]), lucid.tensor([[4.0]])).solution
    Tensor([[0.5]])
    """
    _right_first("triangular_solve", input_, A)
    batch = broadcast_shapes(input_.shape[:-2], A.shape[:-2])
    spread = A.expand(*batch, *A.shape[-2:])
    matrix, upper = (A.transpose(-1, -2), not upper) if transpose else (A, upper)
    return return_types.triangular_solve(solve_triangular(matrix, input_, upper=upper, unitriangular=unitriangular), spread.clone())


def _right_first(name: str, b: Tensor, a: Tensor) -> None:
    """The checks of PyTorch's older functions, which take the right side first."""
    for position, one in enumerate((b, a), 1):
        if tensor_argument(name, one, position, ("input", "A")[position - 1]).ndim < 2:
            raise RuntimeError(f"{name}: Expected {'bA'[position - 1]} to have at least 2 dimensions, but it has {one.ndim} dimensions instead")
    if a.shape[-1] != a.shape[-2]:
        raise RuntimeError(f"{name}: A must be batches of square matrices, but they are {a.shape[-2]} by {a.shape[-1]} matrices")
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {a.shape[-2]} by {a.shape[-1]} but each b matrix is "
            f"{b.shape[-2]} by {b.shape[-1]}"
        )
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"{name}: Expected b and A to have the same dtype, but found b of type {torch_name(b.dtype)} and A of type "
            f"{torch_name(a.dtype)} instead."
        )
    lapack(name, a, NotImplementedError)


# ------------------------------------------------------------------------------------------------ LU


def lu_array(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """L and U in one, pivots, and the number of the first pivot that is zero."""
    *batch, m, n = a.shape
    k, count = min(m, n), math.prod(batch)
    a, pivots, info = copied(a), np.zeros((*batch, k), INT32), np.zeros(batch, INT32)
    if not a.size:
        return a, pivots, info
    for lo in range(0, k, BLOCK):
        hi = min(lo + BLOCK, k)
        LU[a.dtype](flat(a), flat(pivots), flat(info), count, m, n, lo, hi)
        if hi < m and hi < n:
            a[..., hi:, hi:] -= _times(a[..., hi:, lo:hi], a[..., lo:hi, hi:])
    return a, pivots, info


def permutation(pivots: np.ndarray, m: int) -> np.ndarray:
    """Which row each row comes from, once the exchanges that the pivots say were made."""
    *batch, k = pivots.shape
    found = []
    for exchanges in pivots.reshape(math.prod(batch), k).tolist():
        rows = list(range(m))
        for i, other in enumerate(exchanges):
            rows[i], rows[other - 1] = rows[other - 1], rows[i]
        found.append(rows)
    return np.array(found, np.int64).reshape(*batch, m)


LU_GRADIENT = (
    "P L^{-H} \\left( \\mathrm{tril}(L^H g_L, -1) + \\mathrm{triu}(g_U U^H) \\right) U^{-H}"
)  # fmt: skip
WIDE = "Tensor: Of shape (..., m, n), floating or complex."
PIVOT = "bool, optional: Exchange rows. Default: True; there is no other way here."


@op("_lu_found")
def _lu_found(A: Tensor, LU: np.ndarray, pivots: np.ndarray):
    """The factors of A, which are ready: what their gradient needs, without `info`, which may be written to."""
    return wrap(LU), wrap(pivots)


@op("linalg.lu_factor_ex", composite=True)
@doc("A = P L U", LU_GRADIENT, gives="return_types.linalg_lu_factor_ex",
     returns="`LU`: U on and above the diagonal, L, whose diagonal is of ones, below it; `pivots` (..., k) of int32, counted from 1: "
     "row i was exchanged with that one; `info` (...), the number of the first pivot that is zero, or 0.",
     A=WIDE, pivot=PIVOT, check_errors=CHECK, out=PAIR, raises="RuntimeError: `A` has less than two dimensions")  # fmt: skip
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out=None):
    """LU factorisation of matrices, which says where they are singular.

    >>> lucid.linalg.lu_factor_ex(lucid.tensor([[1.0, 2.0], [2.0, 4.0]])).info
    Tensor(2, dtype=lucid.int32)
    """
    compact, pivots, info = _lu_checked("torch.lu_factor", A, pivot)
    if check_errors:
        _failed("torch.linalg.lu_factor_ex", info, UNUSABLE, RuntimeError)
    return return_types.linalg_lu_factor_ex(*_lu_found(A, compact, pivots), wrap(info))


def _lu_checked(name: str, A: Tensor, pivot: bool):
    if tensor_argument(name, A, argument="A").ndim < 2:
        raise RuntimeError(f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    array = A.array  # PyTorch looks at the dtype when there is something to compute
    if array.size:
        lapack("lu", A, NotImplementedError)
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    return lu_array(array)


def _lu_backward(g, out):
    compact, m, n = out[0], *out[0].array.shape[-2:]
    k = min(m, n)
    top = compact.narrow(-2, 0, k).narrow(-1, 0, k)
    lower, upper = top.tril(-1) + eye(k, dtype=top.dtype), top.triu()
    g_lower = g[0].narrow(-2, 0, k).narrow(-1, 0, k)
    g_upper, rest = g_lower, None
    lower_h, upper_h = adjoint(lower), adjoint(upper)
    if n > k:  # the columns beyond are L U2
        rest = solve_triangular(lower_h, g[0].narrow(-1, k, n - k), upper=True, unitriangular=True)
        g_lower = g_lower - matmul(rest, adjoint(compact.narrow(-1, k, n - k)))
    elif m > k:  # the rows below are L2 U
        rest = solve_triangular(upper_h, g[0].narrow(-2, k, m - k), upper=False, left=False)
        g_upper = g_upper - matmul(adjoint(compact.narrow(-2, k, m - k)), rest)
    inner = matmul(lower_h, g_lower.tril(-1)).tril(-1) + matmul(g_upper.triu(), upper_h).triu()
    inner = solve_triangular(lower_h, inner, upper=True, unitriangular=True)
    result = solve_triangular(upper_h, inner, upper=False, left=False)
    if rest is not None:
        result = cat([result, rest], -1 if n > k else -2)
    return rows_permuted(result, permutation(out[1].array, m), True)


_lu_found.vjp(A=_lu_backward)


def rows_permuted(x: Tensor, rows: np.ndarray, back: bool) -> Tensor:
    """The rows in that order; `back`: where they came from."""
    if not x.array.size:
        return x
    index = np.argsort(rows, -1) if back else rows
    return gather(x, -2, wrap(copied(np.broadcast_to(index[..., None], x.array.shape))))


@op("linalg.lu_factor", composite=True)
@doc("A = P L U", LU_GRADIENT, gives="return_types.linalg_lu_factor",
     returns="`LU`: U on and above the diagonal, L, whose diagonal is of ones, below it; `pivots` (..., k) of int32, counted from 1: "
     "row i was exchanged with that one.", A=WIDE, pivot=PIVOT, out=PAIR,
     raises="RuntimeError: a pivot is zero, or `A` has less than two dimensions")  # fmt: skip
def lu_factor(A: Tensor, *, pivot: bool = True, out=None):
    """LU factorisation of matrices, in the form that `linalg.lu_solve` takes.

    >>> lucid.linalg.lu_factor(lucid.tensor([[1.0, 2.0], [2.0, 3.0]])).pivots
    Tensor([2, 2], dtype=lucid.int32)
    """
    found = lu_factor_ex(A, pivot=pivot)
    _failed("torch.linalg.lu_factor", found[2].array, UNUSABLE, RuntimeError)
    return return_types.linalg_lu_factor(*found[:2])


@op("linalg.lu", composite=True)
@doc("A = P L U", LU_GRADIENT, gives="return_types.linalg_lu",
     returns="`P`, a permutation (..., m, m), `L` (..., m, k), lower triangular with ones on the diagonal, and `U` (..., k, n), upper "
     "triangular.", A=WIDE, pivot=PIVOT, out=PAIR, raises="RuntimeError: `A` has less than two dimensions")  # fmt: skip
def linalg_lu(A: Tensor, *, pivot: bool = True, out=None):
    """LU factorisation of matrices.

    >>> lucid.linalg.lu(lucid.tensor([[1.0, 2.0], [2.0, 4.0]])).U
    Tensor([[2.0, 4.0],
            [0.0, 0.0]])
    """
    if tensor_argument("linalg.lu", A, argument="A").ndim < 2:
        raise RuntimeError(f"linalg.lu: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    compact, pivots, _ = lu_factor_ex(A, pivot=pivot)
    return return_types.linalg_lu(_exchanges(pivots.array, A.array.shape[-2], compact.array.dtype), *_triangles(compact))


def _exchanges(pivots: np.ndarray, m: int, dtype: np.dtype) -> Tensor:
    """The permutation matrices that pivots stand for."""
    rows = permutation(pivots, m)
    p = np.zeros((*rows.shape, m), dtype)
    columns = np.arange(m)
    if p.size:
        p.reshape(-1)[rows.reshape(-1, m) * m + columns + m * m * np.arange(rows.size // m)[:, None]] = 1
    return wrap(p)


def _triangles(compact: Tensor) -> tuple[Tensor, Tensor]:
    """L and U, which lie in one matrix."""
    m, n = compact.array.shape[-2:]
    k = min(m, n)
    lower = (compact if k == n else compact.narrow(-1, 0, k)).tril(-1)
    if lower.array.size:
        lower.array.reshape(-1, m * k)[:, : k * k : k + 1] = 1
    return lower, (compact if k == m else compact.narrow(-2, 0, k)).triu()


@op("lu", composite=True, out="any all")
@doc("A = P L U", LU_GRADIENT, gives="tuple of Tensor or named tuple of Tensor",
     returns="LU and pivots as `linalg.lu_factor`'s, and `info` where it was asked for.",
     A=WIDE, pivot=PIVOT, get_infos="bool, optional: Return `info` too. Default: False.", out=PAIR)  # fmt: skip
def torch_lu(A: Tensor, pivot: bool = True, get_infos=False, out=None):
    """LU factorisation of matrices, singular ones too.

    >>> lucid.lu(lucid.tensor([[2.0]]))
    (Tensor([[2.0]]), Tensor([1], dtype=lucid.int32))
    """
    found = lu_factor_ex(A, pivot=pivot)
    return found if get_infos else tuple(found[:2])


@op("lu_unpack", composite=True)
@doc("A = P L U", gives="return_types.lu_unpack", returns="`P`, `L` and `U` as `linalg.lu`'s; empty ones that were not asked for.",
     LU_data="Tensor: L and U in one, (..., m, n).", LU_pivots="Tensor: Of int32, (..., k).",
     unpack_data="bool, optional: Make L and U. Default: True.", unpack_pivots="bool, optional: Make P. Default: True.", out=PAIR,
     raises="RuntimeError: a pivot is none, or not of int32")  # fmt: skip
def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True, *, out=None):
    """The factors of an LU factorisation that lie in one matrix.

    >>> lucid.lu_unpack(*lucid.linalg.lu_factor(lucid.tensor([[1.0, 2.0], [2.0, 3.0]]))).P
    Tensor([[0.0, 1.0],
            [1.0, 0.0]])
    """
    shape = tensor_argument("lu_unpack", LU_data, argument="LU_data").array.shape
    pivots = tensor_argument("lu_unpack", LU_pivots, 2, "LU_pivots").array
    if len(shape) < 2:
        raise RuntimeError(f"torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: {list(shape)} instead")
    if unpack_pivots and pivots.dtype != INT32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype. Note: this function is "
            "intended to be used with the output produced by torch.linalg.lu_factor"
        )
    *batch, m, _ = shape
    p = lower = upper = wrap(np.empty(0, LU_data.array.dtype))
    if unpack_pivots:
        if pivots.size and not (pivots.min() >= 1 and pivots.max() <= m):
            raise RuntimeError(
                "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive. "
                "Did you properly pass the result of lu_factor?"
            )
        p = _exchanges(spread(pivots, (*batch, pivots.shape[-1])), m, LU_data.array.dtype)
    if unpack_data:
        lower, upper = _triangles(LU_data)
    return return_types.lu_unpack(p, lower, upper)


@op("linalg.lu_solve", composite=True, out="same")
@doc("A X = B", returns="X, of the broadcast shape of B.", LU="Tensor: L and U in one, (..., n, n).",
     pivots="Tensor: Of int32, (..., n).", B=RIGHT, left=LEFT,
     adjoint="bool, optional: Solve with the adjoint matrices. Default: False.",
     raises="RuntimeError: the shapes do not fit, or a pivot is none")  # fmt: skip
def linalg_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False, out=None) -> Tensor:
    """The solution of linear systems by an LU factorisation of their matrices.

    >>> LU, pivots = lucid.linalg.lu_factor(lucid.tensor([[0.0, 1.0], [2.0, 0.0]]))
    >>> lucid.linalg.lu_solve(LU, pivots, lucid.tensor([[1.0], [4.0]]))
    Tensor([[2.0],
            [1.0]])
    """
    name = "linalg.lu_solve"
    array = tensor_argument(name, LU, argument="LU").array
    changes = tensor_argument(name, pivots, 2, "pivots").array
    check_same(name, LU, tensor_argument(name, B, 3, "B"), "LU")
    if changes.dtype != INT32:
        raise RuntimeError(f"{name}: pivots should be a Tensor of scalar type torch.int32")
    array = square(name, LU)
    check_fit(name, array, B.array, left)
    if changes.shape[-1:] != array.shape[-1:]:
        raise RuntimeError(f"{name}: Number of pivots per batch should be same as the dimension of the matrix")
    if changes.shape[:-1] != array.shape[:-2]:
        raise RuntimeError(f"{name}: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape {list(changes.shape)} instead")
    n = array.shape[-1]
    if changes.size and changes.min() < 1:
        raise RuntimeError("Pivots given to lu_solve must all be greater or equal to 1. Did you properly pass the result of lu_factor?")
    if changes.size and changes.max() > n:
        raise RuntimeError("Pivots given to lu_solve must all be smaller or equal to LU.size(-2). Did you properly pass the result of lu_factor?")
    return _lu_solve(LU, permutation(changes, n), B, left, adjoint)


def _lu_solve(compact: Tensor, rows: np.ndarray, B: Tensor, left: bool, adjoint_: bool) -> Tensor:
    if not left:  # X A = B is A^H X^H = B^H
        return adjoint(_lu_solve(compact, rows, adjoint(B), True, not adjoint_)).contiguous()
    batch = broadcast_shapes(compact.shape[:-2], B.shape[:-2])
    if adjoint_:
        h = adjoint(compact)
        x = solve_triangular(h, solve_triangular(h, B, upper=False), upper=True, unitriangular=True)
        return rows_permuted(x, rows, True)
    x = rows_permuted(B.expand(*batch, *B.shape[-2:]), rows, False)
    return solve_triangular(compact, solve_triangular(compact, x, upper=False, unitriangular=True), upper=True)


@op("lu_solve", composite=True, out="same")
@doc("A X = B", returns="X, of the broadcast shape of B.", input_="Tensor: The right side, of shape (..., n, k).",
     LU_data="Tensor: L and U in one, (..., n, n).", LU_pivots="Tensor: Of int32, (..., n).",
     raises="RuntimeError: the shapes do not fit, or a pivot is none")  # fmt: skip
def lu_solve(input_: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out=None) -> Tensor:
    """The solution of linear systems by an LU factorisation; `linalg.lu_solve` with the right side first.

    >>> lucid.lu_solve(lucid.tensor([[4.0]]), *lucid.linalg.lu_factor(lucid.tensor([[2.0]])))
    Tensor([[2.0]])
    """
    return linalg_lu_solve.op.forward(LU_data, LU_pivots, input_)


# ------------------------------------------------------------------------------------------------ reports of failure


def _by_lu(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solutions by LU, which divides by a zero pivot, and `info`."""
    lu, pivots, info = lu_array(a)
    batch, n = broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-1]
    rows = np.broadcast_to(permutation(pivots, n)[..., None], (*batch, n, 1))
    b = np.take_along_axis(np.broadcast_to(b, (*batch, *b.shape[-2:])), rows, -2)
    return triangular(lu, triangular(lu, b, False, unit=True), True), info


@op("linalg.inv_ex")
@doc("out = A^{-1}", "-A^{-H} g A^{-H}", gives="return_types.linalg_inv_ex",
     returns="`inverse`, and `info` (...) of int32: 0, or where there is no inverse the number of the pivot that is zero.", A=SQUARE,
     check_errors=CHECK, out=PAIR, raises="RuntimeError: the matrices are not square")  # fmt: skip
def inv_ex(A: Tensor, *, check_errors: bool = False, out=None):
    """Inverses of square matrices, which says where they do not exist.

    >>> lucid.linalg.inv_ex(lucid.tensor([[1.0, 2.0], [2.0, 4.0]])).info
    Tensor(2, dtype=lucid.int32)
    """
    array = square("linalg.inv", A, half=RuntimeError)
    try:
        found, info = inv.op.forward(A).array, np.zeros(array.shape[:-2], INT32)
    except LinAlgError:
        found, info = _by_lu(array, np.eye(array.shape[-1], dtype=array.dtype))
    if check_errors:
        _failed("linalg.inv_ex", info, SINGULAR)
    return return_types.linalg_inv_ex(wrap(found), wrap(info))


def _inv_ex_backward(g, first):
    h = adjoint(first)
    return -matmul(h, matmul(g[0], h))


inv_ex.vjp(A=_inv_ex_backward)


@op("linalg.solve_ex")
@doc("A X = B", "g_B = A^{-H} g, \\quad g_A = -g_B X^H", gives="return_types.linalg_solve_ex",
     returns="`result`, and `info` (...) of int32: 0, or where there is no solution the number of the pivot that is zero.", A=SQUARE,
     B=RIGHT, left=LEFT, check_errors=CHECK, out=PAIR, raises="RuntimeError: the shapes do not fit")  # fmt: skip
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out=None):
    """The solution of linear systems, which says where there is none.

    >>> lucid.linalg.solve_ex(lucid.tensor([[2.0]]), lucid.tensor([4.0])).result
    Tensor([2.0])
    """
    try:
        result = solve.op.forward(A, B, left=left)
        return return_types.linalg_solve_ex(result, wrap(np.zeros(A.array.shape[:-2], INT32)))
    except LinAlgError:
        if check_errors:
            raise LinAlgError("torch.linalg.solve_ex: The solver failed because the input matrix is singular.") from None
    a, b = A.array, B.array
    vector = b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])
    b = b[..., None] if vector else b
    x, info = _by_lu(a, b) if left else _by_lu(a.swapaxes(-1, -2), b.swapaxes(-1, -2))
    x = x if left else x.swapaxes(-1, -2)
    return return_types.linalg_solve_ex(wrap(contiguous(x[..., 0] if vector else x)), wrap(info))


@solve_ex.vjp_joint("A", "B")
def _solve_ex_backward(g, needs, A, B_shape, left, first):
    return solve_gradients(lambda *args, **named: solve_ex(*args, **named).result, g[0], needs, A, B_shape, left, first)


@op("linalg.cholesky", out="same")
@doc("A = L L^H", CHOLESKY_GRADIENT, returns="L, of A's shape.", A=DEFINITE, upper=UPPER,
     raises="LinAlgError: a matrix is not positive definite")  # fmt: skip
def cholesky(A: Tensor, *, upper: bool = False, out=None) -> Tensor:
    """The triangular L with ``A = L L.mH`` of symmetric (Hermitian) positive definite matrices.

    >>> lucid.linalg.cholesky(lucid.tensor([[4.0, 0.0], [0.0, 9.0]]))
    Tensor([[2.0, 0.0],
            [0.0, 3.0]])
    """
    array = square("linalg.cholesky", A)
    factor = factored(
        "linalg.cholesky: The factorization could not be completed because the input is not positive-definite", "cholesky_lo",
        np.linalg.cholesky, array.swapaxes(-1, -2).conj() if upper else array, "Matrix is not positive definite",
    )  # fmt: skip
    return wrap(np.ascontiguousarray(factor.swapaxes(-1, -2).conj() if upper else factor))


def _cholesky_backward(g, upper, out):
    lower, g = (adjoint(out), adjoint(g)) if upper else (out, g)
    phi = matmul(adjoint(lower), g).tril()
    inner = (phi + adjoint(phi.tril(-1))) * 0.5
    inner = solve_triangular(lower, inner, upper=False, left=False)
    return solve_triangular(adjoint(lower), inner, upper=True)


cholesky.vjp(A=_cholesky_backward)


@op("linalg.cholesky_ex")
@doc("A = L L^H", CHOLESKY_GRADIENT, gives="return_types.linalg_cholesky_ex",
     returns="`L`, and `info` (...) of int32: 0, or the order of the first leading minor that is not positive definite.",
     A=DEFINITE, upper=UPPER, check_errors=CHECK, out=PAIR,
     raises="RuntimeError: the matrices are not square")  # fmt: skip
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out=None):
    """Cholesky's factors of matrices, which says where they do not exist.

    >>> lucid.linalg.cholesky_ex(lucid.tensor([[4.0]])).L
    Tensor([[2.0]])
    """
    array = square("linalg.cholesky", A)
    info = np.zeros(array.shape[:-2], INT32)
    try:
        found = cholesky.op.forward(A, upper=upper).array
    except LinAlgError:
        factor = copied(array.swapaxes(-1, -2).conj() if upper else array)
        CHOLESKY[array.dtype](flat(factor), flat(info), info.size, array.shape[-1])
        if check_errors:
            _failed("linalg.cholesky_ex", info, INDEFINITE)
        found = np.tril(factor)
        found = contiguous(found.swapaxes(-1, -2).conj() if upper else found)
    return return_types.linalg_cholesky_ex(wrap(found), wrap(info))


cholesky_ex.vjp(A=lambda g, upper, first: _cholesky_backward(g[0], upper, first))


@op("cholesky", composite=True)
@doc("A = L L^H", CHOLESKY_GRADIENT, returns="L, of A's shape.", A=DEFINITE, upper=UPPER,
     raises="LinAlgError: a matrix is not positive definite")  # fmt: skip
def torch_cholesky(A: Tensor, upper: bool = False, *, out=None) -> Tensor:
    """Cholesky's factors; `linalg.cholesky`.

    >>> lucid.cholesky(lucid.tensor([[4.0]]))
    Tensor([[2.0]])
    """
    if not square_shape("cholesky", A).size:  # PyTorch looks at the dtype when there is something to compute
        return A.clone()
    lapack("cholesky", A, NotImplementedError)
    return cholesky(A, upper=upper)


@op("cholesky_solve")
@doc("L L^H X = B", "g_B = (L L^H)^{-1} g, \\quad g_L = -(g_B X^H + X g_B^H) L", returns="X, of the broadcast shape of B.",
     B="Tensor: The right side, of shape (..., n, k).",
     L="Tensor: Cholesky's factors, of shape (..., n, n).", upper="bool, optional: They are upper triangular. Default: False.",
     raises="RuntimeError: the shapes do not fit")  # fmt: skip
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False, *, out=None) -> Tensor:
    """The solution of linear systems by Cholesky's factors of their matrices.

    >>> lucid.cholesky_solve(lucid.tensor([[8.0]]), lucid.tensor([[2.0]]))
    Tensor([[2.0]])
    """
    _right_first("cholesky_solve", B, L)
    lower = adjoint(L).array if upper else L.array
    return wrap(triangular(lower.swapaxes(-1, -2).conj(), triangular(lower, B.array, False), True))


@cholesky_solve.vjp_joint("B", "L")
def _cholesky_solve_backward(g, needs, L, upper, out):
    gb = cholesky_solve(g, L, upper)
    if not needs[1]:
        return gb, None
    both = matmul(gb, adjoint(out))
    both = both + adjoint(both)
    return gb, -matmul(L, both) if upper else -matmul(both, L)


@op("cholesky_inverse")
@doc("out = (L L^H)^{-1}", "-out (g + g^H) out L", returns="Of L's shape.", L="Tensor: Cholesky's factors, of shape (..., n, n).",
     upper="bool, optional: They are upper triangular. Default: False.",
     raises="LinAlgError: a factor's diagonal has a zero")  # fmt: skip
def cholesky_inverse(L: Tensor, upper: bool = False, *, out=None) -> Tensor:
    """Inverses of matrices by their Cholesky factors.

    >>> lucid.cholesky_inverse(lucid.tensor([[2.0]]))
    Tensor([[0.25]])
    """
    array = square("cholesky_inverse", L, NotImplementedError)
    zeros = array.diagonal(0, -2, -1) == 0
    _failed("cholesky_inverse", np.asarray((zeros.argmax(-1) + 1) * zeros.any(-1) if array.size else 0), SINGULAR)
    if not array.size:
        return L.clone()
    lower = array.swapaxes(-1, -2).conj() if upper else array
    half = triangular(lower, np.eye(array.shape[-1], dtype=array.dtype), False)
    return wrap(_times(half.swapaxes(-1, -2).conj(), half))


def _cholesky_inverse_backward(g, L, upper, out):
    both = matmul(out, matmul(g + adjoint(g), out))
    return -matmul(L, both) if upper else -matmul(both, L)


cholesky_inverse.vjp(L=_cholesky_inverse_backward)


# ------------------------------------------------------------------------------------------------ reflections


def _reflections(input_: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    """V and T of the product of reflections 1 - V T V^H, whose vectors stand below a matrix's diagonal."""
    m, k = input_.shape[-2], tau.shape[-1]
    v = input_.narrow(-1, 0, k).tril(-1) + eye(m, k, dtype=input_.dtype)
    factors = tau.unsqueeze(-1)
    steps = factors * matmul(adjoint(v), v).triu(1)
    return v, solve_triangular(steps, eye(k, dtype=input_.dtype) * factors, upper=True, unitriangular=True)


@op("linalg.householder_product", composite=True, aliases=("orgqr",))
@doc("out = H_1 \\cdots H_k, \\quad H_i = 1 - \\tau_i v_i v_i^H", returns="The product's first n columns, of the input's shape.",
     input_="Tensor: Of shape (..., m, n); v_i stands below the diagonal in its column i.", tau="Tensor: Of shape (..., k), k <= n <= m.",
     raises="RuntimeError: the shapes do not fit")  # fmt: skip
def householder_product(input_: Tensor, tau: Tensor, *, out=None) -> Tensor:
    """Products of Householder reflections, such as `geqrf` leaves.

    >>> lucid.linalg.householder_product(lucid.tensor([[0.0], [1.0]]), lucid.tensor([1.0]))
    Tensor([[0.0],
            [-1.0]])
    """
    name = "torch.linalg.householder_product"
    _check_reflections(name, input_, tau)
    m, n = input_.shape[-2:]
    if m < n:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if n < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if not input_.array.size:
        return input_.clone()
    lapack("orgqr", input_, NotImplementedError)
    v, t = _reflections(input_, tau)
    return _by_columns(eye(m, n, dtype=input_.dtype) - matmul(v, matmul(t, adjoint(v.narrow(-2, 0, n)))))


def _by_columns(x: Tensor) -> Tensor:
    """The same matrices, laid out by columns, as LAPACK leaves them."""
    return x.mT.clone(memory_format=formats.contiguous_format).mT


def _check_reflections(name: str, input_: Tensor, tau: Tensor) -> None:
    if tensor_argument(name, input_).ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if tensor_argument(name, tau, 2, "tau").ndim != input_.ndim - 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and "
            f"input.ndim is equal to {input_.ndim}"
        )
    if tau.shape[:-1] != input_.shape[:-2]:
        raise RuntimeError(f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}")
    if tau.dtype is not input_.dtype:
        raise RuntimeError(f"{name}: tau dtype {torch_name(tau.dtype)} does not match input dtype {torch_name(input_.dtype)}")


@op("ormqr", composite=True, out="same")
@doc("out = Q C, \\quad Q = H_1 \\cdots H_k", returns="Of the shape of `other`.",
     input_="Tensor: Of shape (..., m, n); the reflections' vectors stand below the diagonal.", tau="Tensor: Of shape (..., k).",
     other="Tensor: C, of shape (..., m, p), or (..., p, m) with `left=False`.", left="bool, optional: False for C Q. Default: True.",
     transpose="bool, optional: With the adjoint of Q. Default: False.", raises="RuntimeError: the shapes do not fit")  # fmt: skip
def ormqr(input_: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False, *, out=None) -> Tensor:
    """Matrices times the product of Householder reflections, such as `geqrf` leaves.

    >>> lucid.ormqr(lucid.tensor([[0.0], [1.0]]), lucid.tensor([1.0]), lucid.tensor([[1.0], [2.0]]))
    Tensor([[-2.0],
            [-1.0]])
    """
    name = "torch.ormqr"
    if tensor_argument(name, input_).ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if tensor_argument(name, other, 3, "other").ndim < 2:
        raise RuntimeError(f"{name}: other must have at least 2 dimensions.")
    side = -2 if left else -1
    if other.shape[side] < tensor_argument(name, tau, 2, "tau").shape[-1]:
        raise RuntimeError(f"{name}: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other.shape[side] != input_.shape[-2]:
        raise RuntimeError(f"{name}: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[-1] != min(other.shape[side], input_.shape[-1]):
        raise RuntimeError(f"{name}: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    _check_reflections(name, input_, tau)
    if other.ndim != input_.ndim:
        raise RuntimeError(
            f"{name}: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
            f"{other.ndim} and input.ndim is equal to {input_.ndim}"
        )
    if other.shape[:-2] != input_.shape[:-2]:
        raise RuntimeError(f"{name}: Expected batch dimensions of other to be equal to input.shape[:-2], but got {list(other.shape[:-2])}")
    check_same(name, input_, other, "input")
    if not other.array.size:
        return other.clone()
    lapack("ormqr", input_, NotImplementedError)
    v, t = _reflections(input_, tau)
    t = adjoint(t) if transpose else t
    h = adjoint(v)
    return _by_columns(other - (matmul(v, matmul(t, matmul(h, other))) if left else matmul(matmul(matmul(other, v), t), h)))


# ------------------------------------------------------------------------------------------------ LDL


SYMMETRIC = "Tensor: Symmetric or Hermitian matrices, of shape (..., n, n); the lower triangle is read."
HERMITIAN = "bool, optional: Complex matrices are Hermitian rather than symmetric. Default: False."
LDL_RETURNS = (
    "`LD`: the blocks of D and below them L; `pivots` (..., n) of int32 in LAPACK's form, negative where a block of D is 2 by 2"
)


@op("linalg.ldl_factor_ex", gradient=RuntimeError)
@doc("A = P L D L^T P^T", gives="return_types.linalg_ldl_factor_ex", returns=LDL_RETURNS + "; `info` (...), the first pivot that is zero, or 0.",
     A=SYMMETRIC, hermitian=HERMITIAN, check_errors=CHECK, out=PAIR, raises="RuntimeError: the matrices are not square")  # fmt: skip
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out=None):
    """Bunch and Kaufman's factorisation of symmetric matrices, which says where they are singular.

    >>> lucid.linalg.ldl_factor_ex(lucid.zeros(2, 2)).info
    Tensor(1, dtype=lucid.int32)
    """
    array = square("torch.linalg.ldl_factor_ex", A)
    *batch, n = array.shape[:-1]
    factor, pivots, info = copied(array), np.zeros((*batch, n), INT32), np.zeros(batch, INT32)
    if factor.size:
        hermitian = hermitian and A.dtype.is_complex
        LDL[array.dtype](flat(factor), flat(pivots), flat(info), flat(empty((2 * n,), array.dtype)), info.size, n, hermitian)
        factor = np.tril(factor)
    if check_errors:
        _failed("torch.linalg.ldl_factor_ex", info, "D[{0},{0}] is zero and using it on ldl_solve would divide by it.", RuntimeError)
    return return_types.linalg_ldl_factor_ex(wrap(factor), wrap(pivots), wrap(info))


@op("linalg.ldl_factor", gradient=RuntimeError)
@doc("A = P L D L^T P^T", gives="return_types.linalg_ldl_factor", returns=LDL_RETURNS + ".", A=SYMMETRIC, hermitian=HERMITIAN, out=PAIR,
     raises="RuntimeError: a pivot is zero, or the matrices are not square")  # fmt: skip
def ldl_factor(A: Tensor, *, hermitian: bool = False, out=None):
    """Bunch and Kaufman's factorisation of symmetric matrices, in the form that `linalg.ldl_solve` takes.

    >>> lucid.linalg.ldl_factor(lucid.tensor([[0.0, 1.0], [1.0, 0.0]])).pivots
    Tensor([-2, -2], dtype=lucid.int32)
    """
    found = ldl_factor_ex.op.forward(A, hermitian=hermitian, check_errors=True)
    return return_types.linalg_ldl_factor(*found[:2])


@op("linalg.ldl_solve", gradient=RuntimeError, out="same")
@doc("A X = B", returns="X, of the broadcast shape of B.", LD="Tensor: L and D in one, (..., n, n).",
     pivots="Tensor: Of integers, (..., n).", B="Tensor: The right side, of shape (..., n, k).", hermitian=HERMITIAN,
     raises="RuntimeError: the shapes do not fit, or a pivot is none")  # fmt: skip
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False, out=None) -> Tensor:
    """The solution of linear systems by an LDL factorisation of their matrices.

    >>> LD, pivots = lucid.linalg.ldl_factor(lucid.tensor([[0.0, 1.0], [1.0, 0.0]]))
    >>> lucid.linalg.ldl_solve(LD, pivots, lucid.tensor([[1.0], [2.0]]))
    Tensor([[2.0],
            [1.0]])
    """
    name = "torch.linalg.ldl_solve"
    array = square(name, LD)
    b = tensor_argument(name, B, 3, "B").array
    if b.ndim < 2:
        raise IndexError(f"Dimension out of range: {name} expects B to have at least 2 dimensions, but it has {b.ndim}")
    n, k = b.shape[-2:]
    if n != array.shape[-1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for {name}: each A matrix is {array.shape[-2]} by {array.shape[-1]} but each b "
            f"matrix is {n} by {k}"
        )
    changes = tensor_argument(name, pivots, 2, "pivots").array
    if changes.dtype.kind not in "iu":
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {torch_name(pivots.dtype)}")
    if changes.shape != array.shape[:-1]:
        raise RuntimeError(f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape {list(changes.shape)} instead")
    check_same(name, LD, B, "LD")
    if changes.size and not ((abs(changes) >= 1) & (abs(changes) <= n)).all():
        raise RuntimeError(f"{name}: pivots must lie between 1 and LD.size(-2), or be their negatives")
    batch = broadcast_shapes(array.shape[:-2], b.shape[:-2])
    x = copied(spread(b, (*batch, n, k)))
    if x.size:
        LDL_SOLVE[array.dtype](
            flat(contiguous(np.broadcast_to(array, (*batch, n, n)))), flat(copied(np.broadcast_to(changes, (*batch, n)).astype(INT32))),
            flat(x), math.prod(batch), n, k, hermitian and LD.dtype.is_complex,
        )  # fmt: skip
    return wrap(x)
