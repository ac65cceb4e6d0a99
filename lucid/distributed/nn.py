"""Operations between processes that have gradients. There is one process: each raises ValueError."""

from lucid.distributed import all_gather, all_reduce, all_to_all, broadcast, gather, reduce, scatter

__all__ = ["all_gather", "all_reduce", "all_to_all", "broadcast", "gather", "reduce", "scatter"]
