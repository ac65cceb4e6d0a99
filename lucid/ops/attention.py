"""Attention, made of products, softmax and dropout."""

from __future__ import annotations

import math
import threading

import numpy as np

from lucid import dtypes
from lucid._kernels.core import empty, move, wrap
from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import is_half, tensor_argument
from lucid.ops.arithmetic import mul
from lucid.ops.creation import zeros, zeros_like
from lucid.ops.dropout import dropout
from lucid.ops.joining import cat
from lucid.ops.linalg import baddbmm, bmm, linear, matmul, matmul_backward, product
from lucid.ops.magnitude import where
from lucid.ops.masks import masked_fill
from lucid.ops.padding import pad
from lucid.ops.selection import repeat_interleave
from lucid.ops.softmax import safe_softmax, softmax
from lucid.ops.view import empty_as, to_dtype
from lucid.tensor import Tensor


class _Allowed(threading.local):
    """Which of PyTorch's kernels a thread may use, by `nn.attention.sdpa_kernel` and `backends.cuda`: of these two there is one."""

    kernels = frozenset(("math", "flash", "mem_efficient", "cudnn"))


allowed = _Allowed()
_HERE = frozenset(("math", "flash"))


@op("nn.functional.scaled_dot_product_attention", composite=True)
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """Values weighted by how well their keys match the queries.

    Parameters
    ----------
    query : Tensor
        Of shape (..., L, E), floating.
    key : Tensor
        Of shape (..., S, E).
    value : Tensor
        Of shape (..., S, V).
    attn_mask : Tensor, optional
        Of a shape that broadcasts to (..., L, S): bool, True where a query may see a key; or floating, added to the scores.
    dropout_p : float, optional
        The share of weights that is dropped. Default: 0.
    is_causal : bool, optional
        Query i sees keys 0 to i only. Not together with `attn_mask`.
    scale : float, optional
        What scores are multiplied by. Default: 1 / sqrt(E).
    enable_gqa : bool, optional
        Let several heads of the query share one head of key and value: the number of heads, third from the end, is then a
        multiple.

    Returns
    -------
    Tensor
        Of shape (..., L, V). A query that sees no key gets 0.

    Raises
    ------
    RuntimeError
        If the dtypes differ, or `is_causal` stands beside a mask.

    Notes
    -----
    .. math:: out = softmax(scale \\cdot q k^T + mask) v

    Examples
    --------
    >>> import lucid
    >>> q = lucid.zeros(1, 1, 2)
    >>> lucid.nn.functional.scaled_dot_product_attention(q, q, lucid.tensor([[[1.0, 2.0]]]))
    Tensor([[[1.0, 2.0]]])
    """
    name = "scaled_dot_product_attention"
    for position, (argument, given) in enumerate((("query", query), ("key", key), ("value", value)), 1):
        tensor_argument(name, given, position, argument)
        if given.ndim < 2:
            raise RuntimeError(f"{name}: Expected {argument} to have at least 2 dimensions, but got {given.ndim}")
        if given.dtype is not query.dtype:
            raise RuntimeError(
                f"{name}: Expected query, key, and value to have the same dtype, but got {query.dtype}, {key.dtype} and "
                f"{value.dtype}"
            )
    if allowed.kernels.isdisjoint(_HERE):
        raise RuntimeError(f"No viable backend for {name} was found: neither MATH nor FLASH_ATTENTION is allowed")
    if is_causal and attn_mask is not None:
        raise RuntimeError(f"{name}: Explicit attn_mask should not be set when is_causal=True")
    if attn_mask is not None and attn_mask.dtype.name not in ("bool", query.dtype.name):
        raise RuntimeError(
            f"{name}: Expected attn_mask dtype to be bool or to match query dtype, but got {attn_mask.dtype} and {query.dtype}"
        )
    if is_half(query.dtype):  # scores are large before the softmax: in half precision they would lose what tells them apart
        wide = lambda x: x if x is None or x.dtype is dtypes.bool else to_dtype(x, dtypes.float32)
        given = map(wide, (query, key, value, attn_mask))
        return to_dtype(scaled_dot_product_attention(*given, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa), query.dtype)
    ordered = dropout_p == 0 and _follows_query(query, key, value, attn_mask, enable_gqa)
    if enable_gqa:
        heads = query.shape[-3]
        key, value = (repeat_interleave(one, heads // one.shape[-3], -3) for one in (key, value))
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1]) if query.shape[-1] else 1.0
    scores = matmul(mul(query, scale), key.transpose(-2, -1))
    if attn_mask is not None:
        scores = where(attn_mask, scores, -math.inf) if attn_mask.dtype.name == "bool" else scores + attn_mask
    weights = safe_softmax(scores, is_causal)
    if ordered:
        return _weighted(weights, value, query.array)
    return matmul(dropout(weights, dropout_p) if dropout_p > 0 else weights, value)


