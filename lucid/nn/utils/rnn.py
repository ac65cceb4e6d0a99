"""Batches of sequences of several lengths: padded to the longest, or packed without padding."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable

import lucid
from lucid.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class PackedSequence(namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])):
    """The elements of sequences, the longest first: all first ones, then all second ones, and so on.

    Parameters
    ----------
    data : Tensor
        The elements, of shape (sum of the lengths, ...).
    batch_sizes : Tensor, optional
        How many sequences are so long, for each place; int64.
    sorted_indices, unsorted_indices : Tensor or None
        Where each of the packed sequences stood before, and where each of those before stands now.

    Examples
    --------
    >>> packed = nn.utils.rnn.pack_sequence([lucid.tensor([1, 2]), lucid.tensor([3])])
    >>> packed.data, packed.batch_sizes
    (Tensor([1, 3, 2]), Tensor([2, 1]))
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """The same, with `data.to(...)`."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cuda(self, *args, **kwargs):
        """With `data.cuda(...)`, which raises: there is no GPU."""
        return type(self)(self.data.cuda(*args, **kwargs), *self[1:])

    def double(self):
        """With data of float64."""
        return self.to(lucid.float64)

    def float(self):
        """With data of float32."""
        return self.to(lucid.float32)

    def half(self):
        """With data of float16."""
        return self.to(lucid.float16)

    def long(self):
        """With data of int64."""
        return self.to(lucid.int64)

    def int(self):
        """With data of int32."""
        return self.to(lucid.int32)

    def short(self):
        """With data of int16."""
        return self.to(lucid.int16)

    def char(self):
        """With data of int8."""
        return self.to(lucid.int8)

    def byte(self):
        """With data of uint8."""
        return self.to(lucid.uint8)

    def cpu(self):
        """Itself."""
        return self

    is_cuda = False

    def pin_memory(self):
        """RuntimeError: there is no accelerator to pin memory for."""
        return type(self)(self.data.pin_memory(), *self[1:])

    def is_pinned(self) -> bool:
        """Whether the data lies in pinned memory: never."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Where each number stands in a permutation.

    Parameters
    ----------
    permutation : Tensor or None
        Of int64.

    Returns
    -------
    Tensor or None
        The inverse.

    Examples
    --------
    >>> nn.utils.rnn.invert_permutation(lucid.tensor([2, 0, 1]))
    Tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    return lucid.empty_like(permutation).scatter_(0, permutation, lucid.arange(permutation.numel()))


def _inside(lengths: Tensor, longest: int) -> Tensor:
    """Which places, of (longest, batch), are inside their sequences."""
    return lucid.arange(longest)[:, None] < lengths


