"""What the suite asks of a subject.

Design: a package with PyTorch's names needs nothing but its import name: every method below has a body for such a
package. One that differs overrides what differs (numpy.py is an example). Tensors cross the border storage by
storage: each torch storage becomes one flat tensor of the subject, and every argument a strided view of it, so that
overlapping arguments overlap and offsets stay. On the way back the suite sees the subject's memory itself (no copy),
which is how aliasing and in-place writes are observed.
"""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import results, torch_private
from ..cases import dtype_name, tree_map
from ..verdicts import Missing

try:
    import ml_dtypes
except ImportError:  # bfloat16 is then not judged
    ml_dtypes = None


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """The memory of a CPU tensor as an array (shared)."""
    if tensor.dtype is torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    if tensor.dtype is torch.complex32:
        return tensor.resolve_conj().view(torch.int32).numpy().view(ml_dtypes.complex32)
    return tensor.numpy()


def from_numpy(array: np.ndarray) -> torch.Tensor:
    """An array's memory as a tensor: shared, except where torch has no such strides or byte order."""
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    if ml_dtypes is not None and array.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    if ml_dtypes is not None and array.dtype == ml_dtypes.complex32:
        return torch.from_numpy(array.view(np.int32)).view(torch.complex32)
    return torch.from_numpy(array)


class Adapter:
    """A package with PyTorch's names."""

    package = ""  # import name
    differentiable = True  # has autograd
    stream = True  # claims PyTorch's random numbers; otherwise their distribution is judged
    thread_invariant = True  # claims the same bits at any number of threads
    readonly = True  # accepts read-only memory

    def __init__(self) -> None:
        self.module: Any = importlib.import_module(self.package)
        self.overrides: dict[str, Any] = {}  # path -> replacement; how selftest plants faults

    # -- names -------------------------------------------------------------------------------------------------------

    def resolve(self, path: str) -> Any:
        """The object at a torch path; raises `Missing`."""
        if path in self.overrides:
            return self.overrides[path]
        found = self.module
        for part in path.split("."):
            try:
                found = getattr(found, part)
            except (AttributeError, ImportError):
                if not isinstance(found, types.ModuleType):
                    raise Missing(path) from None
                try:
                    found = importlib.import_module(f"{found.__name__}.{part}")
                except ImportError:
                    raise Missing(path) from None
        return found

    def has(self, path: str) -> bool:
        try:
            self.resolve(path)
        except Missing:
            return False
        return True

    def is_absence(self, error: BaseException) -> bool:
        """Whether an AttributeError says that the subject lacks a name, rather than that it computed nonsense."""
        if not isinstance(error, AttributeError):
            return False
        owner = getattr(error, "obj", None)
        if isinstance(owner, types.ModuleType):
            return owner.__name__.split(".")[0] == self.package
        return owner is not None and (self.is_tensor(owner) or owner is getattr(self.module, "Tensor", None))

    @property
    def namespace(self) -> Any:
        """What stands for `torch` inside functions of PyTorch's test database."""
        return _Namespace(self)

    # -- tensors -----------------------------------------------------------------------------------------------------

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.module.Tensor)

    def dtype(self, dtype: torch.dtype) -> Any:
        found = getattr(self.module, dtype_name(dtype), None)
        if found is None:
            raise Missing(str(dtype))
        return found

    def dtype_name(self, value: Any) -> str | None:
        """'float32' for one of the subject's dtypes, None for anything else."""
        return str(value).rpartition(".")[2] if isinstance(value, self.module.dtype) else None

    def flat(self, storage: torch.Tensor, readonly: bool = False) -> Any:
        """A new one-dimensional tensor with these elements."""
        array = to_numpy(storage).copy()
        array.flags.writeable = not readonly
        return self.module.from_numpy(array)

    def strided(self, flat: Any, size: tuple, stride: tuple, offset: int) -> Any:
        return self.module.as_strided(flat, size, stride, offset)

    def leaf(self, tensor: Any) -> Any:
        """The same memory as a leaf that wants a gradient."""
        return tensor.detach().requires_grad_(True)

    def export(self, tensor: Any) -> torch.Tensor:
        """The subject's memory as a torch tensor without gradient."""
        return from_numpy(tensor.detach().numpy())

    def requires_grad(self, tensor: Any) -> bool:
        return bool(tensor.requires_grad)

    def other(self, value: Any) -> Any:
        """An argument that is no tensor: torch's own constants become the subject's."""
        if isinstance(value, torch.dtype):
            return self.dtype(value)
        if isinstance(value, torch.device):
            return str(value)
        if isinstance(value, (torch.memory_format, torch.layout)):
            return self.resolve(str(value).removeprefix("torch."))
        if isinstance(value, torch.nn.Module):
            return self.plain_module(value)
        if isinstance(value, types.FunctionType):
            return torch_private.rebind(value, self)
        return value

    def plain_module(self, module: torch.nn.Module) -> Any:
        """The subject's module of that class with the same constants, for a class that needs no arguments."""
        made = self.resolve(f"nn.{type(module).__name__}")()
        for name in type(module).__constants__:
            setattr(made, name, getattr(module, name))
        return made

    def convert(
        self, tree: Any, memo: dict, grad: bool = False, readonly: Callable[[torch.Tensor], bool] | None = None
    ) -> Any:
        """Arguments for the subject. `memo` keeps one flat tensor per storage; with `grad`, what wants one is a leaf;
        `readonly` says whose memory refuses to be written."""

        def one(value):
            if not isinstance(value, torch.Tensor):
                return self.other(value)
            wants = grad and value.requires_grad
            value = value.detach().resolve_conj().resolve_neg()
            key = (value.untyped_storage().data_ptr() or id(value), value.dtype)
            if key not in memo:
                memo[key] = self.flat(storage_of(value), readonly is not None and readonly(value))
            made = self.strided(memo[key], tuple(value.shape), value.stride(), value.storage_offset())
            memo.setdefault("alive", []).append(value)  # an address identifies a storage only while it lives
            return self.leaf(made) if wants else made

        return tree_map(one, tree)

    # -- gradients, randomness, threads ------------------------------------------------------------------------------

    def grad(self, outputs: list, inputs: list, cotangents: list, create_graph: bool = False) -> list:
        return list(
            self.resolve("autograd.grad")(outputs, inputs, cotangents, create_graph=create_graph, allow_unused=True)
        )

    def seed(self, seed: int) -> None:
        self.resolve("manual_seed")(seed)

    def set_threads(self, threads: int) -> None:
        self.resolve("set_num_threads")(threads)

    def simd_levels(self) -> list[str]:
        """Levels of vector instructions that can be forced, other than the one in use."""
        return []

    def simd_environment(self, level: str) -> dict[str, str]:
        """Environment variables that force a level in a new process."""
        return {}

    @contextlib.contextmanager
    def quiet(self):
        yield

    # -- for the record ----------------------------------------------------------------------------------------------

    def describe(self) -> results.Subject:
        name = type(self).__module__.rpartition(".")[2]
        return results.Subject(name, str(getattr(self.module, "__version__", "")), commit_of(self.module))


