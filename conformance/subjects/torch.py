"""PyTorch judged against itself: whatever this run reports is a fault of the suite."""

import torch

from .adapter import Adapter


class Subject(Adapter):
    package = "torch"
    thread_invariant = False  # a reduction of PyTorch is cut by the number of threads
    readonly = False  # it warns, and writes anyway

    def flat(self, storage, readonly=False):
        return storage.clone()

    def export(self, tensor):
        with torch._C.DisableTorchFunctionSubclass():
            return tensor.detach().resolve_conj().resolve_neg().as_subclass(torch.Tensor)

    def other(self, value):
        return value

    def dtype_name(self, value):
        return str(value).removeprefix("torch.") if isinstance(value, torch.dtype) else None
