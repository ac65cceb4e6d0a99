"""The blocked matrix product that `linalg.pyx` and `conv.pyx` stand on.

Design
------
(a) The innermost body, `tile`, keeps ROWS rows by two vectors of columns of the result in registers and runs over k.
    It reads both operands packed: A in panels of ROWS rows, B in panels of COLUMNS columns, each panel k-major and
    contiguous, filled up with zeros.
(b) `panel` runs `tile` down one panel of B, which stays in the first-level cache, past rows of A, which fit the
    second-level cache, and sets or adds to the result; `block` does so for many panels.
(c) An element of the result is the sum over k in order, in blocks of DEPTH: it depends neither on how the result was
    cut nor on who computed it, so any number of threads gives the same bits.
(d) Where the processor multiplies pairs of bfloat16 numbers (AVX512-BF16), a float32 element of the packed operands may be
    such a pair, of two k: `tile_pairs` does twice the work in the time of `tile`. The sums are float32 all the same.
"""
cdef extern from *:
    """
    #if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
    #include <immintrin.h>
    #define LUCID_PAIRS (__builtin_cpu_supports("avx512bf16") != 0)
    static __attribute__((noinline, unused, target("avx512bf16"))) void lucid_tile_pairs(
        const float* a, const float* b, Py_ssize_t k, float* out
    ) {
        __m512 acc[8][2];
        int i;
        for (i = 0; i < 8; i++) acc[i][0] = acc[i][1] = _mm512_setzero_ps();
        for (; k > 0; k--, a += 8, b += 32) {
            const __m512bh b0 = (__m512bh)_mm512_loadu_ps(b), b1 = (__m512bh)_mm512_loadu_ps(b + 16);
            for (i = 0; i < 8; i++) {
                const __m512bh x = (__m512bh)_mm512_set1_ps(a[i]);
                acc[i][0] = _mm512_dpbf16_ps(acc[i][0], x, b0);
                acc[i][1] = _mm512_dpbf16_ps(acc[i][1], x, b1);
            }
        }
        for (i = 0; i < 8; i++) {
            _mm512_storeu_ps(out + 32 * i, acc[i][0]);
            _mm512_storeu_ps(out + 32 * i + 16, acc[i][1]);
        }
    }
    #else
    #define LUCID_PAIRS 0
    #define lucid_tile_pairs(a, b, k, out)
    #endif
    """
    const bint PAIRS "LUCID_PAIRS"
    void tile_pairs "lucid_tile_pairs"(const float* a, const float* b, Py_ssize_t k, float* out) noexcept nogil

from inlined cimport called_void
from simd cimport (DOUBLES, FLOATS, ROWS, SHUFFLE, load, prefetch, splat, splat_double, splat_float, transpose, vdouble, vector,
                   vfloat)
from types cimport floating

cdef enum:
    DEPTH = 256                 # k of one packed block: a panel of B stays in the first-level cache
    BLOCK_ROWS = 96             # rows of A packed at once, a multiple of ROWS at every level
    MAX_ROWS = 8                # of a register tile, at any level
    MAX_COLUMNS = 32


cdef inline Py_ssize_t columns(const floating* _type) noexcept nogil:
    """Columns of a register tile."""
    return 2 * FLOATS if floating is float else 2 * DOUBLES


cdef inline void tile(const vector* a, const vector* b, Py_ssize_t k, vector* out, bint apart=False) noexcept nogil:
    """out = A B for one panel of each; or the squared distances of the rows of A and the columns of B."""
    cdef vector acc[MAX_ROWS][2]
    cdef vector b0, b1, x
    cdef Py_ssize_t p, i
    cdef Py_ssize_t lanes = FLOATS if vector is vfloat else DOUBLES
    for i in range(ROWS):
        if vector is vfloat:
            acc[i][0] = acc[i][1] = splat_float(0)
        else:
            acc[i][0] = acc[i][1] = splat_double(0)
    for p in range(k):
        b0 = load(b, 2 * lanes * p)
        b1 = load(b, 2 * lanes * p + lanes)
        for i in range(ROWS):
            x = splat(a, ROWS * p + i)
            if apart:
                acc[i][0] = acc[i][0] + (x - b0) * (x - b0)
                acc[i][1] = acc[i][1] + (x - b1) * (x - b1)
            else:
                acc[i][0] = acc[i][0] + x * b0
                acc[i][1] = acc[i][1] + x * b1
    for i in range(ROWS):
        out[2 * i] = acc[i][0]
        out[2 * i + 1] = acc[i][1]


