"""Softmax, its logarithm, and samples by it."""

from __future__ import annotations

import numpy as np

from lucid._kernels import core, norm
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import op
from lucid.dtypes import as_dtype, torch_name
from lucid.ops._doc import doc
from lucid.ops._draws import fill_exponential
from lucid.ops._frame import C_NAMES, FLOAT32, FLOATING, cast, contiguous, fold, tensor_argument
from lucid.ops.arithmetic import add, div, neg, sub
from lucid.ops.exponentials import log
from lucid.ops.reduction import sum as sum_
from lucid.ops.view import detach
from lucid.tensor import Tensor, check_dim


def _table(name: str) -> dict:
    return {dtype: getattr(norm, name)[C_NAMES[dtype]] for dtype in FLOATING}


SOFTMAX, SOFTMAX_BACKWARD = _table("softmax"), _table("softmax_backward")


def _floating(name: str, input_: Tensor) -> np.dtype:
    """The dtype that the kernels compute the input in."""
    dtype = tensor_argument(name, input_).dtype
    if not dtype.is_floating_point:
        raise NotImplementedError(f'"{name}_kernel_impl" not implemented for \'{torch_name(dtype)}\'')
    return FLOAT32 if dtype.itemsize == 2 else dtype.numpy


def _softmax(name: str, input_: Tensor, dim: int, kind: int, queries: int = 0) -> Tensor:
    dim = check_dim(name, dim, tensor_argument(name, input_).array.ndim)
    if not input_.array.size:
        return wrap(empty(input_.array.shape, input_.array.dtype))
    computed = _floating(name, input_)
    array = cast(input_.array, computed)
    out = empty(array.shape, computed)
    rows, outer, axis, inner = fold(array, (dim,) if array.ndim else ())
    if not array.ndim:
        outer, axis = 1, 1
    SOFTMAX[computed](flat(rows), flat(out), outer, axis, inner, kind, queries)
    return wrap(cast(out, input_.dtype.numpy))


def _softmax_backward(g: Tensor, out: Tensor, dim: int, log: bool) -> Tensor:
    if core.is_grad_enabled() or out.array.dtype not in SOFTMAX or not out.array.size or not out.array.ndim:
        if log:
            return g - out.exp() * sum_(g, dim, True)
        return out * (g - sum_(g * out, dim, True))
    rows, outer, axis, inner = fold(out.array, (check_dim("softmax", dim, out.array.ndim),))
    result = empty(out.array.shape, out.array.dtype)
    SOFTMAX_BACKWARD[result.dtype](flat(contiguous(g.array)), flat(rows), flat(result), outer, axis, inner, log)
    return wrap(result)


@op("softmax", aliases=("special.softmax",), out="same", wide=True)
@doc("out_i = e^{x_i} / \\textstyle\\sum_j e^{x_j}", "out \\cdot (g - \\textstyle\\sum_j g_j\\, out_j)",
     returns="Of the input's shape, and `dtype` or the input's.", dim="int: The dimension that sums to 1.",
     dtype="dtype, optional: Convert the input first.", raises="IndexError: there is no such dimension\nNotImplementedError: "
     "the dtype is not floating")  # fmt: skip
def softmax(input_: Tensor, dim: int, dtype=None, *, out=None) -> Tensor:
    """Exponentials along a dimension, divided by their sum.

    >>> lucid.softmax(lucid.tensor([1000.0, 1000.0]), 0)
    Tensor([0.5, 0.5])
    """
    return _softmax("softmax", _converted(input_, dtype), dim, False)


softmax.vjp(input_=lambda g, out, dim: _softmax_backward(g, out, dim, False))


@op("log_softmax", aliases=("special.log_softmax",), out="same", wide=True)
@doc("out_i = x_i - \\ln \\textstyle\\sum_j e^{x_j}", "g - e^{out} \\textstyle\\sum_j g_j",
     returns="Of the input's shape, and `dtype` or the input's.", dim="int: The dimension whose exponentials sum to 1.",
     dtype="dtype, optional: Convert the input first.", raises="IndexError: there is no such dimension\nNotImplementedError: "
     "the dtype is not floating")  # fmt: skip
def log_softmax(input_: Tensor, dim: int, dtype=None, *, out=None) -> Tensor:
    """Logarithm of `softmax`, without overflow.

    >>> lucid.log_softmax(lucid.tensor([0.0, -1000.0]), 0)
    Tensor([0.0, -1000.0])
    """
    return _softmax("log_softmax", _converted(input_, dtype), dim, True)


log_softmax.vjp(input_=lambda g, out, dim: _softmax_backward(g, out, dim, True))


@op("_safe_softmax", wide=True)
def safe_softmax(input_: Tensor, causal: bool = False) -> Tensor:
    """`softmax` of rows that is 0, not the NaN of 0 / 0, where all is minus infinity; of (..., L, S), `causal` rows see
    their first elements alone: the first one, the second two."""
    return _softmax("softmax", input_, -1, 2, input_.array.shape[-2] if causal else 0)


safe_softmax.vjp(input_=lambda g, out: _softmax_backward(g, out, -1, False))


