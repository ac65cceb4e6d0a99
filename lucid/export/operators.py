"""Operators of exported programs whose names or arguments are others than those of the functions here."""

from __future__ import annotations

import inspect
import math

import lucid
from lucid import Tensor, fft, linalg
from lucid.nn import functional as F

__all__ = ["FIRST_ALONE", "OTHERS", "PRIMITIVES"]


def _check(holds, text: str) -> None:
    if not holds:
        raise RuntimeError(text)


def _in_range(size, min=None, max=None) -> None:
    _check((min is None or size >= min) and (max is None or size <= max), f"a size is {size}, not from {min} to {max}")


def _assert_tensor_metadata(x, size=None, stride=None, dtype=None) -> None:
    for name, expected, found in ("size", size, x.shape), ("stride", stride, x.stride()), ("dtype", dtype, x.dtype):
        same = expected is None or (expected == found if name == "dtype" else tuple(expected) == tuple(found))
        _check(same, f"a tensor's {name} is {found}, the program was exported for {expected}")


def _index(indices) -> tuple:
    return tuple(slice(None) if index is None else index for index in indices)


def _slice(x, dim=0, start=None, end=None, step=1):
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


def _index_put(in_place: bool):
    def index_put(x, indices, values, accumulate=False):
        if None in indices:  # as places among all elements, which have no gaps
            places = lucid.arange(x.numel()).view(x.shape)[_index(indices)]
            flat = (x if in_place else x.clone()).reshape(-1)
            result = flat.index_put((places,), values.expand(places.shape), accumulate).view(x.shape)
            return x.copy_(result) if in_place else result
        return (x.index_put_ if in_place else x.index_put)(tuple(indices), values, accumulate)

    return index_put


def _to(x, dtype=None, copy=False, memory_format=None):
    return x.to(dtype=x.dtype if dtype is None else dtype, copy=copy, memory_format=memory_format or lucid.preserve_format)


def _resized(mode: str, names: str, **settings):
    """An operator `upsample_...`: sizes or factors, and factors given one by one beside the sizes which they led to."""
    factors = [f"scales_{name}" for name in names] if len(names) > 1 else ["scales"]

    def upsample(x, output_size, align_corners=None, scale_factors=None, **given):
        scales = scale_factors or [given.pop(name, None) for name in factors]
        if given:
            raise TypeError(f"upsample: unknown arguments {sorted(given)}")
        scales = scales if all(scales) else None
        size = None if scales and output_size is None else tuple(output_size)
        if size is not None and scales is not None and size == tuple(math.floor(n * s) for n, s in zip(x.shape[2:], scales, strict=True)):
            size = None  # the factors, which need not be the sizes' quotients
        return F.interpolate(
            x, size, None if size else tuple(scales), mode, align_corners, recompute_scale_factor=None, **settings
        )

    parameters = ["output_size", *["align_corners"] * ("linear" in mode or "cubic" in mode), "scale_factors", *factors]
    kinds = inspect.Parameter
    upsample.__signature__ = inspect.Signature(
        [kinds("x", kinds.POSITIONAL_OR_KEYWORD), *[kinds(name, kinds.KEYWORD_ONLY, default=None) for name in parameters]]
    )
    return upsample


def _padded(mode: str):
    return lambda x, padding: F.pad(x, padding, mode)


def _fractional(function):
    return lambda x, kernel_size, output_size, random_samples: function(
        x, kernel_size, output_size, return_indices=True, _random_samples=random_samples
    )


def _unpooled(function):
    """Of a size, which other calls have by the kernel that leads to it."""

    def unpool(x, indices, output_size, stride=None, padding=None):
        inside = x.shape[-len(output_size) :]
        return function(x, indices, [size - n + 1 for size, n in zip(output_size, inside, strict=True)], 1)

    return unpool


def _softmax(function):
    return lambda x, dim, half_to_float=False: function(x, dim, dtype=lucid.float32 if half_to_float else None)


def _normalized_by_running(x, weight, bias, running_mean, running_var, momentum, eps):
    empty = x.new_empty(0)
    return lucid.batch_norm(x, weight, bias, running_mean, running_var, False, momentum, eps, False), empty, empty


def _normalized_by_batch(x, weight, bias, training, momentum, eps):
    return lucid.native_batch_norm(x, weight, bias, None, None, training, momentum, eps)


def _normalized_apart(x, weight, bias, running_mean, running_var, training, momentum, eps):
    running_mean, running_var = running_mean.clone(), running_var.clone()
    results = lucid.native_batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps)
    return *results, running_mean, running_var


