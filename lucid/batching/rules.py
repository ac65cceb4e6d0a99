"""The rules, by family: how one call over the whole batch gives what each entry's own would.

A rule takes a `Call` and returns its result with the batch in front. One more is one line: `rules(family, "path path ...")` for what
belongs to a family, `@rule("path")` above a function for what does not.
"""

from __future__ import annotations

import math

from lucid import dtypes
from lucid.autograd.op import DECLARED, Supplied
from lucid.batching.calls import RANDOM_ERROR, RULES, Call, Unbatched, entries, loop, mapped, refusal
from lucid.batching.tensor import BatchedTensor, Escaped, _nothing, _set_array
from lucid.ops.methods import BINARY, COMPARISONS, foreign
from lucid.ops.view import infer_shape
from lucid.tensor import Tensor

POINTWISE = "activation arithmetic bessel circular comparison complex exponentials magnitude polynomials special"  # modules of ops
DIMENSIONS = ("dim", "dims", "dim0", "dim1", "dim2", "axis", "dimension")


def rules(family, paths: str) -> None:
    """Have operations computed by the rule of a family."""
    for path in paths.split():
        RULES[path] = family


def rule(paths: str):
    """Declare a rule for what belongs to no family."""

    def declare(function):
        rules(function, paths)
        return function

    return declare


def final(function):
    """A rule whose errors are the program's: nothing else is tried."""
    function.final = True
    return function


def f(path: str):
    """An operation."""
    return DECLARED[path].function


def flat(x: Tensor, first: int, last: int) -> Tensor:
    """A tensor with some neighbouring dimensions, the last not among them, as one."""
    return x.reshape((*x.shape[:first], math.prod(x.shape[first:last]), *x.shape[last:]))


def lifted(x: Tensor, rank: int) -> Tensor:
    """A whole whose entries get dimensions of size 1 in front, up to `rank`."""
    missing = rank + 1 - x.ndim
    return x if missing <= 0 else x.reshape((x.shape[0],) + (1,) * missing + tuple(x.shape[1:]))


# ---------------------------------------------------------------------------------------------- element by element


def elementwise(call: Call):
    """Operands that are broadcast: behind the batch, their dimensions stand as those of the entries do."""
    values, at = list(call.values), call.operands()
    rank = max(values[i].ndim for i in at)
    if call.inplace and values[0].ndim < rank:
        raise RuntimeError("an entry does not hold the result")
    if len(at) > 1:
        numbers = [i for i in at if values[i].ndim == 0 and call.holds(values[i]) and values[i].dtype is not dtypes.bool_]
        if numbers and len({values[i].dtype for i in at}) > 1:  # a 0-d entry counts as a number, its batch would not
            dtype = dtypes.result_dtype([values[i] for i in at])
            for i in numbers[call.inplace and numbers[0] == 0 :]:
                values[i] = values[i].to(dtype)
    for i in at:
        if call.holds(values[i]):
            values[i] = lifted(values[i].value, rank)
    return call.run(values)


def written(call: Call):
    """A source in the place of a target, in its dtype: `copy_`."""
    target, src = call.values[:2]
    if isinstance(src, Tensor) and call.holds(src):
        src = src.value if src.ndim > target.ndim else lifted(src.value, target.ndim)
    return call.run([target.value, src, *call.values[2:]])


@rule("where")
def where(call: Call):
    if call["input_"] is None:
        raise refusal(SIZES.format("where"))
    return elementwise(call)


def operator(function, reflected: bool):
    """A rule for Python's operator, as what the method computes."""
    return lambda call: Unbatched(foreign(function, reflected, *call.values))


for _name, _path in BINARY.items():
    for _letter in ("", "r", "i"):
        _method = getattr(Tensor, _path + "_" * (_letter == "i"), None)
        if _method is not None:
            RULES[f".__{_letter}{_name}__"] = operator(_method, _letter == "r")
for _name in COMPARISONS:
    RULES[f".__{_name}__"] = operator(getattr(Tensor, _name), False)


# ---------------------------------------------------------------------------------------------- along dimensions


def shifted(dim, rank: int):
    """A dimension of the entries, or several, as those of the whole."""
    if isinstance(dim, (tuple, list)):
        return tuple(shifted(one, rank) for one in dim)
    if dim is None or isinstance(dim, bool):
        return dim
    if not -max(rank, 1) <= dim < max(rank, 1):
        raise IndexError(f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})")
    return dim if dim < 0 else dim + 1


