"""Elementwise kernels of rarer special functions: Bessel and Airy functions, the inverse of the normal distribution, the
incomplete gamma functions, Hurwitz's zeta function, orthogonal polynomials.

They branch and iterate, so the loops are not vectorised; what they cost is their accuracy's price. All but the
polynomials are computed in double, for float as well, whose results are thus rounded once, and end there when nothing is left
that a float would show. `codes` maps names to codes.
"""
cimport math
from libc cimport math as libm
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from call cimport call_t
from tables cimport (airy_near, airy_p, airy_q, airy_right, j0_near, j0_short, j1_near, j1_short, k0_far, k0_near, k1_far,
                     k1_near, ndtri_tail, p0_far, p1_far, q0_far, q1_far, temme, y0_near, y0_short, y1_near, y1_short)
from loops cimport RARE_BLOCK, map1_blocks, plan_fits
from tasks cimport run_over
from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    GRAIN = 1024
    SIDE = 32     # elements that are computed side by side

cdef enum Op:
    AIRY_AI, BESSEL_J0, BESSEL_J1, BESSEL_Y0, BESSEL_Y1, MODIFIED_BESSEL_I0, MODIFIED_BESSEL_I1, MODIFIED_BESSEL_K0,
    MODIFIED_BESSEL_K1, SCALED_MODIFIED_BESSEL_K0, SCALED_MODIFIED_BESSEL_K1, SPHERICAL_BESSEL_J0, TRIGAMMA, NDTRI
    ZETA, IGAMMA, IGAMMAC, STANDARD_GAMMA_GRAD
    CHEBYSHEV_POLYNOMIAL_T, CHEBYSHEV_POLYNOMIAL_U, CHEBYSHEV_POLYNOMIAL_V, CHEBYSHEV_POLYNOMIAL_W,
    SHIFTED_CHEBYSHEV_POLYNOMIAL_T, SHIFTED_CHEBYSHEV_POLYNOMIAL_U, SHIFTED_CHEBYSHEV_POLYNOMIAL_V,
    SHIFTED_CHEBYSHEV_POLYNOMIAL_W, HERMITE_POLYNOMIAL_H, HERMITE_POLYNOMIAL_HE, LAGUERRE_POLYNOMIAL_L,
    LEGENDRE_POLYNOMIAL_P

codes = {
    "airy_ai": AIRY_AI, "bessel_j0": BESSEL_J0, "bessel_j1": BESSEL_J1, "bessel_y0": BESSEL_Y0,
    "bessel_y1": BESSEL_Y1, "modified_bessel_i0": MODIFIED_BESSEL_I0, "modified_bessel_i1": MODIFIED_BESSEL_I1,
    "modified_bessel_k0": MODIFIED_BESSEL_K0, "modified_bessel_k1": MODIFIED_BESSEL_K1,
    "scaled_modified_bessel_k0": SCALED_MODIFIED_BESSEL_K0, "scaled_modified_bessel_k1": SCALED_MODIFIED_BESSEL_K1,
    "spherical_bessel_j0": SPHERICAL_BESSEL_J0, "ndtri": NDTRI, "trigamma": TRIGAMMA, "zeta": ZETA, "igamma": IGAMMA,
    "igammac": IGAMMAC, "standard_gamma_grad": STANDARD_GAMMA_GRAD,
    "chebyshev_polynomial_t": CHEBYSHEV_POLYNOMIAL_T, "chebyshev_polynomial_u": CHEBYSHEV_POLYNOMIAL_U,
    "chebyshev_polynomial_v": CHEBYSHEV_POLYNOMIAL_V, "chebyshev_polynomial_w": CHEBYSHEV_POLYNOMIAL_W,
    "shifted_chebyshev_polynomial_t": SHIFTED_CHEBYSHEV_POLYNOMIAL_T,
    "shifted_chebyshev_polynomial_u": SHIFTED_CHEBYSHEV_POLYNOMIAL_U,
    "shifted_chebyshev_polynomial_v": SHIFTED_CHEBYSHEV_POLYNOMIAL_V,
    "shifted_chebyshev_polynomial_w": SHIFTED_CHEBYSHEV_POLYNOMIAL_W, "hermite_polynomial_h": HERMITE_POLYNOMIAL_H,
    "hermite_polynomial_he": HERMITE_POLYNOMIAL_HE, "laguerre_polynomial_l": LAGUERRE_POLYNOMIAL_L,
    "legendre_polynomial_p": LEGENDRE_POLYNOMIAL_P,
}


cdef inline double series(const double* c, int n, double t) noexcept nogil:
    """The sum of c[i] t**i: every other term apart, as the processor takes two chains in the time of one."""
    cdef double r = c[n - 1], s = c[n - 2], z = t * t
    cdef int i
    for i in range(n - 3, 0, -2):
        r = r * z + c[i]
        s = s * z + c[i - 1]
    return r * z + (s * t + c[0]) if n & 1 else r * t + s


# ---- Bessel functions -------------------------------------------------------------------------------------------
# Up to 8 on intervals of 2; beyond, J + iY = sqrt(2 / (pi x)) (P + iQ / x) e**(i (x - nu pi/2 - pi/4)) with P and Q
# smooth in (8/x)**2, the turn by pi/4 done on the sine and cosine of x itself, which the C library reduces exactly.

cdef inline double near(const double* rows, double a) noexcept nogil:
    cdef int k = <int>(0.5 * a)
    return series(rows + 17 * k, 17, a - (2 * k + 1))

