"""Optimizers of several processes; there are none."""

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer:
    """An optimizer whose state several processes share: NotImplementedError."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("ZeroRedundancyOptimizer: Lucid trains in one process")
