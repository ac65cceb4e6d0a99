"""What programs ask about training on several machines: there is none, so no group of processes was ever made."""

from __future__ import annotations

import enum

from lucid.distributed import device_mesh  # noqa: F401

GROUPED = (
    "all_gather", "all_gather_object", "all_reduce", "all_to_all", "barrier", "broadcast", "broadcast_object_list",
    "destroy_process_group", "gather", "gather_object", "get_backend", "get_rank", "get_world_size", "new_group", "recv",
    "reduce", "scatter", "send",
)  # fmt: skip
__all__ = ["ProcessGroup", "ReduceOp", "group", "is_available", "is_initialized", "is_torchelastic_launched", *GROUPED]


def is_available() -> bool:
    """Whether processes can train together: False."""
    return False


def is_initialized() -> bool:
    """Whether a group of processes was made: False."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether a launcher of several processes started this one: False."""
    return False


class ProcessGroup:
    """Processes that train together; there is none."""


class group:
    """The group of all processes: None."""

    WORLD = None


class ReduceOp(enum.Enum):
    """What becomes of the values of several processes."""

    SUM, PRODUCT, MIN, MAX, BAND, BOR, BXOR, AVG = range(8)


def _grouped(name: str):
    def grouped(*args, **kwargs):
        raise ValueError(f"distributed.{name}(): Lucid trains in one process, so there is no process group; "
                         "ask distributed.is_initialized() first")  # fmt: skip

    grouped.__name__ = grouped.__qualname__ = name
    grouped.__doc__ = "Needs a group of processes: raises ValueError, as PyTorch does where none was made."
    return grouped


for _name in GROUPED:
    globals()[_name] = _grouped(_name)


def __getattr__(name: str):
    if name == "nn":
        import importlib

        return importlib.import_module("lucid.distributed.nn")
    raise AttributeError(f"module 'lucid.distributed' has no attribute {name!r}: Lucid trains in one process")
