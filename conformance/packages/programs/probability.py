"""Distributions, flows, diffusion, Gaussian processes, Bayesian networks."""

from ..program import program, trained


@program("a U-Net and Gaussian diffusion: trained, sampled by DDPM and DDIM", "einops", "ema_pytorch", "torchvision")
def denoising_diffusion_pytorch():
    import torch
    from denoising_diffusion_pytorch import GaussianDiffusion, Unet

    model = Unet(dim=16, dim_mults=(1, 2), flash_attn=False)
    for extra in ({}, {"sampling_timesteps": 4}):
        diffusion = GaussianDiffusion(model, image_size=16, timesteps=20, **extra)
        x = torch.rand(2, 3, 16, 16)
        yield from trained(diffusion, lambda: diffusion(x))  # noqa: B023
        yield "outputs", diffusion.sample(batch_size=2)


@program("UNet2DModel, AutoencoderKL, DDPM, DDIM, DPM-Solver and Euler schedulers: trained and sampled", "huggingface_hub", "safetensors", "torchvision")
def diffusers():
    import diffusers as d
    import torch

    model = d.UNet2DModel(sample_size=16, in_channels=3, out_channels=3, layers_per_block=1, block_out_channels=(16, 32), norm_num_groups=8,
                          down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))  # fmt: skip
    x, noise, t = torch.rand(2, 3, 16, 16), torch.randn(2, 3, 16, 16), torch.tensor([3, 400])
    noisy = d.DDPMScheduler().add_noise(x, noise, t)
    yield from trained(model, lambda: torch.nn.functional.mse_loss(model(noisy, t).sample, noise))
    model.eval()
    for make in (d.DDPMScheduler, d.DDIMScheduler, d.DPMSolverMultistepScheduler, d.EulerDiscreteScheduler, d.PNDMScheduler):
        scheduler = make()
        scheduler.set_timesteps(5)
        image = torch.randn(1, 3, 16, 16) * scheduler.init_noise_sigma
        with torch.no_grad():
            for step in scheduler.timesteps:
                image = scheduler.step(model(scheduler.scale_model_input(image, step), step).sample, step, image).prev_sample
        yield "outputs", image
    model = d.AutoencoderKL(block_out_channels=(16,), norm_num_groups=8, latent_channels=2)
    yield from trained(model, lambda: (model(x).sample - x).square().mean())


@program("VectorQuantize with EMA and cosine similarity, ResidualVQ, FSQ, LFQ: values, losses, codes, codebooks", "einops", "einx")
def vector_quantize_pytorch():
    import torch
    from vector_quantize_pytorch import FSQ, LFQ, ResidualVQ, VectorQuantize

    torch.set_default_dtype(torch.float64)  # a rotation divides by the length of a sum that may be nearly zero

    x = torch.randn(2, 24, 16, requires_grad=True)
    for model in (VectorQuantize(dim=16, codebook_size=32), VectorQuantize(dim=16, codebook_size=32, use_cosine_sim=True, kmeans_init=True),
                  ResidualVQ(dim=16, num_quantizers=3, codebook_size=16, kmeans_init=True), LFQ(codebook_size=64, dim=16)):  # fmt: skip
        for _ in range(2):
            found, codes, loss = model(x)[:3]
        yield "outputs", found
        yield "tokens", codes
        yield "gradients", torch.autograd.grad(found.square().sum() + loss.sum(), x)[0]
    found, codes = FSQ([8, 5, 5])(x[..., :3])
    yield "outputs", found
    yield "tokens", codes


@program("RealNVP and autoregressive spline flows on two moons: trained, sampled", "scipy")
def normflows():
    import normflows as nf
    import torch

    masks = torch.tensor([1.0, 0.0])
    real = []
    for i in range(4):
        s, t = nf.nets.MLP([2, 8, 2], init_zeros=True), nf.nets.MLP([2, 8, 2], init_zeros=True)
        real += [nf.flows.MaskedAffineFlow(masks if i % 2 else 1 - masks, t, s), nf.flows.ActNorm(2)]
    spline = [one for _ in range(2) for one in (nf.flows.AutoregressiveRationalQuadraticSpline(2, 1, 16), nf.flows.LULinearPermute(2))]
    for flows in (real, spline):
        model = nf.NormalizingFlow(nf.distributions.DiagGaussian(2), flows)
        x = torch.randn(64, 2) * 0.5
        yield from trained(model, lambda: model.forward_kld(x))  # noqa: B023
        yield "outputs", model.sample(16)[0]


