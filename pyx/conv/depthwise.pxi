"""Depthwise convolution: a channel of the result sees one channel of the input, so that the blocked product would use one of
its rows. Here a plane, one channel of one image, is what a task takes at a time.

(a) The plane is copied into a frame of zeros. Its rows are cut into phases, one for each remainder of a column's number by the
    stride: what a tap sees from pixel after pixel of a row then lies side by side, whatever stride and dilation are.
(b) Phases are as long as whole vectors reach, and zero where there is no image.
(c) Forward keeps BAND rows by one vector of the result in registers and runs over the taps; the weight gradient keeps SOME taps
    and runs over the pixels; the input gradient adds a tap's product with all pixels to the frame, tap after tap.
"""

cdef enum:
    BAND = 4
    SOME = 5
    MOST_PLANES = 4             # results of a plane, from which on the product is faster
    PLANE_TASK = 200_000        # multiply-adds of a task at least


cdef bint is_depthwise(const conv_t* call) noexcept:
    return call.c_in == 1 and call.c_out < MOST_PLANES and call.n * call.groups >= 4


cdef int lay_out_planes(conv_t* call, Py_ssize_t lanes) except -1:
    """Find the frame's size, and where in it the taps see the first pixel. `release` must follow."""
    cdef Py_ssize_t i, j, l, at = 0, column, phase, stride = call.stride[2]
    call.taps = call.kernel[0] * call.kernel[1] * call.kernel[2]
    call.pixels = call.out[0] * call.out[1] * call.out[2]
    for i in range(3):
        call.framed[i] = (call.out[i] - 1) * call.stride[i] + (call.kernel[i] - 1) * call.dilation[i] + 1
    phase = phase_of(call, lanes)
    call.row_step = stride * phase
    call.depth_step = call.framed[1] * call.row_step
    call.plane = call.framed[0] * call.depth_step
    call.tap = <Py_ssize_t*>malloc(call.taps * sizeof(Py_ssize_t))
    if call.tap == NULL:
        raise MemoryError("no memory for a convolution")
    for i in range(call.kernel[0]):
        for j in range(call.kernel[1]):
            for l in range(call.kernel[2]):
                column = l * call.dilation[2]
                call.tap[at] = (i * call.dilation[0] * call.depth_step + j * call.dilation[1] * call.row_step
                                + column % stride * phase + column // stride)
                at += 1
    return 0


cdef inline Py_ssize_t phase_of(const conv_t* call, Py_ssize_t lanes) noexcept nogil:
    """Columns of a phase."""
    return ceil_div(call.out[2], lanes) * lanes + (call.kernel[2] - 1) * call.dilation[2] // call.stride[2]


cdef inline Py_ssize_t row_start(const conv_t* call, Py_ssize_t row) noexcept nogil:
    """Where row `row` of the result looks at the frame with its first tap."""
    return row // call.out[1] * call.stride[0] * call.depth_step + row % call.out[1] * call.stride[1] * call.row_step


cdef inline void frame_plane(const conv_t* call, floating* x, floating* frame, bint back, floating bias) noexcept nogil:
    """Copy a plane into its frame, or `back`, `bias` added."""
    cdef Py_ssize_t stride = call.stride[2], phase = call.row_step // stride, padding = call.padding[2]
    cdef Py_ssize_t end = min(call.size[2], call.framed[2] - padding), z, y, r, first, n, j
    cdef floating* image
    cdef floating* row
    cdef floating* to
    for r in range(stride):
        first = ((r - padding) % stride + stride) % stride
        if first < -padding:
            first += ceil_div(-padding - first, stride) * stride
        n = ceil_div(end - first, stride)
        to = frame + r * phase + (first + padding) // stride
        for z in range(max(<Py_ssize_t>0, -call.padding[0]), min(call.size[0], call.framed[0] - call.padding[0])):
            for y in range(max(<Py_ssize_t>0, -call.padding[1]), min(call.size[1], call.framed[1] - call.padding[1])):
                image = x + (z * call.size[1] + y) * call.size[2] + first
                row = to + (z + call.padding[0]) * call.depth_step + (y + call.padding[1]) * call.row_step
                if back:
                    for j in range(n):
                        image[stride * j] = row[j] + bias
                else:
                    every(image, n, stride, row)


cdef inline void band_tile(const vector* weight, const vector* frame, const Py_ssize_t* start, const Py_ssize_t* tap,
                           Py_ssize_t taps, vector* out) noexcept nogil:
    """One vector of pixels of each of BAND rows, of which row i looks at the frame from `start[i]` on."""
    cdef vector acc[BAND]
    cdef vector w
    cdef Py_ssize_t i, t
    for i in range(BAND):
        if vector is vfloat:
            acc[i] = splat_float(0)
        else:
            acc[i] = splat_double(0)
    for t in range(taps):
        w = splat(weight, t)
        for i in range(BAND):
            acc[i] = acc[i] + w * load(frame, start[i] + tap[t])
    for i in range(BAND):
        out[i] = acc[i]


cdef inline void plane_forward(const conv_t* call, const floating* frame, const floating* weight, floating bias,
                               floating* out) noexcept nogil:
    cdef floating tile[BAND * MAX_COLUMNS]
    cdef Py_ssize_t lanes = columns(weight) // 2, rows = call.out[0] * call.out[1], row = 0, at, i, j
    cdef Py_ssize_t[BAND] start
    while row < rows:
        for i in range(BAND):
            start[i] = row_start(call, min(row + i, rows - 1))
        at = 0
        while at < call.out[2]:
            if floating is float:
                band_tile(<const vfloat*>weight, <const vfloat*>(frame + at), start, call.tap, call.taps, <vfloat*>tile)
            else:
                band_tile(<const vdouble*>weight, <const vdouble*>(frame + at), start, call.tap, call.taps, <vdouble*>tile)
            for j in range(BAND * lanes):
                tile[j] += bias
            for i in range(min(<Py_ssize_t>BAND, rows - row)):
                copy_lanes(tile + i * lanes, min(lanes, call.out[2] - at), out + (row + i) * call.out[2] + at)
            at += lanes
        row += BAND


cdef inline void plane_backward(const conv_t* call, const floating* g, const floating* weight, floating* frame) noexcept nogil:
    """Add a gradient to where its pixels were seen."""
    cdef Py_ssize_t t, row, j
    cdef floating* to
    for t in range(call.taps):
        for row in range(call.out[0] * call.out[1]):
            to = frame + row_start(call, row) + call.tap[t]
            for j in range(call.out[2]):
                to[j] += weight[t] * g[row * call.out[2] + j]


cdef inline void taps_sums(const vector* g, const vector* frame, const Py_ssize_t* start, Py_ssize_t rows, Py_ssize_t pitch,
                           const Py_ssize_t* tap, vector* out) noexcept nogil:
    """Products of a gradient, in rows of whole vectors, with what SOME taps see, summed."""
    cdef vector acc[SOME]
    cdef vector x
    cdef Py_ssize_t lanes = FLOATS if vector is vfloat else DOUBLES, i, row, at
    for i in range(SOME):
        if vector is vfloat:
            acc[i] = splat_float(0)
        else:
            acc[i] = splat_double(0)
    for row in range(rows):
        at = 0
        while at < pitch:
            x = load(g, row * pitch + at)
            for i in range(SOME):
                acc[i] = acc[i] + x * load(frame, start[row] + tap[i] + at)
            at += lanes
    for i in range(SOME):
        out[i] = acc[i]


cdef inline void plane_weight(const conv_t* call, const floating* frame, const floating* g, floating* padded,
                              Py_ssize_t* start, double* total) noexcept nogil:
    """Add the weight gradient of a plane, lanes of each tap apart.

    `padded` has room for the gradient in rows of whole vectors, zero beyond its own.
    """
    cdef floating sums[SOME * MAX_COLUMNS]
    cdef floating wild
    cdef Py_ssize_t lanes = columns(g) // 2, rows = call.out[0] * call.out[1], pitch = ceil_div(call.out[2], lanes) * lanes
    cdef Py_ssize_t[SOME] tap
    cdef Py_ssize_t row, t, i, j
    for row in range(rows):
        start[row] = row_start(call, row)
        for j in range(call.out[2]):
            padded[row * pitch + j] = g[row * call.out[2] + j]
    t = 0
    while t < call.taps:
        for i in range(SOME):
            tap[i] = call.tap[min(t + i, call.taps - 1)]
        if floating is float:
            taps_sums(<const vfloat*>padded, <const vfloat*>frame, start, rows, pitch, tap, <vfloat*>sums)
        else:
            taps_sums(<const vdouble*>padded, <const vdouble*>frame, start, rows, pitch, tap, <vdouble*>sums)
        wild = 0
        for j in range(SOME * lanes):
            wild += sums[j] * 0
        if wild != 0:    # a zero beyond the end of a row may have met an infinity: once more, within rows
            for i in range(SOME):
                for j in range(lanes):
                    sums[i * lanes + j] = 0
                for row in range(rows):
                    for j in range(call.out[2]):
                        sums[i * lanes] += g[row * call.out[2] + j] * frame[start[row] + tap[i] + j]
        for j in range(min(<Py_ssize_t>SOME, call.taps - t) * lanes):
            total[t * lanes + j] += sums[j]
        t += SOME


cdef void planes_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Planes lo to hi: forward, or with a gradient and no image backward."""
    cdef conv_t* call = <conv_t*>ctx
    cdef floating* frame = <floating*>malloc(call.plane * sizeof(floating))
    cdef const floating* weight
    cdef const floating* bias = <const floating*>call.bias
    cdef Py_ssize_t pixels = call.size[0] * call.size[1] * call.size[2], plane, group, m, j
    cdef floating* out
    if frame == NULL:
        call.failed = True
        return
    memset(frame, 0, call.plane * sizeof(floating))
    for plane in range(lo, hi):
        group = plane % call.groups
        weight = <const floating*>call.packed + group * call.c_out * call.taps
        if call.g == NULL:
            frame_plane(call, <floating*>call.x + plane * pixels, frame, False, 0)
            for m in range(call.c_out):
                plane_forward(call, frame, weight + m * call.taps, bias[group * call.c_out + m] if bias != NULL else 0,
                              <floating*>call.out_data + (plane * call.c_out + m) * call.pixels)
            continue
        if plane > lo:
            memset(frame, 0, call.plane * sizeof(floating))
        for m in range(call.c_out):
            plane_backward(call, <const floating*>call.g + (plane * call.c_out + m) * call.pixels,
                           weight + m * call.taps, frame)
        out = <floating*>call.out_data + plane * pixels
        for j in range(pixels):    # what no pixel sees
            out[j] = bias[group] if bias != NULL else 0
        frame_plane(call, out, frame, True, bias[group] if bias != NULL else 0)
    free(frame)


cdef void channels_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Weight gradients of channels lo to hi: sums over the pixels of an image, then, in double, over images."""
    cdef conv_t* call = <conv_t*>ctx
    cdef Py_ssize_t lanes = columns(ctx) // 2, rows = call.out[0] * call.out[1]
    cdef Py_ssize_t padded = rows * ceil_div(call.out[2], lanes) * lanes, many = call.c_out * call.taps, plane, group, i, j, m
    cdef Py_ssize_t pixels = call.size[0] * call.size[1] * call.size[2]
    cdef floating* frame = <floating*>malloc((call.plane + padded) * sizeof(floating))
    cdef Py_ssize_t* start = <Py_ssize_t*>malloc(rows * sizeof(Py_ssize_t))
    cdef double* total = <double*>malloc(many * lanes * sizeof(double))
    cdef floating* out = <floating*>call.out_data
    if frame == NULL or start == NULL or total == NULL:
        call.failed = True
        lo = hi
    else:
        memset(frame, 0, (call.plane + padded) * sizeof(floating))
    for group in range(lo, hi):
        memset(total, 0, many * lanes * sizeof(double))
        for i in range(call.n):
            plane = i * call.groups + group
            frame_plane(call, <floating*>call.x + plane * pixels, frame, False, 0)
            for m in range(call.c_out):
                plane_weight(call, frame, <const floating*>call.g + (plane * call.c_out + m) * call.pixels,
                             frame + call.plane, start, total + m * call.taps * lanes)
        for j in range(1, lanes):
            for i in range(many):
                total[i * lanes] += total[i * lanes + j]
        for i in range(many):
            out[group * many + i] = <floating>total[i * lanes]
    free(total)
    free(start)
    free(frame)


cdef int run_planes(conv_t* call, const floating* x, const floating* g, const floating* weight) except -1:
    """Forward of x and weight, the input's gradient of g and weight, or the weight's of x and g."""
    cdef Py_ssize_t work
    lay_out_planes(call, columns(x) // 2)
    call.x, call.g, call.packed = x, g, <void*>weight
    work = call.c_out * call.taps * call.pixels
    if weight == NULL:
        parallel_for(<task_t>channels_task[floating], call, call.groups, max(<Py_ssize_t>1, PLANE_TASK // (work * call.n)))
    else:
        parallel_for(<task_t>planes_task[floating], call, call.n * call.groups, max(<Py_ssize_t>1, PLANE_TASK // work))
    free(call.tap)
    if call.failed:
        raise MemoryError("no memory for a convolution")
    return 0
