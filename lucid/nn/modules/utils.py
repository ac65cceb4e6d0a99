"""One value for each dimension: what modules make of their settings."""

from __future__ import annotations

from collections.abc import Iterable


def _ntuple(n: int, name: str = "parse"):
    """A function that repeats a value `n` times, and makes a tuple of several."""

    def parse(x):
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    parse.__name__ = name
    return parse


_single, _pair, _triple, _quadruple = (_ntuple(n, name) for n, name in enumerate(("_single", "_pair", "_triple", "_quadruple"), 1))


def consume_prefix_in_state_dict_if_present(state_dict: dict, prefix: str) -> None:
    """Rename the entries of a `state_dict`, in place, whose names begin with a prefix: they lose it.

    Parameters
    ----------
    state_dict : dict
        Its `_metadata`, if it has some, is renamed too.
    prefix : str
        `"module."` is what `DataParallel` puts before all names.

    Examples
    --------
    >>> from lucid.nn.modules.utils import consume_prefix_in_state_dict_if_present
    >>> state = {"module.weight": 1}
    >>> consume_prefix_in_state_dict_if_present(state, "module.")
    >>> state
    {'weight': 1}
    """
    for name in [name for name in state_dict if name.startswith(prefix)]:
        state_dict[name[len(prefix) :]] = state_dict.pop(name)
    metadata = getattr(state_dict, "_metadata", {})
    for name in [name for name in metadata if name and (name == prefix.replace(".", "") or name.startswith(prefix))]:
        metadata[name[len(prefix) :]] = metadata.pop(name)