@program("masked autoregressive flow and coupling layers of splines: trained, sampled")
def nflows():
    import torch
    from nflows import distributions, flows, transforms
    from nflows.nn.nets import ResidualNet

    maf = [one for _ in range(2) for one in (transforms.ReversePermutation(3), transforms.MaskedAffineAutoregressiveTransform(3, 8))]
    spline = transforms.PiecewiseRationalQuadraticCouplingTransform(
        torch.tensor([1, 0, 1]), lambda i, o: ResidualNet(i, o, 8), num_bins=4, tails="linear", tail_bound=3.0)  # fmt: skip
    for transform in (transforms.CompositeTransform(maf), transforms.CompositeTransform([spline, transforms.LULinear(3)])):
        model = flows.Flow(transform, distributions.StandardNormal([3]))
        x = torch.randn(64, 3)
        yield from trained(model, lambda: -model.log_prob(x).mean())  # noqa: B023
        yield "outputs", model.sample(16)


@program("MAF, neural spline flow, NAF, continuous flow: trained, sampled")
def zuko():
    import torch
    import zuko as z

    torch.set_default_dtype(torch.float64)  # steps of an equation's solver depend on its last digits

    for model in (z.flows.MAF(3, 2, transforms=2), z.flows.NSF(3, 2, transforms=2, hidden_features=(16, 16)), z.flows.CNF(3, 2, hidden_features=(16, 16)),
                  z.flows.GMM(3, 2, components=4), z.flows.NAF(3, 2, transforms=1, hidden_features=(16, 16))):  # fmt: skip
        x, c = torch.randn(32, 3), torch.randn(32, 2)
        yield from trained(model, lambda: -model(c).log_prob(x).mean(), steps=2)  # noqa: B023
        if not isinstance(model, z.flows.NAF):
            yield "outputs", model(c[0]).sample((5,))


@program("exact Gaussian processes with RBF and Matern kernels: trained, predicted", "linear_operator", "jaxtyping", "wadler_lindig", "scipy", "sklearn")
def gpytorch():
    import gpytorch as g
    import torch

    class Exact(g.models.ExactGP):
        def __init__(self, x, y, likelihood):
            super().__init__(x, y, likelihood)
            self.mean_module = g.means.ConstantMean()
            self.covar_module = g.kernels.ScaleKernel(g.kernels.MaternKernel(2.5) + g.kernels.RBFKernel())

        def forward(self, x):
            return g.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    x = torch.linspace(0, 1, 20)
    y = (6 * x).sin() + 0.1 * torch.randn(20)
    likelihood = g.likelihoods.GaussianLikelihood()
    model = Exact(x, y, likelihood)
    mll = g.mlls.ExactMarginalLogLikelihood(likelihood, model)
    yield from trained(model, lambda: -mll(model(x), y), torch.optim.Adam(model.parameters(), lr=0.1))
    model.eval(), likelihood.eval()
    with torch.no_grad():
        found = likelihood(model(torch.linspace(0, 1, 7)))
    yield "outputs", torch.stack([found.mean, found.variance])


@program("a Gaussian process fitted, expected improvement optimized", "gpytorch", "linear_operator", "scipy", "pyre_extensions", "multipledispatch", "threadpoolctl")
def botorch():
    import torch
    from botorch.acquisition import LogExpectedImprovement, qUpperConfidenceBound
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from gpytorch.mlls import ExactMarginalLogLikelihood

    x = torch.rand(12, 2, dtype=torch.float64)
    y = torch.sin(3 * x).sum(1, keepdim=True)
    model = SingleTaskGP(x, y)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    points = torch.rand(5, 1, 2, dtype=torch.float64)
    yield "outputs", model.posterior(points).mean
    for found in (LogExpectedImprovement(model, y.max()), qUpperConfidenceBound(model, 0.2)):
        yield "outputs", found(points)
    best, value = optimize_acqf(LogExpectedImprovement(model, y.max()), torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64), 1, 3, 16)
    yield "optimum", value


@program("posteriors, likelihoods and ratios estimated by networks; samples by rejection, slices and gradients", "zuko", "nflows", "pyro", "pyknos",
         "tensorboard", "arviz", "sklearn", "matplotlib", "joblib")  # fmt: skip
