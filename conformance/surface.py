"""PyTorch's public names as the denominator: which of them the subject has, and whether they say the same.

Design: (a) names come from PyTorch's own lists (modules, classes, `torch.overrides`), never from a list of ours, so a
new release brings new names by itself. (b) Every name gets one status; none is dropped. What is not asked of a dense
CPU library is out of scope with its reason, decided by the rules below and in scope.py; a package that is out of scope
as a whole is one line that says how many names it holds. (c) Whether a name conforms is for the run to say; a name that
is there and was not judged is `present`, which is no praise.
"""

from __future__ import annotations

import importlib
import types
import typing
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import torch
import torch.overrides

from . import scope, signatures
from .results import Op, Report, Surface, SurfaceName

# Where PyTorch publishes names: modules, and the classes whose members a program calls.
MODULES = (
    "", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn", "nn.utils.prune", "nn.utils.parametrize",
    "nn.utils.parametrizations", "nn.utils.stateless", "nn.attention", "nn.attention.bias", "nn.attention.flex_attention", "nn.parameter", "optim", "optim.lr_scheduler",
    "optim.swa_utils", "linalg", "fft", "special", "autograd", "autograd.functional", "autograd.graph",
    "autograd.forward_ad", "utils.data", "utils.checkpoint", "utils.dlpack", "random", "func", "signal.windows",
    "distributions", "masked", "amp", "testing", "serialization", "overrides", "fx", "quasirandom", "accelerator", "backends.cuda",
    "backends.mha", "cpu", "library", "nn.modules.module", "return_types", "utils", "utils.deterministic", "utils.module_tracker", "utils.weak",
    "utils.benchmark",
)  # fmt: skip
CLASSES = (
    "Tensor", "nn.Module", "nn.Sequential", "nn.ModuleList", "nn.ModuleDict", "nn.ParameterList", "nn.ParameterDict",
    "optim.Optimizer", "optim.lr_scheduler.LRScheduler", "autograd.Function", "Generator", "finfo", "iinfo", "dtype",
    "device", "Size", "quasirandom.SobolEngine", "no_grad", "set_grad_enabled", "inference_mode", "autograd.set_multithreading_enabled",
    "nn.RNNBase", "nn.LSTM", "nn.MultiheadAttention", "nn.utils.rnn.PackedSequence", "optim.lr_scheduler.SequentialLR", "utils.data.DataLoader",
    "return_types.max", "TypedStorage", "UntypedStorage", "cpu.Stream", "cpu.Event", "utils.module_tracker.ModuleTracker", "utils.weak.WeakIdKeyDictionary",
    "nn.attention.flex_attention.BlockMask", "library.Library", "utils.benchmark.Measurement", "utils.benchmark.TaskSpec", "utils.benchmark.Timer", "utils.benchmark.Compare",
    "utils.benchmark.Fuzzer", "utils.benchmark.FuzzedParameter", "utils.benchmark.FuzzedTensor",
)  # fmt: skip

