"""Graphs of functions. PyTorch judges their print, code and results (conformance/programs/tracing.py); here is what is Lucid's own."""

from __future__ import annotations

import pickle
import sys
import threading

import pytest

import lucid
from lucid import fx, nn


def test_programs_without_subclasses_load_neither_the_tracer_nor_overrides():
    import subprocess

    subprocess.run([sys.executable, "-c", "import lucid, sys, lucid.nn, lucid.optim, lucid.distributions; assert not {'lucid.fx', 'lucid.overrides'} & set(sys.modules)"], check=True)


def test_code_runs_with_lucid_under_the_name_torch():
    traced = fx.symbolic_trace(lambda x: nn.functional.gelu(lucid.linalg.inv(x)) + lucid.fft.fft(x).real)
    assert "torch._C._nn.gelu" in traced.code and "torch._C._linalg.linalg_inv" in traced.code
    x = lucid.eye(3) * 2
    assert lucid.equal(traced(x), nn.functional.gelu(lucid.linalg.inv(x)) + lucid.fft.fft(x).real)


def test_tracing_leaves_modules_as_they_were():
    before = nn.Module.__call__, nn.Module.__getattr__

    class Fails(nn.Module):
        def forward(self, x):
            raise KeyError(x)

    with pytest.raises(KeyError):
        fx.symbolic_trace(Fails())
    assert (nn.Module.__call__, nn.Module.__getattr__) == before


def test_tracebacks_show_the_generated_line():
    traced = fx.symbolic_trace(lambda x: x.no_such_method())
    try:
        traced(lucid.ones(1))
    except AttributeError as error:
        import traceback

        assert "no_such_method = x.no_such_method()" in "".join(traceback.format_exception(error))


def test_gradients_flow_through_and_types_are_plain():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    traced = fx.symbolic_trace(model)
    traced(lucid.ones(4, 2)).sum().backward()
    assert model[0].weight.grad is not None and type(traced(lucid.ones(1, 2))) is lucid.Tensor


def test_a_traced_module_is_pickled_and_written(tmp_path):
    traced = fx.symbolic_trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    x = lucid.ones(1, 2)
    assert lucid.equal(pickle.loads(pickle.dumps(traced))(x), traced(x))
    traced.to_folder(tmp_path / "made")
    sys.path.insert(0, str(tmp_path))
    try:
        import made

        assert lucid.equal(made.FxModule()(x), traced(x))
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["made"]


def test_nested_concrete_args_are_refused():
    with pytest.raises(NotImplementedError, match="not taken apart"):
        fx.symbolic_trace(lambda x, pair: x + pair[0], concrete_args={"pair": (1, 2)})


def test_graphs_run_in_other_threads():
    traced = fx.symbolic_trace(lambda x: lucid.relu(x) * 2)
    found = []
    thread = threading.Thread(target=lambda: found.append(traced(lucid.ones(2)).tolist()))
    thread.start()
    thread.join()
    assert found == [[2.0, 2.0]]


def test_the_graph_prints_as_a_table(capsys):
    fx.symbolic_trace(lambda x: x + 1).graph.print_tabular()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["opcode", "name", "target", "args", "kwargs"] and len(lines) == 5


def test_lines_of_code_can_be_changed():
    traced = fx.symbolic_trace(lambda x: x + 1)
    with traced.graph.on_generate_code(lambda before: lambda lines: [*lines[:1], "print('here')\n", *lines[1:]]):
        assert "print('here')" in traced.recompile().src
    assert "print" not in traced.recompile().src
