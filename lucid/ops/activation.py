"""Activations: what stands between the layers of a network.

Most have a kernel for the function and one for its gradient. The gradient is declared as an operation with rules of
its own (`_elu_backward`), so that it can be differentiated again; its derivative by the input is written out of
operations, and is absent where the second derivative is 0. Where a function has a kink, its gradient there is the
one-sided derivative that PyTorch takes, which each formula says.
"""

from __future__ import annotations

import math

import numpy as np

from lucid import dtypes
from lucid._kernels.core import backward, binary, unary, unary_param
from lucid.autograd.op import op
from lucid.dtypes import element
from lucid.ops._doc import doc
from lucid.ops._frame import BOOL, FLOATING, INTEGER, rounded, tensor_argument
from lucid.ops._pointwise import backward_kernel, binary_kernel, override, param_kernel, refuse, unary_kernel
from lucid.ops.arithmetic import add, conjugate, div, is_complex, mul, reciprocal, rsub, sub
from lucid.ops.comparison import ge, gt, logical_and, lt
from lucid.ops.exponentials import exp, sigmoid, square, tanh
from lucid.ops.magnitude import abs, clamp, where
from lucid.ops.pieces import chunk
from lucid.ops.view import reshape
from lucid.tensor import Tensor, check_dim

LOSSLESS = "Of the input's shape and dtype."


def _kernel(name: str, code: str = "", integers=None):
    """The kernel of an activation without parameters. Integers are refused, or computed by a NumPy function."""
    made = refuse(unary_kernel(name, FLOATING, code))
    return made if integers is None else override(made, dict.fromkeys(INTEGER, _with_numpy(integers)))


def _param_kernel(name: str, code: str = "", integers=None):
    made = refuse(param_kernel(name, FLOATING, code))
    return made if integers is None else override(made, dict.fromkeys(INTEGER, _with_numpy(integers)))


def _with_numpy(function):
    def run(x, out, code, *parameters):
        np.asarray(out)[...] = function(np.asarray(x), *parameters)

    return run


# ------------------------------------------------------------------------------------------------ relu and its kin

RELU = refuse(_kernel("relu", integers=lambda x, *_: np.maximum(x, 0)), (BOOL,), RuntimeError,
              "Boolean inputs not supported for relu")  # fmt: skip
THRESHOLD = refuse(
    _param_kernel("threshold", integers=lambda x, low, value: np.where(x <= low, int(value), x)), (BOOL,)
)
THRESHOLD_BACKWARD = backward_kernel("threshold")
LEAKY_RELU, LEAKY_RELU_BACKWARD = _param_kernel("leaky_relu"), backward_kernel("leaky_relu")
HARDTANH_BACKWARD = backward_kernel("hardtanh")


@op("nn.functional.relu", aliases=("relu",))
@doc("out = \\max(x, 0)", "g \\cdot [x > 0]", returns=LOSSLESS)
def relu(input_: Tensor, inplace: bool = False) -> Tensor:
    """Rectified linear unit.

    >>> F.relu(lucid.tensor([-1.0, 0.0, 2.0]))
    Tensor([0.0, 0.0, 2.0])
    """
    return unary(RELU, input_)


relu.vjp(input_=lambda g, out: _threshold_backward(g, out, 0.0))


@op("_threshold_backward")
def _threshold_backward(grad, input_, threshold):
    """`grad` where `input_ > threshold`, else 0."""
    return backward(THRESHOLD_BACKWARD, grad, input_, threshold)


_threshold_backward.vjp(grad=lambda g, input_, threshold: _threshold_backward(g, input_, threshold))


@op("nn.functional.threshold", aliases=("threshold",), out="cast read")
@doc("out = x \\text{ if } x > threshold \\text{ else } value", "g \\cdot [x > threshold]", returns=LOSSLESS,
     threshold="float: Up to where elements are replaced.", value="float: By what.")  # fmt: skip
def threshold(input_: Tensor, threshold: float, value: float, inplace: bool = False, *, out=None) -> Tensor:
    """Elements up to a threshold replaced by a value.

    >>> F.threshold(lucid.tensor([-1.0, 0.5, 2.0]), 0.5, 9.0)
    Tensor([9.0, 9.0, 2.0])
    """
    return unary_param(THRESHOLD, input_, threshold, element(value, tensor_argument("threshold", input_).dtype))


