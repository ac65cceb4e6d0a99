"""BatchedTensor: an entry to the outside, a whole batch inside.

Its shape and dtype are those of one entry. There are no elements to go with them: the memory is a single one that is NaN, read-only,
misaligned and repeated, so that no kernel takes it for dense, and `array`, through which Python reaches the elements, says no more
than shape and dtype. What is not intercepted thus fails, and what fails is computed entry by entry (`calls.py`).
"""

from __future__ import annotations

import contextlib
import threading
from operator import attrgetter

import numpy as np

from lucid import overrides
from lucid._kernels import core
from lucid.autograd.op import DECLARED
from lucid.overrides import Attribute, TorchFunctionMode
from lucid.tensor import Tensor


class Escaped(RuntimeError):
    """The elements of one entry were asked for, where there are those of all."""


class Outline:
    """What a batched tensor shows in the place of its array."""

    __slots__ = ("_of",)

    def __init__(self, array: np.ndarray):
        self._of = array

    shape, ndim, size, dtype, itemsize, nbytes = (
        property(attrgetter(f"_of.{name}")) for name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes")
    )

    def __getattr__(self, name: str):
        raise Escaped(f"vmap: the elements of one entry were asked for ({name})")


dispatch = None  # `calls.dispatch`, which stands above
_NOTHING: dict[np.dtype, np.ndarray] = {}  # by dtype, the one element of all batched tensors
_set_array = core.TensorBase.array.__set__
_get_array = core.TensorBase.array.__get__


def _nothing(shape: tuple, dtype: np.dtype) -> np.ndarray:
    one = _NOTHING.get(dtype)
    if one is None:
        filling = b"\1" if dtype.kind == "b" else b"\xff"
        one = _NOTHING[dtype] = np.ndarray((), dtype, b"\0" + filling * dtype.itemsize, 1)
    return core.strided(one, shape, (0,) * len(shape))


class BatchedTensor(Tensor):
    """One entry of a batch, that of all of them: `value` holds the batch, in front, and `level` the `vmap` whose batch it is."""

    __slots__ = ("level", "value")
    shape, ndim, dtype = core.TensorBase.shape, core.TensorBase.ndim, core.TensorBase.dtype
    array = property(lambda self: Outline(_get_array(self)))

    def __new__(cls, value: Tensor, level: Level):
        self = core.TensorBase.__new__(cls)
        _set_array(self, _nothing(value.shape[1:], value.dtype.numpy))
        self._requires_grad = True  # so that it gives no buffer, and composites are made of operations; it shows False
        self.value, self.level = value, level
        return self

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return dispatch(None, func, args, kwargs or {})


# What reads shape and dtype alone needs no interception; `overrides.attach` has come before.
for _name in ["dim", "ndimension", "size", "numel", "nelement", "is_floating_point", "is_complex", "is_signed", "element_size", "device"]:
    _found = vars(Tensor)[_name]
    setattr(BatchedTensor, _name, property(_found.getter) if isinstance(_found, Attribute) else _found.__wrapped__)


def _len(self) -> int:
    if not self.ndim:
        raise TypeError("len() of a 0-d tensor")
    return self.shape[0]


BatchedTensor.__len__ = _len


class _Thread(threading.local):
    def __init__(self):
        self.levels = []


_thread = _Thread()


def levels() -> list[Level]:
    """The levels that this thread is in, the outermost first."""
    return _thread.levels


class Level(TorchFunctionMode):
    """One application of `vmap`: the size of its batch, and what may be drawn at random."""

    def __init__(self, size: int, randomness: str = "error"):
        self.size, self.randomness, self.number = size, randomness, len(_thread.levels) + 1

    def __enter__(self):
        _thread.levels.append(self)
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        _thread.levels.pop()

    @contextlib.contextmanager
    def resumed(self):
        """A block in which the level is shown calls again, after it was shown the one that is being computed."""
        before = core.set_overrides_off(0)
        overrides.push(self)
        try:
            yield
        finally:
            overrides.drop()
            core.set_overrides_off(before)

    def _own(self, func, args: tuple, kwargs: dict):
        """What a call gives that the level is shown."""
        overrides.drop()
        try:
            return dispatch(self, func, args, kwargs)
        finally:
            overrides.push(self)

    def holds(self, x) -> bool:
        """Whether a value is a tensor of this batch."""
        return isinstance(x, BatchedTensor) and x.level is self

    def batch(self, x: Tensor, dim: int = 0) -> BatchedTensor:
        """A tensor as its entries along a dimension."""
        return BatchedTensor(DECLARED["movedim"].function(x, dim, 0) if dim else x, self)

    def whole(self, x: Tensor) -> Tensor:
        """The batch of a tensor, repeated where it is the same for all entries."""
        if self.holds(x):
            return x.value
        return DECLARED["Tensor.expand"].function(DECLARED["unsqueeze"].function(x, 0), (self.size, *x.shape))


def whole_of(x: Tensor, among: list[Level]) -> Tensor:
    """A tensor with the batches of some levels in front, the outermost first."""
    for level in reversed(among):
        x = level.whole(x)
    return x


def entry_of(x: Tensor, among: list[Level]) -> Tensor:
    """What `whole_of` was made from."""
    for level in among:
        x = BatchedTensor(x, level)
    return x
