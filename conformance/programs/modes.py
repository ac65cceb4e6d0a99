"""What is recorded: modes, inference tensors, what may require gradients, what lies outside the graph."""

from __future__ import annotations

import inspect

from . import program, raised
from .graph import _leaf

MODES = {
    "no_grad": lambda lib: lib.no_grad, "no_grad()": lambda lib: lib.no_grad(), "enable_grad": lambda lib: lib.enable_grad,
    "inference_mode": lambda lib: lib.inference_mode, "inference_mode()": lambda lib: lib.inference_mode(), "inference_mode(False)": lambda lib: lib.inference_mode(False),
    "set_grad_enabled(False)": lambda lib: lib.set_grad_enabled(False), "set_grad_enabled(True)": lambda lib: lib.set_grad_enabled(True),
}  # fmt: skip


@program(*(f"{mode}.{name}" for mode in ("no_grad", "inference_mode", "set_grad_enabled") for name in ("__call__", "__enter__", "__exit__", "__init__")),
         "inference_mode.__new__", "set_grad_enabled.__repr__", "set_grad_enabled.__str__")  # fmt: skip
def what_modes_decorate(lib):
    def inside():
        return lib.is_grad_enabled(), lib.is_inference_mode_enabled()

    for name, mode in MODES.items():
        before = lib.is_grad_enabled()

        @mode(lib)
        def function(x=1):
            """What it does."""
            return x, *inside()

        @mode(lib)
        def numbers():
            try:
                got = yield inside()
                yield got, inside()
            except KeyError:
                yield "caught", inside()

        @mode(lib)
        class Made:
            def __init__(self):
                self.seen = inside()

            def later(self):
                return inside()

        sent, thrown = numbers(), numbers()
        yield name, function(), function.__name__, function.__doc__, str(inspect.signature(function)), inspect.isgeneratorfunction(numbers)
        yield next(sent), inside(), sent.send(5), inside(), sent.close(), next(thrown), thrown.throw(KeyError()), inside()
        yield Made().seen, Made().later(), lib.is_grad_enabled() == before
        with mode(lib)() if "(" not in name else mode(lib):
            yield inside()
        yield inside()
        lib.set_grad_enabled(True)
    yield str(lib.set_grad_enabled(True)).rpartition(".")[2], repr(lib.set_grad_enabled(True)).rpartition(".")[2]
    yield raised(lib.set_grad_enabled), raised(lib.set_grad_enabled, 1), raised(lib.set_grad_enabled, "x"), inside()


@program("no_grad", "enable_grad", "set_grad_enabled", "is_grad_enabled")
def modes_as_managers_and_decorators(lib):
    x = _leaf(lib, 1.0)
    yield lib.is_grad_enabled(), (x * 2).requires_grad
    with lib.no_grad():
        yield lib.is_grad_enabled(), (x * 2).requires_grad
        with lib.enable_grad():
            yield lib.is_grad_enabled(), (x * 2).requires_grad
        with lib.set_grad_enabled(True):
            yield (x * 2).requires_grad
        yield lib.ones(1, requires_grad=True).requires_grad
    yield lib.is_grad_enabled()

    @lib.no_grad()
    def without(value):
        return value * 2, lib.is_grad_enabled()

    @lib.no_grad()
    def numbers():
        yield lib.is_grad_enabled()
        yield lib.is_grad_enabled()

    yield without(x)[0].requires_grad, without(x)[1], list(numbers()), without.__name__
    lib.set_grad_enabled(False)
    yield lib.is_grad_enabled()
    lib.set_grad_enabled(True)
    try:
        with lib.no_grad():
            raise KeyError
    except KeyError:
        yield lib.is_grad_enabled()


@program("inference_mode", "is_inference_mode_enabled")
def inference_tensors_stay_out_of_graphs(lib):
    x = _leaf(lib, 1.0, 2.0)
    with lib.inference_mode():
        y = x * 2
        yield lib.is_inference_mode_enabled(), y.requires_grad, y.is_inference(), lib.is_grad_enabled()
        yield raised(getattr, y, "_version")
        y.add_(1)
    yield y, y.is_inference(), x.is_inference()
    yield raised(y.add_, 1), raised(lambda: x * y), raised(y.requires_grad_)
    yield raised(y.zero_), raised(y.fill_, 1), raised(y.copy_, lib.ones(2)), raised(lib.add, y, 1, out=y)
    yield (y.clone() * x).requires_grad
    with lib.inference_mode(False):
        yield (x * 2).requires_grad


