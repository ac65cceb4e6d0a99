"""Computing again in backward what was not kept in forward: less memory for more time."""

from __future__ import annotations

import contextlib
import enum
import warnings
import weakref

from lucid import random
from lucid._kernels import core
from lucid.amp.autocast_mode import as_it_is
from lucid.autograd import engine
from lucid.autograd.function import Function
from lucid.autograd.graph import saved_tensors_hooks
from lucid.autograd.modes import enable_grad
from lucid.tensor import Tensor

__all__ = [
    "CheckpointError",
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "detach_variable",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]  # fmt: skip


class CheckpointPolicy(enum.Enum):
    """What a policy says of an operation's result: whether it is kept, or computed again."""

    MUST_SAVE, PREFER_SAVE, MUST_RECOMPUTE, PREFER_RECOMPUTE, MUST_CPU_OFFLOAD, PREFER_CPU_OFFLOAD = range(6)


class SelectiveCheckpointContext:
    """What a policy is told: whether operations are computed again."""

    def __init__(self, *, is_recompute: bool):
        self.is_recompute = is_recompute


def create_selective_checkpoint_contexts(policy_fn_or_list, allow_cache_entry_mutation: bool = False) -> tuple:
    """Two context managers for `context_fn` of `checkpoint`: what the policy keeps is not computed again.

    Results of single operations can be kept; what is made of several, or several tensors, is computed again whatever the policy
    says, and so is everything under autocast.

    Parameters
    ----------
    policy_fn_or_list : callable or list
        Which operations' results are to be kept: a function of a `SelectiveCheckpointContext`, an operator and its arguments, or a
        list of operators.
    allow_cache_entry_mutation : bool, optional
        Whether what is kept may be written to.

    Returns
    -------
    tuple of context manager
        For the first and for the second call.

    Raises
    ------
    TypeError
        If `policy_fn_or_list` is neither.
    ValueError
        If it is a list of anything else.
    RuntimeError
        In backward, if what was kept has been written to, or for the second time.

    Examples
    --------
    >>> import functools
    >>> import lucid
    >>> from lucid.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts
    >>> kept = functools.partial(create_selective_checkpoint_contexts, [lucid.ops.aten.mm.default])
    >>> x = lucid.ones(2, 2, requires_grad=True)
    >>> checkpoint(lambda x: (x @ x).sum(), x, use_reentrant=False, context_fn=kept).backward()
    >>> x.grad
    Tensor([[4.0, 4.0],
            [4.0, 4.0]])
    """
    from lucid.library import Aten, CustomOpDef
    from lucid.utils import _selective

    policy = policy_fn_or_list
    if isinstance(policy_fn_or_list, list):
        for one in policy_fn_or_list:
            if not isinstance(one, (Aten, CustomOpDef)) or isinstance(one, Aten) and "." not in one._name:
                raise ValueError(f"Expected op in `op_list` to be an operator such as ops.aten.mm.default, but got: {one} of type {type(one)}")

        def policy(context, operator, *args, **kwargs):
            return operator in policy_fn_or_list

    elif not callable(policy_fn_or_list):
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    return _selective.modes(policy, allow_cache_entry_mutation)


class CheckpointError(RuntimeError):
    """The function did something else the second time than the first."""


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None):
    """Within the block, say whether errors of checkpoints tell more: they always say which tensor differs, and how.

    Parameters
    ----------
    enabled : bool or None
        Whether they shall; None leaves it to each checkpoint.

    Returns
    -------
    context manager

    Examples
    --------
    >>> from lucid.utils.checkpoint import set_checkpoint_debug_enabled
    >>> with set_checkpoint_debug_enabled(True):
    ...     pass
    """
    yield


def get_device_states(*args) -> tuple[list, list]:
    """The devices other than the CPU on which tensors lie, and the states of their generators: there are none."""
    return [], []


def set_device_states(devices, states, *, device_type=None) -> None:
    """Set these states again: there are none."""


def noop_context_fn():
    """Two context managers that do nothing: the default for `context_fn` of `checkpoint`.

    Returns
    -------
    tuple of context manager
        For the first and for the second call.

    Examples
    --------
    >>> from lucid.utils.checkpoint import noop_context_fn
    >>> first, second = noop_context_fn()
    """
    return contextlib.nullcontext(), contextlib.nullcontext()


