"""`Function`: operations that a user writes, with a forward and a backward of their own."""

from __future__ import annotations

import functools
import weakref

from lucid._kernels import core
from lucid.autograd.graph import Packed, packed_by_hooks
from lucid.autograd.history import Place, rebase, refresh
from lucid.autograd.node import FREED, Node, Supplied
from lucid.autograd.writes import RETURNED, check_recordable
from lucid.tensor import Tensor

batched_apply = None  # `batching.functions.apply`, once a function was mapped over a batch

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What a Function's `forward` leaves for its `backward`.

    Examples
    --------
    >>> import lucid
    >>> class Cube(lucid.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x * x
    >>> x = lucid.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    Tensor(12.0)
    """

    needs_input_grad, materialize_grads, saved_for_forward = (), True, None

    def __init__(self):
        self._saved = ()
        self._dirty = self._constant = ()
        self._metadata = {}
        self._node = self._kept = None  # a weak reference: the node has the context
        self._in_jvp = False

    def save_for_backward(self, *tensors):
        """Keep inputs, outputs or other tensors for `backward`, where they are `ctx.saved_tensors`."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(f"save_for_backward can only save variables, but got a {type(tensor).__name__}")
        self._saved = tensors

    def save_for_forward(self, *tensors):
        """Keep tensors for `jvp`, where they are `ctx.saved_tensors`."""
        self.saved_for_forward = tensors

    @property
    def saved_tensors(self) -> tuple:
        """What `save_for_backward` kept. RuntimeError once the graph is freed, or a tensor was overwritten."""
        if self._in_jvp:
            return tuple(self.saved_for_forward or ())
        if self._node is None:
            return tuple(self._saved)
        if self._kept is None:
            raise RuntimeError(FREED)
        node, found = self._node(), []
        for value, slot, version in self._kept:
            if isinstance(value, Packed):
                value = value.unpack()
            elif value is not None and core.version(value) != version:
                Node.overwritten(self, (value,), [version])
            joined = slot is not None and node is not None and core.is_grad_enabled()
            found.append(node._join(value, slot) if joined else value)
        return tuple(found)

    saved_variables = property(lambda self: self.saved_tensors, doc="`saved_tensors`, by its older name.")
    to_save = property(lambda self: self._saved or None, doc="What `save_for_backward` was given, while `forward` runs.")
    dirty_tensors = property(lambda self: self._dirty or None, doc="What `mark_dirty` was given.")
    non_differentiable = property(lambda self: self._constant or None, doc="What `mark_non_differentiable` was given.")

    def mark_dirty(self, *tensors):
        """Say which inputs `forward` changed in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors):
        """Say which outputs have no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool):
        """Whether `backward` sees zeros (default) or None for outputs whose gradient is not there."""
        self.materialize_grads = value


    def mark_shared_storage(self, *pairs):
        """Nothing: which outputs share memory with inputs is known. Deprecated."""

    def maybe_clear_saved_tensors(self):
        """Nothing: saved tensors are let go of when the graph is."""

    # ---- what the node says of itself, once there is one

    requires_grad = property(lambda self: any(self.needs_input_grad), doc="Whether an input requires a gradient.")
    next_functions = property(lambda self: self._node().next_functions, doc="See `Node.next_functions`.")
    metadata = property(lambda self: self._metadata, doc="A dictionary for whoever wants to remember something.")

    def name(self) -> str:
        """The node's name."""
        return self._node_name

    def register_hook(self, hook):
        """See `Node.register_hook`."""
        return self._node().register_hook(hook)

    def register_prehook(self, hook):
        """See `Node.register_prehook`."""
        return self._node().register_prehook(hook)


