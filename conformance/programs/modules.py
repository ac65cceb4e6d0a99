"""Modules, parameters, containers and optimizers as objects."""

from __future__ import annotations

import copy
import importlib
import io
import itertools
import pickle
from collections import OrderedDict, namedtuple

from . import program, raised, table, warned


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


@program("nn.Sequential", "nn.Sequential.append", "nn.Sequential.extend", "nn.Sequential.insert", "nn.Sequential.pop",
         "nn.Sequential.__getitem__", "nn.Sequential.__setitem__", "nn.Sequential.__delitem__", "nn.Sequential.__len__",
         "nn.Sequential.__iter__", "nn.Sequential.__add__", "nn.Sequential.forward", "nn.Sequential.__init__",
         "nn.Sequential.__mul__", "nn.Sequential.__rmul__", "nn.Sequential.__iadd__", "nn.Sequential.__imul__")  # fmt: skip
def sequences_of_modules(lib):
    nn = lib.nn
    s = nn.Sequential(nn.ReLU(), nn.Tanh())
    names = lambda: [(name, type(m).__name__) for name, m in s.named_children()]
    s.append(nn.Sigmoid())
    s.insert(1, nn.ELU())
    s.extend([nn.GELU()])
    yield names(), len(s), type(s[1:3]).__name__, [type(m).__name__ for m in s[-2:]], s(lib.tensor([-1.0, 2.0]))
    s[0] = nn.SiLU()
    del s[1]
    yield names(), type(s.pop(0)).__name__, names(), [type(m).__name__ for m in s + nn.Sequential(nn.Mish())]
    yield len(s * 2), len(2 * s), raised(lambda: s[9]), raised(s.append, 1), raised(lambda: s + 1), raised(lambda: s * 0)
    s += nn.Sequential(nn.ReLU())
    s *= 2
    yield names()
    yield raised(nn.Sequential, {"a": nn.ReLU()})


@program("nn.ModuleList", "nn.ModuleList.append", "nn.ModuleList.extend", "nn.ModuleList.insert", "nn.ModuleList.pop",
         "nn.ModuleList.__getitem__", "nn.ModuleList.__setitem__", "nn.ModuleList.__delitem__", "nn.ModuleList.__len__",
         "nn.ModuleList.__iter__", "nn.ModuleList.__add__", "nn.ModuleList.__iadd__", "nn.ModuleList.__init__",
         "nn.ModuleList.__repr__", "nn.ModuleList.__dir__",
         "nn.ModuleDict", "nn.ModuleDict.keys", "nn.ModuleDict.items", "nn.ModuleDict.values", "nn.ModuleDict.update",
         "nn.ModuleDict.pop", "nn.ModuleDict.clear", "nn.ModuleDict.__contains__", "nn.ModuleDict.__delitem__",
         "nn.ModuleDict.__getitem__", "nn.ModuleDict.__setitem__", "nn.ModuleDict.__len__", "nn.ModuleDict.__iter__",
         "nn.ModuleDict.__init__")  # fmt: skip
def lists_and_dicts_of_modules(lib):
    nn = lib.nn
    m = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    m.append(nn.ELU())
    m.insert(0, nn.GELU())
    m.extend([nn.Mish()])
    m += [nn.ReLU()]
    names = lambda x: [(name, type(c).__name__) for name, c in x.named_children()]
    yield names(m), len(m), type(m[1:]).__name__, type(m.pop(1)).__name__, names(m), len(m + [nn.ReLU()])
    m[0] = nn.ReLU()
    del m[-1]
    yield names(m), raised(m, 1), raised(lambda: m[10]), [type(x).__name__ for x in m], raised(m.extend, 1)
    d = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    d["c"] = nn.ELU()
    d.update([("d", nn.GELU())])
    yield names(d), "a" in d, len(d), list(d), list(d.keys()), [type(v).__name__ for v in d.values()], type(d["b"]).__name__
    del d["a"]
    yield type(d.pop("b")).__name__, names(d), raised(lambda: d["zz"]), [name for name, _ in d.items()]
    d.clear()
    yield len(d)


@program("nn.ParameterList", "nn.ParameterList.append", "nn.ParameterList.extend", "nn.ParameterList.__getitem__",
         "nn.ParameterList.__setitem__", "nn.ParameterList.__len__", "nn.ParameterList.__iter__", "nn.ParameterList.__iadd__",
         "nn.ParameterList.__init__", "nn.ParameterList.extra_repr", "nn.ParameterDict", "nn.ParameterDict.keys",
         "nn.ParameterDict.items", "nn.ParameterDict.values", "nn.ParameterDict.update", "nn.ParameterDict.__contains__",
         "nn.ParameterDict.__getitem__", "nn.ParameterDict.__setitem__", "nn.ParameterDict.__delitem__",
         "nn.ParameterDict.__len__", "nn.ParameterDict.__iter__", "nn.ParameterDict.__init__", "nn.ParameterDict.pop",
         "nn.ParameterDict.get", "nn.ParameterDict.setdefault", "nn.ParameterDict.popitem", "nn.ParameterDict.clear",
         "nn.ParameterDict.copy", "nn.ParameterDict.fromkeys", "nn.ParameterDict.__or__", "nn.ParameterDict.__ror__",
         "nn.ParameterDict.__ior__", "nn.ParameterDict.__reversed__", "nn.ParameterDict.extra_repr",
         "nn.Parameter", "nn.parameter.Parameter", "nn.Buffer", "nn.parameter.Buffer")  # fmt: skip
def lists_and_dicts_of_parameters(lib):
    nn = lib.nn
    p = nn.ParameterList([nn.Parameter(lib.ones(1)), lib.zeros(2)])
    p.append(lib.ones(3))
    p.extend([nn.Parameter(lib.ones(2, 2))])
    p += [lib.ones(1)]
    yield [(n, tuple(t.shape)) for n, t in p.named_parameters()], len(p), [type(t).__name__ for t in p], repr(p).count("Parameter")
    p[0] = lib.full((1,), 5.0)
    yield p[0], len(p[1:3]), raised(lambda: p[99]), raised(p, 1)
    d = nn.ParameterDict({"a": lib.ones(1), "b": lib.zeros(2)})
    d["c"] = nn.Parameter(lib.ones(3))
    d.update({"d": lib.ones(1)})
    yield list(d.keys()), [tuple(v.shape) for v in d.values()], "a" in d, len(d), list(d), list(reversed(d)), d.get("zz") is None
    yield d.pop("a"), d.setdefault("e", lib.ones(1)), d.popitem()[0], list((d | nn.ParameterDict({"f": lib.ones(1)})).keys())
    del d["b"]
    yield list(d.copy().keys()), [n for n, _ in d.items()], list(d.fromkeys(["x", "y"], 1).keys())
    d |= nn.ParameterDict({"g": lib.ones(1)})
    yield list(d), len(nn.ParameterDict())
    d.clear()
    yield len(d)
    w = nn.Parameter(lib.ones(2))
    yield w.requires_grad, isinstance(w, lib.Tensor), type(w * 1).__name__ != "Parameter", nn.Parameter(lib.ones(1), False).requires_grad
    yield type(copy.deepcopy(w)).__name__, type(pickle.loads(pickle.dumps(w))).__name__, raised(nn.Parameter, lib.tensor([1]))
    m = nn.Module()
    m.b = nn.Buffer(lib.ones(1))
    yield [n for n, _ in m.named_buffers()]


