"""How a kernel walks over operands that are broadcast to one shape: dimensions in the order in which they lie in memory, those
that follow each other as one. In Python this took ten times as long as the loop over a small transposed matrix.
"""

cdef enum:
    MAX_OPERANDS = 8

cdef struct walk_t:
    int nd
    int operands
    int[64] order                               # of the dimensions, from the outermost in memory to the innermost
    Py_ssize_t[64] shape
    Py_ssize_t[MAX_OPERANDS][64] steps          # strides in elements; 0 where an operand is repeated

cdef object general_shapes


def set_shapes(function):
    """The function that finds the shape to which shapes broadcast, or says which do not."""
    global general_shapes
    general_shapes = function


cdef inline Py_ssize_t size_at(cnp.ndarray a, int i, int nd):
    """The size of dimension i of nd, for an array that is broadcast to so many."""
    i -= nd - cnp.PyArray_NDIM(a)
    return 1 if i < 0 else cnp.PyArray_DIM(a, i)


cdef inline Py_ssize_t step_at(cnp.ndarray a, int i, int nd):
    """Its stride there, in bytes; 0 where it is repeated."""
    i -= nd - cnp.PyArray_NDIM(a)
    return 0 if i < 0 or cnp.PyArray_DIM(a, i) == 1 else cnp.PyArray_STRIDE(a, i)


cdef inline Py_ssize_t stride_at(cnp.ndarray a, int i, int nd):
    """Its stride there, of one element too: see `broadcast_steps`."""
    i -= nd - cnp.PyArray_NDIM(a)
    return 0 if i < 0 else cnp.PyArray_STRIDE(a, i)


cdef inline void broadcast_steps(walk_t* w, int k, cnp.ndarray a) noexcept:
    """Strides of 0 where operand k is repeated. Where all have one element its stride stays: it tells where the dimension lies."""
    cdef int i
    for i in range(w.nd):
        if w.shape[i] != 1 and size_at(a, i, w.nd) == 1:
            w.steps[k][i] = 0


cdef int nesting(const walk_t* w, int a, int b) noexcept:
    """-1 where dimension a lies further in than b, 1 further out: by strides, of equal ones by sizes; 0 if nothing tells."""
    cdef int k
    for k in range(w.operands):
        if w.steps[k][a] and w.steps[k][b]:
            if w.steps[k][a] != w.steps[k][b]:
                return -1 if abs(w.steps[k][a]) < abs(w.steps[k][b]) else 1
            if w.shape[a] != w.shape[b]:
                return -1 if w.shape[a] < w.shape[b] else 1
    return 0


