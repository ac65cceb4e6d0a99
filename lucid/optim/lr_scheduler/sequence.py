"""Schedules made of schedules: all at once, or one after the other."""

from __future__ import annotations

from bisect import bisect_right

from lucid.ops._doc import doc
from lucid.optim.lr_scheduler.scheduler import LRScheduler, ReduceLROnPlateau, change


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
        name = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(f"{name} expects at least one scheduler, but got no scheduler.")
        optimizer = optimizer or schedulers[0].optimizer
        for i, schedule in enumerate(schedulers):
            kind = type(schedule).__name__
            if not hasattr(schedule, "optimizer"):
                raise TypeError(f"{name} expects schedulers, but got {kind} at index {i}, which has no `optimizer`")
            if isinstance(schedule, ReduceLROnPlateau):
                raise ValueError(f"{name} steps its schedulers without a metric, which {kind} at index {i} needs: step that one by itself")
            if schedule.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but got scheduler {kind} at index {i} of another"
                )
        self._schedulers, self.optimizer = schedulers, optimizer
        self._last_lr = self._set_rates()

    def step(self) -> None:
        """Go on by an epoch with each."""
        for schedule in self._schedulers:
            schedule.step()
        self._last_lr = self._set_rates()

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


@doc()
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
            change(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, self.last_epoch)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched=None) -> None:
        """Take back the epoch by which schedules went on when they were made: this one's, or those of another."""
        for schedule in (self if sched is None else sched)._schedulers:
            if hasattr(schedule, "_schedulers"):
                self.recursive_undo(schedule)
            else:
                schedule.last_epoch -= 1

    def step(self) -> None:
        """Go on by an epoch with the schedule whose turn it is."""
        self.last_epoch += 1
        at = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[at]
        if at > 0 and self._milestones[at - 1] == self.last_epoch:
            schedule._update_lr(0)
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()
