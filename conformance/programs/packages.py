"""What programs written for PyTorch do around tensors: ask what there is, decorate, call older and private forms."""

from __future__ import annotations

import copy
import functools
import io
import itertools
import textwrap
import warnings
from importlib import import_module

from . import program, raised


@program("cuda.is_available", "cuda.device_count", "cuda.is_initialized", "cuda.empty_cache", "cuda.manual_seed", "cuda.manual_seed_all",
         "cuda.current_device", "cuda.synchronize", "cuda.get_device_name", "cuda.memory_allocated", "cuda.Stream", "xpu.is_available",
         "mps.is_available", "accelerator.is_available", "accelerator.current_accelerator", "Tensor.cuda", "nn.Module.cuda", "device")  # fmt: skip
def what_there_is_beside_the_cpu(lib):
    yield [getattr(lib, name).is_available() for name in ("cuda", "xpu", "accelerator")], lib.backends.mps.is_available()
    cuda = lib.cuda
    yield cuda.device_count(), cuda.is_initialized(), cuda.is_bf16_supported(), cuda.empty_cache(), cuda.manual_seed(3), cuda.manual_seed_all(3)
    yield cuda.memory_allocated(), cuda.max_memory_allocated(), cuda.memory_reserved(), dict(cuda.memory_stats()), cuda.get_arch_list()
    yield cuda.get_rng_state_all(), cuda.set_rng_state_all([]), cuda.seed(), cuda.seed_all(), lib.accelerator.current_accelerator()
    yield cuda._initialized, cuda.random.manual_seed(3), cuda.random.seed_all(), cuda.random.get_rng_state_all(), raised(cuda.random.initial_seed)
    yield cuda.set_rng_state(lib.get_rng_state()), cuda.random.set_rng_state_all([]), raised(cuda.random.get_rng_state)
    for name in ("current_device", "synchronize", "get_device_name", "get_device_properties", "get_device_capability", "get_rng_state",
                 "current_stream", "init", "mem_get_info", "Stream"):  # fmt: skip
        yield name, raised(getattr(cuda, name))
    yield raised(lib.ones(1).cuda), raised(lib.ones(1).xpu), raised(lib.nn.Linear(1, 1).cuda), raised(lib.nn.ReLU().cuda)
    for made in (lambda: lib.device("cuda", 1), lambda: lib.device("cuda:1"), lambda: lib.device("mps"), lambda: lib.device("meta")):
        yield made().type, made().index, made() == lib.device("cuda:1"), str(made()), repr(made())
    for made in ("nonsense", "cpu:-1", "cpu:x", "cuda:01"):
        yield raised(lib.device, made)
    yield raised(lib.device, "cpu", -1), lib.device("cpu") == lib.device("cpu:0"), lib.device("cuda") == lib.ones(1).device
    x = lib.ones(1)
    yield [getattr(x, f"is_{name}") for name in ["cuda", "ipu", "maia", "mps", "mtia", "vulkan", "xla", "xpu", "sparse", "sparse_csr", "quantized", "meta", "nested", "mkldnn"]]


@program("distributed.is_available", "distributed.is_initialized", "distributed.get_rank", "distributed.all_reduce", "nn.DataParallel",
         "nn.parallel.DistributedDataParallel", "nn.SyncBatchNorm")  # fmt: skip
def programs_for_several_processes_in_one(lib):
    import_ = __import__(f"{lib.nn.Linear.__module__.split('.')[0]}.distributed", fromlist=["x"])
    yield import_.is_initialized(), import_.is_torchelastic_launched()
    for name in ("get_rank", "get_world_size", "barrier", "get_backend"):
        yield name, raised(getattr(import_, name))
    sharing, shared = (import_module(f"{import_.__name__}.{name}") for name in ("fsdp", "tensor.experimental"))
    yield repr(sharing.MixedPrecisionPolicy()), raised(sharing.fully_shard, lib.nn.Linear(1, 1)), isinstance(lib.nn.Linear(1, 1), sharing.FSDPModule)
    with shared.implicit_replication():
        yield raised(sharing.FullyShardedDataParallel, lib.nn.Linear(1, 1)), lib.ones(2) + 1
    yield raised(import_.all_reduce, lib.ones(1)), raised(lib.nn.parallel.DistributedDataParallel, lib.nn.Linear(1, 1))
    lib.manual_seed(0)
    model = lib.nn.DataParallel(lib.nn.Linear(2, 3))
    yield model(lib.ones(4, 2)), list(model.state_dict()), model.device_ids
    net = lib.nn.Sequential(lib.nn.Conv1d(2, 3, 1), lib.nn.BatchNorm1d(3))
    net(lib.rand(4, 2, 5))
    made = lib.nn.SyncBatchNorm.convert_sync_batchnorm(net)
    yield type(made[1]).__name__, made[1].running_mean, raised(made, lib.rand(4, 2, 5)), made.eval()(lib.ones(4, 2, 5)), list(made.state_dict())


