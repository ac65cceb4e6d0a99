"""Steps of optimizers, one pass over a parameter and its state. The formulas are those of `torch.optim`, operation by
operation, so that the numbers are too.
"""
from libc.math cimport sqrt, sqrtf

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