cdef inline void far(const double* p_row, const double* q_row, double a, double* p, double* q) noexcept nogil:
    cdef double z = 8.0 / a
    z = 2.0 * z * z - 1.0
    p[0] = series(p_row, 18, z) * libm.sqrt(0.3183098861837907 / a)
    q[0] = series(q_row, 18, z) / a * libm.sqrt(0.3183098861837907 / a)

cdef double bessel_j0(double x) noexcept nogil:
    cdef double a = libm.fabs(x), p, q, s, c
    if not a < libm.INFINITY:
        return libm.NAN
    if a < 8:
        return near(&j0_near[0][0], a)
    far(&p0_far[0][0], &q0_far[0][0], a, &p, &q)
    s = libm.sin(a)
    c = libm.cos(a)
    return p * (c + s) - q * (s - c)

cdef double bessel_j1(double x) noexcept nogil:
    cdef double a = libm.fabs(x), p, q, s, c
    if not a < libm.INFINITY:
        return libm.NAN
    if a < 8:
        return x * near(&j1_near[0][0], a)
    far(&p1_far[0][0], &q1_far[0][0], a, &p, &q)
    s = libm.sin(a)
    c = libm.cos(a)
    return libm.copysign(1.0, x) * (p * (s - c) + q * (s + c))

cdef double bessel_y0(double x) noexcept nogil:
    cdef double p, q, s, c
    if x == 0:
        return -libm.INFINITY
    if not 0 < x < libm.INFINITY:
        return libm.NAN
    if x < 8:
        return 0.6366197723675814 * libm.log(0.5 * x) * near(&j0_near[0][0], x) + near(&y0_near[0][0], x)
    far(&p0_far[0][0], &q0_far[0][0], x, &p, &q)
    s = libm.sin(x)
    c = libm.cos(x)
    return p * (s - c) + q * (c + s)

cdef double bessel_y1(double x) noexcept nogil:
    cdef double p, q, s, c
    if x == 0:
        return -libm.INFINITY
    if not 0 < x < libm.INFINITY:
        return libm.NAN
    if x < 8:
        return 0.6366197723675814 * (libm.log(0.5 * x) * x * near(&j1_near[0][0], x) - 1.0 / x) \
            + x * near(&y1_near[0][0], x)
    far(&p1_far[0][0], &q1_far[0][0], x, &p, &q)
    s = libm.sin(x)
    c = libm.cos(x)
    return q * (s - c) - p * (s + c)

# The same for floats, many side by side: up to 8 on one interval in x*x, as errors of 2**-52 do not show near their zeros.

cdef void series_of_18(const double* c, const double* t, double* out) noexcept nogil:
    cdef int i
    for i in range(SIDE):
        out[i] = series(c, 18, t[i])

cdef void bessel_near(const double* x, double* out, bint first, bint second) noexcept nogil:
    """Between 0 and 8, of order 0 or the first, of the first or the second kind."""
    cdef double t[SIDE]
    cdef double y[SIDE]
    cdef double r
    cdef int i
    for i in range(SIDE):
        t[i] = 0.03125 * x[i] * x[i] - 1.0
    series_of_18(&j1_short[0] if first else &j0_short[0], t, out)
    if second:
        series_of_18(&y1_short[0] if first else &y0_short[0], t, y)
        for i in range(SIDE):
            r = math.log_[double](0.5 * x[i]) * out[i]
            r = r - 1.0 / (x[i] * x[i]) if first else r
            out[i] = 0.6366197723675814 * r + y[i]
    if first:
        for i in range(SIDE):
            out[i] = out[i] * x[i]

cdef void bessel_far(const double* x, double* out, bint first, bint second) noexcept nogil:
    """From 8 on."""
    cdef double z[SIDE]
    cdef double q[SIDE]
    cdef double p, s, c, r, sign = -1.0 if first and second else 1.0
    cdef int i
    for i in range(SIDE):
        z[i] = 8.0 / x[i]
        z[i] = 2.0 * z[i] * z[i] - 1.0
    series_of_18(&p1_far[0][0] if first else &p0_far[0][0], z, out)
    series_of_18(&q1_far[0][0] if first else &q0_far[0][0], z, q)
    for i in range(SIDE):
        s = math.sin_[double](x[i])
        c = math.cos_[double](x[i])
        p, r = out[i], q[i] / x[i]
        r = p * (c + s) - r * (s - c) if first == second else p * (s - c) + r * (c + s)
        out[i] = sign * r * libm.sqrt(0.3183098861837907 / x[i])

cdef void bessel_run(int op, const floating* x, floating* out, Py_ssize_t n) noexcept nogil:
    cdef double a[SIDE]
    cdef double at[SIDE]
    cdef double given[SIDE]
    cdef double near[SIDE]
    cdef double far[SIDE]
    cdef bint first = op == BESSEL_J1 or op == BESSEL_Y1, second = op == BESSEL_Y0 or op == BESSEL_Y1
    cdef int i, size, below, beyond
    while n > 0:
        size = <int>min(<Py_ssize_t>SIDE, n)
        for i in range(SIDE):
            a[i] = 1.0
        for i in range(size):
            a[i] = x[i]
        below = beyond = 0
        for i in range(SIDE):
            given[i] = a[i]
            a[i] = a[i] if second else libm.fabs(a[i])
            below |= a[i] < 8
            beyond |= a[i] >= 8
        if below:
            for i in range(SIDE):
                at[i] = a[i] if 0 < a[i] < 8 else 1.0
            bessel_near(at, near, first, second)
        if beyond:
            for i in range(SIDE):
                at[i] = a[i] if 8 <= a[i] < math.TRIG_LIMIT else 8.0
            bessel_far(at, far, first, second)
            for i in range(SIDE):
                near[i] = near[i] if a[i] < 8 else far[i]
        for i in range(size):
            out[i] = <floating>(-near[i] if first and given[i] < 0 else near[i])
            if not 0 < a[i] < math.TRIG_LIMIT:
                out[i] = <floating>of_one(op, given[i], True)
        x += SIDE
        out += SIDE
        n -= SIDE


