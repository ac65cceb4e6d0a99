"""Optimizers and schedules as objects: steps, state, hooks, averages."""

from __future__ import annotations

import copy
import itertools
import pickle

from . import program, raised, table, warned


@program("optim.Optimizer", "optim.Optimizer.zero_grad", "optim.Optimizer.step", "optim.Optimizer.add_param_group",
         "optim.Optimizer.state_dict", "optim.Optimizer.load_state_dict", "optim.Optimizer.__repr__",
         "optim.Optimizer.__init__", "optim.Optimizer.register_step_post_hook", "optim.Optimizer.register_step_pre_hook",
         "optim.Optimizer.__getstate__")  # fmt: skip
def optimizers_as_objects(lib):
    a, b = (lib.nn.Parameter(lib.ones(2)) for _ in range(2))
    o = lib.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9)
    yield [(g["lr"], g["momentum"], len(g["params"])) for g in o.param_groups], sorted(o.defaults)
    (a.sum() + (b * 2).sum()).backward()
    seen = []
    handle = o.register_step_pre_hook(lambda opt, args, kwargs: seen.append("pre"))
    after = o.register_step_post_hook(lambda opt, args, kwargs: seen.append("post"))
    yield o.step(), a, b, seen, o.step(lambda: 5.0)
    handle.remove()
    after.remove()
    o.zero_grad()
    yield a.grad is None, sorted(o.state_dict()), o.state_dict()["state"][0]["momentum_buffer"]
    c = lib.nn.Parameter(lib.ones(1))
    o.add_param_group({"params": c, "lr": 0.01})
    yield len(o.param_groups), raised(o.add_param_group, {"params": c}), raised(lib.optim.SGD, [], 0.1), raised(lib.optim.SGD, [a], -1.0)
    yield raised(lib.optim.SGD, a, 0.1), raised(lib.optim.SGD, [1.0], 0.1), raised(lib.optim.SGD, [a * 2], 0.1)
    other = lib.optim.SGD([{"params": [a]}, {"params": [b]}, {"params": [c]}], lr=9.0)
    other.load_state_dict(o.state_dict())
    yield [g["lr"] for g in other.param_groups], raised(lib.optim.SGD([a], 0.1).load_state_dict, o.state_dict())
    copied = pickle.loads(pickle.dumps(o))
    yield [g["lr"] for g in copied.param_groups], repr(o)


RECORDED_STEPS = (
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True}, 2), ("SGD", {}, 1),
    ("Adam", {"weight_decay": 0.1}, 2), ("Adam", {"amsgrad": True}, 2), ("AdamW", {}, 2), ("Adamax", {}, 1), ("NAdam", {}, 2),
    ("NAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1}, 2), ("RAdam", {}, 2), ("RAdam", {"weight_decay": 0.1}, 7),
    ("Adagrad", {"lr_decay": 0.1}, 2), ("Adadelta", {}, 2), ("RMSprop", {}, 2), ("RMSprop", {"centered": True, "momentum": 0.5}, 2),
    ("ASGD", {"t0": 0}, 3), ("Rprop", {}, 3),
)  # fmt: skip


@program("optim.Optimizer.step")
def steps_that_are_recorded(lib):
    for name, settings, steps in RECORDED_STEPS:
        for values in ([0.5, -1.5, 2.0], [0.5 + 1j, -1.5 - 2j, 2.0 + 0.5j]):
            p, g = (lib.tensor(values, requires_grad=True) for _ in range(2))
            q = p * 1
            q.retain_grad()
            o = getattr(lib.optim, name)([q], lr=0.1, differentiable=True, **settings)
            for factor in range(steps, 0, -1):
                q.grad = (-1) ** factor * factor * (g.detach() if factor > 1 else g)
                o.step()
            yield name, q, *lib.autograd.grad((q * q).abs().sum(), (p, g))
            yield [one if lib.is_tensor(one) else None for one in o.state[q].values()]
        leaf = lib.ones(2, requires_grad=True)
        leaf.grad = lib.ones(2)
        yield raised(getattr(lib.optim, name)([leaf], differentiable=True).step)
    rate, q = lib.tensor(0.1, requires_grad=True), lib.tensor([1.0, 2.0]) * lib.ones(2, requires_grad=True)
    q.retain_grad()
    q.grad = lib.tensor([3.0, 4.0])
    lib.optim.SGD([q], lr=rate, differentiable=True).step()
    yield lib.autograd.grad((q * q).sum(), rate)


@program("optim.Optimizer.register_state_dict_pre_hook", "optim.Optimizer.register_state_dict_post_hook",
         "optim.Optimizer.register_load_state_dict_pre_hook", "optim.Optimizer.register_load_state_dict_post_hook",
         "optim.Optimizer.__setstate__")  # fmt: skip
