"""How an operation is declared, and the seam from its forward function to the graph.

    @op("nn.functional.leaky_relu")
    def leaky_relu(input_, negative_slope=0.01, inplace=False):
        ...checks, one kernel call...

    leaky_relu.vjp(input_=lambda g, input_, negative_slope: _leaky_relu_backward(g, input_, negative_slope))

The path is PyTorch's: it says where the function is published and which function of PyTorch judges it. A rule's
own parameters are the list of what is saved: the function's parameters by name, `out` for its result, `first` and
`indices` for the first and last of several; where the shape, dtype or layout of a tensor suffices,
`input_shape`, `other_dtype`, `input_layout`, which keep no tensor. Rules are written with operations, so gradients can
be differentiated again. A rule never sums a gradient that was broadcast, nor casts one: the engine does, once.

Two parameters mean something to the declaration. `out` (keyword-only): the result is written to the tensor given
there; the function itself never sees it. `inplace`: the result is written to the first argument. Both are thus
nothing that an operation has to care about.

The declared function stays a plain function to the outside: its signature, docstring and pickling are its own.
"""

from __future__ import annotations

import functools

from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.node import FREED, Node, node_name
from lucid.tensor import Tensor

DECLARED: dict[str, Op] = {}  # by path, of the families that are loaded; `REGISTRY` is the same with all of them


def __getattr__(name: str):
    if name == "REGISTRY":
        Supplied.load_all()
        return DECLARED
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


CO_VARARGS = 0x04  # of a code object's flags, as in `inspect`
WRITABLE, NO_GRAD, ONE_OF_SEVERAL, RETURNED, UNRECORDED = core.view_states  # of `Tensor._view`; see pyx/core/view.pxi

# Other spellings of a parameter that PyTorch accepts too, some of them in one of its overloads alone.
SPELLINGS = {
    "input": ("input_", "A", "tensor"), "from": ("from_",), "axis": ("dim",), "keepdims": ("keepdim",), "x1": ("input_",),
    "x2": ("other",), "other": ("B",), "split_size": ("split_size_or_sections",), "self": ("input_",), "x": ("input_",), "b": ("B",),
    "sections": ("indices_or_sections",), "indices": ("indices_or_sections",), "tensor_indices_or_sections": ("indices_or_sections",),
    "element": ("elements",), "test_element": ("test_elements",), "input2": ("tau", "L"), "input3": ("other",),
}  # fmt: skip
SPELLED = {
    name: [other for other, names in SPELLINGS.items() if name in names] for names in SPELLINGS.values() for name in names
}
# Once factors stood before the tensors that they belong to: `x.add_(0.1, y)` for `x.add_(y, alpha=0.1)`.
OLDER = {
    "add": "alpha", "sub": "alpha", "addcmul": "value", "addcdiv": "value",
    **dict.fromkeys(("addmm", "addmv", "addr", "addbmm", "baddbmm"), ("beta", "alpha")),
}  # fmt: skip


# Names in both of these namespaces are one function in PyTorch too, but for some.
SHARED = {"", "nn.functional"}
APART = {"celu", "relu", "rms_norm", "selu", "sigmoid", "tanh", "threshold"}


# What a parameter takes that is annotated with these words; of a sequence the first element has to be an int. Without
# an annotation, or with another, anything. PyTorch's own Python reads some by their truth, or looks them up, and
# refuses none.
TAKEN = {"bool": "bool", "int": "int", "float": "bool int float complex", "str": "str", "None": "None", "tuple": "tuple", "Tensor": ""}
# Families whose operations have read their arguments before they write: `out=` may share memory with those, as in PyTorch.
READ_FIRST = frozenset((
    "copies", "decompositions", "einsum", "extremes", "factors", "fft", "inverses", "linalg", "matrices", "natives",
    "normalization", "norms", "pooling", "products", "reduction", "shape", "softmax", "statistics",
))  # fmt: skip
LOOKED_UP = {"inplace", "return_indices", "reduction", "mode", "padding_mode", "compute_mode"}


