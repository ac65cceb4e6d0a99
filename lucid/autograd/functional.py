"""Jacobians, Hessians and their products with vectors, of functions of tensors."""

from __future__ import annotations

from lucid.autograd.engine import grad
from lucid.autograd.modes import enable_grad
from lucid.autograd.node import Supplied
from lucid.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


# ------------------------------------------------------------------------------------------ what all of them share


def _tensors(value, what: str) -> tuple[tuple[Tensor, ...], bool]:
    """A value as a tuple of tensors, and whether it was one."""
    many = isinstance(value, tuple)
    flat = value if many else (value,)
    for i, one in enumerate(flat):
        if not isinstance(one, Tensor):
            place = f"Value at index {i} of the {what}" if many else f"The {what}"
            raise TypeError(
                f"{place} must be either a Tensor or a tuple of Tensors; got {type(one).__name__}"
            )
    return flat, many


def _inputs(inputs, create_graph: bool, tracked: bool = True):
    """The inputs as the function gets them: new ones, in the caller's graph where that goes on."""
    flat, many = _tensors(inputs, "inputs")
    made = tuple(
        Supplied.view_alias(one) if create_graph and one.requires_grad else one.detach().requires_grad_(tracked)
        for one in flat
    )
    return made, many


def _outputs(func, inputs, what: str = "outputs of the user-provided function"):
    return _tensors(func(*inputs), what)


def _back(flat, many: bool, create_graph: bool):
    """Results as the caller gets them."""
    flat = flat if create_graph else tuple(one.detach() for one in flat)
    return flat if many else flat[0]


