"""Views: tensors over a piece of another's memory. Shapes are worked out here where that takes a few comparisons; None
says that it does not, and `lucid/ops` goes on (or explains what is wrong).
"""

cdef enum:
    MAX_DIMS = 64

# What `TensorBase._view` may be.
cdef enum:
    WRITABLE = 0      # in-place writes reach the base's history (or it is no view)
    NO_GRAD = 1       # made with recording off: the base does not know of it
    ONE_OF_SEVERAL = 2    # one of the outputs of an operation that gives several views
    RETURNED = 3      # the input of a user's Function, which returned it as it is
    UNRECORDED = 4    # made with recording off of what required no gradient: may be written to until that is to be recorded

view_states = (WRITABLE, NO_GRAD, ONE_OF_SEVERAL, RETURNED, UNRECORDED)


cdef cnp.ndarray array_view(cnp.ndarray array, int nd, cnp.npy_intp* dims, cnp.npy_intp* steps, char* data):
    """An array over another's memory; `steps` in bytes. It points to the array that owns the memory, so that chains of
    views do not keep each other alive."""
    cdef object descr = <object>cnp.PyArray_DESCR(array)
    cdef object base = array
    Py_INCREF(descr)
    view = PyArray_NewFromDescr(&PyArray_Type, <cnp.PyArray_Descr*>descr, nd, dims, steps, data,
                                cnp.PyArray_FLAGS(array) & cnp.NPY_ARRAY_WRITEABLE, NULL)
    if cnp.PyArray_BASE(array) != NULL and isinstance(<object>cnp.PyArray_BASE(array), cnp.ndarray):
        base = <object>cnp.PyArray_BASE(array)
    cnp.set_array_base(<cnp.ndarray>view, base)
    return <cnp.ndarray>view


cdef int check_dims(Py_ssize_t nd) except -1:
    if nd > MAX_DIMS:
        raise RuntimeError(f"a tensor has at most {MAX_DIMS} dimensions, got {nd}")
    return 0


def strided(cnp.ndarray array, shape, strides, Py_ssize_t offset=0):
    """A view of `array`'s memory: `offset` and `strides` in elements, the offset counted from its first element.

    The caller has made sure that it stays inside the memory.
    """
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(array), value
    cdef int nd = 0, i = 0
    check_dims(len(shape))
    if len(shape) != len(strides):
        raise RuntimeError(f"{len(shape)} sizes and {len(strides)} strides do not make a view")
    for value in shape:
        dims[nd] = value
        nd += 1
    for value in strides:
        steps[i] = value * itemsize
        i += 1
    return array_view(array, nd, dims, steps, cnp.PyArray_BYTES(array) + offset * itemsize)


def empty_like(cnp.ndarray array not None, cnp.dtype dtype not None):
    """An uninitialised array with an array's shape and strides, if those leave no gaps and no two elements meet; None otherwise."""
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef cnp.ndarray made
    cdef int i, nd = cnp.PyArray_NDIM(array)
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(array)
    if not gapless(array):
        return None
    made = empty((<object>array).shape, dtype)
    for i in range(nd):
        steps[i] = cnp.PyArray_STRIDE(array, i) // itemsize * cnp.PyArray_ITEMSIZE(made)
    return array_view(made, nd, cnp.PyArray_DIMS(array), steps, cnp.PyArray_BYTES(made))


cdef TensorBase tie(TensorBase base, cnp.ndarray array):
    cdef TensorBase view = new_tensor(array)
    cdef TensorBase root
    view._counter = version_of(base)
    view._view, view._inference = base._view, base._inference
    if grad_enabled or forward_of_recorded or not needs_grad(base):
        root = base if base._base is None else <TensorBase>base._base
        view._base, view._base_node = root, root._node
        if not (grad_enabled or forward_of_recorded or view._view):
            view._view = UNRECORDED
    else:
        view._view = NO_GRAD
    if view._view:
        view._made = <int>version(view)
    return view


def view_of(TensorBase base not None, cnp.ndarray array not None):
    """A tensor over a piece of another's memory: they share the version counter, and in-place writes reach both."""
    return tie(base, array)


def view(TensorBase base not None, shape, strides, Py_ssize_t offset=0):
    """`view_of` what `strided` makes."""
    return tie(base, strided(base.array, shape, strides, offset))


