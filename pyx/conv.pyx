"""Convolution in up to three dimensions: forward, and its gradients with respect to input and weight.

Design
------
(a) Everything but (e) is the blocked product of `gemm.pxd`. An image is copied once into a frame of zeros (not if it needs
    none); then the element that tap k of the kernel sees from pixel q is `image[tap[k] + seen(q)]`, whatever stride,
    padding, dilation and dimensions are. One and two dimensions are three with sizes of 1. A framed row holds every
    stride-th element first, then those after them, and so on: what neighbouring pixels see is side by side. At stride 1 the
    zeros before a row are those after the one before it too: fewer lanes are idle where rows are read as one.
(b) Forward: weight (c_out, taps) times taps x pixels. That second matrix never exists: where rows of pixels fill
    vectors well, alone or with the frame between them, the tile reads them in the image, and the weight as it is
    (`direct_part`: packed, a weight of 512 x 512 x 3 x 3 took 1.3 times as long for 7 x 7 pixels, and none was faster);
    elsewhere a panel is gathered, run of pixels by run, just before it is used (`forward_part`). The weight is then packed
    once for all tasks; or, where there are few pixels, by the task that needs it, which takes some channels of all images.
(c) Input gradient, stride 1: a forward convolution of the gradient with the weight turned round. Otherwise weight^T
    times gradient, panel by panel, is added back to where its pixels came from; a task owns some channels of one image.
    That is also the transposed convolution.
(d) Weight gradient: the transposed gradient's panels times pixels read where they are in the image; sums over pixels
    of an image, then over images, so that the result does not depend on the number of threads.
(e) Where a channel of the result sees one of the input, planes are convolved one by one (`conv/depthwise.pxi`).
(f) Scratch is bounded: images are framed in groups of at most GROUP bytes.
"""
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from gemm cimport BLOCK_ROWS, DEPTH, MAX_COLUMNS, MAX_ROWS, columns, pack_columns, pack_rows, panel
from simd cimport DOUBLES, FLOATS, ROWS, load, splat, splat_double, splat_float, vdouble, vector, vfloat
from threads cimport import_threads, num_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    TASK = 1_000_000            # multiply-adds of a task at least: 8 to 18 us
    GROUP = 2 << 20             # bytes of framed images at once: what the caches hold
    DIRECT = 12                 # idle lanes of channels that cost as much as gathering: a matter of measurement
    BLOCK = 1 << 19             # bytes of the weight that all pixels see one after the other: half of the second-level cache
    FEW = 4                     # panels of pixels for which the weight is not packed once for all
    MAX_TAPS = 32               # panels of taps that a weight-gradient task may have
    PLANES = 1 << 18            # elements of the planes that one input-gradient task adds into
    FRAME = 16384               # elements that a framing chunk writes

cdef struct conv_t:
    # Sizes; channels are those of one group.
    Py_ssize_t n, groups, c_in, c_out, taps, k, pixels
    Py_ssize_t[3] size, kernel, stride, padding, dilation, out
    # The framed images, `first` the number of the first of them, and the steps through one, `x_step` from what one pixel
    # of a row sees to what the next one does. (An input gradient has none: `x` is then the weight.)
    const void* x
    void* image
    Py_ssize_t first, images, plane, depth_step, row_step, x_step
    Py_ssize_t[3] framed
    Py_ssize_t* tap
    bint slack                  # a vector may be read past the end of a row, image or buffer
    # Operands
    const void* g
    const void* weight
    const void* bias
    void* packed
    void* out_data
    Py_ssize_t per_task, tasks  # panels, channels or groups of taps of a task; tasks of one image
    Py_ssize_t slots, per_row   # vectors of pixels that are read in the image, and of one row (0: rows follow each other)
    Py_ssize_t rows             # channels of a task that reads them there
    bint failed


cdef inline Py_ssize_t ceil_div(Py_ssize_t x, Py_ssize_t y) noexcept nogil:
    return (x + y - 1) // y


# A walk over output pixels, which divides only where it begins.
cdef struct walk_t:
    Py_ssize_t z, y, x


cdef inline walk_t walk(const conv_t* call, Py_ssize_t q) noexcept nogil:
    """Begin at output pixel q."""
    cdef walk_t at
    at.x, at.y, at.z = q % call.out[2], q // call.out[2] % call.out[1], q // (call.out[2] * call.out[1])
    return at


cdef inline void step(const conv_t* call, walk_t* at, Py_ssize_t n) noexcept nogil:
    """Go on by n pixels, at most to the end of the row: then the next row begins."""
    at.x += n
    if at.x >= call.out[2]:
        at.x = 0
        at.y += 1
        if at.y == call.out[1]:
            at.y = 0
            at.z += 1


cdef inline Py_ssize_t seen(const conv_t* call, const walk_t* at) noexcept nogil:
    """Where the pixel looks at the image with its first tap."""
    return (at.z * call.stride[0] * call.depth_step + at.y * call.stride[1] * call.row_step
            + at.x * call.x_step)


