"""Initial values of parameters: what `torch.nn.init` has, drawn from the same stream.

Each function overwrites a tensor, outside the graph, and returns it. After `lucid.manual_seed(s)` the values are
PyTorch's after its own `manual_seed(s)`, those of `orthogonal_` to rounding, as another LAPACK factorises.
"""

from __future__ import annotations

import functools
import math
import threading
import warnings

import numpy as np

from lucid._kernels import core
from lucid.autograd.modes import no_grad
from lucid.autograd.writes import check_writable
from lucid.ops._doc import joined, like, sections
from lucid.ops._draws import dense_like, fill_normal, fill_uniform
from lucid.ops.random import randperm
from lucid.tensor import Tensor

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal", "kaiming_normal_",
    "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_", "orthogonal", "orthogonal_", "sparse",
    "sparse_", "trunc_normal_", "uniform", "uniform_", "xavier_normal", "xavier_normal_", "xavier_uniform",
    "xavier_uniform_", "zeros_",
]  # fmt: skip

LINEAR = {
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid",
}  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""The factor by which a nonlinearity shrinks the standard deviation of its input, inverted.

    Parameters
    ----------
    nonlinearity : str
        The name of a function of `nn.functional`: a linear one or sigmoid (1), tanh (5/3), relu (:math:`\sqrt 2`),
        leaky_relu (:math:`\sqrt{2 / (1 + a^2)}`), selu (3/4).
    param : float, optional
        The slope a of leaky_relu; 0.01 by default.

    Returns
    -------
    float
        The gain.

    Raises
    ------
    ValueError
        For another name, or a slope that is no number.

    Examples
    --------
    >>> from lucid.nn import init
    >>> init.calculate_gain("leaky_relu", 0.2)
    1.3867504905630728
    """
    if nonlinearity in LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity != "leaky_relu":
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    slope = 0.01 if param is None else param
    if isinstance(slope, bool) or not isinstance(slope, (int, float)):
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + slope**2))


def overwrite(name: str, tensor: Tensor, values) -> Tensor:
    """Write an array or number over a tensor, outside the graph."""
    check_writable(name, tensor)
    tensor.array[...] = values
    core.bump(tensor)
    return tensor


class _Skipped(threading.local):
    """Whether a thread makes a module by `nn.utils.skip_init`."""

    on = False


skipped = _Skipped()


def _initial(function):
    """The function outside the graph; nothing while `skipped.on`."""

    @functools.wraps(function)
    def call(tensor, *args, **kwargs):
        if skipped.on or tensor.is_meta:
            return tensor
        with no_grad():
            return function(tensor, *args, **kwargs)

    return call


@_initial
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator=None) -> Tensor:
    """Uniform samples on [a, b).

    Parameters
    ----------
    tensor : Tensor
        What to overwrite.
    a, b : float, optional
        The bounds.
    generator : Generator, optional
        What to draw from.

    Returns
    -------
    Tensor
        The tensor itself.

    Examples
    --------
    >>> w = nn.init.uniform_(lucid.empty(3, 5), -1.0, 1.0)
    >>> w.shape, bool(w.abs().max() <= 1)
    (lucid.Size([3, 5]), True)
    """
    return tensor.uniform_(a, b, generator=generator)


@_initial
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator=None) -> Tensor:
    """Normal samples.

    Parameters
    ----------
    tensor : Tensor
        What to overwrite.
    mean, std : float, optional
        Mean and standard deviation.
    generator : Generator, optional
        What to draw from.

    Returns
    -------
    Tensor
        The tensor itself.

    Examples
    --------
    >>> nn.init.normal_(lucid.empty(3, 5), std=0.0)[0]
    Tensor([0.0, 0.0, 0.0, 0.0, 0.0])
    """
    return tensor.normal_(mean, std, generator=generator)


@_initial
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator=None
) -> Tensor:
    """Normal samples of which only those within [a, b] count; the others are drawn again.

    Where few would count, uniform samples are accepted with the normal density's probability instead.

    Parameters
    ----------
    tensor : Tensor
        What to overwrite.
    mean, std : float, optional
        Mean and standard deviation before truncation.
    a, b : float, optional
        The bounds.
    generator : Generator, optional
        What to draw from.

    Returns
    -------
    Tensor
        The tensor itself.

    Examples
    --------
    >>> w = nn.init.trunc_normal_(lucid.empty(3, 5), std=5.0)
    >>> bool(w.abs().max() <= 2)
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )
    check_writable("trunc_normal_", tensor)
    array = tensor.array
    redrawn = dense_like(array, array.dtype)
    inside = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    if inside > 0.3:
        low, high = array.dtype.type(a), array.dtype.type(b)
        fill = fill_normal(mean, std, generator)
        fill(array)
        while (outside := (array < low) | (array > high)).any():
            fill(redrawn)
            array[outside] = redrawn[outside]
    else:
        peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
        propose, accept = fill_uniform(a, b, generator), fill_uniform(0.0, 1.0, generator)
        one, chances = array.dtype.type, dense_like(array, array.dtype)
        propose(array)
        candidates, pending = array, None
        while pending is None or pending.any():
            if pending is not None:
                candidates = redrawn
                propose(candidates)
                array[pending] = candidates[pending]
            density = (candidates - one(mean)) / one(std)
            density = density * density * one(-0.5) - one(peak)
            accept(chances)
            with np.errstate(divide="ignore"):
                refused = np.log(chances) > density
            pending = refused if pending is None else pending & refused
    core.bump(tensor)
    return tensor