def _follows_query(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, grouped: bool) -> bool:
    """Whether the result lies in memory as the query does, not contiguous: as where PyTorch has one kernel for all of it."""
    q, k, v = query.array, key.array, value.array
    if type(q) is not np.ndarray or q.flags.c_contiguous or q.ndim != 4 or type(k) is not np.ndarray or type(v) is not np.ndarray:
        return False
    batch, heads, _, width = q.shape
    shape, size = k.shape, q.itemsize
    if k.ndim != 4 or shape[0] != batch or shape[3] != width or v.shape != shape or not (grouped or shape[1] == heads):
        return False
    if not q.size or not k.size or not q.strides[3] == k.strides[3] == v.strides[3] == size or "flash" not in allowed.kernels:
        return False
    return mask is None or mask.ndim in (2, 4) and not mask.requires_grad


@op("_weighted_values")
def _weighted(weights, value, like):
    """`weights @ value`, in memory as the array `like`."""
    batch, head, row, _ = like.strides
    if batch >= row > head > 0:  # as in most programs
        batch, heads, rows, width = like.shape
        out = empty((batch, rows, heads, width), like.dtype).swapaxes(1, 2)
    else:
        out = empty_as(like, like.dtype)
    a, b = weights.array, value.array
    move(product(a.reshape(-1, *a.shape[2:]), b.reshape(-1, *b.shape[2:])).reshape(out.shape), out)
    return wrap(out)


_weighted.vjp_joint("weights", "value", crossed=True)(lambda g, needs, weights, value: matmul_backward(g, needs, weights, value))


def additive_mask(mask: Tensor | None, name: str, dtype) -> Tensor | None:
    """A mask as numbers that are added to scores: where a bool one is True, minus infinity."""
    if mask is None or mask.is_floating_point():
        return mask
    if mask.dtype.name != "bool":
        raise AssertionError(f"only bool and floating types of {name} are supported, not {mask.dtype}")
    return masked_fill(zeros_like(mask, dtype=dtype), mask, -math.inf)


def _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads: int) -> bool:
    """Whether the query has a dimension for the batch; AssertionError where the others do not fit it."""
    batched = query.ndim == 3
    if query.ndim not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor")
    kind = f"{'batched 3-D' if batched else 'unbatched 2-D'} `query`"
    if key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(f"For {kind}, expected `key` and `value` alike but found {key.ndim}-D and {value.ndim}-D tensors")
    if key_padding_mask is not None and key_padding_mask.ndim != query.ndim - 1:
        raise AssertionError(f"For {kind}, expected `key_padding_mask` to be None or {query.ndim - 1}-D but found "
                             f"{key_padding_mask.ndim}-D")  # fmt: skip
    if attn_mask is not None and attn_mask.ndim not in (2, 3):
        raise AssertionError(f"For {kind}, expected `attn_mask` to be None, 2-D or 3-D but found {attn_mask.ndim}-D")
    if not batched and attn_mask is not None and attn_mask.ndim == 3:
        expected = (num_heads, query.shape[0], key.shape[0])
        if tuple(attn_mask.shape) != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {tuple(attn_mask.shape)}")
    return batched


