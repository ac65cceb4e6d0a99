"""Hooks of tensors and nodes, and gradients that are kept."""

from __future__ import annotations

from . import program, raised
from .graph import _leaf


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


@program("autograd.gradcheck")
def a_checked_function_may_register_hooks(lib):
    def wrong(x):
        y = x.clone()
        y.register_hook(lambda g: g + 0.01)
        return y

    x = lib.ones(2, dtype=lib.float64, requires_grad=True)
    yield lib.autograd.gradcheck(wrong, x, raise_exception=False), lib.autograd.gradcheck(lambda x: x.clone(), x)
