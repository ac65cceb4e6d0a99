"""Layers of networks, and losses."""

from __future__ import annotations

import math

from lucid.batching.calls import Call, refusal
from lucid.batching.rules._declare import f, flat, lifted, rule, rules, wholes
from lucid.batching.rules.pointwise import elementwise
from lucid.tensor import Tensor
from lucid.utils._pytree import tree_map


def affine(call: Call, out: Tensor, weight, bias, rank: int, behind: int = 0) -> Tensor:
    """A result times a weight plus a bias, of which some are batched; dimensions of size 1 are put behind theirs."""
    for one, function in ((weight, "mul"), (bias, "add")):
        if one is not None:
            whole = call.level.whole(one)
            whole = whole.reshape((*whole.shape, *(1,) * behind))
            out = f(function)(out, lifted(whole, rank))
    return out


@rule("Tensor._masked")
def masked(call: Call):
    x, mask = call.values[:2]
    if mask.ndim != x.ndim:
        raise RuntimeError("a mask of another form")
    return call.run([x.value, mask[None].repeat(call.size, 0), *call.values[2:]])


@rule("nn.functional.layer_norm nn.functional.rms_norm")
def layer_norm(call: Call):
    x, shape, weight = call.values[:3]
    bias = call.get("bias")
    if any(one is not None and tuple(one.shape[-len(shape) :]) != tuple(shape) for one in (x, weight, bias)):
        raise RuntimeError("entries of another shape")
    if not any(call.holds(one) for one in (weight, bias)):
        return call.run([x.value, *call.values[1:]])
    values = [None if one is weight or one is bias else one for one in call.values]
    values[0] = call.level.whole(x)
    return affine(call, call.run(values), weight, bias, x.ndim)


@rule("nn.functional.group_norm")
def group_norm(call: Call):
    x, groups, weight, bias, eps = call.values
    whole = call.level.whole(x)
    if not any(call.holds(one) for one in (weight, bias)):
        return call.run([flat(whole, 0, 2), groups, weight, bias, eps]).reshape(whole.shape)
    out = call.run([flat(whole, 0, 2), groups, None, None, eps]).reshape(whole.shape)
    return affine(call, out, weight, bias, x.ndim, x.ndim - 2)


@rule("nn.functional.batch_norm")
def batch_norm(call: Call):
    x, mean, var, weight, bias, training, momentum, eps = call.values
    if x.ndim < 2:
        raise RuntimeError("entries without channels")
    if training and any(one is not None and call.holds(x) and not call.holds(one) for one in (mean, var)):
        raise refusal(
            "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, were not "
            "batched.\nIf you are using a module and do not need eval mode, please set `track_running_stats` to be False."
        )
    whole = f("transpose")(call.level.whole(x), 0, 1)
    stats = [None if one is None else flat(call.level.whole(one), 0, 2) for one in (mean, var)]
    out = call.run([flat(whole, 1, 3), *stats, None, None, training, momentum, eps])
    if training and mean is not None and not mean.value.is_contiguous():
        mean.value.copy_(stats[0].reshape(mean.value.shape)), var.value.copy_(stats[1].reshape(var.value.shape))
    out = f("transpose")(out.reshape(whole.shape), 0, 1)
    return affine(call, out, weight, bias, x.ndim, x.ndim - 2)


