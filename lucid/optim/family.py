"""The optimizers whose step is one kernel over a parameter and arrays of its shape.

Each class names its kernel and its settings, makes the state of a parameter, and says in `_step` what the kernel is
given; `Family` does the rest.
"""

from __future__ import annotations

import numpy as np

from lucid._kernels import optim as kernels
from lucid.ops._doc import doc
from lucid.ops._frame import C_NAMES, FLOATING
from lucid.optim.optimizer import Optimizer, check, gradient_of, number, updated, zeros_like

__all__ = ["ASGD", "Adadelta", "Adagrad", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop"]


def kernel_of(name: str) -> dict:
    """A step's kernel for each dtype."""
    return {dtype: getattr(kernels, name)[C_NAMES[dtype]] for dtype in FLOATING}


def filled(param, value: float):
    """A state like the parameter, of one value; of complex numbers it is both parts'."""
    made = zeros_like(param)
    made.array.fill(complex(value, value) if made.array.dtype.kind == "c" else value)
    return made


class Family(Optimizer):
    """What is common: state on the first step, a counter of steps, one kernel call a parameter."""

    kernel: dict

    def _update(self, group: dict) -> None:
        for param in group["params"]:
            if param._grad is None:
                continue
            state = self.state[param]
            if not state:
                state.update(self._begin(param, group))
            count = state["step"].array
            count += 1
            self._step(param, gradient_of(param), state, float(count), group)

    def _begin(self, param, group: dict) -> dict:
        return {"step": number(0.0), **self._first(param, group)}

    def _first(self, param, group: dict) -> dict:
        raise NotImplementedError

    def _step(self, param, grad: np.ndarray, state: dict, step: float, group: dict) -> None:
        raise NotImplementedError

    def _run(self, param, grad: np.ndarray, states, *settings):
        """The kernel over the gradient and these states (None for one that is not there)."""
        return updated(self.kernel, param, (grad, *(one if one is None else one.array for one in states)), *settings)


@doc()
class RMSprop(Family):
    r"""Steps by the gradient over the root of its running mean square.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 1e-2).
    alpha : float, optional
        How slowly the mean square moves (default 0.99).
    eps : float, optional
        Added to the root (default 1e-8).
    momentum : float, optional
        How much of the last step goes on (default 0).
    centered : bool, optional
        Subtract the square of the running mean (default False).

    Notes
    -----
    ``v = alpha v + (1 - alpha) g^2``, then ``p -= lr * g / (sqrt(v) + eps)``.

    References
    ----------
    Hinton, "Neural Networks for Machine Learning", lecture 6, 2012. Centred: Graves, "Generating Sequences With
    Recurrent Neural Networks", 2013.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([10.0])
    >>> lucid.optim.RMSprop([p], alpha=0.0, lr=0.5).step()
    >>> p.detach()
    Tensor([0.5])
    """

    kernel = kernel_of("rmsprop")

    def __init__(
        self, params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach=None, maximize: bool = False,
        differentiable: bool = False,
    ):  # fmt: skip
        check(lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered, "weight_decay": weight_decay,
            "capturable": capturable, "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
        })  # fmt: skip

    def _first(self, param, group):
        made = {"square_avg": zeros_like(param)}
        if group["momentum"] > 0:
            made["momentum_buffer"] = zeros_like(param)
        if group["centered"]:
            made["grad_avg"] = zeros_like(param)
        return made

    def _step(self, param, grad, state, step, group):
        states = state["square_avg"], state.get("grad_avg"), state.get("momentum_buffer")
        self._run(param, grad, states, float(group["lr"]), group["alpha"], group["eps"], group["weight_decay"],
                  group["momentum"], group["maximize"])  # fmt: skip


@doc()
class Adagrad(Family):
    r"""Steps by the gradient over the root of the sum of all its squares.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 1e-2).
    lr_decay : float, optional
        The rate is divided by one plus this times the number of steps before (default 0).
    initial_accumulator_value : float, optional
        What the sum begins with (default 0).
    eps : float, optional
        Added to the root (default 1e-10).

    Notes
    -----
    ``s += g^2``, then ``p -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps)``.

    References
    ----------
    Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([10.0])
    >>> lucid.optim.Adagrad([p], lr=0.5).step()
    >>> p.detach()
    Tensor([0.5])
    """

    kernel = kernel_of("adagrad")

    def __init__(
        self, params, lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach=None, *, maximize: bool = False,
        differentiable: bool = False, fused=None,
    ):  # fmt: skip
        check(lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps)
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        })  # fmt: skip
        for group in self.param_groups:  # here the state is there from the start
            for param in group["params"]:
                self.state[param] = self._begin(param, group)

    def _first(self, param, group):
        return {"sum": filled(param, group["initial_accumulator_value"])}

    def _step(self, param, grad, state, step, group):
        self._run(param, grad, (state["sum"],), step, float(group["lr"]), group["lr_decay"], group["eps"],
                  group["weight_decay"], group["maximize"])  # fmt: skip


