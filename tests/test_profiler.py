"""What observers see: profiles and counts of operations, among modes, subclasses, batches, exceptions and threads."""

import gzip
import json
import threading

import pytest

import lucid
from lucid import nn, observers
from lucid.profiler import ProfilerAction, profile, record_function, recording
from lucid.utils.flop_counter import FlopCounterMode, flop_registry, register_flop_formula


def names(record):
    return [event.name for event in record.function_events]


def test_operations_within_others_and_nodes_are_seen():
    x, w = lucid.ones(1, 1, 4, 4), lucid.ones(1, 1, 3, 3, requires_grad=True)
    with recording.profile(record_shapes=True) as record:
        nn.functional.conv2d(x, w).sum().backward()
    conv, inner = record.function_events[:2]
    assert names(record) == ["aten::conv2d", "aten::_conv", "aten::sum", "SumBackward0", "ConvolutionBackward0"]
    assert inner.cpu_parent is conv and conv.cpu_children == [inner] and conv.input_shapes[:2] == [[1, 1, 4, 4], [1, 1, 3, 3]]
    assert 0 < inner.cpu_time_total < conv.cpu_time_total and conv.self_cpu_time_total < conv.cpu_time_total
    assert conv.time_range.end <= record.function_events[2].time_range.start
    assert record.total_average().count == 5 and str(record) == record.table()


