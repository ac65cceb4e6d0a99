"""Vectors of the compiled level's width, for the few kernels whose registers have to be blocked by hand.

`vfloat` and `vdouble` are the compiler's vector types (plain scalars where it has none); Cython takes them for numbers,
so `+` and `*` are written as usual and act on all lanes. Loads and stores need no alignment.
"""
cdef extern from *:
    """
    #if defined(__AVX512F__)
    #define LUCID_VECTOR 64
    #define LUCID_ROWS 8
    #elif defined(__AVX__)
    #define LUCID_VECTOR 32
    #define LUCID_ROWS 6
    #else
    #define LUCID_VECTOR 16
    #if defined(__aarch64__)
    #define LUCID_ROWS 8
    #else
    #define LUCID_ROWS 6
    #endif
    #endif
    #if defined(__GNUC__)
    typedef float lucid_vfloat __attribute__((vector_size(LUCID_VECTOR), aligned(4), may_alias));
    typedef double lucid_vdouble __attribute__((vector_size(LUCID_VECTOR), aligned(8), may_alias));
    #define lucid_prefetch(p) __builtin_prefetch((p), 0, 2)
    #else
    #define lucid_prefetch(p)
    typedef float lucid_vfloat;
    typedef double lucid_vdouble;
    #endif
    #if defined(__has_builtin)
    #if __has_builtin(__builtin_shufflevector)
    #define LUCID_SHUFFLE 1
    #if LUCID_VECTOR == 64
    #define LUCID_LOW_16 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
    #define LUCID_HIGH_16 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
    #define lucid_low_float(a, b) __builtin_shufflevector(a, b, LUCID_LOW_16)
    #define lucid_high_float(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_16)
    #define lucid_low_double(a, b) __builtin_shufflevector(a, b, LUCID_LOW_8)
    #define lucid_high_double(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_8)
    #elif LUCID_VECTOR == 32
    #define lucid_low_float(a, b) __builtin_shufflevector(a, b, LUCID_LOW_8)
    #define lucid_high_float(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_8)
    #define lucid_low_double(a, b) __builtin_shufflevector(a, b, LUCID_LOW_4)
    #define lucid_high_double(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_4)
    #else
    #define lucid_low_float(a, b) __builtin_shufflevector(a, b, LUCID_LOW_4)
    #define lucid_high_float(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_4)
    #define lucid_low_double(a, b) __builtin_shufflevector(a, b, 0, 2)
    #define lucid_high_double(a, b) __builtin_shufflevector(a, b, 1, 3)
    #endif
    #define LUCID_LOW_8 0, 8, 1, 9, 2, 10, 3, 11
    #define LUCID_HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
    #define LUCID_LOW_4 0, 4, 1, 5
    #define LUCID_HIGH_4 2, 6, 3, 7
    #endif
    #endif
    #if !defined(LUCID_SHUFFLE)
    #define LUCID_SHUFFLE 0
    #define lucid_low_float(a, b) (a)
    #define lucid_high_float(a, b) (b)
    #define lucid_low_double(a, b) (a)
    #define lucid_high_double(a, b) (b)
    #endif
    #define LUCID_FLOATS ((int)(sizeof(lucid_vfloat) / sizeof(float)))
    #define LUCID_DOUBLES ((int)(sizeof(lucid_vdouble) / sizeof(double)))
    #define lucid_splat_float(x) ((x) - (lucid_vfloat){0})   /* x - 0 is x, also for -0 */
    #define lucid_splat_double(x) ((x) - (lucid_vdouble){0})
    """
    ctypedef float vfloat "lucid_vfloat"
    ctypedef double vdouble "lucid_vdouble"
    const int FLOATS "LUCID_FLOATS"         # lanes of a vfloat
    const int DOUBLES "LUCID_DOUBLES"       # lanes of a vdouble
    const int ROWS "LUCID_ROWS"             # rows of a register tile whose columns are two vectors
    const bint SHUFFLE "LUCID_SHUFFLE"      # the compiler can shuffle lanes
    void prefetch "lucid_prefetch"(const void* p) noexcept nogil    # into the second-level cache
    vfloat low_float "lucid_low_float"(vfloat a, vfloat b) noexcept nogil
    vfloat high_float "lucid_high_float"(vfloat a, vfloat b) noexcept nogil
    vdouble low_double "lucid_low_double"(vdouble a, vdouble b) noexcept nogil
    vdouble high_double "lucid_high_double"(vdouble a, vdouble b) noexcept nogil
    vfloat splat_float "lucid_splat_float"(float x) noexcept nogil
    vdouble splat_double "lucid_splat_double"(double x) noexcept nogil

ctypedef fused vector:
    vfloat
    vdouble

cdef inline vector load(const vector* p, Py_ssize_t at) noexcept nogil:
    """The lanes from element `at` on."""
    if vector is vfloat:
        return (<const vfloat*>(<const float*>p + at))[0]
    else:
        return (<const vdouble*>(<const double*>p + at))[0]

cdef inline void store(vector* p, Py_ssize_t at, vector x) noexcept nogil:
    if vector is vfloat:
        (<vfloat*>(<float*>p + at))[0] = x
    else:
        (<vdouble*>(<double*>p + at))[0] = x


cdef inline vector splat(const vector* p, Py_ssize_t at) noexcept nogil:
    """Element `at` in every lane."""
    if vector is vfloat:
        return splat_float((<const float*>p)[at])
    else:
        return splat_double((<const double*>p)[at])


cdef inline void riffle(const vector* x, Py_ssize_t n, vector* out) noexcept nogil:
    """Interleave the lanes of the first half of n vectors with those of the second half.

    As an index of bits [vector | lane], one riffle moves the highest bit to the lowest place: log2(n) of them turn n
    rows of lanes into lanes of n rows, a transposition.
    """
    cdef Py_ssize_t i
    for i in range(n // 2):
        if vector is vfloat:
            out[2 * i] = low_float(x[i], x[i + n // 2])
            out[2 * i + 1] = high_float(x[i], x[i + n // 2])
        else:
            out[2 * i] = low_double(x[i], x[i + n // 2])
            out[2 * i + 1] = high_double(x[i], x[i + n // 2])


cdef inline void transpose(const vector* x, Py_ssize_t step, Py_ssize_t n, vector* out,
                           Py_ssize_t out_step) noexcept nogil:
    """Transpose one vector from each of n rows, `step` elements apart, where n is a constant: 2, 4, 8 or 16.

    The n result vectors stand `out_step` apart, one row each if n is the number of lanes; for a smaller n they hold
    several rows of n, one after the other.
    """
    cdef vector a[16]
    cdef vector b[16]
    cdef vector* last
    cdef Py_ssize_t i
    for i in range(n):
        a[i] = load(x, i * step)
    riffle(a, n, b)
    last = b
    if n > 2:
        riffle(b, n, a)
        last = a
    if n > 4:
        riffle(a, n, b)
        last = b
    if n > 8:
        riffle(b, n, a)
        last = a
    for i in range(n):
        store(out, i * out_step, last[i])
