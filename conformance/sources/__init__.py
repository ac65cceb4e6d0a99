"""Where cases come from. A source is a module of this package with two functions:

ops() -> dict[str, str]                        torch path -> family, of all it has cases for
cases(op, dtypes, seed, quick) -> Iterator     the cases of one op, in the same order for the same seed
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Iterable


def load() -> dict:
    """Every source by name; own samples first."""
    found = {m.name: importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)}
    order = ("own", "opinfo", "generated")
    return dict(sorted(found.items(), key=lambda item: (order.index(item[0]) if item[0] in order else 9, item[0])))


def seed_of(*parts: object) -> int:
    """A seed from anything, the same in every process."""
    return zlib.crc32("/".join(map(str, parts)).encode())


def spread(items: list, budget: int, kind) -> list:
    """At most `budget` items, taken in turn from each kind, so that a common kind does not crowd out a rare one."""
    groups: dict = {}
    for item in items:
        groups.setdefault(kind(item), []).append(item)
    chosen: list = []
    queues = [list(group) for group in groups.values()]
    while queues and len(chosen) < budget:
        for queue in queues:
            if len(chosen) < budget:
                chosen.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    return chosen


def kind_of(args: Iterable, kwargs: dict) -> str:
    """What a call looks like: ranks, emptiness, types of arguments and names of keywords."""
    import torch

    def one(value):
        if isinstance(value, torch.Tensor):
            return f"{value.dim()}{'e' if not value.numel() else ''}{value.dtype}"
        if isinstance(value, (list, tuple)):
            return "[" + ",".join(map(one, value)) + "]"
        return type(value).__name__ if not isinstance(value, (bool, str, type(None))) else repr(value)

    return f"{[one(a) for a in args]}{[(k, one(v)) for k, v in sorted(kwargs.items())]}"
