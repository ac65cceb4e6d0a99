"""The reference: a page for every declared function, under PyTorch's path, and for every class; a list of Tensor's methods; the
deliberate differences from PyTorch. A page that is written by hand is left alone."""

import functools
import importlib
import inspect
import re
import sys
from pathlib import Path
from unittest.mock import MagicMock

import lucid
import lucid.utils.benchmark  # which is loaded when it is asked for
from lucid.autograd.op import REGISTRY
from lucid.ops import methods

HERE = Path(__file__).parent

# Classes and functions that are no operations, by page.
OTHERS = {
    "autograd": [
        "autograd.backward", "autograd.grad", "autograd.Function", "autograd.FunctionCtx", "no_grad", "enable_grad",
        "set_grad_enabled", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "autograd.gradcheck",
        "autograd.gradgradcheck", "autograd.detect_anomaly", "autograd.set_detect_anomaly",
        "autograd.functional.jacobian", "autograd.functional.hessian", "autograd.functional.vjp",
        "autograd.functional.jvp", "autograd.functional.vhp", "autograd.functional.hvp",
        "autograd.graph.saved_tensors_hooks", "autograd.graph.disable_saved_tensors_hooks",
        "autograd.Variable", "autograd.set_multithreading_enabled",
        "autograd.enforce_grad_layout_policy", "autograd.graph.GradientEdge", "autograd.graph.get_gradient_edge",
        "autograd.graph.allow_mutation_on_saved_tensors", "autograd.graph.save_on_cpu", "autograd.graph.register_multi_grad_hook",
        "autograd.graph.increment_version",
    ],
    "directions": [
        "autograd.forward_ad.dual_level", "autograd.forward_ad.make_dual", "autograd.forward_ad.unpack_dual",
        "autograd.forward_ad.UnpackedDualTensor", "autograd.forward_ad.enter_dual_level", "autograd.forward_ad.exit_dual_level",
    ],
    "transforms": [
        "func.grad", "func.grad_and_value", "func.vjp", "func.jvp", "func.linearize", "func.jacrev", "func.jacfwd",
        "func.hessian", "func.vmap", "func.functional_call", "func.stack_module_state",
        "func.functionalize", "func.rearrange", "func.replace_all_batch_norm_modules_",
    ],
    "overrides": [
        *(f"overrides.{name}" for name in lucid.overrides.__all__), "DisableTorchFunction", "DisableTorchFunctionSubclass",
    ],
    "fx": [f"fx.{name}" for name in lucid.fx.__all__ if not name.startswith(("Sym", "PH"))],
    "checkpoints": [
        "utils.checkpoint.checkpoint", "utils.checkpoint.checkpoint_sequential",
        "utils.checkpoint.set_checkpoint_debug_enabled", "utils.checkpoint.set_checkpoint_early_stop", "utils.checkpoint.noop_context_fn",
        "utils.checkpoint.create_selective_checkpoint_contexts",
        "utils.checkpoint.detach_variable", "utils.checkpoint.check_backward_validity",
    ],
    "amp": [
        "amp.autocast", "amp.GradScaler", "amp.custom_fwd", "amp.custom_bwd", "amp.is_autocast_available",
    ],
    "gradients": [
        *(f"nn.grad.conv{n}d_{what}" for n in (1, 2, 3) for what in ("input", "weight")), "nn.attention.sdpa_kernel",
        "lobpcg",
    ],
    "random": [
        "manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state", "Generator", "random.fork_rng",
        "quasirandom.SobolEngine",
    ],
    "settings": [
        "set_num_threads", "get_num_threads", "memory_stats", "empty_cache", "set_cache_limit", "show_config",
        "set_printoptions", "set_default_dtype", "get_default_dtype", "finfo", "iinfo",
        "use_deterministic_algorithms", "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode",
        "set_deterministic_debug_mode", "is_deterministic_algorithms_warn_only_enabled", "set_float32_matmul_precision",
        "get_float32_matmul_precision", "set_num_interop_threads", "get_num_interop_threads", "set_flush_denormal",
        "set_default_device", "get_default_device", "set_warn_always", "is_warn_always_enabled", "set_anomaly_enabled",
        "is_anomaly_enabled", "is_anomaly_check_nan_enabled", "typename", "is_autocast_enabled", "set_autocast_enabled",
        "get_autocast_dtype", "set_autocast_dtype", "is_autocast_cpu_enabled", "set_autocast_cpu_enabled",
        "get_autocast_cpu_dtype", "set_autocast_cpu_dtype", "is_autocast_cache_enabled", "set_autocast_cache_enabled",
        "clear_autocast_cache", "autocast_increment_nesting", "autocast_decrement_nesting",
    ],
    "testing": ["testing.assert_close", "testing.assert_allclose", "testing.make_tensor"],
    "files": ["save", "load", "from_file", "export.load", "export.save", "jit.load", "jit.save"],
    "types": [
        "utils.checkpoint.CheckpointPolicy", "utils.checkpoint.SelectiveCheckpointContext",
        "dtype", "device", "Size", "layout", "memory_format", "can_cast", "promote_types", "result_type", "is_tensor",
        "is_floating_point", "is_complex", "is_signed", "is_nonzero", "is_same_size", "is_conj", "is_neg", "is_inference",
        "numel", "get_device", "export.ExportedProgram", "export.ExportGraphSignature", "jit.RecursiveScriptModule", "jit.Error",
        "utils.dlpack.to_dlpack", "utils.dlpack.DLDeviceType",
        "nn.attention.SDPBackend", "nn.functional.assert_int_or_pair", "TypedStorage", "UntypedStorage",
    ],
    "programs": [
        "install_as_torch", "compile", "jit.script", "nn.DataParallel", "library.custom_op", "library.Library", "library.infer_schema",
        "cond", "hub.load_state_dict_from_url", "hub.download_url_to_file",
    ],
    "probes": [
        "library.register_autograd", "library.register_fake", "library.register_kernel", "library.register_vmap", "library.define", "library.impl",
        "compiler.disable", "compiler.is_compiling", "jit.trace", "jit.ignore", "jit.unused", "jit.is_scripting", "jit.is_tracing",
        "cuda.is_available", "cuda.device_count", "distributed.is_available", "distributed.is_initialized", "hub.get_dir", "hub.set_dir",
        "set_default_tensor_type", "FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor", "LongTensor", "IntTensor",
        "ShortTensor", "CharTensor", "ByteTensor", "BoolTensor", "SymInt", "SymFloat", "SymBool", "Stream", "Event",
        "utils.checkpoint.get_device_states", "utils.checkpoint.set_device_states", "Future", "ScriptModule", "TensorType", "PyTorchFileReader",
        "BoolStorage", "ByteStorage", "CharStorage", "ShortStorage", "IntStorage", "LongStorage", "HalfStorage", "BFloat16Storage",
        "FloatStorage", "DoubleStorage", "ComplexFloatStorage", "ComplexDoubleStorage", "is_storage", "get_device_module", "sym_float",
        "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not",
        "sym_sqrt", "sym_sum",
    ],
    "errors": [
        "OutOfMemoryError", "linalg.LinAlgError", "autograd.GradcheckError", "utils.checkpoint.CheckpointError",
    ],
}  # fmt: skip
TITLES = {
    "autograd": "Automatic differentiation (autograd)", "directions": "Derivatives along directions (autograd.forward_ad)",
    "transforms": "Functions of functions (func)", "overrides": "Subclasses and modes that answer calls (overrides)",
    "fx": "Functions as graphs (fx)",
    "checkpoints": "Computing again in backward (utils.checkpoint)",
    "amp": "Mixed precision (amp)", "gradients": "Other functions", "random": "Random numbers",
    "settings": "Threads, memory, settings", "files": "Saving and loading", "testing": "Comparing in tests (testing)",
    "types": "Dtypes, devices, shapes", "programs": "Programs written for PyTorch", "probes": "What programs ask",
    "errors": "Errors",
}  # fmt: skip
NAMESPACES = {
    "": "lucid", "masked": "lucid.masked", "nn.functional": "lucid.nn.functional", "linalg": "lucid.linalg", "special": "lucid.special",
    "fft": "lucid.fft", "nn.init": "lucid.nn.init", "nn.utils": "lucid.nn.utils",
}  # fmt: skip


