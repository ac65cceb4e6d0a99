"""Linear layers. Initial weights are PyTorch's for the same seed."""

from __future__ import annotations

import math

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops._doc import doc

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """Returns its input; takes any arguments and ignores them.

    Parameters
    ----------
    *args, **kwargs
        Of any kind; without effect.

    Examples
    --------
    >>> nn.Identity(54, unused=True)(lucid.tensor([1.0]))
    Tensor([1.0])
    """

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


@doc()
class Linear(Module):
    """``input @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last dimension of input and output.

    Attributes
    ----------
    weight : Parameter
        Of shape (out_features, in_features); uniform in ``±1 / sqrt(in_features)`` at first.
    bias : Parameter or None
        Of shape (out_features,); likewise.

    Examples
    --------
    >>> nn.Linear(3, 2)(lucid.ones(5, 3)).shape
    lucid.Size([5, 2])
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device=None, dtype=None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(lucid.empty((out_features, in_features), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(lucid.empty((out_features,), device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        reset_bias(self.bias, self.weight)

    def forward(self, input):
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def reset_bias(bias: Parameter | None, weight: Parameter) -> None:
    """Uniform in ``±1 / sqrt(fan_in)`` of the weight."""
    if bias is not None:
        fan_in = weight.numel() // weight.shape[0] if weight.shape[0] else 0
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
        init.uniform_(bias, -bound, bound)


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear by another name: that of `MultiheadAttention`, which is not to be taken for any."""


@doc()
class Bilinear(Module):
    """``input1 @ weight[k] @ input2 + bias[k]`` for every output k.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Sizes of the last dimensions.

    Examples
    --------
    >>> nn.Bilinear(3, 4, 2)(lucid.ones(5, 3), lucid.ones(5, 4)).shape
    lucid.Size([5, 2])
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device=None, dtype=None
    ):
        super().__init__()
        if in1_features == 0:
            raise ValueError("in1_features must be greater than 0: the initial values are of its square root")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(lucid.empty((out_features, in1_features, in2_features), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(lucid.empty((out_features,), device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, uniform in ``±1 / sqrt(in1_features)``."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1, input2):
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )
