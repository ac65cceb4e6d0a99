"""The fields of a tensor, and the version counters that views share. `lucid.tensor.Tensor` adds the behaviour."""


@cython.final
@cython.freelist(16)
cdef class Version:
    """How often a storage was written to; shared by all tensors that look at it."""
    cdef public Py_ssize_t count


cdef cnp.npy_intp no_size = 0
cdef cnp.ndarray no_elements = cnp.PyArray_EMPTY(1, &no_size, cnp.NPY_FLOAT32, 0)   # of a tensor that nobody gave others


cdef class TensorBase:
    """The fields of a tensor.

    array          the data: a NumPy array, whose shape and strides are the tensor's
    _requires_grad whether gradients flow to it
    _node, _slot   the node that made it, and which of the node's outputs it is
    _base          the tensor that this one is a differentiable view of
    _base_node     the node that `_base` had when `_node` was made: when it has another, `_node` is out of date
    _counter       the version counter, made when somebody first asks for it
    _view          what may be done to it in place, if it is a view: see view.pxi
    _made          the version that such a view was made at, if another one makes it unusable
    _extra         what few tensors have: hooks
    """
    cdef public cnp.ndarray array
    cdef public bint _requires_grad
    cdef public bint _inference
    cdef public char _view
    cdef public int _made
    cdef public Py_ssize_t _slot
    cdef public object _grad, _node, _base, _base_node, _counter, _extra
    cdef object __weakref__

    def __cinit__(self):
        self.array = no_elements

    @property
    def shape(self):
        """The size of each dimension."""
        return lucid_tuple(size_type, ((<object>self.array).shape,))

    @property
    def ndim(self):
        """The number of dimensions."""
        return cnp.PyArray_NDIM(self.array)

    @property
    def dtype(self):
        """The dtype of the elements."""
        return dtype_by_num[cnp.PyArray_TYPE(self.array)]

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        """The array's memory, for `memoryview(tensor)`; the array is what keeps it."""
        if needs_grad(self):
            raise BufferError("a tensor that requires grad gives no buffer: use tensor.detach()")
        if type(self) is not tensor_type and self.is_meta:
            raise BufferError("a tensor on the meta device has no elements")
        lucid_unset(buffer)
        PyObject_GetBuffer(self.array, buffer, flags)


cdef cnp.dtype float32_dtype = cnp.PyArray_DescrFromType(cnp.NPY_FLOAT32)
cdef cnp.dtype int64_dtype = cnp.PyArray_DescrFromType(cnp.NPY_INT64)
cdef object tensor_type = TensorBase
cdef object size_type = tuple
cdef dict dtype_by_num = {}
cdef tuple NO_ARGS = ()


def set_tensor_type(type cls, type size, dict dtypes):
    """The class that `wrap` makes instances of, that of their shapes, and their dtypes by NumPy's type numbers."""
    global tensor_type, size_type, dtype_by_num
    tensor_type, size_type, dtype_by_num = cls, size, dtypes


cdef inline TensorBase new_tensor(cnp.ndarray array):
    cdef TensorBase t = lucid_new(TensorBase, tensor_type, NO_ARGS)
    t.array = array
    t._inference = inference
    return t


def wrap(cnp.ndarray array not None):
    """A tensor, outside any graph, that holds `array` itself."""
    return new_tensor(array)


cdef inline bint needs_grad(TensorBase t):
    # A view whose base was written to in a graph takes part in it, though it did not when it was made.
    return t._requires_grad or (t._base is not None and (<TensorBase>t._base)._node is not None)


def requires_grad(TensorBase t not None):
    """Whether gradients flow to `t`: by its own flag, or since its base was written to in a graph."""
    return needs_grad(t)


cpdef Py_ssize_t version(TensorBase t) except -1:
    """How often the storage of `t` was written to."""
    return 0 if t._counter is None else (<Version>t._counter).count


def version_of(TensorBase t not None):
    """The version counter of `t`, made now if nobody asked for it before."""
    if t._counter is None:
        t._counter = Version.__new__(Version)
    return t._counter


def bump(TensorBase t not None):
    """Count one more write to the storage of `t`."""
    if t._counter is None:
        t._counter = Version.__new__(Version)
    (<Version>t._counter).count += 1


