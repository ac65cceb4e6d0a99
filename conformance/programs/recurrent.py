"""Packed sequences, and what recurrent and attention layers offer beside their results."""

from __future__ import annotations

import copy
import pickle

from . import program, raised

PACKED = "nn.utils.rnn.PackedSequence"


def packed(lib):
    parts = [lib.arange(6.0).view(3, 2), lib.ones(1, 2), lib.zeros(2, 2)]
    return lib.nn.utils.rnn.pack_sequence(parts, enforce_sorted=False)


def about(one):
    return type(one).__name__, one.data, one.batch_sizes, one.sorted_indices, one.unsorted_indices


@program(PACKED, *(f"{PACKED}.{name}" for name in (
    "__match_args__", "__new__", "batch_sizes", "byte", "char", "cpu", "data", "double", "float", "half", "int", "is_pinned", "long", "short",
    "sorted_indices", "to", "unsorted_indices")))  # fmt: skip
def what_packed_sequences_turn_to(lib):
    kind, one = lib.nn.utils.rnn.PackedSequence, packed(lib)
    yield kind.__match_args__, kind._fields, about(one), len(one), [part is field for part, field in zip(one, (one.data, one.batch_sizes))]
    for name in ("byte", "char", "double", "float", "half", "int", "long", "short", "cpu"):
        yield about(getattr(one, name)())
    yield about(one.to(lib.float64)), one.to(lib.float32) is one, one.to("cpu") is one, one.cpu() is one, about(one.to(lib.ones(1, dtype=lib.float64)))
    yield one.is_pinned(), one.is_cuda, raised(one.cuda), raised(kind, lib.ones(3))
    yield about(kind(lib.ones(3), lib.tensor([2, 1]))), about(kind(lib.ones(3), lib.tensor([2, 1]), lib.tensor([1, 0]))), about(kind((lib.ones(3), lib.tensor([2, 1]))))
    yield about(copy.copy(one)), about(copy.deepcopy(one)), about(pickle.loads(pickle.dumps(one))), about(one._replace(data=one.data * 2))
    yield about(lib.utils._pytree.tree_map(lambda x: x + 1, one))


@program(*(f"nn.RNNBase.{name}" for name in ("__getstate__", "__init__", "__setattr__", "__setstate__", "extra_repr", "flatten_parameters", "reset_parameters")),
         *(f"nn.LSTM.{name}" for name in ("__init__", "check_forward_args", "forward", "permute_hidden")))  # fmt: skip
def members_of_recurrent_layers(lib):
    nn, ones = lib.nn, lib.ones
    made, pair = nn.LSTM(3, 4, 2), (lib.arange(24.0).view(2, 3, 4), lib.ones(2, 3, 4))
    yield repr(made), made.extra_repr(), repr(nn.LSTM(3, 4, 2, proj_size=2, bidirectional=True, dropout=0.1, batch_first=True, bias=False)), repr(nn.RNNBase("GRU", 3, 4))
    yield raised(nn.RNNBase, "XX", 3, 4), raised(nn.LSTM, 3, 4, proj_size=5), raised(nn.LSTM, 3, -4), raised(nn.LSTM, 3, 4, 0), raised(nn.LSTM, 3, 4.0), raised(nn.GRU, 3, 4, dropout=2)
    yield [tuple(one.shape) for weights in nn.LSTM(3, 4, 2, proj_size=2).all_weights for one in weights], made.flatten_parameters()
    yield made.permute_hidden(pair, lib.tensor([2, 0, 1])), made.permute_hidden((1, 2), None), nn.GRU(3, 4).permute_hidden(pair[0], lib.tensor([2, 0, 1]))
    right = (ones(2, 2, 4), ones(2, 2, 4))
    yield made.check_forward_args(ones(5, 2, 3), right, None), raised(made.check_forward_args, ones(5, 2, 3), (ones(2, 2, 3), right[0]), None)
    yield raised(made.check_forward_args, ones(5, 2, 7), right, None), raised(made.check_input, ones(5, 2, 3).double(), None), raised(made, ones(5, 2, 3).double())
    yield made.get_expected_hidden_size(ones(5, 2, 3), None), made.get_expected_cell_size(ones(5, 2, 3), lib.tensor([3, 1]))
    made.reset_parameters()
    state, other = copy.copy(made.__getstate__()), nn.LSTM.__new__(nn.LSTM)
    other.__setstate__(state)
    with lib.no_grad():
        yield [tuple(one.shape) for one in other.parameters()], lib.equal(other(ones(5, 2, 3))[0], made(ones(5, 2, 3))[0]), made.weight_ih_l0.abs().max().item() <= 0.5
        made.weight_ih_l0 = nn.Parameter(lib.zeros(16, 3))
        yield made(ones(5, 2, 3))[0].shape, lib.equal(made(ones(5, 2, 3))[0], made(ones(5, 2, 3) * 2)[0])
        for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            yield lib.equal(again(ones(5, 2, 3))[0], made(ones(5, 2, 3))[0]), again.weight_hh_l1 is made.weight_hh_l1