def _attention_alone(query, key, value, dropout_p=0.0, is_causal=False, *, attn_mask=None, scale=None):
    return F.scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, scale=scale), None


def _attention(query, key, value, dropout_p=0.0, is_causal=False, *, attn_mask=None, scale=None):
    out, _ = _attention_alone(query, key, value, dropout_p, is_causal, attn_mask=attn_mask, scale=scale)
    scores = query @ key.mT * (1 / math.sqrt(query.size(-1)) if scale is None else scale)
    if is_causal:
        scores = scores.masked_fill(scores.new_ones(scores.shape[-2:], dtype=lucid.bool).tril().logical_not(), -math.inf)
    return out, scores.logsumexp(-1) if attn_mask is None else (scores + attn_mask).logsumexp(-1)


def _product_of_three(i1, i2, i3, expand1, expand2, expand3, sumdim, unroll_dim=1):
    return (_widened(i1, expand1) * _widened(i2, expand2) * _widened(i3, expand3)).sum(sumdim)


def _widened(x, dims: list[int]):
    for dim in sorted(dims):
        x = x.unsqueeze(dim)
    return x


def _drawn(name: str):
    return lambda x, *parameters: getattr(x.clone(), name)(*parameters)


def _attribute(name: str):
    return lambda x: getattr(x, name)


def _singular_values(A):
    empty = A.new_empty(0)
    return empty, linalg.svdvals(A), empty


REDUCTIONS = ("none", "mean", "sum")


def _negative_log_likelihood_forward(x, target, weight, reduction, ignore_index):
    used = target != ignore_index
    each = used.to(x.dtype) if weight is None else weight[target.where(used, 0)] * used
    return F.nll_loss(x, target, weight, ignore_index=ignore_index, reduction=REDUCTIONS[reduction]), each.sum()


def _loss(function, reductions=REDUCTIONS):
    """A loss whose reduction comes as a number, and is the mean where it does not come."""
    signature = inspect.signature(function)
    at = list(signature.parameters).index("reduction")

    def loss(*arguments, **settings):
        number = arguments[at] if len(arguments) > at else settings.pop("reduction", 1)
        before, after = arguments[:at], arguments[at + 1 :]
        if after:
            return function(*before, reductions[number], *after, **settings)
        return function(*before, reduction=reductions[number], **settings)

    loss.__signature__ = signature.replace(
        parameters=[one.replace(default=1) if name == "reduction" else one for name, one in signature.parameters.items()]
    )
    return loss


# PyTorch's numbers for how transforms are scaled: not, by the root of the length, by the length.
FORWARD_SCALES, INVERSE_SCALES = ("backward", "ortho", "forward"), ("forward", "ortho", "backward")


def _transformed(x, dim, normalization, forward):
    if forward:
        return fft.fftn(x, dim=dim, norm=FORWARD_SCALES[normalization])
    return fft.ifftn(x, dim=dim, norm=INVERSE_SCALES[normalization])


def _transformed_real(x, dim, normalization, onesided):
    return (fft.rfftn if onesided else fft.fftn)(x, dim=dim, norm=FORWARD_SCALES[normalization])


def _transformed_to_real(x, dim, normalization, last_dim_size):
    sizes = [x.size(one) for one in dim[:-1]] + [last_dim_size]
    return fft.irfftn(x, sizes, dim, INVERSE_SCALES[normalization])


def _spectra(
    x, n_fft, hop_length=None, win_length=None, window=None, normalized=False, onesided=None, return_complex=None, align_to_window=None
):  # fmt: skip
    """Without margins, which the program adds itself."""
    return lucid.stft(
        x, n_fft, hop_length, win_length, window, center=False, normalized=normalized, onesided=onesided, return_complex=return_complex,
        align_to_window=align_to_window,
    )  # fmt: skip


def _solved(A, B, left=True, check_errors=False):
    LU, pivots, info = linalg.lu_factor_ex(A)
    result, _ = linalg.solve_ex(A, B, left=left, check_errors=check_errors)
    return result, LU, pivots, info


def _check_factored(info, api_name, is_matrix):
    _check(not info.any(), f"{api_name}: the input is singular or not positive definite ({info.tolist()})")


def _rrelu(x, noise, lower=1 / 8, upper=1 / 3, training=False):
    out = F.rrelu(x, lower, upper, training)
    return out, lucid.where(x < 0, out / x, 1.0) if training else noise


def _sorted_stably(x, stable=None, dim=-1, descending=False):
    return lucid.sort(x, dim=dim, descending=descending, stable=bool(stable))


