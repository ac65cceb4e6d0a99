"""Bessel functions of single orders, and the Airy function. PyTorch has no gradients of these, nor has this."""

from __future__ import annotations

from lucid._kernels import special as kernels
from lucid._kernels.core import unary
from lucid.autograd.op import op
from lucid.ops._doc import doc
from lucid.ops._frame import FLOATING, kernel
from lucid.ops._pointwise import refuse_half
from lucid.tensor import Tensor


def special_kernel(function, name: str, code: str = ""):
    """A kernel of `special`, each of whose elements takes long."""
    return kernel(function, name, FLOATING, kernels.codes[code or name], of=kernels, grain=1024)


def rare_kernel(name: str):
    """A function of one number that is computed in float32 and float64 alone."""
    return refuse_half(special_kernel(kernels.unary_rare, name))


def _declare(name: str, formula: str, sentence: str, at: str, value: str) -> None:
    kernel_ = rare_kernel(name)

    def function(input_: Tensor, *, out=None) -> Tensor:
        return unary(kernel_, input_)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{sentence}\n\n    >>> lucid.special.{name}(lucid.tensor([{at}]))\n    Tensor([{value}])\n    "
    globals()[name] = op(f"special.{name}", gradient=False)(doc(f"out = {formula}")(function))


for _name, _formula, _sentence, _at, _value in (
    ("bessel_j0", "J_0(x)", "Bessel function of the first kind, of order 0.", 0.0, 1.0),
    ("bessel_j1", "J_1(x)", "Bessel function of the first kind, of order 1.", 0.0, 0.0),
    ("bessel_y0", "Y_0(x)", "Bessel function of the second kind, of order 0; NaN below 0.", 0.0, "-inf"),
    ("bessel_y1", "Y_1(x)", "Bessel function of the second kind, of order 1; NaN below 0.", 0.0, "-inf"),
    ("modified_bessel_i0", "I_0(x)", "Modified Bessel function of the first kind, of order 0.", 0.0, 1.0),
    ("modified_bessel_i1", "I_1(x)", "Modified Bessel function of the first kind, of order 1.", 0.0, 0.0),
    ("modified_bessel_k0", "K_0(x)", "Modified Bessel function of the second kind, of order 0; NaN below 0.", 0.0, "inf"),
    ("modified_bessel_k1", "K_1(x)", "Modified Bessel function of the second kind, of order 1; NaN below 0.", 0.0, "inf"),
    ("scaled_modified_bessel_k0", "e^x K_0(x)", "`modified_bessel_k0`, scaled so that it does not vanish.", 0.0, "inf"),
    ("scaled_modified_bessel_k1", "e^x K_1(x)", "`modified_bessel_k1`, scaled so that it does not vanish.", 0.0, "inf"),
    ("spherical_bessel_j0", "\\sin(x) / x", "Spherical Bessel function of the first kind, of order 0.", 0.0, 1.0),
    ("airy_ai", "\\mathrm{Ai}(x)", "Airy function.", 0.0, 0.35502806),
):  # fmt: skip
    _declare(_name, _formula, _sentence, str(_at), str(_value))