@_initial
@like(uniform_, val="float: What is written.")
def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere.

    Examples
    --------
    >>> nn.init.constant_(lucid.empty(2), 0.5)
    Tensor([0.5, 0.5])
    """
    return tensor.fill_(val)


@_initial
@like(uniform_)
def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere.

    Examples
    --------
    >>> nn.init.ones_(lucid.empty(2))
    Tensor([1.0, 1.0])
    """
    return overwrite("ones_", tensor, 1)


@_initial
@like(uniform_)
def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere.

    Examples
    --------
    >>> nn.init.zeros_(lucid.empty(2))
    Tensor([0.0, 0.0])
    """
    return overwrite("zeros_", tensor, 0)


@_initial
@like(uniform_, tensor="Tensor: A matrix.")
def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix, for a linear layer that passes on its inputs.

    Raises
    ------
    ValueError
        If the tensor has not 2 dimensions.

    Examples
    --------
    >>> nn.init.eye_(lucid.empty(2, 2))
    Tensor([[1.0, 0.0],
            [0.0, 1.0]])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return overwrite("eye_", tensor, np.eye(*tensor.array.shape))


@_initial
@like(uniform_)
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Kernels that pass on as many channels as they can: 1 in the middle, 0 elsewhere.

    Parameters
    ----------
    tensor : Tensor
        The weight of a convolution in 1, 2 or 3 dimensions.
    groups : int, optional
        The groups of the convolution.

    Raises
    ------
    ValueError
        For another number of dimensions, or of output channels that the groups do not divide.

    Examples
    --------
    >>> nn.init.dirac_(lucid.empty(1, 1, 3))
    Tensor([[[0.0, 1.0, 0.0]]])
    """
    array = tensor.array
    if array.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if array.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    overwrite("dirac_", tensor, 0)
    outputs = array.shape[0] // groups
    middle = tuple(size // 2 for size in array.shape[2:])
    if array.size:
        for group in range(groups):
            for channel in range(min(outputs, array.shape[1])):
                array[(group * outputs + channel, channel, *middle)] = 1
    return tensor


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output of a layer with this weight has, and the converse. ValueError for a vector."""
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


# The names under which PyTorch's layers use them, and packages too.
_calculate_fan_in_and_fan_out = fans
_no_grad_uniform_, _no_grad_normal_, _no_grad_trunc_normal_ = uniform_, normal_, trunc_normal_
_no_grad_fill_, _no_grad_zero_ = constant_, zeros_


@like(uniform_)
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator=None) -> Tensor:
    r"""Uniform samples on :math:`\pm\,gain \sqrt{6 / (fan\_in + fan\_out)}`.

    Parameters
    ----------
    tensor : Tensor
        A weight of at least 2 dimensions.
    gain : float, optional
        A factor, such as `calculate_gain` gives.

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).

    Examples
    --------
    >>> w = nn.init.xavier_uniform_(lucid.empty(3, 3))
    >>> bool(w.abs().max() <= 1)
    True
    """
    std = gain * math.sqrt(2.0 / float(sum(fans(tensor))))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


@like(xavier_uniform_)
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator=None) -> Tensor:
    r"""Normal samples of standard deviation :math:`gain \sqrt{2 / (fan\_in + fan\_out)}`.

    Examples
    --------
    >>> nn.init.xavier_normal_(lucid.empty(3, 3)).shape
    lucid.Size([3, 3])
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(sum(fans(tensor)))), generator)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    """The number that `mode` names; PyTorch's name, which packages use."""
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return fans(tensor)[mode.lower() == "fan_out"]


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    """The standard deviation that keeps the variance through a layer; None (and a warning) for an empty weight."""
    if 0 in tensor.array.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


