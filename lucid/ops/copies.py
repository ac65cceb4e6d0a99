"""Copies of views: `permute_copy` and the like, each made of its view's function."""

from __future__ import annotations

from lucid import dtypes
from lucid.autograd.op import DECLARED, op
from lucid.formats import contiguous_format
from lucid.ops._doc import doc, like
from lucid.ops._frame import check_dim, tensor_argument
from lucid.ops.pieces import _alone, split_with_sizes
from lucid.ops.view import clone, reshape
from lucid.tensor import Tensor

# The view's path; the arguments of its copy's example, and what that prints.
COPIED = {
    "as_strided": ("lucid.arange(6), (2, 2), (3, 1)", "Tensor([[0, 1],\n        [3, 4]])"),
    "Tensor.expand": ("lucid.ones(2, 1), (2, 3)", "Tensor([[1.0, 1.0, 1.0],\n        [1.0, 1.0, 1.0]])"),
    "permute": ("lucid.tensor([[1, 2]]), (1, 0)", "Tensor([[1],\n        [2]])"),
    "squeeze": ("lucid.tensor([[1, 2]])", "Tensor([1, 2])"),
    "t": ("lucid.tensor([[1, 2]])", "Tensor([[1],\n        [2]])"),
    "transpose": ("lucid.tensor([[1, 2]]), 0, 1", "Tensor([[1],\n        [2]])"),
    "unbind": ("lucid.tensor([[1, 2], [3, 4]])", "(Tensor([1, 2]), Tensor([3, 4]))"),
    "Tensor.unfold": ("lucid.arange(4), 0, 2, 2", "Tensor([[0, 1],\n        [2, 3]])"),
    "unsqueeze": ("lucid.tensor([1, 2]), 0", "Tensor([[1, 2]])"),
    "Tensor.view": ("lucid.arange(4), (2, 2)", "Tensor([[0, 1],\n        [2, 3]])"),
    "split": ("lucid.arange(3), 2", "(Tensor([0, 1]), Tensor([2]))"),
    "view_as_real": ("lucid.tensor([1 + 2j])", "Tensor([[1.0, 2.0]])"),
    "view_as_complex": ("lucid.tensor([[1.0, 2.0]])", "Tensor([1.0+2.0j])"),
    "split_with_sizes": ("lucid.arange(3), (1, 2)", "(Tensor([0]), Tensor([1, 2]))"),
    "narrow": ("lucid.arange(4), 0, 1, 2", "Tensor([1, 2])"),
    "diagonal": ("lucid.tensor([[1, 2], [3, 4]])", "Tensor([1, 4])"),
    "detach": ("lucid.tensor([1.0], requires_grad=True)", "Tensor([1.0])"),
    "select": ("lucid.tensor([[1, 2], [3, 4]]), 0, 1", "Tensor([3, 4])"),
    "Tensor._alias": ("lucid.tensor([1, 2])", "Tensor([1, 2])"),
}  # fmt: skip

def _declare_copy(path: str, example: str, printed: str):
    spec = DECLARED[path]
    name, function = spec.name.lstrip("_"), spec.function
    names = [
        one if one not in spec.defaults else f"{one}={spec.defaults[one]!r}" for one in spec.parameters
    ]
    given = [*spec.parameters[: spec.positional], *(f"{one}={one}" for one in spec.keyword_only)]
    names.insert(spec.positional, "*")
    scope = {"_view": function, "_clone": _owned, "_dtype": _viewed_as}
    call = "_dtype" if name == "view" else "_view"
    exec(  # a function with the view's own signature, which is what `out=` and keywords are read from
        f"def {name}_copy({', '.join(names)}, out=None):\n"
        f"    return _clone({call}({', '.join(given)}))",
        scope,
    )
    forward = scope[f"{name}_copy"]
    forward.__module__ = __name__
    forward.__doc__ = (
        f"`{name}`, of which the result is a copy.\n\n"
        f"    Examples\n    --------\n    >>> lucid.{name}_copy({example})\n    " + printed.replace("\n", "\n    ")
    )
    about = {"input_": "Tensor: What is copied."} if name in ("alias", "detach") else {}
    if printed[0] == "(":
        about["out"] = "tuple of Tensor, optional: Where the copies are written."
    like(function, returns="Of memory of its own.", **about)(forward)
    return op(f"{name}_copy", composite=True, out="any all" if name == "split" else "same")(forward)


def _viewed_as(x, size):
    return x.view(size) if isinstance(size, dtypes.dtype) else reshape(x, size)


def _owned(views):
    if isinstance(views, tuple):
        return tuple(clone(one, memory_format=contiguous_format) for one in views)
    return clone(views, memory_format=contiguous_format)


for _path, _example in COPIED.items():
    _forward = _declare_copy(_path, *_example)
    globals()[_forward.__name__] = _forward


@op("slice_copy", composite=True, out="same")
@doc()
def slice_copy(
    input_: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1, *, out=None
) -> Tensor:
    """A copy of the slice `start:end:step` of a dimension.

    Parameters
    ----------
    input_ : Tensor
        Of at least one dimension and any dtype.
    start : int, optional
        The first index; negative numbers count from the end.
    end : int, optional
        The index before which it ends.
    step : int, optional
        The distance between two elements, positive.

    Returns
    -------
    Tensor
        Of memory of its own.

    Raises
    ------
    IndexError
        If there is no such dimension.
    RuntimeError
        If the step is not positive.

    Examples
    --------
    >>> lucid.slice_copy(lucid.arange(6), 0, 1, None, 2)
    Tensor([1, 3, 5])
    """
    ndim = tensor_argument("slice_copy", input_).array.ndim
    if not ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    dim = check_dim("slice_copy", dim, ndim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    return _owned(input_[(*[slice(None)] * dim, slice(start, end, step))])


@op("unsafe_split_with_sizes", composite=True)
@like(split_with_sizes, out="tuple of Tensor, optional: Where the pieces are written.")
def unsafe_split_with_sizes(input_: Tensor, split_sizes: tuple, dim: int = 0, *, out=None) -> tuple:
    """`split_with_sizes`, whose pieces may be written to in a graph.

    Examples
    --------
    >>> lucid.unsafe_split_with_sizes(lucid.tensor([1, 2, 3]), (2, 1))
    (Tensor([1, 2]), Tensor([3]))
    """
    return tuple(map(_alone, split_with_sizes(input_, split_sizes, dim)))
