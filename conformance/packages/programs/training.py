"""Around training: loops, metrics, logs, files, reinforcement learning."""

import numpy as np

from ..program import program


@program("a module trained and tested by its Trainer, with callbacks, schedule, clipping and accumulation", "torchvision", "lightning_fabric", "lightning_utilities", "torchmetrics", "yaml", "fsspec", "tqdm")
def pytorch_lightning():
    import tempfile

    import torch
    from pytorch_lightning import LightningModule, Trainer

    data = torch.utils.data.TensorDataset(torch.randn(24, 4), torch.randint(3, (24,)))
    losses = []

    class Model(LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))

        def training_step(self, batch, at):
            loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            losses.append(loss.detach())
            self.log("loss", loss)
            return loss

        def validation_step(self, batch, at):
            self.log("checked", torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]

    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            gradient_clip_val=0.5, accumulate_grad_batches=2, default_root_dir=folder,
        )  # fmt: skip
        trainer.fit(model, torch.utils.data.DataLoader(data, 6, shuffle=True), torch.utils.data.DataLoader(data, 12))
    yield "losses", torch.stack(losses)
    yield "outputs", trainer.callback_metrics["checked"]
    yield "parameters", torch.cat([p.detach().flatten() for p in model.parameters()])


@program("a trainer and an evaluator with metrics, handlers, a schedule and gradient accumulation")
def ignite():
    import torch
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
    from ignite.handlers import LinearCyclicalScheduler, ModelCheckpoint  # noqa: F401
    from ignite.metrics import Accuracy, ConfusionMatrix, Loss, Precision, Recall

    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(30, 4), torch.randint(3, (30,))), 8, shuffle=True)
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.1), torch.nn.CrossEntropyLoss()
    trainer = create_supervised_trainer(model, optimizer, loss, gradient_accumulation_steps=2)
    metrics = {"accuracy": Accuracy(), "loss": Loss(loss), "confusion": ConfusionMatrix(3), "precision": Precision(), "recall": Recall()}
    evaluator = create_supervised_evaluator(model, metrics)
    losses = []
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda engine: losses.append(engine.state.output))
    trainer.add_event_handler(Events.ITERATION_STARTED, LinearCyclicalScheduler(optimizer, "lr", 0.01, 0.1, 8))
    trainer.run(data, max_epochs=3)
    evaluator.run(data)
    yield "losses", torch.tensor(losses)
    for name in metrics:
        yield "metrics", torch.as_tensor(evaluator.state.metrics[name])


@program("a training loop prepared and accumulated, with a scheduler and clipping; a model made without weights, which come from a file",
         "huggingface_hub", "safetensors", "yaml", "packaging")  # fmt: skip
def accelerate():
    import tempfile

    import torch
    from accelerate import Accelerator, init_empty_weights, load_checkpoint_and_dispatch
    from safetensors.torch import save_file


    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(24, 4), torch.randint(3, (24,))), 6, shuffle=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer)
    model, optimizer, data, schedule = accelerator.prepare(model, optimizer, data, schedule)
    losses = []
    for x, y in data:
        with accelerator.accumulate(model):
            loss = torch.nn.functional.cross_entropy(model(x), y)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
    yield "losses", torch.stack(losses)
    yield "parameters", torch.cat([p.detach().flatten() for p in accelerator.unwrap_model(model).parameters()])
    make = lambda: torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3)).eval()
    full = make()
    with init_empty_weights():
        empty = make()
    yield "empty", torch.tensor([float(one.is_meta) for one in empty.state_dict().values()])
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        save_file(full.state_dict(), file.name)
        loaded = load_checkpoint_and_dispatch(empty, file.name)
        yield "outputs", loaded(torch.ones(2, 4)) - full(torch.ones(2, 4))


@program("a classifier and a regressor fitted and applied, with callbacks and cross-validation", "sklearn", "tabulate")
def skorch():
    import numpy as np
    import torch
    from skorch import NeuralNetClassifier, NeuralNetRegressor

    x, y = torch.randn(40, 5).numpy(), torch.randint(3, (40,)).numpy()

    class Net(torch.nn.Module):
        def __init__(self, out=3, hidden=8):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(5, hidden), torch.nn.Tanh(), torch.nn.Dropout(0.1), torch.nn.Linear(hidden, out))

        def forward(self, x):
            return self.layers(x)

    net = NeuralNetClassifier(Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=3, lr=0.1, verbose=0, iterator_train__shuffle=True)
    net.fit(x, y)
    yield "outputs", torch.from_numpy(net.predict_proba(x))
    yield "losses", torch.tensor(net.history[:, "train_loss"])
    net = NeuralNetRegressor(Net, module__out=1, max_epochs=3, lr=0.01, verbose=0, optimizer=torch.optim.Adam)
    net.fit(x, y[:, None].astype(np.float32))
    yield "outputs", torch.from_numpy(net.predict(x))


