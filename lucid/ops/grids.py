"""Combinations of what several tensors hold: grids, products, pairs; indices of triangles; powers in columns."""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels.core import empty as new_array
from lucid._kernels.core import flat, wrap
from lucid._kernels.index import triangle_indices
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._frame import INT64, cast, contiguous, tensor_argument
from lucid.ops.creation import ones_like, wanted
from lucid.ops.joining import cat, stack
from lucid.ops.scans import cumprod
from lucid.ops.selection import index_select
from lucid.ops.shape import flip
from lucid.ops.view import expand, flatten, reshape, to_dtype, unpacked
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ grids


@op("meshgrid", composite=True)
def meshgrid(*tensors: Tensor, indexing: str | None = None) -> tuple:
    """Coordinate grids: each 1-d tensor along a dimension of its own, expanded over those of the others.

    Parameters
    ----------
    *tensors : Tensor or sequence of Tensor
        1-d or 0-d, of one dtype.
    indexing : {"ij", "xy"}, optional
        "xy" exchanges the first two dimensions.

    Returns
    -------
    tuple of Tensor
        Views, all of one shape.

    Examples
    --------
    >>> lucid.meshgrid(lucid.tensor([1, 2]), lucid.tensor([3, 4]), indexing="ij")[0]
    Tensor([[1, 1],
            [2, 2]])
    """
    tensors = unpacked(tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for one in tensors:
        if one.array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: " + str(list(one.array.shape))
            )
        if one.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing is None:
        import warnings

        warnings.warn("meshgrid: say which indexing is meant, 'ij' (as without) or 'xy'", stacklevel=2)
    order = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        order[:2] = 1, 0
    n = len(tensors)
    shape = [1] * n
    for at, one in zip(order, tensors):
        shape[at] = one.array.size
    return tuple(
        expand(reshape(one, tuple(-1 if i == at else 1 for i in range(n))), shape) for at, one in zip(order, tensors)
    )


