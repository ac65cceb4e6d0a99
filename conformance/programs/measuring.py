"""Timers of statements with a clock that the statement moves, and what is said of given times."""

from __future__ import annotations

import contextlib
import importlib
import io
import pickle

from . import program, raised, table


def benchmark(lib):
    return importlib.import_module(f"{lib.__name__}.utils.benchmark")


class Clock:
    """Moved by the statement, and a little whenever it is read."""

    def __init__(self, steps=(1e-5,), reading=1e-7):
        self.now, self.steps, self.reading, self.moves = 0.0, steps, reading, 0

    def __call__(self):
        self.now += self.reading
        return self.now

    def move(self, by=1.0):
        self.now += self.steps[self.moves % len(self.steps)] * by
        self.moves += 1


TIMES = (
    (1, [3.2e-6]), (100, [1.5e-4, 1.7e-4]), (10, [2e-3, 2.2e-3, 2.05e-3]), (7, [1.0, 1.2, 1.1, 1.15, 3.5]), (1, [1e-6] * 6), (1, [0.01, 0.04, 0.02, 0.03]),
    (1, [5e-9, 6e-9, 7e-9, 5.5e-9]), (3, [1e-3, 1e-3, 1.0e-3]), (1, [250.0, 260.0]), (1000, [1.01, 1.02, 1.0, 1.005, 1.3, 1.013, 1.25, 0.99]),
)  # fmt: skip
TASKS = (
    ("x + 1", "pass"), ("x + 1", "x = 2", "", "add"), ("a\nb", "c\nd"), ("a\nb", "", "", None, "big"), ("x", "pass", "", "add", "float", "n=1", "old", 4),
    ("x", "pass", "", "", "", "n=2"), ("", "pass"), ("x\ny", "pass", "", None, None, "two lines\nof it"),
)  # fmt: skip


@program("utils.benchmark.Measurement", "utils.benchmark.TaskSpec", *(f"utils.benchmark.Measurement.{name}" for name in (
    "as_row_name", "has_warnings", "iqr", "mean", "median", "meets_confidence", "significant_figures", "times", "title")),
    *(f"utils.benchmark.TaskSpec.{name}" for name in ("setup_str", "summarize", "title")))  # fmt: skip
def a_measurement_says_what_its_times_mean(lib):
    measure = benchmark(lib)
    for task in TASKS:
        spec = measure.TaskSpec(*task)
        yield spec.title, spec.setup_str(), spec.summarize(), spec == measure.TaskSpec(*task), hash(spec) == hash(measure.TaskSpec(*task))
        yield raised(setattr, spec, "stmt", "y")
        for number, times in TIMES:
            one = measure.Measurement(number, times, spec, {"a": 1})
            yield one.times, one.median, one.mean, one.iqr, one.significant_figures, one.has_warnings
            yield [one.meets_confidence(limit) for limit in (0.05, 0.1, 0.25, 1.0)], one.meets_confidence()
            yield one.title, one.as_row_name, one.stmt, one.label, one.description, one.env, one.num_threads, one.metadata, raised(getattr, one, "other")
            yield repr(one).partition("\n")[2]
            again = pickle.loads(pickle.dumps(one))
            yield again == one, again.median, again != measure.Measurement(number, times, spec)
    empty = measure.Measurement(1, [], spec)
    yield empty.median, empty.mean, empty.iqr, empty.has_warnings, raised(repr, empty)
    yield raised(measure.Measurement, 1, [1.0]), raised(measure.TaskSpec, "x")


@program("utils.benchmark.Measurement.merge")
def measurements_of_a_task_are_put_together(lib):
    measure = benchmark(lib)
    found = [measure.Measurement(number, times, measure.TaskSpec(*TASKS[i % 3]), {"i": i}) for i, (number, times) in enumerate(TIMES)]
    for one in measure.Measurement.merge(iter(found)):
        yield one.number_per_run, one.raw_times, one.task_spec.title, one.metadata
    yield measure.Measurement.merge([])


