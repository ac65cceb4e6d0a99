"""Automatic mixed precision: which operations are cast, what becomes of gradients, how losses are scaled."""

from __future__ import annotations

from . import program, raised

STATE = ("is_autocast_enabled", "set_autocast_enabled", "get_autocast_dtype", "set_autocast_dtype", "is_autocast_cpu_enabled",
         "set_autocast_cpu_enabled", "get_autocast_cpu_dtype", "set_autocast_cpu_dtype", "is_autocast_cache_enabled",
         "set_autocast_cache_enabled", "clear_autocast_cache", "autocast_increment_nesting", "autocast_decrement_nesting",
         "amp.is_autocast_available")  # fmt: skip


def _results(lib, x, y):
    """Calls of each kind: in half precision, in float32, in the widest, in what is given."""
    F, square, image = lib.nn.functional, x @ x.mT, x.reshape(1, 1, *x.shape)
    kernel, target = y[:2, :2].reshape(1, 1, 2, 2), lib.tensor([1] * x.shape[0])
    yield from (x @ y, lib.mm(x, y), lib.addmm(square, x, y), lib.bmm(x[None], y[None]), x.matmul(y), lib.einsum("ij,jk->ik", x, y))
    yield from (F.linear(x, x), F.conv2d(image, kernel), F.conv_transpose2d(image, kernel), lib.tensordot(x, y, 1), lib.inner(x, x))
    yield from (F.scaled_dot_product_attention(x, x, x), F.prelu(x, x[0, :1]), lib.linalg.vecdot(x, x), lib.linalg.multi_dot([x, y, x]))
    yield from (F.cross_entropy(x, target), F.mse_loss(x, x + 1), F.l1_loss(x, 2 * x), F.nll_loss(x, target), F.kl_div(x, x, reduction="sum"))
    yield from (x.prod(), lib.trace(x), lib.cdist(x, x), F.binary_cross_entropy_with_logits(x, x.sigmoid()), F.smooth_l1_loss(x, x + 1))
    yield from (F.pad(x, (1, 1), "reflect"), F.pad(x, (1, 1)), F.avg_pool3d(image[None], (1, 2, 2)), F.max_pool2d(image, 2), x.quantile(0.5))
    yield from (lib.cat([x, y.mT]), lib.stack([x, x]), x + y.mT, x.exp(), F.softmax(x, 1), F.layer_norm(x, x.shape[1:]), x.sum(), x.mv(x[0]))
    yield from (lib.dot(x[0], x[0]), F.gelu(x), F.dropout(x, 0.0), F.embedding(target, x), x.mean(0), x.var(), lib.linalg.vector_norm(x))


@program("autocast", "amp.autocast", "amp.autocast_mode")
def what_is_cast(lib):
    x = lib.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    y = lib.tensor([[1.0, 0.5], [-0.5, 2.0], [0.75, 1.25]])
    for given in (lib.float32, lib.bfloat16, lib.float64):
        with lib.autocast("cpu"):
            for one in _results(lib, x.to(given), y.to(given)):
                yield one.dtype, one.float().sum() if given is lib.float64 else one
    with lib.autocast("cpu", dtype=lib.float16):
        yield x @ y, (x @ y).dtype, lib.nn.functional.mse_loss((x @ y), (x @ y) + 1).dtype
        yield lib.cat([x @ y, x]).dtype if x.shape[1] == 2 else lib.cat([x @ y, y]).dtype
        yield (x.double() @ y.double()).dtype, raised(lib.mm, x, y.double()), lib.mm(x, y, out=lib.zeros(2, 2)).dtype
    yield (x @ y).dtype


