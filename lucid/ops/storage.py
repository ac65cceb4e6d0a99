"""A tensor's own memory: overwritten (copy_, fill_, zero_), resized, exchanged, or seen in other sizes from now on.

Each is an operation that makes the new value, so that the graph and the version counter know of it; what it writes to is
the tensor's memory.
"""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np

from lucid import formats
from lucid._kernels import core
from lucid._kernels.core import strided, wrap
from lucid.autograd.history import past_of
from lucid.autograd.node import Supplied
from lucid.autograd.op import Stated, inplace, op
from lucid.autograd.writes import NO_GRAD, check_inference, check_recordable, check_writable, overlaps_itself
from lucid.dtypes import element, float64, from_numpy_dtype
from lucid.ops._frame import cast, copied, dense_steps, is_half, shape_argument, steps_of, tensor_argument
from lucid.ops._frame import fill as fill_all
from lucid.ops.permutation import swapaxes, swapdims, t, transpose
from lucid.ops.pieces import as_strided, check_strided
from lucid.ops.view import empty_as, reshape, squeeze, unsqueeze
from lucid.tensor import Tensor, storage_of

# ------------------------------------------------------------------------------------------------ sizes


def _reshaping(name: str, function):
    """The in-place form of a view: the tensor itself gets the view's sizes and strides."""

    def method(self, *args, **kwargs):
        recorded = core.recording((self,))
        if recorded or core.is_grad_enabled() and self._view == NO_GRAD:
            check_recordable(self)
        check_inference(self)
        past = past_of(self) if recorded else self
        found = function(past, *args, **kwargs)
        self.array = found.array
        core.bump(self)
        if found.requires_grad:
            self._node, self._slot, self._requires_grad = found._node, found._slot, True
            self._base_node = None if self._base is None else self._base._node
        return self

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    method.__wrapped__ = Stated(function.op.forward, ("out",))
    method.__doc__ = f"In-place form of `{function.op.path}`: the tensor itself takes the view's shape."
    return method


def _detach_(self):
    """Take the tensor itself out of the graph: it becomes a leaf that does not require grad."""
    if self._base is not None or self._view:
        if self._inference or core.is_inference():  # nothing knows of the view
            return self
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
            "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
            "detach_() cannot be called on these gradients."
        )
    self._node, self._slot, self._requires_grad = None, 0, False
    return self


LAST = (formats.channels_last, formats.channels_last_3d)


def _resize_(self, *sizes, size=None, memory_format=None):
    """Give the tensor another size in place; elements beyond its old storage are uninitialised."""
    size = shape_argument("resize_", sizes if size is None else (*sizes, size))
    if memory_format is formats.preserve_format:
        raise RuntimeError("resize_: memory_format has to be one that says an order, not preserve_format")
    if self.requires_grad and not core.is_inference():
        raise RuntimeError("cannot resize variables that require grad")
    check_inference(self)
    if any(n < 0 for n in size):
        raise RuntimeError(f"resize_: sizes must not be negative, got {list(size)}")
    if size == self.array.shape and memory_format is None:
        return self
    if size != self.array.shape:
        address, nbytes = storage_of(self.array)
        n = self.array.itemsize
        for one in size:
            n *= one
        if n > nbytes - (self.array.ctypes.data - address):
            new = core.empty(size, self.array.dtype)
            old = strided(self.array, *_row_of(self.array, address, nbytes))
            new.reshape(-1)[: old.size] = old[: new.size]
            Uninitialised.seen(new.reshape(-1)[old.size :])
            self.array = new
        else:
            self.array = strided(self.array, size, dense_steps(size))
    if memory_format is not None:
        self.array = strided(self.array, size, steps_of(empty_as(self.array, self.array.dtype, memory_format)))
    core.bump(self)
    return self


