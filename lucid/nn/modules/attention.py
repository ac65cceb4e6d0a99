"""Attention in several heads."""

from __future__ import annotations

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.linear import NonDynamicallyQuantizableLinear
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops._doc import doc
from lucid.tensor import Tensor

__all__ = ["MultiheadAttention"]


@doc()
class MultiheadAttention(Module):
    """Attention in several heads, each with a part of the embedding.

    Parameters
    ----------
    embed_dim : int
        E, the size of the embedding.
    num_heads : int
        Into how many heads it is divided; E is a multiple.
    dropout : float, optional
        The share of weights that is dropped in training. Default: 0.
    bias : bool, optional
        Whether the projections have biases. Default: True.
    add_bias_kv : bool, optional
        Learn one more key and value. Default: False.
    add_zero_attn : bool, optional
        Add a key and value of zeros. Default: False.
    kdim, vdim : int, optional
        Sizes of keys and values. Default: E.
    batch_first : bool, optional
        Whether the batch is the first dimension, (N, L, E), rather than the second. Default: False.

    Attributes
    ----------
    in_proj_weight : Parameter
        Of shape (3 E, E); where `kdim` or `vdim` differ from E there are `q_proj_weight`, `k_proj_weight` and
        `v_proj_weight` instead.
    out_proj : Linear
        The projection of the heads' results.

    Examples
    --------
    >>> x = lucid.ones(5, 2, 4)
    >>> out, weights = nn.MultiheadAttention(4, 2)(x, x, x)
    >>> out.shape, weights.shape
    (lucid.Size([5, 2, 4]), lucid.Size([2, 5, 5]))
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False, device=None,
        dtype=None,
    ):  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads}")
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        make = lambda *shape: Parameter(lucid.empty(shape, device=device, dtype=dtype))
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        if self._qkv_same_embed_dim:
            self.in_proj_weight = make(3 * embed_dim, embed_dim)
        else:
            self.q_proj_weight = make(embed_dim, embed_dim)
            self.k_proj_weight = make(embed_dim, self.kdim)
            self.v_proj_weight = make(embed_dim, self.vdim)
        absent = ("q_proj_weight", "k_proj_weight", "v_proj_weight") if self._qkv_same_embed_dim else ("in_proj_weight",)
        for name in absent:
            self.register_parameter(name, None)
        self.register_parameter("in_proj_bias", make(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.register_parameter("bias_k", make(1, 1, embed_dim) if add_bias_kv else None)
        self.register_parameter("bias_v", make(1, 1, embed_dim) if add_bias_kv else None)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def __setstate__(self, state) -> None:
        super().__setstate__({"_qkv_same_embed_dim": True, **state})  # of before PyTorch 1.1

    def forward(
        self, query, key, value, key_padding_mask=None, need_weights: bool = True, attn_mask=None,
        average_attn_weights: bool = True, is_causal: bool = False,
    ):  # fmt: skip
        """The result and, if `need_weights`, the weights; see `nn.functional.multi_head_attention_forward`."""
        swapped = self.batch_first and query.dim() == 3
        if swapped and query is key is value:  # they stay one: so their projections are one product
            query = key = value = query.transpose(0, 1)
        elif swapped:
            query, key, value = (one.transpose(0, 1) for one in (query, key, value))
        out, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, training=self.training,
            key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim, q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight, v_proj_weight=self.v_proj_weight, average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )  # fmt: skip
        return (out.transpose(0, 1) if swapped else out), weights

    def merge_masks(self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, query: Tensor) -> tuple[Tensor | None, int | None]:
        """Two masks as one, and its kind.

        Parameters
        ----------
        attn_mask : Tensor or None
            Of shape (L, L), or (N * heads, L, L).
        key_padding_mask : Tensor or None
            Of shape (N, L).
        query : Tensor
            Of shape (N, L, E).

        Returns
        -------
        tuple of (Tensor or None) and (int or None)
            Their sum, of shape (N, heads, L, L), and 2; the second mask alone as it is, and 1; without masks None and None.
        """
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        merged = attn_mask.view(*((1, 1) if attn_mask.dim() == 2 else (batch, -1)), length, length)
        merged = merged.expand(batch, self.num_heads, -1, -1)
        return merged if key_padding_mask is None else merged + key_padding_mask.view(batch, 1, 1, length), 2
