"""The dropouts, and rrelu: random while training.

A dropout is one linear operation with a mask, `masked`, which is its own gradient rule.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from lucid import dtypes
from lucid._kernels import random as kernels
from lucid._kernels.core import empty, flat, recording, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import inplace, op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._draws import MASK_SCALE, RRELU_NOISE, computed_in, dense_like, draw_into, number, order_of
from lucid.ops._frame import UINT8, cast, contiguous, ordered_empty, tensor_argument
from lucid.ops.activation import leaky_relu
from lucid.ops.arithmetic import mul
from lucid.ops.view import clone
from lucid.random import default_stream, engine_of
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ dropout

ALPHA = 1.7580993408473766  # minus the limit of SELU: what alpha dropout sets dropped elements to


@op("Tensor._masked")
def masked(input_: Tensor, mask, scale: float, kept: float, dropped: float) -> Tensor:
    """input * scale + kept where the mask is 1, input * 0 + dropped elsewhere; the mask expands to the input."""
    array = input_.array
    compute = computed_in("dropout", array)
    if not array.size:
        return wrap(empty(array.shape, array.dtype))
    inner, dense = 1, array.flags.c_contiguous
    if dense and array.dtype == compute and mask.shape == array.shape and mask.flags.c_contiguous:
        result = empty(array.shape, compute)
        MASK_SCALE[compute.num](flat(array), flat(mask), flat(result), 1, scale, kept, dropped)
        return wrap(result)
    if mask.shape != array.shape:
        if dense:
            inner = array.size // mask.size
        else:
            mask = np.broadcast_to(mask, array.shape)
    order = order_of(array)
    row = contiguous(cast(array.transpose(order), compute))
    result = ordered_empty(array.shape, order, compute)
    flags = contiguous(mask.transpose(order) if inner == 1 else mask)
    whole = array.itemsize > 2  # half precision rounds the product before the sum
    terms = (kept, dropped) if whole else (-0.0, -0.0)
    MASK_SCALE[compute.num](flat(row), flat(flags), flat(result.transpose(order)), inner, scale, *terms)
    result = cast(result, array.dtype)
    if not whole and kept != dropped:
        each = mask if inner == 1 else np.broadcast_to(mask, array.shape)
        result = cast(cast(result, compute) + np.where(each, compute.type(kept), compute.type(dropped)), array.dtype)
    return wrap(result)


masked.vjp(input_=lambda g, mask, scale: masked(g, mask, scale, -0.0, -0.0))
masked_ = inplace(masked, "dropout_")
mul_ = inplace(mul, "mul_")


def drop(name: str, input_: Tensor, p, train: bool, *, channels=0, alpha=False, inplace=False) -> Tensor:
    """What all dropouts do. `channels`: the number of leading dimensions whose parts are dropped as a whole (0: single
    elements); `alpha`: keep mean and variance of a SELU network."""
    array, p = tensor_argument(name, input_).array, number(name, "p", p)
    if not 0 <= p <= 1:
        raise RuntimeError(f"{name}: dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or not array.size:
        return input_
    if p == 1:
        return (mul_ if inplace else mul)(input_, Supplied.zeros((), input_.dtype))
    if array.ndim < channels:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    check_droppable(input_.dtype)
    if channels:
        mask = empty(array.shape[:channels] + (1,) * (array.ndim - channels), UINT8)
    else:
        mask = dense_like(array, UINT8)
    draw_into(mask, UINT8, lambda row: kernels.bernoulli(default_stream().engine, row, 1 - p))
    one = computed_in(name, array).type
    rounded = array.dtype.type
    if alpha:
        a = 1.0 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
        kept = rounded(one(ALPHA * a * p))
        dropped = rounded(one(-rounded(one(ALPHA * a))) + one(ALPHA * a * p))
        parameters = float(rounded(one(a))), float(kept), float(dropped)
    else:
        parameters = float(rounded(one(1) / one(1 - p))), -0.0, -0.0
    return (masked_ if inplace else masked)(input_, mask, *parameters)


def check_droppable(dtype: dtypes.dtype) -> None:
    """Raise what PyTorch raises for a tensor that is not floating."""
    if dtype.is_complex:
        raise NotImplementedError(f"\"bernoulli_scalar_cpu_\" not implemented for '{torch_name(dtype)}'")
    if not dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {torch_name(dtype)}")


def probability(p) -> None:
    if isinstance(p, (int, float)) and (p < 0 or p > 1):
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


@op("nn.functional.dropout", composite=True, own=("inplace",))
@doc()
def dropout(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    r"""Set elements to zero at random, and scale the others up to keep the mean.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, floating.
    p : float, optional
        The probability of an element to be dropped.
    training : bool, optional
        Nothing happens without it.

    Returns
    -------
    Tensor
        Of the input's shape: :math:`x \cdot m / (1 - p)` with the mask :math:`m` of samples 0 and 1. The gradient is
        :math:`g \cdot m / (1 - p)`. The input itself if `p` is 0 or without `training`.

    Raises
    ------
    ValueError
        If p is not in [0, 1].

    References
    ----------
    G. Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors" (2012).

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.nn.functional.dropout(lucid.tensor([1.0, 2.0, 3.0, 4.0]), 0.5))
    [0.0, 0.0, 6.0, 0.0]
    """
    probability(p)
    return drop("dropout", input_, p, training, inplace=inplace)


@op("nn.functional.alpha_dropout", composite=True, own=("inplace",))
def alpha_dropout(input_: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    r"""Dropout that keeps mean and variance of a self-normalising network.

    Parameters
    ----------
    input_, p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape: :math:`a (x m - \alpha' (1 - m)) + b`, where dropped elements stand at the limit
        :math:`-\alpha'` of SELU. The gradient is :math:`g \cdot a m`.

    References
    ----------
    G. Klambauer et al., "Self-Normalizing Neural Networks" (2017).

    Examples
    --------
    >>> lucid.nn.functional.alpha_dropout(lucid.ones(3), training=False)
    Tensor([1.0, 1.0, 1.0])
    """
    probability(p)
    return drop("alpha_dropout", input_, p, training, alpha=True, inplace=inplace)


@op("nn.functional.feature_alpha_dropout", composite=True, own=("inplace",))
def feature_alpha_dropout(input_: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, ...).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.nn.functional.feature_alpha_dropout(lucid.ones(1, 2), training=False)
    Tensor([[1.0, 1.0]])
    """
    probability(p)
    return drop("feature_alpha_dropout", input_, p, training, channels=2, alpha=True, inplace=inplace)


