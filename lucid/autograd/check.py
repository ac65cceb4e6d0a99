"""`gradcheck` and `gradgradcheck`: gradients against finite differences.

Both compare whole Jacobians: a column from two evaluations around each element of each input (for complex ones in both
directions), a row from one backward pass for each element of each output (for complex ones for both parts).
"""

from __future__ import annotations

import numpy as np

from lucid._kernels.core import wrap
from lucid.autograd.engine import grad
from lucid.autograd.node import Supplied
from lucid.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient does not agree with finite differences."""


def _tensors(value) -> tuple:
    found = (value,) if isinstance(value, Tensor) else tuple(value)
    return tuple(one for one in found if isinstance(one, Tensor) and one.dtype.kind >= 2)


def _directions(array: np.ndarray):
    """Each element of an array, with the steps that it can be moved by."""
    for index in np.ndindex(array.shape):
        yield from ((index, step) for step in ((1.0, 1j) if array.dtype.kind == "c" else (1.0,)))


def _numerical(function, inputs, varied: Tensor, eps: float) -> list[np.ndarray]:
    """For each output, the derivatives of its elements (rows) in each direction of one input (columns)."""
    columns = []
    for index, step in _directions(varied.array):
        before = varied.array[index]
        sides = []
        for sign in (1, -1):
            varied.array[index] = before + sign * eps * step
            sides.append([out.array.astype(out.array.dtype, copy=True).reshape(-1) for out in _tensors(function(*inputs))])
        varied.array[index] = before
        columns.append([(up - down) / (2 * eps) for up, down in zip(*sides)])
    return [np.stack(column, 1) for column in zip(*columns)] if columns else []


def _analytical(output: Tensor, varied: Tensor, create_graph: bool = False) -> np.ndarray:
    """The same of one output by backward passes: rows for its elements (and parts), columns for directions."""
    rows = []
    for index, step in _directions(output.array):
        cotangent = np.zeros(output.array.shape, output.array.dtype)
        cotangent[index] = step
        (gradient,) = grad(output, varied, wrap(cotangent), retain_graph=True, allow_unused=True)
        found = np.zeros(varied.array.shape, varied.array.dtype) if gradient is None else gradient.array
        if found.shape != varied.array.shape or found.dtype != varied.array.dtype:
            raise GradcheckError(f"a gradient has shape {found.shape} and dtype {found.dtype}, its input "
                                 f"{varied.array.shape} and {varied.array.dtype}")  # fmt: skip
        rows.append([(np.conj(found[at]) * way).real for at, way in _directions(varied.array)])
    return np.array(rows).reshape(len(rows), -1)


def gradcheck(
    func, inputs, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True,
    nondet_tol: float = 0.0, check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
    check_batched_grad: bool = False, check_batched_forward_grad: bool = False, check_forward_ad: bool = False,
    check_backward_ad: bool = True, fast_mode: bool = False, masked: bool | None = None,
) -> bool:  # fmt: skip
    """Compare the gradients of a function with finite differences.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a tensor or several.
    inputs : Tensor or tuple
        Those that require grad are checked: float64 or complex128, with no memory shared among their elements.
    eps : float, optional
        The step (default 1e-6).
    atol, rtol : float, optional
        How far analytical and numerical values may differ (default 1e-5 and 1e-3).
    raise_exception : bool, optional
        Raise rather than return False (default).
    nondet_tol : float, optional
        How far two backward passes may differ (default 0).
    check_forward_ad : bool, optional
        Whether to check derivatives along directions (`autograd.forward_ad`) too.
    check_backward_ad : bool, optional
        Whether to check gradients.
    check_undefined_grad, check_grad_dtypes, check_batched_grad, check_batched_forward_grad, fast_mode, masked
        Accepted for PyTorch's sake: dtypes are always checked, Jacobians always whole.

    Returns
    -------
    bool
        Whether all agree.

    Raises
    ------
    GradcheckError
        Naming the input and output that do not, with both Jacobians.
    ValueError
        If no input requires grad.
    AssertionError
        If neither is to be checked, or `check_batched_grad` without gradients, `check_batched_forward_grad` without the other.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([0.5, 1.5], dtype=lucid.float64, requires_grad=True)
    >>> lucid.autograd.gradcheck(lambda x: x.exp() * x, x)
    True
    """
    _consistent(
        ("check_forward_ad", check_forward_ad), ("check_backward_ad", check_backward_ad),
        check_batched_grad=check_batched_grad,
    )  # fmt: skip
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    try:
        return _check(func, inputs, eps, atol, rtol, nondet_tol, check_forward_ad, check_backward_ad)
    except GradcheckError:
        if raise_exception:
            raise
        return False


def _consistent(forward: tuple[str, bool], backward: tuple[str, bool], **needs_backward: bool) -> None:
    """Raise AssertionError where nothing is to be checked, or what needs gradients without them."""
    if not (forward[1] or backward[1]):
        raise AssertionError(f"Expected at least one of {forward[0]} or {backward[0]} to be True")
    for name, wanted in needs_backward.items():
        if wanted and not backward[1]:
            raise AssertionError(f"Setting {name}=True requires {backward[0]} to be True")


def _along(func, inputs: tuple, at: int) -> list[np.ndarray]:
    """What `_numerical` finds, by forward mode."""
    from lucid.autograd.forward_ad import dual_level, make_dual, unpack_dual

    plain = [one.detach() if isinstance(one, Tensor) else one for one in inputs]
    varied = plain[at]
    columns = []
    for index, step in _directions(varied.array):
        direction = np.zeros(varied.array.shape, varied.array.dtype)
        direction[index] = step
        with dual_level():
            outputs = _tensors(func(*plain[:at], make_dual(varied, wrap(direction)), *plain[at + 1 :]))
            found = [Supplied.zeros(*like) if tangent is None else tangent
                     for tangent, like in ((unpack_dual(one).tangent, (one.shape, one.dtype)) for one in outputs)]  # fmt: skip
        columns.append([one.array.reshape(-1) for one in found])
    return [np.stack(column, 1) for column in zip(*columns)] if columns else []


def _check(func, inputs, eps, atol, rtol, nondet_tol, forward: bool, backward: bool) -> bool:
    checked = [(i, one) for i, one in enumerate(inputs) if isinstance(one, Tensor) and one.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True."
        )
    for i, one in checked:
        if one.array.dtype.itemsize < (16 if one.array.dtype.kind == "c" else 8):
            import warnings

            warnings.warn(f"Input #{i} requires gradient and is not a double precision floating point or complex. This "
                          "check will likely fail if all the inputs are not of double precision.", stacklevel=4)  # fmt: skip
        if one.array.size and any(step == 0 and size > 1 for step, size in zip(one.array.strides, one.array.shape)):
            raise RuntimeError(f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                               "non-overlapping to be able to compute the numerical gradients correctly.")  # fmt: skip
    outputs = _tensors(func(*inputs))
    for i, one in checked:
        numerical = _numerical(func, inputs, one, eps)
        for j, (expected, found) in enumerate(zip(numerical, _along(func, inputs, i)) if forward else ()):
            if not np.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(f"Jacobian computed with forward mode mismatch for output {j} with respect to input {i},\n"
                                     f"numerical:{expected}\nanalytical:{found}\n")  # fmt: skip
        if not backward:
            continue
        for j, output in enumerate(outputs):
            if not output.requires_grad or not output.array.size or not one.array.size:
                if not output.requires_grad and not np.allclose(numerical[j], 0, rtol=0, atol=atol):
                    raise GradcheckError(f"Numerical gradient for function expected to be zero: output {j} does not require grad")
                continue
            expected = numerical[j]
            if output.array.dtype.kind == "c":  # a row for each part: cotangents 1 and 1j
                expected = np.stack([expected.real, expected.imag], 1).reshape(-1, expected.shape[1])
            found = _analytical(output, one)
            if not np.allclose(found, expected.real, rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {j} with respect to input {i},\nnumerical:{expected.real}\n"
                    f"analytical:{found}\n"
                )
            again = _analytical(output, one)
            if np.abs(again - found).max(initial=0) > nondet_tol:
                raise GradcheckError(f"Backward is not reentrant: gradients of output {j} with respect to input {i} differ "
                                     "between two passes")  # fmt: skip
    return True


def gradgradcheck(
    func, inputs, grad_outputs=None, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True, nondet_tol: float = 0.0,
    check_undefined_grad: bool = True, check_grad_dtypes: bool = False, check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False, check_rev_over_rev: bool = True, fast_mode: bool = False, masked: bool = False,
) -> bool:  # fmt: skip
    """Compare the second gradients of a function with finite differences of the first.

    Parameters
    ----------
    func, inputs
        As for `gradcheck`.
    grad_outputs : Tensor or tuple, optional
        The gradients of the outputs; fixed irregular numbers by default.
    eps, atol, rtol, raise_exception, nondet_tol
        As for `gradcheck`.
    gen_non_contig_grad_outputs : bool, optional
        Accepted; gradients that are made here are contiguous.
    check_undefined_grad, check_grad_dtypes, check_batched_grad, fast_mode, masked
        As for `gradcheck`.
    check_fwd_over_rev, check_rev_over_rev : bool, optional
        Whether to check derivatives along directions of the gradients, and gradients of the gradients.

    Returns
    -------
    bool
        Whether all agree.

    Raises
    ------
    GradcheckError
        As `gradcheck`.
    AssertionError
        If neither is to be checked, or `check_undefined_grad` (the default) or `check_batched_grad` without `check_rev_over_rev`.

    Examples
    --------
    >>> import lucid
    >>> x = lucid.tensor([0.5, 1.5], dtype=lucid.float64, requires_grad=True)
    >>> lucid.autograd.gradgradcheck(lucid.sin, x)
    True
    """
    _consistent(
        ("check_fwd_over_rev", check_fwd_over_rev), ("check_rev_over_rev", check_rev_over_rev),
        check_undefined_grad=check_undefined_grad, check_batched_grad=check_batched_grad,
    )  # fmt: skip
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    outputs = [one for one in _tensors(func(*inputs)) if one.requires_grad]
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        grad_outputs = []
        for one in outputs:
            values = rng.standard_normal(one.array.shape)
            if one.array.dtype.kind == "c":
                values = values + 1j * rng.standard_normal(one.array.shape)
            grad_outputs.append(wrap(np.asarray(values, one.array.dtype)).requires_grad_())
    else:
        grad_outputs = list((grad_outputs,) if isinstance(grad_outputs, Tensor) else grad_outputs)
    count = len(inputs)

    def first(*arguments):
        for one, given in zip(arguments, (*inputs, *grad_outputs)):
            if isinstance(one, Tensor) and given.requires_grad:  # in forward mode they come without
                one.requires_grad_()
        own, cotangents = arguments[:count], arguments[count:]
        own = tuple(Supplied.view_alias(one) if isinstance(one, Tensor) and one.requires_grad else one for one in own)
        results = [one for one in _tensors(func(*own)) if one.requires_grad]
        wanted = [one for one in own if isinstance(one, Tensor) and one.requires_grad]
        found = grad(results, wanted, cotangents, create_graph=True, allow_unused=True)
        return tuple(one for one in found if one is not None and one.requires_grad)

    def with_graph(*arguments):
        # Finite differences are taken without recording, but the first gradient itself needs a graph.
        from lucid.autograd.modes import enable_grad

        with enable_grad():
            return first(*arguments)

    return gradcheck(
        with_graph, (*inputs, *grad_outputs), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
    )  # fmt: skip
