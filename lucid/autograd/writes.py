"""Writing over a tensor, in place or as `out=`: what may be written to, by what, and the write."""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.node import Supplied
from lucid.dtypes import torch_name
from lucid.tensor import Tensor

WRITABLE, NO_GRAD, ONE_OF_SEVERAL, RETURNED, UNRECORDED = core.view_states  # of `Tensor._view`; see pyx/core/view.pxi

MANY_VIEWS = (
    "Output {} of {} is a view and is being modified inplace. This view is the output of a function that returns "
    "multiple views. Such functions do not allow the output views to be modified inplace. You should replace the "
    "inplace operation by an out-of-place one."
)
CUSTOM_VIEW = (
    "Output {} of {} is a view and is being modified inplace. It is the input of a custom Function, returned as it is, and a "
    "write would pass its backward by. Return a clone() of the input, or write to a clone() of the output."
)
NO_GRAD_VIEW = (
    "A view was created in no_grad mode or inference mode and is being modified inplace with grad mode enabled. Given that this use "
    "case is ambiguous and error-prone, it is forbidden: move the view and the write either both inside the block "
    "or both outside."
)


def check_inference(target: Tensor) -> None:
    """Raise RuntimeError where a tensor made in inference mode would be written to outside of it."""
    if target._inference and not core.is_inference():
        raise RuntimeError("Inplace update to inference tensor outside InferenceMode is not allowed. You can make a "
                           "clone to get a normal tensor before doing inplace update.")  # fmt: skip


def check_writable(name: str, target: Tensor, overlapping: bool = False) -> None:
    """Raise RuntimeError where a tensor cannot be written to; one whose elements share memory can by what gives all one value."""
    check_inference(target)
    array = target.array
    if core.is_grad_enabled() and (target._view == NO_GRAD or target._view == UNRECORDED and target._base.requires_grad):
        raise RuntimeError(NO_GRAD_VIEW)
    if not array.flags.writeable:
        raise RuntimeError(f"{name}(): the tensor's memory is read-only; write to a clone() of it")
    if not overlapping and not array.flags.c_contiguous and overlaps_itself(array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def overlaps_itself(array) -> bool:
    """Whether two indices of an array may mean one element (an expanded dimension)."""
    return any(step == 0 and size > 1 for step, size in zip(array.strides, array.shape))


def check_recordable(target: Tensor) -> None:
    """Raise RuntimeError where an in-place operation cannot go into the graph."""
    base = target._base
    if target._view in (NO_GRAD, UNRECORDED):
        raise RuntimeError(NO_GRAD_VIEW)
    if target._view != WRITABLE:
        said, node = MANY_VIEWS if target._view == ONE_OF_SEVERAL else CUSTOM_VIEW, target._node
        raise RuntimeError(said.format(target._slot, "an operation" if node is None else node.name()))
    if base is None:
        if target._requires_grad and target._node is None:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    elif base._node is None and (base._requires_grad or target._requires_grad):  # a view may be a leaf itself
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")


def check_out(name: str, out, values=(), apart: tuple = (False, False)) -> None:
    """Raise TypeError if `out` is no tensor, RuntimeError if something would be recorded, or `out` meets a value in memory.

    A value that lies exactly where `out` does is no harm, unless it has to be `apart`: the first of them, the rest; None where
    it may share memory with `out` in any way.
    """
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if core.recording((out, *values)):
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, "
                           "but one of the arguments requires grad.")  # fmt: skip
    for some, way in zip((values[:1], values[1:]), apart):
        if way is not None:
            check_apart(name, out, some, way)


def check_apart(name: str, target: Tensor, values, apart: bool = False) -> None:
    """RuntimeError where the tensor that is written to shares memory with one of the values; see `core.overlaps`."""
    if core.overlaps(target.array, values, apart):
        raise RuntimeError(
            f"{name}(): unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the operation."
        )


def check_same(name: str, out: Tensor, result: Tensor) -> None:
    """Raise RuntimeError where `out` is not of the result's dtype."""
    if out.array.dtype != result.array.dtype:
        raise RuntimeError(
            f"{name}(): Expected out tensor to have dtype {result.dtype.name}, but got {out.dtype.name} instead"
        )


def check_cast(result: dtypes.dtype, target: dtypes.dtype, error: type[Exception] = RuntimeError) -> None:
    """Raise where a result of one dtype cannot be written to a tensor of another."""
    if result is not target and not dtypes.can_cast(result, target):
        raise error(
            f"result type {torch_name(result)} can't be cast to the desired output type {torch_name(target)}"
        )


def check_result(name: str, target: Tensor, result) -> None:
    """Raise RuntimeError where a result cannot be written to the target."""
    if not isinstance(result, Tensor):
        raise RuntimeError(f"{name}_(): has no single result to write in place")
    if result.array.shape != target.array.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    check_cast(result.dtype, target.dtype)


def write(name: str, target: Tensor, result) -> None:
    """Write a result over a tensor's data, and count the write."""
    check_result(name, target, result)
    if result.array is not target.array:
        Supplied.overwrite(target.array, result.array)
    core.bump(target)


def write_out(name: str, out: Tensor, result: Tensor, rule: str = "cast") -> None:
    """Write a result to `out=`, which takes its shape; the rule is an operation's, see `op`."""
    if "any" not in rule:
        if "cast" not in rule:
            check_same(name, out, result)
        check_cast(result.dtype, out.dtype, TypeError if "TypeError" in rule else RuntimeError)
    check_writable(name, out)
    if out.array.shape != result.array.shape:
        if out.array.size:
            import warnings

            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does "
                f"not match the required output shape {list(result.shape)}.", UserWarning, stacklevel=3,
            )  # fmt: skip
        out.array = core.empty(result.array.shape, out.array.dtype)
    if result.array is not out.array:
        Supplied.overwrite(out.array, result.array)
    core.bump(out)