def _convolution(spatial: int):
    """A convolution: the batch is one with that of the images, or, where each entry has its own weight, groups of channels."""

    def convolve(call: Call):
        x, weight, bias = call.values[:3]
        if x.ndim not in (spatial + 1, spatial + 2) or weight.ndim != spatial + 2:
            raise RuntimeError("entries that are no images")
        images = x.ndim == spatial + 2
        whole = call.level.whole(x)
        if not call.holds(weight):
            fixed = bias if bias is None or not call.holds(bias) else None
            out = call.run([flat(whole, 0, 2) if images else whole, weight, fixed, *call.values[3:]])
            out = out.reshape((call.size, -1, *out.shape[1:])) if images and call.size else out
        else:
            whole = f("transpose")(whole if images else whole.unsqueeze(1), 0, 1)
            at = call.op.position["groups"]
            biases = None if bias is None else flat(call.level.whole(bias), 0, 2)
            values = [flat(whole, 1, 3), flat(weight.value, 0, 2), biases, *call.values[3:]]
            values[at] = call.values[at] * call.size
            out = call.run(values)
            out = out.reshape((out.shape[0], call.size, -1, *out.shape[2:]))
            out, fixed = (f("transpose")(out, 0, 1) if images else out.squeeze(0)), bias
        return out if bias is fixed else affine(call, out, None, bias, out.ndim - 1, spatial)

    return convolve


def images(spatial: int, apart: bool = True):
    """What takes images with any number of them in front, or (if they may come `apart`) one without: the batch joins that."""

    def fold(call: Call):
        at, values = call.operands(), wholes(call)
        if apart and call.values[at[0]].ndim not in (spatial + 1, spatial + 2):
            raise RuntimeError("entries that are no images")
        several = call.values[at[0]].ndim == spatial + 2 or not apart
        shape = values[at[0]].shape
        if several:
            values = [flat(one, 0, 2) if i in at else one for i, one in enumerate(values)]
        result = call.run(values)
        return tree_map(lambda one: one.reshape((*shape[:2], *one.shape[1:])), result) if several else result

    return fold


for _n in (1, 2, 3):
    rules(_convolution(_n), f"nn.functional.conv{_n}d nn.functional.conv_transpose{_n}d")
    rules(images(_n), " ".join(
        f"nn.functional.{_name}{_n}d" for _name in ("max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool", "max_unpool")
    ) + f" nn.functional.max_pool{_n}d_with_indices nn.functional.adaptive_max_pool{_n}d_with_indices")  # fmt: skip
rules(images(2), "nn.functional.unfold")
rules(images(1), "nn.functional.fold")
rules(
    images(2, False),
    "nn.functional.interpolate nn.functional.upsample nn.functional.grid_sample nn.functional.affine_grid",
)


@rule("_pair_loss nn.functional.binary_cross_entropy")
def pair_loss(call: Call):
    """The losses of each pair of elements, and their sum or mean for each entry."""
    reduction = call["reduction"]
    if call.get("reduce", call.get("size_average")) is not None:
        raise RuntimeError("older parameters")
    call["reduction"] = "none"
    out = elementwise(call)
    return out if reduction == "none" else f(reduction)(flat(out, 1, out.ndim), 1)


@rule("nn.functional.cross_entropy nn.functional.nll_loss")
def cross_entropy(call: Call):
    x, target, weight = call.values[:3]
    reduction = call["reduction"]
    if call["size_average"] is not None or call["reduce"] is not None or weight is not None and call.holds(weight):
        raise RuntimeError("older parameters, or weights of each entry's own")
    values = wholes(call)
    values[2], values[call.op.position["reduction"]] = weight, "none"
    shape = values[1].shape
    if x.ndim > 1:
        values[0], values[1] = flat(values[0], 0, 2), flat(values[1], 0, 2)
    out = call.run(values)
    out = out.reshape((call.size, -1)) if call.size else out.reshape((0, 1))
    if reduction == "none":
        classes = target.ndim == x.ndim  # probabilities
        return out.reshape(
            shape if not classes else (*shape[: min(x.ndim, 2)], *shape[3:]) if x.ndim > 1 else shape[:1]
        )
    total = out.sum(1)
    if reduction == "sum":
        return total
    if target.ndim == x.ndim:
        return total / (x.shape[0] if x.ndim > 1 else 1) / max(1, math.prod(x.shape[2:]))
    at = flat(values[1].reshape(shape), 1, len(shape))
    kept = at != call["ignore_index"]
    counted = kept.to(out.dtype) if weight is None else weight[f("where")(kept, at, 0)] * kept
    return total / counted.sum(1)
