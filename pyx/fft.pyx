"""Discrete Fourier transforms along one axis, of float32 and float64.

Design
------
(a) What is transformed at a time is a tile: as many signals as a vector has lanes, element by element, real and imaginary
    parts in vectors of their own. Its passes (Stockham, radix 4, 2 and any odd one) know nothing of lanes, so there is one
    butterfly for each radix, and each is vectorised. The inverse is the same with the two parts exchanged.
(b) Where the lanes come from: neighbours in memory for an axis that is not the last; rows of the batch, through a
    transposition, for short ones. A long row is cut into n1 x n2: its columns are transformed n1 long, turned, and
    transformed n2 long, all within tiles that fit the first-level cache, and one row is as fast as many.
(c) Real signals of even length are complex ones of half of it, and what remains is one pass; odd ones are
    made complex. A length with a large prime factor is a convolution (Bluestein) of a length with small ones.
(d) Roots of unity are products of two in long double, of angles within an eighth of the circle. A length's tables are
    one block of memory, kept until the kept ones are too many.
"""
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from inlined cimport called_void, inlined_void
from simd cimport (DOUBLES, FLOATS, SHUFFLE, back, load, pull, riffle, splat, splat_double, splat_float, store, transpose, vdouble,
                   vector, vfloat)
from threads cimport import_threads, parallel_for, task_t

import_threads()

cdef extern from "math.h" nogil:
    long double sinl(long double)
    long double cosl(long double)
    long double atanl(long double)

cdef enum:
    LANES                   # kinds of plans
    STEPS
    CONVOLUTION

cdef enum:
    COMPLEX                 # kinds of transforms
    REAL                    # to half a spectrum
    HALF                    # from it

cdef enum:
    PASSES = 64
    RADIX = 61              # the largest odd one; a prime above is a convolution's
    PAIRS = 31
    SHORT = 2048            # up to this length a tile of rows fits the second-level cache, and two steps gain nothing
    TILES = 4               # of columns loaded together: whole lines of the cache, fewer pages at a time
    SMALL = 512             # vectors of a tile that are not allocated
    GRAIN = 16384           # complex numbers of a task
    LONG = 65536            # from this length on, threads share a row
    KEPT = 1 << 26          # bytes of tables

cdef struct line_t:         # the passes over a tile
    Py_ssize_t n
    int passes
    int radix[PASSES]
    const void* table

cdef struct plan_t:
    int kind
    Py_ssize_t n
    line_t line, second     # LANES: line; STEPS: both
    const void* between     # STEPS: the factors between them, as tiles of the first
    const void* halves      # real signals of 2n: w^0 ... w^(n / 2), real parts, then imaginary parts
    const plan_t* other     # CONVOLUTION: of its length
    const void* chirp
    const void* spectrum

cdef struct call_t:
    const plan_t* plan
    int kind
    bint inverse, fill
    Py_ssize_t n                                    # of the signal; a real one's plan is of half of it where that is even
    Py_ssize_t rows, mid, inner                     # rows x mid signals, inner next to each other
    Py_ssize_t x_row, out_row, x_step, out_step     # in real numbers
    Py_ssize_t width                                # of inner in memory
    Py_ssize_t tiles                                # of neighbouring columns that are loaded together
    double scale
    const void* x
    void* out
    void* work                                      # of a row that threads share
    bint failed                                     # there was no memory to work in


# ------------------------------------------------------------------------------------------------ tables


cdef struct roots_t:        # e^(-i pi t / 4n) for t = 0 ... n
    Py_ssize_t n, step
    long double* low        # of t = 0 ... step - 1
    long double* high       # of its multiples


