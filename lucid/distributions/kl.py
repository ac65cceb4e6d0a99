"""Kullback-Leibler divergences by pairs of classes: a registry, and the pairs that have a formula.

`register_kl(P, Q)` enters a function of `p` and `q` for the classes and their subclasses; `kl_divergence` takes the nearest
pair that was entered. A class and itself have formulas; those of two classes come from the entropy of p, and from
`mean_log_prob`, the mean of q's log density under p, which needs a few moments of p only.
"""

from __future__ import annotations

import math
import operator
import warnings
from functools import singledispatch

import lucid
from lucid.distributions.continuous import Cauchy, ContinuousBernoulli, Exponential, Laplace, Normal, Uniform
from lucid.distributions.discrete import Bernoulli, Binomial, Categorical, Geometric, OneHotCategorical, Poisson
from lucid.distributions.distribution import Distribution, ExponentialFamily, Independent
from lucid.distributions.gamma import Beta, Dirichlet, Gamma
from lucid.distributions.multivariate import LowRankMultivariateNormal, MultivariateNormal
from lucid.distributions.transformed import Gumbel, HalfNormal, Pareto, TransformedDistribution
from lucid.distributions.utils import EULER, _sum_rightmost
from lucid.tensor import Tensor

__all__ = ["kl_divergence", "register_kl"]

REGISTRY = {}
FOUND = {}  # by classes, what `_nearest` said


def register_kl(type_p, type_q):
    """A decorator that enters a function as the divergence of two classes of distributions.

    Parameters
    ----------
    type_p, type_q : type
        Classes of distributions; the function also serves their subclasses, unless a nearer pair has one.

    Returns
    -------
    callable
        A decorator, which returns the function as it is.

    Examples
    --------
    >>> class Mine(lucid.distributions.Normal):
    ...     pass
    >>> @lucid.distributions.register_kl(Mine, Mine)
    ... def mine(p, q):
    ...     return lucid.zeros(p.batch_shape)
    >>> lucid.distributions.kl_divergence(Mine(0.0, 1.0), Mine(1.0, 1.0))
    Tensor(0.0)
    """
    for name, one in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(one, type):  # packages have classes of their own
            raise TypeError(f"Expected {name} to be a class of distributions but got {one}")

    def decorator(fun):
        REGISTRY[type_p, type_q] = fun
        FOUND.clear()
        return fun

    return decorator


def _nearest(type_p, type_q):
    """The function of the pair of superclasses nearest to two classes, p's first; a warning if q's first gives another."""
    lines = type_p.__mro__, type_q.__mro__
    matches = [pair for pair in REGISTRY if pair[0] in lines[0] and pair[1] in lines[1]]
    if not matches:
        return None
    places = {pair: (lines[0].index(pair[0]), lines[1].index(pair[1])) for pair in matches}
    left = min(matches, key=lambda pair: places[pair])
    right = min(matches, key=lambda pair: places[pair][::-1])
    if REGISTRY[left] is not REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please register_kl({left[0].__name__}, "
            f"{right[1].__name__})", RuntimeWarning, stacklevel=3,
        )  # fmt: skip
    return REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution):
    r"""The Kullback-Leibler divergence :math:`\int p(x) \log (p(x) / q(x)) dx`.

    Parameters
    ----------
    p, q : Distribution
        Two distributions.

    Returns
    -------
    Tensor
        Of their batches' shape, infinite where p has weight outside of q's support.

    Raises
    ------
    NotImplementedError
        If no formula for their classes is registered.

    Examples
    --------
    >>> normal = lucid.distributions.Normal
    >>> lucid.distributions.kl_divergence(normal(0.0, 1.0), normal(lucid.tensor([0.0, 2.0]), 1.0))
    Tensor([0.0, 2.0])
    """
    pair = type(p), type(q)
    if pair not in FOUND:
        FOUND[pair] = _nearest(*pair)
    if FOUND[pair] is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return FOUND[pair](p, q)


# ---------------------------------------------------------------------------------------------- a class and itself


