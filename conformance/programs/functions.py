"""Functions of one's own: `autograd.Function`."""

from __future__ import annotations

from . import program, raised
from .graph import _leaf


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
