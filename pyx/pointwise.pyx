"""Elementwise kernels: one per shape of call, the op chosen by its code.

A new op is a rule in `math.pxd`, a member of the enum and a branch in the run of its shape; the branch stands
outside the loop, which is the same contiguous loop for every op (`loops.pxd`). An op that a dtype does not have
raises ValueError: the run itself says so, so that no second list of what is supported can fall out of step.
"""
cimport math
from libc.math cimport INFINITY
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memcpy

from call cimport CHEAP_GRAIN, EXPENSIVE_GRAIN, call_t, halves_t, streams
from convert cimport BOOL, FLOAT, HALF, code_size
from halves cimport F16C, lanes_bfloat, lanes_half, narrow, put_bfloat, put_half, widen
from inlined cimport inlined_void
from loops cimport (RARE_BLOCK, TILE_BYTES, any_beyond, load, map1, map1_ab, map1_blocks, map1_pieces, map1_rare, map2,
                    map2_ab, map2_blocks, map3_a, map_pairs, next_row, operand_init, operand_t, plan_fits, run_length, select,
                    SHORT_ROW, test1, test2)
from pieces cimport PIECES, erf_pieces, normal_pieces, sigmoid_pieces
from simd cimport FLOATS, splat_float, vfloat
from threads cimport import_threads, parallel_for, task_t
from tasks cimport run_over
from types cimport element, floating, inexact, integer, number, real

import_threads()

cdef enum Op:
    # Arithmetic
    NEG, SQUARE, CUBE, ABS, SIGN, BITWISE_NOT, SGN, CONJ, CEIL, FLOOR, ROUND, TRUNC, FRAC, RECIPROCAL, DEG2RAD, RAD2DEG
    # Functions of one number
    EXP, EXP2, EXPM1, LOG, LOG2, LOG10, LOG1P, SQRT, RSQRT, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH,
    ASINH, ACOSH, ATANH, SINC, ERF, ERFC, NDTR, LGAMMA, ANGLE,
    ERFINV, ERFCX, LOG_NDTR, DIGAMMA, I0, I0E, I1, I1E, ENTR
    # Activations
    SIGMOID, LOG_SIGMOID, RELU, RELU6, SELU, GELU, GELU_TANH, SILU, MISH, HARDSIGMOID, HARDSWISH, SOFTSIGN,
    TANHSHRINK, LOGIT, SOFTPLUS, THRESHOLD, LEAKY_RELU, ELU, CELU, CLAMP, SOFTSHRINK, HARDSHRINK, LOGIT_EPS,
    HARDTANH
    # Two operands and a factor
    ADD_SCALED
    # Questions
    ISNAN, ISFINITE, LOGICAL_NOT, ISINF, ISPOSINF, ISNEGINF, SIGNBIT
    # Two operands
    ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, FMAX, FMIN, HEAVISIDE, FMOD, REMAINDER, TRUNC_DIVIDE, FLOOR_DIVIDE,
    POW, ATAN2, HYPOT, COPYSIGN, NEXTAFTER, PRELU, LOGADDEXP, LOGADDEXP2, XLOGY, XLOG1PY, BITWISE_AND, BITWISE_OR,
    BITWISE_XOR, LEFT_SHIFT, RIGHT_SHIFT, GCD, LCM, LDEXP
    # Comparisons
    EQ, NE, LOGICAL_AND, LOGICAL_OR, LOGICAL_XOR, LT, LE, GT, GE
    # Three operands
    ADDCMUL, CLAMP_TENSOR, LERP, ADDCDIV, NAN_TO_NUM

# By hand: a `cpdef enum` would cost 2 ms of the import and 380 kB of code.
codes = {
    "neg": NEG, "square": SQUARE, "cube": CUBE, "abs": ABS, "sign": SIGN, "bitwise_not": BITWISE_NOT, "sgn": SGN,
    "conj": CONJ,
    "ceil": CEIL, "floor": FLOOR, "round": ROUND, "trunc": TRUNC, "frac": FRAC, "reciprocal": RECIPROCAL, "deg2rad": DEG2RAD,
    "rad2deg": RAD2DEG, "exp": EXP, "exp2": EXP2, "expm1": EXPM1, "log": LOG, "log2": LOG2, "log10": LOG10,
    "log1p": LOG1P, "sqrt": SQRT, "rsqrt": RSQRT, "sin": SIN, "cos": COS, "tan": TAN, "asin": ASIN, "acos": ACOS,
    "atan": ATAN, "sinh": SINH, "cosh": COSH, "tanh": TANH, "asinh": ASINH, "acosh": ACOSH, "atanh": ATANH,
    "sinc": SINC, "erf": ERF, "erfc": ERFC, "ndtr": NDTR, "lgamma": LGAMMA, "angle": ANGLE, "erfinv": ERFINV,
    "erfcx": ERFCX, "log_ndtr": LOG_NDTR, "digamma": DIGAMMA, "i0": I0, "i0e": I0E, "i1": I1, "i1e": I1E,
    "entr": ENTR, "sigmoid": SIGMOID, "log_sigmoid": LOG_SIGMOID, "relu": RELU, "relu6": RELU6, "selu": SELU,
    "gelu": GELU, "gelu_tanh": GELU_TANH, "silu": SILU, "mish": MISH, "hardsigmoid": HARDSIGMOID,
    "hardswish": HARDSWISH, "softsign": SOFTSIGN, "tanhshrink": TANHSHRINK, "logit": LOGIT, "softplus": SOFTPLUS,
    "threshold": THRESHOLD, "leaky_relu": LEAKY_RELU, "elu": ELU, "celu": CELU, "clamp": CLAMP,
    "softshrink": SOFTSHRINK, "hardshrink": HARDSHRINK, "logit_eps": LOGIT_EPS, "hardtanh": HARDTANH,
    "add_scaled": ADD_SCALED, "isnan": ISNAN, "isfinite": ISFINITE, "logical_not": LOGICAL_NOT, "isinf": ISINF,
    "isposinf": ISPOSINF, "isneginf": ISNEGINF, "signbit": SIGNBIT, "add": ADD, "sub": SUB, "mul": MUL, "div": DIV,
    "maximum": MAXIMUM, "minimum": MINIMUM, "fmax": FMAX, "fmin": FMIN, "heaviside": HEAVISIDE, "fmod": FMOD,
    "remainder": REMAINDER, "trunc_divide": TRUNC_DIVIDE, "floor_divide": FLOOR_DIVIDE, "pow": POW, "atan2": ATAN2,
    "hypot": HYPOT, "copysign": COPYSIGN, "nextafter": NEXTAFTER, "logaddexp": LOGADDEXP, "logaddexp2": LOGADDEXP2,
    "xlogy": XLOGY, "xlog1py": XLOG1PY, "bitwise_and": BITWISE_AND, "bitwise_or": BITWISE_OR,
    "bitwise_xor": BITWISE_XOR, "left_shift": LEFT_SHIFT, "right_shift": RIGHT_SHIFT, "gcd": GCD, "lcm": LCM,
    "ldexp": LDEXP, "eq": EQ, "ne": NE, "logical_and": LOGICAL_AND, "logical_or": LOGICAL_OR,
    "logical_xor": LOGICAL_XOR, "prelu": PRELU, "lt": LT, "le": LE, "gt": GT, "ge": GE, "addcmul": ADDCMUL,
    "clamp_tensor": CLAMP_TENSOR, "lerp": LERP, "addcdiv": ADDCDIV, "nan_to_num": NAN_TO_NUM,
}


