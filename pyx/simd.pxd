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
    #else
    typedef float lucid_vfloat;
    typedef double lucid_vdouble;
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

cdef inline vector splat(const vector* p, Py_ssize_t at) noexcept nogil:
    """Element `at` in every lane."""
    if vector is vfloat:
        return splat_float((<const float*>p)[at])
    else:
        return splat_double((<const double*>p)[at])