@program("PPO, A2C and DQN on a small environment of its own", "gymnasium", "cloudpickle")
def stable_baselines3():
    import gymnasium
    import numpy as np
    import torch
    from stable_baselines3 import A2C, DQN, PPO

    class Line(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            self.at, self.steps = 0.0, 0
            return np.array([0, 0], np.float32), {}

        def step(self, action):
            self.at += 0.2 * (action - 0.4)
            self.steps += 1
            return np.array([self.at, self.steps / 10], np.float32).clip(-1, 1), float(self.at), self.steps == 10, False, {}

    shape = {"net_arch": [8]}
    for model in (
        PPO("MlpPolicy", Line(), n_steps=32, batch_size=16, n_epochs=2, seed=0, policy_kwargs=shape, device="cpu"),
        A2C("MlpPolicy", Line(), seed=0, policy_kwargs=shape, device="cpu"),
        DQN("MlpPolicy", Line(), learning_starts=10, seed=0, policy_kwargs=shape, device="cpu"),
    ):
        model.learn(64)
        yield "parameters", torch.cat([p.detach().flatten() for p in model.policy.parameters()])


@program("classification, regression, retrieval, image and text metrics, over batches", "lightning_utilities", "torchvision")
def torchmetrics():
    import torch
    import torchmetrics as m
    from torchmetrics import image, text

    kinds = {"task": "multiclass", "num_classes": 4}
    scores = [m.Accuracy(**kinds), m.F1Score(**kinds, average="macro"), m.AUROC(**kinds), m.ConfusionMatrix(**kinds), m.AveragePrecision(**kinds),
              m.CalibrationError(**kinds), m.CohenKappa(**kinds), m.MatthewsCorrCoef(**kinds), m.JaccardIndex(**kinds), m.Precision(**kinds, top_k=2)]  # fmt: skip
    numbers = [m.MeanSquaredError(), m.R2Score(), m.PearsonCorrCoef(), m.SpearmanCorrCoef(), m.KendallRankCorrCoef(), m.ExplainedVariance(), m.CosineSimilarity()]
    for _ in range(3):
        p, y = torch.randn(20, 4).softmax(-1), torch.randint(4, (20,))
        a = torch.randn(20)
        b = a + 0.3 * torch.randn(20)
        for one in scores:
            one.update(p, y)
        for one in numbers:
            one.update(a[None], b[None]) if isinstance(one, m.CosineSimilarity) else one.update(a, b)
    for one in scores + numbers:
        yield "outputs", one.compute()
    x = torch.rand(2, 3, 64, 64)
    for one in (image.PeakSignalNoiseRatio(data_range=1.0), image.StructuralSimilarityIndexMeasure(data_range=1.0), image.TotalVariation(),
                image.UniversalImageQualityIndex(), image.SpectralAngleMapper()):  # fmt: skip
        yield "outputs", one(x, x.flip(-1)) if not isinstance(one, image.TotalVariation) else one(x)
    yield "outputs", text.CharErrorRate()(["a cat sat"], ["the cat sat"])
    found = m.RetrievalMAP()(torch.rand(12), torch.randint(2, (12,)), indexes=torch.arange(12) // 4)
    yield "outputs", found


@program("triplet, contrastive, NT-Xent, ArcFace, ProxyNCA, multi-similarity losses and miners: values and gradients", "sklearn", "tqdm")
def pytorch_metric_learning():
    import torch
    from pytorch_metric_learning import losses, miners

    x, y = torch.randn(24, 8, requires_grad=True), torch.randint(4, (24,))
    pairs = miners.MultiSimilarityMiner()(x, y)
    for make in (losses.TripletMarginLoss(), losses.ContrastiveLoss(), losses.NTXentLoss(), losses.ArcFaceLoss(4, 8), losses.ProxyNCALoss(4, 8),
                 losses.MultiSimilarityLoss(), losses.CircleLoss(), losses.SupConLoss(), losses.CosFaceLoss(4, 8), losses.LiftedStructureLoss()):  # fmt: skip
        found = make(x, y, pairs) if isinstance(make, losses.TripletMarginLoss) else make(x, y)
        yield "losses", found
        yield "gradients", torch.autograd.grad(found, x)[0]


def seen_bytes(content: bytes):
    import torch

    return torch.tensor(list(content), dtype=torch.uint8)


@program("event files of all that its writer writes, compared byte by byte but for the times", "PIL", "matplotlib")
def tensorboard():
    import tempfile
    from pathlib import Path

    import torch
    from matplotlib.figure import Figure
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from torch.utils.tensorboard import FileWriter, SummaryWriter
    from torch.utils.tensorboard.summary import make_histogram

    x, image, images = torch.randn(200), torch.rand(3, 12, 16), torch.rand(11, 1, 5, 6)
    dtypes = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64", "complex128")
    with tempfile.TemporaryDirectory() as folder:
        with SummaryWriter(folder, filename_suffix=".seen", purge_step=3) as writer:
            for value in (1, 2.5, torch.tensor([3.5], requires_grad=True), np.float64(0.1), x[:1].bfloat16(), float("nan")):
                writer.add_scalar("a/number", value, 7)
                writer.add_scalar("newer", value, 8, new_style=True)
                writer.add_scalar("newer in double precision", value, 8, new_style=True, double_precision=True)
            writer.add_scalars("several/of them", {"one": 1.5, "two": torch.tensor(2.0)}, torch.tensor(9))
            writer.add_scalars("several/of them", {"two": 3.0}, 10)
            for given in (x, x.double(), x[:1], x * 1e-14, x.abs() * 1e19, x.abs().neg(), torch.zeros(3), torch.arange(5), x.numpy().reshape(4, 50)):
                for bins, most in (("tensorflow", None), ("tensorflow", 100), ("auto", None), (20, 7), (20, 6), (20, 30)):
                    writer.add_histogram("elements", given, 1, bins=bins, max_bins=most)
            writer.add_histogram_raw("counted", -1.0, 2.0, 5, 1.5, 7.5, [0.0, 1.0, 2.0], [1, 3, 1], 2)
            for given, order in (
                (image, "CHW"), (image.permute(1, 2, 0), "HWC"), (image[0], "HW"), (image[:1], "CHW"), ((image * 300 - 20).byte(), "chw"),
                (image * 2 - 0.5, "CHW"), (torch.rand(4, 6, 5), "CHW"),
            ):  # fmt: skip
                writer.add_image("an image", given, 1, dataformats=order)
            for given, order in ((images, "NCHW"), (torch.rand(3, 4, 5, 3), "NHWC"), (images[:1], "NCHW")):
                writer.add_images("images", given, dataformats=order)
            boxes = torch.tensor([[1.0, 2, 8, 9], [3, 3, 14, 11]])
            for labels in (None, "one", ["one", "two"]):
                writer.add_image_with_boxes("boxes", image, boxes, 2, rescale=4, labels=labels)
            figure = Figure((2, 1))
            figure.subplots().plot([1, 3, 2])
            writer.add_figure("figures", figure, 4, close=False)
            writer.add_figure("figures", [figure, figure], 5)
            writer.add_audio("a sound", x.clamp(-1, 1)[None], 1, sample_rate=8000)
            writer.add_audio("too loud", x)
            writer.add_text("told", "**Ä** text", 3)
            for name in dtypes:
                writer.add_tensor(name, (x[:6] * 3).abs().to(getattr(torch, name)).reshape(2, 3), 1)
            labels, predictions = (x > 0).long(), (x / 4 + 0.5).clamp(0, 1)
            writer.add_pr_curve("curve", labels, predictions, 1)
            writer.add_pr_curve("curve", labels.bool(), predictions.numpy(), 2, num_thresholds=9, weights=np.linspace(0, 1, 200))
            writer.add_pr_curve_raw("counted", *np.arange(30.0).reshape(6, 5), 3, num_thresholds=5)
            writer.add_custom_scalars({"first": {"two": ["Multiline", ["a/number", "newer"]], "between": ["Margin", ["a", "b", "c"]]}, "second": {}})
            writer.add_custom_scalars_multilinechart(["a", "b"], title="a chart")
            writer.add_custom_scalars_marginchart(["a", "b", "c"], "a category")
            corners = torch.rand(1, 4, 3)
            writer.add_mesh("mesh", corners, global_step=1)
            writer.add_mesh("mesh", corners, (corners * 255).int(), torch.tensor([[[0, 1, 2], [1, 2, 3]]]), {"camera": {"far": 9}, "a": 1}, 2)
            writer.add_embedding(x.reshape(20, 10), global_step=3, tag="a/b%")
            writer.add_embedding(x.double().reshape(20, 10), list(range(20)), torch.rand(20, 3, 4, 5))
            writer.add_embedding(x.reshape(40, 5), [(i, f"row {i}") for i in range(40)], images[:1].repeat(40, 1, 1, 1), 4, "more", ["i", "name"])
            for parameters in ({"rate": 0.1, "n": 3, "name": "Adam", "tensor": torch.tensor([1.5]), "bool": True, "none": None}, {"n": 5}):
                writer.add_hparams(parameters, {"reached": 0.5}, {"n": [3, 5]}, f"with {len(parameters)}", 2)
            writer.flush()
        writer.add_scalar("after the end", 1.0)
        writer.close()
        other = FileWriter(Path(folder, "other"), filename_suffix=".other")
        other.add_event(Event(step=2), 3, 5.0)
        other.close()
        refused = (
            lambda: writer.add_scalar("x", x), lambda: writer.add_histogram("x", x[:0]), lambda: writer.add_image("x", image, dataformats="CHH"),
            lambda: writer.add_image("x", image, dataformats="HW"), lambda: writer.add_images("x", torch.rand(2, 4, 3, 3)), lambda: writer.add_scalar("x", [1]),
            lambda: writer.add_audio("x", torch.zeros(2, 2)), lambda: writer.add_hparams({}, 1), lambda: writer.add_hparams({"x": []}, {}),
            lambda: writer.add_hparams({"x": 1}, {}, {"x": ["a"]}), lambda: writer.add_custom_scalars_marginchart(["a"]), lambda: writer.add_embedding(x),
            lambda: writer.add_embedding(x.reshape(20, 10), ["a"]), lambda: writer.add_histogram_raw("x", 0, 1, 1, 1, 1, [1], []),
            lambda: make_histogram(np.ones(2), [5.0, 6.0, 7.0]),
        )  # fmt: skip
        writer.add_scalar("before what is refused", 1.0)
        names = []
        for call in refused:
            try:
                call()
            except Exception as error:
                names.append(type(error).__name__)
        yield "refusals", seen_bytes(" ".join(names).encode())
        writer.close()
        for path in sorted((one for one in Path(folder).rglob("*") if one.is_file()), key=lambda one: (one.parent, one.name)):
            yield "names of files", seen_bytes(f"{path.parent.relative_to(folder)} {path.name.rpartition('.')[2]}".encode())
            if "tfevents" not in path.name:
                yield "files of embeddings", seen_bytes(path.read_bytes())
                continue
            for record in RawEventFileLoader(str(path)).Load():
                event = Event.FromString(record)
                event.wall_time = 0
                for value in event.summary.value:  # a dict in a message is written in any order
                    if value.metadata.plugin_data.plugin_name == "hparams":
                        content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                        value.metadata.plugin_data.content = content.SerializeToString(deterministic=True)
                yield "events", seen_bytes(event.SerializeToString(deterministic=True))


@program("summaries of networks")
def torchinfo():
    import torch
    from torchinfo import summary

    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 10), torch.nn.LSTM(10, 4))
    found = summary(model, (2, 3, 8, 8), verbose=0)
    yield "counts", torch.tensor([found.total_params, found.trainable_params, found.total_mult_adds, found.total_output_bytes])


