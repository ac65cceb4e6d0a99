"""Who is judged. A subject is a module of this package that defines `class Subject(Adapter)`; its file name is its name."""

from __future__ import annotations

import importlib
import pkgutil

from .adapter import Adapter


def names() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "adapter")


def make(name: str) -> Adapter:
    """The adapter of that name; ImportError tells which package it needs."""
    if name not in names():
        raise SystemExit(f"unknown subject {name!r}; there are: {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}").Subject()