def public() -> list[str]:
    """The paths that are published, aliases left out."""
    found = {spec.path for spec in REGISTRY.values() if not spec.name.startswith("_")}
    return sorted(path for path in found if not path.startswith("Tensor."))


def find(path: str):
    """What a path below `lucid` names."""
    found = lucid
    for part in path.split("."):
        found = getattr(found, part)
    return found


def has(path: str) -> bool:
    try:
        find(path)
    except AttributeError:
        return False
    return True


def classes(namespace: str) -> list[str]:
    """The classes that a namespace publishes, and functions of its own."""
    names = sorted(getattr(find(namespace), "__all__", dir(find(namespace))))
    found = {name: getattr(find(namespace), name) for name in names}
    return [
        f"{namespace}.{name}" for name, one in found.items()
        if not name.startswith("_") and (inspect.isclass(one) or inspect.isfunction(one)) and one.__module__.startswith(f"lucid.{namespace}")
    ]  # fmt: skip


def objects(namespace: str) -> str:
    """A list of what a namespace publishes that is neither a class nor a function, each with its class."""
    found = {name: getattr(find(namespace), name) for name in getattr(find(namespace), "__all__", ())}
    return "".join(
        f"``lucid.{namespace}.{name}``\n   A :class:`~{type(one).__module__}.{type(one).__qualname__}`.\n\n"
        for name, one in found.items() if not (inspect.isclass(one) or inspect.isroutine(one) or inspect.ismodule(one))
    )  # fmt: skip


