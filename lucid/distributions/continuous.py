"""Distributions of one real number that are drawn from a uniform, normal, exponential or Cauchy sample.

The sample is scaled and shifted, or sent through the inverse of the cumulative distribution, so gradients pass `rsample`
by the chain rule. Gamma and its kin, which need rules of their own, stand in `gamma.py`.
"""

from __future__ import annotations

import math

import lucid
from lucid.autograd.modes import no_grad
from lucid.distributions import constraints
from lucid.distributions.discrete import _Binary
from lucid.distributions.distribution import Distribution, ExponentialFamily, validated
from lucid.distributions.utils import _standard_normal, broadcast_all, clamp_probs, lazy_property, logits_to_probs
from lucid.nn.functional import binary_cross_entropy_with_logits
from lucid.ops._doc import doc

__all__ = [
    "Cauchy", "ContinuousBernoulli", "Exponential", "GeneralizedPareto", "Laplace", "Normal", "Uniform", "VonMises",
]  # fmt: skip

LOCATION_SCALE = {"loc": constraints.real, "scale": constraints.positive}


@doc()
class Normal(ExponentialFamily):
    r"""The normal distribution, of density :math:`\exp(-(x - \mu)^2 / 2 \sigma^2) / \sqrt{2 \pi \sigma^2}`.

    Parameters
    ----------
    loc : Tensor or float
        The mean :math:`\mu`.
    scale : Tensor or float
        The standard deviation :math:`\sigma`, positive.

    Examples
    --------
    >>> normal = lucid.distributions.Normal(lucid.tensor([0.0, 1.0]), 2.0)
    >>> normal.cdf(lucid.tensor(1.0))[1].item()
    0.5
    >>> normal.sample((4,)).shape
    lucid.Size([4, 2])
    """

    arg_constraints = LOCATION_SCALE
    support = constraints.real
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, loc, scale, validate_args: bool | None = None):
        super().__init__(self._keep(loc=loc, scale=scale), validate_args=validate_args)

    mean = mode = property(lambda self: self.loc)
    stddev = property(lambda self: self.scale)
    variance = property(lambda self: self.scale.pow(2))

    def sample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return lucid.normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape=()):
        return self.loc + _standard_normal(self._extended_shape(sample_shape), self.loc.dtype) * self.scale

    @validated
    def log_prob(self, value):
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - 0.5 * math.log(2 * math.pi)

    @validated
    def cdf(self, value):
        return 0.5 * (1 + lucid.erf((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value):
        return self.loc + self.scale * lucid.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self):
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    @property
    def _natural_params(self):
        return self.loc / self.scale.pow(2), -0.5 * self.scale.pow(2).reciprocal()

    def _log_normalizer(self, x, y):
        return -0.25 * x.pow(2) / y + 0.5 * (-math.pi / y).log()


@doc()
class Laplace(Distribution):
    r"""The Laplace distribution, of density :math:`\exp(-|x - \mu| / b) / 2b`.

    Parameters
    ----------
    loc : Tensor or float
        The mean :math:`\mu`.
    scale : Tensor or float
        The width :math:`b`, positive.

    Examples
    --------
    >>> lucid.distributions.Laplace(0.0, 0.5).log_prob(lucid.tensor([0.0, 1.0]))
    Tensor([-0.0, -2.0])
    """

    arg_constraints = LOCATION_SCALE
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args: bool | None = None):
        super().__init__(self._keep(loc=loc, scale=scale), validate_args=validate_args)

    mean = mode = property(lambda self: self.loc)
    variance = property(lambda self: 2 * self.scale.pow(2))
    stddev = property(lambda self: 2**0.5 * self.scale)

    def rsample(self, sample_shape=()):
        dtype = self.loc.dtype
        u = lucid.empty(self._extended_shape(sample_shape), dtype=dtype).uniform_(lucid.finfo(dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    @validated
    def log_prob(self, value):
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    @validated
    def cdf(self, value):
        distance = value - self.loc
        return 0.5 - 0.5 * distance.sign() * (-distance.abs() / self.scale).expm1()

    def icdf(self, value):
        term = value - 0.5
        return self.loc - self.scale * term.sign() * (-2 * term.abs()).log1p()

    def entropy(self):
        return 1 + (2 * self.scale).log()


@doc()
class Cauchy(Distribution):
    r"""The Cauchy distribution, of density :math:`1 / \pi \gamma (1 + ((x - x_0) / \gamma)^2)`.

    Parameters
    ----------
    loc : Tensor or float
        The median :math:`x_0`; there is no mean.
    scale : Tensor or float
        Half the width at half the height :math:`\gamma`, positive.

    Examples
    --------
    >>> lucid.distributions.Cauchy(1.0, 2.0).cdf(lucid.tensor([1.0, 3.0]))
    Tensor([0.5, 0.75])
    """

    arg_constraints = LOCATION_SCALE
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args: bool | None = None):
        super().__init__(self._keep(loc=loc, scale=scale), validate_args=validate_args)

    mean = property(lambda self: self._full(math.nan))
    mode = property(lambda self: self.loc)
    variance = property(lambda self: self._full(math.inf))

    def rsample(self, sample_shape=()):
        return self.loc + lucid.empty(self._extended_shape(sample_shape), dtype=self.loc.dtype).cauchy_() * self.scale

    @validated
    def log_prob(self, value):
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    @validated
    def cdf(self, value):
        return lucid.atan((value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value):
        return lucid.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self):
        return math.log(4 * math.pi) + self.scale.log()


@doc()
class Uniform(Distribution):
    """The uniform distribution on [low, high).

    Parameters
    ----------
    low, high : Tensor or float
        The bounds; low is less.

    Examples
    --------
    >>> lucid.distributions.Uniform(0.0, 4.0).cdf(lucid.tensor([1.0, 4.0]))
    Tensor([0.25, 1.0])
    """

    has_rsample = True

    def __init__(self, low, high, validate_args: bool | None = None):
        super().__init__(self._keep(low=low, high=high), validate_args=validate_args)

    @property
    def arg_constraints(self):
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        return constraints.interval(self.low, self.high)

    mean = property(lambda self: (self.high + self.low) / 2)
    mode = property(lambda self: math.nan * self.high)
    stddev = property(lambda self: (self.high - self.low) / 12**0.5)
    variance = property(lambda self: (self.high - self.low).pow(2) / 12)

    def rsample(self, sample_shape=()):
        return self.icdf(lucid.rand(self._extended_shape(sample_shape), dtype=self.low.dtype))

    @validated
    def log_prob(self, value):
        inside = self.low.le(value).type_as(self.low) * self.high.gt(value).type_as(self.low)
        return inside.log() - (self.high - self.low).log()

    @validated
    def cdf(self, value):
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value):
        return value * (self.high - self.low) + self.low

    def entropy(self):
        return (self.high - self.low).log()


