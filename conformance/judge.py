"""One case put to the subject and to the oracle: everything a check may ask, computed once and on demand.

Design: both parties are adapters (the oracle is the torch adapter), so that one function calls either; each call gets
arguments of its own, converted afresh from the case, and the same seed. A check that needs another call (other layouts,
a method, a second run) describes it by its arguments or target and gets an `Answer` or the exception.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from . import torch_private
from .cases import Case, dtype_name, leaves, tensors, tree_map
from .compare import same_bits, widen
from .layouts import relay
from .subjects.adapter import Adapter, storage_of
from .tolerances import tolerance
from .verdicts import Blocked, Mismatch, Missing, Skip, Verdict, describe

HALVES = (torch.float16, torch.bfloat16)
DIRECTIONS, STEP = 8, 2.0**-10  # of the sensitivity


@dataclass
class Answer:
    """What one call gave."""

    result: Any  # the party's own object
    raw: list  # the party's own tensors in it, in order
    tensors: list[torch.Tensor]  # the same as torch tensors that share the party's memory
    plain: list  # the leaves that are no tensors
    form: str  # structure of the result: '(T,T)', 'min_max(T,T)', ...
    args: Any  # the arguments as the party got them
    kwargs: Any

    def inputs(self, party: Adapter) -> list:
        return [leaf for leaf in leaves((self.args, self.kwargs)) if party.is_tensor(leaf)]


@dataclass
class Refusal:
    """The call raised."""

    error: Exception
    inputs: list = field(default_factory=list)


@dataclass
class Nudge:
    """In the truth, every number given is moved by about `size` times the last place of its own dtype."""

    seed: int
    size: float

    def __post_init__(self):
        self.source = torch.Generator().manual_seed(self.seed)

    def __call__(self, value: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        way = torch.randn(value.shape, generator=self.source, dtype=torch.float64)
        return value * (1 + self.size * torch.finfo(dtype).eps * way)


@dataclass
class Question:
    """Along what gradients are asked for, None where PyTorch has none: drawn when PyTorch is asked, the same for every party."""

    source: torch.Generator
    cotangents: list[torch.Tensor | None] | None = None
    directions: list[torch.Tensor | None] | None = None


class Run:
    def __init__(self, case: Case, subject: Adapter, oracle: Adapter, nudge: Nudge | None = None):
        self.case, self.subject, self.oracle, self.nudge = case, subject, oracle, nudge
        self.questions: dict[tuple[Any, bool], Question] = {}  # by target, and whether in double precision
        self.accuracy: list = []  # filled by the check of that name

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(
        self,
        party: Adapter,
        target: Any = None,
        args: tuple | None = None,
        kwargs: dict | None = None,
        grad: bool = False,
        readonly: Callable[[torch.Tensor], bool] | None = None,
        process: bool = True,
    ) -> Answer | Refusal:
        """Call the case's target, or another one, with the case's arguments, or others (torch tensors)."""
        case = self.case
        function = self.bind(party, case.target if target is None else target)
        given = case.args if args is None else args, case.kwargs if kwargs is None else kwargs
        try:
            args, kwargs = party.convert(given, {}, grad, readonly)
        except (TypeError, ValueError, RuntimeError) as error:  # it cannot even hold these arguments
            return Refusal(error)
        mine = [leaf for leaf in leaves((args, kwargs)) if party.is_tensor(leaf)]
        if grad and case.wrapper is not None:
            function, inner = self.bind(party, case.wrapper), function
            call_args = (inner, *args)
        else:
            call_args = args
        with contextlib.suppress(Missing):
            party.seed(case.seed)
        try:
            with warnings.catch_warnings(), party.quiet():
                warnings.simplefilter("ignore")
                result = function(*call_args, **kwargs)
                if process and case.process is not None:
                    result = self.bind(party, case.process)(result)
                return self.answer(party, result, args, kwargs)
        except Verdict:
            raise
        except Exception as error:  # the subject may raise anything at all
            if party is self.subject and party.is_absence(error):
                raise Missing(str(getattr(error, "name", error))) from None
            return Refusal(error, mine)

    def bind(self, party: Adapter, target: Any) -> Callable:
        if isinstance(target, str):
            return party.resolve(target)
        if hasattr(target, "bind_to"):
            return target.bind_to(party)
        return target if party is self.oracle else torch_private.rebind(target, party)

    def answer(self, party: Adapter, result: Any, args: Any = (), kwargs: Any = None) -> Answer:
        raw: list = []
        plain: list = []
        form = _form(party, result, raw, plain)
        return Answer(result, raw, [party.export(item) for item in raw], plain, form, args, kwargs or {})

    @cached_property
    def oracle_says(self) -> Answer | Refusal:
        return self.call(self.oracle)

    @cached_property
    def subject_says(self) -> Answer | Refusal | Missing:
        try:
            return self.call(self.subject)
        except Missing as missing:
            return missing

    @property
    def expected(self) -> Answer:
        """The oracle's answer; a case that it refuses is not for the check that asks."""
        says = self.oracle_says
        if isinstance(says, Refusal):
            raise Skip("PyTorch does not implement this dtype" if unimplemented(says.error) else "PyTorch refuses this")
        return says

    @property
    def actual(self) -> Answer:
        """The subject's answer; when there is none, the value check says so and the others have nothing to judge."""
        self.expected  # noqa: B018  what PyTorch refuses is nobody's to answer
        says = self.subject_says
        if isinstance(says, Missing):
            raise Missing(says.message)
        if isinstance(says, Refusal):
            raise Blocked(f"the call raised {describe(says.error)}")
        return says

    @cached_property
    def untouched(self) -> Callable[[torch.Tensor], bool]:
        """Says of a tensor among the case's arguments whether PyTorch leaves its memory alone."""
        after = self.expected.inputs(self.oracle)
        written = {
            old.untyped_storage().data_ptr()
            for old, new in zip(tensors(self.case.args, self.case.kwargs), after)
            if new._version or not same_bits(old.detach().resolve_conj().resolve_neg(), new)
        }
        return lambda tensor: tensor.untyped_storage().data_ptr() not in written

    def insist(self, outcome: Answer | Refusal, what: str) -> Answer:
        """An answer of the subject, or a mismatch that names the exception."""
        if isinstance(outcome, Refusal):
            raise Mismatch(f"{what} raised {describe(outcome.error)}")
        return outcome

    # -- comparing ---------------------------------------------------------------------------------------------------

    def tolerance(self, dtype: torch.dtype, check: str = "value") -> tuple[float, float]:
        if self.case.source == "mixed" and dtype.is_floating_point:  # no more exact than its coarsest argument
            dtype = coarsest([dtype, *(t.dtype for t in tensors(self.case.args, self.case.kwargs))])
        return tolerance(self.case.op, dtype_name(dtype), check)

    @cached_property
    def truth(self) -> Answer | None:
        """PyTorch's answer to the same case in double precision."""
        with _float64_by_default():  # what becomes of integers
            return self.precise(lambda: self.call(self.oracle, args=self.double(self.case.args),
                                                  kwargs=self.double(self.case.kwargs)))  # fmt: skip

    def precise(self, ask: Callable) -> Any:
        answer = ask()
        if isinstance(answer, Refusal) or "random" in self.case.tags and not self.drawn_alike(answer):
            return None
        return answer

    def drawn_alike(self, truth: Answer) -> bool:
        """Whether PyTorch drew the same numbers for the truth: what it answered then is near to it."""
        pairs = zip(self.expected.tensors, truth.tensors)
        return all(
            (widen(one).double() - widen(true).double()).abs().max() <= 64 * torch.finfo(one.dtype).eps * widen(true).abs().max()
            for one, true in pairs if one.is_floating_point() and one.numel()
        )  # fmt: skip

    def truth_of(self, position: int) -> Callable:
        """The true value of one tensor of the answer, when it can be had."""

        def find():
            if self.truth is None or position >= len(self.truth.tensors):
                return None
            return self.truth.tensors[position]

        return find

    @cached_property
    def moves(self) -> Sensitivity:
        return Sensitivity(self, lambda run: run.truth.tensors if run.truth else [])

    @cached_property
    def other_answers(self) -> list[Answer]:
        """What else PyTorch answers to an elementwise case: its loops over vectors and over single elements may differ at
        the extremes of a dtype. Arguments of the result's shape, dense and with gaps, meet the one and the other."""
        given = tensors(self.case.args, self.case.kwargs)
        if self.case.family not in ("unary", "binary") or not given or self.case.tags & {"random", "large"}:
            return []
        shape = torch.broadcast_shapes(*(t.shape for t in given))
        whole = tree_map(
            lambda v: v.detach().expand(shape).contiguous() if isinstance(v, torch.Tensor) else v,
            (self.case.args, self.case.kwargs),
        )
        gaps = tree_map(lambda v: relay(v, "strided") if isinstance(v, torch.Tensor) else v, whole)
        says = [self.call(self.oracle, args=args, kwargs=kwargs) for args, kwargs in (whole, gaps)]
        return [one for one in says if isinstance(one, Answer)]

    def others_of(self, position: int) -> Callable:
        """The other answers for one tensor, when they can be had."""
        return lambda: [one.tensors[position] for one in self.other_answers if position < len(one.tensors)]

    def double(self, tree: Any) -> Any:
        wide = {torch.float16: torch.float64, torch.bfloat16: torch.float64, torch.float32: torch.float64,
                torch.complex32: torch.complex128, torch.complex64: torch.complex128}  # fmt: skip

        def one(value):
            if isinstance(value, torch.Tensor) and value.dtype in wide:
                found = value.detach().to(wide[value.dtype])
                return (self.nudge(found, value.dtype) if self.nudge else found).requires_grad_(value.requires_grad)
            if isinstance(value, torch.dtype):
                return wide.get(value, value)
            return value

        return tree_map(one, tree)

    # -- gradients ---------------------------------------------------------------------------------------------------

    def differentiable(self) -> list[torch.Tensor]:
        """The case's tensors that want a gradient; raises `Skip` when there is none."""
        found = [t for t in tensors(self.case.args, self.case.kwargs) if t.requires_grad]
        if not found:
            raise Skip("nothing to differentiate")
        return found

    def gradients(self, party: Adapter, order: int = 1, target: Any = None, double: bool = False) -> list:
        """Gradients of a random combination of the outputs, as torch tensors (order 2: of those gradients again).

        Raises whatever the party raises; None counts as zero.
        """
        key = target, double
        if party is not self.oracle and (key not in self.questions or order == 2 and self.questions[key].directions is None):
            self.gradients(self.oracle, order, target, double)
        args, kwargs = (self.double(self.case.args), self.double(self.case.kwargs)) if double else (None, None)
        answer = self.graph(party, target, args, kwargs)
        given = tensors(self.case.args, self.case.kwargs)
        coarse = coarsest([t.dtype for t in given])
        asked = self.questions.setdefault(key, Question(torch.Generator().manual_seed(self.case.seed)))

        def along(results: list) -> list:
            wants = [one is not None and one.requires_grad for one in results]
            return [self.random(one, asked.source, coarse, double) if want else None for one, want in zip(results, wants)]

        if asked.cotangents is None:
            asked.cotangents = along(answer.raw)
        chosen = [i for i, cotangent in enumerate(asked.cotangents) if cotangent is not None]
        if len(answer.raw) != len(asked.cotangents):
            raise Mismatch(f"{len(answer.raw)} tensors in the result, expected {len(asked.cotangents)}")
        for i, result in enumerate(answer.raw):
            if party.requires_grad(result) != (i in chosen):
                raise Mismatch(f"result {i} " + ("does not require a gradient" if i in chosen else "requires a gradient, PyTorch's does not"))
        if not chosen:
            raise Skip("PyTorch's result has no gradient")
        # What required a gradient before the call: a target of an in-place function does afterwards too.
        inputs = [t for t, before in zip(answer.inputs(party), given, strict=True) if before.requires_grad]
        cotangents = [asked.cotangents[i].detach().requires_grad_(order == 2) for i in chosen]
        mine = party.convert(cotangents, {}, grad=True)
        first = party.grad([answer.raw[i] for i in chosen], inputs, mine, create_graph=order == 2)
        zeros = [t for t in given if t.requires_grad]
        if order == 1:
            return _filled(party, first, zeros)
        if asked.directions is None:
            asked.directions = along(first)
        again = [i for i, direction in enumerate(asked.directions) if direction is not None]
        if not again:
            raise Skip("PyTorch's gradient is constant")
        zeros += cotangents
        again = [i for i in again if first[i] is not None and party.requires_grad(first[i])]
        if not again:
            return [torch.zeros_like(t) for t in zeros]
        directions = party.convert([asked.directions[i] for i in again], {})
        return _filled(party, party.grad([first[i] for i in again], inputs + mine, directions), zeros)

    def random(self, like: torch.Tensor, source: torch.Generator, coarse: torch.dtype, double: bool) -> torch.Tensor:
        """Normal numbers in the shape of `like`, the same for every party and precision: as `coarse` holds them."""
        def part():
            found = torch.randn(like.shape, generator=source, dtype=torch.float64).to(coarse).double()
            return self.nudge(found, coarse) if double and self.nudge else found

        found = torch.complex(part(), part()) if like.is_complex() else part()
        return found if double else found.to(like.dtype)

    def graph(self, party: Adapter, target: Any, args: Any, kwargs: Any) -> Answer:
        answer = self.call(party, target=target, args=args, kwargs=kwargs, grad=True)
        if isinstance(answer, Refusal):
            raise answer.error
        return answer