cdef bint divided(cnp.ndarray a, int nd, const cnp.npy_intp* dims, cnp.npy_intp* steps) noexcept:
    """The strides with which an array that is not empty is seen in another shape; False if only a copy can be.

    Each run of the old dimensions that is contiguous in itself is divided anew. Dimensions of size 1 have PyTorch's strides.
    """
    cdef int i = cnp.PyArray_NDIM(a) - 1, at = nd - 1
    cdef cnp.npy_intp size = 1, seen = 1, step = cnp.PyArray_ITEMSIZE(a) if i < 0 else cnp.PyArray_STRIDE(a, i)
    while at >= 0 and i < 0:
        steps[at] = step
        at -= 1
    while i >= 0:
        size *= cnp.PyArray_DIM(a, i)
        i -= 1
        if i >= 0 and (cnp.PyArray_DIM(a, i) == 1 or cnp.PyArray_STRIDE(a, i) == size * step):
            continue
        while at >= 0 and (seen < size or dims[at] == 1):
            steps[at] = seen * step
            seen *= dims[at]
            at -= 1
        if seen != size:
            return False
        if i >= 0:
            size, seen, step = 1, 1, cnp.PyArray_STRIDE(a, i)
    return True


def reshaped(TensorBase base not None, shape, bint copying=False):
    """A tensor in another shape, of which one size may be -1: a view, or a copy if that may be; None where there is none."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef Py_ssize_t size, known = 1, total = cnp.PyArray_SIZE(a)
    cdef int nd = 0, hole = -1
    if total == 0:
        return None
    check_dims(len(shape))
    for item in shape:
        if type(item) is not int:
            return None
        size = item
        if size == -1 and hole < 0:
            hole = nd
        elif size <= 0 or size > total // known:
            return None
        else:
            known *= size
        dims[nd] = size
        nd += 1
    if hole >= 0:
        dims[hole] = total // known
        known *= dims[hole]
    if known != total:
        return None
    if not divided(a, nd, dims, steps):
        if not copying:
            return None
        a = copied(a)
        divided(a, nd, dims, steps)
        return wrap(array_view(a, nd, dims, steps, cnp.PyArray_BYTES(a)))
    return tie(base, array_view(a, nd, dims, steps, cnp.PyArray_BYTES(a)))


def transposed(TensorBase base not None, Py_ssize_t i, Py_ssize_t j):
    """Two dimensions exchanged; None where there are none of that number."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef int nd = cnp.PyArray_NDIM(a), k
    if i < 0:
        i += nd
    if j < 0:
        j += nd
    if not (0 <= i < nd and 0 <= j < nd):
        return None
    for k in range(nd):
        dims[k] = cnp.PyArray_DIM(a, k)
        steps[k] = cnp.PyArray_STRIDE(a, k)
    dims[i], dims[j] = dims[j], dims[i]
    steps[i], steps[j] = steps[j], steps[i]
    return tie(base, array_view(a, nd, dims, steps, cnp.PyArray_BYTES(a)))


