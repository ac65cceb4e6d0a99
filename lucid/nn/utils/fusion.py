"""Layers that take a batch normalisation into their own weights, for evaluation."""

from __future__ import annotations

import copy

import lucid
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def _fused(weight, bias, mean, var, eps, bn_weight, bn_bias, dim: int) -> tuple[Parameter, Parameter]:
    """A weight whose outputs lie along `dim`, and a bias, that do the normalisation's part too."""
    trained = weight.requires_grad, bias is not None and bias.requires_grad
    dtypes = weight.dtype, weight.dtype if bias is None else bias.dtype
    scale = lucid.rsqrt(var + eps)
    if bn_weight is not None:
        scale = bn_weight * scale
    shift = -mean if bias is None else bias - mean
    made = weight * scale.reshape([-1 if i == dim else 1 for i in range(weight.dim())]), shift * scale
    if bn_bias is not None:
        made = made[0], made[1] + bn_bias
    return tuple(Parameter(one.detach().to(dtype), needs) for one, dtype, needs in zip(made, dtypes, trained))


def _fuse(layer: Module, bn: Module, dim: int) -> Module:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    twin = copy.deepcopy(layer)
    twin.weight, twin.bias = _fused(
        layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, dim
    )
    return twin


def fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps: float, bn_w, bn_b, transpose: bool = False):
    """Weight and bias of a convolution that does the batch normalisation behind it too.

    Parameters
    ----------
    conv_w, conv_b : Tensor
        Weight and bias (or None) of the convolution.
    bn_rm, bn_rv : Tensor
        Running mean and variance.
    bn_eps : float
        What is added to the variance.
    bn_w, bn_b : Tensor or None
        Weight and bias of the normalisation.
    transpose : bool, optional
        Whether it is a transposed convolution (default False).

    Returns
    -------
    tuple of (Parameter, Parameter)
        Of the fused convolution.

    Examples
    --------
    >>> one = lucid.ones(1)
    >>> nn.utils.fuse_conv_bn_weights(lucid.ones(1, 1, 1), None, one, one * 4, 0.0, one, None)[1].item()
    -0.5
    """
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps: float, bn_w, bn_b):
    """Weight and bias of a linear layer that does the batch normalisation behind it too.

    Parameters
    ----------
    linear_w, linear_b : Tensor
        Weight and bias (or None) of the layer.
    bn_rm, bn_rv : Tensor
        Running mean and variance.
    bn_eps : float
        What is added to the variance.
    bn_w, bn_b : Tensor or None
        Weight and bias of the normalisation.

    Returns
    -------
    tuple of (Parameter, Parameter)
        Of the fused layer.

    Examples
    --------
    >>> one = lucid.ones(1)
    >>> nn.utils.fuse_linear_bn_weights(lucid.ones(1, 2), one, one, one * 4, 0.0, one, one)[1].item()
    1.0
    """
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def fuse_conv_bn_eval(conv: Module, bn: Module, transpose: bool = False) -> Module:
    """A convolution that does the batch normalisation behind it too.

    Parameters
    ----------
    conv : Module
        A convolution, in evaluation mode.
    bn : Module
        A batch normalisation with running statistics, in evaluation mode.
    transpose : bool, optional
        Whether it is a transposed convolution (default False).

    Returns
    -------
    Module
        A copy of the convolution with other weights.

    Raises
    ------
    AssertionError
        In training mode, or without running statistics.

    Examples
    --------
    >>> conv, bn, x = nn.Conv2d(3, 4, 2).eval(), nn.BatchNorm2d(4).eval(), lucid.ones(1, 3, 5, 5)
    >>> lucid.allclose(nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)))
    True
    """
    return _fuse(conv, bn, 1 if transpose else 0)


def fuse_linear_bn_eval(linear: Module, bn: Module) -> Module:
    """A linear layer that does the batch normalisation behind it too.

    Parameters
    ----------
    linear : Module
        A linear layer, in evaluation mode.
    bn : Module
        A batch normalisation with running statistics, in evaluation mode, of as many features or of one.

    Returns
    -------
    Module
        A copy of the layer with other weights.

    Raises
    ------
    AssertionError
        In training mode, without running statistics, or where the numbers of features differ.

    Examples
    --------
    >>> linear, bn, x = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval(), lucid.ones(2, 3)
    >>> lucid.allclose(nn.utils.fuse_linear_bn_eval(linear, bn)(x), bn(linear(x)))
    True
    """
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    return _fuse(linear, bn, 0)