@program("optim.Optimizer", "optim.Optimizer.zero_grad", "optim.Optimizer.step", "optim.Optimizer.add_param_group",
         "optim.Optimizer.state_dict", "optim.Optimizer.load_state_dict", "optim.Optimizer.__repr__",
         "optim.Optimizer.__init__", "optim.Optimizer.register_step_post_hook", "optim.Optimizer.register_step_pre_hook",
         "optim.Optimizer.__getstate__")  # fmt: skip
def optimizers_as_objects(lib):
    a, b = (lib.nn.Parameter(lib.ones(2)) for _ in range(2))
    o = lib.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1, momentum=0.9)
    yield [(g["lr"], g["momentum"], len(g["params"])) for g in o.param_groups], sorted(o.defaults)
    (a.sum() + (b * 2).sum()).backward()
    seen = []
    handle = o.register_step_pre_hook(lambda opt, args, kwargs: seen.append("pre"))
    after = o.register_step_post_hook(lambda opt, args, kwargs: seen.append("post"))
    yield o.step(), a, b, seen, o.step(lambda: 5.0)
    handle.remove()
    after.remove()
    o.zero_grad()
    yield a.grad is None, sorted(o.state_dict()), o.state_dict()["state"][0]["momentum_buffer"]
    c = lib.nn.Parameter(lib.ones(1))
    o.add_param_group({"params": c, "lr": 0.01})
    yield len(o.param_groups), raised(o.add_param_group, {"params": c}), raised(lib.optim.SGD, [], 0.1), raised(lib.optim.SGD, [a], -1.0)
    yield raised(lib.optim.SGD, a, 0.1), raised(lib.optim.SGD, [1.0], 0.1), raised(lib.optim.SGD, [a * 2], 0.1)
    other = lib.optim.SGD([{"params": [a]}, {"params": [b]}, {"params": [c]}], lr=9.0)
    other.load_state_dict(o.state_dict())
    yield [g["lr"] for g in other.param_groups], raised(lib.optim.SGD([a], 0.1).load_state_dict, o.state_dict())
    copied = pickle.loads(pickle.dumps(o))
    yield [g["lr"] for g in copied.param_groups], repr(o)


RECORDED_STEPS = (
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "maximize": True}, 2), ("SGD", {}, 1),
    ("Adam", {"weight_decay": 0.1}, 2), ("Adam", {"amsgrad": True}, 2), ("AdamW", {}, 2), ("Adamax", {}, 1), ("NAdam", {}, 2),
    ("NAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1}, 2), ("RAdam", {}, 2), ("RAdam", {"weight_decay": 0.1}, 7),
    ("Adagrad", {"lr_decay": 0.1}, 2), ("Adadelta", {}, 2), ("RMSprop", {}, 2), ("RMSprop", {"centered": True, "momentum": 0.5}, 2),
    ("ASGD", {"t0": 0}, 3), ("Rprop", {}, 3),
)  # fmt: skip


@program("optim.Optimizer.step")
def steps_that_are_recorded(lib):
    for name, settings, steps in RECORDED_STEPS:
        for values in ([0.5, -1.5, 2.0], [0.5 + 1j, -1.5 - 2j, 2.0 + 0.5j]):
            p, g = (lib.tensor(values, requires_grad=True) for _ in range(2))
            q = p * 1
            q.retain_grad()
            o = getattr(lib.optim, name)([q], lr=0.1, differentiable=True, **settings)
            for factor in range(steps, 0, -1):
                q.grad = (-1) ** factor * factor * (g.detach() if factor > 1 else g)
                o.step()
            yield name, q, *lib.autograd.grad((q * q).abs().sum(), (p, g))
            yield [one if lib.is_tensor(one) else None for one in o.state[q].values()]
        leaf = lib.ones(2, requires_grad=True)
        leaf.grad = lib.ones(2)
        yield raised(getattr(lib.optim, name)([leaf], differentiable=True).step)
    rate, q = lib.tensor(0.1, requires_grad=True), lib.tensor([1.0, 2.0]) * lib.ones(2, requires_grad=True)
    q.retain_grad()
    q.grad = lib.tensor([3.0, 4.0])
    lib.optim.SGD([q], lr=rate, differentiable=True).step()
    yield lib.autograd.grad((q * q).sum(), rate)


@program("optim.Optimizer.register_state_dict_pre_hook", "optim.Optimizer.register_state_dict_post_hook",
         "optim.Optimizer.register_load_state_dict_pre_hook", "optim.Optimizer.register_load_state_dict_post_hook",
         "optim.Optimizer.__setstate__")  # fmt: skip
def hooks_around_an_optimizers_state(lib):
    make = lambda: lib.optim.SGD([lib.nn.Parameter(lib.ones(2))], lr=0.1)
    o, seen = make(), []
    handles = [
        o.register_state_dict_pre_hook(lambda o: seen.append("before saving")),
        o.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True),
        o.register_state_dict_post_hook(lambda o, state: state.update(more=1)),
        o.register_state_dict_post_hook(lambda o, state: {**state, "again": state["more"] + 1}),
        o.register_load_state_dict_pre_hook(lambda o, state: seen.append(sorted(state)) or state.pop("more") and None),
        o.register_load_state_dict_post_hook(lambda o: seen.append("loaded")),
    ]
    state = o.state_dict()
    yield state["more"], state["again"], seen
    o.load_state_dict(state)
    yield seen, sorted(state)
    o.register_load_state_dict_pre_hook(lambda o, state: make().state_dict() | {"param_groups": [{"lr": 7.0, "params": [0]}]})
    o.load_state_dict(state)
    yield o.param_groups[0]["lr"]
    for handle in handles:
        handle.remove()
    yield sorted(o.state_dict())
    o.__setstate__({"param_groups": [{"params": [], "lr": 3.0}]})
    yield [group["lr"] for group in o.param_groups]


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


@program("nn.functional.linear")
def a_training_run_takes_the_same_path(lib):
    lib.manual_seed(0)
    nn = lib.nn
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.1), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Dropout(0.25), nn.Linear(64, 5))  # fmt: skip
    o = lib.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9)
    x, y = lib.randn(16, 1, 8, 8), lib.randint(0, 5, (16,))
    for _ in range(5):
        o.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        o.step()
        yield loss.detach()
    yield net.eval()(x).detach().argmax(1), net[1].running_mean, net[1].num_batches_tracked


@program("nn.utils.clip_grad_norm_", "nn.utils.clip_grad_value_", "nn.utils.parameters_to_vector",
         "nn.utils.vector_to_parameters", "nn.utils.get_total_norm", "nn.utils.clip_grads_with_norm_")  # fmt: skip
def utilities_for_parameters(lib):
    m = lib.nn.Linear(2, 2, bias=False)
    with lib.no_grad():
        m.weight.copy_(lib.tensor([[1.0, 2.0], [3.0, 4.0]]))
    (m.weight**2).sum().backward()
    utils = lib.nn.utils
    yield utils.get_total_norm([m.weight.grad]), utils.clip_grad_norm_(m.parameters(), 1.0), m.weight.grad
    utils.clip_grad_value_(m.parameters(), 0.3)
    yield m.weight.grad, utils.parameters_to_vector(m.parameters())
    utils.vector_to_parameters(lib.arange(4.0), m.parameters())
    yield m.weight, utils.clip_grad_norm_(m.parameters(), 5.0, norm_type=float("inf")), utils.clip_grad_norm_([], 1.0)
    m.weight.grad = None
    yield utils.clip_grad_norm_(m.parameters(), 1.0)


