"""`Flat` exports the memory of a dense array as one typed row, whatever its shape: what kernels take. It costs half of
NumPy's own buffer export.
"""

cdef char* FORMATS[24]
memset(FORMATS, 0, sizeof(FORMATS))
FORMATS[<int>cnp.NPY_BOOL] = "B"
FORMATS[<int>cnp.NPY_UINT8] = "B"
# The larger unsigned integers come as signed ones, to kernels for which that is the same.
FORMATS[<int>cnp.NPY_UINT16] = "h"
FORMATS[<int>cnp.NPY_UINT32] = "i"
FORMATS[<int>cnp.NPY_UINT64] = "q"
FORMATS[<int>cnp.NPY_INT8] = "b"
FORMATS[<int>cnp.NPY_INT16] = "h"
FORMATS[<int>cnp.NPY_INT32] = "i"
FORMATS[<int>cnp.NPY_INT64] = "q"
FORMATS[<int>cnp.NPY_FLOAT32] = "f"
FORMATS[<int>cnp.NPY_FLOAT64] = "d"
FORMATS[<int>cnp.NPY_COMPLEX64] = "Zf"
FORMATS[<int>cnp.NPY_COMPLEX128] = "Zd"
# The same bytes under an integer's or complex number's name, for kernels that only move data; by item size.
cdef char* MOVED[17]
memset(MOVED, 0, sizeof(MOVED))
MOVED[1] = "B"
MOVED[2] = "h"
MOVED[4] = "i"
MOVED[8] = FORMATS[<int>cnp.NPY_INT64]
MOVED[16] = "Zd"


@cython.final
@cython.freelist(16)
cdef class Flat:
    """The memory of an array as one row of `n` elements from `data` on, exported through the buffer protocol."""
    cdef object owner
    cdef void* data
    cdef char* format
    cdef Py_ssize_t n, itemsize
    cdef bint readonly

    def __getbuffer__(self, Py_buffer* view, int flags):
        if self.readonly and flags & 1:    # PyBUF_WRITABLE
            raise BufferError("the array is read-only")
        view.buf = self.data
        view.obj = self
        view.len = self.n * self.itemsize
        view.readonly = self.readonly
        view.itemsize = self.itemsize
        view.format = self.format
        view.ndim = 1
        view.shape = &self.n
        view.strides = &self.itemsize
        view.suboffsets = NULL
        view.internal = NULL


