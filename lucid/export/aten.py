"""Operators as exported programs name them, `torch.ops.aten.conv2d.default`, and the functions that they are here.

Most are found by name: a function of the package, a method of `Tensor`, a function of `nn.functional`, or of a namespace that is
part of the name (`linalg_inv`). `operators.OTHERS` has those which have another name here, or other arguments.
"""

from __future__ import annotations

import inspect
import math
import operator

import lucid
from lucid import Tensor, ops, questions
from lucid.export.operators import OTHERS, PRIMITIVES
from lucid.export.values import Place
from lucid.nn import functional as F
from lucid.ops import methods

__all__ = ["bound", "function_of"]

# Where a value is kept, whether the caller waits, and who computes: there is one answer to each here.
IGNORED = frozenset(["layout", "device", "pin_memory", "non_blocking", "implicit", "generator", "driver"])

SYMBOLIC = {
    **{f"_operator.{name}": getattr(operator, name) for name in (
        "eq", "ne", "le", "ge", "lt", "gt", "neg", "pos", "mul", "add", "sub", "floordiv", "mod", "pow", "truediv", "and_", "or_",
        "lshift", "rshift")},
    **{f"math.{name}": getattr(math, name) for name in ("trunc", "ceil", "floor")},
    "torch.sym_not": operator.not_, "torch.sym_int": int, "torch.sym_float": float, "torch.sym_max": max, "torch.sym_min": min,
    "torch._sym_sqrt": math.sqrt, "torch.sym_sqrt": math.sqrt, "torch.sym_ite": lambda condition, first, second: first if condition else second,
}  # fmt: skip
# What an operator calls an argument, and what functions here call it.
RENAMED = {
    "self": ("input",), "other": ("B", "y"), "b": ("B",), "input2": ("tau", "L"), "input3": ("other",), "test_element": ("test_elements",),
    "split_size": ("split_size_or_sections",), "split_sizes": ("split_size_or_sections",), "sections": ("indices_or_sections",),
    "indices": ("indices_or_sections",), "tensor_indices_or_sections": ("indices_or_sections",), "assert_msg": ("text",), "pad": ("padding",),
}  # fmt: skip
NAMESPACES = ("linalg", "fft", "special")
METHODS = {
    *(name for names in methods.METHODS.values() for name in names.split()),
    *(f"{name}_" for names in methods.INPLACE.values() for name in names.split()),
    *(name for module in methods.OWN for name in module.TENSOR_METHODS if not name.startswith("_")),
}


def _found(name: str):
    """The function of an operator by its name alone, or None. Only operations are looked for, nothing that reads files, say."""
    home, _, rest = name.partition("_")
    if home in NAMESPACES and rest in ops.published(home):
        return ops.published(home)[rest]
    if name in ops.published(""):
        return ops.published("")[name]
    if name in ops.published("Tensor") or name in METHODS:
        return getattr(Tensor, name)
    if name in ops.published("nn.functional"):
        return ops.published("nn.functional")[name]
    if name in questions.__all__ or name.startswith("_foreach_"):
        return getattr(lucid, name, None)
    written = getattr(F, name[:-1], None) if name.endswith("_") else None
    if written is not None and "inplace" in inspect.signature(written).parameters:
        return lambda x, *arguments: written(x, *arguments, inplace=True)
    return None


def function_of(target: str):
    """The function that an operator of an exported program is.

    Parameters
    ----------
    target : str
        As the program has it: `torch.ops.aten.add.Tensor`, or `_operator.add` between sizes.

    Raises
    ------
    NotImplementedError
        If there is none.
    """
    if target in SYMBOLIC:
        return SYMBOLIC[target]
    library, _, called = target.removeprefix("torch.ops.").partition(".")
    name = called.partition(".")[0]
    function = None
    if library == "aten":
        function = OTHERS.get(called) or OTHERS.get(name) or _found(name)
    elif library == "prims":
        function = PRIMITIVES.get(name)
    if function is not None:
        return function
    raise NotImplementedError(f"there is no operator {target} here")


def bound(function, given: list[tuple[str, object]]) -> tuple[list, dict]:
    """What a function is called with, by position as far as may be, which is faster.

    Parameters
    ----------
    given : list of (name, value)
        The operator's arguments, in its order and under its names. The first is the function's first, whatever either is called.

    Raises
    ------
    NotImplementedError
        If the function has no argument of a name: places alone say too little.
    """
    kinds = inspect.Parameter
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # of C, which says nothing about itself
        parameters = [kinds("arguments", kinds.VAR_POSITIONAL)]
    names = [parameter.name.rstrip("_") for parameter in parameters]
    many = next((at for at, parameter in enumerate(parameters) if parameter.kind is kinds.VAR_POSITIONAL), None)
    values, rest, keywords = {}, [], {}
    for at, (name, value) in enumerate(given):
        if name not in names:
            name = next((other for other in RENAMED.get(name, ()) if other in names), name)
        if name not in names and name in IGNORED:
            continue
        place = names.index(name) if name in names else at
        if many is not None and place >= many and (name not in names or place == many):
            rest += value if type(value) is list and any(type(one) is Place for one in value) else [value]
        elif name in names and parameters[place].kind is kinds.KEYWORD_ONLY:
            keywords[parameters[place].name] = value
        elif name in names or place == 0:
            values[place] = value
        else:
            raise NotImplementedError(f"export.load: {getattr(function, '__name__', 'a function')}() has no argument {name!r}")
    count = max(values, default=-1) + 1
    lacking = [names[at] for at in range(count) if at not in values and parameters[at].default is kinds.empty]
    if lacking:
        raise ValueError(f"export.load: a damaged file: {getattr(function, '__name__', 'a function')}() is called without {lacking}")
    return [values.get(at, parameters[at].default) for at in range(count)] + rest, keywords
