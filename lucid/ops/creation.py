"""Tensors from nothing, from Python, and from NumPy."""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels.core import empty as new_array
from lucid._kernels.core import wrap
from lucid.autograd.op import Supplied, op
from lucid.dtypes import as_dtype
from lucid.tensor import Tensor, to_array


def filled(shape: tuple, value, dtype: dtypes.dtype) -> Tensor:
    """A tensor of one value."""
    array = new_array(shape, dtype.numpy)
    array.fill(value)
    return wrap(array)


Supplied.zeros = lambda shape, dtype: filled(shape, 0, dtype)
Supplied.ones = lambda shape, dtype: filled(shape, 1, dtype)


@op("tensor", gradient=False)
def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A tensor of the values of a nested sequence, number or array, copied; the dtype is inferred from them."""
    result = wrap(to_array(data, None if dtype is None else as_dtype(dtype)))
    return result.requires_grad_() if requires_grad else result