@functools.cache
def refused(annotation: str, looked_up: bool) -> int:
    """The kinds of value that a parameter refuses, as `core.OpBase.kinds` has them."""
    words = set(annotation.split(" | "))
    if not words - {"Tensor", "None"} or not TAKEN.keys() >= words or looked_up and annotation in ("bool", "str"):
        return 0
    taken = {kind for word in words for kind in TAKEN[word].split()}
    return sum(bit for kind, bit in core.KINDS.items() if kind not in taken)


class Op(core.OpBase):
    """The declaration of an operation.

    Attributes
    ----------
    path : str
        PyTorch's path of the function, such as `nn.functional.relu`, `linalg.inv` or `Tensor.view`.
    function : callable
        What is published: records, writes to `out`, works in place.
    forward : callable
        The function as it was written.
    parameters : tuple of str
        All parameter names; the first `positional` of them may be given by position.
    rules : list of (position, rule, positions of what it names)
        The gradient rule of each differentiable parameter.
    kind : {"rule", "composite", "none"}
        Where gradients come from: rules, the operations it is made of, or nowhere.
    """

    RESULTS = {"out": -1, "indices": -2, "first": -3}  # positions that stand for the result, the last and the first of several

    def __init__(
        self, path: str, forward, kind: str, view: bool, aliases: tuple, own: tuple = (), out: str = "cast",
        wide: bool = False,
    ):  # fmt: skip
        code = forward.__code__
        self.path, self.name, self.kind, self.view, self.aliases = path, path.rpartition(".")[2], kind, view, aliases
        given, named = forward.__defaults__ or (), forward.__kwdefaults__ or {}
        annotations = forward.__annotations__
        k = code.co_argcount
        self.forward = forward
        self.positional, self.required = k, k - len(given)
        self.variadic = bool(code.co_flags & CO_VARARGS)
        self.parameters = names = code.co_varnames[: k + code.co_kwonlyargcount]
        self.keyword_only = names[k:]
        self.defaults = dict(zip(names[k - len(given) : k], given)) | named
        self.defaults_in_order = [self.defaults.get(name, core.MISSING) for name in names]
        self.position = dict(zip(names, range(len(names))))
        free = LOOKED_UP if path.startswith("nn.") else ()
        kinds = bytes([refused(annotations.get(name, ""), name in free) for name in names])
        self.kinds = kinds if any(kinds) else None
        spelled = {other: self.position[name] for name in reversed(names) if name in SPELLED for other in SPELLED[name]}
        self.places = spelled | self.position
        self.out_at = -1 if "out" in own else self.position.get("out", -1)
        self.out_rule, self.out_apart, self.out_dtype = out, "apart" in out, "dtype" in out
        self.may_overlap, self.may_share = "overlap" in out, "share" in out
        usual = None if forward.__module__.rpartition(".")[2] in READ_FIRST else False
        said = self.out_apart or (False if "step" in out else None if "read" in out else usual)
        self.apart = usual if "rest" in out else said, usual if "first" in out else said
        self.rest_apart = bool(self.apart[1])
        self.wide = wide
        self.value_at = self.position.get("value", -1)
        self.older = OLDER.get(path)
        self.rules = []
        self.named = {}  # the published functions of the aliases, by path
        self.joint = None
        self.inplace_at = len(self.parameters)
        if "inplace" not in own:
            self.inplace_at = self.position.get("inplace", self.inplace_at)

    # ------------------------------------------------------------------------------------------ declaring

    def vjp(self, **rules) -> None:
        """Declare the gradient of each named parameter: `name=rule(g, *named values)`."""
        for name, rule in rules.items():
            self.rules.append((self.position[name], rule, self._named(rule, 1)))
        self.rules.sort(key=lambda entry: entry[0])

    def vjp_joint(self, *inputs, crossed: bool = False):
        """Declare one rule for several inputs: `rule(g, needs, *named values)` returns a gradient for each.

        `needs` says for each input whether its gradient is wanted; None is returned for one that is not. An
        input that is a sequence of tensors gets a sequence of gradients, and a sequence in `needs`. `crossed` says that
        the rule reads each of the first two inputs for the gradient of the other alone (of itself but shape and dtype).
        """
        self.crossed = crossed

        def declare(rule):
            self.joint = (tuple(self.position[name] for name in inputs), rule, self._named(rule, 2))
            return rule

        return declare

    def refuse_gradients(self, error: type[Exception]) -> None:
        """Have every gradient raise an exception: there is no derivative."""

        def rule(g):
            raise error(f"the derivative for {self.name.lstrip('_')} is not implemented")

        self.rules = [(at, rule, ()) for at in range(len(self.parameters)) if at != self.out_at]

    def _named(self, rule, skipped: int) -> tuple:
        code = rule.__code__
        return tuple(self._place(name) for name in code.co_varnames[skipped : code.co_argcount])

    def _place(self, name: str) -> int:
        """Where the value that a rule names comes from, as `core.one_call` reads it."""
        if name in self.position and name != "out":
            return self.position[name]
        if name in self.RESULTS:
            return self.RESULTS[name]
        for i, aspect in enumerate(("shape", "dtype", "layout")):
            stem = name.removesuffix(aspect)
            at = self.position.get(stem, self.position.get(stem.removesuffix("_")))
            if stem != name and at is not None:
                return -4 - 4 * at - i
        raise NameError(f"{self.path}: a rule names {name!r}, which is no parameter, nor an aspect of one")

    # ------------------------------------------------------------------------------------------ calling

    def run_out(self, values: list):
        """Compute and write the result to `out`; returns that."""
        out = values[self.out_at]
        values[self.out_at] = None
        many = isinstance(out, (tuple, list))
        for one in out if many else (out,):
            check_out(self.name, one, values, self.apart)
        if not many:
            if self.out_dtype:
                self.settle_dtype(values, out, "Expected out tensor to have dtype {0}, but got {1} instead")
            return self.write_out(out, core.run_into(self, values, out), values)
        result = self.run(values)
        if len(out) != len(result):
            raise TypeError(f"{self.name}(): 'out' needs {len(result)} tensors, got {len(out)}")
        for target in out:  # before any is written to
            check_writable(self.name, target)
        if "all" not in self.out_rule:
            for target, one in zip(out, result):
                check_same(self.name, target, one)
        for target, one in zip(out, result):
            write_out(self.name, target, one, self.out_rule)
        return type(result)(*out) if hasattr(result, "_fields") else tuple(out)

    def settle_dtype(self, values: list, target: Tensor, complaint: str) -> None:
        """The dtype that is asked for has to be that of what is written to, which else decides (unless it may be cast to)."""
        at = self.position["dtype"]
        if values[at] is not None:
            dtype = dtypes.as_dtype(values[at])
            if dtype is not target.dtype:
                raise RuntimeError(f"{self.name}(): {complaint.format(dtype.name, target.dtype.name)}")
        elif "cast" not in self.out_rule:
            values[at] = target.dtype

    def write_out(self, out: Tensor, result, values: list) -> Tensor:
        """Write the result of the values to `out`; returns that."""
        rule = self.out_rule
        if "modulus" in rule and values[0].dtype.is_complex:
            rule = "cast"
            if out.dtype.is_complex:
                check_same(self.name, out, values[0])
        elif "bound" in rule and not isinstance(values[1], Tensor):
            rule = "same"
        elif "real" in rule and values[0].dtype.is_complex:
            rule = "cast"
        elif "kind" in rule and out.dtype.is_complex and not result.dtype.is_complex:
            raise RuntimeError(f"{self.name}(): expects a floating point out tensor, but got {out.dtype.name}")
        write_out(self.name, out, result, rule)
        return out

    # ------------------------------------------------------------------------------------------ in place

    def _fill_shared(self, target: Tensor, values: list) -> Tensor:
        """Fill a tensor whose elements share memory: only what changes is written, as the same number everywhere."""
        check_writable(self.name, target, overlapping=True)
        old, new = target.array, self.run(values).array
        changed = (new != old) & ((new == new) | (old == old))
        old[changed] = new[changed]
        core.bump(target)
        return target

    def run_inplace(self, values: list):
        """Compute and write the result to the first argument, whose history then begins with this operation."""
        target = values[0]
        if not isinstance(target, Tensor):
            raise TypeError(f"{self.name}_(): argument 'input' must be Tensor, not {type(target).__name__}")
        if self.out_dtype:
            self.settle_dtype(values, target, "Bad in-place call: output tensor dtype {0} and input tensor dtype {1} should match")
        if not self.may_overlap:
            others = [one for i, one in enumerate(values) if 0 < i != self.value_at]
            check_apart(f"{self.name.lstrip('_')}_", target, others, self.rest_apart)
        if not core.recording(tuple(values)):
            if self.may_share and overlaps_itself(target.array):
                return self._fill_shared(target, values)
            check_writable(self.name, target)
            return self.write_result(target, core.run_into(self, values, target))
        if self.kind != "rule":  # what it is made of is recorded; the write itself is one more operation
            check_recordable(target)
            past = past_of(target)
            past.array, past._counter = Supplied.copied(target.array), None
            made = self.run([past, *values[1:]])
            self.check_dtype(target, made)
            return rewrite(target, Supplied.replaced.op, [target, made])
        return rewrite(target, self, values)

    def check_dtype(self, target: Tensor, result: Tensor) -> None:
        """RuntimeError where the result has to be of the target's dtype and is not."""
        if "same" in self.out_rule and isinstance(result, Tensor):
            check_same(self.name, target, result)

    def write_result(self, target: Tensor, result) -> Tensor:
        """Write a result to the target; returns that."""
        self.check_dtype(target, result)
        write(self.name, target, result)
        return target


