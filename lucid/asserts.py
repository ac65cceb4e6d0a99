"""Checks that programs written for PyTorch's compiler make: private in PyTorch, but packages call them."""

from __future__ import annotations

from lucid import dtypes
from lucid.autograd.op import overridable
from lucid.tensor import Tensor

__all__ = ["_assert", "_assert_async", "_check", "_check_index", "_check_is_size", "_check_not_implemented", "_check_tensor_all",
           "_check_type", "_check_value",
           "_check_with"]  # fmt: skip


@overridable
def _assert(condition, message) -> None:
    """AssertionError with a message unless a condition holds."""
    if not condition:
        raise AssertionError(message)


def _assert_async(input, assert_msg: str = "Expected Tensor with single nonzero value, but got zero") -> None:
    """RuntimeError unless the one element of a tensor is nonzero."""
    if not input:
        raise RuntimeError(assert_msg)


def _check_with(error_type, cond, message=None) -> None:
    """An error of a type, with the text that `message()` returns, unless a condition holds."""
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if not cond:
        raise error_type("Expected cond to be True, but got False." if message is None else str(message()))


def _checker(name: str, error_type):
    def check(cond, message=None) -> None:
        _check_with(error_type, cond, message)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"{error_type.__name__}, with the text that `message()` returns, unless a condition holds."
    return check


_check, _check_index, _check_type = map(_checker, ("_check", "_check_index", "_check_type"), (RuntimeError, IndexError, TypeError))
_check_value, _check_not_implemented = map(_checker, ("_check_value", "_check_not_implemented"), (ValueError, NotImplementedError))


def _check_is_size(i: int, message=None, *, max=None) -> None:
    """RuntimeError unless an integer is not negative, nor above a limit."""
    _check(i >= 0 and (max is None or i <= max), message)


def _check_tensor_all(cond: Tensor, message=None) -> None:
    """RuntimeError unless all elements of a tensor are true; TypeError if it is no tensor of bools."""
    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype is not dtypes.bool_:
        raise TypeError(f"cond tensor must have dtype bool, but got {cond.dtype}")
    _check(bool(cond.all()), message)
