"""The examples of PyTorch's own documentation: what stands after `>>>` in the docstrings of the installed version.

The examples of one docstring are one program. It sees the value of each expression and each tensor that is assigned; an example
that raises in PyTorch has to raise the same. Memory without values is not looked at.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import doctest
import inspect
import io
import math
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch

from .. import surface
from ..cases import Case
from ..programs import Program
from . import seed_of
from .programs import ProgramCase, ProgramRun

# Of a docstring that says one of these nothing is run: files, other processes, settings of the whole process, other devices.
LEFT_OUT = re.compile(
    r"open\(|\.save\(|load\(|from_file|tempfile|workers|multiprocessing|DataLoader|set_default|set_printoptions|set_num|set_flush|"
    r"use_deterministic|determinis|compile|cuda|device|sparse|quantize|nested|make_fx|torch_dispatch|library|__version__|is_conj|is_neg|"
    r"\._ops|functional\.native_|jit|onnx|distributed|\.fx|pdb|time\("
)
NOT_RUN = {  # examples that show what nobody promises, or need much memory
    "sort": "the order of equal elements, which a stable sort alone keeps",
    **dict.fromkeys(("nn.BatchNorm3d", "nn.InstanceNorm3d"), "an input of 126 MB"),
    "fft.hfftn": "that a difference of one rounding is within the bounds of allclose",
}
UNSET = re.compile(r"empty|new\(|Tensor\(\d|resize")  # memory without values
GIVEN = {"torch", "nn", "F", "np", "math", *dir(builtins)} - {"input"}


def _sources(text: str) -> list[str]:
    """The examples up to the first that needs what the docstring does not define; those that are no Python are left out."""
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:  # indented otherwise than doctest wants it
        return []
    found, known = [], set(GIVEN)
    for example in examples:
        try:
            tree = ast.parse(example.source)
        except SyntaxError:
            continue
        known |= set(_made(tree))
        if any(isinstance(node, ast.Name) and node.id not in known for node in ast.walk(tree)):
            break
        found.append(example.source)
    return found


def _made(tree: ast.Module) -> Iterator[str]:
    """The names that code gives to something."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


@lru_cache(None)
def _programs() -> dict[str, Program]:
    found, seen = {}, set()
    for path, (_, value) in surface.names().items():
        text = inspect.getdoc(value) or ""
        if ">>>" in text and text not in seen and not LEFT_OUT.search(text) and not surface.out_of_scope(path, value):
            seen.add(text)
            sources = _sources(text)
            if any(map(_shows, sources)) and path not in NOT_RUN:
                found[path] = Program((path,), documented, (sources,), f"_{path}")
    return found


def _shows(source: str) -> bool:
    """Whether an example gives something to see, rather than memory without values or a definition."""
    return not UNSET.search(source) and isinstance(ast.parse(source).body[-1], (ast.Expr, ast.Assign))


def documented(lib: Any, sources: list[str]) -> Iterator[Any]:
    """Run examples one after the other."""
    scope = {"torch": lib, "nn": lib.nn, "F": lib.nn.functional, "np": np, "math": math, "__name__": "examples",
             "__builtins__": {**vars(builtins), "__import__": partial(_import, lib)}}  # fmt: skip
    unset = set()
    for source in sources:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        names = set(_made(tree))
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(tree, "<example>", "exec"), scope)
                value = last and eval(compile(ast.Expression(last.value), "<example>", "eval"), scope)
        except AttributeError:  # of the library's: it has no such name
            raise
        except Exception as error:
            yield type(error).__name__.lstrip("_")
            continue
        if UNSET.search(source):
            unset |= names
        elif last:
            yield _seen(lib, value)
        else:
            yield [(name, _seen(lib, scope[name])) for name in sorted(names - unset) if name in scope]


def _import(lib: Any, name: str, globals=None, locals=None, fromlist=(), level: int = 0) -> Any:
    """`import`, with the library in PyTorch's place."""
    if name.partition(".")[0] != "torch":
        return __import__(name, globals, locals, fromlist, level)
    found = lib
    for part in name.split(".")[1:] if fromlist else ():
        found = getattr(found, part)
    return found


def _seen(lib: Any, value: Any) -> Any:
    """A value as both libraries have it: objects by the name of their class."""
    if isinstance(value, float):
        return lib.tensor(value)  # to be judged by a tolerance
    if isinstance(value, str):
        return value.replace(f"{lib.__name__}.", "")
    if isinstance(value, np.ndarray):
        return lib.tensor(value.tolist())
    if type(value).__name__ == "MaskedTensor":
        return [value.get_data(), value.get_mask()]
    if value is None or isinstance(value, (bool, int, complex, lib.Tensor, lib.dtype)):
        return value
    if isinstance(value, (list, tuple)):
        return [_seen(lib, one) for one in value]
    if isinstance(value, dict):
        return [(str(key), _seen(lib, one)) for key, one in value.items()]
    return "" if callable(value) else type(value).__name__


def ops() -> dict[str, str]:
    return dict.fromkeys(_programs(), "example")


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    item = _programs().get(op)
    if item is not None and not (quick and seed_of(op) % 4):
        yield ProgramCase(op, "examples", "float32", "docstring", op, family="example", kind="program", program=item, runner=ProgramRun)
