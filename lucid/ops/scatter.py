"""Elements along one dimension, each at an index of its own: gather, and scatter in its forms.

A row of the index says where each element of that row is read or written; the rule of one is the other. Where several
elements meet in a place, `scatter_add` and `scatter_reduce` join them and `scatter` leaves the last.
"""

from __future__ import annotations

import numpy as np

from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import INT64, copied, tensor_argument, unrounded
from lucid.ops._indices import JOINS, index_argument, out_of_bounds, picked, placed, same_dtype
from lucid.ops.arithmetic import add, div, mul
from lucid.ops.comparison import eq, logical_and
from lucid.ops.magnitude import where
from lucid.ops.masks import masked_fill
from lucid.ops.pieces import place_basic
from lucid.ops.storage import fill_array
from lucid.ops.view import to_dtype
from lucid.tensor import Tensor, check_dim


def _check_shapes(name: str, input_: Tensor, dim: int, index, src=None) -> int:
    """The checked dimension of gather and scatter, whose index fits the input and the source."""
    shape, own = index.shape, input_.array.shape
    dim = check_dim(name, dim, len(own))
    if index.size == 0 or shape == own and (src is None or src.shape == own):
        return dim
    if max(len(shape), 1) != max(len(own), 1):
        which = "input" if name == "gather" else "self"
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {which} tensor")
    if src is not None and max(src.ndim, 1) != max(len(shape), 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for k, size in enumerate(shape):
        if k != dim and own and size > own[k] or src is not None and src.ndim and size > src.shape[k]:
            more = "" if src is None else f" and to be no larger size than src {list(src.shape)}"
            raise RuntimeError(
                f"{name}: Expected index {list(shape)} to be no larger than self {list(own)} apart from dimension {dim}"
                + more
            )
    return dim


@op("gather", out="first apart")
@doc()
def gather(input_: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out=None) -> Tensor:
    """The elements whose place along `dim` is given by `index`, and along the others is the index' own.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32, of the input's number of dimensions, nowhere larger than it but along `dim`.
    sparse_grad : bool, optional
        Accepted; gradients are dense.

    Returns
    -------
    Tensor
        Of the index' shape.

    Raises
    ------
    RuntimeError
        If an index is out of range or the shapes do not fit.

    Examples
    --------
    >>> lucid.gather(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, lucid.tensor([[0], [1]]))
    Tensor([[1.0],
            [4.0]])
    """
    array = tensor_argument("gather", input_).array
    at = index_argument("gather", index)
    dim = _check_shapes("gather", input_, dim, at)
    if not at.size:
        return wrap(core.empty(at.shape, array.dtype))
    found = picked(array, dim, at, True)
    if found is None:
        out_of_bounds(at, array.shape[dim] if array.ndim else 1, dim)
    return wrap(found)


gather.vjp(
    input_=lambda g, input_shape, dim, index: scatter_add(Supplied.no_memory(input_shape, g.dtype), dim, index, g)
)


@op("scatter_add", out="same rest apart")
@doc()
def scatter_add(input_: Tensor, dim: int, index: Tensor, src: Tensor, *, out=None) -> Tensor:
    """A copy to which the source's elements are added, each at the place along `dim` that `index` gives.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32; nowhere larger than the source, nor than the input but along `dim`.
    src : Tensor
        Of the input's dtype.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.scatter_add(lucid.zeros(3), 0, lucid.tensor([0, 0, 2]), lucid.tensor([1.0, 2.0, 3.0]))
    Tensor([3.0, 0.0, 3.0])
    """
    at = index_argument("scatter", index)
    same_dtype("scatter", input_, tensor_argument("scatter", src, 4, "src"))
    dim = _check_shapes("scatter_add", input_, dim, at, src.array)
    return _written(input_, dim, at, src, "sum")


def _picked(g, dim, index, src_shape):
    """The gradient of a scattered source: what the index picks, and zeros where the source was not read."""
    found = gather(g, dim, index)
    if found.array.shape == src_shape:
        return found
    if index.array.size == 0:
        return Supplied.zeros(src_shape, g.dtype)
    return place_basic(found, src_shape, tuple(map(slice, found.array.shape)))


scatter_add.vjp(input_=lambda g: g, src=lambda g, dim, index, src_shape: _picked(g, dim, index, src_shape))


@op("Tensor._scatter")
def _scatter(input_: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy in which the source's elements stand at the places along `dim` that `index` gives."""
    at = index_argument("scatter", index)
    dim = _check_shapes("scatter", input_, dim, at, src.array if src.array.ndim or not at.ndim else None)
    return _written(input_, dim, at, src)


def _written(input_: Tensor, dim: int, at, src: Tensor, join: str | None = None) -> Tensor:
    out = copied(input_.array)
    if placed(out, dim, at, src.array, True, join):
        out_of_bounds(at, out.shape[dim] if out.ndim else 1, dim)
    return wrap(out)


_scatter.vjp(
    input_=lambda g, dim, index: _scatter(g, dim, index, Supplied.zeros((), g.dtype)),
    src=lambda g, dim, index, src_shape: _picked(g, dim, index, src_shape) if src_shape else gather(g, dim, index),
)


@op("scatter", composite=True, out="same rest apart")
@doc()
def scatter(
    input_: Tensor, dim: int, index: Tensor, src=None, *, value=None, reduce: str | None = None, out=None
) -> Tensor:
    """A copy in which a source's elements (or one number) stand at the places along `dim` that `index` gives.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32; nowhere larger than the source, nor than the input but along `dim`.
    src : Tensor or number, optional
        Of the input's dtype.
    value : number, optional
        Another name for a source that is a number.
    reduce : {"add", "multiply"}, optional
        Combine with what is there; by default overwrite it.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.scatter(lucid.zeros(3), 0, lucid.tensor([2, 0]), lucid.tensor([1.0, 2.0]))
    Tensor([2.0, 0.0, 1.0])
    """
    src = value if src is None else src
    if src is None:
        raise TypeError("scatter() missing required argument: 'src' or 'value'")
    at = index_argument("scatter", index)
    if not isinstance(src, Tensor):
        held = core.empty((), input_.array.dtype)
        fill_array(held, src)
        src = wrap(held)
        if reduce is not None:
            src = wrap(np.broadcast_to(held, at.shape))
    else:
        same_dtype("scatter", input_, src)
        if not src.array.ndim and at.ndim and at.size:
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if reduce is None:
        return _scatter(input_, dim, index, src)
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    return _scatter_combined(input_, dim, index, src, "sum" if reduce == "add" else "prod")


@op("Tensor._scatter_combined", gradient=RuntimeError)
def _scatter_combined(input_: Tensor, dim, index: Tensor, src: Tensor, reduce) -> Tensor:
    """`scatter_reduce` as `scatter` has it, which PyTorch does not differentiate."""
    return scatter_reduce.op.forward(input_, dim, index, src, reduce, include_self=True)


@op("scatter_reduce", out="same rest apart")
@doc()
def scatter_reduce(
    input_: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True, out=None
) -> Tensor:
    """A copy in which the source's elements are combined, at the places along `dim` that `index` gives.

    Parameters
    ----------
    input_ : Tensor
        Of any shape.
    dim : int
        Along which dimension.
    index : Tensor
        int64 or int32; nowhere larger than the source, nor than the input but along `dim`.
    src : Tensor
        Of the input's dtype.
    reduce : {"sum", "prod", "mean", "amax", "amin"}
        How elements that meet are combined.
    include_self : bool, optional
        Whether the input's own element takes part.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.scatter_reduce(lucid.ones(2), 0, lucid.tensor([0, 0, 1]), lucid.tensor([2.0, 3.0, 4.0]), "prod")
    Tensor([6.0, 4.0])
    """
    if reduce not in JOINS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    at = index_argument("scatter", index)
    same_dtype("scatter", input_, tensor_argument("scatter_reduce", src, 4, "src"))
    dim = _check_shapes("scatter_reduce", input_, dim, at, src.array)
    out = copied(input_.array)
    if not include_self:
        neutral = core.empty((), out.dtype)
        neutral[...] = _neutral(reduce, out.dtype)
        placed(out, dim, at, neutral, True)
    if placed(out, dim, at, src.array, True, reduce):
        out_of_bounds(at, out.shape[dim] if out.ndim else 1, dim)
    if not at.size:
        return wrap(out)
    if reduce == "mean":
        count = core.empty(out.shape, INT64)
        count.fill(int(include_self))
        placed(count, dim, at, np.ones(at.shape, np.int64), True, "sum")
        np.maximum(count, 1, out=count)
        out[...] = np.floor_divide(out, count) if out.dtype.kind in "iu" else out / count
    return wrap(out)


def _neutral(reduce: str, dtype):
    """What a reduction of nothing is."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if dtype.kind in "fV":
        return -np.inf if reduce == "amax" else np.inf
    if dtype.kind == "b":
        return reduce == "amin"
    info = np.iinfo(dtype)
    return info.min if reduce == "amax" else info.max


@scatter_reduce.vjp_joint("input_", "src")
def _scatter_reduce_backward(g, needs, input_, input_dtype, dim, index, src, reduce, include_self, out):
    zeros = Supplied.zeros(input_.array.shape, g.dtype)
    shape = src.array.shape

    def spread(x):
        return _picked(x, dim, index, shape)

    if reduce == "sum":
        of_self, of_src = g, spread(g)
    elif reduce == "mean":
        ones = Supplied.ones(shape, g.dtype)
        count = scatter_add(Supplied.ones(input_.array.shape, g.dtype) if include_self else zeros, dim, index, ones)
        count.array[count.array == 0] = 1
        of_self = div(g, count)
        of_src = spread(of_self)
    elif reduce == "prod":
        self_zero, src_zero = eq(input_, 0), eq(src, 0)
        out = unrounded(out, input_, input_dtype, lambda: scatter_reduce(input_, dim, index, src, "prod", include_self=include_self))
        others = masked_fill(input_, self_zero, 1)
        of_self = div(mul(g, scatter_reduce(others, dim, index, src, "prod", include_self=include_self)), others)
        zeros_there = spread(scatter_add(zeros, dim, index, to_dtype(src_zero, g.dtype)))
        alone = logical_and(src_zero, eq(zeros_there, 1))
        nonzero_src = masked_fill(src, alone, 1)
        without = scatter_reduce(input_, dim, index, nonzero_src, "prod", include_self=include_self)
        of_src = where(alone, spread(mul(g, without)), div(spread(mul(g, out)), masked_fill(src, src_zero, 1)))
    else:
        mine, theirs = eq(input_, out), eq(src, spread(out))
        mine, theirs = (to_dtype(one, g.dtype) for one in (mine, theirs))
        ties = add(scatter_add(zeros, dim, index, theirs), mine)
        each = div(g, ties)
        of_self, of_src = mul(mine, each), mul(theirs, spread(each))
    if not include_self:
        of_self = _scatter(of_self, dim, index, Supplied.zeros((), g.dtype))
    return of_self, of_src