@program("nn.UninitializedParameter", "nn.UninitializedBuffer", "nn.parameter.UninitializedParameter",
         "nn.parameter.UninitializedBuffer", "nn.parameter.UninitializedTensorMixin", "nn.parameter.is_lazy")  # fmt: skip
def parameters_without_a_shape(lib):
    nn = lib.nn
    p, b = nn.UninitializedParameter(dtype=lib.float64), nn.UninitializedBuffer(persistent=False)
    is_lazy = nn.parameter.is_lazy
    yield is_lazy(p), is_lazy(b), is_lazy(lib.ones(1)), isinstance(p, nn.Parameter), isinstance(b, nn.parameter.UninitializedTensorMixin)
    yield repr(p), repr(b), p.dtype, b.dtype, p.requires_grad, b.requires_grad, p.is_leaf, b.persistent, p.grad
    for use in (lambda: p.shape, p.numel, p.dim, p.clone, p.detach, b.zero_, lambda: p + 1, lambda: 1 + p, lambda: p == 1,
                lambda: lib.exp(b), lambda: lib.sum(b), lambda: b @ b, lambda: lib.ones(1).add_(b), p.item, b.numpy, p.stride,
                lambda: bool(p), lambda: len(p), lambda: list(p), p.share_memory_, lambda: nn.init.ones_(p)):  # fmt: skip
        yield raised(use)
    twin = copy.deepcopy(p)
    yield type(twin).__name__, twin.dtype, twin.requires_grad
    yield type(pickle.loads(pickle.dumps(p))).__name__
    p.materialize((2, 3))
    b.materialize((4,), dtype=lib.float16)
    yield type(p) is nn.Parameter, p.shape, p.dtype, p.requires_grad, type(b) is lib.Tensor, b.shape, b.dtype, is_lazy(p)


@program("nn.LazyLinear", "nn.LazyConv2d", "nn.LazyBatchNorm1d")
def lazy_modules_before_and_after(lib):
    nn = lib.nn
    make = lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyBatchNorm1d(), nn.LazyLinear(2))
    lib.manual_seed(0)
    net, other = make(), make()
    names = lambda module: [(name, type(t).__name__) for name, t in module.state_dict().items()]
    yield names(net), repr(net), net[0].has_uninitialized_params(), len(list(net.parameters()))
    yield [type(p).__name__ for p in net.double().parameters()], [p.dtype for p in net.parameters()], net[2].running_mean.dtype
    yield raised(net[3], lib.tensor(1.0, dtype=lib.float64)), raised(net[0], lib.ones(2, dtype=lib.float64)), raised(net[3].forward, lib.ones(2))
    optimizer = lib.optim.SGD(net.parameters(), lr=0.1)
    yield list(other.load_state_dict(net.state_dict()).missing_keys), other[3].has_uninitialized_params()
    yield type(copy.deepcopy(net[3])).__name__, type(pickle.loads(pickle.dumps(net[3]))).__name__
    x = lib.arange(100.0, dtype=lib.float64).reshape(2, 2, 5, 5).sin()
    net(x).sum().backward()
    optimizer.step()
    yield names(net), repr(net), list(net.state_dict().values())
    yield raised(nn.Linear(36, 2).load_state_dict, make()[3].state_dict())
    other = make()
    other.load_state_dict(net.state_dict())
    yield type(other[3]).__name__, other[3].in_features, list(other.state_dict().values())
    other(x.float())
    yield repr(other[3]), type(other[2]).__name__
    late = nn.LazyLinear(2)
    late.load_state_dict({"weight": lib.ones(2, 5), "bias": lib.ones(2)})
    yield raised(late, lib.ones(1, 4)), late(lib.ones(1, 5))
    yield raised(nn.LazyConv2d(4, 3, groups=2), lib.ones(1, 3, 5, 5)), raised(nn.LazyConv2d, 4, 3, groups=0)


@program("nn.AdaptiveLogSoftmaxWithLoss")
def an_adaptive_softmax(lib):
    make = lib.nn.AdaptiveLogSoftmaxWithLoss
    lib.manual_seed(0)
    m = make(8, 10, [3, 6], div_value=2.0)
    x = lib.arange(40.0).reshape(5, 8).sin() * 3
    yield repr(m), m.cutoffs, m.shortlist_size, m.n_clusters, m.head_size, list(m.state_dict())
    found = m(x, lib.tensor([0, 2, 3, 6, 9]))
    yield type(found).__name__, found._fields, found.output, found.loss, m.log_prob(x), m.predict(x), m.predict(x * 0), m.predict(x[:0])
    for head in (lib.tensor([9.0, 0, 0, 0, 0]), lib.tensor([0, 0, 0, 0, 9.0])):  # all common, all rare
        with lib.no_grad():
            m.head.weight.copy_(head[:, None].expand(5, 8))
        yield m.predict(lib.ones(3, 8))
    m.reset_parameters()
    yield m.tail[1][0].weight
    for wrong in ([], [0, 3], [3, 3], [6, 3], [3, 10], [2.5]):
        yield raised(make, 8, 10, wrong)
    for args in ((x, lib.tensor([0, 1])), (x[0], lib.tensor([0])), (x, lib.tensor(0)), (x[:1], lib.tensor([[0]])),
                 (x[:1], lib.tensor([10])), (x[:1], lib.tensor([-1]))):  # fmt: skip
        yield raised(m, *args)


@program("nn.LinearCrossEntropyLoss", "nn.LinearCrossEntropyOptions")
def a_linear_layer_with_its_loss(lib):
    nn = lib.nn
    Options = nn.LinearCrossEntropyOptions
    yield repr(Options()), Options(batch_chunk_size=2) == Options(False, 2), Options().chunking_method, raised(setattr, Options(), "acc_policy", "x")
    for wrong in ({"acc_policy": "x"}, {"chunking_method": "y"}, {"chunking_method": "aspect_ratio:0"}, {"batch_chunk_size": 0},
                  {"acc_dtype": lib.int32}, {"acc_dtype": lib.float16}, {"chunking_method": "aspect_ratio:2"}):  # fmt: skip
        yield raised(Options, **wrong)
    lib.manual_seed(0)
    x = lib.arange(12.0).reshape(4, 3).sin().requires_grad_()
    for options in (None, Options(batch_chunk_size=2), Options(chunking_method="aspect_ratio")):
        m = nn.LinearCrossEntropyLoss(3, 5, bias=True, weight=lib.arange(1.0, 6), options=options)
        yield repr(m), list(m.state_dict()), [name for name, _ in m.named_parameters()]
        x.grad = None
        loss = m(x, lib.tensor([0, 4, -100, 2]))
        loss.backward()
        yield loss, x.grad, m.linear.weight.grad, m.linear.bias.grad
    yield raised(nn.LinearCrossEntropyLoss, 3, 5, weight=lib.ones(4)), raised(nn.LinearCrossEntropyLoss, 3, 5, label_smoothing=2)


@program("nn.utils.parametrize.register_parametrization", "nn.utils.parametrize.is_parametrized",
         "nn.utils.parametrize.remove_parametrizations", "nn.utils.parametrize.type_before_parametrizations",
         "nn.utils.parametrize.ParametrizationList", "nn.utils.parametrize.cached",
         "nn.utils.parametrize.transfer_parametrizations_and_params")  # fmt: skip
