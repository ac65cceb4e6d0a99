"""What a TorchScript program calls: operators of tensors, which are those of exported programs, and those of numbers, strings and lists.

An operator is known by its name alone: `torch.add` is that of tensors, numbers, strings or lists. Where a name means
several, what it is called with decides.
"""

from __future__ import annotations

import functools
import inspect
import operator

import lucid
from lucid import Tensor
from lucid.export.aten import IGNORED, RENAMED, function_of
from lucid.export.operators import OTHERS
from lucid.jit.layers import LAYERS
from lucid.jit.older import CHANGED_AT, FORMER
from lucid.jit.plain import ALONE, PLAIN, WORDS, raised, smallest, text
from lucid.nn import functional as F
from lucid.nn.utils.rnn import pad_sequence

__all__ = ["DTYPES", "NEWEST", "operator_of"]

NEWEST = 10  # of the versions of files

# PyTorch's numbers of dtypes, memory formats and reductions, which is what they are in programs.
DTYPES = {
    0: lucid.uint8, 1: lucid.int8, 2: lucid.int16, 3: lucid.int32, 4: lucid.int64, 5: lucid.float16, 6: lucid.float32, 7: lucid.float64,
    8: lucid.complex32, 9: lucid.complex64, 10: lucid.complex128, 11: lucid.bool, 15: lucid.bfloat16, 27: lucid.uint16, 28: lucid.uint32,
    29: lucid.uint64,
}  # fmt: skip
NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
FORMATS = {0: lucid.contiguous_format, 1: lucid.preserve_format, 2: lucid.channels_last, 3: lucid.channels_last_3d}


def _dtype(number):
    return DTYPES[number] if type(number) is int else number


def _format(number):
    return FORMATS[number] if type(number) is int else number


CHANGED = {"dtype": _dtype, "memory_format": _format, "out_dtype": _dtype}  # arguments that are numbers in programs

# ------------------------------------------------------------------------------------------------------------ tensors


def _to(x, *arguments, dtype=None, copy=False, memory_format=None):
    """To a dtype, a device (there is one), both, or as another tensor; then whether to wait, whether to copy, and how it lies."""
    kinds = [one for one in arguments if not isinstance(one, (lucid.device, str))]
    while dtype is None and kinds and type(kinds[0]) is not bool:  # (a device may be None)
        dtype = kinds.pop(0)
    copy = kinds[1] if len(kinds) > 1 else copy
    memory_format = kinds[2] if len(kinds) > 2 else memory_format
    dtype = dtype.dtype if isinstance(dtype, Tensor) else _dtype(dtype)
    return x.to(dtype=dtype or x.dtype, copy=copy, memory_format=_format(memory_format) or lucid.preserve_format)


def _view(x, size):
    return x.view(DTYPES[size] if type(size) is int else size)


def _convolution(
    x, weight, bias, stride, padding, dilation, transposed, output_padding, groups, benchmark=False, deterministic=False, enabled=True, tf32=True
):  # fmt: skip
    return lucid.convolution(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups)


def _spectra(x, n_fft, hop_length=None, win_length=None, window=None, *rest, **named):
    """The frames begin at places or are centred there: an operator that says it says also how the margins are padded, by a word."""
    first = ("center", "pad_mode") if len(rest) > 1 and isinstance(rest[1], str) else ()
    named = dict(zip((*first, "normalized", "onesided", "return_complex"), rest)) | named
    return lucid.stft(x, n_fft, hop_length, win_length, window, **{"center": False} | named)


def _resized(name: str):
    """An operator `upsample_...`: a size, whether corners align, and factors as a list or one by one."""
    function = function_of(f"torch.ops.aten.{name}")
    names = list(inspect.signature(function).parameters)
    factors = [one for one in names if one.startswith("scales")]

    def resized(x, output_size, *rest):
        named = {}
        if "align_corners" in names:
            named["align_corners"], *rest = rest
        if rest and isinstance(rest[0], list):
            named["scale_factors"] = rest[0]
        else:
            named |= zip(factors, rest)
        return function(x, output_size=output_size, **named)

    return resized


CONVOLUTIONS = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}


def _gradients(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=False):
    return list(lucid.autograd.grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused=allow_unused))


def _number_of(x):
    return NUMBERS[x.dtype]


def _full(size, fill_value, **named):
    """A tensor full of a number, which a bool is there."""
    return lucid.full(size, int(fill_value) if type(fill_value) is bool else fill_value, **named)


def _listed(x, *shape):
    return x.tolist()


