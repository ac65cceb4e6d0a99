"""Functions of functions, Jacobians, hooks on what is saved, and computing again in backward."""

from __future__ import annotations

import importlib
import warnings

from . import program, raised, table


def _room(lib, path):
    return importlib.import_module(f"{lib.__name__}.{path}")


def _vectors(lib):
    return lib.tensor([1.0, 2.0, 3.0]), lib.tensor([[0.5, 1.0, 2.0], [3.0, 1.0, 0.0]])


def _pair(a, b):
    return a * b, b.sum(), a.exp()


def _scalar(a, b):
    return (a * b).pow(3).sum()


def _seen(found):
    """Values and whether they can be differentiated."""
    return found, [one.requires_grad for one in (found if isinstance(found, tuple) else (found,)) if hasattr(one, "grad")]


# -- autograd.functional -----------------------------------------------------------------------------------------------


@program("autograd.functional.vjp", "autograd.functional.jvp")
def products_with_the_jacobian(lib):
    f = _room(lib, "autograd.functional")
    x, y = _vectors(lib)
    for options in ({}, {"create_graph": True}):
        for call, arguments in ((f.vjp, (y, lib.tensor(2.0), x)), (f.jvp, (x, y))):
            outputs, found = call(_pair, (x, y), arguments, **options)
            yield _seen(outputs), _seen(found)
            outputs, found = call(lambda x: x * x, x, lib.ones(3), **options)
            yield _seen(outputs), _seen(found)
            inner = x.clone().requires_grad_()
            yield _seen(call(lambda x: x * x, inner, lib.ones(3), **options)[1])
    yield f.vjp(lambda x: (x**3).sum(), x)
    for call in (f.vjp, f.jvp):
        yield raised(call, lambda x: x * x, x), raised(call, lambda x: x * x, x, lib.ones(2)), raised(call, lambda x: 3, x)
        yield raised(call, lambda x: x, 3.0), call(lambda x: lib.ones(3), x, lib.ones(3))
        yield raised(call, lambda x: lib.ones(3), x, lib.ones(3), strict=True)
    with lib.no_grad():
        yield f.vjp(lambda x: x * x, x, lib.ones(3))


@program("autograd.functional.jacobian", "autograd.functional.hessian")
def jacobians_and_hessians(lib):
    f = _room(lib, "autograd.functional")
    x, y = _vectors(lib)
    for options in ({}, {"create_graph": True}, {"vectorize": True}):
        yield f.jacobian(lambda x: x * x, x, **options), f.jacobian(_pair, (x, y), **options)
        yield f.jacobian(lambda x: (x**3).sum(), x, **options), f.jacobian(lambda x: x.sum(0), y, **options)
        yield f.hessian(lambda x: (x**3).sum(), x, **options), f.hessian(_scalar, (x, y), **options)
        yield f.hessian(lambda x: x**3, lib.tensor(2.0), **options)
    yield f.jacobian(lambda x: lib.ones(2), x), raised(f.jacobian, lambda x: lib.ones(2), x, strict=True)
    yield f.hessian(lambda x: x.sum(), x), raised(f.hessian, lambda x: x.sum(), x, strict=True)
    yield raised(f.hessian, lambda x: x * x, x), raised(f.jacobian, lambda x: x, [x]), raised(f.jacobian, lambda x: x, 3)
    yield raised(f.jacobian, lambda x: x, x, strategy="forward-mode"), raised(f.jacobian, lambda x: x, x, strategy="x")
    yield f.jacobian(lambda x: x * x, x, vectorize=True, strategy="forward-mode")
    yield raised(f.jacobian, lambda x: x, x, vectorize=True, strict=True)
    weight = lib.ones(1, requires_grad=True)
    f.jacobian(lambda x: x * weight, x, create_graph=True).sum().backward()
    yield weight.grad


