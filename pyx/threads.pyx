"""The thread pool behind every parallel kernel, and the SIMD levels of this processor.

Design
------
(a) Work goes to whoever asks. The caller and the workers take chunks from one atomic word; the caller takes what
    nobody has begun and at the end waits only for chunks that somebody has. A worker that the operating system
    keeps off its core delays nothing it has not started.
(b) The word `claims` holds the job's number (upper half) and the first and last unclaimed chunk (16 bits each).
    A chunk is claimed by compare-and-swap, which fails once the job is another one: a worker that wakes late
    can never run a stale task. The caller takes chunks from the front, workers from the back, so that with two
    threads each keeps the half of the data that its cache holds. Every other job goes from the middle outwards: each
    begins with what the last one left in the caches, which takes 0.90 of the time in sums of 4 MB, 0.95 in sums of
    their rows and in additions of 12 to 48 MB.
(c) Waiting spins for SPIN, then sleeps on a condition variable; nothing spins without that bound, as idle threads
    that spin are what makes two threads on a busy core, and loops alternating with another library's, slow. Each
    turn yields the core: with 12 processes on 2 cores two threads then take 1.1 times as long as one, and 1.7
    times with a pause instruction in its place, as a worker would spin where the caller waits to run. Waking
    a sleeper costs its waker about 7 us and arrives after 25 to 40 us (measured on a virtual machine), so a job
    that took less the last time, and comes alone, is run serially.
(d) One job at a time: a second caller, and a parallel loop inside a parallel loop, run serially. If a worker was
    descheduled in the middle of its chunk, the time lost is measured, and loops stay serial for a multiple of it:
    on a machine with busy cores the loss is bounded to a fraction.
(e) A worker never runs on its caller's processor. Systems put it there: a virtual machine's idle processors look taken
    to Linux, which leaves who is woken on the processor of its waker, behind it, until a tick of the clock. (A 512x512
    product then took 2.6 ms, as on one thread, in 5 of 6 blocks that took turns with another library's; 1.35 ms now.) So a
    sleeper is denied that processor before it is woken, and takes the ban back at once: kept on, it held the worker
    beside a busy process on the other core, and small steps took 1.7 times as long as on one thread rather than 1.0.
(f) Workers start at the first parallel loop, sleep between loops, hold no Python state, and are gone in a forked
    child, where the pool starts afresh. Where there are no POSIX threads nothing is started and loops are serial.
"""
import os

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport intptr_t, uint32_t, uint64_t

from threads cimport task_t

