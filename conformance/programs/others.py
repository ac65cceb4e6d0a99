"""Names of all kinds that few programs use: older names, Python's functions over elements, what a Function's context holds."""

from __future__ import annotations

import copy
import importlib
import io
import warnings
from functools import lru_cache

from . import program, raised, warned


def _part(lib, path: str):
    return importlib.import_module(f"{lib.__name__}.{path}")


@program("Tensor.apply_", "Tensor.map_", "Tensor.map2_")
def pythons_functions_over_elements(lib):
    one = lib.ones
    yield one(2, 3).apply_(lambda x: x + 1), lib.tensor([1, 2, -3]).apply_(lambda x: x * 1.5), lib.tensor([True, False]).apply_(lambda x: not x)
    yield lib.tensor([1 + 1j]).apply_(lambda x: x * 2j), one(3, dtype=lib.bfloat16).apply_(lambda x: x * 3), lib.arange(6.0).reshape(2, 3).t().apply_(lambda x: -x)
    yield one(2, 3).map_(lib.arange(3.0), lambda a, b: a + 2 * b), lib.arange(3.0).map2_(one(3), one(1), lambda a, b, c: a - b * c)
    yield raised(one(2).apply_, 3), raised(one(2).apply_, lambda x: "a"), raised(one(2, requires_grad=True).apply_, abs)
    yield raised(one(3).map_, one(2, 3), max), raised(one(3).map_, one(3, dtype=lib.int64), max), raised(one(3).map2_, one(3), 2, max)
    x = one(3)
    yield x.apply_(abs) is x


@program("Tensor.is_set_to", "Tensor.const_data_ptr", "Tensor.dense_dim", "Tensor.dim_order")
def which_memory_and_in_which_order(lib):
    x = lib.arange(24.0).reshape(2, 3, 4)
    yield x.is_set_to(x), x.is_set_to(x.view(2, 3, 4)), x.is_set_to(x.clone()), x.is_set_to(x.view(6, 4)), x[1:].is_set_to(x[:1])
    yield raised(x.is_set_to, 3), x.const_data_ptr() == x.data_ptr(), x.dense_dim(), lib.tensor(1.0).dense_dim()
    yield x.dim_order(), x.permute(2, 0, 1).dim_order(), lib.ones(2, 3, 4, 5).contiguous(memory_format=lib.channels_last).dim_order(), lib.tensor(1).dim_order()
    y = lib.ones(1, 2, 3, 4)
    yield raised(y.dim_order, ambiguity_check=True), x.dim_order(ambiguity_check=True), raised(y.dim_order, ambiguity_check="x")
    yield raised(y[:, :1].dim_order, ambiguity_check=[lib.contiguous_format, lib.channels_last]), y.dim_order(ambiguity_check=[lib.contiguous_format, lib.channels_last])


@program("Tensor.as_subclass", "Tensor.module_load")
def other_kinds_of_tensors(lib):
    class Mine(lib.Tensor):
        pass

    x = lib.tensor([1.0, 2.0], requires_grad=True)
    y = x.as_subclass(Mine)
    yield type(y) is Mine, y.requires_grad, y.is_leaf, y.data_ptr() == x.data_ptr()
    (y * 3).sum().backward()
    yield x.grad, raised(x.as_subclass, int), type(lib.ones(2).as_subclass(lib.Tensor)) is lib.Tensor
    plain = lib.ones(2)
    yield plain.module_load(lib.tensor([3, 4])), plain, raised(plain.module_load, lib.ones(3))
    yield plain.module_load(lib.tensor([5, 6]), assign=True), plain


@program("Tensor.resize", "Tensor.resize_as")
def sizes_by_older_names(lib):
    warnings.simplefilter("ignore")
    x = lib.arange(6.0).reshape(2, 3)
    yield x.resize(3, 2), x.resize_as(lib.ones(6)), x.resize(3, 2).data_ptr() == x.data_ptr(), raised(x.resize, 7), raised(x.resize_as, lib.ones(5))
    yield x.requires_grad_().resize(3, 2).requires_grad


@program("Tensor.__div__", "Tensor.__rdiv__", "Tensor.__idiv__", "Tensor.__long__", "Tensor.__nonzero__", "Tensor.__array_wrap__")
def operators_of_older_pythons(lib):
    import numpy as np

    x = lib.tensor([1.0, 2.0])
    yield x.__div__(2), x.__rdiv__(2), x.clone().__idiv__(4), lib.tensor(2.5).__long__(), lib.tensor(2.5).__nonzero__(), raised(x.__nonzero__)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield x.__array_wrap__(np.array([3.0, 4.0])), x.__array_wrap__(np.array([True, False]))
        yield lib.is_tensor(np.sqrt(x)), np.sqrt(x)


@program("addmv_", "as_strided_", "detach_", "index_put_")
def methods_as_functions(lib):
    x = lib.ones(2)
    yield lib.addmv_(x, lib.ones(2, 2), lib.ones(2), beta=2), x, lib.as_strided_(lib.arange(6.0), (2, 2), (3, 1))
    y = lib.ones(2, requires_grad=True) * 2
    yield lib.detach_(y).requires_grad, y.is_leaf, lib.index_put_(lib.zeros(3), (lib.tensor([0, 2]),), lib.tensor(3.0))
    yield lib.index_put_(lib.zeros(3), (lib.tensor([1, 1]),), lib.tensor(3.0), True)


@program("autograd.Variable")
def variables_are_tensors(lib):
    x = lib.autograd.Variable(lib.tensor([1.0, 2.0]), requires_grad=True)
    yield type(x) is lib.Tensor, x, x.requires_grad, isinstance(lib.ones(1), lib.autograd.Variable), lib.autograd.Variable()


@program("autograd.set_multithreading_enabled", "autograd.enforce_grad_layout_policy")
def settings_of_the_engine(lib):
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with lib.autograd.set_multithreading_enabled(False), lib.autograd.enforce_grad_layout_policy(False):
        (x * x).sum().backward()
    yield x.grad, raised(lib.autograd.set_multithreading_enabled)

    @lib.autograd.enforce_grad_layout_policy(True)
    def function(a):
        return a + 1

    yield function(1)