@program("autograd.functional.vhp", "autograd.functional.hvp")
def products_with_the_hessian(lib):
    f = _room(lib, "autograd.functional")
    x, y = _vectors(lib)
    for call in (f.vhp, f.hvp):
        yield call(lambda x: (x**3).sum(), x, x), call(_scalar, (x, y), (x, y)), call(lambda x: x.sum(), x, x)
        yield _seen(call(lambda x: (x**3).sum(), x, x, create_graph=True)[1])
        yield raised(call, lambda x: x.sum(), x, x, strict=True), raised(call, lambda x: x * x, x, x)
        yield raised(call, lambda x: (x**3).sum(), x)


# -- func --------------------------------------------------------------------------------------------------------------


@program("func.grad", "func.grad_and_value")
def gradients_of_functions(lib):
    f = _room(lib, "func")
    x, _ = _vectors(lib)
    yield f.grad(lambda x: (x**3).sum())(x), f.grad(f.grad(f.grad(lambda x: x.sin())))(lib.tensor(1.0))
    yield f.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(x, x), f.grad(lambda x, y: (x * y).sum(), argnums=-1)(x, 2 * x)
    yield f.grad(lambda x, y: ((x * y).sum(), x * 3), has_aux=True)(x, x), f.grad(lambda x, y=2: (x * y).sum())(x, y=3)
    yield f.grad(lambda d: (d["a"] * d["b"][0]).sum())({"a": x, "b": (x * 2,)}), f.grad(lambda x: lib.ones(()))(x)
    yield f.grad_and_value(lambda x: (x**2).sum())(x), f.grad_and_value(lambda x: ((x**2).sum(), x), has_aux=True)(x)
    yield raised(f.grad(lambda x: x), x), raised(f.grad(lambda x: 3.0), x), raised(f.grad(lambda x: x.sum(), argnums=2), x)
    outer = x.clone().requires_grad_()
    for found in (f.grad(lambda x: (x**3).sum())(outer), f.grad(lambda y: (y**2 * outer).sum())(x)):
        yield found, found.requires_grad, lib.autograd.grad(found.sum(), outer)
    with lib.no_grad():
        yield f.grad(lambda x: (x**3).sum())(outer).requires_grad

    def constant_inside(x):
        with lib.no_grad():
            c = x**2
        return (x * c).sum()

    yield f.grad(constant_inside)(x), x.requires_grad, x.grad is None


@program("func.vjp", "func.jvp", "func.linearize")
def products_as_functions(lib):
    f = _room(lib, "func")
    x, _ = _vectors(lib)
    outputs, back = f.vjp(lambda x, y: (x * y, x.sum()), x, x)
    yield outputs, back((x, lib.tensor(1.0))), back((x, lib.tensor(2.0))), raised(back, x)
    outputs, back, aux = f.vjp(lambda x: (x * 2, x), x, has_aux=True)
    yield outputs, back(x), aux, f.vjp(lambda x: {"a": x * 2}, x)[1]({"a": x})
    yield raised(f.vjp, lambda x: 3, x), raised(f.vjp, lambda x: x, x, has_aux=True)
    yield f.jvp(lambda x: x.sin(), (x,), (x,)), f.jvp(lambda x, y: (x * y, {"k": x}), (x, x), (x, lib.ones(3)))
    yield f.jvp(lambda x: (x.sin(), x), (x,), (x,), has_aux=True), f.jvp(lambda x: lib.ones(2), (x,), (x,))
    yield raised(f.jvp, lambda x: lib.ones(2), (x,), (x,), strict=True), raised(f.jvp, lambda x: x, (x,), (lib.ones(2),))
    yield raised(f.jvp, lambda x: x, (x,), (x, x)), raised(f.jvp, lambda x: x, x, x)
    output, forward = f.linearize(lambda x: x.sin(), x)
    yield output, forward(x), forward(2 * x)


