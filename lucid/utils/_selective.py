"""Checkpoints that keep the results of some operations: the policy is asked of each, and what it keeps is not computed again."""

from __future__ import annotations

from lucid._kernels import core
from lucid.amp.autocast_mode import is_autocast_enabled
from lucid.library import NAMESPACES
from lucid.overrides import TorchFunctionMode
from lucid.tensor import Tensor
from lucid.utils.checkpoint import CheckpointPolicy, SelectiveCheckpointContext

KEPT = (True, CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE, CheckpointPolicy.MUST_CPU_OFFLOAD, CheckpointPolicy.PREFER_CPU_OFFLOAD)
OVERLOADED = ("add", "div", "mul", "sub")


def modes(policy, mutable: bool) -> tuple[Choosing, Keeping]:
    """What the first call is made in, and the second."""
    kept: dict[str, list] = {}
    return Choosing(policy, kept), Keeping(policy, kept, mutable)


def operator_of(op, values: list):
    """PyTorch's operator that does what a call of an operation does."""
    name, overload = op.name.lstrip("_"), "default"
    if name == "linear":
        name = "mm" if values[2] is None else "addmm"
    elif name == "matmul":
        ranks = values[0].ndim, values[1].ndim
        name = {(1, 1): "dot", (2, 1): "mv"}.get(ranks, "bmm" if min(ranks) > 2 else "mm")
    elif name in OVERLOADED:
        overload = "Tensor" if isinstance(values[1], Tensor) else "Scalar"
    return getattr(getattr(NAMESPACES["aten"], name), overload)


class Choosing(TorchFunctionMode):
    """Keeps the results that the policy wants."""

    is_recompute = False

    def __init__(self, policy, kept: dict[str, list]):
        self.policy, self.kept, self.context = policy, kept, SelectiveCheckpointContext(is_recompute=self.is_recompute)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        op, kwargs = getattr(func, "op", None), kwargs or {}
        written = func.__name__.endswith("_") or kwargs.get("inplace") or kwargs.get("out") is not None
        if op is None or op.kind != "rule" or op.view or written or is_autocast_enabled("cpu"):
            return func(*args, **kwargs)
        values = op.bind(tuple(args), kwargs)
        operator = operator_of(op, values)
        if self.policy(self.context, operator, *args, **kwargs) not in KEPT:
            return func(*args, **kwargs)
        return self.result(operator, op, values, lambda: func(*args, **kwargs))

    def result(self, operator, op, values: list, compute):
        """The result of a call that is kept."""
        found = compute()
        if isinstance(found, Tensor):
            held = core.alias_of(found)
            self.kept.setdefault(repr(operator), []).append((held, core.version(held)))
        return found


class Keeping(Choosing):
    """Gives what was kept again: recorded as the call, which is not made."""

    is_recompute = True

    def __init__(self, policy, kept: dict[str, list], mutable: bool):
        super().__init__(policy, kept)
        self.mutable = mutable

    def result(self, operator, op, values: list, compute):
        """The result that the first call had."""
        held = self.kept.get(repr(operator))
        if held is None:
            return compute()  # of several tensors none is kept
        if not held:
            raise RuntimeError("Trying to backward an extra time. You are only allowed to backward once on any region computed under "
                               "selective activation checkpoint.")  # fmt: skip
        kept, version = held.pop(0)
        if core.version(kept) != version and not self.mutable:
            raise RuntimeError("Tensor cached during selective activation checkpoint has been mutated")
        found = core.wrap(kept.array)
        node = core.make_node(op, values)
        if node is not None:
            core.finish_node(node, found)
            found._node, found._requires_grad = node, True
        return found
