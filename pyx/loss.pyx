"""Losses: one element at a time, of class indices, and of alignments.

(a) A loss of class indices sees its input as (n, classes, length) and its target as (n, length). Kernels give the loss
    of each target and return the sum of the weights; what the reduction makes of both is the caller's.
(b) cross_entropy keeps, of log_softmax, the logarithm of each sum of exponentials: backward makes the rest again, and
    no array of the input's size is saved.
(c) Classes run along columns, which are the vector lanes, wherever there are columns; the rows of a plain (n, classes)
    input with few classes are transposed into a tile, its longer ones folded as rows.
(d) A target is checked before (`check_target`); one that is neither a class nor ignored counts as ignored.
"""
from libc.math cimport INFINITY, NAN
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

from indices cimport beyond
from inlined cimport inlined_void
from math cimport abs_, add_, exp_, exp_negative_, log1p_, log_, log_sigmoid_, maximum_, sigmoid_, xlogy_
from rows cimport fold_row, larger_, row_max, row_sum, transpose_rows
from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    MSE
    L1
    SMOOTH_L1
    HUBER
    BCE
    BCE_WITH_LOGITS
    KL_DIV
    KL_DIV_LOG

codes = {
    "mse": MSE, "l1": L1, "smooth_l1": SMOOTH_L1, "huber": HUBER, "bce": BCE, "bce_with_logits": BCE_WITH_LOGITS,
    "kl_div": KL_DIV, "kl_div_log": KL_DIV_LOG,
}

cdef enum:
    NONE = 0               # of `reductions`
    SUM = 1
    MEAN = 2

reductions = {"none": NONE, "sum": SUM, "mean": MEAN}

cdef enum:
    TILE = 1024            # elements whose losses are summed at once
    WIDTH = 256            # columns handled together
    SHORT = 32             # rows of up to this many classes are handled as columns of a tile
    GRAIN = 16384          # elements a thread takes at a time


# ------------------------------------------------------------------------------------------------ elementwise rules
# Loss of (x, y) with parameter a, and its derivative by x.


cdef inline floating mse_(floating x, floating y, floating a) noexcept nogil:
    return (x - y) * (x - y)

cdef inline floating mse_backward_(floating x, floating y, floating a) noexcept nogil:
    return <floating>2 * (x - y)

cdef inline floating l1_(floating x, floating y, floating a) noexcept nogil:
    return abs_(x - y)

cdef inline floating l1_backward_(floating x, floating y, floating a) noexcept nogil:
    return <floating>(x > y) - <floating>(x < y)

cdef inline floating smooth_l1_(floating x, floating y, floating beta) noexcept nogil:
    cdef floating z = abs_(x - y)
    return <floating>0.5 * z * z / beta if z < beta else z - <floating>0.5 * beta

cdef inline floating smooth_l1_backward_(floating x, floating y, floating beta) noexcept nogil:
    cdef floating z = x - y
    cdef floating side = <floating>1 if z >= beta else z / beta
    return <floating>-1 if z <= -beta else side

cdef inline floating huber_(floating x, floating y, floating delta) noexcept nogil:
    cdef floating z = abs_(x - y)
    return <floating>0.5 * z * z if z < delta else delta * (z - <floating>0.5 * delta)

cdef inline floating huber_backward_(floating x, floating y, floating delta) noexcept nogil:
    cdef floating z = x - y
    cdef floating side = delta if z >= delta else z
    return -delta if z <= -delta else side

cdef inline floating bce_(floating x, floating y, floating a) noexcept nogil:
    return (y - <floating>1) * maximum_(log1p_(-x), <floating>-100) - y * maximum_(log_(x), <floating>-100)

cdef inline floating bce_backward_(floating x, floating y, floating a) noexcept nogil:
    # PyTorch's bound is a float32 constant in either type.
    return (x - y) / maximum_((<floating>1 - x) * x, <floating><float>1e-12)

cdef inline floating bce_with_logits_(floating x, floating y, floating a) noexcept nogil:
    return (<floating>1 - y) * x - log_sigmoid_(x)

cdef inline floating bce_with_logits_backward_(floating x, floating y, floating a) noexcept nogil:
    return sigmoid_(x) - y

cdef inline floating kl_div_(floating x, floating y, floating a) noexcept nogil:
    return xlogy_(y, y) - y * x

cdef inline floating kl_div_backward_(floating x, floating y, floating a) noexcept nogil:
    return -y

cdef inline floating kl_div_log_(floating x, floating y, floating a) noexcept nogil:
    return exp_(y) * (y - x)

cdef inline floating kl_div_log_backward_(floating x, floating y, floating a) noexcept nogil:
    return -exp_(y)


cdef inline inlined_void each(
    floating (*rule)(floating, floating, floating) noexcept nogil, const floating* x, const floating* y, floating a,
    floating* out, Py_ssize_t n,
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i], y[i], a)


