"""The libraries a benchmark compares, behind one face.

A case is a line of Python that names `lib`, `F`, `nn`, `optim` and its inputs; here those names get
their meaning for one library. Anything with PyTorch's names can be the subject.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Input:
    """A float32 array to make: its shape, whether it collects a gradient, whether it is positive."""

    shape: tuple[int, ...]
    leaf: bool = False
    positive: bool = False

    def array(self, rng: np.random.Generator) -> np.ndarray:
        values = rng.standard_normal(self.shape, dtype=np.float32)
        return np.abs(values) + np.float32(0.01) if self.positive else values


def data(*shape: int) -> Input:
    """A tensor of standard normal values."""
    return Input(shape)


def leaf(*shape: int) -> Input:
    """A tensor of standard normal values that requires a gradient."""
    return Input(shape, leaf=True)


def positive(*shape: int) -> Input:
    """A tensor of values above 0.01."""
    return Input(shape, positive=True)


@dataclass
class Library:
    """One imported library and the names that cases use."""

    name: str
    lib: ModuleType = field(init=False)

    def __post_init__(self):
        self.lib = import_module(self.name)
        self.names: dict[str, Any] = {"lib": self.lib, "np": np}
        for name, module in {"F": "nn.functional", "nn": "nn", "optim": "optim"}.items():
            # What a library does not have is missed by the cases that need it, not by all.
            with contextlib.suppress(ImportError):
                self.names[name] = import_module(f"{self.name}.{module}")

    @property
    def version(self) -> str:
        return str(getattr(self.lib, "__version__", "unknown"))

    def set_threads(self, threads: int) -> None:
        """NumPy's BLAS reads the environment once, at its import; the others are told here."""
        if hasattr(self.lib, "set_num_threads"):
            self.lib.set_num_threads(threads)

    def threads(self) -> int | None:
        return self.lib.get_num_threads() if hasattr(self.lib, "get_num_threads") else None

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> Any:
        """A tensor of this library on a copy of its own."""
        if self.name == "numpy":
            return array.copy()
        tensor = self.lib.tensor(array)
        return tensor.requires_grad_() if requires_grad else tensor

    @staticmethod
    def to_numpy(value: Any) -> np.ndarray:
        """The values of a result: a tensor, the first of several, or an array."""
        if isinstance(value, (tuple, list)):
            value = value[0]
        if hasattr(value, "detach"):
            value = value.detach().numpy()
        return np.asarray(value)