@program("autocast", "amp.autocast")
def what_is_made_of_what_is_cast(lib):
    F, dtypes = lib.nn.functional, (lib.float32, lib.bfloat16, lib.float16, lib.float64)
    x = lib.tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    square, tensor = x @ x.mT, lib.tensor(0.1)
    for half in (lib.bfloat16, lib.float16):
        with lib.autocast("cpu", dtype=half):
            for matrix in (x, x.mT, x @ x.mT, x.double(), lib.stack([x, 2 * x]), lib.zeros(0, 3), lib.zeros(2, 0, 3)):
                found = raised(lib.linalg.pinv, matrix) or lib.linalg.pinv(matrix)
                yield found, found if isinstance(found, str) else found.dtype, raised(lib.pinverse, matrix) or lib.pinverse(matrix).dtype
            for options in ({"hermitian": True}, {"rcond": 0.5}, {"rtol": tensor}, {"atol": tensor}):
                found = lib.linalg.pinv(square, **options)
                yield found, found.dtype
            for loss in (F.l1_loss, F.mse_loss, F.huber_loss):
                for first in dtypes:
                    for second in dtypes:
                        for weight in (None, *dtypes):
                            given = {} if weight is None else {"weight": lib.ones(2, 3, dtype=weight)}
                            for reduction in ("mean", "sum", "none"):
                                found = loss(x.to(first), (x + 1).to(second), reduction=reduction, **given)
                                yield loss.__name__, first, second, weight, reduction, found.dtype, found
    square.requires_grad_()
    with lib.autocast("cpu"):
        found = lib.linalg.pinv(square)
        yield found.requires_grad, lib.autograd.grad(found.sum(), square)[0].dtype


@program("autocast", "amp.autocast")
def weights_of_attention_are_cast(lib):
    lib.manual_seed(1)
    x, projection, out = lib.randn(2, 3, 4), lib.randn(12, 4), lib.randn(4, 4)
    floating, boolean = lib.tensor([[0.5, -1.0], [0.25, 2.0]]), lib.tensor([[False, True], [False, False]])
    padding = lib.tensor([[False, False], [False, True], [True, False]])
    for half in (lib.bfloat16, lib.float16):
        with lib.autocast("cpu", dtype=half):
            for mask in (None, floating, boolean, floating.to(half)):
                for keys in (None, padding, padding.float()):
                    for need_weights in (True, False):
                        found, weights = lib.nn.functional.multi_head_attention_forward(
                            x, x, x, 4, 2, projection, lib.zeros(12), None, None, False, 0.0, out, None, attn_mask=mask,
                            key_padding_mask=keys, need_weights=need_weights)  # fmt: skip
                        yield found.dtype, found, weights, None if weights is None else weights.dtype


@program("autocast", "amp.autocast")
def gradients_of_weights_have_their_dtype(lib):
    lib.manual_seed(3)
    model = lib.nn.Sequential(lib.nn.Linear(4, 8), lib.nn.ReLU(), lib.nn.LayerNorm(8), lib.nn.Linear(8, 3))
    x, target = lib.randn(5, 4), lib.tensor([0, 1, 2, 1, 0])
    for cached in (True, False):
        model.zero_grad()
        with lib.autocast("cpu", dtype=lib.bfloat16, cache_enabled=cached):
            out = model(x) + model(x / 2)
            loss = lib.nn.functional.cross_entropy(out, target)
        loss.backward()
        yield out.dtype, loss.dtype, loss.detach()
        for parameter in model.parameters():
            yield parameter.grad.dtype, (parameter.grad * 64).round() / 64
    with lib.autocast("cpu"):
        loss = lib.nn.functional.cross_entropy(model(x), target)
        model.zero_grad()
        loss.backward()
        yield model[0].weight.grad.dtype
        for layer in (lib.nn.LSTM(4, 3), lib.nn.GRU(4, 3), lib.nn.RNN(4, 3), lib.nn.Conv1d(4, 2, 1), lib.nn.BatchNorm1d(4)):
            found = layer(x[..., None] if isinstance(layer, lib.nn.Conv1d) else x)
            yield type(layer).__name__, (found[0] if isinstance(found, tuple) else found).dtype