@program("func.jacrev", "func.jacfwd", "func.hessian")
def jacobians_as_functions(lib):
    f = _room(lib, "func")
    x, _ = _vectors(lib)
    for jac in (f.jacrev, f.jacfwd):
        yield jac(lambda x: x * x)(x), jac(lambda x, y: (x * y, x.sum()), argnums=(0, 1))(x, x)
        yield jac(lambda x: (x * x, x), has_aux=True)(x), jac(lambda x, y: x * y, argnums=1)(x, x)
        yield jac(lambda x: lib.ones(2))(x), raised(jac(lambda x: 3), x)
    yield f.jacrev(lambda d: d["a"] * 2)({"a": x}), f.jacrev(f.jacrev(lambda x: x**3))(x[:2])
    yield f.jacrev(lambda x: x * x, chunk_size=2)(x), raised(lambda: f.jacrev(lambda x: x, chunk_size=0)(x))
    yield [raised(jac(lambda x: x * 1j), x) for jac in (f.jacrev, f.jacfwd)], raised(f.grad(lambda x: (x * 1j).sum()), x)
    yield [raised(jac(lambda x: x.real * 2), x * 1j) for jac in (f.jacrev, f.jacfwd)], f.grad(lambda x: (x * x.conj()).real.sum())(x * 1j)
    yield f.hessian(lambda x: (x**3).sum())(x), f.hessian(lambda x, y: (x**3 * y).sum(), argnums=(0, 1))(x, x)


@program("func.vmap", "vmap")
def maps_over_a_batch(lib):
    f = _room(lib, "func")
    x, _ = _vectors(lib)
    batch = lib.arange(6.0).reshape(2, 3)
    yield f.vmap(lambda r: r.sum())(batch), f.vmap(lambda r: r.sum(), in_dims=1)(batch), lib.vmap(lib.dot)(batch, batch)
    yield f.vmap(lib.dot, in_dims=(0, None))(batch, x), f.vmap(lambda r: (r, r.sum()), out_dims=(1, 0))(batch)
    yield f.vmap(lambda r: r, out_dims=1)(batch), f.vmap(lambda r: r, in_dims=-1, out_dims=-1)(batch)
    yield f.vmap(lambda d: d["a"] * 2, in_dims=({"a": 0},))({"a": batch}), f.vmap(lambda d: d["a"] * 2)({"a": batch})
    yield f.vmap(lambda r: {"a": r, "b": r.sum()}, out_dims={"a": 1, "b": 0})(batch), f.vmap(lambda r: lib.ones(2))(batch)
    yield f.vmap(f.vmap(lib.mul))(batch, batch), f.vmap(lambda r, k: r * k)(batch, k=2), f.vmap(lambda r: r, chunk_size=1)(batch)
    yield f.vmap(f.grad(lambda w, x: (w * x).sum() ** 2), in_dims=(None, 0))(x, batch), f.vmap(lambda r: r)(lib.ones(0, 3))
    yield f.jacrev(f.vmap(lambda r: r * r))(batch), f.vmap(f.jacrev(lambda r: r * r))(batch)
    same = f.vmap(lambda r: lib.rand(()) + 0 * r[0], randomness="same")(batch)
    yield bool(same[0] == same[1])
    for call, arguments in (
        (f.vmap(lib.dot), (batch, x)), (f.vmap(lambda r: r, in_dims=None), (batch,)), (f.vmap(lambda r: 3), (batch,)),
        (f.vmap(lambda r: r + lib.rand(())), (batch,)), (f.vmap(lambda r, q: r), (batch,)), (f.vmap(lambda r: r), (3,)),
        (lambda b: f.vmap(lambda r: r, randomness="x")(b), (batch,)), (f.vmap(lambda r: r, in_dims=2), (batch,)),
        (f.vmap(lambda r: r, out_dims=3), (batch,)), (f.vmap(lambda r: (r, r), out_dims=(0, None)), (batch,)),
        (f.vmap(lambda r: (r, r), out_dims=(0,)), (batch,)), (lambda b: f.vmap(lambda r: r, chunk_size=0)(b), (batch,)),
        (f.vmap(lambda r, q: r), (batch, batch[:1])), (f.vmap(lambda r: r, in_dims=(0, 0)), (batch,)),
        (f.vmap(lambda r: r, in_dims="a"), (batch,)), (f.vmap(lambda r: r), ()),
    ):  # fmt: skip
        yield raised(call, *arguments)


