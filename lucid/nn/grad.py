"""Gradients of convolutions, as functions."""

from __future__ import annotations

import functools

from lucid.autograd import grad
from lucid.autograd.modes import enable_grad, is_grad_enabled
from lucid.ops import convolution
from lucid.tensor import Tensor

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _gradient(function, like: Tensor, size, grad_output: Tensor) -> Tensor:
    """The gradient of a linear function of a tensor of this size, which stays in the caller's graph."""
    recorded = is_grad_enabled()
    with enable_grad():
        varied = like.new_zeros(1).expand(tuple(size)).requires_grad_()
        found = function(varied)
    return grad(found, varied, grad_output, create_graph=recorded and (like.requires_grad or grad_output.requires_grad))[0]


def _by_input(n: int):
    conv = getattr(convolution, f"conv{n}d")

    def conv_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
        call = functools.partial(conv, weight=weight, stride=stride, padding=padding, dilation=dilation, groups=groups)
        return _gradient(call, weight, input_size, grad_output)

    return _named(conv_input, n, "input", "input_size : sequence of int\n        The input's size.\n    weight : Tensor\n        The weight.")


def _by_weight(n: int):
    conv = getattr(convolution, f"conv{n}d")

    def conv_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
        call = functools.partial(conv, input, stride=stride, padding=padding, dilation=dilation, groups=groups)
        return _gradient(lambda weight: call(weight), input, weight_size, grad_output)

    return _named(conv_weight, n, "weight", "input : Tensor\n        The input.\n    weight_size : sequence of int\n        The weight's size.")


def _named(function, n: int, what: str, first: str):
    function.__name__ = function.__qualname__ = f"conv{n}d_{what}"
    ones, size = ", ".join(["1"] * n), f"1, 1, {', '.join(['2'] * n)}"
    values = f"({size}), lucid.ones(1, 1, {ones})" if what == "input" else f"lucid.ones({size}), (1, 1, {ones})"
    call = f"{values}, lucid.ones({size})" if what == "input" else f"{values}, lucid.ones({size})"
    function.__doc__ = f"""The gradient of `nn.functional.conv{n}d` by its {what}.

    Parameters
    ----------
    {first}
    grad_output : Tensor
        The gradient of the result.
    stride, padding, dilation, groups : optional
        As for the convolution.

    Returns
    -------
    Tensor
        Of that size.

    Raises
    ------
    RuntimeError
        If the sizes do not fit.

    Examples
    --------
    >>> lucid.nn.grad.conv{n}d_{what}({call}).sum()
    Tensor({2.0**n})
    """
    return function


conv1d_input, conv2d_input, conv3d_input = map(_by_input, (1, 2, 3))
conv1d_weight, conv2d_weight, conv3d_weight = map(_by_weight, (1, 2, 3))
