"""Matrix products of float32 and float64, of any strides, single and batched.

Design
------
(a) The product is our own (`gemm.pxd`): at AVX-512 it runs at 250 Gflop/s a core where NumPy's OpenBLAS reaches 117 and
    PyTorch's MKL 102 (512x512 float32, Zen 5), needs no library to be found, shares the kernels' threads and gives the
    same bits on any number of them.
(b) The result is cut into regions, one task each. A task packs the A it needs, and B panel by panel, each of which it uses at
    once for all its rows. Nothing packed is shared: when all threads packed one B for all, writing what the other core
    had read took 14 % of the time of a 512x512 product (1.30 ms, 1.23 ms now).
(c) A product with a vector is bound by memory: it packs nothing (`vector_task`).
"""
from libc.stdint cimport int16_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free

from gemm cimport DEPTH, MAX_COLUMNS, PAIRS, columns, pack_columns, pack_rows, panel
from math cimport add_, sqrt_
from rows cimport fold_row
from simd cimport FLOATS, ROWS, load, splat_double, splat_float, vdouble, vector, vfloat
from threads cimport import_threads, num_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    TASK = 1_000_000            # multiply-adds of a task at least: 8 to 18 us
    PACKED = 32768              # doubles: room for what a task packs of A at once, in the second-level cache
    WIDE = 512                  # columns of a task for which packing A again costs nothing
    STREAM = 65536              # elements of a matrix that a chunk reads once
    STRIP = 512                 # columns summed at once
    SHORT = 64                  # elements of rows whose distances are taken so many at once:
    ACROSS = 32

cdef struct product_t:
    const void* a
    const void* b
    void* c
    Py_ssize_t m, n, k, a_row, a_col, b_row, b_col, c_row, a_batch, b_batch, c_batch
    Py_ssize_t rows, cols, row_tasks, col_tasks     # of a task; tasks of one product
    double alpha, beta
    bint apart, pairs


cdef inline Py_ssize_t ceil_div(Py_ssize_t x, Py_ssize_t y) noexcept nogil:
    return (x + y - 1) // y


cdef inline void region(const product_t* call, Py_ssize_t index, const floating* _type) noexcept nogil:
    """One task's rows and columns of one product of the batch."""
    cdef double packed[PACKED]
    cdef floating* a_packed = <floating*>packed
    cdef floating b_packed[MAX_COLUMNS * DEPTH]
    cdef Py_ssize_t width = columns(_type)
    cdef Py_ssize_t batch = index // (call.row_tasks * call.col_tasks)
    cdef Py_ssize_t row = index // call.col_tasks % call.row_tasks * call.rows
    cdef Py_ssize_t col = index % call.col_tasks * call.cols
    cdef Py_ssize_t m = min(call.rows, call.m - row), n = min(call.cols, call.n - col)
    cdef Py_ssize_t p = 0, j, k, many
    cdef const floating* a = <const floating*>call.a + batch * call.a_batch + row * call.a_row
    cdef const floating* b = <const floating*>call.b + batch * call.b_batch + col * call.b_col
    cdef const floating* ahead
    cdef floating* c = <floating*>call.c + batch * call.c_batch + row * call.c_row + col
    cdef floating alpha = <floating>call.alpha, beta = <floating>call.beta
    while p < call.k:
        k = min(<Py_ssize_t>DEPTH, call.k - p)
        pack_rows(a + p * call.a_col, call.a_row, call.a_col, m, k, a_packed)
        j = 0
        while j < n:
            many = min(width, n - j)
            pack_columns(b + p * call.b_row + j * call.b_col, call.b_row, call.b_col, k, many, b_packed)
            ahead = b + p * call.b_row + j + width if call.b_col == 1 and j + 2 * width <= n else NULL
            panel(a_packed, b_packed, m, many, k, c + j, call.c_row, alpha, beta, ahead, call.b_row,
                  call.apart, call.pairs)
            j += width
        beta = 1
        p += k
    if call.apart:
        for k in range(m):
            for j in range(n):
                c[k * call.c_row + j] = sqrt_(c[k * call.c_row + j])


cdef void region_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for i in range(lo, hi):
        region(<const product_t*>ctx, i, ctx)


