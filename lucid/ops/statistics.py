"""Differences, integrals, covariances, quantiles, histograms: what is made of sums, products and sorting."""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes, return_types
from lucid._kernels import core
from lucid._kernels import index as kernels
from lucid._kernels.core import empty, flat, row, wrap
from lucid.autograd.op import op
from lucid.dtypes import element, torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import (
    C_NAMES,
    FLOAT32,
    FLOAT64,
    FLOATING,
    INT64,
    cast,
    contiguous,
    dims_argument,
    tensor_argument,
)
from lucid.ops._indices import placed
from lucid.ops.arithmetic import add, ceil, div, floor, lerp, mul, sub
from lucid.ops.comparison import eq, isnan, logical_xor, ne
from lucid.ops.conversion import as_tensor
from lucid.ops.creation import full, linspace
from lucid.ops.extremes import aminmax
from lucid.ops.extremes import any as any_
from lucid.ops.joining import cat
from lucid.ops.linalg import matmul
from lucid.ops.magnitude import clamp, where
from lucid.ops.pieces import narrow, select
from lucid.ops.reduction import mean
from lucid.ops.reduction import sum as sum_
from lucid.ops.scans import cumsum
from lucid.ops.scatter import gather
from lucid.ops.sorting import bucketize, sort
from lucid.ops.view import reshape
from lucid.tensor import Tensor, check_dim


@op("diff", composite=True, out="cast step")
@doc("out_i = x_{i+1} - x_i", returns="Shorter by `n` along `dim`.", n="int, optional: How often. Default: 1.",
     dim="int, optional: Default: the last dimension.", prepend="Tensor, optional: Put before the first element.",
     append="Tensor, optional: Put after the last element.",
     raises="RuntimeError: `n` is negative, or the tensor is 0-d\nIndexError: `dim` is out of range")  # fmt: skip
