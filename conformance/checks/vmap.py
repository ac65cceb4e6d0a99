"""A function over a batch: the calls of its entries at once."""

from __future__ import annotations

import zlib

import torch

from ..cases import leaves, tensors, tree_map
from ..compare import close
from ..judge import Answer, Refusal, Run
from ..subjects.adapter import Adapter
from ..ties import tied
from ..tolerances import pooled
from ..verdicts import Mismatch, Skip, describe
from . import check

SHARE = 3  # of this many cases of an op one is looked at


@check("vmap", "vmap")
def vmap(run: Run) -> None:
    """`vmap` over two entries, of all tensors along their first dimension or of one along another, gives the results of both
    calls, or what PyTorch's `vmap` gives. Where the results have no common shape, it is refused, as it may be where PyTorch refuses."""
    case = run.case
    given = tensors(case.args, case.kwargs)
    number = zlib.crc32(case.id.encode())
    if not given or number % SHARE or {"random", "large"} & case.tags:
        raise Skip("random numbers, no tensor, too large, or one of the cases that are not looked at")
    if len({id(one) for one in given}) < len(given) or tied(case) or case.kwargs.get("sorted") is False:
        raise Skip("one tensor twice, or which of several equal elements is taken")
    run.actual  # noqa: B018  when the plain call already fails, this is blocked
    number //= SHARE
    chosen = set(range(len(given))) if number % 2 else {number // 2 % len(given)}
    other = [_other(one) if i in chosen else one for i, one in enumerate(given)]
    says = [run.call(run.oracle, args=args, kwargs=kwargs) for args, kwargs in (_with(case, one) for one in (given, other))]
    if any(isinstance(one, Refusal) for one in says):
        raise Skip("PyTorch refuses one of the entries")
    shapes = [[(one.shape, one.dtype) for one in answer.tensors] for answer in says]
    dims = [None if i not in chosen else 0 if number % 2 else one.ndim for i, one in enumerate(given)]
    batches = [torch.stack([a.detach(), b.detach()], 0 if dim is None else dim) if dim is not None else a.detach() for a, b, dim in zip(given, other, dims)]
    found = _mapped(run, run.subject, batches, dims)
    if shapes[0] != shapes[1] and isinstance(found, list):
        raise Mismatch("answered where the entries' results have no common shape")
    if isinstance(found, Exception):
        if shapes[0] == shapes[1] and not isinstance(_mapped(run, run.oracle, batches, dims), Exception):
            raise Mismatch(f"raised {describe(found)}")
        if not isinstance(found, (RuntimeError, ValueError, NotImplementedError, IndexError)):
            raise Mismatch(f"refused by {describe(found)}")
        return
    if "uninitialised" in case.tags:
        return
    wanted = _stacked(says)
    try:
        _compare(run, found, wanted)
    except Mismatch:
        mapped = _mapped(run, run.oracle, batches, dims)
        if not isinstance(mapped, Exception) and _agree(run, found, mapped):
            return
        mine = [run.call(run.subject, args=args, kwargs=kwargs) for args, kwargs in (_with(case, one) for one in (given, other))]
        if any(isinstance(one, Refusal) for one in mine) or _described(found) != _described(wanted):
            raise
        _compare(run, found, _stacked(mine))  # whose own values are for another check to judge


def _stacked(answers: list[Answer]) -> list[torch.Tensor]:
    return [torch.stack(pair) for pair in zip(*(answer.tensors for answer in answers))]


def _described(found: list[torch.Tensor]) -> list:
    return [(one.shape, one.dtype) for one in found]


def _agree(run: Run, found: list, wanted: list) -> bool:
    try:
        _compare(run, found, wanted)
    except Mismatch:
        return False
    return True


def _compare(run: Run, found: list, wanted: list) -> None:
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} tensors in the result, expected {len(wanted)}")
    for i, (a, b) in enumerate(zip(found, wanted)):
        if (a.dtype, a.shape) != (b.dtype, b.shape):
            raise Mismatch(f"result {i} is {a.dtype} of {tuple(a.shape)}, expected {b.dtype} of {tuple(b.shape)}")
        if run.case.dtype in ("float16", "bfloat16"):
            continue  # rounded where the operations on the batch end, which may be others than those on an entry
        close(a, b, run.tolerance(b.dtype, "vmap"), f"result {i}", pooled=pooled(run.case.op))


def _other(tensor: torch.Tensor) -> torch.Tensor:
    """Another tensor that a function of the first takes too: smaller numbers, or the same integers elsewhere."""
    tensor = tensor.detach()
    return tensor * 0.75 if tensor.dtype.is_floating_point or tensor.dtype.is_complex else tensor.flatten().roll(1).reshape(tensor.shape)


def _with(case, given: list) -> tuple:
    """The case's arguments with other tensors."""
    mine = iter(given)
    return tree_map(lambda leaf: next(mine) if isinstance(leaf, torch.Tensor) else leaf, (case.args, case.kwargs))


def _mapped(run: Run, party: Adapter, batches: list, dims: list):
    """The tensors that `vmap` gives, with the batch in front, or what it raised."""
    case = run.case
    plain = party.convert((case.args, case.kwargs), {})

    def call(function):
        def over(*entries):
            mine = iter(entries)
            args, kwargs = tree_map(lambda leaf: next(mine) if party.is_tensor(leaf) else leaf, plain)
            result = function(*args, **kwargs)
            if case.process is not None:
                result = run.bind(party, case.process)(result)
            return tuple(leaf for leaf in leaves(result) if party.is_tensor(leaf))

        return over

    function = run.bind(party, case.target)
    made = party.convert(batches, {})
    try:
        with party.quiet():
            party.seed(case.seed)
            found = party.resolve("func.vmap")(call(function), in_dims=tuple(dims))(*made)
            return [party.export(one) for one in found]
    except Exception as error:
        return error

