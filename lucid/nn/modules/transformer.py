"""The Transformer: layers of attention and feed-forward networks, encoder and decoder."""

from __future__ import annotations

import copy

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.attention import MultiheadAttention
from lucid.nn.modules.container import ModuleList
from lucid.nn.modules.linear import Linear
from lucid.nn.modules.module import Module
from lucid.nn.modules.normalization import LayerNorm
from lucid.nn.modules.simple import Dropout
from lucid.ops._doc import doc, like

__all__ = [
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
]  # fmt: skip


def _activation(activation):
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return getattr(F, activation)


def _is(activation, name: str) -> bool:
    """Whether an activation is the one of a name, as a function or as a module of this or that spelling."""
    return activation is getattr(F, name) or type(activation).__name__.lower() == name


def _causal_mask(size: int, device=None, dtype=None) -> lucid.Tensor:
    return lucid.full((size, size), float("-inf"), device=device, dtype=dtype).triu(1)


def _is_causal(mask, is_causal, length: int) -> bool:
    """Whether a mask is the causal one, where the caller did not say."""
    if is_causal is not None:
        return is_causal
    if mask is None or tuple(mask.shape) != (length, length):
        return False
    return bool((mask == _causal_mask(length, dtype=mask.dtype)).all()) if mask.is_floating_point() else False


class _Layer(Module):
    """What both kinds of layer have: a feed-forward network, and sublayers that are added to what they start from.
    Subclasses call and replace the blocks by PyTorch's names of them."""

    def _feed_forward(self, d_model, dim_feedforward, dropout, activation, norm_first, bias, device, dtype):
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, device=device, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, device=device, dtype=dtype)
        self.norm_first, self.activation = norm_first, _activation(activation)

    def _attend(self, attention, x, memory, mask, padding, is_causal):
        return attention(
            x, memory, memory, attn_mask=mask, key_padding_mask=padding, is_causal=is_causal, need_weights=False
        )[0]

    def _sublayer(self, x, norm, compute):
        return x + compute(norm(x)) if self.norm_first else norm(x + compute(x))

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal: bool = False):
        return self.dropout1(self._attend(self.self_attn, x, x, attn_mask, key_padding_mask, is_causal))

    def _ff_block(self, x):
        last = self.dropout3 if "dropout3" in self._modules else self.dropout2
        return last(self.linear2(self.dropout(self.activation(self.linear1(x)))))


