"""Reductions over dimensions, and what is computed along one dimension.

`_frame.fold` lays the reduced dimensions together as (outer, axis, inner); the kernels of `pyx/reduce.pyx` know only
those three sizes. `spread` is the way back: a gradient of the result, seen in the input's shape, without a copy.
"""

from __future__ import annotations

import builtins
import math
from typing import NamedTuple

import numpy as np

from lucid import dtypes
from lucid._kernels import core, reduce
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import Supplied, op, torch_name
from lucid.dtypes import as_dtype
from lucid.ops import arithmetic, magnitude
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOAT64,
    FLOATING,
    INT64,
    Kernel,
    cast,
    dims_argument,
    fold,
    reduced_shape,
    tensor_argument,
)
from lucid.ops.view import expand, reshape, variadic
from lucid.tensor import Tensor, check_dim

CODES = reduce.codes
BOOL = np.dtype(bool)


def _table(function) -> dict:
    """A kernel's specialisations by NumPy dtype."""
    return {numpy: function[c] for numpy, c in C_NAMES.items() if c in function.__signatures__}


REDUCE, REDUCE_LONG, REDUCE_BOOL, VAR_MEAN, ARGREDUCE, SCAN, SCAN_LONG, SCAN_INDEX = (
    _table(getattr(reduce, name))
    for name in ("reduce", "reduce_long", "reduce_bool", "var_mean", "argreduce", "scan", "scan_long", "scan_index")
)


def _whole(name: str) -> Kernel:
    """The kernel of a full reduction of floating tensors, which takes the short way through `core`."""
    table = [None] * 24
    for dtype in FLOATING:
        table[dtype.num] = REDUCE[dtype]
    return Kernel(name, tuple(table), CODES[name])


SUM, MEAN, AMAX, AMIN = map(_whole, ("sum", "mean", "amax", "amin"))


# ------------------------------------------------------------------------------------------------ the frame


def computed(array: np.ndarray, dtype: dtypes.dtype) -> np.ndarray:
    """The array in the dtype that kernels compute `dtype` in: float32 for half precision."""
    return cast(array, FLOAT32 if dtype.is_floating_point and dtype.itemsize == 2 else dtype.numpy)


def reduced(name: str, array: np.ndarray, dims, keepdim: bool, empty_value, table=REDUCE, result=None, p: float = 2):
    """A reduction of an array over dimensions. `empty_value` is that of no elements; None where there is none."""
    shape = reduced_shape(array.shape, dims, keepdim)
    out = empty(shape, array.dtype if result is None else result)
    if not out.size:
        return out
    if array.size == 0:
        if empty_value is None:
            raise IndexError(
                f"{name}(): Expected reduction dim {next(d for d in dims if array.shape[d] == 0)} to have non-zero size."
            )
        out.fill(empty_value)
        return out
    doubled = array.dtype.kind == "c"
    rows, outer, axis, inner = fold(array, dims)
    target = out
    if doubled:  # sums of complex numbers are sums of their parts
        parts = np.dtype(f"f{array.itemsize // 2}")
        rows, target, inner = rows.reshape(-1).view(parts), out.reshape(-1).view(parts), inner * 2
    function = table[rows.dtype]
    if p != 2:
        function(flat(rows), flat(target), outer, axis, inner, CODES[name], p)
    else:
        function(flat(rows), flat(target), outer, axis, inner, CODES[name])
    return out


def spread(g: Tensor, input_: Tensor, dim, keepdim: bool) -> Tensor:
    """A gradient of a reduction, seen in the input's shape."""
    return expand(kept(g, input_, dim, keepdim), shape_of(input_))


def shape_of(x) -> tuple:
    """The shape of a tensor; a shape, which is all that some rules keep, as it is."""
    return x if type(x) is tuple else x.array.shape


def kept(g: Tensor, input_: Tensor, dim, keepdim: bool) -> Tensor:
    """A result of a reduction with the reduced dimensions as ones."""
    shape = shape_of(input_)
    if keepdim or not shape:
        return g
    dims = dims_argument("sum", dim, len(shape))
    return reshape(g, [1 if i in dims else size for i, size in enumerate(shape)])


def count(input_: Tensor, dim) -> int:
    """How many elements a reduction takes together."""
    shape = shape_of(input_)
    return math.prod(shape[i] for i in dims_argument("sum", dim, len(shape)))


# ------------------------------------------------------------------------------------------------ sums


@op("sum")
def sum(input_: Tensor, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    r"""Sum over all elements, or over dimensions.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions to sum over; all by default.
    keepdim : bool, optional
        Keep the summed dimensions, of size 1.
    dtype : dtype, optional
        Convert the input first. Integers and bools are summed as int64 by default.

    Returns
    -------
    Tensor
        The gradient with respect to every element of the input is that of its sum.

    Examples
    --------
    >>> print(lucid.sum(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0))
    [4.0, 6.0]
    """
    if dtype is None and isinstance(input_, Tensor):
        found = core.reduce(SUM, input_, dim, keepdim)
        if found is not None:
            return found
    return _sum("sum", input_, dim, keepdim, dtype)


def _sum(name: str, input_, dim, keepdim, dtype) -> Tensor:
    tensor_argument(name, input_)
    dims = dims_argument(name, dim, input_.array.ndim)
    own = input_.dtype
    target = as_dtype(dtype) if dtype is not None else (dtypes.int64 if own.kind < 2 else own)
    array = computed(input_.array, target)
    if target.kind < 2:
        result = cast(reduced("sum", cast(array, INT64), dims, keepdim, 0, REDUCE_LONG, INT64), target.numpy)
    else:
        result = cast(reduced(name, array, dims, keepdim, 0), target.numpy)
    return wrap(result)


sum.vjp(input_=lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim))


