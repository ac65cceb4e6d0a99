"""Distributions, transforms and divergences: tables of what to make, and programs that ask each row everything.

A row is a public name and texts of arguments, in which `D` is the library's `distributions`, and `t` makes a tensor that
the gradients are taken by.
"""

from __future__ import annotations

from . import program, raised, table

# The class; arguments, several times; last what it must refuse.
DISTRIBUTIONS = (
    ("Bernoulli", "t([0.3, 0.5, 1.0])", "logits=t([[-1.0, 0.0], [2.0, 0.5]])", "0.25", ["1.5", "", "0.5, 0.5", "'a'"]),
    ("Beta", "t([0.5, 2.0]), t([[3.0], [0.7]])", "2.0, 3.0", "t([0.2, 0.3]), 0.4", ["-1.0, 1.0", "'a', 1.0"]),
    ("Binomial", "3, t([0.3, 0.5, 1.0])", "lib.tensor([[5], [5]]), logits=t([-1.0, 0.0])", "lib.tensor([4.0, 2.0]), t([0.5, 0.1])",
     ["-1, lib.tensor(0.5)", "3, lib.tensor(1.5)", "3"]),
    ("Categorical", "t([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])", "logits=t([0.5, -1.0, 2.0, 0.0])", ["lib.tensor([-1.0, 2.0])", "lib.tensor(1.0)", ""]),
    ("Cauchy", "t([0.5, -1.0]), t([[1.0], [2.0]])", "0.0, 2", ["0.0, -1.0", "float('nan'), 1.0"]),
    ("Chi2", "t([0.5, 3.0])", "3.0", ["-1.0"]),
    ("ContinuousBernoulli", "t([0.1, 0.5, 0.8])", "logits=t([[-1.0, 0.0], [2.0, 0.5]])", "0.25, lims=(0.4, 0.6)", ["1.5, validate_args=True", ""]),
    ("Dirichlet", "t([[0.5, 2.0, 1.5], [0.2, 0.3, 0.4]])", "t([3.0, 1.0])", ["lib.tensor(1.0)", "lib.tensor([1.0, -1.0])"]),
    ("Exponential", "t([0.5, 3.0])", "2", ["-1.0", "lib.tensor([1.0, 0.0])"]),
    ("FisherSnedecor", "t([1.0, 3.0, 4.0]), t([2.0, 5.0, 3.0])", "3.0, 4.5", ["-1.0, 2.0"]),
    ("Gamma", "t([0.5, 3.0]), t([[1.0], [2.0]])", "2.0, 0.5", ["1.0, 0.0", "-1.0, 1.0"]),
    ("GeneralizedPareto", "t([0.5, -1.0, 0.0]), t([1.0, 2.0, 1.5]), t([0.0, 0.3, -0.6])", "0.0, 1.0, 1.5", ["0.0, -1.0, 1.0"]),
    ("Geometric", "t([0.3, 0.5, 1.0])", "logits=t([[-1.0, 0.0], [2.0, 0.5]])", "0.25", ["0.0", "1.5", ""]),
    ("Laplace", "t([0.5, -1.0]), t([[1.0], [2.0]])", "0.0, 2", ["0.0, -1.0"]),
    ("Multinomial", "5, t([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])", "3, logits=t([0.5, -1.0])", ["lib.tensor([1, 2]), lib.ones(2)", "3, lib.tensor([-1.0, 2.0])"]),
    ("NegativeBinomial", "3, t([0.3, 0.5, 0.0])", "lib.tensor([[5.0], [0.5]]), logits=t([-1.0, 0.0])", ["-1, lib.tensor(0.5)", "3, lib.tensor(1.0)", "3"]),
    ("Normal", "t([0.5, -1.0]), t([[1.0], [2.0]])", "0.0, 2", "0, t([1.0, 3.0])", ["0.0, -1.0", "float('nan'), 1.0", "'a', 1.0", "lib.ones(2), lib.ones(3)"]),
    ("OneHotCategorical", "t([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])", "logits=t([0.5, -1.0, 2.0, 0.0])", ["lib.tensor([-1.0, 2.0])", ""]),
    ("OneHotCategoricalStraightThrough", "t([[1.0, 2.0, 3.0], [1.0, 1.0, 0.5]])", "logits=t([0.5, -1.0])", ["lib.tensor([-1.0, 2.0])"]),
    ("Poisson", "t([0.5, 3.5, 20.0])", "2.0", ["-1.0"]),
    ("StudentT", "t([0.5, 1.5, 3.0])", "t([2.5]), t([1.0, -1.0]), 2.0", "3.0", ["-1.0", "1.0, 0.0, -1.0"]),
    ("Uniform", "t([0.5, -1.0]), t([1.0, 2.0])", "0, 2.0", ["1.0, 0.0", "1.0, 1.0"]),
    ("VonMises", "t([0.5, -1.0]), t([1.0, 20.0])", "t([0.0]), t([0.3])", ["lib.tensor(0.0), lib.tensor(-1.0)"]),
    ("Independent", "D.Normal(t([[0.5, -1.0], [0.0, 1.0]]), 1.0), 1", "D.Bernoulli(t([0.5, 0.2])), 0", ["D.Normal(0.0, 1.0), 1"]),
)  # fmt: skip


