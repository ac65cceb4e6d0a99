"""The ops' own samples, declared in conformance/samples/."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..cases import Case, dtype_name, follow
from ..samples import tables
from . import kind_of, seed_of, spread


def ops() -> dict[str, str]:
    return {path: family for path, (family, _) in tables().items()}


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    if op not in tables():
        return
    family, plan = tables()[op]
    for dtype in dtypes:
        made = []
        for i, item in enumerate(plan):
            if item.only and dtype not in item.only:
                continue
            source = torch.Generator().manual_seed(seed_of(seed, op, dtype, i))
            try:
                args, kwargs = item.make(dtype, source)
            except RuntimeError:  # integers know no log_softmax; float32 must hold every sample it is for
                if dtype is torch.float32:
                    raise
                continue
            tags = item.tags | ({"inplace"} if writes(op) else frozenset())
            made.append(Case(op, "own", dtype_name(dtype), str(i), op, args, kwargs, family, tags=tags,
                             process=item.process))  # fmt: skip
        if quick and dtype is not torch.float32:
            made.sort(key=lambda case: "once" not in case.tags)
            made = spread(made, 3 if dtype.itemsize == 2 else 8, lambda case: "once" if "once" in case.tags else kind_of(case.args, case.kwargs))
        yield from made


def writes(op: str) -> bool:
    """Whether the op, by its name, writes into its first argument."""
    return op.endswith("_") and not op.endswith("__")


def exists(op: str) -> bool:
    return follow(torch, op) is not None
