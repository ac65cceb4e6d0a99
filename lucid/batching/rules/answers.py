"""What has no result for a batch, and what is the same for all its entries."""

from __future__ import annotations

from lucid.autograd.node import Supplied
from lucid.batching.calls import RULES, Call, Unbatched, refusal
from lucid.batching.rules._declare import SIZES, f, final, rules
from lucid.tensor import Tensor


def refused(message: str, kind=RuntimeError):
    """A rule for what has no result for a batch."""

    def refuse(call: Call):
        raise refusal(message, kind)

    return refuse


CONTROL = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that."
)
ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to rewrite "
    "what you're doing with other operations."
)
MEMORY = "Cannot access data pointer of Tensor that doesn't have storage: it stands for a batch inside of vmap"
STORAGE = "Cannot access storage of a tensor that stands for a batch inside of vmap"

rules(refused(CONTROL), ".__bool__ .is_nonzero")
rules(refused(ITEM), ".item .__float__ .__int__ .__index__ .__complex__ .__contains__ .tolist_scalar")
rules(refused(MEMORY), ".tolist .numpy .__array__ .data_ptr .const_data_ptr .__dlpack__ .apply_ "
      ".map_ .map2_ .set_ .as_strided_ .is_set_to")  # fmt: skip
rules(refused(STORAGE, NotImplementedError), ".untyped_storage .storage .__reduce_ex__ .__deepcopy__ .share_memory_")
rules(refused("accessing `data` under vmap transform is not allowed"), ".data .data= .grad= .requires_grad=")
rules(refused("You are attempting to call Tensor.requires_grad_() inside of a function being transformed by vmap. This is unsupported: use "
              "func.grad, func.vjp and their like, or call it outside"), ".requires_grad_")  # fmt: skip
rules(refused("backward() called inside of vmap: use func.grad or func.vjp instead, or call it outside"), ".backward")
rules(refused("cannot register a hook on a tensor that doesn't require gradient"), ".register_hook .retain_grad "
      ".register_post_accumulate_grad_hook")  # fmt: skip
rules(refused("vmap: equal() and allclose() of batched tensors have no one answer"), "equal allclose")
for _name in ["nonzero", "unique", "unique_consecutive"]:
    RULES[_name] = refused(SIZES.format(_name))


def shown(answer):
    """A rule for what is the same for all entries: `answer(x, *arguments)`."""
    return final(lambda call: Unbatched(answer(*call.values, **call.named)))


def _text(x, *_, **__) -> str:
    return f"BatchedTensor(lvl={x.level.number}, bdim=0, value=\n    {x.value!r}\n)"


def _format(call: Call):
    if not call.values[0].ndim:
        raise RuntimeError(ITEM)
    return Unbatched(_text(call.values[0]))


def _entry(x) -> Tensor:
    return f("select")(x.value, 0, 0) if x.level.size else Supplied.zeros(x.shape, x.dtype)


RULES[".__format__"] = final(_format)
rules(shown(_text), ".__repr__ .__str__")
for _name in ("stride", "storage_offset", "is_contiguous", "dim_order"):
    RULES[f".{_name}"] = shown(lambda x, *args, _name=_name, **named: getattr(_entry(x), _name)(*args, **named))
for _name, _answer in {"requires_grad": False, "is_leaf": True, "grad": None, "grad_fn": None, "output_nr": 0}.items():
    RULES[f".{_name}"] = shown(lambda x, _answer=_answer: _answer)
RULES["._version"] = shown(lambda x: x.value._version)
RULES[".is_inference"] = shown(lambda x: x.value.is_inference())
