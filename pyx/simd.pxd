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
    #define LUCID_EVEN_16 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
    #define LUCID_ODD_16 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
    #define LUCID_BACK_16 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
    #define lucid_shuffle_float(name, a, b) __builtin_shufflevector(a, b, LUCID_##name##_16)
    #define lucid_shuffle_double(name, a, b) __builtin_shufflevector(a, b, LUCID_##name##_8)
    #elif LUCID_VECTOR == 32
    #define lucid_low_float(a, b) __builtin_shufflevector(a, b, LUCID_LOW_8)
    #define lucid_high_float(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_8)
    #define lucid_low_double(a, b) __builtin_shufflevector(a, b, LUCID_LOW_4)
    #define lucid_high_double(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_4)
    #define lucid_shuffle_float(name, a, b) __builtin_shufflevector(a, b, LUCID_##name##_8)
    #define lucid_shuffle_double(name, a, b) __builtin_shufflevector(a, b, LUCID_##name##_4)
    #else
    #define lucid_low_float(a, b) __builtin_shufflevector(a, b, LUCID_LOW_4)
    #define lucid_high_float(a, b) __builtin_shufflevector(a, b, LUCID_HIGH_4)
    #define lucid_low_double(a, b) __builtin_shufflevector(a, b, 0, 2)
    #define lucid_high_double(a, b) __builtin_shufflevector(a, b, 1, 3)
    #define LUCID_EVEN_2 0, 2
    #define LUCID_ODD_2 1, 3
    #define LUCID_BACK_2 1, 0
    #define lucid_shuffle_float(name, a, b) __builtin_shufflevector(a, b, LUCID_##name##_4)
    #define lucid_shuffle_double(name, a, b) __builtin_shufflevector(a, b, LUCID_##name##_2)
    #endif
    #define LUCID_LOW_8 0, 8, 1, 9, 2, 10, 3, 11
    #define LUCID_HIGH_8 4, 12, 5, 13, 6, 14, 7, 15
    #define LUCID_LOW_4 0, 4, 1, 5
    #define LUCID_HIGH_4 2, 6, 3, 7
    #define LUCID_EVEN_8 0, 2, 4, 6, 8, 10, 12, 14
    #define LUCID_ODD_8 1, 3, 5, 7, 9, 11, 13, 15
    #define LUCID_BACK_8 7, 6, 5, 4, 3, 2, 1, 0
    #define LUCID_EVEN_4 0, 2, 4, 6
    #define LUCID_ODD_4 1, 3, 5, 7
    #define LUCID_BACK_4 3, 2, 1, 0
    #endif
    #endif
    #if !defined(LUCID_SHUFFLE)
    #define LUCID_SHUFFLE 0
    #define lucid_low_float(a, b) (a)
    #define lucid_high_float(a, b) (b)
    #define lucid_low_double(a, b) (a)
    #define lucid_high_double(a, b) (b)
    #define lucid_shuffle_float(name, a, b) (a)
    #define lucid_shuffle_double(name, a, b) (a)
    #endif
    #define lucid_even_float(a, b) lucid_shuffle_float(EVEN, a, b)
    #define lucid_odd_float(a, b) lucid_shuffle_float(ODD, a, b)
    #define lucid_back_float(a) lucid_shuffle_float(BACK, a, a)
    #define lucid_even_double(a, b) lucid_shuffle_double(EVEN, a, b)
    #define lucid_odd_double(a, b) lucid_shuffle_double(ODD, a, b)
    #define lucid_back_double(a) lucid_shuffle_double(BACK, a, a)
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
    vfloat even_float "lucid_even_float"(vfloat a, vfloat b) noexcept nogil
    vfloat odd_float "lucid_odd_float"(vfloat a, vfloat b) noexcept nogil
    vfloat back_float "lucid_back_float"(vfloat a) noexcept nogil       # the last lane first
    vdouble even_double "lucid_even_double"(vdouble a, vdouble b) noexcept nogil
    vdouble odd_double "lucid_odd_double"(vdouble a, vdouble b) noexcept nogil
    vdouble back_double "lucid_back_double"(vdouble a) noexcept nogil
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


cdef inline void pull(const vector* x, vector* re, vector* im) noexcept nogil:
    """The even and the odd ones of two vectors of elements."""
    cdef vector a = x[0], b = x[1]
    if vector is vfloat:
        re[0], im[0] = even_float(a, b), odd_float(a, b)
    else:
        re[0], im[0] = even_double(a, b), odd_double(a, b)


cdef inline vector back(vector x) noexcept nogil:
    """The last lane first."""
    if vector is vfloat:
        return back_float(x)
    else:
        return back_double(x)


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
