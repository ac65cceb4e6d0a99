"""Modules as objects: what they hold, their state, modes and hooks."""

from __future__ import annotations

import copy
import importlib
import io
import pickle
from collections import OrderedDict, namedtuple

from . import program, raised, warned


def _net(lib):
    nn = lib.nn

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.linear = nn.Linear(width, width)
            self.norm = nn.BatchNorm1d(width)
            self.scale = nn.Parameter(lib.ones(1))
            self.register_buffer("seen", lib.zeros(1))
            self.register_buffer("scratch", lib.zeros(2), persistent=False)

        def forward(self, x):
            return self.norm(self.linear(x)).relu() * self.scale

    lib.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), Block(4), nn.ModuleDict({"a": nn.Linear(4, 2)})["a"], nn.Dropout(0.5))


@program("nn.Module", "nn.Module.named_parameters", "nn.Module.parameters", "nn.Module.named_buffers", "nn.Module.buffers",
         "nn.Module.named_modules", "nn.Module.modules", "nn.Module.named_children", "nn.Module.children",
         "nn.Module.get_submodule", "nn.Module.get_parameter", "nn.Module.get_buffer")  # fmt: skip
def what_a_module_holds(lib):
    net = _net(lib)
    yield [(name, tuple(p.shape)) for name, p in net.named_parameters()], len(list(net.parameters()))
    yield [name for name, _ in net.named_buffers()], len(list(net.buffers()))
    yield [(name, type(m).__name__) for name, m in net.named_modules()], len(list(net.modules()))
    yield [name for name, _ in net.named_children()], len(list(net.children()))
    yield [name for name, _ in net.named_parameters(prefix="top", recurse=False)], [n for n, _ in net[1].named_parameters("p", False)]
    yield type(net.get_submodule("1.linear")).__name__, net.get_parameter("1.scale"), net.get_buffer("1.seen")
    yield raised(net.get_submodule, "9"), raised(net.get_parameter, "1.seen"), raised(net.get_buffer, "1.scale")
    shared = lib.nn.Sequential(net[0], net[0])
    yield [name for name, _ in shared.named_parameters()], [n for n, _ in shared.named_parameters(remove_duplicate=False)]


@program("nn.Module.state_dict", "nn.Module.load_state_dict")
def states_travel(lib):
    net, other = _net(lib), _net(lib)
    state = net.state_dict()
    yield list(state), list(net.state_dict(prefix="x."))[:2], type(state).__name__, state["0.weight"].requires_grad
    with lib.no_grad():
        for p in net.parameters():
            p.add_(1)
    found = other.load_state_dict(state)
    yield found.missing_keys, found.unexpected_keys, other[0].weight, list(other.state_dict()) == list(state)
    state["0.weight"][0, 0] = 77.0
    yield net[0].weight[0, 0].item(), other[0].weight[0, 0].item() == 77.0
    del state["0.bias"]
    state["more"] = lib.ones(1)
    yield raised(other.load_state_dict, state)
    found = other.load_state_dict(state, strict=False)
    yield found.missing_keys, found.unexpected_keys
    state["0.weight"] = lib.ones(7)
    yield raised(other.load_state_dict, state, strict=False), raised(other.load_state_dict, [1])
    file = io.BytesIO()
    lib.save(net.state_dict(), file)
    file.seek(0)
    yield list(lib.load(file).values())


@program("nn.Module.train", "nn.Module.eval", "nn.Module.requires_grad_", "nn.Module.zero_grad", "nn.Module.apply")
def modes_of_a_module(lib):
    net = _net(lib)
    yield net.training, net.eval() is net, [m.training for m in net.modules()], net.train() is net, raised(net.train, "yes")
    net.requires_grad_(False)
    yield [p.requires_grad for p in net.parameters()], net.requires_grad_() is net
    x = lib.arange(15.0).reshape(5, 3) / 10
    net.eval()(x).sum().backward()
    yield [p.grad for p in net.parameters()]
    net.zero_grad(set_to_none=False)
    yield [p.grad.abs().sum().item() for p in net.parameters()]
    net.zero_grad()
    yield [p.grad is None for p in net.parameters()]
    names = []
    net.apply(lambda m: names.append(type(m).__name__))
    yield names