cdef void find_order(walk_t* w) noexcept:
    """Sort the dimensions by insertion, the innermost first, then turn round; where nothing is said they stay."""
    cdef int i, j, at, verdict
    for i in range(w.nd):
        w.order[i] = w.nd - 1 - i
    for i in range(1, w.nd):
        at = i
        for j in range(i - 1, -1, -1):
            verdict = nesting(w, w.order[at], w.order[j])
            if verdict < 0:
                w.order[at], w.order[j] = w.order[j], w.order[at]
                at = j
            elif verdict > 0:
                break
    for i in range(w.nd // 2):
        w.order[i], w.order[w.nd - 1 - i] = w.order[w.nd - 1 - i], w.order[i]


cdef list order_list(const walk_t* w):
    return [w.order[i] for i in range(w.nd)]


def memory_order(shape, strides):
    """The dimensions from the outermost in memory to the innermost, as the strides of operands have them."""
    cdef walk_t w
    cdef int i, k
    if len(shape) > 64 or len(strides) > MAX_OPERANDS:
        raise ValueError(f"{len(shape)} dimensions of {len(strides)} operands are too many")
    w.nd, w.operands = <int>len(shape), <int>len(strides)
    for i in range(w.nd):
        w.shape[i] = shape[i]
        for k in range(w.operands):
            w.steps[k][i] = strides[k][i]
    find_order(&w)
    return order_list(&w)


cdef enum:
    PLAN_ROOM = 1 + 64 + MAX_OPERANDS * 65


cdef int encode(const walk_t* w, Py_ssize_t* plan) noexcept:
    """The plan of a walk, `[ndim, *sizes, offset, *strides of each operand]`, over as few dimensions as possible; offsets are
    0. Returns the number of dimensions."""
    cdef Py_ssize_t[MAX_OPERANDS][64] steps
    cdef Py_ssize_t[64] sizes
    cdef Py_ssize_t size
    cdef int i, k, d, n = 0
    cdef bint follows
    for i in range(w.nd):
        d = w.order[i]
        size = w.shape[d]
        if size == 1:
            continue
        follows = n > 0
        for k in range(w.operands):
            follows = follows and steps[k][n - 1] == w.steps[k][d] * size
        if follows:
            sizes[n - 1] *= size
        else:
            sizes[n] = size
            n += 1
        for k in range(w.operands):
            steps[k][n - 1] = w.steps[k][d]
    if n == 0:
        sizes[0], n = 1, 1
        for k in range(w.operands):
            steps[k][0] = 1
    plan[0] = n
    for i in range(n):
        plan[1 + i] = sizes[i]
    for k in range(w.operands):
        plan[1 + n + k * (n + 1)] = 0
        for i in range(n):
            plan[2 + n + k * (n + 1) + i] = steps[k][i]
    return n


def layout(arrays):
    """The shape that arrays are broadcast to, how a kernel walks over them, and the order of the result's dimensions.

    The walk is the plan that kernels take, in elements, for a result that is dense in that order. It is None when every
    operand is one row in it; the order is None too where all are dense and of one shape.
    """
    cdef walk_t w
    cdef Py_ssize_t[PLAN_ROOM] plan
    cdef int i, k, n
    cdef bint dense = True, one_row
    cdef cnp.ndarray array, first = arrays[0], encoded
    cdef cnp.npy_intp length
    for array in arrays:
        dense = dense and cnp.PyArray_IS_C_CONTIGUOUS(array) and same_shape(array, first)
    if dense:
        return (<object>first).shape, None, None
    shape = general_shapes(*[(<object>array).shape for array in arrays])
    w.nd, w.operands = <int>len(shape), <int>len(arrays)
    if w.nd > 64 or w.operands > MAX_OPERANDS:
        raise ValueError(f"{w.nd} dimensions of {w.operands} operands are too many")
    for i in range(w.nd):
        w.shape[i] = shape[i]
    for k in range(w.operands):
        array = arrays[k]
        for i in range(w.nd):
            w.steps[k][i] = stride_at(array, i, w.nd) // cnp.PyArray_ITEMSIZE(array)
        broadcast_steps(&w, k, array)
    find_order(&w)
    n = encode(&w, plan)
    one_row = n == 1
    for k in range(w.operands):
        plan[1 + n + k * (n + 1)] = start_of(arrays[k])
        one_row = one_row and plan[1 + n + k * (n + 1)] == 0 and plan[2 + n + k * (n + 1)] == 1
    if one_row:
        return shape, None, order_list(&w)
    length = 1 + n + w.operands * (n + 1)
    encoded = cnp.PyArray_EMPTY(1, &length, cnp.NPY_INTP, 0)
    memcpy(cnp.PyArray_DATA(encoded), plan, length * sizeof(Py_ssize_t))
    return shape, encoded, order_list(&w)


cdef Py_ssize_t start_of(cnp.ndarray array):
    """Where the first element lies in the array's `flat` row."""
    if cnp.PyArray_IS_C_CONTIGUOUS(array) or cnp.PyArray_IS_F_CONTIGUOUS(array):
        return 0
    return -extent(array)[0]


def ordered_empty(shape, order, cnp.dtype dtype not None):
    """An uninitialised array that is dense with its dimensions in this order in memory; None: as they are."""
    cdef list places
    if order is None or list(order) == list(range(len(shape))):
        return empty(shape, dtype)
    places = [0] * len(shape)
    for place, at in enumerate(order):
        places[at] = place
    return empty(tuple([shape[at] for at in order]), dtype).transpose(places)


cpdef bint channels_last(cnp.ndarray array) noexcept:
    """Whether the strides of a batch of images (4 dimensions) or volumes (5) put the channels of a pixel beside each other.

    Those of one channel and one pixel may be read either way; then they say no.
    """
    cdef int nd = cnp.PyArray_NDIM(array), i, dim
    cdef Py_ssize_t step, least = 0
    if nd != 4 and nd != 5:
        return False
    for i in range(nd):
        dim = 1 if i == 0 else nd - i if i < nd - 1 else 0    # from the innermost to the outermost
        step = cnp.PyArray_STRIDE(array, dim)
        if step < least or cnp.PyArray_DIM(array, dim) == 0 or (i == 0 and step == 0):
            return False
        if dim == 0 and least == cnp.PyArray_STRIDE(array, 1):
            return False
        least = step * cnp.PyArray_DIM(array, dim)
    return True
