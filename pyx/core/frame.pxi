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


cdef inline bint dense_row(cnp.ndarray a) noexcept:
    """C-contiguous, aligned, not empty."""
    return (cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_ISALIGNED(a) and cnp.PyArray_ISNOTSWAPPED(a)
            and cnp.PyArray_SIZE(a) > 0)


cdef inline bint anyhow(cnp.ndarray a) noexcept:
    """Aligned, not empty, its elements anywhere."""
    return cnp.PyArray_ISALIGNED(a) and cnp.PyArray_ISNOTSWAPPED(a) and cnp.PyArray_SIZE(a) > 0


cdef inline bint ready(cnp.ndarray a) noexcept:
    """A kernel can run over it as one row."""
    return dense_row(a) and cnp.PyArray_TYPE(a) < 24


cdef inline char half_code(cnp.ndarray a) noexcept:
    """The letter of a dtype of half precision, 0 for any other."""
    cdef char code = code_of(<cnp.dtype>cnp.PyArray_DESCR(a))
    return code if code == HALF or code == BFLOAT16 else 0


grains = (CHEAP_GRAIN, EXPENSIVE_GRAIN)


@cython.final
cdef class Kernel:
    """A kernel by dtype.

    table    the specialisation for NumPy's type number, or None: called with `Flat` rows
    code     picks the op among those that the kernel has
    result   the dtype of the result where it is not the operands' (bool for predicates), or None
    tasks    what the specialisations run, by address (of reductions their inner functions): called here directly for dense
             operands, which saves the memoryviews, half of the cost of a small call
    grain    how many elements a thread takes at a time
    halves   whether that is done for half precision too, by float32's task
    exact    the operand that half precision takes as it is where it is one number (-1: none); all others are rounded to the
             tensors' dtype first, as PyTorch's are
    mixes    whether integers (1) or also bools (2) beside floating operands are simply converted to their dtype
    numbers  whether the first operand may be a number beside a tensor (1), or both may be numbers (2)
    """
    cdef public str name
    cdef public tuple table
    cdef public object code
    cdef public object result
    cdef public bint halves
    cdef public int exact, mixes, numbers
    cdef int op
    cdef Py_ssize_t grain
    cdef task_t tasks[24]

    def __init__(self, str name, tuple table, code=None, result=None, dict tasks=None, Py_ssize_t grain=CHEAP_GRAIN):
        cdef int i
        self.name = name
        self.table = table
        self.code = code
        self.result = result
        self.halves = True
        self.exact = -1
        self.mixes = 0
        self.numbers = 0
        self.op = 0 if code is None else code
        self.grain = grain
        for i in range(24):
            self.tasks[i] = NULL
        for num, address in (tasks or {}).items():
            self.tasks[<int>num] = <task_t><size_t>address

    def forget(self, int num):
        """Let another function than the task do what is of this type number."""
        self.tasks[num] = NULL

    def __reduce__(self):
        raise TypeError("kernels are not pickled")

    def __repr__(self):
        return f"<kernel {self.name}>"


cdef object general_unary, general_unary_param, general_binary, general_backward


def set_general(unary, unary_param, binary, backward):
    """The functions of `lucid/ops/_frame.py` that do what is not one dense row of a dtype the kernel has."""
    global general_unary, general_unary_param, general_binary, general_backward
    general_unary, general_unary_param, general_binary, general_backward = unary, unary_param, binary, backward


cdef inline cnp.ndarray dense(cnp.ndarray a, cnp.ndarray beside):
    """The array, or a contiguous copy of a small one that repeats elements (an expanded gradient) beside a contiguous one."""
    cdef int i
    if not cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_SIZE(a) <= 512 and cnp.PyArray_IS_C_CONTIGUOUS(beside):
        for i in range(cnp.PyArray_NDIM(a)):
            if cnp.PyArray_STRIDE(a, i) == 0:
                return cnp.PyArray_GETCONTIGUOUS(a)
    return a


cdef inline task_t task_for(Kernel kernel, cnp.ndarray a) noexcept:
    """The task for a dense array, or NULL where the general frame has to look at it."""
    cdef int num = cnp.PyArray_TYPE(a)
    if not dense_row(a):
        return NULL
    if num < 24 and kernel.tasks[num] != NULL:
        return kernel.tasks[num]
    return kernel.tasks[<int>cnp.NPY_FLOAT32] if kernel.halves and half_code(a) else NULL


cdef inline bint apart(const char* p, const char* q, Py_ssize_t nbytes) noexcept:
    """Whether two rows of memory are the same or do not meet."""
    return p == q or p + nbytes <= q or q + nbytes <= p


cdef inline bint has_shape(cnp.ndarray a, int nd, const cnp.npy_intp* dims):
    cdef int i
    if cnp.PyArray_NDIM(a) != nd:
        return False
    for i in range(nd):
        if cnp.PyArray_DIM(a, i) != dims[i]:
            return False
    return True