def sbi():
    import os
    import tempfile

    import torch
    from sbi.inference import NLE, NPE, NRE
    from sbi.neural_nets import posterior_nn
    from sbi.utils import BoxUniform

    prior = BoxUniform(torch.full((2,), -2.0), torch.full((2,), 2.0))
    theta = prior.sample((120,))
    x = theta + 0.3 * torch.randn(120, 2) + theta[:, :1] ** 2 * 0.1
    seen = torch.zeros(1, 2)
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # logs are written where it runs
        try:
            for model in ("maf", "nsf", "mdn", "zuko_nsf"):
                inference = NPE(prior, density_estimator=posterior_nn(model, hidden_features=10, num_transforms=2), show_progress_bars=False)
                estimator = inference.append_simulations(theta, x).train(max_num_epochs=4, training_batch_size=40, show_train_summary=False)
                yield "losses", torch.tensor(inference.summary["training_loss"])
                posterior = inference.build_posterior(estimator)
                yield "posterior", posterior.sample((20,), x=seen, show_progress_bars=False)
                yield "posterior", posterior.log_prob(theta[:10], x=seen)
            for kind in (NLE, NRE):
                inference = kind(prior, show_progress_bars=False)
                estimator = inference.append_simulations(theta, x).train(max_num_epochs=4, training_batch_size=40)
                yield "losses", torch.tensor(inference.summary["training_loss"])
                posterior = inference.build_posterior(estimator, mcmc_method="slice_np_vectorized", mcmc_parameters={
                    "num_chains": 3, "warmup_steps": 4, "thin": 1, "init_strategy": "proposal"})  # fmt: skip
                yield "samples", posterior.sample((15,), x=seen, show_progress_bars=False)
                yield "potential", posterior.potential(theta[:10], x=seen)
        finally:
            os.chdir(before)


@program("Bayesian regression and a Gaussian mixture: SVI with an autoguide, HMC and NUTS", "pyroapi", "opt_einsum", "tqdm")
def pyro():
    import pyro
    import pyro.distributions as dist
    import torch
    from pyro.infer import MCMC, NUTS, SVI, Trace_ELBO, TraceEnum_ELBO, config_enumerate
    from pyro.infer.autoguide import AutoDiagonalNormal

    pyro.clear_param_store()
    x = torch.randn(20, 2)
    y = x @ torch.tensor([1.0, -2.0]) + 0.1 * torch.randn(20)

    def model(x, y=None):
        w = pyro.sample("w", dist.Normal(torch.zeros(2), 1.0).to_event(1))
        s = pyro.sample("s", dist.LogNormal(0.0, 1.0))
        with pyro.plate("data", len(x)):
            return pyro.sample("y", dist.Normal(x @ w, s), obs=y)

    guide = AutoDiagonalNormal(model)
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.05}), Trace_ELBO())
    yield "losses", torch.tensor([svi.step(x, y) for _ in range(5)])
    yield "parameters", torch.cat([p.detach().flatten() for p in guide.parameters()])
    mcmc = MCMC(NUTS(model), num_samples=5, warmup_steps=5, disable_progbar=True)
    mcmc.run(x, y)
    yield "outputs", mcmc.get_samples()["w"]

    @config_enumerate
    def mixture(x):
        p = pyro.param("p", torch.tensor([0.4, 0.6]), constraint=dist.constraints.simplex)
        m = pyro.param("m", torch.tensor([-1.0, 1.0]))
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.Categorical(p))
            pyro.sample("x", dist.Normal(m[z], 1.0), obs=x)

    svi = SVI(mixture, lambda x: None, pyro.optim.Adam({"lr": 0.05}), TraceEnum_ELBO(max_plate_nesting=1))
    yield "losses", torch.tensor([svi.step(x[:, 0]) for _ in range(5)])


@program("layers with distributions for weights: trained by the evidence's bound")
def blitz():
    import torch
    from blitz.modules import BayesianConv2d, BayesianGRU, BayesianLinear, BayesianLSTM
    from blitz.utils import variational_estimator

    net = variational_estimator(torch.nn.Sequential)(BayesianLinear(5, 8), torch.nn.ReLU(), BayesianLinear(8, 1))
    x, y = torch.randn(10, 5), torch.randn(10, 1)
    bound = {"criterion": torch.nn.MSELoss(), "sample_nbr": 3, "complexity_cost_weight": 0.1}
    yield from trained(net, lambda: net.sample_elbo(inputs=x, labels=y, **bound))
    for layer in (BayesianLSTM(4, 6), BayesianGRU(4, 6)):
        yield "outputs", layer(torch.randn(2, 5, 4))[0]
    yield "outputs", BayesianConv2d(3, 4, (3, 3))(torch.randn(2, 3, 8, 8))


@program("Laplace approximations of a classifier: last layer and all, diagonal, Kronecker and full", "torchvision", "backpack", "curvlinops", "asdl", "torchmetrics", "unfoldNd")
def laplace():
    import torch
    from laplace import Laplace

    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(30, 3), torch.randint(2, (30,))), 10)
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(data.dataset.tensors[0]), data.dataset.tensors[1]))
    x = torch.randn(5, 3)
    for subset, structure in (("last_layer", "full"), ("last_layer", "kron"), ("all", "diag"), ("all", "full")):
        made = Laplace(model, "classification", subset_of_weights=subset, hessian_structure=structure)
        made.fit(data)
        yield "outputs", made(x)
        yield "outputs", made.log_marginal_likelihood()
