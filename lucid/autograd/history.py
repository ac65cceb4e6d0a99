"""The histories of tensors that are written to: of a tensor of its own, of one whose view was written, and of views whose base was.

A recorded write makes a node that sees the target as it was (`rewrite`). If the target is a view, the node's gradient is the
one of a piece of its base (`CopySlices`), and every other view of that base becomes a piece of what it is now (`refresh`).
"""

from __future__ import annotations

import functools

from lucid._kernels import core
from lucid.autograd.node import FREED, Node, RuleNode, Supplied
from lucid.autograd.writes import check_recordable, check_result, check_writable, write
from lucid.tensor import Tensor


def past_of(target: Tensor) -> Tensor:
    """A tensor that stays, in the graph too, what the target is before it is written to."""
    past = core.alias_of(target)
    past._requires_grad = core.requires_grad(target)
    if past._requires_grad and target._base is not None:
        core.edge(target)  # brings its node up to date
    past._node, past._slot = target._node, target._slot
    return past


def rewrite(target: Tensor, op: core.OpBase, values: list) -> Tensor:
    """An in-place operation that is recorded."""
    base = target._base
    check_recordable(target)
    check_writable(op.name, target)
    # The node sees the target as it is now; only then is it written to.
    past = past_of(target)
    if _keeps_target(op, values):
        past.array, past._counter = Supplied.copied(target.array), None
    values = [past if value is target else value for value in values]
    before = core.set_grad(False)
    try:
        result = core.run_into(op, values, target)
    finally:
        core.set_grad(before)
    node = core.make_node(op, values)
    check_result(op.name, target, result)
    if node is None:  # nothing that is differentiable is left of what the target was
        if not past._requires_grad:
            write(op.name, target, result)
            return target
        zeros = functools.partial(Supplied.zeros, target.array.shape, target.dtype)
        node = RuleNode(op, [core.edge(past)], [(lambda g: zeros(), (), None, None)])
        own = True
    else:
        own = past._requires_grad and (op.joint[0][0] if op.joint is not None else op.rules[0][0]) == 0
    place = None if base is None else Place(target, base)
    write(op.name, target, result)
    core.finish_node(node, target)
    if base is None:
        target._node, target._slot, target._requires_grad = node, 0, True
        keep_retaining(target, past._node, past._slot)
        return target
    rebase(base, node, own, place)
    refresh(target)
    return target


def _keeps_target(op: core.OpBase, values: list) -> bool:
    """Whether a rule that will run names the first argument, which is about to be overwritten."""
    if op.joint is not None:
        return 0 in op.joint[2]
    return any(0 in named and core.needs_gradient(values[at]) for at, _, named in op.rules)


def rebase(base: Tensor, node: Node, own: bool, place: Place) -> None:
    """Let a tensor's history go through the node that wrote to the piece of it at `place`; `own` says that the piece's old
    value is the first of the node's inputs."""
    before = base._node, base._slot
    base._node = CopySlices(node, own, core.edge(base) if base.requires_grad else None, place)
    base._slot, base._requires_grad = 0, True
    keep_retaining(base, *before)


def keep_retaining(tensor: Tensor, node: Node | None, slot: int) -> None:
    """Have a tensor's gradient kept as before (`retain_grad`), where it came from an output of `node` until it was written to."""
    if node is None or node.hooks is None:
        return
    kept = node.hooks.get("retain", {}).get(slot)
    if kept is not None and kept() is tensor:
        del node.hooks["retain"][slot]
        tensor._node._hooks("retain")[tensor._slot] = kept


class CopySlices(Node):
    """The node of a tensor after a view of it was written to.

    The gradient of the piece that was written goes through the operation that wrote it; what that passes on to
    the piece's old value takes its place, and the whole goes to the tensor's old value.
    """

    __slots__ = ("inner", "own", "place")

    def __init__(self, inner: RuleNode, own: bool, base_edge, place: Place):
        super().__init__(inner.op, ([base_edge] if base_edge else []) + inner.edges[own:], [])
        self.inner, self.own, self.place = inner, own, place
        self.joint = base_edge is not None

    def name(self) -> str:
        """PyTorch's name of the node."""
        return "CopySlices"

    def release(self) -> None:
        """Let go of the operation: its values go with it, unless a gradient's own graph still holds it."""
        self.inner = None

    def apply(self, gradients: list, create_graph: bool) -> list:
        """The gradients of the whole, then of the operation's other inputs."""
        if self.inner is None:
            raise RuntimeError(FREED)
        g = gradients[0]
        piece = self.place.take(g)
        found = self.inner.apply([piece], create_graph)
        if not self.joint:
            return found[self.own :]
        old = found[0] if self.own else None
        if old is None:
            old = Supplied.zeros(piece.array.shape, piece.dtype)
        return [self.place.replace(g, old), *found[self.own :]]


