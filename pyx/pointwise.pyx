"""Elementwise kernels: one per shape of call, the op chosen by its code.

A new op is a rule in `math.pxd`, a member of the enum, its name in `codes` and one branch in the task of its
shape. The branch stands outside the loop, which is the same contiguous loop for every op (`loops.pxd`).
An op that a dtype does not have raises ValueError: tasks mark it in their context, so no second list of
what is supported can fall out of step.
"""
from libc.stdint cimport uint8_t

from loops cimport (TILE_BYTES, load, map1, map1_ab, map2, map2_ab, operand_init, operand_t, plan_fits, run_length,
                    select, test1, test2)
from math cimport (abs_, add_, div_, eq_, erf_, exp_, ge_, gt_, le_, leaky_relu_, leaky_relu_backward_, log_, lt_,
                   maximum_, minimum_, mul_, ne_, neg_, pow_, relu_, relu_backward_, sigmoid_, sin_, sqrt_, sub_, tanh_)
from threads cimport import_threads, parallel_for, task_t
from types cimport floating, inexact, number, real

import_threads()

cdef enum:
    NEG
    ABS
    EXP
    LOG
    SQRT
    SIN
    TANH
    ERF
    SIGMOID
    RELU
    LEAKY_RELU
    ADD
    SUB
    MUL
    DIV
    MAXIMUM
    MINIMUM
    POW
    EQ
    NE
    LT
    LE
    GT
    GE

codes = {
    "neg": NEG, "abs": ABS, "exp": EXP, "log": LOG, "sqrt": SQRT, "sin": SIN, "tanh": TANH, "erf": ERF,
    "sigmoid": SIGMOID, "relu": RELU, "leaky_relu": LEAKY_RELU, "add": ADD, "sub": SUB, "mul": MUL, "div": DIV,
    "maximum": MAXIMUM, "minimum": MINIMUM, "pow": POW, "eq": EQ, "ne": NE, "lt": LT, "le": LE, "gt": GT, "ge": GE,
}

cdef enum:
    CHEAP_GRAIN = 32768      # elements in a chunk of an op bound by memory
    EXPENSIVE_GRAIN = 8192   # and of one bound by arithmetic

cdef struct call_t:
    int op
    bint unknown              # set by the task: no such op for this dtype
    const char* x
    const char* y
    const char* z
    char* out
    double a
    double b
    const Py_ssize_t* plan


# Each task's first parameter is really a call_t; its declared type only chooses the specialisation.
cdef void unary_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef const number* x = <const number*>c.x + lo
    cdef number* out = <number*>c.out + lo
    cdef Py_ssize_t n = hi - lo
    cdef int op = c.op
    if op == NEG:
        map1(neg_[number], x, out, n)
        return
    if number in real:
        if op == ABS:
            map1(abs_[number], x, out, n)
            return
    if number in floating:
        if op == EXP:
            map1(exp_[number], x, out, n)
        elif op == LOG:
            map1(log_[number], x, out, n)
        elif op == SQRT:
            map1(sqrt_[number], x, out, n)
        elif op == SIN:
            map1(sin_[number], x, out, n)
        elif op == TANH:
            map1(tanh_[number], x, out, n)
        elif op == ERF:
            map1(erf_[number], x, out, n)
        elif op == SIGMOID:
            map1(sigmoid_[number], x, out, n)
        elif op == RELU:
            map1(relu_[number], x, out, n)
        else:
            c.unknown = True
    else:
        c.unknown = True


cdef void unary_param_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef const floating* x = <const floating*>c.x + lo
    cdef floating* out = <floating*>c.out + lo
    cdef Py_ssize_t n = hi - lo
    cdef floating a = <floating>c.a, b = <floating>c.b
    cdef int op = c.op
    if op == LEAKY_RELU:
        map1_ab(leaky_relu_[floating], x, a, b, out, n)
    else:
        c.unknown = True


cdef void backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef const floating* g = <const floating*>c.x + lo
    cdef const floating* x = <const floating*>c.y + lo
    cdef floating* out = <floating*>c.out + lo
    cdef Py_ssize_t n = hi - lo
    cdef floating a = <floating>c.a, b = <floating>c.b
    cdef int op = c.op
    if op == RELU:
        map2_ab(relu_backward_[floating], g, x, a, b, out, n)
    elif op == LEAKY_RELU:
        map2_ab(leaky_relu_backward_[floating], g, x, a, b, out, n)
    else:
        c.unknown = True