def indexed(TensorBase base not None, index):
    """`base[index]` for ints, slices, None and one Ellipsis; None where anything else is among them."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef char* data = cnp.PyArray_BYTES(a)
    cdef int nd = cnp.PyArray_NDIM(a), used = 0, added = 0, at = 0, out = 0, k
    cdef bint dotted = False
    cdef Py_ssize_t i, start, stop, step, n
    cdef tuple items = <tuple>index if type(index) is tuple else (index,)
    for item in items:
        if type(item) is int or type(item) is slice:
            used += 1
        elif item is None:
            added += 1
        elif item is Ellipsis and not dotted:
            dotted = True
        else:
            return None
    if used > nd:
        if nd == 0:
            raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` to convert it to a Python number")
        raise IndexError(f"too many indices for tensor of dimension {nd}")
    if nd + added > MAX_DIMS:
        raise RuntimeError(f"a tensor has at most {MAX_DIMS} dimensions, got {nd + added}")
    for item in items:
        if type(item) is int:
            n = cnp.PyArray_DIM(a, at)
            try:
                i = item
            except OverflowError:
                i = n if item > 0 else -n - 1
            if not -n <= i < n:
                raise IndexError(f"index {item} is out of bounds for dimension {at} with size {n}")
            data += (i + n if i < 0 else i) * cnp.PyArray_STRIDE(a, at)
            at += 1
        elif type(item) is slice:
            PySlice_Unpack(item, &start, &stop, &step)
            if step <= 0:
                raise ValueError("step must be greater than zero")
            n = PySlice_AdjustIndices(cnp.PyArray_DIM(a, at), &start, &stop, step)
            dims[out] = n
            steps[out] = step * cnp.PyArray_STRIDE(a, at) if n > 1 or step < 1 << 20 else cnp.PyArray_STRIDE(a, at)
            data += start * cnp.PyArray_STRIDE(a, at)
            at += 1
            out += 1
        elif item is None:
            dims[out] = 1
            # the stride that PyTorch reports for a dimension of size 1
            steps[out] = cnp.PyArray_DIM(a, at) * cnp.PyArray_STRIDE(a, at) if at < nd else cnp.PyArray_ITEMSIZE(a)
            out += 1
        else:
            for k in range(nd - used):
                dims[out] = cnp.PyArray_DIM(a, at)
                steps[out] = cnp.PyArray_STRIDE(a, at)
                at += 1
                out += 1
    while at < nd:
        dims[out] = cnp.PyArray_DIM(a, at)
        steps[out] = cnp.PyArray_STRIDE(a, at)
        at += 1
        out += 1
    return tie(base, array_view(a, out, dims, steps, data))


cdef inline int front(Py_ssize_t dim, int nd) noexcept:
    """A dimension counted from the front; -1 where there is none of that number."""
    if dim < 0:
        dim += nd
    return <int>dim if 0 <= dim < nd else -1


cdef inline int like(cnp.ndarray a, cnp.npy_intp* dims, cnp.npy_intp* steps) noexcept:
    """The sizes and strides of an array; returns its number of dimensions."""
    cdef int i, nd = cnp.PyArray_NDIM(a)
    for i in range(nd):
        dims[i] = cnp.PyArray_DIM(a, i)
        steps[i] = cnp.PyArray_STRIDE(a, i)
    return nd


def permuted(TensorBase base not None, order):
    """The dimensions in another order; None where it is none."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef int nd = cnp.PyArray_NDIM(a), i = 0, at
    cdef unsigned long long seen = 0
    if len(order) != nd:
        return None
    for dim in order:
        if type(dim) is not int:
            return None
        at = front(dim, nd)
        if at < 0 or seen >> at & 1:
            return None
        seen |= <unsigned long long>1 << at
        dims[i] = cnp.PyArray_DIM(a, at)
        steps[i] = cnp.PyArray_STRIDE(a, at)
        i += 1
    return tie(base, array_view(a, nd, dims, steps, cnp.PyArray_BYTES(a)))


def expanded(TensorBase base not None, size):
    """Dimensions of size 1 seen as larger; None where they do not fit."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef int own = cnp.PyArray_NDIM(a), nd = <int>len(size), i, lead = nd - own
    cdef Py_ssize_t wanted, there
    if lead < 0 or nd > MAX_DIMS:
        return None
    for i in range(nd):
        item = size[i]
        if type(item) is not int:
            return None
        wanted = item
        if i < lead:
            if wanted < 0 or wanted == 1 and own:
                return None
            dims[i], steps[i] = wanted, 0
            continue
        there = cnp.PyArray_DIM(a, i - lead)
        if wanted == -1 or wanted == there:
            dims[i], steps[i] = there, cnp.PyArray_STRIDE(a, i - lead)
        elif there == 1 and wanted >= 0:
            dims[i], steps[i] = wanted, 0
        else:
            return None
    return tie(base, array_view(a, nd, dims, steps, cnp.PyArray_BYTES(a)))


def squeezed(TensorBase base not None, dim):
    """Without dimension `dim` (or, with None, any) of size 1; None where there is no such dimension."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef int nd = cnp.PyArray_NDIM(a), out = 0, i, at = -1
    if dim is not None:
        at = front(dim, nd)
        if at < 0:
            return None
    for i in range(nd):
        if cnp.PyArray_DIM(a, i) != 1 or (at >= 0 and i != at):
            dims[out] = cnp.PyArray_DIM(a, i)
            steps[out] = cnp.PyArray_STRIDE(a, i)
            out += 1
    return tie(base, array_view(a, out, dims, steps, cnp.PyArray_BYTES(a)))


