"""The rooms of the house: which may import which, and what every declared operation must have."""

import ast
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lucid
from lucid.autograd.op import REGISTRY

PACKAGE = Path(lucid.__file__).parent
# A room may import what stands before it in this order; `dtypes`, `formats` and `printing` are leaves.
ALLOWED = {
    "_kernels": set(),
    "_later": set(),
    "dtypes": {"_kernels"},
    "printing": {"dtypes"},
    "formats": set(),
    "return_types": set(),
    "tensor": {"_kernels", "dtypes", "formats", "printing"},
    "questions": {"_kernels", "tensor"},
    "autograd": {"_kernels", "_later", "dtypes", "tensor"},
    "ops": {"_kernels", "dtypes", "formats", "return_types", "tensor", "autograd", "random"},
    "random": {"_kernels", "dtypes", "tensor", "autograd"},
}


def imports_at_the_top(path: Path):
    """The rooms that a file imports when it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lucid":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "lucid" and len(parts) > 1:
                    yield parts[1]


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_point_one_way(room):
    files = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else sorted((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        for imported in imports_at_the_top(path):
            assert imported == room or imported in ALLOWED[room], f"{path.name} imports lucid.{imported}"


def test_every_room_is_on_the_map():
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    rooms -= {"__init__", "__config__", "_kernels"}
    assert not {room for room in rooms if not re.search(rf"[`/]{room}(\.py|/)?`", text)}


def test_nothing_imports_torch():
    root = PACKAGE.parent
    for folder in ("lucid", "tests", "examples", "pyx"):
        for path in (root / folder).rglob("*.py*"):
            if path.suffix in (".py", ".pyx", ".pxd", ".pxi"):
                for line in path.read_text().splitlines():
                    assert not line.strip().startswith(("import torch", "from torch")), path


PUBLIC = sorted(path for path in REGISTRY if not path.rpartition(".")[2].startswith("_"))


@pytest.mark.parametrize("path", PUBLIC)
def test_every_operation_is_a_documented_function(path):
    spec = REGISTRY[path]
    function = spec.function
    assert function.__doc__ and function.__doc__.strip(), "no docstring"
    assert callable(function) and inspect.isroutine(function)
    signature = inspect.signature(function)
    assert list(signature.parameters) == list(inspect.signature(spec.forward).parameters)
    assert pickle.loads(pickle.dumps(function)) is function


# What may be said of `out=`; `op` has what each word means.
OUT_WORDS = {"all", "any", "apart", "bound", "cast", "dtype", "first", "kind", "modulus", "overlap", "read", "real", "rest", "same", "share",
             "step", "TypeError"}  # fmt: skip


def test_declarations_say_of_out_what_is_understood():
    unknown = {spec.path: words for spec in REGISTRY.values() if (words := set(spec.out_rule.split()) - OUT_WORDS)}
    assert not unknown and {word for spec in REGISTRY.values() for word in spec.out_rule.split()} == OUT_WORDS


LATE = """
import sys, lucid
from lucid import ops
assert not any(f"lucid.ops.{{family}}" in sys.modules for family in ops.LATER)
assert lucid.Tensor([3.0, 1.0]).{use}
assert set(ops.LATER) <= {{name.rpartition(".")[2] for name in sys.modules}}
assert lucid.conv2d is lucid.nn.functional.conv2d and lucid.fft.fft and "std_mean" in dir(lucid)
assert not any(type(member).__name__ == "Later" for member in vars(lucid.Tensor).values())
names = {{}}
exec("from lucid import *", names)
assert set(lucid.__all__) <= set(names)
"""


@pytest.mark.parametrize("use", ["sort()[0].tolist() == [1.0, 3.0]", "softmax(0).sum()", "lgamma_() is not None"])
def test_rare_families_load_on_first_use(use):
    subprocess.run([sys.executable, "-c", LATE.format(use=use)], check=True, cwd=PACKAGE.parent)


def test_a_subclass_may_override_a_method_that_loads_later():
    code = """
import lucid
class Own(lucid.Tensor):
    def sort(self, *args):
        return super().sort(*args)
assert Own([2.0, 1.0]).sort()[1].tolist() == [1, 0]
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)


@pytest.mark.parametrize("collects", (True, False))
def test_importing_leaves_the_garbage_collector_as_it_was(collects):
    code = f"import gc; {'' if collects else 'gc.disable(); '}import lucid; assert gc.isenabled() is {collects}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)


def test_docstrings_of_operations_are_written_when_read():
    code = """
import lucid
assert callable(lucid.exp.__wrapped__.__doc__)
assert "Gradient" in lucid.Tensor.exp.__doc__ and lucid.exp.__doc__ == lucid.Tensor.exp.__doc__
lucid.exp.__doc__ = "another"
assert lucid.exp.__doc__ == "another" != lucid.Tensor.exp.__doc__
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)
