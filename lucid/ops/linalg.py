"""Matrix products, with or without something added: matmul and its kin, addmm and its kin, linear.

All products come to `product`: arrays whose last two dimensions are matrices, broadcast over the others, any strides. The
kernel takes float32 and float64; half precision is computed in float32, integers and complex numbers by NumPy.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels import linalg as kernels
from lucid._kernels.core import empty, flat, product_plan, span, wrap
from lucid.autograd.op import op
from lucid.dtypes import element
from lucid.ops._blas import few_threads
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOATING,
    broadcast_shapes,
    cast,
    contiguous,
    is_half,
    native,
    overwrite,
    part,
    same_dtype,
    spread,
    tensor_argument,
)
from lucid.ops.arithmetic import addcmul
from lucid.ops.reduction import sum as sum_
from lucid.tensor import Tensor

BMM = {dtype: kernels.bmm[C_NAMES[dtype]] for dtype in FLOATING}
SPLIT = 96  # from which size on complex matrices are multiplied by their parts: of 64 in 1.2, of 128 in 0.8, of 512 in 0.5 of OpenBLAS's time
PAIRED = 32768  # multiply-adds of a product from which on pairs of bfloat16 are worth their packing


# ------------------------------------------------------------------------------------------------ products


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None, alpha: float = 1, beta: float = 0, apart=False,
            pairs=False):
    """Matrices times matrices, of one dtype that the kernel has; `out` (contiguous) holds what `beta` multiplies.

    With `apart` the distances of rows of `a` and columns of `b`; with `pairs` of elements that are pairs of bfloat16.
    """
    if b.ndim == 3 and not b.strides[0] and a.ndim == 3 and a.shape[0] == b.shape[0] > 1:  # one matrix for the whole batch
        (batch, m, k), n = a.shape, b.shape[2]
        rows = product(a.reshape(batch * m, k), b[0], None if out is None else out.reshape(batch * m, n), alpha, beta, apart, pairs)
        return rows.reshape(batch, m, n) if out is None else out
    plan = product_plan(a, b)
    if plan is None:
        return _product_in_parts(a, b, out, alpha, beta, apart, pairs)
    shape, sizes = plan
    if out is None:
        out = empty(shape, a.dtype)
    BMM[a.dtype](flat(a), flat(b), flat(out), *sizes, alpha, beta, 0, 0, 0, apart, pairs)
    return out


def wide_product(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None, alpha: float = 1, beta: float = 0):
    """`product` of half precision, in float32: by pairs of bfloat16 numbers where the processor has that and it pays."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    if kernels.pairs and a.dtype.kind == "V" and min(m, n) > 1 and k > 1 and k % 2 == 0 and m * n * k >= PAIRED:
        return product(_pairs(a.swapaxes(-1, -2)).swapaxes(-1, -2), _pairs(b), out, alpha, beta, False, True)
    return product(cast(a, FLOAT32), cast(b, FLOAT32), out, alpha, beta)


