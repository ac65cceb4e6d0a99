"""The mathematics of one element, named once. Every rule is free of branches (selects only), so that the loop
it is inlined into vectorises; `noexcept nogil`, no state.
"""
from libc cimport math as libm
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t

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

ctypedef fused integer_or_floating:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double


# ---- Arithmetic -----------------------------------------------------------------------------------------------

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
    return <number>(x * x)

cdef inline inexact reciprocal_(inexact x) noexcept nogil:
    cdef inexact one = 1  # a cast literal does not compile for complex numbers
    return one / x

cdef inline integer bitwise_not_(integer x) noexcept nogil:
    return <integer>~x

cdef inline number add_(number x, number y) noexcept nogil:
    return <number>(x + y)

cdef inline number sub_(number x, number y) noexcept nogil:
    return <number>(x - y)

cdef inline number mul_(number x, number y) noexcept nogil:
    return <number>(x * y)

cdef inline inexact div_(inexact x, inexact y) noexcept nogil:
    return x / y

# The first of two equal operands (zeros of either sign), as PyTorch; NaN wins in maximum, loses in fmax.
# Two selects: a tree of these with a compound condition each is not vectorised.
cdef inline real maximum_(real x, real y) noexcept nogil:
    cdef real m = y if y > x else x
    return m if y == y else y

cdef inline real minimum_(real x, real y) noexcept nogil:
    cdef real m = y if y < x else x
    return m if y == y else y

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

cdef inline floating nextafter_(floating x, floating y) noexcept nogil:
    return libm.nextafterf(x, y) if floating is float else libm.nextafter(x, y)

cdef inline floating hypot_(floating x, floating y) noexcept nogil:
    return libm.hypotf(x, y) if floating is float else libm.hypot(x, y)

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

cdef inline integer_or_floating remainder_(integer_or_floating x, integer_or_floating y) noexcept nogil:
    cdef integer_or_floating m = fmod_(x, y)
    return <integer_or_floating>(m + y) if (m != 0) & ((m < 0) != (y < 0)) else m