# Namespaces of classes, and of functions that are no operations, and the titles of their pages.
CLASSES = {
    "nn": "Modules", "optim": "Optimizers", "nn.init": "Initial weights", "nn.utils": "nn.utils",
    "nn.utils.parametrize": "Parametrizations", "nn.utils.parametrizations": "Parametrizations of weights",
    "nn.utils.prune": "Pruning", "nn.utils.rnn": "Sequences of several lengths", "nn.utils.stateless": "Stateless calls",
    "optim.lr_scheduler": "Learning rates", "optim.swa_utils": "Averaged weights", "utils.data": "Data", "distributions": "Distributions",
    "utils.benchmark": "Measured times",
}  # fmt: skip

# Modules whose own text says what their names are.
TOLD = {"distributions.constraints": "Constraints"}

# Kinds of names that need no description of their own, and how they are told from others.
CONSTANTS = (
    ("Dtypes", lambda one: isinstance(one, lucid.dtype)),
    ("Memory formats", lambda one: isinstance(one, (lucid.memory_format, lucid.layout))),
    ("Whether there is", lambda one: isinstance(one, bool)),
    ("Generators", lambda one: isinstance(one, lucid.Generator)),
    ("Numbers", lambda one: one is None or isinstance(one, float)),
)


def constants() -> dict[str, list[str]]:
    """The names that `lucid` has for values, by their kind."""
    names = [name for name in dir(lucid) if not name.startswith("_")]
    return {kind: [name for name in names if belongs(getattr(lucid, name))] for kind, belongs in CONSTANTS}