# ---- Runs: one contiguous stretch; whether the op exists for the dtype ------------------------------------------

cdef bint unary_run(const call_t* c, const number** at, void* to, Py_ssize_t n) noexcept nogil:
    cdef int op = c.op
    cdef const number* x = at[0]
    cdef number* out = <number*>to
    if op == NEG:
        map1(math.neg_[number], x, out, n)
        return True
    if op == SQUARE:
        map1(math.square_[number], x, out, n)
        return True
    if number in real:
        if op == ABS:
            map1(math.abs_[number], x, out, n)
            return True
        if op == SIGN:
            map1(math.sign_[number], x, out, n)
            return True
    if number in floating:
        if op == CUBE:
            map1(math.cube_[number], x, out, n)
        elif op == CEIL:
            map1(math.ceil_[number], x, out, n)
        elif op == FLOOR:
            map1(math.floor_[number], x, out, n)
        elif op == ROUND:
            map1(math.round_[number], x, out, n)
        elif op == TRUNC:
            map1(math.trunc_[number], x, out, n)
        elif op == FRAC:
            map1(math.frac_[number], x, out, n)
        elif op == RECIPROCAL:
            map1(math.reciprocal_[number], x, out, n)
        elif op == DEG2RAD:
            map1(math.deg2rad_[number], x, out, n)
        elif op == RAD2DEG:
            map1(math.rad2deg_[number], x, out, n)
        elif op == EXP:
            map1_blocks(math.exp_[number], x, out, n)
        elif op == EXP2:
            map1_blocks(math.exp2_[number], x, out, n)
        elif op == EXPM1:
            map1_blocks(math.expm1_[number], x, out, n)
        elif op == LOG:
            map1_blocks(math.log_[number], x, out, n)
        elif op == LOG2:
            map1_blocks(math.log2_[number], x, out, n)
        elif op == LOG10:
            map1_blocks(math.log10_[number], x, out, n)
        elif op == LOG1P:
            map1_blocks(math.log1p_[number], x, out, n)
        elif op == SQRT:
            map1(math.sqrt_[number], x, out, n)
        elif op == RSQRT:
            map1(math.rsqrt_[number], x, out, n)
        elif op == SIN:
            map1_rare(math.sin_[number], math.TRIG_LIMIT, math.sin_far_[number], x, out, n)
        elif op == COS:
            map1_rare(math.cos_[number], math.TRIG_LIMIT, math.cos_far_[number], x, out, n)
        elif op == TAN:
            map1_rare(math.tan_[number], math.TRIG_LIMIT, math.tan_far_[number], x, out, n)
        elif op == ASIN:
            map1_blocks(math.asin_[number], x, out, n)
        elif op == ACOS:
            map1_blocks(math.acos_[number], x, out, n)
        elif op == ATAN:
            map1_blocks(math.atan_[number], x, out, n)
        elif op == SINH:
            map1_blocks(math.sinh_[number], x, out, n)
        elif op == COSH:
            map1_blocks(math.cosh_[number], x, out, n)
        elif op == TANH:
            map1_blocks(math.tanh_[number], x, out, n)
        elif op == ASINH:
            map1_blocks(math.asinh_[number], x, out, n)
        elif op == ACOSH:
            map1_blocks(math.acosh_[number], x, out, n)
        elif op == ATANH:
            map1_blocks(math.atanh_[number], x, out, n)
        elif op == SINC:
            map1_rare(math.sinc_[number], math.SINC_LIMIT, math.sinc_far_[number], x, out, n)
        elif op == ERF:
            if number is float and PIECES:  # at most 1.43 ULP for all x
                erf_pieces(x, out, n)
            else:
                map1_blocks(math.erf_[number], x, out, n)
        elif op == ERFC:
            map1_blocks(math.erfc_[number], x, out, n)
        elif op == NDTR:
            map1_blocks(math.ndtr_[number], x, out, n)
        elif op == LGAMMA:
            map1_blocks(math.lgamma_[number], x, out, n)
        elif op == ERFINV:
            map1_blocks(math.erfinv_[number], x, out, n)
        elif op == ERFCX:
            map1_blocks(math.erfcx_of_[number], x, out, n)
        elif op == LOG_NDTR:
            map1_blocks(math.log_ndtr_[number], x, out, n)
        elif op == DIGAMMA:
            map1_blocks(math.digamma_of_[number], x, out, n)
        elif op == I0:
            map1_blocks(math.i0_[number], x, out, n)
        elif op == I0E:
            map1_blocks(math.i0e_[number], x, out, n)
        elif op == I1:
            map1_blocks(math.i1_[number], x, out, n)
        elif op == I1E:
            map1_blocks(math.i1e_[number], x, out, n)
        elif op == ENTR:
            map1_blocks(math.entr_[number], x, out, n)
        elif op == SIGMOID:
            map1_pieces(math.sigmoid_[number], sigmoid_pieces, False, x, out, n)
        elif op == LOG_SIGMOID:
            map1_blocks(math.log_sigmoid_[number], x, out, n)
        elif op == RELU:
            map1(math.relu_[number], x, out, n)
        elif op == RELU6:
            map1(math.relu6_[number], x, out, n)
        elif op == SELU:
            map1_blocks(math.selu_[number], x, out, n)
        elif op == GELU:
            map1_pieces(math.gelu_[number], normal_pieces, True, x, out, n)
        elif op == GELU_TANH:
            map1_blocks(math.gelu_tanh_[number], x, out, n)
        elif op == SILU:
            map1_pieces(math.silu_[number], sigmoid_pieces, True, x, out, n)
        elif op == MISH:
            map1_blocks(math.mish_[number], x, out, n)
        elif op == HARDSIGMOID:
            map1(math.hardsigmoid_[number], x, out, n)
        elif op == HARDSWISH:
            map1(math.hardswish_[number], x, out, n)
        elif op == SOFTSIGN:
            map1(math.softsign_[number], x, out, n)
        elif op == TANHSHRINK:
            map1_blocks(math.tanhshrink_[number], x, out, n)
        elif op == LOGIT:
            map1_blocks(math.logit_[number], x, out, n)
        else:
            return False
    elif number in integer:
        if op == BITWISE_NOT:
            map1(math.bitwise_not_[number], x, out, n)
        else:
            return False
    else:
        if op == RECIPROCAL:
            map1(math.reciprocal_[number], x, out, n)
        elif op == SQRT:
            map1(math.csqrt_[number], x, out, n)
        elif op == EXP:
            map1(math.cexp_[number], x, out, n)
        elif op == LOG:
            map1(math.clog_[number], x, out, n)
        elif op == LOG2:
            map1(math.clog2_[number], x, out, n)
        elif op == LOG10:
            map1(math.clog10_[number], x, out, n)
        elif op == SIN:
            map1(math.csin_[number], x, out, n)
        elif op == COS:
            map1(math.ccos_[number], x, out, n)
        elif op == TAN:
            map1(math.ctan_[number], x, out, n)
        elif op == ASIN:
            map1(math.casin_[number], x, out, n)
        elif op == ACOS:
            map1(math.cacos_[number], x, out, n)
        elif op == ATAN:
            map1(math.catan_[number], x, out, n)
        elif op == SINH:
            map1(math.csinh_[number], x, out, n)
        elif op == COSH:
            map1(math.ccosh_[number], x, out, n)
        elif op == TANH:
            map1(math.ctanh_[number], x, out, n)
        elif op == ASINH:
            map1(math.casinh_[number], x, out, n)
        elif op == ACOSH:
            map1(math.cacosh_[number], x, out, n)
        elif op == ATANH:
            map1(math.catanh_[number], x, out, n)
        elif op == SIGMOID:
            map1(math.csigmoid_[number], x, out, n)
        elif op == SGN:
            map1(math.csgn_[number], x, out, n)
        elif op == CONJ:
            map1(math.conj_[number], x, out, n)
        else:
            return False
    return True