cdef cnp.ndarray target_for(Kernel kernel, call_t* call, int num, int nd, const cnp.npy_intp* dims):
    """The array of the tensor given to `run_into`, where the kernel can write to it; None otherwise.

    It must be the operation's own kernel, whose result is the operation's.
    """
    cdef cnp.ndarray out = <cnp.ndarray>target_array
    cdef char* data = cnp.PyArray_BYTES(out)
    cdef Py_ssize_t nbytes = cnp.PyArray_NBYTES(out)
    if (kernel.result is not None or cnp.PyArray_TYPE(out) != num or not has_shape(out, nd, dims)
            or kernel.name != <str>target_name or not apart(data, call.x, nbytes)
            or (call.y != NULL and not apart(data, call.y, nbytes))
            or (call.z != NULL and not apart(data, call.z, nbytes))):
        return None
    return out


cdef bint repeats_apart(cnp.ndarray a, int nd, const cnp.npy_intp* dims):
    """Whether an operand that is read more than once lies apart from where `run_into` wants the result."""
    cdef cnp.ndarray out
    if target_array == NULL or has_shape(a, nd, dims):
        return True
    out = <cnp.ndarray>target_array
    return (cnp.PyArray_BYTES(a) + cnp.PyArray_NBYTES(a) <= cnp.PyArray_BYTES(out)
            or cnp.PyArray_BYTES(out) + cnp.PyArray_NBYTES(out) <= cnp.PyArray_BYTES(a))


cdef task_t halves_task


def set_halves(size_t address):
    """The address of the task of a `halves_t`."""
    global halves_task
    halves_task = <task_t>address


cdef bint run_call(Kernel kernel, task_t task, call_t* call, cnp.ndarray like, cnp.ndarray out) noexcept:
    """Run a task over operands of the dtype of `like`; returns whether it has the op for it."""
    cdef halves_t h
    cdef char half = half_code(like)
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    call.op = kernel.op
    call.unknown = False
    call.out = <char*>cnp.PyArray_DATA(out)
    if not half:
        call.streams = streams(call, cnp.PyArray_NBYTES(out), kernel.grain)
        parallel_for(task, call, n, kernel.grain)
        return not call.unknown
    call.streams = False
    h.call, h.task = call[0], task
    h.operands = 1 if call.y == NULL else 2 if call.z == NULL else 3
    h.codes[0], h.codes[1], h.codes[2] = BOOL if call.condition else half, half, half
    if call.number >= 0:
        h.codes[call.number] = FLOAT
    h.out_code = half if kernel.result is None else BOOL
    parallel_for(halves_task, &h, n, kernel.grain)
    return not h.call.unknown


cdef inline void set_operands(call_t* call, cnp.ndarray x, cnp.ndarray y=None, double a=0, double b=0) noexcept:
    """Enter dense operands of one shape, and the numbers that go with them."""
    call.x, call.y = <const char*>cnp.PyArray_DATA(x), NULL
    if y is not None:
        call.y = <const char*>cnp.PyArray_DATA(y)
    call.z, call.plan, call.number, call.condition, call.a, call.b = NULL, NULL, -1, False, a, b


cdef cnp.ndarray run_shaped(Kernel kernel, task_t task, call_t* call, cnp.ndarray like, int nd,
                            const cnp.npy_intp* dims, bint to_target):
    """The result, of this shape, of a task over operands of the dtype of `like`; None where it lacks the op for it."""
    cdef cnp.dtype dtype
    cdef cnp.ndarray out = None
    if to_target and target_array != NULL:
        out = target_for(kernel, call, cnp.PyArray_TYPE(like), nd, dims)
    if out is None:
        dtype = <cnp.dtype>cnp.PyArray_DESCR(like) if kernel.result is None else kernel.result
        out = new_array(nd, dims, dtype, False)
    return out if run_call(kernel, task, call, like, out) else None


cdef inline cnp.ndarray run_task(Kernel kernel, task_t task, call_t* call, cnp.ndarray like):
    """`run_shaped` over operands that are laid out as `like`."""
    return run_shaped(kernel, task, call, like, cnp.PyArray_NDIM(like), cnp.PyArray_DIMS(like), True)


cdef cnp.ndarray turned(cnp.ndarray a, walk_t* w, int k):
    """Operand k of a walk, copied into the walk's order where it lies across: x + x.T takes a tenth of the time that it takes
    element by element (1024 x 1024)."""
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(a)
    cdef int i, inner = -1
    cdef bint across = False
    cdef list order, places
    for i in range(w.nd):
        if w.shape[w.order[i]] > 1:
            inner = w.order[i]
    if cnp.PyArray_SIZE(a) < 4096 or cnp.PyArray_NDIM(a) != w.nd or abs(w.steps[k][inner]) < 2:
        return a
    for i in range(w.nd):
        across = across or (w.steps[k][i] == 1 and w.shape[i] >= 8)
    if not across:
        return a
    order = order_list(w)
    places = [0] * w.nd
    for i in range(w.nd):
        places[w.order[i]] = i
    a = copied((<object>a).transpose(order)).transpose(places)
    for i in range(w.nd):
        w.steps[k][i] = stride_at(a, i, w.nd) // itemsize
    broadcast_steps(w, k, a)
    return a


