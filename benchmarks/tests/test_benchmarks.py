"""The harness: the same work is compared, a known ratio is measured, a busy machine is seen. No figures of Lucid."""

import json
import os
import subprocess
import sys
import time
import types

import pytest
import torch

from benchmarks import cases, machine, models, processes, report, survey, timing
from benchmarks.libraries import Library, data, leaf

PLAN = timing.Plan(pairs=5, block=0.002)


def imposter(monkeypatch, **functions):
    """A library that is PyTorch but for some functions."""
    module = types.ModuleType("imposter")
    module.__getattr__ = lambda name: functions.get(name) or getattr(torch, name)
    monkeypatch.setitem(sys.modules, "imposter", module)
    for name in ("nn", "nn.functional", "optim"):
        monkeypatch.setitem(sys.modules, f"imposter.{name}", __import__(f"torch.{name}", fromlist=["x"]))
    return Library("imposter")


def measure(case, subject):
    return timing.time_case(case, subject, Library("torch"), Library("numpy"), PLAN)


def test_names_are_unique_and_every_case_runs_in_the_reference():
    names = [row.name for row in cases.TABLE]
    assert len(names) == len(set(names))
    reference = Library("torch")
    for case in cases.TABLE:
        if isinstance(case, cases.Case) and sum(torch.Size(i.shape).numel() for i in case.inputs.values()) < 1 << 18:
            exec(case.code, timing.namespace(reference, case, timing.arrays(case.inputs)))


def test_a_wrong_answer_is_not_timed(monkeypatch):
    wrong = imposter(monkeypatch, exp=lambda x: torch.exp(x) * 1.01)
    with pytest.raises(ValueError, match="not the same work"):
        measure(cases.Case("exp", "", 1, code="lib.exp(x)", inputs={"x": data(16)}), wrong)
    short = imposter(monkeypatch, exp=lambda x: torch.exp(x)[1:])
    with pytest.raises(ValueError, match="shape"):
        measure(cases.Case("exp", "", 1, code="lib.exp(x)", inputs={"x": data(16)}), short)


def test_gradients_are_compared_too(monkeypatch):
    wrong = imposter(monkeypatch, exp=lambda x: torch.exp(x).detach() + x * 0)
    inputs = {"x": leaf(16), "g": data(16)}
    case = cases.Case("exp", "", 1, code="lib.exp(x).backward(g)", inputs=inputs, check="x.grad")
    with pytest.raises(ValueError, match="not the same work"):
        measure(case, wrong)


def test_a_known_ratio_is_measured(monkeypatch):
    def slow(x):
        end = time.perf_counter() + 2e-4
        while time.perf_counter() < end:
            pass
        return torch.exp(x)

    def quick(x):
        end = time.perf_counter() + 1e-4
        while time.perf_counter() < end:
            pass
        return torch.exp(x)

    case = cases.Case("exp", "", 1, code="lib.exp(x)", inputs={"x": data(16)}, numpy="np.exp(x)")
    subject = imposter(monkeypatch, exp=slow)
    reference = imposter(monkeypatch, exp=quick)
    found = timing.time_case(case, subject, reference, Library("numpy"), PLAN)
    assert 1.5 < found["value"] < 2.6  # by construction 2; the machine may be busy
    assert found["to_numpy"] > 10


def test_every_round_takes_every_block_once_and_turns_the_order():
    calls = []
    blocks = [lambda i=i: calls.append(i) or 1.0 + i for i in range(3)]
    times, _ = timing.rounds(blocks, 3)
    assert times == [[1.0] * 3, [2.0] * 3, [3.0] * 3]
    assert calls[:9] == [0, 1, 2, 1, 2, 0, 2, 0, 1]


def test_disturbed_rounds_are_repeated_and_then_marked(monkeypatch):
    loads = iter([0.9, 0.0, 0.9, 0.0])
    monkeypatch.setattr(machine.Watch, "others", lambda self: next(loads))
    assert timing.rounds([lambda: 1.0], 2) == ([[1.0, 1.0]], 0)
    monkeypatch.setattr(machine.Watch, "others", lambda self: 0.9)
    assert timing.rounds([lambda: 1.0], 2) == ([[1.0, 1.0]], 2)


def row(**values):
    return {"kind": "Case", "target": 0.5, "unit": "x", "pairs": 4, **values}


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (row(value=0.5), "met"), (row(value=0.504), "met"), (row(value=0.51), "missed"), (row(), "not measured"),
        (row(value=0.1, disturbed=2), "met"), (row(value=0.1, disturbed=3), "not measured"),
    ],
)  # fmt: skip
def test_verdicts(found, verdict):
    assert report.verdict(found) == verdict


