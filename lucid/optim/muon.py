"""Muon."""

from __future__ import annotations

import math

import lucid
from lucid.optim.optimizer import Optimizer, require

__all__ = ["Muon"]


class Muon(Optimizer):
    r"""Muon: steps along the momentum of a matrix, made nearly orthogonal.

    Parameters
    ----------
    params : iterable
        Parameters of two dimensions, or groups of them.
    lr : float, optional
        Learning rate (default 1e-3).
    weight_decay : float, optional
        How much of the parameter itself is taken away, times `lr` (default 0.1).
    momentum : float, optional
        How slowly the mean of the gradients moves (default 0.95).
    nesterov : bool, optional
        Look ahead along the momentum (default True).
    ns_coefficients : (float, float, float), optional
        Of the polynomial that is applied to the singular values again and again.
    eps : float, optional
        Least norm that the momentum is divided by (default 1e-7).
    ns_steps : int, optional
        How often the polynomial is applied (default 5).
    adjust_lr_fn : {None, "original", "match_rms_adamw"}, optional
        What the rate is multiplied by: ``sqrt(max(1, rows / columns))`` (default), or ``0.2 sqrt(max(rows, columns))``.

    Raises
    ------
    ValueError
        For a setting out of its range, or a parameter that is not a matrix.

    Notes
    -----
    ``m += (1 - momentum)(g - m)``; ``x = m / |m|`` and, in bfloat16, `ns_steps` times with ``s = x x^T``:
    ``x = a x + (b s + c s^2) x``; then ``p -= lr * weight_decay * p`` and ``p -= adjusted lr * x``. The iteration is in
    bfloat16 whatever the parameter's dtype: the steps are known to two or three digits only.

    References
    ----------
    Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024. Liu et al., "Muon is Scalable for LLM
    Training", 2025.

    Examples
    --------
    >>> p = lucid.tensor([[1.0]], requires_grad=True)
    >>> p.grad = lucid.tensor([[10.0]])
    >>> lucid.optim.Muon([p], lr=0.5, weight_decay=0.0, ns_steps=0).step()
    >>> p.detach()
    Tensor([[0.5]])
    """

    def __init__(
        self, params, lr: float = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
        ns_coefficients=(3.4445, -4.7750, 2.0315), eps: float = 1e-7, ns_steps: int = 5, adjust_lr_fn: str | None = None,
    ):  # fmt: skip
        require(float(lr) >= 0.0, f"Learning rate should be >= 0 but is: {lr}")
        require(momentum >= 0.0, f"momentum should be >= 0 but is: {momentum}")
        require(weight_decay >= 0.0, f"weight decay should be >= 0 but is: {weight_decay}")
        known = adjust_lr_fn in (None, "original", "match_rms_adamw")
        require(known, f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        })  # fmt: skip
        for group in self.param_groups:
            for param in group["params"]:
                size = param.shape
                require(len(size) == 2, f"Muon only supports 2D parameters whereas we found a parameter with size: {size}")

    def _update(self, group: dict) -> None:
        lr, momentum = float(group["lr"]), group["momentum"]
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            if param.is_complex():
                raise RuntimeError("Muon does not support complex parameters")
            state = self.state[param]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = lucid.zeros_like(grad)
            mean = state["momentum_buffer"].lerp_(grad, 1 - momentum)
            direction = grad.lerp(mean, momentum) if group["nesterov"] else mean
            direction = orthogonalised(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
            rows, columns = param.shape
            if group["adjust_lr_fn"] == "match_rms_adamw":
                factor = 0.2 * math.sqrt(max(rows, columns))
            else:
                factor = math.sqrt(max(1, rows / columns))
            param.mul_(1 - lr * group["weight_decay"])
            param.add_(direction, alpha=-lr * factor)


def orthogonalised(matrix, coefficients, steps: int, eps: float):
    """A bfloat16 matrix of about the same singular vectors whose singular values are about 1 (Newton-Schulz)."""
    require(steps < 100, "Number of steps must be less than 100 for computational efficiency")
    require(len(coefficients) == 3, "Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    upright = matrix.size(0) > matrix.size(1)
    x = matrix.bfloat16()
    if upright:
        x = x.T
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = lucid.addmm(x, lucid.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if upright else x
