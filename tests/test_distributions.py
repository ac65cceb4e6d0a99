"""Distributions against themselves: moments of samples, densities against cumulative distributions, the registry of divergences."""

import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import lucid
from lucid import distributions as D
from lucid.distributions import constraints

f64 = lucid.float64


def t(*values):
    return lucid.tensor(values, dtype=f64)


# A batch of each, in float64.
MADE = {
    "Bernoulli": lambda: D.Bernoulli(t(0.2, 0.7)),
    "Beta": lambda: D.Beta(t(0.5, 3.0), t(2.0, 4.0)),
    "Binomial": lambda: D.Binomial(9, t(0.2, 0.7)),
    "Cauchy": lambda: D.Cauchy(t(0.0, 1.0), t(1.0, 2.0)),
    "Chi2": lambda: D.Chi2(t(1.0, 5.0)),
    "ContinuousBernoulli": lambda: D.ContinuousBernoulli(t(0.2, 0.6)),
    "Dirichlet": lambda: D.Dirichlet(lucid.stack([t(0.5, 1.0, 2.0), t(3.0, 4.0, 5.0)])),
    "Exponential": lambda: D.Exponential(t(0.5, 3.0)),
    "FisherSnedecor": lambda: D.FisherSnedecor(t(3.0, 4.0), t(11.0, 14.0)),
    "Gamma": lambda: D.Gamma(t(0.4, 3.0), t(2.0, 0.5)),
    "GeneralizedPareto": lambda: D.GeneralizedPareto(t(0.0, 1.0), t(1.0, 2.0), t(-0.3, 0.1)),
    "Geometric": lambda: D.Geometric(t(0.2, 0.7)),
    "Laplace": lambda: D.Laplace(t(0.0, 1.0), t(1.0, 2.0)),
    "Multinomial": lambda: D.Multinomial(7, lucid.stack([t(0.2, 0.3, 0.5), t(0.6, 0.3, 0.1)])),
    "NegativeBinomial": lambda: D.NegativeBinomial(t(4.0, 2.5), t(0.2, 0.6)),
    "Normal": lambda: D.Normal(t(0.0, 1.0), t(1.0, 2.0)),
    "OneHotCategorical": lambda: D.OneHotCategorical(lucid.stack([t(0.2, 0.3, 0.5), t(0.6, 0.3, 0.1)])),
    "Poisson": lambda: D.Poisson(t(0.5, 20.0)),
    "StudentT": lambda: D.StudentT(t(5.0, 9.0), t(0.0, 1.0), t(1.0, 2.0)),
    "Uniform": lambda: D.Uniform(t(0.0, 1.0), t(1.0, 3.0)),
    "Gumbel": lambda: D.Gumbel(t(0.0, 1.0), t(1.0, 2.0)),
    "HalfCauchy": lambda: D.HalfCauchy(t(1.0, 2.0)),
    "HalfNormal": lambda: D.HalfNormal(t(1.0, 2.0)),
    "InverseGamma": lambda: D.InverseGamma(t(5.0, 7.0), t(1.0, 2.0)),
    "Kumaraswamy": lambda: D.Kumaraswamy(t(0.5, 3.0), t(2.0, 4.0)),
    "LKJCholesky": lambda: D.LKJCholesky(3, t(0.5, 2.0)),
    "LogNormal": lambda: D.LogNormal(t(0.0, 1.0), t(0.3, 0.5)),
    "LogisticNormal": lambda: D.LogisticNormal(lucid.stack([t(0.0, 1.0), t(0.5, 0.0)]), t(1.0, 0.5)),
    "LowRankMultivariateNormal": lambda: D.LowRankMultivariateNormal(lucid.stack([t(0.0, 1.0)] * 2), t(1.0, -2.0)[:, None], t(1.0, 0.5)),
    "MixtureSameFamily": lambda: D.MixtureSameFamily(D.Categorical(lucid.stack([t(1.0, 3.0)] * 2)), D.Normal(lucid.stack([t(0.0, 4.0), t(1.0, 1.0)]), t(1.0, 2.0))),
    "MultivariateNormal": lambda: D.MultivariateNormal(lucid.stack([t(0.0, 1.0)] * 2), lucid.stack([t(2.0, 0.5), t(0.5, 1.0)])),
    "Pareto": lambda: D.Pareto(t(1.0, 2.0), t(7.0, 9.0)),
    "RelaxedBernoulli": lambda: D.RelaxedBernoulli(t(0.7)[0], t(0.2, 0.7)),
    "RelaxedOneHotCategorical": lambda: D.RelaxedOneHotCategorical(t(0.7)[0], lucid.stack([t(0.2, 0.3, 0.5), t(0.6, 0.3, 0.1)])),
    "TransformedDistribution": lambda: D.TransformedDistribution(D.Normal(t(0.0, 1.0), 1.0), [D.AffineTransform(1.0, -2.0), D.TanhTransform()]),
    "VonMises": lambda: D.VonMises(t(0.0, 1.0), t(1.0, 30.0)),
    "Weibull": lambda: D.Weibull(t(1.0, 2.0), t(1.5, 3.0)),
    "Wishart": lambda: D.Wishart(t(3.5, 6.0), lucid.stack([t(2.0, 0.5), t(0.5, 1.0)])),
}  # fmt: skip
NO_MOMENTS = {"Cauchy", "HalfCauchy", "LKJCholesky", "LogisticNormal", "RelaxedBernoulli", "RelaxedOneHotCategorical", "TransformedDistribution", "VonMises"}