@program("nn.Module.to")
def what_modules_are_asked_to_be(lib):
    module = lib.nn.Conv2d(3, 4, 3)
    for arguments, named in (
        ((), {"memory_format": lib.channels_last}), ((lib.float64,), {"memory_format": lib.contiguous_format}), ((float,), {}),
        (("cpu", lib.float32), {}), ((lib.ones(1, dtype=lib.float64), True), {}), ((None,), {}), ((), {"device": "cpu"}),
    ):  # fmt: skip
        module.to(*arguments, **named)
        yield module.weight.stride(), module.weight.dtype, module.bias.dtype, module.weight.requires_grad
    yield raised(module.to, lib.int32), raised(module.to, lib.ones(1, dtype=lib.int64)), raised(module.to, copy=True)


@program("nn.Module.to", "nn.Module.double", "nn.Module.float", "nn.Module.half", "nn.Module.bfloat16", "nn.Module.type",
         "nn.Module.cpu")  # fmt: skip
def modules_change_dtype(lib):
    for change in (lambda m: m.double(), lambda m: m.to(lib.float16), lambda m: m.bfloat16(), lambda m: m.half().float(),
                   lambda m: m.to("cpu"), lambda m: m.type(lib.float64), lambda m: m.cpu()):  # fmt: skip
        net = _net(lib)
        weight = net[0].weight
        yield change(net) is net, [t.dtype for t in net.state_dict().values()], net[0].weight is weight, net[0].weight.is_leaf
    yield raised(_net(lib).to, lib.int32)


Named = namedtuple("Named", "double more")


@program("nn.Module.register_forward_hook", "nn.Module.register_forward_pre_hook", "nn.Module.register_full_backward_hook",
         "nn.Module.register_full_backward_pre_hook")  # fmt: skip
def hooks_of_a_module(lib):
    lib.manual_seed(0)
    m = lib.nn.Linear(2, 2)
    seen = []
    before = m.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
    after = m.register_forward_hook(lambda m, args, out: seen.append(args[0]) or out + 1)
    x = lib.tensor([[1.0, 2.0]], requires_grad=True)
    yield m(x), seen
    after.remove()
    m.register_forward_hook(lambda m, args, kwargs, out: out * len(kwargs), with_kwargs=True)
    m.register_full_backward_hook(lambda m, gin, gout: seen.append((gin[0], gout[0])))
    m.register_full_backward_pre_hook(lambda m, gout: (gout[0] * 3,))
    yield m(x)
    before.remove()
    m(x).sum().backward()
    yield x.grad, seen[1:]

    class Both(lib.nn.Module):
        def forward(self, x):
            return Named(x * 2, x + 1)

    both = Both()
    both.register_full_backward_hook(lambda m, gin, gout: seen.append(gout))
    found = both(x)
    yield type(found) is Named, found.double, found.more
    found.more.sum().backward()
    yield x.grad, seen[-1]


@program("nn.Module.__setattr__", "nn.Module.__getattr__", "nn.Module.__delattr__", "nn.Module.register_parameter",
         "nn.Module.register_buffer", "nn.Module.add_module", "nn.Module.register_module", "nn.Module.__dir__",
         "nn.Module.__init__")  # fmt: skip
def attributes_of_a_module(lib):
    m = lib.nn.Module()
    m.weight = lib.nn.Parameter(lib.ones(2))
    m.plain = lib.ones(2)
    m.register_parameter("nothing", None)
    m.register_buffer("kept", lib.zeros(1))
    m.add_module("child", lib.nn.ReLU())
    yield list(m.state_dict()), [name for name, _ in m.named_parameters()], m.nothing is None, "weight" in dir(m)
    yield raised(setattr, m, "weight", lib.ones(2)), raised(m.register_parameter, "a.b", None), raised(getattr, m, "absent")
    yield raised(m.register_parameter, "plain", None), raised(m.register_buffer, "weight", None), raised(m.add_module, "x", 1)
    m.kept = lib.tensor([4.0])
    m.weight = None
    del m.child
    yield m.state_dict(), list(dict(m.named_children()))

    class Early(lib.nn.Module):
        def __init__(self):
            self.layer = lib.nn.ReLU()

    yield raised(Early), raised(lib.nn.Module().forward, 1), raised(lib.nn.Module(), 1)