FUNCTION = "boxed_grads_call clear_saved_tensors_on_access dirty_tensors generate_vmap_rule jvp mark_shared_storage materialize_grads maybe_clear_saved_tensors metadata name needs_input_grad next_functions non_differentiable register_hook register_prehook requires_grad saved_for_forward saved_variables to_save vmap"  # fmt: skip


@program(*(f"autograd.Function.{name}" for name in FUNCTION.split()))
def what_the_context_of_a_function_holds(lib):
    seen = []

    class Scaled(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor, y):
            seen.append((ctx.needs_input_grad, ctx.requires_grad, ctx.to_save, ctx.dirty_tensors, ctx.non_differentiable, ctx.saved_for_forward))
            ctx.save_for_backward(x)
            ctx.save_for_forward(y)
            ctx.mark_shared_storage((x, y))
            ctx.set_materialize_grads(False)
            second = x * 3
            ctx.mark_non_differentiable(second)
            ctx.metadata["note"] = factor
            ctx.factor = factor
            seen.append((ctx.to_save[0] is x, ctx.non_differentiable[0] is second, ctx.saved_for_forward[0] is y))
            return x * factor, second

        @staticmethod
        def backward(ctx, g, other):
            seen.append((ctx.saved_tensors, ctx.saved_variables, other is None, ctx.name(), len(ctx.next_functions), ctx.needs_input_grad))
            return g * ctx.factor, None, None

    x, y = lib.tensor([1.0, 2.0], requires_grad=True), lib.ones(2)
    out, second = Scaled.apply(x, 5.0, y)
    node = out.grad_fn
    yield second.requires_grad, node.name(), node.metadata, node.factor, node.saved_tensors, node.needs_input_grad, node.requires_grad
    yield [(one is None, number) for one, number in node.next_functions], node.maybe_clear_saved_tensors()
    node.register_hook(lambda inputs, outputs: seen.append((inputs[0], outputs[0])))
    node.register_prehook(lambda outputs: seen.append(outputs[0]))
    out.sum().backward()
    yield seen, x.grad
    base = lib.autograd.Function
    yield base.generate_vmap_rule, base.boxed_grads_call, base.clear_saved_tensors_on_access
    yield raised(base.jvp, None, 1), raised(base.vmap, None, None, 1)


@program("func.rearrange")
def dimensions_by_pattern(lib):
    x = lib.arange(24).reshape(2, 3, 4)
    rearrange = lib.func.rearrange
    for pattern, sizes in (
        ("a b c -> c a b", {}), ("a b c -> (a b) c", {}), ("(x y) b c -> x y b c", {"x": 1}), ("a b (c d) -> d a b c", {"c": 2}), ("... c -> c ...", {}),
        ("a ... -> (...) a", {}), ("a b c -> a b c 1", {}), ("a b c -> a (b c) ()", {}), ("... -> ...", {}), ("a b ... -> ... b a", {}),
        ("A b_1 c -> c b_1 A", {}), ("(a b) c d -> a b c d", {"a": 2, "b": 1}), ("a b c -> 1 a (b 1) c", {}), ("a ... c -> c ... a", {}),
    ):  # fmt: skip
        yield rearrange(x, pattern, **sizes)
    yield rearrange([x, x + 1], "n a b c -> a n b c"), rearrange(lib.ones(1, 2), "1 a -> a"), rearrange(lib.ones(1, 2), "() a -> a")
    for pattern in ("a b c -> a b", "a b -> b a", "a a c -> a c", "a b c", "a b c -> a -> b", "a b c -> a (b c", "a (b ...) c -> a b c", "a 2 c -> a c",
                    "a b c -> ", "a b c -> a ... b c"):  # fmt: skip
        yield raised(rearrange, x, pattern)
    yield raised(rearrange, x, "a b c -> a b c", z=1), rearrange(x, "a b c -> b a c").data_ptr() == x.data_ptr()


@program("func.functionalize", "func.replace_all_batch_norm_modules_")
def functions_without_writes(lib):
    def function(x):
        y = x.clone()
        y.add_(1)
        return y.view(-1)

    yield lib.func.functionalize(function)(lib.ones(2, 2)), lib.func.functionalize(function, remove="mutations_and_views")(lib.ones(2))
    model = lib.nn.Sequential(lib.nn.BatchNorm1d(3), lib.nn.Sequential(lib.nn.BatchNorm2d(3), lib.nn.InstanceNorm1d(3, track_running_stats=True)))
    yield lib.func.replace_all_batch_norm_modules_(model) is model, list(model.state_dict()), model[0].track_running_stats, model[1][1].track_running_stats


GRADIENTS = tuple(f"nn.grad.conv{n}d_{what}" for n in (1, 2, 3) for what in ("input", "weight"))


