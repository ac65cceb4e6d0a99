"""Modules: PyTorch's own database of constructor and forward arguments, and those of samples/classes.py."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import torch

from .. import torch_private
from ..cases import Case, dtype_name, leaves
from ..classes import ClassCase, ModuleRun
from ..samples.classes import MODULES, Make
from ..samples.spec import Describe
from . import kind_of, seed_of, spread

UNFIT = {"nn.SyncBatchNorm": "several processes on graphics processors"}
RANDOM = ("Dropout", "RReLU", "FractionalMaxPool", "Transformer", "MultiheadAttention")


@lru_cache(None)
def database() -> dict[str, list]:
    """Torch path -> entries; the names 'nn.Conv1d' and friends, not the test database's own labels."""
    found: dict[str, list] = {}
    for info in torch_private.modules():
        name = info.module_cls.__name__
        if getattr(torch.nn, name, None) is info.module_cls and f"nn.{name}" not in UNFIT:
            found.setdefault(f"nn.{name}", []).append(info)
    return found


def ops() -> dict[str, str]:
    return dict.fromkeys(sorted({*database(), *MODULES}), "module")


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    for dtype in dtypes:
        if dtype not in (torch.float32, torch.float64):
            continue
        made = [*_own(op, dtype, seed), *_database(op, dtype, seed)]
        yield from spread(made, 3 if dtype is torch.float32 else 1, _kind) if quick else made


def _kind(case: Case) -> str:
    return kind_of(case.make.args, case.make.kwargs) + kind_of(case.args, case.kwargs)


def _case(op, dtype, label, make, args, kwargs) -> ClassCase:
    tags = frozenset({"random"} if any(name in op for name in RANDOM) else ())
    return ClassCase(op, "modules", dtype_name(dtype), label, op, args, kwargs, "module", "module", tags, make=make,
                     runner=ModuleRun)  # fmt: skip


def _own(op: str, dtype: torch.dtype, seed: int) -> Iterator[ClassCase]:
    for i, (make, *inputs) in enumerate(MODULES.get(op, ())):
        source = torch.Generator().manual_seed(seed_of(seed, op, dtype, i))
        args = tuple(item.make(dtype, source) if isinstance(item, Describe) else item for item in inputs)
        yield _case(op, dtype, f"own{i}", make, args, {})


def _database(op: str, dtype: torch.dtype, seed: int) -> Iterator[ClassCase]:
    for info in database().get(op, ()):
        if info.is_lazy:
            continue
        for i, item in enumerate(torch_private.module_inputs(info, dtype, True, seed_of(seed, op, dtype))):
            constructor, forward = item.constructor_input, item.forward_input
            given = list(leaves((constructor.args, constructor.kwargs)))
            if forward is None or any(isinstance(value, torch.nn.Module) or callable(value) for value in given):
                continue  # modules as arguments are described in samples/classes.py
            wish = lambda t: t.requires_grad_(True) if isinstance(t, torch.Tensor) and t.is_floating_point() else t
            args = tuple(wish(value) for value in forward.args)
            make = Make(op, constructor.args, constructor.kwargs)
            yield _case(op, dtype, str(i), make, args, dict(forward.kwargs))