cdef int roots_init(roots_t* c, Py_ssize_t n) except -1:
    cdef Py_ssize_t i
    cdef long double angle = atanl(1) / n
    c.n, c.step = n, 1
    while c.step * c.step < n:
        c.step *= 2
    c.low = <long double*>malloc((2 * c.step + 2 * (n // c.step + 1)) * sizeof(long double))
    if c.low == NULL:
        raise MemoryError()
    c.high = c.low + 2 * c.step
    for i in range(c.step):
        c.low[2 * i], c.low[2 * i + 1] = cosl(angle * i), -sinl(angle * i)
    for i in range(n // c.step + 1):
        c.high[2 * i], c.high[2 * i + 1] = cosl(angle * (i * c.step)), -sinl(angle * (i * c.step))
    return 0


cdef void root(const roots_t* c, Py_ssize_t k, double* out) noexcept nogil:
    """e^(-2 pi i k / n)."""
    cdef Py_ssize_t n = c.n, t = 8 * (k % n)
    cdef const long double* a
    cdef const long double* b
    cdef long double re, im
    cdef bint below = t > 4 * n, left, steep
    t = 8 * n - t if below else t
    left = t > 2 * n
    t = 4 * n - t if left else t
    steep = t > n
    t = 2 * n - t if steep else t
    a, b = c.low + 2 * (t % c.step), c.high + 2 * (t // c.step)
    re, im = a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]
    if steep:
        re, im = -im, -re
    out[0] = <double>(-re if left else re)
    out[1] = <double>(-im if below else im)


cdef struct block_t:        # a plan's memory, measured first and then filled
    char* at
    Py_ssize_t used
    bint wide               # double


cdef inline Py_ssize_t put(block_t* c, Py_ssize_t at, double value) noexcept nogil:
    if c.wide:
        (<double*>c.at)[at] = value
    else:
        (<float*>c.at)[at] = <float>value
    return at + 1


cdef const void* taken(block_t* c, Py_ssize_t count) noexcept nogil:
    """Go on by so many numbers."""
    cdef const void* at = c.at
    cdef Py_ssize_t size = (count * (8 if c.wide else 4) + 63) & ~63
    c.used += size
    if c.at != NULL:
        c.at += size
    return at


cdef void line_init(line_t* c, Py_ssize_t n, const roots_t* roots, block_t* block) noexcept nogil:
    cdef Py_ssize_t rest = n, at = 0, p, k
    cdef int radix = 4
    cdef double w[2]
    c.n, c.passes = n, 0
    while rest > 1:
        while rest % radix:
            radix = 2 if radix == 4 else 3 if radix == 2 else radix + 2
        c.radix[c.passes] = radix
        c.passes += 1
        rest //= radix
        if radix & 1:
            for k in range(radix):
                if block.at != NULL:
                    root(roots, roots.n // radix * k, w)
                    put(block, put(block, at, w[0]), w[1])
                at += 2
        if rest > 1:
            for p in range(rest):
                for k in range(1, radix):
                    if block.at != NULL:
                        root(roots, roots.n // (rest * radix) * p * k, w)
                        put(block, put(block, at, w[0]), w[1])
                    at += 2
    c.table = taken(block, at)


cdef bint smooth(Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t p = 2
    while n > 1 and p <= RADIX:
        while n % p == 0:
            n //= p
        p += 1
    return n == 1


cdef Py_ssize_t first_step(Py_ssize_t n, Py_ssize_t lanes, bint few) noexcept nogil:
    """The n1 by which a row costs least in two steps, 0 where it costs less as a lane of a tile."""
    cdef Py_ssize_t best = n * lanes if few else n if n <= SHORT else 2 * n, found = 0, a = 2, b, cost
    while a * a <= n:
        if n % a == 0:
            b = n // a
            cost = ((a + lanes - 1) // lanes * b + (b + lanes - 1) // lanes * a) * lanes // 2
            if cost < best:
                best, found = cost, a
        a += 1
    return found


cdef void plan_init(plan_t* c, Py_ssize_t n, bint columns, bint few, bint halves, const roots_t* roots,
                    block_t* block) noexcept nogil:
    """Fill the plan and its tables, or where the block has no memory yet, find how much they take."""
    cdef Py_ssize_t lanes = DOUBLES if block.wide else FLOATS, n1 = 0 if columns else first_step(n, lanes, few), n2, i, j, k, at = 0
    cdef double w[2]
    cdef bint fill = block.at != NULL
    c.kind, c.n = STEPS if n1 else LANES, n
    if n1:
        n2 = n // n1
        line_init(&c.line, n1, roots, block)
        line_init(&c.second, n2, roots, block)
        for j in range((n2 + lanes - 1) // lanes):
            for k in range(n1):
                for i in range(lanes if fill else 0):
                    root(roots, roots.n // n * k * (j * lanes + i), w)
                    put(block, at + i, w[0])
                    put(block, at + lanes + i, w[1])
                at += 2 * lanes
        c.between = taken(block, at)
    else:
        line_init(&c.line, n, roots, block)
    if halves:
        for i in range(n // 2 + 1 if fill else 0):
            root(roots, i, w)
            put(block, i, w[0])
            put(block, n // 2 + 1 + i, w[1])
        c.halves = taken(block, 2 * (n // 2 + 1))


# ------------------------------------------------------------------------------------------------ passes


cdef inline void write(vector* re, vector* im, Py_ssize_t at, vector x, vector y, const vector* table, Py_ssize_t w,
                       bint plain) noexcept nogil:
    """Times factor w of the table."""
    cdef vector c, s
    if plain:
        re[at], im[at] = x, y
    else:
        c, s = splat(table, 2 * w), splat(table, 2 * w + 1)
        re[at], im[at] = x * c - y * s, x * s + y * c


cdef inline void two(const vector* re, const vector* im, vector* to_re, vector* to_im, const vector* table, Py_ssize_t m,
                     Py_ssize_t s, bint plain) noexcept nogil:
    cdef Py_ssize_t p, q, i, o, d = 2 * s * m
    for p in range(m):
        for q in range(s):
            i, o = 2 * (s * p + q), 2 * (2 * s * p + q)
            write(to_re, to_im, o, re[i] + re[i + d], im[i] + im[i + d], table, 0, True)
            write(to_re, to_im, o + 2 * s, re[i] - re[i + d], im[i] - im[i + d], table, p, plain)


cdef inline void four(const vector* re, const vector* im, vector* to_re, vector* to_im, const vector* table, Py_ssize_t m,
                      Py_ssize_t s, bint plain) noexcept nogil:
    cdef Py_ssize_t p, q, i, o, d = 2 * s * m
    cdef vector ar, ai, br, bi, cr, ci, dr, di
    for p in range(m):
        for q in range(s):
            i, o = 2 * (s * p + q), 2 * (4 * s * p + q)
            ar, ai = re[i] + re[i + 2 * d], im[i] + im[i + 2 * d]
            br, bi = re[i] - re[i + 2 * d], im[i] - im[i + 2 * d]
            cr, ci = re[i + d] + re[i + 3 * d], im[i + d] + im[i + 3 * d]
            dr, di = re[i + d] - re[i + 3 * d], im[i + d] - im[i + 3 * d]
            write(to_re, to_im, o, ar + cr, ai + ci, table, 0, True)
            write(to_re, to_im, o + 2 * s, br + di, bi - dr, table, 3 * p, plain)
            write(to_re, to_im, o + 4 * s, ar - cr, ai - ci, table, 3 * p + 1, plain)
            write(to_re, to_im, o + 6 * s, br - di, bi + dr, table, 3 * p + 2, plain)


cdef inline inlined_void odd(const vector* re, const vector* im, vector* to_re, vector* to_im, const vector* table, Py_ssize_t m,
                             Py_ssize_t s, Py_ssize_t r) noexcept nogil:
    """Sums of a_j + a_(r-j) times cosines, and of a_j - a_(r-j) times sines."""
    cdef Py_ssize_t p, q, i, o, d = 2 * s * m, j, k, at
    cdef const vector* roots = table
    cdef vector plus_re[PAIRS]
    cdef vector plus_im[PAIRS]
    cdef vector minus_re[PAIRS]
    cdef vector minus_im[PAIRS]
    cdef vector ar, ai, br, bi, c
    if vector is vfloat:
        table = <const vector*>(<const float*>table + 2 * r)
    else:
        table = <const vector*>(<const double*>table + 2 * r)
    for p in range(m):
        for q in range(s):
            i, o = 2 * (s * p + q), 2 * (r * s * p + q)
            ar, ai = re[i], im[i]
            for j in range(1, r // 2 + 1):
                plus_re[j], plus_im[j] = re[i + d * j] + re[i + d * (r - j)], im[i + d * j] + im[i + d * (r - j)]
                minus_re[j], minus_im[j] = re[i + d * j] - re[i + d * (r - j)], im[i + d * j] - im[i + d * (r - j)]
                ar, ai = ar + plus_re[j], ai + plus_im[j]
            write(to_re, to_im, o, ar, ai, table, 0, True)
            for k in range(1, r // 2 + 1):
                at = k
                c = splat(roots, 2 * k + 1)
                ar, ai = re[i], im[i]
                br, bi = c * minus_re[1], c * minus_im[1]
                for j in range(1, r // 2 + 1):
                    c = splat(roots, 2 * at)
                    ar, ai = ar + c * plus_re[j], ai + c * plus_im[j]
                    if j > 1:
                        c = splat(roots, 2 * at + 1)
                        br, bi = br + c * minus_re[j], bi + c * minus_im[j]
                    at += k
                    if at >= r:
                        at -= r
                write(to_re, to_im, o + 2 * s * k, ar - bi, ai + br, table, (r - 1) * p + k - 1, m == 1)
                write(to_re, to_im, o + 2 * s * (r - k), ar + bi, ai - br, table, (r - 1) * p + r - k - 1, m == 1)


cdef vector* passes(const line_t* c, vector* x, vector* y, int inverse) noexcept nogil:
    """Transform a tile; y is room for another. Returns that of the two that holds the result."""
    cdef Py_ssize_t s = 1, m = c.n, r, count
    cdef int k, j = 1 - inverse
    cdef const vector* table = <const vector*>c.table
    for k in range(c.passes):
        r = c.radix[k]
        m //= r
        if r == 4:
            if m == 1:
                four(x + inverse, x + j, y + inverse, y + j, table, 1, s, True)
            else:
                four(x + inverse, x + j, y + inverse, y + j, table, m, s, False)
        elif r == 2:
            if m == 1:
                two(x + inverse, x + j, y + inverse, y + j, table, 1, s, True)
            else:
                two(x + inverse, x + j, y + inverse, y + j, table, m, s, False)
        elif r == 3:
            odd(x + inverse, x + j, y + inverse, y + j, table, m, s, 3)
        elif r == 5:
            odd(x + inverse, x + j, y + inverse, y + j, table, m, s, 5)
        else:
            odd(x + inverse, x + j, y + inverse, y + j, table, m, s, r)
        count = 2 * (r & 1) * r + (2 * (r - 1) * m if m > 1 else 0)
        if vector is vfloat:
            table = <const vector*>(<const float*>table + count)
        else:
            table = <const vector*>(<const double*>table + count)
        s *= r
        x, y = y, x
    return x


# ------------------------------------------------------------------------------------------------ tiles and memory


cdef inline Py_ssize_t lanes_of(const vector* _type) noexcept nogil:
    return FLOATS if vector is vfloat else DOUBLES


cdef inline vector* ahead(const vector* x, Py_ssize_t n) noexcept nogil:
    """n numbers further."""
    if vector is vfloat:
        return <vector*>(<float*>x + n)
    else:
        return <vector*>(<double*>x + n)


cdef inline void move(const vector* x, Py_ssize_t i, vector* out, Py_ssize_t j) noexcept nogil:
    """One number."""
    if vector is vfloat:
        (<float*>out)[j] = (<const float*>x)[i]
    else:
        (<double*>out)[j] = (<const double*>x)[i]


cdef inline vector number(double x, const vector* _type) noexcept nogil:
    if vector is vfloat:
        return splat_float(<float>x)
    else:
        return splat_double(x)


cdef inline void turned(const vector* x, Py_ssize_t step, vector* out, Py_ssize_t out_step) noexcept nogil:
    """Transpose as many vectors as they have lanes."""
    cdef Py_ssize_t i, j, n = FLOATS if vector is vfloat else DOUBLES
    if SHUFFLE:
        transpose(x, step, n, out, out_step)
    else:
        for i in range(n):
            for j in range(n):
                move(x, i * step + j, out, j * out_step + i)


cdef called_void turned_tile(const vector* x, Py_ssize_t step, vector* out, Py_ssize_t out_step, Py_ssize_t many,
                             Py_ssize_t next, Py_ssize_t out_next) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(many):
        turned(ahead(x, i * next), step, ahead(out, i * out_next), out_step)


cdef void load_rows(const vector* x, Py_ssize_t step, Py_ssize_t n, Py_ssize_t rows, vector* out) noexcept nogil:
    """Rows of n numbers to a tile of n vectors."""
    cdef Py_ssize_t lanes = lanes_of(x), i, j = 0
    if rows == lanes:
        j = n // lanes * lanes
        turned_tile(x, step, out, lanes, n // lanes, lanes, lanes * lanes)
    for i in range(rows):
        for j in range(j, n):
            move(x, i * step + j, out, j * lanes + i)
        j = n // lanes * lanes if rows == lanes else 0


cdef void store_rows(const vector* x, vector* out, Py_ssize_t step, Py_ssize_t n, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t lanes = lanes_of(x), i, j, first = 0
    if rows == lanes:
        first = n // lanes * lanes
        turned_tile(x, lanes, out, step, n // lanes, lanes * lanes, lanes)
    for i in range(rows):
        for j in range(first, n):
            move(x, j * lanes + i, out, i * step + j)


cdef called_void load_columns(const vector* x, Py_ssize_t step, Py_ssize_t n, Py_ssize_t count, vector* out,
                              Py_ssize_t next) noexcept nogil:
    """`count` complex numbers from each of n rows, to tiles `next` vectors apart."""
    cdef Py_ssize_t lanes = lanes_of(x), i, j, k
    cdef vector* to
    for j in range(n):
        for k in range((count + lanes - 1) // lanes):
            to = out + k * next + 2 * j
            if SHUFFLE and count >= (k + 1) * lanes:
                pull(ahead(x, j * step + 2 * k * lanes), to, to + 1)
                continue
            for i in range(min(lanes, count - k * lanes)):
                move(x, j * step + 2 * (k * lanes + i), to, i)
                move(x, j * step + 2 * (k * lanes + i) + 1, to + 1, i)


cdef called_void store_columns(const vector* x, vector* out, Py_ssize_t step, Py_ssize_t n, Py_ssize_t count,
                               vector scale, Py_ssize_t next) noexcept nogil:
    cdef Py_ssize_t lanes = lanes_of(x), i, j, k
    cdef vector a[2]
    cdef vector b[2]
    cdef vector* to
    for j in range(n):
        for k in range((count + lanes - 1) // lanes):
            a[0], a[1] = x[k * next + 2 * j] * scale, x[k * next + 2 * j + 1] * scale
            to = ahead(out, j * step + 2 * k * lanes)
            if SHUFFLE and count >= (k + 1) * lanes:
                riffle(a, 2, b)
                store(to, 0, b[0])
                store(to, lanes, b[1])
                continue
            for i in range(min(lanes, count - k * lanes)):
                move(a, i, to, 2 * i)
                move(a, lanes + i, to, 2 * i + 1)


cdef called_void scaled(vector* x, Py_ssize_t n, vector scale) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = x[i] * scale


# ------------------------------------------------------------------------------------------------ real signals


cdef inline void split(vector* ar, vector* ai, vector* br, vector* bi, vector wr, vector wi, vector by, bint back_again) noexcept nogil:
    """Elements k and n - k of the spectrum of x_2j + i x_(2j+1), to those of twice the spectrum of x, or back to it."""
    cdef vector er = by * (ar[0] + br[0]), ei = by * (ai[0] - bi[0])
    cdef vector dr = by * (ar[0] - br[0]), di = by * (ai[0] + bi[0]), tr, ti
    if back_again:
        tr, ti = dr * wr + di * wi, di * wr - dr * wi
        ar[0], ai[0], br[0], bi[0] = er - ti, ei + tr, er + ti, tr - ei
    else:
        tr, ti = wr * di + wi * dr, wi * di - wr * dr
        ar[0], ai[0], br[0], bi[0] = er + tr, ei + ti, er - tr, ti - ei


cdef void split_tile(const plan_t* c, vector* x, vector by, bint back_again) noexcept nogil:
    """Of a tile with room for n + 1 elements."""
    cdef Py_ssize_t n = c.n, k, m = n // 2 + 1
    cdef const vector* w = <const vector*>c.halves
    if back_again:
        x[1] = x[2 * n + 1] = number(0, x)
    else:
        x[2 * n], x[2 * n + 1] = x[0], x[1]
    for k in range(m):
        split(x + 2 * k, x + 2 * k + 1, x + 2 * (n - k), x + 2 * (n - k) + 1, splat(w, k), splat(w, m + k), by, back_again)


cdef void split_row(const plan_t* c, const vector* x, vector* out, vector by, bint back_again) noexcept nogil:
    """Of a row of n + 1 elements; x may be out."""
    cdef Py_ssize_t n = c.n, k = 0, m = n // 2 + 1, i, j, many, lanes = lanes_of(x), last
    cdef const vector* w = <const vector*>c.halves
    cdef vector a[2]
    cdef vector b[2]
    cdef vector y[2]
    cdef vector wr, wi, zero = number(0, x)
    while k < m:
        many = min(lanes, m - k) if k else 1
        last = n - k - many + 1
        if SHUFFLE and many == lanes and k + many <= last + 1:
            pull(ahead(x, 2 * k), a, a + 1)
            pull(ahead(x, 2 * last), b, b + 1)
            b[0], b[1] = back(b[0]), back(b[1])
            split(a, a + 1, b, b + 1, load(w, k), load(w, m + k), by, back_again)
            riffle(a, 2, y)
            store(ahead(out, 2 * k), 0, y[0])
            store(ahead(out, 2 * k), lanes, y[1])
            b[0], b[1] = back(b[0]), back(b[1])
            riffle(b, 2, y)
            store(ahead(out, 2 * last), 0, y[0])
            store(ahead(out, 2 * last), lanes, y[1])
        else:
            wr = wi = a[0] = a[1] = b[0] = b[1] = zero
            for i in range(many):
                j = 0 if k + i == 0 and not back_again else n - k - i
                move(x, 2 * (k + i), a, i)
                move(x, 2 * j, b, i)
                if k or not back_again:
                    move(x, 2 * (k + i) + 1, a + 1, i)
                    move(x, 2 * j + 1, b + 1, i)
                move(w, k + i, &wr, i)
                move(w, m + k + i, &wi, i)
            split(a, a + 1, b, b + 1, wr, wi, by, back_again)
            for i in range(many):
                move(a, i, out, 2 * (k + i))
                move(a + 1, i, out, 2 * (k + i) + 1)
                if k or not back_again:
                    move(b, i, out, 2 * (n - k - i))
                    move(b + 1, i, out, 2 * (n - k - i) + 1)
        k += many


# ------------------------------------------------------------------------------------------------ rows


cdef inline Py_ssize_t padded(Py_ssize_t n, const vector* _type) noexcept nogil:
    cdef Py_ssize_t lanes = lanes_of(_type)
    return (n + lanes - 1) // lanes * lanes


cdef inline Py_ssize_t vectors(Py_ssize_t n, const vector* _type) noexcept nogil:
    """That hold n numbers."""
    return padded(n, _type) // lanes_of(_type)


cdef Py_ssize_t room(const plan_t* c, const vector* _type) noexcept nogil:
    """Vectors of a row's scratch memory."""
    if c.kind == STEPS:
        return between_steps(c, _type) + 4 * TILES * padded(max(c.line.n, c.second.n), _type)
    return room(c.other, _type) + vectors(2 * c.other.n, _type)


cdef Py_ssize_t between_steps(const plan_t* c, const vector* _type) noexcept nogil:
    return vectors(c.line.n, _type) * 2 * c.second.n


cdef void step_one(const plan_t* c, const vector* x, int inverse, Py_ssize_t lo, Py_ssize_t hi, vector* work,
                   vector* scratch) noexcept nogil:
    """Tiles [lo, hi) of columns, turned to tiles of the second step."""
    cdef Py_ssize_t n1 = c.line.n, n2 = c.second.n, lanes = lanes_of(x), next = 4 * padded(n1, x), i, j, k, many
    cdef vector* a
    cdef vector* b
    cdef vector* tile
    cdef const vector* w
    cdef vector re, im
    for j in range(lo, hi):
        a = scratch + (j - lo) % TILES * next
        b = a + next // 2
        if a == scratch:
            load_columns(ahead(x, 2 * j * lanes), 2 * n2, n1, min(lanes * min(<Py_ssize_t>TILES, hi - j), n2 - j * lanes), a, next)
        many = min(lanes, n2 - j * lanes)
        tile = passes(&c.line, a, b, inverse)
        w = <const vector*>c.between + 2 * j * n1
        for k in range(n1):
            re, im = tile[2 * k + inverse], tile[2 * k + 1 - inverse]
            tile[2 * k + inverse] = re * w[2 * k] - im * w[2 * k + 1]
            tile[2 * k + 1 - inverse] = re * w[2 * k + 1] + im * w[2 * k]
        for k in range(vectors(n1, x)):
            if many == lanes:
                turned_tile(tile + 2 * k * lanes, 2 * lanes, work + 2 * (k * n2 + j * lanes), 2 * lanes, 2, lanes, lanes)
            else:
                turned_tile(tile + 2 * k * lanes, 2 * lanes, a if tile == b else b, 2 * lanes, 2, lanes, lanes)
                for i in range(2 * many):
                    work[2 * (k * n2 + j * lanes) + i] = (a if tile == b else b)[i]


cdef void step_two(const plan_t* c, vector* out, int inverse, vector scale, Py_ssize_t lo, Py_ssize_t hi, vector* work,
                   vector* scratch) noexcept nogil:
    cdef Py_ssize_t n1 = c.line.n, n2 = c.second.n, lanes = lanes_of(out), i, k = lo, many
    cdef vector* tile
    cdef vector* done
    while k < hi:
        many = min(<Py_ssize_t>TILES, hi - k)
        done = NULL
        for i in range(many):
            tile = passes(&c.second, work + 2 * (k + i) * n2, scratch + 2 * i * n2, inverse)
            done = tile if i == 0 else done
        store_columns(done, ahead(out, 2 * k * lanes), 2 * n1, n2, min(lanes * many, n1 - k * lanes), scale, 2 * n2)
        k += many


cdef called_void chirped(const vector* x, const vector* w, vector* out, Py_ssize_t n, int inverse, vector scale) noexcept nogil:
    """n complex numbers times those of w; with `inverse`, parts are exchanged in x and out."""
    cdef Py_ssize_t lanes = lanes_of(x), i = 0, j
    cdef vector a[2]
    cdef vector b[2]
    cdef vector c[2]
    while i < n:
        if SHUFFLE and i + lanes <= n:
            pull(ahead(x, 2 * i), a + inverse, a + 1 - inverse)
            pull(ahead(w, 2 * i), b, b + 1)
        else:
            a[0] = a[1] = b[0] = b[1] = number(0, x)
            for j in range(min(lanes, n - i)):
                move(x, 2 * (i + j) + inverse, a, j)
                move(x, 2 * (i + j) + 1 - inverse, a + 1, j)
                move(w, 2 * (i + j), b, j)
                move(w, 2 * (i + j) + 1, b + 1, j)
        c[inverse] = (a[0] * b[0] - a[1] * b[1]) * scale
        c[1 - inverse] = (a[0] * b[1] + a[1] * b[0]) * scale
        if SHUFFLE and i + lanes <= n:
            riffle(c, 2, a)
            store(ahead(out, 2 * i), 0, a[0])
            store(ahead(out, 2 * i), lanes, a[1])
        else:
            for j in range(min(lanes, n - i)):
                move(c, j, out, 2 * (i + j))
                move(c + 1, j, out, 2 * (i + j) + 1)
        i += lanes


cdef void convolved(const plan_t* c, const vector* x, vector* out, int inverse, vector scale, vector* scratch) noexcept nogil:
    """Bluestein: jk = (j^2 + k^2 - (k - j)^2) / 2, so that the sum over j is a convolution."""
    cdef Py_ssize_t m = c.other.n
    cdef vector* y = scratch + room(c.other, x)
    cdef vector one = number(1, x)
    chirped(x, <const vector*>c.chirp, y, c.n, inverse, one)
    memset(ahead(y, 2 * c.n), 0, 2 * (m - c.n) * (sizeof(float) if vector is vfloat else sizeof(double)))
    row(c.other, y, y, one, inverse, scratch)
    chirped(y, <const vector*>c.spectrum, y, m, inverse, one)
    row(c.other, y, y, one, 1 - inverse, scratch)
    chirped(y, <const vector*>c.chirp, out, c.n, inverse, scale)


cdef void row(const plan_t* c, const vector* x, vector* out, vector scale, int inverse, vector* scratch) noexcept nogil:
    """Transform a row, which may be out."""
    cdef vector* tile
    if c.kind == STEPS:
        tile = scratch + between_steps(c, x)
        step_one(c, x, inverse, 0, vectors(c.second.n, x), scratch, tile)
        step_two(c, out, inverse, scale, 0, vectors(c.line.n, x), scratch, tile)
    else:
        convolved(c, x, out, inverse, scale, scratch)


cdef void mirrored(const vector* x, vector* out, Py_ssize_t n, Py_ssize_t inner) noexcept nogil:
    """The second half of n elements, of `inner` complex numbers each: the conjugates of those of x the other way round."""
    cdef Py_ssize_t lanes = lanes_of(x), k = n // 2 + 1, i
    cdef vector a[2]
    cdef vector b[2]
    cdef vector zero = number(0, x)
    while k < n:
        if SHUFFLE and inner == 1 and k + lanes <= n:
            pull(ahead(x, 2 * (n - k - lanes + 1)), a, a + 1)
            a[0], a[1] = back(a[0]), zero - back(a[1])
            riffle(a, 2, b)
            store(ahead(out, 2 * k), 0, b[0])
            store(ahead(out, 2 * k), lanes, b[1])
            k += lanes
            continue
        for i in range(k * inner, (k + 1) * inner):
            move(x, 2 * (i + (n - 2 * k) * inner), out, 2 * i)
            if vector is vfloat:
                (<float*>out)[2 * i + 1] = -(<const float*>x)[2 * (i + (n - 2 * k) * inner) + 1]
            else:
                (<double*>out)[2 * i + 1] = -(<const double*>x)[2 * (i + (n - 2 * k) * inner) + 1]
        k += 1


cdef void real_row(const call_t* c, const vector* x, vector* out, vector scale, vector* scratch, vector* work) noexcept nogil:
    """A real signal or half its spectrum; `work` has room for n + 1 complex numbers."""
    cdef Py_ssize_t n = c.n, i
    cdef vector zero = number(0, x), one = number(1, x)
    if n % 2 == 0:
        if c.kind == REAL:
            row(c.plan, x, out, one, 0, scratch)
            split_row(c.plan, out, out, scale * number(0.5, x), False)
        else:
            split_row(c.plan, x, work, scale, True)
            row(c.plan, work, out, one, 1, scratch)
    elif c.kind == REAL:
        for i in range(n):
            move(x, i, work, 2 * i)
            move(&zero, 0, work, 2 * i + 1)
        row(c.plan, work, work, scale, 0, scratch)
        for i in range(n + 1):
            move(work, i, out, i)
        move(&zero, 0, out, 1)
    else:
        for i in range(n + 1):
            move(x, i, work, i)
        move(&zero, 0, work, 1)
        mirrored(work, work, n, 1)
        row(c.plan, work, work, scale, 1, scratch)
        for i in range(n):
            move(work, 2 * i, out, i)
    if c.fill:
        mirrored(out, out, n, 1)


cdef vector* allocated(call_t* c, Py_ssize_t n, const vector* _type, void** block) noexcept nogil:
    """n vectors, aligned; NULL without memory, and the call has failed."""
    block[0] = malloc((n + 1) * sizeof(vector))
    if block[0] == NULL:
        c.failed = True
        return NULL
    return <vector*>((<uintptr_t>block[0] + sizeof(vector) - 1) & ~<uintptr_t>(sizeof(vector) - 1))


cdef void rows_task(vector* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    c = <call_t*>ctx
    cdef Py_ssize_t need = room(c.plan, ctx), i
    cdef void* block
    cdef vector* scratch = allocated(c, need + vectors(2 * (c.n + 1), ctx), ctx, &block)
    cdef const vector* x
    cdef vector* out
    cdef vector scale = number(c.scale, ctx)
    if scratch == NULL:
        return
    for i in range(lo, hi):
        x, out = ahead(<const vector*>c.x, i * c.x_row), ahead(<vector*>c.out, i * c.out_row)
        if c.kind == COMPLEX:
            row(c.plan, x, out, scale, c.inverse, scratch)
        else:
            real_row(c, x, out, scale, scratch, scratch + need)
    free(block)


cdef void step_one_task(vector* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    c = <call_t*>ctx
    cdef void* block
    cdef vector* scratch = allocated(c, room(c.plan, ctx) - between_steps(c.plan, ctx), ctx, &block)
    if scratch == NULL:
        return
    step_one(c.plan, <const vector*>c.x, c.inverse, lo, hi, <vector*>c.work, scratch)
    free(block)


cdef void step_two_task(vector* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    c = <call_t*>ctx
    cdef void* block
    cdef vector* scratch = allocated(c, room(c.plan, ctx) - between_steps(c.plan, ctx), ctx, &block)
    if scratch == NULL:
        return
    step_two(c.plan, <vector*>c.out, c.inverse, number(c.scale, ctx), lo, hi, <vector*>c.work, scratch)
    free(block)


cdef void shared_row(call_t* c, const vector* _type) noexcept:
    """One long row, by all threads."""
    cdef void* block
    cdef Py_ssize_t lanes = lanes_of(_type)
    c.work = allocated(c, between_steps(c.plan, _type), _type, &block)
    if c.work == NULL:
        return
    parallel_for(<task_t>step_one_task[vector], c, vectors(c.plan.second.n, _type),
                 max(<Py_ssize_t>1, GRAIN // (c.plan.line.n * lanes)))
    parallel_for(<task_t>step_two_task[vector], c, vectors(c.plan.line.n, _type),
                 max(<Py_ssize_t>1, GRAIN // (c.plan.second.n * lanes)))
    free(block)


# ------------------------------------------------------------------------------------------------ whole signals in a tile


cdef void load_tiles(const call_t* c, const vector* x, Py_ssize_t n, Py_ssize_t parts, Py_ssize_t many, vector* out,
                     Py_ssize_t next) noexcept nogil:
    """n real or complex numbers of `many` rows or columns, to tiles `next` vectors apart."""
    cdef Py_ssize_t lanes = lanes_of(x), j, k
    if c.inner * c.mid == 1:
        load_rows(x, c.x_row, parts * n, many, out)
    elif parts == 2:
        load_columns(x, c.x_step, n, many, out, next)
    else:
        for j in range(n):
            for k in range((many + lanes - 1) // lanes):
                real_line(ahead(x, j * c.x_step + k * lanes), out + k * next + j, many - k * lanes)


cdef void store_tiles(const call_t* c, const vector* x, Py_ssize_t n, Py_ssize_t parts, Py_ssize_t many, vector* out,
                      Py_ssize_t next) noexcept nogil:
    cdef Py_ssize_t lanes = lanes_of(x), j, k
    if c.inner * c.mid == 1:
        store_rows(x, out, c.out_row, parts * n, many)
    elif parts == 2:
        store_columns(x, out, c.out_step, n, many, number(1, x), next)
    else:
        for j in range(n):
            for k in range((many + lanes - 1) // lanes):
                real_line(x + k * next + j, ahead(out, j * c.out_step + k * lanes), many - k * lanes)


cdef inline void real_line(const vector* x, vector* out, Py_ssize_t many) noexcept nogil:
    cdef Py_ssize_t i
    if many >= lanes_of(x):
        out[0] = x[0]
    else:
        for i in range(many):
            move(x, i, out, i)


cdef vector* tile_done(const call_t* c, vector* x, vector* y, vector scale) noexcept nogil:
    """A tile of x, or of y where real numbers are to be made complex; returns that of the two that holds the result."""
    cdef Py_ssize_t n = c.n, j
    cdef bint even = n % 2 == 0
    cdef vector zero = number(0, x)
    cdef vector* tile
    if c.kind == HALF and even:
        split_tile(c.plan, x, scale, True)
    elif c.kind == HALF:
        x[1] = zero
        for j in range(1, n // 2 + 1):
            x[2 * (n - j)], x[2 * (n - j) + 1] = x[2 * j], zero - x[2 * j + 1]
    elif c.kind == REAL and not even:
        for j in range(n):
            x[2 * j], x[2 * j + 1] = y[j], zero
    tile = passes(&c.plan.line, x, y, c.inverse)
    if c.kind == REAL and even:
        split_tile(c.plan, tile, scale * number(0.5, x), False)
    elif c.scale != 1 and (c.kind == COMPLEX or not even):
        scaled(tile, 2 * n, scale)
    if c.kind == REAL:
        tile[1] = zero
    elif c.kind == HALF and not even:
        for j in range(n):
            tile[j] = tile[2 * j]
    return tile


cdef void tiles_task(vector* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Groups of rows as many as there are lanes, or of neighbouring columns for `tiles` tiles."""
    c = <call_t*>ctx
    cdef Py_ssize_t lanes = lanes_of(ctx), n = c.n, h = n // 2 + 1, next = 4 * (n + 1), i, k, many, at, first
    cdef Py_ssize_t width = lanes * c.tiles, groups = (c.inner + width - 1) // width
    cdef void* block = NULL
    cdef vector small[SMALL]
    cdef vector* scratch = small
    cdef vector* other
    cdef vector* tile
    cdef vector* done
    cdef const vector* x
    cdef vector* out
    cdef vector scale = number(c.scale, ctx)
    if c.tiles * next > SMALL:
        scratch = allocated(c, c.tiles * next, ctx, &block)
        if scratch == NULL:
            return
    other = scratch + next // 2
    for i in range(lo, hi):
        if c.inner * c.mid == 1:
            first, at, many = i * lanes, 0, min(lanes, c.rows - i * lanes)
        else:
            first, at = i // groups // c.mid, i % groups * width
            many = min(width, c.inner - at)
            at += i // groups % c.mid * c.width
        x = ahead(<const vector*>c.x, first * c.x_row + (at if c.kind == REAL else 2 * at))
        out = ahead(<vector*>c.out, first * c.out_row + (at if c.kind == HALF else 2 * at))
        tile = other if c.kind == REAL and n % 2 else scratch
        load_tiles(c, x, h if c.kind == HALF else n, 1 if c.kind == REAL else 2, many, tile, next)
        done = NULL
        for k in range((many + lanes - 1) // lanes):
            tile = tile_done(c, scratch + k * next, other + k * next, scale)
            done = tile if k == 0 else done
        store_tiles(c, done, h if c.kind == REAL else n, 1 if c.kind == HALF else 2, many, out, next)
        for k in range(many if c.fill else 0):
            mirrored(ahead(out, k * c.out_row), ahead(out, k * c.out_row), n, 1)
    free(block)


cdef void gathered_task(vector* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Columns whose length is a convolution's: one at a time, as a row."""
    c = <call_t*>ctx
    cdef Py_ssize_t need = room(c.plan, ctx), i, j, k, first, at
    cdef Py_ssize_t x_parts = 1 if c.kind == REAL else 2, out_parts = 1 if c.kind == HALF else 2
    cdef Py_ssize_t x_n = c.n // 2 + 1 if c.kind == HALF else c.n, out_n = c.n // 2 + 1 if c.kind == REAL else c.n
    cdef void* block
    cdef vector* scratch = allocated(c, need + 2 * vectors(2 * (c.n + 1), ctx), ctx, &block)
    cdef vector* line = scratch + need + vectors(2 * (c.n + 1), ctx)
    cdef const vector* x
    cdef vector* out
    cdef vector scale = number(c.scale, ctx)
    if scratch == NULL:
        return
    for i in range(lo, hi):
        first, at = i // c.inner // c.mid, i // c.inner % c.mid * c.width + i % c.inner
        x, out = ahead(<const vector*>c.x, first * c.x_row + x_parts * at), ahead(<vector*>c.out, first * c.out_row + out_parts * at)
        for j in range(x_n):
            for k in range(x_parts):
                move(x, j * c.x_step + k, line, x_parts * j + k)
        if c.kind == COMPLEX:
            row(c.plan, line, line, scale, c.inverse, scratch)
        else:
            real_row(c, line, line, scale, scratch, scratch + need)
        for j in range(out_n):
            for k in range(out_parts):
                move(line, out_parts * j + k, out, j * c.out_step + k)
    free(block)


cdef int run(call_t* c, const vector* _type) except -1:
    cdef Py_ssize_t lanes = lanes_of(_type), i, many, n = c.n
    cdef bint by_rows = c.inner * c.mid == 1
    cdef const vector* x = <const vector*>c.x
    cdef vector* out = <vector*>c.out
    c.failed = False
    if c.plan.kind == LANES:
        c.tiles = 1 if by_rows else max(<Py_ssize_t>1, min(<Py_ssize_t>TILES, 2 * SHORT // n))
        lanes *= c.tiles
        many = (c.rows + lanes - 1) // lanes if by_rows else c.rows * c.mid * ((c.inner + lanes - 1) // lanes)
        parallel_for(<task_t>tiles_task[vector], c, many, max(<Py_ssize_t>1, GRAIN // (n * lanes)))
    elif not by_rows:
        parallel_for(<task_t>gathered_task[vector], c, c.rows * c.mid * c.inner, max(<Py_ssize_t>1, GRAIN // (8 * n)))
    elif c.kind == COMPLEX and c.plan.kind == STEPS and n >= LONG:
        for i in range(c.rows):
            c.x, c.out = ahead(x, i * c.x_row), ahead(out, i * c.out_row)
            shared_row(c, _type)
    else:
        parallel_for(<task_t>rows_task[vector], c, c.rows, max(<Py_ssize_t>1, GRAIN // n))
    if c.failed:
        raise MemoryError("no memory to work in for a Fourier transform")
    return 0


# ------------------------------------------------------------------------------------------------ the other half


cdef void* memory(array, Py_ssize_t size, int flags) except NULL:
    """That of an array which the caller keeps."""
    cdef Py_buffer found
    PyObject_GetBuffer(array, &found, flags)
    PyBuffer_Release(&found)
    if found.len < size:
        raise ValueError("a buffer is shorter than its sizes say")
    return found.buf


cdef struct mirror_t:
    void* out
    int dims
    Py_ssize_t n, inner
    Py_ssize_t size[64]
    bint turned[64]


cdef void mirror_task(vector* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    c = <const mirror_t*>ctx
    cdef Py_ssize_t i, rest, at, from_, step
    cdef int k
    for i in range(lo, hi):
        rest, from_, step = i, 0, 1
        for k in range(c.dims - 1, -1, -1):
            at, rest = rest % c.size[k], rest // c.size[k]
            from_ += (c.size[k] - at if at and c.turned[k] else at) * step
            step *= c.size[k]
        step = 2 * c.n * c.inner
        mirrored(ahead(<const vector*>c.out, from_ * step), ahead(<vector*>c.out, i * step), c.n, c.inner)


def mirror(out, bint wide, tuple shape, tuple dims, /):
    cdef mirror_t c
    cdef Py_ssize_t rows = 1, dim
    c.dims, c.inner = <int>dims[len(dims) - 1], 1
    c.n = shape[c.dims]
    if c.dims > 64 or c.dims < 0:
        raise ValueError("too many dimensions")
    for dim in range(c.dims):
        c.size[dim], c.turned[dim] = shape[dim], dim in dims
        rows *= c.size[dim]
    for dim in range(c.dims + 1, len(shape)):
        c.inner *= <Py_ssize_t>shape[dim]
    if min(rows, c.n, c.inner) < 1:
        raise ValueError("a size is not positive")
    c.out = memory(out, rows * c.n * c.inner * (16 if wide else 8), PyBUF_WRITABLE)
    cdef Py_ssize_t grain = max(<Py_ssize_t>1, GRAIN // (c.n * c.inner))
    if wide:
        parallel_for(<task_t>mirror_task[vdouble], &c, rows, grain)
    else:
        parallel_for(<task_t>mirror_task[vfloat], &c, rows, grain)


# ------------------------------------------------------------------------------------------------ plans and calls


plans = {}      # by length and use: (memory of a plan, the plan it uses)
cdef Py_ssize_t kept = 0


cdef object made(Py_ssize_t n, bint wide, bint columns, bint few, bint halves):
    """A plan that is not there yet."""
    global kept
    cdef plan_t measured
    cdef plan_t* c
    cdef roots_t roots
    cdef block_t block
    cdef bint direct = smooth(n)
    cdef Py_ssize_t m = 0, j
    cdef double w[2]
    cdef call_t call
    other = None
    memset(&measured, 0, sizeof(plan_t))
    measured.n = n
    block.at, block.used, block.wide = NULL, 64 + sizeof(plan_t), wide
    roots_init(&roots, 2 * n if halves or not direct else n)
    if direct:
        plan_init(&measured, n, columns, few, halves, &roots, &block)
    else:
        for j in (1, 3, 5, 9, 15):
            while j < 2 * n - 1:
                j *= 2
            m = j if m == 0 or j < m else m
        other = found(m, wide, False, True, False)
        taken(&block, 2 * n)
        taken(&block, 2 * m)
        taken(&block, 2 * (n // 2 + 1))
    held = PyByteArray_FromStringAndSize(NULL, block.used + 64)
    c = <plan_t*>PyByteArray_AS_STRING(held)
    c[0] = measured
    block.at = <char*>((<uintptr_t>c + sizeof(plan_t) + 63) & ~<uintptr_t>63)
    if direct:
        plan_init(c, n, columns, few, halves, &roots, &block)
    else:
        c.kind, c.other = CONVOLUTION, <const plan_t*>PyByteArray_AS_STRING(other[0])
        for j in range(n):
            root(&roots, j * j % (2 * n), w)
            put(&block, put(&block, 2 * j, w[0]), w[1])
        c.chirp = taken(&block, 2 * n)
        memset(block.at, 0, 2 * m * (8 if wide else 4))
        for j in range(n):
            root(&roots, j * j % (2 * n), w)
            put(&block, put(&block, 2 * j, w[0]), -w[1])
            if j:
                put(&block, put(&block, 2 * (m - j), w[0]), -w[1])
        c.spectrum = taken(&block, 2 * m)
        memset(&call, 0, sizeof(call_t))
        call.plan, call.kind, call.n, call.rows, call.mid, call.inner, call.scale = c.other, COMPLEX, m, 1, 1, 1, 1.0 / m
        call.x, call.out = c.spectrum, <void*>c.spectrum
        if wide:
            run(&call, <const vdouble*>NULL)
        else:
            run(&call, <const vfloat*>NULL)
        if halves:
            for j in range(n // 2 + 1):
                root(&roots, j, w)
                put(&block, j, w[0])
                put(&block, n // 2 + 1 + j, w[1])
            c.halves = taken(&block, 2 * (n // 2 + 1))
    free(roots.low)
    kept += block.used
    return held, other


cdef object found(Py_ssize_t n, bint wide, bint columns, bint few, bint halves):
    global kept
    key = n << 4 | wide << 3 | columns << 2 | few << 1 | halves
    plan = plans.get(key)
    if plan is None:
        if kept > KEPT:
            plans.clear()
            kept = 0
        plans[key] = plan = made(n, wide, columns, few, halves)
    return plan


def transform(x, out, int kind, bint wide, bint inverse, int full, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t mid,
              Py_ssize_t inner, Py_ssize_t width, double scale, /):
    cdef call_t c
    cdef Py_ssize_t half = n // 2 + 1, size = 8 if wide else 4
    cdef bint even = kind != COMPLEX and n % 2 == 0
    cdef Py_ssize_t x_n = n if kind == REAL else 2 * (half if kind == HALF else n)
    cdef Py_ssize_t out_n = n if kind == HALF else 2 * (half if kind == REAL and not full else n)
    if min(rows, n, mid, inner, width - inner + 1) < 1 or kind != COMPLEX and (mid > 1 or width > inner):
        raise ValueError("sizes that do not fit")
    plan = found(n // 2 if even else n, wide, inner * mid > 1, rows * 2 <= (DOUBLES if wide else FLOATS), even)
    c.plan = <const plan_t*>PyByteArray_AS_STRING(plan[0])
    c.kind, c.n, c.rows, c.mid, c.inner, c.width, c.scale = kind, n, rows, mid, inner, width, scale
    c.inverse = kind == HALF or kind == COMPLEX and inverse
    c.fill = full == 2
    c.x_step, c.out_step = mid * width * (1 if kind == REAL else 2), mid * width * (1 if kind == HALF else 2)
    c.x_row, c.out_row = mid * width * x_n, mid * width * out_n
    c.x, c.out = memory(x, rows * c.x_row * size, PyBUF_SIMPLE), memory(out, rows * c.out_row * size, PyBUF_WRITABLE)
    if wide:
        run(&c, <const vdouble*>NULL)
    else:
        run(&c, <const vfloat*>NULL)
