/* What two cores can do with the 4 MB in and out of layer_norm on 1024 x 1024 float32, for docs/benchmarks.md: a copy, and
 * statistics and results of each row with the vectors written by hand.
 *
 *     gcc -O3 -march=native -pthread benchmarks/layer_norm_bound.c -lm -o bound && ./bound      (AVX-512 only)
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 1024, N = 1024, RUNS = 400 };
typedef void (*part_t)(int lo, int hi);

static float *x, *out, *weight, *bias;
static part_t part;
static atomic_int begun, done;

static void copy(int lo, int hi) {
    for (int i = lo * N; i < hi * N; i += 16) _mm512_storeu_ps(out + i, _mm512_loadu_ps(x + i));
}

static void layer_norm(int lo, int hi) {
    for (int row = lo; row < hi; row++) {
        const float *from = x + row * N;
        float *to = out + row * N;
        __m512 first = _mm512_set1_ps(from[0]), sums[4], squares[4];
        for (int j = 0; j < 4; j++) sums[j] = squares[j] = _mm512_setzero_ps();
        for (int i = 0; i < N; i += 64)
#pragma GCC unroll 4
            for (int j = 0; j < 4; j++) {
                __m512 v = _mm512_sub_ps(_mm512_loadu_ps(from + i + 16 * j), first);
                sums[j] = _mm512_add_ps(sums[j], v);
                squares[j] = _mm512_fmadd_ps(v, v, squares[j]);
            }
        float sum = _mm512_reduce_add_ps((sums[0] + sums[1]) + (sums[2] + sums[3])) / N;
        float square = _mm512_reduce_add_ps((squares[0] + squares[1]) + (squares[2] + squares[3])) / N;
        __m512 mean = _mm512_set1_ps(from[0] + sum), scale = _mm512_set1_ps(1 / sqrtf(square - sum * sum + 1e-5f));
        for (int i = 0; i < N; i += 16)
            _mm512_storeu_ps(to + i, _mm512_fmadd_ps((_mm512_loadu_ps(from + i) - mean) * scale,
                                                     _mm512_loadu_ps(weight + i), _mm512_loadu_ps(bias + i)));
    }
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void *other_half(void *unused) {
    pin(1);
    for (int seen = 0;; atomic_store(&done, seen)) {
        while (atomic_load(&begun) == seen) {}
        seen = atomic_load(&begun);
        part(ROWS / 2, ROWS);
    }
    return unused;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int by_size(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

static void measure(const char *name, part_t function) {
    double times[RUNS];
    part = function;
    for (int i = 0; i < RUNS; i++) {
        double start = seconds();
        int number = atomic_fetch_add(&begun, 1) + 1;
        part(0, ROWS / 2);
        while (atomic_load(&done) != number) {}
        times[i] = seconds() - start;
    }
    qsort(times, RUNS, sizeof *times, by_size);
    printf("%-12s %5.1f us\n", name, 1e6 * times[RUNS / 2]);
}

int main(void) {
    pthread_t thread;
    x = aligned_alloc(4096, 4 * ROWS * N), out = aligned_alloc(4096, 4 * ROWS * N);
    weight = aligned_alloc(4096, 4 * N), bias = aligned_alloc(4096, 4 * N);
    for (int i = 0; i < ROWS * N; i++) x[i] = (float)rand() / RAND_MAX - 0.5f, out[i] = 0;
    for (int i = 0; i < N; i++) weight[i] = 1, bias[i] = 0;
    pin(0);
    pthread_create(&thread, NULL, other_half, NULL);
    for (int round = 0; round < 3; round++) measure("copy", copy), measure("layer_norm", layer_norm);
}