@program("nn.Module.__repr__", "nn.Module.extra_repr")
def modules_print_their_structure(lib):
    yield repr(_net(lib))
    yield repr(lib.nn.Conv2d(3, 8, 3, padding=1, bias=False)), repr(lib.nn.LeakyReLU(0.2, inplace=True))
    yield repr(lib.nn.ModuleList([lib.nn.ReLU(), lib.nn.ReLU()])), repr(lib.nn.Embedding(5, 3, padding_idx=0))
    yield repr(lib.nn.LayerNorm(4)), repr(lib.nn.MaxPool2d(2)), repr(lib.nn.CrossEntropyLoss()), repr(lib.nn.Flatten())


@program("nn.Module.__getstate__", "nn.Module.__setstate__")
def modules_are_copied(lib):
    m = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3))
    again = copy.deepcopy(m)
    yield list(again.state_dict().values()), again[0].weight is m[0].weight
    loaded = pickle.loads(pickle.dumps(m))
    yield list(loaded.state_dict().values()), [type(p).__name__ for p in loaded.parameters()]


@program("nn.Module.get_extra_state", "nn.Module.set_extra_state", "nn.Module.register_state_dict_pre_hook",
         "nn.Module.register_load_state_dict_post_hook", "nn.Module.set_submodule", "nn.Module.to_empty",
         "nn.Module.__setstate__")  # fmt: skip
def more_of_a_modules_state(lib):
    nn = lib.nn

    class Counted(nn.Linear):
        count = 3

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    net, other = nn.Sequential(Counted(2, 2), nn.Linear(2, 2)), nn.Sequential(Counted(2, 2), nn.Linear(2, 2))
    net[0].count = 9
    state = net.state_dict()
    yield list(state), state["0._extra_state"], list(other.load_state_dict(state).missing_keys), other[0].count
    yield raised(nn.Linear(2, 2).get_extra_state), raised(nn.Linear(2, 2).set_extra_state, 1)
    del state["0._extra_state"]
    yield raised(other.load_state_dict, state), other.load_state_dict(state, strict=False).missing_keys
    yield raised(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).load_state_dict, net.state_dict())
    seen = []
    net[1].register_state_dict_pre_hook(lambda module, prefix, keep: seen.append((type(module).__name__, prefix, keep)))
    net.state_dict(keep_vars=True)
    yield seen
    for module in (other, other[0]):
        module.register_load_state_dict_post_hook(lambda module, keys: seen.append((type(module).__name__, list(keys.missing_keys))))
    handle = other.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    yield raised(other.load_state_dict, state), seen
    handle.remove()
    yield raised(other.load_state_dict, state), raised(other.load_state_dict, net.state_dict())
    other[0].register_load_state_dict_post_hook(lambda module, keys: 1)
    yield raised(other.load_state_dict, net.state_dict())
    outer = nn.Sequential(net, nn.ReLU())
    outer.set_submodule("0.1", nn.Tanh())
    outer.set_submodule("0.9", nn.GELU())
    yield repr(outer[0]), raised(outer.set_submodule, "", nn.Tanh()), raised(outer.set_submodule, "0", 1)
    yield raised(outer.set_submodule, "5.0", nn.Tanh()), raised(outer.set_submodule, "7", nn.Tanh(), strict=True)
    yield raised(outer.set_submodule, "0.0.weight", nn.Tanh())
    weight = net[0].weight
    yield net.to_empty(device="cpu") is net, net[0].weight is weight, tuple(weight.shape), weight.requires_grad
    bare = nn.Linear(2, 2)
    bare.__setstate__({"training": False})
    yield bare.training, tuple(bare(lib.ones(2)).shape)


@program("nn.Module.__call__", "nn.Module.forward", "nn.ParameterDict.__call__", "nn.ParameterList.__call__")
def modules_are_called(lib):
    class Doubled(lib.nn.Module):
        def forward(self, x, factor=2):
            return x * factor

    x = lib.tensor([1.0, 2.0])
    yield Doubled()(x), Doubled()(x, factor=3), Doubled().forward(x), raised(Doubled()), raised(lib.nn.Module(), x)
    yield raised(lib.nn.Module().forward, x), raised(lib.nn.ParameterDict({"a": x}), x), raised(lib.nn.ParameterList([x]), x)


