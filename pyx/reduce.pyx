"""Reductions and scans over the middle axis of a folded (outer, axis, inner) array.

(a) A reduction is two rules: `f(x, p)` brings one element to the accumulator's type, `join(a, b)` puts two
    together. `fold_rows` runs them down the rows of a matrix, eight as a tree and then into the accumulators: columns
    are the vector lanes, whatever the op. A new op is one instance of it, three lines, and its code.
(b) The rest sees only that instance, by pointer, so there is one copy of it for all ops and types. A contiguous row
    is the same matrix, LANES columns wide, whose results are joined; rows shorter than that are transposed.
(c) Sums are pairwise where it counts: eight rows as a tree, 128 rows in sequence, blocks of 128 pairwise.
(d) Work is cut into units (outer index, block of columns, segment of the axis) by the sizes alone, and what they
    leave is joined in order: the same bits at any number of threads.
(e) Variance is two passes in double precision, products, cumsum and cumprod carry double: as exact as PyTorch's.
"""
from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from inlined cimport called_void, inlined_void
from math cimport abs_, add_, exp_negative_, log_, logaddexp_, maximum_, minimum_, mul_, pow_, sqrt_
from threads cimport import_threads, parallel_for, task_t
from types cimport element, floating, integer, number, real

import_threads()

cdef enum:
    SUM
    MEAN
    NANSUM
    PROD
    AMAX
    AMIN
    ANY
    ALL
    COUNT_NONZERO
    LOGSUMEXP
    NORM_0
    NORM_1
    NORM_2
    NORM_P
    NORM_INF
    NORM_MINUS_INF
    ARGMAX
    ARGMIN
    CUMSUM
    CUMPROD
    CUMMAX
    CUMMIN
    LOGCUMSUMEXP

codes = {
    "sum": SUM, "mean": MEAN, "nansum": NANSUM, "prod": PROD, "amax": AMAX, "amin": AMIN, "any": ANY, "all": ALL,
    "count_nonzero": COUNT_NONZERO, "logsumexp": LOGSUMEXP, "norm_0": NORM_0, "norm_1": NORM_1, "norm_2": NORM_2,
    "norm_p": NORM_P, "norm_inf": NORM_INF, "norm_minus_inf": NORM_MINUS_INF, "argmax": ARGMAX, "argmin": ARGMIN,
    "cumsum": CUMSUM, "cumprod": CUMPROD, "cummax": CUMMAX, "cummin": CUMMIN, "logcumsumexp": LOGCUMSUMEXP,
}

cdef enum:
    LANES = 32           # columns folded at once
    TILE = 64            # short rows transposed at once
    SHORT = 32           # shorter rows are folded as columns of a tile
    WIDTH = 512          # columns of one unit of work
    SEARCHED = 128       # the same where an extreme is looked for
    BLOCK_ROWS = 128     # rows joined in sequence, eight at a time
    GRAIN = 65536        # elements a thread takes at a time
    COSTLY_GRAIN = 4096  # the same for rules with an exp or pow
    MAX_SEGMENTS = 64

# The accumulator, where it is not of the elements' type.
ctypedef fused accum:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double

# What a scan stores.
ctypedef fused target:
    int64_t
    float
    double


# ------------------------------------------------------------------------------------------------ rules


cdef inline accum same_(real x, accum p) noexcept nogil:
    return <accum>x

cdef inline accum known_(real x, accum p) noexcept nogil:
    return <accum>x if x == x else <accum>0

cdef inline accum nonzero_(real x, accum p) noexcept nogil:
    return <accum>(x != 0)

cdef inline accum magnitude_(real x, accum p) noexcept nogil:
    return <accum>abs_(x)

cdef inline accum square_(real x, accum p) noexcept nogil:
    return <accum>x * <accum>x

cdef inline accum deviation_(real x, accum p) noexcept nogil:
    return (<accum>x - p) * (<accum>x - p)

cdef inline floating power_(floating x, floating p) noexcept nogil:
    return pow_(abs_(x), p)

cdef inline floating exp_below_(floating x, floating p) noexcept nogil:
    return exp_negative_(p - x)

cdef inline real either_(real a, real b) noexcept nogil:
    """Of two numbers that are equal or of which one is NaN, the NaN: its bits with those of the other."""
    cdef int32_t bits
    cdef int64_t bits_
    if real is float:
        bits = (<int32_t*>&a)[0] | (<int32_t*>&b)[0]
        return (<float*>&bits)[0]
    elif real is double:
        bits_ = (<int64_t*>&a)[0] | (<int64_t*>&b)[0]
        return (<double*>&bits_)[0]
    else:
        return a

# An instruction gives its second operand where one is NaN, so both orders are asked for. (As `maximum_` has it, gcc splits the
# tree of joins at every NaN there may be: rows of 1024 took 1.2 times as long.)
cdef inline real greater_(real a, real b) noexcept nogil:
    return either_(b if b > a else a, a if a > b else b)

