"""Layers of a line or two: dropout, flattening, embedding, padding, shuffles."""

from __future__ import annotations

import lucid
from lucid.nn import functional as F
from lucid.nn import init
from lucid.nn.modules.module import Module
from lucid.nn.parameter import Parameter
from lucid.ops._doc import doc, like

__all__ = [
    "AlphaDropout", "ChannelShuffle", "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "CosineSimilarity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Embedding",
    "EmbeddingBag", "FeatureAlphaDropout", "Flatten", "PairwiseDistance", "PixelShuffle", "PixelUnshuffle", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "Unflatten", "ZeroPad1d",
    "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _DropoutNd(Module):
    """Zeroes in training with probability `p`; the identity otherwise."""

    function: str

    def __init__(self, p: float = 0.5, inplace: bool = False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input):
        return getattr(F, self.function)(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


@like(F.dropout, p="float, optional: The probability of an element to be dropped, in [0, 1]. Default: 0.5.")
class Dropout(_DropoutNd):
    """Zeroes elements: see `nn.functional.dropout`.

    Examples
    --------
    >>> nn.Dropout(0.2).eval()(lucid.ones(2))
    Tensor([1.0, 1.0])
    """

    function = "dropout"


@like(F.dropout, p="float, optional: The probability of a channel to be dropped, in [0, 1]. Default: 0.5.")
class Dropout1d(_DropoutNd):
    """Zeroes channels of (n, c, l): see `nn.functional.dropout1d`.

    Examples
    --------
    >>> nn.Dropout1d(0.2).eval()(lucid.ones(1, 2, 1))
    Tensor([[[1.0],
             [1.0]]])
    """

    function = "dropout1d"


@like(F.dropout, p="float, optional: The probability of a channel to be dropped, in [0, 1]. Default: 0.5.")
class Dropout2d(_DropoutNd):
    """Zeroes channels of (n, c, h, w): see `nn.functional.dropout2d`.

    Examples
    --------
    >>> nn.Dropout2d(0.2).eval()(lucid.ones(1, 2, 1, 1)).tolist()
    [[[[1.0]], [[1.0]]]]
    """

    function = "dropout2d"


@like(F.dropout, p="float, optional: The probability of a channel to be dropped, in [0, 1]. Default: 0.5.")
class Dropout3d(_DropoutNd):
    """Zeroes channels of (n, c, d, h, w): see `nn.functional.dropout3d`.

    Examples
    --------
    >>> nn.Dropout3d(0.2).eval()(lucid.ones(1, 1, 1, 1, 2))
    Tensor([[[[[1.0, 1.0]]]]])
    """

    function = "dropout3d"


@like(F.dropout, p="float, optional: The probability of an element to be dropped, in [0, 1]. Default: 0.5.")
class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance of SELU's outputs: see `nn.functional.alpha_dropout`.

    Examples
    --------
    >>> nn.AlphaDropout(0.2).eval()(lucid.ones(2))
    Tensor([1.0, 1.0])
    """

    function = "alpha_dropout"


@like(F.dropout, p="float, optional: The probability of a channel to be dropped, in [0, 1]. Default: 0.5.")
class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels: see `nn.functional.feature_alpha_dropout`.

    Examples
    --------
    >>> nn.FeatureAlphaDropout(0.2).eval()(lucid.ones(1, 2, 1))
    Tensor([[[1.0],
             [1.0]]])
    """

    function = "feature_alpha_dropout"


class Flatten(Module):
    """Dimensions `start_dim` to `end_dim` as one.

    Parameters
    ----------
    start_dim : int, optional
        The first of the dimensions. Default: 1, after that of the batch.
    end_dim : int, optional
        The last of them. Default: -1.

    Examples
    --------
    >>> nn.Flatten()(lucid.ones(2, 3, 4)).shape
    lucid.Size([2, 12])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Dimension `dim` in the shape `unflattened_size`.

    Parameters
    ----------
    dim : int
        The dimension.
    unflattened_size : tuple of int
        What it becomes; one size may be -1.

    Examples
    --------
    >>> nn.Unflatten(1, (2, -1))(lucid.ones(1, 6)).shape
    lucid.Size([1, 2, 3])
    """

    def __init__(self, dim: int, unflattened_size):
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)) or not all(isinstance(size, int) for size in unflattened_size):
            raise TypeError(f"unflattened_size must be a tuple of ints, but found {unflattened_size!r}")
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input):
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


