"""Products summed over dimensions that are named: einsum, and what it says shortly (inner, tensordot, bilinear).

Operands are contracted two at a time, each pair as one batched matrix product (`_contract`).
"""

from __future__ import annotations

import math
from functools import lru_cache

from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import same_dtype, tensor_argument
from lucid.ops.linalg import matmul
from lucid.ops.permutation import permute
from lucid.ops.reduction import sum as sum_
from lucid.ops.view import reshape, unsqueeze
from lucid.tensor import Tensor, check_dim


@op("inner", composite=True)
@doc()
def inner(input_: Tensor, other: Tensor, *, out=None) -> Tensor:
    """Sum of products over the last dimension of both; of a 0-d tensor, the product.

    Parameters
    ----------
    input_ : Tensor
        Of a numeric dtype.
    other : Tensor
        The second operand.

    Returns
    -------
    Tensor
        Of the shapes without their last dimensions, one after the other, and the dtype of the operands.

    Examples
    --------
    >>> lucid.inner(lucid.tensor([1.0, 2.0, 3.0]), lucid.tensor([1.0, 2.0, 3.0]))
    Tensor(14.0)
    """
    if not input_.array.ndim or not other.array.ndim:
        return input_ * other
    if input_.array.shape[-1] != other.array.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input_.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input_, other, dims=([-1], [-1]))


@op("nn.functional.bilinear", composite=True)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2`` for every output k, plus a bias.

    Parameters
    ----------
    input1, input2 : Tensor
        Of shapes (..., in1) and (..., in2), with equal leading dimensions.
    weight : Tensor
        Of shape (out, in1, in2).
    bias : Tensor, optional
        Of shape (out,).

    Returns
    -------
    Tensor
        Of shape (..., outputs) and the dtype of the operands.

    Examples
    --------
    >>> lucid.nn.functional.bilinear(lucid.ones(1, 2), lucid.ones(1, 2), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2))
    Tensor([[10.0]])
    """
    same_dtype("bilinear", input1, input2, weight, bias)
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(f"bilinear(): inputs need the same leading dimensions, but got {list(input1.shape)} and {list(input2.shape)}")
    if input1.shape[-1:] + input2.shape[-1:] != weight.shape[1:]:
        raise RuntimeError(f"bilinear(): inputs of {list(input1.shape)} and {list(input2.shape)} do not fit a weight of {list(weight.shape)}")
    result = einsum("...i,oij,...j->...o", input1, weight, input2)
    return result if bias is None else result + bias


@op("tensordot", composite=True, out="same")
@doc()
def tensordot(a: Tensor, b: Tensor, dims=2, out=None) -> Tensor:
    """Sum of products over pairs of dimensions.

    Parameters
    ----------
    a, b : Tensor
        Of one dtype.
    dims : int or (sequence of int, sequence of int), optional
        The last `dims` dimensions of `a` with the first of `b`, or two lists of dimensions.

    Returns
    -------
    Tensor
        Of the dimensions of `a` that are left, then those of `b`, and the dtype of the operands.

    Examples
    --------
    >>> lucid.tensordot(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), dims=2)
    Tensor(30.0)
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.array.ndim, b.array.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = list(range(a.array.ndim - dims, a.array.ndim)), list(range(dims))
    elif not isinstance(dims, (tuple, list)):
        raise RuntimeError(f"tensordot expects dims to be an int, or a tuple or list of two lists of ints, not {dims!r}")
    else:
        first, second = ([dim] if isinstance(dim, int) else list(dim) for dim in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    first = [check_dim("tensordot", dim, a.array.ndim) for dim in first]
    second = [check_dim("tensordot", dim, b.array.ndim) for dim in second]
    for i, j in zip(first, second):
        if a.array.shape[i] != b.array.shape[j] and 1 not in (a.array.shape[i], b.array.shape[j]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.array.shape[i]} in dim {i} and second has "
                f"size {b.array.shape[j]} in dim {j}"
            )
    letters = [chr(ord("a") + i) for i in range(a.array.ndim)]
    others = [chr(ord("a") + a.array.ndim + i) for i in range(b.array.ndim)]
    for i, j in zip(first, second):
        others[j] = letters[i]
    left = [letter for i, letter in enumerate(letters) if i not in first]
    right = [letter for j, letter in enumerate(others) if j not in second]
    return einsum(f"{''.join(letters)},{''.join(others)}->{''.join(left + right)}", a, b)


# ------------------------------------------------------------------------------------------------ einsum


