"""The gamma and Dirichlet distributions, and what is made of their samples.

Their samples are differentiable by the concentrations: see `lucid/ops/gamma.py`.
"""

from __future__ import annotations

import math

import lucid
from lucid.distributions import constraints
from lucid.distributions.distribution import Distribution, ExponentialFamily, validated
from lucid.distributions.utils import _standard_normal, broadcast_all
from lucid.nn.functional import one_hot
from lucid.ops._doc import doc
from lucid.ops.gamma import sample_dirichlet, standard_gamma

__all__ = ["Beta", "Chi2", "Dirichlet", "FisherSnedecor", "Gamma", "StudentT"]


@doc()
class Gamma(ExponentialFamily):
    r"""The gamma distribution, of density :math:`\beta^\alpha x^{\alpha - 1} e^{-\beta x} / \Gamma(\alpha)`.

    Parameters
    ----------
    concentration : Tensor or float
        The shape :math:`\alpha`, positive.
    rate : Tensor or float
        The rate :math:`\beta`, positive.

    Examples
    --------
    >>> gamma = lucid.distributions.Gamma(lucid.tensor([2.0], requires_grad=True), 4.0)
    >>> gamma.mean
    Tensor([0.5], grad_fn=<DivBackward0>)
    >>> gamma.rsample().requires_grad
    True
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, concentration, rate, validate_args: bool | None = None):
        super().__init__(self._keep(concentration=concentration, rate=rate), validate_args=validate_args)

    mean = property(lambda self: self.concentration / self.rate)
    mode = property(lambda self: ((self.concentration - 1) / self.rate).clamp(min=0))
    variance = property(lambda self: self.concentration / self.rate.pow(2))

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        # at least tiny; the gradient stays that of the quotient, which it would not through clamp()
        return value + (lucid.finfo(value.dtype).tiny - value.detach()).clamp(min=0)

    def log_prob(self, value):
        value = lucid.as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        a, rate = self.concentration, self.rate
        return lucid.xlogy(a, rate) + lucid.xlogy(a - 1, value) - rate * value - a.lgamma()

    @validated
    def cdf(self, value):
        return lucid.special.gammainc(self.concentration, self.rate * value)

    def entropy(self):
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self):
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x, y):
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()


@doc()
class Chi2(Gamma):
    """The chi-squared distribution: the sum of `df` squared standard normal samples.

    Parameters
    ----------
    df : Tensor or float
        The degrees of freedom, positive.

    Examples
    --------
    >>> lucid.distributions.Chi2(lucid.tensor([3.0])).mean
    Tensor([3.0])
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df, validate_args: bool | None = None):
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    @property
    def df(self):
        """The degrees of freedom."""
        return self.concentration * 2


@doc()
class Dirichlet(ExponentialFamily):
    r"""The Dirichlet distribution on rows that sum to 1, of density proportional to :math:`\prod_i x_i^{\alpha_i - 1}`.

    Parameters
    ----------
    concentration : Tensor
        :math:`\alpha`, of shape (..., K), positive.

    Raises
    ------
    ValueError
        If the concentration has no dimension or is not positive.

    Examples
    --------
    >>> lucid.distributions.Dirichlet(lucid.tensor([1.0, 3.0])).mean
    Tensor([0.25, 0.75])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args: bool | None = None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    mean = property(lambda self: self.concentration / self.concentration.sum(-1, True))

    @property
    def mode(self):
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        at_a_corner = (self.concentration < 1).all(dim=-1, keepdim=True)
        return lucid.where(at_a_corner, one_hot(mode.argmax(dim=-1), above.shape[-1]).to(mode), mode)

    @property
    def variance(self):
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape=()):
        return sample_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    @validated
    def log_prob(self, value):
        a = self.concentration
        return lucid.xlogy(a - 1.0, value).sum(-1) - self._log_normalizer(a)

    def entropy(self):
        a, total = self.concentration, self.concentration.sum(-1)
        return (
            self._log_normalizer(a) - (a.size(-1) - total) * total.digamma() - ((a - 1.0) * a.digamma()).sum(-1)
        )

    @property
    def _natural_params(self):
        return (self.concentration,)

    def _log_normalizer(self, x):
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()


@doc()
class Beta(ExponentialFamily):
    r"""The beta distribution on [0, 1], of density proportional to :math:`x^{\alpha - 1} (1 - x)^{\beta - 1}`.

    Parameters
    ----------
    concentration1, concentration0 : Tensor or float
        :math:`\alpha` and :math:`\beta`, positive.

    Examples
    --------
    >>> lucid.distributions.Beta(1.0, 3.0).mean
    Tensor(0.25)
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args: bool | None = None):
        both = lucid.stack(broadcast_all(concentration1, concentration0), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet._batch_shape, validate_args=validate_args)

    concentration1 = property(lambda self: self._dirichlet.concentration[..., 0], doc="The first concentration.")
    concentration0 = property(lambda self: self._dirichlet.concentration[..., 1], doc="The second concentration.")
    mean = property(lambda self: self.concentration1 / (self.concentration1 + self.concentration0))
    mode = property(lambda self: self._dirichlet.mode[..., 0])

    @property
    def variance(self):
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape=()):
        return self._dirichlet.rsample(sample_shape).select(-1, 0)

    @validated
    def log_prob(self, value):
        return self._dirichlet.log_prob(lucid.stack([value, 1.0 - value], -1))

    def entropy(self):
        return self._dirichlet.entropy()

    @property
    def _natural_params(self):
        return self.concentration1, self.concentration0

    def _log_normalizer(self, x, y):
        return x.lgamma() + y.lgamma() - (x + y).lgamma()


