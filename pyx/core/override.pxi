"""Overrides: calls of the public functions that `__torch_function__` answers in their place.

A plain tensor is known by its exact type, so that a call of plain tensors pays for a comparison of pointers an argument.
What is found is handed to `interceptor` (`lucid.overrides`), which knows the protocol. Below a published function nothing
is intercepted: rules of gradients, which are Python here, run with overrides off.
"""

cdef extern from "Python.h":
    PyTypeObject* Py_TYPE(PyObject* value)
    PyObject* _PyType_Lookup(PyTypeObject* kind, object name)
    PyTypeObject PyFloat_Type, PyLong_Type, PyTuple_Type

cdef extern from *:
    """
    /* 1: tensors of subclasses are plain ones in this thread, 2: modes are not asked either. */
    static LUCID_THREAD_LOCAL int lucid_overrides_off = 0;
    /* Whether the next call in this thread is not shown to a mode. */
    static LUCID_THREAD_LOCAL int lucid_let_through = 0;
    """
    int overrides_off "lucid_overrides_off"
    int next_unseen "lucid_let_through"

cdef str HOOK = "__torch_function__"
cdef object interceptor = None


def disabled_torch_function(func, types, args=(), kwargs=None):
    """The `__torch_function__` of classes whose instances are treated as plain tensors: calls the function."""
    return func(*args, **(kwargs or {}))


cdef object disabled = disabled_torch_function


def set_interceptor(function):
    """Say what `function(func, args, kwargs)` answers a call that something overrides."""
    global interceptor
    interceptor = function


def set_overrides_off(int level):
    """Switch overrides in this thread: 0 on, 1 off for objects, 2 for modes too; returns what it was."""
    global overrides_off
    cdef int before = overrides_off
    overrides_off = level
    return before


def overrides_state():
    """How far overrides are off in this thread; see `set_overrides_off`."""
    return overrides_off


def let_through(bint mode):
    """Have the next call in this thread not shown to a mode, which so sees what the one that it was shown calls in turn."""
    global next_unseen
    next_unseen = mode


def set_function_mode(bint mode):
    """Say whether there are modes that every call in this thread is shown to; returns what was said before."""
    return set_detour(FUNCTION_MODE, mode)


class NestedError(TypeError, RecursionError):
    """A sequence holds itself. PyTorch raises TypeError, Python RecursionError: this is both."""


cdef bint overriding(value, int depth=0) except -1:
    """Whether a value that is no plain tensor, or one in a sequence, has a `__torch_function__` that is asked.

    Every sequence that a call is given comes here first: NestedError for one that holds itself, for the sake of what looks into it
    later.
    """
    cdef PyObject* hook
    if type(value) is list or type(value) is tuple:
        if depth == NESTED:
            raise NestedError("arguments are nested too deeply, or hold themselves")
        for one in value:
            if type(one) is not tensor_type and type(one) is not int and type(one) is not float and overriding(one, depth + 1):
                return True
        return False
    hook = _PyType_Lookup(Py_TYPE(<PyObject*>value), HOOK)
    return hook != NULL and hook != <PyObject*>disabled and not overrides_off


def overrides(value):
    """Whether a value, or one in a sequence, has a `__torch_function__` that is asked."""
    return type(value) is not tensor_type and overriding(value)


cdef inline bint in_mode(int state) noexcept:
    """Whether a mode is shown what is called, where `detours` is `state`: mostly 0, which is a reading of this thread's saved."""
    global next_unseen
    if not state & FUNCTION_MODE or overrides_off > 1:
        return False
    if next_unseen:
        next_unseen = False
        return False
    return True


cdef inline bint intercepted(row_t row, Py_ssize_t n, int state) except -1:
    """Whether a call with these values, keywords' too, is answered by a `__torch_function__`: each call comes here."""
    cdef Py_ssize_t i
    cdef PyTypeObject* kind
    cdef PyTypeObject* plain = <PyTypeObject*>tensor_type
    for i in range(n):
        kind = Py_TYPE(row[i])
        if kind != plain and kind != &PyFloat_Type and kind != &PyLong_Type and overriding(<object>row[i]):
            return True
    return in_mode(state)


cdef inline bint intercepted_pair(x, y) except -1:
    """The same of the operands of an operator."""
    if type(x) is not tensor_type and overriding(x):
        return True
    if type(y) is not tensor_type and type(y) is not float and type(y) is not int and y is not None and overriding(y):
        return True
    return in_mode(detours)


cdef class Attribute:
    """A property of tensors that can be overridden: `getter(tensor)`, `setter(tensor, value)`, `deleter(tensor)`."""
    cdef readonly object getter, setter, deleter
    cdef readonly str __name__, __doc__

    def __init__(self, str name, getter, setter, doc, deleter=None):
        self.getter, self.setter, self.deleter, self.__name__, self.__doc__ = getter, setter, deleter, name, doc

    def __get__(self, x, kind):
        if x is None:
            return self
        if type(x) is not tensor_type or detours:
            if intercepted_pair(x, None):
                return interceptor(self.__get__, (x,), {})
        return self.getter(x)

    def __set__(self, x, value):
        if type(x) is not tensor_type or detours:
            if intercepted_pair(x, value):
                interceptor(self.__set__, (x, value), {})
                return
        if self.setter is None:
            raise AttributeError(f"attribute '{self.__name__}' of 'Tensor' objects is not writable")
        self.setter(x, value)

    def __delete__(self, x):
        if type(x) is not tensor_type or detours:
            if intercepted_pair(x, None):
                interceptor(self.__delete__, (x,), {})
                return
        if self.deleter is None:
            raise AttributeError(f"attribute '{self.__name__}' of 'Tensor' objects cannot be deleted")
        self.deleter(x)