class Place:
    """Where a view lies in its base: takes the piece out of a tensor like the base, or puts it there.

    A tensor like the base may lie anyhow in memory; it is first laid out as the base is (`_row`), in one row. Where
    one of view and base is complex and the other its parts, the complex one is seen as parts.
    """

    __slots__ = ("complex_base", "complex_view", "layout", "piece", "span")

    def __init__(self, view: Tensor, base: Tensor):
        a, b = view.array, base.array
        start = a.ctypes.data - b.ctypes.data
        self.complex_base = a.dtype.kind not in "cW" and b.dtype.kind in "cW"
        self.complex_view = a.dtype.kind in "cW" and b.dtype.kind not in "cW"
        if self.complex_base:
            b = Supplied.as_real(core.wrap(b)).array
        elif self.complex_view:
            a = Supplied.as_real(core.wrap(a)).array
        if a.dtype != b.dtype:
            raise RuntimeError("in-place writes to a view of another dtype than its base's are not recorded")
        if not core.inside(a, b):
            raise RuntimeError("a view or its base is being modified inplace, and the view is not inside of the base: as_strided reached "
                               "beyond it, or it was resized or given other memory since. The write cannot be recorded")  # fmt: skip
        itemsize = b.itemsize
        self.span = None if b.flags.c_contiguous else core.extent_of(b)[1]
        self.layout = (b.shape, tuple(step // itemsize for step in b.strides), 0)
        self.piece = (a.shape, tuple(step // itemsize for step in a.strides), start // itemsize)

    def _row(self, whole: Tensor) -> Tensor:
        if self.complex_base:
            whole = Supplied.as_real(whole)
        if self.span is None:
            return Supplied.contiguous(whole)
        return Supplied.scatter_strided(whole, (self.span,), *self.layout)

    def _whole(self, row: Tensor) -> Tensor:
        whole = row if self.span is None else Supplied.piece(row, *self.layout)
        return Supplied.as_complex(Supplied.contiguous(whole)) if self.complex_base else whole

    def take(self, whole: Tensor) -> Tensor:
        """The piece of a tensor like the base."""
        piece = Supplied.piece(self._row(whole), *self.piece)
        return Supplied.as_complex(Supplied.contiguous(piece)) if self.complex_view else piece

    def replace(self, whole: Tensor, piece: Tensor) -> Tensor:
        """The tensor with its piece replaced."""
        piece = Supplied.as_real(piece) if self.complex_view else piece
        return self._whole(Supplied.replace_piece(self._row(whole), piece, *self.piece))

    def spread(self, piece: Tensor) -> Tensor:
        """Zeros like the base with the piece in its place: what `take` is to a gradient."""
        piece = Supplied.as_real(piece) if self.complex_view else piece
        shape = self.layout[0] if self.span is None else (self.span,)
        return self._whole(Supplied.scatter_strided(piece, shape, *self.piece))


STALE_VIEW = (
    "A view is used after its base or another view of its base was modified inplace. It was made with recording off, by an operation that "
    "returns multiple views, or returned by a custom Function as it was given, so that what it is now is not known: make it again "
    "after the write, or replace the inplace operation by an out-of-place one."
)


def refresh(view: Tensor) -> None:
    """Make a view's node anew after its base was written to: it is a piece of what the base is now."""
    if view._view:
        raise RuntimeError(STALE_VIEW)
    base, before = view._base, (view._node, view._slot)
    place = Place(view, base)
    piece = RuleNode(Supplied.piece.op, [core.edge(base)], [(place.spread, (), None, None)])
    view._node, view._slot, view._requires_grad, view._base_node = piece, 0, True, base._node
    keep_retaining(view, *before)


core.set_graph_types(RuleNode, refresh)