@program("nn.grad", "nn.functional.grad", *GRADIENTS)
def gradients_of_convolutions(lib):
    for n in (1, 2, 3):
        grad, conv = _part(lib, "nn.grad"), getattr(lib.nn.functional, f"conv{n}d")
        for options in ({}, {"stride": 2}, {"padding": 1, "dilation": 2}, {"groups": 2}):
            x, w = lib.randn(2, 4, *(6,) * n, requires_grad=True), lib.randn(4, 4 // options.get("groups", 1), *(2,) * n, requires_grad=True)
            out = conv(x, w, **options)
            g = lib.randn(*out.shape)
            by_input = getattr(grad, f"conv{n}d_input")(x.shape, w, g, **options)
            by_weight = getattr(grad, f"conv{n}d_weight")(x, w.shape, g, **options)
            yield by_input.detach(), by_weight.detach(), by_input.requires_grad
            yield lib.autograd.grad(by_input.sum(), w)[0], lib.autograd.grad(by_weight.sum(), x)[0]
    yield lib.nn.functional.grad is _part(lib, "nn.grad")


@program("nn.attention.SDPBackend", "nn.attention.sdpa_kernel", "nn.attention.WARN_FOR_UNFUSED_KERNELS")
def which_attention(lib):
    attention = _part(lib, "nn.attention")
    kinds, x = attention.SDPBackend, lib.ones(1, 1, 2, 2)
    yield attention.WARN_FOR_UNFUSED_KERNELS, [(name, int(getattr(kinds, name))) for name in ("ERROR", "MATH", "FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION", "OVERRIDEABLE")]
    for asked in (kinds.MATH, kinds.FLASH_ATTENTION, kinds.EFFICIENT_ATTENTION, kinds.ERROR, [], [kinds.EFFICIENT_ATTENTION, kinds.MATH], 3, None):
        def run(asked=asked):
            with attention.sdpa_kernel(asked):
                return lib.nn.functional.scaled_dot_product_attention(x, x, x)

        yield raised(run) or run()
    with attention.sdpa_kernel([kinds.MATH], set_priority=True) as inside:
        yield inside
    yield lib.nn.functional.scaled_dot_product_attention(x, x, x)


@program("nn.factory_kwargs", "nn.functional.assert_int_or_pair", "nn.functional.GRID_SAMPLE_INTERPOLATION_MODES", "nn.functional.GRID_SAMPLE_PADDING_MODES")
def helpers_of_modules(lib):
    of = lib.nn.factory_kwargs
    yield of(None), of({}), sorted(of({"dtype": lib.float64, "device": "cpu"})), sorted(of({"factory_kwargs": {"dtype": lib.float64}, "device": "cpu"}))
    yield raised(of, {"size": 3}), raised(of, {"dtype": lib.float64, "factory_kwargs": {"dtype": lib.float32}})
    check = lib.nn.functional.assert_int_or_pair
    yield check(3, "a", "{}"), check((1, 2), "a", "{}"), raised(check, (1, 2, 3), "a", "{} is wrong")
    yield lib.nn.functional.GRID_SAMPLE_INTERPOLATION_MODES, lib.nn.functional.GRID_SAMPLE_PADDING_MODES


@program("nn.Module.register_backward_hook", "nn.Module.dump_patches", "nn.Module.call_super_init")
def older_hooks_of_modules(lib):
    warnings.simplefilter("ignore")
    seen = []
    model = lib.nn.Linear(2, 2)
    handle = model.register_backward_hook(lambda module, inputs, outputs: seen.append((module is model, outputs[0])))
    yield raised(model.register_full_backward_hook, lambda *args: None)
    model(lib.ones(1, 2)).sum().backward()
    handle.remove()
    model(lib.ones(1, 2)).sum().backward()
    yield seen, model.dump_patches, model.call_super_init
    other = lib.nn.Linear(2, 2)
    other.register_full_backward_hook(lambda *args: None)
    yield raised(other.register_backward_hook, lambda *args: None)

    class Base:
        def __init__(self, number):
            self.number = number

    class Mixed(lib.nn.Module, Base):
        call_super_init = True

        def __init__(self, number):
            super().__init__(number)

    yield Mixed(3).number, raised(lib.nn.Module, 3), raised(lib.nn.Module, a=3)


@program("nn.Container", "nn.NLLLoss2d", "nn.utils.clip_grad_norm", "testing.assert_allclose")
def deprecated_names(lib):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        held = lib.nn.Container(first=lib.nn.Linear(1, 1), second=lib.nn.ReLU())
        yield [name for name, _ in held.named_children()], raised(held, 3)
        loss = lib.nn.NLLLoss2d(reduction="sum")
        yield loss(lib.tensor([[-0.25, -1.5]]), lib.tensor([1])), isinstance(loss, lib.nn.NLLLoss)
        x = lib.tensor([3.0, 4.0], requires_grad=True)
        x.grad = lib.tensor([30.0, 40.0])
        yield lib.nn.utils.clip_grad_norm(x, 5.0), x.grad
        close = _part(lib, "testing").assert_allclose
        one = lib.tensor([1.0, 2.0])
        yield raised(close, one, one + 1e-5), raised(close, one, one + 1e-2), raised(close, one, one.double()), raised(close, [1.0], [1.0])
        yield raised(close, one * float("nan"), one * float("nan")), raised(close, one, one + 1, 1.0, 1.0), raised(close, one.half(), one.half() * 1.001)
        yield {"FutureWarning"} & {one.category.__name__ for one in caught}


@program("nn.utils.skip_init", "nn.utils.convert_conv2d_weight_memory_format", "nn.utils.convert_conv3d_weight_memory_format",
         "nn.utils.init", "nn.utils.memory_format")  # fmt: skip
def modules_made_otherwise(lib):
    utils = lib.nn.utils
    state = lib.get_rng_state()
    layer = utils.skip_init(lib.nn.Linear, 3, out_features=2, bias=False, dtype=lib.float64)
    yield tuple(layer.weight.shape), layer.weight.dtype, layer.weight.requires_grad, layer.bias is None, bool((state == lib.get_rng_state()).all())
    yield raised(utils.skip_init, lib.nn.ReLU), raised(utils.skip_init, lib.nn.LSTM, 2, 3), raised(utils.skip_init, dict)

    class Broken(lib.nn.Linear):
        def reset_parameters(self):
            yielded.append(lib.nn.init.constant_(self.weight, 3.0) is self.weight)
            raise KeyError

    yielded = []
    yield raised(utils.skip_init, Broken, 2, 2), yielded, lib.nn.init.ones_(lib.zeros(2)), raised(Broken, 2, 2)
    for kind, *sizes in ((lib.nn.Conv2d, 2, 3, 2), (lib.nn.GRUCell, 2, 3), (lib.nn.Embedding, 3, 2, 1), (lib.nn.BatchNorm1d, 3), (lib.nn.MultiheadAttention, 4, 2)):
        yield [(name, tuple(one.shape), one.dtype) for name, one in utils.skip_init(kind, *sizes).state_dict().items()]
    model = lib.nn.Sequential(lib.nn.Conv2d(2, 3, 2), lib.nn.ConvTranspose2d(3, 2, 2), lib.nn.Linear(2, 2))
    before = model[0].weight.detach().clone()
    yield utils.convert_conv2d_weight_memory_format(model, lib.channels_last) is model, model[0].weight.stride(), model[1].weight.stride()
    yield bool((before == model[0].weight).all()), model[0].weight.is_leaf
    yield utils.convert_conv3d_weight_memory_format(lib.nn.Conv3d(2, 3, 2), lib.channels_last_3d).weight.stride()
    yield utils.init.skip_init is utils.skip_init, utils.memory_format.convert_conv2d_weight_memory_format is utils.convert_conv2d_weight_memory_format


@program("testing.make_tensor")
def random_tensors_for_tests(lib):
    make = _part(lib, "testing").make_tensor
    lib.manual_seed(5)
    for dtype in (lib.bool, lib.uint8, lib.int8, lib.int64, lib.float16, lib.bfloat16, lib.float32, lib.float64, lib.complex64):
        yield make(2, 5, dtype=dtype, device="cpu")
        yield make((3,), dtype=dtype, device="cpu", low=0, high=2), make(7, dtype=dtype, device="cpu", low=0, high=2, exclude_zero=True)
    yield make(3, 4, dtype=lib.float32, device="cpu", low=-1e39, high=1e39), make(3, 4, dtype=lib.float32, device="cpu", noncontiguous=True).stride()
    yield make(1, 2, 3, 4, dtype=lib.float32, device="cpu", memory_format=lib.channels_last).stride(), make(2, dtype=lib.float32, device="cpu", requires_grad=True).requires_grad
    for options in ({"low": 3, "high": 1}, {"low": float("nan")}, {"low": 1e40, "high": 1e41}, {"noncontiguous": True, "memory_format": lib.contiguous_format}):
        yield raised(make, 3, dtype=lib.float32, device="cpu", **options)
    yield raised(make, 3, dtype=lib.int64, device="cpu", requires_grad=True), raised(make, 3, dtype=lib.int64, device="cpu", low=3, high=3), raised(make, 3)


@program("optim.Optimizer.profile_hook_step")
def hooks_that_change_a_step(lib):
    class Mine(lib.optim.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, {})

        @lib.optim.Optimizer.profile_hook_step
        def step(self, closure=None, scale=1):
            return scale

    optimizer = Mine([lib.ones(1, requires_grad=True)])
    yield optimizer.step(), optimizer.step(scale=2)
    handle = optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: (args, {"scale": 7}))
    yield optimizer.step(scale=2)
    handle.remove()
    optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: 3)
    yield raised(optimizer.step)