@op("nn.functional.dropout1d", composite=True, own=("inplace",))
def dropout1d(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of sequences.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, L) or (C, L).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Raises
    ------
    RuntimeError
        For another number of dimensions.

    Examples
    --------
    >>> lucid.nn.functional.dropout1d(lucid.ones(1, 2, 2), training=False).shape
    lucid.Size([1, 2, 2])
    """
    probability(p)
    ndim = tensor_argument("dropout1d", input_).array.ndim
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input: a channel dimension, one of the "
            "sequence, and an optional batch dimension"
        )
    return drop("dropout1d", input_, p, training, channels=ndim - 1, inplace=inplace)


@op("nn.functional.dropout2d", composite=True, own=("inplace",))
def dropout2d(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of images.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, H, W).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.nn.functional.dropout2d(lucid.ones(1, 2, 2, 2), training=False).shape
    lucid.Size([1, 2, 2, 2])
    """
    probability(p)
    ndim = tensor_argument("dropout2d", input_).array.ndim
    if ndim not in (3, 4):
        warnings.warn(f"dropout2d: expects (N, C, H, W), received a {ndim}-D input", UserWarning, stacklevel=3)
    if ndim == 3:
        warnings.warn(
            "dropout2d: a 3-D input is taken as (N, C, L); use dropout1d for it, or add a batch dimension to an image",
            UserWarning, stacklevel=3,
        )  # fmt: skip
    return drop("dropout2d", input_, p, training, channels=2, inplace=inplace)


