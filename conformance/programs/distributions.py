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
    ("Gumbel", "t([0.5, -1.0]), t([[1.0], [2.0]])", "0.0, 2", ["0.0, -1.0"]),
    ("HalfCauchy", "t([0.5, 3.0])", "2", ["-1.0"]),
    ("HalfNormal", "t([0.5, 3.0])", "2", ["-1.0"]),
    ("InverseGamma", "t([0.5, 1.5, 3.0]), t([[1.0], [2.0]])", "2.5, 0.5", ["1.0, 0.0", "-1.0, 1.0"]),
    ("Kumaraswamy", "t([0.5, 2.0]), t([[3.0], [0.7]])", "2.0, 3.0", ["-1.0, 1.0"]),
    ("LKJCholesky", "3, t([0.5, 2.0])", "2", "4, 1.5", ["1, 1.0", "3, -1.0"]),
    ("LogNormal", "t([0.5, -1.0]), t([[1.0], [2.0]])", "0.0, 1", ["0.0, -1.0"]),
    ("LogisticNormal", "t([[0.5, -1.0], [0.0, 1.0]]), t([1.0, 2.0])", "0.0, 1.0", ["0.0, -1.0"]),
    ("LowRankMultivariateNormal", "t([0.5, -1.0]), t([[1.0], [2.0]]), t([1.0, 0.5])",
     "t([[0.5, -1.0], [0.0, 1.0]]), t([[1.0, 0.3], [2.0, -1.0]]), t([[1.0, 0.5], [2.0, 1.0]])",
     ["lib.zeros(2), lib.ones(2, 1), -lib.ones(2)", "lib.zeros(2), lib.ones(3, 1), lib.ones(2)", "lib.zeros(2), lib.ones(2, 1), lib.ones(3)",
      "lib.tensor(0.0), lib.ones(2, 1), lib.ones(2)", "lib.zeros(2), lib.ones(2), lib.ones(2)", "lib.zeros(4, 2), lib.ones(3, 2, 1), lib.ones(2)"]),
    ("MixtureSameFamily", "D.Categorical(t([1.0, 2.0])), D.Normal(t([-1.0, 1.0]), t([0.5, 1.0]))",
     "D.Categorical(t([[1.0, 2.0], [0.5, 0.5]])), D.Independent(D.Normal(t([[[-1.0], [1.0]], [[0.0], [2.0]]]), 1.0), 1)",
     "D.Categorical(t([[1.0, 2.0]] * 2)), D.Poisson(t([[1.0, 5.0], [2.0, 9.0]]))",
     ["D.Normal(0.0, 1.0), D.Normal(0.0, 1.0)", "D.Categorical(lib.ones(2)), 1", "D.Categorical(lib.ones(2)), D.Normal(lib.zeros(3), 1.0)",
      "D.Categorical(lib.ones(4, 2)), D.Normal(lib.zeros(3, 2), 1.0)"]),
    ("MultivariateNormal", "t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]])", "t([[0.5, -1.0], [0.0, 1.0]]), precision_matrix=t([[2.0, 0.5], [0.5, 1.0]])",
     "t([0.5, -1.0]), scale_tril=t([[[2.0, 0.0], [0.5, 1.0]], [[1.0, 0.0], [-0.5, 0.3]]])",
     ["lib.zeros(2), -lib.eye(2)", "lib.zeros(2)", "lib.tensor(0.0), lib.eye(2)", "lib.zeros(2), lib.ones(2)", "lib.zeros(2), scale_tril=lib.ones(2, 2)",
      "lib.zeros(2), lib.eye(2), lib.eye(2)", "lib.zeros(3), lib.eye(2)", "lib.zeros(2), precision_matrix=lib.ones(2)"]),
    ("Pareto", "t([0.5, 1.0]), t([[0.8], [3.0]])", "1.0, 2", ["-1.0, 1.0"]),
    ("RelaxedBernoulli", "t(0.7), t([0.3, 0.5])", "lib.tensor(2.0), logits=t([[-1.0, 0.0], [2.0, 0.5]])", ["lib.tensor(1.0), 1.5", "lib.tensor(1.0)"]),
    ("RelaxedOneHotCategorical", "t(0.7), t([[1.0, 2.0, 3.0], [1.0, 1.0, 0.5]])", "lib.tensor(2.0), logits=t([0.5, -1.0])",
     ["lib.tensor(1.0), lib.tensor([-1.0, 2.0])", "lib.tensor(1.0)"]),
    ("TransformedDistribution", "D.Normal(t([0.5, -1.0]), 1.0), [D.AffineTransform(t(1.0), t(-2.0)), D.ExpTransform()]",
     "D.Uniform(t([[0.0], [0.1]]), 1.0), D.SigmoidTransform().inv", "D.Normal(t([[0.5, -1.0]]), 1.0), D.StickBreakingTransform()",
     "D.Normal(t(0.5), 1.0), [D.AffineTransform(t([1.0, 2.0]), 3.0)]", "D.Normal(t([[0.5, 1.0]]), 1.0), [D.ReshapeTransform((2,), (1, 2))]",
     "D.Laplace(t([1.0]), 1.0), []", ["D.Normal(0.0, 1.0), 1", "D.Normal(0.0, 1.0), [1]", "D.Normal(0.0, 1.0), D.StickBreakingTransform()"]),
    ("Weibull", "t([0.5, 2.0]), t([[3.0], [1.7]])", "1.0, 2", ["-1.0, 1.0"]),
    ("Wishart", "lib.tensor(3.5), t([[2.0, 0.5], [0.5, 1.0]])", "t([3.5, 5.0]), precision_matrix=t([[2.0, 0.5], [0.5, 1.0]])",
     "4.0, scale_tril=t([[[2.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.1, 0.2, 0.3]]])",
     ["1.0, lib.eye(2)", "3.0", "3.0, lib.ones(2)", "3.0, -lib.eye(2)", "3.0, lib.eye(2), lib.eye(2)"]),
)  # fmt: skip


