"""Functions of one number, element by element."""

import math

import torch

from .spec import FLOATS, S, T, call, error, unary

SAMPLES = {
    "abs": unary(), "neg": unary(), "positive": unary(), "sign": unary(), "sgn": unary(), "signbit": unary(),
    "exp": unary(), "exp2": unary(), "expm1": unary(), "log": unary(0), "log2": unary(0), "log10": unary(0),
    "log1p": unary(-1), "sqrt": unary(0), "rsqrt": unary(0), "reciprocal": unary(0.1), "square": unary(),
    "sin": unary(at=(math.pi,)), "cos": unary(at=(math.pi / 2,)), "tan": unary(), "asin": unary(-1, 1),
    "acos": unary(-1, 1), "atan": unary(), "sinh": unary(), "cosh": unary(), "tanh": unary(), "asinh": unary(),
    "acosh": unary(1), "atanh": unary(-1, 1), "sinc": unary(),
    "sigmoid": unary(), "erf": unary(), "erfc": unary(), "erfinv": unary(-1, 1), "lgamma": unary(0.1),
    "digamma": unary(0.1, at=(1.4616321,)), "i0": unary(), "logit": unary(0, 1, eps=[1e-6, 0.2, None]),
    "ceil": unary(), "floor": unary(), "trunc": unary(), "frac": unary(),
    "round": unary(at=(0.5, 1.5, 2.5), decimals=[0, 2, -1]),
    "isnan": unary(), "isinf": unary(), "isfinite": unary(), "isposinf": unary(), "isneginf": unary(),
    "logical_not": unary(), "bitwise_not": unary(only=(torch.int64, torch.bool)), "deg2rad": unary(), "rad2deg": unary(),
    "nan_to_num": unary(nan=[0.0, 7.0], posinf=[1.0], neginf=[-1.0]),
    "clamp": [call(X, **limits) for X in (T(3, 4), T(), T(0, 3), S(extra=(0.5, 1.5))) for limits in (
        {"min": 0.5}, {"max": 0.5}, {"min": -1}, {"min": -0.5, "max": 0.5}, {"min": 1.5, "max": 0.5})] + [
        call(T(3, 4), T(4), T(3, 1)), call(T(3), 2.0, -2.0), call(S(), -1.0, 1.0), call(T(3), min=T(1, 3)), error(T(3)), error(T(3), 1.0, T(3)),
    ],
    "clamp_min": unary(tail=(0.5,), at=(0.5,)), "clamp_max": unary(tail=(0.5,), at=(0.5,)),
    "special.expit": unary(), "special.ndtr": unary(), "special.log_ndtr": unary(), "special.ndtri": unary(0, 1),
    "special.entr": unary(0), "special.erfcx": unary(), "special.i0e": unary(), "special.i1": unary(),
    "special.i1e": unary(), "special.bessel_j0": unary(), "special.bessel_j1": unary(),
    "polygamma": [call(n, T(3, 4, low=0.5, high=5.0)) for n in (0, 1, 2, 4)],
    "mvlgamma": unary(2.5, tail=(2,), sweep=False),
    "frexp": unary(only=FLOATS),
    "special.polygamma": [call(n, T(3, 4, low=0.5, high=5.0)) for n in (0, 1, 2, 4)] + [call(1, T(3, low=0.5))],
    "angle": unary(), "real": unary(), "conj": unary(), "isreal": unary(),
}  # fmt: skip
