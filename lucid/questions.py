"""Questions about tensors, as functions: what the methods of the same names answer."""

from __future__ import annotations

from lucid._kernels.core import make_overridable
from lucid.tensor import Tensor

__all__ = [
    "get_device", "get_device_module", "is_complex", "is_conj", "is_floating_point", "is_inference", "is_neg", "is_nonzero",
    "is_same_size", "is_signed", "is_tensor", "numel",
]  # fmt: skip


def is_tensor(obj) -> bool:
    """Whether an object is a Tensor."""
    return isinstance(obj, Tensor)


def get_device_module(device=None):
    """The module of a device, `lucid.cpu` without one. RuntimeError where there is none."""
    import importlib

    from lucid.tensor import device as Device

    if not isinstance(device, (str, Device)) and device is not None:
        raise RuntimeError(f"Invalid value of device '{device}', expect lucid.device, str, or None")
    name = Device("cpu" if device is None else device).type
    if name not in ("cpu", "cuda", "mps", "xpu"):
        raise RuntimeError(f"Device '{name}' does not have a corresponding module registered as 'lucid.{name}'.")
    return importlib.import_module(f"lucid.{name}")


def _question(name: str):
    method = getattr(Tensor, name)

    def ask(input_, *others, **named):
        if not isinstance(input_, Tensor):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input_).__name__}")
        return method(input_, *others, **named)

    made = make_overridable(ask)
    made.__name__ = made.__qualname__ = name
    made.__module__, made.__doc__, made.__wrapped__ = __name__, method.__doc__, ask
    return made


get_device, is_complex, is_conj, is_floating_point, is_inference, is_neg = map(
    _question, ("get_device", "is_complex", "is_conj", "is_floating_point", "is_inference", "is_neg")
)
is_nonzero, is_same_size, is_signed, numel = map(_question, ("is_nonzero", "is_same_size", "is_signed", "numel"))
