"""What `core` and the module of conversions agree on: the dtypes by one letter each, and the functions that convert and copy."""

cdef enum:
    BOOL = 63    # ?
    UINT8 = 66    # B
    UINT16 = 72    # H
    UINT32 = 73    # I
    UINT64 = 81    # Q
    INT8 = 98    # b
    INT16 = 104    # h
    INT32 = 105    # i
    INT64 = 113    # q
    HALF = 101    # e
    BFLOAT16 = 69    # E
    FLOAT = 102    # f
    DOUBLE = 100    # d

# n contiguous elements at x, of the dtype of the first letter, to y
ctypedef void (*convert_t)(const char* x, char* y, Py_ssize_t n, char x_code, char y_code) noexcept nogil


# Elements of `itemsize` bytes from one array to another that does not overlap it: shape, strides in bytes. False where it is not
# for the module of copies. Call with the GIL held.
ctypedef bint (*copy_t)(const char* src, char* dst, int ndim, const Py_ssize_t* sizes, const Py_ssize_t* src_strides,
                        const Py_ssize_t* dst_strides, Py_ssize_t itemsize) noexcept


cdef inline Py_ssize_t code_size(char code) noexcept nogil:
    """Bytes of an element."""
    if code == INT64 or code == DOUBLE or code == UINT64:
        return 8
    if code == INT32 or code == FLOAT or code == UINT32:
        return 4
    return 2 if code == INT16 or code == HALF or code == BFLOAT16 or code == UINT16 else 1
