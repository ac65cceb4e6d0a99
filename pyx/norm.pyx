"""Softmax and the normalisations: statistics of a row, then a map of the row by them.

(a) The statistics of a contiguous row are folds of a rule over up to three arrays (`fold_row`): 32 lanes, eight
    elements of each as a tree. The row stays in the first-level cache for the passes that follow.
(b) Softmax along an axis that is not the last runs down columns, which are the vector lanes; so does softmax of
    short rows, which are transposed into a tile first.
(c) Mean and variance come from one pass over sums and squares; where the mean is so far from zero that their difference
    is inexact, a second pass follows (`row_moments`). One pass less is a quarter of layer_norm's time.
(d) Batch statistics are joined row by row in double precision. Parameter gradients are summed per segment of the
    rows, then in order: the same bits at any number of threads.
"""
from libc.math cimport INFINITY
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from math cimport add_, exp_, exp_negative_, log_, sqrt_
from rows cimport (
    LANES,
    fold_lanes,
    larger_,
    row_max,
    row_product_deviations,
    row_products,
    row_squared_deviations,
    row_squares,
    row_sum,
    row_triple_deviations,
    transpose_rows,
)
from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    SHORT = 64            # softmax rows up to this long are handled as columns of a tile
    TILE_ROWS = 64
    WIDTH = 512           # columns handled together
    GRAIN = 32768         # elements a thread takes at a time
    COSTLY_GRAIN = 8192   # the same where every element takes an exp
    MAX_SEGMENTS = 32     # of rows that leave partial sums


# ------------------------------------------------------------------------------------------------ rows


cdef void row_moments(const floating* x, Py_ssize_t n, floating* mean, floating* var) noexcept nogil:
    """Mean and biased variance."""
    cdef floating sums[LANES]
    cdef floating squares[LANES]
    cdef floating a, b
    cdef Py_ssize_t i, k = 0
    for i in range(LANES):
        sums[i] = squares[i] = 0
    while k + 4 * LANES <= n:
        for i in range(LANES):
            sums[i] += (x[k + i] + x[k + i + LANES]) + (x[k + i + 2 * LANES] + x[k + i + 3 * LANES])
            squares[i] += (
                (x[k + i] * x[k + i] + x[k + i + LANES] * x[k + i + LANES])
                + (x[k + i + 2 * LANES] * x[k + i + 2 * LANES] + x[k + i + 3 * LANES] * x[k + i + 3 * LANES])
            )
        k += 4 * LANES
    while k < n:
        for i in range(min(LANES, n - k)):
            sums[i] += x[k + i]
            squares[i] += x[k + i] * x[k + i]
        k += LANES
    fold_lanes(add_[floating], sums, &a)
    fold_lanes(add_[floating], squares, &b)
    a /= n
    b = b / n - a * a
    if not a * a <= b:
        # Far from zero (what the subtraction left is too inexact), or not finite.
        b = row_squared_deviations(x, a, n) / n
    mean[0], var[0] = a, b


# ------------------------------------------------------------------------------------------------ softmax

cdef enum Kind:
    PLAIN, LOG, SAFE

cdef struct Softmax:
    const char* x          # forward: input; backward: the gradient
    const char* y          # backward: the result of forward
    char* out
    Py_ssize_t axis
    Py_ssize_t inner
    Py_ssize_t blocks      # of at most WIDTH columns
    int kind
    Py_ssize_t queries     # how many rows in turn see one element, two and so on, the others being 0; or 0


cdef void softmax_row(const floating* x, floating* out, Py_ssize_t n, int kind) noexcept nogil:
    cdef floating top = row_max(x, n), total
    cdef Py_ssize_t i
    if kind == SAFE and top == -INFINITY:
        memset(out, 0, n * sizeof(floating))
        return
    for i in range(n):
        out[i] = exp_negative_(top - x[i])
    total = row_sum(<const floating*>out, n)
    if kind == LOG:
        total = log_(total)
        for i in range(n):
            out[i] = (x[i] - top) - total
    else:
        total = 1 / total
        for i in range(n):
            out[i] *= total


cdef void softmax_backward_row(
    const floating* g, const floating* y, floating* out, Py_ssize_t n, bint log
) noexcept nogil:
    cdef floating total
    cdef Py_ssize_t i
    if log:
        total = row_sum(g, n)
        for i in range(n):
            out[i] = g[i] - exp_(y[i]) * total
    else:
        total = row_products(g, y, n)
        for i in range(n):
            out[i] = y[i] * (g[i] - total)


