"""What distributions share: parameters brought to one shape, attributes computed when asked for, probabilities and logits."""

from __future__ import annotations

from functools import update_wrapper

import lucid
from lucid.autograd.modes import enable_grad
from lucid.nn import functional as F
from lucid.tensor import Size, Tensor

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]  # fmt: skip

EULER = 0.57721566490153286


def broadcast_all(*values):
    """Tensors and numbers, broadcast against each other. ValueError for anything else.

    Numbers become tensors of the dtype of the first tensor, or of the default dtype where there is none.
    """
    if not all(isinstance(value, (Tensor, int, float)) for value in values):
        kinds = ", ".join(type(value).__name__ for value in values)
        raise ValueError(f"Input arguments must all be instances of Number or Tensor, but got {kinds}")
    dtype = next((value.dtype for value in values if isinstance(value, Tensor)), lucid.get_default_dtype())
    return lucid.broadcast_tensors(*(v if isinstance(v, Tensor) else lucid.tensor(v, dtype=dtype) for v in values))


class lazy_property:
    """An attribute that is computed when it is first asked for, then kept; one that was set is not computed."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        update_wrapper(self, wrapped)

    def __get__(self, instance, owner=None):
        if instance is None:
            return _InClass(self.wrapped)
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _InClass(lazy_property, property):
    """What the class shows of such an attribute: a property, for whoever lists or documents it."""

    def __init__(self, wrapped):
        property.__init__(self, wrapped)


def _standard_normal(shape, dtype=None, device=None) -> Tensor:
    """Standard normal samples."""
    return lucid.empty(shape, dtype=dtype).normal_()


def _sum_rightmost(value, ndim: int):
    """The sum over the last `ndim` dimensions."""
    return value.reshape(value.shape[:-ndim] + (-1,)).sum(-1) if ndim else value


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of log-odds (`is_binary`), or of logarithms of weights along the last dimension."""
    return lucid.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities moved away from 0 and 1 by the dtype's `eps`."""
    eps = lucid.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The log-odds (`is_binary`) or logarithms of probabilities, finite at 0 and 1."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


def _lower_mask(n: int, diag: int) -> Tensor:
    """Which elements of an n by n matrix lie on or below a diagonal."""
    index = lucid.arange(n)
    return index < index.view(-1, 1) + (diag + 1)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The elements on and below a diagonal, row by row. ValueError if there is no such diagonal."""
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _lower_mask(n, diag)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The square matrices of which `tril_matrix_to_vec` gives these elements. ValueError if there are none."""
    size, side = vec.shape[-1], 1 + 2 * diag
    n = (-side + (side**2 + 8 * size + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if round(n) - n > lucid.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {size} which cannot be expressed as the lower triangular part of a square D x D matrix."
        )
    n = round(n)
    mat = vec.new_zeros(vec.shape[:-1] + Size((n, n)))
    mat[..., _lower_mask(n, diag)] = vec
    return mat
