"""Element types, PyTorch's type promotion, and the default dtype.

A `dtype` stands for a NumPy dtype and adds PyTorch's view of it: its kind orders the categories of promotion
(bool < integer < floating < complex), and a result takes the highest category among three classes of operands,
tensors with dimensions before 0-d tensors before Python numbers.
"""

from __future__ import annotations

import builtins
import functools

import numpy as np

from lucid._kernels import core

__all__ = [
    "bfloat16", "bool", "can_cast", "complex128", "complex32", "complex64", "dtype", "finfo", "float16", "float32", "float64",
    "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu",
    "get_default_dtype", "iinfo", "int16", "int32", "int64", "int8", "promote_types", "result_type",
    "set_default_dtype", "uint16", "uint32", "uint64", "uint8",
]  # fmt: skip

KINDS = ("bool", "integer", "floating", "complex")


class dtype:
    """The type of a tensor's elements, such as `lucid.float32`."""

    __slots__ = ("_numpy", "is_complex", "is_floating_point", "is_signed", "itemsize", "kind", "name")

    def __init__(self, name: str, kind: str, itemsize: int, numpy: np.dtype | None):
        self.name = name
        self.kind = KINDS.index(kind)
        self.itemsize = itemsize
        self.is_floating_point = kind == "floating"
        self.is_complex = kind == "complex"
        self.is_signed = name != "bool" and not name.startswith("u")
        self._numpy = numpy

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype that holds it; those of bfloat16 and complex32 are of the package `ml_dtypes`."""
        if self._numpy is None:
            if self.name not in FOREIGN:
                raise NotImplementedError(f"there are no tensors of {self.name}: the dtype is there to be compared with")
            try:
                import ml_dtypes

                self._numpy = np.dtype(getattr(ml_dtypes, self.name))
            except (ImportError, AttributeError) as error:
                raise ImportError(
                    f"{self.name} needs the package ml_dtypes, 0.6 or later: pip install 'lucid-tensor[bfloat16]'"
                ) from error
            BY_NUM[self._numpy.num] = self
        return self._numpy

    @property
    def abbr(self) -> str:
        """Kind and bits in short, such as `f32`."""
        letters = "u" if self.name.startswith("u") else "bifc"[self.kind]
        return ("bf" if self.name == "bfloat16" else letters) + str(self.itemsize * 8)

    def to_real(self) -> dtype:
        """The dtype of the parts of a complex dtype; a real one itself."""
        return {"complex32": float16, "complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> dtype:
        """The complex dtype whose parts are of this dtype; a complex one itself."""
        if self.name in ("float16", "complex32"):
            return complex32
        return complex128 if self.name in ("float64", "complex128") else complex64

    def __repr__(self) -> str:
        return f"lucid.{self.name}"

    def __reduce__(self):
        return self.name  # a module attribute: unpickled as the very object


# What are no dtypes of NumPy's own, and those of NumPy's that hold all their values.
FOREIGN = {"bfloat16": np.dtype(np.float32), "complex32": np.dtype(np.complex64)}

# Dtypes of accelerators: names for programs to compare with, and limits: (min, max, eps, smallest_normal).
NAMED = {
    "float8_e4m3fn": (-448.0, 448.0, 0.125, 2.0**-6), "float8_e4m3fnuz": (-240.0, 240.0, 0.125, 2.0**-7),
    "float8_e5m2": (-57344.0, 57344.0, 0.25, 2.0**-14), "float8_e5m2fnuz": (-57344.0, 57344.0, 0.125, 2.0**-15),
    "float8_e8m0fnu": (2.0**-127, 2.0**127, 1.0, 2.0**-127),
}  # fmt: skip


def native(array: np.ndarray) -> np.ndarray:
    """An array of one of NumPy's own dtypes with the same values."""
    return array.astype(FOREIGN[array.dtype.name]) if array.dtype.kind in "VW" else array


def _define(name: str, kind: str, itemsize: int) -> dtype:
    return dtype(name, kind, itemsize, None if name in (*FOREIGN, *NAMED) else np.dtype(name))


