"""Comparing tensors: where they differ, by how much, and how to say it."""

from __future__ import annotations

import torch

from .cases import dtype_name
from .verdicts import Mismatch

EXACT = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def widen(tensor: torch.Tensor) -> torch.Tensor:
    """In the widest dtype of its kind; complex numbers as pairs."""
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.is_complex():
        return torch.view_as_real(tensor.to(torch.complex128))
    return tensor.to(torch.float64) if tensor.is_floating_point() else tensor.to(torch.int64)


def same_bits(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Equal in shape, dtype and every bit (NaNs of one payload are equal, zeros of two signs are not)."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return first.numel() == 0 or torch.equal(_bits(first), _bits(second))


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    packed = torch.empty(tensor.numel(), dtype=tensor.dtype)  # a fresh one: .contiguous() keeps odd strides of size 1
    return packed.copy_(tensor.detach().reshape(-1)).view(torch.uint8)


def close(
    actual: torch.Tensor,
    expected: torch.Tensor,
    tolerance: tuple[float, float],
    what: str,
    truth=lambda: None,
    finite_only: bool = False,
    others=lambda: (),
    pooled: bool = False,
    moved=lambda: (),
) -> None:
    """Raise `Mismatch` unless every element is within tolerance, or within it plus twice the oracle's own error (with
    `pooled`, its largest on any element of the tensor), or within tolerance of another answer of the oracle's, or of the
    truth within it plus what `moved` says: how far the truth moves with the last place of what was given, ever nearer from below.

    `truth`, `moved` and `others` are called only when something is out of tolerance. With `finite_only`, NaN and infinities are
    left to the check that asks for their places. Of two complex numbers that both have a part which is not finite, only
    finite parts are compared.
    """
    if actual.shape != expected.shape:
        raise Mismatch(f"{what}: shape {tuple(actual.shape)}, expected {tuple(expected.shape)}")
    if expected.numel() == 0:
        return
    if actual.is_complex() != expected.is_complex():
        raise Mismatch(f"{what}: {dtype_name(actual.dtype)}, expected {dtype_name(expected.dtype)}")
    found, wanted = widen(actual), widen(expected)
    if wanted.dtype is torch.int64 and found.dtype is torch.int64:
        bad = found != wanted
        if bad.any():
            _report(what, found, wanted, bad, (found - wanted).abs().double(), "exact", expected.is_complex())
        return
    found, wanted = found.double(), wanted.double()
    rtol, atol = tolerance
    both = found.isfinite() & wanted.isfinite()
    equal = (found == wanted) | (found.isnan() & wanted.isnan())
    error = torch.where(both, (found - wanted).abs(), torch.inf)
    error = torch.where(equal, 0.0, error)
    if expected.is_complex():  # an infinite or undefined part says all: the other one is a matter of the order of steps
        lost = ~found.isfinite().all(-1, keepdim=True) & ~wanted.isfinite().all(-1, keepdim=True)
        error = torch.where(lost & ~both, 0.0, error)
    if finite_only:
        error = torch.where(both, error, 0.0)
    size = torch.where(both, wanted.abs(), 0.0)
    if expected.is_complex():  # PyTorch's tolerances are of the modulus
        size = torch.linalg.vector_norm(size, dim=-1, keepdim=True).where(both, 0.0)
    allowed = atol + rtol * size
    bad = error > allowed
    if not bad.any():
        return
    exact = truth()
    if exact is not None and exact.shape == expected.shape and exact.is_complex() == expected.is_complex():
        true = widen(exact.to(expected.dtype)).double()  # rounded as the answer is: it may overflow too
        own = (widen(exact).double() - wanted).abs()
        own = torch.where(own.isfinite(), own, 0.0)
        bad &= error > allowed + 2 * (own.max() if pooled else own)
        # Where PyTorch's intermediate results overflowed the true value counts, which may overflow too; where both libraries'
        # did, whether they are infinite or NaN is a matter of the order of steps.
        lost = ~wanted.isfinite() & (~found.isfinite() & true.isfinite() | ((found - true).abs() <= atol + rtol * true.abs()))
        bad &= ~(lost | (found == true))
        for way in moved() if bad.any() else ():
            bad &= ~((found - true).abs() <= atol + rtol * true.abs() + way)
            if not bad.any():
                return
    for other in others() if bad.any() else ():
        if other.shape == expected.shape:
            again = widen(other).double()
            alike = (found == again) | (found.isnan() & again.isnan())
            bad &= ~(alike | ((found - again).abs() <= atol + rtol * again.abs()))
    if bad.any():
        _report(what, found, wanted, bad, error, f"{rtol:.3g} relative, {atol:.3g} absolute", expected.is_complex())


def _report(what, found, wanted, bad, error, tolerance, pairs) -> None:
    ranked = torch.where(bad, error.nan_to_num(nan=torch.inf), -1.0)
    index = _unravel(int(ranked.argmax()), ranked.shape)
    place = index[:-1] if pairs else index
    raise Mismatch(
        f"{what}: {int(bad.sum())} of {bad.numel()} elements differ, worst at {place}: "
        f"expected {wanted[index].item():.9g}, found {found[index].item():.9g}",
        worst_error=f"{ranked[index].item():.6g}",
        tolerance=tolerance,
    )


def _unravel(position: int, shape: torch.Size) -> tuple[int, ...]:
    index = []
    for size in reversed(shape):
        position, rest = divmod(position, size)
        index.append(rest)
    return tuple(reversed(index))


def nonfinite_alike(
    actual: torch.Tensor, expected: torch.Tensor, what: str, truth=lambda: None, others=lambda: ()
) -> None:
    """Raise `Mismatch` unless NaN and infinities stand in the same places, or where another answer of the oracle's has
    them, or where the truth has them and PyTorch's intermediate results made others."""
    if actual.shape != expected.shape or not (expected.is_floating_point() or expected.is_complex()):
        return
    kind = lambda t: _kind(t.detach().resolve_conj().resolve_neg())
    found, wanted = kind(actual), kind(expected)
    bad = found != wanted
    for other in others() if bad.any() else ():
        if other.shape == expected.shape:
            bad &= found != kind(other)
    if bad.any():
        exact = truth()
        if exact is not None and exact.shape == expected.shape and exact.is_complex() == expected.is_complex():
            bad &= found != kind(exact.to(expected.dtype))
    if bad.any():
        index = _unravel(int(bad.to(torch.uint8).argmax()), bad.shape)
        raise Mismatch(
            f"{what}: {int(bad.sum())} elements differ in kind, first at {index}: "
            f"expected {expected[index].item()}, found {actual[index].item()}"
        )


def _kind(tensor: torch.Tensor) -> torch.Tensor:
    """0 finite, 1 NaN, 2 inf, 3 -inf; a complex number is 4 wherever either part is not finite."""
    if tensor.is_complex():
        return torch.where(tensor.isfinite(), 0, 4)
    if not tensor.is_floating_point():
        return torch.zeros(tensor.shape, dtype=torch.int64)
    infinite = torch.where(tensor > 0, 2, 3)
    return torch.where(tensor.isnan(), 1, torch.where(tensor.isinf(), infinite, 0))
