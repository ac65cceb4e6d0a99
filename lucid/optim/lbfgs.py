"""L-BFGS, with a line search for steps that meet the strong Wolfe conditions."""

from __future__ import annotations

from typing import Any, NamedTuple

import lucid
from lucid.autograd.modes import enable_grad, no_grad
from lucid.optim.optimizer import Optimizer, require

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    r"""L-BFGS: steps along the gradient times an inverse Hessian that is known from the last steps.

    A step calls the closure several times. All parameters are in one group.

    Parameters
    ----------
    params : iterable
        Parameters.
    lr : float, optional
        Size of a step, or the first that the line search tries (default 1).
    max_iter : int, optional
        Most iterations of a step (default 20).
    max_eval : int, optional
        Most calls of the closure in a step (default ``max_iter * 5 // 4``).
    tolerance_grad : float, optional
        A step ends where no element of the gradient is larger (default 1e-7).
    tolerance_change : float, optional
        A step ends where neither the loss nor a parameter changes by more (default 1e-9).
    history_size : int, optional
        How many of the last iterations are remembered (default 100).
    line_search_fn : {None, "strong_wolfe"}, optional
        How the size of a step is found (default None: it is `lr`).

    Raises
    ------
    ValueError
        For a negative rate, or several groups.
    RuntimeError
        In a step, for an unknown line search.

    Notes
    -----
    With ``s`` the changes of the parameters, ``y`` those of the gradient and ``r = 1 / (y s)``, newest first:
    ``a_i = r_i s_i q``, ``q -= a_i y_i``, from ``q = -g``; then ``d = q (y s) / (y y)`` and, oldest first,
    ``d += s_i (a_i - r_i y_i d)``; ``p += t d``.

    References
    ----------
    Nocedal, Wright, "Numerical Optimization", 2nd edition 2006, algorithms 7.4, 3.5 and 3.6.

    Examples
    --------
    >>> p = lucid.tensor([3.0, -4.0], requires_grad=True)
    >>> optimizer = lucid.optim.LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((p - 1) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item(), p.detach().round(decimals=4)
    (29.0, Tensor([1.0, 1.0]))
    """

    def __init__(
        self, params, lr: float = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None,
    ):  # fmt: skip
        require(float(lr) >= 0.0, f"Invalid learning rate: {lr}")
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        })  # fmt: skip
        require(len(self.param_groups) == 1, "LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list:
        return self.param_groups[0]["params"]

    def _gradient(self):
        """All gradients in one real vector."""
        rows = []
        for param in self._params:
            grad = lucid.zeros_like(param) if param._grad is None else param._grad.detach()
            rows.append((lucid.view_as_real(grad) if grad.is_complex() else grad).reshape(-1))
        return lucid.cat(rows)

    def _move(self, step, direction) -> None:
        """Add `step * direction` to the parameters."""
        offset, step = 0, float(step)
        for param in self._params:
            real = lucid.view_as_real(param) if param.is_complex() else param
            n = real.numel()
            real.add_(direction[offset : offset + n].view_as(real), alpha=step)
            offset += n

    @no_grad
    def step(self, closure):
        """Change the parameters by up to `max_iter` iterations.

        Parameters
        ----------
        closure : callable
            Computes the loss and its gradients again.

        Returns
        -------
        Tensor or float
            The loss before the step.
        """
        closure = enable_grad(closure)
        group = self.param_groups[0]
        lr, most = float(group["lr"]), group["max_eval"]
        tolerance, least = group["tolerance_grad"], group["tolerance_change"]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

        state = self.state[self._params[0]]  # all is kept with the first parameter, whose dtype it gets when it is loaded
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        loss, grad, evaluations = float(first), self._gradient(), 1
        state["func_evals"] += 1
        if grad.abs().max() <= tolerance:
            return first

        d, t = state.get("d"), state.get("t")
        before, loss_before = state.get("prev_flat_grad"), state.get("prev_loss")
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
                d, t = -grad, min(1.0, 1.0 / grad.abs().sum()) * lr
            else:
                _remember(state, grad - before, d * t, group["history_size"])
                d, t = _direction(state, grad, group["history_size"]), lr
            before, loss_before = grad, loss
            slope = grad.dot(d)
            if slope > -least:
                break

            calls = 0
            if group["line_search_fn"] is not None:
                start = Trial(0, loss, grad, slope)
                (t, loss, grad, _), calls = self._search(closure, start, t, d, most - evaluations, least)
                self._move(t, d)
            else:
                self._move(t, d)
                if iteration != group["max_iter"]:  # the last gradient would only be used by the next step, which has its own
                    loss, grad, calls = float(closure()), self._gradient(), 1
            evaluations += calls
            state["func_evals"] += calls
            if evaluations >= most or grad.abs().max() <= tolerance:
                break
            if (d * t).abs().max() <= least or abs(loss - loss_before) < least:
                break
        state.update(d=d, t=t, prev_flat_grad=before, prev_loss=loss_before)
        return first

    def _search(self, closure, start: Trial, step, d, most: int, least: float) -> tuple[Trial, int]:
        """The line search from here along `d`; the parameters are as before afterwards."""
        kept = [param.clone() for param in self._params]

        def evaluate(step) -> Trial:
            self._move(step, d)
            loss, grad = float(closure()), self._gradient()
            for param, values in zip(self._params, kept):
                param.copy_(values)
            return Trial(step, loss, grad, grad.dot(d))

        return strong_wolfe(evaluate, start, step, d.abs().max(), most, least)


def _remember(state: dict, y, s, most: int) -> None:
    """Take a change of the gradient `y` and of the parameters `s` into the history, where the curvature is positive."""
    ys = y.dot(s)
    if ys > 1e-10:
        if len(state["old_dirs"]) == most:
            for name in ("old_dirs", "old_stps", "ro"):
                state[name].pop(0)
        state["old_dirs"].append(y)
        state["old_stps"].append(s)
        state["ro"].append(1.0 / ys)
        state["H_diag"] = ys / y.dot(y)


def _direction(state: dict, grad, most: int):
    """The approximate inverse Hessian times the descending gradient: two loops over the history."""
    history = list(enumerate(zip(state["old_dirs"], state["old_stps"], state["ro"])))
    al = state.setdefault("al", [None] * most)
    q = -grad
    for i, (y, s, r) in reversed(history):
        al[i] = s.dot(q) * r
        q.add_(y, alpha=-float(al[i]))
    d = q * state["H_diag"]
    for i, (y, s, r) in history:
        d.add_(s, alpha=float(al[i] - y.dot(d) * r))
    return d


class Trial(NamedTuple):
    """What is known at one step along the direction: the loss, its gradient, and its slope along the direction."""

    step: Any
    loss: float
    grad: Any
    slope: Any


def strong_wolfe(
    evaluate, start: Trial, step, norm, most: int, least: float, decrease: float = 1e-4, flatten: float = 0.9
) -> tuple[Trial, int]:
    """A step that lowers the loss enough and whose slope is small enough, and how many times `evaluate` was called.

    First the step grows until such a one is found or two that have one between them; these are drawn together then.
    """
    lowered = lambda trial: not trial.loss > start.loss + decrease * trial.step * start.slope
    flat = lambda trial: abs(trial.slope) <= -flatten * start.slope
    previous, trial, i = start, evaluate(step), 0
    while i < most:
        if not lowered(trial) or (i > 1 and trial.loss >= previous.loss):
            break
        if flat(trial):
            return trial, i + 1
        if trial.slope >= 0:
            break
        step = _cubic(previous, trial, trial.step + 0.01 * (trial.step - previous.step), trial.step * 10)
        previous, trial, i = trial, evaluate(step), i + 1
    else:
        previous = start
    ends = [previous, trial]
    low = 0 if ends[0].loss <= ends[1].loss else 1

    near = False  # whether the last step was near an end of the bracket
    while i < most:
        left, right = min(one.step for one in ends), max(one.step for one in ends)
        if abs(ends[1].step - ends[0].step) * norm < least:
            break
        step = _cubic(*ends, left, right)
        margin = 0.1 * (right - left)
        if min(right - step, step - left) < margin:
            if near or step >= right or step <= left:
                step = right - margin if abs(step - right) < abs(step - left) else left + margin
                near = False
            else:
                near = True
        else:
            near = False

        trial, i = evaluate(step), i + 1
        if not lowered(trial) or trial.loss >= ends[low].loss:
            ends[1 - low] = trial
            low = 0 if ends[0].loss <= ends[1].loss else 1
            continue
        done = flat(trial)
        if not done and trial.slope * (ends[1 - low].step - ends[low].step) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = trial
        if done:
            break
    return ends[low], i + 1


def _cubic(one: Trial, other: Trial, low, high):
    """The minimum of the cubic through both trials with their slopes, no less than `low` and no more than `high`."""
    if one.step > other.step:
        one, other = other, one
    mean = one.slope + other.slope - 3 * (one.loss - other.loss) / (one.step - other.step)
    square = mean**2 - one.slope * other.slope
    if not square >= 0:
        return (low + high) / 2.0
    root = square.sqrt()
    share = (other.slope + root - mean) / (other.slope - one.slope + 2 * root)
    return min(max(other.step - (other.step - one.step) * share, low), high)


def _strong_wolfe(obj_func, x, t, d, f, g, gtd, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_ls=25):
    """The search as packages call it, with `obj_func(x, t, d)` for loss and gradient: the loss, its gradient, the step, how many calls."""

    def evaluate(step) -> Trial:
        loss, grad = obj_func(x, step, d)
        return Trial(step, loss, grad, grad.dot(d))

    found, calls = strong_wolfe(evaluate, Trial(0, f, g, gtd), t, d.abs().max(), max_ls, tolerance_change, c1, c2)
    return found.loss, found.grad, found.step, calls


def _cubic_interpolate(x1, f1, g1, x2, f2, g2, bounds=None):
    """The minimum of a cubic as packages call it, between both places where no bounds are given."""
    return _cubic(Trial(x1, f1, None, g1), Trial(x2, f2, None, g2), *bounds or sorted((x1, x2)))