@op("einsum", composite=True)
def einsum(equation, *operands) -> Tensor:
    r"""Sums of products over labelled dimensions, by Einstein's convention.

    Parameters
    ----------
    equation : str
        Labels of each operand's dimensions, separated by commas, and after ``->`` those of the result; ``...`` stands
        for dimensions that broadcast. Without ``->`` the result has the labels that occur once, in alphabetical order.
    *operands : Tensor
        As many as there are lists of labels.

    Returns
    -------
    Tensor
        Pairs of operands are contracted from left to right, each as a batch of matrix products.

    Examples
    --------
    >>> a = lucid.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> print(lucid.einsum("ij,kj->ik", a, a))
    [[5.0, 11.0],
     [11.0, 25.0]]
    """
    if isinstance(equation, (bool, int, float)):
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {type(equation).__name__}")
    if not isinstance(equation, str):
        equation, operands = _sublists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    for number, operand in enumerate(operands, 1):
        tensor_argument("einsum", operand, number)
    labels, result, ranks = _parse(equation, tuple([operand.array.ndim for operand in operands]))
    current, own = _diagonals(operands[0], labels[0])
    for i in range(1, len(operands)):
        operand, its = _diagonals(operands[i], labels[i])
        later = set(result).union(*labels[i + 1 :])
        current, own = _contract(current, own, operand, its, later, ranks)
    summed = tuple([label for label in own if label not in result])
    current = _as_matrices(current, _order(own, (*result, *summed)), None)
    return sum_(current, tuple(range(len(result), len(own)))) if summed else current


def _order(labels, wanted) -> tuple | None:
    """Where the labels that are wanted are among those that there are; None if they are the same."""
    return None if tuple(labels) == wanted else tuple([labels.index(label) for label in wanted])


def _sublists(arguments):
    """The other way to call einsum: operands alternating with lists of numbers for their labels."""
    arguments = list(arguments)
    result = arguments.pop() if len(arguments) % 2 else None

    def text(labels):
        return "".join("..." if label is Ellipsis else chr(ord("A") + label + (6 if label > 25 else 0)) for label in labels)

    equation = ",".join(text(labels) for labels in arguments[1::2])
    return equation + ("" if result is None else "->" + text(result)), tuple(arguments[::2])


@lru_cache(256)
def _parse(equation: str, ndims: tuple):
    """The labels of each operand, of so many dimensions, and of the result; those of an ellipsis are negative numbers. The third
    are the places in which dimensions lie while operands are contracted: first the result's."""
    equation = equation.replace(" ", "")
    if not ndims:
        raise ValueError("einsum(): at least one operand is needed")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise RuntimeError(
            f"einsum(): {'more' if len(ndims) > len(terms) else 'fewer'} operands were provided than specified in the "
            f"equation: {len(ndims)} operands, {len(terms)} terms in {equation!r}"
        )
    labels, widest = [], 0
    for number, (term, ndim) in enumerate(zip(terms, ndims)):
        plain = term.replace("...", "", 1)
        if not all(letter.isalpha() and letter.isascii() for letter in plain):
            raise RuntimeError(f"einsum(): invalid subscript given at index {number} in the equation string {equation!r}: "
                               "subscripts must be in [a-zA-Z]")  # fmt: skip
        covered = ndim - len(plain)
        if covered < 0 or (covered and "..." not in term):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(plain)}) does not match the number of "
                f"dimensions ({ndim}) for operand {number}" + (" and no ellipsis was given" if covered > 0 else "")
            )
        before, dots, after = term.partition("...")
        middle = list(range(-covered, 0)) if dots else []
        widest = max(widest, covered if dots else 0)
        labels.append([*before, *middle, *after])
    if arrow:
        before, dots, after = right.partition("...")
        if not all(letter.isalpha() for letter in before + after):
            raise RuntimeError(f"einsum(): invalid subscript given in the output of {equation!r}: must be in [a-zA-Z]")
        result = [*before, *(range(-widest, 0) if dots else ()), *after]
    else:
        every = [label for own in labels for label in own if isinstance(label, str)]
        result = [*range(-widest, 0), *sorted(label for label in set(every) if every.count(label) == 1)]
    known = {label for own in labels for label in own}
    for label in result:
        if label not in known:
            raise RuntimeError(f"einsum(): output subscript {label} does not appear in the equation for any input operand")
        if result.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
    rest = sorted(known.difference(result), key=str)
    return labels, result, {label: place for place, label in enumerate((*result, *rest))}


