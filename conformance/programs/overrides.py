"""`__torch_function__`: subclasses, objects, modes, and the functions of `overrides`."""

from __future__ import annotations

import copy
import operator
import pickle

from . import program, raised, table

SEEN = (
    "x + y", "y + x", "x + 1", "1 + x", "x - y", "1 - x", "y - x", "2 * x", "x / y", "x // 2", "2 // x", "x % 2", "2 % x", "x ** 2",
    "2 ** x", "x @ x.T", "-x", "+x", "abs(x)", "x == y", "x < y", "x != 1", "~(x > 1)", "x.add(y)", "lib.add(x, y)", "lib.add(y, x)",
    "y.add(x)", "lib.add(x, other=y)", "x.add_(y)", "lib.exp(x)", "x.exp()", "F.relu(x, inplace=True)", "F.leaky_relu(x)",
    "F.leaky_relu(x, 0.3)", "F.softmax(x, -1)", "x.softmax(-1)", "lib.softmax(x, -1)", "F.sigmoid(x)", "F.tanh(x)", "F.gelu(x)",
    "lib.relu(x)", "lib.absolute(x)", "F.linear(x, y)", "F.cross_entropy(x, lib.tensor([0, 1]))", "F.layer_norm(x, (2,))", "F.dropout(x, 0.0)",
    "x.shape", "x.size()", "x.size(0)", "x.dim()", "x.ndim", "x.dtype", "x.requires_grad", "x.grad", "x.grad_fn", "x.is_leaf", "x.data",
    "x.mT", "x.real", "x.is_sparse", "x.itemsize", "x.numel()", "x.stride()", "x.is_contiguous()", "x.is_floating_point()",
    "lib.is_floating_point(x)", "lib.numel(x)", "x.output_nr", "x.sum()", "x.sum().item()", "x.tolist()", "len(x)", "bool(x.sum())",
    "float(x.sum())", "hash(x) == 0", "x[0]", "x[:, 0]", "y[x > 0]", "x.__setitem__(0, 1)", "1.0 in x", "x.view(4)", "x.reshape(4)",
    "x.permute(1, 0)", "x.transpose(0, 1)", "x.to(lib.float64)", "x.double()", "x.detach()", "x.clone()", "x.unsqueeze(0)", "x.chunk(2)",
    "x.unbind()", "lib.stack([x, y])", "lib.cat([y, x])", "lib.cat((y, y))", "x.max()", "lib.max(x, y)", "x.mean(0)", "lib.norm(x)",
    "x.new_zeros(2)", "lib.zeros_like(x)", "y.type_as(x)", "x.fill_(1)", "x.zero_()", "y.copy_(x)", "x.requires_grad_()", "lib.where(x > 0, x, y)",
    "lib.einsum('ij,jk', x, y)", "lib.tensordot(x, y)", "lib.cdist(x, y)", "lib.atleast_2d(x)", "lib.equal(x, y)", "lib.allclose(x, y)",
    "lib.tensor(x)", "lib.exp(y, out=x)", "lib.randn(2)", "x.apply_(lambda one: one)", "x.as_subclass(lib.Tensor)", "F.pad(x, (1, 1))",
    "F.one_hot(x.long())", "F.embedding(lib.tensor([0]), x)", "F.mse_loss(x, y)", "F.normalize(x)", "F.batch_norm(x, None, None, training=True)",
    "nn.Linear(2, 2)(x)", "nn.ReLU()(x)", "nn.Sigmoid()(x)", "nn.Softmax(-1)(x)", "nn.MSELoss()(x, y)", "lib.Tensor.shape.__get__(x)",
    "lib.Tensor.add(x, y)", "x.topk(1).values", "x.sort()[1]", "x.qr()[0]",
)  # fmt: skip


