"""Reductions over dimensions: sums, products, means, variances; and the frame of all reductions.

`_frame.fold` lays the reduced dimensions together as (outer, axis, inner); the kernels of `pyx/reduce.pyx` know only
those three sizes. `spread` is the way back: a gradient of the result, seen in the input's shape, without a copy.
"""

from __future__ import annotations

import builtins
import math

import numpy as np

from lucid import dtypes
from lucid._kernels import core, reduce
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import as_dtype, torch_name
from lucid.ops import arithmetic
from lucid.ops._doc import doc, like
from lucid.ops._frame import (
    C_NAMES,
    COMPLEX64,
    COMPLEX128,
    FLOAT32,
    FLOATING,
    INT64,
    Kernel,
    cast,
    dims_argument,
    fold,
    is_half,
    reduced_shape,
    shape_argument,
    tensor_argument,
    unrounded,
    with_twins,
)
from lucid.ops.view import expand, reshape, variadic
from lucid.tensor import Tensor, check_dim

CODES = reduce.codes
BOOL = np.dtype(bool)


class Table(dict):
    """A kernel's specialisations by NumPy dtype."""

    def __init__(self, function):
        super().__init__({numpy: function[c] for numpy, c in C_NAMES.items() if c in function.__signatures__})
        self.name = function.__name__

    def __missing__(self, numpy):
        raise NotImplementedError(f"\"{self.name}\" not implemented for '{torch_name(dtypes.from_numpy_dtype(numpy))}'")


REDUCE, REDUCE_LONG, REDUCE_BOOL, VAR_MEAN, ARGREDUCE, SCAN, SCAN_LONG, SCAN_INDEX = (
    Table(getattr(reduce, name))
    for name in ("reduce", "reduce_long", "reduce_bool", "var_mean", "argreduce", "scan", "scan_long", "scan_index")
)


def whole(name: str, result=None, **kernels) -> Kernel:
    """A reduction that takes the short way through `core`: of all elements or along one dimension. `kernels` says which of
    them computes what dtypes."""
    addresses = [None] * 24
    for kernel, kept in kernels.items():
        for dtype in kept:
            addresses[dtype.num] = reduce.calls[kernel][C_NAMES[dtype]]
    return Kernel(name, (), CODES[name], result, {num: one for num, one in enumerate(with_twins(addresses)) if one})


SUM, PROD = (whole(name, reduce=FLOATING, reduce_long=(INT64,)) for name in ("sum", "prod"))
MEAN, NORM_2 = (whole(name, reduce=FLOATING) for name in ("mean", "norm_2"))
AMAX, AMIN = (whole(name, reduce=REDUCE) for name in ("amax", "amin"))
COUNT_NONZERO = whole("count_nonzero", INT64, reduce_long=REDUCE_LONG)
SUM_BOOL = whole("count_nonzero", INT64, reduce_long=(BOOL,))


# ------------------------------------------------------------------------------------------------ the frame


def computed(array: np.ndarray, dtype: dtypes.dtype) -> np.ndarray:
    """The array in the dtype that kernels compute `dtype` in: float32 for half precision, complex64 for complex32."""
    if dtype is dtypes.complex32:
        return cast(array, COMPLEX64)
    return cast(array, FLOAT32 if is_half(dtype) else dtype.numpy)


# Reductions that may be done one dimension after the other: the first, and what is done with its results.
IN_PARTS = {
    "sum": ("sum", "sum"), "nansum": ("nansum", "sum"), "mean": ("sum", "sum"), "amax": ("amax", "amax"),
    "amin": ("amin", "amin"),
}  # fmt: skip


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
    if len(dims) > 1 and name in IN_PARTS and array.flags.c_contiguous:
        last = sorted(dims)
        while last[-1] - last[0] >= len(last):
            del last[0]
        if len(last) < len(dims):  # dimensions apart: the last of them first, rather than a copy in another order
            first, second = IN_PARTS[name]
            before = array.shape
            array = reduced(first, array, tuple(last), True, empty_value, table, result)
            array = reduced(second, array, tuple(d for d in dims if d not in last), True, empty_value, table, result)
            if name == "mean":
                array /= count(before, dims)
            return array.reshape(shape)
    doubled = array.dtype.kind == "c"
    if not array.flags.c_contiguous:  # dense in another order, in which the kept dimensions still follow each other
        order = sorted(range(array.ndim), key=lambda i: -array.strides[i])
        kept_ = [i for i in order if i not in dims]
        if kept_ == sorted(kept_) and array.transpose(order).flags.c_contiguous:
            array, dims = array.transpose(order), tuple(map(order.index, dims))
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