def parameters_that_are_computed(lib):
    nn, par = lib.nn, lib.nn.utils.parametrize

    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, x):
            return x.triu()

    class Twice(nn.Module):
        def forward(self, x):
            return 2 * x

    class Pair(nn.Module):
        def forward(self, a, b):
            return a + b

        def right_inverse(self, x):
            return x / 4, 3 * x / 4

    lib.manual_seed(0)
    layer = nn.Linear(3, 3)
    weight = layer.weight
    yield par.is_parametrized(layer), par.register_parametrization(layer, "weight", Symmetric()) is layer, par.is_parametrized(layer, "bias")
    yield type(layer).__name__, par.type_before_parametrizations(layer) is nn.Linear, repr(layer), list(layer.state_dict())
    yield layer.parametrizations.weight.original is weight, layer.weight, layer(lib.ones(3)), len(list(layer.parameters()))
    layer.weight = lib.eye(3) * 5
    yield layer.weight, weight, raised(setattr, layer, "weight", nn.Parameter(lib.ones(3, 3)))
    layer.weight.sum().backward()
    yield weight.grad
    par.register_parametrization(layer, "weight", Twice())
    yield layer.weight, raised(setattr, layer, "weight", lib.eye(3)), len(layer.parametrizations["weight"])
    with par.cached():
        yield layer.weight is layer.weight
    yield layer.weight is layer.weight, raised(pickle.dumps, layer)
    twin = copy.deepcopy(layer)
    yield twin.weight, twin.parametrizations.weight.original is weight, type(twin).__name__
    par.register_parametrization(layer, "bias", Pair())
    yield list(layer.state_dict()), layer.bias, layer.parametrizations.bias.original1, raised(par.remove_parametrizations, layer, "bias", False)
    other = par.transfer_parametrizations_and_params(layer, nn.Linear(3, 3), "bias")
    yield other.bias, other.parametrizations.bias.original0 is layer.parametrizations.bias.original0
    par.remove_parametrizations(layer, "bias")
    yield layer.bias, type(layer.bias).__name__, [name for name, _ in layer.named_parameters()], type(layer).__name__
    par.remove_parametrizations(layer, "weight")
    yield layer.weight is weight, weight, type(layer) is nn.Linear, hasattr(layer, "parametrizations")
    par.remove_parametrizations(par.register_parametrization(layer, "weight", Twice()), "weight", leave_parametrized=False)
    yield layer.weight, raised(par.remove_parametrizations, layer, "weight"), raised(par.register_parametrization, layer, "none", Twice())
    norm = nn.BatchNorm1d(3)
    par.register_parametrization(norm, "running_mean", Twice())
    yield norm.running_mean, [name for name, _ in norm.named_buffers()], list(norm.state_dict())

    class Shrinks(nn.Module):
        def forward(self, x):
            return x[0]

    yield raised(par.register_parametrization, nn.Linear(3, 3), "weight", Shrinks()), raised(par.register_parametrization, other, "bias", Shrinks())
    yield par.register_parametrization(nn.Linear(3, 3), "weight", Shrinks(), unsafe=True).weight.shape, raised(par.ParametrizationList, [], weight)


@program("nn.utils.parametrizations.weight_norm", "nn.utils.parametrizations.spectral_norm", "nn.utils.parametrizations.orthogonal")
def weights_with_a_norm(lib):
    nn, par = lib.nn, lib.nn.utils.parametrizations
    lib.manual_seed(0)
    x = lib.arange(6.0).reshape(2, 3).sin()
    for dim in (0, 1, -1, None):
        layer = par.weight_norm(nn.Linear(3, 4), dim=dim)
        layer(x).pow(2).sum().backward()
        yield layer.weight, list(layer.state_dict().values()), [p.grad for p in layer.parameters()]
        layer.weight = lib.arange(1.0, 13).reshape(4, 3)
        yield layer.weight, layer.parametrizations.weight.original0
    old = {"bias": lib.zeros(4), "weight_g": lib.ones(4, 1), "weight_v": lib.ones(4, 3)}
    layer = par.weight_norm(nn.Linear(3, 4))
    yield layer.load_state_dict(old).missing_keys, layer.weight, sorted(old)
    for make in (lambda: nn.Linear(3, 4), lambda: nn.Conv2d(3, 2, 2), lambda: nn.ConvTranspose2d(3, 2, 2)):
        layer = par.spectral_norm(make(), n_power_iterations=2)
        yield list(layer.state_dict().values()), layer.weight, layer.weight
        layer.eval()
        yield layer.weight, layer.weight
        layer.weight.pow(3).sum().backward()
        yield [p.grad for p in layer.parameters()], repr(layer)
    yield par.spectral_norm(nn.Linear(3, 4), "bias").bias, raised(par.spectral_norm, nn.Linear(3, 4), "none"), raised(par.spectral_norm, nn.Linear(3, 4), dim=2)
    yield raised(par.spectral_norm, nn.Linear(3, 4), n_power_iterations=0)
    for shape in ((3, 3), (5, 3), (3, 5)):
        for kind in ("matrix_exp", "cayley", "householder", None):
            for trivial in (True, False):
                lib.manual_seed(1)
                layer = par.orthogonal(nn.Linear(*shape), "weight", kind, use_trivialization=trivial)
                w = layer.weight
                small = w.mT if w.shape[0] < w.shape[1] else w
                yield w.shape, (small.mT @ small - lib.eye(small.shape[1])).abs().max().item() < 1e-5
                if shape == (3, 3) or not trivial:
                    w.pow(3).sum().backward()
                    yield w, layer.parametrizations.weight.original.grad
                q = lib.eye(5)[: w.shape[0], : w.shape[1]]
                if kind == "householder" or trivial:
                    layer.weight = q
                    yield layer.weight
                else:
                    yield raised(setattr, layer, "weight", q) if kind else None
    yield raised(par.orthogonal, nn.Linear(3, 3), "bias"), raised(par.orthogonal, nn.Linear(3, 3), "weight", "x"), raised(par.orthogonal, nn.Linear(3, 3), "x")


@program("optim.swa_utils.AveragedModel", "optim.swa_utils.get_ema_avg_fn", "optim.swa_utils.get_ema_multi_avg_fn",
         "optim.swa_utils.get_swa_avg_fn", "optim.swa_utils.get_swa_multi_avg_fn", "optim.swa_utils.update_bn")  # fmt: skip
def averages_of_a_model(lib):
    nn, swa = lib.nn, lib.optim.swa_utils
    x = lib.arange(24.0).reshape(4, 3, 2).sin()
    for settings in ({}, {"avg_fn": swa.get_swa_avg_fn()}, {"multi_avg_fn": swa.get_swa_multi_avg_fn()}, {"use_buffers": True},
                     {"avg_fn": swa.get_ema_avg_fn(0.8)}, {"multi_avg_fn": swa.get_ema_multi_avg_fn()},
                     {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.5), "use_buffers": True}):  # fmt: skip
        lib.manual_seed(0)
        net = nn.Sequential(nn.Conv1d(3, 2, 1), nn.BatchNorm1d(2))
        average = swa.AveragedModel(net, **settings)
        yield list(average.state_dict()), average.n_averaged, average.module[0].weight is net[0].weight
        for _ in range(4):
            with lib.no_grad():
                for p in net.parameters():
                    p.add_(step * 0.3 - 0.5)
            net(x * step)
            average.update_parameters(net)
        yield list(average.state_dict().values()), average(x)
        average.eval()
        swa.update_bn([x, (x * 2, 1), [x + 1]], average, device="cpu")
        yield average.training, average.module[1].momentum, average.module[1].running_mean, average.module[1].num_batches_tracked
    yield swa.update_bn([x], nn.Linear(2, 2)), raised(swa.get_ema_avg_fn, 1.5), raised(swa.get_ema_multi_avg_fn, -1)
    yield raised(swa.AveragedModel, net, avg_fn=swa.get_swa_avg_fn(), multi_avg_fn=swa.get_swa_multi_avg_fn())