@program("utils.data.get_worker_info", "utils.data.dataloader")
def no_worker_is_asked(lib):
    data = _part(lib, "utils.data")
    yield data.get_worker_info(), data.dataloader.DataLoader is data.DataLoader


@program("to_dlpack", "utils.dlpack.DLDeviceType", "utils.dlpack.from_dlpack", "utils.dlpack.to_dlpack")
def memory_is_handed_on(lib):
    dlpack = _part(lib, "utils.dlpack")
    x = lib.tensor([[1.0, 2.0], [3.0, 4.0]])
    for hand in (lib.to_dlpack, dlpack.to_dlpack):
        y = dlpack.from_dlpack(hand(x))
        y[0, 0] = 9
        yield y, x
    yield lib.from_dlpack(lib.to_dlpack(x.t())).stride(), dlpack.from_dlpack(x).data_ptr() == x.data_ptr()
    yield {name: int(one) for name, one in dlpack.DLDeviceType.__members__.items()}


@program("from_file")
def memory_of_a_file(lib):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "numbers")
        x = lib.from_file(path, shared=True, size=4, dtype=lib.float64)
        x.copy_(lib.arange(4, dtype=lib.float64))
        yield lib.from_file(path, size=4, dtype=lib.float64), os.path.getsize(path)
        private = lib.from_file(path, False, 2, dtype=lib.float64)
        private[0] = 9
        yield private, x, lib.from_file(path, size=3, dtype=lib.int64), lib.from_file(path, size=0), lib.from_file(path, shared=True, size=2).dtype
        yield raised(lib.from_file, os.path.join(folder, "none"), size=2), raised(lib.from_file, path, size=99), os.path.getsize(path)


@program("Generator.__setstate__")
def the_pickled_state_of_a_generator(lib):
    import copy

    one = lib.Generator().manual_seed(3)
    lib.rand(2, generator=one)
    state = one.__reduce__()[2]
    yield copy.copy(one) is one, state[0], state[1]
    other = lib.Generator()
    other.__setstate__(state)
    yield other.initial_seed(), lib.rand(3, generator=one), lib.rand(3, generator=other)


