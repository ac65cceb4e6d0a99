"""Calls with an argument of another kind: a bool where an int stands, a float, a string."""

from __future__ import annotations

from itertools import count
from typing import Any

from ..judge import Refusal, Run, unimplemented
from ..verdicts import Mismatch, Skip, describe
from . import check
from .exceptions import _public

OTHERS: dict[type, tuple] = {bool: (1, "x"), int: (True, 1.0, "x"), float: (True, 1, "x"), str: (True, 1)}

@check("kinds", "kinds of arguments")
def kinds(run: Run) -> None:
    """Each argument that is a bool, an int, a float or a string, or a sequence that begins with one, is replaced by another kind (of
    those four; which one, the case's seed decides): the subject answers where PyTorch does, and else raises its type of
    exception. In float32 and int64, since arguments are read alike in every dtype; None, which often means that an argument is not
    given, is not among them."""
    case = run.case
    if case.dtype not in ("float32", "int64"):
        raise Skip("arguments are read alike in every dtype")
    if case.op == "range":  # SIGFPE where the step is less than an int
        raise Skip("PyTorch divides by zero")
    run.actual  # noqa: B018  a call that fails as it stands is reported once
    turn = count(case.seed)
    judged = False
    for place, value in [*enumerate(case.args), *case.kwargs.items()]:
        first = value[0] if type(value) in (tuple, list) and value else value
        if others := OTHERS.get(type(first)):
            _replaced(run, place, value, others[next(turn) % len(others)])
            judged = True
    if not judged:
        raise Skip("no such argument")


def _replaced(run: Run, place: int | str, value: Any, new: Any) -> None:
    """Judge the call with another value in a place, or another first element of the sequence there."""
    args, kwargs = list(run.case.args), dict(run.case.kwargs)
    given: Any = args if isinstance(place, int) else kwargs
    given[place] = type(value)([new, *value[1:]]) if type(value) in (tuple, list) and value else new
    wanted, found = (run.call(party, args=tuple(args), kwargs=kwargs) for party in (run.oracle, run.subject))
    if isinstance(found, Refusal):
        if isinstance(wanted, Refusal) and isinstance(found.error, _public(type(wanted.error))):
            return
        says = f"raises {describe(found.error)}"
    elif isinstance(wanted, Refusal):
        if unimplemented(wanted.error):  # for this dtype at all
            return
        says = "answers"
    else:
        return
    oracle = f"raises {describe(wanted.error)}" if isinstance(wanted, Refusal) else "answers"
    raise Mismatch(f"argument {place!r} given as {given[place]!r}: {says}; PyTorch {oracle}")
