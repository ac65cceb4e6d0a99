"""Sorting and selection along contiguous rows.

(a) Every element becomes an unsigned integer that orders as PyTorch orders values: NaN above all, both zeros equal.
    Inverting it makes the order descending. With the position packed below it, two are never equal, so any sort is
    stable and every selection is unique: one piece of code serves all types, sizes and orders.
(b) Rows are sorted digit by digit from the lowest (eight bits a pass, eleven for long rows; passes whose digit is
    common to all are left out), short ones by insertion. Rows of 1024 float32: 8 ns per element.
(c) Keys of 64 bits are packed into the compiler's 128-bit integer.
"""
from libc.math cimport INFINITY, nextafterf
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from inlined cimport called_void
from threads cimport import_threads, parallel_for, task_t
from types cimport floating, real

cdef extern from *:
    """
    typedef unsigned __int128 lucid_uint128;
    """
    ctypedef long long uint128 "lucid_uint128"  # declared signed, or Cython would take it for uint64_t

import_threads()

# A key and, in the lower half, a position.
ctypedef fused entry:
    uint64_t
    uint128

cdef enum:
    SHORT = 40           # rows up to this long are sorted by insertion
    LONG = 8192          # rows from this long on take eleven bits a pass
    PATIENCE = 8         # moves an element that keeping the top in order may cost before it is given up
    COUNTERS = 2048
    GRAIN = 4096         # elements a thread takes at a time
    TOGETHER = 16        # values that are searched for side by side


# ------------------------------------------------------------------------------------------------ keys


cdef inline uint64_t key_of(real x) noexcept nogil:
    """An unsigned integer of the element's width that orders as its value does."""
    cdef uint32_t bits32
    cdef uint64_t bits64
    if real is float:
        x = x + 0  # -0 becomes 0
        bits32 = (<uint32_t*>&x)[0]
        bits32 = bits32 ^ (<uint32_t>(<int32_t>bits32 >> 31) | <uint32_t>0x80000000)
        return bits32 if x == x else <uint32_t>0xFFFFFFFF
    elif real is double:
        x = x + 0
        bits64 = (<uint64_t*>&x)[0]
        bits64 = bits64 ^ (<uint64_t>(<int64_t>bits64 >> 63) | (<uint64_t>1 << 63))
        return bits64 if x == x else ~<uint64_t>0
    elif real is uint8_t:
        return x
    elif real is int8_t:
        return <uint8_t>x ^ 0x80
    elif real is int16_t:
        return <uint64_t>(<int32_t>x + 0x8000)
    elif real is int32_t:
        return <uint32_t>x ^ <uint32_t>0x80000000
    else:
        return <uint64_t>x ^ (<uint64_t>1 << 63)


cdef inline void pack(const real* x, Py_ssize_t n, bint descending, entry* out) noexcept nogil:
    cdef uint64_t flip = ~<uint64_t>0 if descending else 0
    cdef Py_ssize_t i
    if sizeof(real) < 8:
        flip &= (<uint64_t>1 << (8 * sizeof(real) % 64)) - 1
    for i in range(n):
        out[i] = (<entry>(key_of(x[i]) ^ flip) << (4 * sizeof(entry))) | <entry>i


cdef inline Py_ssize_t position(entry p) noexcept nogil:
    if entry is uint64_t:
        return <Py_ssize_t><uint32_t>p
    else:
        return <Py_ssize_t><uint64_t>p


# ------------------------------------------------------------------------------------------------ sorting


cdef void sort_short(entry* p, Py_ssize_t n) noexcept nogil:
    cdef entry value
    cdef Py_ssize_t i, j
    for i in range(1, n):
        value = p[i]
        j = i
        while j > 0 and p[j - 1] > value:
            p[j] = p[j - 1]
            j -= 1
        p[j] = value