cdef inline void every(const floating* x, Py_ssize_t n, Py_ssize_t step, floating* out) noexcept nogil:
    """n elements, `step` apart."""
    cdef Py_ssize_t j
    if step == 1:
        for j in range(n):
            out[j] = x[j]
    elif step == 2:
        for j in range(n):
            out[j] = x[2 * j]
    else:
        for j in range(n):
            out[j] = x[step * j]


cdef inline void frame_row(const conv_t* call, Py_ssize_t row, const floating* _type) noexcept nogil:
    """Copy one row of one channel of one image into its place between zeros."""
    cdef Py_ssize_t y = row % call.framed[1] - call.padding[1], z = row // call.framed[1] % call.framed[0] - call.padding[0]
    cdef Py_ssize_t channel = row // (call.framed[1] * call.framed[0]), stride = call.stride[2], phase, part, before, lo, hi
    cdef floating* out = <floating*>call.image + row * call.row_step
    cdef const floating* x = <const floating*>call.x + call.first * call.groups * call.c_in * (
        call.size[0] * call.size[1] * call.size[2]) + ((channel * call.size[0] + z) * call.size[1] + y) * call.size[2]
    part = call.row_step // stride
    for phase in range(stride):
        before = call.padding[2] - phase     # element i of this part is x[stride i - before]
        lo = min(part, ceil_div(max(<Py_ssize_t>0, before), stride))
        hi = max(lo, min(part, ceil_div(call.size[2] + before, stride)))
        if y < 0 or y >= call.size[1] or z < 0 or z >= call.size[0]:
            lo = hi = 0
        memset(out, 0, lo * sizeof(floating))
        every(x + stride * lo - before, hi - lo, stride, out + lo)
        memset(out + hi, 0, (part - hi) * sizeof(floating))
        out += part


cdef void frame_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for row in range(lo, hi):
        frame_row(<const conv_t*>ctx, row, ctx)


cdef bint needs_frame(const conv_t* call) noexcept:
    for i in range(3):
        if call.padding[i] or call.framed[i] > call.size[i]:
            return True
    return False