def _converted(input_: Tensor, dtype) -> Tensor:
    return input_ if dtype is None else wrap(cast(input_.array, as_dtype(dtype).numpy))


def _implicit(name: str, dim, ndim: int) -> int:
    """The dimension that PyTorch takes where none is given."""
    if dim is None:
        import warnings

        warnings.warn(f"{name} takes a dimension of its own choice: give it as `dim`", stacklevel=3)
        dim = 0 if ndim in (0, 1, 3) else 1
    return dim


@op("nn.functional.softmax", composite=True)
@doc("out_i = e^{x_i} / \\textstyle\\sum_j e^{x_j}", "out \\cdot (g - \\textstyle\\sum_j g_j\\, out_j)",
     returns="Of the input's shape, and `dtype` or the input's.",
     dim="int, optional: The dimension; if not given, 0 of 0-, 1- and 3-d inputs and 1 of others.",
     _stacklevel="int, optional: Has no meaning here.", dtype="dtype, optional: Convert the input first.",
     raises="IndexError: there is no such dimension\nNotImplementedError: the dtype is not floating")  # fmt: skip
def functional_softmax(input_: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """Exponentials along a dimension, divided by their sum.

    >>> F.softmax(lucid.tensor([1000.0, 1000.0]), dim=0)
    Tensor([0.5, 0.5])
    """
    return softmax(input_, _implicit("softmax", dim, input_.array.ndim), dtype)


@op("nn.functional.log_softmax", composite=True)
@doc("out_i = x_i - \\ln \\textstyle\\sum_j e^{x_j}", "g - e^{out} \\textstyle\\sum_j g_j",
     returns="Of the input's shape, and `dtype` or the input's.",
     dim="int, optional: The dimension; if not given, 0 of 0-, 1- and 3-d inputs and 1 of others.",
     _stacklevel="int, optional: Has no meaning here.", dtype="dtype, optional: Convert the input first.",
     raises="IndexError: there is no such dimension\nNotImplementedError: the dtype is not floating")  # fmt: skip
def functional_log_softmax(input_: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """Logarithm of `softmax`, without overflow.

    >>> F.log_softmax(lucid.tensor([0.0, -1000.0]), dim=0)
    Tensor([0.0, -1000.0])
    """
    return log_softmax(input_, _implicit("log_softmax", dim, input_.array.ndim), dtype)


@op("nn.functional.softmin", composite=True)
@doc("out_i = e^{-x_i} / \\textstyle\\sum_j e^{-x_j}", "-out \\cdot (g - \\textstyle\\sum_j g_j\\, out_j)",
     returns="Of the input's shape, and `dtype` or the input's.",
     dim="int, optional: The dimension; if not given, 0 of 0-, 1- and 3-d inputs and 1 of others.",
     _stacklevel="int, optional: Has no meaning here.", dtype="dtype, optional: Convert the input first.",
     raises="IndexError: there is no such dimension\nNotImplementedError: the dtype is not floating")  # fmt: skip
def softmin(input_: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """`softmax` of the negated input.

    >>> F.softmin(lucid.tensor([0.0, 1000.0]), dim=0)
    Tensor([1.0, 0.0])
    """
    return softmax(-input_, _implicit("softmin", dim, input_.array.ndim), dtype)


@op("nn.functional.gumbel_softmax", composite=True)
def gumbel_softmax(logits: Tensor, tau=1, hard=False, eps=1e-10, dim: int = -1) -> Tensor:
    r"""Samples of categories, relaxed so that gradients pass.

    Parameters
    ----------
    logits : Tensor
        Logarithms of probabilities, not necessarily normalised.
    tau : float, optional
        The temperature: the lower, the nearer a sample is to a single category.
    hard : bool, optional
        Whether to return single categories (1 and 0), with the gradient of the relaxed sample.
    eps : float, optional
        Not used, as in PyTorch.
    dim : int, optional
        The dimension of the categories.

    Returns
    -------
    Tensor
        Of the logits' shape.

    Notes
    -----
    .. math:: y = \mathrm{softmax}((x + n) / \tau)

    with samples :math:`n` of the Gumbel distribution. The gradient is that of the softmax, for `hard` samples too.

    References
    ----------
    E. Jang et al., "Categorical Reparameterization with Gumbel-Softmax" (2016).

    Examples
    --------
    >>> lucid.nn.functional.gumbel_softmax(lucid.zeros(2, 3), hard=True).sum(-1)
    Tensor([1.0, 1.0])
    """
    array = tensor_argument("gumbel_softmax", logits, argument="logits").array
    waits = empty(array.shape, array.dtype)
    fill_exponential(1.0, None)(waits)
    soft = softmax(div(add(logits, neg(log(wrap(waits)))), tau), dim)
    if not hard:
        return soft
    chosen = np.zeros(array.shape, soft.array.dtype)
    if array.size:
        at = np.expand_dims(soft.array.argmax(dim), dim)
        np.put_along_axis(chosen, at, 1, dim)
    return add(sub(wrap(chosen), detach(soft)), soft)
