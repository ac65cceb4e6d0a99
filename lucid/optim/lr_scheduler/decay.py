"""Rates that fall by a factor: at steps, along a line, by a power."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter

from lucid.ops._doc import doc
from lucid.optim.lr_scheduler.scheduler import LRScheduler


class _Factor(LRScheduler):
    """A schedule whose rates are those of the epoch before by a factor."""

    def get_lr(self) -> list:
        factor = self.factor_at(self.last_epoch)
        return [rate * factor for rate in self.rates]

    def factor_at(self, epoch: int) -> float:
        """By what an epoch's rates are those before it."""
        raise NotImplementedError


@doc()
class StepLR(_Factor):
    """Rates by a factor every few epochs.

    Parameters
    ----------
    step_size : int
        After how many epochs.
    gamma : float, optional
        The factor (default 0.1).

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


@doc()
class MultiStepLR(_Factor):
    """Rates by a factor at some epochs.

    Parameters
    ----------
    milestones : sequence of int
        At which epochs; one that is given twice counts twice.
    gamma : float, optional
        The factor (default 0.1).

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


@doc()
class ConstantLR(_Factor):
    """Rates by a factor for the first epochs, then as they are.

    Parameters
    ----------
    factor : float, optional
        The factor, from 0 to 1 (default 1/3).
    total_iters : int, optional
        For how many epochs (default 5).

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


@doc()
class LinearLR(_Factor):
    """Rates by a factor that changes evenly over the first epochs.

    Parameters
    ----------
    start_factor : float, optional
        The factor at first, above 0 and at most 1 (default 1/3).
    end_factor : float, optional
        The factor in the end, from 0 to 1 (default 1).
    total_iters : int, optional
        After how many epochs (default 5).

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


@doc()
class ExponentialLR(_Factor):
    """Rates by a factor every epoch.

    Parameters
    ----------
    gamma : float
        The factor.

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


@doc()
class PolynomialLR(_Factor):
    """Rates that fall to 0 like a power of what is left.

    Parameters
    ----------
    total_iters : int, optional
        After how many epochs they are 0 (default 5).
    power : float, optional
        The power (default 1).

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
