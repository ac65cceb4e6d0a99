"""`python run.py NAME OUTPUT` runs a program with PyTorch, `python -m lucid run.py NAME OUTPUT` with Lucid.

All that it sees is written to one file, which needs NumPy alone to be read.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from pathlib import Path

import numpy as np

sys.path[0] = str(Path(__file__).resolve().parents[2])

from conformance.packages.programs import PROGRAMS  # noqa: E402


class Named(type):
    """A class of which only its name is known, and whose attributes are names."""

    def __new__(cls, name, bases=(), members=()):
        if name.startswith("__"):
            raise AttributeError(name)
        return type.__new__(cls, name, bases, dict(members))

    def __init__(cls, *what):
        pass

    def __getattr__(cls, name):
        return Named(name)


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """An empty package in the place of torchvision, whose compiled part is PyTorch's: many import it for their data sets alone."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.partition(".")[0] == "torchvision" else None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__version__, module.__getattr__ = "0.28.0", Named
        return module

    def exec_module(self, module):
        pass


def main(name: str, output: str) -> None:
    if "torchvision" in PROGRAMS[name].also:
        sys.meta_path.insert(0, Absent())
    import torch

    torch.manual_seed(0)
    np.random.seed(0)
    torch.set_num_threads(1)
    found = {f"{i} {what}": tensor.detach().numpy() for i, (what, tensor) in enumerate(PROGRAMS[name]())}
    np.savez(output, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
