"""The dimensions in another order: transpose, permute, movedim and the properties T, mT, H and mH.

The rule of one is the same with the inverse order.
"""

from __future__ import annotations

import warnings

from lucid._kernels import core
from lucid._kernels.core import view_of
from lucid.autograd.node import Supplied
from lucid.autograd.op import DECLARED, op
from lucid.ops._doc import like
from lucid.ops._frame import tensor_argument
from lucid.ops.view import ravel, variadic
from lucid.tensor import Tensor, check_dim

# ------------------------------------------------------------------------------------------------ order of dimensions


@op("transpose", view=True)
def transpose(input_: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim0 : int
        The first dimension.
    dim1 : int
        The second.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Raises
    ------
    IndexError
        If there is no such dimension.

    Examples
    --------
    >>> lucid.transpose(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    found = core.transposed(input_, dim0, dim1)
    if found is None:
        ndim = input_.array.ndim
        check_dim("transpose", dim0, ndim), check_dim("transpose", dim1, ndim)
        return core.view_of(input_, input_.array)
    return found


transpose.vjp(input_=lambda g, dim0, dim1: transpose(g, dim0, dim1))


@op("swapaxes", composite=True, view=True)
def swapaxes(input_: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose` under NumPy's name.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    axis0 : int
        The first dimension.
    axis1 : int
        The second dimension.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.swapaxes(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    return transpose(input_, axis0, axis1)


@op("swapdims", composite=True, view=True)
def swapdims(input_: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` under another name.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dim0 : int
        The first dimension.
    dim1 : int
        The second.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.swapdims(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1)
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    return transpose(input_, dim0, dim1)


@op("t", composite=True, view=True)
@like(ravel, returns="A view: it shares memory with the input.")
def t(input_: Tensor) -> Tensor:
    """The transpose of a matrix; a tensor of fewer dimensions as it is.

    Examples
    --------
    >>> lucid.t(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    ndim = tensor_argument("t", input_).array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return transpose(input_, 0, 1 if ndim == 2 else 0)


@op("permute", view=True)
def permute(input_: Tensor, dims: tuple) -> Tensor:
    """The dimensions in another order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    dims : sequence of int
        For each dimension of the result, which one of the input it is.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.permute(lucid.ones(2, 3, 4), (2, 0, 1)).shape
    lucid.Size([4, 2, 3])
    """
    found = core.permuted(input_, dims) if type(dims) is tuple else None
    if found is not None:
        return found
    array = tensor_argument("permute", input_).array
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    ndim = array.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    order = [check_dim("permute", dim, ndim) for dim in dims]
    if len(set(order)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return view_of(input_, array.transpose(order))


def _inverse(dims) -> list[int]:
    n = len(dims)
    found = [0] * n
    for i, dim in enumerate(dims):
        found[dim % n] = i
    return found


permute.vjp(input_=lambda g, dims: permute(g, _inverse((dims,) if isinstance(dims, int) else dims)))


@op("movedim", composite=True, view=True)
def movedim(input_: Tensor, source: int | tuple, destination: int | tuple) -> Tensor:
    """The dimensions `source` moved to `destination`; the others keep their order.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    source, destination : int or sequence of int
        Where the dimensions are, and where they go.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.movedim(lucid.ones(2, 3, 4), 0, -1).shape
    lucid.Size([3, 4, 2])
    """
    ndim = tensor_argument("movedim", input_).array.ndim
    source, destination = (((one,) if isinstance(one, int) else tuple(one)) for one in (source, destination))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should contain the same number "
            f"of dims as destination ({list(destination)} dims)"
        )
    pairs = []
    for name, dims in (("source", source), ("destination", destination)):
        found = [check_dim("movedim", dim, ndim) for dim in dims]
        if len(set(found)) != len(found):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
        pairs.append(found)
    if not ndim:
        return view_of(input_, input_.array) if not input_.requires_grad else Supplied.view_alias(input_)
    rest = iter([i for i in range(ndim) if i not in pairs[0]])
    into = dict(zip(pairs[1], pairs[0]))
    return permute(input_, [into[i] if i in into else next(rest) for i in range(ndim)])


@op("moveaxis", composite=True, view=True)
def moveaxis(input_: Tensor, source: int | tuple, destination: int | tuple) -> Tensor:
    """`movedim` under NumPy's name.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    source : int or sequence of int
        Where the dimensions are.
    destination : int or sequence of int
        Where they go.

    Returns
    -------
    Tensor
        A view: it shares memory with the input.

    Examples
    --------
    >>> lucid.moveaxis(lucid.ones(2, 3, 4), 0, -1).shape
    lucid.Size([3, 4, 2])
    """
    return movedim(input_, source, destination)


@op("adjoint", composite=True, view=True)
@like(ravel, returns="A view of a real tensor; a copy of a complex one.")
def adjoint(input_: Tensor) -> Tensor:
    """The last two dimensions exchanged, and complex numbers conjugated.

    Examples
    --------
    >>> lucid.adjoint(lucid.tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1.0, 3.0],
            [2.0, 4.0]])
    """
    return _adjoint("tensor.adjoint() is only supported on matrices or batches of matrices.", input_)


def _adjoint(refusal: str, x: Tensor) -> Tensor:
    if x.array.ndim == 1:
        raise RuntimeError(f"{refusal} Got 1-D tensor.")
    x = transpose(x, -2, -1) if x.array.ndim else x
    return DECLARED["conj"].function(x) if x.dtype.is_complex else x


def _numpy_t(self):
    """The dimensions in reverse order."""
    if self.array.ndim == 2:
        return transpose(self, 0, 1)
    if self.array.ndim != 2 and self.array.ndim:
        warnings.warn(
            "x.T of a tensor that is not a matrix is deprecated in PyTorch: use x.mT for batches of matrices, or "
            "x.permute(*range(x.ndim)[::-1])", stacklevel=2,
        )  # fmt: skip
    return permute(self, tuple(range(self.array.ndim))[::-1])


def _matrix_t(self):
    """The last two dimensions exchanged."""
    if self.array.ndim == 1:
        raise RuntimeError("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return transpose(self, -2, -1) if self.array.ndim else self


def _matrix_h(self):
    """`adjoint()`."""
    return _adjoint("tensor.mH is only supported on matrices or batches of matrices.", self)


def _h(self):
    """The conjugate transpose of a matrix."""
    if self.array.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.array.ndim}-D tensor.")
    return _adjoint("", self)


TENSOR_METHODS = {
    "permute": variadic(permute, "dims"), "T": property(_numpy_t),
    "mT": property(_matrix_t), "mH": property(_matrix_h), "H": property(_h),
}  # fmt: skip
