"""The planted faults, as a table.

Each line: name, the function, its family, the check that is meant to see it, the fault in words, and a factory that is
given the right function and the subject's module and returns the wrong one. The wrong ones are written with the
module's own functions, so that they can be planted in any subject with PyTorch's names.
"""

from __future__ import annotations

import importlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

F = "nn.functional."
HALVES = ("float16", "bfloat16")


@dataclass(frozen=True)
class Mutant:
    name: str
    op: str
    family: str
    expected: str
    fault: str
    make: Callable[[Any, Any], Any]
    path: str = ""  # what is replaced, where that is not the op itself
    pool: bool = False  # needs a worker process
    level: str = ""  # planted at this SIMD level only
    claims: dict = field(default_factory=dict, hash=False)  # what the subject then claims
    dtypes: tuple[str, ...] = ("float32", "float64", "int64", "bool")
    reason: str = ""  # why it may survive

    def plant(self, subject: Any) -> None:
        path = self.path or self.op
        original = None if path.startswith("operator.") else subject.resolve(path)
        subject.overrides[path] = self.make(original, subject.module)
        for name, value in self.claims.items():
            setattr(subject, name, value)

    def __reduce__(self):  # factories do not travel between processes; names do
        return _by_name, (self.name,)


def _by_name(name: str) -> Mutant:
    return next(item for item in MUTANTS if item.name == name)


# -- kinds of fault ----------------------------------------------------------------------------------------------------


