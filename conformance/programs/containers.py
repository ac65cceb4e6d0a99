"""Sequences, lists and dictionaries of modules and parameters."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

from . import program, raised


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


@program("nn.Sequential.__dir__", "nn.ParameterList.__dir__")
def names_of_parts_are_no_attributes(lib):
    several = dir(lib.nn.Sequential(lib.nn.ReLU(), lib.nn.ReLU()))
    listed = dir(lib.nn.ParameterList([lib.ones(1), lib.ones(2)]))
    yield "append" in several, "0" in several, "1" in several, "extend" in listed, "0" in listed


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


@program("nn.ParameterDict.copy", "nn.ParameterDict.fromkeys")
def copies_of_a_dictionary_of_parameters_keep_its_order(lib):
    def made(names):
        return lib.nn.ParameterDict([(name, lib.nn.Parameter(lib.ones(1))) for name in names])

    first, second = made("zaq"), made("bz")
    yield list(first.copy()), list(first | second), list(second | first), [name for name, _ in (first | second).named_parameters()]
    yield list(first.fromkeys(["x", "c"]))
