"""What stands around tensors and modules: hooks of all modules, checks, utilities, what programs ask of devices."""

from __future__ import annotations

import copy
import gc

from . import program, raised, warned


@program("nn.RNNBase.check_input", "nn.RNNBase.check_hidden_size", "nn.RNNBase.check_forward_args", "nn.RNNBase.get_expected_hidden_size",
         "nn.RNNBase.permute_hidden", "nn.LSTM.get_expected_cell_size")  # fmt: skip
def what_recurrent_networks_check(lib):
    nn, x, sizes = lib.nn, lib.ones(5, 2, 3), lib.tensor([4, 2])
    for net in (nn.GRU(3, 4, num_layers=2), nn.RNN(3, 4, batch_first=True), nn.LSTM(3, 4, proj_size=2, bidirectional=True)):
        pair = isinstance(net, nn.LSTM)
        hidden = net.get_expected_hidden_size(x, None), net.get_expected_hidden_size(x[0], sizes)
        yield hidden, (net.get_expected_cell_size(x, None), net.get_expected_cell_size(x[0], sizes)) if pair else ()
        state = lib.arange(24.0).view(2, 3, 4)
        order = lib.tensor([2, 0, 1])
        yield net.permute_hidden((state, state + 1) if pair else state, order), net.permute_hidden(state, None) is state
        yield raised(net.check_input, x, None), raised(net.check_input, x, sizes), raised(net.check_input, x[0], sizes)
        yield raised(net.check_input, x[..., :2], None), raised(net.check_hidden_size, state, (2, 3, 4)), raised(net.check_hidden_size, state, (2, 3, 5), "{} {}")
        first = lib.ones(hidden[0])
        given = (first, lib.ones(net.get_expected_cell_size(x, None))) if pair else first
        yield raised(net.check_forward_args, x, given, None), raised(net.check_forward_args, x, (first, first[1:]) if pair else first[1:], None)
        yield net(x, given)[0].shape, raised(net, x, (first[1:], first) if pair else first[1:]), raised(net, x[0], given), raised(net, x[..., :2])


@program("nn.RNNBase.check_forward_args", "nn.RNNBase.permute_hidden")
def a_recurrent_network_may_check_otherwise(lib):
    class Checked(lib.nn.GRU):
        seen = 0

        def check_forward_args(self, input, hidden, batch_sizes):
            self.seen += 1
            super().check_forward_args(input, hidden, batch_sizes)

    net = Checked(3, 4)
    net(lib.ones(5, 2, 3), lib.ones(1, 2, 4))
    net(lib.ones(5, 3), lib.ones(1, 4))
    yield net.seen


@program("nn.MultiheadAttention.merge_masks")
def masks_of_attention_merge(lib):
    attention, query = lib.nn.MultiheadAttention(4, 2), lib.ones(3, 5, 4)
    lib.manual_seed(0)
    padding, mask, each = lib.rand(3, 5), lib.rand(5, 5), lib.rand(6, 5, 5)
    for pair in ((None, None), (None, padding), (mask, None), (mask, padding), (each, padding), (each, None), (mask > 0.5, padding > 0.5)):
        yield attention.merge_masks(*pair, query)


@program("no_grad.clone", "set_grad_enabled.clone", "inference_mode.clone", "autograd.set_multithreading_enabled.clone")
def modes_are_cloned(lib):
    for mode, inside in ((lib.no_grad(), lib.is_grad_enabled), (lib.enable_grad(), lib.is_grad_enabled),
                         (lib.inference_mode(), lib.is_inference_mode_enabled), (lib.inference_mode(False), lib.is_inference_mode_enabled)):  # fmt: skip
        other = mode.clone()
        with other:
            yield type(other) is type(mode), other is mode, inside()
    with lib.set_grad_enabled(False).clone():
        yield lib.is_grad_enabled()
    lib.set_grad_enabled(True)
    yield lib.autograd.set_multithreading_enabled(False).clone().mode, lib.is_grad_enabled()


@program("optim.lr_scheduler.SequentialLR.recursive_undo")
def sequences_of_schedules_inside_each_other(lib):
    schedules = lib.optim.lr_scheduler
    optimizer = lib.optim.SGD([lib.ones(1, requires_grad=True)], lr=1.0)
    inner = schedules.SequentialLR(optimizer, [schedules.ConstantLR(optimizer, 0.5, 9), schedules.ExponentialLR(optimizer, 0.5)], [2])
    outer = schedules.SequentialLR(optimizer, [inner, schedules.ExponentialLR(optimizer, 0.9)], [3]) if hasattr(inner, "_initial_step") else inner
    yield [one.last_epoch for one in inner._schedulers], outer.get_last_lr()
    outer.recursive_undo()
    yield [one.last_epoch for one in inner._schedulers]
    outer.recursive_undo(inner._schedulers[0]) if hasattr(inner._schedulers[0], "_schedulers") else None
    for _ in range(5):
        optimizer.step()
        outer.step()
        yield outer.get_last_lr()