@program("optim.swa_utils.SWALR")
def rates_of_averaging(lib):
    make = lib.optim.swa_utils.SWALR
    group = lambda rate: {"params": [lib.nn.Parameter(lib.ones(1))], "lr": rate}
    for rate, epochs, how in ((0.05, 5, "cos"), ([0.05, 0.5], 3, "linear"), (0.2, 0, "cos"), (0.2, 1, "linear")):
        optimizer = lib.optim.SGD([group(0.1), group(1.0)], lr=0.1)
        schedule = make(optimizer, rate, epochs, how)
        for epoch in range(8):
            optimizer.step()
            schedule.step()
            yield schedule.get_last_lr(), [g["lr"] for g in optimizer.param_groups], optimizer.param_groups[0]["swa_lr"]
            if epoch == 1:
                state = schedule.state_dict()
                schedule = make(optimizer, rate, epochs, how)
                schedule.load_state_dict(state)
    yield raised(make, optimizer, 0.1, 5, "x"), raised(make, optimizer, 0.1, -1), raised(make, optimizer, [0.1])


@program("nn.utils.fuse_conv_bn_eval", "nn.utils.fuse_conv_bn_weights", "nn.utils.fuse_linear_bn_eval",
         "nn.utils.fuse_linear_bn_weights", "nn.utils.stateless.functional_call")  # fmt: skip
def layers_made_one(lib):
    nn, utils = lib.nn, lib.nn.utils
    lib.manual_seed(0)
    x = lib.arange(54.0).reshape(2, 3, 3, 3).sin()
    for conv, transpose in ((nn.Conv2d(3, 4, 2), False), (nn.Conv2d(3, 4, 2, bias=False), False), (nn.ConvTranspose2d(3, 4, 2), True)):
        for affine in (True, False):
            net = nn.Sequential(conv, nn.BatchNorm2d(4, affine=affine))
            net.train()(x)
            net.eval()
            fused = utils.fuse_conv_bn_eval(*net, transpose)
            yield type(fused).__name__, fused.weight, fused.bias, (fused(x) - net(x)).abs().max().item() < 1e-5
            yield fused.weight.requires_grad, fused.bias.requires_grad, fused is conv
    linear, norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
    yield raised(utils.fuse_linear_bn_eval, linear, norm), raised(utils.fuse_conv_bn_eval, linear.eval(), norm)
    norm.eval()
    yield utils.fuse_linear_bn_eval(linear, norm).weight, raised(utils.fuse_linear_bn_eval, linear, nn.BatchNorm1d(3).eval())
    yield raised(utils.fuse_linear_bn_eval, linear, nn.BatchNorm1d(4, track_running_stats=False).eval())
    with lib.no_grad():
        found = utils.fuse_linear_bn_weights(linear.weight.half(), None, norm.running_mean, norm.running_var, 0.5, norm.weight, norm.bias)
    yield found, [one.dtype for one in found]
    given = {"weight": lib.ones(4, 3)}
    yield utils.stateless.functional_call(linear, given, lib.ones(3)), raised(utils.stateless.functional_call, linear, given, lib.ones(3), strict=True)


@program("nn.utils.rnn.PackedSequence", "nn.utils.rnn.invert_permutation", "nn.utils.rnn.pack_padded_sequence",
         "nn.utils.rnn.pack_sequence", "nn.utils.rnn.pad_packed_sequence", "nn.utils.rnn.pad_sequence",
         "nn.utils.rnn.unpack_sequence", "nn.utils.rnn.unpad_sequence")  # fmt: skip
def sequences_of_several_lengths(lib):
    rnn = lib.nn.utils.rnn
    yield rnn.invert_permutation(lib.tensor([2, 0, 3, 1])), rnn.invert_permutation(None)
    rows = [lib.arange(float(n * 2)).reshape(n, 2) + n for n in (2, 4, 1, 4)]
    for first in (False, True):
        for side in ("right", "left"):
            yield rnn.pad_sequence(rows, first, -1.0, side)
    yield rnn.pad_sequence(iter(rows)).shape, raised(rnn.pad_sequence, []), raised(rnn.pad_sequence, 3), raised(rnn.pad_sequence, rows, padding_side="x")
    yield raised(rnn.pad_sequence, [lib.ones(2, 1), lib.ones(1, 2)])
    padded, lengths = rnn.pad_sequence(rows, True).requires_grad_(), lib.tensor([2, 4, 1, 4])
    packed = rnn.pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    yield list(packed), type(packed).__name__, packed._fields, packed.is_cuda
    for first, value, total in ((True, 0.0, None), (False, 9.0, 6)):
        yield rnn.pad_packed_sequence(packed, first, value, total)
    (rnn.pad_packed_sequence(packed)[0] * lib.arange(8.0).reshape(4, 2)[:, None]).sum().backward()
    yield padded.grad, raised(rnn.pad_packed_sequence, packed, total_length=3)
    yield rnn.unpack_sequence(packed), rnn.unpad_sequence(padded, lengths, batch_first=True)
    ordered = [rows[i] for i in (1, 3, 0, 2)]
    yield list(rnn.pack_sequence(ordered)), raised(rnn.pack_sequence, rows), list(rnn.pack_sequence(rows, enforce_sorted=False))
    yield list(rnn.pack_padded_sequence(lib.ones(5, 2, 1), [3, 1])), raised(rnn.pack_padded_sequence, lib.ones(5, 2, 1), [3, 0])
    yield raised(rnn.pack_padded_sequence, lib.ones(5, 2, 1), [3])
    yield list(packed.double()), packed.to(lib.float32) is packed, packed.long().data.dtype, packed.half().data.dtype, packed.cpu() is packed
    yield [getattr(packed, name)().data.dtype for name in ("float", "int", "short", "char", "byte")], packed.is_pinned()
    yield list(rnn.PackedSequence((lib.ones(3), lib.tensor([2, 1])))), raised(rnn.PackedSequence, lib.ones(3))


@program("nn.LSTM", "nn.GRU", "nn.RNN")
def recurrent_networks_of_packed_sequences(lib):
    nn, rnn = lib.nn, lib.nn.utils.rnn
    rows = [(lib.arange(float(n * 3)).reshape(n, 3) + n).sin() for n in (2, 4, 1, 4, 3)]
    for make in (nn.LSTM, nn.GRU, nn.RNN, lambda *a, **k: nn.LSTM(*a, proj_size=1, **k)):
        for settings in ({}, {"num_layers": 2, "bidirectional": True, "dropout": 0.5}, {"batch_first": True, "bidirectional": True}):
            lib.manual_seed(0)
            net = make(3, 2, **settings)
            packed = rnn.pack_sequence(rows, enforce_sorted=False)
            packed.data.requires_grad_()
            out, last = net(packed)
            states = last if isinstance(last, tuple) else (last,)
            yield type(out).__name__, list(out), list(states)
            (out.data.pow(2).sum() + sum(one.pow(3).sum() for one in states)).backward()
            yield packed.data.grad, [p.grad for p in net.parameters()]
            net.eval()
            first = [lib.arange(float(one.numel())).reshape(one.shape).cos() for one in states]
            out, last = net(packed, tuple(first) if isinstance(last, tuple) else first[0])
            yield rnn.pad_packed_sequence(out), last
            yield net(rnn.pack_sequence(rows[1:2]))[1], raised(net, packed, tuple(one[:, 1:] for one in first))
    yield raised(nn.GRU(4, 2), packed), raised(nn.GRU(3, 2), rnn.PackedSequence(lib.ones(3), lib.tensor([2, 1])))