def made(lib, name, text, leaves):
    """A row's object; its tensors are appended to `leaves`."""

    def t(values):
        leaves.append(lib.tensor(values, requires_grad=True))
        return leaves[-1]

    return eval(f"D.{name}({text})", {"lib": lib, "D": lib.distributions, "t": t})


def said(call, *args):
    """What a call returns, or the name of what it raises."""
    try:
        return call(*args)
    except Exception as error:
        return type(error).__name__


def slopes(lib, result, leaves):
    """The gradients of a result, each element weighted; zeros where there are none."""
    if not isinstance(result, lib.Tensor) or not result.requires_grad:
        return []
    weights = lib.linspace(0.5, 1.5, result.numel()).reshape(result.shape)
    try:
        found = lib.autograd.grad((result * weights).sum(), leaves, retain_graph=True, allow_unused=True)
    except NotImplementedError:
        return ["NotImplementedError"]
    return [lib.zeros_like(leaf) if one is None else one for one, leaf in zip(found, leaves)]


@table("distributions", DISTRIBUTIONS)
def a_distribution(lib, name, *texts):
    import warnings

    warnings.simplefilter("ignore")
    for text in texts[:-1]:
        leaves = []
        d = made(lib, name, text, leaves)
        yield tuple(d.batch_shape), tuple(d.event_shape), d.has_rsample, d.has_enumerate_support
        shown = repr(d).replace(f"{lib.__name__}.Size", "Size")
        yield shown if "ensor(" not in shown else "", sorted(said(lambda: d.arg_constraints))  # noqa: B023
        yield type(d.support).__name__, d.support.event_dim, d.support.is_discrete
        for moment in ("mean", "mode", "variance", "stddev"):
            found = said(getattr, d, moment)
            yield moment, found, slopes(lib, found, leaves)
        for question in ("entropy", "perplexity"):
            found = said(getattr(d, question))
            yield question, found, slopes(lib, found, leaves)
        yield said(d.enumerate_support), said(d.enumerate_support, False), said(d.sample_n, 2)
        values = [d.sample(), d.sample((3,))]
        yield values, values[0].requires_grad
        moved = said(d.rsample, (2,))
        found = slopes(lib, moved, leaves)
        # these move by a rule that PyTorch has to three digits; `samples_follow_their_concentrations` judges it
        implicit = ["Beta", "Chi2", "Dirichlet", "FisherSnedecor", "Gamma", "InverseGamma", "StudentT", "Wishart"]
        yield moved, [one.sign() for one in found] if name in implicit else found
        values += [lib.full((*d.batch_shape, *d.event_shape), value) for value in (-2.0, 0.0, 0.3, 1.0, 4.0, float("nan"))]
        values += [lib.ones(7, 5, 3, 2), lib.tensor(0.5), 0.5, *moved[:1]]
        free = made(lib, name, text + ", validate_args=False", [])
        for value in values:
            for question in ("log_prob", "cdf"):
                found = said(getattr(d, question), value)
                yield question, found, slopes(lib, found, leaves), said(getattr(free, question), value)
        found = said(d.icdf, lib.tensor([[0.1], [0.5], [0.9]]).reshape(3, *[1] * max(len(d.batch_shape), 1)))
        yield found, slopes(lib, found, leaves)
        wide = d.expand((2, *d.batch_shape))
        yield type(wide).__name__, tuple(wide.batch_shape), tuple(wide.event_shape), said(getattr, wide, "mean"), said(getattr, wide, "variance")
        yield wide.sample(), wide.log_prob(values[0]), slopes(lib, wide.log_prob(values[0]), leaves), raised(d.expand, (7, 5, 9))
        try:
            lib.set_default_dtype(lib.float64)
            twice = made(lib, name, text, [])
            yield twice.sample((2,)), twice.log_prob(twice.sample()), said(getattr, twice, "mean")
        finally:
            lib.set_default_dtype(lib.float32)
    for text in texts[-1]:
        yield text, said(lambda: made(lib, name, text, []).batch_shape)  # noqa: B023