cdef extern from *:
    """
    #include <stdint.h>
    #if defined(__unix__) || defined(__APPLE__)
    #include <pthread.h>
    #include <sched.h>
    #include <signal.h>
    #include <time.h>
    #define LUCID_POSIX 1
    #define lucid_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
    #define lucid_store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
    #define lucid_add(p, v) __atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)
    #define lucid_swap(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
    #define lucid_cas(p, old, v) __atomic_compare_exchange_n(p, old, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
    static pthread_mutex_t lucid_lock;
    static pthread_cond_t lucid_wake, lucid_done;
    static void lucid_sync_init(void) {
        pthread_mutex_init(&lucid_lock, 0); pthread_cond_init(&lucid_wake, 0); pthread_cond_init(&lucid_done, 0);
    }
    static void lucid_at_fork(void (*child)(void)) { pthread_atfork(0, 0, child); }
    /* A detached thread that takes no signals: those are for the interpreter's own threads. */
    static int lucid_start(void* (*body)(void*), void* arg) {
        pthread_t thread; pthread_attr_t attr; sigset_t all, old; int failed;
        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attr, (size_t)4 << 20);
        sigfillset(&all); pthread_sigmask(SIG_SETMASK, &all, &old);
        failed = pthread_create(&thread, &attr, body, arg);
        pthread_sigmask(SIG_SETMASK, &old, 0);
        pthread_attr_destroy(&attr);
        return failed;
    }
    static int64_t lucid_now(void) {
        struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    }
    #define lucid_pause() sched_yield()  /* whoever shares this core, perhaps the caller itself, goes first */
    #define lucid_lock_() pthread_mutex_lock(&lucid_lock)
    #define lucid_unlock() pthread_mutex_unlock(&lucid_lock)
    #define lucid_wait_work() pthread_cond_wait(&lucid_wake, &lucid_lock)
    #define lucid_wait_done() pthread_cond_wait(&lucid_done, &lucid_lock)
    #define lucid_wake_one() pthread_cond_signal(&lucid_wake)
    #define lucid_wake_all() pthread_cond_broadcast(&lucid_wake)
    #define lucid_signal_done() pthread_cond_signal(&lucid_done)
    #else
    #define LUCID_POSIX 0
    #define lucid_load(p) (*(p))
    #define lucid_store(p, v) (*(p) = (v))
    #define lucid_add(p, v) (*(p) += (v))
    static uint32_t lucid_swap(uint32_t* p, uint32_t v) { uint32_t old = *p; *p = v; return old; }
    #define lucid_cas(p, old, v) (*(p) == *(old) ? (*(p) = (v), 1) : (*(old) = *(p), 0))
    #define lucid_sync_init()
    #define lucid_at_fork(child) (void)(child)
    #define lucid_start(body, arg) ((void)(body), (void)(arg), 1)
    #define lucid_now() 0
    #define lucid_pause()
    #define lucid_lock_()
    #define lucid_unlock()
    #define lucid_wait_work()
    #define lucid_wait_done()
    #define lucid_wake_one()
    #define lucid_wake_all()
    #define lucid_signal_done()
    #endif

    #if defined(__linux__)
    #include <sys/syscall.h>
    #include <unistd.h>
    #define lucid_cpu() sched_getcpu()
    #define lucid_thread() (int)syscall(SYS_gettid)
    /* Take `cpu` from those that `thread` may run on, unless it is the last; return whether it was among them. */
    static int lucid_deny(int thread, int cpu) {
        cpu_set_t set;
        if (sched_getaffinity(thread, sizeof set, &set) || !CPU_ISSET(cpu, &set) || CPU_COUNT(&set) < 2) return 0;
        CPU_CLR(cpu, &set);
        return !sched_setaffinity(thread, sizeof set, &set);
    }
    static void lucid_allow(int thread, int cpu) {
        cpu_set_t set;
        if (sched_getaffinity(thread, sizeof set, &set)) return;
        CPU_SET(cpu, &set);
        sched_setaffinity(thread, sizeof set, &set);
    }
    #else
    #define lucid_cpu() -1
    #define lucid_thread() 0
    #define lucid_deny(thread, cpu) ((void)(thread), (void)(cpu), 0)
    #define lucid_allow(thread, cpu) ((void)(thread), (void)(cpu))
    #endif

    #if defined(__GNUC__) && defined(__x86_64__)
    static int lucid_simd(void) {
        __builtin_cpu_init();
        if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi")
              && __builtin_cpu_supports("bmi2"))) return 0;
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
               && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
               && __builtin_cpu_supports("avx512vl") ? 2 : 1;
    }
    #else
    #define lucid_simd() 0
    #endif
    """
    const bint LUCID_POSIX
    uint64_t load64 "lucid_load"(uint64_t* p) noexcept nogil
    uint32_t load32 "lucid_load"(uint32_t* p) noexcept nogil
    Py_ssize_t load_size "lucid_load"(Py_ssize_t* p) noexcept nogil
    task_t load_task "lucid_load"(task_t* p) noexcept nogil
    void* load_ctx "lucid_load"(void** p) noexcept nogil
    void store64 "lucid_store"(uint64_t* p, uint64_t value) noexcept nogil
    void store32 "lucid_store"(uint32_t* p, uint32_t value) noexcept nogil
    void store_size "lucid_store"(Py_ssize_t* p, Py_ssize_t value) noexcept nogil
    void store_task "lucid_store"(task_t* p, task_t value) noexcept nogil
    void store_ctx "lucid_store"(void** p, void* value) noexcept nogil
    uint32_t add32 "lucid_add"(uint32_t* p, uint32_t value) noexcept nogil
    uint32_t swap32 "lucid_swap"(uint32_t* p, uint32_t value) noexcept nogil
    bint cas64 "lucid_cas"(uint64_t* p, uint64_t* old, uint64_t value) noexcept nogil
    void sync_init "lucid_sync_init"() noexcept nogil
    void at_fork "lucid_at_fork"(void (*child)() noexcept nogil) noexcept nogil
    int start "lucid_start"(void* (*body)(void*) noexcept nogil, void* arg) noexcept nogil
    long long now "lucid_now"() noexcept nogil
    void lock "lucid_lock_"() noexcept nogil
    void unlock "lucid_unlock"() noexcept nogil
    void wait_work "lucid_wait_work"() noexcept nogil
    void wait_done "lucid_wait_done"() noexcept nogil
    void wake_one "lucid_wake_one"() noexcept nogil
    void wake_all "lucid_wake_all"() noexcept nogil
    void signal_done "lucid_signal_done"() noexcept nogil
    void pause "lucid_pause"() noexcept nogil
    int current_cpu "lucid_cpu"() noexcept nogil
    int current_thread "lucid_thread"() noexcept nogil
    bint deny_cpu "lucid_deny"(int thread, int cpu) noexcept nogil
    void allow_cpu "lucid_allow"(int thread, int cpu) noexcept nogil
    int simd "lucid_simd"() noexcept nogil

