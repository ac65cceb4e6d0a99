"""Optimizers with the hyperparameters of PyTorch's own database."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from .. import torch_private
from ..cases import Case, dtype_name
from ..classes import ClassCase, OptimizerRun
from ..samples.classes import Make
from ..scope import out_of_scope
from . import spread

SWITCHES = {"foreach", "fused", "capturable", "differentiable"}


def ops() -> dict[str, str]:
    found = (f"optim.{info.optim_cls.__name__}" for info in torch_private.optimizers())
    return {path: "optimizer" for path in found if not out_of_scope(path)}


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    for info in torch_private.optimizers():
        if f"optim.{info.optim_cls.__name__}" != op:
            continue
        for dtype in dtypes:
            if dtype not in (torch.float32, torch.float64):
                continue
            inputs = [(i, kwargs) for i, (_, kwargs) in enumerate(torch_private.optimizer_inputs(info))
                      if not kwargs.keys() & SWITCHES]  # fmt: skip
            for i, kwargs in spread(inputs, 12, lambda item: str(sorted(item[1]))) if quick else inputs:
                if op == "optim.SGD" and "lr" not in kwargs:
                    kwargs = {**kwargs, "lr": 1e-3}
                make = Make(op, (), kwargs)
                yield ClassCase(op, "optimizers", dtype_name(dtype), str(i), op, family="optimizer", kind="optimizer",
                                make=make, options={"closure": info.step_requires_closure}, runner=OptimizerRun)  # fmt: skip