@program("nn.utils.rnn.pack_padded_sequence")
def a_length_beyond_the_input(lib):
    yield raised(lib.nn.utils.rnn.pack_padded_sequence, lib.ones(5, 2, 1), [6, 1])


@program("nn.utils.weight_norm", "nn.utils.remove_weight_norm", "nn.utils.spectral_norm", "nn.utils.remove_spectral_norm")
def weights_with_a_norm_by_hooks(lib):
    nn, utils = lib.nn, lib.nn.utils
    lib.manual_seed(0)
    x = lib.arange(6.0).reshape(2, 3).sin()
    for dim in (0, 1, -1, None):
        layer = utils.weight_norm(nn.Linear(3, 4), dim=dim)
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
        layer(x).pow(2).sum().backward()
        yield layer.weight, list(layer.state_dict()), [p.grad for p in layer.parameters()]
        optimizer.step()
        yield layer(x), raised(utils.weight_norm, layer), utils.remove_weight_norm(layer) is layer
        yield list(layer.state_dict()), layer.weight, layer(x), type(layer.weight).__name__, raised(utils.remove_weight_norm, layer)
    for make, shape in ((lambda: nn.Linear(3, 4), (2, 3)), (lambda: nn.Conv2d(3, 2, 2), (1, 3, 3, 3)), (lambda: nn.ConvTranspose2d(3, 2, 2), (1, 3, 2, 2))):
        layer, x = utils.spectral_norm(make(), n_power_iterations=2), lib.arange(54.0)[: 6 if len(shape) == 2 else 27 if shape[2] == 3 else 12].reshape(shape).sin()
        yield list(layer.state_dict().values()), layer(x), layer(x)
        layer(x).pow(2).sum().backward()
        yield [p.grad for p in layer.parameters()], list(layer.state_dict()), layer.eval()(x), layer(x)
        yield raised(utils.spectral_norm, layer), list(utils.remove_spectral_norm(layer).state_dict().values()), layer(x)
        yield raised(utils.remove_spectral_norm, layer)
    yield raised(utils.spectral_norm, nn.Linear(3, 4, bias=False), "bias"), raised(utils.spectral_norm, nn.Linear(3, 4), n_power_iterations=0)
    yield raised(utils.weight_norm, nn.LazyLinear(3)), raised(utils.spectral_norm, nn.LazyLinear(3))


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


@program("nn.RNNBase", "nn.RNNCellBase")
def what_recurrent_modules_stand_on(lib):
    lib.manual_seed(0)
    made = lib.nn.RNNBase("LSTM", 3, 4, num_layers=2, bidirectional=True, bias=True)
    yield dict(made.named_parameters()), made.mode, made.hidden_size, made.num_layers, made.bidirectional
    yield raised(lib.nn.RNNBase, "GRU", 3, 0), raised(lib.nn.RNNBase, "other", 3, 4), raised(lib.nn.RNNBase, "GRU", 3, 4, dropout=2)
    cell = lib.nn.RNNCellBase(3, 4, bias=False, num_chunks=2)
    yield {name: one.shape for name, one in cell.named_parameters()}, isinstance(lib.nn.GRUCell(2, 2), lib.nn.RNNCellBase)
    yield isinstance(lib.nn.LSTM(2, 2), lib.nn.RNNBase), isinstance(lib.nn.RNNCell(2, 2), lib.nn.RNNCellBase)


@program("nn.Sequential.__dir__", "nn.ParameterList.__dir__")
def names_of_parts_are_no_attributes(lib):
    several = dir(lib.nn.Sequential(lib.nn.ReLU(), lib.nn.ReLU()))
    listed = dir(lib.nn.ParameterList([lib.ones(1), lib.ones(2)]))
    yield "append" in several, "0" in several, "1" in several, "extend" in listed, "0" in listed


@program("nn.Conv1d", "nn.Conv2d", "nn.Conv3d")
def convolutions_with_another_weight(lib):
    class Halved(lib.nn.Conv2d):
        def _conv_forward(self, input, weight, bias):
            return super()._conv_forward(input, weight / 2, bias)

    for dims, make in enumerate((lib.nn.Conv1d, lib.nn.Conv2d, lib.nn.Conv3d), 1):
        for mode in ("zeros", "circular"):
            conv, x = make(2, 3, 3, padding=1, stride=2, padding_mode=mode), lib.linspace(-1, 1, 2 * 5**dims).reshape(1, 2, *[5] * dims)
            yield conv._conv_forward(x, lib.linspace(0, 1, conv.weight.numel()).reshape(conv.weight.shape), lib.ones(3))
            yield conv._conv_forward(x, lib.ones(3, 2, *[3] * dims), None)
    lib.manual_seed(0)
    yield Halved(2, 3, 3)(lib.ones(1, 2, 5, 5))


@program("nn.init.uniform_", "nn.init.normal_", "nn.init.trunc_normal_", "nn.init.constant_", "nn.init.zeros_")
def initial_values_by_the_names_of_layers(lib):
    lib.manual_seed(0)
    init, weight = lib.nn.init, lib.nn.Parameter(lib.ones(3, 4))
    yield init._no_grad_uniform_(weight, -0.5, 0.5).clone(), init._no_grad_normal_(weight, 1.0, 0.1).clone()
    yield init._no_grad_trunc_normal_(weight, 0.0, 1.0, -0.5, 0.5).clone(), init._no_grad_fill_(weight, 2.0).clone(), init._no_grad_zero_(weight)


@program("nn.init.sparse_")
def a_sparse_start(lib):
    lib.manual_seed(0)
    found = lib.nn.init.sparse_(lib.empty(10, 4), sparsity=0.35, std=0.5)
    yield found, (found == 0).sum(0)
    yield raised(lib.nn.init.sparse_, lib.empty(3), 0.1)


@program("optim.lr_scheduler.LRScheduler", "optim.lr_scheduler.LRScheduler.__init__",
         "optim.lr_scheduler.LRScheduler.get_last_lr", "optim.lr_scheduler.LRScheduler.get_lr",
         "optim.lr_scheduler.LRScheduler.load_state_dict", "optim.lr_scheduler.LRScheduler.state_dict",
         "optim.lr_scheduler.LRScheduler.step")  # fmt: skip
