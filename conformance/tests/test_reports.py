"""The reports: each form says what the record says, is valid in its format, and a regression is found."""

import copy
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from junitparser import JUnitXml
from rich.console import Console

from conformance import reports, results
from conformance.reports import cells, ctrf, difference, history, html, junit, markdown
from conformance.results import Counts, Op, SurfaceName


@pytest.fixture
def report():
    return results.example()


def op_of(report, name):
    return next(op for op in report.ops if op.name == name)


def counts_of(report, name, check, **where):
    return next(c for c in op_of(report, name).counts
                if c.check == check and all(getattr(c, k) == v for k, v in where.items()))  # fmt: skip


# -- cells -------------------------------------------------------------------------------------------------------------


def found_cells(report):
    return {(op.name, cell.check): cell for op, row in cells.cells(report) for cell in row}


def test_cells_add_up_to_the_record(report):
    totals = Counter()
    for cell in found_cells(report).values():
        totals.update(cell.totals)
    assert +totals == +report.statuses()


def test_a_cell_shows_the_worst_and_knows_what_is_accepted(report):
    found = found_cells(report)
    assert found["nn.functional.leaky_relu", "grad"].status == "failed"
    assert found["matmul", "value"].status == "accepted"
    assert found["sum", "value"].status == "deviates"
    assert found["lobpcg", "value"].status == "missing"
    assert found["digamma", "value"].status == "passed"
    report.baseline.new.append("matmul/generated/float32/17#value")
    assert found_cells(report)["matmul", "value"].status == "hang"


def test_without_a_baseline_nothing_is_accepted(report):
    report.baseline = results.Baseline()
    assert not [cell for cell in found_cells(report).values() if cell.status == "accepted"]


# -- JUnit -------------------------------------------------------------------------------------------------------------


def test_junit_is_red_exactly_where_the_record_is(report):
    suites = {suite.name: suite for suite in JUnitXml.fromstring(junit.render(report).encode())}
    assert suites.keys() == {op.name for op in report.ops}
    assert (suites["nn.functional.leaky_relu"].failures, suites["matmul"].skipped) == (1, 1)
    report.baseline.new.append("matmul/generated/float32/17#value")
    again = {suite.name: suite for suite in JUnitXml.fromstring(junit.render(report).encode())}
    assert again["matmul"].errors == 1


@pytest.mark.parametrize("status", results.BAD)
def test_every_kind_of_failure_is_red(report, status):
    report.baseline = results.Baseline()
    setattr(counts_of(report, "digamma", "value"), status, 1)
    suite = next(s for s in JUnitXml.fromstring(junit.render(report).encode()) if s.name == "digamma")
    assert suite.failures + suite.errors == 1 and suite.failures == (status == "failed")
    tests = {test["name"]: test for test in json.loads(ctrf.render(report))["results"]["tests"]}
    assert (tests["digamma: value"]["status"], tests["digamma: value"]["rawStatus"]) == ("failed", status)


def test_junit_counts_every_cell_and_every_op_without_one(report):
    root = ElementTree.fromstring(junit.render(report))
    expected = sum(max(1, len(row)) for _, row in cells.cells(report))
    assert len(root.findall(".//testcase")) == expected == int(root.get("tests"))
    outcomes = {child.tag for case in root.iter("testcase") for child in case}
    assert outcomes <= {"failure", "error", "skipped"}
    failure = root.find(".//failure")
    assert "expected 0.45, found 1.5" in failure.get("message") and "negative_slope=0.3" in failure.text


def test_junit_survives_characters_that_xml_has_not(report):
    report.failures[0].message = "found \x00 and \x1b[31m <&> \ud800"
    assert ElementTree.fromstring(junit.render(report)).find(".//failure") is not None


def test_an_outdated_baseline_is_a_failure(report):
    report.baseline.fixed = ["sum/own/float32/0#value"]
    assert ElementTree.fromstring(junit.render(report)).find("testsuite[@name='baseline']/testcase/failure") is not None
    assert any(t["rawStatus"] == "fixed" for t in json.loads(ctrf.render(report))["results"]["tests"])


# -- CTRF --------------------------------------------------------------------------------------------------------------

# Of the format's specification: the keys it requires and those it knows, where it allows no others.
REQUIRED = {"tests", "passed", "failed", "skipped", "pending", "other", "start", "stop"}
TEST = {"id", "name", "status", "rawStatus", "duration", "suite", "message", "snippet", "extra"}


def test_ctrf_is_valid(report):
    document = json.loads(ctrf.render(report))
    assert document["reportFormat"] == "CTRF" and re.fullmatch(r"\d+\.\d+\.\d+", document["specVersion"])
    found = document["results"]
    assert found["tool"]["name"] and found["summary"].keys() >= REQUIRED
    assert found["summary"].keys() <= REQUIRED | {"suites", "duration", "flaky", "extra"}
    assert all(isinstance(value, int) for value in found["summary"].values())
    assert found["summary"]["stop"] - found["summary"]["start"] == 93_000
    counts = Counter(test["status"] for test in found["tests"])
    assert found["summary"]["tests"] == len(found["tests"]) == counts.total()
    for status in ("passed", "failed", "skipped", "pending", "other"):
        assert found["summary"][status] == counts[status]
    for test in found["tests"]:
        assert {"name", "status", "duration"} <= test.keys() <= TEST
        assert isinstance(test["duration"], int) and all(isinstance(part, str) for part in test["suite"])
    assert len({test["id"] for test in found["tests"]}) == len(found["tests"])