@program("optim.lr_scheduler.LRScheduler.step", "optim.lr_scheduler.StepLR", "optim.lr_scheduler.SequentialLR", "optim.lr_scheduler.ReduceLROnPlateau",
         "optim.lr_scheduler.CosineAnnealingWarmRestarts", "optim.lr_scheduler.ChainedScheduler")  # fmt: skip
def schedules_that_warn_of_the_order(lib):
    kinds = lib.optim.lr_scheduler

    def sgd():
        return lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=1.0)

    for make in (
        lambda it: kinds.StepLR(it, 2),
        lambda it: kinds.CosineAnnealingWarmRestarts(it, 2),
        lambda it: kinds.ChainedScheduler([kinds.StepLR(it, 2), kinds.ConstantLR(it)]),
        lambda it: kinds.SequentialLR(it, [kinds.StepLR(it, 2), kinds.ConstantLR(it), kinds.ExponentialLR(it, 0.5)], [1, 2]),
    ):
        for first in ("step", "zero_grad"):
            optimizer = sgd()
            schedule = make(optimizer)
            getattr(optimizer, first)()
            yield [warned(schedule.step) for _ in range(3)], schedule.state_dict().get("_step_count"), schedule.get_last_lr()
    optimizer = sgd()
    optimizer.step()
    schedule = kinds.StepLR(optimizer, 2)  # the step before it was made does not count
    yield warned(schedule.step), warned(schedule.step, 5), schedule.get_last_lr()
    schedule = kinds.StepLR(optimizer, 2)
    yield warned(schedule.step)
    optimizer.step()
    yield warned(kinds.StepLR(optimizer, 2).step), warned(kinds.ReduceLROnPlateau(optimizer).step, 1.0, 3)
    optimizer = sgd()
    schedule = kinds.StepLR(optimizer, 2)
    optimizer.step = lambda: None
    yield warned(schedule.step), warned(schedule.step)
    yield warned(kinds.CosineAnnealingWarmRestarts(sgd(), 2).step, 1.5)


@program("utils.data.DataLoader.multiprocessing_context", "nn.utils.rnn.PackedSequence.pin_memory", "Tensor.pin_memory", "Tensor.is_shared")
def memory_of_one_process_and_no_accelerator(lib):
    x, loader = lib.ones(2), lib.utils.data.DataLoader
    yield raised(x.pin_memory), raised(lib.nn.utils.rnn.pack_sequence([x]).pin_memory), x.is_shared(), x.is_pinned()
    yield raised(loader, [1, 2], multiprocessing_context="fork"), loader([1, 2]).multiprocessing_context


@program("cpu.is_available", "cpu.is_initialized", "cpu.synchronize", "cpu.current_device", "cpu.current_stream", "cpu.stream", "cpu.set_device",
         "cpu.device_count", "cpu.Stream", "cpu.StreamContext", "cpu.Event", "get_device_module")  # fmt: skip
def what_programs_ask_of_the_cpu(lib):
    cpu = lib.cpu
    yield cpu.is_available(), cpu.is_initialized(), cpu.synchronize(), cpu.current_device(), cpu.device_count(), cpu.set_device("cpu")
    first, other = cpu.current_stream(), cpu.Stream()
    with cpu.stream(other), cpu.stream(None):
        yield cpu.current_stream() is other, other.wait_stream(first), other.record_event(), other.wait_event(None)
    event = cpu.Event()
    yield cpu.current_stream() is first, event.query(), event.record(), event.synchronize(), event.wait()
    yield lib.get_device_module() is cpu, lib.get_device_module("cpu") is cpu, lib.get_device_module(lib.device("cuda")) is lib.cuda
    yield raised(lib.get_device_module, "hpu"), raised(lib.get_device_module, 3)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with cpu.amp.autocast():
            yield (lib.ones(2, 2) @ lib.ones(2, 2)).dtype


