"""What all distributions share.

A distribution keeps its parameters as attributes under the names in `arg_constraints`. Their shapes end in the shape of
an event; what is in front of it is the batch. From this follow, for every class at once: the checks of arguments and
of values (`validated`), `expand`, and `repr`. A class adds its constraints, `log_prob`, a way to draw, and moments.
"""

from __future__ import annotations

import warnings
from functools import wraps

import lucid
from lucid.autograd.modes import no_grad
from lucid.distributions import constraints
from lucid.distributions.utils import _sum_rightmost, broadcast_all, lazy_property
from lucid.ops._doc import doc
from lucid.tensor import Size, Tensor

__all__ = ["Distribution", "ExponentialFamily", "Independent"]


def validated(method):
    """A method of a value, which is checked first if the distribution validates."""

    @wraps(method)
    def checked(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return method(self, value)

    return checked


class Distribution:
    """A probability distribution: what all of them have.

    Parameters
    ----------
    batch_shape : Size, optional
        Of the distributions in the batch, none of which depends on another.
    event_shape : Size, optional
        Of one sample of one of them.
    validate_args : bool, optional
        Whether parameters and values are checked; as `set_default_validate_args` says otherwise.

    Raises
    ------
    ValueError
        If a parameter violates its constraint.

    Examples
    --------
    >>> class Always(lucid.distributions.Distribution):
    ...     arg_constraints = {}
    ...     def sample(self, sample_shape=()):
    ...         return lucid.ones(self._extended_shape(sample_shape))
    >>> Always().sample((2,))
    Tensor([1.0, 1.0])
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Have arguments checked by default or not. Checks cost time; they are on unless Python runs with -O."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(self, batch_shape=Size(), event_shape=Size(), validate_args: bool | None = None):  # noqa: B008
        self._batch_shape, self._event_shape = batch_shape, event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()
        super().__init__()

    def _keep(self, **parameters):
        """Keep parameters, broadcast against each other; returns their shape."""
        for name, value in zip(parameters, broadcast_all(*parameters.values())):
            setattr(self, name, value)
        return value.shape

    def _validate_parameters(self):
        try:
            arg_constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or initialize the "
                "distribution with `validate_args=False` to turn off validation.", stacklevel=4,
            )  # fmt: skip
            return
        for name, constraint in arg_constraints.items():
            given = name in vars(self) or not isinstance(getattr(type(self), name, None), lazy_property)
            if given and not constraints.is_dependent(constraint):
                value = getattr(self, name)
                if not constraint.check(value).all():
                    raise ValueError(
                        f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                        f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                    )

    def expand(self, batch_shape, _instance=None):
        """The same distribution with its batch expanded to `batch_shape`; takes no new memory, checks nothing again."""
        new = self._get_checked_instance(type(self), _instance)
        batch_shape, ndim, parameters = Size(batch_shape), len(self._batch_shape), self._parameter_names()
        for name, value in list(vars(self).items()):
            if isinstance(value, Distribution):
                value = value.expand(self._batch_shape_of(value, batch_shape))
            elif isinstance(value, Tensor) and name in parameters:
                value = value.expand(batch_shape + value.shape[ndim:])
            elif isinstance(getattr(type(self), name, None), lazy_property):
                continue
            setattr(new, name, value)
        new._batch_shape = batch_shape
        return new

    def _parameter_names(self):
        """Those in `arg_constraints`, of the classes that it is derived from too."""
        own = (vars(kind).get("arg_constraints") for kind in type(self).__mro__)
        return set(self.arg_constraints).union(*(names for names in own if isinstance(names, dict)))

    def _batch_shape_of(self, part, batch_shape):
        """The batch of a distribution that this one is made of, where its own is `batch_shape`."""
        return batch_shape + part._batch_shape[len(self._batch_shape) :]

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict:
        """The constraint of each parameter by its name."""
        raise NotImplementedError

    @property
    def support(self) -> constraints.Constraint:
        """The constraint that samples satisfy."""
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The mode."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape=()) -> Tensor:
        """Samples of shape `sample_shape + batch_shape + event_shape`, which no gradient passes."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=()) -> Tensor:
        """Samples of the same shape, differentiable by the parameters. NotImplementedError where `has_rsample` is False."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`, which it is deprecated for."""
        warnings.warn("`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2)
        return self.sample(Size((n,)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        raise NotImplementedError

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of being at most a value."""
        raise NotImplementedError

    def icdf(self, value: Tensor) -> Tensor:
        """The value that a sample is at most with this probability."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution along a new first dimension; the batch's are 1 if `expand` is False."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy in nats, of the batch's shape."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """The exponential of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape=()) -> Size:
        return Size(Size(sample_shape) + self._batch_shape + self._event_shape)

    def _full(self, value) -> Tensor:
        """A moment that is the same number everywhere, of a distribution whose first parameter says the dtype."""
        parameter = next(getattr(self, name) for name in self.arg_constraints)
        return lucid.full(self._extended_shape(), value, dtype=parameter.dtype)

    def _support_indices(self, count: int, dtype, expand: bool) -> Tensor:
        """0 to count - 1 along a new dimension in front of the batch."""
        values = lucid.arange(count, dtype=dtype).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values

    def _validate_sample(self, value: Tensor) -> None:
        """Raise ValueError for what is no tensor, does not end in `event_shape`, does not broadcast, or is not in `support`."""
        if not isinstance(value, Tensor):
            raise ValueError(f"The value argument to log_prob must be a Tensor, but got {type(value).__name__}")
        shape, expected = value.shape, self._batch_shape + self._event_shape
        if shape[len(shape) - len(self._event_shape) :] != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {shape} vs {self._event_shape}.")
        if any(1 not in (i, j) and i != j for i, j in zip(reversed(shape), reversed(expected))):
            raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {shape} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please initialize the distribution "
                "with `validate_args=False` to turn off validation.", stacklevel=3,
            )  # fmt: skip
            return
        if not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls, _instance=None):
        """What `expand` of a class fills: the instance that a subclass gave, or a new one if there is no other `__init__`."""
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also define "
                "a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

    def __repr__(self):
        parameters = {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}
        shown = (f"{name}: {one if one.numel() == 1 else one.size()}" for name, one in parameters.items())
        return f"{type(self).__name__}({', '.join(shown)})"


class ExponentialFamily(Distribution):
    r"""Distributions of the form :math:`h(x) \exp(\langle \theta, t(x) \rangle - F(\theta))`.

    A class gives :math:`\theta` as `_natural_params`, :math:`F` as `_log_normalizer`, and the mean of
    :math:`\log h(x)` as `_mean_carrier_measure`; then its entropy is
    :math:`F(\theta) - \langle \theta, \nabla F(\theta) \rangle` less the latter, and so is the divergence of two of
    a class found, by automatic differentiation.

    Parameters
    ----------
    batch_shape, event_shape, validate_args
        As for `Distribution`.

    References
    ----------
    F. Nielsen, R. Nock, "Entropies and cross-entropies of exponential families" (2010).

    Examples
    --------
    >>> issubclass(lucid.distributions.Gamma, lucid.distributions.ExponentialFamily)
    True
    """

    @property
    def _natural_params(self):
        raise NotImplementedError

    def _log_normalizer(self, *natural_params):
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self):
        raise NotImplementedError

    def _log_normalizer_and_gradient(self):
        """The natural parameters, the log-normalizer of each distribution, and its gradients."""
        parameters = [one.detach().requires_grad_() for one in self._natural_params]
        value = self._log_normalizer(*parameters)
        return parameters, value, lucid.autograd.grad(value.sum(), parameters, create_graph=True)

    def entropy(self):
        """The entropy in nats, of the batch's shape."""
        result = -self._mean_carrier_measure
        parameters, value, gradients = self._log_normalizer_and_gradient()
        result += value
        for parameter, gradient in zip(parameters, gradients):
            result = result - (parameter * gradient).reshape(self._batch_shape + (-1,)).sum(-1)
        return result


@doc()
class Independent(Distribution):
    """A distribution of which the last dimensions of the batch are part of the event.

    Parameters
    ----------
    base_distribution : Distribution
        What it is made of.
    reinterpreted_batch_ndims : int
        The number of those dimensions.

    Raises
    ------
    ValueError
        If the batch has fewer dimensions.

    Examples
    --------
    >>> normal = lucid.distributions.Normal(lucid.zeros(2, 3), 1.0)
    >>> rows = lucid.distributions.Independent(normal, 1)
    >>> rows.batch_shape, rows.event_shape
    (lucid.Size([2]), lucid.Size([3]))
    >>> rows.log_prob(lucid.zeros(2, 3)).shape
    lucid.Size([2])
    """

    arg_constraints = {}

    def __init__(self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None):
        ndim, batch = reinterpreted_batch_ndims, base_distribution.batch_shape
        if ndim > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
                f"actual {ndim} vs {len(batch)}"
            )
        shape, cut = batch + base_distribution.event_shape, len(batch) - ndim
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, ndim
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    has_rsample = property(lambda self: self.base_dist.has_rsample)
    has_enumerate_support = property(
        lambda self: not self.reinterpreted_batch_ndims and self.base_dist.has_enumerate_support
    )
    mean = property(lambda self: self.base_dist.mean)
    mode = property(lambda self: self.base_dist.mode)
    variance = property(lambda self: self.base_dist.variance)

    @constraints.dependent_property
    def support(self):
        support = self.base_dist.support
        return constraints.independent(support, self.reinterpreted_batch_ndims) if self.reinterpreted_batch_ndims else support

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        return _sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self):
        return _sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True):
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand=expand)

    def __repr__(self):
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"
