"""Lucid under PyTorch's name, for programs and packages that say `import torch`.

A finder before all others answers for `torch` and every `torch.x`: the module is `lucid.x` itself, so classes and settings
are the same under both names. Only `torch` and `torch.version` are modules of their own, as their `__version__` has to be
PyTorch's.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
import types

import lucid
from lucid.torch_version import TorchVersion

__all__ = ["install_as_torch"]

VERSION = TorchVersion(f"2.13.0+lucid.{lucid.__version__}")


# Names of modules from before they were public, which packages still import, and of PyTorch's files.
OLDER = {"torch.distributed._tensor": "torch.distributed.tensor", "torch.distributed._composable": "torch.distributed",
         "torch._custom_ops": "torch.library", "torch.autograd.grad_mode": "torch.autograd.modes", "torch._vmap_internals": "torch.func"}  # fmt: skip


def _mine(name: str) -> str:
    """The name of Lucid's module that stands for one of PyTorch's."""
    for older, now in OLDER.items():
        if name == older or name.startswith(older + "."):
            name = now + name.removeprefix(older)
    return "lucid" + name.removeprefix("torch")


class _Distribution(importlib.metadata.Distribution):
    """What `importlib.metadata.version("torch")` finds, which packages ask before they import."""

    def read_text(self, filename):
        return f"Metadata-Version: 2.1\nName: torch\nVersion: {VERSION}\n" if filename == "METADATA" else None

    def locate_file(self, path):
        return path


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "torch":
            return None
        found = importlib.util.find_spec(_mine(name))
        return found and importlib.machinery.ModuleSpec(name, self, is_package=found.submodule_search_locations is not None)

    def create_module(self, spec):
        if spec.name in ("torch", "torch.version"):
            return types.ModuleType(spec.name)
        module = importlib.import_module(_mine(spec.name))
        self._own = module.__spec__
        return module

    def exec_module(self, module):
        if module.__name__ == "torch":
            module.__doc__, module.__version__, module.__dir__ = lucid.__doc__, VERSION, lucid.__dir__
            module.__getattr__, module.torch = lambda name: getattr(lucid, name), module  # some do write `torch.torch.Tensor`
            importlib.import_module("torch.version")
        elif module.__name__ == "torch.version":
            vars(module).update({name: getattr(lucid.version, name) for name in lucid.version.__all__}, __version__=str(VERSION))
        else:
            module.__spec__ = self._own

    def find_distributions(self, context):
        return [_Distribution()] if context.name in (None, "torch") else []


def install_as_torch() -> None:
    """Let `import torch` give Lucid, in this process and from now on.

    Packages written for PyTorch then run on Lucid as they are, as far as they use what Lucid has; PyTorch need not be
    installed, and is not used where it is. `torch.__version__` names the version of PyTorch whose API this is, and Lucid's.
    A second call changes nothing. ``python -m lucid program.py`` calls it and runs a program.

    Raises
    ------
    RuntimeError
        If PyTorch itself was imported before.

    Examples
    --------
    >>> import subprocess, sys
    >>> program = "import lucid; lucid.install_as_torch(); import torch.nn as nn, torch; print(nn.ReLU()(torch.tensor([-1.0, 2.0])))"
    >>> print(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip())
    [0.0, 2.0]
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if "torch" in sys.modules:
        raise RuntimeError("install_as_torch(): PyTorch is imported already; call it before anything imports torch")
    sys.meta_path.insert(0, _Finder())
    # By the module of its class some packages tell whose tensor one is.
    lucid.Tensor.__module__, lucid.nn.Parameter.__module__ = "torch", "torch.nn.parameter"
