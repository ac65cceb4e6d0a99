"""Half precision to float32 and back, rounded to nearest even; NaN stays NaN, and becomes a quiet one.

Where the processor has instructions for float16 they are used; elsewhere integer arithmetic gives the same bits, without
branches, so that it is vectorised. bfloat16 is the upper half of a float32.
"""
from libc.stdint cimport int32_t, uint16_t, uint32_t

from math cimport bits_f, from_bits_f
from simd cimport vfloat

cdef extern from *:
    """
    #if defined(__F16C__) && defined(__AVX2__) && defined(__GNUC__)
    #include <immintrin.h>
    #define LUCID_F16C 1
    #if LUCID_VECTOR == 64
    #define lucid_lanes_half(x) ((lucid_vfloat)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)(x))))
    #define lucid_put_half(y, v) _mm256_storeu_si256((__m256i*)(y), _mm512_cvtps_ph((__m512)(v), _MM_FROUND_TO_NEAREST_INT))
    #define lucid_lanes_bfloat(x) ((lucid_vfloat)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)(x))), 16))
    static inline void lucid_put_bfloat(uint16_t* y, lucid_vfloat v) {
        __m512i bits = (__m512i)v, odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
        __mmask16 nan = _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q);
        rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(1 << 22));
        _mm256_storeu_si256((__m256i*)y, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
    }
    #else
    #define lucid_lanes_half(x) ((lucid_vfloat)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(x))))
    #define lucid_put_half(y, v) _mm_storeu_si128((__m128i*)(y), _mm256_cvtps_ph((__m256)(v), _MM_FROUND_TO_NEAREST_INT))
    #define lucid_lanes_bfloat(x) ((lucid_vfloat)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)(x))), 16))
    static inline void lucid_put_bfloat(uint16_t* y, lucid_vfloat v) {
        __m256i bits = (__m256i)v, odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
        __m256i nan = (__m256i)_mm256_cmp_ps((__m256)v, (__m256)v, _CMP_UNORD_Q);
        rounded = _mm256_blendv_epi8(rounded, _mm256_or_si256(bits, _mm256_set1_epi32(1 << 22)), nan);
        rounded = _mm256_srli_epi32(rounded, 16);
        _mm_storeu_si128((__m128i*)y, _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1)));
    }
    #endif
    static inline void lucid_widen(const uint16_t* x, float* y, Py_ssize_t n) {
        Py_ssize_t i = 0;
        for (; i + LUCID_FLOATS <= n; i += LUCID_FLOATS) *(lucid_vfloat*)(y + i) = lucid_lanes_half(x + i);
        for (; i < n; i++) y[i] = _cvtsh_ss(x[i]);
    }
    static inline void lucid_narrow(const float* x, uint16_t* y, Py_ssize_t n) {
        Py_ssize_t i = 0;
        for (; i + LUCID_FLOATS <= n; i += LUCID_FLOATS) lucid_put_half(y + i, *(const lucid_vfloat*)(x + i));
        for (; i < n; i++) y[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
    }
    #else
    #define LUCID_F16C 0
    #define lucid_lanes_half(x) ((lucid_vfloat){0})
    #define lucid_lanes_bfloat(x) ((lucid_vfloat){0})
    #define lucid_put_half(y, v)
    #define lucid_put_bfloat(y, v)
    #define lucid_widen(x, y, n)
    #define lucid_narrow(x, y, n)
    #endif
    """
    const bint F16C "LUCID_F16C"    # the instructions are there, for all that follows
    vfloat lanes_half "lucid_lanes_half"(const uint16_t* x) noexcept nogil
    vfloat lanes_bfloat "lucid_lanes_bfloat"(const uint16_t* x) noexcept nogil
    void put_half "lucid_put_half"(uint16_t* y, vfloat v) noexcept nogil
    void put_bfloat "lucid_put_bfloat"(uint16_t* y, vfloat v) noexcept nogil
    void widen_f16c "lucid_widen"(const uint16_t* x, float* y, Py_ssize_t n) noexcept nogil
    void narrow_f16c "lucid_narrow"(const float* x, uint16_t* y, Py_ssize_t n) noexcept nogil


# Each alternative has a name of its own: of an expression with a constant Cython would make 64 bits, half as fast.

cdef inline int32_t widened(int32_t half) noexcept nogil:
    """The bits of the float32 that equals a float16."""
    cdef int32_t magnitude = (half & 0x7fff) << 13, infinity = 0x7c00 << 13
    cdef int32_t bits = magnitude + (112 << 23), beyond = magnitude + (224 << 23), quiet = beyond | 1 << 22
    cdef int32_t small = bits_f(from_bits_f(magnitude + (113 << 23)) - <float>6.103515625e-05)    # no leading one: 2**-14
    bits = beyond if magnitude == infinity else bits
    bits = quiet if magnitude > infinity else bits
    bits = small if magnitude < 1 << 23 else bits
    return bits | (half & 0x8000) << 16


cdef inline int32_t narrowed(int32_t bits) noexcept nogil:
    """The float16 nearest to the float32 of these bits."""
    cdef int32_t magnitude = bits & 0x7fffffff, infinity = 0x7c00, quiet = (magnitude >> 13 & 0x3ff) | 0x7e00
    # the exponent is 112 less; half of the last place, or less by a bit where it is even already
    cdef int32_t half = (magnitude - (112 << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13
    # below 2**-14 the places are 2**-24 apart, as those of floats from 0.5 on are: their addition rounds
    cdef int32_t small = bits_f(from_bits_f(magnitude) + <float>0.5) - 0x3f000000
    half = small if magnitude < 113 << 23 else half
    half = infinity if magnitude >= 143 << 23 else half
    half = quiet if magnitude > 0x7f800000 else half
    return half | (bits >> 16 & 0x8000)


cdef inline uint32_t narrowed_bfloat(float x) noexcept nogil:
    """The bfloat16 nearest to a float32, as the upper half of the bits."""
    cdef uint32_t bits = <uint32_t>bits_f(x), rounded = bits + 0x7fff + (bits >> 16 & 1), quiet = bits | 1 << 22
    return quiet if x != x else rounded


cdef inline void widen(const uint16_t* x, float* y, Py_ssize_t n, bint half) noexcept nogil:
    """n elements, of float16 if `half`, of bfloat16 if not."""
    cdef Py_ssize_t i
    if not half:
        for i in range(n):
            (<uint32_t*>y)[i] = <uint32_t>x[i] << 16
    elif F16C:
        widen_f16c(x, y, n)
    else:
        for i in range(n):
            (<int32_t*>y)[i] = widened(x[i])


cdef inline void narrow(const float* x, uint16_t* y, Py_ssize_t n, bint half) noexcept nogil:
    cdef const int32_t* bits = <const int32_t*>x
    cdef Py_ssize_t i
    if not half:
        for i in range(n):
            y[i] = <uint16_t>(narrowed_bfloat(x[i]) >> 16)
    elif F16C:
        narrow_f16c(x, y, n)
    else:
        for i in range(n):
            y[i] = <uint16_t>narrowed(bits[i])
