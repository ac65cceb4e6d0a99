"""The generator of random numbers: PyTorch's CPU stream, seeded, saved and restored as PyTorch does.

A `Generator` holds an engine of `lucid._kernels.random`; what is drawn from it stands in `lucid/ops/random.py`.
"""

from __future__ import annotations

import contextlib
import os
import threading

import numpy as np

from lucid._kernels import core
from lucid._kernels import random as kernels
from lucid.tensor import CPU, Tensor, check_device, device

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed",
    "set_rng_state", "thread_safe_generator",
]  # fmt: skip

STATE_BYTES = 5056


class Generator:
    """A stream of random numbers (mt19937, 32 bits).

    Parameters
    ----------
    device : device or str, optional
        The CPU, which is the only one.

    Examples
    --------
    >>> import lucid
    >>> generator = lucid.Generator().manual_seed(0)
    >>> lucid.randint(10, (3,), generator=generator).tolist()
    [4, 9, 3]
    """

    __module__ = "lucid"

    def __init__(self, device=None):
        if device is not None:
            check_device(device)
        self.engine = kernels.Engine()

    @property
    def device(self) -> device:
        """Where the generator draws: always `device('cpu')`."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed`, an int in [-2**63, 2**64); a negative one counts from 2**64. Returns itself."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"manual_seed: the seed must be in [-2**63, 2**64), got {seed}")
        self.engine.seed(int(seed) & 0xFFFFFFFFFFFFFFFF)
        return self

    def seed(self) -> int:
        """Start a stream that nobody can foresee. Returns the seed."""
        seed = int.from_bytes(os.urandom(8), "little")
        self.engine.seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self.engine.initial_seed

    def get_state(self) -> Tensor:
        """The state as 5056 bytes in PyTorch's layout."""
        state = core.empty((STATE_BYTES,), np.dtype(np.uint8))
        self.engine.get_state(core.flat(state))
        return core.wrap(state)

    def set_state(self, new_state: Tensor) -> Generator:
        """Take over a state that `get_state` (Lucid's or PyTorch's) returned. Returns itself.

        Raises
        ------
        TypeError
            If it is no tensor of bytes.
        RuntimeError
            If it is no state.
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a ByteTensor, but got {type(new_state).__name__}")
        if new_state.array.dtype != np.uint8:
            raise TypeError(f"RNG state must be a ByteTensor, but its dtype is {new_state.dtype}")
        if new_state.array.size != STATE_BYTES:
            raise RuntimeError(
                f"Expected an RNG state of size {STATE_BYTES} but found the input RNG state size to be "
                f"{new_state.array.size}"
            )
        try:
            self.engine.set_state(np.ascontiguousarray(new_state.array).reshape(-1))
        except ValueError as error:
            raise RuntimeError(f"Invalid mt19937 state: {error}") from None
        return self

    def clone_state(self) -> Generator:
        """Another generator with the same state."""
        return Generator().set_state(self.get_state())

    def graphsafe_get_state(self) -> Generator:
        """Raise NotImplementedError: the state is kept for the graphs of other devices."""
        raise NotImplementedError("graphsafe_get_state is not supported in this Generator")

    def graphsafe_set_state(self, state: Generator) -> Generator:
        """Raise NotImplementedError, as `graphsafe_get_state`."""
        raise NotImplementedError("graphsafe_set_state is not supported in this Generator")

    def get_offset(self) -> int:
        """Raise RuntimeError: this kind of generator has no offset."""
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> None:
        """Raise RuntimeError: this kind of generator has no offset."""
        raise RuntimeError("CPU Generator does not use offset")

    def __reduce__(self):
        return Generator, (self.device,), (self.initial_seed(), None, self.get_state())

    def __setstate__(self, state: tuple) -> None:
        """Take over a pickled state: the seed, no offset, and what `get_state` gives."""
        self.set_state(state[2])


#: The generator that is drawn from where none is given; every process starts another stream.
default_generator = Generator()
default_generator.seed()


class Streams(threading.local):
    """The generators of threads that draw from one of their own, as a data loader's workers do."""

    used = False  # by any thread: none but those that are asked for it pays for a look
    generator = default_generator


STREAMS = Streams()


def own_stream(seed: int) -> None:
    """From now on this thread draws from a generator of its own where none is given."""
    STREAMS.generator, Streams.used = Generator().manual_seed(seed), True


def default_stream() -> Generator:
    """The generator that this thread draws from where none is given."""
    return STREAMS.generator if Streams.used else default_generator


def engine_of(name: str, generator: Generator | None):
    """The engine to draw from. TypeError for what is no generator."""
    if generator is None:
        return default_stream().engine
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}(): argument 'generator' must be Generator, not {type(generator).__name__}")
    return generator.engine


def manual_seed(seed) -> Generator:
    """Start the default generator's stream of `seed`.

    Parameters
    ----------
    seed : int
        In [-2**63, 2**64); a negative one counts from 2**64.

    Returns
    -------
    Generator
        The default generator.

    Examples
    --------
    >>> import lucid
    >>> lucid.manual_seed(0).initial_seed()
    0
    >>> print(lucid.rand(2))
    [0.4962566, 0.7682218]
    """
    return default_stream().manual_seed(int(seed))


def seed() -> int:
    """Start a stream of the default generator that nobody can foresee. Returns the seed.

    Returns
    -------
    int
        The seed.

    Examples
    --------
    >>> import lucid
    >>> lucid.seed() == lucid.initial_seed()
    True
    """
    return default_stream().seed()


def initial_seed() -> int:
    """The seed that the default generator's stream started from.

    Returns
    -------
    int
        As it was given to `manual_seed`, or found by `seed`.

    Examples
    --------
    >>> import lucid
    >>> _ = lucid.manual_seed(7)
    >>> lucid.initial_seed()
    7
    """
    return default_stream().initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator, as 5056 bytes in PyTorch's layout.

    Returns
    -------
    Tensor
        Of dtype uint8, for `set_rng_state`.

    Examples
    --------
    >>> import lucid
    >>> state = lucid.get_rng_state()
    >>> a = lucid.rand(3)
    >>> lucid.set_rng_state(state)
    >>> lucid.equal(a, lucid.rand(3))
    True
    """
    return default_stream().get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Restore the state of the default generator.

    Parameters
    ----------
    new_state : Tensor
        What `get_rng_state` gave.

    Examples
    --------
    >>> import lucid
    >>> lucid.set_rng_state(lucid.get_rng_state())
    """
    default_stream().set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled: bool = True, _caller="fork_rng", _devices_kw="devices", device_type=None):
    """A block after which the default generator is as it was before.

    Parameters
    ----------
    devices, device_type : optional
        Other devices' generators; there are none.
    enabled : bool, optional
        False makes the block an ordinary one.

    Returns
    -------
    context manager
        Of the block.

    Examples
    --------
    >>> import lucid
    >>> before = lucid.get_rng_state()
    >>> with lucid.random.fork_rng():
    ...     _ = lucid.rand(3)
    >>> bool((lucid.get_rng_state().numpy() == before.numpy()).all())
    True
    """
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def thread_safe_generator() -> Generator | None:
    """The generator of this worker of a data loader; None elsewhere: the default generator locks itself."""
    return STREAMS.generator if STREAMS.generator is not default_generator else None
