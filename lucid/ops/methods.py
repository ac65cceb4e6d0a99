"""The table of Tensor's methods: which operation each name is.

`METHODS` are operations under their own name, `INPLACE` those that also write to the tensor (`add_`), `OPERATORS`
Python's operators. A method whose arguments differ from the function's (`x.view(2, 3)`) stands in its family's file
and is entered under `OWN`.
"""

from __future__ import annotations

from lucid.autograd.op import REGISTRY, inplace
from lucid.ops import random, view
from lucid.tensor import Tensor

METHODS = {
    "elementwise": "add exp mul",
    "view": "as_strided as_strided_scatter clone contiguous detach",
    "reduction": "sum nansum mean nanmean prod var std amax amin aminmax argmax argmin max min any all count_nonzero "
    "logsumexp cumsum cumprod logcumsumexp cummax cummin",
    "random": "bernoulli multinomial",
}

INPLACE = {
    "elementwise": "add exp mul",
}

OWN = {
    "random": (random,),
    "view": (view,),
}

OPERATORS = {
    "__add__": "add", "__radd__": "add", "__iadd__": "add_", "__mul__": "mul", "__rmul__": "mul", "__imul__": "mul_",
}  # fmt: skip


def find(name: str):
    """The function of an operation, by its name as a method or as a function of the top namespace."""
    spec = REGISTRY.get(f"Tensor.{name}") or REGISTRY.get(name) or REGISTRY.get(f"nn.functional.{name}")
    if spec is None:
        raise LookupError(f"no operation is declared for the method {name!r}")
    return spec.function


def attach() -> None:
    """Give Tensor its methods."""
    for names in METHODS.values():
        for name in names.split():
            setattr(Tensor, name, find(name))
    for names in INPLACE.values():
        for name in names.split():
            setattr(Tensor, f"{name}_", inplace(find(name), f"{name}_"))
    for modules in OWN.values():
        for module in modules:
            for name, method in getattr(module, "TENSOR_METHODS", {}).items():
                setattr(Tensor, name, method)
    for name, operation in OPERATORS.items():
        setattr(Tensor, name, getattr(Tensor, operation))
