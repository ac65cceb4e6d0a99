"""Functions of functions: gradients, products with Jacobians, Jacobians, and maps over a batch dimension.

A function may take and return tensors in containers inside each other (`lucid.utils._pytree`). A result stays in the caller's
graph where it depends on a tensor there, so that these functions can be applied to each other. `vmap` calls the
function once, for a whole batch (`lucid.batching`).
"""

from __future__ import annotations

import copy
import functools

from lucid import random
from lucid._kernels import core
from lucid.autograd.functional import gradients
from lucid.autograd.node import Node, Supplied
from lucid.autograd.writes import WRITABLE
from lucid.ops.joining import cat
from lucid.rearrange import rearrange
from lucid.stateless import functional_call, replace_all_batch_norm_modules_, stack_module_state
from lucid.tensor import Tensor
from lucid.utils._pytree import broadcast_leaves, tree_leaves, tree_map, tree_structure, tree_unflatten

batching = None  # the package, once a function was mapped over a batch

__all__ = [
    "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "rearrange",
    "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap",
]  # fmt: skip


# --------------------------------------------------------------------------------------------- nested arguments


def _like(tree, leaves):
    """A tree of the same form with other leaves."""
    if isinstance(tree, Tensor):
        return next(iter(leaves))
    return tree_unflatten(leaves, tree_structure(tree))


def _tensors(tree, who: str, what: str) -> list[Tensor]:
    """The leaves of a tree, which have to be tensors."""
    leaves = tree_leaves(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"{who}: Expected {what} to be tensors, got unsupported type {type(leaf)}")
    return leaves


# ------------------------------------------------------------------------------------------------ one level