INTERNAL = "PyTorch's own machinery, public only by its name"
LEAKED = "a name that a module of PyTorch imports for itself"
# The first reason with a pattern that matches counts. Paths are without the leading `torch.`.
RULES = {
    "CUDA": (
        "*cuda* *cudnn* *autocast_gpu* profiler_allow_cuda* batch_norm_* Tensor.record_stream "
        "Generator.graphsafe_* nn.attention.*flash_attention*"
    ),
    "CUDA and ROCm": "*miopen*",
    "another accelerator": (
        "*_xla* *_ipu* *_mtia* *_maia* *_xpu* *_hpu* *_mps* *vulkan* Tensor.xpu Tensor.ipu Tensor.hpu "
        "Tensor.mtia AcceleratorError accelerator.graphs accelerator.memory mps mtia xpu Event Stream cpu.get_capabilities "
        "autograd.graph.set_*stream* nn.Module.ipu nn.Module.mtia nn.Module.xpu utils.backend_registration "
        "utils.checkpoint.get_device_states utils.checkpoint.set_device_states utils.checkpoint.DefaultDeviceType"
    ),
    "sparse tensors": (
        "*sparse* utils.benchmark.FuzzedSparseTensor optim.SparseAdam *crow_indices* *ccol_indices* *col_indices* *row_indices* *indices_copy "
        "*values_copy Tensor.indices Tensor.values Tensor.coalesce Tensor.is_coalesced Tensor.to_dense dsmm hsmm "
        "hspmm smm *.smm spmm saddmm *sspaddmm"
    ),
    "nested (jagged) tensors": "jagged nested *is_nested Tensor.to_padded_tensor",
    "quantized tensors": (
        "*quantize* *quantization* nn.quantizable nn.qat nn.intrinsic ao *dequantize *qparams* *fake_quant* "
        "*fbgemm* *int_repr *q_scale *q_zero_point *q_per_channel* *qscheme* per_channel_* per_tensor_* qint* "
        "quint* QInt* QUInt* nn.functional.scaled_*mm nn.functional.ScalingType "
        "nn.functional.SwizzleType empty_quantized"
    ),
    "floating-point types of accelerators": "float8_* float4_* *Storage.float8_*",
    "sub-byte types without arithmetic": "bit bits* int[1-7] uint[1-7]",
    "a memory layout of oneDNN": "*mkldnn*",
    "distributed training": (
        "distributed Tensor.*distributed is_distributed nn.DataParallel nn.SyncBatchNorm nn.parallel "
        "utils.data.*istributed*"
    ),
    "TorchScript": (
        "jit jit.* *torchscript* import_ir_module* parse_* merge_type_from_type_comment unify_type_list fork "
        "wait classes JITException nn.functional.BroadcastingList* nn.functional.boolean_dispatch "
        "testing.FileCheck"
    ),
    "symbolic shapes of the compiler": "sym_constrain_range* sym_fresh_size Sym*",
    "the compiler": (
        "nn.attention.flex_attention.FlexKernelOptions nn.attention.flex_attention.BlockMask.as_tuple compile compiler export fx.config fx.experimental fx.passes fx.operator_schemas fx.tensor_type fx.traceback nn.Module.compile "
        "autograd.graph.region_activation_memory_budget utils.checkpoint.fx_traceback utils.checkpoint.GraphExecGroup"
    ),
    "control flow for the compiler": "while_loop",
    "packaging of compiled models": "package",
    "a downloader": "hub",
    "an exporter": "onnx",
    "sharing between processes": "prepare_multiprocessing_environment",
    "registration of operators written in C++": (
        "ops cpp *privateuse1* utils.cpp_* utils.cmake_prefix_path utils.file_baton utils.get_cpp_backtrace "
        "library.fallthrough_kernel library.get_ctx library.get_kernel library.*triton* library.Library.fallback "
        "library.Library.register_symm_mem_args library.register_autocast"
    ),
    "data pipes, deprecated by PyTorch": (
        "utils.data.*DataPipe* utils.data.*datapipe* utils.data.DataChunk utils.data.argument_validation "
        "utils.data.runtime_validation* utils.data.*deterministic* utils.data.graph*"
    ),
    "named tensors, a prototype of PyTorch": "Tensor.*names* Tensor.align_* Tensor.*rename* Tensor.refine_names",
    "storage classes: a tensor's memory is a NumPy array": (
        "Storage StorageBase storage UntypedStorage.mps *Storage.hpu"
    ),
    "removed: PyTorch raises and names linalg's function": (
        "eig lstsq matrix_rank solve symeig Tensor.eig Tensor.lstsq Tensor.solve Tensor.symeig"
    ),
    "removed: PyTorch raises": "Tensor.reinforce autograd.variable",
    "removed: PyTorch ignores it": "Tensor.volatile",
    "PyTorch itself has no kernel of it for CPUs": "native_norm",
    "dimensions as objects, a prototype of PyTorch": "Tensor.index",
    "a choice by operators of PyTorch's own dispatcher (torch.ops.aten)": (
        "utils.checkpoint.CheckpointPolicy utils.checkpoint.SAC_IGNORED_OPS "
        "utils.checkpoint.*elective*"
    ),
    "switches of libraries that PyTorch is linked with": "backends",
    INTERNAL: (
        "nn.functional.native_* serialization.* PRIVATE_OPS USE_* classproperty "
        "compiled_with_cxx11_abi get_file_path thread_safe_generator random.thread_safe_generator "
        "init_num_threads slice_inverse torch_version windows Tensor.slice_inverse FatalError "
        "Tensor.__dlpack_c_exchange_api__ functional types func.debug_unwrap autograd.NestedIOFunction "
        "nn.Module.T_destination nn.modules.module.T_destination nn.functional.DType return_types.return_types "
        "return_types.pytree_register_structseq utils.data.DataLoader.check_worker_number_rationality utils.backcompat UntypedStorage.__delitem__ "
        "utils.benchmark.Measurement.__post_init__ utils.collect_env utils.ThroughputBenchmark utils.throughput_benchmark"
    ),
    "results written to `out=` are of their operation's class": (
        "return_types.*_out"
    ),
    "a profiler of PyTorch's own runtime": (
        "autograd.profiler_legacy autograd.profiler_util autograd.*Profiler* autograd.kineto_available autograd.DeviceType monitor "
        "profiler.ExecutionTraceObserver profiler.itt profiler.profiler profiler.RecordScope profiler.*Trace*Observer"
    ),
    "counts of instructions by Callgrind": "utils.benchmark.*allgrind* utils.benchmark.FunctionCount*",
    "asynchronous execution of PyTorch's own runtime": "futures",
    "dispatch of PyTorch's own subclasses": "*torch_dispatch*",
    LEAKED: (
        "nn.attention.bias.F *.reproducibility_notes *.sparse_support_notes *.tf32_notes *.common_* *.factory_common_args "
        "*.multi_dim_common TYPE_CHECKING *.TYPE_CHECKING nn.functional.*_torch_function* autograd.functional.fwAD"
    ),
}
# Names a pattern above would take along: dense after all, or what programs for one CPU ask and call of what is out of scope.
ASKED = (
    "nn.init.sparse", "nn.init.sparse_", "utils.dlpack.to_dlpack", "compile", "compiler.disable", "compiler.is_compiling",
    "nn.Module.compile", "jit.load", "jit.save", "jit.script", "jit.ignore", "jit.export", "jit.unused", "jit.is_scripting", "jit.is_tracing", "jit.annotate", "jit.isinstance",
    "cuda.is_available", "cuda.device_count", "cuda.is_initialized", "cuda.empty_cache", "cuda.manual_seed", "cuda.manual_seed_all",
    "cuda.current_device", "cuda.synchronize", "cuda.get_device_name", "cuda.memory_allocated", "cuda.Stream", "xpu.is_available",
    "mps.is_available", "accelerator.is_available", "accelerator.current_accelerator", "Tensor.cuda", "nn.Module.cuda",
    "distributed.is_available", "distributed.is_initialized", "distributed.get_rank", "distributed.all_reduce", "nn.DataParallel",
    "nn.parallel.DistributedDataParallel", "nn.SyncBatchNorm", "utils.checkpoint.get_device_states",
    "utils.checkpoint.set_device_states", "set_default_tensor_type", "library.custom_op", "library.register_autograd",
    "library.register_fake", "utils.data.DistributedSampler", "nn.attention.flex_attention", "export.load", "export.save", "export.ExportedProgram",
    "export.ExportGraphSignature", "overrides.TorchFunctionMode", "overrides.BaseTorchFunctionMode", "fx.CodeGen", "fx.ProxyableClassMeta",
    *(f"backends.cuda.{name}" for name in (
        "enable_flash_sdp", "flash_sdp_enabled", "enable_math_sdp", "math_sdp_enabled", "enable_mem_efficient_sdp", "mem_efficient_sdp_enabled",
        "enable_cudnn_sdp", "cudnn_sdp_enabled", "allow_fp16_bf16_reduction_math_sdp", "fp16_bf16_reduction_math_sdp_allowed",
        "is_flash_attention_available")),
    "fx.PH", "Tensor.to_dense", "library.register_kernel", "serialization.LoadEndianness", "serialization.add_safe_globals",
    "serialization.clear_safe_globals", "serialization.get_default_load_endianness", "serialization.get_safe_globals",
    "serialization.get_unsafe_globals_in_checkpoint", "serialization.safe_globals", "serialization.set_default_load_endianness",
)  # fmt: skip
# An object's own nature, where its name says nothing.
PRIVATE = "private to PyTorch (leading underscore)"
COMPILER = "TorchScript's and the compiler's own classes"

