"""One case: an op and the arguments it is called with, as torch tensors.

Design: (a) A case holds torch tensors; subjects get them converted storage by storage, so that arguments which share
memory, strides and offsets arrive as they are. (b) `target` says what is called: a torch path, or a function of
PyTorch's test database that calls torch inside, which is then rebound to the subject. (c) The id is the address:
a source enumerates the cases of an op and dtype in the same order for the same seed, so `repro ID` finds it again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch

Target = str | Callable


@dataclass
class Case:
    op: str
    source: str
    dtype: str
    label: str
    target: Target
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    family: str = "other"
    kind: str = "function"
    tags: frozenset[str] = frozenset()
    error: type | None = None  # the case is one that PyTorch refuses
    process: Callable | None = None  # applied to the result where it is not unique (signs of eigenvectors, ...)
    wrapper: Callable | None = None  # called as wrapper(op, *args) for gradients: keeps arguments symmetric, ...

    @property
    def id(self) -> str:
        return f"{self.op}/{self.source}/{self.dtype}/{self.label}"

    @property
    def seed(self) -> int:
        return zlib.crc32(self.id.encode())

    def short(self) -> str:
        """The arguments in a few characters."""
        parts = [brief(arg) for arg in self.args] + [f"{key}={brief(value)}" for key, value in self.kwargs.items()]
        return f"({', '.join(parts)})"


def brief(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        name = str(value.dtype).removeprefix("torch.")
        layout = "" if value.is_contiguous() else f", strides {tuple(value.stride())}"
        small = f"={value.tolist()}" if value.numel() <= 4 else ""
        return f"{name}{list(value.shape)}{small}{layout}"
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        inner = ", ".join(brief(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {brief(item)}" for key, item in value.items()) + "}"
    return str(value) if isinstance(value, (torch.dtype, torch.device)) else repr(value)[:80]


def tree_map(function: Callable, value: Any) -> Any:
    """Apply `function` to the leaves of nested tuples, lists and dicts."""
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(tree_map(function, item) for item in value))
    if isinstance(value, (list, tuple)):
        items = [tree_map(function, item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict):
        return {key: tree_map(function, item) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(tree_map(function, part) for part in (value.start, value.stop, value.step)))
    return function(value)


def leaves(value: Any) -> Iterator[Any]:
    """The leaves of nested tuples, lists and dicts, in order."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, torch.Size) or not isinstance(value, (list, tuple)):
        yield value
        return
    for item in value:
        yield from leaves(item)


def tensors(*values: Any) -> list[torch.Tensor]:
    return [leaf for leaf in leaves(values) if isinstance(leaf, torch.Tensor)]


def dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


@lru_cache(None)
def public_path(name: str) -> str:
    """The path under `torch` that a bare name of PyTorch's test database stands for: 'view' is 'Tensor.view'."""
    if follow(torch, name) is not None:
        return name
    return f"Tensor.{name}" if hasattr(torch.Tensor, name) else name


def follow(root: Any, path: str) -> Any:
    """The object at a dotted path, or None."""
    for part in path.split("."):
        root = getattr(root, part, None)
        if root is None:
            return None
    return root