@program("nn.Module.register_load_state_dict_pre_hook", "nn.Module.register_state_dict_post_hook")
def hooks_of_the_state(lib):
    layer = lib.nn.Linear(2, 1)
    seen = []
    before = layer.register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: seen.append((prefix, len(rest), len(state))))
    after = layer.register_state_dict_post_hook(lambda module, state, prefix, local: state.update(extra=lib.ones(1)))
    state = layer.state_dict()
    yield sorted(state)
    del state["extra"]
    layer.load_state_dict(state)
    yield list(seen)
    before.remove()
    after.remove()
    layer.load_state_dict(layer.state_dict())
    yield len(seen), sorted(layer.state_dict())


@program("utils.hooks.RemovableHandle")
def handles_of_hooks_are_numbered(lib):
    module = lib.nn.Linear(2, 2)
    handle = module.register_forward_hook(lambda *given: None)
    yield handle.id in module._forward_hooks, handle.hooks_dict_ref() is module._forward_hooks
    own, extra = OrderedDict(), OrderedDict()
    handle = lib.utils.hooks.RemovableHandle(own, extra_dict=extra)
    own[handle.id] = extra[handle.id] = print
    handle.remove()
    handle.remove()
    yield len(own), len(extra)
    with lib.utils.hooks.RemovableHandle(own) as handle:
        own[handle.id] = print
    yield len(own), lib.utils.hooks.RemovableHandle(own).id > handle.id


@program("nn.Module.register_full_backward_hook")
def backward_hooks_and_second_derivatives(lib):
    seen, x = [], lib.tensor([0.5], requires_grad=True)
    loss = lib.nn.MSELoss()
    loss.register_full_backward_hook(lambda module, inputs, outputs: seen.append((len(inputs), len(outputs))))
    (first,) = lib.autograd.grad(loss(x, lib.zeros(1)), x, create_graph=True)
    yield list(seen)
    yield lib.autograd.grad(first, x, retain_graph=True), list(seen)
    y = loss(x, lib.zeros(1))
    y.backward(retain_graph=True)
    y.backward()
    yield seen


@program("nn.Module.register_forward_hook", "nn.Module.register_forward_pre_hook")
def hooks_are_found_in_the_modules_dictionaries(lib):
    layer = lib.nn.Linear(2, 2)
    handles = [
        layer.register_forward_hook(len), layer.register_forward_hook(max, with_kwargs=True), layer.register_forward_hook(min, always_call=True),
        layer.register_forward_pre_hook(len), layer.register_forward_pre_hook(max, with_kwargs=True, prepend=True),
    ]  # fmt: skip

    def seen():
        yield [one.__name__ for one in layer._forward_hooks.values()], [one.__name__ for one in layer._forward_pre_hooks.values()]
        yield from map(len, (layer._forward_hooks_with_kwargs, layer._forward_hooks_always_called, layer._forward_pre_hooks_with_kwargs))

    yield list(seen())
    for handle in handles:
        handle.remove()
        yield list(seen())
    normed = lib.nn.utils.spectral_norm(lib.nn.Linear(2, 2))
    yield [type(one).__name__ for one in normed._forward_pre_hooks.values()]
    prune = importlib.import_module(f"{lib.__name__}.nn.utils.prune")
    prune.l1_unstructured(layer, "weight", 1)
    prune.random_unstructured(layer, "weight", 1)
    yield [(type(one).__name__, len(one)) for one in layer._forward_pre_hooks.values()]


@program("Tensor.new")
def new_tensors_of_a_size(lib):
    x = lib.ones(2)
    yield [tuple(one.shape) for one in (x.new(size=(3, 4)), x.new(size=lib.Size([2])), x.new(()), x.new(2, 3), x.new())]


@program("nn.Module.register_full_backward_hook")
def a_full_backward_hook_without_inputs_that_need_gradients(lib):
    for answer in (lambda given: None, lambda given: given, lambda given: (None,), lambda given: [None], lambda given: (lib.ones(1, 2),)):
        layer, seen = lib.nn.Bilinear(2, 2, 1), []

        def hook(module, inputs, outputs, answer=answer, seen=seen):
            seen.append((inputs, outputs))
            return answer(inputs)

        layer.register_full_backward_hook(hook)
        out = layer(lib.ones(1, 2), lib.ones(1, 2)).sum()
        yield raised(out.backward), seen, layer.bias.grad