# Python's operators and the op whose `operator` check judges them.
OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "floordiv": "floor_divide",
    "mod": "remainder", "matmul": "matmul", "neg": "neg", "abs": "abs", "invert": "bitwise_not", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
    "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip


# -- the denominator ---------------------------------------------------------------------------------------------------


def _follow(path: str) -> Any:
    found: Any = torch
    for part in filter(None, path.split(".")):
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(f"{found.__name__}.{part}")
    return found


def _members(owner: Any) -> Iterator[str]:
    """Public names of a module or class, and the protocols of Python that a class of PyTorch defines itself.

    What a class inherits from Python's own types, or from a class that is listed too, is not counted again.
    """
    inherited: set[str] = set()
    if isinstance(owner, type):
        listed = [_follow(path) for path in CLASSES]
        for base in owner.__mro__[1:]:
            if base in listed or base.__module__ in ("builtins", "typing", "enum"):
                inherited |= {name for name in dir(base) if name not in vars(owner)}
        inherited |= {"__annotations__", "__module__", "__dict__", "__weakref__", "__doc__", "__hash__", "__slots__"}
        inherited |= {"__constants__", "__jit_unused_properties__", "__orig_bases__", "__parameters__"}  # TorchScript's and typing's
    for name in dir(owner):
        special = name.startswith("__") and name.endswith("__") and isinstance(owner, type)
        if name not in inherited and (special or not name.startswith("_")):
            yield name