cdef void softmax_columns(
    const floating* x, floating* out, Py_ssize_t axis, Py_ssize_t stride, Py_ssize_t width, int kind
) noexcept nogil:
    cdef floating top[WIDTH]
    cdef floating total[WIDTH]
    cdef Py_ssize_t k, j
    for j in range(width):
        top[j] = x[j]
        total[j] = 0
    for k in range(1, axis):
        for j in range(width):
            top[j] = larger_(top[j], x[k * stride + j])
    if kind == SAFE:
        for j in range(width):
            top[j] = 0 if top[j] == -INFINITY else top[j]
    for k in range(axis):
        for j in range(width):
            out[k * stride + j] = exp_negative_(top[j] - x[k * stride + j])
        for j in range(width):
            total[j] += out[k * stride + j]
    if kind == LOG:
        for j in range(width):
            total[j] = log_(total[j])
        for k in range(axis):
            for j in range(width):
                out[k * stride + j] = (x[k * stride + j] - top[j]) - total[j]
    else:
        for j in range(width):
            total[j] = 0 if kind == SAFE and total[j] == 0 else 1 / total[j]
        for k in range(axis):
            for j in range(width):
                out[k * stride + j] *= total[j]


cdef void softmax_backward_columns(
    const floating* g, const floating* y, floating* out, Py_ssize_t axis, Py_ssize_t stride, Py_ssize_t width, bint log
) noexcept nogil:
    cdef floating total[WIDTH]
    cdef Py_ssize_t k, j
    for j in range(width):
        total[j] = 0
    if log:
        for k in range(axis):
            for j in range(width):
                total[j] += g[k * stride + j]
        for k in range(axis):
            for j in range(width):
                out[k * stride + j] = g[k * stride + j] - exp_(y[k * stride + j]) * total[j]
    else:
        for k in range(axis):
            for j in range(width):
                total[j] += g[k * stride + j] * y[k * stride + j]
        for k in range(axis):
            for j in range(width):
                out[k * stride + j] = y[k * stride + j] * (g[k * stride + j] - total[j])


