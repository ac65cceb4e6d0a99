"""PyTorch's operators of whole layers, made of the operations here: attention where no gradient is asked for, packed sequences."""

from __future__ import annotations

import math

import lucid
from lucid import Tensor
from lucid.nn import functional as F
from lucid.nn.utils import rnn
from lucid.ops import recurrent

__all__ = ["LAYERS"]


def _added(mask, kind: int | None, dtype, heads: int):
    """What a mask adds to scores: of pairs (0), of keys of each batch (1), or of all dimensions (2); scores are left out where it is true."""
    if mask is None:
        return None
    if kind == 1:
        mask = mask[:, None, None, :]
    elif mask.ndim == 3:  # of each batch and head
        mask = mask.unflatten(0, (-1, heads))
    return lucid.zeros(mask.shape, dtype=dtype).masked_fill(mask, -math.inf) if mask.dtype is lucid.bool else mask


def _multi_head_attention(
    query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask=None, need_weights=True,
    average_attn_weights=True, mask_type=None,
):  # fmt: skip
    weights, biases = qkv_weight.chunk(3), qkv_bias.chunk(3)
    heads = [
        F.linear(x, weight, bias).unflatten(-1, (num_head, -1)).transpose(1, 2)
        for x, weight, bias in zip((query, key, value), weights, biases)
    ]
    added, shares = _added(mask, mask_type, query.dtype, num_head), None
    if need_weights:
        scores = (heads[0] @ heads[1].mT) / math.sqrt(embed_dim // num_head)
        shares = (scores if added is None else scores + added).softmax(-1)
        out = shares @ heads[2]
    else:
        out = F.scaled_dot_product_attention(*heads, added)
        if added is not None:  # where nothing is left, it says 0, and this operator NaN
            out = out.masked_fill((added == -math.inf).all(-1, keepdim=True), math.nan)
    out = F.linear(out.transpose(1, 2).flatten(2), proj_weight, proj_bias)
    return out, shares.mean(1) if need_weights and average_attn_weights else shares


def _encoder_layer(
    src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first, eps, norm_weight_1, norm_bias_1,
    norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1, ffn_weight_2, ffn_bias_2, mask=None, mask_type=None,
):  # fmt: skip
    def attended(x):
        return _multi_head_attention(
            x, x, x, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask, False, True, mask_type
        )[0]

    def forwarded(x):
        hidden = F.linear(x, ffn_weight_1, ffn_bias_1)
        return F.linear(F.gelu(hidden) if use_gelu else F.relu(hidden), ffn_weight_2, ffn_bias_2)

    def normed(x, weight, bias):
        return F.layer_norm(x, (embed_dim,), weight, bias, eps)

    if norm_first:
        x = src + attended(normed(src, norm_weight_1, norm_bias_1))
        return x + forwarded(normed(x, norm_weight_2, norm_bias_2))
    x = normed(src + attended(src), norm_weight_1, norm_bias_1)
    return normed(x + forwarded(x), norm_weight_2, norm_bias_2)


def _packed(padded, lengths, batch_first):
    return rnn.pack_padded_sequence(padded, lengths, batch_first)[:2]


def _padded(data, batch_sizes, batch_first, padding_value, total_length):
    packed = rnn.PackedSequence(data, batch_sizes)
    return rnn.pad_packed_sequence(packed, batch_first, padding_value, total_length if total_length > 0 else None)


def _recurrent(name: str, mode: str):
    """An operator of a recurrent network: of sequences of one length, or of packed ones, whose sizes come before the states."""
    function = getattr(lucid, name)

    def network(x, *rest):
        sizes, states = rest[:2]
        if not isinstance(sizes, Tensor) or not isinstance(states, (Tensor, list)) or isinstance(states, list) and mode != "LSTM":
            return function(x, *rest)
        states, params, has_biases, layers, dropout, train, bidirectional = rest[1:]
        states = tuple(states) if mode == "LSTM" else (states,)
        parameters = recurrent.grouped(mode, params, has_biases, mode == "LSTM" and states[0].shape[-1] != states[1].shape[-1])
        out, last = recurrent.run(mode, x, states, parameters, layers, dropout, train, bidirectional, False, sizes.tolist())
        return out, *last

    return network


LAYERS = {
    "lstm": _recurrent("lstm", "LSTM"), "gru": _recurrent("gru", "GRU"), "rnn_tanh": _recurrent("rnn_tanh", "RNN_TANH"),
    "rnn_relu": _recurrent("rnn_relu", "RNN_RELU"),
    "_native_multi_head_attention": _multi_head_attention, "_transformer_encoder_layer_fwd": _encoder_layer,
    "_pack_padded_sequence": _packed, "_pad_packed_sequence": _padded,
}  # fmt: skip