@program("autocast", "amp.autocast")
def blocks_in_blocks(lib):
    x = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
    with lib.autocast("cpu"):
        yield (x @ x).dtype, lib.is_autocast_enabled("cpu"), lib.is_autocast_cpu_enabled()
        with lib.autocast("cpu", enabled=False):
            yield (x @ x).dtype, lib.is_autocast_enabled("cpu")
            with lib.autocast("cpu", dtype=lib.float16):
                yield (x @ x).dtype, lib.get_autocast_dtype("cpu")
        yield (x @ x).dtype, lib.get_autocast_dtype("cpu")
        with lib.amp.autocast(device_type="cpu", dtype=lib.float16) as block:
            yield (x @ x).dtype, block.device, block.fast_dtype

    @lib.autocast("cpu")
    def product(a):
        return a @ a

    yield product(x).dtype, product.__name__, (x @ x).dtype
    yield raised(lib.autocast("cpu"), 3)
    try:
        with lib.autocast("cpu"):
            raise KeyError
    except KeyError:
        yield (x @ x).dtype, lib.is_autocast_enabled("cpu")


@program("autocast", "amp.autocast")
def blocks_that_do_nothing(lib):
    import warnings

    x = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
    for device, dtype in (("cuda", None), ("cpu", lib.float32), ("cpu", lib.int64), ("mps", None), ("xpu", lib.bfloat16)):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            with lib.autocast(device, dtype=dtype):
                yield (x @ x).dtype
            yield len(seen)
    yield raised(lib.autocast, "nothing"), raised(lib.autocast, 3), raised(lib.autocast)


@program(*STATE)
def what_autocast_is_set_to(lib):
    import warnings

    warnings.simplefilter("ignore")
    yield lib.is_autocast_enabled("cpu"), lib.is_autocast_enabled(), lib.get_autocast_dtype("cpu"), lib.get_autocast_dtype("cuda")
    yield lib.amp.is_autocast_available("cpu"), lib.amp.is_autocast_available("cuda"), lib.is_autocast_cache_enabled()
    yield raised(lib.amp.is_autocast_available, "nothing"), raised(lib.amp.is_autocast_available, 3)
    try:
        lib.set_autocast_enabled("cpu", True)
        lib.set_autocast_dtype("cpu", lib.float16)
        yield lib.is_autocast_cpu_enabled(), lib.get_autocast_cpu_dtype(), (lib.ones(2, 2) @ lib.ones(2, 2)).dtype
        lib.set_autocast_cpu_dtype(lib.bfloat16)
        lib.set_autocast_cpu_enabled(False)
        yield lib.is_autocast_enabled("cpu"), lib.get_autocast_dtype("cpu"), (lib.ones(2, 2) @ lib.ones(2, 2)).dtype
        lib.set_autocast_cache_enabled(False)
        yield lib.is_autocast_cache_enabled(), lib.autocast_increment_nesting(), lib.autocast_decrement_nesting()
    finally:
        lib.set_autocast_enabled("cpu", False)
        lib.set_autocast_dtype("cpu", lib.bfloat16)
        lib.set_autocast_cache_enabled(True)
    yield lib.clear_autocast_cache(), raised(lib.set_autocast_enabled, "cpu", 3), raised(lib.set_autocast_enabled, 3)
    yield raised(lib.set_autocast_dtype, "cpu", 3), raised(lib.set_autocast_cache_enabled, 3), raised(lib.is_autocast_enabled, "no")


@program("amp.custom_fwd", "amp.custom_bwd")
def functions_of_ones_own_under_autocast(lib):
    seen = []

    def made(cast_inputs):
        class Product(lib.autograd.Function):
            @staticmethod
            @lib.amp.custom_fwd(device_type="cpu", cast_inputs=cast_inputs)
            def forward(ctx, x, y):
                ctx.save_for_backward(x, y)
                seen.append((x.dtype, lib.is_autocast_enabled("cpu")))
                return x @ y

            @staticmethod
            @lib.amp.custom_bwd(device_type="cpu")
            def backward(ctx, g):
                x, y = ctx.saved_tensors
                seen.append((g.dtype, lib.is_autocast_enabled("cpu")))
                return g @ y.mT, x.mT @ g

        return Product

    for cast_inputs in (None, lib.float32, lib.float64):
        for enabled in (True, False):
            x, y = lib.ones(2, 2, requires_grad=True), lib.ones(2, 2, requires_grad=True)
            with lib.autocast("cpu", enabled=enabled):
                out = made(cast_inputs).apply(x, y)
            out.sum().backward()
            yield out.dtype, x.grad, x.grad.dtype
    yield seen
    yield raised(lib.amp.custom_fwd, device_type=3), raised(lib.amp.custom_bwd, device_type=3)


