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