def unsqueezed(TensorBase base not None, Py_ssize_t dim):
    """With a dimension of size 1 put in at `dim`; None where there is no such place."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef int nd = cnp.PyArray_NDIM(a), i, at = front(dim, nd + 1)
    if at < 0 or nd == MAX_DIMS:
        return None
    for i in range(nd):
        dims[i + (i >= at)] = cnp.PyArray_DIM(a, i)
        steps[i + (i >= at)] = cnp.PyArray_STRIDE(a, i)
    dims[at] = 1
    steps[at] = cnp.PyArray_ITEMSIZE(a) if at == nd else cnp.PyArray_DIM(a, at) * cnp.PyArray_STRIDE(a, at)
    return tie(base, array_view(a, nd + 1, dims, steps, cnp.PyArray_BYTES(a)))


cdef TensorBase slice_of(TensorBase base, int at, Py_ssize_t start, Py_ssize_t n):
    """`n` elements of a dimension from `start` on; with n = -1 the one at `start`, without the dimension."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef int nd = like(a, dims, steps), i
    cdef char* data = cnp.PyArray_BYTES(a) + start * steps[at]
    if n >= 0:
        dims[at] = n
    else:
        nd -= 1
        for i in range(at, nd):
            dims[i], steps[i] = dims[i + 1], steps[i + 1]
    return tie(base, array_view(a, nd, dims, steps, data))


def selected(TensorBase base not None, Py_ssize_t dim, Py_ssize_t index):
    """The slice at `index` of a dimension; None where there is none."""
    cdef int at = front(dim, cnp.PyArray_NDIM(base.array))
    cdef Py_ssize_t n
    if at < 0:
        return None
    n = cnp.PyArray_DIM(base.array, at)
    if not -n <= index < n:
        return None
    return slice_of(base, at, index + n if index < 0 else index, -1)


def narrowed(TensorBase base not None, Py_ssize_t dim, Py_ssize_t start, Py_ssize_t length):
    """`length` elements of a dimension from `start` on; None where they are not there."""
    cdef int at = front(dim, cnp.PyArray_NDIM(base.array))
    cdef Py_ssize_t n
    if at < 0:
        return None
    n = cnp.PyArray_DIM(base.array, at)
    if start < 0:
        start += n
    if start < 0 or length < 0 or start > n or length > n - start:
        return None
    return slice_of(base, at, start, length)


cdef inline void one_of_several(TensorBase piece):
    if piece._view == WRITABLE or piece._view == RETURNED:
        piece._view, piece._made = ONE_OF_SEVERAL, <int>version(piece)


def sections(TensorBase base not None, int at, lengths):
    """Consecutive pieces of a dimension, which are there, none of which may be written to in a graph."""
    cdef Py_ssize_t start = 0, n
    cdef list found = []
    cdef TensorBase piece
    for n in lengths:
        piece = slice_of(base, at, start, n)
        one_of_several(piece)
        found.append(piece)
        start += n
    return tuple(found)


def slices(TensorBase base not None, int at):
    """All slices of a dimension, which is there, none of which may be written to in a graph."""
    cdef Py_ssize_t i
    cdef list found = []
    cdef TensorBase piece
    for i in range(cnp.PyArray_DIM(base.array, at)):
        piece = slice_of(base, at, i, -1)
        one_of_several(piece)
        found.append(piece)
    return tuple(found)


# ---------------------------------------------------------------------------------------------- copies

cdef enum:
    SMALL = 1 << 16    # bytes up to which one thread copies them here
    SHORT_ROW = 256    # bytes of a row of the result that strided copies write faster
    JOIN_GRAIN = 1 << 17    # bytes that a thread copies at a time, where they are more

cdef struct Rows:
    const char* x
    char* out
    Py_ssize_t n       # bytes of a row
    Py_ssize_t apart   # from one row to the next
    Py_ssize_t step    # from a row of the result to the next


