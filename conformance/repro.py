"""A program of a few lines that shows one failure with the subject and torch alone."""

from __future__ import annotations

import base64
import inspect
import math
import textwrap
import zlib
from typing import Any

import numpy as np
import torch

from . import programs
from .cases import Case, dtype_name, tensors
from .subjects.adapter import storage_of

LIMIT = 60  # elements shown as numbers; more are packed
PACKED = 6000  # characters of packed data; beyond this the program names the case id


def program(case: Case, package: str, checks: list[str]) -> str:
    """The program's text."""
    if case.kind == "program":
        return _of_program(case.program, package)
    target = case.target
    if not isinstance(target, str):
        return _by_id(case, package, "the call is a function of PyTorch's test database")
    stored: dict = {}
    try:
        arguments = [_literal(arg, stored) for arg in case.args]
        arguments += [f"{key}={_literal(value, stored)}" for key, value in case.kwargs.items()]
    except _TooLong:
        return _by_id(case, package, "the arguments are too long to be written here")
    parties = "torch" if package == "torch" else f"torch, {package}"
    lines = [f"# {case.id}: {', '.join(checks)}", f"import {parties}"]
    if any("unpack" in text for text in (*arguments, *stored.values())):
        lines += ["import base64, zlib, numpy"]
        lines += [
            "unpack = lambda text, dtype: numpy.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).copy()"
        ]
    grads = {"grad", "grad2"} & set(checks)
    lines += ["", f"for lib in ({parties}{',' if package == 'torch' else ''}):", "    lib.manual_seed(0)"]
    lines += [f"    {name} = {text}" for name, text in stored.items()]
    call = f"lib.{target}({', '.join(arguments)})"
    if not grads:
        lines += ["    try:", f"        print(lib.__name__, repr({call}))"]
        lines += ["    except Exception as error:", "        print(lib.__name__, type(error).__name__, error)"]
        return "\n".join(lines) + "\n"
    inputs = [f"x{i}" for i, t in enumerate(_unique(case)) if t.requires_grad]
    lines += [f"    {name} = {name}.detach().requires_grad_()" for name in inputs]
    lines += [f"    out = {call}", "    out = out if isinstance(out, lib.Tensor) else out[0]"]
    lines += ["    cotangent = lib.linspace(1, 2, max(out.numel(), 1)).to(out.dtype)[: out.numel()].reshape(out.shape)"]
    given = "[" + ", ".join(inputs) + "]"
    if "grad2" in grads:
        lines += [f"    first = lib.autograd.grad(out, {given}, cotangent, create_graph=True, allow_unused=True)"]
        lines += ["    total = sum((g * g).sum() for g in first if g is not None and g.requires_grad)"]
        lines += [f"    print(lib.__name__, lib.autograd.grad(total, {given}, allow_unused=True))"]
    else:
        lines += [f"    print(lib.__name__, lib.autograd.grad(out, {given}, cotangent, allow_unused=True))"]
    return "\n".join(lines) + "\n"


def _of_program(item: programs.Program, package: str) -> str:
    """A program as it stands, with what it takes from its file."""
    helpers = [programs.raised, *(f for f in vars(inspect.getmodule(item.run)).values() if _is_helper(f, item.run))]
    texts = [textwrap.dedent(inspect.getsource(function)) for function in (*helpers, item.run)]
    texts[-1] = texts[-1][texts[-1].index("def ") :]
    parties = "torch" if package == "torch" else f"torch, {package}"
    imports = f"import {parties}\nfrom collections.abc import Callable\nfrom typing import Any\n"
    loop = f"for lib in ({parties},):\n    print(lib.__name__)\n    lib.manual_seed(0)\n"
    loop += f"    for seen in {item.name}(lib):\n        print('   ', seen)\n"
    return "\n\n".join([imports, *texts, loop])


def _is_helper(value: Any, program: Any) -> bool:
    """Whether a program calls this function of its own file."""
    return getattr(value, "__module__", "") == program.__module__ and value.__name__ in program.__code__.co_names


def _by_id(case: Case, package: str, why: str) -> str:
    subject = "" if package == "lucid" else f" --subject {package}"
    return f"# {why}: {case.op}{case.short()}\npython -m conformance repro '{case.id}'{subject}\n"


class _TooLong(Exception):
    pass


def _unique(case: Case) -> list[torch.Tensor]:
    seen: dict[int, torch.Tensor] = {}
    for tensor in tensors(case.args, case.kwargs):
        seen.setdefault(id(tensor), tensor)
    return list(seen.values())


def _literal(value: Any, stored: dict) -> str:
    """Python text of an argument. Tensors are named x0, x1, ... and defined in `stored`."""
    if isinstance(value, torch.Tensor):
        name = f"x{len(stored)}"
        stored[name] = _tensor(value)
        return name
    if isinstance(value, torch.dtype):
        return f"lib.{dtype_name(value)}"
    if isinstance(value, (torch.memory_format, torch.layout)):
        return f"lib.{str(value).removeprefix('torch.')}"
    if isinstance(value, torch.device):
        return repr(str(value))
    if isinstance(value, torch.Size):
        return repr(tuple(value))
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_literal(item, stored) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_literal(item, stored)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, np.ndarray):
        return f"__import__('numpy').array({value.tolist()}, '{value.dtype}')"
    if isinstance(value, slice):
        return f"slice({_literal(value.start, stored)}, {_literal(value.stop, stored)}, {_literal(value.step, stored)})"
    return repr(value)


def _tensor(tensor: torch.Tensor) -> str:
    plain = tensor.detach().resolve_conj().resolve_neg()
    dtype = f"lib.{dtype_name(tensor.dtype)}"
    if plain.is_contiguous() and plain.storage_offset() == 0 or plain.numel() == 0:
        return (
            _values(plain.contiguous(), dtype) if plain.numel() else f"lib.zeros({tuple(plain.shape)}, dtype={dtype})"
        )
    flat = _values(storage_of(plain), dtype)
    return f"lib.as_strided({flat}, {tuple(plain.shape)}, {tuple(plain.stride())}, {plain.storage_offset()})"


def _values(tensor: torch.Tensor, dtype: str) -> str:
    if tensor.numel() <= LIMIT:
        return f"lib.tensor({_numbers(tensor.tolist())}, dtype={dtype})"
    raw = tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
    text = base64.b64encode(zlib.compress(raw, 9)).decode()
    if len(text) > PACKED or tensor.dtype is torch.bfloat16:
        raise _TooLong
    name = dtype_name(tensor.dtype)
    return f"lib.from_numpy(unpack('{text}', '{name}')).reshape({tuple(tensor.shape)})"


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_numbers, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value)
