"""Steps of optimizers over flat parameters, of float32 and float64; all buffers but `grad` are written."""
from typing import Any

def adam(
    param: Any, grad: Any, first: Any, second: Any, largest: Any, step: float, lr: float, beta1: float, beta2: float,
    eps: float, weight_decay: float, decoupled: bool, maximize: bool,
    /,
) -> None:
    """Adam; AdamW where weight decay is `decoupled`; AMSGrad where `largest` is not None. `step` counts from 1."""

def sgd(
    param: Any, grad: Any, buffer: Any, lr: float, momentum: float, dampening: float, weight_decay: float,
    nesterov: bool, maximize: bool,
    /,
) -> None:
    """Gradient descent; with momentum where `buffer` is not None (zeros, and a dampening of 0, for the first step)."""

def adagrad(
    param: Any, grad: Any, total: Any, step: float, lr: float, lr_decay: float, eps: float, weight_decay: float,
    maximize: bool,
    /,
) -> None:
    """Adagrad; `total` is the sum of squares. `step` counts from 1, here and below."""

def rmsprop(
    param: Any, grad: Any, square: Any, mean: Any, buffer: Any, lr: float, alpha: float, eps: float,
    weight_decay: float, momentum: float, maximize: bool,
    /,
) -> None:
    """RMSprop; centered where `mean` is not None, with momentum where `buffer` is not None."""

def adadelta(
    param: Any, grad: Any, square: Any, moved: Any, lr: float, rho: float, eps: float, weight_decay: float,
    maximize: bool,
    /,
) -> None:
    """Adadelta; `moved` is the running mean square of the updates."""

def adamax(
    param: Any, grad: Any, mean: Any, largest: Any, step: float, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, maximize: bool,
    /,
) -> None:
    """Adamax; `largest` is the running maximum of the gradient's magnitude."""

def nadam(
    param: Any, grad: Any, mean: Any, square: Any, step: float, mu_product: float, lr: float, beta1: float,
    beta2: float, eps: float, weight_decay: float, momentum_decay: float, decoupled: bool, maximize: bool,
    /,
) -> float:
    """NAdam; takes the product of the momenta so far (1 at first) and returns the next."""

def radam(
    param: Any, grad: Any, mean: Any, square: Any, step: float, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, decoupled: bool, maximize: bool,
    /,
) -> None:
    """RAdam."""

def asgd(
    param: Any, grad: Any, average: Any, eta: float, mu: float, lambd: float, weight_decay: float, maximize: bool, /) -> None:
    """SGD with an average of the points, which begins where `mu` is 1."""

def rprop(
    param: Any, grad: Any, last: Any, size: Any, less: float, more: float, low: float, high: float, maximize: bool, /) -> None:
    """Steps by the gradient's sign alone."""