def _row_of(array, address, nbytes) -> tuple:
    """Sizes and strides of what an array's storage holds from its first element on."""
    return ((nbytes - (array.ctypes.data - address)) // array.itemsize,), (1,)


@op("resize_as_", gradient=False)
def resize_as_(input_: Tensor, the_template: Tensor, *, memory_format=None) -> Tensor:
    """Give the tensor the size of another in place.

    Parameters
    ----------
    input_ : Tensor
        What gets another size; elements beyond its memory are uninitialised.
    the_template : Tensor
        What has the size.
    memory_format : memory_format, optional
        How it then lies in memory; `preserve_format`: channels last, if the template does. Contiguous by default.

    Returns
    -------
    Tensor
        The tensor itself.

    Examples
    --------
    >>> lucid.resize_as_(lucid.arange(6), lucid.zeros(2, 2))
    Tensor([[0, 1],
            [2, 3]])
    """
    if memory_format is formats.preserve_format:
        memory_format = next((one for one in LAST if the_template.is_contiguous(memory_format=one)), formats.contiguous_format)
    return _resize_(input_, the_template.array.shape, memory_format=memory_format)


def _set_(self, source=None, storage_offset=0, size=None, stride=None):
    """Have the tensor look at another tensor's memory, or at a storage, from now on."""
    if source is None:
        self.array = core.empty((0,), self.array.dtype)
        return self
    if hasattr(source, "untyped"):
        source = source.over(self.dtype)
    tensor_argument("set_", source, 1, "source")
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}: the dtypes must agree"
        )
    if size is None:
        self.array = source.array
    else:
        size = tuple(size)
        steps = dense_steps(size) if stride is None else tuple(stride)
        start = check_strided(source.array, size, steps, storage_offset)
        self.array = strided(source.array, size, steps, start)
    self._counter = core.version_of(source)
    core.bump(self)
    return self


# ------------------------------------------------------------------------------------------------ overwriting


def fill_array(array, value, exact: bool = True) -> None:
    """Fill an array with a Python number, converted as PyTorch does. RuntimeError where it does not fit.

    Unless it is to be `exact`, a number beyond half precision becomes an infinity.
    """
    kind = array.dtype.kind
    if kind == "f" and array.itemsize > 2 and type(value) in (float, int) and -1e18 < value < 1e18:
        fill_all(array, value)
        return
    dtype = from_numpy_dtype(array.dtype)
    value = element(value, dtype if exact or not is_half(dtype) else float64)
    if kind in "VW":  # which take no large ints
        value = complex(value) if kind == "W" else float(value)
    with np.errstate(all="ignore"):
        fill_all(array, value)


class Uninitialised:
    """What becomes of memory that nobody wrote to."""

    filled = False  # set by `use_deterministic_algorithms`

    @staticmethod
    def seen(array):
        """The array, filled with NaN, the largest integer or True where results have to be deterministic and
        `utils.deterministic.fill_uninitialized_memory` says so."""
        if Uninitialised.filled and array.size:
            from lucid.utils import deterministic

            if deterministic.fill_uninitialized_memory:
                kind = array.dtype.kind
                fill_array(array, True if kind == "b" else int(np.iinfo(array.dtype).max) if kind in "iu" else float("nan"))
        return array


