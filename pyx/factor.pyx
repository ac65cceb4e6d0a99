"""LU and LDL factorisations, and triangular systems: what of LAPACK's work NumPy does not offer.

(a) A matrix lies row by row, so every inner loop runs along a row, whatever the textbook's does.
(b) LU and triangular solves do the columns (rows) from `lo` to `hi` of every matrix of a batch. The caller takes blocks
    in turn; what lies beyond a block is a matrix product, and not done here.
(c) Pivots are LAPACK's: counted from 1, in LDL negative where a diagonal block is 2 by 2. So is the choice of pivots,
    and `info`, the number of the first pivot that is zero.
"""
from libc.math cimport fabs, sqrt
from libc.stdint cimport int32_t

from types cimport inexact


cdef inline double size(inexact x) noexcept nogil:
    """How LAPACK compares candidates for a pivot."""
    if inexact is float or inexact is double:
        return fabs(x)
    else:
        return fabs(x.real) + fabs(x.imag)


cdef inline inexact conj(inexact x) noexcept nogil:
    if inexact is float or inexact is double:
        return x
    else:
        return x.conjugate()


cdef inline void subtract(inexact* y, const inexact* x, inexact a, Py_ssize_t n) noexcept nogil:
    """y -= a x"""
    cdef Py_ssize_t i
    cdef float p32, q32
    cdef float* y32
    cdef const float* x32
    cdef double p64, q64
    cdef double* y64
    cdef const double* x64
    if inexact is float or inexact is double:
        for i in range(n):
            y[i] -= a * x[i]
    elif sizeof(inexact) == 8:  # by parts: C's complex product asks every time whether it was NaN
        y32, x32, p32, q32 = <float*>y, <const float*>x, <float>a.real, <float>a.imag
        for i in range(n):
            y32[2 * i] -= p32 * x32[2 * i] - q32 * x32[2 * i + 1]
            y32[2 * i + 1] -= p32 * x32[2 * i + 1] + q32 * x32[2 * i]
    else:
        y64, x64, p64, q64 = <double*>y, <const double*>x, a.real, a.imag
        for i in range(n):
            y64[2 * i] -= p64 * x64[2 * i] - q64 * x64[2 * i + 1]
            y64[2 * i + 1] -= p64 * x64[2 * i + 1] + q64 * x64[2 * i]


