"""Moving data: strided copies, conversion between element types.

(a) `core` calls by address, for arrays that are there: nothing here is checked against the size of a buffer.
    A copy is described by sizes and two lists of strides, as a view describes itself. It is brought into normal form
    (ones dropped, axes ordered by destination stride, merged where both sides are contiguous), so that a permuted but
    dense copy still ends as one `memcpy`.
(b) When the destination's innermost axis is not the source's, both cannot be walked in order. Such a copy runs in
    tiles of one cache line a side, through a buffer on the stack: every line is read and written whole, once.
    Measured on a transposed 1024x1024 float32: 245 us, against 740 us for the same tiles without the buffer.
(c) Elements that only move are told apart by size alone. Conversions are one function for all pairs of dtypes, which
    `core` calls: for whole arrays, and for the tiles of elementwise calls in half precision.
"""
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy

from convert cimport BFLOAT16, BOOL, DOUBLE, FLOAT, HALF, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, code_size
from halves cimport narrow, widen
from simd cimport FLOATS
from threads cimport import_threads, parallel_for, task_t
from types cimport element, floating, real

import_threads()

cdef enum:
    MAX_DIMS = 64
    CHUNK = 256  # bytes that are loaded before they are stored
    LINE = 64  # bytes of a cache line: the side of a tile
    BLOCK = 64  # elements a side of the block of tiles that is one unit of work
    GRAIN = 32768  # elements a thread takes at a time
    SHORT = 8  # elements of the innermost axis up to which a run goes along the axis outside it
    SHORT_ROWS = 1024  # of them at a time: each comes by once for every element of the innermost axis
    FILLED = 2048  # elements of one value that the others are copied from
    VIA_BLOCK = 512  # elements that are converted through another dtype at a time

cdef struct Plan:
    const char* src
    char* dst
    int ndim
    Py_ssize_t sizes[MAX_DIMS]
    Py_ssize_t src_strides[MAX_DIMS]
    Py_ssize_t dst_strides[MAX_DIMS]
    # of a tiled copy: the axis along which the source is read
    int across
    Py_ssize_t across_blocks
    Py_ssize_t inner_blocks


# ------------------------------------------------------------------------------------------------ description


cdef int load_axes(
    Plan* plan, int ndim, const Py_ssize_t* sizes, const Py_ssize_t* src_strides, const Py_ssize_t* dst_strides, Py_ssize_t unit
) noexcept:
    """Enter the axes of more than one element, their strides divided by `unit`.

    Returns their number; -1 where there is nothing to copy, -2 where the destination overlaps itself, or a stride is not a
    multiple of the unit.
    """
    cdef int d, n = 0
    for d in range(ndim):
        if sizes[d] == 0:
            return -1
    for d in range(ndim):
        if sizes[d] > 1:
            if dst_strides[d] == 0 or src_strides[d] % unit or dst_strides[d] % unit:
                return -2
            plan.sizes[n], plan.src_strides[n], plan.dst_strides[n] = sizes[d], src_strides[d] // unit, dst_strides[d] // unit
            n += 1
    return n


