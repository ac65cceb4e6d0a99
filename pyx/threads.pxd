"""How a kernel uses more than one thread: `parallel_for` splits [0, n) into chunks of `grain` elements and
runs `task(ctx, lo, hi)` on each.

The chunks depend on n and grain alone, never on the number of threads: a reduction that keeps one partial
result per chunk (`lo // grain` is its index) gives the same bits on any machine. Up to one grain of work runs
right here with the GIL held; more releases it.

The pool lives in `threads.pyx`, once per process; kernel modules reach it through a capsule, so each of them
calls `import_threads()` once, at module level.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer

ctypedef void (*task_t)(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil
ctypedef void (*parallel_for_t)(task_t task, void* ctx, Py_ssize_t n, Py_ssize_t grain) noexcept nogil

cdef extern from *:
    """
    typedef void (*lucid_task_t)(void*, Py_ssize_t, Py_ssize_t);
    static void (*lucid_parallel_for)(lucid_task_t, void*, Py_ssize_t, Py_ssize_t) = 0;
    static const unsigned* lucid_num_threads = 0;
    """
    parallel_for_t lucid_parallel_for
    const unsigned* lucid_num_threads

cdef inline int import_threads() except -1:
    global lucid_parallel_for, lucid_num_threads
    from lucid._kernels import threads
    lucid_parallel_for = <parallel_for_t>PyCapsule_GetPointer(threads.parallel_for, "lucid.parallel_for")
    lucid_num_threads = <const unsigned*>PyCapsule_GetPointer(threads.num_threads, "lucid.num_threads")
    return 0

cdef inline Py_ssize_t num_threads() noexcept:
    """How many threads a loop may use, for how finely to cut what costs more in more pieces."""
    return lucid_num_threads[0]

cdef inline void parallel_for(task_t task, void* ctx, Py_ssize_t n, Py_ssize_t grain) noexcept:
    """Run `task` over [0, n) in chunks of `grain`. Call with the GIL held."""
    if n <= grain:
        task(ctx, 0, n)
    else:
        with nogil:
            lucid_parallel_for(task, ctx, n, grain)