cdef inline void divide(inexact* y, inexact a, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        y[i] = y[i] / a


cdef inline void swap(inexact* x, inexact* y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef inexact t
    for i in range(n):
        t = x[i]
        x[i] = y[i]
        y[i] = t


# ------------------------------------------------------------------------------------------------ LU


cdef void lu_block(inexact* a, int32_t* pivots, int32_t* info, Py_ssize_t m, Py_ssize_t n, Py_ssize_t lo,
                   Py_ssize_t hi) noexcept nogil:
    cdef Py_ssize_t i, j, k, best
    cdef double largest, found
    cdef inexact factor
    for k in range(lo, hi):
        best, largest = k, size(a[k * n + k])
        for i in range(k + 1, m):
            found = size(a[i * n + k])
            if found > largest:
                best, largest = i, found
        pivots[k] = <int32_t>(best + 1)
        if best != k:
            swap(a + k * n, a + best * n, n)
        if largest == 0:
            if info[0] == 0:
                info[0] = <int32_t>(k + 1)
            continue
        for i in range(k + 1, m):
            factor = a[i * n + k] / a[k * n + k]
            a[i * n + k] = factor
            subtract(a + i * n + k + 1, a + k * n + k + 1, factor, hi - k - 1)
    for i in range(lo + 1, hi):  # the block's rows beyond its columns
        for j in range(lo, i):
            subtract(a + i * n + hi, a + j * n + hi, a[i * n + j], n - hi)


def lu(inexact[::1] a, int32_t[::1] pivots, int32_t[::1] info, Py_ssize_t batch, Py_ssize_t m, Py_ssize_t n, Py_ssize_t lo,
       Py_ssize_t hi, /):
    cdef Py_ssize_t b, k = min(m, n)
    if not (0 <= lo < hi <= k and batch > 0 and batch * m * n <= a.shape[0] and batch * k <= pivots.shape[0]
            and batch <= info.shape[0]):
        raise ValueError("a buffer is shorter than its sizes say")
    with nogil:
        for b in range(batch):
            lu_block(&a[b * m * n], &pivots[b * k], &info[b], m, n, lo, hi)


# ------------------------------------------------------------------------------------------------ triangular systems


cdef void triangular_block(const inexact* a, inexact* x, Py_ssize_t n, Py_ssize_t k, Py_ssize_t lo, Py_ssize_t hi,
                           bint upper, bint unit) noexcept nogil:
    cdef Py_ssize_t i, j
    if upper:
        for i in range(hi - 1, lo - 1, -1):
            for j in range(i + 1, hi):
                subtract(x + i * k, x + j * k, a[i * n + j], k)
            if not unit:
                divide(x + i * k, a[i * n + i], k)
    else:
        for i in range(lo, hi):
            for j in range(lo, i):
                subtract(x + i * k, x + j * k, a[i * n + j], k)
            if not unit:
                divide(x + i * k, a[i * n + i], k)


def triangular(const inexact[::1] a, inexact[::1] x, Py_ssize_t batch, Py_ssize_t n, Py_ssize_t k, Py_ssize_t lo, Py_ssize_t hi,
               bint upper, bint unit, /):
    cdef Py_ssize_t b
    if not (0 <= lo < hi <= n and batch > 0 and k > 0 and batch * n * n <= a.shape[0] and batch * n * k <= x.shape[0]):
        raise ValueError("a buffer is shorter than its sizes say")
    with nogil:
        for b in range(batch):
            triangular_block(&a[b * n * n], &x[b * n * k], n, k, lo, hi, upper, unit)


# ------------------------------------------------------------------------------------------------ Cholesky


cdef int cholesky_one(inexact* a, Py_ssize_t n) noexcept nogil:
    """The lower factor over the lower triangle; the number of the first pivot that is not positive, or 0."""
    cdef Py_ssize_t i, j, k
    cdef double pivot
    cdef inexact total
    for i in range(n):
        for j in range(i + 1):
            total = a[i * n + j]
            for k in range(j):
                total = total - a[i * n + k] * conj(a[j * n + k])
            if i != j:
                a[i * n + j] = total / a[j * n + j]
                continue
            if inexact is float or inexact is double:
                pivot = total
            else:
                pivot = total.real
            if not pivot > 0:
                a[i * n + i] = <inexact>pivot
                return <int>(i + 1)
            a[i * n + i] = <inexact>sqrt(pivot)
    return 0


def cholesky(inexact[::1] a, int32_t[::1] info, Py_ssize_t batch, Py_ssize_t n, /):
    cdef Py_ssize_t b
    if not (batch > 0 and n > 0 and batch * n * n <= a.shape[0] and batch <= info.shape[0]):
        raise ValueError("a buffer is shorter than its sizes say")
    with nogil:
        for b in range(batch):
            info[b] = cholesky_one(&a[b * n * n], n)


# ------------------------------------------------------------------------------------------------ LDL


cdef inline double diagonal_size(inexact x, bint hermitian) noexcept nogil:
    if inexact is float or inexact is double:
        return fabs(x)
    else:
        return fabs(x.real) if hermitian else size(x)


cdef inline inexact real_part(inexact x) noexcept nogil:
    if inexact is float or inexact is double:
        return x
    else:
        return <inexact>x.real


cdef inline inexact mirrored(inexact x, bint hermitian) noexcept nogil:
    return conj(x) if hermitian else x


cdef void exchange(inexact* a, Py_ssize_t n, Py_ssize_t k, Py_ssize_t p, Py_ssize_t q, bint hermitian, bint two) noexcept nogil:
    """Rows and columns p < q of what is left of a matrix's lower triangle from k on, exchanged."""
    cdef Py_ssize_t i
    cdef inexact t
    for i in range(q + 1, n):
        t = a[i * n + p]
        a[i * n + p] = a[i * n + q]
        a[i * n + q] = t
    for i in range(p + 1, q):
        t = mirrored(a[i * n + p], hermitian)
        a[i * n + p] = mirrored(a[q * n + i], hermitian)
        a[q * n + i] = t
    a[q * n + p] = mirrored(a[q * n + p], hermitian)
    t = a[p * n + p]
    a[p * n + p] = a[q * n + q]
    a[q * n + q] = t
    if two:
        t = a[p * n + k]
        a[p * n + k] = a[q * n + k]
        a[q * n + k] = t


cdef int ldl_one(inexact* a, int32_t* pivots, inexact* w, Py_ssize_t n, bint hermitian) noexcept nogil:
    cdef double alpha = (1 + sqrt(17.0)) / 8
    cdef double here, column, row, found, d
    cdef Py_ssize_t i, j, k = 0, p, q, best
    cdef inexact d11, d22, d21, t
    cdef bint two
    cdef int info = 0
    while k < n:
        two, p, best = False, k, k
        here, column = diagonal_size(a[k * n + k], hermitian), 0
        for i in range(k + 1, n):
            found = size(a[i * n + k])
            if found > column:
                best, column = i, found
        if not (here > 0 or column > 0):  # nothing to divide by, or NaN
            if info == 0:
                info = <int>(k + 1)
            pivots[k] = <int32_t>(k + 1)
            k += 1
            continue
        if here < alpha * column:
            row = 0
            for j in range(k, best):
                row = max(row, size(a[best * n + j]))
            for i in range(best + 1, n):
                row = max(row, size(a[i * n + best]))
            if here < alpha * column * (column / row):
                p = best
                two = diagonal_size(a[best * n + best], hermitian) < alpha * row
        q = k + two
        if p != q:
            exchange(a, n, k, q, p, hermitian, two)
        if hermitian:
            a[k * n + k], a[p * n + p] = real_part(a[k * n + k]), real_part(a[p * n + p])
        if not two:
            d11 = a[k * n + k]
            for i in range(k + 1, n):
                w[i] = mirrored(a[i * n + k], hermitian) / d11
                subtract(a + i * n + k + 1, w + k + 1, a[i * n + k], i - k)
                if hermitian:
                    a[i * n + i] = real_part(a[i * n + i])
            for i in range(k + 1, n):
                a[i * n + k] = mirrored(w[i], hermitian)
            pivots[k] = <int32_t>(p + 1)
            k += 1
            continue
        d21 = a[(k + 1) * n + k]
        if hermitian:
            a[(k + 1) * n + k + 1] = real_part(a[(k + 1) * n + k + 1])
            if inexact is float or inexact is double:
                d = fabs(d21)
            else:
                d = sqrt(<double>d21.real * d21.real + <double>d21.imag * d21.imag)
            d11, d22 = a[(k + 1) * n + k + 1] / <inexact>d, a[k * n + k] / <inexact>d
            d21 = d21 / <inexact>d
            t = 1 / (d11 * d22 - 1) / <inexact>d
        else:
            d11, d22 = a[(k + 1) * n + k + 1] / d21, a[k * n + k] / d21
            t = 1 / (d11 * d22 - 1) / d21
        for i in range(k + 2, n):
            if hermitian:
                w[i] = conj(t * (d11 * a[i * n + k] - d21 * a[i * n + k + 1]))
                w[n + i] = conj(t * (d22 * a[i * n + k + 1] - conj(d21) * a[i * n + k]))
            else:
                w[i] = t * (d11 * a[i * n + k] - a[i * n + k + 1])
                w[n + i] = t * (d22 * a[i * n + k + 1] - a[i * n + k])
            subtract(a + i * n + k + 2, w + k + 2, a[i * n + k], i - k - 1)
            subtract(a + i * n + k + 2, w + n + k + 2, a[i * n + k + 1], i - k - 1)
            if hermitian:
                a[i * n + i] = real_part(a[i * n + i])
        for i in range(k + 2, n):
            a[i * n + k], a[i * n + k + 1] = mirrored(w[i], hermitian), mirrored(w[n + i], hermitian)
        pivots[k] = pivots[k + 1] = <int32_t>(-p - 1)
        k += 2
    return info


def ldl(inexact[::1] a, int32_t[::1] pivots, int32_t[::1] info, inexact[::1] work, Py_ssize_t batch, Py_ssize_t n, bint hermitian, /):
    cdef Py_ssize_t b
    if not (batch > 0 and n > 0 and batch * n * n <= a.shape[0] and batch * n <= pivots.shape[0] and batch <= info.shape[0]
            and 2 * n <= work.shape[0]):
        raise ValueError("a buffer is shorter than its sizes say")
    with nogil:
        for b in range(batch):
            info[b] = ldl_one(&a[b * n * n], &pivots[b * n], &work[0], n, hermitian)


cdef void ldl_solve_one(const inexact* a, const int32_t* pivots, inexact* x, Py_ssize_t n, Py_ssize_t k,
                        bint hermitian) noexcept nogil:
    cdef Py_ssize_t i, j, p
    cdef inexact d11, d22, d21, d12, t, u, v
    i = 0
    while i < n:
        if pivots[i] > 0 or i + 1 == n:
            p = (pivots[i] if pivots[i] > 0 else -pivots[i]) - 1
            if p != i:
                swap(x + i * k, x + p * k, k)
            for j in range(i + 1, n):
                subtract(x + j * k, x + i * k, a[j * n + i], k)
            divide(x + i * k, a[i * n + i], k)
            i += 1
            continue
        p = -pivots[i] - 1
        if p != i + 1:
            swap(x + (i + 1) * k, x + p * k, k)
        for j in range(i + 2, n):
            subtract(x + j * k, x + i * k, a[j * n + i], k)
            subtract(x + j * k, x + (i + 1) * k, a[j * n + i + 1], k)
        d21 = a[(i + 1) * n + i]
        d12 = mirrored(d21, hermitian)
        d11, d22 = a[i * n + i] / d12, a[(i + 1) * n + i + 1] / d21
        t = d11 * d22 - 1
        for j in range(k):
            u, v = x[i * k + j] / d12, x[(i + 1) * k + j] / d21
            x[i * k + j], x[(i + 1) * k + j] = (d22 * u - v) / t, (d11 * v - u) / t
        i += 2
    i = n - 1
    while i >= 0:
        if pivots[i] > 0 or i == 0:
            p = (pivots[i] if pivots[i] > 0 else -pivots[i]) - 1
            for j in range(i + 1, n):
                subtract(x + i * k, x + j * k, mirrored(a[j * n + i], hermitian), k)
            if p != i:
                swap(x + i * k, x + p * k, k)
            i -= 1
            continue
        p = -pivots[i] - 1
        for j in range(i + 1, n):
            subtract(x + i * k, x + j * k, mirrored(a[j * n + i], hermitian), k)
            subtract(x + (i - 1) * k, x + j * k, mirrored(a[j * n + i - 1], hermitian), k)
        if p != i:
            swap(x + i * k, x + p * k, k)
        i -= 2


def ldl_solve(const inexact[::1] a, const int32_t[::1] pivots, inexact[::1] x, Py_ssize_t batch, Py_ssize_t n, Py_ssize_t k,
              bint hermitian, /):
    cdef Py_ssize_t b
    if not (batch > 0 and n > 0 and k > 0 and batch * n * n <= a.shape[0] and batch * n <= pivots.shape[0]
            and batch * n * k <= x.shape[0]):
        raise ValueError("a buffer is shorter than its sizes say")
    for b in range(batch * n):
        if not (1 <= pivots[b] <= n or -n <= pivots[b] <= -1):
            raise ValueError("a pivot lies outside of its matrix")
    with nogil:
        for b in range(batch):
            ldl_solve_one(&a[b * n * n], &pivots[b * n], &x[b * n * k], n, k, hermitian)
