"""TorchScript: `load` reads and runs programs that PyTorch compiled and saved, `save` writes them again. Nothing is compiled here, functions and modules run as they are.

That is what PyTorch itself does where the environment says `PYTORCH_JIT=0`.
"""

from __future__ import annotations

import contextlib
from typing import Final

from lucid.jit.refined import isinstance  # noqa: A004
from lucid.nn import Module

__all__ = [
    "Error", "Final", "RecursiveScriptModule", "ScriptFunction", "ScriptModule", "TracerWarning", "annotate", "export", "freeze", "ignore", "interface",
    "is_scripting", "is_tracing", "isinstance", "load", "optimized_execution", "save", "script", "script_if_tracing", "script_method", "trace", "trace_module", "unused",
]  # fmt: skip


LATER = {"load": "archive", "save": "saving", "Error": "plain", "RecursiveScriptModule": "program"}  # what reads programs comes when it is asked for


def __getattr__(name: str):
    if name in LATER:
        import importlib

        return getattr(importlib.import_module(f"lucid.jit.{LATER[name]}"), name)
    raise AttributeError(f"module 'lucid.jit' has no attribute {name!r}")


class ScriptModule(Module):
    """A module that was compiled: `load` makes these, `script` leaves a module as it is."""


class TracerWarning(Warning):
    """What tracing warns of; programs ignore the warning by its class."""


class ScriptFunction:
    """A compiled function; there is none."""

    def __init__(self):
        raise RuntimeError("jit.ScriptFunction: Lucid compiles nothing, functions run as they are")


def script(obj, optimize=None, _frames_up: int = 0, _rcb=None, example_inputs=None):
    """The function, module or class itself.

    Parameters
    ----------
    obj : callable
        What PyTorch would compile.
    optimize, example_inputs : optional
        No effect.

    Returns
    -------
    callable
        `obj`.

    Examples
    --------
    >>> @lucid.jit.script
    ... def double(x: lucid.Tensor):
    ...     return x * 2
    >>> double(lucid.ones(2))
    Tensor([2.0, 2.0])
    """
    return obj


def trace(func, example_inputs=None, *args, **kwargs):
    """The function or module itself: it is not called, and nothing is recorded."""
    return func


def trace_module(mod, inputs, *args, **kwargs):
    """The module itself."""
    return mod


def freeze(mod, preserved_attrs=None, optimize_numerics: bool = True):
    """The module itself."""
    return mod


def script_method(fn):
    """The method itself."""
    return fn


export = interface = script_if_tracing = _script_if_tracing = script_method


def ignore(drop: bool = False, **kwargs):
    """The function itself, or a decorator that returns it."""
    return drop if callable(drop) else script_method


def unused(fn):
    """The function itself."""
    return fn


def annotate(the_type, the_value):
    """The value."""
    return the_value


def is_scripting() -> bool:
    """Whether a function is being compiled: False."""
    return False


is_tracing = is_scripting


@contextlib.contextmanager
def optimized_execution(should_optimize: bool):
    """A block as any other."""
    yield


def _overload(function):
    """The function itself: one of several signatures for TorchScript."""
    return function


_overload_method = _overload


class TensorType:
    """The type of tensors in TorchScript, which annotations name."""


def _get_trace_graph(*args, **kwargs):
    """Refused: functions run as they are."""
    raise NotImplementedError("jit: functions run as they are, there is no graph of them")
