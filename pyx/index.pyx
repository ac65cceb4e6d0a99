"""Moving elements by index and by mask.

(a) The kernels check the index while they run, as a pass of its own takes as long as the work: they return whether
    one was out of range, and have then neither read nor written elsewhere; what they wrote is of no use. A caller that
    writes over what is kept checks before (`check_index`, `join_index`).
(b) `full` tells gather from index_select: an index per element, (outer, m, inner), or one per row, (m,). Flat indices
    (take, put, advanced indexing) are rows of an array seen as (1, n, 1), or (1, n, inner) where whole slices move.
(c) Writes are partitioned by destination and go in the order of the index within one: results do not depend on the
    number of threads. The parts are blocks of columns, or of rows where whole rows are written.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from indices cimport beyond
from math cimport add_, maximum_, minimum_, mul_
from threads cimport import_threads, num_threads, parallel_for, task_t
from types cimport element, floating, number, real

import_threads()

cdef enum:
    ADD
    MUL
    AMAX
    AMIN

codes = {"add": ADD, "mul": MUL, "amax": AMAX, "amin": AMIN}

cdef enum:
    BLOCK = 256          # columns of one unit of work of a write
    GRAIN = 16384        # elements a thread takes at a time
    UNIT = 16384         # elements of one unit of `nonzero`
    CHECKED = 256        # indices that are checked at a time, and are then still in the first cache
    PARTS = 16           # of the elements of a histogram, that are counted apart
    FEW = 16             # rows that are divided among threads, rather than the arrays they are in


def check_index(const int64_t[::1] index, Py_ssize_t size, /):
    cdef Py_ssize_t i = 0, n = index.shape[0]
    while i + CHECKED <= n and not beyond(&index[i], CHECKED, size):
        i += CHECKED
    while i < n:
        if <uint64_t>index[i] >= <uint64_t>size:
            return i
        i += 1
    return -1


cdef Py_ssize_t join_run(const int64_t* index, int64_t* out, Py_ssize_t n, Py_ssize_t size, bint more) noexcept nogil:
    """Indices of one dimension, the negative ones counted from the end, appended to those of the dimensions before it
    if there are `more`: as of the dimensions seen as one. The position of the first outside [-size, size), or -1."""
    cdef Py_ssize_t i
    cdef int64_t at
    cdef int outside = 0
    if more:
        for i in range(n):
            at = index[i] + (size if index[i] < 0 else 0)
            outside |= <uint64_t>at >= <uint64_t>size
            out[i] = <int64_t>(<uint64_t>out[i] * <uint64_t>size + <uint64_t>at)
    else:
        for i in range(n):
            at = index[i] + (size if index[i] < 0 else 0)
            outside |= <uint64_t>at >= <uint64_t>size
            out[i] = at
    if outside:
        for i in range(n):
            if not -size <= index[i] < size:
                return i
    return -1


joiner = <size_t>join_run    # a `join_t`, for core


def join_index(const int64_t[::1] index, int64_t[::1] out, Py_ssize_t size, bint more, /):
    if out.shape[0] < index.shape[0]:
        raise ValueError(f"join_index: {index.shape[0]} indices into {out.shape[0]}")
    return join_run(&index[0], &out[0], index.shape[0], size, more) if index.shape[0] else -1


# ------------------------------------------------------------------------------------------------ gather, scatter

cdef struct Move:
    const char* x          # what is read
    char* out              # what is written
    const int64_t* index
    Py_ssize_t axis
    Py_ssize_t inner
    Py_ssize_t m
    Py_ssize_t blocks      # of columns or rows, of a write
    bint full
    bint scalar            # one element is written everywhere
    bint checked           # the index was, before
    bint outside           # set by a task: an index is out of range
    int op


cdef inline bint gather_run(
    const element* x, const int64_t* index, element* out, Py_ssize_t n, Py_ssize_t axis, Py_ssize_t inner,
    Py_ssize_t step, bint checked
) noexcept nogil:
    """out[i] = x[index[i] * inner + i * step]; whether an index is out of range, unless they were `checked`."""
    cdef Py_ssize_t i, size
    cdef bint outside = False
    while n > 0:
        size = min(<Py_ssize_t>CHECKED, n)
        if not checked and beyond(index, size, axis):
            outside = True
        else:
            i = 0
            while i + 4 <= size:
                out[i] = x[index[i] * inner + i * step]
                out[i + 1] = x[index[i + 1] * inner + (i + 1) * step]
                out[i + 2] = x[index[i + 2] * inner + (i + 2) * step]
                out[i + 3] = x[index[i + 3] * inner + (i + 3) * step]
                i += 4
            while i < size:
                out[i] = x[index[i] * inner + i * step]
                i += 1
        x += size * step
        index += size
        out += size
        n -= size
    return outside


cdef void gather_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Rows lo to hi of (outer * m, inner). (`ctx` is a Move.)"""
    cdef Move* c = <Move*>ctx
    cdef Py_ssize_t row = lo, k = lo % c.m, i, n, axis = c.axis, inner = c.inner, m = c.m
    cdef const element* x = <const element*>c.x + lo // m * axis * inner
    cdef const element* start
    cdef element* out = <element*>c.out + lo * inner
    cdef const int64_t* index = c.index
    cdef bint outside = False
    while row < hi:
        n = 1
        if inner == 1:
            n = min(m - k, hi - row)
            outside |= gather_run(x, index + (row if c.full else k), out, n, axis, 1, 0, c.checked)
        elif c.full:
            outside |= gather_run(x, index + row * inner, out, inner, axis, inner, 1, False)
        elif <uint64_t>index[k] >= <uint64_t>axis:
            outside = True
        else:
            start = x + index[k] * inner
            if inner < 32:
                for i in range(inner):
                    out[i] = start[i]
            else:
                memcpy(out, start, inner * sizeof(element))
        out += n * inner
        row += n
        k += n
        if k == m:
            k = 0
            x += axis * inner
    if outside:
        c.outside = True