def made(name):
    lucid.manual_seed(3)
    return MADE[name]()


@pytest.mark.parametrize("name", sorted(set(MADE) - NO_MOMENTS))
def test_samples_have_the_mean_and_the_variance(name):
    d, n = made(name), 40_000
    x = d.sample((n,))
    assert x.shape == (n, *d.batch_shape, *d.event_shape)
    deviation = x.var(0, correction=0).sqrt() / math.sqrt(n)
    assert bool(((x.mean(0) - d.mean).abs() < 5 * deviation).all())
    assert np.allclose(x.var(0).numpy(), d.variance.numpy(), rtol=0.2)
    assert bool(d.support.check(x).all())


CONTINUOUS = sorted(name for name in MADE if not made(name).event_shape and not made(name).support.is_discrete)


def offers(name, method, *args):
    """Whether a distribution has a method that not all have."""
    try:
        getattr(made(name), method)(*args)
    except NotImplementedError:
        return False
    return True


@pytest.mark.parametrize("name", [name for name in CONTINUOUS if offers(name, "cdf", made(name).sample())])
def test_densities_are_the_slopes_of_cumulative_distributions(name):
    d = made(name)
    x = d.sample((50,)).clone().requires_grad_()
    p = d.cdf(x)
    (slope,) = lucid.autograd.grad(p.sum(), x)
    assert np.allclose(slope.numpy(), d.log_prob(x).exp().detach().numpy(), rtol=1e-6)
    if offers(name, "icdf", p.detach()):
        assert np.allclose(d.icdf(p.detach()).numpy(), x.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in CONTINUOUS if offers(name, "entropy")])
def test_densities_and_entropies_are_those_of_samples(name):
    """The mean of -log p is the entropy."""
    d, n = made(name), 40_000
    found = -d.log_prob(d.sample((n,)))
    assert bool(((found.mean(0) - d.entropy()).abs() < 5 * found.std(0) / math.sqrt(n) + 1e-12).all())


@pytest.mark.parametrize("name", sorted(name for name in MADE if made(name).has_enumerate_support))
def test_probabilities_of_all_values_sum_to_one(name):
    d = made(name)
    values = d.enumerate_support()
    p = d.log_prob(values).exp()
    assert np.allclose(p.sum(0).numpy(), 1.0)
    assert np.allclose((-(p * p.log()).sum(0)).numpy(), d.entropy().numpy())
    assert d.enumerate_support(expand=False).numel() * math.prod(d.batch_shape) == values.numel()


def parameters_of(d):
    return {name: getattr(d, name) for name in d.arg_constraints if name in vars(d)}


@pytest.mark.parametrize(
    "name", sorted(name for name in MADE if made(name).has_rsample and name not in NO_MOMENTS and parameters_of(made(name)))
)
def test_gradients_of_samples_are_those_of_the_mean(name):
    """d E[x] / d parameter is the mean of dx / d parameter."""
    d, n = made(name), 40_000
    given = parameters_of(d)
    parameters = [one.requires_grad_() for one in given.values()]
    wanted = lucid.autograd.grad(type(d)(**given).mean.sum(), parameters, allow_unused=True)
    lucid.manual_seed(0)
    found = lucid.autograd.grad(type(d)(**given).rsample((n,)).mean(0).sum(), parameters, allow_unused=True)
    for mine, theirs in zip(found, wanted):
        if theirs is not None:
            assert np.allclose(mine.numpy(), theirs.numpy(), rtol=0.05, atol=0.02)


