"""Optimizers, averages of parameters, gradients of several losses, of samples and of the second order."""

from ..program import program, trained


def _optimized(optimizers):
    import torch

    x, y = torch.randn(16, 8), torch.randn(16, 4)
    for make in optimizers:
        torch.manual_seed(3)
        model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 4))
        for found in trained(model, lambda: (model(x) - y).square().mean(), make(model.parameters()), steps=5):  # noqa: B023
            if found[0] != "gradients":
                yield found


@program("Lion: trained, with and without foreach")
def lion_pytorch():
    from lion_pytorch import Lion
    from lion_pytorch.foreach import Lion as Foreach

    yield from _optimized((lambda p: Lion(p, lr=1e-3, weight_decay=0.1), lambda p: Foreach(p, lr=1e-3, weight_decay=0.1)))


@program("24 optimizers: a network trained with each", "pytorch_ranger")
def torch_optimizer():
    import torch_optimizer as o

    names = "A2GradExp AccSGD AdaBelief AdaBound AdaMod Adafactor AdamP AggMo Apollo DiffGrad LARS Lamb MADGRAD NovoGrad PID QHAdam QHM RAdam Ranger SGDP SGDW SWATS Shampoo Yogi"
    yield from _optimized(
        (lambda p, name=name: getattr(o, name)(p) if hasattr(o, name) else None) for name in names.split() if hasattr(o, name)
    )


@program("optimizers that take parameters alone: a network trained with each")
def pytorch_optimizer():
    """Not SOAP: its steps hang on the signs of eigenvectors, which are arbitrary and not PyTorch's."""
    import pytorch_optimizer as o

    names = """a2grad accsgd adabelief adabound adafactor adai adalite adamp adams adan adapnm adatam ademamix adopt aggmo amos
        apollodqn avagrad came diffgrad fadam ftrl grams lamb lars lion madgrad mars msvag nero novograd padam pid pnm qhadam
        qhm radam sgdp shampoo signsgd sm3 stableadamw swats tiger yogi scion prodigy"""
    known = set(o.get_supported_optimizers())
    yield from _optimized((lambda p, name=name: o.load_optimizer(name)(p, lr=1e-3)) for name in names.split() if name in known)


@program("Adam, SGD, Lion and AdaGrad that find their own rate: trained")
def dadaptation():
    import dadaptation as d

    yield from _optimized((d.DAdaptAdam, d.DAdaptSGD, d.DAdaptLion, d.DAdaptAdaGrad))


@program("Prodigy: trained")
def prodigyopt():
    from prodigyopt import Prodigy

    yield from _optimized((Prodigy, lambda p: Prodigy(p, weight_decay=0.1, use_bias_correction=True)))


@program("CAME: trained")
def came_pytorch():
    from came_pytorch import CAME

    yield from _optimized((lambda p: CAME(p, lr=0.01, betas=(0.9, 0.999, 0.9999)),))


@program("AdamW, SGD and RAdam without a schedule: trained")
def schedulefree():
    import schedulefree as s

    def training(make, params):
        optimizer = make(params, lr=0.01)
        optimizer.train()
        return optimizer

    makes = (s.AdamWScheduleFree, s.SGDScheduleFree, s.RAdamScheduleFree)
    yield from _optimized((lambda p, make=make: training(make, p)) for make in makes)


@program("maximal update parametrisation: trained with its Adam", "yaml")
def mup():
    import torch
    from mup import MuAdam, MuReadout, set_base_shapes

    def make(width):
        return torch.nn.Sequential(torch.nn.Linear(5, width), torch.nn.ReLU(), MuReadout(width, 3))

    model = make(16)
    set_base_shapes(model, make(4), delta=make(8))
    x, y = torch.randn(8, 5), torch.randint(3, (8,))
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(x), y), MuAdam(model.parameters(), lr=0.01))


@program("Jacobians of two losses, aggregated in five ways", "quadprog", "qpsolvers")
def torchjd():
    import torch
    from torchjd.aggregation import IMTLG, MGDA, Mean, PCGrad, UPGrad
    from torchjd.autojac import backward, jac_to_grad

    model = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    x = torch.randn(6, 5)
    for aggregator in (UPGrad(), MGDA(), PCGrad(), IMTLG(), Mean()):
        model.zero_grad()
        out = model(x)
        backward([out[:, 0].square().mean(), (out[:, 1] - 1).square().mean()])
        jac_to_grad(model.parameters(), aggregator)
        yield "gradients", torch.cat([p.grad.flatten() for p in model.parameters()])


