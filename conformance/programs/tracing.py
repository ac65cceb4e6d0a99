"""`fx`: graphs of functions and modules, their print and code, what runs and rewrites them."""

from __future__ import annotations

import copy
import math
import operator
import pickle

from . import program, raised, table

TRACED = (
    ("operators", "-x, ~x, x**2, 2**x, x//2, 1-x, 2/x, x@x, x==1, x<2, x&1, 1|x, x>>1, abs(x), 3//x, 2%x, x%2, +x, operator.neg(x)"),
    ("indices", "x[0], x[..., None], x[x>0], x[:, 1:3], x[1, ::2], x[y], x[[0, 1]]"),
    ("attributes", "x.T, x.shape[0], x.dtype, x.size(0), x.a.b(2), x(3), x.max(dim=1).values"),
    ("methods", "x.sum(), x.relu_(), x.view(-1, 4), x.reshape(x.shape[0], -1), x.sum(dim=(0, 1), keepdim=True), x.split(2, 1), x.to(lib.float32), "
     "x.type(lib.int64), x.flatten(1), x.mean((2, 3)), x.contiguous(), x.chunk(2, dim=1)[0], x.add(y, alpha=2), x.__getitem__(0)"),
    ("functions", "lib.relu(x), lib.sigmoid(x), lib.add(x, 1, alpha=2), lib.cat([x, y], dim=-1), lib.cat((x, y)), lib.stack([x, y]), lib.flatten(x, 1), "
     "lib.max(x, 1)[0], lib.where(x, y, x), lib.addmm(x, y, x), lib.bmm(x, y), lib.matmul(x, y), lib.empty_like(x), lib.arange(x.size(0)), "
     "lib.zeros(3, device=x.device), lib.is_floating_point(x), lib.numel(x), lib.absolute(x), lib.concat([x, x])"),
    ("Python", "lib.split(x, 2), lib.norm(x), lib.unique(x), lib.tensordot(x, y), lib.einsum('ij,jk', x, y), lib.cdist(x, y)"),
    ("namespaces", "lib.linalg.inv(x), lib.fft.fft(x), lib.special.expit(x), lib.fft.rfft(x, n=4), lib.linalg.solve(x, y)"),
    ("functional", "F.leaky_relu(x, 0.2), F.softmax(x, dim=-1), F.gelu(x), F.sigmoid(x), F.tanh(x), F.layer_norm(x, (3,)), F.conv2d(x, y, padding=1), "
     "F.avg_pool2d(x, 2), F.max_pool2d(x, 2), F.one_hot(x), F.pad(x, (1, 1)), F.linear(x, y), F.logsigmoid(x), F.softplus(x), F.batch_norm(x, None, None)"),
    ("more", "F.interpolate(x, scale_factor=2), F.cross_entropy(x, y), F.scaled_dot_product_attention(x, y, x), F.adaptive_avg_pool2d(x, 1), "
     "F.hardswish(x), F.silu(x), F.normalize(x), F.embedding(x, y), F.group_norm(x, 2), F.dropout2d(x), F.mse_loss(x, y), F.pixel_shuffle(x, 2), "
     "F.unfold(x, 2), F.relu6(x), F.elu(x), F.glu(x), F.cosine_similarity(x, y), F.log_softmax(x, 1), F.hardtanh(x), F.dropout(x, 0.5, True), F.relu(x)"),
    ("constants", "{'a': x, 'b': [y, (x, 2)], 'c': slice(x, None, 1)}, 1j, 'text', None, ..., lib.strided, lib.contiguous_format, lib.device('cpu'), "
     "float('inf'), math.pi, lib.float64"),
    ("tensors", "x + lib.tensor([1.0, 2.0]), lib.ones(2) * x, lib.ones(2).mul(y)"),
    ("python_functions", "math.sqrt(x), math.floor(y) + 1"),
)  # fmt: skip


def text(graph) -> str:
    return str(graph)


