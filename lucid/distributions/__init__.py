"""Probability distributions: parameters, samples and their gradients, densities, divergences. The package `torch.distributions`.

Families share a file here, where PyTorch has a module for each class; its modules' names lead to them all the same.
"""

import sys

from lucid.distributions import constraints, continuous, discrete, distribution, gamma, kl, utils  # noqa: F401
from lucid.distributions.continuous import *  # noqa: F403
from lucid.distributions.discrete import *  # noqa: F403
from lucid.distributions.distribution import *  # noqa: F403
from lucid.distributions.gamma import *  # noqa: F403
from lucid.distributions.kl import *  # noqa: F403

_MODULES = {
    continuous: "cauchy continuous_bernoulli exponential generalized_pareto laplace normal uniform von_mises",
    discrete: "bernoulli binomial categorical geometric multinomial negative_binomial one_hot_categorical poisson",
    gamma: "beta chi2 dirichlet fishersnedecor studentT",
    distribution: "exp_family independent",
}
for _module, _names in _MODULES.items():
    for _name in _names.split():
        globals()[_name] = sys.modules[f"{__name__}.{_name}"] = _module

__all__ = sorted(name for module in (*_MODULES, kl) for name in module.__all__)