@like(xavier_uniform_)
def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator=None
) -> Tensor:
    r"""Uniform samples on :math:`\pm\,gain \sqrt{3 / fan}`.

    Parameters
    ----------
    a : float, optional
        The slope of leaky_relu after this layer.
    mode : {"fan_in", "fan_out"}, optional
        Whether to keep the variance forward or backward.
    nonlinearity : str, optional
        The function after this layer, as for `calculate_gain`.

    References
    ----------
    K. He et al., "Delving deep into rectifiers" (2015).

    Examples
    --------
    >>> w = nn.init.kaiming_uniform_(lucid.empty(2, 6), nonlinearity="relu")
    >>> bool(w.abs().max() <= 1)
    True
    """
    std = kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


@like(kaiming_uniform_)
def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator=None
) -> Tensor:
    r"""Normal samples of standard deviation :math:`gain / \sqrt{fan}`.

    Examples
    --------
    >>> nn.init.kaiming_normal_(lucid.empty(3, 3), nonlinearity="relu").shape
    lucid.Size([3, 3])
    """
    std = kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0, std, generator)


@_initial
@like(uniform_)
def orthogonal_(tensor: Tensor, gain: float = 1, generator=None) -> Tensor:
    """A random orthogonal matrix: rows, or columns where there are fewer, of length `gain` and at right angles.

    Parameters
    ----------
    tensor : Tensor
        A weight of at least 2 dimensions; all but the first count as columns.
    gain : float, optional
        A factor.

    References
    ----------
    A. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks"
    (2013); F. Mezzadri, "How to generate random matrices from the classical compact groups" (2007).

    Examples
    --------
    >>> w = nn.init.orthogonal_(lucid.empty(2, 3))
    >>> bool(lucid.allclose(w @ w.T, lucid.eye(2), atol=1e-6))
    True
    """
    array = tensor.array
    if array.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not array.size:
        return tensor
    if array.dtype.kind != "f" or array.itemsize < 4:
        raise NotImplementedError(f"orthogonal_: no matrix of {tensor.dtype} is factorised")
    rows = array.shape[0]
    matrix = core.empty((rows, array.size // rows), array.dtype)
    fill_normal(0.0, 1.0, generator)(matrix)
    wide = rows < matrix.shape[1]
    q, r = np.linalg.qr(matrix.T if wide else matrix)
    q *= np.sign(np.diagonal(r))
    return overwrite("orthogonal_", tensor, (q.T if wide else q).reshape(array.shape)).mul_(gain)


@_initial
@like(uniform_)
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator=None) -> Tensor:
    """Normal samples, of which a share in every column is set to zero.

    Parameters
    ----------
    tensor : Tensor
        A matrix.
    sparsity : float
        The share of zeros in a column, rounded up to whole elements.
    std : float, optional
        Standard deviation of the others.
    generator : Generator, optional
        What to draw the normals from; which elements are zero comes from the default generator.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization" (2010).

    Examples
    --------
    >>> (nn.init.sparse_(lucid.empty(4, 2), 0.5) == 0).sum(0)
    Tensor([2, 2])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.array.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor.array[randperm(rows).array[:zeros], column] = 0
    return tensor


def _deprecated(function):
    """The function under its old name, without the underscore."""
    old = function.__name__[:-1]

    @functools.wraps(function)
    def call(*args, **kwargs):
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{old}_`.", FutureWarning, stacklevel=2
        )
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    there = sections(function.__doc__)
    call.__doc__ = joined(there | {"": f"Deprecated: use `{old}_`."})
    return call


uniform, normal, constant, eye, dirac = map(_deprecated, (uniform_, normal_, constant_, eye_, dirac_))
xavier_uniform, xavier_normal = map(_deprecated, (xavier_uniform_, xavier_normal_))
kaiming_uniform, kaiming_normal = map(_deprecated, (kaiming_uniform_, kaiming_normal_))
orthogonal, sparse = map(_deprecated, (orthogonal_, sparse_))
