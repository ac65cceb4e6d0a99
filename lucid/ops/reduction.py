"""Reductions over dimensions, and what is computed along one."""

from __future__ import annotations

import numpy as np

from lucid._kernels import core
from lucid._kernels.core import wrap
from lucid.autograd.op import Supplied, op
from lucid.ops._frame import dims_argument
from lucid.ops.elementwise import add
from lucid.ops.view import expand, reshape
from lucid.tensor import Tensor


@op("sum")
def sum(input_: Tensor, dim=None, keepdim: bool = False, *, dtype=None, out=None) -> Tensor:
    """Sum over dimensions."""
    return wrap(np.asarray(np.add.reduce(input_.array, axis=dim, keepdims=keepdim)))


def spread(g: Tensor, input_: Tensor, dim, keepdim: bool) -> Tensor:
    """A gradient of a reduction, seen in the input's shape."""
    shape = input_.array.shape
    if not keepdim and dim is not None:
        dims = dims_argument("sum", dim, len(shape))
        g = reshape(g, [1 if i in dims else size for i, size in enumerate(shape)])
    return expand(g, shape)


sum.vjp(input_=lambda g, input_, dim, keepdim: spread(g, input_, dim, keepdim))


def sum_to(gradient: Tensor, shape: tuple) -> Tensor:
    """A gradient summed over the dimensions along which its input was broadcast."""
    lead = gradient.array.ndim - len(shape)
    dims = (*range(lead), *(i for i, size in enumerate(shape, lead) if size == 1 and gradient.array.shape[i] != 1))
    return reshape(sum(gradient, dims, True), shape)


core.set_graph_ops(sum_to, Supplied.cast, add)
