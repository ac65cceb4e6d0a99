"""DataLoader: batches of a dataset, one after the other."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable

from lucid.utils.data.collate import default_collate, default_convert
from lucid.utils.data.dataset import Dataset, IterableDataset
from lucid.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler, fresh_seed

__all__ = ["DataLoader"]

_collate_fn_t = Callable[[list], object]  # what packages annotate functions with that make batches


FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")  # what a loader is made of


class DataLoader:
    """Batches of a dataset's samples.

    Parameters
    ----------
    dataset : Dataset
        Whose samples are taken.
    batch_size : int, optional
        Samples in a batch; None for single samples, not batched. Default: 1.
    shuffle : bool, optional
        Draw the samples in random order, a new one at each pass. Default: False.
    sampler : iterable of int, optional
        Draws the indices instead.
    batch_sampler : iterable of lists of int, optional
        Draws whole batches of indices instead.
    num_workers : int, optional
        Threads that load batches ahead (PyTorch: processes). Batches come in the same order. Default: 0, none.
    collate_fn : callable, optional
        Makes a batch of a list of samples. Default: `default_collate`, or `default_convert` without batches.
    pin_memory, timeout, worker_init_fn, multiprocessing_context, persistent_workers, pin_memory_device, in_order : optional
        Accepted for PyTorch's sake: there are no processes and no other device. `worker_init_fn` is not called.
    drop_last : bool, optional
        Leave an incomplete last batch out. Default: False.
    generator : Generator, optional
        What a random order is drawn from.
    prefetch_factor : int, optional
        Batches each thread loads ahead. Default: 2.

    Raises
    ------
    ValueError
        For arguments that exclude each other.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils.data import DataLoader, TensorDataset
    >>> loader = DataLoader(TensorDataset(lucid.arange(5.0)), batch_size=2)
    >>> [batch.tolist() for (batch,) in loader]
    [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """

    multiprocessing_context = None

    def __init__(
        self, dataset: Dataset, batch_size: int | None = 1, shuffle: bool | None = None, sampler=None, batch_sampler=None,
        num_workers: int = 0, collate_fn=None, pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
        worker_init_fn=None, multiprocessing_context=None, generator=None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ):  # fmt: skip
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to load in the calling thread.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option could only be specified with num_workers > 0")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if multiprocessing_context is not None and num_workers == 0:
            raise ValueError("multiprocessing_context can only be used with num_workers > 0")
        iterable = isinstance(dataset, IterableDataset)
        if iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("DataLoader with IterableDataset: expected no shuffle, sampler or batch_sampler")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if iterable:
                sampler = itertools.repeat(None)
            else:
                sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.prefetch_factor = num_workers, 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory, self.timeout, self.worker_init_fn = pin_memory, timeout, worker_init_fn
        self.pin_memory_device, self.in_order, self.persistent_workers = pin_memory_device, in_order, persistent_workers
        self.multiprocessing_context, self._iterator = multiprocessing_context, None
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn

    def __setattr__(self, name, value):
        if name in FIXED and "collate_fn" in self.__dict__:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __class_getitem__(cls, item):
        return cls

    def __iter__(self):
        fresh_seed(self.generator)  # PyTorch draws one for its workers at every pass
        if isinstance(self.dataset, IterableDataset):
            return self._in_turn()
        drawn = iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        return self._ahead(drawn) if self.num_workers else map(self._load, drawn)

    def _load(self, indices):
        if self.batch_sampler is None:
            return self.collate_fn(self.dataset[indices])
        several = getattr(self.dataset, "__getitems__", None)
        return self.collate_fn(several(indices) if several else [self.dataset[i] for i in indices])

    def _in_turn(self):
        samples = iter(self.dataset)
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(itertools.islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def _ahead(self, drawn):
        """Batches that threads load ahead, in order."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.num_workers) as threads:
            waiting = collections.deque(
                threads.submit(self._load, one) for one in itertools.islice(drawn, self.num_workers * self.prefetch_factor)
            )
            try:
                while waiting:
                    batch = waiting.popleft().result()
                    waiting.extend(threads.submit(self._load, one) for one in itertools.islice(drawn, 1))
                    yield batch
            finally:
                for future in waiting:
                    future.cancel()

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


def get_worker_info() -> None:
    """What worker process this is: None, there are none.

    Returns
    -------
    None
        As in PyTorch's main process: a dataset that asks is to give all of its samples.

    Examples
    --------
    >>> lucid.utils.data.get_worker_info() is None
    True
    """


class _BaseDataLoaderIter:
    """What goes through a loader in PyTorch; here it is a generator or `map`, never one of these."""


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """The same where processes load; here threads do."""
