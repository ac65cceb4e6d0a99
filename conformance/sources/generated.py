"""Generated shapes, strides, broadcasts and dtypes.

Design: hypothesis draws the shapes, once per family and seed; each op takes its share of them by rotation, so that ops
see different ones and a run costs few draws. Besides shapes: large cases (they are divided among threads), and every
pair of dtypes in each of PyTorch's three kinds of operand (with dimensions, 0-d, Python number).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import hypothesis
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from .. import torch_private
from ..cases import Case, dtype_name
from ..layouts import LAYOUTS, relay
from ..samples import tables
from ..samples.spec import Plan, T
from ..scope import out_of_scope
from . import seed_of

FAMILIES = ("unary", "binary", "reduction")
DTYPES = (torch.bool, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
          torch.float32, torch.float64, torch.complex64, torch.complex128)  # fmt: skip
COUNT = {False: 12, True: 3}  # cases per op and dtype, by quick
LARGE = {"unary": [(300_001,)], "binary": [(300_001,), (301, 1000)], "reduction": [(300_001,), (301, 1000)]}


@lru_cache(None)
def ops() -> dict[str, str]:
    found = {path: family for path, (family, _) in tables().items() if family in FAMILIES}
    for path, infos in torch_private.entries().items():
        family = torch_private.family_of(infos[0])
        if family in FAMILIES and not out_of_scope(path):
            found.setdefault(path, family)
    return found


def cases(op: str, dtypes: list[torch.dtype], seed: int, quick: bool) -> Iterator[Case]:
    family = ops().get(op)
    if family is None:
        return
    plan = tables()[op][1] if op in tables() else None
    if plan is not None and not hasattr(plan, "low"):
        return
    low, high = domain(op, plan)
    make = {"unary": _unary, "binary": _binary, "reduction": _reduction}[family]
    for dtype in dtypes:
        if not accepted(op, dtype):
            continue
        numbers = lambda label, dtype=dtype: torch.Generator().manual_seed(seed_of(seed, op, dtype, label))
        place = seed_of(op, dtype)
        for i in range(1 if quick and dtype.itemsize == 2 else COUNT[quick]):
            args, kwargs = make(plan, place + i, seed, dtype, numbers(i), low, high)
            yield Case(op, "generated", dtype_name(dtype), str(i), op, args, kwargs, family)
        if dtype in (torch.float32, torch.float64) and not (quick and dtype is torch.float64):
            for i, shape in enumerate(LARGE[family][:1] if quick else LARGE[family]):
                source = numbers(f"large{i}")
                args = tuple(
                    T(*s, low=lo, high=hi).make(dtype, source) for s, lo, hi in _large(plan, family, shape, low, high)
                )
                args += tail(plan)
                if family == "reduction" and (len(shape) > 1 or not getattr(plan, "whole", True)):
                    args = (*args, len(shape) - 1)
                yield Case(
                    op, "generated", dtype_name(dtype), f"large{i}", op, args, {}, family, tags=frozenset({"large"})
                )
    yield from _promotion(op, family, plan, seed, quick, low, high)


def domain(op: str, plan: Plan | None) -> tuple[float, float]:
    if plan is not None:
        return plan.low, plan.high
    limits = getattr(torch_private.entries()[op][0], "domain", None) or (None, None)
    low, high = (-3.0 if limits[0] is None else float(limits[0])), (3.0 if limits[1] is None else float(limits[1]))
    return low, max(high, low + 1.0)


def accepted(op: str, dtype: torch.dtype) -> bool:
    infos = torch_private.entries().get(op)
    return infos is None or any(torch_private.supports(info, dtype) for info in infos)


def tail(plan: Plan | None) -> tuple:
    return tuple(getattr(plan, "tail", ()))


def _second(plan: Plan | None, low: float, high: float) -> tuple[float, float]:
    return getattr(plan, "second", (low, high))


def _large(plan, family, shape, low, high):
    if family == "binary":
        return [(shape, low, high), (shape[-1:], *_second(plan, low, high))]
    return [(shape, low, high)]


# -- shapes ------------------------------------------------------------------------------------------------------------


@lru_cache(None)
def _drawn(name: str, seed: int) -> list[Any]:
    sizes = {"min_dims": 0, "max_dims": 4, "max_side": 5}
    strategy = {
        "shape": shapes.array_shapes(min_side=0, **sizes),
        "pair": shapes.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=5),
        "reduce": shapes.array_shapes(min_side=1, min_dims=1, max_dims=4, max_side=5).flatmap(
            lambda shape: st.tuples(
                st.just(shape),
                st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, unique_by=lambda d: d % len(shape)),
                st.booleans(),
            )
        ),
        "layout": st.sampled_from(["plain", *(n for n in LAYOUTS if n != "expanded")]),
    }[name]
    found: list = []

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=150, database=None, deadline=None, phases=[hypothesis.Phase.generate],
                         suppress_health_check=list(hypothesis.HealthCheck))  # fmt: skip
    @hypothesis.given(strategy)
    def collect(value):
        found.append(value)

    collect()
    return found


def _pick(name: str, place: int, seed: int) -> Any:
    drawn = _drawn(name, seed)
    return drawn[place % len(drawn)]


def _tensor(shape, dtype, source, low, high, place, seed) -> torch.Tensor:
    made = T(*shape, low=low, high=high).make(dtype, source)
    layout = _pick("layout", place, seed)
    return made if layout == "plain" else relay(made, layout)


def _unary(plan, place, seed, dtype, source, low, high):
    return (_tensor(_pick("shape", place, seed), dtype, source, low, high, place, seed), *tail(plan)), {}


def _binary(plan, place, seed, dtype, source, low, high):
    first, second = _pick("pair", place, seed).input_shapes
    return (
        _tensor(first, dtype, source, low, high, place, seed),
        _tensor(second, dtype, source, *_second(plan, low, high), place + 1, seed),
    ), {}


def _reduction(plan, place, seed, dtype, source, low, high):
    shape, dims, keep = _pick("reduce", place, seed)
    several = getattr(plan, "several", False)
    kwargs = {"keepdim": True} if keep and getattr(plan, "keepdim", False) else {}
    return (_tensor(shape, dtype, source, low, high, place, seed), tuple(dims) if several else dims[0]), kwargs


# -- dtypes ------------------------------------------------------------------------------------------------------------


def _promotion(op, family, plan, seed, quick, low, high) -> Iterator[Case]:
    about = {"tags": frozenset({"promotion"}), "family": family}

    def make(dtype, *shape, place=0):
        source = torch.Generator().manual_seed(seed_of(seed, op, "promotion", dtype, shape, place))
        return T(*shape, low=low, high=high).make(dtype, source).detach()

    name = dtype_name
    dtypes = DTYPES
    if family != "binary":
        for dtype in dtypes:
            args = (make(dtype, 3), *tail(plan)) if getattr(plan, "whole", True) else (make(dtype, 3), 0)
            yield Case(op, "generated", name(dtype), "promotion", op, args, {}, **about)
        return
    pairs = list(itertools.product(dtypes, dtypes))
    if quick:
        pairs = pairs[seed_of(op) % 5 :: 5]
    for a, b in pairs:
        for label, first, second in (("dim", (3,), (3,)), ("zero", (3,), ()), ("zeros", (), ())):
            if quick and label == "zeros":
                continue
            args = (make(a, *first), make(b, *second, place=1))
            yield Case(op, "generated", f"{name(a)}+{name(b)}", label, op, args, {}, **about)
    for a in dtypes:
        for number in (True, 2, 1.5, 1 + 2j):
            kind = type(number).__name__
            yield Case(op, "generated", f"{name(a)}+{kind}", "right", op, (make(a, 3), number), {}, **about)
            if not quick:
                yield Case(op, "generated", f"{name(a)}+{kind}", "zero", op, (make(a), number), {}, **about)