cdef void join_task(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Bytes lo to hi of rows to where they stand in longer ones. (`ctx` is a Rows.)"""
    cdef const Rows* c = <const Rows*>ctx
    cdef Py_ssize_t row = lo // c.n, at = lo % c.n, n
    while lo < hi:
        n = min(c.n - at, hi - lo)
        memcpy(c.out + row * c.step + at, c.x + row * c.apart + at, n)
        lo += n
        row += 1
        at = 0


cdef Py_ssize_t rows_apart(cnp.ndarray a, int at):
    """How many bytes the rows that dimensions from `at` on are lie apart; -1 where they are not dense, or not evenly apart."""
    cdef Py_ssize_t expected = cnp.PyArray_ITEMSIZE(a), apart = -1
    cdef int i
    for i in range(cnp.PyArray_NDIM(a) - 1, -1, -1):
        if i < at and apart < 0 and cnp.PyArray_DIM(a, i) != 1:
            apart = expected = cnp.PyArray_STRIDE(a, i)
        if cnp.PyArray_DIM(a, i) != 1 and (cnp.PyArray_STRIDE(a, i) != expected or expected < 0):
            return -1
        expected *= cnp.PyArray_DIM(a, i)
    return max(apart, 0)


def joined(tensors, Py_ssize_t dim, bint stacked):
    """`cat` (or, `stacked`, `stack`) of tensors of one dtype whose shapes fit and whose rows, of the dimensions from `dim` on, are
    dense and evenly apart; None for others, and where many short rows would be copied."""
    cdef cnp.ndarray a, first, out
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef int nd, i, at
    cdef Py_ssize_t outer = 1, row = 0, n, total = 0
    cdef Rows rows
    if type(tensors) is not list and type(tensors) is not tuple or not len(tensors):
        return None
    if not isinstance(tensors[0], TensorBase):
        return None
    first = (<TensorBase>tensors[0]).array
    nd = cnp.PyArray_NDIM(first)
    at = front(dim, nd + stacked)
    if at < 0 or nd + stacked > MAX_DIMS or (nd == 0 and not stacked) or (nd > 3 and channels_last(first)):
        return None
    for item in tensors:
        if not isinstance(item, TensorBase):
            return None
        a = (<TensorBase>item).array
        if (cnp.PyArray_NDIM(a) != nd or cnp.PyArray_TYPE(a) != cnp.PyArray_TYPE(first)
                or rows_apart(a, at) < 0):
            return None
        for i in range(nd):
            if (i != at or stacked) and cnp.PyArray_DIM(a, i) != cnp.PyArray_DIM(first, i):
                return None
        total += 1 if stacked else cnp.PyArray_DIM(a, at)
        row += cnp.PyArray_NBYTES(a)
    if row == 0:
        return None
    for i in range(nd + stacked):
        if i == at:
            dims[i] = total
        else:
            dims[i] = cnp.PyArray_DIM(first, i - (stacked and i > at))
        if i < at:
            outer *= dims[i]
    rows.step = row // outer
    if row > SMALL and rows.step < SHORT_ROW:
        return None
    out = new_array(nd + stacked, dims, <cnp.dtype>cnp.PyArray_DESCR(first), False)
    rows.out = cnp.PyArray_BYTES(out)
    for item in tensors:
        a = (<TensorBase>item).array
        n = cnp.PyArray_NBYTES(a)
        if n:
            rows.x, rows.n, rows.apart = cnp.PyArray_BYTES(a), n // outer, rows_apart(a, at)
            parallel_for(join_task, &rows, n, JOIN_GRAIN)
            rows.out += rows.n
    return new_tensor(out)


def overwritable(TensorBase target not None):
    """Whether a tensor may be written to as one row of memory, without a trace in any graph or tangent."""
    cdef cnp.ndarray a = target.array
    return (not detours & FORWARD_AD and one_row(a) and (inference or not target._inference)
            and not (grad_enabled and (unrecorded(target) or needs_grad(target))))


def zeroed(TensorBase target not None):
    """Set a tensor of less than 512 KiB, one row outside any graph, to zero; False, and nothing is done, for any other, and for
    one without elements, which may be one without a shape."""
    if not overwritable(target) or not 0 < cnp.PyArray_NBYTES(target.array) < 1 << 19:
        return False
    memset(cnp.PyArray_DATA(target.array), 0, cnp.PyArray_NBYTES(target.array))
    bump(target)
    return True


def overwritten(TensorBase target not None, TensorBase source not None):
    """Copy a tensor over another of the same shape and dtype, both small, contiguous and outside any graph.

    False, and nothing is done, where they are not.
    """
    cdef cnp.ndarray a = target.array, b = source.array
    if not (same_shape(a, b) and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b) and cnp.PyArray_IS_C_CONTIGUOUS(b)
            and cnp.PyArray_NBYTES(a) <= SMALL and overwritable(target) and not (grad_enabled and needs_grad(source))
            and not meets(a, source, False)):
        return False
    memmove(cnp.PyArray_DATA(a), cnp.PyArray_DATA(b), cnp.PyArray_NBYTES(a))
    bump(target)
    return True
