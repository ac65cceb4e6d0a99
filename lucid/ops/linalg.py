"""Matrix products and linear algebra.

All products come to `product`: arrays whose last two dimensions are matrices, broadcast over the others, any strides. The
kernel takes float32 and float64; half precision is computed in float32, integers and complex numbers by NumPy.
Factorisations are LAPACK's, as NumPy has them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import linalg as kernels
from lucid._kernels.core import empty, flat, span, wrap
from lucid.autograd.op import Supplied, op, torch_name
from lucid.ops._doc import like
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    broadcast_shapes,
    cast,
    contiguous,
    native,
    same_dtype,
    tensor_argument,
)
from lucid.ops.reduction import norm_dtype, vector_norm
from lucid.ops.reduction import sum as sum_
from lucid.tensor import Tensor, check_dim

BMM = {dtype: kernels.bmm[C_NAMES[dtype]] for dtype in FLOATING}


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or an iteration did not converge."""


# ------------------------------------------------------------------------------------------------ products


def _single(batch: tuple, *strides) -> tuple | None:
    """The one stride with which each operand walks over all batch dimensions, if there is one."""
    sizes = [i for i, size in enumerate(batch) if size != 1]
    if not sizes:
        return (0,) * len(strides)
    for outer, inner in zip(sizes, sizes[1:]):
        if any(step[outer] != step[inner] * batch[inner] for step in strides):
            return None
    return tuple(step[sizes[-1]] for step in strides)


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None, alpha: float = 1, beta: float = 0):
    """Matrices times matrices, of one dtype that the kernel has; `out` (contiguous) holds what `beta` multiplies."""
    m, k = a.shape[-2:]
    n = b.shape[-1]
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2]) if a.ndim > 2 or b.ndim > 2 else ()
    if out is None:
        out = empty((*batch, m, n), a.dtype)
    if not out.size:
        return out
    if not k:  # the sum of nothing; with beta 0 what lies in `out` does not count, not even NaN
        if beta == 0:
            out.fill(0)
        else:
            out *= beta
        return out
    itemsize = a.itemsize
    a, b = _positive(a), _positive(b)
    function = BMM[a.dtype]
    a_row, a_col = a.strides[-2] // itemsize, a.strides[-1] // itemsize
    b_row, b_col = b.strides[-2] // itemsize, b.strides[-1] // itemsize
    rows = flat(a), flat(b), flat(out)
    if not batch:
        function(*rows, 1, m, n, k, 0, a_row, a_col, 0, b_row, b_col, 0, n, alpha, beta)
        return out
    if b.ndim == 2 and a.flags.c_contiguous:  # many rows times one matrix: one large product
        function(*rows, 1, out.size // n, n, k, 0, k, 1, 0, b_row, b_col, 0, n, alpha, beta)
        return out
    a_steps, b_steps = (
        [0] * (len(batch) - x.ndim + 2)
        + [0 if size == 1 else step // itemsize for size, step in zip(x.shape[:-2], x.strides[:-2])]
        for x in (a, b)
    )
    steps = _single(batch, a_steps, b_steps)
    if steps is not None:
        function(
            *rows, out.size // (m * n), m, n, k, steps[0], a_row, a_col, steps[1], b_row, b_col, m * n, n, alpha, beta
        )  # fmt: skip
        return out
    # Batches that no single stride walks: the last dimension by the kernel, those before it here.
    for number, index in enumerate(np.ndindex(batch[:-1])):
        a_at = sum(i * step for i, step in zip(index, a_steps))
        b_at = sum(i * step for i, step in zip(index, b_steps))
        function(
            *rows, batch[-1], m, n, k, a_steps[-1], a_row, a_col, b_steps[-1], b_row, b_col, m * n, n, alpha, beta,
            a_at, b_at, number * batch[-1] * m * n,
        )  # fmt: skip
    return out


def _positive(array: np.ndarray) -> np.ndarray:
    """The array, or a copy where its strides are not what the kernel takes."""
    flags = array.flags
    if flags.forc and flags.aligned and min(array.strides) >= 0:
        return array
    array = native(array)
    return contiguous(array) if min(array.strides) < 0 or (not array.flags.forc and span(array)) else array


def multiply(a: np.ndarray, b: np.ndarray, dtype: dtypes.dtype) -> np.ndarray:
    """Matrices times matrices in any dtype."""
    numpy = dtype.numpy
    if dtype.is_floating_point:
        computed = FLOAT32 if dtype.itemsize == 2 else numpy
        return cast(product(cast(a, computed), cast(b, computed)), numpy)
    if dtype.kind == 0:
        shape = (*broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
        if math.prod(shape) and a.shape[-1]:
            raise NotImplementedError('"addmm_impl_cpu_" not implemented for \'Bool\'')
        return np.zeros(shape, a.dtype)
    broadcast_shapes(a.shape[:-2], b.shape[:-2])
    with np.errstate(all="ignore"):
        return np.matmul(a, b)


def _dense(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the commonest factors, which need none of what `product` does for others."""
    return a.dtype is b.dtype and a.flags.c_contiguous and b.flags.c_contiguous and a.dtype in BMM and a.size and b.size


def _check_dtypes(name: str, a: Tensor, b: Tensor) -> None:
    tensor_argument(name, a)
    tensor_argument(name, b, 2, "other")
    same_dtype(name, a, b)


def adjoint(x: Tensor) -> Tensor:
    """The last two dimensions exchanged; conjugated where complex."""
    x = x.transpose(-2, -1)
    return x.conj() if x.array.dtype.kind == "c" else x


@op("matmul", aliases=("linalg.matmul",), out="same")
def matmul(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Matrix product.

    Vectors times vectors give a number, matrices and vectors multiply as matrices do, and dimensions before the last
    two are batches that broadcast.

    Parameters
    ----------
    input_ : Tensor
        Of shape (..., m, k), or (k,).
    other : Tensor
        Of shape (..., k, n), or (k,), and the same dtype.

    Returns
    -------
    Tensor
        Of shape (..., m, n), without the dimension that a vector does not have. The gradients are ``g @ other.mH`` and
        ``input.mH @ g``.

    Raises
    ------
    RuntimeError
        If the sizes do not fit, the dtypes differ, or an operand is 0-d.

    Examples
    --------
    >>> lucid.matmul(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([1.0, 1.0]))
    Tensor([3.0, 7.0])
    """
    tensor_argument("matmul", input_)
    tensor_argument("matmul", other, 2, "other")
    a, b = input_.array, other.array
    if a.ndim == 2 and b.ndim == 2 and a.shape[1] == b.shape[0] and _dense(a, b):
        k, n = b.shape
        out = empty((a.shape[0], n), a.dtype)
        BMM[a.dtype](flat(a), flat(b), flat(out), 1, a.shape[0], n, k, 0, k, 1, 0, n, 1, 0, n)
        return wrap(out)
    same_dtype("matmul", input_, other)
    if not a.ndim or not b.ndim:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    left = a[None] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        if a.ndim == 1 and b.ndim == 1:
            raise RuntimeError(
                f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same "
                f"number of elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
            )
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({'x'.join(map(str, left.shape))} and "
            f"{'x'.join(map(str, right.shape))})"
        )
    result = multiply(left, right, input_.dtype)
    if b.ndim == 1:
        result = result[..., 0]
    if a.ndim == 1:
        result = result[..., 0, :] if b.ndim > 1 else result[..., 0]
    return wrap(np.asarray(result))


@matmul.vjp_joint("input_", "other")
def _matmul_backward(g, needs, input_, other):
    a, b = input_, other
    if a.array.ndim == 1 and b.array.ndim == 1:
        conjugate = a.array.dtype.kind == "c"
        return (
            g * (b.conj() if conjugate else b) if needs[0] else None,
            g * (a.conj() if conjugate else a) if needs[1] else None,
        )
    left = a.unsqueeze(0) if a.array.ndim == 1 else a
    right = b.unsqueeze(-1) if b.array.ndim == 1 else b
    if b.array.ndim == 1:
        g = g.unsqueeze(-1)
    if a.array.ndim == 1:
        g = g.unsqueeze(-2)
    ga = gb = None
    if needs[0]:
        if left.array.ndim == 2 and right.array.ndim > 2:
            ga = (g @ adjoint(right)).sum(tuple(range(g.array.ndim - 2)))
        else:
            ga = g @ adjoint(right)
        if a.array.ndim == 1:
            ga = ga.reshape(ga.array.shape[:-2] + ga.array.shape[-1:])
    if needs[1]:
        if right.array.ndim == 2 and left.array.ndim > 2:
            gb = adjoint(rows_of(left)) @ rows_of(g)
        else:
            gb = adjoint(left) @ g
        if b.array.ndim == 1:
            gb = gb.reshape(gb.array.shape[:-1])
    return ga, gb


def rows_of(x: Tensor) -> Tensor:
    """All vectors along the last dimension as the rows of one matrix."""
    shape = x.array.shape
    return x if len(shape) == 2 else x.reshape((math.prod(shape[:-1]), shape[-1] if shape else 1))


def _ranked(name: str, tensor: Tensor, rank: int, which: str) -> None:
    if tensor_argument(name, tensor).array.ndim != rank:
        raise RuntimeError(f"{name}: {which} must be a {rank}-D tensor, got {tensor.array.ndim}-D")


@op("mm", composite=True, out="same")
def mm(input_: Tensor, mat2: Tensor, *, out=None) -> Tensor:
    r"""Product of two matrices: of (m, k) and (k, n). See `matmul`.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    mat2 : Tensor
        The second matrix, of the same dtype.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out_{ij} = \sum_k a_{ik} b_{kj}

    Gradient, from that of the result :math:`g`:

    .. math:: g\, b^T; \quad a^T g

    Examples
    --------
    >>> lucid.mm(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.eye(2))
    Tensor([[1.0, 2.0],
            [3.0, 4.0]])
    """
    _ranked("mm", input_, 2, "self")
    _ranked("mm", mat2, 2, "mat2")
    return matmul(input_, mat2)


@op("bmm", composite=True, out="same")
@like(mm)
def bmm(input_: Tensor, mat2: Tensor, *, out=None) -> Tensor:
    r"""Products of two batches of matrices: of (b, m, k) and (b, k, n). See `matmul`.

    Notes
    -----
    .. math:: out_{bij} = \sum_k a_{bik} b_{bkj}

    Gradient, from that of the result :math:`g`:

    .. math:: g\, b^T; \quad a^T g

    Examples
    --------
    >>> lucid.bmm(lucid.ones(1, 2, 3), lucid.ones(1, 3, 2))
    Tensor([[[3.0, 3.0],
             [3.0, 3.0]]])
    """
    _check_batches(input_, mat2)
    return matmul(input_, mat2)


def _check_batches(input_, mat2) -> None:
    _ranked("bmm", input_, 3, "batch1")
    _ranked("bmm", mat2, 3, "batch2")
    if input_.array.shape[0] != mat2.array.shape[0] or input_.array.shape[2] != mat2.array.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input_.array.shape[0]}, {input_.array.shape[2]}] but got: [{mat2.array.shape[0]}, {mat2.array.shape[1]}]."
        )


@op("mv", composite=True, out="same")
def mv(input_: Tensor, vec: Tensor, *, out=None) -> Tensor:
    r"""Matrix of (m, k) times vector of (k,). See `matmul`.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    vec : Tensor
        A vector of the same dtype.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out_i = \sum_k a_{ik} v_k

    Gradient, from that of the result :math:`g`:

    .. math:: g\, v^T; \quad A^T g

    Examples
    --------
    >>> lucid.mv(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([1.0, 1.0]))
    Tensor([3.0, 7.0])
    """
    _ranked("mv", input_, 2, "input")
    _ranked("mv", vec, 1, "vec")
    return matmul(input_, vec)


@op("dot", composite=True, out="same")
def dot(input_: Tensor, tensor: Tensor, *, out=None) -> Tensor:
    r"""Sum of products of two vectors of one length. See `matmul`.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    tensor : Tensor
        A vector of the same length.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out = \sum_k a_k b_k

    Gradient, from that of the result :math:`g`:

    .. math:: g\, b; \quad g\, a

    Examples
    --------
    >>> lucid.dot(lucid.tensor([1.0, 2.0, 3.0]), lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(14.0)
    """
    _check_dtypes("dot", input_, tensor)
    if input_.array.ndim != 1 or tensor.array.ndim != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {input_.array.ndim}D and {tensor.array.ndim}D tensors"
        )
    return matmul(input_, tensor)