def hooks_around_an_optimizers_state(lib):
    make = lambda: lib.optim.SGD([lib.nn.Parameter(lib.ones(2))], lr=0.1)
    o, seen = make(), []
    handles = [
        o.register_state_dict_pre_hook(lambda o: seen.append("before saving")),
        o.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True),
        o.register_state_dict_post_hook(lambda o, state: state.update(more=1)),
        o.register_state_dict_post_hook(lambda o, state: {**state, "again": state["more"] + 1}),
        o.register_load_state_dict_pre_hook(lambda o, state: seen.append(sorted(state)) or state.pop("more") and None),
        o.register_load_state_dict_post_hook(lambda o: seen.append("loaded")),
    ]
    state = o.state_dict()
    yield state["more"], state["again"], seen
    o.load_state_dict(state)
    yield seen, sorted(state)
    o.register_load_state_dict_pre_hook(lambda o, state: make().state_dict() | {"param_groups": [{"lr": 7.0, "params": [0]}]})
    o.load_state_dict(state)
    yield o.param_groups[0]["lr"]
    for handle in handles:
        handle.remove()
    yield sorted(o.state_dict())
    o.__setstate__({"param_groups": [{"params": [], "lr": 3.0}]})
    yield [group["lr"] for group in o.param_groups]


@program("nn.functional.linear")
def a_training_run_takes_the_same_path(lib):
    lib.manual_seed(0)
    nn = lib.nn
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.1), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Dropout(0.25), nn.Linear(64, 5))  # fmt: skip
    o = lib.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)
    x, y = lib.randn(16, 1, 8, 8), lib.randint(0, 5, (16,))
    for _ in range(5):
        o.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        o.step()
        yield loss.detach()
    yield net.eval()(x).detach().argmax(1), net[1].running_mean, net[1].num_batches_tracked


@program("optim.swa_utils.AveragedModel", "optim.swa_utils.get_ema_avg_fn", "optim.swa_utils.get_ema_multi_avg_fn",
         "optim.swa_utils.get_swa_avg_fn", "optim.swa_utils.get_swa_multi_avg_fn", "optim.swa_utils.update_bn")  # fmt: skip
def averages_of_a_model(lib):
    nn, swa = lib.nn, lib.optim.swa_utils
    x = lib.arange(24.0).reshape(4, 3, 2).sin()
    for settings in ({}, {"avg_fn": swa.get_swa_avg_fn()}, {"multi_avg_fn": swa.get_swa_multi_avg_fn()}, {"use_buffers": True},
                     {"avg_fn": swa.get_ema_avg_fn(0.8)}, {"multi_avg_fn": swa.get_ema_multi_avg_fn()},
                     {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.5), "use_buffers": True}):  # fmt: skip
        lib.manual_seed(0)
        net = nn.Sequential(nn.Conv1d(3, 2, 1), nn.BatchNorm1d(2))
        average = swa.AveragedModel(net, **settings)
        yield list(average.state_dict()), average.n_averaged, average.module[0].weight is net[0].weight
        for step in range(4):
            with lib.no_grad():
                for p in net.parameters():
                    p.add_(step * 0.3 - 0.5)
            net(x * step)
            average.update_parameters(net)
        yield list(average.state_dict().values()), average(x)
        average.eval()
        swa.update_bn([x, (x * 2, 1), [x + 1]], average, device="cpu")
        yield average.training, average.module[1].momentum, average.module[1].running_mean, average.module[1].num_batches_tracked
    yield swa.update_bn([x], nn.Linear(2, 2)), raised(swa.get_ema_avg_fn, 1.5), raised(swa.get_ema_multi_avg_fn, -1)
    yield raised(swa.AveragedModel, net, avg_fn=swa.get_swa_avg_fn(), multi_avg_fn=swa.get_swa_multi_avg_fn())


@program("optim.swa_utils.SWALR")
def rates_of_averaging(lib):
    make = lib.optim.swa_utils.SWALR
    group = lambda rate: {"params": [lib.nn.Parameter(lib.ones(1))], "lr": rate}
    for rate, epochs, how in ((0.05, 5, "cos"), ([0.05, 0.5], 3, "linear"), (0.2, 0, "cos"), (0.2, 1, "linear")):
        optimizer = lib.optim.SGD([group(0.1), group(1.0)], lr=0.1)
        schedule = make(optimizer, rate, epochs, how)
        for epoch in range(8):
            optimizer.step()
            schedule.step()
            yield schedule.get_last_lr(), [g["lr"] for g in optimizer.param_groups], optimizer.param_groups[0]["swa_lr"]
            if epoch == 1:
                state = schedule.state_dict()
                schedule = make(optimizer, rate, epochs, how)
                schedule.load_state_dict(state)
    yield raised(make, optimizer, 0.1, 5, "x"), raised(make, optimizer, 0.1, -1), raised(make, optimizer, [0.1])