def test_what_an_exception_ended_is_closed_and_nothing_is_seen_afterwards():
    with recording.profile() as record:
        with pytest.raises(RuntimeError):
            lucid.ones(2, 3) @ lucid.ones(2, 3)
        with pytest.raises(ZeroDivisionError), record_function("block"):
            lucid.ones(1)
            raise ZeroDivisionError
        lucid.zeros(1)
    assert names(record) == ["aten::ones", "aten::ones", "aten::matmul", "block", "aten::ones", "aten::zeros"]
    assert record.function_events[-1].cpu_parent is None and all(one.cpu_time_total > 0 for one in record.function_events)

    class Raises(lucid.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise ValueError

    x = lucid.ones(1, requires_grad=True)
    with recording.profile() as record:
        with pytest.raises(ValueError):
            Raises.apply(x).backward()
        lucid.zeros(1)
    assert names(record)[-2:] == ["RaisesBackward", "aten::zeros"] and record.function_events[-1].cpu_parent is None
    count = len(record.function_events)
    (x * 2).backward()
    assert len(record.function_events) == count and lucid.overrides._get_current_function_mode() is None
    with pytest.raises(RuntimeError, match="reentrant"):
        record.__enter__()


def test_observers_among_each_other_modes_subclasses_and_batches():
    class Mine(lucid.Tensor):
        pass

    class Twice(lucid.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            return result * 2 if func is lucid.exp else result

    x = lucid.zeros(3)
    with recording.profile() as record, Twice():
        assert lucid.exp(x).tolist() == [2.0] * 3
    assert names(record) == ["aten::exp", "aten::mul"]
    with Twice(), recording.profile() as record:
        assert lucid.exp(x).tolist() == [2.0] * 3
    assert names(record) == ["aten::exp", "aten::mul"]
    with recording.profile() as record:
        assert type(Mine([1.0]) + 1) is Mine
        assert lucid.func.vmap(lucid.exp)(lucid.zeros(2, 2)).tolist() == [[1.0, 1.0]] * 2
        with lucid.autocast("cpu"):
            assert (lucid.ones(2, 2) @ lucid.ones(2, 2)).dtype is lucid.bfloat16
    assert {"aten::add", "aten::exp", "aten::matmul"} < set(names(record))
    w = lucid.ones(2, 2, requires_grad=True)
    with FlopCounterMode(display=False) as counter, recording.profile(with_flops=True) as record:
        lucid.addmm(w, w, w).sum().backward()
    assert counter.get_flop_counts() == {"Global": {"aten.addmm": 16, "aten.mm": 32}}
    assert {one.name: one.flops for one in record.function_events if one.flops} == {"aten::matmul": 16}


def test_other_threads_are_not_seen():
    ended = threading.Event()

    def work():
        x = lucid.ones(2, requires_grad=True)
        for _ in range(20):
            (x.exp().sum()).backward()
        ended.set()

    with recording.profile() as record:
        lucid.zeros(1)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert ended.is_set() and names(record) == ["aten::zeros"]


def test_memory_lines_and_files(tmp_path):
    with profile(profile_memory=True, with_stack=True) as record, record_function("block"):
        kept = lucid.ones(2048)
        lucid.ones(4096)
    block, first, second = record.events()
    assert (first.cpu_memory_usage, block.cpu_memory_usage, second.cpu_memory_usage) == (8192, 8192, 16384) and kept is not None
    assert block.self_cpu_memory_usage == 8192 - 8192 - 16384
    assert __file__ in first.stack[0] and "test_memory_lines_and_files" in first.stack[0]
    by_line = record.key_averages(group_by_stack_n=1)
    assert [one.count for one in by_line] == [1, 1, 1] and [one.count for one in record.key_averages()] == [1, 2]
    text = by_line.table()
    assert "Source Location" in text and "Self CPU Mem" in text and "8.00 KB" in text and "Self CPU time total" in text
    record.export_stacks(str(tmp_path / "stacks"), "self_cpu_time_total")
    for line in (tmp_path / "stacks").read_text().splitlines():
        assert "test_memory_lines_and_files" in line and int(line.split(" ")[-1]) > 0
    record.add_metadata("who", "me")
    record.add_metadata_json("what", "[1, 2]")
    record.export_chrome_trace(str(tmp_path / "trace.json.gz"))
    trace = json.loads(gzip.decompress((tmp_path / "trace.json.gz").read_bytes()))
    assert trace["who"] == "me" and trace["what"] == [1, 2]
    assert [(one["name"], one["cat"]) for one in trace["traceEvents"]] == [
        ("block", "user_annotation"), ("aten::ones", "cpu_op"), ("aten::ones", "cpu_op"),
    ]  # fmt: skip


def test_batches_of_loaders_and_steps_of_optimizers_are_blocks():
    loader = lucid.utils.data.DataLoader(list(range(4)), batch_size=2)
    optimizer = lucid.optim.Adam([lucid.ones(2, requires_grad=True)])
    with recording.profile() as record:
        for _ in loader:
            optimizer.step()
    seen = [one.name for one in record.function_events if one.is_user_annotation]
    fetch, step = "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__", "Optimizer.step#Adam.step"
    assert seen == [fetch, step, fetch, step, fetch]


def test_steps_that_a_schedule_names_are_recorded():
    ready = []
    plan = [ProfilerAction.NONE, ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE, ProfilerAction.RECORD_AND_SAVE, ProfilerAction.NONE]
    with profile(schedule=plan.__getitem__, on_trace_ready=lambda record: ready.append([one.name for one in record.events()]), acc_events=True) as record:
        for step in range(4):
            lucid.full((1,), step)
            record.step()
    assert ready[0] == ["ProfilerStep#1", "aten::full", "ProfilerStep#2", "aten::full"]
    assert ready[1] == [*ready[0], "ProfilerStep#3", "aten::full"] and len(record.events()) == 6
    plan = [ProfilerAction.RECORD, ProfilerAction.NONE]
    with pytest.warns(UserWarning, match="RECORD followed by NONE"), profile(schedule=plan.__getitem__) as record:
        record.step()
    with pytest.raises(AssertionError, match="initialized"):
        profile(schedule=lambda step: ProfilerAction.NONE).events()


def test_formulas_of_programs_count_instead_of_what_is_within():
    def of_linear(x, w, bias=None, *, out_shape):
        return x[-1] * 1000 + out_shape[-1]

    with FlopCounterMode(display=False, custom_mapping={nn.functional.linear: of_linear}) as counter:
        nn.Linear(3, 4)(lucid.ones(3))
    assert counter.get_flop_counts()["Linear"] == {"nn.functional.linear": 3004}

    @register_flop_formula(lucid.addmm, get_raw=True)
    def of_addmm(*args, out_val, **kwargs):
        return out_val.numel()

    try:
        with FlopCounterMode(display=False) as counter:
            lucid.addmm(lucid.ones(2, 2), lucid.ones(2, 2), lucid.ones(2, 2))
        assert counter.get_total_flops() == 4
        with pytest.raises(RuntimeError, match="duplicate"):
            register_flop_formula(lucid.addmm)(of_addmm)
    finally:
        del flop_registry[lucid.addmm]
    with pytest.raises(ValueError, match="function"):
        register_flop_formula("mm")(of_addmm)


def test_attention_and_groups_count_what_they_compute():
    q = lucid.ones(2, 4, 8, 16)
    with FlopCounterMode(display=False) as counter:
        nn.functional.scaled_dot_product_attention(q, q, q)
        nn.LSTM(3, 5)(lucid.ones(7, 2, 3))
    assert counter.get_flop_counts()["Global"] == {"aten.bmm": 2 * 2 * (2 * 4 * 8 * 8 * 16), "aten.addmm": 7 * 2 * 2 * 20 * (3 + 5)}
    w = lucid.ones(6, 2, 3, 3, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        nn.functional.conv2d(lucid.ones(2, 4, 8, 8), w, groups=2, padding=1).sum().backward()
    assert counter.get_flop_counts()["Global"] == {"aten.convolution": 2 * 2 * 64 * 6 * 2 * 9, "aten.convolution_backward": 2 * 2 * 64 * 6 * 2 * 9}


def test_nothing_is_left_behind():
    assert observers._attached == 0 and not observers._here.observers
