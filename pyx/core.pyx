"""What every call passes through, in C so that it costs tens of nanoseconds.

memory  the caching allocator
flat    a dense array's memory as one row
tensor  the fields of a tensor, version counters, gradient modes
override calls that `__torch_function__` answers
view    tensors over a piece of another's memory
indices index tensors, read as one
graph   recording: from a call to its node, and from a node's gradients to the next
frame   elementwise calls on dense operands
"""
cimport cython
cimport numpy as cnp
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.buffer cimport PyObject_GetBuffer
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_REFCNT
from cpython.slice cimport PySlice_AdjustIndices, PySlice_Unpack
from libc.float cimport FLT_MAX
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t
from libc.string cimport memcpy, memmove, memset

from call cimport CHEAP_GRAIN, EXPENSIVE_GRAIN, call_t, halves_t, reduction_t, streams
from convert cimport (BFLOAT16, BOOL, DOUBLE, FLOAT, HALF, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, code_size,
                      convert_t, copy_t)
from indices cimport join_t
from types cimport floating
from threads cimport import_threads, parallel_for, task_t

from heapq import heappop, heappush

import_threads()

cnp.import_array()

cdef extern from *:
    """
    #include <stdlib.h>
    #if defined(_WIN32)
      #include <malloc.h>
      #define lucid_aligned_alloc(n) _aligned_malloc((n), 64)
      #define lucid_aligned_free(p) _aligned_free(p)
    #else
      #if defined(__linux__)
        #include <sys/mman.h>
      #endif
      static void *lucid_aligned_alloc(size_t n) {
        void *p = NULL;
        size_t huge = (size_t)2 << 20;
        /* Of a page each: a result that lies 64 bytes further into its page than the operand is read at half the
           speed, as each load looks like one of what the store before it wrote. */
        size_t alignment = n >= 2 * huge ? huge : n >= (size_t)64 << 10 ? 4096 : 64;
        if (posix_memalign(&p, alignment, n)) return NULL;
      #if defined(__linux__)
        if (n >= 2 * huge) madvise(p, n, MADV_HUGEPAGE);
      #endif
        return p;
      }
      #define lucid_aligned_free(p) free(p)
    #endif
    /* 1 where every array shall have a block of its own size, so that a sanitizer sees each byte beyond it */
    #if defined(__has_feature)
      #if __has_feature(address_sanitizer)
        #define __SANITIZE_ADDRESS__ 1
      #endif
    #endif
    #if defined(__SANITIZE_ADDRESS__)
      #define LUCID_EXACT 1
    #else
      #define LUCID_EXACT 0
    #endif
    #if defined(_MSC_VER)
      #define LUCID_THREAD_LOCAL __declspec(thread)
    #else
      #define LUCID_THREAD_LOCAL __thread
    #endif
    /* the next number, one after another for all threads: without a GIL too */
    static long long lucid_sequence = 0;
    #if defined(_MSC_VER)
      #define lucid_next_number() _InterlockedIncrement64(&lucid_sequence)
    #else
      #define lucid_next_number() __atomic_add_fetch(&lucid_sequence, 1, __ATOMIC_RELAXED)
    #endif
    static LUCID_THREAD_LOCAL int lucid_grad_enabled = 1;
    static LUCID_THREAD_LOCAL int lucid_inference = 0;
    /* What calls of operations pass through first, in this thread: a sum of AUTOCAST, FORWARD_AD and FUNCTION_MODE. */
    static LUCID_THREAD_LOCAL int lucid_detours = 0;
    static LUCID_THREAD_LOCAL int lucid_forward_of_recorded = 0;
    /* The array that the running operation's result goes to, and the operation's name; or NULL. */
    static LUCID_THREAD_LOCAL void *lucid_target = NULL;
    static LUCID_THREAD_LOCAL void *lucid_target_name = NULL;
    /* values that somebody else holds: a call's, or those of a list or tuple */
    typedef PyObject *const *lucid_row;
    /* an instance of a subclass without its own __new__ and __init__ */
    static PyObject *lucid_new(PyObject *base, PyObject *type, PyObject *no_args) {
      return ((PyTypeObject *)base)->tp_new((PyTypeObject *)type, no_args, NULL);
    }
    /* a tuple of a subclass, without the subclass's own checks */
    static PyObject *lucid_tuple(PyObject *type, PyObject *args) {
      return PyTuple_Type.tp_new((PyTypeObject *)type, args, NULL);
    }
    /* Cython enters None as the owner of a buffer before the method runs */
    #define lucid_unset(buffer) Py_CLEAR((buffer)->obj)
    """
    void lucid_unset(Py_buffer* buffer)
    const bint EXACT "LUCID_EXACT"
    void* lucid_aligned_alloc(size_t n) nogil
    void lucid_aligned_free(void* p) nogil
    long long lucid_next_number() nogil
    ctypedef PyObject** row_t "lucid_row"
    object lucid_new(object base, object type, tuple no_args)
    object lucid_tuple(object type, tuple args)
    int grad_enabled "lucid_grad_enabled"
    int inference "lucid_inference"
    int detours "lucid_detours"
    int forward_of_recorded "lucid_forward_of_recorded"
    void* target_array "lucid_target"
    void* target_name "lucid_target_name"

cdef extern from "Python.h":
    row_t PySequence_Fast_ITEMS(object values)
    Py_ssize_t PySequence_Fast_GET_SIZE(object values)
    object PyObject_Vectorcall(object function, row_t row, size_t n, PyObject* names)

cdef extern from "numpy/arrayobject.h":
    object PyArray_NewFromDescr(PyTypeObject* subtype, cnp.PyArray_Descr* descr, int nd, const cnp.npy_intp* dims,
                                const cnp.npy_intp* strides, void* data, int flags, PyObject* obj)
    object PyArray_Empty(int nd, const cnp.npy_intp* dims, cnp.PyArray_Descr* descr, int fortran)
    PyTypeObject PyArray_Type

include "core/memory.pxi"
include "core/flat.pxi"
include "core/tensor.pxi"
include "core/override.pxi"
include "core/view.pxi"
include "core/indices.pxi"
include "core/graph.pxi"
include "core/published.pxi"
include "core/frame.pxi"
include "core/plan.pxi"
include "core/product.pxi"
