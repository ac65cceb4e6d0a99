"""A program of a few lines that shows one failure with the subject and torch alone."""

from __future__ import annotations

import base64
import inspect
import math
import textwrap
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from . import programs
from .cases import Case, dtype_name, tensors
from .checks.variants import OPERATORS
from .samples.classes import WITHOUT_FRONT, Make
from .subjects.adapter import storage_of

LIMIT = 60  # elements shown as numbers; more are packed
PACKED = 6000  # characters of packed data; beyond this the program names the case id


def program(case: Case, package: str, checks: list[str], message: str = "") -> str:
    """The program's text: the call in the form that the first of the checks judges (`message` names the layout)."""
    if case.source == "examples":
        return _by_id(case, package, "the examples of a docstring") + "".join(f"# {line}\n" for one in case.program.row[0] for line in one.splitlines())
    if case.kind == "program":
        return _of_program(case.program, package)
    if not isinstance(case.target, str):
        return _by_id(case, package, "the call is a function of PyTorch's test database")
    stored: dict = {}
    try:
        arguments = [_literal(arg, stored) for arg in case.args]
        arguments += [f"{key}={_literal(value, stored)}" for key, value in case.kwargs.items()]
        body = OBJECTS[case.kind](case, arguments, stored) if case.kind in OBJECTS else _call(case, arguments, checks, message)
    except _NotWritten as reason:
        return _by_id(case, package, str(reason))
    parties = "torch" if package == "torch" else f"torch, {package}"
    lines = [f"# {case.id}: {', '.join(checks)}", f"import {parties}"]
    if any("unpack" in text for text in (*arguments, *stored.values())):
        lines += ["import base64, zlib, numpy"]
        lines += [
            "unpack = lambda text, dtype: numpy.frombuffer(zlib.decompress(base64.b64decode(text)), dtype).copy()"
        ]
    lines += ["", f"for lib in ({parties}{',' if package == 'torch' else ''}):", "    print(lib.__name__)", "    lib.manual_seed(0)"]
    lines += [f"    {name} = {text}" for name, text in stored.items()]
    guarded = [f"        {line}" for line in body]
    lines += ["    try:", *guarded, "    except Exception as error:", "        print(type(error).__name__, error)"]
    return "\n".join(lines) + "\n"


# How an argument is laid out as layouts.py does it.
LAID = {
    "strided": "{x} = lib.stack([{x}, {x}], -1)[..., 0]",
    "transposed": "{x} = {x}.permute(*range({x}.dim())[::-1]).contiguous().permute(*range({x}.dim())[::-1])",
    "offset": "{x} = lib.cat([{x}.flatten()[:1]] * 3 + [{x}.flatten()])[3:].reshape({x}.shape)",
    "expanded": "{x} = {x}[:1].expand({x}.shape) if {x}.dim() else {x}",
    "read-only": "a = {x}.detach().numpy().copy(); a.flags.writeable = False; {x} = lib.from_numpy(a)",
    "loose": "{x} = {x}.as_strided({x}.shape, [step + 5 if size == 1 else step "
             "for size, step in zip({x}.shape, {x}.stride())])",
}


def _call(case: Case, arguments: list[str], checks: list[str], message: str) -> list[str]:
    """The lines that call and print."""
    found, name, first = _unique(case), case.op.rpartition(".")[2], arguments[0] if arguments else ""
    call, rest = f"lib.{case.target}({', '.join(arguments)})", ", ".join(arguments[1:])
    check = checks[0]
    if check in ("grad", "grad2"):
        return _gradient(found, call, check)
    if check == "method":
        return [f"print({first}.{name}({rest}))"]
    if check == "operator":
        return ["import operator", f"print(operator.{OPERATORS[name].__name__}({', '.join(arguments)}))"]
    if check == "inplace":
        if "gradient" in message:
            inputs = [f"x{i}" for i, t in enumerate(found) if t.requires_grad]
            return [*(f"{x}.requires_grad_()" for x in inputs), f"out = {first}.clone().{name}_({rest})",
                    f"print(lib.autograd.grad(out.sum(), [{', '.join(inputs)}], allow_unused=True))"]  # fmt: skip
        return [f"y = {first}.clone()", f"print(y.{name}_({rest}), y)"]
    if check == "out":
        return [f"like = {call}", "for out in (lib.zeros_like(like), lib.zeros_like(like.mT.contiguous()).mT if like.dim() > 1 else like + 1, like[..., :0].flatten().clone()):",
                f"    print(lib.{case.target}({', '.join([*arguments, 'out=out'])}), out)"]  # fmt: skip
    if check == "layouts":
        layout = next((name for name in LAID if message.startswith((f"{name} arg", f"with {name} arg"))), "strided")
        return [LAID[layout].format(x=f"x{i}") for i in range(len(found))] + [f"print({call})"]
    if check == "alias":
        return [f"out = {call}", "for y in out if isinstance(out, (list, tuple)) else (out,):",
                f"    print(y.stride(), [y.data_ptr() - x.data_ptr() for x in ({''.join(f'x{i}, ' for i in range(len(found)))})])"]  # fmt: skip
    if check == "unmodified":
        return [call, f"print({', '.join(f'x{i}' for i in range(len(found)))})"]
    if check == "threads":
        return ["for n in (1, 2, 3):", "    lib.set_num_threads(n)", f"    print(n, {call}.sum().item().hex())"]
    return [f"print(repr({call}))"] * (3 if check == "stream" else 2 if check == "repeat" else 1)


