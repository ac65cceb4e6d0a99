"""Norms of vectors and matrices.

`vector_norm` is a reduction and has a rule; the matrix norms are made of it and of singular values, and `norm` in its two
forms chooses between them.
"""

from __future__ import annotations

import math

from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import as_dtype, torch_name
from lucid.ops import magnitude
from lucid.ops._doc import doc
from lucid.ops._frame import cast, dims_argument, is_coarse, tensor_argument, unrounded
from lucid.ops.reduction import NORM_2, computed, kept, reduced, sum
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ norms


def norm_dtype(name: str, x: Tensor, dtype):
    """The dtype in which a norm of `x` is computed: `dtype` or its own, which must both be floating or both complex."""
    source = tensor_argument(name, x, argument="x").dtype
    if source.kind < 2:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {torch_name(source)}")
    if dtype is None:
        return source
    target = as_dtype(dtype)
    if target.kind < 2:
        raise RuntimeError(f"{name}: dtype should be floating point or complex, but got {torch_name(target)}")
    if target.is_complex is not source.is_complex:
        kind = "complex" if source.is_complex else "real"
        raise RuntimeError(f"{name}: dtype should be {kind} for {kind} inputs, but got {torch_name(target)}")
    return target


@op("linalg.vector_norm", out="same", wide=True)
@doc()
def vector_norm(
    x: Tensor, ord: float = 2, dim: int | tuple | None = None, keepdim: bool = False, *, dtype=None, out=None
) -> Tensor:
    """Vector norm over dimensions: the `ord`-th root of the sum of absolute values to that power.

    Parameters
    ----------
    x : Tensor
        Of any shape, of a floating or complex dtype.
    ord : number, optional
        Default 2; 0 counts what is not zero, infinities take the extreme of the absolute values.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    dtype : dtype, optional
        Convert the input first.

    Returns
    -------
    Tensor
        Real. At zero the gradient of the 2-norm is 0.

    Examples
    --------
    >>> lucid.linalg.vector_norm(lucid.tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    if ord == 2 and dtype is None and isinstance(x, Tensor):
        found = core.reduce(NORM_2, x, dim, keepdim)
        if found is not None:
            return found
    source = norm_dtype("linalg.vector_norm", x, dtype)
    target = source.to_real()
    array = computed(x.array if dtype is None else cast(x.array, source.numpy), source)
    if source.is_complex:
        array = magnitude.abs(wrap(array)).array  # as the gradient computes it, which asks which are equal to the norm
    dims = dims_argument("linalg.vector_norm", dim, array.ndim)
    if isinstance(ord, complex):
        raise RuntimeError(f"linalg.vector_norm: Expected a non-complex scalar as the order of norm, got {ord}")
    ord = float(ord)
    name = {0.0: "norm_0", 1.0: "norm_1", 2.0: "norm_2", math.inf: "norm_inf", -math.inf: "norm_minus_inf"}.get(
        ord, "norm_p"
    )
    of_none = dim is None or math.prod(array.shape[i] for i in dims) == 0
    if of_none and array.size == 0 and (ord < 0 or ord == math.inf):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord:g} norm on an empty "
            + ("tensor because the operation does not have an identity" if dim is None else "dimension")
        )
    return wrap(cast(reduced(name, array, dims, keepdim, 0, p=ord), target.numpy))


def _norm_backward(g, x, x_dtype, ord, dim, keepdim, out):
    ord = float(ord)
    out = unrounded(out, x, x_dtype, lambda: vector_norm(x, ord, dim, keepdim))
    g, norm_ = kept(g, x, dim, keepdim), kept(out, x, dim, keepdim)
    if ord == 0:
        return Supplied.zeros(x.array.shape, x.dtype)
    if ord == 1:
        return x.sgn() * g
    if ord == 2:
        return (x / norm_).masked_fill(norm_ == 0, 0) * g
    size = x.abs()
    if math.isinf(ord):
        hit = (size == norm_).to(g.dtype)
        return x.sgn() * (hit * (g / sum(hit, dim, True) if x.array.ndim else g))
    if ord < 1:
        return (x.sgn() * size.pow(ord - 1)).masked_fill(x == 0, 0) * g * norm_.pow(1 - ord)
    if ord < 2:
        return x.sgn() * size.pow(ord - 1) * (g / norm_.pow(ord - 1)).masked_fill(norm_ == 0, 0)
    return x * size.pow(ord - 2) * (g / norm_.pow(ord - 1)).masked_fill(norm_ == 0, 0)


vector_norm.vjp(x=_norm_backward)


# ------------------------------------------------------------------------------------------------ norms


def _dims_pair(dim, ndim):
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    first, second = (check_dim("linalg.matrix_norm", one, ndim) for one in dim)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    return first, second


@op("linalg.matrix_norm", composite=True, out="same")
@doc()
def matrix_norm(A: Tensor, ord="fro", dim: tuple = (-2, -1), keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Matrix norm: "fro", "nuc", or of order 1, -1, inf, -inf (sums of rows or columns), 2, -2 (singular values).

    Parameters
    ----------
    A : Tensor
        Of shape (..., m, n), floating or complex.
    ord : number or str, optional
        Which norm.
    dim : tuple of int, optional
        The dimensions of the matrices: the last two by default.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.

    Returns
    -------
    Tensor
        Without the two dimensions, or with size 1 in them; real, of the input's precision or `dtype`'s.

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
    if ord in ("nuc", 2, -2) and is_coarse(A.dtype):
        raise RuntimeError(f"linalg.matrix_norm: Low precision dtypes not supported. Got {torch_name(A.dtype)}")
    if ord == "fro":
        return vector_norm(A, 2, (first, second), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        rows, columns = (first, second) if abs(ord) == 1 else (second, first)
        sums = vector_norm(A, 1, rows, True)
        found = _largest(sums, columns, True) if ord > 0 else sums.amin(columns, True)
        return found if keepdim else found.squeeze((first, second))
    if ord in ("nuc", 2, -2):
        from lucid.ops.decompositions import svdvals

        values = svdvals(A.movedim((first, second), (-2, -1)))
        found = values.sum(-1) if ord == "nuc" else _largest(values, -1) if ord == 2 else values.amin(-1)
        return found.reshape([1 if i in (first, second) else n for i, n in enumerate(A.array.shape)]) if keepdim else found
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


def _largest(values: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """The greatest along a dimension; 0 where that is empty."""
    return values.amax(dim, keepdim) if values.array.shape[dim] else values.sum(dim, keepdim)


@op("linalg.norm", composite=True, out="same")
@doc()
def norm(A: Tensor, ord=None, dim: int | tuple | None = None, keepdim: bool = False, *, out=None, dtype=None) -> Tensor:
    """Vector norm over one dimension (or all elements), matrix norm over two.

    Parameters
    ----------
    A : Tensor
        Floating or complex.
    ord : number or str, optional
        As for `vector_norm`, or as for `matrix_norm`; the 2-norm of all elements by default.
    dim : int or tuple of int, optional
        One dimension or two.
    dtype : dtype, optional
        Convert the input first.

    Returns
    -------
    Tensor
        Without the dimensions, or with size 1 in them; real, of the input's precision or `dtype`'s.

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
    if len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    if len(dims) == 2:
        return matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.norm: Order {ord} not supported for vectors.")
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)


@op("norm", composite=True, out="same")
@doc()
def torch_norm(
    input_: Tensor, p="fro", dim: int | tuple | None = None, keepdim: bool = False, out=None, dtype=None
) -> Tensor:
    """Norm over all elements or over dimensions; `linalg.norm` is its successor.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    p : number or str, optional
        Which norm: "fro" (default, the 2-norm), "nuc" or a number, as `ord` of `linalg.vector_norm`.
    dim : int or tuple of int, optional
        The dimensions; all by default, of "nuc" the last two.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.

    Returns
    -------
    Tensor
        Without the dimensions, or with size 1 in them; real, of the input's precision or `dtype`'s.

    Examples
    --------
    >>> lucid.norm(lucid.tensor([3.0, 4.0]))
    Tensor(5.0)
    """
    if p == "fro":
        return vector_norm(input_, 2, dim, keepdim, dtype=dtype)
    if p == "nuc":
        return matrix_norm(input_, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str):
        raise RuntimeError(f"linalg.norm: Order {p} not supported.")
    return vector_norm(input_, 2 if p is None else p, dim, keepdim, dtype=dtype)
