"""Activations."""

from lucid._kernels import pointwise
from lucid._kernels.core import backward, unary_param
from lucid.autograd.op import op
from lucid.ops._frame import FLOATING, kernel
from lucid.tensor import Tensor

LEAKY_RELU = kernel(pointwise.unary_param, "leaky_relu", FLOATING, pointwise.codes["leaky_relu"])
LEAKY_RELU_BACKWARD = kernel(pointwise.backward, "leaky_relu_backward", FLOATING, pointwise.codes["leaky_relu"])


@op("nn.functional.leaky_relu")
def leaky_relu(input_: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    return unary_param(LEAKY_RELU, input_, negative_slope)


leaky_relu.vjp(input_=lambda g, input_, negative_slope: leaky_relu_backward(g, input_, negative_slope))


@op("leaky_relu_backward")
def leaky_relu_backward(grad, input_, negative_slope):
    return backward(LEAKY_RELU_BACKWARD, grad, input_, negative_slope)


leaky_relu_backward.vjp(grad=lambda g, input_, negative_slope: leaky_relu_backward(g, input_, negative_slope))