@program("exponential moving average: trained, stored, copied back")
def torch_ema():
    import torch
    from torch_ema import ExponentialMovingAverage

    model = torch.nn.Linear(4, 3)
    average = ExponentialMovingAverage(model.parameters(), decay=0.9)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    x = torch.randn(8, 4)
    for _ in range(4):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        average.update()
    with average.average_parameters():
        yield "outputs", model(x)
    yield "outputs", model(x)


@program("MAML: gradients through three steps of SGD and Adam")
def higher():
    import higher
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    x, y = torch.randn(10, 3), torch.randn(10, 1)
    for optimizer in (torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), torch.optim.Adam(model.parameters(), lr=0.1)):
        with higher.innerloop_ctx(model, optimizer) as (fast, inner):
            for _ in range(3):
                inner.step((fast(x) - y).square().mean())
            loss = (fast(x) - y).square().mean()
            yield "losses", loss
            yield "gradients", torch.cat([g.flatten() for g in torch.autograd.grad(loss, fast.parameters(time=0))])


@program("second-order quantities of a network: per-sample gradients, their variance, diagonals, Kronecker factors", "unfoldNd", "einops")
def backpack():
    import torch
    from backpack import backpack as extended
    from backpack import extend
    from backpack.extensions import KFAC, BatchGrad, BatchL2Grad, DiagGGNExact, DiagHessian, SumGradSquared, Variance

    model = extend(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(2 * 16, 3)))
    loss = extend(torch.nn.CrossEntropyLoss())
    found = loss(model(torch.randn(4, 1, 6, 6)), torch.randint(3, (4,)))
    with extended(BatchGrad(), BatchL2Grad(), SumGradSquared(), Variance(), DiagGGNExact(), DiagHessian(), KFAC(1)):
        found.backward()
    for p in model.parameters():
        for name in ("grad", "grad_batch", "batch_l2", "sum_grad_squared", "variance", "diag_ggn_exact", "diag_h"):
            yield name, getattr(p, name)


@program("gradients of each sample, clipped and noised in three steps; the privacy that they cost", "opt_einsum", "scipy")
def opacus():
    import torch
    from opacus import GradSampleModule
    from opacus.accountants import RDPAccountant
    from opacus.optimizers import DPOptimizer

    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.GroupNorm(2, 4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 5)
    )
    wrapped = GradSampleModule(model)
    optimizer = DPOptimizer(
        torch.optim.SGD(wrapped.parameters(), lr=0.1), noise_multiplier=0.5, max_grad_norm=1.0, expected_batch_size=6
    )
    x, y = torch.randn(6, 1, 8, 8), torch.randint(5, (6,))
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(wrapped(x), y)
        loss.backward()
        yield "gradients", torch.cat([p.grad_sample.flatten(1) for p in wrapped.parameters()], 1)
        optimizer.step()
        yield "losses", loss
    yield "parameters", torch.cat([p.flatten() for p in model.parameters()])
    accountant = RDPAccountant()
    for _ in range(10):
        accountant.step(noise_multiplier=1.0, sample_rate=0.1)
    yield "privacy", torch.tensor(accountant.get_epsilon(1e-5))


@program("a function minimized in seven ways, by a closure too; bounds; least squares", "scipy")
def torchmin():
    import torch
    from torchmin import Minimizer, least_squares, minimize, minimize_constr

    rosen = lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()
    start = torch.tensor([1.3, 0.7, 0.8, 1.9], dtype=torch.float64)
    for method in ("bfgs", "l-bfgs", "cg", "newton-cg", "newton-exact", "trust-ncg", "trust-exact"):
        found = minimize(rosen, start, method=method, max_iter=8)
        yield from ((method, found.x), (method, found.fun))
    found = minimize_constr(rosen, start, constr={"fun": lambda x: x.square().sum(), "ub": 3.0}, max_iter=20)
    yield "constrained", found.x
    yield "least squares", least_squares(lambda x: torch.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]]), start[:2], max_nfev=10).x
    weight = torch.nn.Parameter(start.clone())
    optimizer = Minimizer([weight], method="bfgs", max_iter=5)
    yield "losses", optimizer.step(lambda: rosen(weight))
    yield "parameters", weight


@program("schedules that begin slowly")
def pytorch_warmup():
    import pytorch_warmup
    import torch

    for make in (pytorch_warmup.LinearWarmup, pytorch_warmup.ExponentialWarmup):
        model = torch.nn.Linear(3, 2)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
        schedule, warmup = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10), make(optimizer, 4)
        rates = []
        for _ in range(8):
            optimizer.zero_grad()
            model(torch.randn(5, 3)).square().mean().backward()
            optimizer.step()
            with warmup.dampening():
                schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
        yield from (("rates", torch.tensor(rates)), ("parameters", model.weight))
