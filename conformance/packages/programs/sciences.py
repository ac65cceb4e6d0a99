"""Differential equations, physics, chemistry, geometry, graphs, numerical methods."""

import numpy as np

from ..program import program, trained


@program("dopri5, dopri8, adams, rk4 and the adjoint method on a neural ODE: values and gradients", "scipy")
def torchdiffeq():
    import torch
    from torchdiffeq import odeint, odeint_adjoint

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))

        def forward(self, t, y):
            return self.net(y) - y * t

    field, y0, t = Field(), torch.randn(5, 3), torch.linspace(0, 1, 4)
    for solve, method in [(odeint, m) for m in ("dopri5", "dopri8", "bosh3", "explicit_adams", "implicit_adams", "rk4", "euler")] + [(odeint_adjoint, "dopri5")]:
        found = solve(field, y0, t, method=method)
        yield "outputs", found
        field.zero_grad()
        found[-1].square().mean().backward()
        yield "gradients", torch.cat([p.grad.flatten() for p in field.parameters()])


@program("Ito and Stratonovich equations, adjoint gradients: values and gradients", "trampoline", "scipy")
def torchsde():
    import torch
    import torchsde as sde

    class Equation(torch.nn.Module):
        noise_type = "diagonal"

        def __init__(self, kind):
            super().__init__()
            self.sde_type = kind
            self.mu, self.sigma = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)

        def f(self, t, y):
            return self.mu(y)

        def g(self, t, y):
            return torch.sigmoid(self.sigma(y))

    y0, t = torch.full((4, 3), 0.1), torch.linspace(0, 1, 4)
    for kind, method, solve in (("ito", "euler", sde.sdeint), ("ito", "srk", sde.sdeint), ("stratonovich", "midpoint", sde.sdeint_adjoint)):
        equation = Equation(kind)
        noise = sde.BrownianInterval(t0=0.0, t1=1.0, size=(4, 3), entropy=7, levy_area_approximation="space-time")
        found = solve(equation, y0, t, dt=0.1, method=method, bm=noise)
        yield "outputs", found
        found[-1].square().mean().backward()
        yield "gradients", torch.cat([p.grad.flatten() for p in equation.parameters()])


@program("equations of a batch with four solvers and step controllers, and their gradients", "torchtyping")
def torchode():
    import torch
    import torchode as to

    a = torch.nn.Parameter(torch.tensor([[-0.1, 2.0], [-2.0, -0.1]]))
    y0, t = torch.rand(3, 2), torch.linspace(0, 2, 5).expand(3, 5)
    term = to.ODETerm(lambda t, y: torch.tanh(y @ a))
    for method in (to.Tsit5, to.Dopri5, to.Heun):
        solver = to.AutoDiffAdjoint(method(term), to.IntegralController(1e-4, 1e-4, term=term))
        found = solver.solve(to.InitialValueProblem(y0=y0, t_eval=t))
        (gradient,) = torch.autograd.grad(found.ys.sum(), a)
        yield "outputs", found.ys
        yield "gradients", gradient


@program("splines through data, log-signatures, a controlled equation and its gradients", "torchdiffeq", "torchsde")
def torchcde():
    import torch
    import torchcde as cde

    x = torch.randn(3, 6, 2).cumsum(1)
    coefficients = cde.hermite_cubic_coefficients_with_backward_differences(x)
    yield "outputs", coefficients
    yield "outputs", cde.natural_cubic_coeffs(x)
    spline = cde.CubicSpline(coefficients)
    yield "outputs", spline.derivative(torch.tensor(2.5))

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 6)

        def forward(self, t, z):
            return self.layer(z).tanh().view(-1, 3, 2)

    field = Field()
    yield from trained(field, lambda: cde.cdeint(spline, field, torch.ones(3, 3), spline.interval, method="rk4", options={"step_size": 0.5}, adjoint=False).pow(2).mean())


@program("an equation solved by a network, with Adam and then L-BFGS", "skopt", "sklearn", "scipy", "matplotlib")
def deepxde():
    import os

    os.environ["DDE_BACKEND"] = "pytorch"
    import deepxde
    import torch

    deepxde.config.set_random_seed(1)
    interval = deepxde.geometry.Interval(-1, 1)
    edge = deepxde.icbc.DirichletBC(interval, lambda x: np.sin(np.pi * x), lambda x, on_edge: on_edge)
    equation = lambda x, y: -deepxde.grad.hessian(y, x) - np.pi**2 * torch.sin(np.pi * x)
    data = deepxde.data.PDE(interval, equation, edge, 16, 2, num_test=20, train_distribution="uniform")
    model = deepxde.Model(data, deepxde.nn.FNN([1, 20, 20, 1], "tanh", "Glorot uniform"))
    model.compile("adam", lr=0.001)
    history, _ = model.train(iterations=20, display_every=5, verbose=0)
    yield "losses", torch.tensor(np.array(history.loss_train))
    deepxde.optimizers.set_LBFGS_options(maxiter=30)
    model.compile("L-BFGS")
    model.train(verbose=0)
    yield "solutions", torch.tensor(model.predict(np.linspace(-1, 1, 9)[:, None]))


