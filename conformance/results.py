"""The record of a run: `report.json`.

Design: (a) the dataclasses below are the format; the JSON Schema (`report.schema.json`) is derived from their
annotations and field notes, so that the two cannot drift apart. (b) Counts are kept for every op, check, source and
dtype; what can be added up from them is a method and is not stored twice. (c) Lists and plain values only, so that
another language can read it. (d) The format has a version: the first number changes when an old reader would be
misled, the second when a field is added.

    python -m conformance.results            writes conformance/report.schema.json
    python -m conformance.results --example  writes conformance/example_report.json (invented figures, every field used)
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import types
import typing
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

SCHEMA = "lucid-conformance/1.0"

# What one check of one case can end in. Only the first three are fine.
STATUSES = {
    "passed": "the check held",
    "deviates": "it did not, and conformance/deviations.py says why that is meant",
    "skipped": "the question does not arise for this case; the reason is counted",
    "missing": "the subject has no such function, method or variant",
    "blocked": "not judged: an earlier check of the same case failed, so there was nothing to judge",
    "failed": "the check did not hold, or the subject raised where PyTorch does not",
    "crash": "the subject's process died",
    "hang": "no answer within the time limit",
    "memory": "the subject's process grew past the memory limit",
}
BAD = ("failed", "crash", "hang", "memory")
# The checks that an op of each kind has to be judged by: without an answer to one of them the others say little.
CORE = {"function": ("value", "stream", "behaviour"), "program": ("behaviour",), "module": ("forward", "behaviour"),
        "optimizer": ("steps", "behaviour"), "scheduler": ("rates", "behaviour")}  # fmt: skip
# Upper edges of the ULP histogram's bins; the last one is open. A bin holds errors <= its edge and > the one before.
ULP_EDGES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0, 1024.0, 1e6, math.inf)


def note(text: str, **kwargs) -> typing.Any:
    """Declare a field together with its description in the schema."""
    return field(metadata={"note": text}, **kwargs)


@dataclass
class Environment:
    python: str = note("version of the interpreter")
    platform: str = note("operating system and architecture")
    cpu: str = note("name of the processor")
    cores: int = note("logical processors this process may use")
    memory_gb: float = note("installed memory in GiB")
    packages: dict[str, str] = note("versions of torch, numpy and the libraries that judge")
    oracle_threads: int = note("threads PyTorch was given while it judged", default=1)


@dataclass
class Subject:
    name: str = note("adapter: lucid, torch, numpy, ...")
    version: str = note("version the subject states of itself")
    commit: str = note("commit of the subject's sources, '' where unknown; ends in '+' with local changes", default="")
    simd: str = note("instruction level in use", default="")
    simd_available: list[str] = note("levels this machine can run", default_factory=list)
    threads: int = note("threads the subject was given", default=1)
    config: dict[str, str] = note("whatever else the subject says of its build", default_factory=dict)


@dataclass
class Run:
    started: str = note("UTC, ISO 8601")
    seconds: float = note("wall-clock time of the whole run")
    seed: int = note("seed of every generated number")
    quick: bool = note("a sample of the cases (--quick), not all of them")
    complete: bool = note("false when the run was interrupted; what was judged until then is here")
    jobs: int = note("worker processes")
    ops: list[str] = note("--ops; empty means all", default_factory=list)
    dtypes: list[str] = note("dtypes judged", default_factory=list)
    checks: list[str] = note("checks run", default_factory=list)
    sources: list[str] = note("sources of cases used", default_factory=list)
    cases: int = note("cases judged (each by several checks)", default=0)


@dataclass
class CheckInfo:
    name: str = note("column name")
    title: str = note("a few words for a heading")
    doc: str = note("what is asked and how it is judged")


@dataclass
class Counts:
    """How often a check of an op ended in each status, for one source of cases and one dtype."""

    check: str = note("name of the check")
    source: str = note("own, opinfo or generated")
    dtype: str = note("dtype of the case, e.g. float32; promotion cases name a pair, e.g. int64+float32")
    passed: int = note(STATUSES["passed"], default=0)
    deviates: int = note(STATUSES["deviates"], default=0)
    skipped: int = note(STATUSES["skipped"], default=0)
    missing: int = note(STATUSES["missing"], default=0)
    blocked: int = note(STATUSES["blocked"], default=0)
    failed: int = note(STATUSES["failed"], default=0)
    crash: int = note(STATUSES["crash"], default=0)
    hang: int = note(STATUSES["hang"], default=0)
    memory: int = note(STATUSES["memory"], default=0)
    reasons: dict[str, int] = note("reasons of skipped and deviating cases, with their number", default_factory=dict)

    def add(self, status: str, reason: str = "") -> None:
        setattr(self, status, getattr(self, status) + 1)
        if reason and status in ("skipped", "deviates"):
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def bad(self) -> int:
        return sum(getattr(self, status) for status in BAD)


@dataclass
class Errors:
    """Distances from the truth, in units in the last place of the dtype at the truth."""

    worst: float = note("largest distance in ULP")
    mean: float = note("mean distance in ULP")
    histogram: list[int] = note(f"number of elements per bin; upper edges {[str(e) for e in ULP_EDGES]}")


@dataclass
class Accuracy:
    """The second oracle: how far the subject and PyTorch are from the true value, for one op and dtype."""

    dtype: str = note("dtype of the result")
    oracle: str = note("who knows the truth: arb (ball arithmetic), mpmath, or float64 (PyTorch in double precision)")
    elements: int = note("number of elements compared")
    subject: Errors = note("the subject's errors")
    torch: Errors = note("PyTorch's errors on the same elements")
    more_accurate: str = note("subject, torch or equal: by mean error, equal within 1 % or 0.001 ULP")
    worst_input: str = note("the arguments of the subject's worst element", default="")
    worst_subject: str = note("what the subject answered there", default="")
    worst_torch: str = note("what PyTorch answered there", default="")
    worst_truth: str = note("the true value there", default="")


@dataclass
class Failure:
    """One check of one case that ended badly. At most a few are kept per op, check, source and dtype."""

    case: str = note("case id; `python -m conformance repro ID` judges it again")
    op: str = note("torch path")
    check: str = note("name of the check")
    source: str = note("own, opinfo or generated")
    dtype: str = note("dtype of the case")
    status: str = note("failed, crash, hang or memory")
    message: str = note("what was expected and what was found")
    sample: str = note("the arguments in short")
    repro: str = note("a program of a few lines, needing the subject and torch alone, that shows the difference")
    known: bool = note("listed in baseline.json", default=False)
    details: dict[str, str] = note("figures: largest error, index, tolerance, ...", default_factory=dict)


@dataclass
class Op:
    name: str = note("torch path: nn.functional.leaky_relu, Tensor.add_, nn.Linear, optim.Adam")
    kind: str = note("function, module, optimizer, scheduler or program")
    family: str = note("unary, binary, reduction, shape, index, linalg, ...")
    status: str = note("conforms, deviates, fails, missing, out of scope, or unjudged")
    reason: str = note("why it deviates, is unjudged or out of scope, or what it lacks", default="")
    seconds: float = note("processor time spent judging it", default=0.0)
    cases: int = note("cases judged", default=0)
    counts: list[Counts] = note("one per check, source and dtype", default_factory=list)
    accuracy: list[Accuracy] = note("one per dtype", default_factory=list)
    samples: list[str] = note("some of the cases' arguments in short", default_factory=list)

    def total(self, status: str) -> int:
        return sum(getattr(count, status) for count in self.counts)

    def verdict(self) -> tuple[str, str]:
        """The status the counts amount to, and its reason.

        fails: a check did not hold, or a form of the op is not there while others are. missing: no call of it is
        there. unjudged: no call was compared with PyTorch's (one that PyTorch refuses does not count). deviates:
        nothing of that, and some check differs on purpose. conforms: every check held, and calls were compared.
        """
        reasons = lambda counts: "; ".join(dict.fromkeys(reason for count in counts for reason in count.reasons))
        core = [count for count in self.counts if count.check in CORE.get(self.kind, ())]
        if any(count.bad for count in self.counts):
            return "fails", ""
        lacks = list(dict.fromkeys(count.check for count in self.counts if count.missing))
        if not any(count.passed or count.deviates for count in core):
            if lacks:
                return "missing", ""
            return "unjudged", reasons(core) or ("no case has an answer to compare" if self.cases else "no case")
        if lacks:
            return "fails", f"lacks what these checks ask for: {', '.join(lacks)}"
        if self.total("deviates"):
            return "deviates", reasons(count for count in self.counts if count.deviates)
        return "conforms", ""


@dataclass
class Baseline:
    """This run against the accepted failures of baseline.json. What is missing has entries too: 'op/missing#check', or
    'op/missing#all' where the op as a whole is not there."""

    file: str = note("path of the baseline, '' when none was used", default="")
    new: list[str] = note("'case#check' that fail and are not listed: make the run fail", default_factory=list)
    known: list[str] = note("'case#check' that fail and are listed", default_factory=list)
    fixed: list[str] = note("'case#check' that are listed and now pass: make the run fail too", default_factory=list)
    unjudged: int = note("listed entries this run did not reach", default=0)

    @property
    def ok(self) -> bool:
        return not self.new and not self.fixed


@dataclass
class SurfaceName:
    name: str = note("public name: torch.add, Tensor.add_, nn.Linear")
    group: str = note("torch, Tensor, nn, nn.functional, optim, linalg, fft, special, ...")
    status: str = note("conforms, deviates, fails, missing, out of scope, or present (there, but judged by no case)")
    reason: str = note("why it deviates or is out of scope", default="")
    signature: str = note("same, differs, or unknown (PyTorch states none)", default="unknown")
    torch_signature: str = note("PyTorch's signature", default="")
    subject_signature: str = note("the subject's signature", default="")
    difference: str = note("how the signatures differ", default="")


@dataclass
class Surface:
    names: list[SurfaceName] = note("every public name of PyTorch, once")


@dataclass
class Mutant:
    name: str = note("identifier")
    op: str = note("the function the fault was planted in")
    family: str = note("family of that function")
    fault: str = note("what is wrong with it")
    expected: str = note("the check that is meant to see it")
    caught: bool = note("the check meant to see it failed")
    caught_by: list[str] = note("the checks that failed", default_factory=list)
    reason: str = note("why it was not seen, for an accepted survivor", default="")
    seconds: float = note("time until the verdict", default=0.0)


@dataclass
class Selftest:
    subject: str = note("the subject the faults were planted in")
    seconds: float = note("wall-clock time")
    mutants: list[Mutant] = note("every planted fault")

    @property
    def caught(self) -> int:
        return sum(mutant.caught for mutant in self.mutants)


@dataclass
class Report:
    environment: Environment = note("where this was measured")
    subject: Subject = note("what was judged")
    run: Run = note("what was asked")
    checks: list[CheckInfo] = note("the columns")
    ops: list[Op] = note("functions, modules, optimizers and schedulers, sorted by name")
    failures: list[Failure] = note("examples of everything that failed", default_factory=list)
    baseline: Baseline = note("against the accepted failures", default_factory=Baseline)
    surface: Surface | None = note("the public names, or null when not asked", default=None)
    selftest: Selftest | None = note("planted faults, or null when not asked", default=None)
    schema: str = note("name and version of this format", default=SCHEMA)

    def statuses(self) -> Counter:
        """Number of checks of cases by status, over all ops."""
        return Counter({status: sum(op.total(status) for op in self.ops) for status in STATUSES})

    def verdicts(self, kind: str | None = None) -> Counter:
        """Number of ops by status."""
        return Counter(op.status for op in self.ops if kind in (None, op.kind))

    def save(self, path: str | Path) -> None:
        Path(path).write_text(json.dumps(_plain(self), indent=1, allow_nan=False) + "\n")


def load(path: str | Path) -> Report:
    """Read a report.json; refuses a format whose first version number is another."""
    data = json.loads(Path(path).read_text())
    found = data.get("schema", "none")
    if found.split(".")[0] != SCHEMA.split(".")[0]:
        raise ValueError(f"{path}: report format is {found!r}, this program reads {SCHEMA!r}")
    return _build(Report, data)


def load_selftest(path: str | Path) -> Selftest:
    return _build(Selftest, json.loads(Path(path).read_text()))


def _plain(value):
    """Dataclasses to dicts; infinities and NaN, which JSON does not have, to strings."""
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _build(kind, data):
    """The inverse of `_plain`, guided by the annotations. Unknown fields of a newer minor version are ignored."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if data is None else _build(parts[0], data)
    if origin is list:
        return [_build(parts[0], item) for item in data]
    if origin is dict:
        return {key: _build(parts[1], item) for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{f.name: _build(hints[f.name], data[f.name]) for f in dataclasses.fields(kind) if f.name in data})
    return float(data) if kind is float else data


