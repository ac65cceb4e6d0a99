"""How tensors print: `str` shows values (and `grad=` where a tensor requires one), `repr` always names the type.

Floats are in their shortest round-trip form; tensors over `threshold` elements are summarised with `...`.
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes

__all__ = ["set_printoptions"]

OPTIONS = {"precision": None, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors print.

    Parameters
    ----------
    precision : int, optional
        Digits after the point; without it floats print in their shortest round-trip form.
    threshold : int, optional
        Elements from which a tensor is summarised (default 1000).
    edgeitems : int, optional
        Elements shown at each end of a summarised dimension (default 3).
    linewidth : int, optional
        Columns after which a row of values is broken (default 80).
    profile : {"default", "short", "full"}, optional
        Sets all of them: "short" is 2 digits and a threshold of 1000, "full" prints everything.
    sci_mode : bool, optional
        Force scientific notation on or off.

    Examples
    --------
    >>> import lucid
    >>> lucid.set_printoptions(precision=2)
    >>> print(lucid.tensor([1 / 3, 2.0]))
    [0.33, 2.00]
    >>> lucid.set_printoptions(profile="default")
    """
    profiles = {
        "default": {"precision": None, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
        "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
        "full": {"precision": None, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
    }
    if profile is not None:
        if profile not in profiles:
            raise ValueError(f"set_printoptions: profile must be one of {', '.join(profiles)}, got {profile!r}")
        OPTIONS.update(profiles[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    OPTIONS.update({name: value for name, value in given.items() if value is not None})
    OPTIONS["sci_mode"] = sci_mode


def _number(value) -> str:
    """One element as text."""
    precision, sci = OPTIONS["precision"], OPTIONS["sci_mode"]
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (complex, np.complexfloating)):
        real, imag = _number(value.real), _number(value.imag)
        return f"{real}{'' if imag.startswith('-') else '+'}{imag}j"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if not np.isfinite(value):
        return str(float(value))
    if precision is not None:
        return f"{float(value):.{precision}e}" if sci else f"{float(value):.{precision}f}"
    if sci:
        return np.format_float_scientific(value, trim="0")
    size = abs(float(value))
    if size and not 1e-4 <= size < 1e16:
        return np.format_float_scientific(value, trim="0")
    return np.format_float_positional(value, trim="0")


def _rows(array: np.ndarray, indent: int, summarise: bool) -> str:
    if array.ndim == 0:
        return _number(array[()])
    edge = OPTIONS["edgeitems"]
    cut = summarise and len(array) > 2 * edge
    kept = [*range(edge), *range(len(array) - edge, len(array))] if cut else range(len(array))
    items = [_rows(array[i], indent + 1, summarise) for i in kept]
    if cut:
        items.insert(edge, "...")
    if array.ndim > 1:
        return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(items) + "]"
    lines, line = [], ""
    for item in items:
        if line and indent + 1 + len(line) + 2 + len(item) > OPTIONS["linewidth"]:
            lines.append(line + ",")
            line = item
        else:
            line = f"{line}, {item}" if line else item
    lines.append(line)
    return "[" + ("\n" + " " * (indent + 1)).join(lines) + "]"


def values(tensor, indent: int = 0) -> str:
    """The elements of a tensor as nested lists."""
    array = dtypes.native(tensor.array)
    if not array.size:  # other dimensions may be long
        return "[]"
    return _rows(array, indent, array.size > OPTIONS["threshold"])


def to_str(tensor) -> str:
    """Values alone; with the gradient where the tensor requires one."""
    if not tensor.requires_grad:
        return values(tensor)
    return f"Tensor({values(tensor, 7)}, grad={tensor._grad!s})"


def to_repr(tensor) -> str:
    """The type, the values, and what they do not show: shape when empty, dtype when not the default, grad."""
    name = type(tensor).__name__
    parts = [values(tensor, len(name) + 1)]
    if tensor.array.size == 0 and tensor.array.ndim != 1:
        parts.append(f"size={tuple(tensor.shape)}")
    implied = (dtypes.get_default_dtype(), dtypes.bool_, dtypes.int64, dtypes.default_complex())
    if tensor.dtype not in implied or (tensor.array.size == 0 and tensor.dtype is not implied[0]):
        parts.append(f"dtype={tensor.dtype}")
    if tensor._node is not None:
        try:
            name_of_node = tensor.grad_fn.name()
        except RuntimeError:  # a view that may no longer be used
            name_of_node = "Invalid"
        parts.append(f"grad_fn=<{name_of_node}>")
    elif tensor.requires_grad:
        parts.append("requires_grad=True")
    return f"{name}({', '.join(parts)})"