cdef void normalise(Plan* plan, int n, Py_ssize_t* src_offset, Py_ssize_t* dst_offset) noexcept:
    """Bring the n axes of a plan into normal form."""
    cdef Py_ssize_t size, s, t
    cdef int d, k
    # The destination is walked upwards, its largest stride outermost.
    for d in range(n):
        if plan.dst_strides[d] < 0:
            src_offset[0] += (plan.sizes[d] - 1) * plan.src_strides[d]
            dst_offset[0] += (plan.sizes[d] - 1) * plan.dst_strides[d]
            plan.src_strides[d] = -plan.src_strides[d]
            plan.dst_strides[d] = -plan.dst_strides[d]
    for d in range(1, n):
        size, s, t = plan.sizes[d], plan.src_strides[d], plan.dst_strides[d]
        k = d - 1
        while k >= 0 and plan.dst_strides[k] < t:
            plan.sizes[k + 1] = plan.sizes[k]
            plan.src_strides[k + 1] = plan.src_strides[k]
            plan.dst_strides[k + 1] = plan.dst_strides[k]
            k -= 1
        plan.sizes[k + 1], plan.src_strides[k + 1], plan.dst_strides[k + 1] = size, s, t

    # Merge each axis with the one inside it where both sides continue.
    k = 0
    for d in range(1, n):
        if (plan.src_strides[k] == plan.sizes[d] * plan.src_strides[d]
                and plan.dst_strides[k] == plan.sizes[d] * plan.dst_strides[d]):
            plan.sizes[k] *= plan.sizes[d]
        else:
            k += 1
            plan.sizes[k] = plan.sizes[d]
        plan.src_strides[k], plan.dst_strides[k] = plan.src_strides[d], plan.dst_strides[d]
    if n == 0:
        plan.sizes[0] = plan.src_strides[0] = plan.dst_strides[0] = 1
    plan.ndim = k + 1


cdef inline bint zips(const Plan* plan) noexcept nogil:
    """Whether the innermost axes alternate between the elements of two rows."""
    cdef int last = plan.ndim - 1
    return (last > 0 and plan.sizes[last] == 2 and plan.dst_strides[last] == 1 and plan.dst_strides[last - 1] == 2
            and plan.src_strides[last - 1] == 1)


cdef void choose_tiles(Plan* plan) noexcept:
    """Tile when some axis is more nearly contiguous in the source than the innermost one of the destination."""
    cdef int last = plan.ndim - 1, d
    cdef Py_ssize_t stride, best = plan.src_strides[last] if plan.src_strides[last] >= 0 else -plan.src_strides[last]
    plan.across = -1
    if plan.dst_strides[last] != 1 or best <= 1 or zips(plan):
        return
    for d in range(last):
        stride = plan.src_strides[d]
        if stride == 1 and plan.sizes[d] >= 4:
            plan.across = d
            plan.across_blocks = (plan.sizes[d] + BLOCK - 1) // BLOCK
            plan.inner_blocks = (plan.sizes[last] + BLOCK - 1) // BLOCK


# ------------------------------------------------------------------------------------------------ loops


