"""The one file that reaches PyTorch's private testing modules (pinned to 2.13).

They hold the best collection of arguments there is, and 74 of its entries call torch inside a lambda. `rebind` makes a
copy of such a function in which every name that leads to torch leads to the subject instead.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import random
import types
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from .cases import follow, public_path
from .verdicts import Missing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal import common_methods_invocations, common_modules, common_optimizers
    from torch.testing._internal.opinfo import core

PRIVATE = "torch.testing."
FAMILY = {
    core.UnaryUfuncInfo: "unary",
    core.BinaryUfuncInfo: "binary",
    core.ReductionOpInfo: "reduction",
    core.SpectralFuncInfo: "fft",
    core.ShapeFuncInfo: "shape",
}

AS_IT_IS = core.SampleInput(None).output_process_fn_grad.__code__


@lru_cache(None)
def paths() -> dict[int, str]:
    """Identity of every public function -> its shortest torch path."""
    roots = ["nn.functional", "linalg", "special", "fft", "masked", "signal.windows", "nested", "Tensor", "_C._nn", ""]
    found: dict[int, str] = {}
    for root in roots:
        owner = follow(torch, root) if root else torch
        for name in dir(owner):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = getattr(owner, name, None)
            if callable(value) and not isinstance(value, type):
                found[id(value)] = f"{root}.{name}" if root else name
    return found


@lru_cache(None)
def entries() -> dict[str, list[Any]]:
    """Torch path -> the database's entries for it (several where it has named variants); aliases have a copy each."""
    found: dict[str, list[Any]] = {}
    for info in common_methods_invocations.op_db:
        found.setdefault(path_of(info), []).append(info)
    aliased: dict[str, list[Any]] = {}
    for info in common_methods_invocations.op_db:
        for alias in info.aliases:
            name = alias.name.removeprefix("torch.")
            if name not in found and alias.op is not None and follow(torch, name) is alias.op:
                made = copy.copy(info)
                made.name, made.op = name, alias.op
                aliased.setdefault(name, []).append(made)
    return found | aliased


@lru_cache(None)
def aliases() -> dict[str, str]:
    """Other public names of a function that the database has under one name."""
    return {alias.name.removeprefix("torch."): path_of(info) for info in common_methods_invocations.op_db for alias in info.aliases
            if follow(torch, alias.name) is not None}  # fmt: skip


def path_of(info: Any) -> str:
    """The entry's own name where that is what it calls, else the shortest public name of what it calls."""
    if type(info.op).__module__ == "torch._ops":
        return f"ops.aten.{info.name}"
    if follow(torch, info.name) is info.op:
        return info.name
    return paths().get(id(info.op)) or public_path(info.name)


# Linear algebra that stands outside of torch.linalg.
MATRICES = frozenset(
    ["cholesky", "cholesky_inverse", "cholesky_solve", "geqrf", "logdet", "lu", "lu_solve", "lu_unpack", "matrix_exp", "orgqr", "ormqr", "pca_lowrank", "pinverse", "qr", "svd", "svd_lowrank", "triangular_solve"]
)


def family_of(info: Any) -> str:
    if type(info) in FAMILY:
        return FAMILY[type(info)]
    path = path_of(info)
    if path in MATRICES:
        return "linalg"
    return next((f for f in ("linalg", "fft", "masked", "signal", "sparse") if path.startswith(f)), "other")


def supports(info: Any, dtype: torch.dtype) -> bool:
    return info.supports_dtype(dtype, "cpu")


def reseed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def samples(info: Any, dtype: torch.dtype, seed: int) -> list[Any]:
    """The database's samples: objects with input, args, kwargs, output_process_fn_grad."""
    reseed(seed)
    grad = info.supports_autograd and (dtype.is_floating_point or dtype.is_complex)
    return list(info.sample_inputs("cpu", dtype, requires_grad=grad))


def process_of(sample: Any) -> Callable | None:
    """What takes of a result what is unique; None where it is PyTorch's default, which returns the result as it is."""
    process = sample.output_process_fn_grad
    return None if getattr(process, "__code__", None) is AS_IT_IS else process


def gradient_wrapper(info: Any) -> Callable | None:
    """What an entry is called through where gradients are compared."""
    name = info.gradcheck_wrapper.__name__
    return None if name == "<lambda>" else MASKED.get(name, info.gradcheck_wrapper)


