"""Nothing a caller passes may crash the interpreter, hang it, or read or write where it should not.

Every declared operation, every method that writes in place, and indexing get tensors of random shapes, layouts, dtypes and
values, some read-only, some over the memory of others; and arguments that fit by their names, among them some that are out of
range, huge, or of a wrong type. A result or an ordinary exception is right, as long as

* an exception leaves every tensor as it was: bytes, version, place in the graph;
* what was written to counts it in its version;
* a result lies within the memory it is a view of, and gradients have their input's shape and dtype;
* no kernel's own complaint comes through (bounds checks, buffers): operations check before they call a kernel.

A crash ends the process, a hang too, with a traceback. docs/building.md says how to run this with bounds checks and under
AddressSanitizer, which sees what bounds checks do not.
"""

import faulthandler
import os
import sys
import warnings

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import lucid
from lucid import Tensor
from lucid.autograd.op import REGISTRY
from lucid.ops import methods
from lucid.tensor import root_of

EXAMPLES = int(os.environ.get("LUCID_FUZZ_EXAMPLES", "6"))
FUZZ = settings(max_examples=EXAMPLES, phases=[Phase.generate, Phase.shrink])
SECONDS = 120  # a call that takes longer hangs
MEMORY = 3 << 30  # what a call may ask for; beyond it is a MemoryError, as on a small machine
SANITIZED = "libasan" in os.environ.get("LD_PRELOAD", "")

ORDINARY = (
    RuntimeError, TypeError, ValueError, IndexError, KeyError, ZeroDivisionError, NotImplementedError, OverflowError,
    MemoryError, AttributeError, ImportError, BufferError, AssertionError,
)  # fmt: skip
# (AssertionError: PyTorch raises it for the shapes of attention.)
# What kernels say that got something they should not have got.
COMPLAINTS = (
    "Out of bounds on buffer access", "Buffer dtype mismatch", "Buffer has wrong number of dimensions",
    "No matching signature found", "ndarray is not C", "buffer source array is read-only", "the array is read-only",
    "Cannot create writable memory view", "object is not subscriptable",
)  # fmt: skip

PUBLIC = sorted({spec.path for path, spec in REGISTRY.items() if not path.rpartition(".")[2].startswith("_")})
IN_PLACE = sorted(name for name in dir(Tensor) if name.endswith("_") and not name.startswith("_"))


@pytest.fixture(autouse=True, scope="module")
def bounded_memory():
    """Requests for terabytes fail here rather than make the machine swap."""
    if SANITIZED or sys.platform != "linux":  # AddressSanitizer maps terabytes itself
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(autouse=True)
def nothing_ignored(monkeypatch):
    """An exception in a kernel that cannot raise is printed and forgotten: here it fails the test."""
    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: ignored.append(f"{found.object}: {found.exc_value!r}"))
    yield ignored
    assert not ignored


# ---------------------------------------------------------------------------------------------- what is drawn

DTYPES = [
    "float32", "float32", "float32", "float64", "int64", "int64", "int32", "int16", "int8", "uint8", "bool", "float16",
    "uint16", "uint32", "uint64", "complex32", "bfloat16", "complex64", "complex128",
]  # fmt: skip
SHAPES = [
    (), (0,), (1,), (3,), (2, 3), (3, 2), (3, 3), (2, 0, 3), (2, 1, 3), (2, 3, 3), (2, 3, 4, 4), (1, 2, 5, 5),
    (2, 2, 2, 2, 2), (1, 2, 3, 4, 4), (67,), (5, 65), (3, 1, 130), (1,) * 9, (0, 0),
]  # fmt: skip