cdef struct Pointwise:
    int op
    double* partial        # sums of the losses, one for each GRAIN, or NULL
    const char* x
    const char* y
    const char* w          # weights of the positive answers, or NULL
    const char* g
    char* out
    double a
    Py_ssize_t step        # of g: 0 if one number serves all elements


cdef void forward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Elements lo to hi, or their sum. (`ctx` is a Pointwise.)"""
    cdef const Pointwise* c = <const Pointwise*>ctx
    cdef const floating* x
    cdef const floating* y
    cdef const floating* w
    cdef floating tile[TILE]
    cdef floating* out = tile
    cdef floating a = <floating>c.a
    cdef double total = 0
    cdef Py_ssize_t at = lo, n = hi - lo, i
    while at < hi:
        x = <const floating*>c.x + at
        y = <const floating*>c.y + at
        if c.partial == NULL:
            out = <floating*>c.out + at
        else:
            n = min(TILE, hi - at)
        if c.op == MSE:
            each(mse_[floating], x, y, a, out, n)
        elif c.op == L1:
            each(l1_[floating], x, y, a, out, n)
        elif c.op == SMOOTH_L1:
            each(smooth_l1_[floating], x, y, a, out, n)
        elif c.op == HUBER:
            each(huber_[floating], x, y, a, out, n)
        elif c.op == BCE:
            each(bce_[floating], x, y, a, out, n)
        elif c.op == KL_DIV:
            each(kl_div_[floating], x, y, a, out, n)
        elif c.op == KL_DIV_LOG:
            each(kl_div_log_[floating], x, y, a, out, n)
        elif c.w == NULL:
            each(bce_with_logits_[floating], x, y, a, out, n)
        else:
            w = <const floating*>c.w + at
            for i in range(n):
                out[i] = (<floating>1 - y[i]) * x[i] - ((w[i] - <floating>1) * y[i] + <floating>1) * log_sigmoid_(x[i])
        if c.partial != NULL:
            total += row_sum(<const floating*>out, n)
        at += n
    if c.partial != NULL:
        c.partial[lo // GRAIN] = total


cdef void backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Elements lo to hi: the slopes of a tile, then these times g. (`ctx` is a Pointwise.)"""
    cdef const Pointwise* c = <const Pointwise*>ctx
    cdef const floating* x
    cdef const floating* y
    cdef const floating* w
    cdef const floating* g = <const floating*>c.g
    cdef floating* out
    cdef floating a = <floating>c.a, whole = g[0]
    cdef Py_ssize_t at = lo, n, i
    while at < hi:
        n = min(TILE, hi - at)
        x, y, out = <const floating*>c.x + at, <const floating*>c.y + at, <floating*>c.out + at
        if c.op == MSE:
            each(mse_backward_[floating], x, y, a, out, n)
        elif c.op == L1:
            each(l1_backward_[floating], x, y, a, out, n)
        elif c.op == SMOOTH_L1:
            each(smooth_l1_backward_[floating], x, y, a, out, n)
        elif c.op == HUBER:
            each(huber_backward_[floating], x, y, a, out, n)
        elif c.op == BCE:
            each(bce_backward_[floating], x, y, a, out, n)
        elif c.op == KL_DIV:
            each(kl_div_backward_[floating], x, y, a, out, n)
        elif c.op == KL_DIV_LOG:
            each(kl_div_log_backward_[floating], x, y, a, out, n)
        elif c.w == NULL:
            each(bce_with_logits_backward_[floating], x, y, a, out, n)
        else:
            w = <const floating*>c.w + at
            for i in range(n):
                out[i] = (w[i] * y[i] + <floating>1 - y[i]) * sigmoid_(x[i]) - w[i] * y[i]
        if c.step == 0:
            for i in range(n):
                out[i] *= whole
        else:
            for i in range(n):
                out[i] *= g[at + i]
        at += n