@program("compile", "compiler.disable", "compiler.is_compiling", "jit.script", "jit.ignore", "jit.export", "jit.unused", "jit.is_scripting",
         "jit.is_tracing", "jit.annotate", "nn.Module.compile")  # fmt: skip
def functions_prepared_for_a_compiler(lib):
    jit, compiler = lib.jit, lib.compiler

    @compiler.disable
    def plain(x):
        return x + 1

    @lib.compile(backend="eager")
    def compiled(x):
        return x * 2 + 1

    def scripted(x):
        return x * 3

    class Model(lib.nn.Module):
        @jit.ignore
        def ignored(self, x):
            return x - 1

        @jit.unused
        def unused(self, x):
            return x - 2

        @jit.export
        def exported(self, x):
            return x - 3

        def forward(self, x):
            return self.ignored(x) + self.unused(x) + self.exported(x)

    x = lib.arange(3.0)
    yield plain(x), compiled(x), compiler.disable(plain)(x), lib.compile(lib.nn.ReLU(), backend="eager")(x - 1), Model()(x)
    yield jit.is_scripting(), jit.is_tracing(), compiler.is_compiling(), compiler.is_exporting(), jit.annotate(int, 3)
    yield lib.nn.ReLU().compile()
    yield raised(lib.compile, plain, mode="default", options={"trace": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield jit.trace(scripted, (x,))(x)
    lib.distributions.Distribution.set_default_validate_args(True)  # PyTorch's compiler turns it off for the whole process


@program("FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor", "LongTensor", "IntTensor", "ShortTensor", "CharTensor", "ByteTensor",
         "BoolTensor", "Tensor.type", "Tensor", "set_default_tensor_type")  # fmt: skip
def tensors_by_their_older_types(lib):
    import numpy as np

    for name in ["Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool"]:
        kind = getattr(lib, f"{name}Tensor")
        yield kind([1.9, 0, 2]), kind([[1], [2]]), kind(2, 3).shape, kind(2, 3).dtype, kind(lib.Size([3, 1])).shape, kind(), kind(0), kind((2, 3))
        yield isinstance(lib.ones(1), kind), isinstance(lib.ones(1).long(), kind), isinstance(1.0, kind), kind.dtype, kind.__name__, kind.is_cuda
        yield lib.arange(3).type(kind), kind(np.ones(2)), raised(kind, 3.0), raised(kind, "a"), raised(kind, lib.ones(2, dtype=lib.complex64))
    x = lib.ones(2)
    yield lib.FloatTensor(x).data_ptr() == x.data_ptr(), lib.FloatTensor([1, 2], device="cpu")
    yield lib.Tensor(2, 3).shape, lib.Tensor(4).shape, lib.Tensor(lib.Size([2, 1])).shape, lib.Tensor(), lib.Tensor([1, 2]), lib.Tensor((2, 3)), lib.Tensor(x)
    z, whole = lib.tensor([1.0, 2.0], requires_grad=True) * 3, lib.arange(3)
    yield [one.data_ptr() == z.data_ptr() for one in (lib.Tensor(z), lib.FloatTensor(z), lib.Tensor(z.detach().storage()), x.new(z), x.new(z.detach().storage()))]
    yield [one.requires_grad for one in (lib.Tensor(z), lib.FloatTensor(z), x.new(z))], lib.Tensor(whole).dtype, raised(x.new, whole)
    yield lib.autograd.grad((lib.Tensor(z) * x.new(z)).sum(), z), lib.Tensor(z) is z, raised(x.new, whole.storage())
    yield [x.storage().__sizeof__() - lib.ones(0).storage().__sizeof__() for x in (lib.ones(10), lib.ones(100))]
    yield raised(lib.Tensor, 2, "a"), raised(lib.Tensor, [1.0], 2), raised(lib.Tensor, -1)
    lib.set_default_tensor_type(lib.DoubleTensor)
    yield lib.ones(1).dtype, lib.tensor(1.0).dtype
    lib.set_default_tensor_type(f"{lib.DoubleTensor.__module__}.FloatTensor")
    yield lib.ones(1).dtype, raised(lib.set_default_tensor_type, 3)


@program("add", "sub", "addcmul", "addcdiv", "Tensor.add_", "Tensor.sub_", "Tensor.addcmul_", "Tensor.addcdiv_")
def factors_before_the_tensors(lib):
    x, y = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 5.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield lib.add(x, 2, y), lib.sub(x, 2, y), lib.addcmul(x, 3, y, y), lib.addcdiv(x, 3, y, y), x.add(0.5, y), x.sub(1, 2)
        z = y.clone()
        yield z.add_(2, y), z.sub_(0.5, y), z.addcmul_(0.1, y, y), z.addcdiv_(2, y, y), lib.autograd.grad(lib.add(x, 2, x).sum(), x)
        yield raised(lib.add, x, 2, y, alpha=3), raised(lib.add, x, 2, y, y), raised(lib.mul, x, 2, y), raised(lib.addcmul, x, 2, y)


@program("nn.Module.load_state_dict", "nn.Module.state_dict", "nn.Module.register_load_state_dict_pre_hook")
def modules_that_load_themselves(lib):
    class Renamed(lib.nn.Linear):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            self.seen = local_metadata.get("version"), sorted(state_dict)
            if prefix + "w" in state_dict:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

        def _save_to_state_dict(self, destination, prefix, keep_vars):
            super()._save_to_state_dict(destination, prefix, keep_vars)
            destination[prefix + "more"] = lib.ones(1)

    lib.manual_seed(0)
    net = lib.nn.Sequential(Renamed(2, 3, bias=False), lib.nn.BatchNorm1d(3))
    state = net.state_dict()
    yield list(state), dict(state._metadata)
    found = net.load_state_dict({"0.w": lib.ones(3, 2), "1.weight": lib.ones(3)}, strict=False)
    yield net[0].weight, net[0].seen, found.missing_keys, found.unexpected_keys
    old = {name: value for name, value in lib.nn.BatchNorm1d(3).state_dict().items() if "num" not in name}
    yield lib.nn.BatchNorm1d(3).load_state_dict(old).missing_keys, raised(lib.nn.Linear(1, 1).load_state_dict, {"weight": lib.ones(1, 1)})
    yield raised(net.load_state_dict, state), net.load_state_dict({k: v for k, v in state.items() if k != "0.more"}).unexpected_keys
    scale = lib.nn.ParameterDict({"s": lib.tensor(2.0)})
    yield scale.load_state_dict({"s": lib.tensor([3.0])}).missing_keys, scale["s"]
    calls = []
    net[0]._register_load_state_dict_pre_hook(lambda *args: calls.append((args[1], len(args))))
    net[0]._register_load_state_dict_pre_hook(lambda *args: calls.append((type(args[0]).__name__, args[2], len(args))), with_module=True)
    net.load_state_dict(state, strict=False)
    net._register_state_dict_hook(lambda module, state, prefix, about: {"only": 1})
    yield calls, dict(net.state_dict()), [name for name, _ in net._named_members(lambda m: m._buffers.items())]


@program(*(f"optim.{name}" for name in ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD"]))
def parameters_that_are_complex(lib):
    for name in ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD"]:
        more = {"SGD": {"momentum": 0.9}, "Adam": {"amsgrad": True}, "RMSprop": {"centered": True}, "Adagrad": {"initial_accumulator_value": 0.5}}
        x = lib.tensor([[1 + 2j, -0.5j, 3], [1, 2, 3j]], requires_grad=True)
        y = lib.tensor(1 + 1j, requires_grad=True)
        optimizer = getattr(lib.optim, name)([x, y], lr=0.1, **more.get(name, {}))
        for step in range(4):
            x.grad, y.grad = lib.tensor([[1 + 2j, -1j, 0.5], [0, 2j, 1]]) * (step - 1.5), lib.tensor(0.5 - 1j) * (step + 1)
            optimizer.step()
        yield name, x.detach(), y.detach(), [value for value in optimizer.state[x].values() if isinstance(value, lib.Tensor)]


@program("Tensor.as_subclass", "nn.Parameter")
def classes_of_tensors_with_their_own_new(lib):
    class Named(lib.Tensor):
        def __new__(cls, *values, name, **more):
            made = lib.Tensor._make_subclass(cls, lib.Tensor(*values), **more)
            made.label = name
            return made

    class Parameter(lib.nn.Parameter):
        def __new__(cls, data, requires_grad=True, label=""):
            made = super().__new__(cls, data, requires_grad)
            made.label = label
            return made

    x = Named([1.0, 2.0], name="x", require_grad=True)
    (x * x).sum().backward()
    yield type(x).__name__, x.label, x.requires_grad, x.is_leaf, x.grad.tolist(), isinstance(x, lib.Tensor)
    model = lib.nn.Module()
    model.p = Parameter(lib.ones(2), label="p")
    yield type(model.p).__name__, model.p.label, len(list(model.parameters())), model.p.requires_grad, Parameter(lib.ones(1), False).requires_grad


@program("utils.checkpoint.get_device_states", "utils.checkpoint.set_device_states", "distributions.register_kl")
def small_things(lib):
    from_ = lib.utils.checkpoint
    yield from_.get_device_states(lib.ones(1), 3), from_.set_device_states([], [])

    class Mine:
        pass

    lib.distributions.register_kl(Mine, lib.distributions.Distribution)(lambda p, q: 3)
    yield lib.distributions.kl_divergence(Mine(), lib.distributions.Normal(0.0, 1.0)), raised(lib.distributions.register_kl, Mine, 3)
    yield raised(lib._assert, False, "no"), raised(lib._check, False), raised(lib._check_value, False, lambda: "no"), lib._check(True), raised(lib._check, 1)


@program("nn.attention.flex_attention")
def attention_by_functions_of_positions(lib):
    package = lib.nn.Linear.__module__.split(".")[0]
    flex = __import__(f"{package}.nn.attention.flex_attention", fromlist=["flex_attention"])
    lib.manual_seed(0)
    q, k, v = (lib.randn(2, heads, n, 16) for heads, n in ((4, 8), (2, 10), (2, 10)))
    causal = flex.create_block_mask(lambda b, h, i, j: i + 1 > j, None, None, 8, 10, device="cpu")
    window = flex.create_block_mask(lambda b, h, i, j: (i - j < 3) & (j > b), 2, None, 8, 10, device="cpu")
    slope = lib.tensor([0.5, 0.25, 0.125, 0.1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for score, mask in ((None, causal), (lambda s, b, h, i, j: s - slope[h] * (i - j), None), (lambda s, b, h, i, j: s.tanh() * 2, window)):
            out = flex.flex_attention(q, k, v, score, mask, enable_gqa=True)
            yield out
        out, lse = flex.flex_attention(q, k, v, scale=0.3, enable_gqa=True, return_lse=True)
        yield out, lse, raised(flex.flex_attention, q, k, v), flex.create_mask(lambda b, h, i, j: i >= j, None, 2, 3, 4, device="cpu")


@program("library.custom_op", "library.register_autograd", "library.register_fake")
def operators_of_ones_own(lib):
    @lib.library.custom_op("lucid_judged::cube", mutates_args=(), schema="(Tensor x, float factor=1.0) -> Tensor")
    def cube(x, factor=1.0):
        return factor * x**3

    def setup(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])
        ctx.factor = inputs[1]

    lib.library.register_fake("lucid_judged::cube", lambda x, factor=1.0: lib.empty_like(x))
    lib.library.register_autograd("lucid_judged::cube", lambda ctx, g: (g * 7 * ctx.factor * ctx.saved_tensors[0], None), setup_context=setup)
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    yield cube(x), lib.ops.lucid_judged.cube(x, factor=2.0), lib.autograd.grad(cube(x, 2.0).sum(), x), cube(x.detach()).requires_grad
    yield raised(lib.library.custom_op, "nonsense", lambda x: x, mutates_args=())


@program("topk", "sort", "max", "min", "cummax", "cummin", "kthvalue", "mode", "median", "nanmedian", "msort", "nn.functional.max_pool1d")
def values_that_are_written_to_before_backward(lib):
    for make in (lambda x: lib.topk(x, 2), lib.sort, lambda x: lib.max(x, 1), lambda x: x.min(1, True), lambda x: lib.cummax(x, 1),
                 lambda x: lib.cummin(x, 0), lambda x: lib.kthvalue(x, 2), lib.mode, lambda x: lib.median(x, 0), lambda x: lib.nanmedian(x, 1),
                 lambda x: (lib.msort(x),), lambda x: lib.nn.functional.max_pool1d(x[None], 2, return_indices=True)):  # fmt: skip
        x = lib.tensor([[1.0, 3.0, 2.0, 4.0], [4.0, 2.5, 2.0, 1.0]], requires_grad=True)
        y = x * 1
        values = make(y)[0]
        values *= 2
        yield lib.autograd.grad((values * values).sum(), x)


RUNS = itertools.count()  # PyTorch takes a schema once, and each path that is judged runs its programs


@program("library.Library", "library.define", "library.impl", "library.register_kernel", "library.register_vmap", "library.infer_schema")
def operators_by_schemas(lib):
    from collections.abc import Sequence

    library, T, name = lib.library, lib.Tensor, f"lucid_judged_{next(RUNS)}"
    made = library.Library(name, "DEF")
    yield made.define("foo(Tensor x, int n=3, *, float? z=None) -> Tensor")
    foo, x = getattr(lib.ops, name).foo, lib.arange(3.0)
    yield raised(foo, x)
    made.impl("foo", lambda x, n=3, *, z=None: x * n + (z or 0), "CPU")
    made.impl("foo", lambda x, n=3, *, z=None: x * 0, "CompositeExplicitAutograd")
    made.impl("foo", lambda x, n=3, *, z=None: x / 0, "CUDA")
    yield foo(x), foo.default(x, 2, z=1.0), foo(x=x, n=4), raised(foo, x, 2, 3.0), raised(foo), raised(foo, x, 2, k=1)
    yield raised(library.Library, name, "SOME"), raised(library.Library, "prim", "DEF"), raised(made.define, "foo(Tensor x) -> Tensor"), raised(made.define, "foo")
    yield raised(lambda: getattr(lib.ops, name).none), raised(lambda: lib.ops.no_such_namespace.none)
    library.define(f"{name}::bar", '(Tensor x, str how="sin", int[] ns=[1, 2]) -> Tensor')
    library.impl(f"{name}::bar", ("cpu", "cuda"))(lambda x, how="sin", ns=(1, 2): getattr(x, how)() + sum(ns))
    yield getattr(lib.ops, name).bar(x), getattr(lib.ops, name).bar(x, "cos", [5])
    yield raised(library.define, "bar", "(Tensor x) -> Tensor"), raised(library.define, f"{name}::other", "foo(Tensor x) -> Tensor"), raised(library.impl, f"{name}::bar", "nowhere", len)
    library.register_autograd(f"{name}::bar", lambda ctx, g: (g * 5, None, None))
    y = x.clone().requires_grad_()
    yield lib.autograd.grad(getattr(lib.ops, name).bar(y).sum(), y)

    def cube(x):
        return lib.from_numpy(x.numpy() ** 3)

    cube.__annotations__ = {"x": T, "return": T}
    cube = library.custom_op(f"{name}::cube", cube, mutates_args=())
    yield cube(x)
    library.register_kernel(f"{name}::cube", "cpu", lambda x: x * 7)
    library.register_kernel(f"{name}::cube", "cuda")(lambda x: x / 0)
    seen = []

    @library.register_vmap(f"{name}::cube")
    def batched(info, in_dims, x):
        seen.append((info.batch_size, info.randomness))
        return x * 3, in_dims[0]

    yield cube(x), lib.vmap(cube)(lib.ones(2, 3)), lib.vmap(cube, in_dims=1)(lib.ones(2, 3)), seen

    def many(x, y, z, w, a, b, c, d=None, e="q", g=True, h=1e-5, i=3, j=lib.float32, k=lib.device("cpu"), *, m=2): ...  # noqa: B008

    lists = {"z": list[T], "w": Sequence[T | None], "b": list[int] | None, "c": list[float]}
    many.__annotations__ = {"x": T, "y": T | None, "a": int, "d": float | None, "e": str, "g": bool, "h": float, "i": int, "j": lib.dtype,
                            "k": lib.device, "m": int | float | bool, "return": tuple[T, list[T], int], **lists}  # fmt: skip

    def typed(**kinds):
        def one(x): ...

        one.__annotations__ = {name.replace("to", "return"): kind for name, kind in kinds.items()}
        return one

    nothing, number = typed(x=T, to=None), typed(x=int, to=float)
    yield library.infer_schema(many, mutates_args=()), library.infer_schema(many, mutates_args=["x", "z"]), library.infer_schema(many, mutates_args="unknown", op_name="a::b")
    yield library.infer_schema(nothing, mutates_args=("x",)), library.infer_schema(number, mutates_args=()), raised(library.infer_schema, number, mutates_args=("x",))
    for wrong in (typed(x=T), typed(to=T), typed(x=dict, to=T), typed(x=T, to=T | None), lambda *x: x):
        yield raised(library.infer_schema, wrong, mutates_args=())
    yield raised(library.infer_schema, nothing, mutates_args=("y",))


@program("compile", "nn.Module.compile")
def modules_prepared_for_a_compiler(lib):
    nn = lib.nn
    lib.manual_seed(0)
    net = nn.Linear(2, 2)
    shell = lib.compile(net, backend="eager")
    yield shell(lib.ones(1, 2)), net(lib.ones(1, 2)), list(shell.state_dict()), [name for name, _ in shell.named_parameters()], repr(shell)
    yield shell._orig_mod is net, shell.weight is net.weight, shell.in_features, isinstance(shell, nn.Module), isinstance(shell, nn.Linear)
    shell.eval()
    yield net.training, shell.training, shell.train().training, net.training
    shell.note, shell.weight = 3, nn.Parameter(lib.zeros(2, 2))
    yield net.note, net.weight, raised(shell.load_state_dict, net.state_dict()), raised(getattr, shell, "nothing")
    twin = copy.deepcopy(shell)
    yield type(twin).__name__, twin._orig_mod is net, twin.weight, list(twin.state_dict()), isinstance(shell, lib._dynamo.eval_frame.OptimizedModule)
    shell.load_state_dict({name: lib.ones_like(value) for name, value in shell.state_dict().items()})
    yield net.weight, net.bias
    yield lib.compile(net, disable=True) is net, type(lib.compile(backend="eager")(net)).__name__
    lib._dynamo.config.suppress_errors = False


@program("jit.CompilationUnit")
def functions_by_their_text(lib):
    text = """
    def scaled(x, y: float, n: int = 2):
        return x * y + n

    def both(x, y: List[int]) -> Tuple[Tensor, int]:
        total = 0
        for one in y:
            total += one
        return scaled(x, 2.0).relu(), total
    """
    unit = lib.jit.CompilationUnit(textwrap.dedent(text))
    yield unit.scaled(lib.ones(2), 2.5), unit.scaled(lib.ones(2), 2.5, n=1), unit.both(lib.tensor([-9.0, 1.0]), [1, 2]), raised(getattr, unit, "nothing")
    unit.define("def third(x):\n    return x * 3.0\n")
    yield unit.third(lib.ones(1))


@program("utils.checkpoint.checkpoint")
def what_a_checkpoint_keeps(lib):
    at = lib.utils.checkpoint

    def loss(x):
        return (lib.mm(x, x).sin() @ x).sum()

    for policy in (lambda ctx, op, *args, **kwargs: at.CheckpointPolicy.MUST_SAVE, [lib.ops.aten.mm.default]):
        lib.manual_seed(0)
        x = lib.randn(3, 3, requires_grad=True)
        out = at.checkpoint(loss, x, use_reentrant=False, context_fn=functools.partial(at.create_selective_checkpoint_contexts, policy))
        out.backward()
        yield out, x.grad
    yield raised(at.create_selective_checkpoint_contexts, 3), [(one.name, one.value) for one in at.CheckpointPolicy]
    yield at.SelectiveCheckpointContext(is_recompute=True).is_recompute


@program("save", "load")
def bytes_in_files(lib):
    file = io.BytesIO()
    lib.save({"text": b"a\x00\xff", "more": [b"1", b"1"]}, file)
    file.seek(0)
    yield lib.load(file)


@program("use_deterministic_algorithms")
def tensors_of_a_size_are_filled_where_results_are_deterministic(lib):
    lib.use_deterministic_algorithms(True)
    try:
        made = lib.Tensor(2, 3), lib.FloatTensor(2), lib.Tensor(lib.Size([2])), lib.LongTensor(2)
        yield made, lib.Tensor(2).new(3)
    finally:
        lib.use_deterministic_algorithms(False)