@program("nn.Module")
def what_may_take_the_place_of_what(lib):
    nn = lib.nn

    class Room(nn.Module):
        def __init__(self):
            super().__init__()
            self.p, self.m, self.q = nn.Parameter(lib.ones(1)), nn.Linear(1, 1), nn.Parameter(lib.ones(1))
            self.register_buffer("b", lib.ones(1))

    new = (
        lambda: nn.Parameter(lib.ones(1)), lambda: nn.Linear(1, 1), lambda: nn.Buffer(lib.ones(1), persistent=False), lambda: lib.ones(1),
        lambda: None, lambda: 3,
    )  # fmt: skip
    for name in "pmbz":
        for make in new:
            room = Room()
            yield raised(setattr, room, name, make()), *(list(one) for one in (room._parameters, room._buffers, room._modules, room.state_dict()))


@program("nn.Module")
def what_layers_say_of_themselves(lib):
    nn = lib.nn
    layers = (
        nn.Embedding(5, 3, padding_idx=1, max_norm=2.0), nn.Embedding(5, 3, norm_type=1.0, scale_grad_by_freq=True), nn.EmbeddingBag(5, 3),
        nn.MaxUnpool1d(2), nn.MaxUnpool2d(2, padding=1), nn.MaxUnpool3d((2, 1, 2)), nn.AvgPool1d(2), nn.AvgPool2d(2), nn.Softshrink(),
        nn.MultiheadAttention(4, 2), nn.TransformerEncoderLayer(4, 2, 8), nn.ParameterList(), nn.ParameterDict(),
    )  # fmt: skip
    for layer in layers:
        yield repr(layer)
    yield nn.AvgPool1d(2).kernel_size, nn.AvgPool2d(2).kernel_size, nn.MaxUnpool2d(2).stride
    with_parameters = nn.Module()
    with_parameters.listed = nn.ParameterList([lib.zeros(2, 3), lib.tensor(1.0), 3, "x"])
    with_parameters.named = nn.ParameterDict({"a": lib.zeros(2), "b": 3, "c": lib.ones(1, dtype=lib.complex64)})
    for shown in (with_parameters, with_parameters.listed, with_parameters.named):
        yield repr(shown).replace("lucid.", "torch.")
    linear = nn.Linear(2, 2)
    found = linear.load_state_dict({"weight": lib.zeros(2, 2)}, strict=False)
    yield repr(found), type(found).__name__, repr(linear.load_state_dict(linear.state_dict())), type(linear.state_dict()._metadata).__name__
    yield warned(linear.state_dict, {}), warned(linear.state_dict, prefix="a.")


@program("nn.Module")
def backward_hooks_warn_where_no_input_needs_a_gradient(lib):
    for register in ("register_full_backward_hook", "register_full_backward_pre_hook"):
        layer = lib.nn.Linear(2, 3)
        getattr(layer, register)(lambda *_: None)
        for needs in (False, True):
            yield warned(layer(lib.ones(1, 2, requires_grad=needs)).sum().backward)


@program("nn.Unflatten", "nn.Bilinear", "nn.functional.bilinear", "nn.TripletMarginLoss", "nn.RNN", "nn.LSTM", "nn.GRU", "nn.ModuleList",
         "nn.ModuleDict", "nn.ParameterList", "nn.ParameterDict")  # fmt: skip
def what_modules_refuse(lib):
    nn, ones = lib.nn, lib.ones
    yield [raised(nn.Unflatten, 1, size) for size in (2, "ab", (2, "a"), (2.0, 3))], raised(nn.TripletMarginLoss, 0)
    yield raised(nn.Bilinear, 0, 2, 2), raised(nn.Bilinear(2, 3, 4), ones(5, 2), ones(5, 2)), raised(nn.Bilinear(2, 3, 4), ones(5, 1), ones(5, 3))
    yield [raised(nn.Bilinear(2, 3, 4), ones(first, 2), ones(second, 3)) for first, second in ((5, 1), (1, 5), (2, 3))]
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        yield [raised(kind(3, 4), ones(*shape, 3, dtype=dtype)) for shape in ((2,), (2, 2)) for dtype in (lib.float64, lib.int64, lib.bfloat16)]
        yield raised(kind, 3.0, 4), raised(kind, "a", 4)
    for make in (nn.ModuleList, nn.ParameterList, nn.ModuleDict, nn.ParameterDict):
        yield raised(make, 3)
    for make in (nn.ModuleDict, nn.ParameterDict):
        yield raised(make, [("a",)]), raised(make, [3])