cdef cnp.ndarray run_strided(Kernel kernel, call_t* call, cnp.ndarray like, cnp.ndarray a, cnp.ndarray b=None,
                             cnp.ndarray c=None):
    """The result over operands that lie anyhow in memory, of the dtype of `like`; None for those that are one number, which
    the call points to.

    None where this is not for the kernel's task, or the shapes do not broadcast. It takes a third of the general frame's time.
    """
    cdef walk_t w
    cdef Py_ssize_t[PLAN_ROOM] plan
    cdef cnp.npy_intp[64] dims
    cdef void* at[3]
    cdef Py_ssize_t m, n
    cdef int i, k, num = cnp.PyArray_TYPE(like)
    cdef bint in_order = True, one_row
    cdef cnp.ndarray one, out
    cdef list places
    w.nd, w.operands = 0, 1 if call.y == NULL else 2 if call.z == NULL else 3
    if num >= 24 or kernel.tasks[num] == NULL or (w.operands == 1 and kernel.result is not None):
        return None    # predicates take dense elements alone
    at[0], at[1], at[2] = <void*>a, <void*>b, <void*>c
    for k in range(w.operands):
        one = <cnp.ndarray>at[k]
        if one is not None:
            if not anyhow(one):
                return None
            w.nd = max(w.nd, cnp.PyArray_NDIM(one))
    for i in range(w.nd):
        w.shape[i] = 1
        for k in range(w.operands):
            one = <cnp.ndarray>at[k]
            w.steps[k][i] = 0
            if one is None:
                continue
            n = size_at(one, i, w.nd)
            m = stride_at(one, i, w.nd)
            if (n != 1 and w.shape[i] != 1 and n != w.shape[i]) or m % cnp.PyArray_ITEMSIZE(one):
                return None
            w.shape[i] = w.shape[i] if n == 1 else n
            w.steps[k][i] = m // cnp.PyArray_ITEMSIZE(one)
    for k in range(w.operands):
        if at[k] != NULL and <object>at[k] is not None:
            broadcast_steps(&w, k, <cnp.ndarray>at[k])
    find_order(&w)
    if a is not None:
        a = turned(a, &w, 0)
        call.x = <const char*>cnp.PyArray_DATA(a)
    if b is not None:
        b = turned(b, &w, 1)
        call.y = <const char*>cnp.PyArray_DATA(b)
    if c is not None:
        c = turned(c, &w, 2)
        call.z = <const char*>cnp.PyArray_DATA(c)
    n = encode(&w, plan)
    one_row = n == 1
    for k in range(w.operands):
        one_row = one_row and plan[3 + 2 * k] == 1
    call.plan = NULL if one_row else plan
    for i in range(w.nd):
        dims[i] = w.shape[w.order[i]]
        in_order = in_order and w.order[i] == i
    out = run_shaped(kernel, kernel.tasks[num], call, like, w.nd, dims, False)
    if out is None or in_order:
        return out
    places = [0] * w.nd
    for i in range(w.nd):
        places[w.order[i]] = i
    return (<object>out).transpose(places)


cdef enum:
    FEW_DIMS = 8    # of operands that are broadcast here


cdef int broadcast(cnp.ndarray a, cnp.ndarray b, cnp.npy_intp* dims, Py_ssize_t* plan) noexcept:
    """The shape to which two contiguous arrays broadcast, and the plan for it; returns its number of dimensions, or -1.

    A plan needs at most 3 * FEW_DIMS + 3 numbers; see `loops.pxd`.
    """
    cdef Py_ssize_t[FEW_DIMS] sizes
    cdef Py_ssize_t[FEW_DIMS] x
    cdef Py_ssize_t[FEW_DIMS] y
    cdef Py_ssize_t step_x = 1, step_y = 1, m, n
    cdef int nd_a = cnp.PyArray_NDIM(a), nd_b = cnp.PyArray_NDIM(b), nd = max(nd_a, nd_b), i, k = FEW_DIMS
    if nd > FEW_DIMS:
        return -1
    for i in range(nd - 1, -1, -1):    # the last dimensions first: they stand at the end of sizes, x and y
        m = cnp.PyArray_DIM(a, i - nd + nd_a) if i >= nd - nd_a else 1
        n = cnp.PyArray_DIM(b, i - nd + nd_b) if i >= nd - nd_b else 1
        if m != n and m != 1 and n != 1:
            return -1
        dims[i] = n if m == 1 else m
        if dims[i] == 1:
            continue
        if k < FEW_DIMS and ((0 if m == 1 else step_x) == x[k] * sizes[k]) and (
                (0 if n == 1 else step_y) == y[k] * sizes[k]):
            sizes[k] *= dims[i]
        else:
            k -= 1
            sizes[k] = dims[i]
            x[k] = 0 if m == 1 else step_x
            y[k] = 0 if n == 1 else step_y
        step_x *= m
        step_y *= n
    if k == FEW_DIMS:
        k -= 1
        sizes[k] = x[k] = y[k] = 1
    m = FEW_DIMS - k
    plan[0] = m
    plan[m + 1] = plan[2 * m + 2] = 0
    for i in range(m):
        plan[i + 1], plan[m + 2 + i], plan[2 * m + 3 + i] = sizes[k + i], x[k + i], y[k + i]
    return nd