def _pairs(x: np.ndarray) -> np.ndarray:
    """Rows 2i and 2i + 1 as row i, of float32 elements that are pairs; the same memory where columns are contiguous."""
    if x.strides[-2] == 2:
        found = x.swapaxes(-1, -2).view(FLOAT32)
        if found.flags.aligned:
            return found.swapaxes(-1, -2)
    x = contiguous(x)
    out = empty((*x.shape[:-2], x.shape[-2] // 2, x.shape[-1]), FLOAT32)
    if out.size:
        kernels.pair_rows(flat(x, True), flat(out), x.shape[-1])
    return out


def _product_in_parts(a, b, out, alpha, beta, apart, pairs):
    """The same for what one call of the kernel does not do: nothing to sum, backward strides, batches apart in memory."""
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if out is None:
        out = empty((*batch, a.shape[-2], b.shape[-1]), a.dtype)
    if not out.size:
        return out
    if not a.shape[-1]:  # the sum of nothing; with beta 0 what lies in `out` does not count, not even NaN
        if beta == 0:
            out.fill(0)
        else:
            out *= beta
        return out
    a, b = _positive(a), _positive(b)
    if product_plan(a, b):
        return product(a, b, out, alpha, beta, apart, pairs)
    a, b = (spread(x, (*batch, *x.shape[-2:])) for x in (a, b))
    for index in np.ndindex(batch[:-1]):
        product(a[index], b[index], out[index], alpha, beta, apart, pairs)
    return out


def _positive(array: np.ndarray) -> np.ndarray:
    """The array, or a copy where its strides are not what the kernel takes."""
    flags = array.flags
    if flags.forc and flags.aligned and min(array.strides) >= 0:
        return array
    array = native(array)
    return contiguous(array) if min(array.strides) < 0 or (not array.flags.forc and span(array)) else array


def _complex_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Complex matrices by four products of their parts."""
    (a_real, a_imag), (b_real, b_imag) = ([contiguous(part(one, name)) for name in ("real", "imag")] for one in (a, b))
    real, imag = product(a_imag, b_imag), product(a_imag, b_real)
    out = empty(real.shape, a.dtype)
    overwrite(part(out, "real"), product(a_real, b_real, real, 1, -1), apart=True)
    overwrite(part(out, "imag"), product(a_real, b_imag, imag, 1, 1), apart=True)
    return out


def multiply(a: np.ndarray, b: np.ndarray, dtype: dtypes.dtype) -> np.ndarray:
    """Matrices times matrices in any dtype."""
    numpy = dtype.numpy
    if dtype.is_floating_point:
        return cast(wide_product(a, b), numpy) if dtype.itemsize == 2 else product(a, b)
    if dtype.kind == 0:
        shape = (*broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
        if math.prod(shape) and a.shape[-1]:
            raise NotImplementedError('"addmm_impl_cpu_" not implemented for \'Bool\'')
        return np.zeros(shape, a.dtype)
    broadcast_shapes(a.shape[:-2], b.shape[:-2])
    if numpy.kind == "c" and min(a.shape[-2], *b.shape[-2:]) >= SPLIT:
        return _complex_product(a, b)
    with np.errstate(all="ignore"), few_threads(a.shape):
        return contiguous(cast(np.matmul(a, b), numpy))  # NumPy lays batches as they lie in the operands


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
    return x.conj() if x.dtype.is_complex else x


@op("matmul", aliases=("linalg.matmul",), out="same")
@doc()
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
    if a.ndim > 1 and b.ndim > 1 and a.shape[-1] == b.shape[-2] and a.dtype is b.dtype and a.dtype in BMM:
        return wrap(product(a, b))
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


@matmul.vjp_joint("input_", "other", crossed=True)
def matmul_backward(g, needs, input_, other):
    a, b = input_, other
    if a.array.ndim == 1 and b.array.ndim == 1:
        conjugate = a.dtype.is_complex
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
@doc()
def mm(input_: Tensor, mat2: Tensor, *, out=None) -> Tensor:
    r"""Product of two matrices: of (m, k) and (k, n). See `matmul`.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    mat2 : Tensor
        The second matrix, of the same dtype.

    Returns
    -------
    Tensor
        Of shape (m, n) and the dtype of the operands.

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
@doc()
def mv(input_: Tensor, vec: Tensor, *, out=None) -> Tensor:
    r"""Matrix of (m, k) times vector of (k,). See `matmul`.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    vec : Tensor
        A vector of the same dtype.

    Returns
    -------
    Tensor
        Of shape (m,) and the dtype of the operands.

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
@doc()
def dot(input_: Tensor, tensor: Tensor, *, out=None) -> Tensor:
    r"""Sum of products of two vectors of one length. See `matmul`.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    tensor : Tensor
        A vector of the same length.

    Returns
    -------
    Tensor
        0-d, of the dtype of the operands.

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


@op("outer", composite=True, aliases=("ger",), out="cast step")
@doc()
def outer(input_: Tensor, vec2: Tensor, *, out=None) -> Tensor:
    r"""Every product of an element of one vector with one of another, of shape (n, m).

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    vec2 : Tensor
        A vector.

    Returns
    -------
    Tensor
        Of shape (n, m) and the promoted dtype.

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
    if is_half(dtype):
        wide = dtypes.float32
        return _plus(input_.to(wide), product_(a.to(wide), b.to(wide)), beta, alpha).to(dtype)
    return _plus(input_, product_(a, b), beta, alpha)


def _plus(input_, product_, beta, alpha):
    """The sum, which lies in memory as the product does."""
    if type(alpha) is type(beta) is int and alpha == beta == 1:  # the commonest
        return product_ + input_
    alpha, beta = element(alpha, product_.dtype), element(beta, product_.dtype)
    if alpha != 1:
        product_ = product_ * alpha
    if beta == 0:
        return product_
    return product_ + (input_ * beta if beta != 1 else input_)


FUSED = {
    "input_": "Tensor: Of a numeric dtype; broadcasts to the product.", "beta": "number, optional: Factor of the input (default 1).",
    "alpha": "number, optional: Factor of the product (default 1).", "returns": "Of the dtype of the operands.",
}  # fmt: skip


@op("addmm", composite=True, out="same overlap first step")
@doc(r"out = \beta\, input + \alpha\, (a\, b)", r"\beta g; \quad \alpha\, g\, b^T; \quad \alpha\, a^T g",
     mat1="Tensor: The first matrix.", mat2="Tensor: The second matrix, of the same dtype.", **FUSED)  # fmt: skip
def addmm(input_: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1, out=None) -> Tensor:
    r"""``beta * input + alpha * (mat1 @ mat2)``; with beta 0 the input's NaN do not count.

    >>> lucid.addmm(lucid.ones(2, 2), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.eye(2), alpha=2)
    Tensor([[3.0, 5.0],
            [7.0, 9.0]])
    """
    return _fused("addmm", mm, input_, mat1, mat2, beta, alpha)


@op("addmv", composite=True, out="same overlap first step")
@doc(r"out = \beta\, input + \alpha\, (A\, v)", r"\beta g; \quad \alpha\, g\, v^T; \quad \alpha\, A^T g",
     mat="Tensor: A matrix.", vec="Tensor: A vector of the same dtype.", **FUSED)  # fmt: skip
def addmv(input_: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1, out=None) -> Tensor:
    r"""``beta * input + alpha * (mat @ vec)``.

    >>> lucid.addmv(lucid.ones(2), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([1.0, 1.0]))
    Tensor([4.0, 8.0])
    """
    return _fused("addmv", mv, input_, mat, vec, beta, alpha)


@op("addr", composite=True, out="cast step")
@doc(r"out = \beta\, input + \alpha\, (u\, v^T)", r"\beta g; \quad \alpha\, g\, v; \quad \alpha\, g^T u",
     vec1="Tensor: A vector.", vec2="Tensor: A vector.", **FUSED)  # fmt: skip
def addr(input_: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1, out=None) -> Tensor:
    r"""``beta * input + alpha * outer(vec1, vec2)``.

    >>> lucid.addr(lucid.zeros(2, 2), lucid.tensor([1.0, 2.0]), lucid.tensor([3.0, 4.0]))
    Tensor([[3.0, 4.0],
            [6.0, 8.0]])
    """
    _ranked("addr", vec1, 1, "vec1")
    _ranked("addr", vec2, 1, "vec2")
    dtype = tensor_argument("addr", input_).dtype
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if isinstance(factor, bool) and not dtype is vec1.dtype is vec2.dtype is dtypes.bool:
            raise RuntimeError(f"Boolean {name} only supported for Boolean results.")
    if beta == 1 and dtype.numpy in FLOATING and vec1.dtype is dtype and vec2.dtype is dtype and type(alpha) in (int, float):
        return addcmul(input_, vec1.unsqueeze(1), vec2, value=alpha)
    product_ = outer(vec1, vec2)
    if product_.dtype.kind < 2 and input_.dtype.kind < 2:
        for name, factor in (("beta", beta), ("alpha", alpha)):
            if isinstance(factor, (float, complex)):
                raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    return _plus(input_, product_, beta, alpha)


@op("baddbmm", composite=True, out="same overlap first step")
@doc(r"out_b = \beta\, input_b + \alpha\, (a_b\, b_b)", batch1="Tensor: Matrices, (b, n, m).", batch2="Tensor: Matrices, (b, m, p).",
     **FUSED)  # fmt: skip
def baddbmm(input_: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1, out=None) -> Tensor:
    r"""``beta * input + alpha * (batch1 @ batch2)`` for each matrix of a batch.

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


@op("addbmm", composite=True, out="same overlap first step")
@like(baddbmm)
def addbmm(input_: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1, out=None) -> Tensor:
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
@doc()
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
    if x.ndim == 0:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are 0D and {weight.array.ndim}D")
    if x.shape[-1] != w.shape[1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({math.prod(x.shape[:-1])}x{x.shape[-1]} and {w.shape[1]}x{w.shape[0]})"
        )
    shape = (*x.shape[:-1], w.shape[0])
    if bias is not None and bias.array.shape != shape[-1:] and broadcast_shapes(bias.array.shape, shape) != shape:
        raise RuntimeError(f"linear(): a bias of shape {list(bias.shape)} does not expand to {list(shape)}")
    added = None if bias is None else bias.array
    half = is_half(input_.dtype)
    times = wide_product if half else product
    if added is not None and half:  # rounded once, at the end
        added = cast(added, FLOAT32)
    if added is not None and (half or x.dtype in BMM) and x.size and w.size:
        out = empty(shape, added.dtype)
        out[...] = added
        times(contiguous(x).reshape(-1, x.shape[-1]), w.T, out.reshape(-1, w.shape[0]), 1, 1)
    else:
        left = x if x.ndim > 1 else x[None]
        out = wide_product(left, w.T) if half else multiply(left, w.T, input_.dtype)
        out = out[0] if x.ndim == 1 else out
        if added is not None:
            out = out + added
    out = cast(out, input_.array.dtype) if half else out
    return wrap(out[..., 0] if weight.array.ndim == 1 else out)


@linear.vjp_joint("input_", "weight", "bias", crossed=True)
def _linear_backward(g, needs, input_, weight):
    w = weight
    if w.array.ndim == 1:
        w, g = w.unsqueeze(0), g.unsqueeze(-1)
    gx = gw = gb = None
    conjugate = w.dtype.is_complex
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