@doc()
class Adadelta(Family):
    r"""Steps whose size is the root mean square of earlier steps, over that of the gradient.

    Parameters
    ----------
    lr : float, optional
        Factor of the steps (default 1).
    rho : float, optional
        How slowly the mean squares move (default 0.9).
    eps : float, optional
        Added to the mean squares (default 1e-6).

    Notes
    -----
    ``v = rho v + (1 - rho) g^2``, ``d = sqrt(u + eps) / sqrt(v + eps) * g``, ``u = rho u + (1 - rho) d^2``, ``p -= lr d``.

    References
    ----------
    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([3.0])
    >>> lucid.optim.Adadelta([p], rho=0.0, eps=16.0, lr=1.25).step()
    >>> p.detach()
    Tensor([-2.0])
    """

    kernel = kernel_of("adadelta")

    def __init__(
        self, params, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0, foreach=None, *,
        capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr=lr, eps=eps, weight_decay=weight_decay)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize, "capturable": capturable,
            "foreach": foreach, "differentiable": differentiable,
        })  # fmt: skip

    def _first(self, param, group):
        return {"square_avg": zeros_like(param), "acc_delta": zeros_like(param)}

    def _step(self, param, grad, state, step, group):
        self._run(param, grad, (state["square_avg"], state["acc_delta"]), float(group["lr"]), group["rho"], group["eps"],
                  group["weight_decay"], group["maximize"])  # fmt: skip


class _Moments(Family):
    """Those that keep two running means, moved by `betas`."""

    names = ("exp_avg", "exp_avg_sq")

    def __init__(self, params, lr, betas, eps, weight_decay, **others):
        check(lr=lr, eps=eps, weight_decay=weight_decay)
        for i, beta in enumerate((betas[0], betas[1])):
            if not 0.0 <= float(beta) < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, **others})

    def _first(self, param, group):
        return {name: zeros_like(param) for name in self.names}

    def _means(self, state: dict) -> list:
        return [state[name] for name in self.names]

    def _settings(self, group: dict) -> tuple:
        beta1, beta2 = group["betas"]
        return float(group["lr"]), float(beta1), float(beta2), group["eps"], group["weight_decay"]


@doc()
class Adamax(_Moments):
    r"""Adam with the greatest gradient, which fades, in the place of the root mean square.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 2e-3).
    betas : (float, float), optional
        How slowly the mean moves and the maximum fades (default (0.9, 0.999)).
    eps : float, optional
        Added to the size of the gradient (default 1e-8).

    Notes
    -----
    ``m += (1 - beta1)(g - m)``, ``u = max(beta2 u, |g| + eps)``, then ``p -= lr / (1 - beta1^t) * m / u``.

    References
    ----------
    Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2014.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([8.0])
    >>> lucid.optim.Adamax([p], lr=0.5, betas=(0.0, 0.0), eps=0.0).step()
    >>> p.detach()
    Tensor([0.5])
    """

    kernel = kernel_of("adamax")
    names = ("exp_avg", "exp_inf")

    def __init__(
        self, params, lr: float = 2e-3, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0, foreach=None, *,
        maximize: bool = False, differentiable: bool = False, capturable: bool = False,
    ):  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, foreach=foreach, maximize=maximize,
                         differentiable=differentiable, capturable=capturable)  # fmt: skip

    def _step(self, param, grad, state, step, group):
        self._run(param, grad, self._means(state), step, *self._settings(group), group["maximize"])