# Of operators that others are decomposed into, those that are left in programs.
PRIMITIVES = {"scalar_tensor": lucid.scalar_tensor, "convert_element_type": lambda x, dtype: _to(x, dtype)}
# What stands for an operator of whose results the first alone is asked for.
FIRST_ALONE = {_attention: _attention_alone}
OTHERS = {
    # of sizes, which are plain numbers while a program runs
    "sym_size": lambda x, dim: x.size(dim),
    "sym_stride": lambda x, dim: x.stride(dim),
    "sym_numel": Tensor.numel,
    "sym_storage_offset": Tensor.storage_offset,
    **{name: getattr(Tensor, name) for name in ("dim", "is_contiguous", "is_pinned", "item", "requires_grad_", "size", "storage_offset", "stride")},
    **{f"__{prefix}{name}__": getattr(Tensor, f"__{prefix}{name}__") for name in ("and", "or", "xor", "lshift", "rshift") for prefix in ("", "i")},
    "can_cast": lucid.can_cast,
    "promote_types": lucid.promote_types,
    "sym_constrain_range": _in_range,
    "sym_constrain_range_for_size": _in_range,
    "_assert_scalar": _check,
    "_assert_async": lambda x, text="": _check(x.item(), text),
    "_assert_tensor_metadata": _assert_tensor_metadata,
    "_local_scalar_dense": Tensor.item,
    # the same tensor, or the same values
    "alias": lambda x: x.view(x.shape),
    "lift": lambda x: x,
    "lift_fresh": lambda x: x,
    "lift_fresh_copy": Tensor.clone,
    "copy": lambda x, src: lucid.empty_like(x).copy_(src),
    "to": _to,
    "_to_copy": lambda x, dtype=None, memory_format=None: _to(x, dtype, True, memory_format),
    "_unsafe_view": lambda x, size: x.reshape(size),
    "_reshape_alias": lambda x, size, stride: x.as_strided(size, stride),
    "_reshape_copy": lambda x, size: x.reshape(size).clone(),
    "view.dtype": lambda x, dtype: x.view(dtype),
    "to.other": lambda x, other, copy=False, memory_format=None: _to(x, other.dtype, copy, memory_format),
    # places
    "slice": _slice,
    "index": lambda x, indices: x[_index(indices)],
    "_unsafe_index": lambda x, indices: x[_index(indices)],
    "index_put": _index_put(False),
    "index_put_": _index_put(True),
    "_unsafe_index_put": _index_put(False),
    "sort.stable": _sorted_stably,
    "repeat_interleave.Tensor": lambda repeats, output_size=None: lucid.repeat_interleave(repeats, output_size=output_size),
    "unique_consecutive": lambda x, return_inverse=False, return_counts=False, dim=None: lucid.unique_consecutive(x, True, True, dim),
    "unique_dim_consecutive": lambda x, dim, return_inverse=False, return_counts=False: lucid.unique_consecutive(x, True, True, dim),
    "_unique2": lambda x, sorted=True, return_inverse=False, return_counts=False: lucid.unique(x, sorted, True, True),
    "unique_dim": lambda x, dim, sorted=True, return_inverse=False, return_counts=False: lucid.unique(x, sorted, True, True, dim),
    # padding and sizes of pictures
    **{f"{name}_pad{n}d": _padded(mode) for n in (1, 2, 3) for name, mode in (("reflection", "reflect"), ("replication", "replicate"))},
    "_pad_circular": _padded("circular"),
    **{f"upsample_nearest{n}d": _resized("nearest", "dhw"[-n:]) for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": _resized("nearest-exact", "dhw"[-n:]) for n in (1, 2, 3)},
    "upsample_linear1d": _resized("linear", "w"),
    "upsample_bilinear2d": _resized("bilinear", "hw"),
    "upsample_trilinear3d": _resized("trilinear", "dhw"),
    "upsample_bicubic2d": _resized("bicubic", "hw"),
    "_upsample_bilinear2d_aa": _resized("bilinear", "hw", antialias=True),
    "_upsample_bicubic2d_aa": _resized("bicubic", "hw", antialias=True),
    "im2col": F.unfold,
    "col2im": F.fold,
    # pooling
    "fractional_max_pool2d": _fractional(F.fractional_max_pool2d),
    "fractional_max_pool3d": _fractional(F.fractional_max_pool3d),
    "adaptive_max_pool1d": lambda x, output_size: F.adaptive_max_pool1d(x, output_size, True),
    "adaptive_max_pool2d": lambda x, output_size: F.adaptive_max_pool2d(x, output_size, True),
    "adaptive_max_pool3d": lambda x, output_size: F.adaptive_max_pool3d(x, output_size, True),
    "max_unpool2d": _unpooled(F.max_unpool2d),
    "max_unpool3d": _unpooled(F.max_unpool3d),
    "_adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "_adaptive_avg_pool3d": F.adaptive_avg_pool3d,
    # layers
    "_softmax": _softmax(lucid.softmax),
    "_log_softmax": _softmax(lucid.log_softmax),
    "_native_batch_norm_legit": lucid.native_batch_norm,
    "_native_batch_norm_legit.no_stats": _normalized_by_batch,
    "_native_batch_norm_legit_functional": _normalized_apart,
    "_native_batch_norm_legit_no_training": _normalized_by_running,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_cdist_forward": lambda x1, x2, p, compute_mode=None: lucid.cdist(x1, x2, p),
    "_embedding_bag_forward_only": lucid.embedding_bag,
    "_lu_with_info": lambda x, pivot=True, check_errors=True: linalg.lu_factor_ex(x, pivot=pivot, check_errors=check_errors),
    "_pdist_forward": F.pdist,
    "_conj": lambda x: x.conj(),
    "_conj_physical": lambda x: x.conj_physical(),
    "_neg_view": lambda x: -x,
    **{name: _attribute(name) for name in ("T", "H", "mT", "mH")},
    "numpy_T": lambda x: x.T,
    "matrix_H": lambda x: x.H,
    "tensordot": lambda x, other, dims_self, dims_other: lucid.tensordot(x, other, (dims_self, dims_other)),
    "stft.default": _spectra,
    "_fft_c2c": _transformed,
    "_fft_r2c": _transformed_real,
    "_fft_c2r": _transformed_to_real,
    "_grouped_mm": lambda x, mat2, offs=None, bias=None, out_dtype=None: F.grouped_mm(x, mat2, offs=offs, bias=bias, out_dtype=out_dtype),
    "_linalg_det": lambda A: (linalg.det(A), *linalg.lu_factor(A)),
    "_linalg_slogdet": lambda A: (*linalg.slogdet(A), *linalg.lu_factor(A)),
    "_linalg_svd": lambda A, full_matrices=False, compute_uv=True: linalg.svd(A, full_matrices) if compute_uv else _singular_values(A),
    "_linalg_eigh": lambda A, UPLO="L", compute_v=True: linalg.eigh(A, UPLO),
    "_linalg_eigvals": linalg.eigvals,
    "_linalg_solve_ex": _solved,
    "_linalg_check_errors": _check_factored,
    "elu": lambda x, alpha=1, scale=1, input_scale=1: scale * F.elu(x * input_scale, alpha),
    "elu_": lambda x, alpha=1, scale=1, input_scale=1: x.copy_(scale * F.elu(x * input_scale, alpha)),
    "rrelu_with_noise_functional": _rrelu,
    "embedding_renorm": lambda x, indices, max_norm, norm_type: lucid.embedding_renorm_(x.clone(), indices, max_norm, norm_type),
    "log_sigmoid_forward": lambda x: (F.logsigmoid(x), x.new_empty(0)),
    "log_sigmoid": F.logsigmoid,
    "_trilinear": _product_of_three,
    "_prelu_kernel": lambda x, weight: lucid.where(x > 0, x, weight * x),
    "_weight_norm": lambda v, g, dim=0: v * (g / lucid.norm_except_dim(v, 2, dim)),
    # losses
    **dict.fromkeys(("nll_loss", "nll_loss2d", "nll_loss_nd"), _loss(F.nll_loss)),
    "nll_loss_forward": _negative_log_likelihood_forward,
    "nll_loss2d_forward": _negative_log_likelihood_forward,
    "cross_entropy_loss": _loss(F.cross_entropy),
    **{
        name: _loss(getattr(F, name))
        for name in (
            "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "soft_margin_loss", "multi_margin_loss",
            "multilabel_margin_loss",
        )
    },
    **{
        name: _loss(getattr(lucid, name), (0, 1, 2))
        for name in (
            "binary_cross_entropy_with_logits", "cosine_embedding_loss", "ctc_loss", "hinge_embedding_loss", "kl_div",
            "margin_ranking_loss", "triplet_margin_loss",
        )
    },
    # random
    "uniform": _drawn("uniform_"),
    "random": _drawn("random_"),
    "normal_functional": _drawn("normal_"),
    "exponential": _drawn("exponential_"),
    "geometric": _drawn("geometric_"),
    "cauchy": _drawn("cauchy_"),
    "log_normal": _drawn("log_normal_"),
}  # fmt: skip
