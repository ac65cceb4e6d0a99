"""Activations as modules: each keeps the settings of a function of `nn.functional` and calls it."""

from __future__ import annotations

import inspect
import warnings

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops._doc import doc, like

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax",
    "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


def settings_of(module: Module, but: tuple = ()) -> tuple[str, ...]:
    """What a module is made with that it has as attributes."""
    return tuple(name for name in inspect.signature(type(module)).parameters if name not in but and hasattr(module, name))


class Function(Module):
    """A function of `nn.functional` (or another module) with its settings, which are attributes of their names."""

    function: str
    home = F

    def __init__(self, **settings):
        super().__init__()
        self._settings = tuple(settings)
        for name, value in settings.items():
            setattr(self, name, value)

    def __setstate__(self, state: dict):
        super().__setstate__(state)
        if "_settings" not in state:  # PyTorch's
            self._settings = settings_of(self)

    def forward(self, input):
        return getattr(self.home, self.function)(input, *[getattr(self, name) for name in self._settings])

    def extra_repr(self) -> str:
        shown = []
        for name in self._settings:
            value = getattr(self, name)
            if name != "inplace" or value:
                shown.append(f"{name}={value!r}")
        return ", ".join(shown)


@like(F.relu)
class ReLU(Function):
    """`nn.functional.relu`: max(x, 0).

    Examples
    --------
    >>> nn.ReLU()(lucid.tensor([-2.0, 0.5, 3.0]))
    Tensor([0.0, 0.5, 3.0])
    """

    function = "relu"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


@like(F.relu6)
class ReLU6(Function):
    """`nn.functional.relu6`: min(max(x, 0), 6).

    Examples
    --------
    >>> nn.ReLU6()(lucid.tensor([-2.0, 0.5, 9.0]))
    Tensor([0.0, 0.5, 6.0])
    """

    function = "relu6"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)
        self.min_val, self.max_val = 0.0, 6.0  # as PyTorch's, which reads them


@like(F.leaky_relu)
class LeakyReLU(Function):
    """`nn.functional.leaky_relu`: x where it is positive, `negative_slope * x` elsewhere.

    Examples
    --------
    >>> nn.LeakyReLU(0.1)(lucid.tensor([-2.0, 0.5, 3.0]))
    Tensor([-0.2, 0.5, 3.0])
    """

    function = "leaky_relu"

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False):
        super().__init__(negative_slope=negative_slope, inplace=inplace)


@like(F.elu)
class ELU(Function):
    """`nn.functional.elu`: x where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Examples
    --------
    >>> nn.ELU()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-0.865, 0.5, 3.0])
    """

    function = "elu"

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__(alpha=alpha, inplace=inplace)


@like(F.celu)
class CELU(Function):
    """Exponential linear unit whose slope at 0 is 1 for every alpha: `nn.functional.celu`.

    Examples
    --------
    >>> nn.CELU()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-0.865, 0.5, 3.0])
    """

    function = "celu"

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__(alpha=alpha, inplace=inplace)


@like(F.selu)
class SELU(Function):
    """Exponential linear unit that keeps mean 0 and variance 1: `nn.functional.selu`.

    Examples
    --------
    >>> nn.SELU()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-1.52, 0.525, 3.152])
    """

    function = "selu"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


@like(F.gelu)
class GELU(Module):
    """`nn.functional.gelu`: x times the standard normal distribution function of x.

    Examples
    --------
    >>> nn.GELU()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-0.046, 0.346, 2.996])
    """

    def __init__(self, approximate: str = "none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


@like(F.silu)
class SiLU(Function):
    """`nn.functional.silu`: x times sigmoid(x).

    Examples
    --------
    >>> nn.SiLU()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-0.238, 0.311, 2.858])
    """

    function = "silu"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


@like(F.mish)
class Mish(Function):
    """`nn.functional.mish`: x times tanh(softplus(x)).

    Examples
    --------
    >>> nn.Mish()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-0.253, 0.375, 2.987])
    """

    function = "mish"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)