def _diagonals(operand: Tensor, labels):
    """An operand in which every label occurs once: repeated ones become diagonals."""
    if len(set(labels)) == len(labels):
        return operand, labels
    labels = list(labels)
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            if operand.array.shape[i] != operand.array.shape[j]:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand but the sizes don't match, "
                    f"{operand.array.shape[j]} != {operand.array.shape[i]}"
                )
            operand = operand.diagonal(0, i, j)
            labels = [one for k, one in enumerate(labels) if k not in (i, j)] + [label]
    return operand, labels


@lru_cache(256)
def _arranged(a_labels: tuple, a_shape: tuple, b_labels: tuple, b_shape: tuple, later: frozenset, ranks: tuple):
    """How two operands become one product of matrices: the order of each one's dimensions (None: as they are) and its shape, whether
    the second is the product's first, and the result's shape and labels. None where nothing is summed, or something has to be
    done first. Dimensions of one kind lie in their `ranks`, and so do rows and columns, as far as they can."""
    sizes, others = dict(zip(a_labels, a_shape)), dict(zip(b_labels, b_shape))
    every = sorted({*a_labels, *b_labels}, key=ranks.index)
    shared = [label for label in every if label in sizes and label in others]
    rows = [label for label in every if label not in others]
    columns = [label for label in every if label not in sizes]
    batch = [label for label in shared if label in later]
    summed = [label for label in a_labels if label in others and label not in later]
    if not summed or not later.issuperset(rows + columns) or any(sizes[label] != others[label] for label in shared):
        return None
    turned = bool(rows and columns) and ranks.index(columns[0]) < ranks.index(rows[0])
    if turned:
        rows, columns, a_labels, b_labels = columns, rows, b_labels, a_labels
    sizes |= others

    def operand(labels, *groups):
        shape = tuple([math.prod([sizes[label] for label in group]) for group in groups if group is not batch or batch])
        return _order(labels, tuple([label for group in groups for label in group])), shape

    result = batch + rows + columns
    return (
        operand(a_labels, batch, rows, summed), operand(b_labels, batch, summed, columns), turned,
        tuple([sizes[label] for label in result]), result,
    )  # fmt: skip


def _contract(a: Tensor, a_labels, b: Tensor, b_labels, later, ranks: dict):
    """Two operands contracted: labels that neither the result nor a later operand has are summed."""
    plan = _arranged(tuple(a_labels), a.array.shape, tuple(b_labels), b.array.shape, frozenset(later), tuple(ranks))
    if plan is not None:
        left, right, turned, shape, result = plan
        a, b = (b, a) if turned else (a, b)
        return reshape(matmul(_as_matrices(a, *left), _as_matrices(b, *right)), shape), result
    shared = [label for label in a_labels if label in b_labels]
    sizes = {}
    for tensor, labels in ((a, a_labels), (b, b_labels)):
        for size, label in zip(tensor.array.shape, labels):
            if sizes.get(label, 1) not in (1, size) and size != 1:
                raise RuntimeError(
                    f"einsum(): operands do not broadcast with remapped shapes [original->remapped]: subscript {label} has "
                    f"sizes {sizes[label]} and {size}"
                )
            sizes[label] = size if sizes.get(label, 1) == 1 else sizes[label]
    # What only one operand has and nobody needs later is summed first; so is a dimension that broadcasts in one.
    a, a_labels = _sum_out(a, a_labels, [x for x in a_labels if x not in later and x not in b_labels])
    b, b_labels = _sum_out(b, b_labels, [x for x in b_labels if x not in later and x not in a_labels])
    a, b = _widen(a, a_labels, sizes, shared), _widen(b, b_labels, sizes, shared)
    if not later.issuperset(shared):
        return _contract(a, a_labels, b, b_labels, later, ranks)
    result = sorted({*a_labels, *b_labels}, key=ranks.get)
    return _aligned(a, a_labels, result) * _aligned(b, b_labels, result), result


def _as_matrices(x: Tensor, order, shape) -> Tensor:
    x = x if order is None else permute(x, order)
    return x if shape is None or x.array.shape == shape else reshape(x, shape)


def _sum_out(x: Tensor, labels, gone):
    if not gone:
        return x, labels
    return sum_(x, tuple(labels.index(label) for label in gone)), [label for label in labels if label not in gone]


def _widen(x: Tensor, labels, sizes, shared):
    shape = tuple(sizes[label] if label in shared else size for size, label in zip(x.array.shape, labels))
    return x.expand(shape) if shape != x.array.shape else x


def _aligned(x: Tensor, labels, wanted):
    """With a dimension for each label that is wanted, of size 1 where there is none."""
    x = _as_matrices(x, _order(labels, tuple([label for label in wanted if label in labels])), None)
    for place, label in enumerate(wanted):
        if label not in labels:
            x = unsqueeze(x, place)
    return x
