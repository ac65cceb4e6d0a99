"""Memory of tensors handed from PyTorch to the subject and back."""

import pytest
import torch

import lucid


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int64", "bool"])
def test_dlpack_goes_both_ways(dtype):
    theirs = torch.tensor([[1, 0], [2, 3]]).to(getattr(torch, dtype))
    for hand in (lambda: theirs, lambda: torch.utils.dlpack.to_dlpack(theirs)):
        mine = lucid.from_dlpack(hand())
        assert mine.dtype is getattr(lucid, dtype) and mine.data_ptr() == theirs.data_ptr()
        assert mine.int().tolist() == theirs.int().tolist()
    for hand in (lambda: mine.t(), lambda: lucid.utils.dlpack.to_dlpack(mine.t())):
        back = torch.from_dlpack(hand())
        assert back.dtype == theirs.dtype and back.data_ptr() == theirs.data_ptr() and back.stride() == (1, 2)
        assert torch.equal(back, theirs.t())


def test_pytorchs_tensors_are_taken_in():
    theirs = torch.tensor([1.5, 2.0])
    for take in (lucid.as_tensor, lucid.asarray, lucid.tensor):
        found = take(theirs)
        assert type(found) is lucid.Tensor and found.tolist() == [1.5, 2.0]
