"""Clipping of gradients, by their norm or by value."""

from __future__ import annotations

import warnings

from lucid.autograd.modes import no_grad
from lucid.ops._doc import like
from lucid.ops.conversion import tensor
from lucid.ops.joining import stack
from lucid.ops.magnitude import clamp
from lucid.ops.norms import vector_norm
from lucid.tensor import Tensor

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _list(parameters) -> list:
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


@no_grad
def get_total_norm(
    tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of several tensors as if they were one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
        Of any shapes, floating.
    norm_type : float, optional
        The order of the norm; `inf` for the largest absolute value. Default: 2.
    error_if_nonfinite : bool, optional
        Raise where the norm is infinite or NaN.
    foreach : bool, optional
        Accepted for PyTorch's sake: the result is the same.

    Returns
    -------
    Tensor
        0-d; 0 where there are no tensors.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite`.

    Examples
    --------
    >>> import lucid
    >>> lucid.nn.utils.get_total_norm([lucid.tensor([3.0]), lucid.tensor([4.0])]).item()
    5.0
    """
    norm_type = float(norm_type)
    norms = [vector_norm(one, norm_type) for one in _list(tensors)]
    if not norms:
        return tensor(0.0)
    total = vector_norm(stack(norms), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients is {total.item()}, so it cannot be clipped. To disable "
            "this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad
def clip_grads_with_norm_(parameters, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale gradients in place by `max_norm / total_norm` where that is below 1.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients are scaled.
    max_norm : float
        The largest norm that is left as it is.
    total_norm : Tensor
        0-d, as `get_total_norm` computes it.
    foreach : bool, optional
        Accepted for PyTorch's sake: the result is the same.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([3.0, 4.0], requires_grad=True)
    >>> x.grad = lucid.tensor([30.0, 40.0])
    >>> lucid.nn.utils.clip_grads_with_norm_(x, 5.0, lucid.tensor(50.0))
    >>> print(x.grad)
    [3.0, 4.0]
    """
    scale = clamp(float(max_norm) / (total_norm + 1e-6), max=1.0)
    for parameter in _list(parameters):
        if parameter.grad is not None:
            parameter.grad.mul_(scale)


def clip_grad_norm_(
    parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """Scale the gradients of parameters in place so that their norm as one vector is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    max_norm : float
        The largest norm that is left as it is.
    norm_type, error_if_nonfinite, foreach
        As for `get_total_norm`.

    Returns
    -------
    Tensor
        0-d, the norm before scaling.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([3.0, 4.0], requires_grad=True)
    >>> x.grad = lucid.tensor([30.0, 40.0])
    >>> lucid.nn.utils.clip_grad_norm_(x, 5.0).item()
    50.0
    >>> print(x.grad)
    [3.0, 4.0]
    """
    parameters = _list(parameters)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    total = get_total_norm(gradients, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


@no_grad
def clip_grad_value_(parameters, clip_value: float, foreach: bool | None = None) -> None:
    """Bring the gradients of parameters into [-clip_value, clip_value], in place.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    clip_value : float
        The largest absolute value.
    foreach : bool, optional
        Accepted for PyTorch's sake: the result is the same.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([3.0, 4.0], requires_grad=True)
    >>> x.grad = lucid.tensor([-9.0, 0.5])
    >>> lucid.nn.utils.clip_grad_value_(x, 1.0)
    >>> print(x.grad)
    [-1.0, 0.5]
    """
    clip_value = float(clip_value)
    for parameter in _list(parameters):
        if parameter.grad is not None:
            parameter.grad.clamp_(-clip_value, clip_value)


@like(clip_grad_norm_)
def clip_grad_norm(
    parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """`clip_grad_norm_` by its older name; warns.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore")
    >>> x = lucid.tensor([3.0, 4.0], requires_grad=True)
    >>> x.grad = lucid.tensor([30.0, 40.0])
    >>> lucid.nn.utils.clip_grad_norm(x, 5.0).item()
    50.0
    """
    warnings.warn("nn.utils.clip_grad_norm is now deprecated in favor of nn.utils.clip_grad_norm_.", FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
