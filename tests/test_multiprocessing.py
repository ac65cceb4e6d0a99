"""Memory that processes share: tensors that are moved there, sent, changed on both sides, and gone with their processes."""

import copy
import gc
import os
import signal
import threading
import time
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import pytest

import lucid
import lucid.multiprocessing as mp
from lucid import nn
from lucid.multiprocessing import reductions

WAYS = ["fork", "spawn", "forkserver"]
DEVICES = Path("/dev/shm")


def files():
    """What lies in memory under a name, but for the semaphores of queues, and what is of other programs."""
    found = DEVICES.iterdir() if DEVICES.exists() else ()
    return {path.name for path in found if not path.name.startswith(("sem.", "torch_"))}


def mapped():
    """The files of shared memory that this process has mapped."""
    gc.collect()
    return {line.split()[4] for line in Path("/proc/self/maps").read_text().splitlines() if "memfd:lucid" in line}


def sent(value):
    return ForkingPickler.loads(ForkingPickler.dumps(value))


def all_fetched():
    """Whether no descriptor waits any more: one goes a moment after it was fetched."""
    end = time.monotonic() + 10
    while reductions._server.waiting and time.monotonic() < end:
        time.sleep(0.001)
    return not reductions._server.waiting


def change(x, y, queue):
    x.add_(1)
    y[0] = 7
    queue.put((x, [y, y[1:]], lucid.arange(3)))


def double(x):
    return x.mul_(2)


@pytest.mark.parametrize("way", WAYS)
def test_tensors_that_travel_stay_the_same_memory(way):
    before = files()
    context = mp.get_context(way)
    queue, x, y = context.Queue(), lucid.zeros(4, 3).t(), nn.Parameter(lucid.zeros(2)).share_memory_()
    if way == "fork":  # nothing is sent to a process that is forked: it has what its parent had
        x.share_memory_()
    y.requires_grad_(False)
    process = context.Process(target=change, args=(x, y, queue))
    process.start()
    back, (parameter, view), own = queue.get(timeout=60)
    process.join()
    assert process.exitcode == 0 and x.is_shared()
    assert x.tolist() == back.tolist() == [[1.0] * 4] * 3 and back.stride() == (1, 3)
    assert back.data_ptr() == x.data_ptr() and parameter.data_ptr() == y.data_ptr() and type(parameter) is nn.Parameter
    assert y.tolist() == [7.0, 0.0] and own.tolist() == [0, 1, 2]
    view.fill_(5)
    assert y.tolist() == [7.0, 5.0]
    with context.Pool(2) as pool:
        z = lucid.ones(2)
        assert [one.tolist() for one in pool.map(double, [z, lucid.ones(1)])] == [[2.0, 2.0], [2.0]] and z.tolist() == [2.0, 2.0]
    assert files() == before


def put_and_end(queue, many):
    for k in range(many):
        queue.put(lucid.full((3,), k))


@pytest.mark.parametrize("way", WAYS)
def test_what_a_process_sent_arrives_though_it_wants_to_end(way):
    context = mp.get_context(way)
    queue = context.Queue()
    process = context.Process(target=put_and_end, args=(queue, 5))
    process.start()
    time.sleep(0.3)
    assert [queue.get(timeout=60).tolist() for _ in range(5)] == [[k] * 3 for k in range(5)]
    process.join()


def put_and_be_killed(queue, told):
    queue.put(lucid.ones(3).share_memory_())
    told.wait()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_leaves_nothing_and_is_told_of():
    before, mine = files(), mapped()
    context = mp.get_context("fork")
    queue, told = context.Queue(), context.Event()
    process = context.Process(target=put_and_be_killed, args=(queue, told))
    process.start()
    while queue.empty():
        time.sleep(0.01)
    told.set()
    process.join()
    with pytest.raises(RuntimeError, match="Let the sender live until"):
        queue.get()
    assert files() == before and mapped() == mine


def test_memory_ends_with_its_last_tensor():
    before = mapped()
    x = lucid.ones(1000).share_memory_()
    view = x[3:]
    twice = sent([x, view, x])
    assert len(mapped() - before) == 1 and twice[0].data_ptr() == x.data_ptr() and twice[1].data_ptr() == view.data_ptr()
    del x, twice
    assert len(mapped() - before) == 1 and view.tolist() == [1.0] * 997
    del view
    assert mapped() == before