@doc()
class Exponential(ExponentialFamily):
    r"""The exponential distribution, of density :math:`\lambda \exp(-\lambda x)`.

    Parameters
    ----------
    rate : Tensor or float
        The rate :math:`\lambda`, positive.

    Examples
    --------
    >>> lucid.distributions.Exponential(lucid.tensor([1.0, 4.0])).mean
    Tensor([1.0, 0.25])
    """

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, rate, validate_args: bool | None = None):
        super().__init__(self._keep(rate=rate), validate_args=validate_args)

    mean = stddev = property(lambda self: self.rate.reciprocal())
    mode = property(lambda self: lucid.zeros_like(self.rate))
    variance = property(lambda self: self.rate.pow(-2))

    def rsample(self, sample_shape=()):
        return lucid.empty(self._extended_shape(sample_shape), dtype=self.rate.dtype).exponential_() / self.rate

    @validated
    def log_prob(self, value):
        return self.rate.log() - self.rate * value

    @validated
    def cdf(self, value):
        return 1 - (-self.rate * value).exp()

    def icdf(self, value):
        return -(-value).log1p() / self.rate

    def entropy(self):
        return 1.0 - self.rate.log()

    @property
    def _natural_params(self):
        return (-self.rate,)

    def _log_normalizer(self, x):
        return -(-x).log()