cdef bint unary_param_run(const call_t* c, const floating** at, void* to, Py_ssize_t n) noexcept nogil:
    cdef int op = c.op
    cdef const floating* x = at[0]
    cdef floating a = <floating>c.a, b = <floating>c.b
    cdef floating* out = <floating*>to
    if op == SOFTPLUS:
        map1_ab(math.softplus_[floating], x, a, b, out, n)
    elif op == THRESHOLD:
        map1_ab(math.threshold_[floating], x, a, b, out, n)
    elif op == LEAKY_RELU:
        map1_ab(math.leaky_relu_[floating], x, a, b, out, n)
    elif op == ELU:
        map1_ab(math.elu_[floating], x, a, b, out, n)
    elif op == CELU:
        map1_ab(math.celu_[floating], x, a, b, out, n)
    elif op == CLAMP:
        map1_ab(math.clamp_[floating], x, a, b, out, n)
    elif op == SOFTSHRINK:
        map1_ab(math.softshrink_[floating], x, a, b, out, n)
    elif op == HARDSHRINK:
        map1_ab(math.hardshrink_[floating], x, a, b, out, n)
    elif op == LOGIT_EPS:
        map1_ab(math.logit_eps_[floating], x, a, b, out, n)
    else:
        return False
    return True


cdef bint backward_run(const call_t* c, const floating** at, void* to, Py_ssize_t n) noexcept nogil:
    cdef int op = c.op
    cdef const floating* g = at[0]
    cdef const floating* x = at[1]
    cdef floating a = <floating>c.a, b = <floating>c.b
    cdef floating* out = <floating*>to
    if op == SIGMOID:
        map2_ab(math.sigmoid_backward_[floating], g, x, a, b, out, n)
    elif op == TANH:
        map2_ab(math.tanh_backward_[floating], g, x, a, b, out, n)
    elif op == LOG_SIGMOID:
        map2_ab(math.log_sigmoid_backward_[floating], g, x, a, b, out, n)
    elif op == SOFTPLUS:
        map2_ab(math.softplus_backward_[floating], g, x, a, b, out, n)
    elif op == THRESHOLD:
        map2_ab(math.threshold_backward_[floating], g, x, a, b, out, n)
    elif op == LEAKY_RELU:
        map2_ab(math.leaky_relu_backward_[floating], g, x, a, b, out, n)
    elif op == ELU:
        map2_ab(math.elu_backward_[floating], g, x, a, b, out, n)
    elif op == CELU:
        map2_ab(math.celu_backward_[floating], g, x, a, b, out, n)
    elif op == SELU:
        map2_ab(math.selu_backward_[floating], g, x, a, b, out, n)
    elif op == GELU:
        map2_ab(math.gelu_backward_[floating], g, x, a, b, out, n)
    elif op == GELU_TANH:
        map2_ab(math.gelu_tanh_backward_[floating], g, x, a, b, out, n)
    elif op == SILU:
        map2_ab(math.silu_backward_[floating], g, x, a, b, out, n)
    elif op == MISH:
        map2_ab(math.mish_backward_[floating], g, x, a, b, out, n)
    elif op == CLAMP:
        map2_ab(math.clamp_backward_[floating], g, x, a, b, out, n)
    elif op == HARDTANH:
        map2_ab(math.hardtanh_backward_[floating], g, x, a, b, out, n)
    elif op == HARDSIGMOID:
        map2_ab(math.hardsigmoid_backward_[floating], g, x, a, b, out, n)
    elif op == HARDSWISH:
        map2_ab(math.hardswish_backward_[floating], g, x, a, b, out, n)
    elif op == SOFTSHRINK or op == HARDSHRINK:
        map2_ab(math.shrink_backward_[floating], g, x, a, b, out, n)
    elif op == ADD_SCALED:
        map2_ab(math.add_scaled_[floating], g, x, a, b, out, n)
    else:
        return False
    return True


