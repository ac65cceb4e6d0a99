"""The thread pool: every chunk runs once and as the contract cuts it, whoever runs it; forks, several callers, exit.

The pool is called through its capsule, with the task a Python function. The kernels whose work is cut in the most ways
(products, convolution, pooling) are held against NumPy, and against themselves on other numbers of threads, as others are.
"""
import ctypes
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from kernel_arrays import flat, make

from lucid._kernels import conv, index, linalg, loss, norm, pool, reduce, sort, threads

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


def products(dtype):
    """(result, truth): small, wide, tall, deep, a batch, a vector, each of which the kernel cuts in its own way."""
    random = np.random.default_rng(0)
    for batch, m, n, k in [(1, 33, 700, 90), (1, 500, 130, 300), (1, 200, 40, 5000), (9, 50, 60, 70), (1, 1, 900, 800)]:
        a = random.standard_normal((batch, m, k)).astype(dtype)
        b = random.standard_normal((batch, k, n)).astype(dtype)
        out = np.full((batch, m, n), np.nan, dtype)
        linalg.bmm(a.ravel(), b.ravel(), out.ravel(), batch, m, n, k, m * k, k, 1, k * n, n, 1, m * n, n)
        yield out, a.astype(float) @ b.astype(float)


CONVOLUTIONS = [  # n, channels in and out, size, kernel, stride, padding
    (3, 24, 20, 30, 3, 1, 1),  # pixels read in the image
    (40, 20, 33, 9, 1, 1, 0),  # pixels gathered from rows that follow each other
    (2, 5, 70, 23, 3, 1, 1),  # gathered from a frame
    (9, 12, 40, 23, 3, 2, 1),  # gathered with a stride; the input gradient is scattered
]


def convolutions(dtype):
    """(result, truth) of the forward and both gradients."""
    random = np.random.default_rng(1)
    for n, c_in, c_out, size, kernel, stride, padding in CONVOLUTIONS:
        many = (size + 2 * padding - kernel) // stride + 1
        padded = np.zeros((n, c_in, size + 2 * padding, size + 2 * padding), dtype)
        inner = padded[:, :, padding : size + padding, padding : size + padding]
        inner[...] = random.standard_normal(inner.shape)
        x = np.ascontiguousarray(inner)
        weight = random.standard_normal((c_out, c_in, kernel, kernel)).astype(dtype)
        g = random.standard_normal((n, c_out, many, many)).astype(dtype)

        forward = np.zeros(g.shape)
        to_x, to_weight = np.zeros(padded.shape), np.zeros(weight.shape)
        reach = stride * (many - 1) + 1
        for i in range(kernel):
            for j in range(kernel):
                at = np.s_[:, :, i : i + reach : stride, j : j + reach : stride]
                seen, tap = padded[at].astype(float), weight[:, :, i, j].astype(float)
                forward += np.einsum("ncyx,oc->noyx", seen, tap)
                to_x[at] += np.einsum("noyx,oc->ncyx", g.astype(float), tap)
                to_weight[:, :, i, j] = np.einsum("noyx,ncyx->oc", g.astype(float), seen)
        to_x = to_x[:, :, padding : size + padding, padding : size + padding]

        sizes = (n, 1, c_in, c_out, (1, size, size), (1, kernel, kernel), (1, stride, stride), (0, padding, padding))
        sizes += ((1, 1, 1), (1, many, many))
        for kernel_of, truth, operands in [
            (conv.conv, forward, (x, weight, None)),
            (conv.conv_backward_input, to_x, (g, weight, None)),
            (conv.conv_backward_weight, to_weight, (g, x)),
        ]:
            out = np.full(truth.shape, np.nan, dtype)
            kernel_of(*(operand if operand is None else operand.ravel() for operand in operands), out.ravel(), *sizes)
            yield out, truth


