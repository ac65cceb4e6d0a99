"""The graph: leaves, accumulation, what `backward` and `grad` accept and refuse, modes, hooks, functions of one's own."""

from __future__ import annotations

from . import program, raised


def _leaf(lib, *values, dtype=None):
    return lib.tensor(list(values), dtype=dtype, requires_grad=True)


@program("Tensor.backward", "Tensor.grad", "Tensor.is_leaf", "Tensor.requires_grad", "Tensor.grad_fn")
def a_product_is_differentiated(lib):
    x, y = _leaf(lib, 1.0, 2.0), lib.tensor([3.0, 4.0])
    z = (x * y).sum()
    yield x.is_leaf, z.is_leaf, y.is_leaf, x.requires_grad, y.requires_grad, z.requires_grad
    yield x.grad_fn is None, z.grad_fn is None, x.grad is None
    z.backward()
    yield x.grad, y.grad is None, x.grad.requires_grad


@program("Tensor.grad_fn")
def nodes_have_names_and_edges(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = (x * 2).exp().sum()
    node = y.grad_fn
    while node is not None:
        yield type(node).__name__ if not hasattr(node, "name") else node.name().split("::")[-1]
        node = node.next_functions[0][0] if node.next_functions else None


@program("Tensor.backward")
def gradients_accumulate(lib):
    x = _leaf(lib, 1.0, 2.0)
    for _ in range(3):
        (x * x).sum().backward()
        yield x.grad
    before = x.grad
    (x * x).sum().backward()
    yield before is x.grad
    x.grad = None
    (3 * x).sum().backward()
    yield x.grad


@program("Tensor.backward", "autograd.backward")
def what_backward_refuses(lib):
    x = _leaf(lib, 1.0, 2.0)
    yield raised(lib.tensor([1.0]).sum().backward)
    yield raised((x * 2).backward, lib.ones(3))
    yield raised((x * 2).backward, lib.ones(2, dtype=lib.complex64))
    y = (x * x).sum()
    y.backward()
    yield raised(y.backward)
    yield raised((x * x).sum().backward, inputs=[])
    yield x.grad


@program("autograd.backward")
def more_gradients_than_roots(lib):
    x = _leaf(lib, 1.0, 2.0)
    yield raised(lib.autograd.backward, [(x * 2).sum()], [lib.ones(()), lib.ones(())])


@program("Tensor.backward")
def a_kept_graph_runs_again(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = (x**3).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    yield x.grad
    y.backward()
    yield x.grad, raised(y.backward)


@program("Tensor.backward")
def only_the_named_inputs_get_gradients(lib):
    x, y = _leaf(lib, 1.0, 2.0), _leaf(lib, 3.0, 4.0)
    middle = x * y
    middle.sum().backward(inputs=[x])
    yield x.grad, y.grad is None
    other = x * y
    (other * other).sum().backward(inputs=[y, other])
    yield y.grad, other.grad, x.grad


@program("autograd.backward")
def several_roots_at_once(lib):
    x = _leaf(lib, 1.0, 2.0)
    lib.autograd.backward([(x * 2).sum(), x * 3], [None, lib.tensor([1.0, 10.0])])
    yield x.grad


@program("autograd.backward", "autograd.grad")
def what_is_deprecated_still_counts(lib):
    import warnings

    x, weights = _leaf(lib, 1.0, 2.0), [lib.tensor([3.0, 4.0])]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        lib.autograd.backward([x * x], grad_variables=weights)
        yield x.grad, raised(lib.autograd.backward, [x * x], weights, grad_variables=weights)
        yield lib.autograd.grad((x * x).sum(), x, only_inputs=False)
        yield [one.category.__name__ for one in seen]


@program("autograd.grad")
def grad_returns_and_does_not_accumulate(lib):
    x, y = _leaf(lib, 1.0, 2.0), _leaf(lib, 3.0, 4.0)
    z = (x * y).sum()
    yield lib.autograd.grad(z, [x, y], retain_graph=True)
    yield x.grad is None, y.grad is None
    yield lib.autograd.grad(z, x)
    yield raised(lib.autograd.grad, z, x)


@program("autograd.grad")
def grad_and_unused_inputs(lib):
    x, y = _leaf(lib, 1.0, 2.0), _leaf(lib, 3.0)
    z = (x * x).sum()
    yield raised(lib.autograd.grad, z, y, retain_graph=True)
    found = lib.autograd.grad(z, [x, y], allow_unused=True, retain_graph=True)
    yield found[0], found[1] is None
    yield lib.autograd.grad(z, [y], materialize_grads=True, retain_graph=True)
    yield raised(lib.autograd.grad, z, y, allow_unused=False, materialize_grads=True)
    yield raised(lib.autograd.grad, z, lib.tensor([1.0]))


@program("autograd.grad")
def grad_with_respect_to_an_inner_tensor(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x.exp()
    z = (y * y).sum()
    yield lib.autograd.grad(z, [y, x])


@program("autograd.grad")
def batched_cotangents(lib):
    x = _leaf(lib, 1.0, 2.0, 3.0)
    y = x * x
    yield lib.autograd.grad(y, x, lib.eye(3), is_grads_batched=True)


@program("autograd.grad")
def derivatives_of_all_orders(lib):
    x = _leaf(lib, 0.5, 1.5)
    y = (x.sin() * x**4).sum()
    for _ in range(5):
        (y,) = lib.autograd.grad(y, x, create_graph=True)
        yield y, y.requires_grad
        y = y.sum()


@program("autograd.grad")
def a_gradient_penalty(lib):
    x = lib.tensor([[0.3, -0.2], [0.1, 0.9]], requires_grad=True)
    w = lib.tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=True)
    out = (x @ w).tanh().sum()
    (g,) = lib.autograd.grad(out, x, create_graph=True)
    (g.pow(2).sum(1).sqrt() - 1).pow(2).mean().backward()
    yield w.grad, x.grad


@program("Tensor.retain_grad", "Tensor.retains_grad")
def keeps_the_gradient_of_an_inner_tensor(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x * 2
    yield y.retains_grad
    y.retain_grad()
    y.retain_grad()
    (y * y).sum().backward()
    yield y.retains_grad, y.grad, x.grad
    yield raised(lib.tensor([1.0]).retain_grad), raised(x.retain_grad), x.retains_grad


@program("Tensor.register_hook")
def hooks_see_and_change_gradients(lib):
    x = _leaf(lib, 1.0, 2.0)
    seen = []
    y = x * 3
    y.register_hook(lambda g: seen.append(g))
    handle = y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.sum().backward(retain_graph=True)
    yield x.grad, seen
    handle.remove()
    x.grad = None
    y.sum().backward()
    yield x.grad, len(seen)
    yield raised(lib.tensor([1.0]).register_hook, print)


@program("Tensor.register_hook")
def a_hook_before_and_after_an_inplace_write(lib):
    x = _leaf(lib, 1.0, 2.0)
    y = x * 1
    y.register_hook(lambda g: g * 2)
    y.mul_(5)
    y.register_hook(lambda g: g * 3)
    y.sum().backward()
    yield x.grad


@program("Tensor.register_post_accumulate_grad_hook")
def a_hook_after_accumulation(lib):
    x = _leaf(lib, 1.0, 2.0)
    seen = []

    def step(leaf):
        seen.append(leaf.grad.clone())
        leaf.grad = None

    x.register_post_accumulate_grad_hook(step)
    for _ in range(2):
        (x * x).sum().backward()
    yield seen, x.grad is None
    yield raised((x * 2).register_post_accumulate_grad_hook, step)


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


@program("autograd.Function", "autograd.Function.apply", "autograd.Function.forward", "autograd.Function.backward",
         "autograd.Function.save_for_backward", "autograd.Function.saved_tensors")  # fmt: skip
def a_function_of_ones_own(lib):
    class Cube(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return scale * x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            yield_ = ctx.needs_input_grad
            assert yield_ == (True, False)
            return 3 * ctx.scale * x * x * g, None

    x = _leaf(lib, 1.0, 2.0)
    y = Cube.apply(x, 2.0)
    yield y, y.requires_grad, "Cube" in type(y.grad_fn).__name__ or "Cube" in y.grad_fn.name()
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    yield g, g.requires_grad
    g.sum().backward()
    yield x.grad


@program("autograd.Function.mark_dirty", "autograd.Function.mark_non_differentiable",
         "autograd.Function.set_materialize_grads")  # fmt: skip
def what_a_function_says_of_its_outputs(lib):
    class Twice(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    class Sorted(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            values, index = x.sort()
            ctx.mark_non_differentiable(index)
            ctx.save_for_backward(index)
            ctx.set_materialize_grads(False)
            return values, index

        @staticmethod
        def backward(ctx, g, unused):
            (index,) = ctx.saved_tensors
            assert unused is None
            return lib.zeros_like(g).scatter(0, index, g)

    x = _leaf(lib, 3.0, 1.0, 2.0)
    y = x * 1
    z = Twice.apply(y)
    yield z is y, z
    values, index = Sorted.apply(z)
    yield values, index, index.requires_grad
    (values * lib.tensor([1.0, 10.0, 100.0])).sum().backward()
    yield x.grad


@program("autograd.Function.setup_context")
def forward_apart_from_the_context(lib):
    class Product(lib.autograd.Function):
        @staticmethod
        def forward(x, y):
            return x * y

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * y, g * x

    x, y = _leaf(lib, 1.0, 2.0), _leaf(lib, 3.0, 4.0)
    Product.apply(x, y).sum().backward()
    yield x.grad, y.grad


@program("autograd.Function")
def what_a_function_may_not_do(lib):
    class Wrong(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g

    class Shape(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return lib.ones(5)

    x, y = _leaf(lib, 1.0, 2.0), _leaf(lib, 3.0, 4.0)
    yield raised(Wrong.apply(x, y).sum().backward)
    yield raised(Shape.apply(x).sum().backward)
    yield raised(lambda: lib.autograd.Function()(x))


@program("autograd.gradcheck", "autograd.gradgradcheck")
def gradcheck_tells_right_from_wrong(lib):
    class Wrong(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        def backward(ctx, g):
            return g

    class Along(lib.autograd.Function):
        @staticmethod
        def forward(ctx, factor, x):
            ctx.factor = factor
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return None, g * 2

        @staticmethod
        def jvp(ctx, _, along):
            return along * 2 * ctx.factor

    x = _leaf(lib, 0.3, 1.7, dtype=lib.float64)
    check, twice = lib.autograd.gradcheck, lib.autograd.gradgradcheck
    yield check(lambda v: v.sin() * v, (x,)), twice(lambda v: v.sin() * v, (x,))
    yield check(Wrong.apply, (x,), raise_exception=False)
    yield check(Along.apply, (1, x), check_forward_ad=True), raised(check, Along.apply, (3, x), check_forward_ad=True)
    none = lib.zeros(0, 2, dtype=lib.float64, requires_grad=True)
    yield check(lambda v: v.sin().sum(0), (none,)), twice(lambda v: lib.nn.functional.pad(v, (1, 1)), (none,))
    try:
        check(Wrong.apply, (x,))
    except RuntimeError:
        yield "refused"


@program("autograd.detect_anomaly", "autograd.set_detect_anomaly")
def anomalies_are_found(lib):
    import warnings

    x = _leaf(lib, -1.0, 4.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with lib.autograd.detect_anomaly():
            yield raised((x * 0 / 0).sqrt().sum().backward)
        y = _leaf(lib, 0.0)
        (y.sqrt() * 0).sum().backward()
        yield y.grad
        with lib.autograd.set_detect_anomaly(True):
            yield raised((_leaf(lib, 0.0).sqrt() * 0).sum().backward)
        with lib.autograd.detect_anomaly(check_nan=False):
            (_leaf(lib, 0.0).sqrt() * 0).sum().backward()
        yield "passed"


@program("Tensor.backward")
def a_long_chain_does_not_recurse(lib):
    x = _leaf(lib, 1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0001
    y.sum().backward()
    yield x.grad


@program("Tensor.backward")
def a_diamond_is_visited_once(lib):
    x = _leaf(lib, 1.5)
    y = x
    for _ in range(40):
        y = 0.5 * y + 0.5 * y
    y.sum().backward()
    yield x.grad


@program("Tensor.backward")
def broadcast_gradients_are_summed(lib):
    x, y = lib.ones(3, 1, requires_grad=True), lib.ones(2, 1, 4, requires_grad=True)
    (x * y * lib.arange(24.0).reshape(2, 3, 4)).sum().backward()
    yield x.grad, y.grad
    s = lib.tensor(2.0, requires_grad=True)
    (s * lib.ones(3, dtype=lib.float64)).sum().backward()
    yield s.grad


@program("Tensor.backward")
def gradients_keep_the_dtype_of_their_leaf(lib):
    x = lib.tensor([1.0, 2.0], dtype=lib.float32, requires_grad=True)
    y = lib.tensor([1.0, 2.0], dtype=lib.float64, requires_grad=True)
    (x * y).sum().backward()
    yield x.grad, y.grad
    z = lib.tensor([1.0 + 2.0j], requires_grad=True)
    (z * z).abs().sum().backward()
    yield z.grad
    w = lib.tensor([2.0], requires_grad=True)
    (w * (1 + 1j)).real.sum().backward()
    yield w.grad


@program("autograd.Function.__call__", "autograd.Function.__init__", "autograd.Function.vjp", "autograd.Function.save_for_forward")
def parts_of_a_function_of_ones_own(lib):
    import warnings

    class Doubled(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_forward(x)
            return x * 2

        @staticmethod
        def vjp(ctx, gradient):
            return gradient * 2

    x = _leaf(lib, 1.0, 2.0)
    y = Doubled.apply(x)
    y.sum().backward()
    yield y, x.grad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield raised(lambda: Doubled()(x))


GIVEN = {
    "none": lambda g: (), "two": lambda g: (g[0], g[0]), "list": lambda g: [g[0] * 2], "tensor": lambda g: g[0] * 2, "int": lambda g: 3,
    "tuple of int": lambda g: (3,), "text": lambda g: "a", "other shape": lambda g: (g[0].sum(),), "other dtype": lambda g: (g[0].double(),),
    "complex": lambda g: (g[0] + 1j,), "dict": lambda g: {0: g[0]}, "nothing": lambda g: (None,), "twice": lambda g: (g[0] * 2,),
}  # fmt: skip


@program("autograd.graph.Node")
def nodes_remember_what_they_are_told(lib):
    y = _leaf(lib, 1.0, 2.0) * 2
    yield y.grad_fn.metadata, hasattr(y.grad_fn, "nonsense")
    y.grad_fn.metadata["seen"] = 1
    yield y.grad_fn.metadata, y.sin().grad_fn.next_functions[0][0].metadata


@program("autograd.graph.Node", "Tensor.register_hook", "nn.Module.register_full_backward_hook", "nn.Module.register_full_backward_pre_hook",
         "nn.Module.register_backward_hook")  # fmt: skip
def what_hooks_may_return(lib):
    def backward(give, register):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        y = x.sigmoid()
        register(x, y, give)
        return raised(y.exp().sum().backward), x.grad

    def through(give, name):
        module, x = lib.nn.Sigmoid(), lib.tensor([[1.0, 2.0]], requires_grad=True)
        getattr(module, name)(lambda m, g, *rest: give(g))
        return raised(module(x).sum().backward), x.grad

    def of_tensor(give):
        def hook(g):
            found = give((g,))
            return found[0] if isinstance(found, tuple) and found else found

        return hook

    for give in GIVEN.values():
        yield backward(give, lambda x, y, give: y.grad_fn.register_prehook(give))
        yield backward(give, lambda x, y, give: y.grad_fn.register_hook(lambda gi, go: give(gi)))
        yield backward(give, lambda x, y, give: y.register_hook(of_tensor(give))), backward(give, lambda x, y, give: x.register_hook(of_tensor(give)))
        yield backward(give, lambda x, y, give: y.grad_fn.next_functions[0][0].register_prehook(give))
        for name in ("register_full_backward_hook", "register_full_backward_pre_hook", "register_backward_hook"):
            yield through(give, name)


@program("autograd.graph.Node")
def hooks_where_gradients_accumulate(lib):
    x, seen = lib.tensor([1.0, 2.0], requires_grad=True), []
    held = x.view_as(x).grad_fn.next_functions[0][0]
    yield type(held).__name__, held.variable is x, held in {(x * 2).grad_fn.next_functions[0][0]}
    before = held.register_prehook(lambda g: seen.append(("before", g[0].clone(), x.grad is None)))
    after = held.register_hook(lambda gi, go: seen.append(("after", len(gi), go[0].clone(), x.grad.clone())))
    x.register_hook(lambda g: seen.append(("tensor", g.clone())))
    (x * x).sum().backward()
    yield list(seen)
    lib.autograd.grad((x * 3).sum(), x)
    yield len(seen), seen[-1][0]
    before.remove()
    (x * 2).sum().backward()
    yield [one[0] for one in seen], x.grad
    after.remove()
    (x * 2).sum().backward()
    yield [one[0] for one in seen], x.grad


@program("Tensor.backward")
def only_what_saved_tensors_is_freed(lib):
    square = lib.ones(3, 3)
    for f in (
        lambda x: x + 1, lambda x: x - x, lambda x: x.t(), lambda x: x[1], lambda x: x.clone(), lambda x: lib.cat([x, x]), lambda x: x.double(),
        lambda x: x.mean(), lambda x: x.expand(2, 3, 3), lambda x: -x, lambda x: x.flip(0), lambda x: x.exp(), lambda x: x * x, lambda x: x.abs(),
        lambda x: x @ x, lambda x: x.max(), lambda x: x[lib.tensor([0])], lambda x: x.masked_fill(square > 2, 1), lambda x: lib.add(x, x, alpha=2),
    ):  # fmt: skip
        y = f(lib.ones(3, 3, requires_grad=True)).sum()
        y.backward()
        yield raised(y.backward)


@program("autograd.Function")
def a_function_that_saved_nothing_runs_again(lib):
    calls = []

    class Same(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            calls.append(1)
            return g

    y = Same.apply(lib.ones(2, requires_grad=True)).sum()
    y.backward()
    y.backward()
    yield len(calls)


@program("Tensor.register_hook", "Tensor.register_post_accumulate_grad_hook", "autograd.graph.Node")
def hooks_of_what_is_not_asked_for_stay_silent(lib):
    seen, x, y = [], lib.ones(1, requires_grad=True), lib.ones(1, requires_grad=True)
    held = x.view_as(x).grad_fn.next_functions[0][0]
    x.register_hook(lambda g: seen.append("tensor"))
    x.register_post_accumulate_grad_hook(lambda one: seen.append("accumulated"))
    held.register_prehook(lambda g: seen.append("before"))
    held.register_hook(lambda *g: seen.append("after"))
    z = x * y
    for wanted in ([x], [y], None):
        z.backward(inputs=wanted, retain_graph=True)
        yield list(seen)
    for wanted in (x, y):
        lib.autograd.grad(z, wanted, retain_graph=True)
        yield list(seen)
    inner = x * 2
    inner.grad_fn.register_prehook(lambda g: seen.append("inner before"))
    inner.grad_fn.register_hook(lambda *g: seen.append("inner after"))
    lib.autograd.grad(inner * 3, inner)
    yield list(seen)


@program("Tensor.retain_grad", "Tensor.retains_grad")
def a_kept_gradient_follows_writes(lib):
    x = _leaf(lib, 1.0, 2.0).clone()
    x.retain_grad()
    x.mul_(3)
    (x * x).sum().backward()
    yield x.grad, x.retains_grad
    x = _leaf(lib, 1.0, 2.0).clone()
    views = [x[:1], x[1:]]
    for one in views:
        one.retain_grad()
    x.mul_(3)
    (views[0] * 2 + views[1] * 5).sum().backward()
    yield [one.grad for one in views]
    x = _leaf(lib, 1.0, 2.0).clone()
    x.retain_grad()
    x[:1].mul_(3)
    x.sum().backward()
    yield x.grad, x.grad.stride()
    x.grad.add_(1)
    yield x.grad


@program("autograd.backward", "autograd.graph.get_gradient_edge")
def accumulates_at_edges_and_inner_tensors(lib):
    edge = lib.autograd.graph.get_gradient_edge
    x, y = _leaf(lib, 1.0, 2.0), _leaf(lib, 3.0, 4.0).clone()
    z = x * 2 + y
    lib.autograd.backward(z.sum(), inputs=(edge(x), y), retain_graph=True)
    lib.autograd.backward(z.sum(), inputs=(edge(x),), retain_graph=True)
    lib.autograd.backward(z.sum(), inputs=(edge(y),), retain_graph=True)
    yield x.grad, y.grad, y.retains_grad
    yield raised(lib.autograd.grad, z, [], lib.ones(2))


@program("autograd.grad")
def zeros_for_what_is_not_used_are_in_the_graph(lib):
    x, y = _leaf(lib, 1.0), _leaf(lib, 2.0)
    for create in (True, False):
        (found,) = lib.autograd.grad(x * 2, y, create_graph=create, materialize_grads=True)
        yield found, found.requires_grad


@program("pow", "Tensor.pow")
def complex_powers_of_negative_numbers(lib):
    for base in (lib.tensor([-2.0, 3.0, -0.5], dtype=lib.float64), lib.tensor(-2.0)):
        x = lib.tensor([1 + 1j, 2 - 1j, -1j], dtype=lib.complex128, requires_grad=True)
        lib.pow(base, x).abs().sum().backward()
        yield x.grad


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


@program("autograd.Function.setup_context")
def the_context_sees_defaults(lib):
    class Scaled(lib.autograd.Function):
        @staticmethod
        def forward(x, factor=3, shift=1):
            return x * factor + shift

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.factor, ctx.count = inputs[1], len(inputs)

        @staticmethod
        def backward(ctx, g):
            return (g * ctx.factor, *[None] * (ctx.count - 1))

    for given in ((), (4,), (4, 5)):
        x = _leaf(lib, 2.0)
        y = Scaled.apply(x, *given)
        y.backward()
        yield y, x.grad


@program("autograd.Function.mark_dirty")
def a_function_that_writes_to_a_view(lib):
    class Add(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.mark_dirty(x)
            return x.add_(y)

        @staticmethod
        def backward(ctx, g):
            return g * 3, g * 5

    class Two(Add):
        @staticmethod
        def forward(ctx, x, y):
            ctx.mark_dirty(x)
            return x.add_(y), x * 2

        @staticmethod
        def backward(ctx, g, h):
            return g, h

    for needs in (True, False):
        root, y = lib.arange(8.0).reshape(2, 4).requires_grad_(needs), lib.ones(2, 2, requires_grad=True)
        x = root.clone()
        piece = x[:, 1:3]
        yield Add.apply(piece, y) is piece, x._version
        (x * x).sum().backward()
        yield root.grad, y.grad, x.requires_grad
        yield raised(Two.apply, root.clone()[:, :2], y)


@program("inference_mode", "Tensor.is_inference")
def views_are_what_their_bases_are(lib):
    with lib.inference_mode():
        inside = lib.ones(2, 3)
    outside = lib.ones(2, 3)
    for mode in (True, False):
        with lib.inference_mode(mode):
            for x in (inside, outside):
                yield [y.is_inference() for y in (x.view(6), x.t(), x[0], x.expand(2, 2, 3), x.unbind()[0], x.detach(), x.contiguous(), x + 1, x.clone())]


@program("autograd.gradcheck")
def a_checked_function_may_register_hooks(lib):
    def wrong(x):
        y = x.clone()
        y.register_hook(lambda g: g + 0.01)
        return y

    x = lib.ones(2, dtype=lib.float64, requires_grad=True)
    yield lib.autograd.gradcheck(wrong, x, raise_exception=False), lib.autograd.gradcheck(lambda x: x.clone(), x)


@program("median", "nanmedian", "max", "min")
def equal_medians_share_the_gradient(lib):
    nan = float("nan")
    for name in ("median", "nanmedian", "max", "min"):
        for values in ([nan, nan, nan], [1.0, nan, nan], [2.0, 2.0, 2.0, 3.0], [1.0, 2.0, 2.0]):
            x = _leaf(lib, *values)
            getattr(x, name)().backward()
            yield x.grad


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


@program("var_mean")
def written_moments_keep_their_gradients(lib):
    for at in (0, 1):
        x = _leaf(lib, 1.0, 2.0, 4.0)
        found = lib.var_mean(x)
        found[at].mul_(2)
        (found[0] + found[1]).backward()
        yield x.grad


@program("autograd.Function.mark_dirty", "autograd.Function.vjp")
def what_functions_may_not_do(lib):
    class Forgets(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2) + 1

        @staticmethod
        def backward(ctx, g):
            return g

    class Twice(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return g

        @staticmethod
        def backward(ctx, g):
            return g

    yield raised(Forgets.apply, _leaf(lib, 1.0).clone()), raised(Twice.apply(_leaf(lib, 1.0)).sum().backward)


@program(
    "unique", "unique_consecutive", "heaviside", "floor_divide", "histogram", "histogramdd", "geqrf", "bincount", "linalg.ldl_factor",
    "linalg.ldl_factor_ex", "linalg.ldl_solve", "binomial", "scatter",
)
def what_has_no_derivative(lib):
    pivots = lib.tensor([1, 2], dtype=lib.int32)
    calls = (
        lambda x: lib.unique(x), lambda x: lib.unique(x, return_inverse=True)[0], lambda x: lib.unique(x.view(2, 2), dim=0),
        lambda x: lib.unique_consecutive(x), lambda x: lib.unique_consecutive(x, return_counts=True)[0], lambda x: x.heaviside(lib.ones(4)),
        lambda x: lib.ones(4).heaviside(x), lambda x: x // 2, lambda x: 2 // x, lambda x: x.floor_divide(x), lambda x: lib.histogram(x, 2)[0],
        lambda x: lib.histogram(x, 2)[1], lambda x: lib.histogram(lib.ones(4), 2, weight=x)[0], lambda x: lib.histogramdd(x.view(2, 2), [2, 2])[0],
        lambda x: lib.geqrf(x.view(2, 2))[0], lambda x: lib.geqrf(x.view(2, 2))[1], lambda x: lib.bincount(lib.arange(4), x),
        lambda x: lib.linalg.ldl_factor(x.view(2, 2))[0], lambda x: lib.linalg.ldl_factor_ex(x.view(2, 2))[0],
        lambda x: lib.linalg.ldl_solve(x.view(2, 2), pivots, lib.ones(2, 1)), lambda x: lib.linalg.ldl_solve(lib.eye(2), pivots, x.view(2, 2)),
        lambda x: lib.binomial(x, lib.ones(4) / 2), lambda x: lib.binomial(lib.ones(4), x / 8),
        lambda x: x.scatter(0, lib.tensor([0]), lib.ones(1), reduce="add"), lambda x: x.scatter(0, lib.tensor([0]), 2.0, reduce="multiply"),
        lambda x: lib.ones(4).scatter(0, lib.arange(4), x, reduce="multiply"),
    )  # fmt: skip
    for call in calls:
        x = lib.tensor([1.5, 2.5, 0.5, 3.5], requires_grad=True)
        result = call(x)
        yield result.requires_grad, raised(result.sum().backward), x.grad, call(x.detach()).requires_grad
    yield lib.unique(x, return_inverse=True)[1].requires_grad


@program("autograd.graph.get_gradient_edge")
def an_edge_of_several_elements(lib):
    edge_of, backward, grad = lib.autograd.graph.get_gradient_edge, lib.autograd.backward, lib.autograd.grad
    for n in (1, 3):
        x = lib.ones(n, requires_grad=True)
        y = x * 2
        yield raised(backward, edge_of(y)), raised(grad, edge_of(x), x), x.grad
        yield raised(grad, edge_of(y), x, lib.ones(2)), raised(grad, edge_of(y.sum()), x, lib.ones(3))
    yield grad(edge_of(x * 2), x, lib.ones(3)), grad((x * 2).sum(), edge_of(x)), grad(edge_of(x * 2), x, lib.ones(2, 3), is_grads_batched=True)
    rows = lib.ones(2, 1, requires_grad=True)
    backward(edge_of(rows.unbind()[1]))
    yield rows.grad