# K0 + ln(x/2) I0 and x (K1 - ln(x/2) I1) up to 2, in x*x; beyond, e**x sqrt(x) K in 2/x, on three intervals.
cdef inline double k_far(const double* rows, double x) noexcept nogil:
    cdef double w = 2.0 / x
    if w < 0.25:
        return series(rows, 19, 8.0 * w - 1.0) / libm.sqrt(x)
    if w < 0.5:
        return series(rows + 19, 19, 8.0 * w - 3.0) / libm.sqrt(x)
    return series(rows + 38, 19, 4.0 * w - 3.0) / libm.sqrt(x)

cdef double bessel_k0(double x, bint scaled) noexcept nogil:
    cdef double r
    if x == 0:
        return libm.INFINITY
    if not x > 0:
        return libm.NAN
    if x <= 2:
        r = series(&k0_near[0][0], 12, 0.5 * x * x - 1.0) - libm.log(0.5 * x) * math.bessel_i0_near_(0.25 * x * x)
        return r * libm.exp(x) if scaled else r
    r = k_far(&k0_far[0][0], x)
    return r if scaled else r * libm.exp(-x)

cdef double bessel_k1(double x, bint scaled) noexcept nogil:
    cdef double r
    if x == 0:
        return libm.INFINITY
    if not x > 0:
        return libm.NAN
    if x <= 2:
        r = series(&k1_near[0][0], 12, 0.5 * x * x - 1.0) / x \
            + libm.log(0.5 * x) * 0.5 * x * math.bessel_i1_near_(0.25 * x * x)
        return r * libm.exp(x) if scaled else r
    r = k_far(&k1_far[0][0], x)
    return r if scaled else r * libm.exp(-x)

cdef double spherical_bessel_j0(double x) noexcept nogil:
    if x == 0:
        return 1.0
    return 0.0 if libm.fabs(x) == libm.INFINITY else libm.sin(x) / x


# ---- The Airy function ------------------------------------------------------------------------------------------
# With zeta = 2/3 |x|**1.5, in two parts: from 2 on 2 sqrt(pi) x**0.25 e**zeta Ai in 1/zeta, below -9 amplitudes of the
# sine and cosine of zeta - pi/4 in (18/zeta)**2; between on intervals of 1.

cdef double airy_ai(double x) noexcept nogil:
    cdef double a = libm.fabs(x), root, zeta, low, w, s, c, t, p, q
    cdef int k
    if not a < libm.INFINITY:
        return libm.NAN
    if -9 <= x < 2:
        w = libm.floor(x)
        k = <int>w + 9
        return series(&airy_near[k][0], 18, 2.0 * (x - w) - 1.0)
    root = libm.sqrt(a)
    low = math.residual(root, root, a) / (2.0 * root)
    zeta = a * root
    low = (a * low - math.residual(a, root, zeta)) / 1.5
    t = zeta / 1.5
    low = low + math.residual(t, 1.5, zeta) / 1.5
    zeta = t
    if x > 0:
        if zeta > 760:
            return 0.0
        w = 1.0 / zeta
        if w < 0.125:
            t = series(&airy_right[0][0], 19, 16.0 * w - 1.0)
        elif w < 0.25:
            t = series(&airy_right[1][0], 19, 16.0 * w - 3.0)
        else:
            t = series(&airy_right[2][0], 19, (2.0 * w - 0.79) / 0.29)
        return t * libm.exp(-zeta) * (1.0 - low) * 0.28209479177387814 / libm.sqrt(root)
    if zeta == libm.INFINITY:
        return 0.0
    low = low if libm.fabs(low) < 1 else 0.0
    s = libm.sin(zeta)
    c = libm.cos(zeta)
    t = s + low * c
    c = c - low * s
    w = 18.0 / zeta
    w = 2.0 * w * w - 1.0
    p = series(&airy_p[0][0], 13, w)
    q = series(&airy_q[0][0], 13, w) / zeta
    return (p * (c + t) + q * (t - c)) * 0.3989422804014327 / libm.sqrt(root)


# ---- The inverse of the normal distribution ---------------------------------------------------------------------
# Beyond 1.1 in size in sqrt(-2 ln p), on intervals.

cdef double[9] TAIL = [2, 2.5, 3.25, 4.5, 6.5, 10, 16, 25, 40]

cdef double ndtri(double x) noexcept nogil:
    cdef double tail = x if x < 0.5 else 1.0 - x, r
    cdef int k = 0
    if not 0 <= x <= 1:
        return libm.NAN
    if tail == 0:
        return -libm.INFINITY if x == 0 else libm.INFINITY
    r = libm.sqrt(-2.0 * libm.log(tail))
    if r < 2:
        return 1.4142135623730951 * math.erfinv_[double](2.0 * x - 1.0)
    while k < 7 and r > TAIL[k + 1]:
        k += 1
    r = series(&ndtri_tail[k][0], 16, (2.0 * r - TAIL[k] - TAIL[k + 1]) / (TAIL[k + 1] - TAIL[k]))
    return -r if x < 0.5 else r

