"""DataLoader: batches of a dataset, one after the other."""

from __future__ import annotations

import collections
import copy
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass

from lucid.random import own_stream
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
        Threads that load batches ahead (PyTorch: processes), each with a stream of random numbers of its own. Batches come in the
        same order; an `IterableDataset` is gone through by each, unless it asks `get_worker_info`. Default: 0, none.
    collate_fn : callable, optional
        Makes a batch of a list of samples. Default: `default_collate`, or `default_convert` without batches.
    worker_init_fn : callable, optional
        Called with its number in each worker, before it loads; `get_worker_info().dataset` is then a copy (a shallow one).
    persistent_workers : bool, optional
        Keep the workers, and their streams, for further passes. Default: False.
    pin_memory, timeout, multiprocessing_context, pin_memory_device, in_order : optional
        Accepted for PyTorch's sake: there are no processes and no other device.
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

    _context = None

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
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError(f"prefetch_factor option should be non-negative, but got {prefetch_factor}")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
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
        self.multiprocessing_context, self._iterator, self._workers = multiprocessing_context, None, ()
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn

    @property
    def multiprocessing_context(self):
        """How processes are started, as it was given or a context of that name: threads load here."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context):
        if context is not None:
            import multiprocessing

            if self.num_workers == 0:
                raise ValueError(f"multiprocessing_context can only be used with num_workers > 0, but got num_workers={self.num_workers}")
            ways = multiprocessing.get_all_start_methods()
            if isinstance(context, str):
                if context not in ways:
                    raise ValueError(f"multiprocessing_context must be one of {ways}, but got {context!r}")
                context = multiprocessing.get_context(context)
            elif not isinstance(context, multiprocessing.context.BaseContext):
                raise TypeError(f"multiprocessing_context must be a context or the name of a start method, but got {context!r}")
        self._context = context

    def __setattr__(self, name, value):
        if name in FIXED and "collate_fn" in self.__dict__:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __class_getitem__(cls, item):
        return cls

    def __iter__(self):
        if self.timeout and not self.num_workers:
            raise AssertionError("timeout needs num_workers > 0")
        iterable = isinstance(self.dataset, IterableDataset)
        drawn = None if iterable else iter(self.sampler if self.batch_sampler is None else self.batch_sampler)
        workers, self._workers = self._workers, ()
        if workers:
            self._iterator.close()  # a pass that was not ended
        else:
            seed = fresh_seed(self.generator)  # PyTorch draws one for its workers at every pass, with none too
            workers = [_Worker(self, k, seed) for k in range(self.num_workers)]
        if not workers:
            return _shown(self._in_turn(iter(self.dataset)) if iterable else map(self._load, drawn), "_SingleProcessDataLoaderIter")
        arriving = _ahead(workers, drawn, self.prefetch_factor, self.persistent_workers)
        if self.persistent_workers:
            self._workers, self._iterator = workers, arriving
        return _shown(arriving, "_MultiProcessingDataLoaderIter")

    def _load(self, indices, dataset=None):
        """The batch of some indices."""
        dataset = self.dataset if dataset is None else dataset
        if self.batch_sampler is None:
            return self.collate_fn(dataset[indices])
        several = getattr(dataset, "__getitems__", None)
        return self.collate_fn(several(indices) if several else [dataset[i] for i in indices])

    def _in_turn(self, samples):
        """Batches of the samples of an iterable dataset."""
        if self.batch_size is None:
            yield from map(self.collate_fn, samples)
            return
        while batch := list(itertools.islice(samples, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn(batch)

    def __len__(self) -> int:
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


observed = None  # `observers.block`, where there are observers


def _shown(batches, kind: str):
    """Batches, each of which observers are shown as a block."""
    end = object()
    while True:
        if observed is None:
            batch = next(batches, end)
        else:
            with observed(f"enumerate(DataLoader)#{kind}.__next__"):
                batch = next(batches, end)
        if batch is end:
            return
        yield batch


# ------------------------------------------------------------------------------------------------ workers


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker is: its number, that of all workers, its seed, and the dataset as it sees it."""

    id: int
    num_workers: int
    seed: int
    dataset: Dataset


class _Here(threading.local):
    worker = None


_HERE = _Here()
END = object()  # instead of a batch: there are no more


class _Worker:
    """A thread that loads batches, one after the other."""

    def __init__(self, loader: DataLoader, number: int, seed: int):
        from concurrent.futures import ThreadPoolExecutor

        dataset = loader.dataset if loader.worker_init_fn is None else copy.copy(loader.dataset)
        self.info = WorkerInfo(number, loader.num_workers, seed + number, dataset)
        self.begin, self.load_, self.in_turn = loader.worker_init_fn, loader._load, loader._in_turn
        self.thread, self.waiting, self.batches = ThreadPoolExecutor(1), collections.deque(), None
        self.entered = self.thread.submit(self.enter)

    def enter(self) -> None:
        _HERE.worker = self.info
        own_stream(self.info.seed)
        if self.begin is not None:
            self.begin(self.info.id)

    def ask(self, drawn) -> None:
        """Have another batch loaded, that of the next indices drawn, or of an iterable dataset's next samples."""
        if drawn is None:
            self.waiting.append(self.thread.submit(self.following))
            return
        for indices in itertools.islice(drawn, 1):
            self.waiting.append(self.thread.submit(self.load_, indices, self.info.dataset))

    def following(self):
        if self.batches is None:
            self.batches = self.in_turn(iter(self.info.dataset))
        return next(self.batches, END)

    def next_batch(self):
        self.entered.result()  # raises what `worker_init_fn` raised
        return self.waiting.popleft().result()

    def start(self) -> None:
        """Begin a pass."""
        self.stop(True)
        self.thread.submit(setattr, self, "batches", None)

    def stop(self, persistent: bool) -> None:
        """End a pass, and unless it is `persistent`, the thread."""
        while self.waiting:
            self.waiting.pop().cancel()
        if not persistent:
            self.thread.shutdown(cancel_futures=True)


def _ahead(workers: list[_Worker], drawn, ahead: int, persistent: bool):
    """Batches that workers load ahead, each of them every so manyth, in order."""
    for worker in workers:
        worker.start()
    for _ in range(ahead):
        for worker in workers:
            worker.ask(drawn)
    return _arriving(workers, drawn, persistent)


def _arriving(workers: list[_Worker], drawn, persistent: bool):
    turn = collections.deque(workers)
    try:
        while turn:
            worker = turn.popleft()
            batch = worker.next_batch() if worker.waiting else END
            if batch is not END:
                worker.ask(drawn)
                turn.append(worker)
                yield batch
    finally:
        for worker in workers:
            worker.stop(persistent)


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a data loader this is.

    Returns
    -------
    WorkerInfo or None
        Its number `id` of `num_workers`, its `seed` and its `dataset`; None where no worker loads. An iterable dataset that asks
        can give each worker a part of its samples.

    Examples
    --------
    >>> lucid.utils.data.get_worker_info() is None
    True
    """
    return _HERE.worker


class _BaseDataLoaderIter:
    """What goes through a loader in PyTorch; here it is a generator or `map`, never one of these."""


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """The same where processes load; here threads do."""
