"""The suite's own tests: every check goes red on a planted fault, and stays green without one."""

from __future__ import annotations

import copy
import json
import math
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from conformance import checks, judging, programs, repro, results, selftest, subjects, tolerances
from conformance.cases import Case, public_path, tree_map
from conformance.collect import Collector, accept, read_baseline
from conformance.compare import close, nonfinite_alike, same_bits
from conformance.judge import DIRECTIONS, Refusal, Run, Sensitivity, unimplemented
from conformance.oracles import truth
from conformance.results import Counts, Op
from conformance.samples import tables
from conformance.scope import out_of_scope
from conformance.selftest import MUTANTS, judge_mutant
from conformance.selftest import _serve as serve
from conformance.sources import own, spread
from conformance.sources.programs import ProgramCase, ProgramRun
from conformance.verdicts import Mismatch
from conformance.workers import Journal, Limits, Pool, _Worker

pytestmark = pytest.mark.filterwarnings("ignore")
QUICK = judging.Plan(quick=True)
CHECKS = checks.load()


@pytest.fixture(scope="module")
def party():
    torch.set_num_threads(1)
    return subjects.make("torch")


# -- every check can fail ----------------------------------------------------------------------------------------------

PLANTED = {}
for _mutant in MUTANTS:
    PLANTED.setdefault(_mutant.expected, _mutant.name)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_planted_fault_turns_the_check_red(check):
    found = judge_mutant(PLANTED[check], "torch")
    assert check in found.caught_by