cdef inline object run_unary(Kernel kernel, x, double p, double q):
    """`kernel` over the elements of `x` where they are dense and it has a task for them; otherwise None."""
    cdef call_t call
    cdef cnp.ndarray a, out
    cdef task_t task
    if isinstance(x, TensorBase):
        a = (<TensorBase>x).array
        task = task_for(kernel, a)
        set_operands(&call, a, None, p, q)
        out = run_strided(kernel, &call, a, a) if task == NULL else run_task(kernel, task, &call, a)
        if out is not None:
            return new_tensor(out)
    return None


def unary(Kernel kernel not None, x):
    """`kernel` over the elements of `x`."""
    out = run_unary(kernel, x, 0, 0)
    return general_unary(kernel, x) if out is None else out


cdef bint as_parameter(value, double* number):
    """Read a number that floating elements of any size but half precision may go with; False where it may not fit."""
    if type(value) is float or (type(value) is int and -(1 << 53) <= value <= 1 << 53):
        number[0] = value
        return number[0] - number[0] != 0 or -FLT_MAX <= number[0] <= FLT_MAX
    return False


def unary_param(Kernel kernel not None, x, p=0, q=0):
    """`kernel` over the elements of `x`, with two numbers."""
    cdef double a, b
    if as_parameter(p, &a) and as_parameter(q, &b):
        out = run_unary(kernel, x, a, b)
        if out is not None:
            return out
    return general_unary_param(kernel, x, p, q)


cdef bint as_integer(value, int num, int64_t* to):
    """Put a Python int beside elements of an integer dtype; False where that cannot hold it, or there is none."""
    cdef int overflow
    cdef int64_t whole = PyLong_AsLongLongAndOverflow(value, &overflow)
    if num == cnp.NPY_INT64:
        to[0] = whole
    elif num == cnp.NPY_INT32:
        (<int32_t*>to)[0] = <int32_t>whole
        overflow |= <int32_t>whole != whole
    elif num == cnp.NPY_INT16:
        (<int16_t*>to)[0] = <int16_t>whole
        overflow |= <int16_t>whole != whole
    elif num == cnp.NPY_INT8:
        (<int8_t*>to)[0] = <int8_t>whole
        overflow |= <int8_t>whole != whole
    elif num == cnp.NPY_UINT8:
        (<uint8_t*>to)[0] = <uint8_t>whole
        overflow |= <uint8_t>whole != whole
    else:
        return False
    return overflow == 0


cdef cnp.dtype default_dtype = float32_dtype


def set_default_dtype(cnp.dtype dtype not None):
    """The floating dtype to which integers are promoted beside a floating number."""
    global default_dtype
    default_dtype = dtype


cdef inline bint promotes(Kernel kernel, cnp.ndarray a):
    """Whether `kernel` takes these elements, integers of 64 bits at most or bools, as floating ones beside such."""
    cdef int num = cnp.PyArray_TYPE(a)
    return dense_row(a) and (num == cnp.NPY_INT64 or num == cnp.NPY_INT32 or num == cnp.NPY_UINT8 or num == cnp.NPY_INT16
                             or num == cnp.NPY_INT8 or (num == cnp.NPY_BOOL and kernel.mixes > 1))


cdef inline bint is_floating(cnp.ndarray a) noexcept:
    """Whether the elements are of float32 or float64."""
    return cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32 or cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT64


cdef bint as_operand(Kernel kernel, cnp.ndarray a, value, int position, void* to):
    """Put a Python number beside floating or complex elements, as the operand in this position; False where it or they are none."""
    cdef double complex both
    cdef double number
    cdef float single
    cdef int16_t held
    cdef int64_t whole
    cdef int num = cnp.PyArray_TYPE(a)
    cdef char half = half_code(a)
    cdef bint paired = num == cnp.NPY_COMPLEX64 or num == cnp.NPY_COMPLEX128
    if not ((is_floating(a) or half or paired) and (type(value) is float or (type(value) is complex and paired)
                                                    or (type(value) is int and as_integer(value, cnp.NPY_INT64, &whole)))):
        return False
    if paired:
        both = value
        if num == cnp.NPY_COMPLEX128:
            (<double*>to)[0], (<double*>to)[1] = both.real, both.imag
        else:
            (<float*>to)[0], (<float*>to)[1] = <float>both.real, <float>both.imag
        return True
    number = value
    if num == cnp.NPY_FLOAT64:
        (<double*>to)[0] = number
        return True
    single = <float>number
    if half and kernel.exact != position:
        convert(<const char*>&single, <char*>&held, 1, FLOAT, half)
        convert(<const char*>&held, <char*>&single, 1, half, FLOAT)
    (<float*>to)[0] = single
    return True