class RuleNode(Node):
    """The node of a declared operation; made by `core.make_node`."""

    __slots__ = ()

    def __init__(self, op, edges, calls):
        super().__init__(op, edges, calls)
        self.plain = True

    @classmethod
    def named(cls, op: Op) -> type[RuleNode]:
        """The class of an operation's nodes: what draws a graph asks for its name."""
        return type(node_name(op), (cls,), {"__slots__": ()})


# ---------------------------------------------------------------------------------------------- in place, views
# `lucid.ops` supplies what differentiable operations the engine itself needs.


class Supplied:
    """Operations that autograd calls, and what loads all others; set by `lucid.ops`, which stands above it."""

    add = add_ = clone = contiguous = copied = identity = kept = ones = overwrite = piece = replace_piece = replaced = None
    no_memory = None  # as `zeros`, but one element: for what is copied before it is written to
    load_all = scatter_strided = stack = view_alias = zeros = zeros_laid_out = None


def refresh(view: Tensor) -> None:
    """Make a view's node anew after its base was written to: it is a piece of what the base is now."""
    if view._view:
        raise RuntimeError(STALE_VIEW)
    base, before = view._base, (view._node, view._slot)
    place = Place(view, base)
    piece = RuleNode(Supplied.piece.op, [core.edge(base)], [(place.spread, (), None, None)])
    view._node, view._slot, view._requires_grad, view._base_node = piece, 0, True, base._node
    keep_retaining(view, *before)