@program("accelerator.synchronize", "accelerator.set_device_index", "accelerator.current_device_index", "accelerator.current_stream",
         "accelerator.empty_cache", "accelerator.memory_allocated", "accelerator.get_memory_info", "accelerator.memory_stats",
         "accelerator.reset_peak_memory_stats")  # fmt: skip
def what_programs_ask_of_an_accelerator(lib):
    accelerator = lib.accelerator
    yield accelerator.is_available(), accelerator.device_count(), accelerator.current_accelerator()
    for name in ("synchronize", "current_device_index", "current_stream", "empty_cache", "memory_allocated", "get_memory_info", "memory_stats", "max_memory_reserved"):
        yield raised(getattr(accelerator, name))
    yield raised(accelerator.set_device_index, 0), raised(accelerator.reset_peak_memory_stats, 0)


@program("backends.mkldnn.flags", "backends.cudnn.flags")
def switches_are_set_in_a_block(lib):
    for of, name in ((lib.backends.mkldnn, "deterministic"), (lib.backends.cudnn, "benchmark")):
        with of.flags(**{name: True}):
            yield getattr(of, name)


@program("backends.cuda.enable_flash_sdp", "backends.cuda.flash_sdp_enabled", "backends.cuda.enable_math_sdp", "backends.cuda.math_sdp_enabled",
         "backends.cuda.enable_mem_efficient_sdp", "backends.cuda.mem_efficient_sdp_enabled", "backends.cuda.enable_cudnn_sdp",
         "backends.cuda.cudnn_sdp_enabled", "backends.cuda.allow_fp16_bf16_reduction_math_sdp", "backends.cuda.is_flash_attention_available",
         "backends.cuda.fp16_bf16_reduction_math_sdp_allowed", "backends.mha.get_fastpath_enabled", "backends.mha.set_fastpath_enabled")  # fmt: skip
def switches_of_attention(lib):
    cuda, mha, attention = lib.backends.cuda, lib.backends.mha, lib.nn.attention
    names, x = ("math", "flash", "mem_efficient", "cudnn"), lib.ones(1, 1, 2, 4)
    state = lambda: [getattr(cuda, f"{name}_sdp_enabled")() for name in names]
    yield state(), cuda.is_flash_attention_available(), cuda.fp16_bf16_reduction_math_sdp_allowed()
    with attention.sdpa_kernel([attention.SDPBackend.MATH, attention.SDPBackend.CUDNN_ATTENTION]):
        yield state()
    for name in names:
        getattr(cuda, f"enable_{name}_sdp")(False)
        yield state(), raised(lib.nn.functional.scaled_dot_product_attention, x, x, x)
    for name in names:
        getattr(cuda, f"enable_{name}_sdp")(True)
    cuda.allow_fp16_bf16_reduction_math_sdp(True)
    yield state(), cuda.fp16_bf16_reduction_math_sdp_allowed(), mha.get_fastpath_enabled()
    cuda.allow_fp16_bf16_reduction_math_sdp(False)
    mha.set_fastpath_enabled(False)
    yield mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(True)


@program("sym_float", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_sqrt", "sym_sum")
def numbers_that_might_be_symbols(lib):
    for value in (lib.sym_float(3), lib.sym_int(2.7), lib.sym_int(-2.7), lib.sym_max(1, 2.0), lib.sym_max(3, 2), lib.sym_min(1, 2.0), lib.sym_sum([1, 2, 3]),
                  lib.sym_sum(1, 2.5), lib.sym_sqrt(9), lib.sym_ite(True, 1, 2), lib.sym_ite(False, 1, 2)):  # fmt: skip
        yield type(value).__name__, value
    yield raised(lib.sym_max, 1, "a"), raised(lib.sym_ite, 1, 1, 2), raised(lib.sym_ite, True, 1, 2.0), raised(lib.sym_sqrt, -1)


@program("utils.set_module", "utils.swap_tensors")
def tensors_change_places(lib):
    class One:
        pass

    lib.utils.set_module(One, "elsewhere")
    yield One.__module__, raised(lib.utils.set_module, One, 3)
    x, y = lib.arange(3.0), lib.nn.Parameter(lib.ones(2, 2))
    y.grad, x.mark = lib.zeros(2, 2), "x"
    lib.utils.swap_tensors(x, y)
    yield x, y, type(x) is lib.nn.Parameter, type(y) is lib.Tensor, x.grad, y.grad, y.mark, x.requires_grad, hasattr(x, "mark")
    z = lib.ones(2, requires_grad=True) * 2
    w = lib.zeros(3)
    lib.utils.swap_tensors(z, w)
    yield z, w, w.grad_fn is None, z.grad_fn is None
    kept = w.exp()
    yield raised(lib.utils.swap_tensors, kept * 0 + w, w) != "", kept.grad_fn is None
    v = kept.view(2, 1).clone()
    saved = kept * v.view(2)
    yield raised(lib.utils.swap_tensors, kept, z), saved.shape
    net, other = lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)
    before = copy.deepcopy(other.state_dict())
    for name in ("weight", "bias"):
        lib.utils.swap_tensors(getattr(net, name), getattr(other, name))
    net(lib.ones(1, 2)).sum().backward()
    yield lib.equal(net.weight, before["weight"]), net.weight.grad, other.weight.grad


