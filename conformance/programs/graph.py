"""The graph: leaves, accumulation, what `backward` and `grad` accept and refuse, checks of gradients."""

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


@program("median", "nanmedian", "max", "min")
def equal_medians_share_the_gradient(lib):
    nan = float("nan")
    for name in ("median", "nanmedian", "max", "min"):
        for values in ([nan, nan, nan], [1.0, nan, nan], [2.0, 2.0, 2.0, 3.0], [1.0, 2.0, 2.0]):
            x = _leaf(lib, *values)
            getattr(x, name)().backward()
            yield x.grad


@program("var_mean")
def written_moments_keep_their_gradients(lib):
    for at in (0, 1):
        x = _leaf(lib, 1.0, 2.0, 4.0)
        found = lib.var_mean(x)
        found[at].mul_(2)
        (found[0] + found[1]).backward()
        yield x.grad


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
