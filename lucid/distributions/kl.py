"""Kullback-Leibler divergences by pairs of classes: a registry, and the pairs that have a formula.

`register_kl(P, Q)` enters a function of `p` and `q` for the classes and their subclasses; `kl_divergence` takes the nearest
pair that was entered.
"""

from __future__ import annotations

import math
import warnings

import lucid
from lucid.distributions.continuous import Cauchy, Exponential, Laplace, Normal, Uniform
from lucid.distributions.discrete import Bernoulli, Binomial, Categorical
from lucid.distributions.distribution import Distribution, ExponentialFamily, Independent
from lucid.distributions.utils import sum_rightmost

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
    decorator
        Which returns the function as it is.

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
        if not (isinstance(one, type) and issubclass(one, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {one}")

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
        result = result - sum_rightmost((of_q - of_p) * gradient, len(q.event_shape))
    return result


@register_kl(Independent, Independent)
def _of_independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"KL of Independent with {p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims} dimensions of the event"
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


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
