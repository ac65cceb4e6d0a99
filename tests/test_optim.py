"""Optimizers: what they find, what they keep, and what they refuse."""

import pytest

import lucid


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def searching(start, **settings):
    """An LBFGS, its parameter, and a closure that counts its calls."""
    p = lucid.tensor(start, requires_grad=True, dtype=lucid.float64)
    optimizer = lucid.optim.LBFGS([p], **settings)
    calls = []

    def closure():
        assert lucid.is_grad_enabled()
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        calls.append(loss.item())
        return loss

    return optimizer, p, closure, calls


def test_lbfgs_finds_the_minimum_with_a_line_search():
    optimizer, p, closure, calls = searching([-1.2, 1.0], line_search_fn="strong_wolfe", max_iter=100, max_eval=200)
    with lucid.no_grad():
        first = optimizer.step(closure)
    assert first.item() == calls[0] == pytest.approx(24.2)
    assert p.tolist() == pytest.approx([1.0, 1.0], abs=1e-4)
    assert optimizer.state_dict()["state"][0]["func_evals"] == len(calls)


def test_lbfgs_goes_on_from_its_state():
    """Steps of five iterations each, once in one optimizer and once moved to a new one after each."""
    settings = {"line_search_fn": "strong_wolfe", "max_iter": 5, "history_size": 3}
    optimizer, p, closure, _ = searching([-1.2, 1.0], **settings)
    other, q, again, _ = searching([-1.2, 1.0], **settings)
    for _ in range(4):
        optimizer.step(closure)
        other.step(again)
        state = other.state_dict()
        moved, r, again, _ = searching(q.tolist(), **settings)
        moved.load_state_dict(state)
        other, q = moved, r
    assert q.tolist() == p.tolist()
    assert len(optimizer.state[p]["old_dirs"]) == 3


def test_loading_converts_the_tensors_inside_lists():
    optimizer, p, closure, _ = searching([-1.2, 1.0], max_iter=3, lr=1e-3)
    optimizer.step(closure)
    p32 = lucid.tensor([0.0, 0.0], requires_grad=True)
    other = lucid.optim.LBFGS([p32])
    other.load_state_dict(optimizer.state_dict())
    assert {one.dtype for one in other.state[p32]["old_dirs"]} == {lucid.float32}


def test_lbfgs_keeps_to_its_limits():
    optimizer, _, closure, calls = searching([-1.2, 1.0], max_iter=4, lr=1e-4)
    optimizer.step(closure)
    assert len(calls) == 4
    optimizer, p, closure, calls = searching([1.0, 1.0])
    optimizer.step(closure)
    assert len(calls) == 1 and p.tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="parameter groups"):
        lucid.optim.LBFGS([{"params": [p]}, {"params": [lucid.zeros(1)]}])
    optimizer, _, closure, _ = searching([0.0, 0.0], line_search_fn="armijo")
    with pytest.raises(RuntimeError, match="strong_wolfe"):
        optimizer.step(closure)


def test_adafactor_keeps_rows_and_columns():
    p = lucid.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], requires_grad=True)
    b = lucid.tensor([1.0, 2.0], requires_grad=True)
    optimizer = lucid.optim.Adafactor([p, b], lr=0.1)
    p.grad, b.grad = lucid.ones(2, 3), lucid.tensor([2.0, -2.0])
    optimizer.step()
    state = optimizer.state_dict()["state"]
    assert {name: tuple(one.shape) for name, one in state[0].items()} == {"step": (), "row_var": (2, 1), "col_var": (1, 3)}
    assert list(state[1]) == ["step", "variance"] and state[1]["variance"].tolist() == [4.0, 4.0]
    # the update is the gradient over its own size; its rate is the parameter's root mean square times lr
    assert (p.detach() - lucid.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])).flatten().tolist() == pytest.approx(
        [-0.1 * (91 / 6) ** 0.5] * 6, rel=1e-5
    )