def keep_retaining(tensor: Tensor, node: Node | None, slot: int) -> None:
    """Have a tensor's gradient kept as before (`retain_grad`), where it came from an output of `node` until it was written to."""
    if node is None or node.hooks is None:
        return
    kept = node.hooks.get("retain", {}).get(slot)
    if kept is not None and kept() is tensor:
        del node.hooks["retain"][slot]
        tensor._node._hooks("retain")[tensor._slot] = kept


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
            b = _parts(core.wrap(b)).array
        elif self.complex_view:
            a = _parts(core.wrap(a)).array
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
            whole = _parts(whole)
        if self.span is None:
            return Supplied.contiguous(whole)
        return Supplied.scatter_strided(whole, (self.span,), *self.layout)

    def _whole(self, row: Tensor) -> Tensor:
        whole = row if self.span is None else Supplied.piece(row, *self.layout)
        return _joined(whole) if self.complex_base else whole

    def take(self, whole: Tensor) -> Tensor:
        """The piece of a tensor like the base."""
        piece = Supplied.piece(self._row(whole), *self.piece)
        return _joined(piece) if self.complex_view else piece

    def replace(self, whole: Tensor, piece: Tensor) -> Tensor:
        """The tensor with its piece replaced."""
        piece = _parts(piece) if self.complex_view else piece
        return self._whole(Supplied.replace_piece(self._row(whole), piece, *self.piece))

    def spread(self, piece: Tensor) -> Tensor:
        """Zeros like the base with the piece in its place: what `take` is to a gradient."""
        piece = _parts(piece) if self.complex_view else piece
        shape = self.layout[0] if self.span is None else (self.span,)
        return self._whole(Supplied.scatter_strided(piece, shape, *self.piece))