def _gradient(found: list[torch.Tensor], call: str, check: str) -> list[str]:
    inputs = [f"x{i}" for i, t in enumerate(found) if t.requires_grad]
    given = "[" + ", ".join(inputs) + "]"
    lines = [f"{name} = {name}.detach().requires_grad_()" for name in inputs]
    lines += [f"out = {call}", "out = out if isinstance(out, lib.Tensor) else out[0]"]
    lines += ["cotangent = lib.linspace(1, 2, max(out.numel(), 1)).to(out.dtype)[: out.numel()].reshape(out.shape)"]
    if check == "grad":
        return [*lines, f"print(lib.autograd.grad(out, {given}, cotangent, allow_unused=True))"]
    lines += [f"first = lib.autograd.grad(out, {given}, cotangent, create_graph=True, allow_unused=True)"]
    lines += ["total = sum((g * g).sum() for g in first if g is not None and g.requires_grad)"]
    return [*lines, f"print(lib.autograd.grad(total, {given}, allow_unused=True))"]


def _made(make: Make, stored: dict, front: str = "") -> str:
    """Python text of a construction."""

    def one(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(one, value))}]"
        return _made(value, stored, front) if isinstance(value, Make) else _literal(value, stored)

    parts = [one(value) for value in make.args] + [f"{key}={one(value)}" for key, value in make.kwargs.items()]
    return f"lib.{make.path}({', '.join([front] * bool(front and make.path not in WITHOUT_FRONT) + parts)})"


def _module(case: Any, arguments: list[str], stored: dict) -> list[str]:
    made = _made(case.make, stored)
    cast = f".to(lib.{case.dtype})" if case.dtype != "float32" else ""
    return [f"module = {made}{cast}.train({case.training})",
            "print({name: (tuple(t.shape), t.flatten()[:3]) for name, t in module.state_dict().items()})",
            f"out = module({', '.join(arguments)})", "print(out)", "out = out if isinstance(out, lib.Tensor) else out[0]",
            "out.sum().backward()", "print([p.grad for p in module.parameters()])"]  # fmt: skip


def _optimizer(case: Any, arguments: list[str], stored: dict) -> list[str]:
    return [f"x = lib.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=lib.{case.dtype}, requires_grad=True)",
            f"optimizer = {_made(case.make, stored, '[x]')}", "def closure():", "    optimizer.zero_grad()",
            "    loss = ((x - 1) ** 2).sum()", "    loss.backward()", "    return loss",
            "for _ in range(100):", "    optimizer.step(closure)", "print(x, optimizer.state_dict())"]  # fmt: skip


def _scheduler(case: Any, arguments: list[str], stored: dict) -> list[str]:
    step = "scheduler.step(1.0)" if case.op.endswith("ReduceLROnPlateau") else "scheduler.step()"
    return ["optimizer = lib.optim.SGD([lib.ones(2, requires_grad=True)], lr=0.1, momentum=0.9)",
            f"scheduler = {_made(case.make, stored, 'optimizer')}", "for _ in range(34):",
            f"    optimizer.step(); {step}", "    print(scheduler.get_last_lr(), optimizer.param_groups[0]['momentum'])"]  # fmt: skip


OBJECTS = {"module": _module, "optimizer": _optimizer, "scheduler": _scheduler}


def _of_program(item: programs.Program, package: str) -> str:
    """A program as it stands, with what it takes from its file."""
    helpers = [programs.raised, programs.warned, *_helpers(item.run)]
    texts = [textwrap.dedent(inspect.getsource(function)) for function in (*helpers, item.run)]
    texts[-1] = texts[-1][texts[-1].index("def ") :]
    parties = "torch" if package == "torch" else f"torch, {package}"
    imports = f"import warnings\nimport {parties}\nfrom collections.abc import Callable\nfrom typing import Any\n"
    loop = f"for lib in ({parties},):\n    print(lib.__name__)\n    lib.manual_seed(0)\n"
    row = "".join(f", {one!r}" for one in item.row)
    loop += f"    for seen in {item.run.__name__}(lib{row}):\n        print('   ', seen)\n"
    return "\n\n".join([imports, *texts, loop])


def _helpers(program: Callable) -> list[Callable]:
    """The functions of its own file that a program calls, and those that they call."""
    own = {name: f for name, f in vars(inspect.getmodule(program)).items()
           if inspect.isfunction(f) and f.__module__ == program.__module__}  # fmt: skip
    found, queue = {}, [program.__code__]
    while queue:
        code = queue.pop()
        queue += [one for one in code.co_consts if inspect.iscode(one)]
        for name in code.co_names:
            if name in own and name not in found:
                found[name] = own[name]
                queue.append(own[name].__code__)
    return list(found.values())


def _by_id(case: Case, package: str, why: str) -> str:
    subject = "" if package == "lucid" else f" --subject {package}"
    return f"# {why}: {case.op}{case.short()}\npython -m conformance repro '{case.id}'{subject}\n"


class _NotWritten(Exception):
    """An argument has no text of a few lines; says why."""


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
    if callable(value):
        raise _NotWritten("an argument is a function")
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
        raise _NotWritten("the arguments are too long to be written here")
    name = dtype_name(tensor.dtype)
    return f"lib.from_numpy(unpack('{text}', '{name}')).reshape({tuple(tensor.shape)})"


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_numbers, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value)