bool_ = bool = _define("bool", "bool", 1)
uint8 = _define("uint8", "integer", 1)
uint16 = _define("uint16", "integer", 2)
uint32 = _define("uint32", "integer", 4)
uint64 = _define("uint64", "integer", 8)
int8 = _define("int8", "integer", 1)
int16 = short = _define("int16", "integer", 2)
int32 = int_ = _define("int32", "integer", 4)
int64 = long = _define("int64", "integer", 8)
float16 = half = _define("float16", "floating", 2)
bfloat16 = _define("bfloat16", "floating", 2)
float32 = float_ = _define("float32", "floating", 4)
float64 = double = _define("float64", "floating", 8)
complex32 = chalf = _define("complex32", "complex", 4)
complex64 = cfloat = _define("complex64", "complex", 8)
complex128 = cdouble = _define("complex128", "complex", 16)
float8_e4m3fn, float8_e4m3fnuz, float8_e5m2, float8_e5m2fnuz, float8_e8m0fnu = (_define(name, "floating", 1) for name in NAMED)

UNSIGNED = (uint16, uint32, uint64)  # PyTorch moves, converts and compares them, and does little else with them
ALL = (bool_, uint8, *UNSIGNED, int8, int16, int32, int64, float16, bfloat16, float32, float64, complex32, complex64,
       complex128)  # fmt: skip
# Several type numbers may mean one dtype: C's `long` and `long long` are both int64 on most systems.
_BY_NAME = {dt.name: dt for dt in ALL}
BY_NUM = {one.num: _BY_NAME[one.name] for one in map(np.dtype, "bhilqBHILQefdFD?")}
BY_PYTHON = {builtins.bool: bool_, int: int64, float: float64, complex: complex128}


def from_numpy_dtype(numpy: np.dtype) -> dtype:
    """The dtype that stands for a NumPy dtype; TypeError where there is none."""
    found = BY_NUM.get(numpy.num)
    if found is None:
        if numpy.name in FOREIGN:
            found = globals()[numpy.name]
            found.numpy  # noqa: B018  (registers its type number)
            return found
        raise TypeError(
            f"can't convert a NumPy array of {numpy} to a tensor: the supported dtypes are "
            + ", ".join(dt.name for dt in ALL)
        )
    return found


def as_dtype(value) -> dtype:
    """A dtype given as itself, as a Python type (`float` is float64, `complex` complex128), or as a NumPy dtype."""
    if type(value) is dtype:
        return value
    if value in BY_PYTHON:
        return BY_PYTHON[value]
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return from_numpy_dtype(np.dtype(value))
    raise TypeError(f"dtype must be a lucid.dtype, not {type(value).__name__}: {value!r}")


HELD = 65504  # what every floating dtype holds lies within this of 0


def element(number, dt: dtype):
    """A Python number as an element of a dtype holds it.

    Floats are truncated to integers, and negative integers wrap where the dtype is unsigned; infinities and NaN are
    floating numbers alone. OverflowError for an int of more than 64 bits, RuntimeError for what does not fit.
    """
    if dt.kind == 2 and type(number) in (float, int) and -HELD <= number <= HELD:
        return number  # the commonest
    if type(number) is int:
        check_64_bits(number)
    if dt.kind == 0:
        return builtins.bool(number)
    if dt.kind == 3:
        fits = _within(number.real, dt) and _within(number.imag, dt)
        return number if fits else _beyond(number, dt)
    if isinstance(number, complex):
        if number.imag:
            _beyond(number, dt)
        number = number.real
    if dt.kind == 2:
        return number if _within(number, dt) else _beyond(number, dt)
    signed = dt.is_signed
    most = (1 << 8 * dt.itemsize - signed) - 1
    if not (-most - signed if signed or isinstance(number, int) else 0) <= number <= most:
        _beyond(number, dt)
    return int(number) if signed else int(number) & most


def check_64_bits(number: int) -> None:
    """OverflowError unless an int is one of 64 bits, signed or not."""
    if not -(1 << 63) <= number < 1 << 64:
        raise OverflowError(f"int too big to convert: {number} does not fit into 64 bits")


def check_int64(number: int) -> None:
    """ValueError unless an int is an int64, where that is what PyTorch reads."""
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"Overflow when unpacking long long: {number} does not fit into 64 bits")


def _within(number, dt: dtype) -> bool:
    most = largest(dt)
    return -most <= number <= most or number - number != 0


@functools.cache
def largest(dt: dtype) -> float:
    """The largest number of a floating dtype, or of a complex one's parts."""
    return finfo(dt).max


def _beyond(number, dt: dtype):
    raise RuntimeError(f"value {number} cannot be converted to type {dt.name} without overflow")


