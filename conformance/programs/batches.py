"""Functions over a batch: per-sample gradients, ensembles, levels, random numbers, writes, and what is refused."""

from __future__ import annotations

import importlib
from collections import OrderedDict, defaultdict, deque, namedtuple

from . import program, raised

Pair = namedtuple("Pair", "a b")


def _func(lib):
    return importlib.import_module(f"{lib.__name__}.func")


def _batch(lib):
    return lib.arange(12.0).reshape(2, 2, 3) / 10, lib.tensor([[0.5, -1.0, 2.0], [3.0, 1.0, 0.25]])


# -- gradients ---------------------------------------------------------------------------------------------------------


@program("func.vmap", "func.grad", "func.functional_call")
def gradients_of_each_sample_of_a_perceptron(lib):
    f, nn = _func(lib), lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))
    params = {name: one.detach() for name, one in model.named_parameters()}
    x, target = lib.randn(5, 4), lib.tensor([0, 2, 1, 1, 0])

    def loss(params, x, target):
        return nn.functional.cross_entropy(f.functional_call(model, params, (x[None],)), target[None])

    yield f.vmap(f.grad(loss), in_dims=(None, 0, 0))(params, x, target)
    yield f.vmap(f.grad_and_value(loss), in_dims=(None, 0, 0), chunk_size=2)(params, x, target)
    yield f.vmap(f.grad(loss, argnums=1), in_dims=(None, 0, 0))(params, x, target)
    for one in model.parameters():
        one.grad = None
    nn.functional.cross_entropy(model(x), target, reduction="sum").backward()
    yield [one.grad for one in model.parameters()]


@program("func.vmap", "func.grad")
def gradients_of_each_sample_of_a_convolution_net(lib):
    f, nn = _func(lib), lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.GroupNorm(2, 4), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=2), nn.MaxPool2d(2), nn.Flatten(1),
        nn.Linear(4, 2),
    )  # fmt: skip
    params = {name: one.detach() for name, one in model.named_parameters()}
    x, target = lib.randn(3, 2, 9, 9), lib.randn(3, 2)

    def loss(params, x, target):
        return nn.functional.mse_loss(f.functional_call(model, params, (x[None],)), target[None])

    yield f.vmap(f.grad(loss), in_dims=(None, 0, 0))(params, x, target)
    yield f.vmap(f.grad(loss, argnums=1), in_dims=(None, 3, 0), out_dims=1)(params, lib.movedim(x, 0, 3), target)


@program("func.vmap", "func.jacrev", "func.jacfwd", "func.hessian", "func.vjp", "func.jvp")
def transforms_within_each_other(lib):
    f = _func(lib)
    batch, x = _batch(lib)

    def curve(x):
        return (x.sin() * x.roll(1)).cumsum(-1)

    for transform in (f.jacrev, f.jacfwd, f.hessian):
        yield f.vmap(transform(curve))(x), transform(f.vmap(curve))(x[:, :2])
    yield f.vmap(f.grad(f.grad(lambda x: x**3)))(x[0]), f.vmap(f.vmap(f.grad(lambda x: (x**3).sum())))(batch)
    yield (
        f.vmap(lambda x, v: f.jvp(curve, (x,), (v,)))(x, x.flip(0)),
        f.vmap(lambda x, v: f.vjp(curve, x)[1](v)[0])(x, x.flip(0)),
    )
    _, back = f.vjp(curve, x[0])
    yield f.vmap(back)(lib.eye(3)), f.vmap(lambda x: f.vmap(f.vjp(curve, x)[1])(lib.eye(3)))(x)
    yield f.grad(lambda w: f.vmap(lambda x: (w * x).prod())(x).sum())(lib.tensor([1.0, 2.0, 3.0]))
    yield f.vmap(f.grad(lambda w, x: (w * x).sum() ** 2, argnums=(0, 1)), in_dims=(None, 0))(x[0], x)
    yield f.vmap(f.grad(lambda w, x: (w * 2).sum()), in_dims=(None, 0))(x[0], x)
    leaf = x.clone().requires_grad_()
    yield lib.autograd.grad(f.vmap(lambda x: (x * x).sum())(leaf).prod(), leaf)
    out = leaf[0] ** 2
    yield f.vmap(lambda v: lib.autograd.grad(out, leaf, v, retain_graph=True)[0])(lib.eye(3))
    yield f.vmap(lambda x: (x.requires_grad, x.is_leaf) == (False, True) and x)(leaf)
    yield raised(f.vmap(lambda x: x.requires_grad_()), x), raised(f.vmap(lambda x: x.sum().backward()), leaf)
    yield raised(f.vmap(lambda x: lib.autograd.grad(x.sum(), x)), leaf)