# The same for floats between 2**-24 and 1, to 2**-29.
cdef inline floating ndtri_short(floating x) noexcept nogil:
    cdef double p = x, y = 2.0 * p - 1.0
    return <floating>(1.4142135623730951 * y * math.erfinv_ratio_(-math.log_short_(4.0 * p * (1.0 - p))))

cdef void ndtri_run(const floating* x, floating* out, Py_ssize_t n) noexcept nogil:
    cdef floating kept[RARE_BLOCK]
    cdef Py_ssize_t size, i
    while n > 0:
        size = min(RARE_BLOCK, n)
        memcpy(kept, x, size * sizeof(floating))  # out may be x
        map1_blocks(ndtri_short[floating], kept, out, size)
        for i in range(size):
            if not 5.9604644775390625e-08 <= kept[i] < 1:
                out[i] = <floating>ndtri(kept[i])
        x += size
        out += size
        n -= size


# ---- The derivative of digamma ----------------------------------------------------------------------------------
# Reflected from below 0; terms up to 10 (5 for float: 2**-37), then the asymptotic series, whose coefficients are
# Bernoulli's numbers.

cdef double trigamma(double x, bint single) noexcept nogil:
    cdef double total = 0, w, far = 5 if single else 10
    if x <= 0:
        if x == libm.floor(x):
            return libm.INFINITY
        w = 3.141592653589793 / libm.sin(3.141592653589793 * (x - libm.trunc(x)))
        return w * w - trigamma(1 - x, single)
    while x < far:
        total += 1 / (x * x)
        x += 1
    w = 1 / (x * x)
    return total + 1 / x + w / 2 + w / x * (1. / 6 - w * (1. / 30 - w * (1. / 42 - w * (1. / 30 - w * (
        5. / 66 - w * (691. / 2730 - w * (7. / 6 - w * 3617. / 510)))))))


# ---- Hurwitz's zeta function ------------------------------------------------------------------------------------
# Terms up to 12 + s, then Euler and Maclaurin's formula, B(2k) / (2k)!.

cdef double[10] BERNOULLI = [
    0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07, 2.08767569878681e-08,
    -5.284190138687493e-10, 1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15, -2.174868698558062e-16]

cdef double zeta_sum(double s, double q) noexcept nogil:
    cdef double total = 0, term, factor, inverse
    cdef int k
    while q < 12 + s:
        term = libm.pow(q, -s)
        total += term
        if q > 1 and term <= 1e-18 * total:  # up to 1 they grow
            return total
        q += 1
    term = libm.pow(q, -s)
    inverse = 1.0 / q
    total += (term * (q / (s - 1.0)) if q < 1e290 else libm.pow(q, 1.0 - s) / (s - 1.0)) + 0.5 * term
    factor = s * inverse * term
    for k in range(10):
        total += BERNOULLI[k] * factor
        factor = factor * ((s + (2 * k + 1)) * inverse) * ((s + (2 * k + 2)) * inverse)
        if libm.fabs(factor) < 1e-20 * total:
            break
    return total

cdef double zeta(double s, double q) noexcept nogil:
    cdef double part
    if s == 1:
        return libm.INFINITY
    if s < 1:
        return libm.NAN
    if q <= 0:
        if q == libm.floor(q):
            return libm.INFINITY
        if s != libm.floor(s):
            return libm.NAN
        if q < -20:  # the terms below 0 mirrored
            part = q - libm.floor(q)
            return zeta_sum(s, part) + (1.0 - 2.0 * libm.fmod(s, 2.0)) * (zeta_sum(s, 1.0 - part) - zeta_sum(s, 1.0 - q))
    if s != s or not q < libm.INFINITY or (s == libm.INFINITY and q > 1):
        return libm.NAN
    return zeta_sum(s, q)


# ---- Incomplete gamma functions ---------------------------------------------------------------------------------
# P and Q with P + Q = 1, the smaller of the two computed: P by its series below the transition at x = a, Q by its
# continued fraction above (Legendre's, evaluated after Lentz), Q next to 0 by what is left of P's series after its 1,
# and near the transition of a large `a` by Temme's uniform expansion.

# ln(1 + m) - m for |m| < 0.35, without cancellation: with s = m / (2 + m), from the series of atanh(s).
cdef inline double log1p_less(double m) noexcept nogil:
    cdef double s = m / (2.0 + m), z = s * s, total = 0
    cdef int k
    for k in range(31, 1, -2):
        total = total * z + 1.0 / k
    return 2.0 * s * z * total - m * s

# x**a e**-x / gamma(a + 1)
cdef double gamma_density(double a, double x, bint single) noexcept nogil:
    cdef double m, t
    if single and a < 20:
        return libm.exp(a * libm.log(x) - x - libm.lgamma(a + 1.0))
    if a < 20:
        if x < 700:
            return libm.pow(x, a) * libm.exp(-x) / libm.tgamma(a + 1.0)
        return libm.exp(a * libm.log(x) - x) / libm.tgamma(a + 1.0)
    m = (x - a) / a
    t = log1p_less(m) if libm.fabs(m) < 0.35 else libm.log(x / a) - m
    m = 1.0 / (a * a)
    m = (0.08333333333333333 - m * (0.002777777777777778 - m * (0.0007936507936507937 - m * 0.0005952380952380953))) / a
    return libm.exp(a * t - m) * 0.3989422804014327 / libm.sqrt(a)

