"""Losses of float32 and float64. `weight` and `pos_weight` may be None; `g` has one gradient per loss or one for all."""
from typing import Any

codes: dict[str, int]

reductions: dict[str, int]

def pointwise_loss(
    x: Any, y: Any, out: Any, op: int, a: float = 1, pos_weight: Any = None, reduction: int = 0, /
) -> None:
    """The loss of each element by `codes`, or their sum or mean; `a` is smooth_l1's beta (not 0) or huber's delta.

    `pos_weight`, of bce_with_logits, has an element for each of x. kl_div_log takes logarithms as targets.
    """

def pointwise_loss_backward(
    g: Any, x: Any, y: Any, grad_input: Any, op: int, a: float = 1, pos_weight: Any = None, /) -> None:
    """The gradient of x. (That of y is its negative for mse, l1, smooth_l1 and huber.)"""

def check_target(target: Any, classes: int, ignore_index: int, /) -> int:
    """The position of the first target that is neither a class nor ignored, or -1."""

def nll_loss(
    x: Any, target: Any, weight: Any, out: Any, n: int, classes: int, length: int, ignore_index: int, /
) -> tuple[float, float]:
    """``-weight[t] * x[n, t, l]`` per target, 0 where ignored; returns the sum of the weights that count, and that of the
    losses."""

def nll_loss_backward(
    g: Any,
    target: Any,
    weight: Any,
    grad_input: Any,
    n: int,
    classes: int,
    length: int,
    ignore_index: int,
    scale: float = 1,
    /,
) -> None:
    """The gradient of x, from `g` times `scale`."""

def cross_entropy(
    x: Any,
    target: Any,
    weight: Any,
    out: Any,
    lse: Any,
    n: int,
    classes: int,
    length: int,
    ignore_index: int,
    label_smoothing: float = 0,
    /,
) -> tuple[float, float]:
    """log_softmax and nll_loss in one, returning what that does; writes the log of the sum of exponentials to `lse`, (n, length)."""

def cross_entropy_backward(
    g: Any,
    x: Any,
    target: Any,
    weight: Any,
    lse: Any,
    grad_input: Any,
    n: int,
    classes: int,
    length: int,
    ignore_index: int,
    label_smoothing: float = 0,
    scale: float = 1,
    /,
) -> None:
    """The gradient of x, from `g` times `scale` and the `lse` of `cross_entropy`."""

def multi_margin_loss(
    x: Any, target: Any, weight: Any, out: Any, n: int, classes: int, squared: bool, margin: float, /
) -> float:
    """The losses of n rows of scores: the mean over all classes of ``max(0, margin - x[t] + x[i])``, maybe squared, i != t, times
    ``weight[t]``; returns their sum. What is NaN counts as 0."""

def multi_margin_loss_backward(
    g: Any, x: Any, target: Any, weight: Any, grad_input: Any, n: int, classes: int, squared: bool, margin: float, scale: float, /
) -> None:
    """The gradient of x, from `g`, one number or one a row, times `scale`."""

def ctc_loss(
    x: Any,
    labels: Any,
    input_lengths: Any,
    target_lengths: Any,
    alpha: Any,
    losses: Any,
    steps: int,
    batch: int,
    classes: int,
    /,
) -> None:
    """Minus the logarithm of the probability of all alignments of `x`, (steps, batch, classes), with the labels.

    `labels` is (batch, 2 * longest target + 5): blanks, with each label at columns 3, 5, ... `alpha`, (batch, steps, width
    of that), is for the gradient.
    """

def ctc_loss_backward(
    g: Any,
    x: Any,
    labels: Any,
    input_lengths: Any,
    target_lengths: Any,
    alpha: Any,
    losses: Any,
    scratch: Any,
    grad_input: Any,
    steps: int,
    batch: int,
    classes: int,
    zero_infinity: bool,
    /,
) -> None:
    """The gradient of the logits that `x` is the log_softmax of; `scratch` has three rows of `labels`' width per sample."""
