"""The kernels of optimizers, called directly and held against the published formulas."""

import numpy as np
import pytest
from kernel_arrays import FLOATS, close, make

from lucid._kernels import core, optim


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("decay", [0, 0.1])
def test_optimizers(decay, maximize, dtype):
    """Five steps of each, against the published formulas in float64."""
    steps = [make(40, dtype, seed) for seed in range(1, 6)]
    start = make(40, dtype)

    def run(step, wanted):
        param, state, exact, exact_state = start.copy(), {}, start.astype(np.float64), {}
        for t, grad in enumerate(steps, 1):
            kept = lambda name, state=state: state.setdefault(name, np.zeros(40, dtype))
            truly = lambda name, state=exact_state: state.setdefault(name, np.zeros(40))
            step(param, grad, t, kept)
            g = (-1 if maximize else 1) * grad.astype(np.float64) + decay * exact
            exact -= wanted(g, t, truly)
        close(param, exact, dtype, 20)

    def mean(slot, value, beta):
        slot *= beta
        slot += (1 - beta) * value
        return slot

    def adagrad(g, t, s):
        s("a")[:] += g * g
        return 0.1 / (1 + (t - 1) * 0.01) * g / (np.sqrt(s("a")) + 1e-10)

    run(lambda p, g, t, s: optim.adagrad(p, g, s("a"), t, 0.1, 0.01, 1e-10, decay, maximize), adagrad)

    for centered in (False, True):
        for momentum in (0, 0.9):

            def rmsprop(g, t, s, centered=centered, momentum=momentum):
                square = mean(s("a"), g * g, 0.99).copy()
                if centered:
                    square -= mean(s("b"), g, 0.99) ** 2
                s("c")[:] = s("c") * momentum + g / (np.sqrt(square) + 1e-8)
                return 0.01 * s("c")

            run(lambda p, g, t, s, centered=centered, momentum=momentum: optim.rmsprop(
                p, g, s("a"), s("b") if centered else None, s("c") if momentum else None, 0.01, 0.99, 1e-8, decay,
                momentum, maximize), rmsprop)

    def adadelta(g, t, s):
        delta = np.sqrt(s("b") + 1e-6) / np.sqrt(mean(s("a"), g * g, 0.9) + 1e-6) * g
        mean(s("b"), delta * delta, 0.9)
        return delta

    run(lambda p, g, t, s: optim.adadelta(p, g, s("a"), s("b"), 1.0, 0.9, 1e-6, decay, maximize), adadelta)

    def adamax(g, t, s):
        mean(s("a"), g, 0.9)
        s("b")[:] = np.maximum(s("b") * 0.999, np.abs(g) + 1e-8)
        return 2e-3 / (1 - 0.9**t) * s("a") / s("b")

    run(lambda p, g, t, s: optim.adamax(p, g, s("a"), s("b"), t, 2e-3, 0.9, 0.999, 1e-8, decay, maximize), adamax)

    def radam(g, t, s):
        first, second = mean(s("a"), g, 0.9) / (1 - 0.9**t), mean(s("b"), g * g, 0.9)
        longest, shortest = 2 / (1 - 0.9) - 1, 1 - 0.9**t
        length = longest - 2 * t * 0.9**t / shortest
        if length <= 5:
            return 1e-2 * first
        rectifier = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        return 1e-2 * first * np.sqrt(shortest * rectifier) / (np.sqrt(second) + 1e-8)

    run(lambda p, g, t, s: optim.radam(p, g, s("a"), s("b"), t, 1e-2, 0.9, 0.9, 1e-8, decay, False, maximize), radam)


def test_optimizers_refuse_a_short_state():
    x = np.zeros(4)
    with pytest.raises(ValueError, match="shorter than the parameter"):
        optim.adagrad(x, x.copy(), np.zeros(3), 1, 0.1, 0, 1e-10, 0, False)


def test_rows_of_a_step_are_of_one_kind():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    first, none, second = core.rows_as_they_lie(x, (None, x + 1))
    assert none is None and np.array_equal(memoryview(first), x.reshape(-1)) and np.array_equal(memoryview(second), x.reshape(-1) + 1)
    for other in (x.T, x.T.copy().T, x[:1], x.astype(np.float64), x[:, ::2]):
        assert core.rows_as_they_lie(x, (x, other)) is None
    for own in (x.astype(np.float16), x.astype(np.complex64), x.astype(np.int32), x[:0], x.T):
        assert core.rows_as_they_lie(own, (own,)) is None