cdef bint collect_versions(values, list found) except -1:
    """Append the versions of the tensors among `values`, also inside sequences; returns whether one is not 0."""
    cdef bint any_written = False
    cdef Py_ssize_t count
    for value in values:
        if isinstance(value, TensorBase):
            count = version(<TensorBase>value)
            found.append(count)
            any_written = any_written or count != 0
        elif type(value) is list or type(value) is tuple:
            any_written = collect_versions(value, found) or any_written
    return any_written


INFERENCE = ("Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
             "computation tracked by autograd; a clone() made outside inference mode can be used.")


cdef bint any_version(tuple values) except -1:
    """Whether the storage of one of the tensors among `values` was ever written to."""
    for value in values:
        if isinstance(value, TensorBase):
            if (<TensorBase>value)._inference:
                raise RuntimeError(INFERENCE)
            if (<TensorBase>value)._counter is not None and (<Version>(<TensorBase>value)._counter).count:
                return True
        elif type(value) is list or type(value) is tuple:
            if any_version(tuple(value)):
                return True
    return False


cpdef versions(tuple values):
    """The versions of the tensors among `values`, also inside sequences; None where none was ever written to."""
    cdef list found
    if not any_version(values):
        return None
    found = []
    collect_versions(values, found)
    return found


cpdef bint unchanged(tuple values, before) except -1:
    """Whether `versions(values)` is still what it was."""
    if before is None:
        return not any_version(values)
    return versions(values) == before


def is_grad_enabled():
    """Whether operations of this thread are recorded.

    Returns
    -------
    bool
        False inside `no_grad` and `inference_mode`.

    Examples
    --------
    >>> import lucid
    >>> lucid.is_grad_enabled()
    True
    >>> with lucid.no_grad():
    ...     lucid.is_grad_enabled()
    False
    """
    return bool(grad_enabled)


def set_grad(bint mode):
    """Switch recording in this thread; returns what it was."""
    global grad_enabled
    cdef bint before = grad_enabled
    grad_enabled = mode
    return before


def is_inference():
    """Whether this thread is in inference mode."""
    return bool(inference)


def set_inference(bint mode):
    """Switch inference mode in this thread; returns what it was."""
    global inference
    cdef bint before = inference
    inference = mode
    return before


cdef enum:
    AUTOCAST = 1      # of `detours`
    FORWARD_AD = 2
    FUNCTION_MODE = 4


def autocasting():
    """Whether autocast is on in this thread."""
    return bool(detours & AUTOCAST)


def in_dual_level():
    """Whether derivatives are computed beside the values in this thread (`autograd.forward_ad`)."""
    return bool(detours & FORWARD_AD)


cdef bint set_detour(int which, bint mode):
    global detours
    cdef bint before = (detours & which) != 0
    detours = detours | which if mode else detours & ~which
    return before


def set_autocast(bint mode):
    """Switch autocast in this thread: whether calls go through `autocaster`; returns what it was."""
    return set_detour(AUTOCAST, mode)


def set_forward_ad(bint mode):
    """Switch forward mode in this thread: whether calls go through `differentiator`; returns what it was."""
    return set_detour(FORWARD_AD, mode)


cdef enum:
    NESTED = 100    # how deeply arguments are nested at the most, which is more than a tensor has dimensions


cdef bint any_in_row(row_t row, Py_ssize_t n, int depth=0) noexcept:
    """Whether one of `n` values is, or holds, a tensor that requires grad."""
    cdef Py_ssize_t i
    if depth == NESTED:
        return False
    for i in range(n):
        if isinstance(<object>row[i], TensorBase):
            if needs_grad(<TensorBase>row[i]):
                return True
        elif type(<object>row[i]) is list or type(<object>row[i]) is tuple:
            if any_needs_grad(<object>row[i], depth + 1):
                return True
    return False


cdef inline bint any_needs_grad(values, int depth=0) noexcept:
    """The same of the values of a list or tuple."""
    return any_in_row(PySequence_Fast_ITEMS(values), PySequence_Fast_GET_SIZE(values), depth)


def needs_gradient(value):
    """Whether a value is, or holds, a tensor that requires grad."""
    return any_needs_grad((value,))


def recording(tuple args):
    """Whether what a call does with these arguments has to be operations: it is recorded, or may pass on tangents."""
    return detours & FORWARD_AD != 0 or (grad_enabled and any_needs_grad(args))
