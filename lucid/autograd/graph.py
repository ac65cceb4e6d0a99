"""Looking into the graph: hooks on what is saved for backward, on several gradients at once, version counters.

What nodes save is shown to hooks only inside `saved_tensors_hooks`: the core then calls `Node.pack`, which puts a
`Packed` in the place of each tensor, and `PackedNode` asks for the tensors again when it runs.
"""

from __future__ import annotations

import contextlib
import threading
import weakref

from lucid._kernels import core
from lucid.autograd import engine
from lucid.autograd.node import (
    FREED,
    AccumulateGrad,
    GradientEdge,
    Node,
    RemovableHandle,
    RuleNode,
    ShapedEdge,
    Supplied,
)
from lucid.tensor import Tensor

__all__ = [
    "GradientEdge", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
    "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
]  # fmt: skip

_hooks = threading.local()  # of each thread: `pairs`, innermost last; `refusal`, why there may be none
_users = 0  # blocks that are open, in all threads
_lock = threading.Lock()


class saved_tensors_hooks:
    """Within the block, tensors that are saved for backward pass through a pair of functions.

    What `pack_hook` returns is kept in place of the tensor; `unpack_hook` has to make an equal tensor of it when the
    gradient is computed. Version counters of such tensors are not checked.

    Parameters
    ----------
    pack_hook : callable
        `pack_hook(tensor)` returns anything. It must not write to the tensor.
    unpack_hook : callable
        `unpack_hook(packed)` returns a tensor of the same values, shape and dtype.

    Raises
    ------
    RuntimeError
        Inside `disable_saved_tensors_hooks`; or if `pack_hook` writes to its tensor.
    TypeError
        In backward, if `unpack_hook` returns no tensor.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> with lucid.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lucid.tensor):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    Tensor([2.0, 4.0])
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        refusal = getattr(_hooks, "refusal", None)
        if refusal is not None:
            raise RuntimeError(refusal)
        _pairs().append((self.pack_hook, self.unpack_hook))
        _count(1)

    def __exit__(self, *error):
        if not _pairs():
            raise RuntimeError("saved_tensors_hooks: left more often than entered")
        _pairs().pop()
        _count(-1)


class save_on_cpu(saved_tensors_hooks):
    """Within the block, tensors are saved on the CPU: where all of them are, so nothing changes.

    Parameters
    ----------
    pin_memory : bool, optional
        For PyTorch's programs; has no effect.
    device_type : str, optional
        For PyTorch's programs; has no effect.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> with lucid.autograd.graph.save_on_cpu():
    ...     y = (x * x).sum()
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


class disable_saved_tensors_hooks:
    """Within the block `saved_tensors_hooks` raises RuntimeError.

    Parameters
    ----------
    error_message : str
        What the error says.

    Examples
    --------
    >>> import lucid
    >>> with lucid.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     lucid.autograd.graph.save_on_cpu().__enter__()
    Traceback (most recent call last):
        ...
    RuntimeError: not here
    """

    def __init__(self, error_message: str):
        self.error_message = error_message

    def __enter__(self):
        if _pairs():
            raise RuntimeError(self.error_message)
        self.before, _hooks.refusal = getattr(_hooks, "refusal", None), self.error_message

    def __exit__(self, *error):
        _hooks.refusal = self.before


def _pairs() -> list:
    if not hasattr(_hooks, "pairs"):
        _hooks.pairs = []
    return _hooks.pairs


def _count(step: int) -> None:
    global _users
    with _lock:
        _users += step
        core.set_packing(_users > 0)


