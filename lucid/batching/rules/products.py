"""Products of matrices, and systems of equations."""

from __future__ import annotations

from lucid.batching.calls import Call
from lucid.batching.rules._declare import f, flat, lifted, rule, wholes
from lucid.batching.rules.dimensions import last


@rule("matmul")
def matmul(call: Call):
    a, b = call.values[:2]
    if not (a.ndim and b.ndim):
        raise RuntimeError("0-d")
    vectors = a.ndim == 1, b.ndim == 1
    rank = max(a.ndim, b.ndim, 2)
    whole = [one.value if call.holds(one) else one for one in (a, b)]
    if vectors == (True, False) and b.ndim == 2 and not call.holds(b):
        return call.run([*whole, *call.values[2:]])
    if vectors[0]:
        whole[0] = whole[0].unsqueeze(-2)
    if vectors[1]:
        whole[1] = whole[1].unsqueeze(-1)
    whole = [lifted(one, rank) if call.holds(given) else one for one, given in zip(whole, (a, b))]
    out = call.run([*whole, *call.values[2:]])
    if vectors[1]:
        out = out.squeeze(-1)
    return out.squeeze(-1 if vectors[1] else -2) if vectors[0] else out


@rule("nn.functional.linear")
def linear(call: Call):
    x, weight, bias = call.values[:3]
    if not call.holds(weight) and not (bias is not None and call.holds(bias)):
        return call.run([x.value, weight, bias])
    if weight.ndim != 2 or not x.ndim:
        raise RuntimeError("a vector for a weight")
    columns = call.level.whole(weight).transpose(1, 2)
    rows = call.level.whole(x)
    shape = rows.shape
    rows = rows.unsqueeze(1) if len(shape) == 2 else flat(rows, 1, len(shape) - 1) if len(shape) != 3 else rows
    out = f("matmul")(rows, columns)
    if bias is not None:
        out = out + lifted(call.level.whole(bias), 2)
    return out.reshape((*shape[:-1], weight.shape[0]))


@rule("linalg.solve")
def solve(call: Call):
    a, b = wholes(call)[:2]
    if call["B"].ndim == 1 or call["B"].ndim == call["A"].ndim - 1:
        raise RuntimeError("vectors")
    return last(call) if a.ndim >= b.ndim else call.run([lifted(a, b.ndim - 1), b, *call.values[2:]])
