"""Arguments in other memory layouts."""

import torch

from ..cases import tensors, tree_map
from ..judge import Refusal, Run
from ..layouts import LAYOUTS, relay
from ..verdicts import Mismatch, Skip, Verdict
from . import alias, check
from .value import compare


@check("layouts", "layouts")
def layouts(run: Run) -> None:
    """The same call with arguments that are non-contiguous, transposed, expanded, offset in their storage, or
    read-only (where PyTorch does not write to them): values, shapes and views as PyTorch's on the same layouts."""
    case = run.case
    run.actual, run.expected  # noqa: B018  blocked or skipped as the plain call is
    found = tensors(case.args, case.kwargs)
    if not found:
        raise Skip("no tensor among the arguments")
    if case.tags & {"large", "inplace"}:
        raise Skip("large case" if "large" in case.tags else "writes into its argument")
    names = list(LAYOUTS)
    if case.family == "linalg":
        names.remove("expanded")  # equal rows make a matrix singular
    if case.source != "own":
        names = [names[case.seed % len(names)]]
    for name in names:
        move = lambda value, name=name: _relaid(run, value, name)
        args, kwargs = tree_map(move, case.args), tree_map(move, case.kwargs)
        wanted = run.call(run.oracle, args=args, kwargs=kwargs)
        got = run.call(run.subject, args=args, kwargs=kwargs)
        if isinstance(wanted, Refusal):
            if not isinstance(got, Refusal) and name != "expanded":
                raise Mismatch(f"{name} arguments: PyTorch refuses ({wanted.error}), the subject answers")
            continue
        _holds(run, run.insist(got, f"with {name} arguments it"), wanted, f"{name} arguments")
    if run.subject.readonly and case.source == "own":
        got = run.insist(run.call(run.subject, readonly=run.untouched), "with read-only arguments it")
        _holds(run, got, run.expected, "read-only arguments", views=False)


def _relaid(run: Run, value, layout: str):
    """A tensor in that layout; one that the call writes to is not expanded, for elements that share memory hold what
    was written last."""
    if not isinstance(value, torch.Tensor) or layout == "expanded" and not run.untouched(value):
        return value
    return relay(value, layout)


def _holds(run: Run, got, wanted, what: str, views: bool = True) -> None:
    try:
        compare(run, got, wanted, finite_only=False)
        if views and run.case.process is None and wanted.tensors:
            alias.compare(run, got, wanted)
    except Mismatch as mismatch:
        raise Mismatch(f"{what}: {mismatch.message}", **mismatch.details) from None
    except Verdict:
        pass
