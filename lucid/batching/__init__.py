"""Batching: a function of one entry, called once with tensors that stand for a whole batch. What `func.vmap` stands on.

    tensor.py    BatchedTensor, which shows one entry and holds all; the level it belongs to
    calls.py     a call with such tensors: by its rule, by what it is made of, or entry by entry
    rules/       the rules, by family; those of a program's own operations and of `autograd.grad` (functions.py)
    backward.py  gradients of a batch of gradients

A rule is a function of a `Call` that returns results with the batch in front; `calls.RULES` has one for each path. What has none is
computed by the operations that it is made of, which have, or else in a loop over the entries: right, and slow.
"""

from lucid.batching import rules  # noqa: F401
from lucid.batching.backward import backward, rows
from lucid.batching.calls import innermost, loop
from lucid.batching.tensor import BatchedTensor, Level, entry_of, levels, whole_of

__all__ = ["BatchedTensor", "Level", "backward", "entry_of", "innermost", "levels", "loop", "rows", "whole_of"]