def diff(input_: Tensor, n: int = 1, dim: int = -1, prepend=None, append=None, *, out=None) -> Tensor:
    """Differences of neighbours.

    >>> lucid.diff(lucid.tensor([1, 4, 9]))
    Tensor([3, 5])
    """
    tensor_argument("diff", input_)
    if not input_.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    dim = check_dim("diff", dim, input_.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    parts = [one for one in (prepend, input_, append) if one is not None]
    for one in parts:
        if one.ndim != input_.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
        if any(a != b for i, (a, b) in enumerate(zip(one.shape, input_.shape)) if i != dim):
            raise RuntimeError("diff expects the shape of tensor to prepend or append to match that of input")
    if n == 0:
        return input_.clone()
    x = cat(parts, dim) if len(parts) > 1 else input_
    for _ in range(min(n, x.shape[dim])):
        size = max(x.shape[dim] - 1, 0)
        first, second = narrow(x, dim, 0, size), narrow(x, dim, x.shape[dim] - size, size)
        x = logical_xor(second, first) if x.dtype is dtypes.bool_ else sub(second, first)
    return x


def _panels(name: str, y: Tensor, x, dx, dim: int):
    """The dimension, and how far apart the values lie along it: a number or a tensor."""
    tensor_argument(name, y, 1, "y")
    if not y.ndim:
        raise IndexError(f"{name}(): Dimension specified as {dim} but tensor has no dimensions")
    dim = check_dim(name, dim, y.ndim)
    if x is not None and dx is not None:
        raise TypeError(f"{name}(): takes the points `x` or their distance `dx`, not both")
    if y.dtype is dtypes.bool_:
        raise RuntimeError(f"{name}: received a bool input for y, but bool is not supported")
    if x is None:
        if isinstance(dx, (bool, complex)):
            raise RuntimeError(f"{name}: Currently, we only support dx as a real number, not {dx!r}")
        return dim, 1.0 if dx is None else float(dx)
    if x.dtype is dtypes.bool_:
        raise RuntimeError(f"{name}: received a bool input for x, but bool is not supported")
    along = x.ndim - 1 if x.ndim == 1 and y.ndim > 1 else check_dim(name, dim - y.ndim, x.ndim)
    if x.ndim == 1:
        if x.shape[0] != y.shape[dim]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x, along = x.reshape([-1 if i == dim else 1 for i in range(y.ndim)]), dim
    return dim, narrow(x, along, min(x.shape[along], 1), max(x.shape[along] - 1, 0)) - narrow(x, along, 0, max(x.shape[along] - 1, 0))


def _heights(y: Tensor, dim: int) -> Tensor:
    """The sums of neighbouring values."""
    size = max(y.shape[dim] - 1, 0)
    return add(narrow(y, dim, 0, size), narrow(y, dim, y.shape[dim] - size, size))


@op("trapezoid", composite=True, aliases=("trapz",))
@doc("out = \\sum_i (y_i + y_{i+1}) (x_{i+1} - x_i) / 2", returns="Without dimension `dim`.", y="Tensor: The values.",
     x="Tensor, optional: Where they lie: of the values' shape, or of one dimension.",
     dx="float, optional: The distance between them. Default: 1.", dim="int, optional: Default: the last dimension.",
     raises="RuntimeError: there is not one `x` for each value")  # fmt: skip
def trapezoid(y: Tensor, x=None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The integral of values between which lines are drawn.

    >>> lucid.trapezoid(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(4.0)
    """
    dim, widths = _panels("trapezoid", y, x, dx, dim)
    if isinstance(widths, float) and y.shape[dim]:
        return mul(sub(sum_(y, dim), mul(add(y.select(dim, 0), y.select(dim, -1)), 0.5)), widths)
    return div(sum_(mul(_heights(y, dim), widths), dim), 2)


@op("cumulative_trapezoid", composite=True)
@doc("out_k = \\sum_{i \\le k} (y_i + y_{i+1}) (x_{i+1} - x_i) / 2", returns="Shorter by one along `dim`.",
     y="Tensor: The values.", x="Tensor, optional: Where they lie: of the values' shape, or of one dimension.",
     dx="float, optional: The distance between them. Default: 1.", dim="int, optional: Default: the last dimension.",
     raises="RuntimeError: there is not one `x` for each value")  # fmt: skip
def cumulative_trapezoid(y: Tensor, x=None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The integral of values between which lines are drawn, up to each of them.

    >>> lucid.cumulative_trapezoid(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor([1.5, 4.0])
    """
    dim, widths = _panels("cumulative_trapezoid", y, x, dx, dim)
    return div(cumsum(mul(_heights(y, dim), widths), dim), 2)


@op("cov", composite=True)
@doc("out_{ij} = \\sum_k w_k (x_{ik} - \\bar x_i) (x_{jk} - \\bar x_j) / n", returns="Of shape (n, n), or 0-d for one variable.",
     input_="Tensor: Variables in rows, observations in columns; or one variable.",
     correction="int, optional: What is taken off the number of observations in n. Default: 1.",
     fweights="Tensor, optional: How often each observation counts, integers.",
     aweights="Tensor, optional: How much each observation weighs, floating.",
     raises="RuntimeError: the input has more than two dimensions, or weights do not fit the observations")  # fmt: skip
def cov(input_: Tensor, *, correction: int = 1, fweights=None, aweights=None) -> Tensor:
    """Covariances of variables.

    >>> lucid.cov(lucid.tensor([[0.0, 2.0], [1.0, 3.0]]))
    Tensor([[2.0, 2.0],
            [2.0, 2.0]])
    """
    tensor_argument("cov", input_)
    if input_.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {input_.ndim} dimensions")
    if input_.dtype is dtypes.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input_ if input_.ndim == 2 else input_.reshape(1, -1)
    count = x.shape[1]
    weights = None
    for name, one in (("fweights", fweights), ("aweights", aweights)):
        if one is None:
            continue
        if one.ndim > 1:
            raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {one.ndim}")
        if name == "fweights" and (one.dtype.kind != 1):
            raise RuntimeError(f"cov(): expected fweights to have integral dtype but got fweights with {torch_name(one.dtype)} dtype")
        if name == "aweights" and not one.is_floating_point():
            raise RuntimeError(f"cov(): expected aweights to have floating point dtype but got aweights with {torch_name(one.dtype)} dtype")
        if one.numel() != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{one.numel()} != {count}"
            )
        if count and bool((one < 0).any()):
            raise RuntimeError(f"cov(): {name} cannot be negative")
        weights = one if weights is None else weights * one
    if weights is None:
        average = mean(x if x.dtype.kind >= 2 else x.to(dtypes.get_default_dtype()), 1, True)
        norm = max(count - correction, 0)
        free = norm > 0
    else:
        total = sum_(weights)
        if not bool(total != 0):
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        average = div(sum_(mul(x, weights), 1, keepdim=True), total)
        norm = total
        if correction:
            taken = correction if aweights is None else correction * sum_(weights * aweights) / total
            norm = clamp(total - taken, min=0)
        free = not count or bool(norm > 0)
    if not free:
        import warnings

        warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.", stacklevel=3)
    centred = sub(x, average)
    scaled = centred if weights is None else mul(centred, weights)
    found = div(matmul(centred, scaled.t().conj()), norm)
    return found.squeeze()


@op("corrcoef", composite=True, wide=True)
@doc("out_{ij} = c_{ij} / \\sqrt{c_{ii} c_{jj}}", returns="Of shape (n, n), or 0-d for one variable; within [-1, 1].",
     input_="Tensor: Variables in rows, observations in columns; or one variable.",
     raises="RuntimeError: the input has more than two dimensions")  # fmt: skip
def corrcoef(input_: Tensor) -> Tensor:
    """Correlations of variables.

    >>> lucid.corrcoef(lucid.tensor([[0.0, 2.0], [3.0, 1.0]]))
    Tensor([[1.0, -1.0],
            [-1.0, 1.0]])
    """
    tensor_argument("corrcoef", input_)
    if input_.ndim > 2:
        raise RuntimeError(f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input_.ndim} dimensions")
    c = cov.op.forward(input_)
    if not c.ndim:
        return div(c, c)
    deviations = c.diagonal()
    deviations = (deviations.real if c.is_complex() else deviations).sqrt()
    c = div(div(c, deviations.reshape(-1, 1)), deviations.reshape(1, -1))
    if c.is_complex():
        return c.real.clamp(-1, 1) + 1j * c.imag.clamp(-1, 1)
    return c.clamp(-1, 1)


# ------------------------------------------------------------------------------------------------ quantiles

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")
ROUNDED = {"lower": math.floor, "higher": math.ceil, "nearest": round}  # round: halves to even


def _quantile(rows: Tensor, q: float, interpolation: str) -> Tensor:
    """One quantile of sorted rows without NaN: the same place in each, in their precision."""
    place = rows.dtype.numpy.type(q) * rows.dtype.numpy.type(rows.shape[-1] - 1)
    if interpolation in ROUNDED:
        return select(rows, -1, int(ROUNDED[interpolation](place)))
    below = math.floor(place)
    share = 0.5 if interpolation == "midpoint" else float(place - below)
    return lerp(select(rows, -1, below), select(rows, -1, math.ceil(place)), share)


def _quantiles(name: str, x: Tensor, q, dim, keepdim: bool, interpolation: str, ignore_nan: bool) -> Tensor:
    tensor_argument(name, x)
    several = isinstance(q, Tensor)
    if not several and not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if several and q.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if several and q.dtype is not x.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}")
    if not x.numel():
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if several and q.numel() and not bool(((q >= 0) & (q <= 1)).all()):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    if dim is None:
        rows, at = x.reshape(-1), 0
        kept = (1,) * x.ndim
    else:
        at = check_dim(name, dim, x.ndim)
        rows = x if x.ndim else x.reshape(1)
        kept = tuple(1 if i == at else size for i, size in enumerate(x.shape))
    rows = sort(rows.movedim(at, -1) if dim is not None else rows, -1)[0]
    size = rows.shape[-1]
    shape = kept if keepdim else tuple(size for i, size in enumerate(x.shape) if i != at) if dim is not None else ()
    nan = type(rows) is not Tensor or np.isnan(rows.array[..., -1]).any()  # or may have
    if not several and not nan:
        return _quantile(rows, q, interpolation).reshape(shape).contiguous()
    q = q if several else full((), float(q), dtype=x.dtype)
    # Where in the sorted row each quantile lies; that of a row with NaN is its last, unless they are ignored.
    ignore_nan = ignore_nan and nan
    last = sum_(ne(isnan(rows), True), -1, keepdim=True) - 1 if ignore_nan else None
    count = clamp(last, min=0).to(x.dtype) if ignore_nan else float(size - 1)
    place = q.reshape(-1) * count
    place = place.expand(*rows.shape[:-1], max(q.numel(), 0)) if place.ndim <= 1 else place
    place = place if ignore_nan or not nan else where(isnan(narrow(rows, -1, size - 1, 1)), size - 1.0, place)
    if interpolation == "lower":
        place = floor(place)
    elif interpolation == "higher":
        place = ceil(place)
    elif interpolation == "nearest":
        place = place.round()
    below = floor(place)
    found = gather(rows, -1, below.to(dtypes.int64))
    if interpolation in ("linear", "midpoint"):
        above = gather(rows, -1, ceil(place).to(dtypes.int64))
        share = full(place.shape, 0.5, dtype=x.dtype) if interpolation == "midpoint" else place - below
        found = lerp(found, above, share)
    found = found.movedim(-1, 0)
    return found.reshape((q.numel(), *shape)) if q.ndim else found.reshape(shape)


QUANTILE = {
    "q": "float or Tensor: Which ones, in [0, 1]; a tensor of the input's dtype, 0-d or of one dimension.",
    "dim": "int, optional: Default: all elements.", "keepdim": "bool, optional: Keep `dim` with size 1. Default: False.",
    "interpolation": "{'linear', 'lower', 'higher', 'midpoint', 'nearest'}, optional: What lies between two elements. "
    "Default: 'linear'.",
    "returns": "Without `dim`; with a dimension in front for a `q` of one dimension.",
    "raises": "RuntimeError: `q` is out of range, the dtypes differ, or the input is empty",
}  # fmt: skip


@op("quantile", composite=True, out="same")
@doc("out = x_{(q (n - 1))}", **QUANTILE)
def quantile(
    input_: Tensor, q, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out=None
) -> Tensor:
    """Quantiles: below the q-th lies the share q of the elements. NaN where there is one among them.

    >>> lucid.quantile(lucid.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    Tensor(1.5)
    """
    return _quantiles("quantile", input_, q, dim, keepdim, interpolation, False)


@op("nanquantile", composite=True, out="same")
@doc("out = x_{(q (n - 1))}", **QUANTILE)
def nanquantile(
    input_: Tensor, q, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out=None
) -> Tensor:
    """Quantiles of the elements that are not NaN.

    >>> lucid.nanquantile(lucid.tensor([0.0, float("nan"), 2.0]), 0.5)
    Tensor(1.0)
    """
    return _quantiles("nanquantile", input_, q, dim, keepdim, interpolation, True)


@op("isin", gradient=False, out="same step")
@doc(elements="Tensor or number: What is looked for.", test_elements="Tensor or number: Among what.",
     assume_unique="bool, optional: Accepted; the result is the same.", invert="bool, optional: Say what is not there.",
     returns="Bool, of the shape of `elements`.")  # fmt: skip
def isin(elements, test_elements, *, assume_unique: bool = False, invert: bool = False, out=None) -> Tensor:
    """Whether each element is one of others.

    >>> lucid.isin(lucid.tensor([1, 2, 3]), lucid.tensor([2, 5]))
    Tensor([False, True, False])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError("isin(): at least one of the arguments 'elements' and 'test_elements' must be Tensor")
    x, others = as_tensor(elements), as_tensor(test_elements)
    for one in (x, others):
        if one.dtype is dtypes.bool_ or one.dtype in (dtypes.complex64, dtypes.complex128):
            raise RuntimeError(f"Unsupported input type encountered for isin(): {torch_name(one.dtype)}")
    if not others.numel():
        return full(x.shape, invert)
    if not isinstance(test_elements, Tensor):
        return ne(x, test_elements) if invert else eq(x, test_elements)
    if x.is_complex() or others.is_complex():
        raise NotImplementedError("\"isin_default_cpu\" not implemented for 'ComplexHalf'")
    if x.numel() * others.numel() < 1 << 16:
        found = any_(eq(x.unsqueeze(-1), others.reshape(-1)), -1)
    else:
        found = wrap(np.isin(x.array, others.array))
    return ~found if invert else found


# ------------------------------------------------------------------------------------------------ derivatives


@op("gradient", composite=True)
@doc("out_i = \\tfrac{x_{i+1} - x_{i-1}}{2 h}", gives="tuple of Tensor", returns="For each dimension, of the input's shape.",
     spacing="number, or sequence of numbers or 1-d Tensors, optional: The distance of neighbours, of all dimensions or of "
     "each; or the coordinates along each. Default: 1.", dim="int or tuple of int, optional: Default: all dimensions.",
     edge_order="int, optional: 1 or 2, how exact the derivatives at both ends are. Default: 1.",
     raises="RuntimeError: a dimension is too small, or `spacing` does not fit")  # fmt: skip
def gradient(input_: Tensor, *, spacing=1, dim: int | tuple | None = None, edge_order: int = 1):
    """Derivatives of a function from its values, by second-order central differences.

    >>> lucid.gradient(lucid.tensor([1.0, 4.0, 9.0]))
    (Tensor([3.0, 4.0, 5.0]),)
    """
    x = tensor_argument("gradient", input_)
    spacing = 1 if spacing is None else spacing
    given = tuple(range(x.ndim)) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    several = isinstance(spacing, (tuple, list))
    if several and len(spacing) != len(given):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar, or a list of the length of dim, {len(given)}, "
            f"but got a list of length {len(spacing)}"
        )
    if x.dtype is dtypes.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = dims_argument("gradient", tuple(given), x.ndim, False) if x.ndim else ()
    if any(x.shape[one] < edge_order + 1 for one in dims):
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_slope(x, one, spacing[i] if several else spacing, edge_order) for i, one in enumerate(dims))


def _slope(x: Tensor, dim: int, spacing, edge_order: int) -> Tensor:
    """The derivative along one dimension."""
    n = x.shape[dim]
    at = lambda start, count=1: narrow(x, dim, start, count)
    if isinstance(spacing, Tensor) and spacing.ndim:
        if tuple(spacing.shape) != (n,):
            raise RuntimeError(f"gradient: the coordinates of dim {dim} must be of size {n}, got {list(spacing.shape)}")
        steps = sub(narrow(spacing, 0, 1, n - 1), narrow(spacing, 0, 0, n - 1))
        steps = reshape(steps, (-1,) + (1,) * (x.ndim - dim - 1))
        step = lambda start, count=1: narrow(steps, 0, start, count)
        inner = _weighted([at(i, max(n - 2, 0)) for i in (0, 1, 2)], step(0, max(n - 2, 0)), step(1, max(n - 2, 0)), 1) if n > 2 else None
        first, last = div(sub(at(1), at(0)), step(0)), div(sub(at(n - 1), at(n - 2)), step(n - 2))
        if edge_order == 2:
            first = _weighted([at(0), at(1), at(2)], step(0), step(1), 0)
            last = _weighted([at(n - 3), at(n - 2), at(n - 1)], step(n - 3), step(n - 2), 2)
    else:
        inner = div(div(sub(at(2, n - 2), at(0, n - 2)), 2), spacing) if n > 2 else None
        first, last = div(sub(at(1), at(0)), spacing), div(sub(at(n - 1), at(n - 2)), spacing)
        if edge_order == 2:
            first = div(sub(mul(sub(at(1), at(0)), 2), div(sub(at(2), at(0)), 2)), spacing)
            last = div(sub(mul(sub(at(n - 1), at(n - 2)), 2), div(sub(at(n - 1), at(n - 3)), 2)), spacing)
    return cat([one for one in (first, inner, last) if one is not None], dim)


def _weighted(points, a: Tensor, b: Tensor, which: int) -> Tensor:
    """The derivative at one of three points, `a` and `b` apart, of the parabola through them."""
    whole = add(a, b)
    low = ((-2, -1), (0, -1), (0, 1))[which]  # the weights of the first point are (low . (a, b)) / (a (a + b)), and so on
    mid = ((1, 1), (-1, 1), (-1, -1))[which]
    high = ((-1, 0), (1, 0), (1, 2))[which]
    combined = lambda weights: add(mul(a, weights[0]), mul(b, weights[1]))
    total = mul(points[0], div(combined(low), mul(a, whole)))
    total = add(total, mul(points[1], div(combined(mid), mul(a, b))))
    return add(total, mul(points[2], div(combined(high), mul(b, whole))))


# ------------------------------------------------------------------------------------------------ histograms

HISTOGRAM = {dtype: kernels.histogram[C_NAMES[dtype]] for dtype in FLOATING}


_BINS = {
    "range": "tuple of float, optional: The least and the greatest edge (of each dimension). Default: those of the elements.",
    "weight": "Tensor, optional: What each element counts for. Default: 1.",
    "density": "bool, optional: Whether to divide by the sum and the bins' sizes, so that the integral is 1. Default: False.",
}  # fmt: skip


@op("histogram", gradient=RuntimeError)
@doc(gives="named tuple of Tensor", out="tuple of Tensor, optional: Where the results are written.",
     returns="`hist` and `bin_edges`, of the input's dtype.", input_="Tensor: float32 or float64, of any shape.",
     bins="int or Tensor, optional: How many bins of equal size, or their edges in ascending order. Default: 100.",
     raises="RuntimeError: there are no bins, or the range is not finite", **_BINS)  # fmt: skip
def histogram(input_: Tensor, bins: int = 100, *, range=None, weight=None, density: bool = False, out=None):
    """How many elements lie between edges; each bin but the last is without its upper edge.

    >>> lucid.histogram(lucid.tensor([1.0, 2.0, 1.0]), 2, range=(0.0, 2.0)).hist
    Tensor([0.0, 3.0])
    """
    x = tensor_argument("histogram", input_)
    if range is not None and isinstance(bins, Tensor):
        raise TypeError("histogram() received an invalid combination of arguments - edges and a range")
    if weight is not None and weight.shape != x.shape:
        raise RuntimeError(f"histogram: weight must be of the input's shape {list(x.shape)}, got {list(weight.shape)}")
    weight = None if weight is None else reshape(weight, (-1,))
    counts, edges = _counted("histogram", reshape(x, (-1, 1)), [bins], range, weight, density)
    return return_types.histogram(counts, edges[0].clone() if edges[0] is bins else edges[0])


@op("histogramdd", gradient=RuntimeError)
@doc(gives="hist : Tensor\n    How many, of a dimension for each column.\nbin_edges : tuple of Tensor", returns="For each column, of one dimension.",
     input_="Tensor: float32 or float64, of shape (..., n): points with n coordinates each.",
     bins="int, sequence of n ints, or sequence of n Tensors: How many bins along each coordinate, or their edges.",
     raises="RuntimeError: `bins` or `range` are not of n dimensions, or the range is not finite", **_BINS)  # fmt: skip
def histogramdd(input_: Tensor, bins: int | tuple, range=None, weight=None, density: bool = False):
    """How many points lie in each box of a grid.

    >>> lucid.histogramdd(lucid.tensor([[0.0, 1.0], [1.0, 1.0]]), [2, 1]).hist
    Tensor([[1.0],
            [1.0]])
    """
    x = tensor_argument("histogramdd", input_)
    if x.ndim < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    n = x.shape[-1]
    if not isinstance(bins, (tuple, list)):
        if not hasattr(bins, "__index__") or isinstance(bins, Tensor):
            raise TypeError(f"histogramdd(): bins must be an int, or a sequence of ints or Tensors, not {type(bins).__name__}")
        bins = [bins] * n
    if len(bins) != n:
        raise RuntimeError(f"histogramdd: expected bins for {n} dimensions but got {len(bins)}")
    if weight is not None:
        if weight.shape != x.shape[:-1]:
            raise RuntimeError(
                f"histogramdd: weight must be of the input's shape without the last dimension, {list(x.shape[:-1])}, got "
                f"{list(weight.shape)}"
            )
        weight = reshape(weight, (-1,))
    points = reshape(x, (math.prod(x.shape[:-1]), n))
    return return_types.histogramdd(*_counted("histogramdd", points, bins, range, weight, density))


def _counted(name: str, points: Tensor, bins, limits, weight, density: bool) -> tuple[Tensor, tuple]:
    """What falls into each box of a grid, and the grid's edges."""
    dtype, n = points.dtype, points.shape[1]
    if weight is not None and weight.dtype is not dtype:
        raise RuntimeError(f"{name}: weight must be of the input's dtype {dtype.name}, got {weight.dtype.name}")
    if limits is not None and any(isinstance(one, str) for one in limits):
        raise TypeError(f"{name}(): argument 'range' must be tuple of floats, not {limits!r}")
    if limits is not None and len(limits) != 2 * n:
        raise RuntimeError(f"{name}: a range of {n} dimensions has {2 * n} elements, got {len(limits)}")
    for i, one in enumerate(bins):
        _check_bins(name, points, i, one)
    if dtype.name not in ("float32", "float64"):
        raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")
    edges = tuple(_edges(name, points, i, one, limits) for i, one in enumerate(bins))
    array, sizes = points.array, [one.shape[0] - 1 for one in edges]
    if n == 1 and array.size and not (density or isinstance(bins[0], Tensor)):
        result, ends = empty((sizes[0],), dtype.numpy), edges[0].array
        HISTOGRAM[dtype.numpy](row(array), flat(ends), row(weight), flat(result), ends[0], ends[-1])
        return wrap(result), edges
    cell = 0
    for size, one, values in zip(sizes, edges, array.T):  # 0 for what lies in no bin
        ends, values = one.array, contiguous(values)
        at = bucketize(wrap(values), one, right=True).array
        np.minimum(at, size, out=at)
        inside = (values >= ends[0]) & (values <= ends[-1])
        if not inside.all():
            at[~inside] = 0
        cell = at if n == 1 else cell * (size + 1) + at
    counts = np.bincount(cell, None if weight is None else weight.array, math.prod(size + 1 for size in sizes))
    counts = counts.reshape([size + 1 for size in sizes])[(slice(1, None),) * n]
    if density:
        with np.errstate(all="ignore"):
            counts = counts / counts.sum()
        for i, one in enumerate(edges):
            counts = counts / np.diff(one.array).reshape((-1,) + (1,) * (n - i - 1))
    result = empty(tuple(sizes), dtype.numpy)
    result[...] = counts
    return wrap(result), edges


def _ends(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest of some numbers."""
    return tuple(one.item() for one in aminmax(wrap(values)))


def _check_bins(name: str, points: Tensor, i: int, bins) -> None:
    """Whether there are bins in a dimension."""
    if isinstance(bins, Tensor):
        if bins.ndim != 1:
            raise RuntimeError(f"{name}: the edges of dimension {i} must have one dimension, got {bins.ndim}")
        if bins.dtype is not points.dtype:
            raise RuntimeError(f"{name}: the edges of dimension {i} must be {points.dtype.name}, got {bins.dtype.name}")
    count = bins.shape[0] - 1 if isinstance(bins, Tensor) else bins
    if count <= 0:
        raise RuntimeError(f"{name}: bins must be > 0, but got {count} for dimension {i}")


def _edges(name: str, points: Tensor, i: int, bins, limits) -> Tensor:
    """The edges of one dimension's bins."""
    if isinstance(bins, Tensor):
        return bins
    values = points.array[:, i]
    low, high = limits[2 * i : 2 * i + 2] if limits is not None else _ends(values) if values.size else (0, 1)
    low, high = float(low), float(high)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: dimension {i}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: min should not exceed max, but got min {low:g} max {high:g} for dimension {i}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return linspace(low, high, bins + 1, dtype=points.dtype)


# ------------------------------------------------------------------------------------------------ counting


@op("bincount", gradient=RuntimeError)
def bincount(input_: Tensor, weights=None, minlength: int = 0) -> Tensor:
    """How often each number 0, 1, 2, ... occurs in a 1-d tensor of integers.

    Parameters
    ----------
    input_ : Tensor
        1-d, of integers that are not negative.
    weights : Tensor, optional
        Added up instead of ones.
    minlength : int, optional
        The least size of the result.

    Returns
    -------
    Tensor
        int64, or of the dtype of the weights (float64 unless they are float32).

    Examples
    --------
    >>> lucid.bincount(lucid.tensor([0, 1, 1, 3]))
    Tensor([1, 2, 0, 1])
    """
    array = tensor_argument("bincount", input_).array
    if weights is not None:
        tensor_argument("bincount", weights, 2, "weights")
    if input_.dtype.kind != 1:
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{torch_name(input_.dtype)}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if array.ndim != 1 or (array.size and (array.dtype.kind != "u" and array.min() < 0)):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    size, at = max(minlength, int(array.max()) + 1 if array.size else 0), contiguous(cast(array, INT64))
    if not array.size or weights is None:
        out = core.empty((size,), INT64)
        if array.size:
            kernels.bincount(flat(at), flat(out))
        else:
            out.fill(0)
        return wrap(out)
    out = np.zeros(size, np.float32 if weights.dtype is dtypes.float32 else np.float64)
    placed(out, 0, at, cast(weights.array, out.dtype), False, "sum")
    return wrap(out)


@op("histc", gradient=False, out="same")
@doc()
def histc(input_: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out=None) -> Tensor:
    """How many elements fall into each of `bins` equal intervals from `min` to `max`; others are not counted.

    Parameters
    ----------
    input_ : Tensor
        Floating, of any shape.
    bins : int, optional
        How many intervals; each but the last without its upper end.
    min, max : number, optional
        The range; where both are equal, that of the elements.

    Returns
    -------
    Tensor
        1-d, of the input's dtype.

    Examples
    --------
    >>> lucid.histc(lucid.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    Tensor([0.0, 2.0, 1.0, 0.0])
    """
    array = tensor_argument("histc", input_).array.reshape(-1)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = (element(float(one), input_.dtype) for one in (min, max))
    if input_.dtype.kind != 2:
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{torch_name(input_.dtype)}'")
    values = cast(array, FLOAT64 if array.dtype.itemsize == 8 else FLOAT32)
    if low == high and values.size:
        low, high = _ends(values)
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    out = core.empty((bins,), values.dtype)
    if values.size:
        HISTOGRAM[values.dtype](row(values), None, None, flat(out), low, high)
    else:
        out.fill(0)
    return wrap(cast(out, array.dtype))