def logging(lib):
    """A subclass that notes what it is asked, and the notes."""
    notes = []

    class Log(lib.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            notes.append((lib.overrides.resolve_name(func), len(args), sorted(kwargs or {}), sorted(one.__name__ for one in types)))
            return super().__torch_function__(func, types, args, kwargs or {})

    return Log, notes


@program("Tensor.__torch_function__", "Tensor.as_subclass", "overrides.resolve_name")
def what_a_subclass_is_asked_and_what_becomes_of_results(lib):
    Log, notes = logging(lib)
    scope = {"lib": lib, "F": lib.nn.functional, "nn": lib.nn}
    for text in SEEN:
        scope["y"] = lib.tensor([[1.5, 2.5], [3.5, 5.5]])
        scope["x"] = lib.tensor([[1.0, 2.0], [3.0, 5.0]]).as_subclass(Log)
        notes.clear()
        result = eval(text, scope)
        kinds = [type(one).__name__ for one in result] if type(result) in (tuple, list) else type(result).__name__
        yield text, kinds, list(notes)


@program("Tensor.__torch_function__")
def what_a_subclass_without_its_own_gives(lib):
    class Mine(lib.Tensor):
        pass

    class More(Mine):
        pass

    class Other(lib.Tensor):
        pass

    x, y, z = (lib.tensor([1.0, 2.0]).as_subclass(kind) for kind in (Mine, More, Other))
    names = [type(one).__name__ for one in (x + 1, x + y, y + x, y.sum(), lib.stack([x, y]), x.max(), x[0], x.T, x.data, x.real, x + lib.ones(2))]
    yield names, raised(lambda: x + z), raised(lib.cat, [x, z]), type(x.shape).__name__, x + y
    yield type(copy.copy(y)).__name__, [type(one).__name__ for one in x], type(x.max(0)[0]).__name__
    p = lib.nn.Parameter(lib.ones(2))
    yield type(p + 1) is lib.Tensor, type(p + x).__name__, type(p * p) is lib.Tensor
    x = lib.tensor([1.0, 2.0]).as_subclass(Mine)
    same = x.add_(1)
    yield same is x, type(x.mul_(2)).__name__, x
    v = Mine([3.0, 4.0])
    yield type(v).__name__, v, type(v * 2).__name__, type(lib.exp(lib.zeros(2), out=v)).__name__
    state = {"x": v}
    yield type(state["x"].detach()).__name__, type(v.new_tensor([1.0])).__name__, type(lib.zeros_like(v)).__name__


@program("Tensor.__torch_function__", "Tensor.grad")
def gradients_of_subclasses(lib):
    Log, notes = logging(lib)
    x = lib.tensor([1.0, 2.0, 3.0]).as_subclass(Log).requires_grad_()
    y = (x * x).sum()
    yield type(y).__name__, y.grad_fn.name(), y.requires_grad, x.is_leaf
    notes.clear()
    y.backward()
    yield [one[0] for one in notes], x.grad, type(x.grad) is lib.Tensor
    w = lib.tensor([1.0, 2.0, 3.0], requires_grad=True)
    notes.clear()
    z = (w * x.detach()).exp().sum()
    (g,) = lib.autograd.grad(z, w, create_graph=True)
    yield g, [one[0] for one in notes if one[0]]
    seen = []
    w.register_hook(lambda grad: seen.append(type(grad).__name__))
    (w * lib.ones(3).as_subclass(Log)).sum().backward()
    yield seen, w.grad
    layer = lib.nn.Linear(3, 2)
    with lib.no_grad():
        layer.weight.fill_(0.5)
        layer.bias.fill_(1)
    out = layer(lib.ones(4, 3).as_subclass(Log))
    out.sum().backward()
    yield type(out).__name__, layer.weight.grad, type(layer.weight.grad) is lib.Tensor


@program("Tensor.__torch_function__")
def a_tensor_with_a_unit(lib):
    class Metres(lib.Tensor):
        @staticmethod
        def __new__(cls, data, unit):
            made = lib.as_tensor(data).as_subclass(cls)
            made.unit = unit
            return made

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            result = super().__torch_function__(func, types, args, kwargs or {})
            if isinstance(result, cls) and func is not lib.Tensor.detach:
                result.unit = next(one.unit for one in args if isinstance(one, cls) and hasattr(one, "unit"))
            return result

    x = Metres([1.0, 2.0], "m")
    yield (x + 1).unit, x.sum().unit, x.view(2, 1).unit, hasattr(x.detach(), "unit"), x.reshape(1, 2).shape, x.sum().item()
    yield hasattr(pickle.loads(pickle.dumps(lib.ones(2))), "unit"), type(x * x).__name__


@program("Tensor.__torch_function__", "overrides.is_tensor_like", "overrides.has_torch_function")
def objects_that_only_define_it(lib):
    asked = []

    class Diagonal:
        def __init__(self, n, value):
            self.n, self.value = n, value

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            asked.append((func.__name__, [one.__name__ for one in types], sorted(kwargs or {})))
            if func is lib.mean:
                return args[0].value / args[0].n
            if func in (lib.add, lib.Tensor.add):
                return "sum"
            return NotImplemented

    d, x = Diagonal(4, 2.0), lib.ones(4)
    yield lib.mean(d), lib.add(d, x), lib.add(x, d), lib.add(x, other=d), x.add(d), x + d, lib.mean(input=d) if False else None
    yield asked
    asked.clear()
    yield raised(lib.exp, d), raised(lib.cat, [x, d]), raised(x.mul, d), raised(lib.nn.functional.relu, d), raised(lambda: d + x)
    yield [name for name, *_ in asked]
    like = lib.overrides.is_tensor_like
    yield like(d), like(x), like(6), like(None), like([x]), like(lib.nn.Parameter(x))
    has = lib.overrides.has_torch_function
    yield has((d,)), has((x, 1)), has([lib.nn.Parameter(x)]), has(())
    yield lib.overrides.has_torch_function_unary(d), lib.overrides.has_torch_function_variadic(x, d), lib.overrides.has_torch_function_variadic(x)


@program("overrides.handle_torch_function", "overrides.wrap_torch_function", "overrides.redispatch_function")
def functions_of_ones_own(lib):
    overrides = lib.overrides

    def twice(x, scale=2):
        if overrides.has_torch_function_unary(x):
            return overrides.handle_torch_function(twice, (x,), x, scale=scale)
        return scale * x

    @overrides.wrap_torch_function(lambda x, y: (x, y))
    def plus(x, y):
        return x + y

    notes = []

    class First:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            notes.append((cls.__name__, func.__name__, [one.__name__ for one in types], len(args), kwargs))
            return NotImplemented if func is plus and cls is First else cls.__name__

    class Second(First):
        pass

    class Refuses:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            notes.append(cls.__name__)
            return NotImplemented

    yield twice(lib.ones(2)), twice(First()), twice(First(), 3), plus(lib.ones(2), 1), plus.__name__
    yield plus(First(), Second()), plus(Second(), First()), plus(Refuses(), Second()), raised(plus, First(), Refuses()), raised(plus, First(), 1)
    yield notes
    Log, notes = logging(lib)

    class Inner(Log):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(func.__name__)
            return overrides.redispatch_function(func, types, args, kwargs)

    seen = []
    x = lib.tensor([1.0, 2.0]).as_subclass(Inner)
    yield twice(x), seen, type(lib.exp(x)) is lib.Tensor, seen

    class Mode(overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            shown.append(func.__name__)
            with self:
                return overrides.redispatch_function(func, types, args, kwargs)

    def scaled_product(a, b):
        if overrides.has_torch_function((a, b)):
            return overrides.handle_torch_function(scaled_product, (a, b), a, b)
        return a * b + 1

    shown = []
    with Mode():
        found = scaled_product(lib.tensor([3.0]), lib.tensor([4.0]))
    yield found, shown


@program("overrides.TorchFunctionMode", "overrides.BaseTorchFunctionMode")
def modes(lib):
    notes = []

    class Note(lib.overrides.TorchFunctionMode):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def __torch_function__(self, func, types, args=(), kwargs=None):
            notes.append((self.name, lib.overrides.resolve_name(func), [one.__name__ for one in types]))
            return func(*args, **(kwargs or {}))

    def done():
        found = list(notes)
        notes.clear()
        return found

    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with Note("a") as mode:
        y = lib.exp(x) + 1
        lib.zeros(2), lib.nn.functional.leaky_relu(x), y.shape, y.sum().backward()
    yield type(mode).__name__, done(), x.grad
    with Note("a"), Note("b"):
        lib.relu(x)
        y.size(0)
    yield done()
    Log, seen = logging(lib)
    z = lib.ones(2).as_subclass(Log)
    with Note("a"):
        made = z * 2
    yield type(made).__name__, done(), [one[0] for one in seen]

    class Always(lib.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return -1

    class Passes(lib.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return NotImplemented

    with Always():
        found = lib.exp(x), lib.ones(3), x + 1, x.dim()
    yield found
    with Passes():
        errors = raised(lib.exp, x), raised(lib.exp, z)
    yield errors
    with lib.overrides.BaseTorchFunctionMode(), Note("inside"):
        total = x.detach().cumsum(0)
    yield total, done()
    with Note("a"), lib.DisableTorchFunctionSubclass():
        seen.clear()
        made = z + 1
    yield type(made) is lib.Tensor, [one[:2] for one in done()], seen
    with Note("a"), lib.DisableTorchFunction():
        made = z + 1
    yield type(made) is lib.Tensor, done(), seen
    with raised_in(lib, Note, notes) as error:
        yield error, done(), lib.exp(lib.zeros(1))


class raised_in:
    """What is left of a mode out of which an exception came: nothing."""

    def __init__(self, lib, mode, notes):
        try:
            with mode("a"):
                lib.ones(2) @ lib.ones(3)
        except RuntimeError as error:
            self.name = type(error).__name__

    def __enter__(self):
        return self.name

    def __exit__(self, *error):
        pass


@program("DisableTorchFunctionSubclass", "DisableTorchFunction", "overrides.enable_reentrant_dispatch")
def switched_off(lib):
    Log, notes = logging(lib)
    x = lib.ones(2).as_subclass(Log)
    with lib.DisableTorchFunctionSubclass():
        y, z = x + 1, x.exp()
        has = lib.overrides.has_torch_function((x,))
    yield type(y) is lib.Tensor, type(z) is lib.Tensor, has, notes, lib.overrides.has_torch_function((x,))
    with lib.DisableTorchFunction():
        yield type(x.sum()) is lib.Tensor, x.shape, notes
    yield type(x.sum()).__name__, [one[0] for one in notes]


@program("overrides.get_overridable_functions", "overrides.get_ignored_functions", "overrides.get_testing_overrides",
         "overrides.is_tensor_method_or_property", "overrides.resolve_name")  # fmt: skip
def lists_of_what_can_be_overridden(lib):
    overrides = lib.overrides
    found, ignored, testing = overrides.get_overridable_functions(), overrides.get_ignored_functions(), overrides.get_testing_overrides()
    every = {one for functions in found.values() for one in functions}
    functions = lib.exp, lib.add, lib.cat, lib.manual_seed, lib.zeros, lib.nn.functional.relu, lib.linalg.inv, lib.fft.fft
    yield [one in every for one in functions], lib.exp in found[lib.Tensor]
    yield [one in found[lib.Tensor] for one in (lib.Tensor.add, lib.Tensor.size, lib.Tensor.add_, lib.Tensor.__getitem__)]
    yield [one in ignored for one in (lib.manual_seed, lib.is_tensor, lib.set_num_threads, lib.exp)]
    yield testing[lib.exp](lib.ones(1)), testing[lib.nn.functional.relu](1), raised(testing[lib.exp])
    is_method = overrides.is_tensor_method_or_property
    yield is_method(lib.Tensor.add), is_method(lib.add), is_method(lib.Tensor.shape.__get__), is_method(lib.Tensor.size)
    names = lib.exp, lib.Tensor.exp, lib.Tensor.grad.__get__, lib.Tensor.data.__set__, lib.nn.functional.relu, lib.linalg.inv, len, lib.split
    yield [overrides.resolve_name(one) for one in names]


@table("Tensor", [(f"__{name}__", name) for name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift", "matmul", "eq", "ne", "lt", "le", "gt", "ge",
    "iadd", "imul", "itruediv", "ipow",
)])  # fmt: skip
def an_operator_that_an_override_does_not_know(lib, path, name):
    call = getattr(operator, f"{name}_" if name in ("and", "or") else name)

    class Unknown:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return NotImplemented

    class Strict(Unknown):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise TypeError("no such thing")

    def seen(x, y):
        found = []
        error = raised(lambda: found.append(call(x, y)))
        return error, found if error or isinstance(found[0], (str, bool)) else type(found[0]).__name__

    short = name.removeprefix("i") if name != "itruediv" else "truediv"
    for kind in (Unknown, Strict):
        own = {f"__{short}__": lambda self, other: "own", f"__r{short}__": lambda self, other: "reflected"}
        knowing = type("Knowing", (kind,), own)
        for make in (lambda: lib.ones(2, 2), lambda: lib.ones(2, 2).as_subclass(type("Sub", (lib.Tensor,), {}))):
            for other in (kind(), knowing()):
                yield seen(make(), other), seen(other, make())
        unknown = type("UnknownTensor", (kind, lib.Tensor), {})
        yield seen(lib.ones(2, 2).as_subclass(unknown), 2), seen(2, lib.ones(2, 2).as_subclass(unknown))
    yield raised(lambda: call(lib.ones(2, 2).as_subclass(type("Sub", (Unknown, lib.Tensor), {})), object()))


@program("utils._python_dispatch.TorchDispatchMode")
def a_mode_that_is_shown_operations(lib):
    import importlib

    seen, dispatch = [], importlib.import_module(f"{lib.__name__}.utils._python_dispatch")

    class Mode(dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append((str(func), func._schema.name, func.__name__, str(func.overloadpacket), func.namespace, func.name(), len(args)))
            return func(*args, **(kwargs or {}))

    x = lib.arange(6.0).view(2, 3)
    with Mode(), lib.no_grad():
        y = (x.exp() + 1).sin_().mul_(2).mm(lib.nn.functional.relu(x.clone()).view(3, 2))
    yield y, seen[:4], [one[0] for one in seen], seen[2][0] == str(lib.ops.aten.sin_.default)
    with Mode():
        inside = dispatch.is_in_torch_dispatch_mode()
    yield inside, dispatch.is_in_torch_dispatch_mode(), dispatch.is_traceable_wrapper_subclass(x), isinstance(Mode(), dispatch.TorchDispatchMode)
