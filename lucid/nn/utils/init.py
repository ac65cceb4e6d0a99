"""Modules without initial weights."""

from __future__ import annotations

import inspect

from lucid import random
from lucid.nn.modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls, *args, **kwargs):
    """A module whose parameters and buffers have memory and no values; no random numbers are drawn from the generator.

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
    with random.fork_rng():
        return module_cls(*args, **kwargs).to_empty()
