"""Loops, written once: a kernel names the rule of one element, these run it over many.

`mapN(rule, inputs..., out, n)` are contiguous loops. The rule is a function pointer that is a constant at every
call, so the compiler inlines it and vectorises the loop. `out` may be one of the inputs, exactly.

`output_t` is where a loop writes: the result itself, or, where that is far larger than the caches, a tile which is then
stored past them. That saves reading the memory before it is overwritten.

`operand_t` is how a broadcast or strided input meets a contiguous loop: `load` hands the loop the next elements
as a contiguous run, which is the data itself wherever it is contiguous, and otherwise a copy in a scratch tile
small enough for the first-level cache. One loop per op therefore serves every combination of strides.
"""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from inlined cimport inlined_void
from pieces cimport PIECES, pieces
from types cimport element, floating, integer, number

cdef extern from *:
    """
    #if defined(__GNUC__) && defined(__SSE2__)
    #include <immintrin.h>
    #define LUCID_STREAMS 1
    static inline void lucid_stream_64(char* to, const char* from) {    /* both aligned to 64 bytes */
    #if defined(__AVX512F__)
        _mm512_stream_si512((__m512i*)to, _mm512_load_si512((const __m512i*)from));
    #elif defined(__AVX__)
        _mm256_stream_si256((__m256i*)to, _mm256_load_si256((const __m256i*)from));
        _mm256_stream_si256((__m256i*)to + 1, _mm256_load_si256((const __m256i*)from + 1));
    #else
        int i;
        for (i = 0; i < 4; i++) _mm_stream_si128((__m128i*)to + i, _mm_load_si128((const __m128i*)from + i));
    #endif
    }
    #define lucid_stream_end() _mm_sfence()
    #else
    #define LUCID_STREAMS 0
    #define lucid_stream_64(to, from) ((void)(to), (void)(from))
    #define lucid_stream_end()
    #endif
    """
    const bint STREAMS "LUCID_STREAMS"
    void stream_64 "lucid_stream_64"(char* to, const char* source) noexcept nogil
    void stream_end "lucid_stream_end"() noexcept nogil

cdef enum:
    TILE_BYTES = 4096  # of one operand's scratch tile
    OUT_TILE = 1024    # and of a result that is stored past the caches: 4096 gained half as much in additions
    SHORT_ROW = 64     # rows shorter than this are gathered many to a tile
    MAX_DIMS = 64
    RARE_BLOCK = 512
    PIECES_BLOCK = 64  # what `pieces` takes at a time
    MATH_BLOCK = 32    # what an expensive rule takes at a time


cdef inline inlined_void map1(number (*rule)(number) noexcept nogil, const number* x, number* out,
                              Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i])


cdef inline const number* filled_block(const number* row, number* block, Py_ssize_t n) noexcept nogil:
    """The row, or where it is shorter than a block, a block that begins with it."""
    cdef Py_ssize_t i
    if n >= MATH_BLOCK:
        return row
    for i in range(MATH_BLOCK):
        block[i] = row[0]
    memcpy(block, row, n * sizeof(number))
    return block


# `map1` and `map2` for long rules: in blocks of one size, so that their code is there once, not for each way in which a
# loop may end or its operands overlap. The modules of elementwise kernels are a tenth smaller, and as fast.
cdef inline inlined_void map1_blocks(number (*rule)(number) noexcept nogil, const number* x, number* out,
                                     Py_ssize_t n) noexcept nogil:
    cdef number made[MATH_BLOCK]
    cdef number block[MATH_BLOCK]
    cdef const number* row
    cdef Py_ssize_t i
    while n > 0:
        row = filled_block(x, block, n)
        for i in range(MATH_BLOCK):
            made[i] = rule(row[i])
        if n >= MATH_BLOCK:
            memcpy(out, made, MATH_BLOCK * sizeof(number))
        else:
            memcpy(out, made, n * sizeof(number))
        x += MATH_BLOCK
        out += MATH_BLOCK
        n -= MATH_BLOCK


