"""Calls that PyTorch refuses."""

from ..cases import tensors
from ..compare import same_bits
from ..judge import Answer, Refusal, Run, unwritten
from ..verdicts import Mismatch, Missing, Skip, describe
from . import check


@check("exceptions", "exceptions", tags=("error",))
def exceptions(run: Run) -> None:
    """The subject refuses too, with PyTorch's type of exception or one derived from it, and every argument is bit for
    bit as before."""
    wanted = run.oracle_says
    if isinstance(wanted, Answer):
        raise Skip("PyTorch accepts this")
    if unwritten(wanted, run.case):
        raise Skip("PyTorch does not implement this dtype")
    found = run.subject_says
    if isinstance(found, Missing):
        raise Missing(found.message)
    compare_refusals(run, found, wanted, tensors(run.case.args, run.case.kwargs))


def compare_refusals(run: Run, found: Answer | Refusal, wanted: Refusal, originals: list) -> None:
    """Mismatch unless the subject refuses too, with PyTorch's type of exception, and has changed no argument."""
    if isinstance(found, Answer):
        raise Mismatch(f"answers where PyTorch raises {describe(wanted.error)}")
    expected = _public(type(wanted.error))
    if not isinstance(found.error, expected) or (
        isinstance(found.error, NotImplementedError) and expected is RuntimeError
    ):
        raise Mismatch(f"raises {describe(found.error)}; PyTorch raises {describe(wanted.error)}")
    for i, (mine, original) in enumerate(zip(found.inputs, originals)):
        if not same_bits(run.oracle.export(wanted.inputs[i]), original):
            continue  # PyTorch changed it too: an out= that was resized before the error
        if not same_bits(run.subject.export(mine), original):
            raise Mismatch(f"argument {i} was changed by the call that failed")


def _public(kind: type) -> type:
    """The nearest exception type that Python itself has."""
    return next(base for base in kind.__mro__ if base.__module__ == "builtins")