@table("fx", [("symbolic_trace", *row) for row in TRACED])
def graphs_and_code(lib, name, label, expressions):
    scope = {"lib": lib, "F": lib.nn.functional, "operator": operator, "math": math}
    traced = lib.fx.symbolic_trace(eval(f"lambda x, y: ({expressions},)", scope))
    yield text(traced.graph), traced.code.replace("\n    ", "\n"), [(node.op, node.name, len(node.users)) for node in traced.graph.nodes]


def network(lib):
    nn, F = lib.nn, lib.nn.functional

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
            self.layers = nn.ModuleDict({"a-b": nn.ReLU(inplace=True)})
            self.block = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Sigmoid())
            self.pool, self.scale, self.n = nn.AdaptiveAvgPool2d(1), nn.Parameter(lib.ones(1)), 3
            self.register_buffer("shift", lib.zeros(4, 1, 1))

        def forward(self, x: lib.Tensor, y=None, *, k: float = 2.0):
            x = self.layers["a-b"](self.bn(self.conv(x)))
            x = self.block(x) * x + self.scale * self.n + self.shift
            return F.relu(self.pool(x).flatten(1)) * k

    return Network()


@program("fx.symbolic_trace", "fx.GraphModule", "fx.Graph", "fx.Node")
def a_module_traced(lib):
    lib.manual_seed(0)
    model = network(lib)
    traced = lib.fx.symbolic_trace(model)
    yield text(traced.graph), traced.code, type(traced).__name__, sorted(name for name, _ in traced.named_modules())
    x = lib.linspace(-1, 1, 150).reshape(2, 3, 5, 5)
    yield model(x), traced(x), traced(x, k=0.5), list(traced.state_dict()) == list(model.state_dict())
    yield traced.conv.weight is model.conv.weight, traced.training, traced.eval()(x).sum()
    traced(x).sum().backward()
    yield model.conv.weight.grad is not None, model.scale.grad
    other = copy.deepcopy(traced)
    yield other.code == traced.code, other(x), other.conv.weight is traced.conv.weight
    again = pickle.loads(pickle.dumps(lib.fx.symbolic_trace(lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Flatten()))))
    yield again(lib.tensor([[-1.0, 2.0]])), again.code
    nodes = list(traced.graph.nodes)
    for node in nodes:
        yield node.op, node.name, str(node.args), str(node.kwargs), [one.name for one in node.users], [one.name for one in node.all_input_nodes]
    yield nodes[0].next is nodes[1], nodes[1].prev is nodes[0], len(traced.graph.nodes), [one.name for one in reversed(traced.graph.nodes)]
    yield nodes[0] < nodes[1], nodes[1] < nodes[0], nodes[3].format_node(), [one.name for one in traced.graph.find_nodes(op="call_module", target="conv")]


@program("fx.symbolic_trace")
def what_cannot_be_traced_and_what_is_given(lib):
    trace = lib.fx.symbolic_trace

    def condition(x):
        return x if x.sum() > 0 else -x

    def loop(x):
        return [-one for one in x]

    def length(x):
        return len(x)

    def writes(x):
        x[0] = 1
        return x

    def unpacks(x):
        a, b = x
        return a + b

    def given(x, flag, n=3):
        return x + 1 if flag else x - n

    def everything(x, *args, **kwargs):
        return x + args[0], kwargs

    def checks(x):
        assert x is not None
        return x

    class Opaque:
        pass

    yield [raised(trace, one) for one in (condition, loop, length, writes, lambda x: x.add(Opaque()))]
    yield trace(unpacks).code, trace(checks).code, trace(everything).code, text(trace(everything).graph)
    for values in ({"flag": True}, {"flag": False, "n": 4}):
        traced = trace(given, concrete_args=values)
        yield traced.code, traced(lib.ones(2), *values.values()), raised(traced, lib.ones(2), "no")
    yield trace(lambda x, *, a, b=2: x * a + b).code
    y = lib.ones(3)
    yield trace(lambda x: x.add(y))(lib.zeros(3)), trace(lambda x: x + lib.nn.Parameter(lib.ones(1)).detach()).code
    yield raised(trace, lambda x: x + lib.nn.Parameter(lib.ones(1)))


