"""Images whose channels lie last."""

from fnmatch import fnmatchcase

import torch

from ..cases import tensors
from ..judge import Refusal, Run
from ..verdicts import Mismatch, Missing, Skip, Verdict
from . import check
from .layouts import changed

# Operations that take images, and those that join or sort them. Elementwise ones keep strides in general; where operands differ in
# theirs, which one leads is not judged.
IMAGES = (
    "*pool*", "*conv*", "*batch_norm*", "*group_norm*", "*instance_norm*", "*pad", "*pad_nd", "*interpolate", "*upsample*", "*shuffle",
    "*grid_sampl*", "cat", "concat*", "*stack", "sort", "argsort", "msort", "nn.functional.*_loss", "softmax", "*log_softmax", "clone",
)  # fmt: skip
FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


@check("formats", "memory format")
def formats(run: Run) -> None:
    """Of operations on images, the same call with tensors of 4 and 5 dimensions in memory format channels last: results and gradients have the
    strides that PyTorch's have, but for dimensions of one element, whose strides are never used, and gradients that are
    expanded views of fewer elements in PyTorch."""
    case = run.case
    run.actual, run.expected  # noqa: B018  blocked or skipped as the plain call is
    if not any(fnmatchcase(case.op, one) for one in IMAGES):
        raise Skip("not an operation on images")
    if not any(t.dim() in FORMATS and not _ambiguous(t) for t in tensors(case.args, case.kwargs)):
        raise Skip("no images among the arguments")
    if case.tags & {"large", "uninitialised", "error"} or case.process is not None:
        raise Skip("large, without numbers or without the result")
    moved = changed(run, _channels_last)
    wanted, got = moved.oracle_says, moved.subject_says
    if isinstance(wanted, Refusal):
        raise Skip("PyTorch refuses this")
    if isinstance(got, Missing):
        raise got
    got = run.insist(got, "with channels last it")
    _same_strides("result", got.tensors, wanted.tensors)
    if not run.subject.differentiable or case.op.startswith("Tensor."):
        return
    try:
        wanted, got = moved.gradients(moved.oracle), moved.gradients(moved.subject)
    except (Verdict, Exception):  # what has no gradient is not for this check
        return
    _same_strides("gradient of argument", got, wanted)


def _ambiguous(t: torch.Tensor) -> bool:
    return t.shape[1] == 1 or t.shape[2:].numel() == 1 or not t.numel()


def _channels_last(value):
    if not isinstance(value, torch.Tensor) or value.dim() not in FORMATS or not value.is_contiguous():
        return value
    return value.detach().contiguous(memory_format=FORMATS[value.dim()]).requires_grad_(value.requires_grad)


def _same_strides(what: str, found: list, wanted: list) -> None:
    for i, (one, other) in enumerate(zip(found, wanted)):
        mine, theirs = ([step for step, size in zip(t.stride(), t.shape) if size > 1] for t in (one, other))
        if one.shape == other.shape and other.numel() and mine != theirs and not (what.startswith("gradient") and 0 in theirs):
            raise Mismatch(f"with channels last the {what} {i} has strides {tuple(one.stride())}, expected {tuple(other.stride())}")
