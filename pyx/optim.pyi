"""Steps of optimizers over flat parameters, of float32 and float64; all buffers but `grad` are written."""
from typing import Any

def adam(
    param: Any, grad: Any, first: Any, second: Any, largest: Any, step: float, lr: float, beta1: float, beta2: float,
    eps: float, weight_decay: float, decoupled: bool, maximize: bool,
) -> None:
    """Adam; AdamW where weight decay is `decoupled`; AMSGrad where `largest` is not None. `step` counts from 1."""

def sgd(
    param: Any, grad: Any, buffer: Any, lr: float, momentum: float, dampening: float, weight_decay: float,
    nesterov: bool, maximize: bool,
) -> None:
    """Gradient descent; with momentum where `buffer` is not None (zeros, and a dampening of 0, for the first step)."""
