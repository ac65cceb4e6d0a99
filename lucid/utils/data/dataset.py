"""Datasets: what has samples under numbers, or gives them one after the other."""

from __future__ import annotations

import bisect
import itertools
import math
from collections import abc

from lucid.ops.random import randperm
from lucid.random import default_generator

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset", "random_split",
]  # fmt: skip


class Dataset:
    """Samples under numbers: a subclass defines `__getitem__(index)` and usually `__len__()`.

    A `__getitems__(indices)` that returns a list of samples is used instead where there is one.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> class Squares(data.Dataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, i):
    ...         return i * i
    >>> [Squares()[i] for i in range(3)], len(Squares() + Squares())
    ([0, 1, 4], 6)
    """

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])

    def __class_getitem__(cls, item):
        return cls


class IterableDataset(Dataset, abc.Iterable):
    """Samples one after the other: a subclass defines `__iter__()`.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> class Lines(data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter([1, 2, 3])
    >>> [batch.tolist() for batch in data.DataLoader(Lines(), batch_size=2)]
    [[1, 2], [3]]
    """

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """Rows of tensors: sample i is the tuple of their i-th rows.

    Parameters
    ----------
    *tensors : Tensor
        Of the same size in their first dimension.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils.data import TensorDataset
    >>> TensorDataset(lucid.tensor([[1.0], [2.0]]), lucid.tensor([7, 8]))[1]
    (Tensor([2.0]), Tensor(8))
    """

    def __init__(self, *tensors):
        if any(len(tensor) != len(tensors[0]) for tensor in tensors):
            raise AssertionError(f"Size mismatch between tensors: {[len(tensor) for tensor in tensors]} rows")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class StackDataset(Dataset):
    """Datasets side by side: sample i is the tuple, or with keywords the dictionary, of their i-th samples.

    Parameters
    ----------
    *args, **kwargs : Dataset
        Of one length; by position or by keyword, not both.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> data.StackDataset(image=[1, 2], label=[3, 4])[1]
    {'image': 2, 'label': 4}
    """

    def __init__(self, *args, **kwargs):
        if bool(args) == bool(kwargs):
            raise ValueError("StackDataset takes datasets either by position or by keyword, at least one")
        self.datasets = args or kwargs
        lengths = {len(one) for one in (args or kwargs.values())}
        if len(lengths) > 1:
            raise ValueError(f"Size mismatch between datasets: {sorted(lengths)}")
        self._length = lengths.pop()

    def __getitem__(self, index):
        if isinstance(self.datasets, dict):
            return {key: one[index] for key, one in self.datasets.items()}
        return tuple(one[index] for one in self.datasets)

    def __getitems__(self, indices):
        rows = self.datasets.values() if isinstance(self.datasets, dict) else self.datasets
        columns = []
        for one in rows:
            found = one.__getitems__(indices) if hasattr(one, "__getitems__") else [one[index] for index in indices]
            if len(found) != len(indices):
                raise ValueError(f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(found)}")
            columns.append(found)
        named = isinstance(self.datasets, dict)
        return [dict(zip(self.datasets, row)) if named else row for row in zip(*columns)]

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset):
    """Datasets one after the other under one row of numbers.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one, each with a length.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> data.ConcatDataset([[1, 2], [3]])[2]
    3
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(one, IterableDataset) for one in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index):
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset):
    """Iterable datasets one after the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset
        They follow one another.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> class Lines(data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter([1, 2])
    >>> list(data.ChainDataset([Lines(), Lines()]))
    [1, 2, 1, 2]
    """

    def __init__(self, datasets):
        self.datasets = datasets

    def __iter__(self):
        for one in self.datasets:
            if not isinstance(one, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield from one

    def __len__(self) -> int:
        return sum(map(len, self.datasets))


class Subset(Dataset):
    """Some samples of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Whose samples they are.
    indices : sequence of int
        Which samples, in order.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils import data
    >>> list(data.Subset([10, 20, 30], [2, 0]))
    [30, 10]
    """

    def __init__(self, dataset: Dataset, indices):
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index):
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices):
        found = [self.indices[i] for i in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(found)
        return [self.dataset[i] for i in found]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Dataset, lengths, generator=default_generator) -> list[Subset]:
    """Divide a dataset at random into parts that do not overlap.

    Parameters
    ----------
    dataset : Dataset
        What is divided.
    lengths : sequence of int, or of float
        How many samples each part has; or the fractions, which add up to 1: what rounding leaves goes to the first parts.
    generator : Generator, optional
        What to draw from.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        If the lengths do not add up to the dataset's.

    Examples
    --------
    >>> from lucid.utils.data import random_split
    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        if any(not 0 <= fraction <= 1 for fraction in lengths):
            raise ValueError(f"Fractions have to be between 0 and 1, got {list(lengths)}")
        lengths = [math.floor(len(dataset) * fraction) for fraction in lengths]
        for i in range(len(dataset) - sum(lengths)):
            lengths[i % len(lengths)] += 1
    if sum(lengths) != len(dataset):
        raise ValueError(f"Sum of input lengths does not equal the length of the input dataset: {sum(lengths)}, {len(dataset)}")
    order = randperm(sum(lengths), generator=generator).tolist()
    ends = itertools.accumulate(lengths)
    return [Subset(dataset, order[end - length : end]) for end, length in zip(ends, lengths)]
