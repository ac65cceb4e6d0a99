"""What a task of an elementwise kernel is told, whoever calls it: the kernel's own `def`, or `core` for dense operands."""

from threads cimport task_t

cdef enum:
    CHEAP_GRAIN = 32768      # elements in a chunk of an op bound by memory
    EXPENSIVE_GRAIN = 8192   # and of one bound by arithmetic
    STREAMED = 64 << 20      # bytes of a result that is stored past the caches: twice what the last of them holds

cdef struct call_t:
    int op
    bint unknown              # set by the task: no such op for this dtype
    const char* x
    const char* y
    const char* z
    char* out
    double a
    double b
    bint streams              # `out` is stored past the caches
    const Py_ssize_t* plan    # how the operands are broadcast; NULL: all are one row of the result's length
    # Core's own: of operands in half precision, which one is a float32 number (-1: none), whether the first is a condition
    int number
    bint condition

cdef struct halves_t:
    call_t call           # operands and result as they are, in half precision
    task_t task           # of float32
    int operands
    char codes[3]         # of the operands' dtypes
    char out_code


cdef inline bint streams(const call_t* call, Py_ssize_t nbytes, Py_ssize_t grain) noexcept:
    """Whether the task is to store a result of so many bytes past the caches.

    In 16 Mi float32 elements that takes 0.78 of the time in leaky_relu, 0.80 by a factor and 0.90 in additions, but 1.13
    in exp and 1.17 in tanh, which arithmetic bounds; and 1.08 in a sum of 8 Mi elements right after their addition.
    """
    return (nbytes >= STREAMED and grain == CHEAP_GRAIN
            and call.out != call.x and call.out != call.y)    # in place, the caches hold what is overwritten


# A reduction of (outer, axis, inner) elements to (outer, inner); `p` is that of a norm.
ctypedef int (*reduction_t)(
    const void* x, void* out, Py_ssize_t outer, Py_ssize_t axis, Py_ssize_t inner, int op, double p,
) except -1