def pack_padded_sequence(input: Tensor, lengths, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:
    """Pack padded sequences.

    Parameters
    ----------
    input : Tensor
        Of shape (longest, batch, ...), or (batch, longest, ...) if `batch_first`.
    lengths : Tensor or sequence of int
        Of each sequence, at least 1.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second. Default: False.
    enforce_sorted : bool, optional
        Expect the longest sequence first (default); otherwise they are sorted.

    Returns
    -------
    PackedSequence
        What recurrent networks take.

    Raises
    ------
    RuntimeError
        If the lengths do not fit the input, or are not sorted.

    Examples
    --------
    >>> padded = lucid.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    >>> nn.utils.rnn.pack_padded_sequence(padded, [2, 1, 3], batch_first=True, enforce_sorted=False).data
    Tensor([4, 1, 3, 5, 2, 6])
    """
    lengths = lucid.as_tensor(lengths, dtype=lucid.int64)
    if lengths.dim() != 1:
        raise RuntimeError(f"expected `lengths` to be a 1-D tensor, got {lengths.dim()} dimensions")
    if input.dim() < 2 or not input.numel():
        raise RuntimeError(f"pack_padded_sequence: the input needs two dimensions or more, and elements, got {list(input.shape)}")
    padded = input.transpose(0, 1) if batch_first else input
    order = None
    if not enforce_sorted:
        lengths, order = lucid.sort(lengths, descending=True)
        padded = padded.index_select(1, order)
    longest, batch = padded.shape[:2]
    known = lengths.tolist()
    if len(known) != batch:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(known)} (batch_size={batch})")
    if min(known) <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if known != sorted(known, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to have it sorted."
        )
    if known[0] > longest:
        raise RuntimeError(f"pack_padded_sequence: a length of {known[0]} in an input of length {longest}")
    inside = _inside(lengths, known[0])
    return PackedSequence(padded[: known[0]][inside], inside.sum(1), order, None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Pad packed sequences.

    Parameters
    ----------
    sequence : PackedSequence
        The sequences.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second. Default: False.
    padding_value : float, optional
        What stands behind the shorter ones (default 0).
    total_length : int, optional
        To which length; default: that of the longest.

    Returns
    -------
    tuple of (Tensor, Tensor)
        The padded sequences in the order that they had before they were packed, and their lengths.

    Raises
    ------
    ValueError
        If `total_length` is below the longest.

    Examples
    --------
    >>> packed = nn.utils.rnn.pack_sequence([lucid.tensor([1, 2]), lucid.tensor([3])])
    >>> nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (Tensor([[1, 2],
            [3, 0]]), Tensor([2, 1]))
    """
    data, batch_sizes, _, back = sequence
    longest = batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    batch = int(batch_sizes[0])
    lengths = (batch_sizes > lucid.arange(batch)[:, None]).sum(1)
    longest = longest if total_length is None else total_length
    places = _inside(lengths, longest).flatten().nonzero().squeeze(1)
    rest = data.shape[1:]
    padded = data.new_full((longest * batch, *rest), padding_value).index_copy(0, places, data).reshape(longest, batch, *rest)
    padded = padded.transpose(0, 1) if batch_first else padded
    if back is not None:
        padded, lengths = padded.index_select(0 if batch_first else 1, back), lengths[back]
    return padded, lengths


def pad_sequence(
    sequences, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Stack sequences, the shorter ones padded to the longest.

    Parameters
    ----------
    sequences : iterable of Tensor
        Of shapes (length, ...).
    batch_first : bool, optional
        Return (batch, longest, ...) rather than (longest, batch, ...).
    padding_value : float, optional
        What is padded with (default 0).
    padding_side : {"right", "left"}, optional
        On which side (default "right").

    Returns
    -------
    Tensor
        All sequences.

    Raises
    ------
    RuntimeError
        If there are none, or their shapes do not fit.

    Examples
    --------
    >>> nn.utils.rnn.pad_sequence([lucid.tensor([1, 2]), lucid.tensor([3])], batch_first=True)
    Tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(one.size(0) for one in sequences)
    padded = []
    for one in sequences:
        parts = [one, one.new_full((longest - one.size(0), *one.shape[1:]), padding_value)]
        padded.append(lucid.cat(parts if padding_side == "right" else parts[::-1]))
    return lucid.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch.

    Parameters
    ----------
    padded_sequences : Tensor
        Of shape (longest, batch, ...), or (batch, longest, ...) if `batch_first`.
    lengths : Tensor
        Of each sequence.
    batch_first : bool, optional
        Whether the batch is the first dimension rather than the second. Default: False.

    Returns
    -------
    list of Tensor
        Each of its length.

    Examples
    --------
    >>> nn.utils.rnn.unpad_sequence(lucid.tensor([[1, 2], [3, 0]]), lucid.tensor([2, 1]), batch_first=True)
    [Tensor([1, 2]), Tensor([3])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    if len(rows) != len(lengths):
        raise ValueError(f"unpad_sequence: {len(lengths)} lengths of {len(rows)} sequences")
    return [row[:length].clone() for row, length in zip(rows, lengths.tolist())]


def pack_sequence(sequences, enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences.

    Parameters
    ----------
    sequences : sequence of Tensor
        Of shapes (length, ...).
    enforce_sorted : bool, optional
        Expect the longest first (default); otherwise they are sorted.

    Returns
    -------
    PackedSequence
        What recurrent networks take.

    Examples
    --------
    >>> nn.utils.rnn.pack_sequence([lucid.tensor([1]), lucid.tensor([2, 3])], enforce_sorted=False).data
    Tensor([2, 1, 3])
    """
    lengths = [one.size(0) for one in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed.

    Parameters
    ----------
    packed_sequences : PackedSequence
        The sequences.

    Returns
    -------
    list of Tensor
        In the order that they had before.

    Examples
    --------
    >>> nn.utils.rnn.unpack_sequence(nn.utils.rnn.pack_sequence([lucid.tensor([1, 2]), lucid.tensor([3])]))
    [Tensor([1, 2]), Tensor([3])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
