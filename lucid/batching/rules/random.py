"""Random numbers: one draw for all entries or one for each, as `vmap` was asked."""

from __future__ import annotations

from lucid import random
from lucid.autograd.node import Supplied
from lucid.batching.calls import RANDOM_ERROR, Call, Unbatched, loop, refusal
from lucid.batching.rules._declare import f, final, flat, lifted, rules, wholes
from lucid.batching.rules.dimensions import along
from lucid.batching.rules.pointwise import elementwise
from lucid.tensor import Tensor


def drawn(function):
    """A rule that draws: asked at the innermost level, whatever the arguments are."""

    def draw(call: Call):
        if call.level.randomness == "error":
            raise refusal(RANDOM_ERROR)
        return function(call)

    draw.draws = True
    return final(draw)


def _bare(call: Call):
    """The call as it is, for all entries at once."""
    return Unbatched(call.run())


@drawn
def fresh(call: Call):
    """New tensors of random numbers, of a size that is given."""
    if call.level.randomness == "same":
        return _bare(call)
    if call.path == "randperm":
        return Supplied.stack([call.run() for _ in range(call.size)], 0)
    if call.op is None:
        sizes = call.named.pop("size", None) if "size" in call.named else call.values
        sizes = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else tuple(sizes)
        return call.func(call.size, *sizes, **call.named)
    values = list(call.values)
    at = call.op.position["size"]
    if values[at] is None and call.path == "randint":  # randint(high, size)
        at = next(i for i in (1, 0) if isinstance(values[i], (tuple, list)))
    values[at] = (call.size, *values[at])
    return call.run(values)


@drawn
def sampled(call: Call):
    """Random numbers like tensors, whose elements may be parameters of the distribution."""
    held = [i for i in call.operands() if call.holds(call.values[i])]
    if call.level.randomness == "same":
        if not held:
            return _bare(call)
        if not call.path.endswith("_like"):
            raise refusal("Vmap does not currently support same randomness with a batched tensor input.")
        shape = call.values[0].shape
        return Unbatched(call.run([f("zeros")(shape, dtype=call.values[0].dtype), *call.values[1:]]))
    if call.path == "normal" and call["size"] is not None:
        return fresh(call)
    if call.path.endswith("_like") or not call.operands():
        return call.run(wholes(call))
    values, rank = list(call.values), max(call.values[i].ndim for i in call.operands())
    for i in call.operands():
        values[i] = lifted(call.level.whole(values[i]), rank)
    if call.path == "multinomial" and values[0].ndim > 2:
        out = call.run([flat(values[0], 0, 2), *values[1:]])
        return out.reshape((call.size, -1, out.shape[-1]))
    return call.run(values)


@drawn
def filled(call: Call):
    """Random numbers in place."""
    target = call.values[0]
    if not call.holds(target):
        if call.level.randomness == "different" or any(call.holds(call.values[i]) for i in call.operands()):
            raise refusal(
                "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. If this "
                "is necessary for your usage, please file an issue with functorch."
            )
        return call.run()
    if call.level.randomness == "different":
        rank = target.ndim
        return call.run(
            [lifted(one.value, rank) if isinstance(one, Tensor) and call.holds(one) else one for one in call.values]
        )
    if any(call.holds(one) for one in call.values[1:]):
        raise refusal("Vmap does not currently support same randomness with a batched tensor input.")
    made = f("zeros")(target.shape, dtype=target.dtype)
    target.value.copy_(call.run([made, *call.values[1:]]))
    return target


def dropped(call: Call):
    """Dropout: an affine function of the input, whose factors are drawn for the batch or for one entry."""
    x = call.values[0]
    on = call.get("training", call.get("train"))
    if "dropout1d" in call.path and x.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {x.ndim}D input")
    if not on and "rrelu" in call.path:
        return elementwise(call) if call.holds(x) else Unbatched(call.run())
    if not on or not x.numel():
        return x.value if call.holds(x) else Unbatched(call.run())
    if call.level.randomness == "error":
        raise refusal(RANDOM_ERROR)
    if "rrelu" in call.path:
        raise refusal("vmap: we do not yet support aten::rrelu.")
    if call.level.randomness == "same" and not call.holds(x):
        return _bare(call)
    values = list(call.values)
    if call.op.inplace_at < len(values):
        values[call.op.inplace_at] = False
    if "inplace" in call:
        call["inplace"] = values[call.op.position["inplace"]] = False
    whole = call.level.whole(x)
    if call.level.randomness == "different":
        one = "dropout1d" in call.path and x.ndim == 2 or "dropout3d" in call.path and x.ndim == 4
        if one or call.op.name.strip("_") in ("dropout", "alpha_dropout"):
            return call.run([whole, *values[1:]])
        return call.run([flat(whole, 0, 2), *values[1:]]).reshape(whole.shape)
    start = random.get_rng_state()
    offset = call.run([f("zeros")(x.shape, dtype=x.dtype), *values[1:]])
    random.set_rng_state(start)
    return whole * (call.run([f("ones")(x.shape, dtype=x.dtype), *values[1:]]) - offset) + offset


def gumbel_softmax(call: Call):
    if call.level.randomness == "error":
        raise refusal(RANDOM_ERROR)
    x = call.values[0]
    if call.level.randomness == "same" or not x.ndim:
        return Unbatched(loop(call.level, call.func, tuple(call.values), {}) if call.holds(x) else call.run())
    return along(call)


gumbel_softmax.draws = dropped.draws = True
final(gumbel_softmax)
final(dropped)
rules(fresh, "rand randn randint randperm")
rules(
    sampled,
    "normal rand_like randn_like randint_like bernoulli poisson binomial multinomial _standard_gamma _sample_dirichlet",
)
rules(filled, "Tensor.uniform_ Tensor.normal_ Tensor.random_ Tensor.bernoulli_ Tensor.exponential_ Tensor.geometric_ Tensor.cauchy_ "
      "Tensor.log_normal_")  # fmt: skip
rules(gumbel_softmax, "nn.functional.gumbel_softmax")
rules(dropped, "nn.functional.dropout nn.functional.alpha_dropout nn.functional.feature_alpha_dropout nn.functional.dropout1d "
      "nn.functional.dropout2d nn.functional.dropout3d dropout alpha_dropout feature_dropout feature_alpha_dropout nn.functional.rrelu "
      "rrelu")  # fmt: skip