cdef entry* sort_packed(entry* p, entry* scratch, Py_ssize_t n, int key_bits) noexcept nogil:
    """Sort by the key, equal keys as they stand. The result is one of the two arrays."""
    cdef uint32_t counts[COUNTERS]
    cdef int bits = 11 if n >= LONG and key_bits > 16 else 8
    cdef int size = 1 << bits, shift = 4 * sizeof(entry), end = shift + key_bits, d
    cdef uint32_t mask = <uint32_t>size - 1, total, count
    cdef entry* other = scratch
    cdef Py_ssize_t i
    if n <= SHORT:
        sort_short[entry](p, n)
        return p
    while shift < end:
        memset(counts, 0, size * sizeof(uint32_t))
        for i in range(n):
            counts[<uint32_t>(p[i] >> shift) & mask] += 1
        if counts[<uint32_t>(p[0] >> shift) & mask] < <uint32_t>n:
            total = 0
            for d in range(size):
                count = counts[d]
                counts[d] = total
                total += count
            for i in range(n):
                d = <int>(<uint32_t>(p[i] >> shift) & mask)
                other[counts[d]] = p[i]
                counts[d] += 1
            p, other = other, p
        shift += bits
    return p


cdef void select_packed(entry* p, Py_ssize_t n, Py_ssize_t k) noexcept nogil:
    """Reorder so that p[k] is what sorting would put there, with nothing larger before it."""
    cdef Py_ssize_t lo = 0, hi = n - 1, i, j
    cdef uint32_t seed = 1
    cdef entry pivot
    while hi - lo >= SHORT:
        seed = seed * 1664525 + 1013904223
        pivot = p[lo + <Py_ssize_t>(<uint64_t>seed * <uint64_t>(hi - lo + 1) >> 32)]
        i, j = lo, hi
        while i <= j:
            while p[i] < pivot:
                i += 1
            while p[j] > pivot:
                j -= 1
            if i <= j:
                p[i], p[j] = p[j], p[i]
                i += 1
                j -= 1
        if k <= j:
            hi = j
        elif k >= i:
            lo = i
        else:
            return
    sort_short[entry](p + lo, hi - lo + 1)


cdef inline bint few_smallest(const real* x, Py_ssize_t n, Py_ssize_t k, bint descending, entry* best) noexcept nogil:
    """The k first of the order, sorted: what is not below the last of them is passed over. False where too much is below."""
    cdef entry p
    cdef Py_ssize_t i, j, moves = PATIENCE * n
    pack[real, entry](x, k, descending, best)
    sort_short[entry](best, k)
    cdef uint64_t flip = 0
    if descending:
        flip = ~<uint64_t>0 if sizeof(real) == 8 else (<uint64_t>1 << (8 * sizeof(real) % 64)) - 1
    for i in range(k, n):
        p = (<entry>(key_of(x[i]) ^ flip) << (4 * sizeof(entry))) | <entry>i
        if p < best[k - 1]:
            j = k - 1
            while j > 0 and best[j - 1] > p:
                best[j] = best[j - 1]
                j -= 1
            best[j] = p
            moves -= k - j
            if moves < 0:
                return False
    return True


# ------------------------------------------------------------------------------------------------ rows

cdef enum:
    SORT
    TOPK
    KTHVALUE
    MEDIAN
    NANMEDIAN
    MODE

codes = {"kthvalue": KTHVALUE, "median": MEDIAN, "nanmedian": NANMEDIAN, "mode": MODE}

cdef struct Rows:
    int op
    const char* x
    char* values
    int64_t* index
    Py_ssize_t n
    Py_ssize_t k
    bint descending
    bint ordered
    bint failed            # set by the task: out of memory


cdef Py_ssize_t rank_of(const Rows* c, const real* x) noexcept nogil:
    """The rank a selection asks for, or -1 - i where element i is the answer at once."""
    cdef Py_ssize_t known = c.n, i
    if c.op == KTHVALUE:
        return c.k
    if real is float or real is double:
        if c.op == MEDIAN:
            for i in range(c.n):
                if x[i] != x[i]:
                    return -1 - i
        else:
            known = 0
            for i in range(c.n):
                known += x[i] == x[i]
            if known == 0:
                return -1
    return (known - 1) // 2


