"""TorchScript: archives written by hand as PyTorch writes them, and every way in which they may be wrong.

That files of PyTorch's own run, and give what PyTorch gives, is judged by `conformance/exported.py` and `conformance/tests/test_torchscript.py`.
"""

import copy
import io
import pickle
import sys
import types
import zipfile

import pytest

import lucid
from lucid import jit

MODULE = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  scale : float
  size : Final[int] = 3
"""


def archive(code, constants=(), **files):
    """A file of a module of the class M in the given code, with attributes, and other files in place of those."""
    kind = type("M", (), {"__module__": "__torch__"})
    made = kind()
    made.__dict__.update(training=False, scale=2.0)
    sys.modules["__torch__"] = types.ModuleType("__torch__")
    sys.modules["__torch__"].M = kind
    try:
        pickled = pickle.dumps(made, 2)
    finally:
        del sys.modules["__torch__"]
    written = {"data.pkl": pickled, "code/__torch__.py": code, "constants.pkl": pickle.dumps(tuple(constants), 2), "version": "3"}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, data in {**written, **files}.items():
            out.writestr(f"m/{name}", data)
    file.seek(0)
    return file


def method(body, parameters="x: Tensor", name="forward"):
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"  def {name}(self: __torch__.M,\n    {parameters}) -> Tensor:\n{lines}"


def program(body, parameters="x: Tensor", rest="", **given):
    return jit.load(archive(MODULE + method(body, parameters) + rest, **given))


X = lucid.tensor([[1.0, -2.0, 3.0], [0.0, 5.0, -6.0]])


def test_a_module():
    model = program(
        "scale = self.scale\nif torch.gt(torch.size(x, 0), 1):\n  y = torch.mul(x, scale)\nelse:\n  y = x\n"
        "total = 0\nfor i in range(3):\n  total = torch.add(total, i)\nwhile torch.lt(total, 10):\n  total = torch.add(total, 4)\n"
        "z = torch.add(torch.relu(y), total, alpha=1)\nreturn torch.slice(z, 1, 0, 2)"
    )
    assert isinstance(model, jit.ScriptModule) and model.original_name == "M" and not model.training and model.size == 3
    assert lucid.equal(model(X), (X * 2).relu()[:, :2] + 11)
    model.scale = 1.0
    assert lucid.equal(copy.deepcopy(model)(x=X), X.relu()[:, :2] + 11)
    assert "torch.relu(y)" in model.code and "original_name=M" in repr(model)
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        model.other  # noqa: B018
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        model()


def test_methods_functions_and_named_tuples():
    rest = method("return __torch__.twice(x)", name="doubled") + (
        "class Pair(NamedTuple):\n  a : Tensor\n  b : int\nclass Color(Enum):\n  RED = 1\ndef twice(x: Tensor,\n    n: int=2) -> Tensor:\n  return torch.mul(x, n)\n"
    )
    model = program(
        "_0 = __torch__.twice\ny = (self).doubled(_0(x, 3, ), )\npair = __torch__.Pair(y, 4)\nif torch.eq(__torch__.Color.RED, __torch__.Color.RED):\n  n = pair.b\n"
        "else:\n  n = 0\nreturn (torch.add((pair).a, n), pair)", rest=rest
    )  # fmt: skip
    out, pair = model(X)
    assert lucid.equal(out, X * 6 + 4) and type(pair).__name__ == "Pair" and pair.b == 4
    assert lucid.equal(model.doubled(X), X * 2)


def test_constants_lists_and_words():
    model = program(
        'l = annotate(List[int], [])\n_0 = torch.append(l, 4)\nt : Dict[str, float] = {"a": 1.5, "b": -inf}\n'
        's = torch.format("{} and {}", CONSTANTS.c0, torch.len(l))\na, b, = torch.size(x)\nz = 1.5+2.j\nreturn (l, t, s, a, b, t["a"], float(a), -nan, z)',
        constants=["one"],
    )
    *found, nan, z = model(X)
    assert found == [[4], {"a": 1.5, "b": float("-inf")}, "one and 1", 2, 3, 1.5, 2.0] and nan != nan and z == 1.5 + 2j


def test_operators_of_numbers_and_of_tensors_have_one_name():
    body = (
        "return [torch.add(n, 2), torch.floordiv(-7, n), torch.remainder(-7, n), torch.div(n, 2), torch.pow(n, 2), torch.eq(n, 3.), "
        "torch.add([1], [n]), torch.add('a', 'b'), torch.log(0.), torch.sqrt(-1.), torch.floor(2.5), torch.round(2.5), torch.gt(x, n)]"
    )
    *found, root, rounded_down, rounded, greater = program(body, "x: Tensor,\n    n: int")(X, 3)
    assert found == [5, -3, 2, 1.5, 9.0, True, [1, 3], "ab", float("-inf")] and [type(one) for one in found[3:5]] == [float, float]
    assert root != root and (rounded_down, rounded) == (2, 2.0) and lucid.equal(greater, X > 3)


def test_dtypes_and_devices_are_numbers_or_left_out():
    body = "return (torch.to(x, 7), torch.zeros([2], dtype=4, layout=0, device=ops.prim.device(x), pin_memory=False), ops.prim.dtype(x), torch.softmax(x, 1, 7), torch.to(x, torch.device('cpu'), 3, False, True))"
    double, zeros, number, softmax, whole = program(body)(X)
    assert [one.dtype for one in (double, zeros, softmax, whole)] == [lucid.float64, lucid.int64, lucid.float64, lucid.int32] and number == 6


def test_what_it_raises():
    with pytest.raises(jit.Error, match="builtins.ValueError: bad 3"):
        program('ops.prim.RaiseException(torch.format("bad {}", 3), "builtins.ValueError")\nreturn x')(X)
    with pytest.raises(NotImplementedError, match="torch.no_such_thing"):
        program("return torch.no_such_thing(x)")(X)
    branch = "if torch.lt(torch.size(x, 0), 0):\n  y = ops.other.thing(x)\nelse:\n  y = x\nreturn y"
    assert lucid.equal(program(branch)(X), X)  # it never comes to what there is not
    with pytest.warns(UserWarning, match="careful"):
        program('torch.warn("careful")\nreturn x')(X)


# A program reaches nothing but operators and what is its own, however it is written.
HOSTILE = {
    "attribute of a tensor": "return x.array",
    "class of a tensor": "return x.__class__",
    "class of a number": "n = 1\nreturn n.__class__",
    "method of a tensor": "return (x).numpy()",
    "method of a string": 's = "{0.__class__}"\nreturn (s).format(x)',
    "its own dictionary": "return self.__dict__",
    "its own class": "return self.__class__",
    "a method that is no program's": "return (self).state_dict()",
    "a method of a module": 'return getattr(self, "register_buffer")',
    "set on a tensor": "x.array = 1\nreturn x",
    "a builtin": 'return eval("1")',
    "an import": 'return __import__("os")',
    "open": 'return open("/dev/null")',
    "import": "import os\nreturn x",
    "lambda": "return (lambda: x)()",
    "comprehension": "return [i for i in [1]]",
    "subscript set": "l = [1]\nl[0] = 2\nreturn l",
    "try": "try:\n  y = x\nexcept:\n  y = x\nreturn y",
    "global": "global y\ny = x\nreturn y",
    "names of this module": "return __lucid_0",
    "decorator": "@x\ndef f():\n  return 1\nreturn f()",
    "walrus": "return (y := x)",
    "formatted": 'return f"{x.__class__}"',
    "star": "return torch.add(*x)",
    "keywords": "return torch.add(**x)",
    "comparison": "return x < x",
    "product": "return x @ x",
    "constant beyond": "return CONSTANTS.c7",
    "no constant": "return CONSTANTS.x",
    "a class that is not there": "return __torch__.Nothing(x)",
    "new of a function": "return __torch__.f.__new__(__torch__.f)",
    "method of an enumeration": "return __torch__.Color.mro()",
    "class of an enumeration": "return __torch__.Color.__class__",
    "method of a member": "return (__torch__.Color.RED).mro()",
    "bytes": 'return b"a"',
    "more placeholders than values": 'return torch.format("{}{}", 1)',
    "depth": "return " + "-" * 5000 + "1",
    "a long chain": "return self" + ".scale" * 5000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_reaches_nothing_else(name):
    rest = "def f(x: Tensor) -> Tensor:\n  return x\nclass Color(Enum):\n  RED = 1\n"
    with pytest.raises((ValueError, TypeError, AttributeError, NameError, KeyError, RecursionError, jit.Error)):
        program(HOSTILE[name], rest=rest)(X)


def test_text_is_formatted_without_looking_into_values():
    assert program('return torch.format("{} {} {}", [1., -2.5, 0.1], ("a",), {"b": True})')(X) == "[1., -2.5, 0.10000000000000001] (a,) {b: True}"
    assert program('return torch.format("{0.__class__} {} {!r}", 1)')(X) == "{0.__class__} 1 {!r}"


DAMAGED = {
    "no class": archive("x = 1\n"),
    "no syntax": archive("class M(Module:\n"),
    "brackets": archive(MODULE + method("return " + "(" * 300 + "x" + ")" * 300)),
    "of no module": archive("class M:\n  a : int\n"),
    "a compiled class": archive(MODULE, **{"data.pkl": b"\x80\x02c__torch__.torch.classes.a\nB\n)\x81."}),
    "another object": archive(MODULE, **{"data.pkl": b"\x80\x02cos\nsystem\n)\x81."}),
    "built on a number": archive(MODULE, **{"data.pkl": b"\x80\x02K\x01}b."}),
    "a new number": archive(MODULE, **{"data.pkl": b"\x80\x02K\x01)\x81."}),
    "cut short": io.BytesIO(archive(MODULE).getvalue()[:200]),
    "an empty pickle": archive(MODULE, **{"data.pkl": b""}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(name):
    with pytest.raises((ValueError, NotImplementedError), match="load"):
        jit.load(DAMAGED[name])


def test_no_torchscript():
    file = io.BytesIO()
    lucid.save({"a": X}, file)
    file.seek(0)
    with pytest.raises(ValueError, match="it has no code"):
        jit.load(file)
    with pytest.raises(ValueError, match=r"jit\.load reads"):
        lucid.load(archive(MODULE))
    with pytest.raises(FileNotFoundError):
        jit.load("no such file")


# ------------------------------------------------------------------------------------------------- older versions


INTEGERS = lucid.tensor([7, -7])
CHANGED = {
    "return torch.div(x, 2)": (3, [3, -3], [3.5, -3.5]),
    "return torch.div(x, 2.)": (3, [3.5, -3.5], [3.5, -3.5]),
    "return torch.div_(torch.to(x, 4), 2)": (3, [3, -3], RuntimeError),
    'return torch.div(x, 2, rounding_mode="floor")': (3, [3, -4], [3, -4]),
    "return torch.div(x, 2, out=torch.zeros([2]))": (3, [3.5, -3.5], [3.5, -3.5]),
    "return torch.full([2], 3)": (4, [3.0, 3.0], [3, 3]),
    "return torch.full([2], True)": (4, [1.0, 1.0], [1, 1]),
    "return torch.full([2], 3, out=torch.zeros([2], dtype=4))": (4, [3, 3], [3, 3]),
    "return torch.size(torch.linspace(0, 1), 0)": (7, 100, TypeError),
    "return torch.size(torch.logspace(0, 1, None, 2.), 0)": (8, 100, TypeError),
}


@pytest.mark.parametrize("body", CHANGED)
def test_operators_mean_what_they_meant(body):
    last, *expected = CHANGED[body]
    for version, one in zip((last, last + 1), expected):
        model = program(body, version=f"{version}\n")
        if isinstance(one, type):
            with pytest.raises(one):
                model(INTEGERS.clone())
        else:
            found = model(INTEGERS.clone())
            assert found == one if isinstance(one, int) else lucid.equal(found, lucid.tensor(one)) and found.dtype == lucid.tensor(one).dtype


def test_versions_and_formats_that_are_not_read():
    for version in ("0", "11"):
        with pytest.raises(ValueError, match=rf"version {version}; those of the versions 1 to 10 are read"):
            program("return x", version=version)
    with pytest.raises(ValueError, match="version 0"):
        program("return x", **{".data/version": "0"})
    with pytest.raises(ValueError, match=r"before 1\.3"):
        program("return x", **{"model.json": "{}"})


# ------------------------------------------------------------------------------------------------- saving

NETWORK = """op_version_set = 1
class M(Module):
  __parameters__ = ["weight", ]
  __buffers__ = ["seen", ]
  __forward_pre_hooks__ = ["before", ]
  __forward_hooks__ = ["after", ]
  weight : Tensor
  seen : Tensor
  training : bool
  scale : float
  words : Optional[List[str]]
  pairs : List[__torch__.Pair]
  counter : __torch__.Counter
  __annotations__["0"] = __torch__.Inner
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    inner = getattr(self, "0")
    _0 = __torch__.Inner.doubled(inner, torch.mul(x, self.weight))
    self.seen = torch.add(self.seen, 1)
    if self.training:
      y = torch.add(_0, ((self.pairs)[0]).n)
    else:
      y = _0
    return torch.mul(y, self.scale)
  def before(self: __torch__.M,
    x: Tuple[Tensor]) -> Tuple[Tensor]:
    return (torch.add((x)[0], 1),)
  def after(self: __torch__.M,
    x: Tuple[Tensor],
    y: Tensor) -> Tensor:
    return torch.add(y, (self.counter).step())