class Packed:
    """What stands for a saved tensor: what the hook made of it, and how the tensor was tied to the graph."""

    __slots__ = ("place", "unpack_hook", "value")

    def __init__(self, tensor: Tensor, pack_hook, unpack_hook):
        self.unpack_hook = unpack_hook
        self.place = core.edge(tensor) if core.requires_grad(tensor) else None
        before = core.version(tensor)
        self.value = pack_hook(tensor)
        if core.version(tensor) != before:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook can "
                "not be modified by in-place operations, as what else uses them would see it; clone() them first."
            )

    def unpack(self) -> Tensor:
        """The tensor again, at its place in the graph."""
        found = self.unpack_hook(self.value)
        if not isinstance(found, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(found).__name__}"
            )
        found = core.alias_of(found)
        if self.place is not None:
            found._requires_grad = True
            found._node, found._slot = self.place[:2]
            if not isinstance(found._node, Node):  # a leaf: a node that hands gradients on to it
                found._node = RuleNode(Supplied.view_alias.op, [self.place], [(lambda g: g, (), None, None)])
        return found


def packed_by_hooks(tensor: Tensor) -> Tensor | Packed:
    """The tensor; inside `saved_tensors_hooks`, what stands for it."""
    pairs = _pairs()
    if not pairs:
        return tensor
    before = core.set_grad(False)
    try:
        return Packed(tensor, *pairs[-1])
    finally:
        core.set_grad(before)


class PackedNode(RuleNode):
    """A node whose saved tensors went through hooks."""

    __slots__ = ()

    def apply(self, gradients: list, create_graph: bool) -> list:
        """Unpack, then as any other node."""
        packed = self.calls
        if packed is None:
            raise RuntimeError(FREED)
        calls = []
        for rule, saved, _, out_at in packed:
            saved = _each(Packed, saved, Packed.unpack)
            calls.append((rule, saved, core.versions(saved), out_at))
        self.calls = calls
        try:
            return super().apply(gradients, create_graph)
        finally:
            self.calls = packed


def _each(kind: type, values, change):
    """Values, also inside sequences, with those of a kind changed."""
    return tuple(
        change(value) if isinstance(value, kind) else _each(kind, value, change) if type(value) in (tuple, list) else value
        for value in values
    )


def _pack(self: Node) -> None:
    """Have the hooks of this thread, if there are any, pack what the node saved."""
    if _pairs():
        self.calls = [(rule, _each(Tensor, saved, packed_by_hooks), None, at) for rule, saved, _, at in self.calls]
        self.__class__, self.plain = PackedNode, False


Node.pack = _pack


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph where a tensor's gradient passes by.

    `autograd.grad` and `autograd.backward` take it in the tensor's stead.

    Parameters
    ----------
    tensor : Tensor
        A tensor that requires a gradient.

    Returns
    -------
    GradientEdge

    Raises
    ------
    RuntimeError
        If it does not require a gradient.

    Examples
    --------
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x * x
    >>> edge = lucid.autograd.graph.get_gradient_edge(y)
    >>> lucid.autograd.grad((3 * y).sum(), edge)
    (Tensor([3.0, 3.0]),)
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    target, slot, *_ = core.edge(tensor)
    edge = ShapedEdge(target if isinstance(target, Node) else AccumulateGrad(target), slot)
    edge.like = tensor.array.shape, tensor.dtype
    return edge


class _Kept:
    """What `allow_mutation_on_saved_tensors` keeps; `clear` lets go of it."""

    def __init__(self):
        self.open, self.copies = True, {}

    def pack(self, tensor: Tensor) -> object:
        """A key of the tensor's values as they are now."""
        key = object()
        self.copies[key] = tensor.detach().clone()
        return key

    def unpack(self, key) -> Tensor:
        """The values."""
        if not self.open:
            raise AssertionError("Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph "
                                 "was originally recorded.")  # fmt: skip
        if key not in self.copies:
            raise RuntimeError("a tensor that was saved for backward was let go of by `clear`")
        return self.copies[key]

    def clear(self) -> None:
        """Let go of all that is kept: backward cannot run any more."""
        self.copies.clear()


