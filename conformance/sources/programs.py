"""Programs of a few lines, from conformance/programs/: the graph, hooks, views, tensors as objects, modules, files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from .. import programs
from ..cases import Case, tree_map
from ..classes import Objects
from ..subjects.adapter import Adapter
from ..verdicts import Missing, Verdict


@dataclass
class ProgramCase(Case):
    program: programs.Program | None = None
    runner: Any = None

    def short(self) -> str:
        return self.program.name.replace("_", " ")


@dataclass(frozen=True)
class Raised:
    """What a program ends with when it raises."""

    kind: str
    message: str


def _recording(party: Adapter) -> contextlib.AbstractContextManager:
    """Whatever a program before left, this one starts with gradients on, and leaves no other mode to what comes after."""
    return party.resolve("enable_grad")() if party.differentiable else contextlib.nullcontext()


class ProgramRun(Objects):
    """One program in both libraries."""

    @cached_property
    def theirs(self) -> list:
        return self.seen(self.oracle)

    @cached_property
    def mine(self) -> list:
        self.theirs  # noqa: B018
        return self.seen(self.subject)

    def seen(self, party: Adapter) -> list:
        """What the program yields: tensors as PyTorch's, dtypes as their names; last an exception, where it raises."""
        found: list = []
        self.seeded(party)
        one = lambda value: self._plain(party, value)
        try:
            with party.quiet(), _recording(party):
                for value in self.case.program.seen(party.namespace):
                    found.append(tree_map(one, value))
        except Verdict:
            raise
        except Exception as error:
            if party.is_absence(error):
                raise Missing(str(error)) from None
            found.append(Raised(type(error).__name__, " ".join(str(error).split())))
        return found

    def _plain(self, party: Adapter, value: Any) -> Any:
        if party.is_tensor(value):
            return party.export(value).clone()
        name = party.dtype_name(value)
        return value if name is None else name


def ops() -> dict[str, str]:
    return dict.fromkeys(programs.load(), "program")


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    for item in programs.load().get(op, ()):
        yield ProgramCase(op, "programs", "float32", item.name, op, family="program", kind="program", program=item,
                          runner=ProgramRun)  # fmt: skip