def detach_variable(inputs: tuple) -> tuple:
    """The inputs outside their graphs, as leaves that require grad where they did.

    Parameters
    ----------
    inputs : tuple
        Tensors, and other values, which are handed on.

    Returns
    -------
    tuple
        Tensors over the same memory.

    Raises
    ------
    RuntimeError
        If `inputs` is no tuple.

    Examples
    --------
    >>> import lucid
    >>> (x,) = lucid.utils.checkpoint.detach_variable((lucid.ones(2, requires_grad=True) * 2,))
    >>> x.is_leaf, x.requires_grad
    (True, True)
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def check_backward_validity(inputs) -> None:
    """Warn if none of the inputs requires grad, as gradients are then None.

    Parameters
    ----------
    inputs : iterable
        Tensors and other values.

    Examples
    --------
    >>> import lucid
    >>> lucid.utils.checkpoint.check_backward_validity([lucid.ones(2, requires_grad=True), 3])
    """
    if not any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


_early_stop: list[bool] = []  # by the innermost `set_checkpoint_early_stop`


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool):
    """Within the block, checkpoints stop computing again once they have all that is needed, or go on to the end.

    Parameters
    ----------
    enable : bool
        Takes the place of the `early_stop` of each call of `checkpoint`.

    Returns
    -------
    context manager
        For a `with` statement.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils.checkpoint import checkpoint, set_checkpoint_early_stop
    >>> with set_checkpoint_early_stop(False):
    ...     y = checkpoint(lucid.exp, lucid.ones(2, requires_grad=True), use_reentrant=False)
    """
    _early_stop.append(enable)
    try:
        yield
    finally:
        _early_stop.pop()


def _reentrant(chosen: bool | None) -> bool:
    """Which way was chosen; with a warning the older one, where none was."""
    if chosen is None:
        warnings.warn("lucid.utils.checkpoint: pass use_reentrant explicitly; use_reentrant=False is recommended", stacklevel=3)
    return chosen is None or chosen


def checkpoint(
    function, *args, use_reentrant: bool | None = None, context_fn=noop_context_fn, determinism_check: str = "default",
    debug: bool = False, early_stop: bool = True, **kwargs,
):  # fmt: skip
    """Call a function without keeping what its gradient needs; backward calls it a second time.

    Parameters
    ----------
    function : callable
        What is called. It has to do the same both times.
    *args, **kwargs
        What it is called with. `preserve_rng_state` (default True) is not passed on: whether the second call draws the
        random numbers of the first.
    use_reentrant : bool, optional
        Which of two ways. With True the function is recorded as one operation, whose backward runs a backward pass of
        its own: no keywords, no `autograd.grad`, and some tensor among the arguments has to require grad. False is
        recommended. Left out, it warns and is True.
    context_fn : callable, optional
        Returns two context managers, for the first and the second call (`use_reentrant=False`).
    determinism_check : {"default", "none"}, optional
        Whether shapes and dtypes of the second time are compared with those of the first (`use_reentrant=False`).
    debug : bool, optional
        For PyTorch's programs: errors always say what differed.
    early_stop : bool, optional
        Stop the second call once everything is there (`use_reentrant=False`).

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    ValueError
        For keywords or `context_fn` with `use_reentrant=True`, or an unknown `determinism_check`.
    CheckpointError
        In backward, if the second call saved other tensors than the first.
    RuntimeError
        In backward, with `use_reentrant=True`, when not all leaves get their gradients.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils.checkpoint import checkpoint
    >>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: (x * x).exp().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    Tensor([5.4365635, 218.39261])
    """
    use_reentrant = _reentrant(use_reentrant)
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ('default', 'none') but got {determinism_check}")
    first, second = context_fn()
    state, casts = random.get_rng_state() if preserve else None, as_it_is()

    def again():
        with _random_numbers_of(state), casts, second:
            function(*args, **kwargs)

    kept = _Kept(again, determinism_check == "default", _early_stop[-1] if _early_stop else early_stop)
    if not core.is_grad_enabled():
        return function(*args, **kwargs)
    with saved_tensors_hooks(kept.pack, kept.unpack), first:
        return function(*args, **kwargs)


@contextlib.contextmanager
def _random_numbers_of(state):
    """Within the block, the numbers that were drawn from a state on; afterwards, those that come next."""
    with random.fork_rng(enabled=state is not None):
        if state is not None:
            random.set_rng_state(state)
        yield


class _Slot:
    """What a node keeps in place of a tensor; holds the tensor from the second call until it is used."""

    __slots__ = ("__weakref__", "tensor")

    def __init__(self):
        self.tensor = None


class _Enough(BaseException):
    """Everything that is needed is there: ends the second call."""


class _Kept:
    """What the first call saved: the number of tensors, how they looked, and the slots of those still needed."""

    def __init__(self, again, compared: bool, early_stop: bool):
        self.again, self.compared, self.early_stop = again, compared, early_stop
        self.slots: list[weakref.ref] = []
        self.looks: list[tuple] = []

    def pack(self, tensor: Tensor) -> _Slot:
        """Remember how a tensor looks, and let it go."""
        slot = _Slot()
        self.slots.append(weakref.ref(slot))
        self.looks.append((tensor.shape, tensor.dtype))
        return slot

    def unpack(self, slot: _Slot) -> Tensor:
        """The tensor, computed again if it is not there."""
        if slot.tensor is None:
            self._compute()
        tensor, slot.tensor = slot.tensor, None
        return tensor

    def _compute(self) -> None:
        count = 0

        def catch(tensor: Tensor) -> Tensor:
            nonlocal count
            if count >= len(self.slots):
                raise CheckpointError(
                    f"lucid.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                    f"forward pass, which saved {len(self.slots)}"
                )
            look = (tensor.shape, tensor.dtype)
            if self.compared and look != self.looks[count]:
                raise CheckpointError(
                    "lucid.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                    f"during the forward pass: tensor {count} was of shape and dtype {self.looks[count]}, is {look}"
                )
            slot = self.slots[count]()
            if slot is not None:
                slot.tensor = tensor.detach()
            count += 1
            if self.early_stop and count == len(self.slots):
                raise _Enough
            return tensor

        with contextlib.suppress(_Enough), enable_grad(), saved_tensors_hooks(catch, lambda tensor: tensor):
            self.again()
        if count != len(self.slots):
            raise CheckpointError(
                "lucid.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation: {len(self.slots)}, then {count}"
            )


class CheckpointFunction(Function):
    """The function as one operation, whose backward runs a backward pass of its own."""

    @staticmethod
    def forward(ctx, function, preserve: bool, *args):
        """Call the function, which is not recorded here."""
        check_backward_validity(args)
        ctx.function, ctx.state = function, random.get_rng_state() if preserve else None
        ctx.casts = as_it_is()
        ctx.places = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        ctx.arguments = [None if isinstance(x, Tensor) else x for x in args]
        return function(*args)

    @staticmethod
    def backward(ctx, *gradients):
        """Call the function again, recorded, and run backward from its outputs."""
        if not engine.running.everywhere:
            raise RuntimeError(
                "When use_reentrant=True, lucid.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        arguments = list(ctx.arguments)
        for i, tensor in zip(ctx.places, ctx.saved_tensors):
            arguments[i] = tensor
        arguments = detach_variable(tuple(arguments))
        with _random_numbers_of(ctx.state), ctx.casts, enable_grad():
            outputs = ctx.function(*arguments)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [(out, g) for out, g in zip(outputs, gradients) if isinstance(out, Tensor) and out.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        engine.backward([out for out, _ in pairs], [g for _, g in pairs])
        return (None, None, *(x.grad if isinstance(x, Tensor) else None for x in arguments))


def checkpoint_sequential(functions, segments: int, input, use_reentrant: bool | None = None, **kwargs):
    """Call functions one after another, in segments of which each but the last is a checkpoint.

    Parameters
    ----------
    functions : nn.Sequential or sequence of callable
        What is called.
    segments : int
        How many.
    input : Tensor
        What the first is called with.
    use_reentrant : bool, optional
        As for `checkpoint`.
    **kwargs
        `preserve_rng_state`, as for `checkpoint`.

    Returns
    -------
    Tensor
        What the last returns.

    Raises
    ------
    ValueError
        For other keywords.

    Examples
    --------
    >>> import lucid
    >>> from lucid.utils.checkpoint import checkpoint_sequential
    >>> x = lucid.ones(2, requires_grad=True)
    >>> checkpoint_sequential([lucid.exp, lucid.log, lucid.sin], 2, x, use_reentrant=False).sum().backward()
    >>> x.grad
    Tensor([0.54030234, 0.54030234])
    """
    use_reentrant = _reentrant(use_reentrant)
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions)
    size = len(functions) // segments

    def chain(part):
        def call(x):
            for function in part:
                x = function(x)
            return x

        return call

    for i in range(segments - 1):
        part = chain(functions[i * size : (i + 1) * size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return chain(functions[(segments - 1) * size :])(input)