def _vector(v, like: tuple[Tensor, ...], many: bool, what: str) -> tuple[Tensor, ...]:
    """The vector of a product; ones where it may be left out."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if the {what} is a single Tensor with a single element")
        return (Supplied.ones(like[0].shape, like[0].dtype),)
    flat, _ = _tensors(v, "vector v")
    if len(flat) != len(like):
        raise RuntimeError(f"v must have as many tensors as the {what}: {len(like)}, got {len(flat)}")
    for i, (one, other) in enumerate(zip(flat, like)):
        if one.shape != other.shape:
            raise RuntimeError(f"v has invalid size at index {i}: it should be {other.shape}, got {one.shape}")
    return flat


def gradients(outputs, inputs, vector, strict: bool, create_graph: bool, what: str) -> tuple[Tensor, ...]:
    """The gradients of the inputs, zeros where there is none; with `strict` an error there."""
    reached = [(out, one) for out, one in zip(outputs, vector) if out.requires_grad]
    if strict and len(reached) < len(outputs):
        at = next(i for i, out in enumerate(outputs) if not out.requires_grad)
        raise RuntimeError(f"Output {at} of the {what} does not require gradients: it is independent of the inputs")
    found: tuple = (None,) * len(inputs)
    if reached:
        found = grad(
            [out for out, _ in reached], inputs, [one for _, one in reached], retain_graph=True,
            create_graph=create_graph, allow_unused=True,
        )  # fmt: skip
    result = []
    for i, (gradient, one) in enumerate(zip(found, inputs)):
        if strict and (gradient is None or create_graph and not gradient.requires_grad):
            raise RuntimeError(f"The {what} is independent of input {i}, which strict=True does not allow")
        result.append(Supplied.zeros(one.array.shape, one.dtype) if gradient is None else gradient)
    return tuple(result)


def forward(outputs, inputs, vector, strict: bool, create_graph: bool, what: str) -> tuple[Tensor, ...]:
    """The derivatives of the outputs along a vector: those of the gradients by their cotangents."""
    cotangents = tuple(Supplied.zeros(out.array.shape, out.dtype).requires_grad_() for out in outputs)
    back = gradients(outputs, inputs, cotangents, strict, True, what)
    return gradients(back, cotangents, vector, strict, create_graph, what)


# ---------------------------------------------------------------------------------------------------- products


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of a vector with the Jacobian of a function.

    Parameters
    ----------
    func : callable
        Takes tensors, returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple of Tensor
        Where.
    v : Tensor or tuple of Tensor, optional
        The vector, of the outputs' shapes; may be left out where the output has a single element.
    create_graph : bool, optional
        Make results that can be differentiated.
    strict : bool, optional
        Raise where an output does not depend on an input, rather than give zeros.

    Returns
    -------
    outputs : Tensor or tuple of Tensor
        What `func` returned.
    product : Tensor or tuple of Tensor
        Like the inputs.

    Raises
    ------
    TypeError
        If inputs or outputs are no tensors.
    RuntimeError
        If `v` does not match the outputs, or by `strict`.

    Examples
    --------
    >>> import lucid
    >>> lucid.autograd.functional.vjp(lucid.exp, lucid.zeros(2), lucid.tensor([1.0, 2.0]))
    (Tensor([1.0, 1.0]), Tensor([1.0, 2.0]))
    """
    with enable_grad():
        made, many = _inputs(inputs, create_graph)
        outputs, several = _outputs(func, made)
        vector = _vector(v, outputs, several, "user-provided function's output")
        found = gradients(outputs, made, vector, strict, create_graph, "user-provided function")
    return _back(outputs, several, create_graph), _back(found, many, create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of the Jacobian of a function with a vector: the derivative along it.

    It is the derivative of `vjp` with respect to its vector, so the function has to be differentiable twice.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As for `vjp`.
    v : Tensor or tuple of Tensor, optional
        The vector, of the inputs' shapes; may be left out where the input has a single element.

    Returns
    -------
    outputs : Tensor or tuple of Tensor
        What `func` returned.
    product : Tensor or tuple of Tensor
        Like the outputs.

    Raises
    ------
    TypeError, RuntimeError
        As `vjp`.

    Examples
    --------
    >>> import lucid
    >>> lucid.autograd.functional.jvp(lucid.exp, lucid.zeros(2), lucid.tensor([1.0, 2.0]))
    (Tensor([1.0, 1.0]), Tensor([1.0, 2.0]))
    """
    with enable_grad():
        made, many = _inputs(inputs, create_graph)
        vector = _vector(v, made, many, "input to the user-provided function")
        outputs, several = _outputs(func, made)
        found = forward(outputs, made, vector, strict, create_graph, "user-provided function")
    return _back(outputs, several, create_graph), _back(found, several, create_graph)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of a vector with the Hessian of a function of one value.

    Parameters
    ----------
    func : callable
        Takes tensors, returns a tensor with a single element.
    inputs, v, create_graph, strict
        As for `jvp`.

    Returns
    -------
    output : Tensor
        What `func` returned.
    product : Tensor or tuple of Tensor
        Like the inputs.

    Raises
    ------
    TypeError, RuntimeError
        As `vjp`; also if `func` returns more than one element.

    Examples
    --------
    >>> import lucid
    >>> lucid.autograd.functional.vhp(lambda x: (x**3).sum(), lucid.ones(2), lucid.tensor([1.0, 2.0]))
    (Tensor(2.0), Tensor([6.0, 12.0]))
    """
    return _second(func, inputs, v, create_graph, strict, gradients)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of the Hessian of a function of one value with a vector: as `vhp`, for the Hessian is symmetric.

    Parameters
    ----------
    func, inputs, v, create_graph, strict
        As for `vhp`, which is faster.

    Returns
    -------
    output : Tensor
        What `func` returned.
    product : Tensor or tuple of Tensor
        Like the inputs.

    Raises
    ------
    TypeError, RuntimeError
        As `vhp`.

    Examples
    --------
    >>> import lucid
    >>> lucid.autograd.functional.hvp(lambda x: (x**3).sum(), lucid.ones(2), lucid.tensor([1.0, 2.0]))
    (Tensor(2.0), Tensor([6.0, 12.0]))
    """
    return _second(func, inputs, v, create_graph, strict, forward)


def _second(func, inputs, v, create_graph: bool, strict: bool, derivative):
    """The result of a function of one value, and a derivative of its gradients along a vector."""
    with enable_grad():
        made, many = _inputs(inputs, create_graph)
        vector = _vector(v, made, many, "input to the user-provided function")
        output, back = _first(func, made, strict)
        found = derivative(back, made, vector, strict, create_graph, "Jacobian of the user-provided function")
    return _back(output, False, create_graph), _back(found, many, create_graph)


def _first(func, made, strict: bool):
    """The single output of a function, and its gradients, which are in the graph."""
    output, several = _outputs(func, made)
    if several or output[0].numel() != 1:
        raise RuntimeError("The function given should return a single Tensor with a single element")
    ones = (Supplied.ones(output[0].array.shape, output[0].dtype),)
    return output, gradients(output, made, ones, strict, True, "user-provided function")


# --------------------------------------------------------------------------------------------------- matrices


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The Jacobian of a function.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As for `vjp`.
    vectorize : bool, optional
        Differentiate all elements of an output in one backward pass, rather than one after the other.
    strategy : {"reverse-mode", "forward-mode"}, optional
        For PyTorch's programs: how it is computed there.

    Returns
    -------
    Tensor or (nested) tuple of Tensor
        For each output and each input the derivatives, of the output's shape followed by the input's. A tuple over
        the outputs where `func` returns one, of tuples over the inputs where they are one.

    Raises
    ------
    TypeError, RuntimeError
        As `vjp`.
    NotImplementedError
        For `strategy="forward-mode"` without `vectorize`.

    Examples
    --------
    >>> import lucid
    >>> lucid.autograd.functional.jacobian(lambda x: x * x, lucid.tensor([1.0, 2.0]))
    Tensor([[2.0, 0.0],
            [0.0, 4.0]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(f'Expected strategy to be either "forward-mode" or "reverse-mode", got {strategy!r}')
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError("jacobian: create_graph=True needs strategy='reverse-mode'")
        if not vectorize:
            raise NotImplementedError("jacobian: strategy='forward-mode' needs vectorize=True")
    if vectorize and strict:
        raise RuntimeError("jacobian: strict=True does not go with vectorize=True")
    with enable_grad():
        made, many = _inputs(inputs, create_graph)
        outputs, several = _outputs(func, made)
        rows = []
        for out in outputs:
            if vectorize and (found := _rows(out, made, create_graph)) is not None:
                rows.append(tuple(found))
                continue
            columns: list[list[Tensor]] = [[] for _ in made]
            for element in out.reshape(-1):
                one = (Supplied.ones((), out.dtype),)
                found = gradients((element,), made, one, strict, create_graph, "user-provided function")
                for column, gradient in zip(columns, found):
                    column.append(gradient)
            rows.append(tuple(
                Supplied.stack(column).reshape((*out.shape, *one.shape)) if column
                else Supplied.zeros((*out.shape, *one.shape), out.dtype)
                for column, one in zip(columns, made)
            ))  # fmt: skip
    rows = [_back(row, many, create_graph) for row in rows]
    return tuple(rows) if several else rows[0]


def _rows(out: Tensor, inputs, create_graph: bool):
    from lucid import batching

    return batching.rows(out, inputs, create_graph)


def hessian(
    func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"
):  # fmt: skip
    """The Hessian of a function of one value.

    Parameters
    ----------
    func : callable
        Takes tensors, returns a tensor with a single element.
    inputs, create_graph, strict
        As for `vjp`.
    vectorize, outer_jacobian_strategy
        For PyTorch's programs, as for `jacobian`.

    Returns
    -------
    Tensor or tuple of tuples of Tensor
        For each pair of inputs the second derivatives, of the first one's shape followed by the second one's.

    Raises
    ------
    TypeError, RuntimeError, NotImplementedError
        As `jacobian`; RuntimeError also if `func` returns more than one element.

    Examples
    --------
    >>> import lucid
    >>> lucid.autograd.functional.hessian(lambda x: (x**3).sum(), lucid.tensor([1.0, 2.0]))
    Tensor([[6.0, 0.0],
            [0.0, 12.0]])
    """
    _, many = _tensors(inputs, "inputs")

    def first(*made):
        output, back = _first(func, made, strict)
        return back if many else back[0]

    return jacobian(first, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


# ------------------------------------------------------------------------------------------ what packages import


def _as_tuple(value, arg_name: str, fn_name: str):
    flat, many = _tensors(value, arg_name)
    return many, flat


def _construct_standard_basis_for(tensors, numels) -> tuple[Tensor, ...]:
    """Of each tensor the elements of every unit vector in the space of all of them, in rows."""
    from lucid.ops.creation import eye

    return tuple(part.to(one.dtype) for one, part in zip(tensors, eye(sum(numels)).split(numels, 1)))


def _grad_postprocess(values, create_graph: bool):
    if isinstance(values, Tensor):
        return values if create_graph else values.detach()
    return tuple(_grad_postprocess(one, create_graph) for one in values)


def _tuple_postprocess(values: tuple, to_unpack):
    """The values, or the only one, where that is what was asked for; `to_unpack` says so of them and perhaps of what each consists of."""
    many, inner = to_unpack if isinstance(to_unpack, tuple) else (to_unpack, True)
    values = values if inner else tuple(one[0] for one in values)
    return values if many else values[0]