cdef bint predicate_run(int op, const number* x, uint8_t* out, Py_ssize_t n) noexcept nogil:
    if op == ISNAN:
        test1(math.isnan_[number], x, out, n)
        return True
    if op == ISFINITE:
        test1(math.isfinite_[number], x, out, n)
        return True
    if op == LOGICAL_NOT:
        test1(math.logical_not_[number], x, out, n)
        return True
    if number in real:
        if op == ISINF:
            test1(math.isinf_[number], x, out, n)
            return True
        if op == ISPOSINF:
            test1(math.isposinf_[number], x, out, n)
            return True
        if op == ISNEGINF:
            test1(math.isneginf_[number], x, out, n)
            return True
        if op == SIGNBIT:
            test1(math.signbit_[number], x, out, n)
            return True
    else:
        if op == ISINF:
            test1(math.cisinf_[number], x, out, n)
            return True
    return False


cdef bint complex_to_real_run(int op, const floating* x, floating* out, Py_ssize_t n) noexcept nogil:
    if op == ABS:
        map_pairs(math.hypot_[floating], x, out, n)
    elif op == ANGLE:
        map_pairs(math.angle_[floating], x, out, n)
    else:
        return False
    return True


cdef void remainder_run(int op, const floating* x, const floating* y, floating* out, Py_ssize_t n) noexcept nogil:
    """What a division leaves, and what is made of it: the remainder of the other sign, the quotient."""
    cdef floating left[RARE_BLOCK]
    cdef Py_ssize_t size, i
    while n > 0:
        size = min(RARE_BLOCK, n)
        map2_blocks(math.fmod_near_[floating], x, y, left, size)
        if any_beyond(left, <floating>INFINITY, size):
            for i in range(size):
                if left[i] != left[i]:
                    left[i] = math.fmod_(x[i], y[i])
        if op == REMAINDER:
            map2(math.turned_[floating], left, y, out, size)
        elif op == FLOOR_DIVIDE:
            for i in range(size):
                out[i] = math.whole_quotient_(x[i], y[i], left[i])
        else:
            memcpy(out, left, size * sizeof(floating))
        x += size
        y += size
        out += size
        n -= size


cdef inline bint all_near(const math.wide* x, const math.wide* y, Py_ssize_t n) noexcept nogil:
    """Whether `trunc_divide_near_` is exact for all."""
    cdef math.wide bits = 0
    cdef Py_ssize_t i
    if math.wide is int64_t:
        for i in range(n):
            bits |= (x[i] ^ x[i] >> 63) | (y[i] ^ y[i] >> 63)
        return bits >> 52 == 0
    else:
        return True


cdef void divide_run(int op, const math.wide* x, const math.wide* y, math.wide* out, Py_ssize_t n) noexcept nogil:
    """The quotients of whole numbers, and what they leave."""
    cdef math.wide q[RARE_BLOCK]
    cdef Py_ssize_t size, i
    while n > 0:
        size = min(RARE_BLOCK, n)
        if all_near(x, y, size):
            map2_blocks(math.trunc_divide_near_[math.wide], x, y, q, size)
        else:
            map2(math.trunc_divide_[math.wide], x, y, q, size)
        if op == TRUNC_DIVIDE:
            memcpy(out, q, size * sizeof(math.wide))
        elif op == FLOOR_DIVIDE:
            for i in range(size):
                out[i] = math.rounded_down_(q[i], y[i], math.left_over_(x[i], y[i], q[i]))
        elif op == FMOD:
            for i in range(size):
                out[i] = math.left_over_(x[i], y[i], q[i])
        else:
            for i in range(size):
                out[i] = math.turned_(math.left_over_(x[i], y[i], q[i]), y[i])
        x += size
        y += size
        out += size
        n -= size


