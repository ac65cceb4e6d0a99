"""Docstrings against what calls give."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from conformance import subjects
from conformance.sources import own
from conformance.tests.test_samples import declared
from lucid.autograd.op import REGISTRY

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from claims import agrees, heads  # noqa: E402


def results(op: str) -> Iterator:
    """What an op's own samples return."""
    subject = subjects.make("lucid")
    for case in own.cases(op, [torch.float32], 0, False):
        if "error" in case.tags:
            continue
        args, kwargs = subject.convert((case.args, case.kwargs), {})
        try:
            yield REGISTRY[op].function(*args, **kwargs)
        except Exception:  # refused, which other tests judge
            continue


@pytest.mark.filterwarnings("ignore")
def test_results_are_of_the_type_that_docstrings_name():
    seen, wrong = 0, {}
    for op in declared():
        function = REGISTRY[op].function
        if not heads(function, "Returns"):
            continue
        for result in results(op):
            seen += 1
            if not agrees(result, function):
                wrong[op] = type(result).__name__
    assert not wrong and seen > 4000