@program("nn.modules.module.register_module_forward_hook", "nn.modules.module.register_module_forward_pre_hook",
         "nn.modules.module.register_module_full_backward_hook", "nn.modules.module.register_module_full_backward_pre_hook",
         "nn.modules.module.register_module_backward_hook")  # fmt: skip
def hooks_of_all_modules(lib):
    module, nn, seen = lib.nn.modules.module, lib.nn, []
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    lib.manual_seed(0)
    x = lib.rand(1, 2, requires_grad=True)
    name = lambda one: type(one).__name__
    net[0].register_forward_hook(lambda m, i, o: seen.append("own"))
    handles = [
        module.register_module_forward_pre_hook(lambda m, i: seen.append(("pre", name(m), len(i)))),
        module.register_module_forward_hook(lambda m, i, o: seen.append(("post", name(m))) or (o * 2 if isinstance(m, nn.ReLU) else None)),
        module.register_module_forward_hook(lambda m, i, k, o: seen.append(sorted(k)), with_kwargs=True),
        module.register_module_full_backward_pre_hook(lambda m, g: seen.append(("back pre", name(m)))),
        module.register_module_full_backward_hook(lambda m, i, g: seen.append(("back", name(m), [one.shape for one in i]))),
    ]
    with lib.no_grad():
        net[0].weight.fill_(0.5), net[0].bias.fill_(0.25)
    out = net(x)
    out.sum().backward()
    yield out, x.grad, seen, raised(module.register_module_backward_hook, print)
    for handle in handles:
        handle.remove()
    seen.clear()
    net(x).sum().backward()
    yield seen


@program("nn.modules.module.register_module_parameter_registration_hook", "nn.modules.module.register_module_module_registration_hook",
         "nn.modules.module.register_module_buffer_registration_hook")  # fmt: skip
def hooks_of_registration(lib):
    module, nn, seen = lib.nn.modules.module, lib.nn, []
    note = lambda owner, name, value: seen.append((type(owner).__name__, name, type(value).__name__))
    more = lambda owner, name, value: None if value is None else value + 1
    with (module.register_module_parameter_registration_hook(note), module.register_module_module_registration_hook(note),
          module.register_module_buffer_registration_hook(more)):  # fmt: skip
        net = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2, bias=False))
        net.register_buffer("more", lib.zeros(1))
    yield seen, net[0].running_mean, net.more, nn.BatchNorm1d(1).running_mean


@program("nn.Module.register_forward_hook", "nn.modules.module.register_module_forward_hook")
def forward_hooks_that_are_always_called(lib):
    import warnings

    class Fails(lib.nn.Module):
        def forward(self, x):
            raise ValueError("no")

    seen, net = [], Fails()
    net.register_forward_hook(lambda m, i, o: seen.append(("a", o)), always_call=True)
    net.register_forward_hook(lambda m, i, o: seen.append("b"))
    net.register_forward_hook(lambda m, i, o: 1 / 0, always_call=True)
    net.register_forward_hook(lambda m, i, o: seen.append(("c", o)), always_call=True)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield raised(net, 1), seen, len(told)
    good, seen = lib.nn.Identity(), []
    good.register_forward_hook(lambda m, i, o: seen.append(o), always_call=True)
    good.register_forward_hook(lambda m, i, o: 1 / 0)
    good.register_forward_hook(lambda m, i, o: seen.append("last"), always_call=True)
    yield raised(good, 3), seen


