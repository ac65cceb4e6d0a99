"""How tensors print, as packages reach for it."""

from __future__ import annotations

from lucid import printing


class _Options:
    """The settings of `set_printoptions` as attributes."""

    def __getattr__(self, name: str):
        try:
            return printing.OPTIONS[name]
        except KeyError:
            raise AttributeError(name) from None


PRINT_OPTS = _Options()


def _tensor_str(self, indent: int = 0) -> str:
    """The values of a tensor as text, its lines after the first indented."""
    return str(self.detach()).replace("\n", "\n" + " " * indent)