@op("sum", out="dtype")
@doc()
def sum(input_: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
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
        if found is None and input_.array.dtype is BOOL:
            found = core.reduce(SUM_BOOL, input_, dim, keepdim)
        if found is not None:
            return found
    return _sum("sum", input_, dim, keepdim, dtype)


def _sum(name: str, input_, dim, keepdim, dtype) -> Tensor:
    tensor_argument(name, input_)
    dims = dims_argument(name, dim, input_.array.ndim)
    own = input_.dtype
    target = as_dtype(dtype) if dtype is not None else (dtypes.int64 if own.kind < 2 else own)
    if target.kind < 2:
        return wrap(cast(_long("sum", input_, target, dims, keepdim, 0), target.numpy))
    return wrap(cast(reduced(name, computed(input_.array, target), dims, keepdim, 0), target.numpy))


def _long(name: str, input_: Tensor, target, dims, keepdim: bool, of_none: int) -> np.ndarray:
    """A reduction of integers in int64, of an input in `target` first."""
    array = input_.array
    if target is dtypes.int64 and array.dtype == BOOL and name == "sum":
        name = "count_nonzero"
    elif target is not dtypes.int64 or array.dtype.kind not in "iu" or array.dtype not in REDUCE_LONG:
        array = cast(cast(array, target.numpy), INT64)
    return reduced(name, array, dims, keepdim, of_none, REDUCE_LONG, INT64)


sum.vjp(input_=lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim))