cdef void softmax_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (outer index, block of columns). (`ctx` is a Softmax.)"""
    cdef const Softmax* c = <const Softmax*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef const floating* y = <const floating*>c.y
    cdef floating* out = <floating*>c.out
    cdef floating tile[TILE_ROWS * SHORT]
    cdef floating other[TILE_ROWS * SHORT]
    cdef Py_ssize_t unit = lo, at, count, width
    if c.inner == 1 and c.axis <= SHORT and hi - lo >= LANES and not c.queries:
        while unit < hi:
            count = min(TILE_ROWS, hi - unit)
            at = unit * c.axis
            transpose_rows(x + at, tile, count, c.axis)
            if y == NULL:
                softmax_columns(<const floating*>tile, other, c.axis, count, count, c.kind)
                transpose_rows(<const floating*>other, out + at, c.axis, count)
            else:
                transpose_rows(y + at, other, count, c.axis)
                softmax_backward_columns(
                    <const floating*>tile, <const floating*>other, tile, c.axis, count, count, c.kind == LOG)
                transpose_rows(<const floating*>tile, out + at, c.axis, count)
            unit += count
        return
    for unit in range(lo, hi):
        if c.inner == 1:
            at = unit * c.axis
            if y == NULL:
                width = min(c.axis, unit % c.queries + 1) if c.queries else c.axis
                softmax_row(x + at, out + at, width, c.kind)
                memset(out + at + width, 0, (c.axis - width) * sizeof(floating))
            else:
                softmax_backward_row(x + at, y + at, out + at, c.axis, c.kind == LOG)
        else:
            at = unit % c.blocks * WIDTH
            width = min(WIDTH, c.inner - at)
            at += unit // c.blocks * c.axis * c.inner
            if y == NULL:
                softmax_columns(x + at, out + at, c.axis, c.inner, width, c.kind)
            else:
                softmax_backward_columns(x + at, y + at, out + at, c.axis, c.inner, width, c.kind == LOG)


cdef inline int check_sizes(Py_ssize_t shortest, Py_ssize_t a, Py_ssize_t b, Py_ssize_t c) except -1:
    """Raise unless the shortest of the buffers holds (a, b, c)."""
    if a < 1 or b < 1 or c < 1 or a > shortest or b > shortest // a or c > shortest // a // b:
        raise ValueError(f"norm: ({a}, {b}, {c}) does not fit a buffer of {shortest} elements")
    return 0


def softmax(
    const floating[::1] x, floating[::1] out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int kind=0,
    Py_ssize_t queries=0, /,
):
    cdef Softmax c
    check_sizes(min(x.shape[0], out.shape[0]), outer, axis, inner)
    if queries < 0:
        raise ValueError(f"norm: {queries} queries")
    c.x, c.y, c.out, c.kind, c.queries = <const char*>&x[0], NULL, <char*>&out[0], kind, queries
    c.axis, c.inner, c.blocks = axis, inner, (inner + WIDTH - 1) // WIDTH
    parallel_for(<task_t>softmax_task[floating], &c, outer * c.blocks,
                 max(1, COSTLY_GRAIN // (axis * min(inner, WIDTH))))


def softmax_backward(
    const floating[::1] g, const floating[::1] out, floating[::1] grad_input,
    Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, bint log=False,
    /,
):
    cdef Softmax c
    check_sizes(min(g.shape[0], out.shape[0], grad_input.shape[0]), outer, axis, inner)
    c.x, c.y, c.out, c.kind, c.queries = <const char*>&g[0], <const char*>&out[0], <char*>&grad_input[0], log, 0
    c.axis, c.inner, c.blocks = axis, inner, (inner + WIDTH - 1) // WIDTH
    parallel_for(<task_t>softmax_task[floating], &c, outer * c.blocks,
                 max(1, COSTLY_GRAIN // (axis * min(inner, WIDTH))))


# ------------------------------------------------------------------------------------------------ layer_norm, rms_norm

cdef struct Rows:
    const char* g
    const char* x
    char* out
    char* mean             # NULL: rms_norm, whose mean counts as zero
    char* rstd
    const char* weight     # NULL: all ones
    const char* bias       # NULL: zeros
    Py_ssize_t rows
    Py_ssize_t cols
    double eps
    # of the parameter gradients
    double* partial
    Py_ssize_t segments
    Py_ssize_t segment_rows
    Py_ssize_t blocks


cdef void normalise_row(
    const floating* x, floating* out, const floating* weight, const floating* bias, floating mean, floating rstd,
    Py_ssize_t n,
) noexcept nogil:
    cdef Py_ssize_t i
    if weight != NULL and bias != NULL:
        for i in range(n):
            out[i] = (x[i] - mean) * rstd * weight[i] + bias[i]
    elif weight != NULL:
        for i in range(n):
            out[i] = (x[i] - mean) * rstd * weight[i]
    elif bias != NULL:
        for i in range(n):
            out[i] = (x[i] - mean) * rstd + bias[i]
    else:
        for i in range(n):
            out[i] = (x[i] - mean) * rstd


cdef void layer_norm_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Rows lo to hi. (`ctx` is a Rows.)"""
    cdef const Rows* c = <const Rows*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef floating* out = <floating*>c.out
    cdef floating* rstd = <floating*>c.rstd
    cdef floating mean = 0, var
    cdef Py_ssize_t n = c.cols, row
    for row in range(lo, hi):
        if c.mean == NULL:
            var = row_squares(x + row * n, n) / n
        else:
            row_moments(x + row * n, n, &mean, &var)
            (<floating*>c.mean)[row] = mean
        rstd[row] = 1 / sqrt_(var + <floating>c.eps)
        normalise_row(x + row * n, out + row * n, <const floating*>c.weight, <const floating*>c.bias, mean, rstd[row],
                      n)


cdef void layer_norm_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """With h = g * weight and y the normalised row: rstd * (h - mean(h) - y * mean(h * y)); rms_norm lacks mean(h)."""
    cdef const Rows* c = <const Rows*>ctx
    cdef const floating* weight = <const floating*>c.weight
    cdef const floating* g = <const floating*>c.g + lo * c.cols
    cdef const floating* x = <const floating*>c.x + lo * c.cols
    cdef floating* out = <floating*>c.out + lo * c.cols
    cdef floating mean = 0, rstd, along, constant = 0
    cdef Py_ssize_t n = c.cols, row, i
    for row in range(lo, hi):
        rstd = (<floating*>c.rstd)[row]
        if c.mean != NULL:
            mean = (<floating*>c.mean)[row]
            constant = (row_sum(g, n) if weight == NULL else row_products(g, weight, n)) / n
        along = (row_product_deviations(g, x, mean, n) if weight == NULL
                 else row_triple_deviations(g, x, weight, mean, n)) / n * rstd * rstd
        if weight == NULL:
            for i in range(n):
                out[i] = rstd * (g[i] - constant - (x[i] - mean) * along)
        else:
            for i in range(n):
                out[i] = rstd * (g[i] * weight[i] - constant - (x[i] - mean) * along)
        g += n
        x += n
        out += n