def test_all_that_lies_in_memory_moves_with_it():
    x = lucid.arange(6.0).view(2, 3)
    view, plain, cut, storage = x[1], x.data, x.view(lucid.int32).detach(), x.untyped_storage()
    part = storage[4:8]
    kept = x.numpy()
    assert not x.is_shared() and view.share_memory_() is view
    assert all(one.is_shared() for one in (x, view, plain, cut, storage, part))
    view[0] = 9.0
    storage[0:4] = 0
    assert x.tolist() == [[0.0, 1.0, 2.0], [9.0, 4.0, 5.0]] == plain.tolist() and storage.data_ptr() == x.data_ptr()
    part.fill_(0)
    assert x[0, 1] == 0 and cut[0].tolist() == [0, 0, cut[0, 2]] and kept[1, 0] == 3 and x._version == 1
    assert x.share_memory_().data_ptr() == plain.data_ptr() and x[:, 1:].is_shared() and not x.clone().is_shared()
    assert copy.deepcopy(cut).dtype is lucid.int32 and not copy.deepcopy(view).is_shared()


def test_others_that_do_not_show_their_memory_are_looked_at():
    lazy, meta = nn.LazyLinear(3), lucid.ones(2, device="meta")
    x = lucid.ones(3)
    view = x[1:]
    assert x.share_memory_() is x and view.is_shared() and lazy.weight.is_leaf and meta.is_meta
    with pytest.raises(RuntimeError, match="no memory to share"):
        meta.share_memory_()


@pytest.mark.parametrize("dtype", ["bfloat16", "complex64", "bool", "uint8", "float64"])
def test_every_dtype_and_shape_travels(dtype):
    x = lucid.ones(2, 3).to(getattr(lucid, dtype))
    for one in (x.t(), x[1], x[0, 2], x.expand(2, 2, 3), x[:0], lucid.empty(0, 3, dtype=x.dtype)):
        found = sent(one)
        assert found.dtype is one.dtype and found.tolist() == one.tolist() and found.stride() == one.stride() and found.is_shared() and one.is_shared()


def test_storages_travel():
    x = lucid.arange(4, dtype=lucid.int16)
    storage = sent(x.untyped_storage())
    storage[0] = 5
    typed = sent(x.storage())
    typed[3] = 8
    part = sent(x.untyped_storage()[2:4])
    assert x.tolist() == [5, 1, 2, 8] and part.tolist() == [1, 0] and typed.dtype is lucid.int16
    made = lucid.UntypedStorage(3)
    assert not made.is_shared() and made.share_memory_() is made and made.is_shared() and not made.clone().is_shared()
    assert lucid.UntypedStorage._new_shared(5).is_shared() and len(lucid.FloatStorage(2)._new_shared(5)) == 5
    assert lucid.FloatStorage(3).share_memory_().is_shared()


def test_what_does_not_travel():
    x = lucid.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        sent(x * 2)
    x.grad, x.note = lucid.ones(2), 3
    found = sent(x)
    assert found.requires_grad and found.grad is None and not hasattr(found, "note")
    assert sent((x * 2).detach()).tolist() == [2.0, 2.0]


def test_modules_are_shared_with_their_gradients_and_buffers():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    net(lucid.ones(4, 2)).sum().backward()
    assert net.share_memory() is net and all(one.is_shared() for one in net.state_dict().values())
    assert all(one.grad.is_shared() for one in net.parameters())
    twin = sent(net)
    with lucid.no_grad():
        twin[0].weight.fill_(2.0)
    twin[1].running_mean.fill_(4.0)
    assert net[0].weight.tolist() == [[2.0, 2.0]] * 3 and net[1].running_mean.tolist() == [4.0] * 3