# ------------------------------------------------------------------------------------------------ default dtype

_default = float32


def get_default_dtype() -> dtype:
    """The floating dtype of new tensors made from Python numbers.

    Returns
    -------
    dtype
        float32 at first.

    Examples
    --------
    >>> lucid.get_default_dtype()
    lucid.float32
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the floating dtype of new tensors made from Python numbers.

    Parameters
    ----------
    d : dtype
        A floating one; complex numbers take the dtype whose parts are of it.

    Raises
    ------
    TypeError
        If it is not a floating dtype.

    Examples
    --------
    >>> lucid.set_default_dtype(lucid.float64)
    >>> lucid.tensor(1.0).dtype
    lucid.float64
    >>> lucid.set_default_dtype(lucid.float32)
    """
    global _default
    if type(d) is not dtype or not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d
    core.set_default_dtype(d.numpy)


def default_complex() -> dtype:
    """The complex dtype of new tensors made from Python complex numbers."""
    return _default.to_complex()


def to_floating(d: dtype) -> dtype:
    """The dtype in which a mathematical function of integers is computed: the default; a floating one is its own."""
    return d if d.kind >= 2 else _default


# ---------------------------------------------------------------------------------------------------- promotion

_SIGNED = (int8, int16, int32, int64)
_FLOATING = (float16, float32, float64)


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that holds both, of at least the higher kind.

    Parameters
    ----------
    type1, type2 : dtype
        In either order.

    Returns
    -------
    dtype
        An integer beside a floating dtype takes that one, whatever their sizes.

    Raises
    ------
    RuntimeError
        For uint16, uint32 or uint64 beside anything but itself and floating dtypes, and for one of 8 floating bits beside another.

    Examples
    --------
    >>> lucid.promote_types(lucid.uint8, lucid.int8)
    lucid.int16
    >>> lucid.promote_types(lucid.int64, lucid.float16)
    lucid.float16
    """
    if type1 is type2:
        return type1
    if "float8" in type1.name + type2.name:
        raise RuntimeError(f"Promotion for Float8 Types is not supported, attempted to promote {type1.name} and {type2.name}")
    if (type1 in UNSIGNED and not type2.is_floating_point) or (type2 in UNSIGNED and not type1.is_floating_point):
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{type1.name} and {type2.name}"
        )
    if type1.kind > type2.kind:
        type1, type2 = type2, type1
    if type1.kind < type2.kind:
        return promote_types(type1.to_complex(), type2) if type1.kind == 2 and type2.is_complex else type2
    if type2.is_complex:
        return type1 if type1.itemsize > type2.itemsize else type2
    if type2.is_floating_point:
        if bfloat16 in (type1, type2) and float16 in (type1, type2):
            return float32
        return type1 if type1.itemsize > type2.itemsize else type2
    if uint8 in (type1, type2):
        other = type2 if type1 is uint8 else type1
        return int16 if other is int8 else other
    return type1 if type1.itemsize > type2.itemsize else type2


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Whether a result of `from_` may be written to a tensor of `to`: the kind must not go down.

    Parameters
    ----------
    from_ : dtype
        Of the result.
    to : dtype
        Of the tensor.

    Returns
    -------
    bool
        Kinds rise from bool over integers and floating to complex dtypes.

    Examples
    --------
    >>> lucid.can_cast(lucid.float64, lucid.float16)
    True
    >>> lucid.can_cast(lucid.float32, lucid.int64)
    False
    """
    if from_.is_complex and not to.is_complex:
        return False
    if from_.is_floating_point and to.kind < 2:
        return False
    return not (from_.kind > 0 and to is bool_)


def torch_name(d: dtype) -> str:
    """PyTorch's name of a scalar type in its messages."""
    return {
        "float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double", "int64": "Long",
        "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
        "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
        "complex32": "ComplexHalf", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
    }[d.name]  # fmt: skip


def result_dtype(operands) -> dtype:
    """The dtype in which an operation on these tensors and Python numbers is computed."""
    dimensioned = zero_dim = number = None
    for operand in operands:
        array = getattr(operand, "array", None)
        if array is None:
            kind = type(operand)
            found = BY_PYTHON.get(kind)
            if found is None:
                found = next((dt for base, dt in BY_PYTHON.items() if isinstance(operand, base)), None)
                if found is None:
                    raise TypeError(f"unsupported operand of type {kind.__name__}")
            if found.kind >= 2:
                found = _default if found.kind == 2 else default_complex()
            number = found if number is None else promote_types(number, found)
        elif array.ndim:
            found = operand.dtype
            dimensioned = found if dimensioned is None else promote_types(dimensioned, found)
        else:
            found = operand.dtype
            zero_dim = found if zero_dim is None else promote_types(zero_dim, found)
    result = dimensioned
    for lower in (zero_dim, number):
        result = _combine(result, lower)
    return result


