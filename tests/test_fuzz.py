"""Nothing a caller passes may crash the interpreter: every declared operation with random tensors and arguments.

Each operation gets tensors of random shapes, strides, dtypes and values, and random arguments, many of them senseless. A
result or an ordinary exception is right; a crash ends the process. Run it on the bounds-checked build too: see
docs/building.md.
"""

import os
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lucid
from lucid.autograd.op import REGISTRY

ORDINARY = (
    RuntimeError, TypeError, ValueError, IndexError, KeyError, ZeroDivisionError, NotImplementedError, OverflowError,
    MemoryError, AttributeError, ImportError,
)  # fmt: skip
DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool", "float16", "complex64"]
SHAPES = [(), (0,), (1,), (3,), (2, 3), (3, 2), (2, 0, 3), (2, 1, 3), (2, 3, 4, 4), (1, 2, 5, 5), (2, 2, 2, 2, 2)]


@st.composite
def tensors(draw):
    """A tensor of any layout: contiguous, transposed, stepped, reversed, expanded, or an offset view."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    shape = draw(st.sampled_from(SHAPES))
    values = rng.integers(-3, 4, shape) if draw(st.booleans()) else rng.standard_normal(shape) * 10
    with np.errstate(all="ignore"):
        array = np.asarray(values).astype(draw(st.sampled_from(DTYPES)))
    if array.dtype.kind == "f" and array.size and draw(st.booleans()):
        array.flat[rng.integers(array.size)] = draw(st.sampled_from([np.nan, np.inf, -np.inf, -0.0]))
    layout = draw(st.integers(0, 4))
    if layout == 1:
        array = array.T
    elif layout == 2 and array.ndim:
        array = np.repeat(array, 2, -1)[..., ::2]
    elif layout == 3 and array.ndim:
        array = np.broadcast_to(array[:1], array.shape) if array.shape[0] else array
        array = array.copy() if not array.size else array
    elif layout == 4 and array.ndim:
        array = np.concatenate([array, array])[array.shape[0] :]
    tensor = lucid.ops.creation.wrap(np.asarray(array))
    if tensor.dtype.kind >= 2 and draw(st.booleans()):
        tensor = tensor.detach().requires_grad_()
    return tensor


NUMBERS = st.one_of(
    st.integers(-4, 4), st.sampled_from([2**31, -(2**31), 2**63 - 1, 0.5, -1.5, float("nan"), float("inf"), 1e30])
)
ARGUMENTS = st.one_of(
    tensors(), NUMBERS, st.none(), st.booleans(), st.lists(st.integers(-3, 4), max_size=4), st.lists(tensors(), max_size=3),
    st.sampled_from(["mean", "sum", "none", "reflect", "ij,jk->ik", "fro", "", "amax", lucid.float64, lucid.int64]),
)  # fmt: skip

PUBLIC = sorted({spec.path for path, spec in REGISTRY.items() if not path.rpartition(".")[2].startswith("_")})
# Sizes are what these make; the fuzz would ask for terabytes, which is refused elsewhere (test_tensor.py).
LARGE = {"repeat_interleave", "combinations", "cartesian_prod", "Tensor.repeat", "tile", "vander", "block_diag"}


@pytest.mark.parametrize("path", PUBLIC)
@settings(max_examples=int(os.environ.get("LUCID_FUZZ_EXAMPLES", "6")))
@given(data=st.data())
def test_no_call_crashes(path, data):
    spec = REGISTRY[path]
    numbers = st.integers(-3, 5) if path in LARGE or spec.kind == "none" else NUMBERS
    arguments = []
    for i, name in enumerate(spec.parameters[: spec.positional]):
        if i == 0 or name in ("other", "weight", "index", "mat2", "target", "tensor2"):
            arguments.append(data.draw(st.one_of(tensors(), ARGUMENTS if path not in LARGE else tensors())))
        elif name in spec.defaults and data.draw(st.booleans()):
            break
        else:
            arguments.append(data.draw(st.one_of(ARGUMENTS, numbers) if path not in LARGE else st.integers(-2, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = spec.function(*arguments)
        except ORDINARY:
            return
        found = result if isinstance(result, (tuple, list)) else (result,)
        roots = [one for one in found if isinstance(one, lucid.Tensor) and one.requires_grad and one.numel() < 10_000]
        for one in found:
            if isinstance(one, lucid.Tensor) and one.numel() < 10_000:
                str(one.detach())
        if roots:
            try:
                lucid.autograd.backward(roots, [lucid.ones_like(root.detach()) for root in roots])
            except ORDINARY:
                return
