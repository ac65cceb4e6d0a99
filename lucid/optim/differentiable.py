"""The steps of optimizers as operations that are recorded, for `differentiable=True`: what a parameter becomes is a function
of what it was, of its gradient, of the state, and of settings that are tensors.

A formula takes a parameter, its gradient (`g`), its state, the number of the step and the settings, puts the new state in the
place of the old, and returns the new parameter. Kernels, which are many times faster, do the same otherwise (pyx/optim.pyx).
"""

from __future__ import annotations

from lucid.autograd.modes import enable_grad
from lucid.ops.complex import view_as_complex, view_as_real
from lucid.ops.magnitude import abs as abs_
from lucid.ops.magnitude import maximum, sign
from lucid.optim.adam import Adam
from lucid.optim.family import ASGD, Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop
from lucid.optim.optimizer import number
from lucid.optim.sgd import SGD
from lucid.tensor import Tensor


def step(optimizer) -> bool:
    """A recorded step of an optimizer. False where there is no formula for its kind, and nothing was done."""
    formula = next((FORMULAS[kind] for kind in type(optimizer).__mro__ if kind in FORMULAS), None)
    if formula is None:
        return False
    with enable_grad():
        for group in optimizer.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    state = optimizer.state[param]
                    if not state:
                        state.update(optimizer._begin(param, group))
                    param.copy_(_stepped(formula, param, state, group))
    return True


def _stepped(formula, param: Tensor, state: dict, group: dict) -> Tensor:
    """A parameter after its step. Of complex numbers each part is a number of its own."""
    count = 0.0
    if "step" in state:
        state["step"] += 1
        count = state["step"].item()
    grad = -param.grad if group["maximize"] else param.grad
    if not param.is_complex():
        return formula(param, grad, state, count, group)
    parts = {name: view_as_real(one) if isinstance(one, Tensor) and one.is_complex() else one for name, one in state.items()}
    made = view_as_complex(formula(view_as_real(param), view_as_real(grad), parts, count, group))
    for name, one in parts.items():
        of_parts = isinstance(one, Tensor) and one.shape[-1:] == (2,) and one.shape[:-1] == param.shape
        state[name] = view_as_complex(one.contiguous()) if of_parts else one
    return made


def _decayed(p, g, group: dict):
    """The parameter and its gradient with the weight decay in one of them."""
    decay = group["weight_decay"]
    if group.get("decoupled_weight_decay"):
        return p * (1 - group["lr"] * decay), g
    return p, g + decay * p if decay else g


def _mean(state: dict, name: str, x, beta):
    """A running mean, brought up to date."""
    before = state[name]
    state[name] = before + (1 - beta) * (x - before)
    return state[name]


def _square(state: dict, name: str, x, beta):
    """A running mean of squares, brought up to date."""
    state[name] = beta * state[name] + (1 - beta) * x * x
    return state[name]


def _moments(g, state: dict, betas):
    """The running means of the gradient and of its square, brought up to date."""
    return _mean(state, "exp_avg", g, betas[0]), _square(state, "exp_avg_sq", g, betas[1])


def _sgd(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    momentum = group["momentum"]
    if momentum:
        before = state.get("momentum_buffer")
        # as in PyTorch the first is a constant
        buffer = g.detach().clone() if before is None else momentum * before + (1 - group["dampening"]) * g
        state["momentum_buffer"] = buffer
        g = g + momentum * buffer if group["nesterov"] else buffer
    return p - group["lr"] * g


def _adam(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    beta1, beta2 = group["betas"]
    m, v = _moments(g, state, group["betas"])
    if group["amsgrad"]:
        v = state["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
    return p - group["lr"] / (1 - beta1**count) * m / ((v / (1 - beta2**count)).sqrt() + group["eps"])


def _adamax(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    beta1, beta2 = group["betas"]
    m = _mean(state, "exp_avg", g, beta1)
    u = state["exp_inf"] = maximum(beta2 * state["exp_inf"], abs_(g) + group["eps"])
    return p - group["lr"] / (1 - beta1**count) * m / u


def _nadam(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    beta1, beta2 = group["betas"]
    mu, after = (beta1 * (1 - 0.5 * 0.96 ** (n * group["momentum_decay"])) for n in (count, count + 1))
    product = state["mu_product"] = state["mu_product"] * mu
    m, v = _moments(g, state, group["betas"])
    size = (v / (1 - beta2**count)).sqrt() + group["eps"]
    return p - group["lr"] * ((1 - mu) / (1 - product) * g + after / (1 - product * after) * m) / size


def _radam(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    beta1, beta2 = group["betas"]
    m, v = _moments(g, state, group["betas"])
    left = 1 - beta2**count
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * count * beta2**count / left
    change = group["lr"] * m / (1 - beta1**count)
    if length > 5:
        sure = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        change = change * (left * sure) ** 0.5 / (v.sqrt() + group["eps"])
    return p - change


def _adagrad(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    total = state["sum"] = state["sum"] + g * g
    return p - group["lr"] / (1 + (count - 1) * group["lr_decay"]) * g / (total.sqrt() + group["eps"])


def _adadelta(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    rho, eps, changes = group["rho"], group["eps"], state["acc_delta"]
    v = _square(state, "square_avg", g, rho)
    change = (changes + eps).sqrt() / (v + eps).sqrt() * g
    _square(state, "acc_delta", change, rho)
    return p - group["lr"] * change


def _rmsprop(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    v = _square(state, "square_avg", g, group["alpha"])
    if group["centered"]:
        mean = _mean(state, "grad_avg", g, group["alpha"])
        v = v - mean * mean
    change = g / (v.sqrt() + group["eps"])
    if group["momentum"] > 0:
        change = state["momentum_buffer"] = group["momentum"] * state["momentum_buffer"] + change
    return p - group["lr"] * change


def _asgd(p, g, state, count, group):
    p, g = _decayed(p, g, group)
    lr, lambd, eta = float(group["lr"]), group["lambd"], state["eta"].item()
    p = p * (1 - lambd * eta) - eta * g
    state["ax"] = state["ax"] + state["mu"].item() * (p - state["ax"])
    state["eta"] = number(lr / (1 + lambd * lr * count) ** group["alpha"])
    state["mu"] = number(1 / max(1, count - group["t0"]))
    return p


def _rprop(p, g, state, count, group):
    shrink, grow = group["etas"]
    turned = sign(g * state["prev"])
    factor = turned.masked_fill(turned == 0, 1).masked_fill(turned > 0, grow).masked_fill(turned < 0, shrink)
    state["step_size"] = (state["step_size"] * factor).clamp(*group["step_sizes"])
    state["prev"] = g.masked_fill(turned < 0, 0)
    return p - sign(state["prev"]) * state["step_size"]


FORMULAS = {
    SGD: _sgd, Adam: _adam, Adamax: _adamax, NAdam: _nadam, RAdam: _radam, Adagrad: _adagrad, Adadelta: _adadelta,
    RMSprop: _rmsprop, ASGD: _asgd, Rprop: _rprop,
}  # fmt: skip