@op("Tensor._copy")
def _copy(input_: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """The source in the input's shape and dtype."""
    target, array = input_.array, src.array
    array = cast(array, target.dtype)
    if array.shape != target.shape:
        shape = array.shape
        while len(shape) > target.ndim and shape[0] == 1:
            shape = shape[1:]
        try:
            array = np.broadcast_to(array.reshape(shape), target.shape)
        except ValueError:
            raise _misfit(target.shape, src.array.shape) from None
    return wrap(array)


def _misfit(target: tuple, source: tuple) -> RuntimeError:
    """The error of a source that does not broadcast to a target."""
    for i in range(1, min(len(target), len(source)) + 1):
        if target[-i] != source[-i] and source[-i] != 1:
            return RuntimeError(
                f"The size of tensor a ({target[-i]}) must match the size of tensor b ({source[-i]}) at non-singleton "
                f"dimension {max(len(target), len(source)) - i}"
            )
    return RuntimeError(f"output with shape {list(target)} doesn't match the broadcast shape {list(source)}")


_copy.vjp(
    input_=lambda g: Supplied.zeros(g.array.shape, g.dtype),
    src=lambda g, src_shape: reshape(g, (1,) * (len(src_shape) - g.array.ndim) + g.array.shape),
)
_copy_inplace = inplace(_copy, "copy_")


def copy_(self, other=None, non_blocking: bool = False, *, src=None) -> Tensor:
    """Overwrite the tensor with another, broadcast to its shape and cast to its dtype; exported programs name it `src`."""
    other = src if other is None else other
    if other is None:
        raise TypeError("copy_(): argument 'other' (position 1) must be Tensor, not NoneType")
    if not isinstance(other, Tensor):
        other = wrap(np.array(other))
    if type(other) is not Tensor and other.is_meta:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")
    if other.array is self.array or core.overwritten(self, other):
        return self
    return _copy_inplace(self, other, non_blocking)


@op("fill")
def fill(input_: Tensor, value) -> Tensor:
    """A tensor like the input, all of whose elements are `value` (a number or a 0-d tensor).

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    value : number or 0-d Tensor
        The value.

    Returns
    -------
    Tensor
        A copy of the input's shape and dtype.

    Examples
    --------
    >>> lucid.fill(lucid.zeros(2), 3.0)
    Tensor([3.0, 3.0])
    """
    array = tensor_argument("fill", input_).array
    out = empty_as(array, array.dtype)
    if isinstance(value, Tensor):
        if value.array.ndim:
            raise RuntimeError(
                f"fill only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
            )
        out[...] = cast(value.array, out.dtype)
    else:
        fill_array(out, value)
    return wrap(out)


fill.vjp(
    input_=lambda g: Supplied.zeros(g.array.shape, g.dtype),
    value=lambda g: g,  # summed by the engine
)


@op("Tensor._zero", gradient=False)
def _zero(input_: Tensor) -> Tensor:
    """Zeros like the input."""
    out = empty_as(input_.array, input_.array.dtype)
    out.fill(0)
    return wrap(out)


_zero_inplace, _fill_inplace = inplace(_zero, "zero_"), inplace(fill, "fill_")


def _settable(name: str, x: Tensor) -> bool:
    """Whether a tensor may be set to one value without the graph; its elements may share memory."""
    if core.overwritable(x):
        return True
    if core.recording((x,)) or not overlaps_itself(x.array):
        return False
    check_writable(name, x, overlapping=True)
    return True


@op("zero_", composite=True)
def zero_(input_: Tensor) -> Tensor:
    """Set all elements to zero, in place.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.zero_(lucid.ones(2))
    Tensor([0.0, 0.0])
    """
    if core.zeroed(input_):
        return input_
    if not _settable("zero_", input_):
        return _zero_inplace(input_)
    fill_all(input_.array, 0)
    core.bump(input_)
    return input_


@op("fill_", composite=True)
def fill_(input_: Tensor, value) -> Tensor:
    """Set all elements to `value` (a number or a 0-d tensor), in place.

    Parameters
    ----------
    input_ : Tensor
        Of any shape and dtype.
    value : number or 0-d Tensor
        The value.

    Returns
    -------
    Tensor
        The input itself.

    Examples
    --------
    >>> lucid.fill_(lucid.ones(2), 3.0)
    Tensor([3.0, 3.0])
    """
    if isinstance(value, Tensor) or not _settable("fill_", input_):
        return _fill_inplace(input_, value)
    array = input_.array
    if not (type(value) is float and array.dtype.kind == "f" and array.itemsize > 2 and -1e38 < value < 1e38):
        held = core.empty((), array.dtype)
        fill_array(held, value)
        value = held[()]
    fill_all(array, value)
    core.bump(input_)
    return input_


@op("Tensor._fill_diagonal", out="cast share")
def _fill_diagonal(input_: Tensor, fill_value, wrap: bool = False) -> Tensor:
    """A copy with `fill_value` on the main diagonal."""
    array = input_.array
    if array.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if array.ndim > 2 and len(set(array.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    out = copied(array)
    value = core.empty((), out.dtype)
    fill_array(value, fill_value, exact=False)
    strided(out, *_diagonal_of(out, wrap))[...] = value
    return core.wrap(out)


def _diagonal_of(array, wrapped: bool) -> tuple:
    """Size and stride of the main diagonal of an array; `wrapped`, it goes on below a tall matrix."""
    step = sum(steps_of(array))
    n = min(array.shape)
    if wrapped and array.ndim == 2 and array.shape[0] > array.shape[1]:
        n = -(-array.size // step) if array.size else 0
    return (n,), (step,)


_fill_diagonal.vjp(input_=lambda g, wrap: _fill_diagonal(g, 0, wrap))
_fill_diagonal_inplace = inplace(_fill_diagonal, "fill_diagonal_")


def fill_diagonal_(self, fill_value, wrap: bool = False) -> Tensor:
    """Set the main diagonal to a value, in place; `wrap` has it go on below a tall matrix. Where the elements of a tensor in a graph
    share memory, those of the diagonal do not.

    Examples
    --------
    >>> lucid.zeros(2, 2).fill_diagonal_(1.0)
    Tensor([[1.0, 0.0],
            [0.0, 1.0]])
    """
    if core.recording((self,)) and self.ndim == 2 and overlaps_itself(self.array):
        fill_(as_strided(self, *_diagonal_of(self.array, False), self.storage_offset()), fill_value)
        return self
    return _fill_diagonal_inplace(self, fill_value, wrap)


# ------------------------------------------------------------------------------------------------ Python's functions


def _elements(name: str, target: Tensor, function, others=()) -> Tensor:
    """Write what a function makes of each element, and of those of other tensors, over the elements."""
    if target.requires_grad:
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    check_writable(name, target)
    if not callable(function):
        raise TypeError(f"'{type(function).__name__}' object is not callable")
    rows = [target]
    for one in others:
        if not isinstance(one, Tensor) or one.dtype is not target.dtype:
            found = one.type() if isinstance(one, Tensor) else type(one).__name__
            raise TypeError(f"{name}: expected {target.type()} for 'other' (got {found})")
        rows.append(one.expand(target.shape))
    number = {"b": bool, "i": int, "u": int, "c": complex}.get(target.array.dtype.kind, float)
    found = []
    for values in zip(*(row.reshape(-1).tolist() for row in rows)):
        value = function(*values)
        if isinstance(value, (str, bytes)):
            raise TypeError(f"must be real number, not {type(value).__name__}")
        found.append(number(value))
    made = core.empty(target.array.shape, target.array.dtype)
    made[...] = np.array(found, dtype=made.dtype).reshape(made.shape)
    target.array[...] = made
    core.bump(target)
    return target


def apply_(self, callable) -> Tensor:
    """Replace each element by what a Python function makes of it: for trying things out, not for speed.

    RuntimeError if the tensor requires a gradient; TypeError if the function returns no number.

    Examples
    --------
    >>> lucid.tensor([1.0, 2.0]).apply_(lambda x: x * x + 1)
    Tensor([2.0, 5.0])
    """
    return _elements("apply_", self, callable)


def map_(self, tensor: Tensor, callable) -> Tensor:
    """Replace each element by what a Python function makes of it and the element of another tensor, which is broadcast.

    RuntimeError if the tensor requires a gradient, or the other does not fit; TypeError if it is of another dtype.

    Examples
    --------
    >>> lucid.tensor([1.0, 2.0]).map_(lucid.tensor([3.0, 1.0]), max)
    Tensor([3.0, 2.0])
    """
    return _elements("map_", self, callable, (tensor,))


def map2_(self, x: Tensor, y: Tensor, callable) -> Tensor:
    """As `map_`, of the elements of three tensors.

    Examples
    --------
    >>> lucid.tensor([1.0, 2.0]).map2_(lucid.tensor([3.0, 1.0]), lucid.tensor([0.0, 9.0]), lambda a, b, c: a + b * c)
    Tensor([1.0, 11.0])
    """
    return _elements("map2_", self, callable, (x, y))


# ------------------------------------------------------------------------------------------------ which memory


def is_set_to(self, tensor: Tensor) -> bool:
    """Whether another tensor is of the same memory, from the same element on, with the same shape, strides and dtype.

    Examples
    --------
    >>> x = lucid.zeros(2, 3)
    >>> x.is_set_to(x.view(2, 3)), x.is_set_to(x.clone())
    (True, False)
    """
    a, b = self.array, tensor_argument("is_set_to", tensor, 1, "tensor").array
    same = (a.shape, a.strides, a.dtype) == (b.shape, b.strides, b.dtype)
    return same and a.ctypes.data == b.ctypes.data and storage_of(a) == storage_of(b)


def const_data_ptr(self) -> int:
    """The address of the first element, as `data_ptr`."""
    return self.data_ptr()


def dense_dim(self) -> int:
    """How many dimensions are dense: all of them."""
    return self.array.ndim


def dim_order(self, *, ambiguity_check=False) -> tuple:
    """The dimensions in the order of their strides, the largest first.

    Parameters
    ----------
    ambiguity_check : bool or list of memory_format, optional
        Whether to raise RuntimeError where another order would do as well: because a dimension has one element; or,
        given memory formats, where the tensor is in none or in several of them.

    Examples
    --------
    >>> lucid.zeros(2, 3, 4).permute(2, 0, 1).dim_order()
    (1, 2, 0)
    """
    ambiguous = "The tensor does not have unique dim order, or cannot map to exact one of the given memory formats."
    if isinstance(ambiguity_check, list) and all(isinstance(one, formats.memory_format) for one in ambiguity_check):
        if len([one for one in ambiguity_check if self.is_contiguous(memory_format=one)]) != 1:
            raise RuntimeError(ambiguous)
    elif not isinstance(ambiguity_check, bool):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    steps, shape = steps_of(self.array), self.array.shape
    order = sorted(range(len(steps)), key=lambda dim: -steps[dim])
    if ambiguity_check is True and any(steps[a] == steps[b] or 1 in (shape[a], shape[b]) for a, b in itertools.pairwise(order)):
        raise RuntimeError(ambiguous)
    return tuple(order)


def as_subclass(self, cls) -> Tensor:
    """The tensor as one of a subclass, over the same memory and in the same place of the graph.

    TypeError if the class is no subclass of `Tensor`.

    Examples
    --------
    >>> type(lucid.ones(2).as_subclass(lucid.nn.Parameter)).__name__
    'Parameter'
    """
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError("as_subclass(): the class does not inherit from Tensor, which it has to")
    before = core.set_overrides_off(2)
    try:
        alias = Supplied.view_alias(self)
    finally:
        core.set_overrides_off(before)
    made = core.TensorBase.__new__(cls)
    for name in ("array", "_counter", "_node", "_slot", "_requires_grad", "_base", "_base_node", "_view", "_inference"):
        setattr(made, name, getattr(alias, name))
    return made


def resize(self, *sizes) -> Tensor:
    """As `reshape`, deprecated. RuntimeError if the number of elements is another."""
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    sizes = shape_argument("resize", sizes)
    if math.prod(sizes) != self.array.size:
        raise RuntimeError(f"requested resize to {list(sizes)}, but the given tensor has a size of {list(self.shape)}: resize can "
                           "only change the shape of a tensor, not its number of elements")  # fmt: skip
    return reshape(self, sizes)


def resize_as(self, tensor: Tensor) -> Tensor:
    """As `reshape_as`, deprecated. RuntimeError if the number of elements is another."""
    return resize(self, tensor.shape)


def module_load(self, other: Tensor, assign: bool = False) -> Tensor:
    """What `load_state_dict` puts in the place of this parameter or buffer: itself with the other's values, or, if they are
    assigned, the other one."""
    return other.detach() if assign else self.copy_(other).detach()


# ------------------------------------------------------------------------------------------------ methods as functions


def as_strided_(input, size, stride, storage_offset=None) -> Tensor:
    """The method of this name, as a function.

    Examples
    --------
    >>> lucid.as_strided_(lucid.arange(4), (2,), (2,))
    Tensor([0, 2])
    """
    return input.as_strided_(size, stride, storage_offset)


def detach_(input) -> Tensor:
    """The method of this name, as a function.

    Examples
    --------
    >>> lucid.detach_(lucid.ones(1, requires_grad=True) * 2)
    Tensor([2.0])
    """
    return input.detach_()


def index_put_(input, indices, values, accumulate: bool = False) -> Tensor:
    """The method of this name, as a function.

    Examples
    --------
    >>> lucid.index_put_(lucid.zeros(3), (lucid.tensor([2]),), lucid.tensor(1.0))
    Tensor([0.0, 0.0, 1.0])
    """
    return input.index_put_(indices, values, accumulate)


TENSOR_METHODS = {
    "detach_": _detach_, "resize_": _resize_, "resize_as_": resize_as_, "set_": _set_,
    "copy_": copy_, "zero_": zero_, "fill_": fill_, "fill_diagonal_": fill_diagonal_,
    **{
        f"{function.op.name}_": _reshaping(f"{function.op.name}_", function)
        for function in (squeeze, unsqueeze, t, transpose, swapaxes, swapdims)
    },
    **{
        function.__name__: function
        for function in (apply_, map_, map2_, is_set_to, const_data_ptr, dense_dim, dim_order, as_subclass, resize, resize_as,
                         module_load)
    },
    "unsqueeze_": _reshaping("unsqueeze_", unsqueeze),
    "as_strided_": _reshaping("as_strided_", as_strided),
}  # fmt: skip