@program("modules' parameters written and read")
def safetensors():
    import tempfile
    from pathlib import Path

    import torch
    from safetensors.torch import load, load_file, save, save_file, save_model

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        save_file(model.state_dict(), path)
        for value in load_file(path).values():
            yield "read", value
        save_model(model, path)
        yield "read", load_file(path)["0.weight"]
    for dtype in (torch.float16, torch.float64, torch.int8, torch.bool):
        yield "read", load(save({"x": torch.arange(6).reshape(2, 3).to(dtype)}))["x"]


@program("counts of parameters, losses of boxes and classes, statistics of batches", "iopath", "yacs", "yaml", "tabulate", "termcolor", "tqdm", "PIL")
def fvcore():
    import torch
    from fvcore.nn import giou_loss, parameter_count, sigmoid_focal_loss, smooth_l1_loss
    from fvcore.nn.precise_bn import update_bn_stats

    model, x = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()), torch.randn(2, 3, 8, 8)
    yield "counts", torch.tensor(list(parameter_count(model).values()))
    a, b = torch.rand(5, 4, requires_grad=True), torch.rand(5, 4)
    boxes = [torch.cat([one[:, :2], one[:, :2] + 1], 1) for one in (a, b)]
    for loss in (sigmoid_focal_loss(a, b.round(), reduction="mean"), smooth_l1_loss(a, b, 0.2, "mean"), giou_loss(*boxes, "mean")):
        yield from (("losses", loss), ("gradients", torch.autograd.grad(loss, a)[0]))
    update_bn_stats(model, [x, x + 1], 2)
    yield "statistics", model[1].running_var