TENSORS = {
    "to": _to, "view": _view, "_convolution": _convolution, "stft": _spectra,
    "size": lambda x, dim=None: list(x.shape) if dim is None else x.shape[dim],
    "stride": lambda x, dim=None: list(x.stride()) if dim is None else x.stride(dim),
    "tensor": lucid.tensor, "as_tensor": lucid.as_tensor, "_shape_as_tensor": lambda x: lucid.tensor(x.shape), "data": Tensor.detach,
    "_list_to_tensor": lucid.tensor, "_tensor_to_list": Tensor.tolist, "floordiv": lucid.floor_divide, "element_size": Tensor.element_size,
    "is_leaf": lambda x: x.is_leaf, "result_type": lambda a, b: NUMBERS[lucid.result_type(a, b)],
    "promote_types": lambda a, b: NUMBERS[lucid.promote_types(DTYPES[a], DTYPES[b])], "can_cast": lambda a, b: lucid.can_cast(DTYPES[a], DTYPES[b]),
    "nonzero_numpy": lambda x: list(x.nonzero(as_tuple=True)),
    "gelu_": lambda x, approximate="none": x.copy_(F.gelu(x, approximate=approximate)),
    "_add_relu": lambda a, b, alpha=1: F.relu(lucid.add(a, b, alpha=alpha)), "add": lambda a, b, alpha=1: lucid.add(a, b, alpha=alpha),
    "sub": lambda a, b, alpha=1: lucid.sub(a, b, alpha=alpha), "rsub": lambda a, b, alpha=1: lucid.rsub(a, b, alpha=alpha),
    "block_diag": lambda tensors: lucid.block_diag(*tensors), "chain_matmul": lambda tensors: lucid.chain_matmul(*tensors),
    "einsum": lambda equation, tensors, path=None: lucid.einsum(equation, *tensors), "copy": Tensor.clone,
    **{f"_cast_{name}": functools.partial(lambda dtype, x, wait=False: x.to(dtype), dtype) for name, dtype in {
        "Byte": lucid.uint8, "Char": lucid.int8, "Double": lucid.float64, "Float": lucid.float32, "Int": lucid.int32, "Long": lucid.int64,
        "Short": lucid.int16,
        "Half": lucid.float16}.items()},
    "full": _full,
    "_convolution_mode": lambda x, weight, *rest, **named: CONVOLUTIONS[weight.ndim](x, weight, *rest, **named),
    "_index_put_impl_": lambda x, indices, values, accumulate=False, unsafe=False: lucid.index_put_(x, indices, values, accumulate),
    "cdist": lambda a, b, p=2.0, compute_mode=None: lucid.cdist(a, b, p), "pad_sequence": pad_sequence,
    **{f"_no_grad_{name}_": lucid.no_grad()(getattr(Tensor, f"{name}_")) for name in ("fill", "normal", "uniform", "zero")},
    "grad": _gradients, "backward": Tensor.backward, "retain_grad": Tensor.retain_grad, "retains_grad": lambda x: x.retains_grad,
    "_version": lambda x: x._version,
    **{f"{name}Implicit": Tensor.item for name in ("Int", "Float", "Complex", "Scalar")},
    **{name: _resized(name) for name in OTHERS if name.lstrip("_").startswith("upsample")},
    **LAYERS,
    **FORMER,
}  # fmt: skip
# The names of arguments by position where the function here has others, or has them in another order.
POSITIONS = {
    **dict.fromkeys(("nll_loss", "nll_loss2d", "nll_loss_nd"), ("target", "weight", "reduction", "ignore_index")),
    "binary_cross_entropy": ("target", "weight", "reduction"),
    "cross_entropy_loss": ("target", "weight", "reduction", "ignore_index", "label_smoothing"),
    **dict.fromkeys(("l1_loss", "mse_loss", "multilabel_margin_loss", "soft_margin_loss"), ("target", "reduction")),
    "smooth_l1_loss": ("target", "reduction", "beta"), "multi_margin_loss": ("target", "p", "margin", "weight", "reduction"),
}  # fmt: skip


def _is_no(x) -> bool:
    return False