cdef void steps(conv_t* call, const Py_ssize_t* size, Py_ssize_t row, Py_ssize_t phases) noexcept:
    """Set the steps through an image of `size`, its rows of `row` elements in so many parts, and the taps' places in it."""
    cdef Py_ssize_t c, i, j, l, at = 0, part = ceil_div(row, phases)
    call.x_step = call.stride[2] // phases
    call.row_step = part * phases
    call.depth_step = size[1] * call.row_step
    call.plane = size[0] * call.depth_step
    for c in range(call.c_in):
        for i in range(call.kernel[0]):
            for j in range(call.kernel[1]):
                for l in range(call.kernel[2]):
                    call.tap[at] = (c * call.plane + i * call.dilation[0] * call.depth_step
                                    + j * call.dilation[1] * call.row_step
                                    + l * call.dilation[2] % phases * part + l * call.dilation[2] // phases)
                    at += 1


cdef Py_ssize_t even_group(Py_ssize_t n, Py_ssize_t most) noexcept:
    """The size of groups that n images form, alike and at most `most`, but at least one."""
    return ceil_div(n, ceil_div(n, max(<Py_ssize_t>1, most)))


cdef int prepare(conv_t* call, const floating* x) except -1:
    """Find the frame's size, and how many images are framed at once; allocate. `release` must follow.

    Without images, x NULL, the frame is what an input gradient is added up in.
    """
    cdef Py_ssize_t bytes_each, row, after, padding = max(<Py_ssize_t>0, call.padding[2])
    call.x = x
    call.taps = call.kernel[0] * call.kernel[1] * call.kernel[2]
    call.k = call.c_in * call.taps
    call.pixels = call.out[0] * call.out[1] * call.out[2]
    for i in range(3):
        call.framed[i] = (call.out[i] - 1) * call.stride[i] + (call.kernel[i] - 1) * call.dilation[i] + 1
    call.tap = <Py_ssize_t*>malloc(call.k * sizeof(Py_ssize_t))
    if call.tap == NULL:
        raise MemoryError("no memory for a convolution")
    if x == NULL:
        steps(call, call.framed, call.framed[2], 1)
        return 0
    call.slack = needs_frame(call)
    if call.slack:
        row = call.framed[2]
        if call.stride[2] == 1:
            row = max(call.out[2], row - padding, min(row, padding + call.size[2]))
        steps(call, call.framed, row, call.stride[2])
        bytes_each = call.groups * call.c_in * call.plane * <Py_ssize_t>sizeof(floating)
        call.images = even_group(call.n, GROUP // bytes_each)
        after = padding * <Py_ssize_t>sizeof(floating)
        call.image = malloc(call.images * bytes_each + after + 4 * MAX_COLUMNS * sizeof(double))
        if call.image == NULL:
            raise MemoryError("no memory for a convolution")
        memset(<char*>call.image + call.images * bytes_each, 0, after)
    else:
        steps(call, call.size, call.size[2], 1)
        call.images = call.n
        if call.taps == 1 and call.stride[0] == call.stride[1] == call.stride[2] == 1:
            # Pixels of all rows follow each other: one long row.
            if call.out[2] == call.size[2] and call.out[1] == call.size[1]:
                call.out[2], call.out[1], call.out[0] = call.pixels, 1, 1
    return 0


cdef void release(conv_t* call) noexcept:
    free(call.tap)
    free(call.packed)
    if call.slack:
        free(call.image)


cdef void next_images(conv_t* call, Py_ssize_t first, const floating* _type) noexcept:
    """Frame the group of images that begins with `first`."""
    cdef Py_ssize_t rows
    call.first = first
    call.images = min(call.images, call.n - first)
    if call.slack:
        rows = call.images * call.groups * call.c_in * call.framed[0] * call.framed[1]
        parallel_for(<task_t>frame_task[floating], call, rows,
                     max(<Py_ssize_t>1, FRAME // call.framed[2]))
    else:
        call.image = <void*>(<const floating*>call.x + first * call.groups * call.c_in * call.plane)


cdef void pack_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Pack panels [lo, hi) of rows of the weight, of all groups', block of depth by block."""
    call = <const conv_t*>ctx
    cdef Py_ssize_t panels = ceil_div(call.c_out, ROWS), i, p, k, row, n
    cdef const floating* weight
    cdef floating* packed
    for i in range(lo, hi):
        row = i % panels * ROWS
        n = min(<Py_ssize_t>ROWS, call.c_out - row)
        weight = <const floating*>call.weight + (i // panels * call.c_out + row) * call.k
        packed = <floating*>call.packed + i // panels * panels * ROWS * call.k
        p = 0
        while p < call.k:
            k = min(<Py_ssize_t>DEPTH, call.k - p)
            pack_rows(weight + p, call.k, 1, n, k, packed + panels * ROWS * p + row * k)
            p += k


cdef int pack_weight(conv_t* call, const floating* _type) except -1:
    """Pack the weight of each group."""
    cdef Py_ssize_t panels = call.groups * ceil_div(call.c_out, ROWS)
    call.packed = malloc(panels * ROWS * call.k * sizeof(floating) + 64)
    if call.packed == NULL:
        raise MemoryError("no memory to pack a convolution's weight")
    parallel_for(<task_t>pack_task[floating], call, panels, max(<Py_ssize_t>1, FRAME // (ROWS * call.k)))
    return 0


# The pixels of a panel, row of the output by row.
cdef struct runs_t:
    Py_ssize_t n
    Py_ssize_t[MAX_COLUMNS] place, source, length


cdef inline void find_runs(const conv_t* call, walk_t* at, Py_ssize_t many, runs_t* runs) noexcept nogil:
    """The runs of `many` pixels from `at` on, which moves past them."""
    cdef Py_ssize_t i = 0, length
    runs.n = 0
    while i < many:
        length = min(many - i, call.out[2] - at.x)
        runs.place[runs.n], runs.source[runs.n], runs.length[runs.n] = i, seen(call, at), length
        runs.n += 1
        step(call, at, length)
        i += length


cdef inline void gather(const conv_t* call, const floating* image, const Py_ssize_t* tap, Py_ssize_t k,
                        const runs_t* runs, floating* out) noexcept nogil:
    """Pack the panel of k taps by the pixels of `runs`; `out` has room for one vector more."""
    cdef Py_ssize_t width = columns(out), stride = call.x_step, i, j, p
    cdef const floating* x
    cdef floating* row
    if stride == 1 and runs.length[0] == width:
        x = image + runs.source[0]
        for p in range(k):
            row = out + width * p
            for j in range(width):
                row[j] = x[tap[p] + j]
    elif stride == 1 and call.slack:
        # Whole vectors: what they hold too much is overwritten by the next run, or by the next row.
        for p in range(k):
            for i in range(runs.n):
                x = image + tap[p] + runs.source[i]
                row = out + width * p + runs.place[i]
                for j in range(width // 2):
                    row[j] = x[j]
                if runs.length[i] > width // 2:
                    for j in range(width // 2, width):
                        row[j] = x[j]
    else:
        for p in range(k):
            for i in range(runs.n):
                x = image + tap[p] + runs.source[i]
                row = out + width * p + runs.place[i]
                every(x, runs.length[i], stride, row)


cdef inline void forward_part(const conv_t* call, Py_ssize_t index, const floating* _type) noexcept nogil:
    """Some panels of pixels of one group of one image; or where the weight is not packed, some channels of all images."""
    cdef floating a[BLOCK_ROWS * DEPTH]
    cdef floating b[MAX_COLUMNS * (DEPTH + 2)]
    cdef Py_ssize_t width = columns(_type), group, image, first, last, row, m, start, end, many, p = 0, q, k, i, j
    cdef const floating* x
    cdef const floating* weight
    cdef floating* out
    cdef walk_t at
    cdef runs_t runs
    if call.packed == NULL:
        group, first, last = index // call.tasks, 0, call.images
        row = index % call.tasks * call.per_task
        m = min(call.per_task, call.c_out - row)
        start, end = 0, call.pixels
    else:
        group, first = index // call.tasks % call.groups, index // (call.groups * call.tasks)
        last, row, m = first + 1, 0, call.c_out
        start = index % call.tasks * call.per_task * width
        end = min(call.pixels, start + call.per_task * width)
    while p < call.k:
        k = min(<Py_ssize_t>DEPTH, call.k - p)
        if call.packed == NULL:
            pack_rows(<const floating*>call.weight + (group * call.c_out + row) * call.k + p, call.k, 1, m, k, a)
            weight = a
        else:
            weight = <const floating*>call.packed + ceil_div(call.c_out, ROWS) * ROWS * (group * call.k + p)
        for image in range(first, last):
            x = <const floating*>call.image + (image * call.groups + group) * call.c_in * call.plane
            out = <floating*>call.out_data + (
                ((call.first + image) * call.groups + group) * call.c_out + row) * call.pixels
            at = walk(call, start)
            q = start
            while q < end:
                many = min(width, end - q)
                find_runs(call, &at, many, &runs)
                if call.bias != NULL and p == 0:
                    for i in range(m):
                        for j in range(many):
                            out[i * call.pixels + q + j] = (<const floating*>call.bias)[group * call.c_out + row + i]
                gather(call, x, call.tap + p, k, &runs, b)
                panel(weight, b, m, many, k, out + q, call.pixels, <floating>1, <floating>(p > 0 or call.bias != NULL))
                q += width
        p += k


cdef void forward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for i in range(lo, hi):
        forward_part(<const conv_t*>ctx, i, ctx)


cdef inline void direct_tile(const vector* a, Py_ssize_t rows, const vector* x0, const vector* x1, const Py_ssize_t* tap,
                             Py_ssize_t k, vector* out) noexcept nogil:
    """As `tile` of gemm.pxd; A's rows are the weight's as they are, the last one again where there are fewer; B's two
    vectors of columns are pixels, read in the image from each tap's place on."""
    cdef vector acc[MAX_ROWS][2]
    cdef vector b0, b1, x
    cdef Py_ssize_t row[MAX_ROWS]
    cdef Py_ssize_t i, p = 0, end
    for i in range(ROWS):
        row[i] = min(i, rows - 1) * k
    while p < k:
        end = min(k, p + DEPTH)     # a sum of blocks' sums, as elsewhere: one long sum is less exact
        for i in range(ROWS):
            if vector is vfloat:
                acc[i][0] = acc[i][1] = splat_float(0)
            else:
                acc[i][0] = acc[i][1] = splat_double(0)
        for p in range(p, end):
            b0 = load(x0, tap[p])
            b1 = load(x1, tap[p])
            for i in range(ROWS):
                x = splat(a, row[i] + p)
                acc[i][0] = acc[i][0] + x * b0
                acc[i][1] = acc[i][1] + x * b1
        for i in range(ROWS):
            out[2 * i] = acc[i][0] if end <= DEPTH else out[2 * i] + acc[i][0]
            out[2 * i + 1] = acc[i][1] if end <= DEPTH else out[2 * i + 1] + acc[i][1]
        p = end


cdef inline void copy_lanes(const floating* x, Py_ssize_t n, floating* out) noexcept nogil:
    """Copy at most a vector, in pieces whose lengths the compiler knows."""
    cdef Py_ssize_t lanes = columns(x) // 2, j
    if n == lanes:
        for j in range(lanes):
            out[j] = x[j]
        return
    if n & 8:
        for j in range(8):
            out[j] = x[j]
        out += 8
        x += 8
    if n & 4:
        for j in range(4):
            out[j] = x[j]
        out += 4
        x += 4
    for j in range(n & 3):
        out[j] = x[j]


cdef inline void direct_part(const conv_t* call, Py_ssize_t index, const floating* _type) noexcept nogil:
    """Some pairs of vectors of pixels and some channels of one group of one image."""
    cdef floating[MAX_ROWS * MAX_COLUMNS] tile
    cdef Py_ssize_t lanes = columns(_type) // 2, first = index // (call.images * call.groups * call.tasks) * call.rows
    cdef Py_ssize_t image = index // (call.groups * call.tasks) % call.images, group = index // call.tasks % call.groups
    cdef Py_ssize_t slot = index % call.tasks * call.per_task * 2
    cdef Py_ssize_t end = min(call.slots, slot + call.per_task * 2), last = min(call.c_out, first + call.rows), i, j, v
    cdef Py_ssize_t[2] source
    cdef Py_ssize_t row, place, left
    cdef const floating* x = <const floating*>call.image + (image * call.groups + group) * call.c_in * call.plane
    cdef const floating* weight
    cdef const floating* bias = <const floating*>call.bias
    cdef floating* out
    cdef walk_t at
    cdef runs_t runs
    while slot < end:
        runs.n = 0
        for v in range(2):
            if slot + v == end:
                source[1] = source[0]
                break
            if call.per_row:
                row, at.x = (slot + v) // call.per_row, (slot + v) % call.per_row * lanes
            else:
                row, at.x = (slot + v) * lanes // call.row_step, (slot + v) * lanes % call.row_step
            at.z, at.y = row // call.out[1], row % call.out[1]
            source[v] = seen(call, &at)
            place = 0
            while place < lanes and row < call.out[0] * call.out[1]:
                left = min(lanes - place, call.out[2] - at.x)
                if left > 0:
                    runs.place[runs.n], runs.length[runs.n] = v * lanes + place, left
                    runs.source[runs.n] = row * call.out[2] + at.x
                    runs.n += 1
                place += lanes if call.per_row else call.row_step - at.x
                at.x = 0
                row += 1
        weight = <const floating*>call.weight + group * call.c_out * call.k
        out = <floating*>call.out_data + (((call.first + image) * call.groups + group) * call.c_out + first) * call.pixels
        for i in range(first, last):
            if i % ROWS == 0:
                if floating is float:
                    direct_tile(<const vfloat*>(weight + i * call.k), last - i, <const vfloat*>(x + source[0]),
                                <const vfloat*>(x + source[1]), call.tap, call.k, <vfloat*>tile)
                else:
                    direct_tile(<const vdouble*>(weight + i * call.k), last - i, <const vdouble*>(x + source[0]),
                                <const vdouble*>(x + source[1]), call.tap, call.k, <vdouble*>tile)
            if bias != NULL:
                for j in range(2 * lanes):
                    tile[i % ROWS * 2 * lanes + j] += bias[group * call.c_out + i]
            for v in range(runs.n):
                copy_lanes(tile + i % ROWS * 2 * lanes + runs.place[v], runs.length[v], out + runs.source[v])
            out += call.pixels
        slot += 2


cdef void direct_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for i in range(lo, hi):
        direct_part(<const conv_t*>ctx, i, ctx)


include "conv/depthwise.pxi"


cdef int run_forward(conv_t* call, const floating* x, const floating* weight) except -1:
    cdef Py_ssize_t width = columns(x), lanes = width // 2, panels, first = 0, task, flat
    cdef bint direct, by_rows
    if is_depthwise(call):
        return run_planes[floating](call, x, NULL, weight)
    try:
        prepare(call, x)
        # Reading the image costs idle lanes for every channel of the result, gathering costs a few of each tap's.
        call.per_row = ceil_div(call.out[2], lanes)
        call.slots = call.out[0] * call.out[1] * call.per_row
        flat = ceil_div((call.out[1] - 1) * call.row_step + call.out[2], lanes)
        if call.slack and call.stride[1] == call.out[0] == 1 and flat < call.slots:
            call.slots, call.per_row = flat, 0
        panels = ceil_div(call.pixels, width)
        direct = (call.slack and call.taps > 1 and call.x_step == 1 and call.k > call.c_out
                  and (ceil_div(call.slots, 2) - panels) * call.c_out < DIRECT * panels)
        by_rows = panels * call.n <= FEW and call.images == call.n
        call.weight = weight
        panels = ceil_div(call.slots, 2) if direct else panels
        call.rows = call.c_out
        if direct:
            call.rows = min(call.rows, max(<Py_ssize_t>1, BLOCK // (ROWS * call.k * <Py_ssize_t>sizeof(floating))) * ROWS)
        if by_rows and not direct:
            call.per_task = min(<Py_ssize_t>BLOCK_ROWS, ceil_div(ceil_div(call.c_out, ROWS), 2 * num_threads()) * ROWS)
            call.tasks = ceil_div(call.c_out, call.per_task)
            task = call.k * panels * width * call.images
        else:
            if not direct:
                pack_weight(call, weight)
            task = ceil_div(call.rows, ROWS) * ROWS * call.k * width
            call.per_task = max(<Py_ssize_t>1, min(panels, TASK // task))
            call.tasks = ceil_div(panels, call.per_task)
        while first < call.n:
            next_images(call, first, x)
            parallel_for(<task_t>direct_task[floating] if direct else <task_t>forward_task[floating], call,
                         (ceil_div(call.c_out, call.rows) * call.images if direct else 1 if by_rows else call.images)
                         * call.groups * call.tasks,
                         max(<Py_ssize_t>1, TASK // (task * call.per_task)))
            first += call.images
    finally:
        release(call)
    return 0


cdef inline void scatter(const conv_t* call, const floating* tile, const Py_ssize_t* tap, Py_ssize_t k,
                         const runs_t* runs, floating* image) noexcept nogil:
    """Add a panel of k taps to where its pixels came from: the reverse of `gather`."""
    cdef Py_ssize_t width = columns(tile), stride = call.stride[2], i, j, p
    cdef floating* x
    cdef const floating* row
    for p in range(k):
        for i in range(runs.n):
            x = image + tap[p] + runs.source[i]
            row = tile + width * p + runs.place[i]
            for j in range(runs.length[i]):
                x[j * stride] += row[j]


cdef inline void input_part(conv_t* call, Py_ssize_t index, const floating* _type) noexcept nogil:
    """Some channels of one image: weight^T times gradient, added up in framed planes, then copied out of the frame."""
    cdef Py_ssize_t width = columns(_type), image = index // (call.groups * call.tasks)
    cdef Py_ssize_t group = index // call.tasks % call.groups, channel = index % call.tasks * call.per_task
    cdef Py_ssize_t channels = min(call.per_task, call.c_in - channel), rows = channels * call.taps
    cdef Py_ssize_t all_rows = ceil_div(rows, ROWS) * ROWS
    cdef Py_ssize_t panel_size = MAX_COLUMNS * DEPTH, p, k, q, many, c, z, y, i
    cdef const floating* g = <const floating*>call.g + (image * call.groups + group) * call.c_out * call.pixels
    cdef const floating* weight = <const floating*>call.x + group * call.c_out * call.k + channel * call.taps
    cdef floating* planes = <floating*>malloc(
        (channels * call.plane + panel_size + all_rows * (width + DEPTH)) * sizeof(floating))
    cdef floating* b = planes + channels * call.plane
    cdef floating* a = b + panel_size
    cdef floating* tile = a + all_rows * DEPTH
    cdef floating* out
    cdef floating bias
    cdef walk_t at = walk(call, 0)
    cdef runs_t runs
    if planes == NULL:
        call.failed = True
        return
    memset(planes, 0, channels * call.plane * sizeof(floating))
    q = 0
    while q < call.pixels:
        many = min(width, call.pixels - q)
        p = 0
        while p < call.c_out:
            k = min(<Py_ssize_t>DEPTH, call.c_out - p)
            if q == 0 or call.c_out > DEPTH:
                pack_rows(weight + p * call.k, 1, call.k, rows, k, a)
            pack_columns(g + p * call.pixels + q, call.pixels, 1, k, many, b)
            panel(a, b, rows, width, k, tile, width, <floating>1, <floating>(p > 0))
            p += k
        find_runs(call, &at, many, &runs)
        scatter(call, tile, call.tap, rows, &runs, planes)
        q += many
    for c in range(channels):
        bias = (<const floating*>call.bias)[group * call.c_in + channel + c] if call.bias != NULL else 0
        out = <floating*>call.out_data + ((image * call.groups + group) * call.c_in + channel + c) * (
            call.size[0] * call.size[1] * call.size[2])
        for z in range(call.padding[0], call.padding[0] + call.size[0]):
            for y in range(call.padding[1], call.padding[1] + call.size[1]):
                p = c * call.plane + z * call.depth_step + y * call.row_step + call.padding[2]
                many = call.framed[2] - call.padding[2]
                if z < 0 or z >= call.framed[0] or y < 0 or y >= call.framed[1]:
                    many = 0
                for i in range(call.size[2]):
                    out[i] = bias
                for i in range(max(<Py_ssize_t>0, -call.padding[2]), min(many, call.size[2])):
                    out[i] += planes[p + i]
                out += call.size[2]
    free(planes)


cdef void input_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for i in range(lo, hi):
        input_part(<conv_t*>ctx, i, ctx)


cdef int run_input(conv_t* call, const floating* g, const floating* weight) except -1:
    """Input gradient for any stride."""
    try:
        prepare(call, <const floating*>NULL)
        call.g, call.x = g, weight
        call.per_task = max(<Py_ssize_t>1, min(call.c_in, PLANES // call.plane,
                                               TASK // max(<Py_ssize_t>1, call.taps * call.c_out * call.pixels) + 1))
        call.tasks = ceil_div(call.c_in, call.per_task)
        parallel_for(<task_t>input_task[floating], call, call.n * call.groups * call.tasks, 1)
    finally:
        release(call)
    if call.failed:
        raise MemoryError("no memory for a convolution")
    return 0


cdef int turned_forward(conv_t* call, const floating* g, const floating* weight) except -1:
    """Input gradient for stride 1: convolve the gradient with the weight turned round and its channels exchanged."""
    cdef Py_ssize_t taps = call.kernel[0] * call.kernel[1] * call.kernel[2], size = call.c_in * call.c_out * taps
    cdef Py_ssize_t group, i, o, t, c_in = call.c_in, c_out = call.c_out
    cdef floating* turned = <floating*>malloc(call.groups * size * sizeof(floating))
    if turned == NULL:
        raise MemoryError("no memory for a convolution")
    for group in range(call.groups):
        for i in range(c_in):
            for o in range(c_out):
                for t in range(taps):
                    turned[group * size + (i * c_out + o) * taps + t] = (
                        weight[group * size + (o * c_in + i) * taps + taps - 1 - t])
    call.c_in, call.c_out = c_out, c_in
    for i in range(3):
        call.size[i], call.out[i] = call.out[i], call.size[i]
        call.padding[i] = (call.kernel[i] - 1) * call.dilation[i] - call.padding[i]
    try:
        run_forward(call, g, <const floating*>turned)
    finally:
        free(turned)
    return 0


cdef inline void taps_tile(const vector** a, const Py_ssize_t* row_start, Py_ssize_t rows, Py_ssize_t length,
                           Py_ssize_t step, const vector* b, bint two, vector* out) noexcept nogil:
    """As `tile` of gemm.pxd; A's rows are taps, read in the image, k runs over pixels; `two` vectors or one."""
    cdef vector acc[MAX_ROWS][2]
    cdef vector b0, b1, x
    cdef Py_ssize_t i, r, at, q = 0, _
    cdef Py_ssize_t lanes = FLOATS if vector is vfloat else DOUBLES
    cdef Py_ssize_t width = 2 * lanes if two else lanes
    for i in range(ROWS):
        if vector is vfloat:
            acc[i][0] = acc[i][1] = splat_float(0)
        else:
            acc[i][0] = acc[i][1] = splat_double(0)
    for r in range(rows):
        at = row_start[r]
        for _ in range(length):
            b0 = load(b, q)
            if two:
                b1 = load(b, q + lanes)
            for i in range(ROWS):
                x = splat(a[i], at)
                acc[i][0] = acc[i][0] + x * b0
                if two:
                    acc[i][1] = acc[i][1] + x * b1
            at += step
            q += width
    for i in range(ROWS):
        out[2 * i] = acc[i][0]
        out[2 * i + 1] = acc[i][1]


cdef inline void weight_part(const conv_t* call, Py_ssize_t index, const floating* _type) noexcept nogil:
    """Some taps by one panel of output channels of one group, over the images that are framed.

    Images go first, so that one's gradients stay in the cache for all taps; the sums are kept here to the end, as the
    weight's cache lines are other tasks' too.
    """
    cdef floating[MAX_TAPS * MAX_ROWS * MAX_COLUMNS] total
    cdef floating[MAX_ROWS * MAX_COLUMNS] out
    cdef const floating* a[MAX_ROWS]
    cdef Py_ssize_t width = columns(_type), panels = ceil_div(call.c_out, width)
    cdef Py_ssize_t group = index // (panels * call.tasks), channel = index // call.tasks % panels * width
    cdef Py_ssize_t many = min(width, call.c_out - channel), first = index % call.tasks * call.per_task * ROWS
    cdef Py_ssize_t rows = call.out[0] * call.out[1], size = ROWS * width, image, t, i, j
    cdef Py_ssize_t end = min(call.k, first + call.per_task * ROWS)
    cdef const Py_ssize_t* row_start = call.tap + call.k
    cdef const floating* x
    cdef const floating* b
    cdef floating* sums
    cdef floating* weight = <floating*>call.out_data + (group * call.c_out + channel) * call.k
    for image in range(call.images):
        x = <const floating*>call.image + (image * call.groups + group) * call.c_in * call.plane
        b = <const floating*>call.packed + ((image * call.groups + group) * panels * width + channel) * call.pixels
        sums = total
        t = first
        while t < end:
            for i in range(ROWS):
                a[i] = x + call.tap[min(t + i, end - 1)]
            if floating is float:
                if many > FLOATS:
                    taps_tile(<const vfloat**>a, row_start, rows, call.out[2], call.x_step, <const vfloat*>b, True,
                              <vfloat*>out)
                else:
                    taps_tile(<const vfloat**>a, row_start, rows, call.out[2], call.x_step, <const vfloat*>b, False,
                              <vfloat*>out)
            else:
                if many > DOUBLES:
                    taps_tile(<const vdouble**>a, row_start, rows, call.out[2], call.x_step, <const vdouble*>b,
                              True, <vdouble*>out)
                else:
                    taps_tile(<const vdouble**>a, row_start, rows, call.out[2], call.x_step, <const vdouble*>b,
                              False, <vdouble*>out)
            for i in range(size):
                sums[i] = out[i] if image == 0 else sums[i] + out[i]
            sums += size
            t += ROWS
    for j in range(many):
        for t in range(first, end):
            i = (t - first) * width + j
            if call.first == 0:
                weight[j * call.k + t] = total[i]
            else:
                weight[j * call.k + t] += total[i]


cdef void weight_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for i in range(lo, hi):
        weight_part(<const conv_t*>ctx, i, ctx)


cdef inline void pack_gradient(const conv_t* call, Py_ssize_t index, const floating* _type) noexcept nogil:
    """Panels of output channels, pixel by pixel, of one group of one image; the last of one vector if that will do."""
    cdef Py_ssize_t width = columns(_type), panels = ceil_div(call.c_out, width), pixels = call.pixels
    cdef Py_ssize_t rest = call.c_out % width if call.c_out % width <= width // 2 else 0, full = call.c_out - rest
    cdef const floating* g = <const floating*>call.g + (call.first * call.groups + index) * call.c_out * pixels
    cdef floating* out = <floating*>call.packed + index * panels * width * pixels
    pack_columns(g, 1, pixels, pixels, full, out, 2)
    pack_columns(g + full * pixels, 1, pixels, pixels, rest, out + full * pixels, 1)


cdef void gradient_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    for i in range(lo, hi):
        pack_gradient(<const conv_t*>ctx, i, ctx)


cdef int run_weight(conv_t* call, const floating* x, const floating* g) except -1:
    cdef Py_ssize_t width = columns(x), panels, each, first = 0, i, rows, work
    cdef Py_ssize_t* table
    cdef walk_t at
    if is_depthwise(call):
        return run_planes[floating](call, x, g, NULL)
    try:
        prepare(call, x)
        rows = call.out[0] * call.out[1]
        at = walk(call, 0)
        table = <Py_ssize_t*>malloc((call.k + rows) * sizeof(Py_ssize_t))
        if table == NULL:
            raise MemoryError("no memory for a convolution")
        memcpy(table, call.tap, call.k * sizeof(Py_ssize_t))
        free(call.tap)
        call.tap = table
        for i in range(rows):
            table[call.k + i] = seen(call, &at)
            step(call, &at, call.out[2])
        panels = ceil_div(call.c_out, width)
        each = call.groups * panels * width * call.pixels * <Py_ssize_t>sizeof(floating)
        call.images = min(call.images, even_group(call.n, GROUP // each))
        call.packed = malloc(call.images * each + 64)
        if call.packed == NULL:
            raise MemoryError("no memory for a convolution")
        call.g = g
        while first < call.n:
            next_images(call, first, x)
            parallel_for(<task_t>gradient_task[floating], call, call.images * call.groups,
                         max(<Py_ssize_t>1, FRAME // (call.c_out * call.pixels)))
            work = width * ROWS * call.pixels * call.images
            call.per_task = max(TASK // work, ceil_div(ceil_div(call.k, ROWS) * panels * call.groups, 32))
            call.per_task = max(<Py_ssize_t>1, min(call.per_task, ceil_div(call.k, ROWS), <Py_ssize_t>MAX_TAPS))
            call.tasks = ceil_div(ceil_div(call.k, ROWS), call.per_task)
            parallel_for(<task_t>weight_task[floating], call, call.groups * panels * call.tasks,
                         max(<Py_ssize_t>1, TASK // (work * call.per_task)))
            first += call.images
    finally:
        release(call)
    return 0


cdef int describe(conv_t* call, Py_ssize_t n, Py_ssize_t groups, Py_ssize_t c_in, Py_ssize_t c_out, tuple size,
                  tuple kernel, tuple stride, tuple padding, tuple dilation, tuple out, Py_ssize_t x_length,
                  Py_ssize_t weight_length, Py_ssize_t out_length) except -1:
    """Fill in the sizes (channels come as totals) and see that the buffers are as long as they say."""
    call.n, call.groups, call.c_in, call.c_out = n, groups, c_in // groups, c_out // groups
    cdef Py_ssize_t in_pixels = 1, out_pixels = 1, taps = 1
    for i in range(3):
        call.size[i], call.kernel[i], call.stride[i] = size[i], kernel[i], stride[i]
        call.padding[i], call.dilation[i], call.out[i] = padding[i], dilation[i], out[i]
        if min(call.size[i], call.kernel[i], call.stride[i], call.dilation[i], call.out[i]) < 1:
            raise ValueError("a size is not positive")
        in_pixels *= call.size[i]
        out_pixels *= call.out[i]
        taps *= call.kernel[i]
    if min(n, groups, call.c_in, call.c_out) < 1 or x_length < n * c_in * in_pixels or (
            weight_length < c_out * call.c_in * taps) or out_length < n * c_out * out_pixels:
        raise ValueError("a buffer is shorter than its sizes say")
    call.x, call.g, call.weight, call.bias, call.image, call.packed, call.tap = NULL, NULL, NULL, NULL, NULL, NULL, NULL
    call.slack = call.failed = False
    return 0


def conv(const floating[::1] x, const floating[::1] weight, const floating[::1] bias, floating[::1] out, Py_ssize_t n,
         Py_ssize_t groups, Py_ssize_t c_in, Py_ssize_t c_out, tuple size, tuple kernel, tuple stride, tuple padding,
         tuple dilation, tuple out_size, /):
    cdef conv_t call
    describe(&call, n, groups, c_in, c_out, size, kernel, stride, padding, dilation, out_size, x.shape[0],
             weight.shape[0], out.shape[0])
    if bias is not None:
        if bias.shape[0] < c_out:
            raise ValueError("a buffer is shorter than its sizes say")
        call.bias = &bias[0]
    call.out_data = &out[0]
    run_forward(&call, &x[0], &weight[0])


def conv_backward_input(const floating[::1] g, const floating[::1] weight, const floating[::1] bias, floating[::1] out,
                        Py_ssize_t n, Py_ssize_t groups, Py_ssize_t c_in, Py_ssize_t c_out, tuple size, tuple kernel,
                        tuple stride, tuple padding, tuple dilation, tuple out_size, /):
    cdef conv_t call
    cdef bint turns
    describe(&call, n, groups, c_in, c_out, size, kernel, stride, padding, dilation, out_size, out.shape[0],
             weight.shape[0], g.shape[0])
    if bias is not None:
        if bias.shape[0] < c_in:
            raise ValueError("a buffer is shorter than its sizes say")
        call.bias = &bias[0]
    call.out_data = &out[0]
    turns = call.stride[0] == call.stride[1] == call.stride[2] == 1
    if is_depthwise(&call) and not (turns and call.c_out == 1):
        run_planes[floating](&call, NULL, &g[0], &weight[0])
    elif turns:
        turned_forward(&call, &g[0], &weight[0])
    else:
        run_input(&call, &g[0], &weight[0])


def conv_backward_weight(const floating[::1] g, const floating[::1] x, floating[::1] out, Py_ssize_t n,
                         Py_ssize_t groups, Py_ssize_t c_in, Py_ssize_t c_out, tuple size, tuple kernel, tuple stride,
                         tuple padding, tuple dilation, tuple out_size, /):
    cdef conv_t call
    describe(&call, n, groups, c_in, c_out, size, kernel, stride, padding, dilation, out_size, x.shape[0],
             out.shape[0], g.shape[0])
    call.out_data = &out[0]
    run_weight(&call, &x[0], &g[0])