cdef inline inlined_void map2_blocks(number (*rule)(number, number) noexcept nogil, const number* x, const number* y,
                                     number* out, Py_ssize_t n) noexcept nogil:
    cdef number made[MATH_BLOCK]
    cdef number block[2][MATH_BLOCK]
    cdef const number* row
    cdef const number* other
    cdef Py_ssize_t i
    while n > 0:
        row = filled_block(x, block[0], n)
        other = filled_block(y, block[1], n)
        for i in range(MATH_BLOCK):
            made[i] = rule(row[i], other[i])
        if n >= MATH_BLOCK:
            memcpy(out, made, MATH_BLOCK * sizeof(number))
        else:
            memcpy(out, made, n * sizeof(number))
        x += MATH_BLOCK
        y += MATH_BLOCK
        out += MATH_BLOCK
        n -= MATH_BLOCK


cdef inline bint any_beyond(const floating* x, floating limit, Py_ssize_t n) noexcept nogil:
    """Whether a magnitude is above `limit`, or NaN: asked of the bits, as a sum of comparisons is slow."""
    cdef int32_t below = 0
    cdef int64_t below_ = 0
    cdef Py_ssize_t i
    if floating is float:
        for i in range(n):
            below |= (<int32_t*>&limit)[0] - ((<const int32_t*>x)[i] & 0x7fffffff)
        return below < 0
    else:
        for i in range(n):
            below_ |= (<int64_t*>&limit)[0] - ((<const int64_t*>x)[i] & <int64_t>0x7fffffffffffffff)
        return below_ < 0


cdef inline inlined_void map1_rare(floating (*rule)(floating) noexcept nogil, floating limit,
                                   floating (*far)(floating) noexcept nogil, const floating* x, floating* out,
                                   Py_ssize_t n) noexcept nogil:
    """`rule` for all, then `far` for the few elements whose magnitude is above `limit`."""
    cdef floating kept[RARE_BLOCK]
    cdef Py_ssize_t at = 0, size, i
    cdef bint found
    while at < n:
        size = min(RARE_BLOCK, n - at)
        found = any_beyond(x + at, limit, size)
        if found:
            memcpy(kept, x + at, size * sizeof(floating))  # out may be x
        map1_blocks(rule, x + at, out + at, size)
        if found:
            for i in range(size):
                if kept[i] > limit or kept[i] < -limit:
                    out[at + i] = far(kept[i])
        at += size


cdef inline inlined_void map1_pieces(floating (*rule)(floating) noexcept nogil, const float* table, bint times_x,
                                     const floating* x, floating* out, Py_ssize_t n) noexcept nogil:
    """By the pieces of a function (times x) where there are any, by `rule` where they do not reach."""
    cdef float spare[PIECES_BLOCK]
    cdef floating kept[PIECES_BLOCK]
    cdef Py_ssize_t size, i
    cdef uint64_t outside
    if floating is float and PIECES:
        while n > 0:
            size = min(PIECES_BLOCK, n)
            if size == PIECES_BLOCK:  # a constant, for the compiler
                outside = pieces(table, times_x, x, out, spare, PIECES_BLOCK)
            else:
                outside = pieces(table, times_x, x, out, spare, size)
            if outside:
                for i in range(size):
                    kept[i] = rule(x[i])
                for i in range(size):
                    out[i] = kept[i] if outside >> i & 1 else spare[i]
            x += size
            out += size
            n -= size
    else:
        map1(rule, x, out, n)


cdef inline inlined_void map1_ab(floating (*rule)(floating, floating, floating) noexcept nogil, const floating* x,
                                 floating a, floating b, floating* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i], a, b)


cdef inline inlined_void map2(number (*rule)(number, number) noexcept nogil, const number* x, const number* y,
                              number* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i], y[i])


cdef inline inlined_void map2_ab(floating (*rule)(floating, floating, floating, floating) noexcept nogil, const floating* x,
                                 const floating* y, floating a, floating b, floating* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i], y[i], a, b)


cdef inline inlined_void map3_a(number (*rule)(number, number, number, number) noexcept nogil, const number* x,
                                const number* y, const number* z, number a, number* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i], y[i], z[i], a)


