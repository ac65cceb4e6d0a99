"""What a package has beyond its own file: imported when it is first asked for, so that `import lucid` stays short."""

from __future__ import annotations

import importlib


def later(package: str, **homes: str):
    """A package's `__getattr__`: its modules, and names that are in one of them.

    Parameters
    ----------
    package : str
        The name of the package.
    **homes : str
        For a name the module of the package that has it.
    """

    def __getattr__(name: str):
        if name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        if name[0] != "_":
            try:
                return importlib.import_module(f"{package}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{package}.{name}":
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