# A transform, and inputs that it maps.
TRANSFORMS = (
    ("AbsTransform", "", "t([-1.0, 0.5])"),
    ("AffineTransform", "t([1.0, 2.0]), t([-2.0, 0.5])", "t([0.5, -1.0])"),
    ("AffineTransform", "1.0, -2.0, event_dim=1", "t([[0.5, -1.0], [1.0, 2.0]])"),
    ("AffineTransform", "1, t(0.5)", "t([0.5, -1.0])"),
    ("CatTransform", "[D.ExpTransform(), D.AffineTransform(1.0, t(2.0))], 0, [1, 2]", "t([0.5, -1.0, 2.0])"),
    ("CatTransform", "[D.ExpTransform(), D.IndependentTransform(D.SigmoidTransform(), 1)], -2, [1, 1]", "t([[0.5, -1.0], [2.0, 0.1]])"),
    ("CatTransform", "[D.ExpTransform(), D.SigmoidTransform()], -1", "t([[0.5, -1.0], [2.0, 0.1]])"),
    ("ComposeTransform", "[D.AffineTransform(t(1.0), 2.0), D.TanhTransform(), D.AffineTransform(0.0, -1.0)]", "t([-0.7, -0.2])"),
    ("ComposeTransform", "[D.ExpTransform(), D.StickBreakingTransform()]", "t([[0.5, -1.0], [2.0, 0.1]])"),
    ("ComposeTransform", "[]", "t([-0.7, -0.2])"),
    ("CorrCholeskyTransform", "", "t([[0.5, -1.0, 0.1], [2.0, 0.1, 0.0]])"),
    ("CumulativeDistributionTransform", "D.Normal(t(0.5), t(2.0))", "t([0.5, -1.0])"),
    ("ExpTransform", "", "t([0.5, -1.0])"),
    ("IndependentTransform", "D.ExpTransform(), 1", "t([[0.5, -1.0], [1.0, 2.0]])"),
    ("LowerCholeskyTransform", "", "t([[0.5, -1.0], [1.0, 2.0]])"),
    ("PositiveDefiniteTransform", "", "t([[0.5, -1.0], [1.0, 0.2]])"),
    ("PowerTransform", "t([2.0, -0.5])", "t([0.5, 3.0])"),
    ("PowerTransform", "2.0", "t([0.5, 3.0])"),
    ("ReshapeTransform", "(4,), (2, 2)", "t([[0.5, -1.0, 1.0, 2.0]])"),
    ("SigmoidTransform", "", "t([0.5, -1.0, 50.0])"),
    ("SoftmaxTransform", "", "t([[0.5, -1.0], [1.0, 2.0]])"),
    ("SoftplusTransform", "", "t([0.5, -1.0])"),
    ("StackTransform", "[D.ExpTransform(), D.AffineTransform(1.0, t(2.0))], 1", "t([[0.5, -1.0], [1.0, 2.0], [0.1, 0.2]])"),
    ("StickBreakingTransform", "", "t([[0.5, -1.0], [1.0, 2.0]])"),
    ("TanhTransform", "", "t([0.5, -1.0])"),
)  # fmt: skip
# By a distribution of each class: all pairs have a divergence, or none.
PAIRS = {
    "Bernoulli": ("t([0.2, 0.5])", "t([0.3, 0.9])"), "Beta": ("t([0.5, 2.0]), t([2.0, 3.0])", "t([1.5, 2.5]), t([1.0, 4.0])"),
    "Binomial": ("3, t([0.2, 0.5])", "3, t([0.3, 0.9])"), "Categorical": ("t([[1.0, 2.0], [0.0, 1.0]])", "t([[2.0, 2.0], [1.0, 3.0]])"),
    "Cauchy": ("t([0.5, -1.0]), t([1.0, 2.0])", "t([0.0, 1.0]), t([2.0, 3.0])"), "Chi2": ("t([0.5, 3.0])", "t([1.5, 2.0])"),
    "ContinuousBernoulli": ("t([0.2, 0.5])", "t([0.3, 0.9])"), "Dirichlet": ("t([[0.5, 2.0, 1.0]])", "t([[1.5, 2.5, 3.0]])"),
    "Exponential": ("t([0.5, 2.0])", "t([1.5, 3.0])"), "FisherSnedecor": ("t([1.0, 2.0]), 3.0", "t([1.0, 2.0]), 4.0"),
    "Gamma": ("t([0.5, 2.0]), t([2.0, 3.0])", "t([1.5, 2.5]), t([1.0, 4.0])"), "Geometric": ("t([0.2, 0.5])", "t([0.3, 0.9])"),
    "Gumbel": ("t([0.5, -1.0]), t([1.0, 2.0])", "t([0.0, 1.0]), t([2.0, 3.0])"), "HalfNormal": ("t([1.0, 2.0])", "t([2.0, 3.0])"),
    "Independent": ("D.Normal(t([0.5, -1.0]), t([1.0, 2.0])), 1", "D.Normal(t([0.0, 1.0]), t([2.0, 3.0])), 1"),
    "Laplace": ("t([0.5, -1.0]), t([1.0, 2.0])", "t([0.0, 1.0]), t([2.0, 3.0])"), "LogNormal": ("t([0.5, -1.0]), t([1.0, 2.0])", "t([0.0, 1.0]), t([2.0, 3.0])"),
    "LowRankMultivariateNormal": ("t([0.5, -1.0]), t([[1.0], [2.0]]), t([1.0, 0.5])", "t([[0.0, 1.0]]), t([[[2.0], [0.3]]]), t([2.0, 0.6])"),
    "MultivariateNormal": ("t([0.5, -1.0]), t([[2.0, 0.5], [0.5, 1.0]])", "t([[0.0, 1.0]]), t([[[1.0, -0.5], [-0.5, 3.0]]])"),
    "Normal": ("t([0.5, -1.0]), t([1.0, 2.0])", "t([0.0, 1.0]), t([2.0, 3.0])"), "OneHotCategorical": ("t([[1.0, 2.0]])", "t([[2.0, 1.0]])"),
    "Pareto": ("t([0.5, 2.0]), t([2.5, 3.0])", "t([0.3, 2.5]), t([3.0, 4.0])"), "Poisson": ("t([0.5, 2.0])", "t([1.5, 3.0])"),
    "StudentT": ("t([3.0])", "t([4.0])"), "Uniform": ("t([0.1, 0.5]), t([0.6, 0.9])", "t([-1.0, 0.0]), t([1.5, 1.0])"),
    "Wishart": ("t(3.0), t([[2.0, 0.5], [0.5, 1.0]])", "t(4.0), t([[1.0, -0.5], [-0.5, 3.0]])"),
    "LogisticNormal": ("t([0.5, -1.0]), t([1.0, 2.0])", "t([0.0, 1.0]), t([2.0, 3.0])"), "VonMises": ("t([0.5]), t([1.0])", "t([0.5]), t([2.0])"),
}  # fmt: skip


