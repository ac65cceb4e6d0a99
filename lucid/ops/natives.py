"""Functions of `torch` itself whose arguments are not those of their namesakes in `nn.functional`: statistics come in
another order, modes are numbers, strides may be empty lists. The losses stand beside their namesakes."""

from __future__ import annotations

from lucid.autograd.op import op
from lucid.ops import convolution, linalg, normalization, pooling, resampling
from lucid.ops._doc import like
from lucid.ops.embedding import embedding as functional_embedding
from lucid.tensor import Tensor

_CUDNN = "bool: Accepted; there is no cuDNN."


# ----------------------------------------------------------------------------------------------------- normalisation


@op("batch_norm", composite=True)
@like(normalization.batch_norm, cudnn_enabled=_CUDNN)
def batch_norm(
    input_: Tensor, weight, bias, running_mean, running_var, training: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """`nn.functional.batch_norm`, its arguments in another order.

    Examples
    --------
    >>> lucid.batch_norm(lucid.tensor([[1.0], [3.0]]), None, None, None, None, True, 0.1, 0.0, False)
    Tensor([[-1.0],
            [1.0]])
    """
    return normalization.batch_norm(input_, running_mean, running_var, weight, bias, training, momentum, eps)


@op("instance_norm", composite=True)
@like(normalization.instance_norm, cudnn_enabled=_CUDNN)
def instance_norm(
    input_: Tensor, weight, bias, running_mean, running_var, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """`nn.functional.instance_norm`, its arguments in another order.

    Examples
    --------
    >>> lucid.instance_norm(lucid.tensor([[[1.0, 3.0]]]), None, None, None, None, True, 0.1, 0.0, False)
    Tensor([[[-1.0, 1.0]]])
    """
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    return normalization.instance_norm(
        input_, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


# ----------------------------------------------------------------------------------------------------------- pooling


def _step(stride):
    """PyTorch's empty list is the window's own size."""
    return None if isinstance(stride, (tuple, list)) and not stride else stride


def _max_pool(n: int, example: str):
    twin = getattr(pooling, f"max_pool{n}d")

    def max_pool(input_: Tensor, kernel_size, stride=(), padding=0, dilation=1, ceil_mode: bool = False) -> Tensor:
        return twin(input_, kernel_size, _step(stride), padding, dilation, ceil_mode)

    max_pool.__name__ = max_pool.__qualname__ = f"max_pool{n}d"
    max_pool.__doc__ = (
        f"`nn.functional.max_pool{n}d` without the positions.\n\n    Examples\n    --------\n    >>> {example}\n    "
    )
    return op(f"max_pool{n}d", composite=True)(like(twin)(max_pool))


max_pool1d = _max_pool(1, "lucid.max_pool1d(lucid.ones(1, 1, 4), 2)\n    Tensor([[[1.0, 1.0]]])")
max_pool2d = _max_pool(2, "lucid.max_pool2d(lucid.ones(1, 1, 2, 2), 2)\n    Tensor([[[[1.0]]]])")
max_pool3d = _max_pool(3, "lucid.max_pool3d(lucid.ones(1, 1, 2, 2, 2), 2)\n    Tensor([[[[[1.0]]]]])")


@op("max_pool1d_with_indices", composite=True)
@like(pooling.max_pool1d)
def max_pool1d_with_indices(
    input_: Tensor, kernel_size, stride=(), padding=0, dilation=1, ceil_mode: bool = False
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
    input_: Tensor, kernel_size, stride=(), padding=0, ceil_mode: bool = False, count_include_pad: bool = True
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
def adaptive_avg_pool1d(input_: Tensor, output_size) -> Tensor:
    """`nn.functional.adaptive_avg_pool1d`, under another name.

    Examples
    --------
    >>> lucid.adaptive_avg_pool1d(lucid.tensor([[1.0, 2.0, 5.0, 3.0]]), 2)
    Tensor([[1.5, 4.0]])
    """
    return pooling.adaptive_avg_pool1d(input_, output_size)


@op("adaptive_max_pool1d", composite=True)
@like(pooling.adaptive_max_pool1d)
def adaptive_max_pool1d(input_: Tensor, output_size) -> tuple[Tensor, Tensor]:
    """`nn.functional.adaptive_max_pool1d` with the positions of the maxima.

    Examples
    --------
    >>> lucid.adaptive_max_pool1d(lucid.tensor([[1.0, 2.0, 5.0, 3.0]]), 2)
    (Tensor([[2.0, 5.0]]), Tensor([[1, 2]]))
    """
    return pooling.adaptive_max_pool1d(input_, output_size, True)


# ---------------------------------------------------------------------------------------------------------- the rest


@op("embedding", composite=True)
@like(functional_embedding, indices="Tensor: int32 or int64, of any shape: which rows.")
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
    return functional_embedding(indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


@op("bilinear", composite=True)
@like(linalg.bilinear)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`nn.functional.bilinear`, under another name.

    Examples
    --------
    >>> lucid.bilinear(lucid.ones(1, 2), lucid.ones(1, 3), lucid.ones(1, 2, 3))
    Tensor([[6.0]])
    """
    return linalg.bilinear(input1, input2, weight, bias)


@op("affine_grid_generator", composite=True)
@like(resampling.affine_grid, align_corners="bool: Whether -1 and 1 are the centres of the corner pixels.")
def affine_grid_generator(theta: Tensor, size, align_corners: bool) -> Tensor:
    """`nn.functional.affine_grid`, under another name.

    Examples
    --------
    >>> lucid.affine_grid_generator(lucid.tensor([[[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]]), [1, 1, 1, 2], False)
    Tensor([[[[0.0, 0.0],
              [2.0, 0.0]]]])
    """
    return resampling.affine_grid(theta, size, align_corners)


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
    return found.permute((2, 0, 1))