def names() -> dict[str, tuple[str, Any]]:
    """Every public path of PyTorch, without `torch.` -> (its group, the object)."""
    found: dict[str, tuple[str, Any]] = {}
    for name in ("torch.onnx", "torch.utils.cpp_extension"):  # loaded only on demand; the count must not depend on who demanded it
        importlib.import_module(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in ASKED:
            found[path] = path.rpartition(".")[0] or "torch", _follow(path)
        for owner in (*MODULES, *CLASSES):
            holder = _follow(owner)
            group = owner or "torch"
            for name in _members(holder):
                value = getattr(holder, name, None)
                path = f"{owner}.{name}" if owner else name
                found.setdefault(path, (group, value))
        for functions in torch.overrides.get_overridable_functions().values():
            for function in functions:
                path = (torch.overrides.resolve_name(function) or "").removeprefix("torch.").removesuffix(".__get__")
                path = path.removesuffix(".__set__").removeprefix("functional.")
                if path and path not in found:
                    found[path] = (path.rpartition(".")[0] or "torch", function)
    return found


def out_of_scope(path: str, value: Any) -> str:
    """The reason why a name is not asked, '' when it is."""
    name = path.rpartition(".")[2]
    if path.startswith("sparse.") or path == "sparse":
        return "sparse tensors"
    private = any(p.startswith("_") and not (p.startswith("__") and p.endswith("__")) for p in path.split("."))
    if private:
        return PRIVATE
    if isinstance(value, types.ModuleType) and value.__name__.split(".")[0] != "torch":
        return LEAKED
    if path in ASKED:
        return ""
    if reason := _leaked(path, value):
        return reason
    if reason := scope.out_of_scope(path):
        return reason
    for reason, patterns in RULES.items():
        if any(fnmatchcase(path, pattern) for pattern in patterns.split()):
            return reason
    if type(value).__name__ == "pybind11_type" and path.count(".") == 0:
        return COMPILER
    if isinstance(value, type) and getattr(value, "__module__", "").startswith("torch.jit"):
        return "TorchScript"
    if name in ("AVG", "SUM"):
        return COMPILER
    return ""


def _leaked(path: str, value: Any) -> str:
    """Names that a module only imported: from Python, or another module's own."""
    owner, _, name = path.rpartition(".")
    if owner.rpartition(".")[2][:1].isupper():
        return ""  # a class's member is its own wherever it was written
    if isinstance(value, typing.TypeVar) or getattr(type(value), "__module__", "") == "typing":
        return LEAKED
    home = getattr(value, "__module__", None)
    if name in ("annotations", "cast", "overload", "override", "final") or (
        isinstance(home, str) and home.split(".")[0] not in ("torch", "functorch", "builtins") and callable(value)
    ):
        return LEAKED
    listed = getattr(_follow(owner), "__all__", None) if owner else None
    if listed and name not in listed and not isinstance(value, types.ModuleType) and not _overridable(value):
        return LEAKED if getattr(torch, name, None) is value or home != f"torch.{owner}" else INTERNAL
    if value is torch or (owner and name in ("Tensor", "np") and not owner.endswith("Tensor")):
        return LEAKED
    return ""


def _overridable(value: Any) -> bool:
    try:
        return value in signatures.overrides()
    except TypeError:  # not hashable
        return False


def _size(module: types.ModuleType) -> int:
    listed = getattr(module, "__all__", None)
    return sum(not name.startswith("_") for name in (listed if isinstance(listed, (list, tuple)) else dir(module)))


# -- the verdict -------------------------------------------------------------------------------------------------------


def _judged(path: str, ops: dict[str, Op]) -> Op | tuple[str, str] | None:
    """What the run says of a name: an op of its own, or a status derived from another op's checks of its variants."""
    if path in ops:
        return ops[path]
    if not path.startswith("Tensor."):
        return None
    name = path.removeprefix("Tensor.")
    if name.startswith("__"):
        bare = name.strip("_")
        op, check = ops.get(OPERATORS.get(bare, "")), "operator"
    elif name.endswith("_"):
        op, check = ops.get(name[:-1]) or ops.get(f"nn.functional.{name[:-1]}"), "inplace"
    else:
        op, check = ops.get(name) or ops.get(f"nn.functional.{name}") or ops.get(f"linalg.{name}"), "method"
    counts = [count for count in op.counts if count.check == check] if op else []
    if any(count.bad for count in counts):
        return "fails", ""
    if any(count.missing for count in counts):
        return "missing", ""
    if any(count.deviates for count in counts):
        return "deviates", next((r for count in counts for r in count.reasons if count.deviates), "")
    if any(count.passed for count in counts):
        return "conforms", f"as the {check} check of {op.name}" if op else ""
    return None


def survey(subject: Any, name: str, ops: Iterable[Op] = (), deviations: Iterable[Any] = ()) -> Surface:
    """Every public name of PyTorch with its status.

    Parameters
    ----------
    subject
        An adapter: `has(path)` and `resolve(path)` are all that is asked of it.
    name
        The subject's name; it chooses among the deviations.
    ops
        What a run found; without it nothing can be said to conform.
    deviations
        Deliberate differences, as in deviations.py.
    """
    judged = {op.name: op for op in ops}
    meant = [item for item in deviations if item.subject == name]
    found = []
    for path, (group, value) in sorted(names().items()):
        entry = SurfaceName(path, group, "missing")
        found.append(entry)
        if reason := out_of_scope(path, value):
            holds = f" ({_size(value)} names)" if isinstance(value, types.ModuleType) and reason != LEAKED else ""
            entry.status, entry.reason = "out of scope", reason + holds
            continue
        there = subject.has(path)
        mine = subject.resolve(path) if there else None
        (entry.signature, entry.torch_signature, entry.subject_signature, entry.difference) = signatures.compare(
            path, value, mine
        )
        if there:
            entry.status, entry.reason = _verdict(path, value, mine, judged, meant)
    return Surface(found)


def _verdict(path: str, theirs: Any, mine: Any, judged: dict[str, Op], meant: list[Any]) -> tuple[str, str]:
    """Status and reason of a name that is there."""
    found = _judged(path, judged)
    if isinstance(found, Op):
        # An op that no case could judge is there all the same.
        found = (found.status, found.reason) if found.status in ("conforms", "deviates", "fails") else None
    if found:
        return found
    if reason := next((item.reason for item in meant if item.op != "*" and fnmatchcase(path, item.op)), ""):
        return "deviates", reason
    if isinstance(theirs, types.ModuleType) and isinstance(mine, types.ModuleType):
        return "conforms", "a module: its names are counted one by one"
    return "present", ""


def of_report(report: Report, subject: Any) -> Surface:
    """The surface of a run's subject, with the run's verdicts."""
    from .deviations import DEVIATIONS

    return survey(subject, report.subject.name, report.ops, DEVIATIONS)


# -- on the terminal ---------------------------------------------------------------------------------------------------

STATUSES = ("conforms", "present", "deviates", "fails", "missing", "out of scope")


def table(surface: Surface) -> Any:
    """Counts by group as a rich table."""
    from rich.table import Table

    shown = Table(title="PyTorch's public names", title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("", overflow="fold")
    for column in (*STATUSES, "all", "signature differs"):
        shown.add_column(column, justify="right", min_width=max(map(len, column.split())))
    groups: dict[str, list[SurfaceName]] = {"all": list(surface.names)}
    for entry in surface.names:
        groups.setdefault(entry.group, []).append(entry)
    for group, entries in groups.items():
        counts = Counter(entry.status for entry in entries)
        differs = sum(entry.signature == "differs" for entry in entries)
        row = [*(str(counts[status] or "") for status in STATUSES), str(len(entries)), str(differs or "")]
        shown.add_row(group, *row, style="bold" if group == "all" else None, end_section=group == "all")
    return shown


def show(surface: Surface, list_: list[str], differs: bool, console: Any) -> None:
    """Counts by group; on request the names of some statuses, and the signatures that differ."""
    console.print(table(surface))
    for entry in surface.names:
        if entry.status in list_:
            console.print(f"{entry.name}  [dim]{entry.reason}", highlight=False)
        if differs and entry.signature == "differs":
            console.print(f"[bold]{entry.name}[/] {entry.difference}", highlight=False)
            for signature in (entry.torch_signature, entry.subject_signature):
                console.print(f"    {signature}", highlight=False, markup=False)