@program("has_lapack", "has_mkl", "has_openmp", "has_spectral", "legacy_contiguous_format", "version")
def what_it_was_built_with(lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield lib.has_lapack, lib.has_openmp, lib.has_spectral, lib.legacy_contiguous_format is lib.contiguous_format
    version = _part(lib, "version")
    yield version.cuda, version.hip, version.debug, isinstance(version.__version__, str)


@program("has_mkl")
def whether_mkl_is_there(lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield lib.has_mkl


@program("autograd.anomaly_mode", "autograd.grad_mode", "signal.windows.windows")
def modules_in_modules(lib):
    windows = _part(lib, "signal.windows")
    yield lib.autograd.anomaly_mode.detect_anomaly is lib.autograd.detect_anomaly, lib.autograd.grad_mode.no_grad is lib.no_grad
    yield windows.windows.hann is windows.hann


@program("det", "inverse", "slogdet", "matrix_power", "linalg.norm", "cholesky", "logdet", "split_copy")
def other_spellings_of_parameters(lib):
    x = lib.tensor([[2.0, 0.5], [0.5, 1.0]])
    yield lib.det(input=x), lib.inverse(input=x), lib.slogdet(input=x), lib.matrix_power(input=x, n=2), lib.linalg.norm(input=x, ord=1)
    yield lib.cholesky(input=x), lib.logdet(input=x), lib.split_copy(input=x, split_size=1), lib.linalg.det(A=x)
    y = lib.zeros(3)
    y.random_(**{"from": 3, "to": 4})
    yield y


@program("nn.Hardtanh", "nn.Module.state_dict", "utils.data.random_split", "enable_grad", "func.jacrev", "range", "layer_norm")
def arguments_that_few_know(lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield lib.nn.Hardtanh(min_value=-2, max_value=0.5)(lib.tensor([-3.0, 3.0])), lib.range(1, 3)
        yield list(lib.nn.Linear(1, 1).state_dict({}, "a.", True)), lib.nn.Linear(1, 1).state_dict({}, keep_vars=True)["bias"].requires_grad
    lib.manual_seed(3)
    yield [list(part.indices) for part in _part(lib, "utils.data").random_split(range(10), [3, 7])]
    yield lib.enable_grad(orig_func=lambda: 3)(), lib.layer_norm(lib.tensor([1.0, 3.0]), [2], cudnn_enable=False)
    yield lib.func.jacrev(lib.sin, _preallocate_and_copy=False)(lib.tensor([0.0, 1.0]))


@program("save", "load")
def arguments_of_files_that_few_know(lib):
    import io
    import pickle

    for options in ({}, {"pickle_module": pickle, "pickle_protocol": 2}, {"_use_new_zipfile_serialization": True}):
        file = io.BytesIO()
        lib.save({"a": lib.ones(2)}, file, **options)
        file.seek(0)
        yield lib.load(file, weights_only=None, encoding="utf-8")


@program("autograd.graph.GradientEdge", "autograd.graph.get_gradient_edge", "autograd.grad", "autograd.backward")
def places_in_the_graph(lib):
    edge_of = lib.autograd.graph.get_gradient_edge
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    z = (3 * y).exp().sum()
    here, leaf = edge_of(y), edge_of(x)
    yield here.node.name(), here.output_nr, leaf.node.name().split("::")[-1], leaf.output_nr, raised(edge_of, lib.ones(2))
    yield lib.autograd.grad(z, here, retain_graph=True), lib.autograd.grad(z, (leaf, here), retain_graph=True)
    yield lib.autograd.grad(here, x, grad_outputs=lib.tensor([1.0, 10.0]), retain_graph=True)
    lib.autograd.backward(here, lib.tensor([1.0, 1.0]), retain_graph=True)
    yield x.grad, isinstance(here, tuple), lib.autograd.graph.GradientEdge(here.node, 0) == here or len(here)
    first, second = lib.tensor([[1.0, 2.0]], requires_grad=True).unbind(1)
    yield edge_of(second).output_nr, edge_of(first).output_nr


@program("autograd.graph.allow_mutation_on_saved_tensors")
def saved_tensors_may_be_overwritten(lib):
    allow = lib.autograd.graph.allow_mutation_on_saved_tensors
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    with allow() as kept:
        y = x * 2
        out = (y * y).sum()
        y.mul_(0)
        out.backward()
        yield x.grad, raised(allow().__enter__)
    with allow() as kept:
        y = x * 2
        out = (y * y).sum()
        kept.clear()
    yield raised(out.backward)


@program("utils.checkpoint.set_checkpoint_debug_enabled")
def a_checkpoint_that_tells_more(lib):
    module = _part(lib, "utils.checkpoint")
    calls = []

    def changing(a):
        calls.append(a)
        return (a * a).exp().sum() if len(calls) % 2 else (a * a).sum()

    for enabled in (None, False, True):
        x = lib.tensor([1.0, 2.0], requires_grad=True)
        with module.set_checkpoint_debug_enabled(enabled):
            module.checkpoint(lambda a: (a * a).sum(), x, use_reentrant=False).backward()
            yield x.grad, raised(module.checkpoint(changing, x, use_reentrant=False).backward), len(calls)
        with module.set_checkpoint_debug_enabled(enabled):
            module.checkpoint(lambda a: a.sum(), x, use_reentrant=False, debug=True).backward()
        yield x.grad


@program("autograd.gradcheck", "autograd.gradgradcheck")
def gradients_are_checked_in_both_directions(lib):
    check, twice = lib.autograd.gradcheck, lib.autograd.gradgradcheck
    x = lib.tensor([0.5, 1.5], dtype=lib.float64, requires_grad=True)
    z = lib.tensor([0.5 + 1j, 1.5], requires_grad=True, dtype=lib.complex128)

    class Wrong(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    yield check(lib.sin, x, check_forward_ad=True), check(lambda a: a * a.conj(), z, check_forward_ad=True), check(lib.mul, (x, 3 * x.detach()), check_forward_ad=True)
    yield raised(check, Wrong.apply, x), check(Wrong.apply, x, raise_exception=False), check(lib.exp, x, masked=False, check_batched_forward_grad=False)
    yield raised(check, lib.mul, (x, x.detach())), twice(lib.sin, x, check_fwd_over_rev=True)
    forward = {"check_rev_over_rev": False, "check_fwd_over_rev": True}
    yield twice(lib.sin, x, check_undefined_grad=False, **forward), raised(twice, lib.sin, x, **forward)
    for options in ({"check_backward_ad": False}, {"check_backward_ad": False, "check_forward_ad": True}, {"check_batched_forward_grad": True},
                    {"check_backward_ad": False, "check_forward_ad": True, "check_undefined_grad": False, "check_batched_grad": True}):  # fmt: skip
        yield raised(check, lib.sin, x, **options), raised(check, lib.sin, x, raise_exception=False, **options)


@program("optim.swap_in_optimizer_params_and_state")
def an_optimizer_of_other_parameters(lib):
    x, y = lib.ones(2, requires_grad=True), lib.zeros(2, requires_grad=True)
    optimizer = lib.optim.Adam([x], lr=0.1)
    swap = lib.optim.swap_in_optimizer_params_and_state
    early = optimizer.state_dict()
    yield raised(lambda: swap(optimizer, {"y": y}, early).__enter__())
    x.grad, y.grad = lib.ones(2), lib.tensor([1.0, -1.0])
    optimizer.step()
    state = optimizer.state_dict()
    state["param_groups"][0]["lr"] = 0.5
    with swap(optimizer, {"y": y}, state):
        optimizer.step()
        yield optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["params"][0] is y, optimizer.state[y]["step"]
    yield x.detach(), y.detach(), optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["params"][0] is x, next(iter(optimizer.state)) is x
    yield raised(lambda: swap(optimizer, {}, state).__enter__()), raised(lambda: swap(optimizer, {"y": y}, 3).__enter__())
    yield raised(lambda: swap(optimizer, {"y": y}, {"state": {}, "param_groups": []}).__enter__())


@program("lobpcg")
def a_few_eigenvalues(lib):
    lib.manual_seed(1)
    root = lib.randn(2, 12, 12, dtype=lib.float64)
    a = root @ root.mT + lib.eye(12, dtype=lib.float64)
    b = lib.diag(lib.arange(1.0, 13.0, dtype=lib.float64))
    for args, options in (((a[0],), {}), ((a[0], 3), {}), ((a[0], 3), {"largest": False}), ((a, 2), {}), ((a[0], 2, b), {}), ((a[0], 2, b), {"largest": False}),
                          ((a[0],), {"X": root[0, :, :2], "niter": 200, "tol": 1e-8, "method": "basic"})):  # fmt: skip
        values, vectors = lib.lobpcg(*args, **options)
        metric = args[2] if len(args) > 2 else lib.eye(12, dtype=lib.float64)
        yield (values * 1e4).round(), tuple(vectors.shape), (vectors.mT @ metric @ vectors).diagonal(dim1=-2, dim2=-1) .round(decimals=3)
        yield ((args[0] @ vectors - metric @ vectors * values.unsqueeze(-2)).abs().amax() < 1e-3).item()
    x = a[0].detach().requires_grad_()
    lib.lobpcg(x, 2)[0].sum().backward()
    yield (x.grad * 1e3).round(), lib.lobpcg(a[0].float(), 1)[0].dtype
    yield raised(lib.lobpcg, a[0], 5), raised(lib.lobpcg, a[0][:, :5]), raised(lib.lobpcg, a[0], X=root[0, :11]), raised(lib.lobpcg, a[0], X=root[0, :11, :2])


@program("Tensor.grad_dtype")
def gradients_of_another_dtype(lib):
    x = lib.ones(2, requires_grad=True)
    yield x.grad_dtype, lib.ones(2).grad_dtype
    x.grad_dtype = lib.float64
    for _ in range(2):
        (x * 2).sum().backward()
        yield x.grad, x.grad.dtype
    yield lib.autograd.grad((x * 3).sum(), x)[0].dtype, raised(setattr, x, "grad_dtype", lib.float16), raised(setattr, x, "grad_dtype", 3)
    yield raised(setattr, x, "grad", lib.ones(2)), raised(setattr, x, "grad", lib.ones(2, dtype=lib.float64)), x.grad
    x.grad_dtype = None
    yield x.grad_dtype, raised(setattr, x, "grad", lib.ones(2, dtype=lib.float16)), x.grad.dtype
    y = x * 1
    yield raised(lambda: y.grad_dtype), raised(setattr, y, "grad_dtype", None)


@program("utils.data.DistributedSampler")
def shares_of_a_data_set(lib):
    Sampler = lib.utils.data.DistributedSampler
    for n in (1, 5, 10, 11):
        for replicas in (1, 2, 3):
            for options in ({"shuffle": False}, {"seed": 3}, {"shuffle": False, "drop_last": True}, {"drop_last": True}):
                made = [Sampler(range(n), replicas, rank, **options) for rank in range(replicas)]
                yield [list(one) for one in made], [len(one) for one in made]
    made = Sampler(range(6), 2, 0)
    first = list(made)
    made.set_epoch(1)
    yield first, list(made), raised(Sampler, range(3), 2, 2), raised(Sampler, range(3))


@program("Tensor.to_dense")
def dense_already(lib):
    x = lib.ones(2)
    yield x.to_dense(), x.to_dense(lib.float64), x.to_dense() is x


@program("Tensor.matmul", "nn.functional.linear", "einsum")
def an_operand_that_nobody_differentiates_by_may_be_overwritten(lib):
    w = lib.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = lib.tensor([[1.0, -1.0]])
    found = []
    for made in (lambda: w @ x.T, lambda: x @ w, lambda: lib.nn.functional.linear(x, w), lambda: lib.einsum("ij,kj->ik", x, w), lambda: lib.mv(w, x[0])):
        y = made()
        w_before, x_before = raised(lambda: y.sum().backward(retain_graph=True)), x.clone()  # noqa: B023
        x.mul_(2)
        found.append((w_before, raised(y.sum().backward)))
        x.copy_(x_before)
    frozen = w.detach().clone()
    z = lib.tensor([[1.0, 1.0]], requires_grad=True)
    for made in (lambda: z @ frozen, lambda: lib.nn.functional.linear(z, frozen)):
        y = made()
        found.append(raised(y.sum().backward))
    total = (z.clone() @ frozen).sum()
    with lib.no_grad():
        z.mul_(3)
    yield found, raised(total.backward), z.grad, w.grad


@lru_cache
def _exported() -> bytes:
    """A network that PyTorch exported, with a batch of one to eight."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 2)
            self.register_buffer("scale", torch.tensor(2.0))
            self.register_buffer("shift", torch.tensor(0.5), persistent=False)

        def forward(self, x, flag, *, mask=None):
            y = torch.relu(self.layer(x)) * self.scale + self.shift * torch.tensor([1.0, 2.0])
            return {"y": y if mask is None else y * mask["of"], "sizes": (x.shape[0], flag)}

    torch.manual_seed(1)
    sizes = {"x": {0: torch.export.Dim("n", min=1, max=8)}, "flag": None, "mask": {"of": {}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.export.export(Net(), (torch.ones(2, 3), True), {"mask": {"of": torch.ones(2)}}, dynamic_shapes=sizes)
        file = io.BytesIO()
        torch.export.save(traced, file, extra_files={"notes": "some"})
    return file.getvalue()


@program("export.load", "export.ExportedProgram", "export.ExportGraphSignature")
def a_program_that_pytorch_exported(lib):
    texts = {"notes": ""}
    loaded = lib.export.load(io.BytesIO(_exported()), extra_files=texts)
    module, mask = loaded.module(), {"of": lib.tensor([1.0, -1.0])}
    out = module(lib.ones(5, 3), True, mask=mask)
    out["y"].sum().backward()
    yield out["y"].detach(), out["sizes"], type(out["sizes"]).__name__, module.layer.weight.grad, dict(texts)
    signature = loaded.graph_signature
    yield signature.parameters, signature.buffers, signature.user_inputs, sorted(signature.non_persistent_buffers)
    yield dict(signature.inputs_to_parameters), dict(signature.inputs_to_buffers), dict(signature.buffers_to_mutate), len(signature.lifted_tensor_constants)
    yield sorted(loaded.state_dict), [name for name, _ in loaded.named_parameters()], [name for name, _ in loaded.named_buffers()]
    yield [one.requires_grad for one in loaded.parameters()], len(list(loaded.buffers())), sorted(module.state_dict())
    yield raised(module.train), raised(module.eval), raised(loaded, lib.ones(2, 3))
    for args, kwargs in (((lib.ones(9, 3), True), {"mask": mask}), ((lib.ones(2, 4), True), {"mask": mask}), ((lib.ones(2, 3), False), {"mask": mask}),
                         ((lib.ones(2, 3), True), {}), ((lib.ones(2, 3),), {"mask": mask}), ((lib.ones(2, 3), True), {"mask": [mask["of"]]}),
                         ((lib.ones(2, 3), True), {"mask": {"at": mask["of"]}})):  # fmt: skip
        yield raised(module, *args, **kwargs)
    (args, kwargs) = loaded.example_inputs
    yield args[0], args[1], sorted(kwargs), kwargs["mask"]["of"]


@program("optim.lr_scheduler.CyclicLR", "optim.lr_scheduler.OneCycleLR", "optim.lr_scheduler.ReduceLROnPlateau", "optim.swa_utils.SWALR")
def schedules_keep_values_of_their_own(lib):
    kinds, value = lib.optim.lr_scheduler, lib.tensor

    def stepped(schedule, optimizer, *names):
        for one in given:
            one.mul_(0.5)
        optimizer.step()
        schedule.step()
        return [round(float(optimizer.param_groups[0][name]), 6) for name in ("lr", *names)]

    def sgd(rate=0.1):
        weight = lib.nn.Parameter(lib.ones(2))
        weight.grad = lib.ones(2)
        return lib.optim.SGD([weight], lr=rate, momentum=0.9)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = [value(0.1), value(0.2), value(0.8), value(0.9)]
        optimizer = sgd(given[0])
        schedule = kinds.CyclicLR(optimizer, given[0], given[1], base_momentum=given[2], max_momentum=given[3])
        yield stepped(schedule, optimizer, "max_momentum", "base_momentum", "momentum")[1:]
        optimizer, given = sgd(), [value(0.2)]
        yield stepped(kinds.OneCycleLR(optimizer, given[0], total_steps=10), optimizer, "initial_lr", "max_lr", "momentum")
        optimizer, given = sgd(), [value(0.2)]
        yield stepped(lib.optim.swa_utils.SWALR(optimizer, given[0]), optimizer, "swa_lr")
        for least in ([1e-5], 1e-5):
            optimizer = sgd()
            schedule = kinds.ReduceLROnPlateau(optimizer, patience=0, min_lr=least)
            optimizer.add_param_group({"params": [lib.nn.Parameter(lib.ones(1))], "lr": 0.05})
            schedule.step(1.0)
            yield raised(schedule.step, 1.3), [group["lr"] for group in optimizer.param_groups]


@program("save", "load", "optim.lr_scheduler.MultiStepLR")
def what_a_schedule_counts_can_be_saved(lib):
    schedule = lib.optim.lr_scheduler.MultiStepLR(lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=1.0), [2, 4, 4])
    held = io.BytesIO()
    lib.save({"milestones": schedule.state_dict()["milestones"]}, held)
    held.seek(0)
    found = lib.load(held)["milestones"]
    yield found, type(found).__name__


@program("use_deterministic_algorithms", "empty", "empty_like", "empty_strided", "empty_permuted", "Tensor.new_empty", "Tensor.resize_")
def memory_that_nobody_wrote_to(lib):
    deterministic = importlib.import_module(f"{lib.__name__}.utils.deterministic")
    kinds = ("float32", "float64", "float16", "bfloat16", "complex64", "int64", "int32", "int16", "int8", "uint8", "bool")
    for mode in (lambda: lib.use_deterministic_algorithms(True), lambda: lib.set_deterministic_debug_mode("warn")):
        mode()
        try:
            for dtype in (getattr(lib, kind) for kind in kinds):
                yield lib.empty(2, dtype=dtype), lib.empty_like(lib.zeros(2, 1, dtype=dtype)), lib.zeros(1, dtype=dtype).new_empty(2)
                yield lib.empty(3, out=lib.ones(3, dtype=dtype)), lib.ones(2, dtype=dtype).resize_(4)
            yield lib.empty_strided((2, 2), (1, 2)), lib.empty_permuted((2, 3), (1, 0)), lib.zeros(1).new_empty_strided((2,), (3,))
            x = lib.ones(4)
            yield x.resize_(2).resize_(4), lib.resize_as_(lib.ones(2), lib.zeros(5)), lib.empty(0), lib.add(lib.ones(3), 1, out=lib.ones(0))
            deterministic.fill_uninitialized_memory = False
            yield bool(lib.empty(3, out=lib.ones(3)).isnan().any())
        finally:
            lib.use_deterministic_algorithms(False)
            deterministic.fill_uninitialized_memory = True
    yield bool(lib.empty(3, out=lib.ones(3)).isnan().any())


@program("nn.functional.softmax", "nn.functional.kl_div", "var", "tensor", "Tensor.grad")
def what_is_warned_of(lib):
    F, nn, x = lib.nn.functional, lib.nn, lib.ones(2, 3)
    for call in (F.softmax, F.log_softmax, F.softmin, nn.Softmax()):
        yield warned(call, x), warned(F.softmax, x, dim=1)
    for reduction in ("mean", "batchmean", "sum", "none"):
        yield warned(F.kl_div, x, x, reduction=reduction), warned(nn.KLDivLoss(reduction=reduction), x, x)
    yield warned(F.mse_loss, x, x, reduce=False), warned(F.mse_loss, x, x, size_average=True), warned(F.mse_loss, x, x)
    yield warned(nn.MSELoss, size_average=False), warned(nn.CrossEntropyLoss, reduce=True), warned(nn.MSELoss(), x, x)
    for name in ("var", "std", "var_mean", "std_mean"):
        call = getattr(lib, name)
        yield warned(call, lib.ones(1)), warned(call, x), warned(call, x, 0), warned(call, x, 0, correction=2), warned(call, x, 1, correction=5)
    yield warned(lib.tensor, x), warned(lib.tensor, x, dtype=lib.float64), warned(lib.tensor, [x[0, 0], 1]), warned(lib.as_tensor, x)
    leaf = lib.ones(2, requires_grad=True)
    inner = leaf * 2
    grad = lambda one: one.grad
    yield warned(grad, leaf), warned(grad, inner), warned(repr, inner), warned(str, inner), warned(grad, inner.detach()), warned(copy.copy, inner)
    inner.retain_grad()
    yield warned(grad, inner), warned(grad, inner[0])
    inner.sum().backward()
    yield warned(grad, inner)


@program("masked.masked_tensor", "masked.as_masked_tensor", "masked.MaskedTensor", "masked.is_masked_tensor")
def tensors_that_have_a_mask(lib):
    masked, x = lib.masked, lib.arange(6.0).view(2, 3)
    m = lib.tensor([[True, False, True], [False, False, False]])
    a = masked.masked_tensor(x, m)
    seen = lambda one: (str(one), one.get_data(), one.get_mask(), type(one) is masked.MaskedTensor)
    yield seen(a), a.to_tensor(9.0), tuple(a.shape), a.dim(), a.dtype, a.requires_grad, masked.is_masked_tensor(a), masked.is_masked_tensor(x)
    for one in (a + a, a * 2, 2 / a, a + x, a.exp(), lib.log(a), -a, a > 1, a == a, a.clamp(0, 1), a.pow(2), lib.maximum(a, a), a.to(lib.float64), a.clone().add_(a)):
        yield seen(one)
    for one in (a.t(), a[0], a[:, 1:], a[0, 1], a.reshape(3, 2), a.view(6), a.unsqueeze(0), a.expand(2, 2, 3), lib.stack([a, a]), lib.cat([a, a]), a.split(1)[1],
                a.transpose(0, 1), a.detach(), a.contiguous(), lib.ones_like(a), lib.where(x > 1, a, a)):  # fmt: skip
        yield seen(one)
    for one in (a.sum(), a.sum(1), a.mean(1), a.mean(), a.amax(1), a.amin(0), a.prod(), a.prod(1), a.argmax(1), a.argmin(0), a.all(), a.var(1), a.std(), a.sum(0, keepdim=True),
                lib.sum(a, 1), a.softmax(1), masked.masked_tensor(m, m).all(1)):  # fmt: skip
        yield seen(one)
    b = masked.masked_tensor(x, m, requires_grad=True)
    (b * b).sum().backward()
    yield b.grad.to_tensor(0.0), b.grad.get_mask(), b.is_leaf, a.sum().item(), bool(a.sum() > 1)
    y = x.clone()
    taken, copied = masked.as_masked_tensor(y, m), masked.masked_tensor(y, m)
    yield raised(lambda: a + masked.masked_tensor(x, ~m)), raised(a.cumsum, 1), raised(a.numpy), raised(a.tolist), raised(a.relu), raised(lambda: a.item())
    for wrong in ((x, m[0]), (x, x), ([1.0], m), (x, [True]), (x, m[:, :2]), (x.to(lib.complex64), m)):
        yield raised(masked.masked_tensor, *wrong)
    yield taken.get_data(), copied.get_data(), str(masked.masked_tensor(x.int(), m)), str(masked.masked_tensor(lib.tensor(1), lib.tensor(True)))


@program("logdet", "nn.functional.linear_cross_entropy", "optim.lr_scheduler.SequentialLR", "Tensor.cos_", "exp")
def what_begins_at_nothing(lib):
    x = lib.tensor([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 2.0]]], requires_grad=True)
    value = lib.logdet(x)
    value.sum().backward()
    yield value, x.grad
    for n, reduction, smoothing in ((0, "mean", 0.0), (2, "mean", 0.0), (2, "sum", 0.0), (2, "sum", 0.1), (0, "sum", 0.1), (2, "none", 0.1)):
        rows, weight = lib.ones(n, 3, requires_grad=True), lib.ones(0, 3, requires_grad=True)
        loss = lib.nn.functional.linear_cross_entropy(rows, weight, lib.full((n,), -100), reduction=reduction, label_smoothing=smoothing)
        loss.sum().backward()
        yield loss, rows.grad, weight.grad
    optimizer, schedules = lib.optim.SGD([lib.ones(1, requires_grad=True)], lr=1.0), lib.optim.lr_scheduler
    schedule = schedules.SequentialLR(optimizer, [schedules.ConstantLR(optimizer, 0.1), schedules.ExponentialLR(optimizer, 0.5)], milestones=[0])
    for _ in range(3):
        yield schedule.get_last_lr(), optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
    meta, plain = lib.empty(2, device="meta"), lib.ones(2)
    yield raised(lib.exp, meta, out=plain), raised(lib.add, meta, 1, out=plain), raised(lib.add, plain, plain, out=meta), plain
    yield raised(plain.cos_, out=lib.zeros(2)), raised(lib.cos_, plain, out=lib.zeros(2)), plain
