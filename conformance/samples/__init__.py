"""The ops' own samples. One file per family, each with a table `SAMPLES`: torch path -> plan (see spec.py).

To add an op, add a line:

    "nn.functional.leaky_relu": unary(negative_slope=[0.0, 0.3, -0.5, 1.0]),

A file may also name `FAMILY`; otherwise it is the file's name. Nothing here imports the subject.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from .. import torch_private
from .spec import Plan


@lru_cache(None)
def tables() -> dict[str, tuple[str, Plan]]:
    """Torch path -> (family, plan), over all files. A path may stand in one file only; an alias has the samples of what
    it stands for."""
    found: dict[str, tuple[str, Plan]] = {}
    for item in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{item.name}")
        for path, plan in getattr(module, "SAMPLES", {}).items():
            if path in found:
                raise ValueError(f"{path} has samples in two files, {found[path][0]} and {item.name}")
            plan = Plan([plan]) if not isinstance(plan, list) else plan
            family = getattr(plan, "family", "") or getattr(module, "FAMILY", item.name)
            found[path] = family, plan if isinstance(plan, Plan) else Plan(plan)
    for alias, path in torch_private.aliases().items():
        if path in found:
            found.setdefault(alias, found[path])
    return found
