"""The rooms of the house: which may import which, and what every declared operation must have."""

import ast
import inspect
import pickle
from pathlib import Path

import pytest

import lucid
from lucid.autograd.op import REGISTRY

PACKAGE = Path(lucid.__file__).parent
# A room may import what stands before it in this order; `dtypes`, `formats` and `printing` are leaves.
ALLOWED = {
    "_kernels": set(),
    "dtypes": {"_kernels"},
    "printing": {"dtypes"},
    "formats": set(),
    "tensor": {"_kernels", "dtypes", "formats", "printing"},
    "questions": {"tensor"},
    "autograd": {"_kernels", "dtypes", "tensor"},
    "ops": {"_kernels", "dtypes", "formats", "tensor", "autograd", "random"},
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