cdef struct Part:
    Py_ssize_t whole       # which of the outer arrays
    Py_ssize_t column      # the first column, and how many
    Py_ssize_t width
    Py_ssize_t first       # the first row, and how many
    Py_ssize_t rows


cdef inline Part part_of(const Move* c, Py_ssize_t unit) noexcept nogil:
    """The part of the result that one unit of work writes."""
    cdef Part part
    cdef Py_ssize_t block = unit % c.blocks
    part.whole, part.column, part.width, part.first, part.rows = unit // c.blocks, 0, c.inner, 0, c.axis
    if c.full:
        part.column = block * BLOCK
        part.width = min(<Py_ssize_t>BLOCK, c.inner - part.column)
    else:
        part.first = c.axis * block // c.blocks
        part.rows = c.axis * (block + 1) // c.blocks - part.first
    return part


cdef void scatter_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units of `part_of`. (`ctx` is a Move.)"""
    cdef Move* c = <Move*>ctx
    cdef const element* x
    cdef element* out
    cdef element* to
    cdef const int64_t* index
    cdef Py_ssize_t unit, k, i, axis = c.axis, inner = c.inner
    cdef Part part
    for unit in range(lo, hi):
        part = part_of(c, unit)
        out = <element*>c.out + (part.whole * axis + part.first) * inner + part.column
        x = <const element*>c.x
        if not c.scalar:
            x += part.whole * c.m * inner + part.column
        index = c.index
        if c.full:
            index += part.whole * c.m * inner + part.column
        if inner == 1 and not c.scalar:
            for k in range(c.m):
                if <uint64_t>index[k] < <uint64_t>axis:
                    out[index[k]] = x[k]
                else:
                    c.outside = True
            continue
        for k in range(c.m):
            if c.full:
                for i in range(part.width):
                    if <uint64_t>index[i] < <uint64_t>axis:
                        out[index[i] * inner + i] = x[0 if c.scalar else i]
                    else:
                        c.outside = True
                index += inner
            elif <uint64_t>index[k] - <uint64_t>part.first < <uint64_t>part.rows:
                to = out + (index[k] - part.first) * inner
                if c.scalar:
                    for i in range(inner):
                        to[i] = x[0]
                else:
                    for i in range(inner):
                        to[i] = x[i]
            if not c.scalar:
                x += inner


cdef inline number join(number a, number b, int op) noexcept nogil:
    if op == ADD:
        return add_(a, b)
    if op == MUL:
        return mul_(a, b)
    if number in real:
        return maximum_(a, b) if op == AMAX else minimum_(a, b)
    else:
        return a


cdef void scatter_reduce_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units of `part_of`. (`ctx` is a Move.)"""
    cdef Move* c = <Move*>ctx
    cdef const number* x
    cdef number* out
    cdef number* to
    cdef const int64_t* index
    cdef Py_ssize_t unit, k, i, axis = c.axis, inner = c.inner, width, rows, step
    cdef int op = c.op
    cdef Part part
    for unit in range(lo, hi):
        part = part_of(c, unit)
        out = <number*>c.out + (part.whole * axis + part.first) * inner + part.column
        x = <const number*>c.x + part.whole * c.m * inner + part.column
        index = c.index
        if c.full or inner == 1:
            if c.full:
                index += part.whole * c.m * inner + part.column
            rows, width, step = c.m, part.width, 1
            if inner == 1:    # one row of m elements
                rows, width, step = 1, c.m, 0
            for _ in range(rows):
                for i in range(width):
                    if <uint64_t>index[i] < <uint64_t>axis:
                        to = out + index[i] * inner + i * step
                        to[0] = join(to[0], x[i], op)
                    else:
                        c.outside = True
                index += inner
                x += inner
            continue
        for k in range(c.m):
            if <uint64_t>index[k] - <uint64_t>part.first < <uint64_t>part.rows:
                to = out + (index[k] - part.first) * inner
                if op == ADD:
                    for i in range(inner):
                        to[i] = add_(to[i], x[i])
                else:
                    for i in range(inner):
                        to[i] = join(to[i], x[i], op)
            x += inner


