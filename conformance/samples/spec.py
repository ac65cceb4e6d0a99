"""How samples are declared: as data, in the fewest words.

A plan is a list of calls; a call's arguments may hold descriptions of tensors, which become tensors in the dtype that
is judged. Plans add up: `unary(0, None) + [call(T(2), out_of_habit=True)]`.

    T(3, 4)             random numbers, of the dtype judged, between -3 and 3 or the plan's domain
    T(3, low=0, high=1) of this range;  T(3, dtype=torch.bool) of this dtype
    V([0.0, 1.0])       these values;  S(4, 3) special values: zeros, infinities, NaN, denormals, extremes
    I(5, high=3)        int64 indices from 0 to 2;  B(3, 4) a mask;  P(4) a symmetric positive definite matrix
    any(...).map(f)     f of that tensor, a view if f makes one
    call(x, dim=1)      a call;  error(x, dim=9) one that PyTorch refuses
    unary(...) binary(...) reduction(...) make the calls that every op of the family needs
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from ..cases import tree_map


@dataclass(frozen=True)
class Describe:
    """A tensor to be made."""

    shape: tuple[int, ...] = ()
    dtype: torch.dtype | None = None
    views: tuple[Callable, ...] = ()
    grad: bool = True

    def map(self, function: Callable) -> Describe:
        return replace(self, views=(*self.views, function))

    def constant(self) -> Describe:
        """One that wants no gradient."""
        return replace(self, grad=False)

    def make(self, dtype: torch.dtype, source: torch.Generator) -> torch.Tensor:
        made = self.fill(self.dtype or dtype, source)
        for view in self.views:
            made = view(made)
        if self.grad and (made.is_floating_point() or made.is_complex()):
            made.requires_grad_(True)
        return made

    def fill(self, dtype: torch.dtype, source: torch.Generator) -> torch.Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class Random(Describe):
    low: float = -3.0
    high: float = 3.0

    def fill(self, dtype, source):
        if dtype is torch.bool:
            return torch.randint(0, 2, self.shape, generator=source).bool()
        if not (dtype.is_floating_point or dtype.is_complex):
            low, high = max(math.ceil(self.low), -100 if dtype.is_signed else 0), math.floor(self.high)
            return torch.randint(low, max(high, low) + 1, self.shape, generator=source).to(dtype)
        draw = lambda: self.low + (self.high - self.low) * torch.rand(self.shape, generator=source, dtype=torch.float64)
        return (torch.complex(draw(), draw()) if dtype.is_complex else draw()).to(dtype)


@dataclass(frozen=True)
class Values(Describe):
    values: Any = ()

    def fill(self, dtype, source):
        if dtype.is_floating_point or dtype.is_complex or dtype is torch.bool:
            return torch.tensor(self.values, dtype=torch.float64).to(dtype)
        whole = tree_map(lambda v: int(v) if math.isfinite(v) and abs(v) < 2**31 else 0, self.values)
        return torch.tensor(whole).to(dtype)


@dataclass(frozen=True)
class Special(Describe):
    """The dtype's special values, over and over until the shape is full; without a shape, once."""

    extra: tuple[float, ...] = ()

    def fill(self, dtype, source):
        values = specials(dtype, self.extra)
        if not self.shape:
            return values
        count = math.prod(self.shape)
        return values.repeat(count // len(values) + 1)[:count].reshape(self.shape)


@dataclass(frozen=True)
class Sweep(Describe):
    """A ladder over all magnitudes of the dtype and a dense grid of an interval."""

    low: float = -math.inf
    high: float = math.inf
    points: int = 1024

    def fill(self, dtype, source):
        if not dtype.is_floating_point:
            return torch.arange(-20, 21).to(dtype)
        info = torch.finfo(dtype)
        ladder = torch.logspace(math.log10(info.smallest_normal) + 0.1, math.log10(info.max) - 0.1, self.points // 4,
                                dtype=torch.float64)  # fmt: skip
        grid = torch.linspace(max(self.low, -12.0), min(self.high, 12.0), self.points // 2, dtype=torch.float64)
        jitter = 1 + 1e-3 * torch.rand(len(ladder), generator=source, dtype=torch.float64)
        every = torch.cat([-ladder * jitter, grid, ladder * jitter])
        return every[(every >= self.low) & (every <= self.high)].to(dtype)


@dataclass(frozen=True)
class PositiveDefinite(Describe):
    def fill(self, dtype, source):
        wide = torch.complex128 if dtype.is_complex else torch.float64
        root = torch.randn(*self.shape, self.shape[-1], generator=source, dtype=wide)
        eye = torch.eye(self.shape[-1], dtype=wide)
        return (root @ root.mH / self.shape[-1] + eye).to(dtype)


def T(*shape: int, low: float = -3.0, high: float = 3.0, dtype: torch.dtype | None = None) -> Random:
    return Random(shape, dtype, low=low, high=high)


def V(values: Any, dtype: torch.dtype | None = None) -> Values:
    return Values((), dtype, values=values)


def L(*values: int) -> Values:
    return V(list(values), torch.int64)


def S(*shape: int, extra: Iterable[float] = ()) -> Special:
    return Special(shape, extra=tuple(extra))


def I(*shape: int, high: int, low: int = 0) -> Random:  # noqa: E743  one letter, as T, V, B
    return Random(shape, torch.int64, low=low, high=high - 1)


def B(*shape: int) -> Random:
    return Random(shape, torch.bool)


def P(*shape: int) -> PositiveDefinite:
    return PositiveDefinite(shape)


def specials(dtype: torch.dtype, extra: Iterable[float] = ()) -> torch.Tensor:
    """Zeros of both signs, kinks with their neighbours, infinities, NaN, denormals, extremes."""
    if dtype is torch.bool:
        return torch.tensor([True, False])
    if not (dtype.is_floating_point or dtype.is_complex):
        info = torch.iinfo(dtype)
        small = [v for v in (-7, -2, -1, 0, 1, 2, 3, 7) if v >= info.min]
        return torch.tensor([*small, *(int(v) for v in extra if v == int(v) and v >= info.min), info.max, info.min], dtype=dtype)
    real = {torch.complex32: torch.float16, torch.complex64: torch.float32, torch.complex128: torch.float64}.get(dtype, dtype)
    info = torch.finfo(real)
    kinks = torch.tensor([0.0, 1.0, -1.0, *extra], dtype=real)
    if real in (torch.float32, torch.float64):
        up, down = torch.full_like(kinks, math.inf), torch.full_like(kinks, -math.inf)
        kinks = torch.cat([kinks, torch.nextafter(kinks, up), torch.nextafter(kinks, down)])
    rest = [-0.0, math.inf, -math.inf, math.nan, 0.5, -0.5, 2.5, -2.5, 1e-3, 10.0, -10.0, 100.0, -100.0, info.max,
            -info.max, info.smallest_normal, -info.smallest_normal, info.smallest_normal / 4]  # fmt: skip
    values = torch.cat([kinks, torch.tensor(rest, dtype=torch.float64).to(real)])
    return torch.complex(values, values.flip(0)).to(dtype) if dtype.is_complex else values


@dataclass(frozen=True)
class Call:
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    only: tuple[torch.dtype, ...] = ()  # dtypes this call is for; empty: all
    process: Callable | None = None  # what is unique of the result, where not all of it is

    def make(self, dtype: torch.dtype, source: torch.Generator) -> tuple[tuple, dict]:
        one = lambda value: value.make(dtype, source) if isinstance(value, Describe) else value
        return tree_map(one, self.args), tree_map(one, self.kwargs)


def call(
    *args: Any, tags: Iterable[str] | str = (), only: Iterable[torch.dtype] = (), process: Callable | None = None, **kwargs: Any
) -> Call:
    """One call. Tags: random, uninitialised, large, error, once (rounded once). `process` takes of the result what is unique."""
    tags = (tags,) if isinstance(tags, str) else tags
    return Call(args, kwargs, frozenset(tags), tuple(only), process)


def error(*args: Any, **kwargs: Any) -> Call:
    return call(*args, tags="error", **kwargs)


def once(*args: Any, **kwargs: Any) -> Call:
    """One in half precision, which both libraries compute in float32 and round once."""
    return call(*args, tags="once", only=HALVES, **kwargs)


HALVES = (torch.float16, torch.bfloat16)
FLOATS = (*HALVES, torch.float32, torch.float64)
REALS = (torch.float32, torch.float64)


class Plan(list):
    """A list of calls that knows its family and what its generated cases need."""

    family = ""
    low, high = -3.0, 3.0
    keywords: dict = {}
    dims = True

    def __add__(self, other: Iterable[Call]) -> Plan:
        made = Plan([*self, *other])
        made.__dict__.update(self.__dict__)
        return made


def _plan(family: str, calls: Iterable[Call], **about: Any) -> Plan:
    made = Plan(calls)
    made.__dict__.update(family=family, **about)
    return made


def calls(*items: Call) -> Plan:
    return Plan(items)


def unary(
    low: float | None = None,
    high: float | None = None,
    at: Iterable[float] = (),
    tail: tuple = (),
    sweep: bool = True,
    only: Iterable[torch.dtype] = (),
    **params: list,
) -> Plan:
    """One tensor in, one of the same shape out. `low`, `high`: the domain; `at`: kinks; `tail`: further arguments that
    every call takes; `params`: values of each keyword, tried one by one and in pairs with the specials."""
    bottom, top = -3.0 if low is None else low, 3.0 if high is None else high
    if bottom > top:
        top = bottom + 3.0
    X = lambda *shape: T(*shape, low=bottom, high=top)
    kinks = (*at, *(v for v in (low, high) if v is not None))
    made = [call(X(3, 4), *tail), call(X(), *tail), call(X(0, 3), *tail), call(X(2, 1, 3), *tail), call(X(37), *tail),
            call(S(extra=kinks), *tail)]  # fmt: skip
    if sweep:
        made.append(call(Sweep((), low=-math.inf if low is None else low, high=math.inf if high is None else high),
                         *tail, only=REALS))  # fmt: skip
    for name, values in params.items():
        for value in values:
            made += [call(X(3, 4), *tail, **{name: value}), call(S(extra=kinks), *tail, **{name: value})]
    for (a, first), (b, second) in itertools.combinations(params.items(), 2):
        made.append(call(X(2, 3), *tail, **{a: first[-1], b: second[-1]}))
    if only:
        made = [replace(item, only=tuple(only)) if not item.only else item for item in made]
    return _plan("unary", made, low=bottom, high=top, tail=tail)


def binary(
    low: float = -3.0,
    high: float = 3.0,
    second: tuple[float, float] | None = None,
    numbers: Iterable = (2, -3, 0.5),
    at: Iterable[float] = (),
    special: bool = True,
    only: Iterable[torch.dtype] = (),
    **params: list,
) -> Plan:
    """Two tensors that broadcast. `second`: range of the other one; `numbers`: Python numbers on the right; `special`:
    all pairs of special values."""
    X = lambda *shape: T(*shape, low=low, high=high)
    Y = lambda *shape: T(*shape, low=(second or (low, high))[0], high=(second or (low, high))[1])
    made = [call(X(3, 4), Y(3, 4)), call(X(3, 4), Y(4)), call(X(3, 1), Y(1, 4)), call(X(), Y(3)), call(X(2, 3), Y()),
            call(X(), Y()), call(X(0, 3), Y(1, 3)), call(X(2, 1, 3), Y(4, 1)),
            call(V([1.0, 2.0, 2.0, -1.0]), V([1.0, 2.0, -2.0, -1.0]))]  # fmt: skip
    made += [call(X(3, 4), number) for number in numbers]
    if special:
        made.append(call(S(extra=at).map(lambda t: t.unsqueeze(1)), S(extra=at)))
    for name, values in params.items():
        for value in values:
            made += [call(X(3, 4), Y(4), **{name: value}), call(S(extra=at).map(lambda t: t.unsqueeze(1)),
                                                                S(extra=at), **{name: value})]  # fmt: skip
            made += [call(X(3), number, **{name: value}) for number in list(numbers)[:1]]
    made.append(error(X(3), Y(4)))
    if only:
        made = [replace(item, only=tuple(only)) if not item.only else item for item in made]
    return _plan("binary", made, low=low, high=high, second=second or (low, high), numbers=tuple(numbers))


def reduction(
    low: float = -3.0,
    high: float = 3.0,
    whole: bool = True,
    several: bool = True,
    keepdim: bool = True,
    empty: bool = True,
    only: Iterable[torch.dtype] = (),
    **params: list,
) -> Plan:
    """A tensor in, some dimensions gone. `whole`: may be called without dim; `several`: dim may be a tuple."""
    X = lambda *shape: T(*shape, low=low, high=high)
    made = []
    if whole:
        made += [call(X(3, 4)), call(X()), call(S()), call(X(2, 3, 4))]
        made += [call(X(0, 3))] if empty else [error(X(0))]
    made += [call(X(3, 4), 0), call(X(2, 3, 4), -1), call(X(5), 0), call(X(), 0), call(S(4, 9), 1),
             call(V([[1.0, 2.0, 2.0], [2.0, 2.0, 1.0]]), 1), call(V([[0.0, 0.0], [0.0, 1.0]]), 0),
             call(X(2, 0, 3), 0), error(X(2, 3), 2)]  # fmt: skip
    if empty:
        made.append(call(X(2, 0, 3), 1))
    if keepdim:
        made += [call(X(2, 3, 4), 1, keepdim=True), call(X(2, 3, 4), dim=-3, keepdim=False)]
    if several:
        made += [call(X(2, 3, 4), (0, 2)), call(X(2, 3, 4), dim=(-1, 0), keepdim=True), error(X(2, 3), (0, 0))]
    for name, values in params.items():
        for value in values:
            made += [call(X(3, 4), 1, **{name: value})]
            if whole:
                made += [call(X(3, 4), **{name: value})]
    if only:
        made = [replace(item, only=tuple(only)) if not item.only else item for item in made]
    return _plan("reduction", made, low=low, high=high, whole=whole, several=several, keepdim=keepdim)