@pytest.mark.parametrize("name", sorted(MADE))
def test_distributions_are_expanded_and_pickled(name):
    d = made(name)
    x = d.sample((5,))
    wide = d.expand((4, *d.batch_shape))
    assert wide.batch_shape == (4, *d.batch_shape) and wide.sample().shape == (4, *x.shape[1:])
    again = pickle.loads(pickle.dumps(d))
    for other in (wide.expand((1, 4, *d.batch_shape)), again):
        assert np.allclose(other.log_prob(x[0]).numpy().reshape(-1, *d.batch_shape)[0], d.log_prob(x[0]).numpy(), rtol=1e-12)


def test_gradients_of_gamma_samples_are_the_implicit_ones():
    from lucid.ops.gamma import standard_gamma_grad

    for a in (0.05, 0.9, 3.0, 24.9, 25.1, 100.0, 5000.0):  # on both sides of the expansion for large ones
        a = t(a)
        x = D.Gamma(a, t(1.0)).sample((40,))
        density = D.Gamma(a, t(1.0)).log_prob(x).exp()
        step = a * 1e-4
        slope = (lucid.special.gammainc(a + step, x) - lucid.special.gammainc(a - step, x)) / (2 * step)
        central = (lucid.special.gammainc(a, x) - 0.5).abs() < 0.499  # where the difference keeps its digits
        found = standard_gamma_grad(a.expand(x.shape), x)
        assert np.allclose(found.numpy()[central.numpy()], (-slope / density).numpy()[central.numpy()], rtol=1e-4)


def test_densities_of_vectors_agree_with_each_other():
    loc, w, diagonal = t(0.5, -1.0, 2.0), lucid.stack([t(1.0, 2.0, 0.5)]).mT, t(1.0, 0.5, 2.0)
    low = D.LowRankMultivariateNormal(loc, w, diagonal)
    covariance = w @ w.mT + diagonal.diag_embed()
    whole = D.MultivariateNormal(loc, covariance)
    others = [D.MultivariateNormal(loc, precision_matrix=lucid.linalg.inv(covariance)), D.MultivariateNormal(loc, scale_tril=low.scale_tril)]
    x = whole.sample((2, 4))
    for one in (low, *others):
        for name in ("covariance_matrix", "precision_matrix", "scale_tril", "variance"):
            assert lucid.allclose(getattr(one, name), getattr(whole, name), rtol=1e-10), name
        assert lucid.allclose(one.log_prob(x), whole.log_prob(x)) and lucid.allclose(one.entropy(), whole.entropy())
        assert D.kl_divergence(one, whole).abs() < 1e-12 and D.kl_divergence(whole, one).abs() < 1e-12
    assert lucid.equal(whole.expand((2, 4)).log_prob(x), whole.log_prob(x))


TRANSFORMS = (
    D.ExpTransform(), D.SigmoidTransform(), D.SoftplusTransform(), D.TanhTransform(), D.AffineTransform(1.0, -2.0),
    D.ExpTransform().inv, D.PowerTransform(3.0), D.ComposeTransform([D.AffineTransform(0.0, 0.5), D.TanhTransform()]),
    D.StickBreakingTransform(), D.CorrCholeskyTransform(), D.CumulativeDistributionTransform(D.Normal(0.0, 2.0)),
    D.IndependentTransform(D.ExpTransform(), 1), D.ReshapeTransform((3,), (3, 1)),
    D.CatTransform([D.ExpTransform(), D.TanhTransform()], -1, [1, 2]), D.StackTransform([D.ExpTransform()] * 3, -1),
)  # fmt: skip


@pytest.mark.parametrize("f", TRANSFORMS, ids=lambda f: type(f).__name__)
def test_transforms_have_inverses_and_determinants(f):
    x = t(0.3, 0.7, 1.1)
    y = f(x)
    assert lucid.allclose(f.inv(y), x) and f.codomain.check(y).all() and f.domain.check(x).all()
    assert f.forward_shape(x.shape) == y.shape and f.inverse_shape(y.shape) == x.shape
    if isinstance(f, D.CorrCholeskyTransform):  # of the elements below the diagonal, which determine the others
        free = lambda x: D.utils.tril_matrix_to_vec(f(x), -1)
    elif isinstance(f, D.StickBreakingTransform):
        free = lambda x: f(x)[:-1]
    else:
        free = lambda x: f(x).reshape(-1)
    jacobian = lucid.autograd.functional.jacobian(free, x)
    assert lucid.allclose(f.log_abs_det_jacobian(x, y).sum(), jacobian.det().abs().log())


@pytest.mark.parametrize("registry", [D.biject_to, D.transform_to], ids=["biject_to", "transform_to"])
def test_registered_transforms_reach_their_constraints(registry):
    x = lucid.randn(3, 3, dtype=f64, generator=lucid.Generator().manual_seed(0))
    for constraint in (constraints.positive, constraints.less_than(-2.0), constraints.interval(t(0.0), t(3.0)), constraints.simplex,
                       constraints.independent(constraints.unit_interval, 1), constraints.corr_cholesky):  # fmt: skip
        assert constraint.check(registry(constraint)(x)).all()
    with pytest.raises(NotImplementedError, match="_Boolean"):
        registry(constraints.boolean)


