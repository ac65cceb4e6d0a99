"""Activations: kinks and parameters decide here, so each parameter is tried on the special values too."""

import torch

from .spec import S, T, V, call, once, unary

FAMILY = "unary"
F = "nn.functional."
flags = [True, False]

SAMPLES = {
    F + "relu": unary(inplace=flags),
    F + "relu6": unary(at=(6.0,), inplace=flags),
    F + "leaky_relu": unary(negative_slope=[0.01, 0.0, 0.3, -0.5, 1.0, 2.0], inplace=flags),
    F + "elu": unary(alpha=[1.0, 0.3, 2.0, 0.0], inplace=flags),
    F + "selu": unary(inplace=flags),
    F + "celu": unary(alpha=[1.0, 0.3, 2.0, -0.5], inplace=flags),
    F + "gelu": unary(approximate=["none", "tanh"]),
    F + "silu": unary(inplace=flags),
    F + "mish": unary(inplace=flags),
    F + "softplus": unary(at=(20.0, 10.0), beta=[1.0, 0.5, 2.0, 3], threshold=[20.0, 1.0, 5]),
    F + "hardtanh": unary(min_val=[-1.0, -0.5], max_val=[1.0, 2.0, 0.5], inplace=flags),
    F + "hardsigmoid": unary(at=(3.0, -3.0), inplace=flags),
    F + "hardswish": unary(at=(3.0, -3.0), inplace=flags),
    F + "logsigmoid": unary(),
    F + "softsign": unary(),
    F + "tanhshrink": unary(),
    F + "softshrink": unary(at=(0.5, -0.5), lambd=[0.5, 0.0, 1.0]),
    F + "hardshrink": unary(at=(0.5, -0.5), lambd=[0.5, 0.0, 1.0]) + [once(V([0.1, -0.1, 0.7]), 0.1)],
    F + "threshold": unary(tail=(0.5, 7.0), at=(0.5,)) + [call(T(3, 4), -1.0, 0.0), call(S(), 0.0, -2.5, True)],
    F + "prelu": [call(T(3, 4), T(1)), call(T(2, 3, 4), T(3)), call(S(), V([0.3])), call(T(2, 3), V([0.0, 1.0, -0.5])),
                  call(T(), V([0.25]))],
    F + "rrelu": [call(T(3, 4)), call(S(), 0.2, 0.5), call(T(3, 4), 0.1, 0.3, True, tags="random")],
    F + "glu": [call(T(4, 6)), call(T(4, 6), 0), call(T(2, 4, 3), dim=1)],
    F + "normalize": [call(T(3, 4)), call(T(3, 4), 1.0, 0), call(T(2, 3, 4), p=3.0, dim=-1), call(V([[0.0, 0.0], [3.0, 4.0]])),
                      call(T(3, 4), eps=10.0)],
}  # fmt: skip

_softmax = [call(T(3, 4), dim=1), call(T(3, 4), dim=0), call(T(2, 3, 4), dim=-2), call(T(), dim=0), call(T(0, 3), dim=1),
            call(T(3, 0), dim=1), call(T(3, 4, low=-500, high=500), dim=1), call(V([[1.0, 1.0, 1.0]]), dim=1),
            call(S(1, 30), dim=0), call(V([[float("-inf"), 0.0], [float("-inf"), float("-inf")]]), dim=1),
            call(V([[float("inf"), 0.0]]), dim=1), call(T(3, 4), dim=1, dtype=torch.float64),
            call(T(301, 1000), dim=1, tags="large"), call(T(1000, 301), dim=0, tags="large")]  # fmt: skip
SAMPLES |= {
    F + "softmax": _softmax, F + "log_softmax": _softmax, F + "softmin": _softmax[:8],
    "softmax": _softmax, "log_softmax": _softmax,
    F + "gumbel_softmax": [call(T(3, 4), tags="random"), call(T(3, 4), tau=0.5, hard=True, tags="random"),
                            call(T(3, 4), eps=1e-6, dim=0, tags="random")],
    F + "dropout": [call(T(30, 40), p, True, tags="random") for p in (0.0, 0.3, 0.5, 1.0)] + [call(T(3, 4), 0.5, False)],
    F + "alpha_dropout": [call(T(30, 40), 0.3, True, tags="random"), call(T(3, 4), 0.5, False)],
    F + "dropout1d": [call(T(4, 6, 5), 0.4, True, tags="random")],
    F + "dropout2d": [call(T(2, 6, 3, 4), 0.4, True, tags="random")],
    F + "dropout3d": [call(T(2, 6, 2, 3, 4), 0.4, True, tags="random")],
    F + "feature_alpha_dropout": [call(T(4, 6, 5), 0.4, True, tags="random")],
}  # fmt: skip

for _name, _shape in (("dropout", (3, 4)), ("alpha_dropout", (3, 4)), ("dropout1d", (2, 3, 4)), ("dropout2d", (2, 3, 4, 2)),
                      ("dropout3d", (2, 3, 2, 2, 2)), ("feature_alpha_dropout", (2, 3, 4))):  # fmt: skip
    SAMPLES[F + _name] += [call(T(*_shape), 0.4, False), call(T(*_shape).constant(), 0.4, True, inplace=True, tags=("random", "inplace"))]
SAMPLES[F + "rrelu"] += [call(T(3, 4).constant(), 0.1, 0.3, True, inplace=True, tags=("random", "inplace"))]

# The same functions where torch itself has them: no inplace, parameters by position.
SAMPLES |= {
    "relu": unary(), "selu": unary(), "celu": unary(alpha=[1.0, 0.3, 2.0]), "hardshrink": unary(at=(0.5,), lambd=[0.5, 0.0, 1.0]),
    "threshold": unary(tail=(0.5, 7.0), at=(0.5,)) + [call(T(3, 4), -1.0, 0.0)],
    "prelu": SAMPLES[F + "prelu"], F + "sigmoid": unary(), F + "tanh": unary(),
}  # fmt: skip
