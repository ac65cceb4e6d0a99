"""`GradScaler`: losses are scaled up before `backward`, so that small gradients survive in float16."""

from __future__ import annotations

import collections
import collections.abc
import enum
import warnings

import numpy as np

from lucid import dtypes
from lucid.autograd.modes import no_grad
from lucid.tensor import Tensor

__all__ = ["GradScaler", "OptState"]


class OptState(enum.Enum):
    """How far an optimizer has come since the last `update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class _Steps:
    """Of one optimizer: how far it has come, and whether its gradients were finite (None: not looked at)."""

    def __init__(self):
        self.stage, self.finite = OptState.READY, None


class GradScaler:
    """Scales losses, divides their gradients again, and leaves out the steps whose gradients are not finite.

    Parameters
    ----------
    device : str, optional
        "cpu". With "cuda" (default), which is not there, it warns and does nothing.
    init_scale : float, optional
        The first scale.
    growth_factor : float, optional
        What the scale is multiplied by after `growth_interval` steps with finite gradients; more than 1.
    backoff_factor : float, optional
        What it is multiplied by when gradients were not finite; less than 1.
    growth_interval : int, optional
        How many steps.
    enabled : bool, optional
        False: losses are not scaled, and every step is made.

    Raises
    ------
    AssertionError
        If a factor is none of those.

    Examples
    --------
    >>> layer = lucid.nn.Linear(2, 1)
    >>> optimizer = lucid.optim.SGD(layer.parameters(), lr=0.1)
    >>> scaler = lucid.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
    >>> with lucid.autocast("cpu", lucid.float16):
    ...     loss = layer(lucid.ones(1, 2)).sum()
    >>> scaler.scale(loss).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> scaler.get_scale()
    8.0
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ):  # fmt: skip
        self._device, self._enabled = device, enabled
        if enabled and device == "cuda":
            warnings.warn("lucid.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._scale, self._growth_tracker = float(np.float32(init_scale)), 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._used = False  # whether something was scaled
        self._optimizers = collections.defaultdict(_Steps)

    def scale(self, outputs):
        """Multiply a loss, or each of a list (or any iterable) of them, by the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            self._used = True
            return outputs * self._scale
        if isinstance(outputs, collections.abc.Iterable):
            found = map(self.scale, outputs)
            return type(outputs)(found) if isinstance(outputs, (list, tuple)) else found
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, before they are clipped or looked at.

        RuntimeError if that was done already, or the step was made.
        """
        if not self._enabled:
            return
        self._check_used("unscale_")
        steps = self._optimizers[id(optimizer)]
        if steps.stage is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if steps.stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        factor = float(np.float32(1 / self._scale))
        with no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    gradient = parameter.grad
                    if gradient is None:
                        continue
                    if gradient.dtype is dtypes.float16:
                        raise ValueError("Attempting to unscale FP16 gradients.")
                    steps.finite = steps.finite is not False and gradient.isfinite().all().item()
                    if factor != 1:
                        gradient.mul_(factor)
        steps.stage = OptState.UNSCALED

    def step(self, optimizer, *args, **kwargs):
        """Let the optimizer make its step with the gradients divided by the scale, if they are finite.

        Returns what the step returns, None where it was left out.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_used("step")
        steps = self._optimizers[id(optimizer)]
        if steps.stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if steps.stage is OptState.READY:
            self.unscale_(optimizer)
        if steps.finite is None:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        steps.stage = OptState.STEPPED
        return optimizer.step(*args, **kwargs) if steps.finite else None

    def update(self, new_scale=None) -> None:
        """Change the scale as the gradients since the last `update` ask for it, or to the one given."""
        if not self._enabled:
            return
        self._check_used("update")
        if new_scale is not None:
            if not isinstance(new_scale, float) and (new_scale.numel() != 1 or new_scale.requires_grad):
                raise AssertionError("new_scale should be a float or a tensor of 1 element that does not require a gradient.")
            self._scale = float(np.float32(float(new_scale)))
        else:
            checked = [steps.finite for steps in self._optimizers.values() if steps.finite is not None]
            if not checked:
                raise AssertionError("No inf checks were recorded prior to update.")
            self._adapt(all(checked))
        self._optimizers.clear()

    def _adapt(self, finite: bool) -> None:
        if not finite:
            self._scale, self._growth_tracker = float(np.float32(self._scale * self._backoff_factor)), 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            with np.errstate(over="ignore"):
                grown = float(np.float32(self._scale * self._growth_factor))
            self._scale, self._growth_tracker = grown if np.isfinite(grown) else self._scale, 0

    def _check_used(self, name: str) -> None:
        if not self._used:
            raise AssertionError(f"Attempted {name} but nothing was scaled. This may indicate your script did not use "
                                 "scaler.scale(loss or outputs) earlier in the iteration.")  # fmt: skip

    def get_scale(self) -> float:
        """The scale; 1 where it is not enabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by when it shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps with finite gradients the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many steps with finite gradients the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether losses are scaled."""
        return self._enabled

    def state_dict(self) -> dict:
        """The scale, the factors, the interval and how many steps of it are made; empty where it is not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale, "growth_factor": self._growth_factor, "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval, "_growth_tracker": self._growth_tracker,
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` gave. RuntimeError where that is empty."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError("The source state dict is empty, possibly because it was saved from a disabled instance of "
                               "GradScaler.")  # fmt: skip
        for name, value in state_dict.items():
            setattr(self, f"_{name.lstrip('_')}", value)

    def __getstate__(self) -> dict:
        if self._enabled and self._optimizers:
            raise AssertionError("A GradScaler instance may only be pickled at the beginning of an iteration, or at the end "
                                 "after scaler.update().")  # fmt: skip
        return vars(self) | {"_used": False}
