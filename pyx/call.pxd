"""What a task of an elementwise kernel is told, whoever calls it: the kernel's own `def`, or `core` for dense operands."""

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
    const Py_ssize_t* plan    # how the operands are broadcast; NULL: all are one row of the result's length