cdef int set_move(
    Move* c, const int64_t[::1] index, Py_ssize_t whole, Py_ssize_t part, Py_ssize_t outer, Py_ssize_t axis,
    Py_ssize_t inner, Py_ssize_t m, bint full,
) except -1:
    """Check that `whole` elements hold (outer, axis, inner), `part` hold (outer, m, inner), and the index fits."""
    if (outer < 1 or axis < 1 or inner < 1 or m < 1 or outer > whole or axis > whole // outer
            or inner > whole // outer // axis or m > part // outer // inner
            or index.shape[0] < (outer * m * inner if full else m)):
        raise ValueError(f"index: ({outer}, {axis}, {inner}) and ({outer}, {m}, {inner}) do not fit buffers of {whole} "
                         f"and {part} elements, {index.shape[0]} indices")
    c.index, c.axis, c.inner, c.m, c.full, c.scalar = &index[0], axis, inner, m, full, False
    c.blocks, c.outside, c.checked = 1, False, False
    if full:
        c.blocks = (inner + BLOCK - 1) // BLOCK
    elif inner > 1:
        if outer < FEW:    # each thread looks at all of the index
            c.blocks = max(1, min(axis, 2 * num_threads(), m * inner // (GRAIN // 4)))
        c.outside = beyond(c.index, m, axis)
    return 0


cdef int run_writes(Move* c, task_t task, Py_ssize_t outer) except -1:
    """Run a task over all parts of the result."""
    parallel_for(task, c, outer * c.blocks, max(1, GRAIN * c.blocks // (c.m * c.inner)))
    return 0


def gather(
    const element[::1] x, const int64_t[::1] index, element[::1] out, Py_ssize_t outer, Py_ssize_t axis,
    Py_ssize_t inner, Py_ssize_t m, bint full=True,
    /,
):
    cdef Move c
    set_move(&c, index, x.shape[0], out.shape[0], outer, axis, inner, m, full)
    c.x, c.out = <const char*>&x[0], <char*>&out[0]
    if inner == 1 and outer > 1 and not full:    # each index comes by many times
        if beyond(c.index, m, axis):
            return True
        c.checked = True
    parallel_for(<task_t>gather_task[element], &c, outer * m, max(1, GRAIN // inner))
    return c.outside


def scatter(
    element[::1] out, const int64_t[::1] index, const element[::1] src, Py_ssize_t outer, Py_ssize_t axis,
    Py_ssize_t inner, Py_ssize_t m, bint full=True, bint scalar=False,
    /,
):
    cdef Move c
    if src.shape[0] < 1:
        raise ValueError("scatter: nothing to write")
    set_move(&c, index, out.shape[0], outer * m * inner if scalar else src.shape[0], outer, axis, inner, m, full)
    c.x, c.out, c.scalar = <const char*>&src[0], <char*>&out[0], scalar
    run_writes(&c, <task_t>scatter_task[element], outer)
    return c.outside


def scatter_reduce(
    number[::1] out, const int64_t[::1] index, const number[::1] src, Py_ssize_t outer, Py_ssize_t axis,
    Py_ssize_t inner, Py_ssize_t m, int op, bint full=True,
    /,
):
    cdef Move c
    if op < ADD or op > AMIN or (number not in real and op > MUL):
        raise ValueError(f"scatter_reduce: no op {op} for this type")
    set_move(&c, index, out.shape[0], src.shape[0], outer, axis, inner, m, full)
    c.x, c.out, c.op = <const char*>&src[0], <char*>&out[0], op
    run_writes(&c, <task_t>scatter_reduce_task[number], outer)
    return c.outside


# ------------------------------------------------------------------------------------------------ bags

cdef struct Bags:
    const char* table          # (rows, dim)
    const int64_t* index
    const int64_t* offsets     # where each bag begins in the index, and where the last ends
    const char* weight         # of each index, or NULL
    char* out                  # (bags, dim)
    int64_t* which             # the row of each maximum, -1 for none; NULL for sums and means
    Py_ssize_t rows
    Py_ssize_t dim
    int64_t padding
    bint mean


cdef void bag_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Bags lo to hi. (`ctx` is a Bags.)"""
    cdef const Bags* c = <const Bags*>ctx
    cdef const floating* row
    cdef floating* out
    cdef int64_t* which
    cdef floating w
    cdef int64_t at
    cdef Py_ssize_t bag, i, k, count
    for bag in range(lo, hi):
        out = <floating*>c.out + bag * c.dim
        which = NULL if c.which == NULL else c.which + bag * c.dim
        count = 0
        for k in range(c.dim):
            out[k] = 0
        if which != NULL:
            for k in range(c.dim):
                which[k] = -1
        for i in range(c.offsets[bag], c.offsets[bag + 1]):
            at = c.index[i]
            if at == c.padding or <uint64_t>at >= <uint64_t>c.rows:
                continue
            count += 1
            row = <const floating*>c.table + at * c.dim
            if which == NULL:
                w = <floating>1 if c.weight == NULL else (<const floating*>c.weight)[i]
                for k in range(c.dim):
                    out[k] += w * row[k]
            elif count == 1:
                for k in range(c.dim):
                    out[k] = row[k]
                    which[k] = at
            else:
                for k in range(c.dim):
                    which[k] = at if row[k] > out[k] else which[k]
                    out[k] = row[k] if row[k] > out[k] else out[k]
        if c.mean and count > 1:
            for k in range(c.dim):
                out[k] = out[k] / <floating>count


def embedding_bag(
    const floating[::1] table, const int64_t[::1] index, const int64_t[::1] offsets, const floating[::1] weight,
    floating[::1] out, int64_t[::1] which, Py_ssize_t rows, Py_ssize_t dim, int64_t padding, bint mean,
    /,
):
    cdef Bags c
    cdef Py_ssize_t bags = offsets.shape[0] - 1, n = index.shape[0], i
    if (bags < 1 or dim < 1 or rows < 0 or rows > table.shape[0] // dim or bags > out.shape[0] // dim
            or (weight is not None and weight.shape[0] < n) or (which is not None and bags > which.shape[0] // dim)):
        raise ValueError(f"embedding_bag: {bags} bags of ({rows}, {dim}) do not fit the buffers")
    for i in range(bags):
        if not 0 <= offsets[i] <= offsets[i + 1] <= n:
            raise ValueError(f"embedding_bag: bag {i} is from {offsets[i]} to {offsets[i + 1]} of {n} indices")
    c.table, c.index, c.offsets, c.out = <const char*>&table[0], NULL, &offsets[0], <char*>&out[0]
    c.weight = c.which = NULL
    if n:
        c.index = &index[0]
    if weight is not None and n:
        c.weight = <const char*>&weight[0]
    if which is not None:
        c.which = &which[0]
    c.rows, c.dim, c.padding, c.mean = rows, dim, padding, mean
    parallel_for(<task_t>bag_task[floating], &c, bags, max(1, GRAIN // (dim * (n // bags + 1))))


# ------------------------------------------------------------------------------------------------ masks


cdef struct Mask:
    char* out
    const uint8_t* mask
    const char* value


cdef void masked_fill_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef const Mask* c = <const Mask*>ctx
    cdef element* out = <element*>c.out
    cdef const uint8_t* mask = c.mask
    cdef element value = (<const element*>c.value)[0]
    cdef element keep
    cdef Py_ssize_t i
    for i in range(lo, hi):
        keep = out[i]
        out[i] = value if mask[i] != 0 else keep


def masked_fill(element[::1] out, const uint8_t[::1] mask, const element[::1] value, /):
    cdef Mask c
    cdef Py_ssize_t n = out.shape[0]
    if n < 1 or mask.shape[0] < n or value.shape[0] < 1:
        raise ValueError(f"masked_fill: {mask.shape[0]} flags for {n} elements")
    c.out, c.mask, c.value = <char*>&out[0], &mask[0], <const char*>&value[0]
    parallel_for(<task_t>masked_fill_task[element], &c, n, GRAIN)


def masked_select(const element[::1] x, const uint8_t[::1] mask, element[::1] out, /):
    cdef Py_ssize_t n = x.shape[0], i, count = 0, room = out.shape[0]
    if mask.shape[0] < n:
        raise ValueError(f"masked_select: {mask.shape[0]} flags for {n} elements")
    # Each element is written where the next one goes, without a branch, while there is room for one more.
    for i in range(n):
        if count == room:
            break
        out[count] = x[i]
        count += mask[i] != 0
    return count


def masked_scatter(element[::1] out, const uint8_t[::1] mask, const element[::1] src, /):
    cdef Py_ssize_t n = out.shape[0], i, count = 0
    if mask.shape[0] < n:
        raise ValueError(f"masked_scatter: {mask.shape[0]} flags for {n} elements")
    for i in range(n):
        if mask[i]:
            if count == src.shape[0]:
                raise ValueError(f"masked_scatter: {count} elements are fewer than the mask selects")
            out[i] = src[count]
            count += 1
    return count


cdef struct Nonzero:
    const char* x
    int64_t* out
    const Py_ssize_t* shape
    Py_ssize_t* first      # of each unit: how many come before it; while they are counted, how many it has
    Py_ssize_t ndim
    Py_ssize_t total
    Py_ssize_t room        # results of one dimension


cdef void count_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units of UNIT elements. (`ctx` is a Nonzero.)"""
    cdef const Nonzero* c = <const Nonzero*>ctx
    cdef const real* x = <const real*>c.x
    cdef Py_ssize_t unit, i
    cdef int count
    for unit in range(lo, hi):
        count = 0
        for i in range(unit * UNIT, min(c.total, (unit + 1) * UNIT)):
            count += x[i] != 0
        c.first[unit] = count


cdef void nonzero_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units of UNIT elements. (`ctx` is a Nonzero.)"""
    cdef const Nonzero* c = <const Nonzero*>ctx
    cdef const real* x = <const real*>c.x
    cdef int64_t* out = c.out
    cdef Py_ssize_t unit, i, j, d, rest, first, count, end, stop, at, run, ndim = c.ndim, room = c.room
    cdef int64_t index[64]
    for unit in range(lo, hi):
        i = unit * UNIT
        stop = min(c.total, i + UNIT)
        count, end = c.first[unit], min(c.first[unit + 1], room)
        rest = i
        for d in range(ndim - 1, -1, -1):
            index[d] = rest % c.shape[d]
            rest //= c.shape[d]
        while i < stop and count < end:
            first, at = count, index[ndim - 1]
            run = min(c.shape[ndim - 1] - at, stop - i)
            # The last coordinate is written where the next one goes, without a branch, while there is room.
            for j in range(run):
                if count == end:
                    break
                out[(ndim - 1) * room + count] = at + j
                count += x[i + j] != 0
            for d in range(ndim - 1):
                for j in range(first, count):
                    out[d * room + j] = index[d]
            i += run
            index[ndim - 1] = 0
            d = ndim - 2
            while d >= 0:
                index[d] += 1
                if index[d] < c.shape[d]:
                    break
                index[d] = 0
                d -= 1


def nonzero(const real[::1] x, int64_t[::1] out, tuple sizes, /):
    """The indices of what is not zero into `out`, (ndim, room), for as many as there is room; how many there are."""
    cdef Nonzero c
    cdef Py_ssize_t n = x.shape[0], total = 1, d, units, count = 0, held
    cdef Py_ssize_t shape[64]
    c.ndim = len(sizes)
    if c.ndim < 1 or c.ndim > 64:
        raise ValueError(f"nonzero: {c.ndim} dimensions")
    for d in range(c.ndim):
        shape[d] = sizes[d]
        if shape[d] < 1 or total > n // shape[d]:
            raise ValueError(f"nonzero: {sizes} is not the shape of {n} elements")
        total *= shape[d]
    units = (total + UNIT - 1) // UNIT
    c.x, c.shape, c.total, c.room = <const char*>&x[0], shape, total, out.shape[0] // c.ndim
    c.out = &out[0] if out.shape[0] else NULL
    c.first = <Py_ssize_t*>malloc((units + 1) * sizeof(Py_ssize_t))
    if c.first == NULL:
        raise MemoryError
    parallel_for(<task_t>count_task[real], &c, units, 2)
    for d in range(units):
        held = c.first[d]
        c.first[d] = count
        count += held
    c.first[units] = count
    if c.room:
        parallel_for(<task_t>nonzero_task[real], &c, units, 2)
    free(c.first)
    return count


# ------------------------------------------------------------------------------------------------ triangles


cdef struct Triangle:
    const char* x
    char* out
    Py_ssize_t rows
    Py_ssize_t cols
    Py_ssize_t diagonal
    bint upper


cdef void triangle_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Rows lo to hi of all matrices. (`ctx` is a Triangle.)"""
    cdef const Triangle* c = <const Triangle*>ctx
    cdef Py_ssize_t row, edge, size = sizeof(element)
    cdef const char* x
    cdef char* out
    for row in range(lo, hi):
        x = c.x + row * c.cols * size
        out = c.out + row * c.cols * size
        # The first column right of the diagonal (lower), or on it (upper).
        edge = max(0, min(c.cols, row % c.rows + c.diagonal + (0 if c.upper else 1)))
        if c.upper:
            memset(out, 0, edge * size)
            memcpy(out + edge * size, x + edge * size, (c.cols - edge) * size)
        else:
            memcpy(out, x, edge * size)
            memset(out + edge * size, 0, (c.cols - edge) * size)


def triangle(
    const element[::1] x, element[::1] out, Py_ssize_t batch, Py_ssize_t rows, Py_ssize_t cols, Py_ssize_t diagonal,
    bint upper,
    /,
):
    cdef Triangle c
    cdef Py_ssize_t length = min(x.shape[0], out.shape[0])
    if batch < 1 or rows < 1 or cols < 1 or batch > length or rows > length // batch or cols > length // batch // rows:
        raise ValueError(f"triangle: ({batch}, {rows}, {cols}) does not fit a buffer of {length} elements")
    c.x, c.out, c.rows, c.cols, c.upper = <const char*>&x[0], <char*>&out[0], rows, cols, upper
    c.diagonal = max(-rows, min(cols, diagonal))
    parallel_for(<task_t>triangle_task[element], &c, batch * rows, max(1, GRAIN // cols))


def triangle_indices(int64_t[::1] out, Py_ssize_t rows, Py_ssize_t cols, Py_ssize_t diagonal, bint upper, /):
    cdef Py_ssize_t n = out.shape[0] // 2, count = 0, row, col, first, last
    diagonal = max(-rows, min(cols, diagonal))
    for row in range(0 if upper else max(0, -diagonal), min(rows, cols - diagonal) if upper else rows):  # those that are not empty
        first = max(0, min(cols, row + diagonal)) if upper else 0
        last = cols if upper else max(0, min(cols, row + diagonal + 1))
        if count + last - first > n:
            raise ValueError(f"triangle_indices: a buffer of {out.shape[0]} elements is too short")
        for col in range(first, last):
            out[count] = row
            out[n + count] = col
            count += 1
    return count


# ------------------------------------------------------------------------------------------------ counting


def one_hot(const int64_t[::1] index, int64_t[::1] out, Py_ssize_t classes, /):
    cdef Py_ssize_t n = index.shape[0], i
    if classes < 1 or (n and classes > out.shape[0] // n):
        raise ValueError(f"one_hot: ({n}, {classes}) does not fit a buffer of {out.shape[0]} elements")
    for i in range(n * classes):
        out[i] = 0
    for i in range(n):
        if <uint64_t>index[i] < <uint64_t>classes:
            out[i * classes + index[i]] = 1


def bincount(const int64_t[::1] index, int64_t[::1] out, /):
    cdef Py_ssize_t i
    for i in range(out.shape[0]):
        out[i] = 0
    for i in range(index.shape[0]):
        if <uint64_t>index[i] < <uint64_t>out.shape[0]:
            out[index[i]] += 1


# ------------------------------------------------------------------------------------------------ histograms

cdef struct Bins:
    const char* x
    const char* edges      # bins + 1, or NULL: only low, high and their number count
    const char* weight     # of each element, or NULL
    char* counts           # of each chunk bins + 1: whole numbers, or sums of weights; the last is of what lies in no bin
    Py_ssize_t bins, chunk
    double low, high


cdef void bins_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """(`ctx` is a Bins.)"""
    cdef const Bins* c = <const Bins*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef const floating* edges = <const floating*>c.edges
    cdef Py_ssize_t first = lo // c.chunk * (c.bins + 1), i, n
    cdef int64_t* counts = <int64_t*>c.counts + first
    cdef double* sums = <double*>c.counts + first
    cdef int32_t place[CHECKED]
    cdef int32_t last = <int32_t>c.bins - 1, at
    cdef bint inside
    cdef floating low = <floating>c.low, high = <floating>c.high, count = <floating>c.bins, span = high - low, p
    # Where the products would overflow, by quotients of halves; there is no bin to tell in a span of 0, whose quotients are NaN.
    cdef bint wide = span * count > <floating>(3e38 if sizeof(floating) == 4 else 1e308)
    while lo < hi:
        n = min(<Py_ssize_t>CHECKED, hi - lo)
        for i in range(n):
            inside = (x[lo + i] >= low) & (x[lo + i] <= high)    # NaN is in no bin
            if wide:
                p = (x[lo + i] / 2 - low / 2) / (high / 2 - low / 2) * count
            else:
                p = (x[lo + i] - low) * count / span
            p = p if p > 0 else <floating>0
            at = <int32_t>(p if p < last else <floating>last)
            place[i] = at if inside else last + 1
        if edges != NULL:    # rounding may have put it beside its bin
            for i in range(n):
                at = place[i]
                at -= (at <= last) & (at > 0) & (x[lo + i] < edges[at])
                at += (at < last) & (x[lo + i] >= edges[min(at, last) + 1])
                place[i] = at
        if c.weight == NULL:
            for i in range(n):
                counts[place[i]] += 1
        else:
            for i in range(n):
                sums[place[i]] += (<const floating*>c.weight)[lo + i]
        lo += n


def histogram(const floating[::1] x, const floating[::1] edges, const floating[::1] weight, floating[::1] out, double low, double high, /):
    cdef Bins c
    cdef Py_ssize_t n = x.shape[0], chunks, i, k
    cdef int64_t count
    cdef double total
    c.bins, c.low, c.high, c.edges, c.weight = out.shape[0], low, high, NULL, NULL
    if (n < 1 or c.bins < 1 or c.bins > 1 << 30 or (edges is not None and edges.shape[0] != c.bins + 1)
            or (weight is not None and weight.shape[0] < n)):
        raise ValueError(f"histogram: buffers that do not fit {n} elements and {c.bins} bins")
    c.chunk = max(<Py_ssize_t>GRAIN, (n + PARTS - 1) // PARTS, c.bins)
    chunks = (n + c.chunk - 1) // c.chunk
    c.counts = <char*>calloc(chunks * (c.bins + 1), 8)
    if c.counts == NULL:
        raise MemoryError
    c.x = <const char*>&x[0]
    if edges is not None:
        c.edges = <const char*>&edges[0]
    if weight is not None:
        c.weight = <const char*>&weight[0]
    parallel_for(<task_t>bins_task[floating], &c, n, c.chunk)
    for k in range(c.bins):
        total = count = 0
        for i in range(chunks):
            if weight is None:
                count += (<const int64_t*>c.counts)[i * (c.bins + 1) + k]
            else:
                total += (<const double*>c.counts)[i * (c.bins + 1) + k]
        out[k] = <floating>count if weight is None else <floating>total
    free(c.counts)