cdef tuple extent(cnp.ndarray array):
    """The lowest element offset an array reaches from its first element, and the number of elements it spans."""
    cdef Py_ssize_t low = 0, high = 0, step
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(array)
    cdef int i
    for i in range(cnp.PyArray_NDIM(array)):
        step = (cnp.PyArray_DIM(array, i) - 1) * (cnp.PyArray_STRIDE(array, i) // itemsize)
        if step < 0:
            low += step
        else:
            high += step
    return low, high - low + 1


cpdef flat(cnp.ndarray array, bint moved=False):
    """The memory of a non-empty array as one row for a kernel.

    A dense array gives its elements in memory order. Any other gives the row that its elements lie in; `span`
    tells where its first element is. With `moved` the dtype is an integer (or complex128) of the same size.

    Raises TypeError for a dtype that kernels do not compute in.
    """
    cdef Flat row
    cdef int num = cnp.PyArray_TYPE(array)
    cdef Py_ssize_t low, n
    if not cnp.PyArray_ISALIGNED(array) or not cnp.PyArray_ISNOTSWAPPED(array):
        raise TypeError("kernels need aligned arrays in native byte order")
    if not moved and (num >= 24 or FORMATS[num] == NULL):
        raise TypeError(f"kernels do not compute in {array.dtype}")
    row = Flat.__new__(Flat)
    row.owner = array
    row.itemsize = cnp.PyArray_ITEMSIZE(array)
    row.format = MOVED[row.itemsize] if moved else FORMATS[num]
    row.readonly = not cnp.PyArray_ISWRITEABLE(array)
    low, n = 0, cnp.PyArray_SIZE(array)
    if not (cnp.PyArray_IS_C_CONTIGUOUS(array) or cnp.PyArray_IS_F_CONTIGUOUS(array)):
        low, n = extent(array)
    row.data = <char*>cnp.PyArray_DATA(array) + low * row.itemsize
    row.n = n
    return row


cdef object general_cast
cdef convert_t convert = NULL
cdef copy_t copy_arrays = NULL


def set_copies(cast, size_t converter, size_t copier):
    """The function of `lucid/ops/_frame.py` that converts an array to another dtype, and the addresses of those that convert
    what is contiguous and copy what lies anyhow.
    """
    global general_cast, convert, copy_arrays
    general_cast = cast
    convert = <convert_t>converter
    copy_arrays = <copy_t>copier


cdef inline cnp.ndarray as_array(values):
    """The array; a number that NumPy took out of one, as a 0-d array."""
    return values if isinstance(values, cnp.ndarray) else cnp.PyArray_FROM_O(values)


cdef enum:
    FEW = 512    # elements that NumPy copies as fast


cdef bint copy_between(cnp.ndarray source, cnp.ndarray target, const cnp.npy_intp* steps):
    """Copy what lies at these strides; False where the module of copies does not."""
    return copy_arrays(
        cnp.PyArray_BYTES(source), cnp.PyArray_BYTES(target), cnp.PyArray_NDIM(target), <Py_ssize_t*>cnp.PyArray_DIMS(target),
        <const Py_ssize_t*>steps, <Py_ssize_t*>cnp.PyArray_STRIDES(target), cnp.PyArray_ITEMSIZE(target),
    )


cdef bint steps_over(
    int own, const cnp.npy_intp* sizes, const cnp.npy_intp* strides, int nd, const cnp.npy_intp* dims, cnp.npy_intp* steps
) noexcept:
    """The strides of a source of `own` dimensions that is broadcast to `nd`; False where it is not of so few, or sizes differ."""
    cdef int missing = nd - own, i
    if missing < 0:
        return False
    for i in range(nd):
        steps[i] = 0
        if i >= missing and sizes[i - missing] != 1:
            if sizes[i - missing] != dims[i]:
                return False
            steps[i] = strides[i - missing]
    return True


cdef inline bint of_one_kind(cnp.ndarray source, cnp.ndarray target) noexcept:
    """Whether elements of one can be copied as they are to the other."""
    return (cnp.PyArray_TYPE(source) == cnp.PyArray_TYPE(target) and cnp.PyArray_ISWRITEABLE(target)
            and cnp.PyArray_ISALIGNED(source) and cnp.PyArray_ISALIGNED(target)
            and cnp.PyArray_ISNOTSWAPPED(source) and cnp.PyArray_ISNOTSWAPPED(target))


cpdef move(values, cnp.ndarray target):
    """Copy elements to an array of their dtype, to whose shape they broadcast; the memory must not overlap."""
    cdef cnp.ndarray source = as_array(values)
    cdef cnp.npy_intp[64] steps
    cdef int nd = cnp.PyArray_NDIM(target)
    if (cnp.PyArray_SIZE(target) < FEW or not of_one_kind(source, target)
            or not steps_over(cnp.PyArray_NDIM(source), cnp.PyArray_DIMS(source), cnp.PyArray_STRIDES(source),
                              nd, cnp.PyArray_DIMS(target), steps)
            or not copy_between(source, target, steps)):
        (<object>target)[...] = source


cdef struct piece_t:
    char* data
    int nd
    cnp.npy_intp dims[64]
    cnp.npy_intp steps[64]


cdef bint cut(cnp.ndarray array, tuple index, piece_t* piece) except -1:
    """The piece that slices of the first dimensions say; False where anything else is among them."""
    cdef int i
    cdef Py_ssize_t start, stop, step
    piece.data, piece.nd = cnp.PyArray_BYTES(array), cnp.PyArray_NDIM(array)
    if len(index) > piece.nd:
        return False
    for i in range(piece.nd):
        piece.dims[i], piece.steps[i] = cnp.PyArray_DIM(array, i), cnp.PyArray_STRIDE(array, i)
    for i in range(len(index)):
        if type(index[i]) is not slice:
            return False
        PySlice_Unpack(index[i], &start, &stop, &step)
        piece.dims[i] = PySlice_AdjustIndices(piece.dims[i], &start, &stop, step)
        piece.data += start * piece.steps[i]
        piece.steps[i] *= step
    return True


def move_piece(cnp.ndarray source not None, tuple from_ not None, cnp.ndarray target not None, tuple into not None):
    """`move(source[from_], target[into])`, without an array for either where the indices are slices."""
    cdef piece_t x, y
    cdef cnp.npy_intp[64] steps
    if not (of_one_kind(source, target) and cut(source, from_, &x) and cut(target, into, &y)
            and steps_over(x.nd, x.dims, x.steps, y.nd, y.dims, steps)
            and copy_arrays(x.data, y.data, y.nd, <Py_ssize_t*>y.dims, <Py_ssize_t*>steps, <Py_ssize_t*>y.steps,
                            cnp.PyArray_ITEMSIZE(target))):
        move((<object>source)[from_], (<object>target)[into])


def zipped(cnp.ndarray x not None, cnp.ndarray y not None, cnp.ndarray target not None):
    """Copy two arrays of one dtype, shape and strides to the first and the second elements of a target's last dimension, which it
    has more than they. False, and nothing is done, for others.
    """
    cdef piece_t both
    cdef int i, nd = cnp.PyArray_NDIM(x)
    if not (same_shape(x, y) and cnp.PyArray_NDIM(target) == nd + 1 and cnp.PyArray_DIM(target, nd) == 2
            and of_one_kind(x, target) and of_one_kind(y, target)):
        return False
    for i in range(nd):
        both.dims[i], both.steps[i] = cnp.PyArray_DIM(x, i), cnp.PyArray_STRIDE(x, i)
        if both.dims[i] != cnp.PyArray_DIM(target, i) or both.steps[i] != cnp.PyArray_STRIDE(y, i):
            return False
    both.dims[nd], both.steps[nd] = 2, cnp.PyArray_BYTES(y) - cnp.PyArray_BYTES(x)
    return copy_arrays(cnp.PyArray_BYTES(x), cnp.PyArray_BYTES(target), nd + 1, <Py_ssize_t*>both.dims, <Py_ssize_t*>both.steps,
                       <Py_ssize_t*>cnp.PyArray_STRIDES(target), cnp.PyArray_ITEMSIZE(target))


cpdef copied(cnp.ndarray array):
    """A C-contiguous copy."""
    cdef cnp.ndarray out = new_array(cnp.PyArray_NDIM(array), cnp.PyArray_DIMS(array), <cnp.dtype>cnp.PyArray_DESCR(array), False)
    move(array, out)
    return out


def fill(cnp.ndarray target not None, value):
    """Set all elements to a value that NumPy can put there."""
    cdef cnp.npy_intp[64] still
    cdef cnp.ndarray one
    if cnp.PyArray_SIZE(target) >= FEW and cnp.PyArray_ISALIGNED(target) and cnp.PyArray_ISWRITEABLE(target):
        one = new_array(0, NULL, <cnp.dtype>cnp.PyArray_DESCR(target), False)
        (<object>one).fill(value)
        memset(still, 0, sizeof(still))
        if copy_between(one, target, still):
            return
    (<object>target).fill(value)


def contiguous(values):
    """The array, or a C-contiguous copy of it."""
    cdef cnp.ndarray array = as_array(values)
    return array if cnp.PyArray_IS_C_CONTIGUOUS(array) else copied(array)


def native(values):
    """An array that kernels can read: aligned, with strides that are whole elements."""
    cdef cnp.ndarray array = as_array(values)
    cdef int i
    cdef bint readable = cnp.PyArray_ISALIGNED(array)
    if readable and not cnp.PyArray_IS_C_CONTIGUOUS(array):
        for i in range(cnp.PyArray_NDIM(array)):
            readable = readable and cnp.PyArray_STRIDE(array, i) % cnp.PyArray_ITEMSIZE(array) == 0
    return array if readable else (<object>array).copy()


cdef char code_of(cnp.dtype dtype) noexcept:
    """The letter of a dtype that `convert` takes; 0 for any other."""
    cdef Py_ssize_t size = cnp.PyDataType_ELSIZE(dtype)
    cdef char kind = dtype.kind
    if kind == c"f":
        return FLOAT if size == 4 else DOUBLE if size == 8 else HALF if size == 2 else 0
    if kind == c"i":
        return INT64 if size == 8 else INT32 if size == 4 else INT16 if size == 2 else INT8
    if kind == c"b":
        return BOOL
    if size == 2 and kind == c"V":
        return BFLOAT16
    if kind == c"u":
        return UINT64 if size == 8 else UINT32 if size == 4 else UINT16 if size == 2 else UINT8
    return 0


cdef struct cast_t:
    const char* x
    char* y
    char x_code
    char y_code


cdef void cast_task(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef const cast_t* c = <const cast_t*>ctx
    convert(c.x + lo * code_size(c.x_code), c.y + lo * code_size(c.y_code), hi - lo, c.x_code, c.y_code)


cdef cnp.ndarray converted(cnp.ndarray array, cnp.dtype dtype):
    cdef cnp.ndarray out
    cdef cnp.dtype own = <cnp.dtype>cnp.PyArray_DESCR(array)
    cdef bint fortran
    cdef cast_t c
    if own is dtype:
        return array
    c.x_code, c.y_code = code_of(own), code_of(dtype)
    fortran = not cnp.PyArray_IS_C_CONTIGUOUS(array)
    if (c.x_code == c.y_code or not c.x_code or not c.y_code or (fortran and not cnp.PyArray_IS_F_CONTIGUOUS(array))
            or not cnp.PyArray_ISALIGNED(array) or not cnp.PyArray_ISNOTSWAPPED(array)):
        return general_cast(array, dtype)
    out = new_array(cnp.PyArray_NDIM(array), cnp.PyArray_DIMS(array), dtype, fortran)
    c.x, c.y = <const char*>cnp.PyArray_DATA(array), <char*>cnp.PyArray_DATA(out)
    parallel_for(cast_task, &c, cnp.PyArray_SIZE(array), CHEAP_GRAIN)
    return out


def cast(values, cnp.dtype dtype not None):
    """The array in another dtype, as PyTorch converts: floats are truncated, complex numbers lose their imaginary part."""
    return converted(as_array(values), dtype)


cdef object batched_type = None


def set_batched_type(type cls):
    """The class of tensors that stand for a batch (`lucid.batching`): they have no elements of their own, and the rules of gradients
    see calls with them intercepted."""
    global batched_type
    batched_type = cls


def row(values, cnp.dtype dtype=None):
    """The elements of a tensor or array, in order, as one row for a kernel, copied where they lie otherwise.

    None for None, as kernels take what there is none of. With `dtype` they are converted to it.
    """
    if values is None:
        return None
    if type(values) is batched_type:
        raise TypeError("a tensor that stands for a batch has no elements")
    array = (<TensorBase>values).array if isinstance(values, TensorBase) else values
    return flat(contiguous(native(array if dtype is None else cast(array, dtype))))


def rows_as_they_lie(cnp.ndarray array not None, others):
    """Rows for a kernel of a float32 or float64 array and of others of its shape and dtype (None for None): None where one of them
    is of another kind, not contiguous, or empty.
    """
    cdef char code = code_of(<cnp.dtype>cnp.PyArray_DESCR(array))
    cdef list rows = []
    if code != FLOAT and code != DOUBLE or not ready(array):
        return None
    rows.append(flat(array))
    for one in others:
        if one is None:
            rows.append(None)
        elif (same_shape(array, <cnp.ndarray?>one) and ready(<cnp.ndarray>one)
                and cnp.PyArray_TYPE(<cnp.ndarray>one) == cnp.PyArray_TYPE(array)):
            rows.append(flat(<cnp.ndarray>one))
        else:
            return None
    return rows


def span(cnp.ndarray array):
    """Where an array's first element lies in its `flat` row, in elements."""
    return -extent(array)[0]


def extent_of(cnp.ndarray array):
    """`extent`, for Python."""
    return extent(array)


def inside(cnp.ndarray piece not None, cnp.ndarray whole not None):
    """Whether an array lies in memory between the first and the last element of another."""
    cdef Py_ssize_t low, n, first, size
    if not cnp.PyArray_SIZE(piece):
        return True
    low, n = extent(piece)
    first, size = extent(whole)
    low = <Py_ssize_t>cnp.PyArray_BYTES(piece) + low * cnp.PyArray_ITEMSIZE(piece)
    first = <Py_ssize_t>cnp.PyArray_BYTES(whole) + first * cnp.PyArray_ITEMSIZE(whole)
    return (first <= low and cnp.PyArray_SIZE(whole) > 0
            and low + n * cnp.PyArray_ITEMSIZE(piece) <= first + size * cnp.PyArray_ITEMSIZE(whole))
