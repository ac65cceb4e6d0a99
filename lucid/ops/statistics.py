"""Differences, integrals, covariances, quantiles: what is made of sums, products and sorting."""

from __future__ import annotations

import math

from lucid import dtypes
from lucid.autograd.op import op, torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import tensor_argument
from lucid.ops.comparison import eq, isnan, logical_xor, ne
from lucid.ops.creation import as_tensor, full
from lucid.ops.elementwise import ceil, clamp, div, floor, lerp, mul, sub, where
from lucid.ops.indexing import gather
from lucid.ops.linalg import matmul
from lucid.ops.reduction import any as any_
from lucid.ops.reduction import cumsum, mean
from lucid.ops.reduction import sum as sum_
from lucid.ops.shape import cat
from lucid.ops.sorting import sort
from lucid.ops.view import narrow
from lucid.tensor import Tensor, check_dim


@op("diff", composite=True)
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


def _panels(name: str, y: Tensor, x, dx, dim: int) -> Tensor:
    """The areas of the trapezoids between neighbours."""
    tensor_argument(name, y, 1, "y")
    if not y.ndim:
        raise IndexError(f"{name}(): Dimension specified as {dim} but tensor has no dimensions")
    dim = check_dim(name, dim, y.ndim)
    if x is not None and dx is not None:
        raise TypeError(f"{name}(): takes the points `x` or their distance `dx`, not both")
    if y.dtype is dtypes.bool_:
        raise RuntimeError(f"{name}: received a bool input for y, but bool is not supported")
    size = max(y.shape[dim] - 1, 0)
    heights = narrow(y, dim, 0, size) + narrow(y, dim, y.shape[dim] - size, size)
    if x is None:
        return mul(heights, (1 if dx is None else dx)) / 2
    if x.dtype is dtypes.bool_:
        raise RuntimeError(f"{name}: received a bool input for x, but bool is not supported")
    along = x.ndim - 1 if x.ndim == 1 and y.ndim > 1 else check_dim(name, dim - y.ndim, x.ndim)
    if x.ndim == 1:
        if x.shape[0] != y.shape[dim]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x, along = x.reshape([-1 if i == dim else 1 for i in range(y.ndim)]), dim
    widths = narrow(x, along, 1, max(x.shape[along] - 1, 0)) - narrow(x, along, 0, max(x.shape[along] - 1, 0))
    return mul(heights, widths) / 2


@op("trapezoid", composite=True, aliases=("trapz",))
@doc("out = \\sum_i (y_i + y_{i+1}) (x_{i+1} - x_i) / 2", returns="Without dimension `dim`.", y="Tensor: The values.",
     x="Tensor, optional: Where they lie: of the values' shape, or of one dimension.",
     dx="float, optional: The distance between them. Default: 1.", dim="int, optional: Default: the last dimension.",
     raises="RuntimeError: there is not one `x` for each value")  # fmt: skip
def trapezoid(y: Tensor, x=None, *, dx=None, dim: int = -1) -> Tensor:
    """The integral of values between which lines are drawn.

    >>> lucid.trapezoid(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(4.0)
    """
    return sum_(_panels("trapezoid", y, x, dx, dim), dim)


@op("cumulative_trapezoid", composite=True)
@doc("out_k = \\sum_{i \\le k} (y_i + y_{i+1}) (x_{i+1} - x_i) / 2", returns="Shorter by one along `dim`.",
     y="Tensor: The values.", x="Tensor, optional: Where they lie: of the values' shape, or of one dimension.",
     dx="float, optional: The distance between them. Default: 1.", dim="int, optional: Default: the last dimension.",
     raises="RuntimeError: there is not one `x` for each value")  # fmt: skip
def cumulative_trapezoid(y: Tensor, x=None, *, dx=None, dim: int = -1) -> Tensor:
    """The integral of values between which lines are drawn, up to each of them.

    >>> lucid.cumulative_trapezoid(lucid.tensor([1.0, 2.0, 3.0]))
    Tensor([1.5, 4.0])
    """
    return cumsum(_panels("cumulative_trapezoid", y, x, dx, dim), dim)


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
            raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input but got {one.numel()} != {count}")
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


@op("corrcoef", composite=True)
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


def _quantiles(name: str, x: Tensor, q, dim, keepdim: bool, interpolation: str, ignore_nan: bool) -> Tensor:
    tensor_argument(name, x)
    given = q
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        q = full((), float(q), dtype=x.dtype)
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if q.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if q.dtype is not x.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError(f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}")
    if not x.numel():
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if isinstance(given, Tensor) and q.numel() and not bool(((q >= 0) & (q <= 1)).all()):
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
    # Where in the sorted row each quantile lies; a row with NaN has none, unless they are ignored.
    last = sum_(ne(isnan(rows), True), -1, keepdim=True) - 1 if ignore_nan else None
    missing = isnan(narrow(rows, -1, size - 1, 1)) if not ignore_nan else eq(last, -1)
    count = clamp(last, min=0).to(x.dtype) if ignore_nan else float(size - 1)
    place = q.reshape(-1) * count
    place = place.expand(*rows.shape[:-1], max(q.numel(), 0)) if place.ndim <= 1 else place
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
    found = where(missing, math.nan, found)
    shape = kept if keepdim else tuple(size for i, size in enumerate(x.shape) if i != at) if dim is not None else ()
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


@op("quantile", composite=True)
@doc("out = x_{(q (n - 1))}", **QUANTILE)
def quantile(input_: Tensor, q, dim=None, keepdim: bool = False, *, interpolation: str = "linear", out=None) -> Tensor:
    """Quantiles: below the q-th lies the share q of the elements. NaN where there is one among them.

    >>> lucid.quantile(lucid.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    Tensor(1.5)
    """
    return _quantiles("quantile", input_, q, dim, keepdim, interpolation, False)


@op("nanquantile", composite=True)
@doc("out = x_{(q (n - 1))}", **QUANTILE)
def nanquantile(input_: Tensor, q, dim=None, keepdim: bool = False, *, interpolation: str = "linear", out=None) -> Tensor:
    """Quantiles of the elements that are not NaN.

    >>> lucid.nanquantile(lucid.tensor([0.0, float("nan"), 2.0]), 0.5)
    Tensor(1.0)
    """
    return _quantiles("nanquantile", input_, q, dim, keepdim, interpolation, True)


@op("isin", gradient=False)
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
        if one.dtype is dtypes.bool_ or one.is_complex():
            raise RuntimeError(f"Unsupported input type encountered for isin(): {torch_name(one.dtype)}")
    if not others.numel():
        return full(x.shape, invert)
    if x.numel() * others.numel() < 1 << 16:
        found = any_(eq(x.unsqueeze(-1), others.reshape(-1)), -1)
    else:
        import numpy as np

        from lucid._kernels import core

        found = core.wrap(np.isin(x.array, others.array))
    return ~found if invert else found