def _parts(x: Tensor) -> Tensor:
    return DECLARED["view_as_real"].function(x)


def _joined(x: Tensor) -> Tensor:
    return DECLARED["view_as_complex"].function(Supplied.contiguous(x))


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


MANY_VIEWS = (
    "Output {} of {} is a view and is being modified inplace. This view is the output of a function that returns "
    "multiple views. Such functions do not allow the output views to be modified inplace. You should replace the "
    "inplace operation by an out-of-place one."
)
CUSTOM_VIEW = (
    "Output {} of {} is a view and is being modified inplace. It is the input of a custom Function, returned as it is, and a "
    "write would pass its backward by. Return a clone() of the input, or write to a clone() of the output."
)
NO_GRAD_VIEW = (
    "A view was created in no_grad mode or inference mode and is being modified inplace with grad mode enabled. Given that this use "
    "case is ambiguous and error-prone, it is forbidden: move the view and the write either both inside the block "
    "or both outside."
)


STALE_VIEW = (
    "A view is used after its base or another view of its base was modified inplace. It was made with recording off, by an operation that "
    "returns multiple views, or returned by a custom Function as it was given, so that what it is now is not known: make it again "
    "after the write, or replace the inplace operation by an out-of-place one."
)


def check_recordable(target: Tensor) -> None:
    """Raise RuntimeError where an in-place operation cannot go into the graph."""
    base = target._base
    if target._view in (NO_GRAD, UNRECORDED):
        raise RuntimeError(NO_GRAD_VIEW)
    if target._view != WRITABLE:
        said, node = MANY_VIEWS if target._view == ONE_OF_SEVERAL else CUSTOM_VIEW, target._node
        raise RuntimeError(said.format(target._slot, "an operation" if node is None else node.name()))
    if base is None:
        if target._requires_grad and target._node is None:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    elif base._requires_grad and base._node is None:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")


def past_of(target: Tensor) -> Tensor:
    """A tensor that stays, in the graph too, what the target is before it is written to."""
    past = core.alias_of(target)
    past._requires_grad = core.requires_grad(target)
    if past._requires_grad and target._base is not None:
        core.edge(target)  # brings its node up to date
    past._node, past._slot = target._node, target._slot
    return past


def _keeps_target(op: Op, values: list) -> bool:
    """Whether a rule that will run names the first argument, which is about to be overwritten."""
    if op.joint is not None:
        return 0 in op.joint[2]
    return any(0 in named and core.needs_gradient(values[at]) for at, _, named in op.rules)


def rewrite(target: Tensor, op: Op, values: list) -> Tensor:
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


def rebase(base: Tensor, node: Node, own: bool, place: Place) -> None:
    """Let a tensor's history go through the node that wrote to the piece of it at `place`; `own` says that the piece's old
    value is the first of the node's inputs."""
    before = base._node, base._slot
    base._node = CopySlices(node, own, core.edge(base) if base.requires_grad else None, place)
    base._slot, base._requires_grad = 0, True
    keep_retaining(base, *before)


core.set_graph_types(RuleNode, refresh)


def overlaps_itself(array) -> bool:
    """Whether two indices of an array may mean one element (an expanded dimension)."""
    return any(step == 0 and size > 1 for step, size in zip(array.strides, array.shape))


def check_writable(name: str, target: Tensor, overlapping: bool = False) -> None:
    """Raise RuntimeError where a tensor cannot be written to; one whose elements share memory can by what gives all one value."""
    check_inference(target)
    array = target.array
    if target._view == NO_GRAD and core.is_grad_enabled():
        raise RuntimeError(NO_GRAD_VIEW)
    if not array.flags.writeable:
        raise RuntimeError(f"{name}(): the tensor's memory is read-only; write to a clone() of it")
    if not overlapping and not array.flags.c_contiguous and overlaps_itself(array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def check_inference(target: Tensor) -> None:
    """Raise RuntimeError where a tensor made in inference mode would be written to outside of it."""
    if target._inference and not core.is_inference():
        raise RuntimeError("Inplace update to inference tensor outside InferenceMode is not allowed. You can make a "
                           "clone to get a normal tensor before doing inplace update.")  # fmt: skip


def check_out(name: str, out, values=(), apart: tuple = (False, False)) -> None:
    """Raise TypeError if `out` is no tensor, RuntimeError if something would be recorded, or `out` meets a value in memory.

    A value that lies exactly where `out` does is no harm, unless it has to be `apart`: the first of them, the rest; None where
    it may share memory with `out` in any way.
    """
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if core.recording((out, *values)):
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, "
                           "but one of the arguments requires grad.")  # fmt: skip
    for some, way in zip((values[:1], values[1:]), apart):
        if way is not None:
            check_apart(name, out, some, way)


