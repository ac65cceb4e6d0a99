"""Several Python threads that use the package at once, each for itself and all reading the same tensors: what comes out is what
one alone gives. On a free-threaded Python nothing but the package's own locks is between them.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import lucid
import lucid.nn.functional as F
from lucid import nn, optim

THREADS = 8


@pytest.fixture(autouse=True)
def many_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work) -> list:
    """What `work(i)` returns for each i, all of them begun at the same time."""
    begin = Barrier(THREADS)

    def begun(i):
        begin.wait()
        return work(i)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begun, range(THREADS)))


def trained(seed: int) -> list:
    """The parameters of a small network after some steps, all its numbers from a generator of its own."""
    generator = lucid.Generator().manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.LeakyReLU(), nn.Flatten(), nn.Linear(256, 3))
    with lucid.no_grad():
        for parameter in network.parameters():
            parameter.copy_(lucid.randn(parameter.shape, generator=generator) / 8)
    optimizer = optim.Adam(network.parameters(), lr=0.01)
    for _ in range(15):
        images = lucid.randn(16, 1, 8, 8, generator=generator)
        optimizer.zero_grad()
        F.cross_entropy(network(images), images.flatten(1)[:, :3].argmax(1)).backward()
        optimizer.step()
    return [parameter.tolist() for parameter in network.parameters()]


def test_networks_trained_at_once_are_those_trained_one_by_one():
    assert together(trained) == [trained(seed) for seed in range(THREADS)]


def test_what_all_read_stays_as_it_is():
    shared = lucid.randn(64, 64, generator=lucid.Generator().manual_seed(0))
    weight = (shared / 8).requires_grad_()

    def answers(_):
        with lucid.no_grad():
            unrecorded = (weight * 2).requires_grad
        (gradient,) = lucid.autograd.grad((shared @ weight).tanh().sum(), weight)
        return (
            unrecorded, gradient.tolist(), shared.sort(0)[0].tolist(), lucid.fft.fft(shared).abs().tolist(), repr(shared[:3, :3].t()),
            lucid.func.vmap(lucid.dot)(shared, shared).tolist(), lucid.linalg.svdvals(shared[:8, :8]).tolist(),
        )  # fmt: skip

    assert together(lambda i: [answers(i) for _ in range(10)]) == [[answers(0)] * 10] * THREADS


def test_one_leaf_gets_the_gradients_of_all():
    leaf = lucid.ones(1000, requires_grad=True)
    for _ in range(20):
        leaf.grad = None
        together(lambda i: [(leaf * (i + 1)).sum().backward() for _ in range(5)])
        assert leaf.grad.tolist() == [5.0 * sum(range(1, THREADS + 1))] * 1000


def test_memory_is_counted_whoever_frees_it():
    lucid.empty_cache()
    before = lucid.memory_stats()["allocated_bytes"]

    def allocate(i):
        for n in range(300):
            kept = [lucid.empty((i + 1) * 4096 + n) for _ in range(3)]
            if n % 50 == i:
                lucid.empty_cache()
        return kept

    held = together(allocate)
    assert lucid.memory_stats()["allocated_bytes"] > before
    del held
    assert lucid.memory_stats()["allocated_bytes"] == before


def test_one_generator_may_be_drawn_from_by_all():
    lucid.manual_seed(0)
    drawn = together(lambda i: [lucid.randn(100) for _ in range(50)])
    assert all(abs(one.mean()) < 1 and one.isfinite().all() for many in drawn for one in many)