@op("nn.functional.dropout3d", composite=True, own=("inplace",))
def dropout3d(input_: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout of whole channels of volumes.

    Parameters
    ----------
    input_ : Tensor
        Of shape (N, C, D, H, W) or (C, D, H, W).
    p, training, inplace
        As for `dropout`.

    Returns
    -------
    Tensor
        Of the input's shape and dtype.

    Examples
    --------
    >>> lucid.nn.functional.dropout3d(lucid.ones(1, 2, 2, 2, 2), training=False).shape
    lucid.Size([1, 2, 2, 2, 2])
    """
    probability(p)
    ndim = tensor_argument("dropout3d", input_).array.ndim
    if ndim not in (4, 5):
        warnings.warn(f"dropout3d: expects (N, C, D, H, W), received a {ndim}-D input", UserWarning, stacklevel=3)
    return drop("dropout3d", input_, p, training, channels=2 if ndim == 5 else 1, inplace=inplace)


def declare_short(name: str, **which) -> None:
    """`lucid.dropout(input, p, train)` and its in-place twin: the functions without defaults."""

    def function(input_: Tensor, p: float, train: bool) -> Tensor:
        return drop(name, input_, p, train, **which)

    def in_place(input_: Tensor, p: float, train: bool) -> Tensor:
        return drop(name, input_, p, train, inplace=True, **which)

    for made_, suffix, what in ((function, "", "Return"), (in_place, "_", "Overwrite the input with")):
        made_.__name__, made_.__qualname__ = name + suffix, f"short_{name}{suffix}"
        made_.__doc__ = (
            f"{what} the result of `nn.functional.{name}`, with `train` for its `training`.\n\n"
            f"    Examples\n    --------\n    >>> lucid.{name}{suffix}(lucid.ones(1, 2), 0.5, False)\n    Tensor([[1.0, 1.0]])"
        )
        like(
            dropout, p="float: The probability of an element to be dropped.", train="bool: Without it nothing is dropped."
        )(made_)
        globals()["short_" + name + suffix] = op(name + suffix, composite=True)(made_)


declare_short("dropout")
declare_short("alpha_dropout", alpha=True)
declare_short("feature_dropout", channels=2)
declare_short("feature_alpha_dropout", channels=2, alpha=True)


@op("native_dropout", composite=True)
def native_dropout(input_: Tensor, p: float, train: bool | None = True) -> tuple[Tensor, Tensor]:
    """Dropout that returns its mask too.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, floating or complex.
    p : float
        The probability of an element to be dropped.
    train : bool, optional
        Without it the input is returned, with a mask of True.

    Returns
    -------
    tuple of Tensor
        The result, and the mask (bool) of the elements kept.

    Examples
    --------
    >>> lucid.native_dropout(lucid.ones(2), 0.5, False)[0]
    Tensor([1.0, 1.0])
    """
    array = tensor_argument("native_dropout", input_).array
    if not 0 <= p <= 1:
        raise RuntimeError(f"native_dropout: bernoulli_ expects p to be in [0, 1], but got p={p}")
    mask = dense_like(array, UINT8)
    if not array.size or train is False:
        mask.fill(1)
        return clone(input_), wrap(mask.view(np.bool_))
    complex_ = input_.is_complex()
    if not complex_:
        check_droppable(input_.dtype)
    draw_into(mask, UINT8, lambda row: kernels.bernoulli(default_stream().engine, row, 1 - p))
    scale, kept = 0.0 if p == 1 else 1.0 / (1.0 - p), wrap(mask.view(np.bool_))
    if complex_:
        return mul(mul(input_, kept), scale), kept
    out = masked(input_, mask, float(computed_in("dropout", array).type(scale)), -0.0, -0.0)
    return out, clone(kept) if recording((input_,)) else kept  # the mask itself is kept for backward


# ------------------------------------------------------------------------------------------------ rrelu


def randomly_leaky(name: str, input_: Tensor, lower, upper, training: bool, inplace: bool, generator=None) -> Tensor:
    """What `nn.functional.rrelu` and `lucid.rrelu` do."""
    array = tensor_argument(name, input_).array
    lower, upper, engine = number(name, "lower", lower), number(name, "upper", upper), engine_of(name, generator)
    for which, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {which} bound must be finite, got {bound:g}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        slope = (lower + upper) / 2
        return inplace_leaky_relu(input_, slope) if inplace else leaky_relu(input_.contiguous(), slope)
    compute = computed_in("rrelu_with_noise_out_cpu", array)
    noise = empty(array.shape, compute)
    if noise.size:
        RRELU_NOISE[compute.num](engine, flat(contiguous(cast(array, compute))), flat(noise), lower, upper)
    slopes = wrap(cast(noise, array.dtype))
    return mul_(input_, slopes) if inplace else mul(slopes, input_)


inplace_leaky_relu = inplace(leaky_relu, "leaky_relu_")


@op("nn.functional.rrelu", composite=True, own=("inplace",))
@doc()
def rrelu(
    input_: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """The randomised leaky rectifier.

    Parameters
    ----------
    input_ : Tensor
        Of any shape, floating.
    lower, upper : float, optional
        Between which the slope of each element is drawn.
    training : bool, optional
        Without it the slope is the mean of both.

    Returns
    -------
    Tensor
        Of the input's shape: :math:`x` where it is positive, :math:`r x` elsewhere, with a slope :math:`r` drawn
        for each. The gradient is :math:`g` and :math:`r g`.

    References
    ----------
    B. Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network" (2015).

    Examples
    --------
    >>> lucid.nn.functional.rrelu(lucid.tensor([1.0, -1.0]), 0.5, 0.5)
    Tensor([1.0, -0.5])
    """
    return randomly_leaky("rrelu", input_, lower, upper, training, inplace)


@op("rrelu", composite=True)
@like(rrelu)
def short_rrelu(
    input_: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator=None
) -> Tensor:
    """`nn.functional.rrelu` with a generator.

    Examples
    --------
    >>> lucid.rrelu(lucid.tensor([1.0, -1.0]), 0.5, 0.5)
    Tensor([1.0, -0.5])
    """
    return randomly_leaky("rrelu", input_, lower, upper, training, False, generator)


@op("rrelu_", composite=True, aliases=("nn.functional.rrelu_",))
@like(rrelu, returns="The input itself.")
def rrelu_(
    input_: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator=None
) -> Tensor:
    """`rrelu` that overwrites its input.

    Examples
    --------
    >>> lucid.rrelu_(lucid.tensor([1.0, -1.0]), 0.5, 0.5)
    Tensor([1.0, -0.5])
    """
    return randomly_leaky("rrelu_", input_, lower, upper, training, True, generator)
