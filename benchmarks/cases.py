"""What is timed and what it must reach: a table. One more case is one line.

A `Case` is a line of Python, run for the subject and for PyTorch in turns; its target is an upper
bound on subject time / PyTorch time. `numpy` is the same in NumPy, for the reader's information.
`check` names what the line leaves behind if that is not its own value: before a case is timed, both
libraries' results are compared, since a fast wrong answer is no answer. Cases of other kinds are
measured as their class says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .libraries import Input, data, leaf, positive


@dataclass(frozen=True)
class Row:
    """A line of the table: its name, the heading it stands under, and its upper bound."""

    name: str
    group: str
    target: float
    unit: str = "x"


@dataclass(frozen=True)
class Case(Row):
    """Subject time / PyTorch time of one line of Python, in one process, median of pairs."""

    code: str = ""
    inputs: dict[str, Input] = field(default_factory=dict)
    numpy: str | None = None
    check: str | None = None
    program: str | None = None


@dataclass(frozen=True)
class Alternating(Row):
    """Time of two lines in turns / the sum of each line alone, within one library."""

    first: str = ""
    second: str = ""
    inputs: dict[str, Input] = field(default_factory=dict)


@dataclass(frozen=True)
class BusyCore(Row):
    """Seconds a step on all threads beside a busy process / on 1 thread on a quiet machine."""

    program: str = "mlp"


@dataclass(frozen=True)
class ImportTime(Row):
    """Milliseconds of a fresh process that imports the subject, above one that imports NumPy."""


@dataclass(frozen=True)
class PeakMemory(Row):
    """Peak memory of a training process of its own, subject / PyTorch."""

    program: str = "mlp"
    growth: bool = False  # above what the process held before the first step, instead of in all


@dataclass(frozen=True)
class WheelSize(Row):
    """Megabytes of the newest wheel in dist/, or of the one given."""


KI, MI = 1 << 10, 1 << 20
SIZES = {"16": 16, "64Ki": 64 * KI, "1Mi": MI, "16Mi": 16 * MI}

# What to run for a name, and the same in NumPy.
FUNCTIONS = {
    "leaky_relu": ("F.leaky_relu(x)", "np.maximum(x, np.float32(0.01) * x)"),
    "add": ("lib.add(x, y)", "np.add(x, y)"),
    "sum": ("lib.sum(x)", "np.sum(x)"),
    "exp": ("lib.exp(x)", "np.exp(x)"),
    "tanh": ("lib.tanh(x)", "np.tanh(x)"),
    "log": ("lib.log(x)", "np.log(x)"),
    "erf": ("lib.erf(x)", None),
    "sin": ("lib.sin(x)", "np.sin(x)"),
    "sigmoid": ("lib.sigmoid(x)", "1 / (1 + np.exp(-x))"),
    "gelu": ("F.gelu(x)", None),
}


def pointwise(size: str, names: str, target: float) -> list[Case]:
    """One case for each of the names of FUNCTIONS, on vectors of that size."""
    cases = []
    for name in names.split():
        code, numpy = FUNCTIONS[name]
        inputs = {"x": positive(SIZES[size]) if name == "log" else data(SIZES[size])}
        if name == "add":
            inputs["y"] = data(SIZES[size])
        cases.append(Case(f"{name} {size}", f"{size} elements", target, code=code, inputs=inputs, numpy=numpy))
    return cases


def forward_backward(code: str) -> str:
    return f"x.grad = None; {code}.backward(g)"


def conv(kernel: int, padding: int) -> list[Case]:
    """The forward pass and both passes of a convolution of 8 x 64 x 32 x 32 by 64 filters."""
    code = f"F.conv2d(x, w, padding={padding})"
    x, w, name = (8, 64, 32, 32), (64, 64, kernel, kernel), f"conv2d {kernel}x{kernel}"
    return [
        Case(f"{name} forward", "conv2d", 1.6, code=code, inputs={"x": data(*x), "w": data(*w)}),
        Case(
            f"{name} forward + backward", "conv2d", 1.8, code=f"w.grad = None; {forward_backward(code)}",
            inputs={"x": leaf(*x), "w": leaf(*w), "g": data(*x)}, check="w.grad",
        ),
    ]  # fmt: skip


def matmul(n: int) -> Case:
    inputs = {"x": data(n, n), "y": data(n, n)}
    return Case(f"matmul {n}", "matmul", 0.95, code="lib.matmul(x, y)", inputs=inputs, numpy="np.matmul(x, y)")


def lstm(make) -> dict[str, Input]:
    return {"x": make(16, 32, 64), "h": data(1, 16, 128), "w": make(512, 64), "u": make(512, 128), "b": make(512)}


SQUARE = {"x": data(1024, 1024)}
LSTM = "lib.lstm(x, (h, h), (w, u / 16, b, b), True, 1, 0.0, False, False, True)[0]"

TABLE: list[Row] = [
    *pointwise("16", "leaky_relu add exp sum", 0.6),
    Case("leaky_relu 16 recorded", "16 elements", 0.6, code="F.leaky_relu(x)", inputs={"x": leaf(16)}),
    Case("ten-op chain forward + backward", "16 elements", 0.5, code="step()", program="chain"),
    *pointwise("64Ki", "leaky_relu add sum", 1.1),
    *pointwise("64Ki", "exp tanh log erf", 0.45),
    *pointwise("64Ki", "sin", 0.3),
    *pointwise("64Ki", "sigmoid gelu", 0.65),
    *pointwise("1Mi", "leaky_relu add sum", 1.1),
    *pointwise("1Mi", "exp tanh log erf", 0.45),
    *pointwise("1Mi", "sin", 0.3),
    *pointwise("1Mi", "sigmoid gelu", 0.65),
    *pointwise("16Mi", "leaky_relu add exp tanh", 0.25),
    Case("leaky_relu 16Mi forward + backward", "16Mi elements", 0.4, code=forward_backward("F.leaky_relu(x)"),
         inputs={"x": leaf(16 * MI), "g": data(16 * MI)}, check="x.grad"),
    *[Case(f"relu in place {size}", f"{size} elements", 1.0, code="x.relu_()", inputs={"x": data(SIZES[size])})
      for size in ("16", "64Ki", "1Mi")],
    Case("add with a factor in place 64Ki", "64Ki elements", 1.0, code="x.add_(y, alpha=1e-9)",
         inputs={"x": data(64 * KI), "y": data(64 * KI)}),
    Case("bias add", "1024 x 1024", 1.0, code="x + b", inputs=SQUARE | {"b": data(1024)}),
    Case("sum of rows", "1024 x 1024", 1.0, code="x.sum(-1)", inputs=SQUARE),
    Case("softmax", "1024 x 1024", 0.7, code="F.softmax(x, dim=-1)", inputs=SQUARE),
    Case("layer_norm", "1024 x 1024", 0.3, code="F.layer_norm(x, (1024,), w, b)",
         inputs=SQUARE | {"w": data(1024), "b": data(1024)}),
    Case("copy of the transpose", "1024 x 1024", 0.5, code="x.t().contiguous()", inputs=SQUARE,
         numpy="np.ascontiguousarray(x.T)"),
    Case("sort of rows", "1024 x 1024", 0.4, code="lib.sort(x, dim=-1)", inputs=SQUARE, numpy="np.sort(x)"),
    *[matmul(n) for n in (32, 512, 1024, 2048)],
    *conv(3, padding=1),
    *conv(1, padding=0),
    Case("LSTM", "16 x 32 x 64", 1.0, code=LSTM, inputs=lstm(data)),
    Case("LSTM forward + backward", "16 x 32 x 64", 1.0, code=forward_backward(LSTM), inputs=lstm(leaf) | {"g": data(16, 32, 128)}, check="x.grad"),
    Case("Adam step of an MLP", "training", 0.5, code="step()", program="mlp"),
    Case("Adam step of a conv net", "training", 1.3, code="step()", program="convnet"),
    Alternating("loop and 512 matmul in turns", "threads", 1.15, first="F.leaky_relu(x)", second="lib.matmul(a, b)",
                inputs={"x": data(MI), "a": data(512, 512), "b": data(512, 512)}),
    BusyCore("MLP steps beside a busy core", "threads", 1.5, program="mlp"),
    PeakMemory("peak memory, MLP", "footprint", 1.0, program="mlp"),
    PeakMemory("peak memory, conv net", "footprint", 1.0, program="convnet"),
    PeakMemory("memory of the steps alone, MLP", "footprint", 1.0, program="mlp", growth=True),
    PeakMemory("memory of the steps alone, conv net", "footprint", 1.0, program="convnet", growth=True),
    ImportTime("import, above NumPy's", "footprint", 40.0, unit="ms"),
    WheelSize("wheel", "footprint", 6.0, unit="MB"),
]  # fmt: skip

# The geometric mean over the ratios to PyTorch's time.
MEAN_TARGET = 0.5


def select(patterns: list[str]) -> list[Row]:
    """Rows of that name; else those whose name or group matches (shell wildcards) or holds the text."""
    names = {row.name for row in TABLE}

    def wanted(row: Row, pattern: str) -> bool:
        if pattern in names:
            return row.name == pattern
        return any(fnmatchcase(text, pattern) or pattern in text for text in (row.name, row.group))

    return [row for row in TABLE if not patterns or any(wanted(row, pattern) for pattern in patterns)]