cdef void parameter_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (segment of rows, block of columns): sums down the columns of g * y and g, in double every 16 rows."""
    cdef const Rows* c = <const Rows*>ctx
    cdef floating weight[WIDTH]
    cdef floating bias[WIDTH]
    cdef const floating* g
    cdef const floating* x
    cdef double* total
    cdef floating mean = 0, rstd
    cdef Py_ssize_t unit, segment, column, width, row, j, end
    for unit in range(lo, hi):
        segment = unit // c.blocks
        column = unit % c.blocks * WIDTH
        width = min(WIDTH, c.cols - column)
        total = c.partial + segment * 2 * c.cols + column
        for j in range(width):
            total[j] = total[c.cols + j] = weight[j] = bias[j] = 0
        end = min(c.rows, (segment + 1) * c.segment_rows)
        for row in range(segment * c.segment_rows, end):
            g = <const floating*>c.g + row * c.cols + column
            x = <const floating*>c.x + row * c.cols + column
            rstd = (<floating*>c.rstd)[row]
            if c.mean != NULL:
                mean = (<floating*>c.mean)[row]
            for j in range(width):
                weight[j] += g[j] * ((x[j] - mean) * rstd)
                bias[j] += g[j]
            if row % 16 == 15 or row == end - 1:
                for j in range(width):
                    total[j] += weight[j]
                    total[c.cols + j] += bias[j]
                    weight[j] = bias[j] = 0


cdef int rows_of(
    Rows* c, floating* tag, const floating[::1] x, const floating[::1] mean, const floating[::1] rstd,
    const floating[::1] weight, Py_ssize_t rows, Py_ssize_t cols,
) except -1:
    """Check and take what all row normalisations share."""
    check_sizes(x.shape[0], rows, cols, 1)
    if rstd.shape[0] < rows or (mean is not None and mean.shape[0] < rows):
        raise ValueError(f"norm: statistics of fewer than {rows} rows")
    if weight is not None and weight.shape[0] < cols:
        raise ValueError(f"norm: {weight.shape[0]} weights for {cols} columns")
    c.x, c.rows, c.cols = <const char*>&x[0], rows, cols
    c.rstd = <char*>&rstd[0]
    c.mean = NULL if mean is None else <char*>&mean[0]
    c.weight = NULL
    if weight is not None:
        c.weight = <const char*>&weight[0]
    c.bias = NULL
    return 0


def layer_norm(
    const floating[::1] x, floating[::1] out, floating[::1] mean, floating[::1] rstd, const floating[::1] weight,
    const floating[::1] bias, Py_ssize_t rows, Py_ssize_t cols, double eps,
    /,
):
    cdef Rows c
    rows_of[floating](&c, NULL, x, mean, rstd, weight, rows, cols)
    check_sizes(out.shape[0], rows, cols, 1)
    if bias is not None:
        if bias.shape[0] < cols:
            raise ValueError(f"norm: {bias.shape[0]} biases for {cols} columns")
        c.bias = <const char*>&bias[0]
    c.out, c.eps = <char*>&out[0], eps
    parallel_for(<task_t>layer_norm_task[floating], &c, rows, max(1, GRAIN // cols))


def layer_norm_backward(
    const floating[::1] g, const floating[::1] x, const floating[::1] mean, const floating[::1] rstd,
    const floating[::1] weight, floating[::1] grad_input, Py_ssize_t rows, Py_ssize_t cols,
    /,
):
    cdef Rows c
    rows_of[floating](&c, NULL, x, mean, rstd, weight, rows, cols)
    check_sizes(min(g.shape[0], grad_input.shape[0]), rows, cols, 1)
    c.g, c.out = <const char*>&g[0], <char*>&grad_input[0]
    parallel_for(<task_t>layer_norm_backward_task[floating], &c, rows, max(1, GRAIN // cols))


def layer_norm_backward_parameters(
    const floating[::1] g, const floating[::1] x, const floating[::1] mean, const floating[::1] rstd,
    floating[::1] grad_weight, floating[::1] grad_bias, Py_ssize_t rows, Py_ssize_t cols,
    /,
):
    cdef Rows c
    cdef Py_ssize_t j, s
    rows_of[floating](&c, NULL, x, mean, rstd, None, rows, cols)
    check_sizes(g.shape[0], rows, cols, 1)
    check_sizes(min(grad_weight.shape[0], grad_bias.shape[0]), cols, 1, 1)
    c.g = <const char*>&g[0]
    c.blocks = (cols + WIDTH - 1) // WIDTH
    c.segments = max(1, min(MAX_SEGMENTS, rows * min(cols, WIDTH) // GRAIN))
    c.segment_rows = (rows + c.segments - 1) // c.segments
    c.segments = (rows + c.segment_rows - 1) // c.segment_rows
    c.partial = <double*>malloc(c.segments * 2 * cols * sizeof(double))
    if c.partial == NULL:
        raise MemoryError
    parallel_for(<task_t>parameter_task[floating], &c, c.segments * c.blocks,
                 max(1, GRAIN // (c.segment_rows * min(cols, WIDTH))))
    for s in range(1, c.segments):
        for j in range(2 * cols):
            c.partial[j] += c.partial[s * 2 * cols + j]
    for j in range(cols):
        grad_weight[j] = <floating>c.partial[j]
        grad_bias[j] = <floating>c.partial[cols + j]
    free(c.partial)


# ------------------------------------------------------------------------------------------------ batch_norm
#
# Seen as (n, channels, length), statistics per channel. Where length is 1 the channels are the vector lanes.

cdef struct Channels:
    const char* g
    const char* x
    char* out
    const char* mean
    const char* rstd
    const char* weight     # NULL: all ones
    const char* bias       # NULL: zeros
    Py_ssize_t n
    Py_ssize_t channels
    Py_ssize_t length
    Py_ssize_t groups
    double eps
    double* first          # per channel (batch_norm) or per sample and channel (group_norm): means, sums of g
    double* second         # variances, sums of g * (x - mean)
    char* scale            # per channel: see batch_norm_task
    char* slope
    char* shift


cdef void lane_moments(
    const floating* x, Py_ssize_t n, Py_ssize_t stride, Py_ssize_t width, double* mean, double* var
) noexcept nogil:
    """Mean and biased variance of columns, of which there are at most WIDTH; four rows at a time, in half of the time."""
    cdef double total[WIDTH]
    cdef double center[WIDTH]
    cdef double a, b, c, d
    cdef const floating* row = x
    cdef Py_ssize_t i = 0, j
    for j in range(width):
        total[j] = 0
    while i + 4 <= n:
        for j in range(width):
            total[j] += (<double>row[j] + row[j + stride]) + (<double>row[j + 2 * stride] + row[j + 3 * stride])
        row += 4 * stride
        i += 4
    while i < n:
        for j in range(width):
            total[j] += row[j]
        row += stride
        i += 1
    for j in range(width):
        mean[j] = center[j] = total[j] / n
        total[j] = 0
    row, i = x, 0
    while i + 4 <= n:
        for j in range(width):
            a, b = row[j] - center[j], row[j + stride] - center[j]
            c, d = row[j + 2 * stride] - center[j], row[j + 3 * stride] - center[j]
            total[j] += (a * a + b * b) + (c * c + d * d)
        row += 4 * stride
        i += 4
    while i < n:
        for j in range(width):
            total[j] += (row[j] - center[j]) * (row[j] - center[j])
        row += stride
        i += 1
    for j in range(width):
        var[j] = total[j] / n


cdef void lane_gradient_sums(
    const floating* g, const floating* x, const floating* mean, Py_ssize_t n, Py_ssize_t stride, Py_ssize_t width,
    double* sums, double* products,
) noexcept nogil:
    """Sums of g and of g * (x - mean) down columns, of which there are at most WIDTH."""
    cdef double total[WIDTH]
    cdef double product[WIDTH]
    cdef Py_ssize_t i = 0, j
    for j in range(width):
        total[j] = product[j] = 0
    while i + 2 <= n:
        for j in range(width):
            total[j] += <double>g[j] + g[j + stride]
            product[j] += <double>(g[j] * (x[j] - mean[j])) + g[j + stride] * (x[j + stride] - mean[j])
        g += 2 * stride
        x += 2 * stride
        i += 2
    if i < n:
        for j in range(width):
            total[j] += g[j]
            product[j] += g[j] * (x[j] - mean[j])
    for j in range(width):
        sums[j] = total[j]
        products[j] = product[j]


cdef void moments_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Mean and biased variance of channels lo to hi. (`ctx` is a Channels.)"""
    cdef const Channels* c = <const Channels*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef floating row_mean, row_var
    cdef double mean, var, delta
    cdef Py_ssize_t j = lo, i
    if c.length == 1:
        while j < hi:
            lane_moments(x + j, c.n, c.channels, min(WIDTH, hi - j), c.first + j, c.second + j)
            j += WIDTH
        return
    for j in range(lo, hi):
        mean = var = 0
        for i in range(c.n):
            # Chan's rule: i rows joined so far, and one more.
            row_moments(x + (i * c.channels + j) * c.length, c.length, &row_mean, &row_var)
            delta = row_mean - mean
            mean += delta / (i + 1)
            var += (row_var - var + delta * delta * i / (i + 1)) / (i + 1)
        c.first[j] = mean
        c.second[j] = var