cdef inline void copy_run(const element* x, Py_ssize_t sx, element* y, Py_ssize_t sy, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, k, chunk = CHUNK // sizeof(element)
    cdef element first
    if sy == 1:
        if sx == 1:
            if n >= 32:
                # Stores a little further into their page than the loads: forwards, each load looks like what was just
                # stored. Rows moved by three elements take 65 us rather than 610 (1024 x 1024).
                while n >= chunk and 0 < ((<uintptr_t>y - <uintptr_t>x) & 4095) < CHUNK:
                    n -= chunk
                    memcpy(y + n, x + n, CHUNK)
                memcpy(y, x, n * sizeof(element))
            else:
                for i in range(n):
                    y[i] = x[i]
        elif sx == 0:
            first = x[0]
            # With vectors of 16 bytes the loop alone takes 72 us for 4 MB, copies 55; with 32 it is as fast as `memset`, 42.
            i = n if FLOATS > 4 else min(n, FILLED)
            for k in range(i):
                y[k] = first
            while i < n:
                memcpy(y + i, y, min(n - i, FILLED) * sizeof(element))
                i += FILLED
        elif sx == -1:
            for i in range(n):
                y[i] = x[-i]
        else:
            for i in range(n):
                y[i] = x[i * sx]
    else:
        for i in range(n):
            y[i * sy] = x[i * sx]


cdef inline void zip_run(const element* x, Py_ssize_t apart, element* y, Py_ssize_t n) noexcept nogil:
    cdef const element* second = x + apart
    cdef Py_ssize_t i
    for i in range(n):
        y[2 * i] = x[i]
        y[2 * i + 1] = second[i]


cdef void copy_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Elements lo to hi in the order of the destination. (`ctx` is a Plan: its type only names the element.)"""
    cdef const Plan* plan = <const Plan*>ctx
    cdef const element* x = <const element*>plan.src
    cdef element* y = <element*>plan.dst
    cdef int last = plan.ndim - 1, d
    cdef Py_ssize_t index[MAX_DIMS]
    cdef Py_ssize_t rest = lo, i, n, rows, sx = plan.src_strides[last], sy = plan.dst_strides[last]
    for d in range(last, -1, -1):
        index[d] = rest % plan.sizes[d]
        rest //= plan.sizes[d]
        x += index[d] * plan.src_strides[d]
        y += index[d] * plan.dst_strides[d]
    while True:
        if last > 0 and index[last] == 0 and plan.sizes[last] <= hi - lo:
            rows = min(plan.sizes[last - 1] - index[last - 1], (hi - lo) // plan.sizes[last])
            if plan.sizes[last] > SHORT:
                for i in range(rows):
                    copy_run(x + i * plan.src_strides[last - 1], sx, y + i * plan.dst_strides[last - 1], sy, plan.sizes[last])
            elif zips(plan):
                zip_run(x, sx, y, rows)
            elif sx == 1 and plan.src_strides[last - 1] * <Py_ssize_t>sizeof(element) >= LINE:
                # One row after the other: rows a power of two apart push each other out of the cache.
                for i in range(rows):
                    for n in range(plan.sizes[last]):
                        y[i * plan.dst_strides[last - 1] + n * sy] = x[i * plan.src_strides[last - 1] + n]
            else:
                rows = min(<Py_ssize_t>SHORT_ROWS, rows)
                for n in range(plan.sizes[last]):
                    copy_run(x + n * sx, plan.src_strides[last - 1], y + n * sy, plan.dst_strides[last - 1], rows)
            lo += rows * plan.sizes[last]
            index[last - 1] += rows - 1
            x += (rows - 1) * plan.src_strides[last - 1]
            y += (rows - 1) * plan.dst_strides[last - 1]
        else:
            n = min(plan.sizes[last] - index[last], hi - lo)
            copy_run(x, sx, y, sy, n)
            lo += n
        if lo >= hi:
            return
        x -= index[last] * sx
        y -= index[last] * sy
        index[last] = 0
        d = last - 1
        while True:
            index[d] += 1
            x += plan.src_strides[d]
            y += plan.dst_strides[d]
            if index[d] < plan.sizes[d]:
                break
            x -= plan.sizes[d] * plan.src_strides[d]
            y -= plan.sizes[d] * plan.dst_strides[d]
            index[d] = 0
            d -= 1


cdef inline void copy_tile(
    const element* x, Py_ssize_t sx, element* y, Py_ssize_t sy, Py_ssize_t rows, Py_ssize_t cols
) noexcept nogil:
    """y[i * sy + j] = x[j * sx + i] for i < rows, j < cols; both at most one cache line of elements."""
    cdef char buffer[LINE * LINE]
    cdef element* b = <element*>buffer
    cdef Py_ssize_t width = LINE // <Py_ssize_t>sizeof(element), i, j
    if rows == width and cols == width:
        for j in range(width):
            for i in range(width):
                b[j * width + i] = x[j * sx + i]
        for i in range(width):
            for j in range(width):
                y[i * sy + j] = b[j * width + i]
    else:
        for i in range(rows):
            for j in range(cols):
                y[i * sy + j] = x[j * sx + i]


cdef void tile_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Blocks lo to hi of a tiled copy, the innermost axis' blocks fastest."""
    cdef const Plan* plan = <const Plan*>ctx
    cdef int last = plan.ndim - 1, across = plan.across, d
    cdef Py_ssize_t sx = plan.src_strides[last], sy = plan.dst_strides[across]
    cdef Py_ssize_t width = LINE // <Py_ssize_t>sizeof(element)
    cdef Py_ssize_t block, rest, k, i, j, i_end, j_end
    cdef const element* x
    cdef element* y
    for block in range(lo, hi):
        x = <const element*>plan.src
        y = <element*>plan.dst
        j = (block % plan.inner_blocks) * BLOCK
        rest = block // plan.inner_blocks
        i_end = (rest % plan.across_blocks) * BLOCK
        rest //= plan.across_blocks
        for d in range(last - 1, -1, -1):
            if d != across:
                k = rest % plan.sizes[d]
                rest //= plan.sizes[d]
                x += k * plan.src_strides[d]
                y += k * plan.dst_strides[d]
        j_end = min(j + BLOCK, plan.sizes[last])
        while j < j_end:
            i = i_end
            while i < min(i_end + BLOCK, plan.sizes[across]):
                copy_tile(x + j * sx + i, sx, y + i * sy + j, sy,
                          min(width, plan.sizes[across] - i, i_end + BLOCK - i), min(width, j_end - j))
                i += width
            j += width


# ------------------------------------------------------------------------------------------------ kernels


cdef void run_plan(element* kind, Plan* plan) noexcept:
    """Copy what a plan in normal form describes. (`kind` only names the element.)"""
    cdef Py_ssize_t n = 1
    cdef int d
    choose_tiles(plan)
    if plan.across < 0:
        for d in range(plan.ndim):
            n *= plan.sizes[d]
        parallel_for(<task_t>copy_task[element], plan, n, GRAIN)
    else:
        n = plan.across_blocks * plan.inner_blocks
        for d in range(plan.ndim - 1):
            if d != plan.across:
                n *= plan.sizes[d]
        parallel_for(<task_t>tile_task[element], plan, n, GRAIN // (BLOCK * BLOCK))


cdef bint copy_arrays(const char* src, char* dst, int ndim, const Py_ssize_t* sizes, const Py_ssize_t* src_strides,
                      const Py_ssize_t* dst_strides, Py_ssize_t itemsize) noexcept:
    """Copy elements between arrays; strides in bytes. False for what this module does not copy, as to a stride of 0."""
    cdef Plan plan
    cdef Py_ssize_t src_offset = 0, dst_offset = 0
    cdef int n = -2 if ndim > MAX_DIMS else load_axes(&plan, ndim, sizes, src_strides, dst_strides, itemsize)
    if n < 0:
        return n == -1
    normalise(&plan, n, &src_offset, &dst_offset)
    plan.src, plan.dst = src + src_offset * itemsize, dst + dst_offset * itemsize
    if itemsize == 4:
        run_plan(<int32_t*>NULL, &plan)
    elif itemsize == 8:
        run_plan(<int64_t*>NULL, &plan)
    elif itemsize == 1:
        run_plan(<uint8_t*>NULL, &plan)
    elif itemsize == 2:
        run_plan(<int16_t*>NULL, &plan)
    elif itemsize == 16:
        run_plan(<double complex*>NULL, &plan)
    else:
        return False
    return True


arrays = <size_t>copy_arrays    # a `copy_t`, for core


# ------------------------------------------------------------------------------------------------ conversion

# `real` is what is read; this what is written.
ctypedef fused target:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double


cdef void cast_run(const real* x, target* y, Py_ssize_t n) noexcept nogil:
    """C's conversion. A float beyond a small integer's range goes through int32, as PyTorch's does."""
    cdef Py_ssize_t i
    for i in range(n):
        if (real is float or real is double) and (target is uint8_t or target is int8_t or target is int16_t):
            y[i] = <target><int32_t>x[i]
        else:
            y[i] = <target>x[i]


cdef void bool_run(const real* x, uint8_t* y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        y[i] = x[i] != 0


cdef void cast_from(const real* x, char* y, Py_ssize_t n, char code) noexcept nogil:
    if code == BOOL:
        bool_run(x, <uint8_t*>y, n)
    elif code == UINT8:
        cast_run(x, <uint8_t*>y, n)
    elif code == INT8:
        cast_run(x, <int8_t*>y, n)
    elif code == INT16:
        cast_run(x, <int16_t*>y, n)
    elif code == INT32:
        cast_run(x, <int32_t*>y, n)
    elif code == INT64:
        cast_run(x, <int64_t*>y, n)
    elif code == FLOAT:
        cast_run(x, <float*>y, n)
    else:
        cast_run(x, <double*>y, n)


cdef inline bint is_floating(char code) noexcept nogil:
    return code == FLOAT or code == DOUBLE or code == HALF or code == BFLOAT16


cdef void unsigned_run(const floating* x, uint64_t* y, Py_ssize_t n) noexcept nogil:
    """Numbers beyond int64 less the half of the range: the instruction for unsigned ones would lose the negative ones."""
    cdef floating half = 9223372036854775808.0
    cdef Py_ssize_t i
    cdef bint beyond
    for i in range(n):
        beyond = x[i] >= half
        y[i] = <uint64_t><int64_t>(x[i] - half if beyond else x[i]) ^ <uint64_t>beyond << 63


cdef void convert_run(const char* x, char* y, Py_ssize_t n, char x_code, char y_code) noexcept nogil:
    """Half precision is converted to and from float32, any other dtype through it, as PyTorch does: doubles round twice.

    The larger unsigned integers are signed ones where that is the same, and go through int64 elsewhere.
    """
    cdef int64_t[VIA_BLOCK] wide
    cdef Py_ssize_t x_size, y_size, m, i
    cdef char via = 0
    if y_code == UINT16:
        y_code = INT16
    elif y_code == UINT32 and not is_floating(x_code):
        y_code = INT32
    elif y_code == UINT64 and not is_floating(x_code):
        y_code = INT64
    if x_code == UINT64 and not is_floating(y_code):
        x_code = INT64
    if x_code != FLOAT and y_code != FLOAT and (
            x_code == HALF or x_code == BFLOAT16 or y_code == HALF or y_code == BFLOAT16):
        via = FLOAT
    elif y_code == UINT32 or (y_code != INT64 and (x_code == UINT16 or x_code == UINT32)):
        via = INT64
    if via:
        x_size, y_size = code_size(x_code), code_size(y_code)
        while n > 0:
            m = min(n, VIA_BLOCK)
            convert_run(x, <char*>wide, m, x_code, via)
            convert_run(<const char*>wide, y, m, via, y_code)
            x += m * x_size
            y += m * y_size
            n -= m
    elif y_code == HALF or y_code == BFLOAT16:
        narrow(<const float*>x, <uint16_t*>y, n, y_code == HALF)
    elif x_code == HALF or x_code == BFLOAT16:
        widen(<const uint16_t*>x, <float*>y, n, x_code == HALF)
    elif x_code == UINT16:
        for i in range(n):
            (<int64_t*>y)[i] = (<const uint16_t*>x)[i]
    elif x_code == UINT32:
        for i in range(n):
            (<int64_t*>y)[i] = (<const uint32_t*>x)[i]
    elif x_code == UINT64 and y_code == FLOAT:
        for i in range(n):
            (<float*>y)[i] = <float>(<const uint64_t*>x)[i]
    elif x_code == UINT64:
        for i in range(n):
            (<double*>y)[i] = <double>(<const uint64_t*>x)[i]
    elif y_code == UINT64 and x_code == FLOAT:
        unsigned_run(<const float*>x, <uint64_t*>y, n)
    elif y_code == UINT64:
        unsigned_run(<const double*>x, <uint64_t*>y, n)
    elif x_code == BOOL or x_code == UINT8:
        cast_from(<const uint8_t*>x, y, n, UINT8 if x_code == BOOL and y_code == BOOL else y_code)
    elif x_code == INT8:
        cast_from(<const int8_t*>x, y, n, y_code)
    elif x_code == INT16:
        cast_from(<const int16_t*>x, y, n, y_code)
    elif x_code == INT32:
        cast_from(<const int32_t*>x, y, n, y_code)
    elif x_code == INT64:
        cast_from(<const int64_t*>x, y, n, y_code)
    elif x_code == FLOAT:
        cast_from(<const float*>x, y, n, y_code)
    else:
        cast_from(<const double*>x, y, n, y_code)


convert = <size_t>convert_run    # a `convert_t`, for core