@program(*(f"nn.MultiheadAttention.{name}" for name in ("__init__", "__setstate__", "forward")))
def members_of_attention(lib):
    made = lib.nn.MultiheadAttention(4, 2)
    older = {name: value for name, value in vars(made).items() if name != "_qkv_same_embed_dim"}
    other = lib.nn.MultiheadAttention.__new__(lib.nn.MultiheadAttention)
    other.__setstate__(older)
    x = lib.arange(24.0).view(3, 2, 4)
    yield lib.equal(other(x, x, x)[0], made(x, x, x)[0]), raised(lib.nn.MultiheadAttention, 5, 2), raised(lib.nn.MultiheadAttention, 4, 0)
    yield [(name, tuple(one.shape)) for name, one in lib.nn.MultiheadAttention(4, 2, kdim=3, vdim=5, add_bias_kv=True).named_parameters()]
    yield made.merge_masks(lib.zeros(2, 2).bool(), lib.zeros(1, 2).bool(), lib.ones(1, 2, 4))


@program("optim.lr_scheduler.SequentialLR.__init__", *(f"optim.lr_scheduler.SequentialLR.{name}" for name in ("step", "state_dict", "load_state_dict")))
def a_sequence_of_schedules(lib):
    schedules = lib.optim.lr_scheduler

    def made(milestones=(2,), last=None):
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0)
        return schedules.SequentialLR(optimizer, [schedules.ConstantLR(optimizer, 0.1, 2), schedules.ExponentialLR(last or optimizer, 0.9)], list(milestones))

    one, other = made(), made()
    for _ in range(4):
        one.optimizer.step()
        one.step()
        yield one.get_last_lr(), one.last_epoch
    yield sorted(one.state_dict())
    other.load_state_dict(one.state_dict())
    other.optimizer.step()
    other.step()
    yield other.get_last_lr(), other.last_epoch, raised(made, (1, 2)), raised(made, (1,), lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0))


@program("library.Library.__init__", "library.Library.__repr__", "library.Library.define", "library.Library.impl")
def operators_of_a_library(lib):
    made = lib.library.Library("drawn_here", "FRAGMENT")
    yield repr(made), made.define("scaled(Tensor x, int n=2) -> Tensor"), raised(lib.library.Library, "drawn_here", "XX"), raised(lib.library.Library, "prim", "DEF")
    made.impl("scaled", lambda x, n=2: x * n, "CPU")
    scaled = lib.ops.drawn_here.scaled
    yield scaled(lib.ones(2)), scaled(lib.ones(2), 3), scaled.default(lib.ones(2), n=4), raised(made.define, "scaled"), raised(made.define, "scaled(Tensor x, int n=2) -> Tensor")
    yield raised(made.impl, "scaled", lambda x: x, "CPU")


@program("nn.init.sparse_", "sym_not", "serialization.add_safe_globals", "serialization.get_safe_globals", "nn.utils.prune.remove")
def small_functions(lib):
    lib.manual_seed(0)
    yield (lib.nn.init.sparse_(lib.empty(6, 4), 0.3) == 0).sum(0), lib.nn.init.sparse_(lib.empty(6, 4), 0.3, 0.5), raised(lib.nn.init.sparse_, lib.empty(6), 0.3)
    yield lib.nn.init.sparse_(lib.empty(3, 2), 1.0), lib.nn.init.sparse_(lib.empty(3, 2), 0.5, generator=lib.Generator().manual_seed(3))
    yield lib.sym_not(True), lib.sym_not(0)
    lib.serialization.clear_safe_globals()
    lib.serialization.add_safe_globals([dict])
    yield lib.serialization.get_safe_globals(), lib.serialization.clear_safe_globals(), lib.serialization.get_safe_globals()
    from importlib import import_module

    prune, made = import_module(f"{lib.__name__}.nn.utils.prune"), lib.nn.Linear(3, 2)
    prune.l1_unstructured(made, "weight", 0.5)
    yield sorted(name for name, _ in made.named_parameters()), sorted(made.state_dict())
    prune.remove(made, "weight")
    yield sorted(name for name, _ in made.named_parameters()), sorted(made.state_dict()), (made.weight == 0).sum(), len(made._forward_pre_hooks), raised(prune.remove, made, "weight")
