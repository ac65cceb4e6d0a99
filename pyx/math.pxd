"""The mathematics of one element, named once. Every rule is free of branches (selects only), so that the loop
it is inlined into vectorises; `noexcept nogil`, no state.
"""
from libc cimport math as libm
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from types cimport floating, inexact, integer, number, real

cdef extern from "<complex.h>" nogil:
    double cabs(double complex)
    double complex csqrt(double complex)
    double complex cexp(double complex)
    double complex clog(double complex)
    double complex csin(double complex)
    double complex ccos(double complex)
    double complex ctan(double complex)
    double complex casin(double complex)
    double complex cacos(double complex)
    double complex catan(double complex)
    double complex csinh(double complex)
    double complex ccosh(double complex)
    double complex ctanh(double complex)
    double complex casinh(double complex)
    double complex cacosh(double complex)
    double complex catanh(double complex)
    double complex cpow(double complex, double complex)
    double creal(double complex)
    double cimag(double complex)

ctypedef fused complexes:
    float complex
    double complex

ctypedef fused wide:
    int32_t
    int64_t

ctypedef fused integer_or_floating:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double


# ---- Arithmetic -------------------------------------------------------------------------------------------------

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

cdef inline real sign_(real x) noexcept nogil:
    return <real>((x > 0) - (x < 0))

cdef inline number square_(number x) noexcept nogil:
    return mul_(x, x)

cdef inline floating cube_(floating x) noexcept nogil:
    return x * x * x

cdef inline inexact reciprocal_(inexact x) noexcept nogil:
    cdef inexact one = 1  # a cast literal does not compile for complex numbers
    return div_(one, x)

cdef inline integer bitwise_not_(integer x) noexcept nogil:
    return <integer>~x

cdef inline number add_(number x, number y) noexcept nogil:
    return <number>(x + y)

cdef inline floating add_scaled_(floating x, floating y, floating a, floating b) noexcept nogil:
    return x + a * y

cdef inline number sub_(number x, number y) noexcept nogil:
    return <number>(x - y)

cdef inline number mul_(number x, number y) noexcept nogil:
    cdef number out
    if number in complexes:    # C's product looks for infinities made of NaN, and takes 3 times as long
        out.real = x.real * y.real - x.imag * y.imag
        out.imag = x.real * y.imag + x.imag * y.real
        return out
    else:
        return <number>(x * y)

cdef inline floating prelu_(floating x, floating slope) noexcept nogil:
    return x if x > 0 else slope * x

# Of complex numbers Smith's quotient, in double, with selects: C's asks every time what was infinite, and is no loop.
cdef inline inexact div_(inexact x, inexact y) noexcept nogil:
    cdef double a, b, c, d, ratio, scale
    cdef inexact out
    cdef bint turned, zero
    if inexact in complexes:
        turned = libm.fabs(y.real) < libm.fabs(y.imag)
        a, b = x.imag if turned else x.real, -x.real if turned else x.imag
        c, d = y.imag if turned else y.real, -y.real if turned else y.imag
        zero = (c == 0) & (d == 0)
        ratio = d / c
        scale = 1 / (c + (0 if zero else d * ratio))
        out.real, out.imag = (a + (0 if zero else b * ratio)) * scale, (b - (0 if zero else a * ratio)) * scale
        return out
    else:
        return x / y

# The first of two equal operands (zeros of either sign), as PyTorch; NaN wins in maximum, loses in fmax.
# Two selects: a tree of these with a compound condition each is not vectorised.
cdef inline real maximum_(real x, real y) noexcept nogil:
    cdef real m = y if y > x else x
    if real is float or real is double:
        return m if y == y else y
    else:
        return m

cdef inline real minimum_(real x, real y) noexcept nogil:
    cdef real m = y if y < x else x
    if real is float or real is double:
        return m if y == y else y
    else:
        return m

cdef inline real fmax_(real x, real y) noexcept nogil:
    return y if (y > x) | (x != x) else x

cdef inline real fmin_(real x, real y) noexcept nogil:
    return y if (y < x) | (x != x) else x

cdef inline real heaviside_(real x, real y) noexcept nogil:
    return y if x == 0 else <real>(x > 0)

cdef inline floating ceil_(floating x) noexcept nogil:
    return libm.ceilf(x) if floating is float else libm.ceil(x)

cdef inline floating floor_(floating x) noexcept nogil:
    return libm.floorf(x) if floating is float else libm.floor(x)

cdef inline floating round_(floating x) noexcept nogil:
    return libm.nearbyintf(x) if floating is float else libm.nearbyint(x)

cdef inline floating trunc_(floating x) noexcept nogil:
    return libm.truncf(x) if floating is float else libm.trunc(x)

cdef inline floating frac_(floating x) noexcept nogil:
    return x - trunc_(x)

cdef inline floating copysign_(floating x, floating y) noexcept nogil:
    return libm.copysignf(x, y) if floating is float else libm.copysign(x, y)

# The next number's bits are the next integer, away from zero or towards it.
cdef inline floating nextafter_(floating x, floating y) noexcept nogil:
    cdef floating r
    if floating is float:
        r = from_bits_f(bits_f(x) + (1 if (y > x) == (x > 0) else -1))
        r = copysign_(from_bits_f(1), y) if x == 0 else r
    else:
        r = from_bits_d(bits_d(x) + (1 if (y > x) == (x > 0) else -1))
        r = copysign_(from_bits_d(1), y) if x == 0 else r
    r = y if x == y else r
    return r if (x == x) & (y == y) else x + y

cdef inline floating ldexp_(floating x, floating y) noexcept nogil:
    cdef int k = <int>clamp_(y, <floating>-5000, <floating>5000)
    return libm.ldexpf(x, k) if floating is float else libm.ldexp(x, k)

# For double the larger is brought to [1, 2), or what lies beneath normal numbers near it, so that no square overflows.
cdef inline floating hypot_(floating x, floating y) noexcept nogil:
    cdef floating r
    cdef double a = libm.fabs(x), b = libm.fabs(y), top = a if a > b else b, low = b if a > b else a
    cdef int64_t exponent
    if floating is float:
        r = <float>libm.sqrt(a * a + b * b)
    else:
        exponent = bits_d(top) & <int64_t>0x7ff0000000000000
        exponent = min(max(exponent, <int64_t>0x0350000000000000), <int64_t>0x7fd0000000000000)
        a = from_bits_d(<int64_t>0x7fe0000000000000 - exponent)
        top = top * a
        low = low * a
        r = libm.sqrt(top * top + low * low) * from_bits_d(exponent)
    return <floating>libm.INFINITY if (abs_(x) == <floating>libm.INFINITY) | (abs_(y) == <floating>libm.INFINITY) else r

cdef inline floating deg2rad_(floating x) noexcept nogil:
    return x * <floating>0.017453292519943295769

cdef inline floating rad2deg_(floating x) noexcept nogil:
    return x * <floating>57.295779513082320877


# ---- Division with remainder: an integer divided by zero gives 0 here; the op raises before ---------------------

cdef inline integer_or_floating fmod_(integer_or_floating x, integer_or_floating y) noexcept nogil:
    if integer_or_floating is float:
        return libm.fmodf(x, y)
    elif integer_or_floating is double:
        return libm.fmod(x, y)
    elif integer_or_floating is uint8_t:
        return <uint8_t>(x % y) if y != 0 else 0
    else:
        return <integer_or_floating>(x % y) if (y != 0) & (y != -1) else 0

# Exactly the same where the quotient is small enough, NaN elsewhere. The nearest whole number to the rounded quotient is
# the one below the true quotient or the one above; what either leaves over is a number of as many bits as the operands
# have, and so is found exactly.
cdef inline floating fmod_near_(floating x, floating y) noexcept nogil:
    cdef floating a = abs_(x), b = abs_(y), q = a / b, r, limit
    if floating is float:
        limit = <float>4194304.0
    else:
        limit = 2251799813685248.0 if HAVE_FMA else 67108864.0
    r = residual_(nearest_(q), b, a)
    r = r + b if r < 0 else r
    return copysign_(r, x) if q < limit else <floating>libm.NAN

# A remainder of the sign of x as one of the sign of y.
cdef inline integer_or_floating turned_(integer_or_floating m, integer_or_floating y) noexcept nogil:
    return <integer_or_floating>(m + y) if (m < 0) & (y > 0) | (m > 0) & (y < 0) else m

cdef inline integer remainder_(integer x, integer y) noexcept nogil:
    return turned_(fmod_(x, y), y)