def evaluated(lib, text, leaves):
    """What a text says; its tensors are appended to `leaves`."""

    def t(values):
        leaves.append(lib.tensor(values, requires_grad=True))
        return leaves[-1]

    return eval(text, {"lib": lib, "D": lib.distributions, "t": t})


def made(lib, name, text, leaves):
    """A row's object."""
    return evaluated(lib, f"D.{name}({text})", leaves)


def said(call, *args):
    """What a call returns, or the name of what it raises."""
    try:
        return call(*args)
    except Exception as error:
        return type(error).__name__.lstrip("_")


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
        for attribute in ("probs", "logits", "param_shape", "concentration1", "concentration0", "concentration", "rate", "df", "loc", "scale",
                          "temperature", "scale_tril", "covariance_matrix", "precision_matrix"):  # fmt: skip
            found = said(getattr, d, attribute) if (name, attribute) != ("Geometric", "param_shape") else ""  # PyTorch's has none
            yield attribute, found, slopes(lib, found, leaves)
        yield [type(said(getattr, d, one)).__name__ for one in ("base_dist", "mixture_distribution", "component_distribution", "transforms")]
        values = [d.sample(), d.sample((3,))]
        yield values, values[0].requires_grad
        moved = said(d.rsample, (2,))
        found = slopes(lib, moved, leaves) if name != "Wishart" else []  # PyTorch's overwrites what it needs
        # these move by a rule that PyTorch has to three digits; `samples_follow_their_concentrations` judges it
        implicit = ["Beta", "Chi2", "Dirichlet", "FisherSnedecor", "Gamma", "InverseGamma", "StudentT", "Wishart"]
        yield moved, [one.sign() for one in found] if name in implicit else found
        values += [lib.full((*d.batch_shape, *d.event_shape), value) for value in (-2.0, 0.0, 0.3, 1.0, 4.0, float("nan"))]
        values += [lib.ones(7, 5, 3, 2), lib.tensor(0.5), 0.5, [0.5]]
        values += [moved[0].detach()] if isinstance(moved, lib.Tensor) else []
        free = made(lib, name, text + ", validate_args=False", [])
        for value in values:
            for question in ("log_prob", "cdf", *(["log_cdf", "log_survival_function"] if name == "GeneralizedPareto" else [])):
                found = said(getattr(d, question), value)
                yield question, found, slopes(lib, found, leaves), said(getattr(free, question), value) if isinstance(value, lib.Tensor) else ""
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