@program("autograd.Function.vmap", "autograd.Function.generate_vmap_rule")
def functions_of_a_program_over_a_batch(lib):
    f = _func(lib)
    _, x = _batch(lib)
    y = lib.tensor([1.0, 2.0, 3.0])

    class Times(lib.autograd.Function):
        @staticmethod
        def forward(x, y):
            return x * y, x + 1

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.shape = tuple(inputs[0].shape)

        @staticmethod
        def backward(ctx, g, h):
            x, y = ctx.saved_tensors
            assert ctx.shape == (3,)
            return g * y * 5 + h, g * x

    class Generated(Times):
        generate_vmap_rule = True

    class Own(Times):
        @staticmethod
        def vmap(info, in_dims, x, y):
            assert (tuple(info), in_dims) == ((2, "error"), (0, None))
            return (x * 3, y.clone()), (0, None)

    class Both(Own):
        generate_vmap_rule = True

    class Older(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

    yield f.vmap(Generated.apply, in_dims=(0, None))(x, y), f.vmap(Own.apply, in_dims=(0, None))(x, y)
    total = lambda x, y: sum(one.sum() for one in Generated.apply(x, y))
    yield f.vmap(f.grad(total, argnums=(0, 1)), in_dims=(0, None))(x, y)
    leaves = [one.clone().requires_grad_() for one in (x, y)]
    yield lib.autograd.grad(sum(one.sum() for one in f.vmap(Generated.apply, in_dims=(0, None))(*leaves)), leaves)
    yield f.vmap(f.vmap(lambda x, y: Generated.apply(x[None] * lib.ones(3), y[None] * lib.ones(3))), in_dims=(0, None))(
        x, y
    )
    yield [raised(f.vmap(one.apply, in_dims=(0, None)), x, y) for one in (Times, Both, Older)]


@program("func.vmap", "func.stack_module_state")
def ensembles(lib):
    f, nn = _func(lib), lib.nn
    lib.manual_seed(0)
    models = [nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)) for _ in range(3)]
    params, buffers = f.stack_module_state(models)
    x, each = lib.randn(5, 3), lib.randn(3, 5, 3)

    def call(params, buffers, x):
        return f.functional_call(models[0], (params, buffers), (x,))

    for training in (False, True):
        for model in models:
            model.train(training)
        yield f.vmap(call, in_dims=(0, 0, None))(params, buffers, x), f.vmap(call)(params, buffers, each)
    yield {name: one.clone() for name, one in buffers.items()}
    found = f.vmap(call, in_dims=(0, 0, None))(params, buffers, x)
    yield lib.autograd.grad(found.pow(2).sum(), list(params.values()))
    yield raised(f.vmap(call, in_dims=(0, None, 0)), params, {name: one[0] for name, one in buffers.items()}, each)
    embeddings, _ = f.stack_module_state([nn.Embedding(4, 2) for _ in range(2)])
    yield f.vmap(nn.functional.embedding, in_dims=(None, 0))(lib.tensor([[0, 3], [1, 1]]), embeddings["weight"])
    kernels, at = lib.randn(2, 4, 3, 3), lib.randn(2, 1, 3, 6)
    yield (
        f.vmap(nn.functional.conv1d)(at, kernels),
        f.vmap(nn.functional.conv_transpose1d, in_dims=(None, 0))(lib.randn(4, 5), kernels),
    )