@program("utils.module_tracker.ModuleTracker", "utils.module_tracker.ModuleTracker.is_bw", "autograd.graph.register_multi_grad_hook")
def which_modules_run(lib):
    import importlib

    nn, seen = lib.nn, []
    tracker = importlib.import_module(f"{lib.__name__}.utils.module_tracker").ModuleTracker()
    with tracker:
        net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.Linear(2, 3)), nn.Linear(3, 1))
        note = lambda *args: seen.append((sorted(tracker.parents), tracker.is_bw))
        for module in net.modules():
            module.register_full_backward_hook(note), module.register_full_backward_pre_hook(note), module.register_forward_hook(note)
        out = net(lib.ones(1, 2, requires_grad=True))
        yield sorted(tracker.parents), tracker.is_bw
        out.sum().backward()
        yield seen, sorted(tracker.parents), tracker.is_bw
    seen.clear()
    net(lib.ones(1, 2))
    yield seen
    x, y, z = (lib.ones(1, requires_grad=True) for _ in range(3))
    a, b, order = x * 2, y * 3, []
    lib.autograd.graph.register_multi_grad_hook((a, b), lambda found: order.append([one is None for one in found]))
    with x.register_hook(lambda g: order.append("x")):  # gets its gradient after all of these have
        ((a * b) * z).sum().backward(retain_graph=True)
    (a * z).sum().backward()
    yield order


@program("Tensor.register_hook", "autograd.graph.Node.register_prehook")
def a_nodes_own_hooks_come_after_those_of_its_tensor(lib):
    x, seen = lib.ones(2, requires_grad=True), []
    y = x * 2
    y.retain_grad()
    y.grad_fn.register_prehook(lambda g: (g[0] * 2,))
    y.register_hook(lambda g: seen.append(g.tolist()) or g + 1)
    (y * 3).sum().backward()
    yield seen, y.grad, x.grad


@program(*(f"utils.weak.WeakIdKeyDictionary.{name}" for name in (
    "__contains__", "__copy__", "__delitem__", "__eq__", "__init__", "__ior__", "__iter__", "__len__", "__or__", "__repr__", "__ror__", "__setitem__",
    "__getitem__", "clear", "copy", "get", "items", "keyrefs", "keys", "pop", "popitem", "setdefault", "update", "values", "__abstractmethods__",
    "__class_getitem__")))  # fmt: skip
def members_of_such_a_dict(lib):
    kind = lib.utils.weak.WeakIdKeyDictionary
    x, y = lib.ones(2), lib.ones(2)
    made = kind()
    made[x], made[y] = 1, 2
    yield len(made), made[x], x in made, 3 in made, sorted(made.values()), [key is x for key in made], made.get(x)
    yield made.get(lib.ones(1), 7), made.setdefault(y, 9), len(made.keyrefs()), len(made.copy()), len(copy.copy(made)), list(made.items())[0][1]
    yield repr(made).partition(" ")[0], made == made.copy(), made == kind({x: 1}), made == {}, kind.__abstractmethods__, str(kind[int, int]).rpartition(".")[2]
    other = kind({x: 5})
    yield (made | other)[x], (other | made)[x], len({x: 3} | other), ({x: 3} | other)[x], raised(lambda: made | 3)
    made |= other
    made.update({y: 8})
    yield made[x], made[y], made.pop(x), len(made), raised(made.pop, x), made.pop(x, 3), raised(lambda: made[x]), raised(made.__delitem__, x), raised(reversed, made)
    del made[y]
    yield len(made), raised(made.popitem), other.popitem()[1], len(other), other.clear()
    made[y] = 1
    del y
    gc.collect()
    yield len(made)


@program("utils.weak.WeakIdKeyDictionary", "utils.weak.WeakTensorKeyDictionary", "utils.weak.TensorWeakRef", "utils.weak.WeakIdRef")
def dicts_that_do_not_keep_their_tensors(lib):
    import importlib

    weak = importlib.import_module(f"{lib.__name__}.utils.weak")
    x, y = lib.zeros(2), lib.zeros(2)
    made = weak.WeakTensorKeyDictionary({x: [1]})
    made[y] = [2]
    other, deep = made.copy(), copy.deepcopy(made)
    made[x].append(3)
    yield len(made), made[x], made.get(lib.zeros(2)), x in made, lib.zeros(2) in made, other == made, deep[x], raised(lambda: made[lib.ones(1)])
    yield [key is one for key, one in zip(made, (x, y))], list(made.values()), [len(found) for found in (made | {x: 1}, made | {lib.ones(1): 1})]
    yield made.setdefault(y, 5), made.pop(y), len(made), raised(made.pop, y), made.pop(y, 7), type(made) is weak.WeakIdKeyDictionary
    ref, refs = weak.TensorWeakRef(x), (weak.WeakIdRef(x), weak.WeakIdRef(x), weak.WeakIdRef(y))
    yield ref() is x, refs[0] == refs[1], refs[0] == refs[2], hash(refs[0]) == hash(refs[1]), raised(weak.TensorWeakRef, 3), len(made.keyrefs())
    for key in made:
        del x, key
        gc.collect()
        yield len(other)
    gc.collect()
    yield ref() is None, len(made), refs[0] == refs[1], list(made.items()), made == {}
    made.update({y: 1})
    made |= {y: 2}
    del made[y]
    yield made.popitem() if made else len(made), len(other)