cdef void gradient_sums_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Sums of g and of g * (x - mean), of channels lo to hi. (`ctx` is a Channels.)"""
    cdef const Channels* c = <const Channels*>ctx
    cdef const floating* g = <const floating*>c.g
    cdef const floating* x = <const floating*>c.x
    cdef const floating* mean = <const floating*>c.mean
    cdef double total, product
    cdef Py_ssize_t j = lo, i, at
    if c.length == 1:
        while j < hi:
            lane_gradient_sums(g + j, x + j, mean + j, c.n, c.channels, min(WIDTH, hi - j), c.first + j, c.second + j)
            j += WIDTH
        return
    for j in range(lo, hi):
        total = product = 0
        for i in range(c.n):
            at = (i * c.channels + j) * c.length
            total += row_sum(g + at, c.length)
            product += row_product_deviations(g + at, x + at, mean[j], c.length)
        c.first[j] = total
        c.second[j] = product


cdef void batch_norm_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Forward (no gradient) (x - mean) * scale + shift, backward (g + shift) * scale + (x - mean) * slope, of rows lo to hi.

    A row is one channel of one sample, or one sample where length is 1. (`ctx` is a Channels.)
    """
    cdef const Channels* c = <const Channels*>ctx
    cdef const floating* scale = <const floating*>c.scale
    cdef const floating* slope = <const floating*>c.slope
    cdef const floating* shift = <const floating*>c.shift
    cdef const floating* mean = <const floating*>c.mean
    cdef Py_ssize_t row, i, j, width = c.channels if c.length == 1 else c.length
    cdef const floating* g = <const floating*>c.g + lo * width
    cdef const floating* x = <const floating*>c.x + lo * width
    cdef floating* out = <floating*>c.out + lo * width
    for row in range(lo, hi):
        if c.length == 1:
            if c.g == NULL:
                for i in range(width):
                    out[i] = (x[i] - mean[i]) * scale[i] + shift[i]
            else:
                for i in range(width):
                    out[i] = (g[i] + shift[i]) * scale[i] + (x[i] - mean[i]) * slope[i]
        else:
            j = row % c.channels
            if c.g == NULL:
                for i in range(width):
                    out[i] = (x[i] - mean[j]) * scale[j] + shift[j]
            else:
                for i in range(width):
                    out[i] = (g[i] + shift[j]) * scale[j] + (x[i] - mean[j]) * slope[j]
        if c.g != NULL:
            g += width
        x += width
        out += width


