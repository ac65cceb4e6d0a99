"""Forward mode: the derivative along a direction, computed beside each value.

In a dual level a tensor may have a tangent. Every call of an operation then comes through `_call` first
(`core.set_differentiator`), which gives the results theirs: a view's is the same view of the tangent; what is made of
operations is taken apart; and of an operation with gradient rules, which are linear in the gradient, it is the derivative
of those by it. So there are no rules for forward mode, and each operation costs as much as two gradients of it.

A tangent belongs to the array of its tensor: the twins that a graph keeps of a result have it too, and so gradients
that are computed in the level have tangents (second derivatives, forward over reverse).
"""

from __future__ import annotations

import functools
import threading
import weakref
from typing import NamedTuple

from numpy import may_share_memory

from lucid._kernels import core
from lucid.autograd.function import Function
from lucid.autograd.functional import forward
from lucid.autograd.modes import _Mode, enable_grad
from lucid.autograd.node import Supplied
from lucid.autograd.writes import check_result
from lucid.tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class _State(threading.local):
    """The level that a thread is in, or -1, and its tangents: by the array's id, each with a reference to the array."""

    def __init__(self):
        self.level, self.tangents = -1, {}


_state = _State()


class UnpackedDualTensor(NamedTuple):
    """The two parts of a dual tensor.

    Parameters
    ----------
    primal : Tensor
        The value.
    tangent : Tensor or None
        The derivative, if it has one.

    Examples
    --------
    >>> import lucid
    >>> from lucid.autograd import forward_ad
    >>> forward_ad.unpack_dual(lucid.tensor([1.0]))
    UnpackedDualTensor(primal=Tensor([1.0]), tangent=None)
    """

    primal: Tensor
    tangent: Tensor | None


# ------------------------------------------------------------------------------------------------------ levels