cdef double gamma_series(double a, double x, bint single) noexcept nogil:
    cdef double total = 1, term = 1, least = 1e-10 if single else 1e-17
    cdef int n
    for n in range(1, 10000):
        term = term * (x / (a + n))
        total += term
        if term < least * total:
            break
    return total * gamma_density(a, x, single)

cdef double gamma_fraction(double a, double x, bint single) noexcept nogil:
    cdef double b = x + 1.0 - a, c = 1e300, d = 1.0 / b, h = d, step, weight, least = 1e-12 if single else 1e-16
    cdef int i
    for i in range(1, 10000):
        weight = -i * (i - a)
        b += 2
        d = weight * d + b
        d = 1.0 / (d if libm.fabs(d) > 1e-300 else 1e-300)
        c = b + weight / c
        c = c if libm.fabs(c) > 1e-300 else 1e-300
        step = d * c
        h = h * step
        if libm.fabs(step - 1.0) < least:
            break
    return h * a * gamma_density(a, x, single)

cdef double gamma_rest(double a, double x, bint single) noexcept nogil:
    cdef double total = 0, term = 1, least = 1e-11 if single else 1e-18, less
    cdef int n
    for n in range(1, 100):
        term = term * (-x / n)
        total += term / (a + n)
        if libm.fabs(term) < least * libm.fabs(total):
            break
    # of ln gamma(1 + a) a half is left near a = 0 by lgamma, to full precision
    less = libm.expm1(a * libm.log(x) - libm.lgamma(1.0 + a))    # x**a / gamma(a + 1), less 1
    return -less - a * total * (1.0 + less)

cdef double gamma_temme(double a, double x, double sign) noexcept nogil:
    """P for sign 1, Q for -1."""
    cdef double m = (x - a) / a, half = -log1p_less(m), eta = libm.copysign(libm.sqrt(2.0 * half), m), total = 0
    cdef int k
    for k in range(5, -1, -1):
        total = total / a + series(&temme[k][0], 16, eta)
    return 0.5 * libm.erfc(-sign * eta * libm.sqrt(0.5 * a)) \
        - sign * libm.exp(-a * half) * 0.3989422804014327 / libm.sqrt(a) * total

cdef double igamma(double a, double x, bint upper, bint single) noexcept nogil:
    cdef double r
    cdef bint other  # whether r is the other of the two
    if x < 0 or a < 0:
        return libm.NAN
    if a == 0:
        return <double>(not upper) if x > 0 else libm.NAN
    if x == 0:
        return <double>upper
    if a == libm.INFINITY:
        return libm.NAN if x == libm.INFINITY else <double>upper
    if x == libm.INFINITY:
        return <double>(not upper)
    if x != x or a != a:
        return libm.NAN
    if a >= 1000 and libm.fabs(x - a) < 0.25 * a:
        return gamma_temme(a, x, -1.0 if upper else 1.0)
    if x <= 1.1:
        other = not upper
        if (-0.4 / libm.log(x) < a) if x <= 0.5 else x * 1.1 < a:
            other = upper
            r = gamma_series(a, x, single)
        else:
            r = gamma_rest(a, x, single)
    elif x < a:
        other = upper
        r = gamma_series(a, x, single)
    else:
        other = not upper
        r = gamma_fraction(a, x, single)
    return 1.0 - r if other else r


# ---- Gradients of samples ---------------------------------------------------------------------------------------
# Of a gamma or beta sample by its first parameter a, the cumulative distribution F held fixed: -(dF/da) / (dF/dx), both
# taken from F's power series, whose common factor is the density. For a large `a`, h = d(ln x)/da as a function of
# t = ln(x/a) satisfies h' = a (e**t - 1) h - t - ln(a) + psi(a); its smooth solution is expanded in 1/a and in t: the
# rows h_k, with h_1 = t / (e**t - 1) and h_(k+1) = (h_k' + c_k) / (e**t - 1), where ln(a) - psi(a) = sum c_k / a**k.

cdef double[6][14] SMOOTH = [
    [1.0, -0.5, 0.08333333333333333, 0.0, -0.001388888888888889, 0.0, 3.306878306878307e-05, 0.0, -8.267195767195768e-07,
     0.0, 2.08767569878681e-08, 0.0, -5.284190138687493e-10, 0.0],
    [0.16666666666666666, -0.08333333333333333, 0.008333333333333333, 0.002777777777777778, -0.000496031746031746,
     -9.92063492063492e-05, 2.3148148148148147e-05, 3.306878306878307e-06, -9.394540644540645e-07,
     -1.043837849393405e-07, 3.4875654915337455e-08, 3.1705140832124957e-09, -1.2178108242923058e-09,
     -9.367775571479276e-11],
    [0.016666666666666666, 0.0, -0.004761904761904762, 0.0011904761904761906, 0.0001984126984126984,
     -9.92063492063492e-05, -4.2087542087542085e-06, 5.711880711880712e-06, -8.01116872545444e-08,
     -2.7323316013792205e-07, 1.4031016015142999e-08, 1.1649689229054309e-08, -9.37407323572901e-10,
     -4.589422821993628e-10],
    [-0.009523809523809525, 0.008333333333333333, -0.0017857142857142857, -0.0005952380952380953, 0.0003021284271284271,
     6.313131313131313e-06, -2.4154086654086653e-05, 2.0003145003145e-06, 1.3856431267145554e-06,
     -2.2182127836889742e-07, -6.442955862306936e-08, 1.5559324178605223e-08, 2.548507872146831e-09,
     -8.840221894559127e-10],
    [-0.0035714285714285713, 0.0, 0.0018037518037518038, -0.0007215007215007215, -5.5037555037555035e-05,
     9.157509157509158e-05, -9.789593122926455e-06, -6.475006475006475e-06, 1.5218629539357831e-06,
     3.100070210247615e-07, -1.299476614090764e-07, -9.348195991274275e-09, 8.489102396922923e-09,
     -2.6365819227355123e-12],
    [0.0036075036075036075, -0.003968253968253968, 0.0011627261627261628, 0.00038757538757538756, -0.000311031561031561,
     2.5206275206275207e-05, 3.036768968141517e-05, -7.781991325408693e-06, -1.6086154571153835e-06,
     8.592956892525258e-07, 2.6399936382204143e-08, -6.53357238498605e-08, 4.185294758240463e-09, 3.937176116604589e-09],
]

