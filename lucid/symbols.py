"""PyTorch's functions for numbers that may not be known while a program is compiled. Here they are known."""

from __future__ import annotations

import math

from lucid.autograd.op import overridable

__all__ = ["sym_float", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt", "sym_sum"]


@overridable
def sym_float(a) -> float:
    """A number as a float."""
    return float(a)


@overridable
def sym_int(a) -> int:
    """A number as an int."""
    return int(a)


@overridable
def sym_not(a) -> bool:
    """Whether a value is false."""
    return not a


@overridable
def sym_sqrt(a) -> float:
    """The square root of a number."""
    return math.sqrt(a)


def _of_two(choose, a, b):
    for one in (a, b):
        if not isinstance(one, (int, float)):
            raise AssertionError(f"expected an int or a float, got {type(one)}")
    found = choose(a, b)
    return float(found) if isinstance(a, float) or isinstance(b, float) else found


@overridable
def sym_max(a, b):
    """The greater of two numbers; a float if either is. AssertionError for anything else."""
    return _of_two(max, a, b)


@overridable
def sym_min(a, b):
    """The smaller of two numbers; a float if either is. AssertionError for anything else."""
    return _of_two(min, a, b)


@overridable
def sym_ite(b, t, f):
    """The first of two values of a type if `b` is true, else the second. AssertionError for other types."""
    if not isinstance(b, bool):
        raise AssertionError(f"expected a bool, got {type(b)}")
    if type(t) is not type(f):
        raise AssertionError(f"type mismatch: {type(t)} vs {type(f)}")
    return t if b else f


@overridable
def sym_sum(*args):
    """The sum of numbers, or of one sequence of them."""
    return sum(args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args)
