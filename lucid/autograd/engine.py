"""Backward: visits the nodes newest first, gives each the sum of the gradients of its outputs, and passes on
what its rules return. It does not recurse, so a chain may be as long as memory allows.

Two things happen here and nowhere else: a gradient is summed to the shape of the input that was broadcast, and
cast to its dtype; and gradients that meet are added.
"""

from __future__ import annotations

import functools
import os
import threading
import warnings

from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.node import GradientEdge, Node, Supplied
from lucid.autograd.op import overridable
from lucid.autograd.writes import overlaps_itself
from lucid.tensor import Tensor

__all__ = ["backward", "grad"]

# Of this thread's innermost backward pass: `at_end`, what it calls when it is through; `everywhere`, whether all leaves
# get their gradients; `reached`, what gives the nodes that it comes to, and the numbers (`id`) of the leaves.
running = threading.local()
accumulating = threading.RLock()  # several threads may bring gradients to one leaf


def _unlock_in_child() -> None:
    """The lock anew: whoever held it when the process was forked is not there to give it back."""
    global accumulating
    accumulating = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_in_child)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None) -> None:
    """Accumulate the gradients of `tensors` with respect to the leaves of the graph into their `.grad`.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What is differentiated.
    grad_tensors : Tensor or sequence of (Tensor or None), optional
        The gradient of each of `tensors`, of its shape; ones where None.
    retain_graph : bool, optional
        Keep the saved values, so that backward can run again. Default: as `create_graph`.
    create_graph : bool, optional
        Record the computation of the gradients themselves.
    grad_variables : optional
        Deprecated: use `grad_tensors`.
    inputs : Tensor or sequence of Tensor, optional
        Accumulate into these alone.

    Raises
    ------
    RuntimeError
        If a tensor does not require grad, a gradient's shape does not match, a graph was freed, or a saved
        tensor was overwritten.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> lucid.autograd.backward([(x * x).sum(), x.sum()])
    >>> x.grad
    Tensor([3.0, 5.0])
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError("`grad_tensors` and `grad_variables` (deprecated) were both given; only use `grad_tensors`")
        grad_tensors = grad_variables
    given = _tuple(grad_tensors) if grad_tensors is not None else None
    roots = _at_edges(_tuple(tensors), given, True)
    gradients = _root_gradients(roots, given)
    wanted = None
    if inputs is not None:
        wanted = _at_edges(_tuple(inputs))
        if not wanted:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for one in _tuple(inputs):
            if isinstance(one, Tensor):
                one.retain_grad()  # of a leaf it says nothing
    run(roots, gradients, create_graph if retain_graph is None else retain_graph, create_graph, wanted, True)


@overridable
def grad(
    outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
    is_grads_batched=False, materialize_grads=False,
):  # fmt: skip
    """The gradients of `outputs` with respect to `inputs`.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What is differentiated.
    inputs : Tensor or sequence of Tensor
        With respect to what; leaves or not.
    grad_outputs : Tensor or sequence of (Tensor or None), optional
        The gradient of each of `outputs`; ones where None.
    retain_graph, create_graph : bool, optional
        As for `backward`.
    only_inputs : bool, optional
        Accepted; gradients are always those of the inputs alone.
    allow_unused : bool, optional
        Give None for an input that the outputs do not depend on, rather than raise.
    is_grads_batched : bool, optional
        The first dimension of `grad_outputs` is a batch: a gradient is computed for each of its entries.
    materialize_grads : bool, optional
        Give zeros rather than None.

    Returns
    -------
    tuple of (Tensor or None)
        A gradient for each input, of its shape.

    Raises
    ------
    RuntimeError
        As `backward`; also if an input was not used and `allow_unused` is False.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> (first,) = lucid.autograd.grad((x**3).sum(), x, create_graph=True)
    >>> lucid.autograd.grad(first.sum(), x)
    (Tensor([6.0, 12.0]),)
    """
    if not only_inputs:
        warnings.warn("`only_inputs` is deprecated and ignored; `backward` accumulates for other leaves", FutureWarning, stacklevel=2)
    given = _tuple(grad_outputs) if grad_outputs is not None else None
    roots, wanted = _at_edges(_tuple(outputs), given, True), _at_edges(_tuple(inputs))
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    if materialize_grads and not allow_unused:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    for one in wanted:
        if not one.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        found = _batched(roots, given, retain, create_graph, wanted)
    else:
        found = run(roots, _root_gradients(roots, given), retain, create_graph, wanted, False)
    result = []
    for one, gradient in zip(wanted, found):
        if gradient is None:
            if not allow_unused:
                raise RuntimeError(
                    "One of the differentiated Tensors appears to not have been used in the graph. "
                    "Set allow_unused=True if this is the desired behavior."
                )
            if materialize_grads:
                gradient = Supplied.zeros(one.array.shape, one.dtype)
                gradient.requires_grad = create_graph
        elif type(gradient) is Tensor and overlaps_itself(gradient.array):  # of a mean: whoever gets it may write to it
            gradient = Supplied.contiguous(gradient)
        result.append(gradient)
    return tuple(result)


def _batched(roots, given, retain, create_graph, wanted):
    if given is None or any(one is None for one in given):
        raise RuntimeError("grad: is_grads_batched needs grad_outputs for every output")
    from lucid import batching

    found = batching.backward(roots, given, retain, create_graph, wanted)
    if found is not None:
        return found
    size = len(given[0])
    rows = []
    for i in range(size):
        gradients = _root_gradients(roots, tuple(one[i] for one in given))
        rows.append(run(roots, gradients, retain or i < size - 1, create_graph, wanted, False))
    stacked = []
    for column in zip(*rows):
        known = next((one for one in column if one is not None), None)
        if known is not None:
            column = [Supplied.zeros(known.array.shape, known.dtype) if one is None else one for one in column]
            known = Supplied.stack(column)
        stacked.append(known)
    return stacked


def _tuple(value) -> tuple:
    return (value,) if isinstance(value, (Tensor, GradientEdge)) else tuple(value)


def _at_edges(places: tuple, gradients: tuple | None = None, roots: bool = False) -> tuple:
    """The tensors; for each `GradientEdge` one that stands there, of the shape of its gradient, which `roots` begin with."""
    if not any(isinstance(one, GradientEdge) for one in places):
        return places
    found = []
    for i, one in enumerate(places):
        if isinstance(one, GradientEdge):
            shape, dtype = one.like or ((), dtypes.float32)
            like, given = Supplied.no_memory(shape, dtype), None if gradients is None else gradients[i]
            if roots and given is None and like.array.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            one = one.tensor(like if given is None or one.like else given)
        found.append(one)
    return tuple(found)


def _root_gradients(roots: tuple, given: tuple | None) -> list:
    """The gradients to start from: as given, and ones elsewhere."""
    if given is not None and len(given) < len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    gradients = []
    for i, root in enumerate(roots):
        if not isinstance(root, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(root).__name__}")
        gradient = None if given is None else given[i]
        if not root.requires_grad:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        if gradient is None:
            if root.dtype.is_complex:
                raise RuntimeError("grad can be implicitly created only for real outputs")
            gradient = Supplied.ones(root.array.shape, root.dtype)
        elif gradient.array.shape != root.array.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {gradient.shape} and output[{i}] has a shape "
                f"of {root.shape}."
            )
        elif gradient.dtype.is_complex != root.dtype.is_complex:
            raise RuntimeError(
                f"For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{i}] has a dtype of {gradient.dtype} and output[{i}] has a dtype of {root.dtype}."
            )
        gradients.append(gradient)
    return gradients


def run(roots, gradients, retain_graph, create_graph, wanted, accumulate):
    """Send `gradients` back from `roots`.

    With `wanted` None they accumulate in all leaves; otherwise in the wanted tensors alone (`accumulate`), or are
    returned, one for each wanted tensor.
    """
    ready: dict = {}  # node -> the gradients of its outputs, so far
    leaves: dict = {}  # id of a leaf -> [leaf, gradient]
    heap: list = []  # the nodes of `ready`
    places, needed = _wanted(roots, wanted) if wanted is not None else ({}, None)
    caught: dict = {}

    def visit(node, collected):
        if node.hooks is not None:
            _run_hooks(node.hooks, collected)
        for slot, index in places.get(node, ()):
            caught[index] = collected[slot]
        if node.hooks is not None and "pre" in node.hooks and (needed is None or accumulate or needed[node]):
            for hook in list(node.hooks["pre"].values()):
                collected[:] = _replaced(collected, hook(tuple(collected)))

    before, casting = core.set_grad(create_graph), core.set_autocast(False)
    outer = vars(running).copy()
    running.at_end, running.everywhere = {}, wanted is None
    running.reached = functools.cache(lambda: _reached(roots) if wanted is None else {*needed, *map(id, wanted)})
    try:
        while gradients:
            core.send(core.edge(roots[-len(gradients)]), gradients.pop(0), ready, leaves, heap, needed)
        core.drain(heap, ready, leaves, needed, retain_graph, create_graph, visit, _run_post_hooks)
        found = _deliver(leaves, wanted, caught, accumulate, create_graph)
        while running.at_end:  # what is called may add to them
            running.at_end.pop(next(iter(running.at_end)))()
        return found
    finally:
        core.set_grad(before), core.set_autocast(casting)
        vars(running).clear()
        vars(running).update(outer)


def _reached(roots) -> set:
    """The nodes that gradients come to from `roots`, and the numbers of the leaves."""
    seen, stack = set(), [core.edge(root)[0] for root in roots]
    while stack:
        target = stack.pop()
        if not isinstance(target, Node):
            seen.add(id(target))
        elif target not in seen:
            seen.add(target)
            stack.extend(place[0] for place in target.edges)
    return seen


def _wanted(roots, wanted):
    """Where the wanted gradients pass by, and the nodes on the way: True those that have to run, False those where it ends."""
    places, needed, leaf_ids = {}, {}, set()
    for index, one in enumerate(wanted):
        target, slot, *_ = core.edge(one)
        if isinstance(target, Node):
            places.setdefault(target, []).append((slot, index))
            needed[target] = False
        else:
            leaf_ids.add(id(target))
    # A node has to run when one of its edges leads to a wanted place; looked at oldest first, so that the
    # answer for its targets is known.
    for node in sorted((one for one in _reached(roots) if isinstance(one, Node)), key=lambda node: node.sequence):
        if any(
            target in needed if isinstance(target, Node) else id(target) in leaf_ids
            for target, *_ in node.edges
        ):
            needed[node] = True
    return places, needed


def _deliver(leaves, wanted, caught, accumulate, create_graph):
    if wanted is not None:
        asked = {id(one) for one in wanted}
        leaves = {key: entry for key, entry in leaves.items() if key in asked}
    for entry in leaves.values():
        leaf = entry[0]
        extra = leaf._extra
        if extra is not None and extra.get("grad_dtype") is not None:
            entry[1] = entry[1].to(extra["grad_dtype"])
        if extra is not None and "hooks" in extra:
            for hook in list(extra["hooks"].values()):
                changed = hook(entry[1])
                if changed is not None:
                    entry[1] = _replacement(entry[1], changed)
    if wanted is None:
        for entry in leaves.values():
            _accumulate(entry, create_graph)
        return None
    result = []
    for index, one in enumerate(wanted):
        gradient = caught.get(index)
        if gradient is None and id(one) in leaves:
            gradient = leaves[id(one)][1]
        result.append(gradient)
    if accumulate:
        for one, gradient in zip(wanted, result):
            if gradient is not None and one.is_leaf:
                _accumulate([one, gradient], create_graph)
        return None
    return result


NO_HOOKS: dict = {}


def _accumulate(entry, create_graph):
    """Add a gradient to a leaf's `.grad`. The first is taken over as it is where nobody else holds it."""
    leaf = entry[0]
    extra = leaf._extra
    if extra is not None:
        for hook in list(extra.get("pre", NO_HOOKS).values()):
            (entry[1],) = _replaced([entry[1]], hook((entry[1],)))
            if entry[1] is None:
                return
    with accumulating:
        there = leaf._grad
        if there is None:
            if not create_graph and not (core.owned(entry) and core.lies_as(entry[1], leaf)):
                entry[1] = Supplied.kept(entry[1], leaf)
            leaf._grad = entry[1]
        elif create_graph:
            leaf._grad = Supplied.add(there, entry[1])
        else:
            Supplied.add_(there, entry[1])
    if extra is not None:
        for hook in list(extra.get("post_accumulate", NO_HOOKS).values()):
            given = hook(leaf)
            if given is not None and given is not leaf:
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        for hook in list(extra.get("post", NO_HOOKS).values()):
            _replaced([], hook((), (entry[1],)))


