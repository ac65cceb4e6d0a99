"""The mathematics of one element, named once. Every rule is free of branches (selects only), so that the loop
it is inlined into vectorises; `noexcept nogil`, no state.
"""
from libc cimport math as libm
from libc.stdint cimport uint8_t

from types cimport floating, inexact, number, real

cdef extern from "<complex.h>" nogil:
    float complex csqrtf(float complex)
    double complex csqrt(double complex)
    float complex cexpf(float complex)
    double complex cexp(double complex)
    float complex clogf(float complex)
    double complex clog(double complex)
    float complex csinf(float complex)
    double complex csin(double complex)
    float complex ctanhf(float complex)
    double complex ctanh(double complex)
    float complex cpowf(float complex, float complex)
    double complex cpow(double complex, double complex)

ctypedef float complex cfloat


cdef inline number neg_(number x) noexcept nogil:
    return <number>-x

cdef inline real abs_(real x) noexcept nogil:
    if real is float:
        return libm.fabsf(x)
    elif real is double:
        return libm.fabs(x)
    elif real is uint8_t:
        return x
    else:
        return <real>(-x if x < 0 else x)

cdef inline floating exp_(floating x) noexcept nogil:
    return libm.expf(x) if floating is float else libm.exp(x)

cdef inline floating log_(floating x) noexcept nogil:
    return libm.logf(x) if floating is float else libm.log(x)

cdef inline floating sqrt_(floating x) noexcept nogil:
    return libm.sqrtf(x) if floating is float else libm.sqrt(x)

cdef inline floating sin_(floating x) noexcept nogil:
    return libm.sinf(x) if floating is float else libm.sin(x)

cdef inline floating tanh_(floating x) noexcept nogil:
    return libm.tanhf(x) if floating is float else libm.tanh(x)

cdef inline floating erf_(floating x) noexcept nogil:
    return libm.erff(x) if floating is float else libm.erf(x)

cdef inline floating sigmoid_(floating x) noexcept nogil:
    return <floating>1 / (<floating>1 + exp_(-x))

cdef inline floating relu_(floating x) noexcept nogil:
    return <floating>0 if x < 0 else x

cdef inline floating leaky_relu_(floating x, floating slope, floating unused) noexcept nogil:
    return x if x > 0 else x * slope

cdef inline floating relu_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return <floating>0 if x <= 0 else g

cdef inline floating leaky_relu_backward_(floating g, floating x, floating slope, floating unused) noexcept nogil:
    return g if x > 0 else g * slope

cdef inline number add_(number x, number y) noexcept nogil:
    return <number>(x + y)

cdef inline number sub_(number x, number y) noexcept nogil:
    return <number>(x - y)

cdef inline number mul_(number x, number y) noexcept nogil:
    return <number>(x * y)

cdef inline inexact div_(inexact x, inexact y) noexcept nogil:
    return x / y

cdef inline real maximum_(real x, real y) noexcept nogil:
    return x if x > y or x != x else y

cdef inline real minimum_(real x, real y) noexcept nogil:
    return x if x < y or x != x else y

cdef inline inexact pow_(inexact x, inexact y) noexcept nogil:
    if inexact is float:
        return libm.powf(x, y)
    elif inexact is double:
        return libm.pow(x, y)
    elif inexact is cfloat:
        return cpowf(x, y)
    else:
        return cpow(x, y)

cdef inline uint8_t eq_(number x, number y) noexcept nogil:
    return x == y

cdef inline uint8_t ne_(number x, number y) noexcept nogil:
    return x != y

cdef inline uint8_t lt_(real x, real y) noexcept nogil:
    return x < y

cdef inline uint8_t le_(real x, real y) noexcept nogil:
    return x <= y

cdef inline uint8_t gt_(real x, real y) noexcept nogil:
    return x > y

cdef inline uint8_t ge_(real x, real y) noexcept nogil:
    return x >= y
