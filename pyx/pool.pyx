"""Pooling in up to three dimensions: maximum (with indices) and average, fixed and adaptive windows, and the gradients.

Design
------
(a) A window is a place where it starts and a count of elements, one of each per dimension and output position: tables
    that are computed once per call. Stride, padding, dilation, ceil mode and adaptive sizes are nothing else.
(b) A row of results is worked on at once: for each element of the window, one loop over the row, which the compiler
    vectorises. Adaptive windows differ along the row, and short rows are not worth it: there each result has its own
    loop.
(c) A task owns whole planes (one channel of one image), so that gradients of overlapping windows add up without locks.
"""
from libc.math cimport INFINITY
from libc.stdint cimport INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN, int8_t, int16_t, int32_t, int64_t
from libc.stdlib cimport free, malloc

from threads cimport import_threads, parallel_for, task_t
from types cimport floating, real

import_threads()

cdef enum:
    STRIP = 512                 # results of a row worked on at once
    SHORT = 4                   # results of a row that are not
    LANES = 16                  # loops run on to a multiple of this where the memory behind is there to be read
    WIDE = 16                   # elements of a window's row that are a loop worth having
    GRAIN = 16384               # window elements in a chunk at least

# int64 averages divide as PyTorch's do, towards zero.
ctypedef fused averaged:
    float
    double
    int64_t

cdef struct pool_t:
    const void* x
    Py_ssize_t x_length
    const int64_t* taken
    void* out
    int64_t* indices
    Py_ssize_t[3] size, out_size
    Py_ssize_t* start[3]        # first element of a window that is inside, per dimension and position
    Py_ssize_t* count[3]        # elements that are inside
    Py_ssize_t* extent[3]       # elements that an average counts
    Py_ssize_t[3] dilation
    Py_ssize_t kernel, stride, padding      # of the last dimension; kernel 0: each result goes through its own window
    Py_ssize_t* first           # the results of a row, from `first` to before `last`, for which an element of the
    Py_ssize_t* last            # window's row is inside, per element
    Py_ssize_t divisor


cdef int describe(pool_t* call, Py_ssize_t planes, tuple size, tuple out_size, Py_ssize_t kernel,
                  Py_ssize_t x_length, Py_ssize_t out_length) except -1:
    """Fill in the sizes, see that the buffers are as long as they say, and allocate the tables."""
    cdef Py_ssize_t x_plane = 1, out_plane = 1, total = 0, i
    cdef Py_ssize_t* table
    call.indices, call.taken, call.divisor = NULL, NULL, 0
    for i in range(3):
        call.size[i], call.out_size[i] = size[i], out_size[i]
        if min(call.size[i], call.out_size[i]) < 1:
            raise ValueError("a size is not positive")
        x_plane *= call.size[i]
        out_plane *= call.out_size[i]
        total += call.out_size[i]
    if planes < 1 or x_length < planes * x_plane or out_length < planes * out_plane or x_plane > 0x7FFFFFFF:
        raise ValueError("a buffer is shorter than its sizes say, or a plane is too large")
    if kernel < 0 or kernel >= WIDE or call.out_size[2] <= SHORT:
        kernel = 0
    call.kernel = kernel
    table = <Py_ssize_t*>malloc((3 * total + 2 * kernel) * sizeof(Py_ssize_t))
    if table == NULL:
        raise MemoryError("no memory for pooling")
    for i in range(3):
        call.start[i] = table
        call.count[i] = table + call.out_size[i]
        call.extent[i] = table + 2 * call.out_size[i]
        table += 3 * call.out_size[i]
    call.first, call.last = table, table + kernel
    return 0


cdef void elements_inside(pool_t* call) noexcept:
    cdef Py_ssize_t i, o, at
    for i in range(call.kernel):
        call.first[i], call.last[i] = call.out_size[2], 0
        for o in range(call.out_size[2]):
            at = o * call.stride - call.padding + i * call.dilation[2]
            if 0 <= at < call.size[2]:
                call.first[i] = min(call.first[i], o)
                call.last[i] = o + 1