threshold.vjp(input_=lambda g, input_, threshold: _threshold_backward(g, input_, threshold))


@op("nn.functional.leaky_relu")
@doc("out = x \\text{ if } x > 0 \\text{ else } negative\\_slope \\cdot x",
     "g \\text{ if } x > 0 \\text{ else } negative\\_slope \\cdot g", returns=LOSSLESS,
     negative_slope="float, optional: Slope for elements that are not positive. Default: 0.01.")  # fmt: skip
def leaky_relu(input_: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Leaky rectified linear unit: a small slope, rather than none, where the unit is not active.

    >>> input_ = Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> out = F.leaky_relu(input_, negative_slope=0.1)
    >>> print(out)
    Tensor([-0.1, 0.0, 2.0], grad=None)
    >>> out.backward()
    >>> print(input_.grad)
    [0.1, 0.1, 1.0]
    """
    return unary_param(LEAKY_RELU, input_, negative_slope)


leaky_relu.vjp(input_=lambda g, input_, negative_slope: _leaky_relu_backward(g, input_, negative_slope))


@op("_leaky_relu_backward")
def _leaky_relu_backward(grad, input_, negative_slope):
    """`grad` where `input_ > 0`, else `negative_slope * grad`."""
    return backward(LEAKY_RELU_BACKWARD, grad, input_, negative_slope)


_leaky_relu_backward.vjp(grad=lambda g, input_, negative_slope: _leaky_relu_backward(g, input_, negative_slope))


@op("nn.functional.prelu", composite=True, aliases=("prelu",))
@doc("out = x \\text{ if } x > 0 \\text{ else } weight \\cdot x",
     "g \\text{ if } x > 0 \\text{ else } weight \\cdot g,\\quad 0 \\text{ if } x > 0 \\text{ else } x \\cdot g",
     returns=LOSSLESS, weight="Tensor: The slopes: one, or one for each channel (dimension 1 of the input).",
     raises="RuntimeError: the number of slopes is neither 1 nor that of the channels\n"
            "RuntimeError: the dtypes differ")  # fmt: skip
def prelu(input_: Tensor, weight: Tensor) -> Tensor:
    """Leaky rectified linear unit whose slopes are learnt.

    >>> F.prelu(lucid.tensor([-1.0, 2.0]), lucid.tensor([0.25]))
    Tensor([-0.25, 2.0])
    """
    return _prelu(input_, _slopes(input_, weight))


def _slopes(input_: Tensor, weight: Tensor) -> Tensor:
    """The weight of `prelu`, shaped to broadcast along the channels."""
    x, w = tensor_argument("prelu", input_).array, tensor_argument("prelu", weight, 2, "weight").array
    if input_.dtype is not weight.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {input_.dtype.name} and {weight.dtype.name}")
    if input_.dtype.kind != 2:
        raise NotImplementedError(f"\"prelu_cpu\" not implemented for '{input_.dtype.name}'")
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if w.size == 1:
        return reshape(weight, (1,) * x.ndim)
    channels = x.shape[1] if x.ndim > 1 else 1
    if not x.ndim:
        raise RuntimeError("prelu: Not allow zero-dim input tensor.")
    if w.size != channels:
        raise RuntimeError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {w.size} and channel "
            f"size = {channels}."
        )
    return reshape(weight, (1, -1) + (1,) * (x.ndim - 2)) if x.ndim > 1 else weight


PRELU = binary_kernel("prelu", FLOATING)


@op("_prelu")
def _prelu(input_: Tensor, slopes: Tensor) -> Tensor:
    """`prelu` with slopes that broadcast."""
    return binary(PRELU, input_, slopes)


_prelu.vjp(
    input_=lambda g, input_, slopes: where(gt(input_, 0), g, mul(g, slopes)),
    slopes=lambda g, input_: where(gt(input_, 0), 0.0, mul(g, input_)),
)


@op("nn.functional.hardtanh")
@doc("out = \\min(\\max(x, min\\_val), max\\_val)", "g \\cdot [min\\_val < x < max\\_val]", returns=LOSSLESS,
     min_val="float, optional: The lower bound. Default: -1.", max_val="float, optional: The upper bound. Default: 1.",
     raises="ValueError: `min_val` is greater than `max_val`\nRuntimeError: the tensor is bool")  # fmt: skip
def hardtanh(input_: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Identity between two bounds, constant beyond.

    >>> F.hardtanh(lucid.tensor([-3.0, 0.5, 3.0]))
    Tensor([-1.0, 0.5, 1.0])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    dtype = tensor_argument("hardtanh", input_).dtype
    if dtype is dtypes.bool:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if dtype.kind == 1:
        min_val, max_val = element(min_val, dtypes.int64), element(max_val, dtypes.int64)
    if dtype is dtypes.uint8 and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return clamp(input_, min_val, max_val)


hardtanh.vjp(input_=lambda g, input_, min_val, max_val: _hardtanh_backward(g, input_, min_val, max_val))


@op("_hardtanh_backward")
def _hardtanh_backward(grad, input_, min_val, max_val):
    """`grad` where `min_val < input_ < max_val`, else 0."""
    return backward(HARDTANH_BACKWARD, grad, input_, min_val, max_val)


_hardtanh_backward.vjp(grad=lambda g, input_, min_val, max_val: _hardtanh_backward(g, input_, min_val, max_val))


@op("nn.functional.relu6")
@doc("out = \\min(\\max(x, 0), 6)", "g \\cdot [0 < x < 6]", returns=LOSSLESS, raises="RuntimeError: the tensor is bool")
def relu6(input_: Tensor, inplace: bool = False) -> Tensor:
    """Rectified linear unit that is bounded by 6.

    >>> F.relu6(lucid.tensor([-1.0, 2.0, 8.0]))
    Tensor([0.0, 2.0, 6.0])
    """
    return hardtanh(input_, 0.0, 6.0)


relu6.vjp(input_=lambda g, input_: _hardtanh_backward(g, input_, 0.0, 6.0))


# ------------------------------------------------------------------------------------------------ exponential units

ELU, ELU_BACKWARD = _param_kernel("elu"), backward_kernel("elu")
CELU, CELU_BACKWARD = _param_kernel("celu"), backward_kernel("celu")
SELU, SELU_BACKWARD = _kernel("selu"), backward_kernel("selu")
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848


@op("nn.functional.elu")
@doc("out = x \\text{ if } x > 0 \\text{ else } alpha (e^x - 1)",
     "g \\text{ if } x > 0 \\text{ else } g \\cdot alpha \\cdot e^x", returns=LOSSLESS,
     alpha="float, optional: Minus the limit for small elements. Default: 1.")  # fmt: skip
def elu(input_: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Exponential linear unit.

    >>> F.elu(lucid.tensor([0.0, 2.0]))
    Tensor([0.0, 2.0])
    """
    return unary_param(ELU, input_, alpha)


elu.vjp(input_=lambda g, input_, alpha: _elu_backward(g, input_, alpha))


@op("_elu_backward")
def _elu_backward(grad, input_, alpha):
    """The gradient of `elu`."""
    return backward(ELU_BACKWARD, grad, input_, alpha)


_elu_backward.vjp(
    grad=lambda g, input_, alpha: _elu_backward(g, input_, alpha),
    input_=lambda g, grad, input_, alpha: where(ge(input_, 0), 0.0, mul(mul(mul(g, grad), exp(input_)), alpha)),
)


@op("nn.functional.celu", aliases=("celu",))
@doc("out = \\max(x, 0) + \\min(0, alpha (e^{x / alpha} - 1))",
     "g \\text{ if } x > 0 \\text{ else } g \\cdot e^{x / alpha}", returns=LOSSLESS,
     alpha="float, optional: Minus the limit for small elements. Default: 1.",
     raises="RuntimeError: `alpha` is 0")  # fmt: skip
def celu(input_: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Exponential linear unit whose slope at 0 is 1 for every alpha.

    >>> F.celu(lucid.tensor([0.0, 2.0]), alpha=2.0)
    Tensor([0.0, 2.0])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return unary_param(CELU, input_, alpha)


celu.vjp(input_=lambda g, input_, alpha: _celu_backward(g, input_, alpha))


@op("_celu_backward")
def _celu_backward(grad, input_, alpha):
    """The gradient of `celu`."""
    return backward(CELU_BACKWARD, grad, input_, alpha)


_celu_backward.vjp(
    grad=lambda g, input_, alpha: _celu_backward(g, input_, alpha),
    input_=lambda g, grad, input_, alpha: where(
        ge(input_, 0), 0.0, div(mul(mul(g, grad), exp(div(input_, alpha))), alpha)
    ),
)


@op("nn.functional.selu", aliases=("selu",))
@doc("out = scale \\cdot x \\text{ if } x > 0 \\text{ else } scale \\cdot alpha (e^x - 1)",
     "g \\cdot scale \\text{ if } x > 0 \\text{ else } g \\cdot scale \\cdot alpha \\cdot e^x",
     returns=LOSSLESS)  # fmt: skip
def selu(input_: Tensor, inplace: bool = False) -> Tensor:
    """Exponential linear unit that keeps mean 0 and variance 1: alpha is 1.67326, scale 1.05070.

    >>> F.selu(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(SELU, input_)


selu.vjp(input_=lambda g, input_: _selu_backward(g, input_))


@op("_selu_backward")
def _selu_backward(grad, input_):
    """The gradient of `selu`."""
    return backward(SELU_BACKWARD, grad, input_)


_selu_backward.vjp(
    grad=lambda g, input_: _selu_backward(g, input_),
    input_=lambda g, grad, input_: where(
        ge(input_, 0), 0.0, mul(mul(mul(g, grad), exp(input_)), SELU_SCALE * SELU_ALPHA)
    ),
)

SOFTPLUS, SOFTPLUS_BACKWARD = _param_kernel("softplus"), backward_kernel("softplus")
LOG_SIGMOID, LOG_SIGMOID_BACKWARD = _kernel("log_sigmoid"), backward_kernel("log_sigmoid")


@op("nn.functional.softplus", out="same")
@doc("out = \\ln (1 + e^{beta \\cdot x}) / beta", "g / (1 + e^{-beta \\cdot x})", returns=LOSSLESS,
     beta="float, optional: How sharp the bend at 0 is. Default: 1.",
     threshold="float, optional: Above it, `beta * input_` is returned as it is. Default: 20.")  # fmt: skip
def softplus(input_: Tensor, beta: float = 1.0, threshold: float = 20.0, *, out=None) -> Tensor:
    """Smooth form of `relu`.

    >>> F.softplus(lucid.tensor([30.0]))
    Tensor([30.0])
    """
    return unary_param(SOFTPLUS, input_, beta, threshold)


softplus.vjp(input_=lambda g, input_, beta, threshold: _softplus_backward(g, input_, beta, threshold))


@op("_softplus_backward")
def _softplus_backward(grad, input_, beta, threshold):
    """The gradient of `softplus`."""
    return backward(SOFTPLUS_BACKWARD, grad, input_, beta, threshold)


def _softplus_second(g, grad, input_, beta, threshold):
    s = sigmoid(mul(input_, beta))
    return where(ge(mul(input_, beta), threshold), 0.0, mul(mul(g, grad), mul(mul(s, rsub(s, 1)), beta)))


_softplus_backward.vjp(
    grad=lambda g, input_, beta, threshold: _softplus_backward(g, input_, beta, threshold), input_=_softplus_second
)


@op("nn.functional.logsigmoid", out="same read")
@doc("out = -\\ln (1 + e^{-x})", "g / (1 + e^x)", returns=LOSSLESS)
def logsigmoid(input_: Tensor, *, out=None) -> Tensor:
    """Logarithm of the logistic function, without overflow on the way.

    >>> F.logsigmoid(lucid.tensor([-1000.0, 1000.0]))
    Tensor([-1000.0, 0.0])
    """
    return unary(LOG_SIGMOID, tensor_argument("logsigmoid", input_).contiguous())  # as PyTorch lays the result


logsigmoid.vjp(input_=lambda g, input_: _logsigmoid_backward(g, input_))


@op("_logsigmoid_backward")
def _logsigmoid_backward(grad, input_):
    """The gradient of `logsigmoid`."""
    return backward(LOG_SIGMOID_BACKWARD, grad, input_)


def _logsigmoid_second(g, grad, input_):
    s = sigmoid(input_)
    return mul(mul(g, grad), mul(s, sub(s, 1)))


_logsigmoid_backward.vjp(grad=lambda g, input_: _logsigmoid_backward(g, input_), input_=_logsigmoid_second)


# ------------------------------------------------------------------------------------------------ gates

GELU, GELU_BACKWARD = _kernel("gelu"), backward_kernel("gelu")
GELU_TANH, GELU_TANH_BACKWARD = _kernel("gelu", "gelu_tanh"), backward_kernel("gelu_tanh")
SILU, SILU_BACKWARD = _kernel("silu"), backward_kernel("silu")
MISH, MISH_BACKWARD = _kernel("mish"), backward_kernel("mish")


@op("nn.functional.gelu", out="same")
@doc("out = x \\cdot \\Phi(x)", "g \\cdot (\\Phi(x) + x \\cdot \\varphi(x))", returns=LOSSLESS,
     approximate="{'none', 'tanh'}, optional: Whether Phi is exact, or approximated by a hyperbolic tangent.",
     raises="RuntimeError: `approximate` is neither")  # fmt: skip
def gelu(input_: Tensor, approximate: str = "none", *, out=None) -> Tensor:
    """Gaussian error linear unit: each element times the normal distribution's probability below it.

    >>> F.gelu(lucid.tensor([0.0, 20.0]))
    Tensor([0.0, 20.0])
    """
    return unary(GELU if approximate == "none" else _approximate(approximate), input_)


def _approximate(name: str):
    if name != "tanh":
        raise RuntimeError("approximate argument must be either none or tanh.")
    return GELU_TANH


gelu.vjp(input_=lambda g, input_, approximate: _gelu_backward(g, input_, approximate))


@op("_gelu_backward")
def _gelu_backward(grad, input_, approximate):
    """The gradient of `gelu`."""
    return backward(GELU_BACKWARD if approximate == "none" else GELU_TANH_BACKWARD, grad, input_)


def _gelu_second(g, grad, input_, approximate):
    squares = square(input_)
    if approximate == "none":
        density = mul(exp(mul(squares, -0.5)), 1 / math.sqrt(2 * math.pi))
        return mul(mul(g, grad), mul(density, rsub(squares, 2)))
    # x * s(u) with u = a x + b x**3: its second derivative is 2 u' s' + x (u'' s' + u'**2 s'')
    a = 2 * math.sqrt(2 / math.pi)
    b = 0.044715 * a
    s = sigmoid(mul(input_, add(mul(squares, b), a)))
    first = mul(s, rsub(s, 1))
    second = mul(first, rsub(mul(s, 2), 1))
    slope = add(mul(squares, 3 * b), a)
    inner = add(mul(mul(input_, 6 * b), first), mul(square(slope), second))
    return mul(mul(g, grad), add(mul(mul(slope, first), 2), mul(input_, inner)))


_gelu_backward.vjp(grad=lambda g, input_, approximate: _gelu_backward(g, input_, approximate), input_=_gelu_second)


@op("nn.functional.silu")
@doc("out = x \\cdot \\sigma(x)", "g \\cdot \\sigma(x) (1 + x (1 - \\sigma(x)))", returns=LOSSLESS)
def silu(input_: Tensor, inplace: bool = False) -> Tensor:
    """Sigmoid linear unit: each element times its logistic function.

    >>> F.silu(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return mul(input_, sigmoid(input_)) if is_complex(input_) else unary(SILU, input_)


silu.vjp(input_=lambda g, input_: _silu_backward(g, input_))


@op("_silu_backward")
def _silu_backward(grad, input_):
    """The gradient of `silu`."""
    if is_complex(input_):
        return mul(grad, conjugate(_silu_slope(input_)))
    return backward(SILU_BACKWARD, grad, input_)


def _silu_slope(x):
    s = sigmoid(x)
    return mul(s, add(mul(x, rsub(s, 1)), 1))


def _silu_second(g, grad, input_):
    s = sigmoid(input_)
    slope = mul(mul(s, rsub(s, 1)), add(mul(input_, rsub(mul(s, 2), 1)), 2))
    return mul(mul(conjugate(g), grad), conjugate(slope))


_silu_backward.vjp(
    grad=lambda g, input_: conjugate(_silu_backward(conjugate(g), input_)),
    input_=_silu_second,
)


@op("nn.functional.mish")
@doc("out = x \\cdot \\tanh(\\ln (1 + e^x)) = x \\cdot t",
     "g \\cdot (t + x \\cdot \\sigma(x) (1 - t^2))", returns=LOSSLESS)  # fmt: skip
def mish(input_: Tensor, inplace: bool = False) -> Tensor:
    """Each element times the hyperbolic tangent of its softplus.

    >>> F.mish(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    return unary(MISH, input_)


mish.vjp(input_=lambda g, input_: _mish_backward(g, input_))


@op("_mish_backward")
def _mish_backward(grad, input_):
    """The gradient of `mish`."""
    return backward(MISH_BACKWARD, grad, input_)


def _mish_second(g, grad, input_):
    # With t = tanh(softplus(x)), s = sigmoid(x): t' = s (1 - t**2), t'' = (1 - t**2) s (1 - s - 2 t s)
    t, s = tanh(softplus(input_)), sigmoid(input_)
    rest = rsub(square(t), 1)
    second = mul(mul(rest, s), sub(rsub(s, 1), mul(mul(t, s), 2)))
    return mul(mul(g, grad), add(mul(mul(s, rest), 2), mul(input_, second)))


_mish_backward.vjp(grad=lambda g, input_: _mish_backward(g, input_), input_=_mish_second)

HARDSIGMOID, HARDSIGMOID_BACKWARD = _kernel("hardsigmoid"), backward_kernel("hardsigmoid")
HARDSWISH, HARDSWISH_BACKWARD = _kernel("hardswish"), backward_kernel("hardswish")


@op("nn.functional.hardsigmoid")
@doc("out = \\min(\\max(x + 3, 0), 6) / 6", "g / 6 \\cdot [-3 < x < 3]", returns=LOSSLESS)
def hardsigmoid(input_: Tensor, inplace: bool = False) -> Tensor:
    """The logistic function in three straight pieces.

    >>> F.hardsigmoid(lucid.tensor([-4.0, 0.0, 4.0]))
    Tensor([0.0, 0.5, 1.0])
    """
    return unary(HARDSIGMOID, input_)


hardsigmoid.vjp(input_=lambda g, input_: _hardsigmoid_backward(g, input_))


@op("_hardsigmoid_backward")
def _hardsigmoid_backward(grad, input_):
    """The gradient of `hardsigmoid`."""
    return backward(HARDSIGMOID_BACKWARD, grad, input_)


_hardsigmoid_backward.vjp(grad=lambda g, input_: _hardsigmoid_backward(g, input_))


@op("nn.functional.hardswish")
@doc("out = x \\cdot \\min(\\max(x + 3, 0), 6) / 6", "g \\cdot (x / 3 + 1 / 2) \\text{ within } -3 < x < 3",
     returns=LOSSLESS)  # fmt: skip
def hardswish(input_: Tensor, inplace: bool = False) -> Tensor:
    """Each element times its `hardsigmoid`.

    >>> F.hardswish(lucid.tensor([0.0, 4.0]))
    Tensor([0.0, 4.0])
    """
    return unary(HARDSWISH, input_)


hardswish.vjp(input_=lambda g, input_: _hardswish_backward(g, input_))


@op("_hardswish_backward")
def _hardswish_backward(grad, input_):
    """The gradient of `hardswish`."""
    return backward(HARDSWISH_BACKWARD, grad, input_)


_hardswish_backward.vjp(
    grad=lambda g, input_: _hardswish_backward(g, input_),
    input_=lambda g, grad, input_: where(logical_and(gt(input_, -3.0), lt(input_, 3.0)), div(mul(g, grad), 3.0), 0.0),
)


@op("nn.functional.glu", composite=True, wide=True)
@doc("out = a \\cdot \\sigma(b) \\text{ with the halves } a, b \\text{ of } x", "g \\cdot \\sigma(b),\\quad "
     "g \\cdot a \\cdot \\sigma(b) (1 - \\sigma(b))", returns="Half as large along `dim`.",
     dim="int, optional: Which dimension is halved. Default: the last.",
     raises="RuntimeError: the size of `dim` is odd")  # fmt: skip
def glu(input_: Tensor, dim: int = -1) -> Tensor:
    """Gated linear unit: one half of the elements, gated by the other half.

    >>> F.glu(lucid.tensor([3.0, 0.0]))
    Tensor([1.5])
    """
    shape = tensor_argument("glu", input_).array.shape
    if not shape:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    at = check_dim("glu", dim, len(shape))
    if shape[at] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {at} is size {shape[at]}")
    if input_.dtype.kind < 2:
        raise NotImplementedError(f"\"glu_cpu\" not implemented for '{input_.dtype.name}'")
    value, gate = chunk(input_, 2, at)
    return mul(value, sigmoid(gate))


# ------------------------------------------------------------------------------------------------ shrinking

SOFTSHRINK, HARDSHRINK = _param_kernel("softshrink"), _param_kernel("hardshrink")
SHRINK_BACKWARD = backward_kernel("hardshrink")
SOFTSIGN, TANHSHRINK = unary_kernel("softsign", FLOATING), unary_kernel("tanhshrink", FLOATING)


@op("nn.functional.hardshrink", aliases=("hardshrink",), out="same")
@doc("out = x \\cdot [|x| > lambd]", "g \\cdot [|x| > lambd]", returns=LOSSLESS,
     lambd="float, optional: Up to which size elements become 0. Default: 0.5.")  # fmt: skip
def hardshrink(input_: Tensor, lambd: float = 0.5, *, out=None) -> Tensor:
    """Small elements replaced by 0.

    >>> F.hardshrink(lucid.tensor([-1.0, 0.5, 2.0]))
    Tensor([-1.0, 0.0, 2.0])
    """
    dtype = tensor_argument("hardshrink", input_).dtype
    return unary_param(HARDSHRINK, input_, rounded(element(lambd, dtype) if dtype.kind == 2 else lambd, dtype))


hardshrink.vjp(input_=lambda g, input_, input_dtype, lambd: _shrink_backward(g, input_, rounded(lambd, input_dtype)))


@op("_shrink_backward")
def _shrink_backward(grad, input_, lambd):
    """`grad` where `abs(input_) > lambd`, else 0."""
    return backward(SHRINK_BACKWARD, grad, input_, lambd)


_shrink_backward.vjp(grad=lambda g, input_, lambd: _shrink_backward(g, input_, lambd))


@op("nn.functional.softshrink", out="same")
@doc("out = \\mathrm{sign}(x) \\max(|x| - lambd, 0)", "g \\cdot [|x| > lambd]", returns=LOSSLESS,
     lambd="float, optional: How much nearer to 0 elements move. Default: 0.5.",
     raises="RuntimeError: `lambd` is negative")  # fmt: skip
def softshrink(input_: Tensor, lambd: float = 0.5, *, out=None) -> Tensor:
    """Elements moved towards 0.

    >>> F.softshrink(lucid.tensor([-1.0, 0.5, 2.0]))
    Tensor([-0.5, 0.0, 1.5])
    """
    dtype = tensor_argument("softshrink", input_).dtype
    if not 0 <= element(lambd, dtypes.float64) <= (dtypes.largest(dtype) if dtype.kind == 2 else math.inf):
        raise RuntimeError(f"softshrink: lambda must be in the range [0, the largest {dtype.name}], but found {lambd}")
    return unary_param(SOFTSHRINK, input_, lambd)


softshrink.vjp(input_=lambda g, input_, lambd: _shrink_backward(g, input_, lambd))


@op("nn.functional.softsign", composite=True)
@doc("out = x / (1 + |x|)", "g / (1 + |x|)^2", returns="Of the input's shape, floating.")
def softsign(input_: Tensor) -> Tensor:
    """Each element divided by one plus its size.

    >>> F.softsign(lucid.tensor([-1.0, 0.0, 3.0]))
    Tensor([-0.5, 0.0, 0.75])
    """
    if tensor_argument("softsign", input_).dtype.kind == 2:
        return _softsign(input_)
    return div(input_, add(abs(input_), 1))


@op("_softsign")
def _softsign(input_):
    """`softsign` of real numbers."""
    return unary(SOFTSIGN, input_)


_softsign.vjp(input_=lambda g, input_: mul(g, square(reciprocal(add(abs(input_), 1)))))


@op("nn.functional.tanhshrink", composite=True)
@doc("out = x - \\tanh x", "g \\cdot \\tanh^2 x", returns="Of the input's shape, floating.")
def tanhshrink(input_: Tensor) -> Tensor:
    """Each element minus its hyperbolic tangent.

    >>> F.tanhshrink(lucid.tensor([0.0]))
    Tensor([0.0])
    """
    if tensor_argument("tanhshrink", input_).dtype.kind == 2:
        return _tanhshrink(input_)
    return sub(input_, tanh(input_))


@op("_tanhshrink")
def _tanhshrink(input_):
    """`tanhshrink` of real numbers."""
    return unary(TANHSHRINK, input_)


_tanhshrink.vjp(input_=lambda g, input_: mul(g, square(tanh(input_))))
