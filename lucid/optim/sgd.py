"""Stochastic gradient descent."""

from __future__ import annotations

from lucid._kernels import optim as kernels
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOATING
from lucid.optim.optimizer import Optimizer, check, gradient_of, updated, zeros_like

__all__ = ["SGD"]

SGD_STEP = {dtype: kernels.sgd[C_NAMES[dtype]] for dtype in FLOATING}


@doc()
class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if wanted.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 1e-3).
    momentum : float, optional
        How much of the last step goes on (default 0).
    dampening : float, optional
        How much of the gradient is held back from the momentum (default 0).
    nesterov : bool, optional
        Look ahead along the momentum (default False).

    Notes
    -----
    ``b = momentum * b + (1 - dampening) * g`` (at first ``b = g``), then ``p -= lr * b``.

    References
    ----------
    Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> import lucid
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> lucid.optim.SGD([p], lr=0.25).step()
    >>> p.detach()
    Tensor([0.5])
    """

    def __init__(
        self, params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach=None, differentiable: bool = False, fused=None,
    ):  # fmt: skip
        check(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
                "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip

    def _update(self, group: dict) -> None:
        momentum = float(group["momentum"])
        settings = float(group["lr"]), momentum
        rest = group["weight_decay"], group["nesterov"], group["maximize"]
        for param in group["params"]:
            if param._grad is None:
                continue
            buffer, dampening = None, group["dampening"]
            if momentum:
                state = self.state[param]
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    buffer = state["momentum_buffer"] = zeros_like(param)
                    dampening = 0
                buffer = buffer.array
            updated(SGD_STEP, param, (gradient_of(param), buffer), *settings, dampening, *rest)
