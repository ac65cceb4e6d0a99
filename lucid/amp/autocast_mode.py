"""`autocast`: inside the block, products of matrices run in half precision, and what would suffer from it in float32.

While it is on, every call of an operation comes through `_call` first (`core.set_autocaster`), which casts the
arguments as the tables below say. An operation that stands nowhere there runs as it is: one with a rule of its own with autocast
off inside, one that is made of others with autocast on, unless PyTorch casts nothing in it (`PLAIN`).
"""

from __future__ import annotations

import collections.abc
import functools
import threading
import warnings

import numpy as np

from lucid import dtypes
from lucid._kernels import core
from lucid.autograd.node import Supplied
from lucid.autograd.op import DECLARED
from lucid.tensor import Tensor

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

LOWER = (
    "addbmm addmm baddbmm bmm conv_tbc matmul mm linalg.vecdot nn.functional.conv1d nn.functional.conv2d "
    "nn.functional.conv3d nn.functional.conv_transpose1d nn.functional.conv_transpose2d nn.functional.conv_transpose3d "
    "nn.functional.linear nn.functional.prelu nn.functional.scaled_dot_product_attention"
)
WIDER = (
    "binary_cross_entropy_with_logits cdist cholesky cholesky_inverse cholesky_solve geqrf grid_sampler grid_sampler_2d "
    "grid_sampler_3d inverse lu lu_solve margin_ranking_loss nanquantile orgqr ormqr pinverse polar prod quantile stft "
    "svd trace triangular_solve triplet_margin_loss view_as_complex linalg.cholesky linalg.cholesky_ex linalg.cond "
    "linalg.eig linalg.eigh linalg.eigvals linalg.eigvalsh linalg.householder_product linalg.inv linalg.inv_ex "
    "linalg.lstsq linalg.matrix_rank linalg.qr linalg.solve linalg.svd linalg.svdvals linalg.tensorinv "
    "linalg.tensorsolve max_pool3d nn.functional.adaptive_avg_pool3d nn.functional.adaptive_max_pool3d_with_indices "
    "nn.functional.avg_pool3d nn.functional.binary_cross_entropy nn.functional.binary_cross_entropy_with_logits "
    "nn.functional.cosine_embedding_loss nn.functional.cross_entropy nn.functional.ctc_loss "
    "nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool2d_with_indices "
    "nn.functional.fractional_max_pool3d nn.functional.fractional_max_pool3d_with_indices nn.functional.grid_sample "
    "nn.functional.hinge_embedding_loss nn.functional.huber_loss nn.functional.kl_div "
    "nn.functional.margin_ranking_loss nn.functional.max_pool3d nn.functional.multi_margin_loss "
    "nn.functional.multilabel_margin_loss nn.functional.nll_loss nn.functional.poisson_nll_loss "
    "nn.functional.smooth_l1_loss nn.functional.soft_margin_loss nn.functional.triplet_margin_loss"
)
WIDEST = "cat stack index_copy"
PLAIN = "bilinear dot mv vdot nn.functional.bilinear nn.functional.max_pool3d_with_indices"

DEVICES = ("cpu", "cuda", "xpu", "mps", "hpu", "xla", "mtia", "maia", "ipu")  # of the others none is there
HALVES = (dtypes.bfloat16, dtypes.float16)


class _State(threading.local):
    """What a thread has set."""

    def __init__(self):
        self.enabled = dict.fromkeys(DEVICES, False)
        self.dtypes = dict.fromkeys(DEVICES, dtypes.float16) | {"cpu": dtypes.bfloat16}
        self.caching, self.nesting = True, 0
        self.casts: dict[int, tuple[Tensor, Tensor]] = {}  # of weights, each beside what it was cast to


_state = _State()


@functools.cache
def _policy() -> dict:
    """How an operation's arguments are cast: a function of them, which gives None where what it is made of is to be cast."""
    Supplied.load_all()
    named = ((LOWER, _lower), (WIDER, _wider), (WIDEST, _widest), (PLAIN, _as_given))
    found = {DECLARED[path]: how for paths, how in named for path in paths.split()}
    special = {
        "inner": _inner, "linalg.pinv": None, "nn.functional.l1_loss": _unless_weighted,
        "nn.functional.mse_loss": _unless_weighted, "nn.functional.pad": _pad, "_recurrent": _recurrent,
    }  # fmt: skip
    return found | {DECLARED[path]: how for path, how in special.items()}


def _call(op, values: list):
    """A call while autocast is on."""
    how = _policy().get(op, None if op.kind == "composite" else _as_given)
    core.set_autocast(False)
    try:
        plain = op.out_at >= 0 and values[op.out_at] is not None
        cast = values if plain else how and how(values)
        if cast is not None:
            return core.call_with(op, cast)
    finally:
        core.set_autocast(True)
    return core.call_with(op, values)


core.set_autocaster(_call)


def _eligible(value) -> bool:
    return isinstance(value, Tensor) and value.dtype.is_floating_point and value.dtype is not dtypes.float64