cdef inline inlined_void map_pairs(floating (*rule)(floating, floating) noexcept nogil, const floating* x, floating* out,
                                   Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[2 * i], x[2 * i + 1])


cdef inline inlined_void test1(uint8_t (*rule)(number) noexcept nogil, const number* x, uint8_t* out,
                               Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i])


cdef inline inlined_void test2(uint8_t (*rule)(number, number) noexcept nogil, const number* x, const number* y,
                               uint8_t* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = rule(x[i], y[i])


cdef inline void select(const uint8_t* cond, const element* x, const element* y, element* out,
                        Py_ssize_t n) noexcept nogil:
    """By masks: a choice of what to read is a branch to some compilers, or a gather."""
    cdef Py_ssize_t i
    cdef element mask
    if element in integer:
        for i in range(n):
            mask = <element>-<element>(cond[i] != 0)
            out[i] = (x[i] & mask) | (y[i] & ~mask)
    else:
        for i in range(n):
            out[i] = x[i] if cond[i] else y[i]


cdef struct output_t:
    char* next_
    bint streams
    Py_ssize_t itemsize
    Py_ssize_t most              # elements that the loop may write at once
    char space[OUT_TILE + 64]


cdef inline void output_init(output_t* self, char* out, Py_ssize_t itemsize, bint streams, Py_ssize_t n) noexcept nogil:
    """The n elements from `out` on."""
    self.next_ = out
    self.itemsize = itemsize
    self.streams = STREAMS and streams and not <size_t>out & 63
    self.most = OUT_TILE // itemsize if self.streams else n


cdef inline char* place(output_t* self) noexcept nogil:
    """Where the loop is to write next."""
    return <char*>((<size_t>self.space + 63) & ~<size_t>63) if self.streams else self.next_


cdef inline void placed(output_t* self, Py_ssize_t n) noexcept nogil:
    """The loop wrote n elements."""
    cdef Py_ssize_t nbytes = n * self.itemsize, i = 0
    cdef const char* tile = place(self)
    if self.streams:
        if not <size_t>self.next_ & 63:
            while i + 64 <= nbytes:
                stream_64(self.next_ + i, tile + i)
                i += 64
        memcpy(self.next_ + i, tile + i, nbytes - i)
    self.next_ += nbytes


cdef inline void output_end(output_t* self) noexcept nogil:
    if self.streams:
        stream_end()    # a store past the caches is seen by other threads only after a fence


# A plan says how the operands of a broadcast are laid out, all in elements:
#     ndim, sizes[ndim], then per operand: offset, strides[ndim]
cdef struct operand_t:
    const char* data             # of the element at index zero
    const Py_ssize_t* sizes
    const Py_ssize_t* strides
    int ndim
    bint flat                    # strides are those of a contiguous array
    bint constant                # one element for all
    Py_ssize_t filled            # how much of the tile holds the constant
    Py_ssize_t position          # of the next element to load, in the flat result
    Py_ssize_t offset            # of the row it lies in
    Py_ssize_t column            # in that row
    Py_ssize_t index[MAX_DIMS]   # of that row, outer dimensions


cdef inline bint plan_fits(const Py_ssize_t[::1] plan, int operands, Py_ssize_t n, const Py_ssize_t* lengths) noexcept:
    """Whether a plan describes n elements and reaches only inside buffers of these lengths."""
    cdef Py_ssize_t ndim, total = 1, low, high, at, i
    cdef int k
    if plan.shape[0] < 2:
        return False
    ndim = plan[0]
    if ndim < 1 or ndim > MAX_DIMS or plan.shape[0] != 1 + ndim + operands * (ndim + 1):
        return False
    for i in range(1, ndim + 1):
        if plan[i] < 1 or total > n // plan[i]:
            return False
        total *= plan[i]
    if total != n:
        return False
    at = ndim + 1
    for k in range(operands):
        low = high = plan[at]
        for i in range(1, ndim + 1):
            # Sizes and strides of a buffer's view are bounded by it; larger ones would overflow below.
            if plan[i] > 1 and (plan[at + i] > lengths[k] or plan[at + i] < -lengths[k]):
                return False
            if plan[at + i] > 0:
                high += plan[at + i] * (plan[i] - 1)
            else:
                low += plan[at + i] * (plan[i] - 1)
            if low < 0 or high >= lengths[k]:
                return False
        at += ndim + 1
    return True


cdef inline void operand_init(operand_t* self, const char* data, Py_ssize_t itemsize, const Py_ssize_t* plan,
                              int k, Py_ssize_t position) noexcept nogil:
    """Operand `k` of a plan, ready to load from `position` of the flat result. A NULL plan: contiguous."""
    cdef Py_ssize_t expected = 1, row
    cdef int i
    self.filled = 0
    self.position = position
    if plan == NULL:
        self.data = data
        self.flat = True
        self.constant = False
        self.ndim, self.sizes, self.strides = 0, NULL, NULL    # not read: it is flat
        self.column = self.offset = 0
        return
    self.ndim = <int>plan[0]
    self.sizes = plan + 1
    self.strides = plan + 1 + self.ndim + k * (self.ndim + 1)
    self.data = data + self.strides[0] * itemsize    # the offset stands before the strides
    self.strides += 1
    self.flat = True
    self.constant = True
    for i in range(self.ndim - 1, -1, -1):
        if self.sizes[i] > 1:
            self.flat = self.flat and self.strides[i] == expected
            self.constant = self.constant and self.strides[i] == 0
        expected *= self.sizes[i]
    self.column = position % self.sizes[self.ndim - 1]
    row = position // self.sizes[self.ndim - 1]
    self.offset = 0
    for i in range(self.ndim - 2, -1, -1):
        self.index[i] = row % self.sizes[i]
        self.offset += self.index[i] * self.strides[i]
        row = row // self.sizes[i]


cdef inline void next_row(operand_t* self) noexcept nogil:
    cdef int i
    self.column = 0
    for i in range(self.ndim - 2, -1, -1):
        self.index[i] += 1
        self.offset += self.strides[i]
        if self.index[i] < self.sizes[i]:
            return
        self.offset -= self.strides[i] * self.sizes[i]
        self.index[i] = 0


cdef inline Py_ssize_t run_length(const operand_t* operands, int count, Py_ssize_t left,
                                  Py_ssize_t tile) noexcept nogil:
    """How many elements to load next: to the end of the row, if rows are long and some operand has rows at all."""
    cdef Py_ssize_t n = tile if tile < left else left
    cdef int k
    for k in range(count):
        if not (operands[k].flat or operands[k].constant):
            if operands[k].sizes[operands[k].ndim - 1] >= SHORT_ROW:
                n = min(n, operands[k].sizes[operands[k].ndim - 1] - operands[k].column)
    return n


cdef inline const number* load(operand_t* self, number* tile, Py_ssize_t n) noexcept nogil:
    """The next n elements, contiguous: the data itself, or their copy in `tile`."""
    cdef const number* data = <const number*>self.data
    cdef const number* row
    cdef number* to = tile
    cdef number first
    cdef Py_ssize_t size, stride, run, i
    if self.flat:
        row = data + self.position
        self.position += n
        return row
    if self.constant:
        first = data[0]
        for i in range(self.filled, n):
            tile[i] = first
        self.filled = max(self.filled, n)
        return tile
    size = self.sizes[self.ndim - 1]
    stride = self.strides[self.ndim - 1]
    while n > 0:
        run = min(n, size - self.column)
        row = data + self.offset + self.column * stride
        if stride == 1:
            if to == tile and run == n:  # all of it in one piece
                self.column += run
                if self.column == size:
                    next_row(self)
                return row
            for i in range(run):
                to[i] = row[i]
        elif stride == 0:
            first = row[0]    # by itself: for all the compiler knows, `to` may overwrite it
            for i in range(run):
                to[i] = first
        else:
            for i in range(run):
                to[i] = row[i * stride]
        to += run
        n -= run
        self.column += run
        if self.column == size:
            next_row(self)
    return tile