@register_kl(ExponentialFamily, ExponentialFamily)
def _of_exponential_families(p, q):
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using Bregman divergences"
        )
    parameters, normalizer, gradients = p._log_normalizer_and_gradient()
    result = q._log_normalizer(*q._natural_params) - normalizer
    for of_p, of_q, gradient in zip(parameters, q._natural_params, gradients):
        result = result - _sum_rightmost((of_q - of_p) * gradient, len(q.event_shape))
    return result


@register_kl(Independent, Independent)
def _of_independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"KL of Independent with {p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims} dimensions of the event"
        )
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Bernoulli, Bernoulli)
def _of_bernoulli(p, q):
    softplus = lucid.nn.functional.softplus
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return ones + zeros.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)


@register_kl(Binomial, Binomial)
def _of_binomial(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    result = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return result.masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Categorical, Categorical)
def _of_categorical(p, q):
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(Exponential, Exponential)
def _of_exponential(p, q):
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(Cauchy, Cauchy)
def _of_cauchy(p, q):
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(Laplace, Laplace)
def _of_laplace(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return distance / q.scale + ratio * (-distance / p.scale).exp() - ratio.log() - 1


@register_kl(Normal, Normal)
def _of_normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Uniform, Uniform)
def _of_uniform(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Dirichlet, Dirichlet)
def _of_dirichlet(p, q):
    a, b = p.concentration, q.concentration
    means = a.digamma() - a.sum(-1, keepdim=True).digamma()
    return ((a - b) * means).sum(-1) + q._log_normalizer(b) - p._log_normalizer(a)


@register_kl(Beta, Beta)
def _of_beta(p, q):
    return _of_dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Geometric, Geometric)
def _of_geometric(p, q):
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(OneHotCategorical, OneHotCategorical)
def _of_one_hot(p, q):
    return _of_categorical(p._categorical, q._categorical)


@register_kl(Poisson, Poisson)
def _of_poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Pareto, Pareto)
def _of_pareto(p, q):
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return result.masked_fill(p.scale < q.scale, math.inf)


@register_kl(HalfNormal, HalfNormal)
def _of_half_normal(p, q):
    return _of_normal(p.base_dist, q.base_dist)


@register_kl(TransformedDistribution, TransformedDistribution)
def _of_transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("KL of distributions that are transformed in different ways is not implemented")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _of_normal_vectors(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot be computed: "
            f"{p.event_shape} and {q.event_shape}"
        )
    trace = sum(q._trace(root) for root in p._roots())
    return 0.5 * (q._log_det() - p._log_det() + trace + q._mahalanobis(q.loc - p.loc) - p.event_shape[0])


# ---------------------------------------------------------------------------------------------- two classes


@singledispatch
def mean_of_log(p):
    """The mean of log x."""


mean_of_log.register(Exponential, lambda p: -EULER - p.rate.log())
mean_of_log.register(Gamma, lambda p: p.concentration.digamma() - p.rate.log())
mean_of_log.register(Beta, lambda p: p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma())
mean_of_log.register(Pareto, lambda p: p.scale.log() + p.alpha.reciprocal())
mean_of_log.register(Uniform, lambda p: _mean_of_log_between(p.low, p.high))


def _mean_of_log_between(low, high):
    return (lucid.xlogy(high, high) - lucid.xlogy(low, low)) / (high - low) - 1


@singledispatch
def mean_of_exp(p, t):
    """The mean of exp(-t x), for t > 0."""


mean_of_exp.register(Exponential, lambda p, t: p.rate / (p.rate + t))
mean_of_exp.register(Gamma, lambda p, t: (1 + t / p.rate).pow(-p.concentration))
mean_of_exp.register(Gumbel, lambda p, t: (-t * p.loc + (1 + t * p.scale).lgamma()).exp())
mean_of_exp.register(Normal, lambda p, t: (-t * p.loc + 0.5 * (t * p.scale).pow(2)).exp())
mean_of_exp.register(Uniform, lambda p, t: ((-t * p.low).exp() - (-t * p.high).exp()) / (t * (p.high - p.low)))


@singledispatch
def mean_log_prob(q, p):
    """The mean of q's log density under p, whose support is within q's."""


