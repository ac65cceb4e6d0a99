"""Complex numbers: their parts, as views of the same memory, and how they are made of them.

The gradient of a complex tensor is conjugated as PyTorch's: it points where a real loss grows fastest.
"""

from __future__ import annotations

from lucid._kernels import core
from lucid._kernels.core import strided, unary, wrap
from lucid.autograd.node import Supplied
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import COMPLEX, elements, layout, ordered_empty, overwrite, part, tensor_argument, view_of
from lucid.ops._pointwise import unary_kernel
from lucid.ops.view import contiguous
from lucid.tensor import Tensor

CONJ = unary_kernel("conj_physical", COMPLEX, "conj")


@op("conj_physical", composite=True, out="same")
@doc("out = \\bar{x}", "\\bar{g}", returns="A new tensor; a real one itself.")
def conj_physical(input_: Tensor, *, out=None) -> Tensor:
    """Complex conjugate of each element.

    >>> lucid.conj_physical(lucid.tensor([1 + 2j]))
    Tensor([1.0-2.0j])
    """
    return _conj(input_) if tensor_argument("conj_physical", input_).dtype.is_complex else input_


@op("_conj")
def _conj(input_: Tensor) -> Tensor:
    """The conjugate of complex numbers."""
    return unary(CONJ, input_)


_conj.vjp(input_=lambda g: conj(g))


@op("conj", composite=True)
@doc("out = \\bar{x}", "\\bar{g}", returns="A new tensor; a real one itself.")
def conj(input_: Tensor) -> Tensor:
    """Complex conjugate of each element.

    >>> lucid.conj(lucid.tensor([1 + 2j]))
    Tensor([1.0-2.0j])
    """
    return conj_physical(input_)


@op("real", composite=True, view=True)
@doc("out = \\mathrm{Re}(x)", "g", returns="A view; a real tensor itself.")
def real(input_: Tensor) -> Tensor:
    """Real part of each element.

    >>> lucid.real(lucid.tensor([1 + 2j]))
    Tensor([1.0])
    """
    return _real(input_) if tensor_argument("real", input_).dtype.is_complex else input_


@op("_real", view=True)
def _real(input_: Tensor) -> Tensor:
    """The real parts of complex numbers."""
    return view_of(input_, part(input_.array, "real"))


_real.vjp(input_=lambda g: g)


@op("imag", view=True)
@doc("out = \\mathrm{Im}(x)", "i \\cdot g", returns="A view: it shares memory with the input.", raises="RuntimeError: the tensor is real")
def imag(input_: Tensor) -> Tensor:
    """Imaginary part of each element.

    >>> lucid.imag(lucid.tensor([1 + 2j]))
    Tensor([2.0])
    """
    if not tensor_argument("imag", input_).dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return view_of(input_, part(input_.array, "imag"))


imag.vjp(input_=lambda g: complex(Supplied.zeros(g.array.shape, g.dtype), g))


@op("complex", out="same")
@doc("out = x + i \\cdot y", "\\mathrm{Re}(g),\\quad \\mathrm{Im}(g)", returns="Complex, of the broadcast shape.",
     real="Tensor: The real part, float32 or float64.", imag="Tensor: The imaginary part, of the same dtype.",
     raises="RuntimeError: the dtypes differ, or are not floating")  # fmt: skip
def complex(real: Tensor, imag: Tensor, *, out=None) -> Tensor:
    """Complex numbers of their real and imaginary parts.

    >>> lucid.complex(lucid.tensor([1.0]), lucid.tensor([2.0]))
    Tensor([1.0+2.0j])
    """
    x, y = real_pair("complex", real, imag)
    shape, _, order = layout([x, y])
    made = ordered_empty(shape, order, real.dtype.to_complex().numpy)
    if x.itemsize == 2 or not core.zipped(x, y, made[..., None].view(x.dtype)):
        overwrite(part(made, "real"), x, apart=True)
        overwrite(part(made, "imag"), y, apart=True)
    return wrap(made)


