"""Derivatives in forward mode."""

from __future__ import annotations

import importlib
from functools import cache, partial

import torch

from ..cases import leaves, tensors, tree_map
from ..compare import close
from ..judge import Run, Sensitivity, coarsest
from ..subjects.adapter import Adapter
from ..ties import tied
from ..tolerances import pooled
from ..verdicts import Mismatch, Missing, Skip, Verdict, describe
from . import check

# Factorisations of symmetric matrices, which read one triangle: a derivative along another direction is nobody's.
SYMMETRIC = {"cholesky", "linalg.cholesky", "linalg.cholesky_ex", "linalg.eigh", "linalg.eigvalsh"}


@check("tangent", "forward mode")
def tangent(run: Run) -> None:
    """The tangent of every result, along a random direction of the differentiable arguments, equals PyTorch's where that
    is finite; a missing one counts as zero."""
    if not run.subject.differentiable:
        raise Missing("gradients")
    given = run.differentiable()
    if tied(run.case):
        raise Skip("a tangent says which of several equal elements was taken")
    if not all(_ordinary(one) for one in given):
        raise Skip("at infinities, NaN and the ends of a dtype formulas of one derivative differ")
    try:
        expected = tangents(run, run.oracle)
    except Verdict:
        raise
    except Exception:
        raise Skip("PyTorch has no such tangent") from None
    run.actual  # noqa: B018  when the plain call already fails, this is blocked
    try:
        actual = tangents(run, run.subject)
    except Verdict:
        raise
    except Exception as error:
        if run.subject.is_absence(error):
            raise Missing(str(error)) from None
        raise Mismatch(f"raised {describe(error)}") from None
    if len(actual) != len(expected):
        raise Mismatch(f"{len(actual)} tensors in the result, expected {len(expected)}")
    truth, moves = cache(lambda: _truth(run)), Sensitivity(run, _truth)
    for i, (found, wanted) in enumerate(zip(actual, expected)):
        if wanted is None:
            continue  # PyTorch has no formula, or takes the result for a constant: it says nothing
        found = torch.zeros_like(wanted) if found is None else found
        if (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
            raise Mismatch(f"tangent of result {i} is {found.dtype} of {tuple(found.shape)}, expected {wanted.dtype} of "
                           f"{tuple(wanted.shape)}")  # fmt: skip
        said = torch.isfinite(wanted) & (wanted.abs() < 1e25)
        found, wanted = (torch.where(said, one, torch.zeros((), dtype=one.dtype)) for one in (found, wanted))
        close(found, wanted, run.tolerance(wanted.dtype, "tangent"), f"tangent of result {i}",
              lambda i=i: truth()[i] if i < len(truth()) else None, pooled=pooled(run.case.op), moved=partial(moves.of, i))


def _truth(run: Run) -> list:
    if "random" in run.case.tags and run.truth is None:
        return []
    try:
        return tangents(run, run.oracle, double=True)
    except Exception:  # without the truth, the plain tolerance decides
        return []


def tangents(run: Run, party: Adapter, double: bool = False) -> list[torch.Tensor | None]:
    """The tangents of the results, in order. Raises whatever the party raises."""
    case = run.case
    forward = importlib.import_module(f"{party.package}.autograd.forward_ad")
    given = (run.double(case.args), run.double(case.kwargs)) if double else (case.args, case.kwargs)
    source = torch.Generator().manual_seed(case.seed)
    exact = [one.dtype for one in tensors(case.args, case.kwargs) if one.requires_grad]
    wanting = [one for one in tensors(*given) if one.requires_grad]
    directions = [run.random(one, source, coarsest([dtype]), double) for one, dtype in zip(wanting, exact)]
    if case.op in SYMMETRIC:
        directions = [one + one.mH if one.ndim > 1 else one for one in directions]
    args, kwargs = party.convert(tree_map(_detached, given), {})
    along = iter(party.convert(directions, {}))
    wanted = iter([one.requires_grad for one in tensors(*given)])
    function = run.bind(party, case.target)
    if case.wrapper is not None:
        function, inner = run.bind(party, case.wrapper), function
    with forward.dual_level(), party.quiet():
        args, kwargs = tree_map(
            lambda leaf: forward.make_dual(leaf, next(along)) if party.is_tensor(leaf) and next(wanted) else leaf, (args, kwargs)
        )
        party.seed(case.seed)
        result = function(*(args if case.wrapper is None else (inner, *args)), **kwargs)
        if case.process is not None:
            result = run.bind(party, case.process)(result)
        found = [forward.unpack_dual(one).tangent for one in leaves(result) if party.is_tensor(one)]
        return [None if one is None else party.export(one).clone() for one in found]


def _ordinary(tensor: torch.Tensor) -> bool:
    size = tensor.detach().abs()
    return bool(((size == 0) | (size > 1e-6) & (size < 1e6)).all())


def _detached(leaf):
    return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf
