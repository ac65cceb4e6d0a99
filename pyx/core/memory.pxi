"""The caching allocator. `empty` makes NumPy arrays: small ones are NumPy's own; from 4 KiB on, a `Block` of 64-byte
aligned memory that goes back to a cache when its last array dies, since touching fresh pages costs five times more
than the work done on them. The cache is bounded, and given up when memory runs out.
"""

cdef enum:
    MAX_CLASSES = 160    # four sizes per power of two, from 4 KiB to beyond any address space
    SMALLEST = 4096

cdef struct Free:
    Free* next

cdef Free* cache[MAX_CLASSES]
memset(cache, 0, sizeof(cache))

cdef size_t cached_bytes = 0
cdef size_t cache_limit = <size_t>1 << 30
cdef size_t live_bytes = 0
cdef size_t peak_bytes = 0
cdef size_t hits = 0
cdef size_t misses = 0
cdef cython.pymutex memory_lock


class OutOfMemoryError(RuntimeError, MemoryError):
    """A tensor is too large to hold. PyTorch raises RuntimeError, Python MemoryError: this is both."""

    __module__ = "lucid"


cdef inline int size_class(size_t n, size_t* rounded) noexcept nogil:
    """The class of `n` bytes and the size of its blocks: 4, 5, 6 or 7 times a power of two, at most 25 % above `n`."""
    cdef int shift = 10, quarter
    while ((<size_t>7) << shift) < n:
        shift += 1
    quarter = 4
    while ((<size_t>quarter) << shift) < n:
        quarter += 1
    rounded[0] = (<size_t>quarter) << shift
    return 4 * (shift - 10) + quarter - 4


