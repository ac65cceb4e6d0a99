"""The true value of a result, and distances from it in ULP.

Design: for elementary and special functions of one or two real numbers, python-flint's ball arithmetic: each value
comes with a bound on its own error, and the precision is doubled until that bound is below 2^-20 of a float64 ULP. For
everything else, PyTorch in double precision, which is a truth for float32 and half precision only. A truth is a pair (high, low) of
float64, so that float64 results can be judged too.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from ..results import ULP_EDGES, Errors

try:
    from flint import arb, ctx
except ImportError:  # then double precision judges alone
    arb = None

MANTISSA = {torch.float16: 10, torch.bfloat16: 7, torch.float32: 23, torch.float64: 52}
LOWEST = {torch.float16: -24, torch.bfloat16: -133, torch.float32: -149, torch.float64: -1074}


def _half(x):
    return x / 2


def _gelu(x, approximate="none"):
    if approximate == "tanh":
        inner = (2 / arb.pi()).sqrt() * (x + arb("0.044715") * x**3)
        return _half(x) * (1 + inner.tanh())
    return _half(x) * (-x / arb(2).sqrt()).erfc()


def _sinc(x):
    return (x * arb.pi()).sinc()


def _logit(x, eps=None):
    if eps is not None:
        return None
    return (x / (1 - x)).log()


def _softplus(x, beta=1.0, threshold=20.0):
    if beta != 1.0 or x * beta > threshold:
        return None
    return x.exp().log1p()


def _entr(x):
    return -x * x.log() if x > 0 else arb(0) if x == 0 else None


def _erfcx(x):
    return (x * x).exp() * x.erfc()


def _sigmoid(x):
    return 1 / (1 + (-x).exp())


# op -> its value; exceptions and None mean: not here (a pole, outside the domain). Keywords are the op's own.
UNARY: dict[str, Callable] = {} if arb is None else {
    "exp": arb.exp, "expm1": arb.expm1, "exp2": lambda x: arb(2) ** x, "log": arb.log, "log1p": arb.log1p,
    "log2": lambda x: x.log() / arb(2).log(), "log10": lambda x: x.log() / arb(10).log(),
    "sqrt": arb.sqrt, "rsqrt": arb.rsqrt, "reciprocal": lambda x: 1 / x,
    "sin": arb.sin, "cos": arb.cos, "tan": arb.tan, "asin": arb.asin, "acos": arb.acos, "atan": arb.atan,
    "sinh": arb.sinh, "cosh": arb.cosh, "tanh": arb.tanh, "asinh": arb.asinh, "acosh": arb.acosh, "atanh": arb.atanh,
    "sinc": _sinc, "special.sinc": _sinc, "sigmoid": _sigmoid, "special.expit": _sigmoid,
    "erf": arb.erf, "erfc": arb.erfc, "erfinv": arb.erfinv, "special.erfcx": _erfcx,
    "lgamma": lambda x: abs(x.gamma()).log() if x < 0 else x.lgamma(), "digamma": arb.digamma,
    "logit": _logit, "special.logit": _logit,
    "special.ndtr": lambda x: _half((-x / arb(2).sqrt()).erfc()),
    "special.log_ndtr": lambda x: _half((-x / arb(2).sqrt()).erfc()).log(),
    "special.ndtri": lambda x: arb(2).sqrt() * (2 * x - 1).erfinv(),
    "special.entr": _entr,
    "i0": lambda x: x.bessel_i(0), "special.i0": lambda x: x.bessel_i(0), "special.i1": lambda x: x.bessel_i(1),
    "special.i0e": lambda x: x.bessel_i(0) * (-abs(x)).exp(), "special.i1e": lambda x: x.bessel_i(1) * (-abs(x)).exp(),
    "special.bessel_j0": lambda x: x.bessel_j(0), "special.bessel_j1": lambda x: x.bessel_j(1),
    "special.bessel_y0": lambda x: x.bessel_y(0), "special.bessel_y1": lambda x: x.bessel_y(1),
    "special.modified_bessel_i0": lambda x: x.bessel_i(0), "special.modified_bessel_i1": lambda x: x.bessel_i(1),
    "special.modified_bessel_k0": lambda x: x.bessel_k(0), "special.modified_bessel_k1": lambda x: x.bessel_k(1),
    "special.airy_ai": lambda x: x.airy_ai(),
    "nn.functional.silu": lambda x, inplace=False: x * _sigmoid(x),
    "nn.functional.gelu": _gelu,
    "nn.functional.softplus": _softplus,
    "nn.functional.logsigmoid": lambda x: -((-x).exp().log1p()),
    "nn.functional.mish": lambda x, inplace=False: x * x.exp().log1p().tanh(),
    "nn.functional.tanhshrink": lambda x: x - x.tanh(),
    "nn.functional.softsign": lambda x: x / (1 + abs(x)),
    "nn.functional.elu": lambda x, alpha=1.0, scale=1.0, inplace=False: (
        x if x > 0 else arb(alpha) * x.expm1() if scale == 1.0 else None),
}  # fmt: skip
for _alias, _name in {
    "special.exp2": "exp2", "special.expm1": "expm1", "special.log1p": "log1p", "special.erf": "erf",
    "special.erfc": "erfc", "special.erfinv": "erfinv", "special.gammaln": "lgamma", "special.digamma": "digamma",
    "special.psi": "digamma", "nn.functional.sigmoid": "sigmoid", "nn.functional.tanh": "tanh",
}.items():  # fmt: skip
    if _name in UNARY:
        UNARY[_alias] = UNARY[_name]

BINARY: dict[str, Callable] = {} if arb is None else {
    "pow": lambda x, y: x**y if x > 0 else None,
    "float_power": lambda x, y: x**y if x > 0 else None,
    "atan2": lambda y, x: arb.atan2(y, x),
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "logaddexp": lambda x, y: (x.exp() + y.exp()).log(),
    "logaddexp2": lambda x, y: (arb(2) ** x + arb(2) ** y).log() / arb(2).log(),
    "xlogy": lambda x, y: x * y.log(), "special.xlogy": lambda x, y: x * y.log(),
    "special.xlog1py": lambda x, y: x * y.log1p(),
    "div": lambda x, y, rounding_mode=None: x / y if rounding_mode is None else None,
    "add": lambda x, y, alpha=1: x + arb(alpha) * y,
    "sub": lambda x, y, alpha=1: x - arb(alpha) * y,
    "mul": lambda x, y: x * y,
}  # fmt: skip


def known(op: str) -> bool:
    """Whether ball arithmetic has this function."""
    return op in UNARY or op in BINARY


def exact(op: str, args: tuple, kwargs: dict) -> tuple[np.ndarray, np.ndarray] | None:
    """True values (high, low) of a known function, element by element; NaN where they are not to be had."""
    numbers = [a.detach().double().numpy() if isinstance(a, torch.Tensor) else a for a in args]
    if not all(isinstance(n, (np.ndarray, int, float)) and not isinstance(n, bool) for n in numbers):
        return None
    function = UNARY.get(op) if len(numbers) == 1 else BINARY.get(op) if len(numbers) == 2 else None
    if function is None or any(isinstance(a, torch.Tensor) and a.is_complex() for a in args):
        return None
    grids = np.broadcast_arrays(*(np.asarray(n, dtype=np.float64) for n in numbers))
    high, low = np.full(grids[0].shape, np.nan), np.zeros(grids[0].shape)
    for index in np.ndindex(grids[0].shape):
        values = [float(grid[index]) for grid in grids]
        if all(map(math.isfinite, values)):
            high[index], low[index] = _ball(function, values, kwargs)
    return high, low


def _ball(function: Callable, values: list[float], kwargs: dict) -> tuple[float, float]:
    saved = ctx.prec
    try:
        for precision in (160, 640, 2560):
            ctx.prec = precision
            try:
                ball = function(*(arb(v) for v in values), **kwargs)
            except (ValueError, ZeroDivisionError, TypeError, ArithmeticError):
                return math.nan, 0.0
            if ball is None:
                return math.nan, 0.0
            if ball.is_exact() or ball.rel_accuracy_bits() >= 80:
                high = float(ball.mid())
                if not math.isfinite(high):
                    return math.nan, 0.0
                return high, float(ball.mid() - arb(high))
        return math.nan, 0.0
    finally:
        ctx.prec = saved


def ulps(found: torch.Tensor, high: np.ndarray, low: np.ndarray | float = 0.0) -> np.ndarray:
    """Distance in units in the last place of `found`'s dtype at the true value; NaN where either is not finite."""
    values = found.detach().double().numpy()
    _, exponent = np.frexp(high)
    spacing = np.ldexp(1.0, np.maximum(exponent - 1 - MANTISSA[found.dtype], LOWEST[found.dtype]))
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs((values - high) - low) / spacing
    limit = torch.finfo(found.dtype).max
    return np.where(np.isfinite(values) & np.isfinite(high) & (np.abs(high) <= limit), distance, np.nan)


def summarise(distances: np.ndarray) -> Errors:
    """Worst, mean and histogram of distances (without NaN)."""
    edges = np.array([-np.inf, *ULP_EDGES])
    edges[-1] = np.inf
    counts = np.histogram(-distances, bins=-edges[::-1])[0][::-1]  # right edges belong to their bin
    return Errors(float(distances.max()), float(distances.mean()), [int(c) for c in counts])
