"""Random tensors: new ones, samples of what other tensors say, and tensors filled in place.

An operation checks its arguments and hands an array to what fills it (`_draws.py`). Gradients: a sample does not depend on
what it was drawn from, so `replaced` gives its inputs a gradient of zero.
"""

from __future__ import annotations

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid._kernels import random as kernels
from lucid._kernels.core import empty, flat, wrap
from lucid.autograd.op import op
from lucid.autograd.writes import check_apart, check_out, write_out
from lucid.dtypes import torch_name
from lucid.ops._doc import doc, like
from lucid.ops._draws import (
    BINOMIAL,
    DIGITS,
    EXPONENTIAL,
    MULTINOMIAL,
    POISSON,
    computed_in,
    dense_like,
    draw_into,
    drawn_as_it_is,
    fill_bernoulli,
    fill_bernoulli_each,
    fill_cauchy,
    fill_exponential,
    fill_geometric,
    fill_log_normal,
    fill_normal,
    fill_random,
    fill_standard_normal,
    fill_standard_uniform,
    fill_uniform,
    integer,
    made,
    made_like,
    refill,
    replaced,
    sizes,
)
from lucid.ops._frame import INT64, broadcast_shapes, cast, contiguous, shape_argument, tensor_argument
from lucid.random import engine_of
from lucid.tensor import Tensor

# ------------------------------------------------------------------------------------------------ new tensors