class _Level:
    """One application of a transform: recording is on, and its own leaves are known.

    What comes out keeps its graph only where that leads beyond these leaves: to a tensor of the caller that requires
    grad, or to a leaf of a level further out. Inside `vmap` a leaf is a whole batch, whose entries are independent: the gradient of
    the whole is that of each.
    """

    def __init__(self):
        self.own: dict[int, Tensor] = {}  # by id, which is theirs while they are held here
        self.batches = list(batching.levels()) if batching is not None else []

    def __enter__(self):
        self.before = core.set_grad(True)
        return self

    def __exit__(self, *error):
        core.set_grad(self.before)

    def resumed(self) -> _Level:
        """The same level for what is computed later, perhaps in several threads at once, each with a mode of its own."""
        return copy.copy(self)

    def whole(self, x: Tensor) -> Tensor:
        """A tensor as it is recorded: with all batches."""
        return batching.whole_of(x, self.batches) if self.batches else x

    def entry(self, x: Tensor) -> Tensor:
        """A tensor as the program sees it."""
        return batching.entry_of(x, self.batches) if self.batches else x

    def later(self, *trees):
        """A batch that tensors are of and that was begun since, or None."""
        level = batching.innermost(trees) if batching is not None else None
        return None if level in self.batches else level

    def leaf(self, x: Tensor) -> Tensor:
        """A tensor that is differentiated by. ValueError for anything else."""
        if not isinstance(x, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
        x = self.whole(x)
        if core.requires_grad(x) and self.before:
            made = Supplied.view_alias(x)
        else:
            made = x.detach().requires_grad_()
            self.own[id(made)] = made
        return self.entry(made)

    def argument(self, x: Tensor) -> Tensor:
        """A leaf as a function gets it that may write to its argument: of its memory, but no leaf, nor a view of one."""
        made = Supplied.view_alias(self.whole(x))
        made._base, made._view = None, WRITABLE
        return self.entry(made)

    def leave(self, x):
        """A result as the caller gets it."""
        return x if not isinstance(x, Tensor) or self.before and self._leads_out(x) else x.detach()

    def _leads_out(self, x: Tensor) -> bool:
        while batching is not None and isinstance(x, batching.BatchedTensor):
            x = x.value
        if not core.requires_grad(x):
            return False
        stack, seen = [core.edge(x)[0]], set()
        while stack:
            place = stack.pop()
            if not isinstance(place, Node):
                if id(place) not in self.own:
                    return True
            elif place not in seen:
                seen.add(place)
                stack.extend(edge[0] for edge in place.edges)
        return False

    def gradients(self, outputs, inputs, cotangents, again: bool = False) -> tuple[Tensor, ...]:
        """Gradients, zeros where there is none; they can be differentiated again where anybody may ask for that."""
        outputs, inputs, cotangents = ([self.whole(one) for one in part] for part in (outputs, inputs, cotangents))
        again = again or self._goes_on(outputs + cotangents)
        off = 0 if batching is not None and batching.innermost(cotangents) else 2  # wholes are nobody else's business
        before = core.set_overrides_off(off)
        try:
            found = gradients(outputs, inputs, cotangents, False, again, "function")
        finally:
            core.set_overrides_off(before)
        return tuple(map(self.entry, found))

    def _goes_on(self, outputs) -> bool:
        return self.before and any(map(self._leads_out, outputs))

    def rows(self, out: Tensor, inputs) -> list[Tensor]:
        """The Jacobian of a tensor by each input: of all elements at once or, where something cannot be batched, in turn."""
        whole, wholes = self.whole(out), [self.whole(one) for one in inputs]
        before = core.set_overrides_off(2)
        try:
            from lucid import batching

            found = batching.rows(whole, wholes, self._goes_on([whole]), len(self.batches))
        finally:
            core.set_overrides_off(before)
        if found is not None:
            return [self.entry(one) for one in found]
        each = [self.gradients([one], inputs, [Supplied.ones((), one.dtype)]) for one in out.reshape((-1,))]
        found = [Supplied.stack(column).reshape((*out.shape, *x.shape)) for column, x in zip(zip(*each), inputs)]
        return found or [Supplied.zeros((*out.shape, *x.shape), out.dtype) for x in inputs]


def _chosen(args: tuple, argnums) -> tuple[tuple, list[int]]:
    """The arguments that are differentiated by, and where they stand."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    if argnums == ():
        raise RuntimeError("argnums must be non-empty")
    places = []
    for at in argnums if isinstance(argnums, tuple) else (argnums,):
        if not isinstance(at, int):
            raise RuntimeError(f"argnum must be int, got: {type(at)}")
        if not -len(args) <= at < len(args):
            raise RuntimeError(f"Got argnum={at}, but only {len(args)} positional inputs")
        places.append(at % len(args))
    if len(set(places)) < len(places):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return tuple(args[at] for at in places), places


def _called(func, args: tuple, kwargs: dict, places: list[int], made):
    """The function's result with other arguments at some places."""
    args = list(args)
    for at, one in zip(places, made):
        args[at] = one
    return func(*args, **kwargs)


def _aux(result, who: str, has_aux: bool):
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{who}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


# ------------------------------------------------------------------------------------------------ gradients


def grad(func, argnums=0, has_aux: bool = False):
    """The function that computes the gradient of a function of one value.

    Parameters
    ----------
    func : callable
        Returns a tensor with a single element; with `has_aux` a pair of it and anything else.
    argnums : int or tuple of int, optional
        By which arguments; a tuple gives a tuple of gradients.
    has_aux : bool, optional
        Whether the result is a pair `(gradient, aux)`.

    Returns
    -------
    callable
        Takes what `func` takes.

    Raises
    ------
    RuntimeError
        When called: if `func` returns no single element, or an argument is not there or holds no tensors.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.grad(lucid.func.grad(lambda x: x**3))(lucid.tensor(2.0))
    Tensor(12.0)
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        found, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return wrapper


def grad_and_value(func, argnums=0, has_aux: bool = False):
    """As `grad`, for a pair of the gradient and what `func` returned.

    Parameters
    ----------
    func, argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        Returns `(gradient, value)`; with `has_aux` `(gradient, (value, aux))`.

    Raises
    ------
    RuntimeError
        As `grad`.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.grad_and_value(lambda x: (x * x).sum())(lucid.tensor([1.0, 2.0]))
    (Tensor([2.0, 4.0]), Tensor(5.0))
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        with _Level() as level:
            chosen, places = _chosen(args, argnums)
            made = tree_map(level.leaf, chosen)
            value, aux = _aux(_called(func, args, kwargs, places, made), "grad_and_value(f)(*args)", has_aux)
            if not isinstance(value, Tensor):
                raise RuntimeError(
                    f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(value)}"
                )
            if value.dim():
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                    f"{value.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            if value.dtype.is_complex:
                raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {value.dtype}")
            found = level.gradients([value], tree_leaves(made), [Supplied.ones((), value.dtype)])
            found = _like(chosen, map(level.leave, found))
            if not isinstance(argnums, tuple):
                found = found[0]
            value = level.leave(value)
            return found, (value, tree_map(level.leave, aux)) if has_aux else value

    return wrapper