cdef double gamma_gradient(double a, double x) noexcept nogil:
    cdef double t, log_x, psi, term, step, total = 0
    cdef int n, k
    if x == 0:
        return 0.0
    if not (0 < a < libm.INFINITY and 0 < x < libm.INFINITY):
        return libm.NAN
    t = libm.log(x / a)
    if a > 25 and libm.fabs(t) < 1:
        for k in range(5, -1, -1):
            total = total / a + series(&SMOOTH[k][0], 14, t)
        return x / a * total
    log_x = libm.log(x)
    psi = math.digamma_(a + 1)
    term = 1 / a
    for n in range(1, 100000):
        step = term * (log_x - psi)
        total += step
        if a + n > x and libm.fabs(step) < 1e-17 * libm.fabs(total):
            break
        step = 1 / (a + n)
        psi += step
        term *= x * step
    return -x * total

cdef double beta_gradient(double a, double b, double x) noexcept nogil:
    """Of a beta sample, over 1 - x."""
    cdef bint lower = x * (a + b) <= a
    cdef double c = a if lower else b, z = x if lower else 1 - x
    cdef double weight = 1, harmonic = 0, total = 0, slopes = 0, difference, share = 1.0 if lower else 0.0, inverse
    cdef int n
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        return libm.NAN
    if x == 0:
        return 0.0
    for n in range(100000):
        total += weight
        slopes += weight * harmonic
        if weight * (1 + libm.fabs(harmonic)) < 1e-17 * total:
            break
        inverse = 1 / (c + 1 + n)
        harmonic += 1 / (a + b + n) - share * inverse
        weight *= (a + b + n) * inverse * z
    difference = libm.log(x) + math.digamma_(a + b) - math.digamma_(a + 1 if lower else a)
    return (-x if lower else x) / c * (total * difference + slopes)


# ---- Orthogonal polynomials -------------------------------------------------------------------------------------
# By their recurrences, in double; a float's overflow is seen, after which, as in any arithmetic of floats, infinities
# cancel to NaN. Chebyshev's of a high degree are cosines between -1 and 1. A degree below 0 gives 0. Of degrees that a
# recurrence does not reach in sensible time, Chebyshev's are hyperbolic functions, Legendre's and Laguerre's the Bessel
# functions that they tend to (formulas of Hilb and Erdelyi, absolutely to 1e-9 and relatively to about 1e-6).

cdef enum:
    STEPS = 1048576

cdef inline int64_t degree(floating n) noexcept nogil:
    return <int64_t>n if (n > -1) & (n < <floating>9e18) else -1

cdef inline double held(double r, floating like) noexcept nogil:
    if floating is float:
        return libm.copysign(libm.INFINITY, r) if libm.fabs(r) > 3.4028235677973366e38 else r
    else:
        return r

cdef inline double three_terms(double x2, double p, double q, int64_t n, floating like) noexcept nogil:
    """r = x2 * q - p, from the degrees 0 and 1 on."""
    cdef double r, before = p, last = q
    cdef int64_t _
    if n == 0:
        return p
    if n <= 64:    # they are bounded, or grow: what is finite at the end always was
        for _ in range(1, n):
            r = x2 * last - before
            before = last
            last = r
        if libm.fabs(held(last, like)) < libm.INFINITY:
            return last
    for _ in range(1, n):
        r = held(x2 * q - p, like)
        p = q
        q = r
        if q != q:
            break
    return q

cdef inline double parity(int64_t n) noexcept nogil:
    return -1.0 if n & 1 else 1.0

cdef inline double or_nan(double r) noexcept nogil:
    """The number, or what a recurrence makes of it beyond the largest ones."""
    return r if libm.fabs(r) < libm.INFINITY else libm.NAN

cdef double chebyshev_outside(double x, double k, int kind, double sign) noexcept nogil:
    cdef double angle = libm.acosh(libm.fabs(x))
    if kind >= 2 and x < 0:
        kind = 5 - kind  # V and W are each other's mirror image
    if kind == 0:
        angle = libm.cosh(k * angle)
    elif kind == 1:
        angle = libm.sinh((k + 1.0) * angle) / libm.sinh(angle)
    elif kind == 2:
        angle = libm.cosh((k + 0.5) * angle) / libm.cosh(0.5 * angle)
    else:
        angle = libm.sinh((k + 0.5) * angle) / libm.sinh(0.5 * angle)
    return or_nan(angle if x > 0 else sign * angle)

