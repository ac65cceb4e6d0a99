"""Products of vectors and matrices made of others: traces, powers, chains, crosses, distances of all pairs."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import linalg as kernels
from lucid._kernels.core import empty, flat, row, wrap
from lucid._kernels.index import triangle_indices
from lucid.autograd.op import op
from lucid.autograd.writes import check_out, write_out
from lucid.dtypes import torch_name
from lucid.formats import contiguous_format
from lucid.ops._doc import doc
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    INT64,
    broadcast_shapes,
    cast,
    contiguous,
    copied,
    same_dtype,
    tensor_argument,
)
from lucid.ops.arithmetic import add, conjugate, div, mul, sub
from lucid.ops.comparison import eq, ne
from lucid.ops.creation import eye, ones, zeros
from lucid.ops.inverses import inv, slogdet, solve, square_shape
from lucid.ops.joining import cat, put
from lucid.ops.linalg import adjoint, matmul, multiply, product
from lucid.ops.magnitude import where
from lucid.ops.norms import vector_norm
from lucid.ops.pieces import diagonal
from lucid.ops.reduction import computed
from lucid.ops.reduction import sum as sum_
from lucid.ops.view import clone, expand, reshape
from lucid.tensor import Tensor, check_dim


@op("trace", composite=True)
@doc("out = \\sum_i x_{ii}", "g \\delta_{ij}", returns="0-d.", input_="Tensor: A matrix.",
     raises="RuntimeError: the input is no matrix")  # fmt: skip
def trace(input_: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.

    >>> lucid.trace(lucid.eye(3))
    Tensor(3.0)
    """
    if tensor_argument("trace", input_).dtype is dtypes.bool_:
        raise NotImplementedError("\"trace\" not implemented for 'Bool'")
    if input_.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input_.ndim}")
    if core.recording((input_,)):
        return sum_(diagonal(input_))
    return sum_(core.wrap(copied(input_.array.diagonal())))


def _vectors(name: str, x, y) -> None:
    tensor_argument(name, x)
    tensor_argument(name, y, 2, "other")
    if x.ndim != 1 or y.ndim != 1:
        raise RuntimeError(f"{name}: 1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors")
    if x.dtype is not y.dtype:
        raise RuntimeError(f"{name} : expected both vectors to have same dtype, but found {torch_name(x.dtype)} and {torch_name(y.dtype)}")
    if x.numel() != y.numel():
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{x.numel()}] and src [{y.numel()}] to have the same number of elements")


@op("vdot", composite=True, out="same")
@doc("out = \\sum_i \\bar x_i y_i", returns="0-d.", input_="Tensor: A vector; its conjugate counts.", other="Tensor: A vector.",
     raises="RuntimeError: they are no vectors of one size and dtype")  # fmt: skip