def wholes(call: Call) -> list:
    """The values with all tensors batched, in sequences too."""

    def whole(value):
        if isinstance(value, Tensor):
            return call.level.whole(value)
        return [whole(one) for one in value] if isinstance(value, (tuple, list)) and any(isinstance(one, Tensor) for one in value) else value

    return [whole(value) for value in call.values]


def along(call: Call, values=None):
    """What goes along dimensions: they are one further back. A 0-d entry has one dimension meanwhile."""
    values = wholes(call) if values is None else values
    first = values[0] if isinstance(values[0], Tensor) else values[0][0]
    rank = first.ndim - 1
    for name in DIMENSIONS:
        if name in call:
            i = call.op.position[name]
            values[i] = shifted(values[i], rank)
    if rank:
        return call.run(values)
    if call.op.view or any(isinstance(one, Tensor) and one.ndim > 1 for one in values):
        raise RuntimeError("a view of a 0-d entry, or a 0-d entry beside others")
    values = [one.unsqueeze(1) if isinstance(one, Tensor) and one.ndim == 1 else one for one in values]
    return mapped(lambda one: one.squeeze(1), call.run(values))


def reduced(call: Call):
    """What sums up dimensions: with none named, all but the batch, as one."""
    values, x = wholes(call), call.values[0]
    i = call.op.position["dim"]
    if isinstance(values[i], bool):  # var(x, unbiased)
        values[i], values[call.op.position["unbiased"]] = None, values[i]
    if values[i] is None or values[i] == () or values[i] == []:
        values[0], values[i] = flat(values[0], 1, x.ndim + 1), 1
        kept = call.get("keepdim")
        return mapped(lambda one: one.reshape((call.size,) + (1,) * x.ndim) if kept else one, call.run(values))
    return along(call, values)


def leading(call: Call):
    """What takes any dimensions in front, all tensors the same."""
    if len({call.values[i].ndim for i in call.operands()}) > 1:
        raise RuntimeError("entries with other numbers of dimensions")
    return call.run(wholes(call))


def last(call: Call):
    """What takes any dimensions in front of the last two, of several tensors that are broadcast there."""
    values = wholes(call)
    rank = max(values[i].ndim - 1 for i in call.operands())
    return call.run([lifted(one, rank) if isinstance(one, Tensor) else one for one in values])


@rule("permute")
def permute(call: Call):
    dims = call["dims"]
    return call.run([call.values[0].value, (0, *(dim % call.values[0].ndim + 1 for dim in dims))])


@rule("unsqueeze")
def unsqueeze(call: Call):
    return call.run([call.values[0].value, shifted(call["dim"], call.values[0].ndim + 1)])


@rule("squeeze")
def squeeze(call: Call):
    x, dim = call.values[0], call["dim"]
    if not x.ndim:
        return x.value
    every = tuple(i + 1 for i, size in enumerate(x.shape) if size == 1)
    return call.run([x.value, every if dim is None else shifted(dim, x.ndim)])


@rule("transpose")
def transpose(call: Call):
    x = call.values[0]
    return along(call) if x.ndim else f("Tensor._alias")(x.value)


@rule("Tensor.expand")
def expand(call: Call):
    size = tuple(call["size"])
    return call.run([lifted(call.values[0].value, len(size)), (-1 if call.size != 1 else 1, *size), *call.values[2:]])


@rule("reshape Tensor.view")
def reshape(call: Call):
    x, shape = call.values[0], call.values[1]
    shape = infer_shape((shape,) if isinstance(shape, int) else tuple(shape), x.numel())
    return call.run([x.value, (call.size, *shape)])


@rule("Tensor._index_basic")
def index_basic(call: Call):
    index = call["index"]
    return call.run([call.values[0].value, (slice(None), *(index if isinstance(index, tuple) else (index,)))])


@rule("as_strided")
def as_strided(call: Call):
    x, size, stride, offset = call.values
    return call.run([x.value, (call.size, *size), (x.value.stride(0), *stride), offset])


@rule("_extreme_of_all")
def extreme_of_all(call: Call):
    x = call.values[0].value
    return f("a" + call["name"].removeprefix("a"))(flat(x, 1, x.ndim), 1)


