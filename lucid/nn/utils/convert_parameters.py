"""Parameters as one vector, and back."""

from __future__ import annotations

from lucid.ops.joining import cat
from lucid.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters) -> Tensor:
    """All elements of parameters in one vector; gradients flow back to them.

    Parameters
    ----------
    parameters : iterable of Tensor
        In order.

    Returns
    -------
    Tensor
        Of one dimension.

    Examples
    --------
    >>> import lucid
    >>> lucid.nn.utils.parameters_to_vector([lucid.zeros(1, 2), lucid.ones(1)])
    Tensor([0.0, 0.0, 1.0])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters) -> None:
    """Make the pieces of a vector the data of parameters; they share its memory.

    Parameters
    ----------
    vec : Tensor
        Of one dimension, with as many elements as the parameters have together.
    parameters : iterable of Tensor
        In order.

    Raises
    ------
    TypeError
        If `vec` is no tensor.

    Examples
    --------
    >>> import lucid
    >>> layer = lucid.nn.Linear(2, 1)
    >>> lucid.nn.utils.vector_to_parameters(lucid.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> print(layer.weight.detach(), layer.bias.detach())
    [[1.0, 2.0]] [3.0]
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        piece = vec[start : start + parameter.numel()]
        parameter.data = piece.view_as(parameter).data
        start += parameter.numel()
