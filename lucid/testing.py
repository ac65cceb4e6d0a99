"""Comparing tensors in tests."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence

import numpy as np

from lucid import dtypes
from lucid.tensor import Tensor

__all__ = ["assert_close"]

# Relative and absolute, by dtype; exact for all others.
_TOLERANCES = {
    dtypes.float16: (1e-3, 1e-5), dtypes.bfloat16: (1.6e-2, 1e-5), dtypes.float32: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7), dtypes.complex64: (1.3e-6, 1e-5), dtypes.complex128: (1e-7, 1e-7),
}  # fmt: skip


def assert_close(
    actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True, check_dtype=True,
    check_layout=True, check_stride=False, msg=None,
):  # fmt: skip
    """Raise AssertionError unless two tensors, or two structures of them, are close.

    They are where `|actual - expected| <= atol + rtol * |expected|`, and both or neither are infinite.

    Parameters
    ----------
    actual, expected : object
        Tensors, numbers, anything `tensor` takes, None; or sequences and mappings of them.
    allow_subclasses : bool, optional
        Let types differ where one is a subclass of the other, as numbers and tensors may not otherwise.
    rtol, atol : float, optional
        Tolerances; both or none. By default those of the dtype, the coarser where two differ: float32 1.3e-6 and 1e-5,
        float64 1e-7 and 1e-7, float16 1e-3 and 1e-5, bfloat16 1.6e-2 and 1e-5; 0 for all others.
    equal_nan : bool, optional
        NaN is close to NaN.
    check_dtype, check_stride : bool, optional
        Whether dtypes and strides have to be equal. Otherwise values are compared in the promoted dtype.
    check_device, check_layout : bool, optional
        For PyTorch's programs: there is one of each.
    msg : str or callable, optional
        Another message, or what makes it of the message.

    Returns
    -------
    None
        Where they are close.

    Raises
    ------
    AssertionError
        Naming the greatest differences and where they are.
    TypeError
        If two values cannot be compared.
    ValueError
        If only one of `rtol` and `atol` is given.

    Examples
    --------
    >>> import lucid
    >>> lucid.testing.assert_close(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0, 2.0 + 1e-7]))
    """
    if (rtol is None) != (atol is None):
        raise ValueError(f"rtol and atol must both be specified or both be unspecified, got rtol={rtol} and atol={atol}")
    rules = {
        "allow_subclasses": allow_subclasses, "tolerances": None if rtol is None else (rtol, atol),
        "equal_nan": equal_nan, "check_dtype": check_dtype, "check_stride": check_stride,
    }  # fmt: skip
    message = _difference(actual, expected, "", rules)
    if message:
        raise AssertionError(message if msg is None else msg if isinstance(msg, str) else msg(message))


def _difference(actual, expected, place: str, rules: dict) -> str:
    """What differs; empty if nothing does."""
    where = f"\n\nThe failure occurred for item {place}" if place else ""
    mapped = isinstance(actual, Mapping), isinstance(expected, Mapping)
    if all(mapped):
        if actual.keys() != expected.keys():
            return (
                f"The keys of the mappings do not match: {sorted(map(str, actual.keys() - expected.keys()))} and "
                f"{sorted(map(str, expected.keys() - actual.keys()))}{where}"
            )
        pairs = [(key, actual[key], expected[key]) for key in expected]
        return next(filter(None, (_difference(a, b, f"{place}[{key!r}]", rules) for key, a, b in pairs)), "")
    listed = [isinstance(one, Sequence) and not isinstance(one, str) for one in (actual, expected)]
    if all(listed):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}{where}"
        pairs = zip(actual, expected)
        return next(filter(None, (_difference(a, b, f"{place}[{i}]", rules) for i, (a, b) in enumerate(pairs))), "")
    if any(mapped) or any(listed):
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    if actual is None or expected is None:
        return "" if actual is expected else f"None mismatch: {actual} is not {expected}{where}"
    return _values(actual, expected, where, rules)


def _values(actual, expected, where: str, rules: dict) -> str:
    from lucid.ops.conversion import as_tensor

    both = type(actual) is type(expected) or (
        rules["allow_subclasses"] and (isinstance(actual, type(expected)) or isinstance(expected, type(actual)))
    )
    numbers = [isinstance(one, (int, float, complex)) for one in (actual, expected)]
    if not both and not all(numbers):
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    if all(numbers):
        return _numbers(actual, expected, where, rules)
    x, y = (one if isinstance(one, Tensor) else as_tensor(one) for one in (actual, expected))
    if x.shape != y.shape:
        return f"The values for attribute 'shape' do not match: {x.shape} != {y.shape}.{where}"
    for check, attribute in (("check_dtype", "dtype"), ("check_stride", "stride()")):
        one, other = (x.dtype, y.dtype) if attribute == "dtype" else (x.stride(), y.stride())
        if rules[check] and one != other:
            return f"The values for attribute '{attribute}' do not match: {one} != {other}.{where}"
    rtol, atol = rules["tolerances"] or map(max, zip(*(_TOLERANCES.get(one.dtype, (0.0, 0.0)) for one in (x, y))))
    common = dtypes.promote_types(x.dtype, y.dtype)
    a, b = (np.asarray(_wide(one.detach().to(common))) for one in (x, y))
    with np.errstate(all="ignore"):
        difference = np.abs(a - b) if a.dtype != bool else (a != b).astype(float)
        far = ~((a == b) | (np.isfinite(difference) & np.isfinite(b) & (difference <= atol + rtol * np.abs(b))))
        if rules["equal_nan"]:
            far &= ~(np.isnan(a) & np.isnan(b))
        if not far.any():
            return ""
        relative = difference / np.abs(b)
    lines = [f"{'Tensor-likes' if a.ndim else 'Scalars'} are not {'close' if rtol or atol else 'equal'}!", ""]
    lines.append(f"Mismatched elements: {far.sum()} / {a.size} ({far.mean():.1%})")
    for kind, found, allowed in (("absolute", difference, atol), ("relative", relative, rtol)):
        worst = np.unravel_index(np.argmax(np.where(np.isnan(found) & far, np.inf, np.where(far, found, -1))), a.shape)
        lines.append(
            f"Greatest {kind} difference: {found[worst]} at index {tuple(map(int, worst))}"
            + (f" (up to {allowed} allowed)" if rtol or atol else "")
        )
    return "\n".join(lines) + where


def _wide(x: Tensor):
    """Values in a type in which differences are exact enough, and do not wrap around."""
    if x.dtype.kind < 1:
        return x.numpy()
    if x.dtype.kind == 1:
        return x.numpy().astype(object if x.dtype.itemsize == 8 else np.int64).astype(np.longdouble)
    return x.numpy().astype(np.complex128 if x.dtype.kind == 3 else np.float64)


def _numbers(actual, expected, where: str, rules: dict) -> str:
    if rules["check_dtype"] and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}.{where}"
    inexact = any(isinstance(one, (float, complex)) for one in (actual, expected))
    rtol, atol = rules["tolerances"] or ((1e-7, 1e-7) if inexact else (0.0, 0.0))
    if actual == expected or rules["equal_nan"] and cmath.isnan(actual) and cmath.isnan(expected):
        return ""
    difference = abs(actual - expected)
    if math.isfinite(difference) and cmath.isfinite(expected) and difference <= atol + rtol * abs(expected):
        return ""
    kind = "Booleans mismatch" if isinstance(actual, bool) else "Scalars are not " + ("close!" if rtol or atol else "equal!")
    relative = difference / abs(expected) if expected else math.inf
    return (
        f"{kind}\n\nExpected {expected} but got {actual}.\nAbsolute difference: {difference}\nRelative difference: "
        f"{relative}{where}"
    )
