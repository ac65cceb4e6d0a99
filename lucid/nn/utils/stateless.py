"""Calls of a module with other parameters than its own; `lucid.func.functional_call` is the newer name."""

from __future__ import annotations

from lucid.nn.modules.module import Module
from lucid.stateless import functional_call as _call

__all__ = ["functional_call"]


def functional_call(
    module: Module, parameters_and_buffers: dict, args=None, kwargs=None, *, tie_weights: bool = True, strict: bool = False
):
    """Call a module with other parameters and buffers than its own: `lucid.func.functional_call`.

    Parameters
    ----------
    module : Module
        What is called.
    parameters_and_buffers : dict
        Tensors by their dotted paths.
    args : object or tuple, optional
        What it is called with.
    kwargs : dict, optional
        And by name.
    tie_weights : bool, optional
        Whether a tensor that stands under several names is replaced under all (default True).
    strict : bool, optional
        Whether all tensors of the module must be given, and no others (default False).

    Returns
    -------
    object
        What the module returns.

    Examples
    --------
    >>> layer = nn.Linear(2, 1, bias=False)
    >>> nn.utils.stateless.functional_call(layer, {"weight": lucid.ones(1, 2)}, lucid.ones(2))
    Tensor([2.0])
    """
    return _call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)
