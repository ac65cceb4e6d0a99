"""Indices that are tensors: the commonest, of int64 and of one shape, are read here; None says that others go the longer way."""

cdef join_t join_index = NULL


def set_join(size_t address):
    """The address of the function that joins the indices of several dimensions: `joiner` of the module of indices."""
    global join_index
    join_index = <join_t>address


def index_arrays(index, int nd):
    """Of an index that is tensors of int64 and whole dimensions, at most `nd`: its arrays (None for whole dimensions) and its
    tensors. None for any other index, and for one without tensors."""
    cdef list arrays = [], owners = []
    cdef Py_ssize_t start, stop, step
    cdef cnp.ndarray array
    cdef tuple items = <tuple>index if type(index) is tuple else (index,)
    if len(items) > nd:
        return None
    for one in items:
        if isinstance(one, TensorBase) and type(one) is not batched_type:
            array = (<TensorBase>one).array
            if code_of(<cnp.dtype>cnp.PyArray_DESCR(array)) != INT64 or not cnp.PyArray_NDIM(array):
                return None
            arrays.append(array)
            owners.append(one)
        elif type(one) is slice:
            PySlice_Unpack(one, &start, &stop, &step)
            if start != 0 or stop != <Py_ssize_t>(<size_t>-1 >> 1) or step != 1:
                return None
            arrays.append(None)
        else:
            return None
    return (tuple(arrays), tuple(owners)) if owners else None


def joined_index(cnp.ndarray array not None, tuple arrays, bint raw):
    """Arrays that pick neighbouring dimensions of an array as one index of these seen as one: this, the shape of what is picked,
    and the sizes (outer, axis, inner) before, within and after these dimensions.

    With `raw` a single one comes back as it is, unchecked. None where they are no contiguous int64 of one shape, no neighbours
    or reach beyond the array.
    """
    cdef int first = 0, stop = 0, i, nd = cnp.PyArray_NDIM(array)
    cdef Py_ssize_t sizes[3]
    cdef cnp.ndarray one, held = None, joined
    for i in range(len(arrays)):
        if arrays[i] is None:
            continue
        one = arrays[i]
        if held is None:
            first = stop = i
            held = one
        if i != stop or not same_shape(one, held) or not (
                cnp.PyArray_IS_C_CONTIGUOUS(one) and cnp.PyArray_ISALIGNED(one)
                and code_of(<cnp.dtype>cnp.PyArray_DESCR(one)) == INT64):
            return None
        stop += 1
    if held is None or stop > nd:
        return None
    joined = held
    if stop - first > 1 or not raw:
        joined = new_array(cnp.PyArray_NDIM(held), cnp.PyArray_DIMS(held), <cnp.dtype>cnp.PyArray_DESCR(held), False)
        for i in range(first, stop):
            if join_index(<const int64_t*>cnp.PyArray_DATA(<cnp.ndarray>arrays[i]), <int64_t*>cnp.PyArray_DATA(joined),
                          cnp.PyArray_SIZE(held), cnp.PyArray_DIM(array, i), i > first) >= 0:
                return None
    sizes[0] = sizes[1] = sizes[2] = 1
    for i in range(nd):
        sizes[(i >= first) + (i >= stop)] *= cnp.PyArray_DIM(array, i)
    shape = (<object>array).shape
    return joined, shape[:first] + (<object>held).shape + shape[stop:], sizes[0], sizes[1], sizes[2]
