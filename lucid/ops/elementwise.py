"""Elementwise arithmetic and mathematics.

Each operation is its declaration, one kernel call, and below it the rule of each input. `unary` and `binary` are
the frame: they promote, broadcast and find the specialisation; the rules know nothing of that.
"""

from __future__ import annotations

from lucid._kernels import core, pointwise
from lucid._kernels.core import binary, unary
from lucid.autograd.op import Supplied, op
from lucid.ops._frame import COMPLEX, FLOATING, NUMBER, kernel
from lucid.tensor import Tensor

MATH = FLOATING + COMPLEX


def _unary(name: str, dtypes):
    return kernel(pointwise.unary, name, dtypes, pointwise.codes[name])


def _binary(name: str, dtypes):
    return kernel(pointwise.binary, name, dtypes, pointwise.codes[name])


ADD, SUB, MUL = (_binary(name, NUMBER) for name in ("add", "sub", "mul"))
DIV = _binary("div", MATH)
NEG = _unary("neg", NUMBER)
EXP, SQRT, SIN, TANH, LOG = (_unary(name, FLOATING) for name in ("exp", "sqrt", "sin", "tanh", "log"))


@op("add")
def add(input_, other, *, alpha=1, out=None) -> Tensor:
    """Elementwise sum."""
    if alpha != 1:
        other = binary(MUL, other, alpha)
    return binary(ADD, input_, other)


add.vjp(input_=lambda g: g, other=lambda g, alpha: g if alpha == 1 else mul(g, alpha))


@op("mul")
def mul(input_, other, *, out=None) -> Tensor:
    """Elementwise product."""
    return binary(MUL, input_, other)


mul.vjp(input_=lambda g, other: mul(g, other), other=lambda g, input_: mul(g, input_))


@op("exp")
def exp(input_, *, out=None) -> Tensor:
    """Elementwise exponential."""
    return unary(EXP, input_)


exp.vjp(input_=lambda g, out: mul(g, out))

Supplied.add = add


def _add_(target: Tensor, other: Tensor) -> None:
    if not core.accumulate(ADD, target, other):
        target.add_(other)


Supplied.add_ = _add_
