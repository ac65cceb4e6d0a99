"""What is published: functions whose calls by position make neither a tuple nor a dict on their way to the operation.

A `Published` is to Python what a function is: it binds as a method, has a name, a docstring and a signature (which
`lucid.autograd.op` gives it), and is pickled by its name.
"""

cdef extern from *:
    """
    /* Says where an instance holds the address of what answers its calls. */
    static void lucid_answered_at(PyTypeObject *type, Py_ssize_t offset) {
      type->tp_vectorcall_offset = offset;
      type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
      PyType_Modified(type);
    }
    """
    void lucid_answered_at(PyTypeObject* kind, Py_ssize_t offset)

cdef extern from "Python.h":
    ctypedef object (*vectorcallfunc)(object, row_t, size_t, PyObject*)
    Py_ssize_t PyVectorcall_NARGS(size_t n)
    object PyVectorcall_Call(object function, tuple args, dict kwargs)
    object PyMethod_New(object function, object self)


@cython.final
cdef class Published:
    """A function of the package; see `make_call`, `make_inplace` and `make_overridable`."""
    cdef vectorcallfunc answer
    cdef OpBase declared
    cdef bint recorded
    cdef object function
    cdef object text  # the docstring, or what writes it when it is first read
    cdef dict __dict__
    cdef object __weakref__

    @property
    def op(self):
        """The operation that the function is. AttributeError if it is none."""
        if self.declared is None:
            raise AttributeError(f"{self!r} is no operation")
        return self.declared

    @property
    def vjp(self):
        """Declares gradients: `Op.vjp`."""
        return self.op.vjp

    @property
    def vjp_joint(self):
        """Declares gradients by one rule: `Op.vjp_joint`."""
        return self.op.vjp_joint

    @property
    def __doc__(self):
        """The docstring."""
        if callable(self.text):
            self.text = self.text()
        return self.text

    @__doc__.setter
    def __doc__(self, text):
        self.text = text

    def dress(self, like):
        """Take the name, signature and attributes of a function, as `functools.update_wrapper`, and return this one."""
        cdef object made = self
        made.__module__, made.__name__, made.__qualname__ = like.__module__, like.__name__, like.__qualname__
        made.__annotations__ = like.__annotations__
        self.text = (<Published>like).text if isinstance(like, Published) else like.__doc__
        if like.__dict__:
            made.__dict__.update(like.__dict__)
        made.__wrapped__ = like
        return made

    def __call__(self, *args, **kwargs):
        return PyVectorcall_Call(self, args, kwargs)

    def __get__(self, x, kind):
        return self if x is None else PyMethod_New(self, x)

    def __reduce__(self):
        return self.__qualname__

    def __repr__(self):
        return f"<function {self.__qualname__}>"


cdef Published unnamed = Published.__new__(Published)
lucid_answered_at(Py_TYPE(<PyObject*>unnamed), <char*>&unnamed.answer - <char*><PyObject*>unnamed)


cdef inline Py_ssize_t count(PyObject* names):
    return 0 if names == NULL else len(<tuple>names)


cdef tuple by_position(row_t row, Py_ssize_t n):
    cdef Py_ssize_t i
    return tuple([<object>row[i] for i in range(n)])


cdef dict by_name(row_t row, PyObject* names):
    """The values that follow those by position, with their names."""
    cdef Py_ssize_t i
    return {(<tuple>names)[i]: <object>row[i] for i in range(count(names))}


cdef object elsewhere = None
cdef object cpu = None


def set_elsewhere(function, device):
    """Say what `function(published, args, kwargs)` gives where a call names another device; NotImplemented if it sees to it."""
    global elsewhere, cpu
    elsewhere, cpu = function, device


cdef bint names_device(row_t values, PyObject* names, Py_ssize_t n) except -1:
    """Whether a call names another device than the CPU, `n` values by position before those of `names`."""
    cdef Py_ssize_t i
    for i in range(count(names)):
        if (<tuple>names)[i] == "device":
            return <object>values[n + i] is not None and <object>values[n + i] is not cpu
    return False


