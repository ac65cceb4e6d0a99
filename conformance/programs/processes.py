"""Tensors that go from one process to another."""

from __future__ import annotations

from . import program, raised


def sent(lib, value):
    import importlib
    from multiprocessing.reduction import ForkingPickler

    importlib.import_module(f"{lib.__name__}.multiprocessing")
    return ForkingPickler.loads(ForkingPickler.dumps(value))


@program("Tensor.share_memory_", "Tensor.is_shared", "UntypedStorage.share_memory_", "UntypedStorage.is_shared", "TypedStorage.share_memory_",
         "TypedStorage.is_shared", "nn.Module.share_memory")  # fmt: skip
def what_lies_in_shared_memory(lib):
    x = lib.arange(6.0).view(2, 3)
    view, plain, storage = x[1], x.data, x.untyped_storage()
    yield [one.is_shared() for one in (x, view, plain, storage, storage[4:8])], view.share_memory_() is view
    view[0], storage[0] = 9.0, 1
    yield [one.is_shared() for one in (x, view, plain, x.untyped_storage(), x.t(), x.clone(), x + 1)], x, plain, view, x._version
    yield x.share_memory_() is x, lib.empty(0).share_memory_().is_shared(), lib.ones(2).expand(3, 2).share_memory_().stride()
    made = lib.UntypedStorage(3)
    yield made.is_shared(), made.share_memory_() is made, made.is_shared(), made.clone().is_shared(), lib.UntypedStorage._new_shared(5).nbytes()
    yield lib.FloatStorage(2).share_memory_().is_shared(), raised(lib.ones(2, device="meta").share_memory_)
    net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3))
    net(lib.ones(4, 2)).sum().backward()
    yield net.share_memory() is net, [one.is_shared() for one in net.state_dict().values()], [one.grad.is_shared() for one in net.parameters()]


@program("multiprocessing.reductions", "Tensor.share_memory_")
def what_is_sent_is_shared_by_that(lib):
    x = lib.arange(6).view(2, 3).t()
    found, view, again = sent(lib, [x, x[1], x])
    found[0, 0], view[0] = 7, 8
    yield x, found.stride(), view.storage_offset(), again.data_ptr() == x.data_ptr(), x.is_shared(), found.is_shared()
    leaf = lib.ones(2, requires_grad=True)
    leaf.grad, leaf.note = lib.ones(2), 3
    parameter = sent(lib, lib.nn.Parameter(leaf))
    yield raised(sent, lib, leaf * 2), sent(lib, leaf).requires_grad, sent(lib, leaf).grad, hasattr(sent(lib, leaf), "note"), type(parameter) is lib.nn.Parameter
    yield sent(lib, lib.empty(0, 3)).shape, sent(lib, lib.tensor(1.5, dtype=lib.bfloat16)), sent(lib, x.untyped_storage()).tolist()
    net = lib.nn.Linear(2, 1)
    twin = sent(lib, net)
    with lib.no_grad():
        twin.weight.fill_(2)
    yield net.weight, twin.bias.data_ptr() == net.bias.data_ptr()


@program("multiprocessing.Queue", "multiprocessing.SimpleQueue", "multiprocessing.get_sharing_strategy", "multiprocessing.set_sharing_strategy",
         "multiprocessing.get_all_sharing_strategies")  # fmt: skip
def queues_of_one_process(lib):
    import importlib

    mp = importlib.import_module(f"{lib.__name__}.multiprocessing")
    for queue in (mp.get_context("fork").SimpleQueue(), mp.get_context("spawn").SimpleQueue()):
        x = lib.zeros(3)
        queue.put((x, {"a": x[1:]}))
        found, rest = queue.get()
        found[2] = 4
        yield x, rest["a"], found.data_ptr() == x.data_ptr(), x.is_shared()
    yield mp.get_sharing_strategy(), sorted(mp.get_all_sharing_strategies()), raised(mp.set_sharing_strategy, "other")