rules(along, "softmax log_softmax cumsum cumprod logcumsumexp cummax cummin select narrow diagonal Tensor.unfold split_with_sizes unbind "
      "flip gather scatter_add Tensor._scatter scatter_reduce cat _sort _topk _select_along _extreme_along _fft_c2c _fft_r2c _fft_c2r "
      "tril triu _cross")  # fmt: skip
rules(reduced, "sum nansum mean prod var std var_mean std_mean logsumexp amax amin argmax argmin any all count_nonzero linalg.vector_norm")
rules(leading, "view_as_real view_as_complex linalg.inv linalg.det linalg.slogdet linalg.cholesky linalg.cholesky_ex linalg.inv_ex linalg.qr "
      "linalg.svd linalg.svdvals linalg.eigh linalg.eigvalsh linalg.eig linalg.lu_factor_ex linalg.matrix_exp cholesky_inverse "
      "linalg.pinv linalg.lu_factor linalg.ldl_factor linalg.ldl_factor_ex geqrf constant_pad_nd Tensor._edged _safe_softmax")  # fmt: skip
rules(last, "linalg.solve_triangular cholesky_solve")


@rule("diag_embed")
def diag_embed(call: Call):
    x, offset, *dims = call.values
    return call.run([x.value, offset, *(shifted(dim, x.ndim + 1) for dim in dims)])


@rule("stack")
def stack(call: Call):
    tensors = wholes(call)[0]
    return call.run([tensors, shifted(call["dim"], tensors[0].ndim)])


@rule("roll")
def roll(call: Call):
    values, x = wholes(call), call.values[0]
    if call["dims"] is None or call["dims"] == ():
        return call.op.function(flat(values[0], 1, x.ndim + 1), call["shifts"], 1).reshape((call.size, *x.shape))
    return along(call, values)


@rule("linalg.solve")
def solve(call: Call):
    a, b = wholes(call)[:2]
    if call["B"].ndim == 1 or call["B"].ndim == call["A"].ndim - 1:
        raise RuntimeError("vectors")
    return last(call) if a.ndim >= b.ndim else call.run([lifted(a, b.ndim - 1), b, *call.values[2:]])


# ---------------------------------------------------------------------------------------------- products


@rule("matmul")
def matmul(call: Call):
    a, b = call.values[:2]
    if not (a.ndim and b.ndim):
        raise RuntimeError("0-d")
    vectors = a.ndim == 1, b.ndim == 1
    rank = max(a.ndim, b.ndim, 2)
    whole = [one.value if call.holds(one) else one for one in (a, b)]
    if vectors == (True, False) and b.ndim == 2 and not call.holds(b):
        return call.run([*whole, *call.values[2:]])
    if vectors[0]:
        whole[0] = whole[0].unsqueeze(-2)
    if vectors[1]:
        whole[1] = whole[1].unsqueeze(-1)
    whole = [lifted(one, rank) if call.holds(given) else one for one, given in zip(whole, (a, b))]
    out = call.run([*whole, *call.values[2:]])
    if vectors[1]:
        out = out.squeeze(-1)
    return out.squeeze(-1 if vectors[1] else -2) if vectors[0] else out


@rule("nn.functional.linear")
def linear(call: Call):
    x, weight, bias = call.values[:3]
    if not call.holds(weight) and not (bias is not None and call.holds(bias)):
        return call.run([x.value, weight, bias])
    if weight.ndim != 2 or not x.ndim:
        raise RuntimeError("a vector for a weight")
    columns = call.level.whole(weight).transpose(1, 2)
    rows = call.level.whole(x)
    shape = rows.shape
    rows = rows.unsqueeze(1) if len(shape) == 2 else flat(rows, 1, len(shape) - 1) if len(shape) != 3 else rows
    out = f("matmul")(rows, columns)
    if bias is not None:
        out = out + lifted(call.level.whole(bias), 2)
    return out.reshape((*shape[:-1], weight.shape[0]))


# ---------------------------------------------------------------------------------------------- indices


def _indices(call: Call, x: Tensor, index):
    """An index of entries as one of the whole, and what has to be done to what it picks: None for nothing."""
    items = list(index) if isinstance(index, tuple) else [index]
    if isinstance(index, list) and any(one is None or isinstance(one, (slice, list, tuple, Tensor)) for one in index):
        items = list(index)
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
    picks, k = [], 0
    for i, one in enumerate(basic):
        if type(one) is int:
            continue
        picks.append(items[i] if i in tensors else None)
        k += 1
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
                value = f("Tensor.expand")(value, (*shape[1 + rank : 1 + rank + before], *shape[1 : 1 + rank], *shape[1 + rank + before :]))
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
    whole = f("movedim")(call.level.whole(x), shifted(dim, x.ndim), 1)
    rows = f("arange")(call.size).unsqueeze(1)
    return f("movedim")(whole[rows, index.value], 1, shifted(dim, x.ndim))