@doc()
class NAdam(_Moments):
    r"""Adam with Nesterov momentum.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 2e-3).
    betas : (float, float), optional
        How slowly the two means move (default (0.9, 0.999)).
    eps : float, optional
        Added to the root (default 1e-8).
    momentum_decay : float, optional
        How fast the momentum grows to `betas[0]` (default 4e-3).

    Notes
    -----
    Adam's means; with ``mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)`` the step goes along
    ``(1 - mu_t) / (1 - mu_1 ... mu_t) * g + mu_{t+1} / (1 - mu_1 ... mu_{t+1}) * m``.

    References
    ----------
    Dozat, "Incorporating Nesterov Momentum into Adam", 2016.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([8.0])
    >>> lucid.optim.NAdam([p], lr=0.5, betas=(0.0, 0.0), eps=0.0).step()
    >>> p.detach()
    Tensor([0.5])
    """

    kernel = kernel_of("nadam")

    def __init__(
        self, params, lr: float = 2e-3, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *, foreach=None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(momentum_decay=momentum_decay)
        super().__init__(params, lr, betas, eps, weight_decay, momentum_decay=momentum_decay,
                         decoupled_weight_decay=decoupled_weight_decay, maximize=maximize, foreach=foreach,
                         capturable=capturable, differentiable=differentiable)  # fmt: skip

    def _first(self, param, group):
        return {"mu_product": number(1.0), **super()._first(param, group)}

    def _step(self, param, grad, state, step, group):
        product = state["mu_product"].array
        found = self._run(param, grad, self._means(state), step, float(product), *self._settings(group),
                          group["momentum_decay"], group["decoupled_weight_decay"], group["maximize"])  # fmt: skip
        if found is not None:
            product.fill(found)


@doc()
class RAdam(_Moments):
    r"""Adam that divides by the root mean square only once enough steps make that a good estimate.

    Parameters
    ----------
    lr : float, optional
        Learning rate (default 1e-3).
    betas : (float, float), optional
        How slowly the two means move (default (0.9, 0.999)).
    eps : float, optional
        Added to the root (default 1e-8).

    References
    ----------
    Liu, Jiang, He, Chen, Liu, Gao, Han, "On the Variance of the Adaptive Learning Rate and Beyond", 2019.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([8.0])
    >>> lucid.optim.RAdam([p], lr=0.5).step()
    >>> p.detach()
    Tensor([-3.0])
    """

    kernel = kernel_of("radam")

    def __init__(
        self, params, lr: float = 1e-3, betas=(0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0,
        decoupled_weight_decay: bool = False, *, foreach=None, maximize: bool = False, capturable: bool = False,
        differentiable: bool = False,
    ):  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize, foreach=foreach, capturable=capturable,
                         decoupled_weight_decay=decoupled_weight_decay, differentiable=differentiable)  # fmt: skip

    def _step(self, param, grad, state, step, group):
        self._run(param, grad, self._means(state), step, *self._settings(group), group["decoupled_weight_decay"],
                  group["maximize"])  # fmt: skip


@doc()
class ASGD(Family):
    r"""Stochastic gradient descent that also keeps the average of its last points.

    Parameters
    ----------
    lr : float, optional
        Learning rate at first (default 1e-2).
    lambd : float, optional
        How fast the parameters shrink, and the rate with them (default 1e-4).
    alpha : float, optional
        The power by which the rate falls (default 0.75).
    t0 : float, optional
        The step at which averaging begins (default 1e6).

    Notes
    -----
    ``p = p (1 - lambd eta) - eta g`` with ``eta = lr / (1 + lambd lr t)^alpha``; the average is `state[p]["ax"]`.

    References
    ----------
    Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    Examples
    --------
    >>> p = lucid.tensor([1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([1.0])
    >>> lucid.optim.ASGD([p], lr=0.5, lambd=0.0).step()
    >>> p.detach()
    Tensor([0.5])
    """

    kernel = kernel_of("asgd")

    def __init__(
        self, params, lr: float = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0, foreach=None, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ):  # fmt: skip
        check(lr=lr, weight_decay=weight_decay)
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def _first(self, param, group):
        return {"eta": number(float(group["lr"])), "mu": number(1.0), "ax": zeros_like(param)}

    def _step(self, param, grad, state, step, group):
        eta, mu, lr = state["eta"].array, state["mu"].array, float(group["lr"])
        self._run(param, grad, (state["ax"],), float(eta), float(mu), group["lambd"], group["weight_decay"],
                  group["maximize"])  # fmt: skip
        eta.fill(lr / (1 + group["lambd"] * lr * step) ** group["alpha"])
        mu.fill(1 / max(1, step - group["t0"]))


@doc()
class Rprop(Family):
    r"""Steps whose size does not depend on the gradient's: it grows while the sign stays, and shrinks when it changes.

    Parameters
    ----------
    lr : float, optional
        Size of the first steps (default 1e-2).
    etas : (float, float), optional
        Factors of the size, where the sign changed and where it stayed (default (0.5, 1.2)).
    step_sizes : (float, float), optional
        The least and the greatest size (default (1e-6, 50)).

    References
    ----------
    Riedmiller, Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993.

    Examples
    --------
    >>> p = lucid.tensor([1.0, 1.0], requires_grad=True)
    >>> p.grad = lucid.tensor([8.0, -0.1])
    >>> lucid.optim.Rprop([p], lr=0.5).step()
    >>> p.detach()
    Tensor([0.5, 1.5])
    """

    kernel = kernel_of("rprop")

    def __init__(
        self, params, lr: float = 1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, capturable: bool = False,
        foreach=None, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def _first(self, param, group):
        return {"prev": zeros_like(param), "step_size": filled(param, float(group["lr"]))}

    def _step(self, param, grad, state, step, group):
        self._run(param, grad, (state["prev"], state["step_size"]), *group["etas"], *group["step_sizes"],
                  group["maximize"])  # fmt: skip