def read(tensors, queue):
    queue.put(sum(float(one[0]) for one in tensors))


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_more_tensors_than_files_may_be_open(way):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 4096:
        pytest.skip("the system permits too few open files")
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        tensors = [lucid.ones(1).share_memory_() for _ in range(400)]
        context = mp.get_context(way)
        queue = context.SimpleQueue()
        process = context.Process(target=read, args=(tensors, queue))
        process.start()
        assert queue.get() == 400
        process.join()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def step(number, net, x, y, steps):
    lucid.set_num_threads(1)
    optimizer = lucid.optim.SGD(net.parameters(), lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()


def test_processes_train_one_model():
    lucid.manual_seed(0)
    net, x = nn.Linear(3, 1).share_memory(), lucid.randn(32, 3)
    y = x @ lucid.tensor([[1.0], [-2.0], [0.5]]) + 3
    mp.spawn(step, (net, x, y, 200), nprocs=2)
    assert nn.functional.mse_loss(net(x), y) < 1e-3 and x.is_shared()


def fail(number, how):
    if number:
        time.sleep(60)
    elif how == "raise":
        raise ValueError("ü" * 100_000 + "at the end")
    elif how == "exit":
        os._exit(3)
    else:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("how, error, says", [
    ("raise", mp.ProcessRaisedException, "-- Process 0 terminated with the following error"),
    ("exit", mp.ProcessExitedException, "process 0 terminated with exit code 3"),
    ("kill", mp.ProcessExitedException, "process 0 terminated with signal SIGTERM"),
])  # fmt: skip
def test_processes_end_together(how, error, says):
    started = mp.start_processes(fail, (how,), nprocs=2, join=False, start_method="fork")
    assert started.pids() == [process.pid for process in started.processes]
    with pytest.raises(error, match=says) as info:
        while not started.join(grace_period=0.1):
            pass
    assert info.value.error_index == 0 and info.value.pid == started.pids()[0] and not any(process.is_alive() for process in started.processes)
    again = ForkingPickler.loads(ForkingPickler.dumps(info.value))
    assert type(again) is error and str(again) == str(info.value)
    if how == "raise":
        assert str(again).endswith("at the end\n")
    else:
        assert (again.exit_code, again.signal_name) == {"exit": (3, None), "kill": (-signal.SIGTERM, "SIGTERM")}[how]


def test_waiting_may_end_before_the_processes_do():
    started = mp.start_processes(pause, nprocs=2, join=False, start_method="fork")
    assert not started.join(timeout=0)
    while not started.join():
        pass
    assert started.join() and [process.exitcode for process in started.processes] == [0, 0]


def pause(number):
    time.sleep(0.1)


def test_another_way_than_spawn_is_warned_of():
    with pytest.warns(FutureWarning, match="start_processes"):
        assert mp.spawn(time.sleep, nprocs=1, start_method="fork") is None


def test_strategies_have_pytorchs_names():
    assert mp.get_sharing_strategy() == "file_descriptor" and mp.get_all_sharing_strategies() == {"file_descriptor", "file_system"}
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() == "file_system" and sent(lucid.ones(1)).is_shared()
    mp.set_sharing_strategy("file_descriptor")
    with pytest.raises(AssertionError, match="invalid sharing strategy 'other'"):
        mp.set_sharing_strategy("other")


def test_an_offer_that_nobody_can_take_twice_is_an_error():
    pickled = bytes(ForkingPickler.dumps(lucid.ones(2)))
    first = ForkingPickler.loads(pickled)
    with pytest.raises(RuntimeError, match="cannot be received"):
        ForkingPickler.loads(pickled)
    assert first.tolist() == [1.0, 1.0] and sent(first).data_ptr() == first.data_ptr()


def test_threads_may_send_at_once():
    found = []
    threads = [threading.Thread(target=lambda k=k: found.append(sent(lucid.full((2,), k)).tolist())) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [[k, k] for k in range(8)] and all_fetched()


def test_queues_and_pools_are_found_in_pytorchs_modules():
    from lucid.multiprocessing.pool import Pool
    from lucid.multiprocessing.queue import SimpleQueue

    context, x = mp.get_context("fork"), lucid.zeros(2)
    queue = SimpleQueue(ctx=context)
    queue.put(x)
    queue.get().fill_(3.0)
    with Pool(1, context=context) as pool:
        assert pool.map(double, [x])[0].tolist() == [6.0, 6.0] == x.tolist()