@table("distributions", TRANSFORMS)
def a_transform(lib, name, text, values):
    D, leaves = lib.distributions, []
    f = made(lib, name, text, leaves)
    x = evaluated(lib, values, leaves)
    y = f(x)
    yield y, slopes(lib, y, leaves), tuple(f.forward_shape(x.shape)), tuple(f.inverse_shape(y.shape))
    back = f.inv(y)
    yield back, slopes(lib, back, leaves), repr(f), repr(f.inv), f.inv.inv is f
    for one, *pair in ((f, x, y), (f.inv, y, back)):
        found = said(one.log_abs_det_jacobian, *pair)
        yield found, slopes(lib, found, leaves), one.bijective, said(getattr, one, "sign"), said(getattr, one, "event_dim")
        yield [(type(c).__name__, said(getattr, c, "event_dim"), said(getattr, c, "is_discrete")) for c in (one.domain, one.codomain)]
        yield said(one.domain.check, pair[0]), said(one.codomain.check, pair[1])
    kept = f.with_cache()
    again = kept(x)
    yield kept(x) is again, kept.inv(again) is x, kept.with_cache(1) is kept, f.with_cache(0) is f, again
    yield f == made(lib, name, text, []), f != D.identity_transform, f == f.inv, f.inv == made(lib, name, text, []).inv
    yield raised(made, lib, name, f"{text}, cache_size=2" if text else "cache_size=2", []), raised(lambda: f(lib.tensor(1.0))) if "D." not in text else ""