class FunctionNode(Node):
    """The node of a user's Function. What it does not have itself is its context's, which in PyTorch is the same object."""

    __slots__ = ("ctx", "function", "like", "places", "tensors")

    def __getattr__(self, name: str):
        if name in Node.__slots__ or name in FunctionNode.__slots__:
            raise AttributeError(name)
        return getattr(self.ctx, name)

    @property
    def next_functions(self) -> tuple:
        """The nodes that the tensors' gradients go to, with the number of their output; (None, 0) where none does."""
        there = dict(zip(self.places, super().next_functions))
        return tuple(there.get(at, (None, 0)) for at in self.tensors)

    def __init__(self, function, ctx, edges, places, arguments):
        super().__init__(None, edges, ())
        self.function, self.ctx, self.places = function, ctx, places
        self.metadata = ctx._metadata
        self.tensors = [at for at, one in enumerate(arguments) if isinstance(one, Tensor)]
        self.like = None

    def name(self) -> str:
        """The Function's name and `Backward`."""
        return f"{self.function.__name__}Backward"

    def keep(self, outputs: list) -> None:
        """Take over what the context saved; an output as a tensor over its memory."""
        kept = []
        for tensor in self.ctx._saved:
            slot = next((i for i, out in enumerate(outputs) if out is tensor), None)
            value = tensor if slot is None or tensor is None else core.alias_of(tensor)
            packed = value if value is None else packed_by_hooks(value)
            kept.append((packed, slot, core.version(value) if packed is value is not None else 0))
        ctx = self.ctx
        ctx._saved, ctx._kept, ctx._node, ctx._node_name = (), kept, weakref.ref(self), self.name()
        self.like = [(out.array.shape, out.dtype) if isinstance(out, Tensor) else None for out in outputs]

    def release(self) -> None:
        """Let go of the saved values."""
        if self.ctx._kept:
            self.calls = self.ctx._kept = None

    def apply(self, gradients: list, create_graph: bool) -> list:
        """Call the user's `backward`."""
        if self.ctx.materialize_grads:
            gradients = [
                Supplied.zeros(*like) if g is None and like is not None else g for g, like in zip(gradients, self.like)
            ]
        function = self.function
        if function.backward is not Function.backward and function.vjp is not Function.vjp:
            raise RuntimeError("Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                               "implement one of them.")  # fmt: skip
        if function.backward is Function.backward:  # the other name of the same
            found = function.vjp(self.ctx, *gradients)
        else:
            found = function.backward(self.ctx, *gradients)
        found = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        expected = len(self.ctx.needs_input_grad)
        if len(found) > expected and any(one is not None for one in found[expected:]) or len(found) < expected:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, "
                f"got {len(found)})"
            )
        for at in self.places:
            if found[at] is not None and not isinstance(found[at], Tensor):
                raise TypeError(
                    f"{self.name()}: expected a Tensor or None as gradient {at}, got {type(found[at]).__name__}"
                )
        return [found[at] for at in self.places]