def test_the_mean_is_over_measured_time_ratios():
    rows = [row(value=0.25), row(value=1.0), row(value=9.0, disturbed=4), row(), row(value=50.0, kind="ImportTime")]
    assert report.geometric_mean(report.ratios(rows)) == pytest.approx(0.5)
    assert report.geometric_mean([]) is None


def test_a_busy_process_is_seen_and_ended():
    watch = machine.Watch()
    with processes.busy_process(20):
        time.sleep(0.5)
        load = machine.load(2)
        busy = watch.others()
    assert load.busy and busy > 0.3
    assert not [p for p in machine.psutil.Process().children() if "monotonic" in " ".join(p.cmdline())]


def test_selection():
    assert {r.name for r in cases.select(["conv2d*"])} == {r.name for r in cases.TABLE if r.group == "conv2d"}
    assert [r.name for r in cases.select(["add 16"])] == ["add 16"]
    assert cases.select([]) == cases.TABLE and cases.select(["nothing of that name"]) == []


def test_the_worker_measures_steps_and_memory():
    found = processes.train("torch", "mlp", threads=1, steps=3, seconds=20)
    assert found["steps"] == 3 and 0 < found["seconds"] < 5
    assert found["peak_mb"] > found["growth_mb"] >= 0


def test_one_case_from_the_command_line(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--subject", "torch", "--quick", "--allow-busy", "--patience", "0",
               "--threads", "1", "--simd", "v3", "--output", str(tmp_path), "add 16"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "7"})
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "benchmarks.json").read_text())
    assert (record["simd"], record["threads"], record["subject"]["name"]) == ("v3", 1, "torch")
    assert [r["name"] for r in record["rows"]] == ["add 16"] and record["rows"][0]["seconds"]["reference"]["median"] > 0
    assert (tmp_path / "benchmarks.png").stat().st_size > 1000 and (tmp_path / "benchmarks.svg").exists()


def test_an_unknown_case_is_an_error():
    done = subprocess.run([sys.executable, "-m", "benchmarks", "no such case"], capture_output=True, text=True)
    assert done.returncode == 2 and "no case matches" in done.stdout


@pytest.mark.filterwarnings("ignore:index_reduce\\(\\) is in beta")  # PyTorch says so once a process
@pytest.mark.parametrize(("size", "least"), [(16, 300), ("deployed", 60)])
def test_every_expression_of_the_survey_runs_in_both_libraries(size, least):
    libraries = [Library("lucid"), Library("torch")]
    names = [survey.namespace(library, size) for library in libraries]
    assert len(set(survey.expressions(size))) == len(survey.expressions(size)) > least
    for expression in survey.expressions(size):
        ours, theirs = (survey.made(library, its, expression)() for library, its in zip(libraries, names))
        assert getattr(ours, "shape", None) == getattr(theirs, "shape", None), expression


def test_the_survey_writes_what_it_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["survey", "--size", "16", "--above", "0", "--block", "0.001", "--output", str(tmp_path / "s.json"),
                                     "x+y", "grad x.exp()"])  # fmt: skip
    assert survey.main() == 0
    rows = json.loads((tmp_path / "s.json").read_text())["rows"]
    assert {row["expression"] for row in rows} == {"x+y", "grad x.exp()"}
    assert all(abs(row["ratio"] - row["lucid"] / row["torch"]) < 1e-12 for row in rows)
    assert "2 expressions" in capsys.readouterr().out


def test_whole_networks_are_compared_and_have_to_agree(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(models.MODELS, "absent", ("no_such_package", None))
    monkeypatch.setattr("sys.argv", ["models", "LSTM of 256", "absent", "--seconds", "0", "--pairs", "1", "--output", str(tmp_path / "m.json")])
    assert models.main() == 0
    (row,) = json.loads((tmp_path / "m.json").read_text())["rows"]
    assert row["name"] == "LSTM of 256" and row["ratio"]["seconds"] == row["lucid"]["seconds"] / row["torch"]["seconds"] > 0
    assert row["lucid"]["first"] > row["lucid"]["seconds"] and row["lucid"]["peak_mb"] > 10
    assert "no_such_package is not installed" in capsys.readouterr().out
    found = {"seconds": 1.0, "first": 1.0, "peak_mb": 1.0}
    monkeypatch.setattr(models, "measured", lambda name, lucid, options: found | {"result": 1.0 + lucid})
    assert models.main() == 1 and "results differ" in capsys.readouterr().out