cdef inline real less_(real a, real b) noexcept nogil:
    return either_(b if b < a else a, a if a < b else b)

cdef inline uint8_t or_(uint8_t a, uint8_t b) noexcept nogil:
    return a | b

cdef inline uint8_t and_(uint8_t a, uint8_t b) noexcept nogil:
    return a & b

cdef inline real lowest(real tag) noexcept nogil:
    """Below every value of this type."""
    if real is float or real is double:
        return -<real>INFINITY
    elif real is uint8_t:
        return 0
    else:
        return <real>(<int64_t>1 << (8 * sizeof(real) - 1))

cdef inline real highest(real tag) noexcept nogil:
    if real is float or real is double:
        return <real>INFINITY
    elif real is uint8_t:
        return 255
    else:
        return <real>~(<int64_t>1 << (8 * sizeof(real) - 1))


# ------------------------------------------------------------------------------------------------ rows of an op


# Not 0 in the first half: which lanes count, seen from n before the middle on. (With a comparison of j, gcc makes a loop of its
# own for whole rows, and leaves that scalar: sums of rows of 64 took twice as long.)
cdef char window[16 * LANES]
memset(window, 0xff, 8 * LANES)


cdef inline inlined_void fold_rows(
    accum (*f)(real, accum) noexcept nogil, accum (*join)(accum, accum) noexcept nogil, accum identity, const real* x,
    Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const accum* p, accum* out, bint start,
) noexcept nogil:
    """out[j] = join(out[j], f(x[k, j], p[j])) for each row k, without out[j] before if this is the start.

    One contiguous column is folded as LANES of them, whose results are joined. All loops but those of what is left over
    are of constant length: the code is a third of what it is otherwise, and as fast for short rows as for long ones.
    """
    cdef accum lanes[LANES]
    cdef accum before[LANES]
    cdef accum q[LANES]    # of no cost to a rule that takes no parameter
    cdef real part[LANES]
    cdef Py_ssize_t at = 0, full, step, n, count, k, j
    cdef bint one = width == 1 and stride == 1
    cdef const real* r
    cdef const real* row
    cdef const accum* counts
    while at < width:
        r = x + at
        count = n = min(LANES, width - at)
        step = stride
        full = rows if n == LANES else 0
        if one:
            full, step, n = rows // LANES, LANES, rows % LANES
        for j in range(LANES):
            lanes[j] = identity
            q[j] = p[at + (j if j < count else 0)]
        k = 0
        while k + 8 <= full:
            for j in range(LANES):
                lanes[j] = join(lanes[j], join(
                    join(join(f(r[j], q[j]), f(r[j + step], q[j])),
                         join(f(r[j + 2 * step], q[j]), f(r[j + 3 * step], q[j]))),
                    join(join(f(r[j + 4 * step], q[j]), f(r[j + 5 * step], q[j])),
                         join(f(r[j + 6 * step], q[j]), f(r[j + 7 * step], q[j])))))
            r += 8 * step
            k += 8
        while k < full + (n > 0) if one else k < rows:
            row = r
            # What is read beyond the last lane that counts is not looked at, and there unless a page ends before: rows of 49 are
            # summed in two thirds of the time.
            if k >= full and (<uintptr_t>r & 4095) > 4096 - sizeof(part):
                memcpy(part, r, n * sizeof(real))
                row = part
            counts = <const accum*>(window + 8 * LANES) - (LANES if k < full else n)
            for j in range(LANES):
                lanes[j] = join(lanes[j], f(row[j], q[j])) if counts[j] != 0 else lanes[j]
            r += step
            k += 1
        if one:
            fold_lanes(join, lanes)
            out[0] = lanes[0] if start else join(out[0], lanes[0])
            return
        if not start:
            memcpy(before, out + at, count * sizeof(accum))
            for j in range(LANES):
                lanes[j] = join(before[j], lanes[j])
        memcpy(out + at, lanes, count * sizeof(accum))
        at += LANES


cdef inline inlined_void fold_lanes(accum (*join)(accum, accum) noexcept nogil, accum* lanes) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(16):
        lanes[j] = join(lanes[j], lanes[j + 16])
    for j in range(8):
        lanes[j] = join(lanes[j], lanes[j + 8])
    for j in range(4):
        lanes[j] = join(lanes[j], lanes[j + 4])
    lanes[0] = join(join(lanes[0], lanes[2]), join(lanes[1], lanes[3]))


ctypedef void (*rows_t)(
    const void* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const void* p, void* out,
    bint start,
) noexcept nogil