@op("rand", gradient=False)
@doc()
def rand(
    *size,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
    **kw,
) -> Tensor:
    """Samples of the uniform distribution on [0, 1).

    Parameters
    ----------
    *size : int or sequence of int
        The shape (`size=` too).
    out : Tensor, optional
        Where the result is written; it takes the shape.
    dtype : dtype, optional
        A floating or complex one; by default the default dtype.

    Returns
    -------
    Tensor
        Of shape `size`.

    Raises
    ------
    NotImplementedError
        For a dtype that is not floating.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.rand(2))
    [0.4962566, 0.7682218]
    """
    fill = fill_standard_uniform(generator)
    shape = sizes("rand", size, kw)
    return made("rand", shape, fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("randn", gradient=False)
@like(rand)
def randn(
    *size,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
    **kw,
) -> Tensor:
    """Samples of the normal distribution of mean 0 and variance 1; the parts of a complex sample have variance 1/2 each.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.randn(2))
    [1.5409961, -0.2934289]
    """
    fill = fill_standard_normal(generator)
    shape = sizes("randn", size, kw)
    return made("randn", shape, fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("randint", gradient=False, own=("out",))
@like(rand)
def randint(
    low: int = 0,
    high: int | tuple | None = None,
    size: tuple | None = None,
    *,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
) -> Tensor:
    """Integers drawn evenly from [low, high).

    Parameters
    ----------
    low : int, optional
        The smallest one. `randint(high, size)` starts at 0.
    high : int
        One above the largest.
    size : sequence of int
        The shape.
    dtype : dtype, optional
        The dtype of the result; by default int64.

    Raises
    ------
    RuntimeError
        If the range is empty, or beyond the dtype.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> lucid.randint(3, 10, (4,)).tolist()
    [7, 6, 3, 5]
    """
    if high is None or (size is None and hasattr(high, "__len__")):
        low, high, size = 0, low, high if size is None else size
    if size is None:
        raise TypeError("randint() missing required argument: 'size'")
    if not hasattr(size, "__len__"):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    fill = fill_random(integer("randint", "low", low), integer("randint", "high", high), generator, "randint")
    dtype = dtypes.int64 if dtype is None and out is None else dtype
    shape = sizes("randint", (size,), {})
    return made("randint", shape, fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("randperm", gradient=False, own=("out",))
@doc()
def randperm(
    n: int,
    *,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
) -> Tensor:
    """The integers 0 to n - 1 in random order.

    Parameters
    ----------
    n : int
        How many.
    dtype : dtype, optional
        The dtype of the result, which must hold n - 1 exactly; by default int64.

    Returns
    -------
    Tensor
        Of shape (n,).

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> lucid.randperm(5).tolist()
    [4, 0, 1, 3, 2]
    """
    n, engine = integer("randperm", "n", n), engine_of("randperm", generator)

    def fill(array):
        dtype = dtypes.from_numpy_dtype(array.dtype)
        if dtype.kind in (0, 3):
            raise NotImplementedError(f"\"randperm\" not implemented for '{torch_name(dtype)}'")
        most = 2 ** DIGITS[dtype.name] + 1 if dtype.is_floating_point else dtypes.iinfo(dtype).max + 1
        if n > most:
            raise RuntimeError(f"n cannot be greater than {most} for {torch_name(dtype)} type.")
        draw_into(array, INT64, lambda row: kernels.randperm(engine, row))

    dtype = dtypes.int64 if dtype is None and out is None else dtype
    return made("randperm", (n,), fill, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


@op("rand_like", gradient=False)
@doc()
def rand_like(
    input_,
    *,
    generator=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:
    """Uniform samples on [0, 1) in the shape of a tensor.

    Parameters
    ----------
    input_ : Tensor
        Whose shape, dtype and order in memory the result has.
    dtype : dtype, optional
        The dtype of the result; by default the input's.

    Returns
    -------
    Tensor
        Of the input's shape; of `dtype`, or else the input's.

    Examples
    --------
    >>> lucid.rand_like(lucid.ones(2, 3)).shape
    lucid.Size([2, 3])
    """
    fill = fill_standard_uniform(generator)
    return made_like("rand_like", input_, fill, dtype, device, requires_grad, memory_format)


@op("randn_like", gradient=False)
@like(rand_like)
def randn_like(
    input_,
    *,
    generator=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:
    """Standard normal samples in the shape of a tensor.

    Examples
    --------
    >>> lucid.randn_like(lucid.ones(2, 3)).shape
    lucid.Size([2, 3])
    """
    fill = fill_standard_normal(generator)
    return made_like("randn_like", input_, fill, dtype, device, requires_grad, memory_format)


@op("randint_like", gradient=False)
@like(rand_like)
def randint_like(
    input_,
    low: int = 0,
    high: int | None = None,
    *,
    generator=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=None,
    requires_grad: bool | None = False,
    memory_format=None,
) -> Tensor:
    """Integers drawn evenly from [low, high) in the shape of a tensor.

    Parameters
    ----------
    low : int, optional
        The smallest one. `randint_like(x, high)` starts at 0.
    high : int
        One above the largest.

    Examples
    --------
    >>> lucid.randint_like(lucid.ones(2, 3), 5).shape
    lucid.Size([2, 3])
    """
    low, high = (0, low) if high is None else (low, high)
    fill = fill_random(integer("randint_like", "low", low), integer("randint_like", "high", high), generator)
    return made_like("randint_like", input_, fill, dtype, device, requires_grad, memory_format)


# ------------------------------------------------------------------------------------------------ samples of tensors


@op("bernoulli", composite=True, own=("out",))
@doc()
def bernoulli(input_: Tensor, p: float | None = None, *, generator=None, out=None) -> Tensor:
    """1 with the probability that each element gives, else 0.

    Parameters
    ----------
    input_ : Tensor
        Probabilities, floating, in [0, 1].
    p : float, optional
        One probability for all; then only the input's shape and dtype count.

    Returns
    -------
    Tensor
        Of the input's shape and dtype. Its gradient is zero.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.bernoulli(lucid.tensor([0.0, 0.5, 1.0])))
    [0.0, 0.0, 1.0]
    """
    array = tensor_argument("bernoulli", input_).array
    if p is None or isinstance(p, Tensor):
        fill = fill_bernoulli_each(input_ if p is None else p, generator, "bernoulli")
    else:
        fill = fill_bernoulli(p, generator, "bernoulli")
    if out is not None:
        check_out("bernoulli", out, (input_,))
    result = made("bernoulli", array.shape, fill, out=out, dtype=input_.dtype if out is None else None)
    return replaced(input_, result)


@op("normal", composite=True, own=("out",))
@doc()
def normal(
    mean,
    std=1.0,
    size: tuple | None = None,
    *,
    generator=None,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad: bool | None = False,
    pin_memory=False,
) -> Tensor:
    """Normal samples of given means and standard deviations.

    Parameters
    ----------
    mean : float or Tensor
        The means.
    std : float or Tensor, optional
        The standard deviations, which broadcast with `mean`. Default: 1.
    size : sequence of int, optional
        The shape; needed where neither is a tensor.
    dtype : dtype, optional
        The dtype of the result; counts only with `size`.

    Returns
    -------
    Tensor
        Of shape `size`, or the broadcast one; of the dtype of `mean`, else of `std`. Its gradient is zero.

    Raises
    ------
    RuntimeError
        If a standard deviation is negative.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.normal(10.0, 0.5, (2,)))
    [10.770498, 9.853286]
    """
    tensors = [one for one in (mean, std) if isinstance(one, Tensor)]
    if not tensors:
        if not hasattr(size, "__len__"):
            raise TypeError("normal(): argument 'size' must be tuple of ints when mean and std are numbers")
        return made(
            "normal", shape_argument("normal", (size,)), fill_normal(mean, std, generator), out=out, dtype=dtype,
            device=device, requires_grad=requires_grad,
        )  # fmt: skip
    if isinstance(std, Tensor):
        if std.is_complex():
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if std.array.size and not bool((std.array >= 0).all()):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        fill = fill_normal(0.0, 1.0, generator)
    else:
        fill = fill_normal(0.0, std, generator)
    if out is not None:
        check_out("normal", out, tensors)
    shape = broadcast_shapes(*[one.array.shape for one in tensors])
    result = made("normal", shape, fill, dtype=tensors[0].dtype if out is None else out.dtype)
    past, forward_ad = core.set_grad(False), core.set_forward_ad(False)
    try:
        if isinstance(std, Tensor):
            result = result.mul_(std)
        result = result.add_(mean)
    finally:
        core.set_grad(past), core.set_forward_ad(forward_ad)
    if out is not None:
        write_out("normal", out, result)
        return out
    for one in tensors:
        result = replaced(one, result)
    return result


@op("multinomial", gradient=False, own=("out",), out="same")
@doc()
def multinomial(input_: Tensor, num_samples: int, replacement: bool = False, *, generator=None, out=None) -> Tensor:
    """Indices drawn with the probabilities that a row of weights gives.

    Parameters
    ----------
    input_ : Tensor
        Weights, of shape (categories,) or (rows, categories): floating, finite, not negative, no row all zero.
    num_samples : int
        How many to draw of each row.
    replacement : bool, optional
        Whether a category may be drawn again.
    out : Tensor, optional
        Where the result is written: an int64 tensor.

    Returns
    -------
    Tensor
        Of shape (num_samples,) or (rows, num_samples), int64.

    Raises
    ------
    RuntimeError
        For weights that are none, or more samples than there are categories.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> lucid.multinomial(lucid.tensor([0.0, 1.0, 3.0]), 2).tolist()
    [2, 1]
    """
    array, engine = tensor_argument("multinomial", input_).array, engine_of("multinomial", generator)
    num_samples = integer("multinomial", "num_samples", num_samples)
    if array.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input_.is_floating_point():
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {torch_name(input_.dtype)}"
        )
    if out is not None:
        check_out("multinomial", out)
        if out.array.dtype != INT64:
            raise RuntimeError(f"multinomial expects Long tensor out, got: {torch_name(out.dtype)}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    categories = array.shape[-1]
    if not replacement and num_samples > categories:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if categories > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    compute = computed_in("multinomial", array)
    if array.size and not bool(((array >= 0) & (array < np.inf)).all()):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if 0 not in array.shape[:-1] and not bool((array.astype(compute, copy=False).sum(-1) > 0).all()):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")

    def fill(result):
        if not result.size:
            return
        if replacement and num_samples > 1:
            weights = contiguous(cast(array, compute))
            rows = result.size // num_samples
            drawn = contiguous(result)
            MULTINOMIAL[compute.num](
                engine, flat(weights), flat(empty((categories,), compute)), flat(drawn), rows, categories, num_samples
            )
        else:  # the largest weights over exponential samples, also for one sample with replacement
            waits = dense_like(array, array.dtype)
            draw_into(waits, compute, lambda row: EXPONENTIAL[compute.num](engine, row, 1.0))
            with np.errstate(all="ignore"):
                chances = array / waits
            from lucid.ops.sorting import topk  # a family that is loaded late

            drawn = topk.op.forward(wrap(chances), num_samples).indices.array
        if drawn is not result:
            result[...] = drawn

    return made("multinomial", (*array.shape[:-1], num_samples), fill, out=out, dtype=dtypes.int64)


@op("poisson", composite=True)
@doc()
def poisson(input_: Tensor, generator=None) -> Tensor:
    """Samples of the Poisson distribution.

    Parameters
    ----------
    input_ : Tensor
        The rate of each sample, floating, not negative.

    Returns
    -------
    Tensor
        Of the input's shape and dtype. Its gradient is zero.

    Raises
    ------
    RuntimeError
        If a rate is negative.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.poisson(lucid.tensor([2.0, 40.0])))
    [6.0, 37.0]
    """
    array, engine = tensor_argument("poisson", input_).array, engine_of("poisson", generator)
    compute = computed_in("poisson_cpu", array)
    if array.size and not bool((array >= 0).all()):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    result = empty(array.shape, compute)
    if array.size:
        POISSON[compute.num](engine, flat(contiguous(cast(array, compute))), flat(result))
    return replaced(input_, wrap(cast(result, array.dtype)))


@op("binomial", gradient=RuntimeError)
@doc()
def binomial(count: Tensor, prob: Tensor, generator=None) -> Tensor:
    """Samples of the binomial distribution.

    Parameters
    ----------
    count, prob : Tensor
        Numbers of trials and probabilities of success, of one floating dtype, broadcast against each other.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(0)
    >>> print(lucid.binomial(lucid.tensor([10.0, 100.0]), lucid.tensor(0.5)))
    [7.0, 51.0]
    """
    a, b = tensor_argument("binomial", count).array, tensor_argument("binomial", prob, 2, "prob").array
    engine = engine_of("binomial", generator)
    for argument, one in (("count", count), ("prob", prob)):
        if not one.is_floating_point():
            raise ValueError(
                f"binomial only supports floating-point dtypes for {argument}, got: {torch_name(one.dtype)}"
            )
    compute = drawn_as_it_is("binomial_cpu", a)
    if a.dtype != b.dtype:
        raise RuntimeError(f"Found dtype {torch_name(prob.dtype)} but expected {torch_name(count.dtype)}")
    shape = broadcast_shapes(a.shape, b.shape)
    result = empty(shape, compute)
    if result.size:
        rows = [flat(contiguous(cast(np.broadcast_to(one, shape), compute))) for one in (a, b)]
        BINOMIAL[compute.num](engine, *rows, flat(result))
    return wrap(cast(result, a.dtype))


# ------------------------------------------------------------------------------------------------ in place

FROM_ZERO = object()  # random_(to) and random_(from, None) differ


@op("Tensor.uniform_", composite=True)
@doc()
def uniform_(input_: Tensor, from_: float = 0, to: float = 1, *, generator=None) -> Tensor:
    """Overwrite the tensor with uniform samples on [from, to). Returns it.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    from_ : number, optional
        The least, included.
    to : number, optional
        The greatest, excluded.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.empty(2, 3).uniform_().shape
    lucid.Size([2, 3])
    """
    return refill("uniform_", input_, fill_uniform(from_, to, generator))


@op("Tensor.normal_", composite=True)
@like(uniform_)
def normal_(input_: Tensor, mean: float = 0, std: float = 1, *, generator=None) -> Tensor:
    """Overwrite the tensor with normal samples of that mean and standard deviation. Returns it.

    Parameters
    ----------
    mean : float, optional
        The mean.
    std : float, optional
        The standard deviation.

    Examples
    --------
    >>> lucid.empty(2, 3).normal_().shape
    lucid.Size([2, 3])
    """
    return refill("normal_", input_, fill_normal(mean, std, generator))


@op("Tensor.random_", composite=True)
@like(uniform_)
def random_(input_: Tensor, from_: int | None = None, to: int | None = FROM_ZERO, *, generator=None) -> Tensor:
    """Overwrite the tensor with integers drawn evenly from [from, to). Returns it.

    `random_(to)` starts at 0; `random_(from, None)` ends with the largest number of the dtype; `random_()` draws from
    the numbers that are not negative, of a floating dtype from those up to 2**digits of its significand.

    Examples
    --------
    >>> bool((lucid.empty(3).random_(5) < 5).all())
    True
    """
    if to is FROM_ZERO:
        from_, to = (None, None) if from_ is None else (0, from_)
    elif from_ is None:
        from_ = 0
    return refill("random_", input_, fill_random(from_, to, generator))


@op("Tensor.bernoulli_", composite=True)
@like(uniform_)
def bernoulli_(input_: Tensor, p=0.5, *, generator=None) -> Tensor:
    """Overwrite the tensor with 1 with probability p (a number, or a tensor that expands), else with 0. Returns it.

    Parameters
    ----------
    p : float, optional
        The probability.

    Examples
    --------
    >>> lucid.empty(2).bernoulli_(1.0)
    Tensor([1.0, 1.0])
    """
    check_apart("bernoulli_", input_, (p,))
    fill = fill_bernoulli_each if isinstance(p, Tensor) else fill_bernoulli
    return refill("bernoulli_", input_, fill(p, generator))


@op("Tensor.exponential_", composite=True)
@like(uniform_)
def exponential_(input_: Tensor, lambd: float = 1, *, generator=None) -> Tensor:
    """Overwrite the tensor with exponential samples of rate `lambd`. Returns it.

    Parameters
    ----------
    lambd : float, optional
        The rate.

    Examples
    --------
    >>> bool((lucid.empty(3).exponential_() > 0).all())
    True
    """
    return refill("exponential_", input_, fill_exponential(lambd, generator))


@op("Tensor.geometric_", composite=True)
@like(uniform_)
def geometric_(input_: Tensor, p: float, *, generator=None) -> Tensor:
    """Overwrite the tensor with numbers of trials up to the first success of probability p. Returns it.

    Parameters
    ----------
    p : float
        The probability.

    Examples
    --------
    >>> bool((lucid.empty(3).geometric_(0.5) >= 1).all())
    True
    """
    return refill("geometric_", input_, fill_geometric(p, generator))


@op("Tensor.cauchy_", composite=True)
@like(uniform_)
def cauchy_(input_: Tensor, median: float = 0, sigma: float = 1, *, generator=None) -> Tensor:
    """Overwrite the tensor with Cauchy samples. Returns it.

    Parameters
    ----------
    median : float, optional
        The median.
    sigma : float, optional
        The scale.

    Examples
    --------
    >>> lucid.empty(2, 3).cauchy_().shape
    lucid.Size([2, 3])
    """
    return refill("cauchy_", input_, fill_cauchy(median, sigma, generator))


@op("Tensor.log_normal_", composite=True)
@like(uniform_)
def log_normal_(input_: Tensor, mean: float = 1, std: float = 2, *, generator=None) -> Tensor:
    """Overwrite the tensor with exponentials of normal samples. Returns it.

    Parameters
    ----------
    mean : float, optional
        The mean.
    std : float, optional
        The standard deviation.

    Examples
    --------
    >>> bool((lucid.empty(3).log_normal_() > 0).all())
    True
    """
    return refill("log_normal_", input_, fill_log_normal(mean, std, generator))


TENSOR_METHODS = {
    "uniform_": uniform_, "normal_": normal_, "random_": random_, "bernoulli_": bernoulli_,
    "exponential_": exponential_, "geometric_": geometric_, "cauchy_": cauchy_, "log_normal_": log_normal_,
}  # fmt: skip
