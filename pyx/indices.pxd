"""Checking many indices at once, and how `core` has them joined."""
from libc.stdint cimport int64_t, uint64_t


cdef inline bint beyond(const int64_t* index, Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """Whether an index is outside [0, size): asked of the signs, which every level of SIMD can."""
    cdef uint64_t signs = 0
    cdef Py_ssize_t i
    for i in range(n):
        signs |= <uint64_t>index[i] | (<uint64_t>(size - 1) - <uint64_t>index[i])
    return <int64_t>signs < 0


# What `join_index` does for n indices: (index, out, n, size, whether there are more before)
ctypedef Py_ssize_t (*join_t)(const int64_t*, int64_t*, Py_ssize_t, Py_ssize_t, bint) noexcept nogil