@program("nn.attention.flex_attention.noop_mask", "nn.attention.flex_attention.and_masks", "nn.attention.flex_attention.or_masks",
         "nn.attention.flex_attention.BlockMask", "nn.attention.flex_attention.create_block_mask")  # fmt: skip
def blocks_of_masks(lib):
    import importlib

    flex = importlib.import_module(f"{lib.__name__}.nn.attention.flex_attention")
    causal, near = (lambda b, h, q, kv: q >= kv), (lambda b, h, q, kv: q - kv < 20)
    both, either = flex.and_masks(causal, near), flex.or_masks(causal, near)
    yield flex.create_mask(both, 1, 1, 30, 30), flex.create_mask(either, 1, 1, 30, 30), flex.create_mask(flex.and_masks(), 1, 1, 2, 2)
    yield raised(flex.and_masks, 3), raised(flex.or_masks, causal, None), flex.create_mask(flex.noop_mask, 1, 1, 2, 3), flex.create_mask(flex.or_masks(), 1, 1, 2, 2)
    for mod, sizes, block in ((both, (2, 3, 100, 70), (32, 16)), (causal, (None, None, 256, 256), 64), (flex.noop_mask, (1, None, 50, 40), 20)):
        mask = flex.create_block_mask(mod, *sizes, device="cpu", BLOCK_SIZE=block)
        yield tuple(mask.shape), mask.seq_lengths, mask.BLOCK_SIZE, mask.numel(), mask.sparsity(), mask.to_dense(), mask.to_string()
        yield mask.kv_num_blocks, mask.full_kv_num_blocks, mask.q_num_blocks, mask.full_q_num_blocks, mask.to_string((2, 3), 1)
        yield mask.kv_indices, mask.full_kv_indices, mask.q_indices, mask.full_q_indices, str(mask)
        yield mask[0].shape, mask[-1, 0].to_dense(), mask[:1, -1].kv_num_blocks, tuple(mask.to("cpu").shape)
        again = flex.BlockMask.from_kv_blocks(mask.kv_num_blocks, mask.kv_indices, mask.full_kv_num_blocks, mask.full_kv_indices, block, mod, mask.seq_lengths)
        yield tuple(again.shape), again.to_dense(), again.kv_num_blocks, again.sparsity()
    whole = flex.create_block_mask(causal, None, None, 64, 64, device="cpu", BLOCK_SIZE=16, separate_full_blocks=False)
    yield whole.full_kv_num_blocks is None, whole.kv_num_blocks, whole.to_dense()
    lib.manual_seed(0)
    x = lib.rand(1, 2, 96, 8)
    count, places = lib.tensor([[[1, 2, 3]]], dtype=lib.int32), lib.tensor([[[[0, 1, 2], [1, 0, 2], [2, 0, 1]]]], dtype=lib.int32)
    mask = flex.BlockMask.from_kv_blocks(count, places, BLOCK_SIZE=32, mask_mod=causal)
    yield tuple(mask.shape), mask.seq_lengths, flex.flex_attention(x, x, x, block_mask=mask)


@program("nn.attention.bias.causal_upper_left", "nn.attention.bias.causal_lower_right", "nn.attention.bias.CausalBias",
         "nn.attention.bias.CausalVariant")  # fmt: skip
def causal_masks_by_name(lib):
    import importlib

    bias = importlib.import_module(f"{lib.__name__}.nn.attention.bias")
    lib.manual_seed(0)
    for queries, keys in ((4, 4), (2, 5), (5, 2)):
        q, k, v = lib.rand(1, 2, queries, 8, requires_grad=True), lib.rand(1, 2, keys, 8), lib.rand(1, 2, keys, 8)
        for make in (bias.causal_upper_left, bias.causal_lower_right):
            mask = make(queries, keys)
            yield isinstance(mask, bias.CausalBias), isinstance(mask, lib.Tensor), int(mask.variant), mask.seq_len_q, mask.seq_len_kv
            if queries <= keys:
                out = lib.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
                yield out, type(out) is lib.Tensor, lib.autograd.grad(out.sum(), q)
    yield raised(bias.causal_upper_left), raised(bias.causal_lower_right, 2), [one.name for one in bias.CausalVariant]