cdef inline integer_or_floating trunc_divide_(integer_or_floating x, integer_or_floating y) noexcept nogil:
    if integer_or_floating is float or integer_or_floating is double:
        return trunc_(x / y)
    elif integer_or_floating is uint8_t:
        return <uint8_t>(x // y) if y != 0 else 0
    else:
        return <integer_or_floating>-x if y == -1 else <integer_or_floating>(x // y) if y != 0 else 0

cdef inline integer_or_floating floor_divide_(integer_or_floating x, integer_or_floating y) noexcept nogil:
    cdef integer_or_floating m = fmod_(x, y), q, whole
    if integer_or_floating is float or integer_or_floating is double:
        q = (x - m) / y
        q = q - 1 if (m != 0) & ((m < 0) != (y < 0)) else q
        whole = floor_(q)
        whole = whole + 1 if q - whole > <integer_or_floating>0.5 else whole
        whole = copysign_(<integer_or_floating>0, x / y) if q == 0 else whole
        return x / y if y == 0 else whole
    else:
        q = trunc_divide_(x, y)
        return <integer_or_floating>(q - 1) if (m != 0) & ((m < 0) != (y < 0)) else q


# ---- Bits -----------------------------------------------------------------------------------------------------

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


# ---- Questions ------------------------------------------------------------------------------------------------

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


# ---- Exponentials and logarithms --------------------------------------------------------------------------------

cdef inline floating exp_(floating x) noexcept nogil:
    return libm.expf(x) if floating is float else libm.exp(x)

cdef inline floating exp2_(floating x) noexcept nogil:
    return libm.exp2f(x) if floating is float else libm.exp2(x)

cdef inline floating expm1_(floating x) noexcept nogil:
    return libm.expm1f(x) if floating is float else libm.expm1(x)

cdef inline floating log_(floating x) noexcept nogil:
    return libm.logf(x) if floating is float else libm.log(x)

cdef inline floating log2_(floating x) noexcept nogil:
    return libm.log2f(x) if floating is float else libm.log2(x)

cdef inline floating log10_(floating x) noexcept nogil:
    return libm.log10f(x) if floating is float else libm.log10(x)

cdef inline floating log1p_(floating x) noexcept nogil:
    return libm.log1pf(x) if floating is float else libm.log1p(x)

cdef inline floating sqrt_(floating x) noexcept nogil:
    return libm.sqrtf(x) if floating is float else libm.sqrt(x)

cdef inline floating rsqrt_(floating x) noexcept nogil:
    return <floating>1 / sqrt_(x)

cdef inline floating pow_(floating x, floating y) noexcept nogil:
    return libm.powf(x, y) if floating is float else libm.pow(x, y)

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

cdef inline floating logaddexp_(floating x, floating y) noexcept nogil:
    cdef floating top = maximum_(x, y)
    return x if (x == y) & (x - x != 0) else top + log1p_(exp_(-abs_(x - y)))

cdef inline floating logaddexp2_(floating x, floating y) noexcept nogil:
    cdef floating top = maximum_(x, y)
    return x if (x == y) & (x - x != 0) else top + log1p_(exp2_(-abs_(x - y))) * <floating>1.4426950408889634074

cdef inline floating xlogy_(floating x, floating y) noexcept nogil:
    return y if y != y else <floating>0 if x == 0 else x * log_(y)

cdef inline floating xlog1py_(floating x, floating y) noexcept nogil:
    return y if y != y else <floating>0 if x == 0 else x * log1p_(y)


# ---- Trigonometric and hyperbolic functions ---------------------------------------------------------------------

cdef inline floating sin_(floating x) noexcept nogil:
    return libm.sinf(x) if floating is float else libm.sin(x)

cdef inline floating cos_(floating x) noexcept nogil:
    return libm.cosf(x) if floating is float else libm.cos(x)

cdef inline floating tan_(floating x) noexcept nogil:
    return libm.tanf(x) if floating is float else libm.tan(x)

cdef inline floating asin_(floating x) noexcept nogil:
    return libm.asinf(x) if floating is float else libm.asin(x)

cdef inline floating acos_(floating x) noexcept nogil:
    return libm.acosf(x) if floating is float else libm.acos(x)

cdef inline floating atan_(floating x) noexcept nogil:
    return libm.atanf(x) if floating is float else libm.atan(x)

cdef inline floating atan2_(floating y, floating x) noexcept nogil:
    return libm.atan2f(y, x) if floating is float else libm.atan2(y, x)

cdef inline floating angle_(floating x, floating y) noexcept nogil:
    return atan2_(y, x)

cdef inline floating sinh_(floating x) noexcept nogil:
    return libm.sinhf(x) if floating is float else libm.sinh(x)

cdef inline floating cosh_(floating x) noexcept nogil:
    return libm.coshf(x) if floating is float else libm.cosh(x)

cdef inline floating tanh_(floating x) noexcept nogil:
    return libm.tanhf(x) if floating is float else libm.tanh(x)

cdef inline floating asinh_(floating x) noexcept nogil:
    return libm.asinhf(x) if floating is float else libm.asinh(x)

cdef inline floating acosh_(floating x) noexcept nogil:
    return libm.acoshf(x) if floating is float else libm.acosh(x)

cdef inline floating atanh_(floating x) noexcept nogil:
    return libm.atanhf(x) if floating is float else libm.atanh(x)

cdef inline floating sinc_(floating x) noexcept nogil:
    cdef floating t = <floating>3.14159265358979323846 * x
    return <floating>1 if x == 0 else sin_(t) / t


# ---- Error function, gamma function and their family --------------------------------------------------------------

cdef inline floating erf_(floating x) noexcept nogil:
    return libm.erff(x) if floating is float else libm.erf(x)

cdef inline floating erfc_(floating x) noexcept nogil:
    return libm.erfcf(x) if floating is float else libm.erfc(x)

cdef inline floating ndtr_(floating x) noexcept nogil:
    return <floating>0.5 * erfc_(x * <floating>-0.70710678118654752440)

cdef inline floating lgamma_(floating x) noexcept nogil:
    return libm.lgammaf(x) if floating is float else libm.lgamma(x)


# ---- Activations: rules take (x, a, b), gradients (g, x, a, b) ----------------------------------------------------

cdef inline floating sigmoid_(floating x) noexcept nogil:
    return <floating>1 / (<floating>1 + exp_(-x))

cdef inline floating sigmoid_backward_(floating g, floating out, floating a, floating b) noexcept nogil:
    return g * (<floating>1 - out) * out

cdef inline floating tanh_backward_(floating g, floating out, floating a, floating b) noexcept nogil:
    return g * (<floating>1 - out * out)

cdef inline floating log_sigmoid_(floating x) noexcept nogil:
    return (x if x < 0 else x * <floating>0 if x != x else <floating>0) - log1p_(exp_(-abs_(x)))

cdef inline floating log_sigmoid_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return g * sigmoid_(-x)

cdef inline floating softplus_(floating x, floating beta, floating threshold) noexcept nogil:
    cdef floating z = x * beta
    return x if z > threshold else ((z if z > 0 else <floating>0) + log1p_(exp_(-abs_(z)))) / beta

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
    return x * ndtr_(x)

cdef inline floating gelu_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    return g * (ndtr_(x) + x * <floating>0.39894228040143267794 * exp_(x * x * <floating>-0.5))

# x * sigmoid(2u) with u = sqrt(2/pi) * (x + 0.044715 * x**3): the same as 0.5 * x * (1 + tanh(u)).
cdef inline floating gelu_tanh_(floating x) noexcept nogil:
    return x * sigmoid_(x * (<floating>1.5957691216057307117 + <floating>0.071354816272600242577 * x * x))

cdef inline floating gelu_tanh_backward_(floating g, floating x, floating a, floating b) noexcept nogil:
    cdef floating s = sigmoid_(x * (<floating>1.5957691216057307117 + <floating>0.071354816272600242577 * x * x))
    cdef floating slope = <floating>1.5957691216057307117 + <floating>0.21406444881780072773 * x * x
    return g * (s + x * s * (<floating>1 - s) * slope)

cdef inline floating silu_(floating x) noexcept nogil:
    return x / (<floating>1 + exp_(-x))

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

cdef inline floating tanhshrink_(floating x) noexcept nogil:
    return x - tanh_(x)

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


# ---- Three operands -----------------------------------------------------------------------------------------------

cdef inline inexact lerp_(inexact x, inexact y, inexact weight, inexact a) noexcept nogil:
    if inexact is float or inexact is double:
        return x + weight * (y - x) if abs_(weight) < <inexact>0.5 else y - (y - x) * (<inexact>1 - weight)
    else:
        return x + weight * (y - x)

cdef inline number addcmul_(number x, number y, number z, number value) noexcept nogil:
    return <number>(x + value * y * z)

cdef inline inexact addcdiv_(inexact x, inexact y, inexact z, inexact value) noexcept nogil:
    return x + value * y / z

cdef inline real clamp_tensor_(real x, real low, real high, real a) noexcept nogil:
    return minimum_(maximum_(x, low), high)


# ---- Complex numbers, computed in double --------------------------------------------------------------------------

cdef inline complexes csqrt_(complexes x) noexcept nogil:
    return <complexes>csqrt(x)

cdef inline complexes cexp_(complexes x) noexcept nogil:
    return <complexes>cexp(x)

cdef inline complexes clog_(complexes x) noexcept nogil:
    return <complexes>clog(x)

cdef inline complexes clog2_(complexes x) noexcept nogil:
    return <complexes>(clog(x) * 1.4426950408889634074)

cdef inline complexes clog10_(complexes x) noexcept nogil:
    return <complexes>(clog(x) * 0.43429448190325182765)

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
    return <complexes>(1 / (1 + cexp(-<double complex>x)))

cdef inline complexes csgn_(complexes x) noexcept nogil:
    cdef double r = cabs(x)
    return <complexes>(x / r) if r != 0 else x

cdef inline complexes cpow_(complexes x, complexes y) noexcept nogil:
    return <complexes>cpow(x, y)
