"""Programs that `torch.jit.save` wrote, run by Lucid: the language, beside the functions and networks of `python -m conformance exported`."""

import enum
import io
import warnings
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import lucid
from conformance.cases import leaves
from conformance.exported import apart

pytestmark = pytest.mark.filterwarnings("ignore")


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Result(NamedTuple):
    first: Tensor
    second: Tensor | None


class Counter:
    def __init__(self, start: Tensor, by: int):
        self.value = start
        self.by = by

    def step(self) -> Tensor:
        self.by += 1
        self.value = self.value + self.by
        return self.value


class Layer(nn.Module):
    def forward(self, input: Tensor) -> Tensor:
        pass


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyTorch advises to export
    Layer = torch.jit.interface(Layer)


def doubled(x: Tensor, times: int = 1) -> Tensor:
    for _ in range(times):
        x = x * 2
    return x


class Flow(nn.Module):
    """Branches, loops, early returns, classes, enumerations, named tuples, dictionaries, blocks, functions and modules by name."""

    layer: Layer
    history: list[int]

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.color = Color.GREEN
        self.calls = 0
        self.history = []
        self.by_name = nn.ModuleDict({"a b": nn.Linear(3, 3), "relu": nn.ReLU()})
        self.shifts = nn.ParameterList([nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))])
        self.table = {"x": torch.arange(3.0)}
        self.register_buffer("seen", torch.zeros(3))

    @torch.jit.export
    def described(self, sizes: dict[str, Tensor], key: str = "z") -> list[str]:
        words: list[str] = []
        for name, x in sizes.items():
            words.append(name.upper() + str(x.size(0)))
        if key in sizes:
            del sizes[key]
        return sorted(words)

    def collatz(self, n: int) -> int:
        if n < 1:
            return -1
        steps = 0
        while n != 1:
            if steps > 100:
                break
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
            if steps == 3:
                continue
        return steps

    def forward(self, x: Tensor, shift: int | Tensor = 3, scale: float | None = None):
        with torch.no_grad():
            y = self.layer(x)
        counter = Counter(y, 2)
        z = counter.step() + counter.step() + counter.by
        if isinstance(shift, int):
            z = z + shift
        else:
            z = z - shift
        z = z * 2 if self.color == Color.RED else z * 3
        if scale is not None:
            z = z * scale
        self.calls += 1
        self.history.append(self.calls)
        self.seen += x.detach().sum(0)
        for name, module in self.by_name.items():
            z = module(z) + len(name)
        for value in self.shifts:
            z = z + value
        parts = [doubled(row, i) for i, row in enumerate(z.unbind(0))]
        z = torch.stack(parts)
        z[0, :1] = 5.0
        z[z > 100] *= 0.5
        z[:, 1:] += 1
        answer = torch.jit.wait(torch.jit.fork(F.relu, z))
        found = {"z": answer, "table": self.table["x"]}
        text = "{} of {}".format(self.calls, len(found)) + ", %s" % "done"  # noqa: UP031, UP032 (what is judged)
        return Result(z, None), found, self.collatz(27) + self.collatz(0), self.history, text, [z[..., None], z[:, None, ::2]]


