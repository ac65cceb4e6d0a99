"""The thread pool: every chunk runs once and as the contract cuts it, whoever runs it; forks, several callers, exit.

The pool is called through its capsule, with the task a Python function.
"""
import ctypes
import os
import subprocess
import sys
import threading
import time

import pytest

from lucid._kernels import threads

TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t)
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
_parallel_for = ctypes.CFUNCTYPE(None, TASK, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t)(
    _pointer(threads.parallel_for, b"lucid.parallel_for")
)


def chunks(n, grain, wait=0.0, body=None):
    """Run a parallel loop; return its chunks in the order they ended, and the threads that ran them."""
    ran, by = [], set()

    def task(ctx, lo, hi):
        if wait:
            time.sleep(wait)
        if body:
            body(lo, hi)
        ran.append((lo, hi))
        by.add(threading.get_native_id())

    _parallel_for(TASK(task), None, n, grain)
    return ran, by


def cut(n, grain):
    return [(lo, min(lo + grain, n)) for lo in range(0, n, grain)]


@pytest.fixture(autouse=True)
def restore():
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)


@pytest.mark.parametrize("number", [1, 2, 3, 7])
@pytest.mark.parametrize(("n", "grain"), [(1, 1), (2, 1), (7, 3), (64, 8), (100, 7), (5, 10), (1000, 1)])
def test_every_chunk_runs_once(number, n, grain):
    threads.set_num_threads(number)
    for _ in range(5):
        assert sorted(chunks(n, grain)[0]) == cut(n, grain)


def test_more_chunks_than_claims():
    threads.set_num_threads(3)
    n = 200_001
    assert sorted(chunks(n, 2)[0]) == cut(n, 2)


def test_work_is_shared_between_the_wanted_number_of_threads():
    for number in (1, 2, 4):
        threads.set_num_threads(number)
        time.sleep(0.3)  # let a bout of serial running end that a busy machine may have brought about
        seen = max((chunks(16, 1, wait=0.01)[1] for _ in range(3)), key=len)
        assert len(seen) == number


def test_lower_and_raise_again():
    for number in (4, 1, 3, 2, 5) * 3:
        threads.set_num_threads(number)
        assert threads.get_num_threads() == number
        assert sorted(chunks(20, 1)[0]) == cut(20, 1)


def test_a_loop_inside_a_loop():
    threads.set_num_threads(3)
    inner = []
    ran, _ = chunks(6, 1, body=lambda lo, hi: inner.append(sorted(chunks(5, 2)[0])))
    assert sorted(ran) == cut(6, 1)
    assert inner == [cut(5, 2)] * 6


def test_several_callers():
    threads.set_num_threads(3)
    wrong = []

    def call(n):
        for _ in range(30):
            if sorted(chunks(n, 3)[0]) != cut(n, 3):
                wrong.append(n)

    callers = [threading.Thread(target=call, args=(20 + i,)) for i in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_pool_of_its_own():
    threads.set_num_threads(3)
    chunks(20, 1)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            time.sleep(0.01)
            good = all(sorted(chunks(20, 1)[0]) == cut(20, 1) for _ in range(20))
            shared = max(len(chunks(16, 1, wait=0.01)[1]) for _ in range(3)) > 1
            status = 0 if good and shared else 2
        finally:
            os._exit(status)
    deadline = time.monotonic() + 30
    while (done := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if done == (0, 0):
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        pytest.fail("the forked child hangs")
    assert os.waitstatus_to_exitcode(done[1]) == 0
    assert sorted(chunks(20, 1)[0]) == cut(20, 1)


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )


def test_the_interpreter_exits_while_workers_wait():
    loop = "from tests.test_threads import *; threads.set_num_threads(4); chunks(40, 1, wait=0.001); print('end')"
    done = run(loop)
    assert (done.returncode, done.stdout.strip()) == (0, "end"), done.stderr


def test_number_of_threads_from_the_environment():
    show = "from lucid._kernels import threads; print(threads.get_num_threads())"
    assert run(show, LUCID_NUM_THREADS="3", OMP_NUM_THREADS="5").stdout.strip() == "3"
    assert run(show, LUCID_NUM_THREADS="", OMP_NUM_THREADS="5,2").stdout.strip() == "5"
    refused = run(show, LUCID_NUM_THREADS="many")
    assert refused.returncode == 1 and "LUCID_NUM_THREADS must be a positive integer, found 'many'" in refused.stderr
    if hasattr(os, "sched_getaffinity"):
        free = run(show, LUCID_NUM_THREADS="", OMP_NUM_THREADS="").stdout.strip()
        assert int(free) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", True, None])
def test_refused_numbers_of_threads(n):
    before = threads.get_num_threads()
    with pytest.raises(RuntimeError, match="set_num_threads expects"):
        threads.set_num_threads(n)
    assert threads.get_num_threads() == before


def test_simd_level_from_the_environment():
    show = "from lucid import _kernels; print(_kernels.simd, *_kernels.simd_available)"
    default, *available = run(show, LUCID_SIMD="").stdout.split()
    assert default == available[-1]
    assert set(available) <= set(threads.simd_levels())
    for level in available:
        assert run(show, LUCID_SIMD=level).stdout.split()[0] == level
    refused = run(show, LUCID_SIMD="v9")
    assert refused.returncode == 1
    assert f"LUCID_SIMD=v9 is not available here; available: {', '.join(available)}" in refused.stderr