# -- levels, dimensions, sizes -----------------------------------------------------------------------------------------


@program("func.vmap")
def batches_within_batches(lib):
    f = _func(lib)
    batch, x = _batch(lib)
    row, column = lib.tensor([1.0, 2.0, 3.0]), lib.tensor([4.0, 5.0])
    yield f.vmap(f.vmap(lambda a, b: a * b, in_dims=(None, 0)), in_dims=(0, None))(row, column)
    yield f.vmap(f.vmap(lib.matmul, in_dims=(None, 0)), in_dims=(0, None))(batch, batch.mT)
    yield f.vmap(lambda a: f.vmap(lambda b: (a @ b, lib.ones(1)), out_dims=(0, None))(batch.mT)[0])(batch)
    yield f.vmap(f.vmap(lambda r, i: r[i], in_dims=(0, None)), in_dims=(0, 0))(batch, lib.tensor([2, 0]))
    yield (
        f.vmap(f.vmap(lib.sum, in_dims=1, out_dims=0), in_dims=-1, out_dims=1)(batch),
        f.vmap(f.vmap(lambda r: r.max(0)))(batch),
    )
    yield (
        f.vmap(lambda r: r.expand(2, 3).t().reshape(2, 3), out_dims=-1)(x),
        f.vmap(lambda r: lib.ones(2), out_dims=1)(x),
    )
    yield (
        f.vmap(lambda r: (r, lib.ones(1)), out_dims=(1, None))(x),
        f.vmap(lambda r: (r.sum(), r.softmax(0)))(lib.ones(0, 3)),
    )
    yield f.vmap(lambda r: r * 2, in_dims=1, out_dims=1, chunk_size=2)(x), raised(f.vmap(lambda r: r, out_dims=None), x)
    yield f.vmap(
        lambda r: (
            r * lib.tensor(2.0, dtype=lib.float64),
            r.sum() * lib.ones(2, dtype=lib.float16),
            r[0] + lib.tensor(1),
        )
    )(x)
    yield f.vmap(lambda r: (r.long()[0] / 2, r[0] * lib.ones(2, dtype=lib.int64), r[1].double() + r))(x)


@program("func.vmap", "Tensor.__getitem__")
def indices_of_each_entry(lib):
    f = _func(lib)
    batch, x = _batch(lib)
    at = lib.tensor([[0, 1], [1, 0]])
    yield (
        f.vmap(lambda m, i: m[i])(batch, at),
        f.vmap(lambda m, i: m[:, i])(batch, at),
        f.vmap(lambda m, i: m[i, i])(batch, at),
    )
    yield (
        f.vmap(lambda m, i: m[:, i[0]])(batch, at),
        f.vmap(lambda m, i: m[..., i, None])(batch, at),
        f.vmap(lambda m: m[1:, [0, 2]])(batch),
    )
    yield (
        f.vmap(lambda i: x[:, i])(at),
        f.vmap(lambda i: x[i, i])(at),
        f.vmap(lambda m: m[lib.tensor([True, False])])(batch),
    )
    yield f.vmap(lambda m, i: m.index_select(1, i))(batch, at), f.vmap(lambda m, i: m.gather(0, i[None]))(batch, at)
    yield (
        f.vmap(lambda m, i: m.take_along_dim(i[:, None], 1))(batch, at),
        f.vmap(lambda i: lib.nn.functional.one_hot(i, 3))(at),
    )
    yield (
        f.vmap(lambda m, i: m.scatter_add(0, i[None], m))(batch, at),
        f.vmap(lambda m, i: m.index_add(1, i, m[:, :2]))(batch, at),
    )

    def written(index):
        def call(m, v, i):
            m = m.clone()
            m[index(i)] = v
            return m

        return call

    for index in (lambda i: 0, lambda i: (slice(None), i), lambda i: (i, i), lambda i: (0, i), lambda i: (Ellipsis, i)):
        yield (
            f.vmap(written(index))(batch, lib.tensor([7.0, 8.0]), at),
            f.vmap(written(index), in_dims=(0, None, 0))(batch, lib.tensor(9.0), at),
        )
    yield f.vmap(lambda m: m.index_put((lib.tensor([0, 1]), lib.tensor([1, 1])), m[0, 0]))(batch)


