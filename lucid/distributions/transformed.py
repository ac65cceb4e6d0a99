"""Distributions of what transforms make of samples, the named ones among them, and mixtures.

A class names its base distribution and its transforms; samples, densities and cumulative distributions follow.
"""

from __future__ import annotations

import math

import lucid
from lucid.autograd.modes import no_grad
from lucid.distributions import constraints
from lucid.distributions.continuous import LOCATION_SCALE, Cauchy, Exponential, Normal, Uniform
from lucid.distributions.discrete import Categorical, _Binary, _OfCategorical
from lucid.distributions.distribution import Distribution, Independent, validated
from lucid.distributions.gamma import Gamma
from lucid.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    StickBreakingTransform,
    Transform,
)
from lucid.distributions.utils import EULER, _sum_rightmost, broadcast_all, clamp_probs
from lucid.ops._doc import doc

__all__ = [
    "Gumbel", "HalfCauchy", "HalfNormal", "InverseGamma", "Kumaraswamy", "LogNormal", "LogisticNormal", "MixtureSameFamily",
    "Pareto", "RelaxedBernoulli", "RelaxedOneHotCategorical", "TransformedDistribution", "Weibull",
]  # fmt: skip


@doc()
class TransformedDistribution(Distribution):
    """The distribution of samples of another one, transformed.

    Parameters
    ----------
    base_distribution : Distribution
        Of what is transformed.
    transforms : Transform or list of Transform
        The first is applied first.

    Raises
    ------
    ValueError
        If what is no transform is given, or the base has fewer dimensions than the transforms need.

    Examples
    --------
    >>> D = lucid.distributions
    >>> logistic = D.TransformedDistribution(D.Uniform(0.0, 1.0), [D.SigmoidTransform().inv, D.AffineTransform(1.0, 2.0)])
    >>> logistic.cdf(lucid.tensor(1.0))
    Tensor(0.5)
    """

    arg_constraints = {}

    def __init__(self, base_distribution: Distribution, transforms, validate_args: bool | None = None):
        self.transforms = [transforms] if isinstance(transforms, Transform) else transforms
        if not (isinstance(self.transforms, list) and all(isinstance(one, Transform) for one in self.transforms)):
            raise ValueError(f"transforms must be a Transform or a list of Transforms, but was {transforms}")
        transform = ComposeTransform(self.transforms)
        domain, codomain = transform.domain.event_dim, transform.codomain.event_dim
        base_shape = base_distribution.batch_shape + base_distribution.event_shape
        ndim = len(base_distribution.event_shape)
        if len(base_shape) < domain:
            raise ValueError(
                f"base_distribution needs to have shape with size at least {domain}, but got {tuple(base_shape)}."
            )
        shape = transform.forward_shape(base_shape)
        expanded = transform.inverse_shape(shape)
        if base_shape != expanded:
            base_distribution = base_distribution.expand(expanded[: len(expanded) - ndim])
        if domain > ndim:
            base_distribution = Independent(base_distribution, domain - ndim)
        self.base_dist = base_distribution
        cut = len(shape) - max(codomain, ndim + codomain - domain)
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def _batch_shape_of(self, part, batch_shape):
        shape = ComposeTransform(self.transforms).inverse_shape(batch_shape + self.event_shape)
        return shape[: len(shape) - len(part.event_shape)]

    @constraints.dependent_property(is_discrete=False)
    def support(self):
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        more = len(self.event_shape) - support.event_dim
        return constraints.independent(support, more) if more > 0 else support

    has_rsample = property(lambda self: self.base_dist.has_rsample)

    def sample(self, sample_shape=()):
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape=()):
        return self._forward(self.base_dist.rsample(sample_shape))

    def _forward(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x

    @validated
    def log_prob(self, value):
        ndim, total, y = len(self.event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            ndim += transform.domain.event_dim - transform.codomain.event_dim
            total = total - _sum_rightmost(transform.log_abs_det_jacobian(x, y), ndim - transform.domain.event_dim)
            y = x
        return total + _sum_rightmost(self.base_dist.log_prob(y), ndim - len(self.base_dist.event_shape))

    def _monotonized(self, p):
        """A probability, or what is left to 1 where the transforms fall."""
        sign = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5

    def cdf(self, value):
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._monotonized(self.base_dist.cdf(value))

    def icdf(self, value):
        return self._forward(self.base_dist.icdf(self._monotonized(value)))


def _of_base(name):
    """A parameter that the base distribution keeps."""
    return property(lambda self: getattr(self.base_dist, name), doc=f"As it was given: `{name}` of the base distribution.")


@doc()
class LogNormal(TransformedDistribution):
    r"""The distribution of the exponential of a normal sample.

    Parameters
    ----------
    loc, scale : Tensor or float
        Mean and standard deviation of the logarithm; scale is positive.

    Examples
    --------
    >>> lucid.distributions.LogNormal(0.0, 1.0).cdf(lucid.tensor(1.0))
    Tensor(0.5)
    """

    arg_constraints = LOCATION_SCALE
    support = constraints.positive
    has_rsample = True
    loc, scale = _of_base("loc"), _of_base("scale")

    def __init__(self, loc, scale, validate_args: bool | None = None):
        super().__init__(Normal(loc, scale, validate_args=validate_args), ExpTransform(), validate_args=validate_args)

    mean = property(lambda self: (self.loc + self.scale.pow(2) / 2).exp())
    mode = property(lambda self: (self.loc - self.scale.square()).exp())
    variance = property(lambda self: self.scale.pow(2).expm1() * (2 * self.loc + self.scale.pow(2)).exp())

    def entropy(self):
        return self.base_dist.entropy() + self.loc


class _Half(TransformedDistribution):
    """The absolute value of a sample that is symmetric around 0."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    scale = _of_base("scale")
    mode = property(lambda self: lucid.zeros_like(self.scale))

    def __init__(self, scale, validate_args: bool | None = None):
        super().__init__(self._whole(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    @validated
    def log_prob(self, value):
        value = lucid.as_tensor(value, dtype=self.scale.dtype)
        return lucid.where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    @validated
    def cdf(self, value):
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob):
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self):
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(_Half):
    """The distribution of the absolute value of a normal sample of mean 0.

    Parameters
    ----------
    scale : Tensor or float
        The normal distribution's standard deviation, positive.
    validate_args : bool, optional
        Whether arguments are checked.

    Examples
    --------
    >>> lucid.distributions.HalfNormal(2.0).cdf(lucid.tensor(0.0))
    Tensor(0.0)
    """

    _whole = Normal
    mean = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance = property(lambda self: self.scale.pow(2) * (1 - 2 / math.pi))


class HalfCauchy(_Half):
    """The distribution of the absolute value of a Cauchy sample around 0.

    Parameters
    ----------
    scale : Tensor or float
        The median, positive.
    validate_args : bool, optional
        Whether arguments are checked.

    Examples
    --------
    >>> lucid.distributions.HalfCauchy(2.0).cdf(lucid.tensor(2.0))
    Tensor(0.5)
    """

    _whole = Cauchy
    mean = property(lambda self: self._full(math.inf))
    variance = property(lambda self: self.base_dist.variance)


@doc()
class InverseGamma(TransformedDistribution):
    """The distribution of the reciprocal of a gamma sample.

    Parameters
    ----------
    concentration, rate : Tensor or float
        The gamma distribution's parameters, positive.

    Examples
    --------
    >>> lucid.distributions.InverseGamma(lucid.tensor([1.0, 3.0]), 4.0).mean
    Tensor([inf, 2.0])
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True
    concentration, rate = _of_base("concentration"), _of_base("rate")

    def __init__(self, concentration, rate, validate_args: bool | None = None):
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    mode = property(lambda self: self.rate / (self.concentration + 1))

    @property
    def mean(self):
        a = self.concentration
        return lucid.where(a > 1, self.rate / (a - 1), math.inf)

    @property
    def variance(self):
        a = self.concentration
        return lucid.where(a > 2, self.rate.square() / ((a - 1).square() * (a - 2)), math.inf)

    def entropy(self):
        a = self.concentration
        return a + self.rate.log() + a.lgamma() - (1 + a) * a.digamma()


@doc()
class Gumbel(TransformedDistribution):
    r"""The Gumbel distribution, :math:`P(X \le x) = \exp(-\exp(-(x - \mu) / \beta))`.

    Parameters
    ----------
    loc : Tensor or float
        The mode :math:`\mu`.
    scale : Tensor or float
        The width :math:`\beta`, positive.

    Examples
    --------
    >>> lucid.distributions.Gumbel(1.0, 2.0).mode
    Tensor(1.0)
    """

    arg_constraints = LOCATION_SCALE
    support = constraints.real

    def __init__(self, loc, scale, validate_args: bool | None = None):
        self._keep(loc=loc, scale=scale)
        limits = lucid.finfo(self.loc.dtype)
        low, high = (lucid.full_like(self.loc, bound) for bound in (limits.tiny, 1 - limits.eps))
        log = ExpTransform().inv
        transforms = [
            log, AffineTransform(loc=0, scale=-lucid.ones_like(self.scale)), log, AffineTransform(loc=self.loc, scale=-self.scale),
        ]  # fmt: skip
        super().__init__(Uniform(low, high, validate_args=validate_args), transforms, validate_args=validate_args)

    mean = property(lambda self: self.loc + self.scale * EULER)
    mode = property(lambda self: self.loc)
    stddev = property(lambda self: math.pi / math.sqrt(6) * self.scale)
    variance = property(lambda self: self.stddev.pow(2))

    @validated
    def log_prob(self, value):
        y = (self.loc - value) / self.scale
        return y - y.exp() - self.scale.log()

    def entropy(self):
        return self.scale.log() + (1 + EULER)


@doc()
class Weibull(TransformedDistribution):
    r"""The Weibull distribution, :math:`P(X > x) = \exp(-(x / \lambda)^k)`.

    Parameters
    ----------
    scale : Tensor or float
        :math:`\lambda`, positive.
    concentration : Tensor or float
        The shape :math:`k`, positive.

    Examples
    --------
    >>> lucid.distributions.Weibull(2.0, 1.0).mean
    Tensor(2.0)
    """

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale, concentration, validate_args: bool | None = None):
        self._keep(scale=scale, concentration=concentration)
        base = Exponential(lucid.ones_like(self.scale), validate_args=validate_args)
        transforms = [PowerTransform(self.concentration_reciprocal), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    concentration_reciprocal = property(lambda self: self.concentration.reciprocal(), doc="1 / concentration.")
    mean = property(lambda self: self.scale * self._moment(1))

    def _moment(self, n):
        """The n-th moment at scale 1."""
        return (1 + n * self.concentration_reciprocal).lgamma().exp()

    @property
    def mode(self):
        k = self.concentration
        return self.scale * ((k - 1) / k) ** k.reciprocal()

    @property
    def variance(self):
        return self.scale.pow(2) * (self._moment(2) - (2 * (1 + self.concentration_reciprocal).lgamma()).exp())

    def entropy(self):
        r = self.concentration_reciprocal
        return EULER * (1 - r) + (self.scale * r).log() + 1


@doc()
class Pareto(TransformedDistribution):
    r"""The Pareto distribution, :math:`P(X > x) = (s / x)^\alpha` from :math:`s` on.

    Parameters
    ----------
    scale : Tensor or float
        The least value :math:`s`, positive.
    alpha : Tensor or float
        :math:`\alpha`, positive.

    Examples
    --------
    >>> lucid.distributions.Pareto(1.0, lucid.tensor([0.5, 2.0])).mean
    Tensor([inf, 2.0])
    """

    arg_constraints = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale, alpha, validate_args: bool | None = None):
        self._keep(scale=scale, alpha=alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        transforms = [ExpTransform(), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        return constraints.greater_than_eq(self.scale)

    mode = property(lambda self: self.scale)

    @property
    def mean(self):
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def variance(self):
        a = self.alpha.clamp(min=2)
        return self.scale.pow(2) * a / ((a - 1).pow(2) * (a - 2))

    def entropy(self):
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


@doc()
class Kumaraswamy(TransformedDistribution):
    r"""The Kumaraswamy distribution on [0, 1], :math:`P(X > x) = (1 - x^a)^b`.

    Parameters
    ----------
    concentration1, concentration0 : Tensor or float
        :math:`a` and :math:`b`, positive.

    Examples
    --------
    >>> lucid.distributions.Kumaraswamy(1.0, 1.0).mean
    Tensor(0.5)
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args: bool | None = None):
        self._keep(concentration1=concentration1, concentration0=concentration0)
        a, b = self.concentration1, self.concentration0
        base = Uniform(lucid.zeros_like(b), lucid.ones_like(b), validate_args=validate_args)
        transforms = [PowerTransform(b.reciprocal()), AffineTransform(loc=1.0, scale=-1.0), PowerTransform(a.reciprocal())]
        super().__init__(base, transforms, validate_args=validate_args)

    def _moment(self, n):
        b, x = self.concentration0, 1 + n / self.concentration1
        return b * (x.lgamma() + b.lgamma() - (x + b).lgamma()).exp()

    mean = property(lambda self: self._moment(1))
    variance = property(lambda self: self._moment(2) - self.mean.pow(2))

    @property
    def mode(self):
        a, b = self.concentration1, self.concentration0
        log_mode = b.reciprocal() * (-b).log1p() - (-b * a).log1p()
        return log_mode.masked_fill((b < 1) | (a < 1), math.nan).exp()

    def entropy(self):
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()


@doc()
class LogisticNormal(TransformedDistribution):
    """The distribution of rows of weights that `StickBreakingTransform` makes of normal samples.

    Parameters
    ----------
    loc, scale : Tensor or float
        Of shape (..., K), the normal distributions' parameters; the weights are K + 1.

    Examples
    --------
    >>> lucid.distributions.LogisticNormal(lucid.zeros(3), lucid.ones(3)).sample().shape
    lucid.Size([4])
    """

    arg_constraints = LOCATION_SCALE
    support = constraints.simplex
    has_rsample = True
    loc = property(lambda self: self.base_dist.base_dist.loc, doc="The mean before the transform.")
    scale = property(lambda self: self.base_dist.base_dist.scale, doc="The standard deviation before the transform.")

    def __init__(self, loc, scale, validate_args: bool | None = None):
        base = Normal(loc, scale, validate_args=validate_args)
        base = base if base.batch_shape else base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)


# ---------------------------------------------------------------------------------------------- relaxed categories


@doc()
class LogitRelaxedBernoulli(_Binary):
    r"""The log-odds of `RelaxedBernoulli`: a logistic sample, shifted by `logits`, over the temperature.

    Parameters
    ----------
    temperature : Tensor
        Positive.
    probs, logits : Tensor or float, optional
        The probability of 1, or its log-odds; one of both is given.

    Examples
    --------
    >>> from lucid.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
    >>> LogitRelaxedBernoulli(lucid.tensor(0.5), 0.5).log_prob(lucid.tensor(0.0)).exp()
    Tensor(0.125)
    """

    support = constraints.real

    def __init__(self, temperature, probs=None, logits=None, validate_args: bool | None = None):
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(lucid.rand(shape, dtype=probs.dtype))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    @validated
    def log_prob(self, value):
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value * self.temperature
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


@doc()
class RelaxedBernoulli(TransformedDistribution):
    """A smooth relative of `Bernoulli` on (0, 1), whose samples tend to 0 and 1 with the temperature to 0.

    Parameters
    ----------
    temperature : Tensor
        Positive.
    probs : Tensor or float, optional
        The probability of 1.
    logits : Tensor or float, optional
        Its log-odds; one of both is given.

    References
    ----------
    C. J. Maddison et al., "The concrete distribution" (2017).

    Examples
    --------
    >>> soft = lucid.distributions.RelaxedBernoulli(lucid.tensor(0.5), lucid.tensor([0.1, 0.9]))
    >>> soft.rsample((3,)).shape
    lucid.Size([3, 2])
    """

    arg_constraints = _Binary.arg_constraints
    support = constraints.unit_interval
    has_rsample = True
    temperature, logits, probs = _of_base("temperature"), _of_base("logits"), _of_base("probs")

    def __init__(self, temperature, probs=None, logits=None, validate_args: bool | None = None):
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)


@doc()
class ExpRelaxedCategorical(_OfCategorical):
    """The logarithm of `RelaxedOneHotCategorical`.

    Parameters
    ----------
    temperature : Tensor
        Positive.
    probs, logits : Tensor, optional
        Of shape (..., K): weights, or their logarithms; one of both is given.

    Examples
    --------
    >>> from lucid.distributions.relaxed_categorical import ExpRelaxedCategorical
    >>> ExpRelaxedCategorical(lucid.tensor(0.5), lucid.ones(3)).rsample().logsumexp(0).abs() < 1e-6
    Tensor(True)
    """

    support = constraints.real_vector
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args: bool | None = None):
        self.temperature = temperature
        super().__init__(Categorical(probs, logits), validate_args)

    def rsample(self, sample_shape=()):
        u = clamp_probs(lucid.rand(self._extended_shape(sample_shape), dtype=self.logits.dtype))
        scores = (self.logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    @validated
    def log_prob(self, value):
        k = self._event_shape[0]
        logits, value = broadcast_all(self.logits, value)
        score = logits - value * self.temperature
        score = (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1)
        return score + math.lgamma(k) + (k - 1) * self.temperature.log()


@doc()
class RelaxedOneHotCategorical(TransformedDistribution):
    """A smooth relative of `OneHotCategorical` on rows that sum to 1, which tend to one-hot with the temperature to 0.

    Parameters
    ----------
    temperature : Tensor
        Positive.
    probs : Tensor, optional
        Of shape (..., K): weights that are not negative.
    logits : Tensor, optional
        Logarithms of weights; one of both is given.

    References
    ----------
    E. Jang, S. Gu, B. Poole, "Categorical reparameterization with Gumbel-softmax" (2017).

    Examples
    --------
    >>> soft = lucid.distributions.RelaxedOneHotCategorical(lucid.tensor(0.5), lucid.ones(3))
    >>> soft.rsample((2,)).shape
    lucid.Size([2, 3])
    """

    arg_constraints = Categorical.arg_constraints
    support = constraints.simplex
    has_rsample = True
    temperature, logits, probs = _of_base("temperature"), _of_base("logits"), _of_base("probs")

    def __init__(self, temperature, probs=None, logits=None, validate_args: bool | None = None):
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)


# ---------------------------------------------------------------------------------------------- mixtures


@doc()
class MixtureSameFamily(Distribution):
    """A mixture of the distributions along the last dimension of a batch.

    Parameters
    ----------
    mixture_distribution : Categorical
        Of the components, with their weights.
    component_distribution : Distribution
        Whose batch ends in the number of components.

    Raises
    ------
    ValueError
        If the first is no Categorical, the second no Distribution, or their batches do not fit.

    Examples
    --------
    >>> D = lucid.distributions
    >>> mixture = D.MixtureSameFamily(D.Categorical(lucid.ones(2)), D.Normal(lucid.tensor([-1.0, 1.0]), 0.5))
    >>> mixture.mean, mixture.variance
    (Tensor(0.0), Tensor(1.25))
    """

    arg_constraints = {}

    def __init__(self, mixture_distribution: Categorical, component_distribution: Distribution, validate_args: bool | None = None):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                f"The mixture distribution needs to be an instance of Categorical, not {type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                f"The component distribution needs to be an instance of Distribution, not {type(component_distribution).__name__}"
            )
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        mixed, batch = mixture_distribution.batch_shape, component_distribution.batch_shape
        if any(1 not in (i, j) and i != j for i, j in zip(reversed(mixed), reversed(batch[:-1]))):
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({mixed}) is not compatible with "
                f"`component_distribution.batch_shape`({batch[:-1]})"
            )
        weights = mixture_distribution.logits.shape[-1]
        if weights != batch[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({weights}) does not equal `component_distribution.batch_shape[-1]` ({batch[-1]})"
            )
        super().__init__(batch[:-1], component_distribution.event_shape, validate_args=validate_args)

    mixture_distribution = property(lambda self: self._mixture_distribution, doc="Of the components.")
    component_distribution = property(lambda self: self._component_distribution, doc="The components.")

    @constraints.dependent_property
    def support(self):
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    def _weighted(self, x):
        """The sum over components with their weights."""
        probs = self._mixture_distribution.probs
        ndim = len(self._event_shape)
        return (probs.reshape(probs.shape + (1,) * ndim) * x).sum(-1 - ndim)

    def _each(self, x):
        """A value for each component."""
        return x.unsqueeze(-1 - len(self._event_shape))

    mean = property(lambda self: self._weighted(self._component_distribution.mean))

    @property
    def variance(self):
        one = self._component_distribution
        return self._weighted(one.variance) + self._weighted((one.mean - self._each(self.mean)).pow(2.0))

    def cdf(self, x):
        return (self._component_distribution.cdf(self._each(x)) * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, x):
        if self._validate_args:
            self._validate_sample(x)
        log_weights = self._mixture_distribution.logits.log_softmax(-1)
        return (self._component_distribution.log_prob(self._each(x)) + log_weights).logsumexp(-1)

    @no_grad
    def sample(self, sample_shape=()):
        chosen = self._mixture_distribution.sample(sample_shape)
        samples = self._component_distribution.sample(sample_shape)
        dim, event = len(sample_shape) + len(self._batch_shape), self._event_shape
        index = chosen.reshape(chosen.shape + (1,) * (len(event) + 1)).expand(chosen.shape + (1,) + event)
        return samples.gather(dim, index).squeeze(dim)

    def __repr__(self):
        return f"{type(self).__name__}(\n  {self._mixture_distribution},\n  {self._component_distribution})"
