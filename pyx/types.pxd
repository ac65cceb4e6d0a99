"""The element types that kernels are written for. Half precision is computed in float32 by the frame.

A kernel is one body over a fused type; the frame picks the specialisation by dtype, once, at import.
"""
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t

# Cython makes a complex number of its parts by `x + y*(T)_Complex_I`, where an infinite y makes x NaN and -0 becomes 0.
cdef extern from *:
    """
    #include <complex.h>
    #undef _Complex_I
    #define _Complex_I 0 || 1 ? __builtin_complex(x, y) : 0
    """

ctypedef fused floating:
    float
    double

ctypedef fused inexact:
    float
    double
    float complex
    double complex

# bool tensors reach these kernels as uint8 holding 0 and 1.
ctypedef fused integer:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t

ctypedef fused real:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double

ctypedef fused number:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double
    float complex
    double complex

# Data that is only moved: one specialisation per element size (16: complex128).
ctypedef fused element:
    uint8_t
    int16_t
    int32_t
    int64_t
    double complex
