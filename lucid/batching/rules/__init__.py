"""The rules, by family: how one call over the whole batch gives what each entry's own would.

A rule takes a `Call` and returns its result with the batch in front. One more is one line: `rules(family, "path path ...")` for what
belongs to a family, `@rule("path")` above a function for what does not.
"""

from __future__ import annotations

from lucid.autograd.op import DECLARED
from lucid.batching.calls import RULES, Call
from lucid.batching.rules import answers, creation, dimensions, functions, indexing, layers, products, random  # noqa: F401
from lucid.batching.rules._declare import final
from lucid.batching.rules.pointwise import elementwise
from lucid.batching.tensor import Escaped

POINTWISE = "activation arithmetic bessel circular comparison complex exponentials magnitude polynomials special"  # modules of ops


@final
def buffered(call: Call):
    """What writes to memory that its caller made for one entry: the caller is computed entry by entry."""
    raise Escaped(f"{call.path} fills memory of one entry")


for _op in list(dict.fromkeys(DECLARED.values())):
    if _op.kind != "composite" and {"stats", "saved"} & set(_op.parameters):
        RULES.setdefault(_op.path, buffered)
    if _op.kind != "composite" and _op.forward.__module__.rpartition(".")[2] in POINTWISE.split():
        RULES.setdefault(_op.path, elementwise)
