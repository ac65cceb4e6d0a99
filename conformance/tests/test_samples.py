"""The samples: every declared operation has some, and they vary every parameter."""

from __future__ import annotations

import inspect
import itertools

import pytest
import torch

import lucid
from conformance import judging, sources
from conformance.cases import brief, follow
from conformance.scope import out_of_scope
from conformance.sources import own
from lucid.autograd.op import REGISTRY, SPELLINGS

DTYPES = [torch.float32, torch.int64]
# Parameters that sources need not vary, with the reason.
ELSEWHERE = {
    "out": "the check of that name gives it",
    "generator": "a program uses one",
    "device": "there is one",
    "pin_memory": "memory is memory",
    "layout": "there is one",
    "driver": "chooses among solvers of CUDA; PyTorch refuses it on a CPU",
    "pivot": "PyTorch refuses False on a CPU",
    "sparse": "sparse tensors",
    "sparse_grad": "sparse tensors",
    "segment_reduce.indices": "PyTorch does not take them yet",
    "hash_tensor.mode": "0 is the only hash there is; that others are refused is a sample",
    "nn.functional.grouped_mm.bias": "PyTorch takes none; that one is refused is a sample",
}
EMPTY = inspect.Parameter.empty


def declared() -> list[str]:
    return sorted(op for op in REGISTRY if own.exists(op) and not out_of_scope(op))


def functions() -> dict:
    """What is declared -> the paths under which it is published, each a function of its own."""
    first: dict = {}
    found: dict = {}
    for op in declared():
        function = follow(lucid, op)
        found.setdefault(first.setdefault(getattr(function, "op", function), function), []).append(op)
    return found


def constant_parameters(function, paths: list[str]) -> list[str]:
    """Parameters that no case gives another value than their default, or than every other case gives."""
    signature = inspect.signature(function)
    parameters = signature.parameters
    given = [p for p in parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    seen = {p.name: set() if p.default is EMPTY else {repr(p.default)} for p in given if p.name[0] != "_"}
    for name in list(seen):
        if name in ELSEWHERE or f"{paths[0]}.{name}" in ELSEWHERE:
            del seen[name]
    for source, op in itertools.product(("own", "opinfo"), paths):
        if all(len(values) > 1 for values in seen.values()):
            break
        for case in sources.load()[source].cases(op, DTYPES, 0, False):
            if case.target != op or "error" in case.tags:
                continue
            kwargs = {k if k in parameters else _spelled(k, parameters): v for k, v in case.kwargs.items()}
            try:
                bound = signature.bind(*case.args, **kwargs)
            except TypeError:  # another form of the same function: max(x, dim), max(x, y)
                continue
            for name in seen.keys() & bound.arguments.keys():
                seen[name].add(brief(bound.arguments[name]))
    return [name for name, values in seen.items() if len(values) < 2]


def _spelled(name, parameters):
    """A parameter by the name that the declaration has for it."""
    return next((one for one in SPELLINGS.get(name, ()) if one in parameters), name)


def test_every_declared_operation_has_samples():
    assert len(declared()) > 500
    assert not [op for op in declared() if op not in judging.catalogue()]


@pytest.mark.filterwarnings("ignore")
def test_the_samples_vary_every_parameter():
    constant = {paths[0]: constant_parameters(function, paths) for function, paths in functions().items()}
    assert not {op: names for op, names in constant.items() if names}