class Numbers(nn.Module):
    """Numbers, strings, lists and tuples."""

    def forward(self, x: Tensor, n: int, q: float, word: str):
        ints = [n + 2, n - 7, n * 3, n // 2, n % 3, -n // 2, -n % 3, abs(-n), min(n, 3), max(n, 3), n << 2, n >> 1, n & 6, n | 8, n ^ 5, int(q), len(word)]
        floats = [n / 2, q * n, q**2, n**2, 2.0**n, q // 0.7, q % 0.7, float(n), abs(-q), min(q, 1.0), max(q, 1.0), round(q), -q]
        more = [float(torch.tensor(n).item()), x.sum().item(), float(x.mean()), x[0, 0].item()]
        logic = [n > 2 and q < 1, n == 3 or q >= 2, not (n < 3), n is None, word == "abc", bool(n), bool(x.sum() > 0), word in ["abc", "d"]]
        values = [3, 1, 2]
        values.append(n)
        values.extend([7, 8])
        values.insert(0, 9)
        last = values.pop()
        values.sort()
        values.reverse()
        values[0] = values[-1]
        copied = values.copy() + [0] * 2
        words = word.split("b")
        changed = [word.upper(), word.replace("a", "x"), "-".join(["p", "q"]), word.strip(), str(n) + word, word[1], word[::-1], word.lower().capitalize()]
        pair = (n, q)
        first, second = pair
        shape = x.shape
        rows, columns = x.size()
        table: dict[int, float] = {n: q}
        table[n + 1] = second
        asked = [table.get(5, -1.0), float(len(table)), table[n]]
        keys = list(table.keys())
        flags = [x.dtype == torch.float32, x.is_floating_point(), x.requires_grad, x.is_contiguous(), x.device.type == "cpu", x.is_cuda]
        made = [
            torch.zeros(n, rows), torch.ones([2], dtype=torch.int64), torch.full([2], q), torch.arange(n), torch.arange(0, n, 2), torch.tensor([q, 1.0]),
            torch.tensor(n), torch.zeros_like(x, dtype=torch.float64), x.new_zeros([2]), torch.eye(2), torch.linspace(0, 1, n), torch.empty(0),
        ]
        cast = [x.to(torch.float64), x.to(torch.int32), x.half().float(), x.double(), x.long(), x.type_as(made[7]), x.to(x), x.to("cpu"), x.to(dtype=torch.int8), x.int()]
        return ints, floats, more, logic, values, last, copied, words, changed, pair, first, shape, columns, asked, keys, flags, made, cast


class Tensors(nn.Module):
    """Functions whose arguments have another order in a program than in Python."""

    def forward(self, x: Tensor, target: Tensor):
        square = x @ x.t()
        picture = x[None, None]
        out = [
            F.cross_entropy(x, target), F.cross_entropy(x, target, reduction="sum", label_smoothing=0.1), F.nll_loss(x.log_softmax(-1), target, ignore_index=0),
            F.mse_loss(x, x + 1, reduction="none"), F.smooth_l1_loss(x, x * 2, beta=0.5), F.l1_loss(x, x + 2), F.binary_cross_entropy(x.sigmoid(), x.detach().sigmoid()),
            F.interpolate(picture, scale_factor=2.0), F.interpolate(picture, size=[5, 7], mode="bilinear", align_corners=True),
            F.interpolate(picture, scale_factor=[1.5, 2.0], mode="bilinear", align_corners=False), F.softmax(x, -1, dtype=torch.float64), x.log_softmax(0),
            torch.stft(x.reshape(-1), 4, 2, center=False, window=torch.ones(4), return_complex=True).abs(), torch.stft(x.reshape(-1), 4, return_complex=True, window=torch.ones(4)).abs(),
            torch.add(x, x, alpha=2), torch.sub(x, 1, alpha=3), torch.rsub(x, 2), x.std(), x.var(0, unbiased=False), x.std(dim=1, keepdim=True),
            torch.max(x), torch.max(x, 1)[1], torch.max(x, x * 2), x.topk(2)[0], torch.sort(x, dim=-1, stable=True, descending=True)[1], torch.cumsum(x, 1, dtype=torch.float64),
            x.sum(dtype=torch.float64), x.mean([0, 1]), x.view(-1), x.scatter(1, target[:, None], 2.0), x.gather(1, target[:, None]), torch.einsum("ij,kj->ik", [x, x]),
            torch.where(x > 0, x, 0.0), torch.clamp(x, min=0.0), x.clamp(-1, 1), x.norm(), torch.block_diag(x, x), x.flip([0]), x.roll(1, 0), torch.cat([x, x], 1), F.pad(x, [1, 2], value=3.0),
            x.masked_fill(x > 0, -1.0), x.repeat(2, 1), x.expand(2, -1, -1), x.T, square.inverse() if False else square, torch.linalg.norm(x), x.div(2, rounding_mode="floor"), x.floor_divide(2),
            x.copy_(x * 1), x.clone(memory_format=torch.contiguous_format), x.bernoulli(p=1.0), x.to(torch.bool), x.chunk(3, 1)[1], torch.atleast_3d(x)[0], torch.tensordot(x, x, dims=([1], [1])),
        ]  # fmt: skip
        a, b = torch.broadcast_tensors(x, x[:1])
        return out, a, b, torch.unique(target, return_inverse=True)[1], torch.meshgrid([target, target], indexing="ij")


class Attention(nn.Module):
    """Layers for which PyTorch has whole operators where no gradient is asked for."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor, padded: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        out, weights = self.heads(x, x, x, key_padding_mask=padded)
        return self.encoder(x, src_key_padding_mask=padded), out, weights


class Recurrent(nn.Module):
    """Recurrent layers, of packed sequences too, and cells."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, 2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(4, 3)
        self.cell = nn.GRUCell(4, 3)

    def forward(self, x: Tensor, lengths: Tensor):
        out, (hidden, _) = self.lstm(x)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        again, last = self.lstm(packed)
        padded, sizes = nn.utils.rnn.pad_packed_sequence(again, batch_first=True)
        return out, hidden, self.gru(x.transpose(0, 1))[0], self.cell(x[:, 0]), padded, sizes, last


def saved(script, **extra) -> io.BytesIO:
    file = io.BytesIO()
    torch.jit.save(script, file, _extra_files=extra)
    file.seek(0)
    return file


def mine(value):
    return lucid.from_numpy(value.detach().numpy().copy()) if isinstance(value, Tensor) else value


def alike(theirs, ours) -> None:
    """Every tensor to 1e-5 of its largest element, floats to that, everything else exactly."""
    expected, found = list(leaves(theirs)), list(leaves(ours))
    assert len(expected) == len(found)
    for one, other in zip(expected, found):
        if isinstance(one, float):
            assert type(other) is float and other == pytest.approx(one, 1e-5)
            continue
        assert apart(one, other) <= 1e-5, (one, other)


torch.manual_seed(0)
X = torch.randn(3, 3)
PROGRAMS = {
    "flow": (Flow(), [(X,), (X, 2), (X, torch.ones(3), 0.5)]),
    "numbers": (Numbers(), [(X, 3, 2.25, "abc"), (X.abs(), 7, -0.6, "cba")]),
    "tensors": (Tensors(), [(torch.randn(4, 6), torch.tensor([1, 0, 5, 3]))]),
    "attention": (Attention().eval(), [(torch.randn(2, 5, 8), torch.arange(5).expand(2, 5) >= torch.tensor([[5], [left]])) for left in (3, 0)]),
    "attention, training": (Attention(), [(torch.randn(2, 5, 8), torch.zeros(2, 5, dtype=torch.bool))]),
    "recurrent": (Recurrent(), [(torch.randn(3, 6, 4), torch.tensor([6, 2, 4]))]),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("gradients", [True, False])
def test_a_program(name, gradients):
    module, calls = PROGRAMS[name]
    script = torch.jit.script(module)
    program = lucid.jit.load(saved(script))
    for arguments in calls:
        torch.manual_seed(1)
        lucid.manual_seed(1)
        with torch.set_grad_enabled(gradients), lucid.set_grad_enabled(gradients):
            theirs, ours = script(*[one.clone() if isinstance(one, Tensor) else one for one in arguments]), program(*map(mine, arguments))
        alike(theirs, ours)
    alike(dict(script.named_buffers()), dict(program.named_buffers()))


def test_a_method_and_attributes():
    script = torch.jit.script(Flow())
    program = lucid.jit.load(saved(script))
    arguments = {"b": torch.ones(2), "z": torch.ones(3)}
    assert program.described({name: mine(one) for name, one in arguments.items()}, "z") == script.described(arguments, "z")
    script(X), program(mine(X))
    assert program.calls == script.calls == 1 and program.history == script.history == [1]
    program.calls = 7
    program(mine(X))
    assert program.calls == 8 and program.original_name == script.original_name and "def forward" in program.code
    assert [name for name, _ in program.named_parameters()] == [name for name, _ in script.named_parameters()]


def test_it_can_be_trained():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 3))
    script = torch.jit.script(network)
    program = lucid.jit.load(saved(script))
    x = torch.randn(2, 1, 6, 6)
    for mode in (True, False):
        script.train(mode), program.train(mode)
        torch.manual_seed(2), lucid.manual_seed(2)
        for one, given in ((script, x), (program, mine(x))):
            one.zero_grad()
            one(given).square().sum().backward()
        expected = dict(script.named_parameters())
        for name, parameter in program.named_parameters():
            torch.testing.assert_close(torch.from_numpy(parameter.grad.numpy()), expected[name].grad, rtol=1e-4, atol=1e-5)
    alike(dict(script.state_dict()), dict(program.state_dict()))


def test_shared_parameters_stay_shared():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x))

    program = lucid.jit.load(saved(torch.jit.script(Tied())))
    assert program.a.weight is program.b.weight and len(list(program.parameters())) == 3


def test_frozen_and_constants():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    frozen = torch.jit.freeze(torch.jit.script(network))
    x = torch.randn(1, 3, 6, 6)
    alike(frozen(x), lucid.jit.load(saved(frozen))(mine(x)))


def test_what_a_program_raises():
    class Raises(nn.Module):
        def forward(self, x: Tensor, kind: int) -> Tensor:
            if kind == 0:
                raise ValueError(f"bad {kind}")
            assert kind == 1, "not one"
            return x

    script = torch.jit.script(Raises())
    program = lucid.jit.load(saved(script))
    for kind, text in ((0, "builtins.ValueError: bad 0"), (2, "AssertionError: not one")):
        with pytest.raises(torch.jit.Error, match=text):
            script(X, kind)
        with pytest.raises(lucid.jit.Error, match=text):
            program(mine(X), kind)


def test_extra_files_and_load():
    file = saved(torch.jit.script(nn.ReLU()), **{"labels.txt": "cat dog"})
    extra = {"labels.txt": ""}
    lucid.jit.load(file, _extra_files=extra)
    assert extra == {"labels.txt": b"cat dog"}
    file.seek(0)
    with pytest.raises(ValueError, match="jit.load"):
        lucid.load(file)
