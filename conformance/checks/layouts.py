"""Arguments in other memory layouts."""

from dataclasses import replace

import torch

from ..cases import tensors, tree_map
from ..compare import close
from ..judge import Answer, Refusal, Run, unwritten
from ..layouts import LAYOUTS, relay
from ..verdicts import Mismatch, Missing, Skip, Verdict
from . import alias, check
from .value import compare


@check("layouts", "layouts")
def layouts(run: Run) -> None:
    """The same call with arguments that are non-contiguous, transposed, expanded, offset in their storage, with odd
    strides where a size is 1, or read-only (where PyTorch does not write to them): values, shapes and views as PyTorch's
    on the same layouts."""
    case = run.case
    run.actual, run.expected  # noqa: B018  blocked or skipped as the plain call is
    found = tensors(case.args, case.kwargs)
    if not found:
        raise Skip("no tensor among the arguments")
    if "large" in case.tags:
        raise Skip("large case")
    names = list(LAYOUTS)
    if case.family == "linalg":
        names.remove("expanded")  # equal rows make a matrix singular
    if not any(1 in tensor.shape for tensor in found):
        names.remove("loose")
    if case.source != "own":
        names = [names[case.seed % len(names)]]
    for name in names:
        moved = changed(run, lambda value, name=name: _relaid(run, value, name))
        wanted, got = moved.oracle_says, moved.subject_says
        if isinstance(wanted, Refusal):
            if isinstance(got, Answer) and name != "expanded" and not unwritten(wanted, case):
                raise Mismatch(f"{name} arguments: PyTorch refuses ({wanted.error}), the subject answers")
            continue
        if isinstance(got, Missing):
            raise got
        got = run.insist(got, f"with {name} arguments it")
        try:
            _holds(moved, got, wanted, f"{name} arguments")
        except Mismatch:
            dense = changed(moved, _dense)
            if isinstance(dense.oracle_says, Refusal) or _alike(dense, wanted, dense.oracle_says):
                raise
            # PyTorch contradicts itself: what it says of the same numbers, densely laid out, is what counts.
            _holds(dense, got, dense.oracle_says, f"{name} arguments", views=False)
    if run.subject.readonly and case.source == "own":
        got = run.insist(run.call(run.subject, readonly=run.untouched), "with read-only arguments it")
        _holds(run, got, run.expected, "read-only arguments", views=False)


def changed(run: Run, change) -> Run:
    """The same question about changed arguments."""
    case = run.case
    other = replace(case, args=tree_map(change, case.args), kwargs=tree_map(change, case.kwargs))
    return Run(other, run.subject, run.oracle)


def _relaid(run: Run, value, layout: str):
    """A tensor in that layout; one that the call writes to is not expanded, for elements that share memory hold what
    was written last."""
    if not isinstance(value, torch.Tensor) or layout == "expanded" and not run.untouched(value):
        return value
    return relay(value, layout)


def _dense(value):
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().clone(memory_format=torch.contiguous_format).requires_grad_(value.requires_grad)


def _alike(run: Run, first: Answer, second: Answer) -> bool:
    """Whether two answers of PyTorch's are within tolerance of each other, whichever of them is nearer to the truth."""
    try:
        for one, other in zip(first.tensors, second.tensors):
            close(one, other, run.tolerance(other.dtype), "result")
    except Mismatch:
        return False
    return True


def _holds(run: Run, got, wanted, what: str, views: bool = True) -> None:
    try:
        compare(run, got, wanted, finite_only=False)
        if views and run.case.process is None and wanted.tensors:
            alias.compare(run, got, wanted)
    except Mismatch as mismatch:
        raise Mismatch(f"{what}: {mismatch.message}", **mismatch.details) from None
    except Verdict:
        pass
