"""Distributions of counts and categories.

Most are given by probabilities or by logits, of which the other is computed when it is asked for: `_Binary` for
log-odds of one event, `Categorical` for logarithms of weights; those of one category among several hold a `Categorical`.
"""

from __future__ import annotations

import math

import lucid
from lucid.autograd.modes import no_grad
from lucid.distributions import constraints
from lucid.distributions.distribution import Distribution, ExponentialFamily, validated
from lucid.distributions.gamma import Gamma
from lucid.distributions.utils import broadcast_all, lazy_property, logits_to_probs, probs_to_logits
from lucid.nn.functional import binary_cross_entropy_with_logits, logsigmoid, one_hot
from lucid.ops._doc import doc, like
from lucid.tensor import Size

__all__ = [
    "Bernoulli", "Binomial", "Categorical", "Geometric", "Multinomial", "NegativeBinomial", "OneHotCategorical",
    "OneHotCategoricalStraightThrough", "Poisson",
]  # fmt: skip


def _check_one_given(probs, logits):
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class _Parametrized(Distribution):
    """Given by `probs` or `logits`."""

    _param = property(lambda self: vars(self)["probs" if self._by_probs else "logits"])

    @property
    def param_shape(self) -> Size:
        """The shape of `probs` or `logits`, whichever was given."""
        return self._param.size()

    def _new(self, *args, **kwargs):
        return self._param.new(*args, **kwargs)


class _Binary(_Parametrized):
    """Of an event's probability or log-odds, and of other parameters that come first."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def __init__(self, probs=None, logits=None, validate_args: bool | None = None, **others):
        _check_one_given(probs, logits)
        self._by_probs = probs is not None
        shape = self._keep(**others, **({"probs": probs} if self._by_probs else {"logits": logits}))
        for name in others:
            setattr(self, name, getattr(self, name).type_as(self._param))
        super().__init__(shape, validate_args=validate_args)

    @lazy_property
    def logits(self):
        """The log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=True)


@doc()
class Bernoulli(_Binary, ExponentialFamily):
    """The Bernoulli distribution: 1 with probability `probs`, else 0.

    Parameters
    ----------
    probs : Tensor or float, optional
        The probability of 1.
    logits : Tensor or float, optional
        Its log-odds; one of both is given.

    Raises
    ------
    ValueError
        If both or none of probs and logits are given, or they violate their constraints.

    Examples
    --------
    >>> coin = lucid.distributions.Bernoulli(lucid.tensor([0.25, 0.5]))
    >>> coin.log_prob(lucid.ones(2)).exp()
    Tensor([0.25, 0.5])
    >>> coin.enumerate_support().shape
    lucid.Size([2, 2])
    """

    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(self, probs=None, logits=None, validate_args: bool | None = None):
        super().__init__(probs, logits, validate_args)

    mean = property(lambda self: self.probs)
    mode = property(lambda self: (self.probs >= 0.5).to(self.probs).masked_fill(self.probs == 0.5, math.nan))
    variance = property(lambda self: self.probs * (1 - self.probs))

    def sample(self, sample_shape=()):
        with no_grad():
            return lucid.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    @validated
    def log_prob(self, value):
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self):
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True):
        return self._support_indices(2, self._param.dtype, expand)

    @property
    def _natural_params(self):
        return (lucid.logit(self.probs),)

    def _log_normalizer(self, x):
        return x.exp().log1p()


