"""Weighted taps: each result is the sum of a few elements along an axis, by a table of places and weights.

Interpolation along one axis has one table for all rows, sampling at the points of a grid one for each image. A place
that is out of range counts as nothing.

The three kernels are closed under differentiation: `taps` is linear in x and in the weights, `taps_input` and
`taps_weight` are its gradients. Work is divided by what is written: planes and columns, or points, so that sums go in
the order of the table whatever the number of threads.
"""
from libc.math cimport fabs, floor, rint
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from indices cimport beyond
from inlined cimport inlined_void
from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    BLOCK = 256          # columns of one unit of work of `taps_input`, points of one of `taps_weight`
    POINTS = 1024        # of one unit of work of `taps` with one column, in so many
    PLANES = 4
    SAMPLED = 256        # points of an image whose table is made at a time (4 x 16 x 64 x 64: 520 us, with one for all 620)
    MOST_TAPS = 8        # of a point in three dimensions
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
    bint inside          # no place is out of range


cdef inline inlined_void sum_taps(
    const floating* x, const int64_t* index, const floating* weight, const Taps* c, Py_ssize_t taps, Py_ssize_t planes,
    bint inside, floating* out, Py_ssize_t n
) noexcept nogil:
    """n results of one column in a few planes; with `inside` no place is out of range."""
    cdef Py_ssize_t k, t, p
    cdef floating[PLANES] total
    for k in range(n):
        for p in range(planes):
            total[p] = 0
        for t in range(taps):
            if inside or <uint64_t>index[t] < <uint64_t>c.axis:
                for p in range(planes):
                    total[p] += weight[t] * x[p * c.axis + index[t]]
        for p in range(planes):
            out[p * c.m + k] = total[p]
        index += taps
        weight += taps


cdef void sum_planes(
    const Taps* c, Py_ssize_t first, Py_ssize_t count, Py_ssize_t k, Py_ssize_t n, const int64_t* index, const floating* weight
) noexcept nogil:
    """n results from k on of a few planes from `first` on, of one column each."""
    cdef Py_ssize_t p, taps = c.taps
    cdef const floating* x = <const floating*>c.x + first * c.axis
    cdef floating* out = <floating*>c.out + first * c.m + k
    if count == PLANES and taps == 2 and c.inside:    # constants, for the compiler
        sum_taps(x, index, weight, c, 2, PLANES, True, out, n)
    elif count == PLANES and taps == 4:
        sum_taps(x, index, weight, c, 4, PLANES, False, out, n)
    elif count == PLANES and taps == 1:
        sum_taps(x, index, weight, c, 1, PLANES, False, out, n)
    else:
        for p in range(count):
            if taps == 4:
                sum_taps(x + p * c.axis, index, weight, c, 4, 1, False, out + p * c.m, n)
            else:
                sum_taps(x + p * c.axis, index, weight, c, taps, 1, False, out + p * c.m, n)