def real_pair(name: str, x, y) -> tuple:
    """Two arrays of one floating dtype."""
    tensor_argument(name, x, 1, "real")
    tensor_argument(name, y, 2, "imag")
    if not all(one.dtype.is_floating_point and one.array.dtype.kind == "f" for one in (x, y)):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {torch_name(x.dtype)} and "
            f"{torch_name(y.dtype)}"
        )
    if x.dtype is not y.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {torch_name(x.dtype)} but got scalar type {torch_name(y.dtype)} for "
            "second argument"
        )
    return x.array, y.array


complex.vjp(real=lambda g: real(g), imag=lambda g: imag(g))


@op("view_as_real", view=True)
@doc("out_{...,0} = \\mathrm{Re}(x),\\quad out_{...,1} = \\mathrm{Im}(x)", "g_{...,0} + i \\cdot g_{...,1}",
     returns="A view of the input's shape and one more dimension, of size 2.",
     raises="RuntimeError: the tensor is real")  # fmt: skip
def view_as_real(input_: Tensor) -> Tensor:
    """Complex numbers seen as pairs of real ones.

    >>> lucid.view_as_real(lucid.tensor([1 + 2j]))
    Tensor([[1.0, 2.0]])
    """
    array = tensor_argument("view_as_real", input_).array
    if not input_.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    steps = [2 * step for step in elements(array.strides, array.itemsize)]
    return view_of(input_, strided(part(array, "real"), (*array.shape, 2), (*steps, 1)))


view_as_real.vjp(input_=lambda g: view_as_complex(contiguous(g)))


@op("view_as_complex", view=True)
@doc("out = x_{...,0} + i \\cdot x_{...,1}", "(\\mathrm{Re}(g), \\mathrm{Im}(g))",
     returns="A view of the input's shape without its last dimension.",
     raises="RuntimeError: the last dimension is not 2, its stride not 1, or another stride odd\n"
            "RuntimeError: the dtype is not float32 or float64")  # fmt: skip
def view_as_complex(input_: Tensor) -> Tensor:
    """Pairs of real numbers seen as complex ones.

    >>> lucid.view_as_complex(lucid.tensor([[1.0, 2.0]]))
    Tensor([1.0+2.0j])
    """
    array = tensor_argument("view_as_complex", input_).array
    if array.dtype.kind != "f":
        raise RuntimeError(
            f"view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{torch_name(input_.dtype)}"
        )
    if not array.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if array.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    *steps, last = elements(array.strides, array.itemsize)
    if last != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(step % 2 for step in steps):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    if input_.storage_offset() % 2:
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    return view_of(input_, array.view(input_.dtype.to_complex().numpy)[..., 0])


view_as_complex.vjp(input_=lambda g: view_as_real(g))

Supplied.as_complex, Supplied.as_real = view_as_complex, view_as_real


@op("resolve_conj", composite=True)
@doc("out = x", returns="The tensor itself.")
def resolve_conj(input_: Tensor) -> Tensor:
    """The tensor itself: a conjugate is never lazy here.

    >>> lucid.resolve_conj(lucid.tensor([1j]))
    Tensor([0.0+1.0j])
    """
    return tensor_argument("resolve_conj", input_)


@op("resolve_neg", composite=True)
@doc("out = x", returns="The tensor itself.")
def resolve_neg(input_: Tensor) -> Tensor:
    """The tensor itself: a negative is never lazy here.

    >>> lucid.resolve_neg(lucid.tensor([1.0]))
    Tensor([1.0])
    """
    return tensor_argument("resolve_neg", input_)


def _part(get):
    """A property of tensors that is a view of their parts, and can be assigned to."""

    def assign(tensor: Tensor, value) -> None:
        get(tensor)[...] = value

    return property(get, assign, doc=get.__doc__)


def _is_conj(tensor) -> bool:
    """Whether a conjugate has still to be computed: False, it never is lazy here."""
    return False


def _is_neg(tensor) -> bool:
    """Whether a change of sign has still to be computed: False, it never is lazy here."""
    return False


TENSOR_METHODS = {
    "real": _part(lambda tensor: real(tensor)),
    "imag": _part(lambda tensor: imag(tensor)),
    "is_conj": _is_conj,
    "is_neg": _is_neg,
}