@mean_log_prob.register(Exponential)
def _(q, p):
    return q.rate.log() - q.rate * p.mean


@mean_log_prob.register(Gamma)
def _(q, p):
    a = q.concentration
    return a * q.rate.log() - a.lgamma() + (a - 1) * mean_of_log(p) - q.rate * p.mean


@mean_log_prob.register(Normal)
def _(q, p):
    return -0.5 * math.log(2 * math.pi) - q.scale.log() - (p.variance + (p.mean - q.loc).pow(2)) / (2 * q.scale.pow(2))


@mean_log_prob.register(Gumbel)
def _(q, p):
    return -q.scale.log() - (p.mean - q.loc) / q.scale - (q.loc / q.scale).exp() * mean_of_exp(p, q.scale.reciprocal())


@mean_log_prob.register(Laplace)
def _(q, p):  # p is normal
    distance = p.loc - q.loc
    ratio = distance / p.scale
    mean = math.sqrt(2 / math.pi) * p.scale * (-0.5 * ratio.pow(2)).exp() + distance * (math.sqrt(0.5) * ratio).erf()
    return -(2 * q.scale).log() - mean / q.scale


@mean_log_prob.register(Uniform)
def _(q, p):
    return -(q.high - q.low).log()


@mean_log_prob.register(ContinuousBernoulli)
def _(q, p):
    return p.mean * q.logits + (-q.probs).log1p() + q._cont_bern_log_norm()


@mean_log_prob.register(Beta)
def _(q, p):  # p is uniform
    a, b = q.concentration1, q.concentration0
    means = (a - 1) * mean_of_log(p) + (b - 1) * _mean_of_log_between(1 - p.high, 1 - p.low)
    return means - q._log_normalizer(a, b)


@mean_log_prob.register(Pareto)
def _(q, p):
    return q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * mean_of_log(p)


@mean_log_prob.register(Poisson)
def _(q, p):  # p is 0 or 1, whose factorials are 1
    return p.mean * q.rate.log() - q.rate


def _ends(d):
    support = d.support
    return getattr(support, "lower_bound", -math.inf), getattr(support, "upper_bound", math.inf)


def _by_entropy(p, q, less=operator.lt):
    (low, high), (least, most) = _ends(p), _ends(q)
    result = -p.entropy() - mean_log_prob(q, p)
    outside = less(low, least) | less(most, high)
    return lucid.where(outside, math.inf, result) if isinstance(outside, Tensor) else result


def _by_entropy_inside(p, q):
    """Infinite where a bound is the same, too, as PyTorch has it for these."""
    return _by_entropy(p, q, operator.le)


def _infinite(p, q):
    return p._full(math.inf)


BY_ENTROPY = {
    Bernoulli: [Poisson],
    Beta: [ContinuousBernoulli, Exponential, Gamma, Normal, Uniform],
    ContinuousBernoulli: [ContinuousBernoulli, Exponential, Normal],
    Exponential: [Gamma, Gumbel, Normal],
    Gamma: [Exponential, Gamma, Gumbel, Normal],
    Gumbel: [Gumbel, Normal],
    Laplace: [Normal],
    Normal: [Gumbel, Laplace],
    Pareto: [Exponential, Gamma, Normal],
    Uniform: [Beta, Exponential, Gamma, Gumbel, Normal, Pareto],
}
BY_ENTROPY_INSIDE = {ContinuousBernoulli: [Uniform], Uniform: [ContinuousBernoulli]}
INFINITE = {  # p has weight where q has none
    Beta: [Pareto],
    ContinuousBernoulli: [Pareto],
    Exponential: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gamma: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Pareto: [Beta, ContinuousBernoulli, Uniform],
    Poisson: [Bernoulli, Binomial],
    **dict.fromkeys((Gumbel, Laplace, Normal), [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform]),
}
for _function, _pairs in ((_by_entropy, BY_ENTROPY), (_by_entropy_inside, BY_ENTROPY_INSIDE), (_infinite, INFINITE)):
    for _p, _others in _pairs.items():
        for _q in _others:
            register_kl(_p, _q)(_function)
