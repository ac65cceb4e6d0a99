"""Sequences of several lengths: padded, packed, and through recurrent networks."""

import pytest

import lucid
from lucid import nn
from lucid.nn.utils import rnn

LENGTHS = [2, 4, 1, 4, 3]


def rows(width=3):
    lucid.manual_seed(0)
    return [lucid.randn(n, width, dtype=lucid.float64) for n in LENGTHS]


def test_padded_and_packed_sequences_come_back():
    given = rows()
    for first in (False, True):
        padded = rnn.pad_sequence(given, batch_first=first, padding_value=7.0)
        assert padded.shape == ((5, 4, 3) if first else (4, 5, 3)) and (padded == 7).sum().item() == 3 * (5 * 4 - sum(LENGTHS))
        packed = rnn.pack_padded_sequence(padded, LENGTHS, batch_first=first, enforce_sorted=False)
        assert packed.batch_sizes.tolist() == [5, 4, 3, 2] and packed.data.shape == (sum(LENGTHS), 3)
        again, lengths = rnn.pad_packed_sequence(packed, batch_first=first, padding_value=7.0)
        assert lucid.equal(again, padded) and lengths.tolist() == LENGTHS
    for found in (rnn.unpack_sequence(packed), rnn.unpad_sequence(padded, lengths, batch_first=True)):
        assert all(lucid.equal(one, other) for one, other in zip(found, given))
    left = rnn.pad_sequence(given, batch_first=True, padding_side="left")
    assert lucid.equal(left[2, -1:], given[2]) and not left[2, :-1].any()


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_packed_network_sees_each_sequence_alone(kind):
    net = kind(3, 4, num_layers=2, bidirectional=True, dtype=lucid.float64)
    packed = rnn.pack_sequence(rows(), enforce_sorted=False)
    packed.data.requires_grad_()
    out, last = net(packed)
    last = last if isinstance(last, tuple) else (last,)
    for i, (row, found) in enumerate(zip(rows(), rnn.unpack_sequence(out))):
        alone, state = net(row)
        state = state if isinstance(state, tuple) else (state,)
        assert lucid.allclose(found, alone)
        assert all(lucid.allclose(one[:, i], other) for one, other in zip(last, state))
    out.data.sum().backward()
    assert packed.data.grad.abs().sum(1).min().item() > 0


@pytest.mark.parametrize(
    "lengths, sort, words",
    [([2, 3], True, "sorted"), ([3, 0], True, "greater than 0"), ([3], True, "len"), ([9, 1], True, "9"), ([[3, 1]], True, "1-D")],
)
def test_lengths_that_do_not_fit(lengths, sort, words):
    with pytest.raises(RuntimeError, match=words):
        rnn.pack_padded_sequence(lucid.ones(4, 2, 1), lengths, enforce_sorted=sort)


def test_other_refusals():
    with pytest.raises(RuntimeError, match="empty"):
        rnn.pad_sequence([])
    with pytest.raises(ValueError, match="total_length=3"):
        rnn.pad_packed_sequence(rnn.pack_sequence(rows(), enforce_sorted=False), total_length=3)
    packed = rnn.pack_sequence(rows(2), enforce_sorted=False)
    with pytest.raises(RuntimeError, match="Expected 3, got 2"):
        nn.GRU(3, 4, dtype=lucid.float64)(packed)
    with pytest.raises(RuntimeError, match="hidden size"):
        nn.GRU(2, 4, dtype=lucid.float64)(packed, lucid.zeros(1, 4, 4, dtype=lucid.float64))
