"""Datasets and loaders: order, threads, errors. Their stream is judged against PyTorch in conformance/programs/data.py."""

import threading
import time

import pytest

import lucid
from lucid.utils.data import DataLoader, Dataset, TensorDataset, get_worker_info, random_split

ROWS = TensorDataset(lucid.arange(20.0).reshape(10, 2), lucid.arange(10))


def labels(loader):
    return [y.tolist() for _, y in loader]


def test_threads_load_the_same_batches_in_the_same_order():
    for options in ({"batch_size": 3}, {"batch_size": 3, "shuffle": True}, {"batch_size": None}):
        lucid.manual_seed(0)
        alone = labels(DataLoader(ROWS, **options))
        lucid.manual_seed(0)
        assert labels(DataLoader(ROWS, num_workers=3, **options)) == alone


def test_threads_load_ahead_and_no_further():
    class Slow(Dataset):
        seen = []

        def __len__(self):
            return 100

        def __getitem__(self, i):
            self.seen.append((i, threading.current_thread() is threading.main_thread()))
            return i

    batches = iter(DataLoader(Slow(), batch_size=1, num_workers=2, prefetch_factor=2))
    next(batches)
    time.sleep(0.05)
    assert 1 <= len(Slow.seen) <= 6 and not any(main for _, main in Slow.seen)
    batches.close()


def test_an_error_of_the_dataset_reaches_the_caller():
    class Broken(Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            if i == 2:
                raise KeyError("sample 2")
            return i

    for workers in (0, 2):
        with pytest.raises(KeyError, match="sample 2"):
            list(DataLoader(Broken(), num_workers=workers))


def test_each_worker_has_a_stream_of_its_own():
    class Drawn(Dataset):
        def __len__(self):
            return 9

        def __getitem__(self, i):
            time.sleep(0.002 * (i % 3))  # whichever worker comes first
            info = get_worker_info()
            return lucid.rand(1).item(), info.id, lucid.initial_seed() - info.seed

    def drawn(**options):
        lucid.manual_seed(5)
        found = [(x.item(), k.item(), off.item()) for x, k, off in DataLoader(Drawn(), num_workers=3, **options)]
        return found, lucid.rand(1).item()

    found, after = drawn()
    assert drawn() == (found, after) and [(k, off) for _, k, off in found] == [(i % 3, 0) for i in range(9)]
    lucid.manual_seed(5)
    seed = lucid.empty((), dtype=lucid.int64).random_().item()
    assert lucid.rand(1).item() == after  # a worker's draws are not the caller's
    assert found[1][0] == lucid.rand(1, generator=lucid.Generator().manual_seed(seed + 1)).item() and get_worker_info() is None


def test_what_starts_a_worker_may_fail():
    def begin(k):
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"):
        list(DataLoader(ROWS, num_workers=2, worker_init_fn=begin))


def test_a_pass_may_be_left_before_its_end():
    loader = DataLoader(ROWS, batch_size=2, num_workers=2, persistent_workers=True)
    iter(loader)  # not even begun
    next(iter(loader))
    assert len(list(loader)) == 5 and sorted(sum(labels(loader), [])) == list(range(10))


def test_a_network_is_trained_from_a_loader():
    lucid.manual_seed(0)
    x = lucid.randn(256, 2)
    train, rest = random_split(TensorDataset(x, (x.sum(1) > 0).long()), [0.75, 0.25])
    net = lucid.nn.Linear(2, 2)
    optimizer = lucid.optim.SGD(net.parameters(), lr=1.0)
    for _ in range(20):
        for batch, label in DataLoader(train, batch_size=8, shuffle=True):
            optimizer.zero_grad()
            lucid.nn.functional.cross_entropy(net(batch), label).backward()
            optimizer.step()
    batch, label = next(iter(DataLoader(rest, batch_size=len(rest))))
    assert (net(batch).argmax(1) == label).float().mean().item() > 0.9
