"""Steps of optimizers, one pass over a parameter and its state. The formulas are those of `torch.optim`, operation by
operation, so that the numbers are too.
"""
from libc.math cimport sqrt, sqrtf

from math cimport abs_, maximum_
from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    GRAIN = 16384   # elements in a chunk


cdef inline floating root(floating x) noexcept nogil:
    if floating is float:
        return sqrtf(x)
    else:
        return sqrt(x)


cdef struct Adam:
    void* param
    const void* grad
    void* first           # running mean of the gradient
    void* second          # and of its square
    void* largest         # greatest `second` so far (amsgrad), or NULL
    double sign           # -1 to maximize
    double coupled        # weight decay that is added to the gradient
    double shrink         # factor of the parameter (decoupled weight decay)
    double rest1          # 1 - beta1
    double beta2
    double rest2
    double root2          # of the bias correction of `second`
    double eps
    double step_size


cdef void adam_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef const Adam* s = <const Adam*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* first = <floating*>s.first
    cdef floating* second = <floating*>s.second
    cdef floating* largest = <floating*>s.largest
    cdef floating sign = <floating>s.sign, coupled = <floating>s.coupled, shrink = <floating>s.shrink
    cdef floating rest1 = <floating>s.rest1, beta2 = <floating>s.beta2, rest2 = <floating>s.rest2
    cdef floating root2 = <floating>s.root2, eps = <floating>s.eps, step_size = <floating>s.step_size
    cdef floating g, p, m, v
    cdef Py_ssize_t i
    if largest == NULL:
        for i in range(lo, hi):
            p = param[i] * shrink
            g = sign * grad[i] + coupled * p
            m = first[i] + rest1 * (g - first[i])
            v = second[i] * beta2 + rest2 * g * g
            first[i] = m
            second[i] = v
            param[i] = p - step_size * (m / (root(v) / root2 + eps))
    else:
        for i in range(lo, hi):
            p = param[i] * shrink
            g = sign * grad[i] + coupled * p
            m = first[i] + rest1 * (g - first[i])
            v = second[i] * beta2 + rest2 * g * g
            first[i] = m
            second[i] = v
            # NaN stays, as it does in maximum
            v = v if (v > largest[i] or v != v) else largest[i]
            largest[i] = v
            param[i] = p - step_size * (m / (root(v) / root2 + eps))


def adam(
    floating[::1] param, const floating[::1] grad, floating[::1] first, floating[::1] second, floating[::1] largest,
    double step, double lr, double beta1, double beta2, double eps, double weight_decay, bint decoupled, bint maximize,
    /,
):
    cdef Adam s
    cdef Py_ssize_t n = param.shape[0]
    if (grad.shape[0] < n or first.shape[0] < n or second.shape[0] < n
            or (largest is not None and largest.shape[0] < n)):
        raise ValueError("adam: the state is shorter than the parameter")
    s.param, s.grad, s.first, s.second = &param[0], &grad[0], &first[0], &second[0]
    s.largest = NULL if largest is None else &largest[0]
    s.sign = -1 if maximize else 1
    s.coupled = 0 if decoupled else weight_decay
    s.shrink = 1 - lr * weight_decay if decoupled else 1
    s.rest1, s.beta2, s.rest2, s.eps = 1 - beta1, beta2, 1 - beta2, eps
    s.step_size = lr / (1 - beta1 ** step)
    s.root2 = sqrt(1 - beta2 ** step)
    parallel_for(<task_t>adam_task[floating], &s, n, GRAIN)


cdef struct Sgd:
    void* param
    const void* grad
    void* buffer          # momentum, or NULL
    double sign
    double weight_decay
    double lr
    double momentum
    double rest           # 1 - dampening; the first step takes the gradient itself
    bint nesterov


cdef void sgd_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef const Sgd* s = <const Sgd*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* buffer = <floating*>s.buffer
    cdef floating sign = <floating>s.sign, decay = <floating>s.weight_decay, lr = <floating>s.lr
    cdef floating momentum = <floating>s.momentum, rest = <floating>s.rest
    cdef floating ahead = <floating>s.momentum if s.nesterov else 0
    cdef floating g, b
    cdef Py_ssize_t i
    if buffer == NULL:
        for i in range(lo, hi):
            g = sign * grad[i] + decay * param[i]
            param[i] = param[i] - lr * g
    else:
        for i in range(lo, hi):
            g = sign * grad[i] + decay * param[i]
            b = buffer[i] * momentum + rest * g
            buffer[i] = b
            g = g + ahead * b if s.nesterov else b
            param[i] = param[i] - lr * g


