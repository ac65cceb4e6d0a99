"""Where PyTorch keeps `DistributedDataParallel`."""

from lucid.nn.parallel import DistributedDataParallel

__all__ = ["DistributedDataParallel"]