def _each(cast, values):
    """The values with the tensors among them cast, in sequences too."""
    found = []
    for value in values:
        if _eligible(value):
            value = cast(value)
        elif type(value) in (list, tuple):
            value = type(value)(_each(cast, value))
        found.append(value)
    return found


def _as_given(values: list) -> list:
    return values


def _lower(values: list) -> list:
    return _each(functools.partial(_half, dtype=_state.dtypes["cpu"]), values)


def _half(tensor: Tensor, dtype) -> Tensor:
    """The tensor in half precision; a weight is cast once for the whole block."""
    if not (_state.caching and tensor.requires_grad and tensor.is_leaf and core.is_grad_enabled()):
        return tensor.to(dtype)
    known = _state.casts.get(id(tensor))
    if known is None or known[1].dtype is not dtype:
        _state.casts[id(tensor)] = known = (tensor, tensor.to(dtype))
    return known[1]


def _wider(values: list) -> list:
    return _each(lambda tensor: tensor.to(dtypes.float32), values)


def _inner(values: list) -> list:
    dims = {value.dim() for value in values[:2]}
    return values if 0 in dims or dims == {1} else _lower(values)


def _recurrent(values: list) -> list | None:
    return _lower(values) if values[0] == "LSTM" else None


def _unless_weighted(values: list) -> list:
    return _wider(values) if values[5] is None else values


def _pad(values: list) -> list:
    return _wider(values) if values[2] in ("reflect", "replicate") else values


def _widest(values: list) -> list:
    found = []
    _each(found.append, values)
    if all(tensor.dtype is _state.dtypes["cpu"] for tensor in found):
        return values
    return _wider(values)


# ------------------------------------------------------------------------------------------------ what is set