# -- random numbers ----------------------------------------------------------------------------------------------------

DRAWS = (
    lambda lib, x: lib.rand(2), lambda lib, x: lib.randn((2, 2)), lambda lib, x: lib.randint(0, 9, (3,)), lambda lib, x: lib.randperm(3),
    lambda lib, x: lib.rand_like(x), lambda lib, x: lib.empty_like(x).normal_(), lambda lib, x: lib.bernoulli(x.abs() / 4),
    lambda lib, x: lib.nn.functional.dropout(x), lambda lib, x: lib.nn.functional.dropout2d(x.reshape(1, 3, 1, 1)), lambda lib, x: lib.empty(2).uniform_(),
    lambda lib, x: lib.multinomial(x.abs(), 2), lambda lib, x: lib.normal(x, 1.0), lambda lib, x: lib.nn.functional.dropout(x, training=False),
    lambda lib, x: x.clone().exponential_(),
)  # fmt: skip


@program("func.vmap")
def random_numbers_of_a_batch(lib):
    f = _func(lib)
    batch, x = _batch(lib)
    for draw in DRAWS:
        for randomness in ("error", "same", "different"):
            lib.manual_seed(0)
            call = f.vmap(lambda x: draw(lib, x), randomness=randomness)  # noqa: B023
            error = raised(call, x)
            lib.manual_seed(0)
            yield error or call(x), lib.rand(1) if randomness != "error" else None
    for inner, outer in (
        ("same", "different"),
        ("different", "same"),
        ("different", "different"),
        ("different", "error"),
    ):
        lib.manual_seed(0)
        call = f.vmap(f.vmap(lambda x: lib.rand(2), randomness=inner), randomness=outer)  # noqa: B023
        yield raised(call, batch) or lib.manual_seed(0) and call(batch)
    for randomness in ("same", "different"):
        lib.manual_seed(0)
        yield f.vmap(lambda x: lib.rand(2), randomness=randomness, chunk_size=1)(x)


# -- writes, and what is refused ---------------------------------------------------------------------------------------


@program("func.vmap")
def writes_of_a_batch(lib):
    f = _func(lib)
    _, x = _batch(lib)
    plain = lib.zeros(3)

    def made(call):
        def over(x):
            y = x.clone()
            call(y, x)
            return y

        return f.vmap(over)

    for call in (
        lambda y, x: y.add_(x), lambda y, x: y.mul_(2).sub_(plain), lambda y, x: y[1:].copy_(x[:2]), lambda y, x: y.fill_(x[0]),
        lambda y, x: y.masked_fill_(x > 1, 0), lambda y, x: y.zero_(), lambda y, x: y.unsqueeze_(0), lambda y, x: y.t_(), lambda y, x: y.view(3, 1).t().add_(x),
        lambda y, x: y.clamp_(0, 1).relu_(), lambda y, x: lib.nn.functional.relu(y, inplace=True), lambda y, x: y.index_add_(0, lib.tensor([0]), x[:1]),
        lambda y, x: y.copy_(plain), lambda y, x: y.sort()[0].neg_(), lambda y, x: y.__setitem__(0, x[2]), lambda y, x: y.__iadd__(x), lambda y, x: y.__ipow__(2),
        lambda y, x: y.resize_(3, 1), lambda y, x: y.detach().add_(1), lambda y, x: y.scatter_(0, lib.tensor([1]), x[:1]), lambda y, x: y.cumsum_(0),
    ):  # fmt: skip
        yield made(call)(x)
    for call in (
        lambda x: plain.add_(x), lambda x: plain.copy_(x), lambda x: plain.__setitem__(0, x[0]), lambda x: x.sum().add_(x), lambda x: plain.mul_(x),
        lambda x: lib.add(x, 1, out=lib.zeros(3)), lambda x: plain.index_add_(0, lib.tensor([0]), x[:1]), lambda x: plain.masked_fill_(x > 0, 1),
    ):  # fmt: skip
        yield raised(f.vmap(call), x)
    yield plain
    y = x.clone()
    f.vmap(lambda y: y.mul_(3))(y)
    yield y, f.vmap(lambda x: x.new_zeros(2).add_(x[0]))(x), f.vmap(lambda x: lib.zeros_like(x).add_(x))(x)
    lib.manual_seed(0)
    y = x.clone()
    f.vmap(lambda y: y.select(0, 1).zero_(), in_dims=1)(y)
    yield y