@program("distributions.Gamma", "distributions.Dirichlet", "distributions.Beta")
def samples_follow_their_concentrations(lib):
    """Against the truth, from 40 digits of the cumulative distribution's derivative."""
    D, f64 = lib.distributions, lib.float64
    near = lambda found, truth: ((found / lib.tensor(truth, dtype=f64) - 1).abs() <= 3e-3).tolist()
    lib.manual_seed(0)
    a = lib.tensor([0.3, 1.0, 2.5, 20.0, 300.0, 3000.0], dtype=f64, requires_grad=True)
    x = D.Gamma(a, lib.ones(len(a), dtype=f64)).rsample()
    x.sum().backward()
    yield x, near(a.grad, [0.00023372322, 0.32617527, 1.0494563, 0.93138587, 0.99245062, 1.0097382])
    lib.manual_seed(0)
    a = lib.tensor([[0.5, 2.0, 0.3], [3.0, 4.0, 5.0], [40.0, 1.0, 0.2], [0.1, 60.0, 70.0]], dtype=f64, requires_grad=True)
    x = D.Dirichlet(a).rsample()
    truth = [[0.15301627, -0.013390316, -0.0044036192], [0.06443358, -0.016424191, -0.019566199],
             [3.1885874e-05, -0.003909917, -0.0046375867], [4.0052901e-11, -1.188066e-15, -1.3564669e-15]]  # fmt: skip
    yield x, near(lib.autograd.grad(x[:, 0].sum(), a)[0], truth)


@program("distributions.Distribution", "distributions.ExponentialFamily")
def a_distribution_of_ones_own(lib):
    import warnings

    D = lib.distributions

    class Own(D.Distribution):
        arg_constraints = {"width": D.constraints.positive}

        def __init__(self, width, validate_args=None):
            self.width = width
            super().__init__(width.shape, validate_args=validate_args)

        def rsample(self, sample_shape=()):
            return self.width * lib.rand(self._extended_shape(sample_shape))

        def expand(self, batch_shape, _instance=None):
            new = self._get_checked_instance(Own, _instance)
            new.width = self.width.expand(batch_shape)
            super(Own, new).__init__(lib.Size(batch_shape), validate_args=False)
            new._validate_args = self._validate_args
            return new

    class Nothing(D.Distribution):
        pass

    own = Own(lib.tensor([1.0, 2.0]))
    yield own.sample((2,)), own.expand((3, 2)).sample(), tuple(own.expand((3, 2)).batch_shape), repr(own).replace(lib.__name__, "")
    yield raised(Own, lib.tensor([-1.0])), raised(Own, lib.tensor([-1.0]), validate_args=False)
    for name in ("mean", "mode", "variance", "stddev", "support"):
        yield said(getattr, own, name)
    for name in ("log_prob", "cdf", "icdf"):
        yield said(getattr(own, name), lib.ones(2))
    yield raised(own.entropy), raised(own.perplexity), raised(own.enumerate_support), own.has_rsample, own.has_enumerate_support
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        Nothing()
        own.sample_n(2)
        own._validate_sample(lib.ones(2))
    yield [one.category.__name__ for one in heard], raised(Nothing), raised(repr, Nothing(validate_args=False))
    yield raised(own._validate_sample, 1.0), raised(own._validate_sample, lib.ones(3))
    try:
        D.Distribution.set_default_validate_args(False)
        yield raised(D.Normal, 0.0, -1.0), raised(D.Normal, 0.0, -1.0, validate_args=True)
    finally:
        D.Distribution.set_default_validate_args(True)
    yield raised(D.Normal, 0.0, -1.0), raised(D.Distribution.set_default_validate_args, "yes")

    class Family(D.ExponentialFamily):
        arg_constraints = {}
        _mean_carrier_measure = 0
        _natural_params = (lib.tensor([-0.5, -2.0]),)

        def _log_normalizer(self, x):
            return -(-x).log()

    one, other = Family(lib.Size([2])), Family(lib.Size([2]))
    other._natural_params = (lib.tensor([-1.0, -1.0]),)
    yield one.entropy(), D.kl_divergence(one, one), said(D.kl_divergence, one, D.Exponential(lib.ones(2)))
    yield raised(D.ExponentialFamily().entropy)