def a_schedule_of_ones_own(lib):
    import warnings

    class Halved(lib.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base * 0.5**self.last_epoch for base in self.base_lrs]

    weight = lib.ones(2, requires_grad=True)
    optimizer = lib.optim.SGD([weight], lr=0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule = Halved(optimizer)
        rates = [schedule.get_last_lr()]
        for _ in range(3):
            optimizer.step()
            schedule.step()
            rates.append(schedule.get_last_lr())
        yield rates, optimizer.param_groups[0]["lr"], schedule.last_epoch
        state = schedule.state_dict()
        yield sorted(key for key in state if not key.startswith("_")), state["base_lrs"], state["last_epoch"]
        other = Halved(lib.optim.SGD([weight], lr=0.8))
        other.load_state_dict(state)
        other.step()
        yield other.get_last_lr(), other.last_epoch
        yield raised(lib.optim.lr_scheduler.LRScheduler, optimizer), raised(Halved, 3)


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


@program("nn.functional.embedding_bag")
def the_last_bag_and_its_end(lib):
    table, index = lib.arange(10.0).reshape(5, 2), lib.tensor([0, 1, 2, 3])
    for mode in ("sum", "max"):
        for padding in (None, 1):
            yield lib.nn.functional.embedding_bag(index, table, lib.tensor([0, 1, 3]), include_last_offset=True, mode=mode, padding_idx=padding)
    yield lib.nn.functional.embedding_bag(index, table, lib.tensor([0, 1, 3]), include_last_offset=True, mode="mean", padding_idx=4)


@program("nn.functional.adaptive_avg_pool1d", "nn.functional.adaptive_avg_pool2d", "nn.functional.adaptive_max_pool2d", "nn.functional.adaptive_max_pool3d")
def pools_of_nothing(lib):
    F = lib.nn.functional
    for kind in ("avg", "max"):
        for n, shape in ((1, (0, 4)), (1, (2, 0, 4)), (1, (0, 2, 4)), (2, (0, 4, 4)), (2, (2, 0, 4, 4)), (2, (2, 3, 0, 4)), (3, (0, 4, 4, 4)), (3, (2, 0, 4, 4, 4))):
            pool = getattr(F, f"adaptive_{kind}_pool{n}d")
            error = raised(pool, lib.ones(shape), 2)
            yield error, "" if error else pool(lib.ones(shape), 2).shape


@program("nn.functional.nll_loss")
def scores_without_dimensions(lib):
    for target in (lib.tensor(1.0), lib.ones(1), lib.tensor(0)):
        yield raised(lib.nn.functional.nll_loss, lib.tensor(1.0), target, reduction="none")


@program("nn.ParameterDict", "nn.ParameterList", "nn.Sequential.insert", "nn.RNNCell", "nn.LSTMCell", "nn.GRUCell", "nn.Linear")
def containers_and_cells_refuse(lib):
    nn, one = lib.nn, lib.ones
    names = nn.ParameterDict()
    names.update({"b": one(1), "a": one(1)})
    names.update(OrderedDict([("d", one(1)), ("c", one(1))]))
    yield list(names), raised(nn.ParameterList([one(2)]).extend, one(2))
    for at in (-4, -3, 3, 4):
        row = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.ELU())
        yield raised(row.insert, at, nn.GELU()), [type(each).__name__ for each in row]
    for kind in (nn.RNNCell, nn.GRUCell, nn.LSTMCell):
        for x, h in ((one(3, 4), one(1, 5)), (one(4), one(5)), (one(3, 4), one(5)), (one(1, 4), one(3, 5)), (one(4), one(1, 5))):
            yield raised(kind(4, 5), x, (h, h) if kind is nn.LSTMCell else h)
    yield nn.RNNCell(4, 0)(one(3, 4)).shape, nn.Linear(3, 0)(one(2, 3)).shape


@program("nn.functional.group_norm", "nn.functional.interpolate")
def sizes_that_make_no_sense(lib):
    F = lib.nn.functional
    for shape, groups in (((1, 10, 1), 10), ((2, 10, 1), 10), ((1, 10, 2), 10), ((1, 2), 2), ((1, 2, 1, 1), 1)):
        yield raised(F.group_norm, lib.ones(shape), groups)
    x = lib.ones(1, 1, 4, 4)
    for given in ({"scale_factor": 1e20}, {"scale_factor": -1e20}, {"size": 8.0}, {"size": lib.tensor(8.0)}):
        yield raised(F.interpolate, x, mode="bilinear", **given)


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


@program("nn.LSTM", "nn.RNNBase.all_weights")
def weights_of_a_recurrent_network_in_order(lib):
    net = lib.nn.LSTM(2, 3, 2, bidirectional=True, proj_size=1)
    yield net._flat_weights_names, net._all_weights, [one.shape for one in net._flat_weights]
    yield all(one is getattr(net, name) for one, name in zip(net._flat_weights, net._flat_weights_names))


@program("nn.modules.utils.consume_prefix_in_state_dict_if_present")
def names_lose_a_prefix(lib):
    class Wrapped(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = lib.nn.Sequential(lib.nn.Linear(1, 1), lib.nn.BatchNorm1d(1))

    for prefix in ("module.", "module.0.", "other."):
        state = Wrapped().state_dict()
        state["outside"] = 1
        lib.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, prefix)
        yield list(state), dict(state._metadata)
    plain = {"module.a": 1, "b": 2}
    lib.nn.modules.utils.consume_prefix_in_state_dict_if_present(plain, "module.")
    yield plain


@program("nn.ParameterDict.copy", "nn.ParameterDict.fromkeys")
def copies_of_a_dictionary_of_parameters_keep_its_order(lib):
    def made(names):
        return lib.nn.ParameterDict([(name, lib.nn.Parameter(lib.ones(1))) for name in names])

    first, second = made("zaq"), made("bz")
    yield list(first.copy()), list(first | second), list(second | first), [name for name, _ in (first | second).named_parameters()]
    yield list(first.fromkeys(["x", "c"]))


OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop", "Rprop", "ASGD", "Adafactor"]


def _steps(lib, optimizer, x, n=3):
    for _ in range(n):
        optimizer.zero_grad()
        (x * x).sum().backward()
        optimizer.step()


@table("optim", [(name, dtype) for name in OPTIMIZERS for dtype in ("float16", "bfloat16")])
def steps_of_half_precision(lib, name, dtype):
    lib.manual_seed(0)
    x = lib.randn(3, 4).to(getattr(lib, dtype)).requires_grad_()
    settings = {"momentum": 0.9, "nesterov": True} if name == "SGD" else {}
    optimizer = getattr(lib.optim, name)([x], lr=2**-7, **settings)
    _steps(lib, optimizer, x, 2)
    yield x.detach(), x.dtype, {key: value.dtype for key, value in optimizer.state[x].items() if isinstance(value, lib.Tensor)}


@table("optim", [(name, named) for name in OPTIMIZERS[:-1] for named in (False, True)])
def state_of_earlier_versions(lib, name, named):
    lib.manual_seed(0)
    net = lib.nn.Linear(2, 1)
    kind = getattr(lib.optim, name)
    before = kind(net.parameters(), lr=0.125)
    _steps(lib, before, net.weight)
    state = copy.deepcopy(before.state_dict())
    for group in state["param_groups"]:
        for key in ("maximize", "foreach", "capturable", "differentiable", "fused", "amsgrad", "nesterov", "decoupled_weight_decay"):
            group.pop(key, None)
    for values in state["state"].values():
        values.update({key: values[key].item() for key in ("step", "eta", "mu", "mu_product") if key in values})
    after = kind(net.named_parameters() if named else net.parameters(), lr=0.125)
    after.load_state_dict(state)
    _steps(lib, after, net.weight)
    yield net.weight.detach(), {key: value for key, value in sorted(after.param_groups[0].items()) if key not in ("params", "fused")}
    yield sorted((key, value.dtype) for key, value in after.state[net.weight].items() if value is not None)


@program("optim.SGD", "optim.Optimizer")
def a_tensor_that_keeps_its_gradient_is_stepped(lib):
    leaf = lib.ones(2, requires_grad=True)
    inner = leaf * 2
    yield raised(lib.optim.SGD, [inner], 0.5)
    inner.retain_grad()
    optimizer = lib.optim.SGD([inner], lr=0.5)
    inner.sum().backward()
    optimizer.step()
    yield inner.detach(), leaf.grad


