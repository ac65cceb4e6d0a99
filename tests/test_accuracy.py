"""The elementary functions against mpmath, in units in the last place, at the SIMD level that is loaded.

Each function is swept over random bit patterns (every exponent of its domain, denormals included) and over the range
where it varies; the worst error may be 1.5 ULP. Values at zeros, infinities, NaN and outside the domain are exact.
"""

import mpmath
import numpy as np
import pytest

from lucid._kernels import pointwise

INF, NAN = float("inf"), float("nan")
LIMIT = 1.5
mp = mpmath.mp.clone()
mp.prec = 140

# name: (truth, the range where it varies, its domain, special values)
FUNCTIONS = {
    "exp": (mp.exp, (-20, 20), (-INF, INF), [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, 0.0), (1000, INF), (-1000, 0.0)]),
    "exp2": (
        lambda x: mp.power(2, x),
        (-20, 20),
        (-INF, INF),
        [(0.0, 1), (10, 1024), (INF, INF), (-INF, 0.0), (2000, INF)],
    ),
    "expm1": (
        mp.expm1,
        (-3, 3),
        (-INF, INF),
        [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1), (-200, -1), (1000, INF)],
    ),
    "log": (mp.log, (0, 4), (0, INF), [(0.0, -INF), (-0.0, -INF), (1, 0.0), (INF, INF), (-1, NAN), (-INF, NAN)]),
    "log2": (
        lambda x: mp.log(x) / mp.ln2,
        (0, 4),
        (0, INF),
        [(0.0, -INF), (-0.0, -INF), (1, 0.0), (8, 3), (INF, INF), (-1, NAN)],
    ),
    "log10": (mp.log10, (0, 4), (0, INF), [(0.0, -INF), (-0.0, -INF), (1, 0.0), (1000, 3), (INF, INF), (-1, NAN)]),
    "log1p": (mp.log1p, (-1, 2), (-1, INF), [(0.0, 0.0), (-0.0, -0.0), (-1, -INF), (INF, INF), (-2, NAN), (-INF, NAN)]),
    "sqrt": (mp.sqrt, (0, 4), (0, INF), [(0.0, 0.0), (-0.0, -0.0), (4, 2), (INF, INF), (-1, NAN)]),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), (0, 4), (0, INF), [(0.0, INF), (4, 0.5), (INF, 0.0), (-1, NAN)]),
    "sin": (mp.sin, (-40, 40), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
    "cos": (mp.cos, (-40, 40), (-INF, INF), [(0.0, 1), (-0.0, 1), (INF, NAN), (-INF, NAN)]),
    "tan": (mp.tan, (-40, 40), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
    "asin": (mp.asin, (-1, 1), (-1, 1), [(0.0, 0.0), (-0.0, -0.0), (2, NAN), (-2, NAN), (INF, NAN)]),
    "acos": (mp.acos, (-1, 1), (-1, 1), [(1, 0.0), (2, NAN), (-2, NAN), (INF, NAN)]),
    "atan": (mp.atan, (-3, 3), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0)]),
    "sinh": (mp.sinh, (-4, 4), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (1000, INF)]),
    "cosh": (mp.cosh, (-4, 4), (-INF, INF), [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, INF), (-1000, INF)]),
    "tanh": (mp.tanh, (-4, 4), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0), (INF, 1), (-INF, -1), (50, 1)]),
    "asinh": (mp.asinh, (-4, 4), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)]),
    "acosh": (mp.acosh, (1, 4), (1, INF), [(1, 0.0), (INF, INF), (0.5, NAN), (-INF, NAN)]),
    "atanh": (mp.atanh, (-1, 1), (-1, 1), [(0.0, 0.0), (-0.0, -0.0), (1, INF), (-1, -INF), (2, NAN), (INF, NAN)]),
    "erf": (mp.erf, (-4, 4), (-INF, INF), [(0.0, 0.0), (-0.0, -0.0), (INF, 1), (-INF, -1), (10, 1)]),
    "erfc": (
        lambda x: mp.erfc(x) if x < 1000 else mp.ldexp(1, -9999),
        (-4, 11),
        (-INF, INF),
        [(0.0, 1), (-0.0, 1), (INF, 0.0), (-INF, 2), (30, 0.0)],
    ),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), (-20, 20), (-INF, INF), [(0.0, 0.5), (INF, 1), (-INF, 0.0), (100, 1)]),
}
# Their derivative at 0 is 1 and they are odd: denormals come back as they are.
IDENTITY_AT_ZERO = ["expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh"]

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def apply(name, x, *more, kernel=pointwise.unary):
    out = np.full_like(x, -7)
    kernel(x, *more, out, pointwise.codes[name])
    return out


def from_random_bits(rng, dtype, size):
    """Random bit patterns: all exponents alike, both signs."""
    bits = np.uint32 if dtype is np.float32 else np.uint64
    x = rng.integers(0, np.iinfo(bits).max, size, dtype=bits, endpoint=True).view(dtype)
    return x[np.isfinite(x)]


def ulps(got, truth):
    """|got - truth| in units in the last place of the dtype at truth; a result beyond the largest number is infinite."""
    info = np.finfo(got.dtype)
    largest = mp.mpf(float(info.max)) + mp.ldexp(1, info.maxexp - info.nmant - 2)  # from here on numbers round to inf
    if abs(truth) >= largest or np.isinf(got):
        return mp.mpf(0) if np.isinf(got) and abs(truth) >= largest and (got > 0) == (truth > 0) else mp.inf
    exponent = max(mp.frexp(truth)[1] - 1, info.minexp) if truth else info.minexp
    return abs(mp.mpf(float(got)) - truth) / mp.ldexp(1, exponent - info.nmant)