def test_muon_steps_are_nearly_orthogonal():
    lucid.manual_seed(0)
    for shape in ((4, 7), (7, 4)):
        p = lucid.zeros(*shape).requires_grad_()
        p.grad = lucid.randn(*shape)
        lucid.optim.Muon([p], lr=1.0, adjust_lr_fn="match_rms_adamw").step()
        values = lucid.linalg.svdvals(p.detach()) / (0.2 * 7**0.5)
        assert values.min().item() > 0.5 and values.max().item() < 1.4


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda o, p: o.Muon([p[0]]), "2D parameters"),
        (lambda o, p: o.Muon([p], lr=-1), "Learning rate should be >= 0 but is: -1"),
        (lambda o, p: o.Muon([p], momentum=-1), "momentum should be >= 0"),
        (lambda o, p: o.Muon([p], weight_decay=-1), "weight decay should be >= 0"),
        (lambda o, p: o.Muon([p], adjust_lr_fn="mine"), "mine is not supported"),
        (lambda o, p: o.Adafactor([p], lr=-1), "Learning rate should be >= 0"),
        (lambda o, p: o.Adafactor([p], beta2_decay=1), "beta2_decay should be <= 0"),
        (lambda o, p: o.Adafactor([p], eps=(-1, 0)), "epsilon1"),
        (lambda o, p: o.Adafactor([p], eps=(None, -1)), "epsilon2"),
        (lambda o, p: o.Adafactor([p], d=0.5), "Clipping threshold d"),
        (lambda o, p: o.Adafactor([p], weight_decay=-1), "weight_decay"),
        (lambda o, p: o.LBFGS([p], lr=-1), "Invalid learning rate: -1"),
    ],
)
def test_bad_settings(make, words):
    with pytest.raises(ValueError, match=words):
        make(lucid.optim, lucid.zeros(2, 2))


@pytest.mark.parametrize("fn, expected", [({}, 2.5), ({"avg_fn": "ema"}, 3.125), ({"multi_avg_fn": "ema"}, 3.125), ({"multi_avg_fn": "swa"}, 2.5)])
def test_averages_of_a_model(fn, expected):
    swa = lucid.optim.swa_utils
    made = {"avg_fn": {"ema": lambda: swa.get_ema_avg_fn(0.5)},
            "multi_avg_fn": {"ema": lambda: swa.get_ema_multi_avg_fn(0.5), "swa": swa.get_swa_multi_avg_fn}}  # fmt: skip
    model = lucid.nn.Linear(1, 1, bias=False)
    average = swa.AveragedModel(model, **{name: made[name][kind]() for name, kind in fn.items()})
    for value in (1.0, 2.0, 3.0, 4.0):
        model.weight.data.fill_(value)
        average.update_parameters(model)
    assert average.module.weight.item() == pytest.approx(expected)
    assert average.n_averaged.item() == 4 and average.module.weight is not model.weight
    assert list(average.state_dict()) == ["n_averaged", "module.weight"]
    with pytest.raises(ValueError, match="decay"):
        swa.get_ema_avg_fn(2.0)


def test_statistics_are_computed_anew():
    model = lucid.nn.BatchNorm1d(2).eval()
    x = lucid.randn(6, 2)
    lucid.optim.swa_utils.update_bn([x[:3], [x[3:], "label"]], model)
    assert not model.training and model.momentum == 0.1 and model.num_batches_tracked.item() == 2
    assert lucid.allclose(model.running_mean, x.mean(0))


def test_rates_go_over_to_a_constant():
    optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    schedule = lucid.optim.swa_utils.SWALR(optimizer, 0.2, anneal_epochs=4)
    rates = []
    for _ in range(6):
        optimizer.step()
        schedule.step()
        rates += schedule.get_last_lr()
    assert rates == pytest.approx([0.8828427, 0.6, 0.3171573, 0.2, 0.2, 0.2])


def test_the_line_search_as_packages_call_it():
    from lucid.optim.lbfgs import _cubic_interpolate, _strong_wolfe

    calls = []

    def function(x, t, d):
        calls.append(t)
        at = x + t * d
        return (at**4).sum().item(), 4 * at**3

    x = lucid.tensor([1.0, -2.0], dtype=lucid.float64)
    loss, grad = function(x, 0.0, x)
    calls.clear()
    found, slope, step, count = _strong_wolfe(function, x, 1.0, -grad, loss, grad, -grad.dot(grad))
    assert count == len(calls) and found < loss - 1e-4 * step * grad.dot(grad) and abs(slope.dot(grad)) <= 0.9 * grad.dot(grad)
    assert found == function(x, step, -grad)[0]
    one = lucid.tensor(1.0)  # (t - 1)^2 from 0 to 4
    assert _cubic_interpolate(0.0, 1.0, -2 * one, 4.0, 9.0, 6 * one) == 1 and _cubic_interpolate(0.0, 1.0, -2 * one, 4.0, 9.0, 6 * one, (2.0, 3.0)) == 2


