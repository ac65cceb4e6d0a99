"""Extremes: the greatest and the least, and where they are; any and all, the extremes of truth.

`max` and `min` mean three things, of all, along a dimension, and of two tensors; each gradient goes where the value came
from, and amax and amin share it among all that are equal.
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes, return_types
from lucid._kernels import core
from lucid._kernels.core import contiguous, empty, flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.autograd.writes import check_out, write_out
from lucid.dtypes import torch_name
from lucid.ops import magnitude
from lucid.ops._doc import doc, like
from lucid.ops._frame import C_NAMES, FLOAT64, INT64, cast, dims_argument, fold, reduced_shape, tensor_argument
from lucid.ops.reduction import (
    AMAX,
    AMIN,
    ARGREDUCE,
    BOOL,
    CODES,
    COUNT_NONZERO,
    REDUCE_BOOL,
    REDUCE_LONG,
    computed,
    kept,
    reduced,
    sum,
    whole,
)
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ extremes


def _extreme(name: str, input_, dim, keepdim: bool, whole=None) -> Tensor:
    tensor_argument(name, input_)
    dtype = input_.dtype
    if input_.array.size == 0 and (dim is None or dim == () or dim == []):
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    if whole is not None:
        found = core.reduce(whole, input_, None if dim == () else dim, keepdim)
        if found is not None:
            return found
    dims = dims_argument(name, dim, input_.array.ndim)
    array = computed(input_.array, dtype)
    if dtype.is_complex and array.size:
        raise RuntimeError(f"\"{name}_values_cpu\" not implemented for '{torch_name(dtype)}'")
    return wrap(cast(reduced(name, array, dims, keepdim, None, result=array.dtype), dtype.numpy))


def _share(g, input_, dim, keepdim, out):
    """The gradient of an extreme, in equal parts to all elements that reach it."""
    hit = (input_ == kept(out, input_, dim, keepdim)).to(input_.dtype)
    return hit * (kept(g, input_, dim, keepdim) / sum(hit, dim, True) if input_.array.ndim else g)


@op("amax", out="same")
@doc()
def amax(input_: Tensor, dim: int | tuple | None = (), keepdim: bool = False, *, out=None) -> Tensor:
    """The greatest element, over all or over dimensions; NaN wins.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and real dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.

    Returns
    -------
    Tensor
        Elements that are equally great share the gradient in equal parts.

    Examples
    --------
    >>> lucid.amax(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    Tensor([2.0, 4.0])
    """
    return _extreme("amax", input_, dim, keepdim, AMAX)


amax.vjp(input_=_share)


@op("amin", out="same")
@doc()
def amin(input_: Tensor, dim: int | tuple | None = (), keepdim: bool = False, *, out=None) -> Tensor:
    r"""The least element, over all or over dimensions; NaN wins.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.

    Returns
    -------
    Tensor
        With `dim` without it, or of size 1 with `keepdim`.

    Notes
    -----
    .. math:: out = \min_i x_i

    Gradient, from that of the result :math:`g`:

    .. math:: g \text{, in equal parts to the elements that are least}

    Examples
    --------
    >>> lucid.amin(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 1)
    Tensor([1.0, 3.0])
    """
    return _extreme("amin", input_, dim, keepdim, AMIN)


amin.vjp(input_=_share)


@op("aminmax", composite=True)
@doc(out="tuple of Tensor, optional: Where the results are written.")
def aminmax(input_: Tensor, *, dim: int | None = None, keepdim: bool = False, out=None):
    r"""The least and the greatest element, as a named tuple (min, max).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int, optional
        The dimension; all by default.

    Returns
    -------
    named tuple of Tensor
        `min` and `max`, without `dim`, or of size 1 in it with `keepdim`.

    Notes
    -----
    .. math:: out = (\min_i x_i, \max_i x_i)

    Examples
    --------
    >>> lucid.aminmax(lucid.tensor([1.0, 2.0, 3.0]))
    lucid.return_types.aminmax(
    min=Tensor(1.0),
    max=Tensor(3.0))
    """
    return return_types.aminmax(
        amin(input_, () if dim is None else dim, keepdim), amax(input_, () if dim is None else dim, keepdim)
    )


def _arg(name: str, input_: Tensor, dim, keepdim: bool):
    """Extreme and position along one dimension, or over all elements."""
    dtype = tensor_argument(name, input_).dtype
    array = computed(input_.array, dtype)
    if dim is None:
        if array.size == 0:
            raise IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
            )
        shape = (1,) * array.ndim if keepdim else ()
        array, dims = array.reshape(-1), (0,)
    else:
        dims = (check_dim(name, dim, array.ndim),)
        if array.ndim == 0:
            array, shape = array.reshape(1), ()
        else:
            shape = reduced_shape(array.shape, dims, keepdim)
            if array.shape[dims[0]] == 0 and array.ndim:
                raise IndexError(f"{name}(): Expected reduction dim {dims[0]} to have non-zero size.")
    values, index = empty(shape, array.dtype), empty(shape, INT64)
    if dtype.is_complex:
        raise RuntimeError(f"{name.removeprefix('arg')}(): does not support complex input")
    if index.size:
        rows, outer, axis, inner = fold(array, dims)
        ARGREDUCE[array.dtype](flat(rows), flat(values), flat(index), outer, axis, inner, CODES[name])
    return wrap(cast(values, dtype.numpy)), wrap(index)


def _position(name: str, input_: Tensor, dim, keepdim: bool) -> Tensor:
    dtype = tensor_argument(name, input_).dtype
    if dtype is dtypes.bool_ or dtype.is_complex:
        raise RuntimeError(f"{name}(): does not support {'complex' if dtype.is_complex else 'bool'} input")
    return _arg(name, input_, dim, keepdim)[1]


@op("argmax", gradient=False, out="same")
@doc()
def argmax(input_: Tensor, dim: int | None = None, keepdim: bool = False, *, out=None) -> Tensor:
    """Where the greatest element stands, along a dimension or in the flattened tensor; the first of equals, or of NaNs.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int, optional
        The dimension; that of the flattened tensor by default.

    Returns
    -------
    Tensor
        Of int64.

    Examples
    --------
    >>> lucid.argmax(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(2)
    """
    return _position("argmax", input_, dim, keepdim)


@op("argmin", gradient=False, out="same")
@like(argmax)
def argmin(input_: Tensor, dim: int | None = None, keepdim: bool = False, *, out=None) -> Tensor:
    """Where the least element stands, along a dimension or in the flattened tensor; the first of equals, or of NaNs.

    Examples
    --------
    >>> lucid.argmin(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(0)
    """
    return _position("argmin", input_, dim, keepdim)


@op("_extreme_along")
def _extreme_along(input_: Tensor, dim: int, keepdim: bool, name: str):
    return getattr(return_types, name.removeprefix("arg"))(*_arg(name, input_, dim, keepdim))


def _scatter_back(g, input_shape, dim, keepdim, indices):
    from lucid.ops.scatter import scatter_add

    if not input_shape:
        return g[0]
    index, own = (indices, g[0]) if keepdim else (indices.unsqueeze(dim), g[0].unsqueeze(dim))
    return scatter_add(Supplied.no_memory(input_shape, own.dtype), dim, index, own)


_extreme_along.vjp(input_=_scatter_back)


@op("_extreme_of_all")
def _extreme_of_all(input_: Tensor, name: str) -> Tensor:
    return _extreme(name, input_, (), False, AMAX if name == "amax" else AMIN)


def share_of_all(g, input_, out):
    """As `_share`; where the extreme is NaN, the NaN share it."""
    hit = ((input_ != input_) if out.array != out.array else (input_ == out)).to(input_.dtype)
    return hit * (g / sum(hit))


_extreme_of_all.vjp(input_=share_of_all)


def _max_or_min(name: str, whole: str, along: str, pairwise: str, input_, dim, keepdim):
    """The three meanings of `max` and `min`: of all, along a dimension, of two tensors."""
    if isinstance(dim, Tensor):
        return getattr(magnitude, pairwise)(tensor_argument(name, input_), dim)
    if dim is None:
        tensor_argument(name, input_)
        if input_.array.size == 0:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        return _extreme_of_all(input_, whole)
    return _extreme_along(input_, dim, keepdim, along)


@op("max", composite=True, out="cast step")
@like(
    amin, dim="int or Tensor, optional: The dimension; or a second tensor.",
    other="Tensor, optional: A second tensor: the result is the elementwise `maximum`.",
    out="Tensor or tuple of Tensor, optional: Where the result is written, or each of them.", gives="Tensor or named tuple of Tensor",
    returns="The greatest element; with `dim` `values` and `indices`, without the dimension, or of size 1 in it with `keepdim`.",
)  # fmt: skip
def max(input_: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Tensor | None = None, out=None):
    """The greatest element of all; with `dim`, a named tuple of the greatest along it and their positions.

    With a second tensor, as `other` or instead of `dim`: the elementwise `maximum`.

    Examples
    --------
    >>> lucid.max(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(3.0)
    """
    return _max_or_min("max", "amax", "argmax", "maximum", input_, dim if other is None else other, keepdim)


@op("min", composite=True, out="cast step")
@like(
    max, other="Tensor, optional: A second tensor: the result is the elementwise `minimum`.",
    returns="The least element; with `dim` `values` and `indices`, without the dimension, or of size 1 in it with `keepdim`.",
)  # fmt: skip
def min(input_: Tensor, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Tensor | None = None, out=None):
    """The least element of all; with `dim`, a named tuple of the least along it and their positions.

    With a second tensor, as `other` or instead of `dim`: the elementwise `minimum`.

    Examples
    --------
    >>> lucid.min(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(1.0)
    """
    return _max_or_min("min", "amin", "argmin", "minimum", input_, dim if other is None else other, keepdim)


# ------------------------------------------------------------------------------------------------ logic, counting


ANY, ALL = (
    whole(name, BOOL, reduce_bool=[dtype for dtype in REDUCE_BOOL if dtype.num != np.dtype("uint8").num])
    for name in ("any", "all")
)


def _parts(array: np.ndarray) -> np.ndarray:
    """Complex and half numbers as something whose truth is the same."""
    if array.dtype.kind == "c" or array.dtype not in C_NAMES:
        return np.asarray(array != 0)
    return array


def _truth(name: str, input_, dim, keepdim: bool, of_none: bool, out: Tensor | None) -> Tensor:
    tensor_argument(name, input_)
    if out is not None:
        check_out(name, out, (input_,), (None, None))
        if out.dtype not in (dtypes.bool, dtypes.uint8):
            raise RuntimeError(f"{name} only supports bool tensor for result, got: {torch_name(out.dtype)}")
        write_out(name, out, _truth(name, input_, dim, keepdim, of_none, None), "any")
        return out
    found = core.reduce(ANY if name == "any" else ALL, input_, dim, keepdim)
    if found is not None:
        return found
    dims = dims_argument(name, dim, input_.array.ndim, all_when_empty=False)
    result = np.dtype("uint8") if input_.dtype is dtypes.uint8 else BOOL
    out = reduced(name, _parts(input_.array), dims, keepdim, of_none, REDUCE_BOOL, BOOL)
    return wrap(cast(out, result))


@op("any", gradient=False, own=("out",))
@like(amin)
def any(input_: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, out=None) -> Tensor:
    """Whether an element is not zero, over all or over dimensions. Bool; uint8 for uint8.

    Examples
    --------
    >>> lucid.any(lucid.tensor([False, True]))
    Tensor(True)
    """
    return _truth("any", input_, dim, keepdim, False, out)


@op("all", gradient=False, own=("out",))
@like(amin)
def all(input_: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, out=None) -> Tensor:
    """Whether no element is zero, over all or over dimensions. Bool; uint8 for uint8.

    Examples
    --------
    >>> lucid.all(lucid.tensor([False, True]))
    Tensor(False)
    """
    return _truth("all", input_, dim, keepdim, True, out)


@op("hash_tensor", gradient=False, out="same")
@doc()
def hash_tensor(
    input_: Tensor, dim: int | tuple | None = None, *, keepdim: bool = False, mode: int = 0, out=None
) -> Tensor:
    """A number that tells tensors of different bits apart: all elements, as 64 bits each, combined by exclusive or.

    Parameters
    ----------
    input_ : Tensor
        Of any shape; floating dtypes are taken as float64, integers and bools as int64.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep the reduced dimensions, of size 1.
    mode : int, optional
        Which hash: 0, exclusive or, is the only one.

    Returns
    -------
    Tensor
        uint64. Elements in another order have the same hash, and pairs of equal ones count for nothing.

    Raises
    ------
    NotImplementedError
        If the tensor is complex, or of uint16, uint32 or uint64.
    RuntimeError
        If there are no elements, or the mode is another one.

    Examples
    --------
    >>> lucid.hash_tensor(lucid.tensor([1.0, 2.0]))
    Tensor(9218868437227405312, dtype=lucid.uint64)
    >>> lucid.hash_tensor(lucid.tensor([[1, 2], [4, 8]]), dim=1)
    Tensor([3, 12], dtype=lucid.uint64)
    """
    dtype = tensor_argument("hash_tensor", input_).dtype
    if type(mode) is not int:
        raise TypeError(f"hash_tensor(): argument 'mode' must be int, not {type(mode).__name__}")
    if mode:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    dims = dims_argument("hash_tensor", dim, input_.array.ndim)
    shape = input_.array.shape
    if dim is None and not input_.array.size:
        raise RuntimeError("hash_tensor(): of a tensor without elements 'dim' has to be given")
    if 0 in [shape[at] for at in dims]:
        raise IndexError("hash_tensor(): Expected reduction dim to have non-zero size.")
    if input_.array.size and (dtype.is_complex or dtype in dtypes.UNSIGNED):
        raise NotImplementedError(f"\"hash_tensor\" not implemented for '{torch_name(dtype)}'")
    bits = cast(input_.array, FLOAT64 if dtype.is_floating_point else INT64).view(np.uint64)
    return wrap(contiguous(np.bitwise_xor.reduce(bits, axis=dims, keepdims=keepdim)))


@op("count_nonzero", gradient=False)
def count_nonzero(input_: Tensor, dim: int | tuple | None = None) -> Tensor:
    """How many elements are not zero, over all or over dimensions; int64.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.

    Returns
    -------
    Tensor
        0-d, or without the dimensions given.

    Examples
    --------
    >>> lucid.count_nonzero(lucid.tensor([0, 5, 7]))
    Tensor(2)
    """
    tensor_argument("count_nonzero", input_)
    found = core.reduce(COUNT_NONZERO, input_, dim, False)
    if found is not None:
        return found
    dims = dims_argument("count_nonzero", dim, input_.array.ndim)
    return wrap(reduced("count_nonzero", _parts(input_.array), dims, False, 0, REDUCE_LONG, INT64))