@program("distributions.Transform", "distributions.identity_transform")
def a_transform_of_ones_own(lib):
    D = lib.distributions

    class Twice(D.Transform):
        domain = codomain = D.constraints.real
        bijective = True

        def _call(self, x):
            return 2 * x

        def _inverse(self, y):
            return y / 2

    class Named(Twice):
        def __init__(self, label, cache_size=0):
            super().__init__(cache_size=cache_size)

    f, x = Twice(), lib.tensor([1.0, 2.0])
    yield f(x), f.inv(x), f.event_dim, repr(f), f == Twice(), f != Twice(), f == f, tuple(f.forward_shape((3,)))
    yield raised(lambda: f.sign), raised(f.log_abs_det_jacobian, x, x), raised(Named("a").with_cache), raised(Twice, cache_size=2)
    yield raised(D.Transform()._call, x), raised(D.Transform()._inverse, x), D.Transform.bijective
    same = D.identity_transform
    yield same(x) is x, same.inv(x) is x, same.log_abs_det_jacobian(x, x), same.sign, same.bijective, same.event_dim
    yield raised(D.ReshapeTransform, (3,), (2, 2)), raised(D.ReshapeTransform((4,), (2, 2)).forward_shape, (3,))
    yield raised(D.ReshapeTransform((4,), (2, 2)).inverse_shape, (4,)), raised(D.CatTransform, [1]), raised(D.StackTransform, [1])
    yield raised(D.CatTransform, [f], 0, [1, 2]), raised(D.CatTransform([f, f]), x[:1]), raised(D.StackTransform([f]), x)
    yield raised(D.StackTransform([f], 3), x), raised(D.CorrCholeskyTransform().forward_shape, (4,)), raised(D.CorrCholeskyTransform().inverse_shape, (2, 3))
    yield raised(D.StickBreakingTransform().forward_shape, ()), raised(D.SoftmaxTransform().inverse_shape, ()), raised(lambda: D.StickBreakingTransform().event_dim)


def divergence(lib, first, second, texts):
    """The divergence of two rows, its gradients, or what it raises."""
    leaves = []
    found = said(lambda: lib.distributions.kl_divergence(made(lib, first, texts[0], leaves), made(lib, second, texts[1], leaves)))
    return found, slopes(lib, found, leaves) if "nan" not in str(found) else []


