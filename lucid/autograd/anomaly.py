"""`detect_anomaly`: remembers the forward stack of every node, and stops a backward pass at its first NaN."""

from __future__ import annotations

from lucid._kernels import core
from lucid.autograd.node import Node

__all__ = ["detect_anomaly", "is_anomaly_check_nan_enabled", "is_anomaly_enabled", "set_detect_anomaly"]

_state = [False]


class set_detect_anomaly:
    """Switch anomaly detection, from now on or for the length of a `with` block.

    Parameters
    ----------
    mode : bool
        Whether nodes remember where they were made, and errors in backward show it.
    check_nan : bool, optional
        Whether a gradient with a NaN raises RuntimeError.

    Examples
    --------
    >>> import lucid
    >>> with lucid.autograd.set_detect_anomaly(True):
    ...     lucid.ones(2, requires_grad=True).sum().backward()
    """

    def __init__(self, mode: bool, check_nan: bool = True):
        self.before = _state[0], is_anomaly_check_nan_enabled()
        _switch(mode, check_nan)

    def __enter__(self):
        return None

    def __exit__(self, *error):
        _switch(*self.before)


class detect_anomaly:
    """Within the block, errors in backward show the forward call, and a NaN gradient raises RuntimeError.

    Slows everything down: for debugging.

    Parameters
    ----------
    check_nan : bool, optional
        Whether a gradient with a NaN raises RuntimeError (default True).

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor(0.0, requires_grad=True)
    >>> try:
    ...     with lucid.autograd.detect_anomaly():
    ...         (x * 0 / x).backward()
    ... except RuntimeError as error:
    ...     print(error)
    Function 'DivBackward0' returned nan values in its 1th output.
    """

    def __init__(self, check_nan: bool = True):
        self.check_nan = check_nan

    def __enter__(self):
        self.before = _state[0], is_anomaly_check_nan_enabled()
        _switch(True, self.check_nan)

    def __exit__(self, *error):
        _switch(*self.before)


def _switch(mode: bool, nan: bool) -> None:
    Node.check_nan = nan
    core.set_node_stacks(mode)
    _state[0] = mode


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return _state[0]


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection looks for NaN."""
    return Node.check_nan
