"""TorchScript files: those of older versions, and those that Lucid writes, as PyTorch reads them."""

import enum
import io
import zipfile
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

import lucid
from conformance.tests.test_torchscript import PROGRAMS, alike, mine, saved

pytestmark = pytest.mark.filterwarnings("ignore")


# ------------------------------------------------------------------------------------------------- files of older versions


class Empty(nn.Module):
    def forward(self, x: Tensor):
        return x


def older(version: int, body: str, result: str = "Tensor", parameters: str = "x: Tensor, y: Tensor", head: str = "") -> io.BytesIO:
    """A file that PyTorch wrote, with another version and another text of `forward`."""
    lines = "".join(f"    {line}\n" for line in body.split("; "))
    module = "class Empty(Module):\n  __parameters__ = []\n  training : bool\n  _is_full_backward_hook : Optional[bool]\n"
    path = f"code/__torch__/{__name__.replace('.', '/')}.py"
    text = f"{head}{module}  def forward(self: __torch__.{__name__}.Empty,\n    {parameters}) -> {result}:\n{lines}"
    file = io.BytesIO()
    with zipfile.ZipFile(saved(torch.jit.script(Empty()))) as archive, zipfile.ZipFile(file, "w") as out:
        assert f"archive/{path}" in archive.namelist()
        for name in archive.namelist():
            changed = {f"archive/{path}": text, "archive/version": f"{version}\n"}
            out.writestr(name, changed.get(name) or archive.read(name))
    file.seek(0)
    return file


def given(file: io.BytesIO, arguments: tuple) -> None:
    """Both give the same for a file, or both raise."""
    try:
        theirs = torch.jit.load(io.BytesIO(file.getvalue()))(*[one.clone() for one in arguments])
    except RuntimeError:
        with pytest.raises((RuntimeError, TypeError)):
            lucid.jit.load(file)(*map(mine, arguments))
        return
    alike(theirs, lucid.jit.load(file)(*map(mine, arguments)))


INTEGERS, SMALL, FLOATS = torch.tensor([7, -7, 3]), torch.tensor([2, 2, -2]), torch.tensor([1.5, -2.5, 3.0])
DIVISIONS = (
    "torch.div(x, y)", "torch.div(x, 2)", "torch.div(x, 2.)", 'torch.div(x, y, rounding_mode="floor")', "torch.div(x, y, rounding_mode=None)", "torch.div_(x, y)",
    "torch.div_(x, 2)", "torch.div_(x, 2.)", "torch.div(x, y, out=torch.zeros([3], dtype=4))", "torch.div(x, y, out=torch.zeros([3], dtype=6))", "torch.divide(x, y)",
    "torch.true_divide(x, y)", "torch.floor_divide(x, y)",
)  # fmt: skip


@pytest.mark.parametrize("version", [1, 3, 4, 10])
@pytest.mark.parametrize("body", DIVISIONS)
def test_division(version, body):
    for x, y in ((INTEGERS, SMALL), (INTEGERS, FLOATS), (FLOATS, SMALL), (INTEGERS > 0, SMALL)):
        given(older(version, f"return {body}"), (x, y))


CREATIONS = (
    "torch.full([2], 3)", "torch.full([2], True)", "torch.full([2], 3.5)", "torch.full([2], 3, dtype=4)", "torch.full([2], 3, out=torch.zeros([2], dtype=4))",
    'torch.full([2], 3, dtype=None, layout=None, device=torch.device("cpu"), pin_memory=None)', "torch.full_like(x, 3)", "torch.linspace(0, 1)", "torch.linspace(0, 1, 5)",
    "torch.linspace(0, 1, None)", "torch.linspace(0, 1, steps=None, dtype=7)", "torch.linspace(0, 1, None, out=torch.zeros([0]))", "torch.logspace(0, 1)",
    "torch.logspace(0, 1, None, 2.)", "torch.logspace(0, 1, 5, 2., dtype=7)", "torch.logspace(0, 1, None, dtype=6, layout=0, device=None, pin_memory=False)", "torch.gelu(x)",
)  # fmt: skip


