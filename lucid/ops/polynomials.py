"""Orthogonal polynomials, by degree. PyTorch has no gradients of these, nor has this.

The degree is the whole part of `n`; a polynomial of a degree below 0 is 0.
"""

from __future__ import annotations

from lucid import dtypes
from lucid._kernels import special as kernels
from lucid._kernels.core import binary
from lucid.autograd.op import op
from lucid.dtypes import torch_name
from lucid.ops._doc import doc
from lucid.ops._frame import EXCEPTIONS, is_half, number_first
from lucid.ops.bessel import special_kernel
from lucid.tensor import Tensor


def rare_binary_kernel(name: str):
    """A function of two numbers that is computed in float32 and float64 alone."""
    made = special_kernel(kernels.binary_rare, name)

    def check(x, y):
        dtype = dtypes.result_dtype((x, y))
        if is_half(dtype):
            raise NotImplementedError(f"\"{name}\" not implemented for '{torch_name(dtype)}'")

    EXCEPTIONS[made] = check
    made.halves = False
    return number_first(made)


def _declare(name: str, formula: str, sentence: str, at: str, value: str) -> None:
    kernel_ = rare_binary_kernel(name)

    def function(x: Tensor, n: Tensor, *, out=None) -> Tensor:
        return binary(kernel_, x, n)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{sentence}\n\n    >>> lucid.special.{name}(lucid.tensor([{at}]), 2)\n    Tensor([{value}])\n    "
    words = doc(f"out = {formula}", x="Tensor or number: Where.", n="Tensor or number: The degree; broadcasts with `x`.",
                returns="Of the broadcast shape, floating.")  # fmt: skip
    globals()[name] = op(f"special.{name}", gradient=False)(words(function))


for _name, _formula, _sentence, _value in (
    ("chebyshev_polynomial_t", "\\cos(n \\arccos x)", "Chebyshev polynomials of the first kind.", 7.0),
    ("chebyshev_polynomial_u", "\\frac{\\sin((n + 1) \\arccos x)}{\\sin(\\arccos x)}", "Chebyshev polynomials of the second kind.", 15.0),
    ("chebyshev_polynomial_v", "\\frac{\\cos((n + \\frac{1}{2}) \\arccos x)}{\\cos(\\frac{1}{2} \\arccos x)}",
     "Chebyshev polynomials of the third kind.", 11.0),
    ("chebyshev_polynomial_w", "\\frac{\\sin((n + \\frac{1}{2}) \\arccos x)}{\\sin(\\frac{1}{2} \\arccos x)}",
     "Chebyshev polynomials of the fourth kind.", 19.0),
    ("shifted_chebyshev_polynomial_t", "T_n(2 x - 1)", "Chebyshev polynomials of the first kind, on the interval from 0 to 1.", 17.0),
    ("shifted_chebyshev_polynomial_u", "U_n(2 x - 1)", "Chebyshev polynomials of the second kind, on the interval from 0 to 1.", 35.0),
    ("shifted_chebyshev_polynomial_v", "V_n(2 x - 1)", "Chebyshev polynomials of the third kind, on the interval from 0 to 1.", 29.0),
    ("shifted_chebyshev_polynomial_w", "W_n(2 x - 1)", "Chebyshev polynomials of the fourth kind, on the interval from 0 to 1.", 41.0),
    ("hermite_polynomial_h", "(-1)^n e^{x^2} \\tfrac{d^n}{dx^n} e^{-x^2}", "Hermite polynomials, as physicists scale them.", 14.0),
    ("hermite_polynomial_he", "(-1)^n e^{x^2 / 2} \\tfrac{d^n}{dx^n} e^{-x^2 / 2}", "Hermite polynomials, as probabilists scale them.", 3.0),
    ("laguerre_polynomial_l", "\\tfrac{e^x}{n!} \\tfrac{d^n}{dx^n} (x^n e^{-x})", "Laguerre polynomials.", -1.0),
    ("legendre_polynomial_p", "\\tfrac{1}{2^n n!} \\tfrac{d^n}{dx^n} (x^2 - 1)^n", "Legendre polynomials.", 5.5),
):  # fmt: skip
    _declare(_name, _formula, _sentence, "2.0", str(_value))
