"""Memory goes back when the last reference does: calls leave nothing that only the collector would find, and nothing grows."""

import contextlib
import gc
import io
import sys
import threading
from itertools import pairwise

import pytest

import lucid
import lucid.nn.functional as F
from lucid import nn
from lucid._kernels import core
from lucid.autograd import forward_ad
from lucid.utils.checkpoint import checkpoint

N = 64  # an array of N by N is large enough for the allocator to count it
X = lucid.randn(N, N)
W = lucid.randn(N, N, requires_grad=True)
LINEAR = nn.Linear(N, N)
RECURRENT = nn.LSTM(N, N)
NETWORK = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(128, N))
IMAGES = lucid.randn(4, 1, 8, 8)
SAVED = io.BytesIO()
lucid.save({"a": X}, SAVED)


class Product(lucid.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        out = x * y
        ctx.save_for_backward(x, y, out)
        return out, x + y

    @staticmethod
    def backward(ctx, g, h):
        x, y, _ = ctx.saved_tensors
        return g * y + h, g * x + h


class Broken(lucid.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise ValueError("broken")


def saved_and_loaded():
    SAVED.seek(0)
    return lucid.load(SAVED)


def hooked():
    layer = nn.Linear(N, N)
    layer.register_full_backward_hook(lambda *_: None)
    layer.register_forward_hook(lambda *_: None)
    return layer(W)


def seen():
    x = W * 2
    x.register_hook(lambda g: g * 2)
    x.retain_grad()
    return x.sum()


def written():
    x = lucid.zeros(N, N)
    x[0].add_(W[0])
    x.T[3].mul_(W[1])
    return x


def dual(function):
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(function(forward_ad.make_dual(X, X)))


def anomalous():
    with lucid.autograd.detect_anomaly():
        (W * float("nan")).sum().backward()


def apart():
    def run():
        with lucid.no_grad():
            lucid.func.vmap(lucid.sin)(X)
        lucid.set_grad_enabled(False)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def abandoned():
    @lucid.no_grad()
    def numbers():
        yield from range(3)

    next(numbers())


def trained():
    parameter = X.clone().requires_grad_()
    optimizer = lucid.optim.Adam([parameter])
    lucid.optim.lr_scheduler.StepLR(optimizer, 2)
    (parameter * parameter).sum().backward()
    optimizer.step()


def overwritten():
    x = W * 2
    y = x.exp()
    y.add_(1)
    y.sum().backward()


def autocast():
    with lucid.autocast("cpu", dtype=lucid.bfloat16):
        return (W @ X).sum()


CALLS = {
    "function": lambda: Product.apply(W, X),
    "function, differentiated": lambda: Product.apply(W, X)[0].sum().backward(),
    "function that raises": lambda: Broken.apply(W).sum().backward(),
    "graph": lambda: lucid.autograd.grad((W**3).sum(), W, create_graph=True),
    "hooks of modules": hooked,
    "hooks of tensors": seen,
    "views written to": written,
    "overwritten": overwritten,
    "not finite": anomalous,
    "twice": lambda: (lambda out: (out.backward(), out.backward()))((W * W).sum()),
    "load": saved_and_loaded,
    "load_state_dict": lambda: LINEAR.load_state_dict({name: one.clone() for name, one in LINEAR.state_dict().items()}),
    "load_state_dict that raises": lambda: LINEAR.load_state_dict({"weight": X * 1}),
    "network": lambda: NETWORK(IMAGES).sum().backward(),
    "recurrent": lambda: RECURRENT(X)[0].sum().backward(),
    "training": trained,
    "checkpoint": lambda: checkpoint(lambda x: (x @ x).relu(), W, use_reentrant=False),
    "checkpoint, reentrant": lambda: checkpoint(lambda x: (x @ x).relu(), W, use_reentrant=True).sum().backward(),
    "multi_dot": lambda: lucid.linalg.multi_dot([X, X, X, X]),
    "tensor of numbers": lambda: lucid.tensor([X[0, 0], X[1, 1]]),
    "tensor of uneven rows": lambda: lucid.tensor([[1, 2], [3]]),
    "vmap": lambda: lucid.func.vmap(lambda x: x.cumsum(0))(X),
    "vmap that raises": lambda: lucid.func.vmap(lambda x: x + lucid.ones(3))(X),
    "vmap of grad": lambda: lucid.func.vmap(lucid.func.grad(lambda x: x.softmax(0).sort()[0].sum()))(X),
    "vjp": lambda: lucid.func.vjp(lambda x: x.exp(), X)[1](X),
    "linearize": lambda: lucid.func.linearize(lambda x: x.exp(), X)[1](X),
    "jvp": lambda: lucid.func.jvp(lambda x: x.exp(), (X,), (X,)),
    "hessian": lambda: lucid.func.hessian(lambda x: (x**3).sum())(X[0]),
    "dual": lambda: dual(lambda x: x.sin() * 2),
    "dual that raises": lambda: dual(lambda x: x @ lucid.ones(3)),
    "autocast": autocast,
    "thread": apart,
    "generator": abandoned,
    "inverse": lambda: lucid.distributions.TransformedDistribution(
        lucid.distributions.Normal(X, 1.0), [lucid.distributions.AffineTransform(X, 2.0).inv]
    ).log_prob(X),
    "inverse of several": lambda: lucid.distributions.ComposeTransform([lucid.distributions.AffineTransform(X, 2.0)]).inv.inv,
    "product": lambda: X @ lucid.ones(3, 3),
    "leaf written to": lambda: W.add_(1),
    "out": lambda: lucid.add(X, X, out=lucid.zeros(N, N, dtype=lucid.int32)),
    "no tensor": lambda: lucid.exp("a"),
    "unknown keyword": lambda: lucid.exp(X, foo=1),
    "index": lambda: X[lucid.tensor([1000])],
    "view": lambda: X.view(3, 5),
    "cat": lambda: lucid.cat([X, lucid.ones(3, 3)], 1),
    "label": lambda: F.cross_entropy(X, lucid.full((N,), 100)),
    "too large": lambda: lucid.empty(1 << 60),
    "singular": lambda: lucid.linalg.inv(lucid.zeros(N, N)),
    "convolution": lambda: F.conv2d(lucid.ones(1, 3, 4, 4), lucid.ones(2, 2, 3, 3)),
}


@pytest.fixture(scope="module", autouse=True)
def others_left_alone():
    """What other tests have left is looked at by no collection of these, which it would take a second each."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@contextlib.contextmanager
def no_collector():
    """Whatever is there is left out of account, and what comes is left alone."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def attempt(call) -> None:
    with contextlib.suppress(Exception):
        call()


@pytest.mark.parametrize("name", CALLS)
def test_calls_leave_nothing_to_the_collector(name):
    for _ in range(3):
        attempt(CALLS[name])
    W.grad = None
    with no_collector():
        before = core.memory_stats()["allocated_bytes"]
        for _ in range(3):
            attempt(CALLS[name])
        W.grad = None
        assert gc.collect() == 0
        assert core.memory_stats()["allocated_bytes"] == before


@pytest.mark.parametrize("name", CALLS)
def test_calls_keep_no_reference(name):
    """Caches fill, but nothing grows with every call: neither blocks of memory nor references to the arguments."""
    constants = [X, W, X.detach().numpy().base, W.dtype, None, True, False, (), *range(9)]
    taken = []
    for _ in range(5):
        for _ in range(150):
            attempt(CALLS[name])
        W.grad = None
        gc.collect()
        taken.append((sys.getallocatedblocks(), *map(sys.getrefcount, constants)))
    for each in zip(*taken):
        assert min(after - before for before, after in pairwise(each)) < 150


def test_a_context_may_outlive_its_node():
    class Kept(Product):
        @staticmethod
        def forward(ctx, x, y):
            Kept.ctx = ctx
            return Product.forward(ctx, x, y)

    Kept.apply(W, X)
    x, y, out = Kept.ctx.saved_tensors
    assert x is W and y is X and (out == W * X).all()
    assert Kept.ctx.name() == "KeptBackward"
    Kept.apply(W, X)[0].sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        Kept.ctx.saved_tensors  # noqa: B018
    W.grad = None