@doc()
class StudentT(Distribution):
    r"""Student's t distribution, of density proportional to :math:`(1 + y^2 / \nu)^{-(\nu + 1) / 2}` with
    :math:`y = (x - \mu) / \sigma`.

    Parameters
    ----------
    df : Tensor or float
        The degrees of freedom :math:`\nu`, positive.
    loc : Tensor or float, optional
        The centre :math:`\mu` (default 0).
    scale : Tensor or float, optional
        The width :math:`\sigma`, positive (default 1).

    Examples
    --------
    >>> lucid.distributions.StudentT(lucid.tensor([1.0, 4.0])).variance
    Tensor([nan, 2.0])
    """

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df, loc=0.0, scale=1.0, validate_args: bool | None = None):
        shape = self._keep(df=df, loc=loc, scale=scale)
        self._chi2 = Chi2(self.df)
        super().__init__(shape, validate_args=validate_args)

    mean = property(lambda self: self.loc.masked_fill(self.df <= 1, math.nan))
    mode = property(lambda self: self.loc)

    @property
    def variance(self):
        variance = self.scale.pow(2) * self.df / (self.df - 2)
        return variance.masked_fill(self.df <= 2, math.inf).masked_fill(self.df <= 1, math.nan)

    def rsample(self, sample_shape=()):
        x = _standard_normal(self._extended_shape(sample_shape), self.df.dtype)
        return self.loc + self.scale * (x * (self._chi2.rsample(sample_shape) / self.df).rsqrt())

    def _log_normalizer(self):
        """Without the scale."""
        return 0.5 * self.df.log() + (0.5 * self.df).lgamma() + math.lgamma(0.5) - (0.5 * (self.df + 1.0)).lgamma()

    @validated
    def log_prob(self, value):
        y = (value - self.loc) / self.scale
        return -0.5 * (self.df + 1.0) * (y**2.0 / self.df).log1p() - self.scale.log() - self._log_normalizer()

    def entropy(self):
        half = 0.5 * (self.df + 1)
        return self.scale.log() + half * (half.digamma() - (0.5 * self.df).digamma()) + self._log_normalizer()


@doc()
class FisherSnedecor(Distribution):
    """The F distribution: the ratio of the means of `df1` and of `df2` squared standard normal samples.

    Parameters
    ----------
    df1, df2 : Tensor or float
        The degrees of freedom, positive.

    Examples
    --------
    >>> lucid.distributions.FisherSnedecor(1.0, lucid.tensor([2.0, 4.0])).mean
    Tensor([nan, 2.0])
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1, df2, validate_args: bool | None = None):
        shape = self._keep(df1=df1, df2=df2)
        self._gamma1, self._gamma2 = Gamma(self.df1 * 0.5, self.df1), Gamma(self.df2 * 0.5, self.df2)
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self):
        df2 = self.df2.masked_fill(self.df2 <= 2, math.nan)
        return df2 / (df2 - 2)

    @property
    def mode(self):
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, math.nan)

    @property
    def variance(self):
        df2 = self.df2.masked_fill(self.df2 <= 4, math.nan)
        return 2 * df2.pow(2) * (self.df1 + df2 - 2) / (self.df1 * (df2 - 2).pow(2) * (df2 - 4))

    def rsample(self, sample_shape=()):
        tiny = lucid.finfo(self.df1.dtype).tiny
        numerator, denominator = self._gamma1.rsample(sample_shape), self._gamma2.rsample(sample_shape)
        return (numerator / denominator.clamp(min=tiny)).clamp(min=tiny)

    @validated
    def log_prob(self, value):
        a, b, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
        return a * ratio.log() + (a - 1) * lucid.log(value) - (a + b) * (ratio * value).log1p() - beta
