"""Hooks on the gradients of a module's inputs and outputs."""

from __future__ import annotations

import functools

from lucid.autograd.function import Function
from lucid.autograd.modes import is_grad_enabled
from lucid.tensor import Tensor


class _Identity(Function):
    """Its inputs; a place in the graph where hooks see their gradients together."""

    @staticmethod
    def forward(ctx, *tensors):
        return tensors

    @staticmethod
    def backward(ctx, *gradients):
        return gradients


class BackwardHooks:
    """One call of a module that has backward hooks: where its inputs and outputs pass, gradients are shown."""

    def __init__(self, module, hooks: list, pre_hooks: list):
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.result_gradients = None
        self.inputs_differentiable = False

    def _passed(self, values: tuple, see, register: str) -> tuple:
        """The values, those that need gradients through an identity; `see` gets and may change all their gradients."""
        at = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
        if not at or not is_grad_enabled():
            return values
        found = list(values)
        for i, tensor in zip(at, _Identity.apply(*[values[i] for i in at])):
            found[i] = tensor

        def hook(gradients, *_):
            every = [None] * len(values)
            for i, gradient in zip(at, gradients):
                every[i] = gradient
            changed = see(tuple(every))
            return None if changed is None else tuple(changed[i] for i in at)

        getattr(found[at[0]].grad_fn, register)(hook)
        return tuple(found)

    def inputs(self, args: tuple) -> tuple:
        """The arguments of the call."""
        self.inputs_differentiable = any(isinstance(one, Tensor) and one.requires_grad for one in args)
        self.number = len(args)
        return self._passed(args, self._see_inputs, "register_hook") if self.hooks else args

    def outputs(self, result):
        """The result of the call."""
        if isinstance(result, tuple):
            passed = self._passed(result, self._see_outputs, "register_prehook")
            return type(result)(*passed) if hasattr(result, "_fields") else passed
        return self._passed((result,), self._see_outputs, "register_prehook")[0]

    def _see_outputs(self, gradients: tuple):
        for hook in self.pre_hooks:
            changed = hook(self.module, gradients)
            gradients = _changed(gradients, changed, "Backward pre hook returned an invalid number of grad_output")
        self.result_gradients = gradients
        if not self.inputs_differentiable:
            import warnings

            warnings.warn("Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
                          "require gradients: it is given None for those of the inputs.", stacklevel=2)  # fmt: skip
            for hook in self.hooks:
                changed = hook(self.module, (None,) * self.number, gradients)
                if changed is not None and not (isinstance(changed, tuple) and all(one is None for one in changed)):
                    raise RuntimeError("Backward hook for Modules where no input requires gradient should always return None.")
        return gradients

    def _see_inputs(self, gradients: tuple):
        shown, self.result_gradients = self.result_gradients, None
        for hook in self.hooks if shown is not None else ():  # a second derivative may come by without those of the result
            changed = hook(self.module, gradients, shown)
            gradients = _changed(gradients, changed, "Backward hook returned an invalid number of grad_input")
        return gradients


def _changed(gradients, given, message: str):
    """What a hook of a module puts in the place of gradients, if anything: as many."""
    if given is None:
        return gradients
    if len(given) != len(gradients):
        raise RuntimeError(f"{message}, got {len(given)}, but expected {len(gradients)}")
    return given


def hook_last_node(module, hooks, result) -> None:
    """Have hooks of `register_backward_hook` called with the gradients of the operation that made its result."""
    while not isinstance(result, Tensor):
        result = next(value for value in result.values() if isinstance(value, Tensor)) if isinstance(result, dict) else result[0]
    if result.grad_fn is not None:
        for hook in hooks:
            result.grad_fn.register_hook(functools.partial(hook, module))
