"""How the kernel of products is to walk two arrays of matrices: what `lucid/ops/linalg.py` would spend most of a small
product's time on.
"""


cdef bint plain_strides(cnp.ndarray a):
    """Whether a kernel can walk the array from its first element on: whole elements, none backwards."""
    cdef int i
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(a)
    if not cnp.PyArray_ISALIGNED(a) or not cnp.PyArray_ISNOTSWAPPED(a):
        return False
    for i in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_STRIDE(a, i) < 0 or cnp.PyArray_STRIDE(a, i) % itemsize:
            return False
    return True


def product_plan(cnp.ndarray a not None, cnp.ndarray b not None):
    """The shape of `a @ b` and the sizes and strides that `linalg.bmm` takes, from `batch` to `c_row`.

    None where it needs more looking at: something is empty, shapes do not broadcast, strides go backwards, or the batches
    cannot be walked with one stride each.
    """
    cdef int na = cnp.PyArray_NDIM(a), nb = cnp.PyArray_NDIM(b), nd = max(na, nb), i
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(a), batch = 1, a_batch = 0, b_batch = 0, x, y, m, n, k, a_row, a_col
    if na < 2 or nb < 2 or not cnp.PyArray_SIZE(a) or not cnp.PyArray_SIZE(b):
        return None
    if not plain_strides(a) or not plain_strides(b):
        return None
    m, k, n = cnp.PyArray_DIM(a, na - 2), cnp.PyArray_DIM(a, na - 1), cnp.PyArray_DIM(b, nb - 1)
    a_row, a_col = cnp.PyArray_STRIDE(a, na - 2) // itemsize, cnp.PyArray_STRIDE(a, na - 1) // itemsize
    shape = []
    for i in range(nd - 2):
        x, y = size_at(a, i, nd), size_at(b, i, nd)
        if x != y and x != 1 and y != 1:
            return None
        shape.append(max(x, y))
    for i in range(nd - 3, -1, -1):
        x = shape[i]
        if x == 1:
            continue
        if batch == 1:
            a_batch, b_batch = step_at(a, i, nd), step_at(b, i, nd)
        elif step_at(a, i, nd) != a_batch * batch or step_at(b, i, nd) != b_batch * batch:
            return None
        batch *= x
    shape.append(m)
    shape.append(n)
    if nb == 2 and cnp.PyArray_IS_C_CONTIGUOUS(a):   # many rows times one matrix: one large product
        m, batch, a_row, a_col = m * batch, 1, k, 1  # what dimensions of size 1 have for a stride means nothing
    return tuple(shape), (
        batch, m, n, k, a_batch // itemsize, a_row, a_col, b_batch // itemsize,
        cnp.PyArray_STRIDE(b, nb - 2) // itemsize, cnp.PyArray_STRIDE(b, nb - 1) // itemsize, m * n, n,
    )
