"""Functions with f(x) + f(-x) = 1 as 16 polynomials: where AVX-512 is, a table of 16 numbers is one register and is
looked up in one instruction, so that such a function costs a few additions, six look-ups and five multiply-adds, and
rounds fewer times than by its formula.

Piece i is f(-|x|) as a polynomial in |x| - i/2, coefficients of degree 0 first (16 of each), fitted by least squares
weighted to a ULP of f, each coefficient rounded before the next is fitted. They reach to |x| = 7.75.

The error function is odd and 1 beyond 3.95: its pieces, in |x| - i/4, need no other case. The first starts at 0, where
the slope decides the relative error, and so stands in two parts.
"""
from libc.stdint cimport uint64_t

cdef extern from *:
    """
    #if defined(__AVX512F__) && defined(__GNUC__)
    #include <immintrin.h>
    #define LUCID_PIECES 1
    static const float lucid_sigmoid_pieces[6 * 16] __attribute__((unused)) = {
        0.5f, 0.37754068f, 0.26894143f, 0.18242553f, 0.11920292f, 0.075858176f, 0.047425874f, 0.02931223f,
         0.01798621f, 0.010986943f, 0.006692851f, 0.0040701376f, 0.0024726233f, 0.0015011823f, 0.0009110512f,
         0.00055277866f,
        -0.25f, -0.23500371f, -0.19661193f, -0.14914645f, -0.10499359f, -0.07010372f, -0.04517666f,
         -0.028453024f, -0.017662706f, -0.010866229f, -0.0066480567f, -0.004053571f, -0.0024665094f,
         -0.0014989288f, -0.000910221f, -0.00055247307f,
        5.050508e-9f, 0.028776905f, 0.04542753f, 0.04736477f, 0.03998168f, 0.029734395f, 0.020445857f,
         0.013392523f, 0.00851366f, 0.0053137075f, 0.003279523f, 0.0020102856f, 0.0012271447f, 0.00074720645f,
         0.0004542807f, 0.0002759287f,
        0.020832889f, 0.016059218f, 0.0058874926f, -0.0026128804f, -0.0064750724f, -0.0067692664f,
         -0.005488593f, -0.0039325906f, -0.002631834f, -0.0016929795f, -0.0010638194f, -0.000659214f,
         -0.00040499802f, -0.00024757156f, -0.00015088487f, -9.177377e-5f,
        -9.316394e-8f, -0.0043103844f, -0.0051032864f, -0.0031123562f, -0.0008812082f, 0.000379477f,
         0.0007756013f, 0.00073354953f, 0.0005592723f, 0.0003857136f, 0.00025199392f, 0.00015967556f,
         9.9570876e-5f, 6.137115e-5f, 3.752896e-5f, 2.2921407e-5f,
        -0.0020634173f, -0.0011233435f, 0.00041848645f, 0.0009923736f, 0.0007205796f, 0.00029930624f,
         4.3565407e-5f, -5.7343088e-5f, -7.4306365e-5f, -6.210456e-5f, -4.454321e-5f, -2.9161514e-5f,
         -1.9105275e-5f, -1.1985358e-5f, -7.2656194e-6f, -4.5331226e-6f,
    };
    static const float lucid_normal_pieces[6 * 16] __attribute__((unused)) = {
        0.5f, 0.30853757f, 0.15865527f, 0.066807196f, 0.022750122f, 0.006209662f, 0.0013498988f, 0.00023262965f,
         3.167143e-5f, 3.3977221e-6f, 2.866629e-7f, 1.898982e-8f, 9.865976e-10f, 4.0159515e-11f, 1.2797045e-12f,
         3.189808e-14f,
        -0.39894226f, -0.3520652f, -0.24197066f, -0.12951764f, -0.053991072f, -0.017528344f, -0.004431834f,
         -0.0008726595f, -0.00013381982f, -1.5980362e-5f, -1.4862057e-6f, -1.0761413e-7f, -6.0677516e-9f,
         -2.6646185e-10f, -9.108969e-12f, -2.4221464e-13f,
        1.4760808e-8f, 0.08800867f, 0.12098074f, 0.09713964f, 0.053993598f, 0.021911409f, 0.0066475766f,
         0.0015268823f, 0.00026753815f, 3.5930523e-5f, 3.7106697e-6f, 2.9547542e-7f, 1.8171871e-8f,
         8.641564e-10f, 3.181722e-11f, 9.0618826e-13f,
        0.06648698f, 0.04399885f, -3.1175432e-6f, -0.026978888f, -0.026987659f, -0.015334813f, -0.0059102722f,
         -0.0016378406f, -0.00033534368f, -5.150012e-5f, -5.9822864e-6f, -5.304079e-7f, -3.5998113e-8f,
         -1.8723756e-9f, -7.5088845e-11f, -2.3257498e-12f,
        -2.7275826e-7f, -0.019870803f, -0.019972688f, -0.00613198f, 0.004378896f, 0.0058873096f, 0.003333313f,
         0.0011927573f, 0.00029679041f, 5.353926e-5f, 7.1448635e-6f, 7.142279e-7f, 5.3809828e-8f, 3.0933238e-9f,
         1.3518053e-10f, 4.5639503e-12f,
        -0.009851403f, -0.004439501f, 0.00402316f, 0.0057825837f, 0.0021510064f, -0.0006810426f, -0.0010874665f,
         -0.00055918295f, -0.0001729256f, -3.65683e-5f, -5.5537766e-6f, -6.089622e-7f, -4.9107708e-8f,
         -3.0666174e-9f, -1.4088124e-10f, -4.998081e-12f,
    };
    static const float lucid_erf_pieces[7 * 16] __attribute__((unused)) = {  /* of degree 1 in two parts */
        0.0f, 0.2763264f, 0.5204999f, 0.71115565f, 0.8427008f, 0.92290014f, 0.96610516f, 0.9866717f, 0.9953223f,
         0.9985373f, 0.999593f, 0.9998994f, 0.9999779f, 0.9999957f, 0.9999993f, 0.9999999f,
        1.1283792f, 1.0600142f, 0.8787827f, 0.64293104f, 0.4151075f, 0.23652112f, 0.11893029f, 0.052774996f,
         0.020666985f, 0.007142319f, 0.0021782843f, 0.0005862772f, 0.00013925305f, 2.9189025e-5f, 5.3994268e-6f,
         8.824115e-7f,
        -5.8635383e-8f, -3.1833874e-8f, 2.4365997e-8f, 2.5083418e-8f, 8.783232e-9f, -2.392802e-9f, 1.5655616e-9f,
         3.6624265e-10f, 5.138797e-10f, 1.4391321e-10f, -1.0941069e-10f, 2.369402e-11f, -2.1008815e-12f,
         6.870034e-13f, 5.0091987e-15f, -8.961312e-16f,
        0.0f, -0.26499876f, -0.43938833f, -0.48220456f, -0.41510123f, -0.2956598f, -0.17840604f, -0.09236488f,
         -0.041345205f, -0.016079282f, -0.0054309396f, -0.0016167576f, -0.00040610912f, -0.000100526464f,
         -3.2988304e-5f, -1.0060406e-6f,
        -0.37612382f, -0.30918926f, -0.14649908f, 0.026786206f, 0.13836725f, 0.16753544f, 0.1387525f, 0.09015797f,
         0.048223376f, 0.021724638f, 0.008350023f, 0.002760308f, 0.00078905176f, 0.00019578826f, 4.228816e-5f,
         3.5344983e-6f,
        0.0f, 0.12607557f, 0.18212135f, 0.15066358f, 0.068857655f, -0.005296029f, -0.04362529f, -0.047414392f,
         -0.033724304f, -0.018553017f, -0.009603515f, -0.0029986212f, -0.001795436f, 6.872051e-5f, 0.00082547305f,
         -0.00013929947f,
        0.11227947f, 0.080688424f, 0.009220836f, -0.052790634f, -0.06882625f, -0.04710171f, -0.014971783f,
         0.0064863213f, 0.013010192f, 0.010641844f, 0.0061300322f, 0.0027710088f, 0.0010257649f, 0.00031784156f,
         8.347568e-5f, 0.00046831978f,
    };
    #define LUCID_LOOK_UP(table, k, at) _mm512_permutexvar_ps(at, _mm512_loadu_ps(table + 16 * k))
    static inline __attribute__((always_inline)) void lucid_erf(const float* x, float* out, Py_ssize_t n) {
        const __m512 shift = _mm512_set1_ps(2097152.0f);  /* floats from here on are a quarter apart */
        const __m512 reach = _mm512_set1_ps(3.95f), last = _mm512_set1_ps(3.75f);
        const __m512i sign = _mm512_set1_epi32((int)0x80000000u);
        for (; n > 0; n -= 16, x += 16, out += 16) {
            const __mmask16 present = n >= 16 ? 0xffff : (__mmask16)((1 << n) - 1);
            __m512 a = _mm512_maskz_loadu_ps(present, x);
            __m512 magnitude = _mm512_min_ps(reach, _mm512_abs_ps(a));  /* in this order it lets NaN pass */
            __m512 t = _mm512_add_ps(_mm512_min_ps(last, magnitude), shift);
            __m512 r = _mm512_sub_ps(magnitude, _mm512_sub_ps(t, shift));
            __m512i at = _mm512_castps_si512(t);
            __m512 y = LUCID_LOOK_UP(lucid_erf_pieces, 6, at);
            y = _mm512_fmadd_ps(y, r, LUCID_LOOK_UP(lucid_erf_pieces, 5, at));
            y = _mm512_fmadd_ps(y, r, LUCID_LOOK_UP(lucid_erf_pieces, 4, at));
            y = _mm512_fmadd_ps(y, r, LUCID_LOOK_UP(lucid_erf_pieces, 3, at));
            y = _mm512_fmadd_ps(y, r, LUCID_LOOK_UP(lucid_erf_pieces, 2, at));
            y = _mm512_add_ps(y, LUCID_LOOK_UP(lucid_erf_pieces, 1, at));
            y = _mm512_fmadd_ps(y, r, LUCID_LOOK_UP(lucid_erf_pieces, 0, at));
            y = _mm512_castsi512_ps(
                _mm512_ternarylogic_epi32(sign, _mm512_castps_si512(a), _mm512_castps_si512(y), 0xca));
            _mm512_mask_storeu_ps(out, present, y);
        }
    }
    /* The pieces of `table` (times x) for n <= 64 elements. To `out` where all lie within reach; if not, to `spare`,
       and the bits of those that do not are returned. */
    static inline __attribute__((always_inline)) uint64_t lucid_pieces(
        const float* table, int times_x, const float* x, float* out, float* spare, Py_ssize_t n
    ) {
        const __m512 shift = _mm512_set1_ps(4194304.0f);  /* floats from here on are half apart: the low bits are i */
        const __m512i base = _mm512_castps_si512(shift), beyond = _mm512_set1_epi32(~15);
        __m512i seen = _mm512_setzero_si512(), index[4];
        __m512 y[4];
        const uint64_t present = n >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1;
        uint64_t outside = 0;
        for (int v = 0; v < 4; v++) {
            __m512 a = _mm512_maskz_loadu_ps((__mmask16)(present >> 16 * v), x + 16 * v), magnitude = _mm512_abs_ps(a);
            __m512 t = _mm512_add_ps(magnitude, shift), r = _mm512_sub_ps(magnitude, _mm512_sub_ps(t, shift));
            __mmask16 positive = ~_mm512_movepi32_mask(_mm512_castps_si512(a));
            index[v] = _mm512_castps_si512(t);
            seen = _mm512_or_si512(seen, _mm512_xor_si512(index[v], base));
            #define LUCID_COEFFICIENT(k) LUCID_LOOK_UP(table, k, index[v])
            y[v] = LUCID_COEFFICIENT(5);
            y[v] = _mm512_fmadd_ps(y[v], r, LUCID_COEFFICIENT(4));
            y[v] = _mm512_fmadd_ps(y[v], r, LUCID_COEFFICIENT(3));
            y[v] = _mm512_fmadd_ps(y[v], r, LUCID_COEFFICIENT(2));
            y[v] = _mm512_fmadd_ps(y[v], r, LUCID_COEFFICIENT(1));
            y[v] = _mm512_fmadd_ps(y[v], r, LUCID_COEFFICIENT(0));
            y[v] = _mm512_mask_sub_ps(y[v], positive, _mm512_set1_ps(1.0f), y[v]);
            if (times_x) y[v] = _mm512_mul_ps(y[v], a);
        }
        if (__builtin_expect(_mm512_test_epi32_mask(seen, beyond) != 0, 0)) {
            for (int v = 0; v < 4; v++)
                outside |= (uint64_t)_mm512_test_epi32_mask(_mm512_xor_si512(index[v], base), beyond) << 16 * v;
            out = spare;
        }
        for (int v = 0; v < 4; v++)
            _mm512_mask_storeu_ps(out + 16 * v, (__mmask16)(present >> 16 * v), y[v]);
        return outside;
    }
    #else
    #define LUCID_PIECES 0
    #define lucid_pieces(table, times_x, x, out, spare, n) (~(uint64_t)0)
    #define lucid_erf(x, out, n)
    #define lucid_sigmoid_pieces 0
    #define lucid_normal_pieces 0
    #endif
    """
    const bint PIECES "LUCID_PIECES"
    const float* sigmoid_pieces "lucid_sigmoid_pieces"   # sigmoid
    const float* normal_pieces "lucid_normal_pieces"     # the normal distribution function
    void erf_pieces "lucid_erf"(const float* x, float* out, Py_ssize_t n) noexcept nogil
    uint64_t pieces "lucid_pieces"(
        const float* table, bint times_x, const float* x, float* out, float* spare, Py_ssize_t n) noexcept nogil
