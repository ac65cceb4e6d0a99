"""Measured times: what only Lucid's own tests can ask of them."""

import subprocess
import sys

import numpy as np
import pytest

from lucid.utils import benchmark


def test_nothing_is_loaded_before_it_is_asked_for():
    program = "import sys, lucid, lucid.utils; print([name for name in sys.modules if 'benchmark' in name])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_instructions_are_not_counted_and_no_cpp_is_compiled():
    with pytest.raises(NotImplementedError, match="counts no instructions"):
        benchmark.Timer("1").collect_callgrind()
    with pytest.raises(NotImplementedError, match="compiles no C"):
        benchmark.Timer("1;", language="c++")


def test_choices_may_be_names_of_other_numbers():
    number = benchmark.FuzzedParameter("n", 5, 9, "uniform")
    alias = benchmark.FuzzedParameter("m", distribution={1: 0.5, benchmark.ParameterAlias("n"): 0.5})
    fuzzer = benchmark.Fuzzer([alias, number], [benchmark.FuzzedTensor("x", ("n",)), benchmark.FuzzedTensor("y", ("m",))], seed=0)
    drawn = [(len(made["x"]), len(made["y"])) for made, _, _ in fuzzer.take(30)]
    assert {m == n for n, m in drawn} == {True, False} and all(m in (1, n) for n, m in drawn)
    circle = [benchmark.FuzzedParameter(one, distribution={benchmark.ParameterAlias(other): 1.0}) for one, other in ("ab", "ba")]
    with pytest.raises(ValueError, match="circle"):
        next(benchmark.Fuzzer(circle, []).take(1))
    for wrong in ({1: 0.5}, {1: -0.5, 2: 1.5}):
        with pytest.raises(AssertionError, match="sum to one"):
            benchmark.FuzzedParameter("n", distribution=wrong)
    with pytest.raises(AssertionError, match="no minval"):
        benchmark.FuzzedParameter("n", 1, distribution={1: 1.0})
    assert np.isin([number.sample(np.random.RandomState(i)) for i in range(20)], range(5, 10)).all()


def test_a_table_without_descriptions_and_with_some_environments():
    task = lambda env: benchmark.TaskSpec("x", "", label="l", env=env)
    table = str(benchmark.Compare([benchmark.Measurement(1, [time], task(env)) for time, env in ((2e-6, None), (3e-6, "new"))]))
    assert table.splitlines()[3:5] == ["         x  |  2.0", "  (new)  x  |  3.0"]
