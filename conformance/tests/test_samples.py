"""The samples: every declared operation has some, and they vary every parameter."""

from __future__ import annotations

import inspect
import warnings

import pytest
import torch

import lucid
from conformance import judging
from conformance.cases import brief, follow
from conformance.scope import out_of_scope
from conformance.sources import own
from lucid.autograd.op import REGISTRY

DTYPES = [torch.float32, torch.int64]
# Parameters that sources need not vary, with the reason.
ELSEWHERE = {
    "out": "the check of that name gives it",
    "generator": "a program uses one",
    "device": "there is one",
    "pin_memory": "memory is memory",
    "layout": "there is one",
}
EMPTY = inspect.Parameter.empty


def calls(op: str):
    """(args, kwargs) of every case of an op that PyTorch is meant to accept."""
    for source in judging.catalogue()[op][1]:
        if source in ("programs", "generated"):
            continue
        for case in judging.sources.load()[source].cases(op, DTYPES, 0, False):
            if case.target == op and "error" not in case.tags:
                yield case.args, case.kwargs


def constant_parameters(op: str) -> list[str]:
    """Parameters that no case gives another value than their default, or than every other case gives."""
    function = follow(lucid, op)
    parameters = dict(inspect.signature(function).parameters)
    seen: dict[str, set] = {name: set() for name in parameters}
    for name, parameter in parameters.items():
        if parameter.default is not EMPTY:
            seen[name].add(repr(parameter.default))
    for args, kwargs in calls(op):
        try:
            bound = inspect.signature(function).bind(*args, **_renamed(kwargs, parameters))
        except TypeError:  # another form of the same function: max(x, dim), max(x, y)
            continue
        for name, value in bound.arguments.items():
            seen[name].add(value if isinstance(value, (int, str, bool)) else brief(value))
    return [name for name, values in seen.items() if len(values) < 2 and name not in ELSEWHERE]


def _renamed(kwargs: dict, parameters: dict) -> dict:
    other = {"input": "input_"}
    return {other[k] if k in other and k not in parameters else k: v for k, v in kwargs.items()}


def declared() -> list[str]:
    return sorted(op for op in REGISTRY if own.exists(op) and not out_of_scope(op))


def test_every_declared_operation_has_samples():
    assert not [op for op in declared() if op not in judging.catalogue()]


if __name__ == "__main__":
    cat = judging.catalogue()
    print("no samples:", [op for op in declared() if op not in cat])
    warnings.simplefilter("ignore")
    for op in declared():
        if op in cat:
            try:
                found = constant_parameters(op)
            except Exception as error:
                print(op, "!!", type(error), error)
                continue
            if found:
                print(op, found)
