"""`Variable`, which tensors were called when they did not take part in a graph by themselves."""

from __future__ import annotations

from lucid.tensor import Tensor

__all__ = ["Variable"]


class _VariableType(type):
    def __instancecheck__(cls, one) -> bool:
        return isinstance(one, Tensor)


class Variable(metaclass=_VariableType):
    """The older name of `Tensor`: every tensor is one, and making one of a tensor gives the tensor again.

    Parameters
    ----------
    data : Tensor, optional
        The tensor; by default an empty one.
    requires_grad : bool, optional
        Whether gradients are recorded.

    Examples
    --------
    >>> x = lucid.autograd.Variable(lucid.tensor([1.0]), requires_grad=True)
    >>> x, isinstance(x, lucid.autograd.Variable)
    (Tensor([1.0], requires_grad=True), True)
    """

    def __new__(cls, data=None, requires_grad: bool = False) -> Tensor:
        return (Tensor() if data is None else data.detach()).requires_grad_(requires_grad)