class Sigmoid(Function):
    """`sigmoid`: 1 / (1 + exp(-x)).

    Examples
    --------
    >>> nn.Sigmoid()(lucid.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    Tensor([0.269, 0.5, 0.731])
    """

    function = "sigmoid"
    home = lucid

    def __init__(self):
        super().__init__()


class LogSigmoid(Function):
    """Logarithm of the logistic function, without overflow on the way: `nn.functional.logsigmoid`.

    Examples
    --------
    >>> nn.LogSigmoid()(lucid.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    Tensor([-1.313, -0.693, -0.313])
    """

    function = "logsigmoid"

    def __init__(self):
        super().__init__()


class Tanh(Function):
    """`tanh`.

    Examples
    --------
    >>> nn.Tanh()(lucid.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    Tensor([-0.762, 0.0, 0.762])
    """

    function = "tanh"
    home = lucid

    def __init__(self):
        super().__init__()


class Tanhshrink(Function):
    """`nn.functional.tanhshrink`: x - tanh(x).

    Examples
    --------
    >>> nn.Tanhshrink()(lucid.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
    Tensor([-0.238, 0.0, 0.238])
    """

    function = "tanhshrink"

    def __init__(self):
        super().__init__()


class Softsign(Function):
    """`nn.functional.softsign`: x / (1 + abs(x)).

    Examples
    --------
    >>> nn.Softsign()(lucid.tensor([-1.0, 0.0, 1.0]))
    Tensor([-0.5, 0.0, 0.5])
    """

    function = "softsign"

    def __init__(self):
        super().__init__()


@like(F.softplus)
class Softplus(Function):
    """`nn.functional.softplus`: log(1 + exp(beta x)) / beta, x itself above `threshold`.

    Examples
    --------
    >>> nn.Softplus()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([0.127, 0.974, 3.049])
    """

    function = "softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        super().__init__(beta=beta, threshold=threshold)


@like(F.softshrink)
class Softshrink(Function):
    """Elements moved towards 0: `nn.functional.softshrink`.

    Examples
    --------
    >>> nn.Softshrink()(lucid.tensor([-2.0, 0.5, 3.0]))
    Tensor([-1.5, 0.0, 2.5])
    """

    function = "softshrink"

    def __init__(self, lambd: float = 0.5):
        super().__init__(lambd=lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


@like(F.hardshrink)
class Hardshrink(Function):
    """Small elements replaced by 0: `nn.functional.hardshrink`.

    Examples
    --------
    >>> nn.Hardshrink()(lucid.tensor([-2.0, 0.5, 3.0]))
    Tensor([-2.0, 0.0, 3.0])
    """

    function = "hardshrink"

    def __init__(self, lambd: float = 0.5):
        super().__init__(lambd=lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


@like(F.hardsigmoid)
class Hardsigmoid(Function):
    """The logistic function in three straight pieces: `nn.functional.hardsigmoid`.

    Examples
    --------
    >>> nn.Hardsigmoid()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([0.167, 0.583, 1.0])
    """

    function = "hardsigmoid"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)

    def extra_repr(self) -> str:
        return ""


@like(F.hardswish)
class Hardswish(Function):
    """Each element times its hard sigmoid: `nn.functional.hardswish`.

    Examples
    --------
    >>> nn.Hardswish()(lucid.tensor([-2.0, 0.5, 3.0])).round(decimals=3)
    Tensor([-0.333, 0.292, 3.0])
    """

    function = "hardswish"

    def __init__(self, inplace: bool = False):
        super().__init__(inplace=inplace)

    def extra_repr(self) -> str:
        return ""


@like(F.hardtanh, min_value="float, optional: Deprecated: use `min_val`.", max_value="float, optional: Deprecated: use `max_val`.")
class Hardtanh(Function):
    """`nn.functional.hardtanh`: x between two bounds.

    Examples
    --------
    >>> nn.Hardtanh()(lucid.tensor([-2.0, 0.5, 3.0]))
    Tensor([-1.0, 0.5, 1.0])
    """

    function = "hardtanh"

    def __init__(
        self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False, min_value: float | None = None,
        max_value: float | None = None,
    ):  # fmt: skip
        for name, value in (("min_value", min_value), ("max_value", max_value)):
            if value is not None:
                warnings.warn(f"keyword argument `{name}` is deprecated and rename to `{name[:-2]}`", FutureWarning, stacklevel=2)
        min_val, max_val = min_val if min_value is None else min_value, max_val if max_value is None else max_value
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)


