"""Hooks on tensors, `retain_grad`, and the methods of Tensor that concern the graph alone."""

from __future__ import annotations

import weakref

from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.engine import backward
from lucid.autograd.node import Node, hooks_of, registered
from lucid.tensor import Tensor


def _backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
    """Accumulate the gradients of this tensor into the leaves' `.grad`.

    Parameters
    ----------
    gradient : Tensor, optional
        The gradient of this tensor, of its shape; ones by default, also where it has several elements.
    retain_graph, create_graph, inputs
        As for `lucid.autograd.backward`.
    """
    if gradient is not None and not isinstance(gradient, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    backward((self,), None if gradient is None else (gradient,), retain_graph, create_graph, inputs=inputs)


def grad_fn(self) -> Node | None:
    """The node of the operation that made this tensor; None for a leaf."""
    if core.requires_grad(self):
        target = core.edge(self)[0]
        return target.shown() if isinstance(target, Node) else None
    return None


def register_hook(self, hook):
    """Have `hook(grad)` called with this tensor's gradient; what it returns, if anything, takes its place.

    Raises RuntimeError for a tensor that does not require grad.
    """
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    node = self.grad_fn
    if node is None:
        return registered(hooks_of(self, "hooks"), hook)
    return registered(node._hooks(self._slot), hook)


def register_post_accumulate_grad_hook(self, hook):
    """Have `hook(tensor)` called after a gradient was accumulated in this leaf."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if self.grad_fn is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    return registered(hooks_of(self, "post_accumulate"), hook)


def retain_grad(self) -> None:
    """Have `backward` keep this tensor's gradient in `.grad`, though it is no leaf."""
    if not self.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    node = self.grad_fn
    if node is not None:
        node._hooks("retain")[self._slot] = weakref.ref(self)


def retains_grad(self) -> bool:
    """Whether `retain_grad` was called on this tensor."""
    node = self._node
    kept = node.hooks.get("retain", {}).get(self._slot) if node is not None and node.hooks else None
    return kept is not None and kept() is self


def grad_dtype(self):
    """The dtype of a leaf's gradient: its own unless another is set; None for whatever comes. RuntimeError if it is no leaf."""
    if not self.is_leaf:
        raise RuntimeError("grad_dtype can only be accessed on leaf tensors.")
    return self.dtype if self._extra is None else self._extra.get("grad_dtype", self.dtype)


def set_grad_dtype(self, dtype) -> None:
    """RuntimeError if it is no leaf, or has a gradient of another dtype, or that is no dtype."""
    if not self.is_leaf:
        raise RuntimeError("grad_dtype can only be set on leaf tensors.")
    if dtype is not None:
        if not isinstance(dtype, dtypes.dtype):
            raise RuntimeError(f"grad_dtype must be a lucid.dtype or None, but got {type(dtype).__name__}")
        if self._grad is not None and self._grad.dtype is not dtype:
            raise RuntimeError(f"Cannot set grad_dtype to {dtype} because there is already a gradient with dtype {self._grad.dtype}. "
                               "Please clear the gradient (.grad = None) before changing grad_dtype.")  # fmt: skip
    if self._extra is None:
        self._extra = {}
    self._extra["grad_dtype"] = dtype


def detach_(self):
    """Take this tensor out of its graph, as a leaf."""
    if self._base is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead.")
    self._node, self._slot, self._requires_grad = None, 0, False
    return self


Tensor.backward = _backward
Tensor.backward.__name__ = "backward"
Tensor.grad_fn = property(grad_fn)
Tensor.register_hook = register_hook
Tensor.register_post_accumulate_grad_hook = register_post_accumulate_grad_hook
Tensor.retain_grad = retain_grad
Tensor.retains_grad = property(retains_grad)
Tensor.detach_ = detach_
Tensor.grad_dtype = property(grad_dtype, set_grad_dtype)
