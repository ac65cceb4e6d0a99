"""The frame of the commonest elementwise calls: dense operands of one dtype go straight to the kernel, everything else
to the general frame in `lucid/ops/_frame.py`.
"""

cdef inline bint same_shape(cnp.ndarray a, cnp.ndarray b):
    cdef int i, nd = cnp.PyArray_NDIM(a)
    if nd != cnp.PyArray_NDIM(b):
        return False
    for i in range(nd):
        if cnp.PyArray_DIM(a, i) != cnp.PyArray_DIM(b, i):
            return False
    return True


cdef inline bint ready(cnp.ndarray a):
    """C-contiguous, aligned, not empty: a kernel can run over it as one row."""
    return (cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_ISALIGNED(a) and cnp.PyArray_ISNOTSWAPPED(a)
            and cnp.PyArray_TYPE(a) < 24 and cnp.PyArray_SIZE(a) > 0)


@cython.final
cdef class Kernel:
    """A kernel by dtype: `table[num]` is the specialisation for NumPy's type number, or None; `code` picks the op."""
    cdef public str name
    cdef public tuple table
    cdef public object code
    cdef public object result     # dtype of the result where it is not the operands' (bool for predicates), or None

    def __init__(self, str name, tuple table, code=None, result=None):
        self.name = name
        self.table = table
        self.code = code
        self.result = result

    def __reduce__(self):
        raise TypeError("kernels are not pickled")

    def __repr__(self):
        return f"<kernel {self.name}>"


cdef inline cnp.dtype result_dtype(Kernel kernel, cnp.ndarray operand):
    return <cnp.dtype>cnp.PyArray_DESCR(operand) if kernel.result is None else kernel.result


cdef object general_unary, general_unary_param, general_binary, general_backward


def set_general(unary, unary_param, binary, backward):
    """The functions of `lucid/ops/_frame.py` that do what is not one dense row of a dtype the kernel has."""
    global general_unary, general_unary_param, general_binary, general_backward
    general_unary, general_unary_param, general_binary, general_backward = unary, unary_param, binary, backward


def unary(Kernel kernel not None, x):
    """`kernel` over the elements of `x`."""
    cdef cnp.ndarray a, out
    if isinstance(x, TensorBase):
        a = (<TensorBase>x).array
        if ready(a):
            fn = kernel.table[cnp.PyArray_TYPE(a)]
            if fn is not None:
                out = new_array(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), result_dtype(kernel, a), False)
                fn(new_flat(a), new_flat(out), kernel.code)
                return new_tensor(out)
    return general_unary(kernel, x)


def unary_param(Kernel kernel not None, x, double p=0, double q=0):
    """As `unary`, with two numbers for the kernel."""
    cdef cnp.ndarray a, out
    if isinstance(x, TensorBase):
        a = (<TensorBase>x).array
        if ready(a):
            fn = kernel.table[cnp.PyArray_TYPE(a)]
            if fn is not None:
                out = new_array(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), <cnp.dtype>cnp.PyArray_DESCR(a), False)
                fn(new_flat(a), new_flat(out), kernel.code, p, q)
                return new_tensor(out)
    return general_unary_param(kernel, x, p, q)


cdef Flat scalar_plan(Py_ssize_t n):
    """The plan of `n` contiguous elements and one number: [ndim, size, offset, stride of x, offset, stride of y]."""
    cdef cnp.npy_intp six = 6
    cdef cnp.ndarray plan = new_array(1, &six, int64_dtype, False)
    cdef cnp.npy_int64* p = <cnp.npy_int64*>cnp.PyArray_DATA(plan)
    p[0], p[1], p[2], p[3], p[4], p[5] = 1, n, 0, 1, 0, 0
    return new_flat(plan)


def binary(Kernel kernel not None, x, y):
    """`kernel` over pairs of elements.

    A Python number beside a floating tensor takes the tensor's dtype right here.
    """
    cdef cnp.ndarray a, b, out
    cdef int num
    if isinstance(x, TensorBase):
        a = (<TensorBase>x).array
        if ready(a):
            num = cnp.PyArray_TYPE(a)
            fn = kernel.table[num]
            if fn is not None:
                if isinstance(y, TensorBase):
                    b = (<TensorBase>y).array
                    if cnp.PyArray_TYPE(b) != num or not same_shape(a, b) or not ready(b):
                        return general_binary(kernel, x, y)
                elif (type(y) is float or type(y) is int) and (num == cnp.NPY_FLOAT32 or num == cnp.NPY_FLOAT64):
                    b = new_array(0, NULL, <cnp.dtype>cnp.PyArray_DESCR(a), False)
                    if num == cnp.NPY_FLOAT32:
                        (<float*>cnp.PyArray_DATA(b))[0] = <float><double>y
                    else:
                        (<double*>cnp.PyArray_DATA(b))[0] = <double>y
                else:
                    return general_binary(kernel, x, y)
                out = new_array(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), result_dtype(kernel, a), False)
                fn(new_flat(a), new_flat(b), new_flat(out), kernel.code,
                   None if cnp.PyArray_SIZE(b) == cnp.PyArray_SIZE(a) else scalar_plan(cnp.PyArray_SIZE(a)))
                return new_tensor(out)
    return general_binary(kernel, x, y)


def backward(Kernel kernel not None, g, x, double p=0, double q=0):
    """The gradient kernel of an activation: `g` and what was saved, both of one dense layout, and two numbers."""
    cdef cnp.ndarray a, b, out
    if isinstance(g, TensorBase) and isinstance(x, TensorBase):
        a = (<TensorBase>g).array
        b = (<TensorBase>x).array
        if (ready(a) and ready(b) and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b) and same_shape(a, b)):
            fn = kernel.table[cnp.PyArray_TYPE(a)]
            if fn is not None:
                out = new_array(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), <cnp.dtype>cnp.PyArray_DESCR(a), False)
                fn(new_flat(a), new_flat(b), new_flat(out), kernel.code, p, q)
                return new_tensor(out)
    return general_backward(kernel, g, x, p, q)