@like(F.threshold)
class Threshold(Function):
    """`nn.functional.threshold`: x where it exceeds `threshold`, `value` elsewhere.

    Examples
    --------
    >>> nn.Threshold(1.0, 0.0)(lucid.tensor([-2.0, 0.5, 3.0]))
    Tensor([0.0, 0.0, 3.0])
    """

    function = "threshold"

    def __init__(self, threshold: float, value: float, inplace: bool = False):
        super().__init__(threshold=threshold, value=value, inplace=inplace)


@like(F.glu)
class GLU(Function):
    """`nn.functional.glu`: one half of a dimension times the sigmoid of the other.

    Examples
    --------
    >>> nn.GLU()(lucid.tensor([1.0, 2.0, 0.0, 0.0]))
    Tensor([0.5, 1.0])
    """

    function = "glu"

    def __init__(self, dim: int = -1):
        super().__init__(dim=dim)


@like(F.rrelu)
class RReLU(Module):
    """`nn.functional.rrelu`: leaky_relu whose slope is random in training, the mean of its bounds otherwise.

    Examples
    --------
    >>> nn.RReLU(0.1, 0.3).eval()(lucid.tensor([-1.0, 2.0]))
    Tensor([-0.2, 2.0])
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False):
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}" + (", inplace=True" if self.inplace else "")


@doc()
class PReLU(Module):
    """`nn.functional.prelu`: leaky_relu whose slopes are learned, one or one a channel.

    Parameters
    ----------
    num_parameters : int, optional
        The number of slopes: 1 (default), or that of the channels.
    init : float, optional
        Their first value. Default: 0.25.
    dtype : dtype, optional
        Of the slopes.

    Examples
    --------
    >>> nn.PReLU()(lucid.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(lucid.full((num_parameters,), init, device=device, dtype=dtype or lucid.get_default_dtype()))

    def reset_parameters(self) -> None:
        """Set all slopes to `init`."""
        init.constant_(self.weight, self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Softmax(Module):
    """`nn.functional.softmax` along `dim`.

    Parameters
    ----------
    dim : int, optional
        The dimension that sums to 1. Default: 1, or 0 of a tensor of 0, 1 or 3 dimensions, with a warning.

    Examples
    --------
    >>> nn.Softmax(dim=0)(lucid.zeros(2))
    Tensor([0.5, 0.5])
    """

    def __init__(self, dim: int | None = None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """`nn.functional.log_softmax` along `dim`.

    Parameters
    ----------
    dim : int, optional
        The dimension whose exponentials sum to 1. Default: 1, or 0 of a tensor of 0, 1 or 3 dimensions, with a warning.

    Examples
    --------
    >>> nn.LogSoftmax(dim=0)(lucid.zeros(2)).round(decimals=3)
    Tensor([-0.693, -0.693])
    """

    def forward(self, input):
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmin(Softmax):
    """`nn.functional.softmin` along `dim`.

    Parameters
    ----------
    dim : int, optional
        The dimension that sums to 1. Default: 1, or 0 of a tensor of 0, 1 or 3 dimensions, with a warning.

    Examples
    --------
    >>> nn.Softmin(dim=0)(lucid.zeros(2))
    Tensor([0.5, 0.5])
    """

    def forward(self, input):
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of (n, c, h, w) or (c, h, w).

    Examples
    --------
    >>> nn.Softmax2d()(lucid.zeros(2, 1, 2)).tolist()
    [[[0.5, 0.5]], [[0.5, 0.5]]]
    """

    def __init__(self):
        super().__init__()

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)

