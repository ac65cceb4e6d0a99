# cython: nonecheck=False
"""Random numbers: PyTorch's CPU stream, drawn with the same bits in the same order.

Design
------
(a) `Engine` is mt19937 and one cached normal sample. It has one bulk primitive, `draw`: the next n words of the
    stream, tempered straight from the state, both loops vectorised. A word costs 0.1 to 0.2 ns, so that a
    distribution is as fast as its own arithmetic.
(b) A distribution is one rule from uniforms to a sample, plus the order in which words are taken. float32 uniforms
    use 24 bits of one word, everything else 53 bits of two words, the first one high.
(c) Drawing is serial by nature. Rules that call libm run on all threads, over slabs that fit into the cache; a
    vectorised rule costs too little to be shared, and is not held up where another process keeps a core busy.
(d) Results equal PyTorch's to the last bit where libm is the same one. That fixes the order of operations and the
    places of fused multiply-adds: each `fma` below is one, and this module is compiled with -ffp-contract=off,
    so that there is no other.
(e) Each kernel holds its engine's lock while it runs: a parallel rule releases the GIL, and another thread must not
    draw in between. Engines are never None (each kernel refuses that), so that the debug build's check, which would
    need the GIL, is off here.

References: M. Matsumoto, T. Nishimura, "Mersenne Twister" (1998); G. E. P. Box, M. E. Muller (1958); W. Hoermann,
"The transformed rejection method for generating Poisson random variables" and "The generation of binomial random
variates" (1993); G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables" (2000).
"""
cimport cython
from libc.math cimport (
    M_PI, NAN, ceil, cos, exp, fabs, floor, fma, lgamma, log, log1p, pow, sin, sqrt, sqrtf, tan,
)
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from math cimport log_
from threads cimport import_threads, parallel_for, task_t
from types cimport floating

import_threads()

cdef extern from *:
    """
    #if defined(__FMA__) || defined(__aarch64__)
    #define lucid_fmaf fmaf
    #else  /* no such instruction: through float64, where only the sum is rounded; differs once in 2**29 */
    static inline float lucid_fmaf(float a, float b, float c) { return (float)((double)a * b + c); }
    #endif
    """
    float fmaf "lucid_fmaf"(float, float, float) nogil

cdef enum:
    N = 624            # words of state
    M = 397            # distance of the recurrence
    WORDS = 1024       # words taken at a time, on the stack
    PAIRS = 512        # the same in pairs
    SLAB = 32768       # uniforms made before the rules run over them: 256 kB of float64
    GRAIN = 4096       # samples per task: about 20 us of a rule that calls libm
    BLOCK = 16         # a block of the normal fill: 8 uniforms for the radius, then 8 for the angle
    BLOCKS = 16        # such blocks rearranged at a time
    RADII = 128        # the radii in them, 8 * BLOCKS


cdef struct State:
    # What torch.get_rng_state() gives as 5056 bytes; the fields named pad and unused are zero there too.
    uint64_t seed
    int32_t left
    int32_t seeded
    uint64_t next
    uint64_t words[N]
    double unused_x
    double normal
    double unused_rho
    int32_t has_normal
    int32_t pad
    float normal32
    uint8_t has_normal32


