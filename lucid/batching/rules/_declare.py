"""How rules are declared, and what they are made with."""

from __future__ import annotations

import math

from lucid.autograd.op import DECLARED
from lucid.batching.calls import RULES, Call
from lucid.batching.tensor import Level
from lucid.tensor import Tensor

SIZES = "vmap: We do not support batching operators that can output dynamic shape: {0}"


def rules(family, paths: str) -> None:
    """Have operations computed by the rule of a family."""
    for path in paths.split():
        RULES[path] = family


def rule(paths: str):
    """Declare a rule for what belongs to no family."""

    def declare(function):
        rules(function, paths)
        return function

    return declare


def final(function):
    """A rule whose errors are the program's: nothing else is tried."""
    function.final = True
    return function


def f(path: str):
    """An operation."""
    return DECLARED[path].function


def flat(x: Tensor, first: int, last: int) -> Tensor:
    """A tensor with some neighbouring dimensions, the last not among them, as one."""
    return x.reshape((*x.shape[:first], math.prod(x.shape[first:last]), *x.shape[last:]))


def lifted(x: Tensor, rank: int) -> Tensor:
    """A whole whose entries get dimensions of size 1 in front, up to `rank`."""
    missing = rank + 1 - x.ndim
    return x if missing <= 0 else x.reshape((x.shape[0],) + (1,) * missing + tuple(x.shape[1:]))


def shifted(dim, rank: int):
    """A dimension of the entries, or several, as those of the whole."""
    if isinstance(dim, (tuple, list)):
        return tuple(shifted(one, rank) for one in dim)
    if dim is None or isinstance(dim, bool):
        return dim
    if not -max(rank, 1) <= dim < max(rank, 1):
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim if dim < 0 else dim + 1


def wholes(call: Call) -> list:
    """The values with all tensors batched, in sequences too."""
    return [_whole(call.level, value) for value in call.values]


def _whole(level: Level, value):
    if isinstance(value, Tensor):
        return level.whole(value)
    if isinstance(value, (tuple, list)) and any(isinstance(one, Tensor) for one in value):
        return [_whole(level, one) for one in value]
    return value