def enter_dual_level() -> int:
    """Begin a level, in which `make_dual` can be called; `dual_level` does it for the length of a block.

    Returns
    -------
    int
        Its number, for `exit_dual_level`.

    Raises
    ------
    RuntimeError
        Inside another level.

    Examples
    --------
    >>> import lucid
    >>> from lucid.autograd import forward_ad
    >>> level = forward_ad.enter_dual_level()
    >>> forward_ad.unpack_dual(forward_ad.make_dual(lucid.tensor(3.0), lucid.tensor(1.0)) ** 2).tangent
    Tensor(6.0)
    >>> forward_ad.exit_dual_level(level=level)
    """
    if _state.level >= 0:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _state.level = 0
    core.set_forward_ad(True)
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End a level: its tangents are gone.

    Parameters
    ----------
    level : int, optional
        What `enter_dual_level` returned.

    Raises
    ------
    RuntimeError
        If it is not the level that was begun last, or there is none.

    Examples
    --------
    >>> from lucid.autograd import forward_ad
    >>> level = forward_ad.enter_dual_level()
    >>> forward_ad.exit_dual_level(level=level)
    """
    if level is not None and level != _state.level:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    if _state.level < 0:
        raise RuntimeError("Dual level must be a positive number.")
    core.set_forward_ad(False)
    _state.level, _state.tangents = -1, {}


class dual_level(_Mode):
    """A level for the length of a block, or of a decorated function.

    Parameters
    ----------
    orig_func : callable, optional
        What to decorate: `@forward_ad.dual_level` does without parentheses too.

    Examples
    --------
    >>> import lucid
    >>> from lucid.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(lucid.tensor([1.0, 2.0]), lucid.tensor([1.0, 0.0]))
    ...     print(forward_ad.unpack_dual((x * x).sum()).tangent)
    2.0
    """

    def __enter__(self):
        return enter_dual_level()

    def __exit__(self, *error):
        exit_dual_level()


def _off(function):
    """The function with forward mode switched off inside."""

    @functools.wraps(function)
    def decorated(*args, **kwargs):
        before = core.set_forward_ad(False)
        try:
            return function(*args, **kwargs)
        finally:
            core.set_forward_ad(before)

    return decorated


# ---------------------------------------------------------------------------------------------------- tangents


def tangent_of(tensor: Tensor) -> Tensor | None:
    """A tensor's tangent; a view's is the same piece of its base's."""
    array = tensor.array
    entry = _state.tangents.get(id(array))
    if entry is not None and entry[0]() is array:
        return entry[1]
    base = tensor._base
    whole = None if base is None else tangent_of(base)
    if whole is None or whole.dtype is not tensor.dtype or not core.inside(array, base.array):
        return None
    itemsize = array.itemsize
    offset = (array.ctypes.data - base.array.ctypes.data) // itemsize
    return set_tangent(tensor, core.view(whole, array.shape, [step // itemsize for step in array.strides], offset))


def set_tangent(tensor: Tensor, tangent: Tensor) -> Tensor:
    """Give a tensor a tangent; returns that."""
    array, tangents = tensor.array, _state.tangents
    key = id(array)
    tangents[key] = (weakref.ref(array, lambda gone: tangents.pop(key, None)), tangent)
    return tangent


def _laid_out(tangent: Tensor, like: Tensor) -> Tensor:
    """A copy of a tangent that lies in memory as its tensor does, so that their views are the same."""
    place = _zeros_like(like)
    place.copy_(tangent)
    return place


def _zeros_like(tensor: Tensor) -> Tensor:
    return Supplied.zeros_laid_out(tensor)


@_off
def write_tangent(target: Tensor, tangent: Tensor | None) -> None:
    """What a write in place does to the target's tangent; None: what was written has none."""
    own = tangent_of(target)
    if own is None and tangent is not None:
        if target._base is None:
            set_tangent(target, _zeros_like(target))
        else:
            set_tangent(target._base, _zeros_like(target._base))
        own = tangent_of(target)
    if tangent is not None:
        own.copy_(tangent)
    elif own is not None:
        own.zero_()


@_off
def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor with a tangent: the direction along which what is computed from it is differentiated.

    Parameters
    ----------
    tensor : Tensor
        The value, floating point or complex.
    tangent : Tensor
        Of the same shape.
    level : int, optional
        The current level, which is also the default.

    Returns
    -------
    Tensor
        A view of `tensor`.

    Raises
    ------
    RuntimeError
        Outside a level, for another shape, or if `tensor` has a tangent already.
    ValueError
        If one of the two is neither floating point nor complex.

    Examples
    --------
    >>> import lucid
    >>> from lucid.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     dual = forward_ad.make_dual(lucid.tensor([0.0, 1.0]), lucid.tensor([2.0, 3.0]))
    ...     print(forward_ad.unpack_dual(dual * dual).tangent)
    [0.0, 6.0]
    """
    if level is not None and level < 0 or _state.level < 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for what, one in (("primal", tensor), ("tangent", tangent)):
        if not (one.is_floating_point() or one.is_complex()):
            raise ValueError(f"Expected {what} to be floating point or complex, but got: {one.dtype}")
    if tensor.array.shape != tangent.array.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    if tangent_of(tensor) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level "
            f"{_state.level} is not supported."
        )
    dual = _alias(tensor)
    set_tangent(dual, tangent if tensor.stride() == tangent.stride() else _laid_out(tangent, dual))
    return dual


@_off
def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a tensor.

    Parameters
    ----------
    tensor : Tensor
        Any.
    level : int, optional
        The current level, which is also the default.

    Returns
    -------
    UnpackedDualTensor
        A view of the tensor without its tangent, and the tangent, None where it has none.

    Raises
    ------
    TypeError
        If it is no tensor.

    Examples
    --------
    >>> import lucid
    >>> from lucid.autograd import forward_ad
    >>> forward_ad.unpack_dual(lucid.ones(2))
    UnpackedDualTensor(primal=Tensor([1.0, 1.0]), tangent=None)
    """
    if level is not None and level < 0 or _state.level < 0:
        return UnpackedDualTensor(tensor, None)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"_unpack_dual(): argument 'dual' (position 1) must be Tensor, not {type(tensor).__name__}")
    return UnpackedDualTensor(_alias(tensor), tangent_of(tensor))


def _alias(tensor: Tensor) -> Tensor:
    """A view of all of a tensor, in the graph too, which does not share its tangent."""
    return _apart(Supplied.view_alias(tensor))


def _apart(tensor: Tensor) -> Tensor:
    tensor.array = tensor.array.view()
    return tensor


# ------------------------------------------------------------------------------------------------------- calls


def _tensors(values) -> list[Tensor]:
    """The tensors among values, in sequences too."""
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif type(value) in (list, tuple):
            found += _tensors(value)
    return found


def _replaced(values, by: dict):
    """The values with tensors replaced, in sequences too; `by` their ids."""
    found = []
    for value in values:
        if isinstance(value, Tensor):
            value = by.get(id(value), value)
        elif type(value) in (list, tuple):
            value = type(value)(_replaced(value, by))
        found.append(value)
    return found


def _call(op, values: list, inplace: bool):
    """A call in a dual level."""
    if core.is_inference():
        return _off(op.run_inplace if inplace else functools.partial(core.call_next, op))(values)
    if op.inplace_at < len(values) and values[op.inplace_at]:
        inplace, values[op.inplace_at] = True, False
    core.set_forward_ad(False)
    try:
        duals = {id(one): one for one in _tensors(values) if tangent_of(one) is not None}
        if not duals:
            return op.run_inplace(values) if inplace else core.call_next(op, values)
        if op.out_at >= 0 and values[op.out_at] is not None:
            raise NotImplementedError(
                f"Trying to use forward AD with {op.name}_out that does not support it because it is an out= function"
            )
        result = _differentiated(op, values, duals)
        if inplace:
            target = values[0]
            tangent = tangent_of(result) if isinstance(result, Tensor) else None
            check_result(op.name, target, result)
            target.copy_(result)
            write_tangent(target, tangent)
            return target
        return result
    finally:
        core.set_forward_ad(True)


def _differentiated(op, values: list, duals: dict):
    """The result of an operation, with tangents."""
    if op.kind == "composite":
        core.set_forward_ad(True)
        return core.call_next(op, values)
    at = op.position.get("dtype", -1)
    if op.wide and (at < 0 or values[at] is None) and core.has_half(values):  # in float32 the result that the rules may name is exact
        core.set_forward_ad(True)
        return core.in_float32(lambda values: _call(op, values, False), [values])
    if op.view and op.kind == "rule":
        result = core.call_next(op, values)
        tangents = core.call_next(op, _replaced(values, {key: tangent_of(one) for key, one in duals.items()}))
        for one, tangent in zip(_outputs(result), _outputs(tangents)):
            if id(one) not in duals:
                set_tangent(_apart(one), tangent)
        return result
    if op.kind == "none":
        result = core.call_next(op, values)
        for one in _outputs(result):
            if id(one) not in duals and tangent_of(one) is not None:  # a view of the same array: `detach`
                _apart(one)
        return result
    return _by_rules(op, values, duals)


def _outputs(result) -> list[Tensor]:
    return _tensors(result if isinstance(result, tuple | list) else (result,))


def _by_rules(op, values: list, duals: dict):
    """The result of an operation with gradient rules: the tangents are the rules' derivatives by the gradient."""
    recorded = core.recording(tuple(values))
    tangents = {key: tangent_of(one) for key, one in duals.items()}
    differentiated = recorded or core.recording(tuple(tangents.values()))
    with enable_grad():
        stands = {}
        for key, one in duals.items():
            if recorded and one.requires_grad:
                stands[key] = Supplied.view_alias(one)
            else:
                stands[key] = core.alias_of(one)
                stands[key]._requires_grad = True
        result = core.call_next(op, _replaced(values, stands))
        origin = {id(stand): duals[key] for key, stand in stands.items()}
        if isinstance(result, Tensor) and id(result) in origin:
            return origin[id(result)]
        outputs = [one for one in _outputs(result) if one.requires_grad and id(one) not in origin]
        found, vector = (), []
        if outputs:
            vector = [
                tangent if tangent.dtype is duals[key].dtype else tangent.to(duals[key].dtype)
                for key, tangent in tangents.items()
            ]
            found = forward(outputs, list(stands.values()), vector, False, differentiated, op.name)
    if not recorded:
        result = core.alias_of(result) if isinstance(result, Tensor) else _unrecorded(result)
        outputs = [one for one in _outputs(result) if one.is_floating_point() or one.is_complex()] if found else []
    for one, tangent in zip(outputs, found):
        if one.stride() != tangent.stride() or any(may_share_memory(tangent.array, other.array) for other in vector):
            tangent = _laid_out(tangent, one)
        set_tangent(one, tangent if differentiated else tangent.detach())
    for key, stand in stands.items():
        if stand.array is not duals[key].array:  # what the graph has saved
            set_tangent(stand, tangents[key])
    return result


def _unrecorded(result):
    """A sequence of results outside the graph."""
    made = [core.alias_of(one) if isinstance(one, Tensor) else one for one in result]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)


def apply_function(function, ctx, args: tuple, kwargs: dict):
    """`Function.apply` in a dual level: its own `jvp` says what the tangents are."""
    tangents = [tangent_of(one) if isinstance(one, Tensor) else None for one in args]
    dual = any(tangent is not None for tangent in tangents)
    if dual and function.jvp is Function.jvp:
        function.jvp(ctx)  # raises
    result = _off(function._apply)(ctx, args, kwargs)
    if not dual:
        return result
    if ctx.materialize_grads:
        tangents = [
            _zeros_like(one) if tangent is None and isinstance(one, Tensor) and one.dtype.kind >= 2 else tangent
            for one, tangent in zip(args, tangents)
        ]
    ctx._in_jvp = True
    found = function.jvp(ctx, *tangents)
    ctx._in_jvp = False
    many = isinstance(result, tuple | list)
    outputs, found = list(result) if many else [result], found if isinstance(found, tuple | list) else (found,)
    for i, tangent in enumerate(found):
        if tangent is not None:
            if outputs[i].dtype.kind < 2 or any(outputs[i] is one for one in ctx._constant):
                raise RuntimeError(f"{function.__name__}: jvp returned a tangent for output {i}, which is not differentiable")
            if any(outputs[i] is one for one in args) and not any(outputs[i] is one for one in ctx._dirty):
                outputs[i] = _off(_alias)(outputs[i])
            if tangent.array.shape != outputs[i].array.shape:
                raise RuntimeError(f"{function.__name__}: jvp returned a tangent of shape {list(tangent.shape)} for output {i} of shape "
                                   f"{list(outputs[i].shape)}")  # fmt: skip
            set_tangent(outputs[i], tangent if tangent.stride() == outputs[i].stride() else _off(_laid_out)(tangent, outputs[i]))
    return type(result)(outputs) if many else outputs[0]


core.set_differentiator(_call)