cdef object number_first(Kernel kernel, x, y):
    """`kernel` over a Python number and floating elements, None where there is anything else."""
    cdef call_t call
    cdef int64_t[2] number
    cdef cnp.ndarray b, out
    cdef task_t task
    cdef Py_ssize_t[6] plan
    if not kernel.numbers or not isinstance(y, TensorBase):
        return None
    b = (<TensorBase>y).array
    task = task_for(kernel, b)
    if not as_operand(kernel, b, x, 0, number):
        return None
    set_operands(&call, b, b)
    call.x, call.number = <const char*>number, 0
    if task == NULL:
        out = run_strided(kernel, &call, b, None, b)
    else:
        plan[0], plan[1], plan[2], plan[3], plan[4], plan[5] = 1, cnp.PyArray_SIZE(b), 0, 0, 0, 1
        call.plan = plan
        out = run_task(kernel, task, &call, b)
    return None if out is None else new_tensor(out)


cdef enum:
    FEW_COMPLEX = 16384    # numbers that are made complex here: a quarter of the general frame's time for a few, and as much for these


cdef inline int parts_of(cnp.ndarray a) noexcept:
    """The type number of the parts of complex elements; -1 of others."""
    cdef int num = cnp.PyArray_TYPE(a)
    return cnp.NPY_FLOAT32 if num == cnp.NPY_COMPLEX64 else cnp.NPY_FLOAT64 if num == cnp.NPY_COMPLEX128 else -1


cdef inline void with_zeros(const floating* x, floating* out, Py_ssize_t n) noexcept:
    cdef Py_ssize_t i
    for i in range(n):
        out[2 * i] = x[i]
        out[2 * i + 1] = 0


cdef object as_complex(cnp.ndarray a, cnp.ndarray beside):
    """The tensor of floating elements in the complex dtype of those `beside`, whose parts they may be; None where that is not all."""
    cdef cnp.ndarray out
    cdef Py_ssize_t n = cnp.PyArray_SIZE(a)
    if cnp.PyArray_TYPE(a) != parts_of(beside) or not dense_row(a) or n > FEW_COMPLEX:
        return None
    out = new_array(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), <cnp.dtype>cnp.PyArray_DESCR(beside), False)
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT32:
        with_zeros(<const float*>cnp.PyArray_DATA(a), <float*>cnp.PyArray_DATA(out), n)
    else:
        with_zeros(<const double*>cnp.PyArray_DATA(a), <double*>cnp.PyArray_DATA(out), n)
    return new_tensor(out)


cdef object in_general(Kernel kernel, TensorBase x, y):
    """`kernel` over operands that `binary` has no task for: real ones are converted where that is all, or the general frame."""
    cdef cnp.ndarray a = x.array, b
    cdef cnp.dtype dtype = default_dtype
    cdef bint whole
    if kernel.mixes:
        whole = promotes(kernel, a)
        if isinstance(y, TensorBase):
            b = (<TensorBase>y).array
            made = as_complex(a, b) if is_floating(a) else as_complex(b, a) if is_floating(b) else None
            if made is not None:
                return binary(kernel, made, y) if is_floating(a) else binary(kernel, x, made)
            if whole and is_floating(b) and (cnp.PyArray_NDIM(b) or not cnp.PyArray_NDIM(a)):
                return binary(kernel, new_tensor(converted(a, <cnp.dtype>cnp.PyArray_DESCR(b))), y)
            if is_floating(a) and promotes(kernel, b) and (cnp.PyArray_NDIM(a) or not cnp.PyArray_NDIM(b)):
                return binary(kernel, x, new_tensor(converted(b, <cnp.dtype>cnp.PyArray_DESCR(a))))
        elif whole and (dtype.num == cnp.NPY_FLOAT32 or dtype.num == cnp.NPY_FLOAT64) and (
                type(y) is float or (type(y) is int and kernel.table[cnp.PyArray_TYPE(a)] is None)):
            return binary(kernel, new_tensor(converted(a, dtype)), y)
    return general_binary(kernel, x, y)