PRIMITIVES = {
    "dtype": _number_of, "device": lambda x: x.device, "layout": lambda x: 0, "shape": lambda x: list(x.shape),
    "requires_grad": lambda x: x.requires_grad,
    "data": Tensor.detach, "grad": lambda x: x.grad, "itemsize": lambda x: x.itemsize, "nbytes": lambda x: x.nbytes, "name": lambda x: None,
    "type": lambda x: x.type, "index": lambda x: x.index, "is_cpu": lambda x: True, "tolist": _listed, "NumToTensor": lucid.tensor,
    **{f"is_{name}": _is_no for name in (
        "cuda", "ipu", "maia", "meta", "mkldnn", "mps", "mtia", "nested", "quantized", "sparse", "sparse_csr", "vulkan", "xla", "xpu")},
    "RaiseException": raised, "min": smallest(min), "max": smallest(max), "abs": abs, "rangelist": lambda n: list(range(n)),
    "StringIndex": operator.getitem,
    "TupleIndex": operator.getitem, "EnumName": lambda x: x.name, "EnumValue": lambda x: x.value,
    "IfThenElse": lambda condition, a, b: a if condition else b,
    "unchecked_unwrap_optional": ALONE["_unwrap_optional"], "Print": lambda *values: print(*map(text, values)),
    "VarConcat": lambda *values: lucid.cat(values[:-1], values[-1]),
    "VarStack": lambda *values: lucid.stack(values[:-1], values[-1]), "id": id, "AutogradZero": lambda: None,
    **{name: OTHERS[name] for name in ("T", "H", "mT", "mH")},
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ by name


def _either(plain, of_tensors):
    """The function of tensors where one is among the first two arguments, and else that of plain values."""

    def either(*arguments, **keywords):
        tensor = any(isinstance(one, Tensor) for one in arguments[:2])
        return (of_tensors if tensor else plain)(*arguments, **keywords)

    return either


@functools.cache
def _exported(name: str):
    """The function that an operator of exported programs is, or None."""
    try:
        return function_of(f"torch.ops.aten.{name}")
    except NotImplementedError:
        return None


def _lacking(path: str):
    """What is called in place of an operator that there is not: a program may name it where it never comes to."""

    def lacking(*arguments, **keywords):
        raise NotImplementedError(f"jit.load: the program calls {path}, which Lucid does not have")

    return lacking


def _defined(space: str, name: str):
    """An operator that a package defined, or torchvision's library."""
    from lucid import library

    if space == "torchvision":
        import lucid.vision  # noqa: F401
    return getattr(library.NAMESPACES.get(space), name, None)


def _function(path: str, version: int):
    """The function of an operator, that of tensors alone where arguments may have to be placed, and its name."""
    space, _, name = path.rpartition(".")
    if not space:
        return WORDS.get(name), None, name
    if space == "ops.prim":
        return PRIMITIVES.get(name) or _lacking(path), None, name
    if space not in ("torch", "ops.aten"):
        return _defined(space.removeprefix("ops."), name) or _lacking(path), None, name
    if name in ALONE:
        return ALONE[name], None, name
    of_tensors, plain = TENSORS.get(name) or _exported(name), PLAIN.get(name)
    until, former = CHANGED_AT.get(name, (0, None))
    if version < until:
        of_tensors = former
    if of_tensors is None:
        return plain or _lacking(path), None, name
    return (of_tensors if plain is None else _either(plain, of_tensors)), of_tensors, name


def operator_of(path: str, count: int = 0, keywords: list[str] | tuple = (), *, version: int = NEWEST):
    """The function that a program calls, and where its arguments go.

    Parameters
    ----------
    path : str
        `torch.add`, `ops.prim.dtype`, or a word such as `int`.
    count : int
        How many arguments come by position.
    keywords : list of str
        The names of the others.
    version : int
        Of the file: older ones meant something else by some names.

    Returns
    -------
    function : callable or None
        None for a word that means nothing.
    positions, names : list of (str or None, callable or None)
        For each argument the name under which it is given, "" by position, None where it is left out; and what it goes through before.
    """
    function, of_tensors, name = _function(path, version)
    if of_tensors is None:
        return function, [("", None)] * count, [(key, None) for key in keywords]
    try:
        parameters = list(inspect.signature(of_tensors).parameters.values())
    except ValueError:
        parameters = []
    theirs = [one.name.rstrip("_") for one in parameters]
    ours = {one.name.rstrip("_"): one.name for one in parameters}
    order = POSITIONS.get(name)
    places = []
    for at in range(count):
        there = parameters[at] if at < len(parameters) else None
        if order and 0 < at <= len(order):
            places.append((order[at - 1], CHANGED.get(order[at - 1])))
        else:
            positional = there is not None and there.kind in (there.POSITIONAL_ONLY, there.POSITIONAL_OR_KEYWORD)
            places.append(("", CHANGED.get(there.name) if positional else None))
    named = []
    for key in keywords:
        other = next((one for one in RENAMED.get(key, ()) if one in theirs), key) if key not in theirs else key
        named.append((None if key in IGNORED else ours.get(other, other), CHANGED.get(key)))
    return function, places, named
