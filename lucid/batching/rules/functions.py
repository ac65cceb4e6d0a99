"""A program's own operations, `autograd.Function`, and `autograd.grad` inside of `vmap`."""

from __future__ import annotations

from typing import NamedTuple

from lucid.autograd import function
from lucid.autograd.function import Function, FunctionCtx
from lucid.batching.calls import Call, Unbatched, innermost, loop, refusal
from lucid.batching.rules._declare import rule
from lucid.batching.tensor import BatchedTensor, Level
from lucid.tensor import Tensor
from lucid.utils._pytree import tree_map

MORE = "For more details, see autograd.Function in the documentation."


class VmapInfo(NamedTuple):
    """What a Function's `vmap` is told."""

    batch_size: int
    randomness: str


def apply(cls, args: tuple, kwargs: dict):
    """`Function.apply` with batched tensors among its arguments; `NotImplemented` where there are none."""
    level = innermost(args)
    if level is None:
        return NotImplemented
    if cls.setup_context is Function.setup_context:
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override the "
            f"setup_context staticmethod. {MORE}"
        )
    own = cls.vmap is not Function.vmap
    if own and cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an overridden vmap staticmethod. Please set "
            f"generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity. {MORE}"
        )
    if not own and not cls.generate_vmap_rule:
        raise RuntimeError(
            f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override and implement the vmap staticmethod "
            f"or set generate_vmap_rule=True. {MORE}"
        )
    if own:
        dims = tree_map(lambda one: 0 if level.holds(one) else None, tuple(args))
        values = tree_map(lambda one: one.value if level.holds(one) else one, tuple(args))
        found = cls.vmap(VmapInfo(level.size, level.randomness), dims, *values, **kwargs)
        if not (isinstance(found, tuple) and len(found) == 2):
            raise RuntimeError(f"Expected the vmap staticmethod of {cls.__name__} to have two returns, the output and its out_dims. {MORE}")
        result, out_dims = found
        many = isinstance(result, (tuple, list))
        results = list(result) if many else [result]
        out_dims = [out_dims] * len(results) if out_dims is None or isinstance(out_dims, int) else list(out_dims)
        results = [
            one if dim is None or not isinstance(one, Tensor) else level.batch(one, dim)
            for one, dim in zip(results, out_dims)
        ]
        return type(result)(results) if many else results[0]
    dims = tuple(0 if level.holds(one) else None for one in args)
    values = [one.value if level.holds(one) else one for one in args]
    found = Batch.apply(cls, level, dims, kwargs, *values)
    return (
        tuple(BatchedTensor(one, level) for one in found) if isinstance(found, tuple) else BatchedTensor(found, level)
    )


class Batch(Function):
    """A Function over a batch: its own code, called with batched tensors."""

    generate_vmap_rule = True

    @staticmethod
    def forward(cls, level: Level, dims: tuple, kwargs: dict, *values):
        with level.resumed():
            found = cls.forward(*_entries(level, dims, values), **kwargs)
        return tuple(map(level.whole, found)) if isinstance(found, tuple) else level.whole(found)

    @staticmethod
    def setup_context(ctx, inputs, output):
        cls, level, dims, _, *values = inputs
        ctx.inner = FunctionCtx()
        ctx.inner.needs_input_grad = ctx.needs_input_grad[4:]
        many = isinstance(output, tuple)
        entries = tuple(BatchedTensor(one.detach(), level) for one in (output if many else (output,)))
        ctx.called, ctx.shapes = (cls, level, dims), [one.shape if isinstance(one, Tensor) else None for one in values]
        with level.resumed():
            cls.setup_context(ctx.inner, tuple(_entries(level, dims, values)), entries if many else entries[0])

    @staticmethod
    def backward(ctx, *gradients):
        cls, level, dims = ctx.called
        with level.resumed():
            found = cls.backward(ctx.inner, *[None if one is None else BatchedTensor(one, level) for one in gradients])
        found = found if isinstance(found, tuple) else (found,)
        wholes = [None if one is None else level.whole(one) for one in found]
        return (None,) * 4 + tuple(
            one if dim is not None or one is None else one.sum(0) for one, dim in zip(wholes, dims)
        )


def _entries(level: Level, dims: tuple, values) -> list:
    return [one if dim is None else BatchedTensor(one, level) for one, dim in zip(values, dims)]


@rule("lucid.autograd.engine.grad")
def grad(call: Call):
    """Gradients of what is outside, from a batch of gradients."""
    outputs, inputs = (call.values + [call.named.get("inputs")])[:2]
    if innermost((outputs, inputs)) is not None:
        raise refusal(
            "element 0 of tensors does not require grad and does not have a grad_fn: inside of vmap use func.grad or func.vjp"
        )
    named = {**call.named, "retain_graph": True}
    given = call.values[2] if len(call.values) == 3 else named.pop("grad_outputs", None)
    if len(call.values) > 3 or named.get("is_grads_batched") or given is None:
        return Unbatched(loop(call.level, call.func, tuple(call.values), {**call.named, "retain_graph": True}))
    wholes = [call.level.whole(one) for one in (given if isinstance(given, (tuple, list)) else (given,))]
    return call.func(outputs, inputs, wholes, **named, is_grads_batched=True)


function.batched_apply = apply