def test_mutants_cover_all_checks_and_are_enough():
    assert len(MUTANTS) >= 60
    assert {m.expected for m in MUTANTS} >= set(CHECKS) | {"crash", "hang", "memory"}
    assert len({m.name for m in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("op", ["nn.functional.leaky_relu", "sum", "add", "sort", "nn.Linear", "optim.Adam"])
def test_pytorch_against_itself_is_clean(op, party):
    catalogue = judging.catalogue()
    judged = 0
    for source in catalogue[op][1]:
        for case in judging.cases_of(judging.Task(op, source), QUICK):
            for outcome in judging.judge(case, party, party, QUICK.selected()).outcomes:
                judged += outcome.status == "passed"
                assert outcome.status in ("passed", "skipped"), (case.id, outcome)
    assert judged > 5


# -- cases -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", sorted({family for family, _ in tables().values()}))
def test_pytorch_accepts_the_samples_it_should(family, party):
    for op in (op for op, (name, _) in tables().items() if name == family):
        assert own.exists(op), op
        accepted = False
        for case in own.cases(op, [torch.float32, torch.int64, torch.bool], 0, False):
            says = Run(case, party, party).oracle_says
            if isinstance(says, Refusal):
                wrong = case.dtype == "float32" and "error" not in case.tags and not unimplemented(says.error)
                assert not wrong, f"{case.id} {case.short()}: {says.error}"
            else:
                accepted = True
                assert "error" not in case.tags or case.dtype != "float32", f"{case.id} {case.short()}"
        assert accepted, op


def test_the_same_seed_gives_the_same_cases():
    for source in ("own", "generated", "opinfo"):
        task = judging.Task("add", source)
        first, second = ([c.short() for c in judging.cases_of(task, QUICK)] for _ in range(2))
        assert first == second and first


def test_a_case_is_found_again_by_its_id():
    plan = judging.Plan()
    for case_id in ("add/own/float32/3", "nn.functional.leaky_relu/opinfo/float64/2", "add/generated/int64+bool/dim"):
        assert judging.find(case_id, plan).id == case_id
    with pytest.raises(LookupError):
        judging.find("add/own/float32/999", plan)


def test_every_op_is_asked_or_out_of_scope_with_a_reason():
    catalogue = judging.catalogue()
    assert len(catalogue) > 600
    assert not [op for op in catalogue if out_of_scope(op)]
    assert public_path("view") == "Tensor.view" and public_path("add") == "add"


def test_sampling_takes_every_kind():
    kept = spread(["a"] * 100 + ["b"] * 3 + ["c"], 5, lambda item: item)
    assert sorted(set(kept)) == ["a", "b", "c"] and len(kept) == 5


def test_arguments_keep_their_storage(party):
    base = torch.arange(12.0)
    case_args = (base[2:8:2], base.view(3, 4).t())
    first, second = party.convert(case_args, {})
    assert first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr() != base.data_ptr()
    assert (first.stride(), first.storage_offset(), second.stride()) == ((2,), 2, (1, 4))


# -- comparing and truth -----------------------------------------------------------------------------------------------


def test_close_sees_what_is_wrong():
    one = torch.tensor([1.0, 2.0])
    close(one, one.clone(), (0.0, 0.0), "x")
    with pytest.raises(Mismatch, match="1 of 2 elements differ, worst at \\(1,\\)"):
        close(torch.tensor([1.0, 2.1]), one, (1e-6, 1e-6), "x")
    with pytest.raises(Mismatch):
        close(torch.tensor([math.nan]), torch.tensor([1.0]), (1e-6, 1e-6), "x")
    with pytest.raises(Mismatch):
        nonfinite_alike(torch.tensor([math.inf]), torch.tensor([-math.inf]), "x")
    wrong = torch.tensor([1.001])
    close(torch.tensor([1.0]), wrong, (1e-6, 1e-6), "x", lambda: torch.tensor([1.0], dtype=torch.float64))
    assert not same_bits(torch.tensor([0.0]), torch.tensor([-0.0]))


def test_half_precision_is_judged_by_what_its_last_place_does(party):
    x = torch.tensor([3.0, 3.0, 0.0], dtype=torch.float16, requires_grad=True)
    y = torch.tensor([3.0, 2.0, 0.0], dtype=torch.float16, requires_grad=True)
    run = Run(Case("sub", "own", "float16", "0", "sub", (x, y)), party, subjects.make("torch"))
    *below, moved = run.moves.of(0)
    eps = torch.finfo(torch.float16).eps
    assert eps < moved[0] < 9 * eps and moved[1] > eps and moved[2] == 0
    true = run.truth.tensors[0]
    judged = lambda error: close((true + error).half(), true.half(), (1e-3, 1e-5), "x", lambda: true, moved=lambda: run.moves.of(0))
    assert len(below) == DIRECTIONS - 1 and all((one <= other).all() for one, other in zip(below, [*below[1:], moved]))
    assert len(list(run.moves.of(0))) == 1 and not list(run.moves.of(1))  # no direction is looked at twice
    judged(torch.tensor([eps, eps, 0.0]))
    for wrong in ([20 * eps, 0, 0], [0, 0, 20 * eps]):
        with pytest.raises(Mismatch):
            judged(torch.tensor(wrong))
    wide = Case("sub", "own", "float32", "0", "sub", (x.float(), y.float()))
    assert not list(Run(wide, party, subjects.make("torch")).moves.of(0))


def test_a_jump_excuses_nothing(party):
    x = torch.tensor([3.0, 1.0], dtype=torch.float16, requires_grad=True)
    run = Run(Case("maximum", "own", "float16", "0", "maximum", (x, x.detach().clone().requires_grad_())), party, subjects.make("torch"))
    ties = Sensitivity(run, lambda nudged: nudged.gradients(nudged.oracle, double=True))
    for argument in range(2):
        *_, moved = ties.of(argument)
        assert (moved < 0.01).all()


def test_numbers_drawn_otherwise_are_no_truth(party):
    oracle = subjects.make("torch")
    for op, alike in (("nn.functional.dropout", True), ("randn_like", False)):
        run = Run(Case(op, "own", "float16", "0", op, (torch.ones(50, dtype=torch.float16),), tags=frozenset({"random"})), party, oracle)
        assert (run.truth is not None) is alike


def test_the_truth_is_the_truth():
    x = torch.tensor([0.5, 1.0, -0.0], dtype=torch.float64)
    high, low = truth.exact("exp", (x,), {})
    assert high[1] == math.e and abs(low[1] - 1.4456468917292502e-16) < 1e-30
    assert truth.ulps(torch.tensor([np.nextafter(math.e, 3)]), high[1:2], low[1:2])[0] > 0.5
    one = torch.tensor([1.0], dtype=torch.float32)
    assert truth.ulps(torch.nextafter(one, one * 2), np.array([1.0]))[0] == 1.0
    errors = truth.summarise(np.array([0.0, 0.25, 0.3, 1e9]))
    assert errors.histogram[0] == 2 and errors.histogram[1] == 1 and errors.histogram[-1] == 1 and errors.worst == 1e9


def test_every_exception_to_the_tolerances_has_a_reason():
    assert all(item.reason for item in tolerances.EXCEPTIONS)
    assert tolerances.tolerance("add", "int64") == (0.0, 0.0)
    assert tolerances.tolerance("add", "float32", "grad") == (1.3e-6 * 5, 1e-5 * 5)


# -- what a run leaves -------------------------------------------------------------------------------------------------


def _judged(party, op="sum"):
    case = next(judging.cases_of(judging.Task(op, "own"), QUICK))
    return judging.judge(case, party, party, {"value": CHECKS["value"]})


def _collected(*found):
    made = Collector()
    made.add(list(found))
    return made


def test_the_baseline_is_strict(party, tmp_path):
    result, file = _judged(party), tmp_path / "baseline.json"
    name, reason = f"{result.case}#value", "a reason"
    failing = copy.deepcopy(result)
    failing.outcomes[0].status = "failed"
    new = _collected(failing).against({})
    assert new.new == [name] and not new.ok
    accept(file, new, reason, 0)
    accepted = read_baseline(file)
    assert accepted == {name: reason}
    known = _collected(failing).against(accepted)
    assert known.ok and known.known == [name]
    fixed = _collected(result).against(accepted)
    assert fixed.fixed == [name] and not fixed.ok  # listed, and passes
    accept(file, fixed, "another", 0)
    assert read_baseline(file) == {}


def test_what_a_run_did_not_reach_stays_accepted(party, tmp_path):
    file = tmp_path / "baseline.json"
    accept(file, results.Baseline(new=["exp/own/float32/0#value", "cov/missing#all"]), "old", 0)
    failing = _judged(party)
    failing.outcomes[0].status = "failed"
    found = _collected(failing).against(read_baseline(file))
    assert found.unjudged == 2
    accept(file, found, "new", 0)
    assert read_baseline(file) == {"cov/missing#all": "old", "exp/own/float32/0#value": "old",
                                   f"{failing.case}#value": "new"}  # fmt: skip


def test_what_is_missing_and_not_accepted_fails_the_run(party):
    result = _judged(party)
    gone = copy.deepcopy(result)
    gone.outcomes[0].status = "missing"
    assert _collected(gone).against({}).new == ["sum/missing#all"]
    assert _collected(gone).against({"sum/missing#all": "not written yet"}).ok
    assert _collected(result).against({"sum/missing#all": "not written yet"}).fixed == ["sum/missing#all"]
    part = copy.deepcopy(result)
    part.outcomes.append(judging.Outcome("out", "missing"))
    assert _collected(part).against({}).new == ["sum/missing#out"]
    accepted = {"sum/missing#out": "no out="}
    assert _collected(result).against(accepted).fixed == ["sum/missing#out"]
    assert _collected(result).against(accepted, everything=False).ok  # the case that lacks it may be among the others


@pytest.mark.parametrize(
    ("counts", "status", "reason"),
    [
        ([Counts("value", "own", "float32", passed=3)], "conforms", ""),
        ([Counts("value", "own", "float32", passed=3), Counts("grad", "own", "float32", failed=1)], "fails", ""),
        ([Counts("value", "own", "float32", passed=3), Counts("out", "own", "float32", missing=1)], "fails", "out"),
        ([Counts("value", "own", "float32", missing=3), Counts("exceptions", "own", "float32", passed=1)], "missing", ""),
        ([Counts("value", "own", "float32", skipped=3, reasons={"PyTorch refuses this": 3})], "unjudged", "refuses"),
        ([Counts("exceptions", "own", "float32", passed=3)], "unjudged", "compare"),
        ([], "unjudged", "no case"),
        ([Counts("value", "own", "float32", deviates=3, reasons={"as meant": 3})], "deviates", "as meant"),
    ],
)
def test_an_op_conforms_only_when_its_calls_were_compared(counts, status, reason):
    found = Op("sum", "function", "reduction", "", cases=3 if counts else 0, counts=counts).verdict()
    assert found[0] == status and reason in found[1]


def test_a_report_survives_its_file(tmp_path):
    report = results.example()
    report.save(tmp_path / "report.json")
    assert results.load(tmp_path / "report.json") == report
    (tmp_path / "old.json").write_text('{"schema": "lucid-conformance/0.9"}')
    with pytest.raises(ValueError, match="lucid-conformance/0.9"):
        results.load(tmp_path / "old.json")


def test_the_schema_file_is_current():
    from pathlib import Path

    file = Path(results.__file__).parent / "report.schema.json"
    assert json.loads(file.read_text()) == results.json_schema()


def test_an_interrupted_run_goes_on_only_with_the_same_options(tmp_path):
    key = {"seed": 0, "subject": "torch"}
    journal = Journal(tmp_path / "journal", key, False)
    journal.add(judging.Task("add", "own"), [])
    journal.close(False)
    again = Journal(tmp_path / "journal", key, True)
    assert [task for task, _ in again.done] == [judging.Task("add", "own")]
    again.close(False)
    with pytest.raises(SystemExit, match="seed"):
        Journal(tmp_path / "journal", {**key, "seed": 1}, True)


@pytest.mark.parametrize("ends", [True, False])
def test_a_program_must_come_to_its_end(ends, party):
    """What stands after an exception that both libraries raise would be judged by nothing."""

    def seen(lib):
        yield lib.ones(2)
        if not ends:
            raise TypeError
        yield lib.zeros(2)

    case = ProgramCase("ones", "programs", "float32", "x", "ones", program=programs.Program(("ones",), seen))
    run = ProgramRun(case, party, party)
    if ends:
        CHECKS["behaviour"].judge(run)
        return
    with pytest.raises(Mismatch, match="to its end"):
        CHECKS["behaviour"].judge(run)


@pytest.mark.parametrize("label", ["own/float32/0", "own/float32/1", "own/int64/4"])
def test_a_reproduction_runs(label, capsys):
    case = judging.find(f"nn.functional.leaky_relu/{label}", judging.Plan())
    for wanted in (["value"], ["grad"]) if case.dtype == "float32" else (["value"],):
        exec(repro.program(case, "torch", wanted), {})
        assert "torch" in capsys.readouterr().out


@pytest.mark.parametrize("op", ["add", "sum", "neg", "transpose", "nn.Linear", "nn.Sequential", "nn.LSTM", "optim.Adam",
                                "optim.lr_scheduler.StepLR", "optim.lr_scheduler.SequentialLR"])  # fmt: skip
def test_a_reproduction_of_every_check_runs(op, capsys):
    """Whatever form a check calls, its program runs as it stands and ends without an exception of its own making."""
    plan = judging.Plan(quick=True, dtypes=("float32",))
    source = next(iter(judging.catalogue()[op][1]))
    case = next(judging.cases_of(judging.Task(op, source), plan))
    for name, check in CHECKS.items():
        if check.applies(case) and not (name == "operator" and op not in repro.OPERATORS):
            for message in ("strided arguments: x", "read-only", "expanded arguments", "the gradient"):
                exec(repro.program(case, "torch", [name], message), {})
            shown = capsys.readouterr().out
            assert shown.startswith("torch") and "NameError" not in shown and "SyntaxError" not in shown


def test_a_reproduction_says_what_it_cannot_write():
    case = Case("linalg.pinv", "opinfo", "float32", "0", lambda x: x)
    assert "python -m conformance repro 'linalg.pinv/opinfo/float32/0'" in repro.program(case, "lucid", ["value"])


def _lu(x, out):
    torch.linalg.lu(x, out=(torch.empty(0), out, torch.empty(0)))


def _lu_unpack(x, out):
    torch.lu_unpack(*torch.linalg.lu_factor(x), out=(torch.empty(0), out, torch.empty(0)))


@pytest.mark.parametrize("function", [torch.tril, torch.triu, _lu, _lu_unpack])
def test_pytorch_still_writes_beyond_a_permuted_out(function):
    """Else the exclusion in `beyond_out` is to go."""
    x = torch.randn(3, 3, 5, 5)
    n = x.numel()
    memory = torch.full((3 * n,), 7.0)
    function(x, out=memory[n : 2 * n].view(x.shape[::-1]).permute(3, 2, 1, 0))
    assert (memory[2 * n :] != 7).any()


@pytest.mark.parametrize("status", ["crash", "hang", "memory"])
def test_workers_survive(status):
    assert status in judge_mutant(PLANTED[status], "torch").caught_by


def _harm(monkeypatch, name):
    """What the self-test says of a mutant that does to its process what only workers are prepared for."""
    item = next(m for m in MUTANTS if m.name == name)
    object.__setattr__(item, "pool", False)
    monkeypatch.setattr(selftest, "_serve", _serve_without_pool)
    try:
        return selftest.judge_all([name, "isnan-dtype"], "torch", 1, patience=15.0).mutants
    finally:
        object.__setattr__(item, "pool", True)


def _serve_without_pool(pipe, subject):
    for item in MUTANTS:
        object.__setattr__(item, "pool", False)
    serve(pipe, subject)


@pytest.mark.parametrize(("name", "seen"), [("asin-crash", "crash"), ("acos-hang", "hang")])
def test_a_mutant_that_takes_its_process_along_costs_no_other(monkeypatch, name, seen):
    harmful, other = _harm(monkeypatch, name)
    assert harmful.caught_by == [seen] and other.caught


def test_a_crash_does_not_cost_the_other_cases():
    mutant = next(m for m in MUTANTS if m.name == "asin-crash")
    task = judging.Task("asin", "own")
    pool = Pool("torch", judging.Plan(quick=True), 1, Limits(20.0, 4.0), faults=(mutant,))
    ((_, found),) = list(pool.run([task]))
    expected = [case.id for case in judging.cases_of(task, judging.Plan(quick=True))]
    assert [result.case for result in found] == expected
    crashed = [result for result in found if any(o.status == "crash" for o in result.outcomes)]
    assert crashed and all("SIGSEGV" in o.message for result in crashed for o in result.outcomes)
    assert all(o.repro for result in crashed for o in result.outcomes)
    assert tree_map(lambda value: value, (1, [2])) == (1, [2])


def test_a_pause_of_the_whole_run_is_no_hang():
    """A machine that sleeps, or a run that is stopped and continued, takes time from nobody."""
    pool = Pool("torch", judging.Plan(quick=True), 1, Limits(3.0, 4.0))
    item = _Worker("", {}, SimpleNamespace(is_alive=lambda: True, pid=os.getpid()), task=judging.Task("asin", "own"))
    item.board, item.ready = SimpleNamespace(time=1.0), True
    assert pool._trouble(item) is None
    pool.turned -= 100.0
    assert list(pool._turn([], [])) == [] and pool._trouble(item) is None
    for _ in range(4):
        pool.turned -= 1.0
        list(pool._turn([], []))
    assert pool._trouble(item)[0] == "hang"
    item.board.time = 2.0  # it answers after all
    assert pool._trouble(item) is None


def test_a_deviation_covers_what_it_speaks_of():
    from conformance.deviations import deviation

    case = Case("sort", "own", "float32", "0", "sort", (torch.ones(3),))
    assert deviation("lucid", case, "overlap", "out= meets tensor 0: raises RuntimeError: some elements; PyTorch answers")
    assert not deviation("lucid", case, "overlap", "out= meets tensor 0: argument 0 was changed by the call that failed")
    assert not deviation("lucid", case, "overlap", "in place meets tensor 0: answers where PyTorch raises RuntimeError")