@cython.final
cdef class Engine:
    """An mt19937 generator with the cached second sample of the last pair of normals."""

    cdef cython.pymutex lock
    cdef uint32_t words[N]
    cdef Py_ssize_t at, ready      # the next word of the state, how many are left from there
    cdef uint64_t seed_
    cdef double normal
    cdef bint has_normal
    cdef float normal32            # never used on a CPU, but it travels with the state
    cdef bint has_normal32

    def __cinit__(self):
        self.reseed(67280421310721)

    def seed(self, uint64_t seed):
        """Start the stream of `seed`: its low 32 bits choose the stream, all 64 are remembered."""
        with self.lock:
            self.reseed(seed)

    @property
    def initial_seed(self):
        """The seed that the stream started from."""
        return self.seed_

    def get_state(self, uint8_t[::1] out):
        """Write the state into `out`, 5056 bytes in PyTorch's layout."""
        cdef State state
        cdef Py_ssize_t i
        if out.shape[0] != sizeof(State):
            raise ValueError(f"random state: {sizeof(State)} bytes wanted, got {out.shape[0]}")
        memset(&state, 0, sizeof(State))
        with self.lock:
            state.seed = self.seed_
            state.left = <int32_t>self.ready + 1
            state.seeded = 1
            state.next = self.at
            for i in range(N):
                state.words[i] = self.words[i]
            state.normal = self.normal if self.has_normal else 0.0
            state.has_normal = self.has_normal
            state.normal32 = self.normal32
            state.has_normal32 = self.has_normal32
        memcpy(&out[0], &state, sizeof(State))

    def set_state(self, const uint8_t[::1] state_):
        """Take over a state that `get_state`, or PyTorch, wrote."""
        cdef State state
        cdef Py_ssize_t i
        if state_.shape[0] != sizeof(State):
            raise ValueError(f"random state: {sizeof(State)} bytes wanted, got {state_.shape[0]}")
        memcpy(&state, &state_[0], sizeof(State))
        # left and next are from outside: together they must stay within the words.
        if not state.seeded or not 1 <= state.left <= N or state.next > N or state.next + state.left > N + 1:
            raise ValueError("random state: not the state of an mt19937 generator")
        with self.lock:
            self.seed_ = state.seed
            self.ready = state.left - 1
            self.at = <Py_ssize_t>state.next
            for i in range(N):
                self.words[i] = <uint32_t>state.words[i]
            self.normal = state.normal
            self.has_normal = state.has_normal != 0
            self.normal32 = state.normal32
            self.has_normal32 = state.has_normal32 != 0

    cdef void reseed(self, uint64_t seed) noexcept nogil:
        cdef uint32_t word = <uint32_t>seed
        cdef Py_ssize_t i
        self.words[0] = word
        for i in range(1, N):
            word = <uint32_t>1812433253 * (word ^ (word >> 30)) + <uint32_t>i
            self.words[i] = word
        self.seed_ = seed
        self.at = self.ready = 0
        self.has_normal = self.has_normal32 = False
        self.normal32 = 0.0

    cdef void refill(self) noexcept nogil:
        cdef uint32_t* p = self.words
        cdef Py_ssize_t i
        for i in range(N - M):
            p[i] = p[i + M] ^ twist(p[i], p[i + 1])
        for i in range(N - M, N - 1):
            p[i] = p[i + M - N] ^ twist(p[i], p[i + 1])
        p[N - 1] = p[M - 1] ^ twist(p[N - 1], p[0])
        self.at = 0
        self.ready = N

    cdef void draw(self, uint32_t* out, Py_ssize_t n) noexcept nogil:
        """The next n words."""
        cdef Py_ssize_t i, m
        cdef const uint32_t* p
        while n > 0:
            if self.ready == 0:
                self.refill()
            m = min(n, self.ready)
            p = self.words + self.at
            for i in range(m):
                out[i] = temper(p[i])
            self.at += m
            self.ready -= m
            out += m
            n -= m

    cdef inline uint32_t word(self) noexcept nogil:
        if self.ready == 0:
            self.refill()
        self.at += 1
        self.ready -= 1
        return temper(self.words[self.at - 1])

    cdef inline uint64_t wide(self) noexcept nogil:
        cdef uint64_t high = self.word()
        return high << 32 | self.word()

    cdef inline double uniform(self) noexcept nogil:
        return <double>(self.wide() & ((<uint64_t>1 << 53) - 1)) * (1.0 / 9007199254740992.0)

    cdef double standard_normal(self) noexcept nogil:
        """One of a pair: the cosine first, the sine is kept for the next call."""
        cdef double angle, radius
        if self.has_normal:
            self.has_normal = False
            return self.normal
        angle = 2.0 * M_PI * self.uniform()
        radius = sqrt(-2.0 * log1p(-self.uniform()))
        self.normal = radius * sin(angle)
        self.has_normal = True
        return radius * cos(angle)


cdef inline uint32_t twist(uint32_t high, uint32_t low) noexcept nogil:
    return ((high & <uint32_t>0x80000000 | low & <uint32_t>0x7fffffff) >> 1) ^ (-(low & 1) & <uint32_t>0x9908b0df)


cdef inline uint32_t temper(uint32_t y) noexcept nogil:
    y ^= y >> 11
    y ^= y << 7 & <uint32_t>0x9d2c5680
    y ^= y << 15 & <uint32_t>0xefc60000
    return y ^ y >> 18


# --------------------------------------------------------------------------------------------- uniform

cdef inline double pair53(uint32_t high, uint32_t low) noexcept nogil:
    """53 bits of two words over 2**53, both halves through int32: that conversion exists at every SIMD level."""
    return (<double><int32_t>(high & 0x1fffff) * 4294967296.0
            + (<double><int32_t>(low ^ <uint32_t>0x80000000) + 2147483648.0)) * (1.0 / 9007199254740992.0)