@program("utils.benchmark.select_unit", "utils.benchmark.unit_to_english", "utils.benchmark.trim_sigfig", "utils.benchmark.ordered_unique",
         "utils.benchmark.set_torch_threads")  # fmt: skip
def units_and_digits(lib):
    measure = benchmark(lib)
    for time in (1e-12, 1e-9, 9.9e-7, 1e-6, 1.1e-6, 1e-3, 0.5, 1.0, 1e3, 1e6):
        yield measure.select_unit(time)
    yield [measure.unit_to_english(unit) for unit in ("s", "ms", "us", "ns")], raised(measure.unit_to_english, "h")
    for value in (3.14159, -271.828, 0.000123456, 1.0, 100.0, 99.96, 12345678.0):
        yield [measure.trim_sigfig(value, n) for n in (1, 2, 3, 4)]
    yield raised(measure.trim_sigfig, 1.5, 1.5), measure.ordered_unique([3, 1, 3, 2, 1])
    before = lib.get_num_threads()
    with measure.set_torch_threads(1):
        yield lib.get_num_threads()
    yield lib.get_num_threads() == before


def tabled(measure):
    """Measurements of two labels with several rows, columns, threads and environments; one place is empty."""
    spread, i = (0.0, 0.02, 0.3, -0.05, 0.2), 0
    for label, environments in (("add", (None,)), ("a longer label: mul", ("old", "new one"))):
        for env in environments:
            for threads in (1, 4):
                for row in ("float", "a double", None):
                    for column in ("n=1", "n=1000", "a wide heading"):
                        i += 1
                        if i % 7 == 3:
                            continue
                        time = 2e-6 * (1 + i * 37 % 11) ** (1 + (column == "n=1000")) / threads
                        width = (i % 3) * 0.5
                        task = measure.TaskSpec(f"f{i % 2}(x)", "pass", "", label, row, column, env, threads)
                        yield measure.Measurement(10, [time * 10 * (1 + width * part) for part in spread], task)
    yield measure.Measurement(1, [1.2e-5], measure.TaskSpec("f0(x)", "pass", "", "add", "float", "n=1000", None, 4))


@program("utils.benchmark.Compare", *(f"utils.benchmark.Compare.{name}" for name in ("colorize", "extend_results", "highlight_warnings", "print", "trim_significant_figures")),
         "utils.benchmark.Colorize")  # fmt: skip