@program("func.functional_call", "func.stack_module_state")
def modules_with_other_tensors(lib):
    f = _room(lib, "func")
    x, _ = _vectors(lib)
    lib.manual_seed(0)
    layer = lib.nn.Linear(3, 2)
    weight = layer.weight
    other = {"weight": lib.ones(2, 3)}
    yield f.functional_call(layer, other, (x,)), f.functional_call(layer, [other, {"bias": lib.zeros(2)}], x)
    yield f.functional_call(layer, other | {"bias": lib.ones(2)}, (), {"input": x}), layer.weight is weight
    yield raised(f.functional_call, layer, other, (x,), strict=True), raised(f.functional_call, layer, [other, other], x)
    yield raised(f.functional_call, layer, 3, x), raised(f.functional_call, layer, other, (lib.ones(2),)), layer.weight is weight
    yield f.grad(lambda p: f.functional_call(layer, p, (x,)).sum())({"weight": lib.zeros(2, 3), "bias": lib.zeros(2)})
    params, buffers = f.stack_module_state([lib.nn.BatchNorm1d(2) for _ in range(3)])
    yield {name: (one, one.requires_grad, one.is_leaf) for name, one in params.items()}
    yield {name: (one, one.requires_grad, one.is_leaf) for name, one in buffers.items()}
    yield raised(f.stack_module_state, []), raised(f.stack_module_state, [lib.nn.Linear(2, 2), lib.nn.ReLU()])


# -- autograd.graph ----------------------------------------------------------------------------------------------------


@program("autograd.graph.saved_tensors_hooks", "autograd.graph.save_on_cpu", "autograd.graph.disable_saved_tensors_hooks")
def hooks_on_what_is_saved(lib):
    g = lib.autograd.graph
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    packed = []

    def pack(tensor):
        packed.append(tensor)
        return tensor.clone()

    with g.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = (x.exp() * x).sum()
        z = x * 2
        z.mul_(x)
        product = lib.cat([z, x]).prod()
    yield bool(packed)
    (first,) = lib.autograd.grad(y, x, create_graph=True)
    yield first, lib.autograd.grad(first.sum(), x), lib.autograd.grad(product, x)
    with g.save_on_cpu():
        y = (x * x).sum()
    yield lib.autograd.grad(y, x)

    def spoiled(pack, unpack):
        with g.saved_tensors_hooks(pack, unpack):
            y = x.exp()
        y.sum().backward()

    yield raised(spoiled, lambda t: t.add_(1), lambda t: t), raised(spoiled, lambda t: 3, lambda t: t)
    yield raised(spoiled, lambda t: 1 / 0, lambda t: t), raised(spoiled, lambda t: t, lambda t: 1 / 0)
    with g.disable_saved_tensors_hooks("not here"):
        yield raised(spoiled, lambda t: t, lambda t: t)

    class Own(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, gradient):
            x, y = ctx.saved_tensors
            return gradient * y * x

    packed.clear()
    with g.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = Own.apply(x)
    yield len(packed), lib.autograd.grad(y.sum(), x)


@program("autograd.graph.register_multi_grad_hook")
def hooks_on_several_gradients(lib):
    g = lib.autograd.graph
    a, b = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
    c = a * 2
    log = []
    every = g.register_multi_grad_hook((a, b, c), lambda found: log.append([one is not None and one.tolist() for one in found]))
    (c * b).sum().backward()
    (a * 3).sum().backward()
    yield list(log), a.grad
    first = g.register_multi_grad_hook((a, b), lambda found: log.append(found.tolist()), mode="any")
    (a * b).sum().backward()
    yield list(log)
    every.remove()
    first.remove()
    (a * b).sum().backward()
    yield len(log), raised(g.register_multi_grad_hook, (a,), print, mode="x")
    yield raised(g.register_multi_grad_hook, (lib.ones(2),), print, mode="any")


@program("autograd.graph.increment_version", "autograd.graph.Node")
def versions_and_nodes(lib):
    x = lib.ones(2, requires_grad=True)
    y = x.exp()
    lib.autograd.graph.increment_version(y)
    yield y._version, raised(y.sum().backward)
    lib.autograd.graph.increment_version([x.detach(), y])
    yield y._version, isinstance(y.grad_fn, lib.autograd.graph.Node)