cdef void standard_uniform(Engine engine, floating* out, Py_ssize_t n) noexcept nogil:
    """Uniforms in [0, 1)."""
    cdef uint32_t words[WORDS]
    cdef Py_ssize_t i, m
    while n > 0:
        if floating is float:
            m = min(n, WORDS)
            engine.draw(words, m)
            for i in range(m):
                out[i] = <float><int32_t>(words[i] & 0xffffff) * <float>(1.0 / 16777216.0)
        else:
            m = min(n, PAIRS)
            engine.draw(words, 2 * m)
            for i in range(m):
                out[i] = pair53(words[2 * i], words[2 * i + 1])
        out += m
        n -= m


cdef inline floating fused(floating a, floating b, floating c) noexcept nogil:
    if floating is float:
        return fmaf(a, b, c)
    else:
        return fma(a, b, c)


cdef void scale_uniform(floating* out, Py_ssize_t n, floating low, floating high) noexcept nogil:
    cdef Py_ssize_t i
    cdef floating x, range_ = high - low
    for i in range(n):
        x = fused(out[i], range_, low)
        out[i] = low if x == high else x  # rounding may reach the bound that is excluded


def uniform(Engine engine not None, floating[::1] out, double low, double high, /):
    """Uniform samples in [low, high)."""
    cdef Py_ssize_t lo, m, n = out.shape[0]
    with engine.lock:
        lo = 0
        while lo < n:
            m = min(n - lo, SLAB)
            standard_uniform(engine, &out[lo], m)
            if low != 0.0 or high != 1.0:
                scale_uniform(&out[lo], m, <floating>low, <floating>high)
            lo += SLAB


# --------------------------------------------------------------------------------------------- one uniform, one sample

ctypedef double (*rule_t)(double u, double a, double b) noexcept nogil

cdef struct Slab:
    const double* u
    void* out
    rule_t rule
    double a
    double b