# Kinds T, U, V, W at x, or for `shifted` at 2x - 1, whose ends are then 0 and 1.
cdef floating chebyshev(floating x_, floating n_, int kind, bint shifted) noexcept nogil:
    cdef int64_t n = degree(n_)
    cdef double x = 2.0 * <double>x_ - 1.0 if shifted else <double>x_, angle, k = <double>n
    if n < 0:
        return <floating>0
    if n > STEPS and libm.fabs(x) > 1:
        return <floating>held(chebyshev_outside(x, k, kind, parity(n)), x_)
    if kind == 0:
        if x == 1 or x == -1:
            return <floating>1 if x == 1 else <floating>parity(n)
        if n > 6 and libm.fabs(x) < 1:
            return <floating>libm.cos(k * libm.acos(x))
        return <floating>three_terms(2.0 * x, 1.0, x, n, x_)
    if kind == 1:
        if x == 1 or x == -1:
            return <floating>(k + 1.0 if x == 1 else parity(n) * (k + 1.0))
        if n > 8 and libm.fabs(x) < 1:
            angle = libm.acos(x)
            return <floating>(libm.sin((k + 1.0) * angle) / libm.sin(angle))
        return <floating>three_terms(2.0 * x, 1.0, 2.0 * x, n, x_)
    if kind == 2:
        if x == 1 or x == -1:
            return <floating>(1.0 if x == 1 else parity(n) * (2.0 * k + 1.0))
        if n > 8 and libm.fabs(x) < 1:
            angle = libm.acos(x)
            return <floating>(libm.cos((k + 0.5) * angle) / libm.cos(0.5 * angle))
        return <floating>three_terms(2.0 * x, 1.0, 2.0 * x - 1.0, n, x_)
    if x == 1 or x == -1:
        return <floating>(2.0 * k + 1.0 if x == 1 else parity(n))
    if n > 8 and libm.fabs(x) < 1:
        angle = libm.acos(x)
        return <floating>(libm.sin((k + 0.5) * angle) / libm.sin(0.5 * angle))
    return <floating>three_terms(2.0 * x, 1.0, 2.0 * x + 1.0, n, x_)

cdef floating hermite(floating x_, floating n_, bint physicists) noexcept nogil:
    cdef int64_t n = degree(n_), k
    cdef double x = 2.0 * <double>x_ if physicists else <double>x_, step = 2.0 if physicists else 1.0
    cdef double p = 1, q = x, r
    cdef int64_t most = 128 if floating is float else 512  # beyond it PyTorch answers NaN
    if n < 0:
        return <floating>0
    if n == 0:
        return <floating>1
    if n > most:
        return <floating>libm.NAN
    for k in range(1, n):
        r = held(x * q - step * k * p, x_)
        p = q
        q = r
    return <floating>q

cdef floating laguerre(floating x_, floating n_) noexcept nogil:
    cdef int64_t n = degree(n_), k
    cdef double x = <double>x_, p = 1, q = 1 - x, r, t, scale
    if n < 0:
        return <floating>0
    if n == 0 or x == 0:
        return <floating>1
    for k in range(1, min(n, <int64_t>STEPS)):
        if q != q:
            break
        r = held(held((2.0 * k + 1.0 - x) * q - k * p, x_) / (k + 1.0), x_)
        p = q
        q = r
    if n > STEPS and q == q:
        scale = 4.0 * <double>n + 2.0
        t = libm.fabs(x) / scale
        if t >= 1:
            return <floating>libm.NAN
        r = libm.sqrt(t - x * t / scale)
        p = 0.5 * (r + (libm.asin(libm.sqrt(t)) if x > 0 else libm.asinh(libm.sqrt(t))))
        q = bessel_j0(scale * p) if x > 0 else math.i0_[double](scale * p)
        q = or_nan(libm.exp(0.5 * x) * libm.sqrt(p / r) * q)
    return <floating>q

cdef floating legendre(floating x_, floating n_) noexcept nogil:
    cdef int64_t n = degree(n_), k
    cdef double x = <double>x_, p = 1, q = x, r
    if n < 0:
        return <floating>0
    if x == 1 or x == -1:
        return <floating>1 if x == 1 else <floating>parity(n)
    if n == 0:
        return <floating>1
    if n > STEPS:
        r = libm.acos(libm.fabs(x)) if libm.fabs(x) < 1 else libm.acosh(libm.fabs(x))
        p = (<double>n + 0.5) * r
        if libm.fabs(x) < 1:
            q = libm.sqrt(r / libm.sin(r)) * bessel_j0(p)
        else:
            q = or_nan(libm.sqrt(r / libm.sinh(r)) * math.i0_[double](p))
        return <floating>(q if x > 0 else parity(n) * q)
    for k in range(1, n):
        if q != q:
            break
        r = held(held((2.0 * k + 1.0) * x * q - k * p, x_) / (k + 1.0), x_)
        p = q
        q = r
    return <floating>q


# ---- One element, by code ---------------------------------------------------------------------------------------

