"""`compile` and what programs ask the compiler: nothing is compiled, functions run as they are.

That is what PyTorch does with `backend="eager"`, less the tracing.
"""

from __future__ import annotations

__all__ = [
    "allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable", "is_compiling",
    "is_dynamo_compiling", "is_exporting", "reset",
]  # fmt: skip


def compile(
    model=None, *, fullgraph: bool = False, dynamic=None, backend="inductor", mode=None, options=None, disable: bool = False,
):  # fmt: skip
    """The function itself, or a module that calls the one given: nothing is compiled.

    A module's `state_dict` has the names that PyTorch's has, `_orig_mod.weight`; its attributes are those of the module given.

    Parameters
    ----------
    model : callable, optional
        What to run; without one, a decorator is returned.
    fullgraph, dynamic, backend, mode, options, disable : optional
        Say how PyTorch compiles; no effect here.

    Returns
    -------
    callable
        `model`, the module that calls it, or the decorator.

    Raises
    ------
    RuntimeError
        If `mode` and `options` are both given, as in PyTorch.

    Examples
    --------
    >>> @lucid.compile(mode="reduce-overhead")
    ... def f(x):
    ...     return x * 2 + 1
    >>> f(lucid.ones(2))
    Tensor([3.0, 3.0])
    """
    if mode is not None and options is not None:
        raise RuntimeError("compile(): either mode or options can be given, not both")
    if model is None:
        return lambda function: compile(function, disable=disable)
    from lucid.nn import Module

    if disable or not isinstance(model, Module):
        return model
    from lucid._dynamo import OptimizedModule

    return OptimizedModule(model)


def disable(fn=None, recursive: bool = True, *, reason=None):
    """The function itself, or without one a decorator that returns its function: nothing is compiled."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn):
    """The function itself: nothing is compiled."""
    return fn


assume_constant_result = allow_in_graph


def is_compiling() -> bool:
    """Whether a function is being compiled: False."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset() -> None:
    """Forget what was compiled: nothing was."""


cudagraph_mark_step_begin = reset