def vjp(func, *primals, has_aux: bool = False):
    """The result of a function, and the function that multiplies with its Jacobian from the left.

    Parameters
    ----------
    func : callable
        Returns tensors; with `has_aux` a pair of them and anything else.
    *primals
        Its arguments.
    has_aux : bool, optional
        Whether `func` returns a pair `(output, aux)`.

    Returns
    -------
    output
        What `func` returned.
    vjp_fn : callable
        Takes cotangents of the output's form, returns a tuple of the gradients of the arguments.
    aux
        With `has_aux`.

    Raises
    ------
    RuntimeError
        If `func` returns other than tensors; from `vjp_fn`, if the cotangents are of another form.

    Examples
    --------
    >>> import lucid
    >>> output, vjp_fn = lucid.func.vjp(lucid.exp, lucid.zeros(2))
    >>> vjp_fn(lucid.tensor([1.0, 2.0]))
    (Tensor([1.0, 2.0]),)
    """
    with _Level() as level:
        made = tree_map(level.leaf, primals)
        result, aux = _aux(func(*made), "vjp(f, *primals)", has_aux)
        outputs = _tensors(result, "vjp(f, *primals)", "f(*primals)")
        if not outputs:
            raise RuntimeError(f"vjp(f, *primals): Expected f to be a function that has non-empty output (got {result!r})")

    result = tree_map(level.leave, result)

    def vjp_fn(cotangents):
        return _pulled(level, result, outputs, made, cotangents)

    return (result, vjp_fn, tree_map(level.leave, aux)) if has_aux else (result, vjp_fn)


def _pulled(level: _Level, result, outputs: list, made: tuple, cotangents):
    """The gradients of the arguments of a function, from those of its outputs."""
    again = lambda entry: _pulled(level, result, outputs, made, entry)
    if (batch := level.later(cotangents)) and level.batches:
        return batching.loop(batch, again, (cotangents,), {})
    with level.resumed() as now:
        flat = tree_leaves(cotangents)
        if tree_structure(cotangents) != tree_structure(result):
            raise RuntimeError("vjp_fn: Expected cotangents of the form of the function's output")
        try:
            found = now.gradients(outputs, tree_leaves(made), flat)
        except Exception:
            if not batch:
                raise
            return batching.loop(batch, again, (cotangents,), {})
        return _like(made, map(now.leave, found))


def jvp(func, primals: tuple, tangents: tuple, *, strict: bool = False, has_aux: bool = False):
    """The result of a function, and its derivative along a direction.

    It is the derivative of `vjp` by its cotangents, so the function has to be differentiable twice.

    Parameters
    ----------
    func : callable
        Returns tensors; with `has_aux` a pair of them and anything else.
    primals : tuple
        Its arguments.
    tangents : tuple
        The direction: of the arguments' form and shapes.
    strict : bool, optional
        Raise where an output does not depend on the arguments, rather than give zeros.
    has_aux : bool, optional
        Whether `func` returns a pair `(output, aux)`.

    Returns
    -------
    output, derivative
        Of one form.
    aux
        With `has_aux`.

    Raises
    ------
    RuntimeError
        If `primals` and `tangents` are no tuples, or do not match; if `func` returns other than tensors; by `strict`.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.jvp(lucid.exp, (lucid.zeros(2),), (lucid.tensor([1.0, 2.0]),))
    (Tensor([1.0, 1.0]), Tensor([1.0, 2.0]))
    """
    for given, what in ((primals, "primals"), (tangents, "tangents")):
        if not isinstance(given, tuple) or not given:
            raise RuntimeError(f"jvp(f, primals, tangents): Expected {what} to be a non-empty tuple, got {type(given)}")
    _tensors(primals, "jvp(f, primals, tangents)", "primals")
    flat = _tensors(tangents, "jvp(f, primals, tangents)", "tangents")
    if tree_structure(primals) != tree_structure(tangents):
        raise RuntimeError("jvp(f, primals, tangents): Expected primals and tangents to have the same form")
    with _Level() as level:
        made = tree_map(level.leaf, primals)
        for x, tangent in zip(tree_leaves(made), flat):
            if x.shape != tangent.shape:
                raise RuntimeError(
                    f"jvp(f, primals, tangents): a tangent of shape {tangent.shape} for an argument of shape {x.shape}"
                )
        result, aux = _aux(func(*tree_map(level.argument, made)), "jvp(f, primals, tangents)", has_aux)
        outputs = _tensors(result, "jvp(f, primals, tangents)", "f(*primals)")
        if strict and not all(out.requires_grad for out in outputs):
            raise RuntimeError("jvp(f, primals, tangents, strict=True): an output is independent of the inputs")
        derivatives = _forward(level, outputs, tree_leaves(made), flat)
        derivative = _like(result, map(level.leave, derivatives))
        result = tree_map(level.leave, result)
    return (result, derivative, tree_map(level.leave, aux)) if has_aux else (result, derivative)


