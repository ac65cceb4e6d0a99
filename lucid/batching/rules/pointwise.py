"""Element by element, broadcast: also Python's operators, losses of pairs of elements, and writes in place."""

from __future__ import annotations

from lucid import dtypes
from lucid.batching.calls import RULES, Call, Unbatched, refusal
from lucid.batching.rules._declare import SIZES, lifted, rule, rules
from lucid.formats import format_name
from lucid.ops.methods import BINARY, COMPARISONS, foreign
from lucid.tensor import Tensor


def elementwise(call: Call):
    """Operands that are broadcast: behind the batch, their dimensions stand as those of the entries do."""
    values, at = list(call.values), call.operands()
    rank = max(values[i].ndim for i in at)
    if call.inplace and values[0].ndim < rank:
        raise RuntimeError("an entry does not hold the result")
    if len(at) > 1:
        numbers = [
            i for i in at if values[i].ndim == 0 and call.holds(values[i]) and values[i].dtype is not dtypes.bool_
        ]
        if numbers and len({values[i].dtype for i in at}) > 1:  # a 0-d entry counts as a number, its batch would not
            dtype = dtypes.result_dtype([values[i] for i in at])
            for i in numbers[call.inplace and numbers[0] == 0 :]:
                values[i] = values[i].to(dtype)
    for i in at:
        if call.holds(values[i]):
            values[i] = lifted(values[i].value, rank)
    return call.run(values)


def written(call: Call):
    """A source in the place of a target, in its dtype: `copy_`."""
    target, src = call.values[:2]
    if isinstance(src, Tensor) and call.holds(src):
        src = src.value if src.ndim > target.ndim else lifted(src.value, target.ndim)
    return call.run([target.value, src, *call.values[2:]])


rules(written, "Tensor._copy")
rules(
    elementwise,
    "masked_fill Tensor._to_dtype detach Tensor._alias _at_least _bce _bce_slope Tensor._zero",
)


@rule("clone Tensor.contiguous")
def clone(call: Call):
    if format_name(call["memory_format"]).startswith("channels_last"):
        raise RuntimeError("an order of the entries' dimensions")
    return elementwise(call)


@rule("where")
def where(call: Call):
    if call["input_"] is None:
        raise refusal(SIZES.format("where"))
    return elementwise(call)


def operator(function, reflected: bool):
    """A rule for Python's operator, as what the method computes."""
    return lambda call: Unbatched(foreign(function, reflected, *call.values))


for _name, _path in BINARY.items():
    for _letter in ("", "r", "i"):
        _method = getattr(Tensor, _path + "_" * (_letter == "i"), None)
        if _method is not None:
            RULES[f".__{_letter}{_name}__"] = operator(_method, _letter == "r")
for _name in COMPARISONS:
    RULES[f".__{_name}__"] = operator(getattr(Tensor, _name), False)
