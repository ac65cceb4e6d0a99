"""What `core` and the module of conversions agree on: the dtypes by one letter each, and the function that converts."""

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


cdef inline Py_ssize_t code_size(char code) noexcept nogil:
    """Bytes of an element."""
    if code == INT64 or code == DOUBLE or code == UINT64:
        return 8
    if code == INT32 or code == FLOAT or code == UINT32:
        return 4
    return 2 if code == INT16 or code == HALF or code == BFLOAT16 or code == UINT16 else 1