@op("nansum")
def nansum(input_: Tensor, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    r"""Sum over dimensions, NaN counting as zero. Parameters as for `sum`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        With `dim` without it, or of size 1 with `keepdim`.

    Notes
    -----
    .. math:: out = \sum_{x_i = x_i} x_i

    Gradient, from that of the result :math:`g`:

    .. math:: g \text{ where } x \text{ is not NaN}

    Examples
    --------
    >>> lucid.nansum(lucid.tensor([1.0, float("nan")]))
    Tensor(1.0)
    """
    if input_.dtype.is_complex:
        raise RuntimeError("nansum on CPU does not support complex inputs")
    return _sum("nansum" if input_.dtype.is_floating_point else "sum", input_, dim, keepdim, dtype)


nansum.vjp(input_=lambda g, input_, dim, keepdim: spread(g, input_, dim, keepdim) * (input_ == input_))


def sum_to(gradient: Tensor, shape: tuple) -> Tensor:
    """A gradient summed over the dimensions along which its input was broadcast."""
    own = gradient.array.shape
    lead = len(own) - len(shape)
    dims = (*range(lead), *(i for i, size in enumerate(shape, lead) if size == 1 and own[i] != 1))
    return reshape(sum(gradient, dims, True), shape)


@op("Tensor.sum_to_size", composite=True)
@doc("out_j = \\sum_{i \\to j} x_i", size="tuple of int: A shape that broadcasts to the tensor's.", returns="Of shape `size`.",
     raises="RuntimeError: `size` does not broadcast to the tensor's shape")  # fmt: skip
def sum_to_size(input_: Tensor, size) -> Tensor:
    """Sum over the dimensions along which a tensor of a given shape would be broadcast.

    >>> lucid.ones(2, 3).sum_to_size(1, 3)
    Tensor([[2.0, 2.0, 2.0]])
    """
    size, own = tuple(size), input_.array.shape
    if len(size) > len(own) or builtins.any(a not in (1, b) for a, b in zip(size[::-1], own[::-1])):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(own)}}}.")
    if not size:
        return sum(input_)
    return input_ if size == own else sum_to(input_, size)


core.set_graph_ops(sum_to, Supplied.cast, arithmetic.add)


