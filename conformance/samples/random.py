"""Random functions: what is judged is PyTorch's stream, so the sizes sit on both sides of 16, where normals change."""

import torch

from .spec import T, V, call, error

f16, f64, c64, i8, i64 = torch.float16, torch.float64, torch.complex64, torch.int8, torch.int64


def drawn(*args, **kwargs):
    return call(*args, **kwargs, tags="random")


def fills(*parameters, integers=False):
    """An in-place fill with each tuple of parameters: both sides of 16, transposed, sliced, halves, empty."""
    if integers:
        tensors = [T(3, 5), T(33), T(4, 6).map(lambda t: t.t())]
    else:
        tensors = [T(3, 5, dtype=torch.float32), T(4, 5, dtype=f64), T(33, dtype=f16),
                   T(6, 9, dtype=torch.float32).map(lambda t: t.t()),
                   T(6, 8, dtype=f64).map(lambda t: t[:, ::2]), T(0, 3, dtype=torch.float32)]  # fmt: skip
    return [drawn(tensor.constant(), *one) for one in parameters for tensor in tensors]


_rand = [drawn(3), drawn(2, 9), drawn((33,)), drawn(3, 5, dtype=f64), drawn(33, dtype=f16), drawn(0, 3), drawn(()),
         drawn(5, dtype=c64), error(-1), error(2.5), error(3, dtype=i64)]  # fmt: skip
_grad = [drawn(3, requires_grad=True)]
_like = [drawn(T(1, 2, 3, 4), memory_format=torch.channels_last),
         drawn(T(3).constant(), dtype=torch.float32, requires_grad=True), drawn(T(3, 5)), drawn(T(4, 6).map(lambda t: t.t())), drawn(T(4, 8).map(lambda t: t[:, ::2])),
         drawn(T(4, 5), dtype=f64), drawn(T(0, 3))]  # fmt: skip
_weights = T(4, 10, low=0.1, high=1.0)
_rates = T(4, 10, low=0.0, high=60.0)
_unit = T(4, 10, low=0.0, high=1.0)
SAMPLES = {
    "rand": _rand + _grad,
    "randn": _rand + _grad,
    "randint": [drawn(10, (3, 5)), drawn(3, 10, (33,)), drawn(high=2**40, size=(9,)), drawn(-5, 2**28, (9,)),
                drawn(-5, 5, (9,), dtype=i8), drawn(10, (9,), dtype=f64), drawn(2, (9,), dtype=torch.bool),
                drawn(10, (0,)), drawn(10, (3,), dtype=torch.float32, requires_grad=True), error(0, (3,)), error(5, 5, (3,)), error(300, (3,), dtype=torch.uint8)],
    "randperm": [drawn(20), drawn(0), drawn(1), drawn(700), drawn(9, dtype=torch.float32),
                 drawn(9, dtype=torch.float32, requires_grad=True), error(-1),
                 error(9, dtype=torch.bool)],
    "rand_like": _like,
    "randn_like": _like,
    "randint_like": [drawn(T(3, 5), 10), drawn(T(4, 6).map(lambda t: t.t()), -5, 100), drawn(T(3), 10, dtype=i64),
                     drawn(T(1, 2, 3, 4), 10, memory_format=torch.channels_last),
                     drawn(T(3).constant(), 10, dtype=torch.float32, requires_grad=True)],
    "bernoulli": [drawn(_unit), drawn(_unit.map(lambda t: t.t())), drawn(_unit, 0.3), drawn(V([0.0, 0.5, 1.0])),
                  drawn(T(0, 3)), error(T(3, low=1.5, high=2.0)), error(_unit, 1.5)],
    "normal": [drawn(0.5, 2.0, (3, 5)), drawn(0.5, 2.0, (33,)), drawn(0.5, 2.0, (3,), dtype=f64),
               drawn(0.5, 2.0, (3,), requires_grad=True), drawn(T(4, 5), 2.0), drawn(0.5, _unit),
               drawn(T(4, 10), _unit), drawn(T(10), _unit), error(T(3), -1.0), error(0.0, -1.0, (3,))],
    "multinomial": [drawn(_weights, 3), drawn(_weights, 1), drawn(_weights, 30, True),
                    drawn(T(10, low=0.1, high=1.0), 5), drawn(_weights.map(lambda t: t.t()), 3), error(_weights, 11),
                    error(_weights, 0), error(V([0.0, 0.0]), 1), error(V([-1.0, 2.0]), 1),
                    error(V([float("nan"), 2.0]), 1)],
    "poisson": [drawn(_rates), drawn(_rates.map(lambda t: t.t())), drawn(V([0.0, 9.99, 10.0, 1e6])),
                error(V([-1.0]))],
    "binomial": [drawn(V([[0.0, 10.0, 1e5], [7.0, 50.0, 3.0]]), V([[0.5, 1.0, 0.3], [0.1, 0.9, 0.0]])),
                 drawn(T(4, 10, low=20.0, high=60.0), _unit)],
    "nn.functional.rrelu_": [drawn(T(3, 4).constant(), 0.1, 0.3, True)],
    "rrelu_": [drawn(T(3, 4).constant(), 0.1, 0.3, True), call(T(3, 4).constant(), 0.2, 0.4)],
    "rrelu": [drawn(T(3, 4), 0.1, 0.3, True), call(T(3, 4), 0.2, 0.4)],
    **{name: [drawn(T(30, 40), 0.3, True), drawn(T(30, 40), 0.6, True), call(T(3), 0.3, False), error(T(3), 1.5, True)]
       for name in ("dropout", "alpha_dropout", "native_dropout")},
    **{name: [drawn(T(4, 6, 5), 0.3, True), drawn(T(4, 6, 5), 0.6, True), call(T(2, 3), 0.3, False)]
       for name in ("feature_dropout", "feature_alpha_dropout")},
    **{f"{name}_": [drawn(T(4, 6, 5).constant(), 0.3, True), drawn(T(4, 6, 5).constant(), 0.6, True),
                    call(T(2, 3).constant(), 0.3, False)]
       for name in ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")},
    "Tensor.uniform_": fills((), (-1.0, 3.0)) + [error(T(3).constant(), 2.0, 1.0)],
    "Tensor.normal_": fills((), (1.0, 0.5)) + [error(T(3).constant(), 0.0, -1.0)],
    "Tensor.log_normal_": fills((), (0.0, 0.5)) + [error(T(3).constant(), 0.0, 0.0)],
    "Tensor.exponential_": fills((), (2.5,)) + [error(T(3).constant(), 0.0)],
    "Tensor.cauchy_": fills((), (1.0, 0.5)) + [error(T(3).constant(), 0.0, 0.0)],
    "Tensor.geometric_": fills((0.3,), (0.7,)) + [error(T(3).constant(), 1.0)],
    "Tensor.bernoulli_": fills((), (0.3,), integers=True) + [error(T(3).constant(), 1.5)],
    "Tensor.random_": fills((), (2,), (0, 2), integers=True) + [error(T(3).constant(), 5, 5)],
}  # fmt: skip