def test_ctrf_fails_where_the_record_does(report):
    tests = {test["name"]: test for test in json.loads(ctrf.render(report))["results"]["tests"]}
    assert tests["nn.functional.leaky_relu: grad"]["status"] == "failed"
    assert tests["matmul: value"]["rawStatus"] == "accepted"
    assert tests["sparse.sampled_addmm: judged"]["message"] == "sparse tensors"


# -- HTML --------------------------------------------------------------------------------------------------------------


def data_of(page):
    return html.unpack(re.search(r'<script id="data"[^>]*>([^<]*)</script>', page)[1])


def test_html_says_what_the_record_says(report):
    page = html.render(report)
    found = data_of(page)
    assert [op["n"] for op in found["ops"]] == [op.name for op in report.ops]
    for shown, op in zip(found["ops"], report.ops):
        rebuilt = Counter()
        for row in shown["x"]:
            numbers = [n for n in row[3:] if not isinstance(n, dict)]
            rebuilt.update(dict(zip(found["statuses"], numbers)))
        assert +rebuilt == +Counter({status: op.total(status) for status in results.STATUSES})
        assert (shown["s"], shown["c"], shown["r"]) == (op.status, op.cases, op.reason)
    assert [f[8] for f in found["failures"]] == [f.repro for f in report.failures]
    assert {row[0]: row[2] for row in found["surface"]} == {n.name: n.status for n in report.surface.names}
    assert [row[5] for row in found["mutants"]] == [int(m.caught) for m in report.selftest.mutants]
    accuracy = next(op for op in found["ops"] if op["n"] == "digamma")["a"][0]
    assert accuracy[3] == [1.4, 0.3, op_of(report, "digamma").accuracy[0].subject.histogram]


def test_html_shows_the_totals_without_scripts(report):
    page = html.render(report)
    verdicts = report.verdicts()
    asked = len(report.ops) - verdicts["out of scope"]
    assert f'<span class="big">{verdicts["conforms"]}</span> of {asked} functions' in page
    assert f'<b>{verdicts["fails"]}</b> fails' in page
    assert "1 new, 2 accepted" in page and "0123abc" in page


def test_html_needs_no_network(report):
    page = html.render(report, [history.entry(report)] * 3)
    outside = r'(?:src|href)="(?!#|data:)[^"]*"|url\((?!#|data:)|@import|<link(?! rel="icon")'
    assert not re.findall(outside, page)


def test_html_lets_no_text_become_markup(report):
    report.subject.version = report.failures[0].message = "</script><script>alert(1)</script>"
    page = html.render(report)
    assert "alert(1)</script>" not in page
    assert data_of(page)["failures"][0][6] == "</script><script>alert(1)</script>"


def test_html_of_a_run_with_nothing_in_it(report):
    report.ops, report.failures, report.surface, report.selftest = [], [], None, None
    assert '<span class="big">0</span> of 0' in html.render(report)


def test_infinite_errors_reach_the_page(report):
    op_of(report, "digamma").accuracy[0].subject.worst = float("inf")
    accuracy = next(op for op in data_of(html.render(report))["ops"] if op["n"] == "digamma")["a"][0]
    assert accuracy[3][0] is None  # drawn as infinity; JSON has none


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine to open the page with")
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("#op/nn.functional.leaky_relu", ["expected 0.45, found 1.5", "negative_slope=0.3)", "✓ 24", "2 failed"]),
        ("#op/digamma", ["lucid is nearer to the truth", 'class="hist"', "1.0e+4"]),
        ("#matrix?status=fails", ["2 of 9 functions, 2 fail, 4 failed checks", ">matmul<"]),
        ("#failures?status=hang", ["1 of 3 failures", "no answer within 20 s"]),
        ("#surface?signature=differs", ["1 of 4 names", "input is called input_"]),
        ("#accuracy", ["lucid is nearer in 1", "<circle"]),
        ("#selftest", ["1 of 2 planted faults", "PyTorch promises no order of ties"]),
    ],
)
def test_html_in_a_browser(report, tmp_path, address, shown):
    (tmp_path / "report.html").write_text(html.render(report), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}",
             "--virtual-time-budget=5000", "--dump-dom"]  # fmt: skip
    page = subprocess.run([BROWSER, *flags, f"file://{tmp_path}/report.html{address}"], capture_output=True, text=True,
                          timeout=120).stdout  # fmt: skip
    text = page.partition("<script")[0].replace("\u202f", "")
    assert "cannot show the details" not in text
    for part in shown:
        assert part in text


# -- Markdown, history -------------------------------------------------------------------------------------------------