def _combine(higher: dtype | None, lower: dtype | None) -> dtype:
    """Operands of a lower class count only where they are of a higher kind."""
    if higher is None or lower is None:
        return higher or lower
    if lower.kind > higher.kind:
        return higher.to_complex() if higher.kind == 2 else promote_types(higher, lower) if higher is bool_ else lower
    return higher


def result_type(tensor, other) -> dtype:
    """The dtype of an arithmetic operation on two tensors or Python numbers.

    Parameters
    ----------
    tensor, other : Tensor or number
        The operands.

    Returns
    -------
    dtype
        Tensors with dimensions decide; 0-d tensors, and after them numbers, only if they are of a higher kind.

    Raises
    ------
    TypeError
        If an operand is neither.

    Examples
    --------
    >>> lucid.result_type(lucid.tensor([1, 2]), 1.0)
    lucid.float32
    """
    return result_dtype((tensor, other))


# ------------------------------------------------------------------------------------------------ limits


class _Limits:
    """Two are equal when they are of one dtype."""

    __slots__ = ()

    def _set(self, **limits) -> None:
        for name, value in limits.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise AttributeError(f"attribute {name!r} of 'lucid.{type(self).__name__}' objects is not writable")

    def __eq__(self, other):
        return type(self) is type(other) and self.dtype == other.dtype

    def check(self, type) -> dtype:
        type = BY_PYTHON.get(type, type)
        if not isinstance(type, dtype):
            raise TypeError(f"lucid.{self.__class__.__name__}() takes a dtype, got {type!r}")
        return type


class finfo(_Limits):
    """Limits of a floating dtype.

    Parameters
    ----------
    type : dtype, optional
        Floating or complex, which has the limits of its parts. Default: the default dtype.

    Attributes
    ----------
    bits : int
        The size of a number.
    eps : float
        The distance from 1 to the next larger number.
    max, min : float
        The largest and the smallest number.
    tiny, smallest_normal : float
        The smallest positive number of full precision.
    resolution : float
        Ten to the power of minus the decimal digits that are sure.
    dtype : str
        The dtype's name.

    Raises
    ------
    TypeError
        If the dtype is not floating.

    Examples
    --------
    >>> lucid.finfo(lucid.float16).max
    65504.0
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: dtype | None = None):
        type = self.check(type or _default)
        if type.kind < 2:
            raise TypeError(
                f"lucid.finfo() requires a floating point input type. Use lucid.iinfo to handle '{type.name}'"
            )
        type = type.to_real()
        if type.name in NAMED:
            low, high, eps, tiny = NAMED[type.name]
            self._set(bits=8, dtype=type.name, eps=eps, max=high, min=low, resolution=1.0, smallest_normal=tiny, tiny=tiny)
            return
        if type is bfloat16:
            import ml_dtypes

            info = ml_dtypes.finfo(bfloat16.numpy)
        else:
            info = np.finfo(type.numpy)
        tiny = float(info.smallest_normal)
        self._set(
            dtype=type.name, bits=type.itemsize * 8, eps=float(info.eps), max=float(info.max), min=float(info.min),
            tiny=tiny, smallest_normal=tiny, resolution=10.0**-info.precision,
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo(_Limits):
    """Limits of an integer dtype.

    Parameters
    ----------
    type : dtype
        An integer one.

    Attributes
    ----------
    bits : int
        The size of a number.
    max, min : int
        The largest and the smallest number.
    dtype : str
        The dtype's name.

    Raises
    ------
    TypeError
        If the dtype is not an integer one.

    Examples
    --------
    >>> lucid.iinfo(lucid.int8).min
    -128
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: dtype):
        type = self.check(type)
        if type.kind != 1:
            raise TypeError(f"lucid.iinfo() requires an integer input type. Use lucid.finfo to handle '{type.name}'")
        info = np.iinfo(type.numpy)
        self._set(dtype=type.name, bits=info.bits, min=int(info.min), max=int(info.max))

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