cdef enum:
    MAX_THREADS = 256
    SIDE = 0xFFFF            # one side of `claims`, and so the most claims a job is cut into
    KNOWN = 256              # jobs whose time is remembered (a power of 2)
    SPIN = 100_000           # ns of spinning before sleep: a few times what a wake-up costs
    SHORT = 50_000           # ns of work for which it does not pay to wake anybody
    LATE = 100_000           # ns beyond three chunks' time that make a wait a stall
    BACKOFF = 8              # stay serial for this many times the stall
    LONGEST = 200_000_000    # ns, and at most this long

# The current job. Written while no chunk can be claimed, read before a claim that fails if the job has changed.
cdef task_t job_task
cdef void* job_ctx
cdef Py_ssize_t job_n, job_grain, job_span
cdef uint64_t claims                    # job number << 32 | last unclaimed end << 16 | first unclaimed
cdef uint32_t finished                  # claims of this job that are done
cdef uint32_t busy                      # a job is running
cdef uint32_t asleep, caller_asleep     # who has to be woken
cdef uint32_t threads_wanted            # set_num_threads
cdef uint32_t started                   # workers were started since the last set_num_threads
cdef uint32_t caller_cpu                # the processor of the job's caller

ctypedef struct worker_t:               # all under the lock
    bint alive
    bint asleep
    int thread                          # the system's number for it
    int denied                          # the processor it is kept off at the moment, or -1

cdef worker_t workers[MAX_THREADS]

# Touched by the one running job only.
ctypedef struct job_time:
    task_t task
    Py_ssize_t n
    Py_ssize_t grain
    long long total                     # ns on one thread

cdef job_time known[KNOWN]
cdef long long serial_until             # after a stall, no parallel loop before this time
cdef long long last_end                 # when the last job ended

cdef inline bint is_open(uint64_t word) noexcept nogil:
    return (word & SIDE) < ((word >> 16) & SIDE)

cdef inline void run_span(
    task_t task, void* ctx, Py_ssize_t n, Py_ssize_t grain, Py_ssize_t lo, Py_ssize_t hi
) noexcept nogil:
    """Run the chunks of [lo, hi), each as the contract cuts it."""
    while lo < hi:
        task(ctx, lo, min(lo + grain, n))
        lo += grain

cdef inline Py_ssize_t turned(Py_ssize_t index, Py_ssize_t total) noexcept nogil:
    """Each half of the claims in the opposite order."""
    cdef Py_ssize_t half = total // 2
    return half - 1 - index if index < half else half + total - 1 - index