def vdot(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """The inner product of two vectors.

    >>> lucid.vdot(lucid.tensor([1.0, 2.0]), lucid.tensor([3.0, 4.0]))
    Tensor(11.0)
    """
    _vectors("vdot", input_, other)
    return matmul(input_.conj(), other)


@op("linalg.vecdot", composite=True, out="same", wide=True)
@doc("out = \\sum_i \\bar x_i y_i", returns="The broadcast shape without `dim`.",
     x="Tensor: Vectors along `dim`; their conjugates count.", y="Tensor: Vectors along `dim`.",
     dim="int, optional: Default: the last dimension.")  # fmt: skip
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out=None) -> Tensor:
    """Inner products of the vectors of two tensors, pair by pair.

    >>> lucid.linalg.vecdot(lucid.ones(2, 3), lucid.ones(3))
    Tensor([3.0, 3.0])
    """
    for position, one in enumerate((x, y), 1):
        if tensor_argument("linalg.vecdot", one, position, "xy"[position - 1]).dtype.kind < 2:
            raise RuntimeError(f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {torch_name(one.dtype)}")
    same_dtype("linalg.vecdot", x, y)
    return sum_(mul(x.conj(), y), dim)


@op("kron", composite=True, out="cast step")
@doc("out_{i m + k, j n + l} = x_{ij} y_{kl}", returns="Each dimension is the product of the inputs'.",
     other="Tensor: Of any shape.")  # fmt: skip
def kron(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Kronecker's product: each element of the first times all of the second.

    >>> lucid.kron(lucid.tensor([1.0, 10.0]), lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 2.0, 10.0, 20.0])
    """
    tensor_argument("kron", input_)
    tensor_argument("kron", other, 2, "other")
    ndim = max(input_.ndim, other.ndim)
    a = (1,) * (ndim - input_.ndim) + tuple(input_.shape)
    b = (1,) * (ndim - other.ndim) + tuple(other.shape)
    first = reshape(input_, tuple([size for one in a for size in (one, 1)]))
    second = reshape(other, tuple([size for one in b for size in (1, one)]))
    return reshape(mul(first, second), tuple([m * n for m, n in zip(a, b)]))


@op("linalg.cross", composite=True, out="same apart")
@doc("out = (x_2 y_3 - x_3 y_2, x_3 y_1 - x_1 y_3, x_1 y_2 - x_2 y_1)", returns="Of the broadcast shape.",
     other="Tensor: Of as many dimensions.", dim="int, optional: Along which vectors of size 3 lie. Default: the last.",
     raises="RuntimeError: the size is not 3, or the numbers of dimensions differ")  # fmt: skip
def linalg_cross(input_: Tensor, other: Tensor, *, dim: int = -1, out=None) -> Tensor:
    """Vector products of the vectors of two tensors, pair by pair.

    >>> lucid.linalg.cross(lucid.tensor([1.0, 0.0, 0.0]), lucid.tensor([0.0, 1.0, 0.0]))
    Tensor([0.0, 0.0, 1.0])
    """
    tensor_argument("linalg.cross", input_)
    tensor_argument("linalg.cross", other, 2, "other")
    own, others = input_.array.shape, other.array.shape
    if len(own) != len(others):
        raise RuntimeError(f"linalg.cross: inputs must have the same number of dimensions, got {len(own)} and {len(others)}.")
    shape = broadcast_shapes(own, others)
    at = check_dim("linalg.cross", dim, len(shape))
    if own[at] != 3 or others[at] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {own[at]} and {others[at]}")
    same_dtype("linalg.cross", input_, other)
    if input_.dtype is dtypes.bool_:
        raise NotImplementedError("\"cross\" not implemented for 'Bool'")
    return _cross(*[one if one.array.shape == shape else expand(one, shape) for one in (input_, other)], at)


@op("_cross")
def _cross(x: Tensor, y: Tensor, dim: int) -> Tensor:
    """`linalg.cross` of tensors of one shape and dtype."""
    if x.array.dtype == FLOAT32:
        found = empty(x.array.shape, FLOAT32)
        if found.size:
            kernels.cross(flat(contiguous(x.array)), flat(contiguous(y.array)), flat(found), math.prod(found.shape[dim + 1 :]))
        return wrap(found)
    order = (dim, *range(dim), *range(dim + 1, x.ndim))
    a, b = _around(x.array.transpose(order)), _around(y.array.transpose(order))
    out = sub(mul(wrap(a[1:4]), wrap(b[2:5])), mul(wrap(a[2:5]), wrap(b[1:4]))).array
    return wrap(copied(out.transpose((*range(1, dim + 1), 0, *range(dim + 1, x.ndim))))) if dim else wrap(out)


def _around(rows: np.ndarray) -> np.ndarray:
    """Three rows, and the first two again: those after each row, and after them, lie together."""
    found = core.empty((5, *rows.shape[1:]), rows.dtype)
    put(found, (slice(0, 3),), rows)
    found[3:] = found[:2]
    return found


_cross.vjp(
    x=lambda g, y, dim: _cross(conjugate(y), g, dim),
    y=lambda g, x, dim: _cross(g, conjugate(x), dim),
)


@op("cross", composite=True, out="same apart")
@doc("out = (x_2 y_3 - x_3 y_2, x_3 y_1 - x_1 y_3, x_1 y_2 - x_2 y_1)", returns="Of the broadcast shape.",
     other="Tensor: Of as many dimensions.", dim="int, optional: Along which vectors of size 3 lie. Default: the first of size 3.",
     raises="RuntimeError: no dimension, or not `dim`, has size 3")  # fmt: skip
def cross(input_: Tensor, other: Tensor, dim: int | None = None, *, out=None) -> Tensor:
    """`linalg.cross` along the first dimension of size 3 where none is given.

    >>> lucid.cross(lucid.tensor([1.0, 0.0, 0.0]), lucid.tensor([0.0, 1.0, 0.0]), dim=0)
    Tensor([0.0, 0.0, 1.0])
    """
    if dim is None:
        shape = tuple(tensor_argument("cross", input_).shape)
        if 3 not in shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = shape.index(3)
        warnings.warn(f"cross takes dimension {dim}, the first of size 3: give it as `dim`, or use linalg.cross", stacklevel=2)
    return linalg_cross.op.forward(input_, other, dim=dim)


@op("linalg.matrix_power", composite=True, aliases=("matrix_power",))
@doc("out = A^n", returns="Of the input's shape and dtype.", A="Tensor: Square matrices, of shape (..., n, n).",
     n="int: The exponent; a negative one of the inverse.",
     raises="RuntimeError: the matrices are not square; LinAlgError where the inverse does not exist")  # fmt: skip
def matrix_power(A: Tensor, n: int, *, out=None) -> Tensor:
    """Powers of matrices.

    >>> lucid.linalg.matrix_power(lucid.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    Tensor([[1.0, 3.0],
            [0.0, 1.0]])
    """
    square_shape("linalg.matrix_power", A)
    if n == 0:
        return where(ones((), dtype=dtypes.bool_), eye(A.shape[-1], dtype=A.dtype), A)  # of A, with a gradient of zeros
    base, n = (inv(A), -n) if n < 0 else (A, n)
    found = None
    while n:
        if n & 1:
            found = base if found is None else matmul(found, base)
        n >>= 1
        base = matmul(base, base) if n else base
    return clone(found, memory_format=contiguous_format) if found is A else found


@op("linalg.multi_dot", composite=True, out="same")
@doc(returns="The product.", tensors="sequence of Tensor: Matrices; the first and the last may be vectors.",
     raises="RuntimeError: there are fewer than two, or a shape does not fit")  # fmt: skip
def multi_dot(tensors, *, out=None) -> Tensor:
    """The product of several matrices, in the order that takes the fewest multiplications.

    >>> lucid.linalg.multi_dot([lucid.ones(2, 3), lucid.ones(3, 4), lucid.ones(4)])
    Tensor([12.0, 12.0])
    """
    tensors = list(tensors)
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    first, last, dtype = tensors[0].array.ndim == 1, tensors[-1].array.ndim == 1, tensors[0].dtype
    for i, one in enumerate(tensors):
        ndim = one.array.ndim
        if ndim != 2:
            ends = i in (0, len(tensors) - 1)
            if not (ends and ndim == 1):
                raise RuntimeError(f"multi_dot(): tensor {i} must be {'1D or ' if ends else ''}2D but got {ndim}D")
        if one.dtype is not dtype:
            raise RuntimeError(f"multi_dot(): all tensors must have be the same dtype but tensor {i} is {torch_name(one.dtype)}")
    tensors[0] = tensors[0].unsqueeze(0) if first else tensors[0]
    tensors[-1] = tensors[-1].unsqueeze(1) if last else tensors[-1]
    found = _chained("multi_dot", tensors)
    found = found.squeeze(0) if first else found
    return found.squeeze(-1) if last else found


def _chained(name: str, matrices: list) -> Tensor:
    """The product of matrices in the cheapest order, found for each stretch of them from the shorter ones."""
    n, shapes = len(matrices), [one.array.shape for one in matrices]
    for i, (a, b) in enumerate(pairwise(shapes)):
        if a[1] != b[0]:
            raise RuntimeError(f"{name}(): tensors {i} and {i + 1} with shapes {list(a)} and {list(b)} cannot be multiplied")
    if n == 3:
        (a, b), (_, c), (_, d) = shapes
        x, y, z = matrices
        return matmul(matmul(x, y), z) if a * c * (b + d) < b * d * (a + c) else matmul(x, matmul(y, z))
    sizes = [shape[0] for shape in shapes] + [shapes[-1][1]]
    least = {(i, i): (0, i) for i in range(n)}  # multiplications, and after which matrix to cut
    for length in range(1, n):
        for i in range(n - length):
            j, across = i + length, sizes[i] * sizes[i + length + 1]
            least[i, j] = min([(least[i, k][0] + least[k + 1, j][0] + across * sizes[k + 1], k) for k in range(i, j)])
    return _stretch(matrices, least, 0, n - 1)


def _stretch(matrices: list, least: dict, i: int, j: int) -> Tensor:
    if i == j:
        return matrices[i]
    k = least[i, j][1]
    return matmul(_stretch(matrices, least, i, k), _stretch(matrices, least, k + 1, j))


@op("chain_matmul", composite=True, own=("out",))
@doc()
def chain_matmul(*matrices, out=None) -> Tensor:
    """`linalg.multi_dot` of matrices given one by one.

    Parameters
    ----------
    *matrices : Tensor
        Matrices, at least one.

    Returns
    -------
    Tensor
        The product.

    Examples
    --------
    >>> import lucid
    >>> lucid.chain_matmul(lucid.eye(2), lucid.ones(2, 1))
    Tensor([[1.0],
            [1.0]])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for i, one in enumerate(matrices):
        if one.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {one.ndim}, expected 2 instead (argument {i})")
    found = matrices[0] if len(matrices) == 1 else _chained("chain_matmul", list(matrices))
    if out is None:
        return found
    check_out("chain_matmul", out, matrices, (None, None))
    write_out("chain_matmul", out, found, "same")
    return out


@op("nn.functional.grouped_mm")
@doc()
def grouped_mm(mat_a: Tensor, mat_b: Tensor, *, offs: Tensor | None = None, bias=None, out_dtype=None) -> Tensor:
    """Products of groups of matrices that may differ in one size, as the experts of a mixture that share one batch of rows.

    The dimension in which groups differ lies in a two-dimensional operand, one group after the other.

    Parameters
    ----------
    mat_a : Tensor
        Of shape (g, m, k); or (t, k), whose rows are divided into groups; or (m, t), with a `mat_b` of (t, n).
    mat_b : Tensor
        Of shape (g, k, n); or (k, t), whose columns are divided; or (t, n). float32, bfloat16 or float16, as `mat_a`.
    offs : Tensor, optional
        int32, (g,): where each group ends; one that ends before it starts is empty. Wanted unless both operands have
        three dimensions.
    bias : None
        Not supported, as in PyTorch.
    out_dtype : dtype, optional
        That of the operands.

    Returns
    -------
    Tensor
        Of shape (t, n), (m, t), or (g, m, n) where the sum is over the divided dimension or nothing is divided. What is
        in no group is zero. The gradients are ``grouped_mm(g, mat_b.mT)`` and ``grouped_mm(mat_a.mT, g)``, of the same groups.

    Raises
    ------
    RuntimeError
        If ranks, sizes or dtypes do not fit, or offsets lie outside.

    Examples
    --------
    >>> import lucid
    >>> rows, experts = lucid.ones(3, 2), lucid.tensor([[[1.0], [1.0]], [[2.0], [2.0]]])
    >>> lucid.nn.functional.grouped_mm(rows, experts, offs=lucid.tensor([1, 3], dtype=lucid.int32))
    Tensor([[2.0],
            [4.0],
            [4.0]])
    """
    a, b = _groups(mat_a, mat_b, offs, bias, out_dtype)
    if offs is None:
        return wrap(multiply(a, b, mat_a.dtype))
    rows, columns = a.ndim == 2, b.ndim == 2
    summed = rows and columns
    out = np.zeros((*((len(offs),) if summed else ()), a.shape[-2], b.shape[-1]), a.dtype)
    for i, (start, end) in enumerate(pairwise([0, *offs.array.tolist()])):
        if end > start:
            group = slice(start, end)
            left = a[:, group] if summed else a[group] if rows else a[i]
            right = b[group] if summed else b[:, group] if columns else b[i]
            out[i if summed else group if rows else (slice(None), group)] = multiply(left, right, mat_a.dtype)
    return wrap(out)


def _groups(mat_a, mat_b, offs, bias, out_dtype) -> tuple[np.ndarray, np.ndarray]:
    """The arrays of the operands of `grouped_mm`, which fit."""
    for i, (name, one) in enumerate((("mat_a", mat_a), ("mat_b", mat_b)), 1):
        dtype = tensor_argument("grouped_mm", one, i, name).dtype
        if dtype not in (dtypes.float32, dtypes.bfloat16, dtypes.float16):
            raise RuntimeError(f"Expected {name} to be Float32, BFloat16 or Float16 matrix, got {torch_name(dtype)}")
    a, b = mat_a.array, mat_b.array
    for name, one in (("mat_a", a), ("mat_b", b)):
        if one.ndim not in (2, 3):
            raise RuntimeError(f"grouped_mm(): {name} has to be 2 or 3d, got {one.ndim}d")
    if (offs is None) != (a.ndim == b.ndim == 3):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError(f"contraction dimension of mat_a and mat_b must match, got {a.shape[-1]} and {b.shape[-2]}")
    if a.ndim == b.ndim == 3 and len(a) != len(b):
        raise RuntimeError(f"batched dimension has to match, got {len(a)} and {len(b)}")
    same_dtype("grouped_mm", mat_a, mat_b)
    if bias is not None:
        raise RuntimeError("grouped_mm(): a bias is not supported")
    if out_dtype is not None and out_dtype is not mat_a.dtype:
        raise RuntimeError(f"Grouped gemm output dtype must match `mat_a` dtype, {mat_a.dtype}, got {out_dtype}")
    if offs is not None:
        _check_offsets(offs, a, b)
    return a, b


def _check_offsets(offs, a: np.ndarray, b: np.ndarray) -> None:
    """Refuse what are no ends of groups of the divided dimension, one for each matrix of the other operand."""
    tensor_argument("grouped_mm", offs, 3, "offs")
    if offs.ndim != 1:
        raise RuntimeError(f"grouped_mm(): offs has to be 1D, got {offs.ndim}D")
    if offs.dtype is not dtypes.int32:
        raise RuntimeError(f"grouped_mm(): offsets have to be int32, got {offs.dtype}")
    for one in (a, b):
        if one.ndim == 3 and len(one) != len(offs):
            raise RuntimeError(f"matrix batch sizes have to match, got {len(one)} and {len(offs)} offsets")
    ends, size = offs.array.tolist(), a.shape[-2] if b.ndim == 3 else b.shape[-1] if a.ndim == 3 else a.shape[-1]
    if not all(0 <= end <= size for end in ends):
        raise RuntimeError(f"grouped_mm(): offsets lie within 0 to {size}, got {ends}")


@grouped_mm.vjp_joint("mat_a", "mat_b", crossed=True)
def _grouped_mm_backward(g, needs, mat_a, mat_b, offs):
    return (
        grouped_mm(g, adjoint(mat_b), offs=offs) if needs[0] else None,
        grouped_mm(adjoint(mat_a), g, offs=offs) if needs[1] else None,
    )


@op("linalg.tensorinv", composite=True)
@doc(returns="Of shape `A.shape[ind:] + A.shape[:ind]`.",
     A="Tensor: Its first `ind` dimensions have together as many elements as the others.",
     ind="int, optional: Default: 2.", raises="RuntimeError: the numbers differ, or the inverse does not exist")  # fmt: skip
def tensorinv(A: Tensor, ind: int = 2, *, out=None) -> Tensor:
    """The inverse of what `tensordot` over the last dimensions does.

    >>> lucid.linalg.tensorinv(lucid.eye(4).reshape(2, 2, 4)).shape
    lucid.Size([4, 2, 2])
    """
    tensor_argument("linalg.tensorinv", A)
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    front, back = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    n = _count(back)
    if _count(front) != n:
        raise RuntimeError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got {n} != "
            f"{_count(front)}"
        )
    return inv(A.reshape(n, n)).reshape(*back, *front)


@op("linalg.tensorsolve", composite=True)
@doc(returns="Of the shape of `A`'s dimensions beyond `B`'s.", A="Tensor: Of shape `B.shape + X.shape`.", B="Tensor: The right side.",
     dims="tuple of int, optional: Dimensions of `A` that are first moved to its end.",
     raises="RuntimeError: the shapes do not fit, or there is no solution")  # fmt: skip
def tensorsolve(A: Tensor, B: Tensor, dims: tuple | None = None, *, out=None) -> Tensor:
    """What `tensordot` of `A` with gives `B`.

    >>> lucid.linalg.tensorsolve(lucid.eye(4).reshape(2, 2, 4), lucid.ones(2, 2))
    Tensor([1.0, 1.0, 1.0, 1.0])
    """
    tensor_argument("linalg.tensorsolve", A)
    tensor_argument("linalg.tensorsolve", B, 2, "B")
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    rest = tuple(A.shape[B.ndim :])
    if _count(rest) != _count(tuple(A.shape[: B.ndim])):
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim])")
    return solve(A.reshape(B.numel(), _count(rest)), B.reshape(-1)).reshape(rest)