cdef void sum_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[floating, floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void nansum_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(known_[floating, floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void prod_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const double* p, double* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[floating, double], mul_[double], <double>1, x, rows, stride, width, p, out, start)


cdef void amax_rows(
    const real* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const real* p, real* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[real, real], greater_[real], lowest(<real>0), x, rows, stride, width, p, out, start)


cdef void amin_rows(
    const real* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const real* p, real* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[real, real], less_[real], highest(<real>0), x, rows, stride, width, p, out, start)


cdef void nonzero_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(nonzero_[floating, floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void magnitude_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(magnitude_[floating, floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void square_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(square_[floating, floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void power_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(power_[floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void magnitude_max_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(magnitude_[floating, floating], maximum_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void magnitude_min_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(magnitude_[floating, floating], minimum_[floating], <floating>INFINITY, x, rows, stride, width, p, out,
              start)


cdef void exp_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const floating* p, floating* out,
    bint start,
) noexcept nogil:
    fold_rows(exp_below_[floating], add_[floating], <floating>0, x, rows, stride, width, p, out, start)


cdef void sum_double_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const double* p, double* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[floating, double], add_[double], <double>0, x, rows, stride, width, p, out, start)


cdef void deviation_rows(
    const floating* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const double* p, double* out,
    bint start,
) noexcept nogil:
    fold_rows(deviation_[floating, double], add_[double], <double>0, x, rows, stride, width, p, out, start)


cdef void sum_long_rows(
    const integer* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const int64_t* p, int64_t* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[integer, int64_t], add_[int64_t], <int64_t>0, x, rows, stride, width, p, out, start)


cdef void prod_long_rows(
    const integer* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const int64_t* p, int64_t* out,
    bint start,
) noexcept nogil:
    fold_rows(same_[integer, int64_t], mul_[int64_t], <int64_t>1, x, rows, stride, width, p, out, start)


cdef void count_rows(
    const real* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const int64_t* p, int64_t* out,
    bint start,
) noexcept nogil:
    fold_rows(nonzero_[real, int64_t], add_[int64_t], <int64_t>0, x, rows, stride, width, p, out, start)


cdef void any_rows(
    const real* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const uint8_t* p, uint8_t* out,
    bint start,
) noexcept nogil:
    fold_rows(nonzero_[real, uint8_t], or_, <uint8_t>0, x, rows, stride, width, p, out, start)


cdef void all_rows(
    const real* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const uint8_t* p, uint8_t* out,
    bint start,
) noexcept nogil:
    fold_rows(nonzero_[real, uint8_t], and_, <uint8_t>1, x, rows, stride, width, p, out, start)


cdef rows_t float_rows(floating* tag, int op) noexcept:
    """The rows of an op whose accumulator is of the elements' own type."""
    if op == SUM or op == MEAN:
        return <rows_t>sum_rows[floating]
    if op == NANSUM:
        return <rows_t>nansum_rows[floating]
    if op == NORM_0:
        return <rows_t>nonzero_rows[floating]
    if op == NORM_1:
        return <rows_t>magnitude_rows[floating]
    if op == NORM_2:
        return <rows_t>square_rows[floating]
    if op == NORM_P:
        return <rows_t>power_rows[floating]
    if op == NORM_INF:
        return <rows_t>magnitude_max_rows[floating]
    if op == NORM_MINUS_INF:
        return <rows_t>magnitude_min_rows[floating]
    if op == LOGSUMEXP:
        return <rows_t>exp_rows[floating]
    return NULL


cdef rows_t float_join(floating* tag, int op) noexcept:
    """The rows that join partial results of an op of `float_rows`."""
    if op == NORM_INF:
        return <rows_t>amax_rows[floating]
    if op == NORM_MINUS_INF:
        return <rows_t>amin_rows[floating]
    return <rows_t>sum_rows[floating]


# ------------------------------------------------------------------------------------------------ scaffolding

cdef struct Fold:
    rows_t rows            # the op's
    rows_t join            # of its partial results
    Py_ssize_t x_size      # bytes of an element
    Py_ssize_t size        # and of a result
    const char* x
    const char* p          # one parameter per result; the results themselves where an op has none
    char* out              # (outer, inner), or (outer, segments, inner) partial results
    Py_ssize_t axis
    Py_ssize_t inner
    Py_ssize_t blocks      # of at most WIDTH columns
    Py_ssize_t segments    # of the axis
    Py_ssize_t segment_rows


cdef void fold_pairwise(
    const Fold* c, const char* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const char* p, char* out,
) noexcept nogil:
    """out[j] = all rows joined: short blocks in sequence, blocks pairwise."""
    cdef double partial[LANES * SHORT]
    cdef Py_ssize_t half, block = LANES if width == 1 and stride == 1 else 1
    if rows <= BLOCK_ROWS * block:
        c.rows(x, rows, stride, width, p, out, True)
        return
    half = (rows // 2 + 8 * block - 1) // (8 * block) * (8 * block)
    fold_pairwise(c, x, half, stride, width, p, out)
    fold_pairwise(c, x + half * stride * c.x_size, rows - half, stride, width, p, <char*>partial)
    c.join(partial, 1, width, width, partial, out, False)


cdef void fold_slab(
    const Fold* c, const char* x, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width, const char* p, char* out,
) noexcept nogil:
    """out[j] = all rows joined; a narrow contiguous slab is seen as a wider one, a multiple of the vector lanes."""
    cdef double lanes[LANES * SHORT]
    cdef double lane_p[LANES * SHORT]
    cdef Py_ssize_t group = LANES, wide, wide_rows, j
    if stride != width or width == 1 or width > SHORT or rows < LANES:
        fold_pairwise(c, x, rows, stride, width, p, out)
        return
    while group > 1 and width * (group // 2) % LANES == 0:
        group //= 2
    wide = group * width
    wide_rows = rows // group
    if p != out:
        for j in range(group):
            memcpy(<char*>lane_p + j * width * c.size, p, width * c.size)
    fold_pairwise(c, x, wide_rows, wide, wide, <char*>lane_p, <char*>lanes)
    c.join(lanes, group, width, width, lanes, out, True)
    if rows > wide_rows * group:
        c.rows(x + wide_rows * wide * c.x_size, rows - wide_rows * group, width, width, p, out, False)


cdef inline void transpose(const element* x, Py_ssize_t rows, Py_ssize_t columns, element* y) noexcept nogil:
    if rows == TILE and columns == 8:  # constant sizes: vectors are permuted, not elements moved
        transpose_block(x, 8, y)
    elif rows == TILE and columns == 4:
        transpose_block(x, 4, y)
    elif rows == TILE and columns == 2:
        transpose_block(x, 2, y)
    elif rows == TILE and columns == 16:
        transpose_block(x, 8, y, 16)
        transpose_block(x + 8, 8, y + 8 * TILE, 16)
    else:
        transpose_any(x, rows, columns, y)


cdef inline inlined_void transpose_block(
    const element* x, Py_ssize_t columns, element* y, Py_ssize_t step=0
) noexcept nogil:
    cdef Py_ssize_t i, j
    step = step if step else columns
    for i in range(TILE):
        for j in range(columns):
            y[j * TILE + i] = x[i * step + j]


cdef inline void transpose_any(const element* x, Py_ssize_t rows, Py_ssize_t columns, element* y) noexcept nogil:
    cdef Py_ssize_t i, j
    for j in range(columns):
        for i in range(rows):
            y[j * rows + i] = x[i * columns + j]


cdef void fold_short_rows(const Fold* c, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Contiguous rows shorter than the vector lanes: transposed, sixty-four at a time."""
    cdef double tile[TILE * SHORT]
    cdef Py_ssize_t o = lo, count
    cdef const char* x
    while o < hi:
        count = min(TILE, hi - o)
        x = c.x + o * c.axis * c.x_size
        if c.x_size == 1:
            transpose[uint8_t](<const uint8_t*>x, count, c.axis, <uint8_t*>tile)
        elif c.x_size == 2:
            transpose[int16_t](<const int16_t*>x, count, c.axis, <int16_t*>tile)
        elif c.x_size == 4:
            transpose[int32_t](<const int32_t*>x, count, c.axis, <int32_t*>tile)
        else:
            transpose[int64_t](<const int64_t*>x, count, c.axis, <int64_t*>tile)
        c.rows(tile, c.axis, count, count, c.p + o * c.size, c.out + o * c.size, True)
        o += count


cdef void fold_task(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef const Fold* c = <const Fold*>ctx
    cdef Py_ssize_t unit, o, s, column, row, at
    if c.inner == 1 and c.axis < SHORT and c.segments == 1 and hi - lo >= 8:
        fold_short_rows(c, lo, hi)
        return
    if c.inner == 1 and c.segments == 1 and c.axis <= BLOCK_ROWS * LANES:    # what the rest comes to
        for unit in range(lo, hi):
            c.rows(c.x + unit * c.axis * c.x_size, c.axis, 1, 1, c.p + unit * c.size, c.out + unit * c.size, True)
        return
    if c.segments == 1 and c.blocks == 1:
        for unit in range(lo, hi):
            at = unit * c.inner * c.size
            fold_slab(c, c.x + unit * c.axis * c.inner * c.x_size, c.axis, c.inner, c.inner, c.p + at, c.out + at)
        return
    for unit in range(lo, hi):
        o = unit // (c.segments * c.blocks)
        s = unit // c.blocks % c.segments
        column = unit % c.blocks * WIDTH
        row = s * c.segment_rows
        at = ((o * c.segments + s) * c.inner + column) * c.size
        fold_slab(c, c.x + ((o * c.axis + row) * c.inner + column) * c.x_size, min(c.segment_rows, c.axis - row),
                  c.inner, min(WIDTH, c.inner - column),
                  c.out + at if c.p == c.out else <char*>c.p + (o * c.inner + column) * c.size, c.out + at)


cdef int fold(
    rows_t rows, rows_t join, const void* x, Py_ssize_t x_size, void* out, Py_ssize_t size, const void* p,
    Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, Py_ssize_t grain,
) except -1:
    """Run a reduction: cut it into units, join what they leave."""
    cdef Fold c
    cdef Py_ssize_t o
    if rows == NULL:
        raise ValueError("reduce: no such op for these types")
    c.rows, c.join, c.x_size, c.size = rows, join, x_size, size
    c.x, c.out = <const char*>x, <char*>out
    c.axis, c.inner = axis, inner
    c.blocks = (inner + WIDTH - 1) // WIDTH
    c.segments = 1
    if outer * c.blocks < 16:
        c.segments = max(1, min(MAX_SEGMENTS, axis * min(inner, WIDTH) // grain))
    c.segment_rows = (axis + c.segments - 1) // c.segments
    if c.segments > 1:
        c.segments = (axis + c.segment_rows - 1) // c.segment_rows
        c.out = <char*>malloc(outer * c.segments * inner * size)
        if c.out == NULL:
            raise MemoryError
    c.p = c.out if p == NULL else <char*>p
    parallel_for(fold_task, &c, outer * c.blocks * c.segments, max(1, grain // (c.segment_rows * min(inner, WIDTH))))
    if c.segments > 1:
        for o in range(outer):
            join(c.out + o * c.segments * inner * size, c.segments, inner, inner, c.out,
                 <char*>out + o * inner * size, True)
        free(c.out)
    return 0


cdef inline int check_sizes(
    Py_ssize_t x, Py_ssize_t out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, Py_ssize_t kept
) except -1:
    """Raise unless buffers of `x` and `out` elements hold (outer, axis, inner) and (outer, kept, inner)."""
    if (outer < 1 or axis < 1 or inner < 1 or outer > x or axis > x // outer or inner > x // outer // axis
            or outer * kept * inner > out):
        raise ValueError(f"reduce: ({outer}, {axis}, {inner}) does not fit buffers of {x} and {out} elements")
    return 0


# ------------------------------------------------------------------------------------------------ reductions


cdef void finish(floating* out, const floating* high, Py_ssize_t n, Py_ssize_t axis, int op, double p) noexcept nogil:
    """What an op does once to each result."""
    cdef Py_ssize_t i
    if op == MEAN:
        for i in range(n):
            out[i] /= <floating>axis
    elif op == NORM_2:
        for i in range(n):
            out[i] = sqrt_(out[i])
    elif op == NORM_P:
        for i in range(n):
            out[i] = pow_(out[i], <floating>(1 / p))
    elif op == LOGSUMEXP:
        for i in range(n):
            out[i] = high[i] if high[i] == <floating>INFINITY else log_(out[i]) + high[i]


cdef int reduced(
    const real* x, real* out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, double p,
) except -1:
    cdef Py_ssize_t n = outer * inner, i
    cdef real* parameter = NULL
    cdef double* products
    if op == AMAX:
        fold(<rows_t>amax_rows[real], <rows_t>amax_rows[real], x, sizeof(real), out, sizeof(real), NULL,
             outer, axis, inner, GRAIN)
    elif op == AMIN:
        fold(<rows_t>amin_rows[real], <rows_t>amin_rows[real], x, sizeof(real), out, sizeof(real), NULL,
             outer, axis, inner, GRAIN)
    elif real in floating and op == PROD:
        # In double: a partial product must not overflow, nor vanish, where the whole does not.
        products = <double*>malloc(n * sizeof(double))
        if products == NULL:
            raise MemoryError
        try:
            fold(<rows_t>prod_rows[real], <rows_t>prod_rows[double], x, sizeof(real), products, sizeof(double), NULL,
                 outer, axis, inner, GRAIN)
            for i in range(n):
                out[i] = <real>products[i]
        finally:
            free(products)
    elif real in floating:
        if op == LOGSUMEXP or op == NORM_P:
            parameter = <real*>malloc(n * sizeof(real))
            if parameter == NULL:
                raise MemoryError
        try:
            if op == LOGSUMEXP:
                # exp(x - max) cannot overflow; of a maximum of -inf it would be NaN, and +inf is put in at the end.
                fold(<rows_t>amax_rows[real], <rows_t>amax_rows[real], x, sizeof(real), parameter, sizeof(real),
                     NULL, outer, axis, inner, GRAIN)
                for i in range(n):
                    if parameter[i] == -<real>INFINITY:
                        parameter[i] = 0
            elif op == NORM_P:
                for i in range(n):
                    parameter[i] = <real>p
            fold(float_rows(<real*>NULL, op), float_join(<real*>NULL, op), x, sizeof(real), out, sizeof(real),
                 parameter, outer, axis, inner, COSTLY_GRAIN if parameter != NULL else GRAIN)
            finish(out, parameter, n, axis, op, p)
        finally:
            free(parameter)
    else:
        raise ValueError(f"reduce: op {op} does not exist for integers")
    return 0


def reduce(
    const real[::1] x, real[::1] out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, double p=2,
    /,
):
    check_sizes(x.shape[0], out.shape[0], outer, axis, inner, 1)
    reduced(&x[0], &out[0], outer, axis, inner, op, p)


cdef int reduced_long(
    const real* x, int64_t* out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, double p,
) except -1:
    cdef rows_t rows = <rows_t>count_rows[real] if op == COUNT_NONZERO else NULL
    if real in integer:
        if op == SUM:
            rows = <rows_t>sum_long_rows[real]
        elif op == PROD:
            rows = <rows_t>prod_long_rows[real]
    fold(rows, <rows_t>prod_long_rows[int64_t] if op == PROD else <rows_t>sum_long_rows[int64_t], x, sizeof(real),
         out, sizeof(int64_t), NULL, outer, axis, inner, GRAIN)
    return 0


def reduce_long(
    const real[::1] x, int64_t[::1] out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op,
    /,
):
    check_sizes(x.shape[0], out.shape[0], outer, axis, inner, 1)
    reduced_long(&x[0], &out[0], outer, axis, inner, op, 0)


cdef int reduced_bool(
    const real* x, uint8_t* out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, double p,
) except -1:
    if op == ANY:
        fold(<rows_t>any_rows[real], <rows_t>any_rows[uint8_t], x, sizeof(real), out, 1, NULL,
             outer, axis, inner, GRAIN)
    elif op == ALL:
        fold(<rows_t>all_rows[real], <rows_t>all_rows[uint8_t], x, sizeof(real), out, 1, NULL,
             outer, axis, inner, GRAIN)
    else:
        raise ValueError(f"reduce_bool: op {op} is neither any nor all")
    return 0


def reduce_bool(
    const real[::1] x, uint8_t[::1] out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op,
    /,
):
    check_sizes(x.shape[0], out.shape[0], outer, axis, inner, 1)
    reduced_bool(&x[0], &out[0], outer, axis, inner, op, 0)


def var_mean(
    const floating[::1] x, floating[::1] var, floating[::1] mean, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner,
    double correction=1, bint sqrt=False,
    /,
):
    cdef Py_ssize_t n = outer * inner, i
    cdef double* scratch
    cdef double freedom = max(axis - correction, 0), value
    check_sizes(x.shape[0], min(var.shape[0], mean.shape[0]), outer, axis, inner, 1)
    scratch = <double*>malloc(2 * n * sizeof(double))
    if scratch == NULL:
        raise MemoryError
    try:
        fold(<rows_t>sum_double_rows[floating], <rows_t>sum_rows[double], &x[0], sizeof(floating),
             scratch, sizeof(double), NULL, outer, axis, inner, GRAIN)
        for i in range(n):
            scratch[i] /= axis
            mean[i] = <floating>scratch[i]
        fold(<rows_t>deviation_rows[floating], <rows_t>sum_rows[double], &x[0], sizeof(floating),
             scratch + n, sizeof(double), scratch, outer, axis, inner, GRAIN)
        for i in range(n):
            value = scratch[n + i] / freedom
            var[i] = <floating>(sqrt_(value) if sqrt else value)
    finally:
        free(scratch)


# ------------------------------------------------------------------------------------------------ arg-reductions

cdef struct Locate:
    const char* x
    const char* values     # of the extremes, (outer, inner)
    int64_t* index
    Py_ssize_t axis
    Py_ssize_t inner
    Py_ssize_t blocks


cdef called_void locate_columns(const real* x, const real* value, int32_t* at, Py_ssize_t rows, Py_ssize_t inner,
                                Py_ssize_t width) noexcept nogil:
    """The first of some rows in which each column has its extreme or a NaN; -1 for none."""
    cdef real best
    cdef Py_ssize_t j
    cdef int32_t k
    for j in range(width):
        at[j] = -1
    for k in range(<int32_t>rows - 1, -1, -1):
        for j in range(width):
            best = x[k * inner + j]
            at[j] = k if (best == value[j]) | (best != best) else at[j]


cdef void locate_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Where each extreme, or the first NaN, first stands. (`ctx` is a Locate.)"""
    cdef const Locate* c = <const Locate*>ctx
    cdef const real* x
    cdef const real* value
    cdef real best
    cdef int64_t* index
    cdef Py_ssize_t unit, o, column, width, k, j, last
    cdef int32_t[SEARCHED] at      # as wide as most elements are, which the loop over them likes
    cdef int found
    for unit in range(lo, hi):
        o = unit // c.blocks
        column = unit % c.blocks * SEARCHED
        width = min(SEARCHED, c.inner - column)
        x = <const real*>c.x + o * c.axis * c.inner + column
        value = <const real*>c.values + o * c.inner + column
        index = c.index + o * c.inner + column
        if c.inner == 1:
            best = value[0]
            k = 0
            while k + LANES <= c.axis:
                found = 0
                for j in range(LANES):
                    found |= (x[k + j] == best) | (x[k + j] != x[k + j])
                if found:
                    break
                k += LANES
            while k < c.axis - 1 and not (x[k] == best or x[k] != x[k]):
                k += 1
            index[0] = k
        else:
            for j in range(width):
                index[j] = 0
            last = c.axis
            while last > 0:
                k = max(last - BLOCK_ROWS, <Py_ssize_t>0)
                locate_columns(x + k * c.inner, value, at, last - k, c.inner, width)
                for j in range(width):
                    index[j] = k + at[j] if at[j] >= 0 else index[j]
                last = k


def argreduce(
    const real[::1] x, real[::1] values, int64_t[::1] index, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner,
    int op,
    /,
):
    cdef Locate c
    if op != ARGMAX and op != ARGMIN:
        raise ValueError(f"argreduce: op {op} is neither argmax nor argmin")
    check_sizes(x.shape[0], min(values.shape[0], index.shape[0]), outer, axis, inner, 1)
    if op == ARGMAX:
        fold(<rows_t>amax_rows[real], <rows_t>amax_rows[real], &x[0], sizeof(real), &values[0], sizeof(real), NULL,
             outer, axis, inner, GRAIN)
    else:
        fold(<rows_t>amin_rows[real], <rows_t>amin_rows[real], &x[0], sizeof(real), &values[0], sizeof(real), NULL,
             outer, axis, inner, GRAIN)
    c.x, c.values, c.index = <const char*>&x[0], <const char*>&values[0], &index[0]
    c.axis, c.inner, c.blocks = axis, inner, (inner + SEARCHED - 1) // SEARCHED
    parallel_for(<task_t>locate_task[real], &c, outer * c.blocks, max(1, GRAIN // (axis * min(inner, SEARCHED))))


# ------------------------------------------------------------------------------------------------ scans

cdef struct Scan:
    int op
    bint unknown
    const char* x
    char* out
    int64_t* index
    Py_ssize_t axis
    Py_ssize_t inner
    Py_ssize_t blocks


cdef inline inlined_void scan_units(
    accum (*f)(real, accum) noexcept nogil, accum (*join)(accum, accum) noexcept nogil, accum identity,
    const Scan* c, real* tag, target* out, Py_ssize_t lo, Py_ssize_t hi,
) noexcept nogil:
    """Running results, accumulated in `accum` and stored as `target`."""
    cdef accum carry[WIDTH]
    cdef accum last
    cdef const real* x
    cdef Py_ssize_t unit, start, column, width, k, j
    for unit in range(lo, hi):
        column = unit % c.blocks * WIDTH
        width = min(WIDTH, c.inner - column)
        start = unit // c.blocks * c.axis * c.inner + column
        x = <const real*>c.x + start
        if c.inner == 1:
            last = identity
            for k in range(c.axis):
                last = join(last, f(x[k], last))
                out[start + k] = <target>last
        else:
            for j in range(width):
                carry[j] = identity
            for k in range(c.axis):
                for j in range(width):
                    carry[j] = join(carry[j], f(x[j], identity))
                    out[start + k * c.inner + j] = <target>carry[j]
                x += c.inner


cdef void scan_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Scan* c = <Scan*>ctx
    cdef floating* tag = NULL
    cdef floating* out = <floating*>c.out
    if c.op == CUMSUM:
        scan_units(same_[floating, double], add_[double], <double>0, c, tag, out, lo, hi)
    elif c.op == CUMPROD:
        scan_units(same_[floating, double], mul_[double], <double>1, c, tag, out, lo, hi)
    elif c.op == LOGCUMSUMEXP:
        scan_units(same_[floating, floating], logaddexp_[floating], -<floating>INFINITY, c, tag, out, lo, hi)
    else:
        c.unknown = True


cdef void scan_long_task(integer* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Scan* c = <Scan*>ctx
    cdef integer* tag = NULL
    cdef int64_t* out = <int64_t*>c.out
    if c.op == CUMSUM:
        scan_units(same_[integer, int64_t], add_[int64_t], <int64_t>0, c, tag, out, lo, hi)
    elif c.op == CUMPROD:
        scan_units(same_[integer, int64_t], mul_[int64_t], <int64_t>1, c, tag, out, lo, hi)
    else:
        c.unknown = True


cdef void scan_index_task(real* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Running extreme and where it stands: the last of equals, and every further NaN, as in PyTorch."""
    cdef Scan* c = <Scan*>ctx
    cdef const real* x
    cdef real* out
    cdef int64_t* index
    cdef real best, value
    cdef Py_ssize_t unit, start, k
    cdef int64_t at
    cdef bint lower = c.op == CUMMIN, newer
    for unit in range(lo, hi):
        start = unit // c.inner * c.axis * c.inner + unit % c.inner
        x = <const real*>c.x + start
        out = <real*>c.out + start
        index = c.index + start
        best = x[0]
        at = 0
        for k in range(c.axis):
            value = x[k * c.inner]
            newer = (value <= best) | (value != value) if lower else (value >= best) | (value != value)
            best = value if newer else best
            at = k if newer else at
            out[k * c.inner] = best
            index[k * c.inner] = at


cdef int run_scan(
    task_t task, Scan* c, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, Py_ssize_t width
) except -1:
    c.op = op
    c.unknown = False
    c.axis, c.inner, c.blocks = axis, inner, (inner + width - 1) // width
    parallel_for(task, c, outer * c.blocks, max(1, COSTLY_GRAIN // (axis * min(inner, width))))
    if c.unknown:
        raise ValueError(f"scan: op {op} does not exist for these types")
    return 0


def scan(const floating[::1] x, floating[::1] out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, /):
    cdef Scan c
    check_sizes(x.shape[0], out.shape[0], outer, axis, inner, axis)
    c.x, c.out = <const char*>&x[0], <char*>&out[0]
    run_scan(<task_t>scan_task[floating], &c, outer, axis, inner, op, WIDTH)


def scan_long(const integer[::1] x, int64_t[::1] out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, /):
    cdef Scan c
    check_sizes(x.shape[0], out.shape[0], outer, axis, inner, axis)
    c.x, c.out = <const char*>&x[0], <char*>&out[0]
    run_scan(<task_t>scan_long_task[integer], &c, outer, axis, inner, op, WIDTH)


def scan_index(
    const real[::1] x, real[::1] values, int64_t[::1] index, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner,
    int op,
    /,
):
    cdef Scan c
    if op != CUMMAX and op != CUMMIN:
        raise ValueError(f"scan_index: op {op} is neither cummax nor cummin")
    check_sizes(x.shape[0], min(values.shape[0], index.shape[0]), outer, axis, inner, axis)
    c.x, c.out, c.index = <const char*>&x[0], <char*>&values[0], &index[0]
    run_scan(<task_t>scan_index_task[real], &c, outer, axis, inner, op, 1)


# ------------------------------------------------------------------------------------------------ dot


cdef struct Dot:
    const char* x
    const char* y
    char* partial
    Py_ssize_t grain


cdef void dot_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """One partial sum per chunk, in 32 lanes of eight products each. (`ctx` is a Dot.)"""
    cdef const Dot* c = <const Dot*>ctx
    cdef const number* x = <const number*>c.x + lo
    cdef const number* y = <const number*>c.y + lo
    cdef number lanes[32]
    cdef Py_ssize_t n = hi - lo, i = 0, j, h
    for j in range(32):
        lanes[j] = 0
    while i + 256 <= n:
        for j in range(32):
            lanes[j] = lanes[j] + (
                ((x[i + j] * y[i + j] + x[i + j + 32] * y[i + j + 32])
                 + (x[i + j + 64] * y[i + j + 64] + x[i + j + 96] * y[i + j + 96]))
                + ((x[i + j + 128] * y[i + j + 128] + x[i + j + 160] * y[i + j + 160])
                   + (x[i + j + 192] * y[i + j + 192] + x[i + j + 224] * y[i + j + 224])))
        i += 256
    while i < n:
        lanes[i % 32] = lanes[i % 32] + x[i] * y[i]
        i += 1
    h = 16
    while h >= 1:
        for j in range(h):
            lanes[j] = lanes[j] + lanes[j + h]
        h //= 2
    (<number*>c.partial)[lo // c.grain] = lanes[0]


def dot(const number[::1] x, const number[::1] y, number[::1] out, /):
    cdef Dot c
    cdef Py_ssize_t n = x.shape[0], chunks, half, i
    cdef number partial[MAX_SEGMENTS]
    if n < 1 or y.shape[0] != n or out.shape[0] < 1:
        raise ValueError(f"dot: {n} and {y.shape[0]} elements into {out.shape[0]}")
    c.x, c.y, c.partial = <const char*>&x[0], <const char*>&y[0], <char*>partial
    c.grain = max(GRAIN, (n + MAX_SEGMENTS - 1) // MAX_SEGMENTS)
    parallel_for(<task_t>dot_task[number], &c, n, c.grain)
    chunks = (n + c.grain - 1) // c.grain
    while chunks > 1:
        half = (chunks + 1) // 2
        for i in range(chunks - half):
            partial[i] = partial[i] + partial[half + i]
        chunks = half
    out[0] = partial[0]


# The reductions by kernel and C type, for `core`: it calls them without memoryviews between.
calls = {
    "reduce": {
        "uint8_t": <size_t>reduced[uint8_t], "int8_t": <size_t>reduced[int8_t], "int16_t": <size_t>reduced[int16_t],
        "int32_t": <size_t>reduced[int32_t], "int64_t": <size_t>reduced[int64_t], "float": <size_t>reduced[float],
        "double": <size_t>reduced[double],
    },
    "reduce_long": {
        "uint8_t": <size_t>reduced_long[uint8_t], "int8_t": <size_t>reduced_long[int8_t], "int16_t": <size_t>reduced_long[int16_t],
        "int32_t": <size_t>reduced_long[int32_t], "int64_t": <size_t>reduced_long[int64_t], "float": <size_t>reduced_long[float],
        "double": <size_t>reduced_long[double],
    },
    "reduce_bool": {
        "uint8_t": <size_t>reduced_bool[uint8_t], "int8_t": <size_t>reduced_bool[int8_t], "int16_t": <size_t>reduced_bool[int16_t],
        "int32_t": <size_t>reduced_bool[int32_t], "int64_t": <size_t>reduced_bool[int64_t], "float": <size_t>reduced_bool[float],
        "double": <size_t>reduced_bool[double],
    },
}
