"""Utilities for parameters and their gradients."""

from lucid._later import later as _later
from lucid.nn.utils import init, memory_format, parametrizations, parametrize, rnn  # noqa: F401
from lucid.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from lucid.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from lucid.nn.utils.fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights
from lucid.nn.utils.hooks import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm
from lucid.nn.utils.init import skip_init
from lucid.nn.utils.memory_format import convert_conv2d_weight_memory_format, convert_conv3d_weight_memory_format

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "convert_conv2d_weight_memory_format",
    "convert_conv3d_weight_memory_format", "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval",
    "fuse_linear_bn_weights", "get_total_norm", "parameters_to_vector", "remove_spectral_norm", "remove_weight_norm",
    "skip_init", "spectral_norm", "vector_to_parameters", "weight_norm",
]  # fmt: skip


__getattr__ = _later("lucid.nn.utils")
