"""What a TorchScript program calls on numbers, strings, lists and dictionaries, and on nothing at all."""

from __future__ import annotations

import math
import operator
import warnings

import lucid

__all__ = ["ALONE", "PLAIN", "WORDS", "Error", "raised", "smallest", "text"]


class Error(Exception):
    """What a program raises."""


def raised(message: str, kind: str | None = None):
    """Raise what the program raises."""
    raise Error(f"{kind}: {message}" if kind else message)


def _replaced(holder, key, value):
    holder[key] = value
    return holder


def _deleted(holder, key) -> None:
    del holder[key]


def text(value) -> str:
    """A value as programs write it: floats with all of their digits, or none behind the point, and words in lists without quotes."""
    if isinstance(value, float):
        return f"{int(value)}." if abs(value) < 2**63 and value.is_integer() else f"{value:.17g}"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(key)}: {text(one)}" for key, one in value.items()) + "}"
    return str(value)


def _formatted(pattern: str, *values) -> str:
    """With each `{}` replaced. (Not by `str.format`, which reads attributes of the values.)"""
    first, *others = pattern.split("{}")
    if len(others) > len(values):
        raise Error(f"Too few arguments for format string: {pattern}")
    return first + "".join(f"{text(value)}{other}" for value, other in zip(values, others))


def _percent(text: str, *values) -> str:
    return text % (values[0] if len(values) == 1 else values)


def _end(text, end: int) -> int:
    return len(text) if end == -1 else end


def _among(name: str):
    """A method of strings that looks at a part, which ends at -1 where it is the rest."""
    return lambda text, part, start=0, end=-1: getattr(text, name)(part, start, _end(text, end))


def _sliced(values, start=None, end=None, step=1):
    return values[start:end:step]


def smallest(function):
    """Of numbers, or of the elements of a list; lists are compared as such."""
    return lambda *values: function(values[0]) if len(values) == 1 else function(*values)


def _rounded(x) -> float:
    return float(round(x))


def _powered(a, b):
    return a**b if isinstance(a, complex) or isinstance(b, complex) else _or_nan(math.pow, a, b)


def _or_nan(function, *numbers):
    """As C computes it, where Python raises."""
    try:
        return function(*numbers)
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def _computed(name: str):
    import cmath

    def function(*numbers):
        return getattr(cmath, name)(*numbers) if any(isinstance(x, complex) for x in numbers) else _or_nan(getattr(math, name), *numbers)

    return function


def _logarithm(x, base=None):
    if x == 0:
        return -math.inf
    return _computed("log")(x) if base is None else _or_nan(math.log, x, base)


STRINGS = (
    "capitalize", "center", "expandtabs", "isalnum", "isalpha", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable",
    "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition", "replace", "rjust", "rpartition", "rstrip",
    "splitlines", "strip", "swapcase", "title", "upper", "zfill",
)  # fmt: skip
MATH = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "copysign", "cos", "cosh", "degrees", "erf", "erfc", "exp", "expm1", "fabs",
    "fmod", "gcd", "isfinite", "isinf", "isnan", "ldexp", "lgamma", "log10", "log1p", "modf", "radians", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
# What has the name of an operator of tensors too, or might have.
PLAIN = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "eq", "ne", "lt", "le", "gt", "ge", "neg")},
    **{f"__{name}__": getattr(operator, f"{name}_") for name in ("and", "or")},
    **{f"__{name}__": getattr(operator, name) for name in ("xor", "lshift", "rshift")},
    "add_": operator.iadd, "mul_": operator.imul,
    "div": operator.truediv, "floordiv": operator.floordiv, "remainder": operator.mod, "pow": _powered, "divmod": divmod, "abs": abs,
    **{name: _computed(name) for name in MATH}, "log": _logarithm, "mathremainder": math.remainder, "factorial": math.factorial,
    "gamma": lambda x: _or_nan(math.gamma, x), "polar": lambda size, angle: complex(size * math.cos(angle), size * math.sin(angle)),
    "frexp": math.frexp, "angle": lambda x: math.atan2(complex(x).imag, complex(x).real),
    "floor": lambda x: x if type(x) is int else math.floor(x), "ceil": lambda x: x if type(x) is int else math.ceil(x), "round": _rounded,
    "__round_to_zero_floordiv": lambda a, b: int(a / b),
    "Int": int, "Float": float, "Bool": bool, "Complex": complex,
    "all": all, "any": any, "sum": sum, "select": operator.getitem, "slice": _sliced, "copy": lambda values: values.copy(),
    "sort": lambda values, reverse=False: values.sort(reverse=reverse), "index": lambda values, *what: values.index(*what),
    "append": lambda values, one: values.append(one) or values, "extend": lambda values, others: values.extend(others),
    "insert": lambda values, at, one: values.insert(at, one), "remove": lambda values, one: values.remove(one),
    "pop": lambda values, *where: values.pop(*where), "popitem": lambda values: values.popitem(), "reverse": lambda values: values.reverse(),
    "clear": lambda values: values.clear(), "count": lambda values, one, *where: values.count(one, *where),
    "setdefault": lambda values, key, one: values.setdefault(key, one), "get": lambda values, key, *one: values.get(key, *one),
    "update": lambda values, others: values.update(others), "keys": list, "values": lambda values: list(values.values()),
    "items": lambda values: list(values.items()), "dict": dict, "list": list, "sorted": sorted, "Delete": _deleted, "_set_item": _replaced,
    "__getitem__": operator.getitem, "__contains__": operator.contains,
    **{name: getattr(str, name) for name in STRINGS}, **{name: _among(name) for name in ("endswith", "startswith", "find", "rfind", "rindex")},
    "split": lambda text, separator=None, most=-1: text.split(separator, most),
    "rsplit": lambda text, separator=" ", most=-1: text.rsplit(separator, most),
    "format": _formatted, "percentFormat": _percent,
}  # fmt: skip
# What is called by its name alone.
WORDS = {
    "int": int, "float": float, "bool": bool, "str": text, "complex": complex, "range": range, "print": print, "sorted": sorted,
    "ord": ord, "chr": chr,
    "hex": hex, "bin": bin, "oct": oct, "abs": abs, "len": len,
}  # fmt: skip
# What looks at no values, or at any.
ALONE = {
    **{name: WORDS[name] for name in ("len", "str", "ord", "chr", "hex", "bin", "oct")},
    "__is__": operator.is_, "__isnot__": operator.is_not, "__not__": operator.not_, "hash": hash, "device": lucid.device,
    "warn": lambda text, level=2: warnings.warn(text, stacklevel=2),
    "_unwrap_optional": lambda value: value if value is not None else raised("Unwrapping null optional"), "wait": lambda value: value,
    "is_scripting": lambda: True, "is_grad_enabled": lucid.is_grad_enabled, "set_grad_enabled": lambda mode: lucid.set_grad_enabled(mode) and None,
    "is_autocast_enabled": lucid.is_autocast_enabled, "is_autocast_cpu_enabled": lucid.is_autocast_enabled, "_get_tracing_state": lambda: False,
    "has_torch_function": lambda *values: False, "manual_seed": lambda seed: lucid.manual_seed(seed) and None, "Size": list,
    "__derive_index": lambda index, start, step: start + index * step, "__range_length": lambda low, high, step: len(range(low, high, step)),
    "_infer_size": lambda a, b: list(lucid.broadcast_shapes(a, b)), "broadcast_shapes": lambda a, b: list(lucid.broadcast_shapes(a, b)),
}  # fmt: skip