def _forward(level: _Level, outputs, inputs, tangents) -> tuple[Tensor, ...]:
    """Derivatives of outputs along tangents: those of the gradients by their cotangents."""
    cotangents = [level.leaf(Supplied.zeros(out.array.shape, out.dtype)) for out in outputs]
    return level.gradients(level.gradients(outputs, inputs, cotangents, True), cotangents, tangents)


def linearize(func, *primals):
    """The result of a function, and the function that gives its derivative along any direction.

    Parameters
    ----------
    func : callable
        Returns tensors.
    *primals
        Its arguments.

    Returns
    -------
    output
        What `func` returned.
    jvp_fn : callable
        Takes tangents like the arguments, returns the derivative.

    Raises
    ------
    RuntimeError
        As `jvp`.

    Examples
    --------
    >>> import lucid
    >>> output, jvp_fn = lucid.func.linearize(lucid.exp, lucid.zeros(2))
    >>> jvp_fn(lucid.tensor([1.0, 2.0]))
    Tensor([1.0, 2.0])
    """
    with _Level() as level:
        made = tree_map(level.leaf, primals)
        result = func(*made)
        outputs = _tensors(result, "linearize(f, *primals)", "f(*primals)")

    result = tree_map(level.leave, result)

    def jvp_fn(*tangents):
        return _pushed(level, result, outputs, made, *tangents)

    return result, jvp_fn


def _pushed(level: _Level, result, outputs: list, made: tuple, *tangents):
    """The derivative of a function along tangents; a function that called itself would keep all this in a cycle."""
    if batch := level.later(tangents):
        return batching.loop(batch, lambda *entry: _pushed(level, result, outputs, made, *entry), tangents, {})
    if tree_structure(tangents) != tree_structure(made):
        raise RuntimeError("linearize: Expected the tangents to have the form of the primals")
    with level.resumed() as now:
        return _like(result, map(now.leave, _forward(now, outputs, tree_leaves(made), tree_leaves(tangents))))


# ------------------------------------------------------------------------------------------------ Jacobians


def jacrev(func, argnums=0, *, has_aux: bool = False, chunk_size: int | None = None, _preallocate_and_copy: bool = False):
    """The function that computes the Jacobian of a function.

    Parameters
    ----------
    func : callable
        Returns tensors; with `has_aux` a pair of them and anything else.
    argnums : int or tuple of int, optional
        By which arguments; a tuple gives, for each output, a tuple.
    has_aux : bool, optional
        Whether the result is a pair `(jacobian, aux)`.
    chunk_size : int, optional
        For PyTorch's programs: all elements of an output are differentiated at once, or where that cannot be, in turn.

    Returns
    -------
    callable
        Gives, for each output and each argument, the derivatives: of the output's shape followed by the argument's.

    Raises
    ------
    ValueError
        If `chunk_size` is not positive.
    RuntimeError
        When called: as `grad`, but for the number of elements.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.jacrev(lambda x: x * x)(lucid.tensor([1.0, 2.0]))
    Tensor([[2.0, 0.0],
            [0.0, 4.0]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _jacobian(func, argnums, has_aux, False)


def _jacobian(func, argnums, has_aux: bool, writes: bool):
    """What `jacrev` returns; if the function may write to its arguments, what `jacfwd` does."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        with _Level() as level:
            chosen, places = _chosen(args, argnums)
            made = tree_map(level.leaf, chosen)
            given = tree_map(level.argument, made) if writes else made
            result, aux = _aux(_called(func, args, kwargs, places, given), "jacrev", has_aux)
            for what, tree in (("inputs", made), ("outputs", _tensors(result, "jacrev", "f(*args)"))):
                if any(one.dtype.is_complex for one in tree_leaves(tree)):
                    raise RuntimeError(f"jacobian: expected all {what} to be real, got a complex tensor; `vjp` takes them")

            def rows(out: Tensor):
                found = _like(chosen, map(level.leave, level.rows(out, tree_leaves(made))))
                return found if isinstance(argnums, tuple) else found[0]

            jacobian = tree_map(rows, result)
            return (jacobian, tree_map(level.leave, aux)) if has_aux else jacobian

    return wrapper