# -- utils.checkpoint --------------------------------------------------------------------------------------------------


@program("utils.checkpoint.checkpoint", "utils.checkpoint.checkpoint_sequential", "utils.checkpoint.noop_context_fn")
def computing_again_in_backward(lib):
    c = _room(lib, "utils.checkpoint")
    nn = lib.nn
    for way in (False, True):
        lib.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
        x = lib.randn(3, 4, requires_grad=True)
        calls = []

        def call(x, model=model, calls=calls):
            calls.append(1)
            return model(x)

        def again(way=way, call=call, x=x):
            return c.checkpoint(call, x, use_reentrant=way, context_fn=c.noop_context_fn)

        again().sum().backward()
        yield len(calls), x.grad, model[0].weight.grad, lib.rand(1)
        c.checkpoint_sequential(model, 2, x, use_reentrant=way).sum().backward()
        yield x.grad, raised(lambda: lib.autograd.grad(again().sum(), x))  # noqa: B023
        y = again()
        y.sum().backward(retain_graph=True)
        y.sum().backward()
        yield x.grad, len(calls)
        with lib.no_grad():
            yield again().requires_grad
        yield raised(lambda: c.checkpoint(lambda x, k: x * k, x, k=3, use_reentrant=way))  # noqa: B023
        inner = c.checkpoint(
            lambda x: c.checkpoint(lambda z: (z * z).exp(), x.sin(), use_reentrant=False).sum(), x, use_reentrant=way
        )
        inner.backward()
        yield x.grad
    yield raised(c.checkpoint, lib.exp, x, use_reentrant=False, determinism_check="x")


@program("utils.checkpoint.CheckpointError", "utils.checkpoint.set_checkpoint_early_stop")
def what_is_computed_again_must_be_the_same(lib):
    c = _room(lib, "utils.checkpoint")
    x = lib.ones(3, requires_grad=True)

    def changing(second):
        calls = []

        def call(x):
            calls.append(1)
            return x.exp() if len(calls) == 1 else second(x)

        return c.checkpoint(call, x, use_reentrant=False).sum().backward

    yield raised(changing(lambda x: x[:2].exp())), raised(changing(lambda x: x * 2))
    done = []
    for stop in (True, False):
        with c.set_checkpoint_early_stop(stop):
            y = c.checkpoint(lambda x: (x.exp(), done.append(1))[0], x, use_reentrant=False)
        y.sum().backward()
        yield len(done)


@program("utils.checkpoint.detach_variable", "utils.checkpoint.check_backward_validity")
def inputs_of_a_checkpoint(lib):
    c = _room(lib, "utils.checkpoint")
    x = lib.ones(2, requires_grad=True)
    found = c.detach_variable((x * 2, 3, lib.zeros(1)))
    yield found[0], found[0].is_leaf, found[0].requires_grad, found[1], found[2].requires_grad
    yield raised(c.detach_variable, [x])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        c.check_backward_validity([x])
        c.check_backward_validity([lib.ones(2), 3])
        yield len(seen)


# -- autograd.forward_ad -----------------------------------------------------------------------------------------------


@program("autograd.forward_ad.enter_dual_level", "autograd.forward_ad.exit_dual_level", "autograd.forward_ad.dual_level")
def levels_of_forward_mode(lib):
    fw = _room(lib, "autograd.forward_ad")
    x, v = lib.tensor([1.0, 2.0]), lib.tensor([3.0, 4.0])
    yield raised(fw.exit_dual_level), raised(fw.make_dual, x, v), fw.unpack_dual(x).tangent
    level = fw.enter_dual_level()
    dual = fw.make_dual(x, v)
    yield level, raised(fw.enter_dual_level), raised(fw.exit_dual_level, level=3), fw.unpack_dual(dual).tangent
    fw.exit_dual_level(level=level)
    yield fw.unpack_dual(dual).tangent

    @fw.dual_level()
    def squared():
        return fw.unpack_dual(fw.make_dual(x, v) ** 2)

    yield tuple(squared()), raised(fw.exit_dual_level)