@rule("index_copy index_fill")
def index_write(call: Call):
    x, index = call["input_"], call["index"]
    if call.holds(index) or not x.ndim:
        raise RuntimeError("an index of each entry's own")
    values = [call.level.whole(one) if isinstance(one, Tensor) and one is not index and one.ndim else one for one in call.values]
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
        raise refusal("When vmap-ing torch.nn.functional.one_hot, please provide an explicit positive num_classes argument.")
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
    at = (call.level.whole(index) if call.holds(index) else index) + rows
    if bool(((index.value if call.holds(index) else index) >= weight.shape[0]).any()):
        raise IndexError("index out of range in self")
    return call.run([at, flat(weight.value, 0, 2), *call.values[2:]])


# ---------------------------------------------------------------------------------------------- layers


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
    x, _, weight = call.values[:3]
    bias = call.get("bias")
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
        several = call.values[at[0]].ndim == spatial + 2 or not apart
        shape = values[at[0]].shape
        if several:
            values = [flat(one, 0, 2) if i in at else one for i, one in enumerate(values)]
        result = call.run(values)
        return mapped(lambda one: one.reshape((*shape[:2], *one.shape[1:])), result) if several else result

    return fold


for _n in (1, 2, 3):
    rules(_convolution(_n), f"nn.functional.conv{_n}d nn.functional.conv_transpose{_n}d")
    rules(images(_n), " ".join(
        f"nn.functional.{_name}{_n}d" for _name in ("max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool", "max_unpool")
    ) + f" nn.functional.max_pool{_n}d_with_indices nn.functional.adaptive_max_pool{_n}d_with_indices")  # fmt: skip
rules(images(2), "nn.functional.unfold")
rules(images(1), "nn.functional.fold")
rules(images(2, False), "nn.functional.interpolate nn.functional.upsample nn.functional.grid_sample nn.functional.affine_grid")


# ---------------------------------------------------------------------------------------------- losses


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
        return out.reshape(shape if not classes else (*shape[: min(x.ndim, 2)], *shape[3:]) if x.ndim > 1 else shape[:1])
    total = out.sum(1)
    if reduction == "sum":
        return total
    if target.ndim == x.ndim:
        return total / (x.shape[0] if x.ndim > 1 else 1) / max(1, math.prod(x.shape[2:]))
    at = flat(values[1].reshape(shape), 1, len(shape))
    kept = at != call["ignore_index"]
    counted = kept.to(out.dtype) if weight is None else weight[f("where")(kept, at, 0)] * kept
    return total / counted.sum(1)


# ---------------------------------------------------------------------------------------------- what is made anew


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
    return Supplied.stack([call.run([one.clone() if isinstance(one, Tensor) else one for one in values]) for values in given], 0)


rules(written, "Tensor._copy")


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


# ---------------------------------------------------------------------------------------------- random numbers


def drawn(function):
    """A rule that draws: asked at the innermost level, whatever the arguments are."""

    def draw(call: Call):
        if call.level.randomness == "error":
            raise refusal(RANDOM_ERROR)
        return function(call)

    draw.draws = True
    return final(draw)


def _bare(call: Call):
    """The call as it is, for all entries at once."""
    return Unbatched(call.run())


@drawn
def fresh(call: Call):
    """New tensors of random numbers, of a size that is given."""
    if call.level.randomness == "same":
        return _bare(call)
    if call.path == "randperm":
        return Supplied.stack([call.run() for _ in range(call.size)], 0)
    if call.op is None:
        sizes = call.named.pop("size", None) if "size" in call.named else call.values
        sizes = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else tuple(sizes)
        return call.func(call.size, *sizes, **call.named)
    values = list(call.values)
    at = call.op.position["size"]
    if values[at] is None and call.path == "randint":  # randint(high, size)
        at = next(i for i in (1, 0) if isinstance(values[i], (tuple, list)))
    values[at] = (call.size, *values[at])
    return call.run(values)