def sgd(
    floating[::1] param, const floating[::1] grad, floating[::1] buffer, double lr, double momentum, double dampening,
    double weight_decay, bint nesterov, bint maximize,
    /,
):
    cdef Sgd s
    cdef Py_ssize_t n = param.shape[0]
    if grad.shape[0] < n or (buffer is not None and buffer.shape[0] < n):
        raise ValueError("sgd: the state is shorter than the parameter")
    s.param, s.grad = &param[0], &grad[0]
    s.buffer = NULL if buffer is None else &buffer[0]
    s.sign = -1 if maximize else 1
    s.weight_decay, s.lr, s.momentum, s.rest, s.nesterov = weight_decay, lr, momentum, 1 - dampening, nesterov
    parallel_for(<task_t>sgd_task[floating], &s, n, GRAIN)


# The other optimizers keep up to three arrays per parameter; `k` holds the numbers of a step, named in each task.
cdef struct Step:
    void* param
    const void* grad
    void* first
    void* second
    void* third
    double sign           # -1 to maximize
    double coupled        # weight decay that is added to the gradient
    double shrink         # factor of the parameter (decoupled weight decay)
    double k[5]


cdef int set_step(
    Step* s, floating[::1] param, const floating[::1] grad, floating[::1] first, floating[::1] second,
    floating[::1] third, double weight_decay, double shrink, bint maximize,
) except -1:
    cdef Py_ssize_t n = param.shape[0]
    if (n < 1 or grad.shape[0] < n or (first is not None and first.shape[0] < n)
            or (second is not None and second.shape[0] < n) or (third is not None and third.shape[0] < n)):
        raise ValueError("optim: the state is shorter than the parameter")
    s.param, s.grad = &param[0], &grad[0]
    s.first = NULL if first is None else &first[0]
    s.second = NULL if second is None else &second[0]
    s.third = NULL if third is None else &third[0]
    s.sign, s.coupled, s.shrink = -1 if maximize else 1, weight_decay, shrink
    return 0


cdef inline floating gradient(const Step* s, floating grad, floating param) noexcept nogil:
    return <floating>s.sign * grad + <floating>s.coupled * param


cdef void adagrad_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """first: sum of squares. k: rate, eps."""
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* total = <floating*>s.first
    cdef floating rate = <floating>s.k[0], eps = <floating>s.k[1], g
    cdef Py_ssize_t i
    for i in range(lo, hi):
        g = gradient(s, grad[i], param[i])
        total[i] = total[i] + g * g
        param[i] = param[i] - rate * g / (root(total[i]) + eps)


def adagrad(
    floating[::1] param, const floating[::1] grad, floating[::1] total, double step, double lr, double lr_decay,
    double eps, double weight_decay, bint maximize,
    /,
):
    cdef Step s
    set_step[floating](&s, param, grad, total, None, None, weight_decay, 1, maximize)
    s.k[0], s.k[1] = lr / (1 + (step - 1) * lr_decay), eps
    parallel_for(<task_t>adagrad_task[floating], &s, param.shape[0], GRAIN)


cdef void rmsprop_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """first: mean square. second: mean, or NULL. third: momentum, or NULL. k: lr, alpha, rest, eps, momentum."""
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* square = <floating*>s.first
    cdef floating* mean = <floating*>s.second
    cdef floating* buffer = <floating*>s.third
    cdef floating lr = <floating>s.k[0], alpha = <floating>s.k[1], rest = <floating>s.k[2], eps = <floating>s.k[3]
    cdef floating momentum = <floating>s.k[4], g, scale
    cdef bint centered = mean != NULL, heavy = buffer != NULL
    cdef Py_ssize_t i
    for i in range(lo, hi):
        g = gradient(s, grad[i], param[i])
        square[i] = square[i] * alpha + rest * g * g
        scale = square[i]
        if centered:
            mean[i] = mean[i] + rest * (g - mean[i])
            scale = scale - mean[i] * mean[i]
        scale = root(scale) + eps
        if heavy:
            buffer[i] = buffer[i] * momentum + g / scale
            param[i] = param[i] - lr * buffer[i]
        else:
            param[i] = param[i] - lr * g / scale