@program("autograd.forward_ad.make_dual", "autograd.forward_ad.unpack_dual", "autograd.forward_ad.UnpackedDualTensor")
def dual_tensors(lib):
    fw = _room(lib, "autograd.forward_ad")
    x, v = lib.tensor([1.0, 2.0]), lib.tensor([3.0, 4.0])
    with fw.dual_level():
        dual = fw.make_dual(x, v)
        parts = fw.unpack_dual(dual)
        yield tuple(parts), parts._fields, type(parts).__name__, dual is x, dual.data_ptr() == x.data_ptr(), dual.requires_grad
        yield raised(fw.make_dual, dual, v), raised(fw.make_dual, x, v[:1]), raised(fw.make_dual, x, lib.tensor([1, 2]))
        yield raised(fw.make_dual, lib.tensor([1, 2]), v), raised(fw.make_dual, 1, v), raised(fw.unpack_dual, 3)
        yield raised(fw.make_dual, x, v, level=-1), fw.unpack_dual(dual, level=-1).tangent
        yield [fw.unpack_dual(one).tangent for one in (x, dual.detach(), dual.data, dual.argmax(), dual > 1, dual.long())]
        for out in (dual.exp(), dual * 2, x * dual, dual.floor(), dual.sum(), dual.max(0)[0], dual.sort(descending=True)[0], dual[1],
                    dual[:, None].expand(2, 3), lib.cat([dual, x]), lib.stack([x, dual]), lib.where(x > 1, dual, x), dual.to(lib.float64),
                    lib.nn.functional.softmax(dual, 0), dual.norm(), dual.var(), dual.cumsum(0), dual.unbind()[1], dual.abs().sqrt(),
                    lib.linalg.inv(lib.eye(2) + lib.outer(dual, dual)), lib.nn.functional.linear(x[None], dual[None], dual[:1])):  # fmt: skip
            yield tuple(fw.unpack_dual(out))
        with lib.no_grad():
            yield tuple(fw.unpack_dual(dual * 3))
        with lib.inference_mode():
            yield tuple(fw.unpack_dual(dual * 3))
        yield raised(lib.exp, dual, out=lib.empty(2))
        z = fw.make_dual(lib.tensor([1 + 1j, 2 - 1j]), lib.tensor([1j, 1.0 + 0j]))
        yield tuple(fw.unpack_dual(z * z.conj())), tuple(fw.unpack_dual(z.abs())), tuple(fw.unpack_dual(z.exp().real))


@program("autograd.forward_ad.make_dual")
def tangents_of_what_is_written(lib):
    fw = _room(lib, "autograd.forward_ad")
    x, v = lib.tensor([1.0, 2.0]), lib.tensor([3.0, 4.0])
    with fw.dual_level():
        dual = fw.make_dual(x, v)
        y = lib.zeros(2)
        y.copy_(dual)
        yield tuple(fw.unpack_dual(y))
        y = lib.zeros(2, 2)
        y[0] = dual[1]
        part = y[1]
        part.add_(dual)
        yield tuple(fw.unpack_dual(y)), tuple(fw.unpack_dual(part))
        y[0, 0] = 7.0
        yield tuple(fw.unpack_dual(y))
        y[1].mul_(dual).relu_()
        yield tuple(fw.unpack_dual(y))
        y.t()[0].zero_()
        yield tuple(fw.unpack_dual(y)), tuple(fw.unpack_dual(dual))
        y.masked_fill_(y > 3, 1.0)
        yield tuple(fw.unpack_dual(y))
        y.fill_(3)
        yield tuple(fw.unpack_dual(y))