@program("func.vmap")
def what_has_no_result_for_a_batch(lib):
    f = _func(lib)
    _, x = _batch(lib)
    for call in (
        lambda x: x if x.sum() > 0 else -x, lambda x: x.sum().item(), lambda x: float(x.sum()), lambda x: int(x.sum()), lambda x: x.tolist(),
        lambda x: x.numpy(), lambda x: x.data_ptr(), lambda x: x.untyped_storage(), lambda x: [1, 2][x.sum().long()], lambda x: x[x > 1],
        lambda x: x.nonzero(), lambda x: x.masked_select(x > 1), lambda x: x.unique(), lambda x: lib.equal(x, x), lambda x: lib.allclose(x, x),
        lambda x: x.sum().is_nonzero(), lambda x: 1.0 in x, lambda x: x.data, lambda x: f"{x.sum()}", lambda x: x.register_hook(print),
        lambda x: lib.bincount(x.long().abs()), lambda x: x.repeat_interleave(x.long().abs()), lambda x: x.__reduce_ex__(2), lambda x: lib.where(x > 1),
    ):  # fmt: skip
        yield raised(f.vmap(call), x)
    yield f.vmap(lambda x: x * len(x) + sum(x) + x.dim() + x.shape[0] + x.numel())(x)
    seen = []
    f.vmap(
        lambda x: (
            seen.extend(
                [x.stride(), x.is_contiguous(), x.storage_offset(), tuple(x.shape), x.dim(), isinstance(x, lib.Tensor)]
            )
            or x
        ),
        in_dims=1,
    )(x)
    yield seen


# -- containers --------------------------------------------------------------------------------------------------------


@program("func.vmap", "func.grad", "func.vjp", "func.jvp", "func.jacrev", "utils._pytree.register_pytree_node")
def containers_of_arguments_and_results(lib):
    f, trees = _func(lib), importlib.import_module(f"{lib.__name__}.utils._pytree")
    _, x = _batch(lib)

    class Box:
        def __init__(self, inside):
            self.inside = inside

    trees.register_pytree_node(Box, lambda box: ([box.inside], None), lambda parts, _: Box(*parts))
    counted = defaultdict(list, a=x)
    yield f.grad(lambda p: (p["a"] ** 2).sum())(OrderedDict(a=x)), f.grad(lambda p: (p["a"] ** 2).sum())(counted)
    yield f.grad(lambda p: (p[0] ** 2).sum())(deque([x]))[0], f.grad(lambda p: (p.a**2 + p.b).sum())(Pair(x, x))
    yield f.grad(lambda p: (p.inside**2).sum())(Box(x)).inside, f.jacrev(lambda p: Box(p.sum(1)))(x).inside
    yield f.vjp(Box, x)[0].inside, f.vjp(lambda p: Box(p * 2), x)[1](Box(x))
    yield f.jvp(lambda p: {"a": p.inside**2}, (Box(x),), (Box(x),))
    yield (
        f.vmap(lambda p: Box(p * 2))(x).inside,
        f.vmap(lambda p: p.inside * 2, in_dims=(Box(1),))(Box(x)),
        f.vmap(lambda p: p["a"], in_dims=({"a": 1},))(counted),
    )
    yield f.vmap(lambda p, q: p["a"] + q, in_dims=({"a": 0, "b": None}, 0))({"a": x, "b": "name"}, x)
    yield (
        f.vmap(lambda p: (p * 2, None, 3), out_dims=(1, None, None))(x),
        f.vmap(lambda p: {"a": p}, out_dims={"a": 1})(x),
    )