@table("distributions", [("kl_divergence", name, PAIRS) for name in PAIRS])
def divergences(lib, _, name, rows):
    for other, (_, second) in rows.items():
        yield (name, other, *divergence(lib, name, other, (rows[name][0], second)))


@program("distributions.kl_divergence")
def divergences_at_the_edge(lib):
    for first, second, *texts in (
        ("Bernoulli", "Bernoulli", "t([0.0, 1.0, 0.5, 0.5, 0.0])", "t([0.5, 0.5, 0.0, 1.0, 0.0])"),
        ("Categorical", "Categorical", "t([[0.5, 0.5], [1.0, 0.0]])", "t([[1.0, 0.0], [0.5, 0.5]])"),
        ("Binomial", "Binomial", "t([3.0, 4.0]), t([0.5, 0.5])", "3, t([0.3, 0.3])"),
        ("Binomial", "Binomial", "2, t([0.5, 0.5])", "3, t([0.3, 0.3])"),
        ("Uniform", "Uniform", "t([0.0, 0.0]), 1.0", "t([0.1, 0.0]), 1.0"),
        ("Uniform", "Beta", "t([-0.1, 0.0]), t([1.0, 1.1])", "t([2.0, 2.0]), 3.0"),
        ("Uniform", "Exponential", "t([-0.1, 0.0]), 1.0", "2.0"),
        ("Uniform", "Gamma", "t([-0.1, 0.0]), 1.0", "2.0, 2.0"),
        ("Uniform", "Pareto", "t([0.5, 1.5]), 2.0", "1.0, 2.0"),
        ("Uniform", "ContinuousBernoulli", "t([0.0, 0.1]), t([0.9, 1.0])", "0.3"),
        ("ContinuousBernoulli", "Uniform", "t([0.3, 0.3])", "t([0.0, -0.1]), t([1.1, 1.0])"),
        ("Beta", "Uniform", "t([0.5, 0.5, 0.5]), 2.0", "t([0.0, 0.1, 0.0]), t([1.0, 1.0, 0.9])"),
        ("Pareto", "Pareto", "t([1.0, 2.0]), 2.0", "t([2.0, 1.0]), 2.0"),
        ("Pareto", "Exponential", "1.0, t([0.5, 1.0, 2.0])", "2.0"), ("Pareto", "Gamma", "1.0, t([0.5, 2.0])", "2.0, 3.0"),
        ("Pareto", "Normal", "1.0, t([0.5, 1.5, 3.0])", "2.0, 3.0"), ("Poisson", "Poisson", "t([0.5])", "t([0.0])"),
        ("MultivariateNormal", "MultivariateNormal", "lib.zeros(2), lib.eye(2)", "lib.zeros(3), lib.eye(3)"),
        ("Independent", "Independent", "D.Normal(lib.zeros(2, 2), 1.0), 1", "D.Normal(lib.zeros(2, 2), 1.0), 2"),
        ("LogNormal", "TransformedDistribution", "0.0, 1.0", "D.Normal(1.0, 2.0), D.ExpTransform()"),
        ("LogNormal", "TransformedDistribution", "0.0, 1.0", "D.Normal(1.0, 2.0), D.TanhTransform()"),
    ):  # fmt: skip
        yield (first, second, divergence(lib, first, second, texts)[0])


@program("distributions.register_kl")
def divergences_are_registered(lib):
    import warnings

    D = lib.distributions

    class P(D.Normal):
        pass

    class Q(P):
        pass

    p, q, normal = P(0.0, 1.0), Q(0.0, 1.0), D.Normal(0.0, 2.0)
    yield D.kl_divergence(q, normal)
    yield D.register_kl(P, D.Normal)(lambda p, q: "first")(p, q), D.kl_divergence(q, normal), D.kl_divergence(normal, q)
    D.register_kl(D.Normal, P)(lambda p, q: "second")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield D.kl_divergence(q, q), D.kl_divergence(normal, q), [one.category.__name__ for one in heard]
    D.register_kl(P, P)(lambda p, q: "third")
    yield D.kl_divergence(q, q), D.kl_divergence(p, normal), raised(D.kl_divergence, p, D.Cauchy(0.0, 1.0))