def rmsprop(
    floating[::1] param, const floating[::1] grad, floating[::1] square, floating[::1] mean, floating[::1] buffer,
    double lr, double alpha, double eps, double weight_decay, double momentum, bint maximize,
    /,
):
    cdef Step s
    set_step[floating](&s, param, grad, square, mean, buffer, weight_decay, 1, maximize)
    s.k[0], s.k[1], s.k[2], s.k[3], s.k[4] = lr, alpha, 1 - alpha, eps, momentum
    parallel_for(<task_t>rmsprop_task[floating], &s, param.shape[0], GRAIN)


cdef void adadelta_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """first: mean square of gradients. second: of updates. k: lr, rho, rest, eps."""
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* square = <floating*>s.first
    cdef floating* moved = <floating*>s.second
    cdef floating lr = <floating>s.k[0], rho = <floating>s.k[1], rest = <floating>s.k[2], eps = <floating>s.k[3]
    cdef floating g, delta
    cdef Py_ssize_t i
    for i in range(lo, hi):
        g = gradient(s, grad[i], param[i])
        square[i] = square[i] * rho + rest * g * g
        delta = root(moved[i] + eps) / root(square[i] + eps) * g
        moved[i] = moved[i] * rho + rest * delta * delta
        param[i] = param[i] - lr * delta


def adadelta(
    floating[::1] param, const floating[::1] grad, floating[::1] square, floating[::1] moved, double lr, double rho,
    double eps, double weight_decay, bint maximize,
    /,
):
    cdef Step s
    set_step[floating](&s, param, grad, square, moved, None, weight_decay, 1, maximize)
    s.k[0], s.k[1], s.k[2], s.k[3] = lr, rho, 1 - rho, eps
    parallel_for(<task_t>adadelta_task[floating], &s, param.shape[0], GRAIN)


cdef void adamax_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """first: running mean. second: running maximum. k: rate, 1 - beta1, beta2, eps."""
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* mean = <floating*>s.first
    cdef floating* largest = <floating*>s.second
    cdef floating rate = <floating>s.k[0], rest = <floating>s.k[1], beta2 = <floating>s.k[2], eps = <floating>s.k[3]
    cdef floating g
    cdef Py_ssize_t i
    for i in range(lo, hi):
        g = gradient(s, grad[i], param[i])
        mean[i] = mean[i] + rest * (g - mean[i])
        largest[i] = maximum_(largest[i] * beta2, abs_(g) + eps)
        param[i] = param[i] - rate * mean[i] / largest[i]


def adamax(
    floating[::1] param, const floating[::1] grad, floating[::1] mean, floating[::1] largest, double step, double lr,
    double beta1, double beta2, double eps, double weight_decay, bint maximize,
    /,
):
    cdef Step s
    set_step[floating](&s, param, grad, mean, largest, None, weight_decay, 1, maximize)
    s.k[0], s.k[1], s.k[2], s.k[3] = lr / (1 - beta1 ** step), 1 - beta1, beta2, eps
    parallel_for(<task_t>adamax_task[floating], &s, param.shape[0], GRAIN)


cdef void moments_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """nadam and radam: a step along the gradient and along its running mean, over the root of the mean square.

    first: running mean. second: mean square. k: rate of the gradient, of the mean, correction of the mean square
    (its factor under the root; 0: no division by the root at all), eps. The betas follow in `third`.
    """
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* mean = <floating*>s.first
    cdef floating* square = <floating*>s.second
    cdef const double* betas = <const double*>s.third
    cdef floating along = <floating>s.k[0], rate = <floating>s.k[1], correction = <floating>s.k[2]
    cdef floating eps = <floating>s.k[3], shrink = <floating>s.shrink
    cdef floating rest1 = <floating>(1 - betas[0]), beta2 = <floating>betas[1], rest2 = <floating>(1 - betas[1])
    cdef floating g, p, scale
    cdef bint plain = s.k[2] == 0
    cdef Py_ssize_t i
    for i in range(lo, hi):
        p = param[i] * shrink
        g = gradient(s, grad[i], p)
        mean[i] = mean[i] + rest1 * (g - mean[i])
        square[i] = square[i] * beta2 + rest2 * g * g
        scale = <floating>1 if plain else root(square[i] / correction) + eps
        param[i] = p - along * g / scale - rate * mean[i] / scale


