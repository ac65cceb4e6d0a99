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