def check_apart(name: str, target: Tensor, values, apart: bool = False) -> None:
    """RuntimeError where the tensor that is written to shares memory with one of the values; see `core.overlaps`."""
    if core.overlaps(target.array, values, apart):
        raise RuntimeError(
            f"{name}(): unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the operation."
        )


def write(name: str, target: Tensor, result) -> None:
    """Write a result over a tensor's data, and count the write."""
    check_result(name, target, result)
    if result.array is not target.array:
        Supplied.overwrite(target.array, result.array)
    core.bump(target)


def check_result(name: str, target: Tensor, result) -> None:
    """Raise RuntimeError where a result cannot be written to the target."""
    if not isinstance(result, Tensor):
        raise RuntimeError(f"{name}_(): has no single result to write in place")
    if result.array.shape != target.array.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    check_cast(result.dtype, target.dtype)


def check_same(name: str, out: Tensor, result: Tensor) -> None:
    """Raise RuntimeError where `out` is not of the result's dtype."""
    if out.array.dtype != result.array.dtype:
        raise RuntimeError(
            f"{name}(): Expected out tensor to have dtype {result.dtype.name}, but got {out.dtype.name} instead"
        )


def write_out(name: str, out: Tensor, result: Tensor, rule: str = "cast") -> None:
    """Write a result to `out=`, which takes its shape; the rule is an operation's, see `op`."""
    if "any" not in rule:
        if "cast" not in rule:
            check_same(name, out, result)
        check_cast(result.dtype, out.dtype, TypeError if "TypeError" in rule else RuntimeError)
    check_writable(name, out)
    if out.array.shape != result.array.shape:
        if out.array.size:
            import warnings

            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does "
                f"not match the required output shape {list(result.shape)}.", UserWarning, stacklevel=3,
            )  # fmt: skip
        out.array = core.empty(result.array.shape, out.array.dtype)
    if result.array is not out.array:
        Supplied.overwrite(out.array, result.array)
    core.bump(out)


def check_cast(result: dtypes.dtype, target: dtypes.dtype, error: type[Exception] = RuntimeError) -> None:
    """Raise where a result of one dtype cannot be written to a tensor of another."""
    if result is not target and not dtypes.can_cast(result, target):
        raise error(
            f"result type {torch_name(result)} can't be cast to the desired output type {torch_name(target)}"
        )


def torch_name(dtype: dtypes.dtype) -> str:
    """PyTorch's name of a scalar type in its messages."""
    return {
        "float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double", "int64": "Long",
        "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
        "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
        "complex32": "ComplexHalf", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
    }[dtype.name]  # fmt: skip


# ---------------------------------------------------------------------------------------------- declaring


def overridable(function, spec=None):
    """A function that binds its own arguments, as one that `__torch_function__` can override."""
    return core.make_overridable(function, spec).dress(function)


class Stated:
    """What `inspect` finds as `__wrapped__` of a method: the signature of the function it stands for, some parameters
    left out, or that of a text such as "(start=0, end=None)"."""

    def __init__(self, function=None, without: tuple = (), text: str = ""):
        self.function, self.without, self.text = function, without, text

    @property
    def __signature__(self):
        import inspect

        if self.text:
            scope: dict = {}
            exec(f"def stated{self.text}: pass", scope)
            return inspect.signature(scope["stated"])
        found = inspect.signature(self.function)
        return found.replace(parameters=[one for name, one in found.parameters.items() if name not in self.without])


