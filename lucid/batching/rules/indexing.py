"""What picks and places by indices."""

from __future__ import annotations

from lucid import dtypes
from lucid.autograd.node import Supplied
from lucid.batching.calls import Call, entries, refusal
from lucid.batching.rules._declare import SIZES, f, flat, lifted, rule, shifted
from lucid.batching.rules.dimensions import along
from lucid.batching.rules.pointwise import elementwise
from lucid.batching.tensor import BatchedTensor
from lucid.tensor import Tensor


def _indices(call: Call, x: Tensor, index):
    """An index of entries as one of the whole, and what has to be done to what it picks: None for nothing."""
    several = isinstance(index, list) and any(
        one is None or isinstance(one, (slice, list, tuple, Tensor)) for one in index
    )
    items = list(index) if several or isinstance(index, tuple) else [index]
    whole = x.value
    tensors = [i for i, one in enumerate(items) if not (one is None or one is Ellipsis or type(one) in (int, slice))]
    batched = [i for i in tensors if isinstance(items[i], Tensor) and call.holds(items[i])]
    if any(items[i].dtype in (dtypes.bool_, dtypes.uint8) for i in batched):
        raise refusal(
            "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over indexing with a boolean mask."
        )
    if not batched and len(tensors) < 2:
        return whole, (slice(None), *items), None
    items = [f("tensor")(one) if isinstance(one, list) else one for one in items]
    if not all(isinstance(items[i], Tensor) and items[i].dtype not in (dtypes.bool_, dtypes.uint8) for i in tensors):
        raise RuntimeError("indices of other kinds")
    basic = [slice(None) if i in tensors else one for i, one in enumerate(items)]
    if Ellipsis in [one for one in basic if not isinstance(one, slice)]:
        at = next(i for i, one in enumerate(basic) if one is Ellipsis)
        used = sum(one is not None and one is not Ellipsis for one in basic)
        basic[at : at + 1] = [slice(None)] * (x.ndim - used)
        tensors = [i if i < at else i + x.ndim - used - 1 for i in tensors]
        items[at : at + 1] = [slice(None)] * (x.ndim - used)
    view = whole[(slice(None), *basic)]
    picks = [items[i] if i in tensors else None for i, one in enumerate(basic) if type(one) is not int]
    chosen = [i for i, one in enumerate(picks) if one is not None]
    rank = max(picks[i].ndim for i in chosen)
    rows = f("arange")(call.size).reshape((call.size,) + (1,) * rank)
    index = tuple(slice(None) if one is None else lifted(one.value, rank) if call.holds(one) else one for one in picks)
    neighbours = chosen[-1] - chosen[0] + 1 == len(chosen)
    moved = chosen[0] if neighbours else 0
    return view, (rows, *index), (moved, rank)


@rule(".__getitem__")
def getitem(call: Call):
    x, index = call.values
    if not call.holds(x):
        x = BatchedTensor(call.level.whole(x), call.level)
    whole, index, moved = _indices(call, x, index)
    found = whole[index]
    if moved and moved[0] and moved[1]:
        before, rank = moved
        found = f("movedim")(found, tuple(range(1, 1 + rank)), tuple(range(1 + before, 1 + before + rank)))
    return found


@rule(".__setitem__")
def setitem(call: Call):
    x, index, value = call.values
    whole, index, moved = _indices(call, x, index)
    if isinstance(value, Tensor):
        shape = whole[index].shape
        if call.holds(value):
            value = lifted(value.value, len(shape) - 1) if value.ndim < len(shape) else value.value
        if moved and moved[0] and moved[1]:
            before, rank = moved
            if not call.holds(call.values[2]):
                value = f("Tensor.expand")(
                    value, (*shape[1 + rank : 1 + rank + before], *shape[1 : 1 + rank], *shape[1 + rank + before :])
                )
                value = value.unsqueeze(0)
            value = f("movedim")(value, tuple(range(1 + before, 1 + before + rank)), tuple(range(1, 1 + rank)))
    whole[index] = value