@program("Fourier neural operators in one and two dimensions: trained", "tensorly", "tltorch")
def neuralop():
    import torch
    from neuralop.models import FNO

    for modes, shape in (((6,), (2, 1, 32)), ((6, 6), (2, 1, 16, 16))):
        model = FNO(n_modes=modes, in_channels=1, out_channels=1, hidden_channels=8, n_layers=2)
        x, y = torch.rand(shape), torch.rand(shape)
        yield from trained(model, lambda: (model(x) - y).square().mean())  # noqa: B023


@program("a Kolmogorov-Arnold network: trained with Adam and L-BFGS", "torchvision", "sklearn", "sympy", "pandas", "matplotlib", "tqdm", "yaml")
def kan():
    import torch
    from kan import KAN

    torch.set_default_dtype(torch.float64)  # steps of L-BFGS magnify what is rounded
    model = KAN(width=[2, 4, 1], grid=3, k=3, seed=0, auto_save=False)
    x = torch.rand(50, 2) * 2 - 1
    y = (x[:, :1] * 3).sin() + x[:, 1:] ** 2
    data = {"train_input": x, "train_label": y, "test_input": x, "test_label": y}
    for options in ({"opt": "Adam", "steps": 6, "lr": 0.01}, {"opt": "LBFGS", "steps": 3}):
        yield "losses", torch.tensor([float(loss) for loss in model.fit(data, lamb=0.001, **options)["train_loss"]])
    yield "outputs", model(x)


@program("descriptors of a molecule's atoms, and forces", "torchvision", "tqdm")
def torchani():
    import torch
    from torchani import AEVComputer

    places = [[0.0, 0.0, 0.1], [0.8, 0.1, 0.0], [-0.8, 0.1, 0.2], [0.1, 0.9, -0.4], [0.0, -0.7, 0.8]]
    coordinates = torch.tensor([places], requires_grad=True)
    found = AEVComputer.like_2x()((torch.tensor([[1, 0, 0, 0, 0]]), coordinates)).aevs
    yield "descriptors", found
    yield "forces", torch.autograd.grad(found.square().sum(), coordinates)[0]


@program("rules of integration in two dimensions, and gradients by the domain", "autoray", "scipy", "loguru", "tqdm")
def torchquad():
    import torch
    from torchquad import Boole, GaussLegendre, Simpson, Trapezoid

    def function(x):
        return torch.sin(x[:, 0]) + torch.exp(x[:, 1])

    for method, points in ((Simpson(), 101**2), (Boole(), 101**2), (Trapezoid(), 101**2), (GaussLegendre(), 121)):
        domain = torch.tensor([[0.0, 1.0], [-1.0, 1.0]], requires_grad=True)
        found = method.integrate(function, dim=2, N=points, integration_domain=domain, backend="torch")
        yield "integrals", found
        yield "gradients", torch.autograd.grad(found, domain)[0]


@program("a spherical-harmonics basis, tensor products and linear layers: values, gradients, equivariance", "opt_einsum_fx", "opt_einsum", "sympy", "scipy")
def e3nn():
    import torch
    from e3nn import o3

    irreps = o3.Irreps("4x0e + 2x1o + 1x2e")
    x = irreps.randn(6, -1).requires_grad_()
    found = o3.FullyConnectedTensorProduct(irreps, irreps, irreps)(x, x) + o3.Linear(irreps, irreps)(x)
    yield "outputs", found
    yield "outputs", o3.spherical_harmonics([0, 1, 2, 3], torch.randn(5, 3), normalize=True)
    yield "gradients", torch.autograd.grad(found.square().sum(), x)[0]


@program("Poincare ball, Lorentz, sphere, Stiefel: distances, maps, Riemannian SGD and Adam", "scipy")
def geoopt():
    import geoopt as g
    import torch

    torch.set_default_dtype(torch.float64)  # distances are ill-conditioned

    for manifold in (g.PoincareBall(), g.Lorentz(), g.Sphere(), g.EuclideanStiefel()):
        shape = (5, 3)
        start = manifold.projx(torch.randn(shape))
        point = g.ManifoldParameter(start.clone(), manifold=manifold)
        goal = torch.randn(shape)
        for make in (g.optim.RiemannianAdam, g.optim.RiemannianSGD):
            optimizer = make([point], lr=0.05)
            for _ in range(3):
                optimizer.zero_grad()
                (point - goal).square().sum().backward()
                optimizer.step()
            yield "parameters", point.detach()
        if isinstance(manifold, (g.PoincareBall, g.Lorentz, g.Sphere)):
            yield "outputs", manifold.dist(point, start)