cdef bint binary_run(const call_t* c, const number** at, void* to, Py_ssize_t n) noexcept nogil:
    cdef int op = c.op
    cdef const number* x = at[0]
    cdef const number* y = at[1]
    cdef number* out = <number*>to
    if op == ADD:
        map2(math.add_[number], x, y, out, n)
        return True
    if op == SUB:
        map2(math.sub_[number], x, y, out, n)
        return True
    if op == MUL:
        map2(math.mul_[number], x, y, out, n)
        return True
    if number in real:
        if op == MAXIMUM:
            map2(math.maximum_[number], x, y, out, n)
            return True
        if op == MINIMUM:
            map2(math.minimum_[number], x, y, out, n)
            return True
        if op == FMAX:
            map2(math.fmax_[number], x, y, out, n)
            return True
        if op == FMIN:
            map2(math.fmin_[number], x, y, out, n)
            return True
        if op == HEAVISIDE:
            map2(math.heaviside_[number], x, y, out, n)
            return True
        if number is int32_t or number is int64_t:
            if op == FMOD or op == REMAINDER or op == FLOOR_DIVIDE or op == TRUNC_DIVIDE:
                divide_run(op, x, y, out, n)
                return True
        elif number in integer:
            if op == FMOD:
                map2(math.fmod_[number], x, y, out, n)
                return True
            if op == REMAINDER:
                map2(math.remainder_[number], x, y, out, n)
                return True
            if op == FLOOR_DIVIDE:
                map2(math.floor_divide_[number], x, y, out, n)
                return True
        elif op == FMOD or op == REMAINDER or op == FLOOR_DIVIDE:
            remainder_run(op, x, y, out, n)
            return True
        if op == TRUNC_DIVIDE:
            map2(math.trunc_divide_[number], x, y, out, n)
            return True
    if number in floating:
        if op == DIV:
            map2(math.div_[number], x, y, out, n)
        elif op == POW:
            map2_blocks(math.pow_[number], x, y, out, n)
        elif op == ATAN2:
            map2_blocks(math.atan2_[number], x, y, out, n)
        elif op == HYPOT:
            map2_blocks(math.hypot_[number], x, y, out, n)
        elif op == COPYSIGN:
            map2(math.copysign_[number], x, y, out, n)
        elif op == NEXTAFTER:
            map2(math.nextafter_[number], x, y, out, n)
        elif op == LOGADDEXP:
            map2_blocks(math.logaddexp_[number], x, y, out, n)
        elif op == LOGADDEXP2:
            map2_blocks(math.logaddexp2_[number], x, y, out, n)
        elif op == XLOGY:
            map2_blocks(math.xlogy_[number], x, y, out, n)
        elif op == XLOG1PY:
            map2_blocks(math.xlog1py_[number], x, y, out, n)
        elif op == LDEXP:
            map2(math.ldexp_[number], x, y, out, n)
        elif op == PRELU:
            map2(math.prelu_[number], x, y, out, n)
        else:
            return False
    elif number in integer:
        if op == BITWISE_AND:
            map2(math.bitwise_and_[number], x, y, out, n)
        elif op == BITWISE_OR:
            map2(math.bitwise_or_[number], x, y, out, n)
        elif op == BITWISE_XOR:
            map2(math.bitwise_xor_[number], x, y, out, n)
        elif op == LEFT_SHIFT:
            map2(math.left_shift_[number], x, y, out, n)
        elif op == RIGHT_SHIFT:
            map2(math.right_shift_[number], x, y, out, n)
        elif op == GCD:
            map2(math.gcd_[number], x, y, out, n)
        elif op == LCM:
            map2(math.lcm_[number], x, y, out, n)
        elif op == POW:
            map2(math.integer_pow_[number], x, y, out, n)
        else:
            return False
    else:
        if op == DIV:
            map2(math.div_[number], x, y, out, n)
        elif op == POW:
            map2(math.cpow_[number], x, y, out, n)
        else:
            return False
    return True


cdef bint compare_run(const call_t* c, const number** at, void* to, Py_ssize_t n) noexcept nogil:
    cdef int op = c.op
    cdef const number* x = at[0]
    cdef const number* y = at[1]
    cdef uint8_t* out = <uint8_t*>to
    if op == EQ:
        test2(math.eq_[number], x, y, out, n)
        return True
    if op == NE:
        test2(math.ne_[number], x, y, out, n)
        return True
    if op == LOGICAL_AND:
        test2(math.logical_and_[number], x, y, out, n)
        return True
    if op == LOGICAL_OR:
        test2(math.logical_or_[number], x, y, out, n)
        return True
    if op == LOGICAL_XOR:
        test2(math.logical_xor_[number], x, y, out, n)
        return True
    if number in real:
        if op == LT:
            test2(math.lt_[number], x, y, out, n)
            return True
        if op == LE:
            test2(math.le_[number], x, y, out, n)
            return True
        if op == GT:
            test2(math.gt_[number], x, y, out, n)
            return True
        if op == GE:
            test2(math.ge_[number], x, y, out, n)
            return True
    return False


