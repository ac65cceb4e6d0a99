"""Invertible maps of tensors with the logarithms of their Jacobians' determinants.

A transform maps `domain` to `codomain` (constraints, whose `event_dim` says how many last dimensions it maps together).
A class gives `_call`, `_inverse` and `log_abs_det_jacobian`; what `__init__` takes stands in `_arguments`, so that
`with_cache`, `==` and `repr` need no code of their own.
"""

from __future__ import annotations

import functools
import math
import operator
import weakref

import lucid
from lucid.distributions import constraints
from lucid.distributions.utils import (
    _sum_rightmost,
    broadcast_all,
    lazy_property,
    tril_matrix_to_vec,
    vec_to_tril_matrix,
)
from lucid.nn.functional import logsigmoid, pad, softplus
from lucid.ops._doc import doc
from lucid.tensor import Size, Tensor

__all__ = [
    "AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform", "CorrCholeskyTransform",
    "CumulativeDistributionTransform", "ExpTransform", "IndependentTransform", "LowerCholeskyTransform",
    "PositiveDefiniteTransform", "PowerTransform", "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform",
    "SoftplusTransform", "StackTransform", "StickBreakingTransform", "TanhTransform", "Transform", "identity_transform",
]  # fmt: skip


class Transform:
    """A map with an inverse: what all of them have.

    `t(x)` maps, `t.inv(y)` maps back; `t.inv` is a transform too. `bijective` tells whether the inverse of every value
    is unique, `sign` whether the map rises or falls.

    Parameters
    ----------
    cache_size : int, optional
        With 1 the last pair of x and y is kept, so that mapping back gives the very x. 0 by default.

    Raises
    ------
    ValueError
        If the cache's size is neither 0 nor 1.

    Examples
    --------
    >>> exp = lucid.distributions.transforms.ExpTransform(cache_size=1)
    >>> x = lucid.tensor([0.1, 0.2])
    >>> exp.inv(exp(x)) is x
    True
    """

    bijective = False
    _arguments = ()

    def __init__(self, cache_size: int = 0):
        if cache_size not in (0, 1):
            raise ValueError(f"cache_size must be 0 or 1, got {cache_size}")
        self._cache_size = cache_size
        self._inv = None
        self._cached_x_y = None, None
        super().__init__()

    def __getstate__(self):
        return {**vars(self), "_inv": None}

    @property
    def event_dim(self) -> int:
        """How many last dimensions are mapped together. ValueError if they are not as many in domain and codomain."""
        if self.domain.event_dim == self.codomain.event_dim:
            return self.domain.event_dim
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    @property
    def inv(self) -> Transform:
        """The inverse."""
        found = None if self._inv is None else self._inv()
        if found is None:
            found = _InverseTransform(self)
            self._inv = weakref.ref(found)  # which holds this one
        return found

    @property
    def sign(self):
        """1 if the map rises, -1 if it falls. NotImplementedError if it does neither."""
        raise NotImplementedError

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same transform with a cache of this size."""
        if self._cache_size == cache_size:
            return self
        if type(self).__init__ is Transform.__init__ or self._arguments:
            return type(self)(*(getattr(self, name) for name in self._arguments), cache_size=cache_size)
        raise NotImplementedError(f"{type(self)}.with_cache is not implemented")

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__

    def __call__(self, x):
        """Map a tensor."""
        if self._cache_size and x is self._cached_x_y[0]:
            return self._cached_x_y[1]
        y = self._call(x)
        if self._cache_size:
            self._cached_x_y = x, y
        return y

    def _inv_call(self, y):
        if self._cache_size and y is self._cached_x_y[1]:
            return self._cached_x_y[0]
        x = self._inverse(y)
        if self._cache_size:
            self._cached_x_y = x, y
        return x

    def _call(self, x):
        raise NotImplementedError

    def _inverse(self, y):
        raise NotImplementedError

    def log_abs_det_jacobian(self, x, y):
        """The logarithm of the absolute determinant of dy/dx for each event, given both."""
        raise NotImplementedError

    def __repr__(self):
        return f"{type(self).__name__}()"

    def forward_shape(self, shape):
        """The shape of y for that of x."""
        return shape

    def inverse_shape(self, shape):
        """The shape of x for that of y."""
        return shape


class _InverseTransform(Transform):
    def __init__(self, transform: Transform):
        super().__init__(transform._cache_size)
        self._inv = transform

    def __getstate__(self):
        return vars(self)  # what it inverts is all that it is

    domain = constraints.dependent_property(lambda self: self._inv.codomain, is_discrete=False)
    codomain = constraints.dependent_property(lambda self: self._inv.domain, is_discrete=False)
    bijective = property(lambda self: self._inv.bijective)
    sign = property(lambda self: self._inv.sign)
    inv = property(lambda self: self._inv)

    def with_cache(self, cache_size: int = 1):
        return self._inv.with_cache(cache_size).inv

    def __eq__(self, other):
        return isinstance(other, _InverseTransform) and self._inv == other._inv

    __hash__ = object.__hash__

    def __repr__(self):
        return f"{type(self).__name__}({self._inv!r})"

    def __call__(self, x):
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x, y):
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape):
        return self._inv.forward_shape(shape)


# ---------------------------------------------------------------------------------------------- transforms of transforms


def _widened(constraint, event_dim):
    """A constraint on as many last dimensions."""
    return constraints.independent(constraint, event_dim - constraint.event_dim) if event_dim > constraint.event_dim else constraint


class ComposeTransform(Transform):
    """Transforms one after the other.

    Parameters
    ----------
    parts : list of Transform
        The first is applied first.
    cache_size : int, optional
        As for `Transform`, for each part.

    Examples
    --------
    >>> T = lucid.distributions.transforms
    >>> T.ComposeTransform([T.AffineTransform(1.0, 2.0), T.ExpTransform()])(lucid.tensor(-0.5))
    Tensor(1.0)
    """

    _arguments = ("parts",)

    def __init__(self, parts, cache_size: int = 0):
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else parts

    def __eq__(self, other):
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    __hash__ = object.__hash__

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        if not self.parts:
            return constraints.real
        ndim = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            ndim = max(ndim + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
        return _widened(self.parts[0].domain, ndim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self):
        if not self.parts:
            return constraints.real
        ndim = self.parts[0].domain.event_dim
        for part in self.parts:
            ndim = max(ndim + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim)
        return _widened(self.parts[-1].codomain, ndim)

    @lazy_property
    def bijective(self):
        return all(part.bijective for part in self.parts)

    @lazy_property
    def sign(self):
        return functools.reduce(operator.mul, (part.sign for part in self.parts), 1)

    @property
    def inv(self):
        found = None if self._inv is None else self._inv()
        if found is None:
            found = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv, found._inv = weakref.ref(found), weakref.ref(self)
        return found

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x, y):
        if not self.parts:
            return lucid.zeros_like(x)
        ndim, total = self.domain.event_dim, 0
        for i, part in enumerate(self.parts):
            mapped = y if i == len(self.parts) - 1 else part(x)
            total = total + _sum_rightmost(part.log_abs_det_jacobian(x, mapped), ndim - part.domain.event_dim)
            ndim += part.codomain.event_dim - part.domain.event_dim
            x = mapped
        return total

    def forward_shape(self, shape):
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape):
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self):
        parts = ",\n    ".join(map(repr, self.parts))
        return f"{type(self).__name__}(\n    {parts}\n)"


#: The transform that leaves everything as it is.
identity_transform = ComposeTransform([])


@doc()
class IndependentTransform(Transform):
    """A transform whose last batch dimensions are part of the event.

    Parameters
    ----------
    base_transform : Transform
        What is applied.
    reinterpreted_batch_ndims : int
        The number of those dimensions.

    Examples
    --------
    >>> T = lucid.distributions.transforms
    >>> x = lucid.ones(2, 3)
    >>> T.IndependentTransform(T.ExpTransform(), 1).log_abs_det_jacobian(x, x.exp())
    Tensor([3.0, 3.0])
    """

    _arguments = ("base_transform", "reinterpreted_batch_ndims")

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0):
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self):
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    bijective = property(lambda self: self.base_transform.bijective)
    sign = property(lambda self: self.base_transform.sign)

    def _call(self, x):
        return self.base_transform(_at_least(self.domain.event_dim, x))

    def _inverse(self, y):
        return self.base_transform.inv(_at_least(self.codomain.event_dim, y))

    def log_abs_det_jacobian(self, x, y):
        return _sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def __repr__(self):
        return f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"

    def forward_shape(self, shape):
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape):
        return self.base_transform.inverse_shape(shape)


def _at_least(ndim, value):
    """A tensor or shape with as many dimensions. ValueError if it has not."""
    shape = value.shape if isinstance(value, Tensor) else value
    if len(shape) < ndim:
        raise ValueError(f"Too few dimensions on input: expected at least {ndim}, got shape {tuple(shape)}")
    return value


class _Parts(Transform):
    """Transforms of the parts of a dimension."""

    def __init__(self, tseq, dim: int = 0, cache_size: int = 0):
        if not all(isinstance(one, Transform) for one in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size)
        self.transforms = [one.with_cache(cache_size) for one in tseq] if cache_size else list(tseq)
        self.dim = dim

    bijective = property(lambda self: all(one.bijective for one in self.transforms))

    def _parts(self, x):
        """The parts of a tensor. AssertionError if it has not as many."""
        if not -x.dim() <= self.dim < x.dim():
            raise AssertionError(f"dim {self.dim} out of range for tensor with {x.dim()} dimensions")
        if x.size(self.dim) != self.length:
            raise AssertionError(f"x.size({self.dim}) = {x.size(self.dim)} must equal length {self.length}")
        return self._split(x)

    def _call(self, x):
        return self._join([one(part) for one, part in zip(self.transforms, self._parts(x))], self.dim)

    def _inverse(self, y):
        return self._join([one.inv(part) for one, part in zip(self.transforms, self._parts(y))], self.dim)

    def _jacobians(self, x, y):
        return [one.log_abs_det_jacobian(*pair) for one, *pair in zip(self.transforms, self._parts(x), self._parts(y))]


@doc()
class CatTransform(_Parts):
    """Transforms of the parts of a dimension, which are given by their lengths.

    Parameters
    ----------
    tseq : sequence of Transform
        One for each part.
    dim : int, optional
        The dimension (default 0).
    lengths : sequence of int, optional
        The lengths of the parts, by default 1.

    Raises
    ------
    AssertionError
        If there are not as many lengths as transforms, or a tensor has not the sum of the lengths.

    Examples
    --------
    >>> T = lucid.distributions.transforms
    >>> T.CatTransform([T.AffineTransform(0.0, 2.0), T.AbsTransform()], 0, [1, 2])(lucid.tensor([1.0, -2.0, 3.0]))
    Tensor([2.0, 2.0, 3.0])
    """

    _arguments = ("transforms", "dim", "lengths")
    _join = staticmethod(lucid.cat)

    def __init__(self, tseq, dim: int = 0, lengths=None, cache_size: int = 0):
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @lazy_property
    def event_dim(self):
        return max(one.event_dim for one in self.transforms)

    @lazy_property
    def length(self):
        """The sum of the lengths."""
        return sum(self.lengths)

    def _split(self, x):
        return x.split(self.lengths, self.dim)

    def log_abs_det_jacobian(self, x, y):
        found = [
            _sum_rightmost(one, self.event_dim - each.event_dim) if each.event_dim < self.event_dim else one
            for each, one in zip(self.transforms, self._jacobians(x, y))
        ]
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return lucid.cat(found, dim=dim) if dim < 0 else sum(found)

    @constraints.dependent_property
    def domain(self):
        return constraints.cat([one.domain for one in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self):
        return constraints.cat([one.codomain for one in self.transforms], self.dim, self.lengths)


@doc()
class StackTransform(_Parts):
    """A transform for each index of a dimension.

    Parameters
    ----------
    tseq : sequence of Transform
        One for each index.
    dim : int, optional
        The dimension (default 0).

    Raises
    ------
    AssertionError
        If a tensor has not as many indices as there are transforms.

    Examples
    --------
    >>> T = lucid.distributions.transforms
    >>> T.StackTransform([T.AffineTransform(0.0, 2.0), T.AbsTransform()])(lucid.tensor([1.0, -2.0]))
    Tensor([2.0, 2.0])
    """

    _arguments = ("transforms", "dim")
    _join = staticmethod(lucid.stack)
    length = property(lambda self: len(self.transforms))

    def _split(self, x):
        return x.unbind(self.dim)

    def log_abs_det_jacobian(self, x, y):
        return lucid.stack(self._jacobians(x, y), dim=self.dim)

    @constraints.dependent_property
    def domain(self):
        return constraints.stack([one.domain for one in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self):
        return constraints.stack([one.codomain for one in self.transforms], self.dim)


@doc()
class ReshapeTransform(Transform):
    """Gives the last dimensions another shape.

    Parameters
    ----------
    in_shape, out_shape : Size
        The shapes of an event, of as many elements.

    Raises
    ------
    ValueError
        If the shapes have not as many elements.

    Examples
    --------
    >>> lucid.distributions.transforms.ReshapeTransform((6,), (2, 3))(lucid.zeros(5, 6)).shape
    lucid.Size([5, 2, 3])
    """

    bijective = True
    _arguments = ("in_shape", "out_shape")

    def __init__(self, in_shape, out_shape, cache_size: int = 0):
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError(
                f"in_shape, out_shape have different numbers of elements: {self.in_shape} and {self.out_shape}"
            )
        super().__init__(cache_size)

    @constraints.dependent_property
    def domain(self):
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property
    def codomain(self):
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x):
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y):
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x, y):
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    @staticmethod
    def _replaced(shape, old, new):
        cut = len(_at_least(len(old), shape)) - len(old)
        if shape[cut:] != old:
            raise ValueError(f"Shape mismatch: expected {old} but got {shape[cut:]}")
        return shape[:cut] + new

    def forward_shape(self, shape):
        return self._replaced(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape):
        return self._replaced(shape, self.out_shape, self.in_shape)


# ---------------------------------------------------------------------------------------------- of each element


class _Plain(Transform):
    """Without arguments: all of a class are equal."""

    def __eq__(self, other):
        return isinstance(other, type(self))

    __hash__ = object.__hash__


@doc()
class ExpTransform(_Plain):
    """y = exp(x).

    Examples
    --------
    >>> lucid.distributions.transforms.ExpTransform()(lucid.tensor([0.0]))
    Tensor([1.0])
    """

    domain, codomain = constraints.real, constraints.positive
    bijective = True
    sign = +1

    def _call(self, x):
        return x.exp()

    def _inverse(self, y):
        return y.log()

    def log_abs_det_jacobian(self, x, y):
        return x


def _broadcast_shape(shape, *arguments):
    return lucid.broadcast_shapes(shape, *(getattr(one, "shape", ()) for one in arguments))


@doc()
class PowerTransform(Transform):
    """y = x ** exponent, of positive numbers.

    Parameters
    ----------
    exponent : Tensor or float
        The exponent.

    Examples
    --------
    >>> lucid.distributions.transforms.PowerTransform(2.0).inv(lucid.tensor([9.0]))
    Tensor([3.0])
    """

    domain, codomain = constraints.positive, constraints.positive
    bijective = True
    _arguments = ("exponent",)

    def __init__(self, exponent, cache_size: int = 0):
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    @lazy_property
    def sign(self):
        return self.exponent.sign()

    def __eq__(self, other):
        return isinstance(other, PowerTransform) and bool(self.exponent.eq(other.exponent).all())

    __hash__ = object.__hash__

    def _call(self, x):
        return x.pow(self.exponent)

    def _inverse(self, y):
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x, y):
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape):
        return _broadcast_shape(shape, self.exponent)

    inverse_shape = forward_shape


def _clipped_sigmoid(x):
    limits = lucid.finfo(x.dtype)
    return lucid.sigmoid(x).clamp(min=limits.tiny, max=1.0 - limits.eps)


@doc()
class SigmoidTransform(_Plain):
    """y = 1 / (1 + exp(-x)), kept off 0 and 1.

    Examples
    --------
    >>> lucid.distributions.transforms.SigmoidTransform()(lucid.tensor([0.0]))
    Tensor([0.5])
    """

    domain, codomain = constraints.real, constraints.unit_interval
    bijective = True
    sign = +1

    def _call(self, x):
        return _clipped_sigmoid(x)

    def _inverse(self, y):
        limits = lucid.finfo(y.dtype)
        y = y.clamp(min=limits.tiny, max=1.0 - limits.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x, y):
        return -softplus(-x) - softplus(x)


@doc()
class SoftplusTransform(_Plain):
    """y = log(1 + exp(x)).

    Examples
    --------
    >>> lucid.distributions.transforms.SoftplusTransform()(lucid.tensor([30.0]))
    Tensor([30.0])
    """

    domain, codomain = constraints.real, constraints.positive
    bijective = True
    sign = +1

    def _call(self, x):
        return softplus(x)

    def _inverse(self, y):
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x, y):
        return -softplus(-x)


class TanhTransform(_Plain):
    """y = tanh(x).

    Parameters
    ----------
    cache_size : int, optional
        As for `Transform`; the inverse loses digits near 1, which a cache keeps.

    Examples
    --------
    >>> lucid.distributions.transforms.TanhTransform()(lucid.tensor([0.0]))
    Tensor([0.0])
    """

    domain, codomain = constraints.real, constraints.interval(-1.0, 1.0)
    bijective = True
    sign = +1

    def _call(self, x):
        return x.tanh()

    def _inverse(self, y):
        return y.atanh()

    def log_abs_det_jacobian(self, x, y):
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


@doc()
class AbsTransform(_Plain):
    """y = abs(x); the inverse gives the positive x.

    Examples
    --------
    >>> lucid.distributions.transforms.AbsTransform()(lucid.tensor([-1.0]))
    Tensor([1.0])
    """

    domain, codomain = constraints.real, constraints.positive

    def _call(self, x):
        return x.abs()

    def _inverse(self, y):
        return y


@doc()
class AffineTransform(Transform):
    """y = loc + scale * x.

    Parameters
    ----------
    loc, scale : Tensor or float
        The shift and the factor.
    event_dim : int, optional
        How many last dimensions make an event (default 0).

    Examples
    --------
    >>> lucid.distributions.transforms.AffineTransform(1.0, 2.0)(lucid.tensor([3.0]))
    Tensor([7.0])
    """

    bijective = True
    _arguments = ("loc", "scale", "event_dim")

    def __init__(self, loc, scale, event_dim: int = 0, cache_size: int = 0):
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    event_dim = property(lambda self: self._event_dim)

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        return _widened(constraints.real, self.event_dim)

    codomain = domain

    def __eq__(self, other):
        if not isinstance(other, AffineTransform):
            return False
        pairs = (self.loc, other.loc), (self.scale, other.scale)
        return all(bool((a == b).all()) if isinstance(a == b, Tensor) else a == b for a, b in pairs)

    __hash__ = object.__hash__

    @property
    def sign(self):
        return self.scale.sign() if isinstance(self.scale, Tensor) else (self.scale > 0) - (self.scale < 0)

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        if isinstance(self.scale, Tensor):
            result = self.scale.abs().log()
        else:
            result = lucid.full_like(x, math.log(abs(self.scale)))
        return _sum_rightmost(result, self.event_dim).expand(x.shape[: x.dim() - self.event_dim])

    def forward_shape(self, shape):
        return _broadcast_shape(shape, self.loc, self.scale)

    inverse_shape = forward_shape


@doc()
class CumulativeDistributionTransform(Transform):
    """A distribution's cumulative distribution as a map to [0, 1].

    Parameters
    ----------
    distribution : Distribution
        One with `cdf` and, for the inverse, `icdf`.

    Examples
    --------
    >>> D = lucid.distributions
    >>> D.transforms.CumulativeDistributionTransform(D.Uniform(0.0, 4.0))(lucid.tensor([1.0]))
    Tensor([0.25])
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = +1
    _arguments = ("distribution",)

    def __init__(self, distribution, cache_size: int = 0):
        super().__init__(cache_size)
        self.distribution = distribution

    domain = property(lambda self: self.distribution.support)

    def _call(self, x):
        return self.distribution.cdf(x)

    def _inverse(self, y):
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x, y):
        return self.distribution.log_prob(x)