@program("fx.Graph", "fx.GraphModule", "fx.map_arg", "fx.has_side_effect", "fx.CodeGen")
def a_graph_by_hand(lib):
    fx = lib.fx
    graph = fx.Graph()
    x, y = graph.placeholder("x"), graph.placeholder("y", default_value=1)
    z = graph.call_function(lib.add, (x, y), {"alpha": 2})
    u, v = graph.call_method("neg", (z,)), graph.get_attr("w.a")
    output = graph.output((u, [v, z]))
    graph.lint()
    module = fx.GraphModule({"w.a": lib.ones(2)}, graph)
    yield text(graph), module.code, module(lib.ones(2)), type(module).__name__
    with graph.inserting_before(u):
        w = graph.call_function(lib.exp, (z,))
    u.replace_input_with(z, w)
    with graph.inserting_after(w):
        graph.call_function(lib.sin, (w,)), graph.call_function(lib.cos, (w,))
    yield text(graph), [one.name for one in z.users]
    module.recompile()
    yield module.code, module(lib.ones(2)), graph.eliminate_dead_code(), graph.eliminate_dead_code(), text(graph)
    yield raised(graph.erase_node, z), [one.name for one in z.replace_all_uses_with(x)], graph.erase_node(z), text(graph)
    output.args = ((u, x),)
    yield text(graph), [one.name for one in x.users], raised(lambda: output.args[0].append(1))
    u.update_arg(0, x)
    u.insert_arg(1, 2)
    u.update_kwarg("k", [x, x])
    yield str(u.args), str(u.kwargs), raised(u.kwargs["k"].append, 1), str(fx.map_arg(u.kwargs["k"], lambda one: one.name))
    u.prepend(v)
    x.append(v)
    yield [one.name for one in graph.nodes], raised(graph.lint)
    other = fx.Graph()
    table = {}
    result = other.graph_copy(fx.symbolic_trace(lambda a: (a + 1).relu()).graph, table)
    other.output(result)
    yield text(other), [(one.name, two.name) for one, two in table.items()], text(copy.deepcopy(other))
    names = fx.Graph()
    for name in ("x", "x", "x_1", "sum", "self", "class", "2a", "a-b", "x_5", "x", "inf", "torch"):
        names.placeholder(name)
    yield [one.name for one in names.nodes]
    yield raised(fx.Node, graph, "n", "call_function", "text", (), {}), raised(graph.create_node, "other", "x"), raised(fx.GraphModule, {}, graph)

    def shout(x):
        return x

    dead = fx.Graph()
    a = dead.placeholder("a")
    dead.call_function(fx.has_side_effect(shout), (a,))
    dead.output(a)
    yield dead.eliminate_dead_code(), len(dead.nodes)

    class Gen(fx.CodeGen):
        def gen_fn_def(self, *args):
            return super().gen_fn_def(*args) + "\n    # by hand"

    other.set_codegen(Gen())
    yield "by hand" in fx.GraphModule(lib.nn.Module(), other).code