@doc()
class Embedding(Module):
    """A table of vectors, looked up by index.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number and size of the vectors.
    padding_idx : int, optional
        A vector that is zero at first and gets no gradient.
    max_norm : float, optional
        Vectors that are looked up are shortened to this norm.
    norm_type : float, optional
        The norm's exponent (default 2).
    scale_grad_by_freq : bool, optional
        Divide gradients by how often an index occurs (default False).
    sparse : bool, optional
        Accepted; gradients are dense.

    Attributes
    ----------
    weight : Parameter
        Of shape (num_embeddings, embedding_dim); standard normal at first.

    Examples
    --------
    >>> table = nn.Embedding.from_pretrained(lucid.tensor([[0.0, 1.0], [2.0, 3.0]]))
    >>> table(lucid.tensor([1, 0, 1]))
    Tensor([[2.0, 3.0],
            [0.0, 1.0],
            [2.0, 3.0]])
    """

    SHOWN = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "sparse": False}  # if they differ

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx=None, max_norm=None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, sparse: bool = False, _weight=None, _freeze: bool = False, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        if _weight is None:
            self.weight = Parameter(lucid.empty((num_embeddings, embedding_dim), device=device, dtype=dtype), not _freeze)
            self.reset_parameters()
        else:
            if tuple(_weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight, not _freeze)

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with lucid.no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(self, input):
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    @classmethod
    def from_pretrained(
        cls, embeddings, freeze: bool = True, padding_idx=None, max_norm=None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, sparse: bool = False,
    ):  # fmt: skip
        """An Embedding over a given table; not trained if `freeze`."""
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        return cls(
            *embeddings.shape, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, sparse=sparse, _weight=embeddings, _freeze=freeze,
        )  # fmt: skip

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, default in self.SHOWN.items():
            value = getattr(self, name)
            if value != default:
                text += f", {name}={value}"
        return text


@like(Embedding)
class EmbeddingBag(Embedding):
    """A table of vectors, looked up by index; the vectors of a bag are added up, or their mean or maximum is taken.

    Parameters
    ----------
    mode : {"mean", "sum", "max"}, optional
        What is made of a bag.
    include_last_offset : bool, optional
        Whether the last of the offsets is where the last bag ends (default False).
    padding_idx : int, optional
        A vector that is zero at first and in no bag.

    Attributes
    ----------
    weight : Parameter
        Of shape (num_embeddings, embedding_dim); standard normal at first.

    Examples
    --------
    >>> table = nn.EmbeddingBag.from_pretrained(lucid.tensor([[0.0, 1.0], [2.0, 3.0]]))
    >>> table(lucid.tensor([1, 0, 1]), lucid.tensor([0, 2]))
    Tensor([[1.0, 2.0],
            [2.0, 3.0]])
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm=None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, _weight=None,
        include_last_offset: bool = False, padding_idx=None, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight,
            device=device, dtype=dtype,
        )  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input, offsets=None, per_sample_weights=None):
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    @classmethod
    def from_pretrained(
        cls, embeddings, freeze: bool = True, max_norm=None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
        mode: str = "mean", sparse: bool = False, include_last_offset: bool = False, padding_idx=None,
    ):  # fmt: skip
        """An EmbeddingBag over a given table; not trained if `freeze`."""
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        made = cls(
            *embeddings.shape, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset,
            padding_idx,
        )  # fmt: skip
        made.weight.requires_grad = not freeze
        return made

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, usual in (("max_norm", None), ("norm_type", 2), ("scale_grad_by_freq", False)):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)!r}"
        text += f", mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


@like(F.pixel_shuffle)
class PixelShuffle(Module):
    """Channels to pixels: see `nn.functional.pixel_shuffle`.

    Examples
    --------
    >>> nn.PixelShuffle(2)(lucid.ones(1, 4, 3, 3)).shape
    lucid.Size([1, 1, 6, 6])
    """

    def __init__(self, upscale_factor: int):
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input):
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


@like(F.pixel_unshuffle)
class PixelUnshuffle(Module):
    """Pixels to channels: see `nn.functional.pixel_unshuffle`.

    Examples
    --------
    >>> nn.PixelUnshuffle(2)(lucid.ones(1, 1, 6, 6)).shape
    lucid.Size([1, 4, 3, 3])
    """

    def __init__(self, downscale_factor: int):
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input):
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


@like(F.channel_shuffle)
class ChannelShuffle(Module):
    """Channels of all groups in turn: see `nn.functional.channel_shuffle`.

    Examples
    --------
    >>> nn.ChannelShuffle(2)(lucid.arange(4).reshape(1, 4, 1)).flatten()
    Tensor([0, 2, 1, 3])
    """

    def __init__(self, groups: int):
        super().__init__()
        self.groups = groups

    def forward(self, input):
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


@like(F.cosine_similarity)
class CosineSimilarity(Module):
    """Cosine of the angle between vectors along `dim`.

    Examples
    --------
    >>> nn.CosineSimilarity()(lucid.tensor([[3.0, 4.0]]), lucid.tensor([[4.0, 3.0]]))
    Tensor([0.96000004])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8):
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1, x2):
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