@rule("index_select")
def index_select(call: Call):
    x, dim, index = call["input_"], call["dim"], call["index"]
    if not x.ndim or index.ndim != 1:
        raise RuntimeError("a 0-d entry")
    if not call.holds(index):
        return along(call, [x.value, dim, index, *call.values[3:]])
    if bool((index.value < 0).any()):
        raise IndexError("counted from the end, which is refused")
    whole = f("movedim")(call.level.whole(x), shifted(dim, x.ndim), 1)
    rows = f("arange")(call.size).unsqueeze(1)
    return f("movedim")(whole[rows, index.value], 1, shifted(dim, x.ndim))


@rule("index_copy index_fill")
def index_write(call: Call):
    x, index = call["input_"], call["index"]
    if call.holds(index) or not x.ndim:
        raise RuntimeError("an index of each entry's own")
    values = [
        call.level.whole(one) if isinstance(one, Tensor) and one is not index and one.ndim else one
        for one in call.values
    ]
    if any(isinstance(one, Tensor) and call.holds(one) for one in values):
        raise RuntimeError("a 0-d value")
    return along(call, values)


@rule("index_add")
def index_add(call: Call):
    x, dim, index, source = call.values[:4]
    if not call.holds(index):
        return index_write(call)
    if call.inplace or not x.ndim or index.ndim != 1:
        raise RuntimeError("an index of each entry's own, in place or of a 0-d entry")
    if source.shape != (*x.shape[: dim % x.ndim], *index.shape, *x.shape[dim % x.ndim + 1 :]):
        raise RuntimeError("a source of another shape")
    dim, source = shifted(dim, x.ndim), call.level.whole(source)
    at = index.value.reshape([call.size if i == 0 else -1 if i == dim % source.ndim else 1 for i in range(source.ndim)])
    return f("scatter_add")(call.level.whole(x), dim, f("Tensor.expand")(at, source.shape), source * call["alpha"])


@rule("bucketize")
def bucketize(call: Call):
    if call.holds(call["boundaries"]):
        raise RuntimeError("boundaries of each entry's own")
    return elementwise(call)


@rule("nn.functional.one_hot")
def one_hot(call: Call):
    if call["num_classes"] < 0:
        raise refusal(
            "When vmap-ing torch.nn.functional.one_hot, please provide an explicit positive num_classes argument."
        )
    return elementwise(call)


@rule("nn.functional.embedding")
def embedding(call: Call):
    index, weight = call.values[:2]
    if call["max_norm"] is not None:
        raise RuntimeError("the weight is written to")
    if not call.holds(weight):
        return call.run([index.value, weight, *call.values[2:]])
    if call["padding_idx"] is not None or call["scale_grad_by_freq"]:
        raise RuntimeError("gradients of particular rows")
    rows = f("arange")(call.size).reshape((call.size,) + (1,) * index.ndim) * weight.shape[0]
    index = index.value if call.holds(index) else index
    if bool(((index < 0) | (index >= weight.shape[0])).any()):
        raise IndexError("index out of range in self")
    return call.run([index + rows, flat(weight.value, 0, 2), *call.values[2:]])


@rule("masked_select")
def masked_select(call: Call):
    x, mask = call.values[:2]
    if call.holds(mask):
        raise refusal(SIZES.format("masked_select"))
    rank = max(x.ndim, mask.ndim, 1)
    shape = f("broadcast_shapes")(x.shape, mask.shape, (1,))
    return f("Tensor.expand")(lifted(x.value, rank), (call.size, *shape))[:, f("Tensor.expand")(mask, shape)]


@rule("as_strided_scatter")
def as_strided_scatter(call: Call):
    """Entry by entry: where a piece begins is counted from the beginning of an entry's own memory."""
    given = (entries(call.level, call.values, i) for i in range(call.size))
    return Supplied.stack(
        [call.run([one.clone() if isinstance(one, Tensor) else one for one in values]) for values in given], 0
    )