@program("optim.lr_scheduler.LRScheduler", "optim.lr_scheduler.LRScheduler.__init__",
         "optim.lr_scheduler.LRScheduler.get_last_lr", "optim.lr_scheduler.LRScheduler.get_lr",
         "optim.lr_scheduler.LRScheduler.load_state_dict", "optim.lr_scheduler.LRScheduler.state_dict",
         "optim.lr_scheduler.LRScheduler.step")  # fmt: skip
def a_schedule_of_ones_own(lib):
    import warnings

    class Halved(lib.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base * 0.5**self.last_epoch for base in self.base_lrs]

    weight = lib.ones(2, requires_grad=True)
    optimizer = lib.optim.SGD([weight], lr=0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule = Halved(optimizer)
        rates = [schedule.get_last_lr()]
        for _ in range(3):
            optimizer.step()
            schedule.step()
            rates.append(schedule.get_last_lr())
        yield rates, optimizer.param_groups[0]["lr"], schedule.last_epoch
        state = schedule.state_dict()
        yield sorted(key for key in state if not key.startswith("_")), state["base_lrs"], state["last_epoch"]
        other = Halved(lib.optim.SGD([weight], lr=0.8))
        other.load_state_dict(state)
        other.step()
        yield other.get_last_lr(), other.last_epoch
        yield raised(lib.optim.lr_scheduler.LRScheduler, optimizer), raised(Halved, 3)


OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop", "Rprop", "ASGD", "Adafactor"]


def _steps(lib, optimizer, x, n=3):
    for _ in range(n):
        optimizer.zero_grad()
        (x * x).sum().backward()
        optimizer.step()


@table("optim", [(name, dtype) for name in OPTIMIZERS for dtype in ("float16", "bfloat16")])
def steps_of_half_precision(lib, name, dtype):
    lib.manual_seed(0)
    x = lib.randn(3, 4).to(getattr(lib, dtype)).requires_grad_()
    settings = {"momentum": 0.9, "nesterov": True} if name == "SGD" else {}
    optimizer = getattr(lib.optim, name)([x], lr=2**-7, **settings)
    _steps(lib, optimizer, x, 2)
    yield x.detach(), x.dtype, {key: value.dtype for key, value in optimizer.state[x].items() if isinstance(value, lib.Tensor)}


@table("optim", [(name, named) for name in OPTIMIZERS[:-1] for named in (False, True)])
def state_of_earlier_versions(lib, name, named):
    lib.manual_seed(0)
    net = lib.nn.Linear(2, 1)
    kind = getattr(lib.optim, name)
    before = kind(net.parameters(), lr=0.125)
    _steps(lib, before, net.weight)
    state = copy.deepcopy(before.state_dict())
    for group in state["param_groups"]:
        for key in ("maximize", "foreach", "capturable", "differentiable", "fused", "amsgrad", "nesterov", "decoupled_weight_decay"):
            group.pop(key, None)
    for values in state["state"].values():
        values.update({key: values[key].item() for key in ("step", "eta", "mu", "mu_product") if key in values})
    after = kind(net.named_parameters() if named else net.parameters(), lr=0.125)
    after.load_state_dict(state)
    _steps(lib, after, net.weight)
    yield net.weight.detach(), {key: value for key, value in sorted(after.param_groups[0].items()) if key not in ("params", "fused")}
    yield sorted((key, value.dtype) for key, value in after.state[net.weight].items() if value is not None)


@program("optim.SGD", "optim.Optimizer")
def a_tensor_that_keeps_its_gradient_is_stepped(lib):
    leaf = lib.ones(2, requires_grad=True)
    inner = leaf * 2
    yield raised(lib.optim.SGD, [inner], 0.5)
    inner.retain_grad()
    optimizer = lib.optim.SGD([inner], lr=0.5)
    inner.sum().backward()
    optimizer.step()
    yield inner.detach(), leaf.grad


@program("optim.Adam", "optim.SGD", "optim.Adagrad")
def settings_that_exclude_each_other(lib):
    optim, p = lib.optim, lib.nn.Parameter(lib.ones(1))
    for kind in (optim.Adam, optim.AdamW, optim.SGD, optim.Adagrad):
        yield raised(kind, [p], fused=True, foreach=True), raised(kind, [p], fused=True, differentiable=True), raised(kind, [p], lr="a")
        yield raised(kind, [p], lr=lib.tensor([0.1, 0.2])), warned(kind, [p, p]), warned(kind, [p])
        yield raised(kind, [("a", p), lib.nn.Parameter(lib.ones(1))]), raised(kind, [lib.nn.Parameter(lib.ones(1)), ("a", p)])
    for kind in (optim.Adam, optim.AdamW):
        yield raised(kind, [p], lr=lib.tensor(0.1), foreach=True), raised(kind, [p], betas=(lib.tensor(0.9), 0.9))
        yield raised(kind, [p], lr=lib.tensor(0.1), foreach=True, capturable=True)


def _schedules(lib, optimizer):
    """One of each kind."""
    kinds = lib.optim.lr_scheduler
    yield kinds.StepLR(optimizer, 2)
    yield kinds.MultiStepLR(optimizer, [1, 3])
    yield kinds.ConstantLR(optimizer, 0.5, 2)
    yield kinds.LinearLR(optimizer, 0.5, total_iters=3)
    yield kinds.ExponentialLR(optimizer, 0.9)
    yield kinds.PolynomialLR(optimizer, 4, 2.0)
    yield kinds.CosineAnnealingLR(optimizer, 3)
    yield kinds.CosineAnnealingWarmRestarts(optimizer, 2, 2)
    yield kinds.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
    yield kinds.MultiplicativeLR(optimizer, lambda epoch: 0.9)
    yield kinds.ReduceLROnPlateau(optimizer, patience=0)
    yield lib.optim.swa_utils.SWALR(optimizer, 0.05, anneal_epochs=2)
    yield kinds.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2)
    yield kinds.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2, scale_fn=lambda x: 0.5**x, cycle_momentum=False)
    yield kinds.OneCycleLR(optimizer, 0.5, total_steps=8)
    yield kinds.OneCycleLR(optimizer, 0.5, total_steps=8, three_phase=True, anneal_strategy="linear")