@drawn
def sampled(call: Call):
    """Random numbers like tensors, whose elements may be parameters of the distribution."""
    held = [i for i in call.operands() if call.holds(call.values[i])]
    if call.level.randomness == "same":
        if not held:
            return _bare(call)
        if not call.path.endswith("_like"):
            raise refusal("Vmap does not currently support same randomness with a batched tensor input.")
        shape = call.values[0].shape
        return Unbatched(call.run([f("zeros")(shape, dtype=call.values[0].dtype), *call.values[1:]]))
    if call.path == "normal" and call["size"] is not None:
        return fresh(call)
    if call.path.endswith("_like") or not call.operands():
        return call.run(wholes(call))
    values, rank = list(call.values), max(call.values[i].ndim for i in call.operands())
    for i in call.operands():
        values[i] = lifted(call.level.whole(values[i]), rank)
    if call.path == "multinomial" and values[0].ndim > 2:
        out = call.run([flat(values[0], 0, 2), *values[1:]])
        return out.reshape((call.size, -1, out.shape[-1]))
    return call.run(values)


@drawn
def filled(call: Call):
    """Random numbers in place."""
    target = call.values[0]
    if not call.holds(target):
        if call.level.randomness == "different" or any(call.holds(call.values[i]) for i in call.operands()):
            raise refusal(
                "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. If this "
                "is necessary for your usage, please file an issue with functorch."
            )
        return call.run()
    if call.level.randomness == "different":
        rank = target.ndim
        return call.run([lifted(one.value, rank) if isinstance(one, Tensor) and call.holds(one) else one for one in call.values])
    if any(call.holds(one) for one in call.values[1:]):
        raise refusal("Vmap does not currently support same randomness with a batched tensor input.")
    made = f("zeros")(target.shape, dtype=target.dtype)
    target.value.copy_(call.run([made, *call.values[1:]]))
    return target


def dropped(call: Call):
    """Dropout: an affine function of the input, whose factors are drawn for the batch or for one entry."""
    x = call.values[0]
    on = call.get("training", call.get("train"))
    if not on and "rrelu" in call.path:
        return elementwise(call) if call.holds(x) else Unbatched(call.run())
    if not on or not x.numel():
        return x.value if call.holds(x) else Unbatched(call.run())
    if call.level.randomness == "error":
        raise refusal(RANDOM_ERROR)
    if "rrelu" in call.path:
        raise refusal("vmap: we do not yet support aten::rrelu.")
    if call.level.randomness == "same" and not call.holds(x):
        return _bare(call)
    values = list(call.values)
    if call.op.inplace_at < len(values):
        values[call.op.inplace_at] = False
    if "inplace" in call:
        call["inplace"] = values[call.op.position["inplace"]] = False
    whole = call.level.whole(x)
    if call.level.randomness == "different":
        one = "dropout1d" in call.path and x.ndim == 2 or "dropout3d" in call.path and x.ndim == 4
        if one or call.op.name.strip("_") in ("dropout", "alpha_dropout"):
            return call.run([whole, *values[1:]])
        return call.run([flat(whole, 0, 2), *values[1:]]).reshape(whole.shape)
    from lucid import random

    start = random.get_rng_state()
    offset = call.run([f("zeros")(x.shape, dtype=x.dtype), *values[1:]])
    random.set_rng_state(start)
    return whole * (call.run([f("ones")(x.shape, dtype=x.dtype), *values[1:]]) - offset) + offset


def gumbel_softmax(call: Call):
    if call.level.randomness == "error":
        raise refusal(RANDOM_ERROR)
    x = call.values[0]
    if call.level.randomness == "same" or not x.ndim:
        return Unbatched(loop(call.level, call.func, tuple(call.values), {}) if call.holds(x) else call.run())
    return along(call)


gumbel_softmax.draws = dropped.draws = True
final(gumbel_softmax)
final(dropped)
rules(fresh, "rand randn randint randperm")
rules(sampled, "normal rand_like randn_like randint_like bernoulli poisson binomial multinomial _standard_gamma _sample_dirichlet")
rules(filled, "Tensor.uniform_ Tensor.normal_ Tensor.random_ Tensor.bernoulli_ Tensor.exponential_ Tensor.geometric_ Tensor.cauchy_ "
      "Tensor.log_normal_")  # fmt: skip
