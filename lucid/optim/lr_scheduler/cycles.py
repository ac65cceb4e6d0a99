"""Rates that rise and fall: cosines, triangles, one cycle; the last two move the momentum against the rate."""

from __future__ import annotations

import math
from collections.abc import Callable

from lucid.ops._doc import doc
from lucid.optim.lr_scheduler.scheduler import LRScheduler, change, each
from lucid.optim.optimizer import Optimizer


@doc()
class CosineAnnealingLR(LRScheduler):
    """Rates along a cosine, down and up again.

    Parameters
    ----------
    T_max : int
        After how many epochs they are least.
    eta_min : float, optional
        The least rate (default 0).

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


@doc()
class CosineAnnealingWarmRestarts(LRScheduler):
    """Rates along a cosine, down, and from the start again.

    Parameters
    ----------
    T_0 : int
        Epochs until the first restart.
    T_mult : int, optional
        By what that grows with each restart (default 1).
    eta_min : float, optional
        The least rate (default 0).

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


class _Momentum(LRScheduler):
    """A schedule that may move the momentum against the rate."""

    def _check_momentum(self) -> None:
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.use_beta1 = "betas" in defaults

    def _set_momentum(self, group: dict, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


@doc()
class CyclicLR(_Momentum):
    """Rates that go up and down between two bounds, and momenta against them.

    Parameters
    ----------
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
        lows = each(optimizer, "base_lr", base_lr)
        if last_epoch == -1:
            for low, group in zip(lows, optimizer.param_groups):
                change(group, "lr", low)
        self.max_lrs = each(optimizer, "max_lr", max_lr)
        down = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size = float(step_size_up) + down
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._check_momentum()
            self.base_momentums = each(optimizer, "base_momentum", base_momentum)
            self.max_momentums = each(optimizer, "max_momentum", max_momentum)
            if last_epoch == -1:
                for high, low, group in zip(self.max_momentums, self.base_momentums, optimizer.param_groups):
                    self._set_momentum(group, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, 1 being the whole."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": lambda: 1.0, "triangular2": lambda: 0.5 ** (x - 1), "exp_range": lambda: self.gamma**x}[self.mode]()

    def state_dict(self) -> dict:
        """As elsewhere; of `scale_fn` nothing is kept if it is a function, and its attributes if it is an object."""
        own = self._scale_fn_custom
        kept = None if own is None or type(own) is type(_phase) else dict(own.__dict__)
        return {**super().state_dict(), "_scale_fn_custom": kept}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` returned."""
        own = self._scale_fn_custom
        super().load_state_dict(state_dict)
        if state_dict["_scale_fn_custom"] is not None:
            own.__dict__.update(state_dict["_scale_fn_custom"])
        self._scale_fn_custom = own

    def get_lr(self) -> list:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        part = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        part *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for low, high, group in zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups):
                self._set_momentum(group, high - (high - low) * part)
        return [low + (high - low) * part for low, high in zip(self.base_lrs, self.max_lrs)]


def _phase(*parts) -> dict:
    return dict(zip(("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum"), parts))


@doc()
class OneCycleLR(_Momentum):
    """Rates that rise to a maximum and fall far below where they began, and momenta against them.

    Parameters
    ----------
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
                _phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                _phase(2 * rise, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                _phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self._schedule_phases = [
                _phase(rise, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                _phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum"),
            ]
        if last_epoch == -1:
            for high, group in zip(each(optimizer, "max_lr", max_lr), optimizer.param_groups):
                group["initial_lr"] = high / div_factor
                group["max_lr"], group["min_lr"] = high, group["initial_lr"] / final_div_factor
                change(group, "lr", group["initial_lr"])
        if cycle_momentum:
            self._check_momentum()
            if last_epoch == -1:
                pairs = each(optimizer, "max_momentum", max_momentum), each(optimizer, "base_momentum", base_momentum)
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
        at = sum(step > phase["end_step"] for phase in self._schedule_phases[:-1])
        phase = self._schedule_phases[at]
        if at:
            begin = self._schedule_phases[at - 1]["end_step"]
        part = (step - begin) / (phase["end_step"] - begin)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                self._set_momentum(group, self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], part))
        return rates