@op("cartesian_prod", composite=True)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element of each 1-d tensor, as rows.

    Parameters
    ----------
    *tensors : sequence of Tensor
        1-d, of one dtype.

    Returns
    -------
    Tensor
        Of shape (product of the sizes, number of tensors); of one tensor, itself.

    Examples
    --------
    >>> lucid.cartesian_prod(lucid.tensor([1, 2]), lucid.tensor([3, 4]))
    Tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    tensors = unpacked(tensors)
    for one in tensors:
        if one.array.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(one.array.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([flatten(one) for one in meshgrid(*tensors, indexing="ij")], 1)


@op("combinations", composite=True)
def combinations(input_: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of `r` elements of a 1-d tensor, as rows, in the order of their indices.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    r : int, optional
        How many are combined.
    with_replacement : bool, optional
        Whether an element may occur again.

    Returns
    -------
    Tensor
        Of shape (number of combinations, r) and the input's dtype.

    Examples
    --------
    >>> lucid.combinations(lucid.tensor([1, 2, 3]))
    Tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    import itertools

    if tensor_argument("combinations", input_).array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input_.array.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wrap(new_array((0,), input_.array.dtype))
    n = input_.array.size
    if r == 2:  # a triangle
        rows = contiguous(triu_indices(n, n, 0 if with_replacement else 1).array.T)
    else:
        choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
        rows = np.fromiter(itertools.chain.from_iterable(choose(range(n), r)), np.int64).reshape(-1, r)
    return reshape(index_select(input_, 0, wrap(rows.reshape(-1))), rows.shape)


def _summed(n: int) -> int:
    """The numbers up to n together, from 1 on."""
    return n * (n + 1) // 2 if n > 0 else 0


def _triangle_indices(name: str, row, col, offset, dtype, layout, device, upper):
    for which, n in (("row", row), ("col", col)):
        if n < 0:
            raise RuntimeError(f"{which} must be non-negative, got{n}")
    dtype = wanted(dtype, layout, device, dtypes.int64)
    if dtype not in (dtypes.int64, dtypes.int32):
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")
    across = max(-row, min(col, offset))
    first = across - 1 if upper else across  # the last column of the lower triangle, in row 0
    lower = _summed(row + first) - _summed(first) - _summed(row + first - col) + _summed(first - col)
    array = new_array((2, row * col - lower if upper else lower), INT64)
    if array.size:
        triangle_indices(flat(array), row, col, across, upper)
    return wrap(cast(array, dtype.numpy))


@op("tril_indices", gradient=False)
@doc()
def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype=None, layout=None, device=None, pin_memory=False
) -> Tensor:
    """The indices of the lower triangle of a `row` by `col` matrix: a row of row and one of column numbers.

    Parameters
    ----------
    row : int
        How many rows.
    col : int
        How many columns.
    offset : int, optional
        Which diagonal: 0 the main one, above it positive.

    Returns
    -------
    Tensor
        Of shape (2, number of elements); of `dtype`, or else int64.

    Examples
    --------
    >>> lucid.tril_indices(2, 2)
    Tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices("tril_indices", row, col, offset, dtype, layout, device, False)


@op("triu_indices", gradient=False)
@like(tril_indices)
def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype=None, layout=None, device=None, pin_memory=False
) -> Tensor:
    """The indices of the upper triangle of a `row` by `col` matrix: a row of row and one of column numbers.

    Examples
    --------
    >>> lucid.triu_indices(2, 2)
    Tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle_indices("triu_indices", row, col, offset, dtype, layout, device, True)


def _powers(x: Tensor, n: int) -> Tensor:
    """`x ** 0, x ** 1, ...` along a new last dimension, by repeated multiplication."""
    one = ones_like(x)
    if n < 2:
        return stack([one][:n], -1) if n else wrap(new_array((*x.array.shape, 0), x.array.dtype))
    rest = expand(reshape(x, (*x.array.shape, 1)), (*x.array.shape, n - 1))
    rest = cumprod(rest, -1)
    return cat([reshape(one, (*x.array.shape, 1)), rest], -1)


@op("vander", composite=True)
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """The Vandermonde matrix of a 1-d tensor: its powers as columns, falling unless `increasing`.

    `N` is the number of columns, by default that of the elements.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    N : int, optional
        How many columns.
    increasing : bool, optional
        Powers from 0 upwards.

    Returns
    -------
    Tensor
        Of shape (n, N) and the input's dtype; integers become int64.

    Examples
    --------
    >>> lucid.vander(lucid.tensor([1, 2, 3]))
    Tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    if tensor_argument("vander", x, 1, "x").array.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    n = x.array.size if N is None else N
    if n < 0:
        raise RuntimeError("N must be non-negative.")
    if x.dtype.kind < 2:
        x = to_dtype(x, dtypes.promote_types(x.dtype, dtypes.int64))
    powers = _powers(x, n)
    return powers if increasing or n < 2 else flip(powers, (1,))


@op("linalg.vander", composite=True)
def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:  # noqa: N803
    """Vandermonde matrices of the last dimension of a tensor: its powers 0, 1, ..., N - 1.

    Parameters
    ----------
    x : Tensor
        Of any shape.
    N : int, optional
        How many columns.

    Returns
    -------
    Tensor
        Of shape (..., n, N) and the input's dtype; integers become int64.

    Examples
    --------
    >>> lucid.linalg.vander(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor([[1.0, 1.0, 1.0],
            [1.0, 2.0, 4.0],
            [1.0, 3.0, 9.0]])
    """
    array = tensor_argument("linalg.vander", x, 1, "x").array
    if x.dtype.kind == 0:
        raise RuntimeError("linalg.vander supports floating point, complex, and integer tensors, but got Bool")
    n = (array.shape[-1] if array.ndim else 1) if N is None else N
    if n <= 1:
        raise RuntimeError("N must be greater than 1.")
    x = x if array.ndim else reshape(x, (1,))
    return _powers(to_dtype(x, dtypes.int64) if x.dtype.kind == 1 else x, n)