class Sensitivity:
    """How far each tensor of the truth, which `ask` finds for a run, moves when every number given moves by its own last
    place: the root of the mean square over some directions. Each is measured between two points to one side of the
    case, so that a jump at the case itself (a tie, a kink) counts for nothing. Asked in half precision, and where many terms
    are summed, which may cancel: otherwise the tolerance is many times the last place."""

    def __init__(self, run: Run, ask: Callable[[Run], list]):
        self.run, self.ask = run, ask
        self.squares: list = []
        halves = coarsest([t.dtype for t in tensors(run.case.args, run.case.kwargs)]) in HALVES
        self.left = DIRECTIONS if halves or "large" in run.case.tags else 0  # directions not yet looked at

    def of(self, position: int) -> Iterator[torch.Tensor]:
        """That of one tensor, from below: as if it did not move along the directions that are left. So nobody looks at more of
        them than it takes."""
        while True:
            if self.squares:
                if position >= len(self.squares) or self.squares[position] is None:
                    return
                yield (self.squares[position] / DIRECTIONS).sqrt()
            if not self.left:
                return
            self._look()

    def _look(self) -> None:
        run, seed = self.run, DIRECTIONS - self.left
        near, far = (self.ask(type(run)(run.case, run.subject, run.oracle, Nudge(seed, size))) for size in (STEP, 2 * STEP))
        squares = [None if a is None else ((widen(a).double() - widen(b).double()) / STEP) ** 2 for a, b in zip(near, far)]
        self.squares = [a if a is None else a + b for a, b in zip(squares, self.squares or [0.0] * len(squares))]
        self.left -= 1