class Function(FunctionCtx):
    """Base of custom operations: define `forward` and `backward` as static methods, call `apply`.

    Examples
    --------
    >>> import lucid
    >>> class Double(lucid.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return g * 2
    >>> x = lucid.tensor([1.0], requires_grad=True)
    >>> Double.apply(x).backward()
    >>> print(x.grad)
    [2.0]
    """

    def __call__(self, *args, **kwargs):
        """RuntimeError: a Function is used through its class."""
        raise RuntimeError(f"{type(self).__name__} is a Function: call {type(self).__name__}.apply(...), not an instance")

    @staticmethod
    def forward(*args, **kwargs):
        """Compute the result; with a context as first argument unless `setup_context` is defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Fill the context, where `forward` takes none."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """The gradient of each argument of `forward`, from those of its outputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward
    generate_vmap_rule = boxed_grads_call = clear_saved_tensors_on_access = False

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """The tangent of each output, from those of the arguments of `forward`: in a dual level (`autograd.forward_ad`).

        `func.jvp` does not ask for it: it differentiates `backward`.
        """
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info, in_dims, *args):
        """The results of a batch and where they have it: inside of `func.vmap`, for arguments with batches at `in_dims`.

        `info` has `batch_size` and `randomness`. With `generate_vmap_rule` the methods themselves are called with batched tensors.
        """
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        """Call the Function: computes `forward`, and records it."""
        if batched_apply is not None and (found := batched_apply(cls, args, kwargs)) is not NotImplemented:
            return found
        ctx = FunctionCtx()
        if core.in_dual_level():
            from lucid.autograd.forward_ad import apply_function

            return apply_function(cls, ctx, args, kwargs)
        return cls._apply(ctx, args, kwargs)

    @classmethod
    def _apply(cls, ctx, args: tuple, kwargs: dict):
        if cls.setup_context is not Function.setup_context and not kwargs:
            args = _with_defaults(cls.forward, args)
        recorded = core.recording(args)
        ctx.needs_input_grad = tuple(isinstance(x, Tensor) and x.requires_grad for x in args)
        before = core.set_grad(False)
        try:
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)
        finally:
            core.set_grad(before)
        if not recorded:
            return result
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        places = [i for i, needs in enumerate(ctx.needs_input_grad) if needs]
        written = next((one for one in ctx._dirty if one._base is not None), None)
        if written is not None:  # its gradient comes first, as `rebase` has it
            check_recordable(written)
            if len(outputs) > 1:
                raise RuntimeError(f"{cls.__name__}: a Function that writes to a view may return one tensor alone, since its "
                                   "node becomes a part of the history of what is viewed")  # fmt: skip
            places.sort(key=lambda i: args[i] is not written)
            place = Place(written, written._base)
        node = FunctionNode(cls, ctx, [core.edge(args[i]) for i in places], places, args)
        node.outputs = len(outputs)
        for tensor in ctx._dirty:
            if not any(out is tensor for out in outputs):
                raise RuntimeError("Some elements marked as dirty during the forward method were not returned as output. The "
                                   "inputs that are modified inplace must all be outputs of the Function.")  # fmt: skip
            if tensor._requires_grad and tensor._node is None:
                raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
            core.bump(tensor)
        for slot, out in enumerate(outputs):
            if not isinstance(out, Tensor) or any(out is constant for constant in ctx._constant):
                continue
            if out.dtype.kind < 2:
                continue
            if any(out is x for x in args) and not any(out is dirty for dirty in ctx._dirty):
                outputs[slot] = out = Supplied.view_alias(out)  # an input returned as it is
                out._view, out._made = RETURNED, core.version(out)
            if out is written:
                rebase(out._base, node, bool(places) and args[places[0]] is out, place)
                refresh(out)
            else:
                out._node, out._slot, out._requires_grad = node, slot, True
        node.keep(outputs)
        return type(result)(outputs) if isinstance(result, (tuple, list)) else outputs[0]


def _with_defaults(forward, args: tuple) -> tuple:
    """The arguments, and the defaults of those that are missing: `setup_context` gets them all."""
    defaults = getattr(forward, "__defaults__", None) or ()
    missing = forward.__code__.co_argcount - hasattr(forward, "__self__") - len(args) if defaults else 0
    return (*args, *defaults[len(defaults) - missing :]) if 0 < missing <= len(defaults) else args


def once_differentiable(function):
    """Declare a `backward` whose result cannot be differentiated again."""

    @functools.wraps(function)
    def decorated(ctx, *gradients):
        before = core.set_grad(False)
        try:
            found = function(ctx, *gradients)
        finally:
            core.set_grad(before)
        if not core.recording(gradients):
            return found
        many = isinstance(found, tuple)
        marked = []
        for one in found if many else (found,):
            if isinstance(one, Tensor):
                one = core.alias_of(one)
                one._node, one._requires_grad = _Once(), True
            marked.append(one)
        return tuple(marked) if many else marked[0]

    return decorated


class _Once(Node):
    """The node of a gradient that may not be differentiated."""

    __slots__ = ()

    def __init__(self):
        super().__init__(None, [], ())

    def name(self) -> str:
        return "OnceDifferentiable"

    def apply(self, gradients, create_graph):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")