@program("fx.Interpreter", "fx.Transformer")
def running_and_transforming(lib):
    fx = lib.fx
    lib.manual_seed(0)
    traced = fx.symbolic_trace(network(lib))
    x = lib.linspace(-1, 1, 150).reshape(2, 3, 5, 5)
    seen = []

    class Notes(fx.Interpreter):
        def run_node(self, n):
            result = super().run_node(n)
            seen.append((n.name, tuple(result.shape) if isinstance(result, lib.Tensor) else None))
            return result

    yield Notes(traced).run(x), seen, fx.Interpreter(traced).run(x, None, 3.0)
    nodes = {one.name: one for one in traced.graph.nodes}
    yield fx.Interpreter(traced).run(x, initial_env={nodes["pool"]: lib.ones(2, 4, 1, 1)})
    yield fx.Interpreter(traced).boxed_run([x, None, 2.0]), raised(fx.Interpreter(traced).boxed_run, [x]), fx.Interpreter(traced).fetch_attr("block.0").kernel_size, raised(fx.Interpreter(traced).run)

    class Swap(fx.Transformer):
        def call_function(self, target, args, kwargs):
            if target is operator.mul:
                return super().call_function(operator.add, args, kwargs)
            return super().call_function(target, args, kwargs)

        def call_method(self, target, args, kwargs):
            return super().call_method("ravel" if target == "flatten" else target, args[:1], kwargs)

    swapped = Swap(traced).transform()
    yield text(swapped.graph), swapped.code, swapped(x), fx.Transformer(traced).transform().code


