"""Learning-rate schedules.

A schedule says in `get_lr` what the rates of the next epoch are, given those of the last: that they follow from each
other lets several work on one optimizer. Where a rate can be had from the epoch alone, `closed` says it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable

from lucid.optim.optimizer import Optimizer
from lucid.tensor import Tensor

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip


def _set(group: dict, name: str, value) -> None:
    """Change a setting; one that is a tensor stays the tensor it is."""
    if isinstance(group[name], Tensor):
        group[name].fill_(value)
    else:
        group[name] = value


def _number(value) -> float:
    return value.item() if isinstance(value, Tensor) else value


def _each(optimizer, name: str, value) -> list:
    """A value for all groups, or one for each. ValueError where their number is wrong."""
    if not isinstance(value, (list, tuple)):
        return [value] * len(optimizer.param_groups)
    if len(value) != len(optimizer.param_groups):
        raise ValueError(f"expected {len(optimizer.param_groups)} values for {name}, got {len(value)}")
    return list(value)


class LRScheduler:
    """Base of all schedules: a subclass gives `get_lr`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose groups' rates are changed.
    last_epoch : int, optional
        The epoch that was last; -1 (the default) to begin.

    Examples
    --------
    >>> import lucid
    >>> class Halved(lucid.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [rate / 2 for rate in self.base_lrs]
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> Halved(optimizer).get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, last_epoch: int = -1):
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _number(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self.step()

    @property
    def rates(self) -> list:
        """The rates of all groups as they are."""
        return [_number(group["lr"]) for group in self.optimizer.param_groups]

    def get_lr(self) -> list:
        """The rates of the epoch `last_epoch`, from those of the epoch before."""
        raise NotImplementedError(f"{type(self).__name__} defines no get_lr")

    def closed(self, base: float, epoch: int) -> float:
        """The rate of an epoch, from the rate at first alone."""
        raise NotImplementedError

    def get_last_lr(self) -> list:
        """The rates that were last set."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on by an epoch, or to a given one."""
        self._step_count += 1
        if epoch is None:
            self.last_epoch += 1
            rates = self.get_lr()
        else:
            self.last_epoch = epoch
            known = type(self).closed is not LRScheduler.closed
            rates = [self.closed(base, epoch) for base in self.base_lrs] if known else self.get_lr()
        self._apply(rates)

    def _apply(self, rates: list) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates):
            _set(group, "lr", rate)
        self._last_lr = self.rates

    def state_dict(self) -> dict:
        """Everything but the optimizer and functions."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer" and not callable(value)}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` returned."""
        self.__dict__.update(state_dict)


class _Factor(LRScheduler):
    """A schedule whose rates are those of the epoch before by a factor."""

    def get_lr(self) -> list:
        factor = self.factor_at(self.last_epoch)
        return [rate * factor for rate in self.rates]

    def factor_at(self, epoch: int) -> float:
        """By what an epoch's rates are those before it."""
        raise NotImplementedError