def _count(shape: tuple) -> int:
    n = 1
    for size in shape:
        n *= size
    return n


@op("logdet", composite=True)
@doc("out = \\log \\det A", returns="Of shape (...).", A="Tensor: Square matrices, of shape (..., n, n).",
     raises="RuntimeError: the matrices are not square")  # fmt: skip
def logdet(A: Tensor) -> Tensor:
    """Logarithms of determinants; NaN of negative ones.

    >>> lucid.logdet(lucid.eye(2))
    Tensor(0.0)
    """
    square_shape("logdet", A)
    sign, value = slogdet(A)
    if A.dtype.is_complex:
        return sign.log() + value
    return where(sign == -1, math.nan, value)  # which has no gradient there


# ------------------------------------------------------------------------------------------------ distances


@op("dist", composite=True)
@doc("out = \\|x - y\\|_p", returns="0-d.", other="Tensor: Broadcasts with `input_`.", p="float, optional: Which norm. Default: 2.")
def dist(input_: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The norm of a difference.

    >>> lucid.dist(lucid.tensor([0.0, 0.0]), lucid.tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    return vector_norm(sub(tensor_argument("dist", input_), tensor_argument("dist", other, 2, "other")), p)


@op("cdist", composite=True)
@doc("out_{ij} = \\|x_i - y_j\\|_p", returns="Of shape (..., m, n).", x1="Tensor: Vectors in rows, (..., m, d).",
     x2="Tensor: Vectors in rows, (..., n, d).", p="float, optional: Which norm. Default: 2.",
     compute_mode="str, optional: One of PyTorch's three, without effect: differences are always taken, which is exact.",
     raises="RuntimeError: a tensor has fewer than two dimensions, the vectors' sizes differ, or `p` is negative\nValueError: "
            "`compute_mode` is unknown")  # fmt: skip
def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"
) -> Tensor:
    """Distances of all pairs of vectors of two tensors.

    >>> lucid.cdist(lucid.tensor([[0.0, 0.0]]), lucid.tensor([[3.0, 4.0], [0.0, 1.0]]))
    Tensor([[5.0, 1.0]])
    """
    for position, one in enumerate((x1, x2), 1):
        tensor_argument("cdist", one, position, f"x{position}")
        if one.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{position} got: {one.ndim}D")
        if not one.is_floating_point():
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{position} got: {torch_name(one.dtype)}")
    same_dtype("cdist", x1, x2)
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if compute_mode not in COMPUTE_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    if not x1.shape[-1]:
        p = 1  # as good as any: nothing is apart, and the norms of some orders are not defined
    return _distances(x1, x2, p, True)


def _distances(x1: Tensor, x2: Tensor, p: float, lenient: bool) -> Tensor:
    norm = (lambda diff: _extent(diff, p, lenient)) if p in (0, 1, math.inf) else (lambda diff: vector_norm(diff, p, -1))
    if core.recording((x1, x2)) and (p != 2 or max(x1.shape[-2], x2.shape[-2]) <= 25):
        return norm(sub(x1.unsqueeze(-2), x2.unsqueeze(-3)))
    if p == 2:
        return _cdist(x1, x2)
    step = max(1, BLOCK // max(1, x2.numel()))
    return cat([norm(sub(rows.unsqueeze(-2), x2.unsqueeze(-3))) for rows in x1.split(step, -2)], -2)


@op("_extent")
def _extent(diff: Tensor, p: float, lenient: bool) -> Tensor:
    """Norms of order 0, 1 or infinity. NaN is that of NaN, but the largest of a lenient one's is that of the others, as PyTorch's `cdist` has it."""
    if not p:
        return where(diff.isnan().any(-1), math.nan, ne(diff, 0).sum(-1, dtype=diff.dtype))
    if p == 1:
        return vector_norm(diff, 1, -1)
    sizes = diff.abs()
    return (where(sizes.isnan(), 0, sizes) if lenient else sizes).amax(-1)


@_extent.vjp_joint("diff")
def _extent_backward(g, needs, diff, p, out):
    """Each of the largest counts in full. The gradient at NaN is NaN."""
    if not p:
        return (zeros(diff.shape, dtype=g.dtype),)
    if p == 1:
        return (mul(g.unsqueeze(-1), where(diff.isnan(), math.nan, diff.sign())),)
    gap = sub(diff.abs(), out.unsqueeze(-1))
    return (mul(g.unsqueeze(-1), mul(diff.sign(), where(gap.isnan(), math.nan, eq(gap, 0).to(g.dtype)))),)


BLOCK = 2**18  # differences that are kept at once
COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"
)  # fmt: skip


@op("_cdist")
def _cdist(x1: Tensor, x2: Tensor) -> Tensor:
    """Euclidean distances of all pairs."""
    a, b = (computed(one.array, one.dtype) for one in (x1, x2))
    return wrap(cast(product(a, b.swapaxes(-2, -1), apart=True), x1.array.dtype))


@_cdist.vjp_joint("x1", "x2")
def _cdist_backward(g, needs, x1, x2, out):
    ratio = div(g, out).masked_fill(eq(out, 0), 0)
    first = sub(mul(x1, sum_(ratio, -1, True)), matmul(ratio, x2)) if needs[0] else None
    return first, (
        sub(mul(x2, sum_(ratio, -2).unsqueeze(-1)), matmul(ratio.transpose(-2, -1), x1)) if needs[1] else None
    )


@op("nn.functional.pdist", composite=True, aliases=("pdist",))
@doc("out = \\|x_i - x_j\\|_p, \\quad i < j", returns="Of shape (n (n - 1) / 2,).", input_="Tensor: Vectors in rows, (n, d).",
     p="float, optional: Which norm. Default: 2.", raises="RuntimeError: the input is no matrix, or `p` is negative")  # fmt: skip
def pdist(input_: Tensor, p: float = 2) -> Tensor:
    """Distances of all pairs of vectors of a tensor, each pair once.

    >>> lucid.pdist(lucid.tensor([[0.0], [1.0], [3.0]]))
    Tensor([1.0, 3.0, 2.0])
    """
    if tensor_argument("pdist", input_).ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input_.ndim}D")
    if not input_.is_floating_point():
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    n = len(input_.array)
    if p == 2 and input_.array.size and n > 1:
        return _pdist(input_)
    return _distances(input_, input_, p if input_.shape[1] else 1, False).reshape(-1)[wrap(_pairs(n))]


