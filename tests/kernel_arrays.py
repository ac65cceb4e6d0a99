"""What tests of kernels share: arrays, and how near a result has to be.

References are written in float64 and as plainly as NumPy allows. Sizes cross the kernels' own seams (vector lanes,
tiles, blocks, the grain of a thread). What a caller may get wrong must raise, not read elsewhere.
"""

import numpy as np

FLOATS = ["float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
REAL = INTEGERS + FLOATS
ELEMENT = {1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64, 16: np.complex128}
FOLDED = [(1, 1, 1), (1, 16, 1), (3, 100, 1), (70, 9, 1), (1, 200_000, 1), (2, 300, 3), (1, 1000, 17), (2, 5, 1100)]
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}


def flat(array):
    return np.ascontiguousarray(array).reshape(-1)


def moved(array):
    """A flat array as elements that only move."""
    return flat(array).view(ELEMENT[array.dtype.itemsize])


def make(shape, dtype, seed=0, special=False):
    rng = np.random.default_rng(seed)
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return rng.integers(max(info.min, -50), 50, shape).astype(dtype)
    x = rng.standard_normal(shape).astype(dtype)
    if special:
        x = np.round(x)
        for value in (np.nan, -np.nan, np.inf, -np.inf, -0.0):
            x[rng.random(shape) < 0.02] = value
    return x


def close(found, wanted, dtype, factor=1.0):
    np.testing.assert_allclose(
        found, flat(wanted), rtol=factor * TOLERANCE[dtype], atol=factor * TOLERANCE[dtype]
    )


def softmax(x):
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)