cdef double of_one(int op, double x, bint single) noexcept nogil:
    if op == AIRY_AI:
        return airy_ai(x)
    if op == BESSEL_J0:
        return bessel_j0(x)
    if op == BESSEL_J1:
        return bessel_j1(x)
    if op == BESSEL_Y0:
        return bessel_y0(x)
    if op == BESSEL_Y1:
        return bessel_y1(x)
    if op == MODIFIED_BESSEL_I0:
        return math.i0_[double](x)
    if op == MODIFIED_BESSEL_I1:
        return math.i1_[double](x)
    if op == MODIFIED_BESSEL_K0 or op == SCALED_MODIFIED_BESSEL_K0:
        return bessel_k0(x, op == SCALED_MODIFIED_BESSEL_K0)
    if op == MODIFIED_BESSEL_K1 or op == SCALED_MODIFIED_BESSEL_K1:
        return bessel_k1(x, op == SCALED_MODIFIED_BESSEL_K1)
    if op == SPHERICAL_BESSEL_J0:
        return spherical_bessel_j0(x)
    if op == TRIGAMMA:
        return trigamma(x, single)
    return ndtri(x)

cdef floating of_two(int op, floating x, floating y) noexcept nogil:
    if op == ZETA:
        return <floating>zeta(x, y)
    if op == IGAMMA or op == IGAMMAC:
        return <floating>igamma(x, y, op == IGAMMAC, floating is float)
    if op == STANDARD_GAMMA_GRAD:
        return <floating>gamma_gradient(x, y)
    if op <= CHEBYSHEV_POLYNOMIAL_W:
        return chebyshev(x, y, op - CHEBYSHEV_POLYNOMIAL_T, False)
    if op <= SHIFTED_CHEBYSHEV_POLYNOMIAL_W:
        return chebyshev(x, y, op - SHIFTED_CHEBYSHEV_POLYNOMIAL_T, True)
    if op == HERMITE_POLYNOMIAL_H or op == HERMITE_POLYNOMIAL_HE:
        return hermite(x, y, op == HERMITE_POLYNOMIAL_H)
    if op == LAGUERRE_POLYNOMIAL_L:
        return laguerre(x, y)
    return legendre(x, y)


# ---- Tasks: the first parameter is really a call_t; its declared type only chooses the specialisation -----------

cdef bint unary_run(const call_t* c, const floating** at, void* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if floating is float and BESSEL_J0 <= c.op <= BESSEL_Y1:
        bessel_run(c.op, at[0], <floating*>out, n)
        return True
    if floating is float and c.op == NDTRI:
        ndtri_run(at[0], <floating*>out, n)
        return True
    for i in range(n):
        (<floating*>out)[i] = <floating>of_one(c.op, at[0][i], floating is float)
    return True


cdef bint binary_run(const call_t* c, const floating** at, void* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        (<floating*>out)[i] = of_two(c.op, at[0][i], at[1][i])
    return True


cdef void unary_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    run_over(unary_run[floating], 1, sizeof(floating), ctx, lo, hi)


cdef void binary_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    run_over(binary_run[floating], 2, sizeof(floating), ctx, lo, hi)


# As of `pointwise`.
tasks = {
    "unary_rare": {"float": <size_t>unary_task[float], "double": <size_t>unary_task[double]},
    "binary_rare": {"float": <size_t>binary_task[float], "double": <size_t>binary_task[double]},
}


# ---- Kernels ----------------------------------------------------------------------------------------------------


def unary_rare(const floating[::1] x, floating[::1] out, int op, /):
    cdef call_t c
    if not 0 <= op <= NDTRI:
        raise ValueError(f"no function of one number has the code {op}")
    if x.shape[0] < out.shape[0]:
        raise ValueError(f"operand 0 has {x.shape[0]} elements, the result has {out.shape[0]}")
    if out.shape[0] == 0:
        return
    c.op, c.streams, c.plan = op, False, NULL
    c.x = <const char*>&x[0]
    c.out = <char*>&out[0]
    parallel_for(<task_t>unary_task[floating], &c, out.shape[0], GRAIN)


def binary_rare(const floating[::1] x, const floating[::1] y, floating[::1] out, int op, const Py_ssize_t[::1] plan=None, /):
    cdef call_t c
    cdef Py_ssize_t[2] lengths = [x.shape[0], y.shape[0]]
    if not ZETA <= op <= LEGENDRE_POLYNOMIAL_P:
        raise ValueError(f"no function of two numbers has the code {op}")
    if out.shape[0] == 0:
        return
    c.plan = NULL
    if plan is None:
        if min(lengths[0], lengths[1]) < out.shape[0]:
            raise ValueError(f"operands have {x.shape[0]} and {y.shape[0]} elements, the result has {out.shape[0]}")
    elif plan_fits(plan, 2, out.shape[0], lengths):
        c.plan = &plan[0]
    else:
        raise ValueError("the plan does not fit the buffers")
    c.op, c.streams = op, False
    c.x = <const char*>&x[0]
    c.y = <const char*>&y[0]
    c.out = <char*>&out[0]
    parallel_for(<task_t>binary_task[floating], &c, out.shape[0], GRAIN)


def dirichlet_grad(const floating[::1] x, const floating[::1] alpha, const floating[::1] total, floating[::1] out, /):
    """The gradient of each component of Dirichlet samples by its own concentration, over 1 - x."""
    cdef Py_ssize_t i
    if min(x.shape[0], alpha.shape[0], total.shape[0]) < out.shape[0]:
        raise ValueError(f"operands have fewer elements than the result, {out.shape[0]}")
    for i in range(out.shape[0]):
        out[i] = <floating>beta_gradient(alpha[i], <double>total[i] - alpha[i], x[i])