@program("Tensor.new")
def new_tensors_of_a_size(lib):
    x = lib.ones(2)
    yield [tuple(one.shape) for one in (x.new(size=(3, 4)), x.new(size=lib.Size([2])), x.new(()), x.new(2, 3), x.new())]


@program("nn.TransformerEncoderLayer", "nn.TransformerDecoderLayer")
def blocks_of_layers_are_called_and_replaced(lib):
    nn, x, memory = lib.nn, lib.randn(5, 2, 4), lib.randn(3, 2, 4)
    mask = lib.ones(5, 5, dtype=lib.bool).triu(1)
    for norm_first in (False, True):
        coder, decoder = nn.TransformerEncoderLayer(4, 2, 8, 0.5, norm_first=norm_first), nn.TransformerDecoderLayer(4, 2, 8, 0.5, norm_first=norm_first)
        for layer in (coder, decoder):
            with lib.no_grad():
                for one in layer.parameters():
                    one.copy_(lib.rand(one.shape))
            layer.eval()
            yield layer._sa_block(x, mask, None), layer._ff_block(x)
        yield decoder._mha_block(x, memory, None, lib.tensor([[False, False, True]] * 2)), coder(x, mask), decoder(x, memory, mask)
        coder.train(), decoder.train()
        coder._sa_block = lambda x, attn_mask, key_padding_mask, is_causal=False: x * 2
        decoder._mha_block = lambda x, mem, attn_mask, key_padding_mask, is_causal=False: mem.mean(0)
        coder._ff_block = decoder._ff_block = decoder._sa_block = lambda x, *rest, **named: x + 1
        yield coder(x), decoder(x, memory)


@program("nn.ConstantPad2d", "nn.ZeroPad1d", "nn.ReflectionPad2d", "nn.ReplicationPad3d", "nn.CircularPad1d")
def classes_that_packages_ask_for(lib):
    nn, found = lib.nn, lib.nn.modules.padding
    pads = nn.ConstantPad2d(1, 0.0), nn.ZeroPad1d(1), nn.ReflectionPad2d(1), nn.ReplicationPad3d(1), nn.CircularPad1d(1)
    for kind in (found._ConstantPadNd, found._ReflectionPadNd, found._ReplicationPadNd, found._CircularPadNd):
        yield [isinstance(pad, kind) for pad in pads]
    yield issubclass(lib.jit.TracerWarning, Warning)


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


@program("nn.parameter.Parameter", "nn.parameter.Buffer")
def copies_of_parameters_are_their_values(lib):
    nn = lib.nn
    p = nn.Parameter(lib.ones(2))
    p.grad, p.tag = lib.ones(2), 3
    twin = copy.deepcopy(p)
    yield twin, twin.grad, hasattr(twin, "tag"), twin.requires_grad, type(twin).__name__
    x = lib.ones(2, requires_grad=True)
    x.grad, x.tag = lib.ones(2), 3
    twin = copy.deepcopy(x)
    yield twin, twin.grad, twin.tag

    class Named(nn.Parameter):
        def __new__(cls, data, requires_grad=True, name="none"):
            made = super().__new__(cls, data, requires_grad)
            made.name_ = name
            return made

    twin = copy.deepcopy(Named(lib.ones(2), name="one"))
    yield type(twin).__name__, twin.name_
    fixed = nn.Parameter(lib.arange(6.0).reshape(2, 3).t(), requires_grad=False)
    both = copy.deepcopy([fixed, fixed, fixed.data])
    yield both, both[0] is both[1], both[0].data_ptr() == both[2].data_ptr(), both[0].stride()
    buffer = nn.Buffer(lib.ones(2), persistent=False)
    twin = copy.deepcopy(buffer)
    yield type(buffer).__name__, isinstance(twin, nn.Buffer), twin.persistent, isinstance(buffer, nn.Parameter), raised(nn.Buffer, lib.ones(1), True)
    yield nn.Buffer(lib.ones(1, requires_grad=True)).requires_grad, type(nn.Buffer(p)).__name__, nn.Buffer(), nn.Buffer(x).data_ptr() == x.data_ptr()


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


@program("optim.Adam", "optim.SGD", "optim.Adagrad")
def settings_that_exclude_each_other(lib):
    optim, p = lib.optim, lib.nn.Parameter(lib.ones(1))
    for kind in (optim.Adam, optim.AdamW, optim.SGD, optim.Adagrad):
        yield raised(kind, [p], fused=True, foreach=True), raised(kind, [p], fused=True, differentiable=True), raised(kind, [p], lr="a")
        yield raised(kind, [p], lr=lib.tensor([0.1, 0.2])), warned(kind, [p, p]), warned(kind, [p])
        yield raised(kind, [("a", p), lib.nn.Parameter(lib.ones(1))]), raised(kind, [lib.nn.Parameter(lib.ones(1)), ("a", p)])
    for kind in (optim.Adam, optim.AdamW):
        yield raised(kind, [p], lr=lib.tensor(0.1), foreach=True), raised(kind, [p], betas=(lib.tensor(0.9), 0.9))
        yield raised(kind, [p], lr=lib.tensor(0.1), foreach=True, capturable=True)


def _schedules(lib, optimizer):
    """One of each kind."""
    kinds = lib.optim.lr_scheduler
    yield kinds.StepLR(optimizer, 2)
    yield kinds.MultiStepLR(optimizer, [1, 3])
    yield kinds.ConstantLR(optimizer, 0.5, 2)
    yield kinds.LinearLR(optimizer, 0.5, total_iters=3)
    yield kinds.ExponentialLR(optimizer, 0.9)
    yield kinds.PolynomialLR(optimizer, 4, 2.0)
    yield kinds.CosineAnnealingLR(optimizer, 3)
    yield kinds.CosineAnnealingWarmRestarts(optimizer, 2, 2)
    yield kinds.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
    yield kinds.MultiplicativeLR(optimizer, lambda epoch: 0.9)
    yield kinds.ReduceLROnPlateau(optimizer, patience=0)
    yield lib.optim.swa_utils.SWALR(optimizer, 0.05, anneal_epochs=2)
    yield kinds.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2)
    yield kinds.CyclicLR(optimizer, 0.1, 0.5, step_size_up=2, scale_fn=lambda x: 0.5**x, cycle_momentum=False)
    yield kinds.OneCycleLR(optimizer, 0.5, total_steps=8)
    yield kinds.OneCycleLR(optimizer, 0.5, total_steps=8, three_phase=True, anneal_strategy="linear")


def _rounded(value):
    """Numbers to nine digits, also in what holds them."""
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


@program("optim.lr_scheduler.LRScheduler")
def what_a_schedule_keeps_is_what_pytorchs_keeps(lib):
    p = lib.nn.Parameter(lib.ones(1))
    for rate in (float, lib.tensor):
        for number in range(16):
            optimizer = lib.optim.SGD([p], lr=rate(1.0), momentum=0.9)
            schedule = next(itertools.islice(_schedules(lib, optimizer), number, None))
            measured = type(schedule).__name__ == "ReduceLROnPlateau"
            for _ in range(4):
                optimizer.step()
                schedule.step(*[1.0] * measured)
                yield _rounded(schedule.get_last_lr())
            state = schedule.state_dict()
            yield sorted(state), {name: _rounded(state[name]) for name in sorted(state)}
            optimizer = lib.optim.SGD([p], lr=1.0, momentum=0.9)
            again = next(itertools.islice(_schedules(lib, optimizer), number, None))
            again.load_state_dict(copy.deepcopy(state))
            optimizer.step()
            again.step(*[1.0] * measured)
            yield _rounded(again.get_last_lr())
