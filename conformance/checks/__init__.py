"""The questions put to each case. One file each; `@check` registers it and its docstring is the column's description.

A check returns when it holds, and raises one of verdicts.py when it does not: `Mismatch`, `Skip` (with a reason),
`Missing`, `Blocked`. It gets a `Run` (judge.py), which calls subject and oracle and remembers what was asked before.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from ..results import CheckInfo


@dataclass(frozen=True)
class Check:
    name: str
    title: str
    judge: Callable
    kind: str  # of the cases it is for: function, module, optimizer, scheduler
    tags: frozenset[str]  # it judges only cases that carry one of these; empty: cases of the ordinary sort

    def applies(self, case) -> bool:
        if case.kind != self.kind:
            return False
        return bool(self.tags & case.tags) if self.tags else not case.tags & EXCLUSIVE

    def info(self) -> CheckInfo:
        return CheckInfo(self.name, self.title, " ".join((self.judge.__doc__ or "").split()))


# Cases that carry one of these tags are for the checks that ask for them, and for no other.
EXCLUSIVE = frozenset({"error", "promotion"})
REGISTRY: dict[str, Check] = {}


def check(name: str, title: str, kind: str = "function", tags: tuple[str, ...] = ()) -> Callable:
    def register(judge: Callable) -> Callable:
        REGISTRY[name] = Check(name, title, judge, kind, frozenset(tags))
        return judge

    return register


ORDER = [
    "value",
    "dtype",
    "shape",
    "nonfinite",
    "accuracy",
    "grad",
    "grad2",
    "overwritten",
    "kept",
    "tangent",
    "vmap",
    "batched_grad",
    "alias",
    "layouts",
    "formats",
    "empty",
    "method",
    "operator",
    "inplace",
    "out",
    "refusals",
    "overlap",
    "unmodified",
    "exceptions",
    "kinds",
    "promotion",
    "repeat",
    "threads",
    "simd",
    "stream",
]


def load() -> dict[str, Check]:
    """Every check, in the order of the report's columns."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")
    place = {name: i for i, name in enumerate(ORDER)}
    return dict(sorted(REGISTRY.items(), key=lambda item: (place.get(item[0], 99), item[0])))
