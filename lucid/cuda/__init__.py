"""What programs ask about graphics processors: there is none, as in PyTorch's build for CPUs.

What needs one raises AssertionError, as there; what would be nothing to do without one does nothing.
"""

from __future__ import annotations

from collections import OrderedDict

from lucid.cuda import amp  # noqa: F401

__all__ = [
    "CUDAGraph", "Event", "Stream", "StreamContext", "current_device", "current_stream", "device_count", "empty_cache", "graph",
    "get_arch_list", "get_device_capability",
    "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all", "init", "initial_seed", "is_available",
    "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated", "mem_get_info",
    "memory_allocated", "memory_reserved", "memory_stats", "seed", "seed_all", "set_rng_state", "set_rng_state_all", "synchronize",
]  # fmt: skip

default_generators = ()
_initialized = False  # whether a device was used, to packages that do not ask `is_initialized`


def is_available() -> bool:
    """Whether there is such a device: False."""
    return False


def is_initialized() -> bool:
    """Whether such a device was used: False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether such a device computes in bfloat16: False."""
    return False


def device_count() -> int:
    """How many such devices there are: 0."""
    return 0


def get_arch_list() -> list:
    """For which of them this was built: none."""
    return []


def get_rng_state_all() -> list:
    """The states of their generators: none."""
    return []


def set_rng_state(new_state, device="cuda") -> None:
    """Set the state of such a device's generator, of which there is none."""


def set_rng_state_all(new_states) -> None:
    """Set the states of their generators, of which there are none."""


def memory_stats(device=None) -> dict:
    """Figures about their memory: none."""
    return OrderedDict()


def memory_allocated(device=None) -> int:
    """Bytes of their memory in use: 0."""
    return 0


max_memory_allocated = memory_reserved = memory_allocated


def empty_cache() -> None:
    """Return their memory to the system, of which there is none."""


def manual_seed(seed: int) -> None:
    """Seed the generator of such a device, of which there is none."""


manual_seed_all = manual_seed


def seed() -> None:
    """Seed the generator of such a device by chance, of which there is none."""


seed_all = seed


class Stream:
    """A queue of such a device's work, which is made nowhere: raises RuntimeError."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError(f"cuda.{type(self).__name__}: Lucid computes on CPUs alone")


class Event(Stream):
    """A point in such a queue: raises RuntimeError."""


class StreamContext(Stream):
    """A block whose work goes to such a queue: raises RuntimeError."""


class graph(Stream):
    """A block whose work is recorded: raises RuntimeError."""


class CUDAGraph(Stream):
    """Such work recorded: raises RuntimeError."""


def refusing(name: str, error: Exception, needs: str):
    """A function that needs what is not there, and says so."""

    def absent(*args, **kwargs):
        raise type(error)(*error.args)

    absent.__name__ = absent.__qualname__ = name
    absent.__doc__ = f"Needs {needs}: raises {type(error).__name__}."
    return absent


def _absent(name: str):
    error = AssertionError(f"cuda.{name}(): Lucid computes on CPUs alone; ask cuda.is_available() first")
    return refusing(name, error, "a graphics processor")


current_device, current_stream, get_device_capability, get_device_name, get_device_properties = map(
    _absent, ("current_device", "current_stream", "get_device_capability", "get_device_name", "get_device_properties")
)
get_rng_state, init, initial_seed, mem_get_info, synchronize = map(
    _absent, ("get_rng_state", "init", "initial_seed", "mem_get_info", "synchronize")
)

from lucid.cuda import random  # noqa: E402, F401, isort: skip
