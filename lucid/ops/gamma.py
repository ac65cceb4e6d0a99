"""Samples of the gamma and Dirichlet distributions, and how they move with the concentrations they are drawn from.

A sample x of a distribution F(x; a) moves with a such that F keeps its value: dx/da = -(dF/da) / (dF/dx). The kernels
`STANDARD_GAMMA_GRAD` and `dirichlet_grad` compute that; it does not depend on how x was drawn.
"""

from __future__ import annotations

import numpy as np

from lucid._kernels import random as kernels
from lucid._kernels import special as rare
from lucid._kernels.core import binary, empty, flat, wrap
from lucid.autograd.op import op
from lucid.ops._draws import drawn_as_it_is
from lucid.ops._frame import FLOAT64, FLOATING, cast, contiguous, kernel, tensor_argument
from lucid.ops.arithmetic import mul, sub
from lucid.ops.polynomials import rare_binary_kernel
from lucid.ops.reduction import sum as sum_of
from lucid.random import engine_of
from lucid.tensor import Tensor

STANDARD_GAMMA = kernel(kernels.standard_gamma, "standard_gamma", FLOATING).table
STANDARD_GAMMA_GRAD = rare_binary_kernel("standard_gamma_grad")
DIRICHLET_GRAD = kernel(rare.dirichlet_grad, "dirichlet_grad", FLOATING).table


def drawn(concentration: np.ndarray, dtype: np.dtype, generator) -> np.ndarray:
    """Standard gamma samples."""
    result = empty(concentration.shape, dtype)
    if result.size:
        row = flat(contiguous(cast(concentration, dtype)))
        STANDARD_GAMMA[dtype.num](engine_of("_standard_gamma", generator), row, flat(result))
    return result


@op("_standard_gamma")
def standard_gamma(input_: Tensor, generator=None) -> Tensor:
    """Samples of gamma distributions of rate 1 with these concentrations.

    References
    ----------
    G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables" (2000).
    """
    array = tensor_argument("_standard_gamma", input_).array
    return wrap(drawn(array, drawn_as_it_is("gamma_cpu", array), generator))


standard_gamma.vjp(input_=lambda g, input_, out: mul(g, standard_gamma_grad(input_, out)))


@op("_standard_gamma_grad")
def standard_gamma_grad(input_: Tensor, output: Tensor) -> Tensor:
    """The derivative of standard gamma samples by their concentrations."""
    return binary(STANDARD_GAMMA_GRAD, input_, output)


@op("_sample_dirichlet")
def sample_dirichlet(input_: Tensor, generator=None) -> Tensor:
    """Samples of Dirichlet distributions: gamma samples over their sum along the last dimension, drawn in float64."""
    array = tensor_argument("_sample_dirichlet", input_).array
    drawn_as_it_is("dirichlet", array)
    result = drawn(array, FLOAT64, generator)
    if result.size:
        result /= result.sum(-1, keepdims=True)
    result = cast(result, array.dtype)
    one, tiny = np.ones((), array.dtype), np.finfo(array.dtype).tiny
    return wrap(np.clip(result, tiny, np.nextafter(one, 0 * one), out=result))


@sample_dirichlet.vjp_joint("input_")
def sample_dirichlet_backward(g, needs, input_, out):
    total = sum_of(input_, -1, True).expand_as(input_)
    return (mul(dirichlet_grad(out, input_, total), sub(g, sum_of(mul(out, g), -1, True))),)


@op("_dirichlet_grad")
def dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """The derivative of each component of Dirichlet samples by its own concentration, over 1 - x."""
    arrays = [tensor_argument("_dirichlet_grad", one).array for one in (x, alpha, total)]
    dtype = drawn_as_it_is("_dirichlet_grad_cpu", arrays[0])
    result = empty(arrays[0].shape, dtype)
    if result.size:
        DIRICHLET_GRAD[dtype.num](*(flat(contiguous(cast(one, dtype))) for one in arrays), flat(result))
    return wrap(result)