cdef inline integer_or_floating trunc_divide_(integer_or_floating x, integer_or_floating y) noexcept nogil:
    if integer_or_floating is float or integer_or_floating is double:
        return trunc_(x / y)
    elif integer_or_floating is uint8_t:
        return <uint8_t>(x // y) if y != 0 else 0
    else:
        return <integer_or_floating>-x if y == -1 else <integer_or_floating>(x // y) if y != 0 else 0

# The same by a division in double, a tenth of the time: exact below 2**52, where what is next to a whole number is further from it
# than half of a double's last place.
cdef inline wide trunc_divide_near_(wide x, wide y) noexcept nogil:
    return <wide>(<double>x / <double>(1 if y == 0 else y)) if y != 0 else 0

# What x and y leave whose truncated quotient is q.
cdef inline wide left_over_(wide x, wide y, wide q) noexcept nogil:
    return x - q * y if y != 0 else 0

# The quotient rounded down, of floating x and y that leave m.
cdef inline floating whole_quotient_(floating x, floating y, floating m) noexcept nogil:
    cdef floating q = (x - m) / y, whole
    q = q - 1 if (m < 0) & (y > 0) | (m > 0) & (y < 0) else q
    whole = floor_(q)
    whole = whole + 1 if q - whole > <floating>0.5 else whole
    whole = copysign_(<floating>0, x / y) if q == 0 else whole
    return x / y if y == 0 else whole

# The same of whole numbers, from the truncated quotient.
cdef inline integer rounded_down_(integer q, integer y, integer m) noexcept nogil:
    return <integer>(q - 1) if (m != 0) & ((m < 0) != (y < 0)) else q

cdef inline integer floor_divide_(integer x, integer y) noexcept nogil:
    return rounded_down_(trunc_divide_(x, y), y, fmod_(x, y))


# ---- Bits -------------------------------------------------------------------------------------------------------

cdef inline integer bitwise_and_(integer x, integer y) noexcept nogil:
    return x & y

cdef inline integer bitwise_or_(integer x, integer y) noexcept nogil:
    return x | y

cdef inline integer bitwise_xor_(integer x, integer y) noexcept nogil:
    return x ^ y

# A shift by less than zero or at least the width shifts everything out.
cdef inline integer left_shift_(integer x, integer y) noexcept nogil:
    return <integer>(<int64_t>x << y) if (y >= 0) & (y < <int>(8 * sizeof(integer))) else 0

cdef inline integer right_shift_(integer x, integer y) noexcept nogil:
    if integer is uint8_t:
        return x >> y if y < 8 else 0
    else:
        return x >> (y if (y >= 0) & (y < <int>(8 * sizeof(integer))) else <integer>(8 * sizeof(integer) - 1))


# Euclid's, in arithmetic modulo 2**width: the smallest number is its own absolute value.
cdef inline integer gcd_(integer x, integer y) noexcept nogil:
    cdef integer rest
    x = magnitude_(x)
    y = magnitude_(y)
    while x != 0:
        rest = fmod_(y, x)
        y = x
        x = rest
    return y

cdef inline integer lcm_(integer x, integer y) noexcept nogil:
    cdef integer divisor = gcd_(x, y)
    if divisor == 0:
        return 0
    if integer is int8_t or integer is int16_t:    # as in C, the product is an int
        return <integer>magnitude_(<int>(trunc_divide_(x, divisor) * y))
    else:
        return magnitude_(<integer>(trunc_divide_(x, divisor) * y))

cdef inline integer magnitude_(integer x) noexcept nogil:
    if integer is uint8_t:
        return x
    else:
        return <integer>(-x if x < 0 else x)


# ---- Questions --------------------------------------------------------------------------------------------------

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

cdef inline uint8_t logical_and_(number x, number y) noexcept nogil:
    return (x != 0) & (y != 0)

cdef inline uint8_t logical_or_(number x, number y) noexcept nogil:
    return (x != 0) | (y != 0)

cdef inline uint8_t logical_xor_(number x, number y) noexcept nogil:
    return (x != 0) != (y != 0)

cdef inline uint8_t logical_not_(number x) noexcept nogil:
    return x == 0

cdef inline uint8_t isnan_(number x) noexcept nogil:
    return x != x

cdef inline uint8_t isfinite_(number x) noexcept nogil:
    return x - x == 0  # NaN from an infinity or NaN

cdef inline uint8_t isinf_(real x) noexcept nogil:
    return (x == x) & (x - x != 0)

cdef inline uint8_t cisinf_(complexes x) noexcept nogil:
    cdef double r = creal(x), i = cimag(x)
    return (r == r) & (r - r != 0) | (i == i) & (i - i != 0)

cdef inline uint8_t isposinf_(real x) noexcept nogil:
    return (x > 0) & (x - x != 0)

cdef inline uint8_t isneginf_(real x) noexcept nogil:
    return (x < 0) & (x - x != 0)

cdef inline uint8_t signbit_(real x) noexcept nogil:
    if real is float:
        return (<int32_t*>&x)[0] < 0
    elif real is double:
        return (<int64_t*>&x)[0] < 0
    else:
        return x < 0


# ---- Bits and polynomials: what the functions below are made of -------------------------------------------------

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* c - a*b, exact when a*b is near c: one instruction where the processor has it, else by splitting. */
    #if defined(__FMA__) || defined(__aarch64__)
    #define LUCID_HAVE_FMA 1
    static inline double lucid_residual(double a, double b, double c) { return __builtin_fma(-a, b, c); }
    static inline float lucid_residual_f(float a, float b, float c) { return __builtin_fmaf(-a, b, c); }
    #else
    #define LUCID_HAVE_FMA 0
    static inline double lucid_top(double x) {
        int64_t i;
        memcpy(&i, &x, 8);
        i &= (int64_t)0xFFFFFFFFF8000000;
        memcpy(&x, &i, 8);
        return x;
    }
    static inline double lucid_residual(double a, double b, double c) {
        double ah = lucid_top(a), al = a - ah, bh = lucid_top(b), bl = b - bh;
        return ((c - ah * bh) - ah * bl - al * bh) - al * bl;
    }
    static inline float lucid_residual_f(float a, float b, float c) { return (float)(c - (double)a * b); }
    #endif
    """
    bint HAVE_FMA "LUCID_HAVE_FMA"
    double residual "lucid_residual"(double a, double b, double c) nogil
    float residual_f "lucid_residual_f"(float a, float b, float c) nogil

cdef inline floating residual_(floating a, floating b, floating c) noexcept nogil:
    return residual_f(a, b, c) if floating is float else residual(a, b, c)

cdef inline int32_t bits_f(float x) noexcept nogil:
    return (<int32_t*>&x)[0]

cdef inline int64_t bits_d(double x) noexcept nogil:
    return (<int64_t*>&x)[0]

cdef inline float from_bits_f(int32_t i) noexcept nogil:
    return (<float*>&i)[0]

cdef inline double from_bits_d(int64_t i) noexcept nogil:
    return (<double*>&i)[0]

# Half to even, for |x| < 2**22 (float), 2**51 (double): adding 1.5 * 2**mantissa leaves no room for a fraction.
cdef inline floating nearest_(floating x) noexcept nogil:
    if floating is float:
        return (x + <float>12582912.0) - <float>12582912.0
    else:
        return (x + 6755399441055744.0) - 6755399441055744.0

# 2**k for a whole k that is a normal exponent.
cdef inline floating pow2_(floating k) noexcept nogil:
    if floating is float:
        return from_bits_f(bits_f(k + <float>12583039.0) << 23)
    else:
        return from_bits_d(bits_d(k + 6755399441056767.0) << 52)

# p * 2**k in two steps, rounded once: k may lead out of the normal exponents on either side.
cdef inline floating scale_(floating p, floating k) noexcept nogil:
    cdef floating half = nearest_(k * <floating>0.5)
    return p * pow2_(half) * pow2_(k - half)

# x = m * 2**k with m in [sqrt(1/2), sqrt(2)), for positive finite x.
cdef inline floating split_(floating x, floating* k) noexcept nogil:
    cdef int32_t i
    cdef int64_t j
    if floating is float:
        i = bits_f(x * <float>8388608.0 if x < <float>1.17549435e-38 else x) + 0x004afb0d
        k[0] = from_bits_f((<int32_t>(<uint32_t>i >> 23)) | 0x4b000000) \
            - (<float>8388758.0 if x < <float>1.17549435e-38 else <float>8388735.0)
        return from_bits_f((i & 0x007fffff) + 0x3f3504f3)
    else:
        j = bits_d(x * 4503599627370496.0 if x < 2.2250738585072014e-308 else x) + <int64_t>0x00095f619980c433
        k[0] = from_bits_d((<int64_t>(<uint64_t>j >> 52)) | <int64_t>0x4330000000000000) \
            - (4503599627371571.0 if x < 2.2250738585072014e-308 else 4503599627371519.0)
        return from_bits_d((j & <int64_t>0x000fffffffffffff) + <int64_t>0x3fe6a09e667f3bcd)

cdef inline floating poly3(floating x, floating a, floating b, floating c) noexcept nogil:
    return a + x * (b + x * c)

cdef inline floating poly4(floating x, floating a, floating b, floating c, floating d) noexcept nogil:
    return a + x * poly3(x, b, c, d)

cdef inline floating poly5(floating x, floating a, floating b, floating c, floating d, floating e) noexcept nogil:
    return a + x * poly4(x, b, c, d, e)

cdef inline floating poly6(floating x, floating a, floating b, floating c, floating d, floating e,
                           floating f) noexcept nogil:
    return a + x * poly5(x, b, c, d, e, f)

cdef inline floating poly7(floating x, floating a, floating b, floating c, floating d, floating e, floating f,
                           floating g) noexcept nogil:
    return a + x * poly6(x, b, c, d, e, f, g)

cdef inline floating poly8(floating x, floating a, floating b, floating c, floating d, floating e, floating f,
                           floating g, floating h) noexcept nogil:
    return a + x * poly7(x, b, c, d, e, f, g, h)

cdef inline floating poly10(floating x, floating a, floating b, floating c, floating d, floating e, floating f,
                            floating g, floating h, floating i, floating j) noexcept nogil:
    return a + x * (b + x * poly8(x, c, d, e, f, g, h, i, j))

cdef inline floating poly12(floating x, floating a, floating b, floating c, floating d, floating e, floating f,
                            floating g, floating h, floating i, floating j, floating k, floating l) noexcept nogil:
    return a + x * (b + x * poly10(x, c, d, e, f, g, h, i, j, k, l))

# Coefficients are minimax (Remez), their largest relative error noted as a power of two.


# ---- Exponentials -----------------------------------------------------------------------------------------------
# x = k ln2 + r with ln2 in two parts, the first short enough that k times it is exact; e**r = 1 + r + r*r*tail(r).

cdef inline floating exp_tail_(floating r) noexcept nogil:
    if floating is float:  # 2**-28.3
        return poly5[float](r, 0.49999993431921724, 0.16666520398935833, 0.04166839085034155, 0.00836874512842278,
                            0.001381453615929776)
    else:  # 2**-57.9
        return poly10[double](r, 0.5000000000000011, 0.1666666666666641, 0.04166666666652972, 0.008333333333494947,
                              0.0013888888943763154, 0.00019841269505838246, 2.4801492946432654e-05,
                              2.755758674594167e-06, 2.763030735477509e-07, 2.5000037459795345e-08)

cdef inline floating reduce_ln2_(floating x, floating* r, floating* r_low) noexcept nogil:
    cdef floating k = nearest_(x * <floating>1.4426950408889634), low, high
    if floating is float:
        high = x - k * <float>0.693359375
        low = k * <float>-0.00021219444005469057
    else:
        high = x - k * 0.6931471806019545
        low = k * -4.2009150726810846e-11
    r[0] = high - low
    r_low[0] = (high - r[0]) - low
    return k

cdef inline floating exp_(floating x) noexcept nogil:
    cdef floating k, r, r_low
    if floating is float:
        x = clamp_(x, <float>-104.0, <float>89.0)
    else:
        x = clamp_(x, -746.0, 710.0)
    k = reduce_ln2_(x, &r, &r_low)
    return scale_(<floating>1 + (r + r * r * exp_tail_(r)), k)

# e**-a = p + rest for a >= 0, p a power of two. One step where exp needs two: 2**(k + 64), then 2**-64 (512 for
# double), reach all of it. The bits of k and the exponent's bias stand ready in the sum that rounds to k.
cdef inline floating exp_negative_parts_(floating a, floating* rest) noexcept nogil:
    cdef floating t, k, r, p
    if floating is float:
        a = <float>104.0 if a > <float>104.0 else a
        t = <float>12583103.0 - a * <float>1.4426950408889634
        k = t - <float>12583103.0
        r = k * <float>-0.693359375 - a - k * <float>-0.00021219444005469057
        p = from_bits_f(bits_f(t) << 23) * <float>5.421010862427522e-20
    else:
        a = 746.0 if a > 746.0 else a
        t = 6755399441057279.0 - a * 1.4426950408889634
        k = t - 6755399441057279.0
        r = k * -0.6931471806019545 - a - k * -4.2009150726810846e-11
        p = from_bits_d(bits_d(t) << 52) * 7.458340731200207e-155
    rest[0] = p * (r + r * r * exp_tail_(r))
    return p

cdef inline floating exp_negative_(floating a) noexcept nogil:
    cdef floating rest, p = exp_negative_parts_(a, &rest)
    return p + rest

cdef inline floating exp2_(floating x) noexcept nogil:
    cdef floating k, r, tail
    if floating is float:
        x = clamp_(x, <float>-151.0, <float>129.0)
        k = nearest_(x)
        r = x - k
        tail = poly5[float](r, 0.24022647530821128, 0.055503620587351296, 0.009618527901312518, 0.0013390274459304376,
                            0.00015320988020707378)  # 2**-28.3
    else:
        x = clamp_(x, -1076.0, 1025.0)
        k = nearest_(x)
        r = x - k
        tail = poly10[double](r, 0.24022650695910122, 0.05550410866482072, 0.00961812910759674, 0.0013333558146688064,
                              0.00015403530454420578, 1.5252733545426477e-05, 1.3215436413586492e-06,
                              1.0178185014985214e-07, 7.073615740282275e-09, 4.4362887401621e-10)  # 2**-57.9
    return scale_(<floating>1 + (r * <floating>0.6931471805599453 + r * r * tail), k)

# 2 * ((s - 1/2) + s*r + s*(tail)) with s = 2**(k - 1): the first sum's rounding error is carried along.
cdef inline floating expm1_(floating x) noexcept nogil:
    cdef floating k, r, r_low, s, a, b, h, y
    if floating is float:
        y = clamp_(x, <float>-20.0, <float>89.0)
    else:
        y = clamp_(x, -40.0, 710.0)
    k = reduce_ln2_(y, &r, &r_low)
    s = pow2_(k - <floating>1)
    a = s - <floating>0.5
    b = s * r
    h = a + b
    y = <floating>2 * (h + (((a - h) + b) + s * (r_low + r * r * exp_tail_(r))))
    return x if abs_(x) < <floating>1e-20 else y


# ---- Logarithms -------------------------------------------------------------------------------------------------
# x = m * 2**k, f = m - 1; log(1 + f) = f - f*f/2 + s*(f*f/2 + R(s*s)) with s = f / (2 + f), as the series of
# atanh(s); all sums from the largest term down, the rounding of the first carried along.

cdef inline double log_series_(double z) noexcept nogil:  # 2**-59.5
    return z * poly7[double](z, 0.6666666666666735, 0.3999999999941328, 0.28571428742732685, 0.22222198534609655,
                             0.18183566483016717, 0.15313991711653588, 0.14796573195490087)

# log(1 + f) - f in float: 2**-27.4.
cdef inline float log_series_f_(float f) noexcept nogil:
    return f * f * (<float>-0.5 + f * poly8[float](
        f, 0.3333333170607318, -0.25000822151195656, 0.20001228457449965, -0.16623315240546832,
        0.14201683414180713, -0.13160547031376027, 0.12762334147953844, -0.07634460960529772))

# log(1 + f) for what is computed in double and rounded to float: 2**-36.9.
cdef inline double log1p_short_(double f) noexcept nogil:
    cdef double s = f / (2.0 + f), z = s * s
    return s * (2.0 + z * poly4[double](z, 0.6666666575161287, 0.4000034020892078, 0.28535980418425716,
                                        0.23618605156226918))

# What a logarithm is where it is not computed: log(0), of negative numbers, infinity, NaN.
cdef inline floating log_border_(floating x, floating y) noexcept nogil:
    y = y if x < <floating>libm.INFINITY else x
    y = -<floating>libm.INFINITY if x == 0 else y
    return <floating>libm.NAN if x < 0 else y

cdef inline floating log_(floating x) noexcept nogil:
    cdef floating k, f, t, h, a, s
    f = split_(x, &k) - <floating>1
    if floating is float:
        t = log_series_f_(f) + k * <float>-0.00021219444005469057
        a = k * <float>0.693359375
    else:
        s = f / (2.0 + f)
        t = 0.5 * f * f
        t = (s * (t + log_series_(s * s)) + k * -4.2009150726810846e-11) - t
        a = k * 0.6931471806019545
    h = a + f
    return log_border_(x, h + (((a - h) + f) + t))

# f - f*f/2 in two parts, the first of 21 bits, and the rest of log(1 + f) in the second.
cdef inline double log1p_parts_(double f, double* low) noexcept nogil:
    cdef double s = f / (2.0 + f), square = 0.5 * f * f
    cdef double high = from_bits_d(bits_d(f - square) & <int64_t>0xFFFFFFFF00000000)
    low[0] = ((f - high) - square) + s * (square + log_series_(s * s))
    return high

cdef inline floating log2_(floating x) noexcept nogil:
    cdef floating k, f
    cdef double high, low, y
    f = split_(x, &k) - <floating>1
    if floating is float:
        y = <double>k + log1p_short_(<double>f) * 1.4426950408889634
    else:
        high = log1p_parts_(f, &low)
        low = (low + high) * 1.6751713164886512e-10 + low * 1.4426950407214463
        high = high * 1.4426950407214463
        y = k + high
        y = y + (((k - y) + high) + low)
    return log_border_(x, <floating>y)

cdef inline floating log10_(floating x) noexcept nogil:
    cdef floating k, f
    cdef double high, low, a, y
    f = split_(x, &k) - <floating>1
    if floating is float:
        y = <double>k * 0.3010299956639812 + log1p_short_(<double>f) * 0.4342944819032518
    else:
        high = log1p_parts_(f, &low)
        low = (low + high) * 2.5082946711645275e-11 + low * 0.4342944818781689 + k * -1.9043128467164274e-12
        high = high * 0.4342944818781689
        a = k * 0.3010299956658855
        y = a + high
        y = y + (((a - y) + high) + low)
    return log_border_(x, <floating>y)

# log(u + low) for u near 1 or not, low a small correction to u; times 2**extra.
cdef inline double log_of_sum_(double u, double low, double extra) noexcept nogil:
    cdef double k, f, s, t, a, h
    f = split_(u, &k) - 1.0
    k = k + extra
    s = f / (2.0 + f)
    t = 0.5 * f * f
    t = ((s * (t + log_series_(s * s)) + k * -4.2009150726810846e-11) - t) + low / u
    a = k * 0.6931471806019545
    h = a + f
    return h + (((a - h) + f) + t)

cdef inline double log_short_(double x) noexcept nogil:
    cdef double k, f = split_(x, &k) - 1.0
    return k * 0.6931471805599453 + log1p_short_(f)

# log(1 + x), x a double exact enough for a float result.
cdef inline double log1p_for_float_(double x) noexcept nogil:
    cdef double k, f
    f = split_[double](1.0 + x, &k) - 1.0
    return k * 0.6931471805599453 + log1p_short_(x if k == 0 else f)

cdef inline floating log1p_(floating x) noexcept nogil:
    cdef floating u = <floating>1 + x, v = u - <floating>1, low = (<floating>1 - (u - v)) + (x - v), y
    cdef floating k, f, a, h
    if floating is float:
        f = split_(u, &k) - <float>1
        a = k * <float>0.693359375
        h = a + f
        y = h + (((a - h) + f) + (log_series_f_(f) + k * <float>-0.00021219444005469057 + low / u))
    else:
        y = log_of_sum_(u, low, 0.0)
    return x if abs_(x) < <floating>1e-17 else log_border_(u, y)

# log(1 + e**-a) for a >= 0: as the series of atanh(e / (2 + e)), which needs no reduction.
cdef inline floating log1p_exp_(floating a) noexcept nogil:
    cdef floating e = exp_negative_(a), s = e / (<floating>2 + e), z = s * s
    if floating is float:
        return s * (<float>2 + z * poly4[float](z, 0.6666644410093838, 0.40021792165721487, 0.2797938423039579,
                                                0.28178123059266635))  # 2**-27.0
    else:
        return s * (2.0 + z * poly10[double](z, 0.6666666666666631, 0.40000000000155234, 0.28571428548102906,
                                             0.22222223954593864, 0.18181744445567818, 0.1538654910606967,
                                             0.13301112047612174, 0.12105018277550446, 0.0834465335985272,
                                             0.17010341047617378))  # 2**-59.4

cdef inline floating sqrt_(floating x) noexcept nogil:
    return libm.sqrtf(x) if floating is float else libm.sqrt(x)

cdef inline floating rsqrt_(floating x) noexcept nogil:
    return <floating>1 / sqrt_(x)


# ---- Powers -----------------------------------------------------------------------------------------------------

# log2(x) = k + N: in double for float; as an unevaluated sum of two doubles (about 2**-66) for double.
cdef inline double log2_pair_(double x, double* low) noexcept nogil:
    cdef double k, m, f, d, d_low, inverse, s, s_low, z, z_low, w, u, u_low, v, v_low, t, t_low, h, h_low, n
    m = split_(x, &k)
    f = m - 1.0
    d = m + 1.0
    d_low = m - (d - 1.0)
    inverse = 1.0 / d
    s = f * inverse
    s_low = (residual(s, d, f) - s * d_low) * inverse
    z = s * s
    z_low = 2.0 * s * s_low - residual(s, s, z)
    w = z * poly7[double](z, 0.4000000000000226, 0.2857142857009678, 0.2222222252043995, 0.1818178432038761,
                          0.15386759548090923, 0.13256764725542183, 0.13196833080206197)  # 2**-66.3
    u = 0.6666666666666666 + w
    u_low = ((0.6666666666666666 - u) + w) + 3.700743415417188e-17
    v = z * u
    v_low = z * u_low + z_low * u - residual(z, u, v)
    t = s * v
    t_low = s * v_low + s_low * v - residual(s, v, t)
    h = 2.0 * s + t
    h_low = ((2.0 * s - h) + t) + (2.0 * s_low + t_low)
    n = h * 1.4426950408889634
    t_low = h_low * 1.4426950408889634 + h * 2.0355273740931033e-17 - residual(h, 1.4426950408889634, n)
    h = k + n
    low[0] = ((k - h) + n) + t_low
    return h

# 2**(p + low), low a small correction.
cdef inline double exp2_of_sum_(double p, double low) noexcept nogil:
    cdef double k, r, tail, linear
    p = clamp_(p, -1080.0, 1030.0)
    k = nearest_(p)
    r = p - k
    linear = r * 0.6931471805599453
    tail = r * r * poly10[double](r, 0.24022650695910122, 0.05550410866482072, 0.00961812910759674,
                                  0.0013333558146688064, 0.00015403530454420578, 1.5252733545426477e-05,
                                  1.3215436413586492e-06, 1.0178185014985214e-07, 7.073615740282275e-09,
                                  4.4362887401621e-10)
    return scale_(1.0 + (linear + (tail + low * 0.6931471805599453 * (1.0 + (linear + tail)))), k)

cdef inline floating pow_(floating x, floating y) noexcept nogil:
    cdef floating ax = abs_(x), result, half
    cdef double high, low, p, k, r
    cdef bint whole, odd
    if floating is float:
        high = split_[double](<double>ax, &k)
        high = k + log1p_short_(high - 1.0) * 1.4426950408889634
        p = clamp_(<double>y * high, -200.0, 200.0)
        k = nearest_(p)
        r = p - k
        r = 1.0 + r * (0.6931471805599453 + r * poly6[double](
            r, 0.24022651022806746, 0.05550410599387091, 0.009618042997659506, 0.0013333821073338683,
            0.00015465493193690463, 1.521351490546116e-05))  # 2**-34
        result = <float>(r * pow2_(k))
        whole = (abs_(y) >= <float>8388608.0) | (nearest_(y) == y)
        half = y * <float>0.5
        odd = whole & (abs_(y) < <float>16777216.0) & (((half + <float>12582912.0) - <float>12582912.0) != half)
    else:
        high = log2_pair_(ax, &low)
        p = y * high
        low = y * low - residual(y, high, p)
        low = low if abs_(p) < 1100.0 else 0.0
        result = exp2_of_sum_(p, low)
        whole = (abs_(y) >= 4503599627370496.0) | (nearest_(y) == y)
        half = y * 0.5
        odd = whole & (abs_(y) < 9007199254740992.0) & (((half + 6755399441055744.0) - 6755399441055744.0) != half)
    # Where the formula does not reach: 0 and infinity as base or exponent.
    result = (<floating>0 if y > 0 else <floating>libm.INFINITY) if ax == 0 else result
    result = (<floating>libm.INFINITY if y > 0 else <floating>0) if ax == <floating>libm.INFINITY else result
    half = <floating>libm.INFINITY if (ax > 1) == (y > 0) else <floating>0
    result = half if abs_(y) == <floating>libm.INFINITY else result
    result = -result if odd & signbit_(x) else result
    result = <floating>libm.NAN if (x < 0) & (not whole) & (ax < <floating>libm.INFINITY) else result
    result = x + y if (x != x) | (y != y) else result
    result = <floating>1 if (ax == 1) & (abs_(y) == <floating>libm.INFINITY) else result
    return <floating>1 if (y == 0) | (x == 1) else result


# By squaring, modulo 2**width; a negative exponent leaves only the units.
cdef inline integer integer_pow_(integer x, integer y) noexcept nogil:
    cdef integer result = 1, base = x
    if y < 0:
        return 1 if x == 1 else (-1 if y & 1 else 1) if x == -1 else 0
    while y > 0:
        if y & 1:
            result = <integer>(result * base)
        base = <integer>(base * base)
        y = y >> 1
    return result

# log(1 + e + e_low) for e in [0, 1], as r + low: what is added to it below may leave only its last digits.
cdef inline double log1p_pair_(double e, double e_low, double* low) noexcept nogil:
    cdef double d = 2.0 + e, d_low = ((2.0 - d) + e) + e_low, s = e / d, z = s * s
    low[0] = 2.0 * (residual(s, d, e) + (e_low - s * d_low)) / d + s * z * poly10[double](
        z, 0.6666666666666631, 0.40000000000155234, 0.28571428548102906, 0.22222223954593864, 0.18181744445567818,
        0.1538654910606967, 0.13301112047612174, 0.12105018277550446, 0.0834465335985272, 0.17010341047617378)
    return 2.0 * s

# log(e**top + e**(top - a)) for a >= a_low in size.
cdef inline double log_sum_(double top, double a, double a_low) noexcept nogil:
    cdef double k, r, r_low, t, e, low, h, y
    k = reduce_ln2_(clamp_(-a, -746.0, 0.0), &r, &r_low)
    t = (r_low - a_low) * (1.0 + r) + r * r * exp_tail_(r)
    e = 1.0 + r
    t = ((1.0 - e) + r) + t
    h = e + t
    t = (e - h) + t
    y = log1p_pair_(scale_(h, k), scale_(t, k), &low)
    h = top + y
    e = h - top
    return h + (((top - (h - e)) + (y - e)) + low)

cdef inline floating logaddexp_(floating x, floating y) noexcept nogil:
    cdef double top = maximum_(x, y), bottom = minimum_(x, y), a = top - bottom, v = top - a
    cdef floating r
    if floating is float:
        r = <float>(top + log1p_exp_(a))
    else:
        r = log_sum_(top, a, (v - bottom) + (top - (v + a)))
    return x if (x == y) & (x - x != 0) else <floating>top if a == libm.INFINITY else r

cdef inline floating logaddexp2_(floating x, floating y) noexcept nogil:
    cdef double top = maximum_(x, y), a = top - minimum_(x, y), k, f, r, t, e, low, h, v
    if floating is float:
        h = top + log1p_exp_(0.6931471805599453 * a) * 1.4426950408889634
    else:
        t = clamp_(a, 0.0, 1076.0)
        k = nearest_(t)
        f = k - t
        r = f * 0.6931471805599453
        t = f * 2.3190468138462996e-17 - residual(f, 0.6931471805599453, r) + r * r * exp_tail_(r)
        e = 1.0 + r
        t = ((1.0 - e) + r) + t
        h = e + t
        t = (e - h) + t
        v = log1p_pair_(scale_(h, -k), scale_(t, -k), &low)
        t = v * 1.4426950408889634
        low = low * 1.4426950408889634 + v * 2.0355273740931033e-17 - residual(v, 1.4426950408889634, t)
        h = top + t
        e = h - top
        h = h + (((top - (h - e)) + (t - e)) + low)
    return x if (x == y) & (x - x != 0) else <floating>(top if a == libm.INFINITY else h)

cdef inline floating xlogy_(floating x, floating y) noexcept nogil:
    return y if y != y else <floating>0 if x == 0 else x * log_(y)

cdef inline floating xlog1py_(floating x, floating y) noexcept nogil:
    return y if y != y else <floating>0 if x == 0 else x * log1p_(y)


# ---- Trigonometric functions ------------------------------------------------------------------------------------
# |x| up to 2**19 is reduced by multiples of pi/2 (of pi for a float where products cannot be fused with additions, and
# in double then) in parts short enough that their products are exact; the loop hands larger ones, which are rare, to
# the C library.

cdef inline floating sin_far_(floating x) noexcept nogil:
    return libm.sinf(x) if floating is float else libm.sin(x)

cdef inline floating cos_far_(floating x) noexcept nogil:
    return libm.cosf(x) if floating is float else libm.cos(x)

cdef inline floating tan_far_(floating x) noexcept nogil:
    return libm.tanf(x) if floating is float else libm.tan(x)

cdef enum:
    TRIG_LIMIT = 524288
    SINC_LIMIT = 166000

# sin on [-pi/2, pi/2]: 2**-35.3
cdef inline double sin_short_(double r) noexcept nogil:
    cdef double z = r * r
    return r + r * z * poly5[double](z, -0.16666666626066606, 0.00833333110497727, -0.0001984086772162119,
                                     2.752535869867027e-06, -2.388844510246503e-08)

# x = k * pi/2 + r + low; the two low bits of the result are k's.
cdef inline int64_t reduce_half_pi_(double x, double* r, double* r_low) noexcept nogil:
    cdef double k = nearest_(x * 0.6366197723675814)
    cdef double a = x - k * 1.5707963267341256, b = k * 6.077100506303966e-11
    cdef double c = a - b, v = c - a
    cdef double t = ((a - (c - v)) - (b + v)) - k * 2.0222662487959506e-21
    r[0] = c + t
    r_low[0] = (c - r[0]) + t
    return bits_d(k + 6755399441055744.0)

# On [-pi/4, pi/4] sin(r + low) = r + t, cos(r + low) = w + t.
cdef inline double sin_part_(double r, double low) noexcept nogil:  # 2**-58.0
    cdef double z = r * r
    return low * (1.0 - 0.5 * z) + r * z * poly6[double](
        z, -0.16666666666666632, 0.008333333333322403, -0.000198412698297987, 2.7557313688616638e-06,
        -2.505075757773605e-08, 1.5896763375962135e-10)

cdef inline double cos_part_(double r, double low, double* w) noexcept nogil:  # 2**-62.6
    cdef double z = r * r, half = 0.5 * z
    w[0] = 1.0 - half
    return ((1.0 - w[0]) - half) + (z * z * poly6[double](
        z, 0.04166666666666665, -0.0013888888888882803, 2.480158729460069e-05, -2.7557315730192817e-07,
        2.087589658270055e-09, -1.1367923022823815e-11) - r * low)

cdef inline double sin_quadrant_(double x, int64_t turn) noexcept nogil:
    cdef double r, low, w, s, c
    cdef int64_t n = reduce_half_pi_(x, &r, &low) + turn
    s = r + sin_part_(r, low)
    c = cos_part_(r, low, &w)
    c = w + c
    s = c if n & 1 else s
    return from_bits_d(bits_d(s) ^ ((n & 2) << 62))

# The same in float: x = k * pi/2 + r + low, where k * pi/2 is taken off in three parts, the first exactly, the last in
# `low`. With y = r for the sine and 1 for the cosine, either is y - y * z * p(z), p chosen by a bit of k: at most
# 1.494 ULP for all |x| <= 2**19 (reduced by pi, with one polynomial, 1.9), in 0.62 of the time of the form in double.
cdef inline float sin_quadrant_f_(float x, int32_t turn) noexcept nogil:
    cdef float m = x * <float>0.636619772 + <float>12582912.0, k = m - <float>12582912.0
    cdef float r = residual_f(k, <float>7.549789415861596e-08, residual_f(k, <float>1.5707962512969971, x))
    cdef int32_t n = bits_f(m) + turn
    cdef float z = r * r, y = <float>1.0 if n & 1 else r, low = <float>0.0 if n & 1 else k * <float>5.390302953474238e-15
    cdef float d = <float>-2.4412085622316226e-05 if n & 1 else <float>-2.820395138769527e-06
    cdef float c = <float>0.0013887130189687014 if n & 1 else <float>0.00019852069090120494
    cdef float b = <float>-0.04166664183139801 if n & 1 else <float>-0.008333377540111542
    cdef float a = <float>0.5 if n & 1 else <float>0.1666666716337204
    y = y - (low + y * z * poly4[float](z, a, b, c, d))
    return from_bits_f(bits_f(y) ^ ((n & 2) << 30))

cdef inline floating sin_(floating x) noexcept nogil:
    cdef double k, r
    if floating is double:
        return x if x == 0 else sin_quadrant_(x, 0)
    elif HAVE_FMA:
        return sin_quadrant_f_(x, 0)
    else:
        k = nearest_(<double>x * 0.3183098861837907)
        r = (<double>x - k * 3.1415926534682512) - k * 1.2154201013012384e-10
        r = sin_short_(r)
        r = from_bits_d(bits_d(r) ^ (bits_d(k + 6755399441055744.0) << 63))
        return x if x == 0 else <float>r

cdef inline floating cos_(floating x) noexcept nogil:
    cdef double k, r
    if floating is double:
        return sin_quadrant_(x, 1)
    elif HAVE_FMA:
        return sin_quadrant_f_(x, 1)
    else:
        k = nearest_(<double>x * 0.3183098861837907 - 0.5)
        r = (<double>x - (k + 0.5) * 3.1415926534682512) - (k + 0.5) * 1.2154201013012384e-10
        r = sin_short_(r)
        return <float>from_bits_d(bits_d(r) ^ ((bits_d(k + 6755399441055744.0) + 1) << 63))

cdef inline floating tan_(floating x) noexcept nogil:
    cdef double k, r, low, s, c, w, t, inverse
    cdef int64_t n
    if floating is float:
        k = nearest_(<double>x * 0.6366197723675814)
        r = (<double>x - k * 1.5707963267341256) - k * 6.077100506506192e-11
        w = r * r
        s = r + r * w * poly4[double](w, -0.16666666641587177, 0.008333329381241128, -0.0001983933331856842,
                                      2.7182968492317908e-06)  # 2**-37.6
        c = 1.0 + w * poly4[double](w, -0.4999999972467162, 0.041666623272752785, -0.0013886762109870184,
                                    2.4390288128001806e-05)  # 2**-34.1
        n = bits_d(k + 6755399441055744.0)
        w = s if n & 1 else c
        s = -c if n & 1 else s
        return x if x == 0 else <float>(s / w)
    else:
        n = reduce_half_pi_(x, &r, &low)
        t = sin_part_(r, low)
        s = r + t
        low = cos_part_(r, low, &w)  # r_low is used up: now the cosine's low part
        t = (r - s) + t
        c = w + low
        low = (w - c) + low
        w = s if n & 1 else c
        r = t if n & 1 else low
        s = -c if n & 1 else s
        t = -low if n & 1 else t
        # (s + t) / (w + r), with one correction
        inverse = 1.0 / w
        c = s * inverse
        c = c + ((residual(c, w, s) + t) - c * r) * inverse
        return x if x == 0 else c

cdef inline double asin_series_(double z) noexcept nogil:  # 2**-55.9
    return z * poly12[double](z, 0.166666666666654, 0.07500000000339294, 0.044642856826382624, 0.03038195921942579,
                              0.022371756027413574, 0.017359735876964544, 0.01388492280387451, 0.012171296356719803,
                              0.006518831824933789, 0.019553613780320833, -0.016264514100686762, 0.03194018325385606)

cdef inline double asin_series_short_(double z) noexcept nogil:  # 2**-31.8
    return z * poly6[double](z, 0.16666659960951002, 0.07500506084377043, 0.04451657400424588, 0.031811023371434835,
                             0.014425692407212023, 0.037535109771494934)

# Beyond 1/2: asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)).
cdef inline floating asin_(floating x) noexcept nogil:
    cdef double a = libm.fabs(<double>x), z, s, low, r
    cdef bint large = a > 0.5
    z = 0.5 * (1.0 - a) if large else a * a
    s = libm.sqrt(z)
    if floating is float:
        r = a if not large else s
        r = r + r * asin_series_short_(z)
        r = 1.5707963267948966 - 2.0 * r if large else r
    else:
        r = asin_series_(z)
        low = residual(s, s, z) / (s + s) if s > 0 else 0.0
        s = 2.0 * s
        low = 2.0 * low
        z = 1.5707963267948966 - s
        low = (((1.5707963267948966 - z) - s) - low) + (6.123233995736766e-17 - s * r)
        r = z + low if large else a + a * r
    return copysign_(<floating>r, x) if a <= 1 else <floating>libm.NAN

cdef inline floating acos_(floating x) noexcept nogil:
    cdef double a = libm.fabs(<double>x), z, s, low, r, h
    cdef bint large = a > 0.5
    z = 0.5 * (1.0 - a) if large else a * a
    s = libm.sqrt(z)
    if floating is float:
        r = <double>x if not large else s
        r = r + r * asin_series_short_(z)
        r = (2.0 * r if x > 0 else 3.141592653589793 - 2.0 * r) if large else 1.5707963267948966 - r
    else:
        r = asin_series_(z)
        low = residual(s, s, z) / (s + s) if s > 0 else 0.0
        s = 2.0 * s
        low = s * r + 2.0 * low  # asin = s + low, doubled
        h = 3.141592653589793 - s
        z = h + (((3.141592653589793 - h) - s) + (1.2246467991473532e-16 - low))
        s = s + low if x > 0 else z
        h = 1.5707963267948966 - x
        h = h + (((1.5707963267948966 - h) - x) + (6.123233995736766e-17 - x * r))
        r = s if large else h
    return <floating>r if a <= 1 else <floating>libm.NAN

cdef inline double atan_series_(double z) noexcept nogil:  # 2**-57.6
    cdef double z8 = (z * z) * (z * z)
    z8 = z8 * z8
    return z * (poly8[double](z, -0.3333333333333307, 0.1999999999995145, -0.14285714282574624, 0.11111111007012309,
                              -0.09090907002754649, 0.07692279836617626, -0.06666404036365266, 0.058805276918671615)
                + z8 * poly12[double](
                    z, -0.052535180202224585, 0.04722320450702916, -0.042191744266965814, 0.03664182050411832,
                    -0.02990371783344551, 0.021984683570244863, -0.01390040284695528, 0.007196393635528345,
                    -0.002884862931764226, 0.0008313025306935949, -0.00015215674127702278, 1.322466825705877e-05))

cdef inline double atan_series_short_(double z) noexcept nogil:  # 2**-28.5
    return z * (-0.3333329909040165 + z * poly8[double](
        z, 0.19998548317461248, -0.14264241977982658, 0.10952186952019934, -0.0840345251023128, 0.05795760944728429,
        -0.03117784171193034, 0.010914593885640152, -0.0017936171538367623))

# atan(a / b) in [0, pi/2] for a, b >= 0: the smaller over the larger, then perhaps the complement.
cdef inline double atan_ratio_(double a, double b, floating precision) noexcept nogil:
    cdef bint swap = a > b
    cdef double num = b if swap else a, den = a if swap else b
    cdef double u = num / den, low, r, h
    u = 1.0 if num == den else u  # infinity over infinity
    u = 0.0 if num == 0 else u    # and 0 over 0
    if floating is float:
        r = u + u * atan_series_short_(u * u)
        return 1.5707963267948966 - r if swap else r
    else:
        r = u * atan_series_(u * u)
        h = 1.5707963267948966 - u
        low = ((1.5707963267948966 - h) - u) + (6.123233995736766e-17 - r)
        return h + low if swap else u + r

cdef inline floating atan_(floating x) noexcept nogil:
    cdef double r = atan_ratio_(libm.fabs(<double>x), 1.0, x)
    return copysign_(<floating>r, x) if x == x else x

cdef inline floating atan2_(floating y, floating x) noexcept nogil:
    cdef double r = atan_ratio_(libm.fabs(<double>y), libm.fabs(<double>x), x)
    r = (3.141592653589793 - r) + 1.2246467991473532e-16 if signbit_(x) else r
    return copysign_(<floating>r, y) if (x == x) & (y == y) else x + y

cdef inline floating angle_(floating x, floating y) noexcept nogil:
    return atan2_(y, x)

# sin(pi x) / (pi x), the sine reduced exactly: by whole numbers (float) or halves, of which huge x leaves nothing over.
cdef inline floating sinc_(floating x) noexcept nogil:
    cdef double a = <double>x, k, f, r, low, w, s
    cdef int64_t n
    if floating is float:
        a = clamp_(a, -8388608.0, 8388608.0)
        k = nearest_(a)
        r = sin_short_((a - k) * 3.141592653589793)
        s = from_bits_d(bits_d(r) ^ (bits_d(k + 6755399441055744.0) << 63))
    else:
        a = clamp_(a, -1125899906842624.0, 1125899906842624.0)
        k = nearest_(2.0 * a)
        f = a - 0.5 * k
        r = f * 3.141592653589793
        low = f * 1.2246467991473532e-16 - residual(f, 3.141592653589793, r)
        n = bits_d(k + 6755399441055744.0)
        s = r + sin_part_(r, low)
        f = cos_part_(r, low, &w)
        s = w + f if n & 1 else s
        s = from_bits_d(bits_d(s) ^ ((n & 2) << 62))
    return <floating>1 if x == 0 else <floating>(s / (<double>x * 3.141592653589793) + (<double>x - <double>x))

cdef inline floating sinc_far_(floating x) noexcept nogil:
    cdef floating t = <floating>3.14159265358979323846 * x
    return sin_far_(t) / t


# ---- Hyperbolic functions ---------------------------------------------------------------------------------------
# In double for float, without the low parts: 2**-34.
cdef inline double cosh_sinh_short_(double x, double* sinh) noexcept nogil:
    cdef double k = nearest_(x * 1.4426950408889634), r = x - k * 0.6931471805599453, z = r * r
    cdef double s = r + r * z * poly3[double](z, 0.16666666754762266, 0.008333288883319806, 0.00019905011817544942)
    cdef double c = 1.0 + z * poly3[double](z, 0.5000000079328205, 0.04166626643200809, 0.00139462761914642)
    cdef double up = pow2_(k - 1.0), down = pow2_(-1.0 - k)
    sinh[0] = (up - down) * c + (up + down) * s
    return (up + down) * c + (up - down) * s

# e**x = 2**k (C + S) with C = cosh(r), S = sinh(r): sinh and cosh are (2**k +- 2**-k) / 2 combined with C and S, so
# that nothing cancels, not even at 0. `quarter` parts carry a factor 1/2 against overflow.

cdef inline void hyperbolic_(double x, double* high, double* low, double* cosh_high, double* cosh_low) noexcept nogil:
    """sinh(x)/2 = high + low and cosh(x)/2, each to about 2**-57, for x >= 0."""
    cdef double r, r_low, z, s, c, up, down, a, b
    cdef double k = reduce_ln2_(x, &r, &r_low)
    z = r * r
    s = r_low + r * z * poly5[double](z, 0.16666666666666677, 0.008333333333321577, 0.0001984126988626804,
                                      2.7557244060088697e-06, 2.510909105466421e-08)  # 2**-61.7
    c = z * poly6[double](z, 0.5, 0.041666666666666706, 0.001388888888886452, 2.4801587364104144e-05,
                          2.7557240571580775e-07, 2.092509779229517e-09)  # 2**-69.8
    up = pow2_(k - 2.0)
    down = pow2_(-2.0 - (k if k < 1000 else 1000.0))
    a = up - down
    b = up + down
    high[0] = a + up * r
    low[0] = ((a - high[0]) + up * r) + (down * r + (b * s + a * c) + ((up - a) - down))
    cosh_high[0] = b + up * r
    cosh_low[0] = ((b - cosh_high[0]) + up * r) + ((b * c + a * s) - down * r + ((up - b) + down))

cdef inline floating sinh_(floating x) noexcept nogil:
    cdef double high, low, ch, cl
    if floating is float:
        cosh_sinh_short_(<double>clamp_(x, <float>-90.0, <float>90.0), &high)
        return x if x == 0 else <float>high
    else:
        hyperbolic_(clamp_(libm.fabs(x), 0.0, 710.5), &high, &low, &ch, &cl)
        return x if abs_(x) < 1e-8 else copysign_(2.0 * (high + low), x) if x == x else x

cdef inline floating cosh_(floating x) noexcept nogil:
    cdef double high, low, ch, cl
    if floating is float:
        return <float>cosh_sinh_short_(<double>clamp_(x, <float>-90.0, <float>90.0), &high)
    else:
        hyperbolic_(clamp_(libm.fabs(x), 0.0, 710.5), &high, &low, &ch, &cl)
        return 2.0 * (ch + cl)

cdef inline floating tanh_(floating x) noexcept nogil:
    cdef double high, low, ch, cl, s, c, z, q, inverse
    if floating is float:  # x * P(x*x) / Q(x*x), 2**-29.7 up to where it rounds to 1
        s = <double>clamp_(x, <float>-9.2, <float>9.2)
        z = s * s
        s = s * poly5[double](z, 0.9999999988175733, 0.1377668305421163, 0.003997447599804206, 3.134872693891386e-05,
                              4.991988886478967e-08)
        c = poly6[double](z, 1.0, 0.4711001524575289, 0.02769751679142228, 0.0004187412818420169,
                          1.598871602903812e-06, 7.205232996937634e-10)
        return <float>(s / c)
    else:
        hyperbolic_(clamp_(libm.fabs(x), 0.0, 20.0), &high, &low, &ch, &cl)
        s = high + low
        low = (high - s) + low
        c = ch + cl
        cl = (ch - c) + cl
        inverse = 1.0 / c
        q = s * inverse
        q = q + ((residual(q, c, s) + low) - q * cl) * inverse
        return x if abs_(x) < 1e-8 else copysign_(q, x) if x == x else x

cdef inline floating asinh_(floating x) noexcept nogil:
    cdef double a = libm.fabs(<double>x), y, f, low, u, v, r
    cdef bint large = a > 1e9
    y = a * a / (1.0 + libm.sqrt(1.0 + a * a))
    f = a + y
    if floating is float:
        r = log1p_for_float_(f)
        r = log1p_for_float_(a) + 0.6931471805599453 if large else r
    else:
        low = (a - f) + y
        u = 1.0 + f
        v = u - 1.0
        low = ((1.0 - (u - v)) + (f - v)) + low
        r = log_of_sum_(a if large else u, 0.0 if large else low, 1.0 if large else 0.0)
    r = r if a < libm.INFINITY else a
    return x if a < 1e-8 else copysign_(<floating>r, x)

cdef inline floating acosh_(floating x) noexcept nogil:
    cdef double t = <double>x - 1.0, w, w_low, s, f, low, u, v, r
    cdef bint large = x > <floating>1e9
    if floating is float:
        r = log1p_for_float_(t + libm.sqrt(t * (t + 2.0)))
        r = log1p_for_float_(t) + 0.6931471805599453 if large else r
    else:
        u = t + 2.0
        w = t * u
        w_low = t * ((t - (u - 2.0))) - residual(t, u, w)
        s = libm.sqrt(w)
        low = (residual(s, s, w) + w_low) / (s + s) if s > 0 else 0.0
        f = s + t
        low = low + ((s - f) + t if s > t else (t - f) + s)
        u = 1.0 + f
        v = u - 1.0
        low = ((1.0 - (u - v)) + (f - v)) + low
        r = log_of_sum_(x if large else u, 0.0 if large else low, 1.0 if large else 0.0)
    r = r if x < libm.INFINITY else <double>x
    return <floating>r if (x >= 1) | (x != x) else <floating>libm.NAN

cdef inline floating atanh_(floating x) noexcept nogil:
    cdef double a = libm.fabs(<double>x), d, q, low, u, v, r
    d = 1.0 - a
    q = 2.0 * a / d
    if floating is float:
        r = log1p_for_float_(q)
    else:
        low = (residual(q, d, 2.0 * a) - q * ((1.0 - d) - a)) / d
        u = 1.0 + q
        v = u - 1.0
        r = log_of_sum_(u, ((1.0 - (u - v)) + (q - v)) + low, 0.0)
    r = 0.5 * r if a < 1 else libm.INFINITY
    return x if a < 1e-8 else copysign_(<floating>r, x) if a <= 1 else <floating>libm.NAN


# ---- Error function and its family ------------------------------------------------------------------------------
# erfc(x) = e**(-x*x) * G(q) / (1 + 2x) with q = (x - K) / (x + K), for x >= 0.

cdef inline double erfc_short_(double x) noexcept nogil:
    """For 0 <= x < 10.3, to 2**-30."""
    cdef double z = -x * x, r, r_low, q = (x - 2.5) / (x + 2.5), k
    k = reduce_ln2_(z, &r, &r_low)
    r = 1.0 + r * (1.0 + r * poly6[double](r, 0.5, 0.16666666666, 0.041666666, 0.0083333, 0.00138889, 0.0002))
    return r * pow2_(k) / (1.0 + 2.0 * x) * poly12[double](
        q, 1.2648381835984988, -0.1223567622075918, -0.09902444818951418, 0.1576299066282143, -0.10296882655154409,
        0.03276035487478874, 0.0009442819487560979, -0.004374135977948237, 0.00045490017838178124,
        0.0005974917690787247, -4.617941197120401e-05, -5.894412278422643e-05)

cdef inline double erfcx_factor_(double q) noexcept nogil:
    """G without its leading coefficient, 2**-59.5."""
    cdef double q6 = (q * q) * (q * q) * (q * q)
    return q * (poly12[double](
        q, -0.13962111684056253, 0.015379652102619622, 0.06809705425469532, -0.10103906603629771,
        0.09373283499825627, -0.06633036581236029, 0.03716751553897748, -0.016197734056205993, 0.00503196996488463,
        -0.0007577732992545837, -0.00019925662552604468, 0.00015062172352180975)
        + (q6 * q6) * (-2.439944223071842e-05 + q * poly10[double](
            q, -1.1222183131027519e-05, 5.7101967477936116e-06, 2.9416197828862776e-07, -8.259663934099178e-07,
            7.410521199212252e-08, 1.1033281741447637e-07, -1.746963454629355e-08, -1.407051349919624e-08,
            1.6772845789093197e-09, 1.1981319536504629e-09)))

cdef inline double erfc_pair_(double x, double x_low, double* low, double* k) noexcept nogil:
    """erfc(x + x_low) = (high + low) * 2**k for 0 <= x < 28."""
    cdef double z = x * x, z_low = residual(x, x, z) - 2.0 * x * x_low, r, r_low, e, e_low, g, g_low, d, d_low, t, p, p_low, inverse, c
    k[0] = reduce_ln2_(-z, &c, &r_low)
    r_low = r_low + z_low
    r = c + r_low
    r_low = (c - r) + r_low
    t = r_low + r * r * exp_tail_(r)
    c = 1.0 + r
    e_low = ((1.0 - c) + r) + (t + r * r_low)
    e = c + e_low
    e_low = (c - e) + e_low
    t = erfcx_factor_((x - 4.0) / (x + 4.0))
    g = 1.2329951186255526 + t
    g_low = ((1.2329951186255526 - g) + t) - 4.5164673350869563e-17
    d = 1.0 + 2.0 * x
    d_low = ((1.0 - (d - 2.0 * x)) if x > 0.5 else 2.0 * x - (d - 1.0)) + 2.0 * x_low
    p = e * g
    p_low = (e * g_low + e_low * g) - residual(e, g, p)
    inverse = 1.0 / d
    c = p * inverse
    low[0] = ((residual(c, d, p) + p_low) - c * d_low) * inverse
    return c

# erf(x) = x + x * series(x*x) on [-1, 1]: 2**-62.7
cdef inline double erf_series_(double z) noexcept nogil:
    return 0.1283791670955126 + z * poly12[double](
        z, -0.3761263890318375, 0.11283791670954857, -0.026866170645072834, 0.005223977624780256,
        -0.0008548326978706029, 0.00012055331035542579, -1.4925593473411147e-05, 1.6460972266596243e-06,
        -1.6350019251500457e-07, 1.4657838805148195e-08, -1.1365504105971255e-09, 5.944982719343914e-11)

cdef inline floating erf_(floating x) noexcept nogil:
    cdef double a, z, s, c, k, r, r_low
    if floating is float:  # 2**-28.9 up to where it rounds to 1
        s = <double>clamp_(x, <float>-4.0, <float>4.0)
        z = s * s
        s = s * poly7[double](z, 1.1283791693778786, 0.1852028996049056, 0.05431695665069748, 0.0038496101051063865,
                              0.0003796124298289429, 4.684878914862426e-06, -1.3202727904845699e-08)
        c = poly6[double](z, 1.0, 0.49746521017802814, 0.11395836095581303, 0.01546209887266679,
                          0.001307574419717498, 6.31115440398689e-05)
        return <float>(s / c)
    else:
        a = clamp_(libm.fabs(x), 0.0, 6.0)
        z = a * a
        s = a + a * erf_series_(z)
        k = reduce_ln2_(-z, &r, &r_low)
        r_low = r_low + residual(a, a, z)
        c = (1.0 + (r + (r_low + r * r * exp_tail_(r)))) * pow2_(k)
        c = 1.0 - c * (1.2329951186255526 + erfcx_factor_((a - 4.0) / (a + 4.0))) / (1.0 + 2.0 * a)
        s = c if a > 1 else s
        return copysign_(s, x) if x == x else x

cdef inline double erfc_of_sum_(double x, double x_low) noexcept nogil:
    cdef double h = 1.0 - x, a = clamp_(libm.fabs(x), 0.0, 27.5), r, low, k
    h = h + (((1.0 - h) - x) - (x * erf_series_(x * x) + x_low))  # where erfc is steep in q
    r = erfc_pair_(a, -x_low if x < 0 else x_low, &low, &k)
    a = pow2_(clamp_(k, -1000.0, 0.0))
    r = (2.0 - r * a) - low * a if x < 0 else scale_(r + low, k)
    return h if libm.fabs(x) < 0.5 else r

cdef inline floating erfc_(floating x) noexcept nogil:
    cdef double r
    if floating is float:
        r = erfc_short_(clamp_(libm.fabs(<double>x), 0.0, 10.2))
        return <float>(2.0 - r if x < 0 else r)
    else:
        return erfc_of_sum_(x, 0.0)

cdef inline floating ndtr_(floating x) noexcept nogil:
    cdef double r
    if floating is float:
        r = 0.5 * erfc_short_(clamp_(libm.fabs(<double>x) * 0.7071067811865476, 0.0, 10.2))
        return <float>(1.0 - r if x > 0 else r)
    else:
        r = clamp_(x, -60.0, 60.0) * -0.7071067811865476
        return 0.5 * erfc_of_sum_(r, clamp_(x, -60.0, 60.0) * 4.833646656726457e-17
                                  - residual(clamp_(x, -60.0, 60.0), -0.7071067811865476, r))

# e**(x*x) * erfc(x): as this product below 1/2, by its asymptotic series beyond 28.
cdef inline double erfcx_(double x) noexcept nogil:
    cdef double a = libm.fabs(x), b = clamp_(a, 0.0, 28.0), t = 0.5 / (a * a), far, near, z, k, r, r_low
    near = (1.2329951186255526 + (erfcx_factor_((b - 4.0) / (b + 4.0)) - 4.5164673350869563e-17)) / (1.0 + 2.0 * b)
    far = 0.5641895835477563 / a * (1.0 - t * (1.0 - 3.0 * t * (1.0 - 5.0 * t * (1.0 - 7.0 * t * (
        1.0 - 9.0 * t * (1.0 - 11.0 * t))))))
    near = far if a > 28 else near
    b = clamp_(a, 0.0, 27.0)
    z = b * b
    k = reduce_ln2_(z, &r, &r_low)
    r = 2.0 + 2.0 * (r + (r_low + r * r * exp_tail_(r)))
    r = scale_(r - r * residual(b, b, z), k)
    t = 1.0 - x
    t = t + (((1.0 - t) - x) - x * erf_series_(x * x))
    return 0.5 * r * t if a < 0.5 else r - near if x < 0 else near

cdef inline floating erfcx_of_(floating x) noexcept nogil:
    return <floating>erfcx_(<double>x)

cdef inline floating log_ndtr_(floating x) noexcept nogil:
    cdef double a = <double>x, low = log_[double](0.5 * erfcx_(a * -0.7071067811865476 if a < 0 else 0.0)) - 0.5 * a * a
    return <floating>(low if a < -0.5 else log1p_[double](-ndtr_[double](-a)))

# erfinv(x) / x as a quotient of polynomials in -log(1 - x*x), for x at least 2**-24 off 1: 2**-29.1; for double 2**-23,
# which one step of Halley's method triples: by erf where the result is small, by erfc where 1 - |x| is.
cdef inline double erfinv_ratio_(double w) noexcept nogil:
    return poly7[double](w, 0.8862269238741308, 0.31293825668326786, 0.06265934359410698, 0.008465983366877828,
                         0.0007469613689260312, 3.558588140324e-05, 8.705943155594825e-08) / \
        poly6[double](w, 1.0, 0.09131356822427214, 0.03376587874307237, 0.0021573731184256297,
                      0.00022351916983577818, 2.861097827107231e-06)

cdef inline floating erfinv_(floating x) noexcept nogil:
    cdef double y = <double>x, p = libm.fabs(y), w = -log_short_((1.0 - p) * (1.0 + p)), r, u
    if floating is float:
        r = p * erfinv_ratio_(w)
    else:
        r = poly7[double](w, 0.8862270307513626, 0.32392044665614805, 0.0664626883058697, 0.009185374094661105,
                          0.0008388660370916416, 3.765311861811891e-05, 1.1050266979441923e-07)
        u = poly6[double](w, 1.0, 0.10370833692060633, 0.034803221860019704, 0.0025477859621494668,
                          0.00023714322551626751, 3.191448994859074e-06)
        r = p * r / u
        u = erf_[double](r) - p if p < 0.5 else (1.0 - p) - erfc_of_sum_(r, 0.0)
        u = u * 0.886226925452758 / exp_negative_(r * r)
        r = r - u / (1.0 + r * u)
    r = r if p < 1 else libm.INFINITY if p == 1 else <double>libm.NAN
    return <floating>copysign_(r, y)

# ndtr(-a) for a >= 0, for gelu: to about 2**-22 (float, as 1/2 (1 + d)**-16) or 1e-14 (double).
cdef inline floating upper_tail_(floating a) noexcept nogil:
    cdef floating d, t
    if floating is float:
        # 2**-25.6 up to 4.5, then less and less: of the right size at least up to 13, where the result is 1e-36.
        d = poly10[float](a, 0.02113255369584391, 0.0033001786681150485, 1.1750908941374032e-05, 6.348416500097454e-05,
                          1.4626555044026781e-06, 6.785940106930244e-07, -2.0916529518257458e-07, 5.333102851387673e-08,
                          -5.232469667650269e-09, 2.4866313932561063e-10)
        d = a * (<float>0.04986835377457899 + a * d)
        d = d * (<float>2 + d)
        d = d * (<float>2 + d)
        d = d * (<float>2 + d)
        d = d * (<float>2 + d)
        return <float>0.5 / (<float>1 + d)
    else:
        t = a * 0.7071067811865476
        d = exp_negative_(0.5 * a * a)
        return 0.5 * d * (1.2329951186255526 + erfcx_factor_((t - 4.0) / (t + 4.0))) / (1.0 + 2.0 * t)

# ---- Gamma and Bessel functions -----------------------------------------------------------------------------------

# For float, a = |x|: with two roots divided out below 2.5 (2**-47.5), by the series in 1 / a from there (2**-42.4), below
# 1 by recurrence, and below 0 by reflection: log(pi / d), d = a |sin(pi a)|, minus the same. One quotient serves all.
cdef inline floating lgamma_(floating x) noexcept nogil:
    cdef double a = libm.fabs(x), w = a + 1.0 if a < 1 else a, t = w - 2.0, turn = a - nearest_(a), z = turn * turn
    cdef double d, q, u, y, l
    if floating is double:
        return libm.lgamma(x)
    else:
        d = a * libm.fabs(turn) * poly8[double](
            z, 3.1415926535897927, -5.167712780049753, 2.550164039859778, -0.599264528775738, 0.08214587825676913,
            -0.0073703610724441355, 0.0004659776180197701, -2.1122952969573237e-05) if x < 0 else 1.0  # 2**-52.6
        q = poly6[double](t, 1.0, 1.5342785317179046, 0.8877186539121785, 0.23797265703120093, 0.02877975764039123,
                          0.001200223985145801) if w < 2.5 else w
        z = 1.0 / (q * d)
        u = d * z
        l = log_[double](a)
        y = (w - 1.0) * t * u * poly7[double](
            t, 0.4227843350984651, 0.5483516272138546, 0.2543638591513394, 0.04975087212603601, 0.0035563427954332805,
            3.259561975504218e-05, -4.7355050817440153e-07)
        d = u * u
        d = (a - 0.5) * l - a + (0.9189385332046727 + u * (0.08333333333331897 + d * poly8[double](
            d, -0.0027777777620626, 0.0007936479514411641, -0.0005950375191097659, 0.0008344690835265161,
            -0.0017614560367288346, 0.0042473831766361644, -0.008287570701087163, 0.008397024550868836)))
        y = y if w < 2.5 else d
        y = y - l if a < 1 else y
        y = log_[double](3.141592653589793 * q * z) - y if x < 0 else y
        return <floating>(libm.INFINITY if (a == libm.INFINITY) | (x <= 0) & ((turn == 0) | (a > 8388608.0)) else y)

# The digamma function of t + 2 on [1, 3], without its root, times x (x + 1) (x + 2): 2**-53.1
cdef inline double digamma_near_(double t) noexcept nogil:
    return poly6[double](
        t, 18.847380926498527, 14.160261091314704, 2.904553034101993, 0.08342999889126165, -0.005331127042299156,
        poly12[double](t, 0.0005482890170827446, -7.039269983117128e-05, 1.0275943143988053e-05, -1.629136935855253e-06,
                       2.7327965902040836e-07, -4.772496350952445e-08, 8.588175626508078e-09, -1.5796458502691314e-09,
                       2.9199780893928747e-10, -5.5332608694093654e-11, 1.261419642360703e-11,
                       -2.4405225057105238e-12))

# Below 1 by recurrence, below 0 by reflection; up to 3 the root is divided out, from there two steps of the recurrence
# reach 5; beyond 11 the asymptotic series, to which eight steps lead: their sum of 1 / (x + i) is one quotient in
# a = x (x + 7).
cdef inline double digamma_(double x) noexcept nogil:
    cdef double y = 1.0 - x if x < 0 else x, w = y + 1.0 if y < 1 else y, v, t, q, a, b, c, near, z, far, turn
    t = clamp_(w if w <= 3 else w - 2.0, 1.0, 3.0)
    near = ((t - 1.4616321449683622) - 9.549995429965697e-17) * digamma_near_(t - 2.0) / (t * (t + 1.0) * (t + 2.0))
    q = clamp_(w, 1.0, 11.0)
    a = q * (q + 7.0)
    b = a * (a + 6.0)
    c = (a + 10.0) * (a + 12.0)
    b = (2.0 * q + 7.0) * ((2.0 * a + 6.0) * c + b * (2.0 * a + 22.0)) / (b * c)
    v = w + 8.0 if w < 11 else w
    z = 1.0 / (v * v)
    far = z * (0.08333333333333333 - z * (0.008333333333333333 - z * poly5[double](
        z, 0.003968253968253968, -0.004166666666666667, 0.007575757575757576, -0.021092796092796094,
        0.08333333333333333)))
    far = log_[double](v) - (b if w < 11 else 0.0) - (0.5 / v + far)
    near = near if w <= 3 else near + (2.0 * t + 1.0) / (t * (t + 1.0)) if w <= 5 else far
    near = near - 1.0 / y if y < 1 else near
    turn = x - round_[double](x)
    turn = <double>libm.NAN if turn == 0 else near - 3.141592653589793 / tan_[double](turn * 3.141592653589793)
    near = turn if x < 0 else near
    return copysign_[double](libm.INFINITY, -x) if x == 0 else near

cdef inline floating digamma_of_(floating x) noexcept nogil:
    return <floating>digamma_(<double>x)

# Power series of I0 and 2/x I1 in z = x*x/4, up to x = 8: 2**-55, 2**-56.1
cdef inline double bessel_i0_near_(double z) noexcept nogil:
    return poly6[double](
        z, 1.0, 1.0, 0.2500000000000001, 0.027777777777777565, 0.0017361111111113758,
        poly12[double](z, 6.944444444424399e-05, 1.9290123457790406e-06, 3.936759885673581e-08, 6.151187413177668e-10,
                       7.594056846699174e-12, 7.594079950279469e-14, 6.275862820937522e-16, 4.3600362269175774e-18,
                       2.5698743857514957e-20, 1.35095827969477e-22, 4.940670282542572e-25, 3.6454386812677436e-27))

cdef inline double bessel_i1_near_(double z) noexcept nogil:
    return poly6[double](
        z, 1.0, 0.5, 0.08333333333333334, 0.006944444444444433, 0.0003472222222222366,
        poly12[double](z, 1.1574074074063174e-05, 2.755731922452985e-07, 4.920949859540306e-09, 6.834652632309533e-11,
                       7.594057567711265e-13, 6.903701192957936e-15, 5.22994881944532e-17, 3.3535043207335216e-19,
                       1.837156865691237e-21, 8.963806609001204e-24, 3.1590697545594773e-26, 2.0903513298308396e-28))

# e**-x sqrt(x) I(x) from 8 on, in u = 16 / x - 1: 2**-56.9, 2**-56.7
cdef inline double bessel_i0_far_(double u) noexcept nogil:
    cdef double u4 = (u * u) * (u * u)
    return 0.4021765094450081 + (u * (poly12[double](
        u, 0.003360551983667854, 0.00013621607439232746, 1.1143033791556743e-05, 1.4838475473607391e-06,
        2.973598432479169e-07, 8.87225351128584e-08, 3.932602459703109e-08, 2.1545177650836005e-08,
        7.553516470355896e-09, -6.729724111923548e-09, -1.3404241991980871e-08, -5.4685974495866e-09)
        + u4 * u4 * u4 * poly12[double](
            u, 7.540601378890834e-09, 7.58022133915272e-09, -3.4857887470034955e-09, -6.188265090497361e-09,
            1.497880830187091e-09, 3.881151253996067e-09, -5.562201990080394e-10, -1.7789375042917173e-09,
            1.4672236659214398e-10, 5.181936971288284e-10, -1.9216763724933513e-11, -7.06893851181878e-11))
        - 2.5469137991304108e-17)

cdef inline double bessel_i1_far_(double u) noexcept nogil:
    cdef double u4 = (u * u) * (u * u)
    return 0.38939845902587233 + (u * (poly12[double](
        u, -0.009749577193235728, -0.00021923576383430274, -1.5038547201176271e-05, -1.8349101134666435e-06,
        -3.483855609009937e-07, -1.0001323461066435e-07, -4.312935369971356e-08, -2.337059627111857e-08,
        -8.426622829598154e-09, 6.715795128085017e-09, 1.4029693589852716e-08, 6.040877342160988e-09)
        + u4 * u4 * u4 * poly12[double](
            u, -7.630751970065577e-09, -8.044231276166508e-09, 3.406636130196794e-09, 6.4870195719816896e-09,
            -1.4171698018664596e-09, -4.047785403711858e-09, 5.146498826087142e-10, 1.8513716745511988e-09,
            -1.342266320082222e-10, -5.388285995923524e-10, 1.7502497778701306e-11, 7.347992441734663e-11))
        - 4.422269466329674e-18)

cdef inline double bessel_(double near, double far, double a, bint scaled) noexcept nogil:
    """`near` I(a) up to 8, beyond that e**-a sqrt(a) I(a) in `far`: I(a), or e**-a I(a); I of infinity is NaN."""
    cdef double r, r_low, k
    far = far / libm.sqrt(a)
    if scaled:
        return near * exp_negative_(a) if a <= 8 else far
    k = reduce_ln2_(clamp_(a, 0.0, 720.0), &r, &r_low)
    far = scale_(far + far * (r + (r_low + r * r * exp_tail_(r))), k)
    return near if a <= 8 else libm.INFINITY + (a - a) if a > 720 else far

cdef inline double bessel_i0_(double x, bint scaled) noexcept nogil:
    cdef double a = libm.fabs(x), b = clamp_(a, 0.0, 8.0), c = a if a > 8 else 8.0
    return bessel_(bessel_i0_near_(0.25 * b * b), bessel_i0_far_(16.0 / c - 1.0), a, scaled)

cdef inline double bessel_i1_(double x, bint scaled) noexcept nogil:
    cdef double a = libm.fabs(x), b = clamp_(a, 0.0, 8.0), c = a if a > 8 else 8.0
    return copysign_(bessel_(0.5 * b * bessel_i1_near_(0.25 * b * b), bessel_i1_far_(16.0 / c - 1.0), a, scaled), x)

cdef inline floating i0_(floating x) noexcept nogil:
    return <floating>bessel_i0_(<double>x, False)

cdef inline floating i0e_(floating x) noexcept nogil:
    return <floating>bessel_i0_(<double>x, True)

cdef inline floating i1_(floating x) noexcept nogil:
    return <floating>bessel_i1_(<double>x, False)

cdef inline floating i1e_(floating x) noexcept nogil:
    return <floating>bessel_i1_(<double>x, True)

cdef inline floating entr_(floating x) noexcept nogil:
    return x if x != x else -x * log_(x) if x > 0 else <floating>0 if x == 0 else -<floating>libm.INFINITY


# ---- Activations: rules take (x, a, b), gradients (g, x, a, b) --------------------------------------------------

# With e = exp(-|x|) and q = e / (1 + e): 1 - q, or for negative x q once more as e - e*q, which forgives q's rounding,
# and half of e's, whose weight in q is between 1 and 1/4. Without fused multiply-adds that is not quite enough: there
# the quotient itself is mended.
cdef inline floating sigmoid_(floating x) noexcept nogil:
    cdef floating rest, p = exp_negative_parts_(abs_(x), &rest), e = p + rest, d = <floating>1 + e, t, q
    if HAVE_FMA:
        q = e / d
        return <floating>1 - q if x > 0 else e - (e * q - (rest - (e - p)) * <floating>0.5)
    t = <floating>1 if x > 0 else e
    q = t / d
    return q + (residual_(q, d, t) - q * (e - (d - <floating>1))) * (<floating>1.457 - <floating>0.5 * d)

cdef inline floating sigmoid_backward_(floating g, floating out, floating a, floating b) noexcept nogil:
    return g * (<floating>1 - out) * out

cdef inline floating tanh_backward_(floating g, floating out, floating a, floating b) noexcept nogil:
    return g * (<floating>1 - out * out)

cdef inline floating log_sigmoid_(floating x) noexcept nogil:
    return (x if x < 0 else <floating>0) - log1p_exp_(abs_(x))

cdef inline floating log_sigmoid_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return g * sigmoid_(-x)

cdef inline floating softplus_(floating x, floating beta, floating threshold) noexcept nogil:
    cdef floating z = x * beta
    return x if z > threshold else ((z if z > 0 else <floating>0) + log1p_exp_(abs_(z))) / beta

cdef inline floating softplus_backward_(floating g, floating x, floating beta, floating threshold) noexcept nogil:
    cdef floating z = x * beta
    return g if z > threshold else g * sigmoid_(z)

cdef inline floating relu_(floating x) noexcept nogil:
    return <floating>0 if x < 0 else x

cdef inline floating relu6_(floating x) noexcept nogil:
    return clamp_(x, <floating>0, <floating>6)

cdef inline floating threshold_(floating x, floating threshold, floating value) noexcept nogil:
    return value if x <= threshold else x

cdef inline floating threshold_backward_(floating g, floating x, floating threshold, floating b) noexcept nogil:
    return <floating>0 if x <= threshold else g

cdef inline floating leaky_relu_(floating x, floating slope, floating b) noexcept nogil:
    return x if x > 0 else x * slope

cdef inline floating leaky_relu_backward_(floating g, floating x, floating slope, floating b) noexcept nogil:
    return g if x > 0 else g * slope

cdef inline floating elu_(floating x, floating alpha, floating b) noexcept nogil:
    return alpha * expm1_(x) if x <= 0 else x

cdef inline floating elu_backward_(floating g, floating x, floating alpha, floating b) noexcept nogil:
    return g if x > 0 else g * alpha * exp_(x)

cdef inline floating celu_(floating x, floating alpha, floating b) noexcept nogil:
    return alpha * expm1_(x / alpha) if x <= 0 else x

cdef inline floating celu_backward_(floating g, floating x, floating alpha, floating b) noexcept nogil:
    return g if x > 0 else g * exp_(x / alpha)

cdef inline floating selu_(floating x) noexcept nogil:
    return <floating>1.7580993408473768600 * expm1_(x) if x <= 0 else <floating>1.0507009873554804934 * x

cdef inline floating selu_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return g * (<floating>1.0507009873554804934 if x > 0 else <floating>1.7580993408473768600 * exp_(x))

cdef inline floating gelu_(floating x) noexcept nogil:
    cdef floating y = (x if x > 0 else x * 0) - abs_(x) * upper_tail_(abs_(x))
    return x if x > 50 else y  # at infinity `y` is NaN

cdef inline floating gelu_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    cdef floating tail = upper_tail_(abs_(x)), density = exp_negative_(x * x * <floating>0.5)
    return g * ((<floating>1 - tail if x > 0 else tail) + x * <floating>0.39894228040143267794 * density)

# x * sigmoid(2u) with u = sqrt(2/pi) * (x + 0.044715 * x**3): the same as 0.5 * x * (1 + tanh(u)).
cdef inline floating gelu_tanh_(floating x) noexcept nogil:
    return x * sigmoid_(x * (<floating>1.5957691216057307117 + <floating>0.071354816272600242577 * x * x))

cdef inline floating gelu_tanh_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    cdef floating s = sigmoid_(x * (<floating>1.5957691216057307117 + <floating>0.071354816272600242577 * x * x))
    cdef floating slope = <floating>1.5957691216057307117 + <floating>0.21406444881780072773 * x * x
    return g * (s + x * s * (<floating>1 - s) * slope)

cdef inline floating silu_(floating x) noexcept nogil:
    cdef floating e = exp_negative_(abs_(x))
    return (x if x > 0 else x * e) / (<floating>1 + e)

cdef inline floating silu_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    cdef floating s = sigmoid_(x)
    return g * s * (<floating>1 + x * (<floating>1 - s))

# tanh(softplus(x)) = n / (n + 2) with n = e**x * (e**x + 2); one in the last place beyond 20.
cdef inline floating tanh_softplus_(floating x) noexcept nogil:
    cdef floating e = exp_(x if x < 20 else <floating>20)
    cdef floating n = e * (e + <floating>2)
    return n / (n + <floating>2)

cdef inline floating mish_(floating x) noexcept nogil:
    return x * tanh_softplus_(x)

cdef inline floating mish_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    cdef floating t = tanh_softplus_(x)
    return g * (t + x * sigmoid_(x) * (<floating>1 - t * t))

cdef inline floating clamp_(floating x, floating low, floating high) noexcept nogil:
    x = low if x < low else x
    return high if x > high else x

cdef inline floating clamp_backward_(floating g, floating x, floating low, floating high) noexcept nogil:
    return g if (x >= low) & (x <= high) else <floating>0

cdef inline floating hardtanh_backward_(floating g, floating x, floating low, floating high) noexcept nogil:
    return g if (x > low) & (x < high) else <floating>0

cdef inline floating hardsigmoid_(floating x) noexcept nogil:
    return clamp_(x + <floating>3, <floating>0, <floating>6) / <floating>6

cdef inline floating hardsigmoid_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return g / <floating>6 if (x > -3) & (x < 3) else <floating>0

cdef inline floating hardswish_(floating x) noexcept nogil:
    return x * clamp_(x + <floating>3, <floating>0, <floating>6) / <floating>6

cdef inline floating hardswish_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return <floating>0 if x <= -3 else g if x >= 3 else g * (x / <floating>3 + <floating>0.5)

cdef inline floating softsign_(floating x) noexcept nogil:
    return x / (<floating>1 + abs_(x))

# Up to 1, where the difference cancels, x**3 times a polynomial in x**2 (2**-26, 2**-55).
cdef inline floating tanhshrink_(floating x) noexcept nogil:
    cdef floating z = x * x, near
    if floating is float:
        near = poly8[float](z, <float>0.33333333156722314, <float>-0.13333310655545101, <float>0.053963414754438836,
                            <float>-0.02182954884305937, <float>0.008697847592814878, <float>-0.0032068033868465649,
                            <float>0.00092350084634817609, <float>-0.00014279318799621565)
    else:
        near = poly8[double](z, 0.05396825396804638, -0.02186948852912909, 0.008863235404578282, -0.003592126679366341,
                             0.0014558246920964942, -0.0005899792946300052, 0.00023895705228738225,
                             poly7[double](z, -9.646277743313181e-05, 3.8389607893147333e-05, -1.4606131676715378e-05,
                                           4.987760317520347e-06, -1.3791814499083342e-06, 2.6330772232959335e-07,
                                           -2.5155023659382106e-08))
        near = 0.3333333333333333 + z * (-0.1333333333333309 + z * near)
    return x * z * near if z < 1 else x - tanh_(x)

cdef inline floating softshrink_(floating x, floating lambd, floating b) noexcept nogil:
    return x - lambd if x > lambd else x + lambd if x < -lambd else x if x != x else <floating>0

cdef inline floating hardshrink_(floating x, floating lambd, floating b) noexcept nogil:
    return <floating>0 if (x >= -lambd) & (x <= lambd) else x

cdef inline floating shrink_backward_(floating g, floating x, floating lambd, floating b) noexcept nogil:
    return g if (x < -lambd) | (x > lambd) else <floating>0

cdef inline floating logit_(floating x) noexcept nogil:
    return log_(x / (<floating>1 - x))

cdef inline floating logit_eps_(floating x, floating eps, floating b) noexcept nogil:
    return logit_(clamp_(x, eps, <floating>1 - eps))


# ---- Three operands ---------------------------------------------------------------------------------------------

cdef inline inexact lerp_(inexact x, inexact y, inexact weight, inexact a) noexcept nogil:
    if inexact is float or inexact is double:
        return x + weight * (y - x) if abs_(weight) < <inexact>0.5 else y - (y - x) * (<inexact>1 - weight)
    else:
        return x + weight * (y - x)

cdef inline number addcmul_(number x, number y, number z, number value) noexcept nogil:
    return <number>(x + mul_(mul_(value, y), z))

cdef inline inexact addcdiv_(inexact x, inexact y, inexact z, inexact value) noexcept nogil:
    return x + div_(mul_(value, y), z)

cdef inline floating nan_to_num_(floating x, floating high, floating low, floating nan) noexcept nogil:
    cdef floating y = high if x == <floating>libm.INFINITY else low if x == -<floating>libm.INFINITY else x
    return nan if x != x else y

cdef inline real clamp_tensor_(real x, real low, real high, real a) noexcept nogil:
    return minimum_(maximum_(x, low), high)


# ---- Complex numbers, computed in double ------------------------------------------------------------------------

cdef inline complexes csqrt_(complexes x) noexcept nogil:
    return <complexes>csqrt(x)

cdef inline complexes cexp_(complexes x) noexcept nogil:
    return <complexes>cexp(x)

cdef inline complexes clog_(complexes x) noexcept nogil:
    return <complexes>clog(x)

cdef inline double complex scaled(double complex z, double factor) noexcept nogil:
    z.real *= factor
    z.imag *= factor
    return z

cdef inline complexes clog2_(complexes x) noexcept nogil:
    return <complexes>scaled(clog(x), 1.4426950408889634074)

cdef inline complexes clog10_(complexes x) noexcept nogil:
    return <complexes>scaled(clog(x), 0.43429448190325182765)

cdef inline complexes csin_(complexes x) noexcept nogil:
    return <complexes>csin(x)

cdef inline complexes ccos_(complexes x) noexcept nogil:
    return <complexes>ccos(x)

cdef inline complexes ctan_(complexes x) noexcept nogil:
    return <complexes>ctan(x)

cdef inline complexes casin_(complexes x) noexcept nogil:
    return <complexes>casin(x)

cdef inline complexes cacos_(complexes x) noexcept nogil:
    return <complexes>cacos(x)

cdef inline complexes catan_(complexes x) noexcept nogil:
    return <complexes>catan(x)

cdef inline complexes csinh_(complexes x) noexcept nogil:
    return <complexes>csinh(x)

cdef inline complexes ccosh_(complexes x) noexcept nogil:
    return <complexes>ccosh(x)

cdef inline complexes ctanh_(complexes x) noexcept nogil:
    return <complexes>ctanh(x)

cdef inline complexes casinh_(complexes x) noexcept nogil:
    return <complexes>casinh(x)

cdef inline complexes cacosh_(complexes x) noexcept nogil:
    return <complexes>cacosh(x)

cdef inline complexes catanh_(complexes x) noexcept nogil:
    return <complexes>catanh(x)

cdef inline complexes csigmoid_(complexes x) noexcept nogil:
    return <complexes>reciprocal_(1 + cexp(-<double complex>x))

cdef inline complexes conj_(complexes x) noexcept nogil:
    return x.conjugate()

cdef inline complexes csgn_(complexes x) noexcept nogil:
    cdef complexes out = x
    cdef double a = x.real, b = x.imag, r
    if sizeof(complexes) == 8:
        r = libm.sqrt(a * a + b * b)
    else:
        r = cabs(x)
    if r != 0:    # by parts: a quotient of complex numbers takes 8 times as long
        out.real, out.imag = a / r, b / r
    return out

cdef inline complexes cpow_(complexes x, complexes y) noexcept nogil:
    return <complexes>cpow(x, y)