class Inner(Module):
  __parameters__ = []
  training : bool
  by : int
  def doubled(self: __torch__.Inner,
    x: Tensor) -> Tensor:
    return torch.mul(x, self.by)
  def __getstate__(self: __torch__.Inner) -> Tuple[int, bool]:
    return (self.by, self.training)
  def __setstate__(self: __torch__.Inner,
    state: Tuple[int, bool]) -> NoneType:
    self.by = (state)[0]
    self.training = (state)[1]
class Counter:
  value : int
  other : Optional[__torch__.Counter]
  def step(self: __torch__.Counter) -> int:
    self.value = torch.add(self.value, 1)
    return self.value
class Pair(NamedTuple):
  n : int
  word : str
"""


def network():
    """A module with a parameter, a buffer, hooks, an object, a part, and a list of named tuples, as PyTorch pickles it."""
    values = {"weight": lucid.arange(6.0).view(2, 3), "seen": lucid.zeros(2)[1:], "training": True, "scale": 2.0, "words": None, "pairs": [(4, "a")]}

    def new(kind, state):
        return b"c__torch__\n" + kind + b"\n)\x81" + state + b"b"

    pickled = bytearray(b"\x80\x02c__torch__\nM\n)\x81}(")
    writer = lucid.serialization.Writer()
    writer.op, writer.out = pickle, pickled
    for name, value in values.items():
        writer.put(name, ""), writer.put(value.requires_grad_() if name == "weight" else value, "")
    writer.put("counter", ""), pickled.extend(new(b"Counter", b"}(X\x05\0\0\0valueK\x05X\x05\0\0\0otherNu"))
    writer.put("0", ""), pickled.extend(new(b"Inner", b"K\x02\x88\x86"))
    pickled.extend(b"ub.")
    return archive(NETWORK, **{"data.pkl": bytes(pickled), **{f"data/{i}": row.tobytes() for i, row in enumerate(writer.storages)}})


def test_hooks_states_and_named_tuples():
    model = jit.load(network())
    weight = lucid.arange(6.0).view(2, 3)
    assert lucid.equal(model(X), ((X + 1) * weight * 2 + 4) * 2 + 6) and model.counter._values["value"] == 6 and model.pairs[0].word == "a"
    assert lucid.equal(model.forward(X), (X * weight * 2 + 4) * 2) and model.seen.tolist() == [2.0]
    assert [name for name, _ in model.named_parameters()] == ["weight"] and list(model.state_dict()) == ["weight", "seen"]


def test_trained_saved_and_loaded(tmp_path):
    model = jit.load(network())
    optimizer = lucid.optim.SGD(model.parameters(), 0.1)
    model(X).square().mean().backward()
    optimizer.step()
    model.eval()
    model.words, model.scale = ["a", "b"], 3
    model.pairs.append(model.pairs[0])
    model.save(tmp_path / "model.pt")
    with open(tmp_path / "again.pt", "wb") as file:
        jit.save(model, file)
    for again in (jit.load(tmp_path / "model.pt"), jit.load(str(tmp_path / "again.pt")), jit.load(io.BytesIO(model.save_to_buffer()))):
        assert lucid.equal(again.weight, model.weight) and not lucid.equal(again.weight, lucid.arange(6.0).view(2, 3)) and isinstance(again.weight, lucid.nn.Parameter)
        assert not again.training and again.words == ["a", "b"] and type(again.scale) is float and again.pairs == [(4, "a")] * 2 and again.pairs[0].word == "a"
        assert lucid.equal(again(X), copy.deepcopy(model)(X)) and again.code == model.code and again.counter._values["value"] == 7
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again.pt", "model.pt"]


def test_constants_and_extra_files_are_saved():
    model = program("return torch.add(x, torch.len(CONSTANTS.c0))", constants=["four"])
    file = io.BytesIO()
    jit.save(model, file, {"labels": "cat"})
    extra = {"labels": "", "others": ""}
    assert lucid.equal(jit.load(file, _extra_files=extra)(X), X + 4) and extra == {"labels": b"cat", "others": b""}


def test_what_cannot_be_saved():
    with pytest.raises(NotImplementedError, match=r"a Linear was not read by jit\.load.*state_dict"):
        jit.save(lucid.nn.Linear(2, 2), io.BytesIO())
    model = jit.load(network())
    for name, value, message in (
        ("scale", "a", "M.scale is a str, but the program has it as a float"), ("words", [1], r"M.words\[0\] is a int, but the program has it as a str"),
        ("words", 3, r"M.words is a int, but the program has it as a Optional\[List\[str\]\]"), ("pairs", [(1,)], r"M.pairs\[0\] is a tuple"),
        ("counter", 1, "M.counter is a int"),
    ):  # fmt: skip
        other = copy.deepcopy(model)
        setattr(other, name, value)
        with pytest.raises(TypeError, match=message):
            other.save(io.BytesIO())
    del model._values["scale"]
    with pytest.raises(AttributeError, match="M has no scale any more"):
        model.save(io.BytesIO())
    with pytest.raises(ValueError, match="holds itself"):
        model = jit.load(network())
        model.counter._values["other"] = model.counter
        model.save(io.BytesIO())


# ------------------------------------------------------------------------------------------------- what is not compiled


def test_what_is_computed_beside_is_computed_at_once():
    future = jit.fork(lambda x, by=1: x * by, X, by=2)
    assert isinstance(future, jit.Future) and future.done() and lucid.equal(jit.wait(future), X * 2)
    with pytest.raises(ZeroDivisionError):
        jit.fork(lambda: 1 / 0)


def test_modules_and_functions_run_as_they_are():
    class Scaled(jit.ScriptModule):
        __constants__ = ("by",)

        def __init__(self):
            super().__init__()
            self.by = jit.Attribute(3, int)

        @jit.script_method
        def forward(self, x):
            return x * self.by

    module = Scaled()
    assert module.by == 3 and jit.optimize_for_inference(jit.freeze(module.eval())) is module and lucid.equal(module(X), X * 3)
    with jit.strict_fusion(), jit.fuser("fuser0"):
        assert jit.set_fusion_strategy([("STATIC", 2)]) == [] and jit.run_frozen_optimizations(module) is None
    jit.enable_onednn_fusion(True)
    assert not jit.onednn_fusion_enabled() and issubclass(jit.ScriptWarning, Warning)