@pytest.mark.parametrize("version", [3, 4, 5, 7, 8, 9])
@pytest.mark.parametrize("body", CREATIONS)
def test_creation(version, body):
    given(older(version, f"return {body}"), (FLOATS, FLOATS))


PICTURE = "picture = torch.reshape(torch.arange(6, dtype=6), [1, 1, 2, 3]); "
ONES = "picture = torch.ones([1, 1, 3, 3]); weight = torch.ones([1, 1, 2, 2]); "
WRITTEN = (  # by versions before 2.0
    PICTURE + 'return torch.__interpolate(picture, None, [2., 2.], "nearest", None)', PICTURE + 'return torch.__interpolate(picture, [4, 4], None, "bilinear", True)',
    PICTURE + 'return torch.__interpolate(picture, 4, None, "bilinear", True, None)', PICTURE + 'return torch.__interpolate(picture, None, 1.3, "bicubic", False, True)',
    PICTURE + 'return torch.__upsample(picture, None, 2, "nearest", None)', PICTURE + "return torch.__upsample_nearest(picture, None, 2)",
    PICTURE + "return torch.__upsample_bilinear(picture, [4, 5])", PICTURE + "return torch.upsample_bilinear2d(picture, [4, 6], True)",
    PICTURE + "return torch.upsample_bilinear2d(picture, [4, 6], False, None)", PICTURE + "return torch.adaptive_avg_pool2d(picture, torch.list_with_default([1, 1], torch.size(picture)))",
    ONES + "return torch.thnn_conv2d(picture, weight, [2, 2], None, [1, 1], [0, 0])", ONES + 'return torch._convolution_mode(picture, weight, None, [1, 1], "same", [1, 1], 1)',
    ONES + "return torch._convolution(picture, weight, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, False, False, True)",
    'return torch.to(x, dtype=4, layout=0, device=torch.device("cpu"), pin_memory=False)', 'return torch.to(x, device=torch.device("cpu"), dtype=7)',
    'return torch.to(x, dtype=11, layout=0, device=torch.device("cpu"), pin_memory=False, non_blocking=False, copy=False, memory_format=None)',
    'return torch.to(x, torch.device("cpu"), 5, False, False, None)', "return torch.to(x, None, 7, False, False)", "return torch.to(x, ops.prim.device(x), ops.prim.dtype(x), False, False)",
    'return torch.arange(annotate(number, ops.prim.NumToTensor(3)), dtype=None, layout=0, device=torch.device("cpu"), pin_memory=False)',
    "size = ops.prim.NumToTensor(torch.size(x, 0)); return torch.view(x, [int(torch.floor_divide(size, torch.tensor(3))), -1])",
    "a, b, = torch.chunk(torch.stack(annotate(List[Tensor], [x, y]), 0), 2, 0); return torch.add(a, b, alpha=1)", "return torch.slice(x, 0, 0, 9223372036854775807, 1)",
    "return torch.index(x, annotate(List[Optional[Tensor]], [torch.tensor([0, 2])]))", "return torch.index_put_(x, [torch.tensor([0])], torch.tensor(5.), False)",
    "return torch._index_put_impl_(x, [torch.tensor([0])], torch.tensor(5.), False, False)", "z = uninitialized(Tensor)\n    if True:\n      z = x\n    else:\n      pass; return z",
    "if torch.__isnot__(x, None):\n      z = ops.prim.unchecked_unwrap_optional(x)\n    else:\n      z = y; return z", "return torch._unwrap_optional(x)", "return torch.sum(x, dtype=None)",
    "return torch.norm(x, 2, [0], True, dtype=7)", "return torch.std(x, [0], True, True)", "return torch.var(x, True)", "return torch.rsub(x, 1, 1)", "return torch._cast_Float(x, False)",
    'return torch.zeros([2, 3], dtype=6, layout=0, device=torch.device("cpu"), pin_memory=False)', 'return torch.ones_like(x, dtype=6, layout=0, device=torch.device("cpu"))',
    "return torch.cdist(torch.reshape(x, [3, 1]), torch.reshape(y, [3, 1]), 2., None)", "return torch._unique(torch.tensor([1, 1, 2]), True, True)[1]", "return torch._dim_arange(x, 0)",
    "return torch.expand(x, [2, 3], implicit=False)", "return torch.pow(2, x)", "return torch._no_grad_fill_(x, 2.)", "return torch.pad_sequence([x, y], True, 0.)",
    "return torch.nonzero_numpy(x)[0]", "return torch.full([2], torch.IntImplicit(torch.tensor(3)))", "return torch.mul(x, torch.FloatImplicit(torch.tensor(3.)))",
    "z = torch.requires_grad_(torch.detach(x), True); return torch._unwrap_optional(torch.grad([torch.sum(torch.mul(z, z))], [z], None, None, False, False)[0])",
)  # fmt: skip


