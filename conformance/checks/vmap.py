"""A function over a batch: the calls of its entries at once."""

from __future__ import annotations

import zlib

import torch

from ..cases import leaves, tensors, tree_map
from ..compare import close
from ..judge import Answer, Refusal, Run, coarsest
from ..subjects.adapter import Adapter
from ..ties import tied
from ..tolerances import pooled
from ..verdicts import Mismatch, Missing, Skip, describe
from . import check

PIVOTS = ("linalg.ldl_solve", "linalg.lu_solve", "lu_solve", "lu_unpack")  # PyTorch writes out of bounds by pivots of no factorisation
SHARE = 5  # of this many cases of an op one is looked at
LENGTH = 4  # of tensors that are taken as batches themselves


@check("batched_grad", "batched gradients")
def batched_grad(run: Run) -> None:
    """`autograd.grad` of a batch of two gradients (`is_grads_batched`) gives what it gives of one after the other; those are for
    another check to judge."""
    case, party = run.case, run.subject
    if not party.differentiable:
        raise Missing("gradients")
    wanting = run.differentiable()
    if zlib.crc32(case.id.encode()) % SHARE != 1 or "large" in case.tags:
        raise Skip("too large, or one of the cases that are not looked at")
    run.actual  # noqa: B018  when the plain call already fails, this is blocked
    try:
        answer = run.graph(party, None, None, None)
    except Exception:
        raise Skip("nothing is recorded of this call") from None
    given = tensors(case.args, case.kwargs)
    inputs = [mine for mine, one in zip(answer.inputs(party), given, strict=True) if one.requires_grad]
    outputs = [one for one in answer.raw if party.requires_grad(one)]
    if not outputs:
        raise Skip("no result has a gradient")
    source = torch.Generator().manual_seed(case.seed)
    coarse = coarsest([one.dtype for one in wanting])
    pairs = [[run.random(party.export(one), source, coarse, False) for _ in range(2)] for one in outputs]
    grad, options = party.resolve("autograd.grad"), {"allow_unused": True, "retain_graph": True}
    try:
        each = [grad(outputs, inputs, party.convert([pair[i] for pair in pairs], {}), **options) for i in range(2)]
    except Exception:
        raise Skip("there are no such gradients") from None
    try:
        found = grad(outputs, inputs, party.convert([torch.stack(pair) for pair in pairs], {}), is_grads_batched=True, **options)
    except Exception as error:
        raise Mismatch(f"a batch raised {describe(error)}") from None
    for i, one in enumerate(found):
        wanted = [None if row[i] is None else party.export(row[i]) for row in each]
        if (one is None) != (wanted[0] is None):
            raise Mismatch(f"gradient {i} is {'not ' if one is None else ''}there, other than of one gradient")
        if one is not None:
            _same(run, party.export(one), torch.stack(wanted), f"gradient {i}")


@check("vmap", "vmap")
def vmap(run: Run) -> None:
    """`vmap` over two entries, of all tensors along their first dimension or of one along another, gives the results of both
    calls, or what PyTorch's `vmap` gives. Where the results have no common shape, it is refused, as it may be where PyTorch refuses.
    So does `vmap` over the tensors themselves, whose entries have a dimension less: where those are refused, the batch is."""
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
    other = [_other(one) if i in chosen and not (case.op in PIVOTS and one.dtype == torch.int32) else one for i, one in enumerate(given)]
    dims = [None if i not in chosen else 0 if number % 2 else one.ndim for i, one in enumerate(given)]
    batches = [torch.stack([a.detach(), b.detach()], 0 if dim is None else dim) if dim is not None else a.detach() for a, b, dim in zip(given, other, dims)]
    _answered(run, [given, other], batches, dims)
    if len({one.shape[:1] for one in given}) == 1 and given[0].ndim and 0 < len(given[0]) <= LENGTH:
        whole = [one.detach() for one in given]
        _answered(run, [[one[i] for one in whole] for i in range(len(whole[0]))], whole, [0] * len(whole))


def _answered(run: Run, entries: list, batches: list, dims: list) -> None:
    """A batch is answered as its entries are, and refused where they are."""
    case = run.case
    says, mine = ([run.call(party, args=args, kwargs=kwargs) for args, kwargs in (_with(case, one) for one in entries)] for party in (run.oracle, run.subject))
    refusing = [any(isinstance(one, Refusal) for one in answers) for answers in (says, mine)]
    if all(refusing) and not isinstance(_mapped(run, run.subject, batches, dims), Exception) and isinstance(_mapped(run, run.oracle, batches, dims), Exception):
        raise Mismatch("answered a batch of entries that are refused")
    if any(refusing):  # what only one refuses is for another check to judge
        return
    shapes = [[(one.shape, one.dtype) for one in answer.tensors] for answer in says]
    alike = all(one == shapes[0] for one in shapes)
    found = _mapped(run, run.subject, batches, dims)
    if not alike and isinstance(found, list):
        raise Mismatch("answered where the entries' results have no common shape")
    if isinstance(found, Exception):
        if alike and not isinstance(_mapped(run, run.oracle, batches, dims), Exception):
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
        if _described(found) != _described(wanted):
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
        _same(run, a, b, f"result {i}")


def _same(run: Run, found: torch.Tensor, wanted: torch.Tensor, what: str) -> None:
    if (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
        raise Mismatch(f"{what} is {found.dtype} of {tuple(found.shape)}, expected {wanted.dtype} of {tuple(wanted.shape)}")
    if run.case.dtype not in ("float16", "bfloat16"):  # rounded where the operations on the batch end, which may be others
        close(found, wanted, run.tolerance(wanted.dtype, "vmap"), what, pooled=pooled(run.case.op))


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