cdef inline bint binary_run(int op, const number* x, const number* y, number* out, Py_ssize_t n) noexcept nogil:
    """One contiguous run; whether the op exists for the dtype."""
    if op == ADD:
        map2(add_[number], x, y, out, n)
        return True
    if op == SUB:
        map2(sub_[number], x, y, out, n)
        return True
    if op == MUL:
        map2(mul_[number], x, y, out, n)
        return True
    if number in real:
        if op == MAXIMUM:
            map2(maximum_[number], x, y, out, n)
            return True
        if op == MINIMUM:
            map2(minimum_[number], x, y, out, n)
            return True
    if number in inexact:
        if op == DIV:
            map2(div_[number], x, y, out, n)
            return True
        if op == POW:
            map2(pow_[number], x, y, out, n)
            return True
    return False


cdef void binary_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef operand_t operands[2]
    cdef char tiles[2][TILE_BYTES]
    cdef const number* x
    cdef const number* y
    cdef Py_ssize_t n
    if c.plan == NULL:
        if not binary_run(c.op, <const number*>c.x + lo, <const number*>c.y + lo, <number*>c.out + lo, hi - lo):
            c.unknown = True
        return
    operand_init(&operands[0], c.x, sizeof(number), c.plan, 0, lo)
    operand_init(&operands[1], c.y, sizeof(number), c.plan, 1, lo)
    while lo < hi:
        n = run_length(operands, 2, hi - lo, TILE_BYTES // sizeof(number))
        x = load(&operands[0], <number*>tiles[0], n)
        y = load(&operands[1], <number*>tiles[1], n)
        if not binary_run(c.op, x, y, <number*>c.out + lo, n):
            c.unknown = True
            return
        lo += n


cdef inline bint compare_run(int op, const number* x, const number* y, uint8_t* out, Py_ssize_t n) noexcept nogil:
    if op == EQ:
        test2(eq_[number], x, y, out, n)
        return True
    if op == NE:
        test2(ne_[number], x, y, out, n)
        return True
    if number in real:
        if op == LT:
            test2(lt_[number], x, y, out, n)
            return True
        if op == LE:
            test2(le_[number], x, y, out, n)
            return True
        if op == GT:
            test2(gt_[number], x, y, out, n)
            return True
        if op == GE:
            test2(ge_[number], x, y, out, n)
            return True
    return False


cdef void compare_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef operand_t operands[2]
    cdef char tiles[2][TILE_BYTES]
    cdef const number* x
    cdef const number* y
    cdef Py_ssize_t n
    if c.plan == NULL:
        if not compare_run(c.op, <const number*>c.x + lo, <const number*>c.y + lo, <uint8_t*>c.out + lo, hi - lo):
            c.unknown = True
        return
    operand_init(&operands[0], c.x, sizeof(number), c.plan, 0, lo)
    operand_init(&operands[1], c.y, sizeof(number), c.plan, 1, lo)
    while lo < hi:
        n = run_length(operands, 2, hi - lo, TILE_BYTES // sizeof(number))
        x = load(&operands[0], <number*>tiles[0], n)
        y = load(&operands[1], <number*>tiles[1], n)
        if not compare_run(c.op, x, y, <uint8_t*>c.out + lo, n):
            c.unknown = True
            return
        lo += n


cdef void where_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef operand_t operands[3]
    cdef char tiles[3][TILE_BYTES]
    cdef const uint8_t* cond
    cdef const number* x
    cdef const number* y
    cdef Py_ssize_t n
    operand_init(&operands[0], c.x, 1, c.plan, 0, lo)
    operand_init(&operands[1], c.y, sizeof(number), c.plan, 1, lo)
    operand_init(&operands[2], c.z, sizeof(number), c.plan, 2, lo)
    while lo < hi:
        n = run_length(operands, 3, hi - lo, TILE_BYTES // sizeof(number))
        cond = load(&operands[0], <uint8_t*>tiles[0], n)
        x = load(&operands[1], <number*>tiles[1], n)
        y = load(&operands[2], <number*>tiles[2], n)
        select(cond, x, y, <number*>c.out + lo, n)
        lo += n


cdef int run(task_t task, call_t* c, Py_ssize_t n, Py_ssize_t grain) except -1:
    c.unknown = False
    parallel_for(task, c, n, grain)
    if c.unknown:
        name = next((name for name, code in codes.items() if code == c.op), c.op)
        raise ValueError(f"no kernel for op {name!r} of this shape and dtype")
    return 0


cdef const Py_ssize_t* checked(const Py_ssize_t[::1] plan, int operands, Py_ssize_t n,
                               const Py_ssize_t* lengths) except? NULL:
    """The plan's address (NULL for None), once it is known to stay inside buffers of these lengths."""
    cdef int k
    if plan is None:
        for k in range(operands):
            if lengths[k] < n:
                raise ValueError(f"operand {k} has {lengths[k]} elements, the result has {n}")
        return NULL
    if not plan_fits(plan, operands, n, lengths):
        raise ValueError("plan does not fit the buffers")
    return &plan[0]


def unary(const number[::1] x, number[::1] out, int op):
    cdef call_t c
    if x.shape[0] < out.shape[0]:
        raise ValueError(f"operand has {x.shape[0]} elements, the result has {out.shape[0]}")
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&x[0]
    c.out = <char*>&out[0]
    run(<task_t>unary_task[number], &c, out.shape[0], EXPENSIVE_GRAIN)


def unary_param(const floating[::1] x, floating[::1] out, int op, double a=0, double b=0):
    cdef call_t c
    if x.shape[0] < out.shape[0]:
        raise ValueError(f"operand has {x.shape[0]} elements, the result has {out.shape[0]}")
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&x[0]
    c.out = <char*>&out[0]
    c.a = a
    c.b = b
    run(<task_t>unary_param_task[floating], &c, out.shape[0], CHEAP_GRAIN)


def backward(const floating[::1] g, const floating[::1] x, floating[::1] out, int op, double a=0, double b=0):
    """`x` is the input, or the output for the ops whose gradient is written in it (sigmoid, tanh)."""
    cdef call_t c
    if g.shape[0] < out.shape[0] or x.shape[0] < out.shape[0]:
        raise ValueError(f"operands have {g.shape[0]} and {x.shape[0]} elements, the result has {out.shape[0]}")
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&g[0]
    c.y = <const char*>&x[0]
    c.out = <char*>&out[0]
    c.a = a
    c.b = b
    run(<task_t>backward_task[floating], &c, out.shape[0], CHEAP_GRAIN)


def binary(const number[::1] x, const number[::1] y, number[::1] out, int op, const Py_ssize_t[::1] plan=None):
    cdef call_t c
    cdef Py_ssize_t[2] lengths
    lengths[0] = x.shape[0]
    lengths[1] = y.shape[0]
    if out.shape[0] == 0:
        return
    c.plan = checked(plan, 2, out.shape[0], lengths)
    c.op = op
    c.x = <const char*>&x[0]
    c.y = <const char*>&y[0]
    c.out = <char*>&out[0]
    run(<task_t>binary_task[number], &c, out.shape[0], CHEAP_GRAIN)


def compare(const number[::1] x, const number[::1] y, uint8_t[::1] out, int op, const Py_ssize_t[::1] plan=None):
    cdef call_t c
    cdef Py_ssize_t[2] lengths
    lengths[0] = x.shape[0]
    lengths[1] = y.shape[0]
    if out.shape[0] == 0:
        return
    c.plan = checked(plan, 2, out.shape[0], lengths)
    c.op = op
    c.x = <const char*>&x[0]
    c.y = <const char*>&y[0]
    c.out = <char*>&out[0]
    run(<task_t>compare_task[number], &c, out.shape[0], CHEAP_GRAIN)


def where(const uint8_t[::1] cond, const number[::1] x, const number[::1] y, number[::1] out,
          const Py_ssize_t[::1] plan=None):
    cdef call_t c
    cdef Py_ssize_t[3] lengths
    lengths[0] = cond.shape[0]
    lengths[1] = x.shape[0]
    lengths[2] = y.shape[0]
    if out.shape[0] == 0:
        return
    c.plan = checked(plan, 3, out.shape[0], lengths)
    c.op = 0
    c.x = <const char*>&cond[0]
    c.y = <const char*>&x[0]
    c.z = <const char*>&y[0]
    c.out = <char*>&out[0]
    run(<task_t>where_task[number], &c, out.shape[0], CHEAP_GRAIN)