@program("utils._pytree.tree_map_only_", "utils._pytree.tree_all_only", "utils._pytree.tree_any_only", "utils._pytree.treespec_dumps",
         "utils._pytree.treespec_loads", "utils._pytree.treespec_pprint", "utils._pytree.is_namedtuple", "utils._pytree.is_structseq",
         "utils._pytree.TreeSpec")  # fmt: skip
def forms_of_trees(lib):
    import importlib
    import time
    from collections import OrderedDict, defaultdict, deque, namedtuple

    tree, pair = importlib.import_module(f"{lib.__name__}.utils._pytree"), namedtuple("pair", "x y")
    value = [1, (2, {"k": 3}), OrderedDict(a=1), deque([1], maxlen=2), None, defaultdict(list, {1: 5})]
    form = tree.tree_structure(value)
    text = tree.treespec_dumps(form)
    yield text, tree.treespec_loads(text) == form, tree.treespec_pprint(form), tree.tree_unflatten(range(7), tree.treespec_loads(text))
    yield form.num_nodes, form.num_leaves, form.num_children, form.is_leaf(), form.type.__name__, form.context, form.child(1).num_nodes
    yield [child.num_leaves for child in form.children()], form.children_specs[2].context, tree.LeafSpec().num_nodes, tree.LeafSpec().children()
    yield form.child(1).flatten_up_to(([1, 2], {"k": (3,)})), tree.LeafSpec().flatten_up_to([1]), raised(form.child, 9)
    for wrong in ([1], ([1, 2], {"j": 3}), (1,), 3, ([1, 2], [3])):
        yield raised(form.child(1).flatten_up_to, wrong)
    yield raised(tree.treespec_dumps, form, 9), raised(tree.treespec_dumps, 3), raised(tree.treespec_loads, "[9, {}]"), raised(tree.treespec_loads, "x")
    yield raised(tree.treespec_dumps, tree.tree_structure(pair(1, 2))), raised(tree.treespec_loads, '[1, {"type": "no.where", "context": null, "children_spec": []}]')
    things = (pair, pair(1, 2), tuple, (1,), lib.return_types.max, lib.max(lib.ones(1, 1), 0), 3, int, time.localtime())
    for name in ("is_namedtuple", "is_namedtuple_class", "is_namedtuple_instance", "is_structseq", "is_structseq_class", "is_structseq_instance"):
        yield name, [getattr(tree, name)(thing) for thing in things]
    seen = []
    yield tree.tree_map_only_(int, seen.append, [1, ("a", 2)]), seen, tree.tree_all_only(int, lambda x: x > 0, [1, "a"])
    yield tree.tree_any_only(str, lambda x: x > "b", [1, "a"]), tree.tree_all_only((int, str), bool, [0, "a"]), tree.tree_any_only(float, bool, [0])

    class Box:
        def __init__(self, inner, label):
            self.inner, self.label = inner, label

    register = lambda cls, **more: tree.register_pytree_node(cls, lambda box: ([box.inner], box.label), lambda parts, label: cls(*parts, label), **more)
    yield raised(register, type("Other", (), {}), serialized_type_name="Other", to_dumpable_context=str), raised(register, list)
    register(Box, serialized_type_name=f"Box {lib.__name__}", to_dumpable_context=lambda label: [label], from_dumpable_context=lambda found: found[0])
    text = tree.treespec_dumps(tree.tree_structure(Box([1, 2], "x")))
    again = tree.tree_unflatten([3, 4], tree.treespec_loads(text))
    yield again.inner, again.label, text.replace(lib.__name__, "")


@program("cond")
def a_branch_as_a_function(lib):
    x = lib.ones(2, requires_grad=True)
    up, down = (lambda x: x.sin() + 1), (lambda x: x.cos() - 1)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pred in (True, False, lib.tensor(True), lib.tensor([False]), x.sum() > 1):
            out = lib.cond(pred, up, down, (x,))
            yield out, lib.autograd.grad(out.sum(), x)
        yield raised(lib.cond, lib.tensor([True, False]), up, down, (x,))


@program("serialization.safe_globals", "serialization.clear_safe_globals", "serialization.get_unsafe_globals_in_checkpoint",
         "serialization.LoadEndianness", "serialization.get_default_load_endianness", "serialization.set_default_load_endianness")  # fmt: skip
