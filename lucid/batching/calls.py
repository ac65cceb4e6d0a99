"""A call in which batched tensors take part.

`dispatch` finds the innermost batch among the arguments, and computes the call for it: by a rule (`RULES`), on tensors which
may be batched again, further out; by what the function is made of, called with the batched tensors themselves; or by `loop`.
A rule may refuse what it does not cover by any exception: the loop is next, whose errors are those of one entry.
"""

from __future__ import annotations

from collections import Counter

from lucid import random
from lucid._kernels import core
from lucid.autograd.node import Supplied
from lucid.autograd.op import DECLARED
from lucid.batching import tensor
from lucid.batching.tensor import BatchedTensor, Level, levels
from lucid.tensor import Tensor
from lucid.utils._pytree import tree_map

LOOPED: Counter[str] = Counter()  # how often what was computed entry by entry: for tests, and for whoever looks for speed
RULES: dict = {}  # by path, or by ".name" of what is no operation; filled by rules/
NO_WRITES = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args that has more "
    "elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped over in a vmap. Please try to "
    "use out-of-place operators instead of inplace arithmetic."
)
RANDOM_ERROR = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on vmap "
    "or perform the randomness operation out of vmap"
)


def refusal(message: str, kind=RuntimeError) -> Exception:
    """The exception for what cannot be batched in principle: no loop is tried."""
    error = kind(message)
    error.refused = True
    return error


def is_final(error: Exception) -> bool:
    """Whether an exception is one that the program gets."""
    return getattr(error, "refused", False)


class Unbatched:
    """A rule's result that is one for all entries."""

    def __init__(self, result):
        self.result = result


class Call:
    """One call, as rules see it.

    level      whose batch is to be computed
    func       what was called, and `op`, its declaration if it is an operation
    values     of all parameters of an operation, in order; otherwise the arguments by position
    named      the keywords of what is no operation
    inplace    whether the first value is written to
    """

    def __init__(self, level: Level, func, args: tuple, kwargs: dict):
        self.level, self.func = level, func
        self.op = op = getattr(func, "op", None)
        self.path = path_of(func)
        if op is None or op.variadic:
            self.op, self.values, self.named = None, list(args), kwargs
            self.inplace = self.path.endswith("_") and not self.path.endswith("__") or self.path in WRITING
            return
        self.values, self.named = op.bind(args, kwargs), {}
        self.inplace = (
            func.__name__.endswith("_") or op.inplace_at < len(self.values) and bool(self.values[op.inplace_at])
        )
        if op.out_at >= 0 and self.values[op.out_at] is not None:
            raise refusal(f"vmap: {op.name}() with out= is not supported")

    def __getitem__(self, name: str):
        return self.values[self.op.position[name]]

    def __setitem__(self, name: str, value) -> None:
        self.values[self.op.position[name]] = value

    def __contains__(self, name: str) -> bool:
        return name in self.op.position

    def get(self, name: str, default=None):
        """The value of a parameter, if the operation has it."""
        at = self.op.position.get(name)
        return default if at is None else self.values[at]

    @property
    def size(self) -> int:
        """The size of the batch."""
        return self.level.size

    def holds(self, x) -> bool:
        """Whether a value is batched at the level of the call."""
        return isinstance(x, BatchedTensor) and x.level is self.level

    def operands(self) -> list[int]:
        """Where there are tensors."""
        return [i for i, value in enumerate(self.values) if isinstance(value, Tensor)]

    def run(self, values=None):
        """The result for other values, of the same call."""
        values = self.values if values is None else values
        if self.op is None:
            return self.func(*values, **self.named)
        k = self.op.positional
        named = dict(zip(self.op.parameters[k:], values[k:]))
        if not self.func.__name__.endswith("_"):
            return self.op.function(*values[:k], **named)
        for name in ("inplace", "out"):  # which in-place forms do not take
            named.pop(name, None)
        return self.func(*values[:k], **named)


WRITING = {".__setitem__", ".__ipow__", ".__iand__", ".__ior__", ".__ixor__", ".__ilshift__", ".__irshift__"}


def path_of(func) -> str:
    """What a rule is found by: an operation's path; ".name" of other methods and of attributes, with "=" where one is set;
    the whole name of any other function."""
    op = getattr(func, "op", None)
    if op is not None:
        return op.path
    owner, name = getattr(func, "__self__", None), func.__name__
    if name in ("__get__", "__set__") and owner is not None:
        return f".{owner.__name__}" + ("=" if name == "__set__" else "")
    return f".{name}" if func.__qualname__.startswith("Tensor.") else f"{func.__module__}.{name}"