# ---------------------------------------------------------------------------------------------- of rows and matrices


@doc()
class SoftmaxTransform(_Plain):
    """Rows to weights that sum to 1, by exponentials; not bijective, and without a determinant.

    Examples
    --------
    >>> lucid.distributions.transforms.SoftmaxTransform()(lucid.zeros(4))
    Tensor([0.25, 0.25, 0.25, 0.25])
    """

    domain, codomain = constraints.real_vector, constraints.simplex

    def _call(self, x):
        weights = (x - x.max(-1, True)[0]).exp()
        return weights / weights.sum(-1, True)

    def _inverse(self, y):
        return y.log()

    def forward_shape(self, shape):
        return _at_least(1, shape)

    inverse_shape = forward_shape


@doc()
class StickBreakingTransform(_Plain):
    """Rows of K numbers to K + 1 weights that sum to 1: each takes a share of what the ones before it left.

    Examples
    --------
    >>> lucid.distributions.transforms.StickBreakingTransform()(lucid.zeros(1))
    Tensor([0.5, 0.5])
    """

    domain, codomain = constraints.real_vector, constraints.simplex
    bijective = True

    @staticmethod
    def _log_left(x, n):
        """log(n), log(n - 1), ...: with it zeros give equal weights."""
        return (n + 1 - x.new_ones(n).cumsum(-1)).log()

    def _call(self, x):
        share = _clipped_sigmoid(x - self._log_left(x, x.shape[-1]))
        left = (1 - share).cumprod(-1)
        return pad(share, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y):
        weights = y[..., :-1]
        left = (1 - weights.cumsum(-1)).clamp(min=lucid.finfo(y.dtype).tiny)
        return weights.log() - left.log() + self._log_left(y, weights.shape[-1])

    def log_abs_det_jacobian(self, x, y):
        x = x - self._log_left(x, x.shape[-1])
        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape):
        return _at_least(1, shape)[:-1] + (shape[-1] + 1,)

    def inverse_shape(self, shape):
        return _at_least(1, shape)[:-1] + (shape[-1] - 1,)


