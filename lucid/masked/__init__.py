"""Reductions and normalisations of what a mask leaves, the functions of `torch.masked`; and tensors that have a mask (`maskedtensor.py`)."""

from lucid.ops import published

globals().update(published("masked"))
_LATER = ("MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor")
__all__ = sorted([*published("masked"), *_LATER])


def __getattr__(name: str):
    if name in _LATER:
        from lucid.masked import maskedtensor

        return globals().setdefault(name, getattr(maskedtensor, name))
    raise AttributeError(f"module 'lucid.masked' has no attribute {name!r}")
