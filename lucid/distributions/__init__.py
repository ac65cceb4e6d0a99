"""Probability distributions: parameters, samples and their gradients, densities, divergences. The package `torch.distributions`.

Families share a file here, where PyTorch has a module for each class; its modules' names lead to them all the same.
"""

import sys

from lucid.distributions import (  # noqa: F401
    constraints,
    continuous,
    discrete,
    distribution,
    gamma,
    kl,
    multivariate,
    transformed,
    transforms,
    utils,
)
from lucid.distributions.constraint_registry import biject_to, transform_to  # noqa: F401
from lucid.distributions.continuous import *  # noqa: F403
from lucid.distributions.discrete import *  # noqa: F403
from lucid.distributions.distribution import *  # noqa: F403
from lucid.distributions.gamma import *  # noqa: F403
from lucid.distributions.kl import *  # noqa: F403
from lucid.distributions.multivariate import *  # noqa: F403
from lucid.distributions.transformed import *  # noqa: F403
from lucid.distributions.transforms import *  # noqa: F403

_MODULES = {
    continuous: "cauchy continuous_bernoulli exponential generalized_pareto laplace normal uniform von_mises",
    discrete: "bernoulli binomial categorical geometric multinomial negative_binomial one_hot_categorical poisson",
    distribution: "exp_family independent",
    gamma: "beta chi2 dirichlet fishersnedecor studentT",
    multivariate: "lkj_cholesky lowrank_multivariate_normal multivariate_normal wishart",
    transformed: "gumbel half_cauchy half_normal inverse_gamma kumaraswamy log_normal logistic_normal mixture_same_family "
                 "pareto relaxed_bernoulli relaxed_categorical transformed_distribution weibull",
}  # fmt: skip
for _module, _names in _MODULES.items():
    for _name in _names.split():
        globals()[_name] = sys.modules[f"{__name__}.{_name}"] = _module

__all__ = sorted([*(name for module in (*_MODULES, kl, transforms) for name in module.__all__), "biject_to", "transform_to"])
