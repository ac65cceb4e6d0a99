"""One layer of a recurrent network over a whole sequence, and its gradient.

Design
------
(a) `x` comes in holding the input's part of every step's gates, one product made before; a step adds the part of the
    state and the bias, applies the gates in place and moves the state on. Sequences of several lengths need nothing of their own: step t
    moves the first `sizes[t]` rows of the state, the others wait there, ended or not begun.
(b) The recurrent weight is packed once, as `gemm.pxd` has it, for each gate apart. Rows that do
    not fill a register tile are taken by 4, 2 and 1: in half of the tile's time, where there are 4.
(c) Where the weight fits the caches, a thread takes some rows of the batch through all steps, and nobody waits for anybody.
    A large weight, or one with too few rows, is read by all threads, each taking some units of every step: sums are the same.
(d) One step alone packs nothing: the caller makes the state's part of its gates with an ordinary product too.
(e) The gradient goes the steps the other way. It leaves the gradient of all gates, of which the weights' gradients are one
    product each. A step first takes the last step's gates back through the weight, so that units meet once in a step.
"""
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from gemm cimport BLOCK_ROWS, DEPTH, MAX_COLUMNS, block, columns, pack_columns, pack_rows
from inlined cimport called_void
from math cimport relu_, sigmoid_, sigmoid_backward_, tanh_, tanh_backward_, threshold_backward_
from simd cimport DOUBLES, FLOATS, ROWS, load, splat, splat_double, splat_float, vdouble, vector, vfloat
from threads cimport import_threads, num_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef enum:
    LSTM
    GRU
    RNN_TANH
    RNN_RELU

codes = {"LSTM": LSTM, "GRU": GRU, "RNN_TANH": RNN_TANH, "RNN_RELU": RNN_RELU}

cdef enum:
    LARGE = 1 << 19         # elements of a weight that is shared among threads,
    MEDIUM = 1 << 18        # and of one that is where the rows of the batch are too few for them
    TASKS = 8               # chunks of the batch
    UNITS = 64              # units a thread takes at a time, a multiple of the columns of a tile

cdef struct layer_t:
    int mode
    bint backward           # whether this is the gradient
    bint reverse            # whether the first step is the sequence's last element
    Py_ssize_t gates, hidden, batch, steps, total
    const int64_t* sizes
    const void* weight
    const void* bias
    void* packed
    # The forward pass writes these; the backward pass reads them, but for the last two, whose gradients it moves on.
    void* x                 # (total, gates x hidden): gates
    void* kept              # LSTM (total, 2 x hidden): tanh of the new cell, old cell; GRU (total, hidden): the state's part of n
    void* previous          # (total, hidden): the state before each step
    void* out               # (total, hidden): the state after each step, or its gradient
    void* state             # (batch, hidden): the state, or its gradient
    void* cell
    void* g                 # (total, gates x hidden): gradient of the gates
    void* g_own             # the same for the state's part of them
    # Of one step
    Py_ssize_t first, n                 # its first row of all, and the number of its rows
    Py_ssize_t last_first, last_n       # those of the step before


# ------------------------------------------------------------------------------------------------ the product