class StepLR(_Factor):
    """Rates by a factor every few epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    step_size : int
        After how many epochs.
    gamma : float, optional
        The factor (default 0.1).
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> sgd = lucid.optim.SGD([lucid.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = lucid.optim.lr_scheduler.StepLR(sgd, 2, gamma=0.5)
    >>> for epoch in range(3):
    ...     sgd.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [1.0]
    [0.5]
    [0.5]
    """

    def __init__(self, optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def factor_at(self, epoch):
        return 1.0 if epoch == 0 or epoch % self.step_size else self.gamma

    def closed(self, base, epoch):
        return base * self.gamma ** (epoch // self.step_size)


class MultiStepLR(_Factor):
    """Rates by a factor at some epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    milestones : sequence of int
        At which epochs; one that is given twice counts twice.
    gamma : float, optional
        The factor (default 0.1).
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3])
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.1, 0.1, 0.01, 0.01]
    """

    def __init__(self, optimizer, milestones, gamma: float = 0.1, last_epoch: int = -1):
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def factor_at(self, epoch):
        return self.gamma ** self.milestones[epoch] if epoch in self.milestones else 1.0

    def closed(self, base, epoch):
        return base * self.gamma ** bisect_right(sorted(self.milestones.elements()), epoch)


class ConstantLR(_Factor):
    """Rates by a factor for the first epochs, then as they are.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    factor : float, optional
        The factor, from 0 to 1 (default 1/3).
    total_iters : int, optional
        For how many epochs (default 5).
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.ConstantLR(optimizer, 0.5, total_iters=2)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.5, 1.0, 1.0, 1.0]
    """

    def __init__(self, optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1):
        if not 0 <= factor <= 1.0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def factor_at(self, epoch):
        return self.factor if epoch == 0 else 1.0 / self.factor if epoch == self.total_iters else 1.0

    def closed(self, base, epoch):
        return base * (self.factor if epoch < self.total_iters else 1.0)


class LinearLR(_Factor):
    """Rates by a factor that changes evenly over the first epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    start_factor : float, optional
        The factor at first, above 0 and at most 1 (default 1/3).
    end_factor : float, optional
        The factor in the end, from 0 to 1 (default 1).
    total_iters : int, optional
        After how many epochs (default 5).
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.LinearLR(optimizer, 0.5, total_iters=2)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.75, 1.0, 1.0, 1.0]
    """

    def __init__(
        self, optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1
    ):
        if not 0 < start_factor <= 1.0:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if not 0 <= end_factor <= 1.0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _whole(self, epoch: int) -> float:
        part = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * part

    def factor_at(self, epoch):
        if epoch == 0:
            return self.start_factor
        return 1.0 if epoch > self.total_iters else self._whole(epoch) / self._whole(epoch - 1)

    def closed(self, base, epoch):
        return base * self._whole(epoch)


class ExponentialLR(_Factor):
    """Rates by a factor every epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    gamma : float
        The factor.
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.5, 0.25, 0.125, 0.062]
    """

    def __init__(self, optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor_at(self, epoch):
        return 1.0 if epoch == 0 else self.gamma

    def closed(self, base, epoch):
        return base * self.gamma**epoch


class PolynomialLR(_Factor):
    """Rates that fall to 0 like a power of what is left.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    total_iters : int, optional
        After how many epochs they are 0 (default 5).
    power : float, optional
        The power (default 1).
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.PolynomialLR(optimizer, 4)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.75, 0.5, 0.25, 0.0]
    """

    def __init__(self, optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1):
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def _left(self, epoch: int) -> float:
        return 1.0 - min(epoch, self.total_iters) / self.total_iters

    def factor_at(self, epoch):
        return 1.0 if epoch == 0 or epoch > self.total_iters else (self._left(epoch) / self._left(epoch - 1)) ** self.power

    def closed(self, base, epoch):
        return base * self._left(epoch) ** self.power


class CosineAnnealingLR(LRScheduler):
    """Rates along a cosine, down and up again.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    T_max : int
        After how many epochs they are least.
    eta_min : float, optional
        The least rate (default 0).
    last_epoch : int, optional
        The epoch that was last (default -1).

    References
    ----------
    Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):  # noqa: N803
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list:
        epoch = self.last_epoch
        if epoch == 0:
            return self.rates
        if self._step_count == 1:
            return [self.closed(base, epoch) for base in self.base_lrs]
        turn = math.pi / self.T_max
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the last rate was the least: there is nothing to scale
            rise = (1 - math.cos(turn)) / 2
            return [rate + (base - self.eta_min) * rise for base, rate in zip(self.base_lrs, self.rates)]
        factor = (1 + math.cos(turn * epoch)) / (1 + math.cos(turn * (epoch - 1)))
        return [factor * (rate - self.eta_min) + self.eta_min for rate in self.rates]

    def closed(self, base, epoch):
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    """Rates along a cosine, down, and from the start again.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    T_0 : int
        Epochs until the first restart.
    T_mult : int, optional
        By what that grows with each restart (default 1).
    eta_min : float, optional
        The least rate (default 0).
    last_epoch : int, optional
        The epoch that was last (default -1).

    References
    ----------
    Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.5, 1.0, 0.5, 1.0]
    """

    def __init__(self, optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1):  # noqa: N803
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0, self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_0, T_mult, eta_min, last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list:
        part = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by an epoch, or to a given one, which may be a fraction."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        self._step_count += 1
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {epoch}")
            self.T_cur, self.T_i = epoch, self.T_0
            if epoch >= self.T_0:
                if self.T_mult == 1:
                    self.T_cur = epoch % self.T_0
                else:
                    round_ = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
                    self.T_cur = epoch - self.T_0 * (self.T_mult**round_ - 1) / (self.T_mult - 1)
                    self.T_i = self.T_0 * self.T_mult**round_
        self.last_epoch = math.floor(epoch)
        self._apply(self.get_lr())


class LambdaLR(LRScheduler):
    """Rates at first by a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    lr_lambda : callable, or list of them
        `factor(epoch)`: one for all groups, or one for each.
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> sgd = lucid.optim.SGD([lucid.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = lucid.optim.lr_scheduler.LambdaLR(sgd, lambda epoch: 1 / (1 + epoch))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, lr_lambda, last_epoch: int = -1):
        self.lr_lambdas = _each(optimizer, "lr_lambda", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict:
        """As elsewhere; of functions nothing is kept, of callable objects their attributes are."""
        plain = [None if type(one) is type(_set) else dict(one.__dict__) for one in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": plain}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` returned."""
        lambdas = self.lr_lambdas
        super().load_state_dict(state_dict)
        self.lr_lambdas = lambdas
        for one, kept in zip(lambdas, state_dict["lr_lambdas"]):
            if kept is not None:
                one.__dict__.update(kept)

    def get_lr(self) -> list:
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas)]


class MultiplicativeLR(LambdaLR):
    """The last rates by a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    lr_lambda : callable, or list of them
        `factor(epoch)`: one for all groups, or one for each.
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.5, 0.25, 0.125, 0.062]
    """

    def get_lr(self) -> list:
        if self.last_epoch == 0:
            return self.rates
        return [rate * factor(self.last_epoch) for rate, factor in zip(self.rates, self.lr_lambdas)]


class _Momentum(LRScheduler):
    """A schedule that may move the momentum against the rate."""

    def _check_momentum(self) -> None:
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")

    def _set_momentum(self, group: dict, value: float) -> None:
        if "betas" in self.optimizer.defaults:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_Momentum):
    """Rates that go up and down between two bounds, and momenta against them.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    base_lr, max_lr : float or list of float
        The bounds, for all groups or for each.
    step_size_up : int, optional
        Steps of the way up (default 2000).
    step_size_down : int, optional
        Steps of the way down (default: as many).
    mode : {"triangular", "triangular2", "exp_range"}, optional
        Whether the height of the cycles stays, halves with each, or falls by `gamma` with each step.
    gamma : float, optional
        See "exp_range" (default 1).
    scale_fn : callable, optional
        The height of its own: `scale_fn(x)` instead of a mode.
    scale_mode : {"cycle", "iterations"}, optional
        What `scale_fn` is given (default "cycle").
    cycle_momentum : bool, optional
        Whether momenta (or the first beta) move too (default True).
    base_momentum, max_momentum : float or list of float, optional
        Their bounds (default 0.8 and 0.9).
    last_epoch : int, optional
        The step that was last (default -1).

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", 2015.

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.CyclicLR(optimizer, 0.0, 1.0, step_size_up=2)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self, optimizer, base_lr, max_lr, step_size_up: int = 2000, step_size_down: int | None = None,
        mode: str = "triangular", gamma: float = 1.0, scale_fn: Callable | None = None, scale_mode: str = "cycle",
        cycle_momentum: bool = True, base_momentum=0.8, max_momentum=0.9, last_epoch: int = -1,
    ):  # fmt: skip
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        lows = _each(optimizer, "base_lr", base_lr)
        if last_epoch == -1:
            for low, group in zip(lows, optimizer.param_groups):
                _set(group, "lr", low)
        self.max_lrs = _each(optimizer, "max_lr", max_lr)
        down = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size = float(step_size_up) + down
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode, self.gamma, self._scale_fn = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._check_momentum()
            self.base_momentums = _each(optimizer, "base_momentum", base_momentum)
            self.max_momentums = _each(optimizer, "max_momentum", max_momentum)
            if last_epoch == -1:
                for high, low, group in zip(self.max_momentums, self.base_momentums, optimizer.param_groups):
                    self._set_momentum(group, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, 1 being the whole."""
        if self._scale_fn is not None:
            return self._scale_fn(x)
        return {"triangular": lambda: 1.0, "triangular2": lambda: 0.5 ** (x - 1), "exp_range": lambda: self.gamma**x}[self.mode]()

    def get_lr(self) -> list:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        part = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        part *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups):
                self._set_momentum(group, high - (high - low) * part)
        return [low + (high - low) * part for low, high in zip(self.base_lrs, self.max_lrs)]


class OneCycleLR(_Momentum):
    """Rates that rise to a maximum and fall far below where they began, and momenta against them.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    max_lr : float or list of float
        The greatest rate, for all groups or for each.
    total_steps : int, optional
        The number of steps; or give the next two.
    epochs, steps_per_epoch : int, optional
        Their product is the number of steps.
    pct_start : float, optional
        Which part of the steps the rise takes (default 0.3).
    anneal_strategy : {"cos", "linear"}, optional
        How rates go from one value to the next (default "cos").
    cycle_momentum : bool, optional
        Whether momenta (or the first beta) move too (default True).
    base_momentum, max_momentum : float or list of float, optional
        Their bounds (default 0.85 and 0.95).
    div_factor : float, optional
        The first rate is the greatest over this (default 25).
    final_div_factor : float, optional
        The last rate is the first over this (default 1e4).
    three_phase : bool, optional
        Fall to the first rate as long as the rise took, and only then to the last (default False).
    last_epoch : int, optional
        The step that was last (default -1).

    References
    ----------
    Smith, Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2017.

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = lucid.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=5)
    >>> [optimizer.step() or scheduler.step() or round(scheduler.get_last_lr()[0], 3) for _ in range(4)]
    [0.95, 0.611, 0.188, 0.0]
    """

    def __init__(
        self, optimizer, max_lr, total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
        cycle_momentum: bool = True, base_momentum=0.85, max_momentum=0.95, div_factor: float = 25.0,
        final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ):  # fmt: skip
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        for name, value in (("total_steps", total_steps), ("epochs", epochs), ("steps_per_epoch", steps_per_epoch)):
            if value is not None and (value <= 0 or not isinstance(value, int)):
                raise ValueError(f"Expected positive integer {name}, but got {value}")
        self.total_steps = epochs * steps_per_epoch if total_steps is None else total_steps
        if not 0 <= pct_start <= 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_func_type, self.cycle_momentum = anneal_strategy, cycle_momentum
        # Where each phase ends, and between which two values of its group rate and momentum go.
        rise, end = float(pct_start * self.total_steps) - 1, self.total_steps - 1
        if three_phase:
            self._schedule_phases = [
                (rise, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum")),
                (2 * rise, ("max_lr", "initial_lr"), ("base_momentum", "max_momentum")),
                (end, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum")),
            ]
        else:
            self._schedule_phases = [
                (rise, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum")),
                (end, ("max_lr", "min_lr"), ("base_momentum", "max_momentum")),
            ]
        if last_epoch == -1:
            for high, group in zip(_each(optimizer, "max_lr", max_lr), optimizer.param_groups):
                group["initial_lr"] = high / div_factor
                group["max_lr"], group["min_lr"] = high, group["initial_lr"] / final_div_factor
                _set(group, "lr", group["initial_lr"])
        if cycle_momentum:
            self._check_momentum()
            if last_epoch == -1:
                pairs = _each(optimizer, "max_momentum", max_momentum), _each(optimizer, "base_momentum", base_momentum)
                for high, low, group in zip(*pairs, optimizer.param_groups):
                    self._set_momentum(group, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "linear":
            return start + (end - start) * part
        return end + (start - end) / 2 * (1 + math.cos(math.pi * part))

    def get_lr(self) -> list:
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The specified number of total steps is {self.total_steps}")
        begin = 0.0
        at = sum(step > end for end, *_ in self._schedule_phases[:-1])
        end, rate, momentum = self._schedule_phases[at]
        if at:
            begin = self._schedule_phases[at - 1][0]
        part = (step - begin) / (end - begin)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(*(group[name] for name in rate), part))
            if self.cycle_momentum:
                self._set_momentum(group, self._between(*(group[name] for name in momentum), part))
        return rates


class ReduceLROnPlateau(LRScheduler):
    """Rates by a factor when a measure has stopped improving.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are changed.
    mode : {"min", "max"}, optional
        Whether smaller or greater is better (default "min").
    factor : float, optional
        The factor, below 1 (default 0.1).
    patience : int, optional
        How many epochs without improvement are borne (default 10).
    threshold : float, optional
        What counts as an improvement (default 1e-4).
    threshold_mode : {"rel", "abs"}, optional
        Whether that is a part of the best value (default) or a difference.
    cooldown : int, optional
        Epochs after a reduction that do not count (default 0).
    min_lr : float or list of float, optional
        The least rate, for all groups or for each (default 0).
    eps : float, optional
        A smaller change is not made (default 1e-8).

    Examples
    --------
    >>> sgd = lucid.optim.SGD([lucid.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = lucid.optim.lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, patience=0)
    >>> for loss in (3.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        threshold_mode: str = "rel", cooldown: int = 0, min_lr=0, eps: float = 1e-8,
    ):  # fmt: skip
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.optimizer, self.factor, self.default_min_lr = optimizer, factor, None
        self.min_lrs = _each(optimizer, "min_lr", min_lr)
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.last_epoch = 0
        self._last_lr = self.rates
        self._reset()

    def _reset(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent for another."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Whether a value improves on the best."""
        sign = -1 if self.mode == "min" else 1
        margin = self.threshold * best if self.threshold_mode == "rel" else self.threshold
        bound = best + sign * margin if math.isfinite(best) else best
        return a < bound if self.mode == "min" else a > bound

    def step(self, metrics, epoch: int | None = None) -> None:
        """Go on by an epoch in which the measure was `metrics`."""
        value = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(value, self.best):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        rates = self.rates
        if self.num_bad_epochs > self.patience:
            lower = [max(rate * self.factor, least) for rate, least in zip(rates, self.min_lrs)]
            rates = [new if old - new > self.eps else old for old, new in zip(rates, lower)]
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._apply(rates)


class ChainedScheduler(LRScheduler):
    """Several schedules of one optimizer, all of which go on with each step.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        The schedules.
    optimizer : Optimizer, optional
        Theirs.

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> parts = [lucid.optim.lr_scheduler.ExponentialLR(optimizer, 0.5), lucid.optim.lr_scheduler.ConstantLR(optimizer, 0.5, 1)]
    >>> scheduler = lucid.optim.lr_scheduler.ChainedScheduler(parts)
    >>> [optimizer.step() or scheduler.step() or scheduler.get_last_lr()[0] for _ in range(3)]
    [0.5, 0.25, 0.125]
    """

    def __init__(self, schedulers, optimizer=None):
        if len(schedulers) < 1:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        optimizer = optimizer or schedulers[0].optimizer
        for i, schedule in enumerate(schedulers):
            if schedule.optimizer is not optimizer:
                raise ValueError(
                    f"ChainedScheduler expects all schedulers to belong to the same optimizer, but got scheduler "
                    f"{type(schedule).__name__} at index {i} of another"
                )
        self._schedulers, self.optimizer = schedulers, optimizer
        self._last_lr = self.rates

    def step(self) -> None:
        """Go on by an epoch with each."""
        for schedule in self._schedulers:
            schedule.step()
        self._last_lr = self.rates

    def state_dict(self) -> dict:
        """As elsewhere, with the states of the schedules."""
        return {**super().state_dict(), "_schedulers": [schedule.state_dict() for schedule in self._schedulers]}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` returned."""
        own = self._schedulers
        super().load_state_dict(state_dict)
        self._schedulers = own
        for schedule, kept in zip(own, state_dict["_schedulers"]):
            schedule.load_state_dict(kept)


class SequentialLR(ChainedScheduler):
    """Several schedules of one optimizer, one after the other.

    Parameters
    ----------
    optimizer : Optimizer
        Theirs.
    schedulers : sequence of LRScheduler
        The schedules.
    milestones : sequence of int
        At which epochs the next begins; one fewer than schedules.
    last_epoch : int, optional
        The epoch that was last (default -1).

    Examples
    --------
    >>> import lucid
    >>> optimizer = lucid.optim.SGD([lucid.ones(1, requires_grad=True)], lr=1.0)
    >>> parts = [lucid.optim.lr_scheduler.ConstantLR(optimizer, 0.5, 9), lucid.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)]
    >>> scheduler = lucid.optim.lr_scheduler.SequentialLR(optimizer, parts, milestones=[2])
    >>> [optimizer.step() or scheduler.step() or scheduler.get_last_lr()[0] for _ in range(4)]
    [0.5, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch: int = -1):
        super().__init__(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone "
                f"points, but got number of schedulers {len(schedulers)} and the number of milestones to be {len(milestones)}"
            )
        self._milestones, self.last_epoch = milestones, last_epoch + 1
        for group in optimizer.param_groups:  # each schedule has set its first rate: only that of the first counts
            _set(group, "lr", group["initial_lr"])
        for schedule in schedulers:
            schedule.last_epoch -= 1
        schedulers[0]._initial_step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self) -> None:
        """Go on by an epoch with the schedule whose turn it is."""
        self.last_epoch += 1
        at = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[at]
        if at > 0 and self._milestones[at - 1] == self.last_epoch:
            schedule.step(0)
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()
