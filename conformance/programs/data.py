"""Datasets, samplers and loaders: the same samples in the same order."""

from __future__ import annotations

import numpy as np

from . import program, raised


@program("utils.data.Dataset", "utils.data.TensorDataset", "utils.data.StackDataset", "utils.data.ConcatDataset",
         "utils.data.Subset", "utils.data.random_split", "utils.data.IterableDataset", "utils.data.ChainDataset")  # fmt: skip
def datasets(lib):
    data = lib.utils.data
    a = data.TensorDataset(lib.arange(6.0).reshape(3, 2), lib.tensor([7, 8, 9]))
    b = data.TensorDataset(lib.ones(2, 2), lib.tensor([1, 2]))
    both = a + b
    yield len(a), a[1], a[0:2], len(both), both[3], both[-1], raised(lambda: both[-9]), raised(data.TensorDataset, lib.ones(2), lib.ones(3))
    yield data.StackDataset(a, a)[2], sorted(data.StackDataset(x=a)[1]), raised(data.StackDataset, a, b)
    part = data.Subset(both, [4, 0])
    yield len(part), part[0], raised(lambda: data.Dataset()[0])
    lib.manual_seed(3)
    yield [p.indices for p in data.random_split(range(10), [3, 7])], [p.indices for p in data.random_split(range(10), [0.5, 0.25, 0.25])]
    yield raised(data.random_split, range(4), [1, 1]), [p.indices for p in data.random_split(range(4), [2, 2], generator=lib.Generator().manual_seed(1))]

    class Numbers(data.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    yield list(Numbers() + Numbers()), list(data.DataLoader(Numbers(), batch_size=2))
    yield list(data.DataLoader(Numbers(), batch_size=2, drop_last=True)), raised(data.DataLoader, Numbers(), shuffle=True)


@program("utils.data.Sampler", "utils.data.SequentialSampler", "utils.data.RandomSampler", "utils.data.SubsetRandomSampler",
         "utils.data.WeightedRandomSampler", "utils.data.BatchSampler")  # fmt: skip
def samplers(lib):
    data = lib.utils.data
    lib.manual_seed(0)
    yield list(data.SequentialSampler(range(4))), list(data.RandomSampler(range(9))), list(data.RandomSampler(range(5), num_samples=13))
    yield list(data.RandomSampler(range(5), replacement=True, num_samples=40)), list(data.SubsetRandomSampler([5, 7, 9]))
    yield list(data.RandomSampler(range(6), generator=lib.Generator().manual_seed(4)))
    yield list(data.WeightedRandomSampler([0.1, 0.9, 0.4], 12)), list(data.WeightedRandomSampler([1, 2, 3], 3, replacement=False))
    yield list(data.BatchSampler(range(7), 3, False)), list(data.BatchSampler(range(7), 3, True)), len(data.BatchSampler(range(7), 3, True))
    yield raised(data.BatchSampler, range(3), 0, False), raised(data.RandomSampler, range(3), num_samples=0), len(data.RandomSampler(range(3)))


@program("utils.data.DataLoader", "utils.data.default_collate", "utils.data.default_convert")
def loaders(lib):
    data = lib.utils.data
    lib.manual_seed(1)
    rows = data.TensorDataset(lib.arange(14.0).reshape(7, 2), lib.arange(7))
    for options in ({}, {"batch_size": 3}, {"batch_size": 3, "shuffle": True}, {"batch_size": 2, "drop_last": True, "shuffle": True},
                    {"batch_size": None}, {"sampler": [3, 1]}, {"batch_sampler": [[0, 1], [5]]},
                    {"batch_size": 4, "shuffle": True, "generator": lib.Generator().manual_seed(9)}):  # fmt: skip
        loader = data.DataLoader(rows, **options)
        yield len(loader), list(loader), list(loader)
    yield lib.rand(2)
    samples = [{"x": i, "y": (float(i), "text"), "z": np.array([i, i])} for i in range(3)]
    yield list(data.DataLoader(samples, batch_size=2)), data.default_collate([np.float32(1.5), np.float32(2.5)])
    yield data.default_collate([[1, 2], [3, 4]]), data.default_convert([np.ones(2), "a", 3]), raised(data.default_collate, [None, None])
    yield raised(data.default_collate, [[1], [2, 3]]), raised(data.default_collate, [lib.ones(1), lib.ones(2)])
    yield raised(data.DataLoader, rows, shuffle=True, sampler=[1]), raised(data.DataLoader, rows, batch_size=0)
    yield raised(data.DataLoader, rows, num_workers=-1), raised(data.DataLoader, rows, batch_size=None, drop_last=True)
    yield list(data.DataLoader(rows, batch_size=2, collate_fn=len)), type(iter(data.DataLoader(rows))).__name__ != ""


@program("utils.data.StackDataset", "utils.data.ChainDataset", "utils.data.DataLoader")
def what_sets_of_data_are_made_of(lib):
    data = lib.utils.data

    class Rows(data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return index * 10

        def __getitems__(self, indices):
            return [index * 100 for index in indices]

    class Short(Rows):
        def __getitems__(self, indices):
            return [0]

    for sets in (data.StackDataset(Rows(), [1, 2, 3, 4]), data.StackDataset(a=Rows(), b=[1, 2, 3, 4])):
        yield sets.__getitems__([0, 3]), sets[2], list(data.DataLoader(sets, batch_size=2))
    yield raised(data.StackDataset(Short(), [1, 2, 3, 4]).__getitems__, [0, 1])
    yield raised(list, data.ChainDataset([[1, 2]]))
    loader = data.DataLoader([1, 2, 3])
    yield [raised(setattr, loader, name, 1) for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "num_workers")]


@program("utils.data.RandomSampler", "utils.data.DataLoader")
def nothing_is_not_drawn_from(lib):
    data = lib.utils.data
    yield raised(data.RandomSampler, []), raised(data.RandomSampler, [], replacement=True), raised(data.DataLoader, [], shuffle=True)
    yield list(data.DataLoader([])), raised(data.DataLoader, [1], num_workers=1, prefetch_factor=-1)
