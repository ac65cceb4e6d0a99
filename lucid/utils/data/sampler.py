"""Samplers: in which order samples are drawn. Random ones follow PyTorch's stream."""

from __future__ import annotations

import itertools

from lucid.dtypes import float64, int64
from lucid.ops.conversion import as_tensor
from lucid.ops.creation import empty
from lucid.ops.random import multinomial, randint, randperm
from lucid.random import Generator

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
]  # fmt: skip


def fresh_seed(generator: Generator | None = None) -> int:
    """A seed drawn from the stream."""
    return int(empty((), dtype=int64).random_(generator=generator).item())


class Sampler:
    """Base of samplers: a subclass defines `__iter__()`, which gives indices, and usually `__len__()`.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> class Backwards(data.Sampler):
    ...     def __iter__(self):
    ...         return iter([2, 1, 0])
    >>> [batch.tolist() for batch in data.DataLoader([10, 20, 30], sampler=Backwards())]
    [[30], [20], [10]]
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} should implement __iter__.")

    def __class_getitem__(cls, item):
        return cls


class SequentialSampler(Sampler):
    """0, 1, 2, ... to the length of a dataset.

    Parameters
    ----------
    data_source : Dataset
        What has a length.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> list(data.SequentialSampler([10, 20, 30]))
    [0, 1, 2]
    """

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """Indices of a dataset in random order.

    Parameters
    ----------
    data_source : Dataset
        What has a length.
    replacement : bool, optional
        Draw each index from all, rather than each of them once. Default: False.
    num_samples : int, optional
        How many are drawn. Default: the dataset's length.
    generator : Generator, optional
        What to draw from. Default: a new one at each pass, seeded from the default stream.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> sorted(data.RandomSampler([10, 20, 30]))
    [0, 1, 2]
    """

    def __init__(self, data_source, replacement: bool = False, num_samples: int | None = None, generator=None):
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if num_samples is not None and (not isinstance(num_samples, int) or num_samples <= 0):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        if self.num_samples == 0:
            raise ValueError("num_samples should be a positive integer value, but the dataset is empty")

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        n, wanted = len(self.data_source), self.num_samples
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(fresh_seed())
        if self.replacement:
            for _ in range(wanted // 32):
                yield from randint(n, (32,), generator=generator).tolist()
            yield from randint(n, (wanted % 32,), generator=generator).tolist()
        else:
            for _ in range(wanted // n):
                yield from randperm(n, generator=generator).tolist()
            yield from randperm(n, generator=generator).tolist()[: wanted % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """Given indices in random order.

    Parameters
    ----------
    indices : sequence of int
        What is drawn from.
    generator : Generator, optional
        What to draw from.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> sorted(data.SubsetRandomSampler([4, 7]))
    [4, 7]
    """

    def __init__(self, indices, generator=None):
        self.indices, self.generator = indices, generator

    def __iter__(self):
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices 0, 1, ... drawn with given weights.

    Parameters
    ----------
    weights : sequence of float
        Not negative; they need not add up to 1.
    num_samples : int
        How many are drawn.
    replacement : bool, optional
        Whether an index may be drawn again. Default: True.
    generator : Generator, optional
        What to draw from.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> list(data.WeightedRandomSampler([0.0, 1.0], 3))
    [1, 1, 1]
    """

    def __init__(self, weights, num_samples: int, replacement: bool = True, generator=None):
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}")
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self):
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of indices of another sampler.

    Parameters
    ----------
    sampler : iterable of int
        Gives the indices.
    batch_size : int
        How many a batch has.
    drop_last : bool
        Whether an incomplete last batch is left out.

    Examples
    --------
    >>> from lucid.utils.data import BatchSampler
    >>> list(BatchSampler(range(5), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size: int, drop_last: bool):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        n = len(self.sampler)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
