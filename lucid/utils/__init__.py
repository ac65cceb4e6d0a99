"""Utilities around training."""

from __future__ import annotations

from lucid._later import later as _later
from lucid.utils import _pytree, checkpoint, data, deterministic, dlpack, hooks  # noqa: F401

__getattr__ = _later("lucid.utils")

_FIELDS = (
    "__class__", "__dict__", "array", "_requires_grad", "_inference", "_view", "_slot", "_grad", "_node", "_base", "_base_node", "_counter",
    "_extra",
)  # fmt: skip


def set_module(obj, mod: str) -> None:
    """Say in which module an object was defined; TypeError if `mod` is no text."""
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod


def _held(tensor) -> bool:
    """Whether a graph has to do with a tensor: as a leaf, a value that is kept for gradients, or the base of a view."""
    import gc

    from lucid.autograd.node import Node
    from lucid.tensor import Tensor

    held = [tensor]
    for _ in range(4):  # a node keeps tuples and lists in lists
        holders = gc.get_referrers(*held)
        if any(isinstance(one, Node) or (isinstance(one, Tensor) and one._base is tensor) for one in holders):
            return True
        held = [one for one in holders if type(one) in (tuple, list)]
    return False


def swap_tensors(t1, t2) -> None:
    """Let two tensors change places: each object becomes what the other was, its class, gradient and attributes too.

    Parameters
    ----------
    t1, t2 : Tensor
        The tensors.

    Raises
    ------
    RuntimeError
        If there are weak references to one, or it is part of a graph as a leaf or a value kept for gradients.

    Examples
    --------
    >>> x, y = lucid.zeros(1), lucid.nn.Parameter(lucid.ones(2))
    >>> lucid.utils.swap_tensors(x, y)
    >>> x, y
    (Parameter([1.0, 1.0], requires_grad=True), Tensor([0.0]))
    """
    import weakref

    for name, tensor in (("t1", t1), ("t2", t2)):
        if weakref.getweakrefs(tensor):
            raise RuntimeError(f"swap_tensors(): cannot swap {name}, as there are weak references to it")
        if _held(tensor):
            raise RuntimeError(f"swap_tensors(): cannot swap {name}, as a graph holds it; swap before forward, or after backward")
    for name in _FIELDS:
        one, other = getattr(t1, name), getattr(t2, name)
        setattr(t1, name, other)
        setattr(t2, name, one)