@op("mean")
def mean(input_: Tensor, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Mean over all elements, or over dimensions; NaN where there are none.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, of a floating or complex dtype.
    dim : int or tuple of int, optional
        The dimensions to average over; all by default.
    keepdim : bool, optional
        Keep them, of size 1.
    dtype : dtype, optional
        Convert the input first.

    Returns
    -------
    Tensor
        The gradient with respect to every element is that of its mean, divided by the count.

    Raises
    ------
    RuntimeError
        If the dtype is an integer one or bool.

    Examples
    --------
    >>> lucid.mean(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(2.0)
    """
    if dtype is None and isinstance(input_, Tensor):
        found = core.reduce(MEAN, input_, dim, keepdim)
        if found is not None:
            return found
    tensor_argument("mean", input_)
    target = input_.dtype if dtype is None else as_dtype(dtype)
    if target.kind < 2:
        what = "Input" if dtype is None else "Optional"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {what} dtype must be either a floating point or complex dtype. "
            f"Got: {torch_name(target)}"
        )
    dims = dims_argument("mean", dim, input_.array.ndim)
    of_none = complex(math.nan, math.nan) if target.is_complex else math.nan
    return wrap(cast(reduced("mean", computed(input_.array, target), dims, keepdim, of_none), target.numpy))


mean.vjp(
    input_=lambda g, input_shape, dim, keepdim: spread(
        g / count(input_shape, dim) if count(input_shape, dim) else g, input_shape, dim, keepdim
    )
)


@op("nanmean", composite=True)
@like(nansum)
def nanmean(input_: Tensor, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    r"""Mean over dimensions of what is not NaN. Parameters as for `mean`.

    Notes
    -----
    .. math:: \frac{\sum_{x_i = x_i} x_i}{\#\{x_i = x_i\}}

    Gradient, from that of the result :math:`g`:

    .. math:: g / n \text{ where } x \text{ is not NaN, } n \text{ of them}

    Examples
    --------
    >>> lucid.nanmean(lucid.tensor([1.0, 3.0, float("nan")]))
    Tensor(2.0)
    """
    if tensor_argument("nanmean", input_).dtype.kind < 2:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got " + torch_name(input_.dtype)
        )
    known = input_ == input_
    return nansum(input_, dim, keepdim, dtype=dtype) / sum(known, dim, keepdim)


@op("prod")
def prod(input_: Tensor, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Product of all elements, or along a dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype; integers and bools are multiplied as int64 by default.
    dim : int, optional
        The dimension; all elements by default.
    keepdim : bool, optional
        Keep it, of size 1.
    dtype : dtype, optional
        Convert the input first.

    Returns
    -------
    Tensor
        The gradient with respect to an element is the product of the others, also where some are zero.

    Examples
    --------
    >>> lucid.prod(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(6.0)
    """
    tensor_argument("prod", input_)
    dims = dims_argument("prod", dim, input_.array.ndim)
    own = input_.dtype
    target = as_dtype(dtype) if dtype is not None else (dtypes.int64 if own.kind < 2 else own)
    array = computed(input_.array, target)
    if target.is_complex:
        with np.errstate(all="ignore"):
            whole = np.prod(array, axis=dims or None, keepdims=keepdim, dtype=np.complex128)
            return wrap(np.asarray(whole, target.numpy))
    if target.kind < 2:
        return wrap(cast(reduced("prod", cast(array, INT64), dims, keepdim, 1, REDUCE_LONG, INT64), target.numpy))
    # In double: a partial product must not overflow, nor vanish, where the whole does not.
    return wrap(cast(reduced("prod", cast(array, FLOAT64), dims, keepdim, 1), target.numpy))


def _prod_backward(g, input_, dim, keepdim, out):
    if input_.array.size == 0:
        return spread(g, input_, dim, keepdim)
    zeros = int((input_.array == 0).sum())
    if not zeros and input_.array.ndim:
        share = kept(out, input_, dim, keepdim) / input_ if dim is not None else out / input_
        return kept(g, input_, dim, keepdim) * (share.conj() if input_.dtype.is_complex else share)
    if dim is None:
        if zeros > 1 and not core.is_grad_enabled():
            return Supplied.zeros(input_.array.shape, input_.dtype)
        flat_ = reshape(input_, (-1,))
        return (
            reshape(_others(flat_, 0) * reshape(g, (1,)).conj(), input_.array.shape).conj()
            if (input_.dtype.is_complex)
            else reshape(_others(flat_, 0) * reshape(g, (1,)), input_.array.shape)
        )
    if not input_.array.ndim:
        return g
    others = _others(input_, check_dim("prod", dim, input_.array.ndim))
    g = kept(g, input_, dim, keepdim)
    return g * (others.conj() if input_.dtype.is_complex else others)


def _others(x: Tensor, dim: int) -> Tensor:
    """For each element along a dimension, the product of all the others."""
    from lucid.ops.joining import cat
    from lucid.ops.shape import flip

    size = x.array.shape[dim]
    one = Supplied.ones((*x.array.shape[:dim], 1, *x.array.shape[dim + 1 :]), x.dtype)
    before = cumprod(cat([one, x.narrow(dim, 0, size - 1)], dim), dim)
    after = flip(cumprod(cat([one, flip(x, (dim,)).narrow(dim, 0, size - 1)], dim), dim), (dim,))
    return before * after


prod.vjp(input_=_prod_backward)


# ------------------------------------------------------------------------------------------------ moments


def _correction(dim, unbiased, correction):
    """`dim` and correction of a call: `unbiased` may stand in the place of `dim`."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return dim, correction


def _moments(name: str, input_, dim, correction, keepdim: bool, root: bool):
    tensor_argument(name, input_)
    dtype = input_.dtype
    if dtype.kind < 2:
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    dims = dims_argument(name, dim, input_.array.ndim)
    if dtype.is_complex:
        return _complex_moments(input_, dims, correction, keepdim, root)
    array = computed(input_.array, dtype)
    shape = reduced_shape(array.shape, dims, keepdim)
    var_, mean_ = empty(shape, array.dtype), empty(shape, array.dtype)
    if var_.size:
        if array.size == 0:
            var_.fill(math.nan)
            mean_.fill(math.nan)
        else:
            rows, outer, axis, inner = fold(array, dims)
            VAR_MEAN[array.dtype](flat(rows), flat(var_), flat(mean_), outer, axis, inner, correction, root)
    return wrap(cast(var_, dtype.numpy)), wrap(cast(mean_, dtype.numpy))


def _complex_moments(input_, dims, correction, keepdim, root):
    array = input_.array
    with np.errstate(all="ignore"):
        n = math.prod(array.shape[i] for i in dims)
        mean_ = array.mean(axis=dims, keepdims=True)
        deviation = array - mean_
        total = (deviation.real**2 + deviation.imag**2).sum(axis=dims, keepdims=keepdim)
        var_ = np.asarray(total / builtins.max(n - correction, 0), array.real.dtype)
    return wrap(np.asarray(np.sqrt(var_)) if root else var_), wrap(np.asarray(mean_ if keepdim else mean_.squeeze(dims)))


def _var_backward(g, input_, dim, correction, keepdim):
    n = count(input_, dim) - correction
    if n <= 0 and (dim is None or not input_.array.ndim):  # as PyTorch: a constant
        middle = (input_ == mean(input_)).detach()
        return g * (Supplied.zeros(input_.array.shape, g.dtype) + math.inf).masked_fill(middle, math.nan)
    deviation = input_ - mean(input_, dim, True)
    return kept(g, input_, dim, keepdim) * (2 / n if n else math.inf) * deviation


def _std_backward(g, input_, dim, correction, keepdim, std_):
    g = (g / (std_ * 2)).masked_fill(std_ == 0, 0)
    return _var_backward(g, input_, dim, correction, keepdim)


@op("var")
def var(input_: Tensor, dim=None, unbiased=None, keepdim: bool = False, *, correction=None, out=None) -> Tensor:
    """Variance over all elements, or over dimensions: the sum of squared deviations divided by max(0, n - correction).

    Parameters
    ----------
    input_ : Tensor
        Of any shape, of a floating or complex dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    unbiased : bool, optional
        False for a correction of 0.
    keepdim : bool, optional
        Keep the dimensions, of size 1.
    correction : number, optional
        What is taken from the count (default 1).

    Returns
    -------
    Tensor
        The gradient is ``2 (x - mean) / (n - correction)``.

    Examples
    --------
    >>> lucid.var(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(1.0)
    """
    dim, correction = _correction(dim, unbiased, correction)
    return _moments("var", input_, dim, correction, keepdim, False)[0]


@op("std")
def std(input_: Tensor, dim=None, unbiased=None, keepdim: bool = False, *, correction=None, out=None) -> Tensor:
    r"""Standard deviation: the root of `var`, whose parameters it has. At 0 the gradient is 0.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    unbiased : bool, optional
        False for a correction of 0.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    correction : number, optional
        What is taken from the count (1 by default).
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        With `dim` without it, or of size 1 with `keepdim`.

    Notes
    -----
    .. math:: \sqrt{\operatorname{var}(x)}

    Gradient, from that of the result :math:`g`:

    .. math:: g\, (x - mean) / ((n - correction)\, std), \text{ 0 where } std = 0

    Examples
    --------
    >>> lucid.std(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(1.0)
    """
    dim, correction = _correction(dim, unbiased, correction)
    return _moments("std", input_, dim, correction, keepdim, True)[0]


@op("var_mean")
def var_mean(input_: Tensor, dim=None, unbiased=None, keepdim: bool = False, *, correction=None, out=None):
    r"""Variance and mean, as a tuple. Parameters as for `var`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    unbiased : bool, optional
        False for a correction of 0.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    correction : number, optional
        What is taken from the count (1 by default).
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    tuple of Tensor
        With `dim` without it, or of size 1 with `keepdim`.

    Notes
    -----
    Gradient, from that of the result :math:`g`:

    .. math:: g_{var}\, 2 (x - mean) / (n - correction) + g_{mean} / n

    Examples
    --------
    >>> lucid.var_mean(lucid.tensor([1.0, 2.0, 3.0]))
    (Tensor(1.0), Tensor(2.0))
    """
    dim, correction = _correction(dim, unbiased, correction)
    return _moments("var_mean", input_, dim, correction, keepdim, False)


@op("std_mean")
@like(var_mean)
def std_mean(input_: Tensor, dim=None, unbiased=None, keepdim: bool = False, *, correction=None, out=None):
    r"""Standard deviation and mean, as a tuple. Parameters as for `var`.

    Notes
    -----
    Gradient, from that of the result :math:`g`:

    .. math:: g_{std}\, (x - mean) / ((n - correction)\, std) + g_{mean} / n

    Examples
    --------
    >>> lucid.std_mean(lucid.tensor([1.0, 2.0, 3.0]))
    (Tensor(1.0), Tensor(2.0))
    """
    dim, correction = _correction(dim, unbiased, correction)
    return _moments("std_mean", input_, dim, correction, keepdim, True)


def _moment_rule(root: bool, with_mean: bool):
    def rule(g, input_, dim, unbiased, correction, keepdim, out):
        dim, correction = _correction(dim, unbiased, correction)
        g_moment, g_mean = g if with_mean else (g, None)
        total = None
        if g_moment is not None:
            if root:
                total = _std_backward(g_moment, input_, dim, correction, keepdim, out[0] if with_mean else out)
            else:
                total = _var_backward(g_moment, input_, dim, correction, keepdim)
        if g_mean is not None:
            part = spread(g_mean, input_, dim, keepdim) / count(input_, dim)
            total = part if total is None else total + part
        return total

    return rule


var.vjp(input_=_moment_rule(False, False))
std.vjp(input_=_moment_rule(True, False))
var_mean.vjp(input_=_moment_rule(False, True))
std_mean.vjp(input_=_moment_rule(True, True))


# ------------------------------------------------------------------------------------------------ extremes


class MaxResult(NamedTuple):
    """Extremes along a dimension, and where they stand."""

    values: Tensor
    indices: Tensor


def _extreme(name: str, input_, dim, keepdim: bool, whole=None) -> Tensor:
    tensor_argument(name, input_)
    dtype = input_.dtype
    if dtype.is_complex:
        raise RuntimeError(f"\"{name}_values_cpu\" not implemented for '{torch_name(dtype)}'")
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
    return wrap(cast(reduced(name, array, dims, keepdim, None, result=array.dtype), dtype.numpy))


def _share(g, input_, dim, keepdim, out):
    """The gradient of an extreme, in equal parts to all elements that reach it."""
    hit = (input_ == kept(out, input_, dim, keepdim)).to(input_.dtype)
    return hit * (kept(g, input_, dim, keepdim) / sum(hit, dim, True) if input_.array.ndim else g)


@op("amax", out="same")
def amax(input_: Tensor, dim=(), keepdim: bool = False, *, out=None) -> Tensor:
    """The greatest element, over all or over dimensions; NaN wins.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and real dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep them, of size 1.

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
def amin(input_: Tensor, dim=(), keepdim: bool = False, *, out=None) -> Tensor:
    r"""The least element, over all or over dimensions; NaN wins. Parameters and gradient as for `amax`.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.

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
def aminmax(input_: Tensor, *, dim=None, keepdim: bool = False, out=None):
    r"""The least and the greatest element, as a named tuple (min, max).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    tuple of Tensor
        With `dim` without it, or of size 1 with `keepdim`.

    Notes
    -----
    .. math:: out = (\min_i x_i, \max_i x_i)

    Examples
    --------
    >>> lucid.aminmax(lucid.tensor([1.0, 2.0, 3.0]))
    AminmaxResult(min=Tensor(1.0), max=Tensor(3.0))
    """
    return AminmaxResult(
        amin(input_, () if dim is None else dim, keepdim), amax(input_, () if dim is None else dim, keepdim)
    )


class AminmaxResult(NamedTuple):
    """The least and the greatest element."""

    min: Tensor
    max: Tensor


def _arg(name: str, input_: Tensor, dim, keepdim: bool):
    """Extreme and position along one dimension, or over all elements."""
    dtype = tensor_argument(name, input_).dtype
    if dtype.is_complex:
        raise RuntimeError(f"\"{name}_cpu\" not implemented for '{torch_name(dtype)}'")
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
    if index.size:
        rows, outer, axis, inner = fold(array, dims)
        ARGREDUCE[array.dtype](flat(rows), flat(values), flat(index), outer, axis, inner, CODES[name])
    return wrap(cast(values, dtype.numpy)), wrap(index)


def _position(name: str, input_: Tensor, dim, keepdim: bool) -> Tensor:
    if tensor_argument(name, input_).dtype is dtypes.bool_:
        raise RuntimeError(f"{name}(): does not support bool input")
    return _arg(name, input_, dim, keepdim)[1]


@op("argmax", gradient=False, out="same")
def argmax(input_: Tensor, dim=None, keepdim: bool = False, *, out=None) -> Tensor:
    """Where the greatest element stands, along a dimension or in the flattened tensor; the first of equals, or of NaNs.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep the reduced dimension, of size 1.
    out : Tensor, optional
        Where the result is written.

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
@like(amin)
def argmin(input_: Tensor, dim=None, keepdim: bool = False, *, out=None) -> Tensor:
    """Where the least element stands, along a dimension or in the flattened tensor; the first of equals, or of NaNs.

    Examples
    --------
    >>> lucid.argmin(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(0)
    """
    return _position("argmin", input_, dim, keepdim)


@op("_extreme_along")
def _extreme_along(input_: Tensor, dim: int, keepdim: bool, name: str):
    return MaxResult(*_arg(name, input_, dim, keepdim))


def _scatter_back(g, input_, dim, keepdim, out):
    from lucid.ops.scatter import scatter_add

    if not input_.array.ndim:
        return g[0]
    index, own = kept(out[1], input_, dim, keepdim), kept(g[0], input_, dim, keepdim)
    return scatter_add(Supplied.zeros(input_.array.shape, input_.dtype), dim, index, own)


_extreme_along.vjp(input_=_scatter_back)


@op("_extreme_of_all")
def _extreme_of_all(input_: Tensor, name: str) -> Tensor:
    return _extreme(name, input_, (), False, AMAX if name == "amax" else AMIN)


def _share_of_all(g, input_, out):
    """As `_share`; where the extreme is NaN, the NaN share it."""
    hit = ((input_ != input_) if out.array != out.array else (input_ == out)).to(input_.dtype)
    return hit * (g / sum(hit))


_extreme_of_all.vjp(input_=_share_of_all)


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


@op("max", composite=True)
@like(amin)
def max(input_: Tensor, dim=None, keepdim: bool = False, *, other: Tensor | None = None, out=None):
    """The greatest element of all; with `dim`, a named tuple of the greatest along it and their positions.

    With a second tensor, as `other` or instead of `dim`: the elementwise `maximum`.

    Examples
    --------
    >>> lucid.max(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(3.0)
    """
    return _max_or_min("max", "amax", "argmax", "maximum", input_, dim if other is None else other, keepdim)


@op("min", composite=True)
@like(amin)
def min(input_: Tensor, dim=None, keepdim: bool = False, *, other: Tensor | None = None, out=None):
    """The least element of all; with `dim`, a named tuple of the least along it and their positions.

    With a second tensor, as `other` or instead of `dim`: the elementwise `minimum`.

    Examples
    --------
    >>> lucid.min(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(1.0)
    """
    return _max_or_min("min", "amin", "argmin", "minimum", input_, dim if other is None else other, keepdim)


# ------------------------------------------------------------------------------------------------ logic, counting


def _parts(array: np.ndarray) -> np.ndarray:
    """Complex and half numbers as something whose truth is the same."""
    if array.dtype.kind == "c" or array.dtype not in C_NAMES:
        return np.asarray(array != 0)
    return array


def _truth(name: str, input_, dim, keepdim: bool, of_none: bool) -> Tensor:
    tensor_argument(name, input_)
    dims = dims_argument(name, dim, input_.array.ndim, all_when_empty=False)
    result = np.dtype("uint8") if input_.dtype is dtypes.uint8 else BOOL
    out = reduced(name, _parts(input_.array), dims, keepdim, of_none, REDUCE_BOOL, BOOL)
    return wrap(cast(out, result))


@op("any", gradient=False)
@like(amin)
def any(input_: Tensor, dim=None, keepdim: bool = False, *, out=None) -> Tensor:
    """Whether an element is not zero, over all or over dimensions. Bool; uint8 for uint8.

    Examples
    --------
    >>> lucid.any(lucid.tensor([False, True]))
    Tensor(True)
    """
    return _truth("any", input_, dim, keepdim, False)


@op("all", gradient=False)
@like(amin)
def all(input_: Tensor, dim=None, keepdim: bool = False, *, out=None) -> Tensor:
    """Whether no element is zero, over all or over dimensions. Bool; uint8 for uint8.

    Examples
    --------
    >>> lucid.all(lucid.tensor([False, True]))
    Tensor(False)
    """
    return _truth("all", input_, dim, keepdim, True)


@op("count_nonzero", gradient=False)
def count_nonzero(input_: Tensor, dim=None) -> Tensor:
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
    dims = dims_argument("count_nonzero", dim, input_.array.ndim)
    return wrap(reduced("count_nonzero", _parts(input_.array), dims, False, 0, REDUCE_LONG, INT64))


# ------------------------------------------------------------------------------------------------ exponentials


@op("logsumexp", aliases=("special.logsumexp",))
def logsumexp(input_: Tensor, dim, keepdim: bool = False, *, out=None) -> Tensor:
    """Logarithm of the sum of exponentials over dimensions, without overflow.

    Parameters
    ----------
    input_ : Tensor
        Of any shape; integers are computed in the default floating dtype.
    dim : int or tuple of int
        The dimensions.
    keepdim : bool, optional
        Keep them, of size 1.

    Returns
    -------
    Tensor
        The gradient is ``exp(x - out)``, the softmax.

    Examples
    --------
    >>> lucid.logsumexp(lucid.tensor([0.0, 0.0]), 0)
    Tensor(0.6931472)
    """
    tensor_argument("logsumexp", input_)
    if input_.dtype.is_complex:
        return _complex_logsumexp(input_, dim, keepdim)
    dtype = dtypes.to_floating(input_.dtype)
    dims = dims_argument("logsumexp", dim, input_.array.ndim)
    return wrap(cast(reduced("logsumexp", computed(input_.array, dtype), dims, keepdim, -math.inf), dtype.numpy))


def _complex_logsumexp(input_, dim, keepdim):
    dims = dims_argument("logsumexp", dim, input_.array.ndim)
    array = input_.array
    with np.errstate(all="ignore"):
        top = np.asarray(np.max(array.real, axis=dims, keepdims=True, initial=-math.inf))
        top[~np.isfinite(top)] = 0
        total = np.log(np.exp(array - top).sum(axis=dims, keepdims=True)) + top
    return wrap(np.asarray(total.reshape(reduced_shape(array.shape, dims, keepdim)), array.dtype))


def _logsumexp_backward(g, input_, dim, keepdim, out):
    weight = (input_ - kept(out, input_, dim, keepdim)).exp()
    return kept(g, input_, dim, keepdim) * (weight.conj() if input_.dtype.is_complex else weight)


logsumexp.vjp(input_=_logsumexp_backward)


# ------------------------------------------------------------------------------------------------ along a dimension


def _scanned(name: str, input_: Tensor, dim: int, dtype) -> Tensor:
    tensor_argument(name, input_)
    at = check_dim(name, dim, input_.array.ndim)
    target = as_dtype(dtype) if dtype is not None else (dtypes.int64 if input_.dtype.kind < 2 else input_.dtype)
    array = computed(input_.array, target)
    if target is dtypes.bool and array.size and array.ndim:
        raise NotImplementedError(f"\"{name}\" not implemented for 'Bool'")
    if target.kind < 2:
        array = cast(array, INT64)
    out = empty(array.shape, array.dtype)
    if not array.size:
        return wrap(cast(out, target.numpy))
    if not array.ndim:
        out[...] = array
        return wrap(cast(out, target.numpy))
    rows, outer, axis, inner = fold(array, (at,))
    if target.is_complex:
        if name != "cumsum":
            with np.errstate(all="ignore"):
                accumulate = _complex_logcumsumexp if name == "logcumsumexp" else getattr(np, name)
                return wrap(accumulate(array, axis=at))
        parts = np.dtype(f"f{array.itemsize // 2}")
        SCAN[parts](
            flat(rows.reshape(-1).view(parts)), flat(out.reshape(-1).view(parts)), outer, axis, inner * 2, CODES[name]
        )
        return wrap(out)
    (SCAN_LONG if target.kind < 2 else SCAN)[array.dtype](flat(rows), flat(out), outer, axis, inner, CODES[name])
    return wrap(cast(out, target.numpy))


def _complex_logcumsumexp(array: np.ndarray, axis: int) -> np.ndarray:
    out = np.empty_like(array)
    source, target = np.moveaxis(array, axis, 0), np.moveaxis(out, axis, 0)
    target[0] = source[0]
    for i in range(1, len(source)):
        top = np.maximum(target[i - 1].real, source[i].real)
        top = np.where(np.isfinite(top), top, 0)
        target[i] = np.log(np.exp(target[i - 1] - top) + np.exp(source[i] - top)) + top
    return out


@op("cumsum", out="same")
def cumsum(input_: Tensor, dim: int, *, dtype=None, out=None) -> Tensor:
    r"""Running sum along a dimension; integers as int64 by default. The gradient is the running sum from the end.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the shape of the input.

    Notes
    -----
    .. math:: out_i = \sum_{j \le i} x_j

    Gradient, from that of the result :math:`g`:

    .. math:: \sum_{j \ge i} g_j

    Examples
    --------
    >>> lucid.cumsum(lucid.tensor([1.0, 2.0, 3.0]), 0)
    Tensor([1.0, 3.0, 6.0])
    """
    return _scanned("cumsum", input_, dim, dtype)


def reverse_cumsum(g: Tensor, dim: int) -> Tensor:
    """Running sum from the end."""
    from lucid.ops.shape import flip

    return flip(cumsum(flip(g, (dim,)), dim), (dim,)) if g.array.ndim else g


cumsum.vjp(input_=lambda g, dim: reverse_cumsum(g, dim))


@op("cumprod", out="same")
@like(cumsum)
def cumprod(input_: Tensor, dim: int, *, dtype=None, out=None) -> Tensor:
    r"""Running product along a dimension; integers as int64 by default. The gradient is right where elements are zero.

    Notes
    -----
    .. math:: out_i = \prod_{j \le i} x_j

    Gradient, from that of the result :math:`g`:

    .. math:: \sum_{j \ge i} g_j\, out_j / x_i

    Examples
    --------
    >>> lucid.cumprod(lucid.tensor([1.0, 2.0, 3.0]), 0)
    Tensor([1.0, 2.0, 6.0])
    """
    return _scanned("cumprod", input_, dim, dtype)


def _cumprod_backward(g, input_, dim, out):
    from lucid.ops.joining import cat, stack

    if not input_.array.ndim or not input_.array.size:
        return g
    at = check_dim("cumprod", dim, input_.array.ndim)
    if input_.dtype.is_complex:
        g, input_, out = g, input_.conj(), out.conj()
    if not core.is_grad_enabled():
        return _cumprod_backward_once(g, input_, at, out)
    # The derivative of each later product with respect to element k is that product without it.
    size = input_.array.shape[at]
    one = Supplied.ones((*input_.array.shape[:at], 1, *input_.array.shape[at + 1 :]), input_.dtype)
    parts = []
    for k in range(size):
        before = input_.narrow(at, 0, k).prod(at, True) if k else one
        after = cat([one, cumprod(input_.narrow(at, k + 1, size - k - 1), at)], at) if k < size - 1 else one
        parts.append(before.squeeze(at) * (g.narrow(at, k, size - k) * after).sum(at))
    return stack(parts, at)


def _cumprod_backward_once(g, x, dim, out):
    """The gradient where it is not differentiated again, in a few passes: beyond the first zero all products are zero."""
    from lucid.ops.joining import cat

    zero = x == 0
    if not zero.array.any():
        return reverse_cumsum(g * out, dim) / x
    zeros = cumsum(zero, dim)
    first = zero * (zeros == 1)
    ahead = reverse_cumsum((g * out).masked_fill(zeros > 0, 0), dim) / x
    between = cumprod(x.masked_fill(first | (zeros != 1), 1), dim)
    one = Supplied.ones((*x.array.shape[:dim], 1, *x.array.shape[dim + 1 :]), x.dtype)
    before = cat([one, out.narrow(dim, 0, x.array.shape[dim] - 1)], dim).masked_fill(~first, 0)
    at_zero = sum(between * g.masked_fill(zeros != 1, 0), dim, True) * sum(before, dim, True)
    return ahead.masked_fill(zeros > 0, 0).where(~first, at_zero)


cumprod.vjp(input_=_cumprod_backward)


@op("logcumsumexp", out="same")
def logcumsumexp(input_: Tensor, dim: int, *, out=None) -> Tensor:
    r"""Running logarithm of the sum of exponentials along a dimension.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int
        The dimension; negative numbers count from the last.
    out : Tensor, optional
        Where the result is written.

    Returns
    -------
    Tensor
        Of the shape of the input.

    Notes
    -----
    .. math:: out_i = \log \sum_{j \le i} e^{x_j}

    Gradient, from that of the result :math:`g`:

    .. math:: \sum_{j \ge i} g_j\, e^{x_i - out_j}

    Examples
    --------
    >>> lucid.logcumsumexp(lucid.tensor([0.0, 0.0]), 0)
    Tensor([0.0, 0.6931472])
    """
    check_dim("logcumsumexp", dim, tensor_argument("logcumsumexp", input_).array.ndim)
    if input_.dtype.kind < 2:
        raise NotImplementedError(f"\"logcumsumexp_out_cpu\" not implemented for '{torch_name(input_.dtype)}'")
    return _scanned("logcumsumexp", input_, dim, None)


def _logcumsumexp_backward(g, input_, dim):
    from lucid.ops.shape import flip

    if not input_.array.ndim:
        return g
    if input_.dtype.is_complex:
        out = logcumsumexp(input_, dim)
        return input_.conj().exp() * reverse_cumsum(g * (-out.conj()).exp(), dim)
    # Linear in g, which a second gradient needs. In double, where differences of sums lose nothing that float32 holds,
    # and exponents may be large.
    g, input_ = g.to(dtypes.float64), input_.to(dtypes.float64)
    out = logcumsumexp(input_, dim)
    shift = amax(out.detach(), dim, True)
    if core.is_grad_enabled() or not input_.array.size or (shift.array - out.array).max() < 600:
        return (input_ - shift).exp() * reverse_cumsum(g * (shift - out).exp(), dim)
    minus = Supplied.zeros((), g.dtype) - math.inf
    positive = g.log().where(g > 0, minus) - out
    negative = (-g).log().where(g < 0, minus) - out

    def back(part):
        return (flip(logcumsumexp(flip(part, (dim,)), dim), (dim,)) + input_).exp()

    return back(positive) - back(negative)


logcumsumexp.vjp(input_=_logcumsumexp_backward)


def _running(name: str, input_: Tensor, dim: int):
    tensor_argument(name, input_)
    at = check_dim(name, dim, input_.array.ndim)
    dtype = input_.dtype
    if dtype.is_complex:
        raise RuntimeError(f"\"{name}_cpu\" not implemented for '{torch_name(dtype)}'")
    array = computed(input_.array, dtype)
    values, index = empty(array.shape, array.dtype), empty(array.shape, INT64)
    if not array.ndim:
        values[...] = array
        index[...] = 0
    elif array.size:
        rows, outer, axis, inner = fold(array, (at,))
        SCAN_INDEX[array.dtype](flat(rows), flat(values), flat(index), outer, axis, inner, CODES[name])
    return MaxResult(wrap(cast(values, dtype.numpy)), wrap(index))


@op("cummax")
@like(logcumsumexp)
def cummax(input_: Tensor, dim: int, *, out=None):
    """Running maximum along a dimension, and where it stands: a named tuple (values, indices).

    Examples
    --------
    >>> lucid.cummax(lucid.tensor([1.0, 3.0, 2.0]), 0).values
    Tensor([1.0, 3.0, 3.0])
    """
    return _running("cummax", input_, dim)


@op("cummin")
@like(logcumsumexp)
def cummin(input_: Tensor, dim: int, *, out=None):
    """Running minimum along a dimension, and where it stands: a named tuple (values, indices).

    Examples
    --------
    >>> lucid.cummin(lucid.tensor([3.0, 1.0, 2.0]), 0).indices
    Tensor([0, 1, 1])
    """
    return _running("cummin", input_, dim)


def _running_backward(g, input_, dim, out):
    return _scatter_back(g, input_, dim, True, out)


cummax.vjp(input_=_running_backward)
cummin.vjp(input_=_running_backward)


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


@op("linalg.vector_norm", out="same")
def vector_norm(x: Tensor, ord=2, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Vector norm over dimensions: the `ord`-th root of the sum of absolute values to that power.

    Parameters
    ----------
    x : Tensor
        Of any shape, of a floating or complex dtype.
    ord : number, optional
        Default 2; 0 counts what is not zero, infinities take the extreme of the absolute values.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    keepdim : bool, optional
        Keep them, of size 1.
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
    source = norm_dtype("linalg.vector_norm", x, dtype)
    target = source.to_real()
    array = x.array if dtype is None else cast(x.array, source.numpy)
    if array.dtype.kind == "c":
        array = magnitude.abs(wrap(array)).array  # as the gradient computes it, which asks which are equal to the norm
    array = computed(array, target)
    dims = dims_argument("linalg.vector_norm", dim, array.ndim)
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


def _norm_backward(g, x, ord, dim, keepdim, out):
    ord = float(ord)
    g, norm_ = kept(g, x, dim, keepdim), kept(out, x, dim, keepdim)
    if ord == 0:
        return x * 0
    if ord == 1:
        return x.sgn() * g
    if ord == 2:
        return g * (x / norm_).masked_fill(norm_ == 0, 0)
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

TENSOR_METHODS = {"sum_to_size": variadic(sum_to_size, "size")}