RECORDED = {
    "SGD": {"weight_decay": 0.1}, "Adam": {"amsgrad": True}, "AdamW": {}, "Adamax": {}, "NAdam": {}, "RAdam": {}, "Adagrad": {"lr_decay": 0.1},
    "Adadelta": {}, "RMSprop": {"centered": True, "momentum": 0.5}, "ASGD": {"t0": 0}, "Rprop": {},
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_step_is_the_kernels_and_can_be_differentiated(name):
    def stepped(p, g, steps=7, **settings):
        q = p * 1
        if settings:
            q.retain_grad()
        optimizer = getattr(lucid.optim, name)([q], lr=0.1, **RECORDED[name], **settings)
        for n in range(steps):
            q.grad = g * (n + 1)
            optimizer.step()
        return q

    p = lucid.tensor([0.5, -1.5, 2.0], dtype=lucid.float64, requires_grad=True)
    g = lucid.tensor([0.3, 0.8, -1.2], dtype=lucid.float64, requires_grad=True)
    recorded, plain = stepped(p, g, differentiable=True), stepped(p.detach(), g.detach())
    assert (recorded - plain).abs().max() < 1e-7  # but for numbers that the state keeps in float32
    assert lucid.autograd.gradcheck(lambda p, g: stepped(p, g, 2, differentiable=True), (p, g))
    assert recorded.grad_fn is not None and plain.grad_fn is None


STEPPED = ("SGD", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "RMSprop", "Rprop")


def stepped(name, shape, dtype=lucid.float32, state=None, times=1):
    """A parameter after steps from a state, and the state."""
    settings = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    p = lucid.arange(6.0).reshape(shape).to(dtype).requires_grad_()
    optimizer = getattr(lucid.optim, name)([p], lr=0.1, **settings)
    if state is not None:
        optimizer.load_state_dict(state)
    for i in range(times):
        p.grad = ((lucid.arange(6.0) - 3) * (i + 1)).reshape(shape).to(dtype)
        optimizer.step()
    return p.tolist(), optimizer.state_dict()


@pytest.mark.parametrize("dtype", [lucid.float32, lucid.bfloat16, lucid.complex64], ids=str)
@pytest.mark.parametrize("name", STEPPED)
def test_a_state_may_lie_in_another_order(name, dtype):
    """PyTorch keeps states like their parameters, so that those of a model in channels last are no rows of C."""
    state = stepped(name, (2, 3), dtype)[1]
    expected = stepped(name, (2, 3), dtype, state, 3)
    for one in state["state"].values():
        one.update({key: value.t().contiguous().t() if value.ndim == 2 else value for key, value in one.items()})
    assert any(not value.is_contiguous() for one in state["state"].values() for value in one.values())
    found = stepped(name, (2, 3), dtype, state, 3)
    assert found[0] == expected[0]
    assert str(found[1]) == str(expected[1])


@pytest.mark.parametrize("name", STEPPED)
def test_the_state_of_another_parameter_is_refused(name):
    state = stepped(name, (2, 3))[1]
    with pytest.raises(RuntimeError, match=r"of shape \[3, 2\] is stepped with a gradient or state of shape \[2, 3\]"):
        stepped(name, (3, 2), state=state)


def test_a_plateau_whose_threshold_is_all_of_the_best():
    sgd = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    schedule, rates = lucid.optim.lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, patience=0, threshold=1.0), []
    for measure in (3.0, 2.0, -1.0):
        schedule.step(measure)
        rates.append((sgd.param_groups[0]["lr"], schedule.best))
    assert rates == [(0.5, lucid.inf), (0.25, lucid.inf), (0.125, lucid.inf)]


def test_a_schedule_that_begins_at_once_is_the_first():
    optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    schedules = lucid.optim.lr_scheduler
    parts = [schedules.ConstantLR(optimizer, 0.1), schedules.ExponentialLR(optimizer, 0.5)]
    schedule = schedules.SequentialLR(optimizer, parts, milestones=[0])
    rates = [schedule.get_last_lr()[0]]
    for _ in range(2):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [1.0, 0.5, 0.25]
