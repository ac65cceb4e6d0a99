"""Views: tensors over a piece of another's memory. Shapes are worked out here where that takes a few comparisons; None
says that it does not, and `lucid/ops` goes on (or explains what is wrong).
"""

from cpython.slice cimport PySlice_AdjustIndices, PySlice_Unpack

cdef enum:
    MAX_DIMS = 64

# What `TensorBase._view` may be.
cdef enum:
    WRITABLE = 0      # in-place writes reach the base's history (or it is no view)
    NO_GRAD = 1       # made with recording off: the base does not know of it
    ONE_OF_SEVERAL = 2    # one of the outputs of an operation that gives several views


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


def strided(cnp.ndarray array, shape, strides, Py_ssize_t offset=0):
    """A view of `array`'s memory: `offset` and `strides` in elements, the offset counted from its first element.

    The caller has made sure that it stays inside the memory.
    """
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(array), value
    cdef int nd = 0, i = 0
    if len(shape) > MAX_DIMS or len(shape) != len(strides):
        raise RuntimeError(f"a tensor has at most {MAX_DIMS} dimensions, got {len(shape)}")
    for value in shape:
        dims[nd] = value
        nd += 1
    for value in strides:
        steps[i] = value * itemsize
        i += 1
    return array_view(array, nd, dims, steps, cnp.PyArray_BYTES(array) + offset * itemsize)


cdef TensorBase tie(TensorBase base, cnp.ndarray array):
    cdef TensorBase view = new_tensor(array)
    cdef TensorBase root
    view._version = version_of(base)
    view._view = base._view
    if grad_enabled or forward_of_recorded or not needs_grad(base):
        root = base if base._base is None else <TensorBase>base._base
        view._base, view._base_node = root, root._node
    else:
        view._view = NO_GRAD
    return view


def view_of(TensorBase base not None, cnp.ndarray array not None):
    """A tensor over a piece of another's memory: they share the version counter, and in-place writes reach both."""
    return tie(base, array)


def view(TensorBase base not None, shape, strides, Py_ssize_t offset=0):
    """`view_of` what `strided` makes."""
    return tie(base, strided(base.array, shape, strides, offset))


def reshaped(TensorBase base not None, shape):
    """A contiguous tensor in another shape (one size may be -1); None where it is not contiguous or does not fit."""
    cdef cnp.ndarray a = base.array
    cdef cnp.npy_intp dims[MAX_DIMS]
    cdef cnp.npy_intp steps[MAX_DIMS]
    cdef Py_ssize_t size, known = 1, total = cnp.PyArray_SIZE(a)
    cdef int nd = 0, hole = -1, i
    if not cnp.PyArray_IS_C_CONTIGUOUS(a) or total == 0 or len(shape) > MAX_DIMS:
        return None
    for item in shape:
        if type(item) is not int:
            return None
        size = item
        if size == -1 and hole < 0:
            hole = nd
        elif size <= 0 or size > total:
            return None
        else:
            known *= size
            if known > total:
                return None
        dims[nd] = size
        nd += 1
    if hole >= 0:
        dims[hole] = total // known
        known *= dims[hole]
    if known != total:
        return None
    size = cnp.PyArray_ITEMSIZE(a)
    for i in range(nd - 1, -1, -1):
        steps[i] = size
        size *= dims[i]
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
