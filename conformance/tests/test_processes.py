"""Processes that train one model in shared memory (Hogwild), started by PyTorch and by Lucid."""

import importlib

import pytest


def step(number, name, net, x, y):
    lib = importlib.import_module(name)
    lib.set_num_threads(1)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        lib.nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()


def fail(number, queue):
    queue.put(number)
    raise ValueError("no")


@pytest.mark.parametrize("name", ["torch", "lucid"])
def test_processes_train_one_model(name):
    lib = importlib.import_module(name)
    mp = importlib.import_module(f"{name}.multiprocessing")
    lib.manual_seed(0)
    net, x = lib.nn.Linear(3, 1).share_memory(), lib.randn(32, 3)
    y = x @ lib.tensor([[1.0], [-2.0], [0.5]]) + 3
    mp.spawn(step, (name, net, x, y), nprocs=2)
    assert lib.nn.functional.mse_loss(net(x), y).item() < 1e-3 and net.weight.is_shared() and x.is_shared()
    queue = mp.get_context("spawn").SimpleQueue()
    with pytest.raises(mp.ProcessRaisedException, match="-- Process 0 terminated with the following error:\n(.|\n)*ValueError: no") as info:
        mp.spawn(fail, (queue,))
    assert info.value.error_index == queue.get() == 0
