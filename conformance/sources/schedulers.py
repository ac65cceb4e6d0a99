"""Schedulers, from samples/classes.py."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..cases import Case
from ..classes import ClassCase, SchedulerRun
from ..samples.classes import SCHEDULERS

PREFIX = "optim.lr_scheduler."


def ops() -> dict[str, str]:
    return {PREFIX + name: "scheduler" for name in SCHEDULERS}


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    for i, make in enumerate(SCHEDULERS.get(op.removeprefix(PREFIX), ())):
        yield ClassCase(op, "schedulers", "float64", str(i), op, family="scheduler", kind="scheduler", make=make,
                        runner=SchedulerRun)  # fmt: skip