def pools(dtype):
    """(result, truth) of maximum and average and their gradients: 3 by 3, stride 2."""
    random = np.random.default_rng(2)
    planes, size = 300, 25
    x = random.standard_normal((planes, size, size)).astype(dtype)
    seen = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::2, ::2].reshape(planes, 12, 12, 9)
    best, mean = np.empty((planes, 12, 12), dtype), np.empty((planes, 12, 12), dtype)
    indices = np.empty(best.shape, np.int64)
    sizes = (planes, (1, size, size), (1, 3, 3), (1, 2, 2), (0, 0, 0))
    pool.max_pool(x.ravel(), best.ravel(), indices.ravel(), *sizes, (1, 1, 1), (1, 12, 12))
    pool.avg_pool(x.ravel(), mean.ravel(), *sizes, (1, 12, 12))
    yield best, seen.max(-1)
    yield np.take_along_axis(x.reshape(planes, -1), indices.reshape(planes, -1), 1), best.reshape(planes, -1)
    yield mean, seen.mean(-1, dtype=float)
    g = random.standard_normal(best.shape).astype(dtype)
    to_best, to_mean = np.zeros((planes, size * size)), np.zeros(x.shape)
    for plane in range(planes):
        np.add.at(to_best[plane], indices[plane], g[plane])
    for i in range(3):
        for j in range(3):
            to_mean[:, i : i + 24 : 2, j : j + 24 : 2] += g / 9
    out = np.full(x.shape, np.nan, dtype)
    pool.max_pool_backward(g.ravel(), indices.ravel(), out.ravel(), planes, (1, size, size), (1, 12, 12))
    yield out, to_best.reshape(x.shape)
    out = np.full(x.shape, np.nan, dtype)
    pool.avg_pool_backward(g.ravel(), out.ravel(), *sizes, (1, 12, 12))
    yield out, to_mean


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cases", [products, convolutions, pools])
def test_results_are_right_and_the_same_on_any_number_of_threads(cases, dtype):
    threads.set_num_threads(1)
    expected = list(cases(dtype))
    for out, truth in expected:
        error = np.abs(out - truth).max() / np.abs(truth).max()
        assert error < (2e-6 if dtype == "float32" else 4e-15)
    for number in (2, 3, 7):
        threads.set_num_threads(number)
        for (out, _), (first, _) in zip(cases(dtype), expected, strict=True):
            assert out.tobytes() == first.tobytes()


def test_other_results_do_not_depend_on_the_number_of_threads():
    x, g = make((512, 700), "float32"), make((512, 700), "float32", 1)
    target, where = np.arange(512) % 700, np.random.default_rng(0).integers(0, 512, 512)

    def everything():
        one, columns, rows, full = (np.zeros(n, np.float32) for n in (1, 700, 512, x.size))
        other, position = np.empty(700, np.float32), np.empty(x.size, np.int64)
        reduce.reduce(flat(x), one, 1, x.size, 1, reduce.codes["sum"])
        yield one.tobytes()
        reduce.reduce(flat(x), columns, 1, 512, 700, reduce.codes["sum"])
        yield columns.tobytes()
        reduce.var_mean(flat(x), columns, other, 1, 512, 700)
        yield columns.tobytes() + other.tobytes()
        reduce.dot(flat(x), flat(g), one)
        yield one.tobytes()
        norm.softmax(flat(x), full, 512, 700, 1)
        yield full.tobytes()
        norm.layer_norm_backward_parameters(flat(g), flat(x), rows, rows + 1, columns, other, 512, 700)
        yield columns.tobytes() + other.tobytes()
        norm.batch_norm_statistics(flat(x), columns, other, None, None, 512, 700, 1, 1e-5, 0.1)
        yield columns.tobytes() + other.tobytes()
        sort.sort(flat(x), full, position, 512, 700)
        yield full.tobytes() + position.tobytes()
        full[:] = 0
        index.scatter_reduce(full, where, flat(x), 1, 512, 700, 512, index.codes["add"], False)
        yield full.tobytes()
        loss.cross_entropy(flat(x), target, None, rows, rows.copy(), 512, 700, 1, -100)
        yield rows.tobytes()

    before = threads.get_num_threads()
    try:
        results = []
        for n in (1, 2, 5):
            threads.set_num_threads(n)
            results.append(list(everything()))
    finally:
        threads.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )


def test_the_interpreter_exits_while_workers_wait():
    here = f"import sys; sys.path.append({str(Path(__file__).parent)!r}); from test_threads import *"
    loop = f"{here}; threads.set_num_threads(4); chunks(40, 1, wait=0.001); print('end')"
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
    show = "import lucid; from lucid import _kernels as k; print(k.simd, lucid.backends.cpu.get_cpu_capability(), *k.simd_available)"
    default, _, *available = run(show, LUCID_SIMD="").stdout.split()
    assert default == available[-1]
    assert set(available) <= set(threads.simd_levels())
    for level in available:
        name = {"base": "DEFAULT", "v3": "AVX2", "v4": "AVX512"}[level]
        assert run(show, LUCID_SIMD=level).stdout.split()[:2] == [level, name]
    refused = run(show, LUCID_SIMD="v9")
    assert refused.returncode == 1
    assert f"LUCID_SIMD=v9 is not available here; available: {', '.join(available)}" in refused.stderr
