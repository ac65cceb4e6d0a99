"""PyTorch's version string, which compares by its numbers."""

from __future__ import annotations

import re

__all__ = ["TorchVersion"]

_FORM = re.compile(r"v?(\d+(?:\.\d+)*)[.-]?(?:(dev|a|alpha|b|beta|rc|post)\.?(\d*))?[^+]*(?:\+(.*))?")
_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "rc": 3, None: 4, "post": 5}


def _key(version) -> tuple:
    """What a version is ordered by: numbers without zeros at the end, stage, and what follows a `+`."""
    if isinstance(version, str) or hasattr(version, "release"):
        text = str(version)
    else:
        text = ".".join(map(str, version)) if hasattr(version, "__iter__") else ""
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"not a version: {text!r}")
    numbers, stage, count, local = found.groups()
    return tuple(map(int, re.sub(r"(\.0+)*$", "", numbers).split("."))), _STAGES[stage], int(count or 0), local or ""


class TorchVersion(str):
    """A string that compares as a version, with strings, tuples of numbers and `packaging.version.Version`.

    Examples
    --------
    >>> version = lucid.torch_version.TorchVersion("2.13.0+lucid")
    >>> version >= (2, 4), version > "2.9", version < "3"
    (True, True, True)
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def _compare(self, name: str, other) -> bool:
        try:
            mine, theirs = _key(self), _key(other)
        except ValueError:  # as strings
            return getattr(str, name)(self, other)
        return getattr(tuple, name)(mine, theirs)

    def __eq__(self, other) -> bool:
        return self._compare("__eq__", other)

    def __lt__(self, other) -> bool:
        return self._compare("__lt__", other)

    def __le__(self, other) -> bool:
        return self._compare("__le__", other)

    def __gt__(self, other) -> bool:
        return self._compare("__gt__", other)

    def __ge__(self, other) -> bool:
        return self._compare("__ge__", other)
