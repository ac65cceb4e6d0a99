"""`func.rearrange`: dimensions moved, split and joined as a pattern says ("b (h w) c -> b c h w")."""

from __future__ import annotations

import math
import re

from lucid.ops.joining import stack
from lucid.tensor import Tensor

MORE = ("...",)  # any number of dimensions; in parentheses it is a name among others
TOKEN = re.compile(r"\.\.\.|[A-Za-z_]\w*|1|[()]")


def _side(text: str, pattern: str) -> list:
    """One side of a pattern: for each dimension the names of what it is divided into."""
    found: list[list[str]] = []
    inside, rest = False, text
    for token in TOKEN.findall(text):
        rest = rest.replace(token, "", 1)
        if token in "()":
            if inside is (token == "("):
                raise ValueError(f"Imbalanced parentheses in expression: '{pattern}'")
            inside = token == "("
            if inside:
                found.append([])
        elif inside:
            found[-1] += [] if token == "1" else [token]
        else:
            found.append([] if token == "1" else MORE if token == "..." else [token])
    if inside or "(" in rest or ")" in rest:
        raise ValueError(f"Imbalanced parentheses in expression: '{pattern}'")
    if rest.strip():
        raise ValueError(f"Unknown characters {rest.split()} in '{pattern}': axes are named, or 1")
    names = [name for group in found for name in group]
    for name in set(names):
        if names.count(name) > 1:
            raise ValueError(f"Indexing expression contains duplicate dimension '{name}'")
    return found


def _named(groups: list[list[str]], shape: tuple, sizes: dict, pattern: str) -> tuple[dict, list[int]]:
    """The size of each name on the left, and all of them in order."""
    found: dict[str, int] = {}
    for group, size in zip(groups, shape):
        known = {name: sizes[name] for name in group if name in sizes}
        open_ = [name for name in group if name not in sizes]
        if len(open_) > 1:
            raise ValueError(f"cannot infer the sizes of {' and '.join(open_)} at once in '{pattern}'")
        product = math.prod(known.values())
        if (size % product if product else size) if open_ else product != size:
            raise ValueError(f"a dimension of size {size} cannot be divided into ({' '.join(group)}) with the sizes {known}")
        for name in group:
            found[name] = known[name] if name in known else size // product if product else 0
    return found, list(found.values())


def rearrange(tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Move, divide and join dimensions as a pattern says.

    Parameters
    ----------
    tensor : Tensor or sequence of Tensor
        What is rearranged; several are stacked first.
    pattern : str
        Names of the dimensions, `->`, and the same names in their new order. Names in parentheses are parts of one
        dimension, `...` stands for any number of them, and 1 or () for one of size 1.
    **axes_lengths : int
        Sizes of names; of those in parentheses on the left all but one are needed.

    Returns
    -------
    Tensor
        A view, where that is possible.

    Raises
    ------
    ValueError
        If the pattern is none, or does not fit the tensor.

    Examples
    --------
    >>> lucid.func.rearrange(lucid.arange(4), "(a b) -> b a", a=2)
    Tensor([[0, 2],
            [1, 3]])
    """
    x = tensor if isinstance(tensor, Tensor) else stack(tensor)
    if pattern.count("->") != 1:
        raise ValueError("Pattern must contain a single '->' separator")
    left, right = (_side(text, pattern) for text in pattern.split("->"))
    if any("..." in group and group is not MORE for group in left):
        raise ValueError(f"Ellipsis is parenthesis in the left side is not allowed: {pattern}")
    here, there = ({name for group in side for name in group} for side in (left, right))
    if "..." in there - here:
        raise ValueError(f"Ellipsis found in right side, but not left side of a pattern {pattern}")
    if here != there:
        raise ValueError(f"Identifiers only on one side of rearrange expression (should be on both): {here ^ there}")
    if unknown := axes_lengths.keys() - here:
        raise ValueError(f"Identifiers not found in rearrange expression: {unknown}")
    more = x.dim() - len(left)
    if more if "..." not in here else more < -1:
        raise ValueError(f"Number of dimensions in pattern ({len(left)}) must be equal to the number of dimensions in the tensor "
                         f"({x.dim()})")  # fmt: skip
    rest = [f"...{i}" for i in range(more + 1)]  # no pattern has such names
    if "..." in here:
        at = left.index(MORE)
        left[at : at + 1] = [[name] for name in rest]
        right = [
            part for group in right
            for part in ([[name] for name in rest] if group is MORE else [_spread(group, rest)])
        ]  # fmt: skip
    sizes, parts = _named(left, tuple(x.shape), axes_lengths, pattern)
    order = {name: i for i, name in enumerate(sizes)}
    moved = x.reshape(parts).permute([order[name] for group in right for name in group])
    return moved.reshape([math.prod(sizes[name] for name in group) for group in right])


def _spread(group: list[str], rest: list[str]) -> list[str]:
    return [one for name in group for one in (rest if name == "..." else [name])]
