"""The graph: a Node for each recorded operation, with edges to the nodes and leaves that its inputs came from.

A node keeps, for each input that needs a gradient, the input's rule and just the values which that rule names,
with the version each tensor had then. It never keeps its own result: a rule that names `out` gets a fresh
tensor over the result's memory, so that no cycle holds the memory until the collector comes by.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from lucid._kernels import core

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
    "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
    "saved tensors after calling backward."
)


class Node(core.NodeBase):
    """One recorded operation.

    Attributes
    ----------
    op : Op
        The declaration of the operation.
    sequence : int
        Nodes are numbered in the order they were made; backward visits the newest first.
    outputs : int
        How many outputs the operation has; a gradient is collected for each.
    edges : list of (target, slot, shape, dtype)
        Where the gradient of each input goes: a node's output or a leaf tensor; and what it must look like.
    calls : list of (rule, values, versions, names of out) or None once freed
        How the gradients of the inputs are computed.
    hooks : dict or None
        For an output, the functions that see its gradient.
    """

    __slots__ = ("metadata",)

    def __getattr__(self, name: str):
        if name != "metadata":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.metadata = {}  # for whoever wants to remember something
        return self.metadata

    check_nan = True  # whether a node that remembers its stack looks for NaN

    def __init__(self, op, edges, calls, joint=None):
        self.op, self.edges, self.calls, self.joint = op, edges, calls, joint

    def remember_stack(self) -> None:
        """Keep where the operation was called, for `detect_anomaly`."""
        import traceback

        self.stack = traceback.extract_stack()[:-1]

    def name(self) -> str:
        """PyTorch's name of the node, such as `MulBackward0`."""
        from lucid.autograd.names import name_of

        return name_of(self)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"

    @property
    def next_functions(self) -> tuple:
        """The nodes that this one's gradients go to, with the number of their output."""
        return tuple((target.shown() if isinstance(target, Node) else AccumulateGrad(target), slot) for target, slot, *_ in self.edges)

    def shown(self):
        """The node, as who asks for nodes gets it."""
        return self

    def register_hook(self, hook):
        """Have `hook(grad_inputs, grad_outputs)` called after the node ran; it may return other grad_inputs."""
        return registered(self._hooks("post"), hook)

    def register_prehook(self, hook):
        """Have `hook(grad_outputs)` called before the node runs; it may return other grad_outputs."""
        return registered(self._hooks("pre"), hook)

    def _hooks(self, key) -> dict:
        if self.hooks is None:
            self.hooks = {}
        return self.hooks.setdefault(key, {})

    def release(self) -> None:
        """Let go of the saved values."""
        self.calls = None

    def apply(self, gradients: list, create_graph: bool) -> list:
        """The gradients of the inputs, from those of the outputs."""
        if self.calls is None:
            raise RuntimeError(FREED)
        return core.apply_rules(self, gradients[0] if self.outputs == 1 else gradients, create_graph)

    def apply_traced(self, gradients: list, create_graph: bool) -> list:
        """`apply`; where the node remembers its stack, errors and NaN show it."""
        if self.stack is None:
            return self.apply(gradients, create_graph)
        try:
            found = self.apply(gradients, create_graph)
        except Exception as error:
            self.explain(error)
            raise
        for index, gradient in enumerate(found):
            if Node.check_nan and gradient is not None and (gradient.array != gradient.array).any():
                raise self.explain(RuntimeError(f"Function '{self.name()}' returned nan values in its {index}th output."))
        return found

    def explain(self, error: Exception) -> Exception:
        """Have an error say where in the forward pass the node was made."""
        import traceback

        error.add_note(
            f"Error detected in {self.name()}. Traceback of forward call that caused the error:\n"
            + "".join(traceback.format_list(self.stack))
        )
        return error

    def split_joint(self, results) -> list:
        """One gradient an edge, of the results of a rule that computes several; sequences are laid flat."""
        flat = []
        for result, picked in zip(results, self.joint[1]):
            if picked is True:
                flat.append(result)
            elif picked:
                flat.extend(result[i] if result is not None else None for i in picked)
        return flat

    def rejoin(self, values: tuple, out_at: int) -> tuple:
        """The values with `out` in the graph again, so that the gradient can be differentiated."""
        out = values[out_at]
        if isinstance(out, tuple):
            joined = tuple(
                self._join(one, slot) if isinstance(one, core.TensorBase) else one for slot, one in enumerate(out)
            )
        else:
            joined = self._join(out, 0)
        return (*values[:out_at], joined, *values[out_at + 1 :])

    def _join(self, alias, slot: int):
        tensor = core.wrap(alias.array)
        if alias.array.dtype.kind in "fcVW":
            tensor._node, tensor._slot, tensor._requires_grad = self, slot, True
        return tensor

    def overwritten(self, values, versions):
        flat = []
        for value in values:
            flat.extend(value) if isinstance(value, (list, tuple)) else flat.append(value)
        flat = [value for value in flat if isinstance(value, core.TensorBase)]
        for value, before in zip(flat, versions or itertools.repeat(0)):
            if core.version(value) != before:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"[lucid.{value.dtype.name} {list(value.shape)}], saved by {self.name()}, is at version "
                    f"{core.version(value)}; expected version {before} instead. Hint: operate on a clone(), or out of "
                    "place; lucid.autograd.set_detect_anomaly(True) shows the forward call"
                )
        raise RuntimeError(
            f"one of the variables needed for gradient computation, saved by {self.name()}, has been modified by an "
            "inplace operation"
        )


