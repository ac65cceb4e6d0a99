"""Weighted taps: each result is the sum of a few elements along an axis, by a table of places and weights.

Interpolation along one axis has one table for all rows, sampling at the points of a grid one for each image. A place
that is out of range counts as nothing.

The three kernels are closed under differentiation: `taps` is linear in x and in the weights, `taps_input` and
`taps_weight` are its gradients. Work is divided by what is written: planes and columns, or points, so that sums go in
the order of the table whatever the number of threads.
"""
from libc.stdint cimport int64_t, uint64_t

from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    BLOCK = 256          # columns of one unit of work of `taps_input`, points of one of `taps_weight`
    GRAIN = 16384        # products a thread takes at a time

cdef struct Taps:
    const void* x
    const void* g
    const void* weight
    const int64_t* index
    void* out
    Py_ssize_t planes    # that share a table
    Py_ssize_t axis
    Py_ssize_t inner
    Py_ssize_t m
    Py_ssize_t taps
    Py_ssize_t blocks


cdef void taps_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Rows lo to hi of (outer * m, inner)."""
    c = <const Taps*>ctx
    cdef Py_ssize_t row, o, k, t, i, entry, inner = c.inner, taps = c.taps
    cdef const floating* x
    cdef const floating* weight = <const floating*>c.weight
    cdef floating* out = <floating*>c.out + lo * inner
    cdef floating w, total
    cdef uint64_t at
    for row in range(lo, hi):
        o, k = row // c.m, row % c.m
        x = <const floating*>c.x + o * c.axis * inner
        entry = (o // c.planes * c.m + k) * taps
        if inner == 1:
            total = 0
            for t in range(taps):
                at = <uint64_t>c.index[entry + t]
                if at < <uint64_t>c.axis:
                    total += weight[entry + t] * x[<Py_ssize_t>at]
            out[0] = total
        else:
            for i in range(inner):
                out[i] = 0
            for t in range(taps):
                at = <uint64_t>c.index[entry + t]
                if at < <uint64_t>c.axis:
                    w = weight[entry + t]
                    for i in range(inner):
                        out[i] += w * x[<Py_ssize_t>at * inner + i]
        out += inner


cdef void taps_input_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (plane, block of columns) of (outer, axis, inner)."""
    c = <const Taps*>ctx
    cdef Py_ssize_t unit, o, k, t, i, entry, column, width, inner = c.inner, taps = c.taps
    cdef const floating* g
    cdef const floating* weight = <const floating*>c.weight
    cdef floating* out
    cdef floating w
    cdef uint64_t at
    for unit in range(lo, hi):
        o, column = unit // c.blocks, unit % c.blocks * BLOCK
        width = min(<Py_ssize_t>BLOCK, inner - column)
        out = <floating*>c.out + o * c.axis * inner + column
        g = <const floating*>c.g + o * c.m * inner + column
        for k in range(c.axis):
            for i in range(width):
                out[k * inner + i] = 0
        entry = o // c.planes * c.m * taps
        for k in range(c.m):
            for t in range(taps):
                at = <uint64_t>c.index[entry]
                if at < <uint64_t>c.axis:
                    w = weight[entry]
                    for i in range(width):
                        out[<Py_ssize_t>at * inner + i] += w * g[i]
                entry += 1
            g += inner


cdef void taps_weight_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (table, block of points) of (tables, m, taps)."""
    c = <const Taps*>ctx
    cdef Py_ssize_t unit, table, plane, o, k, t, i, first, last, inner = c.inner, taps = c.taps
    cdef const floating* x
    cdef const floating* g
    cdef const int64_t* index
    cdef floating* out
    cdef floating total
    cdef uint64_t at
    for unit in range(lo, hi):
        table, first = unit // c.blocks, unit % c.blocks * BLOCK
        last = min(first + BLOCK, c.m)
        index = c.index + table * c.m * taps
        out = <floating*>c.out + table * c.m * taps
        for k in range(first * taps, last * taps):
            out[k] = 0
        for plane in range(c.planes):
            o = table * c.planes + plane
            x = <const floating*>c.x + o * c.axis * inner
            g = <const floating*>c.g + o * c.m * inner
            for k in range(first, last):
                for t in range(taps):
                    at = <uint64_t>index[k * taps + t]
                    if at < <uint64_t>c.axis:
                        total = 0
                        for i in range(inner):
                            total += x[<Py_ssize_t>at * inner + i] * g[k * inner + i]
                        out[k * taps + t] += total


cdef int describe(Taps* call, tuple sizes, Py_ssize_t x, Py_ssize_t index, Py_ssize_t weight, Py_ssize_t g) except -1:
    """Fill in the sizes, and see that the buffers are as long as they say."""
    cdef Py_ssize_t tables, entries
    tables, call.planes, call.axis, call.inner, call.m, call.taps = sizes
    if min(tables, call.planes, call.axis, call.inner, call.m, call.taps) < 1:
        raise ValueError("a size is not positive")
    entries = tables * call.m * call.taps
    if (index < entries or weight < entries or x < tables * call.planes * call.axis * call.inner
            or g < tables * call.planes * call.m * call.inner):
        raise ValueError("a buffer is shorter than its sizes say")
    return 0


def taps(const floating[::1] x, const int64_t[::1] index, const floating[::1] weight, floating[::1] out, tuple sizes, /):
    cdef Taps call
    describe(&call, sizes, x.shape[0], index.shape[0], weight.shape[0], out.shape[0])
    call.x, call.index, call.weight, call.out = &x[0], &index[0], &weight[0], &out[0]
    cdef Py_ssize_t rows = <Py_ssize_t>sizes[0] * call.planes * call.m
    parallel_for(<task_t>taps_task[floating], &call, rows, max(<Py_ssize_t>1, GRAIN // (call.inner * call.taps)))


def taps_input(const floating[::1] g, const int64_t[::1] index, const floating[::1] weight, floating[::1] out,
               tuple sizes, /):
    cdef Taps call
    describe(&call, sizes, out.shape[0], index.shape[0], weight.shape[0], g.shape[0])
    call.g, call.index, call.weight, call.out = &g[0], &index[0], &weight[0], &out[0]
    call.blocks = (call.inner + BLOCK - 1) // BLOCK
    cdef Py_ssize_t units = <Py_ssize_t>sizes[0] * call.planes * call.blocks
    cdef Py_ssize_t work = (call.m * call.taps + call.axis) * min(call.inner, <Py_ssize_t>BLOCK)
    parallel_for(<task_t>taps_input_task[floating], &call, units, max(<Py_ssize_t>1, GRAIN // work))


def taps_weight(const floating[::1] g, const floating[::1] x, const int64_t[::1] index, floating[::1] out, tuple sizes, /):
    cdef Taps call
    describe(&call, sizes, x.shape[0], index.shape[0], out.shape[0], g.shape[0])
    call.g, call.x, call.index, call.out = &g[0], &x[0], &index[0], &out[0]
    call.blocks = (call.m + BLOCK - 1) // BLOCK
    cdef Py_ssize_t units = <Py_ssize_t>sizes[0] * call.blocks
    cdef Py_ssize_t work = min(call.m, <Py_ssize_t>BLOCK) * call.taps * call.planes * call.inner
    parallel_for(<task_t>taps_weight_task[floating], &call, units, max(<Py_ssize_t>1, GRAIN // work))
