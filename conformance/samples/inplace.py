"""Functions of torch that write into their first argument, beside the methods of the same name."""

import torch

from .spec import I, T, call, error

F = "nn.functional."
whole = (torch.int64,)


def targets():
    """Between 0.1 and 0.9, where all of these functions are defined: dense, transposed, sliced, empty, 0-d."""
    X = lambda *shape: T(*shape, low=0.1, high=0.9).constant()
    return X(3, 4), X(4, 6).map(lambda t: t.t()), X(3, 8).map(lambda t: t[:, ::2]), X(0, 3), X()


UNARY = ["abs", "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "asin", "asinh", "atan", "atanh", "ceil", "conj_physical", "cos", "cosh", "deg2rad", "erf", "erfc", "exp", "exp2", "expm1", "fix", "floor", "frac", "i0", "log", "log10", "log1p", "log2", "logit", "nan_to_num", "neg", "negative", "rad2deg", "reciprocal", "relu", "round", "rsqrt", "selu", "sigmoid", "sin", "sinc", "sinh", "sqrt", "square", "tan", "tanh", "trunc"]
SAMPLES = {f"{name}_": [call(x) for x in targets()] for name in UNARY}
SAMPLES |= {
    "celu_": [call(x) for x in targets()] + [call(T(3).constant(), 0.5)],
    "clamp_": [call(x, 0.3, 0.6) for x in targets()] + [call(T(3).constant(), max=1.0), call(T(3).constant(), T(3), T(1))],
    "clip_": [call(x, 0.3, 0.6) for x in targets()],
    "clamp_max_": [call(x, 0.3) for x in targets()], "clamp_min_": [call(x, 0.3) for x in targets()],
    "gcd_": [call(I(4, high=30), I(4, high=12), only=whole)], "lcm_": [call(I(4, high=30, low=1), I(4, high=12, low=1), only=whole)],
    "ldexp_": [call(T(3, 4).constant(), I(4, high=4, low=-3)), call(T(3).constant(), T(3))], "xlogy_": [call(x, 0.5) for x in targets()] + [call(T(3, 4).constant(), T(4, low=0.1))],
    "threshold_": [call(x, 0.5, 7.0) for x in targets()], "round_": [call(x) for x in targets()] + [call(T(3).constant(), decimals=1)],
    F + "relu_": [call(x) for x in targets()], F + "selu_": [call(x) for x in targets()],
    F + "celu_": [call(x, 0.5) for x in targets()], F + "elu_": [call(x, 0.5) for x in targets()],
    F + "leaky_relu_": [call(x, 0.3) for x in targets()] + [call(T(3, 4).constant())],
    F + "hardtanh_": [call(x, 0.2, 0.5) for x in targets()], F + "threshold_": [call(x, 0.5, 7.0) for x in targets()],
}  # fmt: skip
SAMPLES["exp_"] += [error(T(3).map(lambda t: t[:1].expand(4)).constant())]