def nadam(
    floating[::1] param, const floating[::1] grad, floating[::1] mean, floating[::1] square, double step,
    double mu_product, double lr, double beta1, double beta2, double eps, double weight_decay, double momentum_decay,
    bint decoupled, bint maximize,
    /,
):
    cdef Step s
    cdef double betas[2]
    cdef double mu = beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))
    cdef double mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    set_step[floating](&s, param, grad, mean, square, None, 0 if decoupled else weight_decay,
                       1 - lr * weight_decay if decoupled else 1, maximize)
    mu_product = <double>(<float>mu_product * <float>mu)  # PyTorch keeps it as a float32 tensor
    s.k[0], s.k[1] = lr * (1 - mu) / (1 - mu_product), lr * mu_next / (1 - mu_product * mu_next)
    s.k[2], s.k[3] = 1 - beta2 ** step, eps
    betas[0], betas[1] = beta1, beta2
    s.third = betas
    parallel_for(<task_t>moments_task[floating], &s, param.shape[0], GRAIN)
    return mu_product


def radam(
    floating[::1] param, const floating[::1] grad, floating[::1] mean, floating[::1] square, double step, double lr,
    double beta1, double beta2, double eps, double weight_decay, bint decoupled, bint maximize,
    /,
):
    cdef Step s
    cdef double betas[2]
    cdef double correction2 = 1 - beta2 ** step, longest = 2 / (1 - beta2) - 1
    cdef double length = longest - 2 * step * beta2 ** step / correction2
    set_step[floating](&s, param, grad, mean, square, None, 0 if decoupled else weight_decay,
                       1 - lr * weight_decay if decoupled else 1, maximize)
    s.k[0], s.k[1], s.k[2], s.k[3] = 0, lr / (1 - beta1 ** step), 0, eps
    if length > 5:
        # The variance's estimate is good enough to divide by.
        s.k[1] *= sqrt(correction2 * (length - 4) * (length - 2) * longest
                       / ((longest - 4) * (longest - 2) * length))
        s.k[2] = 1
    betas[0], betas[1] = beta1, beta2
    s.third = betas
    parallel_for(<task_t>moments_task[floating], &s, param.shape[0], GRAIN)


cdef void asgd_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """first: average of the points. k: eta, mu."""
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* average = <floating*>s.first
    cdef floating eta = <floating>s.k[0], mu = <floating>s.k[1], shrink = <floating>s.shrink, p
    cdef bint begin = s.k[1] == 1
    cdef Py_ssize_t i
    for i in range(lo, hi):
        p = param[i] * shrink - eta * gradient(s, grad[i], param[i])
        average[i] = p if begin else average[i] + (p - average[i]) * mu
        param[i] = p


def asgd(
    floating[::1] param, const floating[::1] grad, floating[::1] average, double eta, double mu, double lambd,
    double weight_decay, bint maximize,
    /,
):
    cdef Step s
    set_step[floating](&s, param, grad, average, None, None, weight_decay, 1 - lambd * eta, maximize)
    s.k[0], s.k[1] = eta, mu
    parallel_for(<task_t>asgd_task[floating], &s, param.shape[0], GRAIN)


cdef void rprop_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """first: the last gradient, 0 where its sign had changed. second: step sizes. k: both factors, both bounds."""
    cdef const Step* s = <const Step*>ctx
    cdef floating* param = <floating*>s.param
    cdef const floating* grad = <const floating*>s.grad
    cdef floating* last = <floating*>s.first
    cdef floating* size = <floating*>s.second
    cdef floating less = <floating>s.k[0], more = <floating>s.k[1], low = <floating>s.k[2], high = <floating>s.k[3]
    cdef floating g, same, step
    cdef Py_ssize_t i
    for i in range(lo, hi):
        g = <floating>s.sign * grad[i]
        same = g * last[i]
        step = size[i] * (more if same > 0 else less if same < 0 else <floating>1)
        step = low if step < low else high if step > high else step
        size[i] = step
        g = <floating>0 if same < 0 else g
        last[i] = g
        param[i] = param[i] - (step if g > 0 else -step if g < 0 else g)


def rprop(
    floating[::1] param, const floating[::1] grad, floating[::1] last, floating[::1] size, double less, double more,
    double low, double high, bint maximize,
    /,
):
    cdef Step s
    set_step[floating](&s, param, grad, last, size, None, 0, 1, maximize)
    s.k[0], s.k[1], s.k[2], s.k[3] = less, more, low, high
    parallel_for(<task_t>rprop_task[floating], &s, param.shape[0], GRAIN)