def pointwise_loss(
    const floating[::1] x, const floating[::1] y, floating[::1] out, int op, double a=1,
    const floating[::1] pos_weight=None, int reduction=NONE,
    /,
):
    cdef Pointwise c
    cdef Py_ssize_t n = x.shape[0], i
    cdef double total = 0
    if (n < 1 or y.shape[0] < n or out.shape[0] < (n if reduction == NONE else 1)
            or (pos_weight is not None and pos_weight.shape[0] < n)):
        raise ValueError(f"pointwise_loss: a buffer is shorter than {n} elements")
    if op < MSE or op > KL_DIV_LOG:
        raise ValueError(f"pointwise_loss: no op {op}")
    c.op, c.a = op, a
    c.x, c.y, c.out = <const char*>&x[0], <const char*>&y[0], <char*>&out[0]
    c.w, c.partial = NULL, NULL
    if pos_weight is not None:
        c.w = <const char*>&pos_weight[0]
    if reduction != NONE:
        c.partial = <double*>malloc((n + GRAIN - 1) // GRAIN * sizeof(double))
        if c.partial == NULL:
            raise MemoryError
    parallel_for(<task_t>forward_task[floating], &c, n, GRAIN)
    if reduction != NONE:
        for i in range((n + GRAIN - 1) // GRAIN):
            total += c.partial[i]
        free(c.partial)
        out[0] = <floating>(total / n if reduction == MEAN else total)


def pointwise_loss_backward(
    const floating[::1] g, const floating[::1] x, const floating[::1] y, floating[::1] grad_input, int op, double a=1,
    const floating[::1] pos_weight=None,
    /,
):
    cdef Pointwise c
    cdef Py_ssize_t n = x.shape[0]
    if (n < 1 or y.shape[0] < n or grad_input.shape[0] < n or (g.shape[0] != 1 and g.shape[0] < n)
            or (pos_weight is not None and pos_weight.shape[0] < n)):
        raise ValueError(f"pointwise_loss_backward: a buffer is shorter than {n} elements")
    if op < MSE or op > KL_DIV_LOG:
        raise ValueError(f"pointwise_loss_backward: no op {op}")
    c.op, c.a, c.step = op, a, 0 if g.shape[0] == 1 else 1
    c.g, c.x, c.y, c.out = <const char*>&g[0], <const char*>&x[0], <const char*>&y[0], <char*>&grad_input[0]
    c.w = NULL
    if pos_weight is not None:
        c.w = <const char*>&pos_weight[0]
    parallel_for(<task_t>backward_task[floating], &c, n, GRAIN)


# ------------------------------------------------------------------------------------------------ class indices

cdef struct Classes:
    const char* x
    const char* lse        # cross_entropy: log of the sum of exponentials, per target
    const int64_t* target
    const char* weight     # per class, or NULL
    const char* g
    char* out              # losses, or the gradient
    Py_ssize_t classes
    Py_ssize_t length
    Py_ssize_t blocks      # of at most WIDTH columns
    Py_ssize_t step        # of g: 0 if one number serves all targets
    int64_t ignore
    double smoothing
    double scale           # of g
    double total           # of the class weights


def check_target(const int64_t[::1] target, Py_ssize_t classes, int64_t ignore_index, /):
    cdef Py_ssize_t n = target.shape[0], i
    cdef int64_t wrong = 0
    for i in range(n):
        wrong |= (<uint64_t>target[i] >= <uint64_t>classes) & (target[i] != ignore_index)
    if wrong:
        for i in range(n):
            if <uint64_t>target[i] >= <uint64_t>classes and target[i] != ignore_index:
                return i
    return -1


cdef inline bint counts(const Classes* c, Py_ssize_t i) noexcept nogil:
    """Whether target i takes part."""
    return (c.target[i] != c.ignore) & (<uint64_t>c.target[i] < <uint64_t>c.classes)


cdef void column_lse(
    const floating* x, Py_ssize_t classes, Py_ssize_t stride, Py_ssize_t width, floating* out
) noexcept nogil:
    """log(sum(exp(x))) down columns, of which there are at most WIDTH."""
    cdef floating top[WIDTH]
    cdef floating total[WIDTH]
    cdef Py_ssize_t k, j
    for j in range(width):
        top[j] = x[j]
        total[j] = 0
    for k in range(1, classes):
        for j in range(width):
            top[j] = larger_(top[j], x[k * stride + j])
    for k in range(classes):
        for j in range(width):
            total[j] += exp_negative_(top[j] - x[k * stride + j])
    for j in range(width):
        out[j] = top[j] + log_(total[j])


cdef floating row_lse(const floating* x, Py_ssize_t n) noexcept nogil:
    cdef floating part[WIDTH]
    cdef floating top = row_max(x, n), total = 0
    cdef Py_ssize_t k = 0, j, width
    while k < n:
        width = min(WIDTH, n - k)
        for j in range(width):
            part[j] = exp_negative_(top - x[k + j])
        total += row_sum(<const floating*>part, width)
        k += width
    return top + log_(total)


cdef void lse_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (sample, block of columns). (`ctx` is a Classes.)"""
    cdef const Classes* c = <const Classes*>ctx
    cdef const floating* x = <const floating*>c.x
    cdef floating* lse = <floating*>c.lse
    cdef floating tile[64 * SHORT]
    cdef Py_ssize_t unit = lo, n, column
    if c.length > 1:
        for unit in range(lo, hi):
            n = unit // c.blocks
            column = unit % c.blocks * WIDTH
            column_lse(x + n * c.classes * c.length + column, c.classes, c.length, min(WIDTH, c.length - column),
                       lse + n * c.length + column)
    elif c.classes <= SHORT:
        while unit < hi:
            n = min(64, hi - unit)
            transpose_rows(x + unit * c.classes, tile, n, c.classes)
            column_lse(<const floating*>tile, c.classes, n, n, lse + unit)
            unit += n
    else:
        for unit in range(lo, hi):
            lse[unit] = row_lse(x + unit * c.classes, c.classes)


cdef void losses_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """The losses of targets lo to hi; without `lse` the input is log-probabilities. (`ctx` is a Classes.)"""
    cdef const Classes* c = <const Classes*>ctx
    cdef const floating* weight = <const floating*>c.weight
    cdef const floating* x
    cdef floating* out = <floating*>c.out
    cdef floating lse = 0, loss, smooth
    cdef Py_ssize_t i, k, t
    for i in range(lo, hi):
        if not counts(c, i):
            out[i] = 0
            continue
        x = <const floating*>c.x + i * c.classes
        if c.length > 1:
            x += (i % c.length) * (1 - c.classes)
        t = c.target[i]
        if c.lse != NULL:
            lse = (<const floating*>c.lse)[i]
        loss = lse - x[t * c.length]
        if weight != NULL:
            loss *= weight[t]
        if c.smoothing > 0:
            smooth = 0
            for k in range(c.classes):
                smooth += (lse - x[k * c.length]) * (<floating>1 if weight == NULL else weight[k])
            loss = <floating>(1 - c.smoothing) * loss + <floating>(c.smoothing / c.classes) * smooth
        out[i] = loss


cdef inline floating incoming(const Classes* c, const floating* g, Py_ssize_t i) noexcept nogil:
    """The gradient of target i's loss."""
    return g[i * c.step] * <floating>c.scale if counts(c, i) else <floating>0


cdef void cross_entropy_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Units (sample, block of columns): softmax times a factor per target, then what the target takes off.

    (`ctx` is a Classes.)
    """
    cdef const Classes* c = <const Classes*>ctx
    cdef const floating* weight = <const floating*>c.weight
    cdef const floating* lse
    cdef const floating* x
    cdef floating* out
    cdef floating g[WIDTH]
    cdef floating factor[WIDTH]
    cdef floating spread = <floating>(c.smoothing / c.classes), w
    cdef Py_ssize_t unit = lo, first, count, at, i, k, stride
    while unit < hi:
        # `count` targets from `first` on, whose classes are `stride` apart.
        if c.length > 1:
            at = unit % c.blocks * WIDTH
            first = unit // c.blocks * c.length + at
            at += unit // c.blocks * c.classes * c.length
            count = min(WIDTH, c.length - unit % c.blocks * WIDTH)
            stride = c.length
            unit += 1
        else:
            first = unit
            count = min(max(1, WIDTH // c.classes), hi - unit)
            at = first * c.classes
            stride = 1
            unit += count
        x = <const floating*>c.x + at
        out = <floating*>c.out + at
        lse = <const floating*>c.lse + first
        for i in range(count):
            g[i] = incoming(c, <const floating*>c.g, first + i)
            w = 0
            if counts(c, first + i):
                w = <floating>(1 - c.smoothing) * (<floating>1 if weight == NULL else weight[c.target[first + i]])
            factor[i] = g[i] * (w + spread * <floating>c.total)
        if c.length > 1:
            for k in range(c.classes):
                for i in range(count):
                    out[k * stride + i] = exp_negative_(lse[i] - x[k * stride + i])
                for i in range(count):
                    # An ignored target's gradient is zero whatever its softmax is.
                    out[k * stride + i] = out[k * stride + i] * factor[i] if factor[i] != 0 else <floating>0
        else:
            for i in range(count):
                at = i * c.classes
                for k in range(at, at + c.classes):
                    out[k] = lse[i] - x[k]
            for k in range(count * c.classes):
                out[k] = exp_negative_(out[k])
            for i in range(count):
                at = i * c.classes
                if factor[i] != 0:
                    for k in range(at, at + c.classes):
                        out[k] *= factor[i]
                else:
                    for k in range(at, at + c.classes):
                        out[k] = 0
        for i in range(count):
            if not counts(c, first + i):
                continue
            at = i if c.length > 1 else i * c.classes
            if spread > 0:
                for k in range(c.classes):
                    out[at + k * stride] -= g[i] * spread * (<floating>1 if weight == NULL else weight[k])
            k = c.target[first + i]
            w = <floating>(1 - c.smoothing) * (<floating>1 if weight == NULL else weight[k])
            out[at + k * stride] -= g[i] * w


cdef int set_classes(
    Classes* c, floating* tag, const floating[::1] x, const int64_t[::1] target, const floating[::1] weight,
    Py_ssize_t n, Py_ssize_t classes, Py_ssize_t length, int64_t ignore_index, double smoothing,
) except -1:
    """Check and take what the losses of class indices share."""
    cdef Py_ssize_t k
    if (n < 1 or classes < 1 or length < 1 or n > x.shape[0] or classes > x.shape[0] // n
            or length > x.shape[0] // n // classes or target.shape[0] < n * length):
        raise ValueError(f"loss: ({n}, {classes}, {length}) does not fit {x.shape[0]} elements, "
                         f"{target.shape[0]} targets")
    if weight is not None and weight.shape[0] < classes:
        raise ValueError(f"loss: {weight.shape[0]} weights for {classes} classes")
    c.x, c.lse, c.target, c.g = <const char*>&x[0], NULL, &target[0], NULL
    c.weight = NULL
    if weight is not None:
        c.weight = <const char*>&weight[0]
    c.classes, c.length, c.blocks = classes, length, (length + WIDTH - 1) // WIDTH
    c.ignore, c.smoothing, c.scale, c.total = ignore_index, smoothing, 1, classes
    if weight is not None:
        c.total = 0
        for k in range(classes):
            c.total += weight[k]
    return 0


cdef double total_weight(const Classes* c, floating* tag, Py_ssize_t n) noexcept:
    """The sum of the weights of the targets that take part."""
    cdef double total = 0
    cdef Py_ssize_t i, known = 0
    if c.weight == NULL:
        for i in range(n):
            known += counts(c, i)
        return <double>known
    for i in range(n):
        if counts(c, i):
            total += (<const floating*>c.weight)[c.target[i]]
    return total


cdef double total_loss(const floating* losses, Py_ssize_t n) noexcept:
    cdef double total = 0
    cdef Py_ssize_t i = 0
    while i < n:
        total += row_sum(losses + i, min(TILE, n - i))
        i += TILE
    return total


def nll_loss(
    const floating[::1] x, const int64_t[::1] target, const floating[::1] weight, floating[::1] out, Py_ssize_t n,
    Py_ssize_t classes, Py_ssize_t length, int64_t ignore_index,
    /,
):
    cdef Classes c
    set_classes[floating](&c, NULL, x, target, weight, n, classes, length, ignore_index, 0)
    if out.shape[0] < n * length:
        raise ValueError(f"nll_loss: {out.shape[0]} losses for {n * length} targets")
    c.out = <char*>&out[0]
    parallel_for(<task_t>losses_task[floating], &c, n * length, GRAIN)
    return total_weight[floating](&c, NULL, n * length), total_loss[floating](<const floating*>c.out, n * length)


def nll_loss_backward(
    const floating[::1] g, const int64_t[::1] target, const floating[::1] weight, floating[::1] grad_input,
    Py_ssize_t n, Py_ssize_t classes, Py_ssize_t length, int64_t ignore_index, double scale=1,
    /,
):
    cdef Classes c
    cdef Py_ssize_t i
    cdef floating w = 1
    set_classes[floating](&c, NULL, grad_input, target, weight, n, classes, length, ignore_index, 0)
    if g.shape[0] != 1 and g.shape[0] < n * length:
        raise ValueError(f"nll_loss_backward: {g.shape[0]} gradients for {n * length} targets")
    c.step, c.scale = 0 if g.shape[0] == 1 else 1, scale
    for i in range(n * classes * length):
        grad_input[i] = 0
    for i in range(n * length):
        if counts(&c, i):
            if weight is not None:
                w = weight[target[i]]
            grad_input[(i // length * classes + target[i]) * length + i % length] = -incoming(&c, &g[0], i) * w


def cross_entropy(
    const floating[::1] x, const int64_t[::1] target, const floating[::1] weight, floating[::1] out,
    floating[::1] lse, Py_ssize_t n, Py_ssize_t classes, Py_ssize_t length, int64_t ignore_index,
    double label_smoothing=0,
    /,
):
    cdef Classes c
    set_classes[floating](&c, NULL, x, target, weight, n, classes, length, ignore_index, label_smoothing)
    if min(out.shape[0], lse.shape[0]) < n * length:
        raise ValueError(f"cross_entropy: {min(out.shape[0], lse.shape[0])} losses for {n * length} targets")
    c.out, c.lse = <char*>&out[0], <const char*>&lse[0]
    parallel_for(<task_t>lse_task[floating], &c, n * c.blocks, max(1, GRAIN // 2 // (classes * min(length, WIDTH))))
    parallel_for(<task_t>losses_task[floating], &c, n * length, GRAIN)
    return total_weight[floating](&c, NULL, n * length), total_loss[floating](<const floating*>c.out, n * length)


def cross_entropy_backward(
    const floating[::1] g, const floating[::1] x, const int64_t[::1] target, const floating[::1] weight,
    const floating[::1] lse, floating[::1] grad_input, Py_ssize_t n, Py_ssize_t classes, Py_ssize_t length,
    int64_t ignore_index, double label_smoothing=0, double scale=1,
    /,
):
    cdef Classes c
    set_classes[floating](&c, NULL, x, target, weight, n, classes, length, ignore_index, label_smoothing)
    if ((g.shape[0] != 1 and g.shape[0] < n * length) or lse.shape[0] < n * length
            or grad_input.shape[0] < n * classes * length):
        raise ValueError(f"cross_entropy_backward: a buffer is too short for ({n}, {classes}, {length})")
    c.g, c.lse, c.out = <const char*>&g[0], <const char*>&lse[0], <char*>&grad_input[0]
    c.step, c.scale = 0 if g.shape[0] == 1 else 1, scale
    parallel_for(<task_t>cross_entropy_backward_task[floating], &c, n * c.blocks,
                 max(1, GRAIN // 2 // (classes * min(length, WIDTH))))


# ------------------------------------------------------------------------------------------------ margins

cdef struct Margins:
    const char* x
    const int64_t* target
    const char* weight     # per class, or NULL
    const char* g
    char* out              # losses, or the gradient
    Py_ssize_t classes
    Py_ssize_t step        # of g: 0 if one number serves all rows
    bint squared
    double margin
    double scale           # of g


cdef inline floating hinge_(floating x, floating y, floating z, floating a) noexcept nogil:
    cdef floating h = x + a
    return h if h > 0 else <floating>0    # NaN is none, as in PyTorch

cdef inline floating squared_hinge_(floating x, floating y, floating z, floating a) noexcept nogil:
    cdef floating h = hinge_(x, y, z, a)
    return h * h


cdef floating hinges(const floating* x, floating a, bint squared, Py_ssize_t n) noexcept nogil:
    cdef floating out
    if squared:
        fold_row(squared_hinge_[floating], add_[floating], <floating>0, x, x, x, a, n, &out)
    else:
        fold_row(hinge_[floating], add_[floating], <floating>0, x, x, x, a, n, &out)
    return out


cdef inline floating factor_of(const Margins* c, const floating* x, int64_t k) noexcept nogil:
    """What a row's hinges are multiplied by, where k is the right class."""
    return (<floating>1 if c.weight == NULL else (<const floating*>c.weight)[k]) / <floating>c.classes


cdef void margins_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """The losses of rows lo to hi. (`ctx` is a Margins.)"""
    cdef const Margins* c = <const Margins*>ctx
    cdef const floating* x
    cdef floating a, total
    cdef Py_ssize_t i, k, n = c.classes
    for i in range(lo, hi):
        x, k = <const floating*>c.x + i * n, c.target[i]
        a = <floating>c.margin - x[k]
        total = hinges(x, a, c.squared, k) + hinges(x + k + 1, a, c.squared, n - k - 1)
        (<floating*>c.out)[i] = total * factor_of(c, x, k)


cdef void margins_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef const Margins* c = <const Margins*>ctx
    cdef const floating* x
    cdef floating* out
    cdef floating a, factor
    cdef Py_ssize_t i, j, k, n = c.classes
    for i in range(lo, hi):
        x, out, k = <const floating*>c.x + i * n, <floating*>c.out + i * n, c.target[i]
        a = <floating>c.margin - x[k]
        factor = (<const floating*>c.g)[i * c.step] * <floating>c.scale * factor_of(c, x, k)
        if c.squared:
            factor *= 2
            for j in range(n):
                out[j] = hinge_(x[j], a, a, a) * factor
        else:
            for j in range(n):
                out[j] = factor if x[j] + a > 0 else <floating>0
        out[k] = 0
        out[k] = -row_sum(<const floating*>out, n)


cdef int set_margins(
    Margins* c, const floating[::1] x, const int64_t[::1] target, const floating[::1] weight, Py_ssize_t n,
    Py_ssize_t classes, bint squared, double margin,
) except -1:
    if (n < 1 or classes < 1 or n > x.shape[0] or classes > x.shape[0] // n or target.shape[0] < n
            or (weight is not None and weight.shape[0] < classes)):
        raise ValueError(f"multi_margin_loss: a buffer is too short for ({n}, {classes})")
    if beyond(&target[0], n, classes):
        raise ValueError(f"multi_margin_loss: a target is none of {classes} classes")
    c.x, c.target, c.weight = <const char*>&x[0], &target[0], NULL
    if weight is not None:
        c.weight = <const char*>&weight[0]
    c.classes, c.squared, c.margin = classes, squared, margin
    return 0


def multi_margin_loss(
    const floating[::1] x, const int64_t[::1] target, const floating[::1] weight, floating[::1] out, Py_ssize_t n,
    Py_ssize_t classes, bint squared, double margin,
    /,
):
    cdef Margins c
    set_margins(&c, x, target, weight, n, classes, squared, margin)
    if out.shape[0] < n:
        raise ValueError(f"multi_margin_loss: {out.shape[0]} losses for {n} targets")
    c.out = <char*>&out[0]
    parallel_for(<task_t>margins_task[floating], &c, n, max(1, GRAIN // classes))
    return total_loss[floating](<const floating*>c.out, n)


def multi_margin_loss_backward(
    const floating[::1] g, const floating[::1] x, const int64_t[::1] target, const floating[::1] weight,
    floating[::1] grad_input, Py_ssize_t n, Py_ssize_t classes, bint squared, double margin, double scale,
    /,
):
    cdef Margins c
    set_margins(&c, x, target, weight, n, classes, squared, margin)
    if (g.shape[0] != 1 and g.shape[0] < n) or grad_input.shape[0] < n * classes:
        raise ValueError(f"multi_margin_loss_backward: a buffer is too short for ({n}, {classes})")
    c.g, c.out, c.step, c.scale = <const char*>&g[0], <char*>&grad_input[0], 0 if g.shape[0] == 1 else 1, scale
    parallel_for(<task_t>margins_backward_task[floating], &c, n, max(1, GRAIN // classes))


# ------------------------------------------------------------------------------------------------ alignments
# ctc_loss. A sample's path is its labels with blanks between and around them; `labels` holds it from column 2 on, with
# two columns more at either end, so that the step over one label needs no border: it is allowed between two that differ.
# alpha[t][s] is the logarithm of the probability of all alignments of the first t + 1 inputs that end at s.

cdef struct Alignments:
    const char* x                    # (steps, batch, classes), logarithms of probabilities
    const int64_t* labels            # (batch, width)
    const int64_t* input_lengths
    const int64_t* target_lengths
    char* alpha                      # (batch, steps, width); -infinity before the path
    char* losses
    const char* g
    char* scratch                    # backward: three rows of width per sample
    char* out                        # backward: the gradient
    Py_ssize_t steps
    Py_ssize_t batch
    Py_ssize_t classes
    Py_ssize_t width
    bint zero_infinity


cdef inline floating log_sum_exp_(floating x, floating y, floating z) noexcept nogil:
    cdef floating top = larger_(larger_(x, y), z)
    top = top if top > -<floating>INFINITY else <floating>0
    return top + log_(exp_negative_(top - x) + exp_negative_(top - y) + exp_negative_(top - z))


cdef void ctc_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Alphas and losses of samples. (`ctx` is an Alignments.)"""
    cdef const Alignments* c = <const Alignments*>ctx
    cdef const floating* x
    cdef const int64_t* label
    cdef floating* a
    cdef floating* before
    cdef floating far
    cdef Py_ssize_t n, s, length, _
    for n in range(lo, hi):
        label = c.labels + n * c.width + 2
        length = 2 * c.target_lengths[n] + 1
        a = <floating*>c.alpha + n * c.steps * c.width + 2
        x = <const floating*>c.x + n * c.classes
        if c.input_lengths[n] == 0:
            (<floating*>c.losses)[n] = <floating>0 if length == 1 else <floating>INFINITY
            continue
        for s in range(-2, length):
            a[s] = x[label[s]] if 0 <= s < 2 else -<floating>INFINITY
        for _ in range(1, c.input_lengths[n]):
            before = a
            a = a + c.width
            x = x + c.batch * c.classes
            (a - 2)[0] = (a - 1)[0] = -<floating>INFINITY
            for s in range(length):
                a[s] = x[label[s]]
            for s in range(length):
                far = before[s - 2] if label[s] != label[s - 2] else -<floating>INFINITY
                a[s] += log_sum_exp_(before[s], before[s - 1], far)
        (<floating*>c.losses)[n] = -log_sum_exp_(a[length - 1], a[length - 2], -<floating>INFINITY)


cdef void ctc_backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Gradients of samples: exp(x) less how probable each class is at each step, given the target.

    (`ctx` is an Alignments.)
    """
    cdef const Alignments* c = <const Alignments*>ctx
    cdef const floating* x
    cdef const int64_t* label
    cdef const floating* a
    cdef floating* b
    cdef floating* after
    cdef floating* p
    cdef floating* out
    cdef floating loss, g, far
    cdef Py_ssize_t n, t, s, k, length, row = c.batch * c.classes
    for n in range(lo, hi):
        label = c.labels + n * c.width + 2
        length = 2 * c.target_lengths[n] + 1
        loss = (<floating*>c.losses)[n]
        g = (<const floating*>c.g)[n]
        b = <floating*>c.scratch + 3 * n * c.width
        after = b + c.width
        p = after + c.width
        after[length] = after[length + 1] = b[length] = b[length + 1] = -<floating>INFINITY
        for t in range(c.steps - 1, -1, -1):
            x = <const floating*>c.x + t * row + n * c.classes
            out = <floating*>c.out + t * row + n * c.classes
            if t >= c.input_lengths[n] or (c.zero_infinity and loss == <floating>INFINITY):
                for k in range(c.classes):
                    out[k] = 0
                continue
            if not loss < <floating>INFINITY:
                for k in range(c.classes):
                    out[k] = <floating>NAN
                continue
            a = <const floating*>c.alpha + (n * c.steps + t) * c.width + 2
            for s in range(length):
                p[s] = x[label[s]]
            if t == c.input_lengths[n] - 1:
                for s in range(length):
                    b[s] = p[s] if s >= length - 2 else -<floating>INFINITY
            else:
                b, after = after, b
                for s in range(length):
                    far = after[s + 2] if label[s] != label[s + 2] else -<floating>INFINITY
                    b[s] = p[s] + log_sum_exp_(after[s], after[s + 1], far)
            # Where a label is impossible, no alignment goes that way.
            for s in range(length):
                p[s] = exp_(a[s] + b[s] + loss - p[s]) if p[s] != -<floating>INFINITY else <floating>0
            for k in range(c.classes):
                out[k] = exp_(x[k])
            for s in range(length):
                out[label[s]] -= p[s]
            for k in range(c.classes):
                out[k] *= g


cdef int set_alignments(
    Alignments* c, floating* tag, const floating[::1] x, const int64_t[::1] labels, const int64_t[::1] input_lengths,
    const int64_t[::1] target_lengths, const floating[::1] alpha, const floating[::1] losses, Py_ssize_t steps,
    Py_ssize_t batch, Py_ssize_t classes,
) except -1:
    """Check and take what forward and backward share."""
    cdef Py_ssize_t n, width
    if steps < 1 or batch < 1 or classes < 1 or x.shape[0] // steps // batch < classes:
        raise ValueError(f"ctc_loss: ({steps}, {batch}, {classes}) does not fit {x.shape[0]} elements")
    width = labels.shape[0] // batch
    if (min(input_lengths.shape[0], target_lengths.shape[0], losses.shape[0]) < batch or width < 5
            or alpha.shape[0] // batch // steps < width or check_target(labels, classes, 0) >= 0):
        raise ValueError(f"ctc_loss: a buffer is too short for {batch} samples of {width} labels, or a label no class")
    for n in range(batch):
        if not (0 <= input_lengths[n] <= steps and 0 <= target_lengths[n] <= (width - 5) // 2):
            raise ValueError(f"ctc_loss: {input_lengths[n]} inputs and {target_lengths[n]} labels do not fit")
    c.x, c.labels, c.input_lengths = <const char*>&x[0], &labels[0], &input_lengths[0]
    c.target_lengths, c.alpha, c.losses = &target_lengths[0], <char*>&alpha[0], <char*>&losses[0]
    c.steps, c.batch, c.classes, c.width = steps, batch, classes, width
    return 0


def ctc_loss(
    const floating[::1] x, const int64_t[::1] labels, const int64_t[::1] input_lengths,
    const int64_t[::1] target_lengths, floating[::1] alpha, floating[::1] losses, Py_ssize_t steps, Py_ssize_t batch,
    Py_ssize_t classes,
    /,
):
    cdef Alignments c
    set_alignments[floating](&c, NULL, x, labels, input_lengths, target_lengths, alpha, losses, steps, batch, classes)
    parallel_for(<task_t>ctc_task[floating], &c, batch, max(1, GRAIN // 8 // (steps * c.width)))


def ctc_loss_backward(
    const floating[::1] g, const floating[::1] x, const int64_t[::1] labels, const int64_t[::1] input_lengths,
    const int64_t[::1] target_lengths, const floating[::1] alpha, const floating[::1] losses, floating[::1] scratch,
    floating[::1] grad_input, Py_ssize_t steps, Py_ssize_t batch, Py_ssize_t classes, bint zero_infinity,
    /,
):
    cdef Alignments c
    set_alignments[floating](&c, NULL, x, labels, input_lengths, target_lengths, alpha, losses, steps, batch, classes)
    if g.shape[0] < batch or scratch.shape[0] // 3 // batch < c.width or grad_input.shape[0] < steps * batch * classes:
        raise ValueError(f"ctc_loss_backward: a buffer is too short for ({steps}, {batch}, {classes})")
    c.g, c.scratch, c.out, c.zero_infinity = <const char*>&g[0], <char*>&scratch[0], <char*>&grad_input[0], zero_infinity
    parallel_for(<task_t>ctc_backward_task[floating], &c, batch, max(1, GRAIN // 8 // (steps * max(c.width, classes))))