def _masked(op, input, *args, **kwargs):
    """The result, with 0 where all that it is made of is masked out: an infinite identity has no gradient worth asking."""
    mask = kwargs.get("mask")
    if mask is None:
        return op(input, *args, **kwargs)
    mask = torch.broadcast_to(mask.bool().clone(), input.shape)  # before the call, after which it may be written to
    output = op(input, *args, **kwargs)
    if mask.shape != output.shape:
        dims = kwargs.get("dim", next((a for a in args if not isinstance(a, float)), None))
        if dims is None or dims == ():
            dims = tuple(range(mask.ndim))
        for dim in sorted({d % mask.ndim for d in (dims if isinstance(dims, (tuple, list)) else (dims,))}, reverse=True):
            mask = torch.any(mask, dim, keepdim=kwargs.get("keepdim", False))
    return torch.where(mask, output, output.new_zeros([]))


def _masked_pair(op, input, *args, **kwargs):
    """The same of two tensors with a mask each."""
    first, second = kwargs.get("input_mask"), kwargs.get("other_mask")
    if first is None or second is None:
        return op(input, *args, **kwargs)
    both = torch.logical_and(first, second)
    output = op(input, *args, **kwargs)
    return torch.where(both, output, output.new_zeros([]))


# PyTorch's own call helpers of its masked package, which no other package has.
MASKED = {"gradcheck_wrapper_masked_operation": _masked, "gradcheck_wrapper_masked_pointwise_operation": _masked_pair}


def errors(info: Any, seed: int) -> Iterator[tuple[Any, type]]:
    """Samples that PyTorch refuses, with the exception's type."""
    if info.error_inputs_func is None:
        return
    reseed(seed)
    for item in info.error_inputs("cpu"):
        yield item.sample_input, item.error_type


def modules() -> list[Any]:
    return list(common_modules.module_db)


def module_inputs(info: Any, dtype: torch.dtype, training: bool, seed: int) -> list[Any]:
    reseed(seed)
    return list(info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=False, training=training))


def optimizers() -> list[Any]:
    return list(common_optimizers.optim_db)


def optimizer_inputs(info: Any) -> list[tuple[str, dict]]:
    return [(item.desc or "default", dict(item.kwargs)) for item in info.optim_inputs_func(device="cpu")]


# -- calling the subject where the database calls torch ----------------------------------------------------------------


def rebind(function: Callable, subject: Any) -> Callable:
    """`function` with the subject in torch's place."""
    return _rebind(function, subject, {})


@contextlib.contextmanager
def _no_freeze():
    yield


def _rebind(value: Any, subject: Any, done: dict[int, Any]) -> Any:
    if id(value) in done:
        return done[id(value)]
    if value is torch:
        return subject.namespace
    if isinstance(value, types.ModuleType) and value.__name__.startswith("torch."):
        return _Lazy(subject, value.__name__.removeprefix("torch."))
    if not isinstance(value, type) and callable(value) and id(value) in paths():
        return subject.resolve(paths()[id(value)])
    if (
        type(value).__module__ == "torch._ops"
        or isinstance(value, types.BuiltinFunctionType)
        and "torch" in str(getattr(value, "__self__", ""))
    ):
        raise Missing(str(value))
    if isinstance(value, functools.partial):
        return functools.partial(_rebind(value.func, subject, done), *value.args, **value.keywords)
    if isinstance(value, types.FunctionType) and (value.__module__ or "").startswith((PRIVATE, __name__)):
        if value.__name__ == "freeze_rng_state":
            return _no_freeze
        scope = dict(value.__globals__)
        cells = tuple(types.CellType(cell.cell_contents) for cell in value.__closure__ or ())
        made = types.FunctionType(value.__code__, scope, value.__name__, value.__defaults__, cells or None)
        made.__kwdefaults__ = value.__kwdefaults__
        done[id(value)] = made
        for name in _names(value.__code__):
            if name in scope:
                scope[name] = _rebind(scope[name], subject, done)
        for cell in cells:
            cell.cell_contents = _rebind(cell.cell_contents, subject, done)
        return made
    return value


def _names(code: types.CodeType) -> set[str]:
    """Global names a function and the functions inside it may read."""
    inner = [_names(const) for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*inner)


class _Lazy:
    """A submodule of torch inside a rebound function: looked up in the subject when it is used."""

    def __init__(self, subject: Any, path: str):
        self._subject, self._path = subject, path

    def __getattr__(self, name: str):
        return self._subject.resolve(f"{self._path}.{name}")
