"""What every schedule stands on (`LRScheduler`), and those that ask: a function of the epoch, or a quantity watched.

A schedule says in `get_lr` what the rates of the next epoch are, given those of the last: that they follow from each
other lets several work on one optimizer. Where a rate can be had from the epoch alone, `closed` says it.
"""

from __future__ import annotations

import math
import warnings

from lucid.ops._doc import doc
from lucid.optim.optimizer import Optimizer
from lucid.tensor import Tensor


def change(group: dict, name: str, value) -> None:
    """Change a setting; one that is a tensor stays the tensor it is, and no other setting's."""
    if isinstance(group[name], Tensor):
        group[name].fill_(value)
    else:
        group[name] = own(value)


def own(value):
    """The value; of a tensor a copy, as that may be written to."""
    return value.clone() if isinstance(value, Tensor) else value


def number(value) -> float:
    return value.item() if isinstance(value, Tensor) else value


def each(optimizer, name: str, value) -> list:
    """A value for all groups, or one for each. ValueError where their number is wrong."""
    if not isinstance(value, (list, tuple)):
        return [own(value) for _ in optimizer.param_groups]
    if len(value) != len(optimizer.param_groups):
        raise ValueError(f"expected {len(optimizer.param_groups)} values for {name}, got {len(value)}")
    return [own(one) for one in value]


def warn_of_epoch() -> None:
    warnings.warn("scheduler.step(epoch) is deprecated: call step() without an epoch", UserWarning, stacklevel=3)


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
                group.setdefault("initial_lr", own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming an optimizer"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._is_initial = self._get_lr_called_within_step = False  # of a state that PyTorch reads
        if optimizer._opt_called is None:
            optimizer._opt_called = "step" in vars(optimizer)  # one that was replaced tells nobody
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self.step()

    @property
    def rates(self) -> list:
        """The rates of all groups as they are."""
        return [number(group["lr"]) for group in self.optimizer.param_groups]

    def _set_rates(self) -> list:
        """The rates of all groups as they are; of those that are tensors, tensors."""
        return [own(group["lr"]) for group in self.optimizer.param_groups]

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
        """Go on by an epoch, or to a given one. Warns if the optimizer did not step before."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "optimizer.step() was replaced after the schedule was made: make sure that it is called before lr_scheduler.step()"
                if "step" in vars(self.optimizer) else "lr_scheduler.step() was called before optimizer.step(): call them in the "
                "opposite order, or the first rate of the schedule is skipped", UserWarning, stacklevel=2,
            )  # fmt: skip
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch()
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None) -> None:
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
            change(group, "lr", rate)
        self._last_lr = self._set_rates()

    def state_dict(self) -> dict:
        """Everything but the optimizer and functions."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer" and not callable(value)}

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over what `state_dict` returned."""
        self.__dict__.update(state_dict)


@doc()
class LambdaLR(LRScheduler):
    """Rates at first by a function of the epoch.

    Parameters
    ----------
    lr_lambda : callable, or list of them
        `factor(epoch)`: one for all groups, or one for each.

    Examples
    --------
    >>> sgd = lucid.optim.SGD([lucid.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = lucid.optim.lr_scheduler.LambdaLR(sgd, lambda epoch: 1 / (1 + epoch))
    >>> sgd.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, lr_lambda, last_epoch: int = -1):
        self.lr_lambdas = each(optimizer, "lr_lambda", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict:
        """As elsewhere; of functions nothing is kept, of callable objects their attributes are."""
        plain = [None if type(one) is type(change) else dict(one.__dict__) for one in self.lr_lambdas]
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


@doc()
class ReduceLROnPlateau(LRScheduler):
    """Rates by a factor when a measure has stopped improving.

    Parameters
    ----------
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
        self.optimizer, self.factor = optimizer, factor
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = each(optimizer, "min_lr", min_lr)
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.last_epoch = 0
        self._last_lr = self._set_rates()
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent for another."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Whether a value improves on the best."""
        margin = -self.threshold if self.mode == "min" else self.threshold
        bound = best * (1.0 + margin) if self.threshold_mode == "rel" else best + margin
        return a < bound if self.mode == "min" else a > bound

    def step(self, metrics, epoch: int | None = None) -> None:
        """Go on by an epoch in which the measure was `metrics`."""
        value = float(metrics)
        if epoch is not None:
            warn_of_epoch()
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
            if len(rates) != len(self.min_lrs):
                if self.default_min_lr is None:
                    raise RuntimeError(f"The number of param groups in the `optimizer` ({len(rates)}) differs from when "
                                       f"`ReduceLROnPlateau` was initialized ({len(self.min_lrs)}): give one min_lr for all")  # fmt: skip
                self.min_lrs = each(self.optimizer, "min_lr", self.default_min_lr)
            lower = [max(rate * self.factor, least) for rate, least in zip(rates, self.min_lrs)]
            rates = [new if old - new > self.eps else old for old, new in zip(rates, lower)]
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._apply(rates)