cdef int channels_of(
    Channels* c, floating* tag, const floating[::1] x, const floating[::1] mean, const floating[::1] rstd,
    const floating[::1] weight, Py_ssize_t n, Py_ssize_t channels, Py_ssize_t length, Py_ssize_t statistics,
) except -1:
    """Check and take what the channel normalisations share."""
    check_sizes(x.shape[0], n, channels, length)
    if mean.shape[0] < statistics or rstd.shape[0] < statistics:
        raise ValueError(f"norm: fewer than {statistics} means and standard deviations")
    if weight is not None and weight.shape[0] < channels:
        raise ValueError(f"norm: {weight.shape[0]} weights for {channels} channels")
    c.g = NULL
    c.x, c.mean, c.rstd = <const char*>&x[0], <const char*>&mean[0], <const char*>&rstd[0]
    c.weight = NULL
    if weight is not None:
        c.weight = <const char*>&weight[0]
    c.bias = NULL
    c.n, c.channels, c.length = n, channels, length
    return 0


cdef int take_bias(Channels* c, const floating[::1] bias) except -1:
    if bias is not None:
        if bias.shape[0] < c.channels:
            raise ValueError(f"norm: {bias.shape[0]} biases for {c.channels} channels")
        c.bias = <const char*>&bias[0]
    return 0