@op("inner", composite=True, out="same")
def inner(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Sum of products over the last dimension of both; of a 0-d tensor, the product.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    other : Tensor
        The second operand.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Examples
    --------
    >>> lucid.inner(lucid.tensor([1.0, 2.0, 3.0]), lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(14.0)
    """
    if not input_.array.ndim or not other.array.ndim:
        return input_ * other
    if input_.array.shape[-1] != other.array.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input_.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input_, other, dims=([-1], [-1]))


@op("outer", composite=True, aliases=("ger",))
def outer(input_: Tensor, vec2: Tensor, *, out=None) -> Tensor:
    r"""Every product of an element of one vector with one of another, of shape (n, m).

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    vec2 : Tensor
        A vector.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out_{ij} = a_i b_j

    Gradient, from that of the result :math:`g`:

    .. math:: g\, b; \quad g^T a

    Examples
    --------
    >>> lucid.outer(lucid.tensor([1.0, 2.0]), lucid.tensor([3.0, 4.0]))
    Tensor([[3.0, 4.0],
            [6.0, 8.0]])
    """
    _ranked("outer", input_, 1, "input")
    _ranked("outer", vec2, 1, "vec2")
    return input_.unsqueeze(1) * vec2.unsqueeze(0)


def _fused(name, product_, input_, a, b, beta, alpha):
    """``beta * input + alpha * product(a, b)``; half precision is rounded once, at the end."""
    for position, one in enumerate((input_, a, b), 1):
        tensor_argument(name, one, position)
    same_dtype(name, input_, a, b)
    dtype = a.dtype
    if dtype.is_floating_point and dtype.itemsize == 2:
        wide = dtypes.float32
        return _plus(input_.to(wide), product_(a.to(wide), b.to(wide)), beta, alpha).to(dtype)
    return _plus(input_, product_(a, b), beta, alpha)


def _plus(input_, product_, beta, alpha):
    if product_.array.dtype.kind in "iub":  # the factors of integer matrices are integers too
        kind = bool if product_.array.dtype.kind == "b" else int
        alpha, beta = kind(alpha), kind(beta)
    if alpha != 1:
        product_ = product_ * alpha
    if beta == 0:
        return product_
    return input_ * beta + product_ if beta != 1 else input_ + product_


@op("addmm", composite=True, out="same")
def addmm(input_: Tensor, mat1: Tensor, mat2: Tensor, *, beta=1, alpha=1, out=None) -> Tensor:
    r"""``beta * input + alpha * (mat1 @ mat2)``; with beta 0 the input's NaN do not count.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    mat1 : Tensor
        The first matrix.
    mat2 : Tensor
        The second matrix, of the same dtype.
    beta : number, optional
        Factor of the input (default 1).
    alpha : number, optional
        Factor of the product (default 1).
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out = \beta\, input + \alpha\, (a\, b)

    Gradient, from that of the result :math:`g`:

    .. math:: \beta g; \quad \alpha\, g\, b^T; \quad \alpha\, a^T g

    Examples
    --------
    >>> lucid.addmm(lucid.ones(2, 2), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.eye(2), alpha=2)
    Tensor([[3.0, 5.0],
            [7.0, 9.0]])
    """
    return _fused("addmm", mm, input_, mat1, mat2, beta, alpha)


@op("addmv", composite=True, out="same")
def addmv(input_: Tensor, mat: Tensor, vec: Tensor, *, beta=1, alpha=1, out=None) -> Tensor:
    r"""``beta * input + alpha * (mat @ vec)``.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    mat : Tensor
        A matrix.
    vec : Tensor
        A vector of the same dtype.
    beta : number, optional
        Factor of the input (default 1).
    alpha : number, optional
        Factor of the product (default 1).
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out = \beta\, input + \alpha\, (A\, v)

    Gradient, from that of the result :math:`g`:

    .. math:: \beta g; \quad \alpha\, g\, v^T; \quad \alpha\, A^T g

    Examples
    --------
    >>> lucid.addmv(lucid.ones(2), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([1.0, 1.0]))
    Tensor([4.0, 8.0])
    """
    return _fused("addmv", mv, input_, mat, vec, beta, alpha)


@op("addr", composite=True)
def addr(input_: Tensor, vec1: Tensor, vec2: Tensor, *, beta=1, alpha=1, out=None) -> Tensor:
    r"""``beta * input + alpha * outer(vec1, vec2)``.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    vec1 : Tensor
        A vector.
    vec2 : Tensor
        A vector.
    beta : number, optional
        Factor of the input (default 1).
    alpha : number, optional
        Factor of the product (default 1).
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out = \beta\, input + \alpha\, (u\, v^T)

    Gradient, from that of the result :math:`g`:

    .. math:: \beta g; \quad \alpha\, g\, v; \quad \alpha\, g^T u

    Examples
    --------
    >>> lucid.addr(lucid.zeros(2, 2), lucid.tensor([1.0, 2.0]), lucid.tensor([3.0, 4.0]))
    Tensor([[3.0, 4.0],
            [6.0, 8.0]])
    """
    product_ = outer(vec1, vec2)
    if product_.dtype.kind < 2 and input_.dtype.kind < 2:
        for name, factor in (("beta", beta), ("alpha", alpha)):
            if isinstance(factor, float):
                raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    return _plus(input_, product_, beta, alpha)


@op("baddbmm", composite=True, out="same")
def baddbmm(input_: Tensor, batch1: Tensor, batch2: Tensor, *, beta=1, alpha=1, out=None) -> Tensor:
    r"""``beta * input + alpha * (batch1 @ batch2)`` for each matrix of a batch.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    batch1 : Tensor
        Matrices, (b, n, m).
    batch2 : Tensor
        Matrices, (b, m, p).
    beta : number, optional
        Factor of the input (default 1).
    alpha : number, optional
        Factor of the product (default 1).
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Notes
    -----
    .. math:: out_b = \beta\, input_b + \alpha\, (a_b\, b_b)

    Examples
    --------
    >>> lucid.baddbmm(lucid.zeros(1, 2, 2), lucid.ones(1, 2, 3), lucid.ones(1, 3, 2))
    Tensor([[[3.0, 3.0],
             [3.0, 3.0]]])
    """
    return _fused("baddbmm", bmm, input_, batch1, batch2, beta, alpha)


def _bmm_sum(batch1, batch2):
    """The sum of a batch's products, as one product."""
    _check_batches(batch1, batch2)
    b, n, m = batch1.array.shape
    return matmul(batch1.transpose(0, 1).reshape((n, b * m)), batch2.reshape((b * m, batch2.array.shape[2])))


@op("addbmm", composite=True, out="same")
@like(baddbmm)
def addbmm(input_: Tensor, batch1: Tensor, batch2: Tensor, *, beta=1, alpha=1, out=None) -> Tensor:
    r"""``beta * input + alpha *`` the sum of the products of a batch.

    Notes
    -----
    .. math:: out = \beta\, input + \alpha \sum_b a_b\, b_b

    Examples
    --------
    >>> lucid.addbmm(lucid.zeros(2, 2), lucid.ones(2, 2, 3), lucid.ones(2, 3, 2))
    Tensor([[6.0, 6.0],
            [6.0, 6.0]])
    """
    return _fused("addbmm", _bmm_sum, input_, batch1, batch2, beta, alpha)


@op("nn.functional.linear", out="same")
def linear(input_: Tensor, weight: Tensor, bias: Tensor | None = None, *, out=None) -> Tensor:
    """``input @ weight.T + bias``.

    Parameters
    ----------
    input_ : Tensor
        Of shape (..., in_features).
    weight : Tensor
        Of shape (out_features, in_features), or (in_features,).
    bias : Tensor, optional
        Of shape (out_features,).

    Returns
    -------
    Tensor
        Of shape (..., out_features). The gradients are ``g @ weight``, ``g.T @ input`` and the sum of ``g``.

    Examples
    --------
    >>> lucid.nn.functional.linear(lucid.tensor([1.0, 1.0]), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([0.5, 0.5]))
    Tensor([3.5, 7.5])
    """
    tensor_argument("linear", input_)
    tensor_argument("linear", weight, 2, "weight")
    same_dtype("linear", input_, weight, bias)
    x, w = input_.array, weight.array
    if x.ndim > 1 and w.ndim == 2 and x.shape[-1] == w.shape[1] and _dense(x, w):
        n, k = w.shape
        if bias is None or bias.array.shape == (n,):
            out = empty((*x.shape[:-1], n), x.dtype)
            if bias is not None:
                out[...] = bias.array
            BMM[x.dtype](flat(x), flat(w), flat(out), 1, x.size // k, n, k, 0, k, 1, 0, 1, k, 0, n, 1, bias is not None)
            return wrap(out)
    if w.ndim == 1:
        w = w[None]
    if x.ndim == 0 or x.shape[-1] != w.shape[1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({math.prod(x.shape[:-1])}x{x.shape[-1] if x.ndim else 1} and "
            f"{w.shape[1]}x{w.shape[0]})"
        )
    shape = (*x.shape[:-1], w.shape[0])
    if bias is not None and bias.array.shape != shape[-1:] and broadcast_shapes(bias.array.shape, shape) != shape:
        raise RuntimeError(f"linear(): a bias of shape {list(bias.shape)} does not expand to {list(shape)}")
    added = None if bias is None else bias.array
    half = input_.dtype.is_floating_point and input_.dtype.itemsize == 2
    if half:  # rounded once, at the end
        x, w, added = (one if one is None else cast(one, FLOAT32) for one in (x, w, added))
    if added is not None and x.dtype in BMM and added.dtype == x.dtype and x.size:
        out = empty(shape, x.dtype)
        out[...] = added
        product(contiguous(x).reshape(-1, x.shape[-1]), w.T, out.reshape(-1, w.shape[0]), 1, 1)
    else:
        out = multiply(x if x.ndim > 1 else x[None], w.T, dtypes.float32 if half else input_.dtype)
        out = out[0] if x.ndim == 1 else out
        if added is not None:
            out = out + added
    out = cast(out, input_.array.dtype) if half else out
    return wrap(out[..., 0] if weight.array.ndim == 1 else out)


@linear.vjp_joint("input_", "weight", "bias")
def _linear_backward(g, needs, input_, weight):
    w = weight
    if w.array.ndim == 1:
        w, g = w.unsqueeze(0), g.unsqueeze(-1)
    gx = gw = gb = None
    conjugate = w.array.dtype.kind == "c"
    if needs[0]:
        gx = g @ (w.conj() if conjugate else w)
    if needs[1] or needs[2]:
        rows = rows_of(g)
        if needs[1]:
            x = rows_of(input_)
            gw = rows.transpose(0, 1) @ (x.conj() if conjugate else x)
            if weight.array.ndim == 1:
                gw = gw.squeeze(0)
        if needs[2]:
            gb = sum_(rows, 0)
    return gx, gw, gb


@op("nn.functional.bilinear", composite=True)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2`` for every output k, plus a bias.

    Parameters
    ----------
    input1, input2 : Tensor
        Of shapes (..., in1) and (..., in2), with equal leading dimensions.
    weight : Tensor
        Of shape (out, in1, in2).
    bias : Tensor, optional
        Of shape (out,).

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Examples
    --------
    >>> lucid.nn.functional.bilinear(lucid.ones(1, 2), lucid.ones(1, 2), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2))
    Tensor([[10.0]])
    """
    same_dtype("bilinear", input1, input2, weight, bias)
    result = einsum("...i,oij,...j->...o", input1, weight, input2)
    return result if bias is None else result + bias


@op("tensordot", composite=True, out="same")
def tensordot(a: Tensor, b: Tensor, dims=2, out=None) -> Tensor:
    """Sum of products over pairs of dimensions.

    Parameters
    ----------
    a, b : Tensor
        Of one dtype.
    dims : int or (sequence of int, sequence of int)
        The last `dims` dimensions of `a` with the first of `b`, or two lists of dimensions.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Examples
    --------
    >>> lucid.tensordot(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), dims=2)
    Tensor(30.0)
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.array.ndim, b.array.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(a.array.ndim - dims, a.array.ndim)), list(range(dims))
    else:
        first, second = ([dim] if isinstance(dim, int) else list(dim) for dim in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    first = [check_dim("tensordot", dim, a.array.ndim) for dim in first]
    second = [check_dim("tensordot", dim, b.array.ndim) for dim in second]
    for i, j in zip(first, second):
        if a.array.shape[i] != b.array.shape[j] and 1 not in (a.array.shape[i], b.array.shape[j]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.array.shape[i]} in dim {i} and second has "
                f"size {b.array.shape[j]} in dim {j}"
            )
    letters = [chr(ord("a") + i) for i in range(a.array.ndim)]
    others = [chr(ord("a") + a.array.ndim + i) for i in range(b.array.ndim)]
    for i, j in zip(first, second):
        others[j] = letters[i]
    left = [letter for i, letter in enumerate(letters) if i not in first]
    right = [letter for j, letter in enumerate(others) if j not in second]
    return einsum(f"{''.join(letters)},{''.join(others)}->{''.join(left + right)}", a, b)


# ------------------------------------------------------------------------------------------------ einsum


@op("einsum", composite=True)
def einsum(equation, *operands) -> Tensor:
    r"""Sums of products over labelled dimensions, by Einstein's convention.

    Parameters
    ----------
    equation : str
        Labels of each operand's dimensions, separated by commas, and after ``->`` those of the result; ``...`` stands
        for dimensions that broadcast. Without ``->`` the result has the labels that occur once, in alphabetical order.
    *operands : Tensor
        As many as there are lists of labels.

    Returns
    -------
    Tensor
        Pairs of operands are contracted from left to right, each as a batch of matrix products.

    Examples
    --------
    >>> a = lucid.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> print(lucid.einsum("ij,kj->ik", a, a))
    [[5.0, 11.0],
     [11.0, 25.0]]
    """
    if not isinstance(equation, str):
        equation, operands = _sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    labels, result = _parse(equation, operands)
    current, own = _diagonals(operands[0], labels[0])
    for i in range(1, len(operands)):
        operand, its = _diagonals(operands[i], labels[i])
        later = set(result).union(*labels[i + 1 :])
        current, own = _contract(current, own, operand, its, later)
    summed = tuple(k for k, label in enumerate(own) if label not in result)
    if summed:
        current = sum_(current, summed)
        own = [label for label in own if label in result]
    return current.permute(tuple(own.index(label) for label in result)) if own != list(result) else current


def _sublists(arguments):
    """The other way to call einsum: operands alternating with lists of numbers for their labels."""
    arguments = list(arguments)
    result = arguments.pop() if len(arguments) % 2 else None

    def text(labels):
        return "".join("..." if label is Ellipsis else chr(ord("A") + label + (6 if label > 25 else 0)) for label in labels)

    equation = ",".join(text(labels) for labels in arguments[1::2])
    return equation + ("" if result is None else "->" + text(result)), tuple(arguments[::2])


def _parse(equation: str, operands):
    """The labels of each operand and of the result; those of an ellipsis are negative numbers."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise RuntimeError(
            f"einsum(): {'more' if len(operands) > len(terms) else 'fewer'} operands were provided than specified in the "
            f"equation: {len(operands)} operands, {len(terms)} terms in {equation!r}"
        )
    labels, widest = [], 0
    for number, (term, operand) in enumerate(zip(terms, operands)):
        tensor_argument("einsum", operand, number + 1)
        plain = term.replace("...", "", 1)
        if not all(letter.isalpha() and letter.isascii() for letter in plain):
            raise RuntimeError(f"einsum(): invalid subscript given at index {number} in the equation string {equation!r}: "
                               "subscripts must be in [a-zA-Z]")  # fmt: skip
        covered = operand.array.ndim - len(plain)
        if covered < 0 or (covered and "..." not in term):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(plain)}) does not match the number of "
                f"dimensions ({operand.array.ndim}) for operand {number}" + (" and no ellipsis was given" if covered > 0 else "")
            )
        before, dots, after = term.partition("...")
        middle = list(range(-covered, 0)) if dots else []
        widest = max(widest, covered if dots else 0)
        labels.append([*before, *middle, *after])
    if arrow:
        before, dots, after = right.partition("...")
        if not all(letter.isalpha() for letter in before + after):
            raise RuntimeError(f"einsum(): invalid subscript given in the output of {equation!r}: must be in [a-zA-Z]")
        result = [*before, *(range(-widest, 0) if dots else ()), *after]
    else:
        every = [label for own in labels for label in own if isinstance(label, str)]
        result = [*range(-widest, 0), *sorted(label for label in set(every) if every.count(label) == 1)]
    known = {label for own in labels for label in own}
    for label in result:
        if label not in known:
            raise RuntimeError(f"einsum(): output subscript {label} does not appear in the equation for any input operand")
        if result.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
    return labels, result


def _diagonals(operand: Tensor, labels):
    """An operand in which every label occurs once: repeated ones become diagonals."""
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if operand.array.shape[i] != operand.array.shape[j]:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand but the sizes don't match, "
                    f"{operand.array.shape[j]} != {operand.array.shape[i]}"
                )
            operand = operand.diagonal(0, i, j)
            labels = [one for k, one in enumerate(labels) if k not in (i, j)] + [label]
    return operand, labels


def _contract(a: Tensor, a_labels, b: Tensor, b_labels, later):
    """Two operands contracted: labels that neither the result nor a later operand has are summed."""
    shared = [label for label in a_labels if label in b_labels]
    sizes = {}
    for tensor, labels in ((a, a_labels), (b, b_labels)):
        for size, label in zip(tensor.array.shape, labels):
            if sizes.get(label, 1) not in (1, size) and size != 1:
                raise RuntimeError(
                    f"einsum(): operands do not broadcast with remapped shapes [original->remapped]: subscript {label} has "
                    f"sizes {sizes[label]} and {size}"
                )
            sizes[label] = size if sizes.get(label, 1) == 1 else sizes[label]
    # What only one operand has and nobody needs later is summed first; so is a dimension that broadcasts in one.
    a, a_labels = _sum_out(a, a_labels, [x for x in a_labels if x not in later and x not in b_labels])
    b, b_labels = _sum_out(b, b_labels, [x for x in b_labels if x not in later and x not in a_labels])
    a, b = _widen(a, a_labels, sizes, shared), _widen(b, b_labels, sizes, shared)
    batch = [label for label in shared if label in later]
    summed = [label for label in shared if label not in later]
    rows = [label for label in a_labels if label not in shared]
    columns = [label for label in b_labels if label not in shared]
    result = batch + rows + columns
    if not summed:
        left = _aligned(a, a_labels, batch + rows, len(columns))
        right = _aligned(b, b_labels, batch + columns, 0)
        if columns and rows:
            right = right.reshape(tuple(sizes[x] for x in batch) + (1,) * len(rows) + tuple(sizes[x] for x in columns))
        elif rows and not columns:
            right = right.reshape(tuple(sizes[x] for x in batch) + (1,) * len(rows))
        return left * right, result

    def count(labels):
        return math.prod(sizes[label] for label in labels)

    left = _aligned(a, a_labels, batch + rows + summed, 0).reshape((count(batch), count(rows), count(summed)))
    right = _aligned(b, b_labels, batch + summed + columns, 0).reshape((count(batch), count(summed), count(columns)))
    return matmul(left, right).reshape(tuple(sizes[label] for label in result)), result


def _sum_out(x: Tensor, labels, gone):
    if not gone:
        return x, labels
    return sum_(x, tuple(labels.index(label) for label in gone)), [label for label in labels if label not in gone]


def _widen(x: Tensor, labels, sizes, shared):
    shape = tuple(sizes[label] if label in shared else size for size, label in zip(x.array.shape, labels))
    return x.expand(shape) if shape != x.array.shape else x


def _aligned(x: Tensor, labels, wanted, trailing: int):
    order = tuple(labels.index(label) for label in wanted)
    x = x.permute(order) if order != tuple(range(len(order))) else x
    return x.reshape(tuple(x.array.shape) + (1,) * trailing) if trailing else x


# ------------------------------------------------------------------------------------------------ factorisations


def square(name: str, A: Tensor, refusal=RuntimeError, half=NotImplementedError) -> np.ndarray:
    """The array of a batch of square floating or complex matrices, in a dtype that LAPACK has; `refusal` of integers."""
    square_shape(name, A)
    return lapack(name, A, refusal, half)


def square_shape(name: str, A: Tensor) -> np.ndarray:
    """The array of a batch of square matrices."""
    array = tensor_argument(name, A, argument="A").array
    if array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if array.shape[-1] != array.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {array.shape[-2]} by {array.shape[-1]} matrices"
        )
    return array


def lapack(name: str, A: Tensor, refusal=RuntimeError, half=NotImplementedError) -> np.ndarray:
    """The array of a tensor, checked to be of a dtype that LAPACK has."""
    if A.dtype.is_floating_point and A.dtype.itemsize == 2:
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
        with np.errstate(all="ignore"):
            return function(*arrays, **options)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name}: {error}") from None


@op("linalg.inv", aliases=("inverse",), out="same")
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


@solve.vjp_joint("A", "B")
def _solve_backward(g, needs, A, B, left, out):
    vector = _is_vector(A.array.shape, B.array.shape)
    if vector:
        g, out = g.unsqueeze(-1), out.unsqueeze(-1)
    gb = solve(adjoint(A), g, left=left)
    ga = None
    if needs[0]:
        ga = -(gb @ adjoint(out)) if left else -(adjoint(out) @ gb)
    return ga, gb.squeeze(-1) if vector else gb


@op("linalg.det", aliases=("det",), out="same")
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
    if (out.array == 0).any() or not np.isfinite(np.linalg.cond(A.array)).all():
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


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Tensor
    logabsdet: Tensor


@op("linalg.slogdet", aliases=("slogdet",))
def slogdet(A: Tensor, *, out=None):
    r"""Sign, and logarithm of the absolute value, of the determinant of square matrices: a named tuple.

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

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
    return SlogdetResult(wrap(np.asarray(sign, array.dtype)), wrap(np.asarray(logabs, array.real.dtype)))


def _slogdet_backward(g, A, out):
    total = None
    n = A.array.shape[-1]
    singular = out[1].array == -math.inf
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
        angle = (g_sign.conj() * out[0]).imag
        part = inverse * (angle * -1j).unsqueeze(-1).unsqueeze(-1)
        total = part if total is None else total + part
    return total


slogdet.vjp(A=_slogdet_backward)


# ------------------------------------------------------------------------------------------------ norms


def _dims_pair(dim, ndim):
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    first, second = (check_dim("linalg.matrix_norm", one, ndim) for one in dim)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    return first, second


@op("linalg.matrix_norm", composite=True, out="same")
def matrix_norm(A: Tensor, ord="fro", dim=(-2, -1), keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Matrix norm: "fro", "nuc", or of order 1, -1, inf, -inf (sums of rows or columns), 2, -2 (singular values).

    Parameters
    ----------
    A : Tensor
        Of shape (..., n, n), floating or complex.
    ord : number or str, optional
        Which norm.
    dim : int, optional
        The dimension; negative numbers count from the last.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Examples
    --------
    >>> lucid.linalg.matrix_norm(lucid.tensor([[3.0, 0.0], [0.0, 4.0]]))
    Tensor(5.0)
    """
    computed = norm_dtype("linalg.matrix_norm", A, dtype)
    if A.array.ndim < 2:
        raise RuntimeError(f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions. Got a tensor with {A.array.ndim} dims")
    first, second = _dims_pair(dim, A.array.ndim)
    A = A.to(computed)
    if ord in ("nuc", 2, -2) and A.dtype.is_floating_point and A.dtype.itemsize == 2:
        raise RuntimeError(f"linalg.matrix_norm: Low precision dtypes not supported. Got {torch_name(A.dtype)}")
    if ord == "fro":
        return vector_norm(A, 2, (first, second), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        rows, columns = (first, second) if abs(ord) == 1 else (second, first)
        sums = vector_norm(A, 1, rows, True)
        found = sums.amax(columns, True) if ord > 0 else sums.amin(columns, True)
        return found if keepdim else found.squeeze((first, second))
    if ord in ("nuc", 2, -2):
        from lucid.ops.decompositions import svdvals

        values = svdvals(A.movedim((first, second), (-2, -1)))
        found = values.sum(-1) if ord == "nuc" else values.amax(-1) if ord == 2 else values.amin(-1)
        return found.reshape([1 if i in (first, second) else n for i, n in enumerate(A.array.shape)]) if keepdim else found
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


@op("linalg.norm", composite=True, out="same")
def norm(A: Tensor, ord=None, dim=None, keepdim: bool = False, *, out=None, dtype=None) -> Tensor:
    """Vector norm over one dimension (or all elements), matrix norm over two.

    Parameters
    ----------
    A : Tensor
        Floating or complex.
    ord : number or str, optional
        As for `vector_norm`, or as for `matrix_norm`; the 2-norm of all elements by default.
    dim : int or tuple of int, optional
        One dimension or two.
    keepdim : bool, optional
        Keep them, of size 1.
    dtype : dtype, optional
        Convert the input first.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Examples
    --------
    >>> lucid.linalg.norm(lucid.tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None:
        if A.array.ndim > 2:
            raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. "
                               f"Got {A.array.ndim}D.")  # fmt: skip
        dim = tuple(range(A.array.ndim))
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) == 2:
        return matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: Order {ord} not supported for vectors.")
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)


@op("norm", composite=True, out="same")
def torch_norm(input_: Tensor, p="fro", dim=None, keepdim: bool = False, out=None, dtype=None) -> Tensor:
    """Norm over all elements or over dimensions; `linalg.norm` is its successor.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    p : number or str, optional
        Which norm: "fro" (default, the 2-norm), "nuc" or a number, as `ord` of `linalg.vector_norm`.
    dim : int or tuple of int, optional
        The dimensions; all by default, of "nuc" the last two.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.

    Returns
    -------
    Tensor
        Of the dtype of the operands.

    Examples
    --------
    >>> lucid.norm(lucid.tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    if p == "fro":
        return vector_norm(input_, 2, dim, keepdim, dtype=dtype)
    if p == "nuc":
        return matrix_norm(input_, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input_, 2 if p is None else p, dim, keepdim, dtype=dtype)