class RuleNode(Node):
    """The node of a declared operation; made by `core.make_node`."""

    __slots__ = ()

    def __init__(self, op, edges, calls):
        super().__init__(op, edges, calls)
        self.plain = True

    named = False  # whether the class has the name of its nodes

    def name(self) -> str:
        """PyTorch's name of the node, such as `MulBackward0`."""
        return type(self.shown()).__name__

    def shown(self):
        """The node, of a class that has its name: what draws a graph asks for that."""
        if not self.named:
            made, name = type(self), super().name()
            if (made, name) not in NAMED:
                NAMED[made, name] = type(name, (made,), {"__slots__": (), "named": True})
            self.__class__ = NAMED[made, name]
        return self


NAMED: dict[tuple[type, str], type] = {}  # the classes that `shown` makes


def hooks_of(tensor, name: str) -> dict:
    """The hooks of one kind that a leaf has."""
    if tensor._extra is None:
        tensor._extra = {}
    return tensor._extra.setdefault(name, {})


class AccumulateGrad:
    """What `next_functions` shows for a leaf: the place where its gradient accumulates."""

    __slots__ = ("variable",)

    next_functions = ()

    def __init__(self, variable):
        self.variable = variable

    def __eq__(self, other) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def name(self) -> str:
        """PyTorch's name of the node."""
        return "AccumulateGrad"

    def register_hook(self, hook):
        """Have `hook((), grad_outputs)` called after a gradient was accumulated."""
        return registered(hooks_of(self.variable, "post"), hook)

    def register_prehook(self, hook):
        """Have `hook(grad_outputs)` called before a gradient is accumulated; it may return another one, in a tuple."""
        return registered(hooks_of(self.variable, "pre"), hook)

    def __repr__(self) -> str:
        return f"<AccumulateGrad object at {id(self):#x}>"


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient passes by: an output of a node.

    Parameters
    ----------
    node : Node
        The node.
    output_nr : int
        The number of its output.
    ownership_token : None
        Nothing is needed to keep the graph.

    Examples
    --------
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> lucid.autograd.graph.get_gradient_edge(x * 2).node.name()
    'MulBackward0'
    """

    node: Node | AccumulateGrad
    output_nr: int
    ownership_token: None = None
    like = None  # the shape and dtype of the gradient, of a `ShapedEdge`

    def tensor(self, like):
        """A tensor that stands at this place; `like` any tensor of its shape."""
        if isinstance(self.node, AccumulateGrad):
            return self.node.variable
        found = core.alias_of(like)
        found._node, found._slot, found._requires_grad = self.node, self.output_nr, True
        return found


class ShapedEdge(GradientEdge):
    """A `GradientEdge` that knows the shape and dtype of its gradient, in `like`."""


class RemovableHandle:
    """A number for a hook, by which it can be taken away again.

    Parameters
    ----------
    hooks_dict : dict
        Where the hook is, or will be put, under `id`.
    extra_dict : dict or list of dict, optional
        What else may have something under `id`.

    Examples
    --------
    >>> hooks = {}
    >>> handle = lucid.utils.hooks.RemovableHandle(hooks)
    >>> hooks[handle.id] = print
    >>> handle.remove()
    >>> hooks
    {}
    """

    __slots__ = ("dicts", "id")
    _count = itertools.count()

    def __init__(self, hooks_dict: dict, *, extra_dict=None):
        extra = [extra_dict] if isinstance(extra_dict, dict) else extra_dict or []
        self.dicts, self.id = [hooks_dict, *extra], next(RemovableHandle._count)

    def hooks_dict_ref(self) -> dict:
        """The dictionary that the hook is in."""
        return self.dicts[0]

    def remove(self) -> None:
        """Remove the hook."""
        for one in self.dicts:
            one.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()


def registered(hooks: dict, hook, prepend: bool = False) -> RemovableHandle:
    """The handle of a hook that is put after the others, or before them."""
    if not callable(hook):
        raise TypeError(f"a hook must be callable, got {type(hook).__name__}")
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class Supplied:
    """The operations that autograd itself calls, and what loads all others; set by `lucid.ops`, which stands above it."""

    add = add_ = as_complex = as_real = cast = clone = contiguous = copied = identity = kept = ones = overwrite = piece = None
    load_all = replace_piece = replaced = scatter_strided = stack = view_alias = zeros = zeros_laid_out = None
    no_memory = None  # as `zeros`, but one element: for what is copied before it is written to