@program("fx.Tracer", "fx.Proxy", "fx.ProxyableClassMeta", "fx.PH")
def tracers_of_ones_own(lib):
    fx = lib.fx
    model = network(lib)

    class Whole(fx.Tracer):
        def is_leaf_module(self, m, module_qualified_name):
            return True

    class Deep(fx.Tracer):
        def is_leaf_module(self, m, module_qualified_name):
            return isinstance(m, (lib.nn.Conv2d, lib.nn.BatchNorm2d))

    class Marks(fx.Tracer):
        def create_node(self, *args, **kwargs):
            node = super().create_node(*args, **kwargs)
            node.meta["mark"] = len(self.graph.nodes)
            return node

    class Buffers(fx.Tracer):
        proxy_buffer_attributes = True

    yield text(Whole().trace(model)), text(Buffers().trace(model))
    yield [one.meta["mark"] for one in Marks().trace(model).nodes]
    graph = Deep().trace(model)
    yield text(graph), fx.GraphModule(model, graph, "Deep").code
    graph = fx.Graph()
    x = fx.Proxy(graph.placeholder("x"))
    y = lib.relu(x + 1).sum(0)
    graph.output(y.node)
    yield text(graph), repr(y), type(y).__name__, type(x.shape).__name__, raised(bool, x), raised(iter, x), raised(len, x)

    class Pair(metaclass=fx.ProxyableClassMeta):
        def __init__(self, left, right):
            self.left, self.right = left, right

        def total(self):
            return self.left + self.right

    traced = fx.symbolic_trace(lambda a, b: Pair(a, b).total())
    yield [(one.op, one.name) for one in traced.graph.nodes], Pair(1, 2).total(), traced(lib.ones(1), 2)
    shapes = fx.Tracer(param_shapes_constant=True)

    class Sized(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = lib.nn.Parameter(lib.ones(3, 2))

        def forward(self, x):
            return x * 2 if self.w.shape[0] == 3 else x

    yield text(shapes.trace(Sized())), repr(fx.PH)


WRAPPED = """
def scaled(x, n):
    return x * n if x.sum() > 0 else x

def inner(x):
    return len(x)

lib.fx.wrap("scaled")
lib.fx.wrap("len")

@lib.fx.wrap
def decorated(x):
    return x if x.mean() > 0 else -x

def f(x):
    return scaled(x, 3) + decorated(x), len(x)

traced = lib.fx.symbolic_trace(f)
"""


@program("fx.wrap")
def leaves(lib):
    scope = {"lib": lib, "__name__": "leaves"}
    exec(WRAPPED, scope)
    traced = scope["traced"]
    yield text(traced.graph), traced.code, traced(lib.ones(2)), scope["scaled"](lib.ones(1), 2), scope["f"](lib.ones(3))
    yield raised(lib.fx.wrap, "len"), raised(lib.fx.wrap, 3)


@program("fx.replace_pattern", "fx.GraphModule")
def rewriting(lib):
    fx = lib.fx

    def f(a, b, c):
        return lib.relu(lib.relu(a + b) + c) * 2

    traced = fx.symbolic_trace(f)
    found = fx.replace_pattern(traced, lambda x, y: lib.relu(x + y), lambda x, y: lib.tanh(x - y))
    yield len(found), traced.code, traced(lib.ones(2), lib.ones(2), lib.ones(2)), [one.anchor.name for one in found]

    def g(x, w1, w2):
        a, b = lib.cat([w1, w2]).sum(), lib.cat([w1, w2]).sum()
        return x + lib.max(a) + lib.max(b)

    traced = fx.symbolic_trace(g)
    found = fx.replace_pattern(traced, lambda w1, w2: lib.cat([w1, w2]).sum(), lambda w1, w2: lib.stack([w1, w2]))
    yield len(found), traced.code
    traced = fx.symbolic_trace(lambda x: lib.exp(x).neg() + 1)
    yield len(fx.replace_pattern(traced, lambda x: lib.sin(x), lambda x: x)), traced.code
    yield len(fx.replace_pattern(traced, lambda x: lib.exp(x).neg(), lambda x: x)), traced.code
    traced = fx.symbolic_trace(lambda x: (lib.exp(x), lib.exp(x) * 2))
    yield len(fx.replace_pattern(traced, lambda x: lib.exp(x) * 2, lambda x: lib.exp2(x))), traced.code
    traced = fx.symbolic_trace(lambda x: lib.relu(lib.relu(lib.relu(x))))
    yield len(fx.replace_pattern(traced, lambda x: lib.relu(lib.relu(x)), lambda x: lib.exp(x))), traced.code
    traced = fx.symbolic_trace(lambda x: (lib.bernoulli(x), lib.rand_like(x), lib.nn.functional.dropout(x), lib.neg(x), x + 1)[-1])
    yield traced.graph.eliminate_dead_code(), text(traced.graph)

    model = fx.symbolic_trace(network(lib))
    for node in list(model.graph.nodes):
        if node.op == "call_module" and node.target == "pool":
            with model.graph.inserting_after(node):
                new = model.graph.call_function(lib.mean, (node.args[0],), {"dim": (2, 3), "keepdim": True})
            node.replace_all_uses_with(new)
            model.graph.erase_node(node)
    model.recompile()
    model.graph.lint()
    x = lib.linspace(-1, 1, 150).reshape(2, 3, 5, 5)
    yield model(x).shape, model.code, model.delete_all_unused_submodules(), sorted(dict(model.named_modules()))
    yield model.add_submodule("extra.deep", lib.nn.ReLU()), type(model.extra.deep).__name__, model.delete_submodule("extra"), model.delete_submodule("extra")


@program("fx.GraphModule", "fx.Interpreter")
def features_of_inner_layers(lib):
    lib.manual_seed(0)
    model = network(lib).eval()
    traced = lib.fx.symbolic_trace(model)
    wanted = [node for node in traced.graph.nodes if node.name in ("bn", "mul", "pool")]
    output = traced.graph.output_node() if hasattr(traced.graph, "output_node") else [*traced.graph.nodes][-1]
    output.args = ({node.name: node for node in wanted},)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    found = traced(lib.linspace(-1, 1, 75).reshape(1, 3, 5, 5))
    yield sorted(found), found["bn"], found["mul"], found["pool"], traced.code


@program("fx.CodeGen", "fx.GraphModule")
def code_of_nothing_and_a_return_of_ones_own(lib):
    fx = lib.fx

    class Listed(fx.CodeGen):
        def generate_output(self, output_args):
            return f"return list({output_args!r})"

    yield fx.GraphModule(lib.nn.Module(), fx.Graph())()
    traced = fx.symbolic_trace(lambda a: (a + 1, a))
    traced.graph.set_codegen(Listed())
    traced.recompile()
    yield traced(lib.ones(2))