def innermost(values) -> Level | None:
    """The innermost level among batched tensors, in sequences and dicts too."""
    found = None
    for value in values:
        if isinstance(value, BatchedTensor):
            level = value.level
        elif isinstance(value, (tuple, list)):
            level = innermost(value)
        elif isinstance(value, dict):
            level = innermost(value.values())
        else:
            continue
        if level is not None and (found is None or level.number > found.number):
            found = level
    return found


def dispatch(mode: Level | None, func, args: tuple, kwargs: dict):
    """What a call gives inside `vmap`; `mode` is the level that was shown it, if that is how it came here."""
    level = innermost((*args, *kwargs.values()))
    rule = RULES.get(path_of(func))
    if rule is not None and getattr(rule, "draws", False):
        level = mode or (levels() or [level])[-1]
    if level is None:
        return func(*args, **kwargs)
    call = Call(level, func, args, kwargs)
    if call.inplace and not call.holds(call.values[0]) and not getattr(rule, "draws", False):
        raise refusal(NO_WRITES)
    if rule is not None:
        try:
            result = rule(call)
        except Exception as error:
            if getattr(rule, "final", False) or is_final(error):
                raise
            found = loop(level, func, args, kwargs)
        else:
            found = wrapped(level, result)
    else:
        found = _taken_apart(call, args, kwargs) if call.op is None or call.op.kind == "composite" else NotImplemented
        if found is NotImplemented:
            found = loop(level, func, args, kwargs)
    return call.values[0] if call.inplace and call.path != ".__setitem__" else found


tensor.dispatch = dispatch


def wrapped(level: Level, result):
    """A rule's result as the program gets it."""

    def one(part):
        if isinstance(part, Tensor):
            return BatchedTensor(part, level)
        return part.result if isinstance(part, Unbatched) else part

    return tree_map(one, result)


def _taken_apart(call: Call, args: tuple, kwargs: dict):
    """What the function's own code gives with batched tensors; NotImplemented where that comes upon elements."""
    func, op = call.func, getattr(call.func, "op", None)
    owner = getattr(func, "__self__", None)
    if isinstance(owner, core.Attribute):
        forward = owner.getter if func.__name__ == "__get__" else owner.setter
    else:
        forward = op.forward if op is not None else getattr(func, "__wrapped__", None)
    if not callable(forward):
        return NotImplemented
    values = args
    if call.op is not None:
        k = op.positional
        values, kwargs = list(call.values), {}
        if op.inplace_at < len(values):
            values[op.inplace_at] = False
        values, kwargs = values[:k], dict(zip(op.parameters[k:], values[k:]))
    before = random.get_rng_state() if _may_draw(call) else None
    try:
        with call.level.resumed():
            result = forward(*values, **kwargs)
    except Exception:  # a refusal too: that the code asks for an element is not the program's doing
        if before is not None:
            random.set_rng_state(before)
        return NotImplemented
    if call.inplace and call.op is not None and not call.op.name.endswith("_"):
        call.values[0].copy_(result)
    return result


def _may_draw(call: Call) -> bool:
    return "dropout" in call.path or "random" in getattr(getattr(call.op, "forward", None), "__module__", "")


# ---------------------------------------------------------------------------------------------- entry by entry


def entries(level: Level, value, i: int):
    """What entry i of the batch has in the place of a value."""

    def entry(one):
        if not level.holds(one):
            return one
        if not level.size:  # zeros show what the results look like
            return Supplied.zeros(one.shape, one.dtype)
        return DECLARED["select"].function(one.value, 0, i)

    return tree_map(entry, value)


def loop(level: Level, func, args: tuple, kwargs: dict):
    """The call for each entry, one after the other."""
    LOOPED[path_of(func)] += 1
    start = random.get_rng_state()
    results = []
    for i in range(level.size or 1):
        if i and level.randomness == "same":
            random.set_rng_state(start)
        given = entries(level, args, i)
        results.append(func(*given, **entries(level, kwargs, i)))
        if not i and level.randomness == "error" and not bool((random.get_rng_state() == start).all()):
            random.set_rng_state(start)
            raise refusal(RANDOM_ERROR)
    return stacked(level, results)


def stacked(level: Level, results: list):
    """The results of all entries as one: tensors batched, anything else the same for all."""
    first = results[0]
    if isinstance(first, Tensor):
        together = Supplied.stack(results, 0)
        return BatchedTensor(together if level.size else DECLARED["narrow"].function(together, 0, 0, 0), level)
    if isinstance(first, (tuple, list)):
        if any(len(one) != len(first) for one in results):
            raise refusal("vmap: the number of results depends on the data of the entries")
        parts = [stacked(level, list(column)) for column in zip(*results)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, dict):
        return {key: stacked(level, [one[key] for one in results]) for key in first}
    if any(one != first for one in results):
        raise refusal("vmap: a result that is no tensor depends on the data of the entries")
    return first
