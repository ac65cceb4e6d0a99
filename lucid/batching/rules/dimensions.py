"""What goes along dimensions, which are one further back in the whole."""

from __future__ import annotations

from lucid.batching.calls import Call, refusal
from lucid.batching.rules._declare import f, flat, lifted, rule, rules, shifted, wholes
from lucid.ops.view import infer_shape
from lucid.tensor import Tensor
from lucid.utils._pytree import tree_map

DIMENSIONS = ("dim", "dims", "dim0", "dim1", "dim2", "axis", "dimension")


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
    return tree_map(lambda one: one.squeeze(1), call.run(values))


def reduced(call: Call):
    """What sums up dimensions: with none named, all but the batch, as one."""
    values, x = wholes(call), call.values[0]
    i = call.op.position["dim"]
    if isinstance(values[i], bool):  # var(x, unbiased)
        values[i], values[call.op.position["unbiased"]] = None, values[i]
    if values[i] is None or values[i] == () or values[i] == []:
        values[0], values[i] = flat(values[0], 1, x.ndim + 1), 1
        kept = call.get("keepdim")
        return tree_map(lambda one: one.reshape((call.size,) + (1,) * x.ndim) if kept else one, call.run(values))
    return along(call, values)


def leading(call: Call):
    """What takes any dimensions in front, all tensors the same."""
    if len({call.values[i].ndim for i in call.operands()}) > 1:
        raise RuntimeError("entries with other numbers of dimensions")
    return call.run(wholes(call))


@rule("view_as_complex")
def view_as_complex(call: Call):
    if not call.values[0].ndim:
        raise RuntimeError("entries without two elements")
    return leading(call)


def matrices(call: Call):
    """What takes any dimensions in front of those of a matrix."""
    if call.values[0].ndim < 2:
        raise RuntimeError("entries that are no matrices")
    return leading(call)


def last(call: Call):
    """What takes any dimensions in front of the last two, of several tensors that are broadcast there."""
    if any(call.values[i].ndim < 2 for i in call.operands()):
        raise RuntimeError("entries that are no matrices")
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
    first = x.value.storage_offset()
    last = first + sum((n - 1) * step for n, step in zip(x.shape, x.value.stride()[1:]))
    begin = first if offset is None else offset
    if 0 not in (*size, *x.shape) and not first <= begin <= begin + sum((n - 1) * step for n, step in zip(size, stride)) <= last:
        raise refusal(f"as_strided(): elements {size} of strides {stride} from {begin} on lie outside of an entry's. This is not supported "
                      "inside of vmap")  # fmt: skip
    return call.run([x.value, (call.size, *size), (x.value.stride(0), *stride), offset])


@rule("_extreme_of_all")
def extreme_of_all(call: Call):
    x = call.values[0].value
    return f("a" + call["name"].removeprefix("a"))(flat(x, 1, x.ndim), 1)


rules(along, "softmax log_softmax cumsum cumprod logcumsumexp cummax cummin select narrow diagonal Tensor.unfold split_with_sizes unbind "
      "flip gather scatter_add Tensor._scatter scatter_reduce cat _sort _topk _select_along _extreme_along _fft_c2c _fft_r2c _fft_c2r "
      "tril triu _cross")  # fmt: skip
rules(
    reduced,
    "sum nansum mean prod var std var_mean std_mean logsumexp amax amin argmax argmin any all count_nonzero linalg.vector_norm",
)
rules(leading, "view_as_real constant_pad_nd Tensor._edged _safe_softmax")
rules(matrices, "linalg.inv linalg.det linalg.slogdet linalg.cholesky linalg.cholesky_ex linalg.inv_ex linalg.qr "
      "linalg.svd linalg.svdvals linalg.eigh linalg.eigvalsh linalg.eig linalg.lu_factor_ex linalg.matrix_exp cholesky_inverse "
      "linalg.pinv linalg.lu_factor linalg.ldl_factor linalg.ldl_factor_ex geqrf")  # fmt: skip
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