def binary(Kernel kernel not None, x, y):
    """`kernel` over pairs of elements.

    A Python number beside a floating tensor, or an int beside one of integers, takes the tensor's dtype right here.
    """
    cdef call_t call
    cdef int64_t[2] whole
    cdef cnp.ndarray a, b, out
    cdef task_t task
    cdef int num
    cdef Py_ssize_t[3 * FEW_DIMS + 3] plan
    cdef cnp.npy_intp[FEW_DIMS] dims
    cdef int nd
    if isinstance(x, TensorBase):
        a = (<TensorBase>x).array
        task = task_for(kernel, a)
        num = cnp.PyArray_TYPE(a)
        if task != NULL or (num < 24 and kernel.tasks[num] != NULL):
            if isinstance(y, TensorBase):
                b = (<TensorBase>y).array
                if cnp.PyArray_TYPE(b) != num:
                    return in_general(kernel, x, y)
                if task == NULL or not dense_row(b):
                    set_operands(&call, a, b)
                    out = run_strided(kernel, &call, a, a, b)
                    return in_general(kernel, x, y) if out is None else new_tensor(out)
                set_operands(&call, a, b)
                if not same_shape(a, b):
                    nd = broadcast(a, b, dims, plan)
                    if nd < 0:
                        return general_binary(kernel, x, y)
                    call.plan = plan
                    out = run_shaped(kernel, task, &call, a, nd, dims, repeats_apart(a, nd, dims)
                                     and repeats_apart(b, nd, dims))
                    return general_binary(kernel, x, y) if out is None else new_tensor(out)
            elif (type(y) is int and as_integer(y, num, whole)) or as_operand(kernel, a, y, 1, whole):
                set_operands(&call, a)
                call.y = <const char*>whole
            else:
                return in_general(kernel, x, y)
            if not isinstance(y, TensorBase):
                call.number = 1
                # one dimension; offset and stride of x; offset and stride of y
                plan[0], plan[1], plan[2], plan[3], plan[4], plan[5] = 1, cnp.PyArray_SIZE(a), 0, 1, 0, 0
                call.plan = plan
            out = run_strided(kernel, &call, a, a) if task == NULL else run_task(kernel, task, &call, a)
            if out is not None:
                return new_tensor(out)
        return in_general(kernel, x, y)
    found = number_first(kernel, x, y)
    return general_binary(kernel, x, y) if found is None else found


def backward(Kernel kernel not None, g, x, double p=0, double q=0):
    """The gradient kernel of an activation: `g` and what was saved, both of one dense layout, and two numbers."""
    cdef call_t call
    cdef cnp.ndarray a, b, out
    cdef task_t task
    if isinstance(g, TensorBase) and isinstance(x, TensorBase):
        b = (<TensorBase>x).array
        a = dense((<TensorBase>g).array, b)
        task = task_for(kernel, a)
        if task != NULL and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b) and same_shape(a, b) and dense_row(b):
            set_operands(&call, a, b, p, q)
            out = run_task(kernel, task, &call, a)
            if out is not None:
                return new_tensor(out)
        elif cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b) and same_shape(a, b):
            set_operands(&call, a, b, p, q)
            out = run_strided(kernel, &call, a, a, b)
            if out is not None:
                return new_tensor(out)
    return general_backward(kernel, g, x, p, q)


cdef inline void plan_numbers(Py_ssize_t* plan, Py_ssize_t n, Py_ssize_t x, Py_ssize_t y, Py_ssize_t z) noexcept:
    """The plan of n elements of three operands in one dimension, with these strides: 1, or 0 for a number."""
    plan[0], plan[1], plan[2], plan[3], plan[4], plan[5], plan[6], plan[7] = 1, n, 0, x, 0, y, 0, z


cdef cnp.ndarray as_beside(cnp.ndarray a, value, const char** at, int64_t* number, bint* plain, bint* fits):
    """The array of an operand beside `a`, None for a number, with its address; whether it fits, and is as plain as `a`."""
    cdef cnp.ndarray b = None
    if isinstance(value, TensorBase):
        b = (<TensorBase>value).array
        fits[0] = fits[0] and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b)
        plain[0] = plain[0] and same_shape(a, b) and dense_row(b)
        at[0] = <const char*>cnp.PyArray_DATA(b)
    else:
        fits[0] = fits[0] and as_number(value, cnp.PyArray_TYPE(a), number)
        at[0] = <const char*>number
    return b


def ternary(Kernel kernel not None, x, y, z, double p):
    """`kernel` over triples of elements, of tensors of one dtype that broadcast, with a number; None otherwise.

    `y` and `z` may be numbers too, of full precision, or `z` alone.
    """
    cdef call_t call
    cdef cnp.ndarray a, b, c, out
    cdef task_t task
    cdef int64_t[2] numbers
    cdef bint plain, fits = True
    cdef Py_ssize_t[8] plan
    if not isinstance(x, TensorBase):
        return None
    a = (<TensorBase>x).array
    task = task_for(kernel, a)
    plain = task != NULL
    set_operands(&call, a, None, p)
    b = as_beside(a, y, &call.y, &numbers[0], &plain, &fits)
    c = as_beside(a, z, &call.z, &numbers[1], &plain, &fits)
    if not fits:
        return None
    if not plain:
        out = run_strided(kernel, &call, a, a, b, c)
    else:
        if b is None or c is None:
            plan_numbers(plan, cnp.PyArray_SIZE(a), 1, b is not None, c is not None)
            call.plan = plan
        out = run_task(kernel, task, &call, a)
    return None if out is None else new_tensor(out)


