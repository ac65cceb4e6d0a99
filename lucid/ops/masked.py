"""Reductions, scans and normalisations of the elements that a mask leaves.

What is masked out becomes the number that does not change the result (0 of a sum, 1 of a product, minus infinity of a
maximum), and the operation of the same name does the rest; gradients of what is masked out are 0.
"""

from __future__ import annotations

import builtins
import math

from lucid import dtypes
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops import arithmetic, exponentials, extremes, magnitude, norms, reduction, scans, sorting
from lucid.ops._doc import doc
from lucid.ops.creation import as_dtype, ones, scalar_tensor
from lucid.ops.softmax import log_softmax as log_softmax_
from lucid.ops.softmax import softmax as softmax_
from lucid.ops.softmax import softmin as softmin_
from lucid.ops.view import broadcast_to
from lucid.tensor import Tensor

WORDS = {
    "dim": "int or tuple of int, optional: What is reduced. Default: all dimensions.",
    "keepdim": "bool, optional: Keep the reduced dimensions with size 1. Default: False.",
    "dtype": "dtype, optional: Of the result. Default: the input's.",
    "mask": "Tensor, optional: Bool, broadcasts to the input: true where elements count. Default: all count.",
}
SMALL = ("bool", "uint8", "int8", "int16", "int32")


def _doc(formula: str, **about):
    """`doc` with the words that these functions share."""
    names = {"returns": "Without the reduced dimensions."} | WORDS | about
    return lambda function: doc(formula, **{
        key: text for key, text in names.items() if key == "returns" or key == "raises" or key in _names(function)
    })(function)  # fmt: skip


def _names(function) -> tuple:
    return function.__code__.co_varnames[: function.__code__.co_argcount + function.__code__.co_kwonlyargcount]


def _dims(dim, ndim: int) -> tuple:
    """The dimensions counted from the front, in order; None and () mean all."""
    if dim is None or isinstance(dim, (tuple, list)) and not dim:
        return tuple(range(ndim))
    size, found = builtins.max(ndim, 1), []
    for one in dim if isinstance(dim, (tuple, list)) else (dim,):
        if isinstance(one, float):
            raise TypeError(f"argument 'dim' must be int, not {one!r}")
        if one in found:
            raise RuntimeError(f"dim={one} appears multiple times in the list of dims")
        if not -size <= one < size:
            raise IndexError(f"Dimension out of range (expected to be in range of [{-size}, {size - 1}], but got {one})")
        found.append(one % size)
    return tuple(sorted(found))


def _lowest(dtype):
    """The number below all others of a dtype that has an order."""
    if dtype.is_floating_point:
        return -math.inf
    if dtype.is_complex or dtype is dtypes.bool_:
        raise (TypeError if dtype.is_complex else NotImplementedError)(f"no number of {torch_name(dtype)} is below all others")
    return dtypes.iinfo(dtype).min


def _highest(dtype):
    """The number above all others."""
    lowest = _lowest(dtype)
    return math.inf if dtype.is_floating_point else -1 - lowest if lowest else dtypes.iinfo(dtype).max


def _mask(mask: Tensor, input_: Tensor) -> Tensor:
    """The mask as bools of the input's shape."""
    if mask.ndim > input_.ndim:
        raise IndexError(f"a mask may not have more dimensions than the input: {mask.ndim}, {input_.ndim}")
    if mask.shape == input_.shape:
        return mask.to(dtypes.bool_)
    if mask.dtype is not dtypes.bool_:
        return broadcast_to(mask, input_.shape).to(dtypes.bool_)
    return broadcast_to(mask.clone(), input_.shape)  # it may be written to before the gradient asks for it


def _filled(input_: Tensor, mask, number) -> Tensor:
    """The input, with `number` (or what it says for the dtype) where the mask is false."""
    if mask is None:
        return input_
    mask = _mask(mask, input_)
    number = number(input_.dtype) if callable(number) else number
    return magnitude.where(mask, input_, scalar_tensor(number, dtype=input_.dtype))