def _in_float32(forward, dtype_at: int):
    """The forward function of what is made of operations and rounds half precision once."""

    @functools.wraps(forward)
    def widened(*args, **kwargs):
        if kwargs.get("dtype") is not None or 0 <= dtype_at < len(args) and args[dtype_at] is not None:
            return forward(*args, **kwargs)
        return core.in_float32(forward, args, kwargs)

    return widened


def op(
    path: str, *, gradient: bool | type[Exception] = True, composite: bool = False, view: bool = False, aliases: tuple = (),
    own: tuple = (), out: str = "cast", wide: bool = False,
):  # fmt: skip
    """Declare the operation that is PyTorch's `path`.

    Parameters
    ----------
    path : str
        PyTorch's path: `exp`, `nn.functional.relu`, `linalg.inv`, `Tensor.view`.
    gradient : bool or type of exception, optional
        False for an operation whose result is constant or discrete: it is never recorded. An exception where PyTorch has no
        derivative: the operation is recorded, and a backward pass raises it.
    composite : bool, optional
        True where the function is made of operations, which are recorded themselves.
    view : bool, optional
        Whether the result shares memory with the input.
    aliases : tuple of str, optional
        Other paths of the same function.
    own : tuple of str, optional
        Of `out` and `inplace`, those that the function takes care of itself.
    out : str, optional
        What `out=` may be, in words: "cast", of any dtype that the result can be cast to (where it cannot, PyTorch's
        exception is a RuntimeError, or a "TypeError"), but with "bound" of its own if the bound is a number, and with "kind"
        no complex one for a real result; "any", of any; "same", of the result's own, but with "modulus" of any real one that
        it can be cast to, or the input's, if that is complex, and with "real" only where the input is; "dtype", of the dtype
        that the parameter of that name asks for, or else the one that decides (or, with "cast", may be cast to). Of several
        results each has to have its own dtype unless the rule is for "all".
        What is written to, in place too, may lie where an argument does, but not meet it in part; with "apart" neither. As
        `out=` it may meet any where all are "read" first, which is so in the families of `READ_FIRST`, unless their elements
        are read and written in "step". "first" and "rest" before these words say that they are for the first argument or for
        the others. With "overlap" the tensor of the in-place form may meet any, and with "share" its elements may share
        memory (an expanded tensor), as all that are written to get one number.
    wide : bool, optional
        Whether the rules, or what a composite is made of, see half precision as float32, so that several steps are
        rounded once. Where a gradient is itself recorded, all rules do. Not for functions that draw numbers or write.
    """
    kind = "composite" if composite else "rule" if gradient else "none"

    def declare(forward):
        spec = Op(path, forward, kind, view, aliases, own, out, wide)
        if not isinstance(gradient, bool):
            spec.refuse_gradients(gradient)
        if wide and composite:
            spec.forward = _in_float32(forward, spec.position.get("dtype", -1))
        call = overridable(forward, spec) if spec.variadic else core.make_call(spec).dress(forward)
        call.__name__ = spec.name
        spec.function = call
        for one in (path, *aliases):
            if one in DECLARED:
                raise ValueError(f"{one} is declared twice")
            DECLARED[one] = spec
            namespace, _, name = one.rpartition(".")
            if one is not path and (name != spec.name or {namespace, path.rpartition(".")[0]} != SHARED or name in APART):
                spec.named[one] = twin(call, namespace, name)
        return call

    return declare


def _intercept(func, args: tuple, kwargs: dict):
    """What a call gives that a `__torch_function__` overrides."""
    from lucid import overrides

    return overrides._intercept(func, args, kwargs)


core.set_interceptor(_intercept)


def twin(function, namespace: str, name: str):
    """A declared function under another name, or as a method ("Tensor"): the same, and another object to tell overrides of."""
    spec = function.op
    made = overridable(spec.forward, spec) if spec.variadic else core.make_call(spec).dress(function)
    made.__name__ = name
    if namespace == "Tensor":
        made.__qualname__ = f"Tensor.{name}"
    else:
        made.__module__, made.__qualname__ = ".".join(filter(None, ("lucid", namespace))), name
    return made


def inplace(function, name: str):
    """The in-place method of a declared function."""
    spec = function.op
    method = core.make_inplace(spec).dress(function)
    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__wrapped__ = Stated(spec.forward, ("inplace", "out"))
    method.__doc__ = f"In-place form of `{spec.path}`."
    return method
