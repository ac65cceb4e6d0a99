"""Docstrings against what calls give."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from conformance import subjects
from conformance.sources import own
from conformance.tests.test_samples import _spelled, declared
from lucid.autograd.op import REGISTRY

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from claims import accepts, agrees, heads, unfounded  # noqa: E402

# Forms of a call in which a parameter's place holds another's argument.
OTHER_FORMS = {("randint", "high")}


def calls(op: str, dtypes=(torch.float32,)) -> Iterator[tuple[dict, object]]:
    """The arguments of an op's own samples by parameter, and what is returned."""
    subject, function = subjects.make("lucid"), REGISTRY[op].function
    signature = inspect.signature(function)
    for case in own.cases(op, list(dtypes), 0, False):
        if "error" in case.tags:
            continue
        args, kwargs = subject.convert((case.args, case.kwargs), {})
        named = {key if key in signature.parameters else _spelled(key, signature.parameters): kwargs[key] for key in kwargs}
        try:
            yield signature.bind(*args, **named).arguments, function(*args, **kwargs)
        except Exception:  # refused, or another form: other tests judge that
            continue


def kinds(function) -> dict[str, str]:
    """The types that a docstring names for the parameters."""
    parts = [head.partition(" :") for head in heads(function, "Parameters")]
    return {name: kind.strip() for names, _, kind in parts for name in names.split(", ")}


@pytest.mark.filterwarnings("ignore")
def test_arguments_and_results_are_of_the_types_that_docstrings_name():
    seen, wrong = 0, set()
    for op in declared():
        function = REGISTRY[op].function
        described, returns = kinds(function), heads(function, "Returns")
        for arguments, result in calls(op):
            seen += 1
            if returns and not agrees(result, function):
                wrong.add((op, "returns", type(result).__name__))
            for name, argument in arguments.items():
                if (op, name) not in OTHER_FORMS and not accepts(described.get(name, ""), argument):
                    wrong.add((op, name, type(argument).__name__))
    assert not wrong and seen > 4000


@pytest.mark.filterwarnings("ignore")
def test_results_are_what_docstrings_say_of_them():
    seen, wrong = 0, set()
    for op in declared():
        for arguments, result in calls(op, (torch.float32, torch.float16, torch.int64, torch.bool)):
            seen += 1
            wrong |= {(op, claim) for claim in unfounded(REGISTRY[op].function, result, arguments)}
    assert not wrong and seen > 8000
