"""Programs of packages on both libraries, by a made-up package."""

import numpy as np
import pytest

from conformance import packages

PACKAGE = """
import sys
import numpy as np
import torch

name, output = sys.argv[1:]
torch.manual_seed(0)
x = torch.nn.Linear(3, 2)(torch.ones(4, 3)).detach()
mine = "lucid" in torch.__version__
if name == "raises" and mine:
    raise RuntimeError("no such thing")
found = {"0 outputs": x.numpy(), "1 tokens": np.arange(3)}
if name == "differs" and mine:
    found["0 outputs"] = found["0 outputs"] * 1.1
if name == "forgets" and mine:
    del found["1 tokens"]
np.savez(output, **found)
"""


@pytest.mark.parametrize(("name", "verdict"), [("runs", "runs"), ("differs", "differs"), ("raises", "RuntimeError: no such thing"),
                                               ("forgets", "sees 1 things where PyTorch sees 2")])  # fmt: skip
def test_a_package_is_run_on_both_libraries(tmp_path, name, verdict):
    programs = tmp_path / "programs.py"
    programs.write_text(PACKAGE)
    found = packages.compared(name, "a layer", programs=programs)
    assert found.verdict == verdict
    assert (found.largest < 1e-6) == (name != "differs")


def test_differences_are_in_parts_of_the_largest_element():
    a = np.array([1.0, -4.0, np.nan, np.inf])
    assert packages.difference(a, a + [0, 1, 0, 0]) == 0.25 and packages.difference(a, a) == 0.0
    for other in (a[:3], a.astype(np.float32), np.array([1.0, -4.0, 0.0, np.inf]), np.array([1.0, -4.0, np.nan, -np.inf])):
        assert packages.difference(a, other) == np.inf
    assert packages.difference(np.arange(3), np.array([0, 1, 3])) == np.inf and packages.difference(np.zeros(2), np.ones(2) * 0.5) == 0.5


def test_every_program_says_what_it_does():
    from conformance.packages.programs import PROGRAMS

    assert len(PROGRAMS) > 30 and all(program.what for program in PROGRAMS.values())
    assert not packages.installed(type("Program", (), {"__name__": "nothing_of_this_name", "also": ()})())