cdef void release_cache(size_t keep) noexcept nogil:
    """Give blocks back to the system, largest first, until at most `keep` bytes are cached. Called with the lock held."""
    global cached_bytes
    cdef int k = MAX_CLASSES - 1
    cdef Free* block
    while k >= 0 and cached_bytes > keep:
        while cache[k] != NULL and cached_bytes > keep:
            block = cache[k]
            cache[k] = block.next
            cached_bytes -= (<size_t>(4 + k % 4)) << (k // 4 + 10)
            lucid_aligned_free(block)
        k -= 1


@cython.final
@cython.freelist(64)
cdef class Block:
    """One piece of aligned memory; the base object of the arrays that live in it."""
    cdef void* data
    cdef size_t size
    cdef int k

    def __dealloc__(self):
        global cached_bytes, live_bytes
        if self.data == NULL:
            return
        with memory_lock:
            live_bytes -= self.size
            if cached_bytes + self.size <= cache_limit and not EXACT:
                (<Free*>self.data).next = cache[self.k]
                cache[self.k] = <Free*>self.data
                cached_bytes += self.size
                self.data = NULL
        if self.data != NULL:
            lucid_aligned_free(self.data)


cdef Block allocate(size_t n):
    global cached_bytes, live_bytes, peak_bytes, hits, misses
    cdef Block block = Block.__new__(Block)
    cdef void* data = NULL
    cdef size_t size
    cdef int k = size_class(n, &size)
    if EXACT:
        size = n
    with memory_lock:
        if cache[k] != NULL:
            data = cache[k]
            cache[k] = (<Free*>data).next
            cached_bytes -= size
            hits += 1
        else:
            data = lucid_aligned_alloc(size)
            misses += 1
            if data == NULL:
                release_cache(0)
                data = lucid_aligned_alloc(size)
        if data != NULL:
            live_bytes += size
            peak_bytes = max(peak_bytes, live_bytes)
    if data == NULL:
        raise OutOfMemoryError(f"cannot allocate {n} bytes; lucid.empty_cache() gives back what is kept for reuse")
    block.data = data
    block.size = size
    block.k = k
    return block


cdef object new_array(int nd, const cnp.npy_intp* dims, cnp.dtype dtype, bint fortran):
    """An uninitialised dense array. Dimensions must be non-negative and their product must not overflow."""
    cdef size_t n = cnp.PyDataType_ELSIZE(dtype)
    cdef Py_ssize_t step = n
    cdef int i
    cdef Block block
    for i in range(nd):
        n *= <size_t>dims[i]
    Py_INCREF(dtype)   # both constructors steal a reference
    if n < SMALLEST and not EXACT:
        array = PyArray_Empty(nd, dims, <cnp.PyArray_Descr*>dtype, fortran)
        if n == 0:   # NumPy gives such arrays no strides; a view of them has those of a view
            for i in range(nd - 1, -1, -1):
                cnp.PyArray_STRIDES(<cnp.ndarray>array)[i] = step
                step *= max(dims[i], 1)
        return array
    block = allocate(n)
    array = PyArray_NewFromDescr(&PyArray_Type, <cnp.PyArray_Descr*>dtype, nd, dims, NULL, block.data,
                                 cnp.NPY_ARRAY_FARRAY if fortran else cnp.NPY_ARRAY_CARRAY, NULL)
    cnp.set_array_base(<cnp.ndarray>array, block)
    return array


def empty(shape, cnp.dtype dtype, order="C"):
    """An uninitialised array of `shape` (a tuple of ints) in C or Fortran order.

    Raises RuntimeError for a negative size, OutOfMemoryError for a size that no memory can hold, TypeError for one beyond
    64 bits.
    """
    cdef cnp.npy_intp dims[64]
    cdef Py_ssize_t itemsize = cnp.PyDataType_ELSIZE(dtype), size
    cdef Py_ssize_t limit = (<Py_ssize_t>1 << 47) // itemsize
    cdef Py_ssize_t total = 1
    cdef int nd = 0
    cdef bint none = False
    if len(shape) > 64:
        raise RuntimeError(f"empty: a tensor has at most 64 dimensions, got {len(shape)}")
    for one in shape:
        try:
            size = one
        except OverflowError:
            raise TypeError(f"a size must fit 64 bits, got {one} in {list(shape)}") from None
        if size < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {list(shape)}")
        none = none or size == 0
        dims[nd] = size
        nd += 1
    if not none:
        for i in range(nd):
            if dims[i] > limit // total:
                raise OutOfMemoryError(f"a tensor of shape {list(shape)} and {itemsize} bytes an element is too large to hold")
            total *= dims[i]
    elif len(shape) and max(shape) > limit:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return new_array(nd, dims, dtype, order == "F")


cdef struct ramp_t:
    char* out
    int num
    Py_ssize_t half, last
    double start, step, end


cdef void ramp_task(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef ramp_t* c = <ramp_t*>ctx
    cdef Py_ssize_t middle = max(lo, min(hi, c.half)), i
    cdef float* single = <float*>c.out
    cdef double* wide = <double*>c.out
    cdef int64_t* whole = <int64_t*>c.out
    cdef int64_t first = <int64_t>c.start, step = <int64_t>c.step
    if c.num == cnp.NPY_INT64:
        for i in range(lo, hi):
            whole[i] = first + i * step
    elif c.num == cnp.NPY_FLOAT64:
        for i in range(lo, middle):
            wide[i] = c.start + <int32_t>i * c.step
        for i in range(middle, hi):
            wide[i] = c.end - <int32_t>(c.last - i) * c.step
    else:
        for i in range(lo, middle):
            single[i] = <float>(c.start + <int32_t>i * c.step)
        for i in range(middle, hi):
            single[i] = <float>(c.end - <int32_t>(c.last - i) * c.step)


def ramp(Py_ssize_t n, cnp.dtype dtype not None, double start, double step, double end, Py_ssize_t half):
    """`start + i * step`, and from `half` on as far below `end`, computed in double precision.

    None for more than 2 ** 31 elements, or a dtype other than int64 (whose numbers must be exact, and start from the
    front), float32 and float64.
    """
    cdef ramp_t c
    cdef cnp.npy_intp size = n
    cdef cnp.ndarray out
    c.num = dtype.num
    if n >> 31 or (c.num != cnp.NPY_INT64 and c.num != cnp.NPY_FLOAT32 and c.num != cnp.NPY_FLOAT64):
        return None
    out = new_array(1, &size, dtype, False)
    c.out, c.half, c.last, c.start, c.step, c.end = cnp.PyArray_BYTES(out), half, n - 1, start, step, end
    parallel_for(ramp_task, &c, n, CHEAP_GRAIN)
    return out


def memory_stats():
    """Counts of the caching allocator, in bytes and calls; arrays under 4 KiB are not counted."""
    return {
        "allocated_bytes": live_bytes, "allocated_bytes_peak": peak_bytes, "cached_bytes": cached_bytes,
        "cache_limit_bytes": cache_limit, "cache_hits": hits, "cache_misses": misses,
    }


def empty_cache():
    """Give all cached memory back to the system."""
    with memory_lock:
        release_cache(0)


def set_cache_limit(size_t nbytes):
    """Keep at most `nbytes` of freed memory for reuse."""
    global cache_limit
    with memory_lock:
        cache_limit = nbytes
        release_cache(nbytes)