cdef object answer_call(object self, row_t row, size_t flagged, PyObject* names):
    cdef Published call = <Published>self
    cdef OpBase op = call.declared
    cdef Py_ssize_t n = PyVectorcall_NARGS(flagged)
    cdef int state = detours
    if intercepted(row, n + count(names), state):
        return interceptor(call, by_position(row, n), by_name(row + n, names))
    if op.kinds is not None:
        check_kinds(op, row, min(n, op.positional), 0)
    if names != NULL and names_device(row, names, n):
        found = elsewhere(call, by_position(row, n), by_name(row + n, names))
        if found is not NotImplemented:
            return found
    if state & ~FUNCTION_MODE:
        return detoured(op, op.bound(row, n, names))
    if names != NULL or n > op.positional or (n > op.inplace_at and <object>row[op.inplace_at]):
        return call_bound(op, op.bound(row, n, names))
    if call.recorded and grad_enabled and any_in_row(row, n):
        if n < op.required:
            return call_bound(op, op.bound(row, n, NULL))
        args = by_position(row, n)
        return record(op, args if n == len(op.parameters) else [*args, *op.defaults_in_order[n:]])
    return PyObject_Vectorcall(op.forward, row, n, NULL)


def make_call(OpBase op):
    """The function that is published for `op`."""
    cdef Published call = Published.__new__(Published)
    call.answer, call.declared, call.recorded = answer_call, op, op.kind == "rule"
    return call


cdef object answer_inplace(object self, row_t row, size_t flagged, PyObject* names):
    global target_array, target_name
    cdef Published call = <Published>self
    cdef OpBase op = call.declared
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flagged)
    cdef cnp.ndarray a
    cdef tuple args = by_position(row, n)
    cdef list values = None
    cdef void* array_before = target_array
    cdef void* name_before = target_name
    cdef int state = detours
    if intercepted(row, n + count(names), state):
        return interceptor(call, args, by_name(row + n, names))
    if op.kinds is not None:
        check_kinds(op, row, min(n, op.positional), 0)
    if state & ~FUNCTION_MODE:
        return detoured_inplace(op, call, args, by_name(row + n, names))
    if names != NULL or n < op.required or not 0 < n <= op.positional:
        for name in ("inplace", "out"):
            if names != NULL and name in <tuple>names:
                raise TypeError(f"{op.name}_() got an unexpected keyword argument '{name}'")
        values = op.bound(row, n, names)
        args = tuple(values)
        if op.out_at >= 0 and values[op.out_at] is not None:
            return op.run_inplace(values)
    if not isinstance(args[0], TensorBase) or op.out_dtype or not plain_target(args[0], args):
        return op.run_inplace(op.bound(row, n, NULL) if values is None else values)
    a = (<TensorBase>args[0]).array
    if not op.may_overlap:
        for i in range(1, len(args)):
            if i != op.value_at and meets(a, args[i], op.rest_apart):
                return op.run_inplace(op.bound(row, n, NULL) if values is None else values)
    target_array, target_name = <void*>a, <void*>op.name
    try:
        out = PyObject_Vectorcall(op.forward, row, n, NULL) if values is None else run_forward(op, values)
    finally:
        target_array, target_name = array_before, name_before
    if isinstance(out, TensorBase) and (<TensorBase>out).array is a:
        bump(args[0])
        return args[0]
    return op.write_result(args[0], out)


def make_inplace(OpBase op):
    """The in-place form of `op`; `op.run_inplace(values)` does what is not plain, and what is recorded."""
    cdef Published call = Published.__new__(Published)
    call.answer, call.declared = answer_inplace, op
    return call


cdef object answer_overridable(object self, row_t row, size_t flagged, PyObject* names):
    cdef Published call = <Published>self
    cdef Py_ssize_t i, n = PyVectorcall_NARGS(flagged)
    if intercepted(row, n + count(names), detours):
        return interceptor(call, by_position(row, n), by_name(row + n, names))
    if names != NULL and names_device(row, names, n):
        found = elsewhere(call, by_position(row, n), by_name(row + n, names))
        if found is not NotImplemented:
            return found
    if names != NULL and call.declared is not None and call.declared.kinds is not None:
        for i in range(count(names)):
            at = call.declared.places.get((<tuple>names)[i])
            if at is not None:
                check_kinds(call.declared, row + n + i, 1, at)
    return PyObject_Vectorcall(call.function, row, n, names)


def make_overridable(function, OpBase op=None):
    """A function that binds its own arguments, as one that can be overridden; the operation that it is, if it is one."""
    cdef Published call = Published.__new__(Published)
    call.answer, call.function, call.declared = answer_overridable, function, op
    return call