@program("autograd.forward_ad.make_dual", "autograd.Function.jvp")
def forward_mode_of_functions_and_second_derivatives(lib):
    fw = _room(lib, "autograd.forward_ad")
    x, v = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0])

    class Double(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_forward(a)
            return a * 2, b * 3

        @staticmethod
        def backward(ctx, g, h):
            return g * 2, h * 3

        @staticmethod
        def jvp(ctx, s, t):
            return s * 2 + 0 * ctx.saved_tensors[0], t * 3

    class Plain(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

    with fw.dual_level():
        dual = fw.make_dual(x, v)
        out = (dual**3).sum() * dual[0]
        (gradient,) = lib.autograd.grad(out, dual, create_graph=True)
        yield fw.unpack_dual(out).tangent, fw.unpack_dual(gradient).tangent, out.requires_grad
        yield lib.autograd.grad(fw.unpack_dual(out).tangent, x, retain_graph=True)
        made = Double.apply(dual, v)
        yield [tuple(fw.unpack_dual(one)) for one in made], lib.autograd.grad(made[0].sum(), x)
        yield raised(Plain.apply, dual), fw.unpack_dual(Plain.apply(v)).tangent
        model = lib.nn.Sequential(lib.nn.Conv2d(1, 2, 2), lib.nn.BatchNorm2d(2), lib.nn.LeakyReLU(), lib.nn.Flatten(), lib.nn.Linear(8, 2))
        with lib.no_grad():
            for i, weight in enumerate(model.parameters()):
                weight.copy_(lib.arange(weight.numel()).reshape(weight.shape) * 0.1 - 0.2 * i)
        image = fw.make_dual(lib.arange(18.0).reshape(2, 1, 3, 3) ** 0.5, lib.ones(2, 1, 3, 3) - lib.eye(3))
        yield tuple(fw.unpack_dual(lib.nn.functional.cross_entropy(model(image), lib.tensor([0, 1]))))


def _added(x):
    x.add_(1)
    return x * x


def _put(x):
    x[0] = 5.0
    return x * 2


def _tripled(x):
    x.copy_(x * 3)
    return x


@table("func", [(name, at) for name in ("jvp", "jacfwd") for at in range(5)])
def forward_through_a_function_that_writes_to_its_argument(lib, name, at):
    function = (_added, _put, _tripled, lambda x: x.zero_() + 1, lambda x: x.exp_())[at]
    x = lib.tensor([1.0, 2.0])
    yield lib.func.jvp(function, (x,), (lib.tensor([1.0, 0.5]),)) if name == "jvp" else lib.func.jacfwd(function)(x), x
    rows = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
    yield lib.func.vmap(lib.func.jacfwd(function))(rows), rows


@program("func.functional_call")
def a_called_module_assigns_to_its_tensors(lib):
    class Counting(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", lib.zeros(1))
            self.inner = lib.nn.Linear(1, 1)
            self.inner.again = self.inner.weight
            self.kind = "counting"

        def forward(self, x):
            self.seen = self.seen + 1
            return self.inner(x) * self.seen + getattr(self, "extra", 0) + self.inner.again

    call, net, x = lib.func.functional_call, Counting(), lib.ones(1, 1)
    seen, weight, bias = lib.tensor([2.0]), lib.full((1, 1), 3.0), lib.ones(1)
    given = {"seen": seen, "inner.weight": weight, "inner.bias": bias, "extra": lib.full((1,), 10.0)}
    for _ in range(2):
        yield call(net, given, x), given, seen, net.seen, hasattr(net, "extra"), given["inner.weight"] is weight
    parts = {"seen": seen}, {"inner.weight": weight, "inner.bias": bias}
    yield call(net, parts, x), parts, call(net, {"inner.weight": weight, "inner.bias": bias}, x, tie_weights=False) == 0
    yield raised(call, net, {"inner.weight": weight, "inner.again": bias}, x), raised(call, net, {"kind": bias}, x)
    yield raised(call, net, {"inner.none.weight": bias}, x), raised(call, net, {"inner.bias": 1.0}, x)
    full = {"seen": seen, "inner.weight": weight, "inner.bias": bias}
    yield call(net, full, x, strict=True), raised(call, net, full, x, tie_weights=False, strict=True)
    net.inner.outer = lib.nn.ModuleList([net.inner])
    yield call(net, {"inner.outer.0.bias": bias}, x, tie_weights=False).shape
