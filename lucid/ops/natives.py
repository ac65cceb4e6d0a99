"""Functions of `torch` itself whose arguments are not those of their namesakes in `nn.functional`: statistics come in
another order, modes and reductions are numbers, strides may be empty lists."""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.op import inplace, op
from lucid.autograd.writes import check_writable
from lucid.dtypes import torch_name
from lucid.ops import convolution, einsum, folding, normalization, norms, pooling, resampling
from lucid.ops import embedding as tables
from lucid.ops._doc import like
from lucid.ops._frame import INT64, cast, check_dim, contiguous, tensor_argument
from lucid.ops._indices import INDEX_DTYPES
from lucid.ops.classification import ctc_loss
from lucid.ops.distance import pairwise_distance
from lucid.ops.loss import _with_logits, binary_cross_entropy_with_logits, divergence, kl_div, poisson_nll_loss
from lucid.ops.margins import (
    _ranked,
    _triplets,
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
)
from lucid.ops.view import unsqueeze
from lucid.tensor import Tensor

_CUDNN = "bool: Accepted; there is no cuDNN."


# ----------------------------------------------------------------------------------------------------- normalisation


@op("batch_norm", composite=True)
@like(normalization.batch_norm, cudnn_enabled=_CUDNN)
def batch_norm(
    input_: Tensor, weight, bias, running_mean, running_var, training: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """`nn.functional.batch_norm`, its arguments in another order, which takes single values too.

    Examples
    --------
    >>> lucid.batch_norm(lucid.tensor([[1.0], [3.0]]), None, None, None, None, True, 0.1, 0.0, False)
    Tensor([[-1.0],
            [1.0]])
    """
    return normalization._by_channel(input_, running_mean, running_var, weight, bias, training, momentum, eps)[0]


@op("instance_norm", composite=True)
@like(normalization.instance_norm, cudnn_enabled=_CUDNN)
def instance_norm(
    input_: Tensor, weight, bias, running_mean, running_var, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """`nn.functional.instance_norm`, its arguments in another order, which takes single values too.

    Examples
    --------
    >>> lucid.instance_norm(lucid.tensor([[[1.0, 3.0]]]), None, None, None, None, True, 0.1, 0.0, False)
    Tensor([[[-1.0, 1.0]]])
    """
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    if not use_input_stats or input_.array.ndim < 3:
        return normalization.instance_norm(
            input_, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
        )
    return normalization._by_instance(input_, running_mean, running_var, weight, bias, momentum, eps)


@op("norm_except_dim", composite=True)
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    r"""The norm of each slice along one dimension, which stays among dimensions of size 1.

    Parameters
    ----------
    v : Tensor
        Floating or complex.
    pow : int, optional
        Which norm.
    dim : int, optional
        The dimension that is kept; -1 for the norm of all elements.

    Returns
    -------
    Tensor
        Of shape (1, ..., size, ..., 1), or () for `dim=-1`.

    Raises
    ------
    IndexError
        If `dim` is not a dimension.
    RuntimeError
        If the dtype is neither floating nor complex.

    Notes
    -----
    .. math:: out_i = \left( \textstyle\sum_j |v_{ij}|^{pow} \right)^{1 / pow}

    Examples
    --------
    >>> lucid.norm_except_dim(lucid.tensor([[3.0, 4.0], [6.0, 8.0]]))
    Tensor([[5.0],
            [10.0]])
    """
    if dim == -1:
        return norms.vector_norm(v, pow)
    dim = check_dim("norm_except_dim", dim, v.array.ndim)
    if v.array.ndim < 2:  # no other dimension, and none would mean all
        return norms.vector_norm(unsqueeze(v, -1), pow, -1)
    return norms.vector_norm(v, pow, [one for one in range(v.array.ndim) if one != dim], True)


@op("frobenius_norm", composite=True, out="same")
@like(norms.norm, input_="Tensor: Floating or complex.", dim="int or tuple of int: At most two dimensions; () for all.")
def frobenius_norm(input_: Tensor, dim: int | tuple, keepdim: bool = False, *, out=None) -> Tensor:
    """The root of the sum of squares over one or two dimensions.

    Examples
    --------
    >>> lucid.frobenius_norm(lucid.tensor([[3.0, 4.0], [6.0, 8.0]]), 1)
    Tensor([5.0, 10.0])
    """
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if len(dims) > 2:
        raise RuntimeError(f"Expected at most 2 dimensions, but got {len(dims)} dimensions instead.")
    return norms.vector_norm(input_, 2, dims or None, keepdim)


@op("nuclear_norm", composite=True, out="same")
@like(norms.matrix_norm, input_="Tensor: Of at least 2 dimensions, floating or complex.",
      dim="(int, int), optional: The dimensions of the matrices. Default: the last two.")  # fmt: skip
def nuclear_norm(input_: Tensor, dim: bool | int | tuple = (-2, -1), keepdim: bool = False, *, out=None) -> Tensor:
    """The sum of the singular values of a matrix.

    Examples
    --------
    >>> lucid.nuclear_norm(lucid.tensor([[3.0, 0.0], [0.0, 4.0]]))
    Tensor(7.0)
    """
    if isinstance(dim, bool):  # the form without dimensions
        dim, keepdim = (-2, -1), dim
    if isinstance(dim, int):
        raise RuntimeError(f"nuclear_norm(): dims must be two, got {dim}")
    return norms.matrix_norm(input_, "nuc", dim, keepdim)


@op("layer_norm", composite=True)
@like(normalization.layer_norm, cudnn_enable="bool, optional: Accepted; there is no cuDNN.")
def layer_norm(
    input_: Tensor, normalized_shape: tuple, weight=None, bias=None, eps: float = 1e-5, cudnn_enable: bool = True
) -> Tensor:
    """`nn.functional.layer_norm`, under another name.

    Examples
    --------
    >>> lucid.layer_norm(lucid.tensor([1.0, 3.0]), [2], eps=0.0)
    Tensor([-1.0, 1.0])
    """
    return normalization.layer_norm(input_, normalized_shape, weight, bias, eps)


# ----------------------------------------------------------------------------------------------------------- pooling


def _step(stride):
    """PyTorch's empty list is the window's own size."""
    return None if isinstance(stride, (tuple, list)) and not stride else stride


def _max_pool(n: int, example: str):
    twin = getattr(pooling, f"max_pool{n}d")

    def max_pool(
        input_: Tensor,
        kernel_size: int | tuple,
        stride: int | tuple | None = (),
        padding: int | tuple = 0,
        dilation: int | tuple = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        return twin(input_, kernel_size, _step(stride), padding, dilation, ceil_mode)

    max_pool.__defaults__ = ((), (0,) * n, (1,) * n, False)
    max_pool.__name__ = max_pool.__qualname__ = f"max_pool{n}d"
    max_pool.__doc__ = (
        f"`nn.functional.max_pool{n}d` without the positions.\n\n    Examples\n    --------\n    >>> {example}\n    "
    )
    return op(f"max_pool{n}d", composite=True)(like(twin, gives="Tensor", returns="Maxima, of shape (n, c, \\*out_size).")(max_pool))


max_pool1d = _max_pool(1, "lucid.max_pool1d(lucid.ones(1, 1, 4), 2)\n    Tensor([[[1.0, 1.0]]])")
max_pool2d = _max_pool(2, "lucid.max_pool2d(lucid.ones(1, 1, 2, 2), 2)\n    Tensor([[[[1.0]]]])")
max_pool3d = _max_pool(3, "lucid.max_pool3d(lucid.ones(1, 1, 2, 2, 2), 2)\n    Tensor([[[[[1.0]]]]])")


@op("max_pool1d_with_indices", composite=True)
@like(pooling.max_pool1d_with_indices)
def max_pool1d_with_indices(
    input_: Tensor,
    kernel_size: int | tuple,
    stride: int | tuple | None = (),
    padding: int | tuple = (0,),
    dilation: int | tuple = (1,),
    ceil_mode: bool = False,
) -> tuple[Tensor, Tensor]:
    """`nn.functional.max_pool1d` with the positions of the maxima.

    Examples
    --------
    >>> lucid.max_pool1d_with_indices(lucid.tensor([[1.0, 2.0, 5.0, 3.0]]), 2)
    (Tensor([[2.0, 5.0]]), Tensor([[1, 2]]))
    """
    return pooling.max_pool1d(input_, kernel_size, _step(stride), padding, dilation, ceil_mode, True)


@op("avg_pool1d", composite=True)
@like(pooling.avg_pool1d)
def avg_pool1d(
    input_: Tensor,
    kernel_size: int | tuple,
    stride: int | tuple | None = None,
    padding: int | tuple = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """`nn.functional.avg_pool1d`, under another name.

    Examples
    --------
    >>> lucid.avg_pool1d(lucid.tensor([[1.0, 2.0, 5.0, 3.0]]), 2)
    Tensor([[1.5, 4.0]])
    """
    return pooling.avg_pool1d(input_, kernel_size, _step(stride), padding, ceil_mode, count_include_pad)


@op("adaptive_avg_pool1d", composite=True)
@like(pooling.adaptive_avg_pool1d)
def adaptive_avg_pool1d(input_: Tensor, output_size: int | tuple) -> Tensor:
    """`nn.functional.adaptive_avg_pool1d`, under another name.

    Examples
    --------
    >>> lucid.adaptive_avg_pool1d(lucid.tensor([[1.0, 2.0, 5.0, 3.0]]), 2)
    Tensor([[1.5, 4.0]])
    """
    return pooling.adaptive_avg_pool1d(input_, output_size)


@op("adaptive_max_pool1d", composite=True)
@like(pooling.adaptive_max_pool1d)
def adaptive_max_pool1d(input_: Tensor, output_size: int | tuple) -> tuple[Tensor, Tensor]:
    """`nn.functional.adaptive_max_pool1d` with the positions of the maxima.

    Examples
    --------
    >>> lucid.adaptive_max_pool1d(lucid.tensor([[1.0, 2.0, 5.0, 3.0]]), 2)
    (Tensor([[2.0, 5.0]]), Tensor([[1, 2]]))
    """
    return pooling.adaptive_max_pool1d(input_, output_size, True)


# ---------------------------------------------------------------------------------------------------------- the rest


@op("embedding", composite=True)
@like(tables.embedding, indices="Tensor: int32 or int64, of any shape: which rows.")
def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """`nn.functional.embedding`, the table first; a negative `padding_idx` is none.

    Examples
    --------
    >>> lucid.embedding(lucid.tensor([[1.0], [2.0]]), lucid.tensor([1, 1, 0])).flatten()
    Tensor([2.0, 2.0, 1.0])
    """
    padding = None if padding_idx < 0 else padding_idx
    return tables.embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


_BAGS = ("sum", "mean", "max")


@op("embedding_bag", composite=True)
@like(
    tables.embedding_bag,
    indices="Tensor: int32 or int64, of shape (n,): which rows.",
    offsets="Tensor: Of shape (bags,): where each bag begins; the first at 0.",
    mode="int, optional: 0 sum, 1 mean, 2 maximum.",
    gives="tuple of Tensor",
    returns="What is made of the bags, the bag of each index, how many rows each bag has, and where each maximum stands; "
    "the last three as far as a gradient needs them.",
)
def embedding_bag(
    weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool = False, mode: int = 0, sparse: bool = False,
    per_sample_weights=None, include_last_offset: bool = False, padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """`nn.functional.embedding_bag`, the table first and with what its gradient needs.

    Examples
    --------
    >>> table = lucid.tensor([[1.0], [2.0], [5.0]])
    >>> lucid.embedding_bag(table, lucid.tensor([0, 2, 1]), lucid.tensor([0, 2]), mode=1)
    (Tensor([[3.0],
            [2.0]]), Tensor([0, 0, 1]), Tensor([2, 1]), Tensor([2, 1]))
    """
    if mode not in (0, 1, 2):
        raise RuntimeError(f"embedding_bag(): mode must be 0 (sum), 1 (mean) or 2 (max), got {mode}")
    for name, one in (("indices", indices), ("offsets", offsets)):
        if not isinstance(one, Tensor) or one.array.ndim != 1:
            raise RuntimeError(f"embedding_bag(): {name} must be a tensor of one dimension")
    if per_sample_weights is not None and mode:
        raise RuntimeError("embedding_bag(): per_sample_weights go with mode 0 (sum) alone")
    kind = dtypes.promote_types(indices.dtype, offsets.dtype)
    index = contiguous(cast(indices.array, INT64))
    out, found, which = tables.of_rows(
        weight, index, offsets.array, kind, scale_grad_by_freq, _BAGS[mode], per_sample_weights, include_last_offset, padding_idx,
        (indices, offsets),
    )
    sizes = found.sizes() if mode else 0 * offsets.array
    fast = weight.dtype in (dtypes.float16, dtypes.bfloat16, dtypes.float32) and weight.stride(1) == 1
    owner = found.owners()[: 0 if not mode and padding_idx is None and fast else None]
    where = wrap(sizes.copy()) if which is None else which.clamp_min(0)
    return out, wrap(owner).to(kind), wrap(sizes).to(kind), where.to(kind)


@op("_embedding_renorm")
def _embedding_renorm(input_: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    found = input_.clone()
    tables._renorm(found, indices.array, max_norm, norm_type)
    return found


@_embedding_renorm.vjp_joint("input_")
def _no_gradient(g, needs):
    raise RuntimeError("derivative for embedding_renorm_ is not implemented")


_recorded_renorm = inplace(_embedding_renorm, "embedding_renorm_")


@op("embedding_renorm_", composite=True)
@like(
    tables.embedding,
    input_="Tensor: Of shape (rows, dim): the table.",
    indices="Tensor: int32 or int64, of any shape: which rows.",
    max_norm="float: The largest norm.",
    norm_type="float: Which norm.",
    returns="The table itself.",
)
def embedding_renorm_(input_: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scale those of a table's rows that are looked up down to a norm of at most `max_norm`, in place.

    Examples
    --------
    >>> lucid.embedding_renorm_(lucid.tensor([[3.0, 4.0], [6.0, 8.0]]), lucid.tensor([0]), 1.0, 1.0).round(decimals=3)
    Tensor([[0.429, 0.571],
            [6.0, 8.0]])
    """
    if input_.array.ndim != 2:
        raise RuntimeError(f"embedding_renorm_(): Expected 2-dimensional tensor, but got {input_.array.ndim}-dimensional tensor")
    if indices.dtype not in INDEX_DTYPES:
        raise RuntimeError(f"embedding_renorm_(): indices must be Long or Int, not {torch_name(indices.dtype)}")
    if core.recording((input_,)):
        return _recorded_renorm(input_, indices, max_norm, norm_type)
    check_writable("embedding_renorm_", input_)
    tables._renorm(input_, indices.array, max_norm, norm_type)
    return input_


@op("bilinear", composite=True)
@like(einsum.bilinear)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`nn.functional.bilinear`, under another name.

    Examples
    --------
    >>> lucid.bilinear(lucid.ones(1, 2), lucid.ones(1, 3), lucid.ones(1, 2, 3))
    Tensor([[6.0]])
    """
    return einsum.bilinear(input1, input2, weight, bias)


@op("affine_grid_generator", composite=True)
@like(resampling.affine_grid, align_corners="bool: Whether -1 and 1 are the centres of the corner pixels.")
def affine_grid_generator(theta: Tensor, size: tuple, align_corners: bool) -> Tensor:
    """`nn.functional.affine_grid`, under another name.

    Examples
    --------
    >>> lucid.affine_grid_generator(lucid.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]), [1, 1, 1, 2], False)
    Tensor([[[[0.0, 0.0],
              [2.0, 0.0]]]])
    """
    if not theta.is_complex():
        return resampling.affine_grid(theta, size, align_corners)
    return resampling.affine_points(theta, size, align_corners)


@op("grid_sampler", composite=True)
@like(
    resampling.grid_sample,
    interpolation_mode="int: 0 bilinear, 1 nearest, 2 bicubic.",
    padding_mode="int: 0 zeros, 1 border, 2 reflection.",
    align_corners="bool: Whether -1 and 1 are the centres of the corner pixels.",
)
def grid_sampler(
    input_: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`nn.functional.grid_sample` with numbers for its modes.

    Examples
    --------
    >>> lucid.grid_sampler(lucid.tensor([[[[0.0, 4.0]]]]), lucid.tensor([[[[-0.5, 0.0], [0.0, 0.0]]]]), 0, 0, True)
    Tensor([[[[1.0, 2.0]]]])
    """
    modes, paddings = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    for name, value in (("interpolation_mode", interpolation_mode), ("padding_mode", padding_mode)):
        if value not in (0, 1, 2):
            raise ValueError(f"grid_sampler(): {name} must be 0, 1 or 2, got {value}")
    return resampling.grid_sample(input_, grid, modes[interpolation_mode], paddings[padding_mode], align_corners)


@op("native_channel_shuffle", composite=True)
@like(folding.channel_shuffle)
def native_channel_shuffle(input_: Tensor, groups: int) -> Tensor:
    """`channel_shuffle`, under another name.

    Examples
    --------
    >>> lucid.native_channel_shuffle(lucid.arange(4).reshape(1, 4, 1, 1), 2).flatten()
    Tensor([0, 2, 1, 3])
    """
    return folding.channel_shuffle(input_, groups)


@op("conv_tbc", composite=True, aliases=("nn.functional.conv_tbc",))
@like(
    convolution.conv1d,
    input_="Tensor: Of shape (length, n, in_channels).",
    weight="Tensor: Of shape (width, in_channels, out_channels).",
    bias="Tensor: Of shape (out_channels,).",
    pad="int, optional: Zeros at either end. Default: 0.",
    returns="Of shape (length + 2 pad - width + 1, n, out_channels).",
)
def conv_tbc(input_: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """One-dimensional convolution of sequences whose first dimension is time, and second the batch.

    Examples
    --------
    >>> lucid.conv_tbc(lucid.ones(4, 1, 1), lucid.ones(2, 1, 1), lucid.zeros(1)).flatten()
    Tensor([2.0, 2.0, 2.0])
    """
    for name, one, dims in (("Input", input_, 3), ("Weight", weight, 3), ("Bias", bias, 1)):
        if one.dim() != dims:
            raise RuntimeError(f"{name} must have {dims} dims, got {one.dim()}")
    if input_.shape[2] != weight.shape[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if bias.shape[0] != weight.shape[2]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    found = convolution.conv1d(input_.permute((1, 2, 0)), weight.permute((2, 1, 0)), bias.to(input_.dtype), padding=pad)
    return found.permute((2, 0, 1)).contiguous()


# ------------------------------------------------------------------------------------------------ reductions by number
# The default is no reduction, whatever PyTorch's signatures say: its parser reads the word Mean as 0.


def _by_number(name: str, reduction: int) -> str:
    """The reduction that a number stands for."""
    if type(reduction) is not int:
        raise TypeError(f"{name}(): argument 'reduction' must be int, not {type(reduction).__name__}")
    return {1: "mean", 2: "sum"}.get(reduction, "none")


_NUMBER = {"notes": True, "reduction": "int, optional: 0 for each loss, 1 for their mean, 2 for their sum. Default: 0."}


@op("binary_cross_entropy_with_logits", composite=True)
@like(binary_cross_entropy_with_logits, **_NUMBER)
def binary_cross_entropy_with_logits_by_number(
    input_: Tensor, target: Tensor, weight=None, pos_weight=None, reduction: int = 0
) -> Tensor:
    """`nn.functional.binary_cross_entropy_with_logits`, with a number for the reduction; the input may be broadcast.

    Examples
    --------
    >>> lucid.binary_cross_entropy_with_logits(lucid.tensor([1000.0]), lucid.tensor([0.0]), reduction=2)
    Tensor(1000.0)
    """
    name = "binary_cross_entropy_with_logits"
    reduction = _by_number(name, reduction)
    tensor_argument(name, input_), tensor_argument(name, target, 2, "target")
    return _with_logits(input_, target, weight, reduction, pos_weight)


@op("kl_div", composite=True)
@like(kl_div, **_NUMBER)
def kl_div_by_number(input_: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """`nn.functional.kl_div`, with a number for the reduction.

    Examples
    --------
    >>> lucid.kl_div(lucid.tensor([0.0]), lucid.tensor([1.0]))
    Tensor([0.0])
    """
    return divergence(input_, target, _by_number("kl_div", reduction), log_target)


@op("poisson_nll_loss", composite=True)
@like(poisson_nll_loss, **_NUMBER)
def poisson_nll_loss_by_number(
    input_: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """`nn.functional.poisson_nll_loss`, with a number for the reduction, and without defaults.

    Examples
    --------
    >>> lucid.poisson_nll_loss(lucid.tensor([0.0]), lucid.tensor([2.0]), True, False, 1e-8, 1)
    Tensor(1.0)
    """
    reduction = _by_number("poisson_nll_loss", reduction)
    return poisson_nll_loss(input_, target, log_input, full, eps=eps, reduction=reduction)


@op("margin_ranking_loss", composite=True)
@like(margin_ranking_loss, **_NUMBER)
def margin_ranking_loss_by_number(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: int = 0
) -> Tensor:
    """`nn.functional.margin_ranking_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.margin_ranking_loss(lucid.tensor([1.0]), lucid.tensor([3.0]), lucid.tensor([1.0]))
    Tensor([2.0])
    """
    return _ranked(input1, input2, target, margin, _by_number("margin_ranking_loss", reduction))


@op("hinge_embedding_loss", composite=True)
@like(hinge_embedding_loss, **_NUMBER)
def hinge_embedding_loss_by_number(input_: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """`nn.functional.hinge_embedding_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.hinge_embedding_loss(lucid.tensor([0.5, 0.5]), lucid.tensor([1.0, -1.0]), reduction=0)
    Tensor([0.5, 0.5])
    """
    return hinge_embedding_loss(input_, target, margin, reduction=_by_number("hinge_embedding_loss", reduction))


@op("cosine_embedding_loss", composite=True)
@like(cosine_embedding_loss, **_NUMBER)
def cosine_embedding_loss_by_number(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: int = 0
) -> Tensor:
    """`nn.functional.cosine_embedding_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.cosine_embedding_loss(lucid.tensor([[1.0, 0.0]]), lucid.tensor([[0.0, 1.0]]), lucid.tensor([1]))
    Tensor([1.0])
    """
    return cosine_embedding_loss(input1, input2, target, margin, reduction=_by_number("cosine_embedding_loss", reduction))


@op("triplet_margin_loss", composite=True)
@like(triplet_margin_loss, **_NUMBER)
def triplet_margin_loss_by_number(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-06,
    swap: bool = False, reduction: int = 0,
) -> Tensor:  # fmt: skip
    """`nn.functional.triplet_margin_loss`, with a number for the reduction, and any margin.

    Examples
    --------
    >>> one, two = lucid.tensor([[0.0]]), lucid.tensor([[2.0]])
    >>> lucid.triplet_margin_loss(one, one, two, 3.0, eps=0.0)
    Tensor([1.0])
    """
    reduction = _by_number("triplet_margin_loss", reduction)
    return _triplets(anchor, positive, negative, lambda x, y: pairwise_distance(x, y, p, eps), margin, swap, reduction)


@op("ctc_loss", composite=True)
@like(ctc_loss, **_NUMBER)
def ctc_loss_by_number(
    log_probs: Tensor, targets: Tensor, input_lengths: tuple, target_lengths: tuple, blank: int = 0, reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """`nn.functional.ctc_loss`, with a number for the reduction.

    Examples
    --------
    >>> lucid.ctc_loss(lucid.tensor([[-0.5, -1.5]]), lucid.tensor([1]), [1], [1])
    Tensor(1.5)
    """
    reduction = _by_number("ctc_loss", reduction)
    return ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)