def _pairs(n: int) -> np.ndarray:
    """Where the pairs i < j stand in a matrix of n rows and columns."""
    pairs = empty((2, n * (n - 1) // 2), INT64)
    if pairs.size:
        triangle_indices(flat(pairs), n, n, 1, True)
    return pairs[0] * n + pairs[1]


PDIST, PDIST_BACKWARD = ({dtype: function[C_NAMES[dtype]] for dtype in FLOATING} for function in (kernels.pdist, kernels.pdist_backward))


@op("_pdist")
def _pdist(input_: Tensor) -> Tensor:
    """Euclidean distances of all pairs of rows, of which there are two at least."""
    x, n = computed(input_.array, input_.dtype), len(input_.array)
    out = empty((n * (n - 1) // 2,), x.dtype)
    PDIST[x.dtype](row(x), flat(out), n)
    return wrap(cast(out, input_.array.dtype))


def _pdist_backward(g, input_, out):
    x, n = computed(input_.array, input_.dtype), len(input_.array)
    if core.is_grad_enabled():
        ratio = div(g, out).masked_fill(eq(out, 0), 0)
        ratio = zeros(n * n, dtype=g.dtype).index_put((wrap(_pairs(n)),), ratio).reshape(n, n)
        ratio = add(ratio, ratio.T)
        return sub(mul(input_, sum_(ratio, 1, True)), matmul(ratio, input_))
    result = empty(x.shape, x.dtype)
    PDIST_BACKWARD[x.dtype](row(g, x.dtype), row(x), row(out, x.dtype), flat(result), n)
    return wrap(cast(result, input_.array.dtype))


_pdist.vjp(input_=_pdist_backward)