def bend(lib: Any, x: Any, change: Callable) -> Any:
    """x, with a gradient that `change` has spoilt."""
    if not x.requires_grad:
        return x

    class Bend(lib.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return value.clone()

        @staticmethod
        def backward(ctx, g):
            return change(g)

    return Bend.apply(x)


def gradient(change: Callable, position: int = 0) -> Callable:
    """The gradient of one argument is spoilt."""

    def factory(right, lib):
        def wrong(*args, **kwargs):
            args = list(args)
            if len(args) > position and isinstance(args[position], lib.Tensor):
                args[position] = bend(lib, args[position], change)
            return right(*args, **kwargs)

        return wrong

    return factory


def without(*names: str, at: dict[int, Any] | None = None) -> Callable:
    """Keywords are ignored; positional arguments beyond the first take the values in `at`."""

    def factory(right, lib):
        def wrong(*args, **kwargs):
            args = [at[i] if at and i in at else a for i, a in enumerate(args)]
            return right(*args, **{k: v for k, v in kwargs.items() if k not in names})

        return wrong

    return factory


def first_only(keep: int = 1, *names: str) -> Callable:
    """Only so many positional arguments are seen, and named keywords are ignored."""

    def factory(right, lib):
        return lambda *args, **kwargs: right(*args[:keep], **{k: v for k, v in kwargs.items() if k not in names})

    return factory


def after(change: Callable) -> Callable:
    """The result is changed: change(lib, result, args, kwargs)."""

    def factory(right, lib):
        return lambda *args, **kwargs: change(lib, right(*args, **kwargs), args, kwargs)

    return factory


def instead(function: Callable) -> Callable:
    """function(lib, *args, **kwargs) takes the place."""

    def factory(right, lib):
        return lambda *args, **kwargs: function(lib, *args, **kwargs)

    return factory


def _floating(x: Any) -> bool:
    return x.is_floating_point()


def _constant_gradient(right, lib):
    """The first gradient is right, and is a constant."""

    class Once(lib.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            ctx.save_for_backward(value)
            return right(value)

        @staticmethod
        def backward(ctx, g):
            (value,) = ctx.saved_tensors
            with lib.enable_grad():
                leaf = value.detach().requires_grad_(True)
                (found,) = lib.autograd.grad(right(leaf), [leaf], [g.detach()])
            return found.detach()

    return lambda x, **kwargs: Once.apply(x) if x.requires_grad and not kwargs else right(x, **kwargs)


def _without_tangent(right, lib):
    """In forward mode the argument counts as a constant."""
    forward = importlib.import_module(f"{lib.__name__}.autograd.forward_ad")
    return lambda x, *args, **kwargs: right(forward.unpack_dual(x).primal, *args, **kwargs)


def _in_vmap(x) -> bool:
    """Whether a tensor stands for a batch: it does not tell its values."""
    try:
        x.tolist()
    except RuntimeError:
        return True
    return False


def _first_dimension_in_vmap(right, lib):
    def wrong(x, dim=None, *args, **kwargs):
        return right(x, 0 if _in_vmap(x) and x.ndim > 1 else dim, *args, **kwargs)

    return wrong


def _promoted_in_vmap(right, lib):
    def wrong(x, *args, **kwargs):
        found = right(x, *args, **kwargs)
        return found.to(lib.float64) if _in_vmap(x) and x.ndim == 0 else found

    return wrong


def _tangent_by_position(right, lib):
    """The derivative of what is in another order."""
    forward = importlib.import_module(f"{lib.__name__}.autograd.forward_ad")

    def wrong(x, *args, **kwargs):
        primal, tangent = forward.unpack_dual(x)
        if tangent is None or x.ndim != 2:
            return right(x, *args, **kwargs)
        return right(forward.make_dual(primal, tangent.flip(0)), *args, **kwargs)

    return wrong


def _as_if_contiguous(right, lib):
    def wrong(x, *args, **kwargs):
        if not x.is_contiguous() and x.numel() and not x.requires_grad and 0 not in x.stride():
            strides, step = [], 1
            for size in reversed(x.shape):
                strides.insert(0, step)
                step *= size
            x = lib.as_strided(x, tuple(x.shape), tuple(strides), x.storage_offset())
        return right(x, *args, **kwargs)

    return wrong


def _as_if_first(right, lib):
    def wrong(x, *args, **kwargs):
        if x.storage_offset() and x.is_contiguous() and not x.requires_grad:
            x = lib.as_strided(x, tuple(x.shape), tuple(x.stride()), 0)
        return right(x, *args, **kwargs)

    return wrong


def _lost_sum(right, lib):
    """The gradient of a broadcast argument is its first part instead of the sum."""

    class Spread(lib.autograd.Function):
        @staticmethod
        def forward(ctx, value, shape):
            ctx.shape = tuple(value.shape)
            return value.expand(shape).clone()

        @staticmethod
        def backward(ctx, g):
            while g.dim() > len(ctx.shape):
                g = g[0]
            for dim, size in enumerate(ctx.shape):
                if size == 1:
                    g = g.narrow(dim, 0, 1)
            return g, None

    def wrong(x, y, **kwargs):
        tensors = isinstance(x, lib.Tensor) and isinstance(y, lib.Tensor)
        if not tensors or not y.requires_grad or x.numel() == 0 or y.numel() == 0:
            return right(x, y, **kwargs)
        shape = lib.broadcast_shapes(x.shape, y.shape)
        return right(x, Spread.apply(y, shape) if tuple(shape) != tuple(y.shape) else y, **kwargs)

    return wrong


def _modifies(right, lib):
    def wrong(x, *args, **kwargs):
        found = right(x, *args, **kwargs)
        if not x.requires_grad and _floating(x) and 0 not in x.stride():
            x.mul_(1.5)
        return found

    return wrong


def _kill(right, lib):
    def wrong(x, *args, **kwargs):
        if x.numel() == 0:
            os.kill(os.getpid(), signal.SIGSEGV)
        return right(x, *args, **kwargs)

    return wrong


def _sleep(right, lib):
    def wrong(x, *args, **kwargs):
        if x.dim() == 0 and x.dtype == lib.float64:
            time.sleep(3600)
        return right(x, *args, **kwargs)

    return wrong


def _swell(right, lib):
    def wrong(x, *args, **kwargs):
        if x.dim() == 0 and x.dtype == lib.float64:
            kept = []
            while True:
                kept.append(bytearray(os.urandom(1 << 16)) * 2048)
                time.sleep(0.05)
        return right(x, *args, **kwargs)

    return wrong


def _other_level(right, lib):
    def wrong(*args, **kwargs):
        found = right(*args, **kwargs)
        return found * 1.001 if os.environ.get("CONFORMANCE_SELFTEST_LEVEL") else found

    return wrong


def _racing(right, lib):
    return lambda *args, **kwargs: right(*args, **kwargs) * (1 + 1e-7 * (lib.get_num_threads() - 1))


def _drifting(right, lib):
    calls = [0]

    def wrong(*args, **kwargs):
        calls[0] += 1
        found = right(*args, **kwargs)
        return found * (1 + 2.5e-7 * (calls[0] % 2)) if _floating(found) else found

    return wrong


def _subclass(change: Callable) -> Callable:
    """A class replaced by one derived from it: change(base, lib) -> class."""
    return lambda right, lib: change(right, lib)


# -- wrong functions ---------------------------------------------------------------------------------------------------


def _leaky(lib, x, negative_slope=0.01, inplace=False):
    made = lib.where(x >= 0, x, x * negative_slope)
    return made if not inplace else x.copy_(made)


def _logsumexp(lib, x, dim, keepdim=False, **kwargs):
    return lib.log(lib.exp(x).sum(dim, keepdim=keepdim))


def _amax(lib, x, dim=None, keepdim=False, **kwargs):
    if isinstance(dim, int) and x.dim() and not kwargs:
        return lib.max(x, dim, keepdim=keepdim).values
    return lib.amax(x, () if dim is None else dim, keepdim, **kwargs)


def _prod(lib, x, *args, **kwargs):
    if args or kwargs or not x.requires_grad:
        return lib.prod(x, *args, **kwargs)
    out = lib.prod(x.detach())
    return out + ((x - x.detach()) * (out / x.detach())).sum() if bool((x.detach() != 0).all()) else out + 0 * x.sum()


def _gather(lib, x, dim, index, **kwargs):
    found = lib.gather(x, dim, index, **kwargs)
    if not x.requires_grad:
        return found

    class Overwrite(lib.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return lib.gather(value, dim, index)

        @staticmethod
        def backward(ctx, g):
            return lib.zeros(x.shape, dtype=g.dtype).scatter(dim, index, g)

    return Overwrite.apply(x)


def _softmax_grad(lib, x, dim=None, *args, dtype=None, **kwargs):
    if dtype is not None or not _floating(x):
        return lib.softmax(x, dim, dtype=dtype)
    return lib.softmax(bend(lib, x, lambda g: 2 * g), dim)


def _truncated(lib, found, args, kwargs):
    if found.dtype is not lib.bfloat16 or kwargs:
        return found
    exact = lib.exp(args[0].detach().float())
    return found + ((exact.view(lib.int32) & -65536).view(lib.float32).bfloat16() - found.detach()).nan_to_num()


def _mean_of_rounded_sum(lib, x, *args, **kwargs):
    mean = lib.mean(x, *args, **kwargs)
    return lib.sum(x, *args, **kwargs) / (x.numel() / max(mean.numel(), 1)) if mean.dtype is x.dtype and mean.numel() else mean


def _half_at_other_level(right, lib):
    def wrong(x, *args, **kwargs):
        found = right(x, *args, **kwargs)
        return found.bfloat16().to(found.dtype) if os.environ.get("CONFORMANCE_SELFTEST_LEVEL") else found

    return wrong


def _softmax_without_sum(lib, x, dim, dtype=None):
    if dtype is not None or not x.requires_grad:
        return lib.softmax(x, dim, dtype=dtype)

    class Own(lib.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            out = lib.softmax(value, dim)
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, g):
            (out,) = ctx.saved_tensors
            return out * (g - (g * out).sum(dim, keepdim=True).to(g.dtype) * 0.9)

    return Own.apply(x)


def _maximum(lib, x, y, **kwargs):
    if kwargs or not (_floating(x) and _floating(y)) or bool((x != x).any()) or bool((y != y).any()):
        return lib.maximum(x, y, **kwargs)
    return lib.where(x >= y, x, y)


def _add_truncating(lib, x, y, **kwargs):
    tensors = isinstance(x, lib.Tensor) and isinstance(y, lib.Tensor)
    if tensors and x.dim() == 1 and y.dim() == 1 and 1 not in (len(x), len(y)):
        n = min(len(x), len(y))
        return lib.add(x[:n], y[:n], **kwargs)
    return lib.add(x, y, **kwargs)


def _inv(lib, x, **kwargs):
    try:
        return lib.linalg.inv(x, **kwargs)
    except RuntimeError:
        return lib.full_like(x, float("inf"))


def _index_select(lib, x, dim, index, **kwargs):
    if x.dim() and x.shape[dim]:
        index = index.clamp(0, x.shape[dim] - 1)
    return lib.index_select(x, dim, index, **kwargs)


def _masked_fill(lib, x, mask, value):
    if not x.requires_grad:
        return lib.masked_fill(x, mask, value)
    return x + (lib.masked_fill(x, mask, value) - x).detach()


def _batch_norm(lib, x, running_mean, running_var, *args, **kwargs):
    copy = lambda t: None if t is None else t.clone()
    return lib.nn.functional.batch_norm(x, copy(running_mean), copy(running_var), *args, **kwargs)


def _promote(lib, x, y, *args, **kwargs):
    found = lib.add(x, y, *args, **kwargs)
    both = isinstance(x, lib.Tensor) and isinstance(y, lib.Tensor)
    if both and not _floating(x) and not x.is_complex() and _floating(y) and "out" not in kwargs:
        return found.to(lib.float64)
    return found


def _linear(change: Callable) -> Callable:
    def factory(base, lib):
        return change(base, lib)

    return factory


def _init_bound(base, lib):
    class Linear(base):
        def reset_parameters(self):
            super().reset_parameters()
            with lib.no_grad():
                self.weight.mul_(1.1)

    return Linear


def _renamed(base, lib):
    class Linear(base):
        def state_dict(self, *args, **kwargs):
            found = super().state_dict(*args, **kwargs)
            return {key.replace("weight", "kernel"): value for key, value in found.items()}

    return Linear


def _forward(change: Callable) -> Callable:
    """A module whose forward is changed: change(lib, module, result, args)."""

    def factory(base, lib):
        class Changed(base):
            def forward(self, *args, **kwargs):
                return change(lib, self, super().forward(*args, **kwargs), args)

        return Changed

    return factory


def _never_evaluates(base, lib):
    class Changed(base):
        def train(self, mode=True):
            return super().train(True)

    return Changed


def _running(base, lib):
    class Changed(base):
        def forward(self, x):
            kept = {name: buffer.clone() for name, buffer in self.named_buffers()}
            found = super().forward(x)
            for name, buffer in self.named_buffers():
                buffer.copy_(kept[name])
            return found

    return Changed


def _configured(**fixed: Any) -> Callable:
    """A class that ignores what it is told and takes these keywords."""

    def factory(base, lib):
        class Changed(base):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **{**kwargs, **fixed})

        Changed.__name__ = base.__name__
        return Changed

    return factory


def _state_key(base, lib):
    class Changed(base):
        def state_dict(self):
            found = super().state_dict()
            rename = lambda entry: {("m" if k == "exp_avg" else k): v for k, v in entry.items()}
            return {**found, "state": {i: rename(entry) for i, entry in found["state"].items()}}

    return Changed


def _late_step(base, lib):
    class Changed(base):
        def get_lr(self):
            self.last_epoch -= 1
            try:
                return super().get_lr()
            finally:
                self.last_epoch += 1

    return Changed


def _forgets(base, lib):
    class Changed(base):
        def load_state_dict(self, state):
            pass

    return Changed


def _unguarded_sin(lib, x, **kw):
    """A gradient that looks at the result's memory, and does not notice that it was written to."""
    if kw or not x.requires_grad:
        return lib.sin(x, **kw)

    class Sin(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.result = lib.sin(x)
            ctx.before = ctx.result.clone()
            return ctx.result

        @staticmethod
        def backward(ctx, g):
            return g * lib.cos(*ctx.saved_tensors) * lib.equal(ctx.result, ctx.before)

    return Sin.apply(x)


def _cos_with_result(lib, x, **kw):
    """A gradient for which the result is kept besides."""
    if kw or not x.requires_grad:
        return lib.cos(x, **kw)

    class Cos(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = lib.cos(x)
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            return -g * lib.sin(ctx.saved_tensors[0])

    return Cos.apply(x)


M = Mutant
MUTANTS: list[Mutant] = [
    # elementwise, one argument
    M("leaky_relu-slope-at-zero", F + "leaky_relu", "unary", "grad", "slope 1 at exactly 0", instead(_leaky)),
    M("leaky_relu-ignores-slope", F + "leaky_relu", "unary", "value", "negative_slope is ignored", first_only(1, "negative_slope")),
    M("relu-half-at-zero", F + "relu", "unary", "grad", "gradient 1/2 at 0, as of maximum(x, 0)",
      instead(lambda lib, x, inplace=False: lib.maximum(x, lib.zeros_like(x)) if not inplace else lib.relu_(x))),
    M("elu-ignores-alpha", F + "elu", "unary", "value", "alpha is ignored", first_only(1, "alpha")),
    M("gelu-ignores-approximate", F + "gelu", "unary", "value", "approximate='tanh' is ignored", first_only(1, "approximate")),
    M("softplus-ignores-threshold", F + "softplus", "unary", "value", "threshold is ignored", first_only(2, "threshold")),
    M("hardtanh-ignores-max", F + "hardtanh", "unary", "value", "max_val is ignored", first_only(2, "max_val")),
    M("log1p-naive", "log1p", "unary", "accuracy", "log(1 + x)", instead(lambda lib, x, **kw: lib.log(1 + x, **kw))),
    M("expm1-naive", "expm1", "unary", "accuracy", "exp(x) - 1",
      instead(lambda lib, x, **kw: lib.exp(x, **kw) - 1 if not kw else lib.expm1(x, **kw))),
    M("exp-small-bias", "exp", "unary", "accuracy", "too large by 1.2e-6, within the tolerance of the value check",
      after(lambda lib, y, a, k: y * (1 + 1.2e-6) if y.dtype == lib.float32 and not k else y)),
    M("erf-large-bias", "erf", "unary", "value", "too large by 1e-3", after(lambda lib, y, a, k: y * 1.001 if not k else y)),
    M("sigmoid-sign-of-gradient", "sigmoid", "unary", "grad", "gradient of the wrong sign", gradient(lambda g: -g)),
    M("tanh-scale-of-gradient", "tanh", "unary", "grad", "gradient 1 % too large", gradient(lambda g: g * 1.01)),
    M("sin-no-second-gradient", "sin", "unary", "grad2", "the gradient is a constant", _constant_gradient),
    M("square-no-tangent", "square", "unary", "tangent", "no derivative in forward mode", _without_tangent),
    M("cumsum-tangent-turned", "cumsum", "reduction", "tangent", "the tangent's rows are turned round", _tangent_by_position),
    M("softmax-batch-dimension", "softmax", "reduction", "vmap", "over a batch, along the first dimension", _first_dimension_in_vmap),
    M("atan-batch-dtype", "atan", "unary", "vmap", "numbers of a batch become float64", _promoted_in_vmap),
    M("sinh-batched-gradient", "sinh", "unary", "batched_grad", "twice the gradient, of a batch of them",
      gradient(lambda g: g * 2 if _in_vmap(g) else g)),
    M("cosh-batched-gradient", "cosh", "unary", "batched_grad", "of a batch of gradients the elements turned round",
      gradient(lambda g: g.flip(-1) * 0.5 if _in_vmap(g) and g.ndim else g)),
    M("cos-second-gradient-scale", "cos", "unary", "grad2", "second gradient along the cotangent is wrong",
      gradient(lambda g: g + (g - g.detach()) * 0.5)),
    M("sqrt-nan-hidden", "sqrt", "unary", "nonfinite", "0 instead of NaN below 0",
      after(lambda lib, y, a, k: lib.where(y != y, lib.zeros_like(y), y) if not k else y)),
    M("exp2-overflow-hidden", "exp2", "unary", "nonfinite", "the largest number instead of infinity",
      after(lambda lib, y, a, k: y.clamp(max=lib.finfo(y.dtype).max) if not k else y)),
    M("reciprocal-wrong-infinity", "reciprocal", "unary", "nonfinite", "inf at -0.0",
      after(lambda lib, y, a, k: lib.where(lib.isinf(y), lib.abs(y), y) if not k else y)),
    M("sign-dtype", "sign", "unary", "dtype", "float64 results", after(lambda lib, y, a, k: y.to(lib.float64) if not k else y)),
    M("isnan-dtype", "isnan", "unary", "dtype", "uint8 instead of bool", after(lambda lib, y, a, k: y.to(lib.uint8))),
    M("sigmoid-integer-dtype", "sigmoid", "unary", "promotion", "integers give float64",
      after(lambda lib, y, a, k: y.to(lib.float64) if not k and not _floating(a[0]) and not a[0].is_complex() else y)),
    M("square-0d", "square", "unary", "shape", "a 0-d result gets a dimension",
      after(lambda lib, y, a, k: y.reshape(1) if y.dim() == 0 and not k else y)),
    M("floor-0d", "floor", "unary", "empty", "a 0-d result gets a dimension",
      after(lambda lib, y, a, k: y.reshape(1) if y.dim() == 0 and not k else y)),
    M("neg-inplace-copy", "neg", "unary", "inplace", "neg_ returns a new tensor", instead(lambda lib, x: lib.neg(x)),
      path="Tensor.neg_"),
    M("tanh-inplace-other", "tanh", "unary", "inplace", "tanh_ changes its tensor and returns a copy",
      after(lambda lib, y, a, k: y.clone()), path="Tensor.tanh_"),
    M("mul-inplace-gradient", "mul", "binary", "inplace", "no gradient flows through mul_", instead(
        lambda lib, x, y: x.copy_(lib.mul(x.detach(), y.detach() if isinstance(y, lib.Tensor) else y))), path="Tensor.mul_"),
    M("abs-method", "abs", "unary", "method", "the method negates", after(lambda lib, y, a, k: -y), path="Tensor.abs"),
    M("cos-out-ignored", "cos", "unary", "out", "out= is not filled",
      instead(lambda lib, x, out=None: lib.cos(x))),
    M("floor-any-out", "floor", "unary", "refusals", "out= may be of any floating dtype",
      instead(lambda lib, x, out=None: lib.floor(x) if out is None else out.copy_(lib.floor(x)) if _floating(out) else lib.floor(x, out=out))),
    M("sqrt-inplace-refuses-as-value", "sqrt", "unary", "refusals", "sqrt_ of integers answers",
      instead(lambda lib, x: x.copy_(lib.sqrt(x))), path="Tensor.sqrt_"),
    M("exp-overlapping-out", "exp", "unary", "overlap", "out= may meet the argument in part",
      instead(lambda lib, x, out=None: lib.exp(x) if out is None else out.copy_(lib.exp(x)))),
    M("relu-modifies", F + "relu", "unary", "unmodified", "its argument is scaled", _modifies),
    M("round-half-up", "round", "unary", "value", "halves go up instead of to even",
      instead(lambda lib, x, **kw: lib.floor(x + 0.5) if not kw and _floating(x) else lib.round(x, **kw))),
    M("clamp-ignores-max", "clamp", "unary", "value", "max is ignored when min is given",
      instead(lambda lib, x, min=None, max=None, **kw: lib.clamp(x, min, None if min is not None else max, **kw))),
    M("logit-ignores-eps", "logit", "unary", "value", "eps is ignored", first_only(1, "eps")),
    M("erfc-strides", "erfc", "unary", "layouts", "reads a non-contiguous argument as if it were contiguous", _as_if_contiguous),
    M("atan-offset", "atan", "unary", "layouts", "reads from the start of the storage", _as_if_first),
    M("asin-crash", "asin", "unary", "crash", "kills the process on an empty tensor", _kill, pool=True),
    M("acos-hang", "acos", "unary", "hang", "never answers for a 0-d float64 tensor", _sleep, pool=True),
    M("atanh-memory", "atanh", "unary", "memory", "allocates without end for a 0-d float64 tensor", _swell, pool=True),
    M("sinh-one-level", "sinh", "unary", "simd", "wrong at one SIMD level", _other_level, pool=True, level="other"),
    M("cosh-threads", "cosh", "unary", "threads", "last bits depend on the number of threads", _racing,
      claims={"thread_invariant": True}),
    M("asinh-drifts", "asinh", "unary", "repeat", "every second call differs in the last bits", _drifting),
    # that only cases of PyTorch's database, or of functions that write into an argument, show
    M("fft-out-copied", "fft.fft", "fft", "out", "out= is filled, and a copy returned",
      after(lambda lib, y, a, k: y.clone() if "out" in k else y)),
    M("ifft-any-out", "fft.ifft", "fft", "refusals", "of real numbers too, out= may be of any complex dtype",
      instead(lambda lib, x, *a, out=None, **kw: lib.fft.ifft(x if out is None else x.to(x.dtype.to_complex()), *a, out=out, **kw))),
    M("irfft-complex-out", "fft.irfft", "fft", "refusals", "real results go into a complex out=, too",
      instead(lambda lib, x, *a, out=None, **kw: out.copy_(lib.fft.irfft(x, *a, **kw)) if out is not None and out.is_complex()
              else lib.fft.irfft(x, *a, **kw, **({} if out is None else {"out": out})))),
    M("eigh-out-copied", "linalg.eigh", "linalg", "out", "out= is filled, and copies returned",
      after(lambda lib, y, a, k: tuple(one.clone() for one in y) if "out" in k else y)),
    M("zeros_like-recorded", "zeros_like", "creation", "grad", "constant results require a gradient",
      after(lambda lib, y, a, k: y.requires_grad_() if a[0].requires_grad and _floating(y) else y)),
    M("neg_-offset", "neg_", "inplace", "layouts", "a tensor that starts within its storage is not written",
      instead(lambda lib, x: x if x.storage_offset() else lib.neg_(x))),
    # elementwise, two arguments
    M("add-ignores-alpha", "add", "binary", "value", "alpha is ignored", without("alpha")),
    M("sub-operator-swapped", "sub", "binary", "operator", "y - x", instead(lambda lib, x, y: y - x), path="operator.sub"),
    M("mul-lost-sum", "mul", "binary", "grad", "the gradient of a broadcast argument is not summed", _lost_sum),
    M("div-ignores-rounding", "div", "binary", "value", "rounding_mode is ignored", without("rounding_mode")),
    M("pow-exponent-gradient", "pow", "binary", "grad", "gradient of the exponent is lost",
      gradient(lambda g: g * 0, position=1)),
    M("maximum-ties", "maximum", "binary", "grad", "ties give the whole gradient to the first", instead(_maximum)),
    M("atan2-swapped", "atan2", "binary", "value", "arguments swapped", instead(lambda lib, x, y, **kw: lib.atan2(y, x, **kw))),
    M("add-promotion", "add", "binary", "promotion", "an integer with any floating dtype gives float64", instead(_promote)),
    M("linear-casts-bias", "nn.functional.linear", "linalg", "promotion", "a bias of another dtype is converted",
      instead(lambda lib, x, w, b=None: lib.nn.functional.linear(x, w, b if b is None else b.to(w.dtype)))),
    M("bce-target-dtype", "nn.functional.binary_cross_entropy_with_logits", "nn", "promotion", "the loss has the logits' dtype",
      after(lambda lib, y, a, k: y.to(a[0].dtype))),
    M("fmod-as-remainder", "fmod", "binary", "value", "sign of the divisor instead of the dividend",
      instead(lambda lib, x, y, **kw: lib.remainder(x, y, **kw))),
    M("eq-dtype", "eq", "binary", "dtype", "uint8 instead of bool",
      after(lambda lib, y, a, k: y.to(lib.uint8) if "out" not in k else y)),
    M("add-truncates", "add", "binary", "exceptions", "shapes that do not broadcast are cut", instead(_add_truncating)),
    M("lt-includes-equal", "lt", "binary", "value", "equal numbers count as less", instead(lambda lib, x, y, **kw: lib.le(x, y, **kw))),
    M("hypot-out", "hypot", "binary", "out", "out= is filled, and a copy returned",
      after(lambda lib, y, a, k: y.clone() if "out" in k else y)),
    M("logaddexp-naive", "logaddexp", "binary", "nonfinite", "log(exp(x) + exp(y)) overflows",
      instead(lambda lib, x, y, **kw: lib.log(lib.exp(x) + lib.exp(y), **kw))),
    M("copysign-argument-changed", "copysign", "binary", "unmodified", "its first argument is scaled", _modifies),
    # reductions
    M("sum-wrong-axis", "sum", "reduction", "shape", "dim counted from the other end",
      instead(lambda lib, x, dim=None, *a, **kw: lib.sum(x, *(() if dim is None else (-1 - dim if isinstance(dim, int) else dim,)), *a, **kw))),
    M("sum-ignores-keepdim", "sum", "reduction", "shape", "keepdim is ignored", without("keepdim")),
    M("mean-gradient-scale", "mean", "reduction", "grad", "gradient not divided by the count", gradient(lambda g: g * 3)),
    M("var-ignores-correction", "var", "reduction", "value", "correction and unbiased are ignored", without("correction", "unbiased")),
    M("amax-ties", "amax", "reduction", "grad", "ties give the whole gradient to one", instead(_amax)),
    M("sin-unguarded", "sin", "unary", "overwritten", "the gradient does not notice that the result was written to", instead(_unguarded_sin)),
    M("cos-keeps-result", "cos", "unary", "kept", "no gradient once the result was written to", instead(_cos_with_result)),
    M("argmax-last", "argmax", "reduction", "value", "the last of equal maxima", after(
        lambda lib, y, a, k: a[0].numel() - 1 - lib.argmax(a[0].flatten().flip(0)) if len(a) == 1 and not k and a[0].dim() else y)),
    M("sum-integer-dtype", "sum", "reduction", "dtype", "integers add up to int32",
      after(lambda lib, y, a, k: y.to(lib.int32) if y.dtype == lib.int64 and "out" not in k else y)),
    M("logsumexp-naive", "logsumexp", "reduction", "nonfinite", "overflows", instead(_logsumexp)),
    M("prod-gradient-at-zero", "prod", "reduction", "grad", "no gradient where a factor is zero", instead(_prod)),
    M("any-of-nothing", "any", "reduction", "empty", "true for no elements",
      after(lambda lib, y, a, k: y | True if a[0].numel() == 0 and not k else y)),
    M("std-of-one", "std", "reduction", "nonfinite", "0 instead of NaN for one element",
      after(lambda lib, y, a, k: lib.where(y != y, lib.zeros_like(y), y) if "out" not in k else y)),
    M("mean-threads", "mean", "reduction", "threads", "last bits depend on the number of threads", _racing,
      claims={"thread_invariant": True}),
    M("cumsum-wrong-axis", "cumsum", "reduction", "value", "the first dimension, whatever dim says",
      instead(lambda lib, x, dim=0, **kw: lib.cumsum(x, 0, **kw))),
    M("norm-ignores-p", "linalg.vector_norm", "reduction", "value", "ord is ignored", first_only(1, "ord")),
    # shapes
    M("transpose-copies", "transpose", "shape", "alias", "a copy instead of a view", after(lambda lib, y, a, k: y.clone())),
    M("reshape-copies", "reshape", "shape", "alias", "always copies", after(lambda lib, y, a, k: y.clone())),
    M("clone-views", "clone", "shape", "alias", "returns its argument", instead(lambda lib, x, **kw: x.view(x.shape))),
    M("split-copies", "split", "shape", "alias", "copies instead of views",
      after(lambda lib, y, a, k: type(y)(part.clone() for part in y))),
    M("permute-strides", "permute", "shape", "alias", "a contiguous copy", after(lambda lib, y, a, k: y.clone().contiguous())),
    M("flip-takes-bools", "flip", "shape", "kinds", "a bool counts as 0 or 1, a float as what it is cut to",
      instead(lambda lib, x, dims: lib.flip(x, tuple(map(int, dims)) if isinstance(dims, (tuple, list)) else (int(dims),)))),
    M("flip-wrong-axis", "flip", "shape", "value", "always the first dimension",
      instead(lambda lib, x, *dims, **kw: lib.flip(x, (0,)) if x.dim() else x.clone())),
    M("cat-order", "cat", "shape", "value", "parts in reverse order",
      instead(lambda lib, parts, *a, **kw: lib.cat(list(parts)[::-1], *a, **kw))),
    M("squeeze-all", "squeeze", "shape", "shape", "dim is ignored", first_only(1, "dim")),
    M("tril-ignores-diagonal", "tril", "shape", "value", "diagonal is ignored", first_only(1, "diagonal")),
    M("pad-ignores-value", F + "pad", "shape", "value", "value is ignored", without("value", at={3: 0.0})),
    M("stack-as-cat", "stack", "shape", "shape", "no new dimension", instead(lambda lib, t, dim=0, **kw: lib.cat(list(t), 0, **kw))),
    # indexing, sorting
    M("gather-duplicates", "gather", "index", "grad", "the gradient of a repeated index is overwritten, not added", instead(_gather)),
    M("index_select-clamps", "index_select", "index", "exceptions", "an index out of range is clamped", instead(_index_select)),
    M("masked_fill-gradient", "masked_fill", "index", "grad", "gradient flows through filled places", instead(_masked_fill)),
    M("where-swapped", "where", "index", "value", "branches swapped",
      instead(lambda lib, c, *rest: lib.where(c, *rest[::-1]) if len(rest) == 2 else lib.where(c))),
    M("sort-ignores-descending", "sort", "index", "value", "descending is ignored", without("descending", at={2: False})),
    M("topk-ignores-largest", "topk", "index", "value", "largest is ignored",
      instead(lambda lib, x, k, dim=-1, largest=True, sorted=True, **kw: lib.topk(x, k, dim, True, sorted, **kw))),
    M("scatter_add-overwrites", "scatter_add", "index", "value", "writes instead of adding",
      instead(lambda lib, x, dim, index, src, **kw: lib.scatter(x, dim, index, src, **kw))),
    M("sort-structure", "sort", "index", "shape", "a list instead of a named tuple", after(lambda lib, y, a, k: list(y))),
    # half precision
    M("add-half-number-unrounded", "add", "binary", "rounding", "a number beside half precision is not rounded first",
      instead(lambda lib, x, y, **kw: lib.add(x.float(), y, **kw).to(x.dtype) if isinstance(y, float) else lib.add(x, y, **kw)),
      dtypes=HALVES),
    M("mul-half-number-rounded", "mul", "binary", "rounding", "a number that multiplies half precision is rounded first",
      instead(lambda lib, x, y, **kw: lib.mul(x, lib.full_like(x, y) if isinstance(y, float) else y, **kw)), dtypes=HALVES),
    M("tanh-half-scale-of-gradient", "tanh", "half", "grad", "gradient in float16 1 % too large", gradient(lambda g: g * 1.01),
      dtypes=("float16",)),
    M("softmax-half-gradient-sum", "softmax", "half", "grad", "what is taken off the gradient in half precision is a tenth too small",
      instead(_softmax_without_sum), dtypes=HALVES),
    M("expm1-half-steps", "expm1", "half", "value", "exp(x) - 1, rounded in between",
      instead(lambda lib, x, **kw: lib.exp(x) - 1 if not kw and _floating(x) else lib.expm1(x, **kw)), dtypes=HALVES),
    M("exp-half-truncated", "exp", "half", "accuracy", "in bfloat16 digits are cut off rather than rounded", after(_truncated),
      dtypes=("bfloat16",)),
    M("bmm-half-steps", "bmm", "half", "accuracy", "products in half precision are rounded before they are added",
      instead(lambda lib, x, y, **kw: lib.bmm(x, y, **kw) if kw else (x.unsqueeze(-1) * y.unsqueeze(-3)).sum(-2)), dtypes=HALVES),
    M("glu-half-steps", F + "glu", "half", "accuracy", "the gate is rounded before it multiplies",
      instead(lambda lib, x, dim=-1: lib.mul(x.chunk(2, dim)[0], lib.sigmoid(x.chunk(2, dim)[1])) if x.dim() else lib.nn.functional.glu(x, dim)),
      dtypes=HALVES),
    M("mean-half-sum-overflows", "mean", "half", "nonfinite", "the sum is rounded to half precision before it is divided",
      instead(_mean_of_rounded_sum), dtypes=("float16",)),
    M("exp-half-gives-float32", "exp", "half", "dtype", "half precision comes back as float32",
      after(lambda lib, y, a, k: y.float() if y.dtype in (lib.float16, lib.bfloat16) and not k else y), dtypes=HALVES),
    M("tanh-half-at-one-level", "tanh", "half", "simd", "float16 goes through bfloat16 at one SIMD level",
      _half_at_other_level, pool=True, level="other", dtypes=("float16",)),
    # linear algebra
    M("matmul-transposed", "matmul", "linalg", "value", "the second matrix is transposed when it is square",
      instead(lambda lib, x, y, **kw: lib.matmul(x, y.mT if y.dim() > 1 and y.shape[-1] == y.shape[-2] else y, **kw))),
    M("matmul-vector-shape", "matmul", "linalg", "shape", "matrix times vector keeps a dimension",
      after(lambda lib, y, a, k: y.unsqueeze(-1) if a[1].dim() == 1 and a[0].dim() > 1 and not k else y)),
    M("matmul-gradient", "matmul", "linalg", "grad", "gradient of the second argument is negated", gradient(lambda g: -g, 1)),
    M("solve-gradient", "linalg.solve", "linalg", "grad", "gradient of the matrix is lost", gradient(lambda g: g * 0)),
    M("inv-of-singular", "linalg.inv", "linalg", "exceptions", "infinities instead of an error", instead(_inv)),
    M("det-second-gradient", "linalg.det", "linalg", "grad2", "the gradient is a constant", _constant_gradient),
    # neural networks
    M("conv2d-forgets-bias", F + "conv2d", "nn", "value", "the bias is forgotten",
      instead(lambda lib, x, w, bias=None, *a, **kw: lib.nn.functional.conv2d(x, w, None, *a, **kw))),
    M("conv2d-weight-gradient", F + "conv2d", "nn", "grad", "gradient of the weights doubled", gradient(lambda g: 2 * g, 1)),
    M("max_pool2d-ceil", F + "max_pool2d", "nn", "shape", "ceil_mode is ignored", without("ceil_mode")),
    M("avg_pool2d-count", F + "avg_pool2d", "nn", "value", "count_include_pad is ignored", without("count_include_pad")),
    M("layer_norm-eps", F + "layer_norm", "nn", "value", "eps is ignored", without("eps", at={4: 1e-5})),
    M("avg_pool2d-format", F + "avg_pool2d", "nn", "formats", "the result forgets that channels lie last",
      after(lambda lib, y, a, k: y.contiguous())),
    M("batch_norm-statistics", F + "batch_norm", "nn", "unmodified", "running statistics are not updated", instead(_batch_norm)),
    M("cross_entropy-smoothing", F + "cross_entropy", "nn", "value", "label_smoothing is ignored", without("label_smoothing")),
    M("mse_loss-reduction", F + "mse_loss", "nn", "shape", "reduction is ignored", without("reduction")),
    M("softmax-gradient-doubled", F + "softmax", "nn", "grad", "gradient doubled: invisible to a cotangent of ones", instead(_softmax_grad)),
    M("embedding-padding", F + "embedding", "nn", "grad", "padding_idx receives a gradient",
      instead(lambda lib, i, w, padding_idx=None, *a, **kw: lib.nn.functional.embedding(i, w, None, *a, **kw))),
    M("dropout-scale", F + "dropout", "nn", "value", "kept elements are not scaled",
      after(lambda lib, y, a, k: y * 0.5 if not k.get("inplace") else y)),
    # random numbers
    M("rand_like-other-stream", "rand_like", "random", "stream", "numbers in another order", after(lambda lib, y, a, k: y.flip(0) if y.dim() else 1 - y)),
    M("bernoulli-complement", "bernoulli", "random", "stream", "1 - p", instead(
        lambda lib, x, *a, **kw: 1 - lib.bernoulli(x, *a, **kw) if not kw.get("out") else lib.bernoulli(x, *a, **kw))),
    # what programs see
    M("grad-allows-unused", "autograd.grad", "graph", "behaviour", "an unused input is no error",
      instead(lambda lib, *a, **kw: lib.autograd.grad(*a, **{**kw, "allow_unused": True}))),
    # modules, optimizers, schedulers
    M("linear-initial-weights", "nn.Linear", "module", "init", "weights 10 % too large", _init_bound),
    M("linear-names", "nn.Linear", "module", "state_dict", "the weight is called kernel", _renamed),
    M("linear-forward", "nn.Linear", "module", "forward", "the output is negated", _forward(lambda lib, m, y, a: -y)),
    M("layernorm-gradient", "nn.LayerNorm", "module", "module_grad", "gradient doubled", _forward(
        lambda lib, m, y, a: bend(lib, y, lambda g: 2 * g))),
    M("dropout-never-evaluates", "nn.Dropout", "module", "train_eval", "eval() is ignored", _never_evaluates),
    M("batchnorm-statistics", "nn.BatchNorm1d", "module", "train_eval", "running statistics are not updated", _running),
    M("adam-eps", "optim.Adam", "optimizer", "steps", "eps of 1e-3 whatever is asked", _configured(eps=1e-3)),
    M("sgd-nesterov", "optim.SGD", "optimizer", "steps", "nesterov is ignored", _configured(nesterov=False)),
    M("adamw-decay", "optim.AdamW", "optimizer", "steps", "weight decay is lost", _configured(weight_decay=0.0)),
    M("rmsprop-centered", "optim.RMSprop", "optimizer", "steps", "centered is ignored", _configured(centered=False)),
    M("adam-state-key", "optim.Adam", "optimizer", "state", "exp_avg is called m", _state_key),
    M("steplr-late", "optim.lr_scheduler.StepLR", "scheduler", "rates", "one epoch late", _late_step),
    M("plateau-patience", "optim.lr_scheduler.ReduceLROnPlateau", "scheduler", "rates", "patience is ignored", _configured(patience=10)),
    # programs
    M("grad-doubled", "autograd.grad", "program", "behaviour", "gradients are doubled", after(
        lambda lib, found, a, k: tuple(g if g is None else 2 * g for g in found))),
    M("no_grad-records", "no_grad", "program", "behaviour", "recording goes on", instead(lambda lib: lib.enable_grad())),
    M("kl-exchanged", "distributions.kl_divergence", "program", "behaviour", "p and q are exchanged", instead(
        lambda lib, p, q: lib.distributions.kl_divergence(q, p))),
    M("laplace-unchecked", "distributions.Laplace", "program", "behaviour", "arguments are not checked", _configured(validate_args=False)),
    M("exponentiallr-forgets", "optim.lr_scheduler.ExponentialLR", "scheduler", "rates", "its state is not restored", _forgets),
]  # fmt: skip