def accumulate(Kernel add not None, TensorBase target not None, TensorBase x not None):
    """Add `x` to `target` in place, where both are dense and of one shape and dtype; returns whether it was done."""
    cdef call_t call
    cdef cnp.ndarray a = target.array, b = x.array
    cdef task_t task = task_for(add, a)
    if (task == NULL or not dense_row(b) or cnp.PyArray_TYPE(a) != cnp.PyArray_TYPE(b) or not same_shape(a, b)
            or not cnp.PyArray_ISWRITEABLE(a)):
        return False
    set_operands(&call, a, b)
    run_call(add, task, &call, a, a)
    bump(target)
    return True


cdef enum:
    SCATTERED = 16384    # elements that are put in order by one thread, where dimensions between others are reduced


def reduce(Kernel kernel not None, TensorBase x not None, dim, bint keepdim):
    """A reduction of all elements (None), along one dimension, or along several (a tuple); of a large tensor, several that
    follow each other.

    None where the general way has to be taken.
    """
    cdef cnp.ndarray a = x.array, out
    cdef cnp.dtype own = <cnp.dtype>cnp.PyArray_DESCR(a)
    cdef cnp.npy_intp[FEW_DIMS] dims
    cdef Py_ssize_t outer = 1, axis = 1, inner = 1
    cdef int nd = cnp.PyArray_NDIM(a), i, k = 0, at, first = 0, last = nd - 1, seen = (1 << nd) - 1
    cdef bint scattered = False
    cdef reduction_t call = NULL
    if not dense_row(a) or nd > FEW_DIMS:
        return None
    if dim is not None:
        first, last, seen = nd, -1, 0
        for one in dim if type(dim) is tuple and dim else (dim,):
            if type(one) is not int or not -nd <= one < nd:
                return None
            at = one
            at += nd if at < 0 else 0
            if seen >> at & 1:
                return None
            seen |= 1 << at
            first, last = min(first, at), max(last, at)
        scattered = last - first + 1 != (len(<tuple>dim) if type(dim) is tuple else 1)
        if scattered and cnp.PyArray_SIZE(a) > SCATTERED:
            return None
    if half_code(a):
        a = converted(a, float32_dtype)
    if cnp.PyArray_TYPE(a) < 24:
        call = <reduction_t>kernel.tasks[cnp.PyArray_TYPE(a)]
    if call == NULL:
        return None
    for i in range(nd):
        if seen >> i & 1:
            axis *= cnp.PyArray_DIM(a, i)
            if keepdim:
                dims[k] = 1
                k += 1
            continue
        dims[k] = cnp.PyArray_DIM(a, i)
        k += 1
        if scattered or i < first:
            outer *= cnp.PyArray_DIM(a, i)
        else:
            inner *= cnp.PyArray_DIM(a, i)
    if scattered:
        a = cnp.PyArray_GETCONTIGUOUS((<object>a).transpose(
            [i for i in range(nd) if not seen >> i & 1] + [i for i in range(nd) if seen >> i & 1]))
    out = new_array(
        k, dims, <cnp.dtype>cnp.PyArray_DESCR(a) if kernel.result is None else <cnp.dtype>kernel.result, False
    )
    call(cnp.PyArray_DATA(a), cnp.PyArray_DATA(out), outer, axis, inner, kernel.op, 0)
    return new_tensor(converted(out, own) if kernel.result is None else out)


def check_dim(str op, dim, Py_ssize_t ndim):
    """A dimension counted from the front; IndexError when out of range."""
    cdef Py_ssize_t n = max(ndim, 1), index
    if type(dim) is not int:
        try:
            if type(dim) is bool and (op == "size" or op == "stride"):    # a dimension alone; others are read before
                raise AttributeError
            dim = dim.__index__()
        except AttributeError:
            raise TypeError(f"{op}(): argument 'dim' must be int, not {type(dim).__name__}") from None
    if not -n <= dim < n:
        raise IndexError(
            f"{op}(): Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
        )
    index = dim
    return index + n if index < 0 else index


def tensor_argument(str name, value, position=1, str argument="input"):
    """The value, if it is a tensor; TypeError otherwise."""
    if not isinstance(value, TensorBase):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type(value).__name__}"
        )
    return value


def fold_dim(cnp.ndarray array not None, int dim):
    """The sizes of a shape before, at and after a dimension, the others multiplied together."""
    cdef Py_ssize_t outer = 1, inner = 1
    cdef int i
    for i in range(dim):
        outer *= cnp.PyArray_DIM(array, i)
    for i in range(dim + 1, cnp.PyArray_NDIM(array)):
        inner *= cnp.PyArray_DIM(array, i)
    return outer, cnp.PyArray_DIM(array, dim), inner


cdef bint as_number(value, int num, void* to):
    """Put a Python number beside elements; False where it is none, or their dtype may not hold it."""
    cdef double wide
    if num == cnp.NPY_FLOAT64 and type(value) is float:
        (<double*>to)[0] = value
        return True
    if num != cnp.NPY_FLOAT32 and num != cnp.NPY_FLOAT64:
        return type(value) is int and as_integer(value, num, <int64_t*>to)
    if not as_parameter(value, &wide):
        return False
    if num == cnp.NPY_FLOAT64:
        (<double*>to)[0] = wide
    else:
        (<float*>to)[0] = <float>wide
    return True