def test_divergences_are_means_over_samples():
    """Of pairs that have a formula and are continuous: the mean of log p - log q under p."""
    reals = [D.Normal(0.5, 1.0), D.Laplace(0.0, 1.0), D.Gumbel(1.0, 1.5)]
    positive = [D.Gamma(2.0, 3.0), D.Exponential(1.5), D.Pareto(0.2, 4.0)]
    unit = [D.Beta(2.0, 3.0), D.ContinuousBernoulli(0.3), D.Uniform(0.1, 0.9), D.Uniform(-0.1, 1.5)]
    checked = 0
    for p in reals + positive + unit:
        for q in reals + positive + unit:
            try:
                found = D.kl_divergence(p, q)
            except NotImplementedError:
                continue
            lucid.manual_seed(0)
            x = p.sample((40_000,))
            if found == math.inf:
                assert not q.support.check(x).all() or {type(p), type(q)} == {D.ContinuousBernoulli, D.Uniform}
                continue
            terms = p.log_prob(x) - q.log_prob(x)
            assert (terms.mean() - found).abs() < 5 * terms.std() / 200 + 1e-6, (p, q)
            checked += 1
    assert checked >= 40


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"parameter scale .* GreaterThan\(lower_bound=0.0\)"):
        D.Normal(0.0, t(1.0, -1.0))
    with pytest.raises(ValueError, match=r"within the support \(Boolean\(\)\)"):
        D.Bernoulli(t(0.5)).log_prob(t(0.5))
    with pytest.raises(ValueError, match="must be a Tensor, but got float"):
        D.Normal(0.0, 1.0).log_prob(0.5)
    with pytest.raises(ValueError, match="not broadcastable"):
        D.Normal(t(0.0, 1.0), 1.0).log_prob(t(0.0, 1.0, 2.0))
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1


def test_divergences_are_dispatched_to_the_nearest_pair(monkeypatch):
    from lucid.distributions import kl

    monkeypatch.setattr(kl, "REGISTRY", dict(kl.REGISTRY))

    class P(D.Normal):
        pass

    class Q(P):
        pass

    one = lambda p, q: 1
    two = lambda p, q: 2
    assert D.kl_divergence(Q(0.0, 1.0), Q(0.0, 1.0)).item() == 0
    D.register_kl(P, D.Normal)(one)
    assert D.kl_divergence(Q(0.0, 1.0), D.Normal(0.0, 1.0)) == 1 and D.kl_divergence(D.Normal(0.0, 1.0), Q(0.0, 1.0)).item() == 0
    D.register_kl(D.Normal, P)(two)
    with pytest.warns(RuntimeWarning, match="Ambiguous"):
        assert D.kl_divergence(Q(0.0, 1.0), Q(0.0, 1.0)) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        D.register_kl(P, P)(two)
        assert D.kl_divergence(Q(0.0, 1.0), Q(0.0, 1.0)) == 2
    with pytest.raises(NotImplementedError, match="p type Normal and q type Cauchy"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Cauchy(0.0, 1.0))
    with pytest.raises(TypeError, match="type_q"):
        D.register_kl(D.Normal, "Normal")
    kl.FOUND.clear()


def test_constraints_of_several_dimensions():
    rows = constraints.independent(constraints.positive, 1)
    assert rows.event_dim == 1 and rows.check(lucid.tensor([[1.0, 2.0], [1.0, -1.0]])).tolist() == [True, False]
    parts = constraints.cat([constraints.positive, constraints.real], dim=-1, lengths=[1, 2])
    assert parts.check(lucid.tensor([-1.0, -1.0, math.nan])).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="dependent"):
        constraints.dependent.check(lucid.ones(1))
    with pytest.raises(NotImplementedError, match="event_dim"):
        constraints.dependent.event_dim  # noqa: B018
    assert D.Uniform.support.event_dim == 0 and constraints.is_dependent(D.Uniform.support)


def test_the_package_is_loaded_when_it_is_used():
    code = """
import sys, lucid
assert not any(name.startswith("lucid.distributions") for name in sys.modules)
from lucid.distributions.normal import Normal
from lucid.distributions.studentT import StudentT
assert Normal is lucid.distributions.Normal and StudentT is lucid.distributions.StudentT
"""
    subprocess.run([sys.executable, "-c", code], check=True)