@op("nn.functional.multi_head_attention_forward", composite=True)
@doc()
def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check, num_heads: bool | int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn, dropout_p,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training=True, key_padding_mask: Tensor | None = None,
    need_weights=True, attn_mask: Tensor | None = None, use_separate_proj_weight=False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights=True,
    is_causal: bool = False,
):  # fmt: skip
    """Attention in several heads: what `MultiheadAttention` computes, whose page describes the parameters' meaning.

    Parameters
    ----------
    query, key, value : Tensor
        Of shape (L, N, E) and (S, N, E), or without the batch dimension N.
    embed_dim_to_check, num_heads : int
        E, and into how many heads it is divided.
    in_proj_weight, in_proj_bias : Tensor or None
        Of shape (3 E, E) and (3 E,): the projections of query, key and value.
    bias_k, bias_v : Tensor or None
        Of shape (1, 1, E): one more key and value.
    add_zero_attn : bool
        Whether a key and value of zeros are added.
    dropout_p : float
        The share of weights that is dropped while `training`.
    training : bool, optional
        Whether weights are dropped (default True).
    out_proj_weight, out_proj_bias : Tensor, or None for the bias
        Of shape (E, E) and (E,).
    key_padding_mask : Tensor, optional
        Of shape (N, S): bool, True for keys that are not looked at; or floating, added.
    need_weights, average_attn_weights : bool, optional
        Whether weights are returned, and as their mean over the heads.
    attn_mask : Tensor, optional
        Of shape (L, S) or (N num_heads, L, S): likewise, for each query.
    use_separate_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight : optional
        Projections apart from each other, where key and value are of other sizes.
    static_k, static_v : Tensor, optional
        Keys and values that are projected and divided already.
    is_causal : bool, optional
        Says that `attn_mask` is the causal mask.

    Returns
    -------
    tuple of (Tensor, Tensor or None)
        The result, of the query's shape; the weights, (N, L, S) or (N, num_heads, L, S).

    Raises
    ------
    AssertionError, RuntimeError
        Where shapes do not fit.

    Examples
    --------
    >>> x, eye = lucid.eye(2), lucid.eye(2)
    >>> out, weights = F.multi_head_attention_forward(
    ...     x, x, x, 2, 1, lucid.cat([eye, eye, eye]), None, None, None, False, 0.0, eye, None)
    >>> weights
    Tensor([[0.66976154, 0.33023846],
            [0.33023846, 0.66976154]])
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = (one.unsqueeze(1) for one in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, width = query.shape
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    key_padding_mask = additive_mask(key_padding_mask, "key_padding_mask", query.dtype)
    is_causal = is_causal and key_padding_mask is None and not need_weights
    attn_mask = None if is_causal else additive_mask(attn_mask, "attn_mask", query.dtype)
    if width != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}")
    head = width // num_heads
    if head * num_heads != width:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight and q_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is True but q_proj_weight is None")
    if key.shape[:2] != value.shape[:2] or not use_separate_proj_weight and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
    if query is key is value and not use_separate_proj_weight:
        q, k, v = linear(query, in_proj_weight, in_proj_bias).chunk(3, -1)
    else:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight.chunk(3)
        biases = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases))
    if attn_mask is not None:
        expected = (length, key.shape[0]) if attn_mask.ndim == 2 else (batch * num_heads, length, key.shape[0])
        if tuple(attn_mask.shape) != expected:
            raise RuntimeError(f"The shape of the {attn_mask.ndim}D attn_mask is {attn_mask.shape}, but should be {expected}.")
        attn_mask = attn_mask.unsqueeze(0) if attn_mask.ndim == 2 else attn_mask

    def one_more_key():
        nonlocal attn_mask, key_padding_mask
        attn_mask = None if attn_mask is None else pad(attn_mask, (0, 1))
        key_padding_mask = None if key_padding_mask is None else pad(key_padding_mask, (0, 1))

    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v are set together or not at all")
    if bias_k is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        k, v = (cat([one, bias.repeat(1, batch, 1)]) for one, bias in ((k, bias_k), (v, bias_v)))
        one_more_key()
    heads = lambda x: x.reshape(x.shape[0], batch * num_heads, head).transpose(0, 1)
    for static in (static_k, static_v):
        if static is not None and (static.shape[0], static.shape[2]) != (batch * num_heads, head):
            raise AssertionError(f"expecting static key and value of ({batch * num_heads}, S, {head}), but got {static.shape}")
    q = heads(q)
    k, v = (heads(x) if static is None else static for x, static in ((k, static_k), (v, static_v)))
    if add_zero_attn:
        nothing = zeros(batch * num_heads, 1, head, dtype=k.dtype)
        k, v = cat([k, nothing], 1), cat([v, nothing], 1)
        one_more_key()
    count = k.shape[1]
    if key_padding_mask is not None:
        if tuple(key_padding_mask.shape) != (batch, count):
            raise AssertionError(f"expecting key_padding_mask of ({batch}, {count}), but got {tuple(key_padding_mask.shape)}")
        padding = key_padding_mask.reshape(batch, 1, 1, count).expand(-1, num_heads, -1, -1)
        padding = padding.reshape(batch * num_heads, 1, count)
        attn_mask = padding if attn_mask is None else attn_mask + padding
    dropout_p = dropout_p if training else 0.0
    found = None
    if need_weights:
        q, k = mul(q, math.sqrt(1.0 / head)), k.transpose(-2, -1)
        found = softmax(bmm(q, k) if attn_mask is None else baddbmm(attn_mask, q, k), -1)
        found = dropout(found, dropout_p) if dropout_p > 0 else found
        out = matmul(found, v)
        found = found.reshape(batch, num_heads, length, count)
        found = found.mean(1) if average_attn_weights else found
    else:
        split = lambda x: x.reshape(batch, num_heads, x.shape[1], head)
        if attn_mask is not None:
            single = attn_mask.shape[0] == 1
            attn_mask = attn_mask.unsqueeze(0) if single else attn_mask.reshape(batch, num_heads, -1, count)
        out = scaled_dot_product_attention(split(q), split(k), split(v), attn_mask, dropout_p, is_causal)
        out = out.reshape(batch * num_heads, length, head)
    out = linear(out.transpose(0, 1).reshape(length, batch, width), out_proj_weight, out_proj_bias)
    if not batched:
        out, found = out.squeeze(1), None if found is None else found.squeeze(0)
    return out, found