cdef inline void nan_to_num_loop(const floating* x, floating high, floating low, floating nan, floating* out,
                                 Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = math.nan_to_num_(x[i], high, low, nan)


cdef bint ternary_run(const call_t* c, const number** at, void* to, Py_ssize_t n) noexcept nogil:
    cdef int op = c.op
    cdef const number* x = at[0]
    cdef const number* y = at[1]
    cdef const number* z = at[2]
    cdef number a = <number>c.a
    cdef number* out = <number*>to
    if op == ADDCMUL:
        map3_a(math.addcmul_[number], x, y, z, a, out, n)
        return True
    if number in real:
        if op == CLAMP_TENSOR:
            map3_a(math.clamp_tensor_[number], x, y, z, a, out, n)
            return True
    if number in floating:
        if op == NAN_TO_NUM:    # y and z are numbers
            nan_to_num_loop(x, y[0], z[0], a, out, n)
            return True
    if number in inexact:
        if op == LERP:
            map3_a(math.lerp_[number], x, y, z, a, out, n)
            return True
        if op == ADDCDIV:
            map3_a(math.addcdiv_[number], x, y, z, a, out, n)
            return True
    return False


# ---- Tasks: the first parameter is really a call_t; its declared type only chooses the specialisation -----------

cdef void unary_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    run_over(unary_run[number], 1, sizeof(number), ctx, lo, hi)


cdef void unary_param_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    run_over(unary_param_run[floating], 1, sizeof(floating), ctx, lo, hi)


cdef void backward_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    run_over(backward_run[floating], 2, sizeof(floating), ctx, lo, hi)


cdef inline void beside_number(int op, const floating* x, floating y, floating* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if op == ADD or op == SUB:
        y = -y if op == SUB else y
        for i in range(n):
            out[i] = x[i] + y
    elif op == MUL:
        for i in range(n):
            out[i] = x[i] * y
    else:
        for i in range(n):
            out[i] = x[i] / y


cdef inline void behind_number(int op, floating x, const floating* y, floating* out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if op == SUB:
        for i in range(n):
            out[i] = x - y[i]
    elif op == DIV:
        for i in range(n):
            out[i] = x / y[i]
    else:
        beside_number(op, y, x, out, n)


cdef bint arithmetic_by_rows(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """The commonest operations where one operand is a number for each row, which is not written to a tile first: an outer product
    takes 0.6 of the time, a product by a column 0.75. False where they are others, or rows are short."""
    cdef call_t* c = <call_t*>ctx
    cdef operand_t a, b
    cdef const floating* x
    cdef const floating* y
    cdef Py_ssize_t n, ndim, size, x_step, y_step
    if c.plan == NULL or c.streams or not (c.op == ADD or c.op == SUB or c.op == MUL or c.op == DIV):
        return False
    ndim = c.plan[0]
    size, x_step, y_step = c.plan[ndim], c.plan[1 + 2 * ndim], c.plan[2 + 3 * ndim]
    if size < SHORT_ROW or not ((x_step == 1 and y_step == 0) or (x_step == 0 and y_step == 1)):
        return False
    operand_init(&a, c.x, sizeof(floating), c.plan, 0, lo)
    operand_init(&b, c.y, sizeof(floating), c.plan, 1, lo)
    while lo < hi:
        n = min(size - a.column, hi - lo)
        x = <const floating*>a.data + a.offset + a.column * x_step
        y = <const floating*>b.data + b.offset + b.column * y_step
        if x_step:
            beside_number(c.op, x, y[0], <floating*>c.out + lo, n)
        else:
            behind_number(c.op, x[0], y, <floating*>c.out + lo, n)
        lo += n
        a.column += n
        b.column += n
        if a.column == size:
            next_row(&a)
            next_row(&b)
    return True


cdef void binary_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    if number in floating:
        if arithmetic_by_rows(ctx, lo, hi):
            return
    run_over(binary_run[number], 2, sizeof(number), ctx, lo, hi)


cdef void compare_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    run_over(compare_run[number], 2, 1, ctx, lo, hi)


cdef void ternary_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    if number in floating:
        if c.op == NAN_TO_NUM and c.plan != NULL and c.plan[0] == 1 and c.plan[3] == 1 and not c.streams:
            # One row: in tiles it takes 1.3 times as long.
            nan_to_num_loop(<const number*>c.x + c.plan[2] + lo, (<const number*>c.y)[c.plan[4]], (<const number*>c.z)[c.plan[6]],
                            <number>c.a, <number*>c.out + lo, hi - lo)
            return
    run_over(ternary_run[number], 3, sizeof(number), ctx, lo, hi)


cdef void predicate_task(number* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    if not predicate_run(c.op, <const number*>c.x + lo, <uint8_t*>c.out + lo, hi - lo):
        c.unknown = True


cdef void complex_to_real_task(floating* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    if not complex_to_real_run(c.op, <const floating*>c.x + 2 * lo, <floating*>c.out + lo, hi - lo):
        c.unknown = True


cdef void where_task(element* ctx, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    cdef call_t* c = <call_t*>ctx
    cdef operand_t operands[3]
    cdef char tiles[3][TILE_BYTES]
    cdef const uint8_t* cond
    cdef const element* x
    cdef const element* y
    cdef Py_ssize_t n
    operand_init(&operands[0], c.x, 1, c.plan, 0, lo)
    operand_init(&operands[1], c.y, sizeof(element), c.plan, 1, lo)
    operand_init(&operands[2], c.z, sizeof(element), c.plan, 2, lo)
    while lo < hi:
        n = run_length(operands, 3, hi - lo, TILE_BYTES // sizeof(element))
        cond = load(&operands[0], <uint8_t*>tiles[0], n)
        x = load(&operands[1], <element*>tiles[1], n)
        y = load(&operands[2], <element*>tiles[2], n)
        select(cond, x, y, <element*>c.out + lo, n)
        lo += n


# ---- Half precision: a task of float32, over what its operands are converted to --------------------------------

cdef enum:
    HALVES_TILE = 1024                    # elements
    HALVES_STEP = 4 * HALVES_TILE + 320   # bytes from tile to tile: a store does not look like one to the load after it


cdef inline vfloat lanes(const uint16_t* x, bint half) noexcept nogil:
    """As many elements as a vector of float32 has."""
    return lanes_half(x) if half else lanes_bfloat(x)


cdef inline void lanes_step(int op, const uint16_t* x, const uint16_t* y, vfloat scalar, uint16_t* out, bint half) noexcept nogil:
    cdef vfloat a = lanes(x, half), b = scalar
    if y != NULL:
        b = lanes(y, half)
    a = a + b if op == ADD else a - b if op == SUB else a * b if op == MUL else a / b
    if half:
        put_half(out, a)
    else:
        put_bfloat(out, a)


cdef inline inlined_void lanes_loop(int op, const uint16_t* x, const uint16_t* y, float scalar, uint16_t* out, Py_ssize_t n,
                                    bint half) noexcept nogil:
    """Arithmetic on n elements and as many others, or a number if `y` is NULL."""
    cdef uint16_t last[2][16]
    cdef vfloat beside = splat_float(scalar)
    cdef const uint16_t* at
    cdef Py_ssize_t i = 0
    while i + FLOATS <= n:
        at = NULL
        if y != NULL:
            at = y + i
        lanes_step(op, x + i, at, beside, out + i, half)
        i += FLOATS
    if i < n:
        memcpy(last[0], x + i, (n - i) * sizeof(uint16_t))
        at = NULL
        if y != NULL:
            memcpy(last[1], y + i, (n - i) * sizeof(uint16_t))
            at = last[1]
        lanes_step(op, last[0], at, beside, last[0], half)
        memcpy(out + i, last[0], (n - i) * sizeof(uint16_t))


cdef inline inlined_void lanes_run(int op, const uint16_t* x, const uint16_t* y, float scalar, uint16_t* out, Py_ssize_t n,
                                   bint half) noexcept nogil:
    if op == ADD:
        lanes_loop(ADD, x, y, scalar, out, n, half)
    elif op == SUB:
        lanes_loop(SUB, x, y, scalar, out, n, half)
    elif op == MUL:
        lanes_loop(MUL, x, y, scalar, out, n, half)
    else:
        lanes_loop(DIV, x, y, scalar, out, n, half)


cdef void arithmetic_halves(int op, const uint16_t* x, const uint16_t* y, float scalar, uint16_t* out, Py_ssize_t n,
                            bint half) noexcept nogil:
    if half and y == NULL:
        lanes_run(op, x, NULL, scalar, out, n, True)
    elif half:
        lanes_run(op, x, y, scalar, out, n, True)
    elif y == NULL:
        lanes_run(op, x, NULL, scalar, out, n, False)
    else:
        lanes_run(op, x, y, scalar, out, n, False)


cdef void halves_task(halves_t* h, Py_ssize_t lo, Py_ssize_t hi) noexcept nogil:
    """Tile by tile; bools, operands or results, are what the task takes.

    Arithmetic is done between two conversions in registers: in tiles, a million elements take 1.5 to 2 times as long.
    """
    cdef call_t c = h.call
    cdef const char* at[3]
    cdef operand_t given[3]
    cdef char space[4 * HALVES_STEP + 64]
    cdef int16_t tile[3][HALVES_TILE]
    cdef char* tiles = <char*>((<size_t>space + 63) & ~<size_t>63)
    cdef char* result = tiles + 3 * HALVES_STEP
    cdef char* wide
    cdef char* out
    cdef Py_ssize_t n
    cdef bint half = h.out_code == HALF, arithmetic
    cdef int k
    at[0], at[1], at[2] = c.x, c.y, c.z
    for k in range(h.operands):
        operand_init(&given[k], at[k], code_size(h.codes[k]), c.plan, k, lo)
    c.plan = NULL
    arithmetic = (F16C and h.task == <task_t>binary_task[float] and h.codes[0] != FLOAT
                  and (c.op == ADD or c.op == SUB or c.op == MUL or c.op == DIV))
    while lo < hi:
        n = run_length(given, h.operands, hi - lo, HALVES_TILE)
        out = h.call.out + lo * code_size(h.out_code)
        lo += n
        if arithmetic:
            at[0] = <const char*>load(&given[0], tile[0], n)
            if h.codes[1] == FLOAT:
                arithmetic_halves(c.op, <const uint16_t*>at[0], NULL, (<const float*>given[1].data)[0], <uint16_t*>out, n, half)
            else:
                at[1] = <const char*>load(&given[1], tile[1], n)
                arithmetic_halves(c.op, <const uint16_t*>at[0], <const uint16_t*>at[1], 0, <uint16_t*>out, n, half)
            continue
        for k in range(h.operands):
            wide = tiles + k * HALVES_STEP
            if h.codes[k] == BOOL:
                at[k] = <const char*>load(&given[k], <uint8_t*>tile[k], n)
            elif h.codes[k] == FLOAT:
                at[k] = <const char*>load(&given[k], <float*>wide, n)
            else:
                widen(<const uint16_t*>load(&given[k], tile[k], n), <float*>wide, n, h.codes[k] == HALF)
                at[k] = wide
        c.x, c.y, c.z, c.out = at[0], at[1], at[2], out if h.out_code == BOOL else result
        h.task(&c, 0, n)
        if c.unknown:
            h.call.unknown = True
            return
        if h.out_code != BOOL:
            narrow(<const float*>result, <uint16_t*>out, n, half)


halves = <size_t>halves_task    # for core, which enters what it is told


# ---- Kernels ----------------------------------------------------------------------------------------------------

cdef int run(task_t task, call_t* c, Py_ssize_t n, Py_ssize_t grain, Py_ssize_t itemsize=0) except -1:
    """Without `itemsize`, that of the result, the task stores in the usual way."""
    c.unknown = False
    c.streams = itemsize and streams(c, n * itemsize, grain)
    parallel_for(task, c, n, grain)
    if c.unknown:
        name = next((name for name, code in codes.items() if code == c.op), c.op)
        raise ValueError(f"no kernel for op {name!r} with these arguments' shape and dtype")
    return 0


cdef int check(const Py_ssize_t[::1] plan, call_t* c, Py_ssize_t n, const Py_ssize_t* lengths,
               int operands) except -1:
    """Put the plan into the call, once it is known that operands of these lengths are long enough."""
    cdef int k
    c.plan = NULL
    if plan is None:
        for k in range(operands):
            if lengths[k] < n:
                raise ValueError(f"operand {k} has {lengths[k]} elements, the result has {n}")
    elif plan_fits(plan, operands, n, lengths):
        c.plan = &plan[0]
    else:
        raise ValueError("the plan does not fit the buffers")
    return 0


def unary(const number[::1] x, number[::1] out, int op, /):
    cdef call_t c
    cdef Py_ssize_t[1] lengths = [x.shape[0]]
    check(None, &c, out.shape[0], lengths, 1)
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&x[0]
    c.y = NULL
    c.out = <char*>&out[0]
    run(<task_t>unary_task[number], &c, out.shape[0], EXPENSIVE_GRAIN if op >= EXP else CHEAP_GRAIN, sizeof(number))


def unary_param(const floating[::1] x, floating[::1] out, int op, double a=0, double b=0, /):
    cdef call_t c
    cdef Py_ssize_t[1] lengths = [x.shape[0]]
    check(None, &c, out.shape[0], lengths, 1)
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&x[0]
    c.y = NULL
    c.out = <char*>&out[0]
    c.a = a
    c.b = b
    run(<task_t>unary_param_task[floating], &c, out.shape[0], CHEAP_GRAIN, sizeof(floating))


def backward(const floating[::1] g, const floating[::1] x, floating[::1] out, int op, double a=0, double b=0, /):
    """`x` is the input, or the output for the ops whose gradient is written in it (sigmoid, tanh).

    ADD_SCALED, which is no gradient but has this shape, is `g + a * x`.
    """
    cdef call_t c
    cdef Py_ssize_t[2] lengths = [g.shape[0], x.shape[0]]
    check(None, &c, out.shape[0], lengths, 2)
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&g[0]
    c.y = <const char*>&x[0]
    c.out = <char*>&out[0]
    c.a = a
    c.b = b
    run(<task_t>backward_task[floating], &c, out.shape[0], CHEAP_GRAIN, sizeof(floating))


def predicate(const number[::1] x, uint8_t[::1] out, int op, /):
    cdef call_t c
    cdef Py_ssize_t[1] lengths = [x.shape[0]]
    check(None, &c, out.shape[0], lengths, 1)
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&x[0]
    c.out = <char*>&out[0]
    run(<task_t>predicate_task[number], &c, out.shape[0], CHEAP_GRAIN)


def complex_to_real(const floating[::1] x, floating[::1] out, int op, /):
    """`x` holds complex numbers as pairs, real part first: twice as many as `out`."""
    cdef call_t c
    cdef Py_ssize_t[1] lengths = [x.shape[0] // 2]
    check(None, &c, out.shape[0], lengths, 1)
    if out.shape[0] == 0:
        return
    c.op = op
    c.x = <const char*>&x[0]
    c.out = <char*>&out[0]
    run(<task_t>complex_to_real_task[floating], &c, out.shape[0], EXPENSIVE_GRAIN)


def binary(const number[::1] x, const number[::1] y, number[::1] out, int op, const Py_ssize_t[::1] plan=None, /):
    cdef call_t c
    cdef Py_ssize_t[2] lengths = [x.shape[0], y.shape[0]]
    if out.shape[0] == 0:
        return
    check(plan, &c, out.shape[0], lengths, 2)
    c.op = op
    c.x = <const char*>&x[0]
    c.y = <const char*>&y[0]
    c.out = <char*>&out[0]
    run(<task_t>binary_task[number], &c, out.shape[0], EXPENSIVE_GRAIN if op >= POW else CHEAP_GRAIN, sizeof(number))


def compare(const number[::1] x, const number[::1] y, uint8_t[::1] out, int op, const Py_ssize_t[::1] plan=None, /):
    cdef call_t c
    cdef Py_ssize_t[2] lengths = [x.shape[0], y.shape[0]]
    if out.shape[0] == 0:
        return
    check(plan, &c, out.shape[0], lengths, 2)
    c.op = op
    c.x = <const char*>&x[0]
    c.y = <const char*>&y[0]
    c.out = <char*>&out[0]
    run(<task_t>compare_task[number], &c, out.shape[0], CHEAP_GRAIN)


def ternary(const number[::1] x, const number[::1] y, const number[::1] z, number[::1] out, int op, double a=0,
            const Py_ssize_t[::1] plan=None, /):
    cdef call_t c
    cdef Py_ssize_t[3] lengths = [x.shape[0], y.shape[0], z.shape[0]]
    if out.shape[0] == 0:
        return
    check(plan, &c, out.shape[0], lengths, 3)
    c.op = op
    c.x = <const char*>&x[0]
    c.y = <const char*>&y[0]
    c.z = <const char*>&z[0]
    c.out = <char*>&out[0]
    c.a = a
    run(<task_t>ternary_task[number], &c, out.shape[0], CHEAP_GRAIN)


def where(const uint8_t[::1] cond, const number[::1] x, const number[::1] y, number[::1] out,
          const Py_ssize_t[::1] plan=None, /):
    cdef call_t c
    cdef Py_ssize_t[3] lengths = [cond.shape[0], x.shape[0], y.shape[0]]
    if out.shape[0] == 0:
        return
    check(plan, &c, out.shape[0], lengths, 3)
    c.op = -1
    c.x = <const char*>&cond[0]
    c.y = <const char*>&x[0]
    c.z = <const char*>&y[0]
    c.out = <char*>&out[0]
    if number in element:
        run(<task_t>where_task[number], &c, out.shape[0], CHEAP_GRAIN)
    elif sizeof(number) == 1:
        run(<task_t>where_task[uint8_t], &c, out.shape[0], CHEAP_GRAIN)
    elif sizeof(number) == 4:
        run(<task_t>where_task[int32_t], &c, out.shape[0], CHEAP_GRAIN)
    else:
        run(<task_t>where_task[int64_t], &c, out.shape[0], CHEAP_GRAIN)


ctypedef float complex floatcomplex
ctypedef double complex doublecomplex

# The tasks by shape of call and C type, for `core`: it calls those of dense operands without a memoryview between.
tasks = {
    "unary": {"float": <size_t>unary_task[float], "double": <size_t>unary_task[double],
              "int64_t": <size_t>unary_task[int64_t], "float complex": <size_t>unary_task[floatcomplex],
              "double complex": <size_t>unary_task[doublecomplex]},
    "unary_param": {"float": <size_t>unary_param_task[float], "double": <size_t>unary_param_task[double]},
    "backward": {"float": <size_t>backward_task[float], "double": <size_t>backward_task[double]},
    "binary": {"float": <size_t>binary_task[float], "double": <size_t>binary_task[double],
               "int64_t": <size_t>binary_task[int64_t], "int32_t": <size_t>binary_task[int32_t],
               "uint8_t": <size_t>binary_task[uint8_t], "float complex": <size_t>binary_task[floatcomplex],
               "double complex": <size_t>binary_task[doublecomplex]},
    "ternary": {"float": <size_t>ternary_task[float], "double": <size_t>ternary_task[double],
                "int64_t": <size_t>ternary_task[int64_t], "int32_t": <size_t>ternary_task[int32_t],
                "uint8_t": <size_t>ternary_task[uint8_t]},
    "where": {"float": <size_t>where_task[int32_t], "double": <size_t>where_task[int64_t],
              "int64_t": <size_t>where_task[int64_t], "int32_t": <size_t>where_task[int32_t],
              "uint8_t": <size_t>where_task[uint8_t], "float complex": <size_t>where_task[int64_t],
              "double complex": <size_t>where_task[doublecomplex]},
    "predicate": {"float": <size_t>predicate_task[float], "double": <size_t>predicate_task[double],
                  "int64_t": <size_t>predicate_task[int64_t], "uint8_t": <size_t>predicate_task[uint8_t]},
    "compare": {"float": <size_t>compare_task[float], "double": <size_t>compare_task[double],
                "int64_t": <size_t>compare_task[int64_t], "int32_t": <size_t>compare_task[int32_t],
                "uint8_t": <size_t>compare_task[uint8_t]},
}