cdef uint32_t run_claims(bint from_back) noexcept nogil:
    """Claim and run chunks until none of the current job is left to begin; return how many were run."""
    cdef uint64_t seen = load64(&claims)
    cdef uint32_t ran = 0
    cdef Py_ssize_t index, n, grain, span
    cdef task_t task
    cdef void* ctx
    cdef uint32_t total
    while is_open(seen):
        task, ctx = load_task(&job_task), load_ctx(&job_ctx)
        n, grain, span = load_size(&job_n), load_size(&job_grain), load_size(&job_span)
        if from_back:
            if not cas64(&claims, &seen, seen - (1 << 16)):
                continue
            index = ((seen >> 16) & SIDE) - 1
        else:
            if not cas64(&claims, &seen, seen + 1):
                continue
            index = seen & SIDE
        total = <uint32_t>((n + span - 1) // span)
        if seen >> 32 & 1:
            index = turned(index, total)
        run_span(task, ctx, n, grain, index * span, min((index + 1) * span, n))
        ran += 1
        if add32(&finished, 1) == total and load32(&caller_asleep):
            lock()
            signal_done()
            unlock()
        seen = load64(&claims)
    return ran

cdef inline void allow(worker_t* worker) noexcept nogil:
    if worker.denied >= 0:
        allow_cpu(worker.thread, worker.denied)
        worker.denied = -1

cdef inline void deny(worker_t* worker, int cpu) noexcept nogil:
    """Keep a worker off this processor until `allow`; one that runs there leaves at once."""
    if worker.denied != cpu:
        allow(worker)
        if deny_cpu(worker.thread, cpu):
            worker.denied = cpu

cdef void* work(void* arg) noexcept nogil:
    """A worker: run what there is, look for more for a moment, sleep."""
    cdef uint32_t me = <uint32_t><intptr_t>arg
    cdef worker_t* self = &workers[me]
    cdef long long limit
    lock()
    self.thread = current_thread()
    unlock()
    while True:
        if load32(&caller_cpu) == <uint32_t>current_cpu():
            lock()
            deny(self, current_cpu())
            allow(self)
            unlock()
        run_claims(True)
        limit = now() + SPIN
        while not is_open(load64(&claims)) and now() < limit:
            pause()
        if is_open(load64(&claims)):
            continue
        lock()
        self.asleep = True
        add32(&asleep, 1)
        while not is_open(load64(&claims)) and me + 1 < load32(&threads_wanted):
            wait_work()
        add32(&asleep, <uint32_t>-1)
        self.asleep = False
        allow(self)
        if me + 1 >= load32(&threads_wanted):
            self.alive = False
            unlock()
            return NULL
        unlock()

cdef void start_workers() noexcept nogil:
    """Create the workers that are wanted and missing. A thread that cannot be had is done without."""
    cdef uint32_t me
    lock()
    for me in range(load32(&threads_wanted) - 1):
        if not workers[me].alive:
            workers[me].alive = True
            if start(work, <void*><intptr_t>me):
                workers[me].alive = False
                break
    unlock()

cdef inline job_time* recall(task_t task, Py_ssize_t n, Py_ssize_t grain) noexcept nogil:
    """Where the time of this job is remembered; `total` is -1 if it is not known yet."""
    cdef uint64_t key = (<uint64_t><intptr_t>task >> 4) ^ (<uint64_t>n * <uint64_t>0x9E3779B9) ^ (<uint64_t>grain << 7)
    cdef job_time* entry = &known[(key ^ (key >> 32)) & (KNOWN - 1)]
    if entry.task != task or entry.n != n or entry.grain != grain:
        entry.task, entry.n, entry.grain, entry.total = task, n, grain, -1
    return entry

cdef void publish(
    task_t task, void* ctx, Py_ssize_t n, Py_ssize_t grain, Py_ssize_t span, uint32_t total
) noexcept nogil:
    """Open a job of `total` claims, each of `span` elements, and wake who sleeps."""
    cdef uint32_t sleeping, me, _
    cdef int cpu = current_cpu()
    store_task(&job_task, task)
    store_ctx(&job_ctx, ctx)
    store_size(&job_n, n)
    store_size(&job_grain, grain)
    store_size(&job_span, span)
    store32(&caller_cpu, <uint32_t>cpu)
    store32(&finished, 0)
    store64(&claims, (((load64(&claims) >> 32) + 1) << 32) | (<uint64_t>total << 16))
    sleeping = load32(&asleep)
    if sleeping:
        lock()
        if cpu >= 0:
            for me in range(load32(&threads_wanted) - 1):
                if workers[me].asleep:
                    deny(&workers[me], cpu)
        if sleeping < total:
            wake_all()
        else:
            for _ in range(total - 1):
                wake_one()
        unlock()

cdef void wait_finished(uint32_t total) noexcept nogil:
    """Wait for the claims that workers have begun."""
    cdef long long limit = now() + SPIN
    while load32(&finished) != total:
        if now() < limit:
            pause()
            continue
        lock()
        store32(&caller_asleep, 1)
        while load32(&finished) != total:
            wait_done()
        store32(&caller_asleep, 0)
        unlock()

cdef void run_parallel(task_t task, void* ctx, Py_ssize_t n, Py_ssize_t grain) noexcept nogil:
    """The function behind `threads.pxd`'s `parallel_for`; called without the GIL."""
    global serial_until, last_end
    cdef Py_ssize_t chunks = (n + grain - 1) // grain
    cdef Py_ssize_t span = grain * ((chunks + SIDE - 1) // SIDE)
    cdef uint32_t wanted = load32(&threads_wanted)
    cdef uint32_t total, ran
    cdef long long begun, waiting, stall
    cdef job_time* time
    if not LUCID_POSIX or wanted < 2 or chunks < 2 or swap32(&busy, 1):
        run_span(task, ctx, n, grain, 0, n)
        return
    total = <uint32_t>((n + span - 1) // span)
    time = recall(task, n, grain)
    begun = now()
    if begun < serial_until or (0 <= time.total < SHORT and begun - last_end > SPIN):
        run_span(task, ctx, n, grain, 0, n)
        last_end = now()
        time.total = last_end - begun
        store32(&busy, 0)
        return
    if not swap32(&started, 1):
        start_workers()
        begun = now()
    publish(task, ctx, n, grain, span, total)
    ran = run_claims(False)
    last_end = waiting = now()
    if load32(&finished) != total:
        wait_finished(total)
        last_end = now()
        stall = last_end - waiting
        if ran and stall > LATE + 3 * ((waiting - begun) // ran):
            serial_until = last_end + min(BACKOFF * stall, <long long>LONGEST)
    if ran:
        time.total = (waiting - begun) // ran * total
    store32(&busy, 0)

cdef void reset() noexcept nogil:
    """Start with no workers and no job: at import, and in a child after fork, where only this thread exists."""
    global serial_until, last_end
    cdef int me
    sync_init()
    store64(&claims, 0)
    store32(&finished, 0)
    store32(&busy, 0)
    store32(&asleep, 0)
    store32(&caller_asleep, 0)
    serial_until = last_end = 0
    store32(&started, 0)
    for me in range(MAX_THREADS):
        workers[me].alive = workers[me].asleep = False
        workers[me].denied = -1


def default_num_threads() -> int:
    """The threads of a fresh process: LUCID_NUM_THREADS, else OMP_NUM_THREADS, else the CPUs it may run on."""
    if text := os.environ.get("LUCID_NUM_THREADS", ""):
        if not text.isdecimal() or int(text) < 1:
            raise ImportError(f"LUCID_NUM_THREADS must be a positive integer, found {text!r}")
        return min(int(text), MAX_THREADS)
    text = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # a list has one entry per nesting level
    if text.isdecimal() and int(text) > 0:
        return min(int(text), MAX_THREADS)
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MAX_THREADS)
    return min(os.cpu_count() or 1, MAX_THREADS)


def set_num_threads(n) -> None:
    """Let parallel kernels of this process use up to `n` threads, the calling one among them.

    Parameters
    ----------
    n : int
        At least 1; more than 256 count as 256. Results do not depend on it.
    """
    if isinstance(n, bool) or not isinstance(n, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(n).__name__}")
    if n < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {n}")
    store32(&threads_wanted, <uint32_t>min(n, MAX_THREADS))
    store32(&started, 0)
    with nogil:
        lock()
        wake_all()
        unlock()


def get_num_threads() -> int:
    """The number of threads that a parallel kernel may use."""
    return load32(&threads_wanted)


def simd_levels() -> list[str]:
    """The SIMD levels that this processor and its operating system have, lowest first."""
    return ["base", "v3", "v4"][: simd() + 1]


reset()
at_fork(reset)
store32(&threads_wanted, <uint32_t>default_num_threads())
parallel_for = PyCapsule_New(<void*>run_parallel, "lucid.parallel_for", NULL)
num_threads = PyCapsule_New(<void*>&threads_wanted, "lucid.num_threads", NULL)