cdef void column_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (table, block of planes, block of points), where there is one column: its table is read once for a few planes."""
    c = <const Taps*>ctx
    cdef Py_ssize_t unit, first, k, p, entry
    cdef Py_ssize_t groups = (c.planes + PLANES - 1) // PLANES
    for unit in range(lo, hi):
        k = unit % c.blocks * POINTS
        p = unit // c.blocks % groups * PLANES
        first = unit // c.blocks // groups * c.planes + p
        entry = (first // c.planes * c.m + k) * c.taps
        sum_planes(c, first, min(<Py_ssize_t>PLANES, c.planes - p), k, min(<Py_ssize_t>POINTS, c.m - k),
                   c.index + entry, <const floating*>c.weight + entry)


cdef inline void add_rows(
    const floating* x, floating w, const floating* y, floating v, floating* out, Py_ssize_t n, bint more
) noexcept nogil:
    cdef Py_ssize_t i
    if more:
        for i in range(n):
            out[i] = out[i] + w * x[i] + v * y[i]
    else:
        for i in range(n):
            out[i] = w * x[i] + v * y[i]


cdef void taps_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Rows lo to hi of (outer * m, inner), two taps at a time."""
    c = <const Taps*>ctx
    cdef Py_ssize_t row, o, entry, t, held, i, inner = c.inner
    cdef const floating* x
    cdef const floating* weight
    cdef const int64_t* index
    cdef floating* out = <floating*>c.out + lo * inner
    cdef bint more
    for row in range(lo, hi):
        o = row // c.m
        entry = (o // c.planes * c.m + row % c.m) * c.taps
        index, weight = c.index + entry, <const floating*>c.weight + entry
        x = <const floating*>c.x + o * c.axis * inner
        held, more = -1, False
        for t in range(c.taps):
            if <uint64_t>index[t] >= <uint64_t>c.axis:
                continue
            if held < 0:
                held = t
                continue
            add_rows(x + index[held] * inner, weight[held], x + index[t] * inner, weight[t], out, inner, more)
            held, more = -1, True
        if held >= 0:
            x += index[held] * inner
            for i in range(inner):
                out[i] = (out[i] if more else <floating>0) + weight[held] * x[i]
        elif not more:
            for i in range(inner):
                out[i] = 0
        out += inner


cdef inline inlined_void add_taps(
    const floating* g, const int64_t* index, const floating* weight, const Taps* c, Py_ssize_t planes, floating* out
) noexcept nogil:
    """What comes to one column in a few planes."""
    cdef Py_ssize_t k, t, p
    for k in range(c.m):
        for t in range(c.taps):
            if <uint64_t>index[t] < <uint64_t>c.axis:
                for p in range(planes):
                    out[p * c.axis + index[t]] += weight[t] * g[p * c.m + k]
        index += c.taps
        weight += c.taps


cdef void column_input_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (table, block of planes), where there is one column: its table is read once for a few planes."""
    c = <const Taps*>ctx
    cdef Py_ssize_t unit, first, p, count, entry, groups = (c.planes + PLANES - 1) // PLANES
    cdef const floating* g
    cdef floating* out
    for unit in range(lo, hi):
        p = unit % groups * PLANES
        first, count = unit // groups * c.planes + p, min(<Py_ssize_t>PLANES, c.planes - p)
        entry = unit // groups * c.m * c.taps
        g, out = <const floating*>c.g + first * c.m, <floating*>c.out + first * c.axis
        for p in range(count * c.axis):
            out[p] = 0
        if count == PLANES:    # a constant, for the compiler
            add_taps(g, c.index + entry, <const floating*>c.weight + entry, c, PLANES, out)
        else:
            add_taps(g, c.index + entry, <const floating*>c.weight + entry, c, count, out)


cdef void taps_input_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (plane, block of columns) of (outer, axis, inner)."""
    c = <const Taps*>ctx
    cdef Py_ssize_t unit, o, k, i, entry, column, width, inner = c.inner, taps = c.taps, _
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
        for _ in range(c.m):
            for _ in range(taps):
                at = <uint64_t>c.index[entry]
                if at < <uint64_t>c.axis:
                    w = weight[entry]
                    for i in range(width):
                        out[<Py_ssize_t>at * inner + i] += w * g[i]
                entry += 1
            g += inner


cdef inline inlined_void weigh_column(
    const floating* x, const floating* g, const int64_t* index, const Taps* c, Py_ssize_t planes, floating* out,
    Py_ssize_t n
) noexcept nogil:
    """n points of one column in a few planes."""
    cdef Py_ssize_t k, t, p
    cdef floating total
    for k in range(n):
        for t in range(c.taps):
            if <uint64_t>index[t] < <uint64_t>c.axis:
                total = out[t]
                for p in range(planes):
                    total += x[p * c.axis + index[t]] * g[p * c.m + k]
                out[t] = total
        index += c.taps
        out += c.taps


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
        plane = 0
        while plane < c.planes:
            o = table * c.planes + plane
            x = <const floating*>c.x + o * c.axis * inner
            g = <const floating*>c.g + o * c.m * inner
            plane += PLANES if inner == 1 and plane + PLANES <= c.planes else 1
            if inner == 1:
                k = first * taps
                if table * c.planes + plane - o == PLANES:    # a constant, for the compiler
                    weigh_column(x, g + first, index + k, c, PLANES, out + k, last - first)
                else:
                    weigh_column(x, g + first, index + k, c, 1, out + k, last - first)
                continue
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
    call.inside = call.inner == 1 and call.taps == 2 and not beyond(&index[0], index.shape[0], call.axis)
    cdef Py_ssize_t rows = <Py_ssize_t>sizes[0] * call.planes * call.m
    if call.inner == 1:
        call.blocks = (call.m + POINTS - 1) // POINTS
        rows = <Py_ssize_t>sizes[0] * ((call.planes + PLANES - 1) // PLANES) * call.blocks
        parallel_for(<task_t>column_task[floating], &call, rows,
                     max(<Py_ssize_t>1, GRAIN // (min(call.m, <Py_ssize_t>POINTS) * PLANES * call.taps)))
        return
    parallel_for(<task_t>taps_task[floating], &call, rows, max(<Py_ssize_t>1, GRAIN // (call.inner * call.taps)))


def taps_input(const floating[::1] g, const int64_t[::1] index, const floating[::1] weight, floating[::1] out,
               tuple sizes, /):
    cdef Taps call
    describe(&call, sizes, out.shape[0], index.shape[0], weight.shape[0], g.shape[0])
    call.g, call.index, call.weight, call.out = &g[0], &index[0], &weight[0], &out[0]
    if call.inner == 1:
        parallel_for(<task_t>column_input_task[floating], &call, <Py_ssize_t>sizes[0] * ((call.planes + PLANES - 1) // PLANES),
                     max(<Py_ssize_t>1, GRAIN // ((call.m * call.taps + call.axis) * PLANES)))
        return
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


# ------------------------------------------------------------------------------------------------ points of a grid

cdef enum:
    ZEROS
    BORDER
    REFLECTION

paddings = {"zeros": ZEROS, "border": BORDER, "reflection": REFLECTION}

cdef struct Grid:
    const void* grid
    int64_t* index
    void* weight
    Py_ssize_t size[3]   # of the image
    int ndim
    int padding
    bint nearest
    bint align


cdef inline floating inside_image(floating at, floating size, int padding, bint align) noexcept nogil:
    """A coordinate, one beyond the image as the padding has it; NaN is the first element."""
    cdef floating low, span, flips, far
    if padding == ZEROS:
        return at
    if padding == REFLECTION:
        low = 0 if align else <floating>-0.5
        span = size - 1 if align else size
        if span <= 0:
            at = 0
        else:    # as if there were mirrors at both ends
            far = <floating>fabs(at - low)
            flips = <floating>floor(far / span)
            far -= flips * span
            at = low + (far if <floating>floor(flips / 2) * 2 == flips else span - far)
    if not at > 0:
        return 0
    return at if at < size - 1 else size - 1


cdef inline inlined_void locate(
    const floating* grid, const Grid* c, int n, bint nearest, int64_t* index, floating* weight, Py_ssize_t count
) noexcept nogil:
    """At most SAMPLED points: one dimension after the other, whose loops have no branch, then their taps."""
    cdef int i, j, t, taps = 1 if nearest else 1 << n
    cdef floating[3][2][SAMPLED] part
    cdef int32_t[3][2][SAMPLED] place
    cdef floating[SAMPLED] at_
    cdef floating at, held, first, size, scale, shift, by
    cdef int64_t where
    cdef int32_t one
    cdef Py_ssize_t p
    for i in range(n):    # the grid's last coordinate is that of the first dimension
        size = <floating>c.size[i]
        scale = (size - 1) / 2 if c.align else size / 2
        shift = 0 if c.align else <floating>0.5
        for p in range(count):
            at_[p] = (grid[p * n + n - 1 - i] + 1) * scale - shift
        if c.padding != ZEROS:
            for p in range(count):
                at_[p] = inside_image(at_[p], size, c.padding, c.align)
        for p in range(count):
            at = at_[p]
            held = at if at > -2 else -2    # two beyond is as far as any: an int32 holds it
            held = held if held < size + 1 else size + 1
            if nearest:
                first = <floating>rint(held)
            else:
                first = <floating><int32_t>held
                first -= <floating>(first > held)
            by = 1 if nearest else held - first + (at - at)    # NaN for a point that is nowhere
            part[i][1][p] = by
            part[i][0][p] = 1 if nearest else 1 - by
            one = <int32_t>first
            place[i][0][p] = one if <uint32_t>one < <uint32_t>c.size[i] else -1
            one += 1
            place[i][1][p] = one if <uint32_t>one < <uint32_t>c.size[i] else -1
    for p in range(count):
        for t in range(taps):
            where, by = 0, 1
            for i in range(n):
                j = t >> (n - 1 - i) & 1
                by *= part[i][j][p]
                one = place[i][j][p]
                where = where * c.size[i] + one if (where | one) >= 0 else -1
            index[p * taps + t] = where if by == by else 0
            weight[p * taps + t] = by


cdef void points_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Points lo to hi of all images. (`ctx` is a Grid.)"""
    c = <const Grid*>ctx
    cdef Py_ssize_t n, taps = 1 if c.nearest else 1 << c.ndim
    cdef const floating* grid
    cdef int64_t* index
    cdef floating* weight
    while lo < hi:
        n = min(<Py_ssize_t>SAMPLED, hi - lo)
        grid, index, weight = <const floating*>c.grid + lo * c.ndim, c.index + lo * taps, <floating*>c.weight + lo * taps
        if c.ndim == 2 and not c.nearest:    # constants, for the compiler
            locate(grid, c, 2, False, index, weight, n)
        else:
            locate(grid, c, c.ndim, c.nearest, index, weight, n)
        lo += n


cdef struct Sample:
    Grid grid
    Taps taps


cdef void sample_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (image, block of points): their table is made where it is used. (`ctx` is a Sample.)"""
    cdef const Sample* c = <const Sample*>ctx
    cdef int64_t[SAMPLED * MOST_TAPS] index
    cdef floating[SAMPLED * MOST_TAPS] weight
    cdef Grid grid = c.grid
    cdef Py_ssize_t unit, image, k, n, p
    grid.index, grid.weight = index, weight
    for unit in range(lo, hi):
        image, k = unit // c.taps.blocks, unit % c.taps.blocks * SAMPLED
        n = min(<Py_ssize_t>SAMPLED, c.taps.m - k)
        grid.grid = <const floating*>c.grid.grid + (image * c.taps.m + k) * grid.ndim
        points_task(<floating*>&grid, 0, n)
        p = 0
        while p < c.taps.planes:
            sum_planes(&c.taps, image * c.taps.planes + p, min(<Py_ssize_t>PLANES, c.taps.planes - p), k, n, index, weight)
            p += PLANES


cdef int describe_grid(Grid* call, Py_ssize_t grid, tuple size, int padding, bint nearest, bint align) except -1:
    """Fill in what points there are in images of which size; return how many taps a point has."""
    cdef int i
    call.ndim = <int>len(size)
    if not 1 <= call.ndim <= 3:
        raise ValueError(f"images of {call.ndim} dimensions")
    for i in range(call.ndim):
        call.size[i] = size[i]
    if grid < call.ndim:
        raise ValueError("a buffer is shorter than its sizes say")
    call.padding, call.nearest, call.align = padding, nearest, align
    return 1 if nearest else 1 << call.ndim


def points(
    const floating[::1] grid, int64_t[::1] index, floating[::1] weight, tuple size, int padding, bint nearest, bint align,
    /,
):
    cdef Grid call
    cdef int taps = describe_grid(&call, grid.shape[0], size, padding, nearest, align)
    cdef Py_ssize_t n = grid.shape[0] // call.ndim
    if min(index.shape[0], weight.shape[0]) < n * taps:
        raise ValueError("a buffer is shorter than its sizes say")
    call.grid, call.index, call.weight = &grid[0], &index[0], &weight[0]
    parallel_for(<task_t>points_task[floating], &call, n, GRAIN // 16)


def sample(
    const floating[::1] x, const floating[::1] grid, floating[::1] out, tuple sizes, tuple size, int padding, bint nearest,
    bint align, /,
):
    cdef Sample call
    cdef int taps = describe_grid(&call.grid, grid.shape[0], size, padding, nearest, align), i
    cdef Py_ssize_t images = sizes[0], axis = 1
    describe(&call.taps, sizes, x.shape[0], grid.shape[0] // call.grid.ndim * taps, grid.shape[0] // call.grid.ndim * taps,
             out.shape[0])
    for i in range(call.grid.ndim):
        axis *= call.grid.size[i]
    if taps != call.taps.taps or axis != call.taps.axis or call.taps.inner != 1:
        raise ValueError("sizes of another image")
    call.grid.grid, call.taps.x, call.taps.out, call.taps.inside = &grid[0], &x[0], &out[0], False
    call.taps.blocks = (call.taps.m + SAMPLED - 1) // SAMPLED
    parallel_for(<task_t>sample_task[floating], &call, images * call.taps.blocks,
                 max(<Py_ssize_t>1, GRAIN // (min(call.taps.m, <Py_ssize_t>SAMPLED) * (call.taps.planes + 4) * taps)))