def where(Kernel kernel not None, TensorBase condition not None, x, y):
    """Elements of one of two operands, tensors of one dtype that broadcast or one of them a number; None otherwise."""
    cdef cnp.ndarray mask = condition.array, a, b, c, out
    cdef call_t call
    cdef task_t task
    cdef int64_t number
    cdef int num
    cdef bint first = isinstance(x, TensorBase), second = isinstance(y, TensorBase), plain
    cdef Py_ssize_t[8] plan
    if not (first or second) or cnp.PyArray_TYPE(mask) != cnp.NPY_BOOL:
        return None
    b = (<TensorBase>x).array if first else None
    c = (<TensorBase>y).array if second else None
    a = b if first else c
    task = task_for(kernel, a)
    plain = task != NULL and ready(mask) and same_shape(a, mask)
    set_operands(&call, mask, a)
    call.condition = True
    if first and second:
        if cnp.PyArray_TYPE(b) != cnp.PyArray_TYPE(c):
            return None
        plain = plain and dense_row(c) and same_shape(b, c)
        call.z = <const char*>cnp.PyArray_DATA(c)
    else:
        num = cnp.NPY_FLOAT32 if half_code(a) else cnp.PyArray_TYPE(a)
        if not as_number(y if first else x, num, &number):
            return None
        call.z = <const char*>&number
        call.number = 2
        if second:
            call.y, call.z = call.z, call.y
            call.number = 1
        plan_numbers(plan, cnp.PyArray_SIZE(a), 1, first, second)
        call.plan = plan
    if plain:
        out = run_shaped(kernel, task, &call, a, cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), False)
    else:
        out = run_strided(kernel, &call, a, mask, b, c)
    return None if out is None else new_tensor(out)


cdef bint put_numbers(list data, int num, bint* fractions, const cnp.npy_intp* dims, int nd, char** at) except -1:
    """Write nested lists row by row: bools, ints or, where `num` is a floating dtype, ints and floats; False for anything else."""
    cdef Py_ssize_t left = dims[0]
    cdef double number
    cdef long long whole
    cdef int overflow
    if len(data) != left:
        return False
    for one in data:
        if left == 0:    # another thread makes the list longer
            return False
        left -= 1
        if nd > 1:
            if type(one) is not list or not put_numbers(<list>one, num, fractions, dims + 1, nd - 1, at):
                return False
            continue
        if num == cnp.NPY_BOOL:
            if type(one) is not bool:
                return False
            at[0][0] = one is True
            at[0] += 1
            continue
        if type(one) is float and num != cnp.NPY_INT64:
            number = one
            fractions[0] = True
        elif type(one) is int:
            whole = PyLong_AsLongLongAndOverflow(one, &overflow)
            if overflow:
                return False
            number = <double>whole
        else:
            return False
        if num == cnp.NPY_INT64:
            (<int64_t*>at[0])[0] = whole
        elif num == cnp.NPY_FLOAT32:
            (<float*>at[0])[0] = <float>number
        else:
            (<double*>at[0])[0] = number
        at[0] += 4 if num == cnp.NPY_FLOAT32 else 8
    return left == 0


cdef cnp.ndarray numbers_as(list data, int num, bint mixed, const cnp.npy_intp* dims, int nd):
    """The array of nested lists in a dtype; None where that does not hold them, or holds ints alone though `mixed`."""
    cdef cnp.ndarray out = new_array(nd, dims, cnp.PyArray_DescrFromType(num), False)
    cdef char* at = cnp.PyArray_BYTES(out)
    cdef bint fractions = not mixed
    return out if put_numbers(data, num, &fractions, dims, nd, &at) and fractions else None


def from_numbers(list data not None, cnp.dtype dtype not None, bint given):
    """An array of nested lists of bools alone, ints alone, or floats and ints; None for anything else.

    `dtype` is the one that is asked for where it is `given`, and otherwise that of floats.
    """
    cdef cnp.npy_intp[FEW_DIMS] dims
    cdef cnp.ndarray out = None
    cdef object one = data
    cdef int nd = 0, num = dtype.num
    cdef bint floating = num == cnp.NPY_FLOAT32 or num == cnp.NPY_FLOAT64
    while type(one) is list and nd < FEW_DIMS and len(<list>one):
        dims[nd] = len(<list>one)
        nd += 1
        one = (<list>one)[0]
    if given:
        return numbers_as(data, num, False, dims, nd) if nd and (floating or num == cnp.NPY_INT64 or num == cnp.NPY_BOOL) else None
    if type(one) is bool:
        return numbers_as(data, cnp.NPY_BOOL, False, dims, nd)
    if type(one) is int:
        out = numbers_as(data, cnp.NPY_INT64, False, dims, nd)
    if out is None and floating and (type(one) is float or type(one) is int):
        out = numbers_as(data, num, True, dims, nd)
    return out