def what_files_may_mention(lib):
    import datetime
    import importlib
    import io
    import zipfile

    serialization, file = importlib.import_module(f"{lib.__name__}.serialization"), io.BytesIO()
    before = serialization.get_safe_globals()
    with serialization.safe_globals([datetime.date, (datetime.time, "other.name")]):
        yield len(serialization.get_safe_globals()) - len(before)
    yield len(serialization.get_safe_globals()) - len(before), serialization.add_safe_globals([datetime.date]), datetime.date in serialization.get_safe_globals()
    serialization.clear_safe_globals()
    yield serialization.get_safe_globals(), serialization.add_safe_globals(before), raised(serialization.get_unsafe_globals_in_checkpoint, io.BytesIO(b"abc")) != ""
    lib.save({"x": lib.arange(3, dtype=lib.int16), "y": lib.nn.Parameter(lib.ones(1))}, file)
    yield serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(file.getvalue()))
    import pickle

    other, pickled = io.BytesIO(), pickle.dumps([datetime.date(2000, 1, 1), {"a": 1}, io.StringIO], 2)  # what no file of Lucid's holds
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, pickled if name.endswith("data.pkl") else old.read(name))
    found = lambda: sorted(serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(other.getvalue())))
    yield [name for name in found() if "codecs" not in name], raised(lib.load, io.BytesIO(other.getvalue()), weights_only=True) != ""
    with serialization.safe_globals([datetime.date]):
        yield [name for name in found() if "codecs" not in name]
    yield [one.name for one in serialization.LoadEndianness], serialization.get_default_load_endianness(), raised(serialization.set_default_load_endianness, "big")
    unsaid = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(unsaid, "w") as new:
        for name in old.namelist():
            if not name.endswith("byteorder"):
                new.writestr(name, old.read(name))
    for order in ("BIG", "NATIVE", "LITTLE", None):
        serialization.set_default_load_endianness(order and serialization.LoadEndianness[order])
        yield lib.load(io.BytesIO(unsaid.getvalue()))["x"], serialization.get_default_load_endianness() is (order and serialization.LoadEndianness[order])


@program("library.Library.__init__", "library.Library.__repr__", "library.Library.define", "library.Library.impl")
def operators_of_a_library(lib):
    made = lib.library.Library("drawn_here", "FRAGMENT")
    yield repr(made), made.define("scaled(Tensor x, int n=2) -> Tensor"), raised(lib.library.Library, "drawn_here", "XX"), raised(lib.library.Library, "prim", "DEF")
    made.impl("scaled", lambda x, n=2: x * n, "CPU")
    scaled = lib.ops.drawn_here.scaled
    yield scaled(lib.ones(2)), scaled(lib.ones(2), 3), scaled.default(lib.ones(2), n=4), raised(made.define, "scaled"), raised(made.define, "scaled(Tensor x, int n=2) -> Tensor")
    yield raised(made.impl, "scaled", lambda x: x, "CPU")


@program("nn.init.sparse_", "sym_not", "serialization.add_safe_globals", "serialization.get_safe_globals", "nn.utils.prune.remove")
def small_functions(lib):
    lib.manual_seed(0)
    yield (lib.nn.init.sparse_(lib.empty(6, 4), 0.3) == 0).sum(0), lib.nn.init.sparse_(lib.empty(6, 4), 0.3, 0.5), raised(lib.nn.init.sparse_, lib.empty(6), 0.3)
    yield lib.nn.init.sparse_(lib.empty(3, 2), 1.0), lib.nn.init.sparse_(lib.empty(3, 2), 0.5, generator=lib.Generator().manual_seed(3))
    yield lib.sym_not(True), lib.sym_not(0)
    lib.serialization.clear_safe_globals()
    lib.serialization.add_safe_globals([dict])
    yield lib.serialization.get_safe_globals(), lib.serialization.clear_safe_globals(), lib.serialization.get_safe_globals()
    from importlib import import_module

    prune, made = import_module(f"{lib.__name__}.nn.utils.prune"), lib.nn.Linear(3, 2)
    prune.l1_unstructured(made, "weight", 0.5)
    yield sorted(name for name, _ in made.named_parameters()), sorted(made.state_dict())
    prune.remove(made, "weight")
    yield sorted(name for name, _ in made.named_parameters()), sorted(made.state_dict()), (made.weight == 0).sum(), len(made._forward_pre_hooks), raised(prune.remove, made, "weight")
