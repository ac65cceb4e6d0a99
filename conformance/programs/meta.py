"""The device `meta`: tensors and models without elements, what is computed of their shapes, and how elements come to them."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

from . import program, raised


def about(x):
    """What there is to a tensor without elements."""
    return str(x.device), tuple(x.shape), str(x.dtype).rpartition(".")[2], x.stride(), x.requires_grad, x.is_meta


@program("device", "empty", "zeros", "ones", "full", "rand", "randn", "arange", "tensor", "randint", "zeros_like", "empty_like", "Tensor.new_zeros")
def tensors_on_meta(lib):
    m = lib.empty(3, 4, device="meta")
    yield about(m), about(lib.zeros((2, 0), device=lib.device("meta"))), about(lib.ones([2], dtype=lib.int8, device="meta", requires_grad=False))
    yield about(lib.full((2,), 3, device="meta")), about(lib.arange(5, device="meta")), about(lib.tensor([1.5, 2], device="meta"))
    yield about(lib.rand(2, 3, device="meta", requires_grad=True)), about(lib.randn(2, device="meta")), about(lib.randint(0, 5, (3,), device="meta"))
    yield about(lib.zeros_like(m)), about(lib.empty_like(m, device="cpu")), about(m.new_zeros(2)), about(lib.ones_like(lib.ones(2, 3), device="meta"))
    yield about(lib.empty(10**13, device="meta")), m.numel(), m.nbytes, m.element_size(), m.data_ptr(), m.untyped_storage().nbytes()
    yield about(lib.ones(2, 3).t().to("meta")), m.to("meta") is m, about(m.half()), about(m.to(lib.float64)), about(m.detach()), about(m.data)
    with lib.device("meta"):
        inner = [lib.zeros(2), lib.zeros(2, device="cpu"), lib.tensor(1.0), lib.arange(3), lib.zeros_like(lib.zeros(2, device="cpu"))]
        with lib.device("cpu"):
            inner.append(lib.zeros(2))
        yield [about(one) for one in inner[:5]], str(lib.get_default_device())
    yield about(lib.zeros(2)), str(lib.get_default_device())
    lib.set_default_device("meta")
    try:
        yield about(lib.zeros(2)), str(lib.get_default_device())
    finally:
        lib.set_default_device(None)
    yield about(lib.zeros(2)), lib.device("meta") == "meta", m.device == lib.device("meta"), m.device == lib.device("cpu")


@program("device", "add", "matmul", "cat", "sum", "where", "Tensor.view", "Tensor.copy_", "Tensor.uniform_", "nn.init.kaiming_uniform_")
def operations_on_meta(lib):
    m = lib.empty(3, 4, device="meta")
    for one in (m + 1, m + m, m + lib.tensor(1.0), m @ m.t(), m[0], m.view(4, 3), lib.cat([m, m]), m.clone(), m.sum(), lib.where(m > 0, m, m), m.max(0).indices):
        yield about(one)
    yield about(m.copy_(lib.ones(3, 4))), about(m.uniform_()), about(lib.nn.init.kaiming_uniform_(m)), about(lib.add(m, 1, out=lib.empty(3, 4, device="meta")))
    m[0] = 1
    m += 1
    yield about(m), len(list(m)), about(lib.empty(2, device="meta").requires_grad_()), about(pickle.loads(pickle.dumps(m))), about(copy.deepcopy(m))
    for call in (m.tolist, m.cpu, m.numpy, m.sum().item, lambda: bool(m.sum()), lambda: float(m.sum()), lambda: m.to("cpu"), lambda: 1 in m, m.nonzero):
        yield raised(call)
    yield raised(lambda: m + lib.ones(3, 4)), raised(lib.ones(3, 4).copy_, m), raised(lib.equal, m, m), raised(m.__dlpack__)
    plain = lib.ones(3, 4)
    yield raised(setattr, plain, "data", m), raised(plain.__setitem__, 0, m[0]), plain


@program("nn.Module.load_state_dict", "nn.Module.to_empty", "nn.Module.to", "nn.Parameter", "load")
def models_on_meta(lib):
    nn = lib.nn
    make = lambda **where: nn.Sequential(nn.Linear(3, 4, **where), nn.BatchNorm1d(4, **where), nn.Linear(4, 4, **where))
    lib.manual_seed(0)
    full = make().eval()
    with lib.device("meta"):
        empty = make().eval()
    yield [about(one) for one in empty.state_dict().values()], [isinstance(one, nn.Parameter) for one in empty.parameters()]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        empty.load_state_dict(full.state_dict())
    yield len(heard), about(empty[0].weight)
    yield str(empty.load_state_dict(full.state_dict(), assign=True)), [about(one) for one in empty.state_dict().values()]
    yield empty(lib.ones(2, 3)), [type(one).__name__ for one in empty.parameters()], empty[0].weight.requires_grad
    made = make(device="meta").to_empty(device="cpu")
    yield [about(one) for one in made.state_dict().values()], [type(one).__name__ for one in made.parameters()]
    yield raised(make(device="meta").to, "cpu"), about(make().to("meta")[0].weight), about(make(device="meta").half()[0].weight)
    out = make(device="meta")(lib.ones(2, 3, device="meta"))
    out.sum().backward()
    yield about(out), about(copy.deepcopy(make(device="meta"))[0].weight), about(nn.Conv2d(3, 4, 3, device="meta")(lib.empty(2, 3, 8, 8, device="meta")))
    for layer in (nn.LSTM(3, 4, device="meta"), nn.MultiheadAttention(4, 2, device="meta"), nn.Embedding(5, 4, padding_idx=1, device="meta"),
                  nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, device="meta"), 2)):  # fmt: skip
        yield [about(one) for one in layer.state_dict().values()]
    file = io.BytesIO()
    lib.save(full.state_dict(), file)
    file.seek(0)
    yield [about(one) for one in lib.load(file, map_location="meta").values()]
    file = io.BytesIO()
    lib.save([make(device="meta").state_dict(), make(device="meta")[0].weight], file)
    file.seek(0)
    state, weight = lib.load(file)
    yield [about(one) for one in state.values()], about(weight), isinstance(weight, nn.Parameter)
    yield [group["lr"] for group in lib.optim.Adam(make(device="meta").parameters(), lr=0.5).param_groups]
