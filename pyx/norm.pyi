"""Softmax and the normalisations, of float32 and float64. `weight`, `bias` and what is optional may be None."""
from typing import Any

def softmax(x: Any, out: Any, outer: int, axis: int, inner: int, kind: int = 0, queries: int = 0, /) -> None:
    """Softmax over the middle axis of (outer, axis, inner); of kind 1 its logarithm, of kind 2 0 where all is minus
    infinity. With `queries`, so many rows in turn see one element, two and so on; the others are 0 (inner is 1).

    `out` is not `x` where `kind` is 1.
    """

def softmax_backward(
    g: Any, out: Any, grad_input: Any, outer: int, axis: int, inner: int, log: bool = False, /) -> None:
    """The gradient, from the incoming one and the result of `softmax`."""

def layer_norm(
    x: Any, out: Any, mean: Any, rstd: Any, weight: Any, bias: Any, rows: int, cols: int, eps: float, /) -> None:
    """``(x - mean) * rstd * weight + bias`` per row; writes mean and rstd of each row.

    With `mean` None this is rms_norm: the mean counts as zero, rstd is ``1 / sqrt(mean(x**2) + eps)``.
    """

def layer_norm_backward(
    g: Any, x: Any, mean: Any, rstd: Any, weight: Any, grad_input: Any, rows: int, cols: int, /) -> None:
    """The gradient of the input; of rms_norm where `mean` is None."""

def layer_norm_backward_parameters(
    g: Any, x: Any, mean: Any, rstd: Any, grad_weight: Any, grad_bias: Any, rows: int, cols: int, /) -> None:
    """The gradients of weight and bias (both are written)."""

def batch_norm_statistics(
    x: Any,
    mean: Any,
    rstd: Any,
    running_mean: Any,
    running_var: Any,
    n: int,
    channels: int,
    length: int,
    eps: float,
    momentum: float,
    /,
) -> None:
    """Per channel of (n, channels, length): mean and ``1 / sqrt(biased variance + eps)``.

    The optional running statistics move by `momentum` towards the mean and the unbiased variance.
    """

def batch_norm(
    x: Any, out: Any, mean: Any, rstd: Any, weight: Any, bias: Any, n: int, channels: int, length: int, /) -> None:
    """``(x - mean) * rstd * weight + bias`` per channel, with any statistics."""

def batch_norm_backward(
    g: Any,
    x: Any,
    mean: Any,
    rstd: Any,
    weight: Any,
    grad_input: Any,
    grad_weight: Any,
    grad_bias: Any,
    n: int,
    channels: int,
    length: int,
    train: bool,
    /,
) -> None:
    """All three gradients; with `train` the statistics depend on x, else they are constants."""

def group_norm(
    x: Any,
    out: Any,
    mean: Any,
    rstd: Any,
    weight: Any,
    bias: Any,
    n: int,
    channels: int,
    length: int,
    groups: int,
    eps: float,
    /,
) -> None:
    """As layer_norm over each group of channels, weight and bias per channel; mean and rstd hold n * groups.

    With as many groups as channels this is instance_norm.
    """

def group_norm_backward(
    g: Any,
    x: Any,
    mean: Any,
    rstd: Any,
    weight: Any,
    grad_input: Any,
    grad_weight: Any,
    grad_bias: Any,
    n: int,
    channels: int,
    length: int,
    groups: int,
    /,
) -> None:
    """All three gradients."""