cdef void cut(product_t* call, const floating* _type, Py_ssize_t batch) noexcept:
    """Choose the regions of a product: rows whose packed block fits the cache, columns so that there are enough tasks."""
    cdef Py_ssize_t width = columns(_type), most, threads, parts, cols, busiest, least = -1
    most = PACKED * <Py_ssize_t>sizeof(double) // (DEPTH * <Py_ssize_t>sizeof(floating)) // ROWS * ROWS
    call.row_tasks = ceil_div(call.m, most)
    call.rows = ceil_div(ceil_div(call.m, call.row_tasks), ROWS) * ROWS
    call.row_tasks = ceil_div(call.m, call.rows)
    # For each thread two tasks if they are two panels wide, or one; more where the result is wide.
    threads = ceil_div(num_threads(), call.row_tasks * batch)
    parts = max(min(2 * threads, call.n // (2 * width)), min(threads, ceil_div(call.n, width)), call.n // WIDE)
    parts = max(<Py_ssize_t>1, min(call.m * call.n * call.k // TASK, parts))
    # Fewer where the thread with most columns then has less of them: three tasks for two threads take as long as four.
    threads = min(threads, parts)
    parts -= parts % threads
    while parts > 0:
        cols = ceil_div(ceil_div(call.n, parts), width) * width
        busiest = ceil_div(ceil_div(call.n, cols), threads) * cols
        if least < 0 or busiest < least:
            least, call.cols = busiest, cols
        parts -= threads
    call.col_tasks = ceil_div(call.n, call.cols)


cdef struct vector_product_t:
    const void* matrix
    const void* x
    void* out
    Py_ssize_t k, n, row, col, x_step, out_step, matrix_batch, x_batch, out_batch
    double alpha, beta


cdef inline void dots(const vector_product_t* call, Py_ssize_t lo, Py_ssize_t hi, const vector* _type,
                      const floating* x) noexcept nogil:
    """out = alpha x M + beta out for columns [lo, hi) of M that are contiguous, as x is."""
    cdef vector s0, s1, s2, s3
    cdef floating partial[MAX_COLUMNS]
    cdef floating total, alpha = <floating>call.alpha, beta = <floating>call.beta
    cdef Py_ssize_t lanes = columns(x) // 2, i, p
    cdef const floating* m
    cdef floating* out
    for i in range(lo, hi):
        m = <const floating*>call.matrix + i * call.col
        out = <floating*>call.out + i * call.out_step
        if vector is vfloat:
            s0 = s1 = s2 = s3 = splat_float(0)
        else:
            s0 = s1 = s2 = s3 = splat_double(0)
        p = 0
        while p + 4 * lanes <= call.k:
            s0 = s0 + load(<const vector*>m, p) * load(<const vector*>x, p)
            s1 = s1 + load(<const vector*>m, p + lanes) * load(<const vector*>x, p + lanes)
            s2 = s2 + load(<const vector*>m, p + 2 * lanes) * load(<const vector*>x, p + 2 * lanes)
            s3 = s3 + load(<const vector*>m, p + 3 * lanes) * load(<const vector*>x, p + 3 * lanes)
            p += 4 * lanes
        (<vector*>partial)[0] = (s0 + s1) + (s2 + s3)
        total = 0
        while p < call.k:
            total += m[p] * x[p]
            p += 1
        for p in range(lanes):
            total += partial[p]
        out[0] = alpha * total if beta == 0 else alpha * total + beta * out[0]


cdef inline void row_sums(const vector_product_t* call, Py_ssize_t lo, Py_ssize_t hi,
                          const floating* x) noexcept nogil:
    """out = alpha x M + beta out for columns [lo, hi), at most STRIP, of M whose rows are contiguous."""
    cdef floating acc[STRIP]
    cdef floating x0, x1, x2, x3, alpha = <floating>call.alpha, beta = <floating>call.beta
    cdef const floating* m = <const floating*>call.matrix + lo
    cdef floating* out = <floating*>call.out + lo
    cdef Py_ssize_t n = hi - lo, row = call.row, j, p = 0
    for j in range(n):
        acc[j] = 0
    while p + 4 <= call.k:
        x0, x1, x2, x3 = x[0], x[call.x_step], x[2 * call.x_step], x[3 * call.x_step]
        for j in range(n):
            acc[j] += (x0 * m[j] + x1 * m[row + j]) + (x2 * m[2 * row + j] + x3 * m[3 * row + j])
        m += 4 * row
        x += 4 * call.x_step
        p += 4
    while p < call.k:
        for j in range(n):
            acc[j] += x[0] * m[j]
        m += row
        x += call.x_step
        p += 1
    for j in range(n):
        out[j] = alpha * acc[j] if beta == 0 else alpha * acc[j] + beta * out[j]


cdef void vector_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Columns [lo, hi) of those of all products one after another."""
    cdef vector_product_t call = (<const vector_product_t*>ctx)[0]
    cdef Py_ssize_t batch, first, end
    while lo < hi:
        batch, first = lo // call.n, lo % call.n
        end = min(call.n, first + min(hi - lo, <Py_ssize_t>STRIP))
        call.matrix = <const floating*>(<const vector_product_t*>ctx).matrix + batch * call.matrix_batch
        call.x = <const floating*>(<const vector_product_t*>ctx).x + batch * call.x_batch
        call.out = <floating*>(<const vector_product_t*>ctx).out + batch * call.out_batch
        if call.row != 1 or call.x_step != 1:
            row_sums(&call, first, end, <const floating*>call.x)
        elif floating is float:
            dots(&call, first, end, <const vfloat*>NULL, <const float*>call.x)
        else:
            dots(&call, first, end, <const vdouble*>NULL, <const double*>call.x)
        lo += end - first


cdef inline bint try_vector(const product_t* product, Py_ssize_t batch, const floating* _type) noexcept:
    """Do products that have one row or one column where the matrices can be read along their memory."""
    cdef vector_product_t call
    cdef Py_ssize_t grain
    call.k, call.alpha, call.beta, call.out, call.out_batch = product.k, product.alpha, product.beta, product.c, product.c_batch
    if product.m == 1:
        call.x, call.x_step, call.x_batch = product.a, product.a_col, product.a_batch
        call.matrix, call.row, call.col, call.matrix_batch = product.b, product.b_row, product.b_col, product.b_batch
        call.n, call.out_step = product.n, 1
    elif product.n == 1:
        call.x, call.x_step, call.x_batch = product.b, product.b_row, product.b_batch
        call.matrix, call.row, call.col, call.matrix_batch = product.a, product.a_col, product.a_row, product.a_batch
        call.n, call.out_step = product.m, product.c_row
    else:
        return False
    if call.row == 1 and call.x_step == 1:
        grain = max(<Py_ssize_t>1, STREAM // call.k)
    elif call.col == 1 and call.out_step == 1:
        grain = max(<Py_ssize_t>64, STREAM // call.k // 64 * 64)
    else:
        return False
    parallel_for(<task_t>vector_task[floating], &call, batch * call.n, grain)
    return True


def bmm(const floating[::1] a, const floating[::1] b, floating[::1] c, Py_ssize_t batch, Py_ssize_t m, Py_ssize_t n,
        Py_ssize_t k, Py_ssize_t a_batch, Py_ssize_t a_row, Py_ssize_t a_col, Py_ssize_t b_batch, Py_ssize_t b_row,
        Py_ssize_t b_col, Py_ssize_t c_batch, Py_ssize_t c_row, double alpha=1, double beta=0, Py_ssize_t a_offset=0,
        Py_ssize_t b_offset=0, Py_ssize_t c_offset=0, bint apart=False,
        bint pairs=False, /):
    cdef product_t call
    if (a_offset + (batch - 1) * a_batch + (m - 1) * a_row + (k - 1) * a_col >= a.shape[0]
            or b_offset + (batch - 1) * b_batch + (k - 1) * b_row + (n - 1) * b_col >= b.shape[0]
            or c_offset + (batch - 1) * c_batch + (m - 1) * c_row + n > c.shape[0]
            or min(batch, m, n, k) < 1
            or min(a_batch, a_row, a_col, b_batch, b_row, b_col, a_offset, b_offset, c_offset, c_batch, c_row) < 0):
        raise ValueError("a buffer is shorter than its sizes say")
    call.a, call.b, call.c = &a[a_offset], &b[b_offset], &c[c_offset]
    call.m, call.n, call.k, call.alpha, call.beta = m, n, k, alpha, beta
    call.a_batch, call.a_row, call.a_col = a_batch, a_row, a_col
    call.b_batch, call.b_row, call.b_col = b_batch, b_row, b_col
    call.c_batch, call.c_row, call.apart, call.pairs = c_batch, c_row, apart, pairs and PAIRS
    if not apart and not pairs and try_vector(&call, batch, &a[0]):
        return
    cut(&call, &a[0], batch)
    parallel_for(<task_t>region_task[floating], &call, batch * call.row_tasks * call.col_tasks,
                 max(<Py_ssize_t>1, TASK // (call.rows * call.cols * k)))


pairs = bool(PAIRS)


cdef struct pairing_t:
    const uint16_t* x
    uint32_t* out
    Py_ssize_t n


cdef void pair_task(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    call = <const pairing_t*>ctx
    cdef Py_ssize_t row, i, n = call.n
    for row in range(lo, hi):
        for i in range(n):
            call.out[row * n + i] = call.x[2 * row * n + i] | <uint32_t>call.x[(2 * row + 1) * n + i] << 16


def pair_rows(const int16_t[::1] x, float[::1] out, Py_ssize_t n, /):
    cdef pairing_t call
    call.x, call.out, call.n = <const uint16_t*>&x[0], <uint32_t*>&out[0], n
    if x.shape[0] != 2 * out.shape[0] or n < 1 or out.shape[0] % n:
        raise ValueError("buffers of a length that rows do not have")
    parallel_for(pair_task, &call, out.shape[0] // n, max(<Py_ssize_t>1, STREAM // n))


cdef extern from *:
    """
    /* Vector products of n vectors whose parts are m elements apart. Each product of two numbers is rounded: with one of them
       fused into the difference, parallel vectors would not give 0. */
    #if defined(__GNUC__) && !defined(__clang__)
    __attribute__((noinline, optimize("fp-contract=off")))
    #endif
    static void lucid_cross(
        const float* restrict a, const float* restrict b, float* restrict out, Py_ssize_t step, Py_ssize_t m, Py_ssize_t n
    ) {
        for (Py_ssize_t i = 0; i < n; i++) {
            const float x = a[i * step], y = a[i * step + m], z = a[i * step + 2 * m];
            const float u = b[i * step], v = b[i * step + m], w = b[i * step + 2 * m];
            const float yw = y * w, zv = z * v, zu = z * u, xw = x * w, xv = x * v, yu = y * u;
            out[i * step] = yw - zv;
            out[i * step + m] = zu - xw;
            out[i * step + 2 * m] = xv - yu;
        }
    }
    """
    void vector_products "lucid_cross"(
        const float* a, const float* b, float* out, Py_ssize_t step, Py_ssize_t m, Py_ssize_t n) noexcept nogil


cdef struct crossed_t:
    const float* x
    const float* y
    float* out
    Py_ssize_t inner


cdef void cross_task(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Vectors `lo` to `hi`."""
    cdef crossed_t* c = <crossed_t*>ctx
    cdef Py_ssize_t first, n, m = c.inner
    while lo < hi:
        first = lo // m * 3 * m + lo % m
        n = min(m - lo % m, hi - lo) if m > 1 else hi - lo
        if m > 1:
            vector_products(c.x + first, c.y + first, c.out + first, 1, m, n)
        else:
            vector_products(c.x + first, c.y + first, c.out + first, 3, 1, n)
        lo += n


def cross(const float[::1] x, const float[::1] y, float[::1] out, Py_ssize_t inner, /):
    """Vector products of (outer, 3, inner) elements."""
    cdef crossed_t c
    cdef Py_ssize_t n = out.shape[0]
    if inner < 1 or n % (3 * inner) or x.shape[0] < n or y.shape[0] < n:
        raise ValueError(f"cross: buffers of {x.shape[0]}, {y.shape[0]} and {n} elements hold no vectors {inner} elements apart")
    if n:
        c.x, c.y, c.out, c.inner = &x[0], &y[0], &out[0], inner
        parallel_for(cross_task, &c, n // 3, 8192)


cdef struct pairwise_t:
    const void* x
    const void* g
    const void* distances
    void* turned              # x as columns, or NULL
    void* out
    Py_ssize_t n, d, step     # step of g: 0 if one number serves all pairs


cdef inline floating squared_difference_(floating x, floating y, floating z, floating a) noexcept nogil:
    return (x - y) * (x - y)


cdef inline Py_ssize_t pair_of(Py_ssize_t n, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Where the pair i < j stands among all of n rows."""
    return i * (2 * n - i - 1) // 2 + j - i - 1


cdef inline void columns_apart(const floating* x, const floating* turned, floating* out, Py_ssize_t d, Py_ssize_t step,
                               Py_ssize_t n) noexcept nogil:
    """Squared distances of a row from n that are columns of a matrix; for short rows, whose sums need no tree."""
    cdef floating acc[ACROSS]
    cdef floating a
    cdef Py_ssize_t j = 0, k, i
    while j < n:
        for i in range(ACROSS):
            acc[i] = 0
        for k in range(d):
            a = x[k]
            for i in range(ACROSS):
                acc[i] += (turned[k * step + j + i] - a) * (turned[k * step + j + i] - a)
        for i in range(min(<Py_ssize_t>ACROSS, n - j)):
            out[j + i] = acc[i]
        j += ACROSS


cdef void pairwise_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """The distances of rows lo to hi from those behind them."""
    cdef const pairwise_t* c = <const pairwise_t*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef floating* out
    cdef Py_ssize_t i, j, d = c.d
    for i in range(lo, hi):
        out = <floating*>c.out + pair_of(c.n, i, 0)
        if c.turned != NULL:
            columns_apart(x + i * d, <const floating*>c.turned + i + 1, out + i + 1, d, c.n + ACROSS, c.n - i - 1)
        for j in range(i + 1, c.n if c.turned == NULL else 0):
            fold_row(squared_difference_[floating], add_[floating], <floating>0, x + i * d, x + j * d, x, <floating>0, d, out + j)
        for j in range(i + 1, c.n):
            out[j] = sqrt_(out[j])


cdef void pairwise_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """The gradients of rows lo to hi."""
    cdef const pairwise_t* c = <const pairwise_t*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef floating* out
    cdef floating ratio, distance
    cdef Py_ssize_t i, j, k, at, d = c.d
    for i in range(lo, hi):
        out = <floating*>c.out + i * d
        for k in range(d):
            out[k] = 0
        for j in range(c.n):
            if j == i:
                continue
            at = pair_of(c.n, min(i, j), max(i, j))
            distance = (<const floating*>c.distances)[at]
            if distance == 0:
                continue
            ratio = (<const floating*>c.g)[at * c.step] / distance
            for k in range(d):
                out[k] += ratio * (x[i * d + k] - x[j * d + k])


def pdist(const floating[::1] x, floating[::1] out, Py_ssize_t n, /):
    cdef pairwise_t c
    cdef Py_ssize_t i, k
    if n < 2 or x.shape[0] < n or x.shape[0] % n or out.shape[0] < n * (n - 1) // 2:
        raise ValueError(f"pdist: buffers of {x.shape[0]} and {out.shape[0]} elements for {n} rows")
    c.x, c.out, c.n, c.d, c.turned = &x[0], &out[0], n, x.shape[0] // n, NULL
    if c.d <= SHORT:
        c.turned = calloc(c.d * (n + ACROSS), sizeof(floating))
        if c.turned == NULL:
            raise MemoryError
        for k in range(c.d):
            for i in range(n):
                (<floating*>c.turned)[k * (n + ACROSS) + i] = x[i * c.d + k]
    parallel_for(<task_t>pairwise_task[floating], &c, n, max(<Py_ssize_t>1, STREAM // x.shape[0]))
    free(c.turned)


def pdist_backward(const floating[::1] g, const floating[::1] x, const floating[::1] distances, floating[::1] out, Py_ssize_t n, /):
    cdef pairwise_t c
    cdef Py_ssize_t pairs = n * (n - 1) // 2
    if (n < 2 or x.shape[0] < n or x.shape[0] % n or distances.shape[0] < pairs or (g.shape[0] != 1 and g.shape[0] < pairs)
            or out.shape[0] < x.shape[0]):
        raise ValueError(f"pdist_backward: a buffer is too short for {n} rows")
    c.x, c.out, c.n, c.d, c.g, c.distances = &x[0], &out[0], n, x.shape[0] // n, &g[0], &distances[0]
    c.step = 0 if g.shape[0] == 1 else 1
    parallel_for(<task_t>pairwise_backward_task[floating], &c, n, max(<Py_ssize_t>1, STREAM // x.shape[0]))


def blas_info():
    return f"built in, {ROWS}x{2 * FLOATS} float32 register tiles"