@like(F.pairwise_distance)
class PairwiseDistance(Module):
    """The p-norm of the difference of vectors along the last dimension.

    Examples
    --------
    >>> nn.PairwiseDistance(p=1.0, eps=0.0)(lucid.tensor([[1.0, 2.0]]), lucid.tensor([[3.0, 5.0]]))
    Tensor([5.0])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1, x2):
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class _Pad(Module):
    """Padding of the last dimensions: see `nn.functional.pad`."""

    mode: str
    dims: int

    def __init__(self, padding):
        super().__init__()
        self.padding = (padding,) * (2 * self.dims) if isinstance(padding, int) else tuple(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    mode = "constant"

    def __init__(self, padding, value: float):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPadNd(_Pad):
    mode = "reflect"


class _ReplicationPadNd(_Pad):
    mode = "replicate"


class _CircularPadNd(_Pad):
    mode = "circular"

    def forward(self, input):
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise ValueError(f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class _ZeroPad(_ConstantPadNd):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


def _pads(base: type, prefix: str, sentence: str, printed: str) -> list[type]:
    """The layers of a kind, whose class has PyTorch's name, for one, two and three dimensions; what its example prints."""
    made = []
    for dims in (1, 2, 3):
        shape = "1, " + "1, " * dims + "3"
        sides = ", ".join(["1", "0"] + ["0"] * (2 * dims - 2))
        value = ["    value : float\n        What it is filled with."] if prefix == "Constant" else []
        text = "\n".join([
            f"{sentence} the last {dims} dimension{'s' * (dims > 1)}: see `nn.functional.pad`.", "",
            "    Parameters", "    ----------", "    padding : int or tuple of int",
            f"        How much on all sides, or on each of the {2 * dims}, the last dimension first.", *value, "",
            "    Examples", "    --------",
            f"    >>> x = lucid.tensor([1.0, 2.0, 3.0]).reshape({shape})",
            f"    >>> nn.{prefix}Pad{dims}d(({sides}){', 9.0' if value else ''})(x).flatten()", f"    {printed}",
        ])  # fmt: skip
        made.append(
            type(f"{prefix}Pad{dims}d", (base,), {"dims": dims, "__doc__": text, "__module__": __name__})
        )
    return made


ConstantPad1d, ConstantPad2d, ConstantPad3d = _pads(
    _ConstantPadNd, "Constant", "A value around", "Tensor([9.0, 1.0, 2.0, 3.0])"
)
ZeroPad1d, ZeroPad2d, ZeroPad3d = _pads(_ZeroPad, "Zero", "Zeros around", "Tensor([0.0, 1.0, 2.0, 3.0])")
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = _pads(
    _ReflectionPadNd, "Reflection", "The mirror image, without the edge itself, around", "Tensor([2.0, 1.0, 2.0, 3.0])"
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = _pads(
    _ReplicationPadNd, "Replication", "The edge repeated around", "Tensor([1.0, 1.0, 2.0, 3.0])"
)
CircularPad1d, CircularPad2d, CircularPad3d = _pads(
    _CircularPadNd, "Circular", "The other end, as if in a circle, around", "Tensor([3.0, 1.0, 2.0, 3.0])"
)
