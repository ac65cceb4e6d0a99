"""Modules whose parameters are shared out among processes; there are none, which is what `isinstance` says."""

from dataclasses import dataclass

__all__ = ["FSDPModule", "FullyShardedDataParallel", "MixedPrecisionPolicy", "fully_shard"]


class FSDPModule:
    """A module that `fully_shard` prepared."""


@dataclass(frozen=True)
class MixedPrecisionPolicy:
    """The dtypes that such a module would compute in."""

    param_dtype: object = None
    reduce_dtype: object = None
    output_dtype: object = None
    cast_forward_inputs: bool = True


class FullyShardedDataParallel:
    """A module around one whose parameters are shared out: RuntimeError."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("FullyShardedDataParallel: Lucid computes in one process")


def fully_shard(module, **options):
    """Share out a module's parameters: ValueError."""
    raise ValueError("fully_shard: Lucid computes in one process, so there is no process group")