class _Namespace:
    """The subject's names from a path on. Modules are passed on as they are, except where something inside is replaced."""

    def __init__(self, subject: Adapter, path: str = ""):
        self._subject, self._path = subject, path

    def __getattr__(self, name: str):
        path = f"{self._path}{name}"
        found = self._subject.resolve(path)
        inside = isinstance(found, types.ModuleType) and any(p.startswith(f"{path}.") for p in self._subject.overrides)
        return _Namespace(self._subject, f"{path}.") if inside else found


def storage_of(tensor: torch.Tensor) -> torch.Tensor:
    """All elements of the storage behind a tensor, one-dimensional, shared."""
    storage = tensor.untyped_storage()
    count = storage.nbytes() // tensor.element_size()
    return torch.empty(0, dtype=tensor.dtype).set_(storage, 0, (count,), (1,))


def commit_of(module: Any) -> str:
    """The commit of a package that is used from its repository; '' for an installed one."""
    folder = Path(getattr(module, "__file__", None) or ".").resolve().parent
    if "site-packages" in folder.parts:
        return ""
    git = lambda *args: subprocess.run(["git", "-C", str(folder), *args], capture_output=True, text=True).stdout.strip()
    try:
        commit = git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if commit and git("status", "--porcelain", "--", ".") else "")
    except OSError:
        return ""