cdef inline Py_ssize_t mode_of(const real* x, const entry* p, Py_ssize_t n) noexcept nogil:
    """Position of the last of the longest run of equals, the lowest value among the longest."""
    cdef Py_ssize_t i, run = 0, longest = 0, at = 0
    for i in range(n):
        run = run + 1 if i > 0 and x[position[entry](p[i])] == x[position[entry](p[i - 1])] else 1
        if run > longest:
            longest = run
            at = position[entry](p[i])
    return at


cdef inline void rows_loop(Rows* c, real* tag, entry* p, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef entry* scratch = p + c.n
    cdef entry* order
    cdef const real* x
    cdef real* values
    cdef int64_t* index
    cdef Py_ssize_t row, i, count = c.k if c.op == TOPK else c.n if c.op == SORT else 1, at
    for row in range(lo, hi):
        x = <const real*>c.x + row * c.n
        values = <real*>c.values + row * count
        index = c.index + row * count
        order = p
        if c.op == SORT:
            pack[real, entry](x, c.n, c.descending, p)
            order = sort_packed[entry](p, scratch, c.n, 8 * sizeof(real))
        elif c.op == TOPK:
            # Few of many are kept in order while scanning: 50 of 32000 logits in 44 us rather than 67.
            if c.k * c.k > 2 * c.n or not few_smallest[real, entry](x, c.n, c.k, c.descending, p):
                pack[real, entry](x, c.n, c.descending, p)
                select_packed[entry](p, c.n, c.k - 1)
                if c.ordered:
                    order = sort_packed[entry](p, scratch, c.k, 8 * sizeof(real))
        elif c.op == MODE:
            pack[real, entry](x, c.n, False, p)
            order = sort_packed[entry](p, scratch, c.n, 8 * sizeof(real))
            p[0] = <entry>mode_of[real, entry](x, order, c.n)
            order = p
        else:
            at = rank_of(c, x)
            if at >= 0:
                pack[real, entry](x, c.n, False, p)
                select_packed[entry](p, c.n, at)
                at = position[entry](p[at])
            else:
                at = -1 - at
            p[0] = <entry>at
        for i in range(count):
            at = position[entry](order[i])
            index[i] = at
            values[i] = x[at]


cdef void rows_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Rows lo to hi. (`ctx` is a Rows.)"""
    cdef Rows* c = <Rows*>ctx
    cdef Py_ssize_t item = sizeof(uint128) if sizeof(real) == 8 else sizeof(uint64_t)
    cdef char short_rows[2 * SHORT * 16]
    cdef char* memory = short_rows
    if c.n > SHORT:
        memory = <char*>malloc(2 * c.n * item)
        if memory == NULL:
            c.failed = True
            return
    if real is double or real is int64_t:
        rows_loop[real, uint128](c, NULL, <uint128*>memory, lo, hi)
    else:
        rows_loop[real, uint64_t](c, NULL, <uint64_t*>memory, lo, hi)
    if memory != short_rows:
        free(memory)


cdef int check_sizes(Py_ssize_t length, Py_ssize_t rows, Py_ssize_t n) except -1:
    """Raise unless a buffer of `length` elements holds (rows, n)."""
    if rows < 1 or n < 1 or rows > length or n > length // rows:
        raise ValueError(f"sort: ({rows}, {n}) does not fit a buffer of {length} elements")
    return 0


cdef int run(
    Rows* c, real* tag, const real[::1] x, real[::1] values, int64_t[::1] index, Py_ssize_t rows, Py_ssize_t n,
    Py_ssize_t count,
) except -1:
    check_sizes(x.shape[0], rows, n)
    check_sizes(min(values.shape[0], index.shape[0]), rows, count)
    if n > 0xFFFFFFFF:
        raise ValueError(f"sort: a row of {n} elements; 2**32 - 1 at most")
    c.x, c.values, c.index, c.n, c.failed = <const char*>&x[0], <char*>&values[0], &index[0], n, False
    parallel_for(<task_t>rows_task[real], c, rows, max(1, GRAIN // n))
    if c.failed:
        raise MemoryError
    return 0


def sort(
    const real[::1] x, real[::1] values, int64_t[::1] index, Py_ssize_t rows, Py_ssize_t n, bint descending=False,
    /,
):
    cdef Rows c
    c.op, c.descending = SORT, descending
    run[real](&c, NULL, x, values, index, rows, n, n)


def topk(
    const real[::1] x, real[::1] values, int64_t[::1] index, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t k,
    bint largest=True, bint ordered=True,
    /,
):
    cdef Rows c
    if k < 1 or k > n:
        raise ValueError(f"topk: {k} of {n}")
    c.op, c.k, c.descending, c.ordered = TOPK, k, largest, ordered
    run[real](&c, NULL, x, values, index, rows, n, k)


def select(
    const real[::1] x, real[::1] values, int64_t[::1] index, Py_ssize_t rows, Py_ssize_t n, int op, Py_ssize_t k=1,
    /,
):
    cdef Rows c
    if op < KTHVALUE or op > MODE:
        raise ValueError(f"select: no op {op}")
    if k < 1 or k > n:
        raise ValueError(f"kthvalue: {k} of {n}")
    c.op, c.k = op, k - 1
    run[real](&c, NULL, x, values, index, rows, n, 1)


# ------------------------------------------------------------------------------------------------ sorted data

cdef struct Search:
    const char* edges
    const char* x
    const int64_t* sorter
    int64_t* out
    Py_ssize_t n
    Py_ssize_t m
    bint shared            # one row of edges for all
    bint ascend            # which ascend
    bint right


cdef inline Py_ssize_t behind(real edge, real x, Py_ssize_t right) noexcept nogil:
    """1 where a value belongs behind an edge, or a NaN is in play; without a branch, which nobody could foresee."""
    return <Py_ssize_t>(not edge > x) & (<Py_ssize_t>(edge != x) | right)


cdef void search_ascending(const real* edges, Py_ssize_t n, Py_ssize_t right, const real* x, int64_t* out,
                           Py_ssize_t m) noexcept nogil:
    """As many steps for every value, and for some values side by side, as each step waits for the one before it."""
    cdef Py_ssize_t first[TOGETHER]
    cdef Py_ssize_t i, left, half
    for i in range(m):
        first[i] = 0
    left = n
    while left > 1:
        half = left >> 1
        for i in range(m):
            first[i] += half & -behind(edges[first[i] + half - 1], x[i], right)
        left -= half
    for i in range(m):
        out[i] = first[i] + behind(edges[first[i]], x[i], right)


cdef void search_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Values lo to hi. (`ctx` is a Search.)"""
    cdef const Search* c = <const Search*>ctx
    cdef const real* edges
    cdef const int64_t* sorter = NULL
    cdef real x
    cdef Py_ssize_t i, first, left, half, start, right = c.right
    if c.ascend:
        while lo < hi:
            left = min(<Py_ssize_t>TOGETHER, hi - lo)
            search_ascending(<const real*>c.edges, c.n, right, <const real*>c.x + lo, c.out + lo, left)
            lo += left
        return
    for i in range(lo, hi):
        start = 0 if c.shared else i // c.m * c.n
        edges = <const real*>c.edges + start
        x = (<const real*>c.x)[i]
        first, left = 0, c.n
        if c.sorter != NULL:
            sorter = c.sorter + start
        while left > 0:
            half = left >> 1
            if behind(edges[first + half if sorter == NULL else sorter[first + half]], x, right):
                first += half + 1
                left -= half + 1
            else:
                left = half
        c.out[i] = first


def searchsorted(
    const real[::1] edges, const real[::1] x, int64_t[::1] out, Py_ssize_t edge_rows, Py_ssize_t n, Py_ssize_t rows,
    Py_ssize_t m, bint right=False, const int64_t[::1] sorter=None,
    /,
):
    cdef Search c
    cdef Py_ssize_t i
    check_sizes(edges.shape[0], edge_rows, n)
    check_sizes(min(x.shape[0], out.shape[0]), rows, m)
    if edge_rows != 1 and edge_rows != rows:
        raise ValueError(f"searchsorted: {edge_rows} rows of edges for {rows} rows of values")
    c.sorter = NULL
    if sorter is not None:
        check_sizes(sorter.shape[0], edge_rows, n)
        for i in range(edge_rows * n):
            if sorter[i] < 0 or sorter[i] >= n:
                raise ValueError(f"searchsorted: sorter index {sorter[i]} out of range for {n} edges")
        c.sorter = &sorter[0]
    c.edges, c.x, c.out, c.n, c.m = <const char*>&edges[0], <const char*>&x[0], &out[0], n, m
    c.shared, c.right = edge_rows == 1, right
    c.ascend = edge_rows == 1 and 0 < n <= rows * m and sorter is None
    for i in range(1, n if c.ascend else 0):    # others, NaN among them, are searched the way that PyTorch goes
        if not edges[i - 1] <= edges[i]:
            c.ascend = False
            break
    parallel_for(<task_t>search_task[real], &c, rows * m, GRAIN)


def runs(const real[::1] x, real[::1] values, int64_t[::1] counts=None, int64_t[::1] inverse=None,
         const int64_t[::1] index=None, /):
    cdef Py_ssize_t n = x.shape[0], i, count = 0
    if n < 1 or values.shape[0] < n or (counts is None) != (inverse is None) or (
            counts is not None and min(counts.shape[0], inverse.shape[0]) < n) or (
            index is not None and (counts is None or index.shape[0] < n)):
        raise ValueError(f"runs: buffers shorter than {n} elements")
    if counts is None:
        values[0] = x[0]
        count = 1
        for i in range(1, n):    # without branches, which nobody could foresee: what begins no run is written over
            values[count] = x[i]
            count += not x[i] == x[i - 1]
        return count
    for i in range(n):
        if i == 0 or not x[i] == x[i - 1]:
            values[count] = x[i]
            counts[count] = 0
            count += 1
        counts[count - 1] += 1
        if index is None:
            inverse[i] = count - 1
        elif 0 <= index[i] < n:
            inverse[index[i]] = count - 1
    return count


# ------------------------------------------------------------------------------------------------ boxes


cdef called_void drop(const floating* one, const floating* left, const floating* top, const floating* right, const floating* bottom,
                      const floating* area, floating* dropped, Py_ssize_t n, floating limit) noexcept nogil:
    """Mark those of n boxes that overlap one by more than a part of their union; NaN loses each comparison."""
    cdef Py_ssize_t i
    cdef floating width, height, inner
    for i in range(n):
        width = (right[i] if right[i] < one[2] else one[2]) - (left[i] if one[0] < left[i] else one[0])
        height = (bottom[i] if bottom[i] < one[3] else one[3]) - (top[i] if one[1] < top[i] else one[1])
        inner = (width if width > 0 else <floating>0) * (height if height > 0 else <floating>0)
        dropped[i] = 1 if inner / (one[4] + area[i] - inner) > limit else dropped[i]


def nms(const floating[::1] boxes, const int64_t[::1] order, double threshold, floating[::1] room, int64_t[::1] kept, /):
    cdef Py_ssize_t n = order.shape[0], count = 0, i, k
    cdef floating one[5]
    cdef floating limit = <floating>threshold
    cdef floating* column[6]
    if n < 1 or boxes.shape[0] // 4 < n or room.shape[0] // 6 < n or kept.shape[0] < n:
        raise ValueError(f"nms: buffers shorter than {n} boxes")
    if limit > threshold:   # the largest that is not, or what lies between were taken for more
        limit = nextafterf(limit, -INFINITY)
    for k in range(6):
        column[k] = &room[k * n]
    for i in range(n):
        if not 0 <= order[i] < n:
            raise ValueError(f"nms: there is no box {order[i]} of {n}")
        for k in range(4):
            column[k][i] = boxes[4 * order[i] + k]
        column[4][i] = (column[2][i] - column[0][i]) * (column[3][i] - column[1][i])
        column[5][i] = 0
    with nogil:
        for i in range(n):
            if column[5][i] == 0:
                kept[count] = order[i]
                count += 1
                for k in range(5):
                    one[k] = column[k][i]
                drop(one, column[0] + i + 1, column[1] + i + 1, column[2] + i + 1, column[3] + i + 1, column[4] + i + 1,
                     column[5] + i + 1, n - i - 1, limit)
    return count
