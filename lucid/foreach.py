"""Operations on lists of tensors, `_foreach_add(tensors, others)` and the like: private in PyTorch, but what optimizers are made of.

Each is Tensor's method of that name, called for one tensor after the other. A list has an entry for each tensor; anything else
serves all of them.
"""

from __future__ import annotations

from lucid.ops.norms import vector_norm
from lucid.tensor import Tensor

UNARY = (
    "abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round rsqrt sigmoid sign "
    "sin sinh sqrt tan tanh trunc"
)
BINARY = "add sub mul div clamp_min clamp_max maximum minimum"
# What stands beside the tensors, in order, by all the keywords that PyTorch's overloads have for it.
OTHER = (("other", "others", "scalar", "scalars"),)
ARGUMENTS = {
    **dict.fromkeys(BINARY.split(), OTHER),
    "pow": (("exponent",),), "lerp": (("tensors1",), ("weight", "weights")), "mm": (("mat2",),), "copy": (("src",),),
    **dict.fromkeys(("addcmul", "addcdiv"), (("tensor1",), ("tensor2",), ("value", "scalars"))),
    "norm": (("ord",), ("dtype",)), "powsum": (("ord",), ("dtype",)), "max": (), "clone": (), "zero": (),
    **dict.fromkeys(UNARY.split(), ()),
}  # fmt: skip
FORMS = {**dict.fromkeys(("norm", "powsum", "max", "mm", "clone"), ("",)), "copy": ("_",), "zero": ("_",)}  # others have both


def _powsum(tensor, ord=2, dtype=None):
    return tensor.abs().pow(ord).sum(dtype=dtype)


def _call(method: str):
    """What is called for each tensor."""
    if found := {"norm": lambda x, ord=2, dtype=None: vector_norm(x, ord, dtype=dtype), "powsum": _powsum}.get(method):
        return found
    if method.startswith("addc"):
        return lambda x, tensor1, tensor2, value=1: getattr(x, method)(tensor1, tensor2, value=value)
    # maximum and minimum take numbers too, as these do
    method = method.replace("maximum", "clamp_min").replace("minimum", "clamp_max")
    return getattr(Tensor, method)


def _rows(name: str, tensors, values: list):
    """The arguments beside each tensor."""
    columns = []
    for value in values:
        if isinstance(value, Tensor) and value.ndim and name.startswith("_foreach_addc"):
            value = value.tolist()
        if isinstance(value, Tensor) and value.ndim:
            raise RuntimeError(f"{name}(): a tensor for the whole list must have no dimension, not shape {list(value.shape)}")
        if not isinstance(value, (list, tuple)):
            value = [value] * len(tensors)
        elif len(value) != len(tensors):
            raise RuntimeError(f"{name}(): lists must have the same number of entries, got {len(tensors)} and {len(value)}")
        columns.append(value)
    return zip(*columns, strict=True) if columns else [()] * len(tensors)


def _foreach(bare: str, suffix: str):
    name, call = f"_foreach_{bare}{suffix}", _call(bare + suffix)
    places = ARGUMENTS[bare]

    def foreach(self, *values, **keywords):
        values = list(values)
        for names in places[len(values) :]:
            values += [keywords.pop(given) for given in names if given in keywords]
        if bare == "pow" and not suffix and not isinstance(self, (list, tuple)):  # a number to the power of each
            return tuple(self**exponent for exponent in values[0])
        for i, one in enumerate(self if isinstance(self, (list, tuple)) else [self]):
            if not isinstance(self, (list, tuple)) or not isinstance(one, Tensor):
                raise TypeError(f"{name}() takes a list of tensors, not {type(one).__name__} (entry {i})")
        if not self:
            raise RuntimeError(f"{name}(): Tensor list must have at least one tensor.")
        results = [call(tensor, *row, **keywords) for tensor, row in zip(self, _rows(name, self, values), strict=True)]
        return self if suffix else tuple(results)

    foreach.__name__ = foreach.__qualname__ = name
    foreach.__doc__ = f"The tensors' results of `{bare}{suffix}`, as a tuple{', the list itself' if suffix else ''}."
    return foreach


for _bare in ARGUMENTS:
    for _suffix in FORMS.get(_bare, ("", "_")):
        globals()[f"_foreach_{_bare}{_suffix}"] = _foreach(_bare, _suffix)
