"""JUnit XML: one suite an op, one test case a check of it.

CI servers know four outcomes. A crash, a hang and a memory blow-up are errors; what is accepted in the baseline (a
failure, or a name that is missing), deviates or was blocked is skipped with its reason, so that a server is red exactly
when the run is.
"""

from __future__ import annotations

import re

from junitparser import Error, JUnitXml, Skipped, TestCase, TestSuite
from junitparser import Failure as Failed

from ..results import Report
from .cells import Cell, cells

# Characters that XML 1.0 cannot hold, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    document = JUnitXml("conformance")
    for op, found in cells(report):
        suite = TestSuite(op.name)
        suite.timestamp = report.run.started
        for cell in found:
            suite.add_testcase(_testcase(cell, op.seconds / len(found)))
        if not found:
            case = TestCase("judged", classname=op.name, time=0)
            case.result = [Skipped(clean(f"{op.status}: {op.reason or 'no case judges it'}"))]
            suite.add_testcase(case)
        document.add_testsuite(suite)
    if report.baseline.fixed:
        document.add_testsuite(_fixed(report))
    document.update_statistics()
    return document.tostring().decode("utf-8")


def _testcase(cell: Cell, seconds: float) -> TestCase:
    case = TestCase(cell.check, classname=cell.op.name, time=round(seconds, 3))
    message = clean(cell.message)
    if cell.status == "failed" or (cell.status == "missing" and cell.lost):
        case.result = [Failed(message, cell.status)]
    elif cell.status in ("crash", "hang", "memory"):
        case.result = [Error(message, cell.status)]
    elif cell.status != "passed":
        case.result = [Skipped(f"{cell.status}: {message}")]
    if cell.failures and case.result:
        case.result[0].text = clean(cell.failures[0].repro)
    return case


def _fixed(report: Report) -> TestSuite:
    """Accepted failures that pass now: the baseline is out of date, and the run fails for it."""
    suite = TestSuite("baseline")
    for name in report.baseline.fixed:
        case = TestCase(clean(name), classname="baseline", time=0)
        case.result = [Failed("listed as an accepted failure, but passes: take it off the baseline", "fixed")]
        suite.add_testcase(case)
    return suite


def clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
