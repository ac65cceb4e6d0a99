"""Settings of PyTorch's that are answered here: results are always deterministic, float32 products always exact to
float32, and there is one device. What is set is remembered and changes nothing else (but for the device `meta`)."""

from __future__ import annotations

import sys
import warnings

from lucid.autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled, set_detect_anomaly
from lucid.ops.storage import Uninitialised
from lucid.tensor import META, Tensor, check_device, device, on_meta

__all__ = [
    "are_deterministic_algorithms_enabled", "get_default_device", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "is_anomaly_check_nan_enabled", "is_anomaly_enabled",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_anomaly_enabled", "set_default_device",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_warn_always", "typename", "use_deterministic_algorithms",
]  # fmt: skip

_set = {"deterministic": 0, "precision": "highest", "interop": 1, "device": device("cpu"), "warn": False}
_MODES = ("default", "warn", "error")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for results that are the same each time; they always are, but for memory that nobody wrote to, which is then filled
    (`utils.deterministic.fill_uninitialized_memory`). TypeError if `mode` is no bool."""
    if not isinstance(mode, bool):
        raise TypeError(f"use_deterministic_algorithms(): argument 'mode' must be bool, not {type(mode).__name__}")
    set_deterministic_debug_mode((1 if warn_only else 2) if mode else 0)


def are_deterministic_algorithms_enabled() -> bool:
    """Whether deterministic results were asked for."""
    return _set["deterministic"] > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether they were asked for with `warn_only`."""
    return _set["deterministic"] == 1


def get_deterministic_debug_mode() -> int:
    """What was asked for: 0 nothing, 1 warnings, 2 errors."""
    return _set["deterministic"]


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Ask for 0 or "default", 1 or "warn", 2 or "error". TypeError for other types, RuntimeError for other values."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in _MODES and debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, 2 or one of {_MODES}, but got {debug_mode}")
    _set["deterministic"] = _MODES.index(debug_mode) if isinstance(debug_mode, str) else int(debug_mode)
    Uninitialised.filled = _set["deterministic"] > 0


def set_float32_matmul_precision(precision: str) -> None:
    """Allow float32 products to be less exact ("high", "medium"), of which no use is made. Others are warned of."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; the call has no effect", stacklevel=2)
    else:
        _set["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` set."""
    return _set["precision"]


def set_num_interop_threads(num: int) -> None:
    """Remember a number: operations do not run beside each other. RuntimeError unless it is a positive int."""
    if isinstance(num, bool) or not isinstance(num, int):
        raise RuntimeError(f"set_num_interop_threads expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _set["interop"] = num


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` set; 1 at first."""
    return _set["interop"]


def set_flush_denormal(mode: bool) -> bool:
    """Whether denormal numbers could be set to flush to zero: False, they are always kept. RuntimeError if no bool."""
    if not isinstance(mode, bool):
        raise RuntimeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    return False


def set_default_device(device) -> None:
    """Make new tensors on a device: the CPU, or `meta`. None is the CPU too; RuntimeError for others."""
    device = _device("cpu" if device is None else device)
    if not on_meta(device):
        check_device(device)
    if on_meta(device) is not on_meta(_set["device"]):
        from lucid import meta

        (meta.enter if on_meta(device) else meta.leave)()
    _set["device"] = device


def _device(value) -> device:
    return value if isinstance(value, device) else device(value)


def get_default_device() -> device:
    """Where new tensors are made: as the innermost block of a device says, or `set_default_device`."""
    meta = sys.modules.get("lucid.meta")
    return META if meta is not None and meta.entered() else _set["device"]


def set_warn_always(b: bool) -> None:
    """Remember whether warnings should be repeated; Python's filters decide. RuntimeError if it is no bool."""
    if not isinstance(b, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _set["warn"] = b


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` set."""
    return _set["warn"]


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """As `autograd.set_detect_anomaly`, from now on."""
    set_detect_anomaly(mode, check_nan)


def typename(obj) -> str:
    """The name of a tensor's type, such as `lucid.FloatTensor`; of any other object that of its class, or its own."""
    if isinstance(obj, Tensor):
        return obj.type()
    if not hasattr(obj, "__qualname__"):
        obj = type(obj)
    module = getattr(obj, "__module__", None) or ""
    return obj.__qualname__ if module in ("", "builtins") else f"{module}.{obj.__qualname__}"