@program("func.vmap", "func.grad", "func.vjp", "func.jvp", "func.jacrev", "func.linearize")
def what_a_function_of_functions_does_not_take(lib):
    f = _func(lib)
    _, x = _batch(lib)
    for given in (3, 3.0, "x", None):
        yield (
            raised(f.grad(lambda p: p), given),
            raised(f.jacrev(lambda p: p), given),
            raised(f.vjp, lambda p: p, given),
        )
    for found in (3, None, "x", ()):
        yield (
            raised(f.grad(lambda p, found=found: found), x),
            raised(f.vjp, lambda p, found=found: found, x),
            raised(f.vmap(lambda p, found=found: (p, found)), x),
        )
    yield (
        raised(f.vjp(lambda p: [p], x)[1], x),
        raised(f.vjp(lambda p: [p], x)[1], (x,)),
        raised(f.linearize(lambda p: p, x)[1], (x,)),
    )
    for primals, tangents in (
        ((3,), (3,)),
        ((x,), (3,)),
        ((x,), (x, x)),
        ([x], [x]),
        ((x,), [x]),
        (({"a": x},), ({"b": x},)),
        ((), ()),
    ):
        yield raised(f.jvp, lambda *p: p, primals, tangents)
    yield raised(f.jvp, lambda p: p["a"], ({"a": x, "b": x},), ({"b": x, "a": x},))
    for dims in ([0], (0, 0), ([0],), ((0,),), 0.0, None, "0", ({"a": 0},), (0.5,), 3, (None,)):
        yield raised(f.vmap(lambda p: p, in_dims=dims), x)
    for dims in ([0], (0, 0), 0.0, "0", {"a": 0}, 7, None):
        yield raised(f.vmap(lambda p: p, out_dims=dims), x), raised(f.vmap(lambda p: [p, p], out_dims=dims), x)
    yield raised(f.vmap(lambda p: p)), raised(f.vmap(lambda p: p), 3), raised(f.vmap(lambda p, q: p), x, x.T)


@program("func.grad", "func.jacrev", "func.jacfwd", "func.hessian")
def places_of_arguments_that_are_none(lib):
    f = _func(lib)
    x = lib.tensor(0.5)
    for places in (0.0, [0], (), (0, 0), (0, -2), "a", ((0,), 1), 2, (0, 1), -1):
        yield [raised(getattr(f, name)(lib.mul, argnums=places), x, x + 1) for name in ("grad", "jacrev", "jacfwd", "hessian")]


@program("autograd.Function.vmap")
def a_rule_of_ones_own_with_lists_or_without_dimensions(lib):
    f = _func(lib)

    class Sum(lib.autograd.Function):
        generate_vmap_rule = False

        @staticmethod
        def forward(x, others):
            return x + others[0] * others[1]

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def vmap(info, in_dims, x, others):
            seen.append(in_dims)
            found = x + others[0] * others[1]
            return (found, 0) if len(seen) == 1 else found

    seen = []
    x = lib.tensor([1.0, 2.0])
    yield f.vmap(lambda x: Sum.apply(x, [x, x]))(x), seen[0]
    yield raised(f.vmap(lambda x: Sum.apply(x, [x, x])), x)


@program("as_strided")
def views_beyond_an_entry_are_refused(lib):
    f, x = _func(lib), lib.arange(24.0).reshape(4, 6)
    for at in (0, 1):
        for size, steps, offset in (((2, 2), (1, 2), None), ((2, 4), (1, 2), None), ((2,), (1,), 5), ((2,), (1,), 4), ((7,), (1,), None), ((2,), (6,), None), ((0,), (6,), None)):
            for whole in (x, x[:, 2:]):
                found = []
                error = raised(lambda a=at, s=size, t=steps, o=offset, w=whole, to=found: to.append(f.vmap(lambda e: e.as_strided(s, t, o), in_dims=a)(w)))
                yield error, *found
