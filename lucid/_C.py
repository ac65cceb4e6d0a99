"""What packages ask PyTorch's compiled part: nothing is traced, nothing is counted."""

from __future__ import annotations

import contextlib

from lucid._kernels.core import disabled_torch_function as _disabled_torch_function_impl
from lucid._kernels.core import overrides_state
from lucid.overrides import DisableTorchFunction, DisableTorchFunctionSubclass

__all__ = [
    "DisableTorchFunction", "DisableTorchFunctionSubclass", "DispatchKey", "DispatchKeySet", "_are_functorch_transforms_active",
    "_disabled_torch_function_impl",
    "_get_tracing_state", "_is_torch_function_enabled", "_log_api_usage_once",
]  # fmt: skip


def _is_torch_function_enabled() -> bool:
    """Whether subclasses and objects are asked for the results of functions in this thread."""
    return not overrides_state()


_TensorMeta = type  # the class of the class Tensor
_has_cuda = _has_mps = _has_xpu = False


class _Namespace:
    """A namespace of PyTorch's compiled functions, whose names repeat it: `_linalg.linalg_inv`."""

    def __init__(self, path: str):
        self._path = path

    def __getattr__(self, name: str):
        import importlib

        module = importlib.import_module(f"lucid.{self._path}")
        return getattr(module, {"log_sigmoid": "logsigmoid"}.get(name, name.removeprefix(f"{self._path}_")))


def _parse_to(*args, **kwargs) -> tuple:
    """What arguments of `to` ask for: device, dtype, whether to wait, memory format."""
    from lucid.ops.conversion import parse_to
    from lucid.tensor import device

    dtype, where, non_blocking, _, memory_format = parse_to(args, **kwargs)
    return None if where is None else device(where), dtype, non_blocking, memory_format


_nn, _linalg, _fft, _special = map(_Namespace, ("nn.functional", "linalg", "fft", "special"))
_nn._parse_to = _parse_to


class _DispatchKeys:
    def __getattr__(self, name: str) -> str:
        return name


DispatchKey = _DispatchKeys()  # the ways that PyTorch's dispatcher goes: there is none to choose from


class DispatchKeySet(frozenset):
    """Names of ways."""

    def __new__(cls, key: str):
        return super().__new__(cls, [key])


def _ExcludeDispatchKeyGuard(keys: frozenset):
    """A context without some ways: the one of autocast is there to be left out."""
    from lucid.amp import autocast

    return autocast("cpu", enabled=False) if "AutocastCPU" in keys else contextlib.nullcontext()


def _get_tracing_state() -> None:
    """What is traced: nothing."""


def _log_api_usage_once(name: str) -> None:
    """Count the use of a function: it is not counted."""


def _are_functorch_transforms_active() -> bool:
    """Whether a tensor stands for a batch of them: `func` calls functions with tensors as they are."""
    return False


class Graph:
    """A graph of TorchScript, of which there are none: what packages name in annotations."""


class Node(Graph):
    """A step of one."""


class Value(Graph):
    """What goes from one step to the next."""