def _device(name: str, device_type) -> str:
    if device_type not in DEVICES:
        raise RuntimeError(f"{name}(): {device_type!r} is no device type, which are {', '.join(DEVICES)}")
    return device_type


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` knows a type of device.

    Parameters
    ----------
    device_type : str
        "cpu", say.

    Returns
    -------
    bool

    Examples
    --------
    >>> lucid.amp.is_autocast_available("cpu")
    True
    """
    if not isinstance(device_type, str):
        raise TypeError(f"is_autocast_available(): argument 'device_type' must be str, not {type(device_type).__name__}")
    return _device("is_autocast_available", device_type) in DEVICES


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether this thread is in an `autocast` block for a type of device."""
    return _state.enabled[_device("is_autocast_enabled", device_type)]


def set_autocast_enabled(device_type, enabled: bool | None = None) -> None:
    """Switch autocast in this thread; given a bool alone, for CUDA, which is not there."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    if not isinstance(enabled, bool):
        raise TypeError(f"set_autocast_enabled(): argument 'enabled' must be bool, not {type(enabled).__name__}")
    _state.enabled[_device("set_autocast_enabled", device_type)] = enabled
    if device_type == "cpu":
        core.set_autocast(enabled)


def get_autocast_dtype(device_type: str):
    """The dtype that `autocast` computes in where it is given none."""
    return _state.dtypes[_device("get_autocast_dtype", device_type)]


def set_autocast_dtype(device_type: str, dtype) -> None:
    """Set the dtype that `autocast` computes in."""
    _state.dtypes[_device("set_autocast_dtype", device_type)] = dtypes.as_dtype(dtype)


def is_autocast_cpu_enabled() -> bool:
    """Whether this thread is in an `autocast` block for the CPU."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """Switch autocast for the CPU in this thread."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype():
    """The dtype that `autocast` computes in on the CPU."""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype) -> None:
    """Set the dtype that `autocast` computes in on the CPU."""
    set_autocast_dtype("cpu", dtype)


def is_autocast_cache_enabled() -> bool:
    """Whether a weight is cast once for all its uses in an `autocast` block."""
    return _state.caching


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Say whether a weight is cast once for all its uses in an `autocast` block."""
    if not isinstance(enabled, bool):
        raise TypeError(f"set_autocast_cache_enabled(): argument 'enabled' must be bool, not {type(enabled).__name__}")
    _state.caching = enabled


def clear_autocast_cache() -> None:
    """Forget the weights that were cast in an `autocast` block, as its end does."""
    _state.casts.clear()


def autocast_increment_nesting() -> int:
    """Enter one more `autocast` block; how many there are now."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """Leave an `autocast` block; how many there are still."""
    _state.nesting -= 1
    return _state.nesting


class autocast:
    """In a block or a function: products of matrices in half precision, losses and the like in float32.

    Parameters
    ----------
    device_type : str
        "cpu"; with another, which is not there, the block does nothing, and "cuda" warns.
    dtype : dtype, optional
        bfloat16 (default) or float16; another one warns, and the block does nothing.
    enabled : bool, optional
        False: the block computes as usual, though it stands in another.
    cache_enabled : bool, optional
        Whether a weight is cast once for all its uses in the block.

    Raises
    ------
    RuntimeError
        If there is no such type of device.
    ValueError
        If it is no string.

    Notes
    -----
    Linear layers, convolutions, attention and products of matrices take float32 and half precision and compute in
    `dtype`; losses, decompositions, `prod` and others that `lucid/amp/autocast_mode.py` lists compute in float32; everything else
    computes in the dtype that it is given. float64 is never cast. Gradients of weights are of the weights' dtype.
    Half precision is computed in float32 and rounded: it saves memory, not time.

    Examples
    --------
    >>> layer = lucid.nn.Linear(2, 1)
    >>> with lucid.autocast("cpu"):
    ...     y = layer(lucid.ones(1, 2))
    >>> y.dtype
    lucid.bfloat16
    """

    def __init__(self, device_type: str, dtype=None, enabled: bool = True, cache_enabled: bool | None = None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if device_type not in DEVICES:
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        if enabled and device_type == "cuda":
            warnings.warn("CUDA is not available. Disabling autocast.", stacklevel=2)
            enabled = False
        elif enabled and self.fast_dtype not in HALVES:
            warnings.warn(
                f"In {device_type.upper()} autocast, but the target dtype is not supported. Disabling autocast. It only "
                f"supports {' and '.join(map(str, HALVES))}.", stacklevel=2,
            )  # fmt: skip
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> autocast:
        self._before = (
            is_autocast_cache_enabled(), is_autocast_enabled(self.device), get_autocast_dtype(self.device),
        )  # fmt: skip
        self._set(self._cache_enabled, self._enabled, self.fast_dtype)
        autocast_increment_nesting()
        return self

    def __exit__(self, *error) -> bool:
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        self._set(*self._before)
        return False

    def _set(self, caching: bool, enabled: bool, dtype) -> None:
        set_autocast_enabled(self.device, enabled)
        set_autocast_dtype(self.device, dtype)
        set_autocast_cache_enabled(caching)

    def __call__(self, func):
        """The function with its body in such a block."""
        if not callable(func):
            raise TypeError(f"autocast()(func) requires a callable, but got {type(func).__name__}; use it with `with`")

        @functools.wraps(func)
        def decorated(*args, **kwargs):
            with self:
                return func(*args, **kwargs)

        return decorated


def as_it_is() -> autocast:
    """A block in which autocast is what it is now."""
    return autocast("cpu", get_autocast_dtype("cpu"), is_autocast_enabled("cpu"), is_autocast_cache_enabled())


# ------------------------------------------------------------------------------------------------ Functions


def custom_fwd(fwd=None, *, device_type: str, cast_inputs=None):
    """Decorate the `forward` of a Function: what autocast is there, `custom_bwd` finds again.

    Parameters
    ----------
    fwd : callable, optional
        The function; without it a decorator is returned.
    device_type : str
        "cpu", say.
    cast_inputs : dtype, optional
        In an autocast block, cast floating-point tensors to this dtype and run with autocast off.

    Returns
    -------
    callable

    Examples
    --------
    >>> class Product(lucid.autograd.Function):
    ...     @staticmethod
    ...     @lucid.amp.custom_fwd(device_type="cpu", cast_inputs=lucid.float32)
    ...     def forward(ctx, x, y):
    ...         return x @ y
    >>> with lucid.autocast("cpu"):
    ...     Product.apply(lucid.ones(1, 2), lucid.ones(2, 1)).dtype
    lucid.float32
    """
    _check_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(*args, **kwargs):
        ctx, on = args[0], is_autocast_enabled(device_type)
        ctx._dtype, ctx._fwd_used_autocast = get_autocast_dtype(device_type), on and cast_inputs is None
        if cast_inputs is None or not on:
            return fwd(*args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(*_cast(args, cast_inputs), **_cast(kwargs, cast_inputs))

    return decorated


def custom_bwd(bwd=None, *, device_type: str):
    """Decorate the `backward` of a Function: it runs with autocast as its `forward` did, which `custom_fwd` decorates.

    Parameters
    ----------
    bwd : callable, optional
        The function; without it a decorator is returned.
    device_type : str
        "cpu", say.

    Returns
    -------
    callable

    Examples
    --------
    >>> class Double(lucid.autograd.Function):
    ...     @staticmethod
    ...     @lucid.amp.custom_fwd(device_type="cpu")
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     @lucid.amp.custom_bwd(device_type="cpu")
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> x = lucid.tensor(3.0, requires_grad=True)
    >>> Double.apply(x).backward()
    >>> x.grad
    Tensor(2.0)
    """
    _check_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(*args, **kwargs):
        with autocast(device_type, args[0]._dtype, args[0]._fwd_used_autocast):
            return bwd(*args, **kwargs)

    return decorated


def _check_type(device_type) -> None:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def _cast(value, dtype):
    if isinstance(value, Tensor):
        return value.to(dtype) if _eligible(value) else value
    if isinstance(value, (str, bytes, np.ndarray)):
        return value
    if isinstance(value, collections.abc.Mapping):
        return {_cast(key, dtype): _cast(one, dtype) for key, one in value.items()}
    if isinstance(value, collections.abc.Iterable):
        found = (_cast(one, dtype) for one in value)
        return type(value)(found) if isinstance(value, (list, tuple)) else found
    return value
