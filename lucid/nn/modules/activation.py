"""Activations as modules: each keeps the settings of a function of `nn.functional` and calls it."""

from __future__ import annotations

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax",
    "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class Function(Module):
    """A function of `nn.functional` with its settings, which are attributes of their names."""

    function: str

    def __init__(self, **settings):
        super().__init__()
        self._settings = tuple(settings)
        for name, value in settings.items():
            setattr(self, name, value)

    def forward(self, input):
        return getattr(F, self.function)(input, *[getattr(self, name) for name in self._settings])

    def extra_repr(self) -> str:
        shown = []
        for name in self._settings:
            value = getattr(self, name)
            if name != "inplace" or value:
                shown.append(f"{name}={value!r}")
        return ", ".join(shown)


class ReLU(Function):
    """`nn.functional.relu`: max(x, 0)."""

    function = "relu"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class ReLU6(Function):
    """`nn.functional.relu6`: min(max(x, 0), 6)."""

    function = "relu6"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class LeakyReLU(Function):
    """`nn.functional.leaky_relu`: x where it is positive, `negative_slope * x` elsewhere."""

    function = "leaky_relu"

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False):
        super().__init__(negative_slope=negative_slope, inplace=inplace)


class ELU(Function):
    """`nn.functional.elu`: x where it is positive, `alpha * (exp(x) - 1)` elsewhere."""

    function = "elu"

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__(alpha=alpha, inplace=inplace)


class CELU(Function):
    """`nn.functional.celu`."""

    function = "celu"

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__(alpha=alpha, inplace=inplace)


class SELU(Function):
    """`nn.functional.selu`."""

    function = "selu"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class GELU(Module):
    """`nn.functional.gelu`: x times the standard normal distribution function of x."""

    def __init__(self, approximate: str = "none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(Function):
    """`nn.functional.silu`: x times sigmoid(x)."""

    function = "silu"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class Mish(Function):
    """`nn.functional.mish`: x times tanh(softplus(x))."""

    function = "mish"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class Sigmoid(Function):
    """`sigmoid`: 1 / (1 + exp(-x))."""

    function = "sigmoid"

    def __init__(self):
        super().__init__()


class LogSigmoid(Function):
    """`nn.functional.logsigmoid`."""

    function = "logsigmoid"

    def __init__(self):
        super().__init__()


class Tanh(Function):
    """`tanh`."""

    function = "tanh"

    def __init__(self):
        super().__init__()


class Tanhshrink(Function):
    """`nn.functional.tanhshrink`: x - tanh(x)."""

    function = "tanhshrink"

    def __init__(self):
        super().__init__()


class Softsign(Function):
    """`nn.functional.softsign`: x / (1 + abs(x))."""

    function = "softsign"

    def __init__(self):
        super().__init__()


class Softplus(Function):
    """`nn.functional.softplus`: log(1 + exp(beta x)) / beta, x itself above `threshold`."""

    function = "softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        super().__init__(beta=beta, threshold=threshold)


class Softshrink(Function):
    """`nn.functional.softshrink`."""

    function = "softshrink"

    def __init__(self, lambd: float = 0.5):
        super().__init__(lambd=lambd)


class Hardshrink(Function):
    """`nn.functional.hardshrink`."""

    function = "hardshrink"

    def __init__(self, lambd: float = 0.5):
        super().__init__(lambd=lambd)


class Hardsigmoid(Function):
    """`nn.functional.hardsigmoid`."""

    function = "hardsigmoid"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class Hardswish(Function):
    """`nn.functional.hardswish`."""

    function = "hardswish"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class Hardtanh(Function):
    """`nn.functional.hardtanh`: x between two bounds."""

    function = "hardtanh"

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
        if max_val <= min_val:
            raise ValueError(f"max_val must be larger than min_val, got {max_val} and {min_val}")
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)


class Threshold(Function):
    """`nn.functional.threshold`: x where it exceeds `threshold`, `value` elsewhere."""

    function = "threshold"

    def __init__(self, threshold: float, value: float, inplace: bool = False):
        super().__init__(threshold=threshold, value=value, inplace=inplace)


class GLU(Function):
    """`nn.functional.glu`: one half of a dimension times the sigmoid of the other."""

    function = "glu"

    def __init__(self, dim: int = -1):
        super().__init__(dim=dim)


class RReLU(Module):
    """`nn.functional.rrelu`: leaky_relu whose slope is random in training, the mean of its bounds otherwise."""

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False):
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """`nn.functional.prelu`: leaky_relu whose slopes are learned, one or one a channel."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(lucid.full((num_parameters,), init, dtype=dtype or lucid.get_default_dtype()))

    def reset_parameters(self) -> None:
        """Set all slopes to `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softmax(Module):
    """`nn.functional.softmax` along `dim`."""

    def __init__(self, dim: int | None = None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """`nn.functional.log_softmax` along `dim`."""

    def forward(self, input):
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmin(Softmax):
    """`nn.functional.softmin` along `dim`."""

    def forward(self, input):
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of (n, c, h, w) or (c, h, w)."""

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)