@pytest.mark.parametrize("body", WRITTEN)
def test_what_older_versions_wrote(body):
    head = "op_version_set = 1\nimport __torch__.torch.nn.modules\n"
    given(older(3, body, head=head), (FLOATS, INTEGERS * 1.0))


OTHERS = (
    ('return torch.device("cuda:0")', "Device"), ('return torch.device(type="cpu")', "Device"), ("return torch.retains_grad(x)", "bool"),
    ("return torch.list_with_default([3, 4], [1, 2, 3])", "List[int]"), ("return annotate(int, torch.tensor(3))", "int"), ("return torch.Int(2.5)", "int"),
)  # fmt: skip


@pytest.mark.parametrize("body, result", OTHERS)
def test_other_values(body, result):
    file = older(3, body, result)
    theirs, ours = torch.jit.load(io.BytesIO(file.getvalue()))(FLOATS, FLOATS), lucid.jit.load(file)(mine(FLOATS), mine(FLOATS))
    assert str(theirs) == str(ours)


NUMBERS = "1.", "-0.", "0.10000000000000001", "1e-07", "1e+20", "12345678901.", "4e+18", "1e+19", "-2.5", "inf", "-inf", "nan", "7", "True", "None"
CONTAINERS = "[1.5, 2.]", '["a", "b"]', '(1, "a")', '{"a": [1., 2.5]}', 'torch.device("cpu")', '(1.,)', "annotate(List[int], [])", "[[1], [2, 3]]"


@pytest.mark.parametrize("value", [*NUMBERS, *CONTAINERS])
@pytest.mark.parametrize("call", ['torch.format("<{}>", {})', "torch.str({1})", "str({1})"])
def test_values_as_text(value, call):
    file = older(3, f"return {call.replace('{1}', value) if '{1}' in call else call[:-3] + value + ')'}", "str")
    assert torch.jit.load(io.BytesIO(file.getvalue()))(FLOATS, FLOATS) == lucid.jit.load(file)(mine(FLOATS), mine(FLOATS))


@pytest.mark.parametrize("version", [0, 11])
def test_versions_that_are_not_read(version):
    file = older(version, "return x")
    with pytest.raises(RuntimeError, match=f"version {version}"):
        torch.jit.load(io.BytesIO(file.getvalue()))
    with pytest.raises(ValueError, match=f"version {version}; those of the versions 1 to 10"):
        lucid.jit.load(file)


# ------------------------------------------------------------------------------------------------- files that Lucid writes


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Pair(NamedTuple):
    first: Tensor
    names: list[str]


class Counted:
    def __init__(self, count: int):
        self.count = count
        self.names = ["a"]


def before(self, input: tuple[Tensor]) -> tuple[Tensor]:
    return (input[0] + 1,)


def after(self, input: tuple[Tensor], result: Tensor) -> Tensor:
    return result * 2


class Scaled(nn.Module):
    """Saves a state of its own."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.calls = 2

    @torch.jit.export
    def __getstate__(self):
        return self.weight, self.calls, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, int, bool]):
        self.weight = state[0]
        self.calls = state[1] + 1
        self.training = state[2]

    def forward(self, x: Tensor):
        return x * self.weight + self.calls


class Attributes(nn.Module):
    """An attribute of every kind, hooks, and tensors of many dtypes and layouts."""

    integers: list[int]
    floats: list[float]
    flags: list[bool]
    words: list[str]
    pairs: list[tuple[int, str]]
    nested: list[list[int]]
    table: dict[str, list[Tensor]]
    maybe: list[str] | None
    missing: dict[int, float] | None
    complexes: list[complex]
    either: int | list[str]
    optional: list[Tensor | None]
    pair: Pair
    several: list[Pair]

    def __init__(self):
        super().__init__()
        self.integers, self.floats, self.flags, self.words, self.pairs, self.nested = [1, -(2**40)], [1.5], [True, False], ["a", "a"], [(1, "b")], [[1], []]
        self.table, self.maybe, self.missing, self.complexes, self.either, self.optional = {"k": [torch.ones(2)]}, ["z"], None, [1j], ["e"], [None, torch.ones(1)]
        self.pair, self.several = Pair(torch.ones(1), ["p"]), [Pair(torch.zeros(1), [])]
        self.shared, self.color, self.counted, self.big, self.ratio = self.integers, Color.GREEN, Counted(3), 2**40, 1e300
        self.device, self.inner, self.scaled = torch.device("cpu"), nn.Linear(3, 3), Scaled()
        self.inner.register_forward_pre_hook(before)
        self.inner.register_forward_hook(after)
        self.tied = nn.Linear(3, 3)
        self.tied.weight = self.inner.weight
        whole = torch.arange(10.0)
        tensors = {
            "whole": whole, "part": whole[2:8:2], "turned": torch.arange(6.0).view(2, 3).t(), "empty": torch.empty(0, 3), "single": torch.tensor(3),
            **{str(dtype).removeprefix("torch."): torch.tensor([0, 1]).to(dtype) for dtype in (
                torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.float16, torch.bfloat16, torch.float64, torch.complex64, torch.complex128, torch.uint16)},
        }  # fmt: skip
        for name, tensor in tensors.items():
            self.register_buffer(f"b_{name}", tensor)

    def forward(self, x: Tensor):
        self.counted.count += 1
        x = self.scaled(self.tied(self.inner(x)))
        numbers = self.integers, self.floats, self.flags, self.words, self.pairs, self.nested, self.complexes, self.counted.count, self.big, self.ratio, self.shared
        return x, numbers, self.table, self.maybe, self.missing, self.optional, self.pair.first, self.pair.names, self.several[0].first, self.color == Color.GREEN, self.training


def again(program, **extra) -> io.BytesIO:
    file = io.BytesIO()
    lucid.jit.save(program, file, **extra)
    file.seek(0)
    return file


X = torch.randn(2, 3)


def test_it_is_what_it_was():
    script = torch.jit.script(Attributes())
    file = again(lucid.jit.load(saved(script)))
    theirs, first = torch.jit.load(file), torch.jit.load(saved(script))
    first.scaled.calls += 1  # which is counted whenever it is loaded
    assert str(first(X)) == str(theirs(X))
    for (name, one), (other, two) in zip(first.state_dict().items(), theirs.state_dict().items(), strict=True):
        layout = lambda x: (x.dtype, x.shape, x.stride(), x.storage_offset(), x.untyped_storage().nbytes(), x.requires_grad)
        assert name == other and torch.equal(one, two) and layout(one) == layout(two), name
    assert theirs.b_part.data_ptr() == theirs.b_whole.data_ptr() + 8
    assert theirs.tied.weight.data_ptr() == theirs.inner.weight.data_ptr()
    assert theirs.inner.code == script.inner.code


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_what_they_were(name):
    module, calls = PROGRAMS[name]
    file = saved(torch.jit.script(module))
    theirs, first = torch.jit.load(again(lucid.jit.load(io.BytesIO(file.getvalue())))), torch.jit.load(file)
    for arguments in calls:
        results = []
        for one in (theirs, first):
            torch.manual_seed(1)
            results.append(str(one(*[value.clone() if isinstance(value, Tensor) else value for value in arguments])))
        assert results[0] == results[1]


def test_a_function():
    def scaled(x: Tensor, by: int) -> Tensor:
        return x * by

    program = lucid.jit.load(saved(torch.jit.script(scaled)))
    assert program.original_name == "PlaceholderModule"
    assert torch.equal(torch.jit.load(again(program))(X, 3), X * 3)


def test_a_step_of_training():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    script = torch.jit.script(network)
    program = lucid.jit.load(saved(script))
    x = torch.randn(2, 1, 6, 6)
    for one, given, library in ((script, x, torch), (program, mine(x), lucid)):
        optimizer = library.optim.SGD(one.parameters(), 0.1)
        one(given).square().mean().backward()
        optimizer.step()
        one.eval()
    theirs = torch.jit.load(again(program))
    assert not theirs.training and not getattr(theirs, "1").training
    torch.testing.assert_close(theirs(x), script(x), rtol=1e-4, atol=1e-5)
    for name, value in script.state_dict().items():
        torch.testing.assert_close(theirs.state_dict()[name], value, rtol=1e-4, atol=1e-5)
    assert [one.requires_grad for one in theirs.parameters()] == [True] * 6


def test_changed_attributes():
    program = lucid.jit.load(saved(torch.jit.script(Attributes())))
    program.integers.append(9)
    program.maybe, program.missing, program.either, program.ratio, program.counted._values["count"] = None, {1: 2}, 7, 3, 11
    program.color = type(program.color).RED
    theirs = torch.jit.load(again(program))
    assert theirs.integers == [1, -(2**40), 9] and theirs.maybe is None and theirs.missing == {1: 2.0} and theirs.either == 7 and theirs.ratio == 3.0
    assert theirs.color is not program.color and theirs.color.name == "RED" and theirs(X)[1][7] == 12


def test_frozen_and_constants():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    frozen = torch.jit.freeze(torch.jit.script(network))
    x = torch.randn(1, 3, 6, 6)
    assert torch.equal(torch.jit.load(again(lucid.jit.load(saved(frozen))))(x), frozen(x))


def test_a_part_of_it(tmp_path):
    script = torch.jit.script(Attributes())
    program = lucid.jit.load(saved(script))
    program.tied.save(tmp_path / "part.pt")
    assert torch.equal(torch.jit.load(str(tmp_path / "part.pt"))(X), script.tied(X))
    assert torch.equal(torch.jit.load(io.BytesIO(program.tied.save_to_buffer()))(X), script.tied(X))


def test_an_older_version_is_kept():
    theirs = torch.jit.load(again(lucid.jit.load(older(3, "return torch.div(x, y)"))))
    assert torch.equal(theirs(INTEGERS, SMALL), torch.tensor([3, -3, -1]))


def test_extra_files():
    program = lucid.jit.load(saved(torch.jit.script(nn.ReLU())))
    file = again(program, _extra_files={"labels.txt": "cat dog", "bytes": b"\0\1"})
    theirs, ours = {"labels.txt": "", "bytes": "", "none": "x"}, {"labels.txt": "", "bytes": "", "none": "x"}
    torch.jit.load(file, _extra_files=theirs)
    file.seek(0)
    lucid.jit.load(file, _extra_files=ours)
    assert theirs == ours == {"labels.txt": b"cat dog", "bytes": b"\0\1", "none": b""}


def test_it_has_pytorchs_signatures():
    import inspect

    for name in ("save", "load"):
        theirs, ours = (list(inspect.signature(getattr(library.jit, name)).parameters) for library in (torch, lucid))
        assert theirs == ours