def tables_of_measurements(lib):
    measure = benchmark(lib)
    found = list(tabled(measure))
    for trim in (False, True):
        for warn in (False, True):
            for color in (None, False, True):
                made = measure.Compare(found[: len(found) // 2])
                made.extend_results(found[len(found) // 2 :])
                if trim:
                    made.trim_significant_figures()
                if warn:
                    made.highlight_warnings()
                if color is not None:
                    made.colorize(rowwise=color)
                yield str(made)
    for label in ("add", "a longer label: mul"):
        yield str(measure.Compare([one for one in found if one.label == label]))
    steady = measure.Compare([measure.Measurement(1, [time] * 4, measure.TaskSpec("x", "", "", "l", None, "c")) for time in (123.4, 99.0)])
    steady.highlight_warnings(), steady.trim_significant_figures()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        yield steady.print()
    yield printed.getvalue(), str(measure.Compare([]))
    yield raised(measure.Compare, [1]), raised(steady.extend_results, ["a"]), [one.value for one in measure.Colorize]


@table("utils.benchmark", [
    ("Timer.timeit", "number=1000", (1e-5,), 1e-7), ("Timer.timeit", "1", (2e-3, 1e-3), 1e-7), ("Timer.timeit", "350", (0.0,), 0.0),
    ("Timer.blocked_autorange", "", (1e-4,), 1e-7), ("Timer.blocked_autorange", "min_run_time=0.05", (1e-5, 3e-5), 1e-6),
    ("Timer.blocked_autorange", "None, 0.5", (0.2, 0.1, 0.4), 1e-6), ("Timer.blocked_autorange", "min_run_time=0.0", (1e-3,), 1e-7),
    ("Timer.adaptive_autorange", "", (1e-4,), 1e-7), ("Timer.adaptive_autorange", "0.3, min_run_time=0.5", (1e-2, 1.3e-2, 2e-2), 1e-6),
    ("Timer.adaptive_autorange", "max_run_time=2.0", (0.06, 0.5), 1e-6), ("Timer.adaptive_autorange", "", (0.06, 0.09, 0.061, 0.0601, 0.0602, 0.0601, 0.0602), 1e-6),
])  # fmt: skip
def a_timer_measures(lib, name, arguments, steps, reading):
    measure, clock, told, threads = benchmark(lib), Clock(steps, reading), [], []

    def note(number, time):
        told.append((number, time))

    timer = measure.Timer("\n    clock.move()\n    clock.move(0)\n", setup="clock.moves = 0", timer=clock, globals={"clock": clock, "note": note, "torch": 3},
                          label="a label", sub_label="its row", description="its column", env="here")  # fmt: skip
    before = lib.get_num_threads()
    run = getattr(timer, name.rpartition(".")[2])
    found = eval(f"run({arguments})", {"run": run})
    yield found.number_per_run, found.raw_times, repr(found).partition("\n")[2], clock.moves, lib.get_num_threads() == before
    if "timeit" not in name:
        again = eval(f"run({arguments.replace('None', 'note') or 'callback=note'})", {"run": run, "note": note})
        yield again.raw_times, told
    measure.Timer("seen.append(get())", globals={"seen": threads, "get": lib.get_num_threads}, num_threads=1).timeit(2)
    yield set(threads)


@program("utils.benchmark.Timer", "utils.benchmark.Timer.repeat", "utils.benchmark.Timer.autorange", "utils.benchmark.Language", "utils.benchmark.timer")
def what_a_timer_takes(lib):
    measure = benchmark(lib)
    given = {"x": 2}
    found = measure.Timer("y = torch.ones(x)", "import math; z = math.pi", globals=given, num_threads=1, language="python").timeit(3)
    yield found.stmt, found.setup, found.number_per_run, len(found.raw_times), found.median > 0, given
    yield raised(measure.Timer, lambda: 1), raised(measure.Timer, "x", language="rust"), raised(measure.Timer, "x", global_setup="int i;")
    timer = measure.Timer("1 / 0")
    yield raised(timer.timeit, 1), raised(timer.repeat), raised(timer.autorange)
    yield raised(measure.Timer, "x y"), measure.Language.PYTHON.value, measure.Timer(language=measure.Language.PYTHON).timeit(1).stmt
    first = measure.timer()
    yield measure.timer() >= first


@program("utils.benchmark.Fuzzer", "utils.benchmark.Fuzzer.take", "utils.benchmark.Fuzzer.rejection_rate", "utils.benchmark.FuzzedTensor",
         "utils.benchmark.FuzzedTensor.default_tensor_constructor", "utils.benchmark.FuzzedTensor.name",
         "utils.benchmark.FuzzedTensor.satisfies_constraints", "utils.benchmark.FuzzedParameter", "utils.benchmark.FuzzedParameter.name",
         "utils.benchmark.FuzzedParameter.sample", "utils.benchmark.ParameterAlias")  # fmt: skip
def tensors_are_drawn(lib):
    measure = benchmark(lib)
    Number, Drawn = measure.FuzzedParameter, measure.FuzzedTensor
    numbers = [
        [Number(f"n{i}", 1, 40, "loguniform") for i in range(3)], Number("step", 1, 3, "uniform", strict=True), Number("part", 0.5, 2.0, "uniform"),
        Number("dims", 1, 3, distribution="uniform", strict=True),
    ]  # fmt: skip
    sizes = ("n0", "n1", "n2")
    tensors = [
        Drawn("x", sizes, steps=("step", 1, 2), max_elements=2000, min_elements=4, probability_contiguous=0.3, dim_parameter="dims"),
        [Drawn("y", ("n2", 3), dtype=lib.int64, max_allocation_bytes=1000), Drawn("z", ("n1",), dtype=lib.float64,
         tensor_constructor=lambda size, dtype, part, **others: lib.full(size, part, dtype=dtype))],
    ]  # fmt: skip
    fuzzer = measure.Fuzzer(numbers, tensors, constraints=[lambda given: given["n0"] > given["n2"]], seed=7)
    yield fuzzer.rejection_rate
    for made, said, drawn in fuzzer.take(12):
        yield list(made.items()), [one.stride() for one in made.values()], drawn
        for name, one in said.items():
            yield name, one["numel"], one["order"].tolist(), one["steps"], one["is_contiguous"], one["dtype"].rpartition(".")[2]
    yield fuzzer.rejection_rate, tensors[0].name, numbers[1].name, repr(measure.ParameterAlias("n0")), measure.ParameterAlias("n0").alias_to
    yield tensors[0].satisfies_constraints({"n0": 1, "n1": 1, "n2": 1, "step": 1, "dims": 3})
    yield raised(measure.Fuzzer, [Number("x", 1, 2, "uniform")], [Drawn("x", (2,))]), raised(Number, "x", 1, 2), raised(Number, "x", 1, 2, "normal")
    never = measure.Fuzzer([Number("n", 1, 2, "uniform")], [Drawn("x", ("n",), min_elements=3)], seed=0)
    yield raised(next, never.take(1)), never.rejection_rate


@program("profiler.schedule")
def schedules_of_a_profile(lib):
    profiler = importlib.import_module(f"{lib.__name__}.profiler")
    for settings in (
        {"wait": 1, "warmup": 1, "active": 2}, {"wait": 0, "warmup": 1, "active": 1, "repeat": 2}, {"wait": 2, "warmup": 1, "active": 3, "skip_first": 2},
        {"wait": 3, "warmup": 1, "active": 1, "repeat": 1, "skip_first": 1, "skip_first_wait": 1},
    ):  # fmt: skip
        plan = profiler.schedule(**settings)
        yield [plan(step).name for step in range(14)]
    yield raised(profiler.schedule, wait=-1, warmup=0, active=1), raised(profiler.schedule, wait=0, warmup=1, active=0), raised(plan, -1)


@program("profiler.profile", "profiler.record_function", "profiler.tensorboard_trace_handler")
def blocks_of_a_profile_and_its_steps(lib):
    import json
    import tempfile
    from pathlib import Path

    profiler = importlib.import_module(f"{lib.__name__}.profiler")
    own = lambda events: [one for one in events if one.is_user_annotation]
    told = []

    @profiler.record_function("inner")
    def inner():
        return lib.ones(3) + 1

    def run():
        with profiler.record_function("outer"):
            inner(), inner()

    with profiler.profile(activities=[profiler.ProfilerActivity.CPU]) as record:
        run()
    yield [(one.name, one.cpu_parent and one.cpu_parent.name, one.scope) for one in own(record.events())]
    sums = {one.key: one for one in record.key_averages()}
    yield sums["inner"].count, sums["outer"].count, sums["inner"].cpu_time_total < sums["outer"].cpu_time_total, sums["aten::add"].count
    rows = record.key_averages().table(sort_by="cpu_time_total", row_limit=2).splitlines()
    yield [word.strip() for word in rows[1].split("  ") if word.strip()], len(rows), rows[3].split()[0]
    yield raised(record.key_averages().table, sort_by="nothing"), raised(record.export_stacks, "x", "nothing"), record.step_num
    optimizer = lib.optim.SGD([lib.ones(2, requires_grad=True)], lr=0.1)
    with tempfile.TemporaryDirectory() as folder:
        plan = profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
        handler = profiler.tensorboard_trace_handler(folder, "me", use_gzip=False)
        with profiler.profile(schedule=plan, on_trace_ready=lambda record: (told.append(record.step_num), handler(record))) as record:
            for _ in range(6):
                run(), optimizer.step(), record.step()
        (file,) = Path(folder).iterdir()
        trace = json.loads(file.read_text())["traceEvents"]
        yield file.name.split(".")[0], file.name.split(".")[2:], told, record.step_num
    wanted = ("outer", "inner", "ProfilerStep#2", "ProfilerStep#3", "ProfilerStep#1", "Optimizer.step#SGD.step")
    yield [one["name"] for one in sorted((one for one in trace if one.get("ph") == "X"), key=lambda one: one["ts"]) if one["name"] in wanted]


@program("utils.flop_counter.FlopCounterMode", "utils.flop_counter.register_flop_formula")
def operations_that_are_counted(lib):
    counter = importlib.import_module(f"{lib.__name__}.utils.flop_counter")
    F, nn = lib.nn.functional, lib.nn

    def count(run):
        with counter.FlopCounterMode(display=False) as mode:
            run()
        return {module: {str(name): number for name, number in counts.items()} for module, counts in mode.get_flop_counts().items()}, mode.get_total_flops()

    def trained(function, *shapes, frozen=()):
        values = [lib.ones(shape, requires_grad=i not in frozen) for i, shape in enumerate(shapes)]
        return count(lambda: function(*values).sum().backward())

    yield trained(lib.mm, (2, 3), (3, 5)), trained(lib.mv, (2, 3), (3,)), trained(lib.dot, (3,), (3,)), trained(lib.matmul, (3,), (3, 5))
    yield trained(lib.matmul, (4, 2, 3), (3, 5)), trained(lib.matmul, (4, 2, 3), (4, 3, 5)), trained(lib.matmul, (4, 1, 2, 3), (6, 3, 5))
    yield trained(F.linear, (2, 3), (5, 3), (5,)), trained(F.linear, (4, 2, 3), (5, 3)), trained(F.linear, (2, 3), (5, 3), (5,), frozen=(0,))
    yield trained(lambda x, w, b: F.conv2d(x, w, b, stride=2), (2, 4, 8, 8), (6, 4, 3, 3), (6,), frozen=(0,)), trained(F.conv1d, (4, 8), (6, 4, 3))
    yield trained(lambda x, w: F.conv_transpose2d(x, w, stride=2), (2, 4, 8, 8), (4, 6, 3, 3)), trained(lib.outer, (3,), (4,))
    yield count(lambda: F.conv2d(lib.ones(2, 4, 8, 8), lib.ones(6, 2, 3, 3), groups=2, padding=1))
    yield trained(lambda a, b: lib.einsum("bij,bjk->bik", a, b), (4, 2, 3), (4, 3, 5)), trained(lambda a, b: lib.tensordot(a, b, 1), (2, 3), (3, 5))
    yield trained(lib.addmm, (2, 5), (2, 3), (3, 5)), trained(lib.baddbmm, (4, 2, 5), (4, 2, 3), (4, 3, 5)), trained(lib.inner, (2, 3), (5, 3))
    for layer in (nn.GRU(3, 5), nn.RNN(3, 5), nn.GRU(3, 5, 2, bidirectional=True)):
        yield count(lambda layer=layer: layer(lib.ones(7, 2, 3))[0].sum().backward())
    cell, net = nn.LSTMCell(3, 5), nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 5)))
    yield count(lambda: cell(lib.ones(2, 3))[0].sum().backward()), count(lambda: net(lib.ones(2, 3)).sum().backward())
    said = io.StringIO()
    with contextlib.redirect_stdout(said), counter.FlopCounterMode() as mode:
        net(lib.ones(200, 3)).sum().backward()
    yield [line.strip(" -").split() for line in said.getvalue().splitlines() if "-- " not in line], mode.get_table(1).count("\n")
    with counter.FlopCounterMode(display=False) as mode:
        lib.exp(lib.ones(3))
    yield mode.get_table().split()
