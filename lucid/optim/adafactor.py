"""Adafactor."""

from __future__ import annotations

import lucid
from lucid.ops._doc import doc
from lucid.optim.optimizer import Optimizer, number, require

__all__ = ["Adafactor"]


@doc()
class Adafactor(Optimizer):
    r"""Adafactor: steps by the gradient over the root of its mean square, of which a matrix keeps rows and columns only.

    Parameters
    ----------
    lr : float, optional
        Greatest relative size of a step, and rate of the weight decay (default 1e-2).
    beta2_decay : float, optional
        The mean square forgets ``t ** beta2_decay`` of itself at step t (default -0.8).
    eps : (float or None, float), optional
        Least denominator (None: the dtype's epsilon), and least size of the parameter that steps are relative to
        (default (None, 1e-3)).
    d : float, optional
        A step whose root mean square is above this is scaled down to it (default 1).
    weight_decay : float, optional
        How much of the parameter itself is taken away, times `lr` (default 0).

    Raises
    ------
    ValueError
        For a setting out of its range.

    Notes
    -----
    With ``b = t ** beta2_decay``, rows ``R += b (mean(g^2, -1) - R)``, columns ``C += b (mean(g^2, -2) - C)`` and
    ``V = R C / mean(R)`` (a vector has ``V += b (g^2 - V)``): ``u = g / sqrt(V)``, and
    ``p -= max(eps2, rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / d)``.

    References
    ----------
    Shazeer, Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([10.0])
    >>> lucid.optim.Adafactor([p], lr=0.5).step()
    >>> p.detach()
    Tensor([0.5])
    """

    def __init__(
        self, params, lr: float = 1e-2, beta2_decay: float = -0.8, eps=(None, 1e-3), d: float = 1.0,
        weight_decay: float = 0.0, *, foreach=None, maximize: bool = False,
    ):  # fmt: skip
        require(float(lr) >= 0.0, f"Learning rate should be >= 0 but is: {lr}")
        require(beta2_decay <= 0.0, f"beta2_decay should be <= 0 but is: {beta2_decay}")
        require(eps[0] is None or eps[0] >= 0.0, f"epsilon1 should be >= 0 but is: {eps[0]}")
        require(eps[1] >= 0.0, f"epsilon2 should be >= 0 but is: {eps[1]}")
        require(d >= 1.0, f"Clipping threshold d should be >= 1 but is: {d}")
        require(weight_decay >= 0.0, f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(params, {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize,
        })  # fmt: skip

    def _update(self, group: dict) -> None:
        lr, (least, smallest) = float(group["lr"]), group["eps"]
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            if param.is_complex():
                raise RuntimeError("Adafactor does not support complex parameters")
            state = self.state[param]
            if not state:
                state.update(step=number(0.0), **_first(grad))
            state["step"] += 1
            step = state["step"].item()
            if least is None:
                least = lucid.finfo(param.dtype).eps  # of the group's first parameter, as PyTorch has it
            if group["maximize"]:
                grad = -grad
            change = step ** group["beta2_decay"]
            size = max(smallest, _rms(param)) * min(lr, step**-0.5)
            if group["weight_decay"] != 0:
                param.mul_(1 - lr * group["weight_decay"])
            if grad.dim() > 1:
                row, column = state["row_var"], state["col_var"]
                row.lerp_(_mean_square(grad, -1), change)
                column.lerp_(_mean_square(grad, -2), change)
                square = (row @ column).div_(row.mean(-2, keepdim=True).clamp_(min=least))
            else:
                square = state["variance"].lerp_(grad * grad, change).clone()
            update = square.clamp_(min=least * least).rsqrt_().mul_(grad)
            param.add_(update, alpha=-size / max(1.0, _rms(update) / group["d"]))


def _first(grad) -> dict:
    """The state of a parameter before its first step."""
    if grad.dim() < 2:
        return {"variance": lucid.zeros_like(grad)}
    *front, rows, columns = grad.shape
    return {"row_var": grad.new_zeros((*front, rows, 1)), "col_var": grad.new_zeros((*front, 1, columns))}


def _rms(tensor) -> float:
    return tensor.norm(2).item() / tensor.numel() ** 0.5


def _mean_square(tensor, dim: int):
    return lucid.norm(tensor, dim=dim, keepdim=True).square_().div_(tensor.size(dim))