def _rounded(value):
    """Numbers to nine digits, also in what holds them."""
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


@program("optim.lr_scheduler.LRScheduler")
def what_a_schedule_keeps_is_what_pytorchs_keeps(lib):
    p = lib.nn.Parameter(lib.ones(1))
    for rate in (float, lib.tensor):
        for number in range(16):
            optimizer = lib.optim.SGD([p], lr=rate(1.0), momentum=0.9)
            schedule = next(itertools.islice(_schedules(lib, optimizer), number, None))
            measured = type(schedule).__name__ == "ReduceLROnPlateau"
            for _ in range(4):
                optimizer.step()
                schedule.step(*[1.0] * measured)
                yield _rounded(schedule.get_last_lr())
            state = schedule.state_dict()
            yield sorted(state), {name: _rounded(state[name]) for name in sorted(state)}
            optimizer = lib.optim.SGD([p], lr=1.0, momentum=0.9)
            again = next(itertools.islice(_schedules(lib, optimizer), number, None))
            again.load_state_dict(copy.deepcopy(state))
            optimizer.step()
            again.step(*[1.0] * measured)
            yield _rounded(again.get_last_lr())


@program("optim.lr_scheduler.SequentialLR", "optim.lr_scheduler.ChainedScheduler", "optim.Adamax", "optim.NAdam", "optim.RAdam")
def what_cannot_be_scheduled(lib):
    schedules = lib.optim.lr_scheduler
    optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0)
    plain, plateau = schedules.StepLR(optimizer, 1), schedules.ReduceLROnPlateau(optimizer)
    for other in (plateau, 3, schedules.StepLR(lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0), 1)):
        yield raised(schedules.SequentialLR, optimizer, [plain, other], [1]), raised(schedules.ChainedScheduler, [plain, other])
    for kind in (lib.optim.Adamax, lib.optim.NAdam, lib.optim.RAdam):
        yield raised(kind, [lib.nn.Parameter(lib.ones(1))], betas=(0.9,))


@program("optim.lr_scheduler.SequentialLR.__init__", *(f"optim.lr_scheduler.SequentialLR.{name}" for name in ("step", "state_dict", "load_state_dict")))
def a_sequence_of_schedules(lib):
    schedules = lib.optim.lr_scheduler

    def made(milestones=(2,), last=None):
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0)
        return schedules.SequentialLR(optimizer, [schedules.ConstantLR(optimizer, 0.1, 2), schedules.ExponentialLR(last or optimizer, 0.9)], list(milestones))

    one, other = made(), made()
    for _ in range(4):
        one.optimizer.step()
        one.step()
        yield one.get_last_lr(), one.last_epoch
    yield sorted(one.state_dict())
    other.load_state_dict(one.state_dict())
    other.optimizer.step()
    other.step()
    yield other.get_last_lr(), other.last_epoch, raised(made, (1, 2)), raised(made, (1,), lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0))