def jacfwd(func, argnums=0, has_aux: bool = False, *, randomness: str = "error"):
    """As `jacrev`: what PyTorch computes forward, column by column, is the same matrix.

    Parameters
    ----------
    func, argnums, has_aux
        As for `jacrev`.
    randomness : str, optional
        For PyTorch's programs.

    Returns
    -------
    callable
        As that of `jacrev`.

    Raises
    ------
    RuntimeError
        As `jacrev`.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.jacfwd(lambda x: x * x)(lucid.tensor([1.0, 2.0]))
    Tensor([[2.0, 0.0],
            [0.0, 4.0]])
    """
    jacobian = _jacobian(func, argnums, has_aux, True)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        check_randomness(randomness)
        return jacobian(*args, **kwargs)

    return wrapper


def hessian(func, argnums=0):
    """The function that computes the second derivatives of a function of one value.

    Parameters
    ----------
    func, argnums
        As for `jacrev`.

    Returns
    -------
    callable
        The Jacobian of the Jacobian.

    Raises
    ------
    RuntimeError
        As `jacrev`.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.hessian(lambda x: (x**3).sum())(lucid.tensor([1.0, 2.0]))
    Tensor([[6.0, 0.0],
            [0.0, 12.0]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


# ------------------------------------------------------------------------------------------------ batches


def check_randomness(randomness: str) -> None:
    """RuntimeError for none of the ways to draw random numbers within a batch."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")


def vmap(func, in_dims=0, out_dims=0, randomness: str = "error", *, chunk_size: int | None = None):
    """The function that maps a function over a batch: calls it once, for all entries together.

    The function gets tensors of the shape of one entry, and each operation is computed for all of them at once. What has no rule for
    that is computed entry by entry. What depends on the values of an entry (`if x > 0`, `x.item()`, shapes) is refused.

    Parameters
    ----------
    func : callable
        Takes and returns tensors.
    in_dims : int, None, or tuple, optional
        Which dimension of each argument is the batch; None: the argument is handed on as it is. Of the form of the
        arguments, or of the upper part of it.
    out_dims : int or tuple, optional
        Where each result gets its batch dimension.
    randomness : {"error", "different", "same"}, optional
        Whether `func` may draw random numbers, and whether each call draws its own.
    chunk_size : int, optional
        How many entries are computed at a time; all by default.

    Returns
    -------
    callable
        Takes what `func` takes, with batch dimensions; keywords are handed on as they are.

    Raises
    ------
    ValueError
        If `in_dims` or `out_dims` do not fit, batches are not of one size, or `func` returns other than tensors.
    RuntimeError
        If `randomness` is another, or is "error" and random numbers were drawn; where a value or a shape would depend on the entry;
        where a batch would be written to one tensor.

    Examples
    --------
    >>> import lucid
    >>> lucid.func.vmap(lucid.dot)(lucid.ones(2, 3), lucid.ones(2, 3))
    Tensor([3.0, 3.0])
    """
    check_randomness(randomness)
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        global batching
        import lucid.batching as batching

        dims, size = _batches(func, in_dims, args)
        step, found = chunk_size or size or 1, []
        start = random.get_rng_state() if randomness == "same" and step < size else None
        for first in range(0, size or 1, step):
            if first and start is not None:
                random.set_rng_state(start)
            level = batching.Level(min(step, size - first), randomness)
            given = [
                x if dim is None else level.batch(x if level.size == size else x.narrow(dim, first, level.size), dim)
                for x, dim in zip(tree_leaves(args), dims)
            ]
            with level:
                result = func(*_like(args, given), **kwargs)
            found.append(_unbatched(level, result, out_dims, func))
        if len(found) == 1:
            return _like(result, (one for one, _ in found[0]))
        return _like(result, (column[0][0] if column[0][1] is None else cat([one for one, _ in column], column[0][1]) for column in zip(*found)))

    return wrapper