def assert_accurate(got, truth, arguments):
    errors = [ulps(value, exact) for value, exact in zip(got, truth)]
    worst = max(range(len(errors)), key=errors.__getitem__)
    assert errors[worst] <= LIMIT, f"{mp.nstr(errors[worst], 6)} ULP at {arguments(worst)}: {got[worst]!r}"


@dtypes
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_in_units_in_the_last_place(name, dtype):
    exact, (low, high), (first, last), _ = FUNCTIONS[name]
    rng = np.random.default_rng(20)
    scales = np.exp2(rng.uniform(-30, 0, 200))
    x = np.concatenate([
        from_random_bits(rng, dtype, 900),
        rng.uniform(low, high, 700),
        rng.choice([low, high], 200) * scales,           # towards 0
        1 + rng.choice([-1, 1], 200) * scales,           # and towards 1, where logarithms vanish
        np.pi / 2 * rng.integers(-200, 200, 200),        # zeros of sin, cos; poles of tan
    ]).astype(dtype)  # fmt: skip
    x = x[(x > first) & (x < last)]
    assert len(x) > 600
    truth = [exact(mp.mpf(float(value))) for value in x]
    assert_accurate(apply(name, x), truth, lambda i: float(x[i]).hex())


@dtypes
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name, dtype):
    _, _, _, table = FUNCTIONS[name]
    x, expected = (np.array(column, dtype) for column in zip(*table, (NAN, NAN)))
    got = apply(name, x)
    np.testing.assert_array_equal(got, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])


@dtypes
@pytest.mark.parametrize("name", IDENTITY_AT_ZERO)
def test_denormals_are_kept(name, dtype):
    smallest = float(np.finfo(dtype).smallest_subnormal)
    x = np.array([smallest, -smallest, 12345 * smallest, -98765 * smallest], dtype)
    np.testing.assert_array_equal(apply(name, x), x)


@dtypes
def test_exponentials_reach_the_denormals(dtype):
    low = np.log(float(np.finfo(dtype).smallest_normal))
    x = np.random.default_rng(0).uniform(low - 12, low + 2, 300).astype(dtype)
    for name in ("exp", "sigmoid"):
        assert_accurate(apply(name, x), [FUNCTIONS[name][0](mp.mpf(float(v))) for v in x], lambda i: float(x[i]).hex())


@dtypes
def test_pow_error(dtype):
    rng = np.random.default_rng(3)
    near_one = 1 + rng.choice([-1, 1], 300) * np.exp2(rng.uniform(-20, -2, 300))
    x = np.concatenate([np.abs(from_random_bits(rng, dtype, 600)), rng.uniform(0, 4, 600), near_one]).astype(dtype)
    reach = np.log2(float(np.finfo(dtype).max))
    with np.errstate(all="ignore"):  # exponents that lead to results of every magnitude
        y = rng.uniform(-reach, reach, len(x)) / np.log2(x.astype(np.float64))
        y = y.astype(dtype)
    x, y = x[np.isfinite(y) & (x > 0)], y[np.isfinite(y) & (x > 0)]
    assert len(x) > 1000
    truth = [mp.power(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(x, y)]
    got = apply("pow", x, y, kernel=pointwise.binary)
    assert_accurate(got, truth, lambda i: (float(x[i]).hex(), float(y[i]).hex()))
    whole = rng.integers(-9, 10, 200).astype(dtype)
    base = rng.uniform(-5, -0.1, 200).astype(dtype)
    truth = [mp.power(mp.mpf(float(a)), int(b)) for a, b in zip(base, whole)]
    assert_accurate(apply("pow", base, whole, kernel=pointwise.binary), truth, lambda i: (base[i], whole[i]))


@dtypes
def test_pow_special_values(dtype):
    table = [
        (NAN, 0, 1), (1, NAN, 1), (NAN, 1, NAN), (2, NAN, NAN), (0.0, 2, 0.0), (-0.0, 3, -0.0), (-0.0, 2, 0.0),
        (0.0, -2, INF), (-0.0, -3, -INF), (-0.0, -2, INF), (-1, INF, 1), (-1, -INF, 1), (0.5, INF, 0.0),
        (2, INF, INF), (0.5, -INF, INF), (2, -INF, 0.0), (INF, 2, INF), (INF, -2, 0.0), (-INF, 3, -INF),
        (-INF, 2, INF), (-INF, -3, -0.0), (-INF, 0.5, INF), (-2, 0.5, NAN), (-2, 3, -8), (-2, -1, -0.5), (0.0, 0.0, 1),
        (INF, 0.0, 1), (4, 0.5, 2), (0.0, INF, 0.0), (0.0, -INF, INF), (INF, INF, INF), (INF, -INF, 0.0),
    ]  # fmt: skip
    x, y, expected = (np.array(column, dtype) for column in zip(*table))
    got = apply("pow", x, y, kernel=pointwise.binary)
    np.testing.assert_array_equal(got, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(expected)[known])


@dtypes
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_does_not_depend_on_where_it_stands(name, dtype):
    """Vector body, remainder, in place: the same bits; also beside arguments that take the rare path."""
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.uniform(0, 1, 1100), np.exp2(rng.uniform(15, 60, 40))]).astype(dtype)
    x = rng.permutation(x)
    whole = apply(name, x)
    one_by_one = np.concatenate([apply(name, x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_array_equal(whole, one_by_one)
    shifted = np.concatenate([apply(name, x[:7]), apply(name, x[7:])])
    np.testing.assert_array_equal(whole, shifted)
    pointwise.unary(x, x, pointwise.codes[name])
    np.testing.assert_array_equal(x, whole)