@op("nansum", out="dtype")
@doc()
def nansum(input_: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    r"""Sum over dimensions, NaN counting as zero.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    dtype : dtype, optional
        The dtype of the result; what is reduced is converted to it first.

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
        dims_argument("nansum", dim, input_.array.ndim)
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
def sum_to_size(input_: Tensor, size: int | tuple) -> Tensor:
    """Sum over the dimensions along which a tensor of a given shape would be broadcast.

    >>> lucid.ones(2, 3).sum_to_size(1, 3)
    Tensor([[2.0, 2.0, 2.0]])
    """
    size, own = shape_argument("sum_to_size", (size,)), input_.array.shape
    if len(size) > len(own) or builtins.any(a not in (1, b) for a, b in zip(size[::-1], own[::-1])):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(own)}}}.")
    if not size:
        return sum(input_)
    return input_ if size == own else sum_to(input_, size)


core.set_graph_ops(sum_to, Supplied.cast, arithmetic.add)


@op("mean", out="cast dtype")
@doc()
def mean(input_: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Mean over all elements, or over dimensions; NaN where there are none.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, of a floating or complex dtype.
    dim : int or tuple of int, optional
        The dimensions to average over; all by default.
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
    array = computed(input_.array, target)
    if target.is_complex:  # by a complex count, so that what is not finite spreads to both parts
        return arithmetic.div(wrap(reduced("sum", array, dims, keepdim, 0)), wrap(np.array(count(array.shape, dims), array.dtype)))
    return wrap(cast(reduced("mean", array, dims, keepdim, math.nan), target.numpy))


mean.vjp(
    input_=lambda g, input_shape, dim, keepdim: spread(
        g / count(input_shape, dim) if count(input_shape, dim) else g, input_shape, dim, keepdim
    )
)


@op("nanmean", composite=True, out="cast dtype")
@like(nansum)
def nanmean(input_: Tensor, dim: int | tuple | None = None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    r"""Mean over dimensions of what is not NaN.

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


@op("prod", out="dtype")
@doc()
def prod(input_: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
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
    if dtype is None and isinstance(input_, Tensor):
        found = core.reduce(PROD, input_, dim, keepdim)
        if found is not None:
            return found
    tensor_argument("prod", input_)
    dims = dims_argument("prod", dim, input_.array.ndim)
    own = input_.dtype
    target = as_dtype(dtype) if dtype is not None else (dtypes.int64 if own.kind < 2 else own)
    if target.is_complex:
        with np.errstate(all="ignore"):
            whole = np.prod(computed(input_.array, target), axis=dims or None, keepdims=keepdim, dtype=np.complex128)
            return wrap(np.asarray(whole, target.numpy))
    if target.kind < 2:
        return wrap(cast(_long("prod", input_, target, dims, keepdim, 1), target.numpy))
    return wrap(cast(reduced("prod", computed(input_.array, target), dims, keepdim, 1), target.numpy))


def _prod_backward(g, input_, input_dtype, dim, keepdim, out):
    if input_.array.size == 0:
        return spread(g, input_, dim, keepdim)
    if input_.dtype.is_complex and not out.dtype.is_complex:
        input_ = input_.real
    out = unrounded(out, input_, input_dtype, lambda: prod(input_, dim, keepdim))
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
    before = cat([one, x.narrow(dim, 0, size - 1)], dim).cumprod(dim)
    after = flip(cat([one, flip(x, (dim,)).narrow(dim, 0, size - 1)], dim).cumprod(dim), (dim,))
    return before * after


prod.vjp(input_=_prod_backward)


# ------------------------------------------------------------------------------------------------ moments


def _correction(dim, unbiased, correction, keepdim):
    """`dim` and correction of a call: `unbiased` may stand in the place of `dim`."""
    if isinstance(dim, bool):
        if unbiased is not None or correction is not None or keepdim:
            raise TypeError("argument 'dim' (position 2) must be int or tuple, not bool")
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
    if (math.prod(input_.array.shape[i] for i in dims) if input_.array.size else 0) <= correction:
        import warnings

        warnings.warn(f"{name}(): degrees of freedom is <= 0: there are no more elements than the correction", stacklevel=3)
    if not dtype.is_complex:
        found = _real_moments(computed(input_.array, dtype), dims, correction, keepdim, root)
        return tuple(wrap(cast(one, dtype.numpy)) for one in found)
    array = cast(input_.array, COMPLEX128)  # the variance is that of both parts
    mean_ = empty(reduced_shape(array.shape, dims, keepdim), COMPLEX128)
    with np.errstate(all="ignore"):
        var_, mean_.real[...] = _real_moments(array.real, dims, correction, keepdim, False)
        more, mean_.imag[...] = _real_moments(array.imag, dims, correction, keepdim, False)
        var_ = (var_ + more).astype(FLOAT32 if dtype.itemsize < 16 else var_.dtype)  # where it overflows, so does its root, as PyTorch's
        return wrap(cast(np.sqrt(var_) if root else var_, dtype.to_real().numpy)), wrap(cast(mean_, dtype.numpy))


def _real_moments(array: np.ndarray, dims, correction, keepdim: bool, root: bool) -> tuple[np.ndarray, np.ndarray]:
    """The variance of an array of a dtype in which kernels compute, or its square root, and the mean."""
    shape = reduced_shape(array.shape, dims, keepdim)
    var_, mean_ = empty(shape, array.dtype), empty(shape, array.dtype)
    if var_.size:
        if array.size == 0:
            var_.fill(math.nan)
            mean_.fill(math.nan)
        else:
            rows, outer, axis, inner = fold(array, dims)
            VAR_MEAN[array.dtype](flat(rows), flat(var_), flat(mean_), outer, axis, inner, correction, root)
    return var_, mean_


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
@doc()
def var(
    input_: Tensor,
    dim: bool | int | tuple | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction=None,
    out=None,
) -> Tensor:
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
    dim, correction = _correction(dim, unbiased, correction, keepdim)
    return _moments("var", input_, dim, correction, keepdim, False)[0]


@op("std")
@doc()
def std(
    input_: Tensor,
    dim: bool | int | tuple | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction=None,
    out=None,
) -> Tensor:
    r"""Standard deviation: the root of `var`, whose parameters it has. At 0 the gradient is 0.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    unbiased : bool, optional
        False for a correction of 0.
    correction : number, optional
        What is taken from the count (1 by default).

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
    dim, correction = _correction(dim, unbiased, correction, keepdim)
    return _moments("std", input_, dim, correction, keepdim, True)[0]


@op("var_mean")
@doc(out="tuple of Tensor, optional: Where the results are written.")
def var_mean(
    input_: Tensor,
    dim: bool | int | tuple | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction=None,
    out=None,
):
    r"""Variance and mean, as a tuple.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim : int or tuple of int, optional
        The dimensions; all by default.
    unbiased : bool, optional
        False for a correction of 0.
    correction : number, optional
        What is taken from the count (1 by default).

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
    dim, correction = _correction(dim, unbiased, correction, keepdim)
    return _moments("var_mean", input_, dim, correction, keepdim, False)


@op("std_mean")
@like(var_mean)
def std_mean(
    input_: Tensor,
    dim: bool | int | tuple | None = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction=None,
    out=None,
):
    r"""Standard deviation and mean, as a tuple.

    Notes
    -----
    Gradient, from that of the result :math:`g`:

    .. math:: g_{std}\, (x - mean) / ((n - correction)\, std) + g_{mean} / n

    Examples
    --------
    >>> lucid.std_mean(lucid.tensor([1.0, 2.0, 3.0]))
    (Tensor(1.0), Tensor(2.0))
    """
    dim, correction = _correction(dim, unbiased, correction, keepdim)
    return _moments("std_mean", input_, dim, correction, keepdim, True)


def _moment_rule(g_moment, g_mean, input_, dim, unbiased, correction, keepdim, deviation=None):
    """Gradient of moments: of the variance, or of the deviation where that is given; and of the mean, where it has one."""
    dim, correction = _correction(dim, unbiased, correction, keepdim)
    total = None
    if g_moment is not None and deviation is None:
        total = _var_backward(g_moment, input_, dim, correction, keepdim)
    elif g_moment is not None:
        total = _std_backward(g_moment, input_, dim, correction, keepdim, deviation)
    if g_mean is not None:
        part = spread(g_mean, input_, dim, keepdim) / count(input_, dim)
        total = part if total is None else total + part
    return total


def _deviation_rule(g_deviation, g_mean, input_, input_dtype, dim, unbiased, correction, keepdim, out):
    """The same of a deviation that may have been rounded."""
    again = lambda: std(input_, dim, unbiased, keepdim, correction=correction)
    deviation = unrounded(out, input_, input_dtype, again) if g_deviation is not None else None
    return _moment_rule(g_deviation, g_mean, input_, dim, unbiased, correction, keepdim, deviation)


# Variances are not named: they may be written to before the gradient is asked for.
var.vjp(input_=lambda g, input_, dim, unbiased, correction, keepdim: _moment_rule(
    g, None, input_, dim, unbiased, correction, keepdim))  # fmt: skip
std.vjp(input_=lambda g, input_, input_dtype, dim, unbiased, correction, keepdim, out: _deviation_rule(
    g, None, input_, input_dtype, dim, unbiased, correction, keepdim, out))  # fmt: skip
var_mean.vjp(input_=lambda g, input_, dim, unbiased, correction, keepdim: _moment_rule(
    *g, input_, dim, unbiased, correction, keepdim))  # fmt: skip
std_mean.vjp(input_=lambda g, input_, input_dtype, dim, unbiased, correction, keepdim, first: _deviation_rule(
    *g, input_, input_dtype, dim, unbiased, correction, keepdim, first))  # fmt: skip


# ------------------------------------------------------------------------------------------------ exponentials


@op("logsumexp", aliases=("special.logsumexp",), wide=True)
@doc()
def logsumexp(input_: Tensor, dim: int | tuple, keepdim: bool = False, *, out=None) -> Tensor:
    """Logarithm of the sum of exponentials over dimensions, without overflow.

    Parameters
    ----------
    input_ : Tensor
        Of any shape; integers are computed in the default floating dtype.
    dim : int or tuple of int
        The dimensions.

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


def _logsumexp_backward(g, input_, input_dtype, dim, keepdim, out):
    out = unrounded(out, input_, input_dtype, lambda: logsumexp(input_, dim, keepdim))
    weight = (input_ - kept(out, input_, dim, keepdim)).exp()
    return kept(g, input_, dim, keepdim) * (weight.conj() if input_.dtype.is_complex else weight)


logsumexp.vjp(input_=_logsumexp_backward)


TENSOR_METHODS = {"sum_to_size": variadic(sum_to_size, "size")}
