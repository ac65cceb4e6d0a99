"""Distances and similarities of vectors."""

from __future__ import annotations

from lucid import dtypes
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import broadcast_shapes, tensor_argument
from lucid.ops.arithmetic import add, div, mul, sub
from lucid.ops.magnitude import clamp_min
from lucid.ops.norms import vector_norm
from lucid.ops.view import expand, to_dtype
from lucid.tensor import Tensor


@op("_at_least")
def at_least(input_: Tensor, bound: float) -> Tensor:
    """`input_`, but at least a bound; the gradient passes as if there were none."""
    return clamp_min(input_, bound)


at_least.vjp(input_=lambda g: g)


@op("nn.functional.pairwise_distance", composite=True, aliases=("pairwise_distance",))
@doc("out = \\left( \\sum_i |x_i - y_i + eps|^p \\right)^{1 / p}",
     returns="Of the broadcast shape without the last dimension.",
     x1="Tensor: Vectors, of shape (..., d).", x2="Tensor: Vectors, of shape (..., d).",
     p="float, optional: Which norm. Default: 2.", eps="float, optional: Added to differences, so that none is 0.",
     keepdim="bool, optional: Keep the last dimension, with size 1. Default: False.")  # fmt: skip
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> Tensor:
    """Distances between the vectors of two tensors, pair by pair.

    >>> F.pairwise_distance(lucid.tensor([[0.0, 0.0]]), lucid.tensor([[3.0, 4.0]]), eps=0.0)
    Tensor([5.0])
    """
    tensor_argument("pairwise_distance", x1, 1, "x1")
    tensor_argument("pairwise_distance", x2, 2, "x2")
    return vector_norm(add(sub(x1, x2), float(eps)), p, max(x1.array.ndim, x2.array.ndim) - 1, keepdim)


@op("nn.functional.cosine_similarity", composite=True, wide=True, aliases=("cosine_similarity",))
@doc("out = \\frac{x \\cdot y}{\\max(\\|x\\|, eps) \\max(\\|y\\|, eps)}",
     returns="Of the broadcast shape without `dim`.",
     x1="Tensor: Vectors along `dim`, floating.", x2="Tensor: Vectors along `dim`, floating.",
     dim="int, optional: Along which dimension vectors lie. Default: 1.",
     eps="float, optional: The least length. Default: 1e-8.",
     raises="RuntimeError: the tensors are not floating")  # fmt: skip
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """Cosines of the angles between the vectors of two tensors, pair by pair.

    >>> F.cosine_similarity(lucid.tensor([[1.0, 0.0]]), lucid.tensor([[0.0, 2.0]]))
    Tensor([0.0])
    """
    tensor_argument("cosine_similarity", x1, 1, "x1")
    tensor_argument("cosine_similarity", x2, 2, "x2")
    dtype = dtypes.result_dtype((x1, x2))
    if not dtype.is_floating_point:
        raise RuntimeError("expected common dtype to be floating point, yet common dtype is " + torch_name(dtype))
    shape = broadcast_shapes(x1.array.shape, x2.array.shape)
    x, y = (expand(one if one.dtype is dtype else to_dtype(one, dtype), shape) for one in (x1, x2))
    x, y = (div(one, at_least(vector_norm(one, 2, dim, True), eps)) for one in (x, y))
    return mul(x, y).sum(dim)
