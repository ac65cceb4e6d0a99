"""Tables and series."""

from ..program import program, trained


@program("its network, pretrained and trained on tables", "sklearn", "tqdm", "scipy")
def pytorch_tabnet():
    import numpy as np
    import torch
    from pytorch_tabnet.pretraining import TabNetPretrainer
    from pytorch_tabnet.tab_model import TabNetClassifier

    x, y = torch.randn(64, 5).numpy(), torch.randint(2, (64,)).numpy()
    small = {"n_d": 4, "n_a": 4, "n_steps": 2, "verbose": 0, "seed": 0}
    before = TabNetPretrainer(**small)
    before.fit(x, max_epochs=2, batch_size=32, virtual_batch_size=16, drop_last=False)
    net = TabNetClassifier(**small)
    net.fit(x, y, max_epochs=2, batch_size=32, virtual_batch_size=16, drop_last=False, from_unsupervised=before)
    yield "outputs", torch.from_numpy(net.predict_proba(x))
    yield "outputs", torch.from_numpy(np.asarray(net.feature_importances_))


@program("MLP, ResNet and FT-Transformer of tables: trained")
def rtdl_revisiting_models():
    import torch
    from rtdl_revisiting_models import MLP, FTTransformer, ResNet

    x, categories, y = torch.randn(8, 4), torch.randint(0, 3, (8, 2)), torch.randn(8, 1)
    sizes = {"d_in": 4, "d_out": 1, "n_blocks": 2, "d_block": 16}
    for model in (MLP(**sizes, dropout=0.1), ResNet(**sizes, d_hidden=None, d_hidden_multiplier=2.0, dropout1=0.1, dropout2=0.0)):
        yield from trained(model, lambda: (model(x) - y).square().mean())  # noqa: B023
    model = FTTransformer(n_cont_features=4, cat_cardinalities=[3, 3], d_out=1, **FTTransformer.get_default_kwargs(1))
    yield from trained(model, lambda: (model(x, categories) - y).square().mean())


@program("periodic, piecewise-linear and ReLU embeddings of numbers", "tqdm")
def rtdl_num_embeddings():
    import torch
    from rtdl_num_embeddings import LinearReLUEmbeddings, PeriodicEmbeddings, PiecewiseLinearEmbeddings, compute_bins

    x = torch.randn(8, 4)
    bins = PiecewiseLinearEmbeddings(compute_bins(x, n_bins=3), 5, activation=False, version="B")
    for model in (LinearReLUEmbeddings(4, 3), PeriodicEmbeddings(4, 6, lite=False), bins):
        yield from trained(model, lambda: model(x).square().mean())  # noqa: B023


@program("dilated causal convolutions of sequences: trained")
def pytorch_tcn():
    import torch
    from pytorch_tcn import TCN

    model = TCN(num_inputs=3, num_channels=[6, 6, 6], kernel_size=3, dilations=[1, 2, 4], use_skip_connections=True)
    x = torch.randn(2, 3, 20)
    yield from trained(model, lambda: model(x).square().mean())
    yield "outputs", model.eval()(x)


@program("TabTransformer, FT-Transformer: trained and applied", "einops", "hyper_connections")
def tab_transformer_pytorch():
    import random

    import torch
    from tab_transformer_pytorch import FTTransformer, TabTransformer

    random.seed(0)  # which stream a layer begins with
    kinds, numbers, y = torch.randint(0, 3, (8, 2)), torch.randn(8, 4), torch.randn(8, 1)
    sizes = {"categories": (3, 4), "num_continuous": 4, "dim": 16, "dim_out": 1, "depth": 2, "heads": 2}
    for model in (TabTransformer(**sizes, mlp_act=torch.nn.ReLU()), FTTransformer(**sizes, attn_dropout=0.1, ff_dropout=0.1)):
        yield from trained(model, lambda: (model(kinds, numbers) - y).square().mean())  # noqa: B023
        yield "outputs", model.eval()(kinds, numbers)
