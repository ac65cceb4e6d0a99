"""Modules without initial weights."""

from __future__ import annotations

import inspect

from lucid import random
from lucid.nn.init import skipped
from lucid.nn.modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls, *args, **kwargs):
    """A module whose parameters have memory and no initial values: while it is made, the functions of `nn.init` do nothing.

    What a constructor computes by other means (the buffers of `nn.BatchNorm1d`) is computed; the generator stays as it was.

    Parameters
    ----------
    module_cls : type
        The module's class, which takes `device`.
    *args, **kwargs
        What it is made with.

    Returns
    -------
    nn.Module

    Raises
    ------
    RuntimeError
        If it is no class of modules, or does not take `device`.

    Examples
    --------
    >>> lucid.nn.utils.skip_init(lucid.nn.Linear, 5, 1).weight.shape
    lucid.Size([1, 5])
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    before, skipped.on = skipped.on, True
    try:
        with random.fork_rng():
            return module_cls(*args, **kwargs)
    finally:
        skipped.on = before
