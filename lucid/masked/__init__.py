"""Reductions and normalisations of what a mask leaves, the functions of `torch.masked`; and tensors that have a mask (`maskedtensor.py`)."""

from lucid._later import later as _later
from lucid.ops import published

globals().update(published("masked"))
_LATER = dict.fromkeys(("MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"), "maskedtensor")
__all__ = sorted([*published("masked"), *_LATER])
__getattr__ = _later("lucid.masked", **_LATER)
