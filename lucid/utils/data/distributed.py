"""The share of a data set that one process of several draws."""

from __future__ import annotations

import math

import lucid
from lucid import distributed
from lucid.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """The indices of one of several processes: every `num_replicas`-th, so that each has as many and together they have all.

    Parameters
    ----------
    dataset : Dataset
        What is drawn from; it has a length.
    num_replicas : int, optional
        How many processes there are.
    rank : int, optional
        Which one of them this is.
    shuffle : bool, optional
        Draw in random order, another in each epoch.
    seed : int, optional
        Where the random numbers start, the same in all processes.
    drop_last : bool, optional
        Leave out what is left over, instead of drawing some twice.

    Raises
    ------
    ValueError
        If `rank` is not from 0 to `num_replicas - 1`, or not both are given, as there are no processes.

    Examples
    --------
    >>> from lucid.utils.data import DistributedSampler
    >>> [list(DistributedSampler(range(5), 2, rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(self, dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False):
        num_replicas = distributed.get_world_size() if num_replicas is None else num_replicas
        rank = distributed.get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        n = len(dataset)
        self.num_samples = n // num_replicas if drop_last else math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self):
        n = len(self.dataset)
        indices = list(range(n))
        if self.shuffle:
            indices = lucid.randperm(n, generator=lucid.Generator().manual_seed(self.seed + self.epoch)).tolist()
        if not self.drop_last and n:
            indices = (indices * math.ceil(self.total_size / n))[: self.total_size]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch this is: the order hangs on it."""
        self.epoch = epoch
