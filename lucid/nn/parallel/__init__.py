"""Modules on several devices at once. There is one: the CPU."""

from __future__ import annotations

from lucid.distributed import get_rank
from lucid.nn.modules.module import Module

__all__ = ["DataParallel", "DistributedDataParallel"]


class DataParallel(Module):
    """Runs a module, which it has under the name `module`: without graphics processors there is nothing to share out.

    Parameters
    ----------
    module : Module
        What to run.
    device_ids, output_device, dim : optional
        Say what goes where; no effect.

    Examples
    --------
    >>> model = lucid.nn.DataParallel(lucid.nn.ReLU())
    >>> model(lucid.tensor([-1.0, 2.0]))
    Tensor([0.0, 2.0])
    """

    def __init__(self, module, device_ids=None, output_device=None, dim: int = 0):
        super().__init__()
        self.module = module
        self.device_ids: list = []

    def forward(self, *inputs, **kwargs):
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """A module in several processes, of which there is one: raises ValueError, as PyTorch does where none were started."""

    def __init__(self, module, *args, **kwargs):
        get_rank()