cdef inline called_void pack_rows(const floating* a, Py_ssize_t row, Py_ssize_t col, Py_ssize_t m, Py_ssize_t k,
                                  floating* out) noexcept nogil:
    """Panels of ROWS rows of A (m, k); element (i, p) is at `i * row + p * col`."""
    cdef Py_ssize_t lanes = FLOATS if floating is float else DOUBLES
    cdef Py_ssize_t first = 0, i, p, rows
    while first < m:
        rows = min(<Py_ssize_t>ROWS, m - first)
        p = 0
        if rows == ROWS and col == 1 and SHUFFLE and ROWS == 8:
            while p + lanes <= k:
                if floating is float:
                    transpose(<const vfloat*>(a + p), row, 8, <vfloat*>(out + 8 * p), FLOATS)
                else:
                    transpose(<const vdouble*>(a + p), row, 8, <vdouble*>(out + 8 * p), DOUBLES)
                p += lanes
        if rows == ROWS and row == 1:
            for p in range(k):
                for i in range(ROWS):
                    out[ROWS * p + i] = a[i + p * col]
        else:
            for p in range(p, k):
                for i in range(rows):
                    out[ROWS * p + i] = a[i * row + p * col]
                for i in range(rows, ROWS):
                    out[ROWS * p + i] = 0
        first += ROWS
        a += ROWS * row
        out += ROWS * k


cdef inline called_void pack_columns(const floating* b, Py_ssize_t row, Py_ssize_t col, Py_ssize_t k, Py_ssize_t n,
                                     floating* out, Py_ssize_t vectors=2) noexcept nogil:
    """Panels of `vectors` vectors of columns of B (k, n); element (p, j) is at `p * row + j * col`."""
    cdef Py_ssize_t lanes = FLOATS if floating is float else DOUBLES
    cdef Py_ssize_t width = vectors * lanes, first = 0, i, j, p, many
    while first < n:
        many = min(width, n - first)
        p = 0
        if many == width and row == 1 and SHUFFLE:
            while p + lanes <= k:
                for i in range(vectors):
                    if floating is float:
                        transpose(<const vfloat*>(b + p + i * lanes * col), col, FLOATS,
                                  <vfloat*>(out + width * p + i * lanes), width)
                    else:
                        transpose(<const vdouble*>(b + p + i * lanes * col), col, DOUBLES,
                                  <vdouble*>(out + width * p + i * lanes), width)
                p += lanes
        if many == width and col == 1:
            for p in range(k):
                for j in range(width):
                    out[width * p + j] = b[p * row + j]
        else:
            for p in range(p, k):
                for j in range(many):
                    out[width * p + j] = b[p * row + j * col]
                for j in range(many, width):
                    out[width * p + j] = 0
        first += width
        b += width * col
        out += width * k


cdef inline void panel(const floating* a, const floating* b, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, floating* c,
                       Py_ssize_t row, floating alpha, floating beta, const floating* ahead=NULL,
                       Py_ssize_t ahead_row=0, bint apart=False, bint pairs=False) noexcept nogil:
    """C (m, n) = alpha A B + beta C for packed rows of A and one packed panel of B; beta 0 does not read C.

    With `apart` squared distances stand for products. With `pairs` elements are pairs of bfloat16.
    `ahead`: where the panel of B that is packed next begins, its rows `ahead_row` apart; they come near meanwhile.
    """
    cdef Py_ssize_t width = 2 * FLOATS if floating is float else 2 * DOUBLES
    cdef floating out[MAX_ROWS * MAX_COLUMNS]
    cdef Py_ssize_t first = 0, i, j, rows
    while first < m:
        if ahead != NULL:
            for i in range(first * k // m, min(first + ROWS, m) * k // m):
                prefetch(ahead + i * ahead_row)
                prefetch(ahead + i * ahead_row + width // 2)
        rows = min(<Py_ssize_t>ROWS, m - first)
        if floating is float:
            if apart:
                tile(<const vfloat*>a, <const vfloat*>b, k, <vfloat*>out, True)
            elif pairs:
                tile_pairs(a, b, k, out)
            else:
                tile(<const vfloat*>a, <const vfloat*>b, k, <vfloat*>out)
        elif apart:
            tile(<const vdouble*>a, <const vdouble*>b, k, <vdouble*>out, True)
        else:
            tile(<const vdouble*>a, <const vdouble*>b, k, <vdouble*>out)
        for i in range(rows):
            if n == width and beta == 0:
                for j in range(width):
                    c[i * row + j] = alpha * out[i * width + j]
            elif n == width and beta == 1:
                for j in range(width):
                    c[i * row + j] += alpha * out[i * width + j]
            elif beta == 0:
                for j in range(n):
                    c[i * row + j] = alpha * out[i * width + j]
            else:
                for j in range(n):
                    c[i * row + j] = beta * c[i * row + j] + alpha * out[i * width + j]
        first += ROWS
        a += ROWS * k
        c += ROWS * row


cdef inline void block(const floating* a, const floating* b, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, floating* c,
                       Py_ssize_t row, floating alpha, floating beta) noexcept nogil:
    """C (m, n) = alpha A B + beta C for packed A (m, k) and B (k, n)."""
    cdef Py_ssize_t width = 2 * FLOATS if floating is float else 2 * DOUBLES
    cdef Py_ssize_t first = 0
    while first < n:
        panel(a, b, m, min(width, n - first), k, c, row, alpha, beta)
        first += width
        b += width * k
        c += width