def test_markdown_counts_and_names(report):
    text = markdown.render(report)
    assert "**4 of 8** functions" in text
    assert "| **all** | 4 | 1 | 2 | 1 | 0 | 1 |" in text
    assert "`matmul` | 2 | value 2" in text and "`nn.functional.leaky_relu` | 2 | grad 2" in text
    assert "- `sum`: backward() starts from ones" in text
    assert "1 of 2 planted faults" in text and "Baseline: 1 new failures, 2 accepted" in text
    assert all(line.count("|") == 8 for line in text.split("## Checks")[1].split("##")[0].splitlines() if "|" in line)


def test_history_grows_by_one_line_a_run(report, tmp_path):
    path = tmp_path / "history.jsonl"
    history.append(report, path)
    first = path.read_text()
    history.append(report, path)  # the same run reported again
    assert path.read_text() == first
    report.run.started = "2026-01-02T00:00:00Z"
    assert len(history.append(report, path)) == 2
    assert path.read_text().startswith(first)
    assert json.loads(first)["verdicts"] == dict(report.verdicts())


def test_history_keeps_subjects_apart(report, tmp_path):
    history.append(report, tmp_path / "h")
    report.subject.name = "other"
    assert [run["subject"] for run in history.append(report, tmp_path / "h")] == ["other"]


def test_trend_is_drawn_of_complete_runs_only(report):
    run = history.entry(report)
    assert history.chart([run]) == ""
    assert history.chart([run, run | {"complete": False}]) == history.chart([run, run | {"ops_chosen": 3}]) == ""
    ElementTree.fromstring(history.chart([run, run]))


def test_write_makes_every_form(report, tmp_path):
    written = reports.write(report, tmp_path / "new")
    assert sorted(path.name for path in written) == sorted(path.name for path in (tmp_path / "new").iterdir())
    assert all(path.stat().st_size for path in written)


# -- differences -------------------------------------------------------------------------------------------------------


def compared(before, after):
    stream = io.StringIO()
    code = reports.diff(before, after, Console(file=stream, width=200))
    return code, stream.getvalue(), difference.difference(before, after)


def test_no_difference(report):
    assert compared(report, copy.deepcopy(report)) == (0, "no difference\n", difference.Difference())


def test_a_regression_is_found(report):
    after = copy.deepcopy(report)
    counts = counts_of(after, "digamma", "value", dtype="float32")
    counts.passed, counts.failed = counts.passed - 1, 1
    op_of(after, "digamma").status = "fails"
    code, text, found = compared(report, after)
    assert code == 1
    assert [change.what for change in found.worse] == ["digamma", "digamma value (own, float32)"]
    assert "conforms" in text and "1 failed" in text
    code, _, found = compared(after, report)
    assert code == 0 and len(found.better) == 2


@pytest.mark.parametrize("status", results.BAD)
def test_every_kind_of_failure_counts(report, status):
    after = copy.deepcopy(report)
    setattr(counts_of(after, "digamma", "value"), status, 1)
    assert compared(report, after)[0] == 1


def test_more_failures_of_a_failing_check_are_worse(report):
    after = copy.deepcopy(report)
    counts_of(after, "matmul", "value").crash += 1
    assert [c.before + " -> " + c.after for c in compared(report, after)[2].worse] == ["2 failed -> 3 failed"]


def test_a_new_check_that_fails_is_worse_and_one_not_judged_is_neither(report):
    after = copy.deepcopy(report)
    op_of(after, "digamma").counts.append(Counts("grad2", "own", "float64", failed=1))
    op_of(after, "matmul").counts.clear()
    found = compared(report, after)[2]
    assert [change.what for change in found.worse] == ["digamma grad2 (own, float64)"]
    assert [change.after for change in found.other] == ["not judged"]


def test_lost_accuracy_names_and_signatures_are_found(report):
    after = copy.deepcopy(report)
    op_of(after, "digamma").accuracy[0].subject.worst = 3.0
    report.surface.names.append(SurfaceName("Tensor.x", "Tensor", "present", "", "same"))
    after.surface.names.append(SurfaceName("Tensor.x", "Tensor", "missing", "", "unknown"))
    report.surface.names.append(SurfaceName("Tensor.y", "Tensor", "present", "", "same"))
    after.surface.names.append(SurfaceName("Tensor.y", "Tensor", "present", "", "differs", difference="lacks dim"))
    what = [f"{c.what}: {c.before} -> {c.after}" for c in compared(report, after)[2].worse]
    assert what == ["digamma accuracy (float32): 1.4 ULP -> 3 ULP", "Tensor.x (name): present -> missing",
                    "Tensor.y (signature): same -> lacks dim"]  # fmt: skip


def test_an_op_that_comes_or_goes_is_shown(report):
    after = copy.deepcopy(report)
    after.ops = [op for op in after.ops if op.name != "sum"] + [Op("new", "function", "unary", "conforms")]
    found = compared(report, after)[2]
    assert {(c.what, c.after) for c in found.other} >= {("new", "conforms"), ("sum", "not in the report")}
