"""TorchScript: `load` reads and runs programs that PyTorch compiled and saved, `save` writes them again. Nothing is
compiled here, functions and modules run as they are.

That is what PyTorch itself does where the environment says `PYTORCH_JIT=0`.
"""

from __future__ import annotations

import contextlib
from typing import Final, NamedTuple

from lucid.jit.refined import isinstance  # noqa: A004
from lucid.nn import Module

__all__ = [
    "Attribute", "CompilationUnit", "Error", "Final", "Future", "RecursiveScriptModule", "ScriptFunction", "ScriptModule", "ScriptWarning",
    "TracerWarning", "annotate", "enable_onednn_fusion", "export", "fork", "freeze", "fuser", "ignore", "interface", "is_scripting",
    "is_tracing", "isinstance", "load", "onednn_fusion_enabled", "optimize_for_inference", "optimized_execution", "run_frozen_optimizations",
    "save", "script", "script_if_tracing", "script_method", "set_fusion_strategy", "strict_fusion", "trace", "trace_module", "unused", "wait",
]  # fmt: skip


# What reads programs comes when it is asked for.
LATER = {"load": "jit.archive", "save": "jit.saving", "Error": "jit.plain", "RecursiveScriptModule": "jit.program", "Future": "futures"}


def __getattr__(name: str):
    if name in LATER:
        import importlib

        return getattr(importlib.import_module(f"lucid.{LATER[name]}"), name)
    raise AttributeError(f"module 'lucid.jit' has no attribute {name!r}")


class Attribute(NamedTuple):
    """A value of a `ScriptModule`, and its type."""

    value: object
    type: object


class CompilationUnit:
    """Functions by their text, which are its attributes; they run as Python.

    Parameters
    ----------
    lang : str, optional
        Definitions of functions; `define` takes more.

    Examples
    --------
    >>> lucid.jit.CompilationUnit("def twice(x, times: int = 2): return torch.relu(x) * times").twice(lucid.ones(1))
    Tensor([2.0])
    """

    def __init__(self, lang: str | None = None, _frames_up: int = 0):
        self._functions: dict = {}
        if lang is not None:
            self.define(lang)

    def define(self, lang: str, rcb=None, _frames_up: int = 0) -> None:
        """Add functions.

        Parameters
        ----------
        lang : str
            Their definitions.
        """
        import math
        import textwrap
        import typing

        import lucid

        names = {"torch": lucid, "Tensor": lucid.Tensor, "math": math, "annotate": annotate, "List": list, "Dict": dict,
                 "Optional": typing.Optional, "Tuple": tuple}  # fmt: skip
        exec("from __future__ import annotations\n" + textwrap.dedent(lang), names)
        self._functions.update({name: one for name, one in names.items() if getattr(one, "__globals__", None) is names})

    def __getattr__(self, name: str):
        if name not in self.__dict__.get("_functions", ()):
            raise AttributeError(f"'CompilationUnit' has no attribute '{name}'")
        return self._functions[name]


class ScriptModule(Module):
    """A module that was compiled: `load` makes these, `script` leaves a module as it is."""

    def __setattr__(self, name: str, value) -> None:
        super().__setattr__(name, value.value if type(value) is Attribute else value)


class ScriptWarning(Warning):
    """What compiling warns of; programs ignore the warning by its class."""


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


def optimize_for_inference(mod, other_methods=None):
    """The module itself."""
    return mod


def run_frozen_optimizations(mod, optimize_numerics: bool = True, preserved_methods=None) -> None:
    """Nothing."""


def fork(func, *args, **kwargs):
    """What would be computed beside: it is computed at once.

    Parameters
    ----------
    func : callable
        What to call.
    *args, **kwargs
        With what.

    Returns
    -------
    Future
        Of the result, which is there.

    Examples
    --------
    >>> lucid.jit.wait(lucid.jit.fork(lucid.add, lucid.ones(2), 1))
    Tensor([2.0, 2.0])
    """
    from lucid.futures import Future

    future = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future):
    """The value of what `fork` gave."""
    return future.wait()


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


@contextlib.contextmanager
def fuser(name: str):
    """A block as any other."""
    yield


@contextlib.contextmanager
def strict_fusion():
    """A block as any other."""
    yield


def set_fusion_strategy(strategy: list) -> list:
    """The strategy that there was: none, nothing is fused."""
    return []


def enable_onednn_fusion(enabled: bool) -> None:
    """Nothing."""


def onednn_fusion_enabled() -> bool:
    """Whether oneDNN fuses: False."""
    return False


def _overload(function):
    """The function itself: one of several signatures for TorchScript."""
    return function


_overload_method = _overload


class TensorType:
    """The type of tensors in TorchScript, which annotations name."""


def _get_trace_graph(*args, **kwargs):
    """Refused: functions run as they are."""
    raise NotImplementedError("jit: functions run as they are, there is no graph of them")
