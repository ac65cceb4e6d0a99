"""What is made anew, in the form of an entry; entries that become other views in place."""

from __future__ import annotations

import math

from lucid.batching.calls import RULES, Call, refusal
from lucid.batching.rules._declare import f, final, lifted, rule
from lucid.batching.tensor import _nothing, _set_array
from lucid.tensor import Tensor


@rule("zeros_like ones_like empty_like")
def like(call: Call):
    return call.run([call.values[0].value, *call.values[1:]])


@rule("full_like")
def full_like(call: Call):
    if isinstance(call.values[1], Tensor) and call.holds(call.values[1]):
        raise RuntimeError("a number of each entry's own")
    return like(call)


@rule(".new_zeros .new_ones .new_empty .new_full .new_tensor .new")
def new(call: Call):
    x = f("Tensor.expand")(f("zeros")(1, dtype=call.values[0].dtype), call.values[0].shape)
    one = getattr(x, call.func.__name__)(*call.values[1:], **call.named)
    return call.level.whole(one).clone()


@rule("fill")
def fill(call: Call):
    x, value = call.values[:2]
    if isinstance(value, Tensor):
        value = lifted(call.level.whole(value), x.ndim).to(x.dtype)
        return x.value.copy_(value) if call.inplace else f("Tensor.expand")(value, call.level.whole(x).shape).clone()
    return call.run([x.value, value])


def _reshaped(name: str):
    """A view in place: the tensor itself becomes its view."""

    def view(call: Call):
        x = call.values[0]
        found = getattr(Tensor, name)(*call.values, **call.named)
        x.value = found.value
        _set_array(x, _nothing(found.shape, found.dtype.numpy))

    return final(view)


@rule(".resize_ resize_as_")
@final
def resized(call: Call):
    x, size = call.values[:2]
    size = tuple(size.shape if isinstance(size, Tensor) else call.values[1:] if isinstance(size, int) else size)
    if math.prod(size) != x.numel():
        raise refusal("vmap: a batch is not resized in place to another number of elements")
    x.value = x.value.reshape((call.size, *size))
    _set_array(x, _nothing(size, x.dtype.numpy))


for _name in ["squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims"]:
    RULES[f".{_name}_"] = _reshaped(_name)