@program("utils.checkpoint.checkpoint")
def a_checkpoint_computes_again_as_it_did(lib):
    import importlib

    checkpoint = importlib.import_module(f"{lib.__name__}.utils.checkpoint").checkpoint
    for reentrant in (True, False):
        x = lib.ones(2, 2, requires_grad=True)
        with lib.autocast("cpu"):
            out = checkpoint(lambda a: (a @ a).exp(), x, use_reentrant=reentrant)
        out.sum().backward()
        yield out.dtype, x.grad, x.grad.dtype


@program("GradScaler", "amp.GradScaler", "amp.grad_scaler")
def losses_are_scaled(lib):
    import pickle

    parameter = lib.nn.Parameter(lib.tensor([1.0, 2.0]))
    optimizer = lib.optim.SGD([parameter], lr=0.1)
    scaler = lib.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2)
    yield scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()
    for attempt in (scaler.update, lambda: scaler.step(optimizer), lambda: scaler.unscale_(optimizer)):
        yield raised(attempt)
    for factor in (1.0, 2.0, float("inf"), 3.0, float("nan"), 0.5, 0.25):
        optimizer.zero_grad()
        scaler.scale((parameter * factor).sum()).backward()
        yield parameter.grad
        if factor == 3.0:
            scaler.unscale_(optimizer)
            yield parameter.grad, raised(scaler.unscale_, optimizer)
        yield scaler.step(optimizer), raised(scaler.step, optimizer), raised(scaler.unscale_, optimizer)
        yield raised(pickle.dumps, scaler)
        scaler.update()
        yield parameter.detach(), scaler.get_scale(), scaler.state_dict()
    yield scaler.scale([lib.ones(2), (lib.tensor(2.0), lib.ones(1, dtype=lib.bfloat16))]), list(scaler.scale(iter([lib.ones(1)])))
    yield raised(scaler.scale, 3), raised(scaler.update)
    scaler.update(16.0)
    yield scaler.get_scale(), raised(scaler.update, lib.ones(2))
    scaler.update(lib.tensor(4.0))
    other = lib.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    yield other.state_dict(), raised(other.load_state_dict, {}), pickle.loads(pickle.dumps(scaler)).state_dict()
    other.set_growth_factor(3.0), other.set_backoff_factor(0.25), other.set_growth_interval(7)
    yield other.get_growth_factor(), other.get_backoff_factor(), other.get_growth_interval(), other.state_dict()
    yield raised(lib.amp.GradScaler, "cpu", growth_factor=1.0), raised(lib.amp.GradScaler, "cpu", backoff_factor=1.0)


@program("GradScaler", "amp.GradScaler")
def a_scaler_that_does_nothing(lib):
    import warnings

    parameter = lib.nn.Parameter(lib.tensor([1.0, 2.0]))
    optimizer = lib.optim.SGD([parameter], lr=0.1)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        scaler = lib.amp.GradScaler()
    yield len(seen), scaler.is_enabled(), scaler.get_scale(), scaler.state_dict(), scaler.scale(3)
    scaler.scale(parameter.sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    yield parameter.detach(), lib.amp.GradScaler("cpu", enabled=False).is_enabled()
    half = lib.nn.Parameter(lib.ones(2, dtype=lib.float16))
    scaler = lib.amp.GradScaler("cpu", init_scale=2.0)
    scaler.scale(half.sum()).backward()
    yield raised(scaler.unscale_, lib.optim.SGD([half], lr=0.1)), raised(scaler.step, lib.optim.SGD([parameter], lr=0.1), closure=lambda: 1)
