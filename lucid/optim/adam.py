"""Adam and AdamW."""

from __future__ import annotations

from lucid._kernels import optim as kernels
from lucid.ops._doc import doc, like
from lucid.ops._frame import C_NAMES, FLOATING
from lucid.optim.optimizer import Optimizer, check, gradient_of, number, updated, zeros_like
from lucid.tensor import Tensor

__all__ = ["Adam", "AdamW"]

ADAM_STEP = {dtype: kernels.adam[C_NAMES[dtype]] for dtype in FLOATING}


@doc()
class Adam(Optimizer):
    r"""Adam: steps by the running mean of the gradient over the root of that of its square.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 1e-3).
    betas : (float, float), optional
        How slowly the two means move (default (0.9, 0.999)).
    eps : float, optional
        Added to the root (default 1e-8).
    amsgrad : bool, optional
        Take the greatest mean of squares so far (default False).

    Notes
    -----
    ``m += (1 - beta1)(g - m)``, ``v = beta2 v + (1 - beta2) g^2``, then
    ``p -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)``.

    References
    ----------
    Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2014.

    Examples
    --------
    >>> import lucid
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> lucid.optim.Adam([p], lr=0.5, eps=0.0).step()
    >>> round(p.item(), 3)
    0.5
    """

    def __init__(
        self, params, lr: float = 1e-3, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        amsgrad: bool = False, *, foreach=None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False, fused=None, decoupled_weight_decay: bool = False,
    ):  # fmt: skip
        check(lr=lr, eps=eps, weight_decay=weight_decay)
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas):
            if not 0.0 <= float(beta) < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
                "foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )  # fmt: skip

    def _begin(self, param, group: dict) -> dict:
        means = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 2 + bool(group["amsgrad"])]
        return {"step": number(0.0), **{name: zeros_like(param) for name in means}}

    def _update(self, group: dict) -> None:
        beta1, beta2 = group["betas"]
        settings = (
            float(group["lr"]), float(beta1), float(beta2), group["eps"], group["weight_decay"],
            group["decoupled_weight_decay"], group["maximize"],
        )  # fmt: skip
        amsgrad = group["amsgrad"]
        for param in group["params"]:
            if param._grad is None:
                continue
            state = self.state[param]
            if not state:
                state.update(self._begin(param, group))
            count = state["step"].array
            count += 1
            largest = state["max_exp_avg_sq"].array if amsgrad else None
            arrays = gradient_of(param), state["exp_avg"].array, state["exp_avg_sq"].array, largest
            updated(ADAM_STEP, param, arrays, float(count), *settings)


@like(Adam, weight_decay="float, optional: How much the parameter shrinks, times the rate (default 1e-2).")
class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter itself.

    References
    ----------
    Loshchilov, Hutter, "Decoupled Weight Decay Regularization", 2017.

    Examples
    --------
    >>> import lucid
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> lucid.optim.AdamW([p], lr=0.5, eps=0.0, weight_decay=0.5).step()
    >>> round(p.item(), 3)
    0.25
    """

    def __init__(
        self, params, lr: float = 1e-3, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2,
        amsgrad: bool = False, *, maximize: bool = False, foreach=None, capturable: bool = False,
        differentiable: bool = False, fused=None,
    ):  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
