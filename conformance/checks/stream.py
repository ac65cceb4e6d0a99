"""Random numbers."""

from dataclasses import replace

import torch

from ..compare import widen
from ..judge import Run
from ..verdicts import Mismatch, Skip
from . import check
from .value import compare


@check("stream", "random stream", tags=("random",))
def stream(run: Run) -> None:
    """After `manual_seed`, three calls in a row draw PyTorch's numbers; where the subject does not claim the stream,
    mean, deviation and range of many draws agree instead."""
    if "uninitialised" in run.case.tags:
        raise Skip("the result is uninitialised memory")
    if not run.subject.stream:
        return _distribution(run)
    run.expected, run.actual  # noqa: B018
    thrice = Run(replace(run.case, target=Thrice(run), process=None), run.subject, run.oracle)
    return compare(thrice, run.insist(thrice.subject_says, "it"), thrice.expected)


class Thrice:
    def __init__(self, run: Run):
        self.run = run

    def bind_to(self, party):
        case = self.run.case
        function = self.run.bind(party, case.target)
        process = self.run.bind(party, case.process) if case.process else lambda result: result
        return lambda *args, **kwargs: [process(function(*args, **kwargs)) for _ in range(3)]


def _distribution(run: Run) -> None:
    for i, (found, wanted) in enumerate(zip(run.actual.tensors, run.expected.tensors)):
        mine, theirs = widen(found).double().flatten(), widen(wanted).double().flatten()
        if theirs.numel() < 1000:
            raise Skip("too few draws to judge a distribution")
        spread = torch.sqrt((mine.var() + theirs.var()) / theirs.numel())
        if (mine.mean() - theirs.mean()).abs() > 6 * spread + 1e-9:
            raise Mismatch(f"result {i}: mean {mine.mean():.6g}, PyTorch's {theirs.mean():.6g}")
        if (mine.std() - theirs.std()).abs() > 0.2 * theirs.std() + 1e-9:
            raise Mismatch(f"result {i}: deviation {mine.std():.6g}, PyTorch's {theirs.std():.6g}")