@doc()
class CorrCholeskyTransform(Transform):
    """Rows of D (D - 1) / 2 numbers to Cholesky factors of D by D correlation matrices.

    References
    ----------
    D. Lewandowski, D. Kurowicka, H. Joe, "Generating random correlation matrices based on vines and extended
    onion method" (2009).

    Examples
    --------
    >>> factor = lucid.distributions.transforms.CorrCholeskyTransform()(lucid.ones(3))
    >>> (factor @ factor.mT).diagonal().allclose(lucid.ones(3))
    True
    """

    domain, codomain = constraints.real_vector, constraints.corr_cholesky
    bijective = True

    def _call(self, x):
        eps = lucid.finfo(x.dtype).eps
        r = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - r**2).sqrt().cumprod(-1)
        return (r + lucid.eye(r.shape[-1], dtype=r.dtype)) * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y):
        left = pad((1 - (y * y).cumsum(dim=-1))[..., :-1], [1, 0], value=1)
        t = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x, y, intermediates=None):
        left = tril_matrix_to_vec(1 - (y * y).cumsum(dim=-1), diag=-2)
        return 0.5 * left.log().sum(-1) - 2 * (x + softplus(-2 * x) - math.log(2.0)).sum(dim=-1)

    def forward_shape(self, shape):
        n = _at_least(1, shape)[-1]
        d = round((0.25 + 2 * n) ** 0.5 + 0.5)
        if d * (d - 1) // 2 != n:
            raise ValueError(f"Input is not a flattened lower-diagonal number: {n} is no D (D - 1) / 2")
        return shape[:-1] + (d, d)

    def inverse_shape(self, shape):
        d = _at_least(2, shape)[-1]
        if shape[-2] != d:
            raise ValueError(f"Input is not square: {tuple(shape)}")
        return shape[:-2] + (d * (d - 1) // 2,)


@doc()
class LowerCholeskyTransform(_Plain):
    """Matrices to lower triangular ones with a positive diagonal, by the exponentials of the diagonal.

    Examples
    --------
    >>> lucid.distributions.transforms.LowerCholeskyTransform()(lucid.zeros(2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    domain, codomain = constraints.independent(constraints.real, 2), constraints.lower_cholesky

    def _call(self, x):
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y):
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


@doc()
class PositiveDefiniteTransform(_Plain):
    """Matrices to positive definite ones: the product of what `LowerCholeskyTransform` gives with its transpose.

    Examples
    --------
    >>> lucid.distributions.transforms.PositiveDefiniteTransform()(lucid.zeros(2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    domain, codomain = constraints.independent(constraints.real, 2), constraints.positive_definite

    def _call(self, x):
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y):
        return LowerCholeskyTransform().inv(lucid.linalg.cholesky(y))
