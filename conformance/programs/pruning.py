"""`nn.utils.prune`: masks, hooks, state and what is left after `remove`."""

from __future__ import annotations

import importlib

from . import program, raised, table


def pruning(lib):
    return lib.nn.utils.prune


def layer(lib, rows=4, columns=6):
    made = lib.nn.Linear(columns, rows)
    with lib.no_grad():
        made.weight.copy_(lib.tensor([[(7 * i + 5 * j * j) % 11 - 5.0 + (6 * i + j) * 0.013 for j in range(columns)] for i in range(rows)]))
        made.bias.copy_(lib.arange(rows) - 1.0)
    return made


METHODS = (
    ("identity", "weight"), ("random_unstructured", "weight", 0.3), ("random_unstructured", "bias", 2), ("random_unstructured", "weight", 0),
    ("l1_unstructured", "weight", 0.5), ("l1_unstructured", "weight", 7), ("random_structured", "weight", 2, 0), ("random_structured", "weight", 0.5, -1),
    ("ln_structured", "weight", 1, 2, 0), ("ln_structured", "weight", 0.5, 1, 1), ("ln_structured", "weight", 2, float("inf"), -1),
    ("ln_structured", "weight", 0, 2, 0),
)  # fmt: skip


@table("nn.utils.prune", METHODS)
def one_method(lib, function, name, *args):
    importlib.import_module("torch.nn.utils.prune")
    lib.manual_seed(0)
    module = layer(lib)
    original = getattr(module, name)
    same = getattr(pruning(lib), function)(module, name, *args)
    yield same is module, getattr(module, name), getattr(module, name + "_mask"), sorted(module.state_dict()), sorted(dict(module.named_parameters()))
    yield getattr(module, name + "_orig") is original, type(getattr(module, name)) is lib.Tensor, len(module._forward_pre_hooks)
    x = lib.linspace(-1, 1, 12).reshape(2, 6)
    module(x).sum().backward()
    yield module(x), original.grad, pruning(lib).is_pruned(module), pruning(lib).is_pruned(lib.nn.Sequential(module))
    with lib.no_grad():
        original.add_(1.0)
    yield module(x), getattr(module, name)
    pruning(lib).remove(module, name)
    yield getattr(module, name), type(getattr(module, name)).__name__, sorted(module.state_dict()), pruning(lib).is_pruned(module)
    yield raised(pruning(lib).remove, module, name)


@program("nn.utils.prune.PruningContainer", "nn.utils.prune.BasePruningMethod", "nn.utils.prune.custom_from_mask", "nn.utils.prune.CustomFromMask")
def one_after_the_other(lib):
    importlib.import_module("torch.nn.utils.prune")
    prune = pruning(lib)
    module = layer(lib)
    lib.manual_seed(0)
    for step in (
        lambda: prune.l1_unstructured(module, "weight", 5), lambda: prune.ln_structured(module, "weight", 1, 2, 0),
        lambda: prune.random_unstructured(module, "weight", 0.25), lambda: prune.random_structured(module, "weight", 1, 1),
        lambda: prune.custom_from_mask(module, "weight", lib.arange(24).reshape(4, 6) % 5 > 0),
    ):  # fmt: skip
        step()
        yield module.weight_mask, module.weight, len(module._forward_pre_hooks)
    prune.l1_unstructured(module, "bias", 1)
    yield len(module._forward_pre_hooks), module(lib.ones(1, 6))
    state = module.state_dict()
    other = prune.identity(prune.identity(layer(lib), "weight"), "bias")
    yield str(other.load_state_dict(state)), other(lib.ones(1, 6))

    class Positive(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask[t < 0] = 0
            return mask

    third = layer(lib)
    method = Positive.apply(third, "weight")
    yield third.weight, type(method).__name__, Positive().prune(lib.tensor([1.0, -1.0])), Positive.apply(third, "bias").PRUNING_TYPE
    first, second = prune.L1Unstructured(1), prune.RandomUnstructured(2)
    first._tensor_name, second._tensor_name = "weight", "bias"
    container = prune.PruningContainer(first)
    yield len(container), container[0] is first, [one is first for one in container], raised(container.add_pruning_method, second)
    yield raised(container.add_pruning_method, 3), raised(prune.BasePruningMethod)


@program("nn.utils.prune.global_unstructured", "nn.utils.prune.L1Unstructured", "nn.utils.prune.RandomUnstructured")
def several_modules_as_one(lib):
    importlib.import_module("torch.nn.utils.prune")
    prune = pruning(lib)
    lib.manual_seed(0)
    model = lib.nn.Sequential(layer(lib), lib.nn.ReLU(), layer(lib, 3, 4))
    places = [(model[0], "weight"), (model[2], "weight")]
    prune.global_unstructured(places, pruning_method=prune.L1Unstructured, amount=0.4)
    yield model[0].weight_mask, model[2].weight_mask, model(lib.ones(1, 6))
    prune.global_unstructured(places, pruning_method=prune.RandomUnstructured, amount=5)
    yield model[0].weight_mask, model[2].weight_mask
    other = layer(lib)
    scores = {(other, "weight"): lib.arange(24.0).reshape(4, 6)}
    prune.global_unstructured([(other, "weight"), (other, "bias")], prune.L1Unstructured, importance_scores=scores, amount=10)
    yield other.weight_mask, other.bias_mask
    yield raised(prune.global_unstructured, 3, prune.L1Unstructured, amount=1)
    yield raised(prune.global_unstructured, [(other, "weight")], prune.LnStructured, amount=1, n=2)


@program("nn.utils.prune.l1_unstructured", "nn.utils.prune.ln_structured", "nn.utils.prune.LnStructured", "nn.utils.prune.RandomStructured",
         "nn.utils.prune.Identity")  # fmt: skip
def scores_and_refusals(lib):
    importlib.import_module("torch.nn.utils.prune")
    prune = pruning(lib)
    scores = lib.arange(24.0).reshape(4, 6)
    yield prune.l1_unstructured(layer(lib), "weight", 4, importance_scores=scores).weight_mask
    yield prune.ln_structured(layer(lib), "weight", 1, 2, 0, importance_scores=scores).weight_mask
    t = lib.tensor([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])
    mask = lib.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    yield prune.L1Unstructured(2).prune(t), prune.L1Unstructured(2).prune(t, default_mask=mask), prune.LnStructured(1, 1, dim=1).prune(t, importance_scores=-t)
    yield prune.Identity().prune(t), raised(prune.L1Unstructured(1).prune, t, importance_scores=t[0])
    lib.manual_seed(0)
    yield prune.RandomStructured(1, dim=1).prune(t), raised(prune.RandomStructured(1).prune, t[0])
    module = layer(lib)
    for amount in (-1, 1.5, "half", 25, None):
        yield raised(prune.l1_unstructured, module, "weight", amount), sorted(dict(module.named_parameters()))
    yield raised(prune.ln_structured, module, "bias", 1, 2, 0), raised(prune.random_structured, module, "weight", 5, 0)
    yield raised(prune.ln_structured, module, "weight", 1, 2, 3), raised(prune.identity, module, "none"), raised(prune.remove, module, "weight")
    yield raised(prune.l1_unstructured, module, "weight", 1, importance_scores=lib.ones(2)), sorted(dict(module.named_parameters()))