cdef int run_batch_norm(Channels* c, floating* tag) except -1:
    if c.length == 1:
        parallel_for(<task_t>batch_norm_task[floating], c, c.n, max(1, GRAIN // c.channels))
    else:
        parallel_for(<task_t>batch_norm_task[floating], c, c.n * c.channels, max(1, GRAIN // c.length))
    return 0


cdef Py_ssize_t channel_grain(Channels* c) noexcept:
    """Channels a thread takes at a time: at least a cache line of them where they are the lanes."""
    return max(LANES if c.length == 1 else 1, GRAIN // (c.n * c.length))


def batch_norm_statistics(
    const floating[::1] x, floating[::1] mean, floating[::1] rstd, floating[::1] running_mean,
    floating[::1] running_var, Py_ssize_t n, Py_ssize_t channels, Py_ssize_t length, double eps, double momentum,
    /,
):
    cdef Channels c
    cdef double* scratch
    cdef double count = <double>n * length
    cdef Py_ssize_t j
    channels_of[floating](&c, NULL, x, mean, rstd, None, n, channels, length, channels)
    if running_mean is not None:
        check_sizes(running_mean.shape[0], channels, 1, 1)
    if running_var is not None:
        check_sizes(running_var.shape[0], channels, 1, 1)
    scratch = <double*>malloc(2 * channels * sizeof(double))
    if scratch == NULL:
        raise MemoryError
    c.first, c.second = scratch, scratch + channels
    parallel_for(<task_t>moments_task[floating], &c, channels, channel_grain(&c))
    for j in range(channels):
        mean[j] = <floating>c.first[j]
        rstd[j] = <floating>(1 / sqrt_(c.second[j] + eps))
        if running_mean is not None:
            running_mean[j] = <floating>(momentum * c.first[j] + (1 - momentum) * running_mean[j])
        if running_var is not None:
            running_var[j] = <floating>(
                momentum * (c.second[j] * (count / (count - 1))) + (1 - momentum) * running_var[j])
    free(scratch)


def batch_norm(
    const floating[::1] x, floating[::1] out, const floating[::1] mean, const floating[::1] rstd,
    const floating[::1] weight, const floating[::1] bias, Py_ssize_t n, Py_ssize_t channels, Py_ssize_t length,
    /,
):
    cdef Channels c
    cdef floating* scratch
    cdef Py_ssize_t j
    channels_of[floating](&c, NULL, x, mean, rstd, weight, n, channels, length, channels)
    take_bias(&c, bias)
    check_sizes(out.shape[0], n, channels, length)
    scratch = <floating*>malloc(2 * channels * sizeof(floating))
    if scratch == NULL:
        raise MemoryError
    c.out, c.scale, c.shift = <char*>&out[0], <char*>scratch, <char*>(scratch + channels)
    for j in range(channels):
        scratch[j] = rstd[j] if weight is None else rstd[j] * weight[j]
        scratch[channels + j] = <floating>0 if bias is None else bias[j]
    run_batch_norm[floating](&c, NULL)
    free(scratch)


def batch_norm_backward(
    const floating[::1] g, const floating[::1] x, const floating[::1] mean, const floating[::1] rstd,
    const floating[::1] weight, floating[::1] grad_input, floating[::1] grad_weight, floating[::1] grad_bias,
    Py_ssize_t n, Py_ssize_t channels, Py_ssize_t length, bint train,
    /,
):
    cdef Channels c
    cdef double* sums
    cdef floating* scratch
    cdef Py_ssize_t j
    channels_of[floating](&c, NULL, x, mean, rstd, weight, n, channels, length, channels)
    check_sizes(min(g.shape[0], grad_input.shape[0]), n, channels, length)
    check_sizes(min(grad_weight.shape[0], grad_bias.shape[0]), channels, 1, 1)
    sums = <double*>malloc(channels * (2 * sizeof(double) + 3 * sizeof(floating)))
    if sums == NULL:
        raise MemoryError
    scratch = <floating*>(sums + 2 * channels)
    c.g, c.out, c.first, c.second = <const char*>&g[0], <char*>&grad_input[0], sums, sums + channels
    c.scale, c.slope, c.shift = <char*>scratch, <char*>(scratch + channels), <char*>(scratch + 2 * channels)
    parallel_for(<task_t>gradient_sums_task[floating], &c, channels, channel_grain(&c))
    for j in range(channels):
        grad_weight[j] = <floating>(c.second[j] * rstd[j])
        grad_bias[j] = <floating>c.first[j]
        scratch[j] = rstd[j] if weight is None else rstd[j] * weight[j]
        scratch[channels + j] = scratch[2 * channels + j] = 0
        if train:
            scratch[channels + j] = <floating>(-c.second[j] / (n * length) * rstd[j] * rstd[j] * scratch[j])
            scratch[2 * channels + j] = <floating>(-c.first[j] / (n * length))
    run_batch_norm[floating](&c, NULL)
    free(sums)


# ------------------------------------------------------------------------------------------------ group_norm


cdef void group_norm_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (sample, group of channels): statistics and the normalised values. (`ctx` is a Channels.)"""
    cdef const Channels* c = <const Channels*>ctx
    cdef const floating* weight = <const floating*>c.weight
    cdef const floating* bias = <const floating*>c.bias
    cdef floating* mean = <floating*>c.mean
    cdef floating* rstd = <floating*>c.rstd
    cdef const floating* x
    cdef floating* out
    cdef floating scale, shift, middle, var
    cdef Py_ssize_t unit, channel, each = c.channels // c.groups, i
    for unit in range(lo, hi):
        x = <const floating*>c.x + unit * each * c.length
        out = <floating*>c.out + unit * each * c.length
        row_moments(x, each * c.length, &mean[unit], &var)
        rstd[unit] = 1 / sqrt_(var + <floating>c.eps)
        for channel in range(unit % c.groups * each, (unit % c.groups + 1) * each):
            scale = rstd[unit] if weight == NULL else rstd[unit] * weight[channel]
            shift = <floating>0 if bias == NULL else bias[channel]
            middle = mean[unit]    # taken off first: times a scale far from 1 it would leave little of the digits
            for i in range(c.length):
                out[i] = (x[i] - middle) * scale + shift
            x += c.length
            out += c.length


cdef void group_norm_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """As layer_norm's gradient, with one weight per channel. (`ctx` is a Channels.)"""
    cdef const Channels* c = <const Channels*>ctx
    cdef const floating* weight = <const floating*>c.weight
    cdef const floating* g
    cdef const floating* x
    cdef floating* out
    cdef floating mean, rstd, scale, slope, shift
    cdef double constant, along, w
    cdef Py_ssize_t unit, channel, each = c.channels // c.groups, first, at, i, n = each * c.length
    for unit in range(lo, hi):
        mean = (<const floating*>c.mean)[unit]
        rstd = <floating>0 if n == 1 else (<const floating*>c.rstd)[unit]    # one element is its own mean
        first = unit % c.groups * each
        constant = along = 0
        for channel in range(each):
            at = (unit * each + channel) * c.length
            g = <const floating*>c.g + at
            x = <const floating*>c.x + at
            at = unit * each + channel
            c.first[at] = row_sum(g, c.length)
            c.second[at] = row_product_deviations(g, x, mean, c.length)
            w = 1 if weight == NULL else weight[first + channel]
            constant += w * c.first[at]
            along += w * c.second[at]
        slope = <floating>(-along / n * rstd * rstd * rstd)
        shift = <floating>(-constant / n * rstd)
        for channel in range(each):
            at = (unit * each + channel) * c.length
            g = <const floating*>c.g + at
            x = <const floating*>c.x + at
            out = <floating*>c.out + at
            scale = rstd if weight == NULL else rstd * weight[first + channel]
            for i in range(c.length):
                out[i] = g[i] * scale + (x[i] - mean) * slope + shift


cdef int check_groups(Py_ssize_t channels, Py_ssize_t groups) except -1:
    if groups < 1 or channels % groups:
        raise ValueError(f"norm: {channels} channels in {groups} groups")
    return 0


def group_norm(
    const floating[::1] x, floating[::1] out, floating[::1] mean, floating[::1] rstd, const floating[::1] weight,
    const floating[::1] bias, Py_ssize_t n, Py_ssize_t channels, Py_ssize_t length, Py_ssize_t groups, double eps,
    /,
):
    cdef Channels c
    check_groups(channels, groups)
    channels_of[floating](&c, NULL, x, mean, rstd, weight, n, channels, length, n * groups)
    take_bias(&c, bias)
    check_sizes(out.shape[0], n, channels, length)
    c.out, c.groups, c.eps = <char*>&out[0], groups, eps
    parallel_for(<task_t>group_norm_task[floating], &c, n * groups, max(1, GRAIN // (channels // groups * length)))


def group_norm_backward(
    const floating[::1] g, const floating[::1] x, const floating[::1] mean, const floating[::1] rstd,
    const floating[::1] weight, floating[::1] grad_input, floating[::1] grad_weight, floating[::1] grad_bias,
    Py_ssize_t n, Py_ssize_t channels, Py_ssize_t length, Py_ssize_t groups,
    /,
):
    cdef Channels c
    cdef double* sums
    cdef double weight_sum, bias_sum
    cdef Py_ssize_t j, i
    check_groups(channels, groups)
    channels_of[floating](&c, NULL, x, mean, rstd, weight, n, channels, length, n * groups)
    check_sizes(min(g.shape[0], grad_input.shape[0]), n, channels, length)
    check_sizes(min(grad_weight.shape[0], grad_bias.shape[0]), channels, 1, 1)
    sums = <double*>malloc(2 * n * channels * sizeof(double))
    if sums == NULL:
        raise MemoryError
    c.g, c.out, c.first, c.second = <const char*>&g[0], <char*>&grad_input[0], sums, sums + n * channels
    c.groups = groups
    parallel_for(<task_t>group_norm_backward_task[floating], &c, n * groups,
                 max(1, GRAIN // (channels // groups * length)))
    for j in range(channels):
        weight_sum = bias_sum = 0
        for i in range(n):
            weight_sum += c.second[i * channels + j] * rstd[i * groups + j // (channels // groups)]
            bias_sum += c.first[i * channels + j]
        grad_weight[j] = <floating>weight_sum
        grad_bias[j] = <floating>bias_sum
    free(sums)