@doc()
class Geometric(_Binary):
    r"""The number of failures before the first success, of probability :math:`(1 - p)^k p`.

    Parameters
    ----------
    probs : Tensor or float, optional
        The probability of success :math:`p`, positive.
    logits : Tensor or float, optional
        Its log-odds; one of both is given.

    Raises
    ------
    ValueError
        If both or none of probs and logits are given, or they violate their constraints.

    Examples
    --------
    >>> lucid.distributions.Geometric(0.25).mean
    Tensor(3.0)
    """

    support = constraints.nonnegative_integer

    def __init__(self, probs=None, logits=None, validate_args: bool | None = None):
        super().__init__(probs, logits, validate_args)
        if self._validate_args and self._by_probs and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs (Tensor of shape {tuple(self.probs.shape)}) of distribution {self!r} to be "
                f"positive but found invalid values:\n{self.probs[self.probs <= 0]}"
            )

    mean = property(lambda self: 1.0 / self.probs - 1.0)
    mode = property(lambda self: lucid.zeros_like(self.probs))
    variance = property(lambda self: (1.0 / self.probs - 1.0) / self.probs)

    def sample(self, sample_shape=()):
        dtype = self.probs.dtype
        with no_grad():
            u = lucid.empty(self._extended_shape(sample_shape), dtype=dtype).uniform_(lucid.finfo(dtype).tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    @validated
    def log_prob(self, value):
        value, probs = broadcast_all(value, self.probs)
        failure = probs.masked_fill((probs == 1) & (value == 0), 0)
        return value * (-failure).log1p() + self.probs.log()

    def entropy(self):
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs


@doc()
class Binomial(_Binary):
    """The number of successes among `total_count` trials.

    Parameters
    ----------
    total_count : Tensor or int, optional
        The number of trials (default 1).
    probs : Tensor or float, optional
        The probability of success.
    logits : Tensor or float, optional
        Its log-odds; one of both is given.

    Raises
    ------
    ValueError
        If both or none of probs and logits are given, or arguments violate their constraints.

    Examples
    --------
    >>> lucid.distributions.Binomial(2, lucid.tensor(0.5)).enumerate_support()
    Tensor([0.0, 1.0, 2.0])
    """

    arg_constraints = {"total_count": constraints.nonnegative_integer, **_Binary.arg_constraints}
    has_enumerate_support = True

    def __init__(self, total_count=1, probs=None, logits=None, validate_args: bool | None = None):
        super().__init__(probs, logits, validate_args, total_count=total_count)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self.total_count)

    mean = property(lambda self: self.total_count * self.probs)
    mode = property(lambda self: ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count))
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return lucid.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    @validated
    def log_prob(self, value):
        n, logits = self.total_count, self.logits
        # n log(1 + exp(logits)); the positive part has PyTorch's gradient at 0, a half
        positive = (logits.clamp(min=0) + logits - logits.clamp(max=0)) / 2
        normalizer = n * positive + n * (-logits.abs()).exp().log1p() - (n + 1).lgamma()
        return value * logits - lucid.lgamma(value + 1) - (n - value + 1).lgamma() - normalizer

    def _common_count(self, asked) -> int:
        count = int(self.total_count.max())
        if self.total_count.min() != count:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{asked}`.")
        return count

    def entropy(self):
        self._common_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True):
        return self._support_indices(1 + self._common_count("enumerate_support"), self._param.dtype, expand)


@doc()
class NegativeBinomial(_Binary):
    """The number of successes before `total_count` failures.

    Parameters
    ----------
    total_count : Tensor or float
        The number of failures, not negative; it need not be an integer.
    probs : Tensor or float, optional
        The probability of success, less than 1.
    logits : Tensor or float, optional
        Its log-odds; one of both is given.

    Raises
    ------
    ValueError
        If both or none of probs and logits are given, or arguments violate their constraints.

    Examples
    --------
    >>> lucid.distributions.NegativeBinomial(3.0, logits=lucid.tensor(0.0)).variance
    Tensor(6.0)
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0), "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }  # fmt: skip
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args: bool | None = None):
        super().__init__(probs, logits, validate_args, total_count=total_count)

    mean = property(lambda self: self.total_count * self.logits.exp())
    mode = property(lambda self: ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0))
    variance = property(lambda self: self.mean / (-self.logits).sigmoid())

    def sample(self, sample_shape=()):
        with no_grad():
            return lucid.poisson(Gamma(self.total_count, (-self.logits).exp(), validate_args=False).sample(sample_shape))

    @validated
    def log_prob(self, value):
        n = self.total_count
        normalizer = -(n + value).lgamma() + lucid.lgamma(1.0 + value) + n.lgamma()
        normalizer = normalizer.masked_fill(n + value == 0.0, 0.0)
        return n * logsigmoid(-self.logits) + value * logsigmoid(self.logits) - normalizer


@doc()
class Poisson(ExponentialFamily):
    r"""The Poisson distribution, :math:`P(k) = \lambda^k e^{-\lambda} / k!`.

    Parameters
    ----------
    rate : Tensor or float
        The rate :math:`\lambda`, not negative.

    Examples
    --------
    >>> lucid.distributions.Poisson(lucid.tensor([0.5, 4.5])).mode
    Tensor([0.0, 4.0])
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate, validate_args: bool | None = None):
        super().__init__(self._keep(rate=rate), validate_args=validate_args)

    mean = variance = property(lambda self: self.rate)
    mode = property(lambda self: self.rate.floor())

    def sample(self, sample_shape=()):
        with no_grad():
            return lucid.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    @validated
    def log_prob(self, value):
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()

    @property
    def _natural_params(self):
        return (self.rate.log(),)

    def _log_normalizer(self, x):
        return x.exp()


# ---------------------------------------------------------------------------------------------- categories


@doc()
class Categorical(_Parametrized):
    """One of K categories, as an integer from 0 to K - 1.

    Parameters
    ----------
    probs : Tensor, optional
        Of shape (..., K): weights that are not negative; they are scaled to sum to 1.
    logits : Tensor, optional
        Logarithms of weights; one of both is given.

    Raises
    ------
    ValueError
        If both or none of probs and logits are given, have no dimension, or violate their constraints.

    Examples
    --------
    >>> die = lucid.distributions.Categorical(lucid.tensor([1.0, 1.0, 2.0]))
    >>> die.probs
    Tensor([0.25, 0.25, 0.5])
    >>> die.log_prob(lucid.tensor([2, 0])).exp()
    Tensor([0.5, 0.25])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args: bool | None = None):
        _check_one_given(probs, logits)
        self._by_probs = probs is not None
        given = probs if self._by_probs else logits
        if given.dim() < 1:
            raise ValueError(f"`{'probs' if self._by_probs else 'logits'}` parameter must be at least one-dimensional.")
        if self._by_probs:
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self):
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self):
        """The probabilities."""
        return logits_to_probs(self.logits)

    mean = variance = property(lambda self: self._full(math.nan))
    mode = property(lambda self: self.probs.argmax(dim=-1))

    def sample(self, sample_shape=()):
        sample_shape = Size(sample_shape)
        rows = self.probs.reshape(-1, self._num_events)
        return lucid.multinomial(rows, sample_shape.numel(), True).T.reshape(self._extended_shape(sample_shape))

    @validated
    def log_prob(self, value):
        value, log_probs = lucid.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return log_probs.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self):
        logits = self.logits.clamp(min=lucid.finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True):
        return self._support_indices(self._num_events, lucid.int64, expand)


class _OfCategorical(Distribution):
    """One event made of the categories of `_categorical`."""

    arg_constraints = Categorical.arg_constraints

    def __init__(self, categorical: Categorical, validate_args: bool | None = None):
        self._categorical = categorical
        super().__init__(categorical.batch_shape, categorical.param_shape[-1:], validate_args=validate_args)

    logits = property(lambda self: self._categorical.logits, doc="The logarithms of the probabilities.")
    probs = property(lambda self: self._categorical.probs, doc="The probabilities.")
    param_shape = property(lambda self: self._categorical.param_shape, doc="The shape of `probs`.")
    _param = property(lambda self: self._categorical._param)

    def _new(self, *args, **kwargs):
        return self._categorical._new(*args, **kwargs)


@like(Categorical)
class OneHotCategorical(_OfCategorical):
    """One of K categories, as a row of zeros with a 1.

    Examples
    --------
    >>> die = lucid.distributions.OneHotCategorical(lucid.tensor([0.25, 0.75]))
    >>> die.mode
    Tensor([0.0, 1.0])
    """

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args: bool | None = None):
        super().__init__(Categorical(probs, logits), validate_args)

    mean = property(lambda self: self.probs)
    mode = property(lambda self: one_hot(self.probs.argmax(dim=-1), self._event_shape[0]).to(self.probs))
    variance = property(lambda self: self.probs * (1 - self.probs))

    def sample(self, sample_shape=()):
        return one_hot(self._categorical.sample(sample_shape), self._event_shape[0]).to(self.probs)

    @validated
    def log_prob(self, value):
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self):
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True):
        (n,) = self._event_shape
        values = lucid.eye(n, dtype=self._param.dtype).view((n,) + (1,) * len(self._batch_shape) + (n,))
        return values.expand((n,) + self._batch_shape + (n,)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical` whose samples pass their gradient on to the probabilities, as if they were those.

    Parameters
    ----------
    probs, logits, validate_args
        As for `OneHotCategorical`.

    References
    ----------
    Y. Bengio et al., "Estimating or propagating gradients through stochastic neurons" (2013).

    Examples
    --------
    >>> logits = lucid.zeros(2, requires_grad=True)
    >>> die = lucid.distributions.OneHotCategoricalStraightThrough(logits=logits)
    >>> die.rsample().requires_grad
    True
    """

    has_rsample = True

    def rsample(self, sample_shape=()):
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


@doc()
class Multinomial(_OfCategorical):
    """How often each of K categories was drawn in `total_count` draws.

    Parameters
    ----------
    total_count : int, optional
        The number of draws (default 1).
    probs : Tensor, optional
        Of shape (..., K): weights that are not negative; they are scaled to sum to 1.
    logits : Tensor, optional
        Logarithms of weights; one of both is given.

    Raises
    ------
    NotImplementedError
        If total_count is no int.
    ValueError
        If both or none of probs and logits are given, have no dimension, or violate their constraints.

    Examples
    --------
    >>> lucid.distributions.Multinomial(8, lucid.tensor([0.25, 0.75])).mean
    Tensor([2.0, 6.0])
    """

    def __init__(self, total_count: int = 1, probs=None, logits=None, validate_args: bool | None = None):
        if not isinstance(total_count, int):
            raise NotImplementedError(f"inhomogeneous total_count is not supported, got {type(total_count).__name__}")
        self.total_count = total_count
        super().__init__(Categorical(probs=probs, logits=logits), validate_args)
        if total_count < 0:
            Binomial(total_count, probs=self.probs)  # which refuses it

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self):
        return constraints.multinomial(self.total_count)

    mean = property(lambda self: self.probs * self.total_count)
    variance = property(lambda self: self.total_count * self.probs * (1 - self.probs))

    def sample(self, sample_shape=()):
        sample_shape = Size(sample_shape)
        drawn = self._categorical.sample(Size((self.total_count,)) + sample_shape).movedim(0, -1)
        counts = lucid.zeros(self._extended_shape(sample_shape), dtype=drawn.dtype)
        return counts.scatter_add_(-1, drawn, lucid.ones_like(drawn)).type_as(self.probs)

    @validated
    def log_prob(self, value):
        logits, value = broadcast_all(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0)
        return (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1) + (logits * value).sum(-1)

    def entropy(self):
        n = lucid.tensor(self.total_count)
        counts = Binomial(self.total_count, self.probs)
        values = counts.enumerate_support(expand=False)[1:]
        expected = (counts.log_prob(values).exp() * (values + 1).lgamma()).sum([0, -1])
        return n * self._categorical.entropy() - (n + 1).lgamma() + expected