def _wanted(input_: Tensor, dtype):
    """The dtype asked for, or the input's, or int64 where a sum of it would soon overflow."""
    if dtype is not None:
        return as_dtype(dtype)
    return dtypes.int64 if input_.dtype.name in SMALL else input_.dtype


def _own(input_: Tensor, dtype):
    return input_.dtype if dtype is None else as_dtype(dtype)


def _no_bool(dim, mask) -> None:
    """TypeError for a bool where PyTorch counts what a mask leaves."""
    if mask is not None and isinstance(dim, bool) or isinstance(dim, (tuple, list)) and dim and isinstance(dim[0], bool):
        raise TypeError(f"argument 'dim' must be tuple of ints, not {dim!r}")


def _first(dim, ndim: int) -> int:
    return _dims(dim, ndim)[0]


# ------------------------------------------------------------------------------------------------ reductions


@op("masked.sum", composite=True)
@_doc("out = \\sum_{i:\\, mask_i} x_i", dtype="dtype, optional: Of the result. Default: int64 for small integers, else the input's.")  # fmt: skip
def sum(input_: Tensor, dim=None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Sum of the elements that a mask leaves, 0 of none.

    >>> lucid.masked.sum(lucid.tensor([1.0, 2.0, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(5.0)
    """
    wanted = _wanted(input_, dtype)
    return reduction.sum(_filled(input_, mask, 0), _dims(dim, input_.ndim), bool(keepdim), dtype=wanted)


@op("masked.prod", composite=True)
@_doc("out = \\prod_{i:\\, mask_i} x_i", dtype="dtype, optional: Of the result. Default: int64 for small integers, else the input's.")  # fmt: skip
def prod(input_: Tensor, dim=None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Product of the elements that a mask leaves, 1 of none.

    >>> lucid.masked.prod(lucid.tensor([3.0, 2.0, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(12.0)
    """
    result = _filled(input_, mask, 1).to(_wanted(input_, dtype))
    for one in () if dim == [] else reversed(_dims(dim, input_.ndim)):
        result = reduction.prod(result, one, bool(keepdim))
    return result


@op("masked.amax", composite=True)
@_doc("out = \\max_{i:\\, mask_i} x_i", raises="NotImplementedError: bools are masked\nTypeError: complex numbers are")
def amax(input_: Tensor, dim=None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Largest of the elements that a mask leaves; of none, the dtype's smallest number.

    >>> lucid.masked.amax(lucid.tensor([1.0, 9.0, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(4.0)
    """
    wanted = _own(input_, dtype)
    return extremes.amax(_filled(input_, mask, _lowest), _dims(dim, input_.ndim), bool(keepdim)).to(wanted)


@op("masked.amin", composite=True)
@_doc("out = \\min_{i:\\, mask_i} x_i", raises="NotImplementedError: bools are masked\nTypeError: complex numbers are")
def amin(input_: Tensor, dim=None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Smallest of the elements that a mask leaves; of none, the dtype's largest number.

    >>> lucid.masked.amin(lucid.tensor([1.0, 0.5, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(1.0)
    """
    wanted = _own(input_, dtype)
    return extremes.amin(_filled(input_, mask, _highest), _dims(dim, input_.ndim), bool(keepdim)).to(wanted)


_POSITION = {"dim": "int, optional: What is reduced. Default: the whole tensor, as one row.",
             "raises": "NotImplementedError: bools are masked\nTypeError: complex numbers are"}  # fmt: skip


@op("masked.argmax", gradient=False)
@_doc("out = \\arg\\max_{i:\\, mask_i} x_i", **_POSITION)
def argmax(input_: Tensor, dim: int | None = None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Where the largest of the elements is that a mask leaves.

    >>> lucid.masked.argmax(lucid.tensor([1, 9, 4]), mask=lucid.tensor([True, False, True]))
    Tensor(2)
    """
    return extremes.argmax(_filled(input_, mask, _lowest), dim, bool(keepdim)).to(_own(input_, dtype))


@op("masked.argmin", gradient=False)
@_doc("out = \\arg\\min_{i:\\, mask_i} x_i", **_POSITION)
def argmin(input_: Tensor, dim: int | None = None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Where the smallest of the elements is that a mask leaves.

    >>> lucid.masked.argmin(lucid.tensor([2, 0, 4]), mask=lucid.tensor([True, False, True]))
    Tensor(0)
    """
    return extremes.argmin(_filled(input_, mask, _highest), dim, bool(keepdim)).to(_own(input_, dtype))


def _count(input_: Tensor, mask, dims: tuple, keepdim: bool) -> Tensor:
    """How many elements there are to each result."""
    there = ones(input_.shape, dtype=dtypes.int64) if mask is None else _mask(mask, input_)
    return reduction.sum(there, dims, keepdim, dtype=dtypes.int64)


@op("masked.mean", composite=True)
@_doc("out = \\frac{1}{n} \\sum_{i:\\, mask_i} x_i", raises="ValueError: the result's dtype is neither floating nor complex")
def mean(input_: Tensor, dim=None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Mean of the elements that a mask leaves, NaN of none.

    >>> lucid.masked.mean(lucid.tensor([1.0, 9.0, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(2.5)
    """
    wanted = _own(input_, dtype)
    if not (wanted.is_floating_point or wanted.is_complex):
        raise ValueError(f"mean(): the result's dtype must be floating or complex, not {torch_name(wanted)}")
    _no_bool(dim, mask)
    total = sum(input_, dim, keepdim=keepdim, dtype=wanted, mask=mask)
    return arithmetic.div(total, _count(input_, mask, _dims(dim, input_.ndim), bool(keepdim)))


@op("masked.median", composite=True)
@_doc("out = x_{(\\lfloor (n - 1) / 2 \\rfloor)}", dim="int, optional: What is reduced. Default: the last dimension.",
      dtype="dtype, optional: Of the result of integers. Default: the input's.",
      raises="ValueError: a row of integers is masked out whole")  # fmt: skip
def median(input_: Tensor, dim=-1, *, keepdim: bool = False, dtype=None, mask=None) -> Tensor:
    """Median of the elements that a mask leaves, the lower of two; NaN of none.

    >>> lucid.masked.median(lucid.tensor([1.0, 9.0, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(1.0)
    """
    wanted, dim = _own(input_, dtype), _first(dim, input_.ndim)
    x = input_ if input_.is_floating_point() else input_.to(dtypes.float32)
    result = sorting.nanmedian(_filled(x, mask, math.nan), dim, keepdim)[0]
    if x is input_:
        return result
    if (result.array != result.array).any():
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return result.to(wanted)


@op("masked.logsumexp", composite=True)
@_doc("out = \\ln \\sum_{i:\\, mask_i} e^{x_i}")
def logsumexp(input_: Tensor, dim=None, *, keepdim: bool = False, dtype=None, mask=None) -> Tensor:
    """Logarithm of the sum of exponentials of the elements that a mask leaves.

    >>> lucid.masked.logsumexp(lucid.tensor([0.0, 9.0]), mask=lucid.tensor([True, False]))
    Tensor(0.0)
    """
    dims, lowest = _dims(dim, input_.ndim), -math.inf if input_.is_complex() else _lowest
    return reduction.logsumexp(_filled(input_, mask, lowest), dims, keepdim).to(_own(input_, dtype))


@op("masked.logaddexp", composite=True)
@_doc("out = \\ln (e^x + e^y)", returns="Of the broadcast shape.", input_mask="Tensor, optional: Where `input_` counts.",
      other_mask="Tensor, optional: Where `other` counts.", other="Tensor: Broadcasts with `input_`.")  # fmt: skip
def logaddexp(input_: Tensor, other: Tensor, *, dtype=None, input_mask=None, other_mask=None) -> Tensor:
    """Logarithm of the sum of the exponentials of two numbers, or of the one that its mask leaves.

    >>> lucid.masked.logaddexp(lucid.tensor([3.0]), lucid.tensor([1.0]), other_mask=lucid.tensor([False]))
    Tensor([3.0])
    """
    x, y = _filled(input_, input_mask, _lowest), _filled(other, other_mask, _lowest)
    return exponentials.logaddexp(x, y).to(_own(input_, dtype))


@op("masked.norm", composite=True)
@_doc("out = \\Big( \\sum_{i:\\, mask_i} |x_i|^p \\Big)^{1 / p}", ord="float, optional: The power p. Default: 2.")
def norm(input_: Tensor, ord: float = 2.0, dim=None, *, keepdim=False, dtype=None, mask=None) -> Tensor:
    """Norm of the vector of the elements that a mask leaves.

    >>> lucid.masked.norm(lucid.tensor([3.0, 9.0, 4.0]), mask=lucid.tensor([True, False, True]))
    Tensor(5.0)
    """
    number = 0
    if mask is not None and ord == -math.inf:
        if not input_.is_floating_point():
            raise AssertionError(f"input must be floating point, got {torch_name(input_.dtype)}")
        number = math.inf
    x = _filled(input_, mask, number)
    return norms.vector_norm(x, ord, _dims(dim, input_.ndim), bool(keepdim), dtype=_own(input_, dtype))


def _moment(input_: Tensor, dim, unbiased, correction, keepdim: bool, dtype, mask) -> Tensor:
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    if correction is None:
        correction = 1.0 if unbiased is None or unbiased else 0.0
    wanted = _own(input_, dtype)
    inexact = wanted.is_floating_point or wanted.is_complex
    if dtype is None and not inexact:
        wanted, inexact = dtypes.float32, True
    computed = wanted if inexact else dtypes.float32
    _no_bool(dim, mask)
    dims = _dims(dim, input_.ndim)
    count = _count(input_, mask, dims, True)
    x = arithmetic.sub(input_, arithmetic.div(sum(input_, dim, keepdim=True, dtype=wanted, mask=mask), count))
    total = sum(arithmetic.mul(x, x.conj()), dim, keepdim=keepdim, dtype=computed, mask=mask)
    if not keepdim:
        count = count.reshape(total.shape)
    if correction != 0:
        count = magnitude.clamp_min(arithmetic.sub(count.to(computed.to_real()), float(correction)), 0)
    return arithmetic.div(total, count).to(wanted)


_MOMENT = {"unbiased": "bool, optional: Whether to divide by one less than the number of elements. Default: True.",
           "correction": "int, optional: How much less. Default: 1.",
           "dtype": "dtype, optional: Of the result. Default: float32 for integers, else the input's."}  # fmt: skip


@op("masked.var", composite=True, wide=True)
@_doc("out = \\frac{1}{n - c} \\sum_{i:\\, mask_i} |x_i - \\bar x|^2", **_MOMENT)
def var(
    input_: Tensor,
    dim=None,
    unbiased=None,
    *,
    correction: float | str | None = None,
    keepdim=False,
    dtype=None,
    mask=None,
) -> Tensor:
    """Variance of the elements that a mask leaves, NaN of none.

    >>> lucid.masked.var(lucid.tensor([1.0, 9.0, 3.0]), mask=lucid.tensor([True, False, True]))
    Tensor(2.0)
    """
    return _moment(input_, dim, unbiased, correction, bool(keepdim), dtype, mask)


@op("masked.std", composite=True, wide=True)
@_doc("out = \\sqrt{\\frac{1}{n - c} \\sum_{i:\\, mask_i} |x_i - \\bar x|^2}", **_MOMENT)
def std(
    input_: Tensor,
    dim=None,
    unbiased=None,
    *,
    correction: float | str | None = None,
    keepdim=False,
    dtype=None,
    mask=None,
) -> Tensor:
    """Standard deviation of the elements that a mask leaves, NaN of none.

    >>> lucid.masked.std(lucid.tensor([1.0, 9.0, 3.0]), correction=0, mask=lucid.tensor([True, False, True]))
    Tensor(1.0)
    """
    return exponentials.sqrt(_moment(input_, dim, unbiased, correction, bool(keepdim), dtype, mask))


# ------------------------------------------------------------------------------------------------ scans, normalisations

_ALONG = {"returns": "Of the input's shape; of `dtype`, or else the input's.", "dim": "int: The dimension."}


@op("masked.cumsum", composite=True)
@_doc("out_i = \\sum_{j \\le i:\\, mask_j} x_j", **_ALONG)
def cumsum(input_: Tensor, dim, *, dtype=None, mask=None) -> Tensor:
    """Sums of the elements so far that a mask leaves.

    >>> lucid.masked.cumsum(lucid.tensor([1.0, 9.0, 4.0]), 0, mask=lucid.tensor([True, False, True]))
    Tensor([1.0, 1.0, 5.0])
    """
    return scans.cumsum(_filled(input_, mask, 0), _first(dim, input_.ndim), dtype=_own(input_, dtype))


@op("masked.cumprod", composite=True)
@_doc("out_i = \\prod_{j \\le i:\\, mask_j} x_j", **_ALONG)
def cumprod(input_: Tensor, dim, *, dtype=None, mask=None) -> Tensor:
    """Products of the elements so far that a mask leaves.

    >>> lucid.masked.cumprod(lucid.tensor([2.0, 9.0, 4.0]), 0, mask=lucid.tensor([True, False, True]))
    Tensor([2.0, 2.0, 8.0])
    """
    return scans.cumprod(_filled(input_, mask, 1), _first(dim, input_.ndim), dtype=_own(input_, dtype))


@op("masked.softmax", composite=True, wide=True)
@_doc("out_i = e^{x_i} / \\sum_{j:\\, mask_j} e^{x_j}", **_ALONG)
def softmax(input_: Tensor, dim, *, dtype=None, mask=None) -> Tensor:
    """Exponentials, scaled to sum up to 1, of the elements that a mask leaves; 0 elsewhere.

    >>> lucid.masked.softmax(lucid.tensor([1.0, 9.0]), 0, mask=lucid.tensor([True, False]))
    Tensor([1.0, 0.0])
    """
    dim = _first(dim, input_.ndim)
    return softmax_(_filled(input_, mask, _lowest), dim, _own(input_, dtype))


@op("masked.log_softmax", composite=True, wide=True)
@_doc("out_i = x_i - \\ln \\sum_{j:\\, mask_j} e^{x_j}", **_ALONG)
def log_softmax(input_: Tensor, dim, *, dtype=None, mask=None) -> Tensor:
    """Logarithms of `masked.softmax`.

    >>> lucid.masked.log_softmax(lucid.tensor([1.0, 9.0]), 0, mask=lucid.tensor([True, False]))
    Tensor([0.0, -inf])
    """
    dim = _first(dim, input_.ndim)
    return log_softmax_(_filled(input_, mask, _lowest), dim, _own(input_, dtype))


@op("masked.softmin", composite=True, wide=True)
@_doc("out_i = e^{-x_i} / \\sum_{j:\\, mask_j} e^{-x_j}", **_ALONG)
def softmin(input_: Tensor, dim, *, dtype=None, mask=None) -> Tensor:
    """`masked.softmax` of the negated elements.

    >>> lucid.masked.softmin(lucid.tensor([1.0, 9.0]), 0, mask=lucid.tensor([True, False]))
    Tensor([1.0, 0.0])
    """
    dim = _first(dim, input_.ndim)
    return softmin_(_filled(input_, mask, _highest), dim, dtype=_own(input_, dtype))


@op("masked.normalize", composite=True, wide=True)
@_doc("out = x / \\max(\\lVert x \\rVert_p, \\epsilon)", ord="float: The power p.",
      eps="float, optional: The least divisor. Default: 1e-12.", **_ALONG)  # fmt: skip
def normalize(input_: Tensor, ord: float, dim, *, eps: float = 1e-12, dtype=None, mask=None) -> Tensor:
    """Vectors along a dimension divided by the norm of what a mask leaves of them; 0 elsewhere.

    >>> lucid.masked.normalize(lucid.tensor([3.0, 9.0, 4.0]), 1.0, 0, mask=lucid.tensor([True, False, False]))
    Tensor([1.0, 0.0, 0.0])
    """
    length = norm(input_, ord, dim, keepdim=True, dtype=_own(input_, dtype), mask=mask)
    least = scalar_tensor(eps, dtype=length.dtype)
    return arithmetic.div(_filled(input_, mask, 0), magnitude.maximum(length, least))