cdef inline void row_tile(const vector* a, Py_ssize_t step, Py_ssize_t rows, const vector* b, Py_ssize_t k,
                          vector* out) noexcept nogil:
    """1, 2 or 4 rows, `step` apart, times a packed panel; fewer rows take several k at once."""
    cdef vector acc[4][2]
    cdef vector x
    cdef Py_ssize_t lanes = FLOATS if vector is vfloat else DOUBLES
    cdef Py_ssize_t each = 4 // rows, p = 0, i, j, at
    for i in range(4):
        if vector is vfloat:
            acc[i][0] = acc[i][1] = splat_float(0)
        else:
            acc[i][0] = acc[i][1] = splat_double(0)
    while p + each <= k:
        for i in range(4):
            at = p + i % each
            x = splat(a, i // each * step + at)
            acc[i][0] = acc[i][0] + x * load(b, 2 * lanes * at)
            acc[i][1] = acc[i][1] + x * load(b, 2 * lanes * at + lanes)
        p += each
    while p < k:
        for i in range(rows):
            x = splat(a, i * step + p)
            acc[i * each][0] = acc[i * each][0] + x * load(b, 2 * lanes * p)
            acc[i * each][1] = acc[i * each][1] + x * load(b, 2 * lanes * p + lanes)
        p += 1
    for i in range(rows):
        for j in range(2):
            if rows == 1:
                out[j] = (acc[0][j] + acc[1][j]) + (acc[2][j] + acc[3][j])
            elif rows == 2:
                out[2 * i + j] = acc[2 * i][j] + acc[2 * i + 1][j]
            else:
                out[2 * i + j] = acc[i][j]


cdef inline void few_rows(const vector* a, Py_ssize_t step, Py_ssize_t rows, const vector* b, Py_ssize_t k,
                          vector* out) noexcept nogil:
    if rows == 4:
        row_tile(a, step, 4, b, k, out)
    elif rows == 2:
        row_tile(a, step, 2, b, k, out)
    else:
        row_tile(a, step, 1, b, k, out)


cdef called_void row_block(const floating* a, Py_ssize_t step, Py_ssize_t rows, const floating* b, Py_ssize_t n,
                           Py_ssize_t k, floating* c, Py_ssize_t row) noexcept nogil:
    """C += A B for 1, 2 or 4 rows and a packed B (k, n)."""
    cdef Py_ssize_t width = columns(a), i, j
    cdef floating out[4 * MAX_COLUMNS]
    while n > 0:
        if floating is float:
            few_rows(<const vfloat*>a, step, rows, <const vfloat*>b, k, <vfloat*>out)
        else:
            few_rows(<const vdouble*>a, step, rows, <const vdouble*>b, k, <vdouble*>out)
        for i in range(rows):
            for j in range(min(n, width)):
                c[i * row + j] += out[i * width + j]
        b += width * k
        c += width
        n -= width


cdef called_void add_product(const floating* a, Py_ssize_t m, Py_ssize_t k, const floating* packed, Py_ssize_t gates,
                             Py_ssize_t n, Py_ssize_t lo, Py_ssize_t hi, floating* c, Py_ssize_t row) noexcept nogil:
    """C += A B, columns [lo, hi) of each gate: A (m, k), B packed gate by gate (k, n), C's rows `row` apart."""
    cdef floating a_packed[BLOCK_ROWS * DEPTH]
    cdef Py_ssize_t width = columns(a), first, p = 0, q, i, rows, whole, few, depth
    cdef Py_ssize_t padded = (n + width - 1) // width * width
    cdef const floating* b
    if packed == NULL:
        return
    while p < k:
        depth = min(<Py_ssize_t>DEPTH, k - p)
        first = 0
        while first < m:
            rows = min(<Py_ssize_t>BLOCK_ROWS, m - first)
            whole = rows - rows % ROWS
            pack_rows(a + first * k + p, k, 1, whole, depth, a_packed)
            for q in range(gates):
                b = packed + padded * (q * k + p) + lo * depth
                block(a_packed, b, whole, hi - lo, depth, c + first * row + q * n + lo, row, <floating>1, <floating>1)
                i = whole
                while i < rows:
                    few = 4 if rows - i >= 4 else 2 if rows - i >= 2 else 1
                    row_block(a + (first + i) * k + p, k, few, b, hi - lo, depth, c + (first + i) * row + q * n + lo, row)
                    i += few
            first += rows
        p += depth


cdef void pack_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Pack gates [lo, hi) of the weight (gates x hidden, hidden), or for the gradient all of it, the other way."""
    c = <const layer_t*>ctx
    cdef Py_ssize_t n = c.hidden, k = c.gates * n if c.backward else n, width = columns(ctx), p, q, depth
    cdef Py_ssize_t padded = (n + width - 1) // width * width
    cdef const floating* weight = <const floating*>c.weight
    for q in range(lo, hi):
        p = 0
        while p < k:
            depth = min(<Py_ssize_t>DEPTH, k - p)
            if c.backward:
                pack_columns(weight + p * n, n, 1, depth, n, <floating*>c.packed + padded * p)
            else:
                pack_columns(weight + q * n * n + p, 1, n, depth, n, <floating*>c.packed + padded * (q * n + p))
            p += depth


# ------------------------------------------------------------------------------------------------ one step


cdef called_void sigmoids(floating* x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = sigmoid_(x[i])


cdef called_void tanhs(floating* x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = tanh_(x[i])


cdef called_void add(floating* x, const floating* y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] += y[i]


cdef called_void next_cell(floating* cell, const floating* i, const floating* f, const floating* g, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        cell[j] = f[j] * cell[j] + i[j] * g[j]


cdef void forward(const layer_t* c, Py_ssize_t first, Py_ssize_t row_lo, Py_ssize_t row_hi, Py_ssize_t lo,
                  Py_ssize_t hi, const floating* _type) noexcept nogil:
    """Rows [row_lo, row_hi) and units [lo, hi) of a step whose rows begin at `first`."""
    cdef Py_ssize_t H = c.hidden, i, j, q, at, n = hi - lo, m = max(<Py_ssize_t>0, row_hi - row_lo)
    cdef const floating* own = <const floating*>c.previous + (first + row_lo) * H
    cdef const floating* packed = <const floating*>c.packed
    cdef const floating* bias = <const floating*>c.bias + lo
    cdef floating* x = <floating*>c.x + (first + row_lo) * c.gates * H
    cdef floating* kept
    cdef floating* cell
    cdef floating* state
    cdef floating* out
    cdef Py_ssize_t width = columns(_type)
    for i in range(row_lo, row_hi):     # before the product, which meets its gates in the cache then
        for q in range(c.gates):
            add(x + ((i - row_lo) * c.gates + q) * H + lo, bias + q * H, n)
    if c.mode == GRU and packed != NULL:
        add_product(own, m, H, packed, 2, H, lo, hi, x, 3 * H)
        add_product(own, m, H, packed + 2 * H * ((H + width - 1) // width * width), 1, H, lo, hi,
                    <floating*>c.kept + (first + row_lo) * H, H)
    else:
        add_product(own, m, H, packed, c.gates, H, lo, hi, x, c.gates * H)
    for i in range(row_lo, row_hi):
        at = first + i
        x = <floating*>c.x + at * c.gates * H + lo
        out = <floating*>c.out + at * H + lo
        state = <floating*>c.state + i * H + lo
        if c.mode == LSTM:
            cell = <floating*>c.cell + i * H + lo
            kept = <floating*>c.kept + at * 2 * H + lo
            sigmoids(x, n)
            sigmoids(x + H, n)
            tanhs(x + 2 * H, n)
            sigmoids(x + 3 * H, n)
            memcpy(kept + H, cell, n * sizeof(floating))
            next_cell(cell, x, x + H, x + 2 * H, n)
            memcpy(kept, cell, n * sizeof(floating))
            tanhs(kept, n)
            for j in range(n):
                out[j] = x[3 * H + j] * kept[j]
        elif c.mode == GRU:
            kept = <floating*>c.kept + at * H + lo
            sigmoids(x, n)
            sigmoids(x + H, n)
            for j in range(n):
                x[2 * H + j] += x[j] * kept[j]
            tanhs(x + 2 * H, n)
            for j in range(n):
                out[j] = (state[j] - x[2 * H + j]) * x[H + j] + x[2 * H + j]
        else:
            if c.mode == RNN_TANH:
                tanhs(x, n)
            else:
                for j in range(n):
                    x[j] = relu_(x[j])
            memcpy(out, x, n * sizeof(floating))
        memcpy(state, out, n * sizeof(floating))


cdef inline void through_weight(const layer_t* c, Py_ssize_t first, Py_ssize_t row_lo, Py_ssize_t row_hi, Py_ssize_t lo,
                                Py_ssize_t hi, const floating* _type) noexcept nogil:
    """Add what the gates of a step give to the gradient of the state before it."""
    cdef Py_ssize_t H = c.hidden
    if row_hi > row_lo:
        add_product(<const floating*>c.g_own + (first + row_lo) * c.gates * H, row_hi - row_lo, c.gates * H,
                    <const floating*>c.packed, 1, H, lo, hi, <floating*>c.state + row_lo * H, H)


cdef void backward(const layer_t* c, Py_ssize_t first, Py_ssize_t row_lo, Py_ssize_t row_hi, Py_ssize_t lo,
                   Py_ssize_t hi, const floating* _type) noexcept nogil:
    """The gradient of a step's gates, from that of the state after it; leaves that of the state before, but for the gates'."""
    cdef Py_ssize_t H = c.hidden, i, j, at, n = hi - lo
    cdef const floating* x
    cdef const floating* kept
    cdef const floating* previous
    cdef const floating* out
    cdef floating* cell
    cdef floating* state
    cdef floating* g
    cdef floating* g_own
    cdef floating d, e, zero = 0
    for i in range(row_lo, row_hi):
        at = first + i
        x = <const floating*>c.x + at * c.gates * H + lo
        g = <floating*>c.g + at * c.gates * H + lo
        out = <const floating*>c.out + at * H + lo
        state = <floating*>c.state + i * H + lo
        if c.mode == LSTM:
            cell = <floating*>c.cell + i * H + lo
            kept = <const floating*>c.kept + at * 2 * H + lo
            for j in range(n):
                d = state[j] + out[j]
                e = cell[j] + tanh_backward_(d * x[3 * H + j], kept[j], zero, zero)
                g[j] = sigmoid_backward_(e * x[2 * H + j], x[j], zero, zero)
                g[H + j] = sigmoid_backward_(e * kept[H + j], x[H + j], zero, zero)
                g[2 * H + j] = tanh_backward_(e * x[j], x[2 * H + j], zero, zero)
                g[3 * H + j] = sigmoid_backward_(d * kept[j], x[3 * H + j], zero, zero)
                cell[j] = e * x[H + j]
                state[j] = 0
        elif c.mode == GRU:
            kept = <const floating*>c.kept + at * H + lo
            previous = <const floating*>c.previous + at * H + lo
            g_own = <floating*>c.g_own + at * 3 * H + lo
            for j in range(n):
                d = state[j] + out[j]
                e = tanh_backward_(d * (<floating>1 - x[H + j]), x[2 * H + j], zero, zero)
                g[j] = g_own[j] = sigmoid_backward_(e * kept[j], x[j], zero, zero)
                g[H + j] = g_own[H + j] = sigmoid_backward_(d * (previous[j] - x[2 * H + j]), x[H + j], zero, zero)
                g[2 * H + j] = e
                g_own[2 * H + j] = e * x[j]
                state[j] = d * x[H + j]
        elif c.mode == RNN_TANH:
            for j in range(n):
                g[j] = tanh_backward_(state[j] + out[j], x[j], zero, zero)
                state[j] = 0
        else:
            for j in range(n):
                g[j] = threshold_backward_(state[j] + out[j], x[j], zero, zero)
                state[j] = 0


# ------------------------------------------------------------------------------------------------ all steps


cdef inline void advance(layer_t* c, Py_ssize_t index) noexcept nogil:
    """Go to a step in the order of this pass; beyond the last there are no rows."""
    cdef bint down = c.reverse != c.backward
    c.last_first, c.last_n = c.first, c.n
    c.n = 0 if index == c.steps else c.sizes[c.steps - 1 - index if down else index]
    if index == 0:
        c.first, c.last_n = c.total - c.n if down else 0, 0
    else:
        c.first += -c.n if down else c.last_n


cdef inline void remember(const layer_t* c, Py_ssize_t lo, Py_ssize_t hi, const floating* _type) noexcept nogil:
    """Keep the state before a step, which some overwrite while others read it."""
    hi = min(hi, c.n)
    if hi > lo and not c.backward:
        memcpy(<floating*>c.previous + (c.first + lo) * c.hidden, <floating*>c.state + lo * c.hidden,
               (hi - lo) * c.hidden * sizeof(floating))


cdef inline void step(const layer_t* c, Py_ssize_t row_lo, Py_ssize_t row_hi, Py_ssize_t lo, Py_ssize_t hi,
                      const floating* _type) noexcept nogil:
    if c.backward:
        through_weight(c, c.last_first, row_lo, min(row_hi, c.last_n), lo, hi, _type)
        backward(c, c.first, row_lo, min(row_hi, c.n), lo, hi, _type)
    else:
        forward(c, c.first, row_lo, min(row_hi, c.n), lo, hi, _type)


cdef void rows_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """All steps of some rows of the batch."""
    cdef layer_t c = (<const layer_t*>ctx)[0]
    cdef Py_ssize_t index
    for index in range(c.steps + 1):
        advance(&c, index)
        remember(&c, lo, hi, ctx)
        step(&c, lo, hi, 0, c.hidden, ctx)


cdef void units_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Some units of one step."""
    c = <const layer_t*>ctx
    step(c, 0, c.batch, lo, hi, ctx)


cdef void run(layer_t* c, const floating* _type) noexcept:
    cdef Py_ssize_t index, chunk
    cdef Py_ssize_t size = c.gates * c.hidden * c.hidden, tiles = (c.batch + ROWS - 1) // ROWS
    cdef bint large = size >= LARGE, shared = large or (size >= MEDIUM and 2 * tiles <= num_threads())
    if c.packed != NULL:
        parallel_for(<task_t>pack_task[floating], c, 1 if c.backward else c.gates, 1 if large else c.gates)
    if shared:
        for index in range(c.steps + 1):
            advance(c, index)
            remember(c, 0, c.batch, _type)
            parallel_for(<task_t>units_task[floating], c, c.hidden, UNITS)
    else:
        chunk = ((c.batch + TASKS - 1) // TASKS + ROWS - 1) // ROWS * ROWS
        parallel_for(<task_t>rows_task[floating], c, c.batch, chunk)


def layer(int mode, Py_ssize_t hidden, bint reverse, const int64_t[::1] sizes, const floating[::1] weight,
          const floating[::1] bias, floating[::1] packed, floating[::1] x, floating[::1] kept, floating[::1] previous,
          floating[::1] out, floating[::1] state, floating[::1] cell, floating[::1] g=None, floating[::1] g_own=None):
    cdef layer_t c
    cdef Py_ssize_t i, of_kept = 2 if mode == LSTM else 1 if mode == GRU else 0
    c.mode, c.hidden, c.reverse, c.backward, c.steps, c.total = mode, hidden, reverse, g is not None, sizes.shape[0], 0
    c.gates = 4 if mode == LSTM else 3 if mode == GRU else 1
    if not LSTM <= mode <= RNN_RELU or hidden < 1 or hidden > state.shape[0] or state.shape[0] % hidden or c.steps < 1:
        raise ValueError("recurrent: sizes do not fit")
    c.batch = state.shape[0] // hidden
    for i in range(c.steps):
        if not 0 <= sizes[i] <= c.batch:
            raise ValueError(f"recurrent: step {i} has {sizes[i]} rows of a batch of {c.batch}")
        c.total += sizes[i]
    if (c.total < 1 or x.shape[0] != c.total * c.gates * hidden or kept.shape[0] != c.total * of_kept * hidden
            or previous.shape[0] != c.total * hidden or out.shape[0] != c.total * hidden
            or (mode == LSTM) != (cell is not None) or (cell is not None and cell.shape[0] != state.shape[0])
            or weight.shape[0] != c.gates * hidden * hidden or bias.shape[0] != c.gates * hidden
            or packed is None and c.steps != 1
            or packed is not None and packed.shape[0] < c.gates * hidden * (hidden + columns(&weight[0]) - 1)
            or (g is None) != (g_own is None)
            or (g is not None and (g.shape[0] != x.shape[0] or g_own.shape[0] != x.shape[0]))):
        raise ValueError("recurrent: a buffer is not as long as its sizes say")
    c.sizes, c.weight, c.bias = &sizes[0], &weight[0], &bias[0]
    c.packed = &packed[0] if packed is not None else NULL
    c.x, c.previous, c.out, c.state = &x[0], &previous[0], &out[0], &state[0]
    c.kept = &kept[0] if of_kept else NULL
    c.cell = &cell[0] if cell is not None else NULL
    c.g = &g[0] if g is not None else NULL
    c.g_own = &g_own[0] if g is not None else NULL
    c.first = c.n = c.last_first = c.last_n = 0
    run(&c, &weight[0])
