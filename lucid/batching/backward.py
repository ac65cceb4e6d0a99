"""Gradients of a batch of gradients: one backward pass, whose rules are computed for the batch."""

from __future__ import annotations

import math

from lucid._kernels import core
from lucid.autograd import engine
from lucid.autograd.node import Node
from lucid.batching.tensor import BatchedTensor, Level
from lucid.tensor import Tensor

core.set_batched_type(BatchedTensor)


def backward(roots, given, retain: bool, create_graph: bool, wanted) -> list[Tensor | None] | None:
    """The gradients of the wanted tensors for each of a batch of gradients of the roots, which have it in front.

    None where something on the way cannot be batched, or is NaN, as what takes a batched tensor for one entry would be: the graph is
    as it was.
    """
    level = Level(len(given[0]))
    if not level.size:
        return None
    before = core.set_overrides_off(0)
    try:
        for recorded in (create_graph, True):  # where a rule's own kernel takes one gradient, its operations take all
            gradients = [BatchedTensor(one, level) for one in given]
            try:
                found = engine.run(roots, engine._root_gradients(roots, gradients), True, recorded, wanted, False)
            except Exception:
                continue
            wholes = [one if one is None else one.value if level.holds(one) else level.whole(one).clone() for one in found]
            if not any(one is not None and bool((one != one).any()) for one in wholes):
                break
        else:
            return None
    finally:
        core.set_overrides_off(before)
    if not create_graph:
        wholes = [one if one is None else one.detach() for one in wholes]
    if not retain:
        release(roots)
    return wholes


def rows(out: Tensor, inputs, create_graph: bool, lead: int = 0) -> list[Tensor] | None:
    """The Jacobian of a tensor by each input, of the output's shape followed by the input's; None as `backward`.

    The first `lead` dimensions of all are batches, of which each has a Jacobian of its own.
    """
    batches, shape = tuple(out.shape[:lead]), tuple(out.shape[lead:])
    n = math.prod(shape)
    if not n or not out.requires_grad:
        return None
    basis = engine.Supplied.identity(n, out.dtype).reshape((n, *(1,) * lead, *shape)).expand((n, *batches, *shape))
    found = backward((out,), (basis,), True, create_graph, inputs)
    if found is None:
        return None
    made = []
    for one, x in zip(found, inputs):
        one = engine.Supplied.zeros((n, *x.shape), x.dtype) if one is None else one
        one = one.movedim(0, lead) if lead else one
        made.append(one.reshape((*batches, *shape, *x.shape[lead:])))
    return made


def release(roots) -> None:
    """Let go of what the graph of some tensors has saved, as a backward pass does."""
    stack, seen = [core.edge(one)[0] for one in roots], set()
    while stack:
        node = stack.pop()
        if isinstance(node, Node) and node not in seen:
            seen.add(node)
            stack.extend(edge[0] for edge in node.edges)
            node.release()