@doc()
class GeneralizedPareto(Distribution):
    r"""The generalized Pareto distribution, :math:`P(X > x) = (1 + \xi (x - \mu) / \sigma)^{-1 / \xi}`; at
    :math:`\xi = 0` the exponential one.

    Parameters
    ----------
    loc : Tensor or float
        The least value :math:`\mu`.
    scale : Tensor or float
        :math:`\sigma`, positive.
    concentration : Tensor or float
        The heaviness of the tail :math:`\xi`; if it is negative there is a greatest value :math:`\mu - \sigma / \xi`.

    Examples
    --------
    >>> lucid.distributions.GeneralizedPareto(1.0, 1.0, 0.5).mean
    Tensor(3.0)
    """

    arg_constraints = {**LOCATION_SCALE, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args: bool | None = None):
        shape = self._keep(loc=loc, scale=scale, concentration=concentration)
        super().__init__(shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        upper = lucid.where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, upper)

    mode = property(lambda self: self.loc)

    @property
    def mean(self):
        exists = self.concentration < 1
        mean = self.loc + self.scale / (1 - lucid.where(exists, self.concentration, 0.5))
        return lucid.where(exists, mean, math.nan)

    @property
    def variance(self):
        exists = self.concentration < 0.5
        xi = lucid.where(exists, self.concentration, 0.25)
        return lucid.where(exists, self.scale**2 / ((1 - xi) ** 2 * (1 - 2 * xi)), math.nan)

    def _tail(self):
        """Whether the concentration is zero, and the concentration with 1 in its place."""
        zero = lucid.isclose(self.concentration, lucid.zeros_like(self.concentration))
        return zero, lucid.where(zero, 1.0, self.concentration)

    def rsample(self, sample_shape=()):
        return self.icdf(lucid.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    @validated
    def log_prob(self, value):
        z = (value - self.loc) / self.scale
        zero, xi = self._tail()
        power = 1 / xi + lucid.ones_like(z)
        heavy = lucid.where(power == 0, power, power * (xi * z).log1p())
        return -self.scale.log() - lucid.where(zero, z, heavy)

    @validated
    def log_survival_function(self, value):
        """The logarithm of the probability of being more than a value."""
        z = (value - self.loc) / self.scale
        zero, xi = self._tail()
        return lucid.where(zero, -z, -(xi * z).log1p() / xi)

    def log_cdf(self, value):
        """The logarithm of the probability of being at most a value."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value):
        return self.log_cdf(value).exp()

    def icdf(self, value):
        zero, xi = self._tail()
        log_tail = (-value).log1p()
        return self.loc + lucid.where(zero, -self.scale * log_tail, self.scale / xi * (-xi * log_tail).expm1())

    def entropy(self):
        return (self.scale.log() + self.concentration + 1).broadcast_to(self._batch_shape)


@doc()
class ContinuousBernoulli(_Binary, ExponentialFamily):
    r"""The continuous Bernoulli distribution, of density :math:`C(p) p^x (1 - p)^{1 - x}` on [0, 1].

    Parameters
    ----------
    probs : Tensor or float, optional
        :math:`p`, moved away from 0 and 1; it is not the mean.
    logits : Tensor or float, optional
        Its log-odds; one of both is given.
    lims : tuple of float, optional
        Between which :math:`p` is near enough to 1/2 for series to take the place of the formulas, which lose digits there.

    Raises
    ------
    ValueError
        If both or none of probs and logits are given, or they violate their constraints.

    References
    ----------
    G. Loaiza-Ganem, J. P. Cunningham, "The continuous Bernoulli" (2019).

    Examples
    --------
    >>> lucid.distributions.ContinuousBernoulli(0.5).cdf(lucid.tensor(0.25))
    Tensor(0.25)
    """

    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, probs=None, logits=None, lims=(0.499, 0.501), validate_args: bool | None = None):
        self._lims = lims
        if probs is not None:
            (probs,) = broadcast_all(probs)
            if validate_args is not None and not constraints.unit_interval.check(probs).all():  # as PyTorch
                raise ValueError(f"Expected parameter probs of ContinuousBernoulli to be in [0, 1], but found:\n{probs}")
            probs = clamp_probs(probs)
        super().__init__(probs, logits, validate_args)

    @lazy_property
    def probs(self):
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _stable(self):
        """Where the formulas hold, and `probs` with a stable value elsewhere."""
        low, high = self._lims
        stable = (self.probs <= low) | (self.probs > high)
        return stable, lucid.where(stable, self.probs, low)

    def _cont_bern_log_norm(self):
        """log C(p)."""
        stable, p = self._stable()
        below = p <= 0.5
        span = lucid.where(
            below, (-2.0 * lucid.where(below, p, 0.0)).log1p(), (2.0 * lucid.where(below, 1.0, p) - 1.0).log()
        )
        x = (self.probs - 0.5).pow(2)
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return lucid.where(stable, ((-p).log1p() - p.log()).abs().log() - span, series)

    @property
    def mean(self):
        stable, p = self._stable()
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x
        return lucid.where(stable, p / (2.0 * p - 1.0) + 1.0 / ((-p).log1p() - p.log()), series)

    @property
    def variance(self):
        stable, p = self._stable()
        x = (self.probs - 0.5).pow(2)
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return lucid.where(
            stable, p * (p - 1.0) / (1.0 - 2.0 * p).pow(2) + 1.0 / ((-p).log1p() - p.log()).pow(2), series
        )

    def rsample(self, sample_shape=()):
        return self.icdf(lucid.rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    @validated
    def log_prob(self, value):
        logits, value = broadcast_all(self.logits, value)
        return self._cont_bern_log_norm() - binary_cross_entropy_with_logits(logits, value, reduction="none")

    @validated
    def cdf(self, value):
        stable, p = self._stable()
        formula = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = lucid.where(stable, formula, value)
        return lucid.where(value <= 0.0, 0.0, lucid.where(value >= 1.0, 1.0, inside))

    def icdf(self, value):
        stable, p = self._stable()
        formula = ((-p + value * (2.0 * p - 1.0)).log1p() - (-p).log1p()) / (p.log() - (-p).log1p())
        return lucid.where(stable, formula, value)

    def entropy(self):
        log_probs0 = (-self.probs).log1p()
        return self.mean * (log_probs0 - self.probs.log()) - self._cont_bern_log_norm() - log_probs0

    @property
    def _natural_params(self):
        return (self.logits,)

    def _log_normalizer(self, x):
        low, high = self._lims
        stable = (x <= low - 0.5) | (x > high - 0.5)
        y = lucid.where(stable, x, low - 0.5)
        series = 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0
        return lucid.where(stable, y.expm1().abs().log() - y.abs().log(), series)


@doc()
class VonMises(Distribution):
    r"""The von Mises distribution on the circle, of density :math:`\exp(\kappa \cos(x - \mu)) / 2 \pi I_0(\kappa)`.

    Parameters
    ----------
    loc : Tensor or float
        The angle :math:`\mu`.
    concentration : Tensor or float
        :math:`\kappa`, positive.

    References
    ----------
    D. J. Best, N. I. Fisher, "Efficient simulation of the von Mises distribution" (1979).

    Examples
    --------
    >>> circle = lucid.distributions.VonMises(lucid.tensor([0.0]), lucid.tensor([4.0]))
    >>> bool((circle.sample((100,)).abs() <= lucid.pi).all())
    True
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc, concentration, validate_args: bool | None = None):
        super().__init__(self._keep(loc=loc, concentration=concentration), validate_args=validate_args)

    mean = mode = property(lambda self: self.loc)

    @lazy_property
    def variance(self):
        """The circular variance, 1 - I1(concentration) / I0(concentration)."""
        return 1 - lucid.special.i1e(self.concentration) / lucid.special.i0e(self.concentration)

    @validated
    def log_prob(self, value):
        kappa = self.concentration
        log_i0 = lucid.special.i0e(kappa).log() + kappa
        return kappa * (value - self.loc).cos() - math.log(2 * math.pi) - log_i0

    @no_grad
    def sample(self, sample_shape=()):
        """Samples of shape `sample_shape + batch_shape`, drawn in float64 by rejection from a wrapped Cauchy distribution."""
        loc, kappa = self.loc.double(), self.concentration.double()
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        r = lucid.where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))
        x = lucid.empty(self._extended_shape(sample_shape), dtype=loc.dtype)
        done = lucid.zeros(x.shape, dtype=lucid.bool)
        while not done.all():
            u1, u2, u3 = lucid.rand((3, *x.shape), dtype=loc.dtype).unbind()
            z = (math.pi * u1).cos()
            f = (1 + r * z) / (r + z)
            c = kappa * (r - f)
            accepted = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
            x = lucid.where(accepted, (u3 - 0.5).sign() * f.acos(), x)
            done |= accepted
        return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)