@program("UNet, SegResNet, SwinUNETR's blocks, Dice losses and metrics in three dimensions: trained")
def monai():
    import torch
    from monai.losses import DiceCELoss, DiceLoss
    from monai.metrics import compute_dice
    from monai.networks.nets import SegResNet, UNet

    x, y = torch.rand(1, 1, 16, 16, 16), torch.randint(2, (1, 1, 16, 16, 16))
    for model in (UNet(3, 1, 2, (4, 8, 16), (2, 2)), SegResNet(3, 8, 1, 2, blocks_down=(1, 1), blocks_up=(1,))):
        loss = DiceCELoss(to_onehot_y=True, softmax=True)
        yield from trained(model, lambda: loss(model(x), y) + DiceLoss(to_onehot_y=True, softmax=True)(model(x), y))  # noqa: B023
    yield "outputs", compute_dice(torch.nn.functional.one_hot(y[:, 0], 2).movedim(-1, 1), torch.ones(1, 2, 16, 16, 16))


@program("GCN, GAT, SAGE, GIN, transformer and edge convolutions; pooling, batches: trained", "xxhash", "aiohttp")
def torch_geometric():
    import torch
    from torch_geometric.data import Batch, Data
    from torch_geometric.nn import GATConv, GCNConv, GINConv, SAGEConv, TransformerConv, global_mean_pool
    from torch_geometric.utils import add_self_loops, degree, softmax, to_undirected

    edges = to_undirected(torch.tensor([[0, 1, 2, 3, 4, 0], [1, 2, 3, 4, 0, 2]]))
    graphs = Batch.from_data_list([Data(x=torch.randn(5, 4), edge_index=edges, y=torch.tensor([i % 2])) for i in range(3)])
    yield "outputs", degree(graphs.edge_index[0], graphs.num_nodes)
    yield "outputs", softmax(torch.randn(graphs.num_edges), graphs.edge_index[1])
    yield "outputs", add_self_loops(edges)[0]

    class Net(torch.nn.Module):
        def __init__(self, conv):
            super().__init__()
            self.first, self.last = conv, torch.nn.Linear(8, 2)

        def forward(self, data):
            return self.last(global_mean_pool(self.first(data.x, data.edge_index).relu(), data.batch))

    mlp = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8))
    for conv in (GCNConv(4, 8), GATConv(4, 4, heads=2), SAGEConv(4, 8), GINConv(mlp), TransformerConv(4, 4, heads=2)):
        model = Net(conv)
        yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(graphs), graphs.y))  # noqa: B023


@program("tensors decomposed in four ways", "scipy")
def tensorly():
    import tensorly as tl
    import torch
    from tensorly.decomposition import non_negative_parafac, parafac, tensor_train, tucker

    tl.set_backend("pytorch")
    x = torch.rand(4, 5, 6, dtype=torch.float64)
    yield "CP", tl.cp_to_tensor(parafac(x, 3, init="svd", n_iter_max=20))
    yield "CP", tl.cp_to_tensor(non_negative_parafac(x, 3, init="svd", n_iter_max=20))
    yield "Tucker", tl.tucker_to_tensor(tucker(x, [2, 3, 3], n_iter_max=10))
    yield "tensor trains", tl.tt_to_tensor(tensor_train(x, [1, 3, 3, 1]))


@program("wavelet transforms and back in one and two dimensions, packets, continuous", "pywt")
def ptwt():
    import ptwt
    import torch

    x, image = torch.randn(2, 64, dtype=torch.float64), torch.randn(2, 32, 32, dtype=torch.float64)
    for name in ("haar", "db4", "sym5"):
        found = ptwt.wavedec(x, name, level=2)
        for one in found:
            yield "outputs", one
        yield "outputs", ptwt.waverec(found, name)
        yield "outputs", ptwt.waverec2(ptwt.wavedec2(image, name, level=2), name)
    yield "outputs", ptwt.cwt(x, torch.arange(1, 5).numpy(), "mexh")[0]
    yield "outputs", torch.stack([ptwt.WaveletPacket(x, "db2", mode="zero", maxlevel=2)[one] for one in ("aa", "ad", "da", "dd")])
