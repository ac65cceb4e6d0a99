"""A loader's workers are processes in PyTorch and threads here: each draws the same numbers, and sees the same."""

import pytest

from conformance import packages

PROGRAM = '''
import sys

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class Rows(Dataset):
    def __len__(self):
        return 7

    def __getitem__(self, i):
        dropped = torch.nn.functional.dropout(torch.ones(2), 0.5)
        return torch.cat([torch.rand(1) + i, torch.randn(1), dropped]), get_worker_info().id, get_worker_info().seed % 1000003


class Stream(IterableDataset):
    def __init__(self):
        self.start, self.stop = 0, 7

    def __iter__(self):
        for i in range(self.start, self.stop):
            yield torch.rand(1) + i


def part(k):
    """A part of the stream for each worker, larger ones for later workers."""
    info = get_worker_info()
    info.dataset.start, info.dataset.stop = 3 * k, 4 + 4 * k
    assert torch.initial_seed() == info.seed and info.num_workers > k


def flat(batch):
    return torch.cat([torch.as_tensor(x).flatten().double() for x in batch]) if isinstance(batch, (list, tuple)) else batch.flatten().double()


def passes(loader, times=1):
    torch.manual_seed(0)
    for _ in range(times):
        for batch in loader:
            yield flat(batch)
        yield torch.rand(1).double()


LOADERS = {
    "rows": lambda: passes(DataLoader(Rows(), 2, num_workers=2), 2),
    "shuffled": lambda: passes(DataLoader(Rows(), 2, num_workers=3, shuffle=True, generator=torch.Generator().manual_seed(3)), 2),
    "persistent": lambda: passes(DataLoader(Rows(), 2, num_workers=2, persistent_workers=True), 3),
    "single": lambda: passes(DataLoader(Rows(), None, num_workers=2)),
    "stream": lambda: passes(DataLoader(Stream(), 2, num_workers=2), 2),
    "parts": lambda: passes(DataLoader(Stream(), 2, num_workers=2, worker_init_fn=part, drop_last=True)),
    "parts_single": lambda: passes(DataLoader(Stream(), None, num_workers=3, worker_init_fn=part, persistent_workers=True), 2),
}

if __name__ == "__main__":
    np.savez(sys.argv[2], **{f"{i} {sys.argv[1]}": x.numpy() for i, x in enumerate(LOADERS[sys.argv[1]]())})
'''


@pytest.mark.parametrize("name", ["rows", "shuffled", "persistent", "single", "stream", "parts", "parts_single"])
def test_workers_draw_as_pytorchs_do(tmp_path, name):
    programs = tmp_path / "programs.py"
    programs.write_text(PROGRAM)
    found = packages.compared(name, "a loader", programs=programs)
    assert found.verdict == "runs" and found.largest < 1e-6