def _schema(kind) -> dict:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return {"anyOf": [_schema(part) for part in parts]}
    if origin is list:
        return {"type": "array", "items": _schema(parts[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(parts[1])}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = dataclasses.fields(kind)
        return {
            "type": "object",
            "properties": {f.name: {**_schema(hints[f.name]), "description": f.metadata["note"]} for f in fields},
            "required": [f.name for f in fields],
        }
    if kind is float:
        return {"anyOf": [{"type": "number"}, {"enum": ["inf", "-inf", "nan"]}]}
    return {"type": {str: "string", int: "integer", bool: "boolean", type(None): "null"}[kind]}


def json_schema() -> dict:
    """The JSON Schema of `report.json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **_schema(Report)}


def example() -> Report:
    """A small report with invented figures in which every field is used: for the report writer and for tests."""
    ulp = lambda worst, mean, *counts: Errors(worst, mean, list(counts) + [0] * (len(ULP_EDGES) - len(counts)))
    leaky = Op(
        "nn.functional.leaky_relu", "function", "unary", "fails", seconds=0.8, cases=61,
        counts=[
            Counts("value", "own", "float32", passed=24),
            Counts("value", "opinfo", "float32", passed=9),
            Counts("grad", "own", "float32", passed=22, failed=2),
            Counts("grad", "own", "float64", passed=24),
            Counts("grad", "own", "int64", skipped=6, reasons={"integers have no gradient": 6}),
            Counts("inplace", "own", "float32", missing=24),
            Counts("promotion", "generated", "int64+float32", passed=2),
        ],
        accuracy=[
            Accuracy("float32", "float64", 40960, ulp(0.5, 0.12, 40000, 960), ulp(0.5, 0.12, 40000, 960), "equal",
                     "[1.1754944e-38]", "1.17549435e-40", "1.17549435e-40", "1.1754943508222876e-40"),
        ],
        samples=["(Tensor[3, 4], negative_slope=0.3)", "(Tensor[])", "(Tensor[0, 3], negative_slope=0.0)"],
    )  # fmt: skip
    ops = [
        leaky,
        Op("digamma", "function", "unary", "conforms", seconds=0.4, cases=20,
           counts=[Counts("value", "own", "float32", passed=20), Counts("accuracy", "own", "float32", passed=3)],
           accuracy=[Accuracy("float32", "arb", 8192, ulp(1.4, 0.3, 4000, 3000, 1000, 150, 42),
                              ulp(10240.0, 3.1, 3000, 3000, 1500, 400, 200, 42, 20, 10, 10, 5, 3, 2), "subject",
                              "[1.4616321]", "1.2e-08", "1.3e-08", "1.2000001e-08")]),
        Op("sum", "function", "reduction", "deviates", "backward() starts from ones", 0.2, 12,
           [Counts("value", "own", "float32", passed=11, deviates=1, reasons={"backward() starts from ones": 1})]),
        Op("matmul", "function", "linalg", "fails", seconds=20.5, cases=40,
           counts=[Counts("value", "generated", "float32", passed=38, crash=1, hang=1)]),
        Op("lobpcg", "function", "linalg", "missing", cases=4, counts=[Counts("value", "own", "float32", missing=4)]),
        Op("sparse.sampled_addmm", "function", "sparse", "out of scope", "sparse tensors"),
        Op("nn.Linear", "module", "module", "conforms", seconds=0.1, cases=6,
           counts=[Counts("forward", "own", "float32", passed=6), Counts("state_dict", "own", "float32", passed=6)]),
        Op("optim.Adam", "optimizer", "optimizer", "conforms", seconds=0.9, cases=8,
           counts=[Counts("steps", "own", "float32", passed=8)]),
        Op("optim.lr_scheduler.StepLR", "scheduler", "scheduler", "conforms", seconds=0.1, cases=3,
           counts=[Counts("rates", "own", "float64", passed=3)]),
    ]  # fmt: skip
    repro = (
        "import torch, lucid\n\nfor lib in (torch, lucid):\n    x = lib.tensor([0.0], requires_grad=True)\n"
        "    y = lib.nn.functional.leaky_relu(x, negative_slope=0.3)\n    y.backward(lib.tensor([1.5]))\n"
        "    print(lib.__name__, x.grad)\n"
    )
    failures = [
        Failure("nn.functional.leaky_relu/own/float32/3", leaky.name, "grad", "own", "float32", "failed",
                "gradient of argument 0: 1 of 1 elements differ, worst at (0,): expected 0.45, found 1.5",
                "(Tensor[1], negative_slope=0.3)", repro, False, {"worst error": "1.05", "tolerance": "6.5e-6 + 5e-5"}),
        Failure("matmul/generated/float32/17", "matmul", "value", "generated", "float32", "crash",
                "the worker died: signal 11 (SIGSEGV)", "(Tensor[0, 3], Tensor[3, 0])", "import torch\n...", True),
        Failure("matmul/generated/float32/18", "matmul", "value", "generated", "float32", "hang",
                "no answer within 20 s", "(Tensor[4, 3], Tensor[3, 4])", "import torch, lucid\n...", True),
    ]  # fmt: skip
    return Report(
        Environment("3.12.4", "Linux-6.1-x86_64", "Example CPU", 2, 16.0, {"torch": "2.13.0", "numpy": "2.4.6"}, 1),
        Subject("lucid", "0.1.0", "0123abc", "v4", ["base", "v3", "v4"], 2, {"blas": "openblas"}),
        Run("2026-01-01T00:00:00Z", 93.0, 0, True, True, 2, [], ["float32", "float64", "int64", "bool"],
            ["value", "grad"], ["own", "opinfo", "generated"], 154),
        [CheckInfo("value", "value", "Every element equals PyTorch's within the tolerance table."),
         CheckInfo("grad", "gradient", "First gradient along a random cotangent."),
         CheckInfo("inplace", "in-place", "The variant with a trailing underscore."),
         CheckInfo("promotion", "promotion", "Result dtype and value for every pair of dtypes."),
         CheckInfo("accuracy", "accuracy", "Distance from the truth in ULP."),
         CheckInfo("forward", "forward", "A module's output."),
         CheckInfo("state_dict", "state_dict", "Names and shapes of a module's state."),
         CheckInfo("steps", "100 steps", "Parameters and state of an optimizer."),
         CheckInfo("rates", "rates", "Sequence of learning rates of a scheduler.")],
        sorted(ops, key=lambda op: op.name),
        failures,
        Baseline("conformance/baseline.json", ["nn.functional.leaky_relu/own/float32/3#grad"],
                 ["matmul/generated/float32/17#value", "matmul/generated/float32/18#value"], [], 0),
        Surface([
            SurfaceName("nn.functional.leaky_relu", "nn.functional", "fails", "", "differs",
                        "(input, negative_slope=0.01, inplace=False)",
                        "(input_, negative_slope=0.01, inplace=False)", "input is called input_"),
            SurfaceName("digamma", "torch", "conforms", "", "unknown"),
            SurfaceName("cuda.is_available", "torch", "out of scope", "CUDA: Lucid is for CPUs"),
            SurfaceName("lobpcg", "torch", "missing"),
        ]),
        Selftest("torch", 41.0, [
            Mutant("leaky_relu-slope-at-zero", "nn.functional.leaky_relu", "unary", "slope 1 at exactly 0", "grad",
                   True, ["grad"], "", 0.4),
            Mutant("argsort-unstable", "argsort", "sort", "ties in another order", "value", False, [],
                   "PyTorch promises no order of ties without stable=True", 0.6),
        ]),
    )  # fmt: skip


if __name__ == "__main__":
    here = Path(__file__).parent
    if "--example" in sys.argv:
        example().save(here / "example_report.json")
    else:
        (here / "report.schema.json").write_text(json.dumps(json_schema(), indent=1) + "\n")