def heading(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n\n"


def toctree(entries, namespace: str = "") -> str:
    """A list of pages; those of a namespace by their names in it, which the sidebar has room for."""
    known = f"{namespace}." if namespace else ""
    shown = (entry.rpartition("/")[2].removeprefix(known) for entry in entries)
    return ".. toctree::\n   :maxdepth: 1\n\n" + "".join(
        f"   {name} <{entry}>\n" if known else f"   {entry}\n" for name, entry in zip(shown, entries)
    ) + "\n"  # fmt: skip


@functools.cache
def paths_of_classes() -> dict[type, str]:
    """Every class that has a page, and its path."""
    found = {find(path): path for namespace in CLASSES for path in classes(namespace)}
    return {one: path for one, path in found.items() if inspect.isclass(one)} | {lucid.Tensor: "Tensor"}


def page(path: str) -> str:
    """The text of a function's or class's page."""
    one = find(path)
    if inspect.isclass(one):
        members = "" if issubclass(one, Exception) else "   :members:\n"
        base = next((base for base in one.__mro__[1:] if base in paths_of_classes()), None)
        more = f"\nFurther members: those of :class:`lucid.{paths_of_classes()[base]}`.\n" if base else ""
        return heading(path) + f".. autoclass:: lucid.{path}\n{members}{more}"
    text = heading(path) + f".. autofunction:: lucid.{path}\n"
    aliases = [alias for alias in REGISTRY[path].aliases if not alias.startswith("Tensor.")] if path in REGISTRY else []
    stems = dict.fromkeys((path, *aliases, path.rpartition(".")[2]))
    aliases += [f"{one}_" for one in stems if f"{one}_" not in REGISTRY and has(f"{one}_")]
    return text + (f"\nAlso: {', '.join(f'``lucid.{alias}``' for alias in aliases)}\n" if aliases else "")


def tensor_page() -> str:
    """Tensor: its own methods, and those that are functions."""
    pages = {find(path): path for path in public()}
    own = sorted(
        name for name in dir(lucid.Tensor)
        if not name.startswith("_") and getattr(getattr(lucid.Tensor, name), "__doc__", None)
        and not (name.endswith("_") and name[:-1] in " ".join(methods.INPLACE.values()).split())
    )  # fmt: skip
    function = {name: path for name in own if (path := pages.get(getattr(lucid.Tensor, name)))}
    text = heading("Tensor") + ".. autoclass:: lucid.Tensor\n   :members: "
    text += ", ".join(name for name in own if name not in function) + "\n\n"
    text += heading("Methods that are functions", "-") + "The tensor is the first argument.\n\n"
    text += ", ".join(f":doc:`{name} <{path}>`" for name, path in function.items()) + "\n\n"
    text += heading("Methods that write in place", "-") + "Each writes the function's result to the tensor itself.\n\n"
    names = sorted({name for names in methods.INPLACE.values() for name in names.split()})
    return text + ", ".join(f"``{name}_``" for name in names) + "\n"


def differences() -> str:
    """The deliberate differences from PyTorch, as the conformance suite knows them."""
    there = set(sys.modules)
    sys.modules.setdefault("torch", MagicMock())  # which the module needs, but not for its reasons
    sys.path.insert(0, str(HERE.parent))
    try:
        module = importlib.import_module("conformance.deviations")
    finally:
        sys.path.remove(str(HERE.parent))
        for name in set(sys.modules) - there:
            del sys.modules[name]
    found = dict.fromkeys((item.op.replace("*", "…"), item.reason) for item in module.DEVIATIONS)
    by_reason = {}
    for op, reason in found:
        by_reason.setdefault(reason, []).append(f"``{op}``")
    # a name that ends in an underscore would be a link, what stands between bars a substitution
    plain = {reason: re.sub(r"\||_(?!\w)", r"\\\g<0>", reason) for reason in by_reason}
    return "".join(f"{', '.join(ops)}\n   {plain[reason]}.\n\n" for reason, ops in by_reason.items())


def write(folder: Path) -> list[Path]:
    """Write the reference; returns the pages."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rst"):
        old.unlink()
    written = []

    def put(name: str, text: str) -> str:
        written.append(folder / f"{name}.rst")
        written[-1].write_text(text)
        return name

    by_hand = {one.stem for one in HERE.glob("*.rst")}
    entries = {path: f"../{path}" if path in by_hand else put(path, page(path)) for path in public()}
    groups = {}
    for path, entry in entries.items():
        namespace = path.rpartition(".")[0]
        groups.setdefault(NAMESPACES.get(namespace, f"lucid.{namespace}"), []).append(entry)
    listed = []
    for title, found in groups.items():
        listed.append(put(f"in-{title}", heading(title) + toctree(found, title.partition(".")[2])))
    for namespace, title in CLASSES.items():
        found = [put(path, page(path)) for path in classes(namespace) if path not in entries]
        shown = title if title.lower() == namespace else f"{title} ({namespace})"
        if found:
            listed.append(put(f"of-{namespace}", heading(shown) + toctree(found, namespace) + objects(namespace)))
    for namespace, title in TOLD.items():
        listed.append(put(f"of-{namespace}", heading(f"{title} ({namespace})") + f".. automodule:: lucid.{namespace}\n"))
    for name, paths in OTHERS.items():
        text = heading(TITLES[name])
        if name == "types":
            for kind, found_ in constants().items():
                text += f"{kind}: {', '.join(f'``lucid.{one}``' for one in found_)}.\n\n"
        for path in paths:
            one = find(path)
            kind = "autoclass" if inspect.isclass(one) else "autofunction"
            members = inspect.isclass(one) and not issubclass(one, (Exception, tuple))
            text += f".. {kind}:: lucid.{path}\n" + ("   :members:\n" if members else "") + "\n"
        listed.append(put(f"about-{name}", text))
    listed.insert(0, put("tensor", tensor_page()))
    (folder / "differences.inc.rst").write_text(differences())
    (folder / "index.rst").write_text(heading("Reference") + toctree(listed))
    return written