@contextlib.contextmanager
def allow_mutation_on_saved_tensors():
    """Within the block, tensors that are saved for backward may be overwritten: their values are copied when they are saved.

    Backward has to run in the block, too.

    Returns
    -------
    context manager
        Whose value has a method `clear`, which lets go of what is kept.

    Raises
    ------
    RuntimeError
        Inside another such block.
    AssertionError
        In backward after the block.

    Examples
    --------
    >>> x = lucid.tensor([2.0], requires_grad=True)
    >>> with lucid.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x * 1
    ...     out = y.square()
    ...     _ = y.zero_()
    ...     out.backward()
    >>> x.grad
    Tensor([4.0])
    """
    if getattr(_hooks, "mutable", False):
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    kept, _hooks.mutable = _Kept(), True
    try:
        with saved_tensors_hooks(kept.pack, kept.unpack):
            yield kept
    finally:
        kept.clear()
        kept.open = _hooks.mutable = False


def increment_version(tensor) -> None:
    """Count a write to a tensor, or to each of several, that happened behind the library's back.

    Parameters
    ----------
    tensor : Tensor or iterable of Tensor
        What was written to. A graph that saved it refuses to run backward from then on.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.ones(2)
    >>> lucid.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for one in (tensor,) if isinstance(tensor, Tensor) else tensor:
        core.bump(one)


class _MultiHandle:
    """Takes the hook away from all its tensors."""

    def __init__(self, handles: tuple[RemovableHandle, ...]):
        self.handles = handles

    def remove(self) -> None:
        """Remove the hook."""
        for handle in self.handles:
            handle.remove()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()


class _Gathering:
    """The gradients of one pass, and the function that is to have them."""

    def __init__(self, fn, places: list[weakref.ref]):
        reached, there = engine.running.reached(), [place() for place in places]
        self.fn, self.gradients = fn, [None] * len(places)
        self.missing = sum((one if isinstance(one, Node) else id(one)) in reached for one in there)

    def take(self, index: int, gradient: Tensor) -> None:
        self.gradients[index] = gradient
        self.missing -= 1
        if not self.missing:
            self.fn(self.gradients)

    def __call__(self):
        """At the end of the pass, if it did not give them all their gradients."""
        if self.missing > 0:
            self.fn(self.gradients)


def register_multi_grad_hook(tensors, fn, *, mode: str = "all"):
    """Have a function called with the gradients of several tensors, once a backward pass.

    Parameters
    ----------
    tensors : sequence of Tensor
        They require grad; with "any", those that do not are left out.
    fn : callable
        With "all", `fn(gradients)`: a list with one for each tensor, once all are computed that the pass comes to; None for
        the others. With "any", `fn(gradient)`: the first that is computed in a pass.
    mode : {"all", "any"}, optional
        Which of the two.

    Returns
    -------
    object
        Its `remove()` takes the hook away.

    Raises
    ------
    ValueError
        If `mode` is another.
    RuntimeError
        With "all", if a tensor does not require grad.

    Examples
    --------
    >>> import lucid
    >>> x, y = lucid.ones(2, requires_grad=True), lucid.ones(2, requires_grad=True)
    >>> handle = lucid.autograd.graph.register_multi_grad_hook((x, y), lambda found: print(len(found)))
    >>> (x * y).sum().backward()
    2
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    tensors = tuple(tensors) if mode == "all" else tuple(tensor for tensor in tensors if tensor.requires_grad)
    key = object()  # of this hook, among what passes have to call
    places = [weakref.ref(core.edge(tensor)[0]) for tensor in tensors if tensor.requires_grad]

    def catcher(index: int):
        def catch(gradient: Tensor) -> None:
            pending = engine.running.at_end
            if mode == "any":
                if key not in pending:
                    pending[key] = lambda: None
                    fn(gradient)
                return
            if key not in pending:
                pending[key] = _Gathering(fn, places)
            pending[key].take(index, gradient)

        return catch

    return _MultiHandle(tuple(tensor.register_hook(catcher(i)) for i, tensor in enumerate(tensors)))