@doc()
class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward network, each added to its input and normalised.

    Parameters
    ----------
    d_model : int
        The size of the embedding.
    nhead : int
        The number of heads.
    dim_feedforward : int, optional
        The size of the inner layer of the network. Default: 2048.
    dropout : float, optional
        Default: 0.1.
    activation : {"relu", "gelu"} or callable, optional
        Between the layers of the network. Default: relu.
    layer_norm_eps : float, optional
        Default: 1e-5.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second. Default: False.
    norm_first : bool, optional
        Normalise the sublayers' inputs instead of their results. Default: False.
    bias : bool, optional
        Whether layers have biases. Default: True.

    Examples
    --------
    >>> nn.TransformerEncoderLayer(4, 2, 8)(lucid.ones(5, 3, 4)).shape
    lucid.Size([5, 3, 4])
    """

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation=F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True, device=None,
        dtype=None,
    ):  # fmt: skip
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self._feed_forward(d_model, dim_feedforward, dropout, activation, norm_first, bias, device, dtype)
        self.activation_relu_or_gelu = 1 if _is(self.activation, "relu") else 2 if _is(self.activation, "gelu") else 0
        norm = lambda: LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm1, self.norm2 = norm(), norm()
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal: bool = False):
        x = self._sublayer(src, self.norm1, lambda x: self._sa_block(x, src_mask, src_key_padding_mask, is_causal))
        return self._sublayer(x, self.norm2, self._ff_block)


@like(TransformerEncoderLayer)
class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's result, and a feed-forward network.

    Examples
    --------
    >>> nn.TransformerDecoderLayer(4, 2, 8)(lucid.ones(5, 3, 4), lucid.ones(6, 3, 4)).shape
    lucid.Size([5, 3, 4])
    """

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation=F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True, device=None,
        dtype=None,
    ):  # fmt: skip
        super().__init__()
        make = lambda: MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.self_attn = make()
        self.multihead_attn = make()
        self._feed_forward(d_model, dim_feedforward, dropout, activation, norm_first, bias, device, dtype)
        for i in (1, 2, 3):
            setattr(self, f"norm{i}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype))
        for i in (1, 2, 3):
            setattr(self, f"dropout{i}", Dropout(dropout))

    def forward(
        self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None,
        tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ):  # fmt: skip
        own = lambda x: self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = lambda x: self._mha_block(x, memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        x = self._sublayer(tgt, self.norm1, own)
        x = self._sublayer(x, self.norm2, other)
        return self._sublayer(x, self.norm3, self._ff_block)

    def _mha_block(self, x, mem, attn_mask, key_padding_mask, is_causal: bool = False):
        return self.dropout2(self._attend(self.multihead_attn, x, mem, attn_mask, key_padding_mask, is_causal))


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class TransformerEncoder(Module):
    """Encoder layers one after the other.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        Copied `num_layers` times.
    num_layers : int
        How many.
    norm : Module, optional
        What normalises the result.
    enable_nested_tensor, mask_check : bool, optional
        Accepted for PyTorch's sake: there are no nested tensors.

    Examples
    --------
    >>> layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    >>> nn.TransformerEncoder(layer, 2)(lucid.ones(3, 5, 4)).shape
    lucid.Size([3, 5, 4])
    """

    def __init__(self, encoder_layer, num_layers: int, norm=None, enable_nested_tensor: bool = True, mask_check: bool = True):
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check, self.use_nested_tensor = enable_nested_tensor, mask_check, False

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal: bool | None = None):
        batch_first = src.dim() == 3 and self.layers[0].self_attn.batch_first if len(self.layers) else False
        is_causal = _is_causal(mask, is_causal, src.shape[1 if batch_first else 0])
        for layer in self.layers:
            src = layer(src, src_mask=mask, is_causal=is_causal, src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Decoder layers one after the other.

    Parameters
    ----------
    decoder_layer : TransformerDecoderLayer
        Copied `num_layers` times.
    num_layers : int
        How many.
    norm : Module, optional
        What normalises the result.

    Examples
    --------
    >>> layer = nn.TransformerDecoderLayer(4, 2, 8)
    >>> nn.TransformerDecoder(layer, 2)(lucid.ones(5, 3, 4), lucid.ones(6, 3, 4)).shape
    lucid.Size([5, 3, 4])
    """

    def __init__(self, decoder_layer, num_layers: int, norm=None):
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ):  # fmt: skip
        batch_first = tgt.dim() == 3 and self.layers[0].self_attn.batch_first if len(self.layers) else False
        tgt_is_causal = _is_causal(tgt_mask, tgt_is_causal, tgt.shape[1 if batch_first else 0])
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal,
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


@doc()
class Transformer(Module):
    """Encoder and decoder.

    Parameters
    ----------
    d_model, nhead : int, optional
        The size of the embedding and the number of heads. Default: 512 and 8.
    num_encoder_layers, num_decoder_layers : int, optional
        Default: 6.
    custom_encoder, custom_decoder : Module, optional
        What takes the encoder's or decoder's place.
    dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias : optional
        As for `TransformerEncoderLayer`.

    Examples
    --------
    >>> model = nn.Transformer(4, 2, 1, 1, 8)
    >>> model(lucid.ones(6, 3, 4), lucid.ones(5, 3, 4)).shape
    lucid.Size([5, 3, 4])
    """

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation=F.relu, custom_encoder=None, custom_decoder=None,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True, device=None,
        dtype=None,
    ):  # fmt: skip
        super().__init__()
        settings = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        norm = lambda: LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)
        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            layer = TransformerEncoderLayer(*settings, device=device, dtype=dtype)
            self.encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            layer = TransformerDecoderLayer(*settings, device=device, dtype=dtype)
            self.decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None, tgt_key_padding_mask=None,
        memory_key_padding_mask=None, src_is_causal: bool | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ):  # fmt: skip
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(f"the batch number of src and tgt must be equal, got {src.shape[batch]} and {tgt.shape[batch]}")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"the feature number of src and tgt must be equal to d_model {self.d_model}, got {src.shape[-1]} and {tgt.shape[-1]}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device=None, dtype=None) -> lucid.Tensor:
        """The causal mask: minus infinity above the diagonal, 0 elsewhere."""
        return _causal_mask(sz, device, dtype)