cdef void apply_rule32(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Slab* slab = <Slab*>ctx
    cdef float* out = <float*>slab.out
    cdef Py_ssize_t i
    for i in range(lo, hi):
        out[i] = <float>slab.rule(slab.u[i], slab.a, slab.b)


cdef void apply_rule64(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Slab* slab = <Slab*>ctx
    cdef double* out = <double*>slab.out
    cdef Py_ssize_t i
    for i in range(lo, hi):
        out[i] = slab.rule(slab.u[i], slab.a, slab.b)


# Where a float32 is wanted, the last bits of the float64 do not matter: a vectorised logarithm, eight times as fast
# as libm's, gives the same float32 but once in some 2**28 samples.

cdef void exponential_task32(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Slab* slab = <Slab*>ctx
    cdef float* out = <float*>slab.out
    cdef const double* u = slab.u
    cdef double scale = 1.0 / slab.a
    cdef Py_ssize_t i
    for i in range(lo, hi):
        out[i] = <float>(scale * (0.0 - log_[double](1.0 - u[i])))  # 1 - u is exact, and log1p(-u) so the same


cdef void geometric_task32(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Slab* slab = <Slab*>ctx
    cdef float* out = <float*>slab.out
    cdef const double* u = slab.u
    cdef double log_q = log1p(-slab.a)
    cdef Py_ssize_t i
    for i in range(lo, hi):
        out[i] = <float>ceil(log_[double](u[i]) / log_q)


cdef int sample(Engine engine, floating[::1] out, rule_t rule, double a, double b, task_t task32) except -1:
    """out = rule(u, a, b) of float64 uniforms u, slab by slab; by `task32` for float32."""
    cdef Py_ssize_t lo = 0, m, grain = GRAIN, n = out.shape[0]
    cdef double* u
    cdef Slab slab
    if floating is float and task32 != apply_rule32:
        grain = SLAB  # a vectorised slab is too little work to share
    u = <double*>malloc(max(1, min(n, SLAB)) * sizeof(double))
    if u == NULL:
        raise MemoryError("random: no memory for a slab of uniforms")
    slab = Slab(u, NULL, rule, a, b)
    with engine.lock:
        while lo < n:
            m = min(n - lo, SLAB)
            standard_uniform(engine, u, m)
            slab.out = &out[lo]
            parallel_for(task32 if floating is float else apply_rule64, &slab, m, grain)
            lo += SLAB
    free(u)
    return 0


cdef double exponential_rule(double u, double rate, double unused) noexcept nogil:
    return -1.0 / rate * log1p(-u)


cdef double cauchy_rule(double u, double median, double sigma) noexcept nogil:
    return fma(sigma, tan(M_PI * (u - 0.5)), median)


cdef double geometric_rule(double u, double p, double unused) noexcept nogil:
    return ceil(log(u) / log1p(-p))


def exponential(Engine engine not None, floating[::1] out, double rate, /):
    """Samples of the exponential distribution with that rate."""
    sample(engine, out, exponential_rule, rate, 0.0, exponential_task32)


def cauchy(Engine engine not None, floating[::1] out, double median, double sigma, /):
    """Samples of the Cauchy distribution."""
    sample(engine, out, cauchy_rule, median, sigma, apply_rule32)


def geometric(Engine engine not None, floating[::1] out, double p, /):
    """The number of trials up to the first success of probability p; float64 for an integer tensor."""
    sample(engine, out, geometric_rule, p, 0.0, geometric_task32)


# --------------------------------------------------------------------------------------------- normal

cdef inline void box_muller32(float u, float v, float* x, float* y) noexcept nogil:
    """One pair of standard normals of float32 uniforms: radius sqrt(-2 log(1 - u)), angle 2 pi v.

    The polynomials are those of Cephes' logf, sinf and cosf, evaluated in the order in which PyTorch does.
    """
    cdef float z, p, q, r, e, big
    cdef int32_t bits, k
    cdef uint32_t word
    # log(1 - u) = e log(2) + log(1 + r) with 1 + r in [sqrt(1/2), sqrt(2)]
    z = <float>1.0 - u
    memcpy(&bits, &z, 4)
    e = <float>((bits >> 23) - 126)
    bits = (bits & 0x007fffff) | 0x3f000000
    memcpy(&r, &bits, 4)
    big = <float>0.0 if r < <float>0.707106781186547524 else <float>1.0
    e = e - (<float>1.0 - big)
    r = (r - <float>1.0) + (<float>0.0 if big != 0 else r)
    z = r * r
    p = fmaf(<float>7.0376836292e-2, r, <float>-1.1514610310e-1)
    p = fmaf(p, r, <float>1.1676998740e-1)
    p = fmaf(p, r, <float>-1.2420140846e-1)
    p = fmaf(p, r, <float>1.4249322787e-1)
    p = fmaf(p, r, <float>-1.6668057665e-1)
    p = fmaf(p, r, <float>2.0000714765e-1)
    p = fmaf(p, r, <float>-2.4999993993e-1)
    p = fmaf(p, r, <float>3.3333331174e-1)
    p = p * r
    p = fmaf(p, z, e * <float>-2.12194440e-4)
    p = fmaf(z, <float>-0.5, p)
    r = fmaf(e, <float>0.693359375, r + p)
    r = sqrtf(<float>-2.0 * r)
    # the angle less the even multiple of pi/4 that leaves it in [-pi/4, pi/4]
    v = <float>6.283185307179586 * v
    k = (<int32_t>(v * <float>1.27323954473516) + 1) & ~1
    e = <float>k
    v = fmaf(e, <float>-0.78515625, v)
    v = fmaf(e, <float>-2.4187564849853515625e-4, v)
    v = fmaf(e, <float>-3.77489497744594108e-8, v)
    z = v * v
    p = fmaf(<float>2.443315711809948e-5, z, <float>-1.388731625493765e-3)
    p = fmaf(p, z, <float>4.166664568298827e-2)
    p = p * z
    p = fmaf(p, z, z * <float>-0.5) + <float>1.0          # cosine
    q = fmaf(<float>-1.9515295891e-4, z, <float>8.3321608736e-3)
    q = fmaf(q, z, <float>-1.6666654611e-1)
    q = q * z
    q = fmaf(q, v, v)                                     # sine
    e = q if (k & 2) == 0 else p
    z = p if (k & 2) == 0 else q
    memcpy(&word, &e, 4)
    word ^= <uint32_t>(k & 4) << 29
    memcpy(&e, &word, 4)
    memcpy(&word, &z, 4)
    word ^= <uint32_t>(~(k - 2) & 4) << 29
    memcpy(&z, &word, 4)
    x[0] = r * z
    y[0] = r * e


cdef inline void box_muller64(double u, double v, double* x, double* y) noexcept nogil:
    cdef double radius = sqrt(-2.0 * log(1.0 - u)), angle = 2.0 * M_PI * v
    x[0] = radius * cos(angle)
    y[0] = radius * sin(angle)


cdef struct Fill:
    void* data
    double mean
    double std


cdef inline void fill_blocks(floating* data, Py_ssize_t blocks, floating mean, floating std) noexcept nogil:
    """Turn `blocks` blocks of uniforms into normals, in place: 8 radii and 8 angles give 8 cosines and 8 sines."""
    cdef floating u[RADII]
    cdef floating v[RADII]
    cdef Py_ssize_t i, j
    for i in range(blocks):
        for j in range(8):
            u[8 * i + j] = data[BLOCK * i + j]
            v[8 * i + j] = data[BLOCK * i + 8 + j]
    for j in range(8 * blocks):
        if floating is float:
            box_muller32(u[j], v[j], &u[j], &v[j])
        else:
            box_muller64(u[j], v[j], &u[j], &v[j])
    for i in range(blocks):
        for j in range(8):
            data[BLOCK * i + j] = fused(u[8 * i + j], std, mean)
            data[BLOCK * i + 8 + j] = fused(v[8 * i + j], std, mean)


cdef void fill_task64(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Fill* fill = <Fill*>ctx
    cdef double* data = <double*>fill.data
    cdef Py_ssize_t i
    i = lo
    while i < hi:
        fill_blocks(data + BLOCK * i, min(hi - i, BLOCKS), fill.mean, fill.std)
        i += BLOCKS


cdef void fill_normal(Engine engine, floating* out, Py_ssize_t n, double mean, double std) noexcept:
    """n normals of n uniforms, n a multiple of 16: float32 by pieces in the cache, float64 (libm) on all threads."""
    cdef Py_ssize_t m
    cdef Fill fill = Fill(out, mean, std)
    if floating is float:
        while n > 0:
            m = min(n, BLOCK * BLOCKS)
            standard_uniform(engine, out, m)
            fill_blocks(out, m // BLOCK, <float>mean, <float>std)
            out += m
            n -= m
    else:
        standard_uniform(engine, out, n)
        parallel_for(fill_task64, &fill, n // BLOCK, GRAIN // BLOCK)


def normal(Engine engine not None, floating[::1] out, double mean, double std, bint one_by_one=False, bint half=False, /):
    """Normal samples.

    Sixteen or more are made in blocks of 16; the last 16 places are overwritten by a fresh block when n is not a
    multiple of 16, and the uniforms of the incomplete block are lost, except for a tensor of half precision, where
    they are not drawn. Fewer, or `one_by_one` (a tensor that is not contiguous), are made singly in float64, with
    the second of each pair kept for the next call.
    """
    cdef floating lost[BLOCK]
    cdef Py_ssize_t i, n = out.shape[0]
    with engine.lock:
        if n < BLOCK or one_by_one:
            for i in range(n):
                out[i] = <floating>fma(engine.standard_normal(), std, mean)
        else:
            fill_normal(engine, &out[0], n // BLOCK * BLOCK, mean, std)
            if n % BLOCK:
                if not half:
                    standard_uniform(engine, lost, n % BLOCK)
                fill_normal(engine, &out[n - BLOCK], BLOCK, mean, std)


def log_normal(Engine engine not None, floating[::1] out, double mean, double std, /):
    """exp of normal samples, each made singly."""
    cdef Py_ssize_t i
    with engine.lock:
        for i in range(out.shape[0]):
            out[i] = <floating>exp(fma(engine.standard_normal(), std, mean))


# --------------------------------------------------------------------------------------------- integers

cdef void modulo(const uint32_t* words, int64_t* out, Py_ssize_t n, uint32_t range_, int64_t low) noexcept nogil:
    """low + word % range, for a range up to 2**31: float64 holds every term exactly, and vectorises everywhere."""
    cdef Py_ssize_t i
    cdef double x, rest, limit = range_, inverse = 1.0 / range_, rounder = 6755399441055744.0  # 1.5 * 2**52
    for i in range(n):
        x = <double><int32_t>(words[i] ^ <uint32_t>0x80000000) + 2147483648.0
        rest = x - ((x * inverse + rounder) - rounder) * limit  # of the nearest quotient: half a range either side
        out[i] = low + <int32_t>(rest + limit if rest < 0 else rest)


def randint(Engine engine not None, int64_t[::1] out, uint64_t range_, int64_t low, bint wide, /):
    """low + bits % range_, of 64-bit draws if `wide`, of 32-bit draws otherwise; range_ 0 takes the bits as they are.

    The sum wraps around, as the whole range of int64 is allowed.
    """
    cdef uint32_t words[WORDS]
    cdef uint64_t x
    cdef Py_ssize_t i, lo, m, n = out.shape[0]
    with engine.lock:
        lo = 0
        while lo < n:
            m = min(n - lo, PAIRS)
            if wide:
                engine.draw(words, 2 * m)
                for i in range(m):
                    x = <uint64_t>words[2 * i] << 32 | words[2 * i + 1]
                    out[lo + i] = <int64_t>((x % range_ if range_ else x) + <uint64_t>low)
            else:
                engine.draw(words, m)
                if 0 < range_ <= <uint64_t>1 << 31:
                    modulo(words, &out[lo], m, <uint32_t>range_, low)
                else:
                    for i in range(m):
                        x = words[i]
                        out[lo + i] = <int64_t>((x % range_ if range_ else x) + <uint64_t>low)
            lo += PAIRS


def randperm(Engine engine not None, int64_t[::1] out, /):
    """A permutation of 0..n-1 by exchanging each place with one at or after it."""
    cdef uint32_t words[WORDS]
    cdef Py_ssize_t i, j, lo, m, n = out.shape[0]
    cdef int64_t kept
    with engine.lock:
        if n >= 4294967295 // 20:  # 32 bits modulo n would be visibly uneven: build it inside out, of 64
            for i in range(n):
                j = <Py_ssize_t>(engine.wide() % <uint64_t>(i + 1))
                out[i] = i
                out[i] = out[j]
                out[j] = i
            return
        for i in range(n):
            out[i] = i
        lo = 0
        while lo < n - 1:
            m = min(n - 1 - lo, WORDS)
            engine.draw(words, m)
            for i in range(lo, lo + m):
                j = i + <Py_ssize_t>(words[i - lo] % <uint32_t>(n - i))
                kept = out[i]
                out[i] = out[j]
                out[j] = kept
            lo += WORDS


# --------------------------------------------------------------------------------------------- bernoulli, masks

def bernoulli(Engine engine not None, uint8_t[::1] out, double p, /):
    """1 with probability p: whether a float64 uniform is below p."""
    cdef double u[PAIRS]
    cdef Py_ssize_t i, lo, m, n = out.shape[0]
    with engine.lock:
        lo = 0
        while lo < n:
            m = min(n - lo, PAIRS)
            standard_uniform(engine, u, m)
            for i in range(m):
                out[lo + i] = u[i] < p
            lo += PAIRS


def bernoulli_each(Engine engine not None, const floating[::1] p, uint8_t[::1] out, /):
    """1 with the probability given for each element: whether a uniform of p's own dtype is below it."""
    cdef floating u[PAIRS]
    cdef Py_ssize_t i, lo, m, n = p.shape[0]
    if out.shape[0] < n:
        raise ValueError(f"bernoulli: {n} probabilities for {out.shape[0]} samples")
    with engine.lock:
        lo = 0
        while lo < n:
            m = min(n - lo, PAIRS)
            standard_uniform(engine, u, m)
            for i in range(m):
                out[lo + i] = u[i] < p[lo + i]
            lo += PAIRS


cdef struct Masked:
    const void* x
    const uint8_t* mask
    void* out
    Py_ssize_t inner
    double scale
    double kept
    double dropped


cdef inline void mask_rows(const floating* x, const uint8_t* mask, floating* out, Py_ssize_t inner, floating scale,
                           floating kept, floating dropped, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Py_ssize_t i, end
    cdef floating factor, term
    if inner == 1:
        for i in range(lo, hi):
            out[i] = x[i] * (scale if mask[i] else <floating>0.0) + (kept if mask[i] else dropped)
        return
    while lo < hi:
        end = min(hi, (lo // inner + 1) * inner)
        factor = scale if mask[lo // inner] else <floating>0.0
        term = kept if mask[lo // inner] else dropped
        for i in range(lo, end):
            out[i] = x[i] * factor + term
        lo = end


cdef void mask_task32(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Masked* m = <Masked*>ctx
    mask_rows(<const float*>m.x, m.mask, <float*>m.out, m.inner, <float>m.scale, <float>m.kept, <float>m.dropped,
              lo, hi)


cdef void mask_task64(void* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef Masked* m = <Masked*>ctx
    mask_rows(<const double*>m.x, m.mask, <double*>m.out, m.inner, m.scale, m.kept, m.dropped, lo, hi)


def mask_scale(const floating[::1] x, const uint8_t[::1] mask, floating[::1] out, Py_ssize_t inner, double scale,
               double kept=-0.0, double dropped=-0.0, /):
    """x * scale + kept where the mask is 1, x * 0 + dropped elsewhere; each flag counts for `inner` elements.

    A product, not a choice: a dropped infinity is NaN. Adding -0.0 changes nothing.
    """
    cdef Py_ssize_t n = x.shape[0]
    cdef Masked m
    if inner < 1 or out.shape[0] < n or mask.shape[0] * inner < n:
        raise ValueError(f"mask_scale: {n} elements into {out.shape[0]} with {mask.shape[0]} flags for {inner} each")
    if n == 0:
        return
    m = Masked(&x[0], &mask[0], &out[0], inner, scale, kept, dropped)
    if floating is float:
        parallel_for(mask_task32, &m, n, SLAB)
    else:
        parallel_for(mask_task64, &m, n, SLAB)


def rrelu_noise(Engine engine not None, const floating[::1] x, floating[::1] noise, double lower, double upper, /):
    """A uniform slope in [lower, upper) for each element that is not positive, which alone draw; 1 elsewhere."""
    cdef double a = <floating>lower, b = <floating>upper
    cdef Py_ssize_t i, n = x.shape[0]
    if noise.shape[0] < n:
        raise ValueError(f"rrelu: {n} elements with noise of {noise.shape[0]}")
    with engine.lock:
        for i in range(n):
            noise[i] = <floating>(engine.uniform() * (b - a) + a) if x[i] <= 0 else <floating>1.0


# --------------------------------------------------------------------------------------------- multinomial

def multinomial(Engine engine not None, const floating[::1] weights, floating[::1] cumulative, int64_t[::1] out,
                Py_ssize_t rows, Py_ssize_t categories, Py_ssize_t samples, /):
    """`samples` draws with replacement from each row of weights; `cumulative` is scratch for one row.

    The weights are finite, not negative, and no row is all zero.
    """
    cdef Py_ssize_t r, i, lo, hi, mid
    cdef floating total
    cdef const floating* w
    cdef double u
    if (categories < 1 or rows * categories > weights.shape[0] or categories > cumulative.shape[0]
            or rows * samples > out.shape[0]):
        raise ValueError(f"multinomial: buffers too short for {rows} rows of {categories} and {samples} samples")
    with engine.lock:
        for r in range(rows):
            w = &weights[r * categories]
            total = 0
            for i in range(categories):
                total += w[i]
                cumulative[i] = total
            for i in range(categories):
                cumulative[i] /= total
            cumulative[categories - 1] = 1
            for i in range(samples):
                u = engine.uniform()
                lo = 0
                hi = categories
                while lo < hi:  # the first category whose cumulative weight is not below u
                    mid = lo + (hi - lo) // 2
                    if <double>cumulative[mid] < u:
                        lo = mid + 1
                    else:
                        hi = mid
                out[r * samples + i] = lo


# --------------------------------------------------------------------------------------------- rejection

cdef double poisson_one(Engine engine, double rate) noexcept nogil:
    cdef double u, v, a, b, inverse_alpha, acceptance, distance, k, log_rate, product, floor_
    if rate == 0:
        return 0
    if not rate >= 10:  # count uniforms until their product falls below exp(-rate)
        floor_ = exp(-rate)
        k = 0
        product = engine.uniform()
        while product > floor_:
            k += 1
            product *= engine.uniform()
        return k
    # Hoermann's PTRS
    log_rate = log(rate)
    b = 0.931 + 2.53 * sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    acceptance = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = engine.uniform() - 0.5
        v = engine.uniform()
        distance = 0.5 - fabs(u)
        k = <double><int64_t>floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= acceptance:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        if (log(v) + log(inverse_alpha) - log(a / (distance * distance) + b)
                <= -rate + k * log_rate - lgamma(k + 1)):
            return k


def poisson(Engine engine not None, const floating[::1] rate, floating[::1] out, /):
    """Samples of the Poisson distribution with the rate given for each element; rates are finite and not negative."""
    cdef Py_ssize_t i, n = rate.shape[0]
    if out.shape[0] < n:
        raise ValueError(f"poisson: {n} rates for {out.shape[0]} samples")
    with engine.lock:
        for i in range(n):
            out[i] = <floating>poisson_one(engine, rate[i])


cdef double stirling_tail(double k) noexcept nogil:
    """log(k!) less Stirling's formula for it."""
    cdef double[10] exact = [
        0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
        0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
    ]
    cdef double square
    if k < 10:
        return exact[<int>k]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


cdef floating binomial_inversion(Engine engine, floating count, floating p) noexcept nogil:
    """Successes among `count` trials, jumping from one to the next by geometric steps."""
    cdef double total = 0, log_q
    cdef floating successes = 0
    log_q = log1p_of(-p)
    while True:
        total += ceil(log(engine.uniform()) / log_q)
        if total > count:
            return successes
        successes += 1


cdef inline double log1p_of(floating x) noexcept nogil:
    if floating is float:
        return log1pf(x)
    else:
        return log1p(x)


cdef extern from "<math.h>" nogil:
    float log1pf(float)
    float floorf(float)
    float powf(float, float)


cdef inline double root_of(floating x) noexcept nogil:
    if floating is float:
        return sqrtf(x)
    else:
        return sqrt(x)


cdef inline double floor_of(floating x) noexcept nogil:
    if floating is float:
        return floorf(x)
    else:
        return floor(x)


cdef floating binomial_rejection(Engine engine, floating count, floating p) noexcept nogil:
    """Hoermann's BTRS. Products of count and p are in the tensor's own dtype, the rest in float64."""
    cdef double stddev, a, b, c, acceptance, r, alpha, m, u, v, distance, bound
    cdef floating k
    stddev = root_of(count * p * (1 - p))
    b = 1.15 + 2.53 * stddev
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = count * p + 0.5
    acceptance = 0.92 - 4.2 / b
    r = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * stddev
    m = floor_of((count + 1) * p)
    while True:
        u = engine.uniform() - 0.5
        v = engine.uniform()
        distance = 0.5 - fabs(u)
        k = <floating>floor((2 * a / distance + b) * u + c)
        if k < 0 or k > count:
            continue
        if distance >= 0.07 and v <= acceptance:
            return k
        v = log(v * alpha / (a / (distance * distance) + b))
        bound = ((m + 0.5) * log((m + 1) / (r * (count - m + 1)))
                 + (count + 1) * log((count - m + 1) / (count - k + 1))
                 + (k + 0.5) * log(r * (count - k + 1) / (k + 1))
                 + stirling_tail(m) + stirling_tail(count - m) - stirling_tail(k) - stirling_tail(count - k))
        if v <= bound:
            return k


cdef floating binomial_half(Engine engine, floating count, floating p) noexcept nogil:
    if count * p >= 10.0:
        return binomial_rejection(engine, count, p)
    return binomial_inversion(engine, count, p)


def binomial(Engine engine not None, const floating[::1] count, const floating[::1] p, floating[::1] out, /):
    """Samples of the binomial distribution with counts and probabilities given for each element."""
    cdef Py_ssize_t i, n = count.shape[0]
    if p.shape[0] < n or out.shape[0] < n:
        raise ValueError(f"binomial: {n} counts, {p.shape[0]} probabilities for {out.shape[0]} samples")
    with engine.lock:
        for i in range(n):
            if count[i] <= 0 or p[i] <= 0:
                out[i] = 0
            elif p[i] >= 1:
                out[i] = count[i]
            elif p[i] <= 0.5:
                out[i] = binomial_half(engine, count[i], p[i])
            elif p[i] > 0.5:
                out[i] = count[i] - binomial_half(engine, count[i], <floating>(1.0 - p[i]))
            else:
                out[i] = <floating>NAN


cdef double gamma_one(Engine engine, floating alpha) noexcept nogil:
    """Marsaglia and Tsang's squeeze; a small alpha is raised by one and the sample scaled back."""
    cdef double scale = 1.0, d, c, x, y, v, u
    if alpha < 1:
        if alpha == 0:
            return 0
        scale = pow(1 - engine.uniform(), <floating>1.0 / alpha)
        alpha += 1
    d = alpha - <floating><float>(<float>1.0 / <float>3.0)
    c = 1.0 / sqrt(9.0 * d)
    while True:
        y = 0
        while y <= 0:
            x = engine.standard_normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1 - engine.uniform()
        x *= x
        if u < 1.0 - <double><float>0.0331 * x * x or log(u) < 0.5 * x + d * (1.0 - v + log(v)):
            return <floating>(scale * d * v)


def standard_gamma(Engine engine not None, const floating[::1] alpha, floating[::1] out, /):
    """Samples of the gamma distribution of unit rate, at least the smallest normal number."""
    cdef Py_ssize_t i, n = alpha.shape[0]
    cdef floating tiny, x
    if floating is float:
        tiny = 1.1754943508222875e-38
    else:
        tiny = 2.2250738585072014e-308
    if out.shape[0] < n:
        raise ValueError(f"standard_gamma: {n} concentrations for {out.shape[0]} samples")
    with engine.lock:
        for i in range(n):
            x = <floating>gamma_one(engine, alpha[i])
            out[i] = x if x > tiny else tiny