def limits(dtype):
    """The numbers at the ends of a dtype and next to them."""
    if dtype is lucid.bool:
        return [0, 1]
    if dtype.kind < 2:
        info = lucid.iinfo(dtype)
        return [info.min, info.min + 1, 0, 1, info.max // 2, info.max - 1, info.max]
    info = lucid.finfo(dtype)
    return [info.min, info.min / 2, -info.tiny, 0.0, info.tiny / 4, info.tiny, 1.0, info.max / 2, info.max]


def narrow(rng, shape, dtype):
    """A few neighbours around one number: ranges of 0, or so small that a quotient by them overflows."""
    ends = limits(dtype)
    center = ends[rng.integers(len(ends))]
    if dtype.kind < 2:
        return np.frompyfunc(lambda step: min(max(center + int(step), ends[0]), ends[-1]), 1, 1)(rng.integers(0, 3, shape))
    return center + rng.integers(0, 3, shape) * max(abs(center) * lucid.finfo(dtype).eps, lucid.finfo(dtype).tiny / 64)


# How a tensor's numbers are drawn: small integers and ordinary numbers, and what overflows.
NUMBERS = [
    lambda rng, shape, dtype: rng.integers(-3, 4, shape),
    lambda rng, shape, dtype: rng.standard_normal(shape) * 10,
    lambda rng, shape, dtype: rng.choice(np.array(limits(dtype), dtype=object if dtype.kind < 2 else float), shape),
    narrow,
]  # fmt: skip


@st.composite
def tensors(draw, like=None, floating=False):
    """A tensor of any layout: dense, transposed, stepped, reversed, expanded, offset, read-only."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    like = like if isinstance(like, Tensor) else None
    if like is not None and not draw(st.integers(0, 11)):
        return like.detach() if draw(st.booleans()) else like  # the same memory
    if like is not None and draw(st.integers(0, 3)):
        shape, dtype = tuple(like.shape), like.dtype
    else:
        shape = draw(st.sampled_from(SHAPES))
        dtype = getattr(lucid, draw(st.sampled_from(["float32", "float64", "float16", "bfloat16"] if floating else DTYPES)))
    with np.errstate(all="ignore"):
        array = np.array(draw(st.sampled_from(NUMBERS))(rng, shape, dtype)).astype(dtype.numpy)
    if array.dtype.kind in "fcVW" and array.size and not draw(st.integers(0, 3)):
        array.flat[rng.integers(array.size)] = draw(st.sampled_from([np.nan, np.inf, -np.inf, -0.0]))
    layout = draw(st.integers(0, 8))
    if layout == 1:
        array = array.T
    elif layout == 2 and array.ndim:
        array = np.repeat(array, 2, -1)[..., ::2]
    elif layout == 3 and array.ndim and array.size:
        array = np.broadcast_to(array[:1], array.shape)
    elif layout == 4 and array.ndim:
        array = np.concatenate([array, array])[array.shape[0] :]
    elif layout == 5 and array.ndim:
        array = array[::-1]
    elif layout == 6:
        array = array.copy()
        array.flags.writeable = False
    tensor = lucid.from_numpy(array) if layout == 7 and array.flags.writeable else lucid._kernels.core.wrap(array)
    if tensor.dtype.kind >= 2 and draw(st.booleans()):
        tensor = tensor.detach().requires_grad_()
    return tensor


HUGE = [2**15, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63), 2**64, 10**30]
WILD_NUMBERS = [*HUGE, 0.5, -1.5, float("nan"), float("inf"), 1e30, 1j, np.int64(2), np.float32(1.5), -0.0]
WORDS = ["mean", "sum", "none", "reflect", "ij,jk->ik", "fro", "nuc", "", "amax", "\0", "é", "valid", "same", b"sum"]
SMALL = st.integers(-3, 5)
SIZES = st.one_of(st.integers(0, 4), st.sampled_from([-1, 7, 100, *HUGE]))
ANYTHING = st.one_of(
    tensors(), SMALL, st.sampled_from(WILD_NUMBERS), st.none(), st.booleans(), st.lists(SMALL, max_size=4),
    st.lists(st.sampled_from([0, 1, -1, *HUGE]), max_size=4), st.tuples(), st.lists(tensors(), max_size=3),
    st.lists(st.one_of(SMALL, st.sampled_from(WILD_NUMBERS), st.none()), max_size=3),
    st.sampled_from([*WORDS, lucid.float64, lucid.int64, object, np.zeros(3), {}, slice(None), Ellipsis, len]),
)  # fmt: skip


def one_or_several(numbers, most=3):
    return st.one_of(numbers, st.lists(numbers, max_size=most), st.lists(numbers, min_size=2, max_size=2).map(tuple))


def indices(first):
    """Tensors of indices, of which some are out of range."""
    shape = tuple(first.shape) if isinstance(first, Tensor) else (3,)
    sizes = st.one_of(st.sampled_from([(3,), (), (0,), shape]), st.sampled_from(SHAPES))
    values = st.one_of(st.just((0, 2)), st.just((-2, 3)), st.just((0, 7)), st.just((-(2**62), 2**62)))

    def made(size, bounds, seed, dtype):
        return lucid.tensor(np.random.default_rng(seed).integers(*bounds, size), dtype=getattr(lucid, dtype))

    dtypes = st.sampled_from(["int64", "int64", "int64", "int32", "uint8"])
    return st.builds(made, sizes, values, st.integers(0, 99), dtypes)


STRINGS = {
    "reduction": ["mean", "sum", "none", "bad"], "reduce": ["sum", "prod", "mean", "amax", "amin", "add", "multiply"],
    "padding_mode": ["zeros", "reflect"], "approximate": ["none", "tanh"], "side": ["left", "right"],
    "mode": ["constant", "reflect", "replicate", "circular", "nearest", "bilinear", "bicubic", "reduced", "complete",
             "max", "mean", "sum", "fan_in", "L", "r"],
    "indexing": ["ij", "xy"], "rounding_mode": [None, "floor", "trunc"], "driver": [None, "gels", "gelsd"],
    "equation": ["ij,jk->ik", "ii->i", "...i,...i", "i,j->ij", "ij->", "->", "ij,j", "i...->...", "a" * 30, "ij,jk->iz"],
    "ord": ["fro", "nuc", 1, 2, -1, -2, 0, float("inf"), 3.5, None],
}  # fmt: skip
BOOLEANS = {
    "keepdim", "training", "train", "ceil_mode", "inplace", "return_indices", "count_include_pad", "requires_grad", "upper",
    "lower", "unbiased", "descending", "stable", "largest", "sorted", "accumulate", "full", "swap", "log_target", "left",
    "log_input", "equal_nan", "include_self", "as_tuple", "hard", "right", "pin_memory", "copy", "transposed", "increasing",
    "with_replacement", "replacement", "sparse", "scale_grad_by_freq", "out_int32", "return_inverse", "return_counts",
    "full_matrices", "include_last_offset", "align_corners", "use_input_stats", "zero_infinity", "sparse_grad", "hermitian",
}  # fmt: skip
SIZED = {
    "kernel_size", "stride", "padding", "dilation", "output_size", "size", "shape", "sizes", "repeats", "output_padding", "pad",
    "normalized_shape", "split_sizes", "split_size", "split_size_or_sections", "indices_or_sections", "shifts", "dims", "out_size",
}
NUMBERED = {
    "groups", "n", "k", "N", "steps", "chunks", "num_classes", "minlength", "bins", "num_samples", "num_groups", "row", "col", "rows",
    "upscale_factor", "downscale_factor", "length", "r", "storage_offset", "start", "end", "step", "decimals", "count", "s", "m",
    "base", "divisor_override", "ignore_index", "padding_idx", "num_heads",
}
DIMENSIONS = {"dim", "dim0", "dim1", "dim2", "dims", "axis0", "axis1", "dimension", "destination", "start_dim", "end_dim", "source"}
INDICES = {"index", "indices", "offsets", "target", "sorter"}
DRAWN_DTYPES = st.sampled_from([None, *(getattr(lucid, name) for name in DTYPES), "float32", np.float32, 7])


def argument(name: str, first):
    """What fits a parameter by its name, more or less."""
    ndim = first.ndim if isinstance(first, Tensor) else 2
    if name in STRINGS:
        return st.sampled_from(STRINGS[name])
    if name in BOOLEANS:
        return st.booleans()
    if name in INDICES:
        return st.one_of(indices(first), tensors(like=first))
    if name in DIMENSIONS:
        return one_or_several(st.integers(-ndim - 1, ndim)) if name in ("dim", "dims") else st.integers(-ndim - 1, ndim)
    if name in SIZED:
        return one_or_several(st.one_of(st.integers(1, 3), SIZES), 5)
    if name in NUMBERED:
        return st.one_of(st.integers(0, 4), SMALL, st.sampled_from(HUGE))
    if name == "dtype":
        return DRAWN_DTYPES
    if name in ("tensors", "arrays"):
        return st.lists(tensors(like=first), max_size=3)
    if name in ("device", "layout", "generator", "memory_format", "size_average"):
        return st.none()
    if name in ("mask", "condition"):
        return tensors(like=first).map(lambda x: x.detach().to(lucid.bool))
    if name in ("p", "alpha", "beta", "eps", "margin", "threshold", "lambd", "value", "min", "max", "delta", "momentum"):
        return st.sampled_from([0, 1, 0.5, 2, -1, float("nan"), float("inf"), 2**70, None])
    return st.one_of(tensors(like=first), tensors(like=first), SMALL)


@st.composite
def calls(draw, spec, wild=8):
    """Positional and keyword arguments of an operation; one in `wild` may be anything."""
    arguments, keywords, first = [], {}, None
    for i, name in enumerate(spec.parameters):
        optional = name in spec.defaults
        if i < spec.positional and optional and draw(st.booleans()):
            if draw(st.booleans()):
                break
            arguments.append(spec.defaults[name])
            continue
        if i >= spec.positional and draw(st.integers(0, 3)):
            continue
        if not draw(st.integers(0, wild - 1)):
            value = draw(ANYTHING)
        elif name == "out":
            value = first if isinstance(first, Tensor) and draw(st.booleans()) else draw(tensors(like=first))
        else:
            value = draw(argument(name, first))
        if i < spec.positional:
            arguments.append(value)
        else:
            keywords[name] = value
        first = value if i == 0 else first
    if spec.variadic:
        arguments += draw(st.lists(st.one_of(tensors(like=first), SIZES), max_size=3))
    return arguments, keywords


# ---------------------------------------------------------------------------------------------- what must hold


def tensors_in(values):
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


def state(tensor):
    return tensor.array.tobytes(), tuple(tensor.shape), tensor._version, tensor.grad_fn, tensor.requires_grad


def check_bounds(tensor):
    """A tensor lies within the memory that it is a view of."""
    root = root_of(tensor.array)
    if tensor.array.size and root is not tensor.array and (root.base is None or type(root.base).__name__ == "Block"):
        (low, high), (start, stop) = (np.lib.array_utils.byte_bounds(one) for one in (tensor.array, root))
        assert start <= low and high <= stop


def attempt(function, *args, **kwargs):
    """The result, or None where the call was refused."""
    given = list(tensors_in([*args, *kwargs.values()]))
    before = [state(one) for one in given]
    faulthandler.dump_traceback_later(SECONDS, exit=True, file=int(os.environ["LUCID_TEST_STDERR"]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function(*args, **kwargs)
    except ORDINARY as error:
        assert not any(complaint in str(error) for complaint in COMPLAINTS), repr(error)
        for one, then in zip(given, before):
            assert state(one) == then, f"changed by a call that raised {error!r}"
        return None
    finally:
        faulthandler.cancel_dump_traceback_later()
    for one, then in zip(given, before):
        same_place = one.array.tobytes() == then[0] or tuple(one.shape) != then[1]  # resize_ and set_ take other memory
        assert same_place or one._version != then[2], "written to, but not counted"
    for one in tensors_in([result] if isinstance(result, Tensor) else result if isinstance(result, (tuple, list)) else []):
        check_bounds(one)
        if one.numel() < 10_000:
            str(one.detach())
    return result


def differentiate(data, result, inputs):
    """First and second gradients of what a call gave, with a cotangent of any layout, then the graph's release."""
    roots = [one for one in tensors_in([result]) if one.requires_grad and one.numel() < 10_000][:4]
    leaves = [one for one in tensors_in(inputs) if one.requires_grad and one.is_leaf]
    if not roots or not leaves:
        return
    cotangents = [data.draw(tensors(like=root)) for root in roots]
    fitting = [one.detach() if one.shape == root.shape else lucid.ones_like(root) for one, root in zip(cotangents, roots)]
    attempt(lucid.autograd.grad, roots, leaves, cotangents, True, allow_unused=True)
    found = attempt(lucid.autograd.grad, roots, leaves, fitting, True, data.draw(st.booleans()), allow_unused=True)
    for gradient, leaf in zip(found or (), leaves):
        assert gradient is None or (gradient.shape == leaf.shape and gradient.dtype is leaf.dtype)
    again = [one for one in found or () if one is not None and one.requires_grad]
    if again:
        attempt(lucid.autograd.grad, again, leaves, [lucid.ones_like(one) for one in again], allow_unused=True)
    for _ in range(2):  # the second time the graph is freed
        attempt(lucid.autograd.backward, roots, fitting)


@pytest.mark.parametrize("path", PUBLIC)
@FUZZ
@given(data=st.data())
def test_no_call_crashes(path, data):
    spec = REGISTRY[path]
    arguments, keywords = data.draw(calls(spec))
    result = attempt(spec.function, *arguments, **keywords)
    differentiate(data, result, [*arguments, *keywords.values()])


@pytest.mark.parametrize("name", IN_PLACE)
@FUZZ
@given(data=st.data())
def test_no_write_in_place_crashes(name, data):
    base = data.draw(tensors())
    target = base
    if data.draw(st.booleans()) and base.ndim:
        places = [slice(None, None, 2), slice(1, None), ..., *([0] if base.shape[0] else [])]
        target = (base * 1 if base.requires_grad else base)[data.draw(st.sampled_from(places))]
    stem = name[:-1]
    spec = next((REGISTRY[path] for path in (f"Tensor.{stem}", stem, f"nn.functional.{stem}") if path in REGISTRY), None)
    if spec is None:
        arguments, keywords = data.draw(st.lists(ANYTHING, max_size=2)), {}
    else:
        arguments, keywords = data.draw(calls(spec))
        arguments = arguments[1:]
        if arguments and data.draw(st.integers(0, 3)) == 0:
            arguments[0] = data.draw(st.sampled_from([target, base]))  # it overlaps what is written to
    result = attempt(getattr(Tensor, name), target, *arguments, **keywords)
    differentiate(data, result, [base, *arguments])


INDEX_PARTS = st.one_of(
    st.integers(-4, 4), st.just(slice(None)), st.builds(slice, *[st.one_of(st.none(), st.integers(-4, 4))] * 3), st.none(),
    st.just(...), st.booleans(), indices(None), tensors(), st.lists(st.integers(-2, 2), max_size=3),
    st.sampled_from([2**63, -(2**70), 1.5, "x", slice(0, 2**70), slice(None, None, 0), np.array([0, 1]), np.int8(1)]),
)  # fmt: skip


@settings(FUZZ, max_examples=100 * EXAMPLES)
@given(data=st.data())
def test_no_index_crashes(data):
    base = data.draw(tensors())
    index = data.draw(st.one_of(INDEX_PARTS, st.lists(INDEX_PARTS, max_size=4).map(tuple)))
    if data.draw(st.booleans()):
        differentiate(data, attempt(Tensor.__getitem__, base, index), [base])
        return
    target = base * 1 if base.requires_grad and data.draw(st.booleans()) else base
    value = data.draw(st.one_of(tensors(like=base), tensors(), SMALL, st.just(target), ANYTHING))
    attempt(Tensor.__setitem__, target, index, value)
    differentiate(data, target, [base, value])


@pytest.mark.parametrize("path", sorted(set(methods.METHODS) | set(methods.INPLACE)))
def test_the_methods_of_a_family_are_fuzzed(path):
    names = methods.METHODS.get(path, "").split()
    assert all(any(key in REGISTRY for key in (name, f"Tensor.{name}", f"nn.functional.{name}")) for name in names)
    assert {f"{name}_" for name in methods.INPLACE.get(path, "").split()} <= set(IN_PLACE)