@program("no_grad")
def modes_belong_to_their_thread(lib):
    import threading

    seen = []
    with lib.no_grad():
        worker = threading.Thread(target=lambda: seen.append(lib.is_grad_enabled()))
        worker.start()
        worker.join()
        yield seen, lib.is_grad_enabled()


@program("Tensor.detach", "Tensor.detach_")
def detached_tensors_share_memory(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x * 2
    z = y.detach()
    yield z.requires_grad, z.is_leaf, z.data_ptr() == y.data_ptr()
    z[0] = 7
    yield y
    w = x * 3
    w.detach_()
    yield w.requires_grad, w.is_leaf


@program("Tensor.requires_grad", "Tensor.requires_grad_")
def what_may_require_gradients(lib):
    x = lib.tensor([1.0])
    yield x.requires_grad_() is x, x.requires_grad
    yield raised(lib.tensor([1]).requires_grad_), raised(lib.tensor([True]).requires_grad_)
    y = x * 2
    yield raised(y.requires_grad_, False), raised(setattr, y, "requires_grad", False)
    x.requires_grad = False
    yield x.requires_grad, y.requires_grad


@program("Tensor.grad")
def what_may_be_a_gradient(lib):
    x = _leaf(lib, 1.0, 2.0)
    x.grad = lib.tensor([5.0, 6.0])
    (x * 1).sum().backward()
    yield x.grad
    yield raised(setattr, x, "grad", lib.ones(3)), raised(setattr, x, "grad", lib.ones(2, dtype=lib.float64))
    yield raised(setattr, x, "grad", 1.0), raised(setattr, x, "grad", x)
    x.grad = None
    yield x.grad is None
    (x * 1).sum().backward()
    del x.grad
    yield x.grad is None


@program("Tensor.data")
def data_is_outside_the_graph(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x * x
    x.data[0] = 5.0
    yield x.data.requires_grad, x._version
    y.sum().backward()
    yield x.grad
    x.data = lib.tensor([9.0, 9.0])
    yield x, x.requires_grad, raised(setattr, x, "data", 1)


@program("no_grad")
def a_generator_is_closed_in_its_mode(lib):
    seen = []

    @lib.no_grad()
    def numbers():
        try:
            yield 1
        finally:
            seen.append(lib.is_grad_enabled())

    running = numbers()
    next(running)
    running.close()
    yield seen, lib.is_grad_enabled()


@program("inference_mode", "Tensor.is_inference")
def views_are_what_their_bases_are(lib):
    with lib.inference_mode():
        inside = lib.ones(2, 3)
    outside = lib.ones(2, 3)
    for mode in (True, False):
        with lib.inference_mode(mode):
            for x in (inside, outside):
                yield [y.is_inference() for y in (x.view(6), x.t(), x[0], x.expand(2, 2, 3), x.unbind()[0], x.detach(), x.contiguous(), x + 1, x.clone())]


@program("Tensor.data", "Tensor.resize_", "Tensor.register_post_accumulate_grad_hook", "autograd.gradcheck", "nn.Module.apply")
def what_graphs_are_told(lib):
    x = _leaf(lib, 1.0)
    yield raised(setattr, x, "data", lib.tensor([1])), raised(setattr, x, "data", lib.tensor([1.0, 2.0]))
    y = lib.zeros(1)
    y.resize_(1, 2)
    yield y._version, y.resize_as_(lib.zeros(3))._version
    handle = x.register_post_accumulate_grad_hook(lambda one: one.grad)
    yield raised(x.sum().backward)
    handle.remove()
    x.register_post_accumulate_grad_hook(lambda one: one.add_(one.grad))
    yield raised(x.sum().backward)
    z = lib.ones(2, dtype=lib.float64, requires_grad=True)
    yield raised(lib.autograd.gradcheck, lambda one: one.detach() * 2, z), lib.autograd.gradcheck(lambda one: one.detach() * 0, z)
    module = lib.nn.Linear(2, 2)
    before = module.weight._version
    module._apply(lambda one: one.add_(1))
    yield module.weight._version > before
