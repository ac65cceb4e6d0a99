"""CTRF JSON (ctrf.io): the same cells as in JUnit, with the suite's own status kept in `rawStatus`."""

from __future__ import annotations

import json
import uuid
from calendar import timegm
from collections import Counter
from time import strptime
from typing import Any

from ..results import Report
from .cells import Cell, cells

VERSION = "0.0.0"
STATUS = {
    "passed": "passed", "failed": "failed", "crash": "failed", "hang": "failed", "memory": "failed",
    "skipped": "skipped", "missing": "other", "deviates": "other", "blocked": "other", "accepted": "other",
}  # fmt: skip
SPACE = uuid.UUID("6c2f1a52-3f0e-5d4b-9a57-1b7f3f6f2f10")  # any; it makes the ids of this suite


def render(report: Report) -> str:
    tests: list[dict[str, Any]] = []
    for op, found in cells(report):
        tests += [_test(cell, op.seconds / len(found)) for cell in found]
        if not found:
            name = f"{op.name}: judged"
            tests.append({"id": _id(name), "name": name, "status": "other", "rawStatus": op.status, "duration": 0,
                          "suite": [op.kind, op.family, op.name], "message": op.reason or op.status})  # fmt: skip
    for name in report.baseline.fixed:
        tests.append({"id": _id(name), "name": name, "status": "failed", "rawStatus": "fixed", "duration": 0,
                      "suite": ["baseline"], "message": "listed as an accepted failure, but passes"})  # fmt: skip
    start = _milliseconds(report.run.started)
    counts = Counter(test["status"] for test in tests)
    summary = {"tests": len(tests), **{s: counts[s] for s in ("passed", "failed", "skipped", "pending", "other")}}
    summary |= {"suites": len(report.ops), "start": start, "stop": start + round(report.run.seconds * 1000)}
    environment = {
        "appName": report.subject.name,
        "appVersion": report.subject.version,
        "osPlatform": report.environment.platform,
        "extra": {"commit": report.subject.commit, "python": report.environment.python, "cpu": report.environment.cpu,
                  "packages": report.environment.packages, "seed": report.run.seed},
    }  # fmt: skip
    results = {"tool": {"name": "lucid-conformance", "version": report.schema.partition("/")[2]}, "summary": summary,
               "tests": tests, "environment": environment}  # fmt: skip
    return json.dumps({"reportFormat": "CTRF", "specVersion": VERSION, "results": results}, indent=1) + "\n"


def _test(cell: Cell, seconds: float) -> dict[str, Any]:
    name = f"{cell.op.name}: {cell.check}"
    status = "failed" if cell.lost and cell.status == "missing" else STATUS[cell.status]
    test = {"id": _id(name), "name": name, "status": status, "rawStatus": cell.status,
            "duration": round(seconds * 1000), "suite": [cell.op.kind, cell.op.family, cell.op.name],
            "extra": {status: n for status, n in cell.totals.items() if n}}  # fmt: skip
    if cell.message:
        test["message"] = cell.message
    if cell.failures:
        test["snippet"] = cell.failures[0].repro
    return test


def _id(name: str) -> str:
    """The same name has the same id in every run."""
    return str(uuid.uuid5(SPACE, name))


def _milliseconds(moment: str) -> int:
    return timegm(strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) * 1000