@program("distributions.biject_to", "distributions.transform_to")
def transforms_to_constraints(lib):
    D = lib.distributions
    C = D.constraints
    x = lib.tensor([[0.3, -0.4, 0.6], [0.1, 0.2, 1.3], [0.3, 0.5, -1.0]])
    bounds = lib.tensor([0.0, 1.0, 2.0])
    for registry in (D.biject_to, D.transform_to):
        for constraint in (
            C.real, C.real_vector, C.positive, C.nonnegative, C.greater_than(2.0), C.greater_than_eq(bounds), C.less_than(bounds),
            C.unit_interval, C.interval(-1.0, bounds), C.half_open_interval(0.0, 2.0), C.simplex, C.lower_cholesky, C.positive_definite,
            C.positive_semidefinite, C.corr_cholesky, C.independent(C.positive, 2), C.cat([C.positive, C.simplex], 0, [1, 2]), C.cat([C.positive, C.unit_interval], 0, [1, 2]),
            C.stack([C.positive, C.real, C.unit_interval]), C.boolean, C.nonnegative_integer, C.symmetric, C.dependent,
        ):  # fmt: skip
            made_ = said(registry, constraint)
            yield repr(made_), made_ if isinstance(made_, str) else [y := said(made_, x), said(lambda: constraint.check(y))]  # noqa: B023
    kind = type(D.biject_to)
    own = kind()
    yield own.register(C.real, lambda c: "real")(1), own(C.real), raised(own, C.positive), raised(own.register, 1, 2)
    own.register(type(C.positive))(lambda c: c.lower_bound)
    yield own(C.greater_than(3.0))