rules(gumbel_softmax, "nn.functional.gumbel_softmax")
rules(dropped, "nn.functional.dropout nn.functional.alpha_dropout nn.functional.feature_alpha_dropout nn.functional.dropout1d "
      "nn.functional.dropout2d nn.functional.dropout3d dropout alpha_dropout feature_dropout feature_alpha_dropout nn.functional.rrelu rrelu")  # fmt: skip


# ---------------------------------------------------------------------------------------------- what is refused, what is shown


def refused(message: str, kind=RuntimeError):
    """A rule for what has no result for a batch."""

    def refuse(call: Call):
        raise refusal(message, kind)

    return refuse


CONTROL = "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that."
ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to rewrite "
    "what you're doing with other operations."
)
MEMORY = "Cannot access data pointer of Tensor that doesn't have storage: it stands for a batch inside of vmap"
STORAGE = "Cannot access storage of a tensor that stands for a batch inside of vmap"
SIZES = "vmap: We do not support batching operators that can output dynamic shape: {0}"

rules(refused(CONTROL), ".__bool__ .is_nonzero")
rules(refused(ITEM), ".item .__float__ .__int__ .__index__ .__complex__ .__contains__ .tolist_scalar")
rules(refused(MEMORY), ".tolist .numpy .__array__ .data_ptr .const_data_ptr .__dlpack__ .apply_ "
      ".map_ .map2_ .set_ .as_strided_ .is_set_to")  # fmt: skip
rules(refused(STORAGE, NotImplementedError), ".untyped_storage .storage .__reduce_ex__ .__deepcopy__ .share_memory_")
rules(refused("accessing `data` under vmap transform is not allowed"), ".data .data= .grad= .requires_grad=")
rules(refused("You are attempting to call Tensor.requires_grad_() inside of a function being transformed by vmap. This is unsupported: use "
              "func.grad, func.vjp and their like, or call it outside"), ".requires_grad_")  # fmt: skip
rules(refused("backward() called inside of vmap: use func.grad or func.vjp instead, or call it outside"), ".backward")
rules(refused("cannot register a hook on a tensor that doesn't require gradient"), ".register_hook .retain_grad "
      ".register_post_accumulate_grad_hook")  # fmt: skip
rules(refused("vmap: equal() and allclose() of batched tensors have no one answer"), "equal allclose")
for _name in ["nonzero", "unique", "unique_consecutive"]:
    RULES[_name] = refused(SIZES.format(_name))


def shown(answer):
    """A rule for what is the same for all entries: `answer(x, *arguments)`."""
    return final(lambda call: Unbatched(answer(*call.values, **call.named)))


def _text(x, *_, **__) -> str:
    return f"BatchedTensor(lvl={x.level.number}, bdim=0, value=\n    {x.value!r}\n)"


def _format(call: Call):
    if not call.values[0].ndim:
        raise RuntimeError(ITEM)
    return Unbatched(_text(call.values[0]))


def _entry(x) -> Tensor:
    return f("select")(x.value, 0, 0) if x.level.size else Supplied.zeros(x.shape, x.dtype)


RULES[".__format__"] = final(_format)
rules(shown(_text), ".__repr__ .__str__")
for _name in ("stride", "storage_offset", "is_contiguous", "dim_order"):
    RULES[f".{_name}"] = shown(lambda x, *args, _name=_name, **named: getattr(_entry(x), _name)(*args, **named))
for _name, _answer in {"requires_grad": False, "is_leaf": True, "grad": None, "grad_fn": None, "output_nr": 0}.items():
    RULES[f".{_name}"] = shown(lambda x, _answer=_answer: _answer)
RULES["._version"] = shown(lambda x: x.value._version)
RULES[".is_inference"] = shown(lambda x: x.value.is_inference())


# ---------------------------------------------------------------------------------------------- by declaration


def buffered(call: Call):
    """What writes to memory that its caller made for one entry: the caller is computed entry by entry."""
    raise Escaped(f"{call.path} fills memory of one entry")


final(buffered)

for _op in list(dict.fromkeys(DECLARED.values())):
    if _op.kind != "composite" and {"stats", "saved"} & set(_op.parameters):
        RULES.setdefault(_op.path, buffered)
    if _op.kind != "composite" and _op.forward.__module__.rpartition(".")[2] in POINTWISE.split():
        RULES.setdefault(_op.path, elementwise)
rules(elementwise, "masked_fill Tensor._to_dtype clone detach Tensor._alias _at_least _bce_slope Tensor._zero Tensor.contiguous")
