"""Graphs of functions. PyTorch judges their print, code and results (conformance/programs/tracing.py); here is what is Lucid's own."""

from __future__ import annotations

import operator
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


def test_dead_code_leaves_what_draws_numbers_or_writes_an_element():
    graph = fx.Graph()
    x = graph.placeholder("x")
    graph.call_function(operator.setitem, (x, 0, 7.0))
    graph.call_function(lucid.bernoulli, (x,))
    graph.call_function(lucid.neg, (x,))
    graph.output(x)
    assert graph.eliminate_dead_code() and [node.name for node in graph.nodes] == ["x", "setitem", "bernoulli", "output"]
    graph.output_node().append(next(iter(graph.nodes)))
    with pytest.raises(RuntimeError, match="before it has been defined"):
        graph.eliminate_dead_code()


def test_dead_code_of_inner_graphs_goes_too():
    outer = nn.Module()
    outer.inner = fx.symbolic_trace(lambda x: (x.exp(), x + 1)[1])
    graph = fx.Graph()
    graph.output(graph.call_function(map, (graph.get_attr("inner"), [1])))
    made = fx.GraphModule(outer, graph)
    assert made.graph.eliminate_dead_code() and "exp" not in made.inner.code and not made.graph.eliminate_dead_code()


def test_a_module_that_nodes_name_may_be_gone_when_unused_ones_are_deleted():
    traced = fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    traced.extra = nn.ReLU()
    traced.delete_submodule("0")
    traced.delete_all_unused_submodules()
    assert [name for name, _ in traced.named_modules()] == ["", "1"]


def test_of_patterns_that_overlap_the_first_is_replaced():
    traced = fx.symbolic_trace(lambda x: lucid.relu(lucid.relu(lucid.relu(x))))
    assert len(fx.replace_pattern(traced, lambda x: lucid.relu(lucid.relu(x)), lambda x: lucid.exp(x))) == 1
    assert [node.name for node in traced.graph.nodes] == ["x", "exp", "relu_2", "output"]


def test_containers_among_concrete_arguments_are_taken_apart():
    def scaled(x, pair):
        return {"scaled": x["a"] * pair[0] + pair[1], "plain": (x["b"],)}

    traced = fx.symbolic_trace(scaled, concrete_args={"x": {"a": fx.PH, "b": fx.PH}, "pair": (fx.PH, 3)})
    assert [node.name for node in traced.graph.nodes if node.op == "placeholder"] == ["x_1", "x_2", "pair_1", "pair_2"]
    assert "x_1, x_2, pair_1, pair_2, = fx_pytree.tree_flatten_spec([x, pair], self._in_spec)" in traced.code
    x = {"a": lucid.ones(1), "b": lucid.zeros(1)}
    for call in (traced, fx.Interpreter(traced).run):
        found = call(x, (2, 3))
        assert found["scaled"].item() == 5 and found["plain"] == (x["b"],)
    with pytest.raises(AssertionError, match="pair has been specialized to have value 3"):
        traced(x, (2, 4))


def test_a_module_takes_a_list_of_traced_arguments():
    class Sums(lucid.nn.Module):
        def forward(self, x, others):
            return x + others[0] + others[1]

    traced = fx.symbolic_trace(Sums(), concrete_args={"others": [fx.PH, fx.PH]})
    assert traced(lucid.ones(1), [1, 2]).item() == 4
