"""Comparing tensors in tests."""

from __future__ import annotations

import cmath
import math
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from lucid import dtypes
from lucid.dtypes import finfo, iinfo
from lucid.ops.complex import view_as_real
from lucid.ops.conversion import tensor
from lucid.ops.creation import empty
from lucid.ops.random import randint
from lucid.tensor import Tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

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


# Of the tolerances of `assert_allclose`, those that are its own.
_OLDER = {dtypes.float16: (1e-3, 1e-3), dtypes.float32: (1e-4, 1e-5), dtypes.float64: (1e-5, 1e-8)}


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan: bool = True, msg: str = "") -> None:
    """`assert_close` by its older name, with wider tolerances and NaN equal to NaN; dtypes may differ. Warns.

    Parameters
    ----------
    actual, expected : Tensor or what `tensor` takes
        What is compared.
    rtol, atol : float, optional
        Tolerances, both or none.
    equal_nan : bool, optional
        Whether NaN is close to NaN.
    msg : str, optional
        Another message.

    Raises
    ------
    AssertionError
        Where they are not close.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore")
    >>> lucid.testing.assert_allclose([1.0, 2.0], lucid.tensor([1.0, 2.0001]))
    """
    warnings.warn("testing.assert_allclose() is deprecated. Please use testing.assert_close() instead.", FutureWarning, stacklevel=2)
    actual = actual if isinstance(actual, Tensor) else tensor(actual)
    expected = expected if isinstance(expected, Tensor) else tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        found = [_OLDER.get(one.dtype) or _TOLERANCES.get(one.dtype, (0.0, 0.0)) for one in (actual, expected)]
        rtol, atol = (max(one[i] for one in found) for i in range(2))
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, msg=msg or None)


def make_tensor(
    *shape, dtype, device, low=None, high=None, requires_grad: bool = False, noncontiguous: bool = False,
    exclude_zero: bool = False, memory_format=None,
) -> Tensor:  # fmt: skip
    """A tensor of random numbers for tests: uniform from `low` up to, but not, `high`.

    Parameters
    ----------
    *shape : int, or one sequence of int
        Its shape.
    dtype : dtype
        Its dtype.
    device : str or device
        The CPU.
    low, high : number, optional
        The range, held within the dtype's. Default: -9 and 9, for integers -9 and 10, for unsigned ones 0 and 10, for bool 0
        and 2.
    requires_grad : bool, optional
        Whether gradients are recorded.
    noncontiguous : bool, optional
        Take every other element of a tensor twice as long in its last dimension.
    exclude_zero : bool, optional
        Put the smallest normal number, or 1, in the place of zeros.
    memory_format : memory_format, optional
        Its order in memory; not with `noncontiguous`.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If the range is none or outside the dtype's, or two arguments exclude each other.

    Examples
    --------
    >>> x = lucid.testing.make_tensor(2, 3, dtype=lucid.int64, device="cpu", low=1, high=4)
    >>> x.shape, bool(((1 <= x) & (x < 4)).all())
    (lucid.Size([2, 3]), True)
    """
    if len(shape) == 1 and isinstance(shape[0], Sequence):
        shape = shape[0]
    shape = tuple(shape)
    whole = not (dtype.is_floating_point or dtype.is_complex)
    if noncontiguous and memory_format is not None:
        raise ValueError(f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got {noncontiguous=} and "
                         f"{memory_format=}")  # fmt: skip
    if requires_grad and whole:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    noncontiguous = noncontiguous and math.prod(shape) > 1
    drawn = (*shape[:-1], 2 * shape[-1]) if noncontiguous else shape
    low, high = _range(dtype, whole, low, high)
    if whole:
        made = randint(low, high, drawn, dtype=dtype)
    else:
        made = empty(drawn, dtype=dtype)
        parts = view_as_real(made) if dtype.is_complex else made
        half = 2 if high - low >= finfo(dtype).max else 1  # the range itself would overflow
        parts.uniform_(low / half, high / half).mul_(half)
    if noncontiguous:
        made = made[..., 1::2]
    elif memory_format is not None:
        made = made.clone(memory_format=memory_format)
    if exclude_zero:
        made[made == 0] = 1 if whole else finfo(dtype).tiny
    return made if whole else made.requires_grad_(requires_grad)


def _range(dtype, whole: bool, low, high) -> tuple:
    """The range that numbers are drawn from."""
    if dtype is dtypes.bool:
        least, most, low_, high_ = 0, 2, 0, 2
    elif whole:
        info = iinfo(dtype)
        least, most, low_, high_ = info.min, info.max + (dtype is not dtypes.int64), -9, 10
    else:
        info = finfo(dtype)
        least, most, low_, high_ = info.min, info.max, -9, 9
    low, high = low_ if low is None else low, high_ if high is None else high
    if low != low or high != high:
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and not whole:
        warnings.warn("Passing `low==high` to `testing.make_tensor` for floating or complex types is deprecated. Use `full(...)` "
                      "instead.", FutureWarning, stacklevel=3)  # fmt: skip
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < least or low >= most:
        raise ValueError(f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
                         f"[{least}, {most})")  # fmt: skip
    low, high = (min(max(one, least), most) for one in (low, high))
    return (math.ceil(low), math.ceil(high)) if whole else (low, high)
