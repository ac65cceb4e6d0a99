"""Lucid: tensors and automatic differentiation for CPUs with PyTorch's API.

>>> import lucid
>>> x = lucid.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> print(x.grad)
[2.0, 4.0]
"""

import gc as _gc
import math

_collects = _gc.isenabled()
_gc.disable()  # nothing that an import makes is garbage: looking for it took a sixth of the time
try:
    from lucid import dtypes  # noqa: F401
    from lucid.dtypes import *  # noqa: F403
    from lucid.dtypes import cdouble, cfloat, chalf, double, half, long, short  # noqa: F401
    from lucid.dtypes import float_ as float  # noqa: F401
    from lucid.dtypes import int_ as int  # noqa: F401
    from lucid.formats import *  # noqa: F403
    from lucid.tensor import Size, Tensor, device  # noqa: F401

    from lucid import autograd  # noqa: F401, isort: skip
    from lucid import ops, random  # noqa: F401, isort: skip
    from lucid._kernels.core import OutOfMemoryError, empty_cache, memory_stats, set_cache_limit  # noqa: F401
    from lucid._kernels.threads import get_num_threads, set_num_threads  # noqa: F401
    from lucid.autograd.modes import (  # noqa: F401
        enable_grad,
        inference_mode,
        is_grad_enabled,
        is_inference_mode_enabled,
        no_grad,
        set_grad_enabled,
    )
    from lucid.config import show_config  # noqa: F401
    from lucid.printing import set_printoptions  # noqa: F401
    from lucid.questions import *  # noqa: F403
    from lucid.random import (  # noqa: F401
        Generator,
        default_generator,
        get_rng_state,
        initial_seed,
        manual_seed,
        seed,
        set_rng_state,
    )
    from lucid.settings import *  # noqa: F403
finally:
    if _collects:
        _gc.enable()

__version__ = "0.1.0"

has_lapack = has_openmp = has_spectral = True
has_mkl = False
e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None

globals().update(ops.declared(""))

# Imported when first used, as are the rarer operations (`ops.LATER`): they cost half of the time of `import lucid`.
_LATER = (
    "_C", "__config__", "_dynamo", "_inductor", "_tensor_str", "accelerator", "amp", "ao", "backends", "compiler", "cpu", "cuda",
    "distributed", "distributions", "export", "fft", "func", "functional", "futures", "fx", "hub", "jit", "library",
    "linalg", "masked", "mps", "multiprocessing", "nn", "onnx", "optim", "overrides", "profiler", "quasirandom",
    "serialization", "signal", "special", "storage", "testing", "torch_version", "types", "utils", "version", "xpu",
)  # fmt: skip
_LATER_NAMES = {
    name: module
    for module, names in {
        "alias": "install_as_torch",
        "amp.autocast_mode": """
            autocast autocast_decrement_nesting autocast_increment_nesting clear_autocast_cache get_autocast_cpu_dtype
            get_autocast_dtype is_autocast_cache_enabled is_autocast_cpu_enabled is_autocast_enabled
            set_autocast_cache_enabled set_autocast_cpu_dtype set_autocast_cpu_enabled set_autocast_dtype
            set_autocast_enabled
        """,
        "amp.grad_scaler": "GradScaler",
        "asserts": """
            _assert _assert_async _check _check_index _check_is_size _check_not_implemented _check_tensor_all
            _check_type _check_value _check_with
        """,
        "compiler": "compile",
        "control": "cond",
        "cuda": "Event Stream",
        "eigenpairs": "lobpcg",
        "func": "vmap",
        "futures": "Future",
        "fx": "SymBool SymFloat SymInt",
        "jit": "ScriptModule TensorType",
        "legacy": """
            BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
            ShortTensor set_default_tensor_type
        """,
        "overrides": "DisableTorchFunction DisableTorchFunctionSubclass",
        "serialization": "from_file load save",
        "storage": """
            BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage DoubleStorage
            FloatStorage HalfStorage IntStorage LongStorage PyTorchFileReader ShortStorage TypedStorage UntypedStorage
            is_storage
        """,
        "symbols": "sym_float sym_int sym_ite sym_max sym_min sym_not sym_sqrt sym_sum",
        "utils.dlpack": "to_dlpack",
    }.items()
    for name in names.split()
}


def __getattr__(name: str):
    if name in _LATER:
        import importlib

        return importlib.import_module(f"lucid.{name}")
    if name in _LATER_NAMES:
        import importlib

        return getattr(importlib.import_module(f"lucid.{_LATER_NAMES[name]}"), name)
    if name.startswith("_foreach_"):
        from lucid import foreach

        return getattr(foreach, name)
    if name == "__all__":
        return [one for one in __dir__() if not one.startswith("_")]
    if not name.startswith("__"):
        if name in _rest():
            return globals()[name]
        if name in ops.DECLARED:  # `_sample_dirichlet`, say, which packages call
            return ops.DECLARED[name].function
    raise AttributeError(f"module 'lucid' has no attribute {name!r}")


def _rest():
    """Enter the functions of the families that are loaded later, and return them."""
    found = {name: function for name, function in ops.published("").items() if name not in globals()}
    globals().update(found)
    return found


def __dir__():
    _rest()
    return sorted({*globals(), *(name for name in (*_LATER, *_LATER_NAMES) if name[0] != "_")})
