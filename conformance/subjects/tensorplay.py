"""tensorplay, a peer on PyPI with PyTorch's names: what differs is how it takes memory from NumPy."""

import torch

from .adapter import Adapter


class Subject(Adapter):
    package = "tensorplay"
    thread_invariant = False  # nowhere claimed
    readonly = False  # refuses such memory

    def flat(self, storage, readonly=False):
        if storage.dtype is torch.bfloat16:  # not from NumPy
            return super().flat(storage.float()).to(self.module.bfloat16)
        return super().flat(storage).clone()  # its own memory may be resized, NumPy's not

    def export(self, tensor):
        if self.dtype_name(tensor.dtype) == "bfloat16":
            return super().export(tensor.float()).bfloat16()
        return super().export(tensor)