def _run_hooks(hooks, collected):
    """The hooks of tensors, on gradients that are complete; a node's own come after them."""
    for slot, functions in hooks.items():
        if isinstance(slot, int):  # a result that was not used has no gradient: its hooks see None
            for hook in list(functions.values()):
                changed = hook(collected[slot])
                if changed is not None:
                    collected[slot] = _replacement(collected[slot], changed)
    if "retain" in hooks:
        for slot, tensor in hooks["retain"].items():
            kept = tensor()
            if kept is not None and collected[slot] is not None:
                kept._grad = Supplied.clone(collected[slot]) if kept._grad is None else Supplied.add(kept._grad, collected[slot])


def _run_post_hooks(hooks, found, collected):
    for hook in list(hooks.values()):
        found = _replaced(found, hook(tuple(found), tuple(collected)))
    return found


def _replaced(gradients: list, given) -> list:
    """The gradients that a node's hook puts in the place of others, if it returned any."""
    if given is None:
        return gradients
    if not isinstance(given, tuple):
        raise TypeError(f"a hook of a node must return a tuple of gradients or None, got {type(given).__name__}")
    if len(given) != len(gradients):
        raise RuntimeError(f"a hook has returned an incorrect number of values (got {len(given)}, but expected {len(gradients)})")
    return [None if one is None else _replacement(gradient, one) for gradient, one in zip(gradients, given)]


def _replacement(gradient: Tensor | None, given) -> Tensor:
    """What a hook returned for a gradient: of its shape and dtype, since what comes after it relies on them."""
    if not isinstance(given, Tensor):
        raise TypeError(f"a hook must return a Tensor for a gradient, or None, got {type(given).__name__}")
    if gradient is None:
        raise RuntimeError("a hook can't replace a None gradient with a non-None value")
    if given.dtype is not gradient.dtype:
        raise RuntimeError(f"a hook has changed the type of value (was {gradient.dtype}, got {given.dtype})")
    if given.shape != gradient.shape:
        raise RuntimeError(f"a hook has changed the size of value (was {list(gradient.shape)}, got {list(given.shape)})")
    return given