@contextlib.contextmanager
def _float64_by_default():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def unimplemented(error: Exception) -> bool:
    """Whether PyTorch refuses because nobody wrote the kernel, rather than because the call is wrong."""
    text = str(error)
    return isinstance(error, (RuntimeError, NotImplementedError)) and any(
        phrase in text for phrase in ("not implemented for", "not implemented on CPU", "not supported for", "does not support")
    )  # fmt: skip


PARTIAL = ("uint16", "uint32", "uint64", "complex32")  # dtypes for which PyTorch has few kernels


def unwritten(says: Refusal, case: Case) -> bool:
    """Whether PyTorch refuses a call only since it has no kernel for a dtype for which it has few: the subject may answer."""
    return isinstance(says.error, NotImplementedError) and any(name in case.dtype for name in PARTIAL)


def _form(party: Adapter, value: Any, raw: list, plain: list) -> str:
    if party.is_tensor(value):
        raw.append(value)
        return "T"
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, (list, tuple)):
        inner = ",".join(_form(party, item, raw, plain) for item in value)
        if isinstance(value, list):
            return f"[{inner}]"
        fields = getattr(value, "_fields", None)
        if fields is None and type(value).__module__ == "torch.return_types":
            fields = type(value).__match_args__
        return f"{','.join(fields) + ':' if fields else ''}({inner})"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_form(party, item, raw, plain)}" for key, item in value.items()) + "}"
    name = party.dtype_name(value)
    plain.append(value if name is None else name)
    return "_"


def coarsest(given: list[torch.dtype]) -> torch.dtype:
    """The floating dtype of the fewest digits among them, float64 when there is none; complex ones count as their parts."""
    real = [dtype.to_real() for dtype in given if dtype.is_floating_point or dtype.is_complex]
    return max(real, key=lambda dtype: torch.finfo(dtype).eps, default=torch.float64)


def _filled(party: Adapter, found: list, likes: list) -> list:
    """Exported gradients, zeros where there is none."""
    return [torch.zeros_like(like) if g is None else party.export(g) for g, like in zip(found, likes)]


def memory_of(tensor: torch.Tensor) -> tuple[int, int]:
    """First and last address a tensor touches."""
    if tensor.numel() == 0:
        return 0, -1
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride()))
    return tensor.data_ptr(), tensor.data_ptr() + (reach + 1) * tensor.element_size() - 1


__all__ = ["Answer", "Refusal", "Run", "memory_of", "storage_of", "unimplemented", "widen"]