cdef int fixed_windows(pool_t* call, tuple kernel, tuple stride, tuple padding, tuple dilation,
                       bint count_include_pad) except -1:
    cdef Py_ssize_t i, o, k, s, p, d, start
    for i in range(3):
        k, s, p, d = kernel[i], stride[i], padding[i], dilation[i]
        if min(k, s, d) < 1 or p < 0:
            raise ValueError("a kernel size, stride, padding or dilation is out of range")
        for o in range(call.out_size[i]):
            start = o * s - p
            call.extent[i][o] = min(start + k, call.size[i] + p) - start
            call.count[i][o] = k
            if start < 0:
                call.count[i][o] -= (-start + d - 1) // d
                start += (-start + d - 1) // d * d
            call.count[i][o] = max(<Py_ssize_t>0, min(call.count[i][o], (call.size[i] - start + d - 1) // d))
            call.start[i][o] = start
            if not count_include_pad:
                call.extent[i][o] = call.count[i][o]
            call.extent[i][o] = max(<Py_ssize_t>1, call.extent[i][o])  # a window of nothing has average 0
        call.dilation[i] = d
    call.stride, call.padding = s, p
    elements_inside(call)
    return 0


cdef inline Py_ssize_t equal_windows(Py_ssize_t size, Py_ssize_t out_size) noexcept:
    """The length of adaptive windows, if all are as long as they are apart; otherwise 0."""
    return size // out_size if out_size > 0 and size % out_size == 0 else 0


cdef void adaptive_windows(pool_t* call) noexcept:
    cdef Py_ssize_t i, o, n, m
    for i in range(3):
        n, m = call.size[i], call.out_size[i]
        for o in range(m):
            call.start[i][o] = o * n // m
            call.count[i][o] = call.extent[i][o] = ((o + 1) * n + m - 1) // m - o * n // m
        call.dilation[i] = 1
    call.stride, call.padding = n // m, 0   # used only if all windows are as long as they are apart
    elements_inside(call)


cdef Py_ssize_t grain(const pool_t* call) noexcept:
    """Planes of a chunk."""
    cdef Py_ssize_t work = 1, i, o, each
    for i in range(3):
        each = 0
        for o in range(call.out_size[i]):
            each += call.count[i][o] + 1
        work *= each
    return max(<Py_ssize_t>1, GRAIN // work)


cdef inline real lowest(const real* _type) noexcept nogil:
    if real is float or real is double:
        return -INFINITY
    elif real is int8_t:
        return INT8_MIN
    elif real is int16_t:
        return INT16_MIN
    elif real is int32_t:
        return INT32_MIN
    elif real is int64_t:
        return INT64_MIN
    else:
        return 0


ctypedef fused position:
    int8_t
    int32_t
    int64_t


cdef inline void compete(real value, position index, real* best, position* where) noexcept nogil:
    """Let a value replace the best one: the last NaN does, or the first maximum. Where places are bytes, nobody wants them."""
    cdef bint wins = (value > best[0]) | (value != value)
    best[0] = value if wins else best[0]
    if position is not int8_t:
        where[0] = index if wins else where[0]


cdef inline void row_maximum(const real* x, Py_ssize_t step, position index, Py_ssize_t n, real* best,
                             position* where) noexcept nogil:
    """Let x[i * step], at `index + i * step`, compete with each best."""
    cdef Py_ssize_t i
    for i in range(n):
        compete(x[i * step], index + <position>(i * step), best + i, where + i)


cdef inline void pair_maximum(const real* x, position index, Py_ssize_t n, real* best, position* where) noexcept nogil:
    """The same for x[2 * i] and x[2 * i + 1]: read together they are whole vectors."""
    cdef Py_ssize_t i
    for i in range(n):
        compete(x[2 * i], index + <position>(2 * i), best + i, where + i)
        compete(x[2 * i + 1], index + <position>(2 * i + 1), best + i, where + i)


cdef inline void window_maximum(const real* x, Py_ssize_t step, position index, Py_ssize_t n, real* best,
                                position* where) noexcept nogil:
    """The same for all elements x[i * step], at `index + i * step`, of one window's row."""
    cdef Py_ssize_t i
    cdef real value, highest = best[0]
    for i in range(n):
        value = x[i * step]
        if value > highest or value != value:
            highest = value
            where[0] = index + <position>(i * step)
    best[0] = highest


cdef inline Py_ssize_t rounded(Py_ssize_t n, Py_ssize_t most) noexcept nogil:
    """n as a multiple of LANES if that is not more than `most`."""
    cdef Py_ssize_t full = (n + LANES - 1) // LANES * LANES
    return full if full <= most else n


cdef inline void max_rows(const pool_t* call, const real* x, Py_ssize_t start, Py_ssize_t ox, Py_ssize_t n, real* best,
                          position* where, Py_ssize_t left) noexcept nogil:
    """Let the input row at `start` of plane x compete; from there to the end of the buffer are `left` elements."""
    cdef Py_ssize_t i = 0, lo, hi, at
    if not call.kernel:
        for i in range(n):
            at = start + call.start[2][ox + i]
            window_maximum(x + at, call.dilation[2], <position>at, call.count[2][ox + i], best + i, where + i)
        return
    while i < call.kernel:
        lo, hi = max(call.first[i] - ox, 0), min(call.last[i] - ox, n)
        at = (ox + lo) * call.stride - call.padding + i * call.dilation[2]
        if hi == n:
            # What is read too much competes for results that nobody wants.
            hi = lo + rounded(n - lo, (left - at) // call.stride - 1)
        at += start
        if call.stride == 2 and i + 1 < call.kernel and call.dilation[2] == 1 and (
                call.first[i] == call.first[i + 1] and call.last[i] == call.last[i + 1]):
            pair_maximum(x + at, <position>at, hi - lo, best + lo, where + lo)
            i += 1
        elif call.stride == 1:
            row_maximum(x + at, 1, <position>at, hi - lo, best + lo, where + lo)
        else:
            row_maximum(x + at, call.stride, <position>at, hi - lo, best + lo, where + lo)
        i += 1


cdef inline void max_plane(const pool_t* call, Py_ssize_t plane, const real* _type,
                           const position* _index) noexcept nogil:
    cdef real best[STRIP + 2 * LANES]
    cdef position where[STRIP + 2 * LANES]
    cdef Py_ssize_t width = call.size[2], row_plane = call.size[1] * width, size = call.size[0] * row_plane
    cdef const real* x = <const real*>call.x + plane * size
    cdef Py_ssize_t at = plane * call.out_size[0] * call.out_size[1] * call.out_size[2]
    cdef Py_ssize_t end = at + call.out_size[0] * call.out_size[1] * call.out_size[2]
    cdef Py_ssize_t oz, oy, ox, z, y, i, n, full, base, start
    cdef real* out = <real*>call.out
    for oz in range(call.out_size[0]):
        for oy in range(call.out_size[1]):
            ox = 0
            while ox < call.out_size[2]:
                n = min(<Py_ssize_t>STRIP, call.out_size[2] - ox)
                full = rounded(n, STRIP + LANES)
                base = call.start[0][oz] * row_plane + call.start[1][oy] * width
                for i in range(full):
                    best[i] = lowest(_type)
                if position is not int8_t:
                    for i in range(full):
                        where[i] = <position>base
                    if call.kernel and call.padding == 0:
                        for i in range(full):
                            where[i] += <position>((ox + i) * call.stride)
                    else:
                        for i in range(n):
                            where[i] += <position>call.start[2][ox + i]
                for z in range(call.count[0][oz]):
                    for y in range(call.count[1][oy]):
                        start = base + z * call.dilation[0] * row_plane + y * call.dilation[1] * width
                        max_rows(call, x, start, ox, n, best, where, call.x_length - plane * size - start)
                # What is written too much is overwritten by the plane's next rows.
                full = rounded(n, end - at)
                for i in range(full):
                    out[at + i] = best[i]
                if position is not int8_t and call.indices != NULL:
                    for i in range(full):
                        call.indices[at + i] = where[i]
                at += n
                ox += n


cdef void max_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for plane in range(lo, hi):
        # Places are counted in integers of the elements' size, so that one vector holds as many of both.
        if real is float and (<const pool_t*>ctx).indices == NULL:
            max_plane(<const pool_t*>ctx, plane, ctx, <const int8_t*>NULL)
        elif sizeof(real) == 8:
            max_plane(<const pool_t*>ctx, plane, ctx, <const int64_t*>NULL)
        else:
            max_plane(<const pool_t*>ctx, plane, ctx, <const int32_t*>NULL)


cdef void max_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Add each gradient where its maximum was."""
    call = <const pool_t*>ctx
    cdef Py_ssize_t size = call.size[0] * call.size[1] * call.size[2], plane, i
    cdef Py_ssize_t results = call.out_size[0] * call.out_size[1] * call.out_size[2]
    cdef floating* out
    cdef const floating* g
    cdef const int64_t* taken
    for plane in range(lo, hi):
        out = <floating*>call.out + plane * size
        g = <const floating*>call.x + plane * results
        taken = call.taken + plane * results
        for i in range(size):
            out[i] = 0
        for i in range(results):
            if 0 <= taken[i] < size:
                out[taken[i]] += g[i]


cdef inline void row_add(const averaged* x, Py_ssize_t step, Py_ssize_t n, averaged* total) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        total[i] += x[i * step]


cdef inline averaged run_sum(const averaged* x, Py_ssize_t n) noexcept nogil:
    """The sum of a run, in eight partial sums: as fast as memory and more exact than one."""
    cdef averaged[8] partial
    cdef averaged total = 0
    cdef Py_ssize_t i, j
    for j in range(8):
        partial[j] = 0
    i = 0
    while i + 8 <= n:
        for j in range(8):
            partial[j] += x[i + j]
        i += 8
    while i < n:
        total += x[i]
        i += 1
    return total + ((partial[0] + partial[4]) + (partial[2] + partial[6])) + (
        (partial[1] + partial[5]) + (partial[3] + partial[7]))


cdef inline averaged divisor(const pool_t* call, Py_ssize_t oz, Py_ssize_t oy, Py_ssize_t ox,
                             const averaged* _type) noexcept nogil:
    if call.divisor:
        return <averaged>call.divisor
    return <averaged>(call.extent[0][oz] * call.extent[1][oy] * call.extent[2][ox])


cdef void average_task(averaged* ctx, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    cdef averaged total[STRIP]
    call = <const pool_t*>ctx
    cdef Py_ssize_t width = call.size[2], row_plane = call.size[1] * width
    cdef const averaged* x
    cdef const averaged* row
    cdef averaged* out = <averaged*>call.out + first * call.out_size[0] * call.out_size[1] * call.out_size[2]
    cdef Py_ssize_t plane, oz, oy, ox, z, y, i, lo, hi, n
    for plane in range(first, last):
        x = <const averaged*>call.x + plane * call.size[0] * row_plane
        for oz in range(call.out_size[0]):
            for oy in range(call.out_size[1]):
                ox = 0
                while ox < call.out_size[2]:
                    n = min(<Py_ssize_t>STRIP, call.out_size[2] - ox)
                    for i in range(n):
                        total[i] = 0
                    for z in range(call.start[0][oz], call.start[0][oz] + call.count[0][oz]):
                        for y in range(call.start[1][oy], call.start[1][oy] + call.count[1][oy]):
                            row = x + z * row_plane + y * width
                            if call.kernel:
                                for i in range(call.kernel):
                                    lo, hi = max(call.first[i] - ox, 0), min(call.last[i] - ox, n)
                                    if call.stride == 2:
                                        row_add(row + (ox + lo) * 2 - call.padding + i, 2, hi - lo, total + lo)
                                    elif call.stride == 1:
                                        row_add(row + ox + lo - call.padding + i, 1, hi - lo, total + lo)
                                    else:
                                        row_add(row + (ox + lo) * call.stride - call.padding + i, call.stride, hi - lo,
                                                total + lo)
                            else:
                                for i in range(n):
                                    total[i] += run_sum(row + call.start[2][ox + i], call.count[2][ox + i])
                    for i in range(n):
                        out[i] = total[i] / divisor(call, oz, oy, ox + i, total)
                    out += n
                    ox += n


cdef void average_backward_task(floating* ctx, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Add each gradient's share to every element of its window."""
    cdef floating share[STRIP]
    call = <const pool_t*>ctx
    cdef Py_ssize_t width = call.size[2], row_plane = call.size[1] * width
    cdef const floating* g = <const floating*>call.x + first * (
        call.out_size[0] * call.out_size[1] * call.out_size[2])
    cdef floating* out
    cdef floating* row
    cdef Py_ssize_t plane, oz, oy, ox, z, y, i, j, lo, hi, n
    for plane in range(first, last):
        out = <floating*>call.out + plane * call.size[0] * row_plane
        for i in range(call.size[0] * row_plane):
            out[i] = 0
        for oz in range(call.out_size[0]):
            for oy in range(call.out_size[1]):
                ox = 0
                while ox < call.out_size[2]:
                    n = min(<Py_ssize_t>STRIP, call.out_size[2] - ox)
                    for i in range(n):
                        share[i] = g[i] / divisor(call, oz, oy, ox + i, share)
                    for z in range(call.start[0][oz], call.start[0][oz] + call.count[0][oz]):
                        for y in range(call.start[1][oy], call.start[1][oy] + call.count[1][oy]):
                            row = out + z * row_plane + y * width
                            if call.kernel:
                                for i in range(call.kernel):
                                    lo, hi = max(call.first[i] - ox, 0), min(call.last[i] - ox, n)
                                    for j in range(lo, hi):
                                        row[(ox + j) * call.stride - call.padding + i] += share[j]
                            else:
                                for i in range(n):
                                    for j in range(call.count[2][ox + i]):
                                        row[call.start[2][ox + i] + j] += share[i]
                    g += n
                    ox += n


def max_pool(const real[::1] x, real[::1] out, int64_t[::1] indices, Py_ssize_t planes, tuple size, tuple kernel,
             tuple stride, tuple padding, tuple dilation, tuple out_size, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, kernel[2], x.shape[0], out.shape[0])
    try:
        fixed_windows(&call, kernel, stride, padding, dilation, False)
        run_max(&call, x, out, indices, planes)
    finally:
        free(call.start[0])


def adaptive_max_pool(const real[::1] x, real[::1] out, int64_t[::1] indices, Py_ssize_t planes, tuple size,
                      tuple out_size, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, equal_windows(size[2], out_size[2]), x.shape[0], out.shape[0])
    try:
        adaptive_windows(&call)
        run_max(&call, x, out, indices, planes)
    finally:
        free(call.start[0])


cdef int run_max(pool_t* call, const real[::1] x, real[::1] out, int64_t[::1] indices, Py_ssize_t planes) except -1:
    if indices is not None:
        if indices.shape[0] < planes * call.out_size[0] * call.out_size[1] * call.out_size[2]:
            raise ValueError("a buffer is shorter than its sizes say")
        call.indices = &indices[0]
    call.x, call.x_length, call.out = &x[0], x.shape[0], &out[0]
    parallel_for(<task_t>max_task[real], call, planes, grain(call))
    return 0


def max_pool_backward(const floating[::1] g, const int64_t[::1] indices, floating[::1] out, Py_ssize_t planes,
                      tuple size, tuple out_size, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, 0, out.shape[0], min(g.shape[0], indices.shape[0]))
    call.x, call.taken, call.out = &g[0], &indices[0], &out[0]
    parallel_for(<task_t>max_backward_task[floating], &call, planes,
                 max(<Py_ssize_t>1, GRAIN // (call.size[0] * call.size[1] * call.size[2])))
    free(call.start[0])


def avg_pool(const averaged[::1] x, averaged[::1] out, Py_ssize_t planes, tuple size, tuple kernel, tuple stride,
             tuple padding, tuple out_size, bint count_include_pad=True, Py_ssize_t divisor_override=0, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, kernel[2], x.shape[0], out.shape[0])
    try:
        fixed_windows(&call, kernel, stride, padding, (1, 1, 1), count_include_pad)
        call.x, call.out, call.divisor = &x[0], &out[0], divisor_override
        parallel_for(<task_t>average_task[averaged], &call, planes, grain(&call))
    finally:
        free(call.start[0])


def avg_pool_backward(const floating[::1] g, floating[::1] out, Py_ssize_t planes, tuple size, tuple kernel,
                      tuple stride, tuple padding, tuple out_size, bint count_include_pad=True,
                      Py_ssize_t divisor_override=0, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, kernel[2], out.shape[0], g.shape[0])
    try:
        fixed_windows(&call, kernel, stride, padding, (1, 1, 1), count_include_pad)
        call.x, call.out, call.divisor = &g[0], &out[0], divisor_override
        parallel_for(<task_t>average_backward_task[floating], &call, planes, grain(&call))
    finally:
        free(call.start[0])


def adaptive_avg_pool(const floating[::1] x, floating[::1] out, Py_ssize_t planes, tuple size, tuple out_size, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, equal_windows(size[2], out_size[2]), x.shape[0], out.shape[0])
    adaptive_windows(&call)
    call.x, call.out = &x[0], &out[0]
    parallel_for(<task_t>average_task[floating], &call, planes, grain(&call))
    free(call.start[0])


def adaptive_avg_pool_backward(const floating[::1] g, floating[::1] out, Py_ssize_t planes, tuple size,
                               tuple out_size, /):
    cdef pool_t call
    describe(&call, planes, size, out_size, equal_windows(size[2], out_size[2]), out.shape[0], g.shape[0])
    adaptive_windows(&call)
    call.x, call.out = &g[0], &out[0]
    parallel_for(<task_t>average_backward_task[floating], &call, planes, grain(&call))
    free(call.start[0])


# ------------------------------------------------------------------------------------------------ windows of each plane

cdef struct scattered_t:
    const void* x
    void* out
    int64_t* indices
    const int64_t* starts       # of a plane's windows, all of one dimension after those of the one before
    Py_ssize_t[3] size, kernel, out_size


cdef void scattered_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Planes lo to hi. (`ctx` is a scattered_t.)"""
    cdef const scattered_t* c = <const scattered_t*>ctx
    cdef Py_ssize_t per = c.out_size[0] * c.out_size[1] * c.out_size[2]
    cdef const floating* x
    cdef const int64_t* starts
    cdef floating best
    cdef int64_t where
    cdef Py_ssize_t plane, z, y, o, oz, oy, ox, at
    for plane in range(lo, hi):
        x = <const floating*>c.x + plane * c.size[0] * c.size[1] * c.size[2]
        starts = c.starts + plane * (c.out_size[0] + c.out_size[1] + c.out_size[2])
        o = plane * per
        for oz in range(c.out_size[0]):
            for oy in range(c.out_size[1]):
                for ox in range(c.out_size[2]):
                    best = -INFINITY
                    where = -1
                    for z in range(starts[oz], starts[oz] + c.kernel[0]):
                        for y in range(starts[c.out_size[0] + oy], starts[c.out_size[0] + oy] + c.kernel[1]):
                            at = (z * c.size[1] + y) * c.size[2] + starts[c.out_size[0] + c.out_size[1] + ox]
                            where = at if where < 0 else where
                            window_maximum(x + at, 1, <int64_t>at, c.kernel[2], &best, &where)
                    (<floating*>c.out)[o] = best
                    c.indices[o] = where
                    o += 1


def max_pool_at(const floating[::1] x, floating[::1] out, int64_t[::1] indices, const int64_t[::1] starts,
                Py_ssize_t planes, tuple size, tuple kernel, tuple out_size, /):
    cdef scattered_t c
    cdef Py_ssize_t x_plane = 1, out_plane = 1, total = 0, work = 1, i, k, plane, at
    for i in range(3):
        c.size[i], c.kernel[i], c.out_size[i] = size[i], kernel[i], out_size[i]
        if not 1 <= c.kernel[i] <= c.size[i] or c.out_size[i] < 1:
            raise ValueError("a window is larger than the plane, or a size is not positive")
        x_plane *= c.size[i]
        out_plane *= c.out_size[i]
        work *= c.kernel[i]
        total += c.out_size[i]
    if (planes < 1 or x.shape[0] // x_plane < planes or min(out.shape[0], indices.shape[0]) // out_plane < planes
            or starts.shape[0] // total < planes):
        raise ValueError("a buffer is shorter than its sizes say")
    for plane in range(planes):
        at = plane * total
        for i in range(3):
            for k in range(at, at + c.out_size[i]):
                if not 0 <= starts[k] <= c.size[i] - c.kernel[i]:
                    raise ValueError("a window is not inside its plane")
            at += c.out_size[i]
    c.x, c.out, c.indices, c.starts = &x[0], &out[0], &indices[0], &starts[0]
    parallel_for(<task_t>scattered_task[floating], &c, planes, max(<Py_ssize_t>1, GRAIN // (out_plane * work)))