_vmap = vmap  # as packages that stand on older versions of PyTorch call it


def _spread(dims, tree, who: str) -> list:
    """For each leaf of a tree the entry of `dims`, which has the form of the tree or of the upper part of it."""
    if type(dims) is int:
        return [dims] * len(tree_leaves(tree))
    try:
        found = broadcast_leaves(dims, tree)
    except ValueError as error:
        raise ValueError(f"vmap: {who} is not compatible with the structure it is for: got {dims!r}") from error
    for dim in found:
        if not isinstance(dim, (int, type(None))):
            raise ValueError(f"vmap: {who} holds dimensions, each an integer or None: got {dims!r}")
    return found


def _batches(func, in_dims, args) -> tuple[list, int]:
    """The batch dimension of each leaf of the arguments, and the size of the batch."""
    name = getattr(func, "__name__", repr(func))
    if not args:
        raise ValueError(f"vmap({name})(): got no inputs. Maybe you forgot to add inputs")
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"vmap({name}): expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got {type(in_dims)}"
        )
    dims = _spread(in_dims, args, "in_dims")
    sizes = []
    for i, (leaf, dim) in enumerate(zip(tree_leaves(args), dims)):
        if dim is None:
            continue
        if not isinstance(leaf, Tensor):
            raise ValueError(f"vmap({name}): Got in_dim={dim} for an input, but the input is of type {type(leaf)}")
        if not -leaf.dim() <= dim < leaf.dim():
            raise ValueError(f"vmap({name}): Got in_dim={dim} for an input of dimensionality {leaf.dim()}")
        dims[i] = dim % leaf.dim()
        sizes.append(leaf.shape[dim])
    if not sizes:
        raise ValueError(f"vmap({name}): at least one input has to have a batch dimension, got in_dims={in_dims}")
    if len(set(sizes)) > 1:
        raise ValueError(f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes}")
    return dims, sizes[0]


def _unbatched(level, result, out_dims, func) -> list[tuple]:
    """The results of a batch, each with the dimension that the batch is."""
    name = getattr(func, "__name__", repr(func))
    if isinstance(result, Tensor) and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims = out_dims[0]
    found = []
    for dim, leaf in zip(_spread(out_dims, result, "out_dims"), tree_leaves(result)):
        if dim is None:
            if level.holds(leaf):
                raise ValueError(f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None")
        elif not isinstance(leaf, Tensor):
            raise ValueError(
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(leaf)}. Did you mean to set out_dims to None for it?"
            )
        else:
            if not -leaf.dim() - 1 <= dim <= leaf.dim():
                raise IndexError(
                    f"Dimension out of range (expected to be in range of [{-leaf.dim() - 1}, {leaf.dim()}], but got {dim})"
                )
            dim %= leaf.dim() + 1
            leaf = level.whole(leaf)
            leaf = leaf.movedim(0, dim) if dim else leaf
        found.append((leaf, dim))
    return found


# ------------------------------------------------------------------------------------------------ writes


def functionalize(func, *, remove: str = "mutations"):
    """The function itself: what it writes in place is recorded here like everything else, and need not be removed.

    Parameters
    ----------
    func : callable
        The function.
    remove : {"mutations", "mutations_and_views"}, optional
        What PyTorch would remove.

    Returns
    -------
    callable

    Raises
    ------
    RuntimeError
        If `remove` is none of those.

    Examples
    --------
    >>> lucid.func.functionalize(lambda x: x.clone().add_(1))(lucid.ones(2))
    Tensor([2.0, 2.0])
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are: "
                           "remove='mutations', remove='mutations_and_views'")  # fmt: skip

    @functools.wraps(func)
    def call(*args, **kwargs):
        return func(*args, **kwargs)

    return call