@program("distributions.constraints")
def what_constraints_check(lib):
    C = lib.distributions.constraints
    values = lib.tensor([-2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.0, 4.5, float("nan"), float("inf")])
    rows = lib.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [1.0, 1.0, 1.0], [-1.0, 1.0, 1.0], [0.2, 0.3, 0.4]])
    matrices = lib.tensor([[[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [1.0, 3.0]], [[2.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 1.0]],
                           [[-1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])  # fmt: skip
    for one, asked in (
        *((c, values) for c in (C.boolean, C.nonnegative_integer, C.positive_integer, C.integer_interval(-1, 2), C.real, C.positive, C.nonnegative,
                                C.greater_than(0.3), C.greater_than_eq(0.3), C.less_than(0.3), C.unit_interval, C.interval(-1.0, 1.0),
                                C.half_open_interval(0.0, 1.0))),
        *((c, rows) for c in (C.one_hot, C.multinomial(2), C.real_vector, C.simplex, C.independent(C.positive, 1), C.cat([C.positive, C.real], -1, [1, 2]),
                              C.stack([C.positive, C.real, C.boolean], -1), C.MixtureSameFamilyConstraint(C.nonnegative))),
        *((c, matrices) for c in (C.lower_triangular, C.lower_cholesky, C.corr_cholesky, C.square, C.symmetric, C.positive_semidefinite, C.positive_definite)),
        (C.square, rows), (C.positive_definite, lib.zeros(2, 2, 3)),
    ):  # fmt: skip
        yield repr(one) if "ultinomial" not in repr(one) else "", one.check(asked), one.is_discrete, one.event_dim
    yield raised(C.dependent.check, values), raised(lambda: C.dependent.event_dim), C.dependent(event_dim=1).event_dim, C.is_dependent(C.dependent)
    yield raised(C.independent, 1, 1), raised(C.independent, C.real, -1), raised(C.independent(C.real, 2).check, values), raised(C.cat, [1])
    yield raised(C.stack, [1]), raised(C.cat, [C.real], 0, [1, 2]), raised(C.cat([C.real], 3).check, values), raised(C.Constraint().check, values)

    class Own:
        size = 3

        @C.dependent_property(is_discrete=False, event_dim=0)
        def support(self):
            return C.interval(0, self.size)

    yield repr(Own().support), Own.support.event_dim, Own.support.is_discrete, C.is_dependent(Own.support), raised(Own.support.check, values)


@program("distributions.utils")
def what_distributions_share(lib):
    U = lib.distributions.utils
    t = lib.tensor
    yield U.broadcast_all(1, t([1.0, 2.0])), U.broadcast_all(1, 2.0), raised(U.broadcast_all, "a"), U.broadcast_all(t([[1]]), t([1.0, 2.0]))
    yield U.clamp_probs(t([0.0, 0.5, 1.0])), U.probs_to_logits(t([0.0, 0.5, 1.0])), U.probs_to_logits(t([0.0, 0.5, 1.0]), True)
    yield U.logits_to_probs(t([0.0, 1.0])), U.logits_to_probs(t([0.0, 1.0]), is_binary=True)
    square = lib.arange(18.0).reshape(2, 3, 3)
    for diagonal in (-1, 0, 1):
        row = U.tril_matrix_to_vec(square, diagonal)
        yield row, U.vec_to_tril_matrix(row, diagonal)
    yield raised(U.tril_matrix_to_vec, square, 3), raised(U.vec_to_tril_matrix, lib.ones(4))

    class Lazy:
        calls = 0

        @U.lazy_property
        def value(self):
            self.calls += 1
            return lib.is_grad_enabled()

    one = Lazy()
    with lib.no_grad():
        yield one.value, one.value, one.calls


@program("distributions.relaxed_bernoulli", "distributions.relaxed_categorical", "distributions.kl", "distributions.studentT")
def classes_by_their_modules(lib):
    import importlib

    D = lib.distributions
    theirs = {"exp_family": "ExponentialFamily", "fishersnedecor": "FisherSnedecor", "kl": "kl_divergence", "constraint_registry": "biject_to",
              "lkj_cholesky": "LKJCholesky", "lowrank_multivariate_normal": "LowRankMultivariateNormal", "transforms": "ExpTransform",
              "relaxed_categorical": "RelaxedOneHotCategorical", "studentT": "StudentT"}  # fmt: skip
    modules = (
        "bernoulli beta binomial categorical cauchy chi2 constraint_registry continuous_bernoulli dirichlet distribution exp_family "
        "exponential fishersnedecor gamma generalized_pareto geometric gumbel half_cauchy half_normal independent inverse_gamma kl "
        "kumaraswamy laplace lkj_cholesky log_normal logistic_normal lowrank_multivariate_normal mixture_same_family multinomial "
        "multivariate_normal negative_binomial normal one_hot_categorical pareto poisson relaxed_bernoulli relaxed_categorical studentT "
        "transformed_distribution transforms uniform von_mises weibull wishart"
    )
    for name in modules.split():
        held = theirs.get(name) or "".join(part.capitalize() for part in name.split("_"))
        module = importlib.import_module(f"{lib.__name__}.distributions.{name}")
        yield name, getattr(module, held) is getattr(D, held), getattr(D, name) is module
    logit = D.relaxed_bernoulli.LogitRelaxedBernoulli(lib.tensor(0.5), lib.tensor([0.3, 0.5]))
    log = D.relaxed_categorical.ExpRelaxedCategorical(lib.tensor(0.5), lib.tensor([0.3, 0.5]))
    yield logit.rsample(), logit.log_prob(lib.tensor(0.2)), log.rsample(), log.log_prob(lib.tensor([-0.2, -1.7])), logit.param_shape[0]
    yield repr(logit.expand((2, 2))).replace(lib.__name__, ""), log.expand((2,)).sample()
