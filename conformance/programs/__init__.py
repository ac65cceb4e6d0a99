"""Small programs that PyTorch and the subject both run: what no single call shows.

Sources of cases call one function; a graph, a hook, a version counter or a module is known by what a few lines do with
it. A program is a generator: it gets the library (`lib`, PyTorch or the subject under the same names) and yields what
it sees, tensors or plain values. Both must yield the same. It must come to its end in PyTorch: `raised` takes what raises.

    @program("Tensor.retain_grad", "Tensor.retains_grad")
    def keeps_the_gradient_of_an_inner_tensor(lib):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        ...
        yield y.retains_grad, y.grad

The paths are the public names that the program judges. Of a table there is a program for each row:

    @table("distributions", [("Normal", "0.0, 1.0"), ("Laplace", "0.0, 1.0")])
    def a_distribution(lib, name, text):
        ...
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Program:
    paths: tuple[str, ...]
    run: Callable[..., Iterator[Any]]
    row: tuple = ()
    label: str = ""

    @property
    def name(self) -> str:
        return self.run.__name__ + self.label

    def seen(self, lib: Any) -> Iterator[Any]:
        return self.run(lib, *self.row)


PROGRAMS: list[Program] = []


def program(*paths: str) -> Callable:
    def register(run: Callable) -> Callable:
        PROGRAMS.append(Program(paths, run))
        return run

    return register


def table(namespace: str, rows: Iterable[tuple]) -> Callable:
    """A program for each row, which it gets after `lib`. The row's first word is the public name that it judges."""

    def register(run: Callable) -> Callable:
        before = f"{namespace}." if namespace else ""
        PROGRAMS.extend(Program((before + row[0],), run, row, f"_{i}_{row[0]}") for i, row in enumerate(rows))
        return run

    return register


def raised(call: Callable, *args: Any, **kwargs: Any) -> str:
    """The name of the exception that a call raises, '' when it raises none."""
    try:
        call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__
    return ""


def warned(call: Callable, *args: Any, **kwargs: Any) -> list[str]:
    """The categories of the warnings that a call gives."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        call(*args, **kwargs)
    return [one.category.__name__ for one in heard]


@lru_cache(None)
def load() -> dict[str, list[Program]]:
    """The programs by each path that they judge."""
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")
    by_path: dict[str, list[Program]] = {}
    for item in PROGRAMS:
        for path in item.paths:
            by_path.setdefault(path, []).append(item)
    return by_path
